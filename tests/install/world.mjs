// What the tests of installs share: packs and packages on a real npm registry, and a look at what an install left.
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, lstatSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { scratch } from "../package/installed.mjs";
import { npmArchive, source } from "../registry/archives.mjs";

/** The lockfile, what is installed and where: all that belongs to the owner of a project. */
const transient = /^\.packwright\/(lock\..*|staging(\/.*)?|journal\..*|finished)$/;

/** What takes the last write back. */
const wayBack = /^\.packwright\/undo(\/.*)?$/;

/**
 * Everything in a directory by path: what it is, and of files the digest. What belongs to a write that is under way is left out, and so are
 * the way back from the last one and the time that lockfiles record.
 */
export function treeOf(directory) {
  const names = existsSync(directory) ? readdirSync(directory, { recursive: true }) : [];
  const node = (path) => {
    const stat = lstatSync(join(directory, path));
    if (!stat.isFile()) return stat.isDirectory() ? "directory" : "something else";
    const content = readFileSync(join(directory, path), "latin1").replace(/^timestamp = .*\n/m, "");
    return `${stat.mode & 0o111 ? "program" : "file"} ${createHash("sha256").update(content, "latin1").digest("hex").slice(0, 16)}`;
  };
  return Object.fromEntries(names.sort().filter((path) => !transient.test(path) && !wayBack.test(path)).map((path) => [path, node(path)]));
}

/** What a write leaves only when it was cut off. */
export function leftOver(directory) {
  const state = join(directory, ".packwright");
  return existsSync(state) ? readdirSync(state).filter((name) => transient.test(`.packwright/${name}`)) : [];
}

export const hasJournal = (directory) => existsSync(join(directory, ".packwright/journal.json"));

/** Some files whose content tells what they belong to. */
function files(name, version, count) {
  const lines = (at) => `${name} ${version}, file ${at}\n`.repeat(1 + ((at * 37) % 60));
  return Object.fromEntries(Array.from({ length: count }, (_, at) => [at % 3 === 0 ? `lib/${at}.txt` : `file-${at}.txt`, lines(at)]));
}

/** Publishes a pack as `packwright publish` would. */
export async function publishPack(registry, name, version, { dependencies = {}, packages = {}, ...options } = {}) {
  const edges = (table) => Object.entries(table);
  const archive = npmArchive({
    "package.json": JSON.stringify({ name, version }),
    ...source(name, version, { dependencies, packages: Object.fromEntries(edges(packages).map(([key, constraint]) => [key, { version: constraint, registry: "npm" }])), ...options }),
  });
  const field = {
    v: 1,
    dependencies: edges(dependencies).map(([needed, constraint]) => ({ name: needed, constraint })),
    packages: edges(packages).map(([needed, constraint]) => ({ name: needed, constraint, registry: "npm" })),
  };
  await registry.publish(name, version, archive, { packwright: field });
}

/** Publishes a plain package. */
export async function publishPackage(registry, name, version, count = 8) {
  await registry.publish(name, version, npmArchive({ "package.json": JSON.stringify({ name, version }), ...files(name, version, count) }));
}

/**
 * Publishes `app`, which needs nine more packs in levels and twenty packages, all of them in two versions: the first as `app@1`, the second
 * as `app@2`.
 */
export async function publishThirty(registry) {
  const [packs, packages] = [Array.from({ length: 9 }, (_, at) => `pack-${at}`), Array.from({ length: 20 }, (_, at) => (at % 4 === 0 ? `@pad/package-${at}` : `package-${at}`))];
  for (const major of [1, 2]) {
    const version = `${major}.0.0`;
    for (const name of packages) await publishPackage(registry, name, version);
    for (const [at, name] of packs.entries()) {
      const dependencies = at < 3 ? {} : { [packs[at - 3]]: `^${major}` };
      const wanted = packages.filter((_, which) => which % 9 === at);
      await publishPack(registry, name, version, { dependencies, packages: table(wanted, major), files: files(name, version, 6) });
    }
    const rest = packages.filter((_, which) => which % 9 >= packs.length);
    await publishPack(registry, "app", version, { dependencies: table(packs, major), packages: table(rest, major), files: files("app", version, 6) });
  }
}

function table(names, major) {
  return Object.fromEntries(names.map((name) => [name, `^${major}`]));
}

/** The same numbers from the same seed (Lehmer). */
export function random(seed) {
  let state = seed % 2_147_483_647 || 1;
  return (below) => {
    state = (state * 48_271) % 2_147_483_647;
    return state % below;
  };
}

/** A file system in memory that is as small as `options` say and gone after the test, or why there can be none. */
export const noMount = (() => {
  if (process.platform !== "linux") return "mounts are made with Linux's `mount`";
  const directory = scratch("mount");
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=64k", "tmpfs", directory], { stdio: "pipe" });
    execFileSync("umount", [directory], { stdio: "pipe" });
    return false;
  } catch (error) {
    return `nothing may be mounted here: ${String(error.stderr ?? error).trim()}`;
  }
})();

export function mounted(context, options) {
  const directory = scratch("mount");
  execFileSync("mount", ["-t", "tmpfs", "-o", options, "tmpfs", directory]);
  context.after(() => execFileSync("umount", [directory]));
  return { directory, remount: (how) => execFileSync("mount", ["-o", `remount,${how}`, directory]) };
}
