/** Draws a plan: the tree of its files with what would happen to each, the differences, and the commands the packs suggest. */
import type { Action, Operation, Plan } from "../protocol.js";
import { aligned, bytes, coloured, type Paint, type Terminal } from "./terminal.js";

const LOOKS: Readonly<Record<Action, { mark: string; style: Parameters<Paint>[0]; count: string }>> = {
  create: { mark: "+", style: "green", count: "to create" },
  change: { mark: "~", style: "yellow", count: "to change" },
  conflict: { mark: "!", style: "red", count: "in conflict" },
  unchanged: { mark: "=", style: "dim", count: "unchanged" },
};

const RUNS = "runs when the folder is opened";

/** All of a plan for `directory`: on a terminal its files as a tree, else one line each; then how those that stand there differ. */
export function drawn({ operations, hooks }: Plan, directory: string, terminal: Terminal): string[] {
  const { paint, tidy } = terminal;
  const files = tidy
    ? [paint("bold", directory), ...branches(treeOf(operations), "", paint)]
    : aligned(operations.map(({ action, path, size, runsOnOpen }) => [action, path, runsOnOpen ? `${bytes(size)}, ${RUNS}` : bytes(size)]));
  const commands = hooks.map(({ command, event, pack }) => [command, `${event} of ${pack}`]);
  return [
    ...files,
    ...operations.flatMap(({ diff }) => (diff === null ? [] : ["", ...coloured(diff.trimEnd(), paint)])),
    ...(commands.length === 0 ? [] : ["", "Commands the packs suggest; none is run:", ...aligned(commands).map((line) => `  ${line}`)]),
  ];
}

/** How many files would be made, changed and so on, such as `2 to create, 1 in conflict`. */
export function tally({ operations }: Plan): string {
  const counts = Object.entries(LOOKS).map(([action, { count }]) => [operations.filter((it) => it.action === action).length, count]);
  return counts.flatMap(([number, words]) => (number === 0 ? [] : [`${number} ${words}`])).join(", ");
}

type Tree = Map<string, Tree | Operation>;

function treeOf(operations: readonly Operation[]): Tree {
  const root: Tree = new Map();
  for (const operation of operations) {
    const directories = operation.path.split("/");
    const file = directories.pop() ?? operation.path;
    directories.reduce(descend, root).set(file, operation);
  }
  return root;
}

function descend(tree: Tree, directory: string): Tree {
  const found = tree.get(directory);
  if (found instanceof Map) return found;
  const made: Tree = new Map();
  tree.set(directory, made);
  return made;
}

function branches(tree: Tree, indent: string, paint: Paint): string[] {
  const entries = [...tree].sort(([one], [other]) => (one < other ? -1 : 1));
  return entries.flatMap(([name, node], index) => {
    const last = index === entries.length - 1;
    const branch = paint("dim", `${indent}${last ? "└─" : "├─"}`);
    if (!(node instanceof Map)) return [`${branch} ${leaf(name, node, paint)}`];
    return [`${branch} ${name}/`, ...branches(node, `${indent}${last ? "   " : "│  "}`, paint)];
  });
}

function leaf(name: string, { action, size, mode, secret, runsOnOpen }: Operation, paint: Paint): string {
  const { mark, style } = LOOKS[action];
  const notes = [
    bytes(size),
    ...(mode === "0755" ? ["executable"] : []),
    ...(action === "change" || action === "conflict" ? [action] : []),
    ...(secret ? ["holds a secret"] : []),
    ...(runsOnOpen ? [RUNS] : []),
  ];
  return `${paint(style, `${mark} ${name}`)}  ${paint("dim", notes.join(", "))}`;
}
