//! Names of packs, packages, registries and variables. A value of these types is known good.

use std::fmt;
use std::str::FromStr;

use serde::Serialize;
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
/// `-` against `_`.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct PackName(String);

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
        Ok(PackName(text.to_owned()))
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

impl fmt::Debug for PackName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The id a project's configuration gives a registry: the same form as an unscoped pack name.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct RegistryId(String);

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
        Ok(RegistryId(text.to_owned()))
    }
}

impl fmt::Display for RegistryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
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
    fn variable_names() {
        assert_eq!("port_2".parse::<VariableName>().unwrap().as_str(), "port_2");
        for bad in ["", "Port", "2a", "a-b", "__proto__", "packs", "true", &"a".repeat(65)] {
            bad.parse::<VariableName>().expect_err(bad);
        }
    }
}
