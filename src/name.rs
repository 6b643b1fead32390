//! Names of packs, packages, registries and variables. A value of these types is known good.

use std::borrow::Borrow;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Serialize, Serializer};
use thiserror::Error;

use crate::diagnostic::{Code, Diagnostic};

/// The most characters a scope or an unscoped name may have.
pub const MAX_LENGTH: usize = 64;

/// The most characters a package's name may have, its scope included: npm's own limit.
pub const MAX_PACKAGE_LENGTH: usize = 214;

/// A text that is not a name of the wanted kind.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("`{}` is not a {kind} name: {reason}", text.escape_debug())]
pub struct NameError {
    text: String,
    kind: &'static str,
    reason: &'static str,
}

impl From<NameError> for Diagnostic {
    fn from(error: NameError) -> Diagnostic {
        Diagnostic::error(Code::InvalidName, error.to_string())
    }
}

macro_rules! names {
    ($($(#[$doc:meta])* $name:ident, $kind:literal, $check:expr;)*) => {$(
        $(#[$doc])*
        ///
        /// Cheap to clone.
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[cfg_attr(test, derive(ts_rs::TS))]
        pub struct $name(#[cfg_attr(test, ts(type = "string"))] Arc<str>);

        impl $name {
            /// The whole of it, with the scope if it has one.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = NameError;

            fn from_str(text: &str) -> Result<$name, NameError> {
                let check: fn(&str) -> Result<(), &'static str> = $check;
                match check(text) {
                    Ok(()) => Ok($name(text.into())),
                    Err(reason) => Err(NameError { text: shorten(text), kind: $kind, reason }),
                }
            }
        }

        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }
    )*};
}

names! {
    /// The name of a pack: `[a-z0-9][a-z0-9-]{0,63}`, optionally behind `@scope/`.
    ///
    /// Lower-case ASCII only, so that no two names differ only by case, look-alike letters, or
    /// `-` against `_`.
    PackName, "pack", |text| check_scoped(text, check_part);

    /// The name of a package, by npm's rules for names that exist: at most 214 characters, ASCII
    /// letters, digits and `-._~`, not beginning with `.` or `_`, optionally behind `@scope/`.
    ///
    /// Every pack's name is one. (validate-npm-package-name, "old packages".)
    PackageName, "package", |text| match text.len() {
        0..=MAX_PACKAGE_LENGTH => check_scoped(text, check_package_part),
        _ => Err("it has more than 214 characters"),
    };

    /// A scope, which packs of one owner share: `@` and the same form as an unscoped pack name.
    Scope, "scope", |text| check_part(text.strip_prefix('@').ok_or("it starts with `@`")?);

    /// The id a project's configuration gives a registry: the same form as an unscoped pack name.
    RegistryId, "registry", check_part;
}

impl PackName {
    /// The scope with its `@`, if the name has one.
    pub fn scope(&self) -> Option<&str> {
        self.0.split_once('/').map(|(scope, _)| scope)
    }
}

impl From<&PackName> for PackageName {
    fn from(name: &PackName) -> PackageName {
        PackageName(Arc::clone(&name.0))
    }
}

fn check_scoped(text: &str, check: impl Fn(&str) -> Result<(), &'static str>) -> Result<(), &'static str> {
    let Some(rest) = text.strip_prefix('@') else { return check(text) };
    let (scope, name) = rest.split_once('/').ok_or("a scope ends with `/`")?;
    check(scope)?;
    check(name)
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

fn check_package_part(part: &str) -> Result<(), &'static str> {
    match part.chars().next() {
        None => Err("it is empty"),
        Some('.' | '_') => Err("it does not start with `.` or `_`"),
        _ if !part.chars().all(|c| c.is_ascii_alphanumeric() || "-._~".contains(c)) => {
            Err("only letters a to z, digits and `-._~` may stand in it")
        }
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

/// What is resolved: a pack, or a package of a registry.
///
/// Written `NAME` for a pack and `REGISTRY:NAME` for a package.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Identity {
    /// A pack. The registries are configured so that its name belongs to one of them.
    Pack(PackName),
    /// A package of a registry.
    Package(RegistryId, PackageName),
}

impl Identity {
    /// The name without its registry.
    pub fn name(&self) -> &str {
        match self {
            Identity::Pack(name) => name.as_str(),
            Identity::Package(_, name) => name.as_str(),
        }
    }

    /// The name of a pack.
    pub fn pack(&self) -> Option<&PackName> {
        match self {
            Identity::Pack(name) => Some(name),
            Identity::Package(..) => None,
        }
    }

    /// The name without its registry, as that of a package.
    pub fn package_name(&self) -> PackageName {
        match self {
            Identity::Pack(name) => name.into(),
            Identity::Package(_, name) => name.clone(),
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
    fn package_names() {
        for good in ["express", "lodash.merge", "@types/node", "JSONStream", "a_b", "~x", &"a".repeat(214)] {
            assert_eq!(good.parse::<PackageName>().unwrap().as_str(), good);
        }
        for bad in
            ["", ".", "..", ".a", "_a", "a/b", "a b", "a%2fb", "@a", "@.a/b", "a\u{e9}", &"a".repeat(215)]
        {
            bad.parse::<PackageName>().expect_err(bad);
        }
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
        assert!(pack < package && package.name() == "a", "packs come first");
    }

    #[test]
    fn variable_names() {
        assert_eq!("port_2".parse::<VariableName>().unwrap().as_str(), "port_2");
        for bad in ["", "Port", "2a", "a-b", "__proto__", "packs", "true", &"a".repeat(65)] {
            bad.parse::<VariableName>().expect_err(bad);
        }
    }
}
