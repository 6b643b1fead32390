/** The content of one file, with where it comes from. Secrets are not shown. */
import type { Operation, Origin } from "packwright";
import { element } from "./dom.js";
import { bytes, counted, decoded } from "./text.js";
import { marksOf, packsOf } from "./tree.js";

/** The most characters of a file that are shown; browsers get slow with more. */
const MOST_SHOWN = 200_000;

/** Stands for a secret, however long that is. */
const MASK = "••••••••";

/** Shows one file at a time. */
export class Viewer {
  readonly #path = element("h3", { id: "file-path" });
  readonly #facts = element("p", { class: "facts" });
  readonly #numbers = element("pre", { class: "numbers", "aria-hidden": "true" });
  readonly #owners = element("pre", { class: "owners" });
  readonly #text = element("pre", { class: "text" });
  readonly #code = element(
    "div",
    { class: "code-scroll", tabindex: "0", role: "region", "aria-labelledby": "file-path" },
    this.#numbers,
    this.#owners,
    this.#text,
  );
  readonly #note = element("p", { class: "note" });
  readonly element = element(
    "div",
    { class: "viewer" },
    element("div", { class: "viewer-head" }, this.#path, this.#facts),
    this.#note,
    this.#code,
  );

  /** `secrets` are the texts to hide. */
  show(operation: Operation, content: Uint8Array, secrets: readonly string[]): void {
    const { path, size, origins } = operation;
    if (this.#path.textContent !== path) this.#code.scrollTo(0, 0);
    this.#path.textContent = path;
    this.#facts.textContent = [bytes(size), ...marksOf(operation), sources(origins)].join(" · ");
    const text = decoded(content);
    const masked = mask(text?.slice(0, MOST_SHOWN) ?? "", secrets);
    this.#text.textContent = masked;
    const lines = linesIn(masked);
    this.#numbers.textContent = Array.from({ length: lines }, (_, index) => index + 1).join("\n");
    this.#owners.textContent = owners(operation, lines);
    this.#owners.hidden = this.#owners.textContent === "";
    this.#code.hidden = masked === "";
    this.#note.textContent = noteOn(text, size);
  }
}

function sources(origins: readonly Origin[]): string {
  if (origins.length === 0) return "made by Packwright";
  return origins.map(({ source, pack, version }) => `${source} of ${pack} ${version}`).join(" + ");
}

/** For a file that several packs have part in: which pack its first lines are of, named where they begin. */
function owners({ origins, lines }: Operation, shown: number): string {
  if (packsOf(origins).length < 2) return "";
  let before: string | undefined;
  const named = lines.flatMap(({ count, from, also }) => {
    const packs = new Set([from, ...also].flatMap((line) => (line === null ? [] : [line.pack])));
    const all = [...packs].join(" + ");
    const begins = all === before ? "" : all;
    before = all;
    return [begins, ...Array.from({ length: count - 1 }, () => "")];
  });
  return named.slice(0, shown).join("\n");
}

function mask(text: string, secrets: readonly string[]): string {
  // The longest first: one secret may be a part of another.
  const longest = [...secrets].sort((one, other) => other.length - one.length);
  return longest.reduce((masked, secret) => masked.replaceAll(secret, MASK), text);
}

function linesIn(text: string): number {
  return text.split("\n").length - (text.endsWith("\n") ? 1 : 0);
}

function noteOn(text: string | undefined, size: number): string {
  if (text === undefined) return `A binary file of ${bytes(size)}`;
  if (text === "") return "An empty file";
  return text.length > MOST_SHOWN ? `The first ${counted(MOST_SHOWN, "character")} of ${bytes(size)}` : "";
}
