# packwright:begin a
if a; then
  b
fi
if c; then
  d
fi
# packwright:end a
# packwright:begin py
import os
try:
  x()
except E:
  pass
try:
  y()
except E:
  pass
# packwright:end py
# packwright:begin sql
SQL = """
select 1;
"""
SQL2 = """
select 1;
"""
# packwright:end sql
