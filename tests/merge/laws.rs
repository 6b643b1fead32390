//! What holds of every two texts, tried on random ones.
//!
//! `PACKWRIGHT_CASES` sets how many.

use std::cell::Cell;
use std::collections::BTreeSet;

use packwright::composition::Prefer;
use packwright::merge::{Clash, Kind, MergeError, Merged, Policy, Side, Why, merge, yaml_to_json};
use packwright::path::RelPath;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::Value;

use crate::random::{Look, apart, look, model, table, without_nulls};

fn config() -> Config {
    let cases = std::env::var("PACKWRIGHT_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(400);
    Config { cases, failure_persistence: None, max_global_rejects: 1_000_000, ..Config::default() }
}

const PREFERENCES: [Option<Prefer>; 3] = [None, Some(Prefer::Earlier), Some(Prefer::Later)];

/// How many pairs of texts a law was tried on, and how many were refused.
#[derive(Default)]
struct Tally {
    joined: Cell<u32>,
    refused: Cell<u32>,
}

impl Tally {
    fn add(count: &Cell<u32>) {
        count.set(count.get() + 1);
    }
}

/// Tries a law, which says something only if not nearly all is refused: the part of it that is joined
/// is at least that, in percent.
fn holds<S: Strategy>(texts: S, percent: u32, law: impl Fn(S::Value, &Tally) -> Result<(), TestCaseError>) {
    let tally = Tally::default();
    let tried = TestRunner::new(config()).run(&texts, |texts| law(texts, &tally));
    tried.unwrap_or_else(|failure| panic!("{failure}"));
    let (joined, refused) = (tally.joined.get(), tally.refused.get());
    assert!(joined * 100 >= percent * (joined + refused), "{refused} are refused, {joined} are not");
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
        // Texts of several lines have the line ends of the file.
        Kind::Toml => {
            toml::from_str(&text.replace("\r\n", "\n")).unwrap_or_else(|error| panic!("{error}\n{text}"))
        }
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
    joined_by(Some(Prefer::Earlier), kind, path, first, second)
}

fn joined_by(
    prefer: Option<Prefer>,
    kind: Kind,
    path: &RelPath,
    first: &str,
    second: &str,
) -> Result<Merged, MergeError> {
    merge(kind, path, first, second, &Policy { prefer, ..Policy::default() })
}

/// The value that a format can say.
fn said(kind: Kind, value: &Value) -> Value {
    if kind == Kind::Toml { without_nulls(value) } else { value.clone() }
}

/// Whether it is about how TOML is written, not about what it says: an array of tables with headers
/// has no place for anything else, and no value takes the place of a table with lines of its own.
fn is_of_writing(kind: Kind, clash: &Clash) -> bool {
    kind == Kind::Toml && matches!(clash.why, Why::Place | Why::Table)
}

/// The words, numbers and strings of a line, of its keys the last part.
fn tokens(kind: Kind, line: &str) -> Vec<String> {
    let mut rest = line.trim_start_matches('\u{feff}').trim();
    if kind == Kind::Toml {
        let end = rest.find(" = ").or(rest.starts_with('[').then(|| rest.find(']')).flatten());
        let key = &rest[..end.unwrap_or(0)];
        rest = &rest[if key.contains(['"', '{']) { 0 } else { key.rfind('.').map_or(0, |at| at + 1) }..];
    }
    let mut tokens = Vec::new();
    while let Some(c) = rest.chars().next() {
        let between = |c: char| c.is_whitespace() || "{}[]:,=.'".contains(c);
        let length = match c {
            '"' if rest.starts_with("\"\"\"") => {
                rest = &rest[3..];
                continue;
            }
            '"' => {
                let mut escaped = false;
                let end = rest[1..].find(|c| {
                    let ends = c == '"' && !escaped;
                    escaped = c == '\\' && !escaped;
                    ends
                });
                end.map_or(rest.len(), |end| end + 2)
            }
            '#' => break,
            '/' if rest.starts_with("//") => break,
            '/' if rest.starts_with("/*") => rest.find("*/").map_or(rest.len(), |end| end + 2),
            c if between(c) => c.len_utf8(),
            _ => rest.find(|c| between(c) || c == '"').unwrap_or(rest.len()),
        };
        // Between brackets a block scalar of YAML stands in quotes.
        let is_block = kind == Kind::Yaml && rest[..length].contains("\\n");
        if !between(c) && c != '/' && &rest[..length] != "-" && !is_block {
            // Keys of one text may stand in quotes, and those of the other not.
            tokens.push(rest[..length].trim_matches('"').to_owned());
        }
        rest = &rest[length..];
    }
    tokens
}

/// Whether both texts may have something in a line: it is inside of a table or a list that begins or
/// ends there.
fn is_flow(kind: Kind, line: &str) -> bool {
    let line = line.trim_start_matches('\u{feff}').trim();
    if kind == Kind::Toml && line.starts_with('[') {
        return false;
    }
    // Between braces a text of several lines begins where another ends.
    if kind == Kind::Toml && ["\"\"\"", "'''"].iter().any(|quotes| line.contains(quotes)) {
        return true;
    }
    let opened = line.find(['{', '[']).map(|at| &line[at + 1..]);
    let closed = line.contains(['}', ']']).then_some(line);
    [opened, closed].into_iter().flatten().any(|inner| !tokens(kind, inner).is_empty())
}

/// Each line of the result is the line that it says it is, bar a comment behind it and how it is
/// joined with others, unless both sides have something in it: then all of it stands in one of them.
/// The lines of the first keep their order.
fn check_lines(kind: Kind, merged: &Merged, first: &str, second: &str) -> Result<(), TestCaseError> {
    prop_assert_eq!(merged.lines.len(), merged.text.lines().count());
    let texts = || format!("{}\n--\n{first}\n--\n{second}", merged.text);
    let mut last = 0;
    for (whose, line) in merged.lines.iter().zip(merged.text.lines()) {
        let side = if whose.side == Side::First { first } else { second };
        let there = side.lines().nth(whose.line - 1);
        prop_assert!(there.is_some(), "{whose:?} of {line:?}");
        let there = there.unwrap_or_default();
        if whose.side == Side::First {
            prop_assert!(last <= whose.line, "{line:?} is behind {last}\n{}", texts());
            last = whose.line;
        }
        if !matches!(kind, Kind::Json | Kind::Toml | Kind::Yaml) {
            let normal = |line: &str| line.trim_start_matches('\u{feff}').trim().to_owned();
            let (line, there) = (normal(line), normal(there));
            prop_assert!(line.is_empty() || line == there, "{line:?} is not {there:?}\n{}", texts());
            continue;
        }
        // A comment that was at the end of a line may stand above it.
        let comment = line.trim_matches(['\u{feff}', ' ', '\t']);
        if comment.starts_with("//") || kind != Kind::Json && comment.starts_with('#') {
            prop_assert!(there.trim_end().ends_with(comment), "{line:?} is not {there:?}\n{}", texts());
            continue;
        }
        if is_flow(kind, line) {
            // What TOML has behind dots may stand inside of braces.
            let of_all = if kind == Kind::Toml { Kind::Json } else { kind };
            let all: BTreeSet<_> =
                first.lines().chain(second.lines()).flat_map(|line| tokens(of_all, line)).collect();
            for token in tokens(kind, line) {
                prop_assert!(all.contains(&token), "{token} of {line:?} is nowhere\n{}", texts());
            }
            continue;
        }
        let mut from = tokens(kind, there);
        for token in tokens(kind, line) {
            let at = from.iter().position(|other| *other == token);
            prop_assert!(at.is_some(), "{token} of {line:?} is not in {there:?}\n{}", texts());
            from.swap_remove(at.unwrap_or_default());
        }
    }
    Ok(())
}

/// Of the first every byte stays, in its order, unless it is blank. The brackets of an empty table or
/// list of YAML make room for lines.
fn check_first(kind: Kind, merged: &Merged, first: &str) -> Result<(), TestCaseError> {
    let mut rest = merged.text.chars();
    let counts = |c: &char| !(kind == Kind::Yaml && "{}[] ".contains(*c));
    let is_blank = first.trim_start_matches('\u{feff}').trim().is_empty();
    let stays = is_blank || first.chars().filter(counts).all(|c| rest.any(|other| other == c));
    prop_assert!(stays, "{first}\n--\n{}", merged.text);
    Ok(())
}

/// Tries on two texts what holds of all that are joined; whether they were.
///
/// They are refused only without a preference, where their values differ, and just for these, or for how
/// TOML is written.
fn check_join(
    prefer: Option<Prefer>,
    (kind, name): (Kind, &str),
    (one, first): (&str, &Value),
    (other, second): (&str, &Value),
) -> Result<bool, TestCaseError> {
    let path = path(name);
    let (expected, differ) = model(&said(kind, first), &said(kind, second), prefer);
    let texts = || format!("{prefer:?}\n{one}\n--\n{other}");
    let merged = match joined_by(prefer, kind, &path, one, other) {
        Ok(merged) => merged,
        Err(MergeError::Clashes(clashes)) => {
            let (of_writing, of_values): (Vec<_>, Vec<_>) =
                clashes.iter().partition(|clash| is_of_writing(kind, clash));
            let found: BTreeSet<String> = of_values.iter().map(|clash| clash.key.clone()).collect();
            let expected = if prefer.is_none() { differ } else { BTreeSet::new() };
            prop_assert_eq!(found, expected, "{}", texts());
            prop_assert!(prefer.is_none() || !of_writing.is_empty());
            return Ok(false);
        }
        Err(error) => return Err(TestCaseError::fail(format!("{error}\n{}", texts()))),
    };
    prop_assert!(prefer.is_some() || differ.is_empty(), "{differ:?} should clash\n{}", texts());
    prop_assert_eq!(read(kind, &merged.text), expected, "{}\n--\n{}", texts(), merged.text);
    check_lines(kind, &merged, one, other)?;
    if prefer != Some(Prefer::Later) {
        check_first(kind, &merged, one)?;
    }
    let again = joined_by(prefer, kind, &path, &merged.text, other);
    prop_assert!(again.is_ok(), "{:?}\n{}\n--\n{}", again, texts(), merged.text);
    prop_assert_eq!(&again.unwrap().text, &merged.text, "once is enough\n{}", texts());
    Ok(true)
}

#[test]
fn texts_mean_what_their_values_are_together() {
    for format @ (kind, _) in FORMATS {
        for prefer in PREFERENCES {
            // Without a preference most clash.
            let percent = if prefer.is_none() { 20 } else { 70 };
            holds((table(), table(), look(), look()), percent, |(first, second, one, other), tally| {
                let (first, second) = (said(kind, &first), said(kind, &second));
                let (one, other) = (written(kind, one, &first), written(kind, other, &second));
                prop_assert_eq!(&read(kind, &one), &first, "{}", one);
                let is_joined = check_join(prefer, format, (&one, &first), (&other, &second))?;
                Tally::add(if is_joined { &tally.joined } else { &tally.refused });
                let alone = joined_by(prefer, kind, &path(format.1), &one, &one).unwrap();
                prop_assert_eq!(alone.text, one, "nothing new");
                Ok(())
            });
        }
    }
}

#[test]
fn what_has_no_value_in_common_commutes() {
    for format @ (kind, name) in FORMATS {
        for prefer in PREFERENCES {
            holds((table(), table(), look(), look()), 70, |(first, second, one, other), tally| {
                let (first, second) = (said(kind, &first), said(kind, &apart(&first, &second)));
                let (one, other) = (written(kind, one, &first), written(kind, other, &second));
                let there = check_join(prefer, format, (&one, &first), (&other, &second))?;
                let back = check_join(prefer, format, (&other, &second), (&one, &first))?;
                Tally::add(if there && back { &tally.joined } else { &tally.refused });
                if there && back {
                    let text = |one, other| joined_by(prefer, kind, &path(name), one, other).unwrap().text;
                    prop_assert_eq!(read(kind, &text(&one, &other)), read(kind, &text(&other, &one)));
                }
                Ok(())
            });
        }
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn comments_of_both_stay(value in table(), one in look(), other in look()) {
        prop_assume!(value.as_object().is_some_and(|entries| !entries.is_empty()));
        for (kind, name) in FORMATS {
            let value = said(kind, &value);
            if value.as_object().is_none_or(|entries| entries.is_empty()) {
                continue;
            }
            let (path, one) = (path(name), written(kind, one.clone(), &value));
            let mut other = written(kind, other.clone(), &value);
            for mark in ["#", "//"] {
                other = other.replace(&format!("{mark} note "), &format!("{mark} remark "));
                other = other.replace(&format!(" {mark} of "), &format!(" {mark} for "));
            }
            let merged = joined(kind, &path, &one, &other).unwrap();
            prop_assert_eq!(read(kind, &merged.text), value);
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
            check_lines(kind, &merged, &one, &other)?;
            let again = joined(kind, &path, &merged.text, &other).unwrap();
            prop_assert_eq!(&again.text, &merged.text, "once is enough\n{}\n--\n{}", one, other);
        }
    }

    #[test]
    fn what_has_nothing_changes_nothing(
        first in table(), one in look(), comment in "[ a-z]{0,8}", prefer in prefer(),
    ) {
        let joined = |kind, path: &RelPath, one: &str, other: &str| joined_by(prefer, kind, path, one, other);
        for (kind, name) in FORMATS {
            let text = written(kind, one.clone(), &said(kind, &first));
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
    fn any_text_is_joined_or_refused(
        first in "([a-c\"'\\[\\]{}:,.#=&*|>!\\-\\n\\r\t /é]|\\$\\{|\"\"\"|---\n|: |- |  |# x\n|```\n|packwright:begin a\n|packwright:end a\n){0,30}",
        second in "([a-c\"'\\[\\]{}:,.#=&*|>!\\-\\n\\r\t /é]|---\n|: |- |  |## a\n|```\n|packwright:begin a\n|packwright:end a\n){0,30}",
        prefer in prefer(),
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
    fn lines_are_a_union(
        first in open("((!?[a-e]|x/|# [a-c])\n|\n){0,12}"), second in open("((!?[a-e]|x/|# [a-c])\r?\n|\n){0,12}"),
    ) {
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
        check_lines(Kind::Lines, &merged, &first, &second)?;
        check_first(Kind::Lines, &merged, &first)?;
        let again = joined(Kind::Lines, &path, &merged.text, &second).unwrap();
        prop_assert_eq!(again.text, merged.text);
    }

    #[test]
    fn comments_of_names_stay(
        first in open("([A-C]=([12]|\"1\n2\")\n|# [a-c]\n|\n){0,12}"),
        second in open("([A-C]=([12]|\"1\r\n2\")\r?\n|# [a-d]\r?\n|\n){0,12}"),
        later in any::<bool>(),
    ) {
        let once = |text: &str| ["A=", "B=", "C="].iter().all(|name| text.matches(name).count() < 2);
        prop_assume!(once(&first) && once(&second) && first.contains('=') && second.contains('='));
        let prefer = Some(if later { Prefer::Later } else { Prefer::Earlier });
        let policy = Policy { prefer, ..Policy::default() };
        let merged = merge(Kind::Variables, &path(".env"), &first, &second, &policy).unwrap();
        prop_assert!(first.lines().chain(second.lines()).filter(|line| line.starts_with('#')).all(|line| merged.text.contains(line)));
        check_lines(Kind::Variables, &merged, &first, &second)?;
        let again = merge(Kind::Variables, &path(".env"), &merged.text, &second, &policy).unwrap();
        prop_assert_eq!(&again.text, &merged.text, "{}\n--\n{}", first, second);
    }

    #[test]
    fn sections_have_all_paragraphs(
        first in open("(#{1,3} [a-c]\n|[a-e]\n|\n|```\n# x\n\ny\n```\n){0,12}"),
        second in open("(#{1,3} [a-c]\n|[a-e]\n|\n){0,12}"),
    ) {
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
        check_lines(Kind::Sections, &merged, &first, &second)?;
        check_first(Kind::Sections, &merged, &first)?;
        let again = joined(Kind::Sections, &path("a.md"), &merged.text, &second).unwrap();
        prop_assert_eq!(again.text, merged.text, "{}\n--\n{}", first, second);
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

fn prefer() -> impl Strategy<Value = Option<Prefer>> {
    prop::sample::select(&PREFERENCES[..])
}

/// Lines, the last perhaps without its end.
fn open(lines: &str) -> impl Strategy<Value = String> + use<> {
    let lines = proptest::string::string_regex(lines).unwrap();
    (lines, any::<bool>()).prop_map(|(text, is_open)| match text.strip_suffix('\n').filter(|_| is_open) {
        Some(open) => open.strip_suffix('\r').unwrap_or(open).to_owned(),
        None => text,
    })
}

#[test]
fn an_alias_stands_for_what_its_own_text_says() {
    holds((aliased(), aliased(), prefer()), 25, |(first, second, prefer), tally| {
        let Ok(merged) = joined_by(prefer, Kind::Yaml, &path("a.yaml"), &first, &second) else {
            Tally::add(&tally.refused);
            return Ok(());
        };
        Tally::add(&tally.joined);
        let read = |text: &str| read(Kind::Yaml, text);
        let (ours, theirs, all) = (read(&first), read(&second), read(&merged.text));
        let texts = || format!("{prefer:?}\n{first}--\n{second}--\n{}", merged.text);
        let keys = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<BTreeSet<_>>();
        prop_assert_eq!(keys(&all), &keys(&ours) | &keys(&theirs), "{}", texts());
        for key in keys(&all) {
            let expected = match (ours.get(&key), theirs.get(&key)) {
                // What cannot be merged into is one or the other, as is preferred.
                (Some(one), Some(other)) => match prefer {
                    None => vec![model(one, other, prefer).0],
                    Some(Prefer::Earlier) => vec![model(one, other, prefer).0, one.clone()],
                    Some(Prefer::Later) => vec![model(one, other, prefer).0, other.clone()],
                },
                (one, other) => one.or(other).cloned().into_iter().collect(),
            };
            prop_assert!(expected.contains(&all[&key]), "{key}\n{}", texts());
        }
        Ok(())
    });
}

/// What a text of owners says of a path; none if no line speaks of it.
fn owners<'t>(text: &'t str, path: &str) -> Option<Vec<&'t str>> {
    let rules = text.lines().map(|line| line.split('#').next().unwrap_or_default().split_whitespace());
    let mut spoken = rules.filter_map(|mut words| is_about(words.next()?, path).then(|| words.collect()));
    spoken.next_back()
}

/// Whether a pattern of `CODEOWNERS` is about a path, which has segments of one letter and perhaps an
/// extension.
fn is_about(pattern: &str, path: &str) -> bool {
    let is_anchored = pattern.trim_end_matches('/').contains('/');
    let segments: Vec<&str> = path.split('/').collect();
    let matches = |segment: &str, one: &str| match segment.strip_prefix('*') {
        Some(end) => one.ends_with(end),
        None => segment == one,
    };
    let wanted: Vec<&str> = pattern.split('/').filter(|segment| !segment.is_empty()).collect();
    let from = |start: usize| {
        let rest = &segments[start..];
        let fits = rest.len() >= wanted.len() && wanted.iter().zip(rest).all(|(a, b)| matches(a, b));
        // `docs/*` is not about what is deeper, and `docs/` not about a file.
        let ends = rest.len() == wanted.len();
        fits && !(is_anchored && wanted.last() == Some(&"*") && !ends) && !(pattern.ends_with('/') && ends)
    };
    if is_anchored { from(0) } else { (0..segments.len()).any(from) }
}

fn owned() -> impl Strategy<Value = String> {
    const PATTERNS: [&str; 14] = [
        "*", "*.x", "*.y", "/a/", "a/", "/a/b/", "/a/*", "/a/*.x", "/a/c.x", "b", "/b", "c.x", "a/b",
        "/a/b/*.x",
    ];
    let line =
        (prop::sample::select(&PATTERNS[..]), prop::sample::select(&["", " @o", " @p", " @o @p # c"][..]));
    let line = line.prop_map(|(pattern, owners)| format!("{pattern}{owners}"));
    let line = prop_oneof![4 => line, 1 => Just(String::new()), 1 => Just("# c".to_owned())];
    (prop::collection::vec(line, 0..7), prop::sample::select(&["\n", "\r\n"][..]), any::<bool>()).prop_map(
        |(lines, end, is_open)| lines.join(end) + if is_open || lines.is_empty() { "" } else { end },
    )
}

#[test]
fn what_only_one_speaks_of_is_whose_it_says() {
    const PATHS: [&str; 9] =
        ["c", "c.x", "a/c.x", "a/c.y", "a/b/c.x", "a/b/b", "b/c.x", "b/a/c.y", "c/a/b/c.x"];
    let path = path("CODEOWNERS");
    holds((owned(), owned(), prefer()), 40, |(first, second, prefer), tally| {
        let Ok(merged) = joined_by(prefer, Kind::Lines, &path, &first, &second) else {
            prop_assert_eq!(prefer, None);
            Tally::add(&tally.refused);
            return Ok(());
        };
        Tally::add(&tally.joined);
        for path in PATHS {
            let (one, other, all) = (owners(&first, path), owners(&second, path), owners(&merged.text, path));
            let is_said = match (&one, &other) {
                // Which of two lines stands last, when they contradict each other in their order as well,
                // no line says that a preference could be for.
                (Some(_), Some(_)) => prefer.is_some() || all == one || all == other,
                _ => all == one.or(other),
            };
            prop_assert!(is_said, "{path}: {all:?} {prefer:?}\n{first}\n--\n{second}\n--\n{}", merged.text);
        }
        check_lines(Kind::Lines, &merged, &first, &second)?;
        let again = joined_by(prefer, Kind::Lines, &path, &merged.text, &second).unwrap();
        prop_assert_eq!(&again.text, &merged.text, "{:?}\n{}\n--\n{}", prefer, first, second);
        Ok(())
    });
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
