/**
 * How much a text holds.
 *
 * @typedef {object} Counts
 * @property {number} lines Lines, the last one with or without a line end.
 * @property {number} words Runs of characters between white space.
 * @property {number} characters Unicode code points, line ends included.
 */

/**
 * Counts the lines, words and characters of `text`.
 *
 * @param {string} text
 * @returns {Counts}
 */
export function count(text) {
  const lines = text.split("\n");
  if (lines.at(-1) === "") lines.pop();
  return {
    lines: lines.length,
    words: text.match(/\S+/g)?.length ?? 0,
    characters: [...text].length,
  };
}
