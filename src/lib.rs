//! Make projects from versioned packs.
#![deny(missing_docs)]

pub mod diagnostic;
pub mod graph;
pub mod name;
pub mod version;
pub mod constraint;
pub mod expression;
pub mod path;
pub mod variable;
pub mod manifest;
pub mod registry;
pub mod archive;
pub mod lockfile;
pub mod resolve;
pub mod explain;
pub mod render;
pub mod compose;
pub mod plan;
pub mod session;
#[cfg(feature = "wasm")]
mod wasm;
