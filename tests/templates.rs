//! Two real templates of cookiecutter, turned into packs, give byte for byte what cookiecutter
//! wrote. They are read from `../shared/corpora` where that is present.
//!
//! The pack is made here, from `cookiecutter.json` and the tree as it stands: `cookiecutter.x` becomes
//! `x`, private variables lose their `__`, and the tag that asks for the year becomes the timestamp.
#![cfg(not(target_arch = "wasm32"))]

use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use minijinja::Value;
use packwright::archive::{Files, PackFile};
use packwright::expression::Engine;
use packwright::manifest::{Manifest, Mode};
use packwright::render::{Context, Rendered, library, render};
use packwright::variable::{Answer, Answers, declare, interview};
use serde_json::Value as Json;

#[path = "resolve/corpus.rs"]
mod corpus;

use corpus::corpus;

/// Files that are not as cookiecutter wrote them: case, path, and why.
const DIFFERENCES: &[(&str, &str, &str)] = &[];

fn root(template: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpora/templates").join(template)
}

/// The files below a directory, by their paths.
fn files_below(directory: &Path) -> BTreeMap<String, (Vec<u8>, Mode)> {
    let mut files = BTreeMap::new();
    let mut open = vec![directory.to_owned()];
    while let Some(next) = open.pop() {
        for entry in std::fs::read_dir(&next).unwrap() {
            let entry = entry.unwrap();
            if entry.file_type().unwrap().is_dir() {
                open.push(entry.path());
                continue;
            }
            let executable = entry.metadata().unwrap().permissions().mode() & 0o100 != 0;
            let mode = if executable { Mode::Executable } else { Mode::Regular };
            let path = entry.path().strip_prefix(directory).unwrap().to_str().unwrap().to_owned();
            files.insert(path, (std::fs::read(entry.path()).unwrap(), mode));
        }
    }
    files
}

/// A text of the template in the words of a pack.
fn converted(text: &str) -> String {
    text.replace("cookiecutter.__", "")
        .replace("cookiecutter.", "")
        .replace("{% now 'local', '%Y' %}", "{{ timestamp[:4] }}")
        .replace("{% now 'utc', '%Y' %}", "{{ timestamp[:4] }}")
}

fn variable(name: &str, value: &Json) -> String {
    let name = name.trim_start_matches("__");
    let default = match value {
        Json::Array(choices) => format!("choices = {value}\ndefault = {}", choices[0]),
        Json::Bool(_) => format!("type = \"boolean\"\ndefault = {value}"),
        Json::String(text) => format!("default = {}", Json::from(converted(text))),
        other => panic!("{name}: {other}"),
    };
    format!("[variables.{name}]\n{default}\n")
}

fn pack(template: &str, settings: &Json) -> (Manifest, Files) {
    let settings = settings.as_object().unwrap();
    let variables: String = settings
        .iter()
        // Every project has a name, and prompts are no variables.
        .filter(|(name, _)| !["project_name", "__prompts__"].contains(&name.as_str()))
        .map(|(name, value)| variable(name, value))
        .collect();
    let manifest = format!(
        "[pack]\nname = \"converted\"\nversion = \"1.0.0\"\n\
         [syntax]\ntrim-blocks = false\nlstrip-blocks = false\n\
         [[templates]]\nname = \"all\"\nsource = \"files/\"\n{variables}"
    );
    let own = ["README.md", "LICENSE", "cookiecutter.json", "copier.yml"];
    let files = files_below(&root(template))
        .into_iter()
        .filter(|(path, _)| !own.contains(&path.as_str()) && !path.starts_with("golden/"))
        .map(|(path, (content, mode))| {
            let path = format!("files/{}", converted(&path)).parse().unwrap();
            let content = match String::from_utf8(content) {
                Ok(text) => converted(&text).into_bytes(),
                Err(bytes) => bytes.into_bytes(),
            };
            (path, PackFile { content, mode })
        });
    (Manifest::parse(&manifest).unwrap_or_else(|errors| panic!("{manifest}\n{errors:?}")), files.collect())
}

fn generated(manifest: &Manifest, files: &Files, context: &Json) -> Vec<Rendered> {
    let given = context["extra_context"].as_object().unwrap().clone();
    let mut arguments: BTreeMap<String, Json> = given.into_iter().collect();
    arguments.insert("project_name".into(), context["resolved"]["project_name"].clone());
    let answers = Answers { arguments, ..Answers::default() };
    let declarations = declare([(&manifest.name, manifest.variables.as_slice())]).unwrap();
    let facts = BTreeMap::from([("timestamp".to_owned(), Value::from("2026-11-22T00:00:00Z"))]);
    let questions = interview(&Engine::new(), &declarations, &answers, &facts);
    let values = questions.iter().map(|question| {
        assert_eq!(question.problem, None, "{}", question.variable.name);
        let name = question.variable.name.as_str();
        let resolved = [name.to_owned(), format!("__{name}")];
        let resolved = resolved.iter().find_map(|name| context["resolved"].get(name)).unwrap();
        let answer = question.answer.as_ref().unwrap();
        assert_eq!(serde_json::to_value(answer).unwrap(), *resolved, "{name}");
        (name.to_owned(), question.answer.as_ref().map_or(Value::from(()), Answer::to_value))
    });
    let values = Value::from_pairs(values.chain(facts.clone()));
    let context = Context { files: values.clone(), paths: values };
    let outcome = render(manifest, files, &library([(manifest, files)]), &context, None);
    let problems: Vec<String> = outcome.problems.iter().map(ToString::to_string).collect();
    assert!(problems.is_empty(), "{}", problems.join("\n"));
    outcome.files
}

/// Where two texts part, with a little of both.
fn parting(ours: &[u8], theirs: &[u8]) -> String {
    let at = ours.iter().zip(theirs).take_while(|(a, b)| a == b).count();
    let around = |bytes: &[u8]| {
        let (start, end) = (at.saturating_sub(40).min(bytes.len()), (at + 40).min(bytes.len()));
        String::from_utf8_lossy(&bytes[start..end]).into_owned()
    };
    format!("at byte {at} ours has {:?}, theirs {:?}", around(ours), around(theirs))
}

fn hold(template: &str) {
    let Some(settings) = corpus(&format!("templates/{template}/cookiecutter.json")) else { return };
    let (manifest, files) = pack(template, &serde_json::from_str(&settings).unwrap());
    let mut found = Vec::new();
    let mut needed = BTreeSet::new();
    let mut cases = 0;
    for case in std::fs::read_dir(root(template).join("golden")).unwrap() {
        let case = case.unwrap().path();
        let name = format!("{template}/{}", case.file_name().unwrap().to_str().unwrap());
        let context = std::fs::read_to_string(case.join("context.json")).unwrap();
        let ours: BTreeMap<String, Rendered> =
            generated(&manifest, &files, &serde_json::from_str(&context).unwrap())
                .into_iter()
                .map(|file| (file.path.to_string(), file))
                .collect();
        let theirs = files_below(&case.join("out"));
        let paths: BTreeSet<&String> = ours.keys().chain(theirs.keys()).collect();
        for path in paths {
            let difference = match (ours.get(path), theirs.get(path)) {
                (Some(ours), Some((content, mode))) => {
                    if ours.content != *content {
                        Some(parting(&ours.content, content))
                    } else if ours.mode != *mode {
                        Some(format!("its mode is {:?}, theirs {mode:?}", ours.mode))
                    } else {
                        None
                    }
                }
                (Some(_), None) => Some("only ours".to_owned()),
                _ => Some("only theirs".to_owned()),
            };
            let Some(difference) = difference else { continue };
            match DIFFERENCES.iter().find(|(case, listed, _)| *case == name && listed == path) {
                Some(listed) => drop(needed.insert(listed)),
                None => found.push(format!("{name}: {path}: {difference}")),
            }
        }
        assert!(theirs.len() > 20, "only {} files", theirs.len());
        cases += 1;
    }
    assert!(cases > 0, "{template} has no cases");
    let of_this = DIFFERENCES.iter().filter(|(case, ..)| case.starts_with(template));
    for (case, path, reason) in of_this.filter(|listed| !needed.contains(listed)) {
        found.push(format!("{case}: {path}: no difference any more: {reason}"));
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn cookiecutter_pypackage_is_as_cookiecutter_writes_it() {
    hold("cookiecutter-pypackage");
}

#[test]
fn scientific_python_cookie_is_as_cookiecutter_writes_it() {
    hold("scientific-python-cookie");
}
