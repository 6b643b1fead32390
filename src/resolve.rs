//! One version of every pack and package that is needed: gather the facts, then solve once.
//!
//! A [`Resolver`] asks for what is known of each reachable name until everything is known; then it
//! decides with PubGrub over complete facts, so the answer cannot depend on what arrived first.
//!
//! **The definition.** The result is what a depth-first search finds that, at each step, takes the
//! first name that is required and not yet decided, and tries its versions best first. The best
//! version is the locked one, then the highest (or lowest, by [`Strategy`]) that is not deprecated,
//! then the highest that is. Versions that are withdrawn count only when locked.
//!
//! Names come in a fixed order: by their depth, then packs before packages, then by name. The depth
//! of a name is the longest way to it over everything that could be chosen, where names that can
//! require each other count as one. What could be chosen follows from the request: of a name the
//! user asks for, what all of that admits; of any other, what anything that could be chosen admits.
//!
//! Optional dependencies join only when asked for, but constrain a name that is there anyway; they
//! lead nowhere and order nothing. Cycles are judged on the result.
//!
//! With a lock, what is locked is held in place first, but for versions that are gone or that the
//! user no longer asks for. Only when that has no result may the rest move, if it must.
//!
//! Not here: where facts come from, and the words for a conflict.

mod conflict;
mod gather;
mod reason;
mod search;
mod universe;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};

pub use self::conflict::{Conflict, Fact, Fix, Inference, Supply, Term};
pub use self::reason::{Hindrance, PassedOver, Reason, Requirer, reason};

use self::gather::Gather;
use self::search::{Search, Solution, Stop, dismantle};
use self::universe::Universe;
use crate::constraint::{Constraint, Requirement};
use crate::graph::{self, Cycle};
use crate::name::{Identity, PackageName, RegistryId};
use crate::registry::Release;
use crate::version::Version;

/// The most packs and packages in one graph.
pub const MAX_PACKS: usize = 10_000;

/// The most effort one resolution may take. Looking at a name takes one, and one more for each
/// conflict it was part of; so a graph of the largest size without conflicts takes about 2^14.
pub const MAX_EFFORT: u64 = 1 << 25;

/// The effort after which a resolver first lets its caller breathe.
const FIRST_PAUSE: u64 = 1 << 20;

/// The effort that may be spent on trying what would be if something else were asked for.
pub const TRIAL_EFFORT: u64 = 1 << 21;

/// Which of several versions is best.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub enum Strategy {
    /// The highest.
    #[default]
    Highest,
    /// The lowest: what the lower bounds of all constraints really promise.
    Lowest,
    /// The lowest of what the user asks for, the highest of everything else.
    LowestDirect,
}

/// What is wanted.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// What the user asks for. A name that stands here twice must satisfy both.
    pub requirements: Vec<Requirement>,
    /// Optional dependencies and packages that join.
    pub with: BTreeSet<PackageName>,
    /// Constraints that stand in for every other on the same name.
    pub overrides: BTreeMap<Identity, Constraint>,
    /// Versions to keep if that is possible, else to prefer, and to take even when withdrawn.
    pub locked: BTreeMap<Identity, Version>,
    /// Which of several versions is best.
    pub strategy: Strategy,
    /// The registries whose packages are resolved; the packages of others are left out.
    pub package_registries: BTreeSet<RegistryId>,
}

/// A requirement of a release, as a request sees it.
struct Edge<'a> {
    target: Identity,
    /// What counts: the override, if there is one.
    constraint: &'a Constraint,
    written: &'a Constraint,
    /// Whether the target must be there, not only fit if it is.
    joins: bool,
}

impl Request {
    fn edges<'a>(&'a self, identity: &Identity, release: &'a Release) -> impl Iterator<Item = Edge<'a>> {
        // Nothing is followed behind a package.
        let is_pack = matches!(identity, Identity::Pack(_));
        let packs = release.dependencies.iter().filter(move |_| is_pack);
        let packs = packs.map(|edge| (Identity::Pack(edge.name.clone()), &edge.constraint, edge.optional));
        let packages = release.packages.iter().filter(move |_| is_pack);
        let packages = packages.filter(|edge| self.package_registries.contains(&edge.registry)).map(|edge| {
            let identity = Identity::Package(edge.registry.clone(), edge.name.clone());
            (identity, &edge.constraint, edge.optional)
        });
        packs.chain(packages).map(|(target, written, optional)| Edge {
            constraint: self.overrides.get(&target).filter(|by| *by != written).unwrap_or(written),
            joins: !optional || self.with.contains(target.name()),
            written,
            target,
        })
    }

    /// The requirements of the user, overrides applied.
    fn roots(&self) -> impl Iterator<Item = (Identity, &Constraint)> {
        self.requirements.iter().map(|requirement| {
            let identity = Identity::Pack(requirement.name.clone());
            let constraint = self.overrides.get(&identity).unwrap_or(&requirement.constraint);
            (identity, constraint)
        })
    }

    fn prefers_lowest(&self, identity: &Identity) -> bool {
        match self.strategy {
            Strategy::Highest => false,
            Strategy::Lowest => true,
            Strategy::LowestDirect => self.asks_for(identity),
        }
    }

    fn asks_for(&self, identity: &Identity) -> bool {
        let Identity::Pack(name) = identity else { return false };
        self.requirements.iter().any(|requirement| requirement.name == *name)
    }
}

/// Everything a registry knows of a pack or package.
#[derive(Clone, Debug)]
pub struct Known {
    /// The registry.
    pub registry: RegistryId,
    /// The releases, the highest first.
    pub releases: Vec<Release>,
    /// What the registry itself calls the latest.
    pub latest: Option<Version>,
}

impl Known {
    /// What `latest` means: the registry's word, else the highest release that is not withdrawn.
    fn latest(&self, prereleases: bool) -> Option<&Version> {
        let standing = self.releases.iter().filter(|release| !release.yanked);
        let mut versions = standing.map(|release| &release.version);
        self.latest.as_ref().or_else(|| versions.find(|version| prereleases || !version.is_prerelease()))
    }

    /// Whether a version of this satisfies a constraint. A locked version is as good as the latest.
    fn admits(&self, constraint: &Constraint, version: &Version, locked: Option<&Version>) -> bool {
        if constraint.is_latest() {
            return self.latest(constraint.has_prereleases()) == Some(version) || locked == Some(version);
        }
        constraint.matches(version)
    }
}

/// What is known of each name that was looked up; `None` is the fact that there is no such thing.
pub type Facts = BTreeMap<Identity, Option<Known>>;

/// Facts given at the start and those that came in since.
struct Library<'a> {
    given: &'a Facts,
    added: Facts,
    /// Whether what is not there does not exist.
    is_complete: bool,
}

impl<'a> Library<'a> {
    fn new(given: &'a Facts, is_complete: bool) -> Library<'a> {
        Library { given, added: Facts::new(), is_complete }
    }

    fn get(&self, identity: &Identity) -> Option<&Known> {
        self.added.get(identity).or_else(|| self.given.get(identity))?.as_ref()
    }

    /// Whether there is nothing to be looked up about a name.
    fn covers(&self, identity: &Identity) -> bool {
        self.is_complete || self.added.contains_key(identity) || self.given.contains_key(identity)
    }
}

/// One version of everything that is needed.
#[derive(Clone, Debug)]
pub struct Resolution {
    /// The packs in install order: by level, then by name.
    pub packs: Vec<Chosen>,
    /// The packages by registry and name. They depend on nothing.
    pub packages: Vec<Chosen>,
    /// Whether it was found with what is locked held in place.
    pub pinned: bool,
}

impl Resolution {
    /// Everything by its identity.
    pub(crate) fn by_identity(&self) -> BTreeMap<&Identity, &Chosen> {
        self.iter().map(|chosen| (&chosen.identity, chosen)).collect()
    }

    /// Packs, then packages.
    pub fn iter(&self) -> impl Iterator<Item = &Chosen> {
        self.packs.iter().chain(&self.packages)
    }

    /// What was chosen of a pack or package.
    pub fn get(&self, identity: &Identity) -> Option<&Chosen> {
        self.iter().find(|chosen| chosen.identity == *identity)
    }
}

/// A pack or package with the version that was chosen.
#[derive(Clone, Debug)]
pub struct Chosen {
    /// What it is.
    pub identity: Identity,
    /// The chosen release.
    pub release: Release,
    /// The registry it comes from.
    pub registry: RegistryId,
    /// Its level: it depends only on packs of lower ones. Packages are on level 0.
    pub level: usize,
    /// Whether the user asked for it.
    pub requested: bool,
    /// Whether its version is the locked one.
    pub locked: bool,
    /// What it requires here: packs, then packages.
    pub requirements: Vec<Required>,
}

impl Chosen {
    /// The identity and version as messages show them.
    pub fn label(&self) -> String {
        format!("{}@{}", self.identity, self.release.version)
    }
}

/// A requirement that holds in a resolution.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Required {
    /// What is required.
    pub target: Identity,
    /// Which versions will do.
    pub constraint: Constraint,
    /// The constraint as it was written, where an override stands in for it.
    pub overridden: Option<Constraint>,
}

impl fmt::Display for Required {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.constraint == Constraint::any() {
            return self.target.fmt(f);
        }
        write!(f, "{}@{}", self.target, self.constraint)
    }
}

/// Why there is no resolution.
#[derive(Clone, Debug)]
pub enum Failure {
    /// No versions satisfy all requirements.
    Conflict(Box<Conflict>),
    /// The versions that satisfy them depend on each other in a ring. Each edge is a pack and what
    /// it requires of the next.
    Cycle(Vec<(Identity, Required)>),
    /// More can be reached than a graph may hold.
    TooManyPacks,
    /// No answer within the effort allowed.
    TooHard,
}

/// How far a [`Resolver`] got.
#[derive(Debug)]
pub enum Progress {
    /// It must know these, in order, to go on.
    Wants(Vec<Identity>),
    /// It has worked for a while; ask again.
    Paused,
    /// It is done.
    Done(Result<Resolution, Failure>),
}

/// Resolves a request step by step, with facts that come from outside.
pub struct Resolver<'a> {
    request: &'a Request,
    library: Library<'a>,
    gather: Gather,
    /// Whether what is locked may move.
    relaxed: bool,
    allowance: u64,
    limit: u64,
    steps: u64,
}

impl<'a> Resolver<'a> {
    /// Starts on a request, with what is known already.
    pub fn new(request: &'a Request, facts: &'a Facts) -> Resolver<'a> {
        Resolver::over(request, Library::new(facts, false))
    }

    fn over(request: &'a Request, library: Library<'a>) -> Resolver<'a> {
        let relaxed = request.locked.is_empty();
        let gather = Gather::new(request, !relaxed);
        Resolver { request, library, gather, relaxed, allowance: FIRST_PAUSE, limit: MAX_EFFORT, steps: 0 }
    }

    /// Gives up earlier than after [`MAX_EFFORT`].
    #[must_use]
    pub fn within(mut self, effort: u64) -> Resolver<'a> {
        self.limit = effort;
        self
    }

    /// Takes in what was found of something wanted.
    pub fn add(&mut self, identity: Identity, known: Option<Known>) {
        self.library.added.insert(identity, known);
    }

    /// The steps of all its searches so far, about one for each decision. What is spent on
    /// explaining a conflict is not counted.
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// Everything it was told.
    pub fn into_facts(self) -> Facts {
        let Library { given, mut added, .. } = self.library;
        for (identity, known) in given {
            added.entry(identity.clone()).or_insert_with(|| known.clone());
        }
        added
    }

    /// Goes on as far as possible.
    pub fn advance(&mut self) -> Progress {
        loop {
            match self.gather.wanted(self.request, &self.library) {
                Err(failure) => return Progress::Done(Err(failure)),
                Ok(wanted) if !wanted.is_empty() => return Progress::Wants(wanted),
                Ok(_) => {}
            }
            let universe = Universe::new(self.request, &self.library, &self.gather);
            let mut search = Search::new(&universe, self.allowance);
            let found = search.run();
            self.steps += search.steps();
            match found {
                Ok(chosen) => return Progress::Done(universe.resolution(&chosen, !self.relaxed)),
                // Starting again with twice the allowance takes at most twice the time in all.
                Err(Stop::Exhausted) if self.allowance < self.limit => {
                    self.allowance *= 2;
                    return Progress::Paused;
                }
                Err(stop) if !self.relaxed => {
                    if let Stop::NoSolution(tree) = stop {
                        dismantle(*tree);
                    }
                    self.relaxed = true;
                    self.allowance = FIRST_PAUSE;
                    self.gather = Gather::new(self.request, false);
                }
                Err(Stop::Exhausted) => return Progress::Done(Err(Failure::TooHard)),
                Err(Stop::NoSolution(tree)) => {
                    let conflict = Conflict::new(&universe, *tree);
                    return Progress::Done(Err(Failure::Conflict(Box::new(conflict))));
                }
            }
        }
    }
}

/// Resolves a request over facts that are complete.
///
/// # Errors
/// Why there is no resolution. A name that is not among the facts counts as one that does not exist.
pub fn resolve(request: &Request, facts: &Facts) -> Result<Resolution, Failure> {
    let mut resolver = Resolver::over(request, Library::new(facts, true));
    loop {
        if let Progress::Done(result) = resolver.advance() {
            return result;
        }
    }
}

impl Universe<'_> {
    /// The chosen versions in install order.
    fn resolution(&self, chosen: &Solution, pinned: bool) -> Result<Resolution, Failure> {
        let mut all: Vec<Chosen> = chosen.iter().map(|(&item, &rank)| self.chosen(item, rank)).collect();
        all.sort_by(|a, b| a.identity.cmp(&b.identity));
        let first_package = all.partition_point(|chosen| matches!(chosen.identity, Identity::Pack(_)));
        let packages = all.split_off(first_package);
        let mut packs = all;
        let place = |target: &Identity| packs.binary_search_by(|pack| pack.identity.cmp(target)).ok();
        let targets: Vec<Vec<usize>> = packs
            .iter()
            .map(|pack| pack.requirements.iter().filter_map(|edge| place(&edge.target)).collect())
            .collect();
        // What a pack would have with it goes before it also where others brought it.
        let wishes: Vec<Vec<usize>> = packs
            .iter()
            .map(|pack| {
                let edges = self.request.edges(&pack.identity, &pack.release);
                edges.filter(|edge| !edge.joins).filter_map(|edge| place(&edge.target)).collect()
            })
            .collect();
        let levels = graph::levels(&graph::with_wishes(targets, &wishes)).map_err(|Cycle(ring)| {
            let edge = |at: usize| {
                let next = &packs[ring[(at + 1) % ring.len()]].identity;
                let here = &packs[ring[at % ring.len()]];
                let required = here.requirements.iter().find(|edge| edge.target == *next);
                (here.identity.clone(), required.expect("a ring follows requirements").clone())
            };
            // It is best told from what the user knows.
            let start = ring.iter().position(|&node| packs[node].requested).unwrap_or(0);
            Failure::Cycle((start..start + ring.len()).map(edge).collect())
        })?;
        for (level, nodes) in levels.into_iter().enumerate() {
            for node in nodes {
                packs[node].level = level;
            }
        }
        packs.sort_by(|a, b| (a.level, &a.identity).cmp(&(b.level, &b.identity)));
        Ok(Resolution { packs, packages, pinned })
    }

    fn chosen(&self, item: usize, rank: usize) -> Chosen {
        let (identity, known) = (self.identity(item), self.known(item).expect("what is chosen is known"));
        let release = self.release(item, rank);
        let edges = self.request.edges(identity, release).filter(|edge| edge.joins);
        let requirements = edges.map(|edge| Required {
            overridden: (!std::ptr::eq(edge.constraint, edge.written)).then(|| edge.written.clone()),
            constraint: edge.constraint.clone(),
            target: edge.target,
        });
        Chosen {
            level: 0,
            requested: self.request.asks_for(identity),
            locked: self.request.locked.get(identity) == Some(&release.version),
            registry: known.registry.clone(),
            requirements: requirements.collect(),
            identity: identity.clone(),
            release: release.clone(),
        }
    }
}
