//! The boundary: a machine that decides everything and does no IO.
//!
//! A host makes a [`Session`] for one [`Command`], then loops: [`Session::poll`] says what is needed
//! next, the host does it and hands each reply to [`Session::answer`], in any order, until `poll`
//! says the session is done. Commands are written as futures that wait for replies; the session
//! runs them whenever a reply is in, so no thread, clock or runtime is involved.
//!
//! In scope: what to ask for and what to make of it. Out of scope: performing requests, showing
//! outcomes, asking people.
//!
//! ```
//! use packwright::session::{Command, Reply, Session, SessionInput, Step};
//!
//! let mut session = Session::new(SessionInput::new(Command::List, "2026-01-01T00:00:00Z"));
//! assert!(matches!(session.poll(), Step::Done(Ok(_))), "without registries there is nothing to do");
//! ```

mod check;
mod compose;
mod dependencies;
mod exchange;
mod files;
mod generate;
mod hooks;
mod index;
mod install;
mod installed;
mod protocol;
mod publish;
mod registries;
mod select;
mod transaction;
mod transport;
#[cfg(test)]
mod typescript;
mod validate;
mod write;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use thiserror::Error;

use crate::diagnostic::{Code, Diagnostic};
use crate::variable::check_timestamp;
use exchange::Exchange;
pub use protocol::*;

/// What a session says when polled.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// Requests not handed out before. At least one.
    Need(Vec<Request>),
    /// Nothing new; replies are owed.
    Waiting,
    /// The end, again on every later poll.
    Done(Result<Outcome, Vec<Diagnostic>>),
}

/// A reply to a request that was not handed out, or was answered before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("request {0} is not open")]
pub struct UnknownRequest(pub RequestId);

type Task = Pin<Box<dyn Future<Output = Result<Outcome, Vec<Diagnostic>>> + Send>>;

/// One command on its way from input to outcome.
pub struct Session {
    state: State,
    exchange: Arc<Exchange>,
    /// Whether the task itself sees to a clean end when cancelled.
    winds_down: bool,
}

enum State {
    Running(Task),
    Done(Result<Outcome, Vec<Diagnostic>>),
}

impl Session {
    /// Starts a command. Nothing happens before the first [`Session::poll`].
    pub fn new(input: SessionInput) -> Session {
        let exchange = Arc::new(Exchange::default());
        let winds_down = input.command.winds_down();
        Session { state: State::Running(Box::pin(run(input, Arc::clone(&exchange)))), exchange, winds_down }
    }

    /// Goes on as far as the replies so far allow.
    pub fn poll(&mut self) -> Step {
        if let State::Running(task) = &mut self.state
            && let Poll::Ready(result) = task.as_mut().poll(&mut Context::from_waker(Waker::noop()))
        {
            self.state = State::Done(result);
        }
        if let State::Done(result) = &self.state {
            let told = self.exchange.take_told();
            return if told.is_empty() { Step::Done(result.clone()) } else { Step::Need(told) };
        }
        match self.exchange.take_queued() {
            requests if requests.is_empty() => Step::Waiting,
            requests => Step::Need(requests),
        }
    }

    /// Takes in the reply to a request.
    ///
    /// # Errors
    /// If no such request is open; the session is unchanged. After a session is done replies to
    /// requests that were still open are taken and ignored.
    pub fn answer(&mut self, id: RequestId, reply: Reply) -> Result<(), UnknownRequest> {
        self.exchange.answer(id, reply).ok_or(UnknownRequest(id))
    }

    /// Ends the session cleanly. A command that has begun to write takes it back or, where others may
    /// have seen it, finishes it, so keep polling until it is done.
    pub fn cancel(&mut self) {
        self.exchange.cancel();
        if !self.winds_down && matches!(self.state, State::Running(_)) {
            self.state = State::Done(Err(vec![cancelled()]));
        }
    }
}

fn cancelled() -> Diagnostic {
    Diagnostic::error(Code::Cancelled, "cancelled")
}

async fn run(input: SessionInput, exchange: Arc<Exchange>) -> Result<Outcome, Vec<Diagnostic>> {
    let SessionInput { command, registries, capabilities, mut network, timestamp } = input;
    if command.looks_for_newer() {
        network.refresh_before = network.now;
    }
    check_timestamp(&timestamp).map_err(|error| Diagnostic::error(Code::InvalidInput, error.to_string()))?;
    // What is checked is what a registry serves, not what was kept of it.
    let cache = capabilities.cache && !matches!(command, Command::CheckRegistry { .. });
    let capabilities = Capabilities { cache, ..capabilities };
    if command.reads_target() {
        transaction::no_interruption(&exchange, capabilities).await?;
    }
    let transport = transport::Transport::new(&exchange, network, capabilities);
    let registries = registries::Registries::new(transport, registries)?;
    match command {
        Command::List => generate::list(&registries).await,
        Command::Show { pack } => generate::show(&registries, &pack).await,
        Command::Questions(generation) => generate::questions(&registries, generation, timestamp).await,
        Command::Generate(generation) => {
            generate::generate(&registries, capabilities, generation, timestamp).await
        }
        Command::Compose(composing) => {
            compose::compose(&registries, capabilities, composing, timestamp).await
        }
        Command::Dependencies { selection, view } => {
            dependencies::dependencies(&registries, selection, &view).await
        }
        Command::Apply { plan, contents, force, trust, wait } => {
            write::apply(&exchange, capabilities, write::Order { plan, contents, force, trust, wait }).await
        }
        Command::RunHooks { hooks } => hooks::run_all(&exchange, capabilities, hooks).await,
        Command::Install(install) => install::install(&registries, capabilities, install, timestamp).await,
        Command::Uninstall(uninstall) => install::uninstall(&exchange, capabilities, &uninstall).await,
        Command::Installed => installed::installed(&exchange).await,
        Command::Outdated => installed::outdated(&registries).await,
        Command::Recover { how, wait } => transaction::recover(&exchange, capabilities, how, wait).await,
        Command::Undo(order) => transaction::undo(&exchange, capabilities, &order).await,
        Command::Validate(order) => validate::validate(registries, capabilities, &order).await,
        Command::BuildRegistry => index::build(&exchange).await,
        Command::CheckRegistry { registry } => check::check(&registries, &registry).await,
        Command::Publish(publish) => publish::publish(&registries, capabilities, &publish, &timestamp).await,
        Command::Yank(yank) => publish::yank(&registries, capabilities, &yank).await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(command: Command, timestamp: &str) -> String {
        match Session::new(SessionInput::new(command, timestamp)).poll() {
            Step::Done(Err(errors)) => errors[0].to_string(),
            step => panic!("{step:?}"),
        }
    }

    #[test]
    fn timestamps_have_one_form() {
        check_timestamp("2026-12-31T23:59:60Z").unwrap();
        for bad in [
            "",
            "2026-01-01",
            "2026-01-01T00:00:00+00:00",
            "2026-13-01T00:00:00Z",
            "2026-00-01T00:00:00Z",
            "2026-01-01T24:00:00Z",
            "2026-01-01t00:00:00z",
            "２026-01-01T00:00:0Z",
        ] {
            assert!(refusal(Command::List, bad).contains("is not a timestamp in UTC"), "{bad}");
        }
    }

    #[test]
    fn only_a_target_can_be_checked() {
        let generation = Generation { check: true, ..Generation::default() };
        let text = refusal(Command::Generate(generation), "2026-01-01T00:00:00Z");
        assert_eq!(text, "error[invalid-input]: there is no target to check");
    }
}
