/** `--resume` and `--rollback`: end a write into a project that was interrupted. How, the core knows. */
import { usage } from "../error.js";
import type { Packwright } from "../index.node.js";
import type { Recovered } from "../protocol.js";
import type { Flags } from "./commands.js";
import { opened, type Run } from "./run.js";
import { counted } from "./terminal.js";

/** What the flags say about a write that was interrupted, if anything. */
export function recovery(flags: Flags): "resume" | "roll-back" | undefined {
  const { resume, rollback } = flags;
  if (!resume && !rollback) return undefined;
  if (resume && rollback) throw usage("`--resume` and `--rollback` do not go together", "finish what was interrupted, or take it back");
  const looking = (["dry-run", "check"] as const).find((flag) => flags[flag]);
  if (looking !== undefined) {
    const pair = `\`--${resume ? "resume" : "rollback"}\` and \`--${looking}\``;
    throw usage(`${pair} do not go together`, `with \`--${looking}\` nothing is written`);
  }
  return resume ? "resume" : "roll-back";
}

/** Ends what was interrupted, and nothing else. */
export async function recover(run: Run, directory: string): Promise<void> {
  const ended = await recovered(await opened(run, directory), run, directory);
  run.terminal.result({ recovered: ended }, () => recoveredLines(ended, directory));
}

/** Ends what was interrupted; `null` if nothing was. */
export async function recovered(pw: Packwright, { flags, terminal, signal }: Run, directory: string): Promise<Recovered | null> {
  const how = recovery(flags) ?? "resume";
  const wait = !flags["no-wait"];
  const found = await terminal.watch((onProgress) => pw.recover(directory, how, { wait, signal, onProgress }));
  terminal.report(found?.warnings ?? []);
  return found;
}

/** What was ended, for people. */
export function recoveredLines(found: Recovered | null, directory: string): string[] {
  if (found === null) return [`Nothing was interrupted in ${directory}`];
  const done = found.how === "resume" ? "Finished" : "Took back";
  return [`${done} what was interrupted in ${directory}: ${counted(found.paths.length, "path")}`];
}
