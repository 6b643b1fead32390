//! TOML: sections, dotted keys, inline tables and arrays of tables.
//!
//! `toml` says whether a text is TOML; where its parts stand is read from the events of the lexer
//! that it uses, too. A table can be written as a section, as dotted keys or between braces. What
//! is new takes the form of the table it goes into, and a section stays a section where it can.

use std::ops::Range;

use indexmap::IndexMap;
use indexmap::map::Entry;
use toml_parser::Source as Raw;
use toml_parser::decoder::ScalarKind;
use toml_parser::parser::{Event, EventKind, RecursionGuard, parse_document};

use super::deep::{Addition, Document, Edit, Syntax, What};
use super::flow::{self, Bare, Comments, Style};
use super::json::quoted;
use super::source::{Pair, Piece, Source, Splices};
use super::tree::{Data, Form, Member, Node, Scalar};
use super::{Clash, MAX_DEPTH, MergeError, Why};

pub(super) struct Toml;

/// Where the tables that are not between braces stand.
#[derive(Default)]
pub(super) struct Layout {
    tables: Vec<Table>,
    /// The sections, each from its comments to the end of its last line.
    sections: Vec<Range<usize>>,
}

#[derive(Default)]
struct Table {
    /// As its header has it or would have it.
    path: String,
    /// What stands before its keys in the section they are in.
    prefix: String,
    /// The end of the line that another of its keys goes behind; none without keys and header.
    body: Option<usize>,
    indentation: String,
    /// Where it begins, and the end of the last line of it and of all that is in it.
    whole: Range<usize>,
    /// The sections in it.
    sections: Vec<usize>,
    /// Whether it is made of dotted keys.
    dotted: bool,
}

/// The index of no table: dotted keys between braces.
const NOWHERE: usize = usize::MAX;

impl Syntax for Toml {
    fn read(&self, source: &Source<'_>) -> Result<Document, MergeError> {
        let mut events: Vec<Event> = Vec::new();
        let raw = Raw::new(source.text);
        let depth = u32::try_from(MAX_DEPTH).unwrap_or(u32::MAX);
        // What is wrong, the reader below says better.
        parse_document(&raw.lex().into_vec(), &mut RecursionGuard::new(&mut events, depth), &mut ());
        limit_keys(source, &events)?;
        toml::de::DeTable::parse(source.text).map_err(|error| {
            let at = error.span().map_or(0, |span| span.start.min(source.text.len()));
            source.unreadable(at, error.message())
        })?;
        Reader::new(source, raw, &events).document()
    }

    fn write(
        &self,
        pair: &Pair<'_>,
        first: &Document,
        second: &Document,
        edits: &[Edit<'_>],
    ) -> Result<Splices, Vec<Clash>> {
        let mut writer = Writer {
            pair,
            ours: &first.layout,
            theirs: &second.layout,
            splices: Splices::default(),
            before: Vec::new(),
            clashes: Vec::new(),
        };
        for edit in edits {
            writer.edit(edit);
        }
        for (at, pieces) in writer.before.drain(..).rev() {
            writer.splices.insert(at, pieces);
        }
        if writer.clashes.is_empty() { Ok(writer.splices) } else { Err(writer.clashes) }
    }
}

/// Refuses keys of too many parts before something recurses over them.
fn limit_keys(source: &Source<'_>, events: &[Event]) -> Result<(), MergeError> {
    let mut parts = 0;
    for event in events {
        match event.kind() {
            EventKind::KeySep => parts += 1,
            EventKind::SimpleKey | EventKind::Whitespace => {}
            _ => parts = 0,
        }
        if parts >= MAX_DEPTH {
            let message = format!("it is more than {MAX_DEPTH} levels deep");
            return Err(source.unreadable(event.span().start(), message));
        }
    }
    Ok(())
}

/// A key or a part of one, and where it stands.
type Key = (String, Range<usize>);

/// What a key leads to while the tables are still open.
enum Slot {
    Value(Member),
    Table(usize),
    Tables(Vec<usize>),
}

/// What a part of a key is of.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Step {
    /// The header of a table, or of an element of an array where the array is known.
    Table,
    /// The header of another element of an array.
    Element,
    /// A dotted key.
    Dotted,
}

#[derive(Default)]
struct Open {
    entries: IndexMap<String, Slot>,
    key_at: Range<usize>,
    span: Range<usize>,
    lead: usize,
    layout: Table,
}

struct Reader<'r, 't> {
    source: &'r Source<'t>,
    raw: Raw<'t>,
    events: &'r [Event],
    at: usize,
    tables: Vec<Open>,
    sections: Vec<Range<usize>>,
    /// The tables from the root to the one whose section it is.
    chain: Vec<usize>,
    /// The end of the last line with something else than a comment.
    done: usize,
}

impl<'r, 't> Reader<'r, 't> {
    fn new(source: &'r Source<'t>, raw: Raw<'t>, events: &'r [Event]) -> Reader<'r, 't> {
        Reader {
            source,
            raw,
            events,
            at: 0,
            tables: vec![Open::default()],
            sections: Vec::new(),
            chain: vec![0],
            done: 0,
        }
    }

    fn document(mut self) -> Result<Document, MergeError> {
        while let Some(event) = self.events.get(self.at) {
            match event.kind() {
                EventKind::StdTableOpen | EventKind::ArrayTableOpen => self.header(),
                EventKind::SimpleKey => self.entry()?,
                _ => self.at += 1,
            }
        }
        let comments = self.events.iter().filter(|event| event.kind() == EventKind::Comment);
        let comments = comments.map(range).collect();
        if self.tables[0].entries.is_empty() {
            return Ok(Document { comments, ..Document::default() });
        }
        let (root, mut layout) = (self.close(0), Layout::default());
        layout.tables = self.tables.into_iter().map(|table| table.layout).collect();
        layout.sections = self.sections;
        Ok(Document { root: Some(root), layout, comments, ..Document::default() })
    }

    /// The tree below a table, once all is read.
    fn close(&mut self, table: usize) -> Node {
        let entries = std::mem::take(&mut self.tables[table].entries);
        let members = entries
            .into_iter()
            .map(|(key, slot)| match slot {
                Slot::Value(member) => member,
                Slot::Table(inner) => {
                    let value = self.close(inner);
                    self.member(key, inner, value)
                }
                Slot::Tables(items) => {
                    let first = items[0];
                    let items = items
                        .into_iter()
                        .map(|item| {
                            let value = self.close(item);
                            Member {
                                key_at: value.span.start..value.span.start,
                                ..self.member(String::new(), item, value)
                            }
                        })
                        .collect();
                    let span = self.tables[first].span.clone();
                    self.member(key, first, Node { data: Data::List(items), span, form: Form::Table(first) })
                }
            })
            .collect();
        Node { data: Data::Map(members), span: self.tables[table].span.clone(), form: Form::Table(table) }
    }

    fn member(&self, key: String, table: usize, value: Node) -> Member {
        let Open { key_at, lead, span, .. } = &self.tables[table];
        Member { key, key_at: key_at.clone(), value, whole: *lead..span.end, comma: None }
    }

    fn header(&mut self) {
        let open = self.events[self.at];
        let several = open.kind() == EventKind::ArrayTableOpen;
        let start = open.span().start();
        self.at += 1;
        let keys = self.keys(&[EventKind::StdTableClose, EventKind::ArrayTableClose]);
        let end = self.source.line_end(start);
        let lead = self.source.comments_above(start, self.done);
        let behind = self.comments_below(end);
        self.done = behind;
        self.sections.push(lead..behind);
        self.chain = vec![0];
        for (place, key) in keys.iter().enumerate() {
            let step = if several && place + 1 == keys.len() { Step::Element } else { Step::Table };
            let next = self.step(key, step, start..end, lead);
            self.chain.push(next);
        }
        let [.., table] = self.chain[..] else { return };
        let indentation = self.source.indentation(start).to_owned();
        let open = &mut self.tables[table];
        open.span = start..end;
        open.lead = lead;
        (open.layout.body, open.layout.indentation) = (Some(behind), indentation);
        let section = self.sections.len() - 1;
        for &table in &self.chain {
            self.tables[table].layout.sections.push(section);
        }
        self.reaches(&self.chain.clone(), lead..behind);
    }

    /// The end of the comments right below a line, if neither an entry nor a header is right below
    /// them; else the end of the line.
    fn comments_below(&self, end: usize) -> usize {
        let text = self.source.text;
        let mut behind = end;
        while let Some(length) = text[behind..].find('\n') {
            let next = behind + length + 1;
            let line_end = self.source.line_end(next);
            match text[next..line_end].trim_start() {
                "" => break,
                line if line.starts_with('#') => behind = line_end,
                _ => return end,
            }
        }
        behind
    }

    /// Something of these tables stands there.
    fn reaches(&mut self, tables: &[usize], span: Range<usize>) {
        for &table in tables {
            let whole = &mut self.tables[table].layout.whole;
            if whole.end == 0 {
                whole.start = span.start;
            }
            whole.end = span.end;
        }
    }

    /// The table that a part of a key leads to from the last of the chain.
    fn step(&mut self, key: &Key, step: Step, span: Range<usize>, lead: usize) -> usize {
        let from = self.chain.last().copied().unwrap_or(0);
        let count = self.tables.len();
        let raw = &self.source.text[key.1.clone()];
        let above = &self.tables[from].layout;
        let joined = |text: &str| if text.is_empty() { raw.to_owned() } else { format!("{text}.{raw}") };
        let dotted = step == Step::Dotted;
        let layout = Table {
            path: joined(&above.path),
            prefix: if dotted { format!("{}{raw}.", above.prefix) } else { String::new() },
            whole: lead..span.end,
            dotted,
            ..Table::default()
        };
        let open = Open { key_at: key.1.clone(), span, lead, layout, ..Open::default() };
        let next = match self.tables[from].entries.entry(key.0.clone()) {
            Entry::Vacant(place) => {
                place.insert(match step {
                    Step::Element => Slot::Tables(vec![count]),
                    Step::Table | Step::Dotted => Slot::Table(count),
                });
                count
            }
            Entry::Occupied(mut there) => match there.get_mut() {
                Slot::Tables(items) if step == Step::Element => {
                    items.push(count);
                    count
                }
                Slot::Tables(items) => items.last().copied().unwrap_or(0),
                Slot::Table(table) => *table,
                // The reader of `toml` refuses it.
                Slot::Value(_) => count,
            },
        };
        if next == count {
            self.tables.push(open);
        }
        next
    }

    /// The parts of a key up to one of these events, and past it.
    fn keys(&mut self, until: &[EventKind]) -> Vec<Key> {
        let mut keys = Vec::new();
        while let Some(event) = self.events.get(self.at) {
            self.at += 1;
            if until.contains(&event.kind()) {
                break;
            }
            if event.kind() == EventKind::SimpleKey {
                let mut key = std::borrow::Cow::Borrowed("");
                if let Some(raw) = self.raw.get(event) {
                    raw.decode_key(&mut key, &mut ());
                }
                keys.push((key.into_owned(), range(event)));
            }
        }
        keys
    }

    /// `key = value` of a section.
    fn entry(&mut self) -> Result<(), MergeError> {
        let mut keys = self.keys(&[EventKind::KeyValSep]);
        let Some(start) = keys.first().map(|(_, at)| at.start) else { return Ok(()) };
        let lead = self.source.comments_above(start, self.done);
        let value = self.value()?;
        let end = self.source.line_end(value.span.end);
        let behind = self.comments_below(end);
        self.done = behind;
        let Some((key, key_at)) = keys.pop() else { return Ok(()) };
        let section = self.chain.clone();
        for part in &keys {
            let next = self.step(part, Step::Dotted, start..end, lead);
            self.chain.push(next);
        }
        let indentation = self.source.indentation(start);
        // A dotted key is a line of each of the tables it leads through.
        for &table in &self.chain[section.len() - 1..] {
            let layout = &mut self.tables[table].layout;
            layout.body = Some(behind);
            layout.indentation = indentation.to_owned();
        }
        let table = self.chain.last().copied().unwrap_or(0);
        self.tables[table].entries.insert(
            key.clone(),
            Slot::Value(Member { key, key_at, value, whole: lead..behind, comma: None }),
        );
        let chain = std::mem::replace(&mut self.chain, section);
        self.reaches(&chain, lead..behind);
        if let Some(section) = self.sections.last_mut() {
            section.end = behind;
        }
        Ok(())
    }

    fn skip(&mut self) -> Option<Event> {
        loop {
            let event = *self.events.get(self.at)?;
            match event.kind() {
                EventKind::Whitespace | EventKind::Comment | EventKind::Newline => self.at += 1,
                _ => return Some(event),
            }
        }
    }

    fn value(&mut self) -> Result<Node, MergeError> {
        let Some(event) = self.skip() else {
            return Err(self.source.unreadable(self.done, "a value is missing"));
        };
        match event.kind() {
            EventKind::ArrayOpen => self.flow(EventKind::ArrayClose),
            EventKind::InlineTableOpen => self.flow(EventKind::InlineTableClose),
            _ => {
                self.at += 1;
                let span = range(&event);
                Ok(Node { data: Data::Scalar(self.scalar(&event)), span, form: Form::Flow })
            }
        }
    }

    fn scalar(&self, event: &Event) -> Scalar {
        let mut text = std::borrow::Cow::Borrowed("");
        let Some(raw) = self.raw.get(event) else { return Scalar::Null };
        match raw.decode_scalar(&mut text, &mut ()) {
            ScalarKind::String => Scalar::Text(text.replace("\r\n", "\n")),
            ScalarKind::Boolean(value) => Scalar::Bool(value),
            ScalarKind::DateTime => Scalar::Moment(text.into_owned()),
            ScalarKind::Float => {
                Scalar::Number(text.parse::<f64>().map_or(text.into_owned(), |value| format!("{value:?}")))
            }
            ScalarKind::Integer(radix) => Scalar::Number(
                i64::from_str_radix(&text, radix.value())
                    .map_or(text.into_owned(), |value| value.to_string()),
            ),
        }
    }

    fn flow(&mut self, close: EventKind) -> Result<Node, MergeError> {
        let start = self.events[self.at].span().start();
        self.at += 1;
        let mut bare: Vec<Bare> = Vec::new();
        let mut parts: Vec<Vec<Key>> = Vec::new();
        let end = loop {
            let Some(event) = self.skip() else { break self.source.text.len() };
            if event.kind() == close {
                self.at += 1;
                break event.span().end();
            }
            if event.kind() == EventKind::ValueSep {
                self.at += 1;
                continue;
            }
            let keys =
                if close == EventKind::ArrayClose { Vec::new() } else { self.keys(&[EventKind::KeyValSep]) };
            let value = self.value()?;
            let (key, key_at) = match &keys[..] {
                [] => (String::new(), value.span.start..value.span.start),
                [(key, at), ..] => (key.clone(), at.clone()),
            };
            bare.push(Bare { key, key_at, value });
            parts.push(keys);
        };
        let members = flow::members(self.source.text, &(start..end), bare, Comments::Hash);
        let data = if close == EventKind::ArrayClose {
            Data::List(members)
        } else {
            let mut tree = IndexMap::new();
            for (member, keys) in members.into_iter().zip(parts) {
                self.insert(&mut tree, member, &keys)?;
            }
            Data::Map(tree.into_values().map(Inline::close).collect())
        };
        Ok(Node { data, span: start..end, form: Form::Flow })
    }

    /// Puts an entry between braces where its key leads.
    fn insert(
        &self,
        mut tree: &mut IndexMap<String, Inline>,
        mut member: Member,
        keys: &[Key],
    ) -> Result<(), MergeError> {
        let Some(((key, key_at), path)) = keys.split_last() else { return Ok(()) };
        let end = member.value.span.end;
        for (part, part_at) in path {
            let count = tree.len();
            let slot = tree.entry(part.clone());
            if let Entry::Occupied(there) = &slot
                && there.index() + 1 < count
            {
                let message = format!("the dotted keys of `{part}` stand apart between braces");
                return Err(self.source.unreadable(there.get().member.key_at.start, message));
            }
            let table = slot.or_insert_with(|| Inline::table(part, part_at, &member));
            table.member.value.span.end = end;
            table.member.whole.end = member.whole.end;
            table.member.comma = member.comma;
            tree = &mut table.entries;
        }
        (member.key, member.key_at) = (key.clone(), key_at.clone());
        tree.insert(key.clone(), Inline::from(member));
        Ok(())
    }
}

/// An entry between braces, and what it has of dotted keys while they are open.
struct Inline {
    member: Member,
    entries: IndexMap<String, Inline>,
}

impl From<Member> for Inline {
    fn from(member: Member) -> Inline {
        Inline { member, entries: IndexMap::new() }
    }
}

impl Inline {
    /// A table of which a part of a key says that it is there.
    fn table(key: &str, key_at: &Range<usize>, first: &Member) -> Inline {
        let span = key_at.start..first.value.span.end;
        let value = Node { data: Data::Map(Vec::new()), span, form: Form::Table(NOWHERE) };
        let (key, key_at, whole) = (key.to_owned(), key_at.clone(), first.whole.clone());
        Inline::from(Member { key, key_at, value, whole, comma: None })
    }

    fn close(self) -> Member {
        let mut member = self.member;
        if !self.entries.is_empty() {
            member.value.data = Data::Map(self.entries.into_values().map(Inline::close).collect());
        }
        member
    }
}

fn range(event: &Event) -> Range<usize> {
    event.span().start()..event.span().end()
}

struct Writer<'w, 't> {
    pair: &'w Pair<'t>,
    ours: &'w Layout,
    theirs: &'w Layout,
    splices: Splices,
    /// What goes before a table, from the innermost out.
    before: Vec<(usize, Vec<Piece>)>,
    clashes: Vec<Clash>,
}

impl Writer<'_, '_> {
    fn edit(&mut self, edit: &Edit<'_>) {
        match edit {
            Edit::Grow { into, path, added } => match (into.form, &into.data) {
                (Form::Table(NOWHERE), _) => self.refuse(path, into, added),
                (Form::Table(_), Data::List(items)) => self.items(path, into, items, added),
                (Form::Table(table), _) => self.table(table, added),
                _ => self.flow(into, added),
            },
            Edit::Replace { old, new, path, .. } => {
                if old.form == Form::Flow {
                    self.splices.put(old.span.clone(), self.inline(new));
                } else {
                    self.clashes.push(self.pair.clash(path.join("."), &old.span, &new.span, Why::Table));
                }
            }
            Edit::Rewrite { old, text, line, .. } => {
                let literal =
                    self.pair.first.text[old.span.clone()].starts_with('\'') && !text.contains('\'');
                let text = if literal { format!("'{text}'") } else { quoted(text) };
                self.splices.put(old.span.clone(), vec![Piece::rewritten(text, *line)]);
            }
            Edit::Widen { old, key, added } => {
                self.splices.insert(old.span.start, vec![Piece::glue(format!("{{ {key} = "))]);
                let more =
                    added.iter().flat_map(|member| [vec![Piece::glue(", ")], self.entry(member)].concat());
                let pieces = more.chain([Piece::glue(" }")]).collect();
                self.splices.insert(old.span.end, pieces);
            }
        }
    }

    fn refuse(&mut self, path: &[&str], into: &Node, added: &[Addition<'_>]) {
        for addition in added {
            if let What::Member(member) = addition.what {
                let clash = self.pair.clash(path.join("."), &into.span, &member.value.span, Why::Table);
                self.clashes.push(clash);
            }
        }
    }

    fn flow(&mut self, into: &Node, added: &[Addition<'_>]) {
        let list = matches!(into.data, Data::List(_));
        // Before TOML 1.1, braces stand in one line.
        let style = Style { comments: Comments::Hash, lines: list, hanging: false };
        let mut splices = std::mem::take(&mut self.splices);
        flow::grow(self.pair, &mut splices, into, added, &style, &|member, indentation| match (
            list,
            member.value.form,
        ) {
            (true, Form::Flow) => vec![self.raw(&member.value, indentation)],
            (true, _) => self.inline(&member.value),
            (false, _) => self.entry(member),
        });
        self.splices = splices;
    }

    /// More elements of an array of tables.
    fn items(&mut self, path: &[&str], into: &Node, items: &[Member], added: &[Addition<'_>]) {
        let (Some(Form::Table(last)), Form::Table(first)) =
            (items.last().map(|item| item.value.form), into.form)
        else {
            return;
        };
        let mut pieces = Vec::new();
        for addition in added {
            let What::Member(member) = addition.what else { continue };
            match (&member.value.data, member.value.form) {
                (_, Form::Table(table)) if table != NOWHERE => self.sections(table, &mut pieces),
                (Data::Map(members), _) => {
                    let header = format!("[[{}]]", self.ours.tables[first].path);
                    let line = self.pair.second.line(member.value.span.start);
                    let gap = self.pair.line_break.repeat(2);
                    pieces.extend([Piece::glue(gap), Piece::rewritten(header, line)]);
                    for member in members {
                        pieces.push(Piece::glue(self.pair.line_break));
                        pieces.extend(self.entry(member));
                    }
                }
                _ => {
                    let clash = self.pair.clash(path.join("."), &into.span, &member.value.span, Why::Place);
                    self.clashes.push(clash);
                }
            }
        }
        self.splices.insert(self.ours.tables[last].whole.end, pieces);
    }

    /// The sections of a table of the second, as they stand there.
    fn sections(&self, table: usize, pieces: &mut Vec<Piece>) {
        for &section in &self.theirs.tables[table].sections {
            pieces.push(Piece::glue(self.pair.line_break.repeat(2)));
            let section = &self.theirs.sections[section];
            pieces.push(self.pair.copied(self.groups_above(section.start)..section.end));
        }
    }

    /// Where the comments of the second begin that stand above a place, each group above a blank line,
    /// and are of nothing above them; the place if the first has them all.
    fn groups_above(&self, place: usize) -> usize {
        let Pair { first, second, .. } = self.pair;
        let (mut start, mut group, mut at) = (place, None, second.line_start(place));
        while at > 0 {
            at = second.line_start(at - 1);
            let line = second.text[at..second.line_end(at)].trim_start_matches('\u{feff}');
            if line.trim_start().starts_with('#') {
                group = Some(second.line_end(at) - line.trim_start().len());
            } else if line.trim().is_empty() {
                start = group.take().unwrap_or(start);
            } else {
                group = None;
                break;
            }
        }
        start = group.unwrap_or(start);
        let is_there = |line: &str| first.text.contains(line.trim());
        if second.text[start..place].lines().all(is_there) { place } else { start }
    }

    fn table(&mut self, table: usize, added: &[Addition<'_>]) {
        let ours = &self.ours.tables[table];
        let (mut lines, mut sections) = (Vec::new(), Vec::new());
        for addition in added {
            let What::Member(member) = addition.what else { continue };
            match member.value.form {
                Form::Table(theirs) if !ours.dotted && self.is_of_sections(theirs) => {
                    match &member.value.data {
                        Data::List(items) => {
                            for item in items {
                                if let Form::Table(item) = item.value.form {
                                    self.sections(item, &mut sections);
                                }
                            }
                        }
                        _ => self.sections(theirs, &mut sections),
                    }
                }
                _ => self.lines(&ours.prefix, &ours.indentation, member, &mut lines),
            }
        }
        if !lines.is_empty() {
            match ours.body {
                Some(end) => {
                    let pieces = lines
                        .into_iter()
                        .flat_map(|line| std::iter::once(Piece::glue(self.pair.line_break)).chain(line));
                    self.splices.insert(end, pieces.collect());
                }
                None => {
                    let mut pieces = Vec::new();
                    if !ours.path.is_empty() {
                        pieces.push(Piece::glue(format!("[{}]{}", ours.path, self.pair.line_break)));
                    }
                    for line in lines {
                        pieces.extend(line);
                        pieces.push(Piece::glue(self.pair.line_break));
                    }
                    pieces.push(Piece::glue(self.pair.line_break));
                    self.before.push((ours.whole.start, pieces));
                }
            }
        }
        if !sections.is_empty() {
            self.splices.insert(ours.whole.end, sections);
        }
    }

    /// Whether a table of the second has sections and nothing else.
    fn is_of_sections(&self, table: usize) -> bool {
        self.theirs.tables.get(table).is_some_and(|table| !table.dotted && !table.sections.is_empty())
    }

    /// An entry as lines `key = value`: one, or one for each of its dotted keys.
    fn lines(&self, prefix: &str, indentation: &str, member: &Member, lines: &mut Vec<Vec<Piece>>) {
        let second = self.pair.second;
        let key = &second.text[member.key_at.clone()];
        if let (Data::Map(members), Form::Table(_)) = (&member.value.data, member.value.form)
            && !members.is_empty()
        {
            for inner in members {
                self.lines(&format!("{prefix}{key}."), indentation, inner, lines);
            }
            return;
        }
        let mut line = Vec::new();
        let start = second.line_start(member.key_at.start);
        let own_line = member.value.form == Form::Flow && member.comma.is_none();
        let lead = if own_line { self.groups_above(member.whole.start) } else { start };
        if lead < member.whole.start {
            line.push(Piece::glue(self.pair.line_break));
        }
        if lead < start {
            line.push(Piece::glue(indentation));
            line.push(self.pair.moved(lead..start, indentation));
        }
        line.push(Piece::glue(indentation));
        line.push(Piece::rewritten(format!("{prefix}{key} = "), second.line(member.key_at.start)));
        match member.value.form {
            Form::Flow => line.push(self.raw(&member.value, indentation)),
            _ => line.extend(self.inline(&member.value)),
        }
        if own_line && member.value.span.end < member.whole.end {
            line.push(self.pair.moved(member.value.span.end..member.whole.end, indentation));
        }
        lines.push(line);
    }

    /// A value as it stands in the second.
    fn raw(&self, value: &Node, indentation: &str) -> Piece {
        let text = &self.pair.second.text[value.span.clone()];
        // The lines of a string are its content.
        if text.contains("\"\"\"") || text.contains("'''") {
            self.pair.copied(value.span.clone())
        } else {
            self.pair.moved(value.span.clone(), indentation)
        }
    }

    /// An entry between braces.
    fn entry(&self, member: &Member) -> Vec<Piece> {
        let mut pieces = vec![self.pair.copied(member.key_at.clone()), Piece::glue(" = ")];
        pieces.extend(self.inline(&member.value));
        pieces
    }

    /// A value of the second in brackets, if it is not.
    fn inline(&self, value: &Node) -> Vec<Piece> {
        let (open, close, members): (_, _, Vec<Vec<Piece>>) = match &value.data {
            Data::Map(members) if value.form != Form::Flow => {
                ("{ ", " }", members.iter().map(|member| self.entry(member)).collect())
            }
            Data::List(items) if value.form != Form::Flow => {
                ("[", "]", items.iter().map(|item| self.inline(&item.value)).collect())
            }
            _ => return vec![self.pair.copied(value.span.clone())],
        };
        if members.is_empty() {
            return vec![Piece::rewritten("{}", self.pair.second.line(value.span.start))];
        }
        let separators = std::iter::once(open).chain(std::iter::repeat(", "));
        let mut pieces: Vec<Piece> = Vec::new();
        for (separator, member) in separators.zip(members) {
            pieces.push(Piece::glue(separator));
            pieces.extend(member);
        }
        pieces.push(Piece::glue(close));
        pieces
    }
}
