//! Random universes from a seed: small, and crowded enough that requirements often clash.

use packwright::constraint::{Constraint, Requirement};
use packwright::name::Identity;
use packwright::registry::Release;
use packwright::resolve::Strategy;
use packwright::version::Version;

use crate::case::{Case, known, read, release, require};

/// SplitMix64 (Steele, Lea, Flood 2014): the same numbers from the same seed, for ever.
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Random {
        Random(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// One of `0..end`.
    pub fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % end as u64).expect("it is below a usize")
    }

    /// True that many times out of a hundred.
    pub fn percent(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    pub fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }

    pub fn shuffle<T>(&mut self, all: &mut [T]) {
        for end in (1..all.len()).rev() {
            all.swap(end, self.below(end + 1));
        }
    }
}

const PACKS: [&str; 6] = ["a", "b", "c", "d", "e", "f"];

/// `b` is also the name of a pack; the packages of `hub` are sometimes not resolved.
const PACKAGES: [&str; 3] = ["npm:b", "npm:x", "hub:x"];

const VERSIONS: [&str; 8] =
    ["1.0.0", "1.1.0-rc.1", "1.1.0", "2.0.0-a", "2.0.0", "2.1.0", "3.0.0-b.1", "3.0.0"];

const CONSTRAINTS: [&str; 19] = [
    "*",
    "*",
    "^1",
    "^1",
    "^2",
    "~2.0",
    "<2",
    ">=2",
    ">1.0.0",
    "<=2.0.0",
    "^3",
    "^1 || ^3",
    "<2 || >2.0.0",
    ">=1.1.0-rc.1",
    "^2.0.0-a",
    ">=2.0.0-a, <3.0.0-c",
    "=9",
    "latest",
    "1.0.0 - 2.0.0",
];

/// How a universe is made: some are sparse, some crowded, some have rings.
struct Manner {
    /// Edges go only from earlier to later names.
    forward: bool,
    /// Names often require each other by twos, in percent of the edges.
    mutual: usize,
    most_edges: usize,
    most_versions: usize,
    /// In percent.
    exact: usize,
    optional: usize,
    yanked: usize,
    deprecated: usize,
}

/// The case that belongs to a seed.
pub fn random(seed: u64) -> Case {
    let random = &mut Random::new(seed);
    let manner = Manner {
        forward: random.percent(25),
        mutual: random.pick(&[0, 50, 80]),
        most_edges: 1 + random.below(3),
        most_versions: 2 + random.below(3),
        exact: random.pick(&[10, 35, 60]),
        optional: random.pick(&[0, 15, 40]),
        yanked: random.pick(&[0, 8, 20]),
        deprecated: random.pick(&[0, 0, 15, 40]),
    };
    let mut names: Vec<Identity> = PACKS[..2 + random.below(5)].iter().map(|name| read(name)).collect();
    names.extend(PACKAGES.iter().filter(|_| random.percent(20)).map(|name| read(name)));
    names.truncate(7);
    random.shuffle(&mut names);
    let mut case = Case::default();
    for identity in &names {
        if random.percent(98) {
            add_releases(random, &manner, &mut case, identity);
        }
    }
    for at in 0..names.len() {
        add_edges(random, &manner, &mut case, &names, at);
    }
    add_request(random, &manner, &mut case, &names);
    case
}

fn add_releases(random: &mut Random, manner: &Manner, case: &mut Case, identity: &Identity) {
    let mut versions = VERSIONS.to_vec();
    random.shuffle(&mut versions);
    versions.truncate(1 + random.below(manner.most_versions));
    let known = known(&mut case.facts, identity);
    if random.percent(10) {
        known.latest = Some(read(random.pick(&versions)));
    }
    known.releases = versions.iter().map(|version| release(identity, read(version))).collect();
    known.releases.sort_by(|a, b| b.version.cmp(&a.version));
    known.releases.iter_mut().for_each(|release| release.yanked = random.percent(manner.yanked));
    let advised_against = |release: &mut Release| {
        release.deprecated = random.percent(manner.deprecated).then(|| "old".to_owned());
    };
    known.releases.iter_mut().for_each(advised_against);
}

fn add_edges(random: &mut Random, manner: &Manner, case: &mut Case, names: &[Identity], at: usize) {
    let first = if manner.forward { at + 1 } else { 0 };
    let is_pack = matches!(names[at], Identity::Pack(_));
    if first == names.len() || !is_pack && random.percent(90) {
        return;
    }
    let Some(mut releases) = case.facts.get(&names[at]).cloned().flatten().map(|known| known.releases) else {
        return;
    };
    for release in &mut releases {
        for _ in 0..random.below(manner.most_edges + 1) {
            let target = match manner.forward {
                false if random.percent(manner.mutual) => names.get(at ^ 1).unwrap_or(&names[0]),
                _ => &names[first + random.below(names.len() - first)],
            };
            if *target == names[at] && random.percent(85) {
                continue;
            }
            let constraint = constraint(random, manner, case, target);
            require(release, target.clone(), constraint, random.percent(manner.optional));
        }
    }
    known(&mut case.facts, &names[at]).releases = releases;
}

/// Mostly one that some version satisfies.
fn constraint(random: &mut Random, manner: &Manner, case: &Case, target: &Identity) -> Constraint {
    let versions = releases(case, target).iter().map(|release| &release.version);
    loop {
        let constraint = if random.percent(manner.exact) {
            Constraint::exactly(&version(random, case, target))
        } else {
            read(random.pick(&CONSTRAINTS))
        };
        if random.percent(6) || versions.clone().any(|version| constraint.matches(version)) {
            return if random.percent(12) { constraint.with_prereleases() } else { constraint };
        }
    }
}

/// Mostly one there is.
fn version(random: &mut Random, case: &Case, identity: &Identity) -> Version {
    match releases(case, identity) {
        [] => read(random.pick(&VERSIONS)),
        _ if random.percent(8) => read(random.pick(&VERSIONS)),
        releases => releases[random.below(releases.len())].version.clone(),
    }
}

fn releases<'c>(case: &'c Case, identity: &Identity) -> &'c [Release] {
    case.facts.get(identity).and_then(Option::as_ref).map_or(&[], |known| &known.releases)
}

fn add_request(random: &mut Random, manner: &Manner, case: &mut Case, names: &[Identity]) {
    let packs: Vec<&Identity> = names.iter().filter(|name| matches!(name, Identity::Pack(_))).collect();
    for _ in 0..1 + random.below(4) {
        let target = random.pick(&packs);
        let constraint =
            if random.percent(60) { Constraint::any() } else { constraint(random, manner, case, target) };
        let name = target.name().parse().unwrap();
        case.request.requirements.push(Requirement { name, constraint });
    }
    for identity in names {
        if random.percent(15) {
            case.request.with.insert(identity.package_name());
        }
        if random.percent(5) {
            let constraint = constraint(random, manner, case, identity);
            case.request.overrides.insert(identity.clone(), constraint);
        }
    }
    if random.percent(45) {
        let share = random.pick(&[30, 100]);
        for identity in names {
            if random.percent(share) {
                let version = version(random, case, identity);
                case.request.locked.insert(identity.clone(), version);
            }
        }
    }
    case.request.strategy =
        random.pick(&[Strategy::Highest, Strategy::Highest, Strategy::Lowest, Strategy::LowestDirect]);
    case.request.package_registries.insert(read("npm"));
    if random.percent(50) {
        case.request.package_registries.insert(read("hub"));
    }
}

#[test]
fn a_seed_is_a_case_for_ever() {
    assert_eq!(Random::new(1).next(), 0x910a_2dec_8902_5cc1);
    for seed in 0..200 {
        let text = random(seed).to_string();
        assert_eq!(crate::case::case(&text).to_string(), text);
    }
}
