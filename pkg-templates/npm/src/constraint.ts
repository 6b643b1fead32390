/**
 * Versions and constraints without packs or registries, for build tooling. What a constraint means is the core's to say; this module
 * carries texts there and answers back.
 */
import { load, matching, type WasmSource } from "./core.js";
import { usage } from "./error.js";

/** How constraints are read. */
export interface MatchOptions {
  /** Whether pre-releases match although no comparator names one. */
  prerelease?: boolean | undefined;
}

/**
 * Functions over version constraints. They need no `this`, so that they can be taken apart.
 *
 * The grammar is Cargo's, with npm's on top (`||`, spaces as AND, hyphen ranges, `1.x`); a bare version is caret, as in Cargo. Versions are
 * those of SemVer 2.0; build metadata is never compared.
 *
 * Each throws a `PackwrightError` that names the text: `invalid-version`, `invalid-constraint`, or `usage` for what is not a text.
 */
export interface Constraints {
  /** Whether a version satisfies a constraint. */
  readonly satisfies: (version: string, constraint: string, options?: MatchOptions) => boolean;
  /**
   * Whether each version satisfies the constraint at its place, for lists of one length. Many pairs cost far less than as many calls of
   * `satisfies`: they cross to the core at once, and equal texts are read once.
   */
  readonly satisfiesAll: (versions: readonly string[], constraints: readonly string[], options?: MatchOptions) => boolean[];
  /** The highest of some versions that satisfies a constraint; `null` if none does. */
  readonly maxSatisfying: (versions: readonly string[], constraint: string, options?: MatchOptions) => string | null;
  /** The lowest of some versions that satisfies a constraint; `null` if none does. */
  readonly minSatisfying: (versions: readonly string[], constraint: string, options?: MatchOptions) => string | null;
  /** Whether some version satisfies both constraints. */
  readonly intersects: (one: string, other: string, options?: MatchOptions) => boolean;
  /** Whether every version that satisfies `one` satisfies `other`. */
  readonly isSubset: (one: string, other: string) => boolean;
  /** The shortest readable constraint for the same versions, such as `^1.2.0` for `1.2`; equal sets have equal forms. */
  readonly normalize: (constraint: string) => string;
}

/** Loads the core and gives its functions over constraints. */
export async function constraintsOn(wasm: () => WasmSource | Promise<WasmSource>): Promise<Constraints> {
  await load(wasm);
  return { satisfies, satisfiesAll, maxSatisfying, minSatisfying, intersects, isSubset, normalize };
}

function satisfies(version: string, constraint: string, options?: MatchOptions): boolean {
  return satisfiesAll([version], [constraint], options)[0] === true;
}

function satisfiesAll(versions: readonly string[], constraints: readonly string[], options?: MatchOptions): boolean[] {
  if (list(versions).length !== list(constraints).length) {
    const counts = `there are ${versions.length} versions and ${constraints.length} constraints`;
    throw usage(counts, "each version goes with the constraint at its place");
  }
  const [some, others] = [distinct(versions), distinct(constraints)];
  const bytes = matching.satisfies(some.texts, others.texts, some.places, others.places, admits(options));
  // `Array.from` takes five times as long, as much as all the matching.
  const fits = new Array<boolean>(bytes.length);
  for (let place = 0; place < bytes.length; place += 1) fits[place] = bytes[place] === 1;
  return fits;
}

function maxSatisfying(versions: readonly string[], constraint: string, options?: MatchOptions): string | null {
  return matching.maxSatisfying(joined(list(versions)), text(constraint), admits(options)) ?? null;
}

function minSatisfying(versions: readonly string[], constraint: string, options?: MatchOptions): string | null {
  return matching.minSatisfying(joined(list(versions)), text(constraint), admits(options)) ?? null;
}

function intersects(one: string, other: string, options?: MatchOptions): boolean {
  return matching.intersects(text(one), text(other), admits(options));
}

function isSubset(one: string, other: string): boolean {
  return matching.isSubset(text(one), text(other));
}

function normalize(constraint: string): string {
  return matching.normalize(text(constraint));
}

function admits(options: MatchOptions | undefined): boolean {
  return options?.prerelease === true;
}

/** The texts of a list, each once, and for each place of the list which of them stands there. */
function distinct(all: readonly string[]): { texts: string; places: Uint32Array } {
  const known = new Map<string, number>();
  const places = new Uint32Array(all.length);
  for (const [at, each] of all.entries()) {
    const place = known.get(each) ?? known.size;
    if (place === known.size) known.set(each, place);
    places[at] = place;
  }
  return { texts: joined([...known.keys()]), places };
}

function joined(texts: readonly string[]): string {
  return texts.map((each) => `${text(each)}\0`).join("");
}

/** A text as it can cross. A zero byte stands behind each of many; one inside becomes another character that fits nowhere either. */
function text(value: unknown): string {
  if (typeof value !== "string") throw usage(`\`${String(value)}\` is not a text`);
  return value.replaceAll("\0", "\ufffd");
}

function list(value: readonly string[]): readonly string[] {
  if (!Array.isArray(value)) throw usage(`\`${String(value)}\` is not a list`);
  return value;
}
