# packwright:begin a
# packwright:end a
# packwright:begin a
# packwright:end a
