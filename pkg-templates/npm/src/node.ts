/**
 * The host for Node: the file system below the given roots, the global `fetch`, and a cache on disk. It follows no link below a root,
 * overwrites nothing except by `rename`, and knows nothing of what the files mean.
 *
 * Files are read and written synchronously: they are small and written one after the other, and the trip through Node's thread pool takes
 * as long as the operation itself. A project of 500 files is done in three quarters of the time.
 */
import * as fs from "node:fs";
import { dirname, join } from "node:path";
import { asksCache, type ByteCache, type CacheRequest, onCache } from "./cache.js";
import { fetchBytes } from "./fetch.js";
import { reason } from "./error.js";
import { type Context, failure, type Host, type HostRequest } from "./host.js";
import type { Locks } from "./lock.node.js";
import type { EntryKind, HostErrorKind, Reply } from "./protocol.js";

type FileRequest = Exclude<HostRequest, { type: "fetch" } | CacheRequest>;

/** For how long files are worked on before timers, signals and servers get their turn. Milliseconds. */
const STRETCH = 25;

/**
 * A host on the real file system. Roots are directories; relative ones are taken from the working directory. `cacheDirectory` need not
 * exist; without it there is no cache.
 */
export function nodeHost(cacheDirectory?: string): Host {
  const cache = cacheDirectory === undefined ? undefined : onDemand(cacheDirectory);
  const turns = new Turns();
  return {
    capabilities: {
      ...{ rename: true, modes: process.platform !== "win32", lock: true, sync: true, space: true, run: true },
      ...{ cache: cache !== undefined, redirects: true, httpCache: false },
    },
    async perform(request, context) {
      if (request.type === "fetch") return fetchBytes(request, "manual", context);
      if (asksCache(request)) return onCache(cache, request);
      const root = context.roots.get(request.root);
      if (root === undefined) return failure("unsupported", `no directory was given for ${request.root}`);
      while (turns.overdue()) await turns.pass();
      return onDisk(request, root, context);
    },
  };
}

/** A cache that is loaded when it is used: projects from directories need none. */
function onDemand(directory: string): ByteCache {
  const disk = async (): Promise<ByteCache> => new (await import("./cache.node.js")).DiskCache(directory);
  return {
    read: async (key, maxBytes) => (await disk()).read(key, maxBytes),
    write: async (key, kept) => (await disk()).write(key, kept),
  };
}

/** When the event loop last turned, and how to let it. */
class Turns {
  #last = performance.now();
  #passing: Promise<void> | undefined;

  overdue(): boolean {
    return performance.now() - this.#last > STRETCH;
  }

  pass(): Promise<void> {
    this.#passing ??= new Promise<void>((resolve) => setImmediate(resolve)).then(() => {
      this.#last = performance.now();
      this.#passing = undefined;
    });
    return this.#passing;
  }
}

async function onDisk(request: FileRequest, root: string, context: Context): Promise<Reply> {
  try {
    return await carryOut(request, root, context);
  } catch (thrown) {
    if (thrown instanceof LinkInTheWay) return failure("permission", thrown.message);
    const kind = errorKind(request, thrown);
    if (request.type === "stat" && kind === "not-found") return { type: "stat", kind: "absent", size: 0, executable: false };
    return failure(kind, reason(thrown));
  }
}

function carryOut(request: FileRequest, root: string, context: Context): Reply | Promise<Reply> {
  if (request.type === "rename") {
    fs.renameSync(place(root, request.from), place(root, request.to));
    return { type: "done" };
  }
  if (request.type === "space") return space(root);
  const path = place(root, request.path);
  switch (request.type) {
    case "read":
      return read(path, request.maxBytes);
    case "list":
      return { type: "entries", entries: fs.readdirSync(path, { withFileTypes: true }).map(entry) };
    case "stat":
      return describe(path, request.path === "");
    case "make-directory":
      return makeDirectory(path, request.path === "");
    case "create":
      return create(path, request.content, Number.parseInt(request.mode, 8), request.like === null ? undefined : place(root, request.like));
    case "remove":
      if (fs.lstatSync(path).isDirectory()) fs.rmdirSync(path);
      else fs.unlinkSync(path);
      return { type: "done" };
    case "sync":
      return sync(path, request.path === "");
    case "lock":
      return lock(root, request.path, context);
    case "unlock":
      return unlock(path, context);
    case "run":
      return run(request.command, within(root, request.path), context);
  }
}

class LinkInTheWay extends Error {}

/** The absolute path of `path` below `root`, once no directory in between is a link. The root itself may be one: its user named it. */
function place(root: string, path: string): string {
  let directory = root;
  for (const parent of path.split("/").slice(0, -1)) {
    directory = join(directory, parent);
    if (fs.lstatSync(directory, { throwIfNoEntry: false })?.isSymbolicLink()) {
      throw new LinkInTheWay(`${directory} is a link; files are neither read nor written through links inside a directory`);
    }
  }
  return join(root, path);
}

/** The absolute path of a directory below `root`, once neither it nor one in between is a link. */
function within(root: string, path: string): string {
  return dirname(place(root, path === "" ? "inside" : `${path}/inside`));
}

function read(path: string, limit: number): Reply {
  // Without blocking, or opening a pipe would wait for its writer. Windows has neither flag.
  const file = fs.openSync(path, fs.constants.O_RDONLY | (fs.constants.O_NOFOLLOW ?? 0) | (fs.constants.O_NONBLOCK ?? 0));
  try {
    const found = fs.fstatSync(file);
    if (!found.isFile()) return failure("other", `${path} is not a file`);
    if (found.size > limit) return failure("too-large", `${path} has more than ${limit} bytes`);
    return { type: "bytes", bytes: fs.readFileSync(file) };
  } finally {
    fs.closeSync(file);
  }
}

function describe(path: string, root: boolean): Reply {
  const found = root ? fs.statSync(path) : fs.lstatSync(path);
  return { type: "stat", kind: kind(found), size: found.size, executable: (found.mode & 0o111) !== 0 };
}

function makeDirectory(path: string, root: boolean): Reply {
  if (root) makeParents(path);
  fs.mkdirSync(path);
  return { type: "done" };
}

/** What the user named may lack parents. Node's own recursion never ends where a file system refuses with ENOENT, as /proc does. */
function makeParents(path: string): void {
  const parent = dirname(path);
  if (parent === path || fs.existsSync(parent)) return;
  makeParents(parent);
  fs.mkdirSync(parent);
}

function create(path: string, content: Uint8Array, mode: number, like: string | undefined): Reply {
  const same = like === undefined ? undefined : permissions(like, mode);
  const file = fs.openSync(path, "wx", same ?? mode);
  try {
    if (same !== undefined) allow(file, same);
    fs.writeFileSync(file, content);
    return { type: "done" };
  } catch (thrown) {
    // Half a file is worse than none; why the writing failed is what matters, not whether this works.
    fs.rmSync(path, { force: true });
    throw thrown;
  } finally {
    fs.closeSync(file);
  }
}

/** Allows what the mask of new files left out. A file system that knows no modes may refuse, and then nothing is more open than it was. */
function allow(file: number, mode: number): void {
  try {
    fs.fchmodSync(file, mode);
  } catch (thrown) {
    if (!["EPERM", "ENOTSUP", "ENOSYS"].includes((thrown as NodeJS.ErrnoException).code ?? "")) throw thrown;
  }
}

/** What a file allows whom, with leave to execute it for those who may read it if `mode` has that. */
function permissions(like: string, mode: number): number | undefined {
  const there = fs.lstatSync(like, { throwIfNoEntry: false });
  if (!there?.isFile()) return undefined;
  const readers = there.mode & 0o444;
  return (there.mode & 0o666) | (mode & 0o100 ? readers >> 2 : 0);
}

async function sync(path: string, root: boolean): Promise<Reply> {
  const directory = root || fs.lstatSync(path).isDirectory();
  // There is no such thing on Windows, whose file system keeps a journal of its own; nor will it sync a file that is open for reading only.
  if (directory && process.platform === "win32") return { type: "done" };
  const reading = fs.constants.O_RDONLY | (root ? 0 : fs.constants.O_NOFOLLOW);
  const handle = await fs.promises.open(path, process.platform === "win32" ? fs.constants.O_RDWR : reading);
  try {
    await handle.sync();
  } catch (thrown) {
    // Some network file systems cannot do it for directories, which are then as safe as they get there.
    if (!directory || codeOf(thrown) !== "EINVAL") throw thrown;
  } finally {
    await handle.close();
  }
  return { type: "done" };
}

function space(root: string): Reply {
  const { bavail, bsize, blocks } = fs.statfsSync(root);
  // Some file systems in user space do not say.
  if (blocks === 0) return failure("unsupported", `the file system of ${root} does not say how much room it has`);
  return { type: "space", bytes: Math.min(bavail * bsize, Number.MAX_SAFE_INTEGER) };
}

/** Which sessions have locked what; loaded when it is used, as is what runs commands. */
let locks: Promise<Locks> | undefined;

function loadedLocks(): Promise<Locks> {
  locks ??= import("./lock.node.js").then(({ Locks }) => new Locks());
  return locks;
}

async function lock(root: string, path: string, context: Context): Promise<Reply> {
  const directory = within(root, path);
  const holder = await (await loadedLocks()).lock(directory, context, () => makeParents(join(directory, "ticket")));
  return holder === undefined ? { type: "done" } : failure("locked", holder);
}

async function unlock(directory: string, context: Context): Promise<Reply> {
  (await loadedLocks()).unlock(directory, context);
  return { type: "done" };
}

async function run(command: string, directory: string, context: Context): Promise<Reply> {
  const { run: execute } = await import("./run.node.js");
  return { type: "ran", code: await execute(command, directory, context) };
}

function entry(found: fs.Dirent): { name: string; kind: EntryKind } {
  return { name: found.name, kind: kind(found) };
}

function kind(found: fs.Dirent | fs.Stats): EntryKind {
  if (found.isFile()) return "file";
  if (found.isDirectory()) return "directory";
  return found.isSymbolicLink() ? "link" : "other";
}

const KINDS: { readonly [code: string]: HostErrorKind } = {
  EEXIST: "exists",
  ENOTEMPTY: "exists",
  EACCES: "permission",
  EPERM: "permission",
  ELOOP: "permission",
  ENOSPC: "no-space",
  EDQUOT: "no-space",
  EROFS: "read-only",
};

/** What the core is to make of an error of the system. */
function errorKind({ type }: FileRequest, thrown: unknown): HostErrorKind {
  const code = codeOf(thrown);
  // To look where nothing is, or below a file, is an answer like any other; to write there is not.
  const looks = type === "read" || type === "list" || type === "stat";
  if (looks && (code === "ENOENT" || code === "ENOTDIR")) return "not-found";
  return KINDS[code] ?? "other";
}

function codeOf(thrown: unknown): string {
  return thrown instanceof Error && "code" in thrown ? String(thrown.code) : "";
}
