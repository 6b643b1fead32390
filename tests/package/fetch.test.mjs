// What hosts report of a server: every answer as it came, every fault by its kind, and of what is secret nothing.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { createServer } from "node:net";
import { join } from "node:path";
import { describe, test } from "node:test";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { gzipSync } from "node:zlib";
import { project } from "./installed.mjs";
import { serve } from "./serve.mjs";

// Not part of the programming interface, but what is published all the same.
const dist = (name) => pathToFileURL(join(project, "node_modules/packwright/dist", name)).href;
const { nodeHost } = await import(dist("node.js"));
const { browserHost } = await import(dist("browser.js"));

const request = { id: 1, type: "fetch", method: "GET", headers: {}, body: new Uint8Array(), maxBytes: 1_000_000, idleMilliseconds: 30_000, cache: "default" };

function ask(url, more = {}, { host = nodeHost(), signal = new AbortController().signal } = {}) {
  return host.perform({ ...request, url, ...more }, { roots: new Map(), signal });
}

/** A server that says exactly these bytes to each connection, whatever it is asked, and then hangs up. */
async function say(context, ...parts) {
  const server = createServer((socket) => {
    socket.on("error", () => {}).once("data", () => {
      for (const part of parts) socket.write(part);
      socket.end();
    });
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  context.after(() => server.close());
  return `http://127.0.0.1:${server.address().port}/`;
}

const ok = "HTTP/1.1 200 OK\r\n";

describe("answers", { concurrency: 4 }, () => {
  test("a body of exactly the limit, and headers in lower case", async (context) => {
    const { url } = await serve(context, ({ headers }, response) => response.writeHead(200, { "X-Asked": headers["x-wanted"] }).end("1234"));
    const reply = await ask(url, { headers: { "x-wanted": "yes" }, maxBytes: 4 });
    assert.deepEqual([reply.type, reply.status, reply.headers["x-asked"], [...reply.body]], ["response", 200, "yes", [49, 50, 51, 52]]);
  });

  test("one byte more is too much", async (context) => {
    const { url } = await serve(context, (_, response) => response.end("12345"));
    const reply = await ask(url, { maxBytes: 4 });
    assert.deepEqual([reply.type, reply.kind], ["error", "too-large"]);
  });

  for (const status of [304, 404, 429, 503]) {
    test(`${status} is an answer like any other`, async (context) => {
      const { url } = await serve(context, (_, response) => response.writeHead(status, { "retry-after": "soon" }).end());
      const reply = await ask(url);
      assert.deepEqual([reply.type, reply.status, reply.headers["retry-after"]], ["response", status, "soon"]);
    });
  }

  test("a redirect is handed over, not followed", async (context) => {
    const { url, requests } = await serve(context, (_, response) => response.writeHead(302, { location: "/elsewhere" }).end("moved"));
    const reply = await ask(url, { headers: { authorization: "Bearer secret" } });
    assert.deepEqual([reply.status, reply.headers.location], [302, "/elsewhere"]);
    assert.deepEqual(requests, ["/"]);
    assert.equal(nodeHost().capabilities.redirects, true);
  });

  test("where a page has an address, redirects and revalidation are the browser's", async (context) => {
    globalThis.location = new URL("https://page.example.com/");
    context.after(() => delete globalThis.location);
    const { url, requests } = await serve(context, (_, response) => {
      if (requests.length === 1) response.writeHead(302, { location: "/elsewhere" }).end();
      else response.end("here");
    });
    const host = browserHost();
    assert.deepEqual([host.capabilities.redirects, host.capabilities.httpCache], [false, true]);
    const reply = await ask(url, {}, { host });
    assert.deepEqual([reply.status, Buffer.from(reply.body).toString()], [200, "here"]);
    assert.deepEqual(requests, ["/", "/elsewhere"]);
  });

  test("a PUT brings its body", async (context) => {
    const { url } = await serve(context, async (request, response) => {
      const chunks = [];
      for await (const chunk of request) chunks.push(chunk);
      response.writeHead(201).end(`${request.method} ${request.headers["content-length"]} ${Buffer.concat(chunks)}`);
    });
    const reply = await ask(url, { method: "PUT", body: Buffer.from("packed"), headers: { "content-type": "application/json" } });
    assert.deepEqual([reply.status, Buffer.from(reply.body).toString()], [201, "PUT 6 packed"]);
  });

  test("a body that the server says is compressed comes unpacked", async (context) => {
    const { url } = await serve(context, (_, response) => response.writeHead(200, { "content-encoding": "gzip" }).end(gzipSync("packed")));
    assert.equal(Buffer.from((await ask(url)).body).toString(), "packed");
  });

  test("an unpacked body is what the limit is about", async (context) => {
    const { url } = await serve(context, (_, response) => response.writeHead(200, { "content-encoding": "gzip" }).end(gzipSync(Buffer.alloc(5_000_000))));
    assert.equal((await ask(url, { maxBytes: 100_000 })).kind, "too-large");
  });

  test("caches on the way are told to stand aside", async (context) => {
    const asked = [];
    const { url } = await serve(context, ({ headers }, response) => (asked.push(headers["cache-control"]), response.end()));
    for (const cache of ["default", "no-cache", "reload"]) await ask(url, { cache });
    assert.deepEqual(asked, [undefined, "max-age=0", "no-cache"]);
  });
});

describe("faults", { concurrency: 4 }, () => {
  for (const [name, parts] of [
    ["a body shorter than it was said to be", [`${ok}content-length: 100\r\n\r\n`, "short"]],
    ["a chunked body without its end", [`${ok}transfer-encoding: chunked\r\n\r\n`, "5\r\nshort\r\n"]],
    ["what is no HTTP", ["SSH-2.0-OpenSSH_9.2\r\n"]],
    ["nothing at all", []],
    ["a compressed body that is none", [`${ok}content-encoding: gzip\r\ncontent-length: 4\r\n\r\nnope`]],
  ]) {
    test(name, async (context) => {
      const reply = await ask(await say(context, ...parts));
      assert.deepEqual([reply.type, reply.kind], ["error", "network"], JSON.stringify(reply));
      assert.notEqual(reply.message, "");
    });
  }

  test("a body longer than it was said to be ends where it was said to", async (context) => {
    const reply = await ask(await say(context, `${ok}content-length: 4\r\n\r\nlong`, "er than that"));
    assert.equal(Buffer.from(reply.body).toString(), "long");
  });

  test("nobody listens", async () => {
    const reply = await ask("http://127.0.0.1:1/");
    assert.deepEqual([reply.type, reply.kind], ["error", "network"]);
  });

  test("a body without end is given up at the limit", async (context) => {
    let closed;
    const end = new Promise((resolve) => (closed = resolve));
    const { url } = await serve(context, (_, response) => {
      const pour = () => response.write(Buffer.alloc(65536)) && setImmediate(pour);
      response.on("drain", pour).on("close", closed);
      pour();
    });
    const reply = await ask(url);
    assert.deepEqual([reply.type, reply.kind], ["error", "too-large"]);
    await end;
  });

  test("an abort ends a transfer", async (context) => {
    const { url } = await serve(context, () => {});
    const reply = await ask(url, {}, { signal: AbortSignal.timeout(50) });
    assert.deepEqual([reply.type, reply.kind], ["error", "network"]);
  });

  test("what is slow but goes on is waited for", async (context) => {
    const { url } = await serve(context, (_, response) => {
      let left = 8;
      const drip = setInterval(() => (left -= 1) > 0 ? response.write(".") : (clearInterval(drip), response.end("!")), 50);
    });
    const reply = await ask(url, { idleMilliseconds: 250 });
    assert.equal(Buffer.from(reply.body).toString(), ".......!");
  });

  for (const [name, listener] of [
    ["no answer", () => {}],
    ["an answer that stops", (_, response) => response.write("{")],
  ]) {
    test(`${name} is waited for as long as the core says`, async (context) => {
      const { url } = await serve(context, listener);
      const reply = await ask(url, { idleMilliseconds: 100 });
      assert.deepEqual([reply.type, reply.kind, reply.message], ["error", "timeout", "nothing arrived for 0.1 seconds"]);
    });
  }
});

describe("what is secret", () => {
  for (const [name, more] of [
    ["a token with a line break", { headers: { authorization: "Bearer s3cret\n" } }],
    ["a token with other letters than Latin", { headers: { authorization: "Bearer s3cret\u{1f511}" } }],
    ["an address with a password", { url: "http://user:s3cret@127.0.0.1:1/" }],
  ]) {
    test(`${name} is not in the error`, async () => {
      const reply = await ask("http://127.0.0.1:1/", more);
      assert.equal(reply.type, "error");
      assert.doesNotMatch(JSON.stringify(reply), /s3cret/);
    });
  }
});

test("what was fetched keeps no process alive", async (context) => {
  const { url } = await serve(context, ({ url: path }, response) => {
    if (path === "/long") for (let part = 0; part < 50; part += 1) response.write(Buffer.alloc(65536));
    response.end("done");
  });
  const program = `
    const { nodeHost } = await import(${JSON.stringify(dist("node.js"))});
    const context = { roots: new Map(), signal: new AbortController().signal };
    const request = ${JSON.stringify({ ...request, body: null })};
    for (const path of ["", "long"]) await nodeHost().perform({ ...request, url: ${JSON.stringify(url)} + path, maxBytes: 1000 }, context);
    const over = performance.now();
    process.on("exit", () => console.log(performance.now() - over < 2000));`;
  const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "-e", program]);
  assert.equal(stdout, "true\n");
});
