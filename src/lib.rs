//! Packwright makes projects from **packs**: versioned bundles of templates, package references and
//! dependencies on other packs.
//!
//! This crate does the thinking and no IO at all: it matches constraints, solves versions, orders
//! packs, asks questions, renders templates and plans what to write. A host, in Rust or JavaScript,
//! fetches and writes for it. The same input gives the same bytes on every host.
//!
//! Start with [`session`]: it is the boundary, and everything else can be reached from it. The pure
//! parts can be used alone.
//!
//! Data flows one way, and a module knows only those above it:
//!
//! | modules | what they are for |
//! | --- | --- |
//! | [`diagnostic`] | problems as data: codes, causes, suggestions, exit codes |
//! | [`graph`] | cycles, order and levels over plain ids |
//! | [`name`] [`version`] [`constraint`] [`path`] [`address`] | checked values; nothing later checks them again |
//! | [`expression`] [`variable`] | the template language; questions and typed answers |
//! | [`composition`] [`manifest`] [`registry`] [`archive`] [`lockfile`] [`config`] | the formats |
//! | [`resolve`] [`explain`] | one version of every pack; words for why there is none |
//! | [`render`] [`merge`] [`compose`] [`plan`] | from answers to file operations as data |
//! | [`session`] | the boundary: a sans-IO machine |
//! | `wasm` | the boundary in JavaScript's terms, with the feature `wasm` |
//!
//! ```
//! use packwright::constraint::Requirement;
//!
//! let wanted: Requirement = "rust-cli@^1.2".parse()?;
//! assert!(wanted.constraint.matches(&"1.4.0".parse()?));
//! assert!(!wanted.constraint.matches(&"2.0.0".parse()?));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![deny(missing_docs)]

pub mod diagnostic;
pub mod graph;
pub mod name;
pub mod version;
pub mod constraint;
pub mod path;
pub mod address;
pub mod expression;
pub mod variable;
pub mod composition;
pub mod manifest;
pub mod registry;
pub mod archive;
pub mod lockfile;
pub mod config;
pub mod resolve;
pub mod explain;
pub mod render;
pub mod merge;
pub mod compose;
pub mod plan;
pub mod session;
#[cfg(feature = "wasm")]
pub mod wasm;
