//! Version constraints and the sets of versions they stand for.
//!
//! A constraint is one alternative or several, separated by `||`; an alternative is one comparator
//! or several, separated by commas or spaces, all of which must hold. The grammar is Cargo's and,
//! where Cargo refuses a text, npm's. What Cargo reads means here what it means there.
//!
//! | operator | meaning | expands to | Cargo | npm |
//! | --- | --- | --- | --- | --- |
//! | `1.2.3` | as `^1.2.3` | `>=1.2.3, <2.0.0` | same | `=1.2.3` |
//! | `1.2`, `1` | as `^1.2`, `^1` | `>=1.2.0, <2.0.0`; `>=1.0.0, <2.0.0` | same | `=1.2`, `=1` |
//! | `^1.2.3` | same leftmost component above zero | `>=1.2.3, <2.0.0` | same | same |
//! | `^0.2.3`, `^0.0.3` | the same, below 1.0 | `>=0.2.3, <0.3.0`; `>=0.0.3, <0.0.4` | same | same |
//! | `^1.2`, `^0.0`, `^0` | what is missing is free | `>=1.2.0, <2.0.0`; `<0.1.0`; `<1.0.0` | same | same |
//! | `~1.2.3`, `~1.2` | same minor | `>=1.2.3, <1.3.0`; `>=1.2.0, <1.3.0` | same | same |
//! | `~1` | same major | `>=1.0.0, <2.0.0` | same | same |
//! | `~>1.2` | as `~1.2` | `>=1.2.0, <1.3.0` | refused | same |
//! | `=1.2.3`, `=1.2` | what is written | `>=1.2.3, <1.2.4`; `>=1.2.0, <1.3.0` | same | same |
//! | `>1.2`, `>=1.2` | compared by what is written | `>=1.3.0`; `>=1.2.0` | same | same |
//! | `<1.2`, `<=1.2` | compared by what is written | `<1.2.0`; `<1.3.0` | same | same |
//! | `*` | anything | every release | same | same |
//! | `1.*`, `1.2.*` | anything in that place | `>=1.0.0, <2.0.0`; `>=1.2.0, <1.3.0` | same | same |
//! | `x`, `1.x`, `1.X`, `1.x.x` | `x` and `X` are `*` | as `*`, `1.*` | same | same |
//! | `^1.x`, `~1.2.x`, `>1.x` | compared by what is written | as `^1`, `~1.2`, `>1` | same | same |
//! | `^*`, `~*`, `=*`, `>=*`, `<=*` | as `*` | every release | refused | same |
//! | `>*`, `<*` | beyond everything | nothing | refused | same |
//! | `1.2.3 - 2.3.4` | from the first to the last | `>=1.2.3, <2.3.5` | refused | same |
//! | `1.2 - 2.3` | what is missing is free | `>=1.2.0, <2.4.0` | refused | same |
//! | `^1.2, <1.5` | both | `>=1.2.0, <1.5.0` | same | refused |
//! | `^1.2 <1.5` | both | `>=1.2.0, <1.5.0` | refused | same |
//! | `^1.2 \|\| ^2` | either | `>=1.2.0, <3.0.0` | refused | same |
//! | `>=1.0.0-rc.1` | pre-releases of 1.0.0, too | `>=1.0.0-rc.1` | same | same |
//! | `latest` | what the registry calls so | every release | refused | a dist-tag |
//!
//! Space may stand behind an operator and must stand on both sides of the hyphen of a range, whose
//! ends have no operator. Behind a wildcard stand only wildcards. Build metadata of a full version
//! is read and never compared. A constraint or an alternative without a comparator is an error,
//! and so is a `v` before a version.
//!
//! **Pre-releases.** One matches only if a comparator of the same alternative names a pre-release
//! of the same major.minor.patch; that is why a [`VersionSet`] keeps releases and pre-releases
//! apart and is closed under every set operation. The other comparators of the alternative must
//! let it pass, and where components are missing they do as Cargo's: `>=1.2` and `<=1.2` let none
//! of a `1.2.x` pass, `=1.2`, `1.2.*` and `~1.2` none at all. A requirement with
//! `prerelease = true` needs no names; see [`Constraint::with_prereleases`].
//!
//! Not here: which of several versions is best for a project. That is the resolver's choice.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Serialize, Serializer};
use thiserror::Error;

use crate::name::{NameError, PackName};
use crate::version::Version;

mod expand;
mod parse;
mod print;
mod set;
#[cfg(test)]
mod tests;

pub use set::VersionSet;

use expand::Prereleases;
use parse::{Comparator, Excerpt, Op, Partial, Reason};

/// The most characters a constraint may have.
pub const MAX_LENGTH: usize = 1024;

/// The most characters of a text whose normal form surely stays within [`MAX_LENGTH`].
///
/// Each alternative adds at most one range of releases and two of pre-releases to the normal form.
/// What grows most is a bare component: three characters, `1||`, become ten, `^1.0.0 || `. A range
/// between two bounds takes at least `>1 <4||` or two alternatives that overlap, and ranges of
/// pre-releases spell out what was spelt out. So the form is never four times as long.
const SURELY_SHORT: usize = MAX_LENGTH / 4;

/// A text that is not a constraint within the bounds.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error(transparent)]
pub struct ConstraintError(#[from] ErrorKind);

#[derive(Clone, Debug, PartialEq, Eq, Error)]
enum ErrorKind {
    #[error("a constraint has at most {MAX_LENGTH} characters")]
    TooLong,
    #[error("a constraint has at most {MAX_LENGTH} characters, also when its versions are written out")]
    TooLongInFull,
    #[error("an empty constraint says nothing; any version is `*`")]
    Empty,
    #[error("`{text}` is not a version constraint such as `^1.2`: {reason}")]
    Syntax { text: Excerpt, reason: Reason },
}

/// A constraint as written, with the set it stands for.
///
/// Cheap to clone: resolving hands the same few around a lot.
#[derive(Clone)]
pub struct Constraint {
    text: Arc<str>,
    prereleases: Prereleases,
    set: Arc<VersionSet>,
}

impl Constraint {
    fn new(text: impl Into<Arc<str>>, prereleases: Prereleases, set: VersionSet) -> Constraint {
        Constraint { text: text.into(), prereleases, set: Arc::new(set) }
    }

    /// `*`: every release.
    pub fn any() -> Constraint {
        Constraint::new("*", Prereleases::Named, VersionSet::all_releases())
    }

    /// Only this version, whatever its build metadata.
    pub fn exactly(version: &Version) -> Constraint {
        let text = format!("={}", version.without_build());
        Constraint::new(text, Prereleases::Named, VersionSet::singleton(version.clone()))
    }

    /// `^` and a version: it and everything later that is compatible with it.
    pub fn compatible_with(version: &Version) -> Constraint {
        let version = version.without_build();
        let text = format!("^{version}");
        let comparator = Comparator::Unary(Op::Caret, Partial::Full(version));
        let set = expand::set_of(&[vec![comparator]], Prereleases::Named);
        Constraint::new(text, Prereleases::Named, set)
    }

    /// The text as it was written, without space around it.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The versions it admits.
    pub fn set(&self) -> &VersionSet {
        &self.set
    }

    /// Whether a version satisfies it.
    pub fn matches(&self, version: &Version) -> bool {
        self.set.contains(version)
    }

    /// Whether it is the word `latest`: what the registry's dist-tag of that name points to, else
    /// the highest release that is not yanked. Its [set](Constraint::set) is that of `*`.
    pub fn is_latest(&self) -> bool {
        *self.text == *LATEST
    }

    /// The same text read so that pre-releases need no comparator that names them: what a
    /// requirement with `prerelease = true` means.
    ///
    /// Everything between the bounds is in then, in the order of precedence, as npm's
    /// `includePrerelease` has it. A bound that is not written in full begins at the lowest
    /// pre-release: `^1.2` reaches from `1.2.0-0`, `<2` ends before `2.0.0-0`; but `^1.2.3` begins
    /// at `1.2.3`. The ends of a hyphen range include all of their pre-releases.
    pub fn with_prereleases(&self) -> Constraint {
        let set = if self.is_latest() {
            VersionSet::full()
        } else {
            let branches = parse::branches(&self.text).expect("it has been read before");
            expand::set_of(&branches, Prereleases::All)
        };
        Constraint::new(Arc::clone(&self.text), Prereleases::All, set)
    }

    /// Whether it comes from [`Constraint::with_prereleases`].
    pub fn has_prereleases(&self) -> bool {
        self.prereleases == Prereleases::All
    }
}

/// The constraint that is a word.
const LATEST: &str = "latest";

/// The highest of some versions that a constraint admits; of equal ones the first.
pub fn max_satisfying<'v>(versions: &'v [Version], constraint: &Constraint) -> Option<&'v Version> {
    versions.iter().rev().filter(|version| constraint.matches(version)).max()
}

/// The lowest of some versions that a constraint admits; of equal ones the first.
pub fn min_satisfying<'v>(versions: &'v [Version], constraint: &Constraint) -> Option<&'v Version> {
    versions.iter().filter(|version| constraint.matches(version)).min()
}

impl FromStr for Constraint {
    type Err = ConstraintError;

    fn from_str(text: &str) -> Result<Constraint, ConstraintError> {
        if text.len() > MAX_LENGTH {
            return Err(ErrorKind::TooLong.into());
        }
        let text = text.trim_ascii();
        if text.is_empty() {
            return Err(ErrorKind::Empty.into());
        }
        if text == LATEST {
            return Ok(Constraint::new(text, Prereleases::Named, VersionSet::all_releases()));
        }
        let branches =
            parse::branches(text).map_err(|reason| ErrorKind::Syntax { text: text.into(), reason })?;
        let set = expand::set_of(&branches, Prereleases::Named);
        if text.len() > SURELY_SHORT && set.to_string().len() > MAX_LENGTH {
            return Err(ErrorKind::TooLongInFull.into());
        }
        Ok(Constraint::new(text, Prereleases::Named, set))
    }
}

impl PartialEq for Constraint {
    fn eq(&self, other: &Constraint) -> bool {
        self.text == other.text && self.prereleases == other.prereleases
    }
}

impl Eq for Constraint {}

/// By text, for ordered collections; a set has no place among others.
impl Ord for Constraint {
    fn cmp(&self, other: &Constraint) -> Ordering {
        (&self.text, self.has_prereleases()).cmp(&(&other.text, other.has_prereleases()))
    }
}

impl PartialOrd for Constraint {
    fn partial_cmp(&self, other: &Constraint) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

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
