//! What holds of every two texts, tried on random ones.
//!
//! `PACKWRIGHT_CASES` sets how many.

use packwright::composition::Prefer;
use packwright::merge::{Clash, Kind, MergeError, Merged, Policy, Side, Why, merge, yaml_to_json};
use packwright::path::RelPath;
use proptest::prelude::*;
use proptest::test_runner::Config;
use serde_json::Value;

use crate::random::{Look, look, model, table};

fn config() -> Config {
    let cases = std::env::var("PACKWRIGHT_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(400);
    Config { cases, failure_persistence: None, max_global_rejects: 1_000_000, ..Config::default() }
}

const FORMATS: [(Kind, &str); 3] = [(Kind::Json, "a.json"), (Kind::Toml, "a.toml"), (Kind::Yaml, "a.yaml")];

fn written(kind: Kind, look: Look, value: &Value) -> String {
    match kind {
        Kind::Json => look.json(value),
        Kind::Toml => look.toml(value),
        _ => look.yaml(value),
    }
}

/// A text of JSON with the comments and commas that JSON does not have taken out.
fn plain_json(text: &str) -> String {
    let (mut out, mut rest) = (String::new(), text.trim_start_matches('\u{feff}'));
    while let Some(c) = rest.chars().next() {
        let length = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            rest.find("*/").unwrap() + 2
        } else if c == '"' {
            let mut end = 1;
            while !rest[end..].starts_with('"') {
                end += if rest[end..].starts_with('\\') { 2 } else { 1 };
                while !rest.is_char_boundary(end) {
                    end += 1;
                }
            }
            out.push_str(&rest[..=end]);
            end + 1
        } else {
            if matches!(c, ']' | '}') && out.trim_end().ends_with(',') {
                out.truncate(out.trim_end().len() - 1);
            }
            out.push(c);
            c.len_utf8()
        };
        rest = &rest[length..];
    }
    out
}

fn read(kind: Kind, text: &str) -> Value {
    match kind {
        Kind::Json => {
            serde_json::from_str(&plain_json(text)).unwrap_or_else(|error| panic!("{error}\n{text}"))
        }
        Kind::Toml => toml::from_str(text).unwrap_or_else(|error| panic!("{error}\n{text}")),
        _ => match yaml_to_json(text).unwrap_or_else(|error| panic!("{error}\n{text}")) {
            Value::Null => Value::Object(Default::default()),
            value => value,
        },
    }
}

fn path(text: &str) -> RelPath {
    text.parse().unwrap()
}

fn joined(kind: Kind, path: &RelPath, first: &str, second: &str) -> Result<Merged, MergeError> {
    let policy = Policy { prefer: Some(Prefer::Earlier), ..Policy::default() };
    merge(kind, path, first, second, &policy)
}

/// Each line of the result is the line that it says it is, bar a comma, unless both sides have
/// something in it.
fn check_lines(merged: &Merged, first: &str, second: &str) -> Result<(), TestCaseError> {
    prop_assert_eq!(merged.lines.len(), merged.text.lines().count());
    for (whose, line) in merged.lines.iter().zip(merged.text.lines()) {
        let side = if whose.side == Side::First { first } else { second };
        let there = side.lines().nth(whose.line - 1);
        prop_assert!(there.is_some(), "{whose:?} of {line:?}");
        // A comment that was at the end of a line may stand above it.
        let comment = line.trim_matches(['\u{feff}', ' ', '\t']);
        if comment.starts_with(['#', '/']) && there.is_some_and(|there| there.ends_with(comment)) {
            continue;
        }
        let normal = |line: &str| -> String {
            // A comment at its end may be the other's.
            let end =
                [" # of", " // of", " # for", " // for"].iter().filter_map(|mark| line.find(mark)).min();
            let line =
                line[..end.unwrap_or(line.len())].trim_start_matches('\u{feff}').replace("/* c */", "");
            line.chars().filter(|c| !c.is_whitespace() && *c != ',').collect()
        };
        let (line, there) = (normal(line), normal(there.unwrap_or_default()));
        let mixed = line.contains(['{', '[', ']', '}', '.', '=']) || there.contains(['{', '[', ']', '}']);
        prop_assert!(
            mixed || line == there || line == format!("-{there}") || there.contains(&line),
            "{line:?} is not {there:?}\n{}\n--\n{first}\n--\n{second}",
            merged.text
        );
    }
    Ok(())
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn texts_mean_what_their_values_are_together(
        first in table(), second in table(), one in look(), other in look(),
    ) {
        for (kind, name) in FORMATS {
            let path = path(name);
            let (one, other) = (written(kind, one.clone(), &first), written(kind, other.clone(), &second));
            prop_assert_eq!(&read(kind, &one), &first, "{}", one);
            let merged = joined(kind, &path, &one, &other);
            // An array of tables with headers has no place for anything else.
            let no_place = |clash: &Clash| kind == Kind::Toml && clash.why == Why::Place;
            if matches!(&merged, Err(MergeError::Clashes(clashes)) if clashes.iter().all(no_place)) {
                continue;
            }
            prop_assert!(merged.is_ok(), "{}\n{one}\n--\n{other}", merged.unwrap_err());
            let merged = merged.unwrap();
            let expected = model(&first, &second);
            prop_assert_eq!(read(kind, &merged.text), expected, "{}\n--\n{}\n--\n{}", one, other, merged.text);
            check_lines(&merged, &one, &other)?;
            let again = joined(kind, &path, &merged.text, &other).unwrap();
            prop_assert_eq!(&again.text, &merged.text, "once is enough");
            let alone = joined(kind, &path, &one, &one).unwrap();
            prop_assert_eq!(alone.text, one, "nothing new");
        }
    }

    #[test]
    fn comments_of_both_stay(value in table(), one in look(), other in look()) {
        prop_assume!(value.as_object().is_some_and(|entries| !entries.is_empty()));
        for (kind, name) in FORMATS {
            let (path, one) = (path(name), written(kind, one.clone(), &value));
            let mut other = written(kind, other.clone(), &value);
            for mark in ["#", "//"] {
                other = other.replace(&format!("{mark} note "), &format!("{mark} remark "));
                other = other.replace(&format!(" {mark} of "), &format!(" {mark} for "));
            }
            let merged = joined(kind, &path, &one, &other).unwrap();
            prop_assert_eq!(read(kind, &merged.text), value.clone());
            for text in [&one, &other] {
                let lines = text.lines().map(|line| line.trim_start_matches('\u{feff}').trim());
                for line in lines.filter(|line| line.starts_with(['#', '/'])) {
                    prop_assert!(merged.text.contains(line), "{line}\n{one}\n--\n{other}\n--\n{}", merged.text);
                }
                let ends = text.lines().filter_map(|line| line.find(" # ").or(line.find(" // ")).map(|at| line[at..].trim()));
                for end in ends.filter(|end| end.contains("for") || end.contains("of")) {
                    prop_assert!(merged.text.contains(end), "{end}\n{one}\n--\n{other}\n--\n{}", merged.text);
                }
            }
            for mark in ["remark", " for "] {
                let count = |text: &str| text.matches(mark).count();
                prop_assert_eq!(count(&merged.text), count(&other), "{}\n--\n{}\n--\n{}", one, other, merged.text);
            }
            check_lines(&merged, &one, &other)?;
            let again = joined(kind, &path, &merged.text, &other).unwrap();
            prop_assert_eq!(&again.text, &merged.text, "once is enough");
        }
    }

    #[test]
    fn what_has_nothing_changes_nothing(first in table(), one in look(), comment in "[ a-z]{0,8}") {
        for (kind, name) in FORMATS {
            let text = written(kind, one.clone(), &first);
            prop_assume!(!text.trim_start_matches('\u{feff}').trim().is_empty());
            let comment = if kind == Kind::Json { format!("//{comment}\n") } else { format!("#{comment}\n") };
            for nothing in ["", "\n \n", "\u{feff}", &comment] {
                let merged = joined(kind, &path(name), &text, nothing).unwrap();
                prop_assert_eq!(&merged.text, &text);
            }
            let merged = joined(kind, &path(name), " \n", &text).unwrap();
            prop_assert_eq!(&merged.text, &text);
        }
    }

    #[test]
    fn what_has_no_key_in_common_commutes(first in table(), second in table(), one in look(), other in look()) {
        let Value::Object(entries) = second else { unreachable!() };
        let second: Value = entries.into_iter().map(|(key, value)| (format!("z{key}"), value)).collect();
        for (kind, name) in FORMATS {
            let (one, other) = (written(kind, one.clone(), &first), written(kind, other.clone(), &second));
            let there = merge(kind, &path(name), &one, &other, &Policy::default()).unwrap();
            let back = merge(kind, &path(name), &other, &one, &Policy::default()).unwrap();
            prop_assert_eq!(read(kind, &there.text), read(kind, &back.text));
        }
    }

    #[test]
    fn any_text_is_joined_or_refused(
        first in "([a-c\"'\\[\\]{}:,.#=&*|>!\\-\\n\\r\t /é]|\\$\\{|\"\"\"|---\n|: |- |  |# x\n|```\n|packwright:begin a\n|packwright:end a\n){0,30}",
        second in "([a-c\"'\\[\\]{}:,.#=&*|>!\\-\\n\\r\t /é]|---\n|: |- |  |## a\n|```\n|packwright:begin a\n|packwright:end a\n){0,30}",
        prefer in prop_oneof![Just(None), Just(Some(Prefer::Earlier)), Just(Some(Prefer::Later))],
    ) {
        use Kind::*;
        let policy = Policy { prefer, ..Policy::default() };
        for kind in [Json, Toml, Yaml, Lines, Variables, Requirements, Sections, Anchors] {
            for name in ["a", "package.json", "Cargo.toml", "compose.yaml", ".gitignore"] {
                match merge(kind, &path(name), &first, &second, &policy) {
                    Ok(merged) => prop_assert_eq!(merged.lines.len(), merged.text.lines().count()),
                    Err(error) => prop_assert!(!error.to_string().is_empty()),
                }
            }
        }
        let _ = yaml_to_json(&first);
    }

    #[test]
    fn lines_are_a_union(first in "((!?[a-e]|x/|# [a-c])\n|\n){0,12}", second in "((!?[a-e]|x/|# [a-c])\r?\n|\n){0,12}") {
        let path = path(".gitignore");
        let merged = joined(Kind::Lines, &path, &first, &second).unwrap();
        let entries = |text: &str| -> Vec<String> {
            let lines = text.lines().map(|line| line.trim().to_owned());
            lines.filter(|line| !line.is_empty() && !line.starts_with('#')).collect()
        };
        let turned = |entry: &String| entry.strip_prefix('!').map_or(format!("!{entry}"), str::to_owned);
        let (ours, mut theirs, all) = (entries(&first), entries(&second), entries(&merged.text));
        // Where they say the contrary, the first is preferred.
        let both = theirs.clone();
        theirs.retain(|entry| ours.contains(entry) || !ours.contains(&turned(entry)) || both.contains(&turned(entry)));
        for entry in ours.iter().chain(&theirs) {
            prop_assert!(all.contains(entry));
        }
        let kept: Vec<&String> = all.iter().filter(|entry| ours.contains(entry)).collect();
        prop_assert_eq!(kept, ours.iter().collect::<Vec<_>>(), "the first keeps its order");
        let place = |entry: &String| all.iter().position(|other| other == entry);
        let new: Vec<&String> = theirs.iter().filter(|entry| !ours.contains(entry)).collect();
        for (at, behind) in new.iter().enumerate() {
            let turned = |entry: &&&String| entry.starts_with('!') != behind.starts_with('!');
            for before in new[..at].iter().filter(turned) {
                prop_assert!(new[..at].contains(behind) || place(before) < place(behind), "{before} and {behind}: {all:?}");
            }
        }
        let taken_back = ours.iter().find(|entry| entry.starts_with('!'));
        if let (Some(taken_back), false) = (taken_back, both.iter().any(|entry| entry.starts_with('!'))) {
            let before = |entry: &&String| place(entry) < place(taken_back);
            prop_assert!(new.iter().all(before), "nothing undoes {taken_back}: {all:?}");
        }
        check_lines(&merged, &first, &second)?;
        let again = joined(Kind::Lines, &path, &merged.text, &second).unwrap();
        prop_assert_eq!(again.text, merged.text);
    }

    #[test]
    fn comments_of_names_stay(first in "([A-C]=[12]\n|# [a-c]\n|\n){0,12}", second in "([A-C]=[12]\n|# [a-d]\n|\n){0,12}", later in any::<bool>()) {
        let once = |text: &str| ["A=", "B=", "C="].iter().all(|name| text.matches(name).count() < 2);
        prop_assume!(once(&first) && once(&second) && first.contains('=') && second.contains('='));
        let prefer = Some(if later { Prefer::Later } else { Prefer::Earlier });
        let policy = Policy { prefer, ..Policy::default() };
        let merged = merge(Kind::Variables, &path(".env"), &first, &second, &policy).unwrap();
        prop_assert!(first.lines().chain(second.lines()).filter(|line| line.starts_with('#')).all(|line| merged.text.contains(line)));
        check_lines(&merged, &first, &second)?;
        let again = merge(Kind::Variables, &path(".env"), &merged.text, &second, &policy).unwrap();
        prop_assert_eq!(&again.text, &merged.text, "{}\n--\n{}", first, second);
    }

    #[test]
    fn sections_have_all_paragraphs(first in "(#{1,3} [a-c]\n|[a-e]\n|\n|```\n# x\n\ny\n```\n){0,12}", second in "(#{1,3} [a-c]\n|[a-e]\n|\n){0,12}") {
        // Headings that skip a level belong to whatever comes before them.
        let stepwise = |text: &str| {
            let levels = text.lines().filter(|line| line.ends_with(['a', 'b', 'c']) && line.starts_with('#'));
            let mut last = 0;
            levels.map(|line| line.matches('#').count()).all(|level| {
                let fine = level <= last + 1;
                last = level;
                fine
            })
        };
        prop_assume!(stepwise(&first) && stepwise(&second));
        let merged = joined(Kind::Sections, &path("a.md"), &first, &second).unwrap();
        // Of two titles the first is preferred.
        let paragraphs = second.lines().filter(|line| !line.starts_with("# "));
        for line in first.lines().chain(paragraphs) {
            prop_assert!(merged.text.contains(line));
        }
        check_lines(&merged, &first, &second)?;
        let again = joined(Kind::Sections, &path("a.md"), &merged.text, &second).unwrap();
        prop_assert_eq!(again.text, merged.text, "{}\n--\n{}", first, second);
    }

    #[test]
    fn an_alias_stands_for_what_its_own_text_says(
        first in aliased(), second in aliased(),
        prefer in prop_oneof![Just(None), Just(Some(Prefer::Earlier)), Just(Some(Prefer::Later))],
    ) {
        let policy = Policy { prefer, ..Policy::default() };
        let Ok(merged) = merge(Kind::Yaml, &path("a.yaml"), &first, &second, &policy) else { return Ok(()) };
        let read = |text: &str| read(Kind::Yaml, text);
        let (ours, theirs, all) = (read(&first), read(&second), read(&merged.text));
        for (key, value) in all.as_object().unwrap() {
            match (ours.get(key), theirs.get(key)) {
                (one, other) if [one, other].contains(&Some(value)) => {}
                (Some(Value::Object(one)), Some(Value::Object(other))) => {
                    let keys = one.keys().chain(other.keys()).all(|inner| value.get(inner).is_some());
                    prop_assert!(keys, "{}", merged.text);
                }
                (Some(Value::Array(_)), Some(Value::Array(_))) => {}
                _ => prop_assert!(false, "{key}\n{first}--\n{second}--\n{}", merged.text),
            }
        }
    }

    #[test]
    fn what_words_introduce_follows_them(first in blocks(), second in blocks()) {
        let merged = joined(Kind::Sections, &path("a.md"), &first.join("\n\n"), &second.join("\n\n")).unwrap();
        for pair in second.windows(2) {
            let is_introduced = ["- x", "    y", "```\n# z\n```"].contains(&pair[1]) && !pair[0].contains(['#', '=']);
            prop_assert!(!is_introduced || merged.text.contains(&pair.join("\n\n")), "{pair:?}: {}", merged.text);
        }
        let again = joined(Kind::Sections, &path("a.md"), &merged.text, &second.join("\n\n")).unwrap();
        prop_assert_eq!(&again.text, &merged.text, "{:?}", second);
    }
}

/// YAML with anchors and aliases, all of one name.
fn aliased() -> impl Strategy<Value = String> {
    let values = prop::sample::select(&["1", "2", "\n  p: 1", "\n  q: [1]"][..]);
    let entry = (prop::sample::select(&["a", "b", "c", "d"][..]), 0..3, values);
    prop::collection::vec(entry, 0..7).prop_map(|entries| {
        let (mut keys, mut text) = (Vec::new(), String::new());
        for (key, how, value) in entries {
            if keys.contains(&key) {
                continue;
            }
            keys.push(key);
            text += &match how {
                0 if text.contains('&') => format!("{key}: *x\n"),
                1 => format!("{key}: &x {value}\n"),
                _ => format!("{key}: {value}\n"),
            };
        }
        text
    })
}

/// Markdown, block by block.
fn blocks() -> impl Strategy<Value = Vec<&'static str>> {
    const BLOCKS: [&str; 10] =
        ["a", "b", "c:", "- x", "    y", "```\n# z\n```", "# h", "h\n==", "# i", "<!--\n# h\n\n-->"];
    prop::collection::vec(prop::sample::select(&BLOCKS[..]), 0..9)
}
