/** The entry point without the core: the caller says where it comes from. For editors, and for bundles that place the file themselves. */
import { type Constraints, constraintsOn } from "./constraint.js";
import type { WasmSource } from "./core.js";
import { openOn, type OpenOptions, type Packwright } from "./open.js";
import { web } from "./web.js";

export * from "./public.js";

/** Where the core comes from. */
export interface CoreOptions {
  /** The core: its bytes, a compiled module, a response with its bytes, or its address. Only the first call's is used. */
  wasm: WasmSource | Promise<WasmSource>;
}

/** What `open` of this entry point takes. */
export interface SlimOptions extends OpenOptions, CoreOptions {}

/** Loads the core from `options.wasm` and opens one or more registries. */
export function open(options: SlimOptions): Promise<Packwright> {
  return openOn(web(() => options.wasm), options);
}

/** Loads the core from `options.wasm` and gives its functions over constraints, for which no registry is needed. */
export function constraints(options: CoreOptions): Promise<Constraints> {
  return constraintsOn(() => options.wasm);
}
