// A static index: built from sources, served by `registry serve` or any file host, checked, added to, and withdrawn from.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import http from "node:http";
import { createRequire } from "node:module";
import { join } from "node:path";
import { describe, test } from "node:test";
import { pathToFileURL } from "node:url";
import { cli, digestOf, filesOf, project } from "../package/installed.mjs";
import { archive, archivePath, line, source, sources, write } from "./archives.mjs";
import { person } from "./person.mjs";
import * as server from "./server.mjs";

const rows = [["@acme/badge", "1.0.0"], ["base", "1.0.0"], ["base", "1.1.0"], ["web-api", "1.0.0", { dependencies: { base: "^1" } }]];
const versionOf = ({ packs }, name) => packs.find((pack) => pack.name === name)?.version;

/** A built index in `index` beside the directory somebody works in, and its sources. */
async function built(more = []) {
  const somebody = person();
  const packs = sources(join(somebody.home, "packs"), [...rows, ...more]);
  const directory = join(somebody.home, "index");
  await somebody.json(["registry", "build", packs, directory]);
  return { somebody, packs, directory, options: ["--registry", directory] };
}

/** `registry serve` until the test is over: the URL it prints, all that it said, and a way to end it. */
async function served(context, somebody, directory, ...flags) {
  const child = spawn(cli, ["registry", "serve", directory, "--port", "0", ...flags], { cwd: somebody.cwd, env: { ...process.env, HOME: somebody.home } });
  context.after(() => child.kill("SIGKILL"));
  let said = "";
  const url = await new Promise((resolve, reject) => {
    child.stdout.on("data", (data) => {
      said += data;
      const found = /--registry (http:\/\/\S+)/.exec(said);
      if (found) resolve(found[1]);
    });
    child.stderr.on("data", (data) => (said += data));
    child.on("exit", (code) => reject(new Error(`it ended with ${code}: ${said}`)));
  });
  return { url, child, said: () => said };
}

/** Asks with a path exactly as it is. */
function raw(url, path, options = {}) {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    http.get({ hostname, port, path, ...options }, async (response) => {
      const chunks = [];
      for await (const chunk of response) chunks.push(chunk);
      resolve({ status: response.statusCode, headers: response.headers, body: Buffer.concat(chunks) });
    }).on("error", reject);
  });
}

describe("a built index", { concurrency: 4 }, () => {
  test("is the same to the byte for the same sources", async () => {
    const { somebody, packs, directory } = await built();
    const again = join(somebody.home, "again");
    await somebody.json(["registry", "build", packs, again]);
    assert.equal(digestOf(filesOf(again)), digestOf(filesOf(directory)));
    const copy = join(somebody.home, "copy");
    for (const [path, content] of [...filesOf(packs)].reverse()) write(copy, { [path]: content });
    const third = join(somebody.home, "third");
    await somebody.json(["registry", "build", copy, third]);
    assert.equal(digestOf(filesOf(third)), digestOf(filesOf(directory)));
  });

  test("gives the same from disk, from a file host and from its sources", async (t) => {
    const { somebody, packs, directory } = await built();
    const host = await server.start(t, server.directory(directory));
    const made = [];
    for (const location of [directory, host.url, packs]) {
      rmSync(join(somebody.cwd, "demo"), { recursive: true, force: true });
      const { packs: listed } = await somebody.json(["list", "--registry", location]);
      assert.deepEqual(listed.map(({ name, version }) => [name, version]), [["@acme/badge", "1.0.0"], ["base", "1.1.0"], ["web-api", "1.0.0"]]);
      await somebody.generate(["web-api", "@acme/badge"], ["--registry", location]);
      made.push(digestOf(filesOf(join(somebody.cwd, "demo"))));
    }
    assert.equal(new Set(made).size, 1);
  });
});

describe("registry serve", { concurrency: 4 }, () => {
  for (const of of ["index", "packs"]) {
    test(`of ${of === "index" ? "an index" : "pack sources"}: list, show, generate, revalidate`, async (t) => {
      const all = await built();
      const { url } = await served(t, all.somebody, of === "index" ? all.directory : all.packs);
      const options = ["--registry", url];
      const { somebody } = all;
      assert.equal((await somebody.json(["list", ...options])).packs.length, 3);
      assert.equal((await somebody.json(["show", "base", ...options])).pack.version, "1.1.0");
      await somebody.generate(["web-api"], options);
      assert.equal(somebody.written().get("demo/base.txt"), "base 1.1.0\n");
      const { headers, status } = await raw(url, "/index/web-api.jsonl");
      assert.equal(status, 200);
      assert.equal(headers["access-control-allow-origin"], "*");
      const again = await raw(url, "/index/web-api.jsonl", { headers: { "if-none-match": headers.etag } });
      assert.deepEqual([again.status, again.body.length], [304, 0]);
    });
  }

  test("serves files below its directory to this machine only, and changes nothing", async (t) => {
    const { somebody, directory } = await built();
    writeFileSync(join(somebody.home, "secret.txt"), "secret");
    const { url } = await served(t, somebody, directory);
    assert.match(url, /^http:\/\/(127\.0\.0\.1|localhost|\[::1\]):\d+\/$/);
    const up = ["/../secret.txt", "/%2e%2e/secret.txt", "/..%2fsecret.txt", "/index/../../secret.txt", "/..\\secret.txt", "/%5c..%5csecret.txt"];
    const elsewhere = ["//secret.txt", `/${somebody.home}/secret.txt`, "/index/%00", "/%", "/", "/index", "/index/"];
    for (const path of [...up, ...elsewhere]) {
      const { status, body } = await raw(url, path);
      assert.ok(status >= 400 && status < 500, `${path}: ${status}`);
      assert.ok(!body.includes("secret\n") && body.toString() !== "secret", path);
    }
    const before = digestOf(filesOf(directory));
    for (const method of ["PUT", "POST", "DELETE"]) assert.ok((await raw(url, "/config.json", { method })).status >= 400, method);
    assert.equal((await raw(url, "/config.json", { method: "HEAD" })).body.length, 0);
    assert.equal(digestOf(filesOf(directory)), before);
  });

  test("follows links out of its directory no more than dots", async (t) => {
    const { somebody, directory } = await built();
    writeFileSync(join(somebody.home, "secret.txt"), "secret");
    symlinkSync(join(somebody.home, "secret.txt"), join(directory, "link.txt"));
    const { url } = await served(t, somebody, directory);
    assert.notEqual((await raw(url, "/link.txt")).body.toString(), "secret");
  });

  test("ends with Ctrl-C, at once and well", async (t) => {
    const { somebody, directory } = await built();
    const { child, url } = await served(t, somebody, directory);
    await raw(url, "/config.json", { agent: new http.Agent({ keepAlive: true }) });
    const started = Date.now();
    child.removeAllListeners("exit");
    child.kill("SIGINT");
    const [code] = await once(child, "exit");
    assert.ok([0, 130].includes(code), `${code}`);
    assert.ok(Date.now() - started < 10_000);
  });

  test("says when the port is taken, and what is no registry", async (t) => {
    const { somebody, directory } = await built();
    const { url } = await served(t, somebody, directory);
    const { code, stderr } = await somebody.run(["registry", "serve", directory, "--port", new URL(url).port]);
    assert.notEqual(code, 0);
    assert.ok(stderr.includes(new URL(url).port), stderr);
    assert.notEqual((await somebody.run(["registry", "serve", join(somebody.home, "nowhere")])).code, 0);
    assert.equal((await somebody.run(["registry", "serve", directory, "--port", "70000"])).code, 64);
  });
});

describe("registry check", { concurrency: 4 }, () => {
  test("finds nothing wrong with what was built, on disk and over HTTP", async (t) => {
    const { somebody, directory } = await built();
    const host = await server.start(t, server.directory(directory));
    for (const location of [directory, host.url]) {
      const { packs, versions, problems } = await somebody.json(["registry", "check", location]);
      assert.deepEqual({ packs, versions, problems }, { packs: 3, versions: 4, problems: [] });
    }
  });

  const edit = (directory, path, from, to) => writeFileSync(join(directory, path), readFileSync(join(directory, path), "utf8").replace(from, to));
  const archives = (directory) => readdirSync(join(directory, "archives/web-api/1.0.0")).map((file) => join(directory, "archives/web-api/1.0.0", file));
  for (const [name, spoil, words] of [
    ["an archive that is not there", (directory) => rmSync(archives(directory)[0]), ["web-api"]],
    ["an archive of other bytes", (directory) => writeFileSync(archives(directory)[0], "other"), ["web-api"]],
    ["a broken line", (directory) => writeFileSync(join(directory, "index/web-api.jsonl"), "{\n"), ["index/web-api.jsonl"]],
    ["an index that is not there", (directory) => rmSync(join(directory, "index/web-api.jsonl")), ["web-api"]],
    ["a catalogue that is not there", (directory) => rmSync(join(directory, "catalog.json")), ["catalog.json"]],
    ["a configuration that is a page", (directory) => writeFileSync(join(directory, "config.json"), "<!doctype html>"), ["config.json"]],
    ["a line that says other dependencies than the manifest", (directory) => edit(directory, "index/web-api.jsonl", "^1", "^9"), ["web-api"]],
  ]) {
    test(`finds ${name}`, async (t) => {
      const { somebody, directory } = await built();
      spoil(directory);
      const host = await server.start(t, server.directory(directory));
      for (const location of [directory, host.url]) {
        const { code, stdout, stderr } = await somebody.run(["registry", "check", location]);
        assert.notEqual(code, 0, `${location}\n${stdout}`);
        for (const word of words) assert.ok((stdout + stderr).includes(word), `${location}: ${stdout}${stderr}`);
      }
    });
  }
});

describe("publishing to a static index", { concurrency: 4 }, () => {
  test("adds a version and leaves every other file as it is", async (t) => {
    const { somebody, directory, options } = await built();
    const before = filesOf(directory);
    write(somebody.cwd, Object.fromEntries(Object.entries(source("web-api", "1.1.0", { dependencies: { base: "^1" } })).map(([path, content]) => [`src/${path}`, content])));
    const { publication: dry } = await somebody.json(["publish", "src", "--dry-run", ...options]);
    assert.deepEqual([dry.name, dry.version, dry.written], ["web-api", "1.1.0", false]);
    assert.equal(digestOf(filesOf(directory)), digestOf(before));
    const { publication } = await somebody.json(["publish", "src", "--yes", ...options]);
    assert.equal(publication.written, true);
    assert.equal(publication.integrity, dry.integrity);
    const after = filesOf(directory);
    const changed = [...after].filter(([path, content]) => !before.get(path)?.equals(content)).map(([path]) => path.replace(/[0-9a-f]{64}/, "DIGEST"));
    assert.deepEqual(changed, ["archives/web-api/1.1.0/DIGEST.tgz", "catalog.json", "index/web-api.jsonl"]);
    assert.ok(after.get("index/web-api.jsonl").toString().includes(before.get("index/web-api.jsonl").toString().trimEnd()));
    assert.deepEqual((await somebody.json(["registry", "check", directory])).problems, []);
    const host = await server.start(t, server.directory(directory));
    assert.equal(versionOf(await somebody.generate(["web-api"], ["--registry", host.url]), "web-api"), "1.1.0");
    await somebody.fails(["publish", "src", "--yes", ...options], 13, "already-published", ["web-api", "1.1.0"]);
    assert.equal(digestOf(filesOf(directory)), digestOf(after));
  });

  test("adds a new pack, also with a scope", async () => {
    const { somebody, directory, options } = await built();
    write(join(somebody.cwd, "src"), source("@acme/other", "0.1.0"));
    await somebody.json(["publish", "src", "--yes", ...options]);
    assert.ok((await somebody.json(["list", ...options])).packs.some(({ name }) => name === "@acme/other"));
    assert.deepEqual((await somebody.json(["registry", "check", directory])).problems, []);
  });

  test("makes the index that building would have made", async () => {
    const { somebody, packs, directory, options } = await built();
    const row = ["web-api", "1.1.0", { dependencies: { base: "^1" } }];
    write(join(somebody.cwd, "src"), source(...row));
    await somebody.json(["publish", "src", "--yes", ...options]);
    sources(packs, [row]);
    const rebuilt = join(somebody.home, "rebuilt");
    await somebody.json(["registry", "build", packs, rebuilt]);
    const [one, other] = [filesOf(directory), filesOf(rebuilt)];
    assert.deepEqual([...one.keys()], [...other.keys()]);
    for (const [path, content] of one) if (!path.endsWith(".jsonl")) assert.ok(content.equals(other.get(path)), path);
    const lines = (files, path) => files.get(path).toString().trim().split("\n").map((line) => ({ ...JSON.parse(line), published: undefined })).sort((a, b) => (a.version < b.version ? -1 : 1));
    for (const path of one.keys()) if (path.endsWith(".jsonl")) assert.deepEqual(lines(one, path), lines(other, path));
  });

  test("by several at once loses nothing", async () => {
    const { somebody, directory, options } = await built();
    const versions = Array.from({ length: 6 }, (_, i) => `1.${i + 1}.0`);
    for (const version of versions) write(join(somebody.cwd, version), source("web-api", version));
    const told = await Promise.all(versions.map((version) => somebody.run(["publish", version, "--yes", ...options])));
    const published = versions.filter((_, i) => told[i].code === 0);
    assert.ok(published.length > 0);
    for (const { code, stderr } of told) if (code !== 0) assert.match(stderr, /somebody publishes to this index/);
    const lines = readFileSync(join(directory, "index/web-api.jsonl"), "utf8").trim().split("\n");
    assert.deepEqual(lines.map((line) => JSON.parse(line).version).sort(), ["1.0.0", ...published]);
    assert.deepEqual((await somebody.json(["registry", "check", directory])).problems, []);
    assert.ok(!readdirSync(directory).some((name) => name.startsWith(".packwright")));
  });

  test("asks the disk again after a person was asked", async () => {
    const { somebody, directory, options } = await built();
    for (const version of ["1.1.0", "1.2.0"]) write(join(somebody.cwd, version), source("web-api", version));
    const { open } = await import(pathToFileURL(createRequire(join(project, "index.js")).resolve("packwright")));
    const pw = await open({ registry: directory, cache: false });
    await pw.publish(join(somebody.cwd, "1.2.0"), { dryRun: true });
    await somebody.json(["publish", "1.1.0", "--yes", ...options]);
    await pw.publish(join(somebody.cwd, "1.2.0"));
    assert.equal(versionOf({ packs: await pw.list() }, "web-api"), "1.2.0");
    const lines = readFileSync(join(directory, "index/web-api.jsonl"), "utf8").trim().split("\n");
    assert.deepEqual(lines.map((line) => JSON.parse(line).version), ["1.0.0", "1.1.0", "1.2.0"]);
    assert.deepEqual((await somebody.json(["registry", "check", directory])).problems, []);
  });

  test("does not go over HTTP, and says how instead", async (t) => {
    const { somebody, directory } = await built();
    const host = await server.start(t, server.directory(directory));
    write(join(somebody.cwd, "src"), source("web-api", "1.1.0"));
    const { code, stderr } = await somebody.run(["publish", "src", "--yes", "--registry", host.url]);
    assert.notEqual(code, 0);
    assert.ok(stderr.includes("director"), stderr);
    assert.ok(host.requests.every(({ method }) => method === "GET"));
  });
});

describe("withdrawing from a static index", { concurrency: 4 }, () => {
  test("edits one line, a lock still gets it, a new project does not, and it can be taken back", async (t) => {
    const { somebody, directory, options } = await built();
    const host = await server.start(t, server.directory(directory));
    const over = ["--registry", host.url];
    assert.equal(versionOf(await somebody.generate(["web-api"], over), "base"), "1.1.0");
    const before = filesOf(directory);
    const yanked = await somebody.json(["yank", "base@1.1.0", ...options]);
    assert.deepEqual([yanked.name, yanked.version, yanked.yanked, yanked.changed], ["base", "1.1.0", true, true]);
    assert.equal((await somebody.json(["yank", "base@1.1.0", ...options])).changed, false);
    const after = filesOf(directory);
    const changed = [...after].filter(([path, content]) => !before.get(path)?.equals(content)).map(([path]) => path);
    assert.deepEqual(changed.filter((path) => path !== "catalog.json"), ["index/base.jsonl"]);
    const lines = (files) => files.get("index/base.jsonl").toString().split("\n");
    const differing = lines(after).filter((line, i) => line !== lines(before)[i]);
    assert.deepEqual(differing.map((line) => JSON.parse(line)), lines(before).filter((line) => line.includes('"1.1.0"')).map((line) => ({ ...JSON.parse(line), yanked: true })));
    assert.deepEqual((await somebody.json(["registry", "check", directory])).problems, []);

    const stranger = person();
    assert.equal(versionOf(await stranger.generate(["web-api"], over), "base"), "1.0.0");
    await stranger.fails(["generate", "base@=1.1.0", "--name", "other", ...over], 5, "conflict", ["1.1.0", "yanked"]);
    const locked = await somebody.generate(["web-api"], [...over, "--refresh"]);
    assert.equal(versionOf(locked, "base"), "1.1.0");

    await somebody.json(["yank", "base@1.1.0", "--undo", ...options]);
    assert.equal(digestOf(filesOf(directory)), digestOf(before));
    rmSync(join(stranger.cwd, "demo"), { recursive: true });
    assert.equal(versionOf(await stranger.generate(["web-api"], [...over, "--refresh"]), "base"), "1.1.0");
  });

  test("of what is not there is said, and nothing is written", async () => {
    const { somebody, directory, options } = await built();
    const before = digestOf(filesOf(directory));
    await somebody.fails(["yank", "base@7.0.0", ...options], 1, "pack-not-found", ["7.0.0"]);
    await somebody.fails(["yank", "bas@1.0.0", ...options], 1, "pack-not-found", ["bas"]);
    await somebody.fails(["yank", "base@^1", ...options], 11, "invalid-version", ["^1"]);
    assert.equal(digestOf(filesOf(directory)), before);
  });

  test("is not what changing a version is: who has locked it takes nothing else", async (t) => {
    const { somebody, directory } = await built();
    const host = await server.start(t, server.directory(directory));
    const options = ["--registry", host.url];
    await somebody.generate(["web-api"], options);
    const before = somebody.written();
    const other = archive(source("base", "1.1.0", { files: { "base.txt": "something else\n" } }));
    write(directory, { "index/base.jsonl": line("base", "1.1.0", other), [archivePath("base", "1.1.0", other)]: other });
    await somebody.fails(["generate", "web-api", "--name", "demo", "--yes", "--refresh", ...options], 11, "invalid-archive", ["base@1.1.0", "packwright.lock"]);
    assert.deepEqual(somebody.written(), before);
  });
});
