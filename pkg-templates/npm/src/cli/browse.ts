/** The commands that only look: `list` and `show`. */
import type { Answer, PackDetails, TemplateSummary, Variable } from "../protocol.js";
import { opened, type Run } from "./run.js";
import { aligned, type Paint, type Terminal } from "./terminal.js";

export async function list(run: Run): Promise<void> {
  const { terminal, signal } = run;
  const packs = await (await opened(run)).list({ signal });
  const rows = packs.map(({ name, version, category, description }) => [name, version, category, description]);
  terminal.result({ packs }, () => {
    // Programs that read lines want no headings.
    if (!terminal.tidy) return aligned(rows);
    if (rows.length === 0) return ["There are no packs"];
    const [headings = "", ...lines] = aligned([["NAME", "VERSION", "CATEGORY", "DESCRIPTION"], ...rows]);
    return [terminal.paint("bold", headings), ...lines];
  });
}

export async function show(run: Run): Promise<void> {
  const { operands: [name = ""], terminal, signal } = run;
  const pack = await (await opened(run)).show(name, { signal });
  terminal.result({ pack }, () => described(pack, terminal));
}

function described(pack: PackDetails, terminal: Terminal): string[] {
  const { paint } = terminal;
  const section = (title: string, lines: readonly string[]): string[] =>
    lines.length === 0 ? [] : ["", paint("bold", title), ...lines.map((line) => `  ${line}`)];
  return [
    `${paint("bold", pack.name)} ${pack.version}`,
    pack.description,
    ...section("About", aligned(facts(pack))),
    ...section("Dependencies", aligned(pack.dependencies.map((it) => [it.name, it.constraint, it.optional ? "optional" : "", it.reason ?? ""]))),
    ...section("Packages", aligned(pack.packages.map((it) => [it.name, it.constraint, it.registry, it.optional ? "optional" : ""]))),
    ...section("Variables", entries(pack.variables.map((it) => [it.name, it.description, particulars(it)]), paint)),
    ...section("Templates", entries(pack.templates.map((it) => [it.name, it.description, outputOf(it)]), paint)),
    ...section("Hooks", aligned(pack.hooks.map((it) => [it.event, it.command]))),
  ];
}

function facts(pack: PackDetails): string[][] {
  const versions = pack.versions.map(({ version, yanked, deprecated }) => {
    if (yanked) return `${version} (yanked)`;
    return deprecated === null ? version : `${version} (deprecated: ${deprecated})`;
  });
  return [
    ["category", pack.category],
    ["license", pack.license ?? ""],
    ["authors", pack.authors.join(", ")],
    ["tags", pack.tags.join(", ")],
    ["registry", pack.registry],
    ["versions", versions.join(", ")],
  ].filter(([, value]) => value !== "");
}

/** A name with its description, and below that the particulars, which may be long. */
function entries(rows: readonly (readonly [name: string, description: string | null, more: string])[], paint: Paint): string[] {
  const width = Math.max(0, ...rows.map(([name]) => name.length));
  return rows.flatMap(([name, description, more]) => {
    const lines = [...(description === null ? [] : [description]), paint("dim", more)];
    return lines.map((line, index) => `${(index === 0 ? name : "").padEnd(width)}  ${line}`);
  });
}

function particulars(variable: Variable): string {
  const { when, secret } = variable;
  return [...(secret ? ["secret"] : []), typeOf(variable), defaultOf(variable), ...(when === null ? [] : [`asked when ${when}`])].join("; ");
}

function typeOf({ type, multiple, choices, minimum, maximum }: Variable): string {
  if (choices !== null) return `${multiple ? "some" : "one"} of ${choices.map(text).join(", ")}`;
  return minimum === null && maximum === null ? type : `${type} ${minimum ?? ""}..${maximum ?? ""}`;
}

function defaultOf({ default: standard, required }: Variable): string {
  if (standard === null) return required ? "required" : "optional";
  // A template over earlier answers, at times of many lines.
  if (typeof standard === "string" && /\{[{%#]/.test(standard)) return "the default follows from other answers";
  return `default ${Array.isArray(standard) ? standard.map(text).join(", ") : text(standard)}`;
}

function outputOf({ source, output, when }: TemplateSummary): string {
  return `${output}${source.endsWith("/") ? "/" : ""}${when === null ? "" : `; when ${when}`}`;
}

function text(value: Answer): string {
  return typeof value === "string" && value !== "" ? value : JSON.stringify(value);
}
