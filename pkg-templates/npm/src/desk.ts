/**
 * The desk that all calls of one opened `Packwright` go through: it adds to each command what the core needs besides, has it served, and
 * sees to it that those who watch are told.
 */
import { Credential } from "./credential.js";
import { drive, type Driven } from "./drive.js";
import { internal, usage } from "./error.js";
import { capabilitiesOf } from "./host.js";
import type { RememberingHost } from "./memo.js";
import { type Measurement, Meter, type Metrics, type Work, workOf } from "./metrics.js";
import type { CallOptions, Platform, Registry } from "./open.js";
import { type ProgressEvent, tell } from "./progress.js";
import type { Command, Network, Outcome, RegistryInput, SessionInput } from "./protocol.js";

/** What a command runs on besides the registries: the directories behind further roots. */
export interface Surroundings extends CallOptions {
  roots?: { readonly [root in "target" | "source"]?: string };
}

/** Those outside the program who want to know what it does, where a platform has a way to tell them. */
export interface Watchers {
  /** Surrounds work that counts; `packs` is how many were named. */
  around<T>(work: Work, packs: number, run: () => Promise<T>): Promise<T>;
  measured(measurement: Measurement): void;
  progress(event: ProgressEvent): void;
}

/** Commands that change a registry. */
const CHANGES: readonly Command["type"][] = ["publish", "yank"];

/** Commands that must see registries as they are. */
const JUDGES: readonly Command["type"][] = ["check-registry", "validate"];

/** What became of a command of one type. */
type Answered<T extends Command["type"]> = Driven & { outcome: Outcome & { type: T } };

/** The registries, the host and what it remembers, and what was counted. */
export class Desk {
  readonly #platform: Platform;
  readonly #host: RememberingHost;
  readonly #registries: RegistryInput[];
  /** Those that may be changed: the starter packs are part of this package. */
  readonly #changeable: RegistryInput[];
  readonly #network: Partial<Network>;
  readonly #roots: ReadonlyMap<string, string>;
  readonly #meter = new Meter();

  constructor(platform: Platform, host: RememberingHost, registries: readonly Registry[], network: Partial<Network>) {
    this.#platform = platform;
    this.#host = host;
    this.#network = network;
    this.#registries = registries.map((registry) => input(platform, registry));
    this.#changeable = this.#registries.filter((_, at) => registries[at] !== platform.registry);
    this.#roots = new Map(
      registries.flatMap((registry) =>
        "directory" in registry ? [[`registry:${registry.id}`, platform.resolve(registry.directory)]] : [],
      ),
    );
    const { watchers } = platform;
    if (watchers !== undefined) this.#meter.subscribe((measurement) => watchers.measured(measurement));
  }

  /** What was counted. */
  get metrics(): Metrics {
    return this.#meter;
  }

  /** The full path of a directory the user named. */
  resolve(directory: string): string {
    return this.#platform.resolve(directory);
  }

  /** Runs one command and gives the outcome that belongs to it. */
  async run<T extends Command["type"]>(command: Command & { type: T }, surroundings: Surroundings): Promise<Answered<T>> {
    return answered(command.type, await this.#watched(command, () => this.#drive(command, surroundings)));
  }

  /** The same for a command that is part of work that was counted already. */
  async goOn<T extends Command["type"]>(command: Command & { type: T }, surroundings: Surroundings): Promise<Answered<T>> {
    return answered(command.type, await this.#drive(command, surroundings));
  }

  #watched<T>(command: Command, run: () => Promise<T>): Promise<T> {
    const work = workOf(command);
    if (work === undefined) return run();
    const measured = (): Promise<T> => this.#meter.measure(work, run);
    const packs = "packs" in command ? command.packs.length : 0;
    return this.#platform.watchers?.around(work, packs, measured) ?? measured();
  }

  #drive(command: Command, { roots: further = {}, signal, onProgress }: Surroundings): Promise<Driven> {
    const roots = new Map([...this.#roots, ...Object.entries(further)]);
    const progress = (event: ProgressEvent): void => {
      if (event.type === "cache") this.#meter.record(event);
      this.#platform.watchers?.progress(event);
      if (onProgress !== undefined) tell(onProgress, event);
    };
    // What changes a registry must see it as it is, too, and the next command what has become of it.
    const anew = CHANGES.includes(command.type) || JUDGES.includes(command.type);
    return drive(this.#session(command), anew ? this.#host.anew : this.#host, roots, { signal, progress }).finally(() => {
      if (anew) this.#host.forget();
    });
  }

  #session(command: Command): SessionInput {
    const changes = CHANGES.includes(command.type);
    const registries = changes ? this.#changeable : this.#registries;
    if (changes && registries.length === 0) {
      throw usage("no registry is configured but that of the starter packs, which stays as it is", "name one: `--registry LOCATION`");
    }
    const now = new Date();
    return {
      command,
      registries,
      capabilities: capabilitiesOf(this.#host),
      network: { now: now.getTime(), seed: Math.floor(Math.random() * 2 ** 32), ...this.#network } as Network,
      timestamp: rfc3339(now),
    };
  }
}

/** A moment in UTC, to the second. */
export function rfc3339(moment: Date | string): string {
  return typeof moment === "string" ? moment : moment.toISOString().replace(/\.\d+Z$/, "Z");
}

function answered<T extends Command["type"]>(type: T, driven: Driven): Answered<T> {
  if (!answers(driven, type)) throw internal(`the core answered ${type} with ${driven.outcome.type}`);
  return driven;
}

function answers<T extends Command["type"]>(driven: Driven, type: T): driven is Answered<T> {
  return driven.outcome.type === type;
}

function input(platform: Platform, registry: Registry): RegistryInput {
  const { id } = registry;
  const scopes = registry.scopes === undefined ? null : [...registry.scopes];
  if ("directory" in registry) return { id, location: { type: "directory" }, scopes, authorization: null, archives: [] };
  const { token, archives = [] } = registry;
  const credential = typeof token === "string" ? Credential.ofToken(token, id) : token;
  return {
    id,
    location: { type: "url", url: platform.address(registry.url) },
    scopes,
    authorization: credential === undefined ? null : Credential.header(credential),
    archives: [...archives],
  };
}
