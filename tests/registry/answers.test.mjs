// Every answer a server can give, from a server that gives it: the code, how often it is asked, and that nothing is left half done.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { archive, archivePath, hostile, index, integrity, line, source } from "./archives.mjs";
import { person } from "./person.mjs";
import * as server from "./server.mjs";

const rows = [["base", "1.0.0"], ["web-api", "1.0.0", { dependencies: { base: "^1" } }]];
const registry = index(rows);
const bytes = archive(source(...rows[1]));
const places = { config: "/config.json", index: "/index/web-api.jsonl", archive: `/${archivePath("web-api", "1.0.0", bytes)}` };
const body = (place) => Buffer.from(registry.get(places[place].slice(1)));

/** What is asked for once, and again twice with two waits of our own between: half a second and a second, give or take a half of it. */
const attempts = 3;
const waits = [[250, 750], [500, 1500]];
/** What Node and the machine may add to a wait, in milliseconds. */
const slack = 5000;

/** Two seconds without a byte are idle enough for tests. */
const impatient = "[network]\nidle-seconds = 2\n";

async function start(context, place, ...answers) {
  const served = await server.start(context, server.files((path) => registry.get(path)));
  if (answers.length > 0) served.on(places[place], ...answers);
  return served;
}

/** Makes the project with a server that answers so for ever: it must fail, and with a better server go well afterwards. */
async function refused(context, place, answer, exit, code, times, words = [], { config } = {}) {
  const served = await start(context, place, answer);
  const somebody = person({ config });
  const generate = ["generate", "web-api", "--name", "demo", "--yes", "--registry", served.url];
  await somebody.fails(generate, exit, code, words);
  assert.equal(served.asked(places[place]).length, times, "times it was asked");
  assert.deepEqual([...somebody.written().keys()], [], "nothing half-written");
  served.on(places[place], server.ok(body(place)));
  assert.equal((await somebody.run(generate)).code, 0, "the cache is not poisoned");
  assert.equal(somebody.written().get("demo/web-api.txt"), "web-api 1.0.0\n");
  return served;
}

const inTime = (found, bounds) => found.forEach((wait, i) => assert.ok(wait >= bounds[i][0] - 5 && wait <= bounds[i][1] + slack, `${wait} ms is not in ${bounds[i]}`));

// Most of the time goes by in waits: all groups wait together.
describe("a server", { concurrency: true }, () => {
  describe("what is no passing trouble is not asked for again", { concurrency: 3 }, () => {
    for (const place of ["config", "index", "archive"]) {
      for (const status of [401, 403]) test(`${status} for ${place}`, (t) => refused(t, place, server.status(status), 9, "unauthorized", 1, [String(status)]));
    }
    for (const status of [400, 418, 501]) test(String(status), (t) => refused(t, "index", server.status(status), 9, "bad-response", 1, [String(status)]));
    test("404 for the configuration", (t) => refused(t, "config", server.status(404), 1, "file-not-found", 1, ["config.json"]));
    for (const status of [404, 410]) {
      test(`${status} for a name`, (t) => refused(t, "index", server.status(status), 1, "pack-not-found", 1, ["web-api"]));
      test(`${status} for an archive`, (t) => refused(t, "archive", server.status(status), 1, "file-not-found", 1, ["web-api"]));
    }
    test("a login page for the configuration", (t) => refused(t, "config", server.page, 9, "bad-response", 1, ["config.json"]));
    test("a login page for an index", (t) => refused(t, "index", server.page, 9, "bad-response", 1, ["index/web-api.jsonl"]));
    test("a login page for the catalogue", async (t) => {
      const served = await start(t, "config");
      served.on("/catalog.json", server.page);
      const somebody = person();
      await somebody.fails(["list", "--registry", served.url], 9, "bad-response", ["catalog.json"]);
      assert.equal(served.asked("/catalog.json").length, 1);
    });
    test("nothing where the configuration should be", (t) => refused(t, "config", server.ok(""), 9, "bad-response", 1, ["config.json"]));
    test("nothing where an index should be is not a pack without versions", (t) => refused(t, "index", server.ok(""), 9, "bad-response", 1, ["web-api"]));
    test("no content", (t) => refused(t, "index", server.status(204), 9, "bad-response", 1, ["204"]));
    test("that nothing has changed, which nobody asked", (t) => refused(t, "index", server.status(304), 9, "bad-response", 1, ["304"]));
    test("a moved permanently that leads back to itself", (t) => refused(t, "index", server.redirect(301), 9, "bad-response", 11, ["10"]));
    test("an index that goes on without end", (t) => refused(t, "index", server.endless(), 9, "bad-response", 1, ["web-api"]));
    test("an archive that goes on without end", (t) => refused(t, "archive", server.endless(), 9, "bad-response", 1, ["web-api"]));
    test("an archive that goes on behind the end that was announced", (t) => {
      const long = Buffer.concat([bytes, Buffer.alloc(1 << 20)]);
      return refused(t, "archive", server.lying(long, bytes.length - 10), 11, "invalid-archive", 2);
    });
  });

  describe("passing trouble is asked for three times, with waits that grow", { concurrency: 3 }, () => {
    for (const [place, ...statuses] of [["config", 503], ["index", 408, 429, 500, 502, 503, 504], ["archive", 503]]) {
      for (const status of statuses) {
        test(`${status} for ${place}`, async (t) => {
          const served = await refused(t, place, server.status(status), 9, "network", attempts, [String(status), "3 times"]);
          inTime(served.waits(places[place]).slice(0, 2), waits);
        });
      }
    }
    for (const place of ["index", "archive"]) {
      test(`a connection that is torn down, for ${place}`, (t) => refused(t, place, server.reset, 9, "network", attempts, ["3 times"]));
      test(`no answer for ${place}`, (t) => refused(t, place, server.silence, 9, "network", attempts, ["3 times"], { config: impatient }));
      test(`a body that stops for ${place}`, (t) => refused(t, place, server.stalled(body(place), 10), 9, "network", attempts, ["3 times"], { config: impatient }));
      test(`half a body for ${place}`, (t) => refused(t, place, server.cut(body(place), 10), 9, "network", attempts, ["3 times"]));
      test(`half a body in chunks for ${place}`, (t) => refused(t, place, server.broken(body(place), 10), 9, "network", attempts, ["3 times"]));
    }

    for (const [name, trouble] of Object.entries({ 503: server.status(503), "half a body": server.cut(bytes, 10), reset: server.reset })) {
      test(`${name} twice, then the archive`, async (t) => {
        const served = await start(t, "archive", trouble, trouble, server.ok(bytes));
        const somebody = person();
        await somebody.generate(["web-api"], ["--registry", served.url]);
        assert.equal(served.asked(places.archive).length, 3);
        assert.equal(somebody.written().get("demo/web-api.txt"), "web-api 1.0.0\n");
      });
    }
  });

  describe("a server may say when to come back", { concurrency: 3 }, () => {
    const date = (seconds) => new Date(Date.now() + seconds * 1000).toUTCString();
    for (const [name, after, bounds] of [
      ["at once", () => "0", [0, 0]],
      ["in a second", () => "1", [1000, 1000]],
      ["in two seconds, as a date", () => date(2), [900, 2000]],
      ["at a time that is over", () => date(-3600), [0, 0]],
      ["in a way that makes no sense", () => "soon", waits[0]],
      ["before now", () => "-5", waits[0]],
      ["in words and numbers", () => "1 minute", waits[0]],
      ["not at all", () => "", waits[0]],
      ["in a year, but is not waited for so long", () => "31536000", [30_000, 30_000]],
      ["after the end of numbers", () => "9".repeat(60), [30_000, 30_000]],
    ]) {
      test(name, async (t) => {
        const served = await start(t, "index");
        served.on(places.index, (request, response) => server.status(429, "", { "retry-after": after() })(request, response), server.ok(body("index")));
        await person().generate(["web-api"], ["--registry", served.url]);
        assert.equal(served.asked(places.index).length, 2);
        inTime(served.waits(places.index), [bounds]);
      });
    }
  });

  describe("other bytes than were promised are fetched once more past every cache, and then refused", { concurrency: 3 }, () => {
    const other = archive(source("web-api", "1.0.0", { files: { "web-api.txt": "not this\n" } }));
    for (const [name, answer] of Object.entries({
      "other bytes": server.ok(other),
      "the first half, as if that were all": server.short(bytes, bytes.length / 2),
      "nothing": server.ok(""),
      "a login page": server.page,
      "an archive that clients unpack on the way": server.mislabelled(bytes),
      "more than was promised": server.ok(Buffer.concat([bytes, Buffer.alloc(10)])),
    })) {
      test(name, async (t) => {
        const served = await refused(t, "archive", answer, 11, "invalid-archive", 2, ["web-api"]);
        const [first, second] = served.asked(places.archive);
        assert.equal(first.headers["cache-control"], undefined);
        assert.equal(second.headers["cache-control"], "no-cache");
        assert.equal(second.headers["if-none-match"], undefined);
      });
    }

    test("a cache on the way that was wrong once is forgiven", async (t) => {
      const served = await start(t, "archive", server.ok(other), server.ok(bytes));
      await person().generate(["web-api"], ["--registry", served.url]);
      assert.equal(served.asked(places.archive).length, 2);
    });

    test("an index that is wrong is not asked for again", (t) => refused(t, "index", server.short(body("index"), 50), 11, "invalid-registry", 1, ["web-api", "line 1"]));
    test("an index of another pack", (t) => refused(t, "index", server.ok(body("index").toString().replaceAll("web-api", "web-ape")), 11, "invalid-registry", 1, ["web-ape"]));
    test("an index of a format to come", (t) => refused(t, "index", server.ok('{"v":99}\n'), 11, "unsupported-format", 1, ["web-api"]));
    test("JSON that is something else", (t) => refused(t, "config", server.ok("[1, 2]"), 11, "invalid-registry", 1, ["config.json"]));
  });

  describe("what is odd and not wrong", { concurrency: 3 }, () => {
    for (const [name, answer, times] of [
      ["an archive that is compressed once more on its way", server.gzipped(bytes), 1],
      ["an archive that comes slowly, but comes", server.slow(bytes, { piece: 40, every: 300 }), 1],
    ]) {
      test(name, async (t) => {
        const served = await start(t, "archive", answer);
        const somebody = person({ config: impatient });
        await somebody.generate(["web-api"], ["--registry", served.url]);
        assert.equal(served.asked(places.archive).length, times);
      });
    }

    for (const status of [301, 302, 303, 307, 308]) {
      test(`an index that lies elsewhere, by ${status}`, async (t) => {
        const served = await start(t, "index", server.redirect(status, "/moved/web-api.jsonl"));
        served.on("/moved/web-api.jsonl", server.ok(body("index")));
        await person().generate(["web-api"], ["--registry", served.url]);
        assert.equal(served.asked("/moved/web-api.jsonl").length, 1);
      });
    }

    test("lines of a format to come are skipped", async (t) => {
      const served = await start(t, "index", server.ok(`${body("index")}{"v":99,"name":"web-api","version":"2.0.0"}\n`));
      const { packs } = await person().generate(["web-api"], ["--registry", served.url]);
      assert.deepEqual(packs.find(({ name }) => name === "web-api").version, "1.0.0");
    });

    test("a redirect to something that is no address", (t) => refused(t, "index", server.redirect(302, "javascript:alert(1)"), 9, "bad-response", 1, ["web-api"]));
    test("a redirect to nowhere", (t) => refused(t, "index", server.status(302), 9, "bad-response", 1, ["web-api"]));
  });

  describe("archives with their right digest that break the rules are refused whole", { concurrency: 3 }, () => {
    for (const [name, archived] of Object.entries(hostile(source("web-api", "1.0.0")))) {
      test(name, async (t) => {
        const place = `/${archivePath("web-api", "1.0.0", archived)}`;
        const served = await start(t, "index", server.ok(line("web-api", "1.0.0", archived)));
        served.on(place, server.ok(archived));
        const somebody = person();
        const { code, stderr } = await somebody.run(["generate", "web-api", "--name", "demo", "--yes", "--registry", served.url]);
        assert.ok(stderr.startsWith("error[invalid-archive]: "), stderr);
        assert.equal(code, 11);
        assert.ok(stderr.includes("web-api@1.0.0"), stderr);
        assert.deepEqual([...somebody.written().keys()], []);
        assert.equal(served.asked(place).length, 1, "the digest was right: asking again is of no use");
        assert.ok(somebody.cached().includes(integrity(archived)), "its line is kept");
        assert.ok(!somebody.cached().includes(`"key":"${integrity(archived)}"`), "refused archives are not");
      });
    }

    test("a size in the index that is not the archive's", async (t) => {
      const served = await start(t, "index", server.ok(line("web-api", "1.0.0", bytes, { size: bytes.length + 1 })));
      await person().fails(["generate", "web-api", "--name", "demo", "--registry", served.url], 11, "invalid-archive", ["web-api"]);
    });
  });
});
