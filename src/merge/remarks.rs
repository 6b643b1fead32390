//! Comments of the second text that stand at what both texts have.
//!
//! What the second brings, it brings with its comments. Those at what is there already are put into
//! the joined text once that is whole:
//!
//! | comment of the second | where it goes | what is there already |
//! | --- | --- | --- |
//! | right above a key | right above it, behind the comments there | one that the key has |
//! | at the end of a line | there; above, if another is there | one that the key has; at a value that does not stand, it is left out |
//! | on top, above a blank line or a licence | behind those of the first | each line that is somewhere in the first |
//! | any other | before or behind the key that it stands next to; at the end | what has all its lines somewhere in the first |
//!
//! What comments are, and what they can stand at, the formats say.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use super::source::{Pair, Piece, Source, Splices};
use super::{MergeError, Merged, Side, Whose};

/// The most comments that are read as one paragraph above or below something.
const MAX_PARAGRAPH: usize = 1_000;

/// Something that a comment can be about.
#[derive(Clone, Debug)]
pub(super) struct Spot {
    /// Where it begins.
    pub at: usize,
    /// The end of all that is in it.
    pub end: usize,
}

/// What the joined text has for a spot of the second.
pub(super) struct Found {
    pub spot: Spot,
    /// The end of its first line, if a comment can stand there.
    pub room: Option<usize>,
    pub standing: Standing,
}

/// Whose value stands there.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// The second's; perhaps the first's as well.
    Second,
    /// What the second took the place of had its own.
    Replaced,
    /// One that both became.
    Joined,
    First,
}

/// A comment; one that begins its line stands for itself.
struct Remark {
    span: Range<usize>,
    /// Its first line and its last.
    lines: (usize, usize),
    own: bool,
    column: usize,
    /// What it says, without the space around its lines.
    text: String,
}

impl Remark {
    fn new(source: &Source<'_>, span: &Range<usize>) -> Remark {
        let text = &source.text[span.clone()];
        Remark {
            lines: (source.line(span.start), source.line(span.end)),
            own: source.begins_line(span.start),
            column: source.indentation(span.start).len(),
            text: text.lines().map(str::trim).collect::<Vec<_>>().join("\n"),
            span: span.clone(),
        }
    }

    /// Whether it speaks to tools, or of rights, and so belongs on top.
    fn is_of_the_top(&self) -> bool {
        const HEADS: [&str; 5] = ["!", ":schema", "yaml-language-server:", "SPDX-", "Copyright"];
        let text = self.text.trim_start_matches(['#', '/', '*', ' ']);
        HEADS.iter().any(|head| text.starts_with(head))
    }
}

/// A text with its comments.
pub(super) struct Annotated<'t> {
    source: &'t Source<'t>,
    remarks: Vec<Remark>,
    /// In their order.
    spots: Vec<Spot>,
    /// By line, the outermost that begins there.
    begins: BTreeMap<usize, Spot>,
    /// By line, the outermost that ends there.
    ends: BTreeMap<usize, Spot>,
    /// The bracket around all, if there is one.
    bracket: Option<usize>,
}

/// Where comments of the second stand.
#[derive(Clone, Copy)]
enum Place {
    Top,
    Above(usize),
    Beside(usize),
    /// In the line where something ends that began in another.
    Closing(usize),
    Before(usize),
    Behind(usize),
    Bottom,
}

impl<'t> Annotated<'t> {
    pub fn new(
        source: &'t Source<'t>,
        comments: &[Range<usize>],
        mut spots: Vec<Spot>,
        bracket: Option<usize>,
    ) -> Annotated<'t> {
        spots.sort_by_key(|spot| spot.at);
        let (mut begins, mut ends) = (BTreeMap::new(), BTreeMap::new());
        for spot in &spots {
            ends.entry(source.line(spot.end)).or_insert_with(|| spot.clone());
            begins.entry(source.line(spot.at)).or_insert_with(|| spot.clone());
        }
        let remarks = comments.iter().map(|span| Remark::new(source, span)).collect();
        Annotated { source, remarks, spots, begins, ends, bracket }
    }

    pub fn has_remarks(&self) -> bool {
        !self.remarks.is_empty()
    }

    /// Where the first entry begins, or the bracket around all.
    fn top(&self) -> usize {
        let first = self.begins.values().next().map(|spot| spot.at);
        self.bracket.or(first).unwrap_or(self.source.text.len())
    }

    fn column(&self, at: usize) -> usize {
        self.source.indentation(at).len()
    }

    /// The comments, in their order: paragraphs of one column, and those at the ends of lines.
    fn placed(&self) -> Vec<(Place, &[Remark])> {
        let mut placed = Vec::new();
        let mut rest = &self.remarks[..];
        let mut spots = self.begins.iter().peekable();
        // What is open before a comment, each deeper than the one before.
        let mut open: Vec<(usize, &Spot)> = Vec::new();
        while let [first, ..] = rest {
            let follows = |two: &[Remark]| {
                two[1].own && two[0].lines.1 + 1 == two[1].lines.0 && two[0].column == two[1].column
            };
            let length =
                if first.own { 1 + rest.windows(2).take_while(|two| follows(two)).count() } else { 1 };
            let (group, behind) = rest.split_at(length);
            rest = behind;
            while let Some((_, spot)) = spots.next_if(|(line, _)| **line < first.lines.0) {
                let column = self.column(spot.at);
                open.truncate(open.partition_point(|(outer, _)| *outer < column));
                open.push((column, spot));
            }
            open.truncate(open.partition_point(|(outer, _)| *outer <= first.column));
            let place = match first.own {
                true => self.paragraph(group, open.last().map(|(_, spot)| *spot)),
                false => self.beside(first),
            };
            match place {
                Place::Above(at) if at <= self.top() => {
                    let heads = group.iter().take_while(|remark| remark.is_of_the_top()).count();
                    let (heads, others) = group.split_at(heads);
                    placed.extend([(Place::Top, heads), (place, others)]);
                }
                _ => placed.push((place, group)),
            }
        }
        placed.retain(|(_, group)| !group.is_empty());
        placed
    }

    fn beside(&self, remark: &Remark) -> Place {
        let line = remark.lines.1;
        // In front of something it is about that.
        let next = self.spots.get(self.spots.partition_point(|spot| spot.at < remark.span.end));
        if let Some(next) = next.filter(|next| self.source.line(next.at) == line) {
            return Place::Above(next.at);
        }
        match (self.begins.get(&line), self.ends.get(&line)) {
            (Some(spot), _) => Place::Beside(spot.at),
            (None, Some(spot)) => Place::Closing(spot.at),
            (None, None) if remark.span.start < self.top() || self.begins.range(..line).next().is_none() => {
                Place::Top
            }
            (None, None) => Place::Bottom,
        }
    }

    /// Where lines of comments stand, given what is open before them.
    fn paragraph(&self, group: &[Remark], before: Option<&Spot>) -> Place {
        let ([first, ..], [.., last]) = (group, group) else { return Place::Bottom };
        let next = self.begins.range(last.lines.1..).next();
        let next = next.filter(|(_, spot)| self.column(spot.at) >= first.column);
        let is_on_top = last.span.end <= self.top();
        match (next, before) {
            _ if is_on_top && self.bracket.is_some() => Place::Top,
            (Some((line, spot)), _) if *line <= last.lines.1 + 1 => Place::Above(spot.at),
            _ if is_on_top => Place::Top,
            (_, Some(spot)) if self.source.line(spot.end) + 1 == first.lines.0 => Place::Behind(spot.at),
            (Some((_, spot)), _) => Place::Before(spot.at),
            (None, Some(spot)) if first.column > 0 => Place::Behind(spot.at),
            (None, _) => Place::Bottom,
        }
    }

    /// The comments above a line, from the entry before it on, and at its end.
    fn near(&self, line: usize) -> &[Remark] {
        let above = self.begins.range(..line).next_back().map_or(0, |(above, _)| *above);
        let from = self.remarks.partition_point(|remark| remark.lines.0 <= above);
        &self.remarks[from..self.remarks.partition_point(|remark| remark.lines.0 <= line)]
    }

    /// The comments right above a line.
    fn attached(&self, line: usize) -> &[Remark] {
        let near = self.near(line);
        let above = &near[..near.partition_point(|remark| remark.lines.1 < line)];
        let mut next = line;
        let is_attached = |remark: &&Remark| {
            let attached = remark.own && remark.lines.1 + 1 == next;
            next = remark.lines.0;
            attached
        };
        let count = above.iter().rev().take(MAX_PARAGRAPH).take_while(is_attached).count();
        &above[above.len() - count..]
    }

    /// The comment at the end of a line.
    fn trailing(&self, line: usize) -> Option<&Remark> {
        let is_last = |end: usize| self.source.text[end..self.source.line_end(end)].trim().is_empty();
        let here = |remark: &&Remark| !remark.own && remark.lines.0 == line && is_last(remark.span.end);
        self.near(line).iter().find(here)
    }

    /// The last comment on top, if what stands there is about all of the text.
    fn last_on_top(&self) -> Option<&Remark> {
        let top = self.top();
        let above = &self.remarks[..self.remarks.partition_point(|remark| remark.span.end <= top)];
        let attached = if self.bracket.is_some() { 0 } else { self.attached(self.source.line(top)).len() };
        let (loose, attached) = above.split_at(above.len() - attached);
        attached.iter().take_while(|remark| remark.is_of_the_top()).last().or(loose.last())
    }

    /// The start of a line, behind the byte order mark.
    fn line_start(&self, line_of: usize) -> usize {
        let start = self.source.line_start(line_of);
        if self.source.text[start..].starts_with('\u{feff}') { start + 3 } else { start }
    }

    /// The start of the line of a spot, or of the comments right above it.
    fn lead(&self, spot: &Spot) -> usize {
        let above = self.attached(self.source.line(spot.at)).first();
        self.line_start(above.map_or(spot.at, |remark| remark.span.start))
    }

    /// What begins the line of a spot: if that is the end of a text of several lines, what has that text.
    fn open(&self, spot: &Spot) -> Spot {
        let line = |at| self.source.line(at);
        let mut at = spot.at;
        loop {
            let here = self.begins.get(&line(at)).map_or(at, |one| one.at);
            match self.spots[..self.spots.partition_point(|one| one.at < here)].last() {
                Some(one) if line(one.at) < line(at) && line(one.end) == line(at) && one.end <= here => {
                    at = one.at
                }
                _ => return Spot { at, end: spot.end },
            }
        }
    }

    /// The line below a place.
    fn below(&self, at: usize) -> &str {
        self.source.text[at..].lines().nth(1).unwrap_or_default().trim()
    }
}

/// Puts the comments of the second that are not there yet into a joined text, given its lines and where
/// it has the spots of the second.
pub(super) fn keep(
    joined: &Annotated<'_>,
    lines: &[Whose],
    second: &Annotated<'_>,
    found: &BTreeMap<usize, Found>,
) -> Result<Merged, MergeError> {
    let there = joined.remarks.iter().map(|remark| remark.text.as_str()).collect();
    let pair = Pair::new(joined.source, second.source);
    let line_of = |remark: &Remark| joined.begins.range(remark.lines.0..).next().map(|(line, _)| *line);
    let said = joined.remarks.iter().filter_map(|remark| Some((line_of(remark)?, remark.text.as_str())));
    let (said, filled, splices) = (said.collect(), BTreeSet::new(), Splices::default());
    let mut writer = Writer { pair, joined, second, there, said, is_on_top: false, filled, splices };
    for (place, group) in second.placed() {
        writer.put(place, group, found);
    }
    let mut merged = writer.splices.apply(joined.source)?;
    for whose in merged.lines.iter_mut().filter(|whose| whose.side == Side::First) {
        let comment = whose.also;
        *whose = lines[whose.line - 1];
        if whose.side == Side::First {
            whose.also = whose.also.or(comment);
        }
    }
    Ok(merged)
}

struct Writer<'w, 't> {
    pair: Pair<'t>,
    joined: &'w Annotated<'t>,
    second: &'w Annotated<'t>,
    /// What comments say, wherever they stand.
    there: BTreeSet<&'w str>,
    /// By the line that they are about: those of the joined text, and what was added.
    said: BTreeSet<(usize, &'w str)>,
    /// Whether something was added on top.
    is_on_top: bool,
    /// The ends of lines that one was added at, and where those begin that the second has there, too.
    filled: BTreeSet<usize>,
    splices: Splices,
}

impl<'w> Writer<'w, '_> {
    fn put(&mut self, place: Place, group: &'w [Remark], found: &BTreeMap<usize, Found>) {
        let is_there = group.iter().all(|remark| self.there.contains(&*remark.text));
        match place {
            Place::Above(at) => {
                if let Some(found) = found.get(&at) {
                    self.above(&found.spot, group);
                }
            }
            Place::Beside(at) | Place::Closing(at) => {
                if let (Some(found), [remark]) = (found.get(&at), group) {
                    self.beside(found, remark, place);
                }
            }
            _ if is_there => {}
            Place::Top => self.on_top(group),
            Place::Before(at) => {
                if let Some(found) = found.get(&at) {
                    self.before(&found.spot, group);
                }
            }
            Place::Behind(at) => {
                if let Some(found) = found.get(&at) {
                    self.behind(&found.spot, at, group);
                }
            }
            Place::Bottom => {
                let mut pieces = vec![Piece::glue(self.pair.line_break)];
                self.lines(group, "", &mut pieces);
                self.splices.insert(self.pair.first.text.trim_end().len(), pieces);
            }
        }
    }

    /// Comments, each with a line break before it.
    fn lines(&self, group: &[Remark], indentation: &str, pieces: &mut Vec<Piece>) {
        for remark in group {
            pieces.push(Piece::glue(format!("{}{indentation}", self.pair.line_break)));
            pieces.push(self.pair.moved(remark.span.clone(), indentation));
        }
    }

    /// Comments as lines before a place where a line begins.
    fn insert(&mut self, at: usize, group: &[Remark], indentation: &str) {
        for remark in group {
            let comment = self.pair.moved(remark.span.clone(), indentation);
            let pieces = vec![Piece::glue(indentation), comment, Piece::glue(self.pair.line_break)];
            self.splices.insert(at, pieces);
        }
    }

    fn on_top(&mut self, group: &[Remark]) {
        let (joined, there) = (self.joined, &self.there);
        let is_new = |remark: &&Remark| !there.contains(&*remark.text);
        let is_another = std::mem::replace(&mut self.is_on_top, true);
        let line_break = Piece::glue(self.pair.line_break);
        let mut pieces = Vec::new();
        match joined.last_on_top() {
            Some(last) => {
                pieces.extend(is_another.then_some(line_break));
                for remark in group.iter().filter(is_new) {
                    self.lines(std::slice::from_ref(remark), "", &mut pieces);
                }
                self.splices.insert(self.pair.first.line_end(last.span.end), pieces);
            }
            None => {
                for remark in group.iter().filter(is_new) {
                    pieces.extend([self.pair.moved(remark.span.clone(), ""), line_break.clone()]);
                }
                pieces.push(line_break);
                let top = Spot { at: joined.top(), end: joined.top() };
                self.splices.insert(joined.lead(&top), pieces);
            }
        }
    }

    /// Right above a key: the words that go on or come before what is there stand around it.
    fn above(&mut self, spot: &Spot, group: &'w [Remark]) {
        let (joined, first) = (self.joined, self.pair.first);
        let spot = &joined.open(spot);
        let line = first.line(spot.at);
        if group.iter().all(|remark| self.said.contains(&(line, &remark.text))) {
            return;
        }
        self.said.extend(group.iter().map(|remark| (line, &*remark.text)));
        let attached = joined.attached(line);
        let (before, behind) = match place_of(attached, group) {
            Some(place) => (&group[..place], &group[place + attached.len()..]),
            None => {
                let same = attached.iter().zip(group).take_while(|(one, other)| one.text == other.text);
                (&group[..0], &group[same.count()..])
            }
        };
        let indentation = first.indentation(spot.at);
        self.insert(joined.lead(spot), before, indentation);
        self.insert(joined.line_start(spot.at), behind, indentation);
    }

    fn beside(&mut self, found: &Found, remark: &'w Remark, place: Place) {
        let (joined, first) = (self.joined, self.pair.first);
        let (line, end) = (first.line(found.spot.at), first.line(found.spot.end));
        let same = joined.trailing(end).filter(|there| there.text == remark.text);
        // It is the second's now, and stays when another of the second comes there.
        self.filled.extend(same.map(|there| there.span.start));
        if same.is_some() || self.said.contains(&(line, &remark.text)) || found.standing == Standing::First {
            return;
        }
        let closes = matches!(place, Place::Closing(_)) && end > line;
        let (room, trailing) = match closes {
            true => (ends_line(first, found.spot.end), joined.trailing(end)),
            false => (found.room, joined.trailing(line)),
        };
        let comment = self.pair.moved(remark.span.clone(), first.indentation(found.spot.at));
        match (room, trailing) {
            (_, Some(trailing))
                if found.standing == Standing::Replaced && self.filled.insert(trailing.span.start) =>
            {
                self.said.insert((line, &remark.text));
                self.splices.put(trailing.span.clone(), vec![comment]);
            }
            (Some(room), None) if found.standing != Standing::Joined && self.filled.insert(room) => {
                let before = &self.pair.second.text[..remark.span.start];
                let gap = &before[before.trim_end_matches([' ', '\t']).len()..];
                let gap = if gap.is_empty() { " " } else { gap };
                self.said.insert((line, &remark.text));
                self.splices.insert(room, vec![Piece::glue(gap), comment]);
            }
            _ => self.above(&found.spot, std::slice::from_ref(remark)),
        }
    }

    fn before(&mut self, spot: &Spot, group: &[Remark]) {
        let at = self.joined.lead(&self.joined.open(spot));
        let above = self.pair.first.text[..at].lines().next_back().unwrap_or_default().trim();
        if !above.is_empty() && !above.ends_with(['{', '[', '\u{feff}']) {
            self.splices.insert(at, vec![Piece::glue(self.pair.line_break)]);
        }
        self.insert(at, group, self.pair.first.indentation(spot.at));
        self.splices.insert(at, vec![Piece::glue(self.pair.line_break)]);
    }

    fn behind(&mut self, spot: &Spot, theirs: usize, group: &[Remark]) {
        let (joined, first, second) = (self.joined, self.pair.first, self.second);
        let [remark, ..] = group else { return };
        let line = first.line(spot.end);
        let mut at = first.line_end(spot.end);
        // Those that are about nothing else stay in front.
        let from = joined.remarks.partition_point(|remark| remark.lines.0 <= line);
        let next = joined.begins.range(line + 1..).next().map_or(usize::MAX, |(line, _)| *line);
        let below = joined.remarks[from..].iter().zip(line + 1..).take(MAX_PARAGRAPH);
        let below = below.take_while(|(remark, line)| remark.own && remark.lines.0 == *line);
        if let Some((last, _)) = below.last()
            && last.lines.1 + 1 < next
        {
            at = first.line_end(last.span.end);
        }
        let step = if remark.column > second.column(theirs) { self.pair.step } else { "" };
        let indentation = format!("{}{step}", first.indentation(spot.at));
        let is_apart = second.source.line_start(remark.span.start) > 1
            && second.source.text[..second.source.line_start(remark.span.start)]
                .lines()
                .next_back()
                .is_some_and(|above| above.trim().is_empty());
        let mut pieces = Vec::new();
        if is_apart {
            pieces.push(Piece::glue(self.pair.line_break));
        }
        self.lines(group, &indentation, &mut pieces);
        let below = joined.below(at);
        if !below.is_empty() && !below.starts_with([']', '}']) {
            pieces.push(Piece::glue(self.pair.line_break));
        }
        self.splices.insert(at, pieces);
    }
}

/// The end of the line of a place, if nothing but a comma stands between.
pub(super) fn ends_line(source: &Source<'_>, at: usize) -> Option<usize> {
    let end = source.line_end(at);
    ["", ","].contains(&source.text[at..end].trim()).then_some(end)
}

/// Where all of some comments stand within others.
fn place_of(some: &[Remark], others: &[Remark]) -> Option<usize> {
    let text = |remarks: &[Remark]| -> String {
        remarks.iter().flat_map(|remark| ["\0", remark.text.as_str()]).chain(["\0"]).collect()
    };
    let others = text(others);
    let at = others.find(&text(some)).filter(|_| !some.is_empty())?;
    Some(others[..at].matches('\0').count())
}
