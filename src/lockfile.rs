//! `packwright.lock`: what a project was made from, so that it can be made again and moved on.
//!
//! TOML with one entry per group of lines, sorted, so that version control merges it well. Secrets
//! never come in. Read strictly: a lockfile that was edited into nonsense, or holds conflict
//! markers, is an error and never quietly replaced.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::constraint::Requirement;
use crate::diagnostic::{Code, Diagnostic, Location, source_frame};
use crate::manifest::Mode;
use crate::name::{PackName, RegistryId};
use crate::path::{LOCKFILE, RelPath};
use crate::registry::Digest;
use crate::variable::{Answer, check_timestamp};
use crate::version::Version;

/// The version of the format this release writes and the newest it reads.
pub const FORMAT: u32 = 1;

/// The most bytes of a lockfile: 16 MiB.
pub const MAX_SIZE: usize = 16 << 20;

/// What a project was made from.
#[derive(Clone, Debug, PartialEq)]
pub struct Lockfile {
    /// The version of Packwright that wrote it.
    pub generator: Version,
    /// When it was generated, RFC 3339.
    pub timestamp: String,
    /// What the user asked for, in that order.
    pub requirements: Vec<Requirement>,
    /// Optional members that joined.
    pub with: Vec<PackName>,
    /// Every answer but secrets, by variable.
    pub answers: BTreeMap<String, Json>,
    /// The packs, by name.
    pub packs: Vec<LockedPack>,
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
    /// The names of the packs it depends on here.
    pub dependencies: Vec<PackName>,
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
    /// Its mode.
    pub mode: Mode,
    /// The digest of its content.
    pub hash: Digest,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    version: u32,
    generator: String,
    timestamp: String,
    requirements: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    with: Vec<String>,
    answers: BTreeMap<String, Json>,
    #[serde(default, rename = "pack", skip_serializing_if = "Vec::is_empty")]
    packs: Vec<RawPack>,
    #[serde(default, rename = "file", skip_serializing_if = "Vec::is_empty")]
    files: Vec<RawFile>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawPack {
    name: String,
    version: String,
    registry: String,
    integrity: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    dependencies: Vec<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawFile {
    path: String,
    pack: String,
    template: String,
    #[serde(default, skip_serializing_if = "is_regular")]
    mode: Mode,
    hash: String,
}

fn is_regular(mode: &Mode) -> bool {
    *mode == Mode::Regular
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
            let error =
                Diagnostic::error(Code::InvalidLockfile, format!("{LOCKFILE} holds a merge conflict"))
                    .suggest("resolve the conflict first: take one side whole, then generate again")
                    .at(Location { pack: None, file: LOCKFILE.to_owned(), line: Some(line), column: None });
            return Err(Diagnostic { frame: source_frame(text, line, None), ..error });
        }
        let syntax = |error: toml::de::Error| {
            let message = format!("{LOCKFILE} is broken: {}", error.message());
            let diagnostic = Diagnostic::error(Code::InvalidLockfile, message);
            match error.span() {
                None => diagnostic,
                Some(span) => diagnostic.at(Location::of_offset(LOCKFILE, text, span.start)),
            }
        };
        let FormatOnly { version } = toml::from_str(text).map_err(syntax)?;
        if version > FORMAT {
            let message = format!("{LOCKFILE} has format {version}; this version reads up to {FORMAT}");
            return Err(Diagnostic::error(Code::UnsupportedFormat, message).suggest("update Packwright"));
        }
        if version == 0 {
            let message = format!("{LOCKFILE} is broken: there is no format 0");
            return Err(Diagnostic::error(Code::InvalidLockfile, message));
        }
        let raw: Raw = toml::from_str(text).map_err(syntax)?;
        Lockfile::check(raw).map_err(|error| {
            Diagnostic::error(Code::InvalidLockfile, format!("{LOCKFILE} is broken: {error}"))
                .suggest("restore it from version control")
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
        let file = |raw: RawFile| -> Result<LockedFile, Box<dyn std::error::Error>> {
            Ok(LockedFile {
                path: raw.path.parse()?,
                pack: raw.pack.parse()?,
                template: raw.template,
                mode: raw.mode,
                hash: raw.hash.parse()?,
            })
        };
        check_timestamp(&raw.timestamp)?;
        let repeated = |mut names: Vec<&str>| {
            names.sort_unstable();
            names
                .windows(2)
                .find(|pair| pair[0] == pair[1])
                .map(|pair| format!("`{}` stands there twice", pair[0]))
        };
        let packs = repeated(raw.packs.iter().map(|pack| pack.name.as_str()).collect());
        let files = repeated(raw.files.iter().map(|file| file.path.as_str()).collect());
        if let Some(repeated) = packs.or(files) {
            return Err(repeated.into());
        }
        Ok(Lockfile {
            generator: raw.generator.parse()?,
            timestamp: raw.timestamp,
            requirements: all(&raw.requirements)?,
            with: all(&raw.with)?,
            answers: raw.answers,
            packs: raw.packs.into_iter().map(pack).collect::<Result<_, _>>()?,
            files: raw.files.into_iter().map(file).collect::<Result<_, _>>()?,
        })
    }

    /// The text of the lockfile. What is the same reads the same, whatever order it came in.
    pub fn to_text(&self) -> String {
        let texts = |values: &mut dyn Iterator<Item = String>| values.collect::<Vec<_>>();
        let mut packs: Vec<RawPack> = self
            .packs
            .iter()
            .map(|pack| RawPack {
                name: pack.name.to_string(),
                version: pack.version.to_string(),
                registry: pack.registry.to_string(),
                integrity: pack.integrity.to_string(),
                dependencies: texts(&mut pack.dependencies.iter().map(PackName::to_string)),
            })
            .collect();
        packs.sort_by(|a, b| a.name.cmp(&b.name));
        let mut files: Vec<RawFile> = self
            .files
            .iter()
            .map(|file| RawFile {
                path: file.path.to_string(),
                pack: file.pack.to_string(),
                template: file.template.clone(),
                mode: file.mode,
                hash: file.hash.to_string(),
            })
            .collect();
        files.sort_by(|a, b| a.path.cmp(&b.path));
        let raw = Raw {
            version: FORMAT,
            generator: self.generator.to_string(),
            timestamp: self.timestamp.clone(),
            requirements: texts(&mut self.requirements.iter().map(Requirement::to_string)),
            with: texts(&mut self.with.iter().map(PackName::to_string)),
            answers: self.answers.clone(),
            packs,
            files,
        };
        let body = toml::to_string(&raw).expect("a lockfile has no nulls and no keys but texts");
        format!("# Written by Packwright. Commit it; it is what later updates start from.\n{body}")
    }

    /// Answers as they are recorded.
    pub fn record(answers: impl IntoIterator<Item = (String, Answer)>) -> BTreeMap<String, Json> {
        answers
            .into_iter()
            .map(|(name, answer)| (name, serde_json::to_value(answer).expect("answers are JSON")))
            .collect()
    }
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
            mode,
            hash: digest,
        };
        Lockfile {
            generator: "0.1.0".parse().unwrap(),
            timestamp: "2026-01-01T00:00:00Z".into(),
            requirements: vec!["b@^1".parse().unwrap()],
            with: vec!["c".parse().unwrap()],
            answers: Lockfile::record([
                ("project_name".to_owned(), Answer::Text("démo \"x\"\n".into())),
                ("port".to_owned(), Answer::Integer(8080)),
                ("tools".to_owned(), Answer::List(vec![Answer::Boolean(true)])),
            ]),
            packs: vec![pack("b", &["a"]), pack("a", &[])],
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
        assert_eq!(conflict.frame.unwrap(), "8 | <<<<<<< ours");
        assert_eq!(error(&text.replace("version = 1\n", "version = 2\n")).code, Code::UnsupportedFormat);
        assert!(error(&text.replace("sha256-", "sha1-")).message.contains("not a digest"));
        assert!(error(&text.replace("src/run", "../run")).message.contains("not a safe path"));
        assert!(error(&text.replace("\"b@^1\"", "\"B\"")).message.contains("pack name"));
        assert!(error(&text.replace("timestamp", "timestamps")).message.contains("unknown field"));
        assert!(error(&text.replace("version = 1\n", "version = 0\n")).message.contains("no format 0"));
        assert!(error(&text.replace("2026-01-01T", "2026-13-01T")).message.contains("not a timestamp"));
        assert!(
            error(&text.replace("name = \"b\"", "name = \"a\"")).message.contains("`a` stands there twice")
        );
        assert_eq!(error("version = ").location.unwrap().line, Some(1));
        assert!(error(&"#".repeat(MAX_SIZE + 1)).message.contains("too large"));
    }
}
