// HTTP servers on loopback that answer as they are told, however badly, and remember what they were asked.
import { createHash } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { createServer } from "node:http";
import { extname, join } from "node:path";
import { gzipSync } from "node:zlib";

const types = { ".json": "application/json", ".jsonl": "application/x-ndjson", ".tgz": "application/gzip", ".html": "text/html" };

/**
 * A server that ends with the test `context`. What is asked for goes to the script of its path, else to `fallback`; both are listeners
 * `(request, response)`, as those below. Of a script's answers each is given once, the last one for ever.
 */
export async function start(context, fallback = status(404)) {
  const scripts = new Map();
  const requests = [];
  const server = createServer(async (request, response) => {
    const path = request.url;
    const asked = { method: request.method, path, headers: request.headers, at: performance.now(), status: undefined, bytes: 0 };
    requests.push(asked);
    counting(response, asked);
    const chunks = [];
    // A client that goes away while it is still sending is of no interest here.
    for await (const chunk of request.on("error", () => {})) chunks.push(chunk);
    asked.body = Buffer.concat(chunks);
    const script = scripts.get(path);
    const answer = script === undefined ? fallback : script.length > 1 ? script.shift() : script[0];
    answer(request, response);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  context.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const origin = `http://127.0.0.1:${server.address().port}`;
  return {
    origin,
    url: `${origin}/`,
    /** What it was asked for: method, path, headers, body, when (milliseconds), and the status and bytes it answered with. */
    requests,
    /** Answers a path by a script. */
    on: (path, ...answers) => scripts.set(path, answers),
    /** The requests for a path. */
    asked: (path) => requests.filter((request) => request.path === path),
    /** The milliseconds between the requests for a path. */
    waits: (path) => requests.filter((request) => request.path === path).map(({ at }, i, all) => at - all[i - 1]?.at).slice(1),
    /** Forgets what it was asked for. */
    forget: () => requests.splice(0),
  };
}

function counting(response, asked) {
  const { write, end } = response;
  const count = (chunk) => {
    asked.status = response.statusCode;
    if (typeof chunk === "string" || chunk instanceof Uint8Array) asked.bytes += Buffer.byteLength(chunk);
  };
  response.write = (chunk, ...rest) => (count(chunk), write.call(response, chunk, ...rest));
  response.end = (chunk, ...rest) => (count(chunk), end.call(response, chunk, ...rest));
}

/** The files that `read` has for a path without its slash, with ETags as file hosts send them and any origin let in; 404 for others. */
export function files(read) {
  return (request, response) => {
    const path = decodeURIComponent(new URL(request.url, "http://x").pathname).slice(1);
    const body = read(path);
    if (body === undefined) return status(404, "no such file")(request, response);
    const etag = `"${createHash("md5").update(body).digest("hex")}"`;
    const headers = { etag, "access-control-allow-origin": "*", "content-type": types[extname(path)] ?? "application/octet-stream" };
    if (request.headers["if-none-match"] === etag) response.writeHead(304, headers).end();
    else response.writeHead(200, { ...headers, "content-length": Buffer.byteLength(body) }).end(body);
  };
}

/** The files of a directory. */
export function directory(root) {
  return files((path) => (statSync(join(root, path), { throwIfNoEntry: false })?.isFile() ? readFileSync(join(root, path)) : undefined));
}

/** A whole answer. */
export function status(code, body = "", headers = {}) {
  return (_, response) => response.writeHead(code, { "content-length": Buffer.byteLength(body), ...headers }).end(body);
}

/** An answer of 200 with this body. */
export function ok(body, headers = {}) {
  return status(200, body, headers);
}

/** A login page where something else was asked for. */
export const page = ok("<!doctype html>\n<title>Sign in</title>\n", { "content-type": "text/html" });

/** A redirect to another address, or to where it came from. */
export function redirect(code, to) {
  return (request, response) => response.writeHead(code, { location: to ?? request.url, "content-length": 0 }).end();
}

/** A body that is compressed once more on its way, as an overzealous server does with archives. */
export function gzipped(body) {
  return ok(gzipSync(body), { "content-encoding": "gzip" });
}

/** An archive that is called compressed on its way, so that clients unpack it. */
export function mislabelled(body) {
  return ok(body, { "content-encoding": "gzip" });
}

/** The first bytes of a body whose length is told, then the connection breaks. */
export function cut(body, bytes) {
  return (_, response) => {
    response.writeHead(200, { "content-length": body.length });
    response.write(body.subarray(0, bytes), () => response.destroy());
  };
}

/** The first bytes of a body, and an end as if that were all: nothing tells the client but the digest. */
export function short(body, bytes) {
  return (_, response) => {
    response.useChunkedEncodingByDefault = false;
    response.shouldKeepAlive = false;
    response.writeHead(200).end(body.subarray(0, bytes));
  };
}

/** A body in chunks that breaks off between two of them. */
export function broken(body, bytes) {
  return (_, response) => {
    response.writeHead(200);
    response.write(body.subarray(0, bytes), () => response.destroy());
  };
}

/** A body that is longer than its announced length. */
export function lying(body, length) {
  return (_, response) => {
    response.strictContentLength = false;
    response.writeHead(200, { "content-length": length }).end(body);
  };
}

/** A body without an end. */
export function endless(headers = {}) {
  return (_, response) => {
    const block = Buffer.alloc(1 << 16, "x");
    const more = () => {
      while (!response.destroyed && response.write(block));
    };
    response.on("drain", more).on("error", () => {});
    response.writeHead(200, headers);
    more();
  };
}

/** A body that comes in pieces, `every` some milliseconds. */
export function slow(body, { piece, every }) {
  return (_, response) => {
    response.writeHead(200, { "content-length": body.length });
    let at = 0;
    const timer = setInterval(() => {
      response.write(body.subarray(at, (at += piece)));
      if (at >= body.length) clearInterval(timer), response.end();
    }, every);
    response.on("close", () => clearInterval(timer));
  };
}

/** A body of which nothing more comes after its first bytes. */
export function stalled(body, bytes) {
  return (_, response) => response.writeHead(200, { "content-length": body.length }).write(body.subarray(0, bytes));
}

/** No answer at all. */
export function silence() {}

/** A connection that is torn down. */
export function reset(request) {
  request.socket.resetAndDestroy();
}
