//! Joining two texts of one path: cases as files, laws on random texts, real files.
#![cfg(not(target_arch = "wasm32"))]

mod cases;
mod laws;
mod limits;
mod random;
