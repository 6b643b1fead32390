//! `cargo bench --bench resolve`: our resolver against PubGrub alone, over the same data, in one run.
//!
//! Ours reads constraints, gathers, explains conflicts and puts packs in order; PubGrub alone starts
//! from ranges of numbers. `node benches/resolve.mjs` adds what ours takes as wasm.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use pubgrub::{OfflineDependencyProvider, PubGrubError, Ranges};

use crate::data::{Edge, Name};
use crate::problem::{Ours, Problem};

mod data;
mod problem;

/// What is measured, in the order of the places.
const NAMES: [&str; 5] = [
    "large_case, 641 roots",
    "large_case, 593 solvable",
    "chain of 1,000",
    "fan of 2,000",
    "10,000 packs, 20 versions",
];

/// How often everything is measured.
const ROUNDS: usize = 9;

/// What stands for the user.
const ROOT: Name = Name::MAX;

fn main() {
    let corpus = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/corpora/pubgrub/large_case.json");
    let corpus = std::fs::read_to_string(corpus).ok();
    println!("{:28} {:>8} {:>12} {:>12} {:>7}", "", "packs", "ours", "PubGrub", "ratio");
    for (place, name) in NAMES.into_iter().enumerate() {
        match Problem::new(place, corpus.as_deref()) {
            Some(problem) => measure(name, &problem),
            None => println!("{name:28} skipped: the corpus is not there"),
        }
    }
}

fn measure(name: &str, problem: &Problem) {
    let ours = Ours::new(problem);
    let alone = Alone::new(problem);
    let (mut times, mut times_alone, mut packs) = (Vec::new(), Vec::new(), 0);
    for _ in 0..ROUNDS {
        let started = Instant::now();
        packs = ours.run();
        times.push(started.elapsed());
        let started = Instant::now();
        assert_eq!(alone.run() > 0, packs > 0);
        times_alone.push(started.elapsed());
    }
    let (ours, alone) = (median(times), median(times_alone));
    let ratio = ours.as_secs_f64() / alone.as_secs_f64();
    println!(
        "{name:28} {packs:8} {:>9.2} ms {:>9.2} ms {ratio:7.2}",
        milliseconds(ours),
        milliseconds(alone)
    );
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1_000.0
}

/// The problem as PubGrub takes it, a root for each thing that is asked.
struct Alone {
    provider: OfflineDependencyProvider<Name, Ranges<u32>>,
    roots: u32,
}

impl Alone {
    fn new(problem: &Problem) -> Alone {
        let mut provider = OfflineDependencyProvider::new();
        let range = |edge: &Edge| {
            let ranges = edge
                .below
                .map_or_else(|| Ranges::higher_than(edge.from), |below| Ranges::between(edge.from, below));
            (edge.target, ranges)
        };
        for (&name, versions) in &problem.registry {
            for (&version, edges) in versions {
                provider.add_dependencies(name, version, edges.iter().map(range));
            }
        }
        let mut roots = 0;
        for wanted in &problem.wanted {
            provider.add_dependencies(ROOT, roots, wanted.iter().map(range));
            roots += 1;
        }
        Alone { provider, roots }
    }

    /// Resolves everything; how many packs that were in all.
    fn run(&self) -> usize {
        let solve = |root: u32| match pubgrub::resolve(&self.provider, ROOT, root) {
            Ok(chosen) => chosen.iter().count() - 1,
            Err(PubGrubError::NoSolution(_)) => 0,
            Err(error) => panic!("{error}"),
        };
        (0..self.roots).map(solve).sum()
    }
}
