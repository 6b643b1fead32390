//! Why something is in a resolution, and why in this version and no better one.

use std::collections::{BTreeMap, VecDeque};

use serde::Serialize;

use super::conflict::Conflict;
use super::gather::Gather;
use super::search::{Search, Stop};
use super::universe::Universe;
use super::{Chosen, Facts, Library, Request, Required, Resolution, Strategy, TRIAL_EFFORT};
use crate::constraint::{Constraint, Requirement};
use crate::name::{Identity, PackName};
use crate::registry::Release;
use crate::version::Version;

/// The most versions for which a search says why they will not do.
const MAX_PROBES: usize = 3;

/// Why something is there.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Reason {
    /// What it is about.
    #[cfg_attr(test, ts(type = "string"))]
    pub identity: Identity,
    /// The version chosen.
    #[cfg_attr(test, ts(type = "string"))]
    pub version: Version,
    /// Whether that is the locked one.
    pub locked: bool,
    /// Which versions count as better.
    pub strategy: Strategy,
    /// Everybody who requires it, the user first, then by name.
    pub required_by: Vec<Requirer>,
    /// The shortest way to it: a pack the user asks for, and what each requires next. Without it.
    pub path: Vec<String>,
    /// Better versions that were not chosen, the best first.
    pub passed_over: Vec<PassedOver>,
}

/// Somebody who requires something.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Requirer {
    /// Who, as `NAME@VERSION`; none: the user.
    pub by: Option<String>,
    /// Which versions will do.
    #[cfg_attr(test, ts(type = "string"))]
    pub constraint: Constraint,
    /// What was written, where an override stands in for it.
    #[cfg_attr(test, ts(type = "string | null"))]
    pub overridden: Option<Constraint>,
    /// Whether it only counts because the thing is there for another reason.
    pub optional: bool,
}

/// A version that was not chosen.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct PassedOver {
    /// The version.
    #[cfg_attr(test, ts(type = "string"))]
    pub version: Version,
    /// What stood in the way.
    #[serde(flatten)]
    pub hindrance: Hindrance,
}

/// What stood in the way of a version.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "hindrance", rename_all = "kebab-case")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub enum Hindrance {
    /// It was withdrawn.
    Yanked,
    /// Its author advises against it, and another version will do.
    Deprecated,
    /// It is a pre-release, and nobody who requires it admits those.
    Prerelease,
    /// Some requirement does not admit it.
    Excluded {
        /// Who does not, as `NAME@VERSION`; none: the user.
        by: Option<String>,
        /// What they admit.
        #[cfg_attr(test, ts(type = "string"))]
        constraint: Constraint,
    },
    /// Another version is locked.
    Locked,
    /// With it, not everything could be had.
    Clash {
        /// What would not go together.
        conflict: Box<Conflict>,
    },
    /// With it, something that is locked would have to move.
    HeldByLock {
        /// What, if it is one thing.
        #[cfg_attr(test, ts(type = "string | null"))]
        by: Option<Identity>,
    },
    /// It was not looked into: the best versions are enough to know, or it took too long.
    Unknown,
    /// With it, something else would have to take another version, which the definition puts first.
    Costs {
        /// What.
        #[cfg_attr(test, ts(type = "string"))]
        what: Identity,
        /// The version it has now.
        #[cfg_attr(test, ts(type = "string"))]
        now: Version,
        /// The version it would have to take.
        #[cfg_attr(test, ts(type = "string"))]
        instead: Version,
    },
}

/// Why something is in a resolution; nothing if it is not there.
///
/// `facts` are those the resolution was made from.
pub fn reason(
    request: &Request,
    facts: &Facts,
    resolution: &Resolution,
    identity: &Identity,
) -> Option<Reason> {
    let chosen = resolution.get(identity)?;
    let required_by = required_by(request, resolution, identity);
    Some(Reason {
        identity: identity.clone(),
        version: chosen.release.version.clone(),
        locked: chosen.locked,
        strategy: request.strategy,
        path: path_to(resolution, identity),
        passed_over: passed_over(request, facts, resolution, chosen, &required_by),
        required_by,
    })
}

fn required_by(request: &Request, resolution: &Resolution, identity: &Identity) -> Vec<Requirer> {
    let user = request.requirements.iter().zip(request.roots()).filter(|(_, (root, _))| root == identity);
    let user = user.map(|(Requirement { constraint: written, .. }, (_, constraint))| Requirer {
        by: None,
        constraint: constraint.clone(),
        overridden: (written != constraint).then(|| written.clone()),
        optional: false,
    });
    let others = resolution.by_identity().into_values().flat_map(|pack| {
        let edges = request.edges(&pack.identity, &pack.release).filter(|edge| edge.target == *identity);
        edges.map(|edge| Requirer {
            by: Some(pack.label()),
            constraint: edge.constraint.clone(),
            overridden: (edge.constraint != edge.written).then(|| edge.written.clone()),
            optional: !edge.joins,
        })
    });
    user.chain(others).collect()
}

/// The shortest way from something the user asks for, found breadth first.
fn path_to(resolution: &Resolution, identity: &Identity) -> Vec<String> {
    let everything = resolution.by_identity();
    // Who led to what; nobody led to what the user asks for.
    let mut led: BTreeMap<&Identity, Option<&Chosen>> = BTreeMap::new();
    let mut open: VecDeque<&Chosen> = resolution.packs.iter().filter(|pack| pack.requested).collect();
    led.extend(open.iter().map(|pack| (&pack.identity, None)));
    while let Some(pack) = open.pop_front() {
        if pack.identity == *identity {
            break;
        }
        for Required { target, .. } in &pack.requirements {
            if let (Some(&next), false) = (everything.get(target), led.contains_key(target)) {
                led.insert(&next.identity, Some(pack));
                open.push_back(next);
            }
        }
    }
    let mut path = Vec::new();
    let mut at = identity;
    while let Some(Some(before)) = led.get(at) {
        path.push(before.label());
        at = &before.identity;
    }
    path.reverse();
    path
}

fn passed_over(
    request: &Request,
    facts: &Facts,
    resolution: &Resolution,
    chosen: &Chosen,
    required_by: &[Requirer],
) -> Vec<PassedOver> {
    let Some(Some(known)) = facts.get(&chosen.identity) else { return Vec::new() };
    let (higher, lower): (Vec<&Release>, Vec<&Release>) =
        known.releases.iter().partition(|release| release.version > chosen.release.version);
    let better: Vec<&Release> = if request.prefers_lowest(&chosen.identity) {
        lower.into_iter().rev().filter(|release| release.version != chosen.release.version).collect()
    } else {
        higher
    };
    let mut probes = 0;
    let hindrance = |release: &Release| {
        let admits = |constraint: &Constraint| known.admits(constraint, &release.version, None);
        let excluding = required_by.iter().find(|requirer| !admits(&requirer.constraint));
        match excluding {
            _ if release.yanked => Hindrance::Yanked,
            Some(requirer) if admits(&requirer.constraint.with_prereleases()) => Hindrance::Prerelease,
            Some(Requirer { by, constraint, .. }) => {
                Hindrance::Excluded { by: by.clone(), constraint: constraint.clone() }
            }
            None if chosen.locked => Hindrance::Locked,
            None if release.deprecated.is_some() && chosen.release.deprecated.is_none() => {
                Hindrance::Deprecated
            }
            None if probes == MAX_PROBES => Hindrance::Unknown,
            None => {
                probes += 1;
                // Only a pack can clash: a package requires nothing.
                match &chosen.identity {
                    Identity::Pack(name) => probe(request, facts, resolution, chosen, name, &release.version),
                    Identity::Package(..) => Hindrance::Unknown,
                }
            }
        }
    };
    let hindrances: Vec<Hindrance> = better.iter().copied().map(hindrance).collect();
    let pairs = better.into_iter().zip(hindrances);
    pairs.map(|(release, hindrance)| PassedOver { version: release.version.clone(), hindrance }).collect()
}

/// What happens if the user insists on one version of a pack.
fn probe(
    request: &Request,
    facts: &Facts,
    resolution: &Resolution,
    chosen: &Chosen,
    name: &PackName,
    version: &Version,
) -> Hindrance {
    let mut insisting = request.clone();
    let constraint = Constraint::exactly(version);
    // An override would stand in for the requirement.
    if let Some(replaced) = insisting.overrides.get_mut(&chosen.identity) {
        replaced.clone_from(&constraint);
    }
    insisting.requirements.push(Requirement { name: name.clone(), constraint });
    let library = Library::new(facts, true);
    let gather = Gather::complete(&insisting, &library, resolution.pinned);
    let universe = Universe::new(&insisting, &library, &gather);
    match Search::new(&universe, TRIAL_EFFORT).run() {
        Err(Stop::NoSolution(tree)) => {
            let conflict = Conflict::new(&universe, *tree);
            if !resolution.pinned {
                return Hindrance::Clash { conflict: Box::new(conflict) };
            }
            let by = match conflict.contested()[..] {
                [only] if request.locked.contains_key(only) => Some(only.clone()),
                _ => None,
            };
            Hindrance::HeldByLock { by }
        }
        Err(Stop::Exhausted) => Hindrance::Unknown,
        Ok(other) => {
            let worse = other.iter().find_map(|(&item, &rank)| {
                let before = resolution.get(universe.identity(item))?;
                let (now, instead) = (&before.release.version, &universe.release(item, rank).version);
                (before.identity != chosen.identity && now != instead).then(|| Hindrance::Costs {
                    what: before.identity.clone(),
                    now: now.clone(),
                    instead: instead.clone(),
                })
            });
            worse.unwrap_or(Hindrance::Unknown)
        }
    }
}
