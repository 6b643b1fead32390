/** `validate`: tells what is wrong with packs, and how their golden generations went. The core judges. */
import { existsSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { diagnostic, PackwrightError } from "../error.js";
import type { Diagnostic, Golden, Tested, Validation } from "../protocol.js";
import type { Flags } from "./commands.js";
import { opened, type Run } from "./run.js";
import { counted, quoted, type Terminal } from "./terminal.js";

/** What the core says of a file that comes out and has nothing to be compared with. */
const UNEXPECTED = " is made and not expected";

/** How a directory is; without a name and a version if no pack could be read there. */
type Judged = Omit<Validation, "name" | "version"> & { directory: string; name: string | null; version: string | null };

export async function validate(run: Run): Promise<void> {
  const { operands, flags, terminal } = run;
  const judged: Judged[] = [];
  for (const directory of operands.length === 0 ? ["."] : operands) {
    const one = await judgedAt(run, directoryOf(directory));
    judged.push(one);
    if (!terminal.json) show(one, flags, terminal);
  }
  terminal.result({ packs: judged }, () => suggestion(judged, flags));
  process.exitCode = judged.map(exitCodeOf).find((code) => code !== 0) ?? 0;
}

/** The directory of a pack, which may be named by its manifest. */
function directoryOf(given: string): string {
  return basename(given) === "pack.toml" && statSync(given, { throwIfNoEntry: false })?.isFile() ? dirname(given) : given;
}

async function judgedAt(run: Run, directory: string): Promise<Judged> {
  const { flags, terminal, signal } = run;
  try {
    if (!statSync(directory, { throwIfNoEntry: false })?.isDirectory()) throw noDirectory(directory);
    const pw = await opened(run, directory);
    const options = { golden: goldenOf(flags), wait: !flags["no-wait"], signal };
    return { directory, ...(await terminal.watch((onProgress) => pw.validate(directory, { ...options, onProgress }))) };
  } catch (thrown) {
    // What is wrong with one pack keeps nobody from hearing about the others.
    if (!(thrown instanceof PackwrightError) || thrown.code === "cancelled" || thrown.code === "usage") throw thrown;
    return { directory, name: null, version: null, problems: [...thrown.diagnostics], tests: [], blessed: [], removed: [] };
  }
}

function noDirectory(place: string): PackwrightError {
  const message = existsSync(place) ? `\`${place}\` is neither a directory nor a pack.toml` : `there is no directory \`${place}\``;
  const error = diagnostic("file-not-found", 1, message, [], "name the directory of a pack, which has its pack.toml");
  return new PackwrightError([{ ...error, subject: place }]);
}

function goldenOf({ deep, bless }: Flags): Golden {
  if (bless) return "bless";
  return deep ? "compare" : "ignore";
}

function show(judged: Judged, flags: Flags, terminal: Terminal): void {
  const { tests, problems, directory } = judged;
  terminal.report(problems.map((problem) => placed(problem, directory)));
  const command = blessingOf([directory], flags);
  for (const test of tests) {
    terminal.print([drawnTest(test, terminal)]);
    if (isUnblessed(test)) terminal.note(`nothing is expected yet in ${test.expect}/: \`${command}\` writes what comes out`);
    else terminal.report(test.problems);
  }
  if (flags.bless) terminal.print(drawnBlessing(judged));
  const pack = judged.name === null ? directory : `${judged.name} ${judged.version}`;
  terminal.print([`${pack}: ${verdict(judged, flags)}`]);
}

function drawnBlessing({ tests, blessed, removed }: Judged): string[] {
  const changed = [...listed("Wrote what comes out", blessed), ...listed("Removed what comes out no more", removed)];
  if (changed.length > 0) return changed;
  return tests.length === 0 || tests.some(hasFailed) ? [] : ["What comes out is what was expected"];
}

function listed(what: string, paths: readonly string[]): string[] {
  return paths.length === 0 ? [] : [`${what} (${counted(paths.length, "path")}):`, ...paths.map((path) => `  ${path}`)];
}

/** A problem with its place as seen from here: in the pack it is known by its path there. */
function placed(problem: Diagnostic, directory: string): Diagnostic {
  const { location } = problem;
  if (location === null || location.pack !== null) return problem;
  return { ...problem, location: { ...location, file: join(directory, location.file) } };
}

function drawnTest({ name, files, problems }: Tested, { paint }: Terminal): string {
  const passed = problems.length === 0;
  const count = passed ? counted(files, "file") : `${counted(files, "file")}, ${counted(problems.length, "problem")}`;
  return `${passed ? paint("green", `✓ ${name}`) : paint("red", `✗ ${name}`)}  ${paint("dim", count)}`;
}

function verdict({ problems, tests }: Judged, { bless }: Flags): string {
  const errors = problems.filter(isError).length;
  if (errors > 0) return counted(errors, "problem");
  const failed = tests.filter(hasFailed).length;
  if (failed > 0) return `${failed} of ${counted(tests.length, "test")} failed`;
  return ["all is as it should be", ...(tests.length === 0 ? [] : [`${counted(tests.length, "test")} ${bless ? "blessed" : "passed"}`])].join(", ");
}

/** What to do about differences, if there are any; nothing knows which side is right but people. */
function suggestion(judged: readonly Judged[], flags: Flags): string[] {
  const differing = judged.filter(({ tests }) => tests.some((test) => !isUnblessed(test) && test.problems.some(isDifference)));
  if (differing.length === 0) return [];
  const command = blessingOf(differing.map(({ directory }) => directory), flags);
  return ["", `If what comes out is right, \`${command}\` writes it where it is expected`];
}

/** The command that writes what comes out of packs to where it is expected. */
function blessingOf(directories: readonly string[], { registry = [] }: Flags): string {
  const places = directories.length === 1 && directories[0] === "." ? [] : directories;
  const words = [...places, "--deep", "--bless", ...registry.flatMap((location) => ["--registry", location])];
  return `packwright validate ${words.map(quoted).join(" ")}`;
}

/** Whether nothing was written yet to where what comes out is expected: then all that comes out is not. */
function isUnblessed({ files, problems }: Tested): boolean {
  const unexpected = problems.filter((problem) => isDifference(problem) && problem.message.endsWith(UNEXPECTED));
  return files > 0 && unexpected.length === files && problems.length === files;
}

/** That of the earliest stage: what is wrong with the pack, then what kept a test from being made, then what differs. */
function exitCodeOf({ problems, tests }: Judged): number {
  const errors = [...problems, ...tests.flatMap((test) => test.problems)].filter(isError);
  return (errors.find((error) => !isDifference(error)) ?? errors[0])?.exitCode ?? 0;
}

function hasFailed({ problems }: Tested): boolean {
  return problems.some(isError);
}

function isError({ severity }: Diagnostic): boolean {
  return severity === "error";
}

function isDifference({ code }: Diagnostic): boolean {
  return code === "out-of-date";
}
