//! Markdown: sections by their headings, a section paragraph by paragraph.
//!
//! A heading is one of `#`, outside of fenced code. Two sections are one if they have the same
//! headings above them. Front matter between `---` joins as YAML.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use super::source::{Pair, Piece, Source, Splices};
use super::versions::Ecosystem;
use super::{MergeError, Merged, Policy, Whose, deep, yaml};

/// The part of a text below a heading; the root has none.
struct Section<'t> {
    level: usize,
    title: &'t str,
    start: usize,
    /// The end of what belongs to it alone, without blank lines.
    own_end: usize,
    /// The end of all of it, without blank lines.
    end: usize,
    paragraphs: Vec<Range<usize>>,
    sections: Vec<Section<'t>>,
}

impl<'t> Section<'t> {
    fn new(level: usize, title: &'t str, start: usize, end: usize) -> Section<'t> {
        Section { level, title, start, own_end: end, end, paragraphs: Vec::new(), sections: Vec::new() }
    }
}

pub(super) fn merge(first: &Source<'_>, second: &Source<'_>, policy: &Policy) -> Result<Merged, MergeError> {
    let (ours, theirs) = (front_matter(first), front_matter(second));
    let pair = Pair::new(first, second);
    let mut writer = Writer { pair: &pair, splices: Splices::default() };
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
    let (one, other) = (read(first, start(first, &ours))?, read(second, start(second, &theirs))?);
    writer.join(under_title(&one, &other), &other);
    let merged = writer.splices.apply(first);
    match (ours, theirs) {
        (Some(ours), Some(theirs)) => with_front(merged, first, &ours, second, &theirs, policy),
        _ => Ok(merged),
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
    let new = front.lines.iter().map(|whose| Whose { line: whose.line + 1, ..*whose });
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

/// The level and the title of a heading.
fn heading(line: &str) -> Option<(usize, &str)> {
    let content = line.trim_start_matches(' ');
    let title = content.trim_start_matches('#');
    let level = content.len() - title.len();
    let is_one = line.len() - content.len() < 4
        && (1..=6).contains(&level)
        && (title.is_empty() || title.starts_with([' ', '\t']));
    let title = title.trim();
    let without_close = title.trim_end_matches('#');
    let title =
        if without_close.is_empty() || without_close.ends_with([' ', '\t']) { without_close } else { title };
    is_one.then(|| (level, title.trim()))
}

/// The fence that a line opens: its character and how many there are of it.
fn fence(line: &str) -> Option<(char, usize)> {
    let content = line.trim_start();
    let c = content.chars().next().filter(|c| matches!(c, '`' | '~'))?;
    let length = content.len() - content.trim_start_matches(c).len();
    let info = &content[length..];
    (length >= 3 && !(c == '`' && info.contains('`'))).then_some((c, length))
}

fn closes(line: &str, (c, length): (char, usize)) -> bool {
    let content = line.trim();
    content.len() >= length && content.chars().all(|other| other == c)
}

/// # Errors
/// Fenced code has no end, so that nothing can stand behind it.
fn read<'t>(source: &Source<'t>, from: usize) -> Result<Section<'t>, MergeError> {
    let mut open: Vec<Section<'t>> = vec![Section::new(0, "", from, from)];
    let mut in_fence = None;
    let (mut opened, mut goes_on) = (from, false);
    for (span, line) in source.lines().filter(|(span, _)| span.start >= from) {
        let blank = line.trim().is_empty();
        let found = if in_fence.is_none() { heading(line) } else { None };
        if let Some((level, title)) = found {
            close(&mut open, level);
            open.push(Section::new(level, title, span.start, span.end));
            goes_on = false;
            continue;
        }
        let fenced = in_fence.is_some();
        match in_fence {
            Some(fence) if closes(line, fence) => in_fence = None,
            None => {
                in_fence = fence(line);
                opened = span.start;
            }
            Some(_) => {}
        }
        let Some(section) = open.last_mut() else { continue };
        if blank && !fenced {
            goes_on = false;
            continue;
        }
        match section.paragraphs.last_mut() {
            Some(paragraph) if goes_on => paragraph.end = span.end,
            _ => section.paragraphs.push(span.clone()),
        }
        section.own_end = span.end;
        section.end = span.end;
        goes_on = true;
    }
    if in_fence.is_some() {
        return Err(source.unreadable(opened, "the fenced code has no end"));
    }
    close(&mut open, 1);
    Ok(open.pop().unwrap_or_else(|| Section::new(0, "", from, from)))
}

/// Closes the sections that end where one of a level begins.
fn close(open: &mut Vec<Section<'_>>, level: usize) {
    while open.len() > 1
        && let Some(section) = open.pop_if(|section| section.level >= level)
        && let Some(parent) = open.last_mut()
    {
        parent.end = section.end;
        parent.sections.push(section);
    }
}

struct Writer<'w, 't> {
    pair: &'w Pair<'t>,
    splices: Splices,
}

impl Writer<'_, '_> {
    fn join(&mut self, first: &Section<'_>, second: &Section<'_>) {
        let normal = |source: &Source<'_>, span: &Range<usize>| -> String {
            source.text[span.clone()].lines().map(|line| format!("{}\n", line.trim_end())).collect()
        };
        let mut there: BTreeSet<String> =
            first.paragraphs.iter().map(|paragraph| normal(self.pair.first, paragraph)).collect();
        for paragraph in &second.paragraphs {
            if there.insert(normal(self.pair.second, paragraph)) {
                self.append(first.own_end, paragraph.clone());
            }
        }
        let mut sections: BTreeMap<&str, &Section<'_>> = BTreeMap::new();
        for section in &first.sections {
            sections.entry(section.title).or_insert(section);
        }
        // What goes into a section stands before what goes behind it, though both may be one place.
        let (known, new): (Vec<_>, Vec<_>) =
            second.sections.iter().partition(|section| sections.contains_key(section.title));
        for section in known {
            self.join(sections[section.title], section);
        }
        for section in new {
            self.append(first.end, section.start..section.end);
        }
    }

    /// Puts a part of the second behind a place, a blank line between them.
    fn append(&mut self, at: usize, part: Range<usize>) {
        let (before, behind) = self.pair.first.text.split_at(at);
        // At the start of the text, or of what stands behind its front matter.
        let begins =
            before.trim_start_matches('\u{feff}').is_empty() || before.ends_with('\n') && !behind.is_empty();
        let gap = self.pair.line_break.repeat(2);
        let part = self.pair.copied(part);
        let pieces = if begins { vec![part, Piece::glue(gap)] } else { vec![Piece::glue(gap), part] };
        self.splices.insert(at, pieces);
    }
}
