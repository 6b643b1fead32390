# packwright:begin a
