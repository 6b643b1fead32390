//! Limits, and real files.

use std::fs;
use std::path::Path;

use packwright::merge::{Kind, MAX_DEPTH, MAX_SIZE, MAX_VALUES, Policy, is_anchor, merge, yaml_to_json};
use packwright::path::RelPath;

fn path(text: &str) -> RelPath {
    text.parse().unwrap()
}

fn told(kind: Kind, name: &str, first: &str, second: &str) -> String {
    merge(kind, &path(name), first, second, &Policy::default()).unwrap_err().to_string()
}

#[test]
fn depth_has_a_limit() {
    let deep = MAX_DEPTH * 1000;
    for (kind, text) in [
        (Kind::Json, "[".repeat(deep)),
        (Kind::Json, "{\"a\":".repeat(deep)),
        (Kind::Toml, format!("a = {}", "[".repeat(deep))),
        (Kind::Toml, format!("a = {}", "{a = ".repeat(deep))),
        (Kind::Toml, format!("{}a = 1", "a.".repeat(deep))),
        (Kind::Toml, format!("[{}a]\nb = 1", "a.".repeat(deep))),
        (Kind::Yaml, "- ".repeat(deep)),
        (Kind::Yaml, "[".repeat(deep)),
        (Kind::Yaml, "{a: ".repeat(deep)),
    ] {
        let error = told(kind, "a", &text, "x");
        assert!(error.starts_with("the first text cannot be read, line 1, column "), "{error}");
    }
    let just = format!("{}{}", "[".repeat(MAX_DEPTH), "]".repeat(MAX_DEPTH));
    assert!(merge(Kind::Json, &path("a"), &just, "[1]", &Policy::default()).is_ok());
    let more = format!("[{just}]");
    assert_eq!(
        told(Kind::Json, "a", &more, "[1]"),
        "the first text cannot be read, line 1, column 129: it is more than 128 levels deep"
    );
}

#[test]
fn size_has_a_limit() {
    let long = "a".repeat(MAX_SIZE + 1);
    assert_eq!(
        told(Kind::Lines, ".gitignore", "b", &long),
        "the second text cannot be read, line 1, column 1: it has more than 1024 KiB"
    );
}

/// With a quadratic step these would take minutes.
#[test]
fn many_keys_are_no_problem() {
    let numbers = || 0..10_000;
    let json = |from: usize| -> String {
        let members: Vec<String> = numbers().map(|n| format!("  \"key{}\": [{n}]", n + from)).collect();
        format!("{{\n{}\n}}\n", members.join(",\n"))
    };
    let lines =
        |line: fn(usize) -> String, from: usize| -> String { numbers().map(|n| line(n + from)).collect() };
    type Line = fn(usize) -> String;
    let each: [(Kind, &str, Line); 11] = [
        (Kind::Toml, "a.toml", |n| format!("key{n} = 1\n")),
        (Kind::Toml, "a.toml", |n| format!("[a.key{n}]\nb = 1\n")),
        (Kind::Toml, "a.toml", |n| format!("[[a]]\nb = {n}\n")),
        (Kind::Yaml, "a.yaml", |n| format!("key{n}: {{a: {n}}}\n")),
        (Kind::Yaml, "a.yaml", |n| format!("- a: {n}\n")),
        (Kind::Yaml, "a.yaml", |n| format!("key{n}: &a{n} {n}\nalias{n}: *a{n}\n")),
        (Kind::Lines, ".gitignore", |n| format!("key{n}\n# {n}\n!key{n}/x\n")),
        (Kind::Lines, ".gitattributes", |n| format!("key{n}\n")),
        (Kind::Variables, ".env", |n| format!("KEY{n}=1\n")),
        (Kind::Requirements, "requirements.txt", |n| format!("key{n}\n")),
        (Kind::Sections, "a.md", |n| format!("# key{n}\n\ntext {n}\n")),
    ];
    for (kind, name, line) in each {
        let (first, second) = (lines(line, 0), lines(line, 5_000));
        let merged = merge(kind, &path(name), &first, &second, &Policy::default()).unwrap();
        assert!(merged.text.len() > first.len(), "{kind:?}");
    }
    for name in ["a.json", "package.json"] {
        let merged = merge(Kind::Json, &path(name), &json(0), &json(10_000), &Policy::default()).unwrap();
        assert_eq!(merged.lines.len(), 20_002);
    }
    let dotted: Vec<String> = (0..40_000).map(|n| format!("b.key{n} = 1")).collect();
    let braces = format!("a = {{ {} }}\n", dotted.join(", "));
    let merged = merge(Kind::Toml, &path("a.toml"), &braces, "c = 1", &Policy::default()).unwrap();
    assert_eq!(merged.lines.len(), 2);
    let one_line = |from: usize| -> String {
        let members: Vec<String> = (from..from + 30_000).map(|n| format!("\"k{n}\":1")).collect();
        format!("{{{}}}", members.join(","))
    };
    let (first, second) = (one_line(0), one_line(30_000));
    let merged = merge(Kind::Json, &path("a.json"), &first, &second, &Policy::default()).unwrap();
    assert_eq!(merged.lines.len(), 1);
    let quoted = format!("A=\"\n{}B='\n\"\n", "x\n".repeat(300_000));
    let merged = merge(Kind::Variables, &path(".env"), &quoted, "C=1\n", &Policy::default()).unwrap();
    assert!(merged.text.ends_with("\"\nC=1\n"));
    let (first, second) = ("x\n\n".repeat(100_000), "x\n\n".repeat(50_000) + "y\n");
    let merged = merge(Kind::Sections, &path("a.md"), &first, &second, &Policy::default()).unwrap();
    assert_eq!(merged.text.lines().count(), 200_002, "half of it is how the first ends");
    let region = |from| {
        format!("// packwright:begin a\n{}// packwright:end a\n", lines(|n| format!("f({n});\n"), from))
    };
    let merged = merge(Kind::Anchors, &path("a.rs"), &region(0), &region(5_000), &Policy::default()).unwrap();
    assert_eq!(merged.text.lines().filter(|line| !is_anchor(line)).count(), 15_000);
}

#[test]
fn yaml_is_read_by_the_core_schema() {
    let value = yaml_to_json(
        "a: no\nb: 1.10\nc: 0x1F\nd: 0o17\ne: ~\nf: &x [1, 'two']\ng: *x\nh: |\n  text\ni: -.5\nj: +12\nk: 2026-01-01\nl: True\nm:\n",
    );
    let expected = serde_json::json!({
        "a": "no", "b": 1.1, "c": 31, "d": 15, "e": null, "f": [1, "two"], "g": [1, "two"], "h": "text\n",
        "i": -0.5, "j": 12, "k": "2026-01-01", "l": true, "m": null,
    });
    assert_eq!(value.unwrap(), expected);
    assert_eq!(yaml_to_json("# nothing\n").unwrap(), serde_json::Value::Null);
    for (text, expected) in [
        ("a: [1\n", "line 2, column 1: while parsing a flow sequence, expected ',' or ']'"),
        ("a: 1\n---\nb: 2", "line 2, column 1: it has more than one document"),
        ("a: !!int 1", "line 1, column 4: tags such as `!!str` are not supported"),
        ("é: .inf", "line 1, column 4: `.inf` is no number of JSON"),
        ("a: 1\na: 2", "line 2, column 1: the key `a` stands twice in one table"),
        ("[a]: 1", "line 1, column 1: only scalars without anchors and tags can be keys"),
        ("? a\n: b", "line 1, column 3: keys that `?` introduces are not supported"),
        ("a: &x [*x]", "line 1, column 8: an alias stands within its own anchor"),
    ] {
        assert_eq!(yaml_to_json(text).unwrap_err().to_string(), expected, "{text}");
    }
}

#[test]
fn aliases_do_not_explode() {
    let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for n in 1..20 {
        let aliases = vec![format!("*a{}", n - 1); 10].join(", ");
        text += &format!("a{n}: &a{n} [{aliases}]\n");
    }
    let error = yaml_to_json(&text).unwrap_err().to_string();
    assert!(error.ends_with(&format!("with its aliases it has more than {MAX_VALUES} values")), "{error}");
}

/// Every text of the repository and, where they are, of the templates that others use, joins with
/// itself, with nothing, and with its start.
#[test]
fn real_files_join() {
    fn walk(directory: &Path, found: &mut Vec<std::path::PathBuf>) {
        let Ok(entries) = fs::read_dir(directory) else { return };
        for path in entries.map(|entry| entry.unwrap().path()) {
            let skipped = ["node_modules", "target", ".git", "pkg"].iter().any(|name| path.ends_with(name));
            if path.is_dir() && !path.is_symlink() && !skipped {
                walk(&path, found);
            } else if path.is_file() {
                found.push(path);
            }
        }
    }
    let mut files = Vec::new();
    walk(Path::new(env!("CARGO_MANIFEST_DIR")), &mut files);
    if let Some(corpora) = std::env::var_os("PACKWRIGHT_CORPORA") {
        walk(Path::new(&corpora), &mut files);
    }
    let (mut joined, mut refused) = (0, Vec::new());
    for file in files {
        let (Ok(text), Some(name)) =
            (fs::read_to_string(&file), file.file_name().and_then(|name| name.to_str()))
        else {
            continue;
        };
        let Ok(path) = name.parse::<RelPath>() else { continue };
        let Some(kind) = Kind::of(&path, &text, &text) else { continue };
        let half: String = text.split_inclusive('\n').take(text.lines().count() / 2).collect();
        let whole = format!("{text}\n");
        match merge(kind, &path, &text, &whole, &Policy::default()) {
            Ok(merged) => {
                assert_eq!(merged.text, text, "{}", file.display());
                joined += 1;
                if let Ok(merged) = merge(kind, &path, &half, &text, &Policy::default()) {
                    let again = merge(kind, &path, &merged.text, &text, &Policy::default()).unwrap();
                    assert_eq!(again.text, merged.text, "{}", file.display());
                }
            }
            Err(error) => refused.push(format!("{}: {error}", file.display())),
        }
    }
    if std::env::var_os("PACKWRIGHT_CORPORA").is_some() {
        eprintln!("{joined} joined; refused:\n{}", refused.join("\n"));
    }
    assert!(joined > 50, "the files are found");
}
