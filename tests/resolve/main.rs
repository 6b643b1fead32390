//! Tests of the resolver: against a brute-force search, the corpora of others, and large universes.
#![cfg(not(target_arch = "wasm32"))]

mod case;
mod corpora;
mod corpus;
#[path = "../../benches/resolve/data.rs"]
mod data;
mod laws;
mod oracle;
mod random;
mod sizes;
