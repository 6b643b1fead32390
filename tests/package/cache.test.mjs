// What is kept between runs and within one: on disk, in the browser's cache, in memory; what is damaged, what is in the way, and what goes.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { chmodSync, existsSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { pathToFileURL } from "node:url";
import { filesOf, golden, packwright, project, scratch } from "./installed.mjs";

// Not part of the programming interface, but what is published all the same.
const dist = (name) => import(pathToFileURL(join(project, "node_modules/packwright/dist", name)));
const { DiskCache } = await dist("cache.node.js");
const { browserHost } = await dist("browser.js");
const { nodeHost } = await dist("node.js");
const { remembering } = await dist("memo.js");

const DAY = 24 * 60 * 60 * 1000;
const address = "https://packs.example.com/index/web-api.jsonl";
const kept = (text, meta = '{"etag":"\\"1\\""}') => ({ meta, body: new TextEncoder().encode(text) });
const plain = (found) => found && { meta: found.meta, text: new TextDecoder().decode(found.body) };
const root = process.getuid?.() === 0;

/** The one content of a cache. */
const contentOf = (directory) => {
  const [path] = [...filesOf(directory).keys()].filter((path) => path.startsWith("content-"));
  return join(directory, path);
};

describe("on disk", { concurrency: 4 }, () => {
  test("gives what was kept last, and nothing for other keys", async () => {
    const cache = new DiskCache(join(scratch(), "deep/er"));
    assert.equal(await cache.read(address, 100), null);
    await cache.write(address, kept("one"));
    await cache.write(address, kept("two", "{}"));
    await cache.write("sha512-x/y+z==", kept(""));
    assert.deepEqual(plain(await cache.read(address, 100)), { meta: "{}", text: "two" });
    assert.deepEqual(plain(await cache.read("sha512-x/y+z==", 0)), plain(kept("")));
    assert.equal(await cache.read(`${address}?`, 100), null);
  });

  test("is for nobody else's eyes", { skip: process.platform === "win32" && "needs modes" }, async () => {
    const directory = join(scratch(), "cache");
    await new DiskCache(directory).write(address, kept("private"));
    assert.equal(statSync(directory).mode & 0o077, 0);
  });

  test("what is larger than allowed is not there", async () => {
    const cache = new DiskCache(scratch());
    await cache.write(address, kept("four"));
    assert.equal(await cache.read(address, 3), null);
    assert.equal(plain(await cache.read(address, 4)).text, "four");
  });

  for (const [name, damage] of [
    ["changed", (path) => writeFileSync(path, "FOUR")],
    ["cut", (path) => writeFileSync(path, "fo")],
    ["gone", (path) => rmSync(path)],
  ]) {
    test(`content that was ${name} is not there, until it is written again`, async () => {
      const directory = scratch();
      const cache = new DiskCache(directory);
      await cache.write(address, kept("four"));
      const path = contentOf(directory);
      chmodSync(path, 0o644);
      damage(path);
      assert.equal(await cache.read(address, 100), null);
      await cache.verify();
      await cache.write(address, kept("four"));
      assert.equal(plain(await cache.read(address, 100)).text, "four");
    });
  }

  test("an index of nonsense is an empty one", async () => {
    const directory = scratch();
    const cache = new DiskCache(directory);
    await cache.write(address, kept("four"));
    for (const path of filesOf(directory).keys()) if (path.startsWith("index-")) writeFileSync(join(directory, path), "\0\xff{}\n\tnonsense\n");
    assert.equal(await cache.read(address, 100), null);
    assert.deepEqual(await cache.list(), []);
  });

  test("many may write the same at once", async () => {
    const directory = scratch();
    await Promise.all(Array.from({ length: 50 }, (_, at) => new DiskCache(directory).write(at % 2 ? address : `${address}${at}`, kept(`text ${at}`))));
    const cache = new DiskCache(directory);
    assert.match(plain(await cache.read(address, 100)).text, /^text \d+$/);
    assert.equal((await cache.list()).length, 26);
  });

  test("pruning takes what was not used, and what nothing refers to", async () => {
    const directory = scratch();
    const cache = new DiskCache(directory);
    await cache.write(address, kept("old"));
    const old = contentOf(directory);
    await cache.write("used", kept("used"));
    const past = new Date(Date.now() - 40 * DAY);
    for (const path of filesOf(directory).keys()) {
      const place = join(directory, path);
      if (path.startsWith("content-")) utimesSync(place, past, past);
      // The moment of writing is in the index, under a digest of its line.
      if (path.startsWith("index-")) antedate(place, past);
    }
    assert.equal(plain(await cache.read("used", 100)).text, "used");
    await cache.write("new", kept("replaced"));
    await cache.write("new", kept("new"));
    assert.deepEqual((await cache.list()).map(({ key, size }) => [key, size]), [[address, 3], ["new", 3], ["used", 4]]);
    const sweep = await cache.prune(30);
    assert.deepEqual(sweep, { kept: 2, bytes: 7, damaged: 0, removed: 1, freed: 11 });
    assert.ok(!existsSync(old));
    assert.deepEqual((await cache.list()).map(({ key }) => key), ["new", "used"]);
    assert.deepEqual(await cache.prune(30), { kept: 2, bytes: 7, damaged: 0, removed: 0, freed: 0 });
  });

  test("clearing leaves what is not the cache's", async () => {
    const directory = scratch();
    writeFileSync(join(directory, "mine"), "");
    const cache = new DiskCache(directory);
    await cache.write(address, kept("four"));
    await cache.clear();
    assert.deepEqual(await cache.list(), []);
    assert.ok(existsSync(join(directory, "mine")));
    assert.ok(!readdirSync(directory).some((name) => /^(content|index)-/.test(name)));
  });
});

function antedate(place, moment) {
  const lines = readFileSync(place, "utf8").split("\n").filter(Boolean).map((line) => {
    const entry = JSON.stringify({ ...JSON.parse(line.split("\t")[1]), time: moment.getTime() });
    return `\n${createHash("sha1").update(entry).digest("hex")}\t${entry}`;
  });
  writeFileSync(place, lines.join(""));
}

describe("in a browser", () => {
  /** As much of the Cache API as is used, as browsers have it: keys are addresses, what is put in is a response. */
  function storage() {
    const all = new Map();
    return {
      all,
      open: async (name) => ({
        match: async (key) => all.get(`${name} ${new URL(key).href}`)?.clone(),
        put: async (key, response) => {
          assert.match(key, /^https:/);
          all.set(`${name} ${new URL(key).href}`, response);
        },
      }),
    };
  }
  const context = { roots: new Map(), signal: new AbortController().signal };

  test("gives what was kept, whatever the key and the text about it", async (t) => {
    globalThis.caches = storage();
    t.after(() => delete globalThis.caches);
    const host = browserHost();
    assert.equal(host.capabilities.cache, true);
    const meta = '{"note":"äöü \u{1f4e6}"}';
    for (const key of [address, "sha512-x/y+z==", "https://a/?#ä \n"]) {
      assert.deepEqual(await host.perform({ type: "cache-read", key, maxBytes: 9 }, context), { type: "cached", found: null });
      assert.deepEqual(await host.perform({ type: "cache-write", key, ...kept(key.slice(0, 4), meta) }, context), { type: "done" });
      const { found } = await host.perform({ type: "cache-read", key, maxBytes: 4 }, context);
      assert.deepEqual(plain(found), { meta, text: key.slice(0, 4) });
      assert.equal((await host.perform({ type: "cache-read", key, maxBytes: 3 }, context)).found, null);
    }
    assert.equal(globalThis.caches.all.size, 3);
    assert.ok([...globalThis.caches.all.keys()].every((key) => key.startsWith("packwright ")));
  });

  test("there is none without the Cache API, or where none is wanted", async (t) => {
    assert.equal(browserHost().capabilities.cache, false);
    globalThis.caches = storage();
    t.after(() => delete globalThis.caches);
    assert.equal(browserHost({ cache: false }).capabilities.cache, false);
    assert.equal((await browserHost({ cache: false }).perform({ type: "cache-read", key: "x", maxBytes: 1 }, context)).kind, "unsupported");
  });
});

describe("in memory", { concurrency: 4 }, () => {
  const context = { roots: new Map(), signal: new AbortController().signal };

  /** A host that counts what it is asked for, and answers from a list by type. */
  function counting(capabilities, answers) {
    const asked = [];
    return { asked, capabilities, perform: async (request) => (asked.push(request.type), answers[request.type]?.(request) ?? { type: "done" }) };
  }

  test("a host without a cache has one as long as it is in use", async () => {
    const host = counting({ rename: false, modes: false }, {});
    const memory = remembering(host);
    assert.equal(memory.capabilities.cache, true);
    assert.deepEqual(await memory.perform({ type: "cache-read", key: "a", maxBytes: 9 }, context), { type: "cached", found: null });
    assert.deepEqual(await memory.perform({ type: "cache-write", key: "a", ...kept("four") }, context), { type: "done" });
    assert.deepEqual(plain((await memory.perform({ type: "cache-read", key: "a", maxBytes: 4 }, context)).found), plain(kept("four")));
    assert.equal((await memory.perform({ type: "cache-read", key: "a", maxBytes: 3 }, context)).found, null);
    assert.deepEqual(host.asked, []);
  });

  test("what the cache gave once is not asked for again; what it has not is", async () => {
    const host = counting({ cache: true }, { "cache-read": ({ key }) => ({ type: "cached", found: key === "a" ? kept("four") : null }) });
    const memory = remembering(host);
    for (const key of ["a", "a", "b", "b"]) await memory.perform({ type: "cache-read", key, maxBytes: 9 }, context);
    await memory.perform({ type: "cache-write", key: "b", ...kept("b") }, context);
    assert.equal(plain((await memory.perform({ type: "cache-read", key: "b", maxBytes: 9 }, context)).found).text, "b");
    assert.deepEqual(host.asked, ["cache-read", "cache-read", "cache-read", "cache-write"]);
  });

  for (const [name, answer] of [
    ["refuses", () => ({ type: "error", kind: "permission", message: "no" })],
    ["breaks", () => Promise.reject(new Error("broken"))],
  ]) {
    test(`a cache that ${name} is as good as none`, async () => {
      const memory = remembering(counting({ cache: true }, { "cache-read": answer, "cache-write": answer }));
      assert.deepEqual(await memory.perform({ type: "cache-read", key: "a", maxBytes: 9 }, context), { type: "cached", found: null });
      assert.deepEqual(await memory.perform({ type: "cache-write", key: "a", ...kept("four") }, context), { type: "done" });
      assert.notEqual((await memory.perform({ type: "cache-read", key: "a", maxBytes: 9 }, context)).found, null);
    });
  }

  test("what was used longest ago goes first when there is too much", async () => {
    const memory = remembering(counting({}, {}));
    const body = new Uint8Array(20 * 1024 * 1024);
    for (let at = 0; at < 6; at += 1) await memory.perform({ type: "cache-write", key: `${at}`, meta: "", body }, context);
    await memory.perform({ type: "cache-read", key: "0", maxBytes: body.length }, context);
    await memory.perform({ type: "cache-write", key: "6", meta: "", body }, context);
    const there = [];
    for (let at = 0; at < 7; at += 1) {
      if ((await memory.perform({ type: "cache-read", key: `${at}`, maxBytes: body.length }, context)).found !== null) there.push(at);
    }
    assert.deepEqual(there, [0, 2, 3, 4, 5, 6]);
  });

  test("directory registries are read once, until something may have changed them; fetches and projects each time", async () => {
    const host = counting({}, { read: () => ({ type: "bytes", bytes: new Uint8Array() }), list: () => ({ type: "error", kind: "other", message: "no" }) });
    const memory = remembering(host);
    const look = async () => {
      for (const type of ["read", "list", "create"]) {
        for (const where of ["registry:a", "target"]) await memory.perform({ type, root: where, path: "x" }, context);
      }
      await memory.perform({ type: "fetch", url: address }, context);
    };
    await look();
    assert.deepEqual(host.asked.splice(0), ["read", "read", "list", "list", "create", "create", "fetch"]);
    await look();
    assert.deepEqual(host.asked.splice(0), ["read", "list", "list", "create", "create", "fetch"]);
    await memory.anew.perform({ type: "read", root: "registry:a", path: "x" }, context);
    assert.deepEqual(host.asked.splice(0), ["read"]);
    memory.forget();
    await look();
    assert.equal(host.asked.length, 7);
  });
});

describe("packwright cache", { concurrency: 2 }, () => {
  const filled = async () => {
    const directory = scratch();
    const cache = new DiskCache(directory);
    await cache.write(address, kept("four"));
    await cache.write("sha512-abc", kept("an archive", '{"url":"https://packs.example.com/a.tgz"}'));
    // As the core wants something forgotten.
    await cache.write("forgotten", kept("", ""));
    return { directory, env: { PACKWRIGHT_CACHE: directory } };
  };

  for (const name of ["list", "verify", "prune", "clear"]) {
    test(`${name} --help`, async () => golden(assert, `help-cache-${name}`, (await packwright(["cache", name, "--help"])).stdout));
  }

  test("list", async () => {
    const { directory, env } = await filled();
    const { code, stdout } = await packwright(["cache", "list"], { env });
    assert.equal(code, 0);
    assert.match(stdout, /^https:\/\/packs\.example\.com\/index\/web-api\.jsonl  4 B   \d+ seconds?\nhttps:\/\/packs\.example\.com\/a\.tgz +10 B  \d+ seconds?\n$/);
    const document = JSON.parse((await packwright(["cache", "list", "--json"], { env })).stdout);
    assert.equal(document.directory, directory);
    assert.equal(document.bytes, 14);
    assert.deepEqual(document.entries.map(({ key, url, size }) => [key, url, size]), [[address, address, 4], ["sha512-abc", "https://packs.example.com/a.tgz", 10]]);
    assert.ok(Date.now() - Date.parse(document.entries[0].written) < 60_000);
  });

  test("verify finds what is damaged and removes it", async () => {
    const { directory, env } = await filled();
    assert.match((await packwright(["cache", "verify"], { env })).stdout, /: nothing is damaged\n2 entries \(14 B\) left, 0 B freed\n$/);
    const path = [...filesOf(directory)].find(([path, content]) => path.startsWith("content-") && content.length === 4)[0];
    writeFileSync(join(directory, path), "FOUR");
    assert.match((await packwright(["cache", "verify"], { env })).stdout, /: 1 damaged and removed\n1 entry \(10 B\) left, 4 B freed\n$/);
  });

  test("prune and clear", async () => {
    const { directory, env } = await filled();
    const pruned = JSON.parse((await packwright(["cache", "prune", "--json"], { env })).stdout);
    assert.deepEqual(pruned, { directory, kept: 2, bytes: 14, damaged: 0, removed: 1, freed: 0 });
    assert.equal(JSON.parse((await packwright(["cache", "prune", "--older-than", "0", "--json"], { env })).stdout).removed, 2);
    assert.match((await filled(), await packwright(["cache", "clear"], { env })).stdout, /^Removed 0 entries \(0 B\) from the cache in /);
  });

  test("there is nothing yet", async () => {
    const env = { PACKWRIGHT_CACHE: join(scratch(), "none") };
    for (const name of ["list", "verify", "prune", "clear"]) {
      const { code, stderr } = await packwright(["cache", name], { env });
      assert.deepEqual([code, stderr], [0, ""], name);
    }
  });

  test("a file stands where the cache should be: the cache's commands say so", async () => {
    const place = join(scratch(), "file");
    writeFileSync(place, "");
    const { code, stderr } = await packwright(["cache", "verify"], { env: { PACKWRIGHT_CACHE: place } });
    assert.equal(code, 10, stderr);
    assert.match(stderr, /^error\[storage\]: the cache in `.*` cannot be used\n  because /);
  });

  test("an age that is none", async () => {
    const { code, stderr } = await packwright(["cache", "prune", "--older-than", "soon"]);
    assert.equal(code, 64);
    assert.match(stderr, /`--older-than soon` is not a number of days/);
  });
});

test("a cache that cannot be used is no error of a host's user", async () => {
  const place = join(scratch(), "file");
  writeFileSync(place, "");
  const memory = remembering(nodeHost(place));
  const context = { roots: new Map(), signal: new AbortController().signal };
  assert.deepEqual(await memory.perform({ type: "cache-write", key: "a", ...kept("four") }, context), { type: "done" });
  assert.equal((await memory.perform({ type: "cache-read", key: "b", maxBytes: 9 }, context)).found, null);
});

test("a cache that can only be read is read", { skip: process.platform === "win32" && "needs modes" }, async () => {
  const directory = scratch();
  await new DiskCache(directory).write(address, kept("four"));
  const past = new Date(Date.now() - 40 * DAY);
  utimesSync(contentOf(directory), past, past);
  const directories = [directory, ...readdirSync(directory, { recursive: true }).map((path) => join(directory, path))];
  for (const path of directories) if (statSync(path).isDirectory()) chmodSync(path, 0o555);
  const program = `
    const { DiskCache } = await import(${JSON.stringify(pathToFileURL(join(project, "node_modules/packwright/dist/cache.node.js")))});
    const found = await new DiskCache(${JSON.stringify(directory)}).read(${JSON.stringify(address)}, 100);
    process.stdout.write(found.body);`;
  const nobody = root ? ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] : [];
  const [command, ...args] = [...nobody, process.execPath, "--input-type=module", "-e", program];
  assert.equal(execFileSync(command, args, { cwd: "/", encoding: "utf8" }), "four");
  for (const path of directories) chmodSync(path, 0o755);
});
