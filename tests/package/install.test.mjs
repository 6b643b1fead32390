// Installing and taking out again: the programming interface and the command line, with hooks, targets, dry runs and what is interrupted.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { before, describe, test } from "node:test";
import { pathToFileURL } from "node:url";
import { depot, line, put, slowly } from "./depot.mjs";
import { cli, filesOf, packwright, project, scratch } from "./installed.mjs";
import { serve } from "./serve.mjs";
import { converse, keys, noTerminal } from "./terminal.mjs";

const installed = createRequire(join(project, "index.js"));
const { open } = await import(pathToFileURL(installed.resolve("packwright")));

const packages = ".packwright/packages";
const registryOf = (directory) => ["--registry", `depot=${directory}`];
const paths = (directory) => [...filesOf(directory).keys()];
const visible = (directory) => paths(directory).filter((path) => !path.startsWith(".packwright/"));

describe("the programming interface", { concurrency: 2 }, () => {
  test("installs starter packs, lists them, finds nothing newer, and takes them out again", async () => {
    const directory = scratch();
    const pw = await open();
    const looked = await pw.install({ packs: ["rust-cli", "github-ci"], directory, dryRun: true });
    assert.equal(looked.written, false);
    assert.deepEqual(paths(directory), []);
    const done = await pw.install({ packs: ["rust-cli", "github-ci"], directory });
    assert.equal(done.written, true);
    assert.deepEqual(done.items, looked.items);
    assert.deepEqual(done.items.map(({ identity, action }) => [identity, action]), [["base-project", "add"], ["github-ci", "add"], ["rust-cli", "add"]]);
    assert.equal(done.bytes >= done.items.reduce((sum, { bytes }) => sum + bytes, 0), true);
    for (const { path } of done.items) assert.ok(existsSync(join(directory, path, "pack.toml")), path);

    const list = await pw.installed({ directory });
    assert.deepEqual(list.map(({ identity, requested, damaged }) => [identity, requested, damaged]), [
      ["base-project", false, []],
      ["github-ci", true, []],
      ["rust-cli", true, []],
    ]);
    const newer = await pw.outdated({ directory });
    assert.deepEqual(newer.map(({ identity, locked, wanted, latest }) => [identity, locked, wanted, latest]), [
      ["base-project", "1.0.0", "1.0.0", "1.0.0"],
      ["github-ci", "1.0.0", "1.0.0", "1.0.0"],
      ["rust-cli", "1.0.0", "1.0.0", "1.0.0"],
    ]);

    const gone = await pw.uninstall(["rust-cli"], { directory });
    assert.deepEqual(gone.items.filter(({ action }) => action === "remove").map(({ identity }) => identity), ["base-project", "rust-cli"]);
    assert.deepEqual(gone.changes.map(({ identity, to }) => [identity, to]), [["base-project", null], ["rust-cli", null]]);
    assert.deepEqual((await pw.installed({ directory })).map(({ identity }) => identity), ["github-ci"]);
    await assert.rejects(pw.uninstall(["rust-cli"], { directory }), { code: "pack-not-found", exitCode: 1 });
  });

  test("follows the lockfile, names what moved, and leaves what is whole alone", async () => {
    const [registry, directory] = [depot({ app: { dependencies: { lib: "^1" } }, lib: {} }), scratch()];
    const opened = () => open({ registry: { id: "depot", directory: registry } });
    await (await opened()).install({ packs: ["app"], directory });
    put(registry, "lib", { version: "1.1.0" });
    const pw = await opened();
    assert.deepEqual((await pw.outdated({ directory })).map(({ identity, locked, wanted, latest }) => [identity, locked, wanted, latest]).at(-1), [
      ...["lib", "1.0.0", "1.1.0", "1.1.0"],
    ]);
    const moved = await pw.install({ directory, update: ["lib"] });
    assert.deepEqual(moved.items.map(({ identity, action, from, version }) => [identity, action, from, version]), [
      ["lib", "replace", "1.0.0", "1.1.0"],
      ["app", "keep", "1.0.0", "1.0.0"],
    ]);
    assert.deepEqual(moved.changes, [{ identity: "lib", from: "1.0.0", to: "1.1.0" }]);
  });

  test("tells how it goes on, and what listeners throw changes nothing", async () => {
    const pw = await open({ registry: { id: "depot", directory: depot(line(3)) } });
    const events = [];
    const directory = scratch();
    await pw.install({ packs: ["pack-3"], directory, onProgress: (event) => events.push(event) });
    const of = (wanted) => events.filter(({ type }) => type === wanted);
    assert.deepEqual(of("resolved"), [{ type: "resolved", packs: 3, packages: 0, missing: 3 }]);
    assert.deepEqual(of("fetched").map(({ label, done, of }) => [label, done, of]), [["pack-1@1.0.0", 1, 3], ["pack-2@1.0.0", 2, 3], ["pack-3@1.0.0", 3, 3]]);
    assert.deepEqual(of("staged").map(({ done, of }) => [done, of]), [[1, 3], [2, 3], [3, 3]]);
    assert.equal(of("placing").length, 1);

    const failing = async () => Promise.reject(new Error("later"));
    for (const onProgress of [failing, () => { throw new Error("now"); }]) {
      const { written } = await pw.install({ packs: ["pack-3"], directory: scratch(), onProgress });
      assert.equal(written, true);
    }
  });

  test("is undone when its signal aborts", async () => {
    const pw = await open({ registry: { id: "depot", directory: depot(line(5)) } });
    for (const stage of ["resolved", "fetched", "staged", "placing"]) {
      const [directory, controller] = [scratch(), new AbortController()];
      const onProgress = ({ type }) => type === stage && controller.abort();
      const work = pw.install({ packs: ["pack-5"], directory, signal: controller.signal, onProgress });
      await assert.rejects(work, { code: "cancelled", exitCode: 130 }, stage);
      assert.deepEqual(paths(directory), [], stage);
    }
    assert.deepEqual(pw.metrics.snapshot().installs_total, 0, "what was cancelled does not count");
  });

  test("says what is missing of its options", async () => {
    const pw = await open();
    for (const call of [() => pw.install(), () => pw.install({ packs: ["rust-cli"] }), () => pw.installed({}), () => pw.outdated(), () => pw.recover()]) {
      await assert.rejects(call, { code: "usage", message: "`directory` is missing" });
    }
    await assert.rejects(pw.uninstall("rust-cli", { directory: "." }), { code: "usage", message: "`packs` is not a list" });
  });

  test("needs a host that can write", async () => {
    const host = { capabilities: {}, perform: async () => ({ type: "error", kind: "unsupported", message: "not here" }) };
    const pw = await open({ registry: { id: "a", directory: "packs" }, host });
    await assert.rejects(pw.install({ packs: ["a"], directory: "demo" }), { code: "storage" });
  });
});

describe("the command line", { concurrency: 2 }, () => {
  let registry;
  before(() => {
    registry = depot({ app: { dependencies: { lib: "^1" }, packages: { tool: '{ version = "^1", registry = "depot" }' } }, lib: {}, tool: {} });
  });

  test("installs, says what and where, and does nothing twice", async () => {
    const cwd = scratch();
    const first = await packwright(["install", "app", ...registryOf(registry)], { cwd });
    assert.equal(first.code, 0, first.stderr);
    assert.match(first.stdout, /^Installed 2 packs and 1 package \(6 files, \d\.\d kB\) into \.packwright\/packages\n$/);
    assert.deepEqual(first.stderr.split("\n").filter((text) => !text.startsWith("Fetched ")), [""]);
    assert.ok(existsSync(join(cwd, packages, "depot/tool/pack.toml")));
    const before = filesOf(cwd);
    const again = await packwright(["install", ...registryOf(registry)], { cwd });
    assert.equal(again.stdout, "Nothing to do: .packwright/packages is as it should be\n");
    assert.deepEqual(filesOf(cwd), before);
  });

  test("shows what it would do with --dry-run, as lines and as JSON", async () => {
    const cwd = scratch();
    const { stdout } = await packwright(["install", "app", "--dry-run", ...registryOf(registry)], { cwd });
    assert.match(stdout, /^add {2}app +1\.0\.0 {2}2 files {2}\d+ B\n/m);
    assert.match(stdout, /\nNothing was written: 3 to add\n$/);
    const json = await packwright(["install", "app", "--dry-run", "--json", ...registryOf(registry)], { cwd });
    const { directory, installation } = JSON.parse(json.stdout);
    const { into } = installation;
    assert.deepEqual([directory, into, installation.written, installation.items.length, json.stderr], [".", packages, false, 3, ""]);
    assert.deepEqual(paths(cwd), []);
  });

  test("installs into a directory of the project, or into one that is its own", async () => {
    const cwd = scratch();
    mkdirSync(join(cwd, "demo"));
    assert.match((await packwright(["install", "app", "-o", "demo", "--target", "demo/vendor/packs", ...registryOf(registry)], { cwd })).stdout, / into demo\/vendor\/packs\n/);
    assert.ok(existsSync(join(cwd, "demo/vendor/packs/app/pack.toml")));
    assert.ok(existsSync(join(cwd, "demo/packwright.lock")));
    assert.match((await packwright(["install", "lib", "-o", "demo", "--target", "elsewhere", ...registryOf(registry)], { cwd })).stdout, / into elsewhere\n/);
    const listed = await packwright(["list", "--installed", "-o", "demo", "--target", "elsewhere"], { cwd });
    assert.match(listed.stdout, /^lib {2}1\.0\.0 /);
    assert.match((await packwright(["install", "lib", "-o", "demo", ...registryOf(registry)], { cwd })).stdout, /: demo\/vendor\/packs is /, "where the others are");
    assert.deepEqual(visible(join(cwd, "elsewhere")), ["lib/pack.toml", "lib/templates/notes.txt", "packwright.lock"]);
    const { stdout } = await packwright(["uninstall", "lib", "-o", "demo", "--target", "elsewhere"], { cwd });
    assert.match(stdout, /^Removed 1 pack \(2 files, \d+ B\):\n {2}lib 1\.0\.0 {2}lib\n/);
    assert.equal((await packwright(["install", "lib", "--target", "demo", "-o", "demo", ...registryOf(registry)], { cwd })).code, 0);
    assert.ok(existsSync(join(cwd, "demo/lib/pack.toml")), "the project itself");
  });

  test("leaves out what packs depend on with --no-dependencies", async () => {
    const cwd = scratch();
    const { stdout } = await packwright(["install", "app", "--no-dependencies", ...registryOf(registry)], { cwd });
    assert.match(stdout, /^Installed 1 pack \(2 files/);
    assert.deepEqual(paths(join(cwd, packages)).map((path) => path.split("/")[0]), ["app", "app"]);
  });

  test("lists what is installed, and which files are gone or changed", async () => {
    const cwd = scratch();
    const nothing = await packwright(["list", "--installed"], { cwd });
    assert.deepEqual([nothing.stdout, nothing.stderr], ["", "Nothing is installed in .\n"]);
    await packwright(["install", "app", ...registryOf(registry)], { cwd });
    rmSync(join(cwd, packages, "lib/templates/notes.txt"));
    const { stdout } = await packwright(["list", "--installed"], { cwd });
    assert.match(stdout, /^app +1\.0\.0 {2}2 files {2}\d+ B {2}\.packwright\/packages\/app$/m);
    assert.match(stdout, /^lib .* 1 file gone or changed$/m);
    const { installed: items } = JSON.parse((await packwright(["list", "--installed", "--json"], { cwd })).stdout);
    assert.deepEqual(items.map(({ identity, damaged }) => [identity, damaged]), [["app", []], ["depot:tool", []], ["lib", [`${packages}/lib/templates/notes.txt`]]]);
    const wrong = await packwright(["list", "-o", "x"], { cwd });
    assert.deepEqual([wrong.code, wrong.stderr.split("\n")[0]], [64, "error[usage]: `--output` goes with `--installed`"]);
  });

  test("keeps what was edited and says so, unless --force is given", async () => {
    const cwd = scratch();
    await packwright(["install", "app", ...registryOf(registry)], { cwd });
    const edited = join(cwd, packages, "lib/templates/notes.txt");
    appendFileSync(edited, "mine");
    const kept = await packwright(["install", ...registryOf(registry)], { cwd });
    assert.equal(kept.code, 0, kept.stderr);
    assert.match(kept.stderr, /^warning\[[a-z-]+\]: .*lib.*\n(.*\n)*.*`--force`/m);
    assert.match(readFileSync(edited, "utf8"), /mine$/);
    const forced = await packwright(["install", "--force", ...registryOf(registry)], { cwd });
    assert.equal(forced.code, 0, forced.stderr);
    assert.doesNotMatch(readFileSync(edited, "utf8"), /mine$/);
    appendFileSync(edited, "mine");
    const gone = await packwright(["uninstall", "app"], { cwd });
    assert.equal(gone.code, 0, gone.stderr);
    assert.match(gone.stderr, /^warning\[[a-z-]+\]: .*notes\.txt/);
    assert.deepEqual(paths(cwd), [`${packages}/lib/templates/notes.txt`]);
  });

  test("takes out packs that files were generated from with --force, and leaves the files", async () => {
    const cwd = scratch();
    await packwright(["generate", "lib", "--name", "demo", ...registryOf(registry)], { cwd });
    await packwright(["install", "-o", "demo", ...registryOf(registry)], { cwd });
    const refused = await packwright(["uninstall", "lib", "-o", "demo"], { cwd });
    assert.equal(refused.code, 13, refused.stdout);
    assert.match(refused.stderr, /`--force`/);
    const { code, stdout, stderr } = await packwright(["uninstall", "lib", "-o", "demo", "--force"], { cwd });
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^Removed 1 pack/);
    assert.ok(existsSync(join(cwd, "demo/lib.txt")));
  });

  test("shows what is outdated as a line each, and says so where nothing is", async () => {
    const [directory, cwd] = [depot({ app: { dependencies: { lib: "^1" } }, lib: {} }), scratch()];
    await packwright(["install", "app", ...registryOf(directory)], { cwd });
    assert.deepEqual(await packwright(["outdated", ...registryOf(directory)], { cwd }), { code: 0, signal: undefined, stdout: "", stderr: "Everything is up to date\n" });
    put(directory, "lib", { version: "1.2.0" });
    const { code, stdout } = await packwright(["outdated", ...registryOf(directory)], { cwd });
    assert.deepEqual([code, stdout], [0, "lib  1.0.0  1.2.0  1.2.0\n"]);
    const { outdated } = JSON.parse((await packwright(["outdated", "--json", ...registryOf(directory)], { cwd })).stdout);
    assert.deepEqual(outdated.map(({ identity }) => identity), ["app", "lib"]);
  });

  for (const [args, message] of [
    [["install", "--resume", "--rollback"], "`--resume` and `--rollback` do not go together"],
    [["install", "--resume", "--dry-run"], "`--resume` and `--dry-run` do not go together"],
    [["generate", "-o", ".", "--rollback", "--check"], "`--rollback` and `--check` do not go together"],
    [["install", "app", "--trust", "--skip-hooks"], "`--trust` and `--skip-hooks` do not go together"],
    [["uninstall"], "PACK is missing: the name of a pack that is installed"],
    [["generate", "app", "--resume"], "it is not said which directory was being written"],
    [["install", "app", "--metric", "x"], "`packwright install` has no flag `--metric`"],
    [["outdated", "app"], "`app` is one argument too many"],
  ]) {
    test(`${args.join(" ")}: wrong usage`, async () => {
      const { code, stderr } = await packwright(args, { cwd: scratch() });
      assert.deepEqual([code, stderr.split("\n")[0]], [64, `error[usage]: ${message}`]);
    });
  }
});

describe("hooks", { concurrency: 2, skip: process.platform === "win32" && "written for sh" }, () => {
  const command = 'echo "in $(basename "$PWD")"; printf "%s" "$PACKWRIGHT_TOKENS" > tokens.txt';
  let registry;
  before(() => {
    registry = depot({ app: { hooks: [command] }, bad: { hooks: ["echo out; echo oops >&2; exit 3"] } });
  });

  test("are never run without being asked for: nothing is written", async () => {
    const cwd = scratch();
    const { code, stderr } = await packwright(["install", "app", ...registryOf(registry)], { cwd });
    assert.equal(code, 12, stderr);
    assert.match(stderr, /error\[needs-consent\]: `app` wants to run `echo/);
    assert.match(stderr, /`--trust` to run it, or `--skip-hooks`/);
    assert.deepEqual(paths(cwd), []);
  });

  test("run with --trust, in their pack, without the registries' tokens", async () => {
    const cwd = scratch();
    const env = { PACKWRIGHT_TOKENS: "https://npm.example.com/=SECRET" };
    const { code, stderr, stdout } = await packwright(["install", "app", "--trust", ...registryOf(registry)], { cwd, env });
    assert.equal(code, 0, stderr);
    assert.match(stderr, /^Running `echo .*` of app\nin app\n$/m);
    assert.match(stdout, /^Installed 1 pack .*\nRan 1 command\n$/);
    assert.equal(readFileSync(join(cwd, packages, "app/tokens.txt"), "utf8"), "");
    const twice = await packwright(["install", ...registryOf(registry)], { cwd });
    assert.doesNotMatch(twice.stderr, /Running/, "only what is new runs");
  });

  test("are left out with --skip-hooks, and listed", async () => {
    const cwd = scratch();
    const { code, stdout, stderr } = await packwright(["install", "app", "--skip-hooks", ...registryOf(registry)], { cwd });
    assert.equal(code, 0, stderr);
    assert.match(stdout, /\n\nCommands that were left out \(`packwright install --trust` runs them\):\n {2}echo .* {2}of app\n$/);
    assert.ok(!existsSync(join(cwd, packages, "app/tokens.txt")));
    const later = await packwright(["install", "--trust", ...registryOf(registry)], { cwd });
    assert.match(later.stderr, /^Running `echo .*` of app\n/m);
    assert.ok(existsSync(join(cwd, packages, "app/tokens.txt")));
  });

  test("that fail say so, and the files stay", async () => {
    const cwd = scratch();
    const { code, stderr } = await packwright(["install", "bad", "--trust", ...registryOf(registry)], { cwd });
    assert.equal(code, 2, stderr);
    assert.match(stderr, /^out\n/m);
    assert.match(stderr, /^oops\n/m);
    assert.match(stderr, /error\[install-failed\]: .*bad/);
    assert.ok(existsSync(join(cwd, packages, "bad/pack.toml")));
    assert.ok(existsSync(join(cwd, "packwright.lock")));
    const again = await packwright(["install", ...registryOf(registry)], { cwd });
    assert.equal(again.code, 12, "what did not run is asked for again");
    const left = await packwright(["install", "--skip-hooks", ...registryOf(registry)], { cwd });
    assert.match(left.stdout, /Commands that were left out \(`packwright install --trust` runs them\):\n {2}echo out/);
    assert.equal((await packwright(["install", ...registryOf(registry)], { cwd })).stdout, "Nothing to do: .packwright/packages is as it should be\n");
  });

  test("are ended with everything they started when the work is cancelled", async () => {
    const directory = scratch();
    const pw = await open({ registry: { id: "depot", directory: depot({ app: { hooks: ["sleep 60 & echo $!; sleep 60"] } }) } });
    const controller = new AbortController();
    let pid;
    const onProgress = (event) => {
      if (event.type !== "output") return;
      pid = Number(event.text);
      controller.abort();
    };
    await assert.rejects(pw.install({ packs: ["app"], directory, hooks: "run", signal: controller.signal, onProgress }), (error) => {
      assert.equal(error.code, "cancelled");
      assert.match(error.diagnostics[0].causes.join(), /everything is installed/);
      return true;
    });
    // It is an orphan now, and whoever adopts orphans may take its time.
    const ended = () => !existsSync(`/proc/${pid}`) || /\) Z /.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
    for (let tries = 0; process.platform === "linux" && !ended(); tries += 1) {
      assert.ok(tries < 100, "it still runs");
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  });

  test("cannot steer a terminal", async () => {
    const tricky = depot({ app: { hooks: ['printf "\\033]0;title\\007a\\033[2Jb\\rc\\n"'] } });
    const { stderr } = await packwright(["install", "app", "--trust", ...registryOf(tricky)], { cwd: scratch() });
    assert.ok(stderr.endsWith("ab\nc\n"), JSON.stringify(stderr));
    assert.doesNotMatch(stderr, /[\x1b\x07\r]/);
  });
});

describe("with a person at the terminal", { skip: noTerminal, concurrency: 2 }, () => {
  let registry;
  before(() => {
    registry = depot({ app: { dependencies: { lib: "^1" }, hooks: ["echo ran > ran.txt"] }, lib: {} });
  });
  const talk = (args, cwd) => converse(cli, [...args, ...registryOf(registry)], { cwd, env: { PACKWRIGHT_REGISTRY: "" } });
  const ran = (cwd) => existsSync(join(cwd, packages, "app/ran.txt"));

  test("it shows what is coming, asks, and runs hooks only after a yes", async () => {
    for (const [answer, runs] of [["y", true], ["n", false], [keys.enter, false]]) {
      const cwd = scratch();
      const person = talk(["install", "app"], cwd);
      await person.see("+  app");
      await person.see("echo ran > ran.txt");
      await person.see("Install 2 packs into .packwright/packages?");
      person.type("y");
      await person.see("Run the 1 command above when everything is installed?");
      person.type(answer);
      const { code, text } = await person.end();
      assert.equal(code, 0, text);
      assert.match(text, /Installed 2 packs/);
      assert.equal(ran(cwd), runs, JSON.stringify(answer));
    }
  });

  test("the end of the input is no answer", async () => {
    const cwd = scratch();
    const person = talk(["install", "app"], cwd);
    await person.see("Install 2 packs into .packwright/packages?");
    person.type(keys.end);
    const { code, text } = await person.end();
    assert.equal(code, 130, text);
    assert.match(text, /cancelled; nothing was written/);
    assert.deepEqual(paths(cwd), []);
  });

  test("files that run by themselves are named, and one yes stands for everything that runs", async () => {
    const running = depot({ app: { hooks: ["echo ran > ran.txt"] } });
    mkdirSync(join(running, "app/.vscode"));
    writeFileSync(join(running, "app/.vscode/tasks.json"), "{}");
    const args = ["install", "app", "--target", ".", "--registry", `depot=${running}`];
    const ask = async (cwd, answer) => {
      const person = converse(cli, args, { cwd, env: { PACKWRIGHT_REGISTRY: "" } });
      await person.see("Files that run by themselves when the folder is opened:");
      await person.see("app/.vscode/tasks.json will run by itself when the folder is opened, and run the 1 command above?");
      person.type(answer);
      return person.end();
    };
    const cwd = scratch();
    assert.equal((await ask(cwd, keys.enter)).code, 130);
    assert.deepEqual(paths(cwd), []);
    assert.equal((await ask(cwd, "y")).code, 0);
    assert.ok(existsSync(join(cwd, "app/ran.txt")));
    const refused = await packwright([...args, "--skip-hooks"], { cwd: scratch() });
    assert.equal(refused.code, 12, refused.stderr);
  });

  test("nothing is written after a no", async () => {
    const cwd = scratch();
    const person = talk(["install", "app"], cwd);
    await person.see("Install 2 packs into .packwright/packages?");
    person.type("n");
    assert.equal((await person.end()).code, 130);
    assert.deepEqual(paths(cwd), []);
  });

  test("--yes asks nothing, and is no consent to hooks", async () => {
    const cwd = scratch();
    const refused = await talk(["install", "app", "--yes"], cwd).end();
    assert.equal(refused.code, 12, refused.text);
    const { code, text } = await talk(["install", "app", "--yes", "--trust"], cwd).end();
    assert.equal(code, 0, text);
    assert.ok(ran(cwd));
  });

  test("lists have headings", async () => {
    const cwd = scratch();
    await packwright(["install", "lib", ...registryOf(registry)], { cwd });
    assert.match((await talk(["list", "--installed"], cwd).end()).text, /^NAME +VERSION +FILES +SIZE +DIRECTORY\nlib/);
    assert.match((await talk(["outdated"], cwd).end()).text, /Everything is up to date\n$/);
  });
});

test("an install that is asked to end takes back what it began", { skip: process.platform === "win32" && "needs signals" }, async (context) => {
  const index = await (await open()).buildRegistry(depot(line(3, 60_000)));
  const { url } = await serve(context, slowly(index, { parts: 100, pause: 50 }));
  const cwd = scratch();
  const child = spawn(cli, ["install", "pack-3", "--registry", `depot=${url}`], { cwd, env: { ...process.env, PACKWRIGHT_CACHE: scratch("cache") } });
  let stderr = "";
  child.stderr.setEncoding("utf8").on("data", (text) => (stderr += text));
  while (!existsSync(join(cwd, ".packwright"))) await new Promise((resolve) => setTimeout(resolve, 20));
  child.kill("SIGTERM");
  const [code] = await once(child, "close");
  assert.equal(code, 130, stderr);
  assert.match(stderr, /^error\[cancelled\]/m);
  assert.deepEqual(readdirSync(cwd), []);
});

describe("what was interrupted", { concurrency: 2 }, () => {
  /** A project whose install of `app` was cut off in the middle, by a host that stops answering after so many moves. */
  async function interrupted(moves) {
    const registry = depot(line(4));
    const cwd = scratch();
    const { nodeHost } = await import(pathToFileURL(join(project, "node_modules/packwright/dist/node.js")));
    const node = nodeHost();
    let made = 0;
    const dead = new Promise(() => {});
    const host = {
      capabilities: { ...node.capabilities, lock: false },
      perform(request, context) {
        if (request.type === "rename" && (made += 1) > moves) return dead;
        return node.perform(request, context);
      },
    };
    const pw = await open({ registry: { id: "depot", directory: registry }, host });
    const stuck = new Promise((resolve) => {
      const { perform } = host;
      host.perform = (request, context) => {
        const reply = perform(request, context);
        if (reply === dead) resolve();
        return reply;
      };
    });
    void pw.install({ packs: ["pack-4"], directory: cwd });
    await stuck;
    return { cwd, registry: registryOf(registry) };
  }

  test("is told by every command that reads or writes there", async () => {
    const { cwd, registry } = await interrupted(3);
    for (const args of [["install", "pack-4", ...registry], ["install", "--dry-run", ...registry], ["uninstall", "pack-4"], ["undo"], ["undo", "--dry-run"], ["list", "--installed"], ["outdated", ...registry], ["dependencies", ...registry]]) {
      const { code, stderr } = await packwright(args, { cwd });
      assert.equal(code, 6, `${args.join(" ")}: ${stderr}`);
      assert.match(stderr, /^error\[partial-install\]: /);
      assert.match(stderr, /--resume.*--rollback/);
    }
  });

  test("is finished by install --resume, which goes on with what is named", async () => {
    for (const [named, rest] of [[[], "$"], [["pack-4"], "Nothing to do: "]]) {
      const { cwd, registry } = await interrupted(3);
      const { code, stdout, stderr } = await packwright(["install", ...named, "--resume", ...registry], { cwd });
      assert.equal(code, 0, stderr);
      assert.match(stdout, new RegExp(`^Finished what was interrupted in \\.: \\d+ paths\\n${rest}`));
    }
  });

  test("is whole once it is finished", async () => {
    const { cwd, registry } = await interrupted(3);
    await packwright(["install", "--resume", ...registry], { cwd });
    const items = JSON.parse((await packwright(["list", "--installed", "--json"], { cwd })).stdout).installed;
    assert.deepEqual(items.map(({ identity, damaged }) => [identity, damaged.length]), [1, 2, 3, 4].map((at) => [`pack-${at}`, 0]));
  });

  test("is taken back by install --rollback, and generate --rollback does the same", async () => {
    for (const command of ["install", "generate", "uninstall"]) {
      const { cwd, registry } = await interrupted(3);
      const args = [command, "--rollback", ...(command === "uninstall" ? [] : registry)];
      const { code, stdout, stderr } = await packwright(args, { cwd });
      assert.equal(code, 0, stderr);
      assert.match(stdout, /^Took back what was interrupted in \./);
      assert.deepEqual(paths(cwd), [], command);
      assert.equal((await packwright(args, { cwd })).stdout, "Nothing was interrupted in .\n");
    }
  });

  test("is told in JSON, too", async () => {
    const { cwd } = await interrupted(2);
    const { recovered } = JSON.parse((await packwright(["generate", "--resume", "--json"], { cwd })).stdout);
    assert.equal(recovered.how, "resume");
    assert.deepEqual(JSON.parse((await packwright(["generate", "--resume", "--json"], { cwd })).stdout), { recovered: null });
  });

  test("is ended by the programming interface", async () => {
    const { cwd } = await interrupted(3);
    const pw = await open();
    await assert.rejects(pw.installed({ directory: cwd }), { code: "partial-install", exitCode: 6 });
    const found = await pw.recover(cwd, "roll-back");
    assert.equal(found.how, "roll-back");
    assert.equal(await pw.recover(cwd, "roll-back"), null);
    assert.deepEqual(paths(cwd), []);
  });
});
