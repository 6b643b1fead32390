//! One version of every pack that is needed: gather the facts, then solve once.
//!
//! [`Gather`] says which names to look up until everything reachable is known; [`solve`] then
//! decides with PubGrub over complete facts, so the answer cannot depend on what arrived first.
//! Names are decided in alphabetical order, locked versions first, then the highest.
//!
//! Not here: where facts come from, and the words for a conflict.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::fmt;

use pubgrub::{
    Dependencies, DependencyProvider, DerivationTree, External, PackageResolutionStatistics, PubGrubError,
    VersionSet as _,
};

use crate::constraint::{Constraint, Requirement, VersionSet};
use crate::graph::{self, Cycle};
use crate::manifest::Dependency;
use crate::name::{PackName, RegistryId};
use crate::registry::Release;
use crate::version::Version;

/// The most packs in one graph.
pub const MAX_PACKS: usize = 10_000;

/// What is wanted.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// What the user asks for. A name that stands here twice must satisfy both.
    pub requirements: Vec<Requirement>,
    /// Optional dependencies that join.
    pub with: BTreeSet<PackName>,
    /// Versions to prefer, and to take even when yanked.
    pub locked: BTreeMap<PackName, Version>,
}

impl Request {
    fn joins(&self, dependency: &Dependency) -> bool {
        !dependency.optional || self.with.contains(&dependency.name)
    }

    fn may_choose(&self, release: &Release) -> bool {
        !release.yanked || self.locked.get(&release.name) == Some(&release.version)
    }
}

/// Everything a registry knows of a pack.
#[derive(Clone, Debug)]
pub struct Known {
    /// The registry the name belongs to.
    pub registry: RegistryId,
    /// Its releases, the highest first.
    pub releases: Vec<Release>,
}

/// What is known of each name that was looked up; `None` is the fact that there is no such pack.
pub type Facts = BTreeMap<PackName, Option<Known>>;

/// Collects facts round by round until every reachable name is known.
///
/// Only root requirements narrow what can be reached; the requirements of candidates are united.
pub struct Gather {
    request: Request,
    roots: BTreeMap<PackName, VersionSet>,
    reach: BTreeMap<PackName, VersionSet>,
    unexplored: BTreeSet<PackName>,
    facts: Facts,
}

/// More names than a graph may have.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("more than {MAX_PACKS} packs can be reached")]
pub struct TooManyPacks;

impl Gather {
    /// Starts from the root requirements.
    pub fn new(request: Request) -> Gather {
        let mut roots: BTreeMap<PackName, VersionSet> = BTreeMap::new();
        for Requirement { name, constraint } in &request.requirements {
            let set = roots.entry(name.clone()).or_insert_with(VersionSet::full);
            *set = set.intersection(constraint.set());
        }
        let unexplored = roots.keys().cloned().collect();
        Gather { request, reach: roots.clone(), roots, unexplored, facts: Facts::new() }
    }

    /// The names to look up next, in order. Empty when all is known.
    ///
    /// # Errors
    /// If the graph grows over its limit.
    pub fn wanted(&mut self) -> Result<Vec<PackName>, TooManyPacks> {
        loop {
            if self.reach.len() > MAX_PACKS {
                return Err(TooManyPacks);
            }
            let (known, unknown): (Vec<_>, Vec<_>) = std::mem::take(&mut self.unexplored)
                .into_iter()
                .partition(|name| self.facts.contains_key(name));
            self.unexplored.extend(unknown.iter().cloned());
            if known.is_empty() {
                return Ok(unknown);
            }
            for name in known {
                self.explore(&name);
            }
        }
    }

    /// Takes in what was found about a name.
    pub fn add(&mut self, name: PackName, known: Option<Known>) {
        self.facts.insert(name, known);
    }

    /// All facts, once nothing is wanted any more.
    pub fn into_facts(self) -> Facts {
        self.facts
    }

    /// Widens the reach by what the candidates of a pack depend on.
    fn explore(&mut self, name: &PackName) {
        let Some(Some(known)) = self.facts.get(name) else { return };
        let reach = &self.reach[name];
        let mut widened: Vec<(PackName, VersionSet)> = Vec::new();
        for release in &known.releases {
            if !reach.contains(&release.version) || !self.request.may_choose(release) {
                continue;
            }
            for dependency in release.dependencies.iter().filter(|dependency| self.request.joins(dependency))
            {
                widened.push((dependency.name.clone(), dependency.constraint.set().clone()));
            }
        }
        for (dependency, set) in widened {
            let set = match self.roots.get(&dependency) {
                Some(root) => root.intersection(&set),
                None => set,
            };
            let before = self.reach.get(&dependency);
            let after = before.map_or_else(|| set.clone(), |before| before.union(&set));
            if before != Some(&after) {
                self.reach.insert(dependency.clone(), after);
                self.unexplored.insert(dependency);
            }
        }
    }
}

/// One version of every needed pack.
#[derive(Clone, Debug)]
pub struct Resolution {
    /// The packs in install order: by level, then by name.
    pub packs: Vec<ChosenPack>,
}

/// A pack with the version that was chosen.
#[derive(Clone, Debug)]
pub struct ChosenPack {
    /// The chosen release.
    pub release: Release,
    /// The registry it comes from.
    pub registry: RegistryId,
    /// Its level: it depends only on packs of lower ones.
    pub level: usize,
    /// Whether the user asked for it.
    pub requested: bool,
    /// The packs it depends on here.
    pub dependencies: Vec<Requirement>,
}

impl ChosenPack {
    /// The name and version as messages show them.
    pub fn label(&self) -> String {
        format!("{}@{}", self.release.name, self.release.version)
    }
}

/// Why there is no resolution.
#[derive(Clone, Debug)]
pub enum Failure {
    /// No versions satisfy all requirements.
    Conflict(Vec<Fact>),
    /// The versions that satisfy them depend on each other in a ring. Each edge is a pack and what
    /// it requires of the next.
    Cycle(Vec<(PackName, Requirement)>),
}

/// A fact that a conflict follows from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fact {
    /// The user asks for something.
    Asked(Requirement),
    /// Some versions of a pack depend on something.
    Depends {
        /// The pack.
        dependent: PackName,
        /// The versions it is true of, ascending.
        versions: Vec<Version>,
        /// Whether those are all there are.
        all: bool,
        /// What they require.
        requirement: Requirement,
    },
    /// No release of a pack lies in what is wanted of it.
    NoVersion {
        /// The pack.
        name: PackName,
        /// Releases that could be chosen, ascending.
        available: Vec<Version>,
        /// Withdrawn releases, ascending.
        yanked: Vec<Version>,
    },
    /// There is no such pack.
    NotFound(PackName),
}

/// Chooses one version of every needed pack.
///
/// `facts` must hold every name that [`Gather`] wanted for the same request.
///
/// # Errors
/// The conflict or the ring.
pub fn solve(request: &Request, facts: &Facts) -> Result<Resolution, Failure> {
    let universe = Universe { request, facts };
    let root_version = Version::new(0, 0, 0, semver::Prerelease::EMPTY);
    let chosen = match pubgrub::resolve(&universe, Node::Root, root_version) {
        Ok(chosen) => chosen,
        Err(PubGrubError::NoSolution(tree)) => return Err(Failure::Conflict(universe.facts_of(&tree))),
        Err(
            PubGrubError::ErrorRetrievingDependencies { source, .. }
            | PubGrubError::ErrorChoosingVersion { source, .. }
            | PubGrubError::ErrorInShouldCancel(source),
        ) => match source {},
    };
    let chosen: BTreeMap<PackName, Version> = chosen
        .into_iter()
        .filter_map(|(node, version)| match node {
            Node::Root | Node::Presence(_) => None,
            Node::Pack(name) => Some((name, version)),
        })
        .collect();
    universe.order(&chosen)
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Node {
    Root,
    Pack(PackName),
    /// The version of a pack if it is there, else [`absent`]. The pack itself settles it; an
    /// optional dependency that nobody asked for admits its own versions and absence.
    Presence(PackName),
}

/// No version that can be written is so high.
fn absent() -> Version {
    Version::new(u64::MAX, 0, 0, semver::Prerelease::EMPTY)
}

impl fmt::Display for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Node::Root => f.write_str("the project"),
            Node::Pack(name) | Node::Presence(name) => name.fmt(f),
        }
    }
}

struct Universe<'a> {
    request: &'a Request,
    facts: &'a Facts,
}

impl Universe<'_> {
    fn known(&self, name: &PackName) -> Option<&Known> {
        self.facts.get(name)?.as_ref()
    }

    fn releases(&self, name: &PackName) -> &[Release] {
        self.known(name).map_or(&[], |known| &known.releases)
    }

    fn release(&self, name: &PackName, version: &Version) -> &Release {
        let found = self.releases(name).iter().find(|release| release.version == *version);
        found.expect("only known versions are chosen")
    }

    fn order(&self, chosen: &BTreeMap<PackName, Version>) -> Result<Resolution, Failure> {
        let names: Vec<&PackName> = chosen.keys().collect();
        let edges: Vec<Vec<Requirement>> = chosen
            .iter()
            .map(|(name, version)| {
                let dependencies = self.release(name, version).dependencies.iter();
                dependencies
                    .filter(|dependency| self.request.joins(dependency))
                    .map(|dependency| Requirement {
                        name: dependency.name.clone(),
                        constraint: dependency.constraint.clone(),
                    })
                    .collect()
            })
            .collect();
        let id = |name: &PackName| names.binary_search(&name).expect("dependencies of the chosen are chosen");
        let targets: Vec<Vec<usize>> =
            edges.iter().map(|edges| edges.iter().map(|edge| id(&edge.name)).collect()).collect();
        let levels = graph::levels(&targets).map_err(|Cycle(ring)| {
            let edge = |at: usize| {
                let next = names[ring[(at + 1) % ring.len()]];
                let requirement = edges[ring[at]].iter().find(|edge| edge.name == *next);
                (names[ring[at]].clone(), requirement.expect("a ring follows edges").clone())
            };
            Failure::Cycle((0..ring.len()).map(edge).collect())
        })?;
        let mut packs = Vec::with_capacity(names.len());
        for (level, nodes) in levels.iter().enumerate() {
            for &node in nodes {
                let name = names[node];
                packs.push(ChosenPack {
                    release: self.release(name, &chosen[name]).clone(),
                    registry: self.known(name).expect("chosen packs are known").registry.clone(),
                    level,
                    requested: self.request.requirements.iter().any(|requirement| requirement.name == *name),
                    dependencies: edges[node].clone(),
                });
            }
        }
        Ok(Resolution { packs })
    }

    /// The external facts of a derivation, the ones nearest to the user first.
    fn facts_of(&self, tree: &DerivationTree<Node, VersionSet, String>) -> Vec<Fact> {
        let mut facts: Vec<Fact> = Vec::new();
        let mut open = vec![tree];
        // Causes are shared; a walk that forgot where it was would take exponential time.
        let mut visited: BTreeSet<*const DerivationTree<Node, VersionSet, String>> = BTreeSet::new();
        while let Some(tree) = open.pop() {
            if !visited.insert(tree) {
                continue;
            }
            match tree {
                DerivationTree::Derived(derived) => open.extend([&*derived.cause2, &*derived.cause1]),
                DerivationTree::External(external) => {
                    for fact in self.fact_of(external) {
                        if !facts.contains(&fact) {
                            facts.push(fact);
                        }
                    }
                }
            }
        }
        // A chain reads from the user's request down to what cannot be had.
        facts.sort_by_key(|fact| match fact {
            Fact::Asked(_) => 0,
            Fact::Depends { .. } => 1,
            Fact::NoVersion { .. } | Fact::NotFound(_) => 2,
        });
        facts
    }

    fn fact_of(&self, external: &External<Node, VersionSet, String>) -> Vec<Fact> {
        match external {
            External::NotRoot(..)
            | External::Custom(..)
            | External::NoVersions(Node::Root | Node::Presence(_), _)
            | External::FromDependencyOf(Node::Presence(_), ..) => Vec::new(),
            External::NoVersions(Node::Pack(name), _) => vec![self.fact_of_versions(name)],
            External::FromDependencyOf(Node::Root, _, Node::Pack(name), _) => {
                let asked = self.request.requirements.iter().filter(|requirement| requirement.name == *name);
                asked.cloned().map(Fact::Asked).collect()
            }
            // That a pack settles its own presence is a matter of form.
            External::FromDependencyOf(Node::Pack(dependent), _, Node::Presence(name), _)
                if dependent == name =>
            {
                Vec::new()
            }
            External::FromDependencyOf(
                Node::Pack(dependent),
                versions,
                Node::Pack(name) | Node::Presence(name),
                _,
            ) => vec![self.fact_of_dependency(dependent, versions, name)],
            External::FromDependencyOf(_, _, Node::Root | Node::Presence(_), _) => Vec::new(),
        }
    }

    fn fact_of_versions(&self, name: &PackName) -> Fact {
        if self.known(name).is_none() {
            return Fact::NotFound(name.clone());
        }
        let mut available = Vec::new();
        let mut yanked = Vec::new();
        for release in self.releases(name).iter().rev() {
            let list = if release.yanked { &mut yanked } else { &mut available };
            list.push(release.version.clone());
        }
        Fact::NoVersion { name: name.clone(), available, yanked }
    }

    fn fact_of_dependency(&self, dependent: &PackName, set: &VersionSet, name: &PackName) -> Fact {
        let depends =
            |release: &&Release| release.dependencies.iter().any(|dependency| dependency.name == *name);
        let releases = self.releases(dependent);
        let concerned: Vec<&Release> =
            releases.iter().rev().filter(|release| set.contains(&release.version)).filter(depends).collect();
        let constraint = concerned
            .iter()
            .flat_map(|release| &release.dependencies)
            .find(|dependency| dependency.name == *name)
            .map_or_else(Constraint::any, |dependency| dependency.constraint.clone());
        Fact::Depends {
            dependent: dependent.clone(),
            all: concerned.len() == releases.len(),
            versions: concerned.into_iter().map(|release| release.version.clone()).collect(),
            requirement: Requirement { name: name.clone(), constraint },
        }
    }
}

impl DependencyProvider for Universe<'_> {
    type P = Node;
    type V = Version;
    type VS = VersionSet;
    type M = String;
    type Priority = Reverse<(bool, Option<PackName>)>;
    type Err = Infallible;

    fn prioritize(&self, node: &Node, _: &VersionSet, _: &PackageResolutionStatistics) -> Self::Priority {
        match node {
            Node::Root => Reverse((false, None)),
            Node::Pack(name) => Reverse((false, Some(name.clone()))),
            Node::Presence(name) => Reverse((true, Some(name.clone()))),
        }
    }

    fn choose_version(&self, node: &Node, set: &VersionSet) -> Result<Option<Version>, Infallible> {
        let name = match node {
            Node::Root => return Ok(Some(Version::new(0, 0, 0, semver::Prerelease::EMPTY))),
            Node::Presence(_) if set.contains(&absent()) => return Ok(Some(absent())),
            Node::Pack(name) | Node::Presence(name) => name,
        };
        let mut candidates = self
            .releases(name)
            .iter()
            .filter(|release| set.contains(&release.version) && self.request.may_choose(release))
            .map(|release| &release.version);
        let locked = self.request.locked.get(name);
        Ok(candidates.clone().find(|&version| Some(version) == locked).or_else(|| candidates.next()).cloned())
    }

    fn get_dependencies(
        &self,
        node: &Node,
        version: &Version,
    ) -> Result<Dependencies<Node, VersionSet, String>, Infallible> {
        let mut edges: Vec<(Node, VersionSet)> = Vec::new();
        match node {
            Node::Root => {
                let requirements = self.request.requirements.iter();
                edges.extend(requirements.map(|r| (Node::Pack(r.name.clone()), r.constraint.set().clone())));
            }
            Node::Pack(name) => {
                edges.push((Node::Presence(name.clone()), VersionSet::singleton(version.clone())));
                for dependency in &self.release(name, version).dependencies {
                    let (name, set) = (dependency.name.clone(), dependency.constraint.set());
                    edges.push(if self.request.joins(dependency) {
                        (Node::Pack(name), set.clone())
                    } else {
                        (Node::Presence(name), set.union(&VersionSet::singleton(absent())))
                    });
                }
            }
            Node::Presence(_) => {}
        }
        let mut sets: BTreeMap<Node, VersionSet> = BTreeMap::new();
        for (node, set) in edges {
            let joined = sets.entry(node).or_insert_with(VersionSet::full);
            *joined = joined.intersection(&set);
        }
        Ok(Dependencies::Available(sets.into_iter().collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::Digest;
    use proptest::prelude::*;

    /// `name version: dep constraint, dep? constraint` per line; `!` behind the version is yanked.
    fn universe(text: &str) -> BTreeMap<PackName, Known> {
        let mut universe: BTreeMap<PackName, Known> = BTreeMap::new();
        for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
            let (head, tail) = line.split_once(':').unwrap_or((line, ""));
            let (name, version) = head.trim().split_once(' ').unwrap();
            let dependency = |text: &str| {
                let (name, constraint) = text.trim().split_once(' ').unwrap();
                Dependency {
                    name: name.trim_end_matches('?').parse().unwrap(),
                    constraint: constraint.parse().unwrap(),
                    optional: name.ends_with('?'),
                    reason: None,
                }
            };
            let release = Release {
                name: name.parse().unwrap(),
                version: version.trim_end_matches('!').parse().unwrap(),
                dependencies: tail
                    .split(',')
                    .filter(|text| !text.trim().is_empty())
                    .map(dependency)
                    .collect(),
                packages: Vec::new(),
                integrity: Digest::of(line.as_bytes()),
                size: 0,
                yanked: version.ends_with('!'),
                published: None,
            };
            let known = universe
                .entry(release.name.clone())
                .or_insert_with(|| Known { registry: "test".parse().unwrap(), releases: Vec::new() });
            known.releases.push(release);
            known.releases.sort_by(|a, b| b.version.cmp(&a.version));
        }
        universe
    }

    fn request(text: &str) -> Request {
        Request {
            requirements: text.split_whitespace().map(|text| text.parse().unwrap()).collect(),
            ..Request::default()
        }
    }

    /// Gathers and solves; gives the versions in install order and the names looked up.
    fn run(
        universe: &BTreeMap<PackName, Known>,
        request: &Request,
    ) -> (Result<Vec<String>, Failure>, Vec<String>) {
        let mut gather = Gather::new(request.clone());
        let mut asked = Vec::new();
        loop {
            let wanted = gather.wanted().unwrap();
            if wanted.is_empty() {
                break;
            }
            for name in wanted {
                asked.push(name.to_string());
                gather.add(name.clone(), universe.get(&name).cloned());
            }
        }
        let solved = solve(request, &gather.into_facts());
        (
            solved.map(|solved| {
                solved.packs.iter().map(|pack| format!("{} {}", pack.level, pack.label())).collect()
            }),
            asked,
        )
    }

    #[test]
    fn the_highest_that_fits_in_level_order() {
        let universe = universe(
            "app 1.0.0: lib ^1, base ^1\nlib 1.0.0: base ~1.1\nlib 1.1.0: base ~1.2\nlib 2.0.0\nbase 1.1.5\nbase 1.2.0\nbase 1.3.0\nother 1.0.0",
        );
        let (solved, asked) = run(&universe, &request("app"));
        assert_eq!(solved.unwrap(), ["0 base@1.2.0", "1 lib@1.1.0", "2 app@1.0.0"]);
        assert_eq!(asked, ["app", "base", "lib"], "nothing else is looked up");
    }

    #[test]
    fn yanked_only_when_locked_and_locked_before_higher() {
        let universe = universe("a 1.0.0\na 1.1.0!\na 1.2.0");
        let mut request = request("a");
        assert_eq!(run(&universe, &request).0.unwrap(), ["0 a@1.2.0"]);
        request.locked.insert("a".parse().unwrap(), "1.1.0".parse().unwrap());
        assert_eq!(run(&universe, &request).0.unwrap(), ["0 a@1.1.0"]);
    }

    #[test]
    fn optional_dependencies_join_when_asked_for_and_constrain_when_present() {
        let universe = universe("a 1.0.0: ci? ^1\nci 1.0.0\nci 2.0.0");
        let (solved, asked) = run(&universe, &request("a"));
        assert_eq!((solved.unwrap(), asked), (vec!["0 a@1.0.0".to_owned()], vec!["a".to_owned()]));
        let mut with = request("a");
        with.with.insert("ci".parse().unwrap());
        assert_eq!(run(&universe, &with).0.unwrap(), ["0 ci@1.0.0", "1 a@1.0.0"]);
        let Err(Failure::Conflict(facts)) = run(&universe, &request("a ci@2")).0 else {
            panic!("they clash")
        };
        assert!(facts.iter().any(
            |fact| matches!(fact, Fact::Depends { requirement, .. } if requirement.to_string() == "ci@^1")
        ));
        let either = run(&universe, &request("a ci")).0.unwrap();
        assert_eq!(either, ["0 a@1.0.0", "0 ci@1.0.0"], "the higher one is tried and left");
    }

    #[test]
    fn rings_carry_the_requirement_on_each_edge() {
        let Err(Failure::Cycle(ring)) =
            run(&universe("a 1.0.0: b ^1\nb 1.0.0: c *\nc 1.0.0: b >=1"), &request("a")).0
        else {
            panic!("there is a ring")
        };
        let ring: Vec<String> =
            ring.iter().map(|(name, requirement)| format!("{name} -> {requirement}")).collect();
        assert_eq!(ring, ["b -> c@*", "c -> b@>=1"]);
    }

    #[test]
    fn conflicts_are_facts_from_the_request_down() {
        let universe = universe(
            "a 1.0.0: base ^1\na 1.1.0: base ^1\nb 1.0.0: base ^2\nbase 1.0.0\nbase 2.0.0\nc 1.0.0: ghost ^1",
        );
        let Err(Failure::Conflict(facts)) = run(&universe, &request("a b")).0 else { panic!("they clash") };
        assert!(
            matches!(&facts[0], Fact::Asked(requirement) if requirement.to_string() == "a@*"),
            "{facts:?}"
        );
        assert!(
            facts
                .iter()
                .any(|fact| matches!(fact, Fact::Depends { versions, all: true, .. } if versions.len() == 2))
        );
        let Err(Failure::Conflict(facts)) = run(&universe, &request("c")).0 else {
            panic!("ghost is not there")
        };
        assert!(facts.contains(&Fact::NotFound("ghost".parse().unwrap())), "{facts:?}");
        let Err(Failure::Conflict(facts)) = run(&universe, &request("a@^9")).0 else {
            panic!("no such version")
        };
        assert!(matches!(&facts[1], Fact::NoVersion { available, .. } if available.len() == 2), "{facts:?}");
    }

    #[test]
    fn one_name_asked_for_twice_satisfies_both() {
        let universe = universe("a 1.0.0\na 1.5.0\na 2.0.0");
        assert_eq!(run(&universe, &request("a@<2 a@>=1")).0.unwrap(), ["0 a@1.5.0"]);
    }

    #[test]
    fn graphs_have_a_limit() {
        let requirements = (0..=MAX_PACKS).map(|n| format!("p{n}")).collect::<Vec<_>>().join(" ");
        assert_eq!(Gather::new(request(&requirements)).wanted().unwrap_err(), TooManyPacks);
    }

    #[test]
    fn nodes_print_for_pubgrubs_own_reports() {
        assert_eq!(format!("{} {}", Node::Root, Node::Pack("a".parse().unwrap())), "the project a");
    }

    prop_compose! {
        fn small_universe()(
            releases in prop::collection::btree_map((0..4usize, 1..4u64), prop::collection::btree_map(0..4usize, (1..4u64, prop::bool::weighted(0.3)), 0..3), 1..10),
        ) -> String {
            releases.into_iter().map(|((name, major), dependencies)| {
                let dependencies: Vec<String> = dependencies.into_iter().filter(|(to, _)| *to != name)
                    .map(|(to, (major, optional))| format!("p{to}{} >={major}", if optional { "?" } else { "" })).collect();
                format!("p{name} {major}.0.0: {}\n", dependencies.join(","))
            }).collect()
        }
    }

    /// Every combination of versions, as the definition of a solution.
    fn solvable(universe: &BTreeMap<PackName, Known>, root: &PackName) -> bool {
        fn complete(
            universe: &BTreeMap<PackName, Known>,
            chosen: &mut BTreeMap<PackName, Release>,
            open: Vec<Dependency>,
        ) -> bool {
            let Some((first, rest)) = open.split_first() else {
                let mut optional = chosen.values().flat_map(|release| &release.dependencies);
                return optional.all(|dependency| {
                    let present = chosen.get(&dependency.name);
                    present.is_none_or(|present| dependency.constraint.matches(&present.version))
                });
            };
            if let Some(release) = chosen.get(&first.name) {
                return first.constraint.matches(&release.version)
                    && complete(universe, chosen, rest.to_vec());
            }
            let releases = universe.get(&first.name).map_or(&[][..], |known| &known.releases);
            releases.iter().filter(|release| first.constraint.matches(&release.version)).any(|release| {
                chosen.insert(first.name.clone(), release.clone());
                let joined = release.dependencies.iter().filter(|dependency| !dependency.optional).cloned();
                let open = [rest, &joined.collect::<Vec<_>>()].concat();
                let done = complete(universe, chosen, open);
                chosen.remove(&first.name);
                done
            })
        }
        let root =
            Dependency { name: root.clone(), constraint: Constraint::any(), optional: false, reason: None };
        complete(universe, &mut BTreeMap::new(), vec![root])
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1000))]

        #[test]
        fn the_verdict_is_that_of_trying_everything(text in small_universe()) {
            let universe = universe(&text);
            let root: PackName = "p0".parse().unwrap();
            match run(&universe, &request("p0")).0 {
                Ok(packs) => {
                    prop_assert!(solvable(&universe, &root));
                    prop_assert!(packs.iter().any(|pack| pack.contains("p0@")));
                }
                Err(Failure::Conflict(facts)) => {
                    prop_assert!(!solvable(&universe, &root));
                    prop_assert!(!facts.is_empty());
                }
                Err(Failure::Cycle(ring)) => {
                    prop_assert!(ring.len() > 1);
                    for (at, (_, requirement)) in ring.iter().enumerate() {
                        prop_assert_eq!(&requirement.name, &ring[(at + 1) % ring.len()].0);
                    }
                }
            }
        }
    }
}
