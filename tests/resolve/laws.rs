//! What holds of every universe, tried on random ones.
//!
//! `PACKWRIGHT_UNIVERSES` sets how many, `PACKWRIGHT_SEED` tries and prints a single one.

use std::any::Any;
use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::panic;
use std::sync::Mutex;

use packwright::constraint::Constraint;
use packwright::name::Identity;
use packwright::registry::Release;
use packwright::resolve::{
    Chosen, Conflict, Fact, Facts, Failure, Hindrance, Progress, Reason, Request, Required, Requirer,
    Resolution, Resolver, Strategy, reason, resolve,
};
use packwright::version::Version;

use crate::case::{Case, case, edges, known, read, release, shrink};
use crate::oracle::{Judgement, Solution, Verdict, counting, judge};
use crate::random::{Random, random};

/// The universes of a normal run.
const UNIVERSES: u64 = 20_000;

/// The tests they are shared among.
const PARTS: u64 = 4;

#[test]
fn as_the_definition_says_1() {
    run(0);
}

#[test]
fn as_the_definition_says_2() {
    run(1);
}

#[test]
fn as_the_definition_says_3() {
    run(2);
}

#[test]
fn as_the_definition_says_4() {
    run(3);
}

/// PubGrub alone takes `b` next once both versions of `c` are known to require it.
#[test]
fn what_is_only_known_to_be_needed_waits_its_turn() {
    let case = case(
        "a 2.0.0: d =1.0.0
        a 1.0.0
        b 2.0.0: c =1.0.0
        b 1.0.0
        c 2.0.0: b *; d =2.0.0
        c 1.0.0: b *; d =2.0.0
        d 2.0.0
        d 1.0.0
        want: a *; c *",
    );
    let Verdict::Solved(solution) = check(&case).verdict else { panic!("it has an answer") };
    assert_eq!(solution[&read::<Identity>("c")], read("2.0.0"));
}

fn run(part: u64) {
    if let Ok(seed) = env::var("PACKWRIGHT_SEED") {
        let case = random(seed.parse().expect("PACKWRIGHT_SEED is a number"));
        println!("{case}");
        check(&case);
        return;
    }
    let universes = env::var("PACKWRIGHT_UNIVERSES");
    let universes =
        universes.map_or(UNIVERSES, |count| count.parse().expect("PACKWRIGHT_UNIVERSES is a number"));
    let mut seen = Seen::default();
    for seed in universes * part / PARTS..universes * (part + 1) / PARTS {
        let case = random(seed);
        match panic::catch_unwind(|| check(&case)) {
            Ok(judgement) => seen.count(&judgement),
            Err(_) => panic!("PACKWRIGHT_SEED={seed} tries it again; in short:\n{}", in_short(&case)),
        }
    }
    println!("{seen:?}");
    seen.expect_enough();
}

/// The smallest case that is broken, too, and how it is.
fn in_short(broken: &Case) -> String {
    // The hook is one for all tests.
    static QUIET: Mutex<()> = Mutex::new(());
    let quiet = QUIET.lock();
    let hook = panic::take_hook();
    panic::set_hook(Box::new(|_| {}));
    let smallest = shrink(broken, |case| panic::catch_unwind(|| check(case)).is_err());
    let outcome = panic::catch_unwind(|| check(&smallest));
    panic::set_hook(hook);
    drop(quiet);
    format!("{smallest}{}", outcome.err().map(words).unwrap_or_default())
}

fn words(panic: Box<dyn Any + Send>) -> String {
    panic.downcast::<String>().map_or_else(|_| "it panics".to_owned(), |text| *text)
}

/// What a run has seen.
#[derive(Debug, Default)]
struct Seen {
    solved: usize,
    conflicts: usize,
    rings: usize,
    /// Of all of those: how many took back a decision, had names that could require each other,
    /// kept everything locked, could not.
    backtracked: usize,
    may_ring: usize,
    kept: usize,
    moved: usize,
}

impl Seen {
    fn count(&mut self, judgement: &Judgement) {
        match judgement.verdict {
            Verdict::Solved(_) => self.solved += 1,
            Verdict::Ring(_) => self.rings += 1,
            Verdict::Conflict => self.conflicts += 1,
        }
        self.backtracked += usize::from(judgement.backtracked);
        self.may_ring += usize::from(judgement.may_ring);
        self.kept += usize::from(judgement.pinned == Some(true));
        self.moved += usize::from(judgement.pinned == Some(false));
    }

    /// Few of a kind would show little.
    fn expect_enough(&self) {
        let all = self.solved + self.conflicts + self.rings;
        let shares = [
            ("solved", self.solved, 30),
            ("conflicts", self.conflicts, 20),
            ("rings", self.rings, 5),
            ("backtracked", self.backtracked, 20),
            ("may ring", self.may_ring, 12),
            ("kept", self.kept, 8),
            ("moved", self.moved, 8),
        ];
        for (what, count, percent) in shares {
            assert!(count * 100 >= all * percent, "{what}: {count} of {all} is below {percent} %");
        }
    }
}

fn check(case: &Case) -> Judgement {
    let judgement = judge(case);
    let result = resolve(&case.request, &case.facts);
    expect_verdict(case, &judgement, &result);
    expect_same_when_gathered(case, &judgement, &result);
    match &result {
        Ok(resolution) => {
            expect_form(case, resolution);
            expect_same_when_locked(case, resolution);
            expect_reasons(case, resolution);
        }
        Err(Failure::Conflict(conflict)) => expect_smallest(case, conflict),
        Err(Failure::Cycle(ring)) => expect_ring(case, &judgement, ring),
        Err(_) => unreachable!("the verdict was something else"),
    }
    judgement
}

fn versions(resolution: &Resolution) -> Solution {
    resolution.iter().map(|chosen| (chosen.identity.clone(), chosen.release.version.clone())).collect()
}

fn expect_verdict(case: &Case, judgement: &Judgement, result: &Result<Resolution, Failure>) {
    match (result, &judgement.verdict) {
        (Ok(resolution), Verdict::Solved(solution)) => {
            assert_eq!(versions(resolution), *solution, "not the solution of the definition");
            if !case.request.locked.is_empty() {
                assert_eq!(Some(resolution.pinned), judgement.pinned, "pinned");
            }
        }
        (Err(Failure::Conflict(_)), Verdict::Conflict) | (Err(Failure::Cycle(_)), Verdict::Ring(_)) => {}
        (result, verdict) => panic!("{verdict:?} is right, not {result:?}"),
    }
}

/// Every edge of the ring is a requirement of the solution, and the last leads to the first.
fn expect_ring(case: &Case, judgement: &Judgement, ring: &[(Identity, Required)]) {
    let Verdict::Ring(solution) = &judgement.verdict else { unreachable!("the verdict was compared") };
    for (at, (identity, required)) in ring.iter().enumerate() {
        assert_eq!(required.target, ring[(at + 1) % ring.len()].0, "{ring:?}");
        assert_eq!(ring.iter().filter(|(other, _)| other == identity).count(), 1, "{ring:?}");
        let known = case.facts[identity].as_ref().unwrap();
        let release = known.releases.iter().find(|release| release.version == solution[identity]).unwrap();
        let mut edges = counting(case, identity, release);
        let is_it = |(target, constraint, joins): (Identity, &Constraint, bool)| {
            joins && target == required.target && *constraint == required.constraint
        };
        assert!(edges.any(is_it), "{ring:?}");
    }
}

/// Asked step by step, in whatever order the answers go in, and with more facts than are needed.
fn expect_same_when_gathered(case: &Case, judgement: &Judgement, result: &Result<Resolution, Failure>) {
    let random = &mut Random::new(case.facts.len() as u64);
    let (gathered, asked) = gather(&case.request, &case.facts, random);
    assert_eq!(asked, judgement.looked_up, "looked up");
    assert_eq!(format!("{gathered:?}"), format!("{result:?}"), "gathered");
    let mut facts = case.facts.clone();
    let unrelated: Identity = read("unrelated");
    known(&mut facts, &unrelated).releases.push(release(&unrelated, read("1.0.0")));
    facts.insert(read("nowhere"), None);
    let result_of_more = resolve(&case.request, &facts);
    assert_eq!(format!("{result_of_more:?}"), format!("{result:?}"), "with more facts");
}

/// The result, and all that was asked for.
pub fn gather(
    request: &Request,
    facts: &Facts,
    random: &mut Random,
) -> (Result<Resolution, Failure>, Vec<Identity>) {
    let nothing = Facts::new();
    let mut resolver = Resolver::new(request, &nothing);
    let mut asked: Vec<Identity> = Vec::new();
    loop {
        match resolver.advance() {
            Progress::Wants(mut wanted) => {
                assert!(wanted.is_sorted() && !wanted.is_empty(), "{wanted:?}");
                random.shuffle(&mut wanted);
                for identity in wanted {
                    assert!(!asked.contains(&identity), "{identity} is asked for twice");
                    resolver.add(identity.clone(), facts.get(&identity).cloned().flatten());
                    asked.push(identity);
                }
            }
            Progress::Paused => {}
            Progress::Done(result) => {
                asked.sort();
                return (result, asked);
            }
        }
    }
}

/// Packs by level and name, each with what it requires.
fn expect_form(case: &Case, resolution: &Resolution) {
    let place = |chosen: &Chosen| (chosen.level, chosen.identity.clone());
    assert!(resolution.packs.is_sorted_by_key(place) && resolution.packages.is_sorted_by_key(place));
    for chosen in resolution.iter() {
        let request = &case.request;
        let edges = counting(case, &chosen.identity, &chosen.release).filter(|&(_, _, joins)| joins);
        let edges: Vec<(Identity, &Constraint)> =
            edges.map(|(target, constraint, _)| (target, constraint)).collect();
        let requirements = chosen.requirements.iter();
        let requirements: Vec<(Identity, &Constraint)> =
            requirements.map(|edge| (edge.target.clone(), &edge.constraint)).collect();
        assert_eq!(requirements, edges, "{}", chosen.label());
        for edge in &chosen.requirements {
            let by = request.overrides.get(&edge.target);
            let is_it = |written: &Constraint| by.is_some_and(|by| by == &edge.constraint && by != written);
            assert!(edge.overridden.as_ref().is_none_or(is_it), "{edge:?}");
            assert!(edge.overridden.is_some() || is_written(&chosen.release, edge), "{edge:?}");
        }
        let below = goes_before(case, resolution, chosen).map(|before| before.level + 1);
        assert_eq!(chosen.level, below.max().unwrap_or(0), "{}", chosen.label());
        let mut asked = request.requirements.iter();
        let requested = asked.any(|wanted| chosen.identity == Identity::Pack(wanted.name.clone()));
        assert_eq!(chosen.requested, requested, "{}", chosen.label());
        assert_eq!(chosen.locked, request.locked.get(&chosen.identity) == Some(&chosen.release.version));
    }
}

/// The packs that go before one: what it requires, and what it would have with it and is there, unless
/// that leads back to it.
fn goes_before<'a>(
    case: &'a Case,
    resolution: &'a Resolution,
    chosen: &'a Chosen,
) -> impl Iterator<Item = &'a Chosen> {
    let edges = move |from: &'a Chosen| {
        let there = counting(case, &from.identity, &from.release);
        there.filter_map(|(target, _, joins)| match target {
            Identity::Pack(_) => Some((resolution.get(&target)?, joins)),
            Identity::Package(..) => None,
        })
    };
    let leads_back = move |from: &'a Chosen| {
        let (mut open, mut seen) = (vec![from], BTreeSet::new());
        while let Some(next) = open.pop() {
            if seen.insert(&next.identity) {
                open.extend(edges(next).map(|(target, _)| target));
            }
        }
        seen.contains(&chosen.identity)
    };
    edges(chosen).filter(move |(target, joins)| *joins || !leads_back(target)).map(|(target, _)| target)
}

/// Whether the release itself says it like that.
fn is_written(release: &Release, required: &Required) -> bool {
    edges(release)
        .any(|(target, constraint, _)| target == required.target && *constraint == required.constraint)
}

/// A result that is locked comes out again, and nothing but its names is looked up.
fn expect_same_when_locked(case: &Case, resolution: &Resolution) {
    let locked = versions(resolution);
    let request = Request { locked: locked.clone(), ..case.request.clone() };
    let (again, asked) = gather(&request, &case.facts, &mut Random::new(0));
    let again = again.unwrap_or_else(|failure| panic!("locked: {failure:?}"));
    assert_eq!(versions(&again), locked, "locked");
    assert!((again.pinned || locked.is_empty()) && again.iter().all(|chosen| chosen.locked), "locked");
    assert_eq!(asked, locked.into_keys().collect::<Vec<_>>(), "locked");
}

fn expect_reasons(case: &Case, resolution: &Resolution) {
    let Case { request, facts } = case;
    for chosen in resolution.iter() {
        let reason = reason(request, facts, resolution, &chosen.identity).expect("it is there");
        assert_eq!((&reason.identity, &reason.version), (&chosen.identity, &chosen.release.version));
        assert_eq!((reason.locked, reason.strategy), (chosen.locked, request.strategy));
        expect_requirers(case, resolution, chosen, &reason.required_by);
        expect_path(resolution, chosen, &reason.path);
        expect_hindrances(case, resolution, chosen, &reason);
    }
    assert_eq!(reason(request, facts, resolution, &read("nowhere")), None);
}

/// All of those there are.
fn expect_requirers(case: &Case, resolution: &Resolution, chosen: &Chosen, requirers: &[Requirer]) {
    let mut expected: Vec<(Option<String>, Constraint, bool)> = Vec::new();
    for wanted in &case.request.requirements {
        if chosen.identity == Identity::Pack(wanted.name.clone()) {
            let constraint = case.request.overrides.get(&chosen.identity).unwrap_or(&wanted.constraint);
            expected.push((None, constraint.clone(), false));
        }
    }
    let by_name: BTreeMap<&Identity, &Chosen> =
        resolution.packs.iter().map(|pack| (&pack.identity, pack)).collect();
    for pack in by_name.into_values() {
        let edges = counting(case, &pack.identity, &pack.release);
        expected.extend(
            edges
                .filter(|(target, ..)| *target == chosen.identity)
                .map(|(_, constraint, joins)| (Some(pack.label()), constraint.clone(), !joins)),
        );
    }
    let requirers = requirers.iter().cloned();
    let requirers: Vec<_> = requirers.map(|who| (who.by, who.constraint, who.optional)).collect();
    assert_eq!(requirers, expected, "{}", chosen.label());
}

/// From what the user asks for, one requirement after the other.
fn expect_path(resolution: &Resolution, chosen: &Chosen, path: &[String]) {
    assert_eq!(path.is_empty(), chosen.requested, "{path:?}");
    let packs: Vec<&Chosen> = path
        .iter()
        .map(|label| resolution.packs.iter().find(|pack| pack.label() == *label).expect("it is there"))
        .collect();
    assert!(packs.first().is_none_or(|first| first.requested), "{path:?}");
    for (pack, next) in packs.iter().zip(packs[..].iter().skip(1).copied().chain([chosen])) {
        assert!(pack.requirements.iter().any(|edge| edge.target == next.identity), "{path:?}");
    }
}

fn expect_hindrances(case: &Case, resolution: &Resolution, chosen: &Chosen, reason: &Reason) {
    let known = case.facts[&chosen.identity].as_ref().unwrap();
    let mut better: Vec<&Version> = known.releases.iter().map(|release| &release.version).collect();
    if is_lowest_first(case, chosen) {
        better.reverse();
    }
    better.truncate(better.iter().position(|&version| *version == chosen.release.version).unwrap());
    let passed_over: Vec<&Version> = reason.passed_over.iter().map(|passed| &passed.version).collect();
    assert_eq!(passed_over, better, "{}", chosen.label());
    let mut looked_into = 0;
    for passed in &reason.passed_over {
        let label = format!("{}@{} over {}", chosen.identity, passed.version, chosen.label());
        let release = known.releases.iter().find(|release| release.version == passed.version).unwrap();
        match &passed.hindrance {
            Hindrance::Yanked => assert!(release.yanked, "{label}"),
            Hindrance::Deprecated => {
                assert!(release.deprecated.is_some() && chosen.release.deprecated.is_none(), "{label}");
            }
            Hindrance::Prerelease => assert!(passed.version.is_prerelease(), "{label}"),
            Hindrance::Excluded { by, constraint } => {
                let is_it = |who: &Requirer| who.by == *by && who.constraint == *constraint;
                assert!(reason.required_by.iter().any(is_it), "{label}");
                assert!(constraint.is_latest() || !constraint.matches(&passed.version), "{label}");
            }
            Hindrance::Locked => assert!(chosen.locked, "{label}"),
            Hindrance::Clash { conflict } => assert!(!conflict.facts.is_empty(), "{label}"),
            Hindrance::HeldByLock { .. } => assert!(resolution.pinned, "{label}"),
            Hindrance::Unknown => assert!(looked_into >= 3, "{label}"),
            Hindrance::Costs { what, now, instead } => {
                let other = resolution.get(what).expect("it is there");
                assert!(*what != chosen.identity && other.release.version == *now, "{label} costs {what}");
                assert_ne!(now, instead, "{label} costs {what}");
            }
        }
        let is_looked_into = matches!(
            passed.hindrance,
            Hindrance::Clash { .. } | Hindrance::HeldByLock { .. } | Hindrance::Costs { .. }
        );
        looked_into += usize::from(is_looked_into);
    }
}

fn is_lowest_first(case: &Case, chosen: &Chosen) -> bool {
    match case.request.strategy {
        Strategy::Highest => false,
        Strategy::Lowest => true,
        Strategy::LowestDirect => chosen.requested,
    }
}

/// The facts cannot all hold, but all but one can, whichever that is.
fn expect_smallest(case: &Case, conflict: &Conflict) {
    let facts: Vec<&Fact> = conflict.facts.iter().collect();
    assert!(!facts.is_empty(), "a conflict without a fact");
    assert_eq!(judge(&only(case, &facts)).verdict, Verdict::Conflict, "{facts:?} do not clash");
    for left_out in 0..facts.len() {
        let mut fewer = facts.clone();
        let fact = fewer.remove(left_out);
        assert_ne!(
            judge(&only(case, &fewer)).verdict,
            Verdict::Conflict,
            "{fact:?} is not needed: {facts:?}"
        );
    }
}

/// The case with only these requirements.
fn only(case: &Case, facts: &[&Fact]) -> Case {
    let with = &case.request.with;
    let stays = |dependent: Option<&Identity>, target: &Identity, optional: bool| {
        // Whoever requires something of itself is there.
        let optional = optional && !with.contains(target.name()) && dependent != Some(target);
        let is_it = |fact: &&Fact| {
            fact.dependent.as_ref() == dependent && fact.target == *target && fact.optional == optional
        };
        facts.iter().any(is_it)
    };
    let mut case = case.clone();
    case.request.requirements.retain(|wanted| stays(None, &Identity::Pack(wanted.name.clone()), false));
    for (identity, known) in &mut case.facts {
        for release in known.iter_mut().flat_map(|known| &mut known.releases) {
            release
                .dependencies
                .retain(|edge| stays(Some(identity), &Identity::Pack(edge.name.clone()), edge.optional));
            release.packages.retain(|edge| {
                let target = Identity::Package(edge.registry.clone(), edge.name.clone());
                stays(Some(identity), &target, edge.optional)
            });
        }
    }
    case
}
