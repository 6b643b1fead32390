// What is counted, and everybody who can be told of it: the program, a file, `node:diagnostics_channel`, and OpenTelemetry if it is set up.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { cpSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { before, describe, test } from "node:test";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { depot, line, slowly } from "./depot.mjs";
import { packs, packwright, project, root, scratch } from "./installed.mjs";
import { serve } from "./serve.mjs";

const run = promisify(execFile);
const installed = createRequire(join(project, "index.js"));
const { open, openMetrics } = await import(pathToFileURL(installed.resolve("packwright")));

const good = { id: "fixtures", directory: join(packs, "good") };
const greeting = { packs: ["greeting"], answers: { project_name: "demo" } };

/**
 * Reads OpenMetrics text by its grammar (OpenMetrics 1.0, section 3): families one after the other, each with its metadata before its
 * samples and with no sample of another, and `# EOF` at the very end.
 */
function readOpenMetrics(text) {
  assert.ok(text.endsWith("# EOF\n"), "the last line is # EOF");
  const families = new Map();
  let family;
  for (const row of text.slice(0, -"# EOF\n".length).split("\n").slice(0, -1)) {
    const [, kind, name, rest] = /^# (TYPE|UNIT|HELP) ([a-zA-Z_:][a-zA-Z0-9_:]*) (.*)$/.exec(row) ?? [];
    if (kind === undefined) {
      const [, sample, value] = /^([a-zA-Z_:][a-zA-Z0-9_:]*) ([0-9.e+-]+)$/.exec(row) ?? assert.fail(`neither metadata nor a sample: ${row}`);
      const suffix = sample.slice(family.name.length);
      assert.ok(sample.startsWith(family.name), `${sample} stands below ${family.name}`);
      assert.ok({ counter: ["_total"], summary: ["_count", "_sum"] }[family.TYPE].includes(suffix), `${sample} is no sample of a ${family.TYPE}`);
      assert.ok(!family.samples.has(suffix), `${sample} comes twice`);
      assert.ok(Number(value) >= 0, row);
      family.samples.set(suffix, Number(value));
      continue;
    }
    if (family?.name !== name) {
      assert.ok(!families.has(name), `${name} comes in two parts`);
      family = { name, samples: new Map() };
      families.set(name, family);
    }
    assert.equal(family.samples.size, 0, "metadata stands before samples");
    assert.ok(!(kind in family), `${kind} of ${name} comes twice`);
    if (kind === "UNIT") assert.ok(name.endsWith(`_${rest}`), `the name of ${name} ends with its unit`);
    if (kind === "HELP") assert.doesNotMatch(rest, /["\\]/, "nothing needs escaping");
    family[kind] = rest;
  }
  return Object.fromEntries([...families].flatMap(([name, { samples }]) => [...samples].map(([suffix, value]) => [name + suffix, value])));
}

describe("counting", { concurrency: 2 }, () => {
  test("begins with nothing", async () => {
    const nothing = { count: 0, sum: 0, mean: null };
    const snapshot = (await open()).metrics.snapshot();
    assert.deepEqual(snapshot, {
      ...{ installs_total: 0, installs_failed: 0, generations_total: 0, generations_failed: 0, cache_hits: 0, cache_misses: 0 },
      ...{ install_seconds: nothing, generation_seconds: nothing },
    });
    assert.deepEqual(JSON.parse(JSON.stringify(snapshot)), snapshot);
  });

  test("counts what came to an end, and times what went well", async () => {
    const pw = await open({ registry: good });
    const told = [];
    const end = pw.metrics.subscribe((event) => told.push(event));
    pw.metrics.subscribe(() => { throw new Error("a listener that fails"); });
    await pw.generate(greeting);
    await assert.rejects(pw.generate({ packs: ["none"] }), { code: "pack-not-found" });
    await pw.questions(greeting);
    await pw.install({ packs: ["greeting"], directory: scratch(), dryRun: true });
    await pw.install({ packs: ["greeting"], directory: scratch() });
    await assert.rejects(pw.generate({ ...greeting, signal: AbortSignal.abort() }), { code: "cancelled" });
    end();
    await assert.rejects(pw.install({ packs: ["none"], directory: scratch() }), { code: "pack-not-found" });
    const { install_seconds: install, generation_seconds: generation, ...counts } = pw.metrics.snapshot();
    assert.deepEqual(counts, { installs_total: 2, installs_failed: 1, generations_total: 2, generations_failed: 1, cache_hits: 0, cache_misses: 0 });
    assert.deepEqual([install.count, generation.count], [1, 1]);
    assert.ok(install.sum > 0 && install.sum < 10 && install.mean === install.sum);
    assert.deepEqual(told.map(({ type, code }) => [type, code]), [["generation", null], ["generation", "pack-not-found"], ["install", null]]);
  });

  test("knows what came from the cache and what did not", async (context) => {
    const index = await (await open()).buildRegistry(depot(line(3)));
    const { url, requests } = await serve(context, slowly(index, { pause: 0 }));
    const cache = scratch("cache");
    const install = async () => {
      const pw = await open({ registry: { id: "depot", url }, cache });
      await pw.install({ packs: ["pack-3"], directory: scratch() });
      const { cache_hits: hits, cache_misses: misses } = pw.metrics.snapshot();
      return { hits, misses };
    };
    const first = await install();
    assert.deepEqual(first, { hits: 0, misses: requests.length });
    const second = await install();
    assert.deepEqual(second, { hits: first.misses, misses: 0 });
  });
});

describe("--metrics", { concurrency: 2 }, () => {
  let registry;
  before(() => {
    registry = ["--registry", `depot=${depot({ app: {} })}`];
  });
  const install = (cwd, ...more) => packwright(["install", "app", ...registry, ...more], { cwd });

  test("writes OpenMetrics text that a strict reader accepts", async () => {
    const cwd = scratch();
    assert.equal((await install(cwd, "--metrics", "metrics.txt")).code, 0);
    const { packwright_install_seconds_sum: seconds, ...read } = readOpenMetrics(readFileSync(join(cwd, "metrics.txt"), "utf8"));
    assert.deepEqual(read, {
      ...{ packwright_installs_total: 1, packwright_installs_failed_total: 0 },
      ...{ packwright_generations_total: 0, packwright_generations_failed_total: 0 },
      ...{ packwright_cache_hits_total: 0, packwright_cache_misses_total: 0 },
      ...{ packwright_install_seconds_count: 1, packwright_generation_seconds_count: 0, packwright_generation_seconds_sum: 0 },
    });
    assert.ok(seconds > 0 && seconds < 10, String(seconds));
  });

  test("writes JSON to a .json file, in place of what was there, and nothing beside it", async () => {
    const cwd = scratch();
    writeFileSync(join(cwd, "metrics.json"), "old");
    const args = ["generate", "greeting", "--name", "demo", "--registry", `fixtures=${good.directory}`, "--metrics", "metrics.json"];
    assert.equal((await packwright(args, { cwd })).code, 0);
    const { generations_total: total, generation_seconds: seconds } = JSON.parse(readFileSync(join(cwd, "metrics.json"), "utf8"));
    assert.deepEqual([total, seconds.count], [1, 1]);
    assert.deepEqual(readdirSync(cwd).sort(), ["demo", "metrics.json"]);
  });

  test("writes after a failure, too, which keeps its exit code", async () => {
    const cwd = scratch();
    const { code, stderr } = await packwright(["install", "none", ...registry, "--metrics", "m.json"], { cwd });
    assert.equal(code, 1, stderr);
    const { installs_total: total, installs_failed: failed } = JSON.parse(readFileSync(join(cwd, "m.json"), "utf8"));
    assert.deepEqual([total, failed], [1, 1]);
  });

  test("says so before anything is done when it cannot write there", async () => {
    const cwd = scratch();
    const { code, stdout, stderr } = await install(cwd, "--metrics", "not/there.json");
    assert.equal(code, 10);
    assert.match(stderr, /^error\[storage\]: the metrics could not be written to `not\/there\.json`/);
    assert.equal(stdout, "");
    assert.deepEqual(readdirSync(cwd), []);
  });

  test("says so when it cannot write, beside what else failed", async () => {
    const cwd = scratch();
    mkdirSync(join(cwd, "m.json"));
    const done = await install(cwd, "--metrics", "m.json");
    assert.equal(done.code, 10);
    assert.match(done.stdout, /^Installed 1 pack/, "what was done was done");
    assert.match(done.stderr, /error\[storage\]: the metrics could not be written to `m\.json`/);
    const { code, stderr } = await packwright(["install", "none", ...registry, "--metrics", "m.json"], { cwd });
    assert.equal(code, 1);
    assert.match(stderr, /^error\[pack-not-found\][^]*\n\nerror\[storage\]/);
  });
});

test("openMetrics writes what a snapshot has", async () => {
  const snapshot = {
    ...{ installs_total: 7, installs_failed: 2, generations_total: 3, generations_failed: 1, cache_hits: 40, cache_misses: 2 },
    ...{ install_seconds: { count: 5, sum: 12.5, mean: 2.5 }, generation_seconds: { count: 2, sum: 1e-7, mean: 5e-8 } },
  };
  assert.deepEqual(readOpenMetrics(openMetrics(snapshot)), {
    ...{ packwright_installs_total: 7, packwright_installs_failed_total: 2, packwright_generations_total: 3 },
    ...{ packwright_generations_failed_total: 1, packwright_cache_hits_total: 40, packwright_cache_misses_total: 2 },
    ...{ packwright_install_seconds_count: 5, packwright_install_seconds_sum: 12.5 },
    ...{ packwright_generation_seconds_count: 2, packwright_generation_seconds_sum: 1e-7 },
  });
});

test("node:diagnostics_channel has everything, as long as somebody listens", async () => {
  const pw = await open({ registry: good });
  const heard = [];
  const names = ["install", "generation", "cache", "progress"].map((name) => `packwright:${name}`);
  const listen = (message, name) => heard.push([name, message.type]);
  names.forEach((name) => subscribe(name, listen));
  await pw.generate(greeting);
  await pw.install({ packs: ["greeting"], directory: scratch() });
  await assert.rejects(pw.generate({ packs: ["none"] }));
  names.forEach((name) => unsubscribe(name, listen));
  await pw.generate(greeting);
  assert.deepEqual(heard.filter(([name]) => name !== "packwright:progress"), [
    ["packwright:generation", "generation"],
    ["packwright:install", "install"],
    ["packwright:generation", "generation"],
  ]);
  const told = new Set(heard.filter(([name]) => name === "packwright:progress").map(([, type]) => type));
  assert.deepEqual([...told], ["resolved", "fetched", "staged", "placing"]);
});

describe("OpenTelemetry", { concurrency: 2 }, () => {
  /** Runs a program in a directory where the package is installed, with the API and the SDK beside it or without. */
  async function program(source, { api = true } = {}) {
    const directory = scratch("telemetry");
    const modules = join(directory, "node_modules");
    cpSync(join(project, "node_modules/packwright"), join(modules, "packwright"), { recursive: true });
    if (api) symlinkSync(join(root, "node_modules/@opentelemetry"), join(modules, "@opentelemetry"));
    writeFileSync(join(directory, "program.mjs"), source);
    const { stdout } = await run(process.execPath, ["program.mjs", good.directory], { cwd: directory });
    return JSON.parse(stdout);
  }

  const work = `
    import { mkdtempSync } from "node:fs";
    import { open } from "packwright";
    const pw = await open({ registry: { id: "fixtures", directory: process.argv[2] } });
    await pw.generate({ packs: ["greeting", "tasks"], answers: { project_name: "demo", greeting: "PRIVATE" } });
    await pw.install({ packs: ["greeting"], directory: mkdtempSync("install-") });
    await pw.install({ packs: ["none"], directory: mkdtempSync("install-") }).catch(() => {});
    await pw.install({ packs: ["greeting"], directory: mkdtempSync("install-"), dryRun: true });
  `;

  test("has spans, counters and durations of all work, and nothing else", async () => {
    const { spans, metrics, text } = await program(`
      import { metrics, trace } from "@opentelemetry/api";
      import { AggregationTemporality, InMemoryMetricExporter, MeterProvider, PeriodicExportingMetricReader } from "@opentelemetry/sdk-metrics";
      import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from "@opentelemetry/sdk-trace-base";
      const spans = new InMemorySpanExporter();
      trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(spans)] }));
      const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
      const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 1_000_000 });
      const provider = new MeterProvider({ readers: [reader] });
      metrics.setGlobalMeterProvider(provider);
      ${work}
      await provider.forceFlush();
      const [{ scopeMetrics }] = exporter.getMetrics();
      const found = scopeMetrics.flatMap(({ scope, metrics }) => metrics.map(({ descriptor, dataPoints }) => [scope.name, descriptor.name, descriptor.unit, dataPoints.map(({ attributes, value }) => [attributes, value.count ?? value, value.sum > 0 && value.sum < 10])]));
      const ended = spans.getFinishedSpans().map(({ name, attributes, status, events }) => [name, attributes, status, events]);
      const text = JSON.stringify([scopeMetrics, spans.getFinishedSpans().map(({ name, attributes, status, events, links, resource }) => [name, attributes, status, events, links, resource.attributes])]);
      console.log(JSON.stringify({ spans: ended, metrics: found, text }));
      await provider.shutdown();
    `);
    assert.deepEqual(spans, [
      ["packwright generation", { "packwright.packs": 2 }, { code: 0 }, []],
      ["packwright install", { "packwright.packs": 1 }, { code: 0 }, []],
      ["packwright install", { "packwright.packs": 1, "error.type": "pack-not-found" }, { code: 2 }, []],
    ]);
    const failed = { "error.type": "pack-not-found" };
    assert.deepEqual(metrics.sort(([, one], [, other]) => (one < other ? -1 : 1)), [
      ["packwright", "packwright.generation.duration", "s", [[{}, 1, true]]],
      ["packwright", "packwright.generations", "{generation}", [[{}, 1, false]]],
      ["packwright", "packwright.install.duration", "s", [[{}, 1, true], [failed, 1, true]]],
      ["packwright", "packwright.installs", "{install}", [[{}, 1, false], [failed, 1, false]]],
    ]);
    for (const secret of ["PRIVATE", "demo", "install-", good.directory]) assert.ok(!text.includes(secret), `${secret} is in ${text}`);
  });

  test("has a span that is the parent of what happens within, and is the child of what is around", async () => {
    const { parents } = await program(`
      import { AsyncLocalStorage } from "node:async_hooks";
      import { context, ROOT_CONTEXT, trace } from "@opentelemetry/api";
      import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from "@opentelemetry/sdk-trace-base";
      const storage = new AsyncLocalStorage();
      context.setGlobalContextManager({
        active: () => storage.getStore() ?? ROOT_CONTEXT,
        with: (active, call, self, ...args) => storage.run(active, () => call.apply(self, args)),
        bind: (_, target) => target,
        enable() { return this; },
        disable() { return this; },
      });
      const spans = new InMemorySpanExporter();
      trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(spans)] }));
      const { open, browserHost } = await import("packwright");
      const tracer = trace.getTracer("application");
      const host = { capabilities: {}, perform: async () => (tracer.startSpan("request").end(), { type: "error", kind: "unsupported", message: "no" }) };
      const pw = await open({ registry: { id: "a", directory: "packs" }, host });
      await tracer.startActiveSpan("around", async (span) => { await pw.generate({ packs: ["a"] }).catch(() => {}); span.end(); });
      const all = spans.getFinishedSpans();
      const name = (id) => all.find((span) => span.spanContext().spanId === id)?.name ?? null;
      console.log(JSON.stringify({ parents: all.map((span) => [span.name, name(span.parentSpanContext?.spanId)]) }));
    `);
    const distinct = new Map(parents);
    assert.equal(distinct.get("packwright generation"), "around");
    assert.equal(distinct.get("request"), "packwright generation");
  });

  test("is left alone where nobody has set it up, and is no need where it is not installed", async () => {
    const probe = `console.log(JSON.stringify({ set: Symbol.for("opentelemetry.js.api.1") in globalThis, counted: pw.metrics.snapshot().installs_total }));`;
    assert.deepEqual(await program(`${work} ${probe}`), { set: false, counted: 2 });
    assert.deepEqual(await program(`${work} ${probe}`, { api: false }), { set: false, counted: 2 });
    // Set up by something that has a copy of its own.
    const elsewhere = `globalThis[Symbol.for("opentelemetry.js.api.1")] = { version: "1.9.0" };`;
    assert.deepEqual(await program(`${work} ${elsewhere} await pw.generate({ packs: ["greeting"], answers: { project_name: "a" } }); ${probe}`, { api: false }), { set: true, counted: 2 });
  });
});
