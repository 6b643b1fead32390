// `npm test`: every test there is. `npm test -- rust page` runs only these suites. The suite `generated`, which takes
// long and belongs to CI, runs only when named.
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { build } from "../pkg-templates/build.mjs";
import * as setup from "../pkg-templates/setup.mjs";
import { Failure, exec, main, report, root, step } from "../pkg-templates/step.mjs";

const usual = { rust, wasm, browser, package: packedPackage, registry, install, page };
const suites = { ...usual, generated };

/** The Rust tests that run in JavaScript engines; the others need files and threads. */
const wasmTests = ["--target", setup.wasmTarget, "--features", "wasm", "--test", "wasm"];

/** Milliseconds for one file of Node tests; only something that hangs takes so long. */
const timeout = 600_000;

const total = { passed: 0, failed: 0, skipped: [] };

async function rust() {
  await cargoTest("test: Rust", []);
}

async function wasm() {
  await setup.rustTarget();
  await setup.wasmBindgen();
  await cargoTest("test: wasm under Node", wasmTests);
}

async function browser() {
  await setup.rustTarget();
  await setup.wasmBindgen();
  await setup.browser();
  await cargoTest("test: wasm in Chromium", wasmTests, {
    CHROMEDRIVER: setup.chromedriver,
    WASM_BINDGEN_USE_BROWSER: "1",
    WASM_BINDGEN_TEST_WEBDRIVER_JSON: join(root, "tests/webdriver.json"),
    // Seconds; the defaults are too short for Chromium's first start on a busy machine.
    WASM_BINDGEN_TEST_DRIVER_TIMEOUT: "60",
    WASM_BINDGEN_TEST_TIMEOUT: "120",
  });
}

async function packedPackage() {
  await nodeTest("test: packed npm package", "tests/package");
}

async function registry() {
  await nodeTest("test: registries", "tests/registry");
}

async function install() {
  await nodeTest("test: installs on real disks", "tests/install");
}

async function page() {
  await nodeTest("test: page", "tests/page");
}

async function generated() {
  await nodeTest("test: generated projects", "tests/generated");
}

async function cargoTest(name, options, env) {
  await count(name, "cargo", ["test", "--no-fail-fast", ...options], env, (output) => ({
    passed: sum(output, /^test result: .* (\d+) passed;/gm),
    failed: sum(output, /^test result: .* (\d+) failed;/gm),
    skipped: [
      ...output.matchAll(/^test (.*) \.\.\. ignored(?:, (.*))?$/gm),
      // What a test that needs something from outside says past the harness, perhaps in the middle of its line.
      ...output.matchAll(/skipped: (.*?)( is not there)$/gm),
    ],
  }));
}

async function nodeTest(name, directory) {
  const tarball = await packwright();
  const present = existsSync(join(root, directory)) ? readdirSync(join(root, directory)) : [];
  const files = present.filter((file) => file.endsWith(".test.mjs"));
  if (files.length === 0) throw new Failure(`${directory} holds no *.test.mjs`);
  const tap = join(root, "target", `${directory.replace("/", "-")}.tap`);
  rmSync(tap, { force: true });
  const reporters = ["spec", "stdout", "tap", tap].map((value, i) => `--test-reporter${i % 2 ? "-destination" : ""}=${value}`);
  // Node leaves one processor free by default, of two that is half.
  const parallel = `--test-concurrency=${availableParallelism()}`;
  const args = ["--test", parallel, `--test-timeout=${timeout}`, ...reporters, ...files.map((file) => join(directory, file))];
  await count(name, process.execPath, args, { CHROMIUM: setup.chromium, PACKWRIGHT_TARBALL: tarball }, () => {
    const output = existsSync(tap) ? readFileSync(tap, "utf8") : "";
    return {
      passed: sum(output, /^# pass (\d+)$/gm),
      failed: sum(output, /^# (?:fail|cancelled) (\d+)$/gm),
      skipped: [...output.matchAll(/^ *ok \d+ - (.*) # SKIP ?(.*)$/gm)],
    };
  });
}

let built;

/** Builds, packs the npm package as it would be published, and returns the archive's path. Once for all suites. */
function packwright() {
  built ??= (async () => {
    await build();
    await setup.browser();
    const directory = join(root, "target/package");
    rmSync(directory, { recursive: true, force: true });
    mkdirSync(directory, { recursive: true });
    await step("npm package: pack", { run: () => exec("npm", ["pack", "./pkg/npm", "--pack-destination", directory]) });
    return join(directory, readdirSync(directory)[0]);
  })();
  return built;
}

/** Runs a test program and adds what `read` finds in its output; one that ends badly without a count is one failure. */
async function count(name, command, args, env, read) {
  let failure;
  const output = await step(name, { run: () => exec(command, args, { env }) }).catch((error) => {
    if (!(error instanceof Failure)) throw error;
    failure = error;
    return error.output;
  });
  const { passed, failed, skipped } = read(output);
  if (!failure && passed + failed === 0) throw new Failure(`“${name}” ran no test`, output);
  total.passed += passed;
  total.failed += failure ? Math.max(failed, 1) : failed;
  for (const [, test, reason] of skipped) total.skipped.push(`${name}: ${test}: ${reason?.trim() || "no reason given"}`);
  if (failure) report(new Failure(failure.message, withoutSuccesses(failure.output)));
}

/** What a person needs of a failed run: not what went well, nor Node's second telling of what did not. */
function withoutSuccesses(output) {
  const success = /^(\s*(Compiling|Downloaded|Downloading|Updating|Locking) .*|test .* \.\.\. ok|\s*✔ .*)\n/gm;
  return output.replace(/^.*✖ failing tests:\n/s, "").replaceAll(success, "");
}

function sum(output, pattern) {
  return [...output.matchAll(pattern)].reduce((all, [, n]) => all + Number(n), 0);
}

await main(async () => {
  const chosen = process.argv.slice(2);
  const unknown = chosen.find((name) => !(name in suites));
  if (unknown) throw new Failure(`There is no suite “${unknown}”; there are ${Object.keys(suites).join(", ")}`);
  const reported = new Set();
  for (const name of chosen.length > 0 ? chosen : Object.keys(usual)) {
    try {
      await suites[name]();
    } catch (error) {
      // Several suites stand on one build: its failure is shown once and counts for each.
      if (!reported.has(error)) report(error);
      reported.add(error);
      console.error(`not run: ${name}`);
      total.failed += 1;
    }
  }
  for (const skip of total.skipped) console.log(`skipped: ${skip}`);
  const skipped = total.skipped.length > 0 ? `, ${total.skipped.length} skipped` : "";
  console.log(`${total.passed} passed, ${total.failed} failed${skipped}`);
  if (total.failed > 0) process.exitCode = 1;
});
