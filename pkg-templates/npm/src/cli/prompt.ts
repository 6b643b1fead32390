/**
 * Asks a person for answers, one question after the other, for as long as the core has some. Whether an answer is good is the core's to
 * say: it is asked anew after each one, and a bad answer is asked for again.
 */
import type { Key } from "node:readline";
import * as clack from "@clack/prompts";
import { cancelled } from "../error.js";
import type { Answer, Question, Variable } from "../protocol.js";
import { harmless } from "./terminal.js";

// Results go to stdout, so the conversation goes to stderr.
const output = process.stderr;

// Behind the end of the input, or Ctrl-D, nobody will answer. What was typed of it before the first question arrives as a zero.
const ended = new AbortController();
process.stdin.once("end", () => ended.abort());
process.stdin.on("keypress", (_, key?: Partial<Key>) => {
  if (key?.sequence === "\0" || (key?.ctrl === true && key.name === "d")) ended.abort();
});

type Answers = Readonly<Record<string, Answer>>;

/** Whom to ask, and how to find out what is still open. */
export interface Conversation {
  title: string;
  given: Answers;
  questions(answers: Answers): Promise<Question[]>;
  signal: AbortSignal;
}

/**
 * Asks every question that applies and that nothing but a default answers.
 *
 * @returns the given answers and the new ones; accepted defaults are left out, so that they stay defaults.
 * @throws PackwrightError `cancelled` when the person leaves.
 */
export async function converse({ title, given, questions, signal }: Conversation): Promise<Answers> {
  const answers: Record<string, Answer> = { ...given };
  const asked = new Set<string>();
  for (;;) {
    const all = await questions(answers);
    const open = all.find((question) => isOpen(question, asked));
    if (open === undefined || all.some((question) => isSpoilt(question, asked))) return answers;
    if (asked.size === 0) clack.intro(title, { output });
    const { name } = open.variable;
    const again = asked.has(name);
    if (again) clack.log.error(harmless(open.problem?.message ?? `${name} needs a value`), { output });
    asked.add(name);
    const answer = await ask(open, again ? answers[name] : undefined, signal);
    if (answer === undefined) delete answers[name];
    else answers[name] = answer;
  }
}

/** Asks yes or no; `likely` is what Enter says. */
export async function confirm(message: string, likely: boolean, signal: AbortSignal): Promise<boolean> {
  return answered(await clack.confirm({ message: harmless(message), initialValue: likely, output, signal: ofItsOwn(signal) }));
}

// What was given on the command line, in a file or in the lockfile is settled.
function isOpen({ variable, asked, source, problem, answer }: Question, before: ReadonlySet<string>): boolean {
  if (!asked) return false;
  if (before.has(variable.name)) return problem !== null || (variable.required && answer === null);
  return source === null || source === "default";
}

// A wrong answer that was given makes every further question pointless: the command will fail because of it.
function isSpoilt({ variable, problem }: Question, before: ReadonlySet<string>): boolean {
  return problem !== null && !before.has(variable.name);
}

/** The answer, or nothing if the default was taken or an optional variable left out. */
async function ask(question: Question, previous: Answer | undefined, signal: AbortSignal): Promise<Answer | undefined> {
  const { variable } = question;
  const answer = await askByType(question, previous, { message: title(variable), output, signal: ofItsOwn(signal) });
  const nothing = question.default === null && (answer === "" || same(answer, []));
  return nothing || same(answer, question.default) ? undefined : answer;
}

/** Each prompt leaves its listener on the signal it is given, of which Node warns when there are many. It ends with the input, too. */
function ofItsOwn(signal: AbortSignal): AbortSignal {
  return AbortSignal.any([signal, ended.signal]);
}

interface Setting {
  message: string;
  output: NodeJS.WriteStream;
  signal: AbortSignal;
}

async function askByType({ variable, default: standard }: Question, previous: Answer | undefined, setting: Setting): Promise<Answer> {
  if (variable.secret) return answered(await clack.password(setting));
  if (variable.choices !== null) return choose(variable.choices, variable, previous ?? standard, setting);
  if (variable.type === "boolean") return answered(await clack.confirm({ ...setting, initialValue: standard === true }));
  const shown = standard === null ? "" : text(standard);
  const hint = shown === "" ? (variable.example ?? (variable.required ? "" : "optional")) : shown;
  const typed = await clack.text({
    ...setting,
    placeholder: hint,
    defaultValue: shown,
    ...(previous === undefined ? {} : { initialValue: text(previous) }),
  });
  const words = answered(typed) ?? "";
  return words === shown && standard !== null ? standard : words;
}

async function choose(choices: readonly Answer[], { multiple, required }: Variable, initial: Answer | null, setting: Setting): Promise<Answer> {
  const options = choices.map((choice) => ({ value: JSON.stringify(choice), label: text(choice) }));
  if (multiple) {
    const initialValues = Array.isArray(initial) ? initial.map((choice) => JSON.stringify(choice)) : [];
    const chosen = answered(await clack.multiselect({ ...setting, options, initialValues, required }));
    return chosen.map((choice) => JSON.parse(choice) as Answer);
  }
  const chosen = answered(await clack.select({ ...setting, options, initialValue: JSON.stringify(initial) }));
  return JSON.parse(chosen) as Answer;
}

function title({ name, description, group }: Variable): string {
  const words = description === null ? name : `${description} (${name})`;
  return harmless(group === null ? words : `${group}: ${words}`);
}

function answered<T>(answer: T): Exclude<T, symbol> {
  if (typeof answer === "symbol") throw cancelled();
  return answer as Exclude<T, symbol>;
}

function same(one: Answer, other: Answer | null): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

function text(value: Answer): string {
  return harmless(typeof value === "string" ? value : JSON.stringify(value));
}
