//! `pack.toml`: what a pack is, needs, asks and renders.
//!
//! The `Raw…` types are the format as serde reads it, and the JSON Schema for editors comes from
//! them. A [`Manifest`] is the checked form; nothing later checks its parts again.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::ops::Range;

use indexmap::IndexMap;
use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value as Json;
use toml::de::{DeTable, DeValue};

use crate::composition::{Composition, Merge};
use crate::constraint::Constraint;
use crate::diagnostic::{Code, Diagnostic, Location, nearest, source_frame};
use crate::expression::{
    DelimiterError, Delimiters, Syntax, TemplateError, check_expression, check_template,
};
use crate::name::{NameError, PackName, PackageName, RegistryId, VariableName};
use crate::path::{RelPath, is_invisible};
use crate::variable::{self, Answer, Kind, PROJECT_NAME, Pattern, TIMESTAMP, Variable};
use crate::version::Version;

/// The name of the file.
pub const FILE_NAME: &str = "pack.toml";

/// The version of the format this release writes and the newest it reads.
pub const FORMAT: u32 = 1;

/// The most bytes of a manifest: 256 KiB.
pub const MAX_SIZE: usize = 256 << 10;

/// A checked `pack.toml`.
#[derive(Clone, Debug)]
pub struct Manifest {
    /// The pack's name.
    pub name: PackName,
    /// The pack's version.
    pub version: Version,
    /// What it gives, one line.
    pub description: String,
    /// The shelf it stands on.
    pub category: Category,
    /// An SPDX expression.
    pub license: Option<String>,
    /// `Name <address>` each.
    pub authors: Vec<String>,
    /// Words to find it by.
    pub tags: Vec<String>,
    /// A file to read about it.
    pub readme: Option<RelPath>,
    /// Other packs it needs or knows, by name.
    pub dependencies: Vec<Dependency>,
    /// Archives to install and pin, by name.
    pub packages: Vec<Package>,
    /// What it asks, in the order of the file.
    pub variables: Vec<Variable>,
    /// How its templates are written.
    pub syntax: Syntax,
    /// What it renders, in the order of the file.
    pub templates: Vec<Template>,
    /// How files of the packs it needs join.
    pub composition: Composition,
    /// Commands to offer afterwards.
    pub hooks: Vec<Hook>,
    /// Named SPARQL queries.
    pub queries: BTreeMap<String, String>,
    /// Golden generations.
    pub tests: Vec<GoldenTest>,
}

/// A pack that another one needs, or constrains if it is there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Dependency {
    /// Its name.
    pub name: PackName,
    /// Which versions will do.
    #[cfg_attr(test, ts(type = "string"))]
    pub constraint: Constraint,
    /// Whether it joins only when asked for.
    pub optional: bool,
    /// What it is good for.
    pub reason: Option<String>,
}

/// An archive that a pack wants installed and pinned.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Package {
    /// Its name in its registry.
    pub name: PackageName,
    /// Which versions will do.
    #[cfg_attr(test, ts(type = "string"))]
    pub constraint: Constraint,
    /// Where it comes from.
    pub registry: RegistryId,
    /// Whether it joins only when asked for.
    pub optional: bool,
    /// Recorded and handed to templates.
    pub features: Vec<String>,
    /// Where an install unpacks it, relative to its target.
    pub install_path: Option<RelPath>,
}

/// The shelf a pack stands on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(test, derive(ts_rs::TS, schemars::JsonSchema))]
#[expect(missing_docs, reason = "the names say it")]
pub enum Category {
    Web,
    Cli,
    Ml,
    Data,
    Devops,
    Mobile,
    Desktop,
    Game,
    Embedded,
    Library,
    #[default]
    Other,
}

/// What a template reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// One file.
    File(RelPath),
    /// Every file below a directory.
    Directory(RelPath),
}

/// As it is written: directories end with `/`.
impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Source::File(path) => path.fmt(f),
            Source::Directory(path) => write!(f, "{path}/"),
        }
    }
}

/// Something a pack renders.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    /// Its name within the pack.
    pub name: String,
    /// What it reads.
    pub source: Source,
    /// What it gives.
    pub description: Option<String>,
    /// Where it writes, a template itself; for a directory, what its files stand in.
    pub output: String,
    /// A list to render it once for each item of.
    pub each: Option<Each>,
    /// An expression; rendered only if true.
    pub when: Option<String>,
    /// The mode of its files; else that of their sources.
    pub mode: Option<Mode>,
    /// Globs of files to copy byte for byte: of paths below a directory, or of the name of a file.
    pub raw: Vec<String>,
    /// How its files join those of other packs; else by their type.
    pub merge: Option<Merge>,
}

/// A loop over a list: `ITEM in LIST`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Each {
    /// What an item is called.
    pub item: VariableName,
    /// An expression that gives the list.
    pub list: String,
}

/// A text that is no loop.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EachError {
    /// It has another form.
    #[error("a loop is written `ITEM in LIST`")]
    Form,
    /// The item has no name that a variable could have.
    #[error(transparent)]
    Item(#[from] NameError),
    /// The list is no expression.
    #[error(transparent)]
    List(#[from] TemplateError),
}

impl std::str::FromStr for Each {
    type Err = EachError;

    fn from_str(text: &str) -> Result<Each, EachError> {
        let (item, rest) = text.trim().split_once(char::is_whitespace).ok_or(EachError::Form)?;
        let list = rest.trim_start().strip_prefix("in").ok_or(EachError::Form)?;
        if !list.starts_with(char::is_whitespace) {
            return Err(EachError::Form);
        }
        check_expression(list)?;
        Ok(Each { item: item.parse()?, list: list.trim().to_owned() })
    }
}

/// The mode of a file. No other bits ever reach a disk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS, schemars::JsonSchema))]
pub enum Mode {
    /// Read by all, written by the owner.
    #[default]
    #[serde(rename = "0644")]
    Regular,
    /// Executed by all as well.
    #[serde(rename = "0755")]
    Executable,
}

/// When a hook is offered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub enum Event {
    /// After files were written.
    PostGenerate,
    /// After packages were installed.
    PostInstall,
}

/// A command a pack would like to run. Shown, never run without trust.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Hook {
    /// Who wants it.
    #[serde(deserialize_with = "parsed")]
    pub pack: PackName,
    /// When.
    pub event: Event,
    /// A line for the system's shell.
    pub command: String,
}

pub(crate) fn parsed<'de, D: Deserializer<'de>, T: std::str::FromStr<Err: fmt::Display>>(
    deserializer: D,
) -> Result<T, D::Error> {
    String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
}

/// Answers and the tree they must give.
#[derive(Clone, Debug)]
pub struct GoldenTest {
    /// Its name.
    pub name: String,
    /// What to answer.
    pub answers: BTreeMap<String, Json>,
    /// The optional packs and packages that join.
    pub with: Vec<PackageName>,
    /// The directory with the expected tree.
    pub expect: RelPath,
}

/// `pack.toml` as it is written.
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(deny_unknown_fields, title = "pack.toml"))]
pub(crate) struct RawManifest {
    /// What the pack is.
    pack: RawPack,
    /// Other packs it needs, by name.
    #[serde(default)]
    dependencies: IndexMap<String, RawDependency>,
    /// Archives to install and pin, by name.
    #[serde(default)]
    packages: IndexMap<String, RawPackage>,
    /// What it asks, by name, in order.
    #[serde(default)]
    variables: IndexMap<String, RawVariable>,
    /// How its templates, their paths and `output` are written, if not as Jinja has it. Defaults and
    /// expressions in this file are not affected.
    #[serde(default)]
    syntax: RawSyntax,
    /// What it renders, in order.
    #[serde(default)]
    templates: Vec<RawTemplate>,
    /// How files that several packs write join, if this pack is among those that are asked for or needs them.
    #[serde(default)]
    composition: Composition,
    /// Commands to offer; never run without trust.
    #[serde(default)]
    hooks: RawHooks,
    /// Named SPARQL queries.
    #[serde(default)]
    queries: BTreeMap<String, String>,
    /// Golden generations, run by `packwright validate --deep`.
    #[serde(default)]
    tests: Vec<RawTest>,
}

#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "Pack", deny_unknown_fields))]
struct RawPack {
    /// The version of this format: 1, which is also what stands when it is left out.
    #[serde(rename = "format")]
    _format: Option<u32>,
    /// `[a-z0-9][a-z0-9-]{0,63}`, optionally behind `@scope/`.
    name: String,
    /// A semantic version.
    version: String,
    /// What it gives, one line.
    #[serde(default)]
    description: String,
    /// The shelf it stands on.
    #[serde(default)]
    category: Category,
    /// An SPDX expression.
    license: Option<String>,
    /// `Name <address>` each.
    #[serde(default)]
    authors: Vec<String>,
    /// Words to find it by.
    #[serde(default)]
    tags: Vec<String>,
    /// A file to read about it.
    readme: Option<String>,
}

#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "Dependency", untagged))]
enum RawDependency {
    /// A version constraint.
    Constraint(String),
    /// With particulars.
    Detailed(DetailedDependency),
}

#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(deny_unknown_fields))]
struct DetailedDependency {
    /// A version constraint.
    version: String,
    /// Whether pre-releases count although the constraint names none.
    #[serde(default)]
    prerelease: bool,
    /// Whether it joins only when asked for.
    #[serde(default)]
    optional: bool,
    /// What it is good for.
    reason: Option<String>,
}

#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "Package", untagged))]
enum RawPackage {
    /// A version constraint.
    Constraint(String),
    /// With particulars.
    Detailed(DetailedPackage),
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(deny_unknown_fields))]
struct DetailedPackage {
    /// A version constraint.
    version: String,
    /// Whether pre-releases count although the constraint names none.
    #[serde(default)]
    prerelease: bool,
    /// The id of its registry.
    #[serde(default = "npm")]
    registry: String,
    /// Whether it joins only when asked for.
    #[serde(default)]
    optional: bool,
    /// Recorded and handed to templates.
    #[serde(default)]
    features: Vec<String>,
    /// Where an install unpacks it, relative to its target.
    install_path: Option<String>,
}

fn npm() -> String {
    "npm".to_owned()
}

#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "Variable", deny_unknown_fields))]
struct RawVariable {
    /// What it holds; a string if left out.
    #[serde(rename = "type", default = "string")]
    kind: Kind,
    /// What it is for.
    description: Option<String>,
    /// What stands when nobody answers; a text may be a template over earlier answers.
    default: Option<Json>,
    /// The only values allowed.
    choices: Option<Vec<Json>>,
    /// Whether several of the choices may be taken.
    #[serde(default)]
    multiple: bool,
    /// The least integer allowed.
    minimum: Option<i64>,
    /// The greatest integer allowed.
    maximum: Option<i64>,
    /// A regular expression a text must match.
    pattern: Option<String>,
    /// A value that would do.
    example: Option<Json>,
    /// The heading to ask it under.
    group: Option<String>,
    /// Whether it stays out of lockfiles, logs and previews.
    #[serde(default)]
    secret: bool,
    /// Whether an answer must be there; true unless there is a default.
    required: Option<bool>,
    /// An expression over earlier answers; asked only if true.
    when: Option<String>,
}

fn string() -> Kind {
    Kind::String
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "Syntax", deny_unknown_fields))]
struct RawSyntax {
    /// What stands around statements, `["{%", "%}"]` if left out.
    #[cfg_attr(test, schemars(with = "Option<[String; 2]>"))]
    block: Option<Vec<String>>,
    /// What stands around values to print, `["{{", "}}"]` if left out.
    #[cfg_attr(test, schemars(with = "Option<[String; 2]>"))]
    variable: Option<Vec<String>>,
    /// What stands around comments, `["{#", "#}"]` if left out.
    #[cfg_attr(test, schemars(with = "Option<[String; 2]>"))]
    comment: Option<Vec<String>>,
    /// Whether the line break behind a statement or comment is dropped; true unless it says false.
    /// cookiecutter and copier keep it.
    #[serde(default = "yes")]
    trim_blocks: bool,
    /// Whether the blanks before a statement or comment that starts its line are dropped; true unless
    /// it says false. cookiecutter and copier keep them.
    #[serde(default = "yes")]
    lstrip_blocks: bool,
}

fn yes() -> bool {
    true
}

impl Default for RawSyntax {
    fn default() -> RawSyntax {
        RawSyntax { block: None, variable: None, comment: None, trim_blocks: true, lstrip_blocks: true }
    }
}

#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "Template", deny_unknown_fields))]
struct RawTemplate {
    /// Its name within the pack.
    name: String,
    /// A file of the pack, or a directory with `/` at its end. What is no text, or has a NUL in its
    /// first 8 KiB, is copied as it is. In a directory the names of files and directories are
    /// templates too: one that gives nothing is left out with all below it, and `.j2` at the end of a
    /// file's name is dropped.
    source: String,
    /// What it gives.
    description: Option<String>,
    /// Where it writes, a template itself; `.` for a directory if left out.
    output: Option<String>,
    /// `ITEM in LIST`: renders it once for each item of a list, which `output`, paths, `when` and
    /// contents see by that name, with `loop.index` (from 1), `loop.index0`, `loop.first`,
    /// `loop.last` and `loop.length`. Secrets are not seen here.
    each: Option<String>,
    /// An expression; rendered only if true. Secrets are not seen here.
    when: Option<String>,
    /// The mode of its files; else that of their sources.
    mode: Option<Mode>,
    /// Globs of files to copy byte for byte: of paths below a directory, or of the name of a file.
    #[serde(default)]
    raw: Vec<String>,
    /// How its files join those of other packs; else by their type.
    merge: Option<Merge>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "Hooks", deny_unknown_fields))]
struct RawHooks {
    /// After files were written.
    #[serde(default)]
    post_generate: Vec<String>,
    /// After packages were installed.
    #[serde(default)]
    post_install: Vec<String>,
}

#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "Test", deny_unknown_fields))]
struct RawTest {
    /// Its name.
    name: String,
    /// What to answer.
    #[serde(default)]
    answers: BTreeMap<String, Json>,
    /// The optional packs and packages that join.
    #[serde(default)]
    with: Vec<String>,
    /// The directory with the expected tree.
    expect: String,
}

/// Serde's own untagged enums would hide unknown keys and where an error is.
macro_rules! text_or_table {
    ($type:ident, $detailed:ident) => {
        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<$type, D::Error> {
                struct TextOrTable;
                impl<'de> Visitor<'de> for TextOrTable {
                    type Value = $type;
                    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                        f.write_str("a version constraint or a table")
                    }
                    fn visit_str<E>(self, text: &str) -> Result<$type, E> {
                        Ok($type::Constraint(text.to_owned()))
                    }
                    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<$type, A::Error> {
                        $detailed::deserialize(MapAccessDeserializer::new(map)).map($type::Detailed)
                    }
                }
                deserializer.deserialize_any(TextOrTable)
            }
        }
    };
}

text_or_table!(RawDependency, DetailedDependency);
text_or_table!(RawPackage, DetailedPackage);

impl RawDependency {
    fn detailed(self) -> DetailedDependency {
        match self {
            RawDependency::Constraint(version) => {
                DetailedDependency { version, prerelease: false, optional: false, reason: None }
            }
            RawDependency::Detailed(detailed) => detailed,
        }
    }
}

impl RawPackage {
    fn detailed(self) -> DetailedPackage {
        match self {
            RawPackage::Constraint(version) => DetailedPackage {
                version,
                prerelease: false,
                registry: npm(),
                optional: false,
                features: Vec::new(),
                install_path: None,
            },
            RawPackage::Detailed(detailed) => detailed,
        }
    }
}

/// The keys that may stand in a table of the format; nothing where any may.
pub(crate) fn known_keys(table: &[&str]) -> Option<&'static [&'static str]> {
    Some(match table {
        [] => &[
            "pack",
            "dependencies",
            "packages",
            "variables",
            "syntax",
            "templates",
            "composition",
            "hooks",
            "queries",
            "tests",
        ],
        ["pack"] => {
            &["format", "name", "version", "description", "category", "license", "authors", "tags", "readme"]
        }
        ["dependencies", _] => &["version", "prerelease", "optional", "reason"],
        ["packages", _] => &["version", "prerelease", "registry", "optional", "features", "install-path"],
        ["variables", _] => &[
            "type",
            "description",
            "default",
            "choices",
            "multiple",
            "minimum",
            "maximum",
            "pattern",
            "example",
            "group",
            "secret",
            "required",
            "when",
        ],
        ["composition"] => &["strategy", "rules"],
        ["composition", "rules", _] => &["path", "merge", "prefer", "lists"],
        ["syntax"] => &["block", "variable", "comment", "trim-blocks", "lstrip-blocks"],
        ["templates", _] => {
            &["name", "source", "description", "output", "each", "when", "mode", "raw", "merge"]
        }
        ["hooks"] => &["post-generate", "post-install"],
        ["tests", _] => &["name", "answers", "with", "expect"],
        _ => return None,
    })
}

impl Manifest {
    /// Reads and checks a manifest. All problems of the checked values are reported at once.
    ///
    /// # Errors
    /// With file, line and column: syntax, unknown keys, values that break their rules.
    pub fn parse(text: &str) -> Result<Manifest, Vec<Diagnostic>> {
        if text.len() > MAX_SIZE {
            let message = format!("{FILE_NAME} has more than {} KiB", MAX_SIZE >> 10);
            return Err(vec![Diagnostic::error(Code::InvalidManifest, message)]);
        }
        let mut check = Check::new(text)?;
        check.unknown_keys();
        let raw: Result<RawManifest, _> = toml::from_str(text);
        let raw = match raw {
            Ok(raw) => raw,
            Err(error) => {
                // Unknown keys are told already, and with the nearest.
                if check.problems.is_empty() || !error.message().starts_with("unknown field") {
                    check.problems.push(check.syntax(&error));
                }
                return Err(check.problems);
            }
        };
        let manifest = check.manifest(raw);
        match manifest {
            Some(manifest) if check.problems.is_empty() => Ok(manifest),
            _ => Err(check.problems),
        }
    }

    /// The name and version as messages show them.
    pub fn label(&self) -> String {
        format!("{}@{}", self.name, self.version)
    }
}

/// Turns raw values into checked ones and collects what is wrong with them.
struct Check<'a> {
    text: &'a str,
    table: DeTable<'a>,
    problems: Vec<Diagnostic>,
    /// The names that expressions and paths read, with where they do.
    readers: Vec<(Vec<String>, BTreeSet<String>)>,
}

impl<'a> Check<'a> {
    fn new(text: &'a str) -> Result<Check<'a>, Vec<Diagnostic>> {
        let mut check = Check { text, table: DeTable::new(), problems: Vec::new(), readers: Vec::new() };
        match DeTable::parse(text) {
            Ok(table) => check.table = table.into_inner(),
            Err(error) => return Err(vec![check.syntax(&error)]),
        }
        check.format()?;
        Ok(check)
    }

    /// A newer format may look any way at all, so this comes before everything else.
    fn format(&self) -> Result<(), Vec<Diagnostic>> {
        let path = ["pack", "format"];
        let Some((DeValue::Integer(format), _)) = self.find(&path) else { return Ok(()) };
        match format.as_str().parse::<u32>() {
            Ok(FORMAT) => Ok(()),
            Ok(format) if format > FORMAT => {
                let message = format!("{FILE_NAME} has format {format}; this version reads up to {FORMAT}");
                let error = Diagnostic::error(Code::UnsupportedFormat, message).suggest("update Packwright");
                Err(vec![self.place(error, &path)])
            }
            _ => Err(vec![self.place(
                Diagnostic::error(Code::InvalidManifest, format!("there is no format {format}")),
                &path,
            )]),
        }
    }

    /// The value at a path of keys, or the deepest one there is, with its place.
    fn find(&self, path: &[&str]) -> Option<(&DeValue<'a>, Range<usize>)> {
        let (first, rest) = path.split_first()?;
        let value = self.table.get(*first)?;
        let mut found = (value.get_ref(), value.span());
        for key in rest {
            let next = match found.0 {
                DeValue::Table(table) => table.get(*key),
                DeValue::Array(array) => key.parse::<usize>().ok().and_then(|index| array.get(index)),
                _ => None,
            };
            let Some(next) = next else { break };
            found = (next.get_ref(), next.span());
        }
        Some(found)
    }

    fn place(&self, diagnostic: Diagnostic, path: &[&str]) -> Diagnostic {
        match self.find(path) {
            Some((_, span)) => self.place_at(diagnostic, span.start),
            None => {
                diagnostic.at(Location { pack: None, file: FILE_NAME.to_owned(), line: None, column: None })
            }
        }
    }

    fn place_at(&self, mut diagnostic: Diagnostic, offset: usize) -> Diagnostic {
        let location = Location::of_offset(FILE_NAME, self.text, offset);
        diagnostic.frame = location.line.and_then(|line| source_frame(self.text, line, location.column));
        diagnostic.at(location)
    }

    fn syntax(&self, error: &toml::de::Error) -> Diagnostic {
        let message = error.message().lines().next().unwrap_or("it is no TOML").to_owned();
        let diagnostic = Diagnostic::error(Code::InvalidManifest, message);
        match error.span() {
            Some(span) => self.place_at(diagnostic, span.start),
            None => self.place(diagnostic, &[]),
        }
    }

    /// Serde stops at the first unknown key and cannot name the nearest known one.
    fn unknown_keys(&mut self) {
        fn walk(value: &DeTable, table: &mut Vec<String>, unknown: &mut Vec<Vec<String>>) {
            let known = known_keys(&table.iter().map(String::as_str).collect::<Vec<_>>());
            for (key, value) in value {
                table.push(key.get_ref().to_string());
                if known.is_some_and(|known| !known.contains(&&**key.get_ref())) {
                    unknown.push(table.clone());
                } else if table.len() < 3 {
                    match value.get_ref() {
                        DeValue::Table(inner) => walk(inner, table, unknown),
                        DeValue::Array(array) => {
                            for (index, inner) in array.iter().enumerate() {
                                table.push(index.to_string());
                                if let DeValue::Table(inner) = inner.get_ref() {
                                    walk(inner, table, unknown);
                                }
                                table.pop();
                            }
                        }
                        _ => {}
                    }
                }
                table.pop();
            }
        }
        let mut unknown = Vec::new();
        walk(&self.table, &mut Vec::new(), &mut unknown);
        for keys in unknown {
            self.unknown_key(&keys.iter().map(String::as_str).collect::<Vec<_>>());
        }
    }

    fn unknown_key(&mut self, keys: &[&str]) {
        let Some((key, table)) = keys.split_last() else { return };
        let known = known_keys(table).unwrap_or_default();
        let place =
            if table.is_empty() { "at the top".to_owned() } else { format!("in `{}`", table.join(".")) };
        let error =
            Diagnostic::error(Code::InvalidManifest, format!("unknown key `{}` {place}", key.escape_debug()));
        let error = error.suggest(match nearest(key, known.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("known keys are {}", known.join(", ")),
        });
        let error = self.place(error, keys);
        self.problems.push(error);
    }

    fn problem(&mut self, code: Code, path: &[&str], message: impl fmt::Display) {
        let place = path.join(".");
        let error = self.place(Diagnostic::error(code, format!("`{place}`: {message}")), path);
        self.problems.push(error);
    }

    /// Keeps a value that parses; reports one that does not.
    fn parse<T: std::str::FromStr<Err: fmt::Display>>(
        &mut self,
        code: Code,
        path: &[&str],
        text: &str,
    ) -> Option<T> {
        text.parse().map_err(|error| self.problem(code, path, error)).ok()
    }

    /// Takes down what an expression or a template reads that is not the content of a file.
    fn reads(&mut self, path: &[&str], names: Result<BTreeSet<String>, TemplateError>) {
        match names {
            Ok(names) => self.readers.push((path.iter().map(|&key| key.to_owned()).collect(), names)),
            Err(error) => self.problem(Code::InvalidManifest, path, error),
        }
    }

    /// Secrets are for the content of files: a path or an answer would tell them.
    fn secrets_are_kept(&mut self, variables: &[Variable]) {
        for (path, names) in std::mem::take(&mut self.readers) {
            let path: Vec<&str> = path.iter().map(String::as_str).collect();
            for secret in variables.iter().filter(|one| one.secret && names.contains(one.name.as_str())) {
                let message =
                    format!("it reads the secret `{}`, which only the content of files may", secret.name);
                self.problem(Code::InvalidManifest, &path, message);
            }
        }
    }

    /// Texts end up in terminals and tables.
    fn line(&mut self, path: &[&str], text: &str) {
        if text.contains(is_invisible) {
            self.problem(Code::InvalidManifest, path, "control characters and line breaks are not allowed");
        }
    }

    fn manifest(&mut self, raw: RawManifest) -> Option<Manifest> {
        let name = self.parse(Code::InvalidName, &["pack", "name"], &raw.pack.name);
        let version = self.parse(Code::InvalidVersion, &["pack", "version"], &raw.pack.version);
        self.line(&["pack", "description"], &raw.pack.description);
        for (key, texts) in [("authors", &raw.pack.authors), ("tags", &raw.pack.tags)] {
            for (index, text) in texts.iter().enumerate() {
                self.line(&["pack", key, &index.to_string()], text);
            }
        }
        if let Some(license) = &raw.pack.license {
            self.line(&["pack", "license"], license);
        }
        let readme =
            raw.pack.readme.and_then(|path| self.parse(Code::InvalidPath, &["pack", "readme"], &path));
        let mut dependencies: Vec<Dependency> =
            raw.dependencies.into_iter().filter_map(|(name, raw)| self.dependency(&name, raw)).collect();
        dependencies.sort_by(|a, b| a.name.cmp(&b.name));
        let packages = raw.packages.into_iter().filter_map(|(name, raw)| self.package(&name, raw)).collect();
        let variables: Vec<Variable> =
            raw.variables.into_iter().filter_map(|(name, raw)| self.variable(&name, raw)).collect();
        let syntax = self.syntax_of(raw.syntax);
        let mut templates: Vec<Template> = Vec::new();
        for (index, raw) in raw.templates.into_iter().enumerate() {
            if templates.iter().any(|template| template.name == raw.name) {
                let message = format!("there are two templates `{}`", raw.name);
                self.problem(Code::InvalidManifest, &["templates", &index.to_string(), "name"], message);
            }
            templates.extend(self.template(index, raw, &syntax));
        }
        self.secrets_are_kept(&variables);
        let mut tests: Vec<GoldenTest> = Vec::new();
        for (index, raw) in raw.tests.into_iter().enumerate() {
            if tests.iter().any(|test| test.name == raw.name) {
                let message = format!("there are two tests `{}`", raw.name);
                self.problem(Code::InvalidManifest, &["tests", &index.to_string(), "name"], message);
            }
            tests.extend(self.test(index, raw));
        }
        let hooks = self.hooks(name.as_ref(), raw.hooks);
        Some(Manifest {
            name: name?,
            version: version?,
            description: raw.pack.description,
            category: raw.pack.category,
            license: raw.pack.license,
            authors: raw.pack.authors,
            tags: raw.pack.tags,
            readme,
            dependencies,
            packages,
            variables,
            syntax,
            templates,
            composition: raw.composition,
            hooks,
            queries: raw.queries,
            tests,
        })
    }

    fn dependency(&mut self, name: &str, raw: RawDependency) -> Option<Dependency> {
        let path = ["dependencies", name];
        let raw = raw.detailed();
        let constraint = self.constraint(&path, &raw.version, raw.prerelease);
        let name = self.parse(Code::InvalidName, &path, name);
        if let Some(reason) = &raw.reason {
            self.line(&path, reason);
        }
        Some(Dependency { name: name?, constraint: constraint?, optional: raw.optional, reason: raw.reason })
    }

    fn constraint(&mut self, path: &[&str; 2], text: &str, prereleases: bool) -> Option<Constraint> {
        let constraint: Constraint =
            self.parse(Code::InvalidConstraint, &[path[0], path[1], "version"], text)?;
        Some(if prereleases { constraint.with_prereleases() } else { constraint })
    }

    fn package(&mut self, name: &str, raw: RawPackage) -> Option<Package> {
        let path = ["packages", name];
        let raw = raw.detailed();
        let constraint = self.constraint(&path, &raw.version, raw.prerelease);
        let registry = self.parse(Code::InvalidName, &[path[0], name, "registry"], &raw.registry);
        let install_path = raw
            .install_path
            .map(|text| self.parse(Code::InvalidPath, &[path[0], name, "install-path"], &text));
        let name = self.parse(Code::InvalidName, &path, name);
        Some(Package {
            name: name?,
            constraint: constraint?,
            registry: registry?,
            optional: raw.optional,
            features: raw.features,
            install_path: install_path.flatten(),
        })
    }

    fn variable(&mut self, name: &str, raw: RawVariable) -> Option<Variable> {
        let at = |key| ["variables", name, key];
        let invalid = Code::InvalidManifest;
        let checked: Option<VariableName> = self.parse(Code::InvalidName, &["variables", name], name);
        if [PROJECT_NAME, TIMESTAMP].contains(&name) {
            self.problem(invalid, &["variables", name], "every project has this one, it is not declared");
        }
        for (key, text) in [("description", &raw.description), ("group", &raw.group)] {
            if let Some(text) = text {
                self.line(&at(key), text);
            }
        }
        if (raw.minimum.is_some() || raw.maximum.is_some()) && raw.kind != Kind::Integer {
            let key = if raw.minimum.is_some() { "minimum" } else { "maximum" };
            self.problem(invalid, &at(key), "only integers have a range");
        }
        for (key, bound) in [("minimum", raw.minimum), ("maximum", raw.maximum)] {
            if bound.is_some_and(|bound| bound.unsigned_abs() > variable::MAX_INTEGER.unsigned_abs()) {
                self.problem(invalid, &at(key), "integers keep to plus and minus 2^53 - 1");
            }
        }
        if raw.minimum.zip(raw.maximum).is_some_and(|(minimum, maximum)| minimum > maximum) {
            self.problem(invalid, &at("minimum"), "it is above `maximum`");
        }
        let pattern = raw.pattern.as_ref().and_then(|text| {
            if !matches!(raw.kind, Kind::String | Kind::Path) {
                self.problem(invalid, &at("pattern"), "only strings and paths have a pattern");
            }
            Pattern::new(text).map_err(|error| self.problem(invalid, &at("pattern"), error)).ok()
        });
        if raw.multiple && raw.choices.is_none() {
            self.problem(invalid, &at("multiple"), "it needs `choices`");
        }
        if let Some(when) = &raw.when {
            self.reads(&at("when"), check_expression(when));
        }
        let example = raw.example.map(|example| match example {
            Json::String(text) => text,
            other => other.to_string(),
        });
        if let Some(example) = &example {
            self.line(&at("example"), example);
        }
        let mut variable = Variable {
            name: checked?,
            kind: raw.kind,
            description: raw.description,
            multiple: false,
            choices: None,
            default: None,
            required: raw.required.unwrap_or(raw.default.is_none()),
            minimum: raw.minimum,
            maximum: raw.maximum,
            pattern,
            example,
            group: raw.group,
            secret: raw.secret,
            when: raw.when,
        };
        // Choices and defaults are read by the rules of the variable itself.
        variable.choices = raw.choices.map(|choices| self.choices(&variable, &choices, raw.multiple));
        variable.multiple = raw.multiple;
        variable.default = raw.default.and_then(|default| self.default(&variable, default));
        Some(variable)
    }

    fn choices(&mut self, variable: &Variable, choices: &[Json], multiple: bool) -> Vec<Answer> {
        let name = variable.name.as_str();
        let mut read: Vec<Answer> = Vec::new();
        for (index, choice) in choices.iter().enumerate() {
            let path = ["variables", name, "choices", &index.to_string()];
            match variable.read(choice) {
                Ok(Answer::Text(text)) if multiple && (text.contains(',') || text.trim() != text) => {
                    let message = "several choices are given with commas between them, so none may hold one";
                    self.problem(Code::InvalidManifest, &path, message);
                }
                Ok(Answer::Text(text)) if text.contains(is_invisible) => self.line(&path, &text),
                Ok(choice) if read.contains(&choice) => {
                    self.problem(Code::InvalidManifest, &path, format!("`{choice}` is there already"));
                }
                Ok(choice) => read.push(choice),
                Err(error) => self.problem(Code::InvalidManifest, &path, error),
            }
        }
        if choices.is_empty() {
            self.problem(
                Code::InvalidManifest,
                &["variables", name, "choices"],
                "there must be at least one",
            );
        }
        read
    }

    fn default(&mut self, variable: &Variable, default: Json) -> Option<variable::Default> {
        let path = ["variables", variable.name.as_str(), "default"];
        if let Json::String(text) = &default
            && (text.contains("{{") || text.contains("{%"))
        {
            self.reads(&path, check_template(text, &Syntax::default()));
            return Some(variable::Default::Template(text.clone()));
        }
        match variable.read(&default) {
            Ok(answer) => Some(variable::Default::Literal(answer)),
            Err(error) => {
                self.problem(Code::InvalidManifest, &path, error);
                None
            }
        }
    }

    /// The syntax of the templates. Where it is wrong, Jinja's own helps to find what else is.
    fn syntax_of(&mut self, raw: RawSyntax) -> Syntax {
        let mut pair = |key: &str, texts: Option<Vec<String>>, read: fn(&str, &str) -> _| {
            let texts = texts?;
            let [open, close] = &texts[..] else {
                self.problem(Code::InvalidManifest, &["syntax", key], "it is written `[OPENING, CLOSING]`");
                return None;
            };
            let pair: Result<Delimiters, DelimiterError> = read(open, close);
            pair.map_err(|error| self.problem(Code::InvalidManifest, &["syntax", key], error)).ok()
        };
        let block = pair("block", raw.block, Delimiters::of_code);
        let variable = pair("variable", raw.variable, Delimiters::of_code);
        let comment = pair("comment", raw.comment, Delimiters::of_comment);
        let syntax = Syntax::new(block, variable, comment, raw.trim_blocks, raw.lstrip_blocks);
        syntax.unwrap_or_else(|error: DelimiterError| {
            self.problem(Code::InvalidManifest, &["syntax"], error);
            Syntax::default()
        })
    }

    fn template(&mut self, index: usize, raw: RawTemplate, syntax: &Syntax) -> Option<Template> {
        let index = index.to_string();
        let at = |key| ["templates", index.as_str(), key];
        self.line(&at("name"), &raw.name);
        let source = match raw.source.strip_suffix('/') {
            Some(directory) => self.parse(Code::InvalidPath, &at("source"), directory).map(Source::Directory),
            None => self.parse(Code::InvalidPath, &at("source"), &raw.source).map(Source::File),
        };
        let output = match (raw.output, &source) {
            (Some(output), _) => output,
            (None, Some(Source::File(_))) => {
                self.problem(Code::InvalidManifest, &["templates", &index], "a single file needs `output`");
                return None;
            }
            (None, _) => ".".to_owned(),
        };
        let each: Option<Each> =
            raw.each.and_then(|text| self.parse(Code::InvalidManifest, &at("each"), &text));
        self.reads(&at("output"), check_template(&output, syntax));
        if let Some(when) = &raw.when {
            self.reads(&at("when"), check_expression(when));
        }
        if let Some(each) = &each {
            self.reads(&at("each"), check_expression(&each.list));
        }
        Some(Template {
            name: raw.name,
            source: source?,
            description: raw.description,
            output,
            each,
            when: raw.when,
            mode: raw.mode,
            raw: raw.raw,
            merge: raw.merge,
        })
    }

    fn hooks(&mut self, pack: Option<&PackName>, raw: RawHooks) -> Vec<Hook> {
        let groups = [(Event::PostGenerate, raw.post_generate), (Event::PostInstall, raw.post_install)];
        let mut hooks = Vec::new();
        for (event, commands) in groups {
            for command in commands {
                self.line(&["hooks"], &command);
                hooks.extend(pack.map(|pack| Hook { pack: pack.clone(), event, command }));
            }
        }
        hooks
    }

    fn test(&mut self, index: usize, raw: RawTest) -> Option<GoldenTest> {
        let index = index.to_string();
        self.line(&["tests", &index, "name"], &raw.name);
        let with = raw.with.iter().enumerate().filter_map(|(at, name)| {
            self.parse(Code::InvalidName, &["tests", &index, "with", &at.to_string()], name)
        });
        let with = with.collect();
        let expect = raw.expect.strip_suffix('/').unwrap_or(&raw.expect);
        let expect = self.parse(Code::InvalidPath, &["tests", &index, "expect"], expect)?;
        Some(GoldenTest { name: raw.name, answers: raw.answers, with, expect })
    }
}
