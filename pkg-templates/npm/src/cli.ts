#!/usr/bin/env node
/** The command line: reads the arguments, runs the command, and turns whatever happens into output and an exit code. */
import { readFileSync } from "node:fs";
import { setFlagsFromString } from "node:v8";
import { help, parse, wantsJson } from "./cli/arguments.js";
import type { CommandName } from "./cli/commands.js";
import type { Run } from "./cli/run.js";
import { Terminal } from "./cli/terminal.js";
import { internal, PackwrightError } from "./error.js";

// Loaded when used, so that help and mistakes answer at once.
const COMMANDS: Readonly<Record<CommandName, () => Promise<(run: Run) => Promise<void>>>> = {
  list: async () => (await import("./cli/browse.js")).list,
  show: async () => (await import("./cli/browse.js")).show,
  dependencies: async () => (await import("./cli/dependencies.js")).dependencies,
  install: async () => (await import("./cli/install.js")).install,
  uninstall: async () => (await import("./cli/install.js")).uninstall,
  outdated: async () => (await import("./cli/browse.js")).outdated,
  generate: async () => (await import("./cli/generate.js")).generate,
  compose: async () => (await import("./cli/compose.js")).compose,
  undo: async () => (await import("./cli/undo.js")).undo,
  validate: async () => (await import("./cli/validate.js")).validate,
  publish: async () => (await import("./cli/publish.js")).publish,
  yank: async () => (await import("./cli/publish.js")).yank,
  "registry build": async () => (await import("./cli/registry.js")).buildRegistry,
  "registry serve": async () => (await import("./cli/serve.js")).serveRegistry,
  "registry check": async () => (await import("./cli/registry.js")).checkRegistry,
  "cache list": async () => (await import("./cli/cache.js")).listCache,
  "cache verify": async () => (await import("./cli/cache.js")).verifyCache,
  "cache prune": async () => (await import("./cli/cache.js")).pruneCache,
  "cache clear": async () => (await import("./cli/cache.js")).clearCache,
  config: async () => (await import("./cli/config.js")).config,
};

async function main(argv: string[]): Promise<void> {
  const terminal = new Terminal(wantsJson(argv));
  try {
    const invocation = parse(argv);
    if (invocation.type === "version") return terminal.result({ version: version() }, () => [`packwright ${version()}`]);
    if (invocation.type === "help") return terminal.result({ help: help(invocation.command) }, () => [help(invocation.command)]);
    const command = await COMMANDS[invocation.command]();
    await command({ ...invocation, terminal, signal: interruption() });
  } catch (thrown) {
    const error = thrown instanceof PackwrightError ? thrown : internal("the command line failed; this is a bug in Packwright", thrown);
    terminal.fail(error);
    process.exitCode = error.exitCode;
  }
}

/** Aborts on the first Ctrl-C or request to end, so that what was begun is undone; the second ends the process at once. */
function interruption(): AbortSignal {
  const controller = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => controller.abort());
  return controller.signal;
}

function version(): string {
  const manifest = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as { version: string };
  return manifest.version;
}

// V8 would optimise what a command is done with before that pays, and take longer over it than over the command. With this, only what
// runs for about a second is optimised; the default is 1,800,000.
setFlagsFromString("--wasm-tiering-budget=1000000000");

// Whoever reads the output may stop early, as `head` does.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
});

void main(process.argv.slice(2));
