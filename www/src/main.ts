/** The generator page: loads the core, puts the parts together, and brings them up to date after every change. */
import { type Answer, open, type Packwright, type Question, type Summary } from "packwright";
import { commandLine } from "./command.js";
import { element } from "./dom.js";
import { Form } from "./form.js";
import { diagnosticsOf, Generator, type Outcome } from "./generator.js";
import { Latest } from "./latest.js";
import { Packs } from "./packs.js";
import { problems } from "./problems.js";
import { type Made, Result } from "./result.js";

/** Milliseconds from the last key to asking the core. */
const PAUSE = 100;

/** What stands in the place of the questions and the project when no pack is chosen. */
const NO_PACKS = { answers: "The packs you choose bring their questions.", result: "Choose a pack to see the files it makes." };
/** What stands in the place of the questions when the packs do not go together. */
const NO_QUESTIONS = "The questions come once the packs go together.";

/** The moment that projects record. Taken once, so that the same answers give the same bytes for as long as the page is open. */
const opened = new Date();

/** The registry that the page's address names, as `--registry` would; absent: the starter packs. */
const named = new URLSearchParams(location.search).get("registry")?.trim() || undefined;

const page = document.querySelector("main") ?? document.body;
await start();

/** Loads what the page needs; a person may try again. */
async function start(): Promise<void> {
  page.replaceChildren(element("p", { class: "loading", role: "status" }, "Loading packs…"));
  try {
    const starter = { id: "starter", url: new URL("registry/", document.baseURI) };
    // A lockfile calls it what the command line would.
    const packwright = await open({ registry: named === undefined ? starter : { id: "default", url: named } });
    page.replaceChildren(...parts(packwright, await packwright.list()));
  } catch (thrown) {
    const again = element("button", { type: "button" }, "Try again");
    again.addEventListener("click", () => void start());
    const words = element("h2", {}, "The packs could not be loaded");
    const reasons = problems(diagnosticsOf(thrown), new Set(), () => undefined);
    page.replaceChildren(...origin(), element("section", { class: "panel failure", role: "alert" }, words, reasons, again));
  }
}

function parts(packwright: Packwright, summaries: readonly Summary[]): HTMLElement[] {
  // A name to begin with: choosing a pack is then enough to see a project.
  const answers = new Map<string, Answer>([["project_name", "my-project"]]);
  let chosen: string[] = [];
  const generator = new Generator(packwright, opened);
  const newest = new Latest(PAUSE, async (signal) => {
    const outcome = await generator.run({ packs: chosen, answers }, signal);
    return signal.aborted ? undefined : show(outcome);
  });
  const packs = new Packs(summaries, (names) => {
    chosen = names;
    newest.start();
  });
  const form = new Form((name, answer) => {
    if (answer === undefined) answers.delete(name);
    else answers.set(name, answer);
    newest.start();
  });
  const result = new Result(
    () => newest.settled(),
    (name) => form.focus(name),
  );
  const note = element("p", { class: "empty" });

  function show({ questions, project, problems }: Outcome): Made | undefined {
    const asked = questions?.questions.filter((question) => question.asked) ?? [];
    packs.show([...(questions?.packs ?? []), ...(project?.packages ?? [])]);
    form.update(asked, answers);
    note.textContent = chosen.length === 0 ? NO_PACKS.answers : questions === undefined ? NO_QUESTIONS : "";
    if (project === undefined) {
      if (chosen.length === 0) result.showHint(NO_PACKS.result);
      else result.showProblems(problems, new Set(asked.map(({ variable }) => variable.name)));
      return undefined;
    }
    if (problems.length > 0) {
      result.showPart(project, secretsOf(asked), problems);
      return undefined;
    }
    const made = { project, command: commandLine(chosen, named, project, asked), secrets: secretsOf(asked) };
    result.showProject(made);
    return made;
  }

  show({ problems: [] });
  const panels = [panel("packs", "Packs", packs.element), panel("answers", "Answers", note, form.element)];
  return [...origin(), element("div", { class: "input" }, ...panels), result.element];
}

/** Says whose packs these are when the page's address names a registry: whoever made the link chose it. */
function origin(): HTMLElement[] {
  if (named === undefined) return [];
  const back = element("a", { href: location.pathname }, "Use the starter packs");
  return [element("p", { class: "origin" }, "Packs from ", element("code", {}, named), ". ", back)];
}

function secretsOf(questions: readonly Question[]): Map<string, string> {
  const answered = questions.filter(({ variable, answer }) => variable.secret && answer !== null && answer !== "");
  return new Map(answered.map(({ variable, answer }) => [variable.name, String(answer)]));
}

function panel(id: string, title: string, ...content: HTMLElement[]): HTMLElement {
  const heading = `${id}-heading`;
  return element("section", { class: "panel", "aria-labelledby": heading }, element("h2", { id: heading }, title), ...content);
}
