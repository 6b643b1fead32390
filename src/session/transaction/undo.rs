//! Taking the last write back. What it moved aside comes back from where it is, in a write of its own:
//! this can be taken back as well, and nothing is lost if it is interrupted.

use std::collections::BTreeMap;

use super::journal::{Content, Journal, MAX_SIZE, Move};
use super::{FILES_AT_ONCE, TARGET, Target, UNDO, UNDO_JOURNAL, kept_at};
use crate::archive;
use crate::diagnostic::{Code, Diagnostic, none_of};
use crate::path::{INSTALLED, LOCKFILE, PathError, RelPath, STATE_DIRECTORY};
use crate::plan::runs_on_open;
use crate::registry::Digest;
use crate::session::exchange::{Exchange, HostError};
use crate::session::protocol::{Capabilities, EntryKind, HostErrorKind, Outcome, Undo, Undone, UndoneAction};

pub(in crate::session) async fn undo(
    exchange: &Exchange,
    capabilities: Capabilities,
    order: &Undo,
) -> Result<Outcome, Vec<Diagnostic>> {
    let target = Target::enter(exchange, capabilities, order.wait).await?;
    let undone = target.undo(order).await;
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

/// What stands somewhere.
struct Found {
    /// Nothing if it is neither a file nor a directory.
    content: Option<Content>,
    executable: bool,
}

impl Target<'_> {
    async fn undo(&self, order: &Undo) -> Result<Outcome, Vec<Diagnostic>> {
        let journal = self.way_back().await?;
        let steps = self.steps_back(&journal, order).await?;
        let undone = undone(&steps);
        if order.dry_run {
            return Ok(Outcome::Undo { undone, warnings: Vec::new() });
        }
        if !order.trust {
            consent(&steps)?;
        }
        let mut draft = self.draft();
        for StepBack { path, now, then, number } in steps {
            match then {
                Content::Nothing => draft.remove(path, now),
                Content::File(_) | Content::Directory(_) => draft.bring_back(path, now, then, number),
            }
        }
        // A directory that was there before stays, whether anything is left in it or not.
        draft.leave_no_other(journal.made);
        let warnings = draft.commit().await?;
        Ok(Outcome::Undo { undone, warnings })
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

    /// What is to be done, the last thing first.
    async fn steps_back(&self, journal: &Journal, order: &Undo) -> Result<Vec<StepBack>, Vec<Diagnostic>> {
        let moves = &journal.moves;
        let now = self.found(moves.iter().map(|one| one.path.to_string()).collect()).await?;
        let kept = self.found((0..moves.len()).map(kept_at).collect()).await?;
        let mut steps = Vec::new();
        let mut problems = Vec::new();
        for (number, ((one, now), kept)) in moves.iter().zip(now).zip(kept).enumerate() {
            match self.step_back((number, one), now, &kept, order) {
                Ok(step) => steps.extend(step),
                Err(problem) => problems.push(problem),
            }
        }
        none_of(problems)?;
        steps.reverse();
        Ok(steps)
    }

    fn step_back(
        &self,
        (number, one): (usize, &Move),
        now: Found,
        kept: &Found,
        order: &Undo,
    ) -> Result<Option<StepBack>, Diagnostic> {
        let Move { path, before: then, after, .. } = one;
        let has_mode = self.capabilities.modes && matches!(then, Content::File(_));
        if now.content.as_ref() == Some(then) && (!has_mode || now.executable == kept.executable) {
            return Ok(None);
        }
        if *then != Content::Nothing && kept.content.as_ref() != Some(then) {
            let message = format!("what stood at `{path}` is not in `{}` any more", kept_at(number));
            let error = Diagnostic::error(Code::FileNotFound, message).about(path);
            return Err(error.suggest("it cannot be taken back; version control may have it"));
        }
        let Some(content) = now.content else {
            let message = format!("`{path}` is neither a file nor a directory by now");
            return Err(Diagnostic::error(Code::FileConflict, message).about(path).suggest("move it away"));
        };
        // Hooks that have run since are noted there, and nothing else is.
        let may_differ = order.force || path.as_str() == INSTALLED;
        if content != *after && !may_differ {
            let message = format!("`{path}` was changed since it was written");
            return Err(Diagnostic::error(Code::FileConflict, message).about(path).suggest(
                "add `--force` to take it back all the same; until the next write, another `undo` brings it again",
            ));
        }
        Ok(Some(StepBack { path: path.clone(), now: content, then: then.clone(), number }))
    }

    /// What stands at some paths.
    async fn found(&self, paths: Vec<String>) -> Result<Vec<Found>, Diagnostic> {
        let stats = self.exchange.stat_all(&TARGET, &paths).await?;
        let is_file = |kind| kind == EntryKind::File;
        let files = paths.iter().zip(&stats).filter(|(_, stat)| is_file(stat.kind));
        let files: Vec<String> = files.map(|(path, _)| path.clone()).collect();
        let mut hashes = self.hashes(&files).await?.into_iter();
        let mut found = Vec::with_capacity(paths.len());
        for (path, stat) in paths.iter().zip(stats) {
            let content = match stat.kind {
                EntryKind::Absent => Some(Content::Nothing),
                EntryKind::File => hashes.next().map(Content::File),
                EntryKind::Directory => Some(Content::Directory(self.files_in(path).await?)),
                EntryKind::Link | EntryKind::Other => None,
            };
            found.push(Found { content, executable: stat.executable });
        }
        Ok(found)
    }

    /// The digests of all files below a directory.
    async fn files_in(&self, directory: &str) -> Result<BTreeMap<RelPath, Digest>, Diagnostic> {
        let levels = self.exchange.walk(&TARGET, directory).await?;
        let places: Vec<String> = levels.into_iter().flat_map(|level| level.others).collect();
        let hashes = self.hashes(&places).await?;
        let inner = places.iter().map(|place| {
            place[directory.len() + 1..].parse().map_err(|error: PathError| {
                Diagnostic::error(Code::InvalidPath, error.to_string()).about(place)
            })
        });
        inner.zip(hashes).map(|(inner, hash)| Ok((inner?, hash))).collect()
    }

    async fn hashes(&self, files: &[String]) -> Result<Vec<Digest>, HostError> {
        let mut hashes = Vec::with_capacity(files.len());
        for some in files.chunks(FILES_AT_ONCE) {
            for content in self.exchange.read_all(&TARGET, some, archive::MAX_UNPACKED).await {
                hashes.push(Digest::of(&content?));
            }
        }
        Ok(hashes)
    }
}

/// Files that run when the directory is opened come back only if that is wanted: a way back may have come
/// with a clone of somebody's repository.
fn consent(steps: &[StepBack]) -> Result<(), Vec<Diagnostic>> {
    let coming = steps.iter().flat_map(|step| {
        let inner: Vec<RelPath> = match &step.then {
            Content::Nothing => Vec::new(),
            Content::File(_) => vec![step.path.clone()],
            Content::Directory(files) => {
                let path = |inner| RelPath::in_directory(step.path.as_str(), inner).ok();
                files.keys().filter_map(path).collect()
            }
        };
        inner.into_iter().map(|path| (path, kept_at(step.number)))
    });
    let running = coming.filter(|(path, _)| path.below(STATE_DIRECTORY).is_none() && runs_on_open(path));
    none_of(running.map(|(path, kept)| {
        let message = format!("`{path}` may run by itself when the directory is opened");
        let error = Diagnostic::error(Code::NeedsConsent, message).about(path);
        error.suggest(format!("look at it in `{kept}`, then add `--trust`"))
    }))
}

fn undone(steps: &[StepBack]) -> Vec<Undone> {
    let undone = steps.iter().map(|step| Undone {
        path: step.path.to_string(),
        action: match (&step.now, &step.then) {
            (_, Content::Nothing) => UndoneAction::Delete,
            (Content::Nothing, _) => UndoneAction::Create,
            _ => UndoneAction::Change,
        },
    });
    let mut undone: Vec<Undone> = undone.collect();
    undone.sort_by(|a, b| (a.path == LOCKFILE, &a.path).cmp(&(b.path == LOCKFILE, &b.path)));
    undone
}
