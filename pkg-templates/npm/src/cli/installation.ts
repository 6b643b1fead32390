/** Draws what was or would be done to what is installed. */
import type { Hook, Installation, InstallAction, InstallItem } from "../protocol.js";
import { aligned, bytes, counted, type Paint, type Terminal } from "./terminal.js";

const LOOKS: Readonly<Record<InstallAction, { mark: string; style: Parameters<Paint>[0]; count: string }>> = {
  add: { mark: "+", style: "green", count: "to add" },
  replace: { mark: "~", style: "yellow", count: "to replace" },
  remove: { mark: "-", style: "red", count: "to remove" },
  keep: { mark: "=", style: "dim", count: "unchanged" },
};

/** What changes, a line each with its size, and what would run because of it. */
export function drawnInstallation({ items, hooks, runsOnOpen }: Installation, { paint, tidy }: Terminal): string[] {
  const changing = items.filter(({ action }) => action !== "keep");
  const rows = changing.map((item) => [
    tidy ? LOOKS[item.action].mark : item.action,
    item.identity,
    versions(item),
    counted(item.files, "file"),
    bytes(item.bytes),
  ]);
  const lines = aligned(rows).map((line, at) => paint(LOOKS[changing[at]?.action ?? "keep"].style, line));
  const running = runsOnOpen.map((path) => `  ${path}`);
  return [
    ...lines,
    ...(running.length === 0 ? [] : ["", "Files that run by themselves when the folder is opened:", ...running]),
    ...drawnHooks("Commands that packs want to have run after it:", hooks),
  ];
}

/** A blank line, a heading and a line for each command; nothing if there are none. */
export function drawnHooks(heading: string, hooks: readonly Hook[]): string[] {
  if (hooks.length === 0) return [];
  return ["", heading, ...aligned(hooks.map(({ command, pack }) => [command, `of ${pack}`])).map((line) => `  ${line}`)];
}

/** How much would be added, replaced and so on, such as `2 to add, 1 to remove`. */
export function tallyOf({ items }: Installation): string {
  const counts = Object.entries(LOOKS).map(([action, { count }]) => [items.filter((item) => item.action === action).length, count]);
  return counts.flatMap(([number, words]) => (number === 0 ? [] : [`${number} ${words}`])).join(", ") || "there is nothing to do";
}

/** What was done. `place` is what the directory is called that packs and packages went into; what was removed may have been elsewhere. */
export function summaryOf({ items }: Installation, place: string): string[] {
  const { fresh, gone } = split(items);
  const removed = aligned(gone.map(({ identity, version, path }) => [`${identity} ${version}`, path]));
  return [
    ...(fresh.length === 0 ? [] : [`Installed ${things(fresh)} (${amount(fresh)}) into ${place}`]),
    ...(gone.length === 0 ? [] : [`Removed ${things(gone)} (${amount(gone)}):`, ...removed.map((line) => `  ${line}`)]),
  ];
}

/** What would be done, in a few words such as `install 2 packs into vendor and remove 1 pack`; nothing if nothing would. */
export function intentOf({ items }: Installation, place: string): string {
  const { fresh, gone } = split(items);
  const parts = [
    ...(fresh.length === 0 ? [] : [`install ${things(fresh)} into ${place}`]),
    ...(gone.length === 0 ? [] : [`remove ${things(gone)}`]),
  ];
  return parts.join(" and ");
}

function split(items: readonly InstallItem[]): { fresh: InstallItem[]; gone: InstallItem[] } {
  return {
    fresh: items.filter(({ action }) => action === "add" || action === "replace"),
    gone: items.filter(({ action }) => action === "remove"),
  };
}

/** How many packs and packages, each counted once however many places it has. */
function things(items: readonly InstallItem[]): string {
  const identities = [...new Set(items.map(({ identity }) => identity))];
  // Only the identity of a package has a colon: it begins with its registry.
  const packages = identities.filter((identity) => identity.includes(":")).length;
  const packs = identities.length - packages;
  return [...(packs === 0 ? [] : [counted(packs, "pack")]), ...(packages === 0 ? [] : [counted(packages, "package")])].join(" and ");
}

function amount(items: readonly InstallItem[]): string {
  const files = items.reduce((sum, item) => sum + item.files, 0);
  return `${counted(files, "file")}, ${bytes(items.reduce((sum, item) => sum + item.bytes, 0))}`;
}

function versions({ from, version }: InstallItem): string {
  return from === null || from === version ? version : `${from} -> ${version}`;
}
