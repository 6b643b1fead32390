// packwright:begin facts
database: process.env["DATABASE_URL"] !== undefined,
// packwright:end facts
