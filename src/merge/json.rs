//! JSON with comments and trailing commas.
//!
//! Only the frame is read here, iteration by iteration with places; what a string or a number
//! means, `serde_json` says.

use super::deep::{Document, Edit, Syntax};
use super::flow::{self, Bare, Comments, Style};
use super::source::{Pair, Piece, Source, Splices};
use super::tree::{Data, Form, Node, Scalar};
use super::{Clash, MAX_DEPTH, MergeError};

const COMMENTS: Comments = Comments::Slashes;

const STYLE: Style = Style { comments: COMMENTS, lines: true, hanging: false };

pub(super) struct Json;

impl Syntax for Json {
    fn read(&self, source: &Source<'_>) -> Result<Document, MergeError> {
        let at = if source.text.starts_with('\u{feff}') { 3 } else { 0 };
        let mut reader = Reader { source, at, comments: Vec::new() };
        reader.blank();
        if reader.rest().is_empty() {
            return Ok(Document::default());
        }
        let root = reader.value(0)?;
        reader.blank();
        if !reader.rest().is_empty() {
            return Err(reader.unexpected("the end of the text"));
        }
        Ok(Document { root: Some(root), comments: reader.comments, ..Document::default() })
    }

    fn write(
        &self,
        pair: &Pair<'_>,
        _first: &Document,
        _second: &Document,
        edits: &[Edit<'_>],
    ) -> Result<Splices, Vec<Clash>> {
        let mut splices = Splices::default();
        for edit in edits {
            match edit {
                Edit::Grow { into, added, .. } => {
                    flow::grow(pair, &mut splices, into, added, &STYLE, &|member, indentation| {
                        let end = member.comma.unwrap_or(member.value.span.end);
                        vec![pair.moved(member.key_at.start..end, indentation)]
                    });
                }
                Edit::Replace { old, new, .. } => {
                    let indentation = pair.first.indentation(old.span.start);
                    splices.put(old.span.clone(), vec![pair.moved(new.span.clone(), indentation)]);
                }
                Edit::Rewrite { old, text, line, .. } => {
                    splices.put(old.span.clone(), vec![Piece::rewritten(quoted(text), *line)]);
                }
                // Only TOML writes one thing as a value or as a table.
                Edit::Widen { .. } => {}
            }
        }
        Ok(splices)
    }
}

/// A text as a string of JSON.
pub(super) fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

struct Reader<'r, 't> {
    source: &'r Source<'t>,
    at: usize,
    comments: Vec<std::ops::Range<usize>>,
}

impl<'t> Reader<'_, 't> {
    fn rest(&self) -> &'t str {
        &self.source.text[self.at..]
    }

    fn blank(&mut self) {
        loop {
            self.at += self.rest().len() - self.rest().trim_start().len();
            match COMMENTS.at(self.rest()) {
                0 => return,
                length => self.comments.push(self.at..self.at + length),
            }
            self.at = self.comments.last().map_or(self.at, |comment| comment.end);
        }
    }

    fn take(&mut self, c: char) -> bool {
        let found = self.rest().starts_with(c);
        self.at += usize::from(found);
        found
    }

    fn unexpected(&self, expected: &str) -> MergeError {
        let found = match self.rest().chars().next() {
            Some(c) => format!("`{}`", c.escape_default()),
            None => "the end".to_owned(),
        };
        self.source.unreadable(self.at, format!("{expected} should be here, not {found}"))
    }

    fn value(&mut self, depth: usize) -> Result<Node, MergeError> {
        match self.rest().chars().next() {
            Some('{') => self.members(depth, '}'),
            Some('[') => self.members(depth, ']'),
            _ => self.scalar(),
        }
    }

    fn members(&mut self, depth: usize, close: char) -> Result<Node, MergeError> {
        if depth >= MAX_DEPTH {
            return Err(self.source.unreadable(self.at, format!("it is more than {MAX_DEPTH} levels deep")));
        }
        let start = self.at;
        let mut bare = Vec::new();
        let mut keys = std::collections::BTreeSet::new();
        self.at += 1;
        loop {
            self.blank();
            if self.take(close) {
                break;
            }
            let (key, key_at) =
                if close == '}' { self.key(&mut keys)? } else { (String::new(), self.at..self.at) };
            bare.push(Bare { key, key_at, value: self.value(depth + 1)? });
            self.blank();
            if !self.take(',') && !self.rest().starts_with(close) {
                return Err(self.unexpected(&format!("`,` or `{close}`")));
            }
        }
        let span = start..self.at;
        let members = flow::members(self.source.text, &span, bare, COMMENTS);
        let data = if close == '}' { Data::Map(members) } else { Data::List(members) };
        Ok(Node { data, span, form: Form::Flow })
    }

    fn key(
        &mut self,
        keys: &mut std::collections::BTreeSet<String>,
    ) -> Result<(String, std::ops::Range<usize>), MergeError> {
        if !self.rest().starts_with('"') {
            return Err(self.unexpected("a key in double quotes"));
        }
        let node = self.scalar()?;
        let key = node.text().unwrap_or_default().to_owned();
        if !keys.insert(key.clone()) {
            return Err(self
                .source
                .unreadable(node.span.start, format!("the key `{key}` stands twice in one table")));
        }
        self.blank();
        if !self.take(':') {
            return Err(self.unexpected("`:`"));
        }
        self.blank();
        Ok((key, node.span))
    }

    fn scalar(&mut self) -> Result<Node, MergeError> {
        let rest = self.rest();
        let length = if rest.starts_with('"') {
            end_of_string(rest)
        } else {
            rest.find(|c: char| !c.is_ascii_alphanumeric() && !"+-._".contains(c)).unwrap_or(rest.len())
        };
        if length == 0 {
            return Err(self.unexpected("a value"));
        }
        let text = &rest[..length];
        let scalar = match serde_json::from_str(text) {
            Ok(serde_json::Value::Null) => Scalar::Null,
            Ok(serde_json::Value::Bool(value)) => Scalar::Bool(value),
            // A whole number may be longer than those that are calculated with.
            Ok(serde_json::Value::Number(_)) if !text.contains(['.', 'e', 'E']) => {
                Scalar::Number(text.to_owned())
            }
            Ok(serde_json::Value::Number(number)) => Scalar::Number(number.to_string()),
            Ok(serde_json::Value::String(text)) => Scalar::Text(text),
            // No bracket opens here, so that there is nothing else.
            _ => {
                let shown: String = text.chars().take(40).collect();
                return Err(self.source.unreadable(self.at, format!("`{shown}` is no value of JSON")));
            }
        };
        let span = self.at..self.at + length;
        self.at = span.end;
        Ok(Node { data: Data::Scalar(scalar), span, form: Form::Flow })
    }
}

/// The length of the string at the start of a text, to the end of its line if it is not closed.
fn end_of_string(text: &str) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            '\n' => return at,
            '"' if !escaped => return at + 1,
            _ => escaped = c == '\\' && !escaped,
        }
    }
    text.len()
}
