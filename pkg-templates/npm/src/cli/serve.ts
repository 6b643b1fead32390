/**
 * `registry serve`: a static index over HTTP on this machine alone, from its files or made in memory from pack sources. For trying a
 * registry out as others will see it; any file host serves one for good.
 */
import { createHash } from "node:crypto";
import { existsSync, readFileSync, realpathSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join, sep } from "node:path";
import { diagnostic, PackwrightError, reason } from "../error.js";
import { open } from "../index.node.js";
import { numberOf, type Run } from "./run.js";

/** The content of a file by its path in the index; nothing if there is none. */
type Lookup = (path: string) => Uint8Array | undefined;

/** Pages of any origin may read an index. Caches ask each time whether it has changed. */
const ALWAYS = {
  "access-control-allow-origin": "*",
  "access-control-expose-headers": "etag",
  "cache-control": "no-cache",
  "x-content-type-options": "nosniff",
};

const PREFLIGHT = {
  "access-control-allow-methods": "GET, HEAD",
  "access-control-allow-headers": "*, authorization",
  "access-control-max-age": "600",
};

const TYPES: Readonly<Record<string, string>> = {
  ".json": "application/json",
  ".jsonl": "application/x-ndjson",
  ".tgz": "application/gzip",
};

export async function serveRegistry({ operands: [directory = ""], flags, terminal, signal }: Run): Promise<void> {
  const port = numberOf("port", flags.port ?? "0", "a port", 65_535);
  const index = existsSync(join(directory, "config.json")) ? below(directory) : await made(directory, signal);
  const server = createServer((request, response) => answer(index, request, response));
  const url = `http://127.0.0.1:${await listening(server, port)}/`;
  terminal.result({ directory, url, flag: `--registry ${url}` }, () => [
    `Serving ${directory} at ${url} until Ctrl-C`,
    `Use it with --registry ${url}`,
  ]);
  await aborted(signal);
  server.close();
  server.closeAllConnections();
}

async function made(directory: string, signal: AbortSignal): Promise<Lookup> {
  const files = await (await open()).buildRegistry(directory, { signal });
  return (path) => files.get(path);
}

/** The files of a directory, of which none may lead out of it. */
function below(directory: string): Lookup {
  const root = realpathSync(directory);
  return (path) => {
    if (path.split("/").some((name) => /^\.{0,2}$|[\\:\0]/.test(name))) return undefined;
    try {
      const place = realpathSync(join(root, path));
      return place.startsWith(root + sep) ? readFileSync(place) : undefined;
    } catch {
      // What cannot be read is not served; a directory is no file.
      return undefined;
    }
  };
}

function answer(index: Lookup, request: IncomingMessage, response: ServerResponse): void {
  const say = (status: number, headers: Readonly<Record<string, string>> = {}, body?: Uint8Array): void => {
    response.writeHead(status, { ...ALWAYS, ...headers }).end(body);
  };
  if (request.method === "OPTIONS") return say(204, PREFLIGHT);
  if (request.method !== "GET" && request.method !== "HEAD") return say(405, { allow: "GET, HEAD" });
  const path = pathOf(request.url ?? "/");
  const content = path === undefined ? undefined : index(path);
  if (path === undefined || content === undefined) return say(404);
  const etag = `"${createHash("sha256").update(content).digest("base64url")}"`;
  if (request.headers["if-none-match"]?.includes(etag)) return say(304, { etag });
  const type = TYPES[extname(path)] ?? "application/octet-stream";
  say(200, { etag, "content-type": type, "content-length": String(content.length) }, request.method === "HEAD" ? undefined : content);
}

function pathOf(address: string): string | undefined {
  try {
    return decodeURIComponent(new URL(address, "http://localhost").pathname).slice(1);
  } catch {
    return undefined;
  }
}

/** The port, once the server listens on it, for this machine alone. */
function listening(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", (error) => {
      const message = `port ${port} could not be opened`;
      reject(new PackwrightError([diagnostic("network", 9, message, [reason(error)], "name another `--port`, or none")]));
    });
    server.listen(port, "127.0.0.1", () => resolve((server.address() as AddressInfo).port));
  });
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
