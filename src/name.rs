//! Names of packs, packages, registries and variables. A value of these types is known good.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Serialize, Serializer};
use thiserror::Error;

/// The most characters a scope or an unscoped name may have.
pub const MAX_LENGTH: usize = 64;

/// A text that is not a name of the wanted kind.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("`{}` is not a {kind} name: {reason}", text.escape_debug())]
pub struct NameError {
    text: String,
    kind: &'static str,
    reason: &'static str,
}

/// The name of a pack or package: `[a-z0-9][a-z0-9-]{0,63}`, optionally behind `@scope/`.
///
/// Lower-case ASCII only, so that no two names differ only by case, look-alike letters, or
/// `-` against `_`. Cheap to clone.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct PackName(#[cfg_attr(test, ts(type = "string"))] Arc<str>);

impl PackName {
    /// The whole name, its scope included.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The scope with its `@`, if the name has one.
    pub fn scope(&self) -> Option<&str> {
        self.0.split_once('/').map(|(scope, _)| scope)
    }
}

impl FromStr for PackName {
    type Err = NameError;

    fn from_str(text: &str) -> Result<PackName, NameError> {
        let error = |reason| NameError { text: shorten(text), kind: "pack", reason };
        let unscoped = match text.strip_prefix('@') {
            None => text,
            Some(rest) => {
                let (scope, name) = rest.split_once('/').ok_or_else(|| error("a scope ends with `/`"))?;
                check_part(scope).map_err(error)?;
                name
            }
        };
        check_part(unscoped).map_err(error)?;
        Ok(PackName(text.into()))
    }
}

fn check_part(part: &str) -> Result<(), &'static str> {
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    match part.chars().next() {
        None => Err("it is empty"),
        Some(first) if !allowed(first) => Err("it starts with a lower-case letter a to z or a digit"),
        _ if !part.chars().all(|c| allowed(c) || c == '-') => {
            Err("only lower-case letters a to z, digits and `-` may stand in it")
        }
        _ if part.len() > MAX_LENGTH => Err("it has more than 64 characters"),
        _ => Ok(()),
    }
}

/// Bounds what an error message repeats of hostile input.
fn shorten(text: &str) -> String {
    match text.char_indices().nth(MAX_LENGTH + 16) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

impl fmt::Display for PackName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for PackName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl fmt::Debug for PackName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The id a project's configuration gives a registry: the same form as an unscoped pack name.
///
/// Cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct RegistryId(#[cfg_attr(test, ts(type = "string"))] Arc<str>);

impl RegistryId {
    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for RegistryId {
    type Err = NameError;

    fn from_str(text: &str) -> Result<RegistryId, NameError> {
        check_part(text).map_err(|reason| NameError { text: shorten(text), kind: "registry", reason })?;
        Ok(RegistryId(text.into()))
    }
}

impl Serialize for RegistryId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl fmt::Display for RegistryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What is resolved: a pack, or a package of a registry.
///
/// Written `NAME` for a pack and `REGISTRY:NAME` for a package.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Identity {
    /// A pack. The registries are configured so that its name belongs to one of them.
    Pack(PackName),
    /// A package of a registry.
    Package(RegistryId, PackName),
}

impl Identity {
    /// The name without its registry.
    pub fn name(&self) -> &PackName {
        match self {
            Identity::Pack(name) | Identity::Package(_, name) => name,
        }
    }
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Identity::Pack(name) => name.fmt(f),
            Identity::Package(registry, name) => write!(f, "{registry}:{name}"),
        }
    }
}

impl FromStr for Identity {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Identity, NameError> {
        Ok(match text.split_once(':') {
            None => Identity::Pack(text.parse()?),
            Some((registry, name)) => Identity::Package(registry.parse()?, name.parse()?),
        })
    }
}

impl Serialize for Identity {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// The name of a variable: `[a-z][a-z0-9_]{0,63}`, and none of the words templates reserve.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct VariableName(String);

/// Words with a meaning of their own in templates and expressions.
const RESERVED: &[&str] = &[
    "and",
    "as",
    "block",
    "call",
    "caller",
    "do",
    "elif",
    "else",
    "endif",
    "extends",
    "false",
    "filter",
    "for",
    "from",
    "if",
    "import",
    "in",
    "include",
    "is",
    "loop",
    "macro",
    "none",
    "not",
    "or",
    "packages",
    "packs",
    "recursive",
    "self",
    "set",
    "super",
    "true",
    "with",
];

impl VariableName {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for VariableName {
    type Err = NameError;

    fn from_str(text: &str) -> Result<VariableName, NameError> {
        let error = |reason| NameError { text: shorten(text), kind: "variable", reason };
        if !text.starts_with(|c: char| c.is_ascii_lowercase()) {
            return Err(error("it starts with a lower-case letter a to z"));
        }
        if !text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_') {
            return Err(error("only lower-case letters a to z, digits and `_` may stand in it"));
        }
        if text.len() > MAX_LENGTH {
            return Err(error("it has more than 64 characters"));
        }
        if RESERVED.contains(&text) {
            return Err(error("it is a reserved word of templates"));
        }
        Ok(VariableName(text.to_owned()))
    }
}

impl fmt::Display for VariableName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pack_names() {
        for good in ["a", "0", "rust-cli", "@acme/web-api", "a-", &"a".repeat(64)] {
            assert_eq!(good.parse::<PackName>().unwrap().as_str(), good);
        }
        for bad in [
            "",
            ".",
            "-a",
            "A",
            "a_b",
            "а",
            "@acme",
            "@/a",
            "@a/",
            "@a/b/c",
            "__proto__",
            "a b",
            &"a".repeat(65),
        ] {
            bad.parse::<PackName>().expect_err(bad);
        }
        assert_eq!("@acme/a".parse::<PackName>().unwrap().scope(), Some("@acme"));
        assert_eq!("a".parse::<PackName>().unwrap().scope(), None);
    }

    #[test]
    fn errors_say_which_rule() {
        let error = "Web\u{1b}".parse::<PackName>().unwrap_err();
        assert_eq!(
            error.to_string(),
            "`Web\\u{1b}` is not a pack name: it starts with a lower-case letter a to z or a digit"
        );
        let error = "x".repeat(500).parse::<RegistryId>().unwrap_err().to_string();
        assert!(error.len() < 200 && error.contains("registry"), "{error}");
    }

    #[test]
    fn identities() {
        for text in ["web", "@acme/web", "npm:express", "npm:@types/node"] {
            assert_eq!(text.parse::<Identity>().unwrap().to_string(), text);
        }
        assert!("a:".parse::<Identity>().is_err() && ":a".parse::<Identity>().is_err());
        let (pack, package): (Identity, Identity) = ("z".parse().unwrap(), "npm:a".parse().unwrap());
        assert!(pack < package && package.name().as_str() == "a", "packs come first");
    }

    #[test]
    fn variable_names() {
        assert_eq!("port_2".parse::<VariableName>().unwrap().as_str(), "port_2");
        for bad in ["", "Port", "2a", "a-b", "__proto__", "packs", "true", &"a".repeat(65)] {
            bad.parse::<VariableName>().expect_err(bad);
        }
    }
}
