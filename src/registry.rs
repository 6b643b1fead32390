//! What registries say of packs and packages: releases and summaries, and the formats these come in.
//!
//! | module | format |
//! | --- | --- |
//! | [`index`] | the static sparse index, for any file host |
//! | [`npm`] | npm's registry protocol |
//!
//! Not here: fetching, and what an archive holds.

mod digest;
pub mod index;
pub mod npm;

use serde::{Deserialize, Serialize};

pub use self::digest::{Digest, DigestError};

use crate::constraint::{Constraint, ConstraintError};
use crate::diagnostic::{Code, Diagnostic};
use crate::manifest::{Category, Dependency, Manifest, Package};
use crate::name::{PackName, PackageName, RegistryId};
use crate::version::Version;

/// The version of the formats this release writes and reads.
pub const FORMAT: u32 = 1;

/// The most bytes of what a registry says of one name, or of its catalogue: 64 MiB. Of names with
/// thousands of versions npm registries tell ten and more.
pub const MAX_SIZE: usize = 64 << 20;

/// One version of a pack or package, as its registry says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Release {
    /// The pack or package.
    pub name: PackageName,
    /// The version.
    pub version: Version,
    /// The packs it depends on, by name. A package depends on nothing we follow.
    pub dependencies: Vec<Dependency>,
    /// The packages it wants.
    pub packages: Vec<Package>,
    /// The digest of its archive.
    pub integrity: Digest,
    /// The bytes of its archive, if the registry says.
    pub size: Option<u64>,
    /// The address of its archive, where the registry names one for each.
    pub archive: Option<String>,
    /// Withdrawn: no longer chosen, unless a lockfile names it.
    pub yanked: bool,
    /// Its author advises against it, with these words: chosen only if nothing else will do.
    pub deprecated: Option<String>,
    /// When it was published, RFC 3339.
    pub published: Option<String>,
}

impl Release {
    /// The release that an archive with this manifest is.
    pub fn of(manifest: &Manifest, archive: &[u8]) -> Release {
        Release {
            name: (&manifest.name).into(),
            version: manifest.version.clone(),
            dependencies: manifest.dependencies.clone(),
            packages: manifest.packages.clone(),
            integrity: Digest::of(archive),
            size: Some(archive.len() as u64),
            archive: None,
            yanked: false,
            deprecated: None,
            published: None,
        }
    }

    /// The name and version as messages show them.
    pub fn label(&self) -> String {
        format!("{}@{}", self.name, self.version)
    }
}

#[derive(Serialize, Deserialize)]
struct RawDependency {
    name: String,
    constraint: String,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    prerelease: bool,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    optional: bool,
}

#[derive(Serialize, Deserialize)]
struct RawPackage {
    name: String,
    constraint: String,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    prerelease: bool,
    registry: String,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    optional: bool,
}

/// What every format says of the members of a pack.
#[derive(Serialize, Deserialize)]
struct RawMembers {
    #[serde(default)]
    dependencies: Vec<RawDependency>,
    #[serde(default)]
    packages: Vec<RawPackage>,
}

impl RawMembers {
    fn of(dependencies: &[Dependency], packages: &[Package]) -> RawMembers {
        let dependency = |dependency: &Dependency| RawDependency {
            name: dependency.name.to_string(),
            constraint: dependency.constraint.to_string(),
            prerelease: dependency.constraint.has_prereleases(),
            optional: dependency.optional,
        };
        let package = |package: &Package| RawPackage {
            name: package.name.to_string(),
            constraint: package.constraint.to_string(),
            prerelease: package.constraint.has_prereleases(),
            registry: package.registry.to_string(),
            optional: package.optional,
        };
        RawMembers {
            dependencies: dependencies.iter().map(dependency).collect(),
            packages: packages.iter().map(package).collect(),
        }
    }

    /// The members, of which none may stand there twice.
    fn check(self) -> Result<(Vec<Dependency>, Vec<Package>), Box<dyn std::error::Error>> {
        let dependency = |raw: RawDependency| -> Result<Dependency, Box<dyn std::error::Error>> {
            let constraint = constraint(&raw.constraint, raw.prerelease)?;
            Ok(Dependency { name: raw.name.parse()?, constraint, optional: raw.optional, reason: None })
        };
        let package = |raw: RawPackage| -> Result<Package, Box<dyn std::error::Error>> {
            Ok(Package {
                name: raw.name.parse()?,
                constraint: constraint(&raw.constraint, raw.prerelease)?,
                registry: raw.registry.parse()?,
                optional: raw.optional,
                features: Vec::new(),
                install_path: None,
            })
        };
        let dependencies: Vec<Dependency> =
            self.dependencies.into_iter().map(dependency).collect::<Result<_, _>>()?;
        let packages: Vec<Package> = self.packages.into_iter().map(package).collect::<Result<_, _>>()?;
        let twice = |mut names: Vec<&str>| {
            names.sort_unstable();
            names.windows(2).find(|pair| pair[0] == pair[1]).map(|pair| pair[0].to_owned())
        };
        let pack = twice(dependencies.iter().map(|edge| edge.name.as_str()).collect());
        if let Some(name) = pack.or_else(|| twice(packages.iter().map(|edge| edge.name.as_str()).collect())) {
            return Err(format!("`{name}` is required twice").into());
        }
        Ok((dependencies, packages))
    }
}

fn constraint(text: &str, prereleases: bool) -> Result<Constraint, ConstraintError> {
    let constraint: Constraint = text.parse()?;
    Ok(if prereleases { constraint.with_prereleases() } else { constraint })
}

/// What a list shows of a pack: its highest version's description.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Summary {
    /// The pack.
    pub name: PackName,
    /// Its highest version.
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
}

impl Summary {
    /// The summary of a manifest.
    pub fn of(manifest: &Manifest, registry: &RegistryId) -> Summary {
        Summary {
            name: manifest.name.clone(),
            version: manifest.version.clone(),
            description: manifest.description.clone(),
            category: manifest.category,
            license: manifest.license.clone(),
            tags: manifest.tags.clone(),
            registry: registry.clone(),
        }
    }
}

fn json_line(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("plain structs are JSON") + "\n"
}

/// Sign-in pages and single-page applications answer every path with HTML and a 200.
fn expect_json(file: &str, text: &str) -> Result<(), Diagnostic> {
    let start = text.trim_start();
    if start.starts_with('<') {
        return Err(Diagnostic::error(Code::BadResponse, format!("{file} is an HTML page, not JSON"))
            .suggest("check the registry's address; a sign-in page may stand in the way"));
    }
    if start.is_empty() {
        return Err(Diagnostic::error(Code::BadResponse, format!("{file} is empty")));
    }
    Ok(())
}
