//! The solver: PubGrub, and a walk that makes its answer exact where PubGrub alone would not be.
//!
//! PubGrub decides the first required name next, as the definition says, as long as whatever can
//! require a name stands before it: then a name that is only known to be needed by inference never
//! comes first. Among names that can require each other no order does that, so there the answer
//! is compared with the definition, step by step, and improved where a better version would do.

use std::cell::Cell;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use pubgrub::{Dependencies, DependencyProvider, DerivationTree, PackageResolutionStatistics, PubGrubError};

use super::universe::{Node, Ranks, Universe, number};

/// The chosen rank of each item that is needed.
pub(super) type Solution = BTreeMap<usize, usize>;

pub(super) type Tree = DerivationTree<Node, Ranks, String>;

/// Why a search ended without a solution.
pub(super) enum Stop {
    NoSolution(Box<Tree>),
    Exhausted,
}

pub(super) struct Search<'u, 'a> {
    universe: &'u Universe<'a>,
    /// Items held at one rank.
    pins: Solution,
    /// If given, only these requirements count.
    only: Option<&'u BTreeSet<(Node, Node)>>,
    steps: Cell<u64>,
    effort: Cell<u64>,
    allowance: u64,
}

impl<'u, 'a> Search<'u, 'a> {
    pub(super) fn new(universe: &'u Universe<'a>, allowance: u64) -> Search<'u, 'a> {
        Search {
            universe,
            pins: Solution::new(),
            only: None,
            steps: Cell::new(0),
            effort: Cell::new(0),
            allowance,
        }
    }

    /// A search in which only some requirements count.
    pub(super) fn among(
        universe: &'u Universe<'a>,
        only: &'u BTreeSet<(Node, Node)>,
        allowance: u64,
    ) -> Search<'u, 'a> {
        Search { only: Some(only), ..Search::new(universe, allowance) }
    }

    /// The solution of the definition.
    pub(super) fn run(&mut self) -> Result<Solution, Stop> {
        let found = self.solve()?;
        if self.universe.has_rings { self.improve(found) } else { Ok(found) }
    }

    /// How many decisions were taken.
    pub(super) fn steps(&self) -> u64 {
        self.steps.get()
    }

    /// What that took: every conflict leaves a lesson behind that is looked at whenever something
    /// changes about the names it is of.
    pub(super) fn effort(&self) -> u64 {
        self.effort.get()
    }

    /// Some solution.
    pub(super) fn solve(&self) -> Result<Solution, Stop> {
        match pubgrub::resolve(self, Node::Root, 0_u32) {
            Ok(chosen) => Ok(chosen
                .into_iter()
                .filter_map(|(node, rank)| match node {
                    Node::Root | Node::Presence(_) => None,
                    Node::Item(item) => Some((item, rank as usize)),
                })
                .collect()),
            Err(PubGrubError::NoSolution(tree)) => Err(Stop::NoSolution(Box::new(tree))),
            Err(
                PubGrubError::ErrorRetrievingDependencies { source: Exhausted, .. }
                | PubGrubError::ErrorChoosingVersion { source: Exhausted, .. }
                | PubGrubError::ErrorInShouldCancel(Exhausted),
            ) => Err(Stop::Exhausted),
        }
    }

    /// Walks the names as the definition does. Wherever a version better than the one found is not
    /// ruled out by what was decided before, a search says whether it leads to a solution.
    fn improve(&mut self, mut found: Solution) -> Result<Solution, Stop> {
        let mut required: BTreeMap<usize, Ranks> = BTreeMap::new();
        let mut undecided: BTreeSet<usize> = self.require(&mut required, Node::Root, 0).collect();
        while let Some(item) = undecided.pop_first() {
            for rank in self.universe.preferred(item) {
                if !required[&item].contains(&number(rank)) {
                    continue;
                }
                self.pins.insert(item, rank);
                if found.get(&item) == Some(&rank) {
                    break;
                }
                match self.solve() {
                    Ok(better) => {
                        found = better;
                        break;
                    }
                    Err(Stop::NoSolution(tree)) => dismantle(*tree),
                    Err(Stop::Exhausted) => return Err(Stop::Exhausted),
                }
            }
            let newly = self.require(&mut required, Node::Item(item), self.pins[&item]);
            undecided.extend(newly.filter(|item| !self.pins.contains_key(item)));
        }
        Ok(found)
    }

    /// Notes what a decision requires, and gives the items that is of.
    fn require(
        &self,
        required: &mut BTreeMap<usize, Ranks>,
        node: Node,
        rank: usize,
    ) -> impl Iterator<Item = usize> + use<> {
        let mut items = Vec::new();
        for edge in self.universe.edges(node, rank) {
            if let Node::Item(target) = edge.target {
                let ranks = required.entry(target).or_insert_with(Ranks::full);
                *ranks = ranks.intersection(&edge.ranks);
                items.push(target);
            }
        }
        items.into_iter()
    }

    fn counts(&self, from: Node, to: Node) -> bool {
        self.only.is_none_or(|only| only.contains(&(from, to)))
    }
}

/// Takes a derivation apart without recursion: dropped as it is, a deep one would overflow the stack.
pub(super) fn dismantle(tree: Tree) {
    let mut open = vec![tree];
    while let Some(tree) = open.pop() {
        if let DerivationTree::Derived(derived) = tree {
            open.extend([derived.cause1, derived.cause2].into_iter().filter_map(std::sync::Arc::into_inner));
        }
    }
}

/// The search took more steps than it may.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the search took too many steps")]
pub(super) struct Exhausted;

impl fmt::Display for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:?}")
    }
}

impl DependencyProvider for Search<'_, '_> {
    type P = Node;
    type V = u32;
    type VS = Ranks;
    type M = String;
    type Priority = Reverse<Node>;
    type Err = Exhausted;

    fn prioritize(&self, node: &Node, _: &Ranks, statistics: &PackageResolutionStatistics) -> Reverse<Node> {
        self.effort.set(self.effort.get() + 1 + u64::from(statistics.conflict_count()));
        Reverse(*node)
    }

    fn choose_version(&self, node: &Node, ranks: &Ranks) -> Result<Option<u32>, Exhausted> {
        let item = match *node {
            Node::Root => return Ok(Some(0)),
            Node::Presence(item) if ranks.contains(&self.universe.absence(item)) => {
                return Ok(Some(self.universe.absence(item)));
            }
            Node::Item(item) | Node::Presence(item) => item,
        };
        Ok(self.universe.best(item, ranks).map(number))
    }

    fn get_dependencies(
        &self,
        node: &Node,
        rank: &u32,
    ) -> Result<Dependencies<Node, Ranks, String>, Exhausted> {
        let mut edges: Vec<(Node, Ranks)> = Vec::new();
        for edge in self.universe.edges(*node, *rank as usize) {
            // A requirement on itself is one of the item, optional or not.
            let target = if edge.target.item() == node.item() { *node } else { edge.target };
            if !self.counts(*node, target) {
                continue;
            }
            if edge.target.item() != node.item() {
                edges.push((edge.target, edge.ranks));
            } else if !edge.ranks.contains(rank) {
                return Ok(Dependencies::Unavailable("it requires another version of itself".to_owned()));
            }
        }
        if let Node::Item(item) = *node
            && self.universe.is_observed(item)
        {
            edges.push((Node::Presence(item), Ranks::singleton(*rank)));
        }
        if *node == Node::Root {
            let pin = |(&item, &rank): (&usize, &usize)| (Node::Item(item), Ranks::singleton(number(rank)));
            edges.extend(self.pins.iter().map(pin));
        }
        Ok(Dependencies::Available(edges.into_iter().collect()))
    }

    fn should_cancel(&self) -> Result<(), Exhausted> {
        self.steps.set(self.steps.get() + 1);
        if self.effort.get() > self.allowance { Err(Exhausted) } else { Ok(()) }
    }
}
