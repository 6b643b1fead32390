// What a generation costs follows what it needs, not what the registry has: the same requests and bytes of 100 packs and of 10,000.
import assert from "node:assert/strict";
import { test } from "node:test";
import { index } from "./archives.mjs";
import { person } from "./person.mjs";
import * as server from "./server.mjs";

/** Packs of which each needs two others, all but the first few. What is needed of `pack-00064` are 64, 21, 32, 7, 10, 16, … */
function registry(size) {
  const name = (i) => `pack-${String(i).padStart(5, "0")}`;
  const row = (i) => [name(i), "1.0.0", { dependencies: i < 3 ? {} : { [name(Math.floor(i / 2))]: "^1", [name(Math.floor(i / 3))]: "^1" } }];
  return index(Array.from({ length: size }, (_, i) => row(i)));
}

/** The requests of a generation, each with its path and bytes. */
async function cost(context, size) {
  const files = registry(size);
  const served = await server.start(context, server.files((path) => files.get(path)));
  const somebody = person();
  const { packs } = await somebody.generate(["pack-00064"], ["--registry", served.url]);
  const whole = [...files.values()].reduce((all, content) => all + Buffer.byteLength(content), 0);
  return { packs: packs.length, whole, requests: served.requests.map(({ path, bytes }) => [path, bytes]).sort() };
}

test("one generation from 10,000 packs asks for the same as from 100", async (t) => {
  const small = await cost(t, 100);
  const large = await cost(t, 10_000);
  assert.deepEqual(large.requests, small.requests);
  // An index and an archive for each pack, and the configuration.
  assert.equal(large.requests.length, 2 * large.packs + 1);
  assert.equal(large.packs, 12);
  const bytes = large.requests.reduce((all, [, bytes]) => all + bytes, 0);
  assert.ok(bytes < 12 * 1000, `${bytes} bytes`);
  assert.ok(large.whole > 4_000_000, `${large.whole} bytes are there`);
  t.diagnostic(`${large.requests.length} requests, ${bytes} bytes, of ${large.whole}`);
});

test("listing 10,000 packs takes the catalogue, and a locked project what its lock names", async (t) => {
  const files = registry(10_000);
  const served = await server.start(t, server.files((path) => files.get(path)));
  const somebody = person();
  const options = ["--registry", served.url];
  assert.equal((await somebody.run(["list", ...options])).stdout.trim().split("\n").length, 10_000);
  assert.deepEqual(served.requests.map(({ path }) => path), ["/config.json", "/catalog.json"]);
  await somebody.generate(["pack-00064"], options);
  await somebody.json(["cache", "clear"]);
  served.forget();
  await somebody.generate(["pack-00064"], options);
  assert.equal(served.requests.length, 25);
});

test("at most 16 requests are under way at a time", async (t) => {
  const parts = Array.from({ length: 60 }, (_, i) => `part-${i}`);
  const all = ["all", "1.0.0", { dependencies: Object.fromEntries(parts.map((part) => [part, "^1"])) }];
  const files = index([all, ...parts.map((part) => [part, "1.0.0"])]);
  let [now, most] = [0, 0];
  const give = server.files((path) => files.get(path));
  const served = await server.start(t, (request, response) => {
    most = Math.max(most, (now += 1));
    response.on("close", () => (now -= 1));
    setTimeout(() => give(request, response), 20);
  });
  await person().generate(["all"], ["--registry", served.url]);
  assert.equal(served.requests.length, 1 + 2 * 61);
  assert.ok(most <= 16, `${most}`);
  assert.ok(most >= 8, `${most}: they are not made one after the other`);
});
