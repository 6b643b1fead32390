//! Words for a conflict: who asks for what, down to where it cannot be had.

use std::collections::BTreeSet;

use super::{MAX_CAUSES, MAX_LISTED, list};
use crate::constraint::Constraint;
use crate::diagnostic::{Code, Diagnostic, nearest};
use crate::name::Identity;
use crate::resolve::{Conflict, Fact, Fix, Supply};
use crate::version::Version;

/// The longest constraint that a sentence shows, in characters.
const MAX_CONSTRAINT: usize = 40;

pub(super) fn explain_conflict<'a>(
    conflict: &Conflict,
    known: impl IntoIterator<Item = &'a str>,
) -> Diagnostic {
    let story = Story::new(conflict);
    let (code, message) = story.message();
    let mut error = Diagnostic::error(code, message).detailed(conflict);
    if let Some(subject) = story.contested.first() {
        error = error.about(subject);
    }
    for cause in story.causes() {
        error = error.because(cause);
    }
    let advice = match story.missing() {
        Some(missing) => Some(story.where_it_might_be(missing, known)),
        None => story.advice(),
    };
    match advice {
        Some(advice) => error.suggest(advice),
        None => error,
    }
}

/// A conflict, seen from what cannot be had.
struct Story<'a> {
    conflict: &'a Conflict,
    /// What is required and requires nothing itself here: the places where it breaks.
    contested: Vec<&'a Identity>,
}

impl<'a> Story<'a> {
    fn new(conflict: &'a Conflict) -> Story<'a> {
        Story { contested: conflict.contested(), conflict }
    }

    /// What does not exist, if that is all there is to tell.
    fn missing(&self) -> Option<&'a Identity> {
        match self.contested.as_slice() {
            [only] if !self.supply(only)?.exists => Some(only),
            _ => None,
        }
    }

    fn message(&self) -> (Code, String) {
        if let Some(missing) = self.missing() {
            return (Code::PackNotFound, format!("there is no {}", named(missing)));
        }
        let message = match self.contested.as_slice() {
            [only] => self.about_one(only),
            _ => {
                let asked: Vec<String> = self.asked().map(|fact| format!("`{}`", fact.target)).collect();
                match asked.as_slice() {
                    [only] => format!("no version of {only} can be had"),
                    asked => format!("{} do not go together", join(asked)),
                }
            }
        };
        (Code::Conflict, message)
    }

    fn about_one(&self, contested: &Identity) -> String {
        let facts: Vec<&Fact> = self.facts_about(contested).collect();
        // What is optional alone would be no obstacle.
        let mut needed = facts.iter().filter(|fact| !fact.optional || facts.len() == 1);
        if let Some(fact) = needed.find(|fact| !self.can_be_met(fact)) {
            let only_early = self.supply(contested).is_some_and(|supply| {
                !supply.available.is_empty() && supply.available.iter().all(Version::is_prerelease)
            });
            return match fact.constraints.as_slice() {
                [any] if only_early && *any == Constraint::any() => {
                    format!("`{contested}` has only pre-releases")
                }
                [only] => format!("no version of `{contested}` is `{only}`"),
                several => {
                    let several: Vec<String> = several.iter().map(|one| format!("`{one}`")).collect();
                    format!("no version of `{contested}` is {}", join(&several))
                }
            };
        }
        let mut who: Vec<String> = facts
            .iter()
            .map(|fact| {
                fact.dependent.as_ref().map_or("you".to_owned(), |dependent| format!("`{dependent}`"))
            })
            .collect();
        who.dedup();
        match who.len() {
            0 | 1 => format!("no version of `{contested}` satisfies everybody"),
            _ => format!("{} need different versions of `{contested}`", join(&who)),
        }
    }

    fn asked(&self) -> impl Iterator<Item = &'a Fact> {
        self.conflict.facts.iter().filter(|fact| fact.dependent.is_none())
    }

    fn facts_about<'s>(&'s self, identity: &'s Identity) -> impl Iterator<Item = &'a Fact> + 's {
        self.conflict.facts.iter().filter(move |fact| fact.target == *identity)
    }

    fn facts_of<'s>(&'s self, identity: &'s Identity) -> impl Iterator<Item = &'a Fact> + 's {
        self.conflict.facts.iter().filter(move |fact| fact.dependent.as_ref() == Some(identity))
    }

    fn supply(&self, identity: &Identity) -> Option<&'a Supply> {
        self.conflict.supply(identity)
    }

    /// Whether some version would do if nobody else required anything.
    fn can_be_met(&self, fact: &Fact) -> bool {
        self.supply(&fact.target)
            .is_some_and(|supply| supply.available.iter().any(|version| fact.admits(supply, version, false)))
    }

    /// The chains from what the user asks for, one after the other, then what there is.
    fn causes(&self) -> Vec<String> {
        let mut told: BTreeSet<&Identity> = BTreeSet::new();
        let mut causes: Vec<String> = Vec::new();
        for fact in self.asked() {
            let mut open = vec![&fact.target];
            causes.push(format!("you ask for {}{}", self.required(fact), overridden(fact)));
            while let Some(identity) = open.pop() {
                if !told.insert(identity) {
                    continue;
                }
                let is_asked = *identity == fact.target;
                let chains = self.facts_of(identity).map(|first| (first, self.shortcut(first, &mut told)));
                let chains: Vec<(&Fact, (Vec<&Identity>, &Fact))> = chains.collect();
                let mut sentences = String::new();
                let mut before = String::new();
                for (first, (skipped, last)) in &chains {
                    let (who, what) = self.sentence(first, last, skipped, is_asked);
                    sentences += &match sentences.as_str() {
                        "" => format!("{who} {what}"),
                        _ if who == before => format!(", and {what}"),
                        _ => format!("; {who} {what}"),
                    };
                    before = who;
                }
                open.extend(chains.iter().rev().map(|(_, (_, last))| &last.target));
                match causes.last_mut() {
                    _ if sentences.is_empty() => {}
                    Some(line) if is_asked => *line += &format!(", and {sentences}"),
                    _ => causes.push(sentences),
                }
            }
        }
        let notes: Vec<String> =
            self.contested.iter().filter_map(|identity| self.what_there_is(identity)).take(3).collect();
        let room = MAX_CAUSES - notes.len();
        if causes.len() > room {
            let more = causes.len() - (room - 1);
            causes.truncate(room - 1);
            causes.push(format!("{more} more requirements leave no way around"));
        }
        if self.missing().is_some() && causes.len() == 1 && self.conflict.facts.len() == 1 {
            // The message has said it all.
            causes.clear();
        }
        causes.into_iter().chain(notes).collect()
    }

    /// Follows a chain whose links matter to nobody else: the identities it passes and its last link.
    fn shortcut(&self, first: &'a Fact, told: &mut BTreeSet<&'a Identity>) -> (Vec<&'a Identity>, &'a Fact) {
        let mut skipped = Vec::new();
        let mut last = first;
        loop {
            let through = &last.target;
            let mut onward = self.facts_of(through);
            let (Some(next), None) = (onward.next(), onward.next()) else { break };
            if self.facts_about(through).count() > 1 || !told.insert(through) {
                break;
            }
            skipped.push(through);
            last = next;
        }
        (skipped, last)
    }

    /// Who requires something, and what that is at the end of a chain of requirements.
    fn sentence(
        &self,
        first: &Fact,
        last: &Fact,
        skipped: &[&Identity],
        continued: bool,
    ) -> (String, String) {
        let (who, is_plural) = self.subject(first, continued);
        let what = format!("{}{}", self.required(last), overridden(last));
        let verb = |is_plural: bool| match (last.optional, &last.target, is_plural) {
            (true, _, false) => "goes only with",
            (true, _, true) => "go only with",
            (false, Identity::Package(..), false) => "wants the package",
            (false, Identity::Package(..), true) => "want the package",
            (false, Identity::Pack(_), false) => "depends on",
            (false, Identity::Pack(_), true) => "depend on",
        };
        let (depends, leads) = if is_plural { ("depend on", "lead to") } else { ("depends on", "leads to") };
        let what = match skipped {
            [] => format!("{} {what}", verb(is_plural)),
            [only] => format!("{depends} `{only}`, which {} {what}", verb(false)),
            [first, .., end] if skipped.len() > 3 => {
                format!("{leads} {what} by way of `{first}`, … and `{end}` ({} packs)", skipped.len())
            }
            names => {
                let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
                format!("{leads} {what} by way of {}", join(&names))
            }
        };
        (who, what)
    }

    /// Who requires something, and whether that is plural.
    fn subject(&self, fact: &Fact, continued: bool) -> (String, bool) {
        let Some(dependent) = &fact.dependent else { return ("you".to_owned(), true) };
        let supply = self.supply(dependent);
        let all = supply.is_some_and(|supply| supply.available.len() == fact.versions.len());
        let versions = span(&fact.versions, supply);
        match (fact.versions.as_slice(), fact.every) {
            ([only], true) if all && continued => (format!("its only version, {only},"), false),
            ([only], _) => (format!("`{dependent}@{only}`"), false),
            (_, true) if all && continued => ("every version of it".to_owned(), false),
            (_, true) if all => (format!("every version of `{dependent}`"), false),
            (_, true) => (format!("every such `{dependent}` ({versions})"), false),
            (_, false) => (format!("`{dependent}` {versions}"), true),
        }
    }

    /// What is required: with one constraint as it was written, with several as what they admit.
    fn required(&self, fact: &Fact) -> String {
        let target = &fact.target;
        match fact.constraints.as_slice() {
            [any] if *any == Constraint::any() => format!("`{target}`"),
            [only] => format!("`{target}@{only}`"),
            several if fact.dependent.is_none() => {
                join(&several.iter().map(|one| format!("`{target}@{one}`")).collect::<Vec<_>>())
            }
            several => {
                let supply = self.supply(target);
                let available = supply.into_iter().flat_map(|supply| {
                    supply.available.iter().filter(|version| fact.admits(supply, version, false))
                });
                let available: Vec<Version> = available.cloned().collect();
                let sets = several.iter().map(|one| one.set().clone());
                let united = sets.reduce(|all, set| all.union(&set)).map(|set| set.to_string());
                match united {
                    Some(united) if united.len() <= MAX_CONSTRAINT => format!("`{target}@{united}`"),
                    _ => format!("one of `{target}` {}", span(&available, supply)),
                }
            }
        }
    }

    /// What there is of something nobody can be satisfied with, and what would do but may not.
    fn what_there_is(&self, identity: &Identity) -> Option<String> {
        let supply = self.supply(identity)?;
        if !supply.exists {
            return self.missing().is_none().then(|| format!("there is no {}", named(identity)));
        }
        let facts: Vec<&Fact> = self.facts_about(identity).collect();
        let everybody = |version: &&Version| facts.iter().all(|fact| fact.admits(supply, version, false));
        if let Some(version) = supply.yanked.iter().rev().find(everybody) {
            return Some(format!("`{identity}@{version}` would do, but it is yanked"));
        }
        if let Some(version) = self.conflict.early_of(identity) {
            return Some(format!("`{identity}@{version}` would do, but it is a pre-release"));
        }
        let latest = facts.iter().flat_map(|fact| &fact.constraints).any(Constraint::is_latest);
        if let (true, Some(latest)) = (latest, &supply.latest) {
            return Some(format!("the latest `{identity}` is {latest}"));
        }
        if facts.iter().all(|fact| self.can_be_met(fact)) {
            return None;
        }
        Some(match (supply.available.as_slice(), supply.yanked.as_slice()) {
            ([], []) => format!("`{identity}` has no versions"),
            ([], yanked) => format!("all versions of `{identity}` are yanked: {}", list(yanked)),
            (available, []) => format!("there is only `{identity}` {}", list(available)),
            (available, yanked) => {
                let are = if yanked.len() == 1 { "is" } else { "are" };
                format!("there is only `{identity}` {}; {} {are} yanked", list(available), list(yanked))
            }
        })
    }

    fn where_it_might_be<'n>(&self, missing: &Identity, known: impl IntoIterator<Item = &'n str>) -> String {
        let dependent = self.facts_about(missing).find_map(|fact| fact.dependent.as_ref());
        match (missing, dependent) {
            (Identity::Pack(name), dependent) => match (nearest(name.as_str(), known), dependent) {
                (Some(near), None) => format!("did you mean `{near}`?"),
                (Some(near), Some(dependent)) => {
                    format!("there is `{near}`; the authors of `{dependent}` may have meant that")
                }
                (None, None) => "`packwright list` shows the packs there are".to_owned(),
                (None, Some(_)) => format!("add the registry that has `{name}` with `--registry`"),
            },
            (Identity::Package(..), Some(dependent)) => {
                format!("ask the authors of `{dependent}`, or do without it")
            }
            (Identity::Package(..), None) => "do without it".to_owned(),
        }
    }

    fn advice(&self) -> Option<String> {
        if let Some(fact) = self.conflict.facts.iter().find(|fact| fact.overridden) {
            return Some(format!("change or drop your override of `{}`", fact.target));
        }
        let words = |fix: &Fix| match fix {
            Fix::Ask { name, constraint } => format!("ask for `{name}@{constraint}`"),
            Fix::LeaveOut { name } => format!("leave out `{name}`"),
            Fix::Override { identity, constraint } => {
                format!("if the pre-release will do, add `--override {identity}@{constraint}`")
            }
        };
        let asked: Vec<String> = self.asked().map(|fact| format!("`{}`", fact.target)).collect();
        match (self.conflict.fixes.as_slice(), asked.as_slice()) {
            ([first, second, ..], _) => Some(format!("{}, or {}", words(first), words(second))),
            ([only], _) => Some(words(only)),
            ([], []) => None,
            ([], [only]) if self.conflict.all_fixes => {
                Some(format!("no version of {only} avoids this: ask its authors, or do without it"))
            }
            ([], [only]) => Some(format!("`packwright show {}` lists its versions", only.trim_matches('`'))),
            ([], several) => Some(format!("do without some of {}", join(several))),
        }
    }
}

fn named(identity: &Identity) -> String {
    match identity {
        Identity::Pack(name) => format!("pack `{name}`"),
        Identity::Package(registry, name) => format!("package `{name}` in the registry `{registry}`"),
    }
}

fn overridden(fact: &Fact) -> &'static str {
    if fact.overridden { " (your override)" } else { "" }
}

/// Versions in words: `1.0.0 to 1.4.0` if nothing available lies between that is not among them.
fn span(versions: &[Version], supply: Option<&Supply>) -> String {
    let available: &[Version] = supply.map_or(&[], |supply| &supply.available);
    match versions {
        [] => "no version".to_owned(),
        [only] => only.to_string(),
        [first, .., last] => {
            let between = available.iter().filter(|version| (first..=last).contains(version)).count();
            if between == versions.len() && versions.len() > 2 {
                format!("{first} to {last}")
            } else if versions.len() <= MAX_LISTED {
                join(&versions.iter().map(Version::to_string).collect::<Vec<_>>())
            } else {
                format!("{} versions from {first} to {last}", versions.len())
            }
        }
    }
}

/// `a`, `a and b`, `a, b and c`, and of many the first and how many more.
fn join(words: &[String]) -> String {
    match words {
        many if many.len() > MAX_LISTED + 1 => {
            format!("{} and {} more", many[..MAX_LISTED].join(", "), many.len() - MAX_LISTED)
        }
        [rest @ .., last] if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        words => words.concat(),
    }
}
