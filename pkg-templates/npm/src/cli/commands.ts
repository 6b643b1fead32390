/**
 * What the command line accepts: every command and flag, in one table that parsing, help and suggestions all read.
 */
import type { parseArgs } from "node:util";
import type { PublishOptions } from "../open.js";
import type { CompositionStrategy, GraphFormat, IfThere, Strategy } from "../protocol.js";

/** A flag as the table has it. */
export interface Flag {
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
const JOINING = ["merge", "layer", "rules"] as const satisfies readonly CompositionStrategy[];
const ACCESS = ["public", "restricted"] as const satisfies readonly PublishOptions["access"][];
const FORMATS = ["tree", "mermaid", "dot"] as const satisfies readonly GraphFormat[];

/** What `--existing` says becomes of files that stand there with other content. */
export type Existing = "ask" | "abort" | Exclude<IfThere, "refuse">;

const EXISTING = ["ask", "skip", "overwrite", "merge", "abort"] as const satisfies readonly Existing[];

/** Every flag by its name. */
export const FLAGS = {
  name: { type: "string", value: "NAME", about: "name of the project; the answer to project_name" },
  var: { type: "string", multiple: true, value: "NAME=VALUE", about: "answer a variable; repeatable" },
  answers: { type: "string", value: "FILE", about: "read answers from a .toml, .json or .yaml file" },
  strategy: { type: "string", value: "HOW", choices: JOINING, about: "join what several packs write: merge (the default), layer (the later one in install order wins) or rules (only by rules)" },
  rules: { type: "string", value: "FILE", about: "read how files join from a .toml, .json or .yaml file" },
  template: { type: "string", value: "NAME", about: "render only the template of this name, without packwright.lock" },
  "keep-going": { type: "boolean", about: "leave out files that fail or that packs disagree about, write the others; files that stand there are --existing's business" },
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
  "pack-version": { type: "string", value: "VERSION", about: "version of the pack (default: 0.1.0)" },
  "dry-run": { type: "boolean", about: "show the plan and how files would change, write nothing" },
  diff: { type: "boolean", about: "show the difference for every file, new ones included, also when it is written" },
  origin: { type: "string", value: "FILE", about: "show where each line of this file of the project comes from, write nothing" },
  existing: { type: "string", value: "WAY", choices: EXISTING, about: "files that stand there with other content: ask (the default on a terminal), skip, overwrite, merge or abort" },
  check: { type: "boolean", about: "fail with the differences unless DIR is exactly what the packs give" },
  yes: { type: "boolean", short: "y", about: "ask nothing: take the defaults and write" },
  force: { type: "boolean", about: "overwrite files that have other content" },
  trust: { type: "boolean", about: "consent to files that run by themselves when the folder is opened" },
  timestamp: { type: "string", value: "TIME", about: "the time to record, as 2026-11-22T14:51:00Z (default: the lockfile's, else now)" },
  deep: { type: "boolean", about: "also make what the [[tests]] of the pack say, and compare it with what they expect" },
  bless: { type: "boolean", about: "the same, but what comes out is written to where it is expected" },
  tag: { type: "string", value: "TAG", about: "dist-tag that then names this version, on an npm registry (default: latest)" },
  access: { type: "string", value: "WHO", choices: ACCESS, about: "who may read a scoped pack on an npm registry: public or restricted" },
  undo: { type: "boolean", about: "take it back" },
  reason: { type: "string", value: "TEXT", about: "what to tell those who have this version" },
  target: { type: "string", value: "DIR", about: "where packs go (default: where they are, else .packwright/packages); outside of the project it keeps a packwright.lock of its own" },
  "no-dependencies": { type: "boolean", about: "install the packs that are named and nothing that they depend on" },
  "skip-hooks": { type: "boolean", about: "leave out the commands that packs want to have run, and do not ask" },
  "no-wait": { type: "boolean", about: "fail while another process writes there, in place of waiting" },
  resume: { type: "boolean", about: "finish a write that was interrupted" },
  rollback: { type: "boolean", about: "take a write back that was interrupted" },
  metrics: { type: "string", value: "FILE", about: "write what was counted to a file: .json as JSON, others as OpenMetrics text" },
  installed: { type: "boolean", about: "list what is installed in DIR" },
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

/** The name of a flag. */
export type FlagName = keyof typeof FLAGS;

type Values = ReturnType<typeof parseArgs<{ options: typeof FLAGS }>>["values"];

/** The values of all flags that were given. */
export type Flags = Omit<Values, "resolution" | "strategy" | "existing" | "format" | "access"> & {
  resolution?: Strategy;
  strategy?: CompositionStrategy;
  existing?: Existing;
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

/** What a command takes besides flags. */
export interface Operand {
  name: string;
  about: string;
  /** `many` means any number, none included. An operand that may be left out is the last. */
  takes: "one" | "many" | "at most one";
}

/** For every command that writes into a project: what ends a write that was interrupted, and what becomes of another that goes on. */
const WRITING = ["no-wait", "resume", "rollback"] as const;

const EVERYWHERE = ["json", "help"] as const;

/** For every command that reads registries. */
const READING = ["registry", "offline", "refresh", ...EVERYWHERE] as const;

/** What decides the versions, for every command that resolves. */
const CHOICE = ["with", "prerelease", "override", "resolution"] as const;

/** The same where there may be a lockfile. */
const SELECTION = [...CHOICE, "update", "locked"] as const;

/** How files of several packs join. */
const COMPOSITION = ["strategy", "rules"] as const;

export type CommandName =
  | "list"
  | "show"
  | "dependencies"
  | "install"
  | "uninstall"
  | "outdated"
  | "generate"
  | "compose"
  | "undo"
  | "validate"
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

/** Every command. */
export const COMMANDS: readonly Command[] = [
  {
    name: "list",
    about: "List the packs of the registries, or what is installed",
    operands: [],
    flags: ["installed", "target", "output", ...READING],
    here: { output: "directory of the project, with --installed (default: .)", target: "where packs are, with --installed, if that is outside of the project" },
    examples: ["packwright list", "packwright list --registry https://packs.example.com/", "packwright list --installed"],
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
    name: "install",
    about: "Install packs and the packages they want",
    operands: [{ name: "PACK", about: "NAME or NAME@CONSTRAINT; none: what packwright.lock in DIR says", takes: "many" }],
    flags: [
      ...(["target", "output", "no-dependencies", ...SELECTION, "dry-run", "yes", "force", "trust", "skip-hooks"] as const),
      ...[...WRITING, "metrics" as const],
      ...READING,
    ],
    here: {
      output: "directory of the project (default: .)",
      "dry-run": "show what would be installed, write nothing",
      yes: "ask nothing",
      force: "unpack everything anew, and replace files that stand in the way or were edited",
      trust: "run the commands that packs want to have run, consent to files that run when the folder is opened",
      "skip-hooks": "leave out the commands that packs want to have run; a later --trust runs them",
      resume: "finish a write that was interrupted, then install what is named",
    },
    examples: [
      "packwright install rust-cli github-ci@^1",
      "packwright install",
      "packwright install rust-cli --target vendor --dry-run",
      "packwright install --rollback",
    ],
  },
  {
    name: "uninstall",
    about: "Take packs out again, with what nothing else needs",
    operands: [{ name: "PACK", about: "the name of a pack that is installed", takes: "many" }],
    flags: ["target", "output", "dry-run", "force", ...WRITING, ...EVERYWHERE],
    here: {
      force: "take out packs that files were generated from, too; the files stay",
      target: "where packs are, if that is outside of the project",
      output: "directory of the project (default: .)",
      "dry-run": "show what would be removed, remove nothing",
    },
    examples: ["packwright uninstall rust-cli", "packwright uninstall rust-cli --dry-run"],
  },
  {
    name: "outdated",
    about: "Show which locked packs and packages have newer versions",
    operands: [],
    flags: ["target", "output", ...READING],
    here: { output: "directory of the project (default: .)", target: "where packs are, if that is outside of the project" },
    examples: ["packwright outdated"],
  },
  {
    name: "generate",
    about: "Make a project from packs",
    operands: [{ name: "PACK", about: "NAME or NAME@CONSTRAINT; none: what packwright.lock in DIR says", takes: "many" }],
    flags: [
      ...(["name", "var", "answers", ...SELECTION, ...COMPOSITION, "template", "output"] as const),
      ...(["dry-run", "diff", "origin", "check", "yes", "existing", "force", "keep-going", "trust", "skip-hooks", "timestamp"] as const),
      ...[...WRITING, "metrics" as const],
      ...READING,
    ],
    here: {
      output: "directory of the project (default: ./NAME; without packs ., if there is a packwright.lock)",
      trust: "run the commands that packs suggest, consent to files that run when the folder is opened",
    },
    examples: [
      "packwright generate rust-cli --name demo",
      "packwright generate rust-cli@^1 github-ci --name demo --var license=MIT --yes",
      "packwright generate rust-cli --name demo --dry-run --diff",
      "packwright generate rust-cli github-ci --name demo --origin .github/workflows/ci.yml",
    ],
  },
  {
    name: "compose",
    about: "Make one pack of several, with rules for how their files join",
    operands: [{ name: "PACK", about: "NAME or NAME@CONSTRAINT", takes: "many" }],
    flags: [
      ...(["output", "name", "pack-version", ...COMPOSITION, "var", ...CHOICE, "dry-run", "yes", "force", "keep-going", "no-wait"] as const),
      ...READING,
    ],
    here: {
      output: "directory of the new pack",
      name: "name of the new pack (default: that of its directory)",
      var: "answer a variable, to try the packs together; repeatable",
      "dry-run": "show the pack, write nothing",
      yes: "ask nothing",
      force: "replace a pack.toml that stands there",
      "keep-going": "write the pack also if no project can be made from it with its defaults",
    },
    examples: [
      "packwright compose node-library github-ci --output packs/@acme/service --name @acme/service",
      "packwright compose rust-cli@^1 github-ci --output packs/service --registry packs --rules rules.toml",
    ],
  },
  {
    name: "undo",
    about: "Take the last write into a directory back, whatever wrote; once more brings it again",
    operands: [],
    flags: ["output", "force", "trust", "dry-run", "no-wait", ...EVERYWHERE],
    here: {
      output: "the directory that was written (default: .)",
      trust: "bring back files that run by themselves when the folder is opened, too",
      force: "take back what was changed since, too; once more brings it again",
      "dry-run": "show what would be taken back, write nothing",
    },
    examples: ["packwright undo", "packwright undo --output demo --dry-run"],
  },
  {
    name: "validate",
    about: "Check packs: manifest, sources and templates; with --deep what they give",
    operands: [{ name: "DIR", about: "a pack; none: the current directory", takes: "many" }],
    flags: ["deep", "bless", "no-wait", ...READING],
    examples: [
      "packwright validate",
      "packwright validate packs/rust-cli packs/github-ci --deep --registry packs",
      "packwright validate packs/rust-cli --deep --bless",
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
      "packwright publish packs/rust-cli --registry npm+https://npm.example.com/",
      "packwright publish packs/rust-cli --registry public/registry",
    ],
  },
  {
    name: "yank",
    about: "Withdraw a version: others are taken, if they will do; on npm registries it is deprecated",
    operands: [{ name: "PACK", about: "NAME@VERSION", takes: "one" }],
    flags: ["undo", "reason", "registry", ...EVERYWHERE],
    examples: ['packwright yank rust-cli@1.0.0 --reason "loses data"', "packwright yank rust-cli@1.0.0 --undo"],
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
