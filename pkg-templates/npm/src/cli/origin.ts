/** `--origin FILE`: which pack and which line of it each line of a generated file comes from. */
import { diagnostic, PackwrightError } from "../error.js";
import type { Project } from "../index.node.js";
import type { LineOrigin, Operation } from "../protocol.js";
import { textOf } from "./diff.js";
import { aligned, bytes, type Terminal } from "./terminal.js";

/** A line of a pack's file. */
type Place = LineOrigin & { version: string };

/** A line and where it comes from. */
interface Traced {
  text: string;
  /** Nothing: it stood there before, or Packwright writes it itself. */
  from: Place | null;
  /** What else has part in it. */
  also: readonly Place[];
}

/** Shows the origins of a file of a project that was made with `lines`. */
export function showOrigin({ packs, plan, files }: Project, given: string, terminal: Terminal): void {
  const path = given.replaceAll("\\", "/").replace(/^(\.\/)+/, "");
  const operation = plan.operations.find((candidate) => candidate.path === path);
  const content = files.get(path);
  if (operation === undefined || content === undefined) throw unknown(path);
  const { origins, secret } = operation;
  const text = textOf(content);
  const versions = new Map(packs.map(({ identity, version }) => [identity, version]));
  const lines = text === undefined ? null : traced(text, operation, versions);
  // Who may see the file need not be who reads the output.
  const masked = secret ? (lines?.map((line) => ({ ...line, text: "••••••••" })) ?? null) : lines;
  terminal.result({ path, origins, lines: masked }, () => {
    if (masked !== null) return aligned(masked.map((line) => [terminal.paint("dim", sourcesOf(line)), line.text]));
    return origins.map(({ pack, version, source }) => `${pack}@${version} ${source}: ${bytes(content.length)} that are not text`);
  });
}

function traced(text: string, { lines, origins }: Operation, versions: ReadonlyMap<string, string>): Traced[] {
  const texts = text === "" ? [] : text.replace(/\r?\n$/, "").split(/\r?\n/);
  const [copy] = origins;
  // A copy has the lines of its source.
  const whole = copy === undefined ? null : { pack: copy.pack, source: copy.source, line: 1 };
  const runs = lines.length === 0 ? [{ count: texts.length, from: whole, also: [] }] : lines;
  const placed = (from: LineOrigin, at: number) => ({ ...from, line: from.line + at, version: versions.get(from.pack) ?? "" });
  const places = runs.flatMap(({ count, from, also }) =>
    Array.from({ length: count }, (_, at) => ({
      from: from === null ? null : placed(from, at),
      also: also.map((other) => placed(other, 0)),
    })),
  );
  return texts.map((line, at) => ({ text: line, ...(places[at] ?? { from: null, also: [] }) }));
}

function sourcesOf({ from, also }: Traced): string {
  return [from === null ? "-" : placeOf(from), ...also.map(placeOf)].join(" + ");
}

function placeOf({ pack, version, source, line }: Place): string {
  return `${pack}@${version} ${source}:${line}`;
}

function unknown(path: string): PackwrightError {
  const error = diagnostic("file-not-found", 1, `the packs give no file \`${path}\``, [], "`--dry-run` lists the files they give");
  return new PackwrightError([{ ...error, subject: path }]);
}
