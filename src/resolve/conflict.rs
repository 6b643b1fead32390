//! Why no versions satisfy everybody, as data: the fewest requirements that cannot all hold, and
//! how the conflict follows from them.

use std::collections::{BTreeMap, BTreeSet};

use pubgrub::{DerivationTree, External, Term as SolverTerm};
use serde::Serialize;

use super::search::{Search, Stop, Tree, dismantle};
use super::universe::{Node, Ranks, Universe, number};
use crate::constraint::Constraint;
use crate::name::{Identity, PackName};
use crate::version::Version;

/// The effort that may be spent on leaving out what does not matter.
const MAX_EFFORT: u64 = 1 << 18;

/// The most requirements among which the fewest are looked for.
const MAX_PAIRS: usize = 512;

/// The most versions that the terms of a derivation name.
const MAX_NAMED: usize = 100_000;

/// The most inferences a derivation is given with; a longer one is left out.
const MAX_DERIVATION: usize = 1000;

/// Why no versions satisfy everybody.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Conflict {
    /// The requirements that cannot all hold, the ones nearest to the user first. Without any one of
    /// them there would be an answer, unless there are so many that looking for fewer was given up.
    pub facts: Vec<Fact>,
    /// What there is of everything that is required in the facts.
    pub supplies: Vec<Supply>,
    /// How the conflict follows, causes before conclusions; the last is the conflict itself. Empty
    /// when that takes more than 1,000 inferences, or very many versions.
    pub derivation: Vec<Inference>,
    /// Changes to what the user asks for that end the conflict: each was tried.
    pub fixes: Vec<Fix>,
    /// Whether no other change of a single pack the user asks for would end it.
    pub all_fixes: bool,
}

/// A change to what the user asks for.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub enum Fix {
    /// Ask for other versions of a pack.
    Ask {
        /// The pack.
        name: PackName,
        /// Which versions.
        #[cfg_attr(test, ts(type = "string"))]
        constraint: Constraint,
    },
    /// Ask for a pack no more.
    LeaveOut {
        /// The pack.
        name: PackName,
    },
    /// Take a pre-release of something that is not asked for.
    Override {
        /// What.
        #[cfg_attr(test, ts(type = "string"))]
        identity: Identity,
        /// The pre-release.
        #[cfg_attr(test, ts(type = "string"))]
        constraint: Constraint,
    },
}

/// A requirement of the user, or of some versions of a pack.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Fact {
    /// Who requires it; none: the user.
    #[cfg_attr(test, ts(type = "string | null"))]
    pub dependent: Option<Identity>,
    /// The versions of the dependent that require it, ascending, of those that could be chosen here.
    #[cfg_attr(test, ts(type = "Array<string>"))]
    pub versions: Vec<Version>,
    /// Whether those are all that could be chosen here.
    pub every: bool,
    /// What is required.
    #[cfg_attr(test, ts(type = "string"))]
    pub target: Identity,
    /// Which versions of it will do, by what each of `versions` says, without repetition.
    #[cfg_attr(test, ts(type = "Array<string>"))]
    pub constraints: Vec<Constraint>,
    /// Whether an override stands in for what was written.
    pub overridden: bool,
    /// Whether it only counts if the target is there for another reason.
    pub optional: bool,
}

/// What there is of a pack or package.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Supply {
    /// The pack or package.
    #[cfg_attr(test, ts(type = "string"))]
    pub identity: Identity,
    /// Whether there is any such thing.
    pub exists: bool,
    /// The versions that could be chosen, ascending.
    #[cfg_attr(test, ts(type = "Array<string>"))]
    pub available: Vec<Version>,
    /// The withdrawn versions, ascending.
    #[cfg_attr(test, ts(type = "Array<string>"))]
    pub yanked: Vec<Version>,
    /// What `latest` means.
    #[cfg_attr(test, ts(type = "string | null"))]
    pub latest: Option<Version>,
}

/// A step of a derivation: a fact, or what follows from two earlier ones.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Inference {
    /// The fact it states, by its place.
    pub fact: Option<usize>,
    /// What it follows from, by their places.
    pub causes: Vec<usize>,
    /// What cannot all be true at once.
    pub terms: Vec<Term>,
}

/// A statement about the version of something.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Term {
    /// What it is about; none: the request itself.
    #[cfg_attr(test, ts(type = "string | null"))]
    pub identity: Option<Identity>,
    /// Versions, ascending.
    #[cfg_attr(test, ts(type = "Array<string>"))]
    pub versions: Vec<Version>,
    /// Whether the statement is that it has none of these versions, or is not there.
    pub negated: bool,
}

type Pairs = BTreeSet<(Node, Node)>;

impl Conflict {
    pub(super) fn new(universe: &Universe, tree: Tree) -> Conflict {
        let (pairs, tree) = minimize(universe, tree);
        let mut reach: BTreeMap<usize, Ranks> = BTreeMap::new();
        let mut facts: Vec<(Node, Node, Fact)> = Vec::new();
        for &(from, to) in &pairs {
            facts.extend(fact(universe, &mut reach, from, to).map(|fact| (from, to, fact)));
        }
        let derivation = derivation(universe, &facts, &tree);
        dismantle(tree);
        let facts: Vec<Fact> = facts.into_iter().map(|(_, _, fact)| fact).collect();
        let targets: BTreeSet<&Identity> = facts.iter().map(|fact| &fact.target).collect();
        let supplies = targets.into_iter().map(|target| supply(universe, target)).collect();
        Conflict { supplies, facts, derivation, fixes: Vec::new(), all_fixes: false }
    }

    /// What is required and requires nothing itself in the facts: the places where it breaks.
    pub fn contested(&self) -> Vec<&Identity> {
        let dependents: BTreeSet<&Identity> =
            self.facts.iter().filter_map(|fact| fact.dependent.as_ref()).collect();
        let targets: BTreeSet<&Identity> = self.facts.iter().map(|fact| &fact.target).collect();
        targets.difference(&dependents).copied().collect()
    }

    /// The highest pre-release that everybody would take of the one thing where it breaks.
    pub fn early(&self) -> Option<(&Identity, &Version)> {
        let [only] = self.contested()[..] else { return None };
        Some((only, self.early_of(only)?))
    }

    /// The highest pre-release of something that everybody who requires it would take.
    pub fn early_of(&self, identity: &Identity) -> Option<&Version> {
        let supply = self.supply(identity)?;
        let everybody = |version: &Version| {
            let mut facts = self.facts.iter().filter(|fact| fact.target == *identity);
            facts.all(|fact| fact.admits(supply, version, true))
        };
        supply.available.iter().rev().find(|version| version.is_prerelease() && everybody(version))
    }

    /// What there is of something required in the facts.
    pub fn supply(&self, identity: &Identity) -> Option<&Supply> {
        self.supplies.iter().find(|supply| supply.identity == *identity)
    }
}

impl Fact {
    /// Whether it admits a version: all that the user asks, or what some version of a pack asks.
    /// With `early`, whether it would if pre-releases needed no mention.
    pub fn admits(&self, supply: &Supply, version: &Version, early: bool) -> bool {
        let admits = |constraint: &Constraint| match (constraint.is_latest(), early) {
            (true, _) => supply.latest.as_ref() == Some(version),
            (false, true) => constraint.with_prereleases().matches(version),
            (false, false) => constraint.matches(version),
        };
        match self.dependent {
            None => self.constraints.iter().all(admits),
            Some(_) => self.constraints.iter().any(admits),
        }
    }
}

/// Leaves out one requirement after the other, as long as the conflict remains.
fn minimize(universe: &Universe, tree: Tree) -> (Pairs, Tree) {
    let mut tree = tree;
    let mut pairs = pairs_of(&tree);
    if pairs.len() > MAX_PAIRS {
        return (pairs, tree);
    }
    let mut allowance = MAX_EFFORT;
    for pair in pairs.clone().into_iter().rev() {
        if allowance == 0 {
            break;
        }
        let mut fewer = pairs.clone();
        if !fewer.remove(&pair) {
            continue;
        }
        let search = Search::among(universe, &fewer, allowance);
        let outcome = search.solve();
        allowance = allowance.saturating_sub(search.effort());
        if let Err(Stop::NoSolution(smaller)) = outcome {
            dismantle(std::mem::replace(&mut tree, *smaller));
            pairs = pairs_of(&tree);
        }
    }
    (pairs, tree)
}

/// The requirements a derivation rests on.
fn pairs_of(tree: &Tree) -> Pairs {
    let mut pairs = Pairs::new();
    for (tree, _) in post_order(tree) {
        if let DerivationTree::External(external) = tree {
            pairs.extend(pair_of(external));
        }
    }
    pairs
}

fn pair_of(external: &External<Node, Ranks, String>) -> Option<(Node, Node)> {
    match *external {
        // That an item settles its own presence is a matter of form.
        External::FromDependencyOf(Node::Item(from), _, Node::Presence(to), _) if from == to => None,
        External::FromDependencyOf(from, _, to, _) => Some((from, to)),
        // Only a requirement on itself makes a version unavailable.
        External::Custom(node, ..) => Some((node, node)),
        External::NotRoot(..) | External::NoVersions(..) => None,
    }
}

/// Every part of a derivation once, causes before conclusions, with the places of its causes.
/// Causes are shared and deep: neither recursion nor a walk that forgets where it was would do.
fn post_order(tree: &Tree) -> Vec<(&Tree, Vec<usize>)> {
    let mut order: Vec<(&Tree, Vec<usize>)> = Vec::new();
    let mut places: BTreeMap<*const Tree, usize> = BTreeMap::new();
    let mut open = vec![(tree, false)];
    while let Some((tree, causes_are_in)) = open.pop() {
        let causes: Vec<&Tree> = match tree {
            DerivationTree::Derived(derived) => vec![&derived.cause1, &derived.cause2],
            DerivationTree::External(_) => Vec::new(),
        };
        if places.contains_key(&std::ptr::from_ref(tree)) {
            continue;
        }
        if causes_are_in || causes.is_empty() {
            places.insert(tree, order.len());
            order.push((tree, causes.into_iter().map(|cause| places[&std::ptr::from_ref(cause)]).collect()));
        } else {
            open.push((tree, true));
            open.extend(causes.into_iter().rev().map(|cause| (cause, false)));
        }
    }
    order
}

/// A pair in full. Pairs must come in order: what can be chosen of the dependent is known by then.
fn fact(universe: &Universe, reach: &mut BTreeMap<usize, Ranks>, from: Node, to: Node) -> Option<Fact> {
    let (target, optional) = match to {
        Node::Item(target) => (target, false),
        Node::Presence(target) => (target, true),
        Node::Root => return None,
    };
    let (dependent, ranks): (_, Vec<usize>) = match from {
        Node::Root => (None, vec![0]),
        Node::Item(item) => {
            let reached = reach.get(&item);
            let may = |rank: &usize| reached.is_none_or(|ranks| ranks.contains(&number(*rank)));
            (Some(item), universe.choosable(item).filter(may).collect())
        }
        Node::Presence(_) => return None,
    };
    let mut requiring: Vec<usize> = Vec::new();
    let mut constraints: Vec<Constraint> = Vec::new();
    let mut admitted = if dependent.is_none() { Ranks::full() } else { Ranks::empty() };
    for &rank in &ranks {
        let same = |target: Node| target == to || from == to && target.item() == to.item();
        for edge in universe.edges(from, rank).into_iter().filter(|edge| same(edge.target)) {
            admitted = match dependent {
                None => admitted.intersection(&edge.ranks),
                Some(_) => admitted.union(&edge.ranks),
            };
            if requiring.last() != Some(&rank) {
                requiring.push(rank);
            }
            if !constraints.contains(edge.constraint) {
                constraints.push(edge.constraint.clone());
            }
        }
    }
    if !optional {
        // What the user asks for binds; everything else is united.
        match (dependent, reach.get(&target)) {
            (Some(_), Some(before)) => drop(reach.insert(target, before.union(&admitted))),
            (None, Some(before)) => drop(reach.insert(target, before.intersection(&admitted))),
            (_, None) => drop(reach.insert(target, admitted)),
        }
    }
    Some(Fact {
        every: requiring.len() == ranks.len(),
        versions: match dependent {
            None => Vec::new(),
            Some(item) => {
                requiring.iter().map(|&rank| universe.release(item, rank).version.clone()).collect()
            }
        },
        dependent: dependent.map(|item| universe.identity(item).clone()),
        overridden: universe.request.overrides.contains_key(universe.identity(target)),
        target: universe.identity(target).clone(),
        constraints,
        optional,
    })
}

fn supply(universe: &Universe, identity: &Identity) -> Supply {
    let item = universe.number(identity);
    let known = item.and_then(|item| universe.known(item));
    let version = |item| move |rank| universe.release(item, rank).version.clone();
    let available: Vec<Version> =
        item.into_iter().flat_map(|item| universe.choosable(item).map(version(item))).collect();
    let yanked = known.into_iter().flat_map(|known| known.releases.iter().rev());
    let yanked = yanked.filter(|release| release.yanked).map(|release| release.version.clone());
    Supply {
        identity: identity.clone(),
        exists: known.is_some(),
        latest: known.and_then(|known| known.latest(false)).cloned(),
        yanked: yanked.filter(|version| available.binary_search(version).is_err()).collect(),
        available,
    }
}

fn derivation(universe: &Universe, facts: &[(Node, Node, Fact)], tree: &Tree) -> Vec<Inference> {
    let order = post_order(tree);
    if order.len() > MAX_DERIVATION {
        return Vec::new();
    }
    let inference = |(tree, causes): (&Tree, Vec<usize>)| match tree {
        DerivationTree::External(external) => {
            let pair = pair_of(external);
            let fact = facts.iter().position(|&(from, to, _)| pair == Some((from, to)));
            let terms = match external {
                External::NotRoot(node, _) => vec![term(universe, *node, &Ranks::singleton(0_u32), true)],
                External::NoVersions(node, ranks) | External::Custom(node, ranks, _) => {
                    vec![term(universe, *node, ranks, false)]
                }
                External::FromDependencyOf(from, ranks, to, admitted) => {
                    vec![term(universe, *from, ranks, false), term(universe, *to, admitted, true)]
                }
            };
            Inference { fact, causes, terms }
        }
        DerivationTree::Derived(derived) => {
            let mut terms: Vec<(Node, &SolverTerm<Ranks>)> =
                derived.terms.iter().map(|(node, term)| (*node, term)).collect();
            terms.sort_by_key(|&(node, _)| node);
            let term = |(node, term_of): (Node, &SolverTerm<Ranks>)| match term_of {
                SolverTerm::Positive(ranks) => term(universe, node, ranks, false),
                SolverTerm::Negative(ranks) => term(universe, node, ranks, true),
            };
            Inference { fact: None, causes, terms: terms.into_iter().map(term).collect() }
        }
    };
    let derivation: Vec<Inference> = order.into_iter().map(inference).collect();
    let named = derivation.iter().flat_map(|inference| &inference.terms).map(|term| term.versions.len());
    if named.sum::<usize>() > MAX_NAMED { Vec::new() } else { derivation }
}

fn term(universe: &Universe, node: Node, ranks: &Ranks, negated: bool) -> Term {
    let item = node.item();
    let versions = |item: usize| {
        let meant = universe.choosable(item).filter(|&rank| ranks.contains(&number(rank)));
        meant.map(|rank| universe.release(item, rank).version.clone()).collect()
    };
    Term {
        identity: item.map(|item| universe.identity(item).clone()),
        versions: item.map_or_else(Vec::new, versions),
        negated,
    }
}
