// What is fetched is kept: fresh for a while, then asked after, and there when the network is not.
import assert from "node:assert/strict";
import { chmodSync, existsSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { archive, archivePath, index, source } from "./archives.mjs";
import { person } from "./person.mjs";
import * as server from "./server.mjs";

const rows = [["base", "1.0.0"], ["web-api", "1.0.0", { dependencies: { base: "^1" } }], ["other", "1.0.0"]];
const [base, web] = rows.map((row) => `/${archivePath(row[0], row[1], archive(source(...row)))}`);
const indexes = ["/config.json", "/index/base.jsonl", "/index/web-api.jsonl"];

/** `registry` may be changed while it is served. */
async function start(context) {
  const registry = index(rows);
  const served = await server.start(context, server.files((path) => registry.get(path)));
  return { ...served, registry, options: ["--registry", served.url] };
}

const paths = ({ requests }) => requests.map(({ path }) => path).sort();
const statuses = ({ requests }) => requests.map(({ status }) => status);

/** Nothing stays fresh. */
const stale = "[cache]\nfresh-seconds = 0\n";

describe("fresh for five minutes, then revalidated", { concurrency: 8 }, () => {
  test("the first time everything that is needed is fetched once, and nothing else", async (t) => {
    const served = await start(t);
    await person().generate(["web-api"], served.options);
    assert.deepEqual(paths(served), [base, web, ...indexes].sort());
    assert.ok(served.requests.every(({ status, headers }) => status === 200 && headers["if-none-match"] === undefined));
  });

  test("the second time nothing is asked", async (t) => {
    const served = await start(t);
    const somebody = person();
    const first = await somebody.generate(["web-api"], served.options);
    served.forget();
    rmSync(join(somebody.cwd, "demo"), { recursive: true });
    const second = await somebody.generate(["web-api"], served.options);
    assert.deepEqual(second, first);
    assert.equal(served.requests.length, 0);
  });

  test("what is stale is asked after with its ETag, and archives never", async (t) => {
    const served = await start(t);
    const somebody = person({ config: stale });
    const first = await somebody.generate(["web-api"], served.options);
    served.forget();
    rmSync(join(somebody.cwd, "demo"), { recursive: true });
    assert.deepEqual(await somebody.generate(["web-api"], served.options), first);
    assert.deepEqual(paths(served), indexes);
    assert.deepEqual(statuses(served), [304, 304, 304]);
    assert.ok(served.requests.every(({ bytes }) => bytes === 0));
  });

  test("what has not changed is fresh again", async (t) => {
    const served = await start(t);
    const somebody = person();
    await somebody.generate(["web-api"], served.options);
    await somebody.generate(["web-api"], [...served.options, "--refresh"]);
    served.forget();
    await somebody.generate(["web-api"], served.options);
    assert.equal(served.requests.length, 0);
  });

  test("--refresh asks at once, and sees what is new", async (t) => {
    const served = await start(t);
    const somebody = person();
    await somebody.json(["show", "base", ...served.options]);
    for (const [path, content] of index([...rows, ["base", "1.1.0"]])) served.registry.set(path, content);
    served.forget();
    assert.equal((await somebody.json(["show", "base", ...served.options])).pack.version, "1.0.0");
    assert.equal(served.requests.length, 0);
    assert.equal((await somebody.json(["show", "base", "--refresh", ...served.options])).pack.version, "1.1.0");
    assert.equal(served.asked("/config.json")[0].status, 304);
    assert.equal(served.asked("/index/base.jsonl")[0].status, 200);
    // What is on the way must not answer for the server; the archive of 1.1.0 never changes, wherever it comes from.
    const entries = served.requests.filter(({ path }) => !path.startsWith("/archives/"));
    assert.deepEqual(entries.map(({ path, headers }) => [path, headers["cache-control"]]), [["/config.json", "max-age=0"], ["/index/base.jsonl", "max-age=0"]]);
  });

  test("a name that was not there is asked for again", async (t) => {
    const served = await start(t);
    const somebody = person();
    await somebody.fails(["show", "later", ...served.options], 1, "pack-not-found", ["later"]);
    for (const [path, content] of index([...rows, ["later", "1.0.0"]])) served.registry.set(path, content);
    assert.equal((await somebody.json(["show", "later", ...served.options])).pack.version, "1.0.0");
  });

  test("a server without ETags is asked for the whole again", async (t) => {
    const registry = index(rows);
    const served = await server.start(t, (request, response) => server.ok(registry.get(request.url.slice(1)))(request, response));
    const somebody = person({ config: stale });
    await somebody.generate(["web-api"], ["--registry", served.url]);
    served.forget();
    await somebody.generate(["web-api"], ["--registry", served.url]);
    assert.deepEqual(statuses(served), [200, 200, 200]);
  });

  test("a server that tells times is asked by them", async (t) => {
    const registry = index(rows);
    const modified = "Sun, 22 Nov 2026 12:00:00 GMT";
    const served = await server.start(t, (request, response) => {
      if (request.headers["if-modified-since"] === modified) response.writeHead(304).end();
      else server.ok(registry.get(request.url.slice(1)), { "last-modified": modified })(request, response);
    });
    const somebody = person({ config: stale });
    await somebody.generate(["web-api"], ["--registry", served.url]);
    served.forget();
    await somebody.generate(["web-api"], ["--registry", served.url]);
    assert.deepEqual(statuses(served), [304, 304, 304]);
  });

  test("two registries do not answer for each other", async (t) => {
    const [one, two] = [await start(t), await start(t)];
    for (const [path, content] of index([["base", "2.0.0"]])) two.registry.set(path, content);
    const somebody = person();
    assert.equal((await somebody.json(["show", "base", ...one.options])).pack.version, "1.0.0");
    assert.equal((await somebody.json(["show", "base", ...two.options])).pack.version, "2.0.0");
  });
});

describe("--offline", { concurrency: 8 }, () => {
  test("works from what was fetched, however old", async (t) => {
    const served = await start(t);
    const somebody = person({ config: stale });
    const first = await somebody.generate(["web-api"], served.options);
    served.forget();
    rmSync(join(somebody.cwd, "demo"), { recursive: true });
    assert.deepEqual(await somebody.generate(["web-api"], [...served.options, "--offline"]), first);
    assert.equal(served.requests.length, 0);
  });

  test("names exactly what is missing", async (t) => {
    const served = await start(t);
    const somebody = person();
    const offline = (args, ...words) => somebody.fails([...args, ...served.options, "--offline"], 9, "not-cached", words);
    await offline(["list"], `${served.url}config.json`);
    await somebody.json(["show", "base", ...served.options]);
    await offline(["list"], `${served.url}catalog.json`);
    await offline(["show", "web-api"], `${served.url}index/web-api.jsonl`);
    await somebody.json(["dependencies", "web-api", ...served.options]);
    served.forget();
    await somebody.json(["dependencies", "web-api", ...served.options, "--offline"]);
    const said = await offline(["generate", "web-api", "--name", "demo"], `${served.origin}${web}`);
    assert.ok(!said.includes(`${served.origin}${base}`), "what is there is not named");
    assert.equal(served.requests.length, 0);
    assert.deepEqual([...somebody.written().keys()], []);
  });

  test("names everything that is missing, not the first of it only", async (t) => {
    const served = await start(t);
    const somebody = person();
    await somebody.json(["dependencies", "web-api", ...served.options]);
    await somebody.fails(["generate", "web-api", "--name", "demo", ...served.options, "--offline"], 9, "not-cached", [`${served.origin}${web}`, `${served.origin}${base}`]);
  });

  test("can be the rule", async (t) => {
    const served = await start(t);
    await person({ config: "[network]\noffline = true\n" }).fails(["list", ...served.options], 9, "not-cached", ["config.json"]);
    await person({ project: { config: "[network]\noffline = true\n" } }).fails(["list", ...served.options], 9, "not-cached", ["config.json"]);
    assert.equal(served.requests.length, 0);
  });

  test("is suggested when the network is gone and the cache could help", async (t) => {
    const served = await start(t);
    const somebody = person({ config: stale });
    await somebody.generate(["web-api"], served.options);
    for (const path of indexes) served.on(path, server.reset);
    const generate = ["generate", "web-api", "--name", "demo", "--yes", ...served.options];
    await somebody.fails(generate, 9, "network", ["--offline"]);
    assert.equal((await somebody.run([...generate, "--offline"])).code, 0);
  });

  test("asks nothing of the starter packs either, and needs no cache for them", async () => {
    const somebody = person();
    await somebody.generate(["base-project"], ["--offline"]);
    assert.ok(!existsSync(somebody.cache));
  });
});

describe("the cache", { concurrency: 8 }, () => {
  const entries = async (somebody) => (await somebody.json(["cache", "list"])).entries;

  async function filled(t) {
    const served = await start(t);
    const somebody = person();
    await somebody.generate(["web-api"], served.options);
    rmSync(join(somebody.cwd, "demo"), { recursive: true });
    return { served, somebody };
  }

  /** The files that hold content, the largest first. */
  function contents(directory) {
    const files = readdirSync(directory, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    const found = files.map((entry) => join(entry.parentPath ?? entry.path, entry.name)).filter((path) => path.includes("content"));
    return found.sort((a, b) => statSync(b).size - statSync(a).size);
  }

  test("list tells what is in it", async (t) => {
    const { served, somebody } = await filled(t);
    const listed = await entries(somebody);
    assert.deepEqual(listed.map(({ url }) => url.replace(served.origin, "")).sort(), [base, web, ...indexes].sort());
    for (const { size, url } of listed) assert.equal(size, served.registry.get(url.replace(served.url, "")).length, url);
    const { stdout } = await somebody.run(["cache", "list"]);
    for (const { url } of listed) assert.ok(stdout.includes(url), stdout);
  });

  test("list of an empty one is empty", async () => {
    const somebody = person();
    assert.deepEqual(await entries(somebody), []);
    assert.equal((await somebody.run(["cache", "list"])).code, 0);
  });

  test("what is damaged is found by verify, and is fetched again without it", async (t) => {
    const { served, somebody } = await filled(t);
    assert.equal((await somebody.run(["cache", "verify"])).code, 0);
    for (const path of contents(somebody.cache)) {
      chmodSync(path, 0o644);
      writeFileSync(path, readFileSync(path).fill("x", 0, 5));
    }
    served.forget();
    await somebody.generate(["web-api"], served.options);
    assert.deepEqual(paths(served), [base, web, ...indexes].sort());
    assert.ok(served.requests.every(({ status }) => status === 200));
    assert.equal((await somebody.run(["cache", "verify"])).code, 0);
  });

  test("verify removes what is damaged, and says so", async (t) => {
    const { served, somebody } = await filled(t);
    const [damaged] = contents(somebody.cache);
    chmodSync(damaged, 0o644);
    writeFileSync(damaged, "nonsense");
    const { stdout } = await somebody.run(["cache", "verify"]);
    assert.match(stdout, /1/);
    assert.equal((await entries(somebody)).length, 4);
    served.forget();
    await somebody.generate(["web-api"], served.options);
    assert.equal(served.requests.length, 1);
  });

  test("prune keeps what was used lately, and removes what is older than said", async (t) => {
    const { somebody } = await filled(t);
    await somebody.json(["cache", "prune"]);
    assert.equal((await entries(somebody)).length, 5);
    await somebody.json(["cache", "prune", "--older-than", "0"]);
    assert.deepEqual(await entries(somebody), []);
    assert.deepEqual(contents(somebody.cache), []);
  });

  test("clear empties it", async (t) => {
    const { served, somebody } = await filled(t);
    await somebody.json(["cache", "clear"]);
    assert.deepEqual(await entries(somebody), []);
    assert.deepEqual(contents(somebody.cache), []);
    served.forget();
    await somebody.generate(["web-api"], served.options);
    assert.equal(served.requests.length, 5);
  });

  test("that cannot be used stops nothing", async (t) => {
    const served = await start(t);
    const somebody = person();
    somebody.put("file", "in the way");
    for (let i = 0; i < 2; i += 1) await somebody.json(["show", "base", ...served.options], { env: { PACKWRIGHT_CACHE: join(somebody.cwd, "file/cache") } });
    assert.equal(served.asked("/index/base.jsonl").length, 2);
  });

  test("lies where PACKWRIGHT_CACHE or the user's configuration say, not where a project says", async (t) => {
    const served = await start(t);
    const elsewhere = (somebody) => join(somebody.home, "elsewhere");
    const one = person();
    await one.json(["list", ...served.options], { env: { PACKWRIGHT_CACHE: elsewhere(one) } });
    assert.ok(existsSync(elsewhere(one)) && !existsSync(one.cache));
    const two = person({ config: `[cache]\ndirectory = "~/elsewhere"\n` });
    await two.run(["list", ...served.options]);
    const three = person({ project: { config: `[cache]\ndirectory = "../elsewhere"\n` } });
    await three.run(["list", ...served.options]);
    assert.ok(!existsSync(elsewhere(three)));
  });

  test("bears several at once", async (t) => {
    const served = await start(t);
    const somebody = person();
    const runs = ["a", "b", "c", "d"].map((name) => somebody.json(["generate", "web-api", "--name", name, "--yes", ...served.options]));
    await Promise.all(runs);
    assert.equal((await somebody.run(["cache", "verify"])).code, 0);
    assert.equal((await entries(somebody)).length, 5);
  });

  test("has nothing of directories", async () => {
    const somebody = person();
    somebody.put("packs/mine/pack.toml", source("mine", "1.0.0", { files: {} })["pack.toml"]);
    await somebody.json(["list", "--registry", "packs"]);
    assert.ok(!existsSync(somebody.cache));
  });
});
