// The steps of set-up, build and test. A step says what it reads and what it makes; it is left out when neither
// has changed since it last ended well. Runs before `npm ci`, so it uses nothing but Node.
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, lstatSync, mkdirSync, readFileSync, readdirSync, readlinkSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("..", import.meta.url));

/** Something to tell a person: `message` says what to do, `output` is what the failing program printed. */
export class Failure extends Error {
  constructor(message, output = "") {
    super(message);
    this.output = output;
  }
}

/**
 * Runs `run` and prints the name and the time it took; returns what `run` returns.
 *
 * A step with `outputs` is left out when these, the `inputs` and the `values` are what they were when it last ended
 * well. Inputs and outputs are files and directories, relative to the root and compared by content. The scripts in
 * this directory are inputs of every step.
 */
export async function step(name, { inputs = [], values = [], outputs = [], run }) {
  const stamp = join(root, "target/steps", name.replaceAll(/\W+/g, "-"));
  const start = performance.now();
  process.stdout.write(`${`${name} `.padEnd(36, ".")} `);
  try {
    for (const input of inputs) {
      if (!existsSync(join(root, input))) throw new Failure(`${input} does not exist; “${name}” needs it`);
    }
    const state = () => JSON.stringify([hash(scripts()), hash(inputs), values, hash(outputs)]);
    if (outputs.length > 0 && existsSync(stamp) && readFileSync(stamp, "utf8") === state()) {
      process.stdout.write("up to date\n");
      return undefined;
    }
    rmSync(stamp, { force: true });
    const result = await run();
    for (const output of outputs) {
      if (!existsSync(join(root, output))) throw new Failure(`${output} was not made by “${name}”, which ended well`);
    }
    if (outputs.length > 0) {
      mkdirSync(join(root, "target/steps"), { recursive: true });
      writeFileSync(stamp, state());
    }
    process.stdout.write(`${seconds(start)}\n`);
    return result;
  } catch (error) {
    process.stdout.write(`failed after ${seconds(start)}\n`);
    throw error;
  }
}

/** Runs a program without a shell and returns its standard output; a `Failure` with all it printed when it ends badly. */
export function exec(command, args, { cwd = root, env = {} } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd, env: { ...process.env, ...env }, stdio: ["inherit", "pipe", "pipe"] });
    let output = "";
    let all = "";
    child.stdout.setEncoding("utf8").on("data", (text) => ((output += text), (all += text)));
    child.stderr.setEncoding("utf8").on("data", (text) => (all += text));
    child.on("error", (error) => {
      const problem = error.code === "ENOENT" ? "is not installed or not on the PATH" : error.message;
      reject(new Failure(`${command} ${problem}`));
    });
    child.on("close", (code, signal) => {
      if (code === 0) resolve(output);
      else reject(new Failure(`\`${[command, ...args].join(" ")}\` ended with ${signal ?? `exit code ${code}`}`, all));
    });
  });
}

/** Shows a `Failure` the way a person wants to read it: first what the program printed, then what failed. */
export function report(error) {
  if (!(error instanceof Failure)) throw error;
  const output = error.output.trim();
  console.error(`\n${output ? `${output}\n\n` : ""}error: ${error.message}\n`);
}

/** Runs a script's steps; a `Failure` is shown and makes the exit code 1. */
export async function main(steps) {
  try {
    await steps();
  } catch (error) {
    report(error);
    process.exitCode = 1;
  }
}

function seconds(start) {
  return `${((performance.now() - start) / 1000).toFixed(1)} s`;
}

function scripts() {
  return readdirSync(join(root, "pkg-templates")).filter((name) => name.endsWith(".mjs")).map((name) => `pkg-templates/${name}`);
}

function hash(paths) {
  const digest = createHash("sha256");
  const add = (path) => {
    const found = lstatSync(join(root, path), { throwIfNoEntry: false });
    digest.update(`${path}\0${found?.mode}\0`);
    if (found?.isDirectory()) readdirSync(join(root, path)).sort().forEach((name) => add(`${path}/${name}`));
    else if (found?.isSymbolicLink()) digest.update(readlinkSync(join(root, path)));
    else if (found) digest.update(`${found.size}\0`).update(readFileSync(join(root, path)));
  };
  paths.forEach(add);
  return digest.digest("hex");
}
