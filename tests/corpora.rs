//! Corpora of other projects, read from `../shared/corpora` where that is present.
#![cfg(not(target_arch = "wasm32"))]

use std::io::Write as _;
use std::path::PathBuf;

use base64::Engine as _;
use packwright::archive;
use packwright::constraint::Constraint;
use packwright::diagnostic::Diagnostic;
use packwright::expression::Engine;
use packwright::manifest::Manifest;
use packwright::name::PackName;
use packwright::path::{PathSet, RelPath};
use packwright::registry;
use packwright::version::{MAX_LENGTH, Version};
use serde_json::Value as Json;

fn corpus(path: &str) -> Option<String> {
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/corpora").join(path);
    match std::fs::read_to_string(&file) {
        Ok(text) => Some(text),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            // Past the harness, which hides what passing tests print.
            let mut terminal = std::io::stderr();
            writeln!(terminal, "skipped: the corpus {path} is not there").unwrap();
            None
        }
        Err(error) => panic!("{path}: {error}"),
    }
}

fn json(text: &str) -> Json {
    serde_json::from_str(text).unwrap()
}

fn rows(corpus: &Json, key: &str) -> Vec<Vec<String>> {
    let rows = corpus[key].as_array().unwrap_or_else(|| panic!("it has {key}"));
    let cells = |row: &Json| match row {
        Json::Array(cells) => cells.iter().map(|cell| cell.as_str().unwrap_or_default().to_owned()).collect(),
        cell => vec![cell.as_str().unwrap_or_default().to_owned()],
    };
    rows.iter().map(cells).collect()
}

#[test]
fn constraints_match_as_cargo_matches() {
    let Some(text) = corpus("cargo-semver/version_req.json") else { return };
    let corpus = json(&text);
    let mut tried = 0;
    for row in rows(&corpus, "req_cases") {
        let [kind, requirement, argument] = &row[..] else { panic!("{row:?}") };
        // Ours prints as it was written; what Cargo normalizes to must be the same set.
        if requirement.trim().is_empty() || kind == "display" && argument.trim().is_empty() {
            continue;
        }
        let constraint: Constraint =
            requirement.parse().unwrap_or_else(|error| panic!("{requirement}: {error}"));
        match kind.as_str() {
            "match" => assert!(constraint.matches(&argument.parse().unwrap()), "{requirement} {argument}"),
            "nomatch" => assert!(!constraint.matches(&argument.parse().unwrap()), "{requirement} {argument}"),
            "display" => {
                assert_eq!(constraint.set(), argument.parse::<Constraint>().unwrap().set(), "{row:?}")
            }
            other => panic!("{other}"),
        }
        tried += 1;
    }
    assert!(tried > 150, "only {tried}");
    for row in rows(&corpus, "req_errors") {
        row[0].parse::<Constraint>().expect_err(&row[0]);
    }
    for row in rows(&corpus, "version_errors") {
        row[0].parse::<Version>().expect_err(&row[0]);
    }
    for row in rows(&corpus, "version_ok") {
        assert_eq!(row[0].parse::<Version>().unwrap().to_string(), row[0]);
    }
}

#[test]
fn every_requirement_and_version_on_crates_io_is_read() {
    let Some(requirements) = corpus("crates-io-corpus/requirements.csv") else { return };
    for line in requirements.lines() {
        let constraint: Constraint = line.parse().unwrap_or_else(|error| panic!("{line}: {error}"));
        let again: Constraint = constraint.to_string().parse().unwrap();
        assert_eq!(again.set(), constraint.set(), "{line}");
    }
    let Some(versions) = corpus("crates-io-corpus/versions.csv") else { return };
    let mut refused = 0;
    for line in versions.lines() {
        match line.parse::<Version>() {
            Ok(version) => assert_eq!(version.to_string(), line),
            Err(error) => {
                let too_large = line.len() > MAX_LENGTH || error.to_string().ends_with("is above 2^53 - 1");
                assert!(too_large, "{line}: {error}");
                refused += 1;
            }
        }
    }
    assert_eq!(refused, 6, "those over the limits");
}

/// What is done with a kind of hostile input: nothing, or words on why not.
fn refusal(kind: &str, id: &str, input: &Json) -> Option<String> {
    let text = || input.as_str().unwrap_or_else(|| panic!("{id} is a text")).to_owned();
    let told = |problems: Vec<Diagnostic>| problems[0].to_string();
    match kind {
        "path" => text().parse::<RelPath>().err().map(|error| error.to_string()),
        "pathset" => {
            let mut set = PathSet::default();
            let engine = Engine::new();
            let both = minijinja::context!(a => "x", b => "x");
            input.as_array().unwrap().iter().find_map(|path| {
                let path = engine.render_inline(path.as_str().unwrap(), &both).unwrap();
                set.insert(&path.parse().unwrap()).err().map(|error| error.to_string())
            })
        }
        "name" => text().parse::<PackName>().err().map(|error| error.to_string()),
        "version" => match input {
            Json::Array(versions) => {
                let line = |version: &Json| {
                    format!(
                        "{{\"v\":1,\"name\":\"a\",\"version\":{version},\"integrity\":\"sha256-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\",\"size\":1}}\n"
                    )
                };
                let index: String = versions.iter().map(line).collect();
                registry::parse_index(&"a".parse().unwrap(), &index).err().map(|error| error.to_string())
            }
            _ => text().parse::<Version>().err().map(|error| error.to_string()),
        },
        "manifest" => Manifest::parse(&text()).err().map(told),
        "range" => text().parse::<Constraint>().err().map(|error| error.to_string()),
        "template" => {
            let name = minijinja::context!(name => "{{ 7*7 }}");
            match Engine::new().render_inline(&text(), &name) {
                Ok(output) if id == "tpl-path-injection" => output
                    .replace("{{ 7*7 }}", "../../x")
                    .parse::<RelPath>()
                    .err()
                    .map(|error| error.to_string()),
                Ok(output) => {
                    assert_eq!(output, "Hello {{ 7*7 }}", "{id}: answers are data");
                    None
                }
                Err(error) => Some(error.to_string()),
            }
        }
        "archive" => {
            let bytes = base64::engine::general_purpose::STANDARD.decode(input["tgz_b64"].as_str().unwrap());
            match archive::unpack(&bytes.unwrap()) {
                Ok(files) if files.is_empty() => Some("the session wants its pack.toml".to_owned()),
                Ok(_) => None,
                Err(error) => Some(error.to_string()),
            }
        }
        other => panic!("no test reads {other}"),
    }
}

/// Inputs that these functions do not see, and what does.
const ELSEWHERE: &[(&str, &str)] = &[
    ("path-lone-surrogate", "a Rust text holds none; tests/wasm.rs hands one in"),
    ("man-name-mismatch", "tests/session/registries.rs: an archive must hold the pack its line names"),
    ("arc-reserved-marker", "no marker of ours is called so; the path type refuses what is our own"),
    ("arc-many-files", "made by a generator of its own; src/archive.rs has the test"),
];

#[test]
fn hostile_inputs_get_the_verdict_they_deserve() {
    let Some(text) = corpus("hostile/hostile.json") else { return };
    let mut tried = 0;
    for case in json(&text)["cases"].as_array().unwrap() {
        let (kind, id) = (case["kind"].as_str().unwrap(), case["id"].as_str().unwrap());
        if !["path", "pathset", "name", "version", "range", "manifest", "template", "archive"].contains(&kind)
            || ELSEWHERE.iter().any(|(other, _)| *other == id)
        {
            continue;
        }
        let input = match &case["input"]["gen"] {
            Json::Null => case["input"].clone(),
            made => {
                let part = |key: &str| made[key].as_str().unwrap();
                let count = made["n"].as_u64().unwrap() as usize;
                Json::from(part("prefix").to_owned() + &part("repeat").repeat(count) + part("suffix"))
            }
        };
        let refused = refusal(kind, id, &input);
        match case["expected"]["verdict"].as_str().unwrap() {
            "accept" => assert_eq!(refused, None, "{id}"),
            "reject" => assert!(refused.is_some(), "{id} is taken"),
            verdict => panic!("{id}: {verdict}"),
        }
        if let Some(told) = refused {
            let hostile = |c: char| c.is_control() && c != '\n' || ('\u{202a}'..='\u{202e}').contains(&c);
            assert!(!told.contains(hostile) && told.len() < 2000, "{id}: what is told is safe: {told:?}");
        }
        tried += 1;
    }
    assert!(tried > 65, "only {tried}");
}
