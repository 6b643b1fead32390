//! What a session starts from: the command, and what it works with.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::composition::Composition;
use crate::config::Secret;
use crate::explain::GraphFormat;
use crate::manifest::Hook;
use crate::plan::{IfThere, Plan};
use crate::registry::npm::Access;
use crate::resolve::Strategy;

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
    /// It can keep other processes out.
    pub lock: bool,
    /// It can wait until what was written would survive a power failure.
    pub sync: bool,
    /// It knows how much room there is.
    pub space: bool,
    /// It can run commands.
    pub run: bool,
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
    /// Make a pack that needs some packs and says how their files join.
    Compose(Composing),
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
        /// Wait for another process that writes there, in place of failing.
        #[serde(default)]
        wait: bool,
    },
    /// Run the hooks of a project in the root `target`, where it was written: those after a generation.
    RunHooks {
        /// Those of its plan.
        hooks: Vec<Hook>,
    },
    /// Put packs and their packages into a directory.
    Install(Install),
    /// Take packs out again, with what only they needed.
    Uninstall(Uninstall),
    /// List what is installed in the root `target`.
    Installed,
    /// Compare what the lockfile of the root `target` has with what the registries have.
    Outdated,
    /// End a write into the root `target` that was interrupted.
    Recover {
        /// In which way.
        how: Recovery,
        /// Wait for another process that writes there, in place of failing.
        #[serde(default)]
        wait: bool,
    },
    /// Take the last write into the root `target` back. Once more brings it again.
    Undo(Undo),
    /// Look whether the pack in the root `source` is as it should be.
    Validate(Validate),
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
    pub(in crate::session) fn looks_for_newer(&self) -> bool {
        match self {
            Command::Questions(Generation { selection, .. })
            | Command::Generate(Generation { selection, .. })
            | Command::Dependencies { selection, .. }
            | Command::Install(Install { selection, .. }) => !selection.update.is_empty(),
            Command::Outdated => true,
            _ => false,
        }
    }

    /// Whether it writes, and so sees to a clean end itself when it is cancelled.
    pub(in crate::session) fn winds_down(&self) -> bool {
        match self {
            Command::Apply { .. }
            | Command::RunHooks { .. }
            | Command::Install(_)
            | Command::Uninstall(_)
            | Command::Recover { .. }
            | Command::Undo(_)
            | Command::Validate(Validate { golden: Golden::Bless, .. })
            | Command::Publish(_)
            | Command::Yank(_) => true,
            Command::List
            | Command::Show { .. }
            | Command::Questions(_)
            | Command::Generate(_)
            | Command::Compose(_)
            | Command::Dependencies { .. }
            | Command::Installed
            | Command::Outdated
            | Command::Validate(_)
            | Command::BuildRegistry
            | Command::CheckRegistry { .. } => false,
        }
    }

    /// Whether it reads the root `target`, and so must not meet a write that was interrupted.
    pub(in crate::session) fn reads_target(&self) -> bool {
        match self {
            Command::Questions(Generation { selection, .. })
            | Command::Generate(Generation { selection, .. })
            | Command::Dependencies { selection, .. } => selection.target,
            Command::Installed | Command::Outdated => true,
            _ => false,
        }
    }
}

/// What to install. Without packs it is what the lockfile of the root `target` says; packs that are
/// named join it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Install {
    /// The packs and how versions are chosen. The root `target` always takes part.
    #[serde(flatten)]
    pub selection: Selection,
    /// The directory in the target that packs and packages go into, the empty text for the target
    /// itself. If nothing is given: `.packwright/packages`.
    pub into: Option<String>,
    /// Install the packs that are named and nothing that they depend on.
    pub alone: bool,
    /// Unpack everything anew, and replace files that stand in the way.
    pub force: bool,
    /// What to do about hooks.
    pub hooks: HookPolicy,
    /// Fetch and check everything, write nothing.
    pub dry_run: bool,
    /// Wait for another process that writes there, in place of failing.
    pub wait: bool,
}

/// What to do about the commands that packs would like to run, and about files that run when the
/// directory is opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub enum HookPolicy {
    /// Install nothing if there are any.
    #[default]
    Refuse,
    /// Run the commands, and write the files.
    Run,
    /// Leave the commands out. The files still need consent.
    Skip,
}

/// What to take out.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Uninstall {
    /// The names of packs that were asked for.
    pub packs: Vec<String>,
    /// Forget which files were generated from them.
    pub force: bool,
    /// Say what would be done, and do nothing.
    pub dry_run: bool,
    /// Wait for another process that writes there, in place of failing.
    pub wait: bool,
}

/// How to end a write that was interrupted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub enum Recovery {
    /// Do the rest.
    Resume,
    /// Take everything back.
    RollBack,
}

/// How to take a write back.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Undo {
    /// Take back what was changed since, too. It can be brought again, like the rest.
    pub force: bool,
    /// Bring back files that run when the directory is opened.
    pub trust: bool,
    /// Say what would be done, and do nothing.
    pub dry_run: bool,
    /// Wait for another process that writes there, in place of failing.
    pub wait: bool,
}

/// How closely to look at a pack.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Validate {
    /// What to do about its tests.
    pub golden: Golden,
    /// Wait for another process that writes there, in place of failing.
    pub wait: bool,
}

/// What to do about the golden generations of a pack.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub enum Golden {
    /// Leave them alone: no other pack is asked for.
    #[default]
    Ignore,
    /// Make each, and compare.
    Compare,
    /// Make each, and write what comes out where it is expected. The root `target` is the pack's
    /// directory, like the root `source`.
    Bless,
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
    pub answers_file: Option<TextFile>,
    /// Still weaker: answers from the environment, by variable in any case. What nobody asks for is ignored.
    #[cfg_attr(test, ts(type = "Record<string, string>"))]
    pub environment: BTreeMap<String, String>,
    /// The project's name if nothing else gives one.
    pub directory_name: Option<String>,
    /// The time to record, in place of the lockfile's or the session's.
    pub timestamp: Option<String>,
    /// Whether to fail unless the target is exactly what the packs give.
    pub check: bool,
    /// How files of several packs join, before what the packs say; else as the lockfile has it.
    pub composition: Option<Composition>,
    /// The same in a file; what stands in `composition` comes before it.
    pub rules_file: Option<TextFile>,
    /// The one template to render, by its name. The plan then has its files and no lockfile.
    pub template: Option<String>,
    /// Whether files that fail, or that packs disagree about, are left out in place of everything.
    pub keep_going: bool,
    /// Whether the plan says where each line comes from.
    pub lines: bool,
    /// What becomes of files that stand there, differ and may be somebody's work.
    pub if_there: IfThere,
    /// The same for single paths.
    #[cfg_attr(test, ts(type = "Record<string, IfThere>"))]
    pub if_there_at: BTreeMap<String, IfThere>,
}

/// Packs that are to be one.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Composing {
    /// The packs. Their versions are those that the new pack is made for.
    #[serde(flatten)]
    pub selection: Selection,
    /// The name of the new pack.
    pub name: String,
    /// Its version; `0.1.0` if left out.
    pub version: Option<String>,
    /// What it gives, one line; else its packs.
    pub description: Option<String>,
    /// Answers to try it with. Without those that are required it is not tried.
    #[cfg_attr(test, ts(type = "Record<string, unknown>"))]
    pub answers: BTreeMap<String, Json>,
    /// How files of the packs join.
    pub composition: Composition,
    /// The same in a file; what stands in `composition` comes before it.
    pub rules_file: Option<TextFile>,
    /// Whether it is to be compared with what stands in the root `target`.
    pub compared: bool,
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

/// A file with answers or rules.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct TextFile {
    /// Its name, which ends with `.toml`, `.json`, `.yaml` or `.yml`.
    pub name: String,
    /// Its text.
    pub text: String,
}
