/** The answers and the rules that flags, files and the environment give. What they mean is the core's business. */
import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { diagnostic, PackwrightError, reason, usage } from "../error.js";
import type { CompositionOptions } from "../index.node.js";
import type { TextFile } from "../protocol.js";
import type { Flags } from "./commands.js";

/** What a variable of the environment is called that answers one of a pack. */
const ENVIRONMENT = /^PACKWRIGHT_VAR_(.+)$/i;

/** What `--name` and `--var` say of a project. */
export function answersOf({ name, var: variables }: Flags): Record<string, string> {
  const pairs = pairsOf(variables);
  const answers = Object.fromEntries(name === undefined ? pairs : [["project_name", name], ...pairs]);
  if (name !== undefined && answers["project_name"] !== name) throw usage("`--name` and `--var project_name` differ", "give the name once");
  return answers;
}

/** What `--var` says. */
export function pairsOf(variables: readonly string[] = []): [string, string][] {
  return variables.map((pair) => {
    const [, variable, value] = /^([^=]+)=(.*)$/s.exec(pair) ?? [];
    if (variable === undefined || value === undefined) {
      throw usage(`\`--var ${pair}\` is not of the form NAME=VALUE`, `for example \`--var ${/^\w+$/.test(pair) ? pair : "license"}=MIT\``);
    }
    return [variable, value];
  });
}

/** What `--answers` names. */
export async function answersFileOf({ answers }: Flags): Promise<TextFile | undefined> {
  return answers === undefined ? undefined : textFile("answers", answers);
}

/** What `PACKWRIGHT_VAR_…` say, by the rest of their names. */
export function environmentAnswers(): Record<string, string> {
  const found = Object.entries(process.env).map(([name, value]) => [ENVIRONMENT.exec(name)?.[1], value] as const);
  return Object.fromEntries(found.flatMap(([name, value]) => (name === undefined || value === undefined ? [] : [[name, value]])));
}

/** What the flags say of how files of several packs join. */
export async function compositionOf({ strategy, rules }: Flags): Promise<CompositionOptions> {
  return {
    composition: strategy === undefined ? undefined : { strategy },
    rulesFile: rules === undefined ? undefined : await textFile("rules", rules),
  };
}

async function textFile(what: "answers" | "rules", path: string): Promise<TextFile> {
  try {
    return { name: basename(path), text: await readFile(path, "utf8") };
  } catch (thrown) {
    const help = `give \`--${what}\` a .toml, .json or .yaml file that is there, or leave it out`;
    const error = diagnostic("file-not-found", 1, `the ${what} file \`${path}\` could not be read`, [reason(thrown)], help);
    throw new PackwrightError([{ ...error, subject: path }]);
  }
}
