//! Which names can be reached, and through which of their versions.
//!
//! Only what the user asks for narrows a name: there every requirement must hold. For any other
//! name the requirements of everything that could be chosen are united. Overrides apply first. An
//! optional edge nobody asked for reaches nothing.

use std::collections::{BTreeMap, BTreeSet};

use super::{Failure, Known, Library, MAX_PACKS, Request};
use crate::constraint::Constraint;
use crate::name::Identity;
use crate::registry::Release;
use crate::version::Version;

pub(super) struct Gather {
    /// Whether what is locked must stay.
    pinned: bool,
    reached: BTreeMap<Identity, Reached>,
    /// Names whose constraints grew since they were explored.
    open: BTreeSet<Identity>,
}

#[derive(Default)]
pub(super) struct Reached {
    asked: Vec<Constraint>,
    required: BTreeSet<Constraint>,
    /// Those of `required` that came in since the name was explored.
    fresh: Vec<Constraint>,
    /// The releases whose requirements were followed, by their place.
    explored: Vec<bool>,
    /// What those require.
    targets: BTreeSet<Identity>,
    /// What those constrain if it is there.
    observed: BTreeSet<Identity>,
}

impl Gather {
    pub(super) fn new(request: &Request, pinned: bool) -> Gather {
        let mut gather = Gather { pinned, reached: BTreeMap::new(), open: BTreeSet::new() };
        for (identity, constraint) in request.roots() {
            gather.open.insert(identity.clone());
            gather.reached.entry(identity).or_default().asked.push(constraint.clone());
        }
        gather
    }

    /// What can be reached over facts that will not grow.
    pub(super) fn complete(request: &Request, library: &Library, pinned: bool) -> Gather {
        let mut gather = Gather::new(request, pinned);
        gather.follow(request, library);
        gather
    }

    /// What is to be looked up next, in order. Nothing when all is known.
    pub(super) fn wanted(&mut self, request: &Request, library: &Library) -> Result<Vec<Identity>, Failure> {
        self.follow(request, library);
        if self.reached.len() > MAX_PACKS {
            return Err(Failure::TooManyPacks);
        }
        Ok(self.open.iter().cloned().collect())
    }

    /// Explores whatever is known, until only unknown names are open.
    fn follow(&mut self, request: &Request, library: &Library) {
        loop {
            let (known, unknown): (BTreeSet<_>, BTreeSet<_>) =
                std::mem::take(&mut self.open).into_iter().partition(|name| library.covers(name));
            self.open = unknown;
            if known.is_empty() || self.reached.len() > MAX_PACKS {
                return;
            }
            for identity in known {
                if let Some(known) = library.get(&identity) {
                    self.explore(request, &identity, known);
                }
            }
        }
    }

    pub(super) fn reached(&self) -> impl Iterator<Item = (&Identity, &Reached)> {
        self.reached.iter()
    }

    /// Which releases of a name may be chosen at all.
    pub(super) fn choosable(&self, request: &Request, identity: &Identity, known: &Known) -> Choosable {
        let locked = request.locked.get(identity).cloned();
        let is_held = self.pinned
            && locked.as_ref().is_some_and(|locked| !self.is_let_go(request, identity, known, locked));
        Choosable { locked, is_held }
    }

    /// What the user now asks for otherwise is not kept, and what is gone cannot be.
    fn is_let_go(&self, request: &Request, identity: &Identity, known: &Known, locked: &Version) -> bool {
        let admits = |constraint: &Constraint| constraint.is_latest() || constraint.matches(locked);
        let asked = self.reached.get(identity).into_iter().flat_map(|reached| &reached.asked);
        let is_gone = !known.releases.iter().any(|release| release.version == *locked);
        is_gone || !asked.chain(request.overrides.get(identity)).all(admits)
    }

    fn explore(&mut self, request: &Request, identity: &Identity, known: &Known) {
        let choosable = self.choosable(request, identity, known);
        let Some(reached) = self.reached.get_mut(identity) else { return };
        let locked = choosable.locked.as_ref();
        let fresh = std::mem::take(&mut reached.fresh);
        reached.explored.resize(known.releases.len(), false);
        let mut found: BTreeSet<(Identity, &Constraint)> = BTreeSet::new();
        for (release, explored) in known.releases.iter().zip(&mut reached.explored) {
            let admits = |constraint: &Constraint| known.admits(constraint, &release.version, locked);
            // Of what was asked for everything must hold, else what is new may do.
            let is_wanted = match reached.asked.as_slice() {
                [] => fresh.iter().any(admits),
                asked => asked.iter().all(admits),
            };
            if *explored || !is_wanted || !choosable.admits(release) {
                continue;
            }
            *explored = true;
            for edge in request.edges(identity, release) {
                if edge.joins {
                    found.insert((edge.target, edge.constraint));
                } else {
                    reached.observed.insert(edge.target);
                }
            }
        }
        reached.targets.extend(found.iter().map(|(target, _)| target.clone()));
        for (target, constraint) in found {
            let reached = self.reached.entry(target.clone()).or_default();
            if reached.required.insert(constraint.clone()) {
                reached.fresh.push(constraint.clone());
                self.open.insert(target);
            }
        }
    }
}

/// Which releases of a name may be chosen at all.
pub(super) struct Choosable {
    locked: Option<Version>,
    /// Whether it must be the locked one.
    is_held: bool,
}

impl Choosable {
    pub(super) fn admits(&self, release: &Release) -> bool {
        self.locked.as_ref() == Some(&release.version) || !self.is_held && !release.yanked
    }
}

impl Reached {
    /// What the releases that were followed require.
    pub(super) fn targets(&self) -> impl Iterator<Item = &Identity> {
        self.targets.iter()
    }

    /// What they constrain if it is there.
    pub(super) fn observed(&self) -> impl Iterator<Item = &Identity> {
        self.observed.iter()
    }
}
