/**
 * The host for browsers, workers and other places without a file system: it fetches and keeps what it is told to, and refuses everything
 * else.
 */
import { browserCache } from "./cache.browser.js";
import { asksCache, onCache } from "./cache.js";
import { fetchBytes } from "./fetch.js";
import { failure, type Host } from "./host.js";

/** The name under which an origin keeps what this package caches. */
const CACHE = "packwright";

/** How the host for browsers is set up. */
export interface BrowserHostOptions {
  /** The name of the cache to use, or `false` for none. Absent: `packwright`. */
  cache?: string | false | undefined;
}

/** A host that fetches, with the platform's cache if it has one. */
export function browserHost({ cache: name = CACHE }: BrowserHostOptions = {}): Host {
  const cache = name === false ? undefined : browserCache(name);
  // What has an address of its own is a page or a worker of one. There redirects are the browser's own affair, and so is revalidation;
  // in servers and Node `fetch` hands redirects over and has no cache.
  const inBrowser = globalThis.location !== undefined;
  return {
    capabilities: { rename: false, modes: false, cache: cache !== undefined, redirects: !inBrowser, httpCache: inBrowser },
    async perform(request, context) {
      if (request.type === "fetch") return fetchBytes(request, inBrowser ? "follow" : "manual", context);
      if (asksCache(request)) return onCache(cache, request);
      return failure("unsupported", "there is no file system here; pass a host that has one to open()");
    },
  };
}
