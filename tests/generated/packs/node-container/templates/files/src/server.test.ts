import assert from "node:assert/strict";
import type { AddressInfo } from "node:net";
import { test } from "node:test";

import { service } from "./server.js";

test("the service counts what it is sent", async () => {
  const server = service().listen(0);
  const { port } = server.address() as AddressInfo;
  const response = await fetch(`http://127.0.0.1:${port}/`, { method: "POST", body: "one two" });
  const { words } = (await response.json()) as { words: number };
  assert.equal(words, 2);
  server.close();
});
