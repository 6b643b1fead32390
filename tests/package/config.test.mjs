// What is configured: where files are looked for, what of the environment counts, what `config` shows of it, and that no token shows anywhere.
import assert from "node:assert/strict";
import { mkdirSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { describe, test } from "node:test";
import { pathToFileURL } from "node:url";
import { inspect } from "node:util";
import { golden, packs, packwright, project, scratch } from "./installed.mjs";
import { serve } from "./serve.mjs";

const installed = createRequire(join(project, "index.js"));
const { configured, open } = await import(pathToFileURL(installed.resolve("packwright")));

/** Writes files below a directory by their paths in it. */
function lay(directory, files) {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, path)), { recursive: true });
    writeFileSync(join(directory, path), text);
  }
  return directory;
}

/** A user's directory and a project's, and what the environment of the user says. */
function desk({ user = {}, project = {} } = {}) {
  const home = lay(scratch("home"), user);
  const directory = lay(scratch("project"), project);
  const environment = { XDG_CONFIG_HOME: join(home, ".config"), XDG_CACHE_HOME: join(home, ".cache"), npm_config_userconfig: join(home, ".npmrc") };
  return { home, directory, environment };
}

const userFile = ".config/packwright/packwright.toml";
const acme = '[registries.acme]\nurl = "npm+https://npm.acme.example/"\nscopes = ["@acme"]\n';
const linux = process.platform !== "linux" && "the places are those of Linux";

describe("what is found", { concurrency: 2 }, () => {
  test("nothing: the starter packs and what is standard", async () => {
    const { directory, environment } = desk();
    const { options, registries, settings, files, warnings } = await configured({ directory, environment });
    assert.deepEqual(registries.map(({ id, scopes, token, from }) => [id, scopes, token, from]), [["starter", null, false, "built in"]]);
    assert.deepEqual(settings.map(({ name, from }) => [name, from]), [
      ["cache.directory", "default"],
      ["cache.fresh-seconds", "default"],
      ["network.idle-seconds", "default"],
      ["network.offline", "default"],
    ]);
    assert.deepEqual([options.freshSeconds, options.idleSeconds, options.offline], [300, 30, false]);
    assert.ok(files.every(({ found }) => !found));
    assert.deepEqual(warnings, []);
    assert.ok((await (await open(options)).list()).length > 0);
  });

  test("files of user and project, the project's from above and the nearest one", { skip: linux }, async () => {
    const { home, directory, environment } = desk({
      user: { [userFile]: `${acme}[cache]\nfresh-seconds = 10\n` },
      project: {
        "packwright.toml": '[registries.far]\nurl = "https://far.example/"\n',
        "near/packwright.toml": '[registries.near]\ndirectory = "../packs"\n[network]\nidle-seconds = 5\n',
      },
    });
    const found = await configured({ directory: join(directory, "near/deep/er"), environment });
    const near = join(directory, "near/packwright.toml");
    assert.deepEqual(found.registries.map(({ id, location, scopes, from }) => [id, location, scopes, from]), [
      ["acme", "npm+https://npm.acme.example/", ["@acme"], join(home, userFile)],
      ["near", join(directory, "packs"), null, near],
    ]);
    assert.deepEqual([found.options.freshSeconds, found.options.idleSeconds], [10, 5]);
    assert.equal(found.settings.find(({ name }) => name === "network.idle-seconds").from, near);
    assert.deepEqual(found.files.filter((file) => file.found).map(({ kind }) => kind), ["user", "project"]);
  });

  test("PACKWRIGHT_CONFIG names another file of the user, which must be there", async () => {
    const { home, directory, environment } = desk({ user: { "mine.toml": acme } });
    const found = await configured({ directory, environment: { ...environment, PACKWRIGHT_CONFIG: join(home, "mine.toml") } });
    assert.deepEqual(found.registries.map(({ id }) => id).sort(), ["acme", "starter"]);
    const missing = { ...environment, PACKWRIGHT_CONFIG: join(home, "none.toml") };
    await assert.rejects(configured({ directory, environment: missing }), ({ code, exitCode, diagnostics: [{ causes, suggestion }] }) => {
      const named = [causes.at(-1), suggestion];
      assert.deepEqual(named, ["`PACKWRIGHT_CONFIG` names it", "let it name a file that is there, or unset it"]);
      return code === "file-not-found" && exitCode === 1;
    });
  });

  test("the user's file is not the project's as well, even where the project is below it", { skip: linux }, async () => {
    const { home, environment } = desk({ user: { [userFile]: `${acme}[tokens]\n"https://npm.acme.example/" = "t0ken"\n`, ".npmrc": "registry=https://npm.example/\n" } });
    const { files, registries } = await configured({ directory: join(home, ".config/packwright"), environment });
    assert.deepEqual(files.map(({ kind }) => kind), ["user-npmrc", "user"]);
    assert.equal(registries.find(({ id }) => id === "acme").token, true);
  });

  test("flags win over the environment, and it over files", async () => {
    const { directory, environment } = desk({ project: { "packwright.toml": '[registries.file]\nurl = "https://file.example/"\n' } });
    const variable = { ...environment, PACKWRIGHT_REGISTRY: "https://variable.example/" };
    const general = async (options) => (await configured({ directory, ...options })).registries.filter(({ scopes }) => scopes === null).map(({ id, location, from }) => [id, location, from]);
    assert.deepEqual((await general({ environment })).map(([id]) => id), ["file"]);
    assert.deepEqual(await general({ environment: variable }), [["default", "https://variable.example/", "PACKWRIGHT_REGISTRY"]]);
    assert.deepEqual(await general({ environment: variable, registries: ["mine=https://flag.example/"] }), [["mine", "https://flag.example/", "--registry"]]);
  });

  test("a directory in a flag is below the working directory, in a file below that of the file; file: addresses are directories", async () => {
    const { directory, environment } = desk({ project: { "packwright.toml": '[registries.theirs]\ndirectory = "packs"\nscopes = ["@theirs"]\n' } });
    const place = pathToFileURL(join(directory, "other"));
    const { registries } = await configured({ directory, environment, registries: ["some/packs", `@url=${place}`] });
    const locations = Object.fromEntries(registries.map(({ id, location }) => [id, location]));
    assert.deepEqual(locations, { default: join(process.cwd(), "some/packs"), theirs: join(directory, "packs"), url: join(directory, "other") });
  });

  test("a configured directory is a registry like any other", async () => {
    const { directory, environment } = desk({ project: { "packwright.toml": `[registries.good]\ndirectory = ${JSON.stringify(join(packs, "good"))}\n` } });
    const { options } = await configured({ directory, environment });
    assert.ok((await (await open(options)).list()).some(({ name, registry }) => name === "greeting" && registry === "good"));
  });

  test("where the cache is", { skip: linux }, async () => {
    const { home, directory, environment } = desk();
    const cache = async (more) => (await configured({ directory, environment: { ...environment, ...more } })).options.cache;
    assert.equal(await cache(), join(home, ".cache/packwright"));
    assert.equal(await cache({ PACKWRIGHT_CACHE: "/elsewhere" }), "/elsewhere");
    assert.notEqual(await cache({ XDG_CACHE_HOME: "relative" }), "relative/packwright");
    lay(home, { [userFile]: '[cache]\ndirectory = "kept"\n' });
    assert.equal(await cache(), join(home, ".config/packwright/kept"));
    assert.equal(await cache({ PACKWRIGHT_CACHE: "/elsewhere" }), "/elsewhere");
  });

  test("in the user's .npmrc the environment is filled in, in the project's it is not", async () => {
    const npmrc = "@acme:registry=https://${HOST}/\n//npm.acme.example/:_authToken=${TOKEN}\n//other.example/:_authToken=${NOWHERE}\n";
    const mine = desk({ user: { ".npmrc": npmrc } });
    const named = { HOST: "npm.acme.example", TOKEN: "t0ken\n" };
    const own = await configured({ directory: mine.directory, environment: { ...mine.environment, ...named } });
    const found = own.registries.find(({ id }) => id === "acme");
    assert.deepEqual([found.location, found.token], ["npm+https://npm.acme.example/", true]);
    assert.deepEqual(own.warnings, [], "a token for no registry of ours is nobody's business");
    // A scope must not fall to another registry because the address of its own is not known.
    const theirs = desk({ project: { ".npmrc": npmrc } });
    const project = configured({ directory: theirs.directory, environment: { ...theirs.environment, ...named } });
    await assert.rejects(project, ({ code, message }) => code === "invalid-input" && !message.includes("t0ken"));
  });
});

describe("what cannot be read", { concurrency: 2 }, () => {
  for (const [name, spoil] of [
    ["a directory", (place) => mkdirSync(place)],
    ["too large", (place) => (writeFileSync(place, ""), truncateSync(place, 2 << 20))],
  ]) {
    test(`a file that is ${name}`, async () => {
      const { directory, environment } = desk();
      spoil(join(directory, "packwright.toml"));
      await assert.rejects(configured({ directory, environment }), (error) => {
        assert.deepEqual([error.code, error.exitCode], ["file-not-found", 1]);
        assert.match(error.message, /packwright\.toml` could not be read/);
        return true;
      });
    });
  }

  test("a link that leads nowhere is no file", async () => {
    const { directory, environment } = desk();
    symlinkSync("nowhere", join(directory, "packwright.toml"));
    assert.ok((await configured({ directory, environment })).files.every(({ kind }) => kind !== "project"));
  });

  test("a broken file is named with its line", async () => {
    const { directory, environment } = desk({ project: { "packwright.toml": "[registries\n" } });
    await assert.rejects(configured({ directory, environment }), (error) => {
      assert.equal(error.exitCode, 11);
      assert.equal(error.diagnostics[0].location.file, join(directory, "packwright.toml"));
      return true;
    });
  });
});

describe("tokens", { concurrency: 2 }, () => {
  const secret = "s3cr3t-t0ken";

  test("reach the registry they are for, and nobody who looks", async (context) => {
    const asked = [];
    const { url } = await serve(context, ({ headers }, response) => (asked.push(headers.authorization), response.writeHead(401).end()));
    const { directory, environment } = desk();
    const tokens = `${url}=${secret}`;
    const found = await configured({ directory, environment: { ...environment, PACKWRIGHT_TOKENS: tokens }, registries: [url] });
    assert.deepEqual(found.registries.map(({ id, token }) => [id, token]), [["default", true]]);
    const pw = await open(found.options);
    const failure = await pw.list().then(() => assert.fail("it signed in"), (error) => error);
    assert.equal(failure.code, "unauthorized");
    assert.ok(asked.length > 0 && asked.every((header) => header === `Bearer ${secret}`), asked.join());
    for (const shown of [found, pw, failure]) {
      assert.ok(!inspect(shown, { depth: Infinity, showHidden: true }).includes(secret));
      assert.ok(!JSON.stringify(shown).includes(secret));
      assert.ok(!String(shown).includes(secret));
    }
    const env = { PACKWRIGHT_TOKENS: tokens };
    for (const args of [["list"], ["list", "--json"], ["config"], ["config", "--json"]]) {
      const { stdout, stderr } = await packwright([...args, "--registry", url], { env, cwd: directory });
      assert.ok(!(stdout + stderr).includes(secret), args.join(" "));
    }
    assert.match((await packwright(["config", "--registry", url], { env, cwd: directory })).stdout, /token: yes/);
  });

  test("that cannot be sent are refused without saying them", async () => {
    for (const token of [`${secret}\n`, `${secret}\u{1f511}`]) {
      const registry = { id: "acme", url: "https://packs.example.com/", token };
      const failure = await open({ registry }).then(() => undefined, (error) => error);
      assert.equal(failure?.code, "usage");
      assert.ok(!inspect(failure, { depth: Infinity }).includes(secret));
    }
  });
});

describe("packwright config", { concurrency: 2 }, () => {
  test("--help", async () => golden(assert, "help-config", (await packwright(["config", "--help"])).stdout));

  test("shows every registry, setting and file", { skip: linux }, async () => {
    const { home, directory, environment } = desk({
      user: { [userFile]: `${acme}archives = ["https://cdn.acme.example"]\n[tokens]\n"https://npm.acme.example/" = "t0ken"\n` },
      project: { "packwright.toml": '[registries.packs]\ndirectory = "packs"\n[network]\noffline = true\n' },
    });
    const env = { ...environment, PACKWRIGHT_CACHE: join(home, "kept") };
    const { code, stdout, stderr } = await packwright(["config"], { cwd: directory, env });
    assert.deepEqual([code, stderr], [0, ""]);
    golden(assert, "config", stdout.replaceAll(home, "HOME").replaceAll(directory, "PROJECT").replaceAll(/ {2,}/g, "  "));
    const document = JSON.parse((await packwright(["config", "--json"], { cwd: directory, env })).stdout);
    assert.deepEqual(Object.keys(document), ["registries", "settings", "files", "warnings"]);
    assert.equal(document.registries.find(({ id }) => id === "acme").token, true);
    assert.doesNotMatch(stdout + JSON.stringify(document), /t0ken/);
  });

  test("what the project configures counts for its commands, from below it too", async () => {
    const { directory } = desk({ project: { "packwright.toml": `[registries.good]\ndirectory = ${JSON.stringify(join(packs, "good"))}\n`, "deep/file": "" } });
    const { packs: listed } = JSON.parse((await packwright(["list", "--json"], { cwd: join(directory, "deep") })).stdout);
    assert.ok(listed.some(({ name, registry }) => name === "greeting" && registry === "good"));
    const { code, stderr } = await packwright(["generate", "greeting", "--yes", "--output", join(directory, "made")], { cwd: scratch() });
    assert.equal(code, 0, stderr);
  });
});

test("what is standard is what the core has for standard", async () => {
  const asked = [];
  const host = { capabilities: {}, perform: async (request) => (asked.push(request), { type: "error", kind: "other", message: "no" }) };
  await assert.rejects((await open({ registry: { id: "a", url: "https://packs.example.com/" }, host })).list());
  const { options } = await configured({ environment: {} });
  assert.deepEqual(new Set(asked.filter(({ type }) => type === "fetch").map((request) => request.idleMilliseconds)), new Set([options.idleSeconds * 1000]));
});
