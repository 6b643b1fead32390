/**
 * Asks a person for answers, one question after the other, for as long as the core has some. Whether an answer is good is the core's to
 * say: it is asked anew after each one, and a bad answer is asked for again.
 */
import type { Key } from "node:readline";
import { styleText } from "node:util";
import * as clack from "@clack/prompts";
import { cancelled } from "../error.js";
import type { Answer, Question, Variable } from "../protocol.js";
import { aligned, harmless } from "./terminal.js";

// Results go to stdout, so the conversation goes to stderr.
const output = process.stderr;

// Behind the end of the input, or Ctrl-D, nobody will answer. What was typed of it before the first question arrives as a zero.
const ended = new AbortController();
process.stdin.once("end", () => ended.abort());
process.stdin.on("keypress", (_, key?: Partial<Key>) => {
  if (key?.sequence === "\0" || (key?.ctrl === true && key.name === "d")) ended.abort();
});

const HINT = "Enter takes what is shown, Shift-Tab goes back, Ctrl-C leaves.";

/** In place of an answer: the person wants to go back to what was before. */
export const BACK = Symbol("back");

/** What is shown of a secret. */
const MASK = "••••••••";

type Answers = Readonly<Record<string, Answer>>;

/** What to ask about, and how to find out what is still open. */
export interface Topic {
  title: string;
  given: Answers;
  questions(answers: Answers): Promise<Question[]>;
  signal: AbortSignal;
}

/** A conversation with a person, which may be taken up again after its end. */
export class Conversation {
  readonly #topic: Topic;
  readonly #course: Course;
  /** The names of what is not for showing. */
  readonly #secrets = new Set<string>();

  constructor(topic: Topic) {
    this.#topic = topic;
    this.#course = new Course(topic.title, topic.given);
  }

  /**
   * Asks every question that applies and that nothing but a default answers, group by group, and in the end whether all is as it should be.
   *
   * @returns the given answers and the new ones; accepted defaults are left out, so that they stay defaults.
   * @throws PackwrightError `cancelled` when the person leaves.
   */
  answers(): Promise<Answers> {
    return this.#goOn(false);
  }

  /** The answers so far but secrets; nothing if none was typed. */
  get typed(): Answers | undefined {
    const { trail, answers } = this.#course;
    const told = Object.entries(answers).filter(([name]) => !this.#secrets.has(name));
    return told.some(([name]) => trail.includes(name)) ? Object.fromEntries(told) : undefined;
  }

  /** Shows all answers once more, also where nothing was asked: any of them may be changed. Gives and throws what `answers` does. */
  review(): Promise<Answers> {
    return this.#goOn(true);
  }

  async #goOn(reviews: boolean): Promise<Answers> {
    const { questions, signal } = this.#topic;
    const course = this.#course;
    for (;;) {
      const all = await questions(course.answers);
      for (const { variable } of all) if (variable.secret) this.#secrets.add(variable.name);
      if (all.some((question) => isSpoilt(question, course.trail))) return course.answers;
      const question = course.next(all);
      if (question !== undefined) {
        course.take(question, all, await course.ask(question, signal));
        continue;
      }
      if (course.trail.length === 0 && !reviews) return course.answers;
      const choice = await reviewed(all, signal);
      if (choice === undefined) return course.answers;
      course.revisit(choice === BACK ? course.trail.at(-1) : choice, choice !== BACK);
    }
  }
}

/** Where a conversation stands: what was asked in which order, and what came of it. */
class Course {
  readonly answers: Record<string, Answer>;
  /** The names of what was asked, in this order. */
  readonly trail: string[] = [];
  /** Answers to what was gone back from. */
  readonly #drafts = new Map<string, Answer>();
  readonly #title: string;
  #group: string | null = null;
  /** What was answered from elsewhere, as by the lockfile: there a default is an answer like any other. */
  readonly #settled = new Set<string>();
  /** A question that is asked next, answered or not; `only` if nothing but it is to be asked again. */
  #again: { name: string; only: boolean } | undefined;

  constructor(title: string, given: Answers) {
    this.#title = title;
    this.answers = { ...given };
  }

  next(all: readonly Question[]): Question | undefined {
    const again = all.find(({ variable, asked }) => asked && variable.name === this.#again?.name);
    if (again !== undefined) return again;
    this.#again = undefined;
    const open = all.filter((question) => isOpen(question, this.trail));
    return open.find(({ variable }) => variable.group === this.#group) ?? open[0];
  }

  revisit(name: string | undefined, only: boolean): void {
    this.#again = name === undefined ? undefined : { name, only };
  }

  async ask(question: Question, signal: AbortSignal): Promise<Answer | typeof BACK | undefined> {
    const { name, group } = question.variable;
    if (this.trail.length === 0 && this.#again === undefined) {
      clack.intro(this.#title, { output });
      clack.log.message(HINT, { output });
    }
    this.#head(group);
    const bad = question.problem !== null || (question.answer === null && question.variable.required);
    if (bad && this.trail.includes(name)) clack.log.error(harmless(question.problem?.message ?? `${name} needs a value`), { output });
    const settled = this.#settled.has(name) || (isSettled(question) && !this.trail.includes(name));
    if (settled) this.#settled.add(name);
    const standing = this.answers[name] ?? this.#drafts.get(name) ?? (settled ? (question.answer ?? undefined) : undefined);
    return ask(question, { previous: standing, settled, signal });
  }

  /** Writes the heading of another group; where a single question is asked again there is none. */
  #head(group: string | null): void {
    if (group === this.#group || this.#again?.only === true) return;
    const heading = group ?? (this.#again === undefined ? "Further questions" : undefined);
    if (heading !== undefined) clack.log.step(harmless(heading), { output });
    this.#group = group;
  }

  /** Notes what came of a question, and what is next if the person went back. */
  take({ variable: { name } }: Question, all: readonly Question[], answer: Answer | typeof BACK | undefined): void {
    const again = this.#again;
    this.#again = undefined;
    if (answer !== BACK) {
      if (!this.trail.includes(name)) this.trail.push(name);
      if (answer === undefined) delete this.answers[name];
      else this.answers[name] = answer;
    } else if (again?.only !== true) {
      this.#step(name, all);
    }
  }

  /** Goes back from a question to the one that was asked before it. */
  #step(name: string, all: readonly Question[]): void {
    const draft = this.answers[name];
    if (draft !== undefined) this.#drafts.set(name, draft);
    delete this.answers[name];
    const at = this.trail.indexOf(name);
    if (at !== -1) this.trail.splice(at);
    const asked = new Set(all.filter((question) => question.asked).map(({ variable }) => variable.name));
    this.revisit(this.trail.filter((before) => asked.has(before)).at(-1) ?? name, false);
  }
}

/** Shows all answers and asks whether they are to stand: a name is one to be changed. */
async function reviewed(all: readonly Question[], signal: AbortSignal): Promise<string | typeof BACK | undefined> {
  const groups = [...new Set(all.map(({ variable }) => variable.group))];
  const asked = groups.flatMap((group) => all.filter((question) => question.asked && question.variable.group === group));
  const lines = aligned(asked.map((question) => [question.variable.name, shown(question)]));
  clack.log.step("All answers", { output });
  clack.log.message(lines, { output, spacing: 0 });
  const options = [
    { value: "on", label: "Go on" },
    ...(asked.length === 0 ? [] : [{ value: "change", label: "Change one" } as const]),
    { value: "leave", label: "Cancel" },
  ] as const;
  const choice = await stepping(signal, (own) => clack.select({ message: "Are they right?", options: [...options], output, signal: own }));
  if (choice === BACK || choice === "on") return choice === BACK ? BACK : undefined;
  if (choice === "leave") throw cancelled();
  const names = asked.map(({ variable: { name } }, at) => ({ value: name as string, label: lines[at] ?? name }));
  const name = await stepping(signal, (own) => clack.select({ message: "Which one?", options: names, output, signal: own }));
  return name === BACK ? reviewed(all, signal) : name;
}

function shown({ variable, answer }: Question): string {
  if (answer === null) return "";
  return variable.secret ? MASK : Array.isArray(answer) ? answer.map(text).join(", ") : text(answer);
}

/** Asks yes or no; `likely` is what Enter says. */
export async function confirm(message: string, likely: boolean, signal: AbortSignal): Promise<boolean> {
  return answered(await clack.confirm({ message: harmless(message), initialValue: likely, output, signal: ofItsOwn(signal) }));
}

/** Asks whether to go on; who says no, or takes the key that goes back, gets back. */
export async function goesOn(message: string, likely: boolean, signal: AbortSignal): Promise<boolean> {
  const setting = { message: harmless(message), initialValue: likely, inactive: "No, back to the answers", output };
  return (await stepping(signal, (own) => clack.confirm({ ...setting, signal: own }))) === true;
}

/** Asks for one of several things; Enter says the first. */
export async function pick<T extends string>(
  message: string,
  options: readonly { value: T; label: string }[],
  signal: AbortSignal,
): Promise<T | typeof BACK> {
  const labelled = options.map(({ value, label }) => ({ value: value as string, label: harmless(label) }));
  const setting = { message: harmless(message), options: labelled, output };
  return (await stepping(signal, (own) => clack.select({ ...setting, signal: own }))) as T | typeof BACK;
}

// What was given on the command line, in a file, in the environment or in the lockfile is settled.
function isOpen({ variable, asked, source, problem, answer }: Question, trail: readonly string[]): boolean {
  if (!asked) return false;
  if (trail.includes(variable.name)) return problem !== null || (variable.required && answer === null);
  return !isSettled({ source });
}

function isSettled({ source }: Pick<Question, "source">): boolean {
  return source !== null && source !== "default";
}

// A wrong answer that was given makes every further question pointless: the command will fail because of it.
function isSpoilt({ variable, problem }: Question, trail: readonly string[]): boolean {
  return problem !== null && !trail.includes(variable.name);
}

/** What stands as the answer to a question that is asked again; `settled` if it does because of what somebody said elsewhere. */
interface Standing {
  previous: Answer | undefined;
  settled: boolean;
  signal: AbortSignal;
}

/** The answer, or nothing if the default was taken or an optional variable left out. */
async function ask(question: Question, { previous, settled, signal }: Standing): Promise<Answer | typeof BACK | undefined> {
  const answer = await stepping(signal, (own) => askByType(question, previous, { message: title(question.variable), output, signal: own }));
  if (answer === BACK || settled) return answer;
  const nothing = question.default === null && (answer === "" || same(answer, []));
  return nothing || same(answer, question.default) ? undefined : answer;
}

/** Asks while the key that goes back is listened for. */
async function stepping<T>(signal: AbortSignal, question: (own: AbortSignal) => Promise<T | symbol>): Promise<Exclude<T, symbol> | typeof BACK> {
  const back = new AbortController();
  // The prompt hears of the key as well, and must still stand when it does.
  const listen = (_: unknown, key?: Partial<Key>): void => {
    if (key?.name === "tab" && key.shift === true) queueMicrotask(() => back.abort());
  };
  process.stdin.on("keypress", listen);
  try {
    const answer = await question(AbortSignal.any([ofItsOwn(signal), back.signal]));
    return back.signal.aborted ? BACK : answered(answer);
  } finally {
    process.stdin.off("keypress", listen);
  }
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

async function askByType({ variable, default: standard }: Question, previous: Answer | undefined, setting: Setting): Promise<Answer | symbol> {
  if (variable.secret) {
    const message = previous === undefined ? setting.message : `${setting.message}; Enter keeps what was typed before`;
    const typed = await clack.password({ ...setting, message });
    return typed === "" && previous !== undefined ? previous : typed;
  }
  if (variable.choices !== null) return choose(variable.choices, variable, previous ?? standard, setting);
  if (variable.type === "boolean") return clack.confirm({ ...setting, initialValue: (previous ?? standard) === true });
  const proposed = standard === null ? "" : text(standard);
  const typed = await clack.text({
    ...setting,
    message: `${setting.message}${hintOf(variable, proposed)}`,
    // In the field stands nothing but what Enter takes.
    placeholder: proposed,
    defaultValue: proposed,
    ...(previous === undefined ? {} : { initialValue: text(previous) }),
  });
  if (typeof typed === "symbol") return typed;
  const words = typed ?? "";
  return words === proposed && standard !== null ? standard : words;
}

/** A line below the question about what may be answered, where no default shows it. */
function hintOf({ required, example }: Variable, proposed: string): string {
  if (proposed !== "") return "";
  const hints = [...(required ? [] : ["optional"]), ...(example === null ? [] : [`example: ${text(example)}`])];
  return hints.length === 0 ? "" : `\n${styleText("gray", clack.S_BAR)}  ${styleText("dim", hints.join("; "))}`;
}

async function choose(
  choices: readonly Answer[],
  { multiple, required }: Variable,
  initial: Answer | null,
  setting: Setting,
): Promise<Answer | symbol> {
  const options = choices.map((choice) => ({ value: JSON.stringify(choice), label: text(choice) }));
  if (multiple) {
    const initialValues = Array.isArray(initial) ? initial.map((choice) => JSON.stringify(choice)) : [];
    const chosen = await clack.multiselect({ ...setting, options, initialValues, required });
    return typeof chosen === "symbol" ? chosen : chosen.map((choice) => JSON.parse(choice) as Answer);
  }
  const chosen = await clack.select({ ...setting, options, initialValue: JSON.stringify(initial) });
  return typeof chosen === "symbol" ? chosen : (JSON.parse(chosen) as Answer);
}

function title({ name, description }: Variable): string {
  return harmless(description === null ? name : `${description} (${name})`);
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
