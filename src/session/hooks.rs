//! Running what packs would like to have run. Whether they may is for others to ask.

use super::cancelled;
use super::exchange::Exchange;
use super::protocol::{Capabilities, Outcome, Progress, Root};
use crate::diagnostic::{Code, Diagnostic};
use crate::manifest::{Event, Hook};
use crate::name::PackName;

/// Runs the hooks of a project that was written, in install order. One that fails keeps the later ones
/// of its pack from running, not those of others.
pub(super) async fn run_all(
    exchange: &Exchange,
    capabilities: Capabilities,
    hooks: Vec<Hook>,
) -> Result<Outcome, Vec<Diagnostic>> {
    let hooks: Vec<Hook> = hooks.into_iter().filter(|hook| hook.event == Event::PostGenerate).collect();
    if !capabilities.run && !hooks.is_empty() {
        let error = Diagnostic::error(Code::InstallFailed, "this host cannot run hooks");
        return Err(error.suggest("run them yourself, in the directory of the project").into());
    }
    let mut ran: Vec<Hook> = Vec::new();
    let mut problems = Vec::new();
    let mut failed: Vec<PackName> = Vec::new();
    for (number, hook) in hooks.iter().enumerate() {
        if exchange.is_cancelled() {
            return Err(cancelled().because("the files are written and stay").into());
        }
        if failed.contains(&hook.pack) {
            continue;
        }
        match run(exchange, "", hook).await {
            Ok(()) => ran.push(hook.clone()),
            Err(_) if exchange.is_cancelled() => {}
            Err(problem) => {
                failed.push(hook.pack.clone());
                let later = hooks[number + 1..].iter().filter(|later| later.pack == hook.pack);
                problems.push(left_to_do(problem, later));
            }
        }
    }
    if exchange.is_cancelled() {
        return Err(cancelled().because("the files are written and stay").into());
    }
    if problems.is_empty() { Ok(Outcome::RunHooks { ran }) } else { Err(problems) }
}

/// A failure with the hooks that did not run because of it, and how to go on.
fn left_to_do<'a>(mut problem: Diagnostic, later: impl Iterator<Item = &'a Hook>) -> Diagnostic {
    let left: Vec<String> = later.map(|hook| format!("`{}`", hook.command)).collect();
    let mut what = "it";
    if !left.is_empty() {
        problem.message += &format!(", so {} did not run", left.join(", "));
        what = "it and what did not run";
    }
    problem.suggest(format!(
        "the files are written and stay: mend what it needs and run {what} yourself in the directory of the project; `generate --trust` runs nothing where nothing is to be written"
    ))
}

/// Runs a hook in a directory of the target.
pub(super) async fn run(exchange: &Exchange, directory: &str, hook: &Hook) -> Result<(), Diagnostic> {
    let Hook { pack, command, .. } = hook;
    exchange.tell(Progress::Running { pack: pack.clone(), command: command.clone() });
    let ran = exchange.run(&Root::Target, directory, command).await;
    let reason = match ran {
        Ok(Some(0)) => return Ok(()),
        Ok(Some(code)) => format!("it exited with {code}"),
        Ok(None) => "a signal ended it".to_owned(),
        Err(error) => error.message().to_owned(),
    };
    let message = format!("the hook `{command}` of `{pack}` failed");
    Err(Diagnostic::error(Code::InstallFailed, message).about(pack).because(reason))
}
