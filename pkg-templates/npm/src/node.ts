/**
 * The host for Node: the file system below the given roots, and the global `fetch`. It follows no link below a root, overwrites nothing
 * except by `rename`, and knows nothing of what the files mean.
 */
import { constants, type Dirent, type Stats } from "node:fs";
import { type FileHandle, lstat, mkdir, open, readdir, rename, rmdir, stat, unlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fetchBytes } from "./fetch.js";
import { reason } from "./error.js";
import { failure, type Host } from "./host.js";
import type { HostErrorKind, EntryKind, Reply, Request } from "./protocol.js";

type FileRequest = Exclude<Request, { type: "fetch" }>;

/** A host on the real file system. Roots are directories; relative ones are taken from the working directory. */
export function nodeHost(): Host {
  return {
    capabilities: { rename: true, modes: process.platform !== "win32" },
    async perform(request, { roots, signal }) {
      if (request.type === "fetch") return fetchBytes(request, signal);
      const root = roots.get(request.root);
      if (root === undefined) return failure("unsupported", `no directory was given for ${request.root}`);
      return onDisk(request, root);
    },
  };
}

async function onDisk(request: FileRequest, root: string): Promise<Reply> {
  try {
    return await carryOut(request, root);
  } catch (thrown) {
    if (thrown instanceof LinkInTheWay) return failure("permission", thrown.message);
    return failure(errorKind(thrown), reason(thrown).replace(/^E[A-Z]+: /, ""));
  }
}

async function carryOut(request: FileRequest, root: string): Promise<Reply> {
  if (request.type === "rename") {
    await rename(await place(root, request.from), await place(root, request.to));
    return { type: "done" };
  }
  const path = await place(root, request.path);
  switch (request.type) {
    case "read":
      return read(path, request.maxBytes);
    case "list":
      return { type: "entries", entries: (await readdir(path, { withFileTypes: true })).map(entry) };
    case "stat":
      return describe(path, request.path === "");
    case "make-directory":
      if (request.path === "") await mkdir(dirname(path), { recursive: true });
      await mkdir(path);
      return { type: "done" };
    case "create":
      await create(path, request.content, Number.parseInt(request.mode, 8));
      return { type: "done" };
    case "remove":
      await ((await lstat(path)).isDirectory() ? rmdir(path) : unlink(path));
      return { type: "done" };
  }
}

class LinkInTheWay extends Error {}

/** The absolute path of `path` below `root`, once no directory in between is a link. The root itself may be one: its user named it. */
async function place(root: string, path: string): Promise<string> {
  const parents = path.split("/").slice(0, -1);
  let directory = root;
  for (const parent of parents) {
    directory = join(directory, parent);
    const found = await lstat(directory).catch(absent);
    if (found === undefined) break;
    if (found.isSymbolicLink()) {
      throw new LinkInTheWay(`${directory} is a link; files are neither read nor written through links inside a directory`);
    }
  }
  return join(root, path);
}

async function read(path: string, limit: number): Promise<Reply> {
  // Without blocking, or opening a pipe would wait for its writer. Windows has neither flag.
  const flags = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);
  const file = await open(path, flags);
  try {
    const found = await file.stat();
    if (!found.isFile()) return failure("other", `${path} is not a file`);
    if (found.size > limit) return failure("too-large", `${path} has more than ${limit} bytes`);
    const bytes = await readUpTo(file, found.size);
    return { type: "bytes", bytes };
  } finally {
    await file.close();
  }
}

// The size was just looked at; a file that grows meanwhile is read as it was, one that shrinks as it is.
async function readUpTo(file: FileHandle, size: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(size);
  let length = 0;
  while (length < size) {
    const { bytesRead } = await file.read(bytes, length, size - length, length);
    if (bytesRead === 0) break;
    length += bytesRead;
  }
  return bytes.subarray(0, length);
}

async function describe(path: string, root: boolean): Promise<Reply> {
  const found = await (root ? stat(path) : lstat(path)).catch(absent);
  if (found === undefined) return { type: "stat", kind: "absent", size: 0, executable: false };
  return { type: "stat", kind: kind(found), size: found.size, executable: (found.mode & 0o111) !== 0 };
}

async function create(path: string, content: Uint8Array, mode: number): Promise<void> {
  const file = await open(path, "wx", mode);
  try {
    await file.writeFile(content);
  } catch (thrown) {
    // Half a file is worse than none; why the writing failed is what matters, not whether this works.
    await unlink(path).catch(() => undefined);
    throw thrown;
  } finally {
    await file.close();
  }
}

function entry(found: Dirent): { name: string; kind: EntryKind } {
  return { name: found.name, kind: kind(found) };
}

function kind(found: Dirent | Stats): EntryKind {
  if (found.isFile()) return "file";
  if (found.isDirectory()) return "directory";
  return found.isSymbolicLink() ? "link" : "other";
}

const KINDS: { readonly [code: string]: HostErrorKind } = {
  ENOENT: "not-found",
  ENOTDIR: "not-found",
  EEXIST: "exists",
  ENOTEMPTY: "exists",
  EACCES: "permission",
  EPERM: "permission",
  ELOOP: "permission",
  ENOSPC: "no-space",
  EDQUOT: "no-space",
  EROFS: "read-only",
  EFBIG: "too-large",
};

function errorKind(thrown: unknown): HostErrorKind {
  return KINDS[errorCode(thrown)] ?? "other";
}

function errorCode(thrown: unknown): string {
  return thrown instanceof Error && "code" in thrown ? String(thrown.code) : "";
}

function absent(thrown: unknown): undefined {
  if (errorKind(thrown) !== "not-found") throw thrown;
}
