/**
 * Serves `fetch` requests with the platform's own `fetch`, for every host. It performs one request and reports what came of it: retries,
 * redirects where they are handed over, digests, and what a status means are the core's.
 */
import { type Context, failure, type HostRequest } from "./host.js";
import { reason } from "./error.js";
import type { Reply } from "./protocol.js";

type FetchRequest = HostRequest & { type: "fetch" };

/** The least time between two reports of one transfer, its last excepted. Milliseconds. */
const REPORT_EVERY = 50;

/** Asks one address, reading no more of the body than the core allows. `redirect` is `fetch`'s own word. */
export async function fetchBytes(request: FetchRequest, redirect: "manual" | "follow", context: Context): Promise<Reply> {
  const idle = new Idle(request.idleMilliseconds);
  try {
    const asked = requestOf(request, redirect, AbortSignal.any([context.signal, idle.signal]));
    if (asked === undefined) return failure("other", "no request can be made of this address and these headers");
    const response = await fetch(asked);
    const body = await readBody(response, request.maxBytes, idle, reporting(request, response, context));
    if (body === undefined) return failure("too-large", `it has more than ${request.maxBytes} bytes`);
    return { type: "response", status: response.status, headers: Object.fromEntries(response.headers), body };
  } catch (thrown) {
    if (idle.signal.aborted) return failure("timeout", `nothing arrived for ${request.idleMilliseconds / 1000} seconds`);
    return failure("network", cause(thrown));
  } finally {
    idle.end();
  }
}

// Why a platform refuses to make a request stays untold: its words repeat the address and the header with all that is secret in them.
function requestOf(
  { url, method, headers, body, cache }: FetchRequest,
  redirect: RequestRedirect,
  signal: AbortSignal,
): Request | undefined {
  // What crosses from the core is never shared memory.
  const content = method === "GET" ? null : (body as Uint8Array<ArrayBuffer>);
  // Servers like workerd have no cache of their own, and refuse to be told about it.
  const caching = "cache" in Request.prototype ? { cache } : {};
  try {
    return new Request(url, { method, headers, body: content, redirect, signal, ...caching });
  } catch {
    return undefined;
  }
}

/** Told of the bytes that have arrived, and whether they are all. */
type Report = (received: number, whole: boolean) => void;

function reporting({ label }: FetchRequest, response: Response, { progress }: Context): Report {
  // What comes with a failure is not what was asked for.
  if (label === null || progress === undefined || !response.ok) return () => undefined;
  const total = lengthOf(response);
  let last = Number.NEGATIVE_INFINITY;
  return (received, whole) => {
    const now = performance.now();
    if (!whole && now - last < REPORT_EVERY) return;
    last = now;
    progress({ type: "transfer", label, received, total: whole ? received : total });
  };
}

/** How many bytes there will be. Of a body that is compressed on its way the header tells another number. */
function lengthOf({ headers }: Response): number | null {
  const length = headers.has("content-encoding") ? null : headers.get("content-length");
  return length !== null && /^\d{1,15}$/.test(length) ? Number(length) : null;
}

async function readBody(response: Response, limit: number, idle: Idle, report: Report): Promise<Uint8Array | undefined> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  const reader = response.body?.getReader();
  for (let part = await reader?.read(); part !== undefined && !part.done; part = await reader?.read()) {
    idle.restart();
    size += part.value.length;
    if (size > limit) {
      await reader?.cancel();
      return undefined;
    }
    chunks.push(part.value);
    report(size, false);
  }
  report(size, true);
  return joined(chunks, size);
}

function joined(chunks: readonly Uint8Array[], size: number): Uint8Array {
  const whole = new Uint8Array(size);
  let offset = 0;
  for (const chunk of chunks) {
    whole.set(chunk, offset);
    offset += chunk.length;
  }
  return whole;
}

// Node says "fetch failed" and hides why in the causes, the innermost of which may have a code and no text.
function cause(thrown: unknown): string {
  let innermost = thrown;
  while (innermost instanceof Error && innermost.cause instanceof Error) innermost = innermost.cause;
  if (innermost instanceof Error && innermost.message === "" && "code" in innermost) return String(innermost.code);
  return reason(innermost);
}

/** Aborts when nothing was heard for so many milliseconds. */
class Idle {
  readonly #controller = new AbortController();
  readonly #limit: number;
  #timer: ReturnType<typeof setTimeout>;

  constructor(limit: number) {
    this.#limit = limit;
    this.#timer = this.#arm();
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  restart(): void {
    this.end();
    this.#timer = this.#arm();
  }

  end(): void {
    clearTimeout(this.#timer);
  }

  #arm(): ReturnType<typeof setTimeout> {
    return setTimeout(() => this.#controller.abort(), this.#limit);
  }
}
