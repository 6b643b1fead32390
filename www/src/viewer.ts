/** The content of one file, with where it comes from. Secrets are not shown. */
import type { Operation } from "packwright";
import { element } from "./dom.js";
import { bytes, counted, decoded } from "./text.js";
import { marksOf } from "./tree.js";

/** The most characters of a file that are shown; browsers get slow with more. */
const MOST_SHOWN = 200_000;

/** Stands for a secret, however long that is. */
const MASK = "••••••••";

/** Shows one file at a time. */
export class Viewer {
  readonly #path = element("h3", { id: "file-path" });
  readonly #facts = element("p", { class: "facts" });
  readonly #numbers = element("pre", { class: "numbers", "aria-hidden": "true" });
  readonly #text = element("pre", { class: "text" });
  readonly #code = element(
    "div",
    { class: "code-scroll", tabindex: "0", role: "region", "aria-labelledby": "file-path" },
    this.#numbers,
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
    const { path, size, origin } = operation;
    if (this.#path.textContent !== path) this.#code.scrollTo(0, 0);
    this.#path.textContent = path;
    const source = origin === null ? "made by Packwright" : `${origin.source} of ${origin.pack} ${origin.version}`;
    this.#facts.textContent = [bytes(size), ...marksOf(operation), source].join(" · ");
    const text = decoded(content);
    const masked = mask(text?.slice(0, MOST_SHOWN) ?? "", secrets);
    this.#text.textContent = masked;
    this.#numbers.textContent = lineNumbers(masked);
    this.#code.hidden = masked === "";
    this.#note.textContent = noteOn(text, size);
  }
}

function mask(text: string, secrets: readonly string[]): string {
  // The longest first: one secret may be a part of another.
  const longest = [...secrets].sort((one, other) => other.length - one.length);
  return longest.reduce((masked, secret) => masked.replaceAll(secret, MASK), text);
}

function lineNumbers(text: string): string {
  const lines = text.split("\n").length - (text.endsWith("\n") ? 1 : 0);
  return Array.from({ length: lines }, (_, index) => index + 1).join("\n");
}

function noteOn(text: string | undefined, size: number): string {
  if (text === undefined) return `A binary file of ${bytes(size)}`;
  if (text === "") return "An empty file";
  return text.length > MOST_SHOWN ? `The first ${counted(MOST_SHOWN, "character")} of ${bytes(size)}` : "";
}
