# packwright:begin a
x
# packwright:end a
