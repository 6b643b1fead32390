//! What a stranger is told when versions do not go together: `tests/cases/conflict/*.txt`.
//!
//! A case is words on what it shows, then `-- registry --` with a release a line, then
//! `-- ask --` with what is asked for, as the fields of the command. A release is
//! `NAME VERSION: REQUIREMENT, …`, with `(yanked)` behind its version; a requirement is
//! `NAME CONSTRAINT`, with `?` before it if it is optional and `REGISTRY:` before the name of a
//! package. `NAME 1..5: …` stands for five releases; `{n}` is then the number of each.

use std::collections::BTreeMap;

use packwright::diagnostic::Diagnostic;
use packwright::registry::Digest;
use packwright::registry::index::{CATALOG, CONFIG, Config};
use packwright::session::Outcome;
use serde_json::{Value as Json, json};

use crate::host::{Ending, Host, command, directory, shown};

/// A static index of the releases in a text.
pub fn index(text: &str) -> Vec<(String, String)> {
    let mut files: BTreeMap<String, String> = BTreeMap::new();
    let mut catalog: BTreeMap<String, Json> = BTreeMap::new();
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        let (release, requirements) =
            line.split_once(':').map_or((line, ""), |(release, rest)| (release, rest));
        let (name, version) = release.split_once(' ').unwrap_or_else(|| panic!("{line}"));
        let (version, yanked) = match version.split_once(" (yanked)") {
            Some((version, _)) => (version, true),
            None => (version.trim(), false),
        };
        let versions: Vec<(String, String)> = match version.split_once("..") {
            Some((first, last)) => (first.parse().unwrap()..=last.parse::<u32>().unwrap())
                .map(|n| (format!("{n}.0.0"), n.to_string()))
                .collect(),
            None => vec![(version.to_owned(), String::new())],
        };
        for (version, n) in versions {
            let requirements = requirements.replace("{n}", &n);
            let line = line_of(name, &version, &requirements, yanked);
            *files.entry(format!("index/{name}.jsonl")).or_default() += &format!("{line}\n");
            catalog.insert(
                name.to_owned(),
                json!({"name": name, "version": version, "description": "", "category": "other", "tags": []}),
            );
        }
    }
    let catalog: Vec<Json> = catalog.into_values().collect();
    files.insert(CATALOG.to_owned(), json!({"v": 1, "packs": catalog}).to_string());
    files.insert(CONFIG.to_owned(), Config::default().to_text());
    files.into_iter().collect()
}

fn line_of(name: &str, version: &str, requirements: &str, yanked: bool) -> Json {
    let (mut dependencies, mut packages) = (Vec::new(), Vec::new());
    for requirement in requirements.split(',').map(str::trim).filter(|text| !text.is_empty()) {
        let (optional, requirement) = match requirement.strip_prefix('?') {
            Some(rest) => (true, rest),
            None => (false, requirement),
        };
        let (target, constraint) = requirement.split_once(' ').unwrap_or((requirement, "*"));
        match target.split_once(':') {
            Some((registry, name)) => packages.push(
                json!({"name": name, "constraint": constraint, "registry": registry, "optional": optional}),
            ),
            None => {
                dependencies.push(json!({"name": target, "constraint": constraint, "optional": optional}));
            }
        }
    }
    json!({
        "v": 1, "name": name, "version": version, "dependencies": dependencies, "packages": packages,
        "integrity": Digest::of(version.as_bytes()).to_string(), "size": 1, "yanked": yanked,
    })
}

/// The registry of a case, and what it asks for.
fn parts(case: &str) -> (Vec<(String, String)>, Json) {
    let section = |name: &str| {
        let (_, rest) = case.split_once(&format!("-- {name} --\n")).unwrap_or_else(|| panic!("{name}"));
        rest.split("\n-- ").next().unwrap_or(rest)
    };
    let mut ask: Json = serde_json::from_str(section("ask")).unwrap();
    ask["type"] = "dependencies".into();
    (index(section("registry")), ask)
}

fn run((registry, ask): &(Vec<(String, String)>, Json)) -> Ending {
    Host::new([("registry:starter", directory(registry.clone()))]).run(command(&ask.to_string()))
}

/// What is asked for with a fix taken.
fn fixed(ask: &Json, fix: &Json) -> Json {
    let mut ask = ask.clone();
    let text = |key: &str| fix[key].as_str().unwrap_or_default().to_owned();
    if fix["type"] == "override" {
        let overridden = format!("{}@{}", text("identity"), text("constraint"));
        ask["overrides"] = json!([overridden]);
        return ask;
    }
    let packs = ask["packs"].as_array_mut().unwrap();
    packs.retain(|pack| pack.as_str().unwrap().split('@').next() != fix["name"].as_str());
    if fix["type"] == "ask" {
        packs.push(format!("{}@{}", text("name"), text("constraint")).into());
    }
    ask
}

fn told(ending: &Ending) -> String {
    match ending {
        Ok(Outcome::Dependencies { dependencies }) => {
            let warnings = dependencies.warnings.iter().map(|warning| format!("{warning}\n"));
            warnings.chain([dependencies.text.clone()]).collect()
        }
        Ok(other) => panic!("{other:?}"),
        Err(errors) => shown(errors) + "\n",
    }
}

#[test]
fn every_conflict_is_explained_as_its_snapshot_says() {
    let base = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    insta::glob!(&base, "{conflict,dependencies}/*.txt", |path| {
        let name = path.file_stem().unwrap().to_str().unwrap();
        let (registry, ask) = parts(&std::fs::read_to_string(path).unwrap());
        let ending = run(&(registry.clone(), ask.clone()));
        let text = told(&ending);
        if let Err(errors) = &ending {
            assert!(text.lines().count() <= 10, "{name} is too long:\n{text}");
            assert!(text.lines().all(|line| line.chars().count() < 200), "{name} has a long line:\n{text}");
            assert!(errors.iter().all(|error: &Diagnostic| error.suggestion.is_some()), "{name} has no help");
        }
        // Whatever is proposed works.
        let details = ending.as_ref().err().and_then(|errors| errors[0].details.as_ref());
        for fix in details.and_then(|details| details["fixes"].as_array()).into_iter().flatten() {
            let taken = fixed(&ask, fix);
            let ending = run(&(registry.clone(), taken.clone()));
            assert!(ending.is_ok(), "{name}: {fix} leads to {}", told(&ending));
        }
        insta::with_settings!({
            snapshot_path => path.parent().unwrap(), snapshot_suffix => "",
            prepend_module_to_snapshot => false, omit_expression => true,
        }, { insta::assert_snapshot!(name, text) });
    });
}
