# packwright:begin a
# packwright:end a
