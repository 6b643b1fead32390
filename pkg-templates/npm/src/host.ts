/**
 * What a host is: the program that moves bytes for the core. A host decides nothing; it carries out one small request at a time and
 * says how it went.
 */
import type { ProgressEvent, Subscriber } from "./progress.js";
import type { Capabilities, HostErrorKind, Reply, Request } from "./protocol.js";

/** What a host may be asked for: all that the core asks for but to wait and to tell, which need no host. */
export type HostRequest = Exclude<Request, { type: "wait" | "tell" }>;

/** Where and for how long a request is carried out. All requests of one session have the same, and no other session has it. */
export interface Context {
  /** The directory behind each root a request may name: `target`, `source`, and `registry:ID` for each directory registry. */
  readonly roots: ReadonlyMap<string, string>;
  /**
   * Aborts when nobody waits for fetched bytes and commands any more. File requests go on, because an interrupted write is being undone.
   */
  readonly signal: AbortSignal;
  /** Takes what there is to tell of transfers and of what commands print. Absent: nobody wants to know. It never throws. */
  readonly progress?: Subscriber<ProgressEvent> | undefined;
}

/**
 * Carries out what the core asks for. Supply your own to `open` to work on another file system or through another transport.
 *
 * Paths in requests are relative, with `/`, and never contain `..`; an empty path is the root itself. Before touching a path, check
 * that no directory between it and its root is a link, and answer `{ type: "error", kind: "permission" }` if one is.
 */
export interface Host {
  /** What it can do. What is not named it cannot. */
  readonly capabilities: Partial<Capabilities>;
  /** Answers one request. Called many times at once. A rejection reaches the core as an error of kind `other`. */
  perform(request: HostRequest, context: Context): Promise<Reply>;
}

const NONE: Capabilities = {
  rename: false,
  modes: false,
  cache: false,
  redirects: false,
  httpCache: false,
  lock: false,
  sync: false,
  space: false,
  run: false,
};

/** All that a host can and cannot do. */
export function capabilitiesOf({ capabilities }: Host): Capabilities {
  return { ...NONE, ...capabilities };
}

/** A reply that says why a request failed. */
export function failure(kind: HostErrorKind, message: string): Reply {
  return { type: "error", kind, message };
}
