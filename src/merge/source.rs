//! A text with its style, and changes of a text that remember whose lines they bring.

use std::ops::Range;

use super::{Clash, Excerpt, MAX_SIZE, MergeError, Merged, Side, Whose, Why};

/// A text to join, with what its lines look like.
pub(super) struct Source<'t> {
    pub side: Side,
    pub text: &'t str,
    /// Where each line begins.
    starts: Vec<usize>,
}

impl<'t> Source<'t> {
    /// # Errors
    /// It is too long.
    pub fn new(side: Side, text: &'t str) -> Result<Source<'t>, MergeError> {
        let starts = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        let source = Source { side, text, starts };
        if text.len() > MAX_SIZE {
            return Err(source.unreadable(0, format!("it has more than {} KiB", MAX_SIZE / 1024)));
        }
        Ok(source)
    }

    /// Whether there is nothing but a byte order mark and white space.
    pub fn is_blank(&self) -> bool {
        self.text.trim_start_matches('\u{feff}').trim().is_empty()
    }

    /// The result if this text is all there is.
    pub fn alone(&self) -> Merged {
        let lines = (1..=self.text.lines().count()).map(|line| Whose::new(self.side, line)).collect();
        Merged { text: self.text.to_owned(), lines, notes: Vec::new() }
    }

    /// The line of a place, from 1.
    pub fn line(&self, at: usize) -> usize {
        self.starts.partition_point(|&start| start <= at)
    }

    pub fn line_start(&self, at: usize) -> usize {
        self.starts[self.line(at) - 1]
    }

    /// The end of the line of a place, before its line end.
    pub fn line_end(&self, at: usize) -> usize {
        let end = self.text[at..].find('\n').map_or(self.text.len(), |length| at + length);
        if self.text[at..end].ends_with('\r') { end - 1 } else { end }
    }

    /// The lines with their places, without line ends and the byte order mark.
    pub fn lines(&self) -> impl DoubleEndedIterator<Item = (Range<usize>, &'t str)> {
        let count = self.text.lines().count();
        self.starts[..count].iter().map(|&start| {
            let end = self.line_end(start);
            let start = if self.text[start..].starts_with('\u{feff}') { start + 3 } else { start };
            (start..end, &self.text[start..end])
        })
    }

    /// The white space at the start of the line of a place.
    pub fn indentation(&self, at: usize) -> &'t str {
        let line = &self.text[self.line_start(at)..];
        &line[..line.len() - line.trim_start_matches([' ', '\t']).len()]
    }

    /// Whether nothing but white space stands before a place in its line.
    pub fn begins_line(&self, at: usize) -> bool {
        self.text[self.line_start(at)..at].trim_start_matches('\u{feff}').trim().is_empty()
    }

    /// Where the comments of `#` begin that stand directly above the line of a place, or that place;
    /// none from before a limit.
    pub fn comments_above(&self, at: usize, limit: usize) -> usize {
        let mut start = at;
        let mut line = self.line(at) - 1;
        while line > 0 && self.starts[line - 1] >= limit {
            let above = &self.text[self.starts[line - 1]..self.starts[line]];
            let content = above.trim_start_matches(['\u{feff}', ' ', '\t']);
            if !content.starts_with('#') {
                break;
            }
            start = self.starts[line - 1] + above.len() - content.len();
            line -= 1;
        }
        start
    }

    /// The line end it uses, if it has one.
    pub fn line_break(&self) -> Option<&'static str> {
        let end = self.text.find('\n')?;
        Some(if self.text[..end].ends_with('\r') { "\r\n" } else { "\n" })
    }

    /// One step of its indentation, if something is indented.
    pub fn step(&self) -> Option<&'t str> {
        let indented = |line: &&str| {
            line.starts_with([' ', '\t']) && !line.trim().is_empty() && !line.trim().starts_with('*')
        };
        let line = self.text.lines().find(indented)?;
        let width = line.len() - line.trim_start_matches(' ').len();
        Some(if width == 0 { "\t" } else { &line[..width] })
    }

    pub fn unreadable(&self, at: usize, message: impl Into<String>) -> MergeError {
        let before = &self.text[self.line_start(at)..at];
        MergeError::Unreadable {
            side: self.side,
            message: message.into(),
            line: self.line(at),
            column: before.trim_start_matches('\u{feff}').chars().count() + 1,
        }
    }

    /// The first line of a place.
    pub fn excerpt(&self, span: &Range<usize>) -> Excerpt {
        let text = self.text[span.clone()].trim();
        Excerpt { line: self.line(span.start), text: text.lines().next().unwrap_or_default().to_owned() }
    }
}

/// The first and the second, and how what comes from one is written in the other.
pub(super) struct Pair<'t> {
    pub first: &'t Source<'t>,
    pub second: &'t Source<'t>,
    /// The line end of the result.
    pub line_break: &'static str,
    /// One step of indentation of the result.
    pub step: &'t str,
    foreign_step: &'t str,
}

impl<'t> Pair<'t> {
    pub fn new(first: &'t Source<'t>, second: &'t Source<'t>) -> Pair<'t> {
        let foreign_step = second.step().unwrap_or("  ");
        Pair {
            first,
            second,
            line_break: first.line_break().or(second.line_break()).unwrap_or("\n"),
            step: first.step().unwrap_or(foreign_step),
            foreign_step,
        }
    }

    pub fn clash(&self, key: String, first: &Range<usize>, second: &Range<usize>, why: Why) -> Clash {
        Clash { key, first: self.first.excerpt(first), second: self.second.excerpt(second), why }
    }

    /// A part of the second, its line ends those of the first.
    pub fn copied(&self, span: Range<usize>) -> Piece {
        let text = self.second.text[span.clone()].replace("\r\n", "\n").replace('\n', self.line_break);
        Piece { text, line: Some(self.second.line(span.start)) }
    }

    /// A part of the second whose lines, all but the first, move from the indentation they have
    /// there to another.
    pub fn moved(&self, span: Range<usize>, indentation: &str) -> Piece {
        let (base, _) = self.depth(self.second.indentation(span.start));
        let mut lines = self.second.text[span.clone()].split('\n').map(|line| line.trim_end_matches('\r'));
        let mut text = lines.next().unwrap_or_default().to_owned();
        for line in lines {
            text += self.line_break;
            let content = line.trim_start_matches([' ', '\t']);
            if !content.is_empty() {
                let (steps, rest) = self.depth(&line[..line.len() - content.len()]);
                text += indentation;
                text += &self.step.repeat(steps.saturating_sub(base));
                text += &" ".repeat(rest);
                text += content;
            }
        }
        Piece { text, line: Some(self.second.line(span.start)) }
    }

    /// Steps of the second's indentation, and the spaces that are left.
    fn depth(&self, white: &str) -> (usize, usize) {
        let tabs = white.matches('\t').count();
        let spaces = white.len() - tabs;
        if self.foreign_step == "\t" {
            (tabs, spaces)
        } else {
            let width = self.foreign_step.len();
            (tabs + spaces / width, spaces % width)
        }
    }
}

/// Text that is put in.
#[derive(Clone)]
pub(super) struct Piece {
    text: String,
    /// The line of the second where it begins; none for what holds others together.
    line: Option<usize>,
}

impl Piece {
    /// What stands in neither text.
    pub fn glue(text: impl Into<String>) -> Piece {
        Piece { text: text.into(), line: None }
    }

    /// What says the same as a line of the second, in other characters.
    pub fn rewritten(text: impl Into<String>, line: usize) -> Piece {
        Piece { text: text.into(), line: Some(line) }
    }
}

/// Changes of the first text, in any order.
#[derive(Default)]
pub(super) struct Splices(Vec<Splice>);

struct Splice {
    at: Range<usize>,
    pieces: Vec<Piece>,
    /// What the pieces of the second are to the lines that they stand in.
    claim: Claim,
}

impl Splices {
    /// Puts pieces in place of what the first says there. Of two for one place the earlier stands first.
    pub fn put(&mut self, at: Range<usize>, pieces: Vec<Piece>) {
        self.0.push(Splice { at, pieces, claim: Claim::Decided });
    }

    /// Adds pieces to what the first says.
    pub fn insert(&mut self, at: usize, pieces: Vec<Piece>) {
        self.0.push(Splice { at: at..at, pieces, claim: Claim::Seen });
    }

    /// The text with all changes.
    ///
    /// # Errors
    /// Two changes are about one part of the first: what would stand there is neither.
    pub fn apply(mut self, first: &Source<'_>) -> Result<Merged, MergeError> {
        // What is added in front of a part stands before what is put in its place.
        self.0.sort_by_key(|splice| (splice.at.start, splice.at.end));
        let mut built = Built::default();
        let mut done = 0;
        for Splice { at, pieces, claim } in &self.0 {
            if at.start < done {
                return Err(MergeError::Clashes(vec![overlap(first, at, pieces)]));
            }
            built.kept(first, done..at.start);
            let here = first.line(at.start);
            for piece in pieces {
                let owner = |line| Owner::Of(Whose::new(Side::Second, line), *claim);
                built.put(&piece.text, piece.line.map_or(Owner::Glue(here), owner));
            }
            done = at.end;
        }
        built.kept(first, done..first.text.len());
        Ok(built.finish())
    }
}

fn overlap(first: &Source<'_>, at: &Range<usize>, pieces: &[Piece]) -> Clash {
    let text = pieces.iter().find_map(|piece| Some((piece.line?, piece.text.trim().lines().next()?)));
    let (line, text) = text.unwrap_or((1, ""));
    let second = Excerpt { line, text: text.to_owned() };
    Clash { key: format!("line {}", first.line(at.start)), first: first.excerpt(at), second, why: Why::Twice }
}

#[derive(Clone, Copy)]
enum Owner {
    /// Where it begins, and what it is to a line in which it can be seen.
    Of(Whose, Claim),
    /// What was put in at that line of the first.
    Glue(usize),
}

#[derive(Default)]
struct Built {
    text: String,
    lines: Vec<Whose>,
    /// Of the line that is being written, and how good a claim it is.
    owner: Option<(Claim, Whose)>,
    /// The lines of the first and of the second that can be seen in it.
    parts: [Option<usize>; 2],
}

/// A line belongs to the text that decided what it says, else to the first with something to see in it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Claim {
    Blank,
    Glue,
    Seen,
    Decided,
}

impl Built {
    fn kept(&mut self, first: &Source<'_>, part: Range<usize>) {
        if part.start < part.end {
            let whose = Whose::new(Side::First, first.line(part.start));
            self.put(&first.text[part], Owner::Of(whose, Claim::Seen));
        }
    }

    fn put(&mut self, text: &str, owner: Owner) {
        self.text += text;
        for (behind, line) in text.split_inclusive('\n').enumerate() {
            let seen = !line.trim_start_matches('\u{feff}').trim().is_empty();
            let (claim, whose) = match owner {
                Owner::Of(Whose { side, line: from, .. }, claim) => {
                    (if seen { claim } else { Claim::Blank }, Whose::new(side, from + behind))
                }
                Owner::Glue(line) => {
                    (if seen { Claim::Glue } else { Claim::Blank }, Whose::new(Side::First, line))
                }
            };
            // What only holds others together is nobody's part.
            if claim == Claim::Seen && line.contains(char::is_alphanumeric) {
                self.parts[usize::from(whose.side == Side::Second)].get_or_insert(whose.line);
            }
            if self.owner.is_none_or(|(before, _)| before < claim) {
                self.owner = Some((claim, whose));
            }
            if line.ends_with('\n') {
                self.end_line();
            }
        }
    }

    fn end_line(&mut self) {
        let [first, second] = std::mem::take(&mut self.parts);
        let Some((claim, whose)) = self.owner.take() else { return };
        let other = if whose.side == Side::First { second } else { first };
        self.lines.push(Whose { also: other.filter(|_| claim == Claim::Seen), ..whose });
    }

    fn finish(mut self) -> Merged {
        self.end_line();
        Merged { text: self.text, lines: self.lines, notes: Vec::new() }
    }
}
