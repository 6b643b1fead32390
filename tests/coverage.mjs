// Line coverage of the core by the Rust tests, per module of src/. Fails when a module is below the floor.
import { mkdirSync, readdirSync, rmSync } from "node:fs";
import { join, relative, sep } from "node:path";
import { llvmTools } from "../pkg-templates/setup.mjs";
import { Failure, exec, main, root, step } from "../pkg-templates/step.mjs";

/** Percent of lines. */
const floor = 90;

/** Modules that are not measured here, and why. */
const exempt = new Map([["wasm", "runs only in JavaScript engines, where its own tests cover it"]]);

await main(async () => {
  const tools = await llvmTools();
  // A directory of its own, so that instrumented and plain builds do not displace each other.
  const target = join(root, "target/coverage");
  const profiles = join(target, "profiles");
  rmSync(profiles, { recursive: true, force: true });
  mkdirSync(profiles, { recursive: true });
  const env = { RUSTFLAGS: "-C instrument-coverage", LLVM_PROFILE_FILE: join(profiles, "%p-%m.profraw") };

  const binaries = await step("coverage: run the tests", {
    run: async () => {
      const options = ["--tests", "--target-dir", target];
      const messages = await exec("cargo", ["test", ...options, "--no-run", "--message-format", "json", "--quiet"], { env });
      await exec("cargo", ["test", ...options, "--quiet"], { env });
      return [...messages.matchAll(/^\{.*"executable":"(.*?)".*\}$/gm)].map(([, path]) => path);
    },
  });
  const files = await step("coverage: count the lines", {
    run: async () => {
      const merged = join(target, "tests.profdata");
      const raw = readdirSync(profiles).map((name) => join(profiles, name));
      await exec(join(tools, "llvm-profdata"), ["merge", "-sparse", ...raw, "-o", merged]);
      const objects = binaries.flatMap((path) => ["-object", path]);
      const options = ["--summary-only", "--instr-profile", merged, ...objects, "-sources", join(root, "src")];
      return JSON.parse(await exec(join(tools, "llvm-cov"), ["export", ...options])).data[0].files;
    },
  });

  const modules = new Map();
  for (const { filename, summary } of files) {
    const name = relative(join(root, "src"), filename).split(sep)[0].replace(/\.rs$/, "");
    const lines = modules.get(name) ?? { covered: 0, count: 0 };
    modules.set(name, { covered: lines.covered + summary.lines.covered, count: lines.count + summary.lines.count });
  }
  const below = [];
  for (const [name, { covered, count }] of [...modules].sort()) {
    if (exempt.has(name)) continue;
    const percent = count === 0 ? 100 : (100 * covered) / count;
    if (percent < floor) below.push(name);
    console.log(`  ${name.padEnd(14)} ${`${covered}/${count}`.padStart(11)} lines ${percent.toFixed(1).padStart(6)} %`);
  }
  for (const [name, reason] of exempt) console.log(`  ${name.padEnd(14)} not measured: ${reason}`);
  if (below.length > 0) throw new Failure(`Below ${floor} % of lines: ${below.join(", ")}`);
});
