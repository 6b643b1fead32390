// `node benches/install.mjs`, after `npm run build`: an install of fifty packages from a real npm registry on loopback, against `npm ci` of the
// same tarballs, with caches that are empty and that have everything. Both start from a lockfile and an empty directory, turn and turn about.
import { execFile } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { npmArchive, source } from "../tests/registry/archives.mjs";
import { verdaccio } from "../tests/registry/verdaccio.mjs";

const run = promisify(execFile);
const cli = join(import.meta.dirname, "../pkg/npm/dist/cli.js");

/** How often each is measured; the middle counts. */
const rounds = 7;

const packages = 50;

/** Files of a package and bytes of a file: together the mean of what npm's registry has. */
const files = 20;
const bytes = 3000;

const ends = [];
const scratch = mkdtempSync(join(tmpdir(), "packwright-bench-"));
ends.push(() => rmSync(scratch, { recursive: true, force: true }));

try {
  const registry = await verdaccio({ after: (end) => ends.push(end) });
  const names = Array.from({ length: packages }, (_, at) => `package-${at}`);
  for (const name of names) await registry.publish(name, "1.0.0", npmArchive({ "package.json": JSON.stringify({ name, version: "1.0.0" }), ...content(name) }));
  await publishPack(registry, "everything", names);
  const contenders = [await ours(registry), await npms(registry, names)];
  console.log(`${packages} packages of ${files} files and ${(files * bytes) / 1000} kB each; the middle of ${rounds}`);
  console.log(`${"".padEnd(12)} ${contenders.map(({ name }) => name.padStart(20)).join(" ")} ${"ratio".padStart(8)}`);
  for (const cache of ["cold", "warm"]) {
    const [one, other] = await measured(contenders, cache, registry);
    console.log(`${`${cache} cache`.padEnd(12)} ${[one, other].map((time) => `${time.toFixed(0)} ms`.padStart(20)).join(" ")} ${(one / other).toFixed(2).padStart(8)}`);
  }
} finally {
  ends.forEach((end) => end());
}

/** Text that compresses as source code does. */
function content(name) {
  let state = [...name].reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) >>> 0, 7);
  const next = (below) => (state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0) % below;
  const word = () => ["const ", "return ", "value", "index", "function ", " => ", ".length", "();\n", " === ", "name", String(next(1000))][next(11)];
  const text = () => {
    let text = "";
    while (text.length < bytes) text += word();
    return text.slice(0, bytes);
  };
  return Object.fromEntries(Array.from({ length: files - 1 }, (_, at) => [`lib/part-${at % 4}/file-${at}.js`, text()]));
}

async function publishPack(registry, name, names) {
  const members = Object.fromEntries(names.map((member) => [member, { version: "^1", registry: "npm" }]));
  const archive = npmArchive({ "package.json": JSON.stringify({ name, version: "1.0.0" }), ...source(name, "1.0.0", { packages: members }) });
  const wanted = names.map((member) => ({ name: member, constraint: "^1", registry: "npm" }));
  await registry.publish(name, "1.0.0", archive, { packwright: { v: 1, dependencies: [], packages: wanted } });
}

/** A project with a lockfile, and how its packages come to be there. */
function contender(name, directory, installed, command) {
  return {
    name,
    empty: () => rmSync(join(directory, installed), { recursive: true, force: true }),
    forget: () => rmSync(join(directory, "cache"), { recursive: true, force: true }),
    install: () => run(command[0], command.slice(1), { cwd: directory, env: environment(directory) }),
    count: () => readdirSync(join(directory, installed), { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()).length,
  };
}

/** Nobody's own settings count. */
function environment(directory) {
  const own = { HOME: directory, XDG_CONFIG_HOME: directory, PACKWRIGHT_CACHE: join(directory, "cache"), npm_config_cache: join(directory, "cache") };
  return { ...process.env, ...own, npm_config_userconfig: join(directory, ".npmrc"), npm_config_update_notifier: "false" };
}

async function ours(registry) {
  const directory = mkdtempSync(join(scratch, "packwright-"));
  const command = [process.execPath, cli, "install", "--registry", `npm=${registry.location}`];
  await run(command[0], [...command.slice(1), "everything"], { cwd: directory, env: environment(directory) });
  return contender("packwright install", directory, ".packwright", [...command, "--locked"]);
}

async function npms(registry, names) {
  const directory = mkdtempSync(join(scratch, "npm-"));
  const dependencies = Object.fromEntries(names.map((name) => [name, "^1.0.0"]));
  writeFileSync(join(directory, "package.json"), JSON.stringify({ name: "bench", version: "1.0.0", private: true, dependencies }));
  const options = ["--registry", registry.url, "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
  await run("npm", ["install", "--package-lock-only", ...options], { cwd: directory, env: environment(directory) });
  return contender("npm ci", directory, "node_modules", ["npm", "ci", ...options]);
}

/** The middle of what each takes, in milliseconds. */
async function measured(contenders, cache, registry) {
  const times = contenders.map(() => []);
  // The first round only fills the caches.
  for (let round = 0; round <= rounds; round += 1) {
    for (const [at, contender] of contenders.entries()) {
      contender.empty();
      if (cache === "cold") contender.forget();
      registry.forget();
      const started = performance.now();
      await contender.install();
      if (round > 0) times[at].push(performance.now() - started);
      const tarballs = registry.requests.filter(({ path }) => path.endsWith(".tgz")).length;
      if (contender.count() < packages * files) throw new Error(`${contender.name} installed ${contender.count()} files`);
      if (round > 0 && (cache === "cold") !== tarballs >= packages) throw new Error(`${contender.name} fetched ${tarballs} tarballs with a ${cache} cache`);
    }
  }
  return times.map((all) => all.sort((a, b) => a - b)[rounds >> 1]);
}
