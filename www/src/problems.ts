/** Diagnostics as a person reads them: what, where, why, and what to try. */
import type { Diagnostic } from "packwright";
import { element, prose } from "./dom.js";

/** Shows diagnostics one below the other. Those about a question lead to its field, by `goTo`, instead of naming a flag. */
export function problems(diagnostics: readonly Diagnostic[], asked: ReadonlySet<string>, goTo: (name: string) => void): HTMLElement {
  const items = diagnostics.map((diagnostic) => {
    const { subject } = diagnostic;
    const way = subject !== null && asked.has(subject) ? wayTo(subject, goTo) : suggestion(diagnostic);
    return element("li", { class: `problem-card ${diagnostic.severity} ${diagnostic.code}` }, ...said(diagnostic), ...way);
  });
  return element("ul", { class: "problems" }, ...items);
}

function said({ code, message, causes, location, frame }: Diagnostic): HTMLElement[] {
  return [
    element("p", { class: "message" }, element("span", { class: "code" }, code), ...prose(message)),
    ...(location === null ? [] : [element("p", { class: "place" }, place(location))]),
    ...(causes.length === 0 ? [] : [element("ul", { class: "causes" }, ...causes.map((cause) => element("li", {}, ...prose(cause))))]),
    ...(frame === null ? [] : [element("pre", { tabindex: "0", role: "group", "aria-label": "Excerpt" }, frame)]),
  ];
}

function place({ file, line, column, pack }: NonNullable<Diagnostic["location"]>): string {
  const position = [file, line, column].filter((part) => part !== null).join(":");
  return pack === null ? position : `${position} in ${pack}`;
}

function suggestion({ suggestion }: Diagnostic): HTMLElement[] {
  return suggestion === null ? [] : [element("p", { class: "suggestion" }, "Try: ", ...prose(suggestion))];
}

function wayTo(name: string, goTo: (name: string) => void): HTMLElement[] {
  const button = element("button", { type: "button", class: "link" }, `Go to ${name}`);
  button.addEventListener("click", () => goTo(name));
  return [button];
}
