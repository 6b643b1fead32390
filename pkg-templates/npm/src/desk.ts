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

/** What a command runs on besides the registries: the directory behind one more root. */
export interface Surroundings extends CallOptions {
  root?: readonly [name: string, directory: string] | undefined;
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
  async run<T extends Command["type"]>(
    command: Command & { type: T },
    surroundings: Surroundings,
  ): Promise<Driven & { outcome: Outcome & { type: T } }> {
    const driven = await this.#watched(command, () => this.#drive(command, surroundings));
    if (!answers(driven, command.type)) throw internal(`the core answered ${command.type} with ${driven.outcome.type}`);
    return driven;
  }

  #watched<T>(command: Command, run: () => Promise<T>): Promise<T> {
    const work = workOf(command);
    if (work === undefined) return run();
    const measured = (): Promise<T> => this.#meter.measure(work, run);
    const packs = "packs" in command ? command.packs.length : 0;
    return this.#platform.watchers?.around(work, packs, measured) ?? measured();
  }

  #drive(command: Command, { root, signal, onProgress }: Surroundings): Promise<Driven> {
    const roots = root === undefined ? this.#roots : new Map([...this.#roots, root]);
    const progress = (event: ProgressEvent): void => {
      if (event.type === "cache") this.#meter.record(event);
      this.#platform.watchers?.progress(event);
      if (onProgress !== undefined) tell(onProgress, event);
    };
    // What changes or judges a registry must see it as it is, and the next command what has become of it.
    const anew = CHANGES.includes(command.type) || command.type === "check-registry";
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

function answers<T extends Command["type"]>(driven: Driven, type: T): driven is Driven & { outcome: Outcome & { type: T } } {
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
