//! Joins two trees key by key and says what to change in the first text; how that is written is the
//! format's.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use super::compose_file;
use super::counterparts::{self, Search};
use super::inherited::{self, Inheritance};
use super::lines::before_the_next;
use super::remarks;
use super::source::{Pair, Piece, Source, Splices};
use super::toml::Layout;
use super::tree::{Data, Member, Node};
use super::versions::{self, Ecosystem, Identity, Joined};
use super::yaml::Bindings;
use super::{Clash, Excerpt, MergeError, Merged, Note, Policy, Side, Why};
use crate::composition::{Lists, Prefer};

/// A text that was read.
#[derive(Default)]
pub(super) struct Document {
    /// None if the text has only comments.
    pub root: Option<Node>,
    pub layout: Layout,
    /// In their order.
    pub comments: Vec<Range<usize>>,
    /// Of YAML only.
    pub yaml: Bindings,
}

/// A format with tables and lists.
pub(super) trait Syntax {
    /// # Errors
    /// The text is not of the format, or beyond a limit.
    fn read(&self, source: &Source<'_>) -> Result<Document, MergeError>;

    /// # Errors
    /// What cannot be written where it should go.
    fn write(
        &self,
        pair: &Pair<'_>,
        first: &Document,
        second: &Document,
        edits: &[Edit<'_>],
    ) -> Result<Splices, Vec<Clash>>;
}

/// A change of the first text.
pub(super) enum Edit<'t> {
    /// New members of a table or a list, at most once for each.
    Grow { into: &'t Node, path: Vec<&'t str>, added: Vec<Addition<'t>> },
    /// Another value in place of one.
    Replace { member: Option<&'t Member>, old: &'t Node, new: &'t Node, path: Vec<&'t str> },
    /// Another text in place of a string, on behalf of a line of the second.
    Rewrite { old: &'t Node, path: Vec<&'t str>, text: String, line: usize },
    /// A string that becomes the `key` of a table with more members.
    Widen { old: &'t Node, key: &'static str, added: Vec<&'t Member> },
}

pub(super) struct Addition<'t> {
    pub what: What<'t>,
    /// The member of the first that it stands behind; none: before all.
    pub after: Option<usize>,
}

pub(super) enum What<'t> {
    Member(&'t Member),
    /// What the second says there in another form.
    Written {
        text: String,
        line: usize,
    },
}

/// Joins two texts of a format.
///
/// # Errors
/// As [`merge`](super::merge).
pub(super) fn merge(
    syntax: &dyn Syntax,
    ecosystem: Ecosystem,
    first: &Source<'_>,
    second: &Source<'_>,
    policy: &Policy,
) -> Result<Merged, MergeError> {
    let (one, other) = (syntax.read(first)?, syntax.read(second)?);
    let Some(theirs) = other.root.as_ref().filter(|root| !root.is_empty()) else { return Ok(first.alone()) };
    let pair = Pair::new(first, second);
    let Some(ours) = &one.root else { return behind_comments(syntax, &pair, &one, &other, theirs) };
    let mut walk = Walk {
        pair: &pair,
        ecosystem,
        policy,
        path: Vec::new(),
        edits: Vec::new(),
        clashes: Vec::new(),
        notes: Vec::new(),
        inheritance: Inheritance { first: &one, second: &other, looked_at: 0 },
    };
    walk.join(None, ours, theirs);
    let Walk { edits, mut clashes, notes, .. } = walk;
    let splices = syntax.write(&pair, &one, &other, &edits).unwrap_or_else(|more| {
        clashes.extend(more);
        Splices::default()
    });
    if !clashes.is_empty() {
        return Err(MergeError::Clashes(clashes));
    }
    let merged = Merged { notes, ..splices.apply(first)? };
    let whole = pair.clash(String::new(), &ours.span, &theirs.span, Why::Whole);
    with_comments(syntax, ecosystem, merged, (second, &other), policy)?
        .ok_or(MergeError::Clashes(vec![whole]))
}

/// A joined text with the comments of the second at what both have; none if it cannot be read.
fn with_comments(
    syntax: &dyn Syntax,
    ecosystem: Ecosystem,
    merged: Merged,
    (second, other): (&Source<'_>, &Document),
    policy: &Policy,
) -> Result<Option<Merged>, MergeError> {
    let Merged { text, lines, notes } = &merged;
    let source = Source::new(Side::First, text)?;
    let Ok(document) = syntax.read(&source) else { return Ok(None) };
    let (Some(root), Some(theirs)) = (&document.root, &other.root) else { return Ok(None) };
    let theirs_annotated = counterparts::annotated(second, other);
    if !theirs_annotated.has_remarks() {
        return Ok(Some(merged));
    }
    let (path, found) = (Vec::new(), BTreeMap::new());
    let mut search = Search { joined: &source, lines, ecosystem, policy, path, found };
    search.nodes(root, theirs);
    let annotated = counterparts::annotated(&source, &document);
    let kept = remarks::keep(&annotated, lines, &theirs_annotated, &search.found)?;
    let is_same = |again: Node| again.fingerprint() == root.fingerprint();
    let means_the_same = reread(syntax, &kept).and_then(|document| document.root).is_some_and(is_same);
    Ok(means_the_same.then(|| Merged { notes: notes.clone(), ..kept }))
}

fn reread(syntax: &dyn Syntax, merged: &Merged) -> Option<Document> {
    syntax.read(&Source::new(Side::First, &merged.text).ok()?).ok()
}

/// The first has only comments: the second stands behind them.
fn behind_comments(
    syntax: &dyn Syntax,
    pair: &Pair<'_>,
    one: &Document,
    other: &Document,
    theirs: &Node,
) -> Result<Merged, MergeError> {
    let (first, second) = (pair.first.text, pair.second.text);
    let mut splices = Splices::default();
    let start = second.len() - second.trim_start_matches('\u{feff}').len();
    let mut pieces = Vec::new();
    if !first.ends_with('\n') {
        pieces.push(Piece::glue(pair.line_break));
    }
    match (&one.yaml.mark, &other.yaml.mark) {
        // One mark is enough, and two are two documents.
        (Some(_), Some(mark)) => {
            let behind = second[mark.end..].trim_start_matches([' ', '\t']).trim_start_matches(['\r', '\n']);
            let behind = second.len() - behind.len();
            pieces.extend([pair.copied(start..mark.start), pair.copied(behind..second.len())]);
        }
        _ => pieces.push(pair.copied(start..second.len())),
    }
    splices.insert(first.len(), pieces);
    let merged = splices.apply(pair.first)?;
    let whole = || pair.clash(String::new(), &(0..first.len()), &theirs.span, Why::Whole);
    match reread(syntax, &merged).and_then(|document| document.root) {
        Some(root) if root.fingerprint() == theirs.fingerprint() => Ok(merged),
        _ => Err(MergeError::Clashes(vec![whole()])),
    }
}

pub(super) struct Walk<'w, 't> {
    pub pair: &'w Pair<'w>,
    pub ecosystem: Ecosystem,
    policy: &'w Policy,
    pub path: Vec<&'t str>,
    pub edits: Vec<Edit<'t>>,
    pub clashes: Vec<Clash>,
    notes: Vec<Note>,
    pub inheritance: Inheritance<'t>,
}

impl<'t> Walk<'_, 't> {
    fn join(&mut self, member: Option<&'t Member>, first: &'t Node, second: &'t Node) {
        match (&first.data, &second.data) {
            (Data::Alias(_), _) | (_, Data::Alias(_)) => {
                if first.meaning() != second.meaning() {
                    self.differ(member, first, second, Why::Alias);
                }
            }
            (Data::Map(_), Data::List(_)) | (Data::List(_), Data::Map(_))
                if inherited::inherits(self, first, second) =>
            {
                self.differ(member, first, second, Why::Alias);
            }
            _ if compose_file::join(self, first, second) => {}
            (Data::Map(_), Data::Map(_))
                if self.wants_versions() && self.ecosystem.are_of_two_places(first, second) =>
            {
                self.differ(member, first, second, Why::Kinds);
            }
            (Data::Map(_) | Data::Scalar(_), Data::Map(_) | Data::Scalar(_))
                if self.wants_versions() && self.ecosystem.differ_by_default(&self.path, first, second) =>
            {
                self.differ(member, first, second, Why::Values);
            }
            (Data::Map(_), Data::Map(_)) => match self.places(first.members(), second.members()) {
                Some(places) => self.tables(first, second, &places),
                None => self.differ(member, first, second, Why::Keys),
            },
            (Data::List(ours), Data::List(theirs)) => self.lists(member, first, second, ours, theirs),
            (Data::Scalar(one), Data::Scalar(other)) if one == other => {}
            (Data::Scalar(_), Data::Scalar(_)) => self.scalars(member, first, second),
            (Data::Map(_) | Data::List(_), _) if second.is_absent() => {}
            (_, Data::Map(_) | Data::List(_)) if first.is_absent() => self.replace(member, first, second),
            (Data::Scalar(_), Data::Map(theirs))
                if self.wants_versions() && second.get("version").is_some() =>
            {
                self.widen(first, theirs);
            }
            (Data::Map(_), Data::Scalar(_)) if self.wants_versions() => match first.get("version") {
                Some(version) => self.scalars(Some(version), &version.value, second),
                None => self.differ(member, first, second, Why::Kinds),
            },
            _ => self.differ(member, first, second, Why::Kinds),
        }
    }

    /// Whether a table with a `version` may stand where a version stands alone.
    fn wants_versions(&self) -> bool {
        self.ecosystem == Ecosystem::Cargo && self.ecosystem.is_requirement(&self.path)
    }

    fn widen(&mut self, first: &'t Node, theirs: &'t [Member]) {
        let (version, rest): (Vec<&Member>, Vec<&Member>) =
            theirs.iter().partition(|member| member.key == "version");
        // Its braces go around what the version becomes.
        if !rest.is_empty() {
            self.edits.push(Edit::Widen { old: first, key: "version", added: rest });
        }
        if let [version] = version[..] {
            self.join(None, first, &version.value);
        }
    }

    /// Where the order of keys is their meaning: before which of ours each new one goes, or the end;
    /// none if the texts do not say.
    fn places(&self, ours: &[Member], theirs: &'t [Member]) -> Option<BTreeMap<&'t str, usize>> {
        let Some(keys) = self.ecosystem.orders_keys(&self.path) else { return Some(BTreeMap::new()) };
        let is_ordered = |member: &Member| keys.are_ordered(&member.key);
        let there: BTreeMap<&str, usize> =
            ours.iter().enumerate().map(|(place, member)| (member.key.as_str(), place)).collect();
        let known: Vec<Option<usize>> =
            theirs.iter().map(|member| there.get(member.key.as_str()).copied()).collect();
        let shared: Vec<usize> =
            known.iter().copied().flatten().filter(|&at| is_ordered(&ours[at])).collect();
        if !shared.is_sorted() {
            return None;
        }
        let end = match ours.last() {
            Some(last) if last.key == "default" => ours.len() - 1,
            _ => ours.len(),
        };
        let last = ours.iter().rposition(is_ordered);
        let mut places = BTreeMap::new();
        let mut behind = 0;
        for ((member, known), place) in theirs.iter().zip(&known).zip(before_the_next(&known, ours.len())) {
            if let Some(known) = known {
                behind = known + 1;
                continue;
            }
            let place = if member.key == "default" { place } else { place.min(end) };
            // Nothing says which of the two counts before the other.
            let unknown = place == ours.len() && last.is_some_and(|last| last >= behind);
            if is_ordered(member) && unknown && member.key != "default" {
                return None;
            }
            places.insert(member.key.as_str(), place);
        }
        Some(places)
    }

    fn tables(&mut self, first: &'t Node, second: &'t Node, ordered: &BTreeMap<&str, usize>) {
        let (ours, theirs) = (first.members(), second.members());
        let places: BTreeMap<&str, usize> =
            ours.iter().enumerate().map(|(place, member)| (member.key.as_str(), place)).collect();
        let sorted = self.ecosystem.sorts(&self.path) && ours.windows(2).all(|two| two[0].key < two[1].key);
        let mut added = Vec::new();
        let settled = inherited::join(self, first, second);
        for member in theirs.iter().filter(|member| !settled.contains(&*member.key)) {
            match places.get(member.key.as_str()) {
                Some(&place) => {
                    self.path.push(&member.key);
                    self.join(Some(&ours[place]), &ours[place].value, &member.value);
                    self.path.pop();
                }
                None => added.push(member),
            }
        }
        if sorted {
            added.sort_by(|one, other| one.key.cmp(&other.key));
        }
        let behind = |member: &Member| {
            let place = match ordered.get(member.key.as_str()) {
                Some(&place) => place,
                // What says how to read the text stands on top of it.
                None if member.key == "$schema" => 0,
                None if sorted => ours.partition_point(|there| there.key < member.key),
                None => ours.len(),
            };
            place.checked_sub(1)
        };
        let added = added
            .into_iter()
            .map(|member| Addition { what: What::Member(member), after: behind(member) })
            .collect();
        self.grow(first, added);
    }

    pub fn grow(&mut self, into: &'t Node, added: Vec<Addition<'t>>) {
        if !added.is_empty() {
            self.edits.push(Edit::Grow { into, path: self.path.clone(), added });
        }
    }

    fn lists(
        &mut self,
        member: Option<&'t Member>,
        first: &'t Node,
        second: &'t Node,
        ours: &'t [Member],
        theirs: &'t [Member],
    ) {
        match self.policy.lists(&self.path) {
            Some(Lists::By(key)) => self.union(first, ours, theirs, Some(key)),
            Some(Lists::Append) => self.push(first, ours.len(), theirs.iter()),
            Some(Lists::Replace | Lists::Error) if first.fingerprint() == second.fingerprint() => {}
            Some(Lists::Replace) => self.replace(member, first, second),
            Some(Lists::Error) => self.clash(first, second, Why::Lists),
            None if self.ecosystem.keeps_order(&self.path)
                || versions::are_words(&self.path, ours, theirs) =>
            {
                if first.fingerprint() != second.fingerprint() {
                    self.differ(member, first, second, Why::Order);
                }
            }
            None | Some(Lists::Union) if self.ecosystem.lists_packages(&self.path) => {
                self.packages(first, ours, theirs);
            }
            None if self.ecosystem.is_sequence(&self.path, ours, theirs) => {
                self.sequence(member, first, second, ours, theirs);
            }
            None => match self.ecosystem.key_of_items(&self.path) {
                Some(key) => self.union(first, ours, theirs, Some(key)),
                None => self.identified(first, ours, theirs),
            },
            Some(Lists::Union) => self.union(first, ours, theirs, None),
        }
    }

    /// As a union, but each text keeps its order.
    fn sequence(
        &mut self,
        member: Option<&'t Member>,
        first: &'t Node,
        second: &'t Node,
        ours: &'t [Member],
        theirs: &'t [Member],
    ) {
        let mut there = BTreeMap::new();
        for (place, member) in ours.iter().enumerate() {
            there.entry(member.value.fingerprint()).or_insert(place);
        }
        let known: Vec<Option<usize>> =
            theirs.iter().map(|member| there.get(&member.value.fingerprint()).copied()).collect();
        if !known.iter().flatten().is_sorted() {
            return self.differ(member, first, second, Why::Order);
        }
        let places = before_the_next(&known, ours.len());
        let new = theirs.iter().zip(known).zip(places).filter(|((_, known), _)| known.is_none());
        let added = new
            .map(|((member, _), place)| Addition { what: What::Member(member), after: place.checked_sub(1) });
        self.grow(first, added.collect());
    }

    /// As a union, but two items that are known by the same must say the same.
    fn identified(&mut self, first: &'t Node, ours: &'t [Member], theirs: &'t [Member]) {
        let identity = |member: &Member| self.ecosystem.identity(&self.path, &member.value);
        let mut known: BTreeMap<String, (String, &Member)> = BTreeMap::new();
        for member in ours {
            if let Some(Identity { name, says }) = identity(member) {
                known.entry(name).or_insert((says, member));
            }
        }
        let (mut new, mut differing) = (Vec::new(), Vec::new());
        let there: BTreeSet<String> = ours.iter().map(|member| member.value.fingerprint()).collect();
        for member in theirs.iter().filter(|member| !there.contains(&member.value.fingerprint())) {
            match identity(member).map(|identity| (known.get(&identity.name), identity)) {
                Some((Some((says, _)), identity)) if *says == identity.says => {}
                Some((Some(&(_, ours)), _)) => differing.push((ours, member)),
                _ => new.push(member),
            }
        }
        for (ours, member) in differing {
            self.differ(Some(ours), &ours.value, &member.value, Why::Values);
        }
        self.push(first, ours.len(), new.into_iter());
    }

    fn union(&mut self, first: &'t Node, ours: &'t [Member], theirs: &'t [Member], by: Option<&str>) {
        let value =
            |member: &'t Member| Some((by.and_then(|by| member.value.get(by))?.value.fingerprint(), member));
        let mut keyed: BTreeMap<String, &Member> = BTreeMap::new();
        for (value, member) in ours.iter().filter_map(value) {
            keyed.entry(value).or_insert(member);
        }
        let there: BTreeSet<String> = ours.iter().map(|member| member.value.fingerprint()).collect();
        // Each of ours joins one: two texts in one place would be neither.
        let mut joined = BTreeSet::new();
        let mut new = Vec::new();
        let is_there = |member: &&Member| there.contains(&member.value.fingerprint());
        for member in theirs.iter().filter(|member| !is_there(member)) {
            let same = value(member).and_then(|(value, _)| keyed.get(&value).copied());
            match (same, by.and_then(|by| member.value.get(by))) {
                (Some(ours), Some(name)) if joined.insert(name.value.fingerprint()) => {
                    self.path.push(name.value.text().unwrap_or("*"));
                    self.join(Some(ours), &ours.value, &member.value);
                    self.path.pop();
                }
                // What the second has twice, it means twice.
                _ => new.push(member),
            }
        }
        self.push(first, ours.len(), new.into_iter());
    }

    fn push(&mut self, first: &'t Node, length: usize, new: impl Iterator<Item = &'t Member>) {
        let after = length.checked_sub(1);
        self.grow(first, new.map(|member| Addition { what: What::Member(member), after }).collect());
    }

    /// Lists of requirements of Python: by the name of the package.
    fn packages(&mut self, first: &'t Node, ours: &'t [Member], theirs: &'t [Member]) {
        let named = |member: &'t Member| Some((versions::package(member.value.text()?)?, member));
        let names: BTreeMap<String, &Member> = ours.iter().filter_map(named).collect();
        let there: BTreeSet<String> = ours.iter().map(|member| member.value.fingerprint()).collect();
        let mut new = Vec::new();
        for member in theirs {
            match named(member).and_then(|(name, _)| names.get(&name).copied()) {
                Some(ours) if ours.value.fingerprint() == member.value.fingerprint() => {}
                Some(ours) => self.scalars(Some(ours), &ours.value, &member.value),
                None if !there.contains(&member.value.fingerprint()) => new.push(member),
                None => {}
            }
        }
        self.push(first, ours.len(), new.into_iter());
    }

    fn scalars(&mut self, member: Option<&'t Member>, first: &'t Node, second: &'t Node) {
        let texts = first.text().zip(second.text());
        let Some((one, other)) = texts.filter(|_| self.ecosystem.is_requirement(&self.path)) else {
            if first.fingerprint() != second.fingerprint() {
                self.differ(member, first, second, Why::Values);
            }
            return;
        };
        let joined = match versions::join(self.ecosystem, one, other) {
            Joined::Same => return,
            Joined::To(_) if self.policy.version().is_some() => {
                return self.differ(member, first, second, Why::Versions);
            }
            Joined::To(joined) => joined,
            Joined::Disjoint => return self.differ(member, first, second, Why::Versions),
            Joined::Unknown => return self.differ(member, first, second, Why::Values),
        };
        let line = self.pair.second.line(second.span.start);
        self.notes.push(Note {
            key: self.ecosystem.package(&self.path, one),
            first: Excerpt { line: self.pair.first.line(first.span.start), text: one.to_owned() },
            second: Excerpt { line, text: other.to_owned() },
            joined: joined.clone(),
        });
        if joined != one {
            self.edits.push(Edit::Rewrite { old: first, path: self.path.clone(), text: joined, line });
        }
    }

    pub fn prefers(&self, side: Prefer) -> bool {
        self.policy.prefer == Some(side)
    }

    /// What the policy says of two values that are not one.
    pub fn differ(&mut self, member: Option<&'t Member>, first: &'t Node, second: &'t Node, why: Why) {
        match self.policy.prefer {
            None => self.clash(first, second, why),
            Some(Prefer::Earlier) => {}
            Some(Prefer::Later) => self.replace(member, first, second),
        }
    }

    /// The same where the value of the second is written in another way in the first.
    pub fn differ_as(&mut self, first: &'t Node, second: &'t Node, text: String) {
        match self.policy.prefer {
            None => self.clash(first, second, Why::Values),
            Some(Prefer::Earlier) => {}
            Some(Prefer::Later) => {
                let line = self.pair.second.line(second.span.start);
                self.edits.push(Edit::Rewrite { old: first, path: self.path.clone(), text, line });
            }
        }
    }

    fn replace(&mut self, member: Option<&'t Member>, old: &'t Node, new: &'t Node) {
        self.edits.push(Edit::Replace { member, old, new, path: self.path.clone() });
    }

    pub fn clash(&mut self, first: &Node, second: &Node, why: Why) {
        let mut clash = self.pair.clash(self.path.join("."), &first.span, &second.span, why);
        if let (Data::List(ours), Data::List(theirs)) = (&first.data, &second.data)
            && matches!(why, Why::Lists | Why::Order)
            && [(self.pair.first, first), (self.pair.second, second)]
                .iter()
                .any(|(source, list)| source.text[list.span.clone()].contains('\n'))
            && let Some(at) = first_difference(ours, theirs)
        {
            let item = |source: &Source<'_>, items: &[Member]| {
                items.get(at).map_or(Excerpt::NOTHING, |item| source.excerpt(&item.value.span))
            };
            clash.first = item(self.pair.first, ours);
            clash.second = item(self.pair.second, theirs);
        }
        self.clashes.push(clash);
    }
}

/// From where on two lists differ.
fn first_difference(first: &[Member], second: &[Member]) -> Option<usize> {
    let says = |items: &[Member], at: usize| items.get(at).map(|item| item.value.fingerprint());
    (0..first.len().max(second.len())).find(|&at| says(first, at) != says(second, at))
}
