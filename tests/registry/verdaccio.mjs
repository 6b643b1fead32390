// A real npm registry on loopback: Verdaccio with a storage of its own, gone when the test is over.
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runServer } from "verdaccio";

/**
 * Starts one. Everybody may read but what is in the scope `@acme`, publishing takes a token, and nothing is fetched from elsewhere.
 * `requests` are those it got: method, path, headers, and the status it answered with.
 */
export async function verdaccio(context) {
  const directory = mkdtempSync(join(tmpdir(), "packwright-verdaccio-"));
  const member = { publish: "$authenticated", unpublish: "$authenticated" };
  const server = await runServer({
    storage: join(directory, "storage"),
    self_path: join(directory, "config.yaml"),
    uplinks: {},
    auth: { htpasswd: { file: join(directory, "htpasswd"), algorithm: "bcrypt", rounds: 1 } },
    packages: { "@acme/*": { access: "$authenticated", ...member }, "**": { access: "$all", ...member } },
    // Else it makes a secret of its own with a note about it on the terminal.
    secret: "0123456789abcdef0123456789abcdef",
    log: { type: "stdout", level: "fatal" },
    web: { enable: false },
    max_body_size: "40mb",
  });
  const requests = [];
  server.prependListener("request", (request, response) => {
    const asked = { method: request.method, path: request.url, headers: request.headers, status: undefined };
    requests.push(asked);
    response.on("finish", () => (asked.status = response.statusCode));
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  context.after(() => {
    server.closeAllConnections();
    server.close();
    rmSync(directory, { recursive: true, force: true });
  });
  const origin = `http://127.0.0.1:${server.address().port}`;
  const { token } = await send(origin, "PUT", "-/user/org.couchdb.user:member", { name: "member", password: "not very secret" });
  requests.length = 0;
  return {
    origin,
    url: `${origin}/`,
    /** As `--registry` takes it. */
    location: `npm+${origin}/`,
    /** Lets its bearer read `@acme` and publish. */
    token,
    requests,
    asked: (path) => requests.filter((request) => request.path === path),
    forget: () => requests.splice(0),
    /** What it says of a package. */
    packument: (name) => send(origin, "GET", name.replace("/", "%2f"), undefined, token),
    /** Publishes any npm package; `more` goes into its `package.json`, `dist` over what is true of its archive. */
    publish: (name, version, archive, more, dist) => send(origin, "PUT", name.replace("/", "%2f"), publication(origin, name, version, archive, more, dist), token),
  };
}

/** What `npm publish` sends. */
function publication(origin, name, version, archive, more = {}, dist = {}) {
  const file = `${name.split("/").at(-1)}-${version}.tgz`;
  const digest = (algorithm, encoding) => createHash(algorithm).update(archive).digest(encoding);
  const truth = { integrity: `sha512-${digest("sha512", "base64")}`, shasum: digest("sha1", "hex"), tarball: `${origin}/${name}/-/${file}` };
  return {
    _id: name,
    name,
    "dist-tags": { latest: version },
    versions: { [version]: { name, version, ...more, _id: `${name}@${version}`, dist: { ...truth, ...dist } } },
    access: null,
    _attachments: { [file]: { content_type: "application/octet-stream", data: archive.toString("base64"), length: archive.length } },
  };
}

async function send(origin, method, path, body, token) {
  const headers = { "content-type": "application/json", ...(token && { authorization: `Bearer ${token}` }) };
  const response = await fetch(`${origin}/${path}`, { method, headers, body: body && JSON.stringify(body) });
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
  return response.json();
}
