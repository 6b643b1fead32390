/** Answers compared and written as a person or the command line writes them. */
import type { Answer } from "packwright";

/** Whether two answers are equal; no answer is equal to none. */
export function same(one: Answer | null, other: Answer | null): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

/** As it is written behind `--var NAME=` or into a text field. */
export function text(answer: Answer): string {
  return Array.isArray(answer) ? answer.map(text).join(",") : String(answer);
}
