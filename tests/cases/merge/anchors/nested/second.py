# packwright:begin a
# packwright:begin b
# packwright:end b
# packwright:end a
