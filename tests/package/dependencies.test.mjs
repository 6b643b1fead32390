// Resolving as its users meet it: what depends on what and why, the flags that choose versions, what the lockfile holds, and the universes
// in which a resolver drowns.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { describe, test } from "node:test";
import { pathToFileURL } from "node:url";
import { cli, filesOf, golden, packwright, project, scratch, timestamp } from "./installed.mjs";
import { files, serve } from "./serve.mjs";
import { converse, keys, noTerminal } from "./terminal.mjs";
import { inMemory, pigeons, universe } from "./universe.mjs";

const installed = createRequire(join(project, "index.js"));
const { open, PackwrightError } = await import(pathToFileURL(installed.resolve("packwright")));

const shop = universe(
  {
    "app@1.0.0": ["web@^1", "?tests@^1", "shop:express@^4.18"],
    "app@1.1.0": ["web@^1.1", "?tests@^1", "shop:express@^4.18"],
    "web@1.0.0": ["base@^1"],
    "web@1.1.0": ["base@^1"],
    "web@1.2.0": ["base@^1"],
    "web@2.0.0-rc.1": ["base@^1"],
    "base@1.0.0": [],
    "base@1.1.0": [],
    "express@4.18.2": [],
    "express@4.19.0": [],
    "express@5.0.0": [],
    "tests@1.0.0": ["base@^1.0", "shop:express@<4.19"],
    "old@1.0.0": ["base@^0.9 || <0.5"],
    "older@1.0.0": ["web@~1.0.0"],
    "ring@1.0.0": ["link@^1"],
    "link@1.0.0": ["ring@^1"],
  },
  ["web@1.2.0"],
);

/** Puts an index into a directory, and gives the flag that names it. */
function registry(index, name = "shop") {
  const directory = scratch("index");
  for (const [path, content] of index) {
    mkdirSync(dirname(join(directory, path)), { recursive: true });
    writeFileSync(join(directory, path), content);
  }
  return ["--registry", `${name}=${directory}`];
}

const inShop = registry(shop);

function opened(index) {
  return open({ registry: { id: "shop", directory: "anywhere" }, host: inMemory(index) });
}

describe("packwright dependencies", { concurrency: 4 }, () => {
  for (const [name, args] of [
    ["tree", ["app"]],
    ["tree-of-several", ["app", "web@~1.0"]],
    ["with", ["app", "--with", "tests"]],
    ["depth", ["app", "--depth", "1"]],
    ["invert", ["app", "--invert", "base"]],
    ["why", ["app", "--why", "web"]],
    ["why-package", ["app", "--with", "tests", "--why", "express"]],
    ["mermaid", ["app", "--format", "mermaid"]],
    ["dot", ["app", "--format", "dot"]],
    ["lowest", ["app", "--resolution", "lowest"]],
    ["lowest-direct", ["app", "--resolution", "lowest-direct"]],
    ["prerelease", ["web@>1", "--prerelease", "web"]],
    ["override", ["app", "--override", "base@=1.0.0", "--override", "shop:express@^5"]],
  ]) {
    test(`packwright dependencies ${args.join(" ")}`, async () => {
      const { code, stdout, stderr } = await packwright(["dependencies", ...args, ...inShop]);
      assert.equal(code, 0, stderr);
      assert.equal(stderr, "");
      golden(assert, `dependencies-${name}`, stdout);
    });
  }

  test("--json has the whole outcome", async () => {
    const { code, stdout, stderr } = await packwright(["dependencies", "app", "--why", "web", "--json", ...inShop]);
    assert.equal(code, 0, stdout);
    assert.equal(stderr, "");
    const outcome = JSON.parse(stdout);
    assert.deepEqual(Object.keys(outcome).sort(), ["changes", "packages", "packs", "reason", "text", "warnings"]);
    assert.deepEqual(outcome.packs.map(({ identity, version, level }) => [identity, version, level]), [["base", "1.1.0", 0], ["web", "1.1.0", 1], ["app", "1.1.0", 2]]);
    assert.deepEqual(outcome.packages.map(({ identity, version }) => [identity, version]), [["shop:express", "4.19.0"]]);
    const { identity, requiredBy, path, passedOver } = outcome.reason;
    assert.deepEqual([identity, path], ["web", ["app@1.1.0"]]);
    assert.deepEqual(requiredBy.map(({ by, constraint }) => [by, constraint]), [["app@1.1.0", "^1.1"]]);
    assert.deepEqual(passedOver.map(({ version, hindrance }) => [version, hindrance]), [["2.0.0-rc.1", "excluded"], ["1.2.0", "yanked"]]);
  });

  test("a package without its registry is a warning beside the text", async () => {
    const { code, stdout, stderr } = await packwright(["dependencies", "app", ...registry(shop, "other")]);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^app 1\.1\.0\n/);
    assert.match(stderr, /^warning\[unpinned-package\]: .*express/);
    assert.ok(!stdout.includes("warning"));
  });

  test("so is an override of nothing", async () => {
    const { code, stdout, stderr } = await packwright(["dependencies", "app", "--override", "tests@^1", ...inShop]);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^app 1\.1\.0\n/);
    assert.match(stderr, /^warning\[.*\]: nothing that was chosen requires `tests`/);
  });

  test("the starter packs", async () => {
    const { code, stdout, stderr } = await packwright(["dependencies", "rust-cli", "github-ci"]);
    assert.equal(code, 0, stderr);
    golden(assert, "dependencies-starter", stdout);
  });

  test("on a terminal branches are dim, and NO_COLOR is honoured", { skip: noTerminal }, async () => {
    const args = ["dependencies", "app", ...inShop];
    const coloured = await converse(cli, args, { env: { NO_COLOR: undefined } }).end();
    assert.ok(coloured.output.includes("\x1b[2m"), coloured.output);
    const plain = await converse(cli, args, { env: { NO_COLOR: "1" } }).end();
    assert.ok(!plain.output.includes("\x1b["), plain.output);
    assert.equal(plain.text, (await packwright(args)).stdout);
  });
});

describe("what does not go together", { concurrency: 4 }, () => {
  for (const [name, exit, code, args] of [
    ["a clash below", 5, "conflict", ["app@^1.1", "older"]],
    ["a clash of the user's own", 5, "conflict", ["web@^1", "web@^2"]],
    ["only yanked versions", 5, "conflict", ["web@=1.2.0"]],
    ["only pre-releases", 5, "conflict", ["web@^2"]],
    ["nothing old enough", 5, "conflict", ["old"]],
    ["a ring of two", 4, "cycle", ["ring"]],
    ["an unknown name", 1, "pack-not-found", ["wob"]],
    ["an unknown name to explain", 1, "pack-not-found", ["app", "--why", "wob"]],
    ["an override without a constraint", 11, "invalid-constraint", ["app", "--override", "web"]],
    ["a pre-release of what is not asked for", 11, "invalid-input", ["app", "--prerelease", "web"]],
    ["an update without a lockfile", 11, "invalid-input", ["app", "--update", "web"]],
    ["locked without a lockfile", 1, "file-not-found", ["app", "--locked"]],
    ["no packs and no lockfile", 64, "usage", []],
    ["a depth that is none", 64, "usage", ["app", "--depth", "deep"]],
    ["a format that is none", 64, "usage", ["app", "--format", "dott"]],
    ["a reason drawn as a graph", 64, "usage", ["app", "--why", "web", "--format", "dot"]],
    ["a graph turned around", 64, "usage", ["app", "--invert", "web", "--format", "dot"]],
    ["a resolution that is none", 64, "usage", ["app", "--resolution", "newest"]],
  ]) {
    test(name, async () => {
      const cwd = scratch();
      const { code: status, stdout, stderr } = await packwright(["dependencies", ...args, ...inShop], { cwd });
      assert.equal(stdout, "");
      assert.ok(stderr.startsWith(`error[${code}]: `), stderr);
      assert.equal(status, exit, stderr);
      golden(assert, `resolve-${name.replaceAll(" ", "-").replaceAll("'", "")}`, stderr);
    });
  }

  test("a conflict as data", async () => {
    const { code, stdout, stderr } = await packwright(["dependencies", "app@^1.1", "older", "--json", ...inShop]);
    assert.equal(code, 5);
    assert.equal(stderr, "");
    const [{ details, suggestion }] = JSON.parse(stdout).error.diagnostics;
    assert.deepEqual(details.facts.map(({ dependent, target, constraints }) => [dependent, target, constraints]).sort(), [
      [null, "app", ["^1.1"]],
      [null, "older", ["*"]],
      ["app", "web", ["^1.1"]],
      ["older", "web", ["~1.0.0"]],
    ]);
    assert.deepEqual(details.supplies.find(({ identity }) => identity === "web").yanked, ["1.2.0"]);
    assert.deepEqual(details.fixes, [{ type: "ask", name: "app", constraint: "^1.0.0" }]);
    assert.equal(suggestion, "ask for `app@^1.0.0`");
  });

  test("a ring as data", async () => {
    const { stdout } = await packwright(["dependencies", "ring", "--json", ...inShop]);
    const [{ details }] = JSON.parse(stdout).error.diagnostics;
    assert.deepEqual(details.map(({ name }) => name).sort(), ["link", "ring"]);
  });
});

/** A registry that can be generated from, to which versions can be added. */
class Growing {
  directory = scratch("growing");
  #sources = scratch("sources");
  flags = ["--registry", `shop=${this.directory}`];

  /** Publishes a pack with one file that says its version. */
  async publish(name, version, requirements = "") {
    const source = join(this.#sources, name);
    mkdirSync(source, { recursive: true });
    const template = `[[templates]]\nname = "it"\nsource = "it.txt"\noutput = "${name}.txt"\n`;
    writeFileSync(join(source, "pack.toml"), `[pack]\nformat = 1\nname = "${name}"\nversion = "${version}"\n${requirements}\n${template}`);
    writeFileSync(join(source, "it.txt"), `${name} ${version}\n`);
    for (const [path, content] of await (await open()).buildRegistry(this.#sources)) {
      const target = join(this.directory, path);
      mkdirSync(dirname(target), { recursive: true });
      const known = path.startsWith("index/") ? this.#lines(target) : new Set();
      for (const line of path.startsWith("index/") ? new TextDecoder().decode(content).split("\n") : []) known.add(line);
      writeFileSync(target, path.startsWith("index/") ? `${[...known].filter(Boolean).join("\n")}\n` : content);
    }
  }

  #lines(path) {
    try {
      return new Set(readFileSync(path, "utf8").split("\n"));
    } catch {
      return new Set();
    }
  }
}

/** `app` on `lib` and the package `tool`, generated once; then newer versions of all three appear. */
async function grown() {
  const shop = new Growing();
  const needs = '[dependencies]\nlib = "^1"\n[packages]\ntool = { version = "^1", registry = "shop" }';
  await shop.publish("lib", "1.0.0");
  await shop.publish("tool", "1.0.0");
  await shop.publish("app", "1.0.0", needs);
  const cwd = scratch();
  const args = ["-o", "demo", "--timestamp", timestamp, ...shop.flags];
  const first = await packwright(["generate", "app", ...args], { cwd });
  assert.equal(first.code, 0, first.stderr);
  assert.ok(!first.stdout.includes("packwright.lock:"), "without a lockfile there is nothing to differ from");
  await shop.publish("lib", "1.1.0");
  await shop.publish("tool", "1.2.0");
  await shop.publish("app", "1.0.1", needs);
  return { shop, cwd, run: (...more) => packwright([...more, ...args], { cwd }), resolve: (...more) => packwright(["dependencies", ...more, "-o", "demo", ...shop.flags], { cwd }) };
}

describe("the lockfile", { concurrency: 2 }, () => {
  test("holds everything until it may move; then what moved is said", async () => {
    const { cwd, run } = await grown();
    const before = filesOf(cwd);
    const again = await run("generate", "app");
    assert.equal(again.stdout, "Nothing to do: demo is as the packs make it\n", again.stderr);
    assert.equal((await run("generate", "--locked")).code, 0);
    assert.deepEqual(filesOf(cwd), before);

    const dry = await run("generate", "--update", "lib", "--dry-run");
    assert.match(dry.stdout, /\nAgainst packwright\.lock:\n {2}~ lib 1\.0\.0 -> 1\.1\.0\n/);
    const moved = await run("generate", "--update", "lib", "--update", "shop:tool", "--force");
    assert.equal(moved.code, 0, moved.stderr);
    assert.match(moved.stdout, /Against packwright\.lock:\n {2}~ lib 1\.0\.0 -> 1\.1\.0\n {2}~ shop:tool 1\.0\.0 -> 1\.2\.0\n$/);
    assert.equal(readFileSync(join(cwd, "demo/lib.txt"), "utf8"), "lib 1.1.0\n");
    assert.match(readFileSync(join(cwd, "demo/packwright.lock"), "utf8"), /tool/);
    assert.equal((await run("generate", "--locked", "--check")).code, 0);
  });

  test("a person sees what moves before it does, once", { skip: noTerminal }, async () => {
    const { cwd, shop } = await grown();
    const args = ["generate", "--update", "lib", "-o", "demo", "--force", "--timestamp", timestamp, ...shop.flags];
    const person = converse(cli, args, { cwd, env: { PACKWRIGHT_REGISTRY: "" } });
    await person.see("~ lib 1.0.0 -> 1.1.0");
    await person.see("to demo?");
    person.type(keys.enter);
    const { code, text } = await person.end();
    assert.equal(code, 0, text);
    assert.equal(text.split("~ lib 1").length, 2, text);
    assert.equal(readFileSync(join(cwd, "demo/lib.txt"), "utf8"), "lib 1.1.0\n");
  });

  test("--json carries packages and changes", async () => {
    const { run } = await grown();
    const { packs, packages, changes } = JSON.parse((await run("generate", "--update", "app", "--json", "--dry-run")).stdout);
    assert.deepEqual(packs.map(({ identity, version, locked }) => [identity, version, locked]), [["lib", "1.0.0", true], ["app", "1.0.1", false]]);
    assert.deepEqual(packages.map(({ identity, version }) => [identity, version]), [["shop:tool", "1.0.0"]]);
    assert.deepEqual(changes, [{ identity: "app", from: "1.0.0", to: "1.0.1" }]);
  });

  test("--locked fails with the difference and writes nothing", async () => {
    const { cwd, run } = await grown();
    const before = filesOf(cwd);
    const { code, stdout, stderr } = await run("generate", "app@^1.0.1", "--locked");
    assert.equal(code, 13, stderr);
    assert.equal(stdout, "");
    golden(assert, "locked-differs", stderr);
    assert.deepEqual(filesOf(cwd), before);
  });

  test("dependencies without packs are those of the lockfile", async () => {
    const { cwd, resolve, shop } = await grown();
    assert.match((await resolve()).stdout, /^app 1\.0\.0\n.*lib 1\.0\.0/s);
    const here = await packwright(["dependencies", ...shop.flags], { cwd: join(cwd, "demo") });
    assert.equal(here.stdout, (await resolve()).stdout, here.stderr);
    const moved = await resolve("--update", "lib");
    golden(assert, "dependencies-update", moved.stdout);
    const why = await resolve("--why", "lib");
    golden(assert, "dependencies-why-locked", why.stdout);
    const unknown = await resolve("--update", "lob");
    assert.equal(unknown.code, 11);
    assert.match(unknown.stderr, /did you mean `lib`/);
  });

  test("through the programming interface", async () => {
    const { cwd, shop } = await grown();
    const pw = await open({ registry: { id: "shop", directory: shop.directory } });
    const directory = join(cwd, "demo");
    const held = await pw.dependencies({ packs: [], directory, locked: true });
    assert.deepEqual(held.changes, []);
    const moved = await pw.dependencies({ packs: [], directory, update: ["lib"] });
    assert.deepEqual(moved.changes, [{ identity: "lib", from: "1.0.0", to: "1.1.0" }]);
    await assert.rejects(pw.dependencies({ packs: ["app@^1.0.1"], directory, locked: true }), (error) => {
      assert.deepEqual([error.code, error.exitCode], ["out-of-date", 13]);
      assert.equal(error.diagnostics[0].frame, "~ app 1.0.0 -> 1.0.1\n- asked for app@*\n+ asked for app@^1.0.1");
      return true;
    });
    const { packages, changes } = await pw.generate({ packs: [], directory, update: ["shop:tool"], timestamp });
    assert.deepEqual(packages.map(({ name, version }) => [name, version]), [["tool", "1.2.0"]]);
    assert.deepEqual(changes, [{ identity: "shop:tool", from: "1.0.0", to: "1.2.0" }]);
  });
});

describe("the programming interface", () => {
  const versions = ({ packs, packages }) => Object.fromEntries([...packs, ...packages].map(({ identity, version }) => [identity, version]));

  test("dependencies", async () => {
    const pw = await opened(shop);
    const { packs, packages, changes, reason, text, warnings } = await pw.dependencies({ packs: ["app"], with: ["tests"] });
    assert.deepEqual(versions({ packs, packages }), { app: "1.1.0", base: "1.1.0", tests: "1.0.0", web: "1.1.0", "shop:express": "4.18.2" });
    assert.deepEqual([changes, reason, warnings], [[], null, []]);
    assert.match(text, /^app 1\.1\.0\n/);
    assert.match((await pw.dependencies({ packs: ["app"], format: "dot" })).text, /^digraph/);
    assert.match((await pw.dependencies({ packs: ["app"], format: "mermaid" })).text, /^(flowchart|graph)/);
    assert.equal((await pw.dependencies({ packs: ["app"], depth: 0 })).text, "app 1.1.0\n");
    assert.equal((await pw.dependencies({ packs: ["app"], why: "base" })).reason.version, "1.1.0");
  });

  test("strategies, pre-releases and overrides, alike for questions and generate", async () => {
    const pw = await opened(shop);
    assert.deepEqual(versions(await pw.dependencies({ packs: ["app"], strategy: "lowest" })), { app: "1.0.0", base: "1.0.0", web: "1.0.0", "shop:express": "4.18.2" });
    const options = { packs: ["web@>1"], prereleases: ["web"], overrides: ["base@=1.0.0"] };
    assert.deepEqual(versions(await pw.dependencies(options)), { base: "1.0.0", web: "2.0.0-rc.1" });
    await assert.rejects(pw.dependencies({ ...options, overrides: ["base"] }), { code: "invalid-constraint" });
    await assert.rejects(pw.generate({ packs: ["app@^1.1", "older"] }), (error) => error.diagnostics[0].details.facts.length === 4);
    await assert.rejects(pw.questions({ packs: ["app"], locked: true, directory: "x" }), { code: "file-not-found" });
  });

  test("arguments of the wrong shape are wrong usage", async () => {
    const pw = await opened(shop);
    await assert.rejects(pw.dependencies(), { code: "usage" });
    await assert.rejects(pw.dependencies({ packs: "app" }), { code: "usage" });
    await assert.rejects(pw.dependencies({ packs: ["app"], strategy: "newest" }), { code: "usage" });
    await assert.rejects(pw.dependencies({ packs: ["app"], depth: -1 }), { code: "usage" });
  });
});

describe("large and hopeless universes", () => {
  test("a chain of 1,000 packs", async () => {
    const packs = Object.fromEntries(Array.from({ length: 1000 }, (_, at) => [`link-${at}@1.0.0`, at === 999 ? [] : [`link-${at + 1}@^1`]]));
    const pw = await opened(universe(packs));
    const { packs: resolved, text } = await pw.dependencies({ packs: ["link-0"] });
    assert.equal(resolved.length, 1000);
    assert.deepEqual([resolved[0].identity, resolved[0].level, resolved[999].identity, resolved[999].level], ["link-999", 0, "link-0", 999]);
    assert.equal(text.trimEnd().split("\n").length, 1000);
    const { reason } = await pw.dependencies({ packs: ["link-0"], why: "link-999" });
    assert.equal(reason.path.length, 999);
    for (const format of ["dot", "mermaid"]) assert.ok((await pw.dependencies({ packs: ["link-0"], format })).text.length > 10_000);
  });

  test("a chain of 1,000 packs that clashes at its end, and one that bites its tail", async () => {
    const chain = (last) => Object.fromEntries(Array.from({ length: 1000 }, (_, at) => [`link-${at}@1.0.0`, at === 999 ? last : [`link-${at + 1}@^1`]]));
    const clash = await opened(universe({ ...chain(["end@^2"]), "end@1.0.0": [] }));
    await assert.rejects(clash.dependencies({ packs: ["link-0"] }), { code: "conflict" });
    const ring = await opened(universe(chain(["link-0@^1"])));
    await assert.rejects(ring.dependencies({ packs: ["link-0"] }), (error) => error.code === "cycle" && error.diagnostics[0].details.length === 1000);
  });

  test("a fan of 2,000 packs", async () => {
    const leaves = Array.from({ length: 2000 }, (_, at) => `leaf-${at}`);
    const pw = await opened(universe({ "root@1.0.0": leaves.map((name) => `${name}@^1`), ...Object.fromEntries(leaves.map((name) => [`${name}@1.0.0`, []])) }));
    const { packs } = await pw.dependencies({ packs: ["root"] });
    assert.equal(packs.length, 2001);
    assert.deepEqual([packs.at(-1).identity, packs.at(-1).level], ["root", 1]);
  });

  test("a search that cannot end well ends all the same, and lets timers in meanwhile", async () => {
    const pw = await opened(universe(pigeons(9)));
    let ticks = 0;
    const timer = setInterval(() => (ticks += 1), 1);
    const error = await pw.dependencies({ packs: ["coop"] }).catch((thrown) => thrown);
    clearInterval(timer);
    assert.ok(error instanceof PackwrightError);
    assert.ok(["too-hard", "conflict"].includes(error.code), error.message);
    assert.equal(error.exitCode, 5);
    assert.ok(ticks > 1, `${ticks} ticks`);
  });

  test("a signal ends such a search long before its end", async () => {
    const pw = await opened(universe(pigeons(9)));
    await pw.dependencies({ packs: ["hole-1"] });
    const controller = new AbortController();
    const search = pw.dependencies({ packs: ["coop"], signal: controller.signal });
    setTimeout(() => controller.abort(), 1);
    await assert.rejects(search, { code: "cancelled", exitCode: 130 });
    assert.equal((await pw.dependencies({ packs: ["hole-1"] })).packs.length, 1);
  });

  test("so does Ctrl-C", async (context) => {
    const index = universe(pigeons(9));
    const { url } = await serve(context, (request, response) => {
      files((path) => index.get(path))(request, response);
      // The holes are asked for last; then the search begins.
      if (request.url.endsWith("/hole-1.jsonl")) setTimeout(() => child.kill("SIGINT"), 300);
    });
    const child = spawn(cli, ["dependencies", "coop", "--registry", url], { stdio: ["ignore", "ignore", "pipe"] });
    let stderr = "";
    child.stderr.on("data", (text) => (stderr += text));
    const [code] = await once(child, "close");
    assert.equal(code, 130, stderr);
    assert.match(stderr, /^error\[cancelled\]/);
  });
});
