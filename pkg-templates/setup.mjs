// Brings what a build or a test needs to a machine that has rustup, Node and (for the browser tests) apt.
// Each function leaves alone what is there already.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Failure, exec, root, step } from "./step.mjs";

/** Where `cargo install` puts wasm-bindgen and its test runner. */
export const tools = "target/tools";
export const wasmTarget = "wasm32-unknown-unknown";

/** Programs of the browser tests; the environment may name others. */
export const chromium = process.env.CHROMIUM ?? "/usr/bin/chromium";
export const chromedriver = process.env.CHROMEDRIVER ?? "/usr/bin/chromedriver";

export async function rustTarget() {
  if (existsSync(join(await sysroot(), "lib/rustlib", wasmTarget))) return;
  await step("rust target for wasm", { run: () => rustup("target", "add", wasmTarget) });
}

/** The directory that holds `llvm-cov` and `llvm-profdata`. */
export async function llvmTools() {
  const host = /^host: (.*)$/m.exec(await rustc("-vV"))[1];
  const directory = join(await sysroot(), "lib/rustlib", host, "bin");
  if (!existsSync(join(directory, "llvm-cov"))) {
    await step("llvm-tools", { run: () => rustup("component", "add", "llvm-tools") });
  }
  return directory;
}

/** The tool must be of the version of the library that is compiled into the wasm file. */
export async function wasmBindgen() {
  const version = lockedVersion("wasm-bindgen");
  const bin = join(root, tools, "bin");
  const ready = ["wasm-bindgen", "wasm-bindgen-test-runner"].every((name) => existsSync(join(bin, name)));
  if (ready && (await exec(join(bin, "wasm-bindgen"), ["--version"])).trim() === `wasm-bindgen ${version}`) return;
  // Without optimisation it is built in half the time; without `--locked`, as its own lockfile is out of date.
  const options = ["--no-default-features", "--debug", "--force", "--quiet", "--root", tools];
  await step(`wasm-bindgen ${version}`, {
    run: () => exec("cargo", ["install", "wasm-bindgen-cli", "--version", version, ...options]),
  });
}

export async function nodeModules() {
  await step("node modules", {
    inputs: [".npmrc", "package.json", "package-lock.json"],
    outputs: ["node_modules/.package-lock.json"],
    run: () => exec("npm", ["ci"]),
  });
}

export async function browser() {
  if (existsSync(chromium) && existsSync(chromedriver)) return;
  await step("Chromium and ChromeDriver", {
    run: async () => {
      if (process.env.CHROMIUM || process.env.CHROMEDRIVER || !existsSync("/usr/bin/apt-get")) {
        throw new Failure(`${chromium} and ${chromedriver} must both exist; CHROMIUM and CHROMEDRIVER can name others`);
      }
      const sudo = process.getuid() === 0 ? [] : ["sudo"];
      const apt = (...args) => {
        const [command, ...rest] = [...sudo, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-q", ...args];
        return exec(command, rest);
      };
      await apt("update");
      await apt("install", "-y", "--no-install-recommends", "chromium", "chromium-driver");
    },
  });
}

/** The version of a crate in `Cargo.lock`. */
function lockedVersion(name) {
  const lock = readFileSync(join(root, "Cargo.lock"), "utf8");
  const found = new RegExp(`^name = "${name}"\\nversion = "(.*)"$`, "m").exec(lock);
  if (!found) throw new Failure(`Cargo.lock has no crate “${name}”`);
  return found[1];
}

export function rustc(...args) {
  return exec("rustc", args);
}

async function sysroot() {
  return (await rustc("--print", "sysroot")).trim();
}

function rustup(...args) {
  return exec("rustup", args);
}
