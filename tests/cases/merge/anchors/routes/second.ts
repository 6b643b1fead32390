// packwright:begin imports
import { users } from "./users.js";
// packwright:end imports
// packwright:begin routes
app.get("/users", (req, res) => {
    res.send("users");
});
app.get("/health", (req, res) => {
    res.send("ok");
});
// packwright:end routes
// packwright:begin empty
done();
// packwright:end empty
