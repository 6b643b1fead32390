/** The entry point for workerd and edge runtimes, which compile the core themselves when it is imported. */
import { type Constraints, constraintsOn } from "./constraint.js";
import { openOn, type OpenOptions, type Packwright } from "./open.js";
import { web } from "./web.js";
import module from "../packwright.wasm";

export * from "./public.js";

const platform = web(() => module);

/** Loads the core and opens one or more registries. */
export function open(options: OpenOptions = {}): Promise<Packwright> {
  return openOn(platform, options);
}

/** Loads the core and gives its functions over constraints, for which no registry is needed. */
export function constraints(): Promise<Constraints> {
  return constraintsOn(platform.wasm);
}
