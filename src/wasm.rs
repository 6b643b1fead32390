//! The JavaScript side of the session: converts, decides nothing.
//!
//! Requests and replies cross as values, with bytes as `Uint8Array`. An outcome crosses as JSON
//! text, the content of its files as one block of bytes.

use js_sys::{Error, Uint8Array};
use serde::{Deserialize, Serialize};
use serde_wasm_bindgen::Serializer;
use wasm_bindgen::prelude::*;

use crate::session::{self, Ending, Step, StepMessage};

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

fn read<T: for<'de> Deserialize<'de>>(value: JsValue) -> Result<T, JsError> {
    Ok(serde_wasm_bindgen::from_value(value)?)
}

fn write<T: Serialize>(value: &T) -> Result<JsValue, JsError> {
    let serializer = Serializer::json_compatible().serialize_bytes_as_arrays(false);
    Ok(value.serialize(&serializer)?)
}
