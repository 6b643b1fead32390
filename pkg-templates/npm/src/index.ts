/** The entry point for browsers, workers and bundlers: the core is fetched from beside this file. */
import { type Constraints, constraintsOn } from "./constraint.js";
import { openOn, type OpenOptions, type Packwright } from "./open.js";
import { web } from "./web.js";

export * from "./public.js";

const platform = web(() => new URL("../packwright.wasm", import.meta.url));

/**
 * Loads the core and opens one or more registries.
 *
 * ```js
 * const pw = await open({ registry: "https://packs.example.com/" });
 * const project = await pw.generate({ packs: ["rust-cli@^1"], answers: { project_name: "demo" } });
 * await project.write("demo");
 * ```
 *
 * @throws PackwrightError `internal` when the core cannot be loaded, `usage` when there is no registry to open. A registry that is out of
 * reach is noticed by the first call that needs it.
 */
export function open(options: OpenOptions = {}): Promise<Packwright> {
  return openOn(platform, options);
}

/**
 * Loads the core and gives its functions over constraints, for which no registry is needed.
 *
 * ```js
 * const { satisfies, maxSatisfying } = await constraints();
 * satisfies("1.4.2", "^1.2 || ^2"); // true
 * ```
 *
 * @throws PackwrightError `internal` when the core cannot be loaded.
 */
export function constraints(): Promise<Constraints> {
  return constraintsOn(platform.wasm);
}
