//! Cases as files: `tests/cases/merge/<kind>/<name>/`, with `first`, `second` and perhaps `third`
//! side by side. What comes out stands in `expected`, or in `problems` if nothing does; `lines` says
//! whose each line is. A `policy.toml` may say what the policy is and which path the texts have.
//! `INSTA_UPDATE=always` writes what is expected anew.

use std::fs;
use std::path::{Path, PathBuf};

use packwright::composition::{Lists, Prefer};
use packwright::merge::{Kind, MergeError, Merged, Policy, Side, merge};
use packwright::path::RelPath;
use serde::Deserialize;

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Settings {
    path: Option<String>,
    prefer: Option<Prefer>,
    prefer_versions: bool,
    lists: Vec<(String, Lists)>,
}

/// A file of that extension, or of that name if it begins with the dot.
fn default_path(extension: &str) -> String {
    let named = format!("file{extension}");
    match Kind::of(&named.parse().unwrap(), "", "") {
        None => extension.to_owned(),
        Some(_) => named,
    }
}

struct Case {
    directory: PathBuf,
    path: RelPath,
    policy: Policy,
    extension: String,
    texts: Vec<String>,
}

impl Case {
    fn read(directory: &Path) -> Case {
        let settings: Settings = fs::read_to_string(directory.join("policy.toml"))
            .map_or_else(|_| Settings::default(), |text| toml::from_str(&text).unwrap());
        let first = fs::read_dir(directory)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .find(|name| name.starts_with("first"))
            .expect("a case has a first text");
        let extension = first["first".len()..].to_owned();
        let read = |name: &str| fs::read_to_string(directory.join(format!("{name}{extension}"))).ok();
        let lists = settings.lists.into_iter().map(|(pattern, lists)| (pattern.parse().unwrap(), lists));
        Case {
            directory: directory.to_owned(),
            path: settings.path.unwrap_or_else(|| default_path(&extension)).parse().unwrap(),
            policy: Policy {
                prefer: settings.prefer,
                prefer_versions: settings.prefer_versions,
                lists: lists.collect(),
            },
            texts: ["first", "second", "third"].iter().filter_map(|name| read(name)).collect(),
            extension,
        }
    }

    fn run(&self) -> Result<Merged, MergeError> {
        let mut so_far: Option<Merged> = None;
        for next in &self.texts[1..] {
            let first = so_far.map_or_else(|| self.texts[0].clone(), |merged| merged.text);
            let kind = Kind::of(&self.path, &first, next).expect("the path has a kind");
            so_far = Some(merge(kind, &self.path, &first, next, &self.policy)?);
        }
        Ok(so_far.expect("a case has a second text"))
    }
}

fn traced(merged: &Merged) -> String {
    let line = |(whose, line): (&packwright::merge::Whose, &str)| {
        let side = if whose.side == Side::First { 1 } else { 2 };
        let other = whose.also.map(|line| format!("+{line}")).unwrap_or_default();
        format!("{side}:{:<3} {line}", format!("{}{other}", whose.line)).trim_end().to_owned() + "\n"
    };
    let notes = merged.notes.iter().map(|note| format!("note: {note}\n"));
    merged.lines.iter().zip(merged.text.lines()).map(line).chain(notes).collect()
}

fn check(path: &Path, found: Option<String>, problems: &mut Vec<String>) {
    if std::env::var("INSTA_UPDATE").is_ok_and(|update| update == "always") {
        match found {
            Some(found) => fs::write(path, found).unwrap(),
            None => drop(fs::remove_file(path)),
        }
    } else if fs::read_to_string(path).ok() != found {
        problems.push(format!("{} should be\n{}", path.display(), found.unwrap_or("absent".into())));
    }
}

#[test]
fn texts_join_as_expected() {
    let base = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/merge");
    let (mut problems, mut seen) = (Vec::new(), 0);
    for kind in fs::read_dir(base).unwrap() {
        for directory in fs::read_dir(kind.unwrap().path()).unwrap() {
            let case = Case::read(&directory.unwrap().path());
            let (text, lines, told) = match case.run() {
                Ok(merged) => (Some(merged.text.clone()), Some(traced(&merged)), None),
                Err(error) => (None, None, Some(format!("{error}\n"))),
            };
            if let Some(text) = &text {
                let last = case.texts.last().unwrap();
                let kind = Kind::of(&case.path, text, last).unwrap();
                let again = merge(kind, &case.path, text, last, &case.policy).unwrap();
                let appends = case.policy.lists.iter().any(|(_, lists)| *lists == Lists::Append);
                assert!(appends || again.text == *text, "{}: twice is not once", case.directory.display());
            }
            check(&case.directory.join(format!("expected{}", case.extension)), text, &mut problems);
            check(&case.directory.join("lines.txt"), lines, &mut problems);
            check(&case.directory.join("problems.txt"), told, &mut problems);
            seen += 1;
        }
    }
    assert!(seen > 30, "the cases are found");
    assert!(problems.is_empty(), "{}", problems.join("\n\n"));
}
