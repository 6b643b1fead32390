/** The entry point for Node: the core and the starter registry are read from this package, and projects are written to disk. */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { type Configured, type ConfiguredOptions, defaultCache, readConfiguration } from "./configuration.js";
import { load } from "./core.js";
import { nodeHost } from "./node.js";
import { type Constraints, constraintsOn } from "./constraint.js";
import { openOn, type OpenOptions, type Packwright, type Platform } from "./open.js";
import { watchers } from "./watchers.node.js";

export * from "./public.js";
export type { Configured, ConfiguredFile, ConfiguredOptions, ConfiguredRegistry, ConfiguredSetting } from "./configuration.js";

const starter = { id: "starter", directory: fileURLToPath(new URL("../registry", import.meta.url)) };

const platform: Platform = {
  wasm: () => new WebAssembly.Module(readFileSync(new URL("../packwright.wasm", import.meta.url))),
  host: (cache) => nodeHost(cache === false ? undefined : (cache ?? defaultCache())),
  registry: starter,
  locate(place) {
    const text = String(place);
    if (/^(npm\+)?https?:/i.test(text)) return { url: text };
    return { directory: text.startsWith("file:") ? fileURLToPath(text) : text };
  },
  address: String,
  resolve,
  watchers,
};

/** Loads the core and opens one or more registries. */
export function open(options: OpenOptions = {}): Promise<Packwright> {
  return openOn(platform, options);
}

/**
 * What the files `packwright.toml` and `.npmrc` of the user and of the project configure, with the environment: what the command line goes
 * by. `open` looks at none of it by itself.
 *
 * ```js
 * const { options } = await configured({ directory: "demo" });
 * const pw = await open(options);
 * ```
 *
 * @throws PackwrightError `invalid-input` when something in them is wrong, `file-not-found` when one cannot be read.
 */
export async function configured(options: ConfiguredOptions = {}): Promise<Configured> {
  await load(platform.wasm);
  return readConfiguration(options, starter);
}

/** Loads the core and gives its functions over constraints, for which no registry is needed. */
export function constraints(): Promise<Constraints> {
  return constraintsOn(platform.wasm);
}
