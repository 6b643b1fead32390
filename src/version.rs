//! Versions: SemVer 2.0 with bounds, ordered by precedence. Build metadata is kept and shown but
//! never compared, so `1.0.0+a` and `1.0.0+b` are one version.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;

use serde::{Serialize, Serializer};
use thiserror::Error;

/// The most characters a version may have.
pub const MAX_LENGTH: usize = 256;

/// The largest component: every JavaScript host holds it exactly (2^53 - 1).
pub const MAX_COMPONENT: u64 = (1 << 53) - 1;

/// A text that is not a version within the bounds.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error(transparent)]
pub struct VersionError(#[from] ErrorKind);

#[derive(Clone, Debug, PartialEq, Eq, Error)]
enum ErrorKind {
    #[error("a version has at most {MAX_LENGTH} characters")]
    TooLong,
    #[error("a component of `{0}` is above 2^53 - 1")]
    ComponentTooLarge(String),
    #[error("`{}` is not a semantic version such as `1.2.3`: {reason}", text.escape_debug())]
    Syntax { text: String, reason: String },
}

/// A version. Equality, order and hash follow SemVer precedence and skip build metadata.
#[derive(Clone)]
pub struct Version(semver::Version);

impl Version {
    /// Whether it has a pre-release part.
    pub fn is_prerelease(&self) -> bool {
        !self.0.pre.is_empty()
    }

    pub(crate) fn new(major: u64, minor: u64, patch: u64, pre: semver::Prerelease) -> Version {
        Version(semver::Version { major, minor, patch, pre, build: semver::BuildMetadata::EMPTY })
    }

    pub(crate) fn triple(&self) -> Triple {
        Triple { major: self.0.major, minor: self.0.minor, patch: self.0.patch }
    }

    pub(crate) fn without_build(&self) -> Version {
        self.triple().with(self.0.pre.clone())
    }

    /// The first version behind this one in the order of precedence, if any can be written.
    ///
    /// Behind a pre-release that is the same with `.0`. Where this version is at most two
    /// characters short of [`MAX_LENGTH`], the one returned is longer than a text may be; it is
    /// good for a bound all the same.
    pub(crate) fn successor(&self) -> Option<Version> {
        if !self.is_prerelease() {
            return self.triple().next_patch().map(Triple::lowest);
        }
        let behind = semver::Prerelease::new(&format!("{}.0", self.0.pre)).expect("`0` is an identifier");
        Some(self.triple().with(behind))
    }

    /// The pre-release that this one is the [successor](Version::successor) of, if it is one.
    pub(crate) fn predecessor(&self) -> Option<Version> {
        let before = semver::Prerelease::new(self.0.pre.strip_suffix(".0")?).ok()?;
        Some(self.triple().with(before))
    }
}

/// A major.minor.patch.
///
/// Nothing above [`MAX_COMPONENT`] is ever made: the next patch of the last one is the next minor,
/// and so on, and behind the last major there is nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Triple {
    pub(crate) major: u64,
    pub(crate) minor: u64,
    pub(crate) patch: u64,
}

impl Triple {
    pub(crate) const ZERO: Triple = Triple { major: 0, minor: 0, patch: 0 };

    pub(crate) fn release(self) -> Version {
        self.with(semver::Prerelease::EMPTY)
    }

    /// Its lowest version: the pre-release `0` sorts before every other.
    pub(crate) fn lowest(self) -> Version {
        self.with(semver::Prerelease::new("0").expect("`0` is a pre-release"))
    }

    fn with(self, pre: semver::Prerelease) -> Version {
        Version::new(self.major, self.minor, self.patch, pre)
    }

    pub(crate) fn next_patch(self) -> Option<Triple> {
        match self.patch {
            ..MAX_COMPONENT => Some(Triple { patch: self.patch + 1, ..self }),
            _ => self.next_minor(),
        }
    }

    pub(crate) fn next_minor(self) -> Option<Triple> {
        match self.minor {
            ..MAX_COMPONENT => Some(Triple { minor: self.minor + 1, patch: 0, ..self }),
            _ => self.next_major(),
        }
    }

    pub(crate) fn next_major(self) -> Option<Triple> {
        match self.major {
            ..MAX_COMPONENT => Some(Triple { major: self.major + 1, minor: 0, patch: 0 }),
            _ => None,
        }
    }
}

pub(crate) fn check_component(component: u64) -> bool {
    component <= MAX_COMPONENT
}

impl FromStr for Version {
    type Err = VersionError;

    fn from_str(text: &str) -> Result<Version, VersionError> {
        if text.len() > MAX_LENGTH {
            return Err(ErrorKind::TooLong.into());
        }
        let version = semver::Version::parse(text)
            .map_err(|error| ErrorKind::Syntax { text: text.to_owned(), reason: error.to_string() })?;
        if ![version.major, version.minor, version.patch].into_iter().all(check_component) {
            return Err(ErrorKind::ComponentTooLarge(text.to_owned()).into());
        }
        Ok(Version(version))
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Ord for Version {
    fn cmp(&self, other: &Version) -> Ordering {
        self.0.cmp_precedence(&other.0)
    }
}

impl PartialOrd for Version {
    fn partial_cmp(&self, other: &Version) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Version {
    fn eq(&self, other: &Version) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Version {}

impl Hash for Version {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.0.major, self.0.minor, self.0.patch, &self.0.pre).hash(state);
    }
}

impl Serialize for Version {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    fn version(text: &str) -> Version {
        text.parse().unwrap()
    }

    #[test]
    fn order_follows_precedence() {
        // SemVer 2.0, section 11.4.4.
        let ascending = [
            "1.0.0-0",
            "1.0.0-alpha",
            "1.0.0-alpha.1",
            "1.0.0-alpha.beta",
            "1.0.0-beta",
            "1.0.0-beta.2",
            "1.0.0-beta.11",
            "1.0.0-rc.1",
            "1.0.0",
        ];
        for pair in ascending.windows(2) {
            assert!(version(pair[0]) < version(pair[1]), "{pair:?}");
        }
        assert!(version("1.0.0-rc.1").is_prerelease() && !version("1.0.0").is_prerelease());
    }

    #[test]
    fn build_metadata_is_shown_and_never_compared() {
        let (a, b) = (version("1.0.0+a"), version("1.0.0+b"));
        assert_eq!(a, b);
        assert_eq!(a.to_string(), "1.0.0+a");
        assert_eq!(HashSet::from([a, b]).len(), 1);
    }

    #[test]
    fn nothing_stands_between_a_version_and_its_successor() {
        let successor = |text: &str| version(text).successor().map(|version| version.to_string());
        for (text, next) in [
            ("1.2.3", "1.2.4-0"),
            ("1.2.3-a", "1.2.3-a.0"),
            ("1.2.9007199254740991", "1.3.0-0"),
            ("1.9007199254740991.9007199254740991", "2.0.0-0"),
        ] {
            assert_eq!(successor(text).as_deref(), Some(next));
        }
        assert_eq!(successor("9007199254740991.9007199254740991.9007199254740991"), None);
        assert_eq!(version("1.2.3-a.0").predecessor(), Some(version("1.2.3-a")));
        assert_eq!(version("1.2.3-0").predecessor(), None);
        assert_eq!(version("1.2.3").predecessor(), None);
    }

    #[test]
    fn bounds_and_errors() {
        assert_eq!(version("9007199254740991.0.0").to_string(), "9007199254740991.0.0");
        let error = |text: &str| text.parse::<Version>().unwrap_err().to_string();
        assert_eq!(error("9007199254740992.0.0"), "a component of `9007199254740992.0.0` is above 2^53 - 1");
        assert_eq!(error(&format!("1.0.0-{}", "a".repeat(251))), "a version has at most 256 characters");
        assert!(error("1.0").starts_with("`1.0` is not a semantic version such as `1.2.3`: "));
        assert!(error("1.0.0-\u{1b}[31m").contains("\\u{1b}"), "nothing reaches a terminal raw");
    }
}
