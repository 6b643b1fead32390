// Every way in which an install can fail, as its user meets it: the exit code, and all that is said.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { depot, slowly } from "../package/depot.mjs";
import { cli, packwright, scratch } from "../package/installed.mjs";
import { archivePath, archive, index, source } from "../registry/archives.mjs";
import { files, start, status } from "../registry/server.mjs";
import { leftOver, treeOf } from "./world.mjs";

const registryOf = (directory) => ["--registry", `depot=${directory}`];

/** What is said, without what is another every time and how far it came. */
function shown(stderr, cwd) {
  return stderr
    .replaceAll(/^(Fetched|Trying again in) .*\n/gm, "")
    .replaceAll(/127\.0\.0\.1:\d+/g, "HOST")
    .replaceAll(/sha256-[A-Za-z0-9+/]{43}=/g, "DIGEST")
    .replaceAll(cwd, "CWD");
}

/** Runs a command that fails, and touches nothing. */
async function fails(args, { cwd = scratch(), exit, says, touches = false }) {
  const before = treeOf(cwd);
  const { code, stdout, stderr } = await packwright(args, { cwd });
  assert.equal(shown(stderr, cwd), says.replace(/^\n/, ""), stdout);
  assert.equal(code, exit);
  assert.equal(stdout, "");
  if (!touches) assert.deepEqual([treeOf(cwd), leftOver(cwd)], [before, []]);
  return cwd;
}

/** A project with `app` and what it needs. */
async function installed(registry, packs = ["app"]) {
  const cwd = scratch();
  const { code, stderr } = await packwright(["install", ...packs, ...registryOf(registry)], { cwd });
  assert.equal(code, 0, stderr);
  return cwd;
}

const app = { app: { dependencies: { lib: "^1" } }, lib: {} };

describe("an install that fails", { concurrency: 2 }, () => {
  test("1: there is no such pack", async () => {
    await fails(["install", "lob", ...registryOf(depot(app))], {
      exit: 1,
      says: `
error[pack-not-found]: there is no pack \`lob\`
  help: did you mean \`lib\`?
`,
    });
  });

  test("1: --locked without a lockfile", async () => {
    await fails(["install", "app", "--locked", ...registryOf(depot(app))], {
      exit: 1,
      says: `
error[file-not-found]: there is no packwright.lock to keep to
  help: leave \`--locked\` out
`,
    });
  });

  test("1: nothing is installed that could be taken out", async () => {
    const cwd = await installed(depot(app));
    await fails(["uninstall", "ap"], {
      cwd,
      exit: 1,
      says: `
error[pack-not-found]: \`ap\` is not installed
  help: did you mean \`app\`?
`,
    });
  });

  test("2: an archive that the registry names is not there", async (context) => {
    const content = index([["app", "1.0.0"]]);
    const path = archivePath("app", "1.0.0", archive(source("app", "1.0.0")));
    content.delete(path);
    const { url } = await start(context, files((at) => content.get(at)));
    await fails(["install", "app", ...registryOf(url)], {
      exit: 2,
      says: `
error[install-failed]: this cannot be installed: the archive of \`app@1.0.0\` is not there
  because it came from the registry \`depot\` at http://HOST/
`,
    });
  });

  test("2: a hook fails, and everything else is done", async () => {
    const cwd = await fails(["install", "app", "--trust", ...registryOf(depot({ app: { hooks: ["exit 3", "echo never"] } }))], {
      exit: 2,
      touches: true,
      says: `
Running \`exit 3\` of app
error[install-failed]: the hook \`exit 3\` of \`app\` failed
  because it exited with 3
  help: everything is installed: mend what it needs and \`packwright install --trust\` runs it, \`--skip-hooks\` leaves it out
`,
    });
    assert.ok(existsSync(join(cwd, ".packwright/packages/app/pack.toml")));
  });

  test("4: packs that require each other", async () => {
    await fails(["install", "app", ...registryOf(depot({ app: { dependencies: { lib: "^1" } }, lib: { dependencies: { app: "^1" } } }))], {
      exit: 4,
      says: `
error[cycle]: packs depend on each other in a ring: app -> lib -> app
  because \`app\` depends on \`lib@^1\`
  because \`lib\` depends on \`app@^1\`
  help: do without \`app\`, or ask the authors to break the ring
`,
    });
  });

  test("5: no version will do", async () => {
    await fails(["install", "app", "lib@^2", ...registryOf(depot(app))], {
      exit: 5,
      says: `
error[conflict]: no version of \`lib\` is \`^2\`
  because you ask for \`lib@^2\`
  because there is only \`lib\` 1.0.0
  help: ask for \`lib@^1.0.0\`
`,
    });
  });

  test("5: something else still needs it", async () => {
    const cwd = await installed(depot(app), ["app", "lib"]);
    await fails(["uninstall", "lib"], {
      cwd,
      exit: 5,
      says: `
error[conflict]: \`lib\` is still needed
  because \`app@1.0.0\` requires it
  help: uninstall what requires it as well
`,
    });
  });

  test("6: an earlier write was interrupted", async () => {
    const cwd = await installed(depot(app));
    writeFileSync(join(cwd, ".packwright/journal.json"), '{"version":1,"made":[],"moves":[]}');
    for (const args of [["install", "lib", ...registryOf(depot(app))], ["list", "--installed"], ["uninstall", "app"]]) {
      const { code, stderr } = await packwright(args, { cwd });
      assert.equal(code, 6);
      assert.equal(
        stderr,
        `error[partial-install]: a write into this directory was interrupted
  because \`.packwright/journal.json\` is there
  help: in that directory \`packwright install --resume\` does the rest, \`packwright install --rollback\` takes all of it back
`,
      );
    }
    writeFileSync(join(cwd, ".packwright/journal.json"), "{");
    const { code, stderr } = await packwright(["install", "--resume"], { cwd });
    assert.equal(code, 6);
    assert.equal(
      stderr,
      `error[partial-install]: \`.packwright/journal.json\` is damaged
  because EOF while parsing an object at line 1 column 1
  help: what stood there before is in \`.packwright/staging\` as \`old-…\`: look, then remove both
`,
    );
  });

  test("9: the network is left out, and nothing is kept of it", async (context) => {
    const { url } = await start(context, status(200, "never asked"));
    await fails(["install", "app", "--offline", ...registryOf(url)], {
      exit: 9,
      says: `
error[not-cached]: http://HOST/config.json is not in the cache
  because nothing is fetched when offline
  because it came from the registry \`depot\` at http://HOST/
  help: do the same once without \`--offline\`
`,
    });
  });

  test("9: a server that does not answer", async (context) => {
    const { url } = await start(context, (request) => request.socket.destroy());
    await fails(["install", "app", ...registryOf(url)], {
      exit: 9,
      says: `
error[network]: fetching http://HOST/config.json failed
  because other side closed
  because it was tried 3 times
  because it came from the registry \`depot\` at http://HOST/
  help: check the connection and the registry's address
`,
    });
  });

  test("10: a directory that cannot be made", async () => {
    const cwd = scratch();
    writeFileSync(join(cwd, "file"), "");
    await fails(["install", "app", "--output", "file/demo", ...registryOf(depot(app))], {
      cwd,
      exit: 10,
      says: `
error[storage]: making the project's directory failed
  because not a directory, mkdir 'CWD/file/demo'
`,
    });
  });

  test("11: an archive that was tampered with", async (context) => {
    const content = index([["app", "1.0.0"]]);
    const path = archivePath("app", "1.0.0", archive(source("app", "1.0.0")));
    content.set(path, archive(source("app", "1.0.0", { description: "another one" })));
    const { url } = await start(context, files((at) => content.get(at)));
    await fails(["install", "app", ...registryOf(url)], {
      exit: 11,
      says: `
error[invalid-archive]: the archive of \`app@1.0.0\` is refused
  because its digest is DIGEST, the registry says DIGEST
  because it came from the registry \`depot\` at http://HOST/
`,
    });
  });

  test("11: a lockfile that is none", async () => {
    const cwd = scratch();
    writeFileSync(join(cwd, "packwright.lock"), "<<<<<<< HEAD\n");
    await fails(["install", ...registryOf(depot(app))], {
      cwd,
      exit: 11,
      says: `
error[invalid-lockfile]: packwright.lock holds a merge conflict
  at packwright.lock:1
    1 | <<<<<<< HEAD
  help: take one side whole, then generate or install again and name the packs of both sides
`,
    });
  });

  test("11: a record that is none", async () => {
    const cwd = await installed(depot(app));
    const record = readFileSync(join(cwd, ".packwright/installed.json"), "utf8");
    writeFileSync(join(cwd, ".packwright/installed.json"), record.replace(".packwright/packages/lib", "../../outside"));
    await fails(["install", ...registryOf(depot(app))], {
      cwd,
      exit: 11,
      says: `
error[invalid-input]: .packwright/installed.json is broken
  because \`../../outside\` is not a safe path: a component is empty, \`.\` or \`..\`
  help: remove .packwright/installed.json and install again, with \`--force\`
`,
    });
  });

  test("11: a directory that is none", async () => {
    await fails(["install", "app", "--target", ".git/packs", ...registryOf(depot(app))], {
      exit: 11,
      says: `
error[invalid-path]: \`.git/packs\` is not a safe path: \`.git\` is Git's own
  help: give a directory in the project, or leave \`--target\` out
`,
    });
  });

  test("12: commands that want to run", async () => {
    await fails(["install", "app", ...registryOf(depot({ app: { hooks: ["make"] } }))], {
      exit: 12,
      says: `
error[needs-consent]: \`app\` wants to run \`make\`
  help: add \`--trust\` to run it, or \`--skip-hooks\` to install without it
`,
    });
  });

  test("13: a file that was edited is in the way of a newer version", async () => {
    const registry = depot(app);
    const cwd = await installed(registry);
    appendFileSync(join(cwd, ".packwright/packages/lib/templates/notes.txt"), "mine\n");
    const newer = depot({ ...app, lib: { version: "1.1.0", size: 200 } });
    await fails(["install", "--update", "lib", ...registryOf(newer)], {
      cwd,
      exit: 13,
      says: `
error[file-conflict]: \`.packwright/packages/lib/templates/notes.txt\` was changed since it was installed
  help: add \`--force\` to replace it, or keep your change elsewhere first
`,
    });
  });

  test("13: something else stands there", async () => {
    const cwd = scratch();
    mkdirSync(join(cwd, ".packwright"));
    writeFileSync(join(cwd, ".packwright/packages"), "mine\n");
    await fails(["install", "app", ...registryOf(depot(app))], {
      cwd,
      exit: 13,
      says: `
error[file-conflict]: \`.packwright/packages\` is in the way: it is neither what is to be there nor ours to remove
  help: move it away, or install into another directory with \`--target\`
`,
    });
  });

  test("13: the lockfile would change", async () => {
    const cwd = await installed(depot(app));
    await fails(["install", "lib", "--locked", ...registryOf(depot(app))], {
      cwd,
      exit: 13,
      says: `
error[out-of-date]: packwright.lock would change
    + asked for lib@*
  help: leave \`--locked\` out, and commit what is then written
`,
    });
  });

  test("64: a flag there is none of", async () => {
    await fails(["install", "app", "--forced"], {
      exit: 64,
      says: `
error[usage]: \`packwright install\` has no flag \`--forced\`
  help: did you mean \`--force\`?
`,
    });
  });

  test("64: nothing is asked for", async () => {
    await fails(["install", ...registryOf(depot(app))], {
      exit: 64,
      says: `
error[usage]: no packs are asked for, and there is no packwright.lock here that would say
  help: name at least one; \`packwright list\` shows the packs there are
`,
    });
  });

  test("130: it is interrupted from the keyboard", { skip: process.platform === "win32" && "needs signals" }, async (context) => {
    const { url } = await start(context, slowly(index([["app", "1.0.0"]]), { parts: 50, pause: 50 }));
    const cwd = scratch();
    const child = spawn(cli, ["install", "app", ...registryOf(url)], { cwd, env: { ...process.env, PACKWRIGHT_CACHE: scratch("cache") } });
    let stderr = "";
    child.stderr.setEncoding("utf8").on("data", (text) => (stderr += text));
    while (!existsSync(join(cwd, ".packwright"))) await new Promise((resolve) => setTimeout(resolve, 10));
    child.kill("SIGINT");
    const [code] = await once(child, "close");
    assert.equal(shown(stderr, cwd), "error[cancelled]: cancelled; nothing was written\n");
    assert.equal(code, 130);
    assert.deepEqual(readdirSync(cwd), []);
  });
});
