//! The definition of a resolution, done by brute force: the judge of the resolver.
//!
//! It shares nothing with the resolver but the data types. Sets of releases are bits, so it is for
//! small universes only.

use std::collections::{BTreeMap, BTreeSet};

use packwright::constraint::Constraint;
use packwright::name::Identity;
use packwright::registry::Release;
use packwright::resolve::{Known, Strategy};
use packwright::version::Version;

use crate::case::{Case, edges};

pub type Solution = BTreeMap<Identity, Version>;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    Solved(Solution),
    /// The solution has a ring.
    Ring(Solution),
    Conflict,
}

pub struct Judgement {
    pub verdict: Verdict,
    /// Whether what is locked was kept in place, if anything is.
    pub pinned: Option<bool>,
    /// The names that had to be looked up, in order.
    pub looked_up: Vec<Identity>,
    /// Whether some decision was taken back.
    pub backtracked: bool,
    /// Whether names could require each other.
    pub may_ring: bool,
}

/// What the definition says of a case.
pub fn judge(case: &Case) -> Judgement {
    let names = Names::new(case);
    let pinned = (!case.request.locked.is_empty()).then(|| names.search(true));
    let mut looked_up =
        pinned.iter().flat_map(|search| search.reached.iter().copied()).collect::<BTreeSet<_>>();
    let (search, pinned) = match pinned {
        Some(search) if search.found => (search, Some(true)),
        Some(_) => (names.search(false), Some(false)),
        None => (names.search(false), None),
    };
    let verdict = match search.found {
        false => Verdict::Conflict,
        true if names.has_ring(&search.chosen) => Verdict::Ring(names.solution(&search.chosen)),
        true => Verdict::Solved(names.solution(&search.chosen)),
    };
    looked_up.extend(&search.reached);
    Judgement {
        verdict,
        pinned,
        looked_up: looked_up.into_iter().map(|name| names.names[name].clone()).collect(),
        backtracked: search.backtracked,
        may_ring: search.may_ring,
    }
}

/// Releases of one name, by their places.
type Bits = u32;

/// Which release is chosen of each name.
type Choice = Vec<Option<usize>>;

/// Every name that is spoken of, in order.
struct Names<'c> {
    case: &'c Case,
    names: Vec<Identity>,
    releases: Vec<&'c [Release]>,
    /// By name and release.
    edges: Vec<Vec<Vec<Edge>>>,
    roots: Vec<(usize, Bits)>,
}

struct Edge {
    target: usize,
    admitted: Bits,
    joins: bool,
}

impl<'c> Names<'c> {
    fn new(case: &'c Case) -> Names<'c> {
        let known = |name: &Identity| case.facts.get(name).and_then(Option::as_ref);
        let wanted: Vec<Identity> =
            case.request.requirements.iter().map(|wanted| Identity::Pack(wanted.name.clone())).collect();
        let everything = case.facts.values().flatten().flat_map(|known| &known.releases);
        let targets = everything.flat_map(|release| edges(release).map(|edge| edge.0));
        let names: BTreeSet<Identity> =
            case.facts.keys().cloned().chain(targets).chain(wanted.iter().cloned()).collect();
        let names: Vec<Identity> = names.into_iter().collect();
        let place = |name: &Identity| names.binary_search(name).expect("it is spoken of");
        let releases =
            names.iter().map(|name| known(name).map_or(&[][..], |known| known.releases.as_slice()));
        let all_edges = names.iter().map(|name| {
            let releases = known(name).map_or(&[][..], |known| known.releases.as_slice());
            let edges_of = |release| {
                counting(case, name, release).map(|(target, constraint, joins)| Edge {
                    admitted: admitted(case, &target, constraint),
                    target: place(&target),
                    joins,
                })
            };
            releases.iter().map(|release| edges_of(release).collect()).collect()
        });
        let roots = wanted.iter().zip(&case.request.requirements).map(|(name, wanted)| {
            let constraint = case.request.overrides.get(name).unwrap_or(&wanted.constraint);
            (place(name), admitted(case, name, constraint))
        });
        Names {
            case,
            releases: releases.collect(),
            edges: all_edges.collect(),
            roots: roots.collect(),
            names,
        }
    }

    fn search(&self, pinned: bool) -> Search<'_> {
        let count = self.names.len();
        let choosable: Vec<Bits> = (0..count).map(|name| self.choosable(name, pinned)).collect();
        let could_be = self.could_be(&choosable);
        let requires = self.potential(&could_be);
        let targets = self.joined(&could_be).into_iter().map(|(_, edge)| edge.target);
        let reached = self.roots.iter().map(|root| root.0).chain(targets).collect();
        let (mut order, chosen) = ((0..count).collect::<Vec<_>>(), vec![None; count]);
        let depths = depths(&requires);
        order.sort_by_key(|&name| (depths[name], name));
        let reaches = reaches(&requires);
        let may_ring = (0..count).any(|name| reaches[name][name]);
        let mut search = Search {
            names: self,
            choosable,
            order,
            chosen,
            reached,
            found: false,
            backtracked: false,
            may_ring,
        };
        search.found = search.decide();
        search
    }

    /// What may be chosen of a name at all.
    fn choosable(&self, name: usize, pinned: bool) -> Bits {
        let locked = self.case.request.locked.get(&self.names[name]);
        let stays = pinned && locked.is_some_and(|locked| !self.is_let_go(name, locked));
        let may = |release: &Release| Some(&release.version) == locked || !stays && !release.yanked;
        bits(self.releases[name].iter().map(may))
    }

    /// Whether what is locked is gone, or the user now asks for something else.
    fn is_let_go(&self, name: usize, locked: &Version) -> bool {
        if self.releases[name].iter().all(|release| release.version != *locked) {
            return true;
        }
        let refuses = |constraint: &Constraint| !constraint.is_latest() && !constraint.matches(locked);
        match self.case.request.overrides.get(&self.names[name]) {
            Some(constraint) => refuses(constraint),
            None => {
                let asked = self.case.request.requirements.iter();
                let asked = asked.filter(|wanted| self.names[name] == Identity::Pack(wanted.name.clone()));
                asked.map(|wanted| &wanted.constraint).any(refuses)
            }
        }
    }

    /// By name: which releases could be chosen, as far as requirements alone say.
    fn could_be(&self, choosable: &[Bits]) -> Vec<Bits> {
        let count = self.names.len();
        let mut could_be = vec![0; count];
        for name in 0..count {
            let asked = self.roots.iter().filter(|root| root.0 == name).map(|root| root.1);
            could_be[name] = asked.reduce(|all, admitted| all & admitted).unwrap_or(0) & choosable[name];
        }
        let is_root = |name| self.roots.iter().any(|root| root.0 == name);
        loop {
            let before = could_be.clone();
            for (_, edge) in self.joined(&before).into_iter().filter(|(_, edge)| !is_root(edge.target)) {
                could_be[edge.target] |= edge.admitted & choosable[edge.target];
            }
            if could_be == before {
                return could_be;
            }
        }
    }

    /// By name: which names it can require, through whichever release could be chosen.
    fn potential(&self, could_be: &[Bits]) -> Vec<Vec<bool>> {
        let mut requires = vec![vec![false; self.names.len()]; self.names.len()];
        for (name, edge) in self.joined(could_be) {
            // Nothing comes before itself.
            requires[name][edge.target] |= edge.target != name;
        }
        requires
    }

    /// What these releases require to be there, and who requires it.
    fn joined(&self, of: &[Bits]) -> Vec<(usize, &Edge)> {
        let mut joined = Vec::new();
        for (name, releases) in self.edges.iter().enumerate() {
            for (_, edges) in releases.iter().enumerate().filter(|(place, _)| of[name] & 1 << place != 0) {
                joined.extend(edges.iter().filter(|edge| edge.joins).map(|edge| (name, edge)));
            }
        }
        joined
    }

    /// What the chosen releases require.
    fn holding(&self, chosen: &Choice) -> impl Iterator<Item = &Edge> {
        let places = chosen.iter().enumerate().filter_map(|(name, &place)| Some((name, place?)));
        places.flat_map(|(name, place)| &self.edges[name][place])
    }

    fn has_ring(&self, chosen: &Choice) -> bool {
        let only: Vec<Bits> = chosen.iter().map(|place| place.map_or(0, |place| 1 << place)).collect();
        let mut requires = vec![vec![false; self.names.len()]; self.names.len()];
        for (name, edge) in self.joined(&only) {
            requires[name][edge.target] = true;
        }
        let reaches = reaches(&requires);
        (0..self.names.len()).any(|name| reaches[name][name])
    }

    fn solution(&self, chosen: &Choice) -> Solution {
        let version = |name: usize, place: usize| self.releases[name][place].version.clone();
        let chosen = chosen.iter().enumerate().filter_map(|(name, &place)| Some((name, place?)));
        chosen.map(|(name, place)| (self.names[name].clone(), version(name, place))).collect()
    }
}

struct Search<'n> {
    names: &'n Names<'n>,
    choosable: Vec<Bits>,
    order: Vec<usize>,
    chosen: Choice,
    reached: BTreeSet<usize>,
    found: bool,
    backtracked: bool,
    may_ring: bool,
}

impl Search<'_> {
    /// Decides everything that is left, or nothing.
    fn decide(&mut self) -> bool {
        let (mut required, mut allowed) = (vec![false; self.chosen.len()], self.choosable.clone());
        let roots = self.names.roots.iter().map(|&(target, admitted)| (target, admitted, true));
        let edges = self.names.holding(&self.chosen).map(|edge| (edge.target, edge.admitted, edge.joins));
        for (target, admitted, joins) in roots.chain(edges) {
            required[target] |= joins;
            allowed[target] &= admitted;
        }
        let broken = |(name, place): (usize, &Option<usize>)| {
            place.is_some_and(|place| allowed[name] & 1 << place == 0)
        };
        if self.chosen.iter().enumerate().any(broken) {
            return false;
        }
        let next = self.order.iter().copied().find(|&name| required[name] && self.chosen[name].is_none());
        let Some(name) = next else { return true };
        for place in self.best_first(name).into_iter().filter(|place| allowed[name] & 1 << place != 0) {
            self.chosen[name] = Some(place);
            if self.decide() {
                return true;
            }
            self.backtracked = true;
        }
        self.chosen[name] = None;
        false
    }

    fn best_first(&self, name: usize) -> Vec<usize> {
        let request = &self.names.case.request;
        let identity = &self.names.names[name];
        let version = |place: &usize| &self.names.releases[name][*place].version;
        let mut places: Vec<usize> = (0..self.names.releases[name].len()).collect();
        places.sort_by(|a, b| version(a).cmp(version(b)));
        let asked = self.names.roots.iter().any(|root| root.0 == name);
        let lowest =
            request.strategy == Strategy::Lowest || request.strategy == Strategy::LowestDirect && asked;
        if !lowest {
            places.reverse();
        }
        // Stable: only what is advised against moves to the end, and what is locked to the front.
        places.sort_by_key(|place| self.names.releases[name][*place].deprecated.is_some());
        places.sort_by_key(|place| request.locked.get(identity) != Some(version(place)));
        places
    }
}

/// The requirements of a release that count, overrides applied. The last part says whether it joins.
pub fn counting<'c>(
    case: &'c Case,
    identity: &Identity,
    release: &'c Release,
) -> impl Iterator<Item = (Identity, &'c Constraint, bool)> {
    let is_pack = matches!(identity, Identity::Pack(_));
    let followed = move |target: &Identity| match target {
        Identity::Pack(_) => is_pack,
        Identity::Package(registry, _) => is_pack && case.request.package_registries.contains(registry),
    };
    edges(release).filter(move |(target, ..)| followed(target)).map(|(target, constraint, optional)| {
        let joins = !optional || case.request.with.contains(target.name());
        (target.clone(), case.request.overrides.get(&target).unwrap_or(constraint), joins)
    })
}

fn admitted(case: &Case, identity: &Identity, constraint: &Constraint) -> Bits {
    let Some(Some(known)) = case.facts.get(identity) else { return 0 };
    let locked = case.request.locked.get(identity);
    bits(known.releases.iter().map(|Release { version, .. }| {
        if constraint.is_latest() {
            latest(known, constraint.has_prereleases()) == Some(version) || locked == Some(version)
        } else {
            constraint.matches(version)
        }
    }))
}

fn latest(known: &Known, prereleases: bool) -> Option<&Version> {
    let standing = known.releases.iter().filter(|release| !release.yanked);
    let usual =
        standing.map(|release| &release.version).filter(|version| prereleases || !version.is_prerelease());
    known.latest.as_ref().or(usual.max())
}

fn bits(all: impl Iterator<Item = bool>) -> Bits {
    all.enumerate().fold(0, |bits, (place, is_in)| bits | Bits::from(is_in) << place)
}

/// By name: what can be reached in one step or more (Warshall 1962).
fn reaches(requires: &[Vec<bool>]) -> Vec<Vec<bool>> {
    let mut reaches = requires.to_vec();
    for through in 0..reaches.len() {
        for from in 0..reaches.len() {
            for to in 0..reaches.len() {
                reaches[from][to] |= reaches[from][through] && reaches[through][to];
            }
        }
    }
    reaches
}

/// The longest way to each name from a name nothing requires, where the names of a ring are one.
fn depths(requires: &[Vec<bool>]) -> Vec<usize> {
    let reaches = reaches(requires);
    let mut depths = vec![0; requires.len()];
    // A way cannot be longer than there are names.
    for _ in 0..requires.len() {
        for from in 0..requires.len() {
            for to in (0..requires.len()).filter(|&to| reaches[from][to]) {
                let step = usize::from(!reaches[to][from]);
                depths[to] = depths[to].max(depths[from] + step);
            }
        }
    }
    depths
}
