//! Files of one entry a line: ignore files, owners and attributes, `.env`, requirements of Python.
//!
//! A comment right above a line belongs to it. In an ignore file it stays away with it; elsewhere it goes
//! to the line of that name. Where the order counts:
//!
//! | file | which line counts | where a new line goes |
//! | --- | --- | --- |
//! | ignore files | the last that matches, and `!` takes back | before the first `!` of the first text that it does not follow in the second, so that it undoes none; a `!` to the end; the second's lines keep their order across each `!`; to the end of the group of the same heading, where that is before that place; the same pattern with `!` and without is a clash |
//! | `CODEOWNERS`, `.gitattributes` | the last that matches | before the line of the first that it precedes in the second, else to the end; a pattern for everything before all others; an owner's before each narrower pattern and behind each broader, or a clash |
//! | others | unknown | before the line of the first that it precedes in the second, else to the end |
//!
//! If the two contradict each other, the first is right.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use super::owners;
use super::remarks::{self, Annotated, Found, Spot, Standing};
use super::source::{Pair, Piece, Source, Splices};
use super::versions::{self, Ecosystem, Joined};
use super::{Clash, Excerpt, Kind, MergeError, Merged, Note, Policy, Side, Why};
use crate::composition::Prefer;
use crate::path::RelPath;

/// A line with something in it, or several that hang together.
struct Entry<'t> {
    /// Where the comments and the blank lines before it begin.
    lead: usize,
    span: Range<usize>,
    /// Without the space around it.
    text: &'t str,
}

impl Entry<'_> {
    fn spot(&self) -> Spot {
        Spot { at: self.span.start, end: self.span.end }
    }

    fn is_negated(&self) -> bool {
        self.text.starts_with('!')
    }

    /// The line of an ignore file that says the contrary.
    fn turned(&self) -> String {
        self.text.strip_prefix('!').map_or_else(|| format!("!{}", self.text), str::to_owned)
    }
}

/// What a text consists of.
struct Entries<'t> {
    entries: Vec<Entry<'t>>,
    /// The comments behind the last entry, with the blank lines before them.
    rest: Option<Range<usize>>,
}

/// The entries of a text. How far one goes on, of the text that it begins, is the end of the line of
/// that place.
fn entries<'t>(source: &Source<'t>, reach: fn(&str) -> usize) -> Entries<'t> {
    let mut entries = Vec::new();
    let (mut lead, mut start) = (None, None);
    let length = source.text.trim_end_matches(['\r', '\n']).len();
    for (span, line) in source.lines() {
        let lead_start = *lead.get_or_insert(span.start);
        if start.is_none() && (line.trim().is_empty() || line.trim_start().starts_with('#')) {
            continue;
        }
        let (begin, end) =
            *start.get_or_insert_with(|| (span.start, span.start + reach(&source.text[span.start..])));
        let last = span.end == length;
        if last || span.end >= end {
            entries.push(Entry {
                lead: lead_start,
                span: begin..span.end,
                text: source.text[begin..span.end].trim(),
            });
            (lead, start) = (None, None);
        }
    }
    let end = source.text.trim_end().len();
    let rest = lead.filter(|lead| *lead < end).map(|lead| lead..end);
    Entries { entries, rest }
}

impl<'t> Entries<'t> {
    fn annotated(&self, source: &'t Source<'t>) -> Annotated<'t> {
        let leads = self.entries.iter().map(|entry| entry.lead..entry.span.start).chain(self.rest.clone());
        let lines = leads.flat_map(|lead| {
            let mut at = lead.start;
            source.text[lead].split_inclusive('\n').map(move |line| {
                at += line.len();
                at - line.len()..at
            })
        });
        let comments = lines.filter_map(|line| {
            let text = source.text[line.clone()].trim_start();
            text.starts_with('#')
                .then(|| line.end - text.len()..line.end - text.len() + text.trim_end().len())
        });
        let spots = self.entries.iter().map(Entry::spot).collect();
        Annotated::new(source, &comments.collect::<Vec<_>>(), spots, None)
    }
}

/// A joined text with the comments of the second at the lines of a name that both have.
fn with_comments(
    merged: Merged,
    (second, theirs): (&Source<'_>, &Entries<'_>),
    reach: fn(&str) -> usize,
    name: &dyn Fn(&str) -> String,
) -> Result<Merged, MergeError> {
    let Merged { text, lines, notes } = &merged;
    let source = Source::new(Side::First, text)?;
    let ours = entries(&source, reach);
    let mut there = BTreeMap::new();
    for entry in &ours.entries {
        there.entry(name(entry.text)).or_insert(entry);
    }
    let found = theirs.entries.iter().filter_map(|entry| {
        let spot = there.get(&name(entry.text))?.spot();
        Some((entry.spot().at, Found { spot, room: None, standing: Standing::Second }))
    });
    let (joined, found) = (ours.annotated(&source), found.collect());
    let kept = remarks::keep(&joined, lines, &theirs.annotated(second), &found)?;
    Ok(Merged { notes: notes.clone(), ..kept })
}

fn never(_: &str) -> usize {
    0
}

/// Adds lines to the first.
struct Writer<'w, 't> {
    pair: Pair<'t>,
    ours: &'w Entries<'t>,
    splices: Splices,
    /// What goes before each entry of the first, and behind all of them.
    added: Vec<Added>,
    /// Whether the heading above the next line of the second stayed away, as its own line did.
    apart: bool,
    clashes: Vec<Clash>,
}

/// Lines that go to one place.
#[derive(Clone, Default)]
struct Added {
    pieces: Vec<Piece>,
    has_heading: bool,
}

impl<'w, 't> Writer<'w, 't> {
    fn new(first: &'t Source<'t>, second: &'t Source<'t>, ours: &'w Entries<'t>) -> Writer<'w, 't> {
        let pair = Pair::new(first, second);
        let added = vec![Added::default(); ours.entries.len() + 1];
        Writer { pair, ours, splices: Splices::default(), added, apart: false, clashes: Vec::new() }
    }

    fn end(&self) -> usize {
        self.ours.entries.len()
    }

    /// Leaves out an entry of the second.
    fn skip(&mut self, entry: &Entry<'_>) {
        if entry.lead < entry.span.start {
            self.apart = self.pair.second.text[entry.lead..entry.span.start].contains('#');
        }
    }

    /// Adds an entry of the second, with the comments above it.
    fn add(&mut self, entry: &Entry<'_>, place: usize) {
        self.put(entry.lead..entry.span.end, place);
    }

    /// Adds an entry of the second, without its heading, right behind one of the first.
    fn add_behind(&mut self, entry: &Entry<'_>, one: usize) {
        let pieces = vec![Piece::glue(self.pair.line_break), self.pair.copied(entry.span.clone())];
        self.apart = false;
        self.splices.insert(self.ours.entries[one].span.end, pieces);
    }

    fn put(&mut self, lines: Range<usize>, place: usize) {
        let text = &self.pair.second.text[lines.clone()];
        let has_heading = text.trim_start().starts_with('#');
        let is_apart = std::mem::take(&mut self.apart) || has_heading;
        let needs_gap = is_apart && !text.starts_with(['\r', '\n']);
        let gap = match self.added[place].pieces.is_empty() {
            true => usize::from(needs_gap && !self.has_gap(place)),
            false => 1 + usize::from(needs_gap),
        };
        let added = &mut self.added[place];
        added.pieces.extend([Piece::glue(self.pair.line_break.repeat(gap)), self.pair.copied(lines)]);
        added.has_heading |= has_heading;
    }

    /// Whether nothing stands right above a place.
    fn has_gap(&self, place: usize) -> bool {
        let above = &self.pair.first.text[..self.at(place)];
        ["", "\u{feff}"].contains(&above) || above.ends_with("\n\n") || above.ends_with("\n\r\n")
    }

    /// Where lines stand that go before an entry of the first, or behind all.
    fn at(&self, place: usize) -> usize {
        let first = self.pair.first.text;
        let Some(entry) = self.ours.entries.get(place) else {
            let start = if first.starts_with('\u{feff}') { 3 } else { 0 };
            return first.trim_end().len().max(start);
        };
        if place > 0 {
            return entry.lead;
        }
        // What stands on top, above a blank line, is about the whole.
        let (mut at, mut below) = (entry.lead, entry.lead);
        for line in first[entry.lead..entry.span.start].split_inclusive('\n') {
            at += line.len();
            if line.trim().is_empty() {
                below = at;
            }
        }
        below
    }

    /// Of two lines that say different things of one name, whether the second's takes the place of
    /// the first's.
    fn replaces(&mut self, name: &str, ours: &Entry<'_>, theirs: &Entry<'_>, policy: &Policy) -> bool {
        self.skip(theirs);
        match policy.prefer {
            Some(Prefer::Earlier) => {}
            Some(Prefer::Later) => {
                let line = self.pair.copied(theirs.span.clone());
                self.splices.put(ours.span.clone(), vec![line]);
            }
            None => {
                let clash = self.pair.clash(name.to_owned(), &ours.span, &theirs.span, Why::Values);
                self.clashes.push(clash);
            }
        }
        policy.prefer == Some(Prefer::Later)
    }

    /// The first with what was added, and with the comments at the end of the second.
    fn finish(mut self, rest: Option<Range<usize>>, notes: Vec<Note>) -> Result<Merged, MergeError> {
        if !self.clashes.is_empty() {
            return Err(MergeError::Clashes(self.clashes));
        }
        let there: BTreeSet<&str> = self.pair.first.text.lines().map(str::trim).collect();
        if let Some(rest) = rest
            && !self.pair.second.text[rest.clone()].lines().all(|line| there.contains(line.trim()))
        {
            self.put(rest, self.end());
        }
        for (place, Added { mut pieces, has_heading }) in
            std::mem::take(&mut self.added).into_iter().enumerate()
        {
            if pieces.is_empty() {
                continue;
            }
            let at = self.at(place);
            match self.ours.entries.get(place) {
                None => pieces.insert(0, Piece::glue(self.pair.line_break)),
                Some(next) => {
                    pieces.push(Piece::glue(self.pair.line_break));
                    if has_heading && !self.pair.first.text[at..next.span.end].starts_with(['\r', '\n']) {
                        pieces.push(Piece::glue(self.pair.line_break));
                    }
                }
            }
            self.splices.insert(at, pieces);
        }
        Ok(Merged { notes, ..self.splices.apply(self.pair.first)? })
    }
}

/// An indented line is a part of one above it, as a command is of its rule in a Makefile.
///
/// # Errors
/// A text that nobody knows for one of lines has such a line.
fn stand_for_themselves(first: &Source<'_>, second: &Source<'_>) -> Result<(), MergeError> {
    let indented = |source: &Source<'_>| {
        let is_one =
            |(_, line): &(Range<usize>, &str)| line.starts_with([' ', '\t']) && !line.trim().is_empty();
        source.lines().find(is_one).map(|(span, _)| span)
    };
    let (one, other) = (indented(first), indented(second));
    if one.is_none() && other.is_none() {
        return Ok(());
    }
    let line = |source: &Source<'_>, span: Option<Range<usize>>| span.unwrap_or(0..source.text.len());
    let (one, other) = (line(first, one), line(second, other));
    let clash = Pair::new(first, second).clash(String::new(), &one, &other, Why::Indented);
    Err(MergeError::Clashes(vec![clash]))
}

/// Joins files whose lines stand for themselves.
pub(super) fn union(
    path: &RelPath,
    first: &Source<'_>,
    second: &Source<'_>,
    policy: &Policy,
) -> Result<Merged, MergeError> {
    if !matches!(Kind::of(path, "", ""), Some(Kind::Lines | Kind::Variables)) {
        stand_for_themselves(first, second)?;
    }
    let (ours, theirs) = (entries(first, never), entries(second, never));
    let name = path.file_name().to_ascii_lowercase();
    if matches!(&*name, "codeowners" | ".gitattributes") {
        return rules(&name, (first, &ours), (second, &theirs), policy);
    }
    let there: BTreeMap<&str, usize> =
        ours.entries.iter().enumerate().map(|(place, entry)| (entry.text, place)).collect();
    let known: Vec<Option<usize>> =
        theirs.entries.iter().map(|entry| there.get(entry.text).copied()).collect();
    let places = if name.ends_with("ignore") {
        across_negations(&ours.entries, &theirs.entries, &known)
    } else {
        before_the_next(&known, ours.entries.len())
    };
    let (groups, headings) = match name.ends_with("ignore") {
        true => groups((first, &ours), (second, &theirs)),
        false => Default::default(),
    };
    let said: BTreeSet<&str> = theirs.entries.iter().map(|entry| entry.text).collect();
    let mut added: BTreeSet<&str> = BTreeSet::new();
    let mut writer = Writer::new(first, second, &ours);
    for (at, ((entry, known), place)) in theirs.entries.iter().zip(known).zip(places).enumerate() {
        let turned = entry.turned();
        // A text that says both of one pattern means their order.
        let contrary = there.get(&*turned).filter(|_| name.ends_with("ignore") && !said.contains(&*turned));
        if let (None, Some(&contrary)) = (known, contrary) {
            if added.insert(entry.text) {
                let pattern = entry.text.trim_start_matches('!');
                writer.replaces(pattern, &ours.entries[contrary], entry, policy);
            }
        } else if known.is_none() && added.insert(entry.text) {
            let group = headings.get(at).filter(|heading| !heading.is_empty());
            let group = group.and_then(|heading| groups.get(heading)).map_or(&[][..], Vec::as_slice);
            let home = group[..group.partition_point(|&one| one < place)].last();
            match home {
                Some(&last) => writer.add_behind(entry, last),
                None => writer.add(entry, place),
            }
        } else {
            writer.skip(entry);
        }
    }
    writer.finish(theirs.rest, Vec::new())
}

/// The most bytes of a comment that is the heading of a group.
const MAX_HEADING: usize = 200;

/// The lines of the first by their heading, and the heading of each line of the second. None for what
/// a `!` of the second comes before: it stays behind that.
fn groups(
    (first, ours): (&Source<'_>, &Entries<'_>),
    (second, theirs): (&Source<'_>, &Entries<'_>),
) -> (BTreeMap<String, Vec<usize>>, Vec<String>) {
    let mut places: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    // Above the first of them may stand what is about the whole.
    let last_paragraph =
        |lines: &[&str]| lines.rsplit(|line| line.is_empty()).next().unwrap_or(lines).join("\n");
    for (place, heading) in headings(first, &ours.entries, &last_paragraph).into_iter().enumerate() {
        places.entry(heading).or_default().push(place);
    }
    let free = theirs.entries.iter().take_while(|entry| !entry.is_negated()).count();
    let mut headings = headings(second, &theirs.entries, &|lines| lines.join("\n"));
    headings.truncate(free);
    (places, headings)
}

/// For each entry, what the comments say that it and those up to the next empty line or comment stand below.
fn headings(source: &Source<'_>, entries: &[Entry<'_>], says: &dyn Fn(&[&str]) -> String) -> Vec<String> {
    let mut heading = String::new();
    let next = |entry: &Entry<'_>| {
        let lead = &source.text[entry.lead..entry.span.start];
        if !lead.is_empty() {
            heading = says(&lead.trim().lines().map(str::trim).collect::<Vec<_>>());
            heading.truncate(if heading.len() > MAX_HEADING { 0 } else { MAX_HEADING });
        }
        heading.clone()
    };
    entries.iter().map(next).collect()
}

/// For each line of the second, given where it stands in the first: before which line of the first
/// it goes so that it keeps its order with those that are known, or the end.
pub(super) fn before_the_next(known: &[Option<usize>], end: usize) -> Vec<usize> {
    let mut behind = 0;
    let floors = known.iter().map(|known| {
        behind = behind.max(known.map_or(0, |place| place + 1));
        behind
    });
    let floors: Vec<usize> = floors.collect();
    let mut places = vec![end; known.len()];
    let mut coming = end;
    for (at, known) in known.iter().enumerate().rev() {
        if coming >= floors[at] {
            places[at] = coming;
        }
        coming = known.unwrap_or(coming);
    }
    places
}

/// The same for ignore files: a line keeps its order with those of the other sort, with `!` or
/// without, and without one it stands before the first `!` of the first.
fn across_negations(ours: &[Entry<'_>], theirs: &[Entry<'_>], known: &[Option<usize>]) -> Vec<usize> {
    let end = ours.len();
    let negation = ours.iter().position(Entry::is_negated).unwrap_or(end);
    let mut places = vec![end; theirs.len()];
    // By sort: before which place it must stand, for the sake of the lines behind it.
    let mut next = [end; 2];
    for (at, entry) in theirs.iter().enumerate().rev() {
        let sort = usize::from(entry.is_negated());
        let wanted = if entry.is_negated() { end } else { negation };
        places[at] = known[at].unwrap_or(wanted.min(next[sort]));
        next[1 - sort] = next[1 - sort].min(places[at]);
    }
    // And behind which, for the sake of those before it.
    let mut behind = [0; 2];
    for (at, entry) in theirs.iter().enumerate() {
        let sort = usize::from(entry.is_negated());
        let other = match known[at] {
            Some(place) => place + 1,
            None => {
                places[at] = places[at].max(behind[sort]);
                places[at]
            }
        };
        behind[1 - sort] = behind[1 - sort].max(other);
    }
    places
}

/// The pattern of a line of `CODEOWNERS` or `.gitattributes`, and what it says of it.
pub(super) fn rule(text: &str) -> (&str, String) {
    let (mut escaped, mut quoted) = (false, false);
    let end = text.find(|c: char| {
        let ends = c.is_whitespace() && !escaped && !quoted;
        quoted ^= c == '"' && !escaped;
        escaped = c == '\\' && !escaped;
        ends
    });
    let (pattern, value) = text.split_at(end.unwrap_or(text.len()));
    let words = value.split_whitespace().take_while(|word| !word.starts_with('#'));
    (pattern, words.collect::<Vec<_>>().join(" "))
}

/// Joins files in which a line says something of a pattern, and the last that matches counts.
fn rules<'t>(
    name: &str,
    (first, ours): (&Source<'t>, &Entries<'t>),
    (second, theirs): (&Source<'t>, &Entries<'t>),
    policy: &Policy,
) -> Result<Merged, MergeError> {
    for (source, entries) in [(first, ours), (second, theirs)] {
        let section = entries.entries.iter().find(|entry| entry.text.starts_with(['[', '^']));
        if let Some(section) = section.filter(|_| name == "codeowners") {
            return Err(source.unreadable(section.span.start, "sections such as `[Docs]` are not supported"));
        }
    }
    let there: BTreeMap<&str, usize> =
        ours.entries.iter().enumerate().map(|(place, entry)| (rule(entry.text).0, place)).collect();
    let known: Vec<Option<usize>> =
        theirs.entries.iter().map(|entry| there.get(rule(entry.text).0).copied()).collect();
    let mut places = before_the_next(&known, ours.entries.len());
    for (entry, place) in theirs.entries.iter().zip(&mut places) {
        if ["*", "**", "/**", "**/*"].contains(&rule(entry.text).0) {
            *place = 0;
        }
    }
    if name == "codeowners" {
        let texts =
            |entries: &Entries<'t>| entries.entries.iter().map(|entry| entry.text).collect::<Vec<_>>();
        match owners::places(&texts(ours), &texts(theirs), &known, &places) {
            Ok(ordered) => places = ordered,
            Err((at, place)) if policy.prefer.is_none() => {
                let pair = Pair::new(first, second);
                let (one, other) = (ours.entries[place].span.clone(), theirs.entries[at].span.clone());
                let pattern = rule(theirs.entries[at].text).0.to_owned();
                return Err(MergeError::Clashes(vec![pair.clash(pattern, &one, &other, Why::Keys)]));
            }
            // What is preferred is the last that matches.
            Err(_) => {
                let all = if policy.prefer == Some(Prefer::Later) { ours.entries.len() } else { 0 };
                places.fill(all);
            }
        }
    }
    let merged = by_name((first, ours), (second, theirs), rule, &places, policy)?;
    with_comments(merged, (second, theirs), never, &|text| rule(text).0.to_owned())
}

/// Joins lines that say something of a name; new ones go to the places given.
fn by_name(
    (first, ours): (&Source<'_>, &Entries<'_>),
    (second, theirs): (&Source<'_>, &Entries<'_>),
    read: fn(&str) -> (&str, String),
    places: &[usize],
    policy: &Policy,
) -> Result<Merged, MergeError> {
    let meaning = |entry: &Entry<'_>| {
        let (name, value) = read(entry.text);
        format!("{name} {value}")
    };
    let said: BTreeSet<String> = ours.entries.iter().map(meaning).collect();
    let there: BTreeMap<&str, usize> =
        ours.entries.iter().enumerate().map(|(place, entry)| (read(entry.text).0, place)).collect();
    let differ = theirs.entries.iter().filter(|entry| !said.contains(&meaning(entry)));
    let differ: BTreeSet<&str> = differ.map(|entry| read(entry.text).0).collect();
    let mut replaced = BTreeSet::new();
    let mut writer = Writer::new(first, second, ours);
    for (entry, place) in theirs.entries.iter().zip(places) {
        let (name, _) = read(entry.text);
        let is_said =
            !differ.contains(name) || policy.prefer != Some(Prefer::Later) && said.contains(&meaning(entry));
        match there.get(name) {
            None => writer.add(entry, *place),
            Some(_) if is_said => writer.skip(entry),
            // What the second has twice, it means twice.
            Some(&known) if replaced.contains(name) => writer.add_behind(entry, known),
            Some(&known) => {
                if writer.replaces(name, &ours.entries[known], entry, policy) {
                    replaced.insert(name);
                }
            }
        }
    }
    writer.finish(theirs.rest.clone(), Vec::new())
}

/// The name and the value of a line such as `NAME=value`.
fn variable(text: &str) -> (&str, String) {
    let (name, value) = text.split_once('=').unwrap_or((text, ""));
    // Of several lines, whatever ends each.
    let value = value.trim().replace("\r\n", "\n");
    (name.trim().strip_prefix("export ").unwrap_or(name).trim(), value)
}

/// How far a variable goes on: to the quote that closes its value. One that nothing closes is a
/// character of the value.
fn to_closing_quote(text: &str) -> usize {
    let line = text.lines().next().unwrap_or("");
    let Some((_, value)) = line.split_once('=') else { return 0 };
    let value = value.trim_start();
    match value.chars().next() {
        Some(quote @ ('"' | '\'')) => {
            let opened = line.len() - value.len() + 1;
            text[opened..].find(quote).map_or(0, |length| opened + length)
        }
        _ => 0,
    }
}

/// Joins files of `NAME=value`.
pub(super) fn variables(
    first: &Source<'_>,
    second: &Source<'_>,
    policy: &Policy,
) -> Result<Merged, MergeError> {
    let (ours, theirs) = (entries(first, to_closing_quote), entries(second, to_closing_quote));
    let places = vec![ours.entries.len(); theirs.entries.len()];
    let merged = by_name((first, &ours), (second, &theirs), variable, &places, policy)?;
    with_comments(merged, (second, &theirs), to_closing_quote, &|text| variable(text).0.to_owned())
}

/// How far a requirement goes on: to the first line without `\` at its end.
fn to_last_line(text: &str) -> usize {
    let mut end = 0;
    for line in text.split_inclusive('\n') {
        if !line.trim_end_matches(['\r', '\n']).ends_with('\\') {
            break;
        }
        end += line.len();
    }
    end
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
    let (ours, theirs) = (entries(first, to_last_line), entries(second, to_last_line));
    let key = |text: &str| versions::package(requirement(text)).unwrap_or_else(|| text.replace("\r\n", "\n"));
    let mut there: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (place, entry) in ours.entries.iter().enumerate() {
        there.entry(key(entry.text)).or_default().push(place);
    }
    let mut added: BTreeSet<&str> = BTreeSet::new();
    let mut writer = Writer::new(first, second, &ours);
    let mut notes = Vec::new();
    // What becomes of those of the first, and for the sake of which line.
    let mut raised: Vec<Option<(String, usize)>> = vec![None; ours.entries.len()];
    for entry in &theirs.entries {
        let name = key(entry.text);
        let other = requirement(entry.text);
        let Some(known) = there.get(&name) else {
            if added.insert(other) {
                writer.add(entry, writer.end());
            } else {
                writer.skip(entry);
            }
            continue;
        };
        writer.skip(entry);
        if known.iter().any(|&place| requirement(ours.entries[place].text).lines().eq(other.lines())) {
            continue;
        }
        let place = known[0];
        let one = match &raised[place] {
            Some((text, _)) => text,
            None => requirement(ours.entries[place].text),
        };
        let joined = match versions::join(Ecosystem::Python, one, other) {
            Joined::Same => continue,
            Joined::To(joined) if policy.version().is_none() => {
                let said = |source: &Source<'_>, entry: &Entry<'_>, text: &str| Excerpt {
                    line: source.line(entry.span.start),
                    text: text.to_owned(),
                };
                notes.push(Note {
                    key: name,
                    first: said(first, &ours.entries[place], one),
                    second: said(second, entry, other),
                    joined: joined.clone(),
                });
                joined
            }
            Joined::To(_) | Joined::Disjoint | Joined::Unknown => match policy.prefer {
                Some(Prefer::Earlier) => continue,
                Some(Prefer::Later) => other.to_owned(),
                None => {
                    let clash = writer.pair.clash(name, &ours.entries[place].span, &entry.span, Why::Values);
                    writer.clashes.push(clash);
                    continue;
                }
            },
        };
        if joined != one {
            raised[place] = Some((joined, second.line(entry.span.start)));
        }
    }
    for (entry, raised) in ours.entries.iter().zip(raised) {
        let Some((text, line)) = raised else { continue };
        // It is how the line begins, but for the space before it.
        let space = entry.span.len() - first.text[entry.span.clone()].trim_start().len();
        let at = entry.span.start + space;
        writer.splices.put(at..at + requirement(entry.text).len(), vec![Piece::rewritten(text, line)]);
    }
    let merged = writer.finish(theirs.rest.clone(), notes)?;
    with_comments(merged, (second, &theirs), to_last_line, &key)
}
