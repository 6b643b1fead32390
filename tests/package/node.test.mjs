// The package in Node as its users import it: the published shape, the types, the programming interface, hosts of their own, and crashes.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { describe, test } from "node:test";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { filesOf, packs, project, root, scratch, tarball, timestamp } from "./installed.mjs";
import { files, serve } from "./serve.mjs";

const run = promisify(execFile);
const installed = createRequire(join(project, "index.js"));
const { open, PackwrightError, browserHost } = await import(pathToFileURL(installed.resolve("packwright")));

const good = { id: "fixtures", directory: join(packs, "good") };
const greeting = { packs: ["greeting"], answers: { project_name: "demo" }, timestamp };

test("every code that the sources document is one", () => {
  const sources = join(root, "pkg-templates/npm/src");
  const [, union] = /export type Code = ([^;]+);/.exec(readFileSync(join(sources, "protocol.ts"), "utf8"));
  const codes = new Set(JSON.parse(`[${union.replaceAll("|", ",")}]`));
  const throws = readFileSync(join(sources, "open.ts"), "utf8").match(/@throws PackwrightError[^@]*?\*\//gs);
  const others = ["force", "trust", "locked", "hooks", "install", "dependencies"];
  const documented = throws.flatMap((text) => [...text.matchAll(/`([a-z-]+)`/g)].map(([, word]) => word)).filter((word) => !others.includes(word));
  assert.ok(documented.length >= 8, documented.join());
  for (const code of documented) assert.ok(codes.has(code), code);
});

describe("the published shape", { concurrency: 2 }, () => {
  test("publint finds nothing", async () => {
    const { stdout } = await run(join(root, "node_modules/.bin/publint"), ["run", tarball, "--strict"]);
    assert.match(stdout, /All good!/);
  });

  test("arethetypeswrong finds nothing", async () => {
    // The core itself is no module with types.
    const options = ["--profile", "esm-only", "--exclude-entrypoints", "packwright.wasm", "--format", "json"];
    const { stdout } = await run(join(root, "node_modules/.bin/attw"), [tarball, ...options]).catch((failure) => failure);
    const { analysis } = JSON.parse(stdout);
    const problems = analysis.problems.filter(({ resolutionKind }) => resolutionKind !== "node10" && resolutionKind !== "node16-cjs");
    assert.deepEqual(problems, []);
    assert.deepEqual(Object.keys(analysis.entrypoints).slice(0, 3), [".", "./inline", "./slim"]);
  });

  test("what it needs at run time is installed, what it promises is there", () => {
    const directory = join(project, "node_modules/packwright");
    for (const file of ["packwright.wasm", "registry/config.json", "pack.schema.json", "README.md", "CHANGELOG.md", "NOTICES.md", "LICENSE-MIT", "LICENSE-APACHE"]) {
      assert.ok(existsSync(join(directory, file)), `${file} is missing`);
    }
    const { scripts = {} } = JSON.parse(readFileSync(join(directory, "package.json"), "utf8"));
    assert.deepEqual(Object.keys(scripts), []);
  });

  for (const [module, resolution] of [["nodenext", "nodenext"], ["esnext", "bundler"]]) {
    test(`a strict TypeScript program compiles with moduleResolution ${resolution}`, async () => {
      const directory = join(project, `types-${resolution}`);
      mkdirSync(directory, { recursive: true });
      writeFileSync(
        join(directory, "program.ts"),
        `import { constraints, open, PackwrightError, type Change, type Composite, type Conflict, type Dependencies, type FileConflict, type Hook, type Host, type Installation, openMetrics, type ProgressEvent, type Project, type Question, type Reply, type Request } from "packwright";
         import { constraints as constraintsSlim, open as openSlim } from "packwright/slim";
         import { open as openInline } from "packwright/inline";
         const host: Host = {
           capabilities: { rename: false, modes: false },
           async perform(request: Request): Promise<Reply> {
             return request.type === "fetch" ? { type: "response", status: 404, headers: {}, body: new Uint8Array() } : { type: "done" };
           },
         };
         const pw = await open({ registry: new URL("https://packs.example.com/"), host });
         await openInline({ registry: [{ id: "a", url: "npm+https://a.example.com/", scopes: ["@a"], token: "t", archives: [] }], offline: true, cache: false });
         await openSlim({ wasm: new Uint8Array(), registry: { id: "b", directory: "packs" } });
         const project: Project = await pw.generate({ packs: ["a"], answers: { port: 1, list: ["x"] }, timestamp: new Date() });
         const blob: Blob = new Blob([...project.files.values()]);
         const found: Dependencies = await pw.dependencies({ packs: ["a"], strategy: "lowest-direct", why: "b", overrides: ["c@^1"], update: [], locked: true });
         const changes: readonly Change[] = project.changes;
         const rules = [{ path: "*.json", prefer: "later" as const, lists: { "jobs.*": { by: "name" } } }];
         const composite: Composite = await pw.compose({ packs: ["a", "b"], name: "@c/ab", composition: { strategy: "rules", rules }, answers: { port: 1 } });
         await composite.write("packs/@c/ab", { force: true });
         await pw.generate({ packs: ["a"], lines: true, keepGoing: true, template: "t", environment: { PORT: "1" }, ifThere: "merge", ifThereAt: { x: "skip" } });
         const ran: Hook[] = await project.runHooks("demo");
         const lines: number[] = project.plan.operations.flatMap(({ lines }) => lines.map(({ count, from }) => count + (from?.line ?? 0)));
         console.log(composite.manifest, composite.isTried, ran, lines, project.problems);
         const told: ProgressEvent[] = [];
         const done: Installation = await pw.install({ packs: ["a"], directory: "demo", into: "", hooks: "skip", onProgress: (event) => told.push(event) });
         const end: () => void = pw.metrics.subscribe((measured) => measured.type === "cache" ? measured.hits : measured.seconds);
         const text: string = openMetrics(pw.metrics.snapshot());
         await pw.recover("demo", "roll-back", { wait: false });
         const details: Conflict | FileConflict | unknown[] | null | undefined = project.warnings[0]?.details;
         const { satisfies, satisfiesAll, maxSatisfying } = await constraints();
         const highest: string | null = (await constraintsSlim({ wasm: new Uint8Array() })).maxSatisfying(["1.0.0"], "^1", { prerelease: true });
         const fits: boolean[] = satisfiesAll(["1.0.0"], ["^1"]);
         console.log(found.reason?.path, changes, details, told, done.items, end, text, satisfies("1.0.0", "^1"), maxSatisfying, highest, fits);
         const questions: Question[] = (await pw.questions({ packs: [] })).questions;
         try { await project.write("x", { force: true }); }
         catch (error) { if (error instanceof PackwrightError) console.log(error.exitCode.toFixed(), error.diagnostics[0]?.suggestion, blob, questions); }
         const { written } = await pw.publish("pack", { tag: "next", access: "public", dryRun: true });
         const { changed } = await pw.yank("a@1.0.0", { undo: true, reason: "fixed" });
         console.log(written, changed, (await pw.checkRegistry("a")).problems, ${resolution === "nodenext" ? '(await (await import("packwright")).configured({ directory: "." })).options.offline' : "1"});
         // @ts-expect-error there is no such strategy
         await pw.generate({ packs: ["a"], strategy: "newest" });
         // @ts-expect-error a pack must be text
         await pw.show(1);`,
      );
      const options = { target: "es2022", lib: ["es2022", "dom"], strict: true, exactOptionalPropertyTypes: true, noEmit: true, types: [], module, moduleResolution: resolution };
      writeFileSync(join(directory, "tsconfig.json"), JSON.stringify({ compilerOptions: options, files: ["program.ts"] }));
      await run(join(root, "node_modules/.bin/tsc"), ["-p", directory]).catch(({ stdout }) => assert.fail(stdout));
    });
  }
});

describe("programs", { concurrency: 2 }, () => {
  const program = `
    const pw = await open();
    const project = await pw.generate({ packs: ["rust-cli"], answers: { project_name: "demo" } });
    await project.write("demo");
    console.log(project.files.has("Cargo.toml"));`;
  const programs = {
    "import.mjs": `import { open } from "packwright";${program}`,
    "require.cjs": `const { open } = require("packwright"); (async () => {${program}})();`,
    "inline.mjs": `import { open as openInline } from "packwright/inline";
      const index = new URL("./node_modules/packwright/registry/", import.meta.url);
      import { createServer } from "node:http"; import { readFileSync } from "node:fs";
      const server = createServer((request, response) => { try { response.end(readFileSync(new URL("." + request.url, index))); } catch { response.writeHead(404).end(); } });
      await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
      const pw = await openInline({ registry: "http://127.0.0.1:" + server.address().port + "/" });
      const project = await pw.generate({ packs: ["rust-cli"], answers: { project_name: "demo" } });
      console.log(project.files.has("Cargo.toml")); server.close(); server.closeAllConnections();`,
    "constraints.cjs": `const { constraints } = require("packwright"); constraints().then(({ satisfies }) => console.log(satisfies("1.4.2", "1.2")));`,
    "slim.mjs": `import { open } from "packwright/slim"; import { readFileSync } from "node:fs"; import { createRequire } from "node:module";
      const wasm = readFileSync(createRequire(import.meta.url).resolve("packwright/packwright.wasm"));
      const pw = await open({ wasm, registry: "https://packs.example.com/" });
      console.log(typeof pw.generate === "function");`,
  };
  for (const [name, source] of Object.entries(programs)) {
    test(name, async () => {
      writeFileSync(join(project, name), source);
      const cwd = scratch();
      const { stdout, stderr } = await run(process.execPath, [join(project, name)], { cwd });
      assert.equal(stdout, "true\n");
      assert.ok(!stderr.includes("Error"), stderr);
      if (/^(import|require)/.test(name)) assert.ok(existsSync(join(cwd, "demo/Cargo.toml")));
    });
  }

  test("the example of the README", async () => {
    const readme = readFileSync(join(project, "node_modules/packwright/README.md"), "utf8");
    const [, example] = /^## In a program\n\n```js\n(.*?)^```$/ms.exec(readme);
    writeFileSync(join(project, "readme.mjs"), example);
    const cwd = scratch();
    const { stdout } = await run(process.execPath, [join(project, "readme.mjs")], { cwd });
    assert.match(stdout, /^create Cargo\.toml$/m);
    assert.ok(existsSync(join(cwd, "demo/Cargo.toml")));
  });

  test("a build script that generates, checks, and fails the build on drift", async () => {
    const directory = scratch("build");
    const script = `import { open, PackwrightError } from ${JSON.stringify(pathToFileURL(installed.resolve("packwright")).href)};
      const pw = await open({ registry: process.argv[2] });
      const wanted = { packs: ["greeting"], answers: { project_name: "demo" }, directory: "generated", timestamp: ${JSON.stringify(timestamp)} };
      if (process.argv[3] === "check") await pw.generate({ ...wanted, check: true });
      else await (await pw.generate(wanted)).write("generated");`;
    writeFileSync(join(directory, "build.mjs"), script);
    const build = (...args) => run(process.execPath, ["build.mjs", good.directory, ...args], { cwd: directory });
    await build();
    await build("check");
    writeFileSync(join(directory, "generated/bin/greet.sh"), "edited\n");
    await assert.rejects(build("check"), /bin\/greet\.sh/);
  });
});

describe("the programming interface", () => {
  test("list, show and questions", async () => {
    const pw = await open({ registry: good });
    assert.deepEqual((await pw.list()).map(({ name }) => name), ["greeting", "survey", "tasks"]);
    assert.equal((await pw.show("greeting")).version, "1.2.0");
    const { questions, packs: resolved } = await pw.questions({ packs: ["survey@2.0.0-rc.1"], answers: { project_name: "demo", docker: true, count: "99" } });
    assert.deepEqual(resolved.map(({ name, level }) => [name, level]), [["survey", 0]]);
    const byName = Object.fromEntries(questions.map((question) => [question.variable.name, question]));
    assert.equal(questions[0].variable.name, "project_name");
    assert.equal(byName.image.asked, true);
    assert.equal(byName.count.problem.code, "invalid-answer");
    assert.equal(byName.owner.answer, null);
    assert.deepEqual([byName.docker.answer, byName.docker.source], [true, "argument"]);
  });

  test("generate gives files, plan and lockfile, and touches no disk", async () => {
    const before = filesOf(good.directory);
    const project = await (await open({ registry: good })).generate(greeting);
    assert.deepEqual([...project.files.keys()].sort(), ["bin/greet.sh", "packwright.lock", "src/demo.txt"]);
    assert.equal(new TextDecoder().decode(project.files.get("src/demo.txt")), "Hello, demo, on port 3000!\n");
    assert.equal(new TextDecoder().decode(project.files.get("packwright.lock")), project.lockfile);
    assert.deepEqual(project.plan.operations.map(({ path, mode }) => [path, mode]), [["bin/greet.sh", "0755"], ["src/demo.txt", "0644"], ["packwright.lock", "0644"]]);
    assert.deepEqual(project.plan.hooks, [{ pack: "greeting", event: "post-generate", command: "bin/greet.sh" }]);
    assert.deepEqual(project.answers, { project_name: "demo", greeting: "Hello", port: 3000 });
    assert.deepEqual(filesOf(good.directory), before);
  });

  test("the same inputs give the same bytes, and write puts exactly these down", async () => {
    const directory = join(scratch(), "demo");
    const [one, other] = await Promise.all([good, good].map(async (registry) => (await open({ registry })).generate(greeting)));
    assert.deepEqual([...one.files], [...other.files]);
    const { written, unchanged } = await one.write(directory);
    assert.equal(unchanged, 0);
    assert.deepEqual(new Set(written), new Set(one.files.keys()));
    assert.deepEqual(new Map([...filesOf(directory)].map(([path, bytes]) => [path, new Uint8Array(bytes)])), new Map([...one.files].sort()));
  });

  test("a registry may be a URL, a path, a file URL, or several", async (context) => {
    const index = await (await open()).buildRegistry(good.directory);
    const { url } = await serve(context, files((path) => index.get(path)));
    for (const given of [url, new URL(url), good.directory, pathToFileURL(good.directory), { id: "default", url }, [{ id: "default", directory: good.directory }]]) {
      assert.equal((await (await open({ registry: given })).show("greeting")).registry, "default");
    }
  });

  test("each of several registries gives the packs of its scopes", async () => {
    const pw = await open({ registry: [good, { id: "acme", directory: join(packs, "scoped"), scopes: ["@acme"] }] });
    assert.deepEqual((await pw.list()).map(({ name, registry }) => [name, registry]), [["@acme/badge", "acme"], ["greeting", "fixtures"], ["survey", "fixtures"], ["tasks", "fixtures"]]);
    const { packs: used } = await pw.generate({ packs: ["@acme/badge"], answers: { project_name: "demo" } });
    assert.deepEqual(used.map(({ name, registry }) => [name, registry]), [["greeting", "fixtures"], ["@acme/badge", "acme"]]);
  });

  test("asking again costs no traffic, nor does opening again, until it is to be refreshed or nothing is kept", async (context) => {
    const index = await (await open()).buildRegistry(good.directory);
    const { url: registry, requests } = await serve(context, files((path) => index.get(path)));
    const cache = scratch("cache");
    const pw = await open({ registry, cache });
    await pw.questions({ packs: ["greeting"] });
    const once = requests.length;
    assert.ok(once > 0);
    for (const name of ["d", "de", "dem", "demo"]) await pw.questions({ packs: ["greeting"], answers: { project_name: name } });
    assert.equal(requests.length, once);
    await (await open({ registry, cache })).questions({ packs: ["greeting"] });
    assert.equal(requests.length, once);
    const anew = await open({ registry, cache, refresh: true });
    for (const _ of [1, 2]) await anew.questions({ packs: ["greeting"] });
    const refreshed = requests.length - once;
    // All but the archive, which never changes.
    assert.equal(refreshed, once - 1);
    const forgetful = await open({ registry, cache: false });
    for (const _ of [1, 2]) await forgetful.questions({ packs: ["greeting"] });
    assert.equal(requests.length, 2 * once + refreshed);
  });

  test("a directory of packs is read once per open", async () => {
    const registry = scratch("edited");
    cpSync(join(packs, "good/tasks"), join(registry, "tasks"), { recursive: true });
    const pw = await open({ registry });
    const text = async (opened) => new TextDecoder().decode((await opened.generate({ packs: ["tasks"], answers: { project_name: "demo" } })).files.get(".vscode/tasks.json"));
    const before = await text(pw);
    writeFileSync(join(registry, "tasks/templates/tasks.json"), "edited\n");
    assert.equal(await text(pw), before);
    assert.equal(await text(await open({ registry })), "edited\n");
  });

  test("secrets reach the files that use them, and neither the lockfile nor anything else that is returned", async () => {
    const directory = scratch("secret");
    const pw = await open({ registry: join(packs, "secret") });
    const wanted = { packs: ["vault"], answers: { project_name: "demo", token: "HUSHHUSH" }, directory, timestamp };
    const first = await pw.generate(wanted);
    assert.ok(new TextDecoder().decode(first.files.get(".env")).includes("HUSHHUSH"));
    await first.write(directory);
    writeFileSync(join(directory, ".env"), "TOKEN=other\n");
    const { packs: used, answers, plan, lockfile, warnings } = await pw.generate(wanted);
    const { questions } = await pw.questions(wanted);
    const told = JSON.stringify({ used, answers, plan, lockfile, warnings });
    assert.ok(!told.includes("HUSHHUSH"), told);
    assert.equal(questions.find(({ variable }) => variable.name === "token").problem, null);
    const refused = await pw.questions({ ...wanted, answers: { token: "hush-wrong" } });
    assert.ok(!JSON.stringify(refused.questions.map(({ problem }) => problem)).includes("hush-wrong"));
  });

  test("every failure is a PackwrightError with all problems in it", async () => {
    const pw = await open({ registry: good });
    const wrong = { packs: ["survey@2.0.0-rc.1"], answers: { project_name: "demo", count: 99, database: "oracle" } };
    await assert.rejects(pw.generate(wrong), (error) => {
      assert.ok(error instanceof PackwrightError);
      assert.ok(error.diagnostics.length >= 3, error.message);
      assert.equal(error.code, error.diagnostics[0].code);
      assert.equal(error.exitCode, error.diagnostics[0].exitCode);
      return true;
    });
    await assert.rejects(pw.show("nothing-like-it"), { code: "pack-not-found", exitCode: 1 });
  });

  test("arguments of the wrong shape are wrong usage", async () => {
    const pw = await open({ registry: good });
    await assert.rejects(pw.show(7), { code: "usage", exitCode: 64 });
  });

  test("outside Node a registry is needed", async () => {
    const inline = await import(pathToFileURL(installed.resolve("packwright/inline")));
    await assert.rejects(inline.open(), { code: "usage" });
    await assert.rejects(inline.open({ registry: "packs" }), { code: "usage", message: /not an address/ });
  });
});

/** A host on a map of paths to bytes, with directories as they come. */
function memoryHost(files) {
  const directories = new Set();
  const reply = (request) => {
    const path = [request.root, request.path].filter(Boolean).join("/");
    const below = [...files.keys()].filter((file) => file.startsWith(`${path}/`));
    switch (request.type) {
      case "read":
        return files.has(path) ? { type: "bytes", bytes: files.get(path) } : { type: "error", kind: "not-found", message: path };
      case "list": {
        const names = new Map(below.map((file) => file.slice(path.length + 1).split("/")).map(([name, ...rest]) => [name, rest.length > 0 ? "directory" : "file"]));
        return { type: "entries", entries: [...names].map(([name, kind]) => ({ name, kind })) };
      }
      case "stat":
        if (files.has(path)) return { type: "stat", kind: "file", size: files.get(path).length, executable: false };
        return { type: "stat", kind: below.length > 0 || directories.has(path) ? "directory" : "absent", size: 0, executable: false };
      case "make-directory":
        directories.add(path);
        return { type: "done" };
      case "create":
        files.set(path, request.content);
        return { type: "done" };
      case "rename": {
        const [from, to] = [`${request.root}/${request.from}`, `${request.root}/${request.to}`];
        for (const old of [...files.keys()].filter((file) => file === from || file.startsWith(`${from}/`))) {
          files.set(to + old.slice(from.length), files.get(old));
          files.delete(old);
        }
        if (directories.delete(from)) directories.add(to);
        return { type: "done" };
      }
      case "remove":
        if (!files.delete(path)) directories.delete(path);
        return { type: "done" };
      default:
        return { type: "error", kind: "unsupported", message: request.type };
    }
  };
  return { capabilities: { rename: true, modes: false }, perform: async (request) => reply(request) };
}

const sources = () => new Map([...filesOf(good.directory)].map(([path, bytes]) => [`registry:fixtures/${path}`, new Uint8Array(bytes)]));

describe("hosts of one's own", () => {
  test("a whole file system in memory, read from and written to", async () => {
    const files = sources();
    const pw = await open({ registry: good, host: memoryHost(files) });
    const project = await pw.generate(greeting);
    const onDisk = await (await open({ registry: good })).generate(greeting);
    assert.deepEqual([...project.files], [...onDisk.files]);
    await project.write("anywhere");
    const written = () => [...files].filter(([path]) => /^target\/(?!\.packwright\/undo\/)/.test(path)).map(([path, bytes]) => [path.slice(7), bytes]);
    assert.deepEqual(new Map(written().sort()), new Map([...project.files].sort()));
    await pw.undo("anywhere");
    assert.deepEqual(written(), []);
  });

  test("answers in any order and at any time give the same bytes", async () => {
    const plain = await (await open({ registry: good, host: memoryHost(sources()) })).generate(greeting);
    const host = memoryHost(sources());
    const slow = { ...host, perform: async (request) => (await new Promise((resolve) => setTimeout(resolve, Math.random() * 20)), host.perform(request)) };
    const shuffled = await (await open({ registry: good, host: slow })).generate(greeting);
    assert.deepEqual([...shuffled.files], [...plain.files]);
  });

  test("an exception in a host is a failed request, not a crash", async () => {
    const host = { capabilities: { rename: false, modes: false }, perform: () => Promise.reject(new Error("the cupboard is bare")) };
    const pw = await open({ registry: good, host });
    await assert.rejects(pw.list(), (error) => error instanceof PackwrightError && JSON.stringify(error.diagnostics).includes("the cupboard is bare"));
  });

  test("a reply that makes no sense is a failed request too", async () => {
    const host = { capabilities: { rename: false, modes: false }, perform: async () => ({ type: "greeting", text: "hello" }) };
    const pw = await open({ registry: good, host });
    await assert.rejects(pw.list(), (error) => error instanceof PackwrightError && error.exitCode !== 70);
  });

  test("the browser's host refuses files", async () => {
    const pw = await open({ registry: good, host: browserHost() });
    await assert.rejects(pw.list(), (error) => JSON.stringify(error.diagnostics).includes("no file system here"));
  });

  test("a failing write is undone", async () => {
    const files = sources();
    const host = memoryHost(files);
    let renames = 0;
    const full = {
      ...host,
      perform: async (request) => {
        if (request.type === "rename" && ++renames === 2) return { type: "error", kind: "no-space", message: "the disk is full" };
        return host.perform(request);
      },
    };
    const project = await (await open({ registry: good, host: full })).generate(greeting);
    await assert.rejects(project.write("demo"), { code: "storage", exitCode: 10 });
    assert.deepEqual([...files.keys()].filter((path) => path.startsWith("target/")), []);
  });
});

describe("ending early", () => {
  test("a signal that has aborted starts nothing", async () => {
    const pw = await open({ registry: good });
    await assert.rejects(pw.list({ signal: AbortSignal.abort() }), { code: "cancelled", exitCode: 130 });
  });

  test("a signal ends a fetch that never answers", async (context) => {
    const { url: registry } = await serve(context, () => {});
    const pw = await open({ registry });
    await assert.rejects(pw.list({ signal: AbortSignal.timeout(100) }), { code: "cancelled", exitCode: 130 });
  });

  test("a signal during a write takes back what was written", async () => {
    const files = sources();
    const host = memoryHost(files);
    const controller = new AbortController();
    const hasty = {
      ...host,
      perform: async (request, context) => {
        if (request.type === "rename") controller.abort();
        return host.perform(request, context);
      },
    };
    const project = await (await open({ registry: good, host: hasty })).generate(greeting);
    await assert.rejects(project.write("demo", { signal: controller.signal }), { code: "cancelled", exitCode: 130 });
    assert.deepEqual([...files.keys()].filter((path) => path.startsWith("target/")), []);
  });
});

describe("a crash of the core", () => {
  test("is an error with a message, other calls in flight fail cleanly, and the next call works", async () => {
    const pw = await open({ registry: good });
    // More than the core's memory limit of 256 MiB: taking this reply in cannot succeed.
    const flood = { capabilities: { rename: false, modes: false }, perform: async () => ({ type: "bytes", bytes: new Uint8Array(300 * 1024 * 1024) }) };
    let admit;
    const gate = new Promise((resolve) => (admit = resolve));
    const patient = { capabilities: { rename: false, modes: false }, perform: () => gate.then(() => ({ type: "error", kind: "other", message: "late" })) };
    const inFlight = (await open({ registry: good, host: patient })).list();
    const crashing = await open({ registry: good, host: flood });
    for (const _ of [1, 2]) {
      await assert.rejects(crashing.show("greeting"), (error) => {
        assert.ok(error instanceof PackwrightError);
        assert.deepEqual([error.code, error.exitCode], ["internal", 70]);
        assert.match(error.diagnostics[0].causes[0], /\S/);
        return true;
      });
      assert.equal((await pw.list()).length, 3);
    }
    admit();
    await assert.rejects(inFlight, { code: "internal", message: /run it again/ });
    assert.equal((await pw.generate(greeting)).files.size, 3);
  });

  test("loading is tried again after a failure", async () => {
    writeFileSync(join(project, "retry.mjs"), `import { open } from "packwright/slim"; import { readFileSync } from "node:fs";
      const registry = "https://packs.example.com/";
      const first = await open({ wasm: new Uint8Array(3), registry }).then(() => "opened", (error) => error.code);
      const second = await open({ wasm: readFileSync(process.argv[2]), registry }).then(() => "opened", (error) => error.code);
      console.log(first, second);`);
    const { stdout } = await run(process.execPath, [join(project, "retry.mjs"), installed.resolve("packwright/packwright.wasm")]);
    assert.equal(stdout, "internal opened\n");
  });
});
