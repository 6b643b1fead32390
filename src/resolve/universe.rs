//! The reachable part of the facts as the solver sees it: small numbers instead of names and
//! versions.
//!
//! An item is a reachable name; items are numbered in the order in which they are decided. A rank
//! is the place of a release among all of its item, the lowest version first. What a constraint
//! admits is a set of ranks, of which only those count that may be chosen at all, so an empty set
//! is known as such at once.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::{Bound, Range};

use pubgrub::Ranges;

use super::gather::Gather;
use super::{Known, Library, Request};
use crate::constraint::Constraint;
use crate::graph;
use crate::name::Identity;
use crate::registry::Release;

pub(super) type Ranks = Ranges<u32>;

/// What the solver decides on, in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Node {
    Root,
    Item(usize),
    /// The version of an item if it is there, else its rank of absence. The item itself settles it;
    /// an optional requirement that nobody asked for admits some versions and absence.
    Presence(usize),
}

impl Node {
    pub(super) fn item(self) -> Option<usize> {
        match self {
            Node::Root => None,
            Node::Item(item) | Node::Presence(item) => Some(item),
        }
    }
}

/// A requirement in numbers.
pub(super) struct NodeEdge<'a> {
    pub(super) target: Node,
    pub(super) constraint: &'a Constraint,
    pub(super) ranks: Ranks,
}

pub(super) struct Universe<'a> {
    pub(super) request: &'a Request,
    items: Vec<Item<'a>>,
    numbers: BTreeMap<&'a Identity, usize>,
    /// Whether some names can require each other, through whichever versions.
    pub(super) has_rings: bool,
    /// What constraints admit, by item and text, of which there are few.
    ranks: RefCell<BTreeMap<(usize, bool, &'a str), Ranks>>,
}

struct Item<'a> {
    identity: &'a Identity,
    known: Option<&'a Known>,
    /// By rank: whether it may be chosen.
    choosable: Vec<bool>,
    /// By rank: whether that is advised against.
    deprecated: Vec<bool>,
    locked: Option<usize>,
    lowest_first: bool,
    /// Whether somebody has an optional requirement on it that does not join.
    observed: bool,
}

impl<'a> Universe<'a> {
    pub(super) fn new(request: &'a Request, library: &'a Library<'a>, gather: &'a Gather) -> Universe<'a> {
        let reached: Vec<_> = gather.reached().collect();
        let place = |target: &Identity| reached.binary_search_by(|(name, _)| (*name).cmp(target)).ok();
        let mut joined: Vec<Vec<usize>> = Vec::with_capacity(reached.len());
        let mut observed = BTreeSet::new();
        for (from, (_, reached)) in reached.iter().enumerate() {
            // A version that requires itself is possible or not; it leads nowhere.
            joined.push(reached.targets().filter_map(place).filter(|&to| to != from).collect());
            observed.extend(reached.observed().filter_map(place));
        }
        let (depths, has_rings) = graph::depths(&joined);
        let mut order: Vec<usize> = (0..reached.len()).collect();
        order.sort_by_key(|&place| (depths[place], place));
        let item = |&place: &usize| {
            let identity = reached[place].0;
            let known = library.get(identity);
            let releases = || known.iter().flat_map(|known| known.releases.iter().rev());
            let locked = request.locked.get(identity);
            let choosable = known.map(|known| gather.choosable(request, identity, known));
            let may_choose =
                |release: &Release| choosable.as_ref().is_some_and(|choosable| choosable.admits(release));
            Item {
                identity,
                known,
                choosable: releases().map(may_choose).collect(),
                deprecated: releases().map(|release| release.deprecated.is_some()).collect(),
                locked: releases().position(|release| Some(&release.version) == locked),
                lowest_first: request.prefers_lowest(identity),
                observed: observed.contains(&place),
            }
        };
        let items: Vec<Item> = order.iter().map(item).collect();
        let numbers = items.iter().enumerate().map(|(number, item)| (item.identity, number)).collect();
        Universe { request, items, numbers, has_rings, ranks: RefCell::default() }
    }

    pub(super) fn number(&self, identity: &Identity) -> Option<usize> {
        self.numbers.get(identity).copied()
    }

    pub(super) fn identity(&self, item: usize) -> &'a Identity {
        self.items[item].identity
    }

    pub(super) fn known(&self, item: usize) -> Option<&'a Known> {
        self.items[item].known
    }

    pub(super) fn release(&self, item: usize, rank: usize) -> &'a Release {
        let releases = &self.known(item).expect("a rank is that of a known release").releases;
        &releases[releases.len() - 1 - rank]
    }

    /// The rank that stands for an item not being there.
    pub(super) fn absence(&self, item: usize) -> u32 {
        number(self.items[item].choosable.len())
    }

    /// The ranks that may be chosen, the best first.
    pub(super) fn preferred(&self, item: usize) -> impl Iterator<Item = usize> {
        let Item { choosable, deprecated, locked, lowest_first, .. } = &self.items[item];
        let count = choosable.len();
        let ranks = move || (0..count).map(move |at| if *lowest_first { at } else { count - 1 - at });
        let others = move || ranks().filter(move |&rank| choosable[rank] && Some(rank) != *locked);
        let others =
            others().filter(|&rank| !deprecated[rank]).chain(others().filter(|&rank| deprecated[rank]));
        locked.iter().copied().filter(|&rank| choosable[rank]).chain(others)
    }

    /// The ranks that may be chosen, ascending.
    pub(super) fn choosable(&self, item: usize) -> impl Iterator<Item = usize> {
        self.items[item].choosable.iter().enumerate().filter(|&(_, &may)| may).map(|(rank, _)| rank)
    }

    /// The best rank of some that may be chosen.
    pub(super) fn best(&self, item: usize, ranks: &Ranks) -> Option<usize> {
        let Item { choosable, deprecated, locked, lowest_first, .. } = &self.items[item];
        if let Some(locked) = locked.filter(|&rank| choosable[rank] && ranks.contains(&number(rank))) {
            return Some(locked);
        }
        // Whole runs are skipped: the best of many versions may be far from the first.
        let runs = ranks.iter().map(|(start, end)| {
            let start = match *start {
                Bound::Included(start) => start as usize,
                Bound::Excluded(start) => start as usize + 1,
                Bound::Unbounded => 0,
            };
            let end = match *end {
                Bound::Included(end) => end as usize + 1,
                Bound::Excluded(end) => end as usize,
                Bound::Unbounded => choosable.len(),
            };
            start..end.min(choosable.len())
        });
        let runs: Vec<Range<usize>> = runs.collect();
        let first = |may_be: &dyn Fn(usize) -> bool| {
            if *lowest_first {
                runs.iter().cloned().flatten().find(|&rank| may_be(rank))
            } else {
                runs.iter().rev().cloned().flat_map(Iterator::rev).find(|&rank| may_be(rank))
            }
        };
        let advised = first(&|rank| choosable[rank] && !deprecated[rank]);
        advised.or_else(|| first(&|rank| choosable[rank]))
    }

    /// What a node requires in one of its versions.
    pub(super) fn edges(&self, node: Node, rank: usize) -> Vec<NodeEdge<'a>> {
        let request: &'a Request = self.request;
        match node {
            Node::Root => {
                let edge = |(identity, constraint): (Identity, &'a Constraint)| {
                    let item = self.number(&identity).expect("what is asked for is reached");
                    NodeEdge { target: Node::Item(item), constraint, ranks: self.admitted(item, constraint) }
                };
                request.roots().map(edge).collect()
            }
            Node::Item(item) => {
                let edges = request.edges(self.identity(item), self.release(item, rank));
                let edge = |edge: super::Edge<'a>| {
                    let target = self.number(&edge.target)?;
                    let ranks = self.admitted(target, edge.constraint);
                    Some(if edge.joins {
                        NodeEdge { target: Node::Item(target), constraint: edge.constraint, ranks }
                    } else {
                        let ranks = ranks.union(&Ranks::singleton(self.absence(target)));
                        NodeEdge { target: Node::Presence(target), constraint: edge.constraint, ranks }
                    })
                };
                edges.filter_map(edge).collect()
            }
            Node::Presence(_) => Vec::new(),
        }
    }

    /// Whether optional requirements look at an item.
    pub(super) fn is_observed(&self, item: usize) -> bool {
        self.items[item].observed
    }

    /// The ranks of an item that a constraint admits and that may be chosen.
    pub(super) fn admitted(&self, item: usize, constraint: &'a Constraint) -> Ranks {
        let key = (item, constraint.has_prereleases(), constraint.as_str());
        self.ranks.borrow_mut().entry(key).or_insert_with(|| self.count_admitted(item, constraint)).clone()
    }

    fn count_admitted(&self, item: usize, constraint: &Constraint) -> Ranks {
        let Some(known) = self.known(item) else { return Ranks::empty() };
        let locked = self.request.locked.get(self.identity(item));
        let admitted = self
            .choosable(item)
            .filter(|&rank| known.admits(constraint, &self.release(item, rank).version, locked));
        runs(admitted)
    }
}

/// Ascending ranks as ranges.
pub(super) fn runs(ascending: impl Iterator<Item = usize>) -> Ranks {
    let mut runs: Vec<(u32, u32)> = Vec::new();
    for rank in ascending.map(number) {
        match runs.last_mut() {
            Some((_, end)) if *end == rank => *end += 1,
            _ => runs.push((rank, rank + 1)),
        }
    }
    runs.into_iter().map(|(start, end)| (Bound::Included(start), Bound::Excluded(end))).collect()
}

pub(super) fn number(rank: usize) -> u32 {
    u32::try_from(rank).expect("an index file holds fewer releases")
}
