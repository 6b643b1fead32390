/**
 * The host loop: polls a session, serves what it needs through a host, hands each reply in as it arrives, and polls again. It neither
 * orders nor retries nor interprets anything. Waiting and telling are the same on every host, so they are done here.
 */
import { Session } from "./core.js";
import { cancelled, failed, internal, reason } from "./error.js";
import { type Context, failure, type Host } from "./host.js";
import { Locking } from "./locking.js";
import type { ProgressEvent, Subscriber } from "./progress.js";
import type { Outcome, Reply, Request, Result, SessionInput } from "./protocol.js";

/** What a session came to, with the bytes of its files in one block if it made any. */
export interface Driven {
  readonly outcome: Outcome;
  readonly contents: Uint8Array<ArrayBuffer>;
}

/** Who watches a session, and may end it. */
export interface Watching {
  signal?: AbortSignal | undefined;
  /** Never throws. */
  progress?: Subscriber<ProgressEvent> | undefined;
}

const MAKES_FILES: readonly Outcome["type"][] = ["generate", "compose", "build-registry"];

/**
 * Runs one session to its end.
 *
 * @throws PackwrightError with the core's diagnostics; of code `cancelled` when `signal` aborted and the core stopped because of it.
 */
export async function drive(
  input: SessionInput,
  host: Host,
  roots: ReadonlyMap<string, string>,
  { signal, progress }: Watching = {},
): Promise<Driven> {
  if (signal?.aborted) throw cancelled();
  const session = new Session(input);
  const waiting = new AbortController();
  const stop = (): void => waiting.abort();
  signal?.addEventListener("abort", stop);
  // Whether files were moved into place, and not taken back. Before hooks they were.
  let standing = input.command.type === "run-hooks";
  const told = (event: ProgressEvent): void => {
    if (event.type === "placing" || event.type === "rolling-back") standing = event.type === "placing";
    progress?.(event);
  };
  const context: Context = { roots, signal: waiting.signal, progress: told };
  const locking = new Locking(host);
  try {
    const result = JSON.parse(await finish(session, locking, context)) as Result;
    if ("ok" in result) {
      const contents = MAKES_FILES.includes(result.ok.type) ? session.contents() : new Uint8Array();
      return { outcome: result.ok, contents };
    }
    const ended = signal?.aborted === true && result.errors.every(({ code }) => code === "cancelled");
    // Where something stands, the core says what.
    throw ended && !standing ? cancelled() : failed(result.errors);
  } finally {
    signal?.removeEventListener("abort", stop);
    stop();
    session.free();
    await locking.release(context);
  }
}

/** Serves a session until it is done; gives its outcome as JSON text. */
function finish(session: Session, host: Host, context: Context): Promise<string> {
  return new Promise((resolve, reject) => {
    let open = 0;
    let over = false;

    const end = (settle: () => void): void => {
      over = true;
      context.signal.removeEventListener("abort", cancel);
      settle();
    };
    // Whatever the core throws ends the run; nothing may be asked of that session again.
    const attempt = (step: () => void): void => {
      if (over) return;
      try {
        step();
      } catch (thrown) {
        end(() => reject(thrown));
      }
    };
    const serve = async (request: Request): Promise<void> => {
      const reply = await perform(host, request, context);
      open -= 1;
      attempt(() => {
        hand(session, request.id, reply);
        advance();
      });
    };
    const advance = (): void => {
      const step = session.poll();
      if (step.type === "done") return end(() => resolve(step.outcome));
      const requests = step.type === "need" ? step.requests : [];
      open += requests.length;
      if (open === 0) throw internal("the core waits, but nothing is on its way");
      for (const request of requests) void serve(request);
    };
    const cancel = (): void =>
      attempt(() => {
        session.cancel();
        advance();
      });

    context.signal.addEventListener("abort", cancel);
    attempt(advance);
  });
}

async function perform(host: Host, request: Request, context: Context): Promise<Reply> {
  if (request.type === "wait") return turn(request.milliseconds, context.signal);
  if (request.type === "tell") {
    context.progress?.(request.progress);
    return { type: "done" };
  }
  try {
    return await host.perform(request, context);
  } catch (thrown) {
    return failure("other", reason(thrown));
  }
}

/** Lets timers, signals and clicks have their turn: for some time, or until nobody waits any more. */
function turn(milliseconds: number, signal: AbortSignal): Promise<Reply> {
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", end);
      resolve({ type: "done" });
    };
    const timer = setTimeout(end, signal.aborted ? 0 : milliseconds);
    signal.addEventListener("abort", end);
  });
}

function hand(session: Session, id: number, reply: Reply): void {
  const refusal = session.answer(id, reply);
  if (refusal === undefined) return;
  const second = session.answer(id, failure("other", `the host gave a reply that could not be read: ${refusal}`));
  if (second !== undefined) throw internal("the core refused an error reply", second);
}
