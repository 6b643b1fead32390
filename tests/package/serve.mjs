// Local HTTP servers that end with their test.
import { existsSync, readFileSync, statSync } from "node:fs";
import { createServer } from "node:http";
import { extname, join } from "node:path";

const types = { ".html": "text/html", ".js": "text/javascript", ".wasm": "application/wasm", ".json": "application/json" };

/** Serves until `context`, of a test, is over. `requests` collects what was asked for, as paths. */
export async function serve(context, listener) {
  const requests = [];
  const server = createServer((request, response) => {
    requests.push(request.url);
    listener(request, response);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  context.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${server.address().port}/`, requests };
}

/** A listener that gives bytes by path, and 404 where `read` has none. */
export function files(read) {
  return (request, response) => {
    const path = decodeURIComponent(new URL(request.url, "http://x").pathname).slice(1);
    const body = read(path);
    if (body === undefined) response.writeHead(404).end();
    else response.writeHead(200, { "content-type": types[extname(path) || ".html"] ?? "application/octet-stream" }).end(body);
  };
}

/** A listener that gives the files of a directory. */
export function directory(root) {
  return files((path) => {
    const file = statSync(join(root, path), { throwIfNoEntry: false })?.isDirectory() ? join(root, path, "index.html") : join(root, path);
    return existsSync(file) ? readFileSync(file) : undefined;
  });
}
