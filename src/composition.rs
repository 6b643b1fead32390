//! How files that several packs write to one path become one, as people and packs say it: in
//! `[composition]` of a `pack.toml`, in a file behind `--rules`, in the lockfile.
//!
//! | strategy | a path that two packs write |
//! | --- | --- |
//! | `merge` | is joined by its type, or is a conflict |
//! | `layer` | is what the later pack gives |
//! | `rules` | is a conflict, unless a rule is about it |
//!
//! Rules come first with every strategy, then what a template says of itself, then the strategy. Not
//! here: joining, which [`crate::merge`] does with texts and [`crate::compose`] with files.

use std::fmt;
use std::str::FromStr;

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::path::RelPath;

/// How a file joins those of other packs with the same path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(test, derive(ts_rs::TS, schemars::JsonSchema))]
pub enum Merge {
    /// By its type, as with the strategy `merge`: JSON, TOML and YAML key by key.
    Deep,
    /// Line by line: what is not there yet.
    Lines,
    /// Section by section: Markdown.
    Sections,
    /// Between marked lines.
    Anchor,
    /// It takes the place of what earlier packs give.
    Overwrite,
    /// It stays away where an earlier pack gives one.
    Skip,
    /// It is a conflict, unless both are equal.
    Error,
}

/// What happens to paths that no rule and no template speaks of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(test, derive(ts_rs::TS, schemars::JsonSchema), ts(rename = "CompositionStrategy"))]
pub enum Strategy {
    /// They are joined by their type.
    #[default]
    Merge,
    /// The later pack's takes the place of the earlier's.
    Layer,
    /// They are conflicts.
    Rules,
}

/// As it is written.
impl fmt::Display for Strategy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Strategy::Merge => "merge",
            Strategy::Layer => "layer",
            Strategy::Rules => "rules",
        })
    }
}

/// Which of two values of one key stands where they do not join.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(test, derive(ts_rs::TS, schemars::JsonSchema))]
pub enum Prefer {
    /// That of the earlier pack.
    Earlier,
    /// That of the later pack.
    Later,
}

/// How two lists of one key join.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(test, derive(ts_rs::TS, schemars::JsonSchema))]
pub enum Lists {
    /// The earlier's, then what only the later has.
    #[default]
    Union,
    /// The earlier's, then the later's.
    Append,
    /// The later's.
    Replace,
    /// Lists that differ are a conflict.
    Error,
    /// Tables with the same value of this key are one; the rest as with `union`.
    By(String),
}

/// Key paths, such as `scripts.*` or `jobs.*.steps`.
///
/// `*` stands for one key, `**` for any number of keys, none too.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Pattern(Vec<String>);

/// A text that is no pattern of key paths.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("`{0}` is no pattern of key paths such as `jobs.*.steps`: a key is missing")]
pub struct PatternError(String);

impl Pattern {
    /// Whether a key path is one of its.
    pub fn matches(&self, path: &[&str]) -> bool {
        // The place behind the last `**`, and how much of the path it has taken.
        let (mut at, mut taken, mut retry) = (0, 0, None);
        while taken < path.len() {
            match self.0.get(at).map(String::as_str) {
                Some("**") => {
                    retry = Some((at + 1, taken));
                    at += 1;
                }
                Some(key) if key == "*" || key == path[taken] => {
                    at += 1;
                    taken += 1;
                }
                _ => match retry {
                    Some((behind, from)) => {
                        (at, taken) = (behind, from + 1);
                        retry = Some((behind, from + 1));
                    }
                    None => return false,
                },
            }
        }
        self.0[at..].iter().all(|key| key == "**")
    }
}

impl FromStr for Pattern {
    type Err = PatternError;

    fn from_str(text: &str) -> Result<Pattern, PatternError> {
        let keys: Vec<String> = text.split('.').map(str::to_owned).collect();
        if keys.iter().any(String::is_empty) { Err(PatternError(text.to_owned())) } else { Ok(Pattern(keys)) }
    }
}

impl TryFrom<String> for Pattern {
    type Error = PatternError;

    fn try_from(text: String) -> Result<Pattern, PatternError> {
        text.parse()
    }
}

impl From<Pattern> for String {
    fn from(pattern: Pattern) -> String {
        pattern.to_string()
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("."))
    }
}

/// What is to be done with paths that several packs write.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(ts_rs::TS, schemars::JsonSchema), ts(optional_fields))]
pub struct Rule {
    /// A glob over paths of the project, such as `.github/workflows/*.yml`.
    pub path: String,
    /// How the files join; else by their type.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub merge: Option<Merge>,
    /// Which value stands where two do not join; else that is a conflict.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prefer: Option<Prefer>,
    /// How lists join, by pattern of their key path; the first that matches decides. Without one it is `union`, but lists whose order is their meaning, such as commands, must be equal.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    #[cfg_attr(
        test,
        ts(as = "Option<std::collections::BTreeMap<String, Lists>>"),
        schemars(with = "std::collections::BTreeMap<String, Lists>")
    )]
    pub lists: IndexMap<Pattern, Lists>,
}

impl Rule {
    /// Whether it speaks of a path.
    pub fn matches(&self, path: &RelPath) -> bool {
        fast_glob::glob_match(&self.path, path.as_str())
    }
}

/// How files of several packs join.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[cfg_attr(test, derive(ts_rs::TS, schemars::JsonSchema), ts(optional_fields))]
pub struct Composition {
    /// What happens to paths that no rule and no template speaks of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub strategy: Option<Strategy>,
    /// The first rule about a path decides.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(test, ts(as = "Option<Vec<Rule>>"))]
    pub rules: Vec<Rule>,
}

impl Composition {
    /// Whether it says nothing.
    pub fn is_empty(&self) -> bool {
        self.strategy.is_none() && self.rules.is_empty()
    }

    /// As the table `composition` of a file, behind a blank line; nothing if it says nothing.
    pub fn to_toml(&self) -> String {
        #[derive(Serialize)]
        struct File<'a> {
            composition: &'a Composition,
        }
        if self.is_empty() {
            return String::new();
        }
        let text = toml::to_string(&File { composition: self });
        format!("\n{}", text.expect("texts, lists and tables are TOML"))
    }

    /// With what another says where this says nothing.
    pub fn over(mut self, other: &Composition) -> Composition {
        self.strategy = self.strategy.or(other.strategy);
        self.rules.extend(other.rules.iter().cloned());
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_key_paths() {
        for (pattern, path, expected) in [
            ("scripts.*", "scripts.test", true),
            ("scripts.*", "scripts", false),
            ("scripts.*", "scripts.a.b", false),
            ("**", "a.b.c", true),
            ("**.steps", "jobs.test.steps", true),
            ("**.steps", "steps", true),
            ("jobs.**.a.b", "jobs.a.a.b", true),
            ("jobs.**.a.b", "jobs.a.b.c", false),
            ("jobs.*.steps", "jobs.x.steps", true),
        ] {
            let keys: Vec<&str> = path.split('.').collect();
            assert_eq!(pattern.parse::<Pattern>().unwrap().matches(&keys), expected, "{pattern} {path}");
        }
        assert!("**".parse::<Pattern>().unwrap().matches(&[]));
        assert_eq!(
            "a..b".parse::<Pattern>().unwrap_err().to_string(),
            "`a..b` is no pattern of key paths such as `jobs.*.steps`: a key is missing"
        );
    }

    #[test]
    fn a_composition_survives_being_written() {
        let text = "strategy = \"rules\"\n\n[[rules]]\npath = \"**/*.yml\"\nmerge = \"deep\"\nprefer = \"later\"\n\n[rules.lists]\n\"jobs.*.steps\" = \"append\"\n\n[rules.lists.services]\nby = \"name\"\n";
        let composition: Composition = toml::from_str(text).unwrap();
        assert_eq!(
            composition.rules[0].lists["services".parse::<Pattern>().as_ref().unwrap()],
            Lists::By("name".to_owned())
        );
        assert_eq!(
            toml::from_str::<Composition>(&toml::to_string(&composition).unwrap()).unwrap(),
            composition
        );
        assert!(composition.rules[0].matches(&".github/x.yml".parse().unwrap()));
        assert!(!composition.rules[0].matches(&"x.json".parse().unwrap()));
    }
}
