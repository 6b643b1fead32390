/**
 * Reads command lines, and explains them. It judges spelling and shape only; what a value means is the core's business.
 */
import { parseArgs } from "node:util";
import { type PackwrightError, usage } from "../error.js";
import { type Command, type CommandName, COMMANDS, type Flag, type FlagName, FLAGS, type Flags } from "./commands.js";

/** What a command line asks for. */
export type Invocation =
  | { type: "help"; command: Command | undefined }
  | { type: "version" }
  | { type: "run"; command: CommandName; operands: string[]; flags: Flags };

/**
 * Reads a command line.
 *
 * @throws PackwrightError of code `usage` that names the nearest thing that exists.
 */
export function parse(argv: string[]): Invocation {
  const { tokens, positionals } = parseArgs({ args: argv, options: FLAGS, allowPositionals: true, strict: false, tokens: true });
  const given = tokens.filter((token) => token.kind === "option");
  const [command, operands] = commandOf(positionals);
  if (command === undefined && positionals.length === 0) {
    if (given.some((token) => token.name === "version")) return { type: "version" };
    if (argv.length === 0 || given.some((token) => token.name === "help")) return { type: "help", command: undefined };
  }
  if (command === undefined) throw unknownCommand(positionals);
  for (const token of given) checkFlag(command, token);
  checkRepeated(given);
  // Each value was found to be one of its choices.
  const flags = parseArgs({ args: argv, options: FLAGS, allowPositionals: true }).values as Flags;
  if (flags.help) return { type: "help", command };
  checkOperands(command, operands);
  return { type: "run", command: command.name, operands, flags };
}

/** Whether a command line that could not be read asks for JSON all the same. */
export function wantsJson(argv: readonly string[]): boolean {
  const end = argv.indexOf("--");
  return (end === -1 ? argv : argv.slice(0, end)).includes("--json");
}

function commandOf(positionals: readonly string[]): [Command | undefined, string[]] {
  for (const words of [2, 1]) {
    const name = positionals.slice(0, words).join(" ");
    const command = COMMANDS.find((candidate) => candidate.name === name);
    if (command !== undefined) return [command, positionals.slice(words)];
  }
  return [undefined, []];
}

function unknownCommand(positionals: readonly string[]): PackwrightError {
  const [first] = positionals;
  const lists = "`packwright --help` lists the commands";
  if (first === undefined) return usage("no command was given", lists);
  const family = COMMANDS.filter((command) => command.name.startsWith(`${first} `)).map(({ name }) => `\`packwright ${name}\``);
  if (family.length > 0) return usage(`\`${first}\` needs to be told what to do`, `there is ${family.join(", ")}`);
  const near = nearest(first, COMMANDS.map(({ name }) => name));
  return usage(`there is no command \`${first}\``, near === undefined ? lists : `did you mean \`packwright ${near}\`?`);
}

interface Given {
  name: string;
  rawName: string;
  value?: string | undefined;
  inlineValue?: boolean | undefined;
}

function checkFlag(command: Command, given: Given): void {
  const name = command.flags.find((candidate) => candidate === given.name);
  if (name === undefined) throw unknownFlag(command, given);
  const flag: Flag = FLAGS[name];
  if (flag.type === "boolean" && given.value !== undefined) throw usage(`\`${given.rawName}\` takes no value`);
  if (flag.type === "string" && missing(given)) {
    throw usage(
      `\`${given.rawName}\` needs a value`,
      `write \`${given.rawName} ${flag.value}\`, or \`--${name}=-…\` for one that begins with a dash`,
    );
  }
  const { value = "" } = given;
  if (flag.choices?.includes(value) === false) {
    const near = nearest(value, flag.choices);
    throw usage(
      `\`${value}\` is nothing \`--${name}\` can be`,
      near === undefined ? `it is one of ${flag.choices.join(", ")}` : `did you mean \`${near}\`?`,
    );
  }
}

/** Of a flag given twice the last would win without a word. */
function checkRepeated(given: readonly Given[]): void {
  const once = Object.entries(FLAGS).filter(([, flag]) => flag.type === "string" && !("multiple" in flag));
  for (const [name] of once) {
    if (given.filter((token) => token.name === name).length > 1) throw usage(`\`--${name}\` is given twice`);
  }
}

function unknownFlag(command: Command, { name, rawName }: Given): PackwrightError {
  const near = nearest(name, command.flags);
  const suggestion = near === undefined ? `\`packwright ${command.name} --help\` lists its flags` : `did you mean \`--${near}\`?`;
  return usage(`\`packwright ${command.name}\` has no flag \`${rawName}\``, suggestion);
}

// What begins with a dash is more likely the next flag than a value, unless it was attached with `=`.
function missing({ value, inlineValue }: Given): boolean {
  return value === undefined || (inlineValue !== true && value.length > 1 && value.startsWith("-"));
}

function checkOperands(command: Command, operands: readonly string[]): void {
  if (command.operands.some((operand) => operand.takes === "many")) return;
  const form = `the form is \`${synopsis(command)}\``;
  const lacking = command.operands[operands.length];
  if (lacking?.takes === "one") throw usage(`${lacking.name} is missing: ${lacking.about}`, form);
  const excess = operands[command.operands.length];
  if (excess !== undefined) throw usage(`\`${excess}\` is one argument too many`, form);
}

function synopsis(command: Command): string {
  const forms = { one: (name: string) => name, many: (name: string) => `[${name}…]`, "at most one": (name: string) => `[${name}]` };
  const operands = command.operands.map(({ name, takes }) => forms[takes](name));
  return ["packwright", command.name, ...operands].join(" ");
}

/** The help of one command, or of all. */
export function help(command: Command | undefined): string {
  return command === undefined ? overview() : details(command);
}

function overview(): string {
  return [
    "Make projects from versioned packs.",
    "",
    "Usage: packwright COMMAND [flags]",
    "",
    "Commands:",
    ...columns(COMMANDS.map((command) => [command.name, command.about])),
    "",
    "Flags:",
    ...columns((["json", "help", "version"] as const).map((name) => flagRow(name))),
    "",
    "packwright COMMAND --help explains a command.",
  ].join("\n");
}

function details(command: Command): string {
  const operands = columns(command.operands.map(({ name, about }) => [name, about]));
  return [
    `${command.about}.`,
    "",
    `Usage: ${synopsis(command)} [flags]`,
    ...(operands.length === 0 ? [] : ["", "Arguments:", ...operands]),
    "",
    "Flags:",
    ...columns(command.flags.map((name) => flagRow(name, command.here?.[name]))),
    "",
    "Examples:",
    ...command.examples.map((example) => `  ${example}`),
    ...(command.flags.includes("registry") ? ["", ...REGISTRIES] : []),
  ].join("\n");
}

const REGISTRIES = [
  "--registry is LOCATION, ID=LOCATION, or @SCOPE=LOCATION for the packs of one scope. It stands above PACKWRIGHT_REGISTRY in the",
  "environment, and that above packwright.toml and .npmrc; `packwright config` shows what counts.",
];

function flagRow(name: FlagName, here?: string): [string, string] {
  const { short, value, about }: Flag = FLAGS[name];
  return [`${short === undefined ? "    " : `-${short}, `}--${name}${value === undefined ? "" : ` ${value}`}`, here ?? about];
}

function columns(rows: readonly (readonly [string, string])[]): string[] {
  const width = Math.max(0, ...rows.map(([left]) => left.length));
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`);
}

/** The candidate most like `word`, if one is near enough to be a slip: at most one edit in three letters, as the core judges it. */
function nearest<T extends string>(word: string, candidates: readonly T[]): T | undefined {
  const most = Math.max(1, Math.floor(word.length / 3));
  const [best] = candidates
    .map((candidate) => ({ candidate, edits: distance(word, candidate) }))
    .filter(({ edits }) => edits <= most)
    .sort((one, other) => one.edits - other.edits);
  return best?.candidate;
}

// Levenshtein's, one row at a time.
function distance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (const [index, letter] of [...from].entries()) {
    const next = [index + 1];
    for (let column = 1; column <= to.length; column += 1) {
      const replaced = at(row, column - 1) + (letter === to[column - 1] ? 0 : 1);
      next.push(Math.min(replaced, at(row, column) + 1, at(next, column - 1) + 1));
    }
    row = next;
  }
  return at(row, to.length);
}

function at(row: readonly number[], column: number): number {
  return row[column] ?? Number.POSITIVE_INFINITY;
}
