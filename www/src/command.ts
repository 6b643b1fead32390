/** The command line that makes the same project. */
import type { Project, Question } from "packwright";
import { same, text } from "./answer.js";
import { folderName } from "./archive.js";

/**
 * Writes the command for a POSIX shell, with the answers that are not defaults. Secrets are left out: the terminal asks for them, as it
 * asks for consent to files that run by themselves, so with either it is not told to ask nothing.
 */
export function commandLine(
  packs: readonly string[],
  registry: string | undefined,
  { answers, plan }: Project,
  questions: readonly Question[],
): string {
  const name = String(answers["project_name"]);
  const folder = folderName(name);
  const variables = questions.flatMap(({ variable, answer, default: standard }) =>
    answer === null || variable.secret || variable.name === "project_name" || same(answer, standard)
      ? []
      : [`--var ${quoted(`${variable.name}=${text(answer)}`)}`],
  );
  const secret = questions.some(({ variable, answer }) => variable.secret && answer !== null);
  const running = plan.operations.some(({ runsOnOpen }) => runsOnOpen);
  return [
    "npx packwright generate",
    ...packs.map(quoted),
    flag("name", name),
    ...(folder === name ? [] : [flag("output", folder)]),
    ...variables,
    ...(registry === undefined ? [] : [flag("registry", registry)]),
    ...(secret || running ? [] : ["--yes"]),
  ].join(" ");
}

// A value that begins with a dash would be read as the next flag.
function flag(name: string, value: string): string {
  return value.startsWith("-") ? `--${name}=${quoted(value)}` : `--${name} ${quoted(value)}`;
}

function quoted(word: string): string {
  return /^[\w./:=+-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
}
