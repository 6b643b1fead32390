//! Words for what the resolver found: conflicts and rings. The one place that has them.

use std::collections::BTreeMap;

use crate::constraint::Requirement;
use crate::diagnostic::{Code, Diagnostic, nearest};
use crate::resolve::{Fact, Failure};
use crate::version::Version;

/// The most versions a sentence lists.
const MAX_LISTED: usize = 5;

/// Puts a failure into words. `known` are the names a registry has, to suggest the nearest.
pub fn explain<'a>(failure: &Failure, known: impl IntoIterator<Item = &'a str> + Clone) -> Vec<Diagnostic> {
    match failure {
        Failure::Conflict(facts) => explain_conflict(facts, known),
        Failure::Cycle(ring) => {
            let names: Vec<&str> = ring.iter().map(|(name, _)| name.as_str()).collect();
            let shown = format!("{} -> {}", names.join(" -> "), names[0]);
            let error =
                Diagnostic::error(Code::Cycle, format!("packs depend on each other in a ring: {shown}"))
                    .about(names[0])
                    .suggest(format!("leave `{}` out, or ask its authors to break the ring", names[0]));
            vec![ring.iter().fold(error, |error, (name, requirement)| {
                error.because(format!("`{name}` depends on `{requirement}`"))
            })]
        }
    }
}

fn explain_conflict<'a>(facts: &[Fact], known: impl IntoIterator<Item = &'a str> + Clone) -> Vec<Diagnostic> {
    let missing: Vec<Diagnostic> = facts
        .iter()
        .filter_map(|fact| match fact {
            Fact::NotFound(name) => {
                let error =
                    Diagnostic::error(Code::PackNotFound, format!("there is no pack `{name}`")).about(name);
                let error = facts.iter().fold(error, |error, fact| match fact {
                    Fact::Depends { requirement, .. } if requirement.name == *name => {
                        error.because(sentence(fact))
                    }
                    _ => error,
                });
                Some(match nearest(name.as_str(), known.clone()) {
                    Some(near) => error.suggest(format!("did you mean `{near}`?")),
                    None => error.suggest("`packwright list` shows the packs there are"),
                })
            }
            _ => None,
        })
        .collect();
    if !missing.is_empty() {
        return missing;
    }
    let facts: Vec<&Fact> = facts.iter().filter(|fact| !is_satisfied(fact, facts)).collect();
    let nowhere: Option<(&str, String)> = facts.iter().find_map(|fact| match *fact {
        Fact::NoVersion { name, .. } => Some((name.as_str(), format!("no version of `{name}` will do"))),
        _ => None,
    });
    let (subject, message) = nowhere.unwrap_or_else(|| {
        let contested = contested(&facts).unwrap_or("");
        (contested, format!("no version of `{contested}` satisfies everybody"))
    });
    let error = Diagnostic::error(Code::Conflict, message).about(subject);
    let error = facts.iter().fold(error, |error, fact| error.because(sentence(fact)));
    let asked = facts.iter().find_map(|fact| match *fact {
        Fact::Asked(requirement) => Some(&requirement.name),
        _ => None,
    });
    vec![match asked {
        Some(name) => error.suggest(format!("ask for another version of `{name}`, or leave it out; `packwright show {name}` lists its versions")),
        None => error,
    }]
}

/// Whether a fact says that versions are missing although one is there that all requirements
/// admit: the solver passed by it, the reason lies elsewhere.
fn is_satisfied(fact: &Fact, facts: &[Fact]) -> bool {
    let Fact::NoVersion { name, available, .. } = fact else { return false };
    let required = facts.iter().filter_map(|fact| match fact {
        Fact::Asked(requirement) | Fact::Depends { requirement, .. } => Some(requirement),
        _ => None,
    });
    let required: Vec<&Requirement> = required.filter(|required| required.name == *name).collect();
    let admitted = |version: &&Version| required.iter().all(|required| required.constraint.matches(version));
    !required.is_empty() && available.iter().any(|version| admitted(&version))
}

/// The name most requirements are about.
fn contested<'a>(facts: &[&'a Fact]) -> Option<&'a str> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for fact in facts {
        if let Fact::Asked(requirement) | Fact::Depends { requirement, .. } = fact {
            *counts.entry(requirement.name.as_str()).or_default() += 1;
        }
    }
    counts.into_iter().max_by_key(|&(_, count)| count).map(|(name, _)| name)
}

fn sentence(fact: &Fact) -> String {
    match fact {
        Fact::Asked(requirement) => format!("you ask for `{requirement}`"),
        Fact::Depends { dependent, versions, all, requirement } => {
            let who = match versions.as_slice() {
                [] => format!("`{dependent}`"),
                [only] => format!("`{dependent}@{only}`"),
                _ if *all => format!("every version of `{dependent}`"),
                [first, .., last] => format!("`{dependent}` {first} to {last}"),
            };
            format!("{who} depends on `{requirement}`")
        }
        Fact::NoVersion { name, available, yanked } => match (available.as_slice(), yanked.as_slice()) {
            ([], []) => format!("`{name}` has no versions"),
            ([], yanked) => format!("all versions of `{name}` are yanked: {}", list(yanked)),
            (available, []) if available.iter().all(Version::is_prerelease) => {
                let last = available.last().map(Version::to_string).unwrap_or_default();
                let versions = list(available);
                format!(
                    "`{name}` has only pre-releases, which must be asked for as `{name}@={last}`: {versions}"
                )
            }
            (available, []) => format!("there is only `{name}` {}", list(available)),
            (available, yanked) => {
                format!("there is only `{name}` {}; {} is yanked", list(available), list(yanked))
            }
        },
        Fact::NotFound(name) => format!("there is no pack `{name}`"),
    }
}

/// The highest versions, in descending order.
fn list(ascending: &[Version]) -> String {
    let shown: Vec<String> = ascending.iter().rev().take(MAX_LISTED).map(Version::to_string).collect();
    match ascending.len().checked_sub(MAX_LISTED) {
        None | Some(0) => shown.join(", "),
        Some(more) => format!("{} and {more} more", shown.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::name::PackName;

    fn name(text: &str) -> PackName {
        text.parse().unwrap()
    }

    fn versions(texts: &[&str]) -> Vec<Version> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    fn depends(dependent: &str, of: &[&str], all: bool, on: &str) -> Fact {
        Fact::Depends {
            dependent: name(dependent),
            versions: versions(of),
            all,
            requirement: on.parse().unwrap(),
        }
    }

    fn text(facts: Vec<Fact>) -> String {
        let all = explain(&Failure::Conflict(facts), ["rust-cli", "base"]);
        all.iter().map(Diagnostic::to_string).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn a_contested_pack() {
        let facts = vec![
            Fact::Asked("a@^1".parse().unwrap()),
            depends("a", &["1.0.0", "1.1.0"], true, "base@^1"),
            depends("b", &["1.0.0", "1.1.0", "1.2.0"], false, "base@^2"),
            depends("c", &["1.0.0"], false, "base@^3"),
        ];
        assert_eq!(
            text(facts),
            "error[conflict]: no version of `base` satisfies everybody\n  because you ask for `a@^1`\n  because every version of `a` depends on `base@^1`\n  because `b` 1.0.0 to 1.2.0 depends on `base@^2`\n  because `c@1.0.0` depends on `base@^3`\n  help: ask for another version of `a`, or leave it out; `packwright show a` lists its versions"
        );
    }

    #[test]
    fn versions_that_are_not_there() {
        let no_version = |available: &[&str], yanked: &[&str]| Fact::NoVersion {
            name: name("base"),
            available: versions(available),
            yanked: versions(yanked),
        };
        let shown = text(vec![no_version(&["1.0.0", "1.1.0", "1.2.0", "1.3.0", "1.4.0", "1.5.0"], &[])]);
        assert!(
            shown.contains("there is only `base` 1.5.0, 1.4.0, 1.3.0, 1.2.0, 1.1.0 and 1 more"),
            "{shown}"
        );
        assert!(text(vec![no_version(&[], &["1.0.0"])]).contains("all versions of `base` are yanked: 1.0.0"));
        assert!(
            text(vec![no_version(&["1.0.0"], &["1.1.0"])]).contains("only `base` 1.0.0; 1.1.0 is yanked")
        );
        assert!(text(vec![no_version(&[], &[])]).contains("`base` has no versions"));
        let early = text(vec![no_version(&["1.0.0-a", "1.0.0-b"], &[])]);
        assert!(early.contains(
            "`base` has only pre-releases, which must be asked for as `base@=1.0.0-b`: 1.0.0-b, 1.0.0-a"
        ));
    }

    #[test]
    fn packs_that_are_not_there() {
        assert_eq!(
            text(vec![depends("a", &[], false, "rust-cil@^1"), Fact::NotFound(name("rust-cil"))]),
            "error[pack-not-found]: there is no pack `rust-cil`\n  because `a` depends on `rust-cil@^1`\n  help: did you mean `rust-cli`?"
        );
        assert!(
            text(vec![Fact::NotFound(name("zzz"))]).ends_with("`packwright list` shows the packs there are")
        );
    }

    #[test]
    fn rings() {
        let ring = vec![(name("a"), "b@^1".parse().unwrap()), (name("b"), "a@*".parse().unwrap())];
        assert_eq!(
            explain(&Failure::Cycle(ring), [])[0].to_string(),
            "error[cycle]: packs depend on each other in a ring: a -> b -> a\n  because `a` depends on `b@^1`\n  because `b` depends on `a@*`\n  help: leave `a` out, or ask its authors to break the ring"
        );
    }
}
