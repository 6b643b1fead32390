/** `cache list`, `verify`, `prune` and `clear`: what is kept of what servers sent. */
import { type CacheEntry, DiskCache, type Sweep } from "../cache.node.js";
import { diagnostic, PackwrightError, reason, usage } from "../error.js";
import { configuration, numberOf, type Run } from "./run.js";
import { age, aligned, bytes, counted } from "./terminal.js";

export async function listCache(run: Run): Promise<void> {
  const { terminal } = run;
  const cache = await cacheOf(run);
  const entries = await working(cache, () => cache.list());
  const total = entries.reduce((sum, { size }) => sum + size, 0);
  const listed = entries.map((entry) => {
    const { key, size, written, used } = entry;
    return { key, url: urlOf(entry), size, written: new Date(written).toISOString(), used: new Date(used).toISOString() };
  });
  terminal.result({ directory: cache.directory, entries: listed, bytes: total }, () => {
    const rows = entries.map((entry) => [urlOf(entry), bytes(entry.size), age(Date.now() - entry.written)]);
    if (!terminal.tidy) return aligned(rows);
    if (rows.length === 0) return [`Nothing is cached in ${cache.directory}`];
    const [headings = "", ...lines] = aligned([["ADDRESS", "SIZE", "AGE"], ...rows]);
    const sum = `${counted(rows.length, "entry", "entries")} (${bytes(total)}) in ${cache.directory}`;
    return [terminal.paint("bold", headings), ...lines, "", sum];
  });
}

export async function verifyCache(run: Run): Promise<void> {
  const cache = await cacheOf(run);
  const sweep = await working(cache, () => cache.verify());
  const found = sweep.damaged === 0 ? "nothing is damaged" : `${sweep.damaged} damaged and removed`;
  report(run, cache, sweep, `Verified the cache in ${cache.directory}: ${found}`);
}

export async function pruneCache(run: Run): Promise<void> {
  const days = numberOf("older-than", run.flags["older-than"] ?? "30", "a number of days", 36_500);
  const cache = await cacheOf(run);
  const sweep = await working(cache, () => cache.prune(days));
  report(run, cache, sweep, `Pruned the cache in ${cache.directory}: ${counted(sweep.removed, "entry", "entries")} removed`);
}

export async function clearCache(run: Run): Promise<void> {
  const cache = await cacheOf(run);
  const entries = await working(cache, () => cache.list());
  await working(cache, () => cache.clear());
  const freed = entries.reduce((sum, { size }) => sum + size, 0);
  run.terminal.result({ directory: cache.directory, removed: entries.length, freed }, () => [
    `Removed ${counted(entries.length, "entry", "entries")} (${bytes(freed)}) from the cache in ${cache.directory}`,
  ]);
}

async function cacheOf({ flags }: Run): Promise<DiskCache> {
  const { cache } = (await configuration(flags)).options;
  if (typeof cache === "string") return new DiskCache(cache);
  throw usage("there is no place for a cache", "set PACKWRIGHT_CACHE to a directory");
}

async function working<T>({ directory }: DiskCache, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (thrown) {
    const error = diagnostic("storage", 10, `the cache in \`${directory}\` cannot be used`, [reason(thrown)]);
    throw new PackwrightError([{ ...error, subject: directory }]);
  }
}

function report({ terminal }: Run, { directory }: DiskCache, sweep: Sweep, done: string): void {
  const left = `${counted(sweep.kept, "entry", "entries")} (${bytes(sweep.bytes)}) left, ${bytes(sweep.freed)} freed`;
  terminal.result({ directory, ...sweep }, () => [done, left]);
}

/** The address it came from, which the core notes beside it; the key may be a digest. */
function urlOf({ key, meta }: CacheEntry): string {
  try {
    const { url } = JSON.parse(meta) as { url?: unknown };
    return typeof url === "string" ? url : key;
  } catch {
    return key;
  }
}
