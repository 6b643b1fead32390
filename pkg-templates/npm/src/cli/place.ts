/** Where packs are installed: what `--output` and `--target` say. */
import { statSync } from "node:fs";
import { dirname, isAbsolute, join, relative, resolve, sep } from "node:path";
import type { Flags } from "./commands.js";

/** Where a project is, and where in it packs go. */
export interface Place {
  directory: string;
  /** Relative to the directory, with `/`; nothing: where they are, or where they usually go. */
  into: string | undefined;
}

/**
 * What lies outside of the project, or on another file system so that nothing could be moved there from within it, is a project of its
 * own, which its packs go right into.
 */
export function placeOf({ target, output = "." }: Flags): Place {
  if (target === undefined) return { directory: output, into: undefined };
  const path = relative(resolve(output), resolve(target));
  const outside = path === ".." || path.startsWith(`..${sep}`) || isAbsolute(path);
  if (outside || deviceOf(resolve(target)) !== deviceOf(resolve(output))) return { directory: target, into: "" };
  return { directory: output, into: path.split(sep).join("/") };
}

/** What people call the directory that packs go into. */
export function shownOf({ directory }: Place, into: string): string {
  return join(directory, into);
}

/** The file system that a directory is on, or will be once it is made. */
function deviceOf(directory: string): number | undefined {
  const found = statSync(directory, { throwIfNoEntry: false });
  if (found !== undefined) return found.dev;
  const parent = dirname(directory);
  return parent === directory ? undefined : deviceOf(parent);
}
