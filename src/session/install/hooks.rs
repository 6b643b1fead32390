//! Hooks after an install. They are recorded with what brings them and forgotten one by one as they
//! have run, so that none is lost when something ends early.

use std::mem;

use super::Record;
use super::work::{Entry, Work};
use crate::diagnostic::{Diagnostic, none_of};
use crate::manifest::{Event, Hook, Mode};
use crate::name::PackName;
use crate::path::RelPath;
use crate::session::cancelled;
use crate::session::exchange::Exchange;
use crate::session::hooks;
use crate::session::protocol::Capabilities;
use crate::session::transaction::{Content, FileChange, Target};

/// Commands of a pack as hooks.
pub(super) fn of(pack: &PackName, commands: &[String]) -> Vec<Hook> {
    let hook =
        |command: &String| Hook { pack: pack.clone(), event: Event::PostInstall, command: command.clone() };
    commands.iter().map(hook).collect()
}

/// Runs all hooks in install order. One that fails keeps the later ones of its pack from running, not
/// those of others.
pub(super) async fn run(
    exchange: &Exchange,
    capabilities: Capabilities,
    work: &Work,
) -> Result<(), Vec<Diagnostic>> {
    let mut problems = Vec::new();
    for entry in &work.entries {
        for hook in &entry.hooks {
            let ran = if exchange.is_cancelled() { None } else { Some(run_one(exchange, entry, hook).await) };
            match ran {
                Some(Ok(())) => {
                    let forgotten = forget(exchange, capabilities, &entry.directory, &hook.command).await;
                    forgotten.map_err(|more| [more, mem::take(&mut problems)].concat())?;
                }
                Some(Err(problem)) if !exchange.is_cancelled() => {
                    problems.push(problem);
                    break;
                }
                Some(Err(_)) | None => {
                    let left = "everything is installed; the next install asks for the hooks that are left";
                    return Err(cancelled().because(left).into());
                }
            }
        }
    }
    none_of(problems)
}

async fn run_one(exchange: &Exchange, entry: &Entry, hook: &Hook) -> Result<(), Diagnostic> {
    hooks::run(exchange, entry.directory.as_str(), hook).await.map_err(|error| {
        error.suggest(
            "everything is installed: mend what it needs and `packwright install --trust` runs it, `--skip-hooks` leaves it out",
        )
    })
}

/// Takes a hook that has run out of the record.
async fn forget(
    exchange: &Exchange,
    capabilities: Capabilities,
    directory: &RelPath,
    command: &str,
) -> Result<(), Vec<Diagnostic>> {
    let target = Target::enter(exchange, capabilities, true).await?;
    let forgotten = forget_in(exchange, &target, directory, command).await;
    target.leave().await;
    forgotten
}

async fn forget_in(
    exchange: &Exchange,
    target: &Target<'_>,
    directory: &RelPath,
    command: &str,
) -> Result<(), Vec<Diagnostic>> {
    let (mut record, digest) = Record::read(exchange).await?;
    // Another process may have taken it out meanwhile.
    let Some(item) = record.items.get_mut(directory) else { return Ok(()) };
    let Some(at) = item.hooks.iter().position(|pending| pending == command) else { return Ok(()) };
    item.hooks.remove(at);
    let content = record.to_text()?.into_bytes();
    let path = RelPath::of_ours(crate::path::INSTALLED).expect("it is ours");
    let mut draft = target.draft();
    let before = Content::of_file(digest);
    draft.put(vec![FileChange { path, before, content, mode: Mode::Regular }]).await?;
    // It belongs to the install, which is what somebody may want to undo.
    draft.commit_for_good().await.map(drop)
}
