//! Version constraints and the sets of versions they stand for.
//!
//! The grammar is Cargo's: comparators joined by commas, all of which must hold.
//!
//! | operator | meaning | expands to |
//! | --- | --- | --- |
//! | `1.2.3`, `^1.2.3` | compatible: same leftmost non-zero component | `>=1.2.3, <2.0.0` |
//! | `^0.2.3`, `^0.0.3` | the same, below 1.0 | `>=0.2.3, <0.3.0`; `>=0.0.3, <0.0.4` |
//! | `^1.2`, `^1`, `^0.0`, `^0` | missing components are free | `>=1.2.0, <2.0.0`; …; `<0.1.0`; `<1.0.0` |
//! | `~1.2.3`, `~1.2` | same minor | `>=1.2.3, <1.3.0`; `>=1.2.0, <1.3.0` |
//! | `~1` | same major | `>=1.0.0, <2.0.0` |
//! | `=1.2.3`, `=1.2`, `=1` | exactly what is written | `1.2.3`; `1.2.*`; `1.*` |
//! | `>` `>=` `<` `<=` | compared by what is written | `>1.2` is `>=1.3.0` |
//! | `*`, `1.*`, `1.2.*` | anything goes in that place | all; `=1`; `=1.2` |
//!
//! A pre-release matches only if some comparator names a pre-release of the same
//! major.minor.patch; that is why a [`VersionSet`] keeps releases and pre-releases apart and is
//! closed under every set operation.
//!
//! Not here: which of several versions is best. That is the resolver's choice.

use std::fmt;
use std::str::FromStr;

use pubgrub::Ranges;
use semver::{Comparator, Op, Prerelease};
use serde::{Serialize, Serializer};
use thiserror::Error;

use crate::name::{NameError, PackName};
use crate::version::{self, Version};

/// The most characters a constraint may have.
pub const MAX_LENGTH: usize = 256;

/// The most comparators a constraint may have.
pub const MAX_COMPARATORS: usize = 16;

/// A text that is not a constraint within the bounds.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error(transparent)]
pub struct ConstraintError(#[from] ErrorKind);

#[derive(Clone, Debug, PartialEq, Eq, Error)]
enum ErrorKind {
    #[error("a constraint has at most {MAX_LENGTH} characters")]
    TooLong,
    #[error("a constraint has at most {MAX_COMPARATORS} comparators")]
    TooManyComparators,
    #[error("an empty constraint says nothing; any version is `*`")]
    Empty,
    #[error("a component of `{0}` is above 2^53 - 1")]
    ComponentTooLarge(String),
    #[error("`{}` is not a version constraint such as `^1.2`: {reason}", text.escape_debug())]
    Syntax { text: String, reason: String },
}

/// A constraint as written, with the set it stands for.
#[derive(Clone)]
pub struct Constraint {
    text: String,
    set: VersionSet,
}

impl Constraint {
    /// `*`: every release.
    pub fn any() -> Constraint {
        "*".parse().expect("`*` is a constraint")
    }

    /// The versions it admits.
    pub fn set(&self) -> &VersionSet {
        &self.set
    }

    /// Whether a version satisfies it.
    pub fn matches(&self, version: &Version) -> bool {
        self.set.contains(version)
    }
}

impl FromStr for Constraint {
    type Err = ConstraintError;

    fn from_str(text: &str) -> Result<Constraint, ConstraintError> {
        if text.len() > MAX_LENGTH {
            return Err(ErrorKind::TooLong.into());
        }
        let text = text.trim();
        if text.is_empty() {
            return Err(ErrorKind::Empty.into());
        }
        let requirement = semver::VersionReq::parse(text)
            .map_err(|error| ErrorKind::Syntax { text: text.to_owned(), reason: error.to_string() })?;
        if requirement.comparators.len() > MAX_COMPARATORS {
            return Err(ErrorKind::TooManyComparators.into());
        }
        let components =
            requirement.comparators.iter().flat_map(|c| [Some(c.major), c.minor, c.patch]).flatten();
        if !components.into_iter().all(version::check_component) {
            return Err(ErrorKind::ComponentTooLarge(text.to_owned()).into());
        }
        Ok(Constraint { text: text.to_owned(), set: VersionSet::all_of(&requirement.comparators) })
    }
}

impl PartialEq for Constraint {
    fn eq(&self, other: &Constraint) -> bool {
        self.text == other.text
    }
}

impl Eq for Constraint {}

impl fmt::Display for Constraint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for Constraint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Serialize for Constraint {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

/// A set of versions: one list of ranges for releases, one for pre-releases.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VersionSet {
    releases: Ranges<Version>,
    prereleases: Ranges<Version>,
}

impl VersionSet {
    /// Whether a version is in the set.
    pub fn contains(&self, version: &Version) -> bool {
        if version.is_prerelease() {
            self.prereleases.contains(version)
        } else {
            self.releases.contains(version)
        }
    }

    fn all_of(comparators: &[Comparator]) -> VersionSet {
        let mut releases = Ranges::full();
        let mut prereleases = Ranges::full();
        let mut opted_in = Ranges::empty();
        for comparator in comparators {
            let range = expand(comparator);
            releases = releases.intersection(&range.releases);
            prereleases = prereleases.intersection(&range.prereleases);
            opted_in = opted_in.union(&prereleases_named_by(comparator));
        }
        VersionSet { releases, prereleases: prereleases.intersection(&opted_in) }
    }
}

/// All pre-releases of the major.minor.patch that a comparator with a pre-release names.
fn prereleases_named_by(comparator: &Comparator) -> Ranges<Version> {
    match (comparator.minor, comparator.patch) {
        (Some(minor), Some(patch)) if !comparator.pre.is_empty() => {
            Ranges::between(lowest(comparator.major, minor, patch), release(comparator.major, minor, patch))
        }
        _ => Ranges::empty(),
    }
}

fn release(major: u64, minor: u64, patch: u64) -> Version {
    Version::new(major, minor, patch, Prerelease::EMPTY)
}

/// The lowest version of a major.minor.patch: its pre-release `0` sorts before every other.
fn lowest(major: u64, minor: u64, patch: u64) -> Version {
    Version::new(major, minor, patch, Prerelease::new("0").expect("`0` is a pre-release"))
}

/// What one comparator admits before the pre-release rule, as Cargo's own matching decides it.
///
/// Bounds that no pre-release part was written for sit at the lowest version of their
/// major.minor.patch; among releases that changes nothing.
fn expand(comparator: &Comparator) -> VersionSet {
    let Comparator { op, major, minor, patch, ref pre } = *comparator;
    let written = || Version::new(major, minor.unwrap_or(0), patch.unwrap_or(0), pre.clone());
    let start = || match patch {
        Some(_) => written(),
        None => lowest(major, minor.unwrap_or(0), 0),
    };
    // The first version behind everything that agrees with the written components.
    let behind = || match (minor, patch) {
        (None, _) => lowest(major + 1, 0, 0),
        (Some(minor), None) => lowest(major, minor + 1, 0),
        (Some(minor), Some(patch)) => lowest(major, minor, patch + 1),
    };
    let both = |range: Ranges<Version>| VersionSet { releases: range.clone(), prereleases: range };
    match op {
        Op::Exact | Op::Wildcard => {
            if patch.is_some() {
                both(Ranges::singleton(written()))
            } else {
                releases_only(Ranges::between(start(), behind()))
            }
        }
        Op::Greater => both(match patch {
            Some(_) => Ranges::strictly_higher_than(written()),
            None => Ranges::higher_than(behind()),
        }),
        // Without a patch the written minor (or major) admits its releases but not their pre-releases.
        Op::GreaterEq => match patch {
            Some(_) => both(Ranges::higher_than(written())),
            None => VersionSet {
                releases: Ranges::higher_than(start()),
                prereleases: Ranges::higher_than(behind()),
            },
        },
        Op::Less => both(Ranges::strictly_lower_than(start())),
        Op::LessEq => match patch {
            Some(_) => both(Ranges::lower_than(written())),
            None => VersionSet {
                releases: Ranges::strictly_lower_than(behind()),
                prereleases: Ranges::strictly_lower_than(start()),
            },
        },
        Op::Tilde => match (minor, patch) {
            (Some(minor), Some(_)) => both(Ranges::between(written(), lowest(major, minor + 1, 0))),
            _ => releases_only(Ranges::between(start(), behind())),
        },
        Op::Caret => {
            let end = match (major, minor, patch) {
                (0, Some(0), Some(patch)) => lowest(0, 0, patch + 1),
                (0, Some(minor), _) => lowest(0, minor + 1, 0),
                _ => lowest(major + 1, 0, 0),
            };
            both(Ranges::between(start(), end))
        }
        _ => unreachable!("semver {op:?} is newer than this table"),
    }
}

fn releases_only(releases: Ranges<Version>) -> VersionSet {
    VersionSet { releases, prereleases: Ranges::empty() }
}

impl pubgrub::VersionSet for VersionSet {
    type V = Version;

    fn empty() -> VersionSet {
        VersionSet { releases: Ranges::empty(), prereleases: Ranges::empty() }
    }

    fn singleton(version: Version) -> VersionSet {
        let only = Ranges::singleton(version.clone());
        if version.is_prerelease() {
            VersionSet { releases: Ranges::empty(), prereleases: only }
        } else {
            releases_only(only)
        }
    }

    fn complement(&self) -> VersionSet {
        VersionSet { releases: self.releases.complement(), prereleases: self.prereleases.complement() }
    }

    fn intersection(&self, other: &VersionSet) -> VersionSet {
        VersionSet {
            releases: self.releases.intersection(&other.releases),
            prereleases: self.prereleases.intersection(&other.prereleases),
        }
    }

    fn contains(&self, version: &Version) -> bool {
        self.contains(version)
    }

    fn full() -> VersionSet {
        VersionSet { releases: Ranges::full(), prereleases: Ranges::full() }
    }

    fn union(&self, other: &VersionSet) -> VersionSet {
        VersionSet {
            releases: self.releases.union(&other.releases),
            prereleases: self.prereleases.union(&other.prereleases),
        }
    }
}

impl fmt::Display for VersionSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let none = Ranges::empty();
        match (&self.releases, &self.prereleases) {
            (releases, prereleases) if *prereleases == none => releases.fmt(f),
            (releases, prereleases) if *releases == none => write!(f, "pre-releases {prereleases}"),
            (releases, prereleases) => write!(f, "{releases}, or pre-releases {prereleases}"),
        }
    }
}

/// A name and the versions wanted of it, written `NAME` or `NAME@CONSTRAINT`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Requirement {
    /// What is wanted.
    pub name: PackName,
    /// Which versions will do.
    pub constraint: Constraint,
}

/// A text that is not a requirement.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum RequirementError {
    /// The part before the `@`.
    #[error(transparent)]
    Name(#[from] NameError),
    /// The part behind it.
    #[error(transparent)]
    Constraint(#[from] ConstraintError),
}

impl FromStr for Requirement {
    type Err = RequirementError;

    fn from_str(text: &str) -> Result<Requirement, RequirementError> {
        // The `@` of a scope stands first and separates nothing.
        let separator = text.char_indices().skip(1).find(|&(_, c)| c == '@').map(|(at, _)| at);
        Ok(match separator {
            None => Requirement { name: text.parse()?, constraint: Constraint::any() },
            Some(at) => Requirement { name: text[..at].parse()?, constraint: text[at + 1..].parse()? },
        })
    }
}

impl fmt::Display for Requirement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.name, self.constraint)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use pubgrub::VersionSet as _;

    fn constraint(text: &str) -> Constraint {
        text.parse().unwrap()
    }

    fn admits(text: &str, version: &str) -> bool {
        constraint(text).matches(&version.parse().unwrap())
    }

    #[test]
    fn the_table_of_the_module() {
        for (text, inside, outside) in [
            ("1.2.3", "1.9.0", "2.0.0"),
            ("^0.2.3", "0.2.9", "0.3.0"),
            ("^0.0.3", "0.0.3", "0.0.4"),
            ("^0.0", "0.0.9", "0.1.0"),
            ("~1.2", "1.2.9", "1.3.0"),
            ("~1", "1.9.9", "2.0.0"),
            ("=1.2", "1.2.7", "1.3.0"),
            (">1.2", "1.3.0", "1.2.9"),
            ("<=1.2", "1.2.9", "1.3.0"),
            ("1.*", "1.4.0", "2.0.0"),
            ("*", "0.0.1", "1.0.0-rc.1"),
            (">=1.0.0, <1.5", "1.4.9", "1.5.0"),
            (">=1.0.0-rc.1", "1.0.0-rc.2", "1.0.1-rc.1"),
        ] {
            assert!(admits(text, inside), "{text} admits {inside}");
            assert!(!admits(text, outside), "{text} refuses {outside}");
        }
    }

    #[test]
    fn bounds_and_errors() {
        let error = |text: &str| text.parse::<Constraint>().unwrap_err().to_string();
        assert_eq!(error("  "), "an empty constraint says nothing; any version is `*`");
        assert_eq!(error(&"1".repeat(300)), "a constraint has at most 256 characters");
        assert_eq!(error(&[">0"; 17].join(",")), "a constraint has at most 16 comparators");
        assert_eq!(error("^9007199254740992"), "a component of `^9007199254740992` is above 2^53 - 1");
        assert!(error("^1.2.x.y").starts_with("`^1.2.x.y` is not a version constraint such as `^1.2`: "));
    }

    #[test]
    fn requirements() {
        let scoped: Requirement = "@acme/web@^1".parse().unwrap();
        assert_eq!((scoped.name.as_str(), scoped.to_string().as_str()), ("@acme/web", "@acme/web@^1"));
        assert_eq!("web".parse::<Requirement>().unwrap().to_string(), "web@*");
        assert!("web@".parse::<Requirement>().unwrap_err().to_string().contains("empty"));
        assert!("W@1".parse::<Requirement>().unwrap_err().to_string().contains("pack name"));
    }

    #[test]
    fn sets_print() {
        assert_eq!(constraint("^1").set().to_string(), ">=1.0.0-0, <2.0.0-0");
        assert_eq!(constraint("=1.0.0-a").set().to_string(), "1.0.0-a, or pre-releases 1.0.0-a");
        assert!(VersionSet::singleton("1.0.0-a".parse().unwrap()).to_string().starts_with("pre-releases "));
    }

    fn component() -> impl Strategy<Value = u64> {
        0..4u64
    }

    fn prerelease() -> impl Strategy<Value = &'static str> {
        prop::sample::select(vec!["", "", "0", "a", "a.1", "b"])
    }

    fn with_pre(version: String, pre: &str) -> String {
        if pre.is_empty() { version } else { format!("{version}-{pre}") }
    }

    prop_compose! {
        fn any_version()(a in component(), b in component(), c in component(), pre in prerelease()) -> String {
            with_pre(format!("{a}.{b}.{c}"), pre)
        }
    }

    prop_compose! {
        fn comparator()(
            op in prop::sample::select(vec!["", "^", "~", "=", ">", ">=", "<", "<="]),
            parts in 1..4usize, a in component(), b in component(), c in component(), pre in prerelease(),
        ) -> String {
            let version = match parts {
                1 => format!("{a}"),
                2 => format!("{a}.{b}"),
                _ => with_pre(format!("{a}.{b}.{c}"), pre),
            };
            format!("{op}{version}")
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4000))]

        /// The oracle is Cargo's own crate.
        #[test]
        fn matching_is_cargos(comparators in prop::collection::vec(comparator(), 1..4), version in any_version()) {
            let text = comparators.join(", ");
            let cargo = semver::VersionReq::parse(&text).unwrap();
            prop_assert_eq!(
                admits(&text, &version),
                cargo.matches(&semver::Version::parse(&version).unwrap()),
                "{} on {}", text, version
            );
        }

        #[test]
        fn sets_are_an_algebra(a in comparator(), b in comparator(), version in any_version()) {
            let (a, b) = (constraint(&a).set, constraint(&b).set);
            let version: Version = version.parse().unwrap();
            let has = |set: &VersionSet| set.contains(&version);
            prop_assert_eq!(has(&a.complement()), !has(&a));
            prop_assert_eq!(has(&a.intersection(&b)), has(&a) && has(&b));
            prop_assert_eq!(has(&a.union(&b)), has(&a) || has(&b));
            prop_assert!(has(&VersionSet::full()) && !has(&VersionSet::empty()));
            prop_assert!(has(&VersionSet::singleton(version.clone())));
        }
    }
}
