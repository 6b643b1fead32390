// The packed package, installed as its users would: once for all test files, in a directory that the next build replaces.
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);

const HOUR = 60 * 60 * 1000;

export const root = fileURLToPath(new URL("../..", import.meta.url));
export const packs = join(root, "tests/cases/packs");
/** Makes what is generated the same to the byte every time. */
export const timestamp = "2026-11-22T14:51:00Z";

export const tarball = process.env.PACKWRIGHT_TARBALL;
if (tarball === undefined) throw new Error("PACKWRIGHT_TARBALL names no tarball; run these tests with `npm test -- package`");

/** A project directory with the package installed from its tarball. */
export const project = await install();
export const cli = join(project, "node_modules/.bin/packwright");

async function install() {
  const digest = createHash("sha256").update(readFileSync(tarball)).digest("hex").slice(0, 12);
  const parent = join(tmpdir(), "packwright-installed");
  const directory = join(parent, digest);
  if (existsSync(directory)) return directory;
  mkdirSync(parent, { recursive: true });
  const fresh = mkdtempSync(`${directory}-`);
  // Tests run it as other users too.
  chmodSync(fresh, 0o755);
  writeFileSync(join(fresh, "package.json"), JSON.stringify({ name: "consumer", private: true, type: "module" }));
  await run("npm", ["install", "--prefer-offline", "--no-audit", "--no-fund", "--loglevel=error", resolve(tarball)], { cwd: fresh });
  // Another test file may have been faster; its directory is as good.
  if (existsSync(directory)) rmSync(fresh, { recursive: true });
  else renameSync(fresh, directory);
  // Those of former builds; another checkout may be testing its own right now.
  for (const name of readdirSync(parent)) {
    const age = Date.now() - (statSync(join(parent, name), { throwIfNoEntry: false })?.mtimeMs ?? 0);
    if (!name.startsWith(digest) && age > HOUR) rmSync(join(parent, name), { recursive: true, force: true });
  }
  return directory;
}

const scratches = [];
process.on("exit", () => scratches.forEach((directory) => rmSync(directory, { recursive: true, force: true })));

/** A new empty directory, removed when the tests are over. */
export function scratch(name = "test") {
  const directory = mkdtempSync(join(tmpdir(), `packwright-${name}-`));
  scratches.push(directory);
  return directory;
}

// Whoever runs the tests has a cache and a configuration that must neither matter nor change.
process.env.PACKWRIGHT_CACHE = scratch("cache");
process.env.XDG_CONFIG_HOME = scratch("config");
process.env.npm_config_userconfig = join(process.env.XDG_CONFIG_HOME, "npmrc");
delete process.env.PACKWRIGHT_CONFIG;
delete process.env.PACKWRIGHT_TOKENS;

/** Where a project or a pack keeps what `undo` needs. */
const wayBack = /(^|[/\\])\.packwright[/\\]undo[/\\]/;

/** Every file below a directory by its path in it, but for the way back that each write leaves. */
export function filesOf(directory) {
  const found = readdirSync(directory, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const files = found.map((entry) => join(entry.parentPath ?? entry.path, entry.name).slice(directory.length + 1));
  return new Map(files.filter((path) => !wayBack.test(path)).map((path) => [path, readFileSync(join(directory, path))]).sort(byPath));
}

/** One digest over all files of a map of paths to bytes. */
export function digestOf(files) {
  const hash = createHash("sha256");
  for (const [path, content] of [...files].sort(byPath)) hash.update(`${path}\0${content.length}\0`).update(content);
  return hash.digest("hex");
}

function byPath([one], [other]) {
  return one < other ? -1 : 1;
}

/** Runs the command line; never rejects. `colour` and the like come in through `env`. */
export function packwright(args, { cwd, env = {}, signal } = {}) {
  return new Promise((done) => {
    const options = { cwd: cwd ?? project, env: { ...process.env, PACKWRIGHT_REGISTRY: "", NO_COLOR: "", ...env }, signal };
    execFile(cli, args, options, (error, stdout, stderr) => done({ code: error?.code ?? 0, signal: error?.signal, stdout, stderr }));
  });
}

/** Compares with a file in golden/, or writes it when UPDATE_GOLDEN is set. */
export function golden(assert, name, text) {
  const path = join(root, "tests/package/golden", `${name}.txt`);
  if (process.env.UPDATE_GOLDEN) {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }
  assert.equal(text, readFileSync(path, "utf8"), `${name} differs from ${path}; UPDATE_GOLDEN=1 rewrites it`);
}
