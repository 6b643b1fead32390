//! Holds the checked-in TypeScript types and JSON Schema to the Rust types.
//!
//! Run the tests with `UPDATE=1` to write the files anew.

use std::any::TypeId;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::path::Path;

use ts_rs::{Config, TS, TypeVisitor};

use crate::compose::FileConflict;
use crate::config::{ConfigureInput, Configured};
use crate::explain::RingEdge;
use crate::manifest::{RawManifest, known_keys};
use crate::resolve::Conflict;

use super::protocol::{Ending, Reply, SessionInput, StepMessage};

/// Declarations of types by name. The derive visits what a type mentions in no certain order.
struct Declarations {
    config: Config,
    seen: HashSet<TypeId>,
    texts: BTreeMap<String, String>,
}

impl TypeVisitor for Declarations {
    fn visit<T: TS + 'static + ?Sized>(&mut self) {
        if !self.seen.insert(TypeId::of::<T>()) {
            return;
        }
        T::visit_generics(self);
        T::visit_dependencies(self);
        if T::output_path().is_some() {
            let text = format!("{}export {}\n", T::docs().unwrap_or_default(), T::decl(&self.config));
            let name = T::ident(&self.config);
            let former = self.texts.insert(name.clone(), one_line_comments(&text));
            assert!(former.is_none(), "two types are called {name}");
        }
    }
}

/// `/** text */` where the comment has one line, and no space at the ends of lines.
fn one_line_comments(text: &str) -> String {
    let mut lines = Vec::new();
    let mut rest = text.lines().map(str::trim_end).peekable();
    while let Some(line) = rest.next() {
        match (line, rest.peek()) {
            ("/**", Some(comment)) => {
                let comment = comment.trim_start_matches(" * ").to_owned();
                rest.next();
                if rest.next_if_eq(&" */").is_some() {
                    lines.push(format!("/** {comment} */"));
                } else {
                    lines.extend(["/**".to_owned(), format!(" * {comment}")]);
                }
            }
            _ => lines.push(line.to_owned()),
        }
    }
    lines.join("\n") + "\n"
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
        texts: BTreeMap::new(),
    };
    declarations.visit::<SessionInput>();
    declarations.visit::<StepMessage>();
    declarations.visit::<Ending>();
    declarations.visit::<Reply>();
    declarations.visit::<ConfigureInput>();
    declarations.visit::<Configured>();
    // Those that only stand in the details of a diagnostic.
    declarations.visit::<Conflict>();
    declarations.visit::<FileConflict>();
    declarations.visit::<RingEdge>();
    let head = "// The types that cross to the core. Generated from src/session/protocol.rs by its tests.\n"
        .to_owned();
    hold("src/protocol.ts", &declarations.texts.into_values().fold(head, |text, next| text + "\n" + &next));
}

#[test]
fn the_schema_is_that_of_the_manifest() {
    let schema = serde_json::to_value(schemars::schema_for!(RawManifest)).unwrap();
    hold("pack.schema.json", &(serde_json::to_string_pretty(&schema).unwrap() + "\n"));
}

/// The keys that "did you mean" knows of are those of the format.
#[test]
fn the_known_keys_are_those_of_the_schema() {
    let schema = serde_json::to_value(schemars::schema_for!(RawManifest)).unwrap();
    for (table, definition) in [
        (vec![], &schema),
        (vec!["pack"], &schema["$defs"]["Pack"]),
        (vec!["dependencies", "x"], &schema["$defs"]["DetailedDependency"]),
        (vec!["packages", "x"], &schema["$defs"]["DetailedPackage"]),
        (vec!["variables", "x"], &schema["$defs"]["Variable"]),
        (vec!["syntax"], &schema["$defs"]["Syntax"]),
        (vec!["composition"], &schema["$defs"]["Composition"]),
        (vec!["composition", "rules", "0"], &schema["$defs"]["Rule"]),
        (vec!["templates", "0"], &schema["$defs"]["Template"]),
        (vec!["hooks"], &schema["$defs"]["Hooks"]),
        (vec!["tests", "0"], &schema["$defs"]["Test"]),
    ] {
        let keys: BTreeSet<&str> =
            definition["properties"].as_object().unwrap().keys().map(String::as_str).collect();
        let known: BTreeSet<&str> = known_keys(&table).unwrap().iter().copied().collect();
        assert_eq!(known, keys, "{table:?}");
    }
}
