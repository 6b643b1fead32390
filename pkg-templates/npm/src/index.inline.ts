/** The entry point that carries the core in its own source, for bundlers and servers that cannot deliver a `.wasm` file. */
import { type Constraints, constraintsOn } from "./constraint.js";
import { openOn, type OpenOptions, type Packwright } from "./open.js";
import compressed from "./wasm-base64.js";
import { web } from "./web.js";

export * from "./public.js";

const platform = web(async () => {
  const bytes = Uint8Array.from(atob(compressed), (character) => character.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(stream).arrayBuffer();
});

/** Loads the core and opens one or more registries. */
export function open(options: OpenOptions = {}): Promise<Packwright> {
  return openOn(platform, options);
}

/** Loads the core and gives its functions over constraints, for which no registry is needed. */
export function constraints(): Promise<Constraints> {
  return constraintsOn(platform.wasm);
}
