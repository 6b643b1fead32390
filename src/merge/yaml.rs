//! YAML 1.2: block and flow style, comments, anchors and aliases.
//!
//! `saphyr-parser` gives the events with their places. The scalars are those of the core schema: `no`
//! and `on` are texts. What two documents, tags, or keys that are no scalars mean to whom reads them
//! cannot be known here; such texts are refused.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::slice;

use saphyr_parser::{Event, Parser, ScalarStyle, ScanError};
use thiserror::Error;

use super::deep::{self, Addition, Document, Edit, Syntax, What};
use super::flow::{self, Bare, Comments, Style};
use super::json;
use super::source::{Pair, Piece, Source, Splices};
use super::tree::{Data, Form, Meaning, Member, Node, Scalar};
use super::versions::Ecosystem;
use super::{Clash, Excerpt, MAX_DEPTH, MergeError, Merged, Policy, Side, Why};

/// The most values that a text of YAML may stand for once its aliases are written out; every 64 bytes
/// of a text count as one more.
pub const MAX_VALUES: usize = 100_000;

const COMMENTS: Comments = Comments::Hash;

const STYLE: Style = Style { comments: COMMENTS, lines: true, hanging: true };

pub(super) struct Yaml;

/// Joins two texts of YAML.
///
/// # Errors
/// As [`merge`](super::merge).
pub(super) fn merge(
    ecosystem: Ecosystem,
    first: &Source<'_>,
    second: &Source<'_>,
    policy: &Policy,
) -> Result<Merged, MergeError> {
    let (ours, theirs) = (open_end(first)?, open_end(second)?);
    // Whether a text ends with a line end is nothing that it says.
    if (ours.is_some() || theirs.is_some()) && first.text.trim_end() == second.text.trim_end() {
        return Ok(first.alone());
    }
    let closed = |source: &Source<'_>, end: &Option<OpenEnd>| {
        end.as_ref().map_or_else(|| source.text.to_owned(), |end| end.closed(source.text))
    };
    let (one, other) = (closed(first, &ours), closed(second, &theirs));
    let (one, other) = (Source::new(first.side, &one)?, Source::new(second.side, &other)?);
    let mut merged = deep::merge(&Yaml, ecosystem, &one, &other, policy)?;
    // A first text without a line end may have taken that of a block scalar.
    if open_end(&Source::new(first.side, &merged.text)?)?.is_some() {
        merged.text.push_str(if merged.text.contains("\r\n") { "\r\n" } else { "\n" });
    }
    // It may be the end still.
    if let Some(OpenEnd { header }) = ours
        && let Some(rest) = merged.text.strip_suffix(&one.text[header.start..])
    {
        merged.text = format!("{rest}{}", &first.text[header.start..]);
    }
    Ok(merged)
}

/// A block scalar that has no line end because its text ends there: with something behind it, it would
/// have one.
struct OpenEnd {
    header: Range<usize>,
}

impl OpenEnd {
    /// The text with the same value whatever is behind it.
    fn closed(&self, text: &str) -> String {
        let header = text[self.header.clone()].replace(['+', '-'], "");
        let (style, rest) = header.split_at(1);
        format!("{}{style}-{rest}{}", &text[..self.header.start], &text[self.header.end..])
    }
}

fn open_end(source: &Source<'_>) -> Result<Option<OpenEnd>, MergeError> {
    if source.text.ends_with('\n') {
        return Ok(None);
    }
    let Some(root) = Reader::new(source)?.document()?.root else { return Ok(None) };
    let mut last = &root;
    while let Some(member) = last.members().last() {
        last = &member.value;
    }
    let end = |at: usize| source.text[at..].find(char::is_whitespace).map_or(at, |length| at + length);
    let header = last.span.start..end(last.span.start);
    let is_block = source.text[header.clone()].starts_with(['|', '>']);
    let keeps_end = !source.text[header.clone()].contains('-');
    let last_line = source.line_start(source.text.len());
    let is_open = header.start < last_line && last_line < last.span.end;
    Ok((is_block && keeps_end && is_open).then_some(OpenEnd { header }))
}

impl Syntax for Yaml {
    fn read(&self, source: &Source<'_>) -> Result<Document, MergeError> {
        Reader::new(source)?.document()
    }

    fn write(
        &self,
        pair: &Pair<'_>,
        first: &Document,
        second: &Document,
        edits: &[Edit<'_>],
    ) -> Result<Splices, Vec<Clash>> {
        let clashes = bindings(pair, &first.yaml, &second.yaml, edits);
        let keeps_empty_lines = [pair.first, pair.second].iter().any(|source| {
            let mut heads = source.text.lines().filter_map(|line| line.split(" #").next());
            heads.any(|head| head.trim_end().ends_with('+'))
        });
        let splices = Splices::default();
        let mut writer = Writer { pair, first, second, edits, splices, clashes, keeps_empty_lines };
        for edit in edits {
            writer.edit(edit);
        }
        if writer.clashes.is_empty() { Ok(writer.splices) } else { Err(writer.clashes) }
    }
}

/// What ties a document together but stands in no tree.
#[derive(Default)]
pub(super) struct Bindings {
    /// The `---` before the document.
    pub mark: Option<Range<usize>>,
    /// Whether the key `<<` brings the entries of other tables.
    pub inherits: bool,
    /// In their order.
    anchors: Vec<Anchor>,
    /// In their order.
    aliases: Vec<Alias>,
}

impl Document {
    /// The value itself or, of an alias, what its anchor names.
    pub fn stands_for<'t>(&'t self, value: &'t Node) -> Option<&'t Node> {
        let Data::Alias(_) = value.data else { return Some(value) };
        let Bindings { anchors, aliases, .. } = &self.yaml;
        let place = aliases.binary_search_by_key(&value.span.start, |alias| alias.at).ok()?;
        let named = &anchors[aliases[place].anchor].value;
        let mut found = self.root.as_ref()?;
        while found.span != *named {
            let members = found.members();
            let behind = members.partition_point(|member| member.key_at.start <= named.start);
            found = &members[behind.checked_sub(1)?].value;
        }
        Some(found)
    }
}

struct Anchor {
    name: String,
    at: usize,
    /// What it names.
    value: Range<usize>,
    /// None as long as that is not complete.
    meaning: Option<Meaning>,
}

struct Alias {
    at: usize,
    /// By its place.
    anchor: usize,
}

/// What stands around a value or an entry.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Around {
    /// Lines, by their indentation.
    Lines,
    Brackets,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Collection {
    List,
    Table,
}

impl Collection {
    fn of(data: &Data) -> Collection {
        if matches!(data, Data::List(_)) { Collection::List } else { Collection::Table }
    }
}

/// An event and where it stands, in bytes.
type Placed<'t> = (Event<'t>, Range<usize>);

struct Reader<'r, 't> {
    source: &'r Source<'t>,
    events: std::iter::Peekable<std::vec::IntoIter<Placed<'t>>>,
    bindings: Bindings,
    /// The end of the last scalar.
    done: usize,
    /// Where keys and scalars stand, in their order.
    scalars: Vec<Range<usize>>,
}

/// All events of a text.
fn events(text: &str) -> Result<Vec<Placed<'_>>, (usize, ScanError)> {
    // The parser counts characters.
    let mut bytes: Vec<usize> = text.char_indices().map(|(at, _)| at).collect();
    bytes.push(text.len());
    let byte = |index: usize| bytes.get(index).copied().unwrap_or(text.len());
    let mut events = Vec::new();
    let mut parser = Parser::new_from_str(text);
    while let Some(event) = parser.next_event() {
        let (event, span) = event.map_err(|error| (byte(error.marker().index()), error))?;
        let end = event == Event::StreamEnd;
        events.push((event, byte(span.start.index())..byte(span.end.index())));
        if end {
            break;
        }
    }
    Ok(events)
}

impl<'r, 't> Reader<'r, 't> {
    fn new(source: &'r Source<'t>) -> Result<Reader<'r, 't>, MergeError> {
        let events = events(source.text).map_err(|(at, error)| source.unreadable(at, error.info()))?;
        let bindings = Bindings { inherits: true, ..Bindings::default() };
        Ok(Reader { source, events: events.into_iter().peekable(), bindings, done: 0, scalars: Vec::new() })
    }

    fn document(mut self) -> Result<Document, MergeError> {
        let mut root = None;
        while let Some((event, span)) = self.events.next() {
            match event {
                Event::DocumentStart(_) if root.is_some() => {
                    return Err(self.source.unreadable(span.start, "it has more than one document"));
                }
                Event::DocumentStart(explicit) => {
                    let from = if explicit { span.end } else { self.start() };
                    self.bindings.mark = explicit.then_some(span);
                    root = Some(self.value(from, 0, Around::Lines)?);
                }
                _ => {}
            }
        }
        Ok(Document {
            root: root.filter(|root| !root.is_absent()),
            comments: self.comments(),
            yaml: self.bindings,
            ..Document::default()
        })
    }

    /// All comments: what `#` begins between the scalars.
    fn comments(&self) -> Vec<Range<usize>> {
        let text = self.source.text;
        let mut scalars = self.scalars.iter().peekable();
        let mut comments: Vec<Range<usize>> = Vec::new();
        for (at, _) in text.match_indices('#') {
            while scalars.next_if(|scalar| scalar.end <= at).is_some() {}
            let is_within = scalars.peek().is_some_and(|scalar| scalar.start <= at)
                || comments.last().is_some_and(|comment| at < comment.end);
            if !is_within && (at == self.start() || text[..at].ends_with([' ', '\t', '\n'])) {
                comments.push(at..self.source.line_end(at));
            }
        }
        comments
    }

    fn start(&self) -> usize {
        if self.source.text.starts_with('\u{feff}') { 3 } else { 0 }
    }

    fn text(&self, from: usize) -> &'t str {
        &self.source.text[from..]
    }

    /// Notes the anchor that stands somewhere behind a place, and gives its end.
    fn anchor(&mut self, from: usize) -> usize {
        let at = COMMENTS.skip(self.source.text, from);
        let Some(name) = self.text(at).strip_prefix('&') else { return at };
        let end = name.find(|c: char| c.is_whitespace() || ",[]{}".contains(c)).unwrap_or(name.len());
        let behind = at + 1 + end;
        let (name, value) = (name[..end].to_owned(), behind..behind);
        self.bindings.anchors.push(Anchor { name, at, value, meaning: None });
        behind
    }

    fn next(&mut self) -> Result<Placed<'t>, MergeError> {
        let missing = || self.source.unreadable(self.source.text.len(), "a value is missing");
        self.events.next().ok_or_else(missing)
    }

    fn value(&mut self, from: usize, depth: usize, around: Around) -> Result<Node, MergeError> {
        let number = match self.events.peek() {
            Some((Event::Scalar(_, _, number, _), _)) => *number,
            Some((Event::SequenceStart(number, _) | Event::MappingStart(number, _), _)) => *number,
            _ => 0,
        };
        if number == 0 {
            return self.bare(from, depth, around);
        }
        let start = self.anchor(from);
        // The parser numbers them from 1.
        if self.bindings.anchors.len() != number {
            return Err(self.source.unreadable(start, "an anchor should be here"));
        }
        let node = self.bare(start, depth, around)?;
        let anchor = &mut self.bindings.anchors[number - 1];
        (anchor.value, anchor.meaning) = (node.span.clone(), Some(node.meaning()));
        Ok(node)
    }

    /// A value without its anchor.
    fn bare(&mut self, from: usize, depth: usize, around: Around) -> Result<Node, MergeError> {
        let (event, span) = self.next()?;
        match event {
            Event::Scalar(_, _, _, Some(_))
            | Event::SequenceStart(_, Some(_))
            | Event::MappingStart(_, Some(_)) => {
                Err(self.source.unreadable(span.start, "tags such as `!!str` are not supported"))
            }
            Event::Alias(number) => {
                let anchor = number.checked_sub(1).and_then(|place| self.bindings.anchors.get(place));
                let Some(meaning) = anchor.and_then(|anchor| anchor.meaning) else {
                    return Err(self.source.unreadable(span.start, "an alias stands within its own anchor"));
                };
                self.bindings.aliases.push(Alias { at: span.start, anchor: number - 1 });
                self.done = span.end;
                Ok(Node { data: Data::Alias(meaning), span, form: Form::Flow })
            }
            Event::Scalar(text, style, ..) => Ok(self.scalar(&text, style, span, from)),
            Event::MappingStart(..) | Event::SequenceStart(..) if depth >= MAX_DEPTH => {
                Err(self.source.unreadable(span.start, format!("it is more than {MAX_DEPTH} levels deep")))
            }
            Event::MappingStart(..) | Event::SequenceStart(..) => {
                let collection = match event {
                    Event::SequenceStart(..) => Collection::List,
                    _ => Collection::Table,
                };
                let start = COMMENTS.skip(self.source.text, from);
                let bracket = if collection == Collection::List { '[' } else { '{' };
                match (self.text(start).starts_with(bracket), collection) {
                    (true, _) => self.flow(start, depth, collection),
                    (false, _) if around == Around::Brackets => Err(self
                        .source
                        .unreadable(span.start, "a pair in a list between brackets needs braces")),
                    (false, Collection::List) => self.items(start, depth),
                    (false, Collection::Table) => self.entries(start, depth),
                }
            }
            _ => Err(self.source.unreadable(span.start, "a value is missing")),
        }
    }

    fn scalar(&mut self, text: &str, style: ScalarStyle, span: Range<usize>, from: usize) -> Node {
        let written = &self.source.text[span.clone()];
        let start = COMMENTS.skip(self.source.text, from);
        let span = match style {
            ScalarStyle::Plain if text.is_empty() => from..from,
            ScalarStyle::Literal | ScalarStyle::Folded => {
                let header = self.source.line_end(start);
                let all = &self.source.text[start..span.end.max(header)];
                // `+` keeps the empty lines behind it.
                let keeps =
                    self.source.text[start..header].split(" #").next().is_some_and(|head| head.contains('+'));
                let end = if keeps { all.strip_suffix('\n').unwrap_or(all) } else { all.trim_end() };
                start..start + end.trim_end_matches([' ', '\r']).len().max(1)
            }
            ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted => {
                start..start + quoted_length(self.text(start))
            }
            ScalarStyle::Plain => span.start..span.start + written.trim_end().len(),
        };
        self.done = span.end;
        self.scalars.push(span.clone());
        let scalar =
            if style == ScalarStyle::Plain { core_schema(text) } else { Scalar::Text(text.to_owned()) };
        Node { data: Data::Scalar(scalar), span, form: Form::Flow }
    }

    /// A key, and the end of it with its colon; in flow style the colon may be missing.
    fn key(
        &mut self,
        keys: &mut BTreeSet<String>,
        around: Around,
    ) -> Result<(String, Range<usize>, usize), MergeError> {
        let (event, span) = self.next()?;
        let Event::Scalar(text, _, 0, None) = event else {
            return Err(self
                .source
                .unreadable(span.start, "only scalars without anchors and tags can be keys"));
        };
        self.scalars.push(span.clone());
        let key = text.into_owned();
        if !keys.insert(key.clone()) {
            return Err(self
                .source
                .unreadable(span.start, format!("the key `{key}` stands twice in one table")));
        }
        let behind = self.text(span.end);
        let space = behind.len() - behind.trim_start_matches([' ', '\t']).len();
        self.done = span.end;
        if behind[space..].starts_with(':') {
            let end = span.end + space + 1;
            return Ok((key, span, end));
        }
        if around == Around::Brackets {
            let end = span.end;
            return Ok((key, span, end));
        }
        Err(self.source.unreadable(span.start, "keys that `?` introduces are not supported"))
    }

    fn ends(&mut self, end: &Event<'_>) -> bool {
        self.events.next_if(|(event, _)| event == end).is_some()
    }

    fn flow(&mut self, start: usize, depth: usize, collection: Collection) -> Result<Node, MergeError> {
        let (mut bare, mut keys) = (Vec::new(), BTreeSet::new());
        let close = match collection {
            Collection::List => Event::SequenceEnd,
            Collection::Table => Event::MappingEnd,
        };
        let mut from = start + 1;
        while !self.ends(&close) {
            let (key, key_at, begin) = match collection {
                Collection::List => {
                    let at = COMMENTS.skip(self.source.text, from);
                    (String::new(), at..at, at)
                }
                Collection::Table => self.key(&mut keys, Around::Brackets)?,
            };
            let value = self.value(begin, depth + 1, Around::Brackets)?;
            let behind = COMMENTS.skip(self.source.text, value.span.end);
            from = behind + usize::from(self.text(behind).starts_with(','));
            bare.push(Bare { key, key_at, value });
        }
        // The place of that event is sometimes the one of the next.
        let bracket = COMMENTS.skip(self.source.text, from);
        if !self.text(bracket).starts_with([']', '}']) {
            return Err(self.source.unreadable(bracket, "a closing bracket should be here"));
        }
        let end = bracket + 1;
        self.done = end;
        let members = flow::members(self.source.text, &(start..end), bare, COMMENTS);
        let data = match collection {
            Collection::List => Data::List(members),
            Collection::Table => Data::Map(members),
        };
        Ok(Node { data, span: start..end, form: Form::Flow })
    }

    fn entries(&mut self, start: usize, depth: usize) -> Result<Node, MergeError> {
        let (mut members, mut keys) = (Vec::new(), BTreeSet::new());
        while !self.ends(&Event::MappingEnd) {
            let limit = members.last().map_or(self.done, |member: &Member| member.whole.end);
            let (key, key_at, from) = self.key(&mut keys, Around::Lines)?;
            let value = self.value(from, depth + 1, Around::Lines)?;
            members.push(self.member(key, key_at, value, limit));
        }
        Ok(self.block(start, members, Data::Map))
    }

    fn items(&mut self, start: usize, depth: usize) -> Result<Node, MergeError> {
        let mut members = Vec::new();
        let mut from = start;
        while !self.ends(&Event::SequenceEnd) {
            let limit = members.last().map_or(self.done, |member: &Member| member.whole.end);
            let dash = COMMENTS.skip(self.source.text, from);
            if !self.text(dash).starts_with('-') {
                return Err(self.source.unreadable(dash, "an item of a list should be here"));
            }
            let value = self.value(dash + 1, depth + 1, Around::Lines)?;
            from = value.span.end;
            members.push(self.member(String::new(), dash..dash, value, limit));
        }
        Ok(self.block(start, members, Data::List))
    }

    /// A member of lines, with the comments that belong to it; none from before a limit.
    fn member(&self, key: String, key_at: Range<usize>, value: Node, limit: usize) -> Member {
        let start = if self.source.begins_line(key_at.start) {
            self.comments_before(key_at.start, limit)
        } else {
            key_at.start
        };
        let end = self.comments_below(value.span.end, column(self.source, key_at.start) + 1, Gaps::Skipped);
        Member { key, key_at, value, whole: start..end, comma: None }
    }

    /// Where the comments begin that stand above a key. What comes from a text brings also those above an
    /// empty line: they have no other place.
    fn comments_before(&self, key: usize, limit: usize) -> usize {
        let source = self.source;
        let mut start = source.comments_above(key, limit);
        // On top of all, they are about all.
        if source.side == Side::First || limit == 0 {
            return start;
        }
        loop {
            let above = source.text[..source.line_start(start)].trim_end().len();
            let gap = source.text[above..].find('\n').map_or(start, |end| above + end + 1);
            let group = if above > limit { source.comments_above(gap, limit) } else { gap };
            if group == gap {
                return start;
            }
            start = group;
        }
    }

    /// The end of the comments below the line of a place that are at least at a column, else of that
    /// line.
    fn comments_below(&self, from: usize, least: usize, gaps: Gaps) -> usize {
        let mut end = self.source.line_end(from);
        for (at, line) in self.lines_below(end) {
            match line.trim_start_matches(' ') {
                "" if gaps == Gaps::Skipped => {}
                content if content.starts_with('#') && line.len() - content.len() >= least => {
                    end = at + line.len();
                }
                _ => break,
            }
        }
        end
    }

    /// The lines below that of a place, with where they begin.
    fn lines_below(&self, at: usize) -> impl Iterator<Item = (usize, &'t str)> {
        let text = self.source.text;
        let mut at = text[at..].find('\n').map_or(text.len(), |end| at + end + 1);
        std::iter::from_fn(move || {
            let line = text[at..].split_inclusive('\n').next()?;
            let start = at;
            at += line.len();
            Some((start, line.trim_end_matches(['\n', '\r'])))
        })
    }

    fn block(&self, start: usize, mut members: Vec<Member>, data: fn(Vec<Member>) -> Data) -> Node {
        let first = members.first().map_or(start, |member| member.key_at.start);
        let end = members.last().map_or(start, |member| member.value.span.end);
        let column = column(self.source, first);
        if let Some(last) = members.last_mut() {
            let gaps = if self.source.side == Side::Second { Gaps::Skipped } else { Gaps::Ending };
            let below = self.comments_below(last.whole.end, column, gaps);
            // What is about the next key stands at the column of a list only if the list is at that of
            // its own key.
            let next = self
                .lines_below(below)
                .map(|(_, line)| line)
                .find(|line| !line.trim().is_empty() && !line.trim_start().starts_with('#'));
            if next.is_none_or(|next| next.len() - next.trim_start_matches(' ').len() < column) {
                last.whole.end = below;
            }
        }
        Node { data: data(members), span: first..end.max(first), form: Form::Block(column) }
    }
}

/// What empty lines are to the comments around them.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Gaps {
    Skipped,
    /// The end.
    Ending,
}

/// The length of the quoted scalar at the start of a text. The place that the parser gives of an
/// empty one reaches further.
fn quoted_length(text: &str) -> usize {
    let quote = if text.starts_with('\'') { '\'' } else { '"' };
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = quote == '"',
            // In single quotes, a quote is written twice.
            '\'' if quote == c && text[at + 1..].starts_with(c) => escaped = true,
            _ if c == quote => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// The column of a place, from 0.
fn column(source: &Source<'_>, at: usize) -> usize {
    source.text[source.line_start(at)..at].trim_start_matches('\u{feff}').chars().count()
}

/// What a plain scalar is, by the core schema of YAML 1.2.2, section 10.3.2.
fn core_schema(text: &str) -> Scalar {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Scalar::Null,
        "true" | "True" | "TRUE" => return Scalar::Bool(true),
        "false" | "False" | "FALSE" => return Scalar::Bool(false),
        _ => {}
    }
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    let radix = |prefix: &str, radix| i128::from_str_radix(digits.strip_prefix(prefix)?, radix).ok();
    let whole = if digits.len() == text.len() { radix("0o", 8).or_else(|| radix("0x", 16)) } else { None };
    let decimal =
        digits.starts_with(|c: char| c.is_ascii_digit()).then(|| text.parse::<i128>().ok()).flatten();
    if let Some(number) = whole.or(decimal) {
        return Scalar::Number(number.to_string());
    }
    if !digits.is_empty() && digits.chars().all(|c| c.is_ascii_digit()) {
        let sign = if text.starts_with('-') { "-" } else { "" };
        return Scalar::Number(format!("{sign}{}", digits.trim_start_matches('0')));
    }
    let infinite = [".inf", ".Inf", ".INF"].contains(&digits);
    let nan = [".nan", ".NaN", ".NAN"].contains(&text);
    let starts = digits.starts_with(|c: char| c.is_ascii_digit())
        || digits.strip_prefix('.').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    match text.parse::<f64>() {
        Ok(number) if starts && number.is_finite() => Scalar::Number(format!("{number:?}")),
        _ if infinite || nan => Scalar::Number(text.to_ascii_lowercase()),
        _ => Scalar::Text(text.to_owned()),
    }
}

/// What would tie an alias to something else than its own text does.
///
/// An alias stands for the last anchor of its name before it. So what is brought must bring no name
/// that is there, and its aliases their anchors, unless the first has the same; and what an alias of
/// the first stands for must not change.
fn bindings(pair: &Pair<'_>, ours: &Bindings, theirs: &Bindings, edits: &[Edit<'_>]) -> Vec<Clash> {
    let mut brought: Vec<(&Range<usize>, Vec<&str>, &Node)> = Vec::new();
    for edit in edits {
        match edit {
            Edit::Grow { into, path, added } => brought.extend(added.iter().filter_map(|addition| {
                let What::Member(member) = addition.what else { return None };
                Some((&member.whole, [&path[..], &[&member.key]].concat(), *into))
            })),
            Edit::Replace { old, new, path, .. } => brought.push((&new.span, path.clone(), *old)),
            Edit::Rewrite { .. } | Edit::Widen { .. } => {}
        }
    }
    let anchors = |span: &Range<usize>| {
        let place = |at: usize| theirs.anchors.partition_point(|anchor| anchor.at < at);
        place(span.start)..place(span.end)
    };
    let mut is_brought = vec![false; theirs.anchors.len()];
    for (span, ..) in &brought {
        is_brought[anchors(span)].fill(true);
    }
    let mut names: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (place, anchor) in ours.anchors.iter().enumerate() {
        names.entry(&anchor.name).or_default().push(place);
    }
    // Where each anchor of the first is needed last.
    let mut needed = vec![0; ours.anchors.len()];
    for alias in &ours.aliases {
        needed[alias.anchor] = alias.at;
    }
    let mut clashes = Vec::new();
    let mut seen: BTreeSet<&str> = BTreeSet::new();
    for (span, path, old) in &brought {
        let mut is_bound = true;
        for anchor in &theirs.anchors[anchors(span)] {
            is_bound &= !names.contains_key(&*anchor.name) && seen.insert(&anchor.name);
        }
        let from = theirs.aliases.partition_point(|alias| alias.at < span.start);
        for alias in theirs.aliases[from..].iter().take_while(|alias| alias.at < span.end) {
            let anchor = &theirs.anchors[alias.anchor];
            match names.get(&*anchor.name).map(Vec::as_slice) {
                _ if is_brought[alias.anchor] => {}
                Some(&[same]) if ours.anchors[same].meaning == anchor.meaning => needed[same] = usize::MAX,
                _ => is_bound = false,
            }
        }
        if !is_bound {
            clashes.push(pair.clash(path.join("."), &old.span, span, Why::Anchor));
        }
    }
    clashes.extend(changed(pair, &ours.anchors, &needed, edits));
    clashes
}

/// The edits that change what an alias of the first, or one that comes to it, stands for; given where
/// each anchor is needed last, 0 for not at all.
fn changed(pair: &Pair<'_>, anchors: &[Anchor], needed: &[usize], edits: &[Edit<'_>]) -> Vec<Clash> {
    // What the outermost of them name, as these contain all others.
    let mut outermost: Vec<&Range<usize>> = Vec::new();
    for (Anchor { value, .. }, needed) in anchors.iter().zip(needed) {
        if *needed > 0 && outermost.last().is_none_or(|last| last.end < value.end) {
            outermost.push(value);
        }
    }
    let is_within = |span: &Range<usize>| {
        let before = outermost.partition_point(|value| value.start <= span.start);
        before.checked_sub(1).is_some_and(|place| span.end <= outermost[place].end)
    };
    let takes_away = |span: &Range<usize>| {
        let from = anchors.partition_point(|anchor| anchor.at < span.start);
        let to = anchors.partition_point(|anchor| anchor.at < span.end);
        needed[from..to].iter().any(|last| *last >= span.end)
    };
    let clash = |edit: &Edit<'_>| {
        let (path, old, second) = match edit {
            Edit::Grow { into, path, added } => {
                let second = match &added.first()?.what {
                    What::Member(member) => pair.second.excerpt(&member.whole),
                    What::Written { text, line } => Excerpt { line: *line, text: text.clone() },
                };
                (path, into, is_within(&into.span).then_some(second)?)
            }
            Edit::Replace { old, new, path, .. } => {
                let is_needed = is_within(&old.span) || takes_away(&old.span);
                (path, old, is_needed.then(|| pair.second.excerpt(&new.span))?)
            }
            Edit::Rewrite { old, path, text, line } => {
                let second = Excerpt { line: *line, text: text.clone() };
                (path, old, is_within(&old.span).then_some(second)?)
            }
            // Only TOML writes one thing as a value or as a table.
            Edit::Widen { .. } => return None,
        };
        Some(Clash { key: path.join("."), first: pair.first.excerpt(&old.span), second, why: Why::Anchor })
    };
    edits.iter().filter_map(clash).collect()
}

struct Writer<'w, 't> {
    pair: &'w Pair<'t>,
    first: &'w Document,
    second: &'w Document,
    edits: &'w [Edit<'w>],
    splices: Splices,
    clashes: Vec<Clash>,
    /// Whether there may be a scalar of which the empty lines behind it are a part.
    keeps_empty_lines: bool,
}

impl Writer<'_, '_> {
    fn edit(&mut self, edit: &Edit<'_>) {
        match edit {
            Edit::Grow { into, added, .. } => match into.form {
                Form::Block(column) => self.block(into, column, added),
                _ if into.is_empty() && self.fill(into, added) => {}
                _ => self.flow(into, added),
            },
            Edit::Replace { member, old, new, path } => self.replace(*member, old, new, path),
            Edit::Rewrite { old, text, line, .. } => {
                let gap = if old.span.is_empty() { " " } else { "" };
                let text = format!("{gap}{}", json::quoted(text));
                self.splices.put(old.span.clone(), vec![Piece::rewritten(text, *line)]);
            }
            // Only TOML writes one thing as a value or as a table.
            Edit::Widen { .. } => {}
        }
    }

    fn flow(&mut self, into: &Node, added: &[Addition<'_>]) {
        let mut splices = std::mem::take(&mut self.splices);
        flow::grow(self.pair, &mut splices, into, added, &STYLE, &|member, indentation| {
            let line = self.pair.second.line(member.key_at.start);
            if self.fits_in_flow(&member.value) {
                let start = if member.key.is_empty() { member.value.span.start } else { member.key_at.start };
                vec![self.pair.moved(start..member.value.span.end, indentation)]
            } else {
                let mut pieces = Vec::new();
                self.remarks_within(&member.value, &mut member.key_at.end.clone(), indentation, &mut pieces);
                pieces.push(Piece::rewritten(self.pair_text(member), line));
                pieces
            }
        });
        self.splices = splices;
    }

    /// The comments between the scalars of a value of the second from a place on; the place moves to the
    /// last scalar.
    fn remarks_within(&self, value: &Node, from: &mut usize, indentation: &str, pieces: &mut Vec<Piece>) {
        for member in value.members() {
            self.remarks(*from..member.key_at.start, indentation, pieces);
            *from = member.key_at.end;
            self.remarks_within(&member.value, from, indentation, pieces);
        }
        if value.members().is_empty() {
            self.remarks(*from..value.span.start, indentation, pieces);
            *from = value.span.end;
        }
    }

    /// The comments in a part of the second without scalars, each in a line of its own.
    fn remarks(&self, part: Range<usize>, indentation: &str, pieces: &mut Vec<Piece>) {
        let (second, mut at) = (self.pair.second, part.start);
        for line in second.text.get(part).unwrap_or_default().split_inclusive('\n') {
            let is_comment = |start: &usize| !line[..*start].ends_with(|c: char| !c.is_whitespace());
            let mut marks = line.match_indices('#').map(|(start, _)| start);
            if let Some(start) = marks.find(is_comment) {
                pieces.push(Piece::rewritten(line[start..].trim_end(), second.line(at)));
                pieces.push(Piece::glue(format!("{}{indentation}", self.pair.line_break)));
            }
            at += line.len();
        }
    }

    /// Turns brackets with nothing between them into lines, where lines may stand; whether they may.
    fn fill(&mut self, into: &Node, added: &[Addition<'_>]) -> bool {
        let first = self.pair.first;
        let before = first.text[..into.span.start].trim_end_matches(' ');
        let is_root = self.first.root.as_ref().is_some_and(|root| root.span == into.span);
        let in_flow =
            self.first.root.as_ref().is_some_and(|root| is_in_flow(root, before.len().saturating_sub(1)));
        let inner = &first.text[into.span.start + 1..into.span.end - 1];
        if !is_root && (in_flow || !before.ends_with(':')) || !inner.trim().is_empty() {
            return false;
        }
        let key = first.text[first.line_start(into.span.start)..].trim_start_matches(['\u{feff}', ' ', '-']);
        let outer = column(first, first.text.len() - key.len());
        let collection = Collection::of(&into.data);
        let to = if is_root { 0 } else { outer + self.pair.step.len().max(2) };
        let mut pieces = Vec::new();
        for (place, addition) in added.iter().enumerate() {
            if !is_root || place > 0 {
                pieces.push(Piece::glue(format!("{}{}", self.pair.line_break, " ".repeat(to))));
            }
            self.entry(&addition.what, to, collection, &mut pieces);
        }
        if is_root {
            self.splices.put(into.span.clone(), pieces);
        } else {
            self.splices.put(before.len()..into.span.end, Vec::new());
            self.splices.insert(first.line_end(into.span.end), pieces);
        }
        true
    }

    /// Whether a value of the second means the same between brackets.
    fn fits_in_flow(&self, value: &Node) -> bool {
        let text = &self.pair.second.text[value.span.clone()];
        match value.data {
            _ if matches!(value.form, Form::Block(_)) => false,
            Data::Scalar(_) => {
                text.starts_with(['"', '\''])
                    || !text.starts_with(['|', '>']) && !text.contains([',', '[', ']', '{', '}', '\n'])
            }
            _ => true,
        }
    }

    fn pair_text(&self, member: &Member) -> String {
        let value = self.inline(&member.value);
        if member.key.is_empty() {
            return value;
        }
        let key = &self.pair.second.text[member.key_at.clone()];
        let key = if key.contains([',', '[', ']', '{', '}']) {
            Cow::from(json::quoted(&member.key))
        } else {
            key.into()
        };
        if value.is_empty() { format!("{key}:") } else { format!("{key}: {value}") }
    }

    /// A value of the second in flow style.
    fn inline(&self, value: &Node) -> String {
        let text = || self.pair.second.text[value.span.clone()].to_owned();
        if self.fits_in_flow(value) {
            return text();
        }
        let members =
            value.members().iter().map(|member| self.pair_text(member)).collect::<Vec<_>>().join(", ");
        match &value.data {
            Data::Map(_) => format!("{{ {members} }}"),
            Data::List(_) => format!("[{members}]"),
            Data::Scalar(Scalar::Text(text)) => json::quoted(text),
            Data::Scalar(_) | Data::Alias(_) => text(),
        }
    }

    fn block(&mut self, into: &Node, column: usize, added: &[Addition<'_>]) {
        let Some(last) = into.members().last() else { return };
        let (first, collection) = (self.pair.first, Collection::of(&into.data));
        let mut behind = Vec::new();
        let gaps = self.gaps(into, added);
        for ((addition, before), gap) in added.iter().zip(self.needed_before(into, added)).zip(gaps) {
            let line = Piece::glue(format!("{}{}", self.pair.line_break, " ".repeat(column)));
            let next = addition.after.map_or(0, |after| after + 1);
            let Some(before) = before.or((next < into.members().len()).then_some(next)) else {
                if gap {
                    behind.push(Piece::glue(self.pair.line_break));
                }
                behind.push(line);
                self.entry(&addition.what, column, collection, &mut behind);
                continue;
            };
            let next = into.members()[before].whole.start;
            let mut pieces = Vec::new();
            self.entry(&addition.what, column, collection, &mut pieces);
            if first.begins_line(next) {
                pieces.insert(0, Piece::glue(" ".repeat(column)));
                pieces.push(Piece::glue(self.pair.line_break));
                let mark = first.text.len() - first.text.trim_start_matches('\u{feff}').len();
                self.splices.insert(first.line_start(next).max(mark), pieces);
            } else {
                pieces.push(line);
                self.splices.insert(next, pieces);
            }
        }
        self.splices.insert(last.whole.end, behind);
    }

    /// Before which new members an empty line goes: where there is one before each that is there, or
    /// before the new one in its own text if only one is there.
    fn gaps(&self, into: &Node, added: &[Addition<'_>]) -> Vec<bool> {
        let gap = |source: &Source<'_>, member: &Member| {
            let above = &source.text[..source.line_start(member.whole.start)];
            above[above.trim_end().len()..].matches('\n').count() > 1
        };
        let all = into.members().iter().skip(1).all(|member| gap(self.pair.first, member));
        if !all || self.keeps_empty_lines {
            return vec![false; added.len()];
        }
        let is_one = |addition: &Addition<'_>| match addition.what {
            What::Member(member) => into.members().len() > 1 || gap(self.pair.second, member),
            What::Written { .. } => into.members().len() > 1,
        };
        added.iter().map(is_one).collect()
    }

    /// For each new member of a table of the first, the member there that comes to use an anchor of it
    /// and so must stand behind it; none if the new one can stand behind them all.
    fn needed_before(&self, into: &Node, added: &[Addition<'_>]) -> Vec<Option<usize>> {
        let Bindings { anchors, aliases, .. } = &self.second.yaml;
        let named = |span: &Range<usize>| {
            let place = |at: usize| anchors.partition_point(|anchor| anchor.at < at);
            place(span.start)..place(span.end)
        };
        let whole = |addition: &Addition<'_>| match addition.what {
            What::Member(member) => member.whole.clone(),
            What::Written { .. } => 0..0,
        };
        let mut places = vec![None; added.len()];
        if added.iter().all(|addition| named(&whole(addition)).is_empty()) {
            return places;
        }
        // What is brought into the members that are there, with their places.
        let mut brought = Vec::new();
        for edit in self.edits {
            let (at, spans) = match edit {
                Edit::Grow { into: other, added, .. } if other.span != into.span => {
                    (other.span.start, added.iter().map(whole).collect())
                }
                Edit::Replace { old, new, .. } => (old.span.start, vec![new.span.clone()]),
                _ => continue,
            };
            let behind = into.members().partition_point(|member| member.key_at.start <= at);
            if let (Some(place), true) = (behind.checked_sub(1), into.span.contains(&at)) {
                brought.extend(spans.into_iter().map(|span| (span, place)));
            }
        }
        // The first member that uses each anchor.
        let mut users = vec![None; anchors.len()];
        let uses = |span: &Range<usize>, place: usize, users: &mut [Option<usize>]| {
            let from = aliases.partition_point(|alias| alias.at < span.start);
            for alias in aliases[from..].iter().take_while(|alias| alias.at < span.end) {
                let user = &mut users[alias.anchor];
                *user = Some(user.map_or(place, |user| user.min(place)));
            }
        };
        for (span, place) in &brought {
            uses(span, *place, &mut users);
        }
        for (addition, place) in added.iter().zip(&mut places).rev() {
            let span = whole(addition);
            *place = users[named(&span)].iter().flatten().copied().min();
            if let Some(place) = *place {
                uses(&span, place, &mut users);
            }
        }
        places
    }

    /// An entry or an item of the second at a column.
    fn entry(&self, what: &What<'_>, to: usize, collection: Collection, pieces: &mut Vec<Piece>) {
        let second = self.pair.second;
        let member = match what {
            What::Member(member) => member,
            What::Written { text, line } => {
                let dash = if collection == Collection::List { "- " } else { "" };
                return pieces.push(Piece::rewritten(format!("{dash}{text}"), *line));
            }
        };
        if !self.is_between_brackets(member) {
            pieces.push(self.restyled(member.whole.clone(), slice::from_ref(member), to));
            return;
        }
        let value = member.value.span.clone();
        let indentation = " ".repeat(to);
        self.remarks(member.whole.start..member.key_at.start, &indentation, pieces);
        self.remarks(member.comma.unwrap_or(value.end)..member.whole.end, &indentation, pieces);
        // Without brackets around it, a colon needs a space behind it.
        let head = match &second.text[member.key_at.clone()] {
            _ if collection == Collection::List => "- ".to_owned(),
            key if value.is_empty() => format!("{key}:"),
            key => format!("{key}: "),
        };
        pieces.push(Piece::rewritten(head, second.line(member.key_at.start)));
        pieces.push(self.pair.moved(value, &" ".repeat(to + self.pair.step.len())));
    }

    /// Whether a member of the second is in flow style.
    fn is_between_brackets(&self, member: &Member) -> bool {
        self.second.root.as_ref().is_some_and(|root| is_in_flow(root, member.key_at.start))
    }

    /// Members of the second in block style, the outermost at a column, all others by the steps of
    /// the first. What is inside of a value moves with its key, so that a block scalar keeps its text.
    fn restyled(&self, span: Range<usize>, members: &[Member], to: usize) -> Piece {
        let second = self.pair.second;
        let mut columns = BTreeMap::new();
        self.columns(members, to, &mut columns);
        let mut text = String::new();
        let (mut number, mut moved) = (second.line(span.start), (0, 0));
        let first = number;
        for line in second.text[span.clone()].split('\n').map(|line| line.trim_end_matches('\r')) {
            let content = line.trim_start_matches(' ');
            let column =
                if number == first { column(second, span.start) } else { line.len() - content.len() };
            if let Some(&to) = columns.get(&number) {
                moved = (column, to);
            }
            let column = (column + moved.1).saturating_sub(moved.0);
            if number > first {
                text += self.pair.line_break;
                if !content.is_empty() || column > moved.1 {
                    text += &" ".repeat(column);
                }
            }
            text += content;
            number += 1;
        }
        Piece::rewritten(text, first)
    }

    /// The column that each line goes to in which a member of a block, or a comment on it, begins.
    fn columns(&self, members: &[Member], to: usize, columns: &mut BTreeMap<usize, usize>) {
        let second = self.pair.second;
        let step = self.pair.step.len().max(2);
        for member in members {
            let line = second.line(member.key_at.start);
            for line in second.line(member.whole.start)..=line {
                columns.entry(line).or_insert(to);
            }
            let outer = column(second, member.key_at.start);
            let (inner, below) = match member.value.form {
                Form::Block(inner) if second.line(member.value.span.start) == line => {
                    (inner, to + inner - outer)
                }
                Form::Block(inner) if inner == outer => (inner, to),
                Form::Block(inner) => (inner, to + step),
                _ => (outer, to),
            };
            if member.value.form != Form::Flow {
                self.columns(member.value.members(), below, columns);
            }
            let comments = &second.text[second.line_end(member.value.span.end)..member.whole.end];
            let lines = (second.line(member.value.span.end)..).zip(comments.split('\n')).skip(1);
            for (line, comment) in lines {
                let at = comment.len() - comment.trim_start_matches(' ').len();
                let (from, to) = if at < inner { (outer, to) } else { (inner, below) };
                columns.entry(line).or_insert(to + at.saturating_sub(from));
            }
        }
    }

    fn replace(&mut self, member: Option<&Member>, old: &Node, new: &Node, path: &[&str]) {
        let (first, second) = (self.pair.first, self.pair.second);
        let line = second.line(new.span.start);
        let whole = |node: &Node| match node.members() {
            [one, .., last] => one.whole.start..last.whole.end,
            [one] => one.whole.clone(),
            [] => node.span.clone(),
        };
        let has_remarks = || {
            let (all, mut remarks) = (whole(new), Vec::new());
            let mut from = all.start;
            self.remarks_within(new, &mut from, "", &mut remarks);
            self.remarks(from..all.end, "", &mut remarks);
            !remarks.is_empty()
        };
        match (old.form, new.form, member) {
            (Form::Block(to), Form::Block(_), _)
                if matches!(old.data, Data::Map(_)) == matches!(new.data, Data::Map(_)) =>
            {
                self.splices.put(whole(old), vec![self.restyled(whole(new), new.members(), to)]);
            }
            (_, Form::Block(_), Some(member))
                if old.is_absent() && !member.key.is_empty() && member.comma.is_none() =>
            {
                let to = column(first, member.key_at.start) + self.pair.step.len();
                let at = first.line_end(old.span.end);
                let gap = format!("{}{}", self.pair.line_break, " ".repeat(to));
                self.splices.insert(at, vec![Piece::glue(gap), self.restyled(whole(new), new.members(), to)]);
            }
            // A value between brackets would lose its comments.
            (Form::Flow, Form::Block(_), Some(member))
                if has_remarks()
                    && first.begins_line(member.key_at.start)
                    && first.text[member.key_at.end..old.span.start].trim_end_matches(' ') == ":"
                    && !self
                        .first
                        .root
                        .as_ref()
                        .is_some_and(|root| is_in_flow(root, member.key_at.start)) =>
            {
                let to = column(first, member.key_at.start) + self.pair.step.len().max(2);
                let gap = format!("{}{}", self.pair.line_break, " ".repeat(to));
                let pieces = vec![Piece::glue(gap), self.restyled(whole(new), new.members(), to)];
                let behind = first.line_end(old.span.end);
                self.splices.put(member.key_at.end + 1..old.span.end, Vec::new());
                self.splices.put(behind..behind, pieces);
            }
            (Form::Block(_), _, Some(member)) => {
                let mark = if member.key.is_empty() { '-' } else { ':' };
                let Some(at) = first.text[member.key_at.end..old.span.start].find(mark) else {
                    let clash = self.pair.clash(path.join("."), &old.span, &new.span, Why::Whole);
                    return self.clashes.push(clash);
                };
                let start = member.key_at.end + at + 1;
                let text = format!(" {}", self.inline(new));
                self.splices.put(start..whole(old).end, vec![Piece::rewritten(text, line)]);
            }
            _ => {
                let gap = if old.span.is_empty() { " " } else { "" };
                let text = format!("{gap}{}", self.inline(new));
                self.splices.put(old.span.clone(), vec![Piece::rewritten(text, line)]);
            }
        }
    }
}

/// Whether the innermost table or list around a place is in flow style.
fn is_in_flow(node: &Node, at: usize) -> bool {
    let members = node.members();
    let place = members.partition_point(|member| member.key_at.start <= at);
    match place.checked_sub(1).map(|place| &members[place]) {
        Some(member)
            if member.key_at.start < at
                && (member.value.span.start..=member.value.span.end).contains(&at) =>
        {
            is_in_flow(&member.value, at)
        }
        _ => node.form == Form::Flow,
    }
}

/// A text that is not the YAML that is read here.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("line {line}, column {column}: {message}")]
pub struct YamlError {
    /// Why.
    pub message: String,
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
}

/// The value of a text of YAML, by the core schema of YAML 1.2; without a document it is null.
///
/// Aliases are written out, up to [`MAX_VALUES`] values in all. `<<` is a key as any other.
///
/// # Errors
/// The text is not YAML, is beyond a limit, or has what JSON does not: several documents, tags,
/// keys that are no scalars, numbers that are not finite.
pub fn yaml_to_json(text: &str) -> Result<serde_json::Value, YamlError> {
    let read = |text| -> Result<serde_json::Value, MergeError> {
        let source = Source::new(Side::First, text)?;
        // It refuses what a tree cannot say, with the place.
        Reader::new(&source)?.document()?;
        let events = events(text).map_err(|(at, error)| source.unreadable(at, error.info()))?;
        let mut builder =
            Builder { source: &source, events: events.into_iter(), anchors: BTreeMap::new(), count: 0 };
        builder.events.find(|(event, _)| matches!(event, Event::DocumentStart(_)));
        builder.value().map(|(value, _)| value)
    };
    read(text).map_err(|error| match error {
        MergeError::Unreadable { message, line, column, .. } => YamlError { message, line, column },
        // Nothing is merged.
        MergeError::Clashes(_) => YamlError { message: error.to_string(), line: 1, column: 1 },
    })
}

struct Builder<'r, 't> {
    source: &'r Source<'t>,
    events: std::vec::IntoIter<Placed<'t>>,
    /// What each anchor stands for, and of how many values that is.
    anchors: BTreeMap<usize, (serde_json::Value, usize)>,
    count: usize,
}

impl Builder<'_, '_> {
    /// The next value and the number of values in it; null at the end of a list or a table.
    fn value(&mut self) -> Result<(serde_json::Value, usize), MergeError> {
        let Some((event, span)) = self.events.next() else { return Ok((serde_json::Value::Null, 1)) };
        let before = self.count;
        self.count += 1 + span.len() / 64;
        let (value, anchor) = match event {
            Event::Alias(anchor) => {
                let size = self.anchors.get(&anchor).map_or(1, |(_, size)| *size);
                self.count += size;
                self.limit(span.start)?;
                let Some((value, _)) = self.anchors.get(&anchor) else {
                    return Err(self.source.unreadable(span.start, "an alias stands within its own anchor"));
                };
                (value.clone(), 0)
            }
            Event::Scalar(text, ScalarStyle::Plain, anchor, _) => (self.scalar(&text, span.start)?, anchor),
            Event::Scalar(text, _, anchor, _) => (text.into_owned().into(), anchor),
            Event::SequenceStart(anchor, _) => {
                let mut items = Vec::new();
                while !self.ends(&Event::SequenceEnd) {
                    items.push(self.value()?.0);
                }
                (items.into(), anchor)
            }
            Event::MappingStart(anchor, _) => {
                let mut entries = serde_json::Map::new();
                while !self.ends(&Event::MappingEnd) {
                    let Some((Event::Scalar(key, ..), _)) = self.events.next() else { break };
                    entries.insert(key.into_owned(), self.value()?.0);
                }
                (entries.into(), anchor)
            }
            _ => (serde_json::Value::Null, 0),
        };
        self.limit(span.start)?;
        let size = self.count - before;
        if anchor > 0 {
            self.anchors.insert(anchor, (value.clone(), size));
        }
        Ok((value, size))
    }

    fn ends(&mut self, end: &Event<'_>) -> bool {
        let found = self.events.as_slice().first().is_none_or(|(event, _)| event == end);
        if found {
            self.events.next();
        }
        found
    }

    fn limit(&self, at: usize) -> Result<(), MergeError> {
        if self.count <= MAX_VALUES {
            return Ok(());
        }
        Err(self.source.unreadable(at, format!("with its aliases it has more than {MAX_VALUES} values")))
    }

    fn scalar(&self, text: &str, at: usize) -> Result<serde_json::Value, MergeError> {
        Ok(match core_schema(text) {
            Scalar::Null => serde_json::Value::Null,
            Scalar::Bool(value) => value.into(),
            Scalar::Text(text) | Scalar::Moment(text) => text.into(),
            Scalar::Number(number) => match serde_json::from_str(&number) {
                Ok(value) => value,
                Err(_) => return Err(self.source.unreadable(at, format!("`{text}` is no number of JSON"))),
            },
        })
    }
}
