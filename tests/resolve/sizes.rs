//! Large universes. What is asserted is work, never time.

use std::thread;

use packwright::name::Identity;
use packwright::resolve::{Failure, Progress, Resolution, Resolver};

use crate::case::read;
use crate::data::{self, Case, any, only};

/// How it ended, and the steps it took.
fn run(case: &Case) -> (Result<Resolution, Failure>, u64) {
    let facts = data::facts(&case.registry);
    finish(Resolver::new(&data::request(&case.wanted), &facts))
}

fn finish(mut resolver: Resolver) -> (Result<Resolution, Failure>, u64) {
    loop {
        match resolver.advance() {
            Progress::Wants(wanted) => wanted.into_iter().for_each(|name| resolver.add(name, None)),
            Progress::Paused => {}
            Progress::Done(result) => return (result, resolver.steps()),
        }
    }
}

fn steps(case: &Case, names: usize) -> u64 {
    let (result, steps) = run(case);
    assert_eq!(result.expect("it has an answer").iter().count(), names);
    steps
}

#[test]
fn a_chain_takes_a_step_per_name() {
    assert_eq!(steps(&data::chain(1_000), 1_000), 1_002);
    let (result, _) = run(&data::chain(100));
    let levels: Vec<usize> = result.unwrap().packs.iter().map(|pack| pack.level).collect();
    assert_eq!(levels, (0..100).collect::<Vec<_>>());
}

#[test]
fn a_fan_takes_a_step_per_name() {
    assert_eq!(steps(&data::fan(2_000), 2_001), 2_003);
}

#[test]
fn a_broad_universe_takes_a_step_per_name() {
    assert_eq!(steps(&data::broad(10_000), 10_000), 10_002);
}

/// A chain of which the last name must have one version.
fn chain_to(length: u32, version: u32) -> Case {
    let mut case = data::chain(length);
    let last = case.registry.get_mut(&(length - 2)).expect("it is long enough");
    last.values_mut().for_each(|edges| *edges = vec![only(length - 1, version)]);
    case
}

/// Work with a deep derivation, on the stack of a browser's worker or less.
fn on_a_small_stack(work: impl FnOnce() + Send + 'static) {
    let thread = thread::Builder::new().stack_size(1 << 20).spawn(work).expect("there are threads");
    thread.join().expect("the stack is large enough");
}

#[test]
fn a_conflict_at_the_end_of_a_chain_needs_no_stack() {
    on_a_small_stack(|| {
        let (result, steps) = run(&chain_to(5_000, 9));
        let Err(Failure::Conflict(conflict)) = result else { panic!("it has no answer: {result:?}") };
        assert_eq!(conflict.facts.len(), 5_000);
        // Each name is decided once on the way down; on the way up, its other versions are.
        assert!(steps <= 4 * 5_000, "{steps}");
    });
}

#[test]
fn a_lock_that_does_not_hold_at_the_end_of_a_chain_needs_no_stack() {
    on_a_small_stack(|| {
        let case = chain_to(5_000, 1);
        let mut request = data::request(&case.wanted);
        request.locked.insert(Identity::Pack(data::pack(4_999)), read("0.0.0"));
        let facts = data::facts(&case.registry);
        let (result, steps) = finish(Resolver::new(&request, &facts));
        let resolution = result.expect("the lock may move");
        assert!(resolution.packs.len() == 5_000 && !resolution.pinned);
        assert!(steps <= 5 * 5_000, "{steps}");
    });
}

#[test]
fn a_ring_far_away_costs_nothing() {
    let mut case = data::broad(5_000);
    let last = case.registry.get_mut(&4_999).expect("it is there");
    last.get_mut(&0).expect("it has versions").push(any(4_000));
    let first = case.registry.get_mut(&4_000).expect("it is there");
    first.values_mut().for_each(|edges| edges.push(any(4_999)));
    assert_eq!(steps(&case, 5_000), 5_002);
}

/// More pigeons than holes: each sits, by its version, in a hole that lets in only one.
fn pigeons(holes: u32) -> Case {
    let pigeon = |pigeon| (0..holes).map(|hole| (hole, vec![only(holes + 1 + hole, pigeon)])).collect();
    let mut registry: data::Registry = (0..=holes).map(|name| (name, pigeon(name))).collect();
    let hole = || (0..=holes).map(|version| (version, Vec::new())).collect();
    registry.extend((holes + 1..=holes * 2).map(|name| (name, hole())));
    Case { registry, wanted: (0..=holes).map(any).collect() }
}

#[test]
fn a_hopeless_search_ends() {
    let (result, _) = run(&pigeons(4));
    let Err(Failure::Conflict(conflict)) = result else { panic!("it has no answer: {result:?}") };
    assert_eq!(conflict.facts.len(), 25, "every pigeon and every hole of each");
    let case = pigeons(12);
    let (request, facts) = (data::request(&case.wanted), data::facts(&case.registry));
    let (result, steps) = finish(Resolver::new(&request, &facts).within(1 << 18));
    assert!(matches!(result, Err(Failure::TooHard)), "{result:?}");
    assert!(steps < 1 << 14, "{steps}");
}
