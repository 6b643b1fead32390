//! `packwright.lock`: what a project was made from, so that it can be made again and moved on.
//!
//! TOML with one entry per group of lines, sorted, so that version control merges it well. Secrets
//! never come in. Read strictly: a lockfile that was edited into nonsense, or holds conflict
//! markers, is an error and never quietly replaced.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::Deserialize;
use serde_json::Value as Json;

use crate::composition::Composition;
use crate::constraint::{Constraint, Requirement};
use crate::diagnostic::{Code, Diagnostic, Location, source_frame};
use crate::manifest::Mode;
use crate::name::{Identity, PackName, PackageName, RegistryId};
use crate::path::{LOCKFILE, RelPath};
use crate::registry::Digest;
use crate::variable::{Answer, check_timestamp};
use crate::version::Version;

/// The version of the format this release writes and the newest it reads.
pub const FORMAT: u32 = 1;

/// The most bytes of a lockfile: 16 MiB.
pub const MAX_SIZE: usize = 16 << 20;

/// What to do about a lockfile that is no good.
const RESTORE: &str = "restore it from version control";

/// What a project was made from.
#[derive(Clone, Debug, PartialEq)]
pub struct Lockfile {
    /// The version of Packwright that wrote it.
    pub generator: Version,
    /// When it was generated, RFC 3339.
    pub timestamp: String,
    /// What the user asked for, in that order.
    pub requirements: Vec<Requirement>,
    /// What of that admits pre-releases although its constraint names none.
    pub prereleases: Vec<PackName>,
    /// Optional members that joined.
    pub with: Vec<PackageName>,
    /// Constraints that stand in for every other on the same name.
    pub overrides: BTreeMap<Identity, Constraint>,
    /// What the user said about files that several packs write.
    pub composition: Composition,
    /// Every answer but secrets, by variable.
    pub answers: BTreeMap<String, Json>,
    /// The packs, by name.
    pub packs: Vec<LockedPack>,
    /// The packages, by registry and name.
    pub packages: Vec<LockedPackage>,
    /// The generated files, by path.
    pub files: Vec<LockedFile>,
}

/// A pack as it was resolved.
#[derive(Clone, Debug, PartialEq)]
pub struct LockedPack {
    /// Its name.
    pub name: PackName,
    /// Its version.
    pub version: Version,
    /// Where it came from.
    pub registry: RegistryId,
    /// The digest of its archive.
    pub integrity: Digest,
    /// What it requires here.
    pub dependencies: Vec<Identity>,
}

/// A package as it was resolved.
#[derive(Clone, Debug, PartialEq)]
pub struct LockedPackage {
    /// Its registry and name.
    pub registry: RegistryId,
    /// Its name.
    pub name: PackageName,
    /// Its version.
    pub version: Version,
    /// The digest of its archive.
    pub integrity: Digest,
}

/// What is recorded of a pack or package alike.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Locked<'a> {
    /// Its version.
    pub version: &'a Version,
    /// Where it came from.
    pub registry: &'a RegistryId,
    /// The digest of its archive.
    pub integrity: Digest,
}

/// A file as it was generated.
#[derive(Clone, Debug, PartialEq)]
pub struct LockedFile {
    /// Its path in the project.
    pub path: RelPath,
    /// The pack it came from.
    pub pack: PackName,
    /// The template in that pack.
    pub template: String,
    /// Other packs that have part in it, in install order.
    pub others: Vec<PackName>,
    /// Its mode.
    pub mode: Mode,
    /// The digest of its content.
    pub hash: Digest,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    version: u32,
    generator: String,
    timestamp: String,
    requirements: Vec<String>,
    #[serde(default)]
    prereleases: Vec<String>,
    #[serde(default)]
    with: Vec<String>,
    #[serde(default)]
    overrides: BTreeMap<String, String>,
    #[serde(default)]
    composition: Composition,
    answers: BTreeMap<String, Json>,
    #[serde(default, rename = "pack")]
    packs: Vec<RawPack>,
    #[serde(default, rename = "package")]
    packages: Vec<RawPackage>,
    #[serde(default, rename = "file")]
    files: Vec<RawFile>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawPack {
    name: String,
    version: String,
    registry: String,
    integrity: String,
    #[serde(default)]
    dependencies: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawPackage {
    name: String,
    registry: String,
    version: String,
    integrity: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawFile {
    path: String,
    pack: String,
    template: String,
    #[serde(default)]
    others: Vec<String>,
    #[serde(default)]
    mode: Mode,
    hash: String,
}

#[derive(Deserialize)]
struct FormatOnly {
    version: u32,
}

impl Lockfile {
    /// Reads and checks a lockfile.
    ///
    /// # Errors
    /// Conflict markers, a newer format, broken syntax, or a value that breaks its rules.
    pub fn parse(text: &str) -> Result<Lockfile, Diagnostic> {
        if text.len() > MAX_SIZE {
            return Err(Diagnostic::error(Code::InvalidLockfile, format!("{LOCKFILE} is too large")));
        }
        if let Some(line) =
            text.lines().position(|line| line.starts_with("<<<<<<< ") || line.starts_with(">>>>>>> "))
        {
            let line = u32::try_from(line + 1).unwrap_or(u32::MAX);
            let error = Diagnostic::error(
                Code::InvalidLockfile,
                format!("{LOCKFILE} holds a merge conflict"),
            )
            .suggest("take one side whole, then generate or install again and name the packs of both sides")
            .at(Location {
                pack: None,
                file: LOCKFILE.to_owned(),
                line: Some(line),
                column: None,
            });
            return Err(Diagnostic { frame: source_frame(text, line, None), ..error });
        }
        let syntax = |error: toml::de::Error| {
            let message = format!("{LOCKFILE} is broken: {}", error.message());
            let diagnostic = Diagnostic::error(Code::InvalidLockfile, message).suggest(RESTORE);
            match error.span() {
                None => diagnostic,
                Some(span) => diagnostic.at(Location::of_offset(LOCKFILE, text, span.start)),
            }
        };
        if text.trim().is_empty() {
            let error = Diagnostic::error(Code::InvalidLockfile, format!("{LOCKFILE} is empty"));
            return Err(error.suggest(RESTORE));
        }
        let FormatOnly { version } = toml::from_str(text).map_err(syntax)?;
        if version > FORMAT {
            let message = format!("{LOCKFILE} has format {version}; this version reads up to {FORMAT}");
            return Err(Diagnostic::error(Code::UnsupportedFormat, message).suggest("update Packwright"));
        }
        let raw: Raw = toml::from_str(text).map_err(syntax)?;
        Lockfile::check(raw).map_err(|error| {
            Diagnostic::error(Code::InvalidLockfile, format!("{LOCKFILE} is broken: {error}"))
                .suggest(RESTORE)
        })
    }

    fn check(raw: Raw) -> Result<Lockfile, Box<dyn std::error::Error>> {
        fn all<T: std::str::FromStr>(texts: &[String]) -> Result<Vec<T>, T::Err> {
            texts.iter().map(|text| text.parse()).collect()
        }
        let pack = |raw: RawPack| -> Result<LockedPack, Box<dyn std::error::Error>> {
            Ok(LockedPack {
                name: raw.name.parse()?,
                version: raw.version.parse()?,
                registry: raw.registry.parse()?,
                integrity: raw.integrity.parse()?,
                dependencies: all(&raw.dependencies)?,
            })
        };
        let package = |raw: RawPackage| -> Result<LockedPackage, Box<dyn std::error::Error>> {
            Ok(LockedPackage {
                registry: raw.registry.parse()?,
                name: raw.name.parse()?,
                version: raw.version.parse()?,
                integrity: raw.integrity.parse()?,
            })
        };
        let replacement = |(name, constraint): (String, String)| -> Result<_, Box<dyn std::error::Error>> {
            Ok((name.parse()?, constraint.parse()?))
        };
        let file = |raw: RawFile| -> Result<LockedFile, Box<dyn std::error::Error>> {
            Ok(LockedFile {
                path: raw.path.parse()?,
                pack: raw.pack.parse()?,
                template: raw.template,
                others: raw.others.iter().map(|name| name.parse()).collect::<Result<_, _>>()?,
                mode: raw.mode,
                hash: raw.hash.parse()?,
            })
        };
        if raw.version == 0 {
            return Err("there is no format 0".into());
        }
        check_timestamp(&raw.timestamp)?;
        let lockfile = Lockfile {
            generator: raw.generator.parse()?,
            timestamp: raw.timestamp,
            requirements: all(&raw.requirements)?,
            prereleases: all(&raw.prereleases)?,
            with: all(&raw.with)?,
            overrides: raw.overrides.into_iter().map(replacement).collect::<Result<_, _>>()?,
            composition: raw.composition,
            answers: raw.answers,
            packs: raw.packs.into_iter().map(pack).collect::<Result<_, _>>()?,
            packages: raw.packages.into_iter().map(package).collect::<Result<_, _>>()?,
            files: raw.files.into_iter().map(file).collect::<Result<_, _>>()?,
        };
        lockfile.check_references()?;
        Ok(lockfile)
    }

    /// Everything stands there once, and what is named elsewhere stands there.
    fn check_references(&self) -> Result<(), String> {
        let twice = |what: &dyn fmt::Display| Err(format!("`{what}` stands there twice"));
        let mut there = BTreeSet::new();
        for identity in self.locked().map(|(identity, _)| identity) {
            if !there.insert(identity.clone()) {
                return twice(&identity);
            }
        }
        let mut paths = BTreeSet::new();
        for file in &self.files {
            if !paths.insert(&file.path) {
                return twice(&file.path);
            }
        }
        let asked = self.requirements.iter().map(|requirement| Identity::Pack(requirement.name.clone()));
        let required = self.packs.iter().flat_map(|pack| pack.dependencies.iter().cloned());
        // A file may have outlived its pack.
        match asked.chain(required).find(|identity| !there.contains(identity)) {
            Some(missing) => Err(format!("`{missing}` is named and not there")),
            None => Ok(()),
        }
    }

    /// Everything that is locked, packs first.
    pub fn locked(&self) -> impl Iterator<Item = (Identity, Locked<'_>)> {
        let packs = self.packs.iter().map(|pack| {
            let LockedPack { version, registry, integrity, .. } = pack;
            (Identity::Pack(pack.name.clone()), Locked { version, registry, integrity: *integrity })
        });
        let packages = self.packages.iter().map(|package| {
            let LockedPackage { version, registry, integrity, .. } = package;
            let identity = Identity::Package(registry.clone(), package.name.clone());
            (identity, Locked { version, registry, integrity: *integrity })
        });
        packs.chain(packages)
    }

    /// The text of the lockfile. What is the same reads the same, whatever order it came in.
    ///
    /// Every entry of a list has a line of its own, so that two branches that add one merge.
    pub fn to_text(&self) -> String {
        let mut text = Text::new("# Written by Packwright. Commit it; it is what later updates start from.");
        text.line("version", &FORMAT.to_string());
        text.string("generator", &self.generator);
        text.string("timestamp", &self.timestamp);
        text.list("requirements", &self.requirements);
        text.list("prereleases", &self.prereleases);
        text.list("with", &self.with);
        if !self.overrides.is_empty() {
            text.head("[overrides]");
        }
        for (identity, constraint) in &self.overrides {
            text.string(&key(&identity.to_string()), constraint);
        }
        text.0 += &self.composition.to_toml();
        text.head("[answers]");
        for (name, answer) in &self.answers {
            text.line(&key(name), &inline(answer));
        }
        let mut packs: Vec<&LockedPack> = self.packs.iter().collect();
        packs.sort_by_key(|pack| &pack.name);
        for pack in packs {
            text.head("[[pack]]");
            text.string("name", &pack.name);
            text.string("version", &pack.version);
            text.string("registry", &pack.registry);
            text.string("integrity", &pack.integrity);
            text.list("dependencies", &pack.dependencies);
        }
        let mut packages: Vec<&LockedPackage> = self.packages.iter().collect();
        packages.sort_by_key(|package| (&package.name, &package.registry));
        for package in packages {
            text.head("[[package]]");
            text.string("name", &package.name);
            text.string("version", &package.version);
            text.string("registry", &package.registry);
            text.string("integrity", &package.integrity);
        }
        let mut files: Vec<&LockedFile> = self.files.iter().collect();
        files.sort_by_key(|file| &file.path);
        for file in files {
            text.head("[[file]]");
            text.string("path", &file.path);
            text.string("pack", &file.pack);
            text.string("template", &file.template);
            text.list("others", &file.others);
            if file.mode == Mode::Executable {
                text.string("mode", &"0755");
            }
            text.string("hash", &file.hash);
        }
        text.0
    }

    /// Answers as they are recorded.
    pub fn record(answers: impl IntoIterator<Item = (String, Answer)>) -> BTreeMap<String, Json> {
        answers
            .into_iter()
            .map(|(name, answer)| (name, serde_json::to_value(answer).expect("answers are JSON")))
            .collect()
    }
}

/// TOML on its way.
struct Text(String);

impl Text {
    fn new(comment: &str) -> Text {
        Text(format!("{comment}\n"))
    }

    fn head(&mut self, head: &str) {
        self.0 += &format!("\n{head}\n");
    }

    fn line(&mut self, key: &str, value: &str) {
        self.0 += &format!("{key} = {value}\n");
    }

    fn string(&mut self, key: &str, value: &impl fmt::Display) {
        self.line(key, &quoted(value));
    }

    fn list(&mut self, key: &str, values: &[impl fmt::Display]) {
        if values.is_empty() {
            return;
        }
        let lines: String = values.iter().map(|value| format!("  {},\n", quoted(value))).collect();
        self.line(key, &format!("[\n{lines}]"));
    }
}

fn key(name: &str) -> String {
    let is_bare = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || "_-".contains(c));
    if is_bare { name.to_owned() } else { quoted(&name) }
}

fn quoted(value: &impl fmt::Display) -> String {
    inline(&Json::String(value.to_string()))
}

/// A text, number, truth value or list of these in one line. JSON and TOML write them alike, but
/// for one character.
fn inline(value: &Json) -> String {
    value.to_string().replace('\u{7f}', "\\u007f")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lockfile() -> Lockfile {
        let digest = Digest::of(b"x");
        let pack = |name: &str, dependencies: &[&str]| LockedPack {
            name: name.parse().unwrap(),
            version: "1.0.0+b".parse().unwrap(),
            registry: "starter".parse().unwrap(),
            integrity: digest,
            dependencies: dependencies.iter().map(|name| name.parse().unwrap()).collect(),
        };
        let file = |path: &str, mode| LockedFile {
            path: path.parse().unwrap(),
            pack: "a".parse().unwrap(),
            template: "all".into(),
            others: if mode == Mode::Executable { vec!["b".parse().unwrap()] } else { Vec::new() },
            mode,
            hash: digest,
        };
        Lockfile {
            generator: "0.1.0".parse().unwrap(),
            timestamp: "2026-01-01T00:00:00Z".into(),
            requirements: vec!["b@^1".parse().unwrap()],
            prereleases: vec!["b".parse().unwrap()],
            with: vec!["c".parse().unwrap()],
            overrides: BTreeMap::from([("npm:express".parse().unwrap(), "^4".parse().unwrap())]),
            composition: toml::from_str(
                "strategy = \"rules\"\n[[rules]]\npath = \"*.yml\"\nlists = { \"a.*\" = \"append\", b = { by = \"name\" } }",
            )
            .unwrap(),
            answers: Lockfile::record([
                ("project_name".to_owned(), Answer::Text("démo \"x\"\n\u{7f}\\".into())),
                ("port".to_owned(), Answer::Integer(8080)),
                ("tools".to_owned(), Answer::List(vec![Answer::Boolean(true)])),
            ]),
            packs: vec![pack("b", &["a", "npm:express"]), pack("a", &[])],
            packages: vec![LockedPackage {
                registry: "npm".parse().unwrap(),
                name: "express".parse().unwrap(),
                version: "4.18.2".parse().unwrap(),
                integrity: digest,
            }],
            files: vec![file("src/run", Mode::Executable), file("README.md", Mode::Regular)],
        }
    }

    #[test]
    fn a_round_trip_keeps_everything_sorted() {
        let text = lockfile().to_text();
        let mut reordered = lockfile();
        reordered.packs.reverse();
        reordered.files.reverse();
        assert_eq!(reordered.to_text(), text);
        assert_eq!(Lockfile::parse(&text).unwrap(), reordered);
        insta::with_settings!({ snapshot_path => "../tests/cases/lockfile", prepend_module_to_snapshot => false, omit_expression => true }, {
            insta::assert_snapshot!("everything", text);
        });
    }

    #[test]
    fn damage_is_named() {
        let text = lockfile().to_text();
        let error = |text: &str| Lockfile::parse(text).unwrap_err();
        let conflict = error(&text.replace("[answers]", "<<<<<<< ours\n[answers]"));
        assert_eq!(conflict.message, "packwright.lock holds a merge conflict");
        assert_eq!(conflict.frame.unwrap(), "30 | <<<<<<< ours");
        assert_eq!(error(&text.replace("version = 1\n", "version = 2\n")).code, Code::UnsupportedFormat);
        assert!(error(&text.replace("sha256-", "sha1-")).message.contains("not a digest"));
        assert!(error(&text.replace("src/run", "../run")).message.contains("not a safe path"));
        assert!(error(&text.replace("\"b@^1\"", "\"x@^1\"")).message.contains("`x` is named and not there"));
        assert!(error(&text.replace("\"b@^1\"", "\"B\"")).message.contains("pack name"));
        assert!(error(&text.replace("timestamp", "timestamps")).message.contains("unknown field"));
        assert!(error(&text.replace("version = 1\n", "version = 0\n")).message.contains("no format 0"));
        assert!(error(&text.replace("2026-01-01T", "2026-13-01T")).message.contains("not a timestamp"));
        assert!(
            error(&text.replace("name = \"b\"", "name = \"a\"")).message.contains("`a` stands there twice")
        );
        assert_eq!(error("version = ").location.unwrap().line, Some(1));
        assert_eq!(error(" \n").message, "packwright.lock is empty");
        for broken in ["", "version = ", "version = 0", &text.replace("src/run", "../run")] {
            assert!(error(broken).suggestion.is_some(), "{broken}");
        }
        assert!(error(&"#".repeat(MAX_SIZE + 1)).message.contains("too large"));
    }
}
