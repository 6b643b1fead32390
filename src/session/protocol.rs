//! Everything that crosses the boundary. The TypeScript types are generated from these.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize, Serializer};
use serde_json::Value as Json;

use crate::config::Secret;
use crate::constraint::Constraint;
use crate::diagnostic::Diagnostic;
use crate::explain::GraphFormat;
use crate::manifest::{Category, Dependency, Hook, Manifest, Mode, Package};
use crate::name::{Identity, PackName, PackageName, RegistryId};
use crate::plan::Plan;
use crate::registry::npm::Access;
use crate::registry::{Digest, Summary};
use crate::resolve::{Chosen, Reason, Required, Strategy};
use crate::variable::{Answer, Question, Variable};
use crate::version::Version;

/// Everything a session starts from.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct SessionInput {
    /// What to do.
    pub command: Command,
    /// Where packs and packages come from. Every name belongs to one of them.
    #[serde(default)]
    pub registries: Vec<RegistryInput>,
    /// What the host can do.
    #[serde(default)]
    pub capabilities: Capabilities,
    /// How servers are talked to.
    #[serde(default)]
    pub network: Network,
    /// The time to work at: UTC, to the second, as `2026-01-31T12:00:00Z`.
    pub timestamp: String,
}

impl SessionInput {
    /// A command with no registries and no capabilities.
    pub fn new(command: Command, timestamp: &str) -> SessionInput {
        SessionInput {
            command,
            registries: Vec::new(),
            capabilities: Capabilities::default(),
            network: Network::default(),
            timestamp: timestamp.to_owned(),
        }
    }
}

/// A registry as the host configures it.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct RegistryInput {
    /// What lockfiles call it.
    pub id: String,
    /// Where it is.
    pub location: Location,
    /// The scopes whose packs belong to it, each with its `@`; with none it has packages only. If
    /// nothing is given, packs without a scope and those of scopes nobody claims belong to it; there
    /// is at most one such registry.
    #[serde(default)]
    pub scopes: Option<Vec<String>>,
    /// The header `Authorization` for requests to its own origin.
    #[serde(default)]
    #[cfg_attr(test, ts(type = "string | null"))]
    pub authorization: Option<Secret>,
    /// Further origins its archives may come from, such as `https://cdn.example.com`.
    #[serde(default)]
    pub archives: Vec<String>,
}

/// Where a registry is.
#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
#[cfg_attr(test, derive(ts_rs::TS), ts(rename = "RegistryLocation"))]
pub enum Location {
    /// A static index below an `http:` or `https:` URL, or behind `npm+` a registry with npm's
    /// protocol.
    Url {
        /// The base.
        url: String,
    },
    /// A directory the host knows as the root `registry:ID`: a static index or pack sources.
    Directory,
}

/// What a host can do.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Capabilities {
    /// It can rename files within a root. Needed to write.
    pub rename: bool,
    /// Its files have modes.
    pub modes: bool,
    /// It answers requests to the cache.
    pub cache: bool,
    /// It hands over redirects; otherwise it follows them itself.
    pub redirects: bool,
    /// What it fetches comes through a cache of its own that revalidates, as in browsers.
    pub http_cache: bool,
}

/// How servers are talked to.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Network {
    /// The time that the age of what is cached is reckoned from: milliseconds since 1970.
    #[cfg_attr(test, ts(type = "number"))]
    pub now: u64,
    /// What is cached from before this time is revalidated, whatever its age.
    #[cfg_attr(test, ts(type = "number"))]
    pub refresh_before: u64,
    /// For how many seconds the cached entries of a registry are good without revalidation.
    pub fresh_seconds: u32,
    /// For how many milliseconds nothing may arrive before a transfer has failed.
    pub idle_milliseconds: u32,
    /// Ask the cache only.
    pub offline: bool,
    /// Makes clients that failed together come back at different times.
    pub seed: u32,
}

impl Default for Network {
    fn default() -> Network {
        Network {
            now: 0,
            refresh_before: 0,
            fresh_seconds: 300,
            idle_milliseconds: 30_000,
            offline: false,
            seed: 0,
        }
    }
}

/// What to do.
#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub enum Command {
    /// List the packs of all registries.
    List,
    /// Show one pack.
    Show {
        /// `NAME` or `NAME@CONSTRAINT`.
        pack: String,
    },
    /// Say what would be asked, and how things stand with the answers given.
    Questions(Generation),
    /// Make the files of a project.
    Generate(Generation),
    /// Resolve, and show what depends on what or why something is there.
    Dependencies {
        /// What is resolved.
        #[serde(flatten)]
        selection: Selection,
        /// How to show it.
        #[serde(default)]
        view: View,
    },
    /// Write a plan into the root `target`.
    Apply {
        /// The plan of a generation.
        plan: Plan,
        /// The content beside it.
        #[serde(with = "serde_bytes")]
        #[cfg_attr(test, ts(type = "Uint8Array"))]
        contents: Vec<u8>,
        /// Replace files that stand in the way.
        force: bool,
        /// Write files that run when the directory is opened.
        trust: bool,
    },
    /// Make the static index of the pack sources in the root `source`.
    BuildRegistry,
    /// Publish the pack in the root `source` to the registry its name belongs to.
    Publish(Publish),
    /// Withdraw a version: it is no longer chosen, unless a lockfile has it.
    Yank(Yank),
    /// Look whether all of a static index is as it should be.
    CheckRegistry {
        /// The id of the registry.
        registry: String,
    },
}

impl Command {
    /// Whether newer versions are asked for, so that what is kept will not do.
    pub(super) fn looks_for_newer(&self) -> bool {
        match self {
            Command::Questions(Generation { selection, .. })
            | Command::Generate(Generation { selection, .. })
            | Command::Dependencies { selection, .. } => !selection.update.is_empty(),
            _ => false,
        }
    }

    /// Whether it writes, and so sees to a clean end itself when it is cancelled.
    pub(super) fn winds_down(&self) -> bool {
        matches!(self, Command::Apply { .. } | Command::Publish(_) | Command::Yank(_))
    }
}

/// How to publish.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Publish {
    /// Say what would be done, and do nothing.
    pub dry_run: bool,
    /// The dist-tag of npm registries that then names this version. If nothing is given: `latest`.
    pub tag: Option<String>,
    /// Who may read a scoped pack of an npm registry. If nothing is given, what the registry takes for
    /// right.
    pub access: Option<Access>,
}

/// What to withdraw.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Yank {
    /// `NAME@VERSION`.
    pub pack: String,
    /// Take it back.
    #[serde(default)]
    pub undo: bool,
    /// What users of an npm registry are told.
    #[serde(default)]
    pub reason: Option<String>,
}

/// The packs of a project and how their versions are chosen.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Selection {
    /// `NAME` or `NAME@CONSTRAINT` each; none: what the target's lockfile asks for.
    pub packs: Vec<String>,
    /// Which of `packs` may be pre-releases although their constraint names none.
    pub prereleases: Vec<String>,
    /// Optional dependencies and packages that join.
    pub with: Vec<String>,
    /// `NAME@CONSTRAINT` each, for a package `REGISTRY:NAME@CONSTRAINT`: stands in for every other
    /// constraint on that name.
    pub overrides: Vec<String>,
    /// Which of several versions is best.
    pub strategy: Strategy,
    /// Whether to go by the lockfile of the root `target`.
    pub target: bool,
    /// What is locked and may move all the same: names, for a package `REGISTRY:NAME`.
    pub update: Vec<String>,
    /// Whether to fail unless what is locked is exactly what is needed.
    pub locked: bool,
}

/// What to generate.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Generation {
    /// The packs. With a target its files are compared with those generated.
    #[serde(flatten)]
    pub selection: Selection,
    /// Answers by variable. Texts are read by the variable's type.
    #[cfg_attr(test, ts(type = "Record<string, unknown>"))]
    pub answers: BTreeMap<String, Json>,
    /// More answers, weaker than `answers`.
    pub answers_file: Option<AnswersFile>,
    /// The project's name if nothing else gives one.
    pub directory_name: Option<String>,
    /// The time to record, in place of the lockfile's or the session's.
    pub timestamp: Option<String>,
    /// Whether to fail unless the target is exactly what the packs give.
    pub check: bool,
}

/// How to show what depends on what.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct View {
    /// What the text shows, unless `why` is given.
    pub format: GraphFormat,
    /// The name that is explained in place of showing the graph; for a package `REGISTRY:NAME`.
    pub why: Option<String>,
    /// The levels of a tree shown below its first.
    pub depth: Option<usize>,
    /// The name whose dependents a tree shows, in place of dependencies.
    pub invert: Option<String>,
}

/// A file with answers.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct AnswersFile {
    /// Its name, which ends with `.toml` or `.json`.
    pub name: String,
    /// Its text.
    pub text: String,
}

/// What a command gives.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub enum Outcome {
    /// The packs there are, by name.
    List {
        /// One each.
        packs: Vec<Summary>,
    },
    /// A pack.
    Show {
        /// Its particulars.
        pack: Box<PackDetails>,
    },
    /// What is asked.
    Questions {
        /// The packs that ask, in install order.
        packs: Vec<Resolved>,
        /// The questions in the order to ask them.
        questions: Vec<Question>,
    },
    /// What depends on what.
    Dependencies {
        /// The graph, and the text that was asked for.
        dependencies: Box<Dependencies>,
    },
    /// A project.
    Generate {
        /// All of it but the content.
        project: Box<Project>,
    },
    /// What was written.
    Apply {
        /// The paths written, in order.
        written: Vec<String>,
        /// How many files were as wanted already.
        unchanged: usize,
    },
    /// A static index.
    BuildRegistry {
        /// Its files by path.
        files: Vec<IndexFile>,
        /// Their content.
        #[serde(skip)]
        contents: Contents,
    },
    /// A published pack.
    Publish {
        /// What was published, or would be.
        publication: Box<Publication>,
    },
    /// A withdrawn version.
    Yank {
        /// The pack.
        name: PackName,
        /// The version.
        #[cfg_attr(test, ts(type = "string"))]
        version: Version,
        /// The registry.
        registry: RegistryId,
        /// Whether it is withdrawn now.
        yanked: bool,
        /// Whether that is new.
        changed: bool,
    },
    /// What was found in a static index.
    CheckRegistry {
        /// How many packs it has.
        packs: usize,
        /// How many versions they have together.
        versions: usize,
        /// The bytes of all archives.
        #[cfg_attr(test, ts(type = "number"))]
        bytes: u64,
        /// What is wrong. Errors break it for its users, warnings do not.
        problems: Vec<Diagnostic>,
    },
}

/// A pack on its way into a registry.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Publication {
    /// The pack.
    pub name: PackName,
    /// Its version.
    #[cfg_attr(test, ts(type = "string"))]
    pub version: Version,
    /// The registry.
    pub registry: RegistryId,
    /// The digest of its archive.
    #[cfg_attr(test, ts(type = "string"))]
    pub integrity: Digest,
    /// The bytes of its archive.
    pub size: usize,
    /// The bytes of its files.
    pub unpacked: usize,
    /// The dist-tag of an npm registry that names it.
    pub tag: Option<String>,
    /// What is in the archive, by path.
    pub files: Vec<PublishedFile>,
    /// Whether it was published, not only looked at.
    pub written: bool,
    /// What its author should know.
    pub warnings: Vec<Diagnostic>,
}

/// A file of a published pack.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct PublishedFile {
    /// Its path in the pack.
    pub path: String,
    /// Its bytes.
    pub size: usize,
    /// Its mode.
    pub mode: Mode,
}

/// A block of content beside an outcome. It crosses the boundary in one piece, not as JSON.
#[derive(Clone, Default, PartialEq)]
pub struct Contents(pub std::sync::Arc<Vec<u8>>);

impl fmt::Debug for Contents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes", self.0.len())
    }
}

impl Outcome {
    /// The content of the files an outcome lists.
    pub fn contents(&self) -> &[u8] {
        match self {
            Outcome::Generate { project } => &project.contents.0,
            Outcome::BuildRegistry { contents, .. } => &contents.0,
            _ => &[],
        }
    }
}

/// A step as it crosses to JavaScript.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "type", rename_all = "lowercase")]
#[cfg_attr(test, derive(ts_rs::TS), ts(rename = "Step"))]
pub enum StepMessage {
    /// Requests not handed out before. At least one.
    Need {
        /// In the order they came up.
        requests: Vec<Request>,
    },
    /// Nothing new; replies are owed.
    Waiting,
    /// The end, again on every later poll.
    Done {
        /// A `Result` as JSON text.
        outcome: String,
    },
}

/// How a command ended, as the text in [`StepMessage::Done`] says it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(test, derive(ts_rs::TS), ts(rename = "Result"))]
pub enum Ending {
    /// What the command gave.
    Ok(Outcome),
    /// Every problem found, the earliest stage first. At least one.
    Errors(Vec<Diagnostic>),
}

/// A pack in full.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct PackDetails {
    /// Its name.
    pub name: PackName,
    /// The version shown: the highest that was asked for.
    #[cfg_attr(test, ts(type = "string"))]
    pub version: Version,
    /// What it gives, one line.
    pub description: String,
    /// The shelf it stands on.
    pub category: Category,
    /// An SPDX expression.
    pub license: Option<String>,
    /// Words to find it by.
    pub tags: Vec<String>,
    /// The registry it comes from.
    pub registry: RegistryId,
    /// All its versions, the highest first.
    pub versions: Vec<VersionState>,
    /// `Name <address>` each.
    pub authors: Vec<String>,
    /// The packs it depends on.
    pub dependencies: Vec<Dependency>,
    /// The packages it wants.
    pub packages: Vec<Package>,
    /// What it asks.
    pub variables: Vec<Variable>,
    /// What it renders.
    pub templates: Vec<TemplateSummary>,
    /// Commands it would like to run.
    pub hooks: Vec<Hook>,
}

impl PackDetails {
    pub(crate) fn new(manifest: Manifest, registry: RegistryId, versions: Vec<VersionState>) -> PackDetails {
        let templates = manifest.templates.iter().map(|template| TemplateSummary {
            name: template.name.clone(),
            description: template.description.clone(),
            source: template.source.to_string(),
            output: template.output.clone(),
            when: template.when.clone(),
        });
        PackDetails {
            registry,
            versions,
            templates: templates.collect(),
            name: manifest.name,
            version: manifest.version,
            description: manifest.description,
            category: manifest.category,
            license: manifest.license,
            tags: manifest.tags,
            authors: manifest.authors,
            dependencies: manifest.dependencies,
            packages: manifest.packages,
            variables: manifest.variables,
            hooks: manifest.hooks,
        }
    }
}

/// A version and whether it was withdrawn.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct VersionState {
    /// The version.
    #[cfg_attr(test, ts(type = "string"))]
    pub version: Version,
    /// Whether it was withdrawn.
    pub yanked: bool,
    /// Why it should not be used any more, as its author says.
    pub deprecated: Option<String>,
}

/// A template as its manifest declares it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct TemplateSummary {
    /// Its name.
    pub name: String,
    /// What it gives.
    pub description: Option<String>,
    /// The file or, with `/` at its end, directory it reads.
    pub source: String,
    /// Where it writes, a template itself.
    pub output: String,
    /// An expression; rendered only if true.
    pub when: Option<String>,
}

/// A pack or package as it was resolved.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Resolved {
    /// A pack's name; for a package `REGISTRY:NAME`.
    #[cfg_attr(test, ts(type = "string"))]
    pub identity: Identity,
    /// The name alone.
    pub name: PackageName,
    /// Its version.
    #[cfg_attr(test, ts(type = "string"))]
    pub version: Version,
    /// The registry it comes from.
    pub registry: RegistryId,
    /// The digest of its archive.
    #[cfg_attr(test, ts(type = "string"))]
    pub integrity: Digest,
    /// Its level: it depends only on packs of lower ones, so that all of one level can be installed
    /// at once. Packages are on level 0.
    pub level: usize,
    /// Whether the user asked for it.
    pub requested: bool,
    /// Whether its version was locked.
    pub locked: bool,
    /// What it requires here: packs, then packages.
    pub dependencies: Vec<Edge>,
}

/// A requirement of one pack on another, or on a package.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Edge {
    /// What is required; for a package `REGISTRY:NAME`.
    #[cfg_attr(test, ts(type = "string"))]
    pub identity: Identity,
    /// Which versions will do.
    pub constraint: String,
    /// What was written, where an override stands in for it.
    pub overridden: Option<String>,
}

impl From<&Chosen> for Resolved {
    fn from(chosen: &Chosen) -> Resolved {
        let edge = |required: &Required| Edge {
            identity: required.target.clone(),
            constraint: required.constraint.to_string(),
            overridden: required.overridden.as_ref().map(Constraint::to_string),
        };
        Resolved {
            identity: chosen.identity.clone(),
            name: chosen.identity.package_name(),
            version: chosen.release.version.clone(),
            registry: chosen.registry.clone(),
            integrity: chosen.release.integrity,
            level: chosen.level,
            requested: chosen.requested,
            locked: chosen.locked,
            dependencies: chosen.requirements.iter().map(edge).collect(),
        }
    }
}

/// How something that is needed differs from what is locked.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Change {
    /// A pack's name; for a package `REGISTRY:NAME`.
    #[cfg_attr(test, ts(type = "string"))]
    pub identity: Identity,
    /// The locked version; none: it is new.
    #[cfg_attr(test, ts(type = "string | null"))]
    pub from: Option<Version>,
    /// The version now; none: it is no longer needed.
    #[cfg_attr(test, ts(type = "string | null"))]
    pub to: Option<Version>,
}

/// `+ NAME VERSION`, `- NAME VERSION` or `~ NAME VERSION -> VERSION`.
impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let identity = &self.identity;
        match (&self.from, &self.to) {
            (None, Some(to)) => write!(f, "+ {identity} {to}"),
            (Some(from), None) => write!(f, "- {identity} {from}"),
            (Some(from), Some(to)) => write!(f, "~ {identity} {from} -> {to}"),
            (None, None) => Ok(()),
        }
    }
}

/// What depends on what.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Dependencies {
    /// The packs in install order: by level, then by name.
    pub packs: Vec<Resolved>,
    /// The packages by registry and name.
    pub packages: Vec<Resolved>,
    /// How that differs from the lockfile, if there is one.
    pub changes: Vec<Change>,
    /// Why the one that was asked about is there.
    pub reason: Option<Reason>,
    /// The graph or the reason, as text.
    pub text: String,
    /// What the user should know.
    pub warnings: Vec<Diagnostic>,
}

/// A generated project: everything but the content of its files.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Project {
    /// Its packs in install order.
    pub packs: Vec<Resolved>,
    /// Its packages by registry and name.
    pub packages: Vec<Resolved>,
    /// How packs and packages differ from the lockfile, if there is one.
    pub changes: Vec<Change>,
    /// All answers but secrets, by variable.
    #[cfg_attr(test, ts(type = "Record<string, Answer>"))]
    pub answers: BTreeMap<String, Answer>,
    /// What writing it would do.
    pub plan: Plan,
    /// The text of its lockfile, which the plan writes as well.
    pub lockfile: String,
    /// What the user should know.
    pub warnings: Vec<Diagnostic>,
    /// The content of the plan's files.
    #[serde(skip)]
    pub contents: Contents,
}

/// A file of a static index.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct IndexFile {
    /// Its path below the index.
    pub path: String,
    /// Where its content starts in the block beside the outcome.
    pub offset: usize,
    /// The bytes of its content.
    pub size: usize,
}

/// Names a request within its session.
pub type RequestId = u32;

/// Something the host is to do.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Request {
    /// What its reply is to name.
    pub id: RequestId,
    /// What to do.
    #[serde(flatten)]
    pub body: RequestBody,
}

/// A directory by the name under which the host knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Root {
    /// The project.
    Target,
    /// The pack sources an index is made of.
    Source,
    /// A registry on disk.
    Registry(RegistryId),
}

impl Serialize for Root {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// `target`, `source` or `registry:ID`.
impl fmt::Display for Root {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Root::Target => f.write_str("target"),
            Root::Source => f.write_str("source"),
            Root::Registry(id) => write!(f, "registry:{id}"),
        }
    }
}

/// What to do. Paths are relative to their root; the empty path is the root itself.
///
/// A host checks every parent of a path below its root and fails if one is a link.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "type", rename_all = "kebab-case", rename_all_fields = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
#[expect(missing_docs, reason = "the variants say what their fields are")]
pub enum RequestBody {
    /// Let other work go on for some time, then answer `done`.
    Wait { milliseconds: u32 },
    /// Ask a server; fail with `too-large` when the body of its answer goes over the limit, with
    /// `timeout` when nothing arrives for so long, with `network` when there is no whole answer.
    Fetch {
        method: Method,
        url: String,
        headers: BTreeMap<String, String>,
        #[serde(with = "serde_bytes")]
        #[cfg_attr(test, ts(type = "Uint8Array"))]
        body: Vec<u8>,
        max_bytes: usize,
        idle_milliseconds: u32,
        cache: HttpCache,
    },
    /// Look a key up in the cache. What is damaged or goes over the limit is not there.
    CacheRead { key: String, max_bytes: usize },
    /// Keep something in the cache in place of what its key had, with a short text about it.
    CacheWrite {
        key: String,
        meta: String,
        #[serde(with = "serde_bytes")]
        #[cfg_attr(test, ts(type = "Uint8Array"))]
        body: Vec<u8>,
    },
    /// Read a file; fail with `too-large` when it goes over the limit.
    Read {
        #[cfg_attr(test, ts(type = "string"))]
        root: Root,
        path: String,
        max_bytes: usize,
    },
    /// List the entries of a directory.
    List {
        #[cfg_attr(test, ts(type = "string"))]
        root: Root,
        path: String,
    },
    /// Look at a path without following a link.
    Stat {
        #[cfg_attr(test, ts(type = "string"))]
        root: Root,
        path: String,
    },
    /// Make one directory; fail with `exists` if something is there. For the root itself its
    /// parents are made as well.
    MakeDirectory {
        #[cfg_attr(test, ts(type = "string"))]
        root: Root,
        path: String,
    },
    /// Write a new file; fail with `exists` if something is there.
    Create {
        #[cfg_attr(test, ts(type = "string"))]
        root: Root,
        path: String,
        #[serde(with = "serde_bytes")]
        #[cfg_attr(test, ts(type = "Uint8Array"))]
        content: Vec<u8>,
        mode: Mode,
    },
    /// Move a file, in place of what is there.
    Rename {
        #[cfg_attr(test, ts(type = "string"))]
        root: Root,
        from: String,
        to: String,
    },
    /// Remove a file, or a directory if it is empty.
    Remove {
        #[cfg_attr(test, ts(type = "string"))]
        root: Root,
        path: String,
    },
}

/// The method of a request to a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
#[cfg_attr(test, derive(ts_rs::TS))]
#[expect(missing_docs, reason = "they are HTTP's")]
pub enum Method {
    Get,
    Put,
}

/// What caches between host and server may do: the words of `fetch`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub enum HttpCache {
    /// What their rules are.
    Default,
    /// Answer only after asking the server.
    NoCache,
    /// Stand aside.
    Reload,
}

/// What came of a request.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
#[cfg_attr(test, derive(ts_rs::TS))]
#[expect(missing_docs, reason = "the variants say what their fields are")]
pub enum Reply {
    /// To a fetch, whatever the status. Names of headers are in lower case.
    Response {
        status: u16,
        headers: BTreeMap<String, String>,
        #[serde(with = "serde_bytes")]
        #[cfg_attr(test, ts(type = "Uint8Array"))]
        body: Vec<u8>,
    },
    /// To a read.
    Bytes {
        #[serde(with = "serde_bytes")]
        #[cfg_attr(test, ts(type = "Uint8Array"))]
        bytes: Vec<u8>,
    },
    /// To a read of the cache.
    Cached { found: Option<Kept> },
    /// To a list, in any order.
    Entries { entries: Vec<Entry> },
    /// To a stat. Where files have no modes, `executable` is false.
    Stat { kind: EntryKind, size: usize, executable: bool },
    /// To anything that gives nothing.
    Done,
    /// To any request that failed.
    Error { kind: HostErrorKind, message: String },
}

/// What the cache has for a key.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Kept {
    /// The text about it.
    pub meta: String,
    /// The bytes.
    #[serde(with = "serde_bytes")]
    #[cfg_attr(test, ts(type = "Uint8Array"))]
    pub body: Vec<u8>,
}

/// An entry of a directory.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Entry {
    /// Its name.
    pub name: String,
    /// What it is.
    pub kind: EntryKind,
}

/// What stands at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub enum EntryKind {
    /// Nothing.
    Absent,
    /// A regular file.
    File,
    /// A directory.
    Directory,
    /// A link of any kind.
    Link,
    /// Something else.
    Other,
}

/// Why a host could not do something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(test, derive(ts_rs::TS))]
#[expect(missing_docs, reason = "the names say it")]
pub enum HostErrorKind {
    NotFound,
    Exists,
    Permission,
    NoSpace,
    ReadOnly,
    TooLarge,
    Network,
    Timeout,
    Unsupported,
    Other,
}
