// Looking whether packs are as they should be, and keeping their golden generations.
import assert from "node:assert/strict";
import { appendFileSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { describe, test } from "node:test";
import { pathToFileURL } from "node:url";
import { sources, template } from "./depot.mjs";
import { filesOf, packwright, project, scratch } from "./installed.mjs";

const { open } = await import(pathToFileURL(createRequire(join(project, "index.js")).resolve("packwright")));

/** The table of a golden generation. */
function golden(name, answers = "", expect = `tests/${name}`) {
  return `[[tests]]\nname = "${name}"\nanswers = { project_name = "demo"${answers} }\nexpect = "${expect}"\n`;
}

/** A sound pack with two golden generations that are as they should be, in a directory that is not called like it. */
function sound(more = "") {
  const shelf = sources({
    greeting: {
      toml: `[variables.who]\ndefault = "World"\n${template("note.md")}${template("run.sh", "bin/run.sh", 'mode = "0755"\n')}${golden("defaults")}${golden("ada", ', who = "Ada"')}${more}`,
      files: {
        "note.md": "# {{ project_name }}\nHello {{ who }}\n",
        "run.sh": "echo {{ who }}\n",
        ...Object.fromEntries([["defaults", "World"], ["ada", "Ada"]].flatMap(([test, who]) => [[`tests/${test}/note.md`, `# demo\nHello ${who}\n`]])),
      },
    },
  });
  const cwd = scratch();
  renameSync(join(shelf, "greeting"), join(cwd, "mine"));
  return cwd;
}

const validate = (cwd, ...args) => packwright(["validate", ...args], { cwd });

describe("validate", { concurrency: 4 }, () => {
  test("a sound pack passes; without --deep nothing but the pack is read", async () => {
    const cwd = sound();
    const there = await validate(cwd, "mine", "--registry", "http://127.0.0.1:1/");
    assert.deepEqual(there, { code: 0, signal: undefined, stdout: "greeting 1.0.0: all is as it should be\n", stderr: "" });
    const here = await validate(join(cwd, "mine"), "--json");
    const [{ directory, name, version, problems, tests, blessed, removed }, ...others] = JSON.parse(here.stdout).packs;
    assert.deepEqual([here.code, directory, name, version, problems, tests, blessed, removed, others], [0, ".", "greeting", "1.0.0", [], [], [], [], []]);
  });

  test("several packs are reported one after the other; the first that is wrong decides the exit code", async () => {
    const shelf = sources({
      good: { toml: template("a.txt"), files: { "a.txt": "a\n" } },
      syntax: { toml: template("a.txt") + template("b.txt"), files: { "a.txt": "one\n{% if %}\n", "b.txt": "{{ open\n" } },
      missing: { toml: template("none.txt"), files: {} },
      broken: { toml: "[templates\n", files: {} },
    });
    const all = await validate(shelf, "good", "syntax", "missing", "broken", "nowhere");
    assert.equal(all.code, 3, all.stderr);
    assert.match(all.stdout, /^good 1\.0\.0: all is as it should be\nsyntax 1\.0\.0: 2 problems\nmissing 1\.0\.0: 1 problem\nbroken: \d problems?\nnowhere: 1 problem\n$/);
    assert.match(all.stderr, /^error\[render-failed\]: .*\n {2}at syntax\/a\.txt:2:\d+\n/);
    for (const part of ["at syntax/b.txt:1:", "`none.txt`", "at broken/pack.toml:5:"]) assert.ok(all.stderr.includes(part), part);
    const { packs } = JSON.parse((await validate(shelf, "good", "missing", "nowhere", "--json")).stdout);
    assert.deepEqual(packs.map(({ name, problems }) => [name, problems.map(({ exitCode }) => exitCode)]).slice(0, 2), [["good", []], ["missing", [packs[1].problems[0].exitCode]]]);
    assert.deepEqual([packs[2].directory, packs[2].name, packs[2].version, packs[2].problems.length], ["nowhere", null, null, 1]);
  });

  test("what comes out is compared, blessed, and then passes", async () => {
    const cwd = sound();
    const differing = await validate(cwd, "mine", "--deep");
    assert.equal(differing.code, 13, differing.stderr);
    const marks = ["✗ defaults  2 files, 1 problem", "✗ ada  2 files, 1 problem", "greeting 1.0.0: 2 of 2 tests failed"];
    const advice = "If what comes out is right, `packwright validate mine --deep --bless` writes it where it is expected";
    assert.equal(differing.stdout, [...marks, "", advice, ""].join("\n"));
    assert.match(differing.stderr, /^error\[out-of-date\]: `tests\/defaults\/bin\/run\.sh` is made and not expected\n {4}--- .*\n {4}\+\+\+ .*\n {4}@@ -0,0 \+1 @@\n {4}\+echo World\n/);
    assert.ok(!existsSync(join(cwd, "mine/tests/ada/bin")), "comparing writes nothing");
    const blessing = await validate(cwd, "mine", "--bless");
    const written = ["Wrote what comes out (2 paths):", "  tests/defaults/bin/run.sh", "  tests/ada/bin/run.sh"];
    const told = ["✓ defaults  2 files", "✓ ada  2 files", ...written, "greeting 1.0.0: all is as it should be, 2 tests blessed"];
    assert.deepEqual([blessing.code, blessing.stdout, blessing.stderr], [0, `${told.join("\n")}\n`, ""]);
    assert.equal(readFileSync(join(cwd, "mine/tests/ada/bin/run.sh"), "utf8"), "echo Ada\n");
    const passing = await validate(join(cwd, "mine"), "--deep");
    assert.deepEqual([passing.code, passing.stdout], [0, "✓ defaults  2 files\n✓ ada  2 files\ngreeting 1.0.0: all is as it should be, 2 tests passed\n"]);
  });

  test("where nothing is expected yet a line says how to have what comes out written; a failed test is not as expected", async () => {
    const cwd = sound(golden("third"));
    const [third] = JSON.parse((await validate(cwd, "mine", "--deep", "--json")).stdout).packs[0].tests.slice(2);
    assert.deepEqual(third.problems.map(({ code }) => code), ["out-of-date", "out-of-date"]);
    // The manifest is as good a name of the pack as its directory.
    const { code, stderr, stdout } = await validate(cwd, "mine/pack.toml", "--deep");
    assert.equal(code, 13);
    assert.ok(stderr.endsWith("\nnothing is expected yet in tests/third/: `packwright validate mine --deep --bless` writes what comes out\n"), stderr);
    assert.match(stdout, /^✗ third {2}2 files, 2 problems$/m);
    assert.equal((await validate(cwd, "mine", "--bless")).code, 0);
    writeFileSync(join(cwd, "mine/note.md"), "{{ nobody }}\n");
    const failing = await validate(cwd, "mine", "--bless");
    assert.equal(failing.code, 3, failing.stderr);
    assert.match(failing.stdout, /\n✗ third .*\ngreeting 1\.0\.0: 3 of 3 tests failed\n$/);
  });

  test("a change is shown as it is; blessing also removes what is not made any more, and can be taken back", async () => {
    const cwd = sound();
    const pw = await open();
    await pw.validate(join(cwd, "mine"), { golden: "bless" });
    appendFileSync(join(cwd, "mine/note.md"), "Bye {{ who }}\n");
    mkdirSync(join(cwd, "mine/tests/ada/old"));
    writeFileSync(join(cwd, "mine/tests/ada/old/stale.txt"), "stale\n");
    const before = filesOf(cwd);
    const { code, stdout, stderr } = await validate(cwd, "mine", "--deep");
    assert.equal(code, 13);
    assert.match(stdout, /^✗ defaults {2}2 files, 1 problem\n✗ ada {2}2 files, 2 problems\n/);
    assert.match(stderr, /`tests\/defaults\/note\.md` is made otherwise\n {4}--- .*\n {4}\+\+\+ .*\n {4}@@ -1,2 \+1,3 @@\n {5}# demo\n {5}Hello World\n {4}\+Bye World\n/);
    assert.match(stderr, /`tests\/ada\/old\/stale\.txt` is expected and not made/);
    const { blessed, removed, tests } = await pw.validate(join(cwd, "mine"), { golden: "bless" });
    assert.deepEqual([blessed, removed], [["tests/defaults/note.md", "tests/ada/note.md"], ["tests/ada/old/stale.txt"]]);
    assert.deepEqual(tests.map(({ name, expect, files, problems }) => [name, expect, files, problems]), [["defaults", "tests/defaults", 2, []], ["ada", "tests/ada", 2, []]]);
    assert.ok(!existsSync(join(cwd, "mine/tests/ada/old")));
    assert.deepEqual((await pw.validate(join(cwd, "mine"), { golden: "compare" })).tests.flatMap(({ problems }) => problems), []);
    await pw.undo(join(cwd, "mine"));
    assert.deepEqual(filesOf(cwd), before);
    const again = await validate(cwd, "mine", "--bless");
    assert.match(again.stdout, /\nRemoved what comes out no more \(1 path\):\n {2}tests\/ada\/old\/stale\.txt\n/);
  });

  test("what is no directory is told to be none", async () => {
    const cwd = sound();
    const { code, stderr } = await validate(cwd, "mine/nope", "mine/note.md");
    assert.equal(code, 1);
    assert.match(stderr, /^error\[file-not-found\]: there is no directory `mine\/nope`\n/);
    assert.match(stderr, /\nerror\[file-not-found\]: `mine\/note\.md` is neither a directory nor a pack\.toml\n/);
  });

  test("what a write leaves in a pack is not published with it", async () => {
    const cwd = sound();
    assert.equal((await validate(cwd, "mine", "--bless")).code, 0);
    assert.ok(existsSync(join(cwd, "mine/.packwright/undo")));
    renameSync(join(cwd, "mine"), join(cwd, "greeting"));
    const index = await (await open()).buildRegistry(cwd);
    assert.ok([...index.keys()].some((path) => path.endsWith(".tgz")));
    const { packs } = JSON.parse((await validate(cwd, "greeting", "--deep", "--json")).stdout);
    assert.deepEqual(packs[0].tests.map(({ problems }) => problems), [[], []]);
    const { installation } = JSON.parse((await packwright(["install", "greeting", "--json", "--registry", cwd], { cwd: scratch() })).stdout);
    assert.equal(installation.items[0].files, [...filesOf(join(cwd, "greeting"))].length);
  });

  test("a tree that is expected where the pack has something else is refused", async () => {
    const shelf = sources({
      app: { toml: `${template("files/")}${golden("own", "", "files")}${golden("inner", "", "files/a")}`.replace('output = "files/"', 'output = "."'), files: { "files/a/x.txt": "x\n" } },
    });
    const before = filesOf(shelf);
    const { code, stdout, stderr } = await validate(shelf, "app", "--bless");
    assert.equal(code, 11, stderr);
    assert.match(stderr, /error\[invalid-manifest\]: the test `own` expects its tree in `files`, where the template `files\/` has its source/);
    assert.match(stdout, /^app 1\.0\.0: \d problems\n$/);
    assert.deepEqual(filesOf(shelf), before);
  });

  test("packs it needs come from registries, the pack itself from its directory", async () => {
    const shelf = sources({
      base: { toml: template("base.txt"), files: { "base.txt": "of the base\n" } },
      app: { version: "2.0.0", toml: template("app.txt"), files: { "app.txt": "published\n" } },
    });
    const mine = sources({
      app: {
        toml: `[dependencies]\nbase = "^1"\n${template("app.txt")}${golden("both")}`,
        files: { "app.txt": "{{ packs.base.version }}\n", "tests/both/app.txt": "1.0.0\n", "tests/both/base.txt": "of the base\n" },
      },
    });
    const { code, stdout, stderr } = await validate(mine, "app", "--deep", "--registry", shelf);
    assert.deepEqual([code, stdout], [0, "✓ both  2 files\napp 1.0.0: all is as it should be, 1 test passed\n"], stderr);
    writeFileSync(join(mine, "app/tests/both/base.txt"), "other\n");
    const differing = await validate(mine, "app", "--deep", "--registry", shelf);
    assert.equal(differing.code, 13);
    assert.ok(differing.stdout.endsWith(`\`packwright validate app --deep --bless --registry ${shelf}\` writes it where it is expected\n`), differing.stdout);
    const alone = await validate(mine, "app", "--deep");
    assert.equal(alone.code, 1);
    assert.match(alone.stdout, /^✗ both {2}0 files, 1 problem\napp 1\.0\.0: 1 of 1 test failed\n$/);
    assert.match(alone.stderr, /error\[pack-not-found\]/);
  });

  test("what keeps a test from being made comes before what differs", async () => {
    const cwd = sound(`${template("late.txt")}when = "who == 'nobody'"\n${golden("failing", ', who = "nobody"')}${golden("asked", ', whom = "x"')}`);
    writeFileSync(join(cwd, "mine/late.txt"), "{{ nobody }}\n");
    const { code, stdout, stderr } = await validate(cwd, "mine", "--deep");
    assert.equal(code, 3, stderr);
    assert.match(stdout, /^✗ defaults .*\n✗ ada .*\n✗ failing {2}0 files, 1 problem\n✗ asked {2}0 files, 1 problem\ngreeting 1\.0\.0: 4 of 4 tests failed\n/);
    assert.match(stderr, /error\[render-failed\]: [^]*late\.txt:1[^]*error\[invalid-answer\]/);
  });

  test("a pack without tests is told so with --deep", async () => {
    const shelf = sources({ app: { toml: template("a.txt"), files: { "a.txt": "a\n" } } });
    const { code, stdout, stderr } = await validate(shelf, "app", "--deep");
    assert.deepEqual([code, stdout], [0, "app 1.0.0: all is as it should be\n"]);
    assert.match(stderr, /^warning\[file-not-found\]: `app@1\.0\.0` has no `\[\[tests\]\]`/);
  });
});
