// Projects from the starter packs pass what their own CI file runs, with the tools they are made for.
// `npm test -- generated`; not part of a plain `npm test`, as it downloads and compiles their dependencies.
import assert from "node:assert/strict";
import { cpSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { exec, root } from "../../pkg-templates/step.mjs";

let directory;

before(async () => {
  directory = mkdtempSync(join(tmpdir(), "packwright-generated-"));
  await exec("npm", ["install", "--prefix", directory, process.env.PACKWRIGHT_TARBALL]);
});

after(() => rmSync(directory, { recursive: true, force: true }));

const rust = ["cargo fmt --check", "cargo clippy --all-targets -- -D warnings", "cargo test"];
const node = ["npm test"];

for (const { name, packs, answers = [], runs } of [
  { name: "rust-with-clap", packs: ["rust-cli"], runs: rust },
  { name: "rust-by-hand", packs: ["rust-cli"], answers: ["argument_parser=none"], runs: rust },
  { name: "node-typescript", packs: ["node-library"], runs: node },
  { name: "node-javascript", packs: ["node-library"], answers: ["language=javascript"], runs: node },
]) {
  test(name, async () => {
    const project = join(directory, name);
    const variables = answers.flatMap((answer) => ["--var", answer]);
    await packwright("generate", ...packs, "base-project", "github-ci", "--name", name, ...variables, "--output", project, "--yes");
    const commands = workflowCommands(join(project, ".github/workflows/ci.yml"));
    for (const command of runs) assert.ok(commands.includes(command), `the CI file runs \`${command}\`, not only: ${commands.join("; ")}`);
    for (const command of commands) {
      const env = {
        // One for all, so that what they have in common is compiled once.
        CARGO_TARGET_DIR: join(root, "target/generated"),
        // With it, a `node --test` inside this one would skip its tests.
        NODE_TEST_CONTEXT: undefined,
      };
      await exec("bash", ["-e", "-o", "pipefail", "-c", command], { cwd: project, env }).catch((error) => {
        assert.fail(`${error.message}\n${error.output}`);
      });
    }
  });
}

test("a service of four packs, of which each has part in the same files", async () => {
  const registry = join(directory, "registry");
  for (const packs of ["www/registry", "tests/generated/packs"]) cpSync(join(root, packs), registry, { recursive: true });
  const project = join(directory, "service");
  const four = ["node-library", "github-ci", "node-container", "compose-stack"];
  await packwright("generate", ...four, "--registry", registry, "--name", "service", "--output", project, "--yes");
  const read = (path) => readFileSync(join(project, path), "utf8");
  const { scripts, devDependencies } = JSON.parse(read("package.json"));
  assert.deepEqual(Object.keys(scripts), ["clean", "build", "test", "prepack", "start", "image", "stack"]);
  assert.equal(devDependencies["@types/node"], "^20.11.0", "the higher of two");
  const headings = read("README.md").match(/^#.*/gm);
  assert.deepEqual(headings, ["# service", "## Library", "## Development", "## License", "## Service", "## Stack"]);
  for (const line of ["node_modules/", "*.image.tar", "*.dump"]) assert.ok(read(".gitignore").split("\n").includes(line), line);
  const stack = read("compose.yaml");
  for (const part of ["# What runs on", "build: . # from the Dockerfile", "- PORT=3000", "DATABASE_URL=", "# Its data is in", "image: postgres:17"]) {
    assert.ok(stack.includes(part), part);
  }
  assert.match(read("src/server.ts"), /return \{\n {4}database: .*,\n {2}\};/);
  for (const command of ["npm install", "npm test"]) {
    await exec("bash", ["-c", command], { cwd: project, env: { NODE_TEST_CONTEXT: undefined } }).catch((error) => {
      assert.fail(`${error.message}\n${error.output}`);
    });
  }
});

function packwright(...args) {
  return exec(join(directory, "node_modules/.bin/packwright"), args).catch((error) => {
    assert.fail(`${error.message}\n${error.output}`);
  });
}

/** The `run` steps of a workflow, but for those that choose a toolchain: that of this machine is to be used. */
function workflowCommands(path) {
  const commands = [...readFileSync(path, "utf8").matchAll(/^ *(?:- )?run: (.+)$/gm)].map(([, command]) => command);
  assert.ok(commands.every((command) => !/^["'|>]/.test(command)), "each `run` is one plain line, which this test can read");
  return commands.filter((command) => !command.startsWith("rustup "));
}
