/** `install` and `uninstall`: show what is about to happen, ask, and report. What has to happen is the core's business. */
import { cancelled, usage } from "../error.js";
import type { InstallOptions, Packwright } from "../index.node.js";
import type { HookPolicy, Installation } from "../protocol.js";
import { drawnChanges } from "./changes.js";
import { drawnHooks, drawnInstallation, intentOf, summaryOf, tallyOf } from "./installation.js";
import { metered } from "./metrics.js";
import { type Place, placeOf, shownOf } from "./place.js";
import { recover, recovered, recoveredLines, recovery } from "./recover.js";
import { hooksOf, opened, type Run, selectionOf } from "./run.js";
import { counted } from "./terminal.js";

export async function install(run: Run): Promise<void> {
  const { operands, flags } = run;
  const place = placeOf(flags);
  const how = recovery(flags);
  if (how === "roll-back" || (how === "resume" && operands.length === 0)) return recover(run, place.directory);
  const policy = hooksOf(flags);
  const pw = await opened(run, place.directory);
  await metered(flags.metrics, pw, () => installNow(pw, run, place, policy));
}

async function installNow(pw: Packwright, run: Run, place: Place, policy: HookPolicy | undefined): Promise<void> {
  const { operands, flags, terminal, signal } = run;
  const { directory, into } = place;
  const ended = recovery(flags) === undefined ? undefined : await recovered(pw, run, directory);
  if (ended !== undefined) terminal.print(recoveredLines(ended, directory));
  const settings = { into, alone: flags["no-dependencies"], force: flags.force, wait: !flags["no-wait"] };
  const options = { packs: operands, ...selectionOf(flags), ...settings, directory, signal };
  const attended = terminal.attended && !flags.yes && !flags["dry-run"];
  const hooks = (attended ? await consented(pw, run, options, place, policy) : policy) ?? "refuse";
  const dryRun = flags["dry-run"] ?? false;
  const installation = await terminal.watch((onProgress) => pw.install({ ...options, hooks, dryRun, onProgress }));
  terminal.report(installation.warnings);
  const document = { directory, ...(ended === undefined ? {} : { recovered: ended }), installation };
  // A person has seen the changes before consenting to them.
  const changes = attended ? [] : drawnChanges(installation.changes, terminal.paint);
  terminal.result(document, () =>
    dryRun
      ? [...drawnInstallation(installation, terminal), ...changes, "", `Nothing was written: ${tallyOf(installation)}`]
      : [...done(installation, hooks, place), ...changes],
  );
}

function done(installation: Installation, policy: HookPolicy, place: Place): string[] {
  const { hooks, into } = installation;
  const shown = shownOf(place, into);
  const ran = policy === "run" && hooks.length > 0 ? [`Ran ${counted(hooks.length, "command")}`] : [];
  const lines = [...summaryOf(installation, shown), ...ran];
  const left = policy === "skip" ? drawnHooks("Commands that were left out (`packwright install --trust` runs them):", hooks) : [];
  return [...(lines.length === 0 ? [`Nothing to do: ${shown} is as it should be`] : lines), ...left];
}

/** Shows a person what would be done and asks for it; says what then becomes of the commands that packs want to have run. */
async function consented(
  pw: Packwright,
  { terminal, signal }: Run,
  options: InstallOptions,
  place: Place,
  policy: HookPolicy | undefined,
): Promise<HookPolicy | undefined> {
  const preview = await terminal.watch((onProgress) => pw.install({ ...options, hooks: policy, dryRun: true, onProgress }));
  const intent = intentOf(preview, shownOf(place, preview.into));
  const nothing = intent === "" && preview.hooks.length === 0;
  // Files that run by themselves are not installed without consent to everything, and the command says so.
  if (nothing || (policy === "skip" && preview.runsOnOpen.length > 0)) return policy;
  terminal.print(["", ...drawnInstallation(preview, terminal), ...drawnChanges(preview.changes, terminal.paint), ""]);
  return answered(preview, intent, policy, signal);
}

/** What a person answers to what would be done: to what runs by itself there is one question, as one yes stands for all of it. */
async function answered(
  { hooks, runsOnOpen }: Installation,
  intent: string,
  policy: HookPolicy | undefined,
  signal: AbortSignal,
): Promise<HookPolicy | undefined> {
  const { confirm } = await import("./prompt.js");
  const commands = `run the ${counted(hooks.length, "command")} above`;
  const risky = policy === undefined && runsOnOpen.length > 0;
  if (risky) {
    const warning = `${intent}, of which ${runsOnOpen.join(", ")} will run by itself when the folder is opened`;
    if (!(await confirm(question(hooks.length === 0 ? warning : `${warning}, and ${commands}`), false, signal))) throw cancelled();
    return "run";
  }
  if (intent !== "" && !(await confirm(question(intent), true, signal))) throw cancelled();
  if (policy !== undefined || hooks.length === 0) return policy;
  return (await confirm(question(`${commands} when everything is installed`), false, signal)) ? "run" : "skip";
}

function question(intent: string): string {
  return `${intent.charAt(0).toUpperCase()}${intent.slice(1)}?`;
}

export async function uninstall(run: Run): Promise<void> {
  const { operands, flags, terminal, signal } = run;
  const place = placeOf(flags);
  const { directory } = place;
  if (recovery(flags) !== undefined) return recover(run, directory);
  if (operands.length === 0) {
    throw usage("PACK is missing: the name of a pack that is installed", "`packwright list --installed` lists them");
  }
  const pw = await opened(run, directory);
  const options = { directory, force: flags.force, dryRun: flags["dry-run"], wait: !flags["no-wait"], signal };
  const installation = await terminal.watch((onProgress) => pw.uninstall(operands, { ...options, onProgress }));
  terminal.report(installation.warnings);
  terminal.result({ directory, installation }, () => {
    const changes = drawnChanges(installation.changes, terminal.paint);
    const lines = summaryOf(installation, shownOf(place, installation.into));
    if (!flags["dry-run"]) return [...(lines.length === 0 ? [`Nothing was installed of that in ${directory}`] : lines), ...changes];
    return [...drawnInstallation(installation, terminal), ...changes, "", `Nothing was removed: ${tallyOf(installation)}`];
  });
}
