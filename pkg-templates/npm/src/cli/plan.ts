/** Draws a plan: the tree of its files with what would happen to each, and the commands the packs suggest. */
import type { Action, Hook, Operation, Plan } from "../protocol.js";
import { aligned, bytes, type Paint, type Terminal } from "./terminal.js";

interface Look {
  mark: string;
  style: Parameters<Paint>[0];
  count: string;
  /** Whether the mark alone says what happens. */
  plain?: true;
}

const LOOKS: Readonly<Record<Action, Look>> = {
  create: { mark: "+", style: "green", count: "to create", plain: true },
  change: { mark: "~", style: "yellow", count: "to change" },
  merge: { mark: "±", style: "cyan", count: "to merge" },
  overwrite: { mark: "~", style: "red", count: "to overwrite" },
  skip: { mark: "=", style: "dim", count: "to keep" },
  conflict: { mark: "!", style: "red", count: "in conflict" },
  unchanged: { mark: "=", style: "dim", count: "unchanged", plain: true },
};

const RUNS = "runs when the folder is opened";

/** The files of a plan for `directory`: on a terminal as a tree, else one line each. */
export function drawnFiles({ operations }: Plan, directory: string, { paint, tidy }: Terminal): string[] {
  if (tidy) return [paint("bold", directory), ...branches(treeOf(operations), "", paint)];
  return aligned(
    operations.map((operation) => {
      const { action, path, size, runsOnOpen } = operation;
      const notes = [bytes(size), ...moded(operation), ...(runsOnOpen ? [RUNS] : [])];
      // How large a file is that is kept nobody was told; what the packs would give is not there.
      if (action === "skip") return [action, path, "", ""];
      return [action, path, notes.join(", "), given(operation)];
    }),
  );
}

/** A blank line, a heading and a line for each command; nothing if there are none. */
export function drawnCommands(heading: string, hooks: readonly Hook[]): string[] {
  if (hooks.length === 0) return [];
  return ["", heading, ...aligned(hooks.map(({ command, pack }) => [command, `of ${pack}`])).map((line) => `  ${line}`)];
}

/** How many files would be made, changed and so on, such as `2 to create, 1 in conflict`. */
export function tally({ operations }: Plan): string {
  const counts = Object.entries(LOOKS).map(([action, { count }]) => [operations.filter((it) => it.action === action).length, count]);
  return counts.flatMap(([number, words]) => (number === 0 ? [] : [`${number} ${words}`])).join(", ");
}

/** The packs that a file was joined from, and those in place of whose it stands; nothing if but one pack gives it. */
function given({ origins, over }: Operation): string {
  const packs = [...new Set(origins.map(({ pack }) => pack))];
  if (over.length > 0) return `${packs.join(" + ")} over ${over.join(", ")}`;
  return packs.length < 2 ? "" : packs.join(" + ");
}

/** What is to be said of the mode: how it changes, or that the file may be executed. */
function moded({ mode, modeBefore }: Operation): string[] {
  if (modeBefore !== null) return [`${modeBefore} → ${mode}`];
  return mode === "0755" ? ["executable"] : [];
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

function leaf(name: string, operation: Operation, paint: Paint): string {
  const { action, size, secret, runsOnOpen } = operation;
  const { mark, style, plain } = LOOKS[action];
  if (action === "skip") return paint(style, `${mark} ${name}  kept`);
  const packs = given(operation);
  const notes = [
    bytes(size),
    ...moded(operation),
    ...(plain ? [] : [action]),
    ...(packs === "" ? [] : [packs]),
    ...(secret ? ["holds a secret"] : []),
    ...(runsOnOpen ? [RUNS] : []),
  ];
  return `${paint(style, `${mark} ${name}`)}  ${paint("dim", notes.join(", "))}`;
}
