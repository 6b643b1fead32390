// How the command line shows work that goes on: bars on a terminal, lines elsewhere, nothing with --json; and what of it the interface tells.
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { join } from "node:path";
import { before, describe, test } from "node:test";
import { pathToFileURL } from "node:url";
import { depot, line, slowly } from "./depot.mjs";
import { cli, packwright, project, scratch } from "./installed.mjs";
import { serve } from "./serve.mjs";
import { converse, keys, noTerminal, plain } from "./terminal.mjs";

const installed = createRequire(join(project, "index.js"));
const { open } = await import(pathToFileURL(installed.resolve("packwright")));

const size = 60_000;
const packs = 4;
let index;
before(async () => {
  index = await (await open()).buildRegistry(depot(line(packs, size)));
});

/** Its own cache, so that everything comes over the network. */
const uncached = () => ({ PACKWRIGHT_CACHE: scratch("cache") });
const installAll = (url, ...more) => ["install", `pack-${packs}`, "--registry", `depot=${url}`, ...more];

describe("transfers", { concurrency: 2 }, () => {
  test("are told as bytes arrive, not too often, with the size if the server says so", async (context) => {
    for (const sized of [true, false]) {
      const { url } = await serve(context, slowly(index, { sized, parts: 60, pause: 5 }));
      const pw = await open({ registry: { id: "depot", url }, cache: false });
      const events = [];
      const since = performance.now();
      await pw.install({ packs: [`pack-${packs}`], directory: scratch(), onProgress: (event) => event.type === "transfer" && events.push(event) });
      const elapsed = performance.now() - since;
      const labels = [...new Set(events.map(({ label }) => label))].sort();
      assert.deepEqual(labels, [1, 2, 3, 4].map((at) => `pack-${at}@1.0.0`));
      for (const label of labels) {
        const own = events.filter((event) => event.label === label);
        const archive = index.get([...index.keys()].find((path) => path.includes(`/${label.replace("@", "/")}/`))).length;
        assert.deepEqual(own.at(-1), { type: "transfer", label, received: archive, total: archive });
        assert.ok(own.length > 2, `${own.length} events`);
        assert.ok(own.length <= elapsed / 50 + 2, `${own.length} events in ${elapsed} ms`);
        for (const [at, { received, total }] of own.entries()) {
          assert.ok(at === 0 || received >= own[at - 1].received);
          if (at < own.length - 1) assert.equal(total, sized ? archive : null);
        }
      }
    }
  });

  test("that fail are not told, and a second try begins anew", async (context) => {
    const give = slowly(index, { parts: 4, pause: 60 });
    const tried = new Set();
    const { url } = await serve(context, (request, response) => {
      if (!request.url.includes("pack-1") || !request.url.endsWith(".tgz")) return give(request, response);
      if (tried.size < 2) {
        tried.add(tried.size);
        if (tried.size === 1) return response.writeHead(503, { "retry-after": "0" }).end("x".repeat(5000));
        response.writeHead(200, { "content-length": 100_000 }).write("x".repeat(70_000));
        return setTimeout(() => response.destroy(), 100);
      }
      return give(request, response);
    });
    const pw = await open({ registry: { id: "depot", url }, cache: false });
    const events = [];
    await pw.install({ packs: ["pack-1"], directory: scratch(), onProgress: (event) => events.push(event) });
    const steps = events.filter(({ type }) => type === "transfer" || type === "retrying").map(({ type, total }) => (type === "transfer" ? total : type));
    const archive = index.get([...index.keys()].find((path) => path.includes("/pack-1/"))).length;
    assert.deepEqual([...new Set(steps)], ["retrying", 100_000, archive]);
    assert.equal(steps.filter((step) => step === "retrying").length, 2);
  });

  test("of what is cached are none", async (context) => {
    const { url } = await serve(context, slowly(index, { pause: 0 }));
    const cache = scratch("cache");
    const install = async () => {
      const events = [];
      const pw = await open({ registry: { id: "depot", url }, cache });
      await pw.install({ packs: ["pack-2"], directory: scratch(), onProgress: (event) => events.push(event) });
      return events.filter(({ type }) => type === "transfer").length;
    };
    assert.ok((await install()) > 0);
    assert.equal(await install(), 0);
  });
});

describe("away from a terminal", { concurrency: 2 }, () => {
  test("there is a line for each archive, and no more", async (context) => {
    const { url } = await serve(context, slowly(index));
    const { code, stderr, stdout } = await packwright(installAll(url), { cwd: scratch(), env: uncached() });
    assert.equal(code, 0, stderr);
    const expected = [1, 2, 3, 4].map((at) => `Fetched pack-${at}@1.0.0 (60.3 kB), ${at} of 4\n`).join("");
    assert.equal(stderr, expected);
    assert.match(stdout, /^Installed 4 packs \(8 files, 241\.\d kB\)/);
  });

  test("waits are lines, too", async (context) => {
    const give = slowly(index, { pause: 0 });
    let failed = false;
    const { url } = await serve(context, (request, response) => {
      if (failed || !request.url.endsWith(".tgz")) return give(request, response);
      failed = true;
      return response.writeHead(503, { "retry-after": "1" }).end();
    });
    const { code, stderr } = await packwright(installAll(url), { cwd: scratch(), env: uncached() });
    assert.equal(code, 0, stderr);
    assert.match(stderr, /^Trying again in 1\.0 s, after attempt 1: .*503/m);
  });

  test("colours and cursor movements are nowhere, whatever the environment says", async (context) => {
    const { url } = await serve(context, slowly(index, { pause: 0 }));
    const { stderr } = await packwright(installAll(url), { cwd: scratch(), env: { ...uncached(), TERM: "xterm-256color", COLUMNS: "100" } });
    assert.doesNotMatch(stderr, /\x1b/);
  });

  test("--json says nothing on the way", async (context) => {
    const { url } = await serve(context, slowly(index, { pause: 0 }));
    const { stderr, stdout } = await packwright(installAll(url, "--json"), { cwd: scratch(), env: uncached() });
    assert.equal(stderr, "");
    assert.equal(JSON.parse(stdout).installation.written, true);
  });
});

describe("on a terminal", { skip: noTerminal, concurrency: 2 }, () => {
  const talk = (args, env = {}) => converse(cli, [...args, "--yes"], { cwd: scratch(), env: { PACKWRIGHT_REGISTRY: "", ...uncached(), ...env } });
  /** The frames that were drawn: what stands between one clearing and the next. */
  const frames = (output) => output.split(/\x1b\[\d+F\x1b\[J/).slice(0, -1);

  test("there is a bar for each transfer and one for all, and in the end none", async (context) => {
    const { url } = await serve(context, slowly(index, { parts: 30, pause: 40 }));
    const { code, output } = await talk(installAll(url)).end();
    assert.equal(code, 0, output);
    const drawn = frames(output).map((frame) => plain(frame));
    assert.ok(drawn.length > 4, `${drawn.length} frames`);
    const busy = drawn.find((frame) => frame.includes("pack-3@1.0.0"));
    assert.match(busy, /^pack-1@1\.0\.0 +━*─* +\d+(\.\d)? k?B of \d\d\.\d kB$/m);
    assert.match(busy, /^\d of 4 +━*─* +\d+(\.\d)? k?B, \d+(\.\d)? [kM]?B\/s$/m);
    assert.doesNotMatch(plain(output.split(/\x1b\[\d+F\x1b\[J/).at(-1)), /[━─]/, "what is left has no bars");
    assert.match(plain(output), /Installed 4 packs \(8 files, 241\.\d kB\) into \.packwright\/packages\n$/);
    assert.ok(!output.includes("\x1b[?25l"), "the cursor is never hidden");
  });

  test("no line is wider than the terminal, however narrow", async (context) => {
    const { url } = await serve(context, slowly(index, { parts: 20, pause: 40 }));
    const args = [...installAll(url), "--yes"].map((word) => `'${word}'`).join(" ");
    const person = converse("sh", ["-c", `stty cols 40; exec '${cli}' ${args}`], { cwd: scratch(), env: { PACKWRIGHT_REGISTRY: "", ...uncached() } });
    const { code, output } = await person.end();
    assert.equal(code, 0, output);
    const lines = frames(output).flatMap((frame) => plain(frame).split("\n"));
    assert.ok(lines.length > 4);
    for (const text of lines) assert.ok(text.length < 40, `${text.length}: ${text}`);
  });

  test("NO_COLOR and TERM=dumb are honoured", async (context) => {
    const { url } = await serve(context, slowly(index, { parts: 20, pause: 30 }));
    const coloured = await talk(installAll(url), { NO_COLOR: undefined }).end();
    assert.match(coloured.output, /\x1b\[36m━+\x1b\[39m/);
    const plainly = await talk(installAll(url), { NO_COLOR: "1" }).end();
    assert.match(plainly.output, /━/);
    assert.doesNotMatch(plainly.output, /\x1b\[\d+m/);
    const dumb = await talk(installAll(url), { TERM: "dumb" }).end();
    assert.doesNotMatch(dumb.output, /\x1b|━/);
    assert.match(dumb.output, /Fetched pack-1@1\.0\.0/);
  });

  test("Ctrl-C takes the bars away, and what was begun back", async (context) => {
    const { url } = await serve(context, slowly(index, { parts: 200, pause: 50 }));
    const person = talk(installAll(url));
    await person.see("━");
    person.type(keys.interrupt);
    const { code, output } = await person.end();
    assert.equal(code, 130, output);
    assert.doesNotMatch(plain(output.split(/\x1b\[\d+F\x1b\[J/).at(-1)), /[━─]/);
    assert.match(plain(output), /error\[cancelled\]: .*\n$/);
  });
});
