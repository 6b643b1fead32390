// The command line as its users run it: every command, every flag, every exit code that can be reached, and what is said each time.
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { describe, test } from "node:test";
import { pathToFileURL } from "node:url";
import { cli, filesOf, golden, packs, packwright, project, scratch, timestamp } from "./installed.mjs";
import { directory, serve } from "./serve.mjs";

const { open } = await import(pathToFileURL(createRequire(join(project, "index.js")).resolve("packwright")));

const good = ["--registry", `fixtures=${join(packs, "good")}`];
const scoped = ["--registry", `acme=${join(packs, "scoped")}`];
const from = (registry) => ["--registry", join(packs, registry)];
const fixed = [...good, "--timestamp", timestamp];

/** Expects a failure with this exit code and error code, nothing on stdout, and a message that has all these words, after any waits. */
async function fails(args, exit, code, words, options) {
  const { code: status, stdout, stderr: said } = await packwright(args, options);
  const stderr = said.replace(/^(Trying again in \d+\.\d s, .*\n)+/, "");
  assert.equal(status, exit, stderr);
  assert.equal(stdout, "");
  assert.ok(stderr.startsWith(`error[${code}]: `), stderr);
  for (const word of words) assert.ok(stderr.includes(word), `"${word}" is not in:\n${stderr}`);
  return stderr;
}

describe("help and version", { concurrency: 4 }, () => {
  for (const [name, args] of [
    ["help", []],
    ["help", ["--help"]],
    ["help", ["-h"]],
    ["help-list", ["list", "--help"]],
    ["help-show", ["show", "--help"]],
    ["help-dependencies", ["dependencies", "--help"]],
    ["help-install", ["install", "--help"]],
    ["help-uninstall", ["uninstall", "--help"]],
    ["help-outdated", ["outdated", "--help"]],
    ["help-generate", ["generate", "-h"]],
    ["help-compose", ["compose", "--help"]],
    ["help-undo", ["undo", "--help"]],
    ["help-validate", ["validate", "--help"]],
    ["help-publish", ["publish", "--help"]],
    ["help-yank", ["yank", "--help"]],
    ["help-registry-build", ["registry", "build", "--help"]],
    ["help-registry-serve", ["registry", "serve", "--help"]],
    ["help-registry-check", ["registry", "check", "--help"]],
  ]) {
    test(`packwright ${args.join(" ")}`, async () => {
      const { code, stdout, stderr } = await packwright(args);
      assert.equal(code, 0);
      assert.equal(stderr, "");
      golden(assert, name, stdout);
    });
  }

  test("--version is that of the package", async () => {
    const { version } = JSON.parse(readFileSync(join(project, "node_modules/packwright/package.json"), "utf8"));
    assert.equal((await packwright(["--version"])).stdout, `packwright ${version}\n`);
    assert.deepEqual(JSON.parse((await packwright(["-V", "--json"])).stdout), { version });
  });
});

describe("wrong usage exits with 64 and says what is right", { concurrency: 4 }, () => {
  for (const [args, ...words] of [
    [["lst"], "no command `lst`", "did you mean `packwright list`?"],
    [["frobnicate"], "no command `frobnicate`", "`packwright --help`"],
    [["registry"], "`packwright registry build`"],
    [["registry", "biuld", "a", "b"], "`packwright registry build`"],
    [["--json=yes", "list"], "`--json` takes no value"],
    [["list", "--jsn"], "has no flag `--jsn`", "did you mean `--json`?"],
    [["list", "--name", "x"], "has no flag `--name`"],
    [["dependecies"], "did you mean `packwright dependencies`?"],
    [["dependencies", "--why"], "`--why` needs a value", "`--why NAME`"],
    [["dependencies", "--format"], "`--format` needs a value", "`--format FORMAT`"],
    [["dependencies", "--locked=yes"], "`--locked` takes no value"],
    [["dependencies", "--why", "a", "--why", "b"], "`--why` is given twice"],
    [["list", "extra"], "`extra` is one argument too many"],
    [["show"], "PACK is missing"],
    [["registry", "build", "only-one"], "OUT is missing"],
    [["generate", "greeting", "--name"], "`--name` needs a value"],
    [["generate", "greeting", "--name", "--yes"], "`--name` needs a value"],
    [["generate", "greeting", "--var", "port"], "NAME=VALUE"],
    [["generate", "greeting", "--name", "a", "--var", "project_name=b"], "`--name` and `--var project_name` differ"],
    [["list", "--offline", "--refresh"], "`--offline` and `--refresh` do not go together"],
    [["list", "--registry", "a", "--registry", "b"], "--registry", "`default` twice", "`ID=LOCATION`"],
    [["cache"], "`packwright cache list`", "`packwright cache clear`"],
    [["chache", "list"], "no command `chache`"],
    [["confg"], "did you mean `packwright config`?"],
    [["yank"], "PACK is missing: NAME@VERSION"],
    [["publish", "a", "b"], "`b` is one argument too many", "`packwright publish [DIR]`"],
    [["publish", "--access", "publc"], "did you mean `public`?"],
    [["publish", join(packs, "good/greeting")], "no registry is configured but that of the starter packs", "--registry"],
    [["registry", "serve", "a", "--port", "99999"], "`--port 99999` is not a port"],
    [["list", "--registry", "mine="], "has no location"],
    [["--yes"], "no command was given"],
  ]) {
    test(args.join(" "), () => fails(args, 64, "usage", words));
  }

  test("a name that leads elsewhere makes a directory all the same", async () => {
    const { code, stdout } = await packwright(["generate", "base-project", "--name", "../a/b", "--dry-run", "--json"]);
    assert.equal(code, 0);
    assert.equal(JSON.parse(stdout).directory, "..-a-b");
  });

  test("as JSON", async () => {
    const { code, stdout, stderr } = await packwright(["lst", "--json"]);
    assert.equal(code, 64);
    assert.equal(stderr, "");
    const { error } = JSON.parse(stdout);
    assert.deepEqual([error.code, error.exitCode, error.diagnostics.length], ["usage", 64, 1]);
  });
});

describe("looking", { concurrency: 4 }, () => {
  test("list", async () => {
    const { code, stdout } = await packwright(["list", ...good]);
    assert.equal(code, 0);
    golden(assert, "list", stdout);
  });

  test("list without a registry shows the starter packs", async () => {
    const { packs: starters } = JSON.parse((await packwright(["list", "--json"])).stdout);
    assert.deepEqual(new Set(starters.map(({ registry }) => registry)), new Set(["starter"]));
    for (const name of ["base-project", "rust-cli", "node-library", "github-ci"]) {
      assert.ok(starters.some((pack) => pack.name === name), `${name} is not in the starter registry`);
    }
  });

  test("PACKWRIGHT_REGISTRY stands for --registry, which wins", async () => {
    const env = { PACKWRIGHT_REGISTRY: join(packs, "good") };
    const listed = JSON.parse((await packwright(["list", "--json"], { env })).stdout).packs;
    assert.deepEqual(listed.map(({ name, registry }) => [name, registry]).at(0), ["greeting", "default"]);
    const other = JSON.parse((await packwright(["list", "--json", ...from("ring")], { env })).stdout).packs;
    assert.deepEqual(other.map(({ name }) => name), ["first", "second"]);
  });

  test("show", async () => {
    for (const [name, pack, registry] of [["greeting", "greeting", good], ["survey", "survey@2.0.0-rc.1", good], ["scoped", "@acme/badge", scoped], ["starter", "rust-cli", []]]) {
      const { code, stdout, stderr } = await packwright(["show", pack, ...registry]);
      assert.equal(code, 0, stderr);
      golden(assert, `show-${name}`, stdout);
    }
  });

  test("show --json", async () => {
    const { pack } = JSON.parse((await packwright(["show", "greeting@^1", "--json", ...good])).stdout);
    assert.equal(pack.version, "1.2.0");
    assert.deepEqual(pack.variables.map(({ name, type }) => [name, type]), [["greeting", "string"], ["port", "integer"]]);
  });

  test("output may be cut short by its reader", async () => {
    const { stdout } = spawnSync("sh", ["-c", `"${cli}" show greeting --registry "${join(packs, "good")}" | head -1`], { encoding: "utf8" });
    assert.equal(stdout, "greeting 1.2.0\n");
  });
});

describe("generate", { concurrency: 4 }, () => {
  test("writes what was asked for, with modes, and says what comes next", async () => {
    const cwd = scratch();
    const { code, stdout, stderr } = await packwright(["generate", "greeting", "--name", "My Demo", "--var", "port=8080", ...fixed], { cwd });
    assert.equal(code, 0, stderr);
    const files = filesOf(join(cwd, "My Demo"));
    assert.deepEqual([...files.keys()], ["bin/greet.sh", "packwright.lock", "src/my-demo.txt"]);
    assert.equal(files.get("src/my-demo.txt").toString(), "Hello, My Demo, on port 8080!\n");
    assert.equal(statSync(join(cwd, "My Demo/bin/greet.sh")).mode & 0o777, 0o755);
    assert.match(stdout, /^Wrote 3 files \(.* k?B\) to My Demo\n`packwright undo --output 'My Demo'` takes it back\n\nNext:\n {2}cd 'My Demo'\n {2}bin\/greet\.sh\n$/);
  });

  test("--dry-run shows the plan and writes nothing", async () => {
    const cwd = scratch();
    const { code, stdout, stderr } = await packwright(["generate", "greeting", "--name", "demo", "--dry-run", ...fixed], { cwd });
    assert.equal(code, 0, stderr);
    golden(assert, "dry-run", stdout);
    assert.deepEqual([...filesOf(cwd)], []);
  });

  test("--dry-run over other content shows the difference", async () => {
    const cwd = scratch();
    mkdirSync(join(cwd, "demo/src"), { recursive: true });
    writeFileSync(join(cwd, "demo/src/demo.txt"), "mine\n");
    const { code, stdout } = await packwright(["generate", "greeting", "--name", "demo", "--dry-run", ...fixed], { cwd });
    assert.equal(code, 0);
    golden(assert, "dry-run-conflict", stdout);
    assert.equal(readFileSync(join(cwd, "demo/src/demo.txt"), "utf8"), "mine\n");
  });

  test("--json prints one document with the plan and what was written", async () => {
    const cwd = scratch();
    const { code, stdout, stderr } = await packwright(["generate", "greeting", "--name", "demo", "--json", ...fixed], { cwd });
    assert.equal(code, 0);
    assert.equal(stderr, "");
    const document = JSON.parse(stdout);
    assert.equal(document.directory, "demo");
    assert.deepEqual(document.answers, { greeting: "Hello", port: 3000, project_name: "demo" });
    assert.deepEqual(new Set(document.written), new Set(["bin/greet.sh", "src/demo.txt", "packwright.lock"]));
    assert.deepEqual(document.plan.operations.map(({ action }) => action), ["create", "create", "create"]);
    assert.equal(document.lockfile, readFileSync(join(cwd, "demo/packwright.lock"), "utf8"));
    const dry = JSON.parse((await packwright(["generate", "greeting", "--name", "other", "--json", "--dry-run", ...fixed], { cwd })).stdout);
    assert.equal(dry.written, null);
    assert.ok(!existsSync(join(cwd, "other")));
  });

  test("--answers reads TOML and JSON, and --var wins over it", async () => {
    const cwd = scratch();
    writeFileSync(join(cwd, "answers.toml"), 'project_name = "from-file"\nport = 4000\ngreeting = "Good day"\n');
    writeFileSync(join(cwd, "answers.json"), '{ "project_name": "from-json", "port": 5000 }');
    const args = ["generate", "greeting", ...fixed, "--answers"];
    assert.equal((await packwright([...args, "answers.toml", "--var", "port=4001"], { cwd })).code, 0);
    assert.equal((await packwright([...args, "answers.json"], { cwd })).code, 0);
    assert.equal(readFileSync(join(cwd, "from-file/src/from-file.txt"), "utf8"), "Good day, from-file, on port 4001!\n");
    assert.equal(readFileSync(join(cwd, "from-json/src/from-json.txt"), "utf8"), "Hello, from-json, on port 5000!\n");
  });

  test("--output names the directory, and the project when nothing else does", async () => {
    const cwd = scratch();
    assert.equal((await packwright(["generate", "greeting", "-o", "deep/er/place", ...fixed], { cwd })).code, 0);
    assert.equal(readFileSync(join(cwd, "deep/er/place/src/place.txt"), "utf8"), "Hello, place, on port 3000!\n");
  });

  test("--with joins an optional dependency, whose self-running file needs --trust", async () => {
    const cwd = scratch();
    const args = ["generate", "greeting", "--with", "tasks", "--name", "demo", ...fixed];
    await fails(args, 12, "needs-consent", [".vscode/tasks.json", "--trust"], { cwd });
    assert.deepEqual([...filesOf(cwd)], []);
    assert.equal((await packwright([...args, "--trust"], { cwd })).code, 0);
    assert.ok(existsSync(join(cwd, "demo/.vscode/tasks.json")));
  });

  test("a second run changes nothing; without packs the lockfile says which", async () => {
    const cwd = scratch();
    const args = ["generate", "greeting", "--name", "demo", ...fixed];
    assert.equal((await packwright(args, { cwd })).code, 0);
    const before = filesOf(cwd);
    const again = await packwright([...args, "--json"], { cwd });
    assert.deepEqual(JSON.parse(again.stdout).written, []);
    const locked = await packwright(["generate", ...fixed, "--json"], { cwd: join(cwd, "demo") });
    assert.equal(locked.code, 0, locked.stdout);
    assert.deepEqual(JSON.parse(locked.stdout).packs.map(({ name }) => name), ["greeting"]);
    assert.deepEqual(filesOf(cwd), before);
  });

  test("in a project, without packs it is that which is written, with packs another unless it says so, and --check looks at it", async () => {
    const cwd = scratch();
    const run = (...args) => packwright(["generate", ...args, ...fixed], { cwd });
    const nowhere = await run("--check", "greeting");
    assert.deepEqual([nowhere.code, nowhere.stderr.split("\n")[1]], [64, "  help: name it: `--output DIR`"]);
    assert.equal((await run("greeting", "--name", "demo", "--output", ".")).stderr, "");
    const renamed = await run("--name", "other", "--json");
    assert.deepEqual([renamed.code, JSON.parse(renamed.stdout).directory], [0, "."], renamed.stdout);
    await fails(["generate", "--check", "greeting", ...fixed], 13, "out-of-date", ["`src/demo.txt` is no longer made", "remove it"], { cwd });
    rmSync(join(cwd, "src/demo.txt"));
    assert.equal((await run("--check", "greeting")).stdout, ". is exactly what the packs give\n");
    assert.equal((await run("--check", "greeting", "--name", "demo")).code, 13, "the project here is called otherwise");
    const words = "`.` holds a project; this makes another in `ed`. `--output .` changes the one here\n";
    assert.equal((await run("greeting", "--name", "ed")).stderr, words);
    assert.equal((await run("greeting", "--name", "ed", "--check")).stdout, "ed is exactly what the packs give\n");
    assert.equal((await run("greeting", "--name", "ed")).stderr, "", "it is there already");
  });

  test("the time in the lockfile stays until --timestamp says another", async () => {
    const cwd = scratch();
    const recorded = () => /^timestamp = "(.*)"$/m.exec(readFileSync(join(cwd, "demo/packwright.lock"), "utf8"))[1];
    const args = ["generate", "greeting", "--name", "demo", ...good];
    const started = Date.now();
    assert.equal((await packwright(args, { cwd })).code, 0);
    assert.ok(Math.abs(Date.parse(recorded()) - started) < 60_000, recorded());
    assert.equal((await packwright([...args, "--timestamp", timestamp], { cwd })).code, 0);
    assert.equal(recorded(), timestamp);
    assert.equal((await packwright(args, { cwd })).stdout, "Nothing to do: demo is as the packs make it\n");
    assert.equal(recorded(), timestamp);
  });

  test("existing files are kept without --force and overwritten with it", async () => {
    const cwd = scratch();
    const file = join(cwd, "demo/src/demo.txt");
    mkdirSync(join(cwd, "demo/src"), { recursive: true });
    writeFileSync(file, "mine\n");
    const args = ["generate", "greeting", "--name", "demo", "--yes", ...fixed];
    await fails(args, 13, "file-conflict", ["src/demo.txt", "`--existing overwrite` replaces it"], { cwd });
    assert.deepEqual([...filesOf(cwd).keys()], ["demo/src/demo.txt"]);
    assert.equal(readFileSync(file, "utf8"), "mine\n");
    assert.equal((await packwright([...args, "--force"], { cwd })).code, 0);
    assert.equal(readFileSync(file, "utf8"), "Hello, demo, on port 3000!\n");
  });

  test("--check passes on what was generated and shows the difference otherwise", async () => {
    const cwd = scratch();
    const args = ["generate", "greeting", "--name", "demo", ...fixed];
    assert.equal((await packwright(args, { cwd })).code, 0);
    const same = await packwright([...args, "--check"], { cwd });
    assert.equal(same.stdout, "demo is exactly what the packs give\n", same.stderr);
    writeFileSync(join(cwd, "demo/src/demo.txt"), "edited\n");
    const stderr = await fails([...args, "--check"], 13, "out-of-date", ["src/demo.txt"], { cwd });
    assert.match(stderr, /-edited\n\s*\+Hello, demo, on port 3000!/);
    assert.equal(readFileSync(join(cwd, "demo/src/demo.txt"), "utf8"), "edited\n");
  });

  test("secrets are in the files that use them and nowhere else", async () => {
    const cwd = scratch();
    const args = ["generate", "vault", "--name", "demo", "--var", "token=HUSHHUSH", "--registry", join(packs, "secret")];
    const { code, stdout, stderr } = await packwright([...args, "--json"], { cwd });
    assert.equal(code, 0, stderr);
    assert.ok(!(stdout + stderr).includes("HUSHHUSH"));
    const fresh = await packwright([...args, "--dry-run", "--diff"], { cwd: scratch() });
    assert.match(fresh.stdout, /\+\+\+ b\/\.env\nIt holds a secret\n/);
    writeFileSync(join(cwd, "demo/.env"), "TOKEN=other\n");
    // With it, the file would be known as generated and edited, and kept without a word.
    rmSync(join(cwd, "demo/packwright.lock"));
    for (const how of [["--dry-run"], ["--dry-run", "--diff"], ["--origin", ".env", "--json"], ["--check"], ["--yes"], ["--dry-run", "--json"], ["--check", "--json"], ["--json"]]) {
      const told = await packwright([...args, ...how], { cwd });
      assert.ok((told.stdout + told.stderr).includes(".env"), how.join(" "));
      assert.ok(!(told.stdout + told.stderr).includes("HUSHHUSH"), told.stdout + told.stderr);
    }
    assert.equal((await packwright([...args, "--force"], { cwd })).code, 0);
    const holders = [...filesOf(cwd), ...filesOf(join(cwd, "demo/.packwright/undo"))].filter(([, content]) => content.includes("HUSHHUSH")).map(([path]) => path);
    assert.deepEqual(holders, ["demo/.env"]);
    const wrong = await packwright([...args, "--var", "token=hush-wrong", "--json"], { cwd });
    assert.equal(wrong.code, 11);
    assert.ok(!wrong.stdout.includes("hush-wrong"));
  });
});

describe("failures have a code, an exit code and words, and write nothing", { concurrency: 4 }, () => {
  const cases = [
    ["an unknown pack", ["generate", "greting", "--name", "d", ...good], 1, "pack-not-found", ["greting", "greeting"]],
    ["an unknown pack to show", ["show", "surwey", ...good], 1, "pack-not-found", ["surwey", "survey"]],
    ["an answers file that is not there", ["generate", "greeting", "--answers", "no.toml", ...good], 1, "file-not-found", ["no.toml"]],
    ["a template that is not there", ["generate", "absent", "--name", "d", ...from("broken")], 1, "file-not-found", ["templates/nowhere.txt"]],
    ["an undefined variable", ["generate", "template", "--name", "d", ...from("broken")], 3, "render-failed", ["templates/text.txt.j2:2", "nobody"]],
    ["a ring", ["generate", "first", "--name", "d", ...from("ring")], 4, "cycle", ["first", "second"]],
    ["a conflict", ["generate", "wants-new", "--name", "d", ...from("clash")], 5, "conflict", ["wants-new", "old", "^2", "1.4.0"]],
    ["a version that does not exist", ["generate", "greeting@^7", "--name", "d", ...good], 5, "conflict", ["greeting", "^7"]],
    ["a missing name", ["generate", "greeting", ...good], 7, "missing-variable", ["project_name", "--name"]],
    ["a missing answer", ["generate", "survey@2.0.0-rc.1", "--name", "d", ...good], 7, "missing-variable", ["owner", "token", "--var owner="]],
    ["an unreachable registry", ["list", "--registry", "http://127.0.0.1:65535/"], 9, "network", ["127.0.0.1:65535", "ECONNREFUSED"]],
    ["a directory that cannot be made", ["generate", "greeting", "-o", "file/demo", ...good], 10, "storage", ["file"]],
    ["a wrong constraint", ["generate", "greeting@>>1", "--name", "d", ...good], 11, "invalid-constraint", [">>1"]],
    ["a wrong pack name", ["generate", "Greeting!", "--name", "d", ...good], 11, "invalid-name", ["Greeting!"]],
    ["a wrong answer", ["generate", "greeting", "--name", "d", "--var", "port=80", ...good], 11, "invalid-answer", ["port", "80", "1024"]],
    ["an answer to nothing", ["generate", "greeting", "--name", "d", "--var", "prt=1", ...good], 11, "invalid-answer", ["prt", "port"]],
    ["a wrong manifest", ["list", ...from("unreadable")], 11, "invalid-manifest", ["descripton", "description"]],
    ["a wrong timestamp", ["generate", "greeting", "--name", "d", "--timestamp", "today", ...good], 11, "invalid-input", ["today"]],
    ["two packs with one file", ["generate", "one", "other", "--name", "d", ...from("clash")], 13, "path-conflict", ["same.txt", "one", "other"]],
    ["a registry that is not there", ["list", "--registry", "nowhere"], 1, "file-not-found", ["nowhere"]],
  ];
  for (const [name, args, exit, code, words] of cases) {
    test(name, async () => {
      const cwd = scratch();
      writeFileSync(join(cwd, "file"), "in the way");
      const stderr = await fails(args, exit, code, words, { cwd });
      golden(assert, `error-${name.replaceAll(" ", "-")}`, stderr.replaceAll(cwd, "CWD").replaceAll(packs, "PACKS"));
      const json = await packwright([...args, "--json"], { cwd });
      assert.equal(json.code, exit);
      assert.equal(json.stderr, "");
      const { error } = JSON.parse(json.stdout);
      assert.deepEqual([error.code, error.exitCode], [code, exit]);
      assert.deepEqual([...filesOf(cwd).keys()], ["file"]);
    });
  }

  for (const [name, status, body, exit, code] of [
    ["a page", 200, "<!doctype html><p>Sign in", 9, "bad-response"],
    ["that it has nothing", 404, "", 1, "file-not-found"],
    ["that one must sign in", 401, "", 9, "unauthorized"],
    ["that it is broken", 503, "", 9, "network"],
  ]) {
    test(`a server that says ${name}`, async (context) => {
      const { url } = await serve(context, (_, response) => response.writeHead(status, { "content-type": "text/html" }).end(body));
      const stderr = await fails(["list", "--registry", url], exit, code, [url]);
      golden(assert, `error-a-server-that-says-${name.replaceAll(" ", "-")}`, stderr.replaceAll(url, "URL/"));
    });
  }

  test("Ctrl-C while a server does not answer", async (context) => {
    let child;
    const { url } = await serve(context, () => child.kill("SIGINT"));
    child = spawn(cli, ["list", "--registry", url], { stdio: ["ignore", "ignore", "pipe"] });
    let stderr = "";
    child.stderr.on("data", (text) => (stderr += text));
    const [code] = await once(child, "close");
    assert.equal(code, 130, stderr);
    assert.equal(stderr, "error[cancelled]: cancelled; nothing was written\n");
  });

  test("a package that is damaged", async () => {
    const copy = join(scratch("damaged"), "packwright");
    cpSync(join(project, "node_modules/packwright"), copy, { recursive: true });
    truncateSync(join(copy, "packwright.wasm"), 1000);
    const { status, stderr } = spawnSync(process.execPath, [join(copy, "dist/cli.js"), "list"], { encoding: "utf8" });
    assert.equal(status, 70, stderr);
    assert.match(stderr, /^error\[internal\]: the core \(packwright\.wasm\) could not be loaded\n {2}because /);
  });
});

describe("registry build", () => {
  test("makes an index that a file host can serve, with the same packs in it", async (context) => {
    const out = join(scratch(), "index");
    const built = await packwright(["registry", "build", join(packs, "good"), out]);
    assert.equal(built.code, 0, built.stderr);
    assert.match(built.stdout, /^Wrote a registry of \d+ files \(.*\) to /);
    const { url } = await serve(context, directory(out));
    const served = ["--registry", `fixtures=${url}`];
    for (const registry of [served, ["--registry", `fixtures=${out}`]]) {
      assert.equal((await packwright(["list", ...registry])).stdout, (await packwright(["list", ...good])).stdout);
      const cwd = scratch();
      const args = ["generate", "greeting", "--name", "demo", "--timestamp", timestamp];
      assert.equal((await packwright([...args, "-o", "demo", ...registry], { cwd })).code, 0);
      const direct = scratch();
      assert.equal((await packwright([...args, "-o", "demo", ...good], { cwd: direct })).code, 0);
      assert.deepEqual(filesOf(cwd), filesOf(direct));
    }
  });

  test("--json lists the files; a directory with something in it is refused", async () => {
    const out = scratch();
    const first = JSON.parse((await packwright(["registry", "build", join(packs, "good"), out, "--json"])).stdout);
    assert.ok(first.files.some(({ path }) => path === "config.json"));
    await fails(["registry", "build", join(packs, "good"), out], 13, "file-conflict", [out]);
  });

  test("a wrong manifest is refused and nothing written", async () => {
    const out = join(scratch(), "index");
    await fails(["registry", "build", join(packs, "unreadable"), out], 11, "invalid-manifest", ["descripton"]);
    assert.ok(!existsSync(out));
  });
});

/** Serves a registry from the command line until the test is over. */
async function served(context, ...args) {
  const child = spawn(cli, ["registry", "serve", ...args, "--json"], { stdio: ["ignore", "pipe", "pipe"], env: { ...process.env, PACKWRIGHT_REGISTRY: "" } });
  const closed = once(child, "close");
  context.after(() => child.kill("SIGKILL"));
  let stdout = "";
  for await (const text of child.stdout.setEncoding("utf8")) {
    stdout += text;
    if (stdout.endsWith("}\n")) break;
  }
  return { child, closed, ...JSON.parse(stdout) };
}

describe("registry serve", { concurrency: 2 }, () => {
  const index = async () => {
    const out = join(scratch(), "index");
    assert.equal((await packwright(["registry", "build", join(packs, "good"), out])).code, 0);
    return out;
  };

  test("pack sources and their index are served alike", async (context) => {
    for (const place of [join(packs, "good"), await index()]) {
      const { url, flag } = await served(context, place);
      assert.match(url, /^http:\/\/127\.0\.0\.1:\d+\/$/);
      const args = flag.split(" ");
      assert.equal((await packwright(["list", ...args])).stdout, (await packwright(["list", ...good])).stdout);
    }
  });

  test("says where it is, on a port of one's choice, and ends with Ctrl-C", async (context) => {
    const { child, closed, url } = await served(context, await index());
    const { port } = new URL(url);
    const taken = await packwright(["registry", "serve", await index(), "--port", port]);
    assert.equal(taken.code, 9);
    assert.match(taken.stderr, /^error\[network\]: port \d+ could not be opened\n {2}because .*EADDRINUSE/);
    // A connection that stays open keeps nobody.
    await fetch(url);
    child.kill("SIGINT");
    assert.deepEqual(await closed, [0, null]);
    const again = spawn(cli, ["registry", "serve", await index(), "--port", port], { stdio: ["ignore", "pipe", "inherit"] });
    const [text] = await once(again.stdout.setEncoding("utf8"), "data");
    again.kill("SIGINT");
    assert.match(text, new RegExp(`^Serving .* at ${url} until Ctrl-C\\nUse it with --registry ${url}\\n$`));
  });

  test("pages of any origin may read it, and ask whether it has changed", async (context) => {
    const { url } = await served(context, await index());
    const first = await fetch(`${url}config.json`);
    assert.deepEqual([first.status, first.headers.get("access-control-allow-origin"), first.headers.get("content-type")], [200, "*", "application/json"]);
    assert.equal((await first.json()).v, 1);
    const etag = first.headers.get("etag");
    const again = await fetch(`${url}config.json`, { headers: { "if-none-match": etag } });
    assert.deepEqual([again.status, await again.text(), again.headers.get("etag")], [304, "", etag]);
    assert.equal((await fetch(`${url}config.json`, { headers: { "if-none-match": '"other"' } })).status, 200);
    const preflight = await fetch(url, { method: "OPTIONS", headers: { origin: "https://page.example.com", "access-control-request-method": "GET" } });
    assert.equal(preflight.status, 204);
    assert.match(preflight.headers.get("access-control-allow-headers"), /authorization/);
    const head = await fetch(`${url}catalog.json`, { method: "HEAD" });
    assert.ok(Number(head.headers.get("content-length")) > 0);
    assert.equal((await fetch(url, { method: "PUT", body: "x" })).status, 405);
  });

  test("nothing outside its directory can be had", { skip: process.platform === "win32" && "needs links" }, async (context) => {
    const out = await index();
    const outside = join(scratch("outside"), "private");
    writeFileSync(outside, "private");
    symlinkSync(outside, join(out, "link"));
    symlinkSync(dirname(outside), join(out, "linked"));
    const { url } = await served(context, out);
    const { port } = new URL(url);
    // `fetch` would tidy these up before it asks.
    const ask = (path) => new Promise((resolve) => request({ port, path, host: "127.0.0.1" }, resolve).end());
    for (const path of ["/link", "/linked/private", "/../private", "/%2e%2e/private", "/..%2fprivate", "/index/..%2f..%2fprivate", "//etc/passwd", "/%00", "/%zz", "/", "/index", "/config.json/", "/.%5c..%5cprivate"]) {
      const { statusCode } = await ask(path);
      assert.equal(statusCode, 404, path);
    }
  });

  test("a directory that is no registry", async () => {
    await fails(["registry", "serve", scratch()], 1, "pack-not-found", ["NAME/pack.toml"]);
  });
});

describe("publish and yank in a static index", { concurrency: 2 }, () => {
  /** An index in a directory, and a pack that is not in it. */
  const desk = async () => {
    const out = join(scratch(), "index");
    assert.equal((await packwright(["registry", "build", join(packs, "good"), out])).code, 0);
    const pack = join(scratch(), "pack");
    cpSync(join(packs, "good/greeting"), pack, { recursive: true });
    const manifest = readFileSync(join(pack, "pack.toml"), "utf8");
    writeFileSync(join(pack, "pack.toml"), manifest.replace(/^version = .*$/m, 'version = "9.0.0"'));
    return { out, pack, registry: ["--registry", out] };
  };

  test("a dry run lists what goes in and changes nothing", async () => {
    const { out, pack, registry } = await desk();
    const before = filesOf(out);
    const { code, stdout, stderr } = await packwright(["publish", pack, "--dry-run", ...registry]);
    assert.deepEqual([code, stderr], [0, ""]);
    golden(assert, "publish-dry-run", stdout);
    assert.deepEqual(filesOf(out), before);
  });

  test("what is published is there; what was published cannot be again; what is yanked is not chosen until that is undone", async () => {
    const { out, pack, registry } = await desk();
    const { publication } = JSON.parse((await packwright(["publish", "--json", ...registry], { cwd: pack })).stdout);
    assert.deepEqual([publication.name, publication.version, publication.written], ["greeting", "9.0.0", true]);
    const version = async () => JSON.parse((await packwright(["show", "greeting", "--json", ...registry])).stdout).pack.version;
    assert.equal(await version(), "9.0.0");
    await fails(["publish", pack, ...registry], 13, "already-published", ["greeting", "9.0.0"]);
    const yanked = await packwright(["yank", "greeting@9.0.0", ...registry]);
    assert.equal(yanked.stdout, "greeting@9.0.0 is withdrawn in default from now on\n", yanked.stderr);
    assert.equal(await version(), "1.2.0");
    assert.equal((await packwright(["yank", "greeting@9.0.0", ...registry])).stdout, "Nothing to do: greeting@9.0.0 was withdrawn in default already\n");
    const undone = JSON.parse((await packwright(["yank", "greeting@9.0.0", "--undo", "--json", ...registry])).stdout);
    assert.deepEqual(undone, { name: "greeting", version: "9.0.0", registry: "default", yanked: false, changed: true });
    assert.equal(await version(), "9.0.0");
    const checked = await packwright(["registry", "check", out]);
    assert.equal(checked.code, 0, checked.stderr);
    assert.match(checked.stdout, /^Checked 3 packs in \d+ versions \(.*\): all is as it should be\n$/);
  });

  test("a check finds what is damaged, here and on a server, whatever is cached of it", async (context) => {
    const { out } = await desk();
    const { url, flag } = await served(context, out);
    assert.equal((await packwright(["generate", "greeting", "--name", "demo", "--dry-run", ...flag.split(" ")])).code, 0);
    const archive = [...filesOf(out).keys()].find((path) => path.startsWith("archives/greeting/1.2.0/"));
    writeFileSync(join(out, archive), "damaged");
    for (const location of [out, url]) {
      const { code, stdout, stderr } = await packwright(["registry", "check", location]);
      assert.equal(code, 11, stderr);
      assert.match(stderr, /^error\[invalid-archive\]: /);
      assert.match(stdout, /: 1 problem\n$/);
      const document = JSON.parse((await packwright(["registry", "check", location, "--json"])).stdout);
      assert.deepEqual(document.problems.map(({ code }) => code), ["invalid-archive"]);
    }
  });

  test("one opened Packwright sees what it publishes", async () => {
    const { out, pack } = await desk();
    const pw = await open({ registry: out });
    assert.equal((await pw.show("greeting")).version, "1.2.0");
    assert.equal((await pw.publish(pack, { dryRun: true })).written, false);
    assert.equal((await pw.publish(pack)).files.length > 0, true);
    assert.equal((await pw.show("greeting")).version, "9.0.0");
    assert.equal((await pw.yank("greeting@9.0.0")).changed, true);
    assert.equal((await pw.show("greeting")).version, "1.2.0");
    assert.deepEqual((await pw.checkRegistry("default")).problems, []);
  });
});
