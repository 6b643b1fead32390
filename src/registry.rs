//! The static sparse index: what its files are called and what stands in them.
//!
//! | file | content |
//! | --- | --- |
//! | `config.json` | `{"v":1,"archives":"archives/{name}/{version}/{digest}.tgz","auth":false}` |
//! | `catalog.json` | one [`Summary`] per pack, for lists and search |
//! | `index/{name}.jsonl` | one [`Release`] per line |
//!
//! Index lines with an unknown `v` are skipped, so that a registry can move on. Paths are relative
//! to the registry's base. Not here: fetching them, and what an archive holds.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize, Serializer};
use sha2::{Digest as _, Sha256};
use thiserror::Error;

use crate::constraint::{Constraint, ConstraintError};
use crate::diagnostic::{Code, Diagnostic, Location};
use crate::manifest::{Category, Dependency, Manifest, Package};
use crate::name::{PackName, RegistryId};
use crate::path::RelPath;
use crate::version::Version;

/// The version of the format this release writes and reads.
pub const FORMAT: u32 = 1;

/// The registry's configuration, relative to its base.
pub const CONFIG: &str = "config.json";

/// The registry's catalogue, relative to its base.
pub const CATALOG: &str = "catalog.json";

/// The most bytes of an index file or a catalogue: 16 MiB.
pub const MAX_SIZE: usize = 16 << 20;

/// The SHA-256 of some bytes, written as subresource integrity: `sha256-` and base64.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Digest([u8; 32]);

/// A text that is not a digest we check.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("`{}` is not a digest: it starts with `sha256-` and goes on with 44 characters of base64", .0.escape_debug())]
pub struct DigestError(String);

impl Digest {
    /// The digest of some bytes.
    pub fn of(bytes: &[u8]) -> Digest {
        Digest(Sha256::digest(bytes).into())
    }

    /// As it stands in paths: 64 hexadecimal digits.
    pub fn to_hex(self) -> String {
        self.0.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

impl FromStr for Digest {
    type Err = DigestError;

    fn from_str(text: &str) -> Result<Digest, DigestError> {
        let bytes = text.strip_prefix("sha256-").and_then(|base64| STANDARD.decode(base64).ok());
        let digest = bytes.and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
        digest.map(Digest).ok_or_else(|| DigestError(text.chars().take(80).collect()))
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sha256-{}", STANDARD.encode(self.0))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Digest, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// What a registry says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    archives: String,
}

#[derive(Serialize, Deserialize)]
struct RawConfig {
    v: u32,
    archives: String,
    #[serde(default)]
    auth: bool,
}

impl Default for Config {
    fn default() -> Config {
        Config { archives: "archives/{name}/{version}/{digest}.tgz".to_owned() }
    }
}

impl Config {
    /// Reads `config.json`.
    ///
    /// # Errors
    /// An HTML page, other JSON, or a newer format.
    pub fn parse(text: &str) -> Result<Config, Diagnostic> {
        let raw: RawConfig = versioned(CONFIG, text)?;
        let places = ["{name}", "{version}", "{digest}"];
        let filled = places.iter().fold(raw.archives.clone(), |path, place| path.replace(place, "x"));
        if let Err(error) = filled.parse::<RelPath>() {
            let message = format!(
                "`archives` in {CONFIG} is not a path below the registry: `{}`",
                raw.archives.escape_debug()
            );
            return Err(Diagnostic::error(Code::InvalidRegistry, message).because(error));
        }
        Ok(Config { archives: raw.archives })
    }

    /// The text of `config.json`.
    pub fn to_text(&self) -> String {
        json_line(&RawConfig { v: FORMAT, archives: self.archives.clone(), auth: false })
    }

    /// Where the archive of a release lies.
    pub fn archive_path(&self, release: &Release) -> String {
        self.archives
            .replace("{name}", release.name.as_str())
            .replace("{version}", &release.version.to_string())
            .replace("{digest}", &release.integrity.to_hex())
    }
}

/// Where the index file of a pack lies.
pub fn index_path(name: &PackName) -> String {
    format!("index/{name}.jsonl")
}

/// One version of a pack, as its index line says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Release {
    /// The pack.
    pub name: PackName,
    /// The version.
    pub version: Version,
    /// The packs it depends on, by name.
    pub dependencies: Vec<Dependency>,
    /// The packages it wants.
    pub packages: Vec<Package>,
    /// The digest of its archive.
    pub integrity: Digest,
    /// The bytes of its archive.
    pub size: u64,
    /// Withdrawn: no longer chosen, unless a lockfile names it.
    pub yanked: bool,
    /// When it was published, RFC 3339.
    pub published: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct RawRelease {
    v: u32,
    name: String,
    version: String,
    #[serde(default)]
    dependencies: Vec<RawDependency>,
    #[serde(default)]
    packages: Vec<RawPackage>,
    integrity: String,
    size: u64,
    #[serde(default)]
    yanked: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    published: Option<String>,
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

impl Release {
    /// The release that an archive with this manifest is.
    pub fn of(manifest: &Manifest, archive: &[u8]) -> Release {
        Release {
            name: manifest.name.clone(),
            version: manifest.version.clone(),
            dependencies: manifest.dependencies.clone(),
            packages: manifest.packages.clone(),
            integrity: Digest::of(archive),
            size: archive.len() as u64,
            yanked: false,
            published: None,
        }
    }

    /// The release's line in its index file, with a line break.
    pub fn to_line(&self) -> String {
        json_line(&RawRelease {
            v: FORMAT,
            name: self.name.to_string(),
            version: self.version.to_string(),
            dependencies: self
                .dependencies
                .iter()
                .map(|dependency| RawDependency {
                    name: dependency.name.to_string(),
                    constraint: dependency.constraint.to_string(),
                    prerelease: dependency.constraint.has_prereleases(),
                    optional: dependency.optional,
                })
                .collect(),
            packages: self
                .packages
                .iter()
                .map(|package| RawPackage {
                    name: package.name.to_string(),
                    constraint: package.constraint.to_string(),
                    prerelease: package.constraint.has_prereleases(),
                    registry: package.registry.to_string(),
                    optional: package.optional,
                })
                .collect(),
            integrity: self.integrity.to_string(),
            size: self.size,
            yanked: self.yanked,
            published: self.published.clone(),
        })
    }

    fn check(raw: RawRelease, expected: &PackName) -> Result<Release, Box<dyn std::error::Error>> {
        let name: PackName = raw.name.parse()?;
        if name != *expected {
            return Err(format!("it is about `{name}`").into());
        }
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
        Ok(Release {
            name,
            version: raw.version.parse()?,
            dependencies: raw.dependencies.into_iter().map(dependency).collect::<Result<_, _>>()?,
            packages: raw.packages.into_iter().map(package).collect::<Result<_, _>>()?,
            integrity: raw.integrity.parse()?,
            size: raw.size,
            yanked: raw.yanked,
            published: raw.published,
        })
    }
}

fn constraint(text: &str, prereleases: bool) -> Result<Constraint, ConstraintError> {
    let constraint: Constraint = text.parse()?;
    Ok(if prereleases { constraint.with_prereleases() } else { constraint })
}

/// Reads a pack's index file: its releases, the highest first.
///
/// # Errors
/// The first line that breaks the format, names another pack, or repeats a version.
pub fn parse_index(name: &PackName, text: &str) -> Result<Vec<Release>, Diagnostic> {
    let file = index_path(name);
    expect_json(&file, text)?;
    let mut releases = Vec::new();
    let mut versions = BTreeSet::new();
    let mut skipped = 0;
    for (index, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let broken = |reason: &dyn fmt::Display| {
            let message = format!("line {} of {file} is broken", index + 1);
            Diagnostic::error(Code::InvalidRegistry, message).because(reason).about(name).at(Location {
                pack: None,
                file: file.clone(),
                line: u32::try_from(index + 1).ok(),
                column: None,
            })
        };
        let json: serde_json::Value = serde_json::from_str(line).map_err(|error| broken(&error))?;
        if json.get("v").and_then(serde_json::Value::as_u64) != Some(u64::from(FORMAT)) {
            skipped += 1;
            continue;
        }
        let raw: RawRelease = serde_json::from_value(json).map_err(|error| broken(&error))?;
        let release = Release::check(raw, name).map_err(|error| broken(&error))?;
        let twice = |mut names: Vec<&str>| {
            names.sort_unstable();
            names.windows(2).find(|pair| pair[0] == pair[1]).map(|pair| pair[0].to_owned())
        };
        let packs = twice(release.dependencies.iter().map(|edge| edge.name.as_str()).collect());
        if let Some(name) = packs.or(twice(release.packages.iter().map(|edge| edge.name.as_str()).collect()))
        {
            return Err(broken(&format!("`{name}` is required twice")));
        }
        if !versions.insert(release.version.clone()) {
            return Err(broken(&format!("version {} is there already", release.version)));
        }
        releases.push(release);
    }
    if releases.is_empty() && skipped > 0 {
        let message = format!("{file} has only lines of a newer format; this version reads up to {FORMAT}");
        return Err(Diagnostic::error(Code::UnsupportedFormat, message)
            .about(name)
            .suggest("update Packwright"));
    }
    releases.sort_by(|a, b| b.version.cmp(&a.version));
    Ok(releases)
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

#[derive(Serialize, Deserialize)]
struct RawCatalog {
    v: u32,
    packs: Vec<RawSummary>,
}

#[derive(Serialize, Deserialize)]
struct RawSummary {
    name: String,
    version: String,
    description: String,
    category: Category,
    license: Option<String>,
    tags: Vec<String>,
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

/// Reads `catalog.json`.
///
/// # Errors
/// An HTML page, other JSON, a newer format, or a name or version that is none.
pub fn parse_catalog(registry: &RegistryId, text: &str) -> Result<Vec<Summary>, Diagnostic> {
    let raw: RawCatalog = versioned(CATALOG, text)?;
    let broken = |error: &dyn fmt::Display| {
        Diagnostic::error(Code::InvalidRegistry, format!("{CATALOG} is broken"))
            .because(error)
            .about(registry)
    };
    let summary = |raw: RawSummary| {
        Ok(Summary {
            name: raw.name.parse().map_err(|error| broken(&error))?,
            version: raw.version.parse().map_err(|error| broken(&error))?,
            description: printable(&raw.description),
            category: raw.category,
            license: raw.license.as_deref().map(printable),
            tags: raw.tags.iter().map(|tag| printable(tag)).collect(),
            registry: registry.clone(),
        })
    };
    raw.packs.into_iter().map(summary).collect()
}

/// The text of `catalog.json`.
pub fn catalog_text(summaries: &[Summary]) -> String {
    json_line(&RawCatalog {
        v: FORMAT,
        packs: summaries
            .iter()
            .map(|summary| RawSummary {
                name: summary.name.to_string(),
                version: summary.version.to_string(),
                description: summary.description.clone(),
                category: summary.category,
                license: summary.license.clone(),
                tags: summary.tags.clone(),
            })
            .collect(),
    })
}

/// A catalogue is not worth refusing for a control character, but no terminal gets one.
fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c }).collect()
}

fn json_line(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("plain structs are JSON") + "\n"
}

fn versioned<T: for<'de> Deserialize<'de>>(file: &str, text: &str) -> Result<T, Diagnostic> {
    expect_json(file, text)?;
    let broken = |error: serde_json::Error| {
        Diagnostic::error(Code::InvalidRegistry, format!("{file} is broken")).because(error)
    };
    let json: serde_json::Value = serde_json::from_str(text).map_err(broken)?;
    match json.get("v").and_then(serde_json::Value::as_u64) {
        Some(v) if v > u64::from(FORMAT) => {
            let message = format!("{file} has format {v}; this version reads up to {FORMAT}");
            Err(Diagnostic::error(Code::UnsupportedFormat, message).suggest("update Packwright"))
        }
        _ => serde_json::from_value(json).map_err(broken),
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> PackName {
        text.parse().unwrap()
    }

    fn manifest() -> Manifest {
        Manifest::parse(
            "[pack]\nname = \"@acme/web\"\nversion = \"1.2.0+b\"\ntags = [\"x\"]\n[dependencies]\nbase = \"^1\"\nci = { version = \"~2\", optional = true }\n[packages]\nexpress = \"^4\"\n",
        )
        .unwrap()
    }

    #[test]
    fn lines_survive_a_round_trip() {
        let mut release = Release::of(&manifest(), b"archive");
        release.published = Some("2026-01-01T00:00:00Z".into());
        let line = release.to_line();
        assert_eq!(parse_index(&name("@acme/web"), &line).unwrap(), [release.clone()]);
        release.published = None;
        assert_eq!(
            release.to_line(),
            "{\"v\":1,\"name\":\"@acme/web\",\"version\":\"1.2.0+b\",\"dependencies\":[{\"name\":\"base\",\"constraint\":\"^1\"},{\"name\":\"ci\",\"constraint\":\"~2\",\"optional\":true}],\"packages\":[{\"name\":\"express\",\"constraint\":\"^4\",\"registry\":\"npm\"}],\"integrity\":\"sha256-qF4SwWIoE9S3DZKXIPiy81jIkbL+k6LqPGg5XT1X/OM=\",\"size\":7,\"yanked\":false}\n".replace("qF4SwWIoE9S3DZKXIPiy81jIkbL+k6LqPGg5XT1X/OM=", &release.integrity.to_string()[7..])
        );
        assert_eq!(
            Config::default().archive_path(&release),
            format!("archives/@acme/web/1.2.0+b/{}.tgz", release.integrity.to_hex())
        );
    }

    #[test]
    fn digests() {
        // FIPS 180-2, the message "abc".
        let digest = Digest::of(b"abc");
        assert_eq!(digest.to_hex(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert_eq!(digest.to_string().parse::<Digest>().unwrap(), digest);
        assert_eq!(format!("{digest:?}"), digest.to_string());
        for bad in ["", "sha1-qZk+NkcGgWq6PiVxeFDCbJzQ2J0=", "sha256-", "sha256-YWJj"] {
            bad.parse::<Digest>().expect_err(bad);
        }
        serde_json::from_str::<Digest>("\"md5\"").unwrap_err();
    }

    #[test]
    fn unknown_versions_are_skipped_and_broken_lines_named() {
        let web = name("@acme/web");
        let line = Release::of(&manifest(), b"a").to_line();
        let text = format!("{{\"v\":99,\"shape\":\"new\"}}\n\n{line}");
        assert_eq!(parse_index(&web, &text).unwrap().len(), 1);
        let error = |text: &str| parse_index(&web, text).unwrap_err();
        let twice = error(&format!("{line}{}", line.replace("1.2.0+b", "1.2.0+c")));
        assert_eq!(twice.causes, ["version 1.2.0+c is there already"]);
        assert_eq!(twice.message, "line 2 of index/@acme/web.jsonl is broken");
        assert_eq!(error(&line.replace("@acme/web", "other")).causes, ["it is about `other`"]);
        assert!(error(&line.replace("^1", "one")).causes[0].contains("constraint"));
        assert!(error("{\"v\":1}\n").causes[0].contains("missing field"));
        assert_eq!(error(&line.replace("\"ci\"", "\"base\"")).causes, ["`base` is required twice"]);
        assert!(error("nonsense").code == Code::InvalidRegistry);
    }

    #[test]
    fn pages_and_empty_bodies_are_named() {
        let page = Config::parse(" <!doctype html>").unwrap_err();
        assert_eq!(
            (page.code, page.message.as_str()),
            (Code::BadResponse, "config.json is an HTML page, not JSON")
        );
        assert_eq!(parse_index(&name("a"), "").unwrap_err().message, "index/a.jsonl is empty");
    }

    #[test]
    fn configurations() {
        assert_eq!(Config::parse(&Config::default().to_text()).unwrap(), Config::default());
        let code = |text: &str| Config::parse(text).unwrap_err().code;
        assert_eq!(code("{\"v\":2}"), Code::UnsupportedFormat);
        assert_eq!(code("{\"v\":1}"), Code::InvalidRegistry);
        assert_eq!(code("[]"), Code::InvalidRegistry);
        for archives in ["https://elsewhere.test/x", "/x", "../x"] {
            assert_eq!(code(&format!("{{\"v\":1,\"archives\":{archives:?}}}")), Code::InvalidRegistry);
        }
    }

    #[test]
    fn catalogues() {
        let registry: RegistryId = "starter".parse().unwrap();
        let summary = Summary::of(&manifest(), &registry);
        assert_eq!(
            parse_catalog(&registry, &catalog_text(std::slice::from_ref(&summary))).unwrap(),
            std::slice::from_ref(&summary)
        );
        let text = catalog_text(&[Summary { description: "a\u{1b}b".into(), ..summary.clone() }]);
        assert_eq!(parse_catalog(&registry, &text).unwrap()[0].description, "a\u{fffd}b");
        let broken = catalog_text(&[summary]).replace("@acme/web", "NO");
        assert_eq!(parse_catalog(&registry, &broken).unwrap_err().code, Code::InvalidRegistry);
    }
}
