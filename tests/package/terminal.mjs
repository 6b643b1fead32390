// Runs a command on a pseudo terminal and talks to it as a person would. Needs `script` of util-linux, which Debian always has.
import { spawn, spawnSync } from "node:child_process";

/** Why there is no pseudo terminal here, or `false`. */
export const noTerminal =
  process.platform !== "linux" || spawnSync("script", ["--version"]).status !== 0
    ? "needs `script` of util-linux for a pseudo terminal"
    : false;

export const keys = { enter: "\r", down: "\x1b[B", space: " ", interrupt: "\x03", end: "\x04", erase: "\x7f", back: "\x1b[Z" };

/**
 * Starts a command.
 *
 * `see(text)` waits until the text was printed after what was seen before, `type(keys)` types, `end()` gives the exit code.
 */
export function converse(command, args, { cwd, env = {} }) {
  const line = [command, ...args].map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(" ");
  const child = spawn("script", ["--quiet", "--flush", "--return", "--command", `stty rows 50 cols 200; exec ${line}`, "/dev/null"], {
    cwd,
    env: { ...process.env, TERM: "xterm", CI: undefined, FORCE_COLOR: undefined, ...env },
  });
  let output = "";
  let seen = 0;
  let look = () => {};
  child.stdout.setEncoding("utf8").on("data", (text) => {
    output += text;
    look();
  });
  const exit = new Promise((resolve) => child.on("close", (code) => resolve(code)));

  const see = (text, seconds = 10) =>
    new Promise((resolve, reject) => {
      const late = setTimeout(() => {
        child.kill();
        reject(new Error(`"${text}" did not appear after:\n${output}`));
      }, seconds * 1000);
      look = () => {
        const at = plain(output).indexOf(text, seen);
        if (at === -1) return;
        seen = at + text.length;
        clearTimeout(late);
        look = () => {};
        resolve();
      };
      look();
      exit.then(() => look());
    });

  return {
    see,
    type: (text) => child.stdin.write(text),
    end: async () => {
      const code = await exit;
      return { code, output, text: plain(output) };
    },
  };
}

/** Without colours and cursor movements. */
export function plain(text) {
  return text.replaceAll(/\x1b\[[0-9;?]*[A-Za-z]/g, "").replaceAll("\r\n", "\n");
}
