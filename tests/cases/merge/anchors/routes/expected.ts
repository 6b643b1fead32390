import express from "express";
// packwright:begin imports
import { health } from "./health.js";
import { users } from "./users.js";
// packwright:end imports

export function routes(app) {
  // packwright:begin routes
  app.get("/health", (req, res) => {
    res.send("ok");
  });
  app.get("/users", (req, res) => {
    res.send("users");
  });
  // packwright:end routes
  // packwright:begin empty
  done();
  // packwright:end empty
}
