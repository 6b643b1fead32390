//! The order of `CODEOWNERS`, where the last pattern that matches a path says whose it is.

use std::collections::BTreeSet;

use super::lines::rule;

/// The most pairs of lines of two files that are compared.
const MAX_PAIRS: usize = 4_000_000;

/// For each line of the second, given where it is in the first, if it is: before which line of the
/// first it keeps what both say, beginning with where it would go.
///
/// # Errors
/// The line of the second that cannot keep it, and the one of the first that is in its way.
pub(super) fn places(
    ours: &[&str],
    theirs: &[&str],
    known: &[Option<usize>],
    wanted: &[usize],
) -> Result<Vec<usize>, (usize, usize)> {
    if ours.is_empty() {
        return Ok(wanted.to_vec());
    }
    if theirs.len() * (ours.len() + theirs.len()) > MAX_PAIRS {
        return Err((0, 0));
    }
    let (ours, theirs): (Vec<Rule<'_>>, Vec<Rule<'_>>) = (
        ours.iter().map(|text| Rule::new(text)).collect(),
        theirs.iter().map(|text| Rule::new(text)).collect(),
    );
    let shared: BTreeSet<usize> = known.iter().flatten().copied().collect();
    // Before and behind which places each may stand: behind what is broader, in front of what is
    // narrower, and as in its own text.
    let mut bounds: Vec<(usize, usize)> = Vec::new();
    for (at, rule) in theirs.iter().enumerate() {
        if let Some(place) = known[at] {
            bounds.push((place + 1, place));
            continue;
        }
        let (mut least, mut most) = (0, ours.len());
        // Of those that both have, their own text says it.
        let alone = |(place, one): &(usize, &Rule<'_>)| one.owners != rule.owners && !shared.contains(place);
        for (place, one) in ours.iter().enumerate().filter(alone) {
            if one.covers(rule) {
                least = place + 1;
            }
            if rule.covers(one) {
                most = most.min(place);
            }
        }
        for (_, (floor, _)) in theirs.iter().zip(&bounds).filter(|(one, _)| one.vies_with(rule)) {
            least = least.max(*floor);
        }
        bounds.push((least, most));
    }
    let mut places = wanted.to_vec();
    let is_new = |at: &usize| known[*at].is_none();
    for at in (0..theirs.len()).rev().filter(is_new) {
        for after in at + 1..theirs.len() {
            if theirs[after].vies_with(&theirs[at]) {
                bounds[at].1 = bounds[at].1.min(bounds[after].1);
            }
        }
        let (least, most) = bounds[at];
        if least > most {
            return Err((at, most));
        }
        places[at] = wanted[at].clamp(least, most);
    }
    for at in (0..theirs.len()).filter(is_new) {
        for before in (0..at).filter(is_new) {
            if theirs[before].vies_with(&theirs[at]) {
                places[at] = places[at].max(places[before]);
            }
        }
    }
    Ok(places)
}

/// A pattern by its segments, and whose it says that a path is.
struct Rule<'t> {
    segments: Vec<&'t str>,
    owners: String,
}

impl<'t> Rule<'t> {
    fn new(text: &'t str) -> Rule<'t> {
        let (pattern, owners) = rule(text);
        let is_anchored = pattern.trim_end_matches('/').contains('/');
        let mut segments = if is_anchored { Vec::new() } else { vec!["**"] };
        segments.extend(pattern.split('/').filter(|segment| !segment.is_empty()));
        // What names a directory is about all that is in it; but `docs/*` is not.
        if !(is_anchored && segments.last() == Some(&"*")) {
            segments.push("**");
        }
        Rule { segments, owners }
    }

    /// Whether it counts which of two stands behind the other: they differ, and may be about one path.
    fn vies_with(&self, other: &Rule<'_>) -> bool {
        let is_literal = |segment: &str| !segment.contains(['*', '?', '[', '\\']);
        let apart = |(one, other): (&&str, &&str)| is_literal(one) && is_literal(other) && one != other;
        let anywhere = |segments: &(&&str, &&str)| *segments.0 == "**" || *segments.1 == "**";
        let mut both = self.segments.iter().zip(&other.segments).take_while(|both| !anywhere(both));
        self.owners != other.owners && !both.any(apart)
    }

    /// Whether it surely matches all that another matches.
    fn covers(&self, other: &Rule<'_>) -> bool {
        let (ours, theirs) = (&self.segments, &other.segments);
        let (mut one, mut at) = (0, 0);
        // The last `**`, and up to where it reaches.
        let mut any: Option<(usize, usize)> = None;
        while at < theirs.len() {
            match (ours.get(one), any) {
                (Some(&"**"), _) => {
                    any = Some((one, at));
                    one += 1;
                }
                (Some(segment), _) if matches_all(segment, theirs[at]) => {
                    one += 1;
                    at += 1;
                }
                (_, Some((star, reached))) => {
                    any = Some((star, reached + 1));
                    (one, at) = (star + 1, reached + 1);
                }
                (_, None) => return false,
            }
        }
        ours[one..].iter().all(|segment| *segment == "**")
    }
}

/// Whether a segment of a pattern matches all that another matches.
fn matches_all(segment: &str, other: &str) -> bool {
    match (segment, other) {
        (_, "**") => false,
        ("*", _) => true,
        _ if segment == other => true,
        _ => match segment.split_once('*') {
            Some((start, end)) if !end.contains(['*', '?', '[']) && !start.contains(['?', '[']) => {
                other.len() >= start.len() + end.len() && other.starts_with(start) && other.ends_with(end)
            }
            _ => false,
        },
    }
}
