/**
 * Serves `fetch` requests with the platform's own `fetch`, for every host. It follows redirects and uses the platform's cache as `fetch`
 * does by itself; retries, digests and what a status means are the core's.
 */
import { failure } from "./host.js";
import { reason } from "./error.js";
import type { Reply, Request } from "./protocol.js";

/** A transfer in which nothing arrives for this long has failed. Milliseconds. */
const IDLE_LIMIT = 30_000;

/** Fetches one address, reading no more of the body than the core allows. */
export async function fetchBytes(request: Request & { type: "fetch" }, signal: AbortSignal): Promise<Reply> {
  const idle = new Idle();
  try {
    const response = await fetch(request.url, {
      headers: request.headers,
      signal: AbortSignal.any([signal, idle.signal]),
    });
    const body = await readBody(response, request.maxBytes, idle);
    if (body === undefined) return failure("too-large", `it has more than ${request.maxBytes} bytes`);
    return { type: "response", status: response.status, headers: Object.fromEntries(response.headers), body };
  } catch (thrown) {
    if (idle.signal.aborted) return failure("timeout", `nothing arrived for ${IDLE_LIMIT / 1000} seconds`);
    return failure("network", cause(thrown));
  } finally {
    idle.end();
  }
}

async function readBody(response: Response, limit: number, idle: Idle): Promise<Uint8Array | undefined> {
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
  }
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

class Idle {
  readonly #controller = new AbortController();
  #timer = this.#arm();

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
    return setTimeout(() => this.#controller.abort(), IDLE_LIMIT);
  }
}
