/** Building and rearranging elements. Text only ever becomes text nodes; there is no way to pass markup. */

type Attributes = Readonly<Record<string, string | boolean>>;
type Child = Node | string;

/** Makes an element. An attribute of `true` is set without a value, one of `false` is left out. */
export function element<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== false) made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children);
  return made;
}

/** Makes `children` the content of `parent`. Those that stay are not taken out on the way, so they keep focus and scroll position. */
export function arrange(parent: Element, children: readonly Node[]): void {
  const kept = new Set(children);
  for (const old of [...parent.childNodes]) if (!kept.has(old)) old.remove();
  children.forEach((child, index) => {
    const there = parent.childNodes[index] ?? null;
    if (there !== child) parent.insertBefore(child, there);
  });
}

/** Gives an element a text. Where it is read out, the same text again is not. */
export function say(place: Element, words: string): void {
  if (place.textContent !== words) place.textContent = words;
}

/** Text in which `backticks` mark code, as the core writes its messages. */
export function prose(text: string): Child[] {
  const parts = text.split("`");
  // An odd number of backticks is not markup.
  if (parts.length % 2 === 0) return [text];
  return parts.flatMap((part, index) => (part === "" ? [] : [index % 2 === 1 ? element("code", {}, part) : part]));
}
