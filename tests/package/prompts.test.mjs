// The command line with a person at the terminal: questions, repeated questions, consent, leaving early, and colours.
import assert from "node:assert/strict";
import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { sources, template } from "./depot.mjs";
import { cli, filesOf, packs, packwright, scratch, timestamp } from "./installed.mjs";
import { converse, keys, noTerminal } from "./terminal.mjs";

const fixed = ["--registry", `fixtures=${join(packs, "good")}`, "--timestamp", timestamp];

function talk(args, cwd, env) {
  return converse(cli, args, { cwd, env: { PACKWRIGHT_REGISTRY: "", ...env } });
}

/** Packs to be asked about: files that may stand there already, groups of questions, a command. */
function shelf() {
  const variable = (name, more) => `[variables.${name}]\ndescription = "${name.charAt(0).toUpperCase()}${name.slice(1)}"\n${more}\n`;
  const questions = [
    '[variables.owner]\ndescription = "Who owns it"\nexample = "Grace"\n',
    variable("port", 'type = "integer"\ndefault = 80\ngroup = "Server"'),
    variable("colour", 'choices = ["red", "green"]\ndefault = "red"\ngroup = "Look"'),
    variable("host", 'default = "on {{ port }}"\ngroup = "Server"'),
  ];
  return sources({
    files: {
      toml: template("ignore", ".gitignore") + template("keep.txt") + template("plain.txt"),
      files: { ignore: "dist/\n", "keep.txt": "given 1\n", "plain.txt": "given 2\n" },
    },
    rival: { toml: template("keep.txt"), files: { "keep.txt": "rival\n" } },
    grouped: { toml: questions.join("") + template("all.txt"), files: { "all.txt": "{{ owner }} {{ port }} {{ host }} {{ colour }}\n" } },
    hooked: {
      toml: `${template("a.txt")}[hooks]\npost-generate = ["echo from $(basename $PWD)"]\n`,
      files: { "a.txt": "a\n" },
    },
  });
}

describe("prompts", { skip: noTerminal, concurrency: 2 }, () => {
  test("ask what is open, ask again after a wrong answer, show the plan, and write", async () => {
    const cwd = scratch();
    const person = talk(["generate", "survey@2.0.0-rc.1", ...fixed], cwd);
    await person.see("(project_name)");
    person.type(`demo${keys.enter}`);
    await person.see("Who owns it (owner)");
    person.type(`Ada${keys.enter}`);
    await person.see("How many (count)");
    person.type(`12${keys.enter}`);
    await person.see("will not do for `count`");
    await person.see("How many (count)");
    person.type(`${keys.erase}${keys.erase}7${keys.enter}`);
    await person.see("Use a container (docker)");
    person.type("y");
    await person.see("Container image (image)");
    person.type(keys.enter);
    await person.see("Where to store (database)");
    person.type(`${keys.down}${keys.enter}`);
    await person.see("Where it runs (systems)");
    person.type(`${keys.down}${keys.space}${keys.enter}`);
    await person.see("Access token (token)");
    person.type(`SECRET${keys.enter}`);
    await person.see("token         ••••••••");
    await person.see("Are they right?");
    person.type(keys.enter);
    await person.see("answers.txt");
    await person.see("Write 2 files to demo?");
    person.type("y");
    const { code, text } = await person.end();
    assert.equal(code, 0, text);
    assert.ok(!text.includes("SECRET"));
    const answers = "owner Ada\ncount 7\ndocker true debian\ndatabase none\nsystems linux, macos\n";
    assert.equal(readFileSync(join(cwd, "demo/answers.txt"), "utf8").replace("\n\n", "\n"), answers);
    assert.ok(!readFileSync(join(cwd, "demo/packwright.lock"), "utf8").includes("SECRET"));
  });

  test("Enter takes every default, and what was given is not asked", async () => {
    const cwd = scratch();
    const person = talk(["generate", "greeting", "--name", "demo", "--var", "port=8080", ...fixed], cwd);
    await person.see("How to greet (greeting)");
    person.type(keys.enter);
    await person.see("Are they right?");
    person.type(keys.enter);
    await person.see("Write 3 files to demo?");
    person.type(keys.enter);
    await person.see("Run 1 command in demo?");
    person.type(keys.enter);
    const { code, text } = await person.end();
    assert.equal(code, 0, text);
    assert.ok(!text.includes("(port)"));
    assert.match(text, /Next:\n {2}cd demo\n {2}bin\/greet\.sh\n/, "Enter runs no command");
    assert.equal(readFileSync(join(cwd, "demo/src/demo.txt"), "utf8"), "Hello, demo, on port 8080!\n");
  });

  test("Enter takes all defaults of the starter packs", async () => {
    const cwd = scratch();
    const args = ["generate", "rust-cli", "github-ci", "--name", "demo", "--timestamp", timestamp];
    const person = talk(args, cwd);
    for (const name of ["description", "license", "copyright_holder", "ci_language", "ci_platforms", "dependabot", "crate_name", "argument_parser"]) {
      await person.see(`(${name})`);
      person.type(keys.enter);
    }
    await person.see("Are they right?");
    person.type(keys.enter);
    await person.see("to demo?");
    person.type(keys.enter);
    const { code, text } = await person.end();
    assert.equal(code, 0, text);
    assert.doesNotMatch(text, /Warning/);
    const silent = scratch();
    await talk([...args, "--yes"], silent).end();
    assert.deepEqual(filesOf(cwd), filesOf(silent));
  });

  test("--yes asks nothing and draws the summary", async () => {
    const cwd = scratch();
    const { code, text } = await talk(["generate", "greeting", "--name", "demo", "--yes", ...fixed], cwd).end();
    assert.equal(code, 0, text);
    assert.match(text, /^Wrote 3 files/);
    assert.match(text, /^`packwright undo --output demo` takes it back$/m);
    const undo = await talk(["undo", "--output", "demo"], cwd).end();
    assert.match(undo.output, /\x1b\[31m- +bin\/greet\.sh\x1b\[39m/);
    assert.deepEqual([undo.code, [...filesOf(cwd)]], [0, []], "nothing is asked");
  });

  test("a wrong answer on the command line ends it before anything is asked", async () => {
    const { code, text } = await talk(["generate", "survey@2.0.0-rc.1", "--name", "demo", "--var", "count=99", ...fixed], scratch()).end();
    assert.equal(code, 11, text);
    assert.ok(!text.includes("(owner)"), text);
  });

  test("a file that runs by itself is named, and Enter does not consent", async () => {
    const cwd = scratch();
    const args = ["generate", "tasks", "--name", "demo", ...fixed];
    const careful = talk(args, cwd);
    await careful.see(".vscode/tasks.json will run by itself");
    careful.type(keys.enter);
    await careful.see("Are they right?");
    careful.type(`${keys.down.repeat(2)}${keys.enter}`);
    assert.equal((await careful.end()).code, 130);
    assert.deepEqual([...filesOf(cwd)], []);
    const trusting = talk(args, cwd);
    await trusting.see(".vscode/tasks.json will run by itself");
    trusting.type("y");
    assert.equal((await trusting.end()).code, 0);
    assert.ok(existsSync(join(cwd, "demo/.vscode/tasks.json")));
  });

  test("publish shows what goes out and asks once; --yes does not", async () => {
    const index = join(scratch(), "index");
    assert.equal((await packwright(["registry", "build", join(packs, "good"), index])).code, 0);
    const pack = join(scratch(), "pack");
    cpSync(join(packs, "good/greeting"), pack, { recursive: true });
    writeFileSync(join(pack, "pack.toml"), readFileSync(join(pack, "pack.toml"), "utf8").replace(/^version = .*$/m, 'version = "9.0.0"'));
    const before = filesOf(index);
    const args = ["publish", pack, "--registry", index];
    for (const no of ["n", keys.interrupt]) {
      const careful = talk(args, pack);
      await careful.see("pack.toml");
      await careful.see("Publish greeting 9.0.0 to default");
      careful.type(no);
      assert.equal((await careful.end()).code, 130);
      assert.deepEqual(filesOf(index), before);
    }
    const sure = talk(args, pack);
    await sure.see("Publish greeting 9.0.0 to default");
    sure.type("y");
    const { code, text } = await sure.end();
    assert.equal(code, 0, text);
    assert.match(text, /Published greeting 9\.0\.0 to default/);
    const { text: silent } = await talk([...args, "--yes"], pack).end();
    assert.match(silent, /^error\[already-published\]/);
  });

  for (const [when, words] of [
    ["at the first question", "How to greet"],
    ["at the confirmation", "Write 3 files"],
  ]) {
    test(`Ctrl-C ${when} exits with 130 and writes nothing`, async () => {
      const cwd = scratch();
      const person = talk(["generate", "greeting", "--name", "demo", ...fixed], cwd);
      if (words !== "How to greet") {
        for (const question of ["(greeting)", "(port)", "Are they right?"]) {
          await person.see(question);
          person.type(keys.enter);
        }
      }
      await person.see(words);
      person.type(keys.interrupt);
      const { code, text } = await person.end();
      assert.equal(code, 130, text);
      assert.match(text, /error\[cancelled\]/);
      assert.deepEqual([...filesOf(cwd)], []);
    });
  }

  test("with --existing abort files that would be lost end it without a question", async () => {
    const cwd = scratch();
    mkdirSync(join(cwd, "demo/src"), { recursive: true });
    writeFileSync(join(cwd, "demo/src/demo.txt"), "mine\n");
    const settled = ["--name", "demo", "--var", "port=8080", "--var", "greeting=Hello", "--existing", "abort"];
    const person = talk(["generate", "greeting", ...settled, ...fixed], cwd);
    await person.see("-mine");
    const { code, text } = await person.end();
    assert.equal(code, 13, text);
    assert.ok(!text.includes("Write 3 files"));
    assert.deepEqual([...filesOf(cwd).keys()], ["demo/src/demo.txt"]);
  });

  test("each file that would be lost is shown and asked about", async () => {
    const cwd = scratch();
    const registry = shelf();
    mkdirSync(join(cwd, "demo"));
    for (const file of ["ignore", "keep.txt", "plain.txt"]) writeFileSync(join(cwd, "demo", file === "ignore" ? ".gitignore" : file), "mine\n");
    const person = talk(["generate", "files", "--name", "demo", "--metrics", "metrics.json", "--registry", registry], cwd);
    const choose = async (file, steps) => {
      await person.see(`${file} is there already and differs${file === ".gitignore" ? "" : "; files of its type cannot be merged"}`);
      await person.see("Keep mine");
      person.type(`${keys.down.repeat(steps)}${keys.enter}`);
    };
    await person.see("-mine");
    await choose(".gitignore", 3);
    await person.see("-mine");
    await choose(".gitignore", 2);
    await choose("keep.txt", 0);
    await choose("plain.txt", 1);
    await person.see("± .gitignore  11 B, merge");
    await person.see("= keep.txt  kept");
    await person.see("~ plain.txt  8 B, overwrite");
    await person.see("Write 3 files to demo?");
    person.type("y");
    const { code, text } = await person.end();
    assert.equal(code, 0, text);
    assert.match(text, /Wrote 3 files .* to demo; 1 file of yours kept\nOverwritten: plain\.txt\nMerged: \.gitignore\n`packwright undo --output demo` takes it back\n/);
    assert.equal(JSON.parse(readFileSync(join(cwd, "metrics.json"), "utf8")).generations_total, 1);
    const written = [".gitignore", "keep.txt", "plain.txt"].map((file) => readFileSync(join(cwd, "demo", file), "utf8"));
    assert.deepEqual(written, ["mine\ndist/\n", "mine\n", "given 2\n"]);
  });

  test("what was typed is not lost when the packs disagree in the end, secrets are not shown", async () => {
    const variables = '[variables.owner]\ndescription = "Who"\n\n[variables.token]\ndescription = "Key"\nsecret = true\n\n';
    const pack = (text) => ({ toml: variables + template("a.txt"), files: { "a.txt": text } });
    const registry = sources({ one: pack("{{ owner }} 1 {{ token }}\n"), two: pack("{{ owner }} 2\n") });
    const person = talk(["generate", "one", "two", "--name", "demo", "--dry-run", "--registry", registry], scratch());
    await person.see("Who (owner)");
    person.type(`Ada's${keys.enter}`);
    await person.see("Key (token)");
    person.type(`SECRET${keys.enter}`);
    await person.see("Are they right?");
    person.type(keys.enter);
    const { code, text } = await person.end();
    assert.equal(code, 13, text);
    assert.ok(text.includes(`packwright generate one two --name demo --dry-run --registry ${registry} --var 'owner=Ada'\\''s'\n`), text);
    assert.ok(!text.includes("SECRET"));
  });

  test("stopping at a file that would be lost writes nothing", async () => {
    const cwd = scratch();
    mkdirSync(join(cwd, "demo"));
    writeFileSync(join(cwd, "demo/keep.txt"), "mine\n");
    const person = talk(["generate", "files", "--name", "demo", "--registry", shelf()], cwd);
    await person.see("keep.txt is there already");
    person.type(`${keys.down.repeat(3)}${keys.enter}`);
    assert.equal((await person.end()).code, 130);
    assert.deepEqual([...filesOf(cwd).keys()], ["demo/keep.txt"]);
  });

  test("questions come group by group, Shift-Tab goes back, and one answer is changed in the end", async () => {
    const cwd = scratch();
    const person = talk(["generate", "grouped", "--name", "demo", "--registry", shelf()], cwd);
    const say = async (words, typed) => {
      await person.see(words);
      person.type(typed);
    };
    await person.see("Shift-Tab goes back");
    await say("Who owns it (owner)", `Ada${keys.enter}`);
    await person.see("Server");
    await say("Port (port)", keys.back);
    await say("Who owns it (owner)", `!${keys.enter}`);
    await say("Port (port)", `900${keys.enter}`);
    await say("Host (host)", keys.back);
    await say("Port (port)", `1${keys.enter}`);
    await say("Host (host)", keys.enter);
    await person.see("Look");
    await say("Colour (colour)", `${keys.down}${keys.enter}`);
    await say("Are they right?", keys.back);
    await person.see("Colour (colour)");
    await say("● green", keys.enter);
    await person.see("owner         Ada!");
    await say("Are they right?", `${keys.down}${keys.enter}`);
    await say("Which one?", `${keys.down}${keys.enter}`);
    await say("Who owns it (owner)", `${keys.erase}?${keys.enter}`);
    await person.see("host          on 9001");
    await say("Are they right?", keys.enter);
    await say("Write 2 files to demo?", keys.enter);
    const { code, text } = await person.end();
    assert.equal(code, 0, text);
    assert.equal(readFileSync(join(cwd, "demo/all.txt"), "utf8"), "Ada? 9001 on 9001 green\n");
  });

  test("No at the end, and Shift-Tab at a conflict, lead back to the answers, of which each can be changed", async () => {
    const cwd = scratch();
    mkdirSync(join(cwd, "demo"));
    writeFileSync(join(cwd, "demo/all.txt"), "mine\n");
    const person = talk(["generate", "grouped", "--name", "demo", "--var", "colour=red", "--registry", shelf()], cwd);
    const say = async (words, typed) => {
      await person.see(words);
      person.type(typed);
    };
    await person.see("Who owns it (owner)");
    await person.see("│  example: Grace\n│  _");
    person.type(`Ada${keys.enter}`);
    await say("Port (port)", keys.enter);
    await say("Host (host)", keys.enter);
    await say("Are they right?", keys.enter);
    await person.see("all.txt is there already and differs");
    await say("Keep mine", keys.back);
    await person.see("owner         Ada");
    await say("Are they right?", `${keys.down}${keys.enter}`);
    await say("Which one?", `${keys.down.repeat(4)}${keys.enter}`);
    // It was given as a flag.
    await say("● red", `${keys.down}${keys.enter}`);
    await person.see("colour        green");
    await say("Are they right?", keys.enter);
    await say("all.txt is there already and differs", `${keys.down}${keys.enter}`);
    for (const no of ["n", keys.back]) {
      await say("Write 2 files to demo?", no);
      await person.see("owner         Ada");
      await say("Are they right?", keys.enter);
      await say("all.txt is there already and differs", `${keys.down}${keys.enter}`);
    }
    await say("Write 2 files to demo?", keys.enter);
    const { code, text } = await person.end();
    assert.equal(code, 0, text);
    assert.equal(readFileSync(join(cwd, "demo/all.txt"), "utf8"), "Ada 80 on 80 green\n");
  });

  test("an answer of the lockfile can be changed back to the default, and the lockfile is not part of the difference shown", async () => {
    const cwd = scratch();
    const from = ["--registry", shelf()];
    const { code: made } = await packwright(["generate", "grouped", "--name", "demo", "--output", ".", "--var", "owner=Ada", "--var", "port=1", "--yes", ...from], { cwd });
    assert.equal(made, 0);
    writeFileSync(join(cwd, "all.txt"), "mine\n");
    const person = talk(["generate", "--existing", "overwrite", "--var", "host=here", ...from], cwd);
    const say = async (words, typed) => {
      await person.see(words);
      person.type(typed);
    };
    await say("Write 2 files to .?", "n");
    await say("Are they right?", `${keys.down}${keys.enter}`);
    await say("Which one?", `${keys.down.repeat(2)}${keys.enter}`);
    await say("Port (port)", `${keys.erase}80${keys.enter}`);
    await person.see("port          80");
    await say("Are they right?", keys.enter);
    await say("Write 2 files to .?", keys.enter);
    const { code, text } = await person.end();
    assert.equal(code, 0, text);
    assert.ok(text.includes("+++ b/all.txt") && !text.includes("+++ b/packwright.lock"), text);
    assert.equal(readFileSync(join(cwd, "all.txt"), "utf8"), "Ada 80 here red\n");
  });

  test("leaving at the summary writes nothing", async () => {
    const cwd = scratch();
    const person = talk(["generate", "greeting", "--name", "demo", "--var", "port=8080", ...fixed], cwd);
    await person.see("(greeting)");
    person.type(keys.enter);
    await person.see("Are they right?");
    person.type(`${keys.down}${keys.down}${keys.enter}`);
    assert.equal((await person.end()).code, 130);
    assert.deepEqual([...filesOf(cwd)], []);
  });

  test("commands of packs run when somebody agrees, once all is written", async () => {
    const cwd = scratch();
    const person = talk(["generate", "hooked", "--name", "demo", "--registry", shelf()], cwd);
    await person.see("Commands the packs suggest; you are asked about them afterwards:");
    await person.see("Write 2 files to demo?");
    person.type("y");
    await person.see("Wrote 2 files");
    await person.see("Run 1 command in demo?");
    person.type("y");
    await person.see("Running `echo from $(basename $PWD)` of hooked");
    await person.see("from demo");
    assert.equal((await person.end()).code, 0);
  });

  test("compose shows the pack and what disagrees before it asks, and Enter does not write that", async () => {
    const cwd = scratch();
    const args = ["compose", "files", "rival", "--output", "both", "--registry", shelf()];
    const careful = talk(args, cwd);
    await careful.see('name = "both"');
    await careful.see("error[path-conflict]");
    await careful.see("Write the pack to both, though no project can be made from it with its defaults (1 problem)?");
    careful.type(keys.enter);
    assert.equal((await careful.end()).code, 130);
    assert.deepEqual([...filesOf(cwd)], []);
    const sure = talk(args, cwd);
    await sure.see("Write the pack to both, though");
    sure.type("y");
    const { code, text } = await sure.end();
    assert.deepEqual([code, [...filesOf(cwd).keys()]], [13, ["both/pack.toml"]]);
    assert.ok(!text.includes("makes a project from it"), text);
    const sound = talk(["compose", "files", "grouped", ...args.slice(3)], scratch());
    await sound.see("Write the pack to both?");
    sound.type(keys.enter);
    assert.equal((await sound.end()).code, 0);
  });

  test("what packs say cannot steer the terminal", async () => {
    const registry = ["--registry", join(packs, "hostile")];
    const cwd = scratch();
    mkdirSync(join(cwd, "demo"));
    writeFileSync(join(cwd, "demo/text.txt"), "mine\n");
    const planned = await talk(["generate", "escape", "--name", "demo", "--dry-run", "--yes", ...registry], cwd).end();
    assert.equal(planned.code, 0, planned.text);
    assert.ok(planned.text.includes("title \ufffd"), planned.text);
    const refused = await talk(["show", "steer", ...registry], cwd).end();
    assert.equal(refused.code, 11, refused.text);
    assert.ok(refused.text.includes("control characters and line breaks are not allowed"), refused.text);
    for (const { output } of [planned, refused]) {
      for (const trick of ["\x1b]0;", "\x1b[2J", "\x07", "\u202e"]) assert.ok(!output.includes(trick), JSON.stringify(output));
    }
  });

  test("a tree and colours on a terminal, no colours with NO_COLOR", async () => {
    const args = ["generate", "greeting", "--name", "demo", "--yes", "--dry-run", ...fixed];
    const coloured = await talk(args, scratch(), { NO_COLOR: undefined }).end();
    assert.ok(coloured.output.includes("\x1b[32m+ greet.sh\x1b[39m"), coloured.output);
    const expected = ["demo", "├─ bin/", "│  └─ + greet.sh  24 B, executable", "├─ + packwright.lock", "└─ src/", "   └─ + demo.txt  27 B"];
    for (const line of expected) assert.ok(coloured.text.includes(line), `"${line}" is not in:\n${coloured.text}`);
    const plain = await talk(args, scratch(), { NO_COLOR: "1" }).end();
    assert.ok(!plain.output.includes("\x1b["), plain.output);
  });
});
