// Taking the last write back, whatever wrote, and bringing it again.
import assert from "node:assert/strict";
import { appendFileSync, chmodSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { before, describe, test } from "node:test";
import { pathToFileURL } from "node:url";
import { put, sources, template } from "./depot.mjs";
import { filesOf, packwright, project, scratch, timestamp } from "./installed.mjs";

const { open } = await import(pathToFileURL(createRequire(join(project, "index.js")).resolve("packwright")));

const registry = sources({
  app: {
    toml: template("ignore", ".gitignore") + template("main.txt", "src/main.txt") + template("run.sh", "bin/run.sh", 'mode = "0755"\n'),
    files: { ignore: "dist/\n", "main.txt": "of the pack\n", "run.sh": "echo {{ project_name }}\n" },
  },
  other: { toml: template("other.txt"), files: { "other.txt": "other\n" } },
});
put(registry, "lib", {});
put(registry, "tool", { dependencies: { lib: "^1" } });

const from = ["--registry", `fixtures=${registry}`];
const app = ["generate", "app", "--name", "demo", "--timestamp", timestamp, ...from];

const windows = process.platform === "win32";

/** The content of every file, and who may do what with it. */
function stateOf(directory) {
  const mode = (path) => (windows ? "" : (statSync(join(directory, path)).mode & 0o777).toString(8));
  const state = ([path, content]) => [path, [content.toString("latin1"), mode(path)]];
  return Object.fromEntries([...filesOf(directory)].map(state));
}

/** A directory in which `demo` has files of somebody: one for their eyes only, one of them a program. */
function occupied() {
  const cwd = scratch();
  mkdirSync(join(cwd, "demo/src"), { recursive: true });
  writeFileSync(join(cwd, "demo/.gitignore"), "mine\n");
  writeFileSync(join(cwd, "demo/src/main.txt"), Buffer.from("mine\0\xff", "latin1"));
  chmodSync(join(cwd, "demo/.gitignore"), 0o600);
  chmodSync(join(cwd, "demo/src/main.txt"), 0o755);
  return cwd;
}

async function succeeds(args, cwd) {
  const { code, stdout, stderr } = await packwright(args, { cwd });
  assert.equal(code, 0, stderr);
  return stdout;
}

const undo = (cwd, ...flags) => succeeds(["undo", "--output", "demo", ...flags], cwd);

describe("undo", { concurrency: 4 }, () => {
  test("brings back what --existing overwrite replaced, bytes and modes, and twice is as if nothing had been", async () => {
    const cwd = occupied();
    const mine = stateOf(cwd);
    assert.match(await succeeds([...app, "--existing", "overwrite"], cwd), /^Wrote 4 files .*\nOverwritten: \.gitignore, src\/main\.txt\n`packwright undo --output demo` takes it back\n/);
    const theirs = stateOf(cwd);
    assert.deepEqual([theirs["demo/src/main.txt"], theirs["demo/.gitignore"]], [["of the pack\n", windows ? "" : "644"], ["dist/\n", windows ? "" : "600"]]);
    const rows = ["change  .gitignore", "delete  bin/run.sh", "change  src/main.txt", "delete  packwright.lock", ""];
    assert.equal(await undo(cwd, "--dry-run"), [...rows, "Nothing was written: 2 to restore, 2 to remove", ""].join("\n"));
    assert.deepEqual(stateOf(cwd), theirs);
    const done = "Took back the last write into demo: 2 restored, 2 removed; `packwright undo --output demo` brings it again";
    assert.equal(await undo(cwd), [...rows, done, ""].join("\n"));
    assert.deepEqual(stateOf(cwd), mine);
    assert.match(await undo(cwd), /: 2 brought back, 2 restored; /);
    assert.deepEqual(stateOf(cwd), theirs);
    assert.match(await succeeds([...app, "--check"], cwd), /exactly/);
  });

  test("takes a merge back", async () => {
    const cwd = occupied();
    writeFileSync(join(cwd, "demo/src/main.txt"), "of the pack\n");
    const mine = stateOf(cwd);
    await succeeds([...app, "--existing", "merge"], cwd);
    assert.equal(readFileSync(join(cwd, "demo/.gitignore"), "utf8"), "mine\ndist/\n");
    const { directory, undone, warnings, written } = JSON.parse(await undo(cwd, "--json"));
    assert.deepEqual([directory, warnings, written], ["demo", [], true]);
    const done = undone.map(({ path, action }) => `${action} ${path}`).sort();
    // The text of src/main.txt was that of the pack, but it was a program.
    assert.deepEqual(done, ["change .gitignore", "change src/main.txt", "delete bin/run.sh", "delete packwright.lock"]);
    assert.deepEqual(stateOf(cwd), mine);
  });

  test("takes a fresh project away, directories and all, and brings it again", async () => {
    const cwd = scratch();
    await succeeds(app, cwd);
    const fresh = stateOf(cwd);
    // Beside the project as well as in it.
    assert.match(await succeeds(["undo"], join(cwd, "demo")), /Took back the last write into \.: 4 removed; `packwright undo` brings it again\n$/);
    assert.deepEqual(stateOf(cwd), {});
    assert.throws(() => statSync(join(cwd, "demo/src")), { code: "ENOENT" });
    await undo(cwd);
    assert.deepEqual(stateOf(cwd), fresh);
  });

  test("takes the last write back and no other", async () => {
    const cwd = scratch();
    await succeeds(app, cwd);
    const one = stateOf(cwd);
    await succeeds([...app.slice(0, 2), "other", ...app.slice(2)], cwd);
    assert.ok("demo/other.txt" in stateOf(cwd));
    // What writes nothing is nothing to take back.
    assert.match(await succeeds([...app.slice(0, 2), "other", ...app.slice(2)], cwd), /^Nothing to do/);
    assert.match(await undo(cwd), /^delete {2}other\.txt\nchange {2}packwright\.lock\n\n/);
    assert.deepEqual(stateOf(cwd), one);
  });

  test("takes an install back, and what an uninstall took out", async () => {
    const cwd = scratch();
    mkdirSync(join(cwd, "demo"));
    await succeeds(["install", "tool", "--output", "demo", ...from], cwd);
    const installed = stateOf(cwd);
    assert.match(await undo(cwd), /^delete {2}\.packwright\/packages\/lib$/m);
    assert.deepEqual(stateOf(cwd), {});
    await undo(cwd);
    assert.deepEqual(stateOf(cwd), installed);
    await succeeds(["uninstall", "tool", "--output", "demo"], cwd);
    assert.ok(!Object.keys(stateOf(cwd)).some((path) => path.includes("/packages/")));
    assert.match(await undo(cwd), /^create {2}\.packwright\/packages\/tool$/m);
    assert.deepEqual(stateOf(cwd), installed);
  });

  test("brings back the pack.toml that compose replaced", async () => {
    const cwd = scratch();
    const compose = ["compose", "app", "other", "--name", "both", "--output", "demo", ...from];
    await succeeds(compose, cwd);
    appendFileSync(join(cwd, "demo/pack.toml"), "# mine\n");
    const mine = stateOf(cwd);
    await succeeds([...compose, "--force"], cwd);
    assert.notDeepEqual(stateOf(cwd), mine);
    assert.match(await undo(cwd), /^change {2}pack\.toml\n\nTook back the last write into demo: 1 restored; /);
    assert.deepEqual(stateOf(cwd), mine);
  });

  test("does not touch what was edited since, unless it is forced to, and then that comes back as well", async () => {
    const cwd = occupied();
    const mine = stateOf(cwd);
    await succeeds([...app, "--existing", "overwrite"], cwd);
    appendFileSync(join(cwd, "demo/src/main.txt"), "edited\n");
    const edited = stateOf(cwd);
    for (const flags of [[], ["--dry-run"]]) {
      const { code, stdout, stderr } = await packwright(["undo", "--output", "demo", ...flags], { cwd });
      assert.deepEqual([code, stdout, stderr.split("\n")[0]], [13, "", "error[file-conflict]: `src/main.txt` was changed since it was written"]);
    }
    assert.deepEqual(stateOf(cwd), edited);
    await undo(cwd, "--force");
    assert.deepEqual(stateOf(cwd), mine);
    await undo(cwd);
    assert.deepEqual(stateOf(cwd), edited);
  });

  test("with nothing to take back, or nothing that can be read, it says so", async () => {
    const cwd = scratch();
    mkdirSync(join(cwd, "demo"));
    for (const args of [["undo"], ["undo", "--output", "demo"], ["undo", "--output", "nowhere", "--dry-run"]]) {
      const { code, stdout, stderr } = await packwright(args, { cwd });
      assert.deepEqual([code, stdout, stderr.split("\n")[0]], [1, "", "error[file-not-found]: there is nothing to take back in this directory"]);
    }
    await succeeds(app, cwd);
    const fresh = stateOf(cwd);
    const wrong = await packwright(["undo", "-o", "demo/packwright.lock"], { cwd });
    assert.deepEqual([wrong.code, wrong.stderr.split("\n")[0]], [64, "error[usage]: `demo/packwright.lock` is a file"]);
    writeFileSync(join(cwd, "demo/.packwright/undo/journal"), "{");
    const { code, stdout } = await packwright(["undo", "--output", "demo", "--json"], { cwd });
    assert.deepEqual([code, JSON.parse(stdout).error.code], [11, "invalid-input"]);
    assert.deepEqual(stateOf(cwd), fresh);
  });

  test("does not bring back what runs by itself unless that is consented to; where nothing changes, nothing was written", async () => {
    const cwd = scratch();
    const tasks = sources({ tasks: { toml: template("tasks.json", ".vscode/tasks.json"), files: { "tasks.json": "{}\n" } } });
    await succeeds(["generate", "tasks", "--name", "demo", "--trust", "--registry", tasks], cwd);
    await undo(cwd);
    const refused = await packwright(["undo", "--output", "demo"], { cwd });
    assert.deepEqual([refused.code, refused.stderr.split(":")[0], [...filesOf(cwd)]], [12, "error[needs-consent]", []]);
    assert.match(await undo(cwd, "--trust"), /: 2 brought back; /);
    for (const path of [...filesOf(cwd).keys()]) rmSync(join(cwd, path));
    const { undone, written } = JSON.parse(await undo(cwd, "--force", "--json"));
    assert.deepEqual([undone, written], [[], false]);
  });

  test("keeps its way back out of version control", async () => {
    const cwd = occupied();
    await succeeds([...app, "--existing", "overwrite"], cwd);
    assert.equal(readFileSync(join(cwd, "demo/.packwright/undo/.gitignore"), "utf8"), "*\n");
  });
});

describe("Packwright.undo", () => {
  let pw;
  before(async () => {
    pw = await open({ registry: { id: "fixtures", directory: registry } });
  });

  test("says what it would do, does it, and rejects like everything else", async () => {
    const directory = join(scratch(), "demo");
    await assert.rejects(pw.undo(directory), { code: "file-not-found", exitCode: 1 });
    await assert.rejects(pw.undo(), { code: "usage", message: "`directory` is missing" });
    await (await pw.generate({ packs: ["other"], answers: { project_name: "demo" } })).write(directory);
    const would = await pw.undo(directory, { dryRun: true });
    assert.deepEqual(would, { undone: [{ path: "other.txt", action: "delete" }, { path: "packwright.lock", action: "delete" }], warnings: [] });
    assert.equal(filesOf(directory).size, 2);
    assert.deepEqual(await pw.undo(directory), would);
    assert.equal(filesOf(directory).size, 0);
    writeFileSync(join(directory, "other.txt"), "somebody's\n");
    await assert.rejects(pw.undo(directory), { code: "file-conflict" });
    assert.deepEqual((await pw.undo(directory, { force: true })).undone.map(({ action }) => action).sort(), ["change", "create"]);
  });

  test("a project that an answer decides about is one generation", async () => {
    const directory = join(scratch(), "demo");
    mkdirSync(directory);
    writeFileSync(join(directory, "other.txt"), "mine\n");
    const { generations_total: before } = pw.metrics.snapshot();
    const made = await pw.generate({ packs: ["other"], answers: { project_name: "demo" }, directory });
    const decided = await made.decide({ "other.txt": "overwrite" });
    const again = await decided.decide({ "none.txt": "skip" });
    assert.deepEqual([made, decided, again].map(({ plan }) => plan.operations[0].action), ["conflict", "overwrite", "overwrite"]);
    assert.equal(pw.metrics.snapshot().generations_total, before + 1);
  });
});
