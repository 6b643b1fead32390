//! Words for what the resolver found: conflicts, rings, reasons and graphs. The one place that has
//! them.

mod conflict;
mod graph;
mod reason;

use serde::{Deserialize, Serialize};

pub use self::graph::{TreeView, dot, mermaid, tree};
pub use self::reason::reason;

use self::conflict::explain_conflict;
use crate::constraint::Requirement;
use crate::diagnostic::{Code, Diagnostic};
use crate::name::{Identity, PackageName};
use crate::resolve::{Failure, MAX_PACKS, Required};
use crate::version::Version;

/// The most versions a sentence lists.
const MAX_LISTED: usize = 5;

/// The most causes an explanation lists: with the message and the help it stays within ten lines.
const MAX_CAUSES: usize = 8;

/// What a dependency graph is shown as.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub enum GraphFormat {
    /// Lines that branch, for people.
    #[default]
    Tree,
    /// A Mermaid flowchart.
    Mermaid,
    /// Graphviz.
    Dot,
}

/// A requirement that closes a ring, as data.
#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct RingEdge {
    /// A pack on the ring.
    pub name: PackageName,
    /// What it requires of the next, as `NAME@CONSTRAINT`.
    pub requires: String,
}

/// Puts a failure into words. `known` are the names a registry has, to suggest the nearest.
pub fn explain<'a>(failure: &Failure, known: impl IntoIterator<Item = &'a str>) -> Vec<Diagnostic> {
    match failure {
        Failure::Conflict(conflict) => vec![explain_conflict(conflict, known)],
        Failure::Cycle(ring) => vec![explain_ring(ring)],
        Failure::TooManyPacks => {
            let message = format!("more than {MAX_PACKS} packs and packages can be reached");
            vec![Diagnostic::error(Code::TooHard, message).suggest("ask for fewer packs at once")]
        }
        Failure::TooHard => {
            let message = "it takes too long to find out whether these packs go together";
            let error = Diagnostic::error(Code::TooHard, message)
                .because("their requirements rule each other out in too many ways");
            vec![error.suggest("narrow what you ask for, for example `NAME@^2` in place of `NAME`")]
        }
    }
}

/// That a pack has versions, but none that was asked for. `versions` ascend.
pub fn no_such_version(asked: &Requirement, versions: &[&Version]) -> Diagnostic {
    let Requirement { name, constraint } = asked;
    let message = format!("no version of `{name}` is `{constraint}`");
    let versions: Vec<Version> = versions.iter().map(|&version| version.clone()).collect();
    Diagnostic::error(Code::Conflict, message)
        .because(format!("there is {}", list(&versions)))
        .about(name)
        .suggest(format!("`packwright show {name}` shows the highest"))
}

fn explain_ring(ring: &[(Identity, Required)]) -> Diagnostic {
    let names: Vec<String> = ring.iter().map(|(name, _)| name.to_string()).collect();
    let shown = match names.as_slice() {
        [first, .., last] if names.len() > MAX_CAUSES => {
            format!("{first} -> {} -> … -> {last} -> {first}", names[1])
        }
        names => format!("{} -> {}", names.join(" -> "), names[0]),
    };
    let first = &names[0];
    let mut error = Diagnostic::error(Code::Cycle, format!("packs depend on each other in a ring: {shown}"))
        .about(first)
        .suggest(format!("do without `{first}`, or ask the authors to break the ring"));
    let listed = if ring.len() > MAX_CAUSES { MAX_CAUSES - 1 } else { ring.len() };
    for (name, required) in &ring[..listed] {
        error = error.because(format!("`{name}` depends on `{required}`"));
    }
    if listed < ring.len() {
        error = error.because(format!("{} more lead back to `{first}`", ring.len() - listed));
    }
    let edges: Vec<RingEdge> = ring
        .iter()
        .map(|(name, required)| RingEdge { name: name.package_name(), requires: required.to_string() })
        .collect();
    error.detailed(&edges)
}

/// The highest versions, in descending order.
fn list(ascending: &[Version]) -> String {
    let shown: Vec<String> = ascending.iter().rev().take(MAX_LISTED).map(Version::to_string).collect();
    match (shown.as_slice(), ascending.len().checked_sub(MAX_LISTED)) {
        (_, Some(more)) if more > 0 => format!("{} and {more} more", shown.join(", ")),
        ([rest @ .., last], _) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        _ => shown.concat(),
    }
}
