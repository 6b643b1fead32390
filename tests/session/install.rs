//! What installing does when nothing goes wrong, and what it says when it cannot.

use std::collections::BTreeMap;

use packwright::archive::{Files, PackFile};
use packwright::diagnostic::{Code, Diagnostic};
use packwright::lockfile::Lockfile;
use packwright::manifest::Mode;
use packwright::registry::Digest;
use packwright::session::{
    Capabilities, HostErrorKind, InstallAction, Installation, InstalledItem, Location, Outcome, OutdatedItem,
    Progress, RegistryInput, Reply, RequestBody, Session, SessionInput, Step,
};

use crate::host::{
    CAPABILITIES, Directory, ERRORS, Ending, Fault, Host, Node, command, directory, put, random, shown,
};
use crate::packages::{Package, npm_registry, static_index};

const LOCKFILE: &str = "packwright.lock";
const RECORD: &str = ".packwright/installed.json";
const JOURNAL: &str = ".packwright/journal.json";

/// `web` needs `base` and, from version 2 on, no longer `tools`; `base` wants a package with a place of
/// its own and one without.
const SOURCES: &[(&str, &str)] = &[
    (
        "web/1.0.0/pack.toml",
        "[pack]\nname = \"web\"\nversion = \"1.0.0\"\n[dependencies]\nbase = \"^1\"\ntools = \"*\"\n",
    ),
    ("web/1.0.0/files/server.js", "one\n"),
    ("web/1.0.0/files/gone.js", "only in the first\n"),
    ("web/2.0.0/pack.toml", "[pack]\nname = \"web\"\nversion = \"2.0.0\"\n[dependencies]\nbase = \"^1\"\n"),
    ("web/2.0.0/files/server.js", "two\n"),
    (
        "base/1.0.0/pack.toml",
        "[pack]\nname = \"base\"\nversion = \"1.0.0\"\n[packages]\nleft = { version = \"^1\", registry = \"hub\", install-path = \"vendor/left\" }\n\"@pad/right\" = { version = \"^1\", registry = \"hub\" }\n",
    ),
    (
        "tools/1.0.0/pack.toml",
        "[pack]\nname = \"tools\"\nversion = \"1.0.0\"\n[hooks]\npost-install = [\"make\", \"make check\"]\n",
    ),
    ("alone/1.0.0/pack.toml", "[pack]\nname = \"alone\"\nversion = \"1.0.0\"\n"),
    (
        "zeal/1.0.0/pack.toml",
        "[pack]\nname = \"zeal\"\nversion = \"1.0.0\"\n[hooks]\npost-install = [\"greet\"]\n",
    ),
];

fn package<'p>(name: &'p str, version: &'p str) -> Package<'p> {
    let file = |content: String| PackFile { content: content.into_bytes(), mode: Mode::Regular };
    let files =
        [("package.json", format!("{{\"name\":\"{name}\"}}\n")), ("lib/index.js", format!("// {version}\n"))];
    (name, version, files.into_iter().map(|(path, text)| (path.parse().unwrap(), file(text))).collect())
}

fn packages() -> Vec<Package<'static>> {
    let mut left = package("left", "1.0.0");
    let tool = PackFile { content: b"#!/bin/sh\n".to_vec(), mode: Mode::Executable };
    Files::insert(&mut left.2, "bin/left".parse().unwrap(), tool);
    vec![left, package("left", "1.1.0"), package("@pad/right", "1.0.0")]
}

/// Everything that is served, and a target.
fn host(target: Directory) -> Host {
    Host::new([
        ("registry:starter", directory(SOURCES.iter().copied())),
        ("registry:hub", directory(static_index(&packages()))),
        ("target", target),
    ])
}

fn empty() -> Directory {
    directory::<&str, &str>([])
}

fn asking(json: &str) -> SessionInput {
    let mut input = command(json);
    input.registries.push(RegistryInput {
        id: "hub".into(),
        location: Location::Directory,
        scopes: Some(Vec::new()),
        authorization: None,
        archives: Vec::new(),
    });
    input
}

/// The hooks that ran, and where.
fn commands(host: &Host) -> Vec<(String, String)> {
    let ran = host.log.iter().filter_map(|body| match body {
        RequestBody::Run { path, command, .. } => Some((path.clone(), command.clone())),
        _ => None,
    });
    ran.collect()
}

#[test]
fn a_hook_that_fails_keeps_only_those_of_its_pack_from_running() {
    let mut host = host(empty());
    host.exits.insert("make".to_owned(), Some(1));
    let both = || install(r#""packs":["tools","zeal"],"hooks":"run""#);
    let (code, _, told) = refused(host.run(both()));
    assert_eq!(code, Code::InstallFailed, "{told}");
    let ran = |host: &Host| commands(host).into_iter().map(|(_, command)| command).collect::<Vec<_>>();
    assert_eq!(ran(&host), ["make", "greet"]);
    host.exits.clear();
    installation(host.run(both()));
    assert_eq!(ran(&host), ["make", "greet", "make", "make check"]);
}

#[test]
fn what_is_installed_stays_where_it_is() {
    let mut host = host(empty());
    assert_eq!(installation(host.run(install(r#""packs":["alone"],"into":"lib""#))).into, "lib");
    let before = host.project();
    let done = installation(host.run(install(r#""packs":[]"#)));
    assert_eq!((done.into.as_str(), done.items[0].path.as_str()), ("lib", "lib/alone"));
    assert_eq!(host.project(), before);
    installation(host.run(install(r#""packs":["web@^2"]"#)));
    assert!(host.roots["target"].contains_key("lib/web/pack.toml"));
}

/// An install without hooks; `more` goes into its JSON.
fn install(more: &str) -> SessionInput {
    let more =
        if more.contains("\"hooks\"") { more.to_owned() } else { format!("\"hooks\":\"skip\",{more}") };
    asking(&format!("{{\"type\":\"install\",{}}}", more.trim_end_matches(',')))
}

fn uninstall(packs: &str) -> SessionInput {
    asking(&format!("{{\"type\":\"uninstall\",\"packs\":{packs}}}"))
}

fn installation(ending: Ending) -> Installation {
    match ending.unwrap_or_else(|errors| panic!("{}", shown(&errors))) {
        Outcome::Install { installation } | Outcome::Uninstall { installation } => *installation,
        other => panic!("{other:?}"),
    }
}

/// What becomes of what, a line each.
fn items(installation: &Installation) -> Vec<String> {
    let line = |item: &packwright::session::InstallItem| {
        let action = format!("{:?}", item.action).to_lowercase();
        format!("{action} {} {} {}", item.identity, item.version, item.path)
    };
    installation.items.iter().map(line).collect()
}

/// The error that is told first, with all that is said.
fn refused(ending: Ending) -> (Code, u8, String) {
    let errors = ending.expect_err("it is refused");
    (errors[0].code, errors[0].exit_code, shown(&errors))
}

fn warnings(installation: &Installation) -> Vec<String> {
    installation.warnings.iter().map(Diagnostic::to_string).collect()
}

fn text(host: &Host, path: &str) -> String {
    match host.roots["target"].get(path) {
        Some(Node::File { content, .. }) => String::from_utf8(content.clone()).unwrap(),
        other => panic!("{path}: {other:?}"),
    }
}

fn paths(host: &Host) -> Vec<String> {
    let files = host.project().into_iter().filter(|(_, node)| matches!(node, Node::File { .. }));
    files.map(|(path, _)| path).collect()
}

/// A target with `web@1` and what it needs.
fn with_web() -> Host {
    let mut host = host(empty());
    installation(host.run(install(r#""packs":["web@^1"]"#)));
    host
}

fn writes(host: &Host, from: usize) -> bool {
    let is_write = |body: &RequestBody| {
        matches!(
            body,
            RequestBody::Create { .. }
                | RequestBody::Rename { .. }
                | RequestBody::MakeDirectory { .. }
                | RequestBody::CacheWrite { .. }
        )
    };
    host.log[from..].iter().any(is_write)
}

#[test]
fn packs_and_packages_have_their_places() {
    let mut host = host(empty());
    let done = installation(host.run(install(r#""packs":["web@^1"]"#)));
    assert_eq!(
        items(&done),
        [
            "add base 1.0.0 .packwright/packages/base",
            "add tools 1.0.0 .packwright/packages/tools",
            "add hub:@pad/right 1.0.0 .packwright/packages/hub/@pad/right",
            "add hub:left 1.1.0 .packwright/packages/vendor/left",
            "add web 1.0.0 .packwright/packages/web",
        ],
        "by level, then by name"
    );
    assert!(done.written);
    assert_eq!(
        paths(&host),
        [
            ".packwright/.gitignore",
            ".packwright/installed.json",
            ".packwright/packages/base/pack.toml",
            ".packwright/packages/hub/@pad/right/lib/index.js",
            ".packwright/packages/hub/@pad/right/package.json",
            ".packwright/packages/tools/pack.toml",
            ".packwright/packages/vendor/left/lib/index.js",
            ".packwright/packages/vendor/left/package.json",
            ".packwright/packages/web/files/gone.js",
            ".packwright/packages/web/files/server.js",
            ".packwright/packages/web/pack.toml",
            "packwright.lock",
        ]
    );
    assert_eq!(text(&host, ".packwright/packages/web/files/server.js"), "one\n");
    let lock = Lockfile::parse(&text(&host, LOCKFILE)).unwrap();
    assert_eq!(lock.requirements[0].to_string(), "web@^1");
    assert_eq!((lock.packs.len(), lock.packages.len(), lock.files.len()), (3, 2, 0));
    assert_eq!(lock.timestamp, crate::starter::TIMESTAMP);
}

#[test]
fn what_is_written_follows_the_levels_and_the_lockfile_comes_last() {
    let host = with_web();
    let placed = host.log.iter().filter_map(|body| match body {
        RequestBody::Rename { from, to, .. } if from.contains("/staging/new-") => Some(to.as_str()),
        _ => None,
    });
    assert_eq!(
        placed.collect::<Vec<_>>(),
        [
            ".packwright/packages/base",
            ".packwright/packages/tools",
            ".packwright/packages/hub/@pad/right",
            ".packwright/packages/vendor/left",
            ".packwright/packages/web",
            ".packwright/installed.json",
            ".packwright/.gitignore",
            "packwright.lock",
        ],
        "whole directories, where nothing was there"
    );
    let journal =
        host.log.iter().position(|body| matches!(body, RequestBody::Rename { to, .. } if to == JOURNAL));
    let first = host
        .log
        .iter()
        .position(|body| matches!(body, RequestBody::Rename { from, .. } if from.contains("/new-")));
    let synced = |at: usize| matches!(&host.log[at], RequestBody::Sync { .. });
    assert!(synced(journal.unwrap() - 1) && synced(journal.unwrap() + 1) && journal < first);
}

#[test]
fn what_is_installed_is_not_installed_again() {
    let mut host = with_web();
    let (before, requests) = (host.project(), host.log.len());
    for again in [r#""packs":["web@^1"]"#, r#""packs":[]"#] {
        let done = installation(host.run(install(again)));
        assert!(done.items.iter().all(|item| item.action == InstallAction::Keep), "{:?}", items(&done));
        assert_eq!((done.bytes, done.changes.len()), (0, 0));
    }
    assert!(!writes(&host, requests));
    assert_eq!(host.project(), before);
    let done = installation(host.run(install(r#""packs":[],"force":true"#)));
    assert!(done.items.iter().all(|item| item.action == InstallAction::Keep), "{:?}", items(&done));
    assert_eq!(host.project(), before, "not even by force");
    let is_archive_read =
        |body: &RequestBody| matches!(body, RequestBody::Read { path, .. } if path.ends_with(".tgz"));
    assert!(host.log[requests..].iter().any(is_archive_read), "though then all is compared");
}

#[test]
fn other_directories_take_what_is_installed_there() {
    let mut host = host(directory([("src/main.js", "mine\n")]));
    installation(host.run(install(r#""packs":["base"],"into":"third/party""#)));
    assert_eq!(text(&host, "third/party/vendor/left/lib/index.js"), "// 1.1.0\n");
    let done = installation(host.run(install(r#""packs":["alone"],"into":"""#)));
    assert_eq!(
        items(&done),
        [
            "add alone 1.0.0 alone",
            "add base 1.0.0 base",
            "add hub:@pad/right 1.0.0 hub/@pad/right",
            "add hub:left 1.1.0 vendor/left",
        ],
        "all that is asked for is here as well, and what is elsewhere stays there"
    );
    assert_eq!(text(&host, "third/party/base/pack.toml"), text(&host, "base/pack.toml"));
    assert_eq!(text(&host, "src/main.js"), "mine\n");
    for outside in
        ["..", "../x", "/x", "a/../../x", "C:/x", ".git", ".packwright", ".packwright/staging", "a\\b"]
    {
        let more = format!("\"packs\":[\"alone\"],\"into\":{}", serde_json::to_string(outside).unwrap());
        let (code, exit, text) = refused(host.run(install(&more)));
        assert_eq!((code, exit), (Code::InvalidPath, 11), "{text}");
    }
}

#[test]
fn packs_that_are_named_join_what_is_asked_for() {
    let mut host = with_web();
    let done = installation(host.run(install(r#""packs":["alone"]"#)));
    assert_eq!(done.changes.iter().map(ToString::to_string).collect::<Vec<_>>(), ["+ alone 1.0.0"]);
    let lock = Lockfile::parse(&text(&host, LOCKFILE)).unwrap();
    let asked: Vec<String> = lock.requirements.iter().map(ToString::to_string).collect();
    assert_eq!(asked, ["web@^1", "alone@*"]);
    let done = installation(host.run(install(r#""packs":["web@*"],"update":["web"]"#)));
    let changes: Vec<String> = done.changes.iter().map(ToString::to_string).collect();
    assert_eq!(
        changes,
        ["- tools 1.0.0", "~ web 1.0.0 -> 2.0.0"],
        "one that is named again is asked for anew"
    );
    let asked = Lockfile::parse(&text(&host, LOCKFILE)).unwrap().requirements;
    assert_eq!(asked.iter().map(ToString::to_string).collect::<Vec<_>>(), ["alone@*", "web@*"]);
}

#[test]
fn what_is_no_longer_needed_goes() {
    let mut host = with_web();
    let done = installation(host.run(install(r#""packs":["web@^2"]"#)));
    assert!(items(&done).contains(&"replace web 2.0.0 .packwright/packages/web".to_owned()));
    assert_eq!(items(&done).last().unwrap(), "remove tools 1.0.0 .packwright/packages/tools");
    let left = paths(&host);
    assert!(left.iter().all(|path| !path.contains("/tools/") && !path.ends_with("gone.js")), "{left:?}");
    assert!(!host.roots["target"].contains_key(".packwright/packages/tools"), "nor is its directory there");
    assert_eq!(text(&host, ".packwright/packages/web/files/server.js"), "two\n");
}

#[test]
fn a_pack_without_what_it_depends_on() {
    let mut host = host(empty());
    let done = installation(host.run(install(r#""packs":["web"],"alone":true"#)));
    assert_eq!(items(&done), ["add web 2.0.0 .packwright/packages/web"]);
    let lock = Lockfile::parse(&text(&host, LOCKFILE)).unwrap();
    assert_eq!(lock.packs.len(), 2, "what it depends on is settled all the same");
    let done = installation(host.run(install(r#""packs":[]"#)));
    assert_eq!(done.items.iter().filter(|item| item.action == InstallAction::Add).count(), 3);
}

#[test]
fn keeping_to_the_lockfile() {
    let mut host = host(empty());
    let (code, exit, text_of) = refused(host.run(install(r#""packs":["web"],"locked":true"#)));
    assert_eq!((code, exit), (Code::FileNotFound, 1), "{text_of}");
    let mut host = with_web();
    let before = host.project();
    installation(host.run(install(r#""packs":[],"locked":true"#)));
    let (code, exit, told) = refused(host.run(install(r#""packs":["alone"],"locked":true"#)));
    assert_eq!((code, exit), (Code::OutOfDate, 13), "{told}");
    assert!(told.contains("+ alone 1.0.0"), "{told}");
    assert_eq!(host.project(), before);
}

#[test]
fn files_that_were_edited_are_not_lost() {
    let edited = ".packwright/packages/web/files/server.js";
    let mut host = with_web();
    put(host.roots.get_mut("target").unwrap(), edited, b"mine\n", Mode::Regular);
    let before = host.project();
    let (code, exit, told) = refused(host.run(install(r#""packs":["web@^2"]"#)));
    assert_eq!((code, exit), (Code::FileConflict, 13));
    assert_eq!(
        told,
        "error[file-conflict]: `.packwright/packages/web/files/server.js` was changed since it was installed\n  help: add `--force` to replace it, or keep your change elsewhere first"
    );
    assert_eq!(host.project(), before);
    let done = installation(host.clone().run(install(r#""packs":["web@^2"],"force":true"#)));
    assert_eq!(warnings(&done), Vec::<String>::new());
    let done = installation(host.run(uninstall(r#"["web"]"#)));
    assert_eq!(
        warnings(&done),
        [
            "warning[out-of-date]: `.packwright/packages/web/files/server.js` was changed since it was installed, and stays\n  help: remove it if you do not need it"
        ]
    );
    assert_eq!(paths(&host), [edited]);
    let (code, _, told) = refused(host.run(install(r#""packs":["web@^2"]"#)));
    assert_eq!(code, Code::FileConflict);
    assert!(told.contains("is there already and differs"), "it is no longer ours: {told}");
}

#[test]
fn an_edited_file_of_a_version_that_stays_is_kept() {
    let edited = ".packwright/packages/web/files/server.js";
    let mut host = with_web();
    let before = host.project();
    let target = host.roots.get_mut("target").unwrap();
    put(target, edited, b"mine, and longer\n", Mode::Regular);
    target.remove(".packwright/packages/web/files/gone.js");
    let done = installation(host.run(install(r#""packs":[]"#)));
    assert_eq!(warnings(&done).len(), 1, "{:?}", warnings(&done));
    assert!(warnings(&done)[0].contains(edited), "{:?}", warnings(&done));
    assert_eq!(text(&host, edited), "mine, and longer\n");
    assert_eq!(
        text(&host, ".packwright/packages/web/files/gone.js"),
        "only in the first\n",
        "what is gone comes back"
    );
    installation(host.run(install(r#""packs":[],"force":true"#)));
    assert_eq!(host.project(), before);
}

#[test]
fn a_file_the_user_put_beside_stays() {
    let mine = ".packwright/packages/tools/notes.txt";
    let mut host = with_web();
    put(host.roots.get_mut("target").unwrap(), mine, b"mine\n", Mode::Regular);
    let done = installation(host.run(install(r#""packs":["web@^2"]"#)));
    assert_eq!(
        warnings(&done),
        [
            "warning[out-of-date]: `.packwright/packages/tools` stays, because it has a file that did not come with it\n  help: remove it if you do not need it"
        ]
    );
    assert_eq!(text(&host, mine), "mine\n");
    assert!(!host.roots["target"].contains_key(".packwright/packages/tools/pack.toml"));
}

#[test]
fn taking_out() {
    let mut host = with_web();
    installation(host.run(install(r#""packs":["alone"]"#)));
    let done = installation(host.run(uninstall(r#"["alone"]"#)));
    assert_eq!(items(&done), ["remove alone 1.0.0 .packwright/packages/alone"]);
    assert_eq!(done.changes.iter().map(ToString::to_string).collect::<Vec<_>>(), ["- alone 1.0.0"]);
    for needed in ["base", "tools"] {
        let (code, exit, told) = refused(host.run(uninstall(&format!("[{needed:?}]"))));
        assert_eq!((code, exit), (Code::Conflict, 5));
        assert!(told.contains("`web@1.0.0` requires it"), "{told}");
    }
    let (code, exit, told) = refused(host.run(uninstall(r#"["wbe"]"#)));
    assert_eq!((code, exit), (Code::PackNotFound, 1));
    assert_eq!(told, "error[pack-not-found]: `wbe` is not installed\n  help: did you mean `web`?");
    assert_eq!(refused(host.run(uninstall("[]"))).0, Code::Usage);
    assert_eq!(refused(host.run(uninstall(r#"["W"]"#))).0, Code::InvalidName);
    let requests = host.log.len();
    installation(host.run(asking(r#"{"type":"uninstall","packs":["web"],"dryRun":true}"#)));
    assert!(!writes(&host, requests));
    let done = installation(host.run(uninstall(r#"["web"]"#)));
    assert_eq!(done.items.len(), 5, "with everything that only it needed");
    assert_eq!(paths(&host), Vec::<String>::new(), "the lockfile, too, goes with the last of it");
    let (code, _, told) = refused(host.run(uninstall(r#"["web"]"#)));
    assert_eq!(code, Code::FileNotFound);
    assert!(told.contains("there is no packwright.lock here"), "{told}");
    assert!(!host.log[requests..].iter().any(|body| matches!(body, RequestBody::Fetch { .. })));
}

/// A registry with one more pack.
fn with_pack(name: &str, manifest: &str) -> Host {
    let mut host = host(empty());
    let manifest = format!("[pack]\nname = \"{name}\"\nversion = \"1.0.0\"\n{manifest}");
    put(
        host.roots.get_mut("registry:starter").unwrap(),
        &format!("{name}/pack.toml"),
        manifest.as_bytes(),
        Mode::Regular,
    );
    host
}

#[test]
fn two_things_do_not_go_into_one_directory() {
    for place in ["alone", "Alone", "alone/sub", "hub/left"] {
        let manifest = format!(
            "[dependencies]\nalone = \"*\"\nbase = \"*\"\n[packages]\nleft = {{ version = \"*\", registry = \"hub\", install-path = \"{place}\" }}\n"
        );
        let mut host = with_pack("strange", &manifest);
        let ending = host.run(install(r#""packs":["strange"]"#));
        if place == "hub/left" {
            let done = installation(ending);
            let left: Vec<&str> = done
                .items
                .iter()
                .filter(|item| item.identity.name() == "left")
                .map(|item| item.path.as_str())
                .collect();
            assert_eq!(
                left,
                [".packwright/packages/hub/left", ".packwright/packages/vendor/left"],
                "both packs get theirs"
            );
            continue;
        }
        let (code, exit, told) = refused(ending);
        assert_eq!((code, exit), (Code::PathConflict, 13), "{told}");
        assert!(told.contains("would be unpacked into the directory of"), "{told}");
        assert_eq!(paths(&host), Vec::<String>::new());
    }
}

#[test]
fn what_stands_in_the_way_stays() {
    type Put = (&'static str, Node);
    let file = || Node::File { content: b"mine\n".to_vec(), mode: Mode::Regular };
    let in_the_way: [Put; 9] = [
        (".packwright", Node::Link),
        (".packwright", file()),
        (".packwright/packages", Node::Link),
        (".packwright/packages", file()),
        (".packwright/packages/web", Node::Link),
        (".packwright/packages/web", file()),
        (".packwright/packages/web/files", Node::Link),
        (".packwright/packages/web/pack.toml", Node::Link),
        (".packwright/packages/web/pack.toml", Node::Directory),
    ];
    for (path, node) in in_the_way {
        for force in [false, true] {
            let mut target = empty();
            put(&mut target, path, b"", Mode::Regular);
            target.insert(path.to_owned(), node.clone());
            let mut host = host(target.clone());
            let (code, _, told) =
                refused(host.run(install(&format!("\"packs\":[\"web\"],\"force\":{force}"))));
            let expected = if path == ".packwright" { Code::Storage } else { Code::FileConflict };
            assert_eq!(code, expected, "{path} {node:?}: {told}");
            assert_eq!(host.project(), target, "{path} {node:?}");
        }
    }
    let mut target = empty();
    put(&mut target, ".packwright/packages/web/pack.toml", b"mine\n", Mode::Regular);
    let mut host = host(target);
    assert_eq!(refused(host.run(install(r#""packs":["web"]"#))).0, Code::FileConflict);
    installation(host.run(install(r#""packs":["web"],"force":true"#)));
    assert!(text(&host, ".packwright/packages/web/pack.toml").contains("2.0.0"), "a file yields to force");
}

#[test]
fn a_host_without_locks_does_not_touch_what_is_in_the_way() {
    let capabilities = Capabilities { lock: false, ..CAPABILITIES };
    for node in [Node::Link, Node::File { content: b"mine\n".to_vec(), mode: Mode::Regular }] {
        let mut target = empty();
        target.insert(".packwright".to_owned(), node);
        let mut host = host(target.clone());
        let ending = host.run(SessionInput { capabilities, ..install(r#""packs":["web"]"#) });
        let (_, _, told) = refused(ending);
        assert_eq!(host.project(), target, "{told}");
    }
}

#[test]
fn room_is_looked_for_before_anything_is_written() {
    let mut host = host(empty());
    host.room = Some(10_000);
    let (code, exit, told) = refused(host.run(install(r#""packs":["web"]"#)));
    assert_eq!((code, exit), (Code::Storage, 10));
    assert!(told.contains("there is not enough room for what is to be written"), "{told}");
    assert!(told.contains("it takes ") && told.contains("and there is 10 kB"), "{told}");
    assert_eq!(host.project(), empty());
    assert!(!host.log.iter().any(|body| matches!(body, RequestBody::Create { .. })));
    let dry = installation(host.run(install(r#""packs":["web"],"dryRun":true"#)));
    assert_eq!(dry.available, Some(10_000));
    host.room = Some(dry.needed);
    let done = installation(host.run(install(r#""packs":["web"]"#)));
    assert_eq!((done.needed, done.available), (dry.needed, Some(dry.needed)));
    let more = installation(self::host(empty()).run(install(r#""packs":["web"]"#)));
    assert!(more.needed > more.bytes && more.bytes > 0);
}

#[test]
fn hooks_run_only_when_that_is_wanted() {
    let hooked = |more: &str| install(&format!("\"packs\":[\"tools\"],{more}"));
    let mut refusing = host(empty());
    let (code, exit, told) = refused(refusing.run(hooked(r#""hooks":"refuse""#)));
    assert_eq!((code, exit), (Code::NeedsConsent, 12));
    assert_eq!(
        told,
        "error[needs-consent]: `tools` wants to run `make`\n  help: add `--trust` to run it, or `--skip-hooks` to install without it\nerror[needs-consent]: `tools` wants to run `make check`\n  help: add `--trust` to run it, or `--skip-hooks` to install without it"
    );
    assert_eq!(refusing.project(), empty());
    let mut skipping = host(empty());
    let done = installation(skipping.run(hooked(r#""hooks":"skip""#)));
    assert_eq!((done.hooks.len(), commands(&skipping).len()), (2, 0), "they are told all the same");
    let mut running = host(empty());
    installation(running.run(hooked(r#""hooks":"run""#)));
    let place = ".packwright/packages/tools";
    assert_eq!(commands(&running), [(place.into(), "make".into()), (place.into(), "make check".into())]);
    let unlocked = running.log.iter().position(|body| matches!(body, RequestBody::Unlock { .. })).unwrap();
    let ran = running.log.iter().position(|body| matches!(body, RequestBody::Run { .. })).unwrap();
    assert!(unlocked < ran, "a hook may use Packwright itself");
    installation(running.run(hooked(r#""hooks":"run""#)));
    assert_eq!(commands(&running).len(), 2, "what is there has run its hooks");
    for (code, reason) in [(Some(3), "it exited with 3"), (None, "a signal ended it")] {
        let mut failing = host(empty());
        failing.exits.insert("make".to_owned(), code);
        let (code, exit, told) = refused(failing.run(hooked(r#""hooks":"run""#)));
        assert_eq!((code, exit), (Code::InstallFailed, 2));
        assert!(told.starts_with("error[install-failed]: the hook `make` of `tools` failed"), "{told}");
        assert!(told.contains(reason), "{told}");
        assert_eq!(commands(&failing).len(), 1, "what comes after it does not run");
        assert_eq!(paths(&failing), paths(&running), "what is installed stays");
        let (code, _, told) = refused(failing.run(hooked(r#""hooks":"refuse""#)));
        assert_eq!(code, Code::NeedsConsent, "it is still to run: {told}");
        let mut skipping = failing.clone();
        installation(skipping.run(hooked(r#""hooks":"skip""#)));
        installation(skipping.run(hooked(r#""hooks":"refuse""#)));
        assert_eq!(commands(&skipping).len(), 1, "left out is left out, until somebody wants it");
        skipping.exits.clear();
        installation(skipping.run(hooked(r#""hooks":"run""#)));
        assert_eq!(commands(&skipping).len(), 3);
        assert_eq!(skipping.project(), running.project());
        failing.exits = BTreeMap::from([("make check".to_owned(), Some(1))]);
        assert_eq!(refused(failing.run(hooked(r#""hooks":"run""#))).0, Code::InstallFailed);
        failing.exits.clear();
        installation(failing.run(hooked(r#""hooks":"run""#)));
        let ran: Vec<String> = commands(&failing).into_iter().map(|(_, command)| command).collect();
        assert_eq!(ran, ["make", "make", "make check", "make check"], "what has run does not run again");
        assert_eq!(failing.project(), running.project());
    }
    let capabilities = Capabilities { run: false, ..CAPABILITIES };
    let mut unable = host(empty());
    let (code, _, told) = refused(unable.run(SessionInput { capabilities, ..hooked(r#""hooks":"run""#) }));
    assert_eq!(code, Code::InstallFailed, "{told}");
    assert_eq!(unable.project(), empty());
}

#[test]
fn files_that_run_by_themselves_need_consent_where_somebody_opens_them() {
    let packs = |host: &mut Host| {
        let sources = host.roots.get_mut("registry:starter").unwrap();
        put(sources, "alone/1.0.0/files/.envrc", b"export A=1\n", Mode::Regular);
    };
    let mut hidden = host(empty());
    packs(&mut hidden);
    let done = installation(hidden.run(install(r#""packs":["alone"],"hooks":"refuse""#)));
    assert_eq!(done.runs_on_open, Vec::<String>::new(), "nobody opens our own state");
    let mut open = host(empty());
    packs(&mut open);
    for hooks in ["refuse", "skip"] {
        let (code, exit, told) = refused(
            open.run(install(&format!("\"packs\":[\"alone\"],\"into\":\"lib\",\"hooks\":{hooks:?}"))),
        );
        assert_eq!((code, exit), (Code::NeedsConsent, 12));
        assert!(told.contains("`lib/alone/files/.envrc`"), "{told}");
        assert_eq!(open.project(), empty());
    }
    let dry = installation(open.run(install(r#""packs":["alone"],"into":"lib","dryRun":true"#)));
    assert_eq!(dry.runs_on_open, ["lib/alone/files/.envrc"]);
    installation(open.run(install(r#""packs":["alone"],"into":"lib","hooks":"run""#)));
    installation(open.run(install(r#""packs":["alone"],"into":"lib","hooks":"refuse""#)));
}

/// Runs until somebody else is waited for, who then does something to the target.
fn run_beside(host: &mut Host, input: SessionInput, theirs: impl FnOnce(&mut Directory)) -> Ending {
    let mut session = Session::new(input);
    let mut theirs = Some(theirs);
    loop {
        match session.poll() {
            Step::Need(requests) => {
                for request in requests {
                    if matches!(request.body, RequestBody::Wait { .. })
                        && let Some(theirs) = theirs.take()
                    {
                        theirs(host.roots.get_mut("target").unwrap());
                    }
                    let reply = host.perform(&request.body);
                    session.answer(request.id, reply).unwrap();
                }
            }
            Step::Waiting => panic!("everything was answered"),
            Step::Done(ending) => return ending,
        }
    }
}

#[test]
fn who_reads_waits_for_a_write_that_is_under_way() {
    for json in
        [r#"{"type":"installed"}"#, r#"{"type":"outdated"}"#, r#"{"type":"dependencies","target":true}"#]
    {
        let mut host = with_web();
        put(host.roots.get_mut("target").unwrap(), JOURNAL, b"{}", Mode::Regular);
        host.others = ["process 7".to_owned()].into();
        let ending = run_beside(&mut host.clone(), asking(json), |target| drop(target.remove(JOURNAL)));
        assert!(ending.is_ok(), "{json}: {ending:?}");
        let (code, exit, told) = refused(host.run(asking(json)));
        assert_eq!((code, exit), (Code::PartialInstall, 6), "{json}: {told}");
        assert!(host.told.contains(&Progress::Locked { by: "process 7".to_owned() }), "{json}");
    }
}

#[test]
fn another_process_is_waited_for() {
    let mut host = host(empty());
    host.others = ["process 7".to_owned(), "process 8".to_owned()].into();
    installation(host.run(install(r#""packs":["alone"],"wait":true"#)));
    let waits = host.log.iter().filter(|body| matches!(body, RequestBody::Wait { .. })).count();
    assert_eq!(waits, 2);
    let told: Vec<&Progress> =
        host.told.iter().filter(|told| matches!(told, Progress::Locked { .. })).collect();
    assert_eq!(told, [&Progress::Locked { by: "process 7".to_owned() }], "once");
    let mut impatient = self::host(empty());
    impatient.others = ["process 7".to_owned()].into();
    let (code, exit, told) = refused(impatient.run(install(r#""packs":["alone"]"#)));
    assert_eq!((code, exit), (Code::Locked, 10));
    assert_eq!(
        told,
        "error[locked]: another process writes into the same directory\n  because process 7\n  help: try again when it is done, or leave `--no-wait` out"
    );
    assert_eq!(impatient.project(), empty());
    let mut patient = self::host(empty());
    patient.others = vec!["process 7".to_owned(); 1000].into();
    let ending = patient.run_with(install(r#""packs":["alone"],"wait":true"#), 12, Fault::Cancelled).unwrap();
    assert_eq!(refused(ending).0, Code::Cancelled);
    assert_eq!(patient.project(), empty());
}

#[test]
fn what_a_host_cannot_do_is_told() {
    let with = |capabilities| SessionInput { capabilities, ..install(r#""packs":["alone"]"#) };
    let told = |capabilities| {
        let mut host = host(empty());
        let told = warnings(&installation(host.run(with(capabilities))));
        (told, host)
    };
    assert_eq!(told(CAPABILITIES).0, Vec::<String>::new());
    let (warned, host_of) = told(Capabilities { lock: false, ..CAPABILITIES });
    assert_eq!(
        warned,
        ["warning[storage]: this host cannot keep other processes from writing at the same time"]
    );
    assert!(
        !host_of.log.iter().any(|body| matches!(body, RequestBody::Lock { .. } | RequestBody::Unlock { .. }))
    );
    let (warned, host_of) = told(Capabilities { sync: false, ..CAPABILITIES });
    assert_eq!(
        warned,
        ["warning[storage]: this host cannot make sure that what was written survives a power failure"]
    );
    assert!(!host_of.log.iter().any(|body| matches!(body, RequestBody::Sync { .. })));
    let (warned, host_of) = told(Capabilities { space: false, modes: false, run: false, ..CAPABILITIES });
    assert_eq!(warned, Vec::<String>::new());
    assert!(!host_of.log.iter().any(|body| matches!(body, RequestBody::Space { .. })));
    let mut unable = host(empty());
    let (code, _, told) = refused(unable.run(with(Capabilities { rename: false, ..CAPABILITIES })));
    assert_eq!(code, Code::Storage);
    assert!(told.contains("this host cannot move files"), "{told}");
    assert_eq!(unable.project(), empty());
}

#[test]
fn where_nobody_is_kept_out_what_is_staged_may_be_somebodys() {
    let capabilities = Capabilities { lock: false, ..CAPABILITIES };
    let target = directory([(".packwright/staging/new-0/pack.toml", "half\n")]);
    let mut host = host(target.clone());
    let (code, exit, told) =
        refused(host.run(SessionInput { capabilities, ..install(r#""packs":["alone"]"#) }));
    assert_eq!((code, exit), (Code::PartialInstall, 6));
    assert!(told.contains("another write is under way or was interrupted"), "{told}");
    assert_eq!(host.project(), target);
    installation(host.run(install(r#""packs":["alone"]"#)));
    assert!(!host.roots["target"].contains_key(".packwright/staging"), "with a lock it is rubbish");
}

#[test]
fn a_rehearsal_writes_nothing() {
    let mut host = with_web();
    let (before, requests) = (host.project(), host.log.len());
    let dry = installation(host.run(install(r#""packs":["web@^2"],"dryRun":true,"hooks":"refuse""#)));
    assert!(!dry.written);
    assert_eq!(host.project(), before);
    assert!(!writes(&host, requests));
    assert!(!host.log[requests..].iter().any(|body| matches!(body, RequestBody::Lock { .. })));
    let done = installation(host.run(install(r#""packs":["web@^2"]"#)));
    assert_eq!(Installation { written: false, ..done }, Installation { available: dry.available, ..dry });
}

#[test]
fn the_order_of_answers_changes_nothing() {
    let mut expected = with_web();
    let first = expected.run(install(r#""packs":["web@^2"]"#));
    for seed in 0..32 {
        let mut host = with_web();
        assert_eq!(host.run_shuffled(install(r#""packs":["web@^2"]"#), random(seed)), first, "seed {seed}");
        assert_eq!(host.project(), expected.project(), "seed {seed}");
    }
}

#[test]
fn what_is_going_on_is_told() {
    let host = with_web();
    let told: Vec<String> = host
        .told
        .iter()
        .map(|told| match told {
            Progress::Resolved { packs, packages, missing } => {
                format!("resolved {packs} {packages} {missing}")
            }
            Progress::Fetched { label, done, of, .. } => format!("fetched {label} {done}/{of}"),
            Progress::Staged { label, done, of } => format!("staged {label} {done}/{of}"),
            Progress::Placing { moves } => format!("placing {moves}"),
            Progress::Cache { hits, misses } => format!("cache {hits} {misses}"),
            other => format!("{other:?}"),
        })
        .collect();
    assert_eq!(
        told,
        [
            "resolved 3 2 5",
            "fetched base@1.0.0 1/5",
            "fetched tools@1.0.0 2/5",
            "fetched web@1.0.0 3/5",
            "fetched hub:@pad/right@1.0.0 4/5",
            "fetched hub:left@1.1.0 5/5",
            "staged base@1.0.0 1/5",
            "staged tools@1.0.0 2/5",
            "staged hub:@pad/right@1.0.0 3/5",
            "staged hub:left@1.1.0 4/5",
            "staged web@1.0.0 5/5",
            "placing 8",
        ]
    );
}

fn installed(host: &mut Host) -> Vec<InstalledItem> {
    match host.run(asking(r#"{"type":"installed"}"#)).unwrap() {
        Outcome::Installed { items } => items,
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_is_installed_and_what_of_it_is_damaged() {
    assert_eq!(installed(&mut host(empty())), []);
    assert_eq!(installed(&mut host(Directory::new())), []);
    let mut host = with_web();
    let found = installed(&mut host);
    let line = |item: &InstalledItem| {
        format!("{} {} {} {} {}", item.identity, item.version, item.registry, item.path, item.requested)
    };
    assert_eq!(
        found.iter().map(line).collect::<Vec<_>>(),
        [
            "base 1.0.0 starter .packwright/packages/base false",
            "hub:@pad/right 1.0.0 hub .packwright/packages/hub/@pad/right false",
            "tools 1.0.0 starter .packwright/packages/tools false",
            "hub:left 1.1.0 hub .packwright/packages/vendor/left false",
            "web 1.0.0 starter .packwright/packages/web true",
        ]
    );
    assert!(found.iter().all(|item| item.damaged.is_empty() && item.files > 0 && item.bytes > 0));
    let target = host.roots.get_mut("target").unwrap();
    target.remove(".packwright/packages/web/files/gone.js");
    put(target, ".packwright/packages/web/files/server.js", b"longer than it was\n", Mode::Regular);
    let damaged = &installed(&mut host)[4].damaged;
    assert_eq!(
        *damaged,
        [".packwright/packages/web/files/gone.js", ".packwright/packages/web/files/server.js"]
    );
    let target = host.roots.get_mut("target").unwrap();
    put(target, ".packwright/packages/web/files/server.js", b"one\n", Mode::Regular);
    let done = installation(host.run(install(r#""packs":[]"#)));
    let mended = done.items.iter().filter(|item| item.action == InstallAction::Replace);
    assert_eq!(mended.map(|item| item.path.as_str()).collect::<Vec<_>>(), [".packwright/packages/web"]);
    assert_eq!(text(&host, ".packwright/packages/web/files/gone.js"), "only in the first\n");
}

#[test]
fn what_could_be_newer() {
    let mut host = with_web();
    let outdated = |host: &mut Host| match host.run(asking(r#"{"type":"outdated"}"#)).unwrap() {
        Outcome::Outdated { items } => items,
        other => panic!("{other:?}"),
    };
    let line = |item: &OutdatedItem| {
        let shown = |version: &Option<_>| version.as_ref().map_or("none".to_owned(), ToString::to_string);
        format!(
            "{} {} {} {} {}",
            item.identity,
            item.locked,
            shown(&item.wanted),
            shown(&item.latest),
            item.requested
        )
    };
    let before = host.project();
    assert_eq!(
        outdated(&mut host).iter().map(line).collect::<Vec<_>>(),
        [
            "base 1.0.0 1.0.0 1.0.0 false",
            "tools 1.0.0 1.0.0 1.0.0 false",
            "web 1.0.0 1.0.0 2.0.0 true",
            "hub:@pad/right 1.0.0 1.0.0 1.0.0 false",
            "hub:left 1.1.0 1.1.0 1.1.0 false",
        ]
    );
    let mut newer = packages();
    newer.push(package("left", "1.2.0"));
    newer.push(package("left", "2.0.0"));
    host.roots.insert("registry:hub".to_owned(), directory(static_index(&newer)));
    assert_eq!(line(outdated(&mut host).last().unwrap()), "hub:left 1.1.0 1.2.0 2.0.0 false");
    assert_eq!(host.project(), before);
    let (code, exit, told) = refused(self::host(empty()).run(asking(r#"{"type":"outdated"}"#)));
    assert_eq!((code, exit), (Code::FileNotFound, 1), "{told}");
}

const GENERATING: &str =
    "[variables.word]\ndefault = \"one\"\n[[templates]]\nname = \"all\"\nsource = \"files/\"\n";

/// A project that was generated from `maker@1`, with an answer of its own.
fn project() -> Host {
    let mut host = with_pack("maker", GENERATING);
    let sources = host.roots.get_mut("registry:starter").unwrap();
    put(sources, "maker/files/README.md", b"{{ word }}\n", Mode::Regular);
    let generate = r#"{"type":"generate","packs":["maker"],"answers":{"project_name":"demo","word":"mine"},"target":true}"#;
    let Ok(Outcome::Generate { project }) = host.run(asking(generate)) else { panic!("it generates") };
    let apply = packwright::session::Command::Apply {
        plan: project.plan.clone(),
        contents: project.contents.0.to_vec(),
        force: false,
        trust: false,
        wait: true,
    };
    host.run(SessionInput { command: apply, ..asking(generate) }).unwrap();
    host
}

#[test]
fn what_was_generated_stays_in_the_lockfile() {
    let mut host = project();
    let before = Lockfile::parse(&text(&host, LOCKFILE)).unwrap();
    installation(host.run(install(r#""packs":["alone"]"#)));
    let after = Lockfile::parse(&text(&host, LOCKFILE)).unwrap();
    assert_eq!(
        (&after.answers, &after.files, &after.timestamp),
        (&before.answers, &before.files, &before.timestamp)
    );
    assert_eq!(after.packs.len(), 2);
    assert_eq!(after.answers["word"], "mine");
    let (code, exit, told) = refused(host.run(uninstall(r#"["maker"]"#)));
    assert_eq!((code, exit), (Code::OutOfDate, 13));
    assert!(told.contains("packwright.lock would forget where they come from"), "{told}");
    let done = installation(host.run(asking(r#"{"type":"uninstall","packs":["maker"],"force":true}"#)));
    assert_eq!(
        warnings(&done),
        [
            "warning[out-of-date]: `README.md` was generated by `maker` and stays\n  help: remove it if you do not need it"
        ]
    );
    assert_eq!(text(&host, "README.md"), "mine\n");
    assert_eq!(Lockfile::parse(&text(&host, LOCKFILE)).unwrap().files, []);
}

#[test]
fn a_version_that_files_were_generated_from_moves_only_with_them() {
    let mut host = project();
    let newer = format!("[pack]\nname = \"maker\"\nversion = \"1.1.0\"\n{GENERATING}");
    let sources = host.roots.get_mut("registry:starter").unwrap();
    put(sources, "maker/1.1.0/pack.toml", newer.as_bytes(), Mode::Regular);
    put(sources, "maker/1.1.0/files/README.md", b"new {{ word }}\n", Mode::Regular);
    let old = Node::clone(&sources["maker/pack.toml"]);
    let readme = Node::clone(&sources["maker/files/README.md"]);
    sources.retain(|path, _| {
        !matches!(path.as_str(), "maker/pack.toml" | "maker/files/README.md" | "maker/files")
    });
    put(sources, "maker/1.0.0/pack.toml", b"", Mode::Regular);
    put(sources, "maker/1.0.0/files/README.md", b"", Mode::Regular);
    sources.insert("maker/1.0.0/pack.toml".to_owned(), old);
    sources.insert("maker/1.0.0/files/README.md".to_owned(), readme);
    let before = host.project();
    let (code, exit, told) = refused(host.run(install(r#""packs":["maker"],"update":["maker"]"#)));
    assert_eq!((code, exit), (Code::OutOfDate, 13));
    assert!(told.contains("files of this project were generated from `maker`"), "{told}");
    assert!(
        told.contains("`packwright generate` moves the files as well") && told.contains("--update maker"),
        "{told}"
    );
    assert_eq!(host.project(), before);
}

/// A server that has the packages, with npm's protocol or as a static index.
fn over_http(npm: bool) -> (Host, SessionInput) {
    let base = "https://hub.example/";
    let mut host = host(empty());
    host.roots.remove("registry:hub");
    host.urls = match npm {
        true => npm_registry(base, &packages()),
        false => static_index(&packages())
            .into_iter()
            .map(|(path, content)| (format!("{base}{path}"), content))
            .collect(),
    };
    let mut input = install(r#""packs":["web@^1"]"#);
    let url = if npm { format!("npm+{base}") } else { base.to_owned() };
    input.registries[1].location = Location::Url { url };
    (host, input)
}

#[test]
fn registries_of_every_kind_give_the_same() {
    let expected = with_web().project();
    let without_state = |mut target: Directory| {
        // npm's digests and the static index's are of other archives.
        target.retain(|path, _| path != LOCKFILE && path != RECORD);
        target
    };
    for npm in [false, true] {
        let (mut host, input) = over_http(npm);
        installation(host.run(input));
        assert_eq!(without_state(host.project()), without_state(expected.clone()), "npm: {npm}");
        let labels: Vec<&str> = host
            .log
            .iter()
            .filter_map(|body| match body {
                RequestBody::Fetch { label: Some(label), .. } => Some(label.as_str()),
                _ => None,
            })
            .collect();
        assert_eq!(labels, ["@pad/right@1.0.0", "left@1.1.0"], "people wait for archives");
    }
}

#[test]
fn archives_that_are_not_there_or_damaged() {
    for npm in [false, true] {
        let (mut host, input) = over_http(npm);
        let archive = host.urls.keys().find(|url| url.ends_with(".tgz")).unwrap().clone();
        let good = host.urls.remove(&archive).unwrap();
        let (code, exit, told) = refused(host.run(input.clone()));
        assert_eq!((code, exit), (Code::InstallFailed, 2), "{told}");
        assert!(told.contains("cannot be installed"), "{told}");
        assert_eq!(host.project(), empty());
        host.urls.insert(archive.clone(), b"other bytes".to_vec());
        let (code, exit, told) = refused(host.run(input.clone()));
        assert_eq!((code, exit), (Code::InvalidArchive, 11), "{told}");
        assert_eq!(host.project(), empty());
        host.urls.insert(archive.clone(), good);
        let lost = || Reply::Error { kind: HostErrorKind::Network, message: "lost".to_owned() };
        host.answers.insert(archive.clone(), [lost(), lost(), lost()].into());
        let (code, exit, told) = refused(host.run(input.clone()));
        assert_eq!((code, exit), (Code::Network, 9), "{told}");
        assert!(told.contains("it was tried 3 times"), "{told}");
        assert_eq!(host.project(), empty());
        host.answers.insert(archive, [lost(), lost()].into());
        installation(host.run(input));
    }
}

#[test]
fn a_package_may_have_no_manifest_of_ours_but_safe_paths() {
    for (path, refused_as) in [("../x", None), ("CON", Some(Code::InvalidArchive))] {
        let Some(code) = refused_as else {
            assert!(path.parse::<packwright::path::RelPath>().is_err());
            continue;
        };
        assert!(path.parse::<packwright::path::RelPath>().is_err(), "{code}");
    }
}

#[test]
fn with_the_cache_alone_everything_must_be_there() {
    let (mut host, mut input) = over_http(false);
    input.capabilities.cache = true;
    let mut offline = input.clone();
    offline.network.offline = true;
    let (code, exit, told) = refused(host.run(offline.clone()));
    assert_eq!((code, exit), (Code::NotCached, 9), "{told}");
    assert_eq!(host.project(), empty());
    installation(host.run(input));
    let hits = |host: &Host| {
        host.told.iter().find_map(|told| match told {
            Progress::Cache { hits, misses } => Some((*hits, *misses)),
            _ => None,
        })
    };
    assert!(hits(&host).is_some_and(|(hits, misses)| hits == 0 && misses > 0), "{:?}", hits(&host));
    let mut again = self::host(empty());
    again.cache = host.cache.clone();
    again.roots.remove("registry:hub");
    installation(again.run(offline));
    assert_eq!(again.project(), host.project());
    assert!(hits(&again).is_some_and(|(hits, misses)| hits > 0 && misses == 0), "{:?}", hits(&again));
    assert!(!again.log.iter().any(|body| matches!(body, RequestBody::Fetch { .. })));
}

/// A target whose record is another one.
fn with_record(text: &str) -> Host {
    let mut host = with_web();
    put(host.roots.get_mut("target").unwrap(), RECORD, text.as_bytes(), Mode::Regular);
    put(host.roots.get_mut("target").unwrap(), "mine.txt", b"mine\n", Mode::Regular);
    host
}

#[test]
fn a_record_that_is_none_of_ours_is_refused() {
    let good = text(&with_web(), RECORD);
    let cases: Vec<(String, Code, &str)> = vec![
        (String::new(), Code::InvalidInput, "is broken"),
        ("nonsense".into(), Code::InvalidInput, "is broken"),
        ("[]".into(), Code::InvalidInput, "is broken"),
        ("{\"version\":1}".into(), Code::InvalidInput, "missing field"),
        ("{\"version\":2,\"items\":[]}".into(), Code::UnsupportedFormat, "has format 2"),
        ("{\"version\":2,\"things\":{}}".into(), Code::UnsupportedFormat, "has format 2"),
        ("{\"version\":1,\"items\":[],\"more\":1}".into(), Code::InvalidInput, "unknown field"),
        (good.replace(".packwright/packages/web\"", "../web\""), Code::InvalidInput, "not a safe path"),
        (good.replace(".packwright/packages/web\"", "/etc\""), Code::InvalidInput, "not a safe path"),
        (good.replace(".packwright/packages/web\"", ".packwright\""), Code::InvalidInput, "not a safe path"),
        (good.replace(".packwright/packages/web\"", "\""), Code::InvalidInput, "not a safe path"),
        (good.replace("files/server.js", "../../../mine.txt"), Code::InvalidInput, "not a safe path"),
        (good.replace("files/server.js", ".git/config"), Code::InvalidInput, "not a safe path"),
        (good.replace("vendor/left\"", "../left\""), Code::InvalidInput, "not a safe path"),
        (good.replace("sha256-", "md5-"), Code::InvalidInput, "is broken"),
    ];
    for (record, code, told) in cases {
        assert_ne!(record, good);
        let mut host = with_record(&record);
        let before = host.project();
        for json in [
            r#"{"type":"install","packs":[],"hooks":"skip"}"#,
            r#"{"type":"install","packs":["web@^2"],"hooks":"skip","force":true}"#,
            r#"{"type":"uninstall","packs":["web"]}"#,
            r#"{"type":"installed"}"#,
        ] {
            let (found, _, text) = refused(host.run(asking(json)));
            assert_eq!(found, code, "{record}: {text}");
            assert!(text.contains(told), "{record}: {text}");
            assert_eq!(host.project(), before);
        }
    }
}

#[test]
fn a_record_that_lies_loses_nothing() {
    let good = text(&with_web(), RECORD);
    let mut host = with_record(&good.replace("files/server.js", "files/other.js"));
    let other = ".packwright/packages/web/files/other.js";
    put(host.roots.get_mut("target").unwrap(), other, b"mine, too\n", Mode::Regular);
    let done = installation(host.run(uninstall(r#"["web"]"#)));
    assert_eq!(warnings(&done).len(), 2, "{:?}", warnings(&done));
    assert_eq!(text(&host, other), "mine, too\n");
    assert_eq!(text(&host, "mine.txt"), "mine\n");
    assert_eq!(
        text(&host, ".packwright/packages/web/files/server.js"),
        "one\n",
        "nobody says that it is ours"
    );
}

/// A journal as somebody may have put it there.
fn with_journal(journal: &str) -> Host {
    let mut host = with_web();
    let target = host.roots.get_mut("target").unwrap();
    put(target, "mine.txt", b"mine\n", Mode::Regular);
    put(target, "src/mine.txt", b"mine, too\n", Mode::Regular);
    put(target, ".packwright/staging/new-0", b"staged\n", Mode::Regular);
    put(target, JOURNAL, journal.as_bytes(), Mode::Regular);
    host
}

#[test]
fn a_journal_that_is_none_of_ours_touches_nothing() {
    let digest = Digest::of(b"staged\n");
    let journal = |made: &str, moves: &str| format!("{{\"version\":1,\"made\":{made},\"moves\":{moves}}}");
    let file = |path: &str| journal("[]", &format!("[{{\"path\":{path:?},\"file\":\"{digest}\"}}]"));
    let mut cases = vec![
        String::new(),
        "nonsense".to_owned(),
        "{\"version\":2,\"made\":[],\"moves\":[]}".to_owned(),
        "{\"version\":1}".to_owned(),
        journal("[]", "[{\"path\":\"x\"}]"),
        journal("[]", &format!("[{{\"path\":\"x\",\"file\":\"{digest}\",\"directory\":{{}}}}]")),
        journal("[]", &format!("[{{\"path\":\"x\",\"directory\":{{\"../mine.txt\":\"{digest}\"}}}}]")),
        journal("[\"../x\"]", "[]"),
        journal("[\"/x\"]", "[]"),
        journal("[\".git\"]", "[]"),
        journal("[\".packwright/staging\"]", "[]"),
        journal("[\".packwright/../mine.txt\"]", "[]"),
        journal("[\".packwrights/../../x\"]", "[]"),
    ];
    cases.extend(
        ["../x", "/x", ".git/hooks/x", "a/../../x", ".packwright/journal.json", ".packwright/lock.1", "CON"]
            .map(file),
    );
    for text_of in cases {
        let mut host = with_journal(&text_of);
        let before = host.project();
        for how in ["resume", "roll-back"] {
            let (code, exit, told) =
                refused(host.run(asking(&format!("{{\"type\":\"recover\",\"how\":{how:?}}}"))));
            assert_eq!((code, exit), (Code::PartialInstall, 6), "{text_of}: {told}");
            assert!(told.contains("`.packwright/journal.json` is damaged"), "{text_of}: {told}");
            assert_eq!(host.project(), before, "{text_of}");
        }
        let (code, ..) = refused(host.run(install(r#""packs":[]"#)));
        assert_eq!(code, Code::PartialInstall);
    }
}

#[test]
fn a_journal_that_lies_loses_nothing() {
    let staged = Digest::of(b"staged\n");
    let mine = Digest::of(b"mine\n");
    let moves = [
        // Something else stands there.
        format!("[{{\"path\":\"mine.txt\",\"file\":\"{staged}\"}}]"),
        // It is said to be placed, to replace, to go.
        format!(
            "[{{\"path\":\"src/mine.txt\",\"file\":\"{staged}\"}},{{\"path\":\"mine.txt\",\"file\":\"{mine}\"}}]"
        ),
        format!("[{{\"path\":\"mine.txt\",\"before\":\"{staged}\",\"file\":\"{staged}\"}}]"),
        format!("[{{\"path\":\"mine.txt\",\"before\":\"{staged}\"}}]"),
        format!("[{{\"path\":\"src\",\"before\":\"{staged}\"}}]"),
        format!("[{{\"path\":\"src\",\"directory\":{{\"mine.txt\":\"{staged}\"}}}}]"),
        format!(
            "[{{\"path\":\"x\",\"directory\":{{\"mine.txt\":\"{mine}\"}}}},{{\"path\":\"src\",\"directory\":{{}}}}]"
        ),
    ];
    let made = [
        "[]",
        "[\"mine.txt\"]",
        "[\"src\",\"src/mine.txt\"]",
        "[\"\",\".packwright\",\".packwright/packages\"]",
    ];
    for moves in &moves {
        for made in made {
            for how in ["resume", "roll-back"] {
                let journal = format!("{{\"version\":1,\"made\":{made},\"moves\":{moves}}}");
                let mut host = with_journal(&journal);
                let ending = host.run(asking(&format!("{{\"type\":\"recover\",\"how\":{how:?}}}")));
                let stands = |content: &[u8]| {
                    let is_it =
                        |node: &Node| matches!(node, Node::File { content: there, .. } if there == content);
                    host.roots["target"].values().any(is_it)
                };
                assert!(stands(b"mine\n"), "{how} {journal}: {ending:?}");
                assert!(stands(b"mine, too\n"), "{how} {journal}: {ending:?}");
            }
        }
    }
}

#[test]
fn state_that_is_too_big_is_refused() {
    let huge = vec![b' '; (64 << 20) + 1];
    let mut host = with_web();
    put(host.roots.get_mut("target").unwrap(), RECORD, &huge, Mode::Regular);
    let (code, _, told) = refused(host.run(asking(r#"{"type":"installed"}"#)));
    assert_eq!(code, Code::InvalidInput, "{told}");
    let mut host = with_web();
    put(host.roots.get_mut("target").unwrap(), JOURNAL, &huge, Mode::Regular);
    let (_, _, told) = refused(host.run(asking(r#"{"type":"recover","how":"resume"}"#)));
    assert!(told.contains("journal.json"), "{told}");
}

#[test]
fn state_behind_a_link_is_not_read() {
    let mut host = with_web();
    let target = host.roots.get_mut("target").unwrap();
    target.retain(|path, _| !path.starts_with(".packwright/"));
    target.insert(".packwright".to_owned(), Node::Link);
    let before = target.clone();
    for json in [
        r#"{"type":"installed"}"#,
        r#"{"type":"install","packs":[],"hooks":"skip"}"#,
        r#"{"type":"uninstall","packs":["web"]}"#,
        r#"{"type":"recover","how":"roll-back"}"#,
    ] {
        let (code, _, told) = refused(host.run(asking(json)));
        assert_eq!(code, Code::Storage, "{json}: {told}");
        assert_eq!(host.project(), before);
    }
}

/// Whatever the host says of the lock, the session ends, and with the right word.
#[test]
fn a_lock_that_fails_is_told() {
    let at = {
        let mut host = host(empty());
        installation(host.run(install(r#""packs":["alone"]"#)));
        host.log.iter().position(|body| matches!(body, RequestBody::Lock { .. })).unwrap()
    };
    for kind in ERRORS {
        let mut host = host(empty());
        let ending = host.run_with(install(r#""packs":["alone"]"#), at, Fault::Fails(kind)).unwrap();
        let (code, exit, told) = refused(ending);
        let expected = if kind == HostErrorKind::Locked { (Code::Locked, 10) } else { (code, exit) };
        assert_eq!((code, exit), expected, "{told}");
        assert_eq!(host.project(), empty(), "{kind:?}");
    }
}

/// A target with nothing but files of one kind, so that counts show what a second look costs.
#[test]
fn what_stands_already_is_not_read_again() {
    let mut host = with_web();
    let requests = host.log.len();
    installation(host.run(install(r#""packs":[]"#)));
    let mut read: BTreeMap<&str, usize> = BTreeMap::new();
    for body in &host.log[requests..] {
        if let RequestBody::Read { root: packwright::session::Root::Target, path, .. } = body {
            *read.entry(path).or_default() += 1;
        }
    }
    assert_eq!(
        read,
        BTreeMap::from([(LOCKFILE, 1), (RECORD, 1), (".packwright/.gitignore", 1)]),
        "of what is installed the sizes say enough"
    );
}
