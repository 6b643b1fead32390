// Installs on real disks that are in use, full, read-only, or not what they seem to be.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readdirSync, readFileSync, readlinkSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { depot, line, slowly } from "../package/depot.mjs";
import { cli, packwright, scratch } from "../package/installed.mjs";
import { serve } from "../package/serve.mjs";
import { index } from "../registry/archives.mjs";
import { hasJournal, leftOver, mounted, noMount, treeOf } from "./world.mjs";

const registryOf = (directory) => ["--registry", `depot=${directory}`];

/** A command under way: what it says on stderr so far, and how it ends. */
function begin(args, cwd) {
  const child = spawn(cli, args, { cwd, env: { ...process.env, PACKWRIGHT_REGISTRY: "", NO_COLOR: "", PACKWRIGHT_CACHE: scratch("cache") } });
  const said = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"]) child[name].setEncoding("utf8").on("data", (text) => (said[name] += text));
  const end = once(child, "close").then(([code, signal]) => ({ code, signal, ...said }));
  return { child, said, end };
}

async function until(holds) {
  for (let waited = 0; !holds(); waited += 10) {
    assert.ok(waited < 20_000, "it does not happen");
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

const isLocked = (directory) => existsSync(join(directory, ".packwright")) && readdirSync(join(directory, ".packwright")).some((name) => name.startsWith("lock."));

/** A server that gives these packs away so slowly that another process comes in between. */
async function slowServer(context, packs, pause = 40) {
  return serve(context, slowly(index(packs), { parts: 20, pause }));
}

describe("two processes at once", { concurrency: 2 }, () => {
  test("one waits for the other, says so, and both are done", async (context) => {
    const { url } = await slowServer(context, [["one", "1.0.0"], ["other", "1.0.0"]]);
    const cwd = scratch();
    const first = begin(["install", "one", ...registryOf(url)], cwd);
    await until(() => isLocked(cwd));
    const second = begin(["install", "other", ...registryOf(url)], cwd);
    const [one, other] = await Promise.all([first.end, second.end]);
    assert.deepEqual([one.code, other.code], [0, 0], one.stderr + other.stderr);
    assert.match(other.stderr, new RegExp(`^Waiting for .*process ${first.child.pid} on this machine`, "m"));
    assert.doesNotMatch(one.stderr, /Waiting/);
    const { stdout } = await packwright(["list", "--installed"], { cwd });
    assert.deepEqual(stdout.split("\n").map((text) => text.split(" ")[0]), ["one", "other", ""]);
    assert.match(readFileSync(join(cwd, "packwright.lock"), "utf8"), /^requirements = \[\n {2}"one@\*",\n {2}"other@\*",\n\]/m);
    assert.deepEqual(leftOver(cwd), []);
  });

  test("with --no-wait the second fails and changes nothing", async (context) => {
    const { url } = await slowServer(context, [["one", "1.0.0"], ["other", "1.0.0"]], 100);
    const cwd = scratch();
    await begin(["install", "one", ...registryOf(url)], cwd).end;
    const first = begin(["install", "other", ...registryOf(url)], cwd);
    await until(() => isLocked(cwd));
    // All at once, so that on a busy machine the first is still at work for each of them.
    const others = [["install", "one", "--force", ...registryOf(url)], ["uninstall", "one"], ["install", "--rollback"]];
    const ends = await Promise.all(others.map((args) => packwright([...args, "--no-wait"], { cwd })));
    for (const { code, stdout, stderr } of ends) {
      assert.equal(code, 10, `${stdout}${stderr}`);
      assert.match(stderr, /^error\[locked\]: another process writes into the same directory\n {2}because process \d+ on this machine/m);
    }
    assert.equal((await first.end).code, 0);
    assert.deepEqual(readdirSync(join(cwd, ".packwright/packages")), ["one", "other"]);
  });

  test("ten at once end well, whatever their order", async () => {
    const names = Array.from({ length: 10 }, (_, at) => `pack-${at + 1}`);
    const registry = depot(Object.fromEntries(names.map((name) => [name, {}])));
    const cwd = scratch();
    const ends = await Promise.all(names.map((name) => packwright(["install", name, ...registryOf(registry)], { cwd })));
    assert.deepEqual(ends.filter(({ code }) => code !== 0), []);
    assert.deepEqual(readdirSync(join(cwd, ".packwright/packages")).sort(), [...names].sort());
    assert.deepEqual(leftOver(cwd), []);
  });

  test("who is killed keeps nobody out", async (context) => {
    const { url } = await slowServer(context, [["one", "1.0.0"]]);
    const cwd = scratch();
    const first = begin(["install", "one", ...registryOf(url)], cwd);
    await until(() => isLocked(cwd));
    first.child.kill("SIGKILL");
    await first.end;
    assert.ok(isLocked(cwd), "its ticket is still there");
    const { code, stderr } = await packwright(["install", "one", "--no-wait", ...registryOf(url)], { cwd });
    assert.equal(code, 0, stderr);
    assert.deepEqual(leftOver(cwd), []);
  });
});

describe("a disk that is full", { skip: noMount, concurrency: 2 }, () => {
  const installing = ["install", "pack-3", "--target"];

  test("is noticed before anything is written, with what is missing", async (context) => {
    const registry = depot(line(3, 200_000));
    const { directory } = mounted(context, "size=400k");
    const { code, stderr } = await packwright([...installing, directory, ...registryOf(registry)]);
    assert.equal(code, 10, stderr);
    assert.match(
      stderr.replaceAll(/\d+(\.\d+)? kB/g, "N kB"),
      /^error\[storage\]: there is not enough room for what is to be written\n {2}because it takes N kB, and there is N kB\n {2}help: make room, or choose another directory\n$/m,
    );
    const [, takes, has] = /it takes (\d+) kB, and there is (\d+) kB/.exec(stderr).map(Number);
    assert.ok(takes > 600 && takes < 900 && has < 420, stderr);
    assert.deepEqual(readdirSync(directory), []);
    const { installation } = JSON.parse((await packwright([...installing, directory, "--dry-run", "--json", ...registryOf(registry)])).stdout);
    assert.ok(installation.needed > installation.available, "a rehearsal tells both");
  });

  // What room there is for names nobody tells beforehand.
  for (const names of [8, 12, 14, 16, 18, 20]) {
    test(`and has names for ${names} files only, is left as it was`, async (context) => {
      const registry = depot(line(3, 1000));
      const { directory } = mounted(context, `size=10m,nr_inodes=${names}`);
      writeFileSync(join(directory, "mine.txt"), "mine\n");
      const before = treeOf(directory);
      const { code, stderr } = await packwright([...installing, directory, ...registryOf(registry)]);
      assert.deepEqual(leftOver(directory), [], stderr);
      if (code === 0) return assert.ok(names > 14, "there were enough");
      assert.equal(code, 10, stderr);
      assert.match(stderr, /^error\[storage\]: (making|writing|locking) .* failed\n {2}because .*(ENOSPC|no space)/im);
      assert.match(stderr, /^ {2}help: make room and try again$/m);
      assert.deepEqual(treeOf(directory), before);
    });
  }

  test("when the project is generated, it is left as it was, too", async (context) => {
    const registry = depot({ large: { size: 300_000 } });
    const { directory } = mounted(context, "size=200k");
    const { code, stderr } = await packwright(["generate", "large", "--name", "demo", "-o", directory, "--yes", ...registryOf(registry)]);
    assert.equal(code, 10, stderr);
    assert.match(stderr, /^error\[storage\]: there is not enough room for what is to be written$/m);
    assert.deepEqual(readdirSync(directory), []);
  });
});

describe("a disk that is read-only", { skip: noMount, concurrency: 2 }, () => {
  test("is told as such", async (context) => {
    const registry = depot(line(2));
    const { directory, remount } = mounted(context, "size=1m");
    remount("ro");
    for (const args of [["install", "pack-2", "--target", directory, ...registryOf(registry)], ["install", "--rollback", "--output", directory], ["generate", "pack-1", "--name", "demo", "-o", directory, "--yes", ...registryOf(registry)]]) {
      const { code, stderr } = await packwright(args);
      assert.equal(code, 10, `${args[0]}: ${stderr}`);
      assert.match(stderr, /^error\[storage\]: .* failed\n {2}because .*(EROFS|read-only)/im);
      assert.match(stderr, /^ {2}help: choose another directory/m);
      assert.deepEqual(readdirSync(directory), []);
    }
  });

  test("is good enough to look at, and for an install that has nothing to do", async (context) => {
    const registry = depot(line(2));
    const { directory, remount } = mounted(context, "size=1m");
    const install = ["install", "pack-2", "--output", directory, ...registryOf(registry)];
    assert.equal((await packwright(install)).code, 0);
    const before = treeOf(directory);
    remount("ro");
    for (const args of [["list", "--installed", "-o", directory], ["outdated", "-o", directory, ...registryOf(registry)], ["install", "pack-1", "--dry-run", "-o", directory, ...registryOf(registry)], install]) {
      const { code, stderr } = await packwright(args);
      assert.equal(code, 0, `${args.join(" ")}: ${stderr}`);
    }
    const { code, stderr } = await packwright(["uninstall", "pack-2", "-o", directory]);
    assert.equal(code, 10, stderr);
    assert.deepEqual(treeOf(directory), before);
  });
});

describe("links that somebody planted", { skip: process.platform === "win32" && "links take rights there", concurrency: 2 }, () => {
  /** A directory outside with something in it, which a link in the target leads to. */
  function planted(at) {
    const [target, outside] = [scratch(), scratch("outside")];
    writeFileSync(join(outside, "precious.txt"), "precious\n");
    mkdirSync(join(target, at, ".."), { recursive: true });
    symlinkSync(outside, join(target, at));
    return { target, outside };
  }

  const places = {
    ".packwright": 10,
    ".packwright/packages": 13,
    ".packwright/packages/pack-1": 13,
    ".packwright/packages/pack-1/templates": 13,
    ".packwright/staging": 10,
  };
  for (const [at, exit] of Object.entries(places)) {
    for (const force of [[], ["--force"]]) {
      test(`${at}${force.length > 0 ? ", by force" : ""}: nothing gets through`, async () => {
        const { target, outside } = planted(at);
        const { code, stderr } = await packwright(["install", "pack-2", "--output", target, ...force, ...registryOf(depot(line(2)))]);
        assert.deepEqual(readdirSync(outside), ["precious.txt"], stderr);
        assert.equal(readFileSync(join(outside, "precious.txt"), "utf8"), "precious\n");
        if (at !== ".packwright/staging") assert.equal(code, exit, stderr);
        if (code !== 0) assert.equal(readlinkSync(join(target, at)), outside, "it is still there");
        assert.ok(!existsSync(join(outside, "pack.toml")));
      });
    }
  }

  test("a parent of the directory to install into: nothing gets through", async () => {
    const { target, outside } = planted("vendor");
    const { code, stderr } = await packwright(["install", "pack-1", "--output", target, "--target", join(target, "vendor/packs"), ...registryOf(depot(line(1)))]);
    assert.equal(code, 13, stderr);
    assert.match(stderr, /^error\[file-conflict\]: `vendor` is in the way/m);
    assert.deepEqual(readdirSync(outside), ["precious.txt"]);
  });

  test("a file of what is installed, replaced by a link, is not followed when it goes", async () => {
    const [target, outside] = [scratch(), scratch("outside")];
    await packwright(["install", "pack-1", "--output", target, ...registryOf(depot(line(1)))]);
    const notes = join(target, ".packwright/packages/pack-1/templates");
    writeFileSync(join(outside, "notes.txt"), readFileSync(join(notes, "notes.txt")));
    rmSync(notes, { recursive: true });
    symlinkSync(outside, notes);
    const { code, stderr } = await packwright(["uninstall", "pack-1", "--output", target]);
    assert.equal(code, 0, stderr);
    assert.deepEqual(readdirSync(outside), ["notes.txt"]);
    assert.ok(existsSync(notes));
  });

  test("a link in place of the journal or of what is staged is not followed", async () => {
    for (const name of ["journal.json", "installed.json", "finished", "journal.new"]) {
      const { target, outside } = planted("elsewhere");
      mkdirSync(join(target, ".packwright"));
      symlinkSync(join(outside, "precious.txt"), join(target, ".packwright", name));
      const { code, stderr } = await packwright(["install", "pack-1", "--output", target, ...registryOf(depot(line(1)))]);
      assert.equal(readFileSync(join(outside, "precious.txt"), "utf8"), "precious\n");
      assert.equal(code, { "journal.json": 6, "journal.new": 0 }[name] ?? 10, `${name}: ${stderr}`);
    }
  });

  test("the project itself may be behind a link: it is the user who named it", async () => {
    const [real, other] = [scratch(), scratch()];
    symlinkSync(real, join(other, "project"));
    const { code, stderr } = await packwright(["install", "pack-1", "--output", join(other, "project"), ...registryOf(depot(line(1)))]);
    assert.equal(code, 0, stderr);
    assert.ok(existsSync(join(real, ".packwright/packages/pack-1/pack.toml")));
    assert.ok(!hasJournal(real));
  });
});
