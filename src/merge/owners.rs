//! The order of `CODEOWNERS`, where the last pattern that matches a path says whose it is.

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
    let mut places = wanted.to_vec();
    for (at, rule) in theirs.iter().enumerate().filter(|(at, _)| known[*at].is_none()) {
        // Behind what is broader, in front of what is narrower, and as in its own text.
        let (mut least, mut most) = (0, ours.len());
        for (place, one) in ours.iter().enumerate().filter(|(_, one)| one.owners != rule.owners) {
            if one.covers(rule) {
                least = place + 1;
            }
            if rule.covers(one) {
                most = most.min(place);
            }
        }
        for (before, one) in theirs[..at].iter().enumerate().filter(|(_, one)| one.owners != rule.owners) {
            if one.covers(rule) || rule.covers(one) {
                least = least.max(known[before].map_or(places[before], |place| place + 1));
            }
        }
        if least > most {
            return Err((at, most));
        }
        places[at] = wanted[at].clamp(least, most);
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
