//! Source files: what stands between marked lines.
//!
//! A region begins below a line with `packwright:begin NAME` and ends above one with
//! `packwright:end NAME`, in whatever is a comment there. What a later text has in a region goes to
//! the end of that region, statement by statement, unless it is there.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use super::source::{Pair, Piece, Source, Splices};
use super::{Clash, MergeError, Merged, Side, Why};

const BEGIN: &str = "packwright:begin ";
const END: &str = "packwright:end ";

/// The name that a line marks behind a word, if it has nothing else but what makes a comment.
fn marked<'t>(line: &'t str, word: &str) -> Option<&'t str> {
    let (before, behind) = line.split_once(word)?;
    let name = behind.trim_start();
    let end = name
        .find(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '-' | '_' | '.' | '/'))
        .unwrap_or(name.len());
    // A comment such as `<!-- … NAME-->` may end right behind the name.
    let (name, rest) = name.split_at(end);
    let name = name.trim_end_matches('-');
    let is_alone = !before.chars().chain(rest.chars()).any(char::is_alphanumeric);
    (is_alone && !name.is_empty()).then_some(name)
}

/// Whether a line marks the begin or the end of a region.
pub fn is_anchor(line: &str) -> bool {
    marked(line, BEGIN).is_some() || marked(line, END).is_some()
}

/// Whether a text has a marked line.
pub fn has_anchors(text: &str) -> bool {
    text.contains("packwright:") && text.lines().any(is_anchor)
}

struct Region<'t> {
    name: &'t str,
    /// The line that begins it.
    begin: Range<usize>,
    statements: Vec<Statement>,
    /// The white space that its statements begin with.
    indentation: &'t str,
}

/// Lines that belong together: one, the deeper ones behind it, and a closing bracket.
struct Statement {
    span: Range<usize>,
    /// The lines without the white space around them.
    text: String,
}

/// A line and where it stands.
type Line<'t> = (Range<usize>, &'t str);

struct Regions<'t> {
    regions: Vec<Region<'t>>,
    /// The lines outside that are not blank.
    outside: Vec<Line<'t>>,
}

fn read<'t>(source: &Source<'t>) -> Result<Regions<'t>, MergeError> {
    let mut regions: Vec<Region<'t>> = Vec::new();
    let mut names = BTreeSet::new();
    let mut outside = Vec::new();
    let mut open: Option<(&'t str, Range<usize>, Vec<Line<'t>>)> = None;
    for (span, line) in source.lines() {
        let refuse = |message: String| source.unreadable(span.start, message);
        match (marked(line, BEGIN), marked(line, END), &mut open) {
            (Some(name), _, Some((outer, ..))) => {
                return Err(refuse(format!("the region `{name}` begins within the region `{outer}`")));
            }
            (Some(name), _, None) if !names.insert(name) => {
                return Err(refuse(format!("the region `{name}` stands twice")));
            }
            (Some(name), _, None) => open = Some((name, span, Vec::new())),
            (None, Some(name), Some((begun, ..))) if name != *begun => {
                return Err(refuse(format!("the region `{begun}` ends as `{name}`")));
            }
            (None, Some(_), Some(_)) => {
                regions.extend(open.take().map(|(name, begin, lines)| region(source, name, begin, &lines)));
            }
            (None, Some(name), None) => {
                return Err(refuse(format!("the region `{name}` ends without a beginning")));
            }
            (None, None, Some((_, _, lines))) => lines.push((span, line)),
            (None, None, None) if line.trim().is_empty() => {}
            (None, None, None) => outside.push((span, line.trim())),
        }
    }
    match open {
        Some((name, begin, _)) => {
            Err(source.unreadable(begin.start, format!("the region `{name}` has no end")))
        }
        None => Ok(Regions { regions, outside }),
    }
}

fn region<'t>(source: &Source<'t>, name: &'t str, begin: Range<usize>, lines: &[Line<'t>]) -> Region<'t> {
    let filled = || lines.iter().filter(|(_, line)| !line.trim().is_empty());
    let depth = |line: &str| line.len() - line.trim_start().len();
    let base = filled().map(|(_, line)| depth(line)).min().unwrap_or(0);
    let mut statements: Vec<Statement> = Vec::new();
    for (span, line) in filled() {
        let content = line.trim();
        let start = span.start + depth(line);
        match statements.last_mut() {
            Some(statement) if depth(line) > base || content.starts_with([')', ']', '}']) => {
                statement.span.end = span.end;
                statement.text += "\n";
                statement.text += content;
            }
            _ => statements.push(Statement { span: start..span.end, text: content.to_owned() }),
        }
    }
    let place = statements.first().map_or(begin.start, |statement| statement.span.start);
    Region { name, indentation: source.indentation(place), begin, statements }
}

pub(super) fn merge(first: &Source<'_>, second: &Source<'_>) -> Result<Merged, MergeError> {
    let (ours, theirs) = (read(first)?, read(second)?);
    // What has nothing but regions goes into the other, whoever comes first.
    if ours.outside.is_empty() && !theirs.outside.is_empty() {
        let turned = |Clash { key, first, second, why }| Clash { key, first: second, second: first, why };
        let mut merged = into((second, &theirs), (first, &ours)).map_err(|error| match error {
            MergeError::Clashes(clashes) => MergeError::Clashes(clashes.into_iter().map(turned).collect()),
            unreadable => unreadable,
        })?;
        for whose in &mut merged.lines {
            whose.side = match whose.side {
                Side::First => Side::Second,
                Side::Second => Side::First,
            };
        }
        return Ok(merged);
    }
    into((first, &ours), (second, &theirs))
}

/// Puts what a text has in its regions into those of another.
fn into(
    (first, ours): (&Source<'_>, &Regions<'_>),
    (second, theirs): (&Source<'_>, &Regions<'_>),
) -> Result<Merged, MergeError> {
    let pair = Pair::new(first, second);
    let mut clashes: Vec<Clash> = outside(&pair, ours, theirs).into_iter().collect();
    let names: BTreeMap<&str, &Region<'_>> =
        ours.regions.iter().map(|region| (region.name, region)).collect();
    let mut splices = Splices::default();
    for region in &theirs.regions {
        match names.get(region.name) {
            Some(ours) => append(&pair, &mut splices, ours, region),
            None => clashes.push(pair.clash(region.name.to_owned(), &(0..0), &region.begin, Why::Region)),
        }
    }
    if clashes.is_empty() { splices.apply(first) } else { Err(MergeError::Clashes(clashes)) }
}

/// The first line that a later text has outside of its regions and the first text has not.
fn outside(pair: &Pair<'_>, ours: &Regions<'_>, theirs: &Regions<'_>) -> Option<Clash> {
    if theirs.outside.is_empty() {
        return None;
    }
    let longest = ours.outside.len().max(theirs.outside.len());
    let at = (0..longest).find(|&at| {
        ours.outside.get(at).map(|(_, line)| line) != theirs.outside.get(at).map(|(_, line)| line)
    })?;
    let span = |lines: &[Line<'_>]| lines.get(at).or(lines.last()).map_or(0..0, |(span, _)| span.clone());
    let (first, second) = (span(&ours.outside), span(&theirs.outside));
    let key = format!("line {}", pair.second.line(second.start));
    Some(pair.clash(key, &first, &second, Why::Outside))
}

fn append(pair: &Pair<'_>, splices: &mut Splices, ours: &Region<'_>, theirs: &Region<'_>) {
    let mut there: BTreeSet<&str> = ours.statements.iter().map(|statement| statement.text.as_str()).collect();
    let mut pieces = Vec::new();
    for statement in &theirs.statements {
        if there.insert(&statement.text) {
            pieces.push(Piece::glue(format!("{}{}", pair.line_break, ours.indentation)));
            pieces.push(pair.moved(statement.span.clone(), ours.indentation));
        }
    }
    let end = ours.statements.last().map_or(ours.begin.end, |statement| statement.span.end);
    splices.insert(end, pieces);
}
