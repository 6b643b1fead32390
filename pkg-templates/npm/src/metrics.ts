/** Counts what an opened `Packwright` does, for its program alone: nothing is ever sent anywhere. */
import { PackwrightError } from "./error.js";
import { type Subscriber, tell } from "./progress.js";
import type { Code, Command } from "./protocol.js";

/** Work that is counted. */
export type Work = "install" | "generation";

/** Something that was counted. */
export type Measurement =
  | {
      type: Work;
      /** How long it took. */
      seconds: number;
      /** What it failed with; `null` if it did not. */
      code: Code | null;
    }
  | {
      type: "cache";
      /** How much of what a call needed from registries was cached, fresh or found unchanged. */
      hits: number;
      /** How much had to be fetched. */
      misses: number;
    };

/** How long successful work took. */
export interface Durations {
  count: number;
  /** Of all together, in seconds. */
  sum: number;
  /** Of one, in seconds; `null` as long as there is none. */
  mean: number | null;
}

/**
 * What was counted since `open`. Work counts when it has come to an end: an install that was to write, and a generation, with every error
 * but `cancelled` as a failure. Neither dry runs nor what was cancelled count, and times are of what did not fail.
 */
export interface MetricsSnapshot {
  /** Installs that came to an end, failed ones among them. */
  installs_total: number;
  installs_failed: number;
  /** Generations that came to an end, failed ones among them. */
  generations_total: number;
  generations_failed: number;
  /** How much of what was needed from registries was cached. */
  cache_hits: number;
  /** How much of it had to be fetched. */
  cache_misses: number;
  install_seconds: Durations;
  generation_seconds: Durations;
}

/** What an opened `Packwright` has counted. */
export interface Metrics {
  snapshot(): MetricsSnapshot;
  /**
   * Tells everything that is counted from now on, right when it is. What the listener throws is ignored.
   *
   * @returns what ends that.
   */
  subscribe(listener: Subscriber<Measurement>): () => void;
}

/** The work that a command is, if it is one that counts. */
export function workOf(command: Command): Work | undefined {
  if (command.type === "generate") return "generation";
  return command.type === "install" && !command.dryRun ? "install" : undefined;
}

interface Tally {
  failed: number;
  succeeded: number;
  /** Of those that succeeded. */
  seconds: number;
}

/** Counts. */
export class Meter implements Metrics {
  readonly #work: Readonly<Record<Work, Tally>> = {
    install: { failed: 0, succeeded: 0, seconds: 0 },
    generation: { failed: 0, succeeded: 0, seconds: 0 },
  };
  readonly #cache = { hits: 0, misses: 0 };
  readonly #listeners = new Set<{ listener: Subscriber<Measurement> }>();

  snapshot(): MetricsSnapshot {
    const { install, generation } = this.#work;
    return {
      installs_total: install.succeeded + install.failed,
      installs_failed: install.failed,
      generations_total: generation.succeeded + generation.failed,
      generations_failed: generation.failed,
      cache_hits: this.#cache.hits,
      cache_misses: this.#cache.misses,
      install_seconds: durations(install),
      generation_seconds: durations(generation),
    };
  }

  subscribe(listener: Subscriber<Measurement>): () => void {
    // The same function may be subscribed twice.
    const subscription = { listener };
    this.#listeners.add(subscription);
    return () => void this.#listeners.delete(subscription);
  }

  /** Does the work and counts it. */
  async measure<T>(work: Work, run: () => Promise<T>): Promise<T> {
    const start = performance.now();
    const count = (code: Code | null): void => this.record({ type: work, seconds: (performance.now() - start) / 1000, code });
    try {
      const result = await run();
      count(null);
      return result;
    } catch (thrown) {
      const code = codeOf(thrown);
      if (code !== "cancelled") count(code);
      throw thrown;
    }
  }

  /** Counts something that was measured elsewhere. */
  record(measurement: Measurement): void {
    this.#count(measurement);
    for (const { listener } of this.#listeners) tell(listener, { ...measurement });
  }

  #count(measurement: Measurement): void {
    if (measurement.type === "cache") {
      this.#cache.hits += measurement.hits;
      this.#cache.misses += measurement.misses;
      return;
    }
    const tally = this.#work[measurement.type];
    if (measurement.code !== null) tally.failed += 1;
    else {
      tally.succeeded += 1;
      tally.seconds += measurement.seconds;
    }
  }
}

/** The stable code of a failure. */
export function codeOf(thrown: unknown): Code {
  return thrown instanceof PackwrightError ? thrown.code : "internal";
}

function durations({ succeeded, seconds }: Tally): Durations {
  return { count: succeeded, sum: seconds, mean: succeeded === 0 ? null : seconds / succeeded };
}

/** A snapshot as text in the format OpenMetrics 1.0, which Prometheus reads. */
export function openMetrics(snapshot: MetricsSnapshot): string {
  const lines = [
    ...counter("installs", "Installs that came to an end.", snapshot.installs_total),
    ...counter("installs_failed", "Installs that failed.", snapshot.installs_failed),
    ...counter("generations", "Generations that came to an end.", snapshot.generations_total),
    ...counter("generations_failed", "Generations that failed.", snapshot.generations_failed),
    ...counter("cache_hits", "Contents needed from registries that were cached.", snapshot.cache_hits),
    ...counter("cache_misses", "Contents needed from registries that had to be fetched.", snapshot.cache_misses),
    ...summary("install_seconds", "How long installs took that did not fail.", snapshot.install_seconds),
    ...summary("generation_seconds", "How long generations took that did not fail.", snapshot.generation_seconds),
    "# EOF",
  ];
  return `${lines.join("\n")}\n`;
}

function counter(name: string, help: string, value: number): string[] {
  const family = `packwright_${name}`;
  return [`# TYPE ${family} counter`, `# HELP ${family} ${help}`, `${family}_total ${value}`];
}

function summary(name: string, help: string, { count, sum }: Durations): string[] {
  const family = `packwright_${name}`;
  return [
    `# TYPE ${family} summary`,
    `# UNIT ${family} seconds`,
    `# HELP ${family} ${help}`,
    `${family}_count ${count}`,
    `${family}_sum ${sum}`,
  ];
}
