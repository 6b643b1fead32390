// Somebody at a computer of their own: a home with configuration and cache, a directory to work in, and the packed command line.
import assert from "node:assert/strict";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { filesOf, packwright, scratch, timestamp } from "../package/installed.mjs";

/** `config` is the text of their own packwright.toml, `npmrc` of their .npmrc; `project` has the texts of both in the directory they work in. */
export function person({ config, npmrc, project = {} } = {}) {
  const home = scratch("home");
  const cwd = join(home, "work");
  const cache = join(home, ".cache/packwright");
  mkdirSync(cwd);
  const put = (path, text) => {
    if (text === undefined) return;
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  };
  put(join(home, ".config/packwright/packwright.toml"), config);
  put(join(home, ".npmrc"), npmrc);
  put(join(cwd, "packwright.toml"), project.config);
  put(join(cwd, ".npmrc"), project.npmrc);
  const given = filesOf(cwd);
  const nothing = { PACKWRIGHT_CACHE: "", PACKWRIGHT_TOKENS: "", PACKWRIGHT_CONFIG: "", PACKWRIGHT_REGISTRY: "" };
  const places = { HOME: home, XDG_CONFIG_HOME: join(home, ".config"), XDG_CACHE_HOME: join(home, ".cache"), npm_config_userconfig: join(home, ".npmrc") };
  const own = { ...nothing, ...places };

  const run = (args, { env, ...options } = {}) => packwright(args, { cwd, ...options, env: { ...own, ...env } });

  /** Runs a command with `--json` that goes well, and gives its document. */
  const json = async (args, options) => {
    const { code, stdout, stderr } = await run([...args, "--json"], options);
    assert.equal(code, 0, `packwright ${args.join(" ")}\n${stdout}${stderr}`);
    return JSON.parse(stdout);
  };

  /** Runs a command that fails with this exit code and error code and says all these words; gives what it said, but for any waits. */
  const fails = async (args, exit, code, words = [], options = {}) => {
    const { code: status, stdout, stderr: all } = await run(args, options);
    const stderr = all.replace(/^(Trying again in \d+\.\d s, .*\n)+/, "");
    const said = `packwright ${args.join(" ")}\n${stdout}${stderr}`;
    assert.ok(stderr.startsWith(`error[${code}]: `), said);
    assert.equal(status, exit, said);
    assert.equal(stdout, "");
    for (const word of words) assert.ok(stderr.includes(word), `"${word}" is not in:\n${said}`);
    return stderr;
  };

  return {
    home,
    /** What makes a process theirs. */
    env: own,
    cwd,
    cache,
    run,
    json,
    fails,
    /** Makes a project of packs in `demo`, and gives the document about it. */
    generate: (packs, options = []) => json(["generate", ...packs, "--name", "demo", "--yes", "--timestamp", timestamp, ...options]),
    /** What was written where they work, by path. */
    written: () => new Map([...filesOf(cwd)].filter(([path, content]) => !given.get(path)?.equals(content)).map(([path, content]) => [path, content.toString()])),
    put: (path, text) => put(join(cwd, path), text),
    /** Every byte in their cache, to look for what should not be in it. */
    cached: () => (existsSync(cache) ? [...filesOf(cache)].map(([path, content]) => `${path}\n${content.toString("latin1")}`).join("\n") : ""),
  };
}
