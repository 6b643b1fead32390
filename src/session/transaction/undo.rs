//! Taking the last write back. What it moved aside comes back from where it is, in a write of its own:
//! this can be taken back as well, and nothing is lost if it is interrupted.

use std::collections::BTreeMap;

use super::journal::{Content, Journal, MAX_SIZE, Move};
use super::recover::no_interruption;
use super::{FILES_AT_ONCE, TARGET, Target, UNDO, UNDO_JOURNAL, kept};
use crate::archive;
use crate::diagnostic::{Code, Diagnostic};
use crate::path::{INSTALLED, LOCKFILE, PathError, RelPath};
use crate::registry::Digest;
use crate::session::exchange::{Exchange, HostError};
use crate::session::protocol::{Capabilities, EntryKind, HostErrorKind, Outcome, Undo, Undone, UndoneAction};

pub(in crate::session) async fn undo(
    exchange: &Exchange,
    capabilities: Capabilities,
    order: &Undo,
) -> Result<Outcome, Vec<Diagnostic>> {
    if order.dry_run {
        no_interruption(exchange, capabilities).await?;
        let target = Target { exchange, capabilities, made: Vec::new() };
        return Ok(outcome(&target.steps_back(order.force).await?, Vec::new()));
    }
    let target = Target::enter(exchange, capabilities, order.wait).await?;
    let undone = target.undo(order.force).await;
    target.leave().await;
    undone
}

/// Something that goes back to how it was.
struct StepBack {
    path: RelPath,
    now: Content,
    then: Content,
    /// Its number in what was kept.
    number: usize,
}

impl Target<'_> {
    async fn undo(&self, force: bool) -> Result<Outcome, Vec<Diagnostic>> {
        let steps = self.steps_back(force).await?;
        let told = outcome(&steps, if steps.is_empty() { Vec::new() } else { self.warnings() });
        let mut draft = self.draft();
        for StepBack { path, now, then, number } in steps {
            match then {
                Content::Nothing => draft.remove(path, now),
                Content::File(_) | Content::Directory(_) => draft.bring_back(path, now, then, number),
            }
        }
        draft.commit().await?;
        Ok(told)
    }

    /// What is to be done, the last thing first.
    async fn steps_back(&self, force: bool) -> Result<Vec<StepBack>, Vec<Diagnostic>> {
        let journal = self.way_back().await?;
        let mut steps = Vec::new();
        let mut problems = Vec::new();
        for (number, one) in journal.moves.iter().enumerate().rev() {
            match self.step_back(number, one, force).await {
                Ok(step) => steps.extend(step),
                Err(problem) => problems.push(problem),
            }
        }
        problems.reverse();
        if problems.is_empty() { Ok(steps) } else { Err(problems) }
    }

    async fn way_back(&self) -> Result<Journal, Vec<Diagnostic>> {
        let text = match self.exchange.read(&TARGET, UNDO_JOURNAL, MAX_SIZE).await {
            Ok(text) => text,
            Err(error) if error.is(HostErrorKind::NotFound) => {
                let message = "there is nothing to take back in this directory";
                let error = Diagnostic::error(Code::FileNotFound, message).about(UNDO_JOURNAL);
                return Err(error
                    .because(format!("`{UNDO}` would have what the last write replaced"))
                    .suggest("go to the directory that was written, or name it with `--output DIR`")
                    .into());
            }
            Err(error) => return Err(error.into()),
        };
        Journal::parse(&text).map_err(|error| {
            let message = format!("`{UNDO_JOURNAL}` is damaged");
            let error = Diagnostic::error(Code::InvalidInput, message).about(UNDO_JOURNAL).because(error);
            error.suggest(format!("what stood there before is in `{UNDO}` as `old-…`")).into()
        })
    }

    async fn step_back(
        &self,
        number: usize,
        one: &Move,
        force: bool,
    ) -> Result<Option<StepBack>, Diagnostic> {
        let Move { path, before: then, after, .. } = one;
        let kept = kept(number);
        if self.holds(path.as_str(), then).await? && self.have_one_mode(path.as_str(), &kept).await? {
            return Ok(None);
        }
        if *then != Content::Nothing && !self.holds(&kept, then).await? {
            let message = format!("what stood at `{path}` is not in `{kept}` any more");
            return Err(Diagnostic::error(Code::FileNotFound, message)
                .about(path)
                .suggest("it cannot be taken back; version control may have it"));
        }
        let step = |now| StepBack { path: path.clone(), now, then: then.clone(), number };
        if self.holds(path.as_str(), after).await? {
            return Ok(Some(step(after.clone())));
        }
        // Hooks that have run since are noted there, and nothing else is.
        if force || path.as_str() == INSTALLED {
            return Ok(Some(step(self.content(path).await?)));
        }
        let message = format!("`{path}` was changed since it was written");
        Err(Diagnostic::error(Code::FileConflict, message)
            .about(path)
            .suggest("add `--force` to take it back all the same; another `undo` then brings it again"))
    }

    /// Whether two paths have the same mode, as far as anything is there and has one.
    async fn have_one_mode(&self, path: &str, kept: &str) -> Result<bool, HostError> {
        let stats = self.exchange.stat_all(&TARGET, &[path.to_owned(), kept.to_owned()]).await?;
        let is_file = stats.iter().all(|stat| stat.kind == EntryKind::File);
        Ok(!is_file || !self.capabilities.modes || stats[0].executable == stats[1].executable)
    }

    /// What stands at a path.
    async fn content(&self, path: &RelPath) -> Result<Content, Diagnostic> {
        match self.kind(path.as_str()).await? {
            EntryKind::Absent => Ok(Content::Nothing),
            EntryKind::File => {
                let content = self.exchange.read(&TARGET, path.as_str(), archive::MAX_UNPACKED).await?;
                Ok(Content::File(Digest::of(&content)))
            }
            EntryKind::Directory => Ok(Content::Directory(self.hashes(path.as_str()).await?)),
            EntryKind::Link | EntryKind::Other => {
                let message = format!("`{path}` is neither a file nor a directory by now");
                Err(Diagnostic::error(Code::FileConflict, message).about(path).suggest("move it away"))
            }
        }
    }

    /// The digests of all files below a directory.
    async fn hashes(&self, directory: &str) -> Result<BTreeMap<RelPath, Digest>, Diagnostic> {
        let levels = self.exchange.walk(&TARGET, directory).await?;
        let places: Vec<String> = levels.into_iter().flat_map(|level| level.others).collect();
        let mut hashes = BTreeMap::new();
        for some in places.chunks(FILES_AT_ONCE) {
            let contents = self.exchange.read_all(&TARGET, some, archive::MAX_UNPACKED).await;
            for (place, content) in some.iter().zip(contents) {
                let inner = place[directory.len() + 1..].parse().map_err(|error: PathError| {
                    Diagnostic::error(Code::InvalidPath, error.to_string()).about(place)
                })?;
                hashes.insert(inner, Digest::of(&content?));
            }
        }
        Ok(hashes)
    }
}

fn outcome(steps: &[StepBack], warnings: Vec<Diagnostic>) -> Outcome {
    let mut undone: Vec<Undone> = steps
        .iter()
        .map(|step| Undone {
            path: step.path.to_string(),
            action: match (&step.now, &step.then) {
                (_, Content::Nothing) => UndoneAction::Delete,
                (Content::Nothing, _) => UndoneAction::Create,
                _ => UndoneAction::Change,
            },
        })
        .collect();
    undone.sort_by(|a, b| (a.path == LOCKFILE, &a.path).cmp(&(b.path == LOCKFILE, &b.path)));
    Outcome::Undo { undone, warnings }
}
