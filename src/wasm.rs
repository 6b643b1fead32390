//! The JavaScript side of the session: converts, decides nothing.
//!
//! Requests and replies cross as values, with bytes as `Uint8Array`. An outcome crosses as JSON
//! text, the content of its files as one block of bytes. The functions over constraints need no
//! session; what they throw is a `Diagnostic`. Many texts cross as one, with a zero byte behind each.

use std::fmt::Display;

use js_sys::{Error, Uint8Array};
use serde::{Deserialize, Serialize};
use serde_wasm_bindgen::Serializer;
use wasm_bindgen::prelude::*;

use crate::config::{self, Configured};
use crate::constraint::{self, Constraint};
use crate::diagnostic::{Code, Diagnostic};
use crate::session::{self, Ending, Step, StepMessage};
use crate::version::Version;

/// Runs once per instance: a panic is logged to the console and thrown as an `Error` named `Panic`.
#[wasm_bindgen(start)]
pub fn start() {
    std::panic::set_hook(Box::new(|panic| {
        console_error_panic_hook::hook(panic);
        let error = Error::new(&panic.to_string());
        error.set_name("Panic");
        wasm_bindgen::throw_val(error.into());
    }));
}

/// The version of this crate.
#[wasm_bindgen]
pub fn version() -> String {
    env!("CARGO_PKG_VERSION").to_owned()
}

/// One command on its way from input to outcome.
#[wasm_bindgen]
pub struct Session {
    session: session::Session,
    contents: Vec<u8>,
}

#[wasm_bindgen]
impl Session {
    /// Starts a command from a `SessionInput`. Throws if it is none.
    #[wasm_bindgen(constructor)]
    pub fn new(input: JsValue) -> Result<Session, JsError> {
        let input = read(input)?;
        Ok(Session { session: session::Session::new(input), contents: Vec::new() })
    }

    /// Goes on and gives a `Step`.
    pub fn poll(&mut self) -> Result<JsValue, JsError> {
        let step = match self.session.poll() {
            Step::Need(requests) => StepMessage::Need { requests },
            Step::Waiting => StepMessage::Waiting,
            Step::Done(result) => {
                let ending = result.map_or_else(Ending::Errors, |outcome| {
                    self.contents = outcome.contents().to_vec();
                    Ending::Ok(outcome)
                });
                StepMessage::Done { outcome: serde_json::to_string(&ending)? }
            }
        };
        write(&step)
    }

    /// Takes in a `Reply`. Throws if it is none, or no such request is open; the request stays as
    /// it was.
    pub fn answer(&mut self, id: u32, reply: JsValue) -> Result<(), JsError> {
        let reply = read(reply)?;
        Ok(self.session.answer(id, reply)?)
    }

    /// Ends the session cleanly; poll on until it is done.
    pub fn cancel(&mut self) {
        self.session.cancel();
    }

    /// The content of the files that the outcome lists, in one block.
    pub fn contents(&self) -> Uint8Array {
        Uint8Array::from(self.contents.as_slice())
    }
}

/// Which of some versions satisfy which of some constraints: for each pair of places in the lists a
/// byte, 1 or 0.
///
/// # Errors
///
/// A text that is no version or no constraint; a place that is in neither list.
#[wasm_bindgen]
pub fn satisfies(
    versions: &str,
    constraints: &str,
    version_places: &[u32],
    constraint_places: &[u32],
    prerelease: bool,
) -> Result<Vec<u8>, JsValue> {
    let versions = read_versions(versions)?;
    let constraints = constraints
        .split_terminator(END)
        .map(|text| read_constraint(text, prerelease))
        .collect::<Result<Vec<Constraint>, JsValue>>()?;
    let places = version_places.iter().zip(constraint_places);
    let fits = |(&version, &constraint): (&u32, &u32)| {
        let version = versions.get(version as usize)?;
        Some(constraints.get(constraint as usize)?.matches(version).into())
    };
    let fitting: Option<Vec<u8>> = places.map(fits).collect();
    fitting.ok_or_else(|| JsError::new("a place is outside the lists").into())
}

/// The highest of some versions that satisfies a constraint.
///
/// # Errors
///
/// A text that is no version or no constraint.
#[wasm_bindgen(js_name = maxSatisfying)]
pub fn max_satisfying(versions: &str, constraint: &str, prerelease: bool) -> Result<Option<String>, JsValue> {
    let versions = read_versions(versions)?;
    let constraint = read_constraint(constraint, prerelease)?;
    Ok(constraint::max_satisfying(&versions, &constraint).map(Version::to_string))
}

/// The lowest of some versions that satisfies a constraint.
///
/// # Errors
///
/// A text that is no version or no constraint.
#[wasm_bindgen(js_name = minSatisfying)]
pub fn min_satisfying(versions: &str, constraint: &str, prerelease: bool) -> Result<Option<String>, JsValue> {
    let versions = read_versions(versions)?;
    let constraint = read_constraint(constraint, prerelease)?;
    Ok(constraint::min_satisfying(&versions, &constraint).map(Version::to_string))
}

/// Whether some version satisfies both of two constraints.
///
/// # Errors
///
/// A text that is no constraint.
#[wasm_bindgen]
pub fn intersects(one: &str, other: &str, prerelease: bool) -> Result<bool, JsValue> {
    let (one, other) = (read_constraint(one, prerelease)?, read_constraint(other, prerelease)?);
    Ok(!one.set().is_disjoint(other.set()))
}

/// Whether every version that satisfies the first constraint satisfies the second.
///
/// # Errors
///
/// A text that is no constraint.
#[wasm_bindgen(js_name = isSubset)]
pub fn is_subset(one: &str, other: &str) -> Result<bool, JsValue> {
    let (one, other) = (read_constraint(one, false)?, read_constraint(other, false)?);
    Ok(one.set().is_subset_of(other.set()))
}

/// The normal form of a constraint.
///
/// # Errors
///
/// A text that is no constraint.
#[wasm_bindgen]
pub fn normalize(constraint: &str) -> Result<String, JsValue> {
    Ok(read_constraint(constraint, false)?.set().to_string())
}

/// Makes one configuration of a `ConfigureInput`: gives a `Configured` as JSON text.
///
/// # Errors
///
/// Something else than a `ConfigureInput`.
#[wasm_bindgen]
pub fn configure(input: JsValue) -> Result<String, JsError> {
    let configured = config::configure(read(input)?).map_or_else(Configured::Errors, Configured::Ok);
    Ok(serde_json::to_string(&configured)?)
}

/// What stands behind each of many texts. No version and no constraint has it.
const END: char = '\0';

fn read_versions(texts: &str) -> Result<Vec<Version>, JsValue> {
    let read = |text: &str| text.parse().map_err(|error| refusal(Code::InvalidVersion, &error));
    texts.split_terminator(END).map(read).collect()
}

fn read_constraint(text: &str, prerelease: bool) -> Result<Constraint, JsValue> {
    let constraint: Constraint = text.parse().map_err(|error| refusal(Code::InvalidConstraint, &error))?;
    Ok(if prerelease { constraint.with_prereleases() } else { constraint })
}

fn refusal(code: Code, error: &impl Display) -> JsValue {
    write(&Diagnostic::error(code, error.to_string())).unwrap_or_else(JsValue::from)
}

fn read<T: for<'de> Deserialize<'de>>(value: JsValue) -> Result<T, JsError> {
    Ok(serde_wasm_bindgen::from_value(value)?)
}

fn write<T: Serialize>(value: &T) -> Result<JsValue, JsError> {
    let serializer = Serializer::json_compatible().serialize_bytes_as_arrays(false);
    Ok(value.serialize(&serializer)?)
}
