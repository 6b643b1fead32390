//! What is measured, and our side of it.

use packwright::resolve::{Facts, Request, resolve};

use crate::data::{self, Case, Edge, Registry};

/// One registry and all that is asked of it, one after the other.
pub struct Problem {
    pub registry: Registry,
    pub wanted: Vec<Vec<Edge>>,
}

impl Problem {
    /// The one in this place; none if it needs the corpus and that is not there.
    pub fn new(place: usize, corpus: Option<&str>) -> Option<Problem> {
        Some(match place {
            0 => Problem::large_case(corpus?),
            1 => Problem::large_case(corpus?).solvable(),
            2 => Problem::from(data::chain(1_000)),
            3 => Problem::from(data::fan(2_000)),
            _ => Problem::from(data::broad(10_000)),
        })
    }

    /// Without what has no answer.
    fn solvable(mut self) -> Problem {
        let ours = Ours::new(&self);
        let mut place = 0;
        self.wanted.retain(|_| {
            place += 1;
            ours.resolve(place - 1) > 0
        });
        self
    }

    fn large_case(corpus: &str) -> Problem {
        let registry = data::large_case(corpus);
        let roots = registry.iter().flat_map(|(&name, versions)| {
            versions.keys().map(move |&version| vec![data::only(name, version)])
        });
        Problem { wanted: roots.collect(), registry }
    }
}

impl From<Case> for Problem {
    fn from(case: Case) -> Problem {
        Problem { registry: case.registry, wanted: vec![case.wanted] }
    }
}

/// The problem as our resolver takes it.
pub struct Ours {
    facts: Facts,
    requests: Vec<Request>,
}

impl Ours {
    pub fn new(problem: &Problem) -> Ours {
        let requests = problem.wanted.iter().map(|wanted| data::request(wanted));
        Ours { facts: data::facts(&problem.registry), requests: requests.collect() }
    }

    /// Resolves everything; how many packs that were in all.
    pub fn run(&self) -> usize {
        (0..self.requests.len()).map(|at| self.resolve(at)).sum()
    }

    /// How many packs are needed; none if there is no answer.
    fn resolve(&self, at: usize) -> usize {
        resolve(&self.requests[at], &self.facts).map_or(0, |resolution| resolution.packs.len())
    }
}
