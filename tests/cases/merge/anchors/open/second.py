# packwright:end a
