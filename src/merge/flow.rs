//! Tables and lists between brackets, their members separated by commas: the same in JSON, in TOML
//! and in the flow style of YAML.

use std::ops::Range;

use super::deep::{Addition, What};
use super::source::{Pair, Piece, Splices};
use super::tree::{Member, Node};

/// What is different from format to format.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Comments {
    /// `//` and `/* */`.
    Slashes,
    /// `#`.
    Hash,
}

impl Comments {
    /// The length of the comment at the start of a text, 0 if there is none.
    pub fn at(self, text: &str) -> usize {
        let to_line_end = || text.find(['\r', '\n']).unwrap_or(text.len());
        match self {
            Comments::Hash if text.starts_with('#') => to_line_end(),
            Comments::Slashes if text.starts_with("//") => to_line_end(),
            Comments::Slashes if text.starts_with("/*") => text.find("*/").map_or(text.len(), |end| end + 2),
            Comments::Hash | Comments::Slashes => 0,
        }
    }

    /// Where the white space and the comments that begin at a place end.
    pub fn skip(self, text: &str, mut at: usize) -> usize {
        loop {
            let rest = &text[at..];
            let white = rest.len() - rest.trim_start().len();
            match white + self.at(&rest[white..]) {
                0 => return at,
                skipped => at += skipped,
            }
        }
    }

    /// The end of the last comment that begins in the line of a place, with nothing but space and
    /// other comments before it; the place itself if there is none.
    fn trailing(self, text: &str, from: usize) -> usize {
        let (mut end, mut at) = (from, from);
        loop {
            at += text[at..].len() - text[at..].trim_start_matches([' ', '\t']).len();
            match self.at(&text[at..]) {
                0 => return end,
                length => at += length,
            }
            end = at;
        }
    }

    fn is_in(self, text: &str) -> bool {
        match self {
            Comments::Hash => text.contains('#'),
            Comments::Slashes => text.contains("//") || text.contains("/*"),
        }
    }
}

/// A member before it is known which comments and which comma are its.
pub(super) struct Bare {
    pub key: String,
    pub key_at: Range<usize>,
    pub value: Node,
}

/// Gives the members between two brackets their comments and commas.
pub(super) fn members(text: &str, span: &Range<usize>, bare: Vec<Bare>, comments: Comments) -> Vec<Member> {
    let mut from = span.start + 1;
    let behind = comments.trailing(text, from);
    // A comment behind the bracket, with nothing behind it, is about the whole.
    if text[behind..].trim_start_matches([' ', '\t']).starts_with(['\r', '\n']) {
        from = behind;
    }
    let mut members = Vec::new();
    for Bare { key, key_at, value } in bare {
        let lead = text[from..key_at.start].trim_start();
        let start = key_at.start - lead.len();
        let at = comments.skip(text, value.span.end);
        let comma = text[at..].starts_with(',').then_some(at);
        let end = comments.trailing(text, comma.map_or(value.span.end, |comma| comma + 1));
        // A comment between a member and the next of its line is the next one's.
        let closes = text[end..].trim_start_matches([' ', '\t']);
        let own = closes.is_empty() || closes.starts_with(['\r', '\n', '}', ']']);
        let end = if own { end } else { comma.map_or(value.span.end, |comma| comma + 1) };
        from = end;
        members.push(Member { key, key_at, value, whole: start..end, comma });
    }
    // What stands above the closing bracket is the last one's.
    if let (Some(last), Some(inner)) = (members.last_mut(), text.get(..span.end - 1)) {
        last.whole.end = last.whole.end.max(inner.trim_end().len());
    }
    members
}

/// How new members are written.
pub(super) struct Style {
    pub comments: Comments,
    /// Whether members may have lines of their own, and comments.
    pub lines: bool,
    /// Whether a closing bracket must stand deeper than the line that opens it.
    pub hanging: bool,
}

/// Puts members into what stands between brackets.
pub(super) fn grow(
    pair: &Pair<'_>,
    splices: &mut Splices,
    into: &Node,
    added: &[Addition<'_>],
    style: &Style,
    write: &dyn Fn(&Member, &str) -> Vec<Piece>,
) {
    let growth = Growth { pair, into, style, write };
    let members = into.members();
    let Some(last) = members.len().checked_sub(1) else {
        return growth.fill(splices, added);
    };
    let (within, behind): (Vec<_>, Vec<_>) = added.iter().partition(|addition| addition.after != Some(last));
    growth.within(splices, &within);
    if !behind.is_empty() {
        growth.behind(splices, &members[last], &behind);
    }
}

struct Growth<'g, 't> {
    pair: &'g Pair<'t>,
    into: &'g Node,
    style: &'g Style,
    write: &'g dyn Fn(&Member, &str) -> Vec<Piece>,
}

impl Growth<'_, '_> {
    /// What a member reads as up to its comma, and what stands behind the comma.
    fn parts(&self, addition: &Addition<'_>, indentation: &str) -> (Vec<Piece>, Vec<Piece>) {
        let member = match &addition.what {
            What::Member(member) => member,
            What::Written { text, line } => return (vec![Piece::rewritten(text.clone(), *line)], Vec::new()),
        };
        if !self.style.lines {
            return ((self.write)(member, indentation), Vec::new());
        }
        let mut head = Vec::new();
        if member.whole.start < member.key_at.start {
            head.push(self.pair.moved(member.whole.start..member.key_at.start, indentation));
            if self.pair.second.begins_line(member.key_at.start) {
                head.push(Piece::glue(indentation));
            }
        }
        head.extend((self.write)(member, indentation));
        let tail = member.comma.map_or(member.value.span.end, |comma| comma + 1)..member.whole.end;
        let tail = if tail.is_empty() { Vec::new() } else { vec![self.pair.moved(tail, indentation)] };
        (head, tail)
    }

    /// Whether new members need lines of their own.
    fn wants_lines(&self, added: &[&Addition<'_>]) -> bool {
        self.style.lines
            && added.iter().any(|addition| match &addition.what {
                What::Member(member) => {
                    let text = &self.pair.second.text[member.whole.clone()];
                    text.contains('\n')
                        || self.style.comments.is_in(&text[..member.key_at.start - member.whole.start])
                        || member.whole.end > member.comma.map_or(member.value.span.end, |comma| comma + 1)
                }
                What::Written { .. } => false,
            })
    }

    fn base(&self) -> String {
        let base = self.pair.first.indentation(self.into.span.start);
        if self.style.hanging { format!("{base}{}", self.pair.step) } else { base.to_owned() }
    }

    fn line(&self, indentation: &str) -> Piece {
        Piece::glue(format!("{}{indentation}", self.pair.line_break))
    }

    /// Into brackets with nothing but comments between them.
    fn fill(&self, splices: &mut Splices, added: &[Addition<'_>]) {
        let inner = self.into.span.start + 1..self.into.span.end - 1;
        let there = self.pair.first.text[inner.clone()].trim_end();
        let added: Vec<&Addition<'_>> = added.iter().collect();
        let spread = added.iter().any(|addition| match &addition.what {
            What::Member(member) => self.pair.second.begins_line(member.whole.start),
            What::Written { .. } => false,
        });
        let start = inner.start + there.len();
        let lines = self.style.lines && (spread || !there.is_empty() || self.wants_lines(&added));
        let base = self.base();
        let indentation = if lines { format!("{base}{}", self.pair.step) } else { base.clone() };
        let braces = self.pair.first.text[self.into.span.start..].starts_with('{');
        let mut pieces = Vec::new();
        for (place, addition) in added.iter().enumerate() {
            let (head, tail) = self.parts(addition, &indentation);
            pieces.push(match (lines, place) {
                (true, _) => self.line(&indentation),
                (false, 0) => Piece::glue(if braces { " " } else { "" }),
                (false, _) => Piece::glue(" "),
            });
            pieces.extend(head);
            if place + 1 < added.len() {
                pieces.push(Piece::glue(","));
            }
            pieces.extend(tail);
        }
        pieces.push(if lines { self.line(&base) } else { Piece::glue(if braces { " " } else { "" }) });
        splices.put(start..inner.end, pieces);
    }

    /// Between members; each behind the one it names, or before all.
    fn within(&self, splices: &mut Splices, added: &[&Addition<'_>]) {
        let members = self.into.members();
        for addition in added {
            let next = &members[addition.after.map_or(0, |after| after + 1)];
            let at = next.whole.start;
            let own_line = self.pair.first.begins_line(at);
            let indentation = self.pair.first.indentation(at);
            let (mut pieces, tail) = self.parts(addition, indentation);
            pieces.push(Piece::glue(","));
            pieces.extend(tail);
            pieces.push(if own_line { self.line(indentation) } else { Piece::glue(" ") });
            splices.insert(at, pieces);
        }
    }

    fn behind(&self, splices: &mut Splices, last: &Member, added: &[&Addition<'_>]) {
        let first = self.pair.first;
        let close = self.into.span.end - 1;
        let own_line = first.begins_line(last.whole.start) && self.style.lines;
        let lines = own_line || self.wants_lines(added);
        let base = self.base();
        let indentation = if own_line {
            first.indentation(last.whole.start).to_owned()
        } else {
            format!("{base}{}", self.pair.step)
        };
        // Comments of lines of their own stay at the end, where they are about none.
        let end =
            self.style.comments.trailing(first.text, last.comma.map_or(last.value.span.end, |at| at + 1));
        if last.comma.is_none() {
            splices.insert(last.value.span.end, vec![Piece::glue(",")]);
        }
        let mut pieces = Vec::new();
        let mut ends_in_comment = false;
        for (place, addition) in added.iter().enumerate() {
            let (head, tail) = self.parts(addition, &indentation);
            pieces.push(if lines { self.line(&indentation) } else { Piece::glue(" ") });
            pieces.extend(head);
            if place + 1 < added.len() || last.comma.is_some() {
                pieces.push(Piece::glue(","));
            }
            ends_in_comment = !tail.is_empty();
            pieces.extend(tail);
        }
        let rest = &first.text[end..close];
        if lines && !rest.contains('\n') && (rest.trim().is_empty() || ends_in_comment) {
            pieces.push(self.line(&base));
            let blank = rest.len() - rest.trim_start().len();
            splices.put(end..end + blank, pieces);
        } else {
            splices.insert(end, pieces);
        }
    }
}
