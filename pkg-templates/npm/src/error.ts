/**
 * The one error of this package, and the three diagnostics that only a host can give. All others come from the core; nothing here
 * decides what they say.
 */
import type { Diagnostic } from "./protocol.js";

/**
 * Every failure of this package.
 *
 * With several problems, `code` and `exitCode` are those of the earliest stage and `diagnostics` has them all.
 */
export class PackwrightError extends Error {
  override readonly name = "PackwrightError";
  /** Stable word for what went wrong, such as `missing-variable`. */
  readonly code: Diagnostic["code"];
  /** What the command line exits with for this error: 1 to 13, 64 (usage), 70 (internal) or 130 (cancelled). */
  readonly exitCode: number;
  /** Every problem found, each with its causes, location and what to try; never empty. */
  readonly diagnostics: readonly Diagnostic[];

  constructor(diagnostics: readonly [Diagnostic, ...Diagnostic[]], options?: ErrorOptions) {
    super(diagnostics.map((diagnostic) => diagnostic.message).join("\n"), options);
    this.code = diagnostics[0].code;
    this.exitCode = diagnostics[0].exitCode;
    this.diagnostics = diagnostics;
  }
}

/** The caller asked for something that makes no sense. */
export function usage(message: string, suggestion: string | null = null): PackwrightError {
  return new PackwrightError([diagnostic("usage", 64, message, [], suggestion)]);
}

/** Something broke that no input should be able to break. */
export function internal(message: string, cause?: unknown): PackwrightError {
  const causes = cause === undefined ? [] : [reason(cause)];
  return new PackwrightError([diagnostic("internal", 70, message, causes)], { cause });
}

/** The caller ended the work; `standing` says what has come of it by then. */
export function cancelled(standing = "nothing was written"): PackwrightError {
  return new PackwrightError([diagnostic("cancelled", 130, `cancelled; ${standing}`)]);
}

/** What the core had to say about a failure. */
export function failed(errors: readonly Diagnostic[]): PackwrightError {
  const [first, ...rest] = errors;
  return first === undefined ? internal("the core failed without saying why") : new PackwrightError([first, ...rest]);
}

/** The text of anything that was thrown, without the code that Node puts before what the system said. */
export function reason(thrown: unknown): string {
  return thrown instanceof Error && thrown.message !== "" ? thrown.message.replace(/^E[A-Z0-9]+: /, "") : String(thrown);
}

/** A diagnostic of the host's own making. */
export function diagnostic(
  code: Diagnostic["code"],
  exitCode: number,
  message: string,
  causes: string[] = [],
  suggestion: string | null = null,
): Diagnostic {
  return { code, severity: "error", message, causes, suggestion, exitCode, location: null, subject: null, frame: null, details: null };
}
