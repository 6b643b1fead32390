import assert from "node:assert/strict";
import { test } from "node:test";

import { count } from "./index.js";

test("counts lines, words and characters", () => {
  assert.deepEqual(count("one two\nthree"), { lines: 2, words: 3, characters: 13 });
});

test("an empty text holds nothing", () => {
  assert.deepEqual(count(""), { lines: 0, words: 0, characters: 0 });
});

test("a last line counts with or without its end", () => {
  assert.equal(count("one\ntwo").lines, 2);
  assert.equal(count("one\ntwo\n").lines, 2);
});

test("characters are not UTF-16 units", () => {
  assert.equal(count("🦀").characters, 1);
});
