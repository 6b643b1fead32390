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

use serde::{Deserialize, Serialize};

use super::{FORMAT, RawDependency, RawMembers, RawPackage, Release, Summary, expect_json, json_line};
use crate::diagnostic::{Code, Diagnostic, Location, printable};
use crate::name::{PackageName, RegistryId};
use crate::path::RelPath;
use crate::version::Version;

/// The registry's configuration, relative to its base.
pub const CONFIG: &str = "config.json";

/// The registry's catalogue, relative to its base.
pub const CATALOG: &str = "catalog.json";

/// What a registry says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    archives: String,
    /// Whether it tells nothing to strangers.
    pub auth: bool,
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
        Config { archives: "archives/{name}/{version}/{digest}.tgz".to_owned(), auth: false }
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
        Ok(Config { archives: raw.archives, auth: raw.auth })
    }

    /// The text of `config.json`.
    pub fn to_text(&self) -> String {
        json_line(&RawConfig { v: FORMAT, archives: self.archives.clone(), auth: self.auth })
    }

    /// Where the archive of a release lies.
    pub fn archive_path(&self, release: &Release) -> String {
        self.archives
            .replace("{name}", release.name.as_str())
            .replace("{version}", &release.version.to_string())
            .replace("{digest}", &release.integrity.to_hex())
    }
}

/// Where the index file of a pack or package lies.
pub fn index_path(name: &PackageName) -> String {
    format!("index/{name}.jsonl")
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

/// The line of a release in its index file, with a line break.
pub fn index_line(release: &Release) -> String {
    let RawMembers { dependencies, packages } = RawMembers::of(&release.dependencies, &release.packages);
    json_line(&RawRelease {
        v: FORMAT,
        name: release.name.to_string(),
        version: release.version.to_string(),
        dependencies,
        packages,
        integrity: release.integrity.to_string(),
        size: release.size.unwrap_or_default(),
        yanked: release.yanked,
        published: release.published.clone(),
    })
}

fn check(raw: RawRelease, expected: &PackageName) -> Result<Release, Box<dyn std::error::Error>> {
    let name: PackageName = raw.name.parse()?;
    if name != *expected {
        return Err(format!("it is about `{name}`").into());
    }
    let (dependencies, packages) =
        RawMembers { dependencies: raw.dependencies, packages: raw.packages }.check()?;
    Ok(Release {
        name,
        version: raw.version.parse()?,
        dependencies,
        packages,
        integrity: raw.integrity.parse()?,
        size: Some(raw.size),
        archive: None,
        yanked: raw.yanked,
        deprecated: None,
        published: raw.published,
    })
}

/// Withdraws a version or takes that back, and leaves every other byte of an index file as it is.
/// Gives nothing if the version is as wanted already.
///
/// # Errors
/// A broken file, or one without that version.
pub fn set_yanked(
    name: &PackageName,
    text: &str,
    version: &Version,
    yanked: bool,
) -> Result<Option<String>, Diagnostic> {
    let releases = parse_index(name, text)?;
    let Some(release) = releases.iter().find(|release| release.version == *version) else {
        let message = format!("{} has no version {version}", index_path(name));
        return Err(Diagnostic::error(Code::PackNotFound, message).about(name));
    };
    if release.yanked == yanked {
        return Ok(None);
    }
    let line = |line: &str| -> String {
        let json: Option<serde_json::Value> = serde_json::from_str(line.trim_end()).ok();
        let Some(serde_json::Value::Object(mut fields)) = json else { return line.to_owned() };
        let text = |key: &str| fields.get(key).and_then(serde_json::Value::as_str);
        let is_meant = fields.get("v").and_then(serde_json::Value::as_u64) == Some(u64::from(FORMAT))
            && text("version").is_some_and(|text| text.parse::<Version>().is_ok_and(|it| it == *version));
        if !is_meant {
            return line.to_owned();
        }
        fields.insert("yanked".to_owned(), yanked.into());
        let end = &line[line.trim_end_matches(['\r', '\n']).len()..];
        format!("{}{end}", serde_json::Value::Object(fields))
    };
    Ok(Some(text.split_inclusive('\n').map(line).collect()))
}

/// Reads a pack's index file: its releases, the highest first.
///
/// # Errors
/// The first line that breaks the format, names another pack, or repeats a version.
pub fn parse_index(name: &PackageName, text: &str) -> Result<Vec<Release>, Diagnostic> {
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
        let release = check(raw, name).map_err(|error| broken(&error))?;
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
    // What a newer release calls a category is no reason to refuse the list.
    category: serde_json::Value,
    license: Option<String>,
    tags: Vec<String>,
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
            category: serde_json::from_value(raw.category).unwrap_or_default(),
            license: raw.license.as_deref().map(printable),
            tags: raw.tags.iter().map(|tag| printable(tag)).collect(),
            registry: registry.clone(),
        })
    };
    let summaries: Vec<Summary> = raw.packs.into_iter().map(summary).collect::<Result<_, Diagnostic>>()?;
    let mut names = BTreeSet::new();
    match summaries.iter().find(|summary| !names.insert(&summary.name)) {
        Some(twice) => Err(broken(&format!("`{}` stands there twice", twice.name))),
        None => Ok(summaries),
    }
}

/// The text of `catalog.json`, by name.
pub fn catalog_text(summaries: &[Summary]) -> String {
    let mut summaries: Vec<&Summary> = summaries.iter().collect();
    summaries.sort_by_key(|summary| &summary.name);
    json_line(&RawCatalog {
        v: FORMAT,
        packs: summaries
            .iter()
            .map(|summary| RawSummary {
                name: summary.name.to_string(),
                version: summary.version.to_string(),
                description: summary.description.clone(),
                category: serde_json::to_value(summary.category).unwrap_or_default(),
                license: summary.license.clone(),
                tags: summary.tags.clone(),
            })
            .collect(),
    })
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::Manifest;

    fn name(text: &str) -> PackageName {
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
        let line = index_line(&release);
        assert_eq!(parse_index(&name("@acme/web"), &line).unwrap(), [release.clone()]);
        release.published = None;
        assert_eq!(
            index_line(&release),
            "{\"v\":1,\"name\":\"@acme/web\",\"version\":\"1.2.0+b\",\"dependencies\":[{\"name\":\"base\",\"constraint\":\"^1\"},{\"name\":\"ci\",\"constraint\":\"~2\",\"optional\":true}],\"packages\":[{\"name\":\"express\",\"constraint\":\"^4\",\"registry\":\"npm\"}],\"integrity\":\"sha256-qF4SwWIoE9S3DZKXIPiy81jIkbL+k6LqPGg5XT1X/OM=\",\"size\":7,\"yanked\":false}\n".replace("qF4SwWIoE9S3DZKXIPiy81jIkbL+k6LqPGg5XT1X/OM=", &release.integrity.to_string()[7..])
        );
        assert_eq!(
            Config::default().archive_path(&release),
            format!("archives/@acme/web/1.2.0+b/{}.tgz", release.integrity.to_hex())
        );
    }

    #[test]
    fn unknown_versions_are_skipped_and_broken_lines_named() {
        let web = name("@acme/web");
        let line = index_line(&Release::of(&manifest(), b"a"));
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
    fn one_line_changes_when_a_version_is_withdrawn() {
        let web = name("@acme/web");
        let line = index_line(&Release::of(&manifest(), b"a"));
        let other = line.replace("1.2.0+b", "1.3.0");
        let odd = "{\"v\":9, \"version\":\"1.2.0\"}\r\n";
        let text = format!("{odd}{other}\n{}", line.trim_end());
        let version = "1.2.0".parse().unwrap();
        let yanked = set_yanked(&web, &text, &version, true).unwrap().unwrap();
        assert_eq!(yanked, format!("{odd}{other}\n{}", line.trim_end().replace("false}", "true}")));
        assert_eq!(set_yanked(&web, &yanked, &version, true).unwrap(), None);
        assert_eq!(set_yanked(&web, &yanked, &version, false).unwrap().unwrap(), text);
        let missing = set_yanked(&web, &text, &"2.0.0".parse().unwrap(), true).unwrap_err();
        assert_eq!(missing.code, Code::PackNotFound);
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
        let newer = catalog_text(std::slice::from_ref(&summary)).replace("\"other\"", "\"quantum\"");
        assert_eq!(parse_catalog(&registry, &newer).unwrap(), std::slice::from_ref(&summary));
        let twice = catalog_text(&[summary.clone(), summary.clone()]);
        assert!(parse_catalog(&registry, &twice).unwrap_err().causes[0].contains("twice"));
        let broken = catalog_text(&[summary]).replace("@acme/web", "NO");
        assert_eq!(parse_catalog(&registry, &broken).unwrap_err().code, Code::InvalidRegistry);
    }
}
