/** The project: its files, what to know about it, and the two ways to take it away. Or why there is none. */
import type { Diagnostic, Hook, Operation, Project } from "packwright";
import { folderName, zipped } from "./archive.js";
import { arrange, element, say } from "./dom.js";
import { problems } from "./problems.js";
import { bytes, counted } from "./text.js";
import { Tree } from "./tree.js";
import { Viewer } from "./viewer.js";

/** A project, and the command line that makes the same. */
export interface Made {
  readonly project: Project;
  readonly command: string;
  /** The secret answers by variable. They are not shown and not in the command. */
  readonly secrets: ReadonlyMap<string, string>;
}

/** The part of the page that shows what the choices and answers come to. */
export class Result {
  readonly element: HTMLElement;
  readonly #status = element("p", { class: "status", role: "status" });
  readonly #download = element("button", { type: "button", class: "primary" }, "Download zip");
  readonly #copy = element("button", { type: "button", "aria-describedby": "command" }, "Copy");
  readonly #command = element("code", { id: "command" });
  readonly #copied = element("p", { class: "unseen", role: "status" });
  readonly #asking = element("p", { class: "asking" });
  readonly #body = element("div", { class: "result-body" });
  readonly #notices = element("div", { class: "notices" });
  readonly #viewer = new Viewer();
  readonly #tree = new Tree(() => this.#shown && this.#showFile(this.#shown.project, this.#shown.secrets));
  readonly #preview = element("div", { class: "preview" }, this.#tree.element, this.#viewer.element);
  readonly #goTo: (name: string) => void;
  #shown: Pick<Made, "project" | "secrets"> | undefined;

  /** `current` waits for the newest project, `goTo` leads to the field of a variable. */
  constructor(current: () => Promise<Made | undefined>, goTo: (name: string) => void) {
    this.#goTo = goTo;
    this.#download.addEventListener("click", () => void current().then((made) => made && download(made.project)));
    this.#copy.addEventListener("click", () => void current().then((made) => made && this.#copyCommand(made.command)));
    const line = { class: "command", role: "group", "aria-label": "The same in a terminal", tabindex: "0" };
    this.element = element(
      "section",
      { class: "panel result", "aria-labelledby": "result-heading" },
      element("div", { class: "result-head" }, element("h2", { id: "result-heading" }, "Project"), this.#status, this.#download),
      this.#body,
      element("div", { class: "terminal" }, element("span", { "aria-hidden": "true" }, "$"), element("div", line, this.#command), this.#copy),
      this.#copied,
      this.#asking,
    );
  }

  /** Shows that there is nothing yet, and what to do. */
  showHint(words: string): void {
    this.#become(undefined, "", element("p", { class: "empty" }, words));
  }

  /** Shows why there is no project. `asked` are the variables that have a field. */
  showProblems(diagnostics: readonly Diagnostic[], asked: ReadonlySet<string>): void {
    const unanswered = diagnostics.every(({ code }) => code === "missing-variable");
    const status = unanswered ? `${counted(diagnostics.length, "answer")} to go` : counted(diagnostics.length, "problem");
    this.#become(undefined, status, problems(diagnostics, asked, this.#goTo));
  }

  /** Shows what there is of a project that lacks some files, and why. It cannot be taken away. */
  showPart(project: Project, secrets: ReadonlyMap<string, string>, diagnostics: readonly Diagnostic[]): void {
    this.#notices.replaceChildren(problems(diagnostics, new Set(), this.#goTo));
    this.#become(undefined, counted(diagnostics.length, "problem"), this.#notices, this.#preview);
    this.#showFile(project, secrets);
  }

  showProject(made: Made): void {
    const { plan, warnings } = made.project;
    const size = plan.operations.reduce((sum, operation) => sum + operation.size, 0);
    const running = plan.operations.filter(({ runsOnOpen }) => runsOnOpen);
    this.#notices.replaceChildren(
      ...(warnings.length === 0 ? [] : [problems(warnings, new Set(), this.#goTo)]),
      ...(running.length === 0 ? [] : [runningNotice(running)]),
      ...(plan.hooks.length === 0 ? [] : [hookNotice(plan.hooks)]),
    );
    this.#become(made, `${counted(plan.operations.length, "file")}, ${bytes(size)}`, this.#notices, this.#preview);
    this.#showFile(made.project, made.secrets);
  }

  #become(made: Made | undefined, status: string, ...content: HTMLElement[]): void {
    this.#shown = made;
    say(this.#status, status);
    say(this.#command, made?.command ?? "npx packwright generate …");
    say(this.#copy, "Copy");
    say(this.#copied, "");
    this.#copy.disabled = this.#download.disabled = made === undefined;
    const secrets = [...(made?.secrets.keys() ?? [])].join(", ");
    say(this.#asking, secrets === "" ? "" : `The terminal asks for ${secrets}: secrets are not part of the command.`);
    arrange(this.#body, content);
  }

  #showFile(project: Project, secrets: ReadonlyMap<string, string>): void {
    this.#shown = { project, secrets };
    const { plan, files } = project;
    const chosen = this.#tree.show(plan.operations);
    if (chosen === undefined) return;
    const content = files.get(chosen.path);
    if (content !== undefined) this.#viewer.show(chosen, content, [...secrets.values()]);
  }

  async #copyCommand(command: string): Promise<void> {
    try {
      await navigator.clipboard.writeText(command);
      say(this.#copy, "Copied");
      say(this.#copied, "The command is copied");
    } catch {
      // A browser may forbid it; then the person can copy what is selected.
      getSelection()?.selectAllChildren(this.#command);
    }
  }
}

function download(project: Project): void {
  const folder = folderName(String(project.answers["project_name"]));
  const address = URL.createObjectURL(new Blob([zipped(project, folder)], { type: "application/zip" }));
  element("a", { href: address, download: `${folder}.zip` }).click();
  // The browser has begun to read by then, and keeps what it reads.
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}

function runningNotice(running: readonly Operation[]): HTMLElement {
  const items = running.map(({ path }) => element("li", {}, element("code", {}, path)));
  return notice("These files run by themselves when an editor opens the folder. Read them first.", items);
}

function hookNotice(hooks: readonly Hook[]): HTMLElement {
  const items = hooks.map(({ pack, event, command }) =>
    element("li", {}, element("code", {}, command), ` (${event} of ${pack})`),
  );
  return notice("The packs ask to run these commands in the project. Nothing runs them for you.", items);
}

function notice(words: string, items: HTMLElement[]): HTMLElement {
  return element("div", { class: "notice" }, element("p", {}, words), element("ul", {}, ...items));
}
