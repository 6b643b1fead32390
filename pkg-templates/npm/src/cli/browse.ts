/** The commands that only look: `list` and `show`. */
import { open } from "../index.node.js";
import type { Answer, PackDetails, Variable } from "../protocol.js";
import { registryOf, type Run } from "./run.js";
import { table, type Terminal } from "./terminal.js";

export async function list({ flags, terminal, signal }: Run): Promise<void> {
  const packs = await (await open(registryOf(flags))).list({ signal });
  const rows = packs.map(({ name, version, category, description }) => [name, version, category, description]);
  terminal.result({ packs }, () => table(["NAME", "VERSION", "CATEGORY", "DESCRIPTION"], rows, terminal));
}

export async function show({ operands: [name = ""], flags, terminal, signal }: Run): Promise<void> {
  const pack = await (await open(registryOf(flags))).show(name, { signal });
  terminal.result({ pack }, () => described(pack, terminal));
}

function described(pack: PackDetails, terminal: Terminal): string[] {
  const { paint } = terminal;
  const section = (title: string, rows: readonly (readonly string[])[]): string[] =>
    rows.length === 0 ? [] : ["", paint("bold", title), ...aligned(rows).map((line) => `  ${line}`)];
  return [
    `${paint("bold", pack.name)} ${pack.version}`,
    pack.description,
    ...section("About", facts(pack)),
    ...section("Dependencies", pack.dependencies.map((it) => [it.name, it.constraint, it.optional ? "optional" : "", it.reason ?? ""])),
    ...section("Packages", pack.packages.map((it) => [it.name, it.constraint, it.registry, it.optional ? "optional" : ""])),
    ...section("Variables", pack.variables.map((it) => [it.name, typeOf(it), defaultOf(it), it.description ?? ""])),
    ...section("Templates", pack.templates.map((it) => [it.output, it.when === null ? "" : `when ${it.when}`, it.description ?? ""])),
    ...section("Hooks", pack.hooks.map((it) => [it.event, it.command])),
  ];
}

function facts(pack: PackDetails): string[][] {
  const versions = pack.versions.map(({ version, yanked }) => (yanked ? `${version} (yanked)` : version));
  return [
    ["category", pack.category],
    ["licence", pack.license ?? ""],
    ["authors", pack.authors.join(", ")],
    ["tags", pack.tags.join(", ")],
    ["registry", pack.registry],
    ["versions", versions.join(", ")],
  ].filter(([, value]) => value !== "");
}

function typeOf({ type, multiple, choices, minimum, maximum }: Variable): string {
  if (choices !== null) return `${multiple ? "some" : "one"} of ${choices.map(text).join(", ")}`;
  const range = minimum === null && maximum === null ? "" : ` ${minimum ?? ""}..${maximum ?? ""}`;
  return `${type}${range}${multiple ? ", several" : ""}`;
}

function defaultOf(variable: Variable): string {
  if (variable.default !== null) return `default ${text(variable.default)}`;
  return variable.required ? "required" : "optional";
}

function text(value: Answer): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

// Columns that are empty in every row are left out.
function aligned(rows: readonly (readonly string[])[]): string[] {
  const columns = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  return rows.map((row) =>
    row
      .flatMap((cell, column) => (columns[column] === 0 ? [] : [cell.padEnd(columns[column] ?? 0)]))
      .join("  ")
      .trimEnd(),
  );
}
