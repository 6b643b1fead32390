x = 1
# packwright:begin a
# packwright:end a
