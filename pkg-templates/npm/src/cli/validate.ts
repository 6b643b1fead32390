/** `validate`: tells what is wrong with packs, and how their golden generations went. The core judges. */
import { join } from "node:path";
import { PackwrightError } from "../error.js";
import type { Diagnostic, Golden, Tested, Validation } from "../protocol.js";
import type { Flags } from "./commands.js";
import { opened, type Run } from "./run.js";
import { counted, quoted, type Terminal } from "./terminal.js";

/** How a directory is; without a name and a version if no pack could be read there. */
type Judged = Omit<Validation, "name" | "version"> & { directory: string; name: string | null; version: string | null };

export async function validate(run: Run): Promise<void> {
  const { operands, flags, terminal } = run;
  const judged: Judged[] = [];
  for (const directory of operands.length === 0 ? ["."] : operands) {
    const one = await judgedAt(run, directory);
    judged.push(one);
    if (!terminal.json) show(one, flags, terminal);
  }
  terminal.result({ packs: judged }, () => suggestion(judged, flags));
  process.exitCode = judged.map(exitCodeOf).find((code) => code !== 0) ?? 0;
}

async function judgedAt(run: Run, directory: string): Promise<Judged> {
  const { flags, terminal, signal } = run;
  try {
    const pw = await opened(run, directory);
    const options = { golden: goldenOf(flags), wait: !flags["no-wait"], signal };
    return { directory, ...(await terminal.watch((onProgress) => pw.validate(directory, { ...options, onProgress }))) };
  } catch (thrown) {
    // What is wrong with one pack keeps nobody from hearing about the others.
    if (!(thrown instanceof PackwrightError) || thrown.code === "cancelled" || thrown.code === "usage") throw thrown;
    return { directory, name: null, version: null, problems: [...thrown.diagnostics], tests: [], blessed: [] };
  }
}

function goldenOf({ deep, bless }: Flags): Golden {
  if (bless) return "bless";
  return deep ? "compare" : "ignore";
}

function show(judged: Judged, flags: Flags, terminal: Terminal): void {
  const { tests, problems, blessed, directory } = judged;
  terminal.report(problems.map((problem) => placed(problem, directory)));
  for (const test of tests) {
    terminal.print([drawnTest(test, terminal)]);
    terminal.report(test.problems);
  }
  const changed = blessed.map((path) => `  ${path}`);
  const blessing = changed.length === 0 ? "What comes out is what was expected" : `Wrote what comes out (${counted(blessed.length, "path")}):`;
  if (flags.bless && tests.length > 0) terminal.print([blessing, ...changed]);
  const pack = judged.name === null ? directory : `${judged.name} ${judged.version}`;
  terminal.print([`${pack}: ${verdict(judged, flags)}`]);
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
function suggestion(judged: readonly Judged[], { registry = [] }: Flags): string[] {
  const differing = judged.filter(({ tests }) => tests.some(({ problems }) => problems.some(isDifference)));
  if (differing.length === 0) return [];
  const places = differing.map(({ directory }) => directory).filter((directory) => directory !== "." || differing.length > 1);
  const words = [...places, "--deep", "--bless", ...registry.flatMap((location) => ["--registry", location])];
  return ["", `If what comes out is right, \`packwright validate ${words.map(quoted).join(" ")}\` writes it where it is expected`];
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
