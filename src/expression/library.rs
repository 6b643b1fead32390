//! The templates of all packs of a project, and which of them a template may read.
//!
//! The full name of a template is `PACK:PATH`; a `:` stands in neither. What a template names
//! without a pack is its own pack's.

use std::collections::BTreeMap;
use std::fmt;

use crate::diagnostic::nearest;
use crate::name::PackName;
use crate::version::Version;

use super::syntax::Syntax;

/// Templates by pack and path.
#[derive(Default)]
pub struct Library {
    shelves: BTreeMap<PackName, Shelf>,
}

/// What of one pack matters to templates.
pub struct Shelf {
    /// Its version.
    pub version: Version,
    /// How its templates are written.
    pub syntax: Syntax,
    /// The packs whose templates its own may read, and whether those are optional.
    pub dependencies: BTreeMap<PackName, bool>,
    /// Its files that are texts, by path.
    pub texts: BTreeMap<String, String>,
}

/// Why a template cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) message: String,
    pub(super) suggestion: Option<String>,
    /// Whether `ignore missing` covers it.
    pub(super) ignorable: bool,
}

impl FromIterator<(PackName, Shelf)> for Library {
    fn from_iter<I: IntoIterator<Item = (PackName, Shelf)>>(shelves: I) -> Library {
        Library { shelves: shelves.into_iter().collect() }
    }
}

impl Library {
    /// The shelf of a pack.
    pub(super) fn shelf(&self, pack: &str) -> Option<(&PackName, &Shelf)> {
        self.shelves.get_key_value(&pack.parse::<PackName>().ok()?)
    }

    /// The packs that templates of a pack may read, directly or through one another, without itself.
    pub(super) fn below(&self, pack: &PackName) -> BTreeMap<&PackName, &Shelf> {
        let mut found = BTreeMap::new();
        let mut open = vec![pack];
        while let Some(next) = open.pop() {
            for name in self.shelves.get(next).iter().flat_map(|shelf| shelf.dependencies.keys()) {
                if let Some((name, shelf)) = self.shelves.get_key_value(name)
                    && name != pack
                    && found.insert(name, shelf).is_none()
                {
                    open.push(name);
                }
            }
        }
        found
    }

    /// The full name of what a template names.
    pub(super) fn resolve(&self, name: &str, asker: &str) -> Result<String, Refusal> {
        let (pack, path) = asker.split_once(':').unwrap_or((asker, ""));
        match name.split_once(':') {
            Some((other, _)) if other == pack => Ok(name.to_owned()),
            Some((other, _)) => self.may_read(pack, other).map(|()| name.to_owned()),
            None if name.starts_with("./") || name.starts_with("../") => {
                let directory = path.rsplit_once('/').map_or("", |(directory, _)| directory);
                match join(directory, name) {
                    Some(path) => Ok(format!("{pack}:{path}")),
                    None => Err(Refusal::new(format!("`{}` leads out of the pack", name.escape_debug()))),
                }
            }
            None => Ok(format!("{pack}:{name}")),
        }
    }

    fn may_read(&self, pack: &str, other: &str) -> Result<(), Refusal> {
        let shown = other.escape_debug();
        let dependencies = self.shelf(pack).map(|(_, shelf)| &shelf.dependencies);
        let there = self.shelf(other);
        let declared = dependencies.and_then(|all| all.iter().find(|(name, _)| name.as_str() == other));
        match (declared, there) {
            (Some(_), Some(_)) => Ok(()),
            (Some((_, true)), None) => Err(Refusal {
                message: format!("the optional pack `{shown}` is not in this project"),
                suggestion: Some(format!("guard it: `{{% if '{shown}' in packs %}}`")),
                ignorable: true,
            }),
            (Some((_, false)), None) => Err(Refusal::new(format!("the pack `{shown}` is not there"))),
            (None, _) => {
                let names = dependencies.into_iter().flat_map(|all| all.keys()).map(PackName::as_str);
                let suggestion = match (there, nearest(other, names)) {
                    (Some((name, shelf)), _) => {
                        format!(
                            "add `{} = \"^{}\"` to `[dependencies]` of `{pack}`",
                            key(name),
                            shelf.version
                        )
                    }
                    (None, Some(near)) => format!("did you mean `{near}`?"),
                    (None, None) => format!("add it to `[dependencies]` of `{pack}`"),
                };
                let message =
                    format!("`{pack}` reads a file of `{shown}`, which is none of its dependencies");
                Err(Refusal { suggestion: Some(suggestion), ..Refusal::new(message) })
            }
        }
    }

    /// The text of a full name, and how it is written.
    pub(super) fn look_up(&self, name: &str) -> Result<(&str, &Syntax), Refusal> {
        let (pack, path) = name.split_once(':').unwrap_or(("", name));
        let shelf = self.shelf(pack);
        if let Some((_, shelf)) = shelf
            && let Some(text) = shelf.texts.get(path)
        {
            return Ok((text, &shelf.syntax));
        }
        // A name that is computed may be an answer, and that a secret.
        let last = path.rsplit('/').next().unwrap_or(path);
        let is_written =
            self.shelves.values().any(|shelf| shelf.texts.values().any(|text| text.contains(last)));
        if !is_written {
            let message = "there is no text of the name that an expression gives".to_owned();
            return Err(Refusal { message, suggestion: None, ignorable: true });
        }
        let near = shelf.and_then(|(_, shelf)| nearest(path, shelf.texts.keys().map(String::as_str)));
        Err(Refusal {
            message: format!(
                "there is no text `{}` in the pack `{}`",
                path.escape_debug(),
                pack.escape_debug()
            ),
            suggestion: near.map(|near| format!("did you mean `{near}`?")),
            ignorable: true,
        })
    }
}

/// A name as a key of TOML.
fn key(name: &PackName) -> String {
    if name.scope().is_some() { format!("\"{name}\"") } else { name.to_string() }
}

/// Follows a relative name from a directory of a pack; nothing if that leads out of the pack.
fn join(directory: &str, name: &str) -> Option<String> {
    let mut components: Vec<&str> = directory.split('/').filter(|part| !part.is_empty()).collect();
    for part in name.split('/') {
        match part {
            "." => {}
            ".." => drop(components.pop()?),
            part => components.push(part),
        }
    }
    Some(components.join("/"))
}

impl Refusal {
    pub(super) fn new(message: String) -> Refusal {
        Refusal { message, suggestion: None, ignorable: false }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Refusal {}
