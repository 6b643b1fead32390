/** The questions of the chosen packs as a form: a fieldset per group, a field per question that is asked. */
import type { Answer, Question } from "packwright";
import { arrange, element } from "./dom.js";
import { type Field, field } from "./field.js";

/** The heading of questions without a group, of which the project's name is always one. */
const NO_GROUP = "Project";

/** Gets each answer of the person, or nothing when they take theirs back. */
export type Answered = (name: string, value: Answer | undefined) => void;

interface Standing {
  readonly field: Field;
  /** What the field was made for; another one of the same name needs a new field. */
  readonly shape: string;
}

/** The form. It keeps no answers: `update` brings what stands. */
export class Form {
  readonly element = element("form", { "aria-labelledby": "answers-heading", novalidate: true });
  readonly #answered: Answered;
  readonly #fields = new Map<string, Standing>();
  readonly #groups = new Map<string, HTMLFieldSetElement>();

  constructor(answered: Answered) {
    this.#answered = answered;
    this.element.addEventListener("submit", (event) => event.preventDefault());
  }

  /** Asks these questions, with what stands as their answers; `given` has those that the person gave. */
  update(questions: readonly Question[], given: ReadonlyMap<string, Answer>): void {
    const groups = new Map<string, HTMLElement[]>();
    for (const question of questions) {
      const name = question.variable.group ?? NO_GROUP;
      const members = groups.get(name) ?? [];
      groups.set(name, members);
      const standing = this.#field(question);
      standing.update(question, given.get(question.variable.name));
      members.push(standing.element);
    }
    for (const [name, members] of groups) {
      const group = this.#group(name);
      arrange(group, [...group.querySelectorAll("legend"), ...members]);
    }
    arrange(this.element, [...groups.keys()].map((name) => this.#group(name)));
  }

  /** Moves to the field of a variable. */
  focus(name: string): void {
    this.#fields.get(name)?.field.focus();
  }

  #field({ variable }: Question): Field {
    const { name } = variable;
    const shape = JSON.stringify(variable);
    const standing = this.#fields.get(name);
    if (standing?.shape === shape) return standing.field;
    const made = field(variable, (value) => this.#answered(name, value));
    this.#fields.set(name, { field: made, shape });
    return made;
  }

  #group(name: string): HTMLFieldSetElement {
    const group = this.#groups.get(name) ?? element("fieldset", {}, element("legend", {}, name));
    this.#groups.set(name, group);
    return group;
  }
}
