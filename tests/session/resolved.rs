//! What is locked stays, what must move moves, and only what is needed is asked for.

use std::collections::BTreeMap;

use packwright::composition::Composition;
use packwright::diagnostic::{Code, Diagnostic};
use packwright::lockfile::{LockedPack, Lockfile};
use packwright::name::Identity;
use packwright::registry::Digest;
use packwright::session::{Dependencies, Outcome, RequestBody, Session, Step};

use crate::conflicts::index;
use crate::host::{Host, command, directory, shown};
use crate::starter::TIMESTAMP;

const UNIVERSE: &str = "\
base 1.0.0
base 1.1.0
base 2.0.0
extra 1.0.0
tool 1.0.0: base ^1
tool 2.0.0: base ^2
web 1.0.0: base ^1
web 1.1.0: base ^1, extra *
web 2.0.0: base ^2
";

/// A lockfile of `NAME VERSION DEPENDENCY…` lines.
fn lockfile(asked: &[&str], packs: &[&str]) -> Lockfile {
    let pack = |line: &&str| {
        let words: Vec<&str> = line.split(' ').collect();
        LockedPack {
            name: words[0].parse().unwrap(),
            version: words[1].parse().unwrap(),
            registry: "starter".parse().unwrap(),
            integrity: Digest::of(words[1].as_bytes()),
            dependencies: words[2..].iter().map(|name| name.parse::<Identity>().unwrap()).collect(),
        }
    };
    Lockfile {
        generator: "0.1.0".parse().unwrap(),
        timestamp: TIMESTAMP.to_owned(),
        requirements: asked.iter().map(|text| text.parse().unwrap()).collect(),
        prereleases: Vec::new(),
        with: Vec::new(),
        overrides: BTreeMap::new(),
        composition: Composition::default(),
        answers: BTreeMap::new(),
        packs: packs.iter().map(pack).collect(),
        packages: Vec::new(),
        files: Vec::new(),
    }
}

/// The dependencies of a project with this lockfile, and the index files that were read.
fn resolved(lock: &Lockfile, fields: &str) -> (Result<Dependencies, Vec<Diagnostic>>, Vec<String>) {
    let target = directory([("packwright.lock", lock.to_text())]);
    let mut host = Host::new([("registry:starter", directory(index(UNIVERSE))), ("target", target)]);
    let ending = host.run(command(&format!(r#"{{"type":"dependencies","target":true{fields}}}"#)));
    let read = host.log.iter().filter_map(|request| match request {
        RequestBody::Read { path, .. } => {
            Some(path.strip_prefix("index/")?.trim_end_matches(".jsonl").to_owned())
        }
        _ => None,
    });
    let ending = ending.map(|outcome| match outcome {
        Outcome::Dependencies { dependencies } => *dependencies,
        other => panic!("{other:?}"),
    });
    (ending, read.collect())
}

fn chosen(dependencies: &Dependencies) -> Vec<String> {
    dependencies.packs.iter().map(|pack| format!("{}@{}", pack.identity, pack.version)).collect()
}

fn changes(dependencies: &Dependencies) -> Vec<String> {
    dependencies.changes.iter().map(ToString::to_string).collect()
}

fn web_alone() -> Lockfile {
    lockfile(&["web@1"], &["web 1.0.0 base", "base 1.0.0"])
}

#[test]
fn a_locked_graph_asks_only_for_its_names() {
    let (locked, read) = resolved(&web_alone(), "");
    assert_eq!(chosen(&locked.unwrap()), ["base@1.0.0", "web@1.0.0"]);
    assert_eq!(read, ["web", "base"]);
    let (moved, read) = resolved(&web_alone(), r#","update":["web"]"#);
    assert_eq!(changes(&moved.unwrap()), ["+ extra 1.0.0", "~ web 1.0.0 -> 1.1.0"], "base stays");
    assert_eq!(read, ["web", "base", "extra"]);
}

#[test]
fn an_update_moves_what_it_names_and_more_only_if_it_must() {
    let both = lockfile(&["web", "tool"], &["web 1.0.0 base", "tool 1.0.0 base", "base 1.0.0"]);
    let (moved, _) = resolved(&both, r#","update":["base"]"#);
    assert_eq!(changes(&moved.unwrap()), ["~ base 1.0.0 -> 1.1.0"], "2.0.0 would move the others");
    let (moved, _) = resolved(&both, r#","packs":["web@2","tool"]"#);
    let moved = moved.unwrap();
    assert_eq!(changes(&moved), ["~ base 1.0.0 -> 2.0.0", "~ tool 1.0.0 -> 2.0.0", "~ web 1.0.0 -> 2.0.0"]);
    let (added, _) = resolved(&web_alone(), r#","packs":["web@1","tool"]"#);
    assert_eq!(changes(&added.unwrap()), ["+ tool 1.0.0"], "what is there already does not move for it");
}

#[test]
fn locked_fails_with_the_difference() {
    let (same, _) = resolved(&web_alone(), r#","locked":true"#);
    assert!(same.unwrap().packs.iter().all(|pack| pack.locked));
    let (error, _) = resolved(&web_alone(), r#","locked":true,"packs":["web@2","extra"]"#);
    assert_eq!(
        shown(&error.unwrap_err()),
        "error[out-of-date]: packwright.lock would change\n    ~ base 1.0.0 -> 2.0.0\n    + extra 1.0.0\n    ~ web 1.0.0 -> 2.0.0\n    - asked for web@1\n    + asked for web@2\n    + asked for extra@*\n  help: leave `--locked` out, and commit what is then written"
    );
    // The same versions for other reasons are another lockfile.
    let (error, _) =
        resolved(&web_alone(), r#","locked":true,"packs":["web@=1.0.0"],"overrides":["base@=1.0.0"]"#);
    let frame = error.unwrap_err().remove(0).frame.unwrap();
    assert_eq!(frame, "- asked for web@1\n+ asked for web@=1.0.0\n+ overridden base@=1.0.0");
    let mut bare = Host::new([("registry:starter", directory(index(UNIVERSE)))]);
    let json = r#"{"type":"dependencies","packs":["web"],"target":true,"locked":true}"#;
    let error = bare.run(command(json)).unwrap_err();
    assert_eq!((error[0].code, error[0].exit_code), (Code::FileNotFound, 1));
}

fn warnings(dependencies: &Dependencies) -> String {
    shown(&dependencies.warnings)
}

#[test]
fn an_update_that_the_lock_holds_back_says_so() {
    let one = lockfile(&["web"], &["web 1.1.0 base extra", "base 1.1.0", "extra 1.0.0"]);
    let (held, _) = resolved(&one, r#","update":["web"],"view":{"why":"web"}"#);
    let held = held.unwrap();
    assert!(held.changes.is_empty());
    assert_eq!(
        warnings(&held),
        "warning[out-of-date]: `web@1.1.0` stays, although there is something newer\n  help: `packwright dependencies --why web` tells why"
    );
    assert!(
        held.text.contains("2.0.0 does not go with the locked base; with `--update base` it may"),
        "{}",
        held.text
    );
}

#[test]
fn a_version_that_is_gone_moves_alone_and_is_told() {
    let gone = lockfile(&["web@1"], &["web 1.0.0 base", "base 1.0.5"]);
    let (moved, _) = resolved(&gone, "");
    let moved = moved.unwrap();
    assert_eq!(changes(&moved), ["~ base 1.0.5 -> 1.1.0"], "web stays at 1.0.0");
    assert_eq!(
        warnings(&moved),
        "warning[out-of-date]: `base@1.0.5` of packwright.lock is gone from its registry"
    );
}

#[test]
fn what_the_lockfile_says_of_things_that_are_no_more_is_forgotten_and_told() {
    let mut lock = web_alone();
    lock.with = vec!["docs".parse().unwrap()];
    lock.overrides.insert("bass".parse().unwrap(), "^1".parse().unwrap());
    let (kept, _) = resolved(&lock, "");
    assert_eq!(
        warnings(&kept.unwrap()),
        "warning[out-of-date]: `docs` is no longer an optional member of these packs and is forgotten\n\
         warning[out-of-date]: nothing requires `bass` any more, its override is forgotten"
    );
    let (typed, _) = resolved(&web_alone(), r#","with":["docs"]"#);
    assert_eq!(typed.unwrap_err()[0].code, Code::InvalidInput);
    lock.overrides.insert("base".parse().unwrap(), "=1.0.0".parse().unwrap());
    let (anew, _) = resolved(&lock, r#","packs":["web@1","extra"]"#);
    let told = warnings(&anew.unwrap());
    assert!(told.contains("the override `base@=1.0.0` does not count, as packs are named anew"), "{told}");
}

#[test]
fn only_what_is_locked_can_be_updated() {
    let told = |fields: &str| shown(&resolved(&web_alone(), fields).0.unwrap_err());
    assert_eq!(
        told(r#","update":["bas","npm:x","?"]"#),
        "error[invalid-input]: `bas` is not locked, so there is nothing to update\n  help: did you mean `base`?\n\
         error[invalid-input]: `npm:x` is not locked, so there is nothing to update\n  help: locked are base, web\n\
         error[invalid-name]: `?` is not a pack name: it starts with a lower-case letter a to z or a digit"
    );
}

#[test]
fn overrides_have_one_form() {
    for bad in ["base", "@scope/base", "npm:@types/node", "base@", "B@1", "base@x y"] {
        let (error, _) = resolved(&web_alone(), &format!(r#","overrides":["{bad}"]"#));
        let error = error.unwrap_err().remove(0);
        assert!(error.suggestion.unwrap().starts_with("an override is written"), "{bad}: {}", error.message);
    }
    let (overridden, _) = resolved(&web_alone(), r#","overrides":["base@=2.0.0"]"#);
    let overridden = overridden.unwrap();
    assert_eq!(changes(&overridden), ["~ base 1.0.0 -> 2.0.0"]);
    let web = overridden.packs.iter().find(|pack| pack.name.as_str() == "web").unwrap();
    let edge = &web.dependencies[0];
    assert_eq!((edge.constraint.as_str(), edge.overridden.as_deref()), ("=2.0.0", Some("^1")));
}

/// What was chosen by flags is chosen again without them.
#[test]
fn the_lockfile_keeps_overrides_and_pre_releases() {
    let pack = |name: &str, version: &str, rest: &str| {
        let text = format!("[pack]\nname = \"{name}\"\nversion = \"{version}\"\n{rest}");
        (format!("{name}/{version}/pack.toml"), text)
    };
    let sources = directory([
        pack("app", "1.0.0", "[dependencies]\nbase = \"^1\"\n"),
        pack("app", "1.1.0-rc.1", "[dependencies]\nbase = \"^1\"\n"),
        pack("base", "1.0.0", ""),
        pack("base", "2.0.0", ""),
    ]);
    let mut host = Host::new([("registry:starter", sources)]);
    let mut generate = |fields: &str| {
        let json = format!(r#"{{"type":"generate","target":true,"answers":{{"project_name":"x"}}{fields}}}"#);
        match host.run(command(&json)).map_err(|errors| shown(&errors)).unwrap() {
            Outcome::Generate { project } => {
                host.roots.insert("target".to_owned(), directory([("packwright.lock", &project.lockfile)]));
                project
            }
            other => panic!("{other:?}"),
        }
    };
    let first = generate(r#","packs":["app"],"prereleases":["app"],"overrides":["base@^2"]"#);
    assert_eq!(
        first.packs.iter().map(|pack| pack.version.to_string()).collect::<Vec<_>>(),
        ["2.0.0", "1.1.0-rc.1"]
    );
    let lock = Lockfile::parse(&first.lockfile).unwrap();
    assert_eq!((lock.prereleases.len(), lock.overrides.len()), (1, 1));
    let second = generate("");
    assert_eq!(second.lockfile, first.lockfile);
    assert!(second.changes.is_empty());
    let third = generate(r#","overrides":["base@=1.0.0"]"#);
    assert_eq!(third.changes.iter().map(ToString::to_string).collect::<Vec<_>>(), ["~ base 2.0.0 -> 1.0.0"]);
}

/// More pigeons than holes: a search that takes long lets the host breathe, and can be cancelled then.
#[test]
fn a_long_search_can_be_cancelled() {
    let (pigeons, holes) = (10, 9);
    let mut universe: String = (1..=holes).map(|hole| format!("hole{hole} 1..{pigeons}\n")).collect();
    for pigeon in 1..=pigeons {
        for hole in 1..=holes {
            universe += &format!("pigeon{pigeon} {hole}.0.0: hole{hole} ={pigeon}.0.0\n");
        }
    }
    let asked: Vec<String> = (1..=pigeons).map(|pigeon| format!("\"pigeon{pigeon}\"")).collect();
    let mut host = Host::new([("registry:starter", directory(index(&universe)))]);
    let mut session =
        Session::new(command(&format!(r#"{{"type":"dependencies","packs":[{}]}}"#, asked.join(","))));
    loop {
        let Step::Need(requests) = session.poll() else { panic!("it ended without a pause") };
        if matches!(requests[0].body, RequestBody::Wait { .. }) {
            break;
        }
        for request in requests {
            session.answer(request.id, host.perform(&request.body)).unwrap();
        }
    }
    session.cancel();
    let Step::Done(Err(errors)) = session.poll() else { panic!("it goes on") };
    assert_eq!(errors[0].code, Code::Cancelled);
}
