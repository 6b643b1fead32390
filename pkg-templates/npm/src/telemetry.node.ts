/**
 * Records work with OpenTelemetry's API, which hands it to whatever the application has set up: a span for each piece of work, counters,
 * and durations. What is in them is numbers and the codes of errors.
 */
import type { Counter, Histogram, MeterProvider, Span, SpanStatusCode } from "@opentelemetry/api";
import { codeOf, type Measurement, type Work } from "./metrics.js";

type Api = typeof import("@opentelemetry/api");

/** The package is the application's: a bundler must neither look for it nor put a second one in. */
const API: string = "@opentelemetry/api";

/** The name of this package as the source of what is recorded. */
const SCOPE = "packwright";

/** The bounds that durations are sorted into, in seconds; those of the SDK are for milliseconds. */
const BOUNDS = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 50, 100];

/** What to record with; nothing if the package is not where this one can see it. */
export async function loadTelemetry(): Promise<Telemetry | undefined> {
  try {
    return new Telemetry((await import(/* webpackIgnore: true */ /* @vite-ignore */ API)) as Api);
  } catch {
    return undefined;
  }
}

interface Instruments {
  counts: Readonly<Record<Work, Counter>>;
  durations: Readonly<Record<Work, Histogram>>;
  hits: Counter;
  misses: Counter;
}

/** Records. */
export class Telemetry {
  readonly #api: Api;
  /** By who made them: an application may set up another provider. */
  readonly #instruments = new WeakMap<MeterProvider, Instruments>();

  constructor(api: Api) {
    this.#api = api;
  }

  /** Does work within a span. `packs` is how many were named. */
  span<T>(work: Work, packs: number, run: () => Promise<T>): Promise<T> {
    const { trace } = this.#api;
    const options = { attributes: { "packwright.packs": packs } };
    return trace.getTracer(SCOPE).startActiveSpan(`packwright ${work}`, options, async (span) => {
      try {
        return await run();
      } catch (thrown) {
        fail(span, codeOf(thrown), this.#api.SpanStatusCode.ERROR);
        throw thrown;
      } finally {
        span.end();
      }
    });
  }

  /** Counts. */
  record(measurement: Measurement): void {
    const { counts, durations, hits, misses } = this.#current();
    if (measurement.type === "cache") {
      hits.add(measurement.hits);
      misses.add(measurement.misses);
      return;
    }
    const { type, seconds, code } = measurement;
    const attributes = code === null ? {} : { "error.type": code };
    counts[type].add(1, attributes);
    durations[type].record(seconds, attributes);
  }

  #current(): Instruments {
    const provider = this.#api.metrics.getMeterProvider();
    const known = this.#instruments.get(provider);
    if (known !== undefined) return known;
    const made = instrumentsOf(provider);
    this.#instruments.set(provider, made);
    return made;
  }
}

/** The message of an error may have paths in it, so it stays here. */
function fail(span: Span, code: string, status: SpanStatusCode): void {
  span.setAttribute("error.type", code);
  span.setStatus({ code: status });
}

function instrumentsOf(provider: MeterProvider): Instruments {
  const meter = provider.getMeter(SCOPE);
  const duration = (work: Work): Histogram =>
    meter.createHistogram(`packwright.${work}.duration`, { unit: "s", advice: { explicitBucketBoundaries: BOUNDS } });
  return {
    counts: {
      install: meter.createCounter("packwright.installs", { unit: "{install}" }),
      generation: meter.createCounter("packwright.generations", { unit: "{generation}" }),
    },
    durations: { install: duration("install"), generation: duration("generation") },
    hits: meter.createCounter("packwright.cache.hits"),
    misses: meter.createCounter("packwright.cache.misses"),
  };
}
