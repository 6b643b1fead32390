/** `dependencies`: shows what packs need and why. The core resolves and finds the words; this prints them. */
import { usage } from "../error.js";
import type { Flags } from "./commands.js";
import { drawnChanges } from "./changes.js";
import { numberOf, opened, type Run, selectionOf } from "./run.js";
import type { Paint } from "./terminal.js";

export async function dependencies(run: Run): Promise<void> {
  const { operands, flags, terminal, signal } = run;
  const { why, invert, format } = flags;
  const shape = (["invert", "depth", "format"] as const).find((flag) => flags[flag] !== undefined);
  if (why !== undefined && shape !== undefined) throw usage(`\`--why\` and \`--${shape}\` do not go together`, "leave one of them out");
  if ((format ?? "tree") !== "tree" && (invert ?? flags.depth) !== undefined) {
    throw usage(`\`--format ${format}\` shows the whole graph, without \`--invert\` and \`--depth\``, "leave them out, or show a tree");
  }
  const asked = { packs: operands, ...selectionOf(flags), directory: directoryOf(operands, flags), signal };
  const view = { why, invert, format, depth: depthOf(flags) };
  const pw = await opened(run, asked.directory);
  const found = await terminal.watch((onProgress) => pw.dependencies({ ...asked, ...view, onProgress }));
  terminal.report(found.warnings);
  terminal.result(found, () => {
    const lines = found.text.trimEnd().split("\n");
    // What other programs read, and what was asked about one name, stands alone.
    if (why !== undefined || (format ?? "tree") !== "tree") return lines;
    return [...lines.map((line) => dimmed(line, terminal.paint)), ...drawnChanges(found.changes, terminal.paint)];
  });
}

/** Where there is a lockfile to go by: packs that are named stand for themselves unless a flag is about it. */
function directoryOf(packs: readonly string[], { output, update, locked }: Flags): string | undefined {
  return output ?? (packs.length === 0 || update !== undefined || locked ? "." : undefined);
}

function depthOf({ depth }: Flags): number | undefined {
  return depth === undefined ? undefined : numberOf("depth", depth, "a number of levels", 99_999);
}

/** A line of a tree, its branches less bright than its names. */
function dimmed(line: string, paint: Paint): string {
  return line.replace(/^[│├└─ ]+/, (branches) => paint("dim", branches));
}
