// The functions over constraints as build tooling uses them. What every operator means is the core's own tests' business.
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { pathToFileURL } from "node:url";
import { project } from "./installed.mjs";

const installed = createRequire(join(project, "index.js"));
const entry = (name) => import(pathToFileURL(installed.resolve(name)));
const { constraints, PackwrightError } = await entry("packwright");
const { satisfies, satisfiesAll, maxSatisfying, minSatisfying, intersects, isSubset, normalize } = await constraints();

describe("constraints", () => {
  test("a bare version is caret, and npm's grammar is read too", () => {
    const cases = [
      ["1.4.2", "1.2", true],
      ["2.0.0", "1.2", false],
      ["1.4.2", "^1.2 <1.5", true],
      ["1.4.2", "^1.2, <1.4", false],
      ["3.1.0", "^1.2 || ^3", true],
      ["2.3.4", "1.2.3 - 2.3", true],
      ["1.9.9", "1.x", true],
      ["1.2.3+build", "=1.2.3", true],
      ["0.3.0", "^0.2.3", false],
      ["7.0.0", "latest", true],
    ];
    for (const [version, constraint, expected] of cases) assert.equal(satisfies(version, constraint), expected, `${version} ${constraint}`);
  });

  test("a pre-release has to be named, or let in", () => {
    assert.equal(satisfies("1.3.0-rc.1", "^1.2"), false);
    assert.equal(satisfies("1.3.0-rc.1", "^1.2", { prerelease: true }), true);
    assert.equal(satisfies("1.2.0-rc.2", "^1.2.0-rc.1"), true);
    assert.equal(maxSatisfying(["1.2.0", "1.3.0-rc.1"], "^1"), "1.2.0");
    assert.equal(maxSatisfying(["1.2.0", "1.3.0-rc.1"], "^1", { prerelease: true }), "1.3.0-rc.1");
    assert.equal(intersects("<1.0.0", ">=1.0.0-0", { prerelease: false }), false);
  });

  test("the highest and the lowest of some, as they were written", () => {
    const versions = ["1.2.0", "1.10.0+linux", "1.9.0", "2.0.0"];
    assert.equal(maxSatisfying(versions, "^1"), "1.10.0+linux");
    assert.equal(minSatisfying(versions, "^1"), "1.2.0");
    assert.equal(maxSatisfying(versions, "^3"), null);
    assert.equal(minSatisfying([], "^3"), null);
  });

  test("sets are compared and have a normal form", () => {
    assert.equal(intersects("^1.2", "<1.3"), true);
    assert.equal(intersects("^1", "^2"), false);
    assert.equal(isSubset("~1.2.3", "^1"), true);
    assert.equal(isSubset("^1", "~1.2.3"), false);
    assert.equal(isSubset("^1", "^1 || ^2"), true);
    for (const [text, expected] of [["1.2", "^1.2.0"], [">=1.2.3 <2", "^1.2.3"], ["^1 || ^2", ">=1.0.0, <3.0.0"], ["x", "*"]]) {
      assert.equal(normalize(text), expected);
      assert.equal(normalize(expected), expected);
    }
  });

  test("many pairs at once give what as many calls give", () => {
    const versions = [];
    const ranges = [];
    for (let major = 0; major < 4; major += 1) {
      for (let minor = 0; minor < 4; minor += 1) {
        for (const constraint of ["^1", "~2.1", ">=1.2 <3", "0.x || 3.3.x", "*"]) {
          versions.push(`${major}.${minor}.0`);
          ranges.push(constraint);
        }
      }
    }
    const all = satisfiesAll(versions, ranges);
    assert.equal(all.length, versions.length);
    assert.deepEqual(all, versions.map((version, place) => satisfies(version, ranges[place])));
    assert.ok(all.includes(true) && all.includes(false));
    assert.deepEqual(satisfiesAll([], []), []);
    assert.deepEqual(satisfiesAll(["1.0.0-a", "1.0.0"], ["*", "*"], { prerelease: true }), [true, true]);
  });

  for (const [what, code, word, call] of [
    ["a version that is none", "invalid-version", "1.2", () => satisfies("1.2", "^1")],
    ["one of many versions", "invalid-version", "one", () => satisfiesAll(["1.0.0", "one"], ["*", "*"])],
    ["no version at all", "invalid-version", "``", () => maxSatisfying([""], "*")],
    ["a version with a zero byte in it", "invalid-version", "1.0.0", () => satisfiesAll(["1.0.0\0" + "2.0.0"], ["*"])],
    ["half of a character", "invalid-version", "1.0.0-", () => satisfies("1.0.0-\ud800", "*")],
    ["a constraint that is none", "invalid-constraint", ">>1", () => satisfies("1.0.0", ">>1")],
    ["an empty constraint", "invalid-constraint", "empty", () => intersects("^1", "")],
    ["a constraint with a zero byte in it", "invalid-constraint", "^1", () => normalize("^1\0")],
    ["a constraint without versions to try", "invalid-constraint", "nope", () => minSatisfying([], "nope")],
    ["a constraint that is too long", "invalid-constraint", "1024", () => isSubset("1 ".repeat(600), "*")],
    ["lists of different lengths", "usage", "2 versions and 1 constraints", () => satisfiesAll(["1.0.0", "1.0.0"], ["*"])],
    ["a number", "usage", "`1` is not a text", () => satisfies("1.0.0", 1)],
    ["no list", "usage", "is not a list", () => maxSatisfying("1.0.0", "*")],
  ]) {
    test(`${what} is a PackwrightError that says so`, () => {
      assert.throws(call, (error) => {
        assert.ok(error instanceof PackwrightError, String(error));
        assert.equal(error.code, code, error.message);
        assert.ok(error.message.includes(word), error.message);
        return true;
      });
    });
  }

  test("every entry point has them, and no registry is needed", async () => {
    const inline = await (await entry("packwright/inline")).constraints();
    const wasm = readFileSync(installed.resolve("packwright/packwright.wasm"));
    const slim = await (await entry("packwright/slim")).constraints({ wasm });
    for (const functions of [inline, slim]) assert.equal(functions.satisfies("1.4.2", "^1.2"), true);
  });
});
