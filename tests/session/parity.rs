//! The starter packs give the same bytes whatever the order of answers, and the checked-in
//! fingerprints that the tests in JavaScript engines compare with are fresh.

use std::path::Path;

use packwright::session::{Ending, Outcome};

use crate::host::{Host, command, directory, random};
use crate::starter::{COMMANDS, EXPECTED, FILES, fingerprint};

fn starter_host() -> Host {
    let files = || directory(FILES.iter().copied());
    Host::new([("registry:starter", files()), ("source", files())])
}

fn ended(name: &str, ending: Result<Outcome, Vec<packwright::diagnostic::Diagnostic>>) -> String {
    let contents = ending.as_ref().map_or(Vec::new(), |outcome| outcome.contents().to_vec());
    let ending = ending.map_or_else(Ending::Errors, Ending::Ok);
    fingerprint(name, &serde_json::to_string(&ending).unwrap(), &contents)
}

/// Run with `UPDATE=1` to write the fingerprints anew.
#[test]
fn the_fingerprints_are_fresh() {
    let found: String =
        COMMANDS.iter().map(|(name, json)| ended(name, starter_host().run(command(json)))).collect();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/parity/starter.txt");
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, &found).unwrap();
        return;
    }
    assert_eq!(found, EXPECTED, "run `UPDATE=1 cargo test` and commit it");
}

#[test]
fn the_order_of_answers_changes_nothing() {
    for (name, json) in COMMANDS {
        let expected = starter_host().run(command(json));
        for seed in 0..12 {
            let found = starter_host().run_shuffled(command(json), random(seed));
            assert_eq!(ended(name, found), ended(name, expected.clone()), "{name}, seed {seed}");
        }
    }
}

#[test]
fn every_file_of_the_starter_packs_is_embedded() {
    fn walk(directory: &Path, base: &Path, found: &mut Vec<String>) {
        for entry in std::fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, base, found);
            } else {
                found.push(path.strip_prefix(base).unwrap().to_str().unwrap().replace('\\', "/"));
            }
        }
    }
    let base = Path::new(env!("CARGO_MANIFEST_DIR")).join("www/registry");
    let mut found = Vec::new();
    walk(&base, &base, &mut found);
    found.sort();
    let embedded: Vec<&str> = FILES.iter().map(|(path, _)| *path).collect();
    assert_eq!(embedded, found);
}
