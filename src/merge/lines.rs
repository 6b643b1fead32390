//! Files of one entry a line: ignore files, `.env`, requirements of Python.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use super::source::{Pair, Piece, Source, Splices};
use super::versions::{self, Ecosystem, Joined};
use super::{Clash, MergeError, Merged, Note, Policy, Why};
use crate::composition::Prefer;
use crate::path::RelPath;

/// A line with something in it, or several that hang together.
struct Entry<'t> {
    /// Where the comments and the blank lines before it begin.
    lead: usize,
    span: Range<usize>,
    text: &'t str,
}

/// The entries of a text; one goes on as long as it says so.
fn entries<'t>(source: &Source<'t>, goes_on: fn(&str) -> bool) -> Vec<Entry<'t>> {
    let mut entries = Vec::new();
    let (mut lead, mut start) = (None, None);
    let length = source.text.trim_end_matches(['\r', '\n']).len();
    for (span, line) in source.lines() {
        let lead_start = *lead.get_or_insert(span.start);
        if start.is_none() && (line.trim().is_empty() || line.trim_start().starts_with('#')) {
            continue;
        }
        let begin = *start.get_or_insert(span.start);
        let last = span.end == length;
        if last || !goes_on(&source.text[begin..span.end]) {
            entries.push(Entry {
                lead: lead_start,
                span: begin..span.end,
                text: source.text[begin..span.end].trim(),
            });
            (lead, start) = (None, None);
        }
    }
    entries
}

fn never(_: &str) -> bool {
    false
}

/// Adds lines to the first.
struct Writer<'w, 't> {
    pair: Pair<'t>,
    splices: Splices,
    /// Where lines go that nothing of the first needs to stand behind.
    end: usize,
    /// The comments before the lines that are looked at, until they are added.
    heading: Option<Range<usize>>,
    ours: &'w [Entry<'t>],
}

impl<'w, 't> Writer<'w, 't> {
    fn new(first: &'t Source<'t>, second: &'t Source<'t>, ours: &'w [Entry<'t>]) -> Writer<'w, 't> {
        let end = first.text.trim_end().len();
        let start = if first.text.starts_with('\u{feff}') { 3 } else { 0 };
        Writer {
            pair: Pair::new(first, second),
            splices: Splices::default(),
            end: end.max(start),
            heading: None,
            ours,
        }
    }

    /// Looks at the next entry of the second.
    fn meet(&mut self, entry: &Entry<'_>) {
        if entry.lead < entry.span.start {
            self.heading = Some(entry.lead..entry.span.start);
        }
    }

    /// Adds the entry that was met last, before another of the first or at the end.
    fn add(&mut self, entry: &Entry<'_>, before: Option<usize>) {
        let mut pieces: Vec<Piece> = Vec::new();
        if let Some(heading) = self.heading.take() {
            if before.is_none() && self.pair.second.text[heading.clone()].starts_with('#') {
                pieces.push(Piece::glue(self.pair.line_break));
            }
            pieces.push(self.pair.copied(heading));
        }
        pieces.push(self.pair.copied(entry.span.clone()));
        match before.map(|place| self.ours[place].lead) {
            Some(at) => {
                pieces.push(Piece::glue(self.pair.line_break));
                self.splices.insert(at, pieces);
            }
            None => {
                pieces.insert(0, Piece::glue(self.pair.line_break));
                self.splices.insert(self.end, pieces);
            }
        }
    }

    fn finish(self, notes: Vec<Note>, clashes: Vec<Clash>) -> Result<Merged, MergeError> {
        if clashes.is_empty() {
            Ok(Merged { notes, ..self.splices.apply(self.pair.first) })
        } else {
            Err(MergeError::Clashes(clashes))
        }
    }
}

/// Whether what a line means depends on those before it. In ignore files only a `!` does that.
fn order_counts(path: &RelPath, entries: &[&[Entry<'_>]]) -> bool {
    !path.file_name().ends_with("ignore")
        || entries.iter().any(|entries| entries.iter().any(|entry| entry.text.starts_with('!')))
}

/// Joins files whose lines stand for themselves.
///
/// Where the order counts, a new line stands before the line of the first that it precedes in the
/// second; if the two contradict each other, the first is right. Anything else goes to the end.
pub(super) fn union(path: &RelPath, first: &Source<'_>, second: &Source<'_>) -> Merged {
    let (ours, theirs) = (entries(first, never), entries(second, never));
    let places: BTreeMap<&str, usize> =
        ours.iter().enumerate().rev().map(|(place, entry)| (entry.text, place)).collect();
    // For each line of the second, the line of the first that stands next.
    let mut next: Vec<Option<usize>> = vec![None; theirs.len()];
    if order_counts(path, &[&ours, &theirs]) {
        let mut behind = 0;
        let floors: Vec<usize> = theirs
            .iter()
            .map(|entry| {
                behind = behind.max(places.get(entry.text).map_or(0, |place| place + 1));
                behind
            })
            .collect();
        let mut coming = None;
        for (place, entry) in theirs.iter().enumerate().rev() {
            next[place] = coming.filter(|coming| *coming >= floors[place]);
            coming = places.get(entry.text).copied().or(coming);
        }
    }
    let mut added: BTreeSet<&str> = BTreeSet::new();
    let mut writer = Writer::new(first, second, &ours);
    for (entry, next) in theirs.iter().zip(next) {
        writer.meet(entry);
        if !places.contains_key(entry.text) && added.insert(entry.text) {
            writer.add(entry, next);
        }
    }
    Merged { notes: Vec::new(), ..writer.splices.apply(first) }
}

/// The name and the value of a line such as `NAME=value`.
fn variable(text: &str) -> (&str, &str) {
    let (name, value) = text.split_once('=').unwrap_or((text, ""));
    (name.trim().strip_prefix("export ").unwrap_or(name).trim(), value.trim())
}

/// Whether a quote is still open behind the `=`.
fn is_open(text: &str) -> bool {
    let (_, value) = variable(text);
    match value.chars().next() {
        Some(quote @ ('"' | '\'')) => !value[1..].contains(quote),
        _ => false,
    }
}

/// Joins files of `NAME=value`.
pub(super) fn variables(
    first: &Source<'_>,
    second: &Source<'_>,
    policy: &Policy,
) -> Result<Merged, MergeError> {
    let (ours, theirs) = (entries(first, is_open), entries(second, is_open));
    let values: BTreeSet<(&str, &str)> = ours.iter().map(|entry| variable(entry.text)).collect();
    let mut there: BTreeMap<&str, &Entry<'_>> =
        ours.iter().map(|entry| (variable(entry.text).0, entry)).collect();
    let mut writer = Writer::new(first, second, &ours);
    let mut clashes = Vec::new();
    for entry in &theirs {
        writer.meet(entry);
        let (name, value) = variable(entry.text);
        let Some(ours) = there.get(name).filter(|_| !values.contains(&(name, value))) else {
            if !values.contains(&(name, value)) {
                writer.add(entry, None);
            }
            continue;
        };
        match policy.prefer {
            Some(Prefer::Earlier) => {}
            Some(Prefer::Later) => {
                let line = writer.pair.copied(entry.span.clone());
                writer.splices.put(ours.span.clone(), vec![line]);
                there.remove(name);
            }
            None => {
                clashes.push(writer.pair.clash(name.to_owned(), &ours.span, &entry.span, Why::Values));
            }
        }
    }
    writer.finish(Vec::new(), clashes)
}

fn is_continued(text: &str) -> bool {
    text.ends_with('\\')
}

/// The requirement of a line, without the comment behind it.
fn requirement(text: &str) -> &str {
    text.split(" #").next().unwrap_or(text).trim()
}

/// Joins lists of requirements of Python: by the name of the package, other lines by their text.
pub(super) fn requirements(
    first: &Source<'_>,
    second: &Source<'_>,
    policy: &Policy,
) -> Result<Merged, MergeError> {
    let (ours, theirs) = (entries(first, is_continued), entries(second, is_continued));
    let key = |text: &str| versions::package(requirement(text)).unwrap_or_else(|| text.to_owned());
    let mut there: BTreeMap<String, Vec<&Entry<'_>>> = BTreeMap::new();
    for entry in &ours {
        there.entry(key(entry.text)).or_default().push(entry);
    }
    let mut added: BTreeSet<&str> = BTreeSet::new();
    let mut writer = Writer::new(first, second, &ours);
    let (mut notes, mut clashes) = (Vec::new(), Vec::new());
    for entry in &theirs {
        writer.meet(entry);
        let name = key(entry.text);
        let other = requirement(entry.text);
        let Some(known) = there.get(&name) else {
            if added.insert(other) {
                writer.add(entry, None);
            }
            continue;
        };
        if known.iter().any(|ours| requirement(ours.text) == other) {
            continue;
        }
        let ours = known[0];
        let one = requirement(ours.text);
        let joined = match versions::join(Ecosystem::Python, one, other) {
            Joined::Same => continue,
            Joined::To(joined) => {
                let note =
                    Note { key: name, first: one.into(), second: other.into(), joined: joined.clone() };
                notes.push(note);
                joined
            }
            Joined::Disjoint | Joined::Unknown => match policy.prefer {
                Some(Prefer::Earlier) => continue,
                Some(Prefer::Later) => other.to_owned(),
                None => {
                    clashes.push(writer.pair.clash(name, &ours.span, &entry.span, Why::Values));
                    continue;
                }
            },
        };
        if joined != one {
            let at = ours.span.start + first.text[ours.span.clone()].find(one).unwrap_or(0);
            let line = second.line(entry.span.start);
            writer.splices.put(at..at + one.len(), vec![Piece::rewritten(joined, line)]);
        }
    }
    writer.finish(notes, clashes)
}
