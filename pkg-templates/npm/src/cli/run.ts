/** What every command is given, and what the flags they share mean. */
import type { OpenOptions, SelectionOptions } from "../index.node.js";
import { usage } from "../error.js";
import type { Flags } from "./arguments.js";
import type { Terminal } from "./terminal.js";

/** One run of a command. */
export interface Run {
  operands: string[];
  flags: Flags;
  terminal: Terminal;
  /** Aborts on Ctrl-C. */
  signal: AbortSignal;
}

/** What the flags say of the versions to choose. */
export function selectionOf(flags: Flags): Omit<SelectionOptions, "packs"> {
  const { with: members, prerelease, override, resolution, update, locked } = flags;
  return { with: members, prereleases: prerelease, overrides: override, strategy: resolution, update, locked };
}

/** The registry that `--registry` or the environment names: `LOCATION` or `ID=LOCATION`. */
export function registryOf(flags: Flags): OpenOptions {
  const given = flags.registry ?? process.env["PACKWRIGHT_REGISTRY"];
  if (given === undefined || given === "") return {};
  const [, id, named] = /^([a-z0-9][a-z0-9-]*)=(.*)$/s.exec(given) ?? [];
  if (id === undefined || named === undefined) return { registry: given };
  if (named === "") throw usage(`the registry \`${given}\` has no location`, `for example \`${id}=https://packs.example.com/\``);
  return { registry: /^https?:/i.test(named) ? { id, url: named } : { id, directory: named } };
}
