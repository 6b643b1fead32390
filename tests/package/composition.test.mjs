// Several packs in one project: how their files join, what one sees of it beforehand, what becomes of files that stand there, commands
// after a generation, and packs made of packs.
import assert from "node:assert/strict";
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { before, describe, test } from "node:test";
import { pathToFileURL } from "node:url";
import { sources, template } from "./depot.mjs";
import { filesOf, golden, packwright, project, scratch, timestamp } from "./installed.mjs";

const { open } = await import(pathToFileURL(createRequire(join(project, "index.js")).resolve("packwright")));

/** `app` and `ci` share two files; `rival` disagrees with `app`; `bad` has a template that fails. */
const registry = sources({
  app: {
    toml: [
      ...['[variables.owner]', 'example = "Ada"', '[variables.port]', 'type = "integer"', "default = 3000"],
      template("package.json") + template("ignore", ".gitignore") + template("main.txt", "src/main.txt"),
      '[[templates]]\nname = "raw"\nsource = "raw/"\noutput = "raw"\nraw = ["**"]',
      '[hooks]\npost-generate = ["echo ran in $(basename $PWD); touch hooked"]\npost-install = ["touch installed"]\n',
    ].join("\n"),
    files: {
      "package.json": '{\n  // the app\n  "name": "{{ project_name }}",\n  "scripts": {\n    "start": "node ."\n  }\n}\n',
      ignore: "node_modules/\ndist/\n",
      "main.txt": "{{ owner }} on {{ port }}\n",
      "raw/notes.txt": "{{ as it is }}\nno end",
      "raw/logo.png": "\0\x01",
    },
  },
  ci: {
    version: "2.1.0",
    toml: template("package.json") + template("ignore", ".gitignore"),
    files: { "package.json": '{\n  "scripts": {\n    "test": "node --test"\n  },\n  "private": true\n}\n', ignore: "coverage/\n" },
  },
  lender: { toml: '[dependencies]\nci = { version = "^2", optional = true }\n', files: {} },
  rival: { toml: template("main.txt", "src/main.txt"), files: { "main.txt": "mine\n" } },
  bad: {
    toml: `${template("good.txt")}${template("bad.txt")}[hooks]\npost-generate = ["touch hooked"]\n`,
    files: { "good.txt": "good\n", "bad.txt": "first\n{{ nobody }}\n" },
  },
  slow: { toml: `${template("good.txt")}[hooks]\npost-generate = ["echo begun; sleep 20"]\n`, files: { "good.txt": "good\n" } },
  failing: { toml: `${template("good.txt")}[hooks]\npost-generate = ["echo oops >&2; exit 3", "echo later"]\n`, files: { "good.txt": "good\n" } },
});

const from = ["--registry", `fixtures=${registry}`];
const both = ["generate", "app", "ci", "--name", "demo", "--var", "owner=Ada", "--timestamp", timestamp, ...from];

const JOINED = '{\n  // the app\n  "name": "demo",\n  "scripts": {\n    "start": "node .",\n    "test": "node --test"\n  },\n  "private": true\n}\n';
const MERGED = '{\n  // the app\n  "name": "old", // mine\n  "scripts": {\n    "start": "node .",\n    "test": "node --test"\n  },\n  "private": true\n}\n';

/** A directory in which `demo` has two files of somebody. */
function occupied() {
  const cwd = scratch();
  mkdirSync(join(cwd, "demo/src"), { recursive: true });
  writeFileSync(join(cwd, "demo/package.json"), '{\n  "name": "old", // mine\n  "scripts": {}\n}\n');
  writeFileSync(join(cwd, "demo/src/main.txt"), "mine\n");
  return cwd;
}

function text(directory, path) {
  return readFileSync(join(directory, path), "utf8");
}

describe("the programming interface", { concurrency: 4 }, () => {
  let pw;
  const wanted = { packs: ["app", "ci"], answers: { project_name: "demo", owner: "Ada" }, timestamp };
  before(async () => {
    pw = await open({ registry: { id: "fixtures", directory: registry } });
  });

  test("joins files and says where each line comes from", async () => {
    const made = await pw.generate({ ...wanted, lines: true });
    assert.equal(Buffer.from(made.files.get("package.json")).toString(), JOINED);
    const { origins, lines } = made.plan.operations.find(({ path }) => path === "package.json");
    assert.deepEqual(origins.map(({ pack, version }) => `${pack}@${version}`), ["app@1.0.0", "ci@2.1.0"]);
    assert.deepEqual(lines.map(({ count, from: { pack, line } }) => [count, pack, line]), [[5, "app", 1], [1, "ci", 3], [1, "app", 6], [1, "ci", 5], [1, "app", 7]]);
    assert.deepEqual((await pw.generate(wanted)).plan.operations[0].lines, [], "nobody asked");
  });

  test("takes strategies, rules in files, and one template", async () => {
    const layered = await pw.generate({ ...wanted, composition: { strategy: "layer" } });
    assert.equal(Buffer.from(layered.files.get(".gitignore")).toString(), "coverage/\n");
    const rulesFile = { name: "rules.yaml", text: "strategy: rules\nrules:\n  - path: '*.json'\n    merge: deep\n  - path: .gitignore\n    merge: skip\n" };
    const ruled = await pw.generate({ ...wanted, rulesFile });
    assert.equal(Buffer.from(ruled.files.get(".gitignore")).toString(), "node_modules/\ndist/\n");
    assert.equal(Buffer.from(ruled.files.get("package.json")).toString(), JOINED);
    const one = await pw.generate({ ...wanted, template: "ignore" });
    assert.deepEqual([...one.files.keys()], [".gitignore"]);
  });

  test("says what packs disagree about, as data", async () => {
    const { diagnostics } = await pw.generate({ ...wanted, packs: ["app", "rival"] }).catch((error) => error);
    assert.deepEqual(diagnostics.map(({ code }) => code), ["path-conflict"]);
    const { path, sides } = diagnostics[0].details;
    assert.deepEqual([path, sides.map(({ origin }) => origin.pack)], ["src/main.txt", ["app", "rival"]]);
    const rest = await pw.generate({ ...wanted, packs: ["app", "rival", "bad"], keepGoing: true });
    assert.deepEqual(rest.problems.map(({ code }) => code), ["render-failed", "path-conflict"]);
    assert.deepEqual([...rest.files.keys()].filter((path) => /main|bad|good/.test(path)), ["good.txt"]);
  });

  test("decides about files that stand there, and runs the hooks of what was written", async () => {
    const cwd = occupied();
    const directory = join(cwd, "demo");
    const merging = await pw.generate({ ...wanted, directory, ifThere: "merge", ifThereAt: { "src/main.txt": "skip" } });
    const actions = Object.fromEntries(merging.plan.operations.map(({ path, action }) => [path, action]));
    assert.deepEqual([actions["package.json"], actions["src/main.txt"], actions[".gitignore"]], ["merge", "skip", "create"]);
    await merging.write(directory);
    assert.deepEqual([text(directory, "package.json"), text(directory, "src/main.txt")], [MERGED, "mine\n"]);
    let output = "";
    const ran = await merging.runHooks(directory, { onProgress: (event) => void (output += event.type === "output" ? event.text : "") });
    assert.deepEqual(ran.map(({ pack }) => pack), ["app"]);
    assert.deepEqual([output, existsSync(join(directory, "hooked")), existsSync(join(directory, "installed"))], ["ran in demo\n", true, false]);
  });

  test("answers from an environment are weaker than a file, and nobody minds others", async () => {
    const environment = { OWNER: "Env", Port: "4000", UNRELATED: "x" };
    const answersFile = { name: "answers.yml", text: "owner: File\n" };
    const asked = { ...wanted, answers: { project_name: "demo" }, environment, answersFile };
    const { questions } = await pw.questions(asked);
    const told = questions.map(({ variable, answer, source }) => [variable.name, answer, source]);
    assert.deepEqual(told, [["project_name", "demo", "argument"], ["owner", "File", "file"], ["port", 4000, "environment"]]);
    assert.equal((await pw.generate(asked)).answers.port, 4000);
  });

  test("composes a pack that gives what its packs give", async () => {
    const shelf = scratch("shelf");
    const service = await pw.compose({ packs: ["app@^1", "ci"], name: "@acme/service", version: "1.2.3", composition: { strategy: "layer" } });
    assert.equal(service.isTried, false, "nobody says who the owner is");
    assert.deepEqual(service.plan.operations.map(({ path, action }) => [path, action]), [["pack.toml", "create"]]);
    await service.write(join(shelf, "@acme/service"));
    assert.equal(text(shelf, "@acme/service/pack.toml"), service.manifest);
    const packs = await open({ registry: [{ id: "fixtures", directory: registry }, { id: "acme", directory: shelf, scopes: ["@acme"] }] });
    const { files, packs: used } = await packs.generate({ ...wanted, packs: ["@acme/service"] });
    assert.deepEqual(used.map(({ identity, version }) => `${identity} ${version}`), ["app 1.0.0", "ci 2.1.0", "@acme/service 1.2.3"]);
    assert.equal(Buffer.from(files.get(".gitignore")).toString(), "coverage/\n");
  });

  test("tries the packs it composes, takes the name of the directory, and compares what stands there", async () => {
    const directory = join(scratch(), "pair");
    const answers = { owner: "Ada" };
    const pair = await pw.compose({ packs: ["app", "rival"], directory, answers });
    assert.match(pair.manifest, /^\[pack\]\nname = "pair"\nversion = "0\.1\.0"\n/);
    const told = pair.problems.map(({ code, severity }) => [code, severity]);
    assert.deepEqual([pair.isTried, told, pair.warnings], [true, [["path-conflict", "error"]], []]);
    await pair.write(directory);
    assert.equal((await pw.compose({ packs: ["app", "rival"], directory, answers })).plan.operations[0].action, "unchanged");
    await assert.rejects(pw.compose({ packs: ["app"] }), { code: "usage", message: "`name` is missing" });
    await assert.rejects(pw.compose({ packs: ["app"], name: "No Name" }), { code: "invalid-name" });
  });
});

describe("generate", { concurrency: 4 }, () => {
  test("--dry-run says which packs a file is joined from; --diff shows new files, too", async () => {
    const { code, stdout, stderr } = await packwright([...both, "--dry-run", "--diff"], { cwd: scratch() });
    assert.equal(code, 0, stderr);
    golden(assert, "dry-run-diff", stdout.replaceAll(/"sha256-.*"/g, '"sha256-…"').replaceAll(/^\+generator = ".*"$/gm, '+generator = "…"'));
  });

  test("--diff without --dry-run shows it and writes", async () => {
    const cwd = occupied();
    const { code, stdout, stderr } = await packwright([...both, "--diff", "--existing", "merge", "--var", "port=1", "--template", "package.json"], { cwd });
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^--- a\/package\.json\n\+\+\+ b\/package\.json\n[^]*\n\nWrote 1 file \(\d+ B\) to demo\n/);
    assert.equal(text(cwd, "demo/package.json"), MERGED);
    assert.ok(!existsSync(join(cwd, "demo/packwright.lock")));
  });

  test("--origin says of each line whose it is, and writes nothing", async () => {
    const cwd = occupied();
    const joined = await packwright([...both, "--origin", "./package.json"], { cwd: scratch() });
    golden(assert, "origin", joined.stdout);
    const merged = await packwright([...both, "--origin", "package.json", "--existing", "merge"], { cwd });
    golden(assert, "origin-merged", merged.stdout);
    const copied = await packwright([...both, "--origin", "raw/notes.txt", "--json"], { cwd });
    const { lines } = JSON.parse(copied.stdout);
    assert.deepEqual(lines.at(-1), { text: "no end", from: { pack: "app", version: "1.0.0", source: "raw/notes.txt", line: 2 }, also: [] });
    const binary = await packwright([...both, "--origin", "raw/logo.png"], { cwd });
    assert.equal(binary.stdout, "app@1.0.0 raw/logo.png: 2 B that are not text\n");
    const none = await packwright([...both, "--origin", "nothing.txt"], { cwd });
    assert.deepEqual([none.code, none.stderr], [1, "error[file-not-found]: the packs give no file `nothing.txt`\n  help: `--dry-run` lists the files they give\n"]);
    assert.deepEqual([...filesOf(cwd).keys()], ["demo/package.json", "demo/src/main.txt"]);
  });

  for (const [way, main, manifest, code] of [
    ["skip", "mine\n", /"old"/, 0],
    ["overwrite", "Ada on 3000\n", /"demo"/, 0],
    ["abort", "mine\n", /"scripts": \{\}/, 13],
  ]) {
    test(`--existing ${way}`, async () => {
      const cwd = occupied();
      const run = await packwright([...both, "--existing", way], { cwd });
      assert.equal(run.code, code, run.stderr);
      assert.equal(text(cwd, "demo/src/main.txt"), main);
      assert.match(text(cwd, "demo/package.json"), manifest);
      assert.equal(existsSync(join(cwd, "demo/.gitignore")), code === 0);
      if (way === "skip") assert.match(run.stdout, /^Wrote 4 files .* to demo; 2 files of yours kept\n/);
    });
  }

  test("a file that was edited since it was generated is kept; --check tells, --existing overwrite replaces it", async () => {
    const cwd = scratch();
    assert.equal((await packwright(both, { cwd })).code, 0);
    writeFileSync(join(cwd, "demo/src/main.txt"), "mine\n");
    const kept = await packwright(both, { cwd });
    assert.deepEqual([kept.code, kept.stdout.split("\n")[0]], [0, "Nothing to do: 5 files unchanged, 1 file of yours kept"]);
    const checked = await packwright([...both, "--check"], { cwd });
    assert.equal(checked.code, 13);
    assert.match(checked.stderr, /^ *-mine\n *\+Ada on 3000$/m);
    assert.equal(text(cwd, "demo/src/main.txt"), "mine\n");
    // What the packs give has changed, so somebody has to decide.
    const other = [...both, "--var", "port=1"];
    assert.equal((await packwright(other, { cwd })).code, 13);
    for (const [flags, content] of [[["--existing", "overwrite"], "Ada on 3000\n"], [["--force", "--var", "port=1"], "Ada on 1\n"]]) {
      writeFileSync(join(cwd, "demo/src/main.txt"), "mine\n");
      const run = await packwright([...both, ...flags], { cwd });
      assert.deepEqual([run.code, text(cwd, "demo/src/main.txt")], [0, content], run.stderr);
    }
  });

  test("--existing merge leaves what cannot be merged in conflict, and writes nothing", async () => {
    const cwd = occupied();
    const { code, stdout, stderr } = await packwright([...both, "--existing", "merge", "--dry-run"], { cwd });
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^merge +package\.json +\d+ B +app \+ ci$/m);
    assert.match(stdout, /^conflict +src\/main\.txt/m);
    assert.match(stdout, /\nNothing was written: 4 to create, 1 to merge, 1 in conflict\n$/);
    const refused = await packwright([...both, "--existing", "merge"], { cwd });
    assert.equal(refused.code, 13);
    assert.match(refused.stderr, /\n {2}because files of its type cannot be merged\n/);
    assert.match(refused.stderr, /\n {2}help: `--existing skip` keeps it, `--existing overwrite` replaces it; or write /);
    assert.equal(filesOf(cwd).size, 2);
  });

  test("the plan says how modes change, and in place of whose a file stands", async () => {
    const cwd = scratch();
    const pack = (content) => ({ toml: template("run.sh"), files: { "run.sh": content } });
    const registry = sources({ one: pack("echo 1\n"), two: pack("echo 2\n") });
    const args = ["generate", "one", "two", "--name", "demo", "--strategy", "layer", "--registry", registry, "--yes"];
    assert.match((await packwright([...args, "--dry-run"], { cwd })).stdout, /^create +run\.sh +7 B +two over one$/m);
    assert.equal((await packwright(args, { cwd })).code, 0);
    chmodSync(join(cwd, "demo/run.sh"), 0o755);
    const { stdout } = await packwright([...args, "--dry-run", "--existing", "overwrite"], { cwd });
    assert.match(stdout, /^change +run\.sh +7 B, 0755 → 0644 +two over one$/m);
  });

  for (const [args, message] of [
    [["--existing", "ask"], "`--existing ask` needs somebody to ask"],
    [["--existing", "skip", "--force"], "`--force` and `--existing` do not go together"],
    [["--existing", "mrge"], "`mrge` is nothing `--existing` can be"],
    [["--strategy", "layers"], "`layers` is nothing `--strategy` can be"],
    [["--trust", "--skip-hooks"], "`--trust` and `--skip-hooks` do not go together"],
  ]) {
    test(`${args.join(" ")}: wrong usage`, async () => {
      const { code, stderr } = await packwright([...both, ...args], { cwd: scratch() });
      assert.deepEqual([code, stderr.split("\n")[0]], [64, `error[usage]: ${message}`]);
    });
  }

  test("--keep-going writes what works, tells the rest in the end, and exits with 3", async () => {
    const cwd = scratch();
    const args = ["generate", "bad", "--name", "demo", "--trust", ...from];
    const refused = await packwright(args, { cwd });
    assert.deepEqual([refused.code, filesOf(cwd).size], [3, 0]);
    const { code, stdout, stderr } = await packwright([...args, "--keep-going"], { cwd });
    assert.equal(code, 3);
    assert.match(stdout, /^Wrote 2 files/);
    assert.match(stderr, /^error\[render-failed\]: .*\n {2}at bad@1\.0\.0: bad\.txt:2:\d+\n/);
    assert.deepEqual([...filesOf(cwd).keys()], ["demo/good.txt", "demo/packwright.lock"], "no command runs on half a project");
    const { problems, written } = JSON.parse((await packwright([...args, "--keep-going", "--json"], { cwd })).stdout);
    assert.deepEqual([problems.length, written], [1, []]);
  });

  test("--rules and --strategy are remembered by the lockfile", async () => {
    const cwd = scratch();
    writeFileSync(join(cwd, "rules.toml"), '[[rules]]\npath = ".gitignore"\nmerge = "overwrite"\n');
    assert.equal((await packwright([...both, "--rules", "rules.toml"], { cwd })).code, 0);
    assert.equal(text(cwd, "demo/.gitignore"), "coverage/\n");
    const again = await packwright(["generate", "--check", ...from], { cwd: join(cwd, "demo") });
    assert.equal(again.code, 0, again.stderr);
    const missing = await packwright([...both, "--rules", "none.toml"], { cwd });
    assert.deepEqual([missing.code, missing.stderr.split("\n")[0]], [1, "error[file-not-found]: the rules file `none.toml` could not be read"]);
  });

  test("PACKWRIGHT_VAR_… answers", async () => {
    const cwd = scratch();
    const env = { PACKWRIGHT_VAR_OWNER: "Env", PACKWRIGHT_VAR_PORT: "8080", PACKWRIGHT_VAR_OTHER: "x" };
    const args = ["generate", "app", "--name", "demo", "--var", "port=1", ...from];
    const { code, stderr } = await packwright(args, { cwd, env });
    assert.deepEqual([code, stderr], [0, ""]);
    assert.equal(text(cwd, "demo/src/main.txt"), "Env on 1\n");
    const misspelt = await packwright([...args, "--dry-run"], { cwd, env: { PACKWRIGHT_VAR_OWNER: "Env", PACKWRIGHT_VAR_PROT: "1" } });
    assert.equal(misspelt.code, 0);
    assert.match(misspelt.stderr, /^warning\[invalid-answer\]: .*`PACKWRIGHT_VAR_PROT` says\n {2}help: did you mean `PACKWRIGHT_VAR_PORT`\?\n$/);
  });

  test("a wrong answer is to be mended in the file that gives it", async () => {
    const cwd = scratch();
    writeFileSync(join(cwd, "mine.toml"), 'owner = "Ada"\nport = "many"\n');
    const { code, stderr } = await packwright(["generate", "app", "--name", "demo", "--answers", "mine.toml", ...from], { cwd });
    assert.equal(code, 11);
    assert.match(stderr, /\n {2}because `mine\.toml` says so\n {2}help: mend it there, or overrule it, for example `--var port=/);
  });
});

describe("commands after a generation", { concurrency: 4, skip: process.platform === "win32" && "written for sh" }, () => {
  test("are named and not run, unless somebody says so", async () => {
    const cwd = scratch();
    for (const flags of [[], ["--skip-hooks", "--force"]]) {
      const { code, stdout } = await packwright([...both, ...flags, "--var", `port=${flags.length}`], { cwd });
      assert.equal(code, 0);
      assert.match(stdout, /\n\nNext:\n {2}cd demo\n {2}echo ran in/);
    }
    assert.ok(!existsSync(join(cwd, "demo/hooked")));
  });

  test("run with --trust, in the project, once it is written", async () => {
    const cwd = scratch();
    const { code, stdout, stderr } = await packwright([...both, "--trust"], { cwd });
    assert.equal(code, 0, stderr);
    assert.match(stderr, /^Running `echo ran in .*` of app\nran in demo\n$/);
    assert.match(stdout, /^Wrote 6 files .* to demo\n`packwright undo --output demo` takes it back\n$/);
    assert.ok(existsSync(join(cwd, "demo/hooked")));
    const { ran } = JSON.parse((await packwright([...both, "--trust", "--json"], { cwd })).stdout);
    assert.deepEqual(ran, [], "nothing was written this time");
  });

  test("end with their caller, who is not told that nothing was written", async () => {
    const directory = scratch();
    const pw = await open({ registry: { id: "fixtures", directory: registry } });
    const made = await pw.generate({ packs: ["slow"], answers: { project_name: "demo" } });
    await made.write(directory);
    const caller = new AbortController();
    const onProgress = (event) => event.type === "output" && caller.abort();
    const { code, diagnostics } = await made.runHooks(directory, { signal: caller.signal, onProgress }).catch((error) => error);
    assert.deepEqual([code, diagnostics[0].message, diagnostics[0].causes], ["cancelled", "cancelled", ["the files are written and stay"]]);
  });

  test("that fail say so, and the files stay", async () => {
    const cwd = scratch();
    const { code, stdout, stderr } = await packwright(["generate", "failing", "--name", "demo", "--trust", ...from], { cwd });
    assert.equal(code, 2, stderr);
    assert.match(stdout, /^Wrote 2 files/);
    assert.match(stderr, /^oops\n/m);
    assert.match(stderr, /^error\[install-failed\]: the hook `.*` of `failing` failed, so `echo later` did not run\n {2}because it exited with 3\n {2}help: the files are written/m);
    assert.equal(text(cwd, "demo/good.txt"), "good\n");
  });

  test("that fail are in the document beside what was written", async () => {
    const { code, stdout } = await packwright(["generate", "failing", "--name", "demo", "--trust", "--json", ...from], { cwd: scratch() });
    const { directory, written, plan, ran, error } = JSON.parse(stdout);
    assert.deepEqual([code, directory, written, plan.hooks.length, ran], [2, "demo", ["good.txt", "packwright.lock"], 2, undefined]);
    assert.deepEqual([error.code, error.exitCode, error.diagnostics.length], ["install-failed", 2, 1]);
  });
});

describe("compose", { concurrency: 4 }, () => {
  test("writes a pack that is reviewed and generated like any other", async () => {
    const cwd = scratch();
    writeFileSync(join(cwd, "rules.toml"), '[[rules]]\npath = "package.json"\n\n[rules.lists]\n"scripts.*" = "append"\n');
    const args = ["compose", "app", "ci@^2", "--name", "@acme/service", "--output", "packs/@acme/service", "--rules", "rules.toml", ...from];
    const dry = await packwright([...args, "--pack-version", "1.0.0", "--dry-run"], { cwd });
    assert.equal(dry.code, 0, dry.stderr);
    golden(assert, "compose-dry-run", dry.stdout);
    assert.ok(!existsSync(join(cwd, "packs")));
    const { code, stdout, stderr } = await packwright([...args, "--var", "owner=Ada"], { cwd });
    const next = `\`packwright generate @acme/service --name NAME ${from.join(" ")} --registry @acme=packs\` makes a project from it`;
    assert.deepEqual([code, stdout, stderr], [0, `Wrote a pack of app 1.0.0, ci 2.1.0 to packs/@acme/service; \`packwright undo --output packs/@acme/service\` takes it back\n${next}\n`, ""]);
    const made = await packwright(["generate", "@acme/service", "--name", "demo", "--var", "owner=Ada", ...from, "--registry", "@acme=packs"], { cwd });
    assert.equal(made.code, 0, made.stderr);
    assert.equal(text(cwd, "demo/package.json"), JOINED);
  });

  test("what cannot be generated with its defaults is written with --keep-going alone", async () => {
    const cwd = scratch();
    const args = ["compose", "app", "rival", "--output", "pair", "--var", "owner=Ada", ...from];
    const refused = await packwright(args, { cwd });
    assert.deepEqual([refused.code, refused.stdout, filesOf(cwd).size], [13, "", 0]);
    assert.match(refused.stderr, /^Nothing was written, .*`--keep-going`.*\nerror\[path-conflict\]: several packs write `src\/main\.txt`/);
    const { error, problems, written: none } = JSON.parse((await packwright([...args, "--json"], { cwd })).stdout);
    assert.deepEqual([error.diagnostics, none], [problems, null]);
    const { code, stdout, stderr } = await packwright([...args, "--keep-going"], { cwd });
    const next = "No project can be made from it with its defaults yet: see to what is wrong first, with other answers or rules";
    assert.deepEqual([code, stdout], [13, `Wrote a pack of app 1.0.0, rival 1.0.0 to pair; \`packwright undo --output pair\` takes it back\n${next}\n`]);
    assert.match(stderr, /^error\[path-conflict\]: several packs write `src\/main\.txt`/);
    assert.match(text(cwd, "pair/pack.toml"), /^name = "pair"$/m);
    assert.equal((await packwright([...args, "--keep-going"], { cwd })).stdout, `Nothing to do: pair is that pack already\n${next}\n`);
    const unasked = await packwright(["compose", "app", "--output", "alone", "--var", "nobody=asks", ...from], { cwd });
    assert.deepEqual([unasked.code, unasked.stderr.split("\n")[1]], [11, "error[invalid-answer]: no pack asks for `nobody`"]);
  });

  test("an edited pack.toml stays without --force", async () => {
    const cwd = scratch();
    const args = ["compose", "app", "ci", "--output", "pair", "--var", "owner=Ada", ...from];
    assert.equal((await packwright(args, { cwd })).code, 0);
    const written = text(cwd, "pair/pack.toml");
    writeFileSync(join(cwd, "pair/pack.toml"), `${written}# mine\n`);
    const { code, stderr } = await packwright(args, { cwd });
    assert.equal(code, 13);
    assert.match(stderr, /\n {2}help: `--force` replaces it; or write into another directory with `--output`\n$/);
    assert.equal((await packwright([...args, "--force"], { cwd })).code, 0);
    assert.equal(text(cwd, "pair/pack.toml"), written);
  });

  test("the new pack is none of those it needs, and is called as packs are", async () => {
    const cwd = scratch();
    const itself = await packwright(["compose", "app", "ci", "--output", "ci", ...from], { cwd });
    assert.deepEqual([itself.code, itself.stderr.split("\n")[0]], [11, "error[invalid-input]: `ci` is one of the packs that it would be made of"]);
    const misnamed = await packwright(["compose", "app", "--output", "Foo_Bar", ...from], { cwd });
    assert.equal(misnamed.code, 11);
    assert.match(misnamed.stderr, /\n {2}help: for example `--name foo-bar` or `--name @acme\/foo-bar`\n$/);
    assert.equal(filesOf(cwd).size, 0);
  });

  test("what joins with --with is part of the pack and named, an override is not and that is told", async () => {
    const cwd = scratch();
    const args = ["compose", "app", "lender", "--with", "ci", "--override", "ci@=2.1.0", "--output", "trio", "--var", "owner=Ada", ...from];
    const dry = await packwright([...args, "--dry-run"], { cwd });
    assert.match(dry.stdout, /^\[dependencies\]\n(.*\n)*ci = ".*"\n/m);
    const { code, stdout, stderr } = await packwright(args, { cwd });
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^Wrote a pack of app 1\.0\.0, ci 2\.1\.0, lender 1\.0\.0 to trio; /);
    assert.match(stderr, /^warning\[invalid-input\]: the override of `ci` is not part of the pack\n {2}help: .*`--override`/);
  });

  test("among the packs it needs it is found as they are; under another name it is not", async () => {
    const cwd = scratch();
    const packs = sources({ one: { toml: template("a.txt"), files: { "a.txt": "a\n" } }, two: { toml: template("b.txt"), files: { "b.txt": "b\n" } } });
    const compose = ["compose", "one", "two", "--registry", packs];
    const { stdout } = await packwright([...compose, "--output", join(packs, "both")], { cwd });
    assert.ok(stdout.endsWith(`\n\`packwright generate both --name NAME --registry ${packs}\` makes a project from it\n`), stdout);
    const made = await packwright(["generate", "both", "--name", "demo", "--registry", packs], { cwd });
    assert.equal(made.code, 0, made.stderr);
    const other = await packwright([...compose, "--output", "here", "--name", "both"], { cwd });
    assert.ok(other.stdout.endsWith("\nTo make a project from it, call its directory `both`\n"), other.stdout);
  });

  test("needs a directory and packs", async () => {
    const nowhere = await packwright(["compose", "app", ...from], { cwd: scratch() });
    assert.deepEqual([nowhere.code, nowhere.stderr.split("\n")[0]], [64, "error[usage]: it is not said where the new pack goes"]);
    const nothing = await packwright(["compose", "--output", "x", ...from], { cwd: scratch() });
    assert.deepEqual([nothing.code, nothing.stderr.split("\n")[0]], [64, "error[usage]: no packs to compose are named"]);
    const { code, stdout } = await packwright(["compose", "app", "ci", "--output", "x", "--json", "--dry-run", ...from], { cwd: scratch() });
    const { manifest, isTried, written } = JSON.parse(stdout);
    assert.deepEqual([code, isTried, written, manifest.includes('app = "^1.0.0"')], [0, false, null, true]);
  });
});
