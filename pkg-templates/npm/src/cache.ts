/**
 * What hosts keep between runs: bytes by key, with a short text about them. When something is kept, for how long it is good, and what its
 * key is, the core decides.
 */
import { failure, type HostRequest } from "./host.js";
import type { Kept, Reply } from "./protocol.js";

/** A request about the cache. */
export type CacheRequest = HostRequest & { type: "cache-read" | "cache-write" };

/** A place that keeps bytes. Both methods reject when the place cannot be used at all. */
export interface ByteCache {
  /** What was kept last for a key; `null` if there is nothing, or it is damaged, or has more than `maxBytes`. */
  read(key: string, maxBytes: number): Promise<Kept | null>;
  /** Keeps something in place of what the key had. */
  write(key: string, kept: Kept): Promise<void>;
}

/** Whether a request is about the cache. */
export function asksCache(request: HostRequest): request is CacheRequest {
  return request.type === "cache-read" || request.type === "cache-write";
}

/** Carries out a request on a cache, if there is one. */
export async function onCache(cache: ByteCache | undefined, request: CacheRequest): Promise<Reply> {
  if (cache === undefined) return failure("unsupported", "there is no cache here");
  if (request.type === "cache-read") return { type: "cached", found: await cache.read(request.key, request.maxBytes) };
  await cache.write(request.key, { meta: request.meta, body: request.body });
  return { type: "done" };
}
