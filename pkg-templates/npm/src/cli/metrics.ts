/** `--metrics FILE`: writes what was counted, at the end of a command and also if that failed. */
import { access, constants, rename, rm, writeFile } from "node:fs/promises";
import { dirname, extname } from "node:path";
import { diagnostic, failed, PackwrightError, reason } from "../error.js";
import { type MetricsSnapshot, openMetrics, type Packwright } from "../index.node.js";

/** Does the work of a command, and has what was counted in a file afterwards, if there is one to write. */
export async function metered(file: string | undefined, pw: Packwright, work: () => Promise<void>): Promise<void> {
  if (file === undefined) return work();
  // Better now than when everything is done.
  await access(dirname(file), constants.W_OK).catch((thrown: unknown) => {
    throw unwritable(file, thrown);
  });
  const undone = await failureOf(work());
  const unwritten = await failureOf(write(file, pw.metrics.snapshot()));
  if (undone instanceof PackwrightError && unwritten instanceof PackwrightError) {
    throw failed([...undone.diagnostics, ...unwritten.diagnostics]);
  }
  const failure = undone ?? unwritten;
  if (failure !== undefined) throw failure;
}

async function failureOf(work: Promise<void>): Promise<unknown> {
  return work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
}

/** Whoever reads the file while it is written anew has the old one or the new one. */
async function write(file: string, snapshot: MetricsSnapshot): Promise<void> {
  const text = extname(file) === ".json" ? `${JSON.stringify(snapshot, null, 2)}\n` : openMetrics(snapshot);
  const fresh = `${file}.${process.pid}.new`;
  try {
    await writeFile(fresh, text, { flag: "wx" });
    await rename(fresh, file);
  } catch (thrown) {
    await rm(fresh, { force: true });
    throw unwritable(file, thrown);
  }
}

function unwritable(file: string, thrown: unknown): PackwrightError {
  const error = diagnostic("storage", 10, `the metrics could not be written to \`${file}\``, [reason(thrown)]);
  return new PackwrightError([{ ...error, subject: file }]);
}
