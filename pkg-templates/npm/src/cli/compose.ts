/** `compose`: makes one pack of several, shows it with what its packs disagree about, and writes it. */
import { basename, join, resolve } from "node:path";
import { cancelled, failed, usage } from "../error.js";
import type { Composite, Written } from "../index.node.js";
import { compositionOf, pairsOf } from "./answers.js";
import { drawnAllDiffs } from "./diff.js";
import { tally } from "./plan.js";
import { configuration, opened, type Run, selectionOf } from "./run.js";
import { counted, quoted } from "./terminal.js";
import { undoOf } from "./undo.js";

export async function compose(run: Run): Promise<void> {
  const { flags, terminal, signal } = run;
  const { output: directory, force } = flags;
  if (directory === undefined) throw usage("it is not said where the new pack goes", "name its directory: `--output DIR`");
  const composite = await composed(run, directory);
  const attended = terminal.attended && !flags.yes && !flags["dry-run"];
  const { problems } = composite;
  if (attended) terminal.print(preview(run, composite));
  terminal.report(composite.warnings);
  if (attended || flags["dry-run"] || flags["keep-going"]) terminal.report(problems);
  process.exitCode = problems[0]?.exitCode ?? 0;
  if (flags["dry-run"]) {
    return report(run, composite, directory, null, () => [...preview(run, composite), "", `Nothing was written: ${tally(composite.plan)}`]);
  }
  if (attended && !(await agreed(run, composite, directory))) throw cancelled();
  if (!attended && problems.length > 0 && !flags["keep-going"]) {
    terminal.keep(documentOf(composite, directory, null));
    terminal.note("Nothing was written, as no project can be made from this pack with its defaults; `--keep-going` writes it all the same");
    throw failed(problems);
  }
  const settings = { force, wait: !flags["no-wait"], signal };
  const written = await terminal.watch((onProgress) => composite.write(directory, { ...settings, onProgress }));
  terminal.report(written.warnings);
  const lines = [...summary(run, composite, directory, written), ...(await nextSteps(run, composite, directory))];
  report(run, composite, directory, written, () => lines);
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
async function agreed({ flags, signal }: Run, { plan, problems }: Composite, directory: string): Promise<boolean> {
  const actions = plan.operations.map(({ action }) => action);
  if (actions.includes("unchanged") || (actions.includes("conflict") && !flags.force)) return true;
  const { confirm } = await import("./prompt.js");
  if (problems.length === 0) return confirm(`Write the pack to ${directory}?`, true, signal);
  const question = `Write the pack to ${directory}, though no project can be made from it with its defaults (${counted(problems.length, "problem")})?`;
  return confirm(question, flags["keep-going"] ?? false, signal);
}

function summary({ flags }: Run, { packs }: Composite, directory: string, { written }: Written): string[] {
  const asked = packs.filter(({ requested, identity }) => requested || flags.with?.includes(identity)).map(({ identity, version }) => `${identity} ${version}`);
  if (written.length === 0) return [`Nothing to do: ${directory} is that pack already`];
  return [`Wrote a pack of ${asked.join(", ")} to ${directory}; \`${undoOf(directory)}\` takes it back`];
}

/** How to make a project from the new pack, where it is now. */
async function nextSteps({ flags }: Run, { packs, problems }: Composite, directory: string): Promise<string[]> {
  if (problems.length > 0) return ["No project can be made from it with its defaults yet: see to what is wrong first, with other answers or rules"];
  const name = flags.name ?? basename(resolve(directory));
  const { registries } = await configuration(flags);
  const shelf = shelfOf(name, directory);
  if (shelf === undefined) return [`To make a project from it, call its directory \`${name}\``];
  const given = (flags.registry ?? []).flatMap((location) => ["--registry", location]);
  const generate = (more: readonly string[]): string[] => {
    const words = ["packwright", "generate", name, "--name", "NAME", ...given, ...more];
    return [`\`${words.map(quoted).join(" ")}\` makes a project from it`];
  };
  const [scope] = name.startsWith("@") ? name.split("/") : [];
  const isThere = registries.some(({ location, scopes }) => location === resolve(shelf) && (scopes?.includes(scope ?? "") ?? true));
  if (isThere) return generate([]);
  if (scope !== undefined) return generate(["--registry", `${scope}=${shelf}`]);
  // Packs without a scope come from one registry, which then is not that of those the new one needs.
  if (packs.every(({ identity }) => identity.startsWith("@"))) return generate(["--registry", shelf]);
  const scoped = `@acme/${name}`;
  return [`To make a project from it, put it among the packs it needs, or give it a scope: \`--output packs/${scoped} --name ${scoped}\``];
}

/** The directory of packs that the directory of this one is in; nothing if it is not called as the pack is. */
function shelfOf(name: string, directory: string): string | undefined {
  const parts = name.split("/");
  const shelf = join(directory, ...parts.map(() => ".."));
  return resolve(shelf, ...parts) === resolve(directory) ? shelf : undefined;
}

function report({ terminal }: Run, composite: Composite, directory: string, written: Written | null, lines: () => string[]): void {
  terminal.result(documentOf(composite, directory, written), lines);
}

function documentOf(composite: Composite, directory: string, written: Written | null): object {
  const { packs, manifest, isTried, plan, problems, warnings } = composite;
  const operations = plan.operations.map(({ offset: _, ...operation }) => operation);
  const told = [...warnings, ...(written?.warnings ?? [])];
  const outcome = { packs, manifest, isTried, plan: { ...plan, operations }, problems, warnings: told };
  return { directory, ...outcome, written: written?.written ?? null };
}
