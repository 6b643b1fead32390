//! The normal form of a set: the shortest readable text that is read as that set again.

use std::fmt;
use std::iter;

use super::MAX_LENGTH;
use super::expand::caret_end;
use super::set::VersionSet;
use crate::version::{self, Triple, Version};

/// The most windows that are written out. Each takes eight characters or more, such as `=0.0.0-0`,
/// so no constraint names more.
const MAX_WINDOWS: usize = MAX_LENGTH / 8;

/// Ranges in ascending order: `^1.2.3`, `>=1.0.0, <1.5.0`, `<2.0.0 || >=3.0.0`, `*`.
///
/// Read as a constraint, the text stands for the same set, if it is not too long for one. No
/// version at all is `<0.0.0-0`. Sets that admit pre-releases without naming them, from
/// [`with_prereleases`](super::Constraint::with_prereleases) or
/// [`complement`](VersionSet::complement), have no text in the grammar: they are printed as their
/// releases and ` (with pre-releases)`, which is for people only.
impl fmt::Display for VersionSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let windows = windows(self);
        let nameable = windows.is_some();
        let pieces = pieces(self, windows.unwrap_or_default());
        if pieces.is_empty() {
            f.write_str("<0.0.0-0")?;
        }
        for (place, piece) in pieces.iter().enumerate() {
            if place > 0 {
                f.write_str(" || ")?;
            }
            piece.fmt(f)?;
        }
        if nameable { Ok(()) } else { f.write_str(" (with pre-releases)") }
    }
}

/// Pre-releases of one major.minor.patch.
struct Window {
    from: Version,
    /// None: up to the release.
    to: Option<Version>,
}

/// The pre-releases of a set, none if there are too many to be named.
fn windows(set: &VersionSet) -> Option<Vec<Window>> {
    let windows = set.prerelease_ranges().flat_map(|(from, to)| {
        let end = to.clone();
        iter::successors(Some(from.triple()), |triple| triple.next_patch())
            .take_while(move |triple| end.as_ref().is_none_or(|end| triple.lowest() < *end))
            .map(move |triple| Window {
                from: triple.lowest().max(from.clone()),
                to: to.clone().filter(|to| to.triple() == triple),
            })
    });
    let windows: Vec<Window> = windows.take(MAX_WINDOWS + 1).collect();
    (windows.len() <= MAX_WINDOWS).then_some(windows)
}

/// What one branch of the text says: the releases from one bound up to but without the other, and
/// where a bound is a pre-release, the pre-releases of its major.minor.patch on this side of it.
struct Piece {
    from: Version,
    to: Option<Version>,
}

/// The ranges of releases, each with the windows that touch it, and the windows left over.
fn pieces(set: &VersionSet, mut windows: Vec<Window>) -> Vec<Piece> {
    let mut pieces: Vec<Piece> = Vec::new();
    for (from, to) in set.release_ranges() {
        let before = windows
            .iter()
            .position(|window| window.from.triple() == from.triple() && window.to.is_none())
            .map(|place| windows.remove(place).from);
        let behind = to.as_ref().and_then(|to| {
            let lowest = to.triple().lowest();
            let place = windows.iter().position(|window| window.from == lowest && window.to.is_some())?;
            windows.remove(place).to
        });
        pieces.push(Piece { from: before.unwrap_or(from), to: behind.or(to) });
    }
    pieces.extend(windows.into_iter().map(|Window { from, to }| {
        let to = to.unwrap_or_else(|| from.triple().release());
        Piece { from, to: Some(to) }
    }));
    pieces.sort_by(|one, another| one.from.cmp(&another.from));
    pieces
}

impl fmt::Display for Piece {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Piece { from, to } = self;
        let unbounded = *from == Triple::ZERO.release();
        match to {
            None if unbounded => f.write_str("*"),
            None => lower_bound(f, from),
            Some(to) if is_one(from, to) => write!(f, "={from}"),
            Some(to) if unbounded => upper_bound(f, to),
            Some(to) => match operator_for(from, to) {
                Some(operator) => write!(f, "{operator}{from}"),
                None => {
                    lower_bound(f, from)?;
                    f.write_str(", ")?;
                    upper_bound(f, to)
                }
            },
        }
    }
}

/// Whether a version stands alone between bounds of its own kind.
fn is_one(from: &Version, to: &Version) -> bool {
    if from.is_prerelease() {
        from.successor().as_ref() == Some(to)
    } else {
        from.triple().next_patch().map(Triple::release).as_ref() == Some(to)
    }
}

/// The operator that says both bounds at once.
fn operator_for(from: &Version, to: &Version) -> Option<&'static str> {
    let ends_at = |end: Option<Triple>| end.is_some_and(|end| end.release() == *to);
    if is_too_long(from) {
        None
    } else if ends_at(caret_end(from.triple())) {
        Some("^")
    } else if ends_at(from.triple().next_minor()) {
        Some("~")
    } else {
        None
    }
}

fn lower_bound(f: &mut fmt::Formatter<'_>, from: &Version) -> fmt::Result {
    match from.predecessor().filter(|_| is_too_long(from)) {
        Some(before) => write!(f, ">{before}"),
        None => write!(f, ">={from}"),
    }
}

fn upper_bound(f: &mut fmt::Formatter<'_>, to: &Version) -> fmt::Result {
    match to.predecessor().filter(|_| is_too_long(to)) {
        Some(last) => write!(f, "<={last}"),
        None => write!(f, "<{to}"),
    }
}

/// Whether a bound is longer than a version may be; then it is the successor of one that is not.
fn is_too_long(bound: &Version) -> bool {
    bound.to_string().len() > version::MAX_LENGTH
}
