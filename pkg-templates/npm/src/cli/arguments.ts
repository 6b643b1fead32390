/**
 * What the command line accepts: every command and flag, in one table that parsing, help and suggestions all read. It judges spelling
 * and shape only; what a value means is the core's business.
 */
import { parseArgs } from "node:util";
import { type PackwrightError, usage } from "../error.js";
import type { PublishOptions } from "../open.js";
import type { GraphFormat, Strategy } from "../protocol.js";

interface Flag {
  type: "string" | "boolean";
  multiple?: true;
  short?: string;
  /** The placeholder of its value in help. */
  value?: string;
  /** The only values it may have. */
  choices?: readonly string[];
  about: string;
}

const STRATEGIES = ["highest", "lowest", "lowest-direct"] as const satisfies readonly Strategy[];
const ACCESS = ["public", "restricted"] as const satisfies readonly PublishOptions["access"][];
const FORMATS = ["tree", "mermaid", "dot"] as const satisfies readonly GraphFormat[];

const FLAGS = {
  name: { type: "string", value: "NAME", about: "name of the project; the answer to project_name" },
  var: { type: "string", multiple: true, value: "NAME=VALUE", about: "answer a variable; repeatable" },
  answers: { type: "string", value: "FILE", about: "read answers from a .toml or .json file" },
  with: { type: "string", multiple: true, value: "NAME", about: "join an optional dependency or package; repeatable" },
  prerelease: { type: "string", multiple: true, value: "NAME", about: "let this pack be a pre-release; repeatable" },
  override: { type: "string", multiple: true, value: "NAME@CONSTRAINT", about: "replace every constraint on NAME; repeatable" },
  resolution: { type: "string", value: "WHICH", choices: STRATEGIES, about: "prefer versions: highest (the default), lowest or lowest-direct" },
  update: { type: "string", multiple: true, value: "NAME", about: "let this leave its locked version; repeatable" },
  locked: { type: "boolean", about: "fail unless packwright.lock has exactly what is needed" },
  why: { type: "string", value: "NAME", about: "say why NAME is there, in this version" },
  invert: { type: "string", value: "NAME", about: "show what depends on NAME" },
  depth: { type: "string", value: "N", about: "show so many levels below the first" },
  format: { type: "string", value: "FORMAT", choices: FORMATS, about: "show the graph as tree (the default), mermaid or dot" },
  output: { type: "string", short: "o", value: "DIR", about: "directory of the project (default: ./NAME, without packs .)" },
  "dry-run": { type: "boolean", about: "show the plan with its differences, write nothing" },
  check: { type: "boolean", about: "fail with the differences unless DIR is exactly what the packs give" },
  yes: { type: "boolean", short: "y", about: "ask nothing: take the defaults and write" },
  force: { type: "boolean", about: "overwrite files that have other content" },
  trust: { type: "boolean", about: "consent to files that run by themselves when the folder is opened" },
  timestamp: { type: "string", value: "TIME", about: "the time to record, as 2026-11-22T14:51:00Z (default: the lockfile's, else now)" },
  tag: { type: "string", value: "TAG", about: "dist-tag that then names this version, on an npm registry (default: latest)" },
  access: { type: "string", value: "WHO", choices: ACCESS, about: "who may read a scoped pack on an npm registry: public or restricted" },
  undo: { type: "boolean", about: "take it back" },
  reason: { type: "string", value: "TEXT", about: "what to tell those who have this version" },
  port: { type: "string", value: "N", about: "port to listen on (default: any that is free)" },
  "older-than": { type: "string", value: "DAYS", about: "remove what was not used for so many days (default: 30)" },
  registry: {
    type: "string",
    multiple: true,
    value: "[ID=]LOCATION",
    about: "where packs come from: a URL, npm+URL or a directory; repeatable",
  },
  offline: { type: "boolean", about: "fetch nothing: use what is cached" },
  refresh: { type: "boolean", about: "ask servers again, however fresh the cache is" },
  json: { type: "boolean", about: "print one JSON document" },
  help: { type: "boolean", short: "h", about: "explain the command" },
  version: { type: "boolean", short: "V", about: "print the version" },
} as const satisfies Record<string, Flag>;

type FlagName = keyof typeof FLAGS;

type Values = ReturnType<typeof parseArgs<{ options: typeof FLAGS }>>["values"];

/** The values of all flags that were given. */
export type Flags = Omit<Values, "resolution" | "format" | "access"> & {
  resolution?: Strategy;
  format?: GraphFormat;
  access?: NonNullable<PublishOptions["access"]>;
};

/** A command as the table has it. */
export interface Command {
  /** What its user types, such as `registry build`. */
  name: CommandName;
  about: string;
  operands: readonly Operand[];
  flags: readonly FlagName[];
  /** What a flag does here, where that is not what it does elsewhere. */
  here?: Partial<Record<FlagName, string>>;
  examples: readonly string[];
}

interface Operand {
  name: string;
  about: string;
  /** `many` means any number, none included. An operand that may be left out is the last. */
  takes: "one" | "many" | "at most one";
}

const EVERYWHERE = ["json", "help"] as const;

/** For every command that reads registries. */
const READING = ["registry", "offline", "refresh", ...EVERYWHERE] as const;

/** What decides the versions, for every command that resolves. */
const SELECTION = ["with", "prerelease", "override", "resolution", "update", "locked"] as const;

export type CommandName =
  | "list"
  | "show"
  | "dependencies"
  | "generate"
  | "publish"
  | "yank"
  | "registry build"
  | "registry serve"
  | "registry check"
  | "cache list"
  | "cache verify"
  | "cache prune"
  | "cache clear"
  | "config";

const COMMANDS: readonly Command[] = [
  {
    name: "list",
    about: "List the packs of the registries",
    operands: [],
    flags: READING,
    examples: ["packwright list", "packwright list --registry https://packs.example.com/"],
  },
  {
    name: "show",
    about: "Show one pack: versions, variables, templates, dependencies",
    operands: [{ name: "PACK", about: "NAME or NAME@CONSTRAINT", takes: "one" }],
    flags: READING,
    examples: ["packwright show rust-cli", "packwright show rust-cli@^1"],
  },
  {
    name: "dependencies",
    about: "Show what packs depend on, in which versions, and why",
    operands: [{ name: "PACK", about: "NAME or NAME@CONSTRAINT; none: what packwright.lock in DIR says", takes: "many" }],
    flags: ["why", "invert", "depth", "format", ...SELECTION, "output", ...READING],
    examples: [
      "packwright dependencies rust-cli github-ci",
      "packwright dependencies --why base-project",
      "packwright dependencies --format dot | dot -Tsvg > packs.svg",
    ],
  },
  {
    name: "generate",
    about: "Make a project from packs",
    operands: [{ name: "PACK", about: "NAME or NAME@CONSTRAINT; none: what packwright.lock in DIR says", takes: "many" }],
    flags: [
      ...(["name", "var", "answers", ...SELECTION, "output", "dry-run", "check", "yes", "force", "trust", "timestamp"] as const),
      ...READING,
    ],
    examples: [
      "packwright generate rust-cli --name demo",
      "packwright generate rust-cli@^1 github-ci --name demo --var license=MIT --yes",
      "packwright generate rust-cli --name demo --dry-run",
    ],
  },
  {
    name: "publish",
    about: "Publish a pack to the registry its name belongs to",
    operands: [{ name: "DIR", about: "the pack (default: .)", takes: "at most one" }],
    flags: ["tag", "access", "dry-run", "yes", "registry", ...EVERYWHERE],
    here: { "dry-run": "show what would be published, publish nothing", yes: "ask nothing" },
    examples: [
      "packwright publish --dry-run",
      "packwright publish packs/web-api --registry npm+https://npm.example.com/",
      "packwright publish packs/web-api --registry public/registry",
    ],
  },
  {
    name: "yank",
    about: "Withdraw a version: others are taken, if they will do; on npm registries it is deprecated",
    operands: [{ name: "PACK", about: "NAME@VERSION", takes: "one" }],
    flags: ["undo", "reason", "registry", ...EVERYWHERE],
    examples: ['packwright yank web-api@1.2.0 --reason "loses data"', "packwright yank web-api@1.2.0 --undo"],
  },
  {
    name: "registry build",
    about: "Make a static index, for any file host, from a directory of pack sources",
    operands: [
      { name: "DIR", about: "the pack sources", takes: "one" },
      { name: "OUT", about: "where to write the index; must not exist or be empty", takes: "one" },
    ],
    flags: EVERYWHERE,
    examples: ["packwright registry build packs public/registry"],
  },
  {
    name: "registry serve",
    about: "Serve a registry on this machine alone, for trying out",
    operands: [{ name: "DIR", about: "a static index, or pack sources, of which one is made in memory", takes: "one" }],
    flags: ["port", ...EVERYWHERE],
    examples: ["packwright registry serve packs", "packwright registry serve public/registry --port 4873"],
  },
  {
    name: "registry check",
    about: "Check a static index: its files, its entries and the digest of every archive",
    operands: [{ name: "LOCATION", about: "a URL or a directory", takes: "one" }],
    flags: EVERYWHERE,
    examples: ["packwright registry check public/registry", "packwright registry check https://packs.example.com/"],
  },
  {
    name: "cache list",
    about: "List what is kept of what servers sent",
    operands: [],
    flags: EVERYWHERE,
    examples: ["packwright cache list"],
  },
  {
    name: "cache verify",
    about: "Read the whole cache and remove what is damaged",
    operands: [],
    flags: EVERYWHERE,
    examples: ["packwright cache verify"],
  },
  {
    name: "cache prune",
    about: "Remove from the cache what was not used for a month",
    operands: [],
    flags: ["older-than", ...EVERYWHERE],
    examples: ["packwright cache prune", "packwright cache prune --older-than 7"],
  },
  {
    name: "cache clear",
    about: "Remove everything from the cache",
    operands: [],
    flags: EVERYWHERE,
    examples: ["packwright cache clear"],
  },
  {
    name: "config",
    about: "Show every registry and setting, and where it was configured",
    operands: [],
    flags: ["registry", ...EVERYWHERE],
    examples: ["packwright config", "packwright config --registry @acme=https://packs.example.com/"],
  },
];

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
