//! Registries of every kind give the same; what they get wrong is told with where it came from.

use packwright::archive;
use packwright::diagnostic::Code;
use packwright::session::{Location, Outcome, RegistryInput, RequestBody, SessionInput};

use crate::host::{Directory, Ending, Host, Node, command, directory, put, random, shown};
use crate::starter::FILES;

const GENERATE: &str =
    r#"{"type":"generate","packs":["github-ci","node-library"],"answers":{"project_name":"demo"}}"#;
const BASE: &str = "https://packs.example/r/";

fn built(sources: Directory) -> Vec<(String, Vec<u8>)> {
    let mut host = Host::new([("source", sources)]);
    let outcome = host.run(command(r#"{"type":"build-registry"}"#)).unwrap();
    let Outcome::BuildRegistry { files, .. } = &outcome else { panic!("{outcome:?}") };
    let content = outcome.contents();
    files.iter().map(|file| (file.path.clone(), content[file.offset..][..file.size].to_vec())).collect()
}

fn starter_index() -> Vec<(String, Vec<u8>)> {
    built(directory(FILES.iter().copied()))
}

fn http(json: &str) -> SessionInput {
    let mut input = command(json);
    input.registries[0].location = Location::Url { url: BASE.trim_end_matches('/').to_owned() };
    input
}

fn server(files: impl IntoIterator<Item = (String, Vec<u8>)>) -> Host {
    let urls = files.into_iter().map(|(path, content)| (format!("{BASE}{path}"), content)).collect();
    Host { urls, ..Host::default() }
}

#[test]
fn sources_and_static_indexes_on_disk_and_over_http_give_the_same() {
    let from_sources =
        Host::new([("registry:starter", directory(FILES.iter().copied()))]).run(command(GENERATE)).unwrap();
    assert!(from_sources.contents().len() > 1000);
    let index = starter_index();
    let from_disk =
        Host::new([("registry:starter", directory(index.clone()))]).run(command(GENERATE)).unwrap();
    assert_eq!(from_disk, from_sources);
    let from_http = server(index.clone()).run(http(GENERATE)).unwrap();
    assert_eq!(from_http, from_sources);
    for command_text in [r#"{"type":"list"}"#, r#"{"type":"show","pack":"rust-cli"}"#, GENERATE] {
        let expected = server(index.clone()).run(http(command_text));
        for seed in 0..8 {
            let found = server(index.clone()).run_shuffled(http(command_text), random(seed));
            assert_eq!(found, expected, "seed {seed}");
        }
    }
    let Ok(Outcome::List { packs }) = server(index).run(http(r#"{"type":"list"}"#)) else { panic!() };
    let names: Vec<&str> = packs.iter().map(|pack| pack.name.as_str()).collect();
    assert_eq!(names, ["base-project", "github-ci", "node-library", "rust-cli"]);
}

#[test]
fn an_index_is_the_same_for_the_same_sources_and_holds_what_unpacks_to_them() {
    let index = starter_index();
    assert_eq!(index, starter_index());
    let paths: Vec<&str> = index.iter().map(|(path, _)| path.as_str()).collect();
    assert!(paths.is_sorted());
    let (_, bytes) =
        index.iter().find(|(path, _)| path.starts_with("archives/rust-cli/1.0.0/")).expect("its archive");
    let unpacked = archive::unpack(bytes, archive::Layout::Plain).unwrap();
    let expected: Vec<(&str, &[u8])> = FILES
        .iter()
        .filter_map(|(path, content)| Some((path.strip_prefix("rust-cli/")?, *content)))
        .collect();
    let found: Vec<(&str, &[u8])> =
        unpacked.iter().map(|(path, file)| (path.as_str(), file.content.as_slice())).collect();
    assert_eq!(found, expected);
    let line = index.iter().find(|(path, _)| path == "index/node-library.jsonl").unwrap();
    let line: serde_json::Value = serde_json::from_slice(&line.1).unwrap();
    assert_eq!(line["dependencies"][0]["name"], "base-project");
}

#[test]
fn only_what_can_be_reached_is_fetched() {
    let mut host = server(starter_index());
    host.run(http(r#"{"type":"generate","packs":["rust-cli"],"answers":{"project_name":"x"}}"#)).unwrap();
    let mut fetched: Vec<String> = host
        .log
        .iter()
        .map(|body| match body {
            RequestBody::Fetch { url, .. } => url.strip_prefix(BASE).unwrap().to_owned(),
            other => panic!("{other:?}"),
        })
        .map(|path| path.split("/1.0.0/").next().unwrap().to_owned())
        .collect();
    fetched.sort();
    assert_eq!(
        fetched,
        [
            "archives/base-project",
            "archives/rust-cli",
            "config.json",
            "index/base-project.jsonl",
            "index/rust-cli.jsonl"
        ]
    );
}

const PACK: &str = "[pack]\nname = \"a\"\nversion = \"1.0.0\"\n";
const SHOW: &str = r#"{"type":"show","pack":"a"}"#;

fn small() -> Vec<(String, Vec<u8>)> {
    built(directory([("a/pack.toml", PACK)]))
}

/// What is told when one file of a good registry is another one, or gone.
fn with_file(path: &str, content: Option<&[u8]>) -> (Ending, Ending) {
    let files: Vec<(String, Vec<u8>)> = small()
        .into_iter()
        .filter_map(|(at, old)| {
            if !at.starts_with(path) {
                return Some((at, old));
            }
            content.map(|content| (at, content.to_vec()))
        })
        .collect();
    (server(files.clone()).run(http(SHOW)), server(files).run(http(r#"{"type":"list"}"#)))
}

#[test]
fn damage_is_told_with_code_and_place() {
    let said = |ending: Ending| {
        let errors = ending.unwrap_err();
        (errors[0].code, shown(&errors))
    };
    let (code, text) = said(with_file("config.json", Some(b"<!doctype html>")).0);
    assert_eq!(code, Code::BadResponse);
    assert!(text.contains("config.json is an HTML page, not JSON"), "{text}");
    assert!(text.contains("it came from the registry `starter` at https://packs.example/r/"), "{text}");
    let (code, text) = said(with_file("config.json", None).0);
    assert_eq!(code, Code::FileNotFound);
    assert!(text.contains("has no config.json, so it is no static index"), "{text}");
    assert_eq!(
        said(with_file("config.json", Some(br#"{"v":2,"archives":"x"}"#)).0).0,
        Code::UnsupportedFormat
    );
    assert_eq!(
        said(with_file("config.json", Some(br#"{"v":1,"archives":"../x"}"#)).0).0,
        Code::InvalidRegistry
    );
    for outside in ["/x", "https://x", "a\\\\..\\\\..\\\\x", "C:/x", "{name}/../../x", "CON"] {
        let config = format!("{{\"v\":1,\"archives\":\"{outside}\"}}");
        let (code, text) = said(with_file("config.json", Some(config.as_bytes())).0);
        assert_eq!(code, Code::InvalidRegistry, "{outside}");
        assert!(text.contains("`archives` in config.json is not a path below the registry"), "{text}");
    }
    assert_eq!(said(with_file("config.json", Some(b"\xff")).0).0, Code::BadResponse);
    let (code, text) = said(with_file("index/", Some(b"{}\n{\"v\":1}\n")).0);
    assert_eq!(code, Code::InvalidRegistry);
    assert!(text.contains("line 2 of index/a.jsonl is broken"), "{text}");
    assert_eq!(said(with_file("index/", None).0).0, Code::PackNotFound);
    let (code, text) = said(with_file("archives/", Some(b"other bytes")).0);
    assert_eq!(code, Code::InvalidArchive);
    assert!(text.contains("its digest is sha256-") && text.contains("the registry says sha256-"), "{text}");
    let (code, text) = said(with_file("archives/", None).0);
    assert_eq!(code, Code::FileNotFound);
    assert!(text.contains("the archive of `a@1.0.0` is not there"), "{text}");
    let (code, text) = said(with_file("catalog.json", None).1);
    assert_eq!(code, Code::FileNotFound);
    assert!(text.contains("has no catalog.json"), "{text}");
    assert_eq!(said(with_file("catalog.json", Some(b"{\"v\":1}")).1).0, Code::InvalidRegistry);
}

#[test]
fn an_archive_must_hold_the_pack_its_line_names() {
    let index = small();
    let other = built(directory([("b/pack.toml", PACK.replace("\"a\"", "\"b\""))]));
    let line =
        String::from_utf8(other.iter().find(|(path, _)| path.starts_with("index/")).unwrap().1.clone());
    let line = line.unwrap().replace("\"b\"", "\"a\"");
    let archive = other.iter().find(|(path, _)| path.starts_with("archives/")).unwrap();
    let files = index.into_iter().map(|(path, content)| match path.as_str() {
        "index/a.jsonl" => (path, line.clone().into_bytes()),
        _ => (path, content),
    });
    let files = files.chain([(archive.0.replace("/b/", "/a/"), archive.1.clone())]);
    let errors = server(files).run(http(SHOW)).unwrap_err();
    assert_eq!(errors[0].code, Code::InvalidArchive);
    assert!(shown(&errors).contains("its pack.toml says it is `b@1.0.0`"), "{}", shown(&errors));
}

#[test]
fn sources_that_are_no_packs_are_told() {
    let told = |sources: Directory, json: &str| {
        let mut host = Host::new([("registry:starter", sources.clone()), ("source", sources)]);
        shown(&host.run(command(json)).unwrap_err())
    };
    let misnamed = || directory([("b/pack.toml", PACK)]);
    for json in [r#"{"type":"show","pack":"b"}"#, r#"{"type":"list"}"#, r#"{"type":"build-registry"}"#] {
        let text = told(misnamed(), json);
        assert!(text.contains("error[invalid-manifest]: the directory `b` holds `a@1.0.0`"), "{text}");
    }
    let mut linked = directory([("a/pack.toml", PACK)]);
    linked.insert("a/link".into(), Node::Link);
    assert!(
        told(linked, SHOW).contains("error[invalid-archive]: `a/link` is neither a file nor a directory")
    );
    assert!(
        told(directory([("a/pack.toml", PACK), ("a/CON", "")]), SHOW).contains("error[invalid-path]: `CON`")
    );
    for place in ["Rust_cli/pack.toml", "a/v1/pack.toml", "@acme/B/pack.toml"] {
        let text = told(directory([(place, PACK)]), r#"{"type":"build-registry"}"#);
        assert!(text.contains("named neither like one nor like a version"), "{text}");
    }
    let misplaced = directory([("a/2.0.0/pack.toml", PACK)]);
    assert!(told(misplaced, SHOW).contains("the directory `a/2.0.0` holds `a@1.0.0`"));
    assert!(told(twice(), SHOW).contains("error[invalid-registry]: there are two sources of `a@1.0.0"));
    let text = told(directory([("x", "")]), r#"{"type":"build-registry"}"#);
    assert!(text.contains("there are no packs in the directory"), "{text}");
    let text = told(directory([("a/pack.toml", "\u{feff}")]), SHOW);
    assert!(text.contains("at a/pack.toml"), "{text}");
    let text = told(directory([("a/pack.toml", [0xff_u8])]), SHOW);
    assert!(text.contains("a/pack.toml is not UTF-8"), "{text}");
    assert!(told(Directory::new(), SHOW).contains("check the registry's directory"));
}

/// Build metadata makes no other version.
fn twice() -> Directory {
    let built = PACK.replace("1.0.0", "1.0.0+b");
    directory([("a/1.0.0/pack.toml", PACK.to_owned()), ("a/1.0.0+b/pack.toml", built)])
}

#[test]
fn an_index_is_not_built_from_two_sources_of_one_version() {
    let errors = Host::new([("source", twice())]).run(command(r#"{"type":"build-registry"}"#)).unwrap_err();
    assert!(shown(&errors).contains("there are two sources of `a@1.0.0`"), "{}", shown(&errors));
}

#[test]
fn what_tools_leave_behind_is_no_part_of_a_pack() {
    let mut sources = directory([
        ("a/pack.toml", PACK),
        ("a/.git/config", "x"),
        ("a/node_modules/x/y", "x"),
        ("a/target/x", "x"),
        ("README.md", "of the registry"),
        ("Notes/todo.txt", "no pack"),
    ]);
    sources.insert(".DS_Store".into(), Node::Link);
    assert_eq!(built(sources), small());
}

#[test]
fn what_only_looks_like_a_left_over_is_part_of_a_pack() {
    let sources = directory([("a/pack.toml", PACK), ("a/src/target/mod.rs", ""), ("a/deploy/target", "")]);
    assert_ne!(built(sources), small());
}

#[test]
fn an_archive_must_have_the_dependencies_and_the_size_its_line_says() {
    for (from, to, told) in [
        (
            "\"dependencies\":[]",
            "\"dependencies\":[{\"name\":\"b\",\"constraint\":\"*\",\"optional\":true}]",
            "other dependencies",
        ),
        ("\"size\":", "\"size\":1", "bytes, the registry says"),
    ] {
        let files = small().into_iter().map(|(path, content)| match path.as_str() {
            "index/a.jsonl" => (path, String::from_utf8(content).unwrap().replace(from, to).into_bytes()),
            _ => (path, content),
        });
        let errors = server(files).run(http(SHOW)).unwrap_err();
        assert_eq!(errors[0].code, Code::InvalidArchive);
        assert!(shown(&errors).contains(told), "{}", shown(&errors));
    }
}

#[test]
fn modes_survive_the_archive() {
    let mut sources =
        directory([("a/pack.toml", format!("{PACK}[[templates]]\nname = \"all\"\nsource = \"files/\"\n"))]);
    put(&mut sources, "a/files/run", b"#!/bin/sh\n", packwright::manifest::Mode::Executable);
    let json = r#"{"type":"generate","packs":["a"],"answers":{"project_name":"x"}}"#;
    let expected = Host::new([("registry:starter", sources.clone())]).run(command(json)).unwrap();
    let Outcome::Generate { project } = &expected else { panic!() };
    assert_eq!(project.plan.operations[0].mode, packwright::manifest::Mode::Executable);
    assert_eq!(server(built(sources)).run(http(json)).unwrap(), expected);
}

#[test]
fn a_scope_belongs_to_one_registry() {
    let pack =
        |name: &str| directory([(format!("{name}/pack.toml"), PACK.replace("\"a\"", &format!("{name:?}")))]);
    let mut host =
        Host::new([("registry:public", pack("@acme/tool")), ("registry:private", directory([("x", "")]))]);
    let mut input = command(r#"{"type":"show","pack":"@acme/tool"}"#);
    let registry = |id: &str, scopes: &[&str]| RegistryInput {
        id: id.into(),
        location: Location::Directory,
        scopes: (!scopes.is_empty()).then(|| scopes.iter().map(|scope| (*scope).to_owned()).collect()),
        authorization: None,
        archives: Vec::new(),
    };
    input.registries = vec![registry("public", &[]), registry("private", &["@acme"])];
    let errors = host.run(input.clone()).unwrap_err();
    assert_eq!(errors[0].code, Code::PackNotFound, "a public name does not shadow a private one");
    host.roots.insert("registry:private".into(), pack("@acme/tool"));
    let Ok(Outcome::Show { pack: shown_pack }) = host.run(input.clone()) else { panic!() };
    assert_eq!(shown_pack.registry.as_str(), "private");
    let Ok(Outcome::List { packs }) =
        host.run(SessionInput { command: packwright::session::Command::List, ..input.clone() })
    else {
        panic!()
    };
    assert_eq!(packs.iter().map(|pack| pack.registry.as_str()).collect::<Vec<_>>(), ["private"]);
    input.registries = vec![registry("private", &["@other"])];
    let errors = host.run(input).unwrap_err();
    assert!(shown(&errors).contains("no registry is configured for `@acme/tool`"), "{}", shown(&errors));
}

/// With several faults at once, the one that is told must not depend on which reply came first.
#[test]
fn the_order_of_answers_does_not_choose_between_errors() {
    let mut sources = directory([("a/pack.toml", PACK)]);
    for name in ["b", "c", "d"] {
        put(
            &mut sources,
            &format!("{name}/pack.toml"),
            PACK.replace("\"a\"", &format!("{name:?}")).as_bytes(),
            Default::default(),
        );
    }
    let mut index = built(sources);
    for (path, content) in &mut index {
        if path.starts_with("archives/") {
            content.push(0);
        }
    }
    let json = r#"{"type":"generate","packs":["a","b","c","d"],"answers":{"project_name":"x"}}"#;
    let expected = shown(&server(index.clone()).run(http(json)).unwrap_err());
    for seed in 0..32 {
        let found = shown(&server(index.clone()).run_shuffled(http(json), random(seed)).unwrap_err());
        assert_eq!(found, expected, "seed {seed}");
    }
    let linked = |names: &[&str]| {
        let mut sources = directory([("a/pack.toml", PACK)]);
        for name in names {
            sources.insert(format!("a/{name}"), Node::Directory);
            sources.insert(
                format!("a/{name}/CON"),
                Node::File { content: Vec::new(), mode: Default::default() },
            );
        }
        Host::new([("registry:starter", sources)])
    };
    let expected = shown(&linked(&["x", "y", "z"]).run(command(SHOW)).unwrap_err());
    for seed in 0..16 {
        let found = shown(&linked(&["x", "y", "z"]).run_shuffled(command(SHOW), random(seed)).unwrap_err());
        assert_eq!(found, expected, "seed {seed}");
    }
}
