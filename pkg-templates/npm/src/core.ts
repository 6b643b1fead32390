/**
 * The only module that touches the WebAssembly glue: loads it once, starts sessions, calls functions, and turns a crash of the core into
 * an error and a fresh instance. It performs no request; that is `drive`.
 */
import initialise, {
  __wbg_reset_state as renew,
  configure as configureInCore,
  initSync as instantiateNow,
  intersects,
  isSubset,
  maxSatisfying,
  minSatisfying,
  normalize,
  satisfies,
  Session as CoreSession,
} from "./glue.js";
import { failed, internal, PackwrightError, reason, usage } from "./error.js";
import type { Configuration, Configured, ConfigureInput, Diagnostic, Reply, SessionInput, Step } from "./protocol.js";

/** What the core can be loaded from: its bytes, a compiled module, a response with its bytes, or where to fetch it. */
export type WasmSource = BufferSource | WebAssembly.Module | Response | URL | string;

let loaded: Promise<void> | undefined;

/** Loads the core. Later calls wait for the first; after a failure the next call tries again. */
export function load(source: () => WasmSource | Promise<WasmSource>): Promise<void> {
  loaded ??= instantiate(source).catch((cause: unknown) => {
    loaded = undefined;
    throw internal("the core (packwright.wasm) could not be loaded", cause);
  });
  return loaded;
}

async function instantiate(source: () => WasmSource | Promise<WasmSource>): Promise<void> {
  const given = await source();
  // A compiled module needs nothing else; the other way looks at `Request`, for which Node loads its whole HTTP client.
  if (given instanceof WebAssembly.Module) instantiateNow({ module: given });
  else await initialise({ module_or_path: given });
}

// Counts the instances of the core. A handle into an older one must not be used: its memory is gone.
let instance = 0;

/** One run of the core. Every method throws a `PackwrightError` of code `internal` when the core crashes. */
export class Session {
  readonly #instance = instance;
  readonly #session: CoreSession;

  /** @throws PackwrightError of code `usage` when `input` does not have the shape of a `SessionInput`. */
  constructor(input: SessionInput) {
    this.#session = guarded(
      () => new CoreSession(input),
      (thrown) => usage(`the arguments could not be read: ${reason(thrown)}`),
    );
  }

  /** What the core needs next. */
  poll(): Step {
    return this.#call((session) => session.poll());
  }

  /** Hands in the reply to one request; returns why it was refused, if it was. */
  answer(id: number, reply: Reply): string | undefined {
    try {
      this.#call((session) => session.answer(id, reply), Refused.from);
      return undefined;
    } catch (thrown) {
      if (thrown instanceof Refused) return thrown.message;
      throw thrown;
    }
  }

  /** Asks the core to end, undoing what it began. */
  cancel(): void {
    this.#call((session) => session.cancel());
  }

  /** All file bytes of a finished run in one block. */
  contents(): Uint8Array<ArrayBuffer> {
    // The glue copies out of the core's memory, so what it gives is never shared.
    return this.#call((session) => session.contents() as Uint8Array<ArrayBuffer>);
  }

  /** Gives the memory back. The session must not be used afterwards. */
  free(): void {
    if (this.#instance === instance) this.#session.free();
  }

  #call<T>(use: (session: CoreSession) => T, otherwise: (thrown: unknown) => Error = unexpected): T {
    if (this.#instance !== instance) {
      throw internal("another call crashed the core while this one was running; run it again");
    }
    return guarded(() => use(this.#session), otherwise);
  }
}

class Refused extends Error {
  static from(this: void, thrown: unknown): Refused {
    return new Refused(reason(thrown));
  }
}

/**
 * Reads configuration files, flags and the environment, each as text.
 *
 * @throws PackwrightError with everything that is wrong with them.
 */
export function configure(input: ConfigureInput): Configuration {
  const text = guarded(() => configureInCore(input), unexpected);
  const result = JSON.parse(text) as Configured;
  if ("ok" in result) return result.ok;
  throw failed(result.errors);
}

/** The functions over constraints. Each throws a `PackwrightError` with what the core has to say about a text. */
export const matching = {
  satisfies: pure(satisfies),
  maxSatisfying: pure(maxSatisfying),
  minSatisfying: pure(minSatisfying),
  intersects: pure(intersects),
  isSubset: pure(isSubset),
  normalize: pure(normalize),
};

function pure<A extends unknown[], T>(call: (...args: A) => T): (...args: A) => T {
  const refused = (thrown: unknown): PackwrightError =>
    thrown instanceof Error ? unexpected(thrown) : new PackwrightError([thrown as Diagnostic]);
  return (...args) => guarded(() => call(...args), refused);
}

function unexpected(thrown: unknown): PackwrightError {
  return internal("the core refused a call", thrown);
}

function guarded<T>(call: () => T, otherwise: (thrown: unknown) => Error): T {
  try {
    return call();
  } catch (thrown) {
    if (!crashed(thrown)) throw otherwise(thrown);
    instance += 1;
    renew();
    throw internal("the core crashed; this is a bug in Packwright", thrown);
  }
}

// A panic arrives as the error its hook throws, any other trap (exhausted memory or stack) as the engine's own error.
function crashed(thrown: unknown): boolean {
  return (
    thrown instanceof WebAssembly.RuntimeError ||
    thrown instanceof RangeError ||
    (thrown instanceof Error && thrown.name === "Panic")
  );
}
