/** The commands that only look: `list`, `outdated` and `show`. */
import { usage } from "../error.js";
import type { Answer, InstalledItem, OutdatedItem, PackDetails, TemplateSummary, Variable } from "../protocol.js";
import { placeOf } from "./place.js";
import { opened, type Run } from "./run.js";
import { aligned, bytes, counted, type Paint, type Terminal } from "./terminal.js";

export async function list(run: Run): Promise<void> {
  const { flags, terminal, signal } = run;
  if (flags.installed) return listInstalled(run);
  const stray = (["output", "target"] as const).find((flag) => flags[flag] !== undefined);
  if (stray !== undefined) throw usage(`\`--${stray}\` goes with \`--installed\``, "registries have the same packs for every directory");
  const pw = await opened(run);
  const packs = await terminal.watch((onProgress) => pw.list({ signal, onProgress }));
  const rows = packs.map(({ name, version, category, description }) => [name, version, category, description]);
  terminal.result({ packs }, () => table(["NAME", "VERSION", "CATEGORY", "DESCRIPTION"], rows, "There are no packs", terminal));
}

async function listInstalled(run: Run): Promise<void> {
  const { flags, terminal, signal } = run;
  const { directory } = placeOf(flags);
  const items = await (await opened(run, directory)).installed({ directory, signal });
  const rows = items.map((item) => [item.identity, item.version, counted(item.files, "file"), bytes(item.bytes), item.path, state(item)]);
  const headings = ["NAME", "VERSION", "FILES", "SIZE", "DIRECTORY", "STATE"];
  terminal.result({ directory, installed: items }, () => table(headings, rows, `Nothing is installed in ${directory}`, terminal));
}

function state({ damaged }: InstalledItem): string {
  return damaged.length === 0 ? "" : `${counted(damaged.length, "file")} gone or changed`;
}

export async function outdated(run: Run): Promise<void> {
  const { flags, terminal, signal } = run;
  const { directory } = placeOf(flags);
  const pw = await opened(run, directory);
  const items = await terminal.watch((onProgress) => pw.outdated({ directory, signal, onProgress }));
  const behind = items.filter((item) => item.wanted !== item.locked || item.latest !== item.locked || remark(item) !== "");
  const rows = behind.map((item) => [item.identity, item.locked, item.wanted ?? "none", item.latest ?? "none", remark(item)]);
  const headings = ["NAME", "LOCKED", "WANTED", "LATEST", "REMARK"];
  terminal.result({ directory, outdated: items }, () => table(headings, rows, "Everything is up to date", terminal));
}

function remark({ yanked, deprecated }: OutdatedItem): string {
  if (yanked) return "the locked version was withdrawn";
  return deprecated === null ? "" : `the locked version is deprecated: ${deprecated}`;
}

/** Rows below headings, or `nothing`. Programs that read lines want neither, but their users want to know that there is nothing. */
function table(headings: readonly string[], rows: readonly (readonly string[])[], nothing: string, terminal: Terminal): string[] {
  const { tidy, paint } = terminal;
  if (rows.length === 0) return empty(nothing, terminal);
  if (!tidy) return aligned(rows);
  const filled = headings.map((heading, column) => (rows.some((row) => row[column] !== "") ? heading : ""));
  const [first = "", ...lines] = aligned([filled, ...rows]);
  return [paint("bold", first), ...lines];
}

function empty(nothing: string, terminal: Terminal): string[] {
  if (terminal.tidy) return [nothing];
  terminal.note(nothing);
  return [];
}

export async function show(run: Run): Promise<void> {
  const { operands: [name = ""], terminal, signal } = run;
  const pw = await opened(run);
  const pack = await terminal.watch((onProgress) => pw.show(name, { signal, onProgress }));
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
