/** `config`: shows what is configured and where. Tokens are told to be there, never what they are. */
import type { ConfiguredRegistry } from "../index.node.js";
import { configuration, type Run } from "./run.js";
import { aligned } from "./terminal.js";

export async function config({ flags, terminal }: Run): Promise<void> {
  const { registries, settings, files, warnings } = await configuration(flags);
  terminal.report(warnings);
  const section = (title: string, rows: readonly (readonly string[])[]): string[] => [
    terminal.paint("bold", title),
    ...aligned(rows).map((line) => `  ${line}`),
  ];
  terminal.result({ registries, settings, files, warnings }, () => [
    ...section("Registries", registries.map(row)),
    "",
    ...section("Settings", settings.map(({ name, value, from }) => [name, String(value ?? "none"), from])),
    "",
    ...section("Files", files.map(({ place, kind, found }) => [KINDS[kind], place, found ? "" : "not there"])),
  ]);
}

const KINDS = { user: "user", project: "project", "user-npmrc": "user's npm", "project-npmrc": "project's npm" } as const;

function row({ id, location, scopes, archives, token, from }: ConfiguredRegistry): string[] {
  const more = archives.map((origin) => `archives also from ${origin}`);
  return [id, location, claims(scopes), `token: ${token ? "yes" : "no"}`, more.join(", "), from];
}

function claims(scopes: readonly string[] | null): string {
  if (scopes === null) return "all other packs";
  return scopes.length === 0 ? "packages only" : scopes.join(", ");
}
