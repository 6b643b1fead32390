/** Draws a plan: the tree of its files with what would happen to each, the differences, and what would run by itself. */
import type { Action, Operation, Plan } from "../protocol.js";
import { bytes, coloured, type Paint, type Terminal } from "./terminal.js";

const MARKS: Readonly<Record<Action, { mark: string; style: Parameters<Paint>[0] }>> = {
  create: { mark: "+", style: "green" },
  change: { mark: "~", style: "yellow" },
  conflict: { mark: "!", style: "red" },
  unchanged: { mark: "=", style: "dim" },
};

/** The files of a plan: as a tree below `name` on a terminal, else one line each. */
export function drawn(plan: Plan, name: string, terminal: Terminal): string[] {
  if (!terminal.tidy) return plan.operations.map(({ action, path, size }) => `${action.padEnd(9)}  ${path}  ${bytes(size)}`);
  return [terminal.paint("bold", name), ...branches(treeOf(plan.operations), "", terminal.paint)];
}

/** Unified diffs of the files that stand there differently. */
export function differences(plan: Plan, paint: Paint): string[] {
  return plan.operations.flatMap(({ action, diff }) =>
    diff === null || action === "create" || action === "unchanged" ? [] : ["", ...coloured(diff.trimEnd(), paint)],
  );
}

/** The files that would run by themselves once somebody opens the folder. */
export function selfRunning(plan: Plan): string[] {
  return plan.operations.filter((operation) => operation.runsOnOpen && operation.action !== "unchanged").map(({ path }) => path);
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

function leaf(name: string, { action, size, mode, runsOnOpen }: Operation, paint: Paint): string {
  const { mark, style } = MARKS[action];
  const notes = [
    bytes(size),
    ...(mode === "0755" ? ["executable"] : []),
    ...(action === "change" || action === "conflict" ? [action] : []),
    ...(runsOnOpen ? ["runs when the folder is opened"] : []),
  ];
  return `${paint(style, `${mark} ${name}`)}  ${paint("dim", notes.join(", "))}`;
}
