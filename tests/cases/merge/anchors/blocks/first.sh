# packwright:begin a
if a; then
  b
fi
# packwright:end a
# packwright:begin py
import os
try:
  x()
except E:
  pass
# packwright:end py
# packwright:begin sql
SQL = """
select 1;
"""
# packwright:end sql
