// The types that cross to the core. Generated from src/session/protocol.rs by its tests.

/** Who may read a scoped package. */
export type Access = "public" | "restricted";

/** What happens to a path. */
export type Action = "create" | "change" | "unchanged" | "merge" | "overwrite" | "skip" | "conflict";

/** A checked answer. */
export type Answer = boolean | number | string | Array<Answer>;

/** What a host can do. */
export type Capabilities = {
/** It can rename files within a root. Needed to write. */
rename: boolean,
/** Its files have modes. */
modes: boolean,
/** It answers requests to the cache. */
cache: boolean,
/** It hands over redirects; otherwise it follows them itself. */
redirects: boolean,
/** What it fetches comes through a cache of its own that revalidates, as in browsers. */
httpCache: boolean,
/** It can keep other processes out. */
lock: boolean,
/** It can wait until what was written would survive a power failure. */
sync: boolean,
/** It knows how much room there is. */
space: boolean,
/** It can run commands. */
run: boolean, };

/** The shelf a pack stands on. */
export type Category = "web" | "cli" | "ml" | "data" | "devops" | "mobile" | "desktop" | "game" | "embedded" | "library" | "other";

/** How something that is needed differs from what is locked. */
export type Change = {
/** A pack's name; for a package `REGISTRY:NAME`. */
identity: string,
/** The locked version; none: it is new. */
from: string | null,
/** The version now; none: it is no longer needed. */
to: string | null, };

/** The stable code of a [`Diagnostic`]. Its family decides the exit code of a command. */
export type Code = "pack-not-found" | "file-not-found" | "unpinned-package" | "render-failed" | "cycle" | "conflict" | "too-hard" | "deprecated" | "install-failed" | "partial-install" | "missing-variable" | "network" | "unauthorized" | "not-cached" | "bad-response" | "locked" | "storage" | "invalid-name" | "invalid-version" | "invalid-constraint" | "invalid-path" | "invalid-manifest" | "invalid-answer" | "invalid-lockfile" | "invalid-registry" | "invalid-archive" | "unsupported-format" | "invalid-input" | "needs-consent" | "file-conflict" | "path-conflict" | "already-published" | "out-of-date" | "usage" | "internal" | "cancelled";

/** What to do. */
export type Command = { "type": "list" } | { "type": "show",
/** `NAME` or `NAME@CONSTRAINT`. */
pack: string, } | { "type": "questions" } & Generation | { "type": "generate" } & Generation | { "type": "compose" } & Composing | { "type": "dependencies",
/** How to show it. */
view: View,
/** `NAME` or `NAME@CONSTRAINT` each; none: what the target's lockfile asks for. */
packs: Array<string>,
/** Which of `packs` may be pre-releases although their constraint names none. */
prereleases: Array<string>,
/** Optional dependencies and packages that join. */
with: Array<string>,
/**
 * `NAME@CONSTRAINT` each, for a package `REGISTRY:NAME@CONSTRAINT`: stands in for every other
 * constraint on that name.
 */
overrides: Array<string>,
/** Which of several versions is best. */
strategy: Strategy,
/** Whether to go by the lockfile of the root `target`. */
target: boolean,
/** What is locked and may move all the same: names, for a package `REGISTRY:NAME`. */
update: Array<string>,
/** Whether to fail unless what is locked is exactly what is needed. */
locked: boolean, } | { "type": "apply",
/** The plan of a generation. */
plan: Plan,
/** The content beside it. */
contents: Uint8Array,
/** Replace files that stand in the way. */
force: boolean,
/** Write files that run when the directory is opened. */
trust: boolean,
/** Wait for another process that writes there, in place of failing. */
wait: boolean, } | { "type": "run-hooks",
/** Those of its plan. */
hooks: Array<Hook>, } | { "type": "install" } & Install | { "type": "uninstall" } & Uninstall | { "type": "installed" } | { "type": "outdated" } | { "type": "recover",
/** In which way. */
how: Recovery,
/** Wait for another process that writes there, in place of failing. */
wait: boolean, } | { "type": "undo" } & Undo | { "type": "validate" } & Validate | { "type": "build-registry" } | { "type": "publish" } & Publish | { "type": "yank" } & Yank | { "type": "check-registry",
/** The id of the registry. */
registry: string, };

/** Packs that are to be one. */
export type Composing = {
/** The name of the new pack. */
name: string,
/** Its version; `0.1.0` if left out. */
version: string | null,
/** What it gives, one line; else its packs. */
description: string | null,
/** Answers to try it with. Without those that are required it is not tried. */
answers: Record<string, unknown>,
/** How files of the packs join. */
composition: Composition,
/** The same in a file; what stands in `composition` comes before it. */
rulesFile: TextFile | null,
/** Whether it is to be compared with what stands in the root `target`. */
compared: boolean,
/** `NAME` or `NAME@CONSTRAINT` each; none: what the target's lockfile asks for. */
packs: Array<string>,
/** Which of `packs` may be pre-releases although their constraint names none. */
prereleases: Array<string>,
/** Optional dependencies and packages that join. */
with: Array<string>,
/**
 * `NAME@CONSTRAINT` each, for a package `REGISTRY:NAME@CONSTRAINT`: stands in for every other
 * constraint on that name.
 */
overrides: Array<string>,
/** Which of several versions is best. */
strategy: Strategy,
/** Whether to go by the lockfile of the root `target`. */
target: boolean,
/** What is locked and may move all the same: names, for a package `REGISTRY:NAME`. */
update: Array<string>,
/** Whether to fail unless what is locked is exactly what is needed. */
locked: boolean, };

/** A pack that needs others and says how their files join. */
export type Composite = {
/** The packs it was made for, in install order. */
packs: Array<Resolved>,
/** The text of its `pack.toml`. */
manifest: string,
/** Whether everything required was answered, so that the packs were tried together. */
isTried: boolean,
/** What writing it would do. */
plan: Plan,
/** Why no project can be made from it with these answers: what failed, and what its packs disagree about. */
problems: Array<Diagnostic>,
/** What the user should know. */
warnings: Array<Diagnostic>, };

/** How files of several packs join. */
export type Composition = {
/** What happens to paths that no rule and no template speaks of. */
strategy?: CompositionStrategy,
/** The first rule about a path decides. */
rules?: Array<Rule>, };

/** What happens to paths that no rule and no template speaks of. */
export type CompositionStrategy = "merge" | "layer" | "rules";

/** A file with configuration. */
export type ConfigFile = {
/** Where it is, as it is shown. */
place: string,
/** Which of the files it is. */
kind: FileKind,
/** Its text. In the user's `.npmrc` references to the environment have been replaced. */
text: string, };

/** What was configured. */
export type Configuration = {
/** The registries, by id. Perhaps none has the packs that no other claims. */
registries: Array<ConfiguredRegistry>,
/** How the network and the cache are used. */
settings: Settings,
/** What the user should know. */
warnings: Array<Diagnostic>, };

/** Everything configuration is made from. */
export type ConfigureInput = {
/** The files there are, in any order, one of each kind. */
files: Array<ConfigFile>,
/**
 * The values of `--registry`: `LOCATION`, `ID=LOCATION` or `@SCOPE=LOCATION` each. The first
 * without a scope has the packs that no other claims, further ones have packages only.
 */
flags: Array<string>,
/** What the environment has in place of flags, in the same form. */
registry: string | null,
/** `ADDRESS=TOKEN` each, with white space between them: what the environment has. */
tokens: string | null, };

/** What came of configuring, as it crosses to JavaScript. */
export type Configured = { "ok": Configuration } | { "errors": Array<Diagnostic> };

/** Where a registry is. */
export type ConfiguredPlace = { "type": "url",
/** It. */
url: string, } | { "type": "directory",
/** As it was written. */
path: string,
/** The file it is relative to the directory of; nothing: the working directory. */
base: string | null, };

/** A registry as it was configured. */
export type ConfiguredRegistry = {
/** What lockfiles call it. */
id: RegistryId,
/** Where it is. */
location: ConfiguredPlace,
/**
 * The scopes whose packs belong to it; none at all: packages only; nothing: all that no other
 * registry claims.
 */
scopes: Array<Scope> | null,
/** The header `Authorization` for its origin. */
authorization: string | null,
/** Further origins its archives may come from. */
archives: Array<string>,
/** The file that says so, or `--registry` or `PACKWRIGHT_REGISTRY`. */
from: string, };

/** Why no versions satisfy everybody. */
export type Conflict = {
/**
 * The requirements that cannot all hold, the ones nearest to the user first. Without any one of
 * them there would be an answer, unless there are so many that looking for fewer was given up.
 */
facts: Array<Fact>,
/** What there is of everything that is required in the facts. */
supplies: Array<Supply>,
/**
 * How the conflict follows, causes before conclusions; the last is the conflict itself. Empty
 * when that takes more than 1,000 inferences, or very many versions.
 */
derivation: Array<Inference>,
/** Changes to what the user asks for that end the conflict: each was tried. */
fixes: Array<Fix>,
/** Whether no other change of a single pack the user asks for would end it. */
all_fixes: boolean, };

/** One side of a conflict. */
export type ConflictSide = {
/** Who gives it. */
origin: Origin,
/** The line in the source, from 1, if it is known. */
line: number | null,
/** What is there, its first line; none where it may hold a secret. */
text: string | null, };

/** A default as declared. */
export type Default = Answer | string;

/** What depends on what. */
export type Dependencies = {
/** The packs in install order: by level, then by name. */
packs: Array<Resolved>,
/** The packages by registry and name. */
packages: Array<Resolved>,
/** How that differs from the lockfile, if there is one. */
changes: Array<Change>,
/** Why the one that was asked about is there. */
reason: Reason | null,
/** The graph or the reason, as text. */
text: string,
/** What the user should know. */
warnings: Array<Diagnostic>, };

/** A pack that another one needs, or constrains if it is there. */
export type Dependency = {
/** Its name. */
name: PackName,
/** Which versions will do. */
constraint: string,
/** Whether it joins only when asked for. */
optional: boolean,
/** What it is good for. */
reason: string | null, };

/** One problem, complete: a host needs nothing else to show it well. */
export type Diagnostic = {
/** What kind of problem. */
code: Code,
/** Whether it ends the work. */
severity: Severity,
/** What happened and to what, one line. */
message: string,
/** Why, from the nearest cause to the farthest, a line each. */
causes: Array<string>,
/** What to try, with the exact command where there is one. */
suggestion: string | null,
/** The exit code of a command that ends with this problem first. */
exitCode: number,
/** Where it happened. */
location: Location | null,
/** The variable, pack, path or URL it is about. */
subject: string | null,
/** Lines to show as they are: source around the problem, or a diff. */
frame: string | null,
/**
 * The problem as data, for those who draw it: a `Conflict` with the code `conflict` or
 * `pack-not-found`, the edges of a ring with `cycle`, a `FileConflict` with `path-conflict`.
 */
details: Conflict | FileConflict | Array<RingEdge> | null, };

/** A requirement of one pack on another, or on a package. */
export type Edge = {
/** What is required; for a package `REGISTRY:NAME`. */
identity: string,
/** Which versions will do. */
constraint: string,
/** What was written, where an override stands in for it. */
overridden: string | null, };

/** An entry of a directory. */
export type Entry = {
/** Its name. */
name: string,
/** What it is. */
kind: EntryKind, };

/** What stands at a path. */
export type EntryKind = "absent" | "file" | "directory" | "link" | "other";

/** When a hook is offered. */
export type Event = "post-generate" | "post-install";

/** A requirement of the user, or of some versions of a pack. */
export type Fact = {
/** Who requires it; none: the user. */
dependent: string | null,
/** The versions of the dependent that require it, ascending, of those that could be chosen here. */
versions: Array<string>,
/** Whether those are all that could be chosen here. */
every: boolean,
/** What is required. */
target: string,
/** Which versions of it will do, by what each of `versions` says, without repetition. */
constraints: Array<string>,
/** Whether an override stands in for what was written. */
overridden: boolean,
/** Whether it only counts if the target is there for another reason. */
optional: boolean, };

/** A conflict as data: the details of a `path-conflict`. */
export type FileConflict = {
/** The path. */
path: RelPath,
/** The key path, region or line within the file; none: the files as a whole. */
key: string | null,
/** What there is, in install order. */
sides: Array<ConflictSide>, };

/** Which file configuration comes from. */
export type FileKind = "user-npmrc" | "project-npmrc" | "user" | "project";

/** A change to what the user asks for. */
export type Fix = { "type": "ask",
/** The pack. */
name: PackName,
/** Which versions. */
constraint: string, } | { "type": "leave-out",
/** The pack. */
name: PackName, } | { "type": "override",
/** What. */
identity: string,
/** The pre-release. */
constraint: string, };

/** What to generate. */
export type Generation = {
/** Answers by variable. Texts are read by the variable's type. */
answers: Record<string, unknown>,
/** More answers, weaker than `answers`. */
answersFile: TextFile | null,
/** Still weaker: answers from the environment, by variable in any case. What nobody asks for is ignored. */
environment: Record<string, string>,
/** The project's name if nothing else gives one. */
directoryName: string | null,
/** The time to record, in place of the lockfile's or the session's. */
timestamp: string | null,
/** Whether to fail unless the target is exactly what the packs give. */
check: boolean,
/** How files of several packs join, before what the packs say; else as the lockfile has it. */
composition: Composition | null,
/** The same in a file; what stands in `composition` comes before it. */
rulesFile: TextFile | null,
/** The one template to render, by its name. The plan then has its files and no lockfile. */
template: string | null,
/** Whether files that fail, or that packs disagree about, are left out in place of everything. */
keepGoing: boolean,
/** Whether the plan says where each line comes from. */
lines: boolean,
/** What becomes of files that stand there, differ and may be somebody's work. */
ifThere: IfThere,
/** The same for single paths. */
ifThereAt: Record<string, IfThere>,
/** `NAME` or `NAME@CONSTRAINT` each; none: what the target's lockfile asks for. */
packs: Array<string>,
/** Which of `packs` may be pre-releases although their constraint names none. */
prereleases: Array<string>,
/** Optional dependencies and packages that join. */
with: Array<string>,
/**
 * `NAME@CONSTRAINT` each, for a package `REGISTRY:NAME@CONSTRAINT`: stands in for every other
 * constraint on that name.
 */
overrides: Array<string>,
/** Which of several versions is best. */
strategy: Strategy,
/** Whether to go by the lockfile of the root `target`. */
target: boolean,
/** What is locked and may move all the same: names, for a package `REGISTRY:NAME`. */
update: Array<string>,
/** Whether to fail unless what is locked is exactly what is needed. */
locked: boolean, };

/** What to do about the golden generations of a pack. */
export type Golden = "ignore" | "compare" | "bless";

/** What a dependency graph is shown as. */
export type GraphFormat = "tree" | "mermaid" | "dot";

/** A command a pack would like to run. Shown, never run without trust. */
export type Hook = {
/** Who wants it. */
pack: PackName,
/** When. */
event: Event,
/** A line for the system's shell. */
command: string, };

/**
 * What to do about the commands that packs would like to run, and about files that run when the
 * directory is opened.
 */
export type HookPolicy = "refuse" | "run" | "skip";

/** Why a host could not do something. */
export type HostErrorKind = "not-found" | "exists" | "permission" | "no-space" | "read-only" | "too-large" | "network" | "timeout" | "unsupported" | "locked" | "other";

/** What caches between host and server may do: the words of `fetch`. */
export type HttpCache = "default" | "no-cache" | "reload";

/** What becomes of a file that stands where another is to go and differs, and may be somebody's work. */
export type IfThere = "refuse" | "skip" | "overwrite" | "merge";

/** A file of a static index. */
export type IndexFile = {
/** Its path below the index. */
path: string,
/** Where its content starts in the block beside the outcome. */
offset: number,
/** The bytes of its content. */
size: number, };

/** A step of a derivation: a fact, or what follows from two earlier ones. */
export type Inference = {
/** The fact it states, by its place. */
fact: number | null,
/** What it follows from, by their places. */
causes: Array<number>,
/** What cannot all be true at once. */
terms: Array<Term>, };

/**
 * What to install. Without packs it is what the lockfile of the root `target` says; packs that are
 * named join it.
 */
export type Install = {
/**
 * The directory in the target that packs and packages go into, the empty text for the target
 * itself. If nothing is given: `.packwright/packages`.
 */
into: string | null,
/** Install the packs that are named and nothing that they depend on. */
alone: boolean,
/** Unpack everything anew, and replace files that stand in the way. */
force: boolean,
/** What to do about hooks. */
hooks: HookPolicy,
/** Fetch and check everything, write nothing. */
dryRun: boolean,
/** Wait for another process that writes there, in place of failing. */
wait: boolean,
/** `NAME` or `NAME@CONSTRAINT` each; none: what the target's lockfile asks for. */
packs: Array<string>,
/** Which of `packs` may be pre-releases although their constraint names none. */
prereleases: Array<string>,
/** Optional dependencies and packages that join. */
with: Array<string>,
/**
 * `NAME@CONSTRAINT` each, for a package `REGISTRY:NAME@CONSTRAINT`: stands in for every other
 * constraint on that name.
 */
overrides: Array<string>,
/** Which of several versions is best. */
strategy: Strategy,
/** Whether to go by the lockfile of the root `target`. */
target: boolean,
/** What is locked and may move all the same: names, for a package `REGISTRY:NAME`. */
update: Array<string>,
/** Whether to fail unless what is locked is exactly what is needed. */
locked: boolean, };

/** What becomes of something that is or was installed. */
export type InstallAction = "add" | "replace" | "keep" | "remove";

/** A pack or package and what becomes of it. */
export type InstallItem = {
/** A pack's name; for a package `REGISTRY:NAME`. */
identity: string,
/** Its version. */
version: string,
/** The version that was installed before. */
from: string | null,
/** What becomes of it. */
action: InstallAction,
/** Its directory in the target. */
path: string,
/** How many files it has; of what goes, how many do. */
files: number,
/** The bytes of these files. */
bytes: number, };

/** What was or would be done to what is installed. */
export type Installation = {
/** The directory in the target that packs and packages go into, relative to it; empty for the target itself. */
into: string,
/** Everything that is or was installed here, in install order, what goes last. */
items: Array<InstallItem>,
/** How packs and packages differ from the lockfile, if there is one. */
changes: Array<Change>,
/** The hooks of what is installed anew, and those that did not run when it was, in install order. */
hooks: Array<Hook>,
/** The files that may run by themselves when somebody opens the directory. */
runsOnOpen: Array<string>,
/** The bytes of all files that are written. */
bytes: number,
/** The bytes of room that writing them takes. */
needed: number,
/** The bytes of room that there are, if the host knows. */
available: number | null,
/** Whether it was done, not only looked at. */
written: boolean,
/** What the user should know. */
warnings: Array<Diagnostic>, };

/** Something that is installed. */
export type InstalledItem = {
/** A pack's name; for a package `REGISTRY:NAME`. */
identity: string,
/** Its version. */
version: string,
/** The registry it came from. */
registry: RegistryId,
/** Its directory in the target. */
path: string,
/** How many files it has. */
files: number,
/** The bytes of its files. */
bytes: number,
/** Whether the user asked for it. */
requested: boolean,
/** Its files that are gone or have another size, by path. */
damaged: Array<string>, };

/** What the cache has for a key. */
export type Kept = {
/** The text about it. */
meta: string,
/** The bytes. */
body: Uint8Array, };

/** What a variable holds. */
export type Kind = "string" | "integer" | "boolean" | "path";

/** Where a line comes from. */
export type LineOrigin = {
/** The pack. */
pack: PackName,
/** The file in the pack. */
source: RelPath,
/** The line in that file, from 1. */
line: number, };

/** Lines of a file that follow one another in what they come from, too. */
export type Lines = {
/** How many there are. */
count: number,
/** Where the first of them comes from; none: it stood there before. */
from: LineOrigin | null,
/** What else has part in it, as in a list of one line that several packs add to; it is one line then. */
also: Array<LineOrigin>, };

/** How two lists of one key join. */
export type Lists = "union" | "append" | "replace" | "error" | { "by": string };

/** A place in a file. Lines and columns count from 1; columns count characters. */
export type Location = {
/** The pack the file belongs to, as `name@version`. */
pack: string | null,
/** The file, relative to its pack or project. */
file: string,
/** The line, if known. */
line: number | null,
/** The column, if known. */
column: number | null, };

/** How a file joins those of other packs with the same path. */
export type Merge = "deep" | "lines" | "sections" | "anchor" | "overwrite" | "skip" | "error";

/** The method of a request to a server. */
export type Method = "GET" | "PUT";

/** The mode of a file. No other bits ever reach a disk. */
export type Mode = "0644" | "0755";

/** How servers are talked to. */
export type Network = {
/** The time that the age of what is cached is reckoned from: milliseconds since 1970. */
now: number,
/** What is cached from before this time is revalidated, whatever its age. */
refreshBefore: number,
/** For how many seconds the cached entries of a registry are good without revalidation. */
freshSeconds: number,
/** For how many milliseconds nothing may arrive before a transfer has failed. */
idleMilliseconds: number,
/** Ask the cache only. */
offline: boolean,
/** Makes clients that failed together come back at different times. */
seed: number, };

/** One file of a plan. */
export type Operation = {
/** Where it goes. */
path: RelPath,
/** What happens there. */
action: Action,
/** The mode it gets. */
mode: Mode,
/** The mode of what stands there now, where it is known and another one. */
modeBefore: Mode | null,
/** Where it comes from, in install order; several if it was joined. The lockfile comes from nowhere. */
origins: Array<Origin>,
/** The packs that give this file as well, in place of whose this one stands. */
over: Array<PackName>,
/** Where its lines come from, all of them in order; empty for a copy of a file, and where nobody asked. */
lines: Array<Lines>,
/** The digest of its content. */
hash: string,
/** Where its content starts in the block beside the plan. */
offset: number,
/** The bytes of its content. */
size: number,
/** The digest of what stands there now. */
before: string | null,
/** From what stands there to what would, if both are texts of moderate size and hold no secret. */
diff: string | null,
/** Why it cannot be merged; none unless it is a conflict of two files, and where it can. */
unmergeable: Unmergeable | null,
/** Whether opening the directory in a common tool may run it. */
runsOnOpen: boolean,
/** Whether it holds the answer to a secret, so that its content is not for showing. */
secret: boolean, };

/** Where a file comes from. */
export type Origin = {
/** The pack. */
pack: PackName,
/** Its version. */
version: string,
/** The template in its manifest. */
template: string,
/** The file in the pack. */
source: RelPath, };

/** What a command gives. */
export type Outcome = { "type": "list",
/** One each. */
packs: Array<Summary>, } | { "type": "show",
/** Its particulars. */
pack: PackDetails, } | { "type": "questions",
/** The packs that ask, in install order. */
packs: Array<Resolved>,
/** The questions in the order to ask them. */
questions: Array<Question>, } | { "type": "dependencies",
/** The graph, and the text that was asked for. */
dependencies: Dependencies, } | { "type": "generate",
/** All of it but the content. */
project: Project, } | { "type": "compose",
/** All of it but the content. */
composite: Composite, } | { "type": "run-hooks",
/** Those that ran, in order. */
ran: Array<Hook>, } | { "type": "apply",
/** The paths written, in order. */
written: Array<string>,
/** How many files were as wanted already. */
unchanged: number,
/** What this host could not do for the safety of the files. */
warnings: Array<Diagnostic>, } | { "type": "install",
/** All of it. */
installation: Installation, } | { "type": "uninstall",
/** All of it. */
installation: Installation, } | { "type": "installed",
/** One each. */
items: Array<InstalledItem>, } | { "type": "outdated",
/** One each, whether there is something newer or not. */
items: Array<OutdatedItem>, } | { "type": "recover",
/** What had been interrupted; nothing if nothing was. */
recovered: Recovered | null, } | { "type": "undo",
/** One each by path, the lockfile last. */
undone: Array<Undone>,
/** What this host could not do for the safety of the files. */
warnings: Array<Diagnostic>, } | { "type": "validate",
/** All of it. */
validation: Validation, } | { "type": "build-registry",
/** Its files by path. */
files: Array<IndexFile>, } | { "type": "publish",
/** What was published, or would be. */
publication: Publication, } | { "type": "yank",
/** The pack. */
name: PackName,
/** The version. */
version: string,
/** The registry. */
registry: RegistryId,
/** Whether it is withdrawn now. */
yanked: boolean,
/** Whether that is new. */
changed: boolean, } | { "type": "check-registry",
/** How many packs it has. */
packs: number,
/** How many versions they have together. */
versions: number,
/** The bytes of all archives. */
bytes: number,
/** What is wrong. Errors break it for its users, warnings do not. */
problems: Array<Diagnostic>, };

/** Something that is locked, and what there is of it. */
export type OutdatedItem = {
/** A pack's name; for a package `REGISTRY:NAME`. */
identity: string,
/** The registry it comes from. */
registry: RegistryId,
/** The version that is locked. */
locked: string,
/** The version that everything together would take now; nothing if it is no longer needed. */
wanted: string | null,
/** The highest release that is neither withdrawn nor advised against. */
latest: string | null,
/** Whether the user asked for it. */
requested: boolean,
/** Whether the locked version was withdrawn. */
yanked: boolean,
/** Why the locked version should not be used any more, as its author says. */
deprecated: string | null, };

/** A pack in full. */
export type PackDetails = {
/** Its name. */
name: PackName,
/** The version shown: the highest that was asked for. */
version: string,
/** What it gives, one line. */
description: string,
/** The shelf it stands on. */
category: Category,
/** An SPDX expression. */
license: string | null,
/** Words to find it by. */
tags: Array<string>,
/** The registry it comes from. */
registry: RegistryId,
/** All its versions, the highest first. */
versions: Array<VersionState>,
/** `Name <address>` each. */
authors: Array<string>,
/** The packs it depends on. */
dependencies: Array<Dependency>,
/** The packages it wants. */
packages: Array<Package>,
/** What it asks. */
variables: Array<Variable>,
/** What it renders. */
templates: Array<TemplateSummary>,
/** Commands it would like to run. */
hooks: Array<Hook>, };

/**
 * The name of a pack: `[a-z0-9][a-z0-9-]{0,63}`, optionally behind `@scope/`.
 *
 * Lower-case ASCII only, so that no two names differ only by case, look-alike letters, or
 * `-` against `_`.
 *
 * Cheap to clone.
 */
export type PackName = string;

/** An archive that a pack wants installed and pinned. */
export type Package = {
/** Its name in its registry. */
name: PackageName,
/** Which versions will do. */
constraint: string,
/** Where it comes from. */
registry: RegistryId,
/** Whether it joins only when asked for. */
optional: boolean,
/** Recorded and handed to templates. */
features: Array<string>,
/** Where an install unpacks it, relative to its target. */
installPath: RelPath | null, };

/**
 * The name of a package, by npm's rules for names that exist: at most 214 characters, ASCII
 * letters, digits and `-._~`, not beginning with `.` or `_`, optionally behind `@scope/`.
 *
 * Every pack's name is one. (validate-npm-package-name, "old packages".)
 *
 * Cheap to clone.
 */
export type PackageName = string;

/** A version that was not chosen. */
export type PassedOver = {
/** The version. */
version: string, } & ({ "hindrance": "yanked" } | { "hindrance": "deprecated" } | { "hindrance": "prerelease" } | { "hindrance": "excluded",
/** Who does not, as `NAME@VERSION`; none: the user. */
by: string | null,
/** What they admit. */
constraint: string, } | { "hindrance": "locked" } | { "hindrance": "clash",
/** What would not go together. */
conflict: Conflict, } | { "hindrance": "held-by-lock",
/** What, if it is one thing. */
by: string | null, } | { "hindrance": "unknown" } | { "hindrance": "costs",
/** What. */
what: string,
/** The version it has now. */
now: string,
/** The version it would have to take. */
instead: string, });

/** Everything that writing a project would do. */
export type Plan = {
/** Whether it was compared with a directory. Otherwise every file is to be created. */
compared: boolean,
/** The files by path, the lockfile last. */
operations: Array<Operation>,
/** Commands the packs would like to run, in install order. Never run without trust. */
hooks: Array<Hook>, };

/** Which of two values of one key stands where they do not join. */
export type Prefer = "earlier" | "later";

/** How far a command has come. */
export type Progress = { "type": "locked",
/** Which, as the host says. */
by: string, } | { "type": "retrying",
/** The time. */
milliseconds: number,
/** How often it was asked. */
attempts: number,
/** What it said. */
reason: string, } | { "type": "cache",
/** How many bodies the cache had, fresh or found unchanged. */
hits: number,
/** How many were fetched. */
misses: number, } | { "type": "resolved",
/** How many packs are needed. */
packs: number,
/** How many packages. */
packages: number,
/** How many of both have to be installed. */
missing: number, } | { "type": "fetched",
/** Whose, as `NAME@VERSION`. */
label: string,
/** The bytes of its files. */
unpacked: number,
/** How many are there. */
done: number,
/** How many are needed. */
of: number, } | { "type": "staged",
/** Of what, as `NAME@VERSION`. */
label: string,
/** How many are. */
done: number,
/** How many will be. */
of: number, } | { "type": "placing",
/** How many moves there are. */
moves: number, } | { "type": "running",
/** Whose. */
pack: PackName,
/** Its line. */
command: string, } | { "type": "rolling-back" };

/** A generated project: everything but the content of its files. */
export type Project = {
/** Its packs in install order. */
packs: Array<Resolved>,
/** Its packages by registry and name. */
packages: Array<Resolved>,
/** How packs and packages differ from the lockfile, if there is one. */
changes: Array<Change>,
/** All answers but secrets, by variable. */
answers: Record<string, Answer>,
/** What writing it would do. */
plan: Plan,
/** The text of its lockfile, which the plan writes as well, unless only one template was asked for. */
lockfile: string,
/** What failed and was left out, where the work was to go on. */
problems: Array<Diagnostic>,
/** What the user should know. */
warnings: Array<Diagnostic>, };

/** A pack on its way into a registry. */
export type Publication = {
/** The pack. */
name: PackName,
/** Its version. */
version: string,
/** The registry. */
registry: RegistryId,
/** The digest of its archive. */
integrity: string,
/** The bytes of its archive. */
size: number,
/** The bytes of its files. */
unpacked: number,
/** The dist-tag of an npm registry that names it. */
tag: string | null,
/** What is in the archive, by path. */
files: Array<PublishedFile>,
/** Whether it was published, not only looked at. */
written: boolean,
/** What its author should know. */
warnings: Array<Diagnostic>, };

/** How to publish. */
export type Publish = {
/** Say what would be done, and do nothing. */
dryRun: boolean,
/** The dist-tag of npm registries that then names this version. If nothing is given: `latest`. */
tag: string | null,
/**
 * Who may read a scoped pack of an npm registry. If nothing is given, what the registry takes for
 * right.
 */
access: Access | null, };

/** A file of a published pack. */
export type PublishedFile = {
/** Its path in the pack. */
path: string,
/** Its bytes. */
size: number,
/** Its mode. */
mode: Mode, };

/** A variable and how things stand with it. */
export type Question = {
/** What is asked. */
variable: Variable,
/** Who asks. */
packs: Array<PackName>,
/** Whether its `when` holds. */
asked: boolean,
/** The default over the answers so far. */
default: Answer | null,
/** What stands now, the default included. */
answer: Answer | null,
/** Where that came from. */
source: Source | null,
/** Why the given answer will not do. */
problem: Diagnostic | null,
/** That packs would answer differently, where nobody did and one of their defaults stands. */
warning: Diagnostic | null, };

/** Why something is there. */
export type Reason = {
/** What it is about. */
identity: string,
/** The version chosen. */
version: string,
/** Whether that is the locked one. */
locked: boolean,
/** Which versions count as better. */
strategy: Strategy,
/** Everybody who requires it, the user first, then by name. */
requiredBy: Array<Requirer>,
/** The shortest way to it: a pack the user asks for, and what each requires next. Without it. */
path: Array<string>,
/** Better versions that were not chosen, the best first. */
passedOver: Array<PassedOver>, };

/** A write that was interrupted and came to its end. */
export type Recovered = {
/** In which way. */
how: Recovery,
/** The paths that are as they were to be, or as they had been. */
paths: Array<string>,
/** What the user should know. */
warnings: Array<Diagnostic>, };

/** How to end a write that was interrupted. */
export type Recovery = "resume" | "roll-back";

/**
 * The id a project's configuration gives a registry: the same form as an unscoped pack name.
 *
 * Cheap to clone.
 */
export type RegistryId = string;

/** A registry as the host configures it. */
export type RegistryInput = {
/** What lockfiles call it. */
id: string,
/** Where it is. */
location: RegistryLocation,
/**
 * The scopes whose packs belong to it, each with its `@`; with none it has packages only. If
 * nothing is given, packs without a scope and those of scopes nobody claims belong to it; there
 * is at most one such registry.
 */
scopes: Array<string> | null,
/** The header `Authorization` for requests to its own origin. */
authorization: string | null,
/** Further origins its archives may come from, such as `https://cdn.example.com`. */
archives: Array<string>, };

/** Where a registry is. */
export type RegistryLocation = { "type": "url",
/** The base. */
url: string, } | { "type": "directory" };

/** A relative path with `/` between its components. */
export type RelPath = string;

/** What came of a request. */
export type Reply = { "type": "response", status: number, headers: { [key in string]: string }, body: Uint8Array, } | { "type": "bytes", bytes: Uint8Array, } | { "type": "cached", found: Kept | null, } | { "type": "entries", entries: Array<Entry>, } | { "type": "stat", kind: EntryKind, size: number, executable: boolean, } | { "type": "space", bytes: number, } | { "type": "ran", code: number | null, } | { "type": "done" } | { "type": "error", kind: HostErrorKind, message: string, };

/** Something the host is to do. */
export type Request = {
/** What its reply is to name. */
id: number, } & ({ "type": "wait", milliseconds: number, } | { "type": "fetch", method: Method, url: string, headers: { [key in string]: string }, body: Uint8Array, maxBytes: number, idleMilliseconds: number, cache: HttpCache,
/** What is fetched, such as `web-api@1.2.0`, where people wait for it. */
label: string | null, } | { "type": "cache-read", key: string, maxBytes: number, } | { "type": "cache-write", key: string, meta: string, body: Uint8Array, } | { "type": "read", root: string, path: string, maxBytes: number, } | { "type": "list", root: string, path: string, } | { "type": "stat", root: string, path: string, } | { "type": "make-directory", root: string, path: string, } | { "type": "create", root: string, path: string, content: Uint8Array, mode: Mode,
/** A file that it is to replace: who else may read and write that may do so with the new one. */
like: string | null, } | { "type": "rename", root: string, from: string, to: string, } | { "type": "remove", root: string, path: string, } | { "type": "sync", root: string, path: string, } | { "type": "lock", root: string, path: string, } | { "type": "unlock", root: string, path: string, } | { "type": "space", root: string, } | { "type": "run", root: string, path: string, command: string, } | { "type": "tell", progress: Progress, });

/** Somebody who requires something. */
export type Requirer = {
/** Who, as `NAME@VERSION`; none: the user. */
by: string | null,
/** Which versions will do. */
constraint: string,
/** What was written, where an override stands in for it. */
overridden: string | null,
/** Whether it only counts because the thing is there for another reason. */
optional: boolean, };

/** A pack or package as it was resolved. */
export type Resolved = {
/** A pack's name; for a package `REGISTRY:NAME`. */
identity: string,
/** The name alone. */
name: PackageName,
/** Its version. */
version: string,
/** The registry it comes from. */
registry: RegistryId,
/** The digest of its archive. */
integrity: string,
/**
 * Its level: it depends only on packs of lower ones, so that all of one level can be installed
 * at once. Packages are on level 0.
 */
level: number,
/** Whether the user asked for it. */
requested: boolean,
/** Whether its version was locked. */
locked: boolean,
/** What it requires here: packs, then packages. */
dependencies: Array<Edge>, };

/** How a command ended, as the text in [`StepMessage::Done`] says it. */
export type Result = { "ok": Outcome } | { "errors": Array<Diagnostic> };

/** A requirement that closes a ring, as data. */
export type RingEdge = {
/** A pack on the ring. */
name: PackageName,
/** What it requires of the next, as `NAME@CONSTRAINT`. */
requires: string, };

/** What is to be done with paths that several packs write. */
export type Rule = {
/** A glob over paths of the project, such as `.github/workflows/*.yml`. */
path: string,
/** How the files join; else by their type. */
merge?: Merge,
/** Which value stands where two do not join; else that is a conflict. */
prefer?: Prefer,
/** How lists join, by pattern of their key path; the first that matches decides. Without one it is `union`, but lists whose order is their meaning, such as commands, must be equal. */
lists?: { [key in string]: Lists }, };

/**
 * A scope, which packs of one owner share: `@` and the same form as an unscoped pack name.
 *
 * Cheap to clone.
 */
export type Scope = string;

/** Everything a session starts from. */
export type SessionInput = {
/** What to do. */
command: Command,
/** Where packs and packages come from. Every name belongs to one of them. */
registries: Array<RegistryInput>,
/** What the host can do. */
capabilities: Capabilities,
/** How servers are talked to. */
network: Network,
/** The time to work at: UTC, to the second, as `2026-01-31T12:00:00Z`. */
timestamp: string, };

/** How the network and the cache are used, where anything says so. */
export type Settings = {
/** For how many seconds entries are good without revalidation. */
freshSeconds: number | null,
/** For how many milliseconds nothing may arrive before a transfer has failed. */
idleMilliseconds: number | null,
/** Ask the cache only. */
offline: boolean | null,
/** The directory of the cache, as it was written; relative to that of its file. */
cacheDirectory: string | null,
/** The file that says so, for each of these by its name. */
from: { [key in string]: string }, };

/** Whether a [`Diagnostic`] ends the work. */
export type Severity = "error" | "warning";

/** Where an answer came from, the strongest first. */
export type Source = "argument" | "file" | "environment" | "lock" | "default";

/** A step as it crosses to JavaScript. */
export type Step = { "type": "need",
/** In the order they came up. */
requests: Array<Request>, } | { "type": "waiting" } | { "type": "done",
/** A `Result` as JSON text. */
outcome: string, };

/** Which of several versions is best. */
export type Strategy = "highest" | "lowest" | "lowest-direct";

/** What a list shows of a pack: its highest version's description. */
export type Summary = {
/** The pack. */
name: PackName,
/** Its highest version. */
version: string,
/** What it gives, one line. */
description: string,
/** The shelf it stands on. */
category: Category,
/** An SPDX expression. */
license: string | null,
/** Words to find it by. */
tags: Array<string>,
/** The registry it comes from. */
registry: RegistryId, };

/** What there is of a pack or package. */
export type Supply = {
/** The pack or package. */
identity: string,
/** Whether there is any such thing. */
exists: boolean,
/** The versions that could be chosen, ascending. */
available: Array<string>,
/** The withdrawn versions, ascending. */
yanked: Array<string>,
/** What `latest` means. */
latest: string | null, };

/** A template as its manifest declares it. */
export type TemplateSummary = {
/** Its name. */
name: string,
/** What it gives. */
description: string | null,
/** The file or, with `/` at its end, directory it reads. */
source: string,
/** Where it writes, a template itself. */
output: string,
/** An expression; rendered only if true. */
when: string | null, };

/** A statement about the version of something. */
export type Term = {
/** What it is about; none: the request itself. */
identity: string | null,
/** Versions, ascending. */
versions: Array<string>,
/** Whether the statement is that it has none of these versions, or is not there. */
negated: boolean, };

/** A golden generation. */
export type Tested = {
/** Its name. */
name: string,
/** The directory of what is expected. */
expect: RelPath,
/** How many files came out. */
files: number,
/** What went wrong, and how what came out differs. Nothing: it passed. */
problems: Array<Diagnostic>, };

/** A file with answers or rules. */
export type TextFile = {
/** Its name, which ends with `.toml`, `.json`, `.yaml` or `.yml`. */
name: string,
/** Its text. */
text: string, };

/** How to take a write back. */
export type Undo = {
/** Take back what was changed since, too. It can be brought again, like the rest. */
force: boolean,
/** Bring back files that run when the directory is opened. */
trust: boolean,
/** Say what would be done, and do nothing. */
dryRun: boolean,
/** Wait for another process that writes there, in place of failing. */
wait: boolean, };

/** Something that is as it was before the last write. */
export type Undone = {
/** Its path: a file, or the directory of something that was installed. */
path: string,
/** What happened there. */
action: UndoneAction, };

/** What taking a write back does at a path. */
export type UndoneAction = "create" | "change" | "delete";

/** What to take out. */
export type Uninstall = {
/** The names of packs that were asked for. */
packs: Array<string>,
/** Forget which files were generated from them. */
force: boolean,
/** Say what would be done, and do nothing. */
dryRun: boolean,
/** Wait for another process that writes there, in place of failing. */
wait: boolean, };

/** Why what is new cannot come into what stands there. */
export type Unmergeable = "edited" | "type" | "clash";

/** How closely to look at a pack. */
export type Validate = {
/** What to do about its tests. */
golden: Golden,
/** Wait for another process that writes there, in place of failing. */
wait: boolean, };

/** How a pack is. */
export type Validation = {
/** Its name. */
name: PackName,
/** Its version. */
version: string,
/** What is wrong with it, errors and warnings. */
problems: Array<Diagnostic>,
/** Its golden generations, as far as they were made. */
tests: Array<Tested>,
/** The paths below the pack that were written. */
blessed: Array<string>,
/** The paths below the pack that were removed, as they come out no more. */
removed: Array<string>, };

/** A variable, complete and consistent in itself. */
export type Variable = {
/** Its name in templates. */
name: VariableName,
/** What it holds. */
type: Kind,
/** What it is for. */
description: string | null,
/** Whether several of the choices may be taken. */
multiple: boolean,
/** The only values allowed. */
choices: Array<Answer> | null,
/** What stands when nobody answers. */
default: Default | null,
/** Whether an answer must be there in the end. */
required: boolean,
/** The least integer allowed. */
minimum: number | null,
/** The greatest integer allowed. */
maximum: number | null,
/** What a text must match. */
pattern: string | null,
/** A value that would do. */
example: string | null,
/** The heading to ask it under. */
group: string | null,
/** Whether it stays out of lockfiles, logs and previews. */
secret: boolean,
/** An expression over earlier answers; asked only if true. */
when: string | null, };

/** The name of a variable: `[a-z][a-z0-9_]{0,63}`, and none of the words templates reserve. */
export type VariableName = string;

/** A version and whether it was withdrawn. */
export type VersionState = {
/** The version. */
version: string,
/** Whether it was withdrawn. */
yanked: boolean,
/** Why it should not be used any more, as its author says. */
deprecated: string | null, };

/** How to show what depends on what. */
export type View = {
/** What the text shows, unless `why` is given. */
format: GraphFormat,
/** The name that is explained in place of showing the graph; for a package `REGISTRY:NAME`. */
why: string | null,
/** The levels of a tree shown below its first. */
depth: number | null,
/** The name whose dependents a tree shows, in place of dependencies. */
invert: string | null, };

/** What to withdraw. */
export type Yank = {
/** `NAME@VERSION`. */
pack: string,
/** Take it back. */
undo: boolean,
/** What users of an npm registry are told. */
reason: string | null, };
