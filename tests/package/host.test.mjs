// The host for Node on a real disk and a real network: what it refuses, what it says went wrong, and what stands afterwards.
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { chmodSync, existsSync, linkSync, mkdirSync, readdirSync, readFileSync, statfsSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { describe, test } from "node:test";
import { pathToFileURL } from "node:url";
import { cli, filesOf, packs, packwright, project, scratch, timestamp } from "./installed.mjs";
import { serve } from "./serve.mjs";

const installed = createRequire(join(project, "index.js"));
const { open } = await import(pathToFileURL(installed.resolve("packwright")));
// Not part of the programming interface, but what is published all the same.
const { nodeHost } = await import(pathToFileURL(join(project, "node_modules/packwright/dist/node.js")));

const fixtures = { id: "fixtures", directory: join(packs, "good") };
const greeting = { packs: ["greeting"], answers: { project_name: "demo" }, timestamp };
const generate = ["generate", "greeting", "--name", "demo", "--registry", `fixtures=${fixtures.directory}`, "--timestamp", timestamp];
const root = process.getuid?.() === 0;
const windows = process.platform === "win32" && "needs POSIX links and modes";

/** Performs one request below a directory. */
function perform(directory, request, signal = new AbortController().signal) {
  return nodeHost().perform({ id: 1, root: "target", maxBytes: 1000, ...request }, { roots: new Map([["target", directory]]), signal });
}

/** Runs the command line as somebody who is not root. */
function unprivileged(args, cwd) {
  const command = root ? ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", cli, ...args] : [cli, ...args];
  const { status, stdout, stderr } = spawnSync(command[0], command.slice(1), { cwd, encoding: "utf8", env: { ...process.env, HOME: cwd } });
  return { code: status, stdout, stderr };
}

describe("errors of the system", { skip: windows }, () => {
  const directory = scratch("errors");
  writeFileSync(join(directory, "file"), "twelve bytes");
  mkdirSync(join(directory, "full"));
  writeFileSync(join(directory, "full/inner"), "");
  symlinkSync("file", join(directory, "link"));
  symlinkSync("nowhere", join(directory, "dangling"));
  mkdirSync(join(directory, "empty"));
  symlinkSync("empty", join(directory, "away"));
  execFileSync("mkfifo", [join(directory, "pipe")]);

  const content = new Uint8Array([1, 2]);
  for (const [name, request, kind] of [
    ["reading what is not there", { type: "read", path: "no" }, "not-found"],
    ["reading below a file", { type: "read", path: "file/no" }, "not-found"],
    ["reading more than is allowed", { type: "read", path: "file", maxBytes: 11 }, "too-large"],
    ["reading a directory", { type: "read", path: "full" }, "other"],
    ["reading a link", { type: "read", path: "link" }, "permission"],
    ["reading a pipe that nobody writes to", { type: "read", path: "pipe" }, "other"],
    ["listing what is not there", { type: "list", path: "no" }, "not-found"],
    ["listing a file", { type: "list", path: "file" }, "not-found"],
    ["making what is there", { type: "make-directory", path: "full" }, "exists"],
    ["making the root that is there", { type: "make-directory", path: "" }, "exists"],
    ["making a directory below a file", { type: "make-directory", path: "file/no" }, "other"],
    ["creating what is there", { type: "create", path: "file", content, mode: "0644", like: null }, "exists"],
    ["creating over a link to nowhere", { type: "create", path: "dangling", content, mode: "0644", like: null }, "exists"],
    ["creating where no directory is", { type: "create", path: "no/file", content, mode: "0644", like: null }, "other"],
    ["removing a directory that is not empty", { type: "remove", path: "full" }, "exists"],
    ["removing what is not there", { type: "remove", path: "no" }, "other"],
    ["moving what is not there", { type: "rename", from: "no", to: "yes" }, "other"],
    ["moving a directory to where one with files is", { type: "rename", from: "empty", to: "full" }, "exists"],
    ["syncing what is not there", { type: "sync", path: "no" }, "other"],
    ["syncing a link", { type: "sync", path: "link" }, "permission"],
    ["running something in a link", { type: "run", path: "away", command: "touch ran" }, "permission"],
    ["running something where nothing is", { type: "run", path: "no", command: "touch ran" }, "other"],
    ["locking what is a file", { type: "lock", path: "file" }, "other"],
  ]) {
    test(name, async () => {
      const before = readdirSync(directory, { recursive: true });
      const reply = await perform(directory, request);
      assert.deepEqual([reply.type, reply.kind], ["error", kind], reply.message);
      assert.doesNotMatch(reply.message, /^E[A-Z]+:/);
      assert.deepEqual(readdirSync(directory, { recursive: true }), before);
    });
  }

  test("looking never fails for want of something to look at, and follows no link", async () => {
    for (const [path, kind] of [["no", "absent"], ["file/no", "absent"], ["file", "file"], ["full", "directory"], ["link", "link"], ["pipe", "other"], ["", "directory"]]) {
      assert.equal((await perform(directory, { type: "stat", path })).kind, kind, path);
    }
    const { entries } = await perform(directory, { type: "list", path: "" });
    assert.deepEqual(Object.fromEntries(entries.map(({ name, kind }) => [name, kind])), {
      ...{ file: "file", full: "directory", empty: "directory", link: "link", dangling: "link", away: "link", pipe: "other" },
    });
  });

  test("files and directories are synced, and the root even if its user's name for it is a link", async () => {
    for (const path of ["file", "full", ""]) assert.deepEqual(await perform(directory, { type: "sync", path }), { type: "done" }, path);
    const named = join(scratch(), "named");
    symlinkSync(directory, named);
    assert.deepEqual(await perform(named, { type: "sync", path: "" }), { type: "done" });
  });

  test("a file that replaces another is for those whom that was for, and a program if it is to be one", async () => {
    const place = scratch();
    const mode = (path) => (statSync(join(place, path)).mode & 0o777).toString(8);
    writeFileSync(join(place, "private"), "x");
    chmodSync(join(place, "private"), 0o640);
    for (const [path, wanted, like] of [["a", "0644", "private"], ["b", "0755", "private"]]) {
      assert.deepEqual(await perform(place, { type: "create", path, content, mode: wanted, like }), { type: "done" });
    }
    const fresh = await perform(place, { type: "create", path: "c", content, mode: "0644", like: "gone" });
    assert.deepEqual([fresh.type, mode("a"), mode("b"), mode("c")], ["done", "640", "750", (0o644 & ~process.umask()).toString(8)]);
  });

  test("a directory moves as a whole", async () => {
    const place = scratch();
    mkdirSync(join(place, "from/deep"), { recursive: true });
    writeFileSync(join(place, "from/deep/file"), "x");
    assert.deepEqual(await perform(place, { type: "rename", from: "from", to: "to" }), { type: "done" });
    assert.deepEqual([...filesOf(place).keys()], ["to/deep/file"]);
  });

  test("there is some room, and nothing is known of where nothing is", async () => {
    const { bavail, bsize } = statfsSync(directory);
    const { type, bytes } = await perform(directory, { type: "space" });
    assert.equal(type, "space");
    assert.ok(Math.abs(bytes - bavail * bsize) < 1e9, `${bytes} of ${bavail * bsize}`);
    assert.equal((await perform(join(directory, "no"), { type: "space" })).kind, "other");
  });

  test("a command runs in its directory, with nothing to read, and says how it ended", async () => {
    assert.deepEqual(await perform(directory, { type: "run", path: "full", command: "test -f inner && ! read line && exit 3" }), { type: "ran", code: 3 });
    assert.deepEqual(await perform(directory, { type: "run", path: "", command: "kill -9 $$" }), { type: "ran", code: null });
    const quick = performance.now();
    assert.deepEqual(await perform(directory, { type: "run", path: "", command: "sleep 30 &" }), { type: "ran", code: 0 });
    assert.ok(performance.now() - quick < 10_000, "what goes on in the background is not waited for");
    assert.deepEqual(await perform(directory, { type: "run", path: "", command: "sleep 30" }, AbortSignal.timeout(100)), { type: "ran", code: null });
  });

  test("a root nobody gave a directory for", async () => {
    assert.equal((await perform(directory, { type: "read", root: "registry:other", path: "x" })).kind, "unsupported");
  });

  test("many operations let timers and signals in", async () => {
    let ticks = 0;
    const timer = setInterval(() => (ticks += 1), 1);
    const host = nodeHost();
    const context = { roots: new Map([["target", directory]]), signal: new AbortController().signal };
    await Promise.all(Array.from({ length: 30_000 }, (_, id) => host.perform({ id, type: "read", root: "target", path: "file", maxBytes: 100 }, context)));
    clearInterval(timer);
    assert.ok(ticks > 1, `${ticks} ticks`);
  });
});

describe("links", { skip: windows, concurrency: 2 }, () => {
  for (const [name, plant] of [
    ["a directory of the project", (demo, outside) => symlinkSync(outside, join(demo, "src"))],
    ["a file of the project", (demo, outside) => (mkdirSync(join(demo, "src")), symlinkSync(join(outside, "demo.txt"), join(demo, "src/demo.txt")))],
    ["the directory for staging", (demo, outside) => symlinkSync(outside, join(demo, ".packwright"))],
    ["the lockfile", (demo, outside) => symlinkSync(join(outside, "packwright.lock"), join(demo, "packwright.lock"))],
  ]) {
    test(`${name} may not be one: nothing is written outside or inside`, async () => {
      const cwd = scratch();
      const outside = scratch("outside");
      mkdirSync(join(cwd, "demo"));
      plant(join(cwd, "demo"), outside);
      const before = readdirSync(cwd, { recursive: true });
      const { code, stderr } = await packwright([...generate, "--force", "--yes"], { cwd });
      assert.ok([10, 13].includes(code), stderr);
      assert.match(stderr, /is a link|no directory|no regular file/);
      assert.deepEqual(readdirSync(outside), []);
      assert.deepEqual(readdirSync(cwd, { recursive: true }), before);
    });
  }

  test("the directory itself may be one, because its user named it", async () => {
    const cwd = scratch();
    const elsewhere = scratch("elsewhere");
    symlinkSync(elsewhere, join(cwd, "demo"));
    assert.equal((await packwright(generate, { cwd })).code, 0);
    assert.ok(existsSync(join(elsewhere, "src/demo.txt")));
  });

  test("a pack may not have one: what it leads to is not read", async () => {
    const registry = scratch("registry");
    const templates = join(registry, "tasks/templates");
    mkdirSync(templates, { recursive: true });
    writeFileSync(join(registry, "tasks/pack.toml"), readFileSync(join(packs, "good/tasks/pack.toml")));
    const outside = join(scratch("outside"), "private");
    writeFileSync(outside, "private");
    symlinkSync(outside, join(templates, "tasks.json"));
    const { code, stderr } = await packwright(["generate", "tasks", "--name", "demo", "--trust", "--registry", registry], { cwd: scratch() });
    assert.equal(code, 11, stderr);
    assert.match(stderr, /templates\/tasks\.json/);
  });

  test("a hard link is replaced, what it shares its content with is kept", async () => {
    const cwd = scratch();
    mkdirSync(join(cwd, "demo/src"), { recursive: true });
    writeFileSync(join(cwd, "shared"), "mine\n");
    linkSync(join(cwd, "shared"), join(cwd, "demo/src/demo.txt"));
    assert.equal((await packwright([...generate, "--force"], { cwd })).code, 0);
    assert.equal(readFileSync(join(cwd, "shared"), "utf8"), "mine\n");
  });
});

describe("a write that fails leaves everything as it was", { skip: windows, concurrency: 2 }, () => {
  test("a file stands where a directory must be", async () => {
    const cwd = scratch();
    mkdirSync(join(cwd, "demo/bin"), { recursive: true });
    writeFileSync(join(cwd, "demo/bin/greet.sh"), "mine\n");
    writeFileSync(join(cwd, "demo/src"), "in the way");
    const before = filesOf(cwd);
    const { code, stderr } = await packwright([...generate, "--force"], { cwd });
    assert.equal(code, 13, stderr);
    assert.match(stderr, /src/);
    assert.deepEqual(filesOf(cwd), before);
    assert.deepEqual(readdirSync(join(cwd, "demo")).sort(), ["bin", "src"]);
  });

  test("the disk gives up at any of its operations", async () => {
    const changing = new Set(["make-directory", "create", "rename"]);
    let outcomes = "";
    for (let good = 0, done = 0; done >= good; good += 1) {
      const target = scratch();
      mkdirSync(join(target, "src"));
      writeFileSync(join(target, "src/demo.txt"), "mine\n");
      const before = filesOf(target);
      const disk = nodeHost();
      done = 0;
      const failing = {
        capabilities: disk.capabilities,
        perform: async (request, context) =>
          changing.has(request.type) && done++ === good ? { type: "error", kind: "no-space", message: "the disk is full" } : disk.perform(request, context),
      };
      const project = await (await open({ registry: fixtures, host: failing })).generate(greeting);
      const failure = await project.write(target, { force: true }).then(() => undefined, (error) => error);
      outcomes += failure === undefined ? "w" : "f";
      if (failure === undefined) {
        // What the write replaced stays where it was put when it cannot take its place: nothing of it is lost.
        const own = [...filesOf(target).keys()].filter((path) => !path.startsWith(join(".packwright", "staging")));
        assert.deepEqual(own.sort(), [...project.files.keys()].sort());
        await (await open()).undo(target);
        assert.deepEqual(filesOf(target), before);
      } else {
        assert.deepEqual([failure.code, failure.exitCode], ["storage", 10], failure.message);
        assert.deepEqual([filesOf(target), readdirSync(target)], [before, ["src"]]);
      }
    }
    // Once all files are in place, what still fails is clearing away.
    assert.match(outcomes, /^f{10,}w{1,2}$/);
  });

  test("files may not become as large as they must", () => {
    const cwd = scratch();
    // The shell's limit is the nearest thing to a full disk that needs no rights; files of up to 512 bytes fit, the lockfile does not.
    const { status, stderr } = spawnSync("sh", ["-c", 'ulimit -f 1; exec "$@"', "sh", cli, ...generate], { cwd, encoding: "utf8" });
    assert.equal(status, 10, stderr);
    assert.match(stderr, /error\[storage\]: writing .* failed/);
    assert.deepEqual(readdirSync(cwd), []);
  });

  test("the directory is read-only", () => {
    const cwd = scratch();
    chmodSync(cwd, 0o555);
    const { code, stderr } = unprivileged(generate, cwd);
    assert.equal(code, 10, stderr);
    assert.match(stderr, /error\[storage\]: .*\n.*permission denied/);
    assert.deepEqual(readdirSync(cwd), []);
  });

  test("a file may not be read", () => {
    const cwd = scratch();
    mkdirSync(join(cwd, "demo/src"), { recursive: true });
    writeFileSync(join(cwd, "demo/src/demo.txt"), "private");
    chmodSync(join(cwd, "demo/src/demo.txt"), root ? 0o600 : 0);
    for (const path of [cwd, join(cwd, "demo"), join(cwd, "demo/src")]) chmodSync(path, 0o777);
    const { code, stderr } = unprivileged(generate, cwd);
    assert.equal(code, 10, stderr);
    assert.match(stderr, /src\/demo\.txt/);
    assert.deepEqual([...filesOf(cwd).keys()], ["demo/src/demo.txt"]);
  });

  test("what a write staged that was killed before it moved anything is cleared away", async () => {
    const cwd = scratch();
    mkdirSync(join(cwd, "demo/.packwright/staging/new-0/deep"), { recursive: true });
    writeFileSync(join(cwd, "demo/.packwright/staging/new-0/deep/file"), "rubbish");
    const { code, stderr } = await packwright(generate, { cwd });
    assert.equal(code, 0, stderr);
    assert.deepEqual(readdirSync(join(cwd, "demo/.packwright")), ["undo"]);
  });
});

test("modes are those of the plan, less what the user's mask takes away", { skip: windows }, () => {
  const cwd = scratch();
  execFileSync("sh", ["-c", 'umask 077; exec "$@"', "sh", cli, ...generate], { cwd });
  const mode = (path) => statSync(join(cwd, "demo", path)).mode & 0o777;
  assert.deepEqual([mode("bin/greet.sh"), mode("src/demo.txt")], [0o700, 0o600]);
  assert.match(execFileSync(cli, [...generate, "--check"], { cwd, encoding: "utf8" }), /exactly/);
});

describe("the network", () => {
  const list = async (registry, options) => (await open({ registry })).list(options);

  for (const [name, status, type, body, code] of [
    ["404", 404, "text/plain", "Not found", "file-not-found"],
    ["401", 401, "text/plain", "Who are you?", "unauthorized"],
    ["403", 403, "text/plain", "Go away", "unauthorized"],
    ["500", 500, "text/plain", "Oops", "network"],
    ["a page instead of an index", 200, "text/html", "<!doctype html><p>Sign in", "bad-response"],
    ["nonsense", 200, "application/json", "{", "invalid-registry"],
    ["bytes that are no text", 200, "application/json", Buffer.from([0xff, 0xfe]), "bad-response"],
    ["a newer format", 200, "application/json", '{"v":9}', "unsupported-format"],
    ["more than an index may have", 200, "application/json", Buffer.alloc(70_000_000, " "), "bad-response"],
  ]) {
    test(`a registry that answers ${name}`, async (context) => {
      const { url } = await serve(context, (_, response) => response.writeHead(status, { "content-type": type }).end(body));
      await assert.rejects(list(url), (error) => {
        assert.equal(error.code, code, error.message);
        assert.ok(JSON.stringify(error.diagnostics).includes(url), JSON.stringify(error.diagnostics));
        return true;
      });
    });
  }

  test("an archive that is not what the index says is refused", async (context) => {
    const index = await (await open()).buildRegistry(fixtures.directory);
    const { url } = await serve(context, (request, response) => {
      const body = index.get(request.url.slice(1));
      if (body === undefined) response.writeHead(404).end();
      else response.end(request.url.endsWith(".tgz") ? body.with(-1, body.at(-1) ^ 1) : body);
    });
    const pw = await open({ registry: url });
    assert.ok((await pw.list()).length > 0);
    await assert.rejects(pw.generate(greeting), { code: "invalid-archive" });
  });
});
