/**
 * Remembers for as long as a `Packwright` is in use what its cache and its directory registries gave, so that asking for the questions
 * after every key press costs neither traffic nor disk. How fresh that still is, the core judges by what it wrote beside it. A cache that
 * fails is like one that has nothing. Failures are asked for again, and the target and source directories are never remembered.
 */
import type { CacheRequest } from "./cache.js";
import type { Context, Host, HostRequest } from "./host.js";
import type { Kept, Reply } from "./protocol.js";

/** What is remembered of the cache at most; what was used longest ago goes first. Bytes. */
const LIMIT = 128 * 1024 * 1024;

/** A host with a memory. */
export interface RememberingHost extends Host {
  /** The same host for what changes or judges a registry: of directories it remembers nothing. */
  readonly anew: Host;
  /** Forgets what directories gave. */
  forget(): void;
}

/** A host that asks another for what it does not remember. It can cache, even if the other one cannot. */
export function remembering(host: Host): RememberingHost {
  const cached = new Memory();
  const read = new Map<string, Reply>();
  const caches = host.capabilities.cache === true;

  const recall = async (request: CacheRequest & { type: "cache-read" }, context: Context): Promise<Reply> => {
    const known = cached.get(request.key);
    if (known !== undefined) return { type: "cached", found: known.body.length > request.maxBytes ? null : known };
    const found = caches ? await kept(host, request, context) : null;
    if (found !== null) cached.set(request.key, found);
    return { type: "cached", found };
  };

  const keep = async (request: CacheRequest & { type: "cache-write" }, context: Context): Promise<Reply> => {
    cached.set(request.key, { meta: request.meta, body: request.body });
    if (caches) await host.perform(request, context).catch(() => undefined);
    return { type: "done" };
  };

  const anew: Host = {
    capabilities: { ...host.capabilities, cache: true },
    perform(request, context) {
      if (request.type === "cache-read") return recall(request, context);
      if (request.type === "cache-write") return keep(request, context);
      return host.perform(request, context);
    },
  };

  return {
    capabilities: anew.capabilities,
    anew,
    forget: () => read.clear(),
    async perform(request, context) {
      if (!looksIntoRegistry(request)) return anew.perform(request, context);
      const key = JSON.stringify({ ...request, id: 0 });
      const remembered = read.get(key);
      if (remembered !== undefined) return remembered;
      const reply = await host.perform(request, context);
      if (reply.type !== "error") read.set(key, reply);
      return reply;
    },
  };
}

async function kept(host: Host, request: CacheRequest, context: Context): Promise<Kept | null> {
  const reply = await host.perform(request, context).catch(() => undefined);
  return reply?.type === "cached" ? reply.found : null;
}

function looksIntoRegistry(request: HostRequest): boolean {
  const looks = request.type === "read" || request.type === "list" || request.type === "stat";
  return looks && request.root.startsWith("registry:");
}

/** What is kept, up to a number of bytes. */
class Memory {
  // In the order of use.
  readonly #known = new Map<string, Kept>();
  #size = 0;

  get(key: string): Kept | undefined {
    const found = this.#take(key);
    if (found !== undefined) this.set(key, found);
    return found;
  }

  set(key: string, kept: Kept): void {
    this.#take(key);
    this.#known.set(key, kept);
    this.#size += kept.body.length;
    for (const oldest of this.#known.keys()) {
      if (this.#size <= LIMIT) return;
      this.#take(oldest);
    }
  }

  #take(key: string): Kept | undefined {
    const found = this.#known.get(key);
    this.#known.delete(key);
    this.#size -= found?.body.length ?? 0;
    return found;
  }
}
