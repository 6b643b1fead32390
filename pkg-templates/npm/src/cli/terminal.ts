/**
 * Where the command line speaks: results on stdout, everything else on stderr, colours only on a terminal, and with `--json` one
 * document on stdout and nothing else there. It formats; it knows no command.
 */
import type { WriteStream } from "node:tty";
import type { PackwrightError } from "../error.js";
import type { ProgressEvent, Subscriber } from "../progress.js";
import type { Diagnostic, Location } from "../protocol.js";

const CODES = { bold: [1, 22], dim: [2, 22], red: [31, 39], green: [32, 39], yellow: [33, 39], cyan: [36, 39] } as const;

/** Colours text, or leaves it as it is where colours are not wanted. */
export type Paint = (style: keyof typeof CODES, text: string) => string;

export class Terminal {
  readonly json: boolean;
  /** Whether someone reads stdout on a terminal; others get one plain line per item. */
  readonly tidy: boolean;
  /** Whether someone is there to answer. */
  readonly attended: boolean;
  readonly paint: Paint;
  readonly #paintError: Paint;
  #done: object = {};

  constructor(json: boolean) {
    this.json = json;
    this.tidy = process.stdout.isTTY === true;
    this.attended = !json && process.stdin.isTTY === true && process.stderr.isTTY === true;
    this.paint = painter(process.stdout);
    this.#paintError = painter(process.stderr);
  }

  /** Prints the result: as a document with `--json`, else as lines. */
  result(document: unknown, lines: () => readonly string[]): void {
    if (this.json) process.stdout.write(`${JSON.stringify(document, null, 2)}\n`);
    else this.print(lines());
  }

  /** Keeps what is done already: with `--json` it is part of the document also if the rest fails. */
  keep(document: object): void {
    this.#done = document;
  }

  /** Prints lines for people; nothing with `--json`. */
  print(lines: readonly string[]): void {
    if (!this.json && lines.length > 0) process.stdout.write(`${harmless(lines.join("\n"))}\n`);
  }

  /** Says one thing on stderr that is worth knowing and no problem; nothing with `--json`. */
  note(text: string): void {
    if (!this.json) process.stderr.write(`${harmless(text)}\n`);
  }

  /** Does work and shows on stderr how it goes on; nothing with `--json`. */
  async watch<T>(work: (onProgress: Subscriber<ProgressEvent> | undefined) => Promise<T>): Promise<T> {
    if (this.json) return work(undefined);
    const { displayOn } = await import("./progress.js");
    const display = displayOn(process.stderr, this.#paintError);
    try {
      return await work((event) => display.show(event));
    } finally {
      display.end();
    }
  }

  /** Tells what went wrong. */
  fail(error: PackwrightError): void {
    const { code, exitCode, diagnostics } = error;
    if (this.json) this.result({ ...this.#done, error: { code, exitCode, diagnostics } }, () => []);
    else this.report(diagnostics);
  }

  /** Prints diagnostics on stderr; with `--json` they are part of the document. */
  report(diagnostics: readonly Diagnostic[]): void {
    if (this.json || diagnostics.length === 0) return;
    const told = diagnostics.map((diagnostic) => explanation(diagnostic, this.#paintError).join("\n"));
    process.stderr.write(`${harmless(told.join("\n\n"))}\n`);
  }
}

/**
 * Text that a terminal only shows. Packs, registries and files are strangers' texts: of control characters and of those that turn the
 * direction of writing only line breaks, tabs and our own colours are let through.
 */
export function harmless(text: string): string {
  const steering = /(\x1b\[(?:1|2|22|3[12369])m)|[\0-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/g;
  return text.replace(steering, (_, ours?: string) => ours ?? "\ufffd");
}

function painter(stream: WriteStream): Paint {
  // Not a terminal: Node leaves both properties out. `hasColors` reads NO_COLOR, FORCE_COLOR and TERM.
  const coloured = stream.isTTY === true && stream.hasColors();
  return (style, text) => (coloured ? `\x1b[${CODES[style][0]}m${text}\x1b[${CODES[style][1]}m` : text);
}

// The same lines in the same order as the core's own text of a diagnostic.
function explanation(diagnostic: Diagnostic, paint: Paint): string[] {
  const { severity, code, message, causes, location, frame, suggestion } = diagnostic;
  return [
    `${paint(severity === "error" ? "red" : "yellow", `${severity}[${code}]`)}: ${message}`,
    ...(location === null ? [] : [`  at ${place(location)}`]),
    ...causes.map((cause) => `  because ${cause}`),
    ...(frame === null ? [] : coloured(frame.trimEnd(), paint).map((line) => `    ${line}`)),
    ...(suggestion === null ? [] : [`  ${paint("cyan", "help:")} ${suggestion}`]),
  ];
}

function place({ file, line, column, pack }: Location): string {
  const position = [file, line, column].filter((part) => part !== null).join(":");
  return pack === null ? position : `${pack}: ${position}`;
}

/** The lines of a unified diff or of a source frame, coloured as diffs are. */
export function coloured(diff: string, paint: Paint): string[] {
  return diff.split("\n").map((line) => {
    if (line.startsWith("+")) return paint("green", line);
    if (line.startsWith("-")) return paint("red", line);
    return line.startsWith("@@") ? paint("cyan", line) : line;
  });
}

/** Rows in aligned columns. Columns that are empty in every row are left out. */
export function aligned(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  const line = (row: readonly string[]): string[] => row.flatMap((cell, column) => (widths[column] ? [cell.padEnd(widths[column])] : []));
  return rows.map((row) => line(row).join("  ").trimEnd());
}

/** A number of bytes as people read it. */
export function bytes(count: number): string {
  if (count < 1000) return `${count} B`;
  return count < 1_000_000 ? `${(count / 1000).toFixed(1)} kB` : `${(count / 1_000_000).toFixed(1)} MB`;
}

/** How long ago something was, in the largest unit that says enough. Milliseconds. */
export function age(elapsed: number): string {
  const seconds = Math.max(0, Math.floor(elapsed / 1000));
  const [length, unit] = AGES.find(([least]) => seconds >= least) ?? [1, "second"];
  return counted(Math.floor(seconds / length), unit);
}

const AGES = [
  [86_400, "day"],
  [3600, "hour"],
  [60, "minute"],
] as const;

/** A word as a shell reads it. */
export function quoted(word: string): string {
  return /^[\w./@:=+-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

/** `1 file`, `2 files`. */
export function counted(count: number, thing: string, things = `${thing}s`): string {
  return `${count} ${count === 1 ? thing : things}`;
}
