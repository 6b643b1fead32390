//! Taking the last write back. That nothing is lost whatever goes wrong on the way is tried by the
//! simulation.

use packwright::diagnostic::Code;
use packwright::manifest::Mode;
use packwright::registry::Digest;
use packwright::session::{Outcome, UndoneAction};

use crate::host::{CAPABILITIES, Ending, Fault, Host, Node, UNDO, command, directory, put, shown};
use crate::writing::{GENERATE, apply, change, generated, host};

const UNDO_JOURNAL: &str = ".packwright/undo/journal";
const BACK: &str = r#"{"type":"undo"}"#;
const BACK_BY_FORCE: &str = r#"{"type":"undo","force":true}"#;
const REHEARSAL: &str = r#"{"type":"undo","dryRun":true}"#;

fn undone(ending: Ending) -> Vec<String> {
    let Outcome::Undo { undone, warnings } = ending.unwrap() else { panic!("something is taken back") };
    assert_eq!(warnings, []);
    let mark = |action| match action {
        UndoneAction::Create => '+',
        UndoneAction::Change => '~',
        UndoneAction::Delete => '-',
    };
    undone.iter().map(|one| format!("{}{}", mark(one.action), one.path)).collect()
}

fn refused(ending: Ending) -> (Code, String) {
    let errors = ending.unwrap_err();
    (errors[0].code, shown(&errors))
}

/// A host whose target was written over, by force.
fn written_over() -> Host {
    let (before, plan) = change();
    let mut host = host(before);
    host.run(apply(plan, true)).unwrap();
    host
}

fn edit(host: &mut Host, path: &str, content: &str) {
    put(host.roots.get_mut("target").unwrap(), path, content.as_bytes(), Mode::Regular);
}

#[test]
fn files_and_modes_come_back_and_go_again() {
    let (before, _) = change();
    let mut host = written_over();
    let after = host.project();
    let told = ["~README.md", "~bin/run", "-src/deep/lib.txt", "~packwright.lock"];
    assert_eq!(undone(host.run(command(REHEARSAL))), told);
    assert_eq!(host.project(), after, "a rehearsal");
    assert_eq!(undone(host.run(command(BACK))), told);
    assert_eq!(host.project(), before);
    let told = ["~README.md", "~bin/run", "+src/deep/lib.txt", "~packwright.lock"];
    assert_eq!(undone(host.run(command(BACK))), told);
    assert_eq!(host.project(), after);
    assert_eq!(
        host.roots["target"][".packwright/undo/.gitignore"],
        Node::File { content: b"*\n".to_vec(), mode: Mode::Regular }
    );
}

#[test]
fn a_project_of_new_files_goes_again() {
    let mut host = Host::default();
    host.run(apply(generated(None, GENERATE), false)).unwrap();
    let after = host.project();
    assert_eq!(undone(host.run(command(BACK))).len(), 5);
    assert_eq!(host.project(), directory::<&str, &str>([]));
    undone(host.run(command(BACK)));
    assert_eq!(host.project(), after);
}

#[test]
fn only_the_last_write_is_taken_back() {
    let mut host = Host::default();
    host.run(apply(generated(None, GENERATE), false)).unwrap();
    let first = host.project();
    let json = GENERATE.replace("\"demo\"", "\"demo\",\"word\":\"newer\"");
    host.run(apply(generated(Some(first.clone()), &json), false)).unwrap();
    let told = ["~README.md", "~src/deep/lib.txt", "~packwright.lock"];
    assert_eq!(undone(host.run(command(BACK))), told);
    assert_eq!(host.project(), first);
}

#[test]
fn what_was_changed_since_stays_unless_by_force() {
    let mut host = written_over();
    edit(&mut host, "README.md", "typed since\n");
    host.roots.get_mut("target").unwrap().retain(|path, _| !path.starts_with("src"));
    let before = host.roots["target"].clone();
    for json in [BACK, REHEARSAL] {
        assert_eq!(
            refused(host.run(command(json))),
            (
                Code::FileConflict,
                "error[file-conflict]: `README.md` was changed since it was written\n  \
                 help: add `--force` to take it back all the same; until the next write, another `undo` brings it again"
                    .to_owned()
            )
        );
    }
    assert_eq!(host.roots["target"], before, "and with it everything");
    assert_eq!(undone(host.run(command(BACK_BY_FORCE))), ["~README.md", "~bin/run", "~packwright.lock"]);
    assert_eq!(host.project(), change().0);
    undone(host.run(command(BACK)));
    let Node::File { content, .. } = &host.roots["target"]["README.md"] else { panic!() };
    assert_eq!(content, b"typed since\n");
}

#[test]
fn what_is_as_it_was_already_is_left_alone() {
    let mut host = written_over();
    edit(&mut host, "README.md", "mine\n");
    assert_eq!(undone(host.run(command(BACK))), ["~bin/run", "-src/deep/lib.txt", "~packwright.lock"]);
    assert_eq!(host.project(), change().0);
}

#[test]
fn without_a_way_back_nothing_is_done() {
    let mut nothing = Host::default();
    let (code, told) = refused(nothing.run(command(BACK)));
    assert_eq!(code, Code::FileNotFound);
    assert!(
        told.starts_with("error[file-not-found]: there is nothing to take back in this directory"),
        "{told}"
    );
    assert!(nothing.roots.get("target").is_none_or(|target| target.len() <= 1), "{:?}", nothing.roots);

    let mut host = written_over();
    let kept = format!("{UNDO}/old-0");
    edit(&mut host, &kept, "somebody was here\n");
    let before = host.roots["target"].clone();
    for json in [BACK, BACK_BY_FORCE] {
        let (code, told) = refused(host.run(command(json)));
        assert_eq!(code, Code::FileNotFound);
        assert!(
            told.contains("what stood at `README.md` is not in `.packwright/undo/old-0` any more"),
            "{told}"
        );
    }
    assert_eq!(host.roots["target"], before);
}

/// The journal of a write that made a file with this path.
fn journal(path: &str) -> String {
    let hash = Digest::of(b"mine\n");
    format!(
        r#"{{"version":1,"ending":"undoable","made":[],"emptied":[],"moves":[{{"path":"{path}","before":"nothing","after":{{"file":"{hash}"}}}}]}}"#
    )
}

/// A clone of somebody's repository may bring a way back of its own.
#[test]
fn a_way_back_of_somebody_else_leads_nowhere() {
    let mut right = host(directory([("README.md", "mine\n"), (UNDO_JOURNAL, &journal("README.md"))]));
    assert_eq!(undone(right.run(command(BACK))), ["-README.md"], "such a journal is read");
    for text in [
        journal("../README.md"),
        journal(".git/config"),
        journal("README.md").replace("[],\"moves", "[\"../x\"],\"moves"),
        journal(".packwright/undo/journal"),
        journal("C:/x"),
        "{}".to_owned(),
        "not JSON".to_owned(),
        journal("a").replace("\"version\":1", "\"version\":2"),
    ] {
        let mut host = host(directory([("README.md", "mine\n"), (UNDO_JOURNAL, &text)]));
        let before = host.roots["target"].clone();
        let (code, told) = refused(host.run(command(BACK)));
        assert_eq!(code, Code::InvalidInput, "{text}");
        assert!(told.starts_with("error[invalid-input]: `.packwright/undo/journal` is damaged"), "{told}");
        assert_eq!(host.roots["target"], before, "{text}");
    }
}

/// Links are not followed: what they point to is not ours.
#[test]
fn a_link_is_no_file_of_ours() {
    let mut host = written_over();
    host.roots.get_mut("target").unwrap().insert("README.md".to_owned(), Node::Link);
    let (code, _) = refused(host.run(command(BACK)));
    assert_eq!(code, Code::FileConflict);
    let (code, told) = refused(host.run(command(BACK_BY_FORCE)));
    assert_eq!(code, Code::FileConflict);
    assert!(told.contains("`README.md` is neither a file nor a directory by now"), "{told}");
}

#[test]
fn what_runs_when_a_directory_is_opened_comes_back_only_if_that_is_wanted() {
    let hash = Digest::of(b"mine\n");
    let text = journal(".vscode/tasks.json")
        .replace(r#""before":"nothing""#, &format!(r#""before":{{"file":"{hash}"}}"#));
    let text = text.replace(&format!(r#""after":{{"file":"{hash}"}}"#), r#""after":"nothing""#);
    let mut host = host(directory([(UNDO_JOURNAL, text.as_str()), (".packwright/undo/old-0", "mine\n")]));
    assert_eq!(undone(host.run(command(REHEARSAL))), ["+.vscode/tasks.json"]);
    assert_eq!(
        refused(host.run(command(BACK))),
        (
            Code::NeedsConsent,
            "error[needs-consent]: `.vscode/tasks.json` may run by itself when the directory is opened\n  \
             help: look at it in `.packwright/undo/old-0`, then add `--trust`"
                .to_owned()
        )
    );
    assert_eq!(undone(host.run(command(r#"{"type":"undo","trust":true}"#))), ["+.vscode/tasks.json"]);
}

/// Something in the former way back cannot be removed, such as a file that another program has open.
#[test]
fn a_former_way_back_that_cannot_go_costs_nothing() {
    let (before, plan) = change();
    let mut host = host(before.clone());
    let stuck = format!("{UNDO}/stuck/file");
    edit(&mut host, &stuck, "stuck\n");
    host.stuck.insert(stuck.clone());
    let Ok(Outcome::Apply { warnings, .. }) = host.run(apply(plan, true)) else { panic!("it is written") };
    let told = shown(&warnings);
    assert!(
        told.contains(
            "what the last write replaced stays in `.packwright/staging` and cannot become `.packwright/undo`"
        ),
        "{told}"
    );
    let (code, _) = refused(host.run(command(BACK)));
    assert_eq!(code, Code::Storage, "it is tried again, and told");
    host.stuck.clear();
    undone(host.run(command(BACK)));
    assert_eq!(host.project(), before);
}

/// Where nobody is kept out, what is about to become the way back may be somebody's who is still at it.
#[test]
fn without_a_lock_what_another_write_has_done_is_not_touched() {
    let (before, plan) = change();
    let capabilities = packwright::session::Capabilities { lock: false, ..CAPABILITIES };
    let asking = |input: packwright::session::SessionInput| packwright::session::SessionInput {
        capabilities,
        ..input
    };
    let mut whole = host(before.clone());
    whole.run(asking(apply(plan.clone(), true))).unwrap();
    let is_last = |body: &packwright::session::RequestBody| matches!(body, packwright::session::RequestBody::Rename { to, .. } if to == UNDO);
    let last = whole.log.iter().position(is_last).unwrap();
    let mut host = host(before);
    assert_eq!(host.run_with(asking(apply(plan, true)), last, Fault::Dies), None);
    let left = host.roots["target"].clone();
    let (code, told) = refused(host.run(asking(command(BACK))));
    assert_eq!(code, Code::PartialInstall);
    assert!(told.contains("another write is under way or was interrupted"), "{told}");
    assert_eq!(host.roots["target"], left);
}
