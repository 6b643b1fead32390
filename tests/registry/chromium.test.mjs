// The package in Chromium against registries of other origins: what CORS lets through, what the browser's caches do, who is sent a token.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { project, timestamp } from "../package/installed.mjs";
import * as site from "../package/serve.mjs";
import { archive, archivePath, index, source, write } from "./archives.mjs";
import { person } from "./person.mjs";
import * as server from "./server.mjs";
import { verdaccio } from "./verdaccio.mjs";

const chromium = process.env.CHROMIUM ?? "/usr/bin/chromium";
const skip = !existsSync(chromium) && `no Chromium at ${chromium}`;
const rows = [["base", "1.0.0"], ["web-api", "1.0.0", { dependencies: { base: "^1" } }]];
const html = `<!doctype html><link rel="icon" href="data:,"><title>test</title>`;

/** Makes the project in the page; gives every file's text, or the code of the failure. */
async function make({ options, packs, timestamp }) {
  const { open } = await import("/node_modules/packwright/dist/index.js");
  try {
    const pw = await open(options);
    const listed = (await pw.list()).map(({ name }) => name);
    const { files } = await pw.generate({ packs, answers: { project_name: "demo" }, timestamp });
    return { listed, files: Object.fromEntries([...files].map(([path, bytes]) => [path, new TextDecoder().decode(bytes)])) };
  } catch (error) {
    return { code: error.code, message: error.message };
  }
}

describe("in Chromium", { skip }, () => {
  let browser;

  before(async () => {
    const { chromium: launcher } = await import("playwright-core");
    const args = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];
    browser = await launcher.launch({ executablePath: chromium, args });
  });
  after(() => browser?.close());

  /** A page of an origin of its own that has the package; gives a function that makes a project of `web-api` in it. */
  async function opened(context) {
    const listen = site.directory(project);
    const { url } = await site.serve(context, (request, response) => {
      if (request.url === "/") response.writeHead(200, { "content-type": "text/html" }).end(html);
      else listen(request, response);
    });
    const tab = await (await browser.newContext()).newPage();
    context.after(() => tab.context().close());
    await tab.goto(url);
    return (registry, options = {}, packs = ["web-api"]) => tab.evaluate(make, { options: { registry, ...options }, packs, timestamp });
  }

  async function fileHost(context) {
    const files = index(rows);
    return server.start(context, server.files((path) => files.get(path)));
  }

  /** What the command line makes of the same, by path. */
  async function byCommandLine(location) {
    const somebody = person();
    await somebody.generate(["web-api"], ["--registry", location]);
    return Object.fromEntries([...somebody.written()].map(([path, text]) => [path.replace("demo/", ""), text]));
  }

  test("a file host: the same as the command line, from the cache, and asked after", async (t) => {
    const host = await fileHost(t);
    const run = await opened(t);
    const expected = { listed: ["base", "web-api"], files: await byCommandLine(host.url) };
    host.forget();
    assert.deepEqual(await run(host.url), expected);
    assert.equal(host.requests.length, 6);
    assert.ok(host.requests.every(({ method }) => method === "GET"), "no preflight is needed");
    host.forget();
    assert.deepEqual(await run(host.url), expected);
    assert.deepEqual(await run(host.url, { offline: true }), expected);
    assert.equal(host.requests.length, 0);
    assert.deepEqual(await run(host.url, { refresh: true }), expected);
    assert.deepEqual(host.requests.map(({ path, status }) => `${status} ${path}`).sort(), ["304 /catalog.json", "304 /config.json", "304 /index/base.jsonl", "304 /index/web-api.jsonl"]);
  });

  test("Verdaccio: public without a token, private with one", async (t) => {
    const registry = await verdaccio(t);
    const somebody = person({ config: `[registries.npm]\nurl = "${registry.location}"\n\n[tokens]\n"${registry.url}" = "${registry.token}"\n` });
    for (const row of [...rows, ["@acme/badge", "1.0.0"]]) {
      write(join(somebody.cwd, row[0]), source(...row));
      await somebody.json(["publish", row[0], "--yes"]);
    }
    const run = await opened(t);
    assert.deepEqual(await run(registry.location), { listed: ["base", "web-api"], files: await byCommandLine(registry.location) });
    assert.equal((await run(registry.location, {}, ["@acme/badge"])).code, "unauthorized");
    const { listed, files } = await run({ id: "acme", url: registry.location, token: registry.token }, { cache: "private" }, ["@acme/badge", "web-api"]);
    assert.deepEqual(listed, ["@acme/badge", "base", "web-api"]);
    assert.equal(files["@acme-badge.txt"], "@acme/badge 1.0.0\n");
    registry.forget();
    await run(registry.location, { refresh: true });
    const asked = registry.requests.filter(({ method, path }) => method === "GET" && !path.startsWith("/-/"));
    assert.deepEqual(asked.map(({ path, status }) => `${status} ${path}`).sort(), ["304 /base", "304 /web-api"]);
  });

  test("a redirect to another origin takes no token along", async (t) => {
    const [own, other] = [await fileHost(t), await fileHost(t)];
    const cors = { "access-control-allow-origin": "*", "access-control-allow-headers": "authorization" };
    for (const path of index(rows).keys()) {
      const get = (request, response) => response.writeHead(302, { ...cors, location: `${other.url}${path}` }).end();
      own.on(`/${path}`, (request, response) => (request.method === "OPTIONS" ? server.status(204, "", cors) : get)(request, response));
      const content = index(rows).get(path);
      other.on(`/${path}`, (request, response) => (request.method === "OPTIONS" ? server.status(204, "", cors) : server.ok(content, cors))(request, response));
    }
    const run = await opened(t);
    await run({ id: "own", url: own.url, token: "s3cr3t" });
    assert.ok(own.requests.some(({ headers }) => headers.authorization === "Bearer s3cr3t"));
    assert.ok(other.requests.length > 0);
    assert.ok(other.requests.every(({ headers }) => headers.authorization === undefined));
  });

  test("other bytes than were promised are asked for once more, past the browser's cache", async (t) => {
    const host = await fileHost(t);
    const bytes = archive(source(...rows[1]));
    const place = `/${archivePath("web-api", "1.0.0", bytes)}`;
    const cors = { "access-control-allow-origin": "*", "cache-control": "max-age=3600" };
    host.on(place, server.ok("other bytes", cors), server.ok(bytes, cors));
    const run = await opened(t);
    assert.equal((await run(host.url)).files["web-api.txt"], "web-api 1.0.0\n");
    assert.deepEqual(host.asked(place).map(({ headers }) => headers["cache-control"]), [undefined, "no-cache"]);
  });

  test("a host that lets no other origin in is told as such", async (t) => {
    const host = await server.start(t, server.ok("{}"));
    const { code, message } = await (await opened(t))(host.url);
    assert.equal(code, "network");
    assert.ok(message.includes(host.url), message);
  });

  for (const [name, answer, code] of [
    ["401", server.status(401, "", { "access-control-allow-origin": "*" }), "unauthorized"],
    ["a login page", server.ok("<!doctype html>", { "access-control-allow-origin": "*", "content-type": "text/html" }), "bad-response"],
    ["redirects without end", server.redirect(301), "network"],
  ]) {
    test(name, async (t) => {
      const host = await fileHost(t);
      host.on("/index/web-api.jsonl", answer);
      assert.equal((await (await opened(t))(host.url)).code, code);
    });
  }
});
