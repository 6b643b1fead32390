//! The universes of other resolvers, read from `../shared/corpora` where that is present.

use std::collections::{BTreeMap, BTreeSet};

use packwright::constraint::{Constraint, Requirement};
use packwright::name::Identity;
use packwright::registry::index::{index_line, parse_index};
use packwright::resolve::{Facts, Failure, Request, Resolution, Strategy, resolve};
use packwright::version::Version;
use serde::Deserialize;

use crate::case::{known, read, release, require};
use crate::corpus::corpus;
use crate::data::{self, Edge, Registry};
use crate::laws::gather;
use crate::random::Random;

#[test]
fn large_case_is_solved_where_it_can_be() {
    let Some(json) = corpus("pubgrub/large_case.json") else { return };
    let Some(expected) = corpus("pubgrub/large_case.expected.json") else { return };
    let registry = data::large_case(&json);
    let expected: BTreeMap<String, Option<BTreeMap<u32, u32>>> = serde_json::from_str(&expected).unwrap();
    let (facts, shuffled) = (data::facts(&registry), shuffled(&registry));
    let (mut solved, mut unsolved) = (0, 0);
    for (&name, versions) in &registry {
        for &version in versions.keys() {
            let wanted = data::only(name, version);
            let request = data::request(&[wanted]);
            let result = resolve(&request, &facts);
            let text = format!("{result:?}");
            let (gathered, _) = gather(&request, &shuffled, &mut Random::new(u64::from(name)));
            assert_eq!(format!("{gathered:?}"), text, "gathered, {name}@{version}");
            let is_solvable = expected[&format!("{name}@{version}")].is_some();
            match result {
                Ok(resolution) => {
                    assert!(is_solvable, "{name}@{version}");
                    expect_solution(&registry, wanted, &resolution);
                    solved += 1;
                }
                Err(failure) => {
                    assert!(matches!(failure, Failure::Conflict(_)), "{name}@{version}: {failure:?}");
                    assert!(!is_solvable, "{name}@{version}");
                    unsolved += 1;
                }
            }
        }
    }
    assert_eq!((solved, unsolved), (593, 48));
}

/// The same facts, from index files whose lines stand in any order.
fn shuffled(registry: &Registry) -> Facts {
    let random = &mut Random::new(1);
    let mut facts = data::facts(registry);
    for (identity, known) in &mut facts {
        let known = known.as_mut().unwrap();
        let mut lines: Vec<String> = known.releases.iter().map(index_line).collect();
        random.shuffle(&mut lines);
        known.releases = parse_index(&identity.package_name(), &lines.concat()).unwrap();
    }
    facts
}

/// What is chosen is there, and is all that is required, and no more.
fn expect_solution(registry: &Registry, wanted: Edge, resolution: &Resolution) {
    let number = |text: &str| text.parse::<u32>().unwrap();
    let chosen: BTreeMap<u32, u32> = resolution
        .iter()
        .map(|chosen| {
            let version = chosen.release.version.to_string();
            (number(chosen.identity.name()), number(version.strip_suffix(".0.0").unwrap()))
        })
        .collect();
    let edges = chosen.iter().flat_map(|(name, version)| &registry[name][version]).chain([&wanted]);
    let mut required = BTreeSet::new();
    for edge in edges {
        let version = chosen[&edge.target];
        assert!(
            edge.from <= version && edge.below.is_none_or(|below| version < below),
            "{edge:?} {chosen:?}"
        );
        required.insert(edge.target);
    }
    assert!(chosen.keys().eq(&required));
}

#[derive(Deserialize)]
struct DartCorpus {
    cases: Vec<DartCase>,
}

#[derive(Deserialize)]
struct DartCase {
    name: String,
    registry: Vec<DartRelease>,
    steps: Vec<DartStep>,
}

#[derive(Deserialize)]
struct DartRelease {
    name: String,
    version: String,
    #[serde(default)]
    deps: BTreeMap<String, String>,
}

#[derive(Deserialize)]
struct DartStep {
    root: DartRoot,
    expect: DartExpectation,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct DartRoot {
    dependencies: BTreeMap<String, String>,
    dev_dependencies: BTreeMap<String, String>,
    dependency_overrides: BTreeMap<String, String>,
}

#[derive(Deserialize)]
struct DartExpectation {
    /// None: it fails.
    result: Option<BTreeMap<String, String>>,
    #[serde(default)]
    downgrade: bool,
}

/// Where we mean something else, and what: the packs, or why there are none.
const OTHERWISE: [(&str, &str, &str); 5] = [
    ("circular dependency", "ring", "packs that depend on each other cannot be put in order"),
    (
        "traverse into package with fewer versions first",
        "a 5.0.0, b 3.0.0, c 1.0.0",
        "both answers are right; here the first name gets its best version, however many it has",
    ),
    (
        "use latest allowed prerelease if no stable versions match",
        "conflict",
        "a constraint that names no pre-release admits none, even if there is nothing else",
    ),
    (
        "prefer a stable version even if constraint mentions unstable",
        "a 2.0.0-dev",
        "a pre-release that is admitted counts by its place, as in npm and Cargo",
    ),
    (
        "overrides an unmatched root dependency",
        "conflict",
        "what an overridden pack requires counts, whoever it requires it of",
    ),
];

#[test]
fn dart_scenarios_come_out_as_in_dart() {
    let Some(json) = corpus("dart-pub/version_solver.json") else { return };
    let DartCorpus { cases } = serde_json::from_str(&json).unwrap();
    assert_eq!(cases.len(), 30);
    let mut otherwise = 0;
    for case in &cases {
        let facts = dart_facts(&case.registry);
        let mut locked = BTreeMap::new();
        for step in &case.steps {
            let request = dart_request(&step.root, step.expect.downgrade, locked.clone());
            let result = resolve(&request, &facts);
            let ours = OTHERWISE.iter().find(|(name, ..)| *name == case.name);
            let expected = ours.map_or_else(|| dart_outcome(&step.expect), |(_, ours, _)| (*ours).to_owned());
            assert_eq!(outcome(&result), expected, "{}", case.name);
            otherwise += usize::from(ours.is_some());
            let chosen = result.iter().flat_map(Resolution::iter);
            locked = chosen.map(|pack| (pack.identity.clone(), pack.release.version.clone())).collect();
        }
    }
    assert_eq!(otherwise, OTHERWISE.len(), "each is a step");
}

/// The root is a package of its own there; it has version 0.0.0.
const ROOT: &str = "myapp";

fn dart_facts(registry: &[DartRelease]) -> Facts {
    let mut facts = Facts::new();
    let root = Identity::Pack(read(ROOT));
    known(&mut facts, &root).releases.push(release(&root, read("0.0.0")));
    for DartRelease { name, version, deps } in registry {
        let identity = dart_identity(name);
        let mut release = release(&identity, read(version));
        for (target, constraint) in deps {
            require(&mut release, dart_identity(target), dart_constraint(constraint), false);
        }
        known(&mut facts, &identity).releases.push(release);
    }
    for known in facts.values_mut().flatten() {
        known.releases.sort_by(|a, b| b.version.cmp(&a.version));
    }
    facts
}

fn dart_request(root: &DartRoot, downgrade: bool, locked: BTreeMap<Identity, Version>) -> Request {
    let any = "any".to_owned();
    let exact = "0.0.0".to_owned();
    let asked = root.dependencies.iter().chain(&root.dev_dependencies);
    // An override is a dependency, too.
    let overridden = root.dependency_overrides.keys().map(|name| (name, &any));
    let myself = ROOT.to_owned();
    let all = asked.chain(overridden).chain([(&myself, &exact)]);
    let requirements = all.map(|(name, constraint)| Requirement {
        name: dart_identity(name).name().parse().unwrap(),
        constraint: dart_constraint(constraint),
    });
    let overrides = root.dependency_overrides.iter();
    Request {
        requirements: requirements.collect(),
        overrides: overrides.map(|(name, by)| (dart_identity(name), dart_constraint(by))).collect(),
        // A downgrade does not look at the lock.
        locked: if downgrade { BTreeMap::new() } else { locked },
        strategy: if downgrade { Strategy::Lowest } else { Strategy::Highest },
        ..Request::default()
    }
}

/// Names have underscores there, and none has a hyphen.
fn dart_identity(name: &str) -> Identity {
    Identity::Pack(read(&name.replace('_', "-")))
}

/// A bare version is exact there.
fn dart_constraint(text: &str) -> Constraint {
    match text {
        "any" => Constraint::any(),
        _ if text.starts_with(|first: char| first.is_ascii_digit()) => read(&format!("={text}")),
        _ => read(text),
    }
}

fn dart_outcome(expected: &DartExpectation) -> String {
    let Some(versions) = &expected.result else { return "conflict".to_owned() };
    let versions: Vec<String> = versions.iter().map(|(name, version)| format!("{name} {version}")).collect();
    versions.join(", ")
}

fn outcome(result: &Result<Resolution, Failure>) -> String {
    match result {
        Ok(resolution) => {
            let packs = resolution.iter().filter(|pack| pack.identity.name() != ROOT);
            let mut versions: Vec<String> =
                packs.map(|pack| format!("{} {}", pack.identity, pack.release.version)).collect();
            versions.sort();
            versions.join(", ")
        }
        Err(Failure::Conflict(_)) => "conflict".to_owned(),
        Err(Failure::Cycle(_)) => "ring".to_owned(),
        Err(failure) => panic!("{failure:?}"),
    }
}
