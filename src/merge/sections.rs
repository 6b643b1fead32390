//! Markdown: sections by their headings, a section paragraph by paragraph.
//!
//! A heading is one of `#` or one that is underlined, outside of fenced code and comments, as
//! CommonMark has it. Two sections are one if they have the same headings above them; where each text
//! has one heading of level 1 around all others, that is its title, and the titles are one. Front matter
//! between `---` joins as YAML.
//!
//! What a paragraph says depends on those around it: code belongs to the words that introduce it. So
//! paragraphs of the second are left out as a run, never one by one: all that a section has, how it
//! begins where the first begins alike, and how it goes on where the first ends with that.
//!
//! What a footnote or the address of a link is, a text says once for all of it, wherever that stands.
//! So definitions are no paragraphs: those of one label must say the same, and stand there once.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use super::source::{Pair, Piece, Source, Splices};
use super::versions::Ecosystem;
use super::{Clash, MergeError, Merged, Policy, Whose, Why, deep, yaml};
use crate::composition::Prefer;

/// The part of a text below a heading; the root has none.
struct Section<'t> {
    level: usize,
    title: &'t str,
    start: usize,
    heading_end: usize,
    /// The end of all of it, without blank lines; known once it is closed.
    end: usize,
    paragraphs: Vec<Range<usize>>,
    definitions: Vec<Definition>,
    sections: Vec<Section<'t>>,
}

/// What a label such as `[b]` or `[^1]` stands for.
struct Definition {
    /// As CommonMark compares labels.
    label: String,
    span: Range<usize>,
}

impl Definition {
    fn is_note(&self) -> bool {
        self.label.starts_with('^')
    }
}

impl<'t> Section<'t> {
    fn new(level: usize, title: &'t str, start: usize, end: usize) -> Section<'t> {
        let (paragraphs, definitions, sections) = (Vec::new(), Vec::new(), Vec::new());
        Section { level, title, start, heading_end: end, end, paragraphs, definitions, sections }
    }

    /// The end of what belongs to it alone, without blank lines.
    fn own_end(&self) -> usize {
        let paragraphs = self.paragraphs.last().map_or(self.heading_end, |paragraph| paragraph.end);
        self.definitions.last().map_or(paragraphs, |definition| definition.span.end.max(paragraphs))
    }

    /// The definitions of it and of those in it, in their order; of several of one label, the first counts.
    fn definitions(&self) -> Vec<&Definition> {
        self.definitions.iter().chain(self.sections.iter().flat_map(Section::definitions)).collect()
    }
}

pub(super) fn merge(first: &Source<'_>, second: &Source<'_>, policy: &Policy) -> Result<Merged, MergeError> {
    let (ours, theirs) = (front_matter(first), front_matter(second));
    let pair = Pair::new(first, second);
    let mut writer =
        Writer { pair: &pair, splices: Splices::default(), clashes: Vec::new(), known: Vec::new() };
    if let (None, Some(theirs)) = (&ours, &theirs) {
        let at = if first.text.starts_with('\u{feff}') { 3 } else { 0 };
        let pieces = vec![pair.copied(theirs.whole.clone()), Piece::glue(pair.line_break)];
        writer.splices.insert(at, pieces);
    }
    let start = |source: &Source<'_>, front: &Option<Front>| match front {
        Some(front) => front.whole.end,
        None if source.text.starts_with('\u{feff}') => 3,
        None => 0,
    };
    let (one, mut other) = (read(first, start(first, &ours))?, read(second, start(second, &theirs))?);
    if let (Some(ours), [theirs]) = (title(&one), &mut other.sections[..])
        && theirs.level == 1
        && ours.title != theirs.title
    {
        writer.entitle(ours, theirs, policy);
        theirs.title = ours.title;
    }
    writer.define(&one, &other, policy);
    if !writer.clashes.is_empty() {
        return Err(MergeError::Clashes(writer.clashes));
    }
    writer.join(under_title(&one, &other), &other);
    let merged = writer.splices.apply(first)?;
    match (ours, theirs) {
        (Some(ours), Some(theirs)) => with_front(merged, first, &ours, second, &theirs, policy),
        _ => Ok(merged),
    }
}

/// The section below the title of a document, if it has one and nothing beside it.
fn title<'s, 't>(root: &'s Section<'t>) -> Option<&'s Section<'t>> {
    match &root.sections[..] {
        [title] if title.level == 1 => Some(title),
        _ => None,
    }
}

/// The section of the first that the top of the second belongs to: if the second has no title of
/// its own, that is the part below the first's title.
fn under_title<'s, 't>(first: &'s Section<'t>, second: &Section<'_>) -> &'s Section<'t> {
    let highest = second.sections.iter().map(|section| section.level).min();
    match &first.sections[..] {
        [title] if highest.is_some_and(|highest| highest > title.level) => title,
        _ => first,
    }
}

struct Front {
    /// With its marks and the line end behind.
    whole: Range<usize>,
    inner: Range<usize>,
}

/// The front matter of a text, if it has one.
fn front_matter(source: &Source<'_>) -> Option<Front> {
    let mut lines = source.lines();
    let (opening, _) = lines.next().filter(|(_, line)| line.trim_end() == "---")?;
    let (closing, _) = lines.find(|(_, line)| line.trim_end() == "---")?;
    let behind = |at: usize| source.text[at..].find('\n').map_or(source.text.len(), |end| at + end + 1);
    Some(Front { whole: opening.start..behind(closing.end), inner: behind(opening.end)..closing.start })
}

/// Puts the joined front matter in place of the first's.
fn with_front(
    merged: Merged,
    first: &Source<'_>,
    ours: &Front,
    second: &Source<'_>,
    theirs: &Front,
    policy: &Policy,
) -> Result<Merged, MergeError> {
    let part = |source: &Source<'_>, front: &Front| source.text[front.inner.clone()].to_owned();
    let (one, other) = (part(first, ours), part(second, theirs));
    let (one, other) = (Source::new(first.side, &one)?, Source::new(second.side, &other)?);
    let front = if one.is_blank() {
        other.alone()
    } else {
        deep::merge(&yaml::Yaml, Ecosystem::Other, &one, &other, policy).map_err(below_mark)?
    };
    let mut lines = merged.lines;
    let below = |line: usize| line + 1;
    let new = front.lines.iter().map(|whose| Whose {
        line: below(whose.line),
        also: whose.also.map(below),
        ..*whose
    });
    lines.splice(1..1 + one.text.lines().count(), new);
    let mut text = merged.text;
    text.replace_range(ours.inner.clone(), &front.text);
    Ok(Merged { text, lines, notes: merged.notes })
}

/// The lines of front matter begin below its mark.
fn below_mark(error: MergeError) -> MergeError {
    match error {
        MergeError::Unreadable { side, message, line, column } => {
            MergeError::Unreadable { side, message, line: line + 1, column }
        }
        MergeError::Clashes(mut clashes) => {
            for clash in &mut clashes {
                clash.first.line += 1;
                clash.second.line += 1;
            }
            MergeError::Clashes(clashes)
        }
    }
}

/// A line without its indentation; none if that makes it code.
fn unindented(line: &str) -> Option<&str> {
    let content = line.trim_start_matches(' ');
    (line.len() - content.len() < 4 && !content.starts_with('\t')).then_some(content)
}

/// The level and the title of a heading of `#`.
fn heading(line: &str) -> Option<(usize, &str)> {
    let content = unindented(line)?;
    let title = content.trim_start_matches('#');
    let level = content.len() - title.len();
    let is_one = (1..=6).contains(&level) && (title.is_empty() || title.starts_with([' ', '\t']));
    let title = title.trim();
    let without_close = title.trim_end_matches('#');
    let title =
        if without_close.is_empty() || without_close.ends_with([' ', '\t']) { without_close } else { title };
    is_one.then(|| (level, title.trim()))
}

/// The level of the heading that a line makes of the words above it.
fn underline(line: &str) -> Option<usize> {
    let content = unindented(line)?.trim_end();
    match content.chars().next()? {
        '=' if content.chars().all(|c| c == '=') => Some(1),
        '-' if content.chars().all(|c| c == '-') => Some(2),
        _ => None,
    }
}

/// Whether a line is drawn from side to side.
fn is_rule(line: &str) -> bool {
    let marks: String = line.split_whitespace().collect();
    unindented(line).is_some()
        && marks.len() > 2
        && ['-', '*', '_'].iter().any(|mark| marks.chars().all(|c| c == *mark))
}

/// Whether a line begins an item of a list, a quotation, a row of a table or HTML.
fn is_set_off(content: &str) -> bool {
    let number = content.trim_start_matches(|c: char| c.is_ascii_digit());
    let behind = match content.len() - number.len() {
        0 => content.strip_prefix(['-', '*', '+']),
        _ => number.strip_prefix(['.', ')']),
    };
    behind.is_some_and(|behind| behind.is_empty() || behind.starts_with([' ', '\t']))
        || content.starts_with(['>', '|', '<'])
}

/// The label that a line defines. A footnote may stand right below words, a link may not.
fn definition(line: &str, below_words: bool) -> Option<String> {
    let (label, rest) = unindented(line)?.strip_prefix('[')?.split_once("]:")?;
    let is_label = !label.trim().is_empty() && !label.contains(['[', ']']);
    let is_link = || {
        let rest = rest.trim();
        let end = match rest.strip_prefix('<') {
            Some(address) => address.find('>').map(|end| end + 2),
            None => Some(rest.find(char::is_whitespace).unwrap_or(rest.len())),
        };
        // Behind the address there may be a title.
        end.is_some_and(|end| end == rest.len() || rest[end..].trim_start().starts_with(['"', '\'', '(']))
    };
    let is_one = if label.starts_with('^') {
        label.len() > 1 && !label.contains(char::is_whitespace)
    } else {
        !below_words && is_link()
    };
    (is_label && is_one).then(|| label.to_lowercase().split_whitespace().collect::<Vec<_>>().join(" "))
}

/// Lines in which nothing is a heading.
#[derive(Clone, Copy)]
enum Opaque {
    /// Fenced code, with the character of its fence and how many there are of it.
    Code(char, usize),
    Comment,
}

impl Opaque {
    /// What a line opens.
    fn opened_by(line: &str) -> Option<Opaque> {
        let content = unindented(line)?;
        if let Some(comment) = content.strip_prefix("<!--") {
            return (!comment.contains("-->")).then_some(Opaque::Comment);
        }
        let c = content.chars().next().filter(|c| matches!(c, '`' | '~'))?;
        let length = content.len() - content.trim_start_matches(c).len();
        let info = &content[length..];
        (length >= 3 && !(c == '`' && info.contains('`'))).then_some(Opaque::Code(c, length))
    }

    fn is_closed_by(self, line: &str) -> bool {
        match self {
            Opaque::Comment => line.contains("-->"),
            Opaque::Code(c, length) => unindented(line).is_some_and(|fence| {
                fence.trim_end().len() >= length && fence.trim_end().chars().all(|other| other == c)
            }),
        }
    }
}

/// What the line is that was read last.
#[derive(Clone, Copy)]
enum Place {
    /// A blank line or a heading: nothing goes on.
    Between,
    /// In words that begin there, which an underline would make a heading.
    Words(usize),
    /// In a list, a quotation or the like, where words go on with it.
    SetOff,
    /// In a definition.
    Defined,
    /// Behind what has an end of its own.
    Behind,
    /// In what begins there.
    Within(Opaque, usize),
}

struct Reader<'r, 't> {
    source: &'r Source<'t>,
    /// The root, and the sections that are open.
    open: Vec<Section<'t>>,
    place: Place,
}

/// # Errors
/// Fenced code or a comment has no end, so that nothing can stand behind it.
fn read<'t>(source: &Source<'t>, from: usize) -> Result<Section<'t>, MergeError> {
    let mut reader = Reader { source, open: vec![Section::new(0, "", from, from)], place: Place::Between };
    for (span, line) in source.lines().filter(|(span, _)| span.start >= from) {
        reader.line(span, line);
    }
    match reader.place {
        Place::Within(Opaque::Code(..), at) => Err(source.unreadable(at, "the fenced code has no end")),
        Place::Within(Opaque::Comment, at) => Err(source.unreadable(at, "the comment has no end")),
        _ => {
            close(&mut reader.open, 1);
            let mut root = reader.open.pop().unwrap_or_else(|| Section::new(0, "", from, from));
            root.end = root.sections.last().map_or(root.own_end(), |section| section.end);
            Ok(root)
        }
    }
}

impl<'t> Reader<'_, 't> {
    fn line(&mut self, span: Range<usize>, line: &'t str) {
        let next = match self.place {
            Place::Within(opaque, _) if opaque.is_closed_by(line) => Place::Behind,
            Place::Within(..) => self.place,
            _ if line.trim().is_empty() => return self.place = Place::Between,
            place => match (heading(line), underline(line), place) {
                (Some((level, title)), ..) => return self.heading(level, title, span),
                (None, Some(level), Place::Words(start)) => return self.underlined(level, start, span.end),
                _ => self.behind(span.start, line),
            },
        };
        let goes_on = self.goes_on(line, next);
        let below_words = matches!(self.place, Place::Words(_) | Place::SetOff);
        let label = definition(line, below_words).filter(|_| !matches!(self.place, Place::Within(..)));
        let Some(section) = self.open.last_mut() else { return };
        match (label, section.definitions.last_mut()) {
            (Some(label), _) => {
                section.definitions.push(Definition { label, span });
                return self.place = Place::Defined;
            }
            (None, Some(definition)) if goes_on => {
                definition.span.end = span.end;
                return self.place = Place::Defined;
            }
            _ => {}
        }
        match section.paragraphs.last_mut() {
            Some(paragraph) if !matches!(self.place, Place::Between | Place::Defined) => {
                paragraph.end = span.end
            }
            _ => section.paragraphs.push(span),
        }
        self.place = next;
    }

    /// Whether a line goes on with the definition above it: what is indented below a footnote, or right
    /// below it words; the address or the title below a link.
    fn goes_on(&self, line: &str, next: Place) -> bool {
        let Some(section) = self.open.last() else { return false };
        let Some(definition) = section.definitions.last() else { return false };
        let is_deep = unindented(line).is_none();
        match self.place {
            Place::Defined if definition.is_note() => is_deep || matches!(next, Place::Words(_)),
            Place::Defined => {
                let above = self.source.text[definition.span.clone()].trim_end();
                above.ends_with(':') || line.trim_start().starts_with(['"', '\'', '('])
            }
            Place::Between if definition.is_note() => {
                is_deep && section.paragraphs.last().is_none_or(|last| last.end < definition.span.end)
            }
            _ => false,
        }
    }

    /// The place behind a line that is no heading.
    fn behind(&self, start: usize, line: &str) -> Place {
        if let Some(opaque) = Opaque::opened_by(line) {
            return Place::Within(opaque, start);
        }
        match (unindented(line), self.place) {
            _ if is_rule(line) => Place::Behind,
            (Some(content), _) if is_set_off(content) => Place::SetOff,
            (_, Place::Words(_) | Place::SetOff) => self.place,
            (Some(_), _) => Place::Words(start),
            (None, _) => Place::SetOff,
        }
    }

    fn heading(&mut self, level: usize, title: &'t str, span: Range<usize>) {
        close(&mut self.open, level);
        self.open.push(Section::new(level, title, span.start, span.end));
        self.place = Place::Between;
    }

    /// Makes a heading of the words that were read last.
    fn underlined(&mut self, level: usize, start: usize, end: usize) {
        let text = self.source.text;
        if let Some(section) = self.open.last_mut()
            && let Some(paragraph) = section.paragraphs.pop()
        {
            let rest = text[paragraph.start..start].trim_end().len();
            if rest > 0 {
                section.paragraphs.push(paragraph.start..paragraph.start + rest);
            }
        }
        let words = text[start..end].trim_end();
        let title = words.rsplit_once('\n').map_or(words, |(title, _)| title);
        self.heading(level, title.trim(), start..end);
    }
}

/// Closes the sections that end where one of a level begins.
fn close(open: &mut Vec<Section<'_>>, level: usize) {
    while open.len() > 1
        && let Some(mut section) = open.pop_if(|section| section.level >= level)
        && let Some(parent) = open.last_mut()
    {
        section.end = section.sections.last().map_or(section.own_end(), |last| last.end);
        parent.sections.push(section);
    }
}

/// A paragraph, to be compared with others.
struct Text {
    /// Its lines without the space behind them.
    lines: String,
    /// Whether it needs what stands before it, as code and the items of a list do.
    leans: bool,
    /// Whether what stands behind it needs it.
    announces: bool,
}

impl Text {
    fn new(paragraph: &str) -> Text {
        let first = paragraph.lines().next().unwrap_or_default();
        let words = unindented(first).filter(|content| !is_set_off(content));
        Text {
            lines: paragraph.lines().map(|line| format!("{}\n", line.trim_end())).collect(),
            leans: words.is_none() || Opaque::opened_by(first).is_some(),
            announces: paragraph.trim_end().ends_with(':'),
        }
    }
}

/// From which on the first lacks the paragraphs of the second; their number, if it has them all.
fn missing_from(first: &[Text], second: &[Text]) -> usize {
    let alike = first.iter().zip(second).take_while(|(one, other)| one.lines == other.lines).count();
    let is_seam = |at: usize| match (at.checked_sub(1).map(|before| &second[before]), second.get(at)) {
        (Some(before), Some(behind)) => !before.announces && !behind.leans,
        _ => true,
    };
    let mut begin = alike;
    while !is_seam(begin) {
        begin -= 1;
    }
    let rest = &second[begin..];
    let run = run_at_end(&first[begin..], rest);
    if run < rest.len() && rest[..run].iter().all(|text| text.leans) { begin } else { begin + run }
}

/// How many of the wanted paragraphs the others end with, or all if these stand anywhere among them.
///
/// As Knuth, Morris and Pratt search, so that the work grows with the number of paragraphs only.
fn run_at_end(others: &[Text], wanted: &[Text]) -> usize {
    // For each number of them that was found: how many stand at its end, too.
    let mut shorter: Vec<usize> = vec![0];
    let found = |shorter: &[usize], mut run: usize, next: &Text| {
        while run > 0 && wanted[run].lines != next.lines {
            run = shorter[run - 1];
        }
        run + usize::from(wanted[run].lines == next.lines)
    };
    for next in wanted.iter().skip(1) {
        let run = found(&shorter, shorter[shorter.len() - 1], next);
        shorter.push(run);
    }
    let mut run = 0;
    for next in others {
        if run == wanted.len() {
            break;
        }
        run = found(&shorter, run, next);
    }
    run
}

struct Writer<'w, 't> {
    pair: &'w Pair<'t>,
    splices: Splices,
    clashes: Vec<Clash>,
    /// The definitions of the second that need not be brought, in their order.
    known: Vec<Range<usize>>,
}

impl Writer<'_, '_> {
    /// Two titles of one document: the policy says which one it has.
    fn entitle(&mut self, first: &Section<'_>, second: &Section<'_>, policy: &Policy) {
        let (ours, theirs) = (first.start..first.heading_end, second.start..second.heading_end);
        match policy.prefer {
            Some(Prefer::Earlier) => {}
            Some(Prefer::Later) => self.splices.put(ours, vec![self.pair.copied(theirs)]),
            None => self.clashes.push(self.pair.clash(String::new(), &ours, &theirs, Why::Title)),
        }
    }

    /// Finds the definitions of the second whose labels the first has, too.
    fn define(&mut self, first: &Section<'_>, second: &Section<'_>, policy: &Policy) {
        let mut ours: BTreeMap<&str, &Definition> = BTreeMap::new();
        for definition in first.definitions() {
            ours.entry(&definition.label).or_insert(definition);
        }
        let said = |source: &Source<'_>, definition: &Definition| {
            let said = source.text[definition.span.clone()].split_once("]:").map_or("", |(_, said)| said);
            said.split_whitespace().collect::<Vec<_>>().join(" ")
        };
        let mut seen = BTreeSet::new();
        for theirs in second.definitions() {
            let Some(ours) = ours.get(&*theirs.label) else { continue };
            self.known.push(theirs.span.clone());
            if !seen.insert(&theirs.label) || said(self.pair.first, ours) == said(self.pair.second, theirs) {
                continue;
            }
            match policy.prefer {
                Some(Prefer::Earlier) => {}
                Some(Prefer::Later) => {
                    self.splices.put(ours.span.clone(), vec![self.pair.copied(theirs.span.clone())]);
                }
                None => {
                    let key = format!("[{}]", theirs.label);
                    self.clashes.push(self.pair.clash(key, &ours.span, &theirs.span, Why::Values));
                }
            }
        }
    }

    fn join(&mut self, first: &Section<'_>, second: &Section<'_>) {
        let texts = |source: &Source<'_>, paragraphs: &[Range<usize>]| -> Vec<Text> {
            paragraphs.iter().map(|paragraph| Text::new(&source.text[paragraph.clone()])).collect()
        };
        let ours = texts(self.pair.first, &first.paragraphs);
        let theirs = texts(self.pair.second, &second.paragraphs);
        let missing = &second.paragraphs[missing_from(&ours, &theirs)..];
        let from = missing.first().map_or(second.own_end(), |paragraph| paragraph.start);
        // Those that belong to no paragraph that is brought.
        let mut groups: Vec<Range<usize>> = Vec::new();
        for Definition { span, .. } in &second.definitions {
            match groups.last_mut() {
                _ if span.start >= from || self.known.contains(span) => {}
                Some(group) if self.pair.second.text[group.end..span.start].trim().is_empty() => {
                    group.end = span.end;
                }
                _ => groups.push(span.clone()),
            }
        }
        for group in groups {
            self.append(first.own_end(), group);
        }
        self.append(first.own_end(), from..second.own_end());
        // The sections of each title, the last first: of several each is another.
        let mut places: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (place, section) in first.sections.iter().enumerate().rev() {
            places.entry(section.title).or_default().push(place);
        }
        // What goes into a section stands before what goes behind it, though both may be one place.
        let mut new = Vec::new();
        for section in &second.sections {
            match places.get_mut(section.title).and_then(Vec::pop) {
                Some(place) => self.join(&first.sections[place], section),
                None => new.push(section.start..section.end),
            }
        }
        for part in new {
            self.append(first.end, part);
        }
    }

    /// Puts a part of the second behind a place, a blank line between them, without the definitions
    /// that are known.
    fn append(&mut self, at: usize, part: Range<usize>) {
        let parts = self.unknown(part);
        if parts.is_empty() {
            return;
        }
        let (before, behind) = self.pair.first.text.split_at(at);
        // At the start of the text, or of what stands behind its front matter.
        let begins =
            before.trim_start_matches('\u{feff}').is_empty() || before.ends_with('\n') && !behind.is_empty();
        let gap = Piece::glue(self.pair.line_break.repeat(2));
        let mut pieces: Vec<Piece> = parts.into_iter().map(|part| self.pair.copied(part)).collect();
        pieces.insert(if begins { pieces.len() } else { 0 }, gap);
        // Words right below would go on with it.
        if !begins && behind.lines().nth(1).is_some_and(|line| !line.trim().is_empty()) {
            pieces.push(Piece::glue(self.pair.line_break));
        }
        self.splices.insert(at, pieces);
    }

    /// What remains of a part of the second without the definitions that are known.
    fn unknown(&self, part: Range<usize>) -> Vec<Range<usize>> {
        let text = self.pair.second.text;
        let (mut parts, mut from) = (Vec::new(), part.start);
        let begin = self.known.partition_point(|span| span.start < part.start);
        for span in self.known[begin..].iter().take_while(|span| span.start < part.end) {
            parts.push(from..span.start);
            // The lines of a definition, and the blank ones that one of two sides of it keeps.
            let rest = &text[span.end..part.end];
            let line = rest.find('\n').map_or(rest.len(), |end| end + 1);
            let below = &rest[line..];
            let blank = below.len() - below.trim_start_matches(['\r', '\n']).len();
            let above = &text[..span.start];
            let is_alone = above[above.trim_end().len()..].matches('\n').count() > 1;
            from = span.end + line + if is_alone { blank } else { 0 };
        }
        parts.push(from..part.end);
        parts.retain(|part| !text[part.clone()].trim().is_empty());
        if let Some(last) = parts.last_mut() {
            last.end = last.start + text[last.clone()].trim_end_matches(['\r', '\n']).len();
        }
        parts
    }
}
