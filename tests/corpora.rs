//! Corpora of other projects, read from `../shared/corpora` where that is present.
#![cfg(not(target_arch = "wasm32"))]

use std::collections::BTreeSet;

use base64::Engine as _;
use minijinja::Value;
use packwright::address::Address;
use packwright::archive::{self, Files, PackFile};
use packwright::compose::compose;
use packwright::composition::Composition;
use packwright::constraint::{Constraint, max_satisfying, min_satisfying};
use packwright::diagnostic::Diagnostic;
use packwright::expression::Engine;
use packwright::manifest::{Manifest, Mode};
use packwright::name::PackName;
use packwright::path::RelPath;
use packwright::registry;
use packwright::registry::npm::Form;
use packwright::render::{Context, Outcome, library, render};
use packwright::version::{MAX_LENGTH, Version};
use serde_json::Value as Json;

#[path = "resolve/corpus.rs"]
mod corpus;

use corpus::corpus;

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

/// Cases of a corpus that have another answer here, by the reason why.
type Differences = &'static [(&'static str, &'static [&'static str])];

/// Fails for every case that is not answered alike without being listed, and for every case that
/// is listed in vain.
fn hold_against(differences: Differences, cases: &[(String, bool)]) {
    let mut found = Vec::new();
    for (case, agrees) in cases {
        let reason = differences.iter().find(|(_, listed)| listed.contains(&case.as_str()));
        match (reason, agrees) {
            (None, true) | (Some(_), false) => {}
            (None, false) => found.push(format!("{case}: another answer")),
            (Some((reason, _)), true) => found.push(format!("{case}: no difference any more: {reason}")),
        }
    }
    for listed in differences.iter().flat_map(|(_, listed)| *listed) {
        if !cases.iter().any(|(case, _)| case == listed) {
            found.push(format!("{listed}: no such case"));
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

const CARGO_REFUSES: Differences = &[
    ("a space is a separator here", &["> 0.0.9 <= 2.5.3"]),
    ("npm's hyphen ranges are read here", &["1.2.3 - 2.3.4"]),
    ("npm's alternatives are read here", &["=1.2.3 || =2.3.4", "1.1 || =1.2.3", "6.* || 8.* || >= 10.*"]),
    (
        "a wildcard may stand beside other comparators here",
        &["*, 0.20.0-any", "0.20.0-any, *", "0.20.0-any, *, 1.0"],
    ),
    (
        "what counts here is how long the text is",
        &[
            ">1, >2, >3, >4, >5, >6, >7, >8, >9, >10, >11, >12, >13, >14, >15, >16, >17, >18, >19, >20, >21, >22, >23, >24, >25, >26, >27, >28, >29, >30, >31, >32, >33",
        ],
    ),
];

#[test]
fn constraints_match_as_cargo_matches() {
    let Some(text) = corpus("cargo-semver/version_req.json") else { return };
    let corpus = json(&text);
    let constraint =
        |text: &str| text.parse::<Constraint>().unwrap_or_else(|error| panic!("{text}: {error}"));
    let read = rows(&corpus, "req_cases").into_iter().map(|row| {
        let [kind, requirement, argument] = &row[..] else { panic!("{row:?}") };
        let ours = constraint(requirement);
        let matches = || ours.matches(&argument.parse().unwrap());
        let agrees = match kind.as_str() {
            "match" => matches(),
            "nomatch" => !matches(),
            // Ours prints as it was written; what Cargo normalizes to must be the same set.
            "display" => ours.set() == constraint(argument).set(),
            other => panic!("{other}"),
        };
        (row.join(" | "), agrees)
    });
    let read: Vec<_> = read.collect();
    assert!(read.len() > 190, "only {}", read.len());
    hold_against(&[], &read);
    let refused: Vec<_> = rows(&corpus, "req_errors")
        .into_iter()
        .map(|row| (row[0].clone(), row[0].parse::<Constraint>().is_err()))
        .collect();
    hold_against(CARGO_REFUSES, &refused);
    for row in rows(&corpus, "version_errors") {
        row[0].parse::<Version>().expect_err(&row[0]);
    }
    for row in rows(&corpus, "version_ok") {
        assert_eq!(row[0].parse::<Version>().unwrap().to_string(), row[0]);
    }
}

/// npm's bare version is exact: what it reads is written with `=` here.
fn from_npm(range: &str) -> String {
    let branch = |text: &str| {
        if text.contains(" - ") {
            return text.to_owned();
        }
        let mut behind_operator = false;
        let words = text.split_whitespace().map(|word| {
            let bare = word.starts_with(|c: char| c.is_ascii_digit()) && !behind_operator;
            behind_operator = word.ends_with(['<', '>', '=', '^', '~']);
            if bare { format!("={word}") } else { word.to_owned() }
        });
        words.collect::<Vec<_>>().join(" ")
    };
    range.split("||").map(branch).collect::<Vec<_>>().join("||")
}

fn npm_constraint(range: &Json, options: &Json) -> Option<Constraint> {
    let constraint: Constraint = from_npm(range.as_str().unwrap()).parse().ok()?;
    Some(if options["includePrerelease"] == true { constraint.with_prereleases() } else { constraint })
}

fn version(text: &Json) -> Option<Version> {
    text.as_str().unwrap().parse().ok()
}

/// Whether what npm says of a case holds here.
fn agrees(file: &str, case: &Json) -> Option<bool> {
    let options = case.as_array().unwrap().last().unwrap();
    let constraint = |place: usize| npm_constraint(&case[place], options);
    let versions = |place: usize| -> Option<Vec<Version>> {
        case[place].as_array().unwrap().iter().map(version).collect()
    };
    Some(match file {
        "range-include" => constraint(0)?.matches(&version(&case[1])?),
        "range-exclude" => {
            let constraint = constraint(0)?;
            !version(&case[1]).is_some_and(|version| constraint.matches(&version))
        }
        "range-parse" if case[1].is_null() => constraint(0).is_none(),
        "range-parse" => constraint(0)?.set() == constraint(1)?.set(),
        "subset" => case[2] == constraint(0)?.set().is_subset_of(constraint(1)?.set()),
        "max-satisfying" => max_satisfying(&versions(0)?, &constraint(1)?) == version(&case[2]).as_ref(),
        "min-satisfying" => min_satisfying(&versions(0)?, &constraint(1)?) == version(&case[2]).as_ref(),
        "comparisons" => version(&case[0])? > version(&case[1])?,
        "equality" => version(&case[0])? == version(&case[1])?,
        "invalid-versions" => version(&case[0]).is_none(),
        "valid-versions" => {
            let joined = |place: usize, mark: &str| {
                let identifiers = case[place].as_array().unwrap().iter();
                let texts =
                    identifiers.map(|part| part.as_str().map_or_else(|| part.to_string(), str::to_owned));
                let joined = texts.collect::<Vec<_>>().join(".");
                if joined.is_empty() { joined } else { format!("{mark}{joined}") }
            };
            let numbers = format!("{}.{}.{}", case[1], case[2], case[3]);
            version(&case[0])?.to_string() == numbers + &joined(4, "-") + &joined(5, "+")
        }
        other => panic!("{other}"),
    })
}

/// A case in one line: its cells, and whether npm was asked to include pre-releases.
fn named(file: &str, case: &Json) -> String {
    let [cells @ .., options] = case.as_array().unwrap().as_slice() else { panic!("{case}") };
    let cells = cells.iter().map(|cell| cell.as_str().map_or_else(|| cell.to_string(), str::to_owned));
    let mut name = format!("{file}: {}", cells.collect::<Vec<_>>().join(" | "));
    // Some are long for the sake of it.
    if let Some((end, _)) = name.char_indices().nth(80) {
        name.replace_range(end.., "…");
    }
    if options["includePrerelease"] == true { name + " | with pre-releases" } else { name }
}

const NPM_DIFFERS: Differences = &[
    (
        "an empty constraint or alternative is an error here",
        &[
            "range-include:  | 1.0.0",
            "range-include: || | 1.3.4",
            "range-parse:  | *",
            "range-parse: || | *",
            "subset:  | * | true",
            "subset: * |  | true",
            "subset:  |  | true",
        ],
    ),
    (
        "a version has no `v` before it here",
        &[
            "range-include: ~v0.5.4-pre | 0.5.5",
            "range-include: ~v0.5.4-pre | 0.5.4",
            "range-exclude: ~v0.5.4-beta | 0.5.4-alpha",
            "range-parse: v1.0+aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa…",
            "equality:   v1.2.3+build | 1.2.3+otherbuild",
            "valid-versions: v1.2.3 | 1 | 2 | 3 | []",
        ],
    ),
    (
        "what cannot be written is no bound here: there is no version behind it",
        &["range-parse: ^9007199254740991.0.0 | null"],
    ),
    (
        "pre-release and build metadata need major, minor and patch, as with Cargo",
        &[
            "range-parse: 1.x.x+build >2.x+build | >=1.0.0 <2.0.0-0 >=3.0.0",
            "range-parse: >=1.x+build <2.x.x+build | >=1.0.0 <2.0.0-0",
            "range-parse: 1.x.x+build || 2.x.x+build | >=1.0.0 <2.0.0-0||>=2.0.0 <3.0.0-0",
            "range-parse: 1.x+build.123 | >=1.0.0 <2.0.0-0",
            "range-parse: 1.x.x+meta-data | >=1.0.0 <2.0.0-0",
            "range-parse: 1.x.x+build.123 >2.x.x+meta-data | >=1.0.0 <2.0.0-0 >=3.0.0",
            "range-parse: 1.x.x+build <2.x.x+meta | >=1.0.0 <2.0.0-0",
            "range-parse: >1.x+build <=2.x.x+meta | >=2.0.0 <3.0.0-0",
            "range-parse:  1.x.x+build   >2.x.x+build   | >=1.0.0 <2.0.0-0 >=3.0.0",
            "range-parse: ^1.x+build | >=1.0.0 <2.0.0-0",
            "range-parse: ^1.x.x+build | >=1.0.0 <2.0.0-0",
            "range-parse: ^1.2.x+build | >=1.2.0 <2.0.0-0",
            "range-parse: ^1.x+meta-data | >=1.0.0 <2.0.0-0",
            "range-parse: ^1.x.x+build.123 | >=1.0.0 <2.0.0-0",
            "range-parse: ~1.x+build | >=1.0.0 <2.0.0-0",
            "range-parse: ~1.x.x+build | >=1.0.0 <2.0.0-0",
            "range-parse: ~1.2.x+build | >=1.2.0 <1.3.0-0",
            "range-parse: ~1.x+meta-data | >=1.0.0 <2.0.0-0",
            "range-parse: ~1.x.x+build.123 | >=1.0.0 <2.0.0-0",
            "range-parse: ^1.x.x+build || ~2.x.x+meta | >=1.0.0 <2.0.0-0||>=2.0.0 <3.0.0-0",
            "range-parse: ~1.x.x+build >2.x+meta | >=1.0.0 <2.0.0-0 >=3.0.0",
            "range-parse: ^1.x+build.123 <2.x.x+meta-data | >=1.0.0 <2.0.0-0",
            "range-parse: 1.x.x-alpha+build | >=1.0.0 <2.0.0-0",
            "range-parse: >1.x.x-alpha+build | >=2.0.0",
            "range-parse: >=1.x.x-alpha+build <2.x.x+build | >=1.0.0 <2.0.0-0",
            "range-parse: 1.x.x-alpha+build || 2.x.x+build | >=1.0.0 <2.0.0-0||>=2.0.0 <3.0.0…",
        ],
    ),
    (
        "a version has at most 256 characters here, build metadata included",
        &[
            "range-parse: 1.2.3+aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa…",
            "range-parse: > 1.2.3+aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa…",
            "range-parse: ~1.2.3+aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa…",
            "range-parse: ^1.2.3+aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa…",
        ],
    ),
    (
        "Cargo's `=1` lets no pre-release through, however it is named",
        &["subset: 1 <=1.2.3-pre.0 | >=1.0.0-0 | false"],
    ),
];

#[test]
fn constraints_and_versions_mean_what_npm_means() {
    let mut cases = Vec::new();
    for file in [
        "range-include",
        "range-exclude",
        "range-parse",
        "subset",
        "max-satisfying",
        "min-satisfying",
        "comparisons",
        "equality",
        "valid-versions",
        "invalid-versions",
    ] {
        let Some(text) = corpus(&format!("node-semver/{file}.json")) else { return };
        let strict = |case: &&Json| case.as_array().unwrap().last().unwrap()["loose"] != true;
        let rows = json(&text)["cases"].clone();
        cases.extend(
            rows.as_array()
                .unwrap()
                .iter()
                .filter(strict)
                .map(|case| (named(file, case), agrees(file, case) == Some(true))),
        );
    }
    assert!(cases.len() > 460, "only {}", cases.len());
    hold_against(NPM_DIFFERS, &cases);
}

#[test]
fn every_requirement_and_version_on_crates_io_is_read() {
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
    let Some(requirements) = corpus("crates-io-corpus/requirements.csv") else { return };
    let sample = versions.lines().step_by(401).filter_map(|line| Some((line.parse::<Version>().ok()?, line)));
    let sample: Vec<(Version, semver::Version)> =
        sample.map(|(version, line)| (version, semver::Version::parse(line).unwrap())).collect();
    assert!(sample.iter().any(|(version, _)| version.is_prerelease()));
    for line in requirements.lines() {
        let constraint: Constraint = line.parse().unwrap_or_else(|error| panic!("{line}: {error}"));
        let normal_form = constraint.set().to_string();
        let again: Constraint = normal_form.parse().unwrap_or_else(|error| panic!("{line}: {error}"));
        assert_eq!(again.set(), constraint.set(), "{line} is {normal_form}");
        let cargos = semver::VersionReq::parse(line).unwrap();
        for (ours, theirs) in &sample {
            assert_eq!(constraint.matches(ours), cargos.matches(theirs), "{line} on {ours}");
        }
    }
}

/// What a pack of these files gives.
fn rendered(templates: &str, files: &[(String, &str)], values: &Value) -> Outcome {
    let manifest =
        Manifest::parse(&format!("[pack]\nname = \"a\"\nversion = \"1.0.0\"\n{templates}")).unwrap();
    let file = |content: &str| PackFile { content: content.into(), mode: Mode::Regular };
    let files: Files = files.iter().map(|(path, content)| (path.parse().unwrap(), file(content))).collect();
    let context = Context { files: values.clone(), paths: values.clone() };
    render(&manifest, &files, &library([(&manifest, &files)]), &context, None)
}

/// A path that an answer brings is refused wherever it would be written, unless it is safe.
fn written_only_where_safe(id: &str, path: &str, safe: bool) {
    let values = minijinja::context!(place => path);
    let files = [("x".to_owned(), ""), ("files/{{ place }}".to_owned(), "")];
    for source in [
        "source = \"x\"\noutput = \"{{ place }}\"",
        "source = \"x\"\neach = \"item in [place]\"\noutput = \"{{ item }}\"",
        "source = \"files/\"",
    ] {
        let outcome = rendered(&format!("[[templates]]\nname = \"all\"\n{source}"), &files, &values);
        let written: Vec<&str> = outcome.files.iter().map(|file| file.path.as_str()).collect();
        assert_eq!(written, if safe { vec![path] } else { vec![] }, "{id} by {source}");
    }
}

/// A template as one that has no file, as a file, once per item, as one that is included, and in other
/// delimiters: all take it, or none does.
fn template_in_every_place(id: &str, text: &str) -> Option<String> {
    let values = minijinja::context!(name => "{{ 7*7 }}");
    let brackets = ["{{", "}}", "{%", "%}"].iter().zip(["[[", "]]", "[%", "%]"]);
    let brackets = brackets.fold(text.to_owned(), |text, (from, to)| text.replace(from, to));
    let syntax = "[syntax]\nblock = [\"[%\", \"%]\"]\nvariable = [\"[[\", \"]]\"]\n";
    let included = |(open, close)| format!("{open} include \"text\" {close}");
    let (plain, bracketed) = (included(("{%", "%}")), included(("[%", "%]")));
    let places = [
        ("", text, "", "source = \"text\""),
        ("", text, "", "source = \"text\"\neach = \"n in [1]\""),
        ("", text, plain.as_str(), "source = \"includes\""),
        (syntax, brackets.as_str(), "", "source = \"text\""),
        (syntax, brackets.as_str(), bracketed.as_str(), "source = \"includes\""),
    ];
    let accept = |output: &str| assert_eq!(output, "Hello {{ 7*7 }}", "{id}: answers are data");
    let refused = match Engine::new().render_inline(text, &values) {
        Ok(output) => {
            accept(&output);
            None
        }
        Err(error) => Some(error.to_string()),
    };
    for (syntax, text, includes, source) in places {
        let files = [("text".to_owned(), text), ("includes".to_owned(), includes)];
        let template = format!("{syntax}[[templates]]\nname = \"all\"\n{source}\noutput = \"x\"");
        let outcome = rendered(&template, &files, &values);
        assert_eq!(outcome.problems.is_empty(), refused.is_none(), "{id} by {syntax}{source}");
        for file in outcome.files {
            accept(str::from_utf8(&file.content).unwrap());
        }
    }
    refused
}

/// What is done with a kind of hostile input: nothing, or words on why not.
fn refusal(kind: &str, id: &str, input: &Json) -> Option<String> {
    let text = || input.as_str().unwrap_or_else(|| panic!("{id} is a text")).to_owned();
    let told = |problems: Vec<Diagnostic>| problems[0].to_string();
    match kind {
        "path" => {
            let refused = text().parse::<RelPath>().err().map(|error| error.to_string());
            written_only_where_safe(id, &text(), refused.is_none());
            refused
        }
        "pathset" => {
            let paths = input.as_array().unwrap().iter().map(|path| path.as_str().unwrap());
            let both = minijinja::context!(a => "x", b => "x");
            // Two files of the same content could be one.
            let contents = ["one", "other"].into_iter().cycle();
            let files: Vec<(String, &str)> =
                paths.map(|path| format!("files/{path}")).zip(contents).collect();
            let template = "[[templates]]\nname = \"all\"\nsource = \"files/\"";
            let outcome = rendered(template, &files, &both);
            assert_eq!(outcome.problems, [], "{id}");
            let composed = compose(outcome.files, &Composition::default(), &BTreeSet::new());
            (!composed.conflicts.is_empty()).then(|| told(composed.conflicts))
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
                registry::index::parse_index(&"a".parse().unwrap(), &index)
                    .err()
                    .map(|error| error.to_string())
            }
            _ => text().parse::<Version>().err().map(|error| error.to_string()),
        },
        "manifest" => Manifest::parse(&text()).err().map(told),
        "range" => text().parse::<Constraint>().err().map(|error| error.to_string()),
        "template" if id == "tpl-path-injection" => {
            let name = minijinja::context!(name => "../../x");
            let files = [(format!("files/{}", text()), ""), ("x".into(), "")];
            let refused =
                ["source = \"files/\"", &format!("source = \"x\"\noutput = {input}")].map(|source| {
                    let outcome =
                        rendered(&format!("[[templates]]\nname = \"all\"\n{source}"), &files, &name);
                    assert!(outcome.files.is_empty(), "{id}");
                    told(outcome.problems)
                });
            Some(refused.concat())
        }
        "template" => template_in_every_place(id, &text()),
        "archive" => {
            let bytes = base64::engine::general_purpose::STANDARD.decode(input["tgz_b64"].as_str().unwrap());
            match archive::unpack(&bytes.unwrap(), archive::Layout::Npm) {
                Ok(files) if files.is_empty() => Some("the session wants its pack.toml".to_owned()),
                Ok(_) => None,
                Err(error) => Some(error.to_string()),
            }
        }
        "url" => {
            let read = |key: &str| input[key].as_str().unwrap().parse::<Address>();
            match read("url") {
                Err(error) => Some(error.to_string()),
                Ok(url) => (!read("trusted").unwrap().covers(&url)).then(|| "it is elsewhere".to_owned()),
            }
        }
        "response" => {
            let (name, body) = ("p".parse().unwrap(), input["body"].as_str().unwrap());
            let refused = match input["for"].as_str().unwrap() {
                "index" => registry::index::parse_index(&name, body).err(),
                "npm-packument" => registry::npm::parse_packument(&name, body, Form::Package).err(),
                other => panic!("{id}: no test reads {other}"),
            };
            refused.map(|error| error.to_string())
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
    ("res-future-v", "its lines have other fields than ours; src/registry/index.rs has the same in ours"),
    ("res-tarball-offsite", "tests/session/transport.rs: it is refused when it would be fetched"),
    ("res-redirect-loop", "tests/session/transport.rs"),
    ("res-content-encoding", "tests/session/transport.rs"),
    ("res-short-body", "tests/session/transport.rs"),
];

#[test]
fn hostile_inputs_get_the_verdict_they_deserve() {
    let Some(text) = corpus("hostile/hostile.json") else { return };
    let mut tried = 0;
    for case in json(&text)["cases"].as_array().unwrap() {
        let (kind, id) = (case["kind"].as_str().unwrap(), case["id"].as_str().unwrap());
        if ![
            "path", "pathset", "name", "version", "range", "manifest", "template", "archive", "url",
            "response",
        ]
        .contains(&kind)
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
