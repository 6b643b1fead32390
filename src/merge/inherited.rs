//! What a table of YAML has from others by the key `<<`, of <https://yaml.org/type/merge.html>.
//!
//! A key that is written in the table hides the one that it inherits, whole. So what one text inherits
//! and the other writes joins only if it is equal.

use std::collections::{BTreeMap, BTreeSet};

use super::deep::{Document, Walk};
use super::tree::{Data, Meaning, Member, Node};
use super::yaml::MAX_VALUES;
use super::{Prefer, Why};

const KEY: &str = "<<";

/// The most entries of tables that are looked at for what others inherit of them, in a whole text.
const MAX_LOOKED_AT: usize = 10 * MAX_VALUES;

/// What two tables write and inherit.
pub(super) struct Inheritance<'t> {
    pub first: &'t Document,
    pub second: &'t Document,
    pub looked_at: usize,
}

type Inherited<'t> = BTreeMap<&'t str, &'t Node>;

impl<'t> Inheritance<'t> {
    /// What a table has by `<<` alone; none beyond the limit. Of two sources the first decides, and a
    /// source before what it inherits itself.
    fn of(&mut self, document: &'t Document, table: &'t Node) -> Option<Inherited<'t>> {
        let mut inherited = Inherited::new();
        let mut seen = BTreeSet::new();
        let mut waiting = vec![table];
        while let Some(source) = waiting.pop() {
            if !seen.insert(source.span.start) {
                continue;
            }
            self.looked_at += source.members().len();
            if self.looked_at > MAX_LOOKED_AT {
                return None;
            }
            for member in source.members() {
                if member.key == KEY {
                    let sources = sources(&member.value).into_iter().rev();
                    waiting.extend(sources.filter_map(|source| document.stands_for(source)));
                } else if source.span != table.span {
                    inherited.entry(&member.key).or_insert(&member.value);
                }
            }
        }
        Some(inherited)
    }
}

/// What stands behind `<<`, in its order: one table is a list of one.
fn sources(value: &Node) -> Vec<&Node> {
    match &value.data {
        Data::List(items) => items.iter().map(|item| &item.value).collect(),
        _ => vec![value],
    }
}

/// Whether one of two tables has more than it writes.
pub(super) fn inherits(walk: &Walk<'_, '_>, first: &Node, second: &Node) -> bool {
    walk.inheritance.first.yaml.inherits && first.get(KEY).or(second.get(KEY)).is_some()
}

/// Judges what one of two tables writes and the other inherits, and what they inherit; gives the keys
/// of the second that need nothing more.
pub(super) fn join<'t>(walk: &mut Walk<'_, 't>, first: &'t Node, second: &'t Node) -> BTreeSet<&'t str> {
    let mut settled = BTreeSet::new();
    let Inheritance { first: one, second: other, .. } = walk.inheritance;
    if !inherits(walk, first, second) {
        return settled;
    }
    let inherited = (walk.inheritance.of(one, first), walk.inheritance.of(other, second));
    let (Some(mut ours), Some(theirs)) = inherited else {
        walk.clash(first, second, Why::Alias);
        return settled;
    };
    if let (Some(one), Some(other)) = (first.get(KEY), second.get(KEY)) {
        settled.insert(KEY);
        if !same_sources(&one.value, &other.value) {
            let lists = [one, other].iter().any(|member| matches!(member.value.data, Data::List(_)));
            walk.path.push(KEY);
            walk.differ(Some(one), &one.value, &other.value, if lists { Why::Order } else { Why::Alias });
            walk.path.pop();
            if walk.prefers(Prefer::Later) {
                ours.clear();
            }
        }
    }
    for member in second.members() {
        let Some(inherited) = ours.get(&*member.key).filter(|_| first.get(&member.key).is_none()) else {
            continue;
        };
        if !member.value.is_absent() && inherited.meaning() != member.value.meaning() {
            if walk.prefers(Prefer::Later) {
                continue;
            }
            differ(walk, &member.key, None, inherited, &member.value);
        }
        settled.insert(&member.key);
    }
    for member in first.members() {
        let Some(inherited) = theirs.get(&*member.key).filter(|_| second.get(&member.key).is_none()) else {
            continue;
        };
        if inherited.meaning() != member.value.meaning() {
            differ(walk, &member.key, Some(member), &member.value, inherited);
        }
    }
    settled
}

fn same_sources(one: &Node, other: &Node) -> bool {
    let meanings = |value| -> Vec<Meaning> { sources(value).into_iter().map(Node::meaning).collect() };
    meanings(one) == meanings(other)
}

fn differ<'t>(
    walk: &mut Walk<'_, 't>,
    key: &'t str,
    member: Option<&'t Member>,
    first: &'t Node,
    second: &'t Node,
) {
    let why = match (&first.data, &second.data) {
        (Data::Scalar(_), _) | (_, Data::Scalar(_)) => Why::Values,
        _ => Why::Alias,
    };
    walk.path.push(key);
    walk.differ(member, first, second, why);
    walk.path.pop();
}
