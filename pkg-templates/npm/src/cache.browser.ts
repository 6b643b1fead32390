/** The cache of browsers and workers, on the Cache API. What is in it goes when the browser needs the room. */
import type { ByteCache } from "./cache.js";

/** The Cache API takes web addresses for keys. This one belongs to nobody. */
const KEYS = "https://packwright.invalid/";

const META = "packwright-meta";

/** The cache of some name of this origin; nothing where the platform has none, as on pages that came without TLS. */
export function browserCache(name: string): ByteCache | undefined {
  // Declared to be everywhere, but it is not.
  const storage = globalThis.caches as CacheStorage | undefined;
  if (storage === undefined) return undefined;
  return {
    async read(key, maxBytes) {
      const found = await (await storage.open(name)).match(address(key));
      const meta = found?.headers.get(META) ?? undefined;
      if (found === undefined || meta === undefined) return null;
      const body = await found.blob();
      return body.size > maxBytes ? null : { meta: decodeURIComponent(meta), body: new Uint8Array(await body.arrayBuffer()) };
    },
    async write(key, { meta, body }) {
      // Headers hold no text but Latin.
      const headers = { [META]: encodeURIComponent(meta) };
      // What crosses from the core is never shared memory.
      await (await storage.open(name)).put(address(key), new Response(body as Uint8Array<ArrayBuffer>, { headers }));
    },
  };
}

function address(key: string): string {
  return KEYS + encodeURIComponent(key);
}
