//! Universes that tests and measurements share, as plain numbers: version `n` is `n.0.0`.

use std::collections::BTreeMap;

use packwright::constraint::{Constraint, Requirement};
use packwright::manifest::Dependency;
use packwright::name::{Identity, PackName, PackageName};
use packwright::registry::{Digest, Release};
use packwright::resolve::{Facts, Known, Request};
use packwright::version::Version;

/// A name, by its number.
pub type Name = u32;

/// A requirement: these versions from the first on and, if there is a second, below that.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Edge {
    pub target: Name,
    pub from: u32,
    pub below: Option<u32>,
}

/// What each version of each name requires.
pub type Registry = BTreeMap<Name, BTreeMap<u32, Vec<Edge>>>;

/// Any version of a name.
pub fn any(target: Name) -> Edge {
    Edge { target, from: 0, below: None }
}

/// One version of a name.
pub fn only(target: Name, version: u32) -> Edge {
    Edge { target, from: version, below: Some(version + 1) }
}

/// What the user asks for, of a registry.
pub struct Case {
    pub registry: Registry,
    pub wanted: Vec<Edge>,
}

/// Each name requires the next, in three versions.
pub fn chain(length: u32) -> Case {
    let edges = |name| if name + 1 < length { vec![any(name + 1)] } else { Vec::new() };
    let versions = |name| (0..3).map(|version| (version, edges(name))).collect();
    Case { registry: (0..length).map(|name| (name, versions(name))).collect(), wanted: vec![any(0)] }
}

/// The user asks for many names, all of which require one more, each its own part of the versions.
pub fn fan(width: u32) -> Case {
    let edge = |version| Edge { target: width, from: version, below: Some(version + 4) };
    let versions = |_| (0..3).map(|version| (version, vec![edge(version)])).collect();
    let mut registry: Registry = (0..width).map(|name| (name, versions(name))).collect();
    registry.insert(width, (0..8).map(|version| (version, Vec::new())).collect());
    Case { registry, wanted: (0..width).map(any).collect() }
}

/// A broad tree in twenty versions with edges across it, always solvable. A tenth of the names is
/// required by every version of another, and the user asks for the first ten.
pub fn broad(names: u32) -> Case {
    let mut seed = 1_u32;
    // The constants of Numerical Recipes; what is drawn need not be good, only always the same.
    let mut below = |end: u32| {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (seed >> 16) % end
    };
    let mut versions = |name: Name| {
        let children: Vec<Name> =
            (name * 10..name * 10 + 10).filter(|&child| child < names && child >= 10).collect();
        let mut edges = |_| {
            let mut edges: Vec<Edge> =
                children.iter().map(|&child| Edge { target: child, from: below(10), below: None }).collect();
            if name + 1 < names {
                let target = name + 1 + below(names - name - 1);
                edges.push(Edge { target, from: below(10), below: Some(10 + below(11)) });
            }
            edges.sort();
            edges.dedup_by_key(|edge| edge.target);
            edges
        };
        (0..20).map(|version| (version, edges(version))).collect()
    };
    Case {
        registry: (0..names).map(|name| (name, versions(name))).collect(),
        wanted: (0..10).map(any).collect(),
    }
}

/// The form of PubGrub's `large_case`: by name, version and name, a range as `[from, below]`.
type LargeCase = BTreeMap<Name, BTreeMap<u32, LargeCaseEdges>>;

type LargeCaseEdges = BTreeMap<Name, [(u32, Option<u32>); 1]>;

pub fn large_case(json: &str) -> Registry {
    let json: LargeCase = serde_json::from_str(json).expect("it is a large case");
    let edges = |edges: LargeCaseEdges| {
        edges.into_iter().map(|(target, [(from, below)])| Edge { target, from, below }).collect()
    };
    json.into_iter()
        .map(|(name, versions)| {
            (name, versions.into_iter().map(|(version, found)| (version, edges(found))).collect())
        })
        .collect()
}

/// A release that requires nothing.
pub fn release(name: PackageName, version: Version) -> Release {
    Release {
        name,
        version,
        dependencies: Vec::new(),
        packages: Vec::new(),
        integrity: Digest::of(b""),
        size: Some(0),
        archive: None,
        yanked: false,
        deprecated: None,
        published: None,
    }
}

/// The registry as the resolver sees it.
pub fn facts(registry: &Registry) -> Facts {
    let mut constraints: BTreeMap<(u32, Option<u32>), Constraint> = BTreeMap::new();
    let known = |(&name, versions): (&Name, &BTreeMap<u32, Vec<Edge>>)| {
        let releases = versions.iter().rev().map(|(version, edges)| Release {
            dependencies: edges.iter().map(|edge| dependency(&mut constraints, edge)).collect(),
            ..release((&pack(name)).into(), format!("{version}.0.0").parse().expect("it is a version"))
        });
        let registry = "main".parse().expect("it is a registry");
        (Identity::Pack(pack(name)), Some(Known { registry, releases: releases.collect(), latest: None }))
    };
    registry.iter().map(known).collect()
}

fn dependency(constraints: &mut BTreeMap<(u32, Option<u32>), Constraint>, edge: &Edge) -> Dependency {
    // Parsed once each: there are hundreds of thousands of edges.
    let constraint = constraints.entry((edge.from, edge.below)).or_insert_with(|| constraint(edge)).clone();
    Dependency { name: pack(edge.target), constraint, optional: false, reason: None }
}

/// The request as the resolver sees it.
pub fn request(wanted: &[Edge]) -> Request {
    let requirement = |edge: &Edge| Requirement { name: pack(edge.target), constraint: constraint(edge) };
    Request { requirements: wanted.iter().map(requirement).collect(), ..Request::default() }
}

pub fn pack(name: Name) -> PackName {
    format!("{name:05}").parse().expect("digits are a name")
}

pub fn constraint(edge: &Edge) -> Constraint {
    let below = edge.below.map_or_else(String::new, |below| format!(", <{below}.0.0"));
    format!(">={}.0.0{below}", edge.from).parse().expect("it is a constraint")
}
