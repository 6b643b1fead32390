//! Our side of the measurements as wasm, for `benches/resolve.mjs`: feed it the corpus byte by byte,
//! prepare a problem, run it.

use std::cell::RefCell;

use crate::problem::{Ours, Problem};

mod data;
mod problem;

#[derive(Default)]
struct State {
    corpus: Vec<u8>,
    ours: Option<Ours>,
}

thread_local! {
    static STATE: RefCell<State> = RefCell::default();
}

/// Takes in the next byte of the corpus.
#[unsafe(no_mangle)]
pub extern "C" fn feed(byte: u8) {
    STATE.with_borrow_mut(|state| state.corpus.push(byte));
}

/// Makes a problem ready, by its place; whether there is one.
#[unsafe(no_mangle)]
pub extern "C" fn prepare(place: usize) -> bool {
    STATE.with_borrow_mut(|State { corpus, ours }| {
        let corpus = (!corpus.is_empty()).then(|| std::str::from_utf8(corpus).expect("JSON is UTF-8"));
        *ours = Problem::new(place, corpus).map(|problem| Ours::new(&problem));
        ours.is_some()
    })
}

/// Resolves everything; how many packs that were in all.
#[unsafe(no_mangle)]
pub extern "C" fn run() -> usize {
    STATE.with_borrow(|state| state.ours.as_ref().map_or(0, Ours::run))
}
