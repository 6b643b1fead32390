//! What a command gives.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

use super::command::Recovery;
use crate::constraint::Constraint;
use crate::diagnostic::Diagnostic;
use crate::manifest::{Category, Dependency, Hook, Manifest, Mode, Package};
use crate::name::{Identity, PackName, PackageName, RegistryId};
use crate::path::RelPath;
use crate::plan::Plan;
use crate::registry::{Digest, Summary};
use crate::resolve::{Chosen, Reason, Required};
use crate::variable::{Answer, Question, Variable};
use crate::version::Version;

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
    /// A pack of packs.
    Compose {
        /// All of it but the content.
        composite: Box<Composite>,
    },
    /// The hooks of a project.
    RunHooks {
        /// Those that ran, in order.
        ran: Vec<Hook>,
    },
    /// What was written.
    Apply {
        /// The paths written, in order.
        written: Vec<String>,
        /// How many files were as wanted already.
        unchanged: usize,
        /// What this host could not do for the safety of the files.
        warnings: Vec<Diagnostic>,
    },
    /// What was installed, or would be.
    Install {
        /// All of it.
        installation: Box<Installation>,
    },
    /// What was taken out, or would be.
    Uninstall {
        /// All of it.
        installation: Box<Installation>,
    },
    /// What is installed, by path.
    Installed {
        /// One each.
        items: Vec<InstalledItem>,
    },
    /// What is locked, by name, and what there is.
    Outdated {
        /// One each, whether there is something newer or not.
        items: Vec<OutdatedItem>,
    },
    /// The end of a write that was interrupted.
    Recover {
        /// What had been interrupted; nothing if nothing was.
        recovered: Option<Recovered>,
    },
    /// What was taken back, or would be.
    Undo {
        /// One each by path, the lockfile last.
        undone: Vec<Undone>,
        /// What this host could not do for the safety of the files.
        warnings: Vec<Diagnostic>,
    },
    /// How a pack is.
    Validate {
        /// All of it.
        validation: Box<Validation>,
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
            Outcome::Compose { composite } => &composite.contents.0,
            Outcome::BuildRegistry { contents, .. } => &contents.0,
            _ => &[],
        }
    }
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
    /// The text of its lockfile, which the plan writes as well, unless only one template was asked for.
    pub lockfile: String,
    /// What failed and was left out, where the work was to go on.
    pub problems: Vec<Diagnostic>,
    /// What the user should know.
    pub warnings: Vec<Diagnostic>,
    /// The content of the plan's files.
    #[serde(skip)]
    pub contents: Contents,
}

/// A pack that needs others and says how their files join.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Composite {
    /// The packs it was made for, in install order.
    pub packs: Vec<Resolved>,
    /// The text of its `pack.toml`.
    pub manifest: String,
    /// Whether everything required was answered, so that the packs were tried together.
    pub is_tried: bool,
    /// What writing it would do.
    pub plan: Plan,
    /// Why no project can be made from it with these answers: what failed, and what its packs disagree about.
    pub problems: Vec<Diagnostic>,
    /// What the user should know.
    pub warnings: Vec<Diagnostic>,
    /// The content of the plan's files.
    #[serde(skip)]
    pub contents: Contents,
}

/// What was or would be done to what is installed.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Installation {
    /// The directory in the target that packs and packages go into, relative to it; empty for the target itself.
    pub into: String,
    /// Everything that is or was installed here, in install order, what goes last.
    pub items: Vec<InstallItem>,
    /// How packs and packages differ from the lockfile, if there is one.
    pub changes: Vec<Change>,
    /// The hooks of what is installed anew, and those that did not run when it was, in install order.
    pub hooks: Vec<Hook>,
    /// The files that may run by themselves when somebody opens the directory.
    pub runs_on_open: Vec<String>,
    /// The bytes of all files that are written.
    #[cfg_attr(test, ts(type = "number"))]
    pub bytes: u64,
    /// The bytes of room that writing them takes.
    #[cfg_attr(test, ts(type = "number"))]
    pub needed: u64,
    /// The bytes of room that there are, if the host knows.
    #[cfg_attr(test, ts(type = "number | null"))]
    pub available: Option<u64>,
    /// Whether it was done, not only looked at.
    pub written: bool,
    /// What the user should know.
    pub warnings: Vec<Diagnostic>,
}

/// A pack or package and what becomes of it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct InstallItem {
    /// A pack's name; for a package `REGISTRY:NAME`.
    #[cfg_attr(test, ts(type = "string"))]
    pub identity: Identity,
    /// Its version.
    #[cfg_attr(test, ts(type = "string"))]
    pub version: Version,
    /// The version that was installed before.
    #[cfg_attr(test, ts(type = "string | null"))]
    pub from: Option<Version>,
    /// What becomes of it.
    pub action: InstallAction,
    /// Its directory in the target.
    pub path: String,
    /// How many files it has; of what goes, how many do.
    pub files: usize,
    /// The bytes of these files.
    #[cfg_attr(test, ts(type = "number"))]
    pub bytes: u64,
}

/// What becomes of something that is or was installed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub enum InstallAction {
    /// It was not there.
    Add,
    /// Another version was, or it was no longer whole.
    Replace,
    /// It is there already.
    Keep,
    /// It is no longer needed.
    Remove,
}

/// Something that is installed.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct InstalledItem {
    /// A pack's name; for a package `REGISTRY:NAME`.
    #[cfg_attr(test, ts(type = "string"))]
    pub identity: Identity,
    /// Its version.
    #[cfg_attr(test, ts(type = "string"))]
    pub version: Version,
    /// The registry it came from.
    pub registry: RegistryId,
    /// Its directory in the target.
    pub path: String,
    /// How many files it has.
    pub files: usize,
    /// The bytes of its files.
    #[cfg_attr(test, ts(type = "number"))]
    pub bytes: u64,
    /// Whether the user asked for it.
    pub requested: bool,
    /// Its files that are gone or have another size, by path.
    pub damaged: Vec<String>,
}

/// Something that is locked, and what there is of it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct OutdatedItem {
    /// A pack's name; for a package `REGISTRY:NAME`.
    #[cfg_attr(test, ts(type = "string"))]
    pub identity: Identity,
    /// The registry it comes from.
    pub registry: RegistryId,
    /// The version that is locked.
    #[cfg_attr(test, ts(type = "string"))]
    pub locked: Version,
    /// The version that everything together would take now; nothing if it is no longer needed.
    #[cfg_attr(test, ts(type = "string | null"))]
    pub wanted: Option<Version>,
    /// The highest release that is neither withdrawn nor advised against.
    #[cfg_attr(test, ts(type = "string | null"))]
    pub latest: Option<Version>,
    /// Whether the user asked for it.
    pub requested: bool,
    /// Whether the locked version was withdrawn.
    pub yanked: bool,
    /// Why the locked version should not be used any more, as its author says.
    pub deprecated: Option<String>,
}

/// A write that was interrupted and came to its end.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Recovered {
    /// In which way.
    pub how: Recovery,
    /// The paths that are as they were to be, or as they had been.
    pub paths: Vec<String>,
    /// What the user should know.
    pub warnings: Vec<Diagnostic>,
}

/// Something that is as it was before the last write.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Undone {
    /// Its path: a file, or the directory of something that was installed.
    pub path: String,
    /// What happened there.
    pub action: UndoneAction,
}

/// What taking a write back does at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub enum UndoneAction {
    /// It is there again.
    Create,
    /// It is as it was.
    Change,
    /// It is gone again.
    Delete,
}

/// How a pack is.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Validation {
    /// Its name.
    pub name: PackName,
    /// Its version.
    #[cfg_attr(test, ts(type = "string"))]
    pub version: Version,
    /// What is wrong with it, errors and warnings.
    pub problems: Vec<Diagnostic>,
    /// Its golden generations, as far as they were made.
    pub tests: Vec<Tested>,
    /// The paths below the pack that were written.
    pub blessed: Vec<String>,
    /// The paths below the pack that were removed, as they come out no more.
    pub removed: Vec<String>,
}

/// A golden generation.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Tested {
    /// Its name.
    pub name: String,
    /// The directory of what is expected.
    pub expect: RelPath,
    /// How many files came out.
    pub files: usize,
    /// What went wrong, and how what came out differs. Nothing: it passed.
    pub problems: Vec<Diagnostic>,
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
