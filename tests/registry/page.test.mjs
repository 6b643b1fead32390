// The page with a registry of one's own, by its address: a Verdaccio and a plain file host, both as they send CORS.
import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { choose, download, eventually, openPage, picture, status } from "../page/browser.mjs";
import { readZip } from "../page/zip.mjs";
import { index, source, write } from "./archives.mjs";
import { person } from "./person.mjs";
import * as server from "./server.mjs";
import { verdaccio } from "./verdaccio.mjs";

const rows = [["base", "1.0.0"], ["web-api", "1.0.0", { dependencies: { base: "^1" } }]];

async function open(t, location, options) {
  const page = await openPage(t, options);
  await page.goto(`${page.url()}?registry=${encodeURIComponent(location)}`);
  return page;
}

/** Chooses `web-api` and downloads what it makes. */
async function make(page) {
  assert.equal(await page.getByRole("checkbox", { name: "rust-cli", exact: true }).count(), 0, "the starter packs are not there");
  await choose(page, "web-api");
  await eventually(async () => assert.match(await status(page), /^\d+ files, /));
  const { name, bytes } = await download(page);
  assert.equal(name, "my-project.zip");
  const zip = readZip(bytes);
  assert.deepEqual(Object.keys(zip).sort(), ["my-project/base.txt", "my-project/packwright.lock", "my-project/web-api.txt"]);
  assert.equal(zip["my-project/web-api.txt"].content, "web-api 1.0.0\n");
  return zip["my-project/packwright.lock"].content;
}

const command = (page) => page.locator("#command").textContent();

test("an npm registry", async (t) => {
  const registry = await verdaccio(t);
  const somebody = person({ config: `[registries.npm]\nurl = "${registry.location}"\n\n[tokens]\n"${registry.url}" = "${registry.token}"\n` });
  for (const row of rows) {
    write(join(somebody.cwd, row[0]), source(...row));
    await somebody.json(["publish", row[0], "--yes"]);
  }
  registry.forget();
  const page = await open(t, registry.location);
  const lock = await make(page);
  await picture(page, "registry-verdaccio");
  assert.ok(lock.includes("sha512-"), lock);
  assert.ok((await command(page)).includes(`--registry ${registry.location}`), await command(page));
  assert.ok(registry.requests.every(({ headers }) => headers.authorization === undefined));
});

test("a file host", async (t) => {
  const files = index(rows);
  const host = await server.start(t, server.files((path) => files.get(path)));
  const page = await open(t, host.url);
  const lock = await make(page);
  await picture(page, "registry-file-host");
  assert.ok((await command(page)).includes(`--registry ${host.url}`), await command(page));
  assert.ok(host.requests.every(({ method }) => method === "GET"), "nothing it is sent needs a preflight");

  // The command line makes the same of the same.
  const [, timestamp] = /^timestamp = "(.*)"$/m.exec(lock);
  const somebody = person();
  await somebody.json(["generate", "web-api", "--name", "my-project", "--yes", "--timestamp", timestamp, "--registry", host.url]);
  const made = somebody.written().get("my-project/packwright.lock");
  assert.equal(made.replaceAll('"default"', '"REGISTRY"'), lock.replaceAll('"default"', '"REGISTRY"'));
});

test("a registry that is not there is told in words", async (t) => {
  const host = await server.start(t);
  const page = await open(t, `${host.origin}/nowhere/`, { expected: /Failed to load resource|CORS policy/ });
  await eventually(async () => assert.match(await page.locator("body").innerText(), /nowhere/));
  await picture(page, "registry-not-there");
});

test("an address that is none is told in words, and runs nothing", async (t) => {
  for (const location of ["javascript:alert(1)", "<img src=x onerror=alert(1)>", "file:///etc/passwd", ""]) {
    const page = await open(t, location, { expected: /./ });
    page.on("dialog", () => assert.fail(location));
    await eventually(async () => assert.match(await page.locator("body").innerText(), location === "" ? /rust-cli|registry/ : /not an address|address|registry/i));
  }
});
