/** The list of packs to choose from, and what the choice comes to. */
import type { Resolved, Summary } from "packwright";
import { element, say } from "./dom.js";

interface Row {
  readonly element: HTMLElement;
  /** What the filter looks at, in lower case. */
  readonly words: string;
  /** Tells that a chosen pack brings this one in. */
  readonly needed: HTMLElement;
}

/** The picker. Packs stand in the order in which they were chosen. */
export class Packs {
  readonly element = element("div", { class: "packs" });
  readonly #rows: ReadonlyMap<string, Row>;
  readonly #list: HTMLElement;
  readonly #filter = element("input", {
    type: "search",
    id: "filter",
    placeholder: "Filter by name, tag or category",
    autocomplete: "off",
  });
  readonly #found = element("p", { class: "found", role: "status" });
  readonly #none = element("p", { class: "none" }, "None chosen yet");
  readonly #result = element("ol", { class: "chosen", "aria-label": "Packs of the project" });
  readonly #chosen = new Set<string>();

  /** `changed` is called with the names of the chosen packs whenever they change. */
  constructor(summaries: readonly Summary[], changed: (chosen: string[]) => void) {
    const choose = (name: string, taken: boolean): void => {
      if (taken) this.#chosen.add(name);
      else this.#chosen.delete(name);
      changed([...this.#chosen]);
    };
    this.#rows = new Map(summaries.map((summary) => [summary.name, row(summary, (taken) => choose(summary.name, taken))]));
    const items = [...this.#rows.values()].map((each) => each.element);
    this.#list = element("ul", { class: "pack-list", "aria-label": "Packs to choose from" }, ...items);
    this.#filter.addEventListener("input", () => this.#narrow());
    this.element.append(
      element("label", { for: "filter", class: "unseen" }, "Filter packs"),
      this.#filter,
      this.#list,
      this.#found,
      this.#none,
      this.#result,
    );
  }

  /** Shows the chosen packs and, as far as they go together, their versions and the packs and packages that come with them. */
  show(resolved: readonly Resolved[]): void {
    const versions = new Map(resolved.map(({ identity, version }) => [identity, version]));
    const chosen = [...this.#chosen].map((name) => entry(name, versions.get(name)));
    const dependencies = resolved.filter(({ identity }) => !this.#chosen.has(identity));
    const brought = dependencies.map(({ identity, version }) =>
      element("li", { class: "brought" }, `${identity} ${version}, needed by ${neededBy(identity, resolved)}`),
    );
    this.#result.replaceChildren(...chosen, ...brought);
    this.#none.hidden = this.#chosen.size > 0;
    for (const [name, { needed }] of this.#rows) {
      needed.textContent = dependencies.some(({ identity }) => identity === name) ? "included" : "";
    }
  }

  #narrow(): void {
    const words = this.#filter.value.toLowerCase().split(/\s+/).filter(Boolean);
    // The list keeps its height, so that nothing below it moves while one types.
    const { height } = this.#list.getBoundingClientRect();
    this.#list.style.height = words.length === 0 ? "" : this.#list.style.height || `${height}px`;
    const rows = [...this.#rows.values()];
    for (const row of rows) row.element.hidden = !words.every((word) => row.words.includes(word));
    const found = rows.filter((row) => !row.element.hidden).length;
    say(this.#found, words.length === 0 ? "" : `${found} of ${rows.length} packs`);
  }
}

function row({ name, version, description, category, tags }: Summary, chosen: (taken: boolean) => void): Row {
  const input = element("input", { type: "checkbox", id: `pack-${name}`, "aria-describedby": `about-${name}` });
  input.addEventListener("change", () => chosen(input.checked));
  const needed = element("span", { class: "needed" });
  const about = element(
    "p",
    { id: `about-${name}`, class: "about" },
    element("span", { class: "description" }, description),
    element("span", { class: "tags" }, tags.join(" · ")),
  );
  const head = element(
    "p",
    { class: "pack-head" },
    element("label", { for: `pack-${name}` }, name),
    element("span", { class: "version" }, version),
    needed,
    element("span", { class: "category" }, category),
  );
  return {
    element: element("li", { class: "pack" }, input, head, about),
    words: [name, description, category, ...tags].join(" ").toLowerCase(),
    needed,
  };
}

function entry(name: string, version: string | undefined): HTMLElement {
  return element("li", {}, version === undefined ? name : `${name} ${version}`);
}

function neededBy(identity: string, resolved: readonly Resolved[]): string {
  return resolved
    .filter(({ dependencies }) => dependencies.some((dependency) => dependency.identity === identity))
    .map((pack) => pack.name)
    .join(", ");
}
