/** One question as a form field. What is typed is handed on as it is; whether it will do is for the core to say. */
import type { Answer, Question, Variable } from "packwright";
import { same, text } from "./answer.js";
import { element, prose } from "./dom.js";

/** More choices than this are a list to open, fewer stand side by side. */
const MOST_RADIOS = 4;

/** A field in the form. */
export interface Field {
  readonly element: HTMLElement;
  /** Shows how things stand; `given` is the person's own answer, if there is one. */
  update(question: Question, given: Answer | undefined): void;
  focus(): void;
}

/** The inputs of a field. */
interface Control {
  readonly element: HTMLElement;
  /** The elements that say to assistive technology whether the answer is valid. */
  readonly judged: readonly HTMLElement[];
  show(answer: Answer | null): void;
}

/** What a control needs to know about the field around it. */
interface Setting {
  readonly variable: Variable;
  /** The id of the control, its label, and what describes it. */
  readonly id: string;
  readonly labelledBy: string;
  readonly describedBy: string;
  answer(value: Answer): void;
}

/** Makes the field of a variable; `answered` gets each new answer, or nothing when the person takes theirs back. */
export function field(variable: Variable, answered: (value: Answer | undefined) => void): Field {
  const { name, description } = variable;
  const id = `answer-${name}`;
  const ids = { label: `${id}-label`, hint: `${id}-hint`, problem: `${id}-problem` };
  let standing: Question | undefined;
  let touched = false;
  let said = "";

  const control = controlOf({
    variable,
    id,
    labelledBy: ids.label,
    describedBy: `${ids.hint} ${ids.problem}`,
    answer(value) {
      touched = true;
      // An emptied field is no answer, unless that is how a default is declined.
      answered(value === "" && (standing?.default ?? null) === null ? undefined : value);
    },
  });
  const label = element(control.element.id === id ? "label" : "span", { id: ids.label, class: "name" }, name);
  if (label instanceof HTMLLabelElement) label.htmlFor = id;
  const mark = element("span", { class: "mark" });
  const reset = element("button", { type: "button", class: "link", "aria-label": `Use default for ${name}` }, "Use default");
  const problem = element("p", { id: ids.problem, class: "problem", "aria-live": "polite" });
  const whole = element(
    "div",
    { class: "field" },
    element("div", { class: "field-head" }, label, mark, reset),
    element("p", { id: ids.hint, class: "hint" }, ...prose(description ?? "")),
    control.element,
    problem,
  );

  const focus = (): void => whole.querySelector<HTMLElement>("input, select")?.focus();
  reset.addEventListener("click", () => {
    answered(undefined);
    focus();
  });

  const judge = (): void => {
    if (standing === undefined) return;
    const missing = isMissing(standing);
    const words = standing.problem?.message ?? (missing && touched ? "This needs an answer." : "");
    // The same words anew would be read out anew.
    if (words !== said) problem.replaceChildren(...prose(words));
    said = words;
    mark.textContent = missing ? "required" : standing.default === null && !variable.required ? "optional" : "";
    for (const judged of control.judged) judged.setAttribute("aria-invalid", String(words !== ""));
  };
  whole.addEventListener("focusout", ({ relatedTarget }) => {
    if (relatedTarget instanceof Node && whole.contains(relatedTarget)) return;
    touched = true;
    judge();
  });

  return {
    element: whole,
    update(question, given) {
      standing = question;
      control.show(given ?? question.answer);
      reset.hidden = given === undefined || question.default === null || same(given, question.default);
      judge();
    },
    focus,
  };
}

/** Whether an answer is still owed: a required one, or one whose default does not keep the variable's own rules. */
function isMissing({ variable, asked, answer, problem }: Question): boolean {
  return asked && answer === null && problem === null && (variable.required || variable.default !== null);
}

function controlOf(setting: Setting): Control {
  const { type, choices, multiple, default: standard } = setting.variable;
  if (multiple && choices !== null) return checkboxes(setting, choices);
  if (choices !== null) return choices.length > MOST_RADIOS ? select(setting, choices) : radios(setting, choices);
  if (type !== "boolean") return textInput(setting);
  // Without a default an empty check box could mean "no" as well as "not answered yet".
  return standard === null ? radios(setting, [true, false]) : checkbox(setting);
}

function textInput({ variable, id, describedBy, answer }: Setting): Control {
  const { type, minimum, secret, example, required } = variable;
  const input = element("input", {
    id,
    type: secret ? "password" : "text",
    // Not a number input, which hides from us what is typed when it is no number.
    inputmode: type === "integer" && minimum !== null && minimum >= 0 ? "numeric" : "text",
    autocomplete: "off",
    autocapitalize: "off",
    spellcheck: "false",
    placeholder: example === null ? "" : `e.g. ${example}`,
    "aria-required": String(required),
    "aria-describedby": describedBy,
  });
  input.addEventListener("input", () => answer(input.value));
  return {
    element: input,
    judged: [input],
    show(value) {
      const words = value === null ? "" : text(value);
      // Setting even the same value would move the cursor.
      if (input.value !== words) input.value = words;
    },
  };
}

function checkbox({ labelledBy, describedBy, answer }: Setting): Control {
  const input = element("input", { type: "checkbox", "aria-labelledby": labelledBy, "aria-describedby": describedBy });
  input.addEventListener("change", () => answer(input.checked));
  return {
    element: element("div", { class: "choices" }, element("label", { class: "choice" }, input, "yes")),
    judged: [input],
    show(value) {
      input.checked = value === true;
    },
  };
}

function select({ variable, id, describedBy, answer }: Setting, choices: readonly Answer[]): Control {
  const input = element("select", { id, "aria-required": String(variable.required), "aria-describedby": describedBy });
  if (variable.default === null) input.append(element("option", { value: "" }, "choose one"));
  input.append(...choices.map((choice, index) => element("option", { value: String(index) }, text(choice))));
  input.addEventListener("change", () => answer(choices[Number.parseInt(input.value)] ?? ""));
  return {
    element: input,
    judged: [input],
    show(value) {
      const index = choices.findIndex((choice) => same(choice, value));
      input.value = index < 0 ? "" : String(index);
    },
  };
}

function radios({ variable, id, labelledBy, describedBy, answer }: Setting, choices: readonly Answer[]): Control {
  const options = choices.map((choice) => ({ choice, input: element("input", { type: "radio", name: id }) }));
  for (const { choice, input } of options) input.addEventListener("change", () => answer(choice));
  const group = element(
    "div",
    {
      role: "radiogroup",
      class: "choices",
      "aria-required": String(variable.required),
      "aria-labelledby": labelledBy,
      "aria-describedby": describedBy,
    },
    ...options.map(labelled),
  );
  return {
    element: group,
    judged: [group],
    show(value) {
      for (const { choice, input } of options) input.checked = same(choice, value);
    },
  };
}

function checkboxes({ labelledBy, describedBy, answer }: Setting, choices: readonly Answer[]): Control {
  const options = choices.map((choice) => ({
    choice,
    input: element("input", { type: "checkbox", "aria-describedby": describedBy }),
  }));
  const take = (): void => answer(options.filter(({ input }) => input.checked).map(({ choice }) => choice));
  for (const { input } of options) input.addEventListener("change", take);
  return {
    element: element("div", { role: "group", class: "choices", "aria-labelledby": labelledBy }, ...options.map(labelled)),
    judged: options.map(({ input }) => input),
    show(value) {
      const taken = Array.isArray(value) ? value : [];
      for (const { choice, input } of options) input.checked = taken.some((one) => same(one, choice));
    },
  };
}

function labelled({ choice, input }: { choice: Answer; input: HTMLInputElement }): HTMLElement {
  const words = typeof choice === "boolean" ? (choice ? "yes" : "no") : text(choice);
  return element("label", { class: "choice" }, input, words);
}
