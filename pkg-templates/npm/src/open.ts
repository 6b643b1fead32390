/**
 * The programming interface: `Packwright` asks the core, `Project` is what it made. This module turns calls into commands for the core
 * and outcomes into values; it does no IO of its own and decides nothing about packs.
 */
import { load, type WasmSource } from "./core.js";
import type { Credential } from "./credential.js";
import { Desk, rfc3339, type Surroundings, type Watchers } from "./desk.js";
import { usage } from "./error.js";
import type { Host } from "./host.js";
import { remembering } from "./memo.js";
import type { Metrics } from "./metrics.js";
import type { ProgressEvent, Subscriber } from "./progress.js";
import type {
  Change,
  Command,
  Composing,
  Composite as Composed,
  Composition,
  Dependencies,
  Diagnostic,
  Generation,
  Golden,
  GraphFormat,
  Hook,
  HookPolicy,
  Answer,
  IfThere,
  Installation,
  InstalledItem,
  Network,
  Outcome,
  OutdatedItem,
  PackDetails,
  Summary,
  Plan,
  Project as Generated,
  Publication,
  Question,
  Recovered,
  Recovery,
  Resolved,
  Strategy,
  TextFile,
  Validation,
} from "./protocol.js";

/** A place that packs come from. */
export type Registry = {
  /** The name lockfiles remember it by, such as `acme`: lower-case letters, digits and hyphens. */
  id: string;
  /**
   * Scopes whose packs belong to it, such as `@acme`. Absent: packs without a scope, and those of scopes that no other registry has; at
   * most one registry is that. Empty: no packs, only the packages that packs name from it.
   */
  scopes?: readonly string[] | undefined;
} & (
  | {
      /**
       * Base address of a static index, or behind `npm+` that of an npm registry: `npm+https://npm.example.com/`. In a browser the address
       * of an index may be relative to the page's, in a worker to the script's.
       */
      url: string | URL;
      /** What its user signs in with. It is sent to the registry's own origin and nowhere else, and never shown. */
      token?: string | Credential | undefined;
      /** Further origins that its archives may come from, such as `https://cdn.example.com`. */
      archives?: readonly string[] | undefined;
    }
  | {
      /** Directory of a static index or of pack sources. */
      directory: string;
    }
);

/** What `open` takes. */
export interface OpenOptions {
  /**
   * Where packs come from. A string or URL is the address of a static index, or in Node a directory; it gets the id `default`.
   * Absent, in Node: the starter packs that ship in this package, with the id `starter`.
   *
   * What was read of a directory is remembered for as long as what `open` gave is in use, so that all its calls see the same packs and
   * asking again costs nothing. To see what has changed since, open again: the core is loaded only once.
   */
  registry?: string | URL | Registry | readonly Registry[] | undefined;
  /** Fetch nothing: answer from what is cached, or fail with code `not-cached`. */
  offline?: boolean | undefined;
  /** Ask servers again about everything that was cached before this call, however fresh it is. */
  refresh?: boolean | undefined;
  /** For how many seconds what a server said about its packs is good without asking again. Absent: 300. */
  freshSeconds?: number | undefined;
  /** After how many seconds in which nothing arrives a transfer has failed. Absent: 30. */
  idleSeconds?: number | undefined;
  /**
   * Where to keep what servers sent, or `false` for nowhere: in Node a directory, elsewhere a name in the Cache API. Absent: in Node what
   * `PACKWRIGHT_CACHE` names or else a directory of the user, elsewhere `packwright`. A cache that cannot be used is no error.
   */
  cache?: string | false | undefined;
  /** Carries out what the core asks for; `cache` is then its own affair. Absent: one for Node, elsewhere one without files. */
  host?: Host | undefined;
}

/** What every call takes. */
export interface CallOptions {
  /** Ends the work early, undoing what was begun; the call then rejects with code `cancelled`. */
  signal?: AbortSignal | undefined;
  /**
   * Is told how the work goes on: transfers, waits, and what is installed. What it throws is ignored. Part of an event may be texts of
   * strangers, with control characters.
   */
  onProgress?: Subscriber<ProgressEvent> | undefined;
}

/** What every call takes that writes into a directory. */
export interface WritingOptions extends CallOptions {
  /** Wait while another process writes there. Absent: yes; otherwise the call rejects with code `locked`. */
  wait?: boolean | undefined;
}

/** What decides which packs and packages there are, and in which versions. */
export interface SelectionOptions extends CallOptions {
  /** The packs, each `NAME` or `NAME@CONSTRAINT`. Empty: those in the lockfile of `directory`. */
  packs?: readonly string[];
  /** Optional dependencies and packages to join, by name. */
  with?: readonly string[] | undefined;
  /** Which of `packs`, by name, may be pre-releases although their constraint names none. */
  prereleases?: readonly string[] | undefined;
  /** `NAME@CONSTRAINT` each, for a package `REGISTRY:NAME@CONSTRAINT`: stands in for every other constraint on that name. */
  overrides?: readonly string[] | undefined;
  /** Which of several versions is best: the highest, the lowest, or the lowest of `packs` alone. Absent: `highest`. */
  strategy?: Strategy | undefined;
  /** What the lockfile of `directory` has and may move all the same: names, for a package `REGISTRY:NAME`. */
  update?: readonly string[] | undefined;
  /** Fail with code `out-of-date` unless what the lockfile of `directory` has is exactly what is needed. */
  locked?: boolean | undefined;
  /** The directory the project is meant for; its lockfile is gone by. */
  directory?: string | undefined;
}

/** How the files of several packs join, before what the packs themselves say about it. */
export interface CompositionOptions {
  /**
   * What happens to a path that several packs write, and how: files are joined by their type, later packs win, or only what a rule is about
   * is joined. Absent: what the lockfile or the packs say, else that files are joined.
   */
  composition?: Composition | undefined;
  /** The same as the text of a TOML, JSON or YAML file, which is which by its name. `composition` wins over it. */
  rulesFile?: TextFile | undefined;
}

/** What decides the content of a project. With a `directory` its files are compared, and its name is the default for `project_name`. */
export interface GenerationOptions extends SelectionOptions, CompositionOptions {
  /** Values for variables by name. Strings are read by the variable's type, so `"8080"` answers an integer. */
  answers?: Readonly<Record<string, Answer>> | undefined;
  /** The text of a TOML, JSON or YAML file with answers, which is which by its name. `answers` win over it. */
  answersFile?: TextFile | undefined;
  /** Answers by name in any case, weaker than those of `answersFile`, such as an environment has. What no pack asks is ignored. */
  environment?: Readonly<Record<string, string>> | undefined;
  /**
   * The moment templates see and the lockfile records, to the second. A string is RFC 3339 in UTC, such as `2026-11-22T14:51:00Z`.
   * Absent: what the lockfile of `directory` says, else now.
   */
  timestamp?: Date | string | undefined;
}

/** What `generate` takes. */
export interface GenerateOptions extends GenerationOptions {
  /** Fail with code `out-of-date` unless `directory` is exactly what the packs give. */
  check?: boolean | undefined;
  /** Render only the templates of this name. The project then has their files, and no lockfile. */
  template?: string | undefined;
  /** Leave out files that fail, or that packs disagree about, in place of failing; `Project.problems` has what was wrong with them. */
  keepGoing?: boolean | undefined;
  /** Say in `Operation.lines` where each line comes from. */
  lines?: boolean | undefined;
  /**
   * What becomes of a file that stands in `directory`, differs and may be somebody's work: it is a conflict, it stays, it is replaced, or
   * what is new comes into it and nothing of it goes; where that cannot be it is a conflict. Absent: `refuse`. A file that was generated
   * there and edited since stays, except with `overwrite`, as long as the packs give what they gave before.
   */
  ifThere?: IfThere | undefined;
  /** The same for single files, by their paths in the project. */
  ifThereAt?: Readonly<Record<string, IfThere>> | undefined;
}

/** What `compose` takes. */
export interface ComposeOptions extends Omit<SelectionOptions, "update" | "locked">, CompositionOptions {
  /** The packs that are to be one, each `NAME` or `NAME@CONSTRAINT`. */
  packs: readonly string[];
  /** The name of the new pack. Absent: that of `directory`. */
  name?: string | undefined;
  /** Its version. Absent: `0.1.0`. */
  version?: string | undefined;
  /** What it gives, one line. Absent: its packs. */
  description?: string | undefined;
  /** Answers to try the packs together with. Without those that are required they are not tried. */
  answers?: Readonly<Record<string, Answer>> | undefined;
  /** The directory the new pack is meant for; what stands there is compared. No lockfile counts. */
  directory?: string | undefined;
}

/** What `dependencies` takes. */
export interface DependenciesOptions extends SelectionOptions {
  /** What `text` shows the graph as: lines that branch, a Mermaid flowchart, or Graphviz. Absent: `tree`. */
  format?: GraphFormat | undefined;
  /** A name that `reason` and `text` explain, in place of showing the graph; for a package `REGISTRY:NAME`. */
  why?: string | undefined;
  /** How many levels a tree shows below its first. Absent: all. */
  depth?: number | undefined;
  /** A name whose dependents a tree shows, in place of dependencies. */
  invert?: string | undefined;
}

/** What `questions` gives. */
export interface Questions {
  /** The packs that would take part, in the order they apply. */
  packs: Resolved[];
  /** Every variable of these packs, `project_name` first, with what stands as its answer now. */
  questions: Question[];
}

/** How `Project.write` and `Composite.write` treat what they find. */
export interface WriteOptions extends WritingOptions {
  /** Overwrite files that have other content. */
  force?: boolean | undefined;
  /** Consent to files that run by themselves when the folder is opened. */
  trust?: boolean | undefined;
}

/** What `Project.write` and `Composite.write` did. */
export interface Written {
  /** The files written, as paths relative to the directory. */
  written: string[];
  /** How many files were already as they should be. */
  unchanged: number;
  /** What the host could not do for the safety of the files. */
  warnings: Diagnostic[];
}

/** What `install` takes. */
export interface InstallOptions extends SelectionOptions, WritingOptions {
  /** The project. Its lockfile is gone by, and written. It is made if it is not there. */
  directory: string;
  /**
   * The packs to install besides those that the lockfile asks for, each `NAME` or `NAME@CONSTRAINT`. Absent or empty: what the lockfile
   * has.
   */
  packs?: readonly string[];
  /**
   * Where in the project they go, as a relative path with `/`; the empty text is the project itself. Packs go into `NAME/` there, packages
   * into `REGISTRY/NAME/` or where a pack says. Absent: `.packwright/packages`.
   */
  into?: string | undefined;
  /** Leave out what `packs` depend on. */
  alone?: boolean | undefined;
  /** Unpack everything anew, and replace files that stand in the way or were edited. Otherwise edited files stay, with a warning. */
  force?: boolean | undefined;
  /**
   * What becomes of commands that packs want to have run after they are installed: they are run, they are left out, or the call rejects
   * with code `needs-consent`, which lists them, before anything is written. Absent: `refuse`. With `run`, files may also be installed that
   * run by themselves when somebody opens the folder.
   */
  hooks?: HookPolicy | undefined;
  /** Only say what would be done. */
  dryRun?: boolean | undefined;
}

/** What `uninstall` takes. */
export interface UninstallOptions extends WritingOptions {
  /** The project. */
  directory: string;
  /** Take out packs that files were generated from, too. The files stay, and are the user's own from then on. */
  force?: boolean | undefined;
  /** Only say what would be done. */
  dryRun?: boolean | undefined;
}

/** What `installed` and `outdated` take. */
export interface DirectoryOptions extends CallOptions {
  /** The project. */
  directory: string;
}

/** How `undo` goes about it. */
export interface UndoOptions extends WritingOptions {
  /** Take back what was changed since, too. The next `undo` brings it again. */
  force?: boolean | undefined;
  /** Bring back files that run by themselves when the directory is opened, too. */
  trust?: boolean | undefined;
  /** Only say what would be done. */
  dryRun?: boolean | undefined;
}

/** What `undo` did, path by path. */
export type TakenBack = Omit<Extract<Outcome, { type: "undo" }>, "type">;

/** How `validate` goes about it. */
export interface ValidateOptions extends WritingOptions {
  /**
   * What to do about the golden generations of the pack: leave them alone, so that nothing but the pack is read; make them and compare with
   * what is expected; or make them and write what comes out where it is expected. Absent: `ignore`.
   */
  golden?: Golden | undefined;
}

/** How `publish` goes about it. */
export interface PublishOptions extends CallOptions {
  /** The dist-tag of an npm registry that names this version from now on. Absent: `latest`. */
  tag?: string | undefined;
  /** Who may read a scoped pack of an npm registry. Absent: what the registry takes for right. */
  access?: "public" | "restricted" | undefined;
  /** Only say what would be published. */
  dryRun?: boolean | undefined;
}

/** How `yank` goes about it. */
export interface YankOptions extends CallOptions {
  /** Take the withdrawal back. */
  undo?: boolean | undefined;
  /** What to tell those who have this version. */
  reason?: string | undefined;
}

/** What `yank` did. */
export type Yanked = Omit<Extract<Outcome, { type: "yank" }>, "type">;

/** What `checkRegistry` found. */
export type Checked = Omit<Extract<Outcome, { type: "check-registry" }>, "type">;

/** What differs between the places this package runs in. */
export interface Platform {
  wasm(): WasmSource | Promise<WasmSource>;
  /** The host used when none is given; `cache` as in `OpenOptions`. */
  readonly host: (cache: string | false | undefined) => Host;
  /** The registry used when none is named. */
  registry: Registry | undefined;
  /** Reads what the user gave as a registry's place. */
  locate(place: string | URL): { url: string | URL } | { directory: string };
  /** The full form of an address the user named. */
  address(url: string | URL): string;
  /** The full path of a directory the user named. */
  resolve(directory: string): string;
  /** Those outside the program who are told what is done, if there is a way to. */
  watchers?: Watchers;
}

/** Loads the core and opens registries on a platform. */
export async function openOn(platform: Platform, options: OpenOptions): Promise<Packwright> {
  const registries = registriesOf(platform, options.registry);
  await load(platform.wasm);
  const host = remembering(options.host ?? platform.host(options.cache));
  return new Packwright(new Desk(platform, host, registries, networkOf(options)));
}

/** What is given of the network; what is left out has a default in the core. */
function networkOf({ offline, refresh, freshSeconds, idleSeconds }: OpenOptions): Partial<Network> {
  return {
    ...(offline === undefined ? {} : { offline }),
    ...(refresh ? { refreshBefore: Date.now() } : {}),
    ...(freshSeconds === undefined ? {} : { freshSeconds }),
    ...(idleSeconds === undefined ? {} : { idleMilliseconds: Math.round(idleSeconds * 1000) }),
  };
}

function registriesOf(platform: Platform, given: OpenOptions["registry"]): Registry[] {
  if (given === undefined) {
    if (platform.registry === undefined) throw usage("no registry was given", "pass one: open({ registry: URL })");
    return [platform.registry];
  }
  if (typeof given === "string" || given instanceof URL) return [{ id: "default", ...platform.locate(given) }];
  return "id" in given ? [given] : [...given];
}

/** What every command about a project is told of its packs. */
type Selection = Omit<Extract<Command, { type: "dependencies" }>, "type" | "view">;

/** Opened registries: ask what is in them, and make projects from it. */
export class Packwright {
  readonly #desk: Desk;

  /** Not for callers: use `open`. */
  constructor(desk: Desk) {
    this.#desk = desk;
  }

  /** What was installed and generated, and how much of what that took was cached, since `open`. */
  get metrics(): Metrics {
    return this.#desk.metrics;
  }

  /** Every pack there is, in its newest version, by name. */
  async list(options: CallOptions = {}): Promise<Summary[]> {
    return (await this.#desk.run({ type: "list" }, options)).outcome.packs;
  }

  /**
   * All about one pack.
   *
   * @param pack `NAME` or `NAME@CONSTRAINT`; the newest version that matches is shown.
   * @throws PackwrightError `pack-not-found` when there is no such pack, `conflict` when none of its versions matches.
   */
  async show(pack: string, options: CallOptions = {}): Promise<PackDetails> {
    return (await this.#desk.run({ type: "show", pack }, options)).outcome.pack;
  }

  /**
   * What these packs want to know, and what stands as the answer to each given the answers so far.
   *
   * Nothing is written, and answers that fail a check are reported in the questions, not thrown: call it again with more answers until
   * every question that is asked and required has an answer. That is cheap: nothing is fetched again.
   *
   * @throws PackwrightError `pack-not-found`, `conflict` or `cycle` when the packs do not go together, `network` when a registry is out of reach.
   */
  async questions(options: GenerationOptions): Promise<Questions> {
    const command = { type: "questions" as const, ...this.#generation(options) };
    const { outcome } = await this.#desk.run(command, this.#target(options));
    return { packs: outcome.packs, questions: outcome.questions };
  }

  /**
   * Makes a project in memory. With a `directory`, the plan says what writing it there would change.
   *
   * @throws PackwrightError with every problem found: `missing-variable`, `invalid-answer`, `render-failed`, `path-conflict`, `conflict` and
   * the like.
   */
  async generate(options: GenerateOptions): Promise<Project> {
    const { check = false, template = null, keepGoing = false, lines = false, ifThere = "refuse", ifThereAt = {} } = options;
    const settings = { check, template, keepGoing, lines, ifThere, ifThereAt: { ...ifThereAt } };
    const command = { type: "generate" as const, ...this.#generation(options), ...settings };
    const surroundings = this.#target(options);
    const { outcome, contents } = await this.#desk.run(command, surroundings);
    return new Project(this.#desk, { command, surroundings }, outcome.project, contents);
  }

  /**
   * Makes a pack of packs in memory: one that needs them all and says how their files join. It holds no copies, so it moves on with them.
   * The packs are tried together with the answers; what fails and what they disagree about are its `problems`, with which it can be written
   * all the same, as other answers or rules may do.
   *
   * @throws PackwrightError `pack-not-found`, `conflict` or `cycle` when the packs do not go together, `invalid-name` and `invalid-version`
   * when the new pack cannot be called that.
   */
  async compose(options: ComposeOptions): Promise<Composite> {
    const { directory, name = directory === undefined ? null : lastPart(this.#desk.resolve(directory)) } = options;
    if (name === null) throw usage("`name` is missing", 'for example { packs: ["node-library", "github-ci"], name: "service" }');
    const { version = null, description = null, composition = {}, rulesFile = null } = options;
    const command: Composing & { type: "compose" } = {
      type: "compose",
      ...{ ...selection(options), target: false },
      ...{ name, version, description, composition, rulesFile },
      answers: { ...options.answers },
      compared: directory !== undefined,
    };
    const { outcome, contents } = await this.#desk.run(command, this.#target(options));
    return new Composite(this.#desk, outcome.composite, contents);
  }

  /**
   * Which packs and packages these packs need, in which versions, and what depends on what. Nothing but their entries in the registry is
   * read, and nothing is written.
   *
   * @throws PackwrightError `pack-not-found`, `conflict`, `too-hard` or `cycle` when the packs do not go together, `out-of-date` when
   * `locked` is set and the lockfile would change, `network` when a registry is out of reach.
   */
  async dependencies(options: DependenciesOptions): Promise<Dependencies> {
    const wanted = selection(options);
    const { format = "tree", why = null, depth = null, invert = null } = options;
    const command = { type: "dependencies" as const, ...wanted, view: { format, why, depth, invert } };
    return (await this.#desk.run(command, this.#target(options))).outcome.dependencies;
  }

  /**
   * Unpacks packs and the packages they want into a project, and removes what is no longer needed: all of it, or nothing. Packs that are
   * named join those that the lockfile asks for.
   *
   * @returns everything that is or was installed there, with what became of it.
   * @throws PackwrightError `file-conflict` when files that stand there would be lost and `force` is not set, `needs-consent` when packs
   * want to run commands and `hooks` does not say what to do about it, `install-failed` when such a command fails, `locked` when another
   * process is writing and is not to be waited for, `partial-install` when a write was interrupted, this one or a former, `storage` when
   * the disk refuses, and what `dependencies` throws.
   */
  async install(options: InstallOptions): Promise<Installation> {
    const surroundings = this.#project(options);
    const { into = null, alone = false, force = false, hooks = "refuse", dryRun = false, wait = true } = options;
    const settings = { into, alone, force, hooks, dryRun, wait };
    const command = { type: "install" as const, ...selection(options), ...settings };
    return (await this.#desk.run(command, surroundings)).outcome.installation;
  }

  /**
   * Takes packs out of a project again, with what nothing else there needs: all of it, or nothing. Files that were edited stay.
   *
   * @param packs names of packs that were asked for.
   * @throws PackwrightError `pack-not-found` when one of them is not installed, `conflict` when another pack needs one, `out-of-date` when
   * files were generated from one and `force` is not set, and what `install` throws.
   */
  async uninstall(packs: readonly string[], options: UninstallOptions): Promise<Installation> {
    const surroundings = this.#project(options);
    const { force = false, dryRun = false, wait = true } = options;
    const command = { type: "uninstall" as const, packs: list("packs", packs), force, dryRun, wait };
    return (await this.#desk.run(command, surroundings)).outcome.installation;
  }

  /** What is installed in a project, and which of its files are gone or have another size. */
  async installed(options: DirectoryOptions): Promise<InstalledItem[]> {
    return (await this.#desk.run({ type: "installed" }, this.#project(options))).outcome.items;
  }

  /**
   * What the lockfile of a project has, each with the version it would take now and the highest there is. Registries are asked for what is
   * new; nothing is written.
   *
   * @throws PackwrightError `file-not-found` when there is no lockfile, `network` when a registry is out of reach.
   */
  async outdated(options: DirectoryOptions): Promise<OutdatedItem[]> {
    return (await this.#desk.run({ type: "outdated" }, this.#project(options))).outcome.items;
  }

  /**
   * Ends a write into a directory that was interrupted, by finishing it or by taking it back. No network is needed.
   *
   * @returns what was ended; `null` if nothing had been interrupted.
   * @throws PackwrightError `partial-install` when that fails; it can be tried again.
   */
  async recover(directory: string, how: Recovery, options: WritingOptions = {}): Promise<Recovered | null> {
    const command = { type: "recover" as const, how, wait: options.wait ?? true };
    return (await this.#desk.run(command, this.#project({ ...options, directory }))).outcome.recovered;
  }

  /**
   * Takes the last write into a directory back, whatever wrote: all of it, or nothing. That is a write as well, so that the next call brings
   * everything again. No network is needed.
   *
   * @throws PackwrightError `file-not-found` when there is nothing to take back, `file-conflict` when files were changed since and `force` is
   * not set, `needs-consent` when files come back that run on opening the folder and `trust` is not set, and what `Project.write` throws.
   */
  async undo(directory: string, options: UndoOptions = {}): Promise<TakenBack> {
    const { force = false, trust = false, dryRun = false, wait = true } = options;
    const command = { type: "undo" as const, force, trust, dryRun, wait };
    const { type: _, ...taken } = (await this.#desk.run(command, this.#project({ ...options, directory }))).outcome;
    return taken;
  }

  /**
   * Looks whether the pack in a directory is as it should be: its manifest, the sources of its templates and their syntax, and with `golden`
   * whether it gives what its `[[tests]]` expect. Packs it depends on then come from the registries, the pack itself from its directory.
   *
   * @returns what is wrong with it, errors and warnings, and how each test went.
   * @throws PackwrightError `file-not-found` when there is no pack, `invalid-manifest` and the like when its manifest cannot be read, and
   * when blessing what `Project.write` throws.
   */
  async validate(directory: string, options: ValidateOptions = {}): Promise<Validation> {
    const { golden = "ignore", wait = true } = options;
    const source = this.#desk.resolve(directory);
    const roots = golden === "bless" ? { source, target: source } : { source };
    return (await this.#desk.run({ type: "validate", golden, wait }, { ...options, roots })).outcome.validation;
  }

  /**
   * Makes a static index, to be served by any file host, from a directory of pack sources.
   *
   * @returns the files of the index by their paths in it.
   */
  async buildRegistry(directory: string, options: CallOptions = {}): Promise<Map<string, Uint8Array<ArrayBuffer>>> {
    const { outcome, contents } = await this.#desk.run(
      { type: "build-registry" },
      { ...options, roots: { source: this.#desk.resolve(directory) } },
    );
    return cut(outcome.files, contents);
  }

  /**
   * Publishes the pack in a directory to the registry its name belongs to: an npm registry, or a static index in a directory.
   *
   * @returns what was published, with every file of the archive.
   * @throws PackwrightError `already-published` when the registry has this version, `invalid-manifest` and the like when the pack is not
   * sound, `unauthorized` or `network` when the registry refuses or is out of reach.
   */
  async publish(directory: string, options: PublishOptions = {}): Promise<Publication> {
    const { tag = null, access = null, dryRun = false } = options;
    const command = { type: "publish" as const, tag, access, dryRun };
    return (await this.#desk.run(command, { ...options, roots: { source: this.#desk.resolve(directory) } })).outcome.publication;
  }

  /**
   * Withdraws a version: new projects no longer get it, those that have it locked still do.
   *
   * @param pack `NAME@VERSION`.
   * @throws PackwrightError `pack-not-found` when there is no such version, `unauthorized` or `network` when the registry refuses or is out
   * of reach.
   */
  async yank(pack: string, options: YankOptions = {}): Promise<Yanked> {
    const { undo = false, reason = null } = options;
    const { type: _, ...yanked } = (await this.#desk.run({ type: "yank", pack, undo, reason }, options)).outcome;
    return yanked;
  }

  /**
   * Looks whether all of a static index is as it should be: its files, its entries, and the digest of every archive.
   *
   * @param registry its id, as `open` was given it.
   * @returns what it has, and everything that is wrong with it.
   * @throws PackwrightError `invalid-input` when it is no static index, `network` when it is out of reach.
   */
  async checkRegistry(registry: string, options: CallOptions = {}): Promise<Checked> {
    const { type: _, ...checked } = (await this.#desk.run({ type: "check-registry", registry }, options)).outcome;
    return checked;
  }

  #generation(options: GenerationOptions): Generation {
    const wanted = selection(options);
    const { directory, timestamp } = options;
    return {
      ...wanted,
      answers: { ...options.answers },
      answersFile: options.answersFile ?? null,
      environment: { ...options.environment },
      directoryName: directory === undefined ? null : lastPart(this.#desk.resolve(directory)),
      timestamp: timestamp === undefined ? null : rfc3339(timestamp),
      composition: options.composition ?? null,
      rulesFile: options.rulesFile ?? null,
      ...{ check: false, template: null, keepGoing: false, lines: false, ifThere: "refuse", ifThereAt: {} },
    };
  }

  #project(options: DirectoryOptions): Surroundings {
    if (typeof options?.directory !== "string") throw usage("`directory` is missing", 'for example { directory: "demo" }');
    return this.#target(options);
  }

  #target({ directory, ...watching }: CallOptions & { directory?: string | undefined }): Surroundings {
    return { ...watching, roots: directory === undefined ? {} : { target: this.#desk.resolve(directory) } };
  }
}

/** What a project was asked for with. */
interface Order {
  readonly command: Generation & { type: "generate" };
  readonly surroundings: Surroundings;
}

/** A generated project, in memory until `write`. */
export class Project {
  readonly #desk: Desk;
  readonly #order: Order;
  readonly #contents: Uint8Array<ArrayBuffer>;

  /** The packs it is made from, in the order they apply. */
  readonly packs: readonly Resolved[];
  /** The packages it pins, by registry and name. */
  readonly packages: readonly Resolved[];
  /** How packs and packages differ from the lockfile of the directory; empty if there is none. */
  readonly changes: readonly Change[];
  /** The answer to every variable, without secrets. */
  readonly answers: Readonly<Record<string, Answer>>;
  /** Each file with what writing it would do, where it comes from and its mode. `offset` and `size` are the file's bytes in one block. */
  readonly plan: Plan;
  /** The text of `packwright.lock`. */
  readonly lockfile: string;
  /** What failed and was left out, with `keepGoing`. */
  readonly problems: readonly Diagnostic[];
  /** What is worth knowing and no reason to stop. */
  readonly warnings: readonly Diagnostic[];
  /** The content of every file by its path in the project, the lockfile included. */
  readonly files: ReadonlyMap<string, Uint8Array<ArrayBuffer>>;

  /** Not for callers: use `Packwright.generate`. */
  constructor(desk: Desk, order: Order, generated: Generated, contents: Uint8Array<ArrayBuffer>) {
    this.#desk = desk;
    this.#order = order;
    this.#contents = contents;
    this.packs = generated.packs;
    this.packages = generated.packages;
    this.changes = generated.changes;
    this.answers = generated.answers;
    this.plan = generated.plan;
    this.lockfile = generated.lockfile;
    this.problems = generated.problems;
    this.warnings = generated.warnings;
    this.files = cut(generated.plan.operations, contents);
  }

  /**
   * The same project with decisions about files that stand in its directory, by their paths, on top of those it was made with. Together
   * they count as one generation.
   *
   * @throws PackwrightError as `Packwright.generate` does.
   */
  async decide(ifThereAt: Readonly<Record<string, IfThere>>, options: CallOptions = {}): Promise<Project> {
    const { command, surroundings } = this.#order;
    const order = {
      command: { ...command, ifThereAt: { ...command.ifThereAt, ...ifThereAt } },
      surroundings: { ...surroundings, ...options },
    };
    const { outcome, contents } = await this.#desk.goOn(order.command, order.surroundings);
    return new Project(this.#desk, order, outcome.project, contents);
  }

  /**
   * Writes all files, or none: what fails is undone. The directory is compared again first, and made if it is not there.
   *
   * @throws PackwrightError `file-conflict` when files there have other content and `force` is not set, `needs-consent` when files would
   * run on opening the folder and `trust` is not set, `locked` when another process is writing and is not to be waited for,
   * `partial-install` when a former write was interrupted, `storage` when the disk refuses.
   */
  write(directory: string, options: WriteOptions = {}): Promise<Written> {
    return write(this.#desk, this.plan, this.#contents, directory, options);
  }

  /**
   * Runs those of `plan.hooks` that are for after a generation, in a directory the project was written to. Ask somebody first: they are
   * commands of strangers. One that fails keeps the later ones of its pack from running, not those of others.
   *
   * @returns the commands that were run.
   * @throws PackwrightError `install-failed` when commands fail, or when the host cannot run them. The files stay as they are.
   */
  async runHooks(directory: string, options: CallOptions = {}): Promise<Hook[]> {
    const command = { type: "run-hooks" as const, hooks: this.plan.hooks };
    return (await this.#desk.run(command, { ...options, roots: { target: this.#desk.resolve(directory) } })).outcome.ran;
  }
}

/** A pack made of packs, in memory until `write`. */
export class Composite {
  readonly #desk: Desk;
  readonly #contents: Uint8Array<ArrayBuffer>;

  /** The packs it was made for, in the order they apply. */
  readonly packs: readonly Resolved[];
  /** The text of its `pack.toml`. */
  readonly manifest: string;
  /** Whether everything required was answered, so that the packs were tried together. */
  readonly isTried: boolean;
  /** What writing it would do. */
  readonly plan: Plan;
  /** Why no project can be made from it with these answers: what failed, and what its packs disagree about. */
  readonly problems: readonly Diagnostic[];
  /** What is worth knowing and no reason to stop. */
  readonly warnings: readonly Diagnostic[];
  /** The content of every file by its path in the pack. */
  readonly files: ReadonlyMap<string, Uint8Array<ArrayBuffer>>;

  /** Not for callers: use `Packwright.compose`. */
  constructor(desk: Desk, composed: Composed, contents: Uint8Array<ArrayBuffer>) {
    this.#desk = desk;
    this.#contents = contents;
    this.packs = composed.packs;
    this.manifest = composed.manifest;
    this.isTried = composed.isTried;
    this.plan = composed.plan;
    this.problems = composed.problems;
    this.warnings = composed.warnings;
    this.files = cut(composed.plan.operations, contents);
  }

  /** Writes the pack, as `Project.write` does a project. */
  write(directory: string, options: WriteOptions = {}): Promise<Written> {
    return write(this.#desk, this.plan, this.#contents, directory, options);
  }
}

async function write(
  desk: Desk,
  plan: Plan,
  contents: Uint8Array<ArrayBuffer>,
  directory: string,
  options: WriteOptions,
): Promise<Written> {
  const { force = false, trust = false, wait = true } = options;
  const command = { type: "apply" as const, plan, contents, force, trust, wait };
  const { outcome } = await desk.run(command, { ...options, roots: { target: desk.resolve(directory) } });
  return { written: outcome.written, unchanged: outcome.unchanged, warnings: outcome.warnings };
}

function selection(options: SelectionOptions): Selection {
  // Without packs the lockfile of the directory says which.
  const { packs = options?.directory === undefined ? undefined : [] } = options ?? {};
  if (packs === undefined) {
    throw usage("`packs` is missing", 'for example { packs: ["rust-cli@^1"], answers: { project_name: "demo" } }');
  }
  return {
    packs: list("packs", packs),
    prereleases: list("prereleases", options.prereleases),
    with: list("with", options.with),
    overrides: list("overrides", options.overrides),
    strategy: options.strategy ?? "highest",
    target: options.directory !== undefined,
    update: list("update", options.update),
    locked: options.locked ?? false,
  };
}

function list(name: string, given: readonly string[] = []): string[] {
  if (!Array.isArray(given)) throw usage(`\`${name}\` is not a list`, `for example { ${name}: ["rust-cli"] }`);
  return [...given];
}

function cut(
  files: readonly { path: string; offset: number; size: number }[],
  contents: Uint8Array<ArrayBuffer>,
): Map<string, Uint8Array<ArrayBuffer>> {
  return new Map(files.map(({ path, offset, size }) => [path, contents.subarray(offset, offset + size)]));
}

function lastPart(path: string): string | null {
  return path.split(/[/\\]/).filter(Boolean).at(-1) ?? null;
}
