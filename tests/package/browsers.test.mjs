// The package in Chromium: every way to get it there gives what Node gives.
import assert from "node:assert/strict";
import { cpSync, existsSync, mkdirSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { pathToFileURL } from "node:url";
import { project, root, timestamp } from "./installed.mjs";
import { directory, files, serve } from "./serve.mjs";
import { pigeons, universe } from "./universe.mjs";

const installed = createRequire(join(project, "index.js"));
const tool = createRequire(join(root, "index.js"));
const chromium = process.env.CHROMIUM ?? "/usr/bin/chromium";
const skip = !existsSync(chromium) && `no Chromium at ${chromium}`;

/** All starter packs, alone and together, with other answers than the defaults. */
const wanted = [
  { packs: ["base-project"], answers: { project_name: "Ünïcode & Söhne", license: "none" } },
  ...["MIT", "BSD-3-Clause", "MPL-2.0", "Unlicense"].map((license) => ({ packs: ["base-project@^1"], answers: { project_name: "demo", license } })),
  { packs: ["rust-cli"], answers: { project_name: "demo" } },
  { packs: ["rust-cli"], answers: { project_name: "loop", argument_parser: "none", description: "with \"quotes\" and \\" } },
  { packs: ["node-library"], answers: { project_name: "demo", package_name: "@scope/demo" } },
  { packs: ["node-library"], answers: { project_name: "demo", language: "javascript" } },
  { packs: ["github-ci"], answers: { project_name: "demo", ci_language: "node", dependabot: false } },
  { packs: ["rust-cli", "node-library", "github-ci"], answers: { project_name: "demo", ci_platforms: ["windows-latest", "macos-latest"] } },
];

/** Gives for each of `wanted` the plan, and all else that crosses the boundary, with the text of every file. Runs anywhere. */
async function everything({ open, constraints }, options, wanted, timestamp) {
  const { satisfiesAll, normalize } = await constraints(options);
  const pw = await open(options);
  const decoder = new TextDecoder("utf-8", { fatal: true });
  const made = [];
  for (const each of wanted) {
    const { packs, packages, changes, plan, lockfile, answers, warnings, files } = await pw.generate({ ...each, timestamp });
    const { questions } = await pw.questions(each);
    const graph = await pw.dependencies({ packs: each.packs, format: "mermaid" });
    const { reason } = await pw.dependencies({ packs: each.packs, why: packs[0].name });
    const matches = satisfiesAll(packs.map(({ version }) => version), packs.map(() => "1.0 || ^2"));
    const texts = [...files].map(([path, bytes]) => [path, decoder.decode(bytes)]);
    made.push(JSON.parse(JSON.stringify({ packs, packages, changes, plan, lockfile, answers, warnings, questions, graph, reason, matches, normal: normalize("1.2 <1.9"), texts })));
  }
  return made;
}

const starter = `{ registry: { id: "starter", url: "/registry/" } }`;

/** A module that hands what it made, or why it failed, to `give`. */
function program(from, { options = starter, give = "(made) => (globalThis.made = made)" } = {}) {
  return `import { open, constraints } from ${JSON.stringify(from)};
    ${everything}
    everything({ open, constraints }, ${options}, ${JSON.stringify(wanted)}, ${JSON.stringify(timestamp)}).catch((error) => "failed: " + error.stack).then(${give});`;
}

const page = (script) => `<!doctype html><link rel="icon" href="data:,"><meta charset="utf-8"><title>test</title>${script}`;

describe("in Chromium", { skip }, () => {
  let browser;
  let expected;

  before(async () => {
    const { chromium: launcher } = await import("playwright-core");
    const args = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];
    browser = await launcher.launch({ executablePath: chromium, args });
    expected = await everything(await import(pathToFileURL(installed.resolve("packwright"))), undefined, wanted, timestamp);
  });
  after(() => browser?.close());

  /** A directory with these files, and in `public/` the starter registry. */
  function site(name, sources) {
    const path = join(project, name);
    mkdirSync(join(path, "public"), { recursive: true });
    for (const [file, text] of Object.entries(sources)) writeFileSync(join(path, file), text);
    cpSync(join(project, "node_modules/packwright/registry"), join(path, "public/registry"), { recursive: true });
    return path;
  }

  /** The same with the package as npm puts it, for pages that no bundler made. */
  function plainSite(name, sources) {
    const path = site(name, sources);
    cpSync(join(project, "node_modules/packwright"), join(path, "public/node_modules/packwright"), { recursive: true });
    return join(path, "public");
  }

  async function sameAsNode(url) {
    const tab = await browser.newPage();
    const errors = [];
    tab.on("pageerror", (error) => errors.push(error.message));
    await tab.goto(url);
    await tab.waitForFunction(() => globalThis.made !== undefined, null, { timeout: 30_000 }).catch(() => assert.fail(errors.join("\n")));
    assert.deepEqual(await tab.evaluate(() => globalThis.made), expected);
    await tab.close();
  }

  test("script type=module with an import map", async (context) => {
    const map = `<script type="importmap">{ "imports": { "packwright": "/node_modules/packwright/dist/index.js" } }</script>`;
    const path = plainSite("import-map", { "public/index.html": page(`${map}<script type="module">${program("packwright")}</script>`) });
    await sameAsNode((await serve(context, directory(path))).url);
  });

  test("a click gets through to a long search and ends it", async (context) => {
    const map = `<script type="importmap">{ "imports": { "packwright": "/node_modules/packwright/dist/index.js" } }</script>`;
    const script = `import { open } from "packwright";
      const controller = new AbortController();
      document.addEventListener("click", () => controller.abort());
      const pw = await open({ registry: { id: "coop", url: "/coop/" } });
      pw.dependencies({ packs: ["coop"], signal: controller.signal }).catch((error) => error).then(({ code }) => (globalThis.ended = code));`;
    const path = plainSite("click", { "public/index.html": page(`${map}<script type="module">${script}</script>`) });
    const index = universe(pigeons(9));
    let last;
    const begun = new Promise((resolve) => (last = resolve));
    const { url } = await serve(context, (request, response) => {
      const coop = (name) => (name.startsWith("coop/") ? index.get(name.slice(5)) : undefined);
      if (request.url.startsWith("/coop/")) files(coop)(request, response);
      else directory(path)(request, response);
      if (request.url.endsWith("/hole-1.jsonl")) setTimeout(last, 300);
    });
    const tab = await browser.newPage();
    await tab.goto(url);
    await begun;
    // Not an element's `click`, which waits for several frames first.
    await tab.mouse.click(10, 10);
    await tab.waitForFunction(() => globalThis.ended !== undefined, null, { timeout: 30_000 });
    assert.equal(await tab.evaluate(() => globalThis.ended), "cancelled");
    await tab.close();
  });

  test("what was fetched is kept in the browser, and asked for again only when that is wanted", async (context) => {
    const map = `<script type="importmap">{ "imports": { "packwright": "/node_modules/packwright/dist/index.js" } }</script>`;
    const script = `import { open } from "packwright";
      const options = JSON.parse(decodeURIComponent(location.hash.slice(1)) || "{}");
      const pw = await open({ registry: { id: "starter", url: "/registry/" }, ...options });
      const { packs } = await pw.generate({ packs: ["rust-cli"], answers: { project_name: "demo" } }).catch((error) => ({ packs: [{ name: error.code }] }));
      globalThis.made = packs.map(({ name }) => name);`;
    const path = plainSite("kept", { "public/index.html": page(`${map}<script type="module">${script}</script>`) });
    const { url, requests } = await serve(context, directory(path));
    const tab = await (await browser.newContext()).newPage();
    context.after(() => tab.close());
    const visit = async (options) => {
      requests.length = 0;
      await tab.goto("about:blank");
      await tab.goto(`${url}#${encodeURIComponent(JSON.stringify(options))}`);
      await tab.waitForFunction(() => globalThis.made !== undefined, null, { timeout: 30_000 });
      return tab.evaluate(() => globalThis.made);
    };
    const fetched = () => requests.filter((asked) => asked.startsWith("/registry/")).map((asked) => asked.split("/")[2]);
    const packs = ["base-project", "rust-cli"];
    assert.deepEqual([await visit({}), fetched().sort()], [packs, ["archives", "archives", "config.json", "index", "index"]]);
    assert.deepEqual([await visit({}), fetched()], [packs, []]);
    assert.deepEqual([await visit({ offline: true }), fetched()], [packs, []]);
    assert.deepEqual([await visit({ refresh: true }), fetched().sort()], [packs, ["config.json", "index", "index"]]);
    assert.deepEqual([await visit({ offline: true, cache: "other" }), fetched()], [["not-cached"], []]);
  });

  test("a module worker", async (context) => {
    const html = page(`<script type="module">new Worker("/worker.js", { type: "module" }).onmessage = ({ data }) => (globalThis.made = data);</script>`);
    const worker = program("/node_modules/packwright/dist/index.js", { give: "postMessage" });
    const path = plainSite("worker", { "public/index.html": html, "public/worker.js": worker });
    await sameAsNode((await serve(context, directory(path))).url);
  });

  const main = page(`<script type="module" src="/main.js"></script>`);

  test("Vite, development server", async (context) => {
    const { createServer } = await import("vite");
    const path = site("vite-dev", { "index.html": main, "main.js": program("packwright") });
    const server = await createServer({ root: path, configFile: false, logLevel: "error", server: { host: "127.0.0.1", port: 0 } });
    context.after(() => server.close());
    await server.listen();
    await sameAsNode(server.resolvedUrls.local[0]);
  });

  test("Vite, production build", async (context) => {
    const { build } = await import("vite");
    const path = site("vite-build", { "index.html": main, "main.js": program("packwright") });
    await build({ root: path, configFile: false, logLevel: "error" });
    await sameAsNode((await serve(context, directory(join(path, "dist")))).url);
  });

  for (const mode of ["development", "production"]) {
    test(`webpack, ${mode}`, async (context) => {
      const webpack = tool("webpack");
      const path = site(`webpack-${mode}`, { "public/index.html": page(`<script src="/main.js"></script>`), "main.js": program("packwright") });
      const options = { mode, context: path, entry: "./main.js", output: { path: join(path, "public"), filename: "main.js" }, devtool: false };
      const stats = await new Promise((resolve, reject) => webpack(options, (error, result) => (error ? reject(error) : resolve(result))));
      assert.deepEqual(stats.toJson({ errors: true, warnings: false }).errors, []);
      await sameAsNode((await serve(context, directory(join(path, "public")))).url);
    });
  }

  for (const [name, options] of [
    ["inline", starter],
    ["slim", `{ registry: { id: "starter", url: "/registry/" }, wasm: fetch("/packwright.wasm") }`],
  ]) {
    test(`esbuild with packwright/${name}`, async (context) => {
      const { build } = await import("esbuild");
      const html = page(`<script type="module" src="/bundle.js"></script>`);
      const path = site(`esbuild-${name}`, { "public/index.html": html, "main.js": program(`packwright/${name}`, { options }) });
      cpSync(join(project, "node_modules/packwright/packwright.wasm"), join(path, "public/packwright.wasm"));
      await build({ entryPoints: [join(path, "main.js")], bundle: true, format: "esm", outfile: join(path, "public/bundle.js"), logLevel: "error" });
      await sameAsNode((await serve(context, directory(join(path, "public")))).url);
    });
  }
});
