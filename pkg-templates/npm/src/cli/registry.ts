/** `registry build` and `registry check`: static indexes as files. The core makes and judges them. */
import { mkdir, readdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { diagnostic, PackwrightError, reason } from "../error.js";
import { configured, open } from "../index.node.js";
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

export async function checkRegistry({ operands: [location = ""], terminal, signal }: Run): Promise<void> {
  const { options, registries, warnings } = await configured({ registries: [location] });
  terminal.report(warnings);
  const id = registries.find(({ from }) => from === "--registry")?.id ?? "default";
  // What is cached is not what is there.
  const checked = await (await open({ ...options, cache: false })).checkRegistry(id, { signal });
  const { packs, versions, bytes: size, problems } = checked;
  terminal.report(problems);
  const errors = problems.filter(({ severity }) => severity === "error");
  const found = errors.length === 0 ? "all is as it should be" : counted(errors.length, "problem");
  terminal.result({ location, ...checked }, () => [
    `Checked ${counted(packs, "pack")} in ${counted(versions, "version")} (${bytes(size)}): ${found}`,
  ]);
  process.exitCode = errors[0]?.exitCode ?? 0;
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
