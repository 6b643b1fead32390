/** `generate`: finds the answers, shows the plan, and writes it. What the answers and the plan mean is the core's business. */
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { cancelled, PackwrightError, usage } from "../error.js";
import type { GenerationOptions, Packwright, Project, Written } from "../index.node.js";
import type { Action, Answer, Hook, Question } from "../protocol.js";
import { answersFileOf, answersOf, compositionOf, environmentAnswers } from "./answers.js";
import type { Existing, Flags } from "./commands.js";
import { drawnChanges } from "./changes.js";
import { drawnDiffs, drawnAllDiffs } from "./diff.js";
import { decided, existingOf, ifThereOf } from "./existing.js";
import { metered } from "./metrics.js";
import { drawnCommands, drawnFiles, tally } from "./plan.js";
import type { Conversation } from "./prompt.js";
import { recover, recovery } from "./recover.js";
import { hooksOf, opened, type Run, selectionOf } from "./run.js";
import { bytes, counted, quoted } from "./terminal.js";
import { undoOf } from "./undo.js";

/** The record that makes a directory a project. */
const LOCKFILE = "packwright.lock";

/** How many files a summary names. */
const NAMED = 5;

type Answers = Readonly<Record<string, Answer>>;

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

/** How a run goes about it. */
interface Manner {
  /** Whether a person is there and asked. */
  attended: boolean;
  existing: Existing;
  /** What becomes of the commands the packs suggest; nothing if it is not said. */
  hooks: "run" | "skip" | undefined;
}

async function generateNow(pw: Packwright, run: Run): Promise<void> {
  const { flags, terminal } = run;
  const attended = terminal.attended && !flags.yes && !flags.check;
  const manner = { attended, existing: existingOf(flags, attended), hooks: hooksOf(flags) };
  const order = await orderOf(run);
  const conversation = attended ? await conversationOn(pw, run, order) : undefined;
  try {
    let answers = (await conversation?.answers()) ?? order.answers;
    while (!(await generated(pw, run, { ...order, answers }, manner))) answers = (await conversation?.review()) ?? answers;
  } catch (thrown) {
    const left = thrown instanceof PackwrightError && thrown.code === "cancelled";
    const typed = left ? undefined : conversation?.typed;
    if (typed !== undefined) terminal.note(`\nThe same again, with your answers but secrets:\n  ${commandWith(typed, run)}\n`);
    throw thrown;
  }
}

/** A command line for the same with these answers. */
function commandWith(answers: Answers, { operands, flags }: Run): string {
  const { name: _, var: __, ...others } = flags;
  const { project_name: name, ...variables } = answers;
  const option = (flag: string, value: string): string[] => (value.startsWith("-") ? [`--${flag}=${value}`] : [`--${flag}`, value]);
  const words = [
    ...["packwright", "generate", ...operands],
    ...(name === undefined ? [] : option("name", String(name))),
    ...Object.entries(others).flatMap(([flag, given]) => [given].flat().flatMap((value) => (value === true ? [`--${flag}`] : option(flag, String(value))))),
    // Several values are said with commas between them.
    ...Object.entries(variables).flatMap(([variable, value]) => option("var", `${variable}=${String(value)}`)),
  ];
  return words.map(quoted).join(" ");
}

/** Makes the project and shows or writes it; whether that is it, and the person does not want to go back to the answers. */
async function generated(pw: Packwright, run: Run, order: GenerationOptions, manner: Manner): Promise<boolean> {
  const { terminal } = run;
  const wanted = await placed(pw, run, order);
  const project = await made(pw, run, wanted, manner);
  if (project === undefined) return false;
  terminal.report(project.warnings);
  const directory = wanted.directory ?? directoryNamed(project.answers["project_name"]);
  if (!(await delivered(run, project, directory, manner))) return false;
  terminal.report(project.problems);
  process.exitCode = project.problems[0]?.exitCode ?? 0;
  return true;
}

/** The project, once it is settled what becomes of files that stand there; nothing if the person goes back. */
async function made(
  pw: Packwright,
  { flags, terminal, signal }: Run,
  wanted: GenerationOptions,
  { existing }: Manner,
): Promise<Project | undefined> {
  const { check, template, "keep-going": keepGoing, origin } = flags;
  const ifThere = flags.force ? "overwrite" : ifThereOf(existing);
  const options = { ...wanted, check, template, keepGoing, lines: origin !== undefined, ifThere };
  const project = await terminal.watch((onProgress) => pw.generate({ ...options, onProgress }));
  const looks = flags["dry-run"] || check || origin !== undefined;
  return existing === "ask" && !looks ? decided(project, terminal, signal) : project;
}

/** Shows the project, or writes it, unless the person goes back. */
async function delivered(run: Run, project: Project, directory: string, manner: Manner): Promise<boolean> {
  const { flags, terminal } = run;
  const nothing = `Nothing was written: ${tally(project.plan)}`;
  if (flags.origin !== undefined) (await import("./origin.js")).showOrigin(project, flags.origin, terminal);
  else if (flags.check) report(run, project, directory, null, [], () => [`${directory} is exactly what the packs give`]);
  else if (flags["dry-run"]) report(run, project, directory, null, [], () => [...preview(run, project, directory, manner), "", nothing]);
  else return write(run, project, directory, manner);
  return true;
}

/** Writes the project, unless the person goes back. */
async function write(run: Run, project: Project, directory: string, manner: Manner): Promise<boolean> {
  const { flags, terminal, signal } = run;
  const { attended } = manner;
  const { force, trust } = flags;
  if (attended) terminal.print(["", ...preview(run, project, directory, manner), ""]);
  else if (flags.diff) terminal.print([...drawnAllDiffs(project.plan, project.files, terminal.paint).slice(1), ""]);
  // Where files would be lost there is nothing to ask: writing says so.
  const lossless = project.plan.operations.every(({ action }) => action !== "conflict");
  const consent = attended && lossless ? await consented(project, directory, signal) : false;
  if (consent === undefined) return false;
  const settings = { force, trust: trust || consent, wait: !flags["no-wait"], signal };
  const written = await terminal.watch((onProgress) => project.write(directory, { ...settings, onProgress }));
  terminal.report(written.warnings);
  terminal.print([...summary(project, directory, written), ...wayBack(project, directory, written)]);
  terminal.keep(documentOf(project, directory, written));
  const ran = await finished(run, project, directory, written, manner);
  // A person has seen the changes before consenting to them.
  const changes = attended ? [] : drawnChanges(project.changes, terminal.paint);
  const next = written.written.length === 0 || ran.length > 0 ? [] : nextSteps(project, directory);
  report(run, project, directory, written, ran, () => [...next, ...changes]);
  return true;
}

/** Everything that would happen. */
function preview({ flags, terminal }: Run, project: Project, directory: string, { attended, hooks }: Manner): string[] {
  const { plan, files, changes } = project;
  // Who is about to be asked wants to see what is theirs to judge.
  const shown = flags["dry-run"] ? plan : { ...plan, operations: plan.operations.filter(({ path }) => path !== LOCKFILE) };
  const fate = hooks === "run" ? "" : hooks === undefined && attended && !flags["dry-run"] ? "; you are asked about them afterwards" : "; none is run";
  return [
    ...drawnFiles(plan, directory, terminal),
    ...(flags.diff ? drawnAllDiffs(plan, files, terminal.paint) : drawnDiffs(shown, terminal.paint)),
    ...drawnCommands(`Commands the packs suggest${fate}:`, suggested(project)),
    ...drawnChanges(changes, terminal.paint),
  ];
}

/** Runs the commands that the packs suggest, if that is wanted and all of the project is there; gives those that ran. */
async function finished(run: Run, project: Project, directory: string, { written }: Written, { attended, hooks }: Manner): Promise<readonly Hook[]> {
  const { terminal, signal } = run;
  const commands = suggested(project);
  if (commands.length === 0 || written.length === 0 || project.problems.length > 0 || hooks === "skip") return [];
  if (hooks === undefined && !(attended && (await allowed(run, commands, directory)))) return [];
  return terminal.watch((onProgress) => project.runHooks(directory, { signal, onProgress }));
}

/** Asks whether commands may run. */
async function allowed({ terminal, signal }: Run, commands: readonly Hook[], directory: string): Promise<boolean> {
  const { confirm } = await import("./prompt.js");
  terminal.print([...drawnCommands("Commands the packs suggest:", commands), ""]);
  const question = `Run ${counted(commands.length, "command")} in ${directory}?`;
  return confirm(question, false, signal).catch((thrown: unknown) => {
    throw thrown instanceof PackwrightError && thrown.code === "cancelled" ? cancelled("the files are written") : thrown;
  });
}

/** The commands that are for after a generation. */
function suggested({ plan }: Project): Hook[] {
  return plan.hooks.filter(({ event }) => event === "post-generate");
}

/** What the flags say is to be generated. */
async function orderOf({ operands, flags, signal }: Run): Promise<GenerationOptions & { answers: Answers }> {
  return {
    packs: operands,
    answers: answersOf(flags),
    ...selectionOf(flags),
    ...(await compositionOf(flags)),
    answersFile: await answersFileOf(flags),
    environment: environmentAnswers(),
    directory: directoryOf(operands, flags),
    timestamp: flags.timestamp,
    signal,
  };
}

/** The conversation about the answers that are missing. */
async function conversationOn(pw: Packwright, run: Run, order: GenerationOptions & { answers: Answers }): Promise<Conversation> {
  const prompt = await import("./prompt.js");
  const questions = (answers: Answers) => questionsOf(pw, run, { ...order, answers });
  return new prompt.Conversation({ title: "packwright generate", given: order.answers, questions, signal: run.signal });
}

async function questionsOf(pw: Packwright, { terminal }: Run, order: GenerationOptions): Promise<Question[]> {
  // As long as it is open where to write, there is no lockfile to hold anything to.
  const asked = order.directory === undefined ? { ...order, update: undefined, locked: false } : order;
  return (await terminal.watch((onProgress) => pw.questions({ ...asked, onProgress }))).questions;
}

/** The same with the directory, which may follow from the name that was answered. */
async function placed(pw: Packwright, run: Run, order: GenerationOptions): Promise<GenerationOptions> {
  const { operands, flags, terminal } = run;
  // The name may be another one by now.
  const renamed = flags.name === undefined ? flags : { ...flags, name: String(order.answers?.["project_name"] ?? flags.name) };
  const directory = directoryOf(operands, renamed) ?? (await directoryAnswered(pw, run, order));
  if (directory === undefined && flags.check) throw usage("it is not said which directory to check", "name it: `--output DIR`");
  const named = flags.output === undefined && operands.length > 0;
  if (directory !== undefined && directory !== "." && named && isProject(".") && !isProject(directory)) {
    terminal.note(`\`.\` holds a project; this makes another in \`${directory}\`. \`--output .\` changes the one here`);
  }
  return { ...order, directory };
}

async function directoryAnswered(pw: Packwright, run: Run, order: GenerationOptions): Promise<string | undefined> {
  const name = (await questionsOf(pw, run, order)).find(({ variable }) => variable.name === "project_name");
  // Without a good name nothing can be generated; that call says so, together with everything else that is missing.
  if (name === undefined || name.answer === null || name.problem !== null) return undefined;
  return directoryNamed(name.answer);
}

/**
 * Where to write, as far as the flags say: without packs it is the project in the current directory or else that of the name, with packs a
 * new directory of the project's name. What is to be checked is rather there already.
 */
function directoryOf(packs: readonly string[], { output, name, check }: Flags): string | undefined {
  if (output !== undefined) return output;
  const named = name === undefined ? undefined : directoryNamed(name);
  if (packs.length === 0) return isProject(".") ? "." : (named ?? ".");
  const standing = named !== undefined && isProject(named);
  return check && isProject(".") && !standing ? "." : named;
}

function isProject(directory: string): boolean {
  return existsSync(join(directory, LOCKFILE));
}

/** The project's name, without what would lead elsewhere. */
function directoryNamed(name: Answer | undefined): string {
  const directory = String(name ?? "").replace(/[/\\]+/g, "-");
  return /^[-.]*$/.test(directory) ? "project" : directory;
}

/** Asks whether to go on, and says whether the person also consents to what runs by itself; nothing if they go back. */
async function consented(project: Project, directory: string, signal: AbortSignal): Promise<boolean | undefined> {
  const { goesOn } = await import("./prompt.js");
  const pending = project.plan.operations.filter(({ action }) => action !== "unchanged" && action !== "skip");
  if (pending.length === 0) return false;
  const running = pending.filter(({ runsOnOpen }) => runsOnOpen).map(({ path }) => path);
  const warning = running.length === 0 ? "" : `, of which ${running.join(", ")} will run by itself when the folder is opened`;
  const failed = project.problems.length === 0 ? "" : `, without what failed (${counted(project.problems.length, "problem")})`;
  const question = `Write ${counted(pending.length, "file")} to ${directory}${warning}${failed}?`;
  return (await goesOn(question, running.length === 0, signal)) ? running.length > 0 : undefined;
}

function report(
  { terminal }: Run,
  project: Project,
  directory: string,
  written: Written | null,
  ran: readonly Hook[],
  lines: () => string[],
): void {
  terminal.result({ ...documentOf(project, directory, written), ran }, lines);
}

function documentOf(project: Project, directory: string, written: Written | null): object {
  const { packs, packages, changes, answers, plan, lockfile, problems, warnings } = project;
  // The contents are not part of the document, so neither is where they are in them.
  const operations = plan.operations.map(({ offset: _, ...operation }) => operation);
  const told = [...warnings, ...(written?.warnings ?? [])];
  const outcome = { packs, packages, changes, answers, plan: { ...plan, operations }, lockfile, problems, warnings: told };
  return { directory, ...outcome, written: written?.written ?? null, unchanged: written?.unchanged ?? null };
}

function summary(project: Project, directory: string, { written, unchanged }: Written): string[] {
  const skipped = project.plan.operations.filter(({ action, path }) => action === "skip" && !written.includes(path)).length;
  const left = [
    ...(unchanged === skipped ? [] : [`${counted(unchanged - skipped, "file")} unchanged`]),
    ...(skipped === 0 ? [] : [`${counted(skipped, "file")} of yours kept`]),
  ];
  if (written.length === 0) return [skipped === 0 ? `Nothing to do: ${directory} is as the packs make it` : `Nothing to do: ${left.join(", ")}`];
  const size = written.reduce((sum, path) => sum + (project.files.get(path)?.length ?? 0), 0);
  return [[`Wrote ${counted(written.length, "file")} (${bytes(size)}) to ${directory}`, ...left].join("; ")];
}

/** Which files of somebody are other ones now, and how to have it all again as it was. */
function wayBack({ plan }: Project, directory: string, { written }: Written): string[] {
  if (written.length === 0) return [];
  const paths = (...which: Action[]): string[] =>
    plan.operations.filter(({ action, path }) => which.includes(action) && written.includes(path)).map(({ path }) => path);
  return [
    // What is to be kept or in conflict is overwritten by force.
    ...named("Overwritten", paths("overwrite", "conflict", "skip")),
    ...named("Merged", paths("merge")),
    `\`${undoOf(directory)}\` takes it back`,
  ];
}

/** A line that names some files; none if there are none. */
function named(what: string, paths: readonly string[]): string[] {
  if (paths.length === 0) return [];
  const rest = paths.length - NAMED;
  return [`${what}: ${paths.slice(0, NAMED).join(", ")}${rest > 0 ? ` and ${counted(rest, "other")}` : ""}`];
}

function nextSteps(project: Project, directory: string): string[] {
  const commands = suggested(project).map(({ command }) => command);
  if (commands.length === 0) return [];
  const steps = resolve(directory) === process.cwd() ? commands : [`cd ${quoted(directory)}`, ...commands];
  return ["", "Next:", ...steps.map((step) => `  ${step}`)];
}
