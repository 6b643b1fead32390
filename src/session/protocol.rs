//! Everything that crosses the boundary. The TypeScript types are generated from these.

mod command;
mod outcome;
mod request;

use serde::Serialize;

pub use self::command::*;
pub use self::outcome::*;
pub use self::request::*;
use crate::diagnostic::Diagnostic;

/// A step as it crosses to JavaScript.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "type", rename_all = "lowercase")]
#[cfg_attr(test, derive(ts_rs::TS), ts(rename = "Step"))]
pub enum StepMessage {
    /// Requests not handed out before. At least one.
    Need {
        /// In the order they came up.
        requests: Vec<Request>,
    },
    /// Nothing new; replies are owed.
    Waiting,
    /// The end, again on every later poll.
    Done {
        /// A `Result` as JSON text.
        outcome: String,
    },
}

/// How a command ended, as the text in [`StepMessage::Done`] says it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(test, derive(ts_rs::TS), ts(rename = "Result"))]
pub enum Ending {
    /// What the command gave.
    Ok(Outcome),
    /// Every problem found, the earliest stage first. At least one.
    Errors(Vec<Diagnostic>),
}
