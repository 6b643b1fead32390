//! Publishing and withdrawing, and looking whether an index is as it should be.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use packwright::archive::{self, Layout};
use packwright::diagnostic::Code;
use packwright::session::{
    HostErrorKind, Location, Method, Outcome, Publication, Reply, RequestBody, SessionInput,
};
use serde_json::{Value as Json, json};

use crate::host::{Directory, Fault, Host, Node, command, directory, put, shown};

const SHOW: &str = r#"{"type":"show","pack":"a"}"#;
const PUBLISH: &str = r#"{"type":"publish"}"#;
const DRY_RUN: &str = r#"{"type":"publish","dryRun":true}"#;
const LOCKFILE: &str = "packwright.lock";

fn sources(version: &str) -> Directory {
    directory([
        ("pack.toml", format!("[pack]\nname = \"a\"\nversion = {version:?}\ndescription = \"the {version}\"\nreadme = \"README.md\"\n[[templates]]\nname = \"all\"\nsource = \"files/\"\n").as_str()),
        ("README.md", "# A"),
        ("files/version.txt", version),
        (".git/config", "x"),
    ])
}

/// A host with an empty static index.
fn index() -> Host {
    let config = r#"{"v":1,"archives":"archives/{name}/{version}/{digest}.tgz"}"#;
    Host::new([("registry:starter", directory([("config.json", config)]))])
}

fn publish(host: &mut Host, version: &str) -> Box<Publication> {
    host.roots.insert("source".into(), sources(version));
    match host.run(command(PUBLISH)) {
        Ok(Outcome::Publish { publication }) => publication,
        other => panic!("{other:?}"),
    }
}

fn yank(pack: &str, undo: bool) -> SessionInput {
    command(&json!({ "type": "yank", "pack": pack, "undo": undo }).to_string())
}

fn file(host: &Host, path: &str) -> String {
    match &host.roots["registry:starter"][path] {
        Node::File { content, .. } => String::from_utf8(content.clone()).unwrap(),
        other => panic!("{path}: {other:?}"),
    }
}

fn listed(host: &mut Host) -> Vec<String> {
    match host.run(command(r#"{"type":"list"}"#)) {
        Ok(Outcome::List { packs }) => {
            packs.iter().map(|pack| format!("{}@{}: {}", pack.name, pack.version, pack.description)).collect()
        }
        other => panic!("{other:?}"),
    }
}

fn check(host: &mut Host) -> (usize, usize, String) {
    match host.run(command(r#"{"type":"check-registry","registry":"starter"}"#)) {
        Ok(Outcome::CheckRegistry { packs, versions, problems, .. }) => (packs, versions, shown(&problems)),
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_is_published_to_an_index_is_there() {
    let mut host = index();
    let published = publish(&mut host, "1.0.0");
    assert!(published.written && published.tag.is_none());
    let files: Vec<&str> = published.files.iter().map(|file| file.path.as_str()).collect();
    assert_eq!(files, ["README.md", "files/version.txt", "pack.toml"]);
    assert_eq!(listed(&mut host), ["a@1.0.0: the 1.0.0"]);
    assert!(
        file(&host, "index/a.jsonl").contains("\"published\":\"2026"),
        "{}",
        file(&host, "index/a.jsonl")
    );
    publish(&mut host, "1.1.0");
    publish(&mut host, "1.0.1");
    publish(&mut host, "2.0.0-rc.1");
    assert_eq!(listed(&mut host), ["a@1.1.0: the 1.1.0"], "the highest release is shown");
    assert_eq!(file(&host, "index/a.jsonl").lines().count(), 4);
    assert_eq!(check(&mut host), (1, 4, String::new()));
    let left: Vec<&String> =
        host.roots["registry:starter"].keys().filter(|path| path.starts_with('.')).collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn a_version_is_published_once() {
    let mut host = index();
    publish(&mut host, "1.0.0");
    let before = host.roots.clone();
    host.roots
        .get_mut("source")
        .unwrap()
        .insert("files/more".into(), Node::File { content: Vec::new(), mode: Default::default() });
    for json in [PUBLISH, DRY_RUN] {
        let errors = host.run(command(json)).unwrap_err();
        assert_eq!((errors[0].code, errors[0].exit_code), (Code::AlreadyPublished, 13));
        assert_eq!(host.roots["registry:starter"], before["registry:starter"]);
    }
}

#[test]
fn a_dry_run_writes_nothing() {
    let mut host = index();
    host.roots.insert("source".into(), sources("1.0.0"));
    let before = host.roots.clone();
    let Ok(Outcome::Publish { publication }) = host.run(command(DRY_RUN)) else { panic!() };
    assert_eq!(host.roots, before);
    assert!(!publication.written);
    assert_eq!(publish(&mut host, "1.0.0").integrity, publication.integrity, "it tells the truth");
}

#[test]
fn a_withdrawn_version_is_left_to_those_who_locked_it() {
    let mut host = index();
    publish(&mut host, "1.0.0");
    publish(&mut host, "1.1.0");
    let generate = r#"{"type":"generate","packs":["a"],"answers":{"project_name":"x"},"target":true}"#;
    let version = |host: &mut Host| match host.run(command(generate)) {
        Ok(Outcome::Generate { project }) => (project.packs[0].version.to_string(), project.lockfile.clone()),
        other => panic!("{other:?}"),
    };
    host.roots.insert("target".into(), directory([("x", "")]));
    let (locked, lockfile) = version(&mut host);
    assert_eq!(locked, "1.1.0");
    let before = file(&host, "index/a.jsonl");
    let changed = |ending| match ending {
        Ok(Outcome::Yank { changed, yanked, .. }) => (changed, yanked),
        other => panic!("{other:?}"),
    };
    assert_eq!(changed(host.run(yank("a@1.1.0", false))), (true, true));
    assert_eq!(changed(host.run(yank("a@1.1.0", false))), (false, true), "once is enough");
    let lines = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
    let now = lines(&file(&host, "index/a.jsonl"));
    assert_eq!(now[0], lines(&before)[0], "one line changes");
    assert_eq!(now[1], lines(&before)[1].replace("\"yanked\":false", "\"yanked\":true"));
    assert_eq!(listed(&mut host), ["a@1.0.0: the 1.0.0"]);
    assert_eq!(version(&mut host).0, "1.0.0");
    put(host.roots.get_mut("target").unwrap(), LOCKFILE, lockfile.as_bytes(), Default::default());
    assert_eq!(version(&mut host).0, "1.1.0", "who has it keeps it");
    assert_eq!(changed(host.run(yank("a@1.0.0", false))), (true, true));
    assert!(listed(&mut host).is_empty());
    assert_eq!(check(&mut host), (1, 2, String::new()));
    assert_eq!(changed(host.run(yank("a@1.1.0", true))), (true, false));
    assert_eq!(changed(host.run(yank("a@1.0.0", true))), (true, false));
    assert_eq!(file(&host, "index/a.jsonl"), before, "to the byte");
    assert_eq!(listed(&mut host), ["a@1.1.0: the 1.1.0"]);
}

#[test]
fn what_cannot_be_withdrawn_or_published_is_told() {
    let mut host = index();
    publish(&mut host, "1.0.0");
    let told = |host: &mut Host, input: SessionInput| {
        let errors = host.run(input).unwrap_err();
        (errors[0].code, shown(&errors))
    };
    for (pack, code) in [
        ("a@2.0.0", Code::PackNotFound),
        ("b@1.0.0", Code::PackNotFound),
        ("a", Code::InvalidVersion),
        ("a@^1", Code::InvalidVersion),
        ("A@1.0.0", Code::InvalidName),
    ] {
        assert_eq!(told(&mut host, yank(pack, false)).0, code, "{pack}");
    }
    let mut over_http = command(PUBLISH);
    over_http.registries[0].location = Location::Url { url: "https://packs.example/".into() };
    let files = host.roots["registry:starter"].clone();
    for (path, node) in files {
        if let Node::File { content, .. } = node {
            host.urls.insert(format!("https://packs.example/{path}"), content);
        }
    }
    let (code, text) = told(&mut host, over_http);
    assert!(code == Code::InvalidInput && text.contains("--registry starter=DIRECTORY"), "{text}");
    put(host.roots.get_mut("registry:starter").unwrap(), ".packwright-publish", b"", Default::default());
    host.roots.insert("source".into(), sources("3.0.0"));
    let (code, text) = told(&mut host, command(PUBLISH));
    assert!(code == Code::Storage && text.contains("remove .packwright-publish"), "{text}");
    let mut of_sources =
        Host::new([("registry:starter", directory([("x", "")])), ("source", sources("1.0.0"))]);
    let (code, text) = told(&mut of_sources, command(PUBLISH));
    assert!(code == Code::InvalidInput && text.contains("registry build"), "{text}");
}

/// Whatever goes wrong, the index is one that its users can read, and publishing again works.
#[test]
fn an_index_survives_a_publication_that_fails() {
    let mut fine = index();
    publish(&mut fine, "1.0.0");
    fine.roots.insert("source".into(), sources("1.1.0"));
    let mut whole = fine.clone();
    whole.log.clear();
    whole.run(command(PUBLISH)).unwrap();
    let count = whole.log.len();
    for at in 0..count {
        for fault in [
            Fault::Fails(HostErrorKind::NoSpace),
            Fault::FailsLate(HostErrorKind::Other),
            Fault::Mistaken,
            Fault::Dies,
            Fault::Cancelled,
        ] {
            let mut host = fine.clone();
            let ending = host.run_with(command(PUBLISH), at, fault);
            let (_, _, problems) = check(&mut host);
            let is_harmless = problems.lines().all(|line| {
                // The catalogue comes last, so that it may be behind.
                !line.starts_with("error") || line.contains("catalog.json differs from the manifest of")
            });
            assert!(is_harmless, "{at} {fault:?}: {problems}");
            if let Some(Err(_)) | None = ending {
                host.roots.get_mut("registry:starter").unwrap().remove(".packwright-publish");
                match host.run(command(PUBLISH)) {
                    Ok(_) => assert_eq!(host.roots["registry:starter"], whole.roots["registry:starter"]),
                    Err(errors) => assert_eq!(errors[0].code, Code::AlreadyPublished, "{at} {fault:?}"),
                }
                assert_eq!(
                    check(&mut host),
                    (1, 2, String::new()),
                    "{at} {fault:?}: what was cut off is finished"
                );
            }
        }
    }
}

#[test]
fn what_is_wrong_with_an_index_is_found() {
    let mut fine = index();
    publish(&mut fine, "1.0.0");
    let archive = |host: &Host| {
        host.roots["registry:starter"].keys().find(|path| path.ends_with(".tgz")).unwrap().clone()
    };
    let problems = |change: &dyn Fn(&mut Directory)| {
        let mut host = fine.clone();
        change(host.roots.get_mut("registry:starter").unwrap());
        check(&mut host).2
    };
    let tgz = archive(&fine);
    for (told, change) in [
        (
            "the archive of `a@1.0.0` is not there",
            (&|files: &mut Directory| drop(files.remove(&tgz))) as &dyn Fn(&mut Directory),
        ),
        ("its digest is", &|files| put(files, &tgz, b"other", Default::default())),
        ("but has no index file", &|files| drop(files.remove("index/a.jsonl"))),
        ("line 1 of index/a.jsonl is broken", &|files| {
            put(files, "index/a.jsonl", b"{\"v\":1}", Default::default())
        }),
        ("catalog.json leaves out `a`", &|files| {
            put(files, "catalog.json", b"{\"v\":1,\"packs\":[]}", Default::default())
        }),
        ("catalog.json differs from the manifest of `a`", &|files| {
            let Node::File { content, .. } = &files["catalog.json"] else { panic!() };
            let text = String::from_utf8(content.clone()).unwrap().replace("the 1.0.0", "something else");
            put(files, "catalog.json", text.as_bytes(), Default::default());
        }),
    ] {
        let found = problems(change);
        assert!(found.contains(told), "{told}: {found}");
    }
    assert_eq!(problems(&|_| {}), "");
}

const NPM: &str = "https://npm.example/";

fn npm(json: &str) -> SessionInput {
    let mut input = command(json);
    input.registries[0].location = Location::Url { url: format!("npm+{NPM}") };
    input.registries[0].authorization = Some(serde_json::from_value(json!("Bearer hunter2")).unwrap());
    input
}

fn sent(host: &Host) -> Vec<(&str, Json)> {
    fn sent(body: &RequestBody) -> Option<(&str, Json)> {
        match body {
            RequestBody::Fetch { method: Method::Put, url, headers, body, .. } => {
                assert_eq!(headers["authorization"], "Bearer hunter2");
                Some((url.as_str(), serde_json::from_slice(body).unwrap()))
            }
            _ => None,
        }
    }
    host.log.iter().filter_map(sent).collect()
}

#[test]
fn one_request_publishes_to_an_npm_registry() {
    let mut host = Host::new([("source", sources("1.0.0"))]);
    let Ok(Outcome::Publish { publication }) = host.run(npm(PUBLISH)) else { panic!() };
    assert_eq!(publication.tag.as_deref(), Some("latest"));
    let [(url, document)] = &sent(&host)[..] else { panic!() };
    assert_eq!(*url, format!("{NPM}a"));
    assert_eq!(document["readme"], "# A");
    let attachment = document["_attachments"]["a-1.0.0.tgz"]["data"].as_str().unwrap();
    let bytes = STANDARD.decode(attachment).unwrap();
    assert_eq!(document["versions"]["1.0.0"]["dist"]["integrity"], publication.integrity.to_string());
    let files = archive::unpack(&bytes, Layout::Npm).unwrap();
    let package: Json = serde_json::from_slice(&files[&"package.json".parse().unwrap()].content).unwrap();
    assert_eq!(package["packwright"], document["versions"]["1.0.0"]["packwright"]);
    // What was sent is what a registry then tells: the same project comes of it as of the sources.
    host.urls.insert(format!("{NPM}a/-/a-1.0.0.tgz"), bytes);
    let generate = r#"{"type":"generate","packs":["a"],"answers":{"project_name":"x"}}"#;
    let Ok(Outcome::Generate { project }) = host.run(npm(generate)) else { panic!() };
    let mut on_disk = Directory::from([(String::new(), Node::Directory)]);
    for (path, node) in sources("1.0.0") {
        if let Node::File { content, mode } = node {
            put(&mut on_disk, &format!("a/{path}"), &content, mode);
        }
    }
    let Ok(Outcome::Generate { project: expected }) =
        Host::new([("registry:starter", on_disk)]).run(command(generate))
    else {
        panic!()
    };
    assert_eq!(project.plan.operations[0], expected.plan.operations[0]);
}

#[test]
fn tags_never_go_back_by_themselves() {
    let tag = |host: &mut Host, version: &str, json: &str| {
        host.roots.insert("source".into(), sources(version));
        match host.run(npm(json)) {
            Ok(Outcome::Publish { publication }) => publication.tag.unwrap(),
            Ok(other) => panic!("{other:?}"),
            Err(errors) => errors[0].code.to_string(),
        }
    };
    let mut host = Host::default();
    assert_eq!(tag(&mut host, "2.0.0", PUBLISH), "latest");
    assert_eq!(tag(&mut host, "2.0.0", DRY_RUN), "already-published");
    assert_eq!(tag(&mut host, "1.9.0", DRY_RUN), "invalid-input");
    let old = r#"{"type":"publish","dryRun":true,"tag":"maintenance"}"#;
    assert_eq!(tag(&mut host, "1.9.0", old), "maintenance");
    assert_eq!(tag(&mut host, "3.0.0-rc.1", DRY_RUN), "next");
    assert_eq!(tag(&mut host, "3.0.0", DRY_RUN), "latest");
    for bad in ["", "1.0", "^2", "a b", "v/1"] {
        let json = json!({ "type": "publish", "dryRun": true, "tag": bad }).to_string();
        assert_eq!(tag(&mut host, "3.0.0", &json), "invalid-input", "{bad}");
    }
    assert_eq!(tag(&mut host, "3.0.0+build", DRY_RUN), "invalid-version");
    assert_eq!(sent(&host).len(), 1);
}

#[test]
fn what_a_registry_answers_to_a_publication_is_told() {
    let answer = |status: u16, body: &str| Reply::Response {
        status,
        headers: [("retry-after".to_owned(), "1".to_owned())].into(),
        body: body.as_bytes().to_vec(),
    };
    let lost = Reply::Error { kind: HostErrorKind::Network, message: "lost".into() };
    for (reply, code, times, told) in [
        (answer(401, ""), Code::Unauthorized, 1, "token"),
        (answer(403, r#"{"error":"not\u001b yours"}"#), Code::Unauthorized, 1, "it says: not\u{fffd} yours"),
        (answer(409, "{}"), Code::AlreadyPublished, 1, "already"),
        (answer(401, ""), Code::Unauthorized, 1, "check whether the token is still good"),
        (answer(413, ""), Code::BadResponse, 1, "413"),
        (answer(429, ""), Code::Network, 3, "429"),
        (answer(503, ""), Code::Network, 3, "503"),
        (answer(500, ""), Code::Network, 1, "500"),
        (answer(302, ""), Code::BadResponse, 1, "302"),
        (lost, Code::Network, 1, "look whether it arrived"),
    ] {
        let mut host = Host::new([("source", sources("1.0.0"))]);
        let first = answer(404, "");
        // What is asked next after a conflict is what is there.
        let again = if code == Code::AlreadyPublished { 1 } else { 3 };
        let replies = std::iter::once(first).chain(std::iter::repeat_n(reply, again));
        host.answers.insert(format!("{NPM}a"), replies.collect());
        let errors = host.run(npm(PUBLISH)).unwrap_err();
        assert_eq!((errors[0].code, sent(&host).len()), (code, times), "{}", shown(&errors));
        assert!(shown(&errors).contains(told), "{told}: {}", shown(&errors));
        assert!(!shown(&errors).contains("hunter2"));
    }
}

/// A gateway may give up on a request that the registry then carries out.
#[test]
fn ones_own_publication_is_no_conflict() {
    let mut host = Host::new([("source", sources("1.0.0"))]);
    host.run(npm(PUBLISH)).unwrap();
    let published =
        Reply::Response { status: 200, headers: [].into(), body: host.urls[&format!("{NPM}a")].clone() };
    let status = |status| Reply::Response { status, headers: [].into(), body: Vec::new() };
    for (after, is_fine) in [(published, true), (status(404), false)] {
        host.answers.insert(format!("{NPM}a"), [status(404), status(503), status(409), after].into());
        assert_eq!(host.run(npm(PUBLISH)).is_ok(), is_fine);
    }
}

/// Who publishes sees it, whatever was kept.
#[test]
fn what_was_published_is_asked_for_anew() {
    let mut host = Host::new([("source", sources("1.0.0"))]);
    let cached = |json: &str, offline: bool| {
        let mut input = npm(json);
        input.capabilities.cache = true;
        input.network.now = 1_000_000;
        input.network.offline = offline;
        input
    };
    host.run(cached(PUBLISH, false)).unwrap();
    let attachments = |host: &mut Host, version: &str| {
        let document: Json = serde_json::from_slice(&host.urls[&format!("{NPM}a")]).unwrap();
        let data = document["_attachments"][format!("a-{version}.tgz")]["data"].as_str().unwrap();
        host.urls.insert(format!("{NPM}a/-/a-{version}.tgz"), STANDARD.decode(data).unwrap());
    };
    attachments(&mut host, "1.0.0");
    let shown = |host: &mut Host, offline: bool| match host.run(cached(SHOW, offline)) {
        Ok(Outcome::Show { pack }) => pack.version.to_string(),
        other => panic!("{other:?}"),
    };
    assert_eq!(shown(&mut host, false), "1.0.0");
    host.roots.insert("source".into(), sources("1.1.0"));
    host.run(cached(PUBLISH, false)).unwrap();
    attachments(&mut host, "1.1.0");
    assert_eq!(shown(&mut host, true), "1.0.0", "offline has what there was");
    assert_eq!(shown(&mut host, false), "1.1.0");
}

#[test]
fn secrets_beside_a_manifest_stay_there() {
    let mut host = index();
    let mut files = sources("1.0.0");
    for path in [".npmrc", ".env", ".env.local", "packwright.toml", "files/.env"] {
        put(&mut files, path, b"TOKEN=hunter2", Default::default());
    }
    host.roots.insert("source".into(), files);
    let Ok(Outcome::Publish { publication }) = host.run(command(DRY_RUN)) else { panic!() };
    let files: Vec<&str> = publication.files.iter().map(|file| file.path.as_str()).collect();
    assert_eq!(
        files,
        ["README.md", "files/.env", "files/version.txt", "pack.toml"],
        "but for what is rendered"
    );
}

#[test]
fn a_pack_that_lacks_what_it_reads_is_not_published() {
    let mut host = index();
    let mut files = sources("1.0.0");
    files.remove("files/version.txt");
    host.roots.insert("source".into(), files);
    for json in [PUBLISH, DRY_RUN] {
        let errors = host.run(command(json)).unwrap_err();
        assert_eq!(errors[0].code, Code::FileNotFound);
    }
}

#[test]
fn a_catalogue_in_any_order_is_kept_right() {
    let mut host = index();
    publish(&mut host, "1.0.0");
    let Node::File { content, .. } = host.roots["registry:starter"]["catalog.json"].clone() else { panic!() };
    let mut catalog: Json = serde_json::from_slice(&content).unwrap();
    let entry = |name: &str| json!({ "name": name, "version": "1.0.0", "description": "", "category": "new", "license": null, "tags": [] });
    let packs = catalog["packs"].as_array_mut().unwrap();
    packs.insert(0, entry("z"));
    packs.push(entry("b"));
    put(
        host.roots.get_mut("registry:starter").unwrap(),
        "catalog.json",
        catalog.to_string().as_bytes(),
        Default::default(),
    );
    publish(&mut host, "1.1.0");
    assert_eq!(listed(&mut host), ["a@1.1.0: the 1.1.0", "b@1.0.0: ", "z@1.0.0: "]);
}

#[test]
fn a_deprecation_sends_everything_back_but_one_word() {
    let mut host = Host::new([("source", sources("1.0.0"))]);
    host.run(npm(PUBLISH)).unwrap();
    let before = host.urls[&format!("{NPM}a")].clone();
    // Packuments have more than we know of.
    host.urls.insert(format!("{NPM}a?write=true"), before.clone());
    host.log.clear();
    let yank = r#"{"type":"yank","pack":"a@1.0.0","reason":"use b"}"#;
    let Ok(Outcome::Yank { changed: true, .. }) = host.run(npm(yank)) else { panic!() };
    let [(_, mut document)] = sent(&host).try_into().unwrap();
    assert_eq!(document["versions"]["1.0.0"]["deprecated"], "use b");
    document["versions"]["1.0.0"].as_object_mut().unwrap().remove("deprecated");
    assert_eq!(document, serde_json::from_slice::<Json>(&before).unwrap());
    let attachment = document["_attachments"]["a-1.0.0.tgz"]["data"].as_str().unwrap();
    host.urls.insert(format!("{NPM}a/-/a-1.0.0.tgz"), STANDARD.decode(attachment).unwrap());
    let Ok(Outcome::Show { pack }) = host.run(npm(SHOW)) else { panic!() };
    assert_eq!(pack.versions[0].deprecated.as_deref(), Some("use b"));
    let generate = r#"{"type":"generate","packs":["a"],"answers":{"project_name":"x"}}"#;
    let Ok(Outcome::Generate { project }) = host.run(npm(generate)) else { panic!() };
    assert_eq!(project.warnings[0].code, Code::Deprecated);
    assert_eq!(project.warnings[0].causes, ["its author says: use b"]);
}
