//! Cases as files: `tests/cases/<feature>/*.txt`, each with its snapshot beside it.
//!
//! A case is words on what it shows, then sections `-- PLACE --`: files of the registry, files of
//! the target, and the command (to generate `a` if there is none). Behind a place may stand
//! `(0755)`, or `(hex)` for bytes that are no text. `INSTA_UPDATE=always` writes snapshots anew.

use std::fmt::Write as _;

use packwright::manifest::Mode;
use packwright::plan::{Action, LineOrigin, Lines};
use packwright::session::Outcome;
use packwright::variable::{Answer, Question};

use crate::host::{Directory, Ending, Host, Node, command, directory, put, shown};

/// Runs a case and gives how it ended, with the host as it then is.
pub fn run(case: &str) -> (Ending, Host) {
    let mut host = Host::new([("registry:starter", directory::<&str, &str>([]))]);
    let mut json = r#"{"type":"generate","packs":["a"],"answers":{"project_name":"demo"}}"#.to_owned();
    for section in format!("\n{case}").split("\n-- ").skip(1) {
        let (head, body) = section.split_once(" --").expect("a section's head ends with ` --`");
        let body = body.strip_prefix('\n').unwrap_or(body);
        let text = if body.is_empty() { String::new() } else { format!("{}\n", body.trim_end_matches('\n')) };
        let (place, note) = head.split_once(" (").unwrap_or((head, ""));
        let content = if note == "hex)" { unhex(body.trim()) } else { text.into_bytes() };
        let mode = if note == "0755)" { Mode::Executable } else { Mode::Regular };
        let (root, path) = place.split_once('/').unwrap_or((place, ""));
        let root = match root {
            "command" => {
                json = String::from_utf8(content).unwrap();
                continue;
            }
            "registry" => "registry:starter",
            root => root,
        };
        let nodes: &mut Directory =
            host.roots.entry(root.to_owned()).or_insert_with(|| directory::<&str, &str>([]));
        match note {
            "link)" => drop(nodes.insert(path.to_owned(), Node::Link)),
            _ if path.is_empty() => {}
            _ => put(nodes, path, &content, mode),
        }
    }
    (host.run(command(&json)), host)
}

fn unhex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}

/// As a stranger reads it.
fn told(ending: &Ending) -> String {
    match ending {
        Err(errors) => format!("exit code {}\n{}\n", errors[0].exit_code, shown(errors)),
        Ok(Outcome::Generate { project }) => {
            let mut told = String::new();
            for pack in &project.packs {
                let depth = "  ".repeat(pack.level);
                writeln!(told, "{depth}{}@{}", pack.name, pack.version).unwrap();
            }
            for (name, answer) in &project.answers {
                writeln!(told, "{name} = {}", serde_json::to_string(answer).unwrap()).unwrap();
            }
            for hook in &project.plan.hooks {
                writeln!(told, "hook of {}: {}", hook.pack, hook.command).unwrap();
            }
            let problems = project.problems.iter().chain(&project.warnings);
            told += &problems.map(|problem| format!("{problem}\n")).collect::<String>();
            for operation in &project.plan.operations {
                let mode = if operation.mode == Mode::Executable { " (0755)" } else { "" };
                let runs = if operation.runs_on_open { " (runs when opened)" } else { "" };
                let action = format!("{:?}", operation.action).to_lowercase();
                let joined = match operation.origins.as_slice() {
                    [] | [_] => String::new(),
                    several => format!(
                        " of {}",
                        several.iter().map(|origin| origin.pack.as_str()).collect::<Vec<_>>().join(" + ")
                    ),
                };
                writeln!(told, "-- {action} {}{mode}{runs}{joined} --", operation.path).unwrap();
                for Lines { count, from, also } in &operation.lines {
                    let place = |from: &LineOrigin| format!("{}: {}:{}", from.pack, from.source, from.line);
                    let also: String = also.iter().map(|other| format!(" and {}", place(other))).collect();
                    match from {
                        Some(from) => writeln!(told, "[{count} of {}{also}]", place(from)),
                        None => writeln!(told, "[{count} that stood there{also}]"),
                    }
                    .unwrap();
                }
                let content = &project.contents.0[operation.range()];
                match (&operation.diff, std::str::from_utf8(content)) {
                    // Digests would say no more than that something changed somewhere.
                    _ if operation.path.as_str() == "packwright.lock" => {}
                    _ if operation.action == Action::Unchanged => {}
                    (Some(diff), _) => told += diff,
                    (None, Ok(text)) => told += text,
                    (None, Err(_)) => {
                        let hex = content.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
                        writeln!(told, "{hex} (hex)").unwrap();
                    }
                }
                if !told.ends_with('\n') {
                    told.push_str(" (no line break)\n");
                }
            }
            told
        }
        Ok(Outcome::Compose { composite }) => {
            let warnings: String = composite.warnings.iter().map(|warning| format!("{warning}\n")).collect();
            let problems: String = composite.problems.iter().map(|problem| format!("{problem}\n")).collect();
            let tried = if composite.is_tried { "tried" } else { "not tried" };
            format!("{}{tried}\n{problems}{warnings}", composite.manifest)
        }
        Ok(Outcome::Questions { questions, .. }) => questions.iter().map(asked).collect(),
        Ok(other) => serde_json::to_string_pretty(other).unwrap() + "\n",
    }
}

fn asked(question: &Question) -> String {
    let json = |answer: &Answer| serde_json::to_string(answer).unwrap();
    let mut told = format!("{}: ", question.variable.name);
    match (question.asked, &question.answer, question.source) {
        (false, ..) => told += "not asked",
        (true, Some(answer), Some(source)) => {
            let source = format!("{source:?}").to_lowercase();
            write!(told, "{} from {source}", json(answer)).unwrap();
        }
        _ if question.is_missing() => told += "missing",
        _ => told += "none",
    }
    if let Some(default) =
        question.default.as_ref().filter(|default| Some(*default) != question.answer.as_ref())
    {
        write!(told, ", default {}", json(default)).unwrap();
    }
    told.push('\n');
    if let Some(problem) = &question.problem {
        for line in problem.to_string().lines() {
            writeln!(told, "  {line}").unwrap();
        }
    }
    told
}

/// One test: the failures of several `glob!` at a time would be told as each other's.
#[test]
fn every_case_ends_as_its_snapshot_says() {
    let base = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    insta::glob!(&base, "{answers,compose,resolve,template}/*.txt", |path| {
        let name = path.file_stem().unwrap().to_str().unwrap();
        let (ending, _) = run(&std::fs::read_to_string(path).unwrap());
        insta::with_settings!({
            snapshot_path => path.parent().unwrap(), snapshot_suffix => "",
            prepend_module_to_snapshot => false, omit_expression => true,
        }, { insta::assert_snapshot!(name, told(&ending)) });
    });
}
