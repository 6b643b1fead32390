/** `compose`: makes one pack of several, shows it with what its packs disagree about, and writes it. */
import { cancelled, usage } from "../error.js";
import type { Composite, Written } from "../index.node.js";
import { compositionOf, pairsOf } from "./answers.js";
import { drawnAllDiffs } from "./diff.js";
import { tally } from "./plan.js";
import { opened, type Run, selectionOf } from "./run.js";

export async function compose(run: Run): Promise<void> {
  const { flags, terminal, signal } = run;
  const { output: directory, force } = flags;
  if (directory === undefined) throw usage("it is not said where the new pack goes", "name its directory: `--output DIR`");
  const composite = await composed(run, directory);
  const attended = terminal.attended && !flags.yes && !flags["dry-run"];
  if (attended) terminal.print(preview(run, composite));
  terminal.report(composite.warnings);
  if (flags["dry-run"]) {
    return report(run, composite, directory, null, () => [...preview(run, composite), "", `Nothing was written: ${tally(composite.plan)}`]);
  }
  if (attended && !(await agreed(run, composite, directory))) throw cancelled();
  const settings = { force, wait: !flags["no-wait"], signal };
  const written = await terminal.watch((onProgress) => composite.write(directory, { ...settings, onProgress }));
  terminal.report(written.warnings);
  report(run, composite, directory, written, () => summary(run, composite, directory, written));
}

async function composed(run: Run, directory: string): Promise<Composite> {
  const { operands, flags, terminal, signal } = run;
  const { with: members, prereleases, overrides, strategy } = selectionOf(flags);
  const options = {
    ...{ packs: operands, with: members, prereleases, overrides, strategy },
    ...(await compositionOf(flags)),
    ...{ name: flags.name, version: flags["pack-version"], answers: Object.fromEntries(pairsOf(flags.var)), directory, signal },
  };
  const pw = await opened(run);
  return terminal.watch((onProgress) => pw.compose({ ...options, onProgress }));
}

/** The manifest, and how it differs from one that stands there. */
function preview({ terminal }: Run, { manifest, plan, files, isTried }: Composite): string[] {
  const [operation] = plan.operations;
  const differs = operation !== undefined && operation.action !== "create" && operation.action !== "unchanged";
  return [
    ...manifest.trimEnd().split("\n"),
    ...(differs ? drawnAllDiffs(plan, files, terminal.paint) : []),
    ...(isTried ? [] : ["", "The packs were not tried together, as answers are missing: give them with `--var`"]),
  ];
}

/** Whether the person wants it written. Where a file would be lost there is nothing to ask: writing says so. */
async function agreed({ flags, signal }: Run, { plan }: Composite, directory: string): Promise<boolean> {
  const actions = plan.operations.map(({ action }) => action);
  if (actions.includes("unchanged") || (actions.includes("conflict") && !flags.force)) return true;
  const { confirm } = await import("./prompt.js");
  return confirm(`Write the pack to ${directory}?`, true, signal);
}

function summary({ flags }: Run, { packs }: Composite, directory: string, { written }: Written): string[] {
  const asked = packs.filter(({ requested, identity }) => requested || flags.with?.includes(identity)).map(({ identity, version }) => `${identity} ${version}`);
  return [written.length === 0 ? `Nothing to do: ${directory} is that pack already` : `Wrote a pack of ${asked.join(", ")} to ${directory}`];
}

function report({ terminal }: Run, composite: Composite, directory: string, written: Written | null, lines: () => string[]): void {
  const { packs, manifest, isTried, plan, warnings } = composite;
  const operations = plan.operations.map(({ offset: _, ...operation }) => operation);
  const told = [...warnings, ...(written?.warnings ?? [])];
  const outcome = { packs, manifest, isTried, plan: { ...plan, operations }, warnings: told };
  terminal.result({ directory, ...outcome, written: written?.written ?? null }, lines);
}
