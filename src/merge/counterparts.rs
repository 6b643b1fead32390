//! What stands in a joined text for each entry and item of the second.

use std::collections::{BTreeMap, VecDeque};

use super::deep::Document;
use super::remarks::{Annotated, Found, Spot, Standing, ends_line};
use super::source::Source;
use super::tree::{Data, Form, Member, Node};
use super::versions::{self, Ecosystem};
use super::{Policy, Side, Whose};
use crate::composition::{Lists, Prefer};

/// A text with its comments and what they can be about.
pub(super) fn annotated<'t>(source: &'t Source<'t>, document: &Document) -> Annotated<'t> {
    let mut spots = Vec::new();
    let root = document.root.as_ref();
    if let Some(root) = root {
        collect(source, root, &mut spots);
    }
    let bracket = root.filter(|root| root.form == Form::Flow).map(|root| root.span.start);
    Annotated::new(source, &document.comments, spots, bracket)
}

/// Where a member begins. The key of a table of TOML may stand in the header of another.
fn start(member: &Member) -> usize {
    match member.value.form {
        Form::Table(_) => member.value.span.start,
        Form::Flow | Form::Block(_) => member.key_at.start,
    }
}

/// The end of a node and of all that is in it.
fn end(node: &Node) -> usize {
    match node.form {
        Form::Table(_) => {
            node.members().iter().map(|member| end(&member.value)).fold(node.span.end, usize::max)
        }
        Form::Flow | Form::Block(_) => node.span.end,
    }
}

/// Adds what is in a node.
fn collect(source: &Source<'_>, node: &Node, spots: &mut Vec<Spot>) {
    for member in node.members() {
        let at = start(member);
        // The line `a.b = 1` is that of `b`.
        let is_its_own = |inner: &Member| source.line(start(inner)) != source.line(at);
        if !matches!(member.value.form, Form::Table(_)) || member.value.members().iter().all(is_its_own) {
            spots.push(Spot { at, end: end(&member.value) });
        }
        collect(source, &member.value, spots);
    }
}

/// Looks for what the second has in the joined text.
pub(super) struct Search<'s, 't> {
    pub joined: &'s Source<'s>,
    pub lines: &'s [Whose],
    pub ecosystem: Ecosystem,
    pub policy: &'s Policy,
    pub path: Vec<&'t str>,
    /// By where it begins in the second.
    pub found: BTreeMap<usize, Found>,
}

impl<'t> Search<'_, 't> {
    pub fn nodes(&mut self, joined: &Node, second: &'t Node) {
        let append = matches!(second.data, Data::List(_))
            && matches!(self.policy.lists(&self.path), Some(Lists::Append));
        if append {
            return;
        }
        let mut known: BTreeMap<String, VecDeque<&Member>> = BTreeMap::new();
        let is_mixed = matches!(joined.data, Data::Map(_)) != matches!(second.data, Data::Map(_));
        let name = |path: &[&str], member: &Member| match (&joined.data, &second.data) {
            (Data::List(_), Data::List(_)) => self.item(path, member),
            _ if is_mixed && member.key.is_empty() => {
                member.value.text().map(|text| text.split('=').next().unwrap_or(text).to_owned())
            }
            _ => Some(member.key.clone()),
        };
        for member in joined.members() {
            let name = name(&self.path, member).unwrap_or_else(|| member.value.fingerprint());
            known.entry(name).or_default().push_back(member);
        }
        let mut pairs = Vec::new();
        for member in second.members() {
            let name = name(&self.path, member).unwrap_or_else(|| member.value.fingerprint());
            let Some(there) = known.get_mut(&name) else { continue };
            let Some(&ours) = there.front() else { continue };
            if there.len() > 1 {
                there.pop_front();
            }
            pairs.push((ours, member));
        }
        for (ours, member) in pairs {
            self.path.push(if member.key.is_empty() { "*" } else { &member.key });
            let standing = self.standing(ours, member);
            let spot = Spot { at: start(ours), end: end(&ours.value) };
            self.found.insert(start(member), Found { spot, room: self.room(ours), standing });
            self.nodes(&ours.value, &member.value);
            self.path.pop();
        }
    }

    /// What an item of a list is known by, if not by all of it.
    fn item(&self, path: &[&str], item: &Member) -> Option<String> {
        match self.policy.lists(path) {
            Some(Lists::By(key)) => Some(item.value.get(key)?.value.fingerprint()),
            None | Some(Lists::Union) if self.ecosystem.lists_packages(path) => {
                versions::package(item.value.text()?)
            }
            _ => None,
        }
    }

    fn standing(&self, ours: &Member, theirs: &Member) -> Standing {
        let is_second = self.lines[self.joined.line(start(ours)) - 1].side == Side::Second;
        let is_joined = match (&ours.value.data, &theirs.value.data) {
            (Data::Scalar(one), Data::Scalar(other)) => one != other,
            (Data::Scalar(_), _) | (_, Data::Scalar(_)) => true,
            _ => return Standing::Second,
        };
        match self.policy.prefer {
            Some(Prefer::Earlier) if is_joined => Standing::First,
            _ if is_joined => Standing::Joined,
            Some(Prefer::Later) if is_second => Standing::Replaced,
            _ => Standing::Second,
        }
    }

    /// The end of the first line of a member, if a comment can stand there.
    fn room(&self, member: &Member) -> Option<usize> {
        let (source, value) = (self.joined, &member.value);
        let line = source.line(start(member));
        let end = source.line_end(start(member));
        if !source.begins_line(start(member)) {
            return None;
        }
        if value.span.end <= end {
            return ends_line(source, value.span.end);
        }
        match value.members().first() {
            // Of an item of YAML the line is that of its first entry, too.
            Some(inner) if source.line(start(inner)) == line => match inner.value.members() {
                [] if inner.value.span.end <= end => ends_line(source, inner.value.span.end),
                _ => None,
            },
            Some(_) => {
                let opening = source.text[member.key_at.end..end].trim();
                opening.chars().all(|c| ":={[- ".contains(c)).then_some(end)
            }
            None => None,
        }
    }
}
