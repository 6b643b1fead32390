# packwright:begin a
if c; then
  d
fi
# packwright:end a
# packwright:begin py
import os
try:
  y()
except E:
  pass
# packwright:end py
# packwright:begin sql
SQL2 = """
select 1;
"""
# packwright:end sql
