// Registries to install from: pack sources made from a few words, and servers that give them away slowly.
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { scratch } from "./installed.mjs";

/**
 * A directory of pack sources.
 *
 * `packs` maps names to `{ version, dependencies, packages, hooks, size }`: dependencies and packages as in pack.toml, `hooks` the commands
 * to run after installing, `size` the bytes of its one file, which do not compress well.
 */
export function depot(packs) {
  const directory = scratch("depot");
  for (const [name, pack] of Object.entries(packs)) write(join(directory, name), manifest(name, pack), content(name, pack.size ?? 100));
  return directory;
}

/**
 * A directory of pack sources with templates: `packs` maps names to `{ version, toml, files }`, where `toml` is what follows `[pack]` and
 * `files` maps paths in the pack to texts.
 */
export function sources(packs) {
  const directory = scratch("sources");
  for (const [name, { version = "1.0.0", toml, files }] of Object.entries(packs)) {
    const head = `[pack]\nname = "${name}"\nversion = "${version}"\ndescription = "The pack ${name}"\n`;
    for (const [path, text] of [["pack.toml", head + toml], ...Object.entries(files)]) {
      const place = join(directory, name, path);
      mkdirSync(dirname(place), { recursive: true });
      writeFileSync(place, text);
    }
  }
  return directory;
}

/** The table of a template that reads the file of its name and writes `output`. */
export function template(name, output = name, more = "") {
  return `[[templates]]\nname = "${name}"\nsource = "${name}"\noutput = "${output}"\n${more}`;
}

/** Packs that depend on each other in a line: `pack-1` on nothing, `pack-2` on `pack-1` and so on. */
export function line(count, size) {
  const number = (at) => `pack-${at}`;
  const packs = Array.from({ length: count }, (_, at) => [number(at + 1), { size, dependencies: at === 0 ? {} : { [number(at)]: "^1" } }]);
  return Object.fromEntries(packs);
}

/** Replaces or adds a pack. */
export function put(directory, name, pack) {
  write(join(directory, name), manifest(name, pack), content(name, pack.size ?? 100));
}

function write(directory, toml, text) {
  for (const [path, body] of [["pack.toml", toml], ["templates/notes.txt", text]]) {
    mkdirSync(dirname(join(directory, path)), { recursive: true });
    writeFileSync(join(directory, path), body);
  }
}

function manifest(name, { version = "1.0.0", dependencies = {}, packages = {}, hooks = [] }) {
  const rows = (table) => Object.entries(table).map(([key, value]) => `${key} = ${value.startsWith("{") ? value : JSON.stringify(value)}`);
  return [
    "[pack]",
    "format = 1",
    ...[`name = "${name}"`, `version = "${version}"`, `description = "The pack ${name}"`, 'category = "other"', 'license = "MIT"'],
    "[dependencies]",
    ...rows(dependencies),
    "[packages]",
    ...rows(packages),
    "[[templates]]",
    ...['name = "notes"', 'source = "templates/notes.txt"', 'description = "Notes"', `output = "${name}.txt"`],
    "[hooks]",
    `post-install = ${JSON.stringify(hooks)}`,
    "",
  ].join("\n");
}

/** As good as random, and the same every time. */
function content(seed, size) {
  let state = [...seed].reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) >>> 0, 7);
  const letters = Array.from({ length: size }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return String.fromCharCode(33 + (state >>> 16) % 90);
  });
  return letters.join("");
}

/**
 * A listener that gives the files of an index, archives in `parts` parts with `pause` milliseconds between them. `sized` says whether it
 * tells beforehand how much there will be.
 */
export function slowly(index, { parts = 10, pause = 20, sized = true } = {}) {
  return async (request, response) => {
    const path = decodeURIComponent(new URL(request.url, "http://x").pathname).slice(1);
    const body = index.get(path);
    if (body === undefined) return response.writeHead(404).end();
    response.writeHead(200, sized ? { "content-length": body.length } : {});
    if (!path.endsWith(".tgz")) return response.end(body);
    const step = Math.ceil(body.length / parts);
    for (let at = 0; at < body.length && !response.destroyed; at += step) {
      response.write(body.subarray(at, at + step));
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
    return response.end();
  };
}
