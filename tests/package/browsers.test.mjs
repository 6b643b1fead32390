// The package in Chromium: every way to get it there gives the same bytes as Node.
import assert from "node:assert/strict";
import { cpSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { extname, join } from "node:path";
import { after, before, describe, test } from "node:test";
import { pathToFileURL } from "node:url";
import { digestOf, project, root, timestamp } from "./installed.mjs";

const installed = createRequire(join(project, "index.js"));
const tool = createRequire(join(root, "index.js"));
const chromium = process.env.CHROMIUM ?? "/usr/bin/chromium";
const skip = !existsSync(chromium) && `no Chromium at ${chromium}`;

/** Runs in the page or worker; gives one digest over all files of a project. */
const wanted = { packs: ["rust-cli", "github-ci"], answers: { project_name: "demo" }, timestamp };
const generate = `
  const encoder = new TextEncoder();
  async function generate(open, options) {
    const pw = await open(options);
    const project = await pw.generate(${JSON.stringify(wanted)});
    const parts = [...project.files].sort(([one], [other]) => (one < other ? -1 : 1)).flatMap(([path, bytes]) => [path + "\\0" + bytes.length + "\\0", bytes]);
    const whole = await new Blob(parts).arrayBuffer();
    const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", whole));
    return [...hash].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  }`;
const main = (from, options = "{ registry: '/registry/' }") => `import { open } from ${JSON.stringify(from)};${generate}
  generate(open, ${options}).then((digest) => (document.title = digest), (error) => (document.title = "failed: " + error.message));`;
const html = (script) => `<!doctype html><link rel="icon" href="data:,"><meta charset="utf-8"><title>waiting</title>${script}`;

const types = { ".html": "text/html", ".js": "text/javascript", ".mjs": "text/javascript", ".wasm": "application/wasm", ".json": "application/json" };

function serve(directory) {
  const server = createServer((request, response) => {
    const path = join(directory, decodeURIComponent(new URL(request.url, "http://x").pathname));
    const file = existsSync(path) && statSync(path).isDirectory() ? join(path, "index.html") : path;
    if (!existsSync(file)) return response.writeHead(404).end();
    response.writeHead(200, { "content-type": types[extname(file)] ?? "application/octet-stream" }).end(readFileSync(file));
  });
  return new Promise((resolve) =>
    server.listen(0, "127.0.0.1", () => resolve({ url: `http://127.0.0.1:${server.address().port}/`, close: () => server.close() })),
  );
}

describe("in Chromium", { skip }, () => {
  let browser;
  let expected;

  before(async () => {
    const { chromium: launcher } = await import("playwright-core");
    const args = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];
    browser = await launcher.launch({ executablePath: chromium, args });
    const { open } = await import(pathToFileURL(installed.resolve("packwright")));
    expected = digestOf((await (await open()).generate(wanted)).files);
  });
  after(() => browser?.close());

  /** A directory with sources, and the starter registry where a page can fetch it. */
  function site(name, files) {
    const directory = join(project, name);
    mkdirSync(join(directory, "public"), { recursive: true });
    for (const [path, text] of Object.entries(files)) writeFileSync(join(directory, path), text);
    cpSync(join(project, "node_modules/packwright/registry"), join(directory, "public/registry"), { recursive: true });
    return directory;
  }

  async function sameAsNode(url) {
    const page = await browser.newPage();
    const errors = [];
    page.on("pageerror", (error) => errors.push(error.message));
    await page.goto(url);
    await page.waitForFunction(() => document.title !== "waiting", null, { timeout: 20_000 }).catch(() => {});
    assert.equal(await page.title(), expected, errors.join("\n"));
    await page.close();
  }

  test("script type=module with an import map", async () => {
    const directory = site("import-map", { "index.html": html(`<script type="importmap">{ "imports": { "packwright": "/node_modules/packwright/dist/index.js" } }</script><script type="module">${main("packwright")}</script>`) });
    cpSync(join(project, "node_modules/packwright"), join(directory, "node_modules/packwright"), { recursive: true });
    cpSync(join(directory, "public/registry"), join(directory, "registry"), { recursive: true });
    const server = await serve(directory);
    await sameAsNode(server.url);
    server.close();
  });

  test("a module worker", async () => {
    const worker = `import { open } from "/node_modules/packwright/dist/index.js";${generate}
      generate(open, { registry: "/registry/" }).then(postMessage, (error) => postMessage("failed: " + error.message));`;
    const page = html(`<script type="module">new Worker("/worker.js", { type: "module" }).onmessage = ({ data }) => (document.title = data);</script>`);
    const directory = site("worker", { "index.html": page, "worker.js": worker });
    cpSync(join(project, "node_modules/packwright"), join(directory, "node_modules/packwright"), { recursive: true });
    cpSync(join(directory, "public/registry"), join(directory, "registry"), { recursive: true });
    const server = await serve(directory);
    await sameAsNode(server.url);
    server.close();
  });

  const page = html(`<script type="module" src="/main.js"></script>`);

  test("Vite, development server", async () => {
    const { createServer: createVite } = await import("vite");
    const directory = site("vite-dev", { "index.html": page, "main.js": main("packwright") });
    const server = await createVite({ root: directory, configFile: false, logLevel: "error", server: { host: "127.0.0.1", port: 0, strictPort: false } });
    await server.listen();
    await sameAsNode(server.resolvedUrls.local[0]);
    await server.close();
  });

  test("Vite, production build", async () => {
    const { build } = await import("vite");
    const directory = site("vite-build", { "index.html": page, "main.js": main("packwright") });
    await build({ root: directory, configFile: false, logLevel: "error" });
    const server = await serve(join(directory, "dist"));
    await sameAsNode(server.url);
    server.close();
  });

  for (const mode of ["development", "production"]) {
    test(`webpack, ${mode}`, async () => {
      const webpack = tool("webpack");
      const directory = site(`webpack-${mode}`, { "main.js": main("packwright") });
      writeFileSync(join(directory, "public/index.html"), html(`<script src="/main.js"></script>`));
      const options = { mode, context: directory, entry: "./main.js", output: { path: join(directory, "public"), filename: "main.js" }, devtool: false };
      const stats = await new Promise((resolve, reject) => webpack(options, (error, result) => (error ? reject(error) : resolve(result))));
      assert.deepEqual(stats.toJson({ errors: true, warnings: false }).errors, []);
      const server = await serve(join(directory, "public"));
      await sameAsNode(server.url);
      server.close();
    });
  }

  for (const [name, from, options] of [
    ["inline", "packwright/inline", undefined],
    ["slim", "packwright/slim", "{ registry: '/registry/', wasm: fetch('/packwright.wasm') }"],
  ]) {
    test(`esbuild with packwright/${name}`, async () => {
      const { build } = await import("esbuild");
      const directory = site(`esbuild-${name}`, { "main.js": main(from, options) });
      writeFileSync(join(directory, "public/index.html"), html(`<script type="module" src="/bundle.js"></script>`));
      cpSync(join(project, "node_modules/packwright/packwright.wasm"), join(directory, "public/packwright.wasm"));
      await build({ entryPoints: [join(directory, "main.js")], bundle: true, format: "esm", outfile: join(directory, "public/bundle.js"), logLevel: "error" });
      const server = await serve(join(directory, "public"));
      await sameAsNode(server.url);
      server.close();
    });
  }
});
