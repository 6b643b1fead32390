//! Tests of the session against a host in memory.
#![cfg(not(target_arch = "wasm32"))]

mod cases;
mod codes;
mod composed;
mod conflicts;
mod host;
mod install;
mod locked;
mod packages;
mod parity;
mod protocol;
mod publish;
mod registries;
mod resolved;
mod simulation;
mod starter;
mod transport;
mod undo;
mod validate;
mod writing;
