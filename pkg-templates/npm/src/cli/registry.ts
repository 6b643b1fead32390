/** `registry build`: makes a static index from pack sources and writes it where there is nothing yet. */
import { mkdir, readdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { diagnostic, PackwrightError, reason } from "../error.js";
import { open } from "../index.node.js";
import type { Run } from "./run.js";
import { bytes, counted } from "./terminal.js";

export async function buildRegistry({ operands: [source = "", out = ""], terminal, signal }: Run): Promise<void> {
  const files = await (await open()).buildRegistry(source, { signal });
  await write(files, out);
  const listed = [...files].map(([path, content]) => ({ path, size: content.length }));
  const total = listed.reduce((sum, { size }) => sum + size, 0);
  terminal.result({ directory: out, files: listed }, () => [
    `Wrote a registry of ${counted(listed.length, "file")} (${bytes(total)}) to ${out}`,
  ]);
}

async function write(files: ReadonlyMap<string, Uint8Array>, out: string): Promise<void> {
  try {
    await mkdir(out, { recursive: true });
    if ((await readdir(out)).length > 0) throw taken(out);
    for (const [path, content] of files) {
      await mkdir(dirname(join(out, path)), { recursive: true });
      await writeFile(join(out, path), content, { flag: "wx" });
    }
  } catch (thrown) {
    if (thrown instanceof PackwrightError) throw thrown;
    throw new PackwrightError([diagnostic("storage", 10, `the registry could not be written to \`${out}\``, [reason(thrown)])]);
  }
}

function taken(out: string): PackwrightError {
  return new PackwrightError([
    diagnostic("file-conflict", 13, `\`${out}\` is not empty`, [], "name a directory that does not exist yet, or empty it first"),
  ]);
}
