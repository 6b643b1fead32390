/** The entry point for Node: the core and the starter registry are read from this package, and projects are written to disk. */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { nodeHost } from "./node.js";
import { type Constraints, constraintsOn } from "./constraint.js";
import { openOn, type OpenOptions, type Packwright, type Platform } from "./open.js";

export * from "./public.js";

const platform: Platform = {
  wasm: () => new WebAssembly.Module(readFileSync(new URL("../packwright.wasm", import.meta.url))),
  host: nodeHost,
  registry: { id: "starter", directory: fileURLToPath(new URL("../registry", import.meta.url)) },
  locate(place) {
    const text = String(place);
    if (/^https?:/i.test(text)) return { url: text };
    return { directory: text.startsWith("file:") ? fileURLToPath(text) : text };
  },
  address: String,
  resolve,
};

/** Loads the core and opens one or more registries. */
export function open(options: OpenOptions = {}): Promise<Packwright> {
  return openOn(platform, options);
}

/** Loads the core and gives its functions over constraints, for which no registry is needed. */
export function constraints(): Promise<Constraints> {
  return constraintsOn(platform.wasm);
}
