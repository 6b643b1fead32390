import express from "express";
// packwright:begin imports
import { health } from "./health.js";
// packwright:end imports

export function routes(app) {
  // packwright:begin routes
  app.get("/health", (req, res) => {
    res.send("ok");
  });
  // packwright:end routes
  // packwright:begin empty
  // packwright:end empty
}
