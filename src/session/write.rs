//! Carrying out a plan: all of it or nothing.
//!
//! New content is staged in the state directory of the target, then moved into place file by file,
//! the lockfile last. What stood there is moved aside first and comes back if anything fails. Every
//! file is compared again right before, so that nothing is lost that appeared in between. A reply
//! may be lost although its request was carried out, so taking back looks before it moves.

use std::collections::{BTreeMap, BTreeSet};

use super::cancelled;
use super::exchange::{Exchange, HostError, NewFile};
use super::generate::look_at;
use super::protocol::{Capabilities, EntryKind, HostErrorKind, Outcome, Root};
use crate::archive;
use crate::diagnostic::{Code, Diagnostic, none_of};
use crate::manifest::Mode;
use crate::path::{PathSet, RelPath, STATE_DIRECTORY};
use crate::plan::{Action, Existing, Operation, Plan, runs_on_open, unified_diff};
use crate::registry::Digest;

/// A plan and how to carry it out.
pub(super) struct Order {
    pub(super) plan: Plan,
    pub(super) contents: Vec<u8>,
    pub(super) force: bool,
    pub(super) trust: bool,
}

const TARGET: Root = Root::Target;

pub(super) async fn apply(
    exchange: &Exchange,
    capabilities: Capabilities,
    order: Order,
) -> Result<Outcome, Vec<Diagnostic>> {
    if !capabilities.rename {
        let error =
            Diagnostic::error(Code::Storage, "this host cannot move files, so nothing can be written safely");
        return Err(error.suggest("download the files instead").into());
    }
    order.check()?;
    let paths = order.plan.operations.iter().map(|operation| &operation.path);
    let existing = look_at(exchange, paths, capabilities.modes).await?;
    let pending = order.pending(&existing)?;
    order.consent(&pending)?;
    let unchanged = order.plan.operations.len() - pending.len();
    if !pending.is_empty() {
        let mut writing = Writing { exchange, made: Vec::new(), begun: Vec::new() };
        if let Err(problems) = writing.write(&order, &pending).await {
            return Err(writing.undo(problems).await);
        }
        writing.clear_away().await;
    }
    let written = pending.iter().map(|pending| pending.operation.path.to_string()).collect();
    Ok(Outcome::Apply { written, unchanged })
}

/// An operation that has something to do.
struct Pending<'a> {
    operation: &'a Operation,
    /// The digest of the file that must be moved aside.
    replaces: Option<Digest>,
}

impl Order {
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
            let error = match &operation.origin {
                Some(origin) => error.because(format!("`{}@{}` brings it", origin.pack, origin.version)),
                None => error,
            };
            error.suggest("look at it with `--dry-run`, then add `--trust`")
        });
        none_of(problems)
    }

    /// What is to be done, given what stands there now.
    fn pending(&self, existing: &BTreeMap<RelPath, Existing>) -> Result<Vec<Pending<'_>>, Vec<Diagnostic>> {
        let mut pending = Vec::new();
        let mut problems = Vec::new();
        for operation in &self.plan.operations {
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
        as_seen && (self.force || (self.plan.compared && operation.action == Action::Change))
    }

    fn conflict(&self, operation: &Operation, there: &[u8], content: &[u8]) -> Diagnostic {
        let path = &operation.path;
        let error = match self.force {
            true => {
                Diagnostic::error(Code::FileConflict, format!("`{path}` has changed since the plan was made"))
                    .suggest("run the command again")
            }
            false => Diagnostic::error(Code::FileConflict, format!("`{path}` is there already and differs"))
                .suggest("add `--force` to replace it, or write into another directory with `--output`"),
        };
        let error = error.about(path);
        match unified_diff(path, there, content) {
            Some(diff) if !operation.secret => error.showing(diff),
            _ => error,
        }
    }
}

/// A write under way, and how to take it back.
struct Writing<'a> {
    exchange: &'a Exchange,
    /// Directories made, the outermost first; the staging directory among them.
    made: Vec<String>,
    /// The files whose move into place was begun, by number, and whether one stood there.
    begun: Vec<(RelPath, bool)>,
}

fn staging() -> String {
    format!("{STATE_DIRECTORY}/staging")
}

fn staged(number: usize) -> String {
    format!("{}/new-{number}", staging())
}

fn aside(number: usize) -> String {
    format!("{}/old-{number}", staging())
}

/// Says which number is which path, for a person who has to look.
fn index_of_staging() -> String {
    format!("{}/paths.txt", staging())
}

/// Says that nothing in the staging directory is needed any more.
fn finished() -> String {
    format!("{STATE_DIRECTORY}/finished")
}

impl Writing<'_> {
    async fn write(&mut self, order: &Order, pending: &[Pending<'_>]) -> Result<(), Vec<Diagnostic>> {
        self.make_directory("").await?;
        self.make_directory(STATE_DIRECTORY).await?;
        self.make_staging().await?;
        let new = pending.iter().enumerate().map(|(number, pending)| NewFile {
            path: staged(number),
            content: order.content(pending.operation).unwrap_or_default().to_vec(),
            mode: pending.operation.mode,
        });
        let index = pending
            .iter()
            .enumerate()
            .map(|(number, pending)| format!("{number} {}\n", pending.operation.path));
        let index = NewFile {
            path: index_of_staging(),
            content: index.collect::<String>().into(),
            mode: Mode::Regular,
        };
        self.exchange.create_all(&TARGET, new.chain([index]).collect()).await?;
        // In this order the outer stand before the inner.
        let parents: BTreeSet<&str> =
            pending.iter().flat_map(|pending| pending.operation.path.parents()).collect();
        for parent in parents {
            self.make_directory(parent).await?;
        }
        for (number, pending) in pending.iter().enumerate() {
            self.place(number, pending).await?;
        }
        Ok(())
    }

    /// The staging directory keeps a second write out. One that is marked as finished is in the way
    /// only because it could not be cleared away.
    async fn make_staging(&mut self) -> Result<(), Vec<Diagnostic>> {
        match self.exchange.make_directory(&TARGET, &staging()).await {
            Err(error) if error.is(HostErrorKind::Exists) => {
                if self.stat(&finished()).await? == EntryKind::Absent {
                    return Err(interrupted().into());
                }
                self.made.push(staging());
                self.clear_staging().await;
            }
            Err(error) => {
                // It may be there all the same, by a lost reply or by somebody else. Only an empty
                // one goes.
                self.exchange.try_remove_all(&TARGET, [staging()]).await;
                return Err(error.into());
            }
            Ok(()) => self.made.push(staging()),
        }
        // From here on the mark would be a lie.
        if self.stat(&finished()).await? != EntryKind::Absent {
            self.exchange.remove(&TARGET, &finished()).await?;
        }
        Ok(())
    }

    async fn place(&mut self, number: usize, pending: &Pending<'_>) -> Result<(), Vec<Diagnostic>> {
        if self.exchange.is_cancelled() {
            return Err(cancelled().into());
        }
        let path = &pending.operation.path;
        self.begun.push((path.clone(), pending.replaces.is_some()));
        if let Some(seen) = pending.replaces {
            self.exchange.rename(&TARGET, path.as_str(), &aside(number)).await?;
            let moved = self.exchange.read(&TARGET, &aside(number), archive::MAX_UNPACKED).await?;
            if Digest::of(&moved) != seen {
                return Err(meddled(path, "changed").into());
            }
        }
        if self.stat(path.as_str()).await? != EntryKind::Absent {
            return Err(meddled(path, "appeared").into());
        }
        self.exchange.rename(&TARGET, &staged(number), path.as_str()).await?;
        Ok(())
    }

    async fn make_directory(&mut self, path: &str) -> Result<(), Vec<Diagnostic>> {
        match self.exchange.make_directory(&TARGET, path).await {
            Ok(()) => {
                self.made.push(path.to_owned());
                Ok(())
            }
            Err(error) if error.is(HostErrorKind::Exists) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    async fn stat(&self, path: &str) -> Result<EntryKind, HostError> {
        Ok(self.exchange.stat_all(&TARGET, &[path.to_owned()]).await?[0].kind)
    }

    /// Takes everything back, in reverse, and adds what could not be.
    async fn undo(mut self, mut problems: Vec<Diagnostic>) -> Vec<Diagnostic> {
        let mut stuck: Vec<HostError> = Vec::new();
        for (number, (path, replaces)) in std::mem::take(&mut self.begun).into_iter().enumerate().rev() {
            stuck.extend(self.take_back(number, path.as_str(), replaces).await.err());
        }
        if stuck.is_empty() {
            let made = self.made.clone();
            self.clear_away().await;
            for directory in made.iter().rev().filter(|made| **made != staging()) {
                self.exchange.try_remove_all(&TARGET, [directory.clone()]).await;
            }
        } else {
            let error =
                Diagnostic::error(Code::PartialWrite, "what was written could not be taken back whole");
            let error = error.suggest(format!("your files' former content is in `{}`", staging()));
            let error =
                stuck.into_iter().fold(error, |error, stuck| error.because(Diagnostic::from(stuck).message));
            problems.push(error);
        }
        problems
    }

    async fn take_back(&self, number: usize, path: &str, replaces: bool) -> Result<(), HostError> {
        let placed = self.stat(&staged(number)).await? == EntryKind::Absent;
        if placed && self.stat(path).await? != EntryKind::Absent {
            self.exchange.rename(&TARGET, path, &staged(number)).await?;
        }
        if !replaces || self.stat(&aside(number)).await? == EntryKind::Absent {
            return Ok(());
        }
        if self.stat(path).await? != EntryKind::Absent {
            return Err(HostError::in_the_way(path, &aside(number)));
        }
        self.exchange.rename(&TARGET, &aside(number), path).await
    }

    /// Removes what a write that has ended leaves behind. What does not go is marked as finished,
    /// so that the next write may remove it.
    async fn clear_away(&self) {
        if self.made.contains(&staging()) {
            let mark = NewFile { path: finished(), content: Vec::new(), mode: Mode::Regular };
            let _unmarked_is_told_next_time = self.exchange.create_all(&TARGET, vec![mark]).await;
            self.clear_staging().await;
            let removed = self.exchange.remove(&TARGET, &staging()).await;
            if removed.is_ok() || removed.is_err_and(|error| error.is(HostErrorKind::NotFound)) {
                self.exchange.try_remove_all(&TARGET, [finished()]).await;
            }
        }
        if self.made.iter().any(|made| made == STATE_DIRECTORY) {
            self.exchange.try_remove_all(&TARGET, [STATE_DIRECTORY.to_owned()]).await;
        }
    }

    async fn clear_staging(&self) {
        let entries = self.exchange.list(&TARGET, &staging()).await.unwrap_or_default();
        let left = entries.into_iter().map(|entry| format!("{}/{}", staging(), entry.name));
        self.exchange.try_remove_all(&TARGET, left).await;
    }
}

fn meddled(path: &RelPath, what: &str) -> Diagnostic {
    let message = format!("`{path}` {what} while the project was being written");
    Diagnostic::error(Code::FileConflict, message).about(path).suggest("run the command again")
}

fn interrupted() -> Diagnostic {
    let directory = staging();
    Diagnostic::error(
        Code::PartialWrite,
        format!("`{directory}` is there: another write is under way or was interrupted"),
    )
    .about(&directory)
    .because(format!("it holds what was to be written as `new-…` and what stood there before as `old-…`; `{}` says which is which", index_of_staging()))
    .suggest(format!(
        "wait for the other write; if there is none, look through `{directory}`, then remove it"
    ))
}
