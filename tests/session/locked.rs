//! Projects that were generated before: what the lockfile records stands until it is asked to move.

use packwright::diagnostic::Code;
use packwright::lockfile::Lockfile;
use packwright::manifest::Mode;
use packwright::session::{Command, Location, Outcome, Project, SessionInput};

use crate::host::{Directory, Host, command, directory, input, put, shown};
use crate::starter::{COMMANDS, FILES};

const BASE: &str = "https://packs.example/";

fn pack(version: &str) -> String {
    format!(
        "[pack]\nname = \"a\"\nversion = \"{version}\"\n[variables.word]\ndefault = \"w\"\n[variables.token]\nsecret = true\nrequired = false\n\
         [[templates]]\nname = \"all\"\nsource = \"x\"\noutput = \"x\"\n\
         [[templates]]\nname = \"key\"\nsource = \"key\"\noutput = \"key\"\n"
    )
}

/// A server with these versions of a pack; `!` behind one is yanked.
fn server(versions: &[&str]) -> Host {
    let number = |version: &str| version.trim_end_matches('!').to_owned();
    let files = versions.iter().flat_map(|version| {
        let version = number(version);
        [
            (format!("a/{version}/pack.toml"), pack(&version)),
            (format!("a/{version}/x"), format!("{version} {{{{ word }}}}\n")),
            (format!("a/{version}/key"), "{{ token | to_json }}\n".to_owned()),
        ]
    });
    let mut source = Host::new([("source", directory(files))]);
    let outcome = source.run(command(r#"{"type":"build-registry"}"#)).unwrap();
    let Outcome::BuildRegistry { files, .. } = &outcome else { panic!() };
    let mut host = Host::default();
    for file in files {
        let mut content = outcome.contents()[file.offset..][..file.size].to_vec();
        if file.path.starts_with("index/") {
            let lines = String::from_utf8(content).unwrap();
            let line = |line: &str| {
                let yanked = versions.iter().any(|version| {
                    version.ends_with('!') && line.contains(&format!("\"version\":\"{}\"", number(version)))
                });
                if yanked { line.replace("\"yanked\":false", "\"yanked\":true") } else { line.to_owned() }
            };
            content = lines.lines().map(|text| line(text) + "\n").collect::<String>().into_bytes();
        }
        host.urls.insert(format!("{BASE}{}", file.path), content);
    }
    host
}

fn http(json: &str) -> SessionInput {
    let mut input = command(json);
    input.registries[0].location = Location::Url { url: BASE.to_owned() };
    input
}

fn project(outcome: Outcome) -> Box<Project> {
    match outcome {
        Outcome::Generate { project } => project,
        other => panic!("{other:?}"),
    }
}

fn write(host: &mut Host, project: &Project) {
    let apply = Command::Apply {
        plan: project.plan.clone(),
        contents: project.contents.0.to_vec(),
        force: true,
        trust: true,
        wait: true,
    };
    host.run(input(apply)).unwrap();
}

/// A project at `a@1.0.0` with an answer and a secret.
fn generated() -> Directory {
    let mut host = server(&["1.0.0"]);
    let json = r#"{"type":"generate","packs":["a@^1"],"answers":{"project_name":"demo","word":"mine","token":"hunter2"}}"#;
    let made = project(host.run(http(json)).unwrap());
    write(&mut host, &made);
    host.roots["target"].clone()
}

fn again(versions: &[&str], json: &str) -> Result<Box<Project>, String> {
    let mut host = server(versions);
    host.roots.insert("target".into(), generated());
    let mut input = http(json);
    input.timestamp = "2027-01-01T00:00:00Z".into();
    host.run(input).map(project).map_err(|errors| shown(&errors))
}

const AGAIN: &str = r#"{"type":"generate","target":true,"check":true}"#;

#[test]
fn the_same_comes_out_though_time_and_registry_moved_on() {
    for versions in [&["1.0.0"][..], &["1.0.0", "1.1.0", "2.0.0"], &["1.0.0!", "1.1.0"]] {
        let json = AGAIN.replace("}", ",\"answers\":{\"token\":\"hunter2\"}}");
        let project = again(versions, &json).unwrap();
        assert_eq!(project.packs[0].version.to_string(), "1.0.0");
        let lockfile = Lockfile::parse(&project.lockfile).unwrap();
        assert_eq!(lockfile.timestamp, "2026-01-31T12:00:00Z", "when it was generated first");
        assert_eq!(lockfile.requirements[0].to_string(), "a@^1");
        assert_eq!(lockfile.answers["word"], "mine");
        assert!(!project.lockfile.contains("hunter2") && !project.lockfile.contains("token"));
    }
}

#[test]
fn a_requirement_that_the_locked_version_does_not_meet_moves_it() {
    let json = r#"{"type":"generate","packs":["a@^1.1"],"target":true}"#;
    let project = again(&["1.0.0", "1.1.0", "1.2.0!"], json).unwrap();
    assert_eq!(project.packs[0].version.to_string(), "1.1.0");
    assert_eq!(project.answers["word"].to_string(), "mine", "answers stay");
}

#[test]
fn what_depends_on_a_secret_is_never_shown() {
    let told = again(&["1.0.0"], AGAIN).unwrap_err();
    let key = told.split("error[").find(|error| error.contains("`key`")).unwrap();
    assert_eq!(
        key.trim_end(),
        "out-of-date]: `key` is not what the packs give\n  help: generate again, with `--force` if it was edited, or change answers or packs"
    );
    assert!(!told.contains("hunter2"), "{told}");
}

#[test]
fn no_digest_tells_a_secret() {
    let made = |token: &str| {
        let json = r#"{"type":"generate","packs":["a"],"answers":{"project_name":"demo","token":"TOKEN"}}"#;
        project(server(&["1.0.0"]).run(http(&json.replace("TOKEN", token))).unwrap())
    };
    assert_eq!(made("1234").lockfile, made("5678").lockfile);
    // It is known again all the same, and another secret takes no edit away.
    let again = |token: &str| {
        let mut host = server(&["1.0.0"]);
        host.roots.insert("target".into(), generated());
        let json = AGAIN.replace(",\"check\":true", "");
        let answers = format!(",\"answers\":{{\"token\":\"{token}\",\"word\":\"other\"}}}}");
        project(host.run(http(&json.replace('}', &answers))).unwrap())
    };
    let told = |project: &Project| {
        project.warnings.iter().map(|warning| warning.message.clone()).collect::<Vec<_>>()
    };
    assert_eq!(told(&again("hunter2")), [""; 0]);
    assert_eq!(told(&again("hunter3")), ["`key` stays as it is, perhaps with another secret"]);
}

#[test]
fn a_timestamp_that_is_asked_for_is_taken() {
    let json = r#"{"type":"generate","target":true,"timestamp":"2028-02-29T00:00:00Z"}"#;
    let lockfile = Lockfile::parse(&again(&["1.0.0"], json).unwrap().lockfile).unwrap();
    assert_eq!(lockfile.timestamp, "2028-02-29T00:00:00Z");
    let told = again(&["1.0.0"], &json.replace("2028-02", "2028-20")).unwrap_err();
    assert!(told.starts_with("error[invalid-input]: `2028-20"), "{told}");
}

/// A project with its lockfile changed.
fn with_lock(change: impl Fn(String) -> String) -> Directory {
    let mut project = generated();
    let lock = project.get_mut("packwright.lock").unwrap();
    let crate::host::Node::File { content, .. } = lock else { panic!() };
    *content = change(String::from_utf8(content.clone()).unwrap()).into_bytes();
    project
}

#[test]
fn a_newer_packwright_alone_changes_nothing() {
    let mut host = server(&["1.0.0"]);
    let version = format!("generator = \"{}\"", env!("CARGO_PKG_VERSION"));
    host.roots.insert("target".into(), with_lock(|text| text.replace(&version, "generator = \"0.0.1\"")));
    let json = AGAIN.replace("}", ",\"answers\":{\"token\":\"hunter2\"}}");
    let project = project(host.run(http(&json)).unwrap_or_else(|errors| panic!("{}", shown(&errors))));
    assert!(project.lockfile.contains("generator = \"0.0.1\""));
}

#[test]
fn a_name_never_changes_its_registry_unseen() {
    let mut host = server(&["1.0.0", "1.1.0"]);
    let private = |text: String| text.replace("registry = \"starter\"", "registry = \"private\"");
    host.roots.insert("target".into(), with_lock(private));
    assert_eq!(
        shown(&host.run(http(AGAIN)).unwrap_err()),
        "error[invalid-lockfile]: packwright.lock has `a` from the registry `private`, which is not configured\n  help: name that registry with `--registry private=LOCATION`, or let it go with `--update a`"
    );
    let mut both = http(AGAIN);
    both.registries.push(packwright::session::RegistryInput {
        id: "private".into(),
        location: Location::Url { url: "https://private.example/".into() },
        scopes: Some(vec!["@private".into()]),
        authorization: None,
        archives: Vec::new(),
    });
    assert_eq!(
        shown(&host.run(both).unwrap_err()),
        "error[invalid-lockfile]: `a` would come from another registry than before\n  because packwright.lock has it from `private`, now it is `starter`\n  help: name that registry with `--registry private=LOCATION`, or let it go with `--update a`"
    );
}

#[test]
fn files_that_are_made_no_more_are_named() {
    let mut host = server(&["1.0.0"]);
    let more = |text: String| {
        let file = "[[file]]\npath = \"left.txt\"\npack = \"a\"\ntemplate = \"all\"\nhash = \"sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\"\n";
        format!("{text}\n{file}{}", file.replace("left", "gone"))
    };
    let mut target = with_lock(more);
    target.extend(directory([("left.txt", "")]));
    host.roots.insert("target".into(), target);
    let json = r#"{"type":"generate","target":true,"answers":{"token":"hunter2"}}"#;
    let made = project(host.run(http(json)).unwrap());
    let warnings: Vec<String> = made.warnings.iter().map(ToString::to_string).collect();
    assert_eq!(
        warnings,
        [
            "warning[out-of-date]: `left.txt` is no longer made by the packs and stays\n  help: remove it if you do not need it"
        ]
    );
    let errors =
        host.run(http(&json.replace("\"target\":true", "\"target\":true,\"check\":true"))).unwrap_err();
    assert!(shown(&errors).contains("error[out-of-date]: `left.txt` is no longer made by the packs"));
    // Removing it is all there is to do.
    let check = json.replace("\"target\":true", "\"target\":true,\"check\":true");
    let mut tidied = host.roots["target"].clone();
    tidied.remove("left.txt");
    put(&mut tidied, "packwright.lock", made.lockfile.as_bytes(), Mode::Regular);
    let mut tidy = server(&["1.0.0"]);
    tidy.roots.insert("target".into(), tidied);
    tidy.run(http(&check)).unwrap_or_else(|errors| panic!("{}", shown(&errors)));
    let paths = |made: &Project| {
        let files = Lockfile::parse(&made.lockfile).unwrap().files;
        files.into_iter().map(|file| file.path.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(paths(&made), ["key", "left.txt", "x"], "it is not forgotten");
    put(host.roots.get_mut("target").unwrap(), "left.txt", b"mine", Mode::Regular);
    let made = project(host.run(http(json)).unwrap());
    assert_eq!(
        (made.warnings.len(), paths(&made)),
        (1, vec!["key".to_owned(), "x".to_owned()]),
        "it is the user's"
    );
}

#[test]
fn a_published_version_that_changed_is_refused() {
    let mut host = server(&["1.0.0"]);
    let mut project = generated();
    let lock = project.get_mut("packwright.lock").unwrap();
    let crate::host::Node::File { content, .. } = lock else { panic!() };
    let text = String::from_utf8(content.clone()).unwrap();
    let integrity = text.lines().find(|line| line.starts_with("integrity")).unwrap();
    let other = format!("integrity = \"{}\"", packwright::registry::Digest::of(b"other"));
    *content = text.replace(integrity, &other).into_bytes();
    host.roots.insert("target".into(), project);
    let errors = host.run(http(AGAIN)).unwrap_err();
    assert_eq!(errors[0].code, Code::InvalidArchive);
    assert!(shown(&errors).contains("`a@1.0.0` is not what packwright.lock recorded"), "{}", shown(&errors));
}

#[test]
fn a_locked_version_that_is_gone_gives_way() {
    assert_eq!(
        again(&["1.3.0"], r#"{"type":"generate","target":true}"#).unwrap().packs[0].version.to_string(),
        "1.3.0"
    );
    let told = again(&["2.0.0"], AGAIN).unwrap_err();
    assert!(told.starts_with("error[conflict]") && told.contains("there is only `a` 2.0.0"), "{told}");
}

#[test]
fn every_starter_project_is_up_to_date_once_written() {
    for (name, json) in COMMANDS.iter().filter(|(_, json)| json.contains(r#""type":"generate""#)) {
        let mut host = Host::new([("registry:starter", directory(FILES.iter().copied()))]);
        let Ok(outcome) = host.run(command(json)) else {
            assert_eq!(*name, "conflict");
            continue;
        };
        let made = project(outcome);
        write(&mut host, &made);
        let check =
            project(host.run(command(AGAIN)).unwrap_or_else(|errors| panic!("{name}: {}", shown(&errors))));
        assert_eq!(check.lockfile, made.lockfile, "{name}");
        assert_eq!(check.contents, made.contents, "{name}");
    }
}

#[test]
fn a_file_that_only_failed_is_still_one_of_the_project() {
    let sources = |x: &str| directory([("a/pack.toml", pack("1.0.0").as_str()), ("a/x", x), ("a/key", "")]);
    let mut host = Host::new([("registry:starter", sources("{{ word }}\n"))]);
    let json = r#"{"type":"generate","packs":["a"],"answers":{"project_name":"demo"},"target":true,"keepGoing":true}"#;
    let made = project(host.run(command(json)).unwrap());
    write(&mut host, &made);
    host.roots.insert("registry:starter".to_owned(), sources("{{ wrod }}\n"));
    let again = project(host.run(command(json)).unwrap());
    assert_eq!(again.problems[0].code, Code::RenderFailed);
    let words: Vec<String> = again.warnings.iter().map(ToString::to_string).collect();
    assert!(!words.iter().any(|text| text.contains("no longer made")), "{words:?}");
    let files = |project: &Project| Lockfile::parse(&project.lockfile).unwrap().files;
    assert_eq!(files(&again), files(&made));
}

#[test]
fn what_was_edited_stays_while_the_packs_give_what_they_gave() {
    use packwright::plan::Action::{Conflict, Overwrite, Skip};
    let mut before = generated();
    put(&mut before, "x", b"edited\n", Mode::Regular);
    let action = |versions: &[&str], more: &str| {
        let mut host = server(versions);
        host.roots.insert("target".into(), before.clone());
        let json = format!(r#"{{"type":"generate","target":true,"answers":{{"token":"hunter2"}}{more}}}"#);
        let made = project(host.run(http(&json)).unwrap());
        let operations = made.plan.operations;
        operations.into_iter().find(|operation| operation.path.as_str() == "x").unwrap().action
    };
    assert_eq!(action(&["1.0.0"], ""), Skip);
    assert_eq!(action(&["1.0.0"], r#","ifThere":"merge""#), Skip);
    assert_eq!(action(&["1.0.0"], r#","ifThere":"overwrite""#), Overwrite);
    assert_eq!(action(&["1.0.0", "1.1.0"], r#","update":["a"]"#), Conflict);
}
