//! Universes and requests as text, so that a failing one can be pasted.
//!
//! ```text
//! web 1.2.0: base ^1; ?tool >=2; npm:express ^4 pre
//! web 1.1.0 yanked
//! npm:express 4.0.0
//! empty: tool
//! latest: web 1.1.0
//! want: web ^1; base * pre
//! with: tool
//! override: base =1.0.0
//! lock: base 1.0.0; npm:express 4.0.0
//! strategy: lowest-direct
//! packages: npm
//! ```
//!
//! One line per release; `?` marks what is optional, `pre` what has `prerelease = true`. Names
//! without a line do not exist.

use std::fmt::{self, Write as _};
use std::str::FromStr;

use packwright::constraint::{Constraint, Requirement};
use packwright::manifest::{Dependency, Package};
use packwright::name::Identity;
use packwright::registry::Release;
use packwright::resolve::{Facts, Known, Request, Strategy};
use packwright::version::Version;

use crate::data;

/// What there is, and what is wanted of it.
#[derive(Clone, Debug, Default)]
pub struct Case {
    pub facts: Facts,
    pub request: Request,
}

/// Reads the form above.
pub fn case(text: &str) -> Case {
    let mut case = Case::default();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let (head, tail) = match line.split_once(": ") {
            Some((head, tail)) => (head, tail.split(';').map(str::trim).collect()),
            None => (line, Vec::new()),
        };
        case.read(head, &tail);
    }
    case
}

impl Case {
    fn read(&mut self, head: &str, tail: &[&str]) {
        let Case { facts, request } = self;
        match head {
            "empty" => {
                for name in tail {
                    known(facts, &read(name));
                }
            }
            "latest" => {
                for (identity, version) in tail.iter().map(|entry| pair(entry)) {
                    known(facts, &read(identity)).latest = Some(read(version));
                }
            }
            "want" => request.requirements.extend(tail.iter().map(|entry| {
                let (name, constraint) = pair(entry);
                Requirement { name: read(name), constraint: read_constraint(constraint) }
            })),
            "with" => request.with.extend(tail.iter().map(|name| read(name))),
            "override" => request.overrides.extend(tail.iter().map(|entry| {
                let (identity, constraint) = pair(entry);
                (read(identity), read_constraint(constraint))
            })),
            "lock" => request.locked.extend(tail.iter().map(|entry| {
                let (identity, version) = pair(entry);
                (read(identity), read(version))
            })),
            "strategy" => request.strategy = strategy(tail[0]),
            "packages" => request.package_registries.extend(tail.iter().map(|id| read(id))),
            _ => add(facts, head, tail),
        }
    }
}

fn add(facts: &mut Facts, head: &str, edges: &[&str]) {
    let mut words = head.split(' ');
    let (Some(identity), Some(version)) = (words.next(), words.next()) else {
        panic!("`{head}` is no release")
    };
    let identity: Identity = read(identity);
    let mut release = release(&identity, read(version));
    for mark in words {
        release.yanked |= mark == "yanked";
        release.deprecated = release.deprecated.or((mark == "deprecated").then(|| "old".to_owned()));
    }
    for edge in edges {
        let (optional, edge) = edge.strip_prefix('?').map_or((false, *edge), |edge| (true, edge));
        let (target, constraint) = pair(edge);
        require(&mut release, read(target), read_constraint(constraint), optional);
    }
    let releases = &mut known(facts, &identity).releases;
    let place = releases.partition_point(|other| other.version > release.version);
    releases.insert(place, release);
}

/// A release that requires nothing.
pub fn release(identity: &Identity, version: Version) -> Release {
    data::release(identity.package_name(), version)
}

pub fn require(release: &mut Release, target: Identity, constraint: Constraint, optional: bool) {
    match target {
        Identity::Pack(name) => {
            release.dependencies.push(Dependency { name, constraint, optional, reason: None });
        }
        Identity::Package(registry, name) => {
            let (features, install_path) = (Vec::new(), None);
            release.packages.push(Package { name, constraint, registry, optional, features, install_path });
        }
    }
}

/// What is known of a name; nothing yet, if it is new.
pub fn known<'f>(facts: &'f mut Facts, identity: &Identity) -> &'f mut Known {
    let registry = match identity {
        Identity::Pack(_) => read("main"),
        Identity::Package(registry, _) => registry.clone(),
    };
    let new = || Some(Known { registry, releases: Vec::new(), latest: None });
    facts.entry(identity.clone()).or_insert_with(new).as_mut().expect("names that do not exist have no line")
}

pub fn read<T: FromStr<Err: fmt::Display>>(text: &str) -> T {
    text.parse().unwrap_or_else(|error| panic!("{error}"))
}

fn read_constraint(text: &str) -> Constraint {
    match text.strip_suffix(" pre") {
        Some(text) => read::<Constraint>(text).with_prereleases(),
        None => read(text),
    }
}

fn pair(entry: &str) -> (&str, &str) {
    entry.split_once(' ').unwrap_or_else(|| panic!("`{entry}` is a name and something about it"))
}

const STRATEGIES: [(&str, Strategy); 3] =
    [("highest", Strategy::Highest), ("lowest", Strategy::Lowest), ("lowest-direct", Strategy::LowestDirect)];

fn strategy(text: &str) -> Strategy {
    STRATEGIES.iter().find(|(name, _)| *name == text).unwrap_or_else(|| panic!("`{text}` is no strategy")).1
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Case { facts, request } = self;
        for (identity, known) in facts.iter().filter_map(|(name, known)| Some((name, known.as_ref()?))) {
            known.releases.iter().try_for_each(|release| writeln!(f, "{}", line(identity, release)))?;
            if known.releases.is_empty() {
                writeln!(f, "empty: {identity}")?;
            }
            if let Some(latest) = &known.latest {
                writeln!(f, "latest: {identity} {latest}")?;
            }
        }
        let requirements = request.requirements.iter();
        list(
            f,
            "want",
            requirements.map(|wanted| format!("{} {}", wanted.name, written(&wanted.constraint))),
        )?;
        list(f, "with", request.with.iter().map(ToString::to_string))?;
        let overrides = request.overrides.iter();
        list(f, "override", overrides.map(|(identity, by)| format!("{identity} {}", written(by))))?;
        let locked = request.locked.iter();
        list(f, "lock", locked.map(|(identity, version)| format!("{identity} {version}")))?;
        let strategy = STRATEGIES.iter().filter(|(_, strategy)| *strategy == request.strategy);
        list(f, "strategy", strategy.map(|(name, _)| (*name).to_owned()))?;
        list(f, "packages", request.package_registries.iter().map(ToString::to_string))
    }
}

fn list(f: &mut fmt::Formatter<'_>, head: &str, entries: impl Iterator<Item = String>) -> fmt::Result {
    let entries: Vec<String> = entries.collect();
    if entries.is_empty() { Ok(()) } else { writeln!(f, "{head}: {}", entries.join("; ")) }
}

fn line(identity: &Identity, release: &Release) -> String {
    let mut line = format!("{identity} {}", release.version);
    if release.yanked {
        line.push_str(" yanked");
    }
    if release.deprecated.is_some() {
        line.push_str(" deprecated");
    }
    for (at, (target, constraint, optional)) in edges(release).enumerate() {
        let (separator, mark) = (if at == 0 { ": " } else { "; " }, if optional { "?" } else { "" });
        write!(line, "{separator}{mark}{target} {}", written(constraint)).expect("a text can be written");
    }
    line
}

/// What a release requires: packs, then packages. The last part says whether it is optional.
pub fn edges(release: &Release) -> impl Iterator<Item = (Identity, &Constraint, bool)> {
    let packs = release.dependencies.iter();
    let packs = packs.map(|edge| (Identity::Pack(edge.name.clone()), &edge.constraint, edge.optional));
    let packages = release.packages.iter().map(|edge| {
        (Identity::Package(edge.registry.clone(), edge.name.clone()), &edge.constraint, edge.optional)
    });
    packs.chain(packages)
}

fn written(constraint: &Constraint) -> String {
    format!("{constraint}{}", if constraint.has_prereleases() { " pre" } else { "" })
}

/// The smallest case that can be had by leaving out lines and entries while `fails` holds.
pub fn shrink(failing: &Case, fails: impl Fn(&Case) -> bool) -> Case {
    let mut text = failing.to_string();
    loop {
        let smaller = smaller(&text).into_iter().find(|text| fails(&case(text)));
        match smaller {
            Some(smaller) => text = smaller,
            None => return case(&text),
        }
    }
}

/// The text without one line, and without one entry of a line.
fn smaller(text: &str) -> Vec<String> {
    let lines: Vec<&str> = text.lines().filter(|line| !line.is_empty()).collect();
    let with = |at: usize, line: &str| {
        let lines = lines.iter().enumerate().map(|(place, &old)| if place == at { line } else { old });
        lines.collect::<Vec<_>>().join("\n")
    };
    let mut smaller: Vec<String> = (0..lines.len()).map(|at| with(at, "")).collect();
    for (at, line) in lines.iter().enumerate() {
        let Some((head, tail)) = line.split_once(": ") else { continue };
        let entries: Vec<&str> = tail.split("; ").collect();
        for left_out in 0..entries.len() {
            let kept = entries.iter().enumerate().filter(|&(place, _)| place != left_out);
            let kept: Vec<&str> = kept.map(|(_, &entry)| entry).collect();
            if !kept.is_empty() {
                smaller.push(with(at, &format!("{head}: {}", kept.join("; "))));
            } else if head.contains(' ') {
                smaller.push(with(at, head));
            }
        }
    }
    smaller
}

#[test]
fn a_case_reads_as_it_is_written() {
    let text = "\
base 1.0.0
web 1.2.0: base ^1, <2; ?tool >=2; npm:express ^4 pre
web 1.1.0 yanked
latest: web 1.1.0
empty: npm:express
want: web ^1; web * pre
with: tool
override: base =1.0.0
lock: base 1.0.0; npm:express 4.0.0
strategy: lowest-direct
packages: npm
";
    assert_eq!(case(text).to_string(), text);
}
