//! Ending a write that was interrupted: the rest is done, or all of it is taken back.

use super::journal::{Journal, MAX_SIZE};
use super::{Content, JOURNAL, STAGING, Standing, TARGET, Target, UNDO, aside, origin};
use crate::diagnostic::{Code, Diagnostic, none_of};
use crate::session::exchange::Exchange;
use crate::session::protocol::{Capabilities, EntryKind, HostErrorKind, Outcome, Recovered, Recovery, Root};

pub(super) const HOW_TO_END: &str = "in that directory `packwright install --resume` does the rest, `packwright install --rollback` takes all of it back";

/// Says so first, unless that is what is wrong.
fn still_interrupted(mut problems: Vec<Diagnostic>) -> Vec<Diagnostic> {
    if problems.iter().all(|problem| problem.code != Code::PartialInstall) {
        let message = "the write that was interrupted could not be ended";
        let error = Diagnostic::error(Code::PartialInstall, message).about(JOURNAL);
        problems.insert(0, error.suggest(HOW_TO_END));
    }
    problems
}

pub(super) fn interrupted() -> Diagnostic {
    Diagnostic::error(Code::PartialInstall, "a write into this directory was interrupted")
        .about(JOURNAL)
        .because(format!("`{JOURNAL}` is there"))
        .suggest(HOW_TO_END)
}

/// What is staged stands there, and whether anybody needs it cannot be known.
pub(super) fn maybe_interrupted() -> Diagnostic {
    let message = format!("`{STAGING}` is there: another write is under way or was interrupted");
    Diagnostic::error(Code::PartialInstall, message)
        .about(STAGING)
        .suggest(format!("wait for the other write; if there is none, remove `{STAGING}`"))
}

/// That the target may be read: no write was interrupted there. One that is under way is waited for,
/// where that can be told.
pub(in crate::session) async fn no_interruption(
    exchange: &Exchange,
    capabilities: Capabilities,
) -> Result<(), Vec<Diagnostic>> {
    // Through a host that cannot move files nothing was ever written.
    if !capabilities.rename || !is_there(exchange, &TARGET).await? {
        return Ok(());
    }
    if capabilities.lock {
        Target::enter_any(exchange, capabilities, true).await?.leave().await;
        if !is_there(exchange, &TARGET).await? {
            return Ok(());
        }
    }
    Err(interrupted().into())
}

/// That no write was interrupted in a root which is only read.
pub(in crate::session) async fn is_whole(exchange: &Exchange, root: &Root) -> Result<(), Vec<Diagnostic>> {
    if is_there(exchange, root).await? { Err(interrupted().into()) } else { Ok(()) }
}

async fn is_there(exchange: &Exchange, root: &Root) -> Result<bool, Vec<Diagnostic>> {
    Ok(exchange.stat_all(root, &[JOURNAL.to_owned()]).await?[0].kind != EntryKind::Absent)
}

pub(in crate::session) async fn recover(
    exchange: &Exchange,
    capabilities: Capabilities,
    how: Recovery,
    wait: bool,
) -> Result<Outcome, Vec<Diagnostic>> {
    let mut target = Target::enter_any(exchange, capabilities, wait).await?;
    let recovered = target.recover(how).await;
    target.leave().await;
    Ok(Outcome::Recover { recovered: recovered? })
}

impl Target<'_> {
    async fn recover(&mut self, how: Recovery) -> Result<Option<Recovered>, Vec<Diagnostic>> {
        let text = match self.exchange.read(&TARGET, JOURNAL, MAX_SIZE).await {
            Ok(text) => text,
            Err(error) if error.is(HostErrorKind::NotFound) => {
                self.tidy().await?;
                return Ok(None);
            }
            Err(error) => return Err(still_interrupted(error.into())),
        };
        self.end(&text, how).await.map(Some).map_err(still_interrupted)
    }

    async fn end(&mut self, journal: &[u8], how: Recovery) -> Result<Recovered, Vec<Diagnostic>> {
        let journal = Journal::parse(journal).map_err(|error| {
            Diagnostic::error(Code::PartialInstall, format!("`{JOURNAL}` is damaged"))
                .about(JOURNAL)
                .because(error)
                .suggest(format!(
                    "what stood there before is in `{STAGING}` as `old-…`: look, then remove both"
                ))
        })?;
        let mut warnings = self.warnings();
        match how {
            Recovery::Resume => {
                let standings = self.standings(&journal).await?;
                self.check_whole(&journal, &standings).await?;
                warnings.extend(self.resume(&journal, &standings).await?);
            }
            Recovery::RollBack => {
                self.exchange.make_directories(&TARGET, [STAGING.to_owned()]).await?;
                if journal.moves.iter().any(|one| one.kept.is_some()) {
                    self.exchange.make_directories(&TARGET, [UNDO.to_owned()]).await?;
                }
                none_of(self.roll_back(&journal, Vec::new()).await)?;
            }
        }
        let paths = journal.moves.iter().map(|one| one.path.to_string()).collect();
        if how == Recovery::RollBack {
            // Those that still hold the lock go when it does.
            self.made = journal.made;
        }
        Ok(Recovered { how, paths, warnings })
    }

    async fn resume(
        &self,
        journal: &Journal,
        standings: &[Standing],
    ) -> Result<Option<Diagnostic>, Vec<Diagnostic>> {
        self.exchange.make_directories(&TARGET, [STAGING.to_owned()]).await?;
        self.make_parents(journal).await?;
        for (number, (one, standing)) in journal.moves.iter().zip(standings).enumerate() {
            // What was to go and has gone needs no help.
            let has_gone = one.after == Content::Nothing && self.holds(one.path.as_str(), &one.after).await?;
            if !has_gone {
                self.place(number, one, *standing).await?;
            }
        }
        self.finish(journal).await?;
        Ok(self.tidy_up(journal).await)
    }

    async fn standings(&self, journal: &Journal) -> Result<Vec<Standing>, Vec<Diagnostic>> {
        let moves = journal.moves.iter().enumerate();
        let paths: Vec<String> =
            moves.flat_map(|(number, one)| [origin(number, one), aside(number)]).collect();
        let stats = self.exchange.stat_all(&TARGET, &paths).await?;
        let standing = stats.chunks(2).map(|pair| Standing {
            is_placed: pair[0].kind == EntryKind::Absent,
            is_aside: pair[1].kind != EntryKind::Absent,
        });
        Ok(standing.collect())
    }

    /// To do the rest, what comes must be what was staged, wherever it is now, and what was moved aside
    /// what it was: a power failure may have damaged it, or somebody changed it in the meantime.
    async fn check_whole(&self, journal: &Journal, standings: &[Standing]) -> Result<(), Vec<Diagnostic>> {
        for (number, (one, standing)) in journal.moves.iter().zip(standings).enumerate() {
            let path = one.path.as_str();
            let comes_from = if standing.is_placed { path.to_owned() } else { origin(number, one) };
            if one.after != Content::Nothing && !self.holds(&comes_from, &one.after).await? {
                return Err(
                    damaged(path, "it was damaged when the write was interrupted, or changed since").into()
                );
            }
            if standing.is_aside && !self.holds(&aside(number), &one.before).await? {
                return Err(damaged(path, "what stood there was changed right before it was replaced").into());
            }
        }
        Ok(())
    }
}

fn damaged(path: &str, reason: &str) -> Diagnostic {
    Diagnostic::error(Code::PartialInstall, format!("`{path}` is not as the interrupted write left it"))
        .about(path)
        .because(reason)
        .suggest("`packwright install --rollback` takes everything back")
}
