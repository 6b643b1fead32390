// A token goes to the origin it is for and to nobody else, and is never shown; archives come from where they may.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { inspect } from "node:util";
import { archive, archivePath, index, integrity, npmArchive, source } from "./archives.mjs";
import { person } from "./person.mjs";
import * as server from "./server.mjs";

const token = "s3cr3t-T0ken-9f8e7d";
const rows = [["base", "1.0.0"], ["web-api", "1.0.0", { dependencies: { base: "^1" } }]];
const registry = index(rows);
const serve = (context) => server.start(context, server.files((path) => registry.get(path)));
const tokens = (...addresses) => `[tokens]\n${addresses.map((address) => `"${address}" = "${token}"\n`).join("")}`;

/** Who was sent anything secret, in whatever header, path or body. */
function told(...servers) {
  return servers.map(({ requests }) => requests.some((request) => inspect(request).includes(token) || request.headers.authorization !== undefined));
}

/** A packument of one version of a pack, whose tarball lies at `tarball`. */
function packument(name, version, bytes, tarball) {
  const packwright = { v: 1, dependencies: [], packages: [] };
  return JSON.stringify({ name, "dist-tags": { latest: version }, versions: { [version]: { name, version, packwright, dist: { tarball, integrity: integrity(bytes, "sha512") } } } });
}

describe("a token", { concurrency: 8 }, () => {
  test("goes with every request to its registry, and with none to another", async (t) => {
    const [own, other] = [await serve(t), await serve(t)];
    const somebody = person({ config: `[registries.own]\nurl = "${own.url}"\n\n[registries.other]\nurl = "${other.url}"\nscopes = ["@other"]\n\n${tokens(own.url)}` });
    await somebody.generate(["web-api"]);
    await somebody.json(["list"]);
    assert.deepEqual(told(own, other), [true, false]);
    assert.ok(own.requests.length > 0 && own.requests.every(({ headers }) => headers.authorization === `Bearer ${token}`));
    assert.ok(other.requests.length > 0);
  });

  for (const status of [301, 302, 303, 307, 308]) {
    test(`does not follow a ${status} to another origin`, async (t) => {
      const [own, other] = [await serve(t), await serve(t)];
      for (const path of registry.keys()) own.on(`/${path}`, server.redirect(status, `${other.url}${path}`));
      const somebody = person({ config: tokens(own.url) });
      await somebody.generate(["web-api"], ["--registry", own.url]);
      assert.deepEqual(told(own, other), [true, false]);
      assert.equal(other.requests.length, own.requests.length);
    });
  }

  test("is not picked up by a redirect to the registry that it is for", async (t) => {
    const [own, other] = [await serve(t), await serve(t)];
    for (const path of registry.keys()) other.on(`/${path}`, server.redirect(302, `${own.url}${path}`));
    await person({ config: tokens(own.url) }).generate(["web-api"], ["--registry", other.url]);
    assert.deepEqual(told(own, other), [false, false]);
  });

  test("comes back after a redirect out and home again", async (t) => {
    const [own, other] = [await serve(t), await serve(t)];
    own.on("/index/web-api.jsonl", server.redirect(302, `${other.url}out`));
    other.on("/out", server.redirect(302, `${own.url}home`));
    own.on("/home", server.ok(registry.get("index/web-api.jsonl")));
    await person({ config: tokens(own.url) }).generate(["web-api"], ["--registry", own.url]);
    assert.deepEqual(told(other), [false]);
  });

  test("for one directory of an origin is not for its neighbour", async (t) => {
    const own = await server.start(t, server.files((path) => registry.get(path.replace(/^(acme|acme2)\//, ""))));
    const somebody = person({ config: tokens(`${own.url}acme/`) });
    await somebody.generate(["web-api"], ["--registry", `${own.url}acme2/`]);
    assert.deepEqual(told(own), [false]);
    own.forget();
    await somebody.generate(["web-api"], ["--registry", `${own.url}acme/`, "--refresh"]);
    assert.deepEqual(told(own), [true]);
  });

  test("is in no output, error or file", async (t) => {
    const own = await serve(t);
    const somebody = person({ config: `[registries.default]\nurl = "${own.url}"\n\n${tokens(own.url)}` });
    const all = [];
    for (const args of [["list"], ["config"], ["config", "--json"], ["generate", "web-api", "--name", "demo", "--yes"], ["cache", "list"], ["cache", "list", "--json"]]) {
      all.push(await somebody.run(args));
    }
    for (const answer of [server.status(401, `{"error":"who is ${token}?"}`), server.status(403), server.status(500), server.page, server.redirect(302, "ftp://x/")]) {
      own.on("/index/base.jsonl", answer);
      for (const json of [[], ["--json"]]) all.push(await somebody.run(["show", "base", "--refresh", ...json]));
    }
    assert.ok(told(own)[0]);
    for (const { stdout, stderr } of all) assert.ok(!(stdout + stderr).includes(token), stdout + stderr);
    assert.ok(!somebody.cached().includes(token));
    for (const [path, content] of somebody.written()) assert.ok(!content.includes(token), path);
  });

  test("comes from the environment, the user's .npmrc, and not from the project's", async (t) => {
    const own = await serve(t);
    const host = own.url.replace("http:", "");
    const asked = async (somebody, options) => {
      own.forget();
      await somebody.json(["list", "--registry", own.url, "--refresh"], options);
      return new Set(own.requests.map(({ headers }) => headers.authorization));
    };
    assert.deepEqual(await asked(person(), { env: { PACKWRIGHT_TOKENS: `${own.url}=${token}` } }), new Set([`Bearer ${token}`]));
    assert.deepEqual(await asked(person({ npmrc: `${host}:_authToken=${token}\n` })), new Set([`Bearer ${token}`]));
    assert.deepEqual(await asked(person({ npmrc: `${host}:_authToken=\${NPM_TOKEN}\n` }), { env: { NPM_TOKEN: token } }), new Set([`Bearer ${token}`]));
    const somebody = person({ project: { npmrc: `${host}:_authToken=\${NPM_TOKEN}\n` } });
    assert.deepEqual(await asked(somebody, { env: { NPM_TOKEN: token } }), new Set([undefined]));
  });

  test("of the user does not follow a project's registry of the same id", async (t) => {
    const [own, evil] = [await serve(t), await serve(t)];
    const config = `[registries.default]\nurl = "${own.url}"\n\n${tokens(own.url)}`;
    const somebody = person({ config, project: { config: `[registries.default]\nurl = "${evil.url}"\n` } });
    await somebody.run(["list"]);
    assert.deepEqual(told(evil), [false]);
  });

  test("has no place in a project's packwright.toml", async (t) => {
    const own = await serve(t);
    const somebody = person({ project: { config: tokens(own.url) } });
    const { code, stderr, stdout } = await somebody.run(["list", "--registry", own.url]);
    assert.deepEqual(told(own), [false]);
    assert.ok(!(stdout + stderr).includes(token));
    assert.notEqual(code, 0);
    assert.match(stderr, /tokens/);
  });
});

describe("tarballs of an npm registry", { concurrency: 8 }, () => {
  const bytes = npmArchive(source("web-api", "1.0.0"));
  const generate = (own, ...more) => ["generate", "web-api", "--name", "demo", "--yes", "--registry", `npm+${own.url}`, ...more];

  test("on its own origin get the token", async (t) => {
    const own = await server.start(t);
    own.on("/web-api", server.ok(packument("web-api", "1.0.0", bytes, `${own.url}web-api/-/web-api-1.0.0.tgz`)));
    own.on("/web-api/-/web-api-1.0.0.tgz", server.ok(bytes));
    const somebody = person({ config: tokens(own.url) });
    assert.equal((await somebody.run(generate(own))).code, 0);
    assert.ok(own.requests.every(({ headers }) => headers.authorization === `Bearer ${token}`));
  });

  test("elsewhere are not fetched, until that origin is configured; it gets no token", async (t) => {
    const [own, cdn] = [await server.start(t), await server.start(t)];
    own.on("/web-api", server.ok(packument("web-api", "1.0.0", bytes, `${cdn.url}web-api-1.0.0.tgz`)));
    cdn.on("/web-api-1.0.0.tgz", server.ok(bytes));
    const strict = person({ config: tokens(own.url) });
    const { code, stderr } = await strict.run(generate(own));
    assert.equal(code, 11, stderr);
    assert.ok(stderr.includes(cdn.origin) && stderr.includes("archives"), stderr);
    assert.equal(cdn.requests.length, 0);
    const config = `[registries.default]\nurl = "npm+${own.url}"\narchives = ["${cdn.origin}"]\n\n${tokens(own.url, cdn.url)}`;
    const open = person({ config });
    assert.equal((await open.run(["generate", "web-api", "--name", "demo", "--yes"])).code, 0);
    assert.equal(cdn.requests.length, 1);
    assert.deepEqual(told(own, cdn), [true, false]);
  });

  for (const [name, tarball] of [
    ["in the local network", () => "http://169.254.169.254/latest/meta-data"],
    ["in a file", () => "file:///etc/passwd"],
    ["on a host whose name begins like ours", ({ origin }) => `${origin}.evil.test/web-api.tgz`],
    ["behind a user name that is our host", ({ origin }) => `${origin}@evil.test/web-api.tgz`],
    ["somewhere else on the machine", ({ origin }) => `${origin.replace(/\d+$/, "1")}/x.tgz`],
    ["nowhere", () => ""],
  ]) {
    test(`that lie ${name} are not fetched`, async (t) => {
      const own = await server.start(t);
      own.on("/web-api", server.ok(packument("web-api", "1.0.0", bytes, tarball(own))));
      const somebody = person({ config: tokens(own.url) });
      const { code, stderr } = await somebody.run(generate(own));
      assert.equal(code, 11, stderr);
      assert.deepEqual(own.requests.map(({ path }) => path), ["/web-api"]);
      assert.deepEqual([...somebody.written().keys()], []);
    });
  }

  for (const [name, dist] of [
    ["only SHA-1", { integrity: undefined, shasum: "da39a3ee5e6b4b0d3255bfef95601890afd80709" }],
    ["a SHA-1 as integrity", { integrity: "sha1-2jmj7l5rSw0yVb/vlWAYkK/YBwk=" }],
    ["the digest of something else", { integrity: integrity(Buffer.from("else"), "sha512") }],
  ]) {
    test(`with ${name} are refused`, async (t) => {
      const own = await server.start(t);
      const document = JSON.parse(packument("web-api", "1.0.0", bytes, `${own.url}web-api.tgz`));
      Object.assign(document.versions["1.0.0"].dist, dist);
      own.on("/web-api", server.ok(JSON.stringify(document)));
      own.on("/web-api.tgz", server.ok(bytes));
      const somebody = person();
      await somebody.fails(generate(own), 11, name.startsWith("the digest") ? "invalid-archive" : "invalid-registry", ["web-api"]);
      assert.equal(own.asked("/web-api.tgz").length, name.startsWith("the digest") ? 2 : 0);
      assert.deepEqual([...somebody.written().keys()], []);
    });
  }
});

test("what lies elsewhere in a static index is not reached by a path either", async (t) => {
  const bytes = archive(source("web-api", "1.0.0"));
  const below = "{name}/{version}/{digest}";
  for (const archives of [`../${below}`, `https://evil.test/${below}`, `//evil.test/${below}`, `/${below}`, below.replaceAll("/", "\\")]) {
    const own = await serve(t);
    own.on("/config.json", server.ok(JSON.stringify({ v: 1, archives })));
    await person().fails(["generate", "web-api", "--name", "demo", "--registry", own.url], 11, "invalid-registry", ["archives"]);
    assert.ok(own.requests.every(({ path }) => path !== `/${archivePath("web-api", "1.0.0", bytes)}`));
  }
});
