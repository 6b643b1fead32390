//! The rules of poll and answer, whatever the command.

use std::collections::BTreeSet;

use packwright::diagnostic::Code;
use packwright::session::{
    Command, HostErrorKind, Location, RegistryInput, Reply, RequestBody, Session, SessionInput, Step,
    UnknownRequest,
};

use crate::host::{ERRORS, Fault, Host, command, directory, input, shown};
use crate::starter::{FILES, TIMESTAMP};

const GENERATE: &str = r#"{"type":"generate","packs":["rust-cli"],"answers":{"project_name":"demo"}}"#;

fn starter_host() -> Host {
    Host::new([("registry:starter", directory(FILES.iter().copied()))])
}

fn needs(session: &mut Session) -> Vec<packwright::session::Request> {
    match session.poll() {
        Step::Need(requests) => requests,
        step => panic!("{step:?}"),
    }
}

#[test]
fn requests_are_handed_out_once_and_answered_once() {
    let mut session = Session::new(command(r#"{"type":"list"}"#));
    assert_eq!(session.answer(0, Reply::Done), Err(UnknownRequest(0)), "nothing was asked yet");
    let [request] = &needs(&mut session)[..] else { panic!("config.json comes first") };
    assert!(matches!(&request.body, RequestBody::Read { path, .. } if path == "config.json"));
    assert_eq!(session.poll(), Step::Waiting);
    assert_eq!(session.answer(request.id + 1, Reply::Done), Err(UnknownRequest(request.id + 1)));
    let absent = Reply::Error { kind: HostErrorKind::NotFound, message: String::new() };
    assert_eq!(session.answer(request.id, absent.clone()), Ok(()));
    assert_eq!(session.answer(request.id, absent), Err(UnknownRequest(request.id)), "it was answered");
    let next = needs(&mut session);
    assert_ne!(next[0].id, request.id);
    assert_eq!(UnknownRequest(7).to_string(), "request 7 is not open");
}

#[test]
fn a_reply_of_another_kind_is_an_error_that_says_so() {
    let total = {
        let mut host = starter_host();
        host.run(command(GENERATE)).unwrap();
        host.log.len()
    };
    for at in 0..total {
        let errors = starter_host().run_with(command(GENERATE), at, Fault::Mistaken).unwrap().unwrap_err();
        assert!(shown(&errors).contains("another kind of reply than was asked for"), "{}", shown(&errors));
        assert_eq!(errors[0].code, Code::Storage);
    }
}

#[test]
fn every_failure_of_the_host_ends_reading_with_its_code() {
    let total = {
        let mut host = starter_host();
        host.run(command(GENERATE)).unwrap();
        host.log.len()
    };
    for kind in ERRORS {
        for at in 0..total {
            let ending = starter_host().run_with(command(GENERATE), at, Fault::Fails(kind)).unwrap();
            // A registry without `config.json` is one of sources, a name without a directory is no pack.
            if kind == HostErrorKind::NotFound && ending.is_ok() {
                continue;
            }
            let errors = ending.unwrap_err();
            let expected: &[Code] = match kind {
                HostErrorKind::NotFound => &[Code::FileNotFound, Code::PackNotFound],
                HostErrorKind::TooLarge => &[Code::InvalidInput],
                HostErrorKind::Network | HostErrorKind::Timeout => &[Code::Network],
                HostErrorKind::Locked => &[Code::Locked],
                _ => &[Code::Storage],
            };
            assert!(expected.contains(&errors[0].code), "request {at}, {kind:?}: {}", shown(&errors));
            assert!(
                errors[0].code == Code::PackNotFound || shown(&errors).contains("on demand"),
                "the cause"
            );
        }
    }
}

#[test]
fn cancelling_ends_a_reading_command_at_once() {
    let mut host = starter_host();
    host.run(command(GENERATE)).unwrap();
    for at in 0..host.log.len() {
        let errors = starter_host().run_with(command(GENERATE), at, Fault::Cancelled).unwrap().unwrap_err();
        assert_eq!(shown(&errors), "error[cancelled]: cancelled");
        assert_eq!(errors[0].exit_code, 130);
    }
    let mut session = Session::new(command(GENERATE));
    session.cancel();
    session.cancel();
    let Step::Done(Err(errors)) = session.poll() else { panic!("it was cancelled before it began") };
    assert_eq!(errors[0].code, Code::Cancelled);
}

#[test]
fn replies_that_come_after_the_end_are_taken_and_change_nothing() {
    let mut session = Session::new(command(r#"{"type":"list"}"#));
    let request = needs(&mut session).remove(0);
    session.cancel();
    let done = session.poll();
    assert_eq!(session.answer(request.id, Reply::Done), Ok(()));
    assert_eq!(session.poll(), done);
    let mut finished = Session::new(SessionInput::new(Command::List, TIMESTAMP));
    let done = finished.poll();
    assert!(matches!(done, Step::Done(Ok(_))));
    finished.cancel();
    assert_eq!(finished.poll(), done, "what is done stays done");
}

#[test]
fn what_is_open_at_a_time_is_bounded() {
    let mut files: Vec<(String, String)> =
        (0..500).map(|n| (format!("a/files/{n}"), n.to_string())).collect();
    files.push(("a/pack.toml".into(), "[pack]\nname = \"a\"\nversion = \"1.0.0\"\n".into()));
    let mut host = Host::new([("registry:starter", directory(files))]);
    let mut session = Session::new(command(r#"{"type":"show","pack":"a"}"#));
    let mut open = Vec::new();
    let mut most = 0;
    loop {
        match session.poll() {
            Step::Need(requests) => open.extend(requests),
            Step::Waiting => {}
            Step::Done(ending) => break drop(ending.unwrap()),
        }
        most = most.max(open.len());
        let request = open.pop().unwrap();
        let reply = host.perform(&request.body);
        session.answer(request.id, reply).unwrap();
    }
    assert_eq!(most, 128);

    let index =
        (0..40).map(|n| format!("{{\"v\":1,\"name\":\"r\",\"version\":\"1.0.{n}\"}}\n")).collect::<String>();
    assert!(index.len() > 40, "an index of many packs");
    let packs: Vec<String> = (0..40).map(|n| format!("p{n}")).collect();
    let mut input = command(&format!(r#"{{"type":"generate","packs":{packs:?}}}"#));
    input.registries[0].location = Location::Url { url: "https://packs.example/r".into() };
    let mut session = Session::new(input);
    let config = needs(&mut session).remove(0);
    let body = br#"{"v":1,"archives":"{name}-{version}.tgz"}"#.to_vec();
    session.answer(config.id, Reply::Response { status: 200, headers: [].into(), body }).unwrap();
    let first = needs(&mut session);
    assert_eq!(first.len(), 16, "fetches at a time");
    assert_eq!(session.poll(), Step::Waiting);
    session
        .answer(first[3].id, Reply::Response { status: 404, headers: [].into(), body: Vec::new() })
        .unwrap();
    assert_eq!(needs(&mut session).len(), 1, "one place is free again");
}

#[test]
fn ids_are_never_used_twice() {
    let mut host = starter_host();
    let mut session = Session::new(command(GENERATE));
    let mut seen = BTreeSet::new();
    while let Step::Need(requests) = session.poll() {
        for request in requests {
            assert!(seen.insert(request.id));
            let reply = host.perform(&request.body);
            session.answer(request.id, reply).unwrap();
        }
    }
    assert_eq!(seen.len(), host.log.len());
}

#[test]
fn inputs_are_checked_before_anything_is_asked() {
    let refused = |input: SessionInput| match Session::new(input).poll() {
        Step::Done(Err(errors)) => shown(&errors),
        step => panic!("{step:?}"),
    };
    for timestamp in
        ["", "2026-01-31", "2026-01-31 12:00:00Z", "2026-01-31T12:00:00+01:00", "2026-01-31T12:00:00.5Z"]
    {
        let told = refused(SessionInput::new(Command::List, timestamp));
        assert!(
            told.starts_with(&format!("error[invalid-input]: `{timestamp}` is not a timestamp")),
            "{told}"
        );
    }
    let registry = |id: &str, url: &str, scopes: &[&str]| RegistryInput {
        id: id.into(),
        location: Location::Url { url: url.into() },
        scopes: (!scopes.is_empty()).then(|| scopes.iter().map(|scope| (*scope).to_owned()).collect()),
        authorization: None,
        archives: Vec::new(),
    };
    let with = |registries: Vec<RegistryInput>| refused(SessionInput { registries, ..input(Command::List) });
    let fine = "https://packs.example";
    assert!(with(vec![registry("A", fine, &[])]).contains("error[invalid-name]: `A` is not a registry name"));
    assert!(with(vec![registry("a", fine, &[]), registry("a", fine, &[])]).contains("two registries `a`"));
    assert!(
        with(vec![registry("a", fine, &["acme"])]).contains("`acme` is not a scope name: it starts with `@`")
    );
    for url in ["ftp://x", "packs.example", "https://x?y", "https://x#y", "https://x y", "https://x\n"] {
        assert!(with(vec![registry("a", url, &[])]).contains("error[invalid-input]"), "{url}");
    }
    let told = with(vec![registry("a", "https://me:hunter2@x/", &[])]);
    assert!(told.contains("user name") && !told.contains("hunter2"), "{told}");
    let general =
        with(vec![registry("a", fine, &[]), registry("b", "https://cdn.example/gh/acme/packs@main", &[])]);
    assert!(general.contains("the registries `a` and `b` both claim no scopes"), "{general}");
    let scoped = with(vec![registry("a", fine, &["@x"]), registry("b", fine, &["@y", "@x"])]);
    assert!(scoped.contains("both claim the scope `@x`"), "{scoped}");
}
