y = 1
# packwright:begin a
# packwright:end a
# packwright:begin b
z
# packwright:end b
