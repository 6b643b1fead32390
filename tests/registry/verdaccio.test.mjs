// An npm registry that exists: packs are published to it, found, shown, generated from and withdrawn again, from the packed command line.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { promisify } from "node:util";
import { npmArchive, source, write } from "./archives.mjs";
import { person } from "./person.mjs";
import { verdaccio } from "./verdaccio.mjs";

const run = promisify(execFile);

/** Somebody with a token for a registry, which has all names. */
function member(registry, more = "") {
  return person({ config: `[registries.npm]\nurl = "${registry.location}"\n\n[tokens]\n"${registry.url}" = "${registry.token}"\n${more}` });
}

/** Writes a pack's source where somebody works and publishes it. */
async function publish(somebody, name, version, options, flags = []) {
  const directory = join("src", name, version);
  write(join(somebody.cwd, directory), source(name, version, options));
  return (await somebody.json(["publish", directory, "--yes", ...flags])).publication;
}

const versionOf = ({ packs }, name) => packs.find((pack) => pack.name === name)?.version;
const puts = ({ requests }) => requests.filter(({ method }) => method === "PUT");

/** Makes the project anew, without a lockfile. */
async function anew(somebody, packs, options) {
  rmSync(join(somebody.cwd, "demo"), { recursive: true, force: true });
  return somebody.generate(packs, options);
}

describe("publishing", { concurrency: 4 }, () => {
  test("a dry run lists what goes in, and sends nothing", async (t) => {
    const registry = await verdaccio(t);
    const somebody = member(registry);
    const publication = await publish(somebody, "web-api", "1.0.0", {}, ["--dry-run"]);
    assert.deepEqual(publication.files.map(({ path }) => path), ["pack.toml", "package.json", "templates/web-api.txt"]);
    assert.deepEqual([publication.name, publication.version, publication.registry, publication.written], ["web-api", "1.0.0", "npm", false]);
    assert.deepEqual(puts(registry), []);
    const { stdout } = await somebody.run(["publish", "src/web-api/1.0.0", "--dry-run"]);
    for (const word of ["web-api", "1.0.0", "npm", "latest", "pack.toml", "templates/web-api.txt"]) assert.ok(stdout.includes(word), `${word}\n${stdout}`);
  });

  test("what is published is found, shown and generated from", async (t) => {
    const registry = await verdaccio(t);
    const somebody = member(registry);
    await publish(somebody, "base", "1.0.0");
    const publication = await publish(somebody, "web-api", "1.0.0", { dependencies: { base: "^1" } });
    assert.equal(publication.written, true);
    assert.equal(puts(registry).length, 2);

    const packument = await registry.packument("web-api");
    const published = packument.versions["1.0.0"];
    assert.equal(packument["dist-tags"].latest, "1.0.0");
    assert.deepEqual(published.dependencies, { base: "^1.0.0" });
    assert.equal(published.packwright.v, 1);
    assert.equal(published.dist.integrity, publication.integrity);

    // Somebody else, who has no token and needs none.
    const stranger = person();
    const options = ["--registry", registry.location];
    const { packs } = await stranger.json(["list", ...options]);
    assert.deepEqual(packs.map(({ name, version, description }) => [name, version, description]), [["base", "1.0.0", "The pack base"], ["web-api", "1.0.0", "The pack web-api"]]);
    const { pack } = await stranger.json(["show", "web-api", ...options]);
    assert.equal(pack.version, "1.0.0");
    const made = await stranger.generate(["web-api"], options);
    assert.deepEqual([versionOf(made, "base"), versionOf(made, "web-api")], ["1.0.0", "1.0.0"]);
    assert.equal(stranger.written().get("demo/web-api.txt"), "web-api 1.0.0\n");
    assert.ok(stranger.written().get("demo/packwright.lock").includes(publication.integrity));
  });

  test("what is published is an npm package like others", async (t) => {
    const registry = await verdaccio(t);
    const somebody = member(registry);
    const { files, integrity } = await publish(somebody, "web-api", "1.0.0");
    const npm = (...args) => run("npm", [...args, "--registry", registry.url, "--json", "--loglevel=error"], { cwd: somebody.cwd, env: { ...process.env, HOME: somebody.home } });
    const [packed] = JSON.parse((await npm("pack", "web-api@1.0.0")).stdout);
    assert.equal(packed.integrity, integrity);
    assert.deepEqual(packed.files.map(({ path }) => path).sort(), files.map(({ path }) => path).sort());
    const inside = JSON.parse((await run("tar", ["xzOf", packed.filename, "package/package.json"], { cwd: somebody.cwd })).stdout);
    assert.deepEqual([inside.name, inside.version, inside.license], ["web-api", "1.0.0", "MIT"]);
    assert.deepEqual(JSON.parse((await npm("view", "web-api", "versions", "dist-tags.latest")).stdout), { versions: ["1.0.0"], "dist-tags.latest": "1.0.0" });
  });

  test("a version is published once", async (t) => {
    const registry = await verdaccio(t);
    const somebody = member(registry);
    await publish(somebody, "web-api", "1.0.0");
    const before = await registry.packument("web-api");
    write(join(somebody.cwd, "src/web-api/1.0.0"), { "templates/web-api.txt": "changed\n" });
    for (const flags of [[], ["--dry-run"]]) await somebody.fails(["publish", "src/web-api/1.0.0", "--yes", ...flags], 13, "already-published", ["web-api", "1.0.0"]);
    assert.deepEqual(await registry.packument("web-api"), before);
  });

  test("the same version twice at once ends well for one of them", async (t) => {
    const registry = await verdaccio(t);
    const told = await Promise.all(["one", "other"].map(async (content) => {
      const somebody = member(registry);
      write(join(somebody.cwd, "src"), source("web-api", "1.0.0", { files: { "web-api.txt": content } }));
      return somebody.run(["publish", "src", "--yes", "--json"]);
    }));
    assert.deepEqual(told.map(({ code }) => code).sort(), [0, 13]);
    const [{ publication }] = told.filter(({ code }) => code === 0).map(({ stdout }) => JSON.parse(stdout));
    assert.equal((await registry.packument("web-api")).versions["1.0.0"].dist.integrity, publication.integrity);
    // Verdaccio now and then keeps the tarball of the one it refused beside the document of the other: then nobody is given its bytes.
    const { code, stdout } = await person().run(["generate", "web-api", "--name", "demo", "--yes", "--registry", registry.location, "--json"]);
    if (code !== 0) assert.deepEqual([code, JSON.parse(stdout).error.code], [11, "invalid-archive"], stdout);
  });

  test("a later version is seen at once by who published it, and by others when they look again", async (t) => {
    const registry = await verdaccio(t);
    const somebody = member(registry);
    const stranger = person();
    const options = ["--registry", registry.location];
    await publish(somebody, "web-api", "1.0.0");
    assert.equal(versionOf(await somebody.generate(["web-api"]), "web-api"), "1.0.0");
    assert.equal(versionOf(await stranger.generate(["web-api"], options), "web-api"), "1.0.0");
    await publish(somebody, "web-api", "1.1.0");
    assert.equal(versionOf(await anew(somebody, ["web-api"]), "web-api"), "1.1.0");
    assert.equal(versionOf(await anew(stranger, ["web-api"], options), "web-api"), "1.0.0");
    assert.equal(versionOf(await anew(stranger, ["web-api"], [...options, "--refresh"]), "web-api"), "1.1.0");
  });

  test("latest is what the dist-tag says", async (t) => {
    const registry = await verdaccio(t);
    const somebody = member(registry);
    await publish(somebody, "web-api", "1.0.0");
    await publish(somebody, "web-api", "2.0.0", {}, ["--tag", "next"]);
    assert.deepEqual((await registry.packument("web-api"))["dist-tags"], { latest: "1.0.0", next: "2.0.0" });
    assert.equal(versionOf(await somebody.generate(["web-api@latest"]), "web-api"), "1.0.0");
    assert.equal(versionOf(await anew(somebody, ["web-api"]), "web-api"), "2.0.0");
  });

  test("a pre-release is next, and latest does not go back by itself", async (t) => {
    const registry = await verdaccio(t);
    const somebody = member(registry);
    await publish(somebody, "web-api", "1.0.0");
    assert.equal((await publish(somebody, "web-api", "2.0.0-rc.1")).tag, "next");
    write(join(somebody.cwd, "old"), source("web-api", "0.9.0"));
    await somebody.fails(["publish", "old", "--yes"], 11, "invalid-input", ["0.9.0", "1.0.0", "--tag"]);
    await somebody.json(["publish", "old", "--yes", "--tag", "maintenance"]);
    assert.deepEqual((await registry.packument("web-api"))["dist-tags"], { latest: "1.0.0", next: "2.0.0-rc.1", maintenance: "0.9.0" });
    assert.equal(versionOf(await somebody.generate(["web-api"]), "web-api"), "1.0.0");
  });

  test("a package.json of the pack's own is in the way", async (t) => {
    const registry = await verdaccio(t);
    const somebody = member(registry);
    write(join(somebody.cwd, "web-api"), { ...source("web-api", "1.0.0"), "package.json": "{}" });
    await somebody.fails(["publish", "web-api", "--yes"], 11, "invalid-manifest", ["package.json"]);
    assert.deepEqual(puts(registry), []);
  });

  test("a dependency that no registry has is told, and no reason to stop", async (t) => {
    const registry = await verdaccio(t);
    const { warnings, written } = await publish(member(registry), "web-api", "1.0.0", { dependencies: { later: "^1" } });
    assert.deepEqual([warnings.map(({ code }) => code), written], [["pack-not-found"], true]);
  });

  test("without a token, or with a wrong one, nothing is published", async (t) => {
    const registry = await verdaccio(t);
    const somebody = person({ config: `[registries.npm]\nurl = "${registry.location}"\n` });
    write(join(somebody.cwd, "web-api"), source("web-api", "1.0.0"));
    await somebody.fails(["publish", "web-api", "--yes"], 9, "unauthorized", ["token"]);
    const wrong = { env: { PACKWRIGHT_TOKENS: `${registry.url}=wrong` } };
    const said = await somebody.fails(["publish", "web-api", "--yes"], 9, "unauthorized", ["token"], wrong);
    assert.ok(!said.includes("wrong"), said);
    await assert.rejects(registry.packument("web-api"), /404/);
  });

  test("versions that npm cannot keep are refused before anything is sent", async (t) => {
    const registry = await verdaccio(t);
    const somebody = member(registry);
    write(join(somebody.cwd, "web-api"), source("web-api", "1.0.0+build.1"));
    await somebody.fails(["publish", "web-api", "--yes"], 11, "invalid-version", ["1.0.0+build.1"]);
    assert.deepEqual(puts(registry), []);
  });

  test("a pack that nobody could use is refused before anything is sent", async (t) => {
    const registry = await verdaccio(t);
    const somebody = member(registry);
    write(join(somebody.cwd, "web-api"), source("web-api", "1.0.0"));
    rmSync(join(somebody.cwd, "web-api/templates"), { recursive: true });
    for (const flags of [[], ["--dry-run"]]) await somebody.fails(["publish", "web-api", "--yes", ...flags], 1, "file-not-found", ["templates/web-api.txt"]);
    assert.deepEqual(puts(registry), []);
  });
});

describe("a private scope", { concurrency: 4 }, () => {
  /** A registry with `@acme/badge` in it. */
  async function withBadge(t) {
    const registry = await verdaccio(t);
    await publish(member(registry), "@acme/badge", "1.0.0");
    return registry;
  }

  const ways = {
    "the user's packwright.toml": ({ location, url, token }) => ({ config: `[registries.acme]\nurl = "${location}"\nscopes = ["@acme"]\n[tokens]\n"${url}" = "${token}"\n` }),
    "the user's .npmrc": ({ url, token }) => ({ npmrc: `@acme:registry=${url}\n${url.replace("http:", "")}:_authToken=${token}\n` }),
    "the project's .npmrc and the user's token": ({ url, token }) => ({ npmrc: `${url.replace("http:", "")}:_authToken=${token}\n`, project: { npmrc: `@acme:registry=${url}\n` } }),
    "the project's packwright.toml and the user's token": ({ location, url, token }) => ({
      config: `[tokens]\n"${url}" = "${token}"\n`,
      project: { config: `[registries.acme]\nurl = "${location}"\nscopes = ["@acme"]\n` },
    }),
  };
  for (const [name, way] of Object.entries(ways)) {
    test(`is open to who has a token, by ${name}`, async (t) => {
      const registry = await withBadge(t);
      const somebody = person(way(registry));
      const { packs } = await somebody.json(["list"]);
      assert.ok(packs.some((pack) => pack.name === "@acme/badge"));
      await somebody.json(["show", "@acme/badge"]);
      await somebody.generate(["@acme/badge", "base-project"]);
      assert.equal(somebody.written().get("demo/@acme-badge.txt"), "@acme/badge 1.0.0\n");
    });
  }

  test("is closed to others", async (t) => {
    const registry = await withBadge(t);
    const scope = `[registries.acme]\nurl = "${registry.location}"\nscopes = ["@acme"]\n`;
    const stranger = person({ config: scope });
    await stranger.fails(["generate", "@acme/badge", "--name", "demo"], 9, "unauthorized", ["@acme", "token"]);
    const said = await stranger.fails(["show", "@acme/badge"], 9, "unauthorized", ["token"], { env: { PACKWRIGHT_TOKENS: `${registry.url}=wr0ng` } });
    assert.ok(!said.includes("wr0ng"));
    assert.deepEqual([...stranger.written().keys()], []);
    assert.ok(!(await stranger.json(["list"])).packs.some((pack) => pack.name === "@acme/badge"));
  });

  test("is no place for a name that a public registry has", async (t) => {
    const [own, open] = [await withBadge(t), await verdaccio(t)];
    await publish(member(open), "@acme/badge", "9.9.9");
    open.forget();
    const somebody = person({ config: `[registries.open]\nurl = "${open.location}"\n[registries.acme]\nurl = "${own.location}"\nscopes = ["@acme"]\n[tokens]\n"${own.url}" = "${own.token}"\n` });
    assert.equal(versionOf(await somebody.generate(["@acme/badge"]), "@acme/badge"), "1.0.0");
    assert.deepEqual(open.requests, []);
  });
});

describe("withdrawing", { concurrency: 4 }, () => {
  test("a new project does not prefer what is withdrawn, a locked one keeps it, and it can be taken back", async (t) => {
    const registry = await verdaccio(t);
    const somebody = member(registry);
    const options = ["--registry", registry.location];
    for (const version of ["1.0.0", "1.1.0"]) await publish(somebody, "web-api", version);
    const locked = person();
    assert.equal(versionOf(await locked.generate(["web-api"], options), "web-api"), "1.1.0");
    const before = await registry.packument("web-api");

    const yank = ["yank", "web-api@1.1.0", "--reason", "it eats data"];
    assert.deepEqual(await somebody.json(yank), { name: "web-api", version: "1.1.0", registry: "npm", yanked: true, changed: true });
    assert.equal((await somebody.json(yank)).changed, false);
    const after = await registry.packument("web-api");
    assert.equal(after.versions["1.1.0"].deprecated, "it eats data");
    delete after.versions["1.1.0"].deprecated;
    const withoutTimes = ({ _rev, time: { modified, ...time }, ...rest }) => ({ ...rest, time });
    assert.deepEqual(withoutTimes(after), withoutTimes(before), "nothing else has changed");

    const stranger = person();
    assert.equal(versionOf(await stranger.generate(["web-api"], options), "web-api"), "1.0.0");
    const shown = await stranger.run(["show", "web-api", ...options]);
    assert.ok(shown.stdout.includes("it eats data") || shown.stdout.includes("1.1.0"), shown.stdout);

    const lock = readFileSync(join(locked.cwd, "demo/packwright.lock"), "utf8");
    rmSync(join(locked.cwd, "demo/web-api.txt"));
    assert.equal(versionOf(await locked.generate(["web-api"], [...options, "--refresh"]), "web-api"), "1.1.0");
    assert.equal(readFileSync(join(locked.cwd, "demo/packwright.lock"), "utf8"), lock);
    assert.equal(locked.written().get("demo/web-api.txt"), "web-api 1.1.0\n");

    assert.equal((await somebody.json(["yank", "web-api@1.1.0", "--undo"])).yanked, false);
    assert.equal((await registry.packument("web-api")).versions["1.1.0"].deprecated, undefined);
    assert.equal(versionOf(await anew(stranger, ["web-api"], [...options, "--refresh"]), "web-api"), "1.1.0");
  });

  test("npm's way only demotes: who wants just that gets it, and is told why not", async (t) => {
    const registry = await verdaccio(t);
    const somebody = member(registry);
    for (const version of ["1.0.0", "1.1.0"]) await publish(somebody, "web-api", version);
    await somebody.json(["yank", "web-api@1.1.0", "--reason", "it eats data"]);
    for (const command of ["dependencies", "generate"]) {
      const { code, stdout, stderr } = await somebody.run([command, "web-api@=1.1.0", ...(command === "generate" ? ["--name", "demo", "--yes"] : [])]);
      assert.equal(code, 0, stdout + stderr);
      for (const word of ["warning[deprecated]", "web-api", "1.1.0", "it eats data"]) assert.ok(stderr.includes(word), `${command}: ${word}\n${stderr}`);
    }
    const locked = await somebody.generate(["web-api"]);
    assert.deepEqual(locked.warnings.map(({ code, subject }) => [code, subject]), [["deprecated", "web-api"]]);
    assert.deepEqual((await anew(somebody, ["web-api"])).warnings, [], "1.0.0 is not withdrawn");
  });

  test("and npm's own deprecating are one", async (t) => {
    const registry = await verdaccio(t);
    const somebody = member(registry);
    const npmrc = join(somebody.home, ".npmrc");
    writeFileSync(npmrc, `registry=${registry.url}\n${registry.url.replace("http:", "")}:_authToken=${registry.token}\n`);
    const npm = (...args) => run("npm", [...args, "--loglevel=error"], { cwd: somebody.cwd, env: { ...process.env, HOME: somebody.home, npm_config_userconfig: npmrc } });
    for (const version of ["1.0.0", "1.1.0"]) await publish(somebody, "web-api", version);
    await npm("deprecate", "web-api@1.1.0", "said npm");
    assert.match((await somebody.run(["show", "web-api", "--refresh"])).stdout, /1\.1\.0 \(deprecated: said npm\)/);
    assert.equal((await somebody.json(["yank", "web-api@1.1.0", "--undo"])).changed, true);
    await somebody.json(["yank", "web-api@1.0.0", "--reason", "said we"]);
    const told = await Promise.all(["1.0.0", "1.1.0"].map((version) => npm("view", `web-api@${version}`, "deprecated", "--prefer-online")));
    assert.deepEqual(told.map(({ stdout }) => stdout.trim()), ["said we", ""]);
  });

  test("keeps what was published in the meantime", async (t) => {
    const registry = await verdaccio(t);
    const [one, two] = [member(registry), member(registry)];
    await publish(one, "web-api", "1.0.0");
    await one.json(["show", "web-api"]);
    await publish(two, "web-api", "1.1.0");
    await one.json(["yank", "web-api@1.0.0"]);
    assert.deepEqual(Object.keys((await registry.packument("web-api")).versions), ["1.0.0", "1.1.0"]);
  });

  test("takes a token and a version that is there", async (t) => {
    const registry = await verdaccio(t);
    const somebody = member(registry);
    await publish(somebody, "web-api", "1.0.0");
    await somebody.fails(["yank", "web-api@9.0.0"], 1, "pack-not-found", ["9.0.0"]);
    await somebody.fails(["yank", "web-ape@1.0.0"], 1, "pack-not-found", ["web-ape"]);
    const stranger = person();
    await stranger.fails(["yank", "web-api@1.0.0", "--registry", registry.location], 9, "unauthorized", ["token"]);
    assert.equal((await registry.packument("web-api")).versions["1.0.0"].deprecated, undefined);
  });
});

describe("packages", { concurrency: 4 }, () => {
  const sha512 = (bytes) => `sha512-${createHash("sha512").update(bytes).digest("base64")}`;

  test("are pinned from the abbreviated form, with their sha512", async (t) => {
    const registry = await verdaccio(t);
    const left = ["1.0.0", "1.2.0", "2.0.0"].map((version) => [version, npmArchive({ "index.js": `"${version}"\n` })]);
    for (const [version, bytes] of left) await registry.publish("left-side", version, bytes);
    const somebody = person({ config: `[registries.npm]\nurl = "${registry.location}"\nscopes = []\n` });
    write(join(somebody.cwd, "packs/web-api"), source("web-api", "1.0.0", { packages: { "left-side": { version: "^1", registry: "npm" } } }));
    registry.forget();
    await somebody.generate(["web-api"], ["--registry", "packs"]);
    const lock = somebody.written().get("demo/packwright.lock");
    assert.ok(lock.includes('"1.2.0"') && lock.includes(sha512(left[1][1])), lock);
    assert.deepEqual(registry.requests.map(({ method, path }) => `${method} ${path}`), ["GET /left-side"]);
    assert.match(registry.requests[0].headers.accept, /^application\/vnd\.npm\.install-v1\+json/);
  });

  test("and packs of one name do not mix in the cache", async (t) => {
    const registry = await verdaccio(t);
    const somebody = member(registry);
    await publish(somebody, "web-api", "1.0.0");
    await publish(somebody, "user", "1.0.0", { packages: { "web-api": { version: "^1", registry: "npm" } } });
    const stranger = person({ config: `[registries.npm]\nurl = "${registry.location}"\n` });
    registry.forget();
    await stranger.generate(["user"]);
    await stranger.json(["show", "web-api"]);
    const forms = registry.asked("/web-api").map(({ headers, status }) => [status, headers.accept.split(";")[0]]);
    assert.deepEqual(forms, [[200, "application/vnd.npm.install-v1+json"], [200, "application/json"]]);
    await anew(stranger, ["user", "web-api"], ["--offline"]);
    await anew(stranger, ["user", "web-api"], ["--refresh"]);
    assert.deepEqual(registry.asked("/web-api").map(({ status }) => status), [200, 200, 304, 304]);
  });

  test("that changed after they were locked are refused", async (t) => {
    const registry = await verdaccio(t);
    const somebody = person({ config: `[registries.npm]\nurl = "${registry.location}"\nscopes = []\n` });
    write(join(somebody.cwd, "packs/web-api"), source("web-api", "1.0.0", { packages: { "left-side": { version: "^1", registry: "npm" } } }));
    await registry.publish("left-side", "1.0.0", npmArchive({ "index.js": "1\n" }));
    await somebody.generate(["web-api"], ["--registry", "packs"]);
    const other = await verdaccio(t);
    await other.publish("left-side", "1.0.0", npmArchive({ "index.js": "2\n" }));
    const again = ["generate", "web-api", "--name", "demo", "--yes", "--registry", "packs", "--registry", `npm=${other.location}`];
    await somebody.fails(again, 11, "invalid-archive", ["left-side@1.0.0", "packwright.lock"]);
  });

  test("that do not exist are told by name", async (t) => {
    const registry = await verdaccio(t);
    const somebody = person({ config: `[registries.npm]\nurl = "${registry.location}"\nscopes = []\n` });
    write(join(somebody.cwd, "packs/web-api"), source("web-api", "1.0.0", { packages: { "left-side": { version: "^1", registry: "npm" } } }));
    const { code, stderr } = await somebody.run(["generate", "web-api", "--name", "demo", "--registry", "packs"]);
    assert.notEqual(code, 0);
    assert.ok(stderr.includes("left-side") && stderr.includes("npm"), stderr);
  });
});

describe("on the way", { concurrency: 4 }, () => {
  test("a second run asks nothing, a stale one asks after the packuments alone", async (t) => {
    const registry = await verdaccio(t);
    const somebody = member(registry);
    await publish(somebody, "base", "1.0.0");
    await publish(somebody, "web-api", "1.0.0", { dependencies: { base: "^1" } });
    const stranger = person();
    const options = ["--registry", registry.location];
    registry.forget();
    await stranger.generate(["web-api"], options);
    const asked = () => registry.requests.map(({ path, status }) => `${status} ${path}`).sort();
    assert.deepEqual(asked(), ["200 /base", "200 /base/-/base-1.0.0.tgz", "200 /web-api", "200 /web-api/-/web-api-1.0.0.tgz"]);
    registry.forget();
    await anew(stranger, ["web-api"], options);
    assert.deepEqual(asked(), []);
    await anew(stranger, ["web-api"], [...options, "--refresh"]);
    assert.deepEqual(asked(), ["304 /base", "304 /web-api"]);
    registry.forget();
    await anew(stranger, ["web-api"], [...options, "--offline"]);
    assert.deepEqual(asked(), []);
  });

  test("a registry that lies about digests is refused after a second look", async (t) => {
    const registry = await verdaccio(t);
    const files = source("web-api", "1.0.0");
    const lie = `sha512-${"A".repeat(86)}==`;
    await registry.publish("web-api", "1.0.0", npmArchive(files), { packwright: { v: 1, dependencies: [], packages: [] } }, { integrity: lie });
    registry.forget();
    const somebody = person();
    await somebody.fails(["generate", "web-api", "--name", "demo", "--registry", registry.location], 11, "invalid-archive", ["web-api", "1.0.0"]);
    assert.equal(registry.asked("/web-api/-/web-api-1.0.0.tgz").length, 2);
    assert.deepEqual([...somebody.written().keys()], []);
  });

  test("more packs than one page of a search are all listed", async (t) => {
    const registry = await verdaccio(t);
    const packwright = { v: 1, dependencies: [], packages: [] };
    const names = Array.from({ length: 260 }, (_, i) => `pack-${String(i).padStart(3, "0")}`);
    for (const name of names) await registry.publish(name, "1.0.0", npmArchive({}), { packwright, keywords: ["packwright-pack"] });
    await registry.publish("no-pack", "1.0.0", npmArchive({}), { keywords: ["other"] });
    const { packs } = await person().json(["list", "--registry", registry.location]);
    assert.deepEqual(packs.map(({ name }) => name), names);
  });
});
