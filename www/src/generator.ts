/** Asks the core what choices and answers come to. It knows nothing of how that is shown. */
import { type Diagnostic, type Answer, type Packwright, PackwrightError, type Project, type Questions } from "packwright";

/** What the person said so far. */
export interface Input {
  /** Names of packs in the order they were chosen. */
  readonly packs: readonly string[];
  /** Answers by variable, also those to questions that the packs of now do not ask. */
  readonly answers: ReadonlyMap<string, Answer>;
}

/** What that comes to. Without `questions` there are no packs, or they do not go together. */
export interface Outcome {
  readonly questions?: Questions;
  readonly project?: Project;
  /** Why there is no project, or not all of one: then it lacks the files that these are about. */
  readonly problems: readonly Diagnostic[];
}

export class Generator {
  readonly #packwright: Packwright;
  readonly #timestamp: Date;
  /** What the packs of the last run declare. */
  #declared = { packs: "", names: new Set<string>() };

  /** `timestamp` is the moment that the projects record. */
  constructor(packwright: Packwright, timestamp: Date) {
    this.#packwright = packwright;
    this.#timestamp = timestamp;
  }

  /** Gives up with the signal; the outcome of a call that was given up means nothing. */
  async run({ packs, answers }: Input, signal: AbortSignal): Promise<Outcome> {
    // To the core, no packs means those of a lockfile.
    if (packs.length === 0) return { problems: [] };
    let questions: Questions | undefined;
    try {
      // An answer to a question of a pack that was since left out would be an error.
      const names = await this.#names(packs, signal);
      const known = Object.fromEntries([...answers].filter(([name]) => names.has(name)));
      questions = await this.#packwright.questions({ packs, answers: known, signal });
      const shown = { keepGoing: true, lines: true };
      const project = await this.#packwright.generate({ packs, answers: known, timestamp: this.#timestamp, ...shown, signal });
      return { questions, project, problems: project.problems };
    } catch (thrown) {
      const problems = diagnosticsOf(thrown);
      return questions === undefined ? { problems } : { questions, problems };
    }
  }

  /** The variables that these packs declare, asked or not. */
  async #names(packs: readonly string[], signal: AbortSignal): Promise<ReadonlySet<string>> {
    const key = packs.join(" ");
    if (this.#declared.packs !== key) {
      const { questions } = await this.#packwright.questions({ packs, signal });
      this.#declared = { packs: key, names: new Set(questions.map(({ variable }) => variable.name)) };
    }
    return this.#declared.names;
  }
}

/** What is wrong, as the package says it. Anything else that is thrown is a bug of the page and goes on. */
export function diagnosticsOf(thrown: unknown): readonly Diagnostic[] {
  if (thrown instanceof PackwrightError) return thrown.diagnostics;
  throw thrown;
}
