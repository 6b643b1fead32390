/**
 * The cache of Node, in a directory, on cacache: whatever it gives was checked against the digest it was written with, and several
 * processes may use it at once. Loading cacache takes longer than many a command, so it waits for the first use.
 */
import { mkdir, stat, utimes } from "node:fs/promises";
import type { CacheObject } from "cacache";
import type { ByteCache } from "./cache.js";
import type { Kept } from "./protocol.js";

const DAY = 24 * 60 * 60 * 1000;

/** What is damaged or half gone. */
const DAMAGE: readonly unknown[] = ["EINTEGRITY", "EBADSIZE", "ENOENT"];

/** Something that is kept. Times are milliseconds since 1970. */
export interface CacheEntry {
  key: string;
  /** The text that the core wrote beside it. */
  meta: string;
  /** In bytes. */
  size: number;
  written: number;
  /** To the day. */
  used: number;
}

/** What clearing up came to. */
export interface Sweep {
  /** How many entries are left. */
  kept: number;
  /** Their bytes. */
  bytes: number;
  /** How many contents were not what was written, and are gone. */
  damaged: number;
  /** How many entries went, the damaged ones among them. */
  removed: number;
  /** The bytes that are free again, those of replaced entries among them. */
  freed: number;
}

/** A cache in a directory, which is made when something is to be kept. */
export class DiskCache implements ByteCache {
  readonly directory: string;

  constructor(directory: string) {
    this.directory = directory;
  }

  async read(key: string, maxBytes: number): Promise<Kept | null> {
    const { get } = await cacache();
    const entry = await get.info(this.directory, key);
    const meta: unknown = entry?.metadata;
    if (entry?.size === undefined || entry.size > maxBytes || typeof meta !== "string") return null;
    try {
      const body = await get.byDigest(this.directory, entry.integrity, { size: entry.size });
      await markUsed(entry.path);
      return { meta, body };
    } catch (thrown) {
      if (thrown instanceof Error && "code" in thrown && DAMAGE.includes(thrown.code)) return null;
      throw thrown;
    }
  }

  async write(key: string, { meta, body }: Kept): Promise<void> {
    const { put } = await cacache();
    // Private packs are in it.
    await mkdir(this.directory, { recursive: true, mode: 0o700 });
    await put(this.directory, key, Buffer.from(body.buffer, body.byteOffset, body.byteLength), { metadata: meta, size: body.length });
  }

  /** All that is kept, by key. */
  async list(): Promise<CacheEntry[]> {
    const { ls } = await cacache();
    const entries = Object.values(await ls(this.directory)).filter(says).map(async ({ key, metadata, size, time, path }) => {
      const used = await lastUse(path);
      return { key, meta: String(metadata), size, written: time, used: Math.max(time, used ?? time) };
    });
    return (await Promise.all(entries)).sort((one, other) => (one.key < other.key ? -1 : 1));
  }

  /** Reads everything, removes what is damaged, and gives the room back that nothing uses. */
  verify(): Promise<Sweep> {
    return this.#sweep(says);
  }

  /** As `verify`, and removes what was not used for so many days. */
  async prune(days: number): Promise<Sweep> {
    const since = Date.now() - days * DAY;
    const stale = new Set((await this.list()).filter(({ used }) => used < since).map(({ key }) => key));
    return this.#sweep((entry) => says(entry) && !stale.has(entry.key));
  }

  /** Removes everything. */
  async clear(): Promise<void> {
    const { rm } = await cacache();
    await rm.all(this.directory);
  }

  async #sweep(stays: (entry: CacheObject) => boolean): Promise<Sweep> {
    const { verify } = await cacache();
    // Its types say little of what it takes and nothing of what it gives.
    const found = (await verify(this.directory, { filter: stays } as object)) as unknown as Verification;
    return {
      kept: found.totalEntries,
      bytes: found.keptSize,
      damaged: found.badContentCount,
      removed: found.rejectedEntries,
      freed: found.reclaimedSize,
    };
  }
}

/** Whether there is anything to know of an entry: of what it wants forgotten, the core says nothing. */
function says({ metadata }: CacheObject): boolean {
  return typeof metadata === "string" && metadata !== "";
}

/** What cacache counts. */
interface Verification {
  totalEntries: number;
  keptSize: number;
  badContentCount: number;
  rejectedEntries: number;
  reclaimedSize: number;
}

async function cacache(): Promise<typeof import("cacache")> {
  return (await import("cacache")).default;
}

/** Notes in the content's own time that it was used; once a day is enough. Where nothing can be written, reading goes on all the same. */
async function markUsed(path: string): Promise<void> {
  const now = Date.now();
  if (now - ((await lastUse(path)) ?? now) < DAY) return;
  await utimes(path, new Date(now), new Date(now)).catch(() => undefined);
}

async function lastUse(path: string): Promise<number | undefined> {
  return stat(path).then(
    ({ mtimeMs }) => mtimeMs,
    () => undefined,
  );
}
