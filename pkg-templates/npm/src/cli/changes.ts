/** Draws how packs and packages differ from what packwright.lock has. */
import type { Change } from "../protocol.js";
import type { Paint } from "./terminal.js";

/** A blank line, a heading and a line for each change; nothing if there are none. */
export function drawnChanges(changes: readonly Change[], paint: Paint): string[] {
  if (changes.length === 0) return [];
  return ["", "Against packwright.lock:", ...changes.map((change) => `  ${drawn(change, paint)}`)];
}

function drawn({ identity, from, to }: Change, paint: Paint): string {
  if (from === null) return paint("green", `+ ${identity} ${to}`);
  if (to === null) return paint("red", `- ${identity} ${from}`);
  return paint("yellow", `~ ${identity} ${from} -> ${to}`);
}
