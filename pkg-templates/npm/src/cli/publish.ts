/** `publish` and `yank`: what goes into a registry, and what is withdrawn from it. */
import { cancelled } from "../error.js";
import type { Packwright, PublishOptions } from "../index.node.js";
import type { Publication } from "../protocol.js";
import { opened, type Run } from "./run.js";
import { aligned, bytes, counted, type Terminal } from "./terminal.js";

export async function publish(run: Run): Promise<void> {
  const { operands: [directory = "."], flags, terminal, signal } = run;
  const { tag, access } = flags;
  const pw = await opened(run, directory);
  const options = { tag, access, signal };
  if (terminal.attended && !flags.yes && !flags["dry-run"]) await consent(pw, directory, options, terminal);
  const publication = await pw.publish(directory, { ...options, dryRun: flags["dry-run"] });
  terminal.report(publication.warnings);
  terminal.result({ publication }, () =>
    publication.written
      ? [`Published ${described(publication)}`]
      : [...contents(publication), "", `Nothing was published; this would be ${described(publication)}`],
  );
}

export async function yank(run: Run): Promise<void> {
  const { operands: [pack = ""], flags, terminal, signal } = run;
  const result = await (await opened(run)).yank(pack, { undo: flags.undo, reason: flags.reason, signal });
  const { name, version, registry, yanked, changed } = result;
  const state = `${yanked ? "withdrawn" : "available"} in ${registry}`;
  terminal.result(result, () => [
    changed ? `${name}@${version} is ${state} from now on` : `Nothing to do: ${name}@${version} was ${state} already`,
  ]);
}

/** What was published stays, so a person sees it first. */
async function consent(pw: Packwright, directory: string, options: PublishOptions, terminal: Terminal): Promise<void> {
  const { confirm } = await import("./prompt.js");
  const publication = await pw.publish(directory, { ...options, dryRun: true });
  terminal.print([...contents(publication), ""]);
  if (!(await confirm(`Publish ${described(publication)}?`, true, options.signal ?? new AbortController().signal))) throw cancelled();
}

function contents({ files }: Publication): string[] {
  return aligned(files.map(({ mode, size, path }) => [mode, bytes(size), path]));
}

function described({ name, version, registry, tag, files, size, unpacked }: Publication): string {
  const tagged = tag === null ? "" : ` as ${tag}`;
  return `${name} ${version} to ${registry}${tagged}: ${counted(files.length, "file")}, ${bytes(unpacked)}, packed ${bytes(size)}`;
}
