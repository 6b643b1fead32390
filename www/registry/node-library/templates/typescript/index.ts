/** How much a text holds. */
export interface Counts {
  /** Lines, the last one with or without a line end. */
  lines: number;
  /** Runs of characters between white space. */
  words: number;
  /** Unicode code points, line ends included. */
  characters: number;
}

/** Counts the lines, words and characters of `text`. */
export function count(text: string): Counts {
  const lines = text.split("\n");
  if (lines.at(-1) === "") lines.pop();
  return {
    lines: lines.length,
    words: text.match(/\S+/g)?.length ?? 0,
    characters: [...text].length,
  };
}
