/** Draws what a plan would change in files: unified diffs, and for `--diff` those of new files from nothing. */
import type { Operation, Plan } from "../protocol.js";
import { bytes, coloured, type Paint } from "./terminal.js";

/** What larger files hold is not shown, as the core does not compare them. Bytes. */
const MOST = 256 * 1024;

/** The bytes of files by their paths. */
type Files = ReadonlyMap<string, Uint8Array>;

/** How the files that stand there would change, each behind a blank line. */
export function drawnDiffs({ operations }: Plan, paint: Paint): string[] {
  return operations.flatMap((operation) => drawnChange(operation, paint));
}

/** How all files would change, the new ones, too. */
export function drawnAllDiffs({ operations }: Plan, files: Files, paint: Paint): string[] {
  return operations.flatMap((operation) => {
    const { action, path, diff } = operation;
    if (action === "unchanged" || action === "skip") return [];
    if (diff !== null) return drawnChange(operation, paint);
    return ["", ...coloured((action === "create" ? creation(operation, files.get(path)) : hidden(operation)).trimEnd(), paint)];
  });
}

function drawnChange({ action, diff }: Operation, paint: Paint): string[] {
  return diff === null || action === "skip" ? [] : ["", ...coloured(diff.trimEnd(), paint)];
}

/** The diff of a new file. */
function creation(operation: Operation, content: Uint8Array | undefined): string {
  const { path, secret } = operation;
  const text = content === undefined || secret || content.length > MOST ? undefined : textOf(content);
  if (text === undefined) return hidden(operation);
  const heading = `--- /dev/null\n+++ b/${path}`;
  if (text === "") return heading;
  const lines = text.replace(/\n$/, "").split("\n");
  const end = text.endsWith("\n") ? "" : "\n\\ No newline at end of file";
  const span = lines.length === 1 ? "1" : `1,${lines.length}`;
  return `${heading}\n@@ -0,0 +${span} @@\n${lines.map((line) => `+${line}`).join("\n")}${end}`;
}

/** Why there is nothing to show of a file that changes. */
function hidden({ action, path, secret, size, mode, before, hash }: Operation): string {
  const heading = `--- ${action === "create" ? "/dev/null" : `a/${path}`}\n+++ b/${path}`;
  if (before === hash) return `${heading}\nIts mode becomes ${mode}`;
  return `${heading}\n${secret ? "It holds a secret" : `${bytes(size)}, not text or too much to show`}`;
}

/** The text in some bytes; nothing if they hold none. */
export function textOf(content: Uint8Array): string | undefined {
  if (content.includes(0)) return undefined;
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(content);
  } catch {
    return undefined;
  }
}
