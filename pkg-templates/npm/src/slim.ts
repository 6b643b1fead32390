/** The entry point without the core: the caller says where it comes from. For editors, and for bundles that place the file themselves. */
import type { WasmSource } from "./core.js";
import { openOn, type OpenOptions, type Packwright } from "./open.js";
import { web } from "./web.js";

export * from "./public.js";

/** What `open` of this entry point takes. */
export interface SlimOptions extends OpenOptions {
  /** The core: its bytes, a compiled module, a response with its bytes, or its address. Only the first call's is used. */
  wasm: WasmSource | Promise<WasmSource>;
}

/** Loads the core from `options.wasm` and opens one or more registries. */
export function open(options: SlimOptions): Promise<Packwright> {
  return openOn(web(() => options.wasm), options);
}
