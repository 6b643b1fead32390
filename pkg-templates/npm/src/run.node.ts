/** Runs a line in the system's shell and says how it ended. What it prints is told as it comes; there is nothing for it to read. */
import { type ChildProcess, spawn } from "node:child_process";
import type { Context } from "./host.js";

/** How long a command may take to end after it was asked to. Milliseconds. */
const GRACE = 5000;

/**
 * How long what was printed may take to arrive after the end. What goes on in the background keeps its output open for ever. Milliseconds.
 */
const LAST_WORDS = 100;

/** Runs `command` in a directory. Gives its exit code; `null` if a signal ended it, such as when `signal` aborts. */
export function run(command: string, directory: string, { signal, progress }: Context): Promise<number | null> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return resolve(null);
    const child = spawn(command, { cwd: directory, shell: true, stdio: ["ignore", "pipe", "pipe"], env: environment(), ...OWN_GROUP });
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (text: string) => progress?.({ type: "output", text }));
    }
    const stop = (): void => end(child);
    signal.addEventListener("abort", stop);
    const settle = (code: number | null): void => {
      signal.removeEventListener("abort", stop);
      child.stdout.destroy();
      child.stderr.destroy();
      resolve(code);
    };
    child.once("error", (error) => {
      signal.removeEventListener("abort", stop);
      reject(error);
    });
    child.once("exit", (code) => {
      const late = setTimeout(() => settle(code), LAST_WORDS);
      child.once("close", () => {
        clearTimeout(late);
        settle(code);
      });
    });
  });
}

/** A shell does not hand signals on to what it runs, so all of it is a group, and that gets them. */
const OWN_GROUP = { detached: process.platform !== "win32" };

function end(child: ChildProcess): void {
  kill(child, "SIGTERM");
  const late = setTimeout(() => kill(child, "SIGKILL"), GRACE);
  child.once("exit", () => clearTimeout(late));
}

function kill(child: ChildProcess, signal: NodeJS.Signals): void {
  if (!OWN_GROUP.detached || child.pid === undefined) {
    child.kill(signal);
    return;
  }
  try {
    process.kill(-child.pid, signal);
  } catch {
    // It ended by itself.
    return;
  }
}

/** All but what is for registries alone. */
function environment(): NodeJS.ProcessEnv {
  const { PACKWRIGHT_TOKENS: _, ...others } = process.env;
  return others;
}
