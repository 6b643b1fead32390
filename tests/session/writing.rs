//! Writing a plan: all of it or nothing, whatever goes wrong, and never a file of the user's lost.

use packwright::diagnostic::Code;
use packwright::manifest::Mode;
use packwright::plan::Plan;
use packwright::session::{
    Capabilities, Command, HostErrorKind, Outcome, Reply, RequestBody, Session, SessionInput, Step,
};

use crate::host::{
    Directory, ERRORS, Ending, Fault, Host, Node, command, directory, input, put, random, shown,
};

const PACK: &str = r#"
[pack]
name = "a"
version = "1.0.0"
[variables.word]
default = "new"
[[templates]]
name = "all"
source = "files/"
"#;

fn packs() -> Directory {
    let mut packs = directory([
        ("a/pack.toml", PACK),
        ("a/files/README.md", "# {{ project_name }}\n{{ word }}\n"),
        ("a/files/src/deep/lib.txt", "{{ word }}\n"),
        ("a/files/same.txt", "same\n"),
    ]);
    put(&mut packs, "a/files/bin/run", b"#!/bin/sh\n", Mode::Executable);
    packs
}

pub const GENERATE: &str =
    r#"{"type":"generate","packs":["a"],"answers":{"project_name":"demo"},"target":true}"#;

pub fn generated(target: Option<Directory>, json: &str) -> (Plan, Vec<u8>) {
    let mut host = Host::new([("registry:starter", packs())]);
    host.roots.extend(target.map(|target| ("target".to_owned(), target)));
    let Outcome::Generate { project } = host.run(command(json)).unwrap() else { panic!("it generates") };
    (project.plan, project.contents.0.to_vec())
}

/// A directory with files in the way, of the user's own, of another mode, and an older lockfile.
fn target() -> Directory {
    let older = GENERATE.replace("\"demo\"", "\"demo\",\"word\":\"old\"");
    let (plan, contents) = generated(None, &older);
    let lock = plan.operations.last().unwrap();
    let mut target = directory([("README.md", "mine\n"), ("bin/run", "#!/bin/sh\n"), ("mine.txt", "keep\n")]);
    put(&mut target, "same.txt", b"same\n", Mode::Regular);
    put(&mut target, "packwright.lock", &contents[lock.range()], Mode::Regular);
    target
}

pub fn apply((plan, contents): (Plan, Vec<u8>), force: bool) -> SessionInput {
    input(Command::Apply { plan, contents, force, trust: false, wait: true })
}

pub fn host(target: Directory) -> Host {
    Host::new([("target", target)])
}

/// The files a target should have in the end, with what was there besides.
fn finished(before: &Directory, (plan, contents): &(Plan, Vec<u8>)) -> Directory {
    let mut after = before.clone();
    after.insert(String::new(), Node::Directory);
    for operation in &plan.operations {
        put(&mut after, operation.path.as_str(), &contents[operation.range()], operation.mode);
    }
    after
}

fn written(ending: Ending) -> Vec<String> {
    match ending.unwrap() {
        Outcome::Apply { written, .. } => written,
        other => panic!("{other:?}"),
    }
}

pub fn change() -> (Directory, (Plan, Vec<u8>)) {
    // The answers of the lockfile would stand; the new word is an argument.
    let json = GENERATE.replace("\"demo\"", "\"demo\",\"word\":\"newer\"");
    (target(), generated(Some(target()), &json))
}

#[test]
fn by_force_everything_is_as_planned_and_nothing_else_changes() {
    let (before, plan) = change();
    let mut host = host(before.clone());
    let ending = host.run(apply(plan.clone(), true));
    assert_eq!(
        ending,
        Ok(Outcome::Apply {
            written: ["README.md", "bin/run", "src/deep/lib.txt", "packwright.lock"]
                .map(str::to_owned)
                .into(),
            unchanged: 1,
            warnings: Vec::new(),
        })
    );
    assert_eq!(host.project(), finished(&before, &plan));
    assert_eq!(
        host.roots["target"]["bin/run"],
        Node::File { content: b"#!/bin/sh\n".to_vec(), mode: Mode::Executable },
        "only its mode was changed"
    );
    let requests = host.log.len();
    let again = host.run(apply(generated(Some(host.roots["target"].clone()), GENERATE), false));
    assert_eq!(again, Ok(Outcome::Apply { written: Vec::new(), unchanged: 5, warnings: Vec::new() }));
    let reads = |body: &RequestBody| matches!(body, RequestBody::Stat { .. } | RequestBody::Read { .. });
    assert!(host.log[requests..].iter().all(reads), "a second run writes nothing");
}

#[test]
fn without_force_a_file_in_the_way_stops_everything() {
    let (before, plan) = change();
    let mut host = host(before.clone());
    let errors = host.run(apply(plan, false)).unwrap_err();
    assert_eq!(
        shown(&errors),
        "error[file-conflict]: `README.md` is there already and differs\n  because it was generated and edited since, and the packs give something else by now, so it cannot be merged\n    --- a/README.md\n    +++ b/README.md\n    @@ -1 +1,2 @@\n    -mine\n    +# demo\n    +newer\n  help: `--existing skip` keeps it, `--existing overwrite` replaces it; or write into another directory with `--output`"
    );
    assert_eq!(host.project(), before);
    assert!(
        !host.log.iter().any(|body| matches!(body, RequestBody::Create { .. } | RequestBody::Rename { .. }))
    );
}

#[test]
fn a_directory_that_is_not_there_is_made() {
    let plan = generated(None, GENERATE);
    let mut host = Host::default();
    assert_eq!(written(host.run(apply(plan.clone(), false))).len(), 5);
    assert_eq!(host.project(), finished(&Directory::new(), &plan));
}

/// For a target with every kind of change and one that is not there yet.
fn situations() -> Vec<(Directory, (Plan, Vec<u8>))> {
    vec![change(), (Directory::new(), generated(None, GENERATE))]
}

#[test]
fn whatever_request_fails_in_whatever_way_the_target_is_as_before() {
    for (before, plan) in situations() {
        let after = finished(&before, &plan);
        let total = {
            let mut host = host(before.clone());
            host.run(apply(plan.clone(), true)).unwrap();
            host.log
        };
        // Behind that everything is in place, and the rest is cleared away.
        let is_done = |body: &RequestBody| matches!(body, RequestBody::Rename { to, .. } if to == DONE);
        let last = total.iter().position(is_done).unwrap();
        for (at, request) in total.iter().enumerate().take(last + 1) {
            for kind in ERRORS {
                let mut host = host(before.clone());
                let ending = host.run_with(apply(plan.clone(), true), at, Fault::Fails(kind)).unwrap();
                let place = format!("request {at} {request:?} fails with {kind:?}");
                if ending.is_ok() {
                    // A directory that is there already will do, another process is waited for, and neither
                    // whether there is rubbish nor how much room there is need be known.
                    let is_borne = match request {
                        RequestBody::MakeDirectory { .. } => kind == HostErrorKind::Exists,
                        RequestBody::Lock { .. } => kind == HostErrorKind::Locked,
                        RequestBody::List { .. } | RequestBody::Remove { .. } | RequestBody::Space { .. } => {
                            true
                        }
                        _ => false,
                    };
                    assert!(is_borne, "{place}");
                    assert_eq!(host.project(), after, "{place}");
                    continue;
                }
                assert_eq!(host.project(), before, "{place}");
                assert_eq!(
                    written(host.run(apply(plan.clone(), true))).len(),
                    4 + usize::from(before.is_empty())
                );
                assert_eq!(host.project(), after, "{place}: another run ends well");
            }
        }
    }
}

#[test]
fn cancelling_at_any_request_leaves_the_target_as_before_or_as_after() {
    for (before, plan) in situations() {
        let after = finished(&before, &plan);
        let mut at = 0;
        let mut cancelled = 0;
        loop {
            let mut host = host(before.clone());
            let ending = host.run_with(apply(plan.clone(), true), at, Fault::Cancelled).unwrap();
            match ending {
                Ok(_) => assert_eq!(host.project(), after, "cancelled at {at}"),
                Err(errors) => {
                    assert_eq!(shown(&errors), "error[cancelled]: cancelled");
                    assert_eq!(host.project(), before, "cancelled at {at}");
                    cancelled += 1;
                }
            }
            if at == host.log.len() {
                break;
            }
            at += 1;
        }
        assert!(cancelled > 10);
    }
}

const JOURNAL: &str = ".packwright/journal.json";
const DONE: &str = ".packwright/staging/journal";

#[test]
fn a_host_that_dies_loses_nothing_and_the_next_run_says_so() {
    let (before, plan) = change();
    let mut interrupted = 0;
    for at in 0.. {
        let mut host = host(before.clone());
        if host.run_with(apply(plan.clone(), true), at, Fault::Dies).is_some() {
            break;
        }
        let left = host.roots["target"].clone();
        if left.contains_key(JOURNAL) {
            let errors = host.run(apply(plan.clone(), true)).unwrap_err();
            assert_eq!(errors[0].code, Code::PartialInstall, "{}", shown(&errors));
            let untouched = |path: &String| !path.starts_with(".packwright/lock.");
            let now: Vec<_> = host.roots["target"].iter().filter(|(path, _)| untouched(path)).collect();
            let then: Vec<_> = left.iter().filter(|(path, _)| untouched(path)).collect();
            assert_eq!(now, then, "what was interrupted is not touched");
            host.run(command(r#"{"type":"recover","how":"roll-back"}"#)).unwrap();
            assert_eq!(host.project(), before, "died at {at}");
            interrupted += 1;
        }
        host.run(apply(plan.clone(), true)).unwrap();
        assert_eq!(host.project(), finished(&before, &plan), "died at {at}");
    }
    assert!(interrupted > 5);
}

#[test]
fn clearing_away_may_fail_without_standing_in_the_way_of_the_next_write() {
    let (before, plan) = change();
    let total = {
        let mut host = host(before.clone());
        host.run(apply(plan.clone(), true)).unwrap();
        host.log.len()
    };
    for at in 0..total {
        let mut host = host(before.clone());
        let fault = Fault::Fails(HostErrorKind::Permission);
        if host.run_with(apply(plan.clone(), true), at, fault).unwrap().is_err() {
            continue;
        }
        put(host.roots.get_mut("target").unwrap(), "README.md", b"mine again\n", Mode::Regular);
        let next = generated(Some(host.roots["target"].clone()), GENERATE);
        assert_eq!(written(host.run(apply(next, true))), ["README.md"], "request {at} of {total} failed");
    }
}

/// A reply can be lost on its way although the work was done.
#[test]
fn a_lost_reply_loses_no_file() {
    for (before, plan) in situations() {
        let mut at = 0;
        loop {
            let mut host = host(before.clone());
            let fault = Fault::FailsLate(HostErrorKind::Other);
            let ending = host.run_with(apply(plan.clone(), true), at, fault).unwrap();
            if at == host.log.len() {
                break;
            }
            if ending.is_err() {
                let left = host.roots.get("target").cloned().unwrap_or_default();
                for (path, node) in &before {
                    assert_eq!(left.get(path), Some(node), "request {at} {:?}", host.log[at]);
                }
            }
            at += 1;
        }
    }
}

#[test]
fn the_order_of_answers_changes_nothing() {
    let (before, plan) = change();
    let after = finished(&before, &plan);
    for seed in 0..32 {
        let mut host = host(before.clone());
        assert_eq!(written(host.run_shuffled(apply(plan.clone(), true), random(seed))).len(), 4);
        assert_eq!(host.project(), after);
    }
}

/// Runs, and does something between the look at what is there and the first move.
fn run_with_change(host: &mut Host, input: SessionInput, change: impl FnOnce(&mut Directory)) -> Ending {
    let mut session = Session::new(input);
    let mut change = Some(change);
    loop {
        match session.poll() {
            Step::Need(requests) => {
                for request in requests {
                    if matches!(&request.body, RequestBody::Rename { to, .. } if to == JOURNAL)
                        && let Some(change) = change.take()
                    {
                        change(host.roots.get_mut("target").unwrap());
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
fn a_file_that_appears_while_writing_is_not_replaced() {
    let (before, plan) = change();
    let mut host = host(before.clone());
    let errors = run_with_change(&mut host, apply(plan, true), |target| {
        put(target, "src/deep/lib.txt", b"just made\n", Mode::Regular);
    })
    .unwrap_err();
    assert!(shown(&errors).contains("`src/deep/lib.txt` appeared while the target was being written"));
    assert_eq!(errors[0].code, Code::FileConflict);
    let mut expected = before;
    put(&mut expected, "src/deep/lib.txt", b"just made\n", Mode::Regular);
    assert_eq!(host.project(), expected);
}

#[test]
fn a_file_that_changes_while_writing_is_not_lost() {
    let (before, plan) = change();
    let mut host = host(before.clone());
    let ending = run_with_change(&mut host, apply(plan, true), |target| {
        put(target, "README.md", b"typed meanwhile\n", Mode::Regular);
    });
    let kept = |node: &Node| matches!(node, Node::File { content, .. } if content == b"typed meanwhile\n");
    assert!(host.roots["target"].values().any(kept), "{ending:?}");
}

#[test]
fn what_changed_since_the_plan_is_not_replaced_even_by_force() {
    let (mut before, plan) = change();
    put(&mut before, "README.md", b"changed since\n", Mode::Regular);
    let mut host = host(before.clone());
    let errors = host.run(apply(plan, true)).unwrap_err();
    assert!(
        shown(&errors).starts_with("error[file-conflict]: `README.md` has changed since the plan was made")
    );
    assert_eq!(host.project(), before);
}

#[test]
fn a_lockfile_that_was_not_read_is_a_file_like_any_other() {
    let mut strange = directory([("packwright.lock", "somebody else's\n")]);
    let unread = generated(None, GENERATE);
    let errors = host(strange.clone()).run(apply(unread, false)).unwrap_err();
    assert!(
        shown(&errors).starts_with("error[file-conflict]: `packwright.lock` is there already and differs")
    );
    let seen_empty = generated(Some(directory::<&str, &str>([])), GENERATE);
    let errors = host(strange.clone()).run(apply(seen_empty, true)).unwrap_err();
    assert!(shown(&errors).contains("`packwright.lock` has changed since the plan was made"));
    put(&mut strange, "README.md", b"x", Mode::Regular);
    let mut reader = Host::new([("registry:starter", packs()), ("target", strange)]);
    let errors = reader.run(command(GENERATE)).unwrap_err();
    assert_eq!(errors[0].code, Code::InvalidLockfile, "a lockfile that is none is never replaced");
}

#[test]
fn what_is_no_regular_file_is_never_replaced() {
    for node in [Node::Directory, Node::Link] {
        let mut before = directory::<&str, &str>([]);
        before.insert("README.md".into(), node);
        let plan = generated(Some(before.clone()), GENERATE);
        let mut host = host(before.clone());
        let errors = host.run(apply(plan, true)).unwrap_err();
        assert!(shown(&errors).contains("`README.md` is there and is no regular file"), "{}", shown(&errors));
        assert_eq!(host.project(), before);
    }
    let mut before = directory::<&str, &str>([]);
    before.insert("src".into(), Node::Link);
    let mut host = host(before.clone());
    let errors = host.run(apply(generated(None, GENERATE), true)).unwrap_err();
    assert_eq!(errors[0].code, Code::FileConflict, "no way through a link");
    assert_eq!(host.project(), before);
    let before = directory([("src", "a file where a directory is needed\n")]);
    let mut host = self::host(before.clone());
    let errors = host.run(apply(generated(Some(before.clone()), GENERATE), true)).unwrap_err();
    assert!(
        shown(&errors).starts_with(
            "error[file-conflict]: `src` is there and is no directory, but `src/deep/lib.txt` goes below it"
        ),
        "{}",
        shown(&errors)
    );
    assert_eq!(host.project(), before);
}

#[test]
fn what_stands_there_as_it_was_generated_needs_no_force() {
    let mut project = Host::default();
    project.run(apply(generated(None, GENERATE), false)).unwrap();
    let mut before = project.roots["target"].clone();
    put(&mut before, "README.md", b"edited\n", Mode::Regular);
    let json = GENERATE.replace("\"demo\"", "\"demo\",\"word\":\"newer\"");
    let plan = generated(Some(before.clone()), &json);
    let action = |path: &str| {
        plan.0.operations.iter().find(|operation| operation.path.as_str() == path).unwrap().action
    };
    assert_eq!(action("src/deep/lib.txt"), packwright::plan::Action::Change);
    assert_eq!(action("README.md"), packwright::plan::Action::Conflict);
    let errors = host(before.clone()).run(apply(plan, false)).unwrap_err();
    assert_eq!(errors.len(), 1, "only the edited file is in the way: {}", shown(&errors));
    let untouched = project.roots["target"].clone();
    let plan = generated(Some(untouched.clone()), &json);
    assert_eq!(
        written(host(untouched).run(apply(plan, false))),
        ["README.md", "src/deep/lib.txt", "packwright.lock"]
    );
}

#[test]
fn a_file_saved_while_a_write_is_taken_back_stays() {
    let (before, plan) = change();
    let mut host = host(before);
    let mut session = Session::new(apply(plan, true));
    let ending = loop {
        match session.poll() {
            Step::Need(requests) => {
                for request in requests {
                    let reply = host.perform(&request.body);
                    if matches!(&request.body, RequestBody::Rename { from, .. } if from == "README.md") {
                        put(host.roots.get_mut("target").unwrap(), "README.md", b"saved\n", Mode::Regular);
                    }
                    session.answer(request.id, reply).unwrap();
                }
            }
            Step::Waiting => panic!("everything was answered"),
            Step::Done(ending) => break ending,
        }
    };
    let errors = ending.unwrap_err();
    assert_eq!(
        errors.iter().map(|error| error.code).collect::<Vec<_>>(),
        [Code::PartialInstall, Code::FileConflict]
    );
    let content = |path: &str| match &host.roots["target"][path] {
        Node::File { content, .. } => String::from_utf8(content.clone()).unwrap(),
        node => panic!("{node:?}"),
    };
    assert_eq!(
        (content("README.md"), content(".packwright/staging/old-0")),
        ("saved\n".into(), "mine\n".into())
    );
}

#[test]
fn a_plan_is_checked_like_any_other_input() {
    type Tamper = fn(&mut Plan, &mut Vec<u8>);
    let cases: [(&str, Tamper); 6] = [
        ("`README.md` differs", |_, contents| contents[0] ^= 1),
        ("`README.md` differs", |plan, _| plan.operations[0].size += 1),
        ("`packwright.lock` differs", |plan, _| plan.operations.last_mut().unwrap().offset = usize::MAX),
        ("`README.md` differs", |plan, _| plan.operations[0].hash = plan.operations[1].hash),
        ("`README.md` is there already", |plan, _| plan.operations.insert(0, plan.operations[0].clone())),
        ("would have to be both a file and a directory", |plan, _| {
            let mut operation = plan.operations[0].clone();
            operation.path = "src".parse().unwrap();
            plan.operations.push(operation);
        }),
    ];
    for (told, tamper) in cases {
        let (mut plan, mut contents) = generated(None, GENERATE);
        tamper(&mut plan, &mut contents);
        let mut host = host(Directory::new());
        let errors = host.run(apply((plan, contents), true)).unwrap_err();
        assert_eq!(errors[0].code, Code::InvalidInput);
        assert!(shown(&errors).contains(told), "{}", shown(&errors));
        assert!(host.log.is_empty(), "nothing was even looked at");
    }
    let (plan, _) = generated(None, GENERATE);
    let text = serde_json::to_string(&plan).unwrap();
    for (from, to) in [("README.md", "../README.md"), ("src/deep", ".git/hooks"), ("0644", "0777")] {
        assert!(text.contains(from));
        serde_json::from_str::<Plan>(&text.replace(from, to)).expect_err(to);
    }
}

#[test]
fn files_that_run_by_themselves_need_consent() {
    let mut packs = packs();
    put(&mut packs, "a/files/.envrc", b"export A=1\n", Mode::Regular);
    let mut source = Host::new([("registry:starter", packs)]);
    let Ok(Outcome::Generate { project }) = source.run(command(&GENERATE.replace(",\"target\":true", "")))
    else {
        panic!("it generates")
    };
    let (plan, contents) = (project.plan.clone(), project.contents.0.to_vec());
    let mut unasked = host(Directory::new());
    let errors = unasked.run(apply((plan.clone(), contents.clone()), true)).unwrap_err();
    assert_eq!(
        shown(&errors),
        "error[needs-consent]: `.envrc` may run by itself when the directory is opened\n  because `a@1.0.0` brings it\n  help: look at it with `--dry-run`, then add `--trust`"
    );
    assert_eq!(unasked.project(), Directory::new(), "nothing was touched");
    let trusting = Command::Apply {
        plan: plan.clone(),
        contents: contents.clone(),
        force: false,
        trust: true,
        wait: true,
    };
    assert!(written(host(Directory::new()).run(input(trusting))).contains(&".envrc".to_owned()));
    let mut lying = plan;
    lying.operations.iter_mut().for_each(|operation| operation.runs_on_open = false);
    let errors =
        host(Directory::new()).run(apply((lying, contents), false)).expect_err("the path says what it is");
    assert_eq!(errors[0].code, Code::NeedsConsent);
}

#[test]
fn hosts_without_a_capability() {
    let plan = generated(None, GENERATE);
    let capabilities = Capabilities { rename: false, modes: true, ..Capabilities::default() };
    let mut host = host(Directory::new());
    let errors = host.run(SessionInput { capabilities, ..apply(plan, false) }).unwrap_err();
    assert!(shown(&errors).contains("this host cannot move files"));
    assert!(host.log.is_empty());
    let capabilities = Capabilities { rename: true, modes: false, ..Capabilities::default() };
    let before = directory([("bin/run", "#!/bin/sh\n")]);
    let plan = generated(Some(before.clone()), GENERATE);
    let mut modeless = Host::new([("target", before)]);
    let written = written(modeless.run(SessionInput { capabilities, ..apply(plan, false) }));
    assert!(!written.contains(&"bin/run".to_owned()), "{written:?}");
}

#[test]
fn where_files_have_no_modes_none_is_out_of_date() {
    let mut host = Host::new([("registry:starter", packs()), ("target", Directory::new())]);
    host.run(apply(generated(None, GENERATE), false)).unwrap();
    put(host.roots.get_mut("target").unwrap(), "bin/run", b"#!/bin/sh\n", Mode::Regular);
    let check = GENERATE.replace("\"target\":true", "\"target\":true,\"check\":true");
    let errors = host.run(command(&check)).unwrap_err();
    assert!(shown(&errors).starts_with("error[out-of-date]: `bin/run` has another mode than 0755"));
    let capabilities = Capabilities { rename: true, modes: false, ..Capabilities::default() };
    host.run(SessionInput { capabilities, ..command(&check) }).expect("it is what the packs give");
}

#[test]
fn an_interrupted_write_is_told_before_anything_is_touched() {
    let before = directory([(".packwright/staging/old-0", "saved\n"), (JOURNAL, "{}")]);
    let plan = generated(None, GENERATE);
    let mut host = host(before.clone());
    let errors = host.run(apply(plan, true)).unwrap_err();
    assert!(
        shown(&errors).starts_with("error[partial-install]: a write into this directory was interrupted"),
        "{}",
        shown(&errors)
    );
    assert_eq!(errors[0].exit_code, 6);
    assert_eq!(host.project(), before);
}

#[test]
fn what_cannot_be_taken_back_is_told() {
    let (before, plan) = change();
    let mut host = host(before.clone());
    let mut session = Session::new(apply(plan, true));
    let mut renames = 0;
    let ending = loop {
        match session.poll() {
            Step::Done(ending) => break ending,
            Step::Waiting => panic!("everything was answered"),
            Step::Need(requests) => {
                for request in requests {
                    renames += usize::from(matches!(request.body, RequestBody::Rename { .. }));
                    // From the third on, files stay where they are.
                    let reply = if renames >= 3 && matches!(request.body, RequestBody::Rename { .. }) {
                        Reply::Error { kind: HostErrorKind::ReadOnly, message: "the disk went away".into() }
                    } else {
                        host.perform(&request.body)
                    };
                    session.answer(request.id, reply).unwrap();
                }
            }
        }
    };
    let errors = ending.unwrap_err();
    assert_eq!(
        errors.iter().map(|error| error.code).collect::<Vec<_>>(),
        [Code::PartialInstall, Code::Storage]
    );
    let suggested = errors[0].suggestion.as_deref().unwrap();
    assert!(suggested.contains("`packwright install --rollback` takes all of it back"), "{suggested}");
    assert_eq!(
        host.roots["target"][".packwright/staging/old-0"],
        Node::File { content: b"mine\n".to_vec(), mode: Mode::Regular }
    );
}
