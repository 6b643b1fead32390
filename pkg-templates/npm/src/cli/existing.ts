/** What becomes of files that stand there with other content: `--existing`, and what a person says to each. */
import { cancelled, usage } from "../error.js";
import type { Project } from "../index.node.js";
import type { IfThere, Operation, Unmergeable } from "../protocol.js";
import type { Existing, Flags } from "./commands.js";
import { coloured, type Terminal } from "./terminal.js";

/** Why there is no merging a file. */
const UNMERGEABLE: Readonly<Record<Unmergeable, string>> = {
  edited: "it cannot be merged: it was generated, you edited it, and the packs give something else by now",
  type: "files of its type cannot be merged",
  clash: "it cannot be merged: it does not go together with what is new",
};

/** What `--existing` says; if it says nothing, whoever is there is asked. */
export function existingOf({ existing, force }: Flags, attended: boolean): Existing {
  if (force && existing !== undefined) throw usage("`--force` and `--existing` do not go together", "`--force` overwrites");
  if (existing === "ask" && !attended) throw usage("`--existing ask` needs somebody to ask", "say `--existing skip`, `overwrite`, `merge` or `abort`");
  return existing ?? (attended && !force ? "ask" : "abort");
}

/** What the core is told of it. */
export function ifThereOf(existing: Existing): IfThere {
  return existing === "ask" || existing === "abort" ? "refuse" : existing;
}

/** Asks about each file in conflict, until there is none that anybody can decide about. Nothing if the person goes back. */
export async function decided(project: Project, terminal: Terminal, signal: AbortSignal): Promise<Project | undefined> {
  const ways = new Map<string, IfThere>();
  const again = (current: Project): Promise<Project> =>
    terminal.watch((onProgress) => current.decide(Object.fromEntries(ways), { signal, onProgress }));
  for (let current = project; ; current = await again(current)) {
    // What is no regular file has no digest; the lockfile has no origin.
    const open = current.plan.operations.filter(({ action, before, origins }) => action === "conflict" && before !== null && origins.length > 0);
    if (open.length === 0) return current;
    for (const operation of open) {
      const way = await wayOf(operation, terminal, signal);
      if (way === undefined) return undefined;
      ways.set(operation.path, way);
    }
  }
}

async function wayOf(operation: Operation, terminal: Terminal, signal: AbortSignal): Promise<IfThere | undefined> {
  const prompt = await import("./prompt.js");
  const { unmergeable } = operation;
  const note = unmergeable === null ? "" : `; ${UNMERGEABLE[unmergeable]}`;
  const options = [
    { value: "skip", label: "Keep mine" },
    { value: "overwrite", label: "Overwrite it" },
    ...(unmergeable === null ? [{ value: "merge", label: "Merge: keep mine, take in what is new" } as const] : []),
    { value: "show", label: "Show again" },
    { value: "stop", label: "Stop, write nothing" },
  ] as const;
  for (;;) {
    terminal.print(["", ...drawn(operation, terminal), ""]);
    const way = await prompt.pick(`${operation.path} is there already and differs${note}`, options, signal);
    if (way === prompt.BACK) return undefined;
    if (way === "stop") throw cancelled();
    if (way !== "show") return way;
  }
}

function drawn({ diff, path, secret }: Operation, { paint }: Terminal): string[] {
  if (diff !== null) return coloured(diff.trimEnd(), paint);
  return [secret ? `${path} holds a secret, so the difference is not shown` : `${path} is not text, or too large to show the difference`];
}
