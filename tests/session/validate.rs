//! Packs and their golden generations.

use packwright::diagnostic::Code;
use packwright::manifest::Mode;
use packwright::session::{Outcome, Validation};

use crate::host::{Directory, Host, Node, command, directory, put, shown};

const PACK: &str = r#"
[pack]
name = "a"
version = "1.0.0-beta.1"
readme = "README.md"
[dependencies]
base = "^1"
[variables.word]
default = "new"
[[templates]]
name = "all"
source = "files/"
[[templates]]
name = "run"
source = "run.sh.j2"
output = "bin/run"
mode = "0755"
[[tests]]
name = "defaults"
expect = "tests/defaults/"
[[tests]]
name = "other"
answers = { project_name = "demo", word = "other" }
expect = "tests/other"
"#;

const PLAIN: &str = r#"{"type":"validate"}"#;
const DEEP: &str = r#"{"type":"validate","golden":"compare"}"#;
const BLESS: &str = r#"{"type":"validate","golden":"bless"}"#;

/// A pack with an optional dependency, which one of its tests joins.
const OPTIONAL: &str = r#"
[pack]
name = "a"
version = "1.0.0"
[dependencies]
base = { version = "^1", optional = true }
[[tests]]
name = "alone"
expect = "tests/alone"
[[tests]]
name = "together"
with = ["base"]
expect = "tests/together"
"#;

/// A pack in a directory of any name; in its registry there is another version, and what it needs.
fn host(pack: &str) -> Host {
    let source = directory([
        ("pack.toml", pack),
        ("README.md", "A.\n"),
        ("files/notes.md", "{{ project_name }} {{ word }} {{ timestamp }}\n"),
        ("run.sh.j2", "#!/bin/sh\n"),
    ]);
    let registry = directory([
        ("a/pack.toml", "[pack]\nname = \"a\"\nversion = \"9.0.0\"\n"),
        (
            "base/pack.toml",
            "[pack]\nname = \"base\"\nversion = \"1.4.0\"\n[[templates]]\nname = \"base\"\nsource = \"base.txt\"\noutput = \"base.txt\"\n",
        ),
        ("base/base.txt", "base {{ packs[\"a\"].version }}\n"),
    ]);
    Host::new([("registry:starter", registry), ("source", source)])
}

fn validation(host: &mut Host, json: &str) -> Validation {
    match host.run(command(json)) {
        Ok(Outcome::Validate { validation }) => *validation,
        other => panic!("{other:?}"),
    }
}

/// Writes what comes out, and gives what changed. The pack is in both roots, as it is one directory.
fn blessed(host: &mut Host) -> Vec<String> {
    host.roots.insert("target".to_owned(), host.roots["source"].clone());
    let validation = validation(host, BLESS);
    assert!(validation.tests.iter().all(|test| test.problems.is_empty()), "{:?}", validation.tests);
    host.roots.insert("source".to_owned(), host.project());
    validation
        .blessed
        .into_iter()
        .chain(validation.removed.iter().map(|path| format!("{path} is gone")))
        .collect()
}

fn source(host: &mut Host) -> &mut Directory {
    host.roots.get_mut("source").unwrap()
}

#[test]
fn what_comes_out_is_written_and_then_expected() {
    let mut host = host(PACK);
    let first = validation(&mut host, DEEP);
    assert_eq!((first.name.as_str(), first.version.to_string().as_str()), ("a", "1.0.0-beta.1"));
    assert_eq!(first.problems, []);
    assert_eq!(first.tests.iter().map(|test| test.files).collect::<Vec<_>>(), [3, 3]);
    assert_eq!(
        shown(&first.tests[1].problems[..1]),
        "error[out-of-date]: `tests/other/base.txt` is made and not expected\n    \
         --- a/tests/other/base.txt\n    +++ b/tests/other/base.txt\n    @@ -0,0 +1 @@\n    +base 1.0.0-beta.1"
    );
    let written = blessed(&mut host);
    let paths = ["base.txt", "bin/run", "notes.md"];
    let paths =
        ["defaults", "other"].iter().flat_map(|test| paths.map(|path| format!("tests/{test}/{path}")));
    assert_eq!(written, paths.collect::<Vec<_>>());
    let file = |path: &str| match &host.roots["source"][path] {
        Node::File { content, mode } => (String::from_utf8(content.clone()).unwrap(), *mode),
        other => panic!("{other:?}"),
    };
    assert_eq!(file("tests/defaults/notes.md").0, "defaults new 2000-01-01T00:00:00Z\n");
    assert_eq!(file("tests/other/notes.md").0, "demo other 2000-01-01T00:00:00Z\n");
    assert_eq!(file("tests/other/bin/run").1, Mode::Executable);
    let then = validation(&mut host, DEEP);
    assert!(then.tests.iter().all(|test| test.problems.is_empty()), "{:?}", then.tests);
    assert_eq!(blessed(&mut host), Vec::<String>::new(), "a second time there is nothing to write");
}

#[test]
fn every_difference_is_told_and_blessing_ends_it() {
    let mut host = host(PACK);
    blessed(&mut host);
    put(source(&mut host), "tests/other/notes.md", b"demo older 2000-01-01T00:00:00Z\n", Mode::Regular);
    put(source(&mut host), "tests/other/bin/run", b"#!/bin/sh\n", Mode::Regular);
    put(source(&mut host), "tests/other/deep/gone.txt", b"gone\n", Mode::Regular);
    let told = validation(&mut host, DEEP);
    assert_eq!(told.tests[0].problems, []);
    assert_eq!(
        shown(&told.tests[1].problems),
        "error[out-of-date]: `tests/other/bin/run` is made executable\n\
         error[out-of-date]: `tests/other/notes.md` is made otherwise\n    \
         --- a/tests/other/notes.md\n    +++ b/tests/other/notes.md\n    @@ -1 +1 @@\n    \
         -demo older 2000-01-01T00:00:00Z\n    +demo other 2000-01-01T00:00:00Z\n\
         error[out-of-date]: `tests/other/deep/gone.txt` is expected and not made"
    );
    assert_eq!(
        blessed(&mut host),
        ["tests/other/bin/run", "tests/other/notes.md", "tests/other/deep/gone.txt is gone"]
    );
    assert!(!host.roots["source"].contains_key("tests/other/deep"), "nor is its directory there");
    assert!(validation(&mut host, DEEP).tests.iter().all(|test| test.problems.is_empty()));
    host.run(command(r#"{"type":"undo"}"#)).unwrap();
    assert!(host.roots["target"].contains_key("tests/other/deep/gone.txt"), "and it can be taken back");
}

#[test]
fn what_cannot_be_made_is_told_and_not_blessed() {
    let mut host = host(PACK);
    put(source(&mut host), "files/notes.md", b"{{ word }} {{ missing }}\n", Mode::Regular);
    host.roots.insert("target".to_owned(), host.roots["source"].clone());
    let told = validation(&mut host, BLESS);
    assert_eq!(told.blessed, Vec::<String>::new());
    assert_eq!(told.tests[0].problems[0].code, Code::RenderFailed);
    assert_eq!(host.project(), host.roots["source"]);
    let without = PACK.replace("base = \"^1\"", "base = \"^2\"");
    let told = validation(&mut self::host(&without), DEEP);
    assert_eq!(told.tests[0].problems[0].code, Code::Conflict);
}

#[test]
fn a_pack_is_looked_at_without_any_other() {
    let mut fine = host(PACK);
    let told = validation(&mut fine, PLAIN);
    assert_eq!((told.problems, told.tests), (vec![], vec![]));
    let is_elsewhere = |root: &packwright::session::Root| *root != packwright::session::Root::Source;
    use packwright::session::RequestBody::{List, Read, Stat};
    let elsewhere = fine.log.iter().find(|body| match body {
        List { root, .. } | Read { root, .. } | Stat { root, .. } => is_elsewhere(root),
        _ => true,
    });
    assert_eq!(elsewhere, None);

    let mut wrong = host(&PACK.replace("README.md", "READ.md").replace("run.sh.j2", "run.sh"));
    put(source(&mut wrong), "files/{% if %}x", b"", Mode::Regular);
    put(source(&mut wrong), "files/broken.md", b"fine\n{{ word | }}\n", Mode::Regular);
    let told = validation(&mut wrong, DEEP);
    let lines: Vec<String> = told.problems.iter().map(|problem| problem.to_string()).collect();
    let lines: Vec<&str> = lines.iter().map(|text| text.lines().next().unwrap()).collect();
    assert_eq!(
        lines,
        [
            "error[file-not-found]: the template `run` reads `run.sh`, which is not in the pack",
            "error[render-failed]: a file of the template `all` is wrong: syntax error: unexpected end of variable block, expected identifier",
            "error[render-failed]: a path of the template `all` is wrong: syntax error: unexpected end of block",
            "error[file-not-found]: the readme `READ.md` is not in the pack",
        ]
    );
    assert_eq!(told.problems[1].location.as_ref().unwrap().line, Some(2));
    assert_eq!(told.tests, [], "a pack that is not sound is not tried");
}

/// Blessing writes over what it finds, so nothing else may be there.
#[test]
fn tests_have_directories_of_their_own() {
    for (place, words) in [
        ("files", "where the template `all` has its source"),
        ("files/golden", "where the template `all` has its source"),
        ("run.sh.j2", "where the template `run` has its source"),
        ("README.md", "where `README.md` is"),
        ("tests", "where the test `defaults` has it"),
        ("tests/defaults/deeper", "where the test `defaults` has it"),
    ] {
        let mut host = host(&PACK.replace("tests/other", place));
        host.roots.insert("target".to_owned(), host.roots["source"].clone());
        let told = validation(&mut host, BLESS);
        assert_eq!(told.problems[0].code, Code::InvalidManifest, "{place}");
        let text = told.problems[0].to_string();
        assert!(text.contains(words), "{place}: {text}");
        assert_eq!(told.blessed, Vec::<String>::new(), "{place}");
    }
}

#[test]
fn nothing_is_blessed_where_something_else_is() {
    let mut host = host(PACK);
    put(source(&mut host), "tests/other/LICENSE", b"mine\n", Mode::Regular);
    host.roots.insert("target".to_owned(), host.roots["source"].clone());
    let told = validation(&mut host, BLESS);
    assert_eq!(
        shown(&told.tests[1].problems),
        "error[file-conflict]: `tests/other` holds files, and this test gives none of them\n  \
         help: remove `tests/other`, or give the test a directory of its own"
    );
    assert!(told.blessed.iter().all(|path| path.starts_with("tests/defaults/")), "{:?}", told.blessed);
}

#[test]
fn a_file_does_not_take_the_place_of_a_directory() {
    let mut host = host(PACK);
    blessed(&mut host);
    source(&mut host).remove("tests/other/bin/run");
    source(&mut host).remove("tests/other/bin");
    put(source(&mut host), "tests/other/bin", b"a file\n", Mode::Regular);
    put(source(&mut host), "tests/defaults/notes.md/inner", b"a file\n", Mode::Regular);
    host.roots.insert("target".to_owned(), host.roots["source"].clone());
    let told = validation(&mut host, BLESS);
    assert_eq!(
        shown(&told.tests[0].problems),
        "error[file-conflict]: `tests/defaults/notes.md` is a directory, and a file is made\n  help: remove `tests/defaults/notes.md` first"
    );
    assert_eq!(
        shown(&told.tests[1].problems),
        "error[file-conflict]: `tests/other/bin` is a file, and a directory is made\n  help: remove `tests/other/bin` first"
    );
    assert_eq!(told.blessed, Vec::<String>::new());
}

/// What is blessed is read again with the pack, so it must fit.
#[test]
fn a_pack_stays_small_enough_to_be_read() {
    let many: String = (0..6)
        .map(|number| format!("[[tests]]\nname = \"t{number}\"\nexpect = \"tests/{number}\"\n"))
        .collect();
    let manifest = format!(
        "[pack]\nname = \"a\"\nversion = \"1.0.0\"\n[[templates]]\nname = \"big\"\nsource = \"big.j2\"\noutput = \"big\"\n{many}"
    );
    let mut host = host(&manifest);
    put(
        source(&mut host),
        "big.j2",
        b"{% for n in range(1000) %}{{ 'x' * 12000 }}{% endfor %}",
        Mode::Regular,
    );
    host.roots.insert("target".to_owned(), host.roots["source"].clone());
    let told = validation(&mut host, BLESS);
    let failed = told.tests.iter().filter(|test| !test.problems.is_empty()).count();
    assert_eq!(failed, 1, "five of 12 MB fit");
    assert!(shown(&told.tests[5].problems).contains("more than 10000 files or 64 MiB"));
}

#[test]
fn where_files_have_no_modes_none_is_blessed_for_its_mode() {
    let mut host = host(PACK);
    blessed(&mut host);
    let target = host.roots.get_mut("source").unwrap();
    put(target, "tests/other/bin/run", b"#!/bin/sh\n", Mode::Regular);
    host.roots.insert("target".to_owned(), host.roots["source"].clone());
    let mut input = command(BLESS);
    input.capabilities.modes = false;
    let Ok(Outcome::Validate { validation }) = host.run(input) else { panic!() };
    assert_eq!(validation.blessed, Vec::<String>::new());
}

#[test]
fn a_write_that_was_interrupted_there_is_told() {
    let mut host = host(PACK);
    put(source(&mut host), ".packwright/journal.json", b"{}", Mode::Regular);
    for json in [PLAIN, DEEP] {
        let errors = host.run(command(json)).unwrap_err();
        assert_eq!((errors[0].code, errors[0].exit_code), (Code::PartialInstall, 6));
    }
}

#[test]
fn a_tree_that_version_control_would_not_see_whole_is_told() {
    let mut host = host(PACK);
    put(source(&mut host), "files/.gitignore", b"*.log\n", Mode::Regular);
    host.roots.insert("target".to_owned(), host.roots["source"].clone());
    let told = validation(&mut host, BLESS);
    assert_eq!(
        shown(&told.problems[..1]),
        "warning[invalid-input]: `tests/defaults/.gitignore` keeps Git from adding what it names to the pack itself\n  \
         help: add it all with `git add --force tests/defaults`"
    );
}

#[test]
fn a_pack_without_tests_is_tried_with_its_defaults() {
    let manifest = "[pack]\nname = \"a\"\nversion = \"1.0.0\"\n[[templates]]\nname = \"t\"\nsource = \"run.sh.j2\"\noutput = \"../x\"\n";
    let told = validation(&mut host(manifest), DEEP);
    assert_eq!(told.problems[0].code, Code::InvalidPath);
    let asking = "[pack]\nname = \"a\"\nversion = \"1.0.0\"\n[variables.who]\nrequired = true\n";
    let told = shown(&validation(&mut host(asking), DEEP).problems);
    assert!(told.contains("so nothing was made, as it has no defaults for everything"), "{told}");
}

#[test]
fn an_expected_tree_is_a_directory() {
    let mut host = host(&PACK.replace("tests/defaults/", "golden"));
    put(source(&mut host), "golden", b"", Mode::Regular);
    let told = shown(&validation(&mut host, PLAIN).problems);
    assert!(told.contains("the test `defaults` expects its tree in `golden`, which is a file"), "{told}");
    let mut host = self::host(&PACK.replace("\"other\"\nanswers", "\"defaults\"\nanswers"));
    let told = shown(&host.run(command(PLAIN)).unwrap_err());
    assert!(told.contains("there are two tests `defaults`"), "{told}");
}

#[test]
fn a_test_may_join_what_is_optional() {
    let mut host = host(OPTIONAL);
    assert_eq!(blessed(&mut host), ["tests/together/base.txt"]);
    let judged = validation(&mut host, DEEP);
    assert_eq!(judged.tests.iter().map(|test| test.files).collect::<Vec<_>>(), [0, 1]);
    put(
        source(&mut host),
        "pack.toml",
        OPTIONAL.replace("[\"base\"]", "[\"bose\"]").as_bytes(),
        Mode::Regular,
    );
    let judged = validation(&mut host, DEEP);
    let told = shown(&judged.tests[1].problems);
    assert!(told.contains("`bose` is no optional member of these packs"), "{told}");
}

#[test]
fn answers_of_a_test_are_mended_in_the_manifest() {
    let wrong = PACK.replace("word = \"other\"", "word = 7, wrod = \"x\"");
    let told = validation(&mut host(&wrong), DEEP);
    let told = shown(&told.tests[1].problems);
    assert!(
        told.contains("help: see to it in `answers` of the test `other`") && !told.contains("--var"),
        "{told}"
    );
}

#[test]
fn a_pack_without_tests_is_told_so() {
    let told = validation(&mut host("[pack]\nname = \"a\"\nversion = \"1.0.0\"\n"), DEEP);
    assert_eq!(
        shown(&told.problems),
        "warning[file-not-found]: `a@1.0.0` has no `[[tests]]`, so what it gives with its defaults was made, and compared with nothing\n  help: add one, and let `--bless` write what it gives"
    );
}
