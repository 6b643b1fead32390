/** `generate`: finds the answers, shows the plan, and writes it. What the answers and the plan mean is the core's business. */
import { readFile } from "node:fs/promises";
import { basename, resolve } from "node:path";
import { cancelled, diagnostic, PackwrightError, reason, usage } from "../error.js";
import type { GenerationOptions, Packwright, Project, Written } from "../index.node.js";
import type { AnswersFile, Answer } from "../protocol.js";
import type { Flags } from "./commands.js";
import { drawnChanges } from "./changes.js";
import { metered } from "./metrics.js";
import { drawn, tally } from "./plan.js";
import { recover, recovery } from "./recover.js";
import { opened, type Run, selectionOf } from "./run.js";
import { bytes, counted } from "./terminal.js";

export async function generate(run: Run): Promise<void> {
  const { operands, flags } = run;
  const directory = directoryOf(operands, flags);
  if (recovery(flags) !== undefined) {
    if (directory === undefined) throw usage("it is not said which directory was being written", "name it: `--output DIR`");
    return recover(run, directory);
  }
  const pw = await opened(run, directory);
  await metered(flags.metrics, pw, () => generateNow(pw, run));
}

async function generateNow(pw: Packwright, run: Run): Promise<void> {
  const { flags, terminal, signal } = run;
  const attended = terminal.attended && !flags.yes && !flags.check;
  const wanted = await settled(pw, run, attended);
  const project = await terminal.watch((onProgress) => pw.generate({ ...wanted, check: flags.check, onProgress }));
  terminal.report(project.warnings);

  const directory = wanted.directory ?? directoryNamed(project.answers["project_name"]);
  if (flags.check) return report(run, project, directory, null, () => [`${directory} is exactly what the packs give`]);
  const changes = (): string[] => drawnChanges(project.changes, terminal.paint);
  const preview = (): string[] => [...drawn(project.plan, directory, terminal), ...changes()];
  if (flags["dry-run"]) return report(run, project, directory, null, () => [...preview(), "", `Nothing was written: ${tally(project.plan)}`]);
  const { force, trust } = flags;
  if (attended) terminal.print(["", ...preview(), ""]);
  // Where files would be lost there is nothing to ask: writing says so.
  const lossless = force || project.plan.operations.every(({ action }) => action !== "conflict");
  const consent = attended && lossless && (await consented(project, directory, signal));
  const settings = { force, trust: trust || consent, wait: !flags["no-wait"], signal };
  const written = await terminal.watch((onProgress) => project.write(directory, { ...settings, onProgress }));
  terminal.report(written.warnings);
  // A person has seen the changes before consenting to them.
  report(run, project, directory, written, () => [...summary(project, directory, written), ...(attended ? [] : changes())]);
}

/** What to generate and where, once everything that has to be asked was asked. */
async function settled(pw: Packwright, run: Run, attended: boolean): Promise<GenerationOptions> {
  const { operands, flags, terminal, signal } = run;
  const given = answersOf(flags);
  const directory = directoryOf(operands, flags);
  const options = {
    packs: operands,
    ...selectionOf(flags),
    answersFile: flags.answers === undefined ? undefined : await answersFile(flags.answers),
    directory,
    timestamp: flags.timestamp,
    signal,
  };
  // As long as it is open where to write, there is no lockfile to hold anything to.
  const asked = directory === undefined ? { ...options, update: undefined, locked: false } : options;
  const questions = async (answers: Readonly<Record<string, Answer>>) =>
    (await terminal.watch((onProgress) => pw.questions({ ...asked, answers, onProgress }))).questions;
  const answers = attended ? await (await import("./prompt.js")).converse({ title: "packwright generate", given, questions, signal }) : given;
  if (directory !== undefined) return { ...options, answers };
  const name = (await questions(answers)).find(({ variable }) => variable.name === "project_name");
  // Without a good name nothing can be generated; that call says so, together with everything else that is missing.
  if (name === undefined || name.answer === null || name.problem !== null) return { ...options, answers };
  return { ...options, answers, directory: directoryNamed(name.answer) };
}

function answersOf({ name, var: variables = [] }: Flags): Record<string, string> {
  const pairs = variables.map((pair) => {
    const [, variable, value] = /^([^=]+)=(.*)$/s.exec(pair) ?? [];
    if (variable === undefined || value === undefined) throw usage(`\`--var ${pair}\` is not of the form NAME=VALUE`);
    return [variable, value] as const;
  });
  const answers = Object.fromEntries(name === undefined ? pairs : [["project_name", name], ...pairs]);
  if (name !== undefined && answers["project_name"] !== name) throw usage("`--name` and `--var project_name` differ", "give the name once");
  return answers;
}

async function answersFile(path: string): Promise<AnswersFile> {
  try {
    return { name: basename(path), text: await readFile(path, "utf8") };
  } catch (thrown) {
    const error = diagnostic("file-not-found", 1, `the answers file \`${path}\` could not be read`, [reason(thrown)]);
    throw new PackwrightError([{ ...error, subject: path }]);
  }
}

/** Where to write, as far as the flags say: without packs it is an existing project, else a new directory of the project's name. */
function directoryOf(packs: readonly string[], { output, name }: Flags): string | undefined {
  if (output !== undefined) return output;
  if (name !== undefined) return directoryNamed(name);
  return packs.length === 0 ? "." : undefined;
}

/** The project's name, without what would lead elsewhere. */
function directoryNamed(name: Answer | undefined): string {
  const directory = String(name ?? "").replace(/[/\\]+/g, "-");
  return /^[-.]*$/.test(directory) ? "project" : directory;
}

/** Asks whether to go on, and says whether the person also consents to what runs by itself. */
async function consented(project: Project, directory: string, signal: AbortSignal): Promise<boolean> {
  const { confirm } = await import("./prompt.js");
  const pending = project.plan.operations.filter(({ action }) => action !== "unchanged");
  if (pending.length === 0) return false;
  const running = pending.filter(({ runsOnOpen }) => runsOnOpen).map(({ path }) => path);
  const warning = running.length === 0 ? "" : `, of which ${running.join(", ")} will run by itself when the folder is opened`;
  const question = `Write ${counted(pending.length, "file")} to ${directory}${warning}?`;
  if (!(await confirm(question, running.length === 0, signal))) throw cancelled();
  return running.length > 0;
}

function report({ terminal }: Run, project: Project, directory: string, written: Written | null, lines: () => string[]): void {
  const { packs, packages, changes, answers, plan, lockfile, warnings } = project;
  // The contents are not part of the document, so neither is where they are in them.
  const operations = plan.operations.map(({ offset: _, ...operation }) => operation);
  const told = [...warnings, ...(written?.warnings ?? [])];
  const outcome = { packs, packages, changes, answers, plan: { ...plan, operations }, lockfile, warnings: told };
  terminal.result({ directory, ...outcome, written: written?.written ?? null, unchanged: written?.unchanged ?? null }, lines);
}

function summary(project: Project, directory: string, { written, unchanged }: Written): string[] {
  if (written.length === 0) return [`Nothing to do: ${directory} is as the packs make it`];
  const size = written.reduce((sum, path) => sum + (project.files.get(path)?.length ?? 0), 0);
  const left = unchanged === 0 ? "" : `; ${counted(unchanged, "file")} unchanged`;
  const commands = project.plan.hooks.filter(({ event }) => event === "post-generate").map(({ command }) => command);
  const steps = resolve(directory) === process.cwd() ? commands : [`cd ${quoted(directory)}`, ...commands];
  return [
    `Wrote ${counted(written.length, "file")} (${bytes(size)}) to ${directory}${left}`,
    ...(commands.length === 0 ? [] : ["", "Next:", ...steps.map((step) => `  ${step}`)]),
  ];
}

function quoted(path: string): string {
  return /^[\w./@+-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`;
}
