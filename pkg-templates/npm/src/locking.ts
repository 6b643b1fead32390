/** Sees to it that no lock outlives its session, however that ends. */
import type { Context, Host, HostRequest } from "./host.js";
import type { Reply } from "./protocol.js";

type LockRequest = HostRequest & { type: "lock" };

/** A host that knows what it has locked, and lets go of it if a broken core did not. */
export class Locking implements Host {
  readonly #host: Host;
  readonly #locked = new Map<string, { request: LockRequest; reply: Promise<Reply> }>();

  constructor(host: Host) {
    this.#host = host;
  }

  get capabilities(): Host["capabilities"] {
    return this.#host.capabilities;
  }

  perform(request: HostRequest, context: Context): Promise<Reply> {
    const reply = this.#host.perform(request, context);
    if (request.type === "lock") this.#locked.set(placeOf(request), { request, reply });
    if (request.type === "unlock") this.#locked.delete(placeOf(request));
    return reply;
  }

  /** Unlocks what is still locked. */
  async release(context: Context): Promise<void> {
    for (const { request, reply } of this.#locked.values()) {
      const locked = await reply.catch(() => undefined);
      if (locked?.type === "done") await this.#host.perform({ ...request, type: "unlock" }, context).catch(() => undefined);
    }
  }
}

function placeOf({ root, path }: { root: string; path: string }): string {
  return JSON.stringify([root, path]);
}
