/** `undo`: takes the last write into a directory back, and says path by path what that did. */
import { statSync } from "node:fs";
import { usage } from "../error.js";
import type { TakenBack } from "../index.node.js";
import type { UndoneAction } from "../protocol.js";
import { opened, type Run } from "./run.js";
import { aligned, type Paint, quoted, type Terminal } from "./terminal.js";

const LOOKS: Readonly<Record<UndoneAction, { mark: string; style: Parameters<Paint>[0]; did: string; would: string }>> = {
  create: { mark: "+", style: "green", did: "brought back", would: "to bring back" },
  change: { mark: "~", style: "yellow", did: "restored", would: "to restore" },
  delete: { mark: "-", style: "red", did: "removed", would: "to remove" },
};

export async function undo(run: Run): Promise<void> {
  const { flags, terminal, signal } = run;
  const { output: directory = ".", force, trust, "dry-run": dryRun = false } = flags;
  if (statSync(directory, { throwIfNoEntry: false })?.isFile()) {
    throw usage(`\`${directory}\` is a file`, "name the directory that was written: `--output DIR`");
  }
  const options = { force, trust, dryRun, wait: !flags["no-wait"], signal };
  const pw = await opened(run, directory);
  const taken = await terminal.watch((onProgress) => pw.undo(directory, { ...options, onProgress }));
  terminal.report(taken.warnings);
  const drawn = drawnPaths(taken, terminal);
  const ending = dryRun
    ? `Nothing was written: ${tally(taken, "would")}`
    : `Took back the last write into ${directory}: ${tally(taken, "did")}; \`${undoOf(directory)}\` brings it again`;
  terminal.result({ directory, ...taken, written: !dryRun && taken.undone.length > 0 }, () =>
    drawn.length === 0 ? [`Nothing to do: ${directory} is as it was before the last write`] : [...drawn, "", ending],
  );
}

/** The command that takes back what was written into a directory. */
export function undoOf(directory: string): string {
  return `packwright undo${directory === "." ? "" : ` --output ${quoted(directory)}`}`;
}

function drawnPaths({ undone }: TakenBack, { paint, tidy }: Terminal): string[] {
  const lines = aligned(undone.map(({ action, path }) => [tidy ? LOOKS[action].mark : action, path]));
  return lines.map((line, at) => paint(LOOKS[undone[at]?.action ?? "change"].style, line));
}

/** How much came back, changed and went, such as `1 restored, 2 removed`. */
function tally({ undone }: TakenBack, tense: "did" | "would"): string {
  const counts = Object.entries(LOOKS).map(([action, look]) => [undone.filter((one) => one.action === action).length, look[tense]]);
  return counts.flatMap(([number, words]) => (number === 0 ? [] : [`${number} ${words}`])).join(", ");
}
