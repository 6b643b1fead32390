// The lock of a directory on a real disk: who gets in, who waits, and what becomes of tickets whose process is gone.
import assert from "node:assert/strict";
import { fork, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { pathToFileURL } from "node:url";
import { depot, line } from "./depot.mjs";
import { cli, filesOf, packwright, project, scratch } from "./installed.mjs";

const dist = join(project, "node_modules/packwright/dist");
// Not part of the programming interface, but what is published all the same.
const { nodeHost } = await import(pathToFileURL(join(dist, "node.js")));
const { Locking } = await import(pathToFileURL(join(dist, "locking.js")));

const state = ".packwright";
const notLinux = process.platform !== "linux" && "needs /proc";

/** A session of a host below a directory. */
function session(directory, host = nodeHost()) {
  const context = { roots: new Map([["target", directory]]), signal: new AbortController().signal };
  const perform = (type) => host.perform({ id: 1, type, root: "target", path: state }, context);
  return { context, lock: () => perform("lock"), unlock: () => perform("unlock") };
}

function tickets(directory) {
  return readdirSync(join(directory, state)).filter((name) => name.startsWith("lock."));
}

/** The parts of the name that a ticket of this process has. */
async function ownTicket() {
  const directory = scratch();
  const one = session(directory);
  await one.lock();
  const [, machine, pid, start] = tickets(directory)[0].split(".");
  await one.unlock();
  return { machine, pid, start };
}

/** Writes a ticket that some process would have left. */
function leave(directory, name, content = "") {
  mkdirSync(join(directory, state), { recursive: true });
  writeFileSync(join(directory, state, name), content);
  return join(directory, state, name);
}

/** Another process that holds the lock. `release` makes it let go. */
async function holder(directory) {
  const script = join(scratch(), "holder.mjs");
  writeFileSync(
    script,
    `import { nodeHost } from ${JSON.stringify(pathToFileURL(join(dist, "node.js")).href)};
     const context = { roots: new Map([["target", process.argv[2]]]), signal: new AbortController().signal };
     const perform = (type) => nodeHost().perform({ id: 1, type, root: "target", path: ".packwright" }, context);
     const reply = await perform("lock");
     process.on("message", async () => (await perform("unlock"), process.disconnect()));
     process.send(reply);`,
  );
  const child = fork(script, [directory]);
  const [reply] = await once(child, "message");
  assert.equal(reply.type, "done", reply.message);
  return { pid: child.pid, release: () => child.send("release"), kill: () => (child.kill("SIGKILL"), once(child, "exit")) };
}

describe("a lock", { concurrency: 2 }, () => {
  test("is made with its directory, is held by one session, and goes without a trace", async () => {
    const directory = join(scratch(), "not/there/yet");
    const [one, other] = [session(directory), session(directory)];
    assert.deepEqual(await one.lock(), { type: "done" });
    assert.deepEqual(await one.lock(), { type: "done" }, "who has it may ask again");
    const reply = await other.lock();
    assert.deepEqual([reply.type, reply.kind], ["error", "locked"]);
    const [ticket] = tickets(directory);
    assert.match(reply.message, new RegExp(`^process ${process.pid} on this machine, since \\d\\d:\\d\\d:\\d\\d, by `));
    assert.ok(reply.message.endsWith(join(directory, state, ticket)), reply.message);
    await other.unlock();
    assert.equal((await other.lock()).type, "error", "nobody lets go of what is another's");
    await one.unlock();
    assert.equal((await other.lock()).type, "done");
    await other.unlock();
    assert.deepEqual(readdirSync(join(directory, state)), []);
  });

  test("ends with its process, however that ends", async () => {
    const directory = scratch();
    const child = await holder(directory);
    const one = session(directory);
    assert.match((await one.lock()).message, new RegExp(`^process ${child.pid} on this machine`));
    await child.kill();
    assert.equal(tickets(directory).length, 1);
    assert.equal((await one.lock()).type, "done");
    assert.equal(tickets(directory).length, 1, "the dead one's is gone");
  });

  test("ends with its session if a broken core does not see to it", async () => {
    const directory = scratch();
    const { context } = session(directory);
    const host = new Locking(nodeHost());
    await host.perform({ id: 1, type: "lock", root: "target", path: state }, context);
    const late = host.perform({ id: 2, type: "lock", root: "target", path: "elsewhere" }, context);
    await host.release(context);
    assert.equal((await late).type, "done", "what was under way is waited for");
    assert.deepEqual([...tickets(directory), ...readdirSync(join(directory, "elsewhere"))], []);
  });

  test("is never held by two processes at once, however many want it", async () => {
    const directory = scratch();
    const script = join(scratch(), "contender.mjs");
    writeFileSync(
      script,
      `import { closeSync, openSync, unlinkSync } from "node:fs";
       import { nodeHost } from ${JSON.stringify(pathToFileURL(join(dist, "node.js")).href)};
       const [directory, rounds] = process.argv.slice(2);
       const host = nodeHost();
       const context = { roots: new Map([["target", directory]]), signal: new AbortController().signal };
       const perform = (type) => host.perform({ id: 1, type, root: "target", path: ".packwright" }, context);
       for (let held = 0; held < Number(rounds); ) {
         if ((await perform("lock")).type !== "done") continue;
         // Fails if somebody else is in.
         closeSync(openSync(directory + "/inside", "wx"));
         unlinkSync(directory + "/inside");
         await perform("unlock");
         held += 1;
       }`,
    );
    const codes = await Promise.all(
      Array.from({ length: 6 }, async () => (await once(spawn(process.execPath, [script, directory, "15"], { stdio: "inherit" }), "close"))[0]),
    );
    assert.deepEqual(codes, [0, 0, 0, 0, 0, 0]);
    assert.deepEqual(tickets(directory), []);
  });
});

describe("a ticket that is left", () => {
  test("by a process whose number another one has now does not count", { skip: notLinux }, async () => {
    const { machine, start } = await ownTicket();
    const [boot, time] = start.split("-");
    for (const other of [`${boot}-${Number(time) + 1}`, `0badb007-${time}`]) {
      const directory = scratch();
      leave(directory, `lock.${machine}.${process.ppid}.${other}.1`);
      assert.equal((await session(directory).lock()).type, "done", other);
    }
  });

  test("by a process that has ended but was not fetched by its parent does not count", { skip: notLinux }, async () => {
    const { machine, start } = await ownTicket();
    // The shell becomes a program that does not know of its child.
    const parent = spawn("sh", ["-c", "sleep 60 & echo $!; exec sleep 60"]);
    try {
      const pid = Number(String((await once(parent.stdout, "data"))[0]));
      const time = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1].split(" ")[19];
      const directory = scratch();
      leave(directory, `lock.${machine}.${pid}.${start.split("-")[0]}-${time}.1`);
      assert.match((await session(directory).lock()).message, new RegExp(`^process ${pid} `), "it runs");
      process.kill(pid);
      while (!/\) Z /.test(readFileSync(`/proc/${pid}/stat`, "utf8"))) await new Promise((resolve) => setTimeout(resolve, 20));
      assert.equal((await session(directory).lock()).type, "done");
    } finally {
      parent.kill("SIGKILL");
    }
  });

  test("by another machine counts until somebody removes it", async () => {
    const { pid, start } = await ownTicket();
    const directory = scratch();
    const path = leave(directory, `lock.0123456789abcdef.${pid}.${start}.1`, JSON.stringify({ host: "build-7.example.com" }));
    const { kind, message } = await session(directory).lock();
    assert.equal(kind, "locked");
    assert.match(message, new RegExp(`^process ${pid} on build-7\\.example\\.com, since [\\d:]{8}; if it is gone, remove `));
    assert.ok(message.endsWith(path), message);
    assert.ok(existsSync(path));
  });

  test("with nothing in it, or with what is not to be shown, counts all the same", async () => {
    const { pid, start } = await ownTicket();
    for (const content of ["", "{", JSON.stringify({ host: "\x1b]0;title\x07" })]) {
      const directory = scratch();
      leave(directory, `lock.0123456789abcdef.${pid}.${start}.1`, content);
      assert.match((await session(directory).lock()).message, new RegExp(`^process ${pid} on another machine, since `));
    }
  });

  test("with a name that says nothing counts for some seconds", async () => {
    const directory = scratch();
    const path = leave(directory, "lock.junk");
    assert.match((await session(directory).lock()).message, /^somebody unknown, since .*; if it is gone, remove .*lock\.junk$/);
    utimesSync(path, new Date(Date.now() - 60_000), new Date(Date.now() - 60_000));
    assert.equal((await session(directory).lock()).type, "done");
    assert.ok(!existsSync(path));
  });

  test("does not lead outside: a state directory that is a link is refused", { skip: process.platform === "win32" && "needs links" }, async () => {
    const [directory, outside] = [scratch(), scratch("outside")];
    symlinkSync(outside, join(directory, state));
    const { kind, message } = await session(directory).lock();
    assert.equal(kind, "permission", message);
    assert.deepEqual(readdirSync(outside), []);
  });
});

describe("two installs", { concurrency: 2 }, () => {
  const registry = depot(line(3));
  const install = ["install", "pack-3", "--registry", `depot=${registry}`];
  const paths = (directory) => [...filesOf(directory).keys()];

  test("at once both come to their end, with one result", async () => {
    const [cwd, alone] = [scratch(), scratch()];
    const both = await Promise.all([packwright(install, { cwd }), packwright(install, { cwd })]);
    for (const { code, stderr } of both) assert.equal(code, 0, stderr);
    await packwright(install, { cwd: alone });
    assert.deepEqual(paths(cwd), paths(alone));
    assert.deepEqual(both.map(({ stdout }) => stdout.split("\n")[0].split(" ")[0]).sort(), ["Installed", "Nothing"]);
  });

  test("wait for each other, and say for whom", async () => {
    const cwd = scratch();
    const child = await holder(cwd);
    const waiting = spawn(cli, install, { cwd, env: { ...process.env, PACKWRIGHT_REGISTRY: "" } });
    const said = { stdout: "", stderr: "" };
    for (const stream of ["stdout", "stderr"]) waiting[stream].setEncoding("utf8").on("data", (text) => (said[stream] += text));
    while (!said.stderr.includes("\n")) await once(waiting.stderr, "data");
    child.release();
    const [code] = await once(waiting, "close");
    assert.equal(code, 0, said.stderr);
    assert.match(said.stderr, new RegExp(`^Waiting for process ${child.pid} on this machine, since \\d\\d:\\d\\d:\\d\\d, by .*\\n`));
    assert.match(said.stdout, /^Installed 3 packs/);
  });

  test("do not wait with --no-wait", async () => {
    const cwd = scratch();
    assert.equal((await packwright(install, { cwd })).code, 0);
    const before = paths(cwd);
    const child = await holder(cwd);
    try {
      for (const args of [[...install, "--force", "--no-wait"], ["uninstall", "pack-3", "--no-wait"], ["install", "--rollback", "--no-wait"]]) {
        const { code, stderr, stdout } = await packwright(args, { cwd });
        assert.equal(code, 10, stderr);
        assert.match(stderr, /^error\[locked\]: /);
        assert.ok(stderr.includes(`process ${child.pid} on this machine`), stderr);
        assert.equal(stdout, "");
      }
      assert.deepEqual(paths(cwd).filter((path) => !path.startsWith(`${state}/lock.`)), before);
    } finally {
      await child.kill();
    }
    assert.equal((await packwright([...install, "--force", "--no-wait"], { cwd })).code, 0, "the dead one is in nobody's way");
  });
});
