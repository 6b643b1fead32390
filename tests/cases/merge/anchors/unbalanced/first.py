# packwright:begin a
# packwright:end b
