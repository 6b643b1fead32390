//! Holds the checked-in TypeScript types and JSON Schema to the Rust types.
//!
//! Run the tests with `UPDATE=1` to write the files anew.

use std::any::TypeId;
use std::collections::HashSet;
use std::path::Path;

use ts_rs::{Config, TS, TypeVisitor};

use super::protocol::{Ending, Reply, SessionInput, StepMessage};

/// Declarations of types, each after those it mentions.
struct Declarations {
    config: Config,
    seen: HashSet<TypeId>,
    text: String,
}

impl TypeVisitor for Declarations {
    fn visit<T: TS + 'static + ?Sized>(&mut self) {
        if !self.seen.insert(TypeId::of::<T>()) {
            return;
        }
        T::visit_generics(self);
        T::visit_dependencies(self);
        if T::output_path().is_some() {
            self.text.push_str(&T::docs().unwrap_or_default());
            self.text.push_str(&format!("export {}\n\n", T::decl(&self.config)));
        }
    }
}

fn hold(file: &str, expected: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("pkg-templates/npm").join(file);
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, expected).unwrap();
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(found == expected, "{file} is stale: run `UPDATE=1 cargo test` and commit it");
}

#[test]
fn the_typescript_types_are_those_of_the_protocol() {
    let mut declarations = Declarations {
        config: Config::new().with_large_int("number"),
        seen: HashSet::new(),
        text: "// The types that cross to the core. Generated from src/session/protocol.rs by its tests.\n\n"
            .to_owned(),
    };
    declarations.visit::<SessionInput>();
    declarations.visit::<StepMessage>();
    declarations.visit::<Ending>();
    declarations.visit::<Reply>();
    hold("src/protocol.ts", &(declarations.text.trim_end().to_owned() + "\n"));
}

#[test]
fn the_schema_is_that_of_the_manifest() {
    let schema = schemars::schema_for!(crate::manifest::RawManifest);
    hold("pack.schema.json", &(serde_json::to_string_pretty(&schema).unwrap() + "\n"));
}
