//! Carrying out a plan: what it wants is compared again with what stands there, and written as one
//! transaction.

use std::collections::BTreeMap;

use super::exchange::Exchange;
use super::generate::look_at;
use super::protocol::{Capabilities, Outcome};
use super::transaction::{Content, FileChange, Target, no_interruption};
use crate::diagnostic::{Code, Diagnostic, none_of};
use crate::merge::unified_diff;
use crate::path::{PathSet, RelPath};
use crate::plan::{Action, Existing, Operation, Plan, runs_on_open};
use crate::registry::Digest;

/// A plan and how to carry it out.
pub(super) struct Order {
    pub(super) plan: Plan,
    pub(super) contents: Vec<u8>,
    pub(super) force: bool,
    pub(super) trust: bool,
    pub(super) wait: bool,
}

pub(super) async fn apply(
    exchange: &Exchange,
    capabilities: Capabilities,
    order: Order,
) -> Result<Outcome, Vec<Diagnostic>> {
    order.check()?;
    if order.changes_nothing() {
        // Where nothing is to be written, it need not be possible.
        no_interruption(exchange, capabilities).await?;
        let existing = order.look(exchange, capabilities).await?;
        if order.pending(&existing)?.is_empty() {
            return Ok(order.outcome(&[], Vec::new()));
        }
    }
    let target = Target::enter(exchange, capabilities, order.wait).await?;
    let applied = order.apply(exchange, capabilities, &target).await;
    target.leave().await;
    applied
}

/// An operation that has something to do.
struct Pending<'a> {
    operation: &'a Operation,
    /// The digest of the file that must be moved aside.
    replaces: Option<Digest>,
}

impl Order {
    async fn apply(
        &self,
        exchange: &Exchange,
        capabilities: Capabilities,
        target: &Target<'_>,
    ) -> Result<Outcome, Vec<Diagnostic>> {
        let existing = self.look(exchange, capabilities).await?;
        let pending = self.pending(&existing)?;
        self.consent(&pending)?;
        let mut warnings = Vec::new();
        if !pending.is_empty() {
            let sizes = pending.iter().map(|pending| pending.operation.size as u64);
            target.check_room(Target::needed(sizes)).await?;
            let mut draft = target.draft();
            draft.put(pending.iter().map(|pending| self.change(pending)).collect()).await?;
            warnings = draft.commit().await?;
        }
        Ok(self.outcome(&pending, warnings))
    }

    /// Whether the plan found everything as it should be.
    fn changes_nothing(&self) -> bool {
        let changes = |operation: &Operation| operation.action != Action::Unchanged && !self.skips(operation);
        self.plan.compared && !self.plan.operations.iter().any(changes)
    }

    fn skips(&self, operation: &Operation) -> bool {
        operation.action == Action::Skip && !self.force
    }

    async fn look(
        &self,
        exchange: &Exchange,
        capabilities: Capabilities,
    ) -> Result<BTreeMap<RelPath, Existing>, Vec<Diagnostic>> {
        let paths = self.plan.operations.iter().map(|operation| &operation.path);
        look_at(exchange, paths, capabilities.modes).await
    }

    fn outcome(&self, pending: &[Pending<'_>], warnings: Vec<Diagnostic>) -> Outcome {
        Outcome::Apply {
            written: pending.iter().map(|pending| pending.operation.path.to_string()).collect(),
            unchanged: self.plan.operations.len() - pending.len(),
            warnings,
        }
    }

    fn change(&self, pending: &Pending<'_>) -> FileChange {
        FileChange {
            path: pending.operation.path.clone(),
            before: Content::of_file(pending.replaces),
            content: self.content(pending.operation).unwrap_or_default().to_vec(),
            mode: pending.operation.mode,
        }
    }

    fn content(&self, operation: &Operation) -> Option<&[u8]> {
        self.contents.get(operation.range())
    }

    /// A plan crossed the boundary as data, so it is checked like any other input.
    fn check(&self) -> Result<(), Vec<Diagnostic>> {
        let mut paths = PathSet::default();
        for operation in &self.plan.operations {
            let content = self.content(operation);
            if content.is_none_or(|content| Digest::of(content) != operation.hash) {
                let message =
                    format!("the plan does not belong to its content: `{}` differs", operation.path);
                return Err(Diagnostic::error(Code::InvalidInput, message).about(&operation.path).into());
            }
            paths
                .insert(&operation.path)
                .map_err(|error| Diagnostic::error(Code::InvalidInput, error.to_string()))?;
        }
        Ok(())
    }

    fn consent(&self, pending: &[Pending<'_>]) -> Result<(), Vec<Diagnostic>> {
        let written = pending.iter().map(|pending| pending.operation);
        let running = written.filter(|operation| runs_on_open(&operation.path) && !self.trust);
        let problems = running.map(|operation| {
            let message = format!("`{}` may run by itself when the directory is opened", operation.path);
            let error = Diagnostic::error(Code::NeedsConsent, message).about(&operation.path);
            let error = operation.origins.iter().fold(error, |error, origin| {
                error.because(format!("`{}@{}` brings it", origin.pack, origin.version))
            });
            error.suggest("look at it with `--dry-run`, then add `--trust`")
        });
        none_of(problems)
    }

    /// What is to be done, given what stands there now.
    fn pending(&self, existing: &BTreeMap<RelPath, Existing>) -> Result<Vec<Pending<'_>>, Vec<Diagnostic>> {
        let mut pending = Vec::new();
        let mut problems = Vec::new();
        for operation in self.plan.operations.iter().filter(|operation| !self.skips(operation)) {
            let content = self.content(operation).unwrap_or_default();
            match existing.get(&operation.path) {
                None => pending.push(Pending { operation, replaces: None }),
                Some(Existing::Blocked { by }) => {
                    let message = match *by == operation.path.as_str() {
                        true => format!("`{by}` is there and is no regular file"),
                        false => format!(
                            "`{by}` is there and is no directory, but `{}` goes below it",
                            operation.path
                        ),
                    };
                    let error = Diagnostic::error(Code::FileConflict, message).about(by);
                    problems.push(error.suggest("move it away, or write into another directory"));
                }
                Some(Existing::File { content: there, mode }) if there == content => {
                    if mode.is_some_and(|mode| mode != operation.mode) {
                        pending.push(Pending { operation, replaces: Some(Digest::of(there)) });
                    }
                }
                Some(Existing::File { content: there, .. }) => {
                    if self.may_replace(operation, there) {
                        pending.push(Pending { operation, replaces: Some(Digest::of(there)) });
                    } else {
                        problems.push(self.conflict(operation, there, content));
                    }
                }
            }
        }
        if problems.is_empty() { Ok(pending) } else { Err(problems) }
    }

    /// What holds nothing of the user's may be replaced, anything else only by force; and if the
    /// plan saw it, only as it was seen.
    fn may_replace(&self, operation: &Operation, there: &[u8]) -> bool {
        let as_seen = !self.plan.compared || operation.before == Some(Digest::of(there));
        let is_meant = matches!(operation.action, Action::Change | Action::Merge | Action::Overwrite);
        as_seen && (self.force || (self.plan.compared && is_meant))
    }

    fn conflict(&self, operation: &Operation, there: &[u8], content: &[u8]) -> Diagnostic {
        let path = &operation.path;
        let error = match self.force {
            true => {
                Diagnostic::error(Code::FileConflict, format!("`{path}` has changed since the plan was made"))
                    .suggest("run the command again")
            }
            false => {
                let error =
                    Diagnostic::error(Code::FileConflict, format!("`{path}` is there already and differs"));
                let error = operation
                    .unmergeable
                    .filter(|_| is_of_packs(operation))
                    .into_iter()
                    .fold(error, Diagnostic::because);
                error.suggest(format!("{}; or write into another directory with `--output`", ways(operation)))
            }
        };
        let error = error.about(path);
        match unified_diff(path, there, content) {
            Some(diff) if !operation.secret => error.showing(diff),
            _ => error,
        }
    }
}

/// Whether it comes from packs, unlike a lockfile or a manifest that was composed.
fn is_of_packs(operation: &Operation) -> bool {
    !operation.origins.is_empty()
}

/// What lets a file go on its way that stands where another is to go. Those of no pack can only be replaced.
fn ways(operation: &Operation) -> &'static str {
    match operation.unmergeable {
        _ if !is_of_packs(operation) => "`--force` replaces it",
        Some(_) => "`--existing skip` keeps it, `--existing overwrite` replaces it",
        None => {
            "`--existing skip` keeps it, `--existing merge` adds what is new where that can be, `--existing overwrite` replaces it"
        }
    }
}
