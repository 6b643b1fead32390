//! Words for why something is there, in this version.

use super::conflict::explain_conflict;
use crate::resolve::{Hindrance, PassedOver, Reason, Requirer, Strategy};

/// The most better versions that are listed.
const MAX_PASSED_OVER: usize = 8;

/// Puts a reason into words. Lines end with a line break.
pub fn reason(reason: &Reason) -> String {
    let mut text =
        format!("{} {}{}\n", reason.identity, reason.version, if reason.locked { " (locked)" } else { "" });
    if !reason.path.is_empty() {
        text += &format!(
            "\nIt is here because of\n  {} -> {}@{}\n",
            reason.path.join(" -> "),
            reason.identity,
            reason.version
        );
    }
    text += "\nIt is required by\n";
    for requirer in &reason.required_by {
        text += &format!("  {}\n", requirement(requirer));
    }
    if reason.passed_over.is_empty() {
        let best = match reason.strategy {
            Strategy::Highest => "highest",
            Strategy::Lowest => "lowest",
            Strategy::LowestDirect => "best",
        };
        text += &format!("\n{} is the {best} there is.\n", reason.version);
        return text;
    }
    text += "\nNot chosen\n";
    for passed_over in reason.passed_over.iter().take(MAX_PASSED_OVER) {
        text += &format!("  {}\n", hindrance(passed_over));
    }
    if reason.passed_over.len() > MAX_PASSED_OVER {
        text += &format!("  and {} more\n", reason.passed_over.len() - MAX_PASSED_OVER);
    }
    text
}

fn requirement(requirer: &Requirer) -> String {
    let Requirer { by, constraint, overridden, optional } = requirer;
    let who = by.as_deref().unwrap_or("you");
    let instead =
        overridden.as_ref().map_or(String::new(), |written| format!(" (override, in place of {written})"));
    let optional = if *optional { " (optional, as it is here anyway)" } else { "" };
    format!("{who}: {constraint}{instead}{optional}")
}

fn hindrance(passed_over: &PassedOver) -> String {
    let why = match &passed_over.hindrance {
        Hindrance::Yanked => "is yanked".to_owned(),
        Hindrance::Deprecated => "is deprecated".to_owned(),
        Hindrance::Prerelease => "is a pre-release".to_owned(),
        Hindrance::Excluded { by: None, constraint } => format!("is not what you ask for: {constraint}"),
        Hindrance::Excluded { by: Some(by), constraint } => {
            format!("is not what {by} requires: {constraint}")
        }
        Hindrance::Locked => "was not looked into, as another version is locked".to_owned(),
        Hindrance::Costs { what, now, instead } => format!("would take {what} {instead} in place of {now}"),
        Hindrance::HeldByLock { by: None } => "does not go with what is locked".to_owned(),
        Hindrance::HeldByLock { by: Some(by) } => {
            format!("does not go with the locked {by}; with `--update {by}` it may")
        }
        Hindrance::Unknown => "was not looked into".to_owned(),
        Hindrance::Clash { conflict } => {
            format!("would clash: {}", explain_conflict(conflict, []).message)
        }
    };
    format!("{} {why}", passed_over.version)
}
