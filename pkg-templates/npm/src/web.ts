/** What all entry points outside Node share: a host that fetches, and registries at addresses. */
import { browserHost } from "./browser.js";
import { usage } from "./error.js";
import type { Platform } from "./open.js";

/** The platform of browsers and workers; only where the core comes from differs between their entry points. */
export function web(wasm: Platform["wasm"]): Platform {
  return {
    wasm,
    host: (cache) => browserHost({ cache }),
    registry: undefined,
    locate: (place) => ({ url: place }),
    address(url) {
      try {
        return new URL(url, globalThis.document?.baseURI ?? globalThis.location?.href).href;
      } catch {
        throw usage(`the registry \`${url}\` is not an address`, "for example https://packs.example.com/");
      }
    },
    resolve: (directory) => directory,
  };
}
