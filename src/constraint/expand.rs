//! What the operators mean: from comparators to a set, one function for each operator.
//!
//! A comparator is read twice. `all` is an interval in the order of precedence; its releases are
//! what the comparator admits, and with `prerelease = true` its pre-releases as well. `named` is
//! where it lets pre-releases through that a comparator of the same branch has named. The two
//! differ where components are missing: Cargo compares a pre-release with `>=1.2` as if it
//! belonged to no `1.2.x` at all.

use super::parse::{Comparator, Op, Partial};
use super::set::{Interval, VersionSet};
use crate::version::{Triple, Version};

/// Which pre-releases a constraint admits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Prereleases {
    /// Those of a major.minor.patch that a comparator of the same branch names with a pre-release.
    Named,
    /// All that stand between the bounds.
    All,
}

/// What one comparator admits; see the top of this module.
struct Admitted {
    all: Interval,
    named: Interval,
}

impl Admitted {
    fn alike(interval: Interval) -> Admitted {
        Admitted { named: interval.clone(), all: interval }
    }

    fn releases_only(all: Interval) -> Admitted {
        Admitted { all, named: Interval::nothing() }
    }

    fn and(self, other: Admitted) -> Admitted {
        Admitted { all: self.all.intersection(other.all), named: self.named.intersection(other.named) }
    }
}

/// The versions that satisfy every comparator of at least one branch.
pub(super) fn set_of(branches: &[Vec<Comparator>], prereleases: Prereleases) -> VersionSet {
    let mut admitted = Vec::with_capacity(branches.len());
    let mut windows = Vec::new();
    for branch in branches {
        let admitted_by = branch.iter().map(expand).reduce(Admitted::and);
        let Admitted { all, named } = admitted_by.unwrap_or_else(|| Admitted::alike(Interval::everything()));
        match prereleases {
            Prereleases::All => windows.push(all.clone()),
            Prereleases::Named => {
                let triples = branch.iter().flat_map(named_by).flatten();
                windows.extend(triples.map(|triple| window(triple).intersection(named.clone())));
            }
        }
        admitted.push(all);
    }
    VersionSet::of_intervals(admitted, windows)
}

/// The major.minor.patch of each pre-release that a comparator names.
fn named_by(comparator: &Comparator) -> [Option<Triple>; 2] {
    let named = |partial: &Partial| match partial {
        Partial::Full(version) if version.is_prerelease() => Some(version.triple()),
        _ => None,
    };
    match comparator {
        Comparator::Unary(_, partial) => [named(partial), None],
        Comparator::Hyphen(start, end) => [named(start), named(end)],
    }
}

/// All pre-releases of a major.minor.patch.
fn window(triple: Triple) -> Interval {
    Interval::between(triple.lowest(), Some(triple.release()))
}

fn expand(comparator: &Comparator) -> Admitted {
    match comparator {
        Comparator::Unary(Op::Greater | Op::Less, Partial::Any) => Admitted::alike(Interval::nothing()),
        Comparator::Unary(_, Partial::Any) => Admitted::alike(Interval::everything()),
        Comparator::Unary(op, partial) => match op {
            Op::Exact => exact(partial),
            Op::Caret => caret(partial),
            Op::Tilde => tilde(partial),
            Op::Greater => greater(partial),
            Op::GreaterEq => greater_eq(partial),
            Op::Less => less(partial),
            Op::LessEq => less_eq(partial),
        },
        Comparator::Hyphen(start, end) => hyphen(start, end),
    }
}

/// The lowest version that agrees with what is written.
fn first(partial: &Partial) -> Version {
    match partial {
        Partial::Full(version) => version.clone(),
        Partial::Minor(..) | Partial::Major(_) | Partial::Any => triple(partial).lowest(),
    }
}

/// The lowest version behind all that agree with what is written, if there is one.
fn behind(partial: &Partial) -> Option<Version> {
    match partial {
        Partial::Any => None,
        Partial::Major(_) => triple(partial).next_major().map(Triple::lowest),
        Partial::Minor(..) => triple(partial).next_minor().map(Triple::lowest),
        Partial::Full(version) => version.successor(),
    }
}

/// What is written, zero where nothing is.
fn triple(partial: &Partial) -> Triple {
    match *partial {
        Partial::Any => Triple::ZERO,
        Partial::Major(major) => Triple { major, ..Triple::ZERO },
        Partial::Minor(major, minor) => Triple { major, minor, patch: 0 },
        Partial::Full(ref version) => version.triple(),
    }
}

fn exact(partial: &Partial) -> Admitted {
    let agreeing = Interval::between(first(partial), behind(partial));
    match partial {
        Partial::Full(_) => Admitted::alike(agreeing),
        _ => Admitted::releases_only(agreeing),
    }
}

fn greater(partial: &Partial) -> Admitted {
    Admitted::alike(behind(partial).map_or(Interval::nothing(), |start| Interval::between(start, None)))
}

fn greater_eq(partial: &Partial) -> Admitted {
    let all = Interval::between(first(partial), None);
    match partial {
        Partial::Full(_) => Admitted::alike(all),
        _ => Admitted { all, named: greater(partial).named },
    }
}

fn less(partial: &Partial) -> Admitted {
    Admitted::alike(Interval::below(Some(first(partial))))
}

fn less_eq(partial: &Partial) -> Admitted {
    let all = Interval::below(behind(partial));
    match partial {
        Partial::Full(_) => Admitted::alike(all),
        _ => Admitted { all, named: less(partial).named },
    }
}

/// Same minor; same major where no minor is written.
fn tilde(partial: &Partial) -> Admitted {
    match partial {
        Partial::Full(version) => {
            let end = version.triple().next_minor().map(Triple::lowest);
            Admitted::alike(Interval::between(version.clone(), end))
        }
        _ => exact(partial),
    }
}

/// Same leftmost component that is not zero; where all that is written is zero, the same rest.
fn caret(partial: &Partial) -> Admitted {
    let end = match partial {
        Partial::Full(version) => caret_end(version.triple()).map(Triple::lowest),
        Partial::Minor(0, _) | Partial::Any => behind(partial),
        Partial::Minor(..) | Partial::Major(_) => triple(partial).next_major().map(Triple::lowest),
    };
    Admitted::alike(Interval::between(first(partial), end))
}

/// The first release that is not compatible with a full version.
pub(super) fn caret_end(from: Triple) -> Option<Triple> {
    match from {
        Triple { major: 0, minor: 0, .. } => from.next_patch(),
        Triple { major: 0, .. } => from.next_minor(),
        _ => from.next_major(),
    }
}

/// As npm reads it, also in that `prerelease = true` opens the pre-releases of both ends.
fn hyphen(start: &Partial, end: &Partial) -> Admitted {
    let lowest = || triple(start).lowest();
    let (opened, named) = match start {
        Partial::Any => (lowest(), lowest()),
        Partial::Full(version) if version.is_prerelease() => (version.clone(), version.clone()),
        _ => (lowest(), triple(start).release()),
    };
    Admitted { all: Interval::between(opened, behind(end)), named: Interval::between(named, behind(end)) }
}
