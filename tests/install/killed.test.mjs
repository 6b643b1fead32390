// An install of thirty packs and packages from a real registry that is killed at random points: whatever is left, it ends as it should.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { cpSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { cli, packwright, scratch } from "../package/installed.mjs";
import { verdaccio } from "../registry/verdaccio.mjs";
import { hasJournal, leftOver, publishThirty, random, treeOf } from "./world.mjs";

/** How often it is killed. */
const TIMES = 50;

/** A file of the user's among what is installed. */
const MINE = ".packwright/packages/notes.txt";

describe("an install that is killed", { concurrency: 2, skip: process.platform === "win32" && "needs signals" }, () => {
  let options, first, expected, cache;
  const seen = { journals: 0, early: 0, late: 0 };

  const ends = [];
  after(() => ends.forEach((end) => end()));
  before(async () => {
    const registry = await verdaccio({ after: (end) => ends.push(end) });
    await publishThirty(registry);
    options = ["--registry", `npm=${registry.location}`];
    cache = scratch("cache");
    // The first version, which the second replaces file by file and directory by directory.
    first = scratch();
    await run(["install", "app@^1", ...options], first);
    writeFileSync(join(first, MINE), "mine\n");
    expected = {};
    for (const [name, start] of [["anew", scratch()], ["over", first]]) {
      const directory = name === "anew" ? start : copied(start);
      const before = treeOf(directory);
      await run(["install", "app@^2", ...options], directory);
      expected[name] = { before, after: treeOf(directory) };
    }
  });

  const run = async (args, cwd, exit = 0) => {
    const { code, stdout, stderr } = await packwright(args, { cwd, env: { PACKWRIGHT_CACHE: cache } });
    assert.equal(code, exit, `packwright ${args.join(" ")}\n${stdout}${stderr}`);
    return { stdout, stderr };
  };

  const copied = (directory) => {
    const copy = scratch();
    cpSync(directory, copy, { recursive: true });
    return copy;
  };

  for (let number = 0; number < TIMES; number += 1) {
    test(`for the ${number + 1}. time`, async () => {
      const roll = random(number + 1);
      const kind = number % 5 === 0 ? "anew" : "over";
      const directory = kind === "anew" ? scratch() : copied(first);
      const { before, after } = expected[kind];
      // Half of them die right among the moves, which take but a moment.
      await killed(directory, number % 2 === 0 ? { journal: true, delay: roll(40) } : { delay: 150 + roll(900) });

      if (hasJournal(directory)) {
        seen.journals += 1;
        await others(directory, roll);
        const how = roll(3) === 0 ? "--rollback" : "--resume";
        const { stdout } = await run(["install", how], directory);
        assert.match(stdout, how === "--resume" ? /^Finished what was interrupted/ : /^Took back what was interrupted/);
        assert.deepEqual(treeOf(directory), how === "--resume" ? after : before);
        assert.deepEqual(leftOver(directory), []);
      } else {
        const left = treeOf(directory);
        const isDone = left["packwright.lock"] === after["packwright.lock"];
        seen[isDone ? "late" : "early"] += 1;
        const { stdout } = await run(["install", "--resume"], directory);
        assert.match(stdout, /^Nothing was interrupted/);
        assert.deepEqual(treeOf(directory), isDone ? after : before);
      }
      await run(["install", "app@^2", ...options], directory);
      assert.deepEqual(treeOf(directory), after);
      assert.deepEqual(leftOver(directory), []);
    });
  }

  /** Kills an install after some milliseconds, or so long after it has begun to move things. */
  async function killed(directory, { journal = false, delay }) {
    const child = spawn(cli, ["install", "app@^2", ...options], { cwd: directory, stdio: "ignore", env: { ...process.env, PACKWRIGHT_REGISTRY: "", PACKWRIGHT_CACHE: cache } });
    const ended = new Promise((resolve) => child.on("close", resolve));
    const die = () => setTimeout(() => child.kill("SIGKILL"), delay);
    if (!journal) die();
    const timer = setInterval(() => journal && hasJournal(directory) && (clearInterval(timer), die()), 1);
    await ended;
    clearInterval(timer);
  }

  /** Whatever else is done there, it says so and touches nothing. */
  async function others(directory, roll) {
    const before = treeOf(directory);
    const commands = [["install", "app@^1", ...options], ["uninstall", "app"], ["list", "--installed"], ["outdated", ...options], ["generate", "app", "-o", ".", "--yes", ...options]];
    const args = commands[roll(commands.length)];
    const { stderr } = await run(args, directory, 6);
    assert.match(stderr, /^error\[partial-install\]: a write into this directory was interrupted\n/m);
    assert.match(stderr, /`packwright install --resume`.*`packwright install --rollback`/);
    assert.deepEqual(treeOf(directory), before, args.join(" "));
  }

  test("was killed early, among the moves and late", (context) => {
    context.diagnostic(JSON.stringify(seen));
    assert.ok(seen.journals >= TIMES / 5, JSON.stringify(seen));
    assert.ok(seen.early > 0, JSON.stringify(seen));
  });
});
