//! The session as JavaScript sees it, under Node and in Chromium.
#![cfg(target_arch = "wasm32")]

#[path = "session/starter.rs"]
mod starter;

use js_sys::{Array, Object, Reflect, Uint8Array};
use packwright::wasm::{
    Session, intersects, is_subset, max_satisfying, min_satisfying, normalize, satisfies, version,
};
use serde_json::{Value as Json, json};
use starter::{COMMANDS, EXPECTED, FILES, TIMESTAMP, fingerprint};
use wasm_bindgen::prelude::*;
use wasm_bindgen_test::wasm_bindgen_test as test;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = JSON, js_name = parse)]
    fn parse(text: &str) -> JsValue;
}

fn js(value: &Json) -> JsValue {
    parse(&value.to_string())
}

fn get(value: &JsValue, key: &str) -> JsValue {
    Reflect::get(value, &key.into()).expect("it is an object")
}

fn text(value: &JsValue, key: &str) -> String {
    get(value, key).as_string().unwrap_or_else(|| panic!("{key} is a text"))
}

fn set(object: &JsValue, key: &str, value: &JsValue) {
    Reflect::set(object, &key.into(), value).expect("it is an object");
}

fn input(command: &JsValue) -> JsValue {
    let registry = json!({ "id": "starter", "location": { "type": "directory" } });
    let input = js(&json!({
        "registries": [registry],
        "capabilities": { "rename": true, "modes": true },
        "timestamp": TIMESTAMP,
    }));
    set(&input, "command", command);
    input
}

fn started(command: &str) -> Session {
    Session::new(input(&parse(command))).unwrap_or_else(|error| panic!("{}", message(error)))
}

fn message(error: JsError) -> String {
    text(&error.into(), "message")
}

/// Serves the embedded starter packs from every root.
fn serve(request: &JsValue) -> JsValue {
    let path = text(request, "path");
    let reply = Object::new().into();
    match text(request, "type").as_str() {
        "read" => match FILES.iter().find(|(at, _)| *at == path) {
            Some((_, content)) => {
                set(&reply, "type", &"bytes".into());
                set(&reply, "bytes", &Uint8Array::from(*content));
            }
            None => return js(&json!({ "type": "error", "kind": "not-found", "message": path })),
        },
        "list" => {
            let entries = Array::new();
            let mut seen = Vec::new();
            for (at, _) in FILES {
                let below = if path.is_empty() { Some(*at) } else { at.strip_prefix(&format!("{path}/")) };
                let Some((name, kind)) = below.map(|below| match below.split_once('/') {
                    Some((name, _)) => (name, "directory"),
                    None => (below, "file"),
                }) else {
                    continue;
                };
                if !seen.contains(&name) {
                    seen.push(name);
                    entries.push(&js(&json!({ "name": name, "kind": kind })));
                }
            }
            set(&reply, "type", &"entries".into());
            set(&reply, "entries", &entries);
        }
        "stat" => return js(&json!({ "type": "stat", "kind": "file", "size": 1, "executable": false })),
        other => panic!("{other} changes something"),
    }
    reply
}

fn requests(step: &JsValue) -> Vec<JsValue> {
    Array::from(&get(step, "requests")).to_vec()
}

fn id(request: &JsValue) -> u32 {
    get(request, "id").as_f64().expect("it is a number") as u32
}

/// Runs to the end; gives the outcome as text and the content beside it.
fn run(mut session: Session) -> (String, Vec<u8>) {
    let mut open = Vec::new();
    loop {
        let step = session.poll().unwrap_or_else(|error| panic!("{}", message(error)));
        match text(&step, "type").as_str() {
            "done" => return (text(&step, "outcome"), session.contents().to_vec()),
            "need" => open.extend(requests(&step)),
            "waiting" => {}
            other => panic!("{other}"),
        }
        // The last first: the order of answers does not matter.
        let request = open.pop().expect("something is open");
        session.answer(id(&request), serve(&request)).unwrap_or_else(|error| panic!("{}", message(error)));
    }
}

#[test]
fn the_bytes_are_those_of_the_native_build() {
    let found: String = COMMANDS
        .iter()
        .map(|(name, command)| {
            let (outcome, contents) = run(started(command));
            fingerprint(name, &outcome, &contents)
        })
        .collect();
    assert_eq!(found, EXPECTED);
}

#[test]
fn bytes_cross_as_typed_arrays_and_whole_numbers_stay_whole() {
    let (_, command) = COMMANDS[3];
    let (outcome, contents) = run(started(command));
    let outcome: Json = serde_json::from_str(&outcome).unwrap();
    let plan = &outcome["ok"]["project"]["plan"];
    let apply = js(&json!({ "type": "apply", "plan": plan, "force": false, "trust": false }));
    set(&apply, "contents", &Uint8Array::from(contents.as_slice()));
    let mut session = Session::new(input(&apply)).unwrap_or_else(|error| panic!("{}", message(error)));
    let absent = json!({ "type": "stat", "kind": "absent", "size": 0, "executable": false });
    let mut crossed = 0;
    loop {
        let step = session.poll().unwrap_or_else(|error| panic!("{}", message(error)));
        if text(&step, "type") == "done" {
            break;
        }
        for request in requests(&step) {
            let reply = match text(&request, "type").as_str() {
                "stat" => &absent,
                "create" => {
                    let content = get(&request, "content");
                    assert!(content.is_instance_of::<Uint8Array>());
                    assert!(["0644", "0755"].contains(&text(&request, "mode").as_str()));
                    // What is staged for the project; the rest is the write's own record.
                    if text(&request, "path").contains("/new-") {
                        crossed += Uint8Array::from(content).length() as usize;
                    }
                    &json!({ "type": "done" })
                }
                _ => &json!({ "type": "done" }),
            };
            session.answer(id(&request), js(reply)).unwrap_or_else(|error| panic!("{}", message(error)));
        }
    }
    assert_eq!(crossed, contents.len());
}

#[test]
fn a_bad_input_is_refused_with_words() {
    let refused = |value: &JsValue| message(Session::new(value.clone()).err().expect("it is none"));
    assert!(refused(&JsValue::UNDEFINED).contains("invalid type"));
    assert!(refused(&js(&json!({ "timestamp": TIMESTAMP }))).contains("missing field `command`"));
    assert!(refused(&input(&js(&json!({ "type": "dance" })))).contains("unknown variant `dance`"));
    let plan = json!({ "compared": false, "hooks": [], "operations": [{
        "path": "../up", "action": "create", "mode": "0644", "origin": null, "hash": "x", "offset": 0, "size": 0,
        "before": null, "diff": null, "runsOnOpen": false,
    }]});
    let apply = js(&json!({ "type": "apply", "plan": plan, "contents": [], "force": true, "trust": true }));
    assert!(refused(&input(&apply)).contains("not a safe path"));
}

#[test]
fn a_bad_reply_is_refused_and_the_request_stays_open() {
    let mut session = started(r#"{"type":"list"}"#);
    let step = session.poll().unwrap_or_else(|error| panic!("{}", message(error)));
    let request = requests(&step).remove(0);
    let bad = [
        JsValue::NULL,
        js(&json!({ "type": "bytes" })),
        js(&json!({ "type": "bytes", "bytes": 1 })),
        js(&json!({ "type": "stat", "kind": "folder", "size": 1, "executable": false })),
        js(&json!({ "type": "error", "kind": "bad-luck", "message": "" })),
        js(&json!({ "type": "response", "status": 70000, "headers": {}, "body": [] })),
    ];
    for reply in bad {
        assert!(session.answer(id(&request), reply.clone()).is_err(), "{reply:?}");
    }
    let unknown = message(session.answer(99, js(&json!({ "type": "done" }))).expect_err("nobody asked"));
    assert_eq!(unknown, "request 99 is not open");
    session.answer(id(&request), serve(&request)).unwrap_or_else(|error| panic!("{}", message(error)));
    let (outcome, _) = run(session);
    assert!(outcome.contains("\"rust-cli\""), "{outcome}");
}

#[test]
fn cancelling_ends_it_and_done_repeats() {
    let mut session = started(COMMANDS[3].1);
    session.poll().unwrap_or_else(|error| panic!("{}", message(error)));
    session.cancel();
    for _ in 0..2 {
        let step = session.poll().unwrap_or_else(|error| panic!("{}", message(error)));
        let outcome: Json = serde_json::from_str(&text(&step, "outcome")).unwrap();
        assert_eq!(outcome["errors"][0]["code"], "cancelled");
        assert_eq!(outcome["errors"][0]["exitCode"], 130);
    }
    assert_eq!(session.contents().length(), 0);
}

#[test]
fn answers_keep_their_types_on_the_way_in() {
    let questions = js(&json!({ "type": "questions", "packs": ["rust-cli"], "directoryName": "demo" }));
    let answers = js(&json!({ "description": "ünï", "argument_parser": "none" }));
    // A lone surrogate is text to JavaScript and none to anybody else.
    set(&answers, "crate_name", &js_sys::JsString::from_char_code1(0xd800).into());
    set(&questions, "answers", &answers);
    let (outcome, _) =
        run(Session::new(input(&questions)).unwrap_or_else(|error| panic!("{}", message(error))));
    let outcome: Json = serde_json::from_str(&outcome).unwrap();
    let question = |name: &str| {
        let questions = outcome["ok"]["questions"].as_array().unwrap();
        questions.iter().find(|question| question["variable"]["name"] == name).unwrap().clone()
    };
    assert_eq!(question("description")["answer"], "ünï");
    assert_eq!(question("argument_parser")["source"], "argument");
    assert_eq!(question("crate_name")["problem"]["code"], "invalid-answer");
    assert_eq!(question("project_name")["answer"], "demo");
}

#[test]
fn hostile_templates_end_with_an_error_and_the_next_call_works() {
    let depth = [
        ("{{ ", "-", "1 }}"),
        ("{{ 1", "~1", " }}"),
        ("{{ a", ".b", " }}"),
        ("{{ ", "(", "1 }}"),
        ("", "{% if 1 %}", ""),
    ];
    for (open, link, close) in depth {
        let template = format!("{open}{}{close}", link.repeat(8000));
        let manifest = "[pack]\nname = \"a\"\nversion = \"1.0.0\"\n[[templates]]\nname = \"x\"\nsource = \"x\"\noutput = \"x\"\n";
        let mut session = started(r#"{"type":"generate","packs":["a"],"answers":{"project_name":"demo"}}"#);
        let outcome = loop {
            let step = session.poll().unwrap_or_else(|error| panic!("{}", message(error)));
            if text(&step, "type") == "done" {
                break text(&step, "outcome");
            }
            for request in requests(&step) {
                let reply = Object::new().into();
                match (text(&request, "type").as_str(), text(&request, "path").as_str()) {
                    ("read", "a/pack.toml") => {
                        set(&reply, "type", &"bytes".into());
                        set(&reply, "bytes", &Uint8Array::from(manifest.as_bytes()));
                    }
                    ("read", "a/x") => {
                        set(&reply, "type", &"bytes".into());
                        set(&reply, "bytes", &Uint8Array::from(template.as_bytes()));
                    }
                    ("read", _) => {
                        let absent = js(&json!({ "type": "error", "kind": "not-found", "message": "" }));
                        session
                            .answer(id(&request), absent)
                            .unwrap_or_else(|error| panic!("{}", message(error)));
                        continue;
                    }
                    ("list", place) => {
                        let entries = match place {
                            "" => json!([{ "name": "a", "kind": "directory" }]),
                            _ => {
                                json!([{ "name": "pack.toml", "kind": "file" }, { "name": "x", "kind": "file" }])
                            }
                        };
                        set(&reply, "type", &"entries".into());
                        set(&reply, "entries", &js(&entries));
                    }
                    _ => {
                        let stat =
                            js(&json!({ "type": "stat", "kind": "file", "size": 1, "executable": false }));
                        session
                            .answer(id(&request), stat)
                            .unwrap_or_else(|error| panic!("{}", message(error)));
                        continue;
                    }
                }
                session.answer(id(&request), reply).unwrap_or_else(|error| panic!("{}", message(error)));
            }
        };
        assert!(outcome.contains("\"render-failed\""), "{link}: {outcome}");
    }
    let (outcome, _) = run(started(r#"{"type":"list"}"#));
    assert!(outcome.starts_with(r#"{"ok""#));
}

/// A list of texts as it crosses.
fn joined(texts: &[&str]) -> String {
    texts.iter().map(|text| format!("{text}\0")).collect()
}

/// What was thrown, if it is a diagnostic.
fn told(error: &JsValue) -> (String, String) {
    (text(error, "code"), text(error, "message"))
}

#[test]
fn constraints_are_matched_without_a_session() {
    let versions = joined(&["1.2.0", "1.10.0", "2.0.0-rc.1"]);
    let constraints = joined(&["^1.2", ">=2.0.0-a"]);
    let matches = satisfies(&versions, &constraints, &[0, 1, 2, 2], &[0, 0, 0, 1], false);
    assert_eq!(matches, Ok(vec![1, 1, 0, 1]));
    assert_eq!(satisfies("", "", &[], &[], false), Ok(Vec::new()));
    assert_eq!(max_satisfying(&versions, "*", false), Ok(Some("1.10.0".to_owned())));
    assert_eq!(max_satisfying(&versions, "*", true), Ok(Some("2.0.0-rc.1".to_owned())));
    assert_eq!(min_satisfying(&versions, "<1", false), Ok(None));
    assert_eq!(intersects("^1", "<=1.0.0", false), Ok(true));
    assert_eq!(is_subset("~1.2", "^1"), Ok(true));
    assert_eq!(normalize(">=1.2 <2"), Ok("^1.2.0".to_owned()));
}

#[test]
fn what_is_no_version_or_constraint_is_thrown_as_a_diagnostic() {
    let (code, message) =
        told(&satisfies(&joined(&["1.0.0", "1"]), &joined(&["*"]), &[0], &[0], false).unwrap_err());
    assert_eq!(code, "invalid-version");
    assert!(message.contains("`1`"), "{message}");
    let (code, _) = told(&max_satisfying(&joined(&[""]), "*", false).unwrap_err());
    assert_eq!(code, "invalid-version");
    let (code, message) = told(&normalize("^^1").unwrap_err());
    assert_eq!(code, "invalid-constraint");
    assert!(message.contains("`^^1`"), "{message}");
    let outside = satisfies(&joined(&["1.0.0"]), &joined(&["*"]), &[1], &[0], false).unwrap_err();
    assert_eq!(text(&outside, "message"), "a place is outside the lists");
}

#[test]
fn the_version_is_that_of_the_crate() {
    assert_eq!(version(), env!("CARGO_PKG_VERSION"));
}
