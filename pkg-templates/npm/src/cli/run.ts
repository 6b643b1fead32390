/** What every command is given, and what the flags they share mean. */
import { type Configured, configured, open, type Packwright, type SelectionOptions } from "../index.node.js";
import { usage } from "../error.js";
import type { Flags } from "./commands.js";
import type { Terminal } from "./terminal.js";

/** One run of a command. */
export interface Run {
  operands: string[];
  flags: Flags;
  terminal: Terminal;
  /** Aborts on Ctrl-C, or when the process is asked to end. */
  signal: AbortSignal;
}

/** What the flags say of the versions to choose. */
export function selectionOf(flags: Flags): Omit<SelectionOptions, "packs"> {
  const { with: members, prerelease, override, resolution, update, locked } = flags;
  return { with: members, prereleases: prerelease, overrides: override, strategy: resolution, update, locked };
}

/**
 * What the flags say about the commands that packs want to have run; nothing if they say nothing.
 *
 * @throws PackwrightError when they say two things.
 */
export function hooksOf({ trust, "skip-hooks": skip }: Flags): "run" | "skip" | undefined {
  if (trust && skip) throw usage("`--trust` and `--skip-hooks` do not go together", "leave one of them out");
  if (skip) return "skip";
  return trust ? "run" : undefined;
}

/**
 * Opens what the flags name and the configuration of the project in `directory` has.
 *
 * @throws PackwrightError when something is wrong with either.
 */
export async function opened({ flags, terminal }: Run, directory = "."): Promise<Packwright> {
  if (flags.offline && flags.refresh) throw usage("`--offline` and `--refresh` do not go together", "leave one of them out");
  const { options, warnings } = await configuration(flags, directory);
  terminal.report(warnings);
  return open({ ...options, offline: flags.offline ?? options.offline, refresh: flags.refresh });
}

/** What is configured for the project in `directory`, with what the flags say. */
export function configuration({ registry }: Flags, directory = "."): Promise<Configured> {
  return configured({ directory, registries: registry });
}

/** A number that a flag gives. `what` names it in messages. */
export function numberOf(flag: string, given: string, what: string, most: number): number {
  if (/^\d{1,9}$/.test(given) && Number(given) <= most) return Number(given);
  throw usage(`\`--${flag} ${given}\` is not ${what}`, `for example \`--${flag} 1\``);
}
