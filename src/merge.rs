//! Joins two texts of one path into one, by what they mean.
//!
//! Of the `first` text every byte stays: comments, order, quotes, indentation, line ends, byte order
//! mark, a missing last line end. What the `second` brings is put in as text, with its comments, in
//! the style of what stands around it. So no value is ever printed anew, and each line of the result
//! is a line of one side.
//!
//! | kind | what is joined | what stands there twice |
//! | --- | --- | --- |
//! | [`Kind::Json`] [`Kind::Toml`] [`Kind::Yaml`] | tables key by key, lists by the [`Policy`] | equal, or a clash |
//! | [`Kind::Lines`] | lines that are not there yet, in their order | one line; of one pattern in `CODEOWNERS` and `.gitattributes` equal, or a clash; so is a pattern of an ignore file with `!` and without |
//! | [`Kind::Variables`] | lines by the name before `=` | equal, or a clash |
//! | [`Kind::Requirements`] | lines by the name of the package | the narrower version, or a clash |
//! | [`Kind::Sections`] | Markdown by its headings, a section paragraph by paragraph | one paragraph |
//! | [`Kind::Anchors`] | regions between marked lines, line by line | one line that stands for itself |
//!
//! Versions that are wanted of one package, in the files of npm, Cargo and Python, join to what
//! satisfies both, and a [`Note`] says so.
//!
//! Not here: which files of which packs are joined, and merging three ways with a project.

use std::fmt;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::composition::{Lists, Pattern, Prefer};
use crate::path::RelPath;

mod anchors;
mod compose_file;
mod counterparts;
mod deep;
mod diff;
mod flow;
mod inherited;
mod json;
mod lines;
mod owners;
mod remarks;
mod sections;
mod source;
mod toml;
mod tree;
mod versions;
mod yaml;

pub use anchors::{has_anchors, is_anchor};
pub use diff::{MAX_DIFF, MAX_DIFF_LINES, unified_diff};
pub use yaml::{MAX_VALUES, YamlError, yaml_to_json};

use source::Source;
use versions::Ecosystem;

/// The most bytes of a text that is joined with another.
pub const MAX_SIZE: usize = 1024 * 1024;

/// How deep tables and lists may stand in each other.
pub const MAX_DEPTH: usize = 128;

/// The way in which texts of a path join.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// JSON, with comments and trailing commas where a text has them. JSON5 has more, and no kind.
    Json,
    /// TOML.
    Toml,
    /// YAML 1.2 of one document, without tags.
    Yaml,
    /// One entry a line, such as `.gitignore`.
    Lines,
    /// `NAME=value` lines, such as `.env`.
    Variables,
    /// One requirement of Python a line.
    Requirements,
    /// Markdown.
    Sections,
    /// Any text with regions between marked lines.
    Anchors,
}

impl Kind {
    /// How two texts of a path join; none if nothing but equal texts would.
    pub fn of(path: &RelPath, first: &str, second: &str) -> Option<Kind> {
        if anchors::has_anchors(first) && anchors::has_anchors(second) {
            return Some(Kind::Anchors);
        }
        let name = path.file_name().to_ascii_lowercase();
        let (_, extension) = name.rsplit_once('.').unwrap_or(("", &name));
        Some(match (name.as_str(), extension) {
            (".babelrc" | ".eslintrc" | ".prettierrc" | ".swcrc", _) if starts_as_json(first, second) => {
                Kind::Json
            }
            (".babelrc" | ".swcrc", _) => Kind::Json,
            (".eslintrc" | ".prettierrc", _) => Kind::Yaml,
            (_, "json" | "jsonc" | "code-workspace" | "webmanifest") => Kind::Json,
            (_, "toml") => Kind::Toml,
            (_, "yaml" | "yml") => Kind::Yaml,
            (_, "md" | "markdown") => Kind::Sections,
            ("codeowners" | ".gitattributes" | ".mailmap", _) => Kind::Lines,
            (name, _) if name == ".env" || name.starts_with(".env.") => Kind::Variables,
            (name, "txt") if name.starts_with("requirements") || name.starts_with("constraints") => {
                Kind::Requirements
            }
            (name, _) if name.starts_with('.') && name.ends_with("ignore") => Kind::Lines,
            _ => return None,
        })
    }
}

fn starts_as_json(first: &str, second: &str) -> bool {
    [first, second].iter().all(|text| {
        let text = text.trim_start_matches('\u{feff}').trim_start();
        text.is_empty() || text.starts_with(['{', '/'])
    })
}

/// What the packs, or a person, said about joining.
#[derive(Clone, Debug, Default)]
pub struct Policy {
    /// Which of two values of one key stands where they do not join; else that is a clash.
    pub prefer: Option<Prefer>,
    /// Whether `prefer` decides between two versions that are wanted of a package, too, though there may
    /// be one that satisfies both.
    pub prefer_versions: bool,
    /// For lists; the first pattern that matches decides. Without one it is [`Lists::Union`], but
    /// lists whose order is their meaning, such as commands, must be equal.
    pub lists: Vec<(Pattern, Lists)>,
}

impl Policy {
    /// Which of two versions stands, whatever satisfies both.
    fn version(&self) -> Option<Prefer> {
        self.prefer.filter(|_| self.prefer_versions)
    }

    fn lists(&self, path: &[&str]) -> Option<&Lists> {
        self.lists.iter().find(|(pattern, _)| pattern.matches(path)).map(|(_, lists)| lists)
    }
}

/// One of the two texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Side {
    /// The text so far.
    First,
    /// The text that joins it.
    Second,
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Side::First => "first",
            Side::Second => "second",
        })
    }
}

/// Where a line of the result comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Whose {
    /// The text it stands in. What holds others together, such as a brace, belongs to the first.
    pub side: Side,
    /// Its line there, from 1.
    pub line: usize,
    /// The line of the other text that has part in it, as in a list of one line that both add to.
    pub also: Option<usize>,
}

impl Whose {
    fn new(side: Side, line: usize) -> Whose {
        Whose { side, line, also: None }
    }
}

/// Two texts that are one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Merged {
    /// The text.
    pub text: String,
    /// One for each line of the text, in order.
    pub lines: Vec<Whose>,
    /// The versions that were decided.
    pub notes: Vec<Note>,
}

/// A version that was decided while joining.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// The package.
    pub key: String,
    /// What the first wants.
    pub first: Excerpt,
    /// What the second wants.
    pub second: Excerpt,
    /// What stands there now.
    pub joined: String,
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`: {} and {} -> {}", self.key, self.first.text, self.second.text, self.joined)
    }
}

/// Why two texts are not one.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum MergeError {
    /// A text is not of its kind, or beyond a limit.
    #[error("the {side} text cannot be read, line {line}, column {column}: {message}")]
    Unreadable {
        /// Which text.
        side: Side,
        /// Why.
        message: String,
        /// The line, from 1.
        line: usize,
        /// The column in characters, from 1.
        column: usize,
    },
    /// The texts differ where they cannot; all such places.
    #[error("{}", .0.iter().map(Clash::to_string).collect::<Vec<_>>().join("\n"))]
    Clashes(Vec<Clash>),
}

/// A place where two texts do not join.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clash {
    /// The key path, the name of a region, or the line; empty if it is about the whole.
    pub key: String,
    /// What the first has.
    pub first: Excerpt,
    /// What the second has.
    pub second: Excerpt,
    /// Why they do not join.
    pub why: Why,
}

/// A line of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Excerpt {
    /// The line, from 1; 0 if there is none.
    pub line: usize,
    /// What is there, at most its first line.
    pub text: String,
}

impl Excerpt {
    const NOTHING: Excerpt = Excerpt { line: 0, text: String::new() };
}

impl fmt::Display for Excerpt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&*self.text, self.line) {
            (_, 0) => f.write_str("nothing"),
            ("", line) => write!(f, "nothing in line {line}"),
            (text, line) => write!(f, "`{text}` in line {line}"),
        }
    }
}

/// Why two values do not join.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Why {
    /// One key, two values.
    #[error("the values differ")]
    Values,
    /// A table here, a list or a value there.
    #[error("they are of different kinds")]
    Kinds,
    /// One document, two titles.
    #[error("the titles differ")]
    Title,
    /// The policy lets lists not differ.
    #[error("the lists differ, and the policy wants them equal")]
    Lists,
    /// The order of the lists is their meaning, as of the words of a command.
    #[error("the lists differ, and their order is their meaning")]
    Order,
    /// Of keys whose order is their meaning, nothing says which comes first.
    #[error("the keys have an order, and nothing says that of both together")]
    Keys,
    /// No version satisfies both.
    #[error("no version satisfies both")]
    Versions,
    /// What an alias stands for cannot be changed at the alias.
    #[error("it is an alias or an anchor, which cannot be merged into")]
    Alias,
    /// An alias that came from one text would stand for what the other says.
    #[error("an alias would stand for something else")]
    Anchor,
    /// What the first has there is written in a way that has no room for it.
    #[error("the first is written in a way that has no place for it")]
    Place,
    /// A table of TOML with a header of its own, or of dotted keys, that something else would replace.
    #[error("a table with lines of its own cannot be replaced")]
    Table,
    /// What a text has outside of its regions.
    #[error("only what stands between markers can differ")]
    Outside,
    /// Lines that belong to others, in a file that was to be joined line by line.
    #[error("lines that are indented belong to others and cannot be joined one by one")]
    Indented,
    /// A region that only the second has.
    #[error("the first has no region of that name")]
    Region,
    /// Two parts of the second would change one part of the first.
    #[error("the second says two things of it")]
    Twice,
    /// The whole does not hold together, though each text does.
    #[error("the joined text could not be read again")]
    Whole,
}

impl Why {
    /// Whether [`Policy::prefer`] would say what stands there.
    pub fn is_of_preference(self) -> bool {
        matches!(
            self,
            Why::Values | Why::Kinds | Why::Title | Why::Order | Why::Keys | Why::Versions | Why::Alias
        )
    }
}

impl fmt::Display for Clash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Clash { key, first, second, why } = self;
        if !key.is_empty() {
            write!(f, "`{key}`: ")?;
        }
        write!(f, "{why}: {first} of the first, {second} of the second")
    }
}

/// Joins a text with the text so far.
///
/// The result is the first, byte for byte, if the second has nothing that is not there, and the
/// second if the first is blank.
///
/// # Errors
/// The first text that cannot be read, else all clashes.
pub fn merge(
    kind: Kind,
    path: &RelPath,
    first: &str,
    second: &str,
    policy: &Policy,
) -> Result<Merged, MergeError> {
    let (first, second) = (Source::new(Side::First, first)?, Source::new(Side::Second, second)?);
    if first.text == second.text || second.is_blank() {
        return Ok(first.alone());
    }
    if first.is_blank() {
        return Ok(second.alone());
    }
    match kind {
        Kind::Json => deep::merge(&json::Json, Ecosystem::of(path), &first, &second, policy),
        Kind::Toml => deep::merge(&toml::Toml, Ecosystem::of(path), &first, &second, policy),
        Kind::Yaml => yaml::merge(Ecosystem::of(path), &first, &second, policy),
        Kind::Lines => lines::union(path, &first, &second, policy),
        Kind::Variables => lines::variables(&first, &second, policy),
        Kind::Requirements => lines::requirements(&first, &second, policy),
        Kind::Sections => sections::merge(&first, &second, policy),
        Kind::Anchors => anchors::merge(path, &first, &second),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_go_by_the_name() {
        for (path, expected) in [
            ("package.json", Some(Kind::Json)),
            (".vscode/settings.json", Some(Kind::Json)),
            ("a.code-workspace", Some(Kind::Json)),
            ("Cargo.toml", Some(Kind::Toml)),
            (".github/workflows/ci.yml", Some(Kind::Yaml)),
            (".prettierrc", Some(Kind::Json)),
            (".gitignore", Some(Kind::Lines)),
            (".github/CODEOWNERS", Some(Kind::Lines)),
            (".env.example", Some(Kind::Variables)),
            ("requirements-dev.txt", Some(Kind::Requirements)),
            ("docs/README.md", Some(Kind::Sections)),
            ("src/main.rs", None),
            ("notes.txt", None),
            ("tsconfig.json5", None),
        ] {
            assert_eq!(Kind::of(&path.parse().unwrap(), "{}", "{}"), expected, "{path}");
        }
        assert_eq!(Kind::of(&".eslintrc".parse().unwrap(), "a: 1", "{}"), Some(Kind::Yaml));
        let marked = "// packwright:begin x\n// packwright:end x\n";
        assert_eq!(Kind::of(&"a.json".parse().unwrap(), marked, marked), Some(Kind::Anchors));
    }
}
