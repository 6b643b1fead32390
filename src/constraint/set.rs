//! Sets of versions.

use std::ops::Bound;

use pubgrub::Ranges;

use crate::version::{Triple, Version};

/// A set of versions: one list of ranges for releases, one for pre-releases.
///
/// Both lists hold half-open ranges. Those of releases begin and end at releases, those of
/// pre-releases at pre-releases, so `>1.2.3` and `>=1.2.4` are the same set, and two sets are
/// equal exactly if they hold the same versions. (A bound may be longer than a version may be,
/// and no version stands between `>p` and the next one that is short enough: such sets are the
/// only ones that can differ and hold the same.)
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VersionSet {
    releases: Ranges<Version>,
    prereleases: Ranges<Version>,
}

impl VersionSet {
    /// No version.
    pub fn empty() -> VersionSet {
        VersionSet { releases: Ranges::empty(), prereleases: Ranges::empty() }
    }

    /// Every version, pre-releases too.
    pub fn full() -> VersionSet {
        VersionSet { releases: Ranges::full(), prereleases: Ranges::full() }
    }

    /// Every release and no pre-release: what `*` stands for.
    pub(super) fn all_releases() -> VersionSet {
        VersionSet { releases: Ranges::full(), prereleases: Ranges::empty() }
    }

    /// One version, whatever its build metadata.
    pub fn singleton(version: Version) -> VersionSet {
        let only = vec![Interval::between(version.without_build(), version.successor())];
        if version.is_prerelease() {
            VersionSet::of_intervals(Vec::new(), only)
        } else {
            VersionSet::of_intervals(only, Vec::new())
        }
    }

    /// The releases of some intervals and the pre-releases of others.
    pub(super) fn of_intervals(releases: Vec<Interval>, prereleases: Vec<Interval>) -> VersionSet {
        VersionSet {
            releases: releases.into_iter().filter_map(Interval::releases).collect(),
            prereleases: prereleases.into_iter().filter_map(Interval::prereleases).collect(),
        }
    }

    /// The ranges of releases, each up to but without its end.
    pub(super) fn release_ranges(&self) -> impl Iterator<Item = (Version, Option<Version>)> {
        self.releases.iter().map(|range| half_open(range, Triple::ZERO.release()))
    }

    /// The ranges of pre-releases, each up to but without its end.
    pub(super) fn prerelease_ranges(&self) -> impl Iterator<Item = (Version, Option<Version>)> {
        self.prereleases.iter().map(|range| half_open(range, Triple::ZERO.lowest()))
    }

    /// Whether a version is in the set.
    pub fn contains(&self, version: &Version) -> bool {
        if version.is_prerelease() {
            self.prereleases.contains(version)
        } else {
            self.releases.contains(version)
        }
    }

    /// The versions in either set.
    pub fn union(&self, other: &VersionSet) -> VersionSet {
        VersionSet {
            releases: self.releases.union(&other.releases),
            prereleases: self.prereleases.union(&other.prereleases),
        }
    }

    /// The versions in both sets.
    pub fn intersection(&self, other: &VersionSet) -> VersionSet {
        VersionSet {
            releases: self.releases.intersection(&other.releases),
            prereleases: self.prereleases.intersection(&other.prereleases),
        }
    }

    /// The versions that are not in the set.
    pub fn complement(&self) -> VersionSet {
        VersionSet { releases: self.releases.complement(), prereleases: self.prereleases.complement() }
    }

    /// Whether no version is in the set.
    pub fn is_empty(&self) -> bool {
        self.releases.is_empty() && self.prereleases.is_empty()
    }

    /// Whether every version of this set is in the other.
    pub fn is_subset_of(&self, other: &VersionSet) -> bool {
        self.releases.subset_of(&other.releases) && self.prereleases.subset_of(&other.prereleases)
    }

    /// Whether no version is in both sets.
    pub fn is_disjoint(&self, other: &VersionSet) -> bool {
        self.releases.is_disjoint(&other.releases) && self.prereleases.is_disjoint(&other.prereleases)
    }
}

/// The versions from one up to but without another, in the order of precedence. Without the second
/// there is no end; the interval is empty where the second is not behind the first.
#[derive(Clone, Debug)]
pub(super) struct Interval {
    from: Version,
    to: Option<Version>,
}

impl Interval {
    pub(super) fn between(from: Version, to: Option<Version>) -> Interval {
        Interval { from, to }
    }

    pub(super) fn below(to: Option<Version>) -> Interval {
        Interval { from: Triple::ZERO.lowest(), to }
    }

    pub(super) fn everything() -> Interval {
        Interval::below(None)
    }

    pub(super) fn nothing() -> Interval {
        Interval::below(Some(Triple::ZERO.lowest()))
    }

    pub(super) fn intersection(self, other: Interval) -> Interval {
        let to = match (self.to, other.to) {
            (Some(one), Some(another)) => Some(one.min(another)),
            (one, another) => one.or(another),
        };
        Interval { from: self.from.max(other.from), to }
    }

    /// Its releases, with bounds moved up to releases.
    fn releases(self) -> Option<(Bound<Version>, Bound<Version>)> {
        let release = |version: Version| version.triple().release();
        range(release(self.from), self.to.map(release), &Triple::ZERO.release())
    }

    /// Its pre-releases, with bounds moved up to pre-releases.
    fn prereleases(self) -> Option<(Bound<Version>, Bound<Version>)> {
        let prerelease =
            |version: Version| if version.is_prerelease() { Some(version) } else { version.successor() };
        range(prerelease(self.from)?, self.to.and_then(prerelease), &Triple::ZERO.lowest())
    }
}

/// A range of releases or of pre-releases, none if it is empty. From the lowest there is, it has no
/// lower bound.
fn range(from: Version, to: Option<Version>, lowest: &Version) -> Option<(Bound<Version>, Bound<Version>)> {
    if to.as_ref().is_some_and(|to| *to <= from) {
        return None;
    }
    let start = if from == *lowest { Bound::Unbounded } else { Bound::Included(from) };
    Some((start, to.map_or(Bound::Unbounded, Bound::Excluded)))
}

/// The other way round.
fn half_open(
    (start, end): (&Bound<Version>, &Bound<Version>),
    lowest: Version,
) -> (Version, Option<Version>) {
    let version = |bound: &Bound<Version>| match bound {
        Bound::Included(version) | Bound::Excluded(version) => Some(version.clone()),
        Bound::Unbounded => None,
    };
    (version(start).unwrap_or(lowest), version(end))
}
