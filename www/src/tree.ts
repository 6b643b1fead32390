/** The files of a project as a tree of radio buttons, of which one is chosen. */
import type { Operation, Origin } from "packwright";
import { arrange, element } from "./dom.js";
import { bytes } from "./text.js";

/** What is worth reading as long as the person has not chosen a file. */
const FIRST = "README.md";

interface File {
  readonly element: HTMLElement;
  update(operation: Operation, chosen: boolean): void;
}

interface Folder {
  readonly element: HTMLElement;
  readonly list: HTMLElement;
}

/** The tree. The chosen file stays chosen while the project changes, and is chosen again when it went away and comes back. */
export class Tree {
  readonly #list = element("ul");
  readonly element = element("div", { class: "tree", role: "radiogroup", "aria-label": "Files" }, this.#list);
  readonly #selected: (path: string) => void;
  readonly #files = new Map<string, File>();
  readonly #folders = new Map<string, Folder>();
  #wanted = FIRST;

  /** `selected` is called with the path of each file the person chooses. */
  constructor(selected: (path: string) => void) {
    this.#selected = selected;
  }

  /** Shows these files; returns the chosen one. */
  show(operations: readonly Operation[]): Operation | undefined {
    const at = (wanted: string): Operation | undefined => operations.find(({ path }) => path === wanted);
    const chosen = at(this.#wanted) ?? at(FIRST) ?? operations[0];
    for (const operation of operations) this.#file(operation.path).update(operation, operation === chosen);
    arrange(this.#list, this.#inside("", operations.map(({ path }) => path).sort()));
    return chosen;
  }

  /** The items of one folder, folders first. Its path ends with a slash; `paths` are those of all files below it, in order. */
  #inside(folder: string, paths: readonly string[]): HTMLElement[] {
    const files: HTMLElement[] = [];
    const folders = new Map<string, string[]>();
    for (const path of paths) {
      const end = path.indexOf("/", folder.length) + 1;
      if (end === 0) {
        files.push(this.#file(path).element);
      } else {
        const inner = path.slice(0, end);
        const below = folders.get(inner) ?? [];
        folders.set(inner, below);
        below.push(path);
      }
    }
    const inner = [...folders].map(([path, below]) => {
      const { element, list } = this.#folder(path);
      arrange(list, this.#inside(path, below));
      return element;
    });
    return [...inner, ...files];
  }

  #file(path: string): File {
    const known = this.#files.get(path) ?? this.#makeFile(path);
    this.#files.set(path, known);
    return known;
  }

  #folder(path: string): Folder {
    const known = this.#folders.get(path) ?? makeFolder(path.slice(path.lastIndexOf("/", path.length - 2) + 1));
    this.#folders.set(path, known);
    return known;
  }

  #makeFile(path: string): File {
    const input = element("input", { type: "radio", name: "file", value: path });
    input.addEventListener("change", () => {
      this.#wanted = path;
      this.#selected(path);
    });
    const marks = element("span", { class: "marks" });
    const size = element("span", { class: "size" });
    const name = element("span", { class: "file-name" }, path.slice(path.lastIndexOf("/") + 1));
    return {
      element: element("li", {}, element("label", { class: "file" }, input, name, marks, size)),
      update(operation, chosen) {
        input.checked = chosen;
        marks.replaceChildren(...marksOf(operation).map((mark) => element("span", { class: "badge" }, mark)));
        size.textContent = bytes(operation.size);
      },
    };
  }
}

function makeFolder(name: string): Folder {
  const list = element("ul");
  return { list, element: element("li", {}, element("details", { open: true }, element("summary", {}, name), list)) };
}

/** What is special about a file, in words. */
export function marksOf({ mode, runsOnOpen, origins }: Operation): string[] {
  const packs = packsOf(origins).length;
  const joined = packs > 1 ? [`of ${packs} packs`] : [];
  return [...joined, ...(mode === "0755" ? ["executable"] : []), ...(runsOnOpen ? ["runs on open"] : [])];
}

/** The packs that have part in a file: several templates may be of one. */
export function packsOf(origins: readonly Origin[]): string[] {
  return [...new Set(origins.map(({ pack }) => pack))];
}
