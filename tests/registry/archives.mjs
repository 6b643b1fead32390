// Packs for the tests, made from text: sources on disk, archives as a server may send them, and static indexes of any size.
import { createHash } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";

/** The text of a `pack.toml`. `files` are the templates, by the path they have in the project. */
function manifest(name, version, { description = `The pack ${name}`, dependencies = {}, packages = {}, files = {}, more = "" } = {}) {
  const table = (title, entries) => [`[${title}]`, ...Object.entries(entries).map(([key, value]) => `"${key}" = ${inline(value)}`)];
  const templates = Object.keys(files).flatMap((path, i) => ["[[templates]]", `name = "file-${i}"`, `source = "templates/${path}"`, `output = "${path}"`]);
  const pack = ["[pack]", `name = "${name}"`, `version = "${version}"`, `description = "${description}"`, 'category = "library"', 'license = "MIT"'];
  return [...pack, ...table("dependencies", dependencies), ...table("packages", packages), ...templates, more, ""].join("\n");
}

function inline(value) {
  if (typeof value !== "object") return JSON.stringify(value);
  return `{ ${Object.entries(value).map(([key, inner]) => `${key} = ${JSON.stringify(inner)}`).join(", ")} }`;
}

/** Every file of a pack's source, by path. What it makes says which version it is of, unless `files` says otherwise. */
export function source(name, version, { files = { [`${name.replace("/", "-")}.txt`]: `${name} ${version}\n` }, ...rest } = {}) {
  const templates = Object.entries(files).map(([path, content]) => [`templates/${path}`, content]);
  return Object.fromEntries([["pack.toml", manifest(name, version, { files, ...rest })], ...templates]);
}

/** Writes files below a directory, and gives the directory. */
export function write(directory, files) {
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, path)), { recursive: true });
    writeFileSync(join(directory, path), content);
  }
  return directory;
}

/** Writes sources of several packs as `NAME/VERSION/…`; `packs` is rows of `[name, version, options]`. */
export function sources(directory, packs) {
  for (const [name, version, options] of packs) write(join(directory, name, version), source(name, version, options));
  return directory;
}

/** A gzipped tar of files by path. */
export function archive(files) {
  return gzip(tar(Object.entries(files).map(([path, content]) => ({ path, content }))));
}

/** The same, with the directory before each path that npm wants. */
export function npmArchive(files) {
  return archive(Object.fromEntries(Object.entries(files).map(([path, content]) => [`package/${path}`, content])));
}

/** A gzip member without a time, so that the same bytes come out every time. */
function gzip(bytes) {
  return gzipSync(bytes, { level: 9 });
}

const blocks = (length) => Math.ceil(length / 512) * 512;

/** A tar of entries `{path, content, type, link, mode, size}`: of any type ("0" a file, "2" a symbolic link, "x" PAX, …). */
function tar(entries, { end = 1024 } = {}) {
  const parts = entries.flatMap(({ path, content = "", type = "0", link = "", mode = 0o644, size }) => {
    const body = Buffer.from(content);
    const header = Buffer.alloc(512);
    const octal = (value, at, length) => header.write(`${value.toString(8).padStart(length - 1, "0")}\0`, at);
    header.write(path, 0, 100);
    octal(mode, 100, 8);
    octal(0, 108, 8);
    octal(0, 116, 8);
    octal(size ?? body.length, 124, 12);
    octal(0, 136, 12);
    header.write("        ", 148);
    header.write(type, 156);
    header.write(link, 157, 100);
    header.write("ustar\u000000", 257);
    const sum = header.reduce((all, byte) => all + byte, 0);
    header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
    return [header, body, Buffer.alloc(blocks(body.length) - body.length)];
  });
  return Buffer.concat([...parts, Buffer.alloc(end)]);
}

/** Archives that must be refused, by what is wrong with them; each would be the pack `files` if it were not for that. */
export function hostile(files) {
  const good = Object.entries(files).map(([path, content]) => ({ path, content }));
  const and = (...more) => gzip(tar([...good, ...more]));
  return {
    "a symbolic link": and({ path: "link", type: "2", link: "/etc/passwd" }),
    "a hard link": and({ path: "link", type: "1", link: "pack.toml" }),
    "a way out": and({ path: "../evil.txt", content: "evil" }),
    "an absolute path": and({ path: "/tmp/evil.txt", content: "evil" }),
    "a backslash": and({ path: "..\\evil.txt", content: "evil" }),
    "a device name": and({ path: "aux.txt", content: "evil" }),
    "the same path twice": and({ path: "pack.toml", content: "evil" }),
    "paths that differ in case only": and({ path: "PACK.toml", content: "evil" }),
    "a PAX header": gzip(tar([{ path: "pax", type: "x", content: "20 path=elsewhere.x\n" }, ...good])),
    "a device": and({ path: "null", type: "3" }),
    "a fifo": and({ path: "pipe", type: "6" }),
    "something in .git": and({ path: ".git/hooks/post-checkout", content: "evil", mode: 0o755 }),
    "two gzip members": Buffer.concat([and(), gzip(tar([{ path: "evil.txt", content: "evil" }]))]),
    "bytes behind the gzip": Buffer.concat([and(), Buffer.from("evil")]),
    "an entry behind the end": gzip(Buffer.concat([tar(good), tar([{ path: "evil.txt", content: "evil" }])])),
    "no end": gzip(tar(good, { end: 0 })),
    "a size that is not there": gzip(tar([...good, { path: "big.txt", content: "x", size: 1 << 20 }])),
    "half a gzip": and().subarray(0, 100),
    "a bomb": gzip(tar([...good, { path: "zeroes", content: Buffer.alloc(24 << 20) }])),
    "no manifest": gzip(tar([{ path: "readme.txt", content: "nothing" }])),
    "no gzip": tar(good),
    "nothing": Buffer.alloc(0),
  };
}

/** Its digest as subresource integrity. */
export function integrity(bytes, algorithm = "sha256") {
  return `${algorithm}-${createHash(algorithm).update(bytes).digest("base64")}`;
}

/** The line of a version in a static index. */
export function line(name, version, bytes, more = {}) {
  return `${JSON.stringify({ v: 1, name, version, dependencies: [], packages: [], integrity: integrity(bytes), size: bytes.length, yanked: false, ...more })}\n`;
}

/** Where a static index says that archives lie. */
export function archivePath(name, version, bytes) {
  return `archives/${name}/${version}/${createHash("sha256").update(bytes).digest("hex")}.tgz`;
}

/**
 * The files of a static index with these packs, by path; `packs` is rows of `[name, version, options]`, the highest version of a name last.
 * It is written here and not built, so that it can be large, and can be wrong.
 */
export function index(packs) {
  const found = new Map([["config.json", `${JSON.stringify({ v: 1, archives: "archives/{name}/{version}/{digest}.tgz", auth: false })}\n`]]);
  const summaries = new Map();
  for (const [name, version, options = {}] of packs) {
    const bytes = archive(source(name, version, options));
    const { dependencies = {}, line: more = {} } = options;
    const needs = Object.entries(dependencies).map(([needed, constraint]) => ({ name: needed, constraint, optional: false }));
    found.set(`index/${name}.jsonl`, `${found.get(`index/${name}.jsonl`) ?? ""}${line(name, version, bytes, { dependencies: needs, ...more })}`);
    found.set(archivePath(name, version, bytes), bytes);
    summaries.set(name, { name, version, description: `The pack ${name}`, category: "library", license: "MIT", tags: [] });
  }
  found.set("catalog.json", `${JSON.stringify({ v: 1, packs: [...summaries.values()].sort((a, b) => (a.name < b.name ? -1 : 1)) })}\n`);
  return found;
}
