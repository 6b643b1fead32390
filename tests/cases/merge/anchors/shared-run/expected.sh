# packwright:begin a
export A=1
if a; then
  b
fi
# packwright:end a
