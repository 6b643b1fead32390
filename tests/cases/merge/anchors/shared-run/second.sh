# packwright:begin a
if a; then
  b
fi
# packwright:end a
