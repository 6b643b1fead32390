// What an npm registry can answer besides what Verdaccio does, to readers and to who publishes.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { describe, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { cli } from "../package/installed.mjs";
import { archive, archivePath, index, integrity, npmArchive, source, write } from "./archives.mjs";
import { person } from "./person.mjs";
import * as server from "./server.mjs";

const bytes = npmArchive(source("web-api", "1.0.0"));

/** The packument of `web-api`; `versions` changes those it has. */
function packument(origin, versions = (found) => found) {
  const dist = { tarball: `${origin}/web-api/-/web-api-1.0.0.tgz`, integrity: integrity(bytes, "sha512") };
  const all = versions({ "1.0.0": { name: "web-api", version: "1.0.0", packwright: { v: 1, dependencies: [], packages: [] }, dist } });
  return JSON.stringify({ name: "web-api", "dist-tags": { latest: "1.0.0" }, versions: all });
}

/** A registry with `web-api` in it, and somebody who uses it and has a token. */
async function start(context) {
  const served = await server.start(context, server.status(404, '{"error":"not found"}'));
  served.on("/web-api", server.ok(packument(served.origin)));
  served.on("/web-api/-/web-api-1.0.0.tgz", server.ok(bytes));
  const somebody = person({ config: `[registries.npm]\nurl = "npm+${served.url}"\n\n[tokens]\n"${served.url}" = "s3cr3t"\n` });
  const puts = () => served.requests.filter(({ method }) => method === "PUT");
  return { served, somebody, puts };
}

const generate = ["generate", "web-api", "--name", "demo", "--yes"];

describe("an npm registry", { concurrency: 6 }, () => {
  for (const [name, answer, exit, code, times] of [
    ["401", server.status(401), 9, "unauthorized", 1],
    ["403", server.status(403), 9, "unauthorized", 1],
    ["404", server.status(404), 1, "pack-not-found", 1],
    ["503", server.status(503), 9, "network", 3],
    ["a login page", server.page, 9, "bad-response", 1],
    ["nothing", server.ok(""), 9, "bad-response", 1],
    ["half a packument", server.ok('{"name":"web-api","versions":{'), 11, "invalid-registry", 1],
    ["something else", server.ok('{"name":"web-ape","versions":{}}'), 11, "invalid-registry", 1],
    ["no versions", server.ok('{"name":"web-api","versions":{}}'), 1, "pack-not-found", 1],
    ["a packument without end", server.endless({ "content-type": "application/json" }), 9, "bad-response", 1],
  ]) {
    test(`that says ${name} of a pack`, async (t) => {
      const { served, somebody } = await start(t);
      served.on("/web-api", answer);
      await somebody.fails(generate, exit, code, ["web-api"]);
      assert.equal(served.asked("/web-api").length, times);
      assert.deepEqual([...somebody.written().keys()], []);
    });
  }

  test("has packages that are no packs, which is said", async (t) => {
    const { served, somebody } = await start(t);
    served.on("/web-api", server.ok(packument(served.origin, ({ "1.0.0": { packwright, ...plain } }) => ({ "1.0.0": plain }))));
    await somebody.fails(generate, 1, "pack-not-found", ["web-api"]);
  });

  test("has versions that are broken beside good ones, which are used", async (t) => {
    const { served, somebody } = await start(t);
    const more = { "2.0.0": { name: "web-api", version: "2.0.0" }, "not a version": {}, "3.0.0": null, "4.0.0": { name: "web-api", version: "4.0.0", packwright: { v: 99 }, dist: {} } };
    served.on("/web-api", server.ok(packument(served.origin, (good) => ({ ...good, ...more }))));
    const { packs } = await somebody.generate(["web-api"]);
    assert.deepEqual(packs.map(({ version }) => version), ["1.0.0"]);
  });

  test("that cannot be searched is still good for packs named", async (t) => {
    const { somebody } = await start(t);
    await somebody.fails(["list"], 9, "bad-response", ["searched"]);
    await somebody.generate(["web-api"]);
  });

  for (const [name, answer, exit, code] of [
    ["a login page", server.page, 9, "bad-response"],
    ["401", server.status(401), 9, "unauthorized"],
    ["other JSON", server.ok("[]"), 11, "invalid-registry"],
  ]) {
    test(`that says ${name} to a search`, async (t) => {
      const served = await server.start(t, answer);
      await person().fails(["list", "--registry", `npm+${served.url}`], exit, code);
    });
  }

  test("below a path is asked below it", async (t) => {
    const served = await server.start(t);
    served.on("/api/npm/team/web-api", server.ok(packument(served.origin)));
    served.on("/web-api/-/web-api-1.0.0.tgz", server.ok(bytes));
    for (const location of [`npm+${served.url}api/npm/team`, `npm+${served.url}api/npm/team/`]) {
      await person().json([...generate, "--registry", location]);
    }
  });

  test("is signed in to in each way that .npmrc has", async (t) => {
    const { served } = await start(t);
    const place = served.url.replace("http:", "");
    const basic = Buffer.from("me:secret").toString("base64");
    for (const [lines, header] of [
      [`${place}:_authToken=abc`, "Bearer abc"],
      [`${place}:_auth=${basic}`, `Basic ${basic}`],
      [`${place}:username=me\n${place}:_password=${Buffer.from("secret").toString("base64")}`, `Basic ${basic}`],
    ]) {
      served.forget();
      await person({ npmrc: `${lines}\n` }).json([...generate, "--registry", `npm+${served.url}`]);
      assert.ok(served.requests.every(({ headers }) => headers.authorization === header), lines);
    }
  });
});

describe("what a registry says is text", { concurrency: 4 }, () => {
  const escape = "\u001b]0;title\u0007\u001b[31mred\u001b[0m\u202e\r\n\u0000";
  const raw = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/;

  test("and never steers the terminal", async (t) => {
    const { served, somebody } = await start(t);
    served.on("/web-api", server.ok(packument(served.origin, ({ "1.0.0": good }) => ({ "1.0.0": { ...good, deprecated: `old ${escape}` } }))));
    const found = { name: "web-api", version: "1.0.0", description: `good ${escape}`, keywords: ["packwright-pack", `tag${escape}`], license: `MIT${escape}` };
    served.on("/-/v1/search?text=keywords:packwright-pack&size=250&from=0", server.ok(JSON.stringify({ objects: [{ package: found }], total: 1 })));
    const said = [await somebody.run(["list"]), await somebody.run(["show", "web-api"]), await somebody.run(generate)];
    assert.deepEqual(said.map(({ code }) => code), [0, 0, 0], JSON.stringify(said));
    assert.ok(said[0].stdout.includes("good") && said[1].stdout.includes("old") && said[2].stderr.includes("old"), JSON.stringify(said));
    const catalog = { v: 1, packs: [{ name: "web-api", version: "1.0.0", description: escape, category: "library", license: escape, tags: [escape] }] };
    const other = await server.start(t, server.files((path) => new Map([...index([["web-api", "1.0.0"]]), ["catalog.json", JSON.stringify(catalog)]]).get(path)));
    said.push(await somebody.run(["list", "--registry", other.url]));
    for (const [status, body] of [[400, `{"error":${JSON.stringify(escape)}}`], [500, escape], [200, escape], [200, `{"name":${JSON.stringify(escape)}}`]]) {
      served.on("/web-api", server.status(status, body));
      said.push(await somebody.run(["show", "web-api", "--refresh"]), await somebody.run(["show", "web-api", "--refresh", "--json"]));
    }
    for (const location of [`/${escape.replaceAll(/[\r\n\0\u202e]/g, "")}`, "http://x/\u009b31m"]) {
      served.on("/web-api", (_, response) => response.socket.end(`HTTP/1.1 302 Found\r\nlocation: ${location}\r\ncontent-length: 0\r\n\r\n`, "latin1"));
      said.push(await somebody.run(["show", "web-api", "--refresh"]));
    }
    for (const { stdout, stderr } of said) assert.doesNotMatch((stdout + stderr).replaceAll("\n", ""), raw);
  });
});

describe("publishing to it", { concurrency: 6 }, () => {
  const created = server.status(201, '{"ok":"created"}');

  /** Publishes 2.0.0 to a server that answers a PUT so, and a GET as it should. */
  async function publishing(t, ...answers) {
    const { served, somebody, puts } = await start(t);
    const get = server.ok(packument(served.origin));
    served.on("/web-api", (request, response) => (request.method === "PUT" ? (answers.length > 1 ? answers.shift() : answers[0]) : get)(request, response));
    served.on("/web-api?write=true", get);
    write(join(somebody.cwd, "src"), source("web-api", "2.0.0"));
    return { served, somebody, puts, publish: ["publish", "src", "--yes"] };
  }

  test("sends one document, with a token and the archive that was shown", async (t) => {
    const { somebody, puts, publish } = await publishing(t, created);
    const { publication } = await somebody.json(publish);
    const [{ path, headers, body }] = puts();
    assert.deepEqual([puts().length, path, headers.authorization, headers["content-type"]], [1, "/web-api", "Bearer s3cr3t", "application/json"]);
    const document = JSON.parse(body);
    const { data, length } = document._attachments["web-api-2.0.0.tgz"];
    const sent = Buffer.from(data, "base64");
    assert.equal(sent.length, length);
    assert.deepEqual([integrity(sent, "sha512"), sent.length], [publication.integrity, publication.size]);
    assert.equal(document.versions["2.0.0"].dist.integrity, publication.integrity);
  });

  for (const [name, answer, exit, code, times] of [
    ["400", server.status(400, '{"error":"bad data"}'), 9, "bad-response", 1],
    ["401", server.status(401), 9, "unauthorized", 1],
    ["403, as npm says that it is there", server.status(403, '{"error":"You cannot publish over the previously published versions: 2.0.0."}'), 9, "unauthorized", 1],
    ["409", server.status(409), 13, "already-published", 1],
    ["413", server.status(413), 9, "bad-response", 1],
    ["500", server.status(500), 9, "network", 1],
    ["503", server.status(503), 9, "network", 3],
    ["429", server.status(429, "", { "retry-after": "0" }), 9, "network", 3],
    ["a broken connection", server.reset, 9, "network", 1],
    ["a redirect", server.redirect(307, "/elsewhere"), 9, "bad-response", 1],
  ]) {
    test(`that is answered with ${name}`, async (t) => {
      const { somebody, puts, publish } = await publishing(t, answer);
      const said = await somebody.fails(publish, exit, code, ["web-api"]);
      assert.equal(puts().length, times);
      if (name.startsWith("403")) assert.ok(said.includes("previously published"), said);
      if (name === "400") assert.ok(said.includes("bad data"), said);
      if (name === "a broken connection") assert.ok(said.includes("arrived"), said);
    });
  }

  test("is tried again when the server is busy", async (t) => {
    const { somebody, puts, publish } = await publishing(t, server.status(503), server.status(429, "", { "retry-after": "1" }), created);
    await somebody.json(publish);
    assert.equal(puts().length, 3);
    const [first, second, third] = puts().map(({ at }) => at);
    assert.ok(second - first >= 245 && third - second >= 995, `${second - first}, ${third - second}`);
  });

  test("does not happen offline", async (t) => {
    const { somebody, served, publish } = await publishing(t, created);
    somebody.put("packwright.toml", "[network]\noffline = true\n");
    const { code, stderr } = await somebody.run(publish);
    assert.equal(code, 9, stderr);
    assert.ok(stderr.includes("offline"), stderr);
    assert.equal(served.requests.length, 0);
  });

  test("asks caches on the way to stand aside before it writes", async (t) => {
    const { somebody, served, puts, publish } = await publishing(t, created);
    await somebody.json(publish);
    await somebody.json(["yank", "web-api@1.0.0"]);
    const gets = served.requests.filter(({ method, path }) => method === "GET" && path.startsWith("/web-api") && !path.endsWith(".tgz"));
    assert.ok(gets.length >= 2);
    for (const { path, headers } of gets) assert.ok(headers["cache-control"] !== undefined, `${path}: ${JSON.stringify(headers)}`);
    const document = JSON.parse(puts().at(-1).body);
    assert.equal(typeof document.versions["1.0.0"].deprecated, "string");
  });
});

describe("Ctrl-C", { concurrency: 4 }, () => {
  const registry = index([["web-api", "1.0.0"]]);
  const places = { index: "/index/web-api.jsonl", archive: `/${archivePath("web-api", "1.0.0", archive(source("web-api", "1.0.0")))}` };

  for (const [name, place, answer] of [
    ["while a server is silent", places.index, server.silence],
    ["while a server sends slowly", places.archive, server.stalled(Buffer.alloc(1000), 10)],
    ["while a server wants to be left alone", places.index, server.status(429, "", { "retry-after": "30" })],
  ]) {
    for (const [signal, status] of [["SIGINT", 130], ["SIGKILL", null]]) {
      test(`${signal} ${name} ends at once and leaves nothing behind`, async (t) => {
        const served = await server.start(t, server.files((path) => registry.get(path)));
        served.on(place, answer);
        const somebody = person();
        const child = spawn(cli, [...generate, "--registry", served.url], { cwd: somebody.cwd, env: { ...process.env, ...somebody.env } });
        while (served.asked(place).length === 0) await pause(20);
        await pause(200);
        const started = Date.now();
        child.kill(signal);
        const [code] = await once(child, "exit");
        assert.equal(code, status);
        assert.ok(Date.now() - started < 10_000);
        assert.deepEqual([...somebody.written().keys()], []);
        served.on(place, server.ok(registry.get(place.slice(1))));
        assert.equal((await somebody.run(["cache", "verify"])).code, 0);
        await somebody.json([...generate, "--registry", served.url]);
      });
    }
  }
});
