//! Dependency graphs as text: a tree, a Mermaid flowchart, Graphviz.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use crate::constraint::Constraint;
use crate::name::Identity;
use crate::resolve::{Chosen, Required, Resolution};

/// The most bytes of a tree; a deep one grows with the square of its depth.
const MAX_TREE: usize = 1 << 22;

/// How to show a tree.
#[derive(Clone, Debug, Default)]
pub struct TreeView {
    /// The levels shown below the first; none: all.
    pub depth: Option<usize>,
    /// The one whose dependents are shown, in place of dependencies.
    pub invert: Option<Identity>,
}

/// A branch of a tree: what is there, and the requirement that leads to it from above.
struct Branch<'a> {
    chosen: &'a Chosen,
    required: Option<&'a Required>,
}

impl<'a> Branch<'a> {
    fn below(everything: &BTreeMap<&Identity, &'a Chosen>, required: &'a Required) -> Option<Branch<'a>> {
        Some(Branch { chosen: everything.get(&required.target)?, required: Some(required) })
    }
}

/// The graph as lines that branch. Whatever comes up again is marked `(*)` and not followed.
pub fn tree(resolution: &Resolution, view: &TreeView) -> String {
    let everything = resolution.by_identity();
    let dependents = dependents(resolution);
    let branches = |chosen: &Chosen| -> Vec<Branch> {
        if view.invert.is_some() {
            let dependents = dependents.get(&chosen.identity).into_iter().flatten();
            return dependents
                .map(|&(chosen, required)| Branch { chosen, required: Some(required) })
                .collect();
        }
        let Some(&own) = everything.get(&chosen.identity) else { return Vec::new() };
        own.requirements.iter().filter_map(|required| Branch::below(&everything, required)).collect()
    };
    let mut roots: Vec<&Chosen> = match &view.invert {
        Some(identity) => resolution.get(identity).into_iter().collect(),
        None => resolution.packs.iter().filter(|pack| pack.requested).collect(),
    };
    roots.sort_by(|a, b| a.identity.cmp(&b.identity));
    let mut text = String::new();
    let mut shown: BTreeSet<&Identity> = BTreeSet::new();
    // A graph can be deep: what is still to be shown stands in a list, each with the lines before it.
    let mut open: Vec<(Branch, String, Option<bool>)> = Vec::new();
    open.extend(
        roots.into_iter().rev().map(|chosen| (Branch { chosen, required: None }, String::new(), None)),
    );
    while let Some((Branch { chosen, required }, indent, last)) = open.pop() {
        if text.len() > MAX_TREE {
            return text + "… and more; `--depth` shows less\n";
        }
        let below = branches(chosen);
        let repeated = !shown.insert(&chosen.identity);
        let fork = match last {
            None => "",
            Some(false) => "├── ",
            Some(true) => "└── ",
        };
        let star = if repeated && !below.is_empty() { " (*)" } else { "" };
        // A star is the mark of what comes up again; any version needs no words.
        let required = required
            .filter(|required| required.overridden.is_some() || required.constraint != Constraint::any());
        let because = required.map_or(String::new(), |required| format!(" ({})", label(required)));
        text += &format!("{indent}{fork}{} {}{because}{star}\n", chosen.identity, chosen.release.version);
        // Each level indents by four characters.
        let level = indent.chars().count() / 4 + usize::from(last.is_some());
        if repeated || view.depth.is_some_and(|depth| level >= depth) {
            continue;
        }
        let indent = match last {
            None => indent,
            Some(false) => indent + "│   ",
            Some(true) => indent + "    ",
        };
        let count = below.len();
        let numbered = below.into_iter().enumerate().rev();
        open.extend(numbered.map(|(at, branch)| (branch, indent.clone(), Some(at + 1 == count))));
    }
    text
}

fn dependents(resolution: &Resolution) -> BTreeMap<&Identity, Vec<(&Chosen, &Required)>> {
    let mut dependents: BTreeMap<&Identity, Vec<(&Chosen, &Required)>> = BTreeMap::new();
    for pack in resolution.by_identity().into_values() {
        for required in &pack.requirements {
            dependents.entry(&required.target).or_default().push((pack, required));
        }
    }
    dependents
}

fn label(required: &Required) -> String {
    match &required.overridden {
        None => required.constraint.to_string(),
        Some(written) => format!("{}, override of {written}", required.constraint),
    }
}

/// The graph as a Mermaid flowchart.
pub fn mermaid(resolution: &Resolution) -> String {
    // Mermaid reads entities by name or number behind `#`.
    let escape = |text: &str| text.replace('<', "#lt;").replace('>', "#gt;").replace('|', "#124;");
    let mut text = "flowchart TD\n".to_owned();
    let numbers: BTreeMap<&Identity, usize> =
        resolution.iter().enumerate().map(|(number, chosen)| (&chosen.identity, number)).collect();
    for (number, chosen) in resolution.iter().enumerate() {
        let _ = writeln!(text, "  n{number}[\"{} {}\"]", chosen.identity, chosen.release.version);
    }
    for (number, chosen) in resolution.iter().enumerate() {
        for required in &chosen.requirements {
            let label = escape(&label(required));
            let _ = writeln!(text, "  n{number} -->|\"{label}\"| n{}", numbers[&required.target]);
        }
    }
    text
}

/// The graph as Graphviz reads it.
pub fn dot(resolution: &Resolution) -> String {
    let mut text = "digraph dependencies {\n".to_owned();
    for chosen in resolution.iter() {
        let shape = if matches!(chosen.identity, Identity::Pack(_)) { "box" } else { "ellipse" };
        let _ = writeln!(
            text,
            "  \"{}\" [label=\"{0} {}\", shape={shape}];",
            chosen.identity, chosen.release.version
        );
    }
    for chosen in resolution.iter() {
        for required in &chosen.requirements {
            let label = label(required);
            let _ =
                writeln!(text, "  \"{}\" -> \"{}\" [label=\"{label}\"];", chosen.identity, required.target);
        }
    }
    text + "}\n"
}
