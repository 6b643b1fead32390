// The hostile answers, archives and addresses of the shared corpus, over a real connection. Without the corpus they are skipped.
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { root } from "../package/installed.mjs";
import { archive, archivePath, index, integrity, line, source, write } from "./archives.mjs";
import { person } from "./person.mjs";
import * as server from "./server.mjs";

const corpus = join(root, "../shared/corpora/hostile/hostile.json");
const skip = existsSync(corpus) ? false : "the corpus hostile/hostile.json is not there";
const cases = skip ? [] : JSON.parse(readFileSync(corpus, "utf8")).cases;
const ofKind = (kind) => cases.filter((found) => found.kind === kind);

const rows = [["p", "1.0.0"]];
const bytes = archive(source(...rows[0]));

/** The code each answer leads to, and how often it is asked for. */
const answers = {
  "res-html-200": ["bad-response", 1],
  "res-empty-200": ["bad-response", 1],
  "res-tarball-offsite": ["invalid-registry", 1],
  "res-sha1-only": ["invalid-registry", 1],
  "res-redirect-loop": ["bad-response", 11],
  "res-content-encoding": ["invalid-archive", 2],
  "res-short-body": ["invalid-archive", 2],
};

describe("answers", { skip, concurrency: 4 }, () => {
  for (const { id, input, expected } of ofKind("response")) {
    test(id, async (t) => {
      const files = index(rows);
      const served = await server.start(t, server.files((path) => files.get(path)));
      const somebody = person({ config: `[registries.npm]\nurl = "npm+${served.url}npm/"\nscopes = []\n` });
      const place = { index: "/index/p.jsonl", archive: `/${archivePath("p", "1.0.0", bytes)}`, "npm-packument": "/npm/p" }[input.for];
      const body = { "<tgz bytes>": bytes, "<first 100 of 292 bytes, clean end>": bytes.subarray(0, 100) }[input.body] ?? input.body;
      const headers = Object.fromEntries(Object.entries(input.headers).map(([name, value]) => [name, value === "<same>" ? place : value]));
      const short = headers["transfer-encoding"] !== undefined;
      // Its own line is in another project's format; what counts is the line after it.
      const told = id === "res-future-v" ? `${line("p", "1.0.0", bytes)}${body.split("\n")[1]}\n` : body;
      served.on(place, short ? (_, response) => response.writeHead(200, headers).end(told) : server.status(input.status, told, headers));
      write(join(somebody.cwd, "packs/user"), source("user", "1.0.0", { packages: { p: { version: "^1", registry: "npm" } } }));
      const args = input.for === "npm-packument" ? ["user", "--registry", "packs"] : ["p", "--registry", served.url];
      const { code, stdout, stderr } = await somebody.run(["generate", ...args, "--name", "demo", "--yes"]);
      if (expected.verdict === "accept") return assert.equal(code, 0, stderr);
      assert.notEqual(code, 0, stdout);
      assert.ok(stderr.startsWith(`error[${answers[id][0]}]: `), stderr);
      assert.equal(served.asked(place).length, answers[id][1]);
      assert.ok(!somebody.written().has("demo/packwright.lock"));
    });
  }
});

describe("archives", { skip, concurrency: 4 }, () => {
  // What is in them says nothing of a pack, so that those with good paths are refused later, for their manifest.
  const later = ["arc-ok", "arc-setuid", "arc-empty", "arc-reserved-marker"];
  for (const { id, input } of ofKind("archive").filter(({ input }) => input.tgz_b64)) {
    test(id, async (t) => {
      const archived = Buffer.from(input.tgz_b64, "base64");
      assert.equal(integrity(archived, "sha512"), input.integrity);
      const served = await server.start(t);
      const dist = { tarball: `${served.url}p.tgz`, integrity: input.integrity };
      served.on("/p", server.ok(JSON.stringify({ name: "p", versions: { "1.0.0": { name: "p", version: "1.0.0", packwright: { v: 1, dependencies: [], packages: [] }, dist } } })));
      served.on("/p.tgz", server.ok(archived));
      const somebody = person();
      const { code, stdout, stderr } = await somebody.run(["generate", "p", "--name", "demo", "--yes", "--registry", `npm+${served.url}`]);
      assert.notEqual(code, 0, stdout);
      assert.match(stderr, later.includes(id) ? /^error\[(invalid-manifest|file-not-found|invalid-archive|invalid-path)\]/ : /^error\[invalid-archive\]/);
      assert.equal(served.asked("/p.tgz").length, 1);
      assert.deepEqual([...somebody.written().keys()], []);
      assert.ok(!existsSync("/tmp/evil.txt"));
    });
  }
});

describe("names", { skip, concurrency: 4 }, () => {
  for (const { id, input, expected } of ofKind("name")) {
    test(id, async (t) => {
      const good = index([["user", "1.0.0"]]);
      const needs = (name) => ({ dependencies: [{ name, constraint: "^1", optional: false }] });
      const bytes = archive(source("user", "1.0.0"));
      const served = await server.start(t, server.files((path) => good.get(path)));
      served.on("/index/user.jsonl", server.ok(line("user", "1.0.0", bytes, needs(input))));
      const found = { name: input, version: "1.0.0", keywords: ["packwright-pack"] };
      for (const text of ["keywords:packwright-pack", ""]) {
        served.on(`/-/v1/search?text=${text}&size=250&from=0`, server.ok(JSON.stringify({ objects: [{ package: found }] })));
      }
      const somebody = person();
      const { packs } = await somebody.json(["list", "--registry", `npm+${served.url}`]);
      const options = ["--registry", served.url];
      const told = [await somebody.run(["show", input, ...options]), await somebody.run(["generate", "user", "--name", "demo", "--yes", ...options])];
      if (expected.verdict === "accept") return assert.deepEqual(packs.map(({ name }) => name), [input]);
      assert.deepEqual(packs, []);
      for (const { code, stderr } of told) assert.ok([11, 64].includes(code), stderr);
      const asked = served.requests.map(({ path }) => path.split("?")[0]);
      assert.deepEqual(asked.filter((path) => !["/-/v1/search", "/config.json", "/index/user.jsonl"].includes(path)), []);
    });
  }
});

describe("addresses", { skip, concurrency: 4 }, () => {
  for (const { id, input } of ofKind("url")) {
    test(id, async () => {
      const somebody = person({ config: `[tokens]\n"${input.trusted}" = "s3cr3t"\n` });
      const { code, stdout, stderr } = await somebody.run(["config", "--json", "--registry", input.url]);
      assert.ok(!(stdout + stderr).includes("s3cr3t"));
      if (code === 0) assert.deepEqual(JSON.parse(stdout).registries.map(({ token }) => token), [false]);
      else assert.equal(code, 11, stdout);
    });
  }
});
