//! Rules of the code that no compiler checks: the order of modules, no IO in the core, no panics
//! on purpose, and who may reach the wasm glue.
#![cfg(not(target_arch = "wasm32"))]

use std::collections::BTreeSet;
use std::path::Path;

/// The modules of the core; each imports only what stands before it.
const ORDER: &[&str] = &[
    "diagnostic",
    "graph",
    "name",
    "version",
    "constraint",
    "path",
    "address",
    "expression",
    "variable",
    "composition",
    "manifest",
    "registry",
    "archive",
    "lockfile",
    "config",
    "resolve",
    "explain",
    "render",
    "merge",
    "compose",
    "plan",
    "update",
    "query",
    "session",
    "wasm",
];

/// IO, clocks, randomness, and collections whose order changes from run to run.
const FORBIDDEN_IN_STD: &[&str] = &["env", "fs", "net", "os", "process", "thread", "time"];
const FORBIDDEN_WORDS: &[&str] =
    &["HashMap", "HashSet", "Instant", "RandomState", "SystemTime", "getrandom", "rand", "fastrand"];

/// What only `wasm` may name.
const BINDINGS: &[&str] =
    &["wasm_bindgen", "js_sys", "web_sys", "serde_wasm_bindgen", "console_error_panic_hook"];

const FORBIDDEN_MACROS: &[&str] = &["dbg", "eprint", "eprintln", "print", "println", "todo", "unimplemented"];

const FORBIDDEN_NAMES: &[&str] = &["common", "helper", "helpers", "mod", "util", "utils"];

/// Code without comments, and without what stands in texts and in the test module at the end.
fn code_of(source: &str) -> String {
    let source = match source.find("\n#[cfg(test)]\nmod tests {") {
        Some(tests) => &source[..tests],
        None => source,
    };
    let mut code = String::new();
    let mut rest = source;
    while let Some(c) = rest.chars().next() {
        let skipped = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            rest.find("*/").map_or(rest.len(), |end| end + 2)
        } else if let Some(raw) = raw_text(rest) {
            raw
        } else if c == '"' {
            text(rest, '"')
        } else if rest.starts_with("'\\") || rest.chars().nth(2) == Some('\'') && c == '\'' {
            text(rest, '\'')
        } else {
            code.push(c);
            rest = &rest[c.len_utf8()..];
            continue;
        };
        code.push(' ');
        rest = &rest[skipped..];
    }
    code
}

/// The length of a raw text at the start.
fn raw_text(code: &str) -> Option<usize> {
    let hashes = code.strip_prefix('r')?.bytes().take_while(|&byte| byte == b'#').count();
    code[1 + hashes..].strip_prefix('"')?;
    let close = format!("\"{}", "#".repeat(hashes));
    Some(code[2 + hashes..].find(&close).map_or(code.len(), |end| 2 + hashes + end + close.len()))
}

/// The length of a text or a character at the start.
fn text(code: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in code.char_indices().skip(1) {
        if c == quote && !escaped {
            return at + 1;
        }
        escaped = c == '\\' && !escaped;
    }
    code.len()
}

fn words(code: &str) -> impl Iterator<Item = &str> {
    code.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|word| !word.is_empty())
}

/// What stands right behind `root::`, in paths and in groups.
fn segments(code: &str, root: &str) -> BTreeSet<String> {
    let marked = format!("{root}::");
    let mut found = BTreeSet::new();
    for (at, _) in code.match_indices(&marked) {
        if code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == ':') {
            continue;
        }
        let rest = code[at + marked.len()..].trim_start();
        let Some(group) = rest.strip_prefix('{') else {
            found.extend(words(rest).next().map(str::to_owned));
            continue;
        };
        let mut depth = 0;
        let mut outer = String::new();
        for c in group.chars() {
            match c {
                '{' => depth += 1,
                '}' if depth == 0 => break,
                '}' => depth -= 1,
                c if depth == 0 => outer.push(c),
                _ => {}
            }
        }
        found.extend(outer.split(',').filter_map(|part| words(part).next().map(str::to_owned)));
    }
    found
}

/// What breaks the rules in a file of `src`, by its path below it.
fn offences(path: &str, source: &str) -> Vec<String> {
    let code = code_of(source);
    let mut found = Vec::new();
    let mut offence = |what: String| found.push(format!("src/{path}: {what}"));
    let module = path.split(['/', '.']).next().unwrap();
    let stem = path.rsplit('/').next().unwrap().trim_end_matches(".rs");
    if FORBIDDEN_NAMES.contains(&stem) {
        offence(format!("`{stem}` says nothing of what is in it"));
    }
    if module != "lib" {
        match ORDER.iter().position(|name| *name == module) {
            None => offence(format!("`{module}` has no place in the order of modules")),
            Some(place) => {
                for used in segments(&code, "crate") {
                    match ORDER.iter().position(|name| *name == used) {
                        None => offence(format!("`crate::{used}` is no module of the order")),
                        Some(other) if other > place => offence(format!("`{used}` stands below `{module}`")),
                        Some(_) if module == "graph" => offence("`graph` knows nothing of ours".to_owned()),
                        Some(_) => {}
                    }
                }
            }
        }
        let out = if path.contains('/') { "super::super" } else { "super::" };
        if code.contains(out) {
            offence(format!("`{out}` leaves the module without naming where to"));
        }
    }
    for used in segments(&code, "std").into_iter().chain(segments(&code, "core")) {
        if FORBIDDEN_IN_STD.contains(&used.as_str()) {
            offence(format!("`std::{used}` is not for the core"));
        }
    }
    for word in words(&code) {
        if FORBIDDEN_WORDS.contains(&word) {
            offence(format!("`{word}` is not for the core"));
        }
        if BINDINGS.contains(&word) && module != "wasm" {
            offence(format!("only `wasm` names `{word}`"));
        }
    }
    for name in FORBIDDEN_MACROS {
        if code
            .match_indices(&format!("{name}!"))
            .any(|(at, _)| !code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_'))
        {
            offence(format!("`{name}!` is not for the core"));
        }
    }
    if code.contains(".unwrap()") {
        offence("`unwrap` says nothing about why it holds".to_owned());
    }
    found
}

/// What breaks the rules in `lib.rs`: its modules stand in the order, and all files are modules.
fn offences_of_lib(source: &str) -> Vec<String> {
    let code = code_of(source);
    let declared: Vec<&str> = code
        .lines()
        .filter_map(|line| line.trim_start_matches("pub ").strip_prefix("mod ")?.strip_suffix(';'))
        .collect();
    let expected: Vec<&str> = ORDER.iter().copied().filter(|name| declared.contains(name)).collect();
    let unknown = declared.iter().filter(|name| !ORDER.contains(name));
    let mut found: Vec<String> =
        unknown.map(|name| format!("src/lib.rs: `{name}` has no place in the order of modules")).collect();
    if found.is_empty() && declared != expected {
        found.push(format!("src/lib.rs: the modules stand as {}", declared.join(" ")));
    }
    found
}

/// What breaks the rules in a TypeScript or HTML file: who imports the wasm glue.
fn offences_of_script(path: &str, source: &str) -> Vec<String> {
    let glue = source.lines().filter(|line| {
        let imports = line.contains("import") || line.contains("from ") || line.contains("src=");
        imports && ["glue", "packwright.wasm", "pkg/npm/dist"].iter().any(|word| line.contains(word))
    });
    let only_type = |line: &&str| path == "pkg-templates/npm/src/core.ts" && line.contains("./glue.js");
    let asset = |line: &&str| path.starts_with("pkg-templates/npm/src/") && !line.contains("glue");
    glue.filter(|line| !only_type(line) && !asset(line))
        .map(|line| format!("{path}: {}", line.trim()))
        .collect()
}

fn files(directory: &str, endings: &[&str]) -> Vec<(String, String)> {
    fn walk(directory: &Path, found: &mut Vec<std::path::PathBuf>) {
        let Ok(entries) = std::fs::read_dir(directory) else { return };
        for entry in entries {
            let path = entry.unwrap().path();
            if path.is_dir() && !path.ends_with("node_modules") {
                walk(&path, found);
            } else if path.is_file() {
                found.push(path);
            }
        }
    }
    let base = Path::new(env!("CARGO_MANIFEST_DIR")).join(directory);
    let mut found = Vec::new();
    walk(&base, &mut found);
    found.sort();
    let paths =
        found.into_iter().filter(|path| endings.iter().any(|end| path.to_string_lossy().ends_with(end)));
    paths
        .map(|path| {
            let relative = path.strip_prefix(&base).unwrap().to_str().unwrap().replace('\\', "/");
            (relative, std::fs::read_to_string(&path).unwrap())
        })
        .collect()
}

/// Files that are compiled for tests only: `#[cfg(test)] mod NAME;` in the file above them.
fn is_test(path: &str, all: &[(String, String)]) -> bool {
    let Some((parent, file)) = path.rsplit_once('/') else { return false };
    let declaration = format!("#[cfg(test)]\nmod {};", file.trim_end_matches(".rs"));
    all.iter().any(|(other, source)| *other == format!("{parent}.rs") && source.contains(&declaration))
}

#[test]
fn the_core_keeps_the_rules() {
    let all = files("src", &[".rs"]);
    assert!(all.len() > 20, "the sources are found");
    let core = all.iter().filter(|(path, _)| !is_test(path, &all));
    let mut found: Vec<String> = core.flat_map(|(path, source)| offences(path, source)).collect();
    let (_, lib) = all.iter().find(|(path, _)| path == "lib.rs").unwrap();
    found.extend(offences_of_lib(lib));
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn only_one_file_reaches_the_wasm_glue() {
    let mut found = Vec::new();
    let mut seen = 0;
    for directory in ["pkg-templates/npm/src", "pkg-templates/vscode", "www"] {
        for (path, source) in files(directory, &[".ts", ".tsx", ".mts", ".js", ".mjs", ".html"]) {
            seen += 1;
            found.extend(offences_of_script(&format!("{directory}/{path}"), &source));
        }
    }
    assert!(seen > 10, "the sources are found");
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn every_rule_can_fail() {
    let fine = "//! std::fs, HashMap\nuse crate::name::X;\nfn f() { env!(\"HOME\"); \"crate::wasm println!\"; '\"'; }\n";
    assert_eq!(offences("version.rs", fine), [""; 0]);
    let tests = "fn f() {}\n\n#[cfg(test)]\nmod tests {\n    use std::fs;\n    fn g() { x.unwrap(); }\n}\n";
    assert_eq!(offences("version.rs", tests), [""; 0]);
    for (path, source, told) in [
        ("version.rs", "use crate::plan::Plan;", "`plan` stands below `version`"),
        ("version.rs", "use crate::{name::{A, B}, session};", "`session` stands below `version`"),
        ("version.rs", "fn f() -> crate::wasm::X {}", "`wasm` stands below `version`"),
        ("version.rs", "use crate::strange::X;", "`crate::strange` is no module of the order"),
        ("graph.rs", "use crate::diagnostic::Code;", "`graph` knows nothing of ours"),
        ("strange.rs", "", "`strange` has no place in the order of modules"),
        ("strange/inner.rs", "", "`strange` has no place in the order of modules"),
        ("name.rs", "use super::plan;", "`super::` leaves the module"),
        ("session/write.rs", "use super::super::wasm;", "`super::super` leaves the module"),
        ("session/utils.rs", "", "`utils` says nothing"),
        ("session/mod.rs", "", "`mod` says nothing"),
        ("name.rs", "use std::fs;", "`std::fs` is not for the core"),
        ("name.rs", "use std::{fmt, net::TcpStream};", "`std::net` is not for the core"),
        ("name.rs", "let x = std::env::var(\"X\");", "`std::env` is not for the core"),
        ("name.rs", "std::thread::spawn(f);", "`std::thread` is not for the core"),
        ("name.rs", "use std::time::SystemTime;", "`SystemTime` is not for the core"),
        ("name.rs", "let now = Instant::now();", "`Instant` is not for the core"),
        ("name.rs", "use std::collections::HashMap;", "`HashMap` is not for the core"),
        ("name.rs", "use std::collections::{BTreeMap, HashSet};", "`HashSet` is not for the core"),
        ("name.rs", "rand::random()", "`rand` is not for the core"),
        ("name.rs", "getrandom::fill(&mut x)", "`getrandom` is not for the core"),
        ("session.rs", "use wasm_bindgen::prelude::*;", "only `wasm` names `wasm_bindgen`"),
        ("lib.rs", "pub use js_sys::Date;", "only `wasm` names `js_sys`"),
        ("name.rs", "x.unwrap();", "`unwrap` says nothing about why"),
        ("name.rs", "todo!()", "`todo!`"),
        ("name.rs", "unimplemented!()", "`unimplemented!`"),
        ("name.rs", "dbg!(x)", "`dbg!`"),
        ("name.rs", "println!(\"x\")", "`println!`"),
        ("name.rs", "r#\"a \" b\"#; eprintln!(\"x\")", "`eprintln!`"),
        ("name.rs", "let quote = '\"'; dbg!(x); let more = '\"';", "`dbg!`"),
    ] {
        let found = offences(path, source);
        assert!(found.iter().any(|offence| offence.contains(told)), "{path}: {source}: {found:?}");
    }
    assert_eq!(offences_of_lib("pub mod diagnostic;\n#[cfg(feature = \"wasm\")]\nmod wasm;\n"), [""; 0]);
    assert!(offences_of_lib("pub mod plan;\npub mod name;\n")[0].contains("the modules stand as plan name"));
    assert!(offences_of_lib("mod strange;\n")[0].contains("`strange` has no place"));
    let glue = "import init from \"./glue.js\";";
    assert_eq!(offences_of_script("pkg-templates/npm/src/core.ts", glue), [""; 0]);
    assert_eq!(offences_of_script("pkg-templates/npm/src/web.ts", glue).len(), 1);
    assert_eq!(offences_of_script("www/src/main.ts", "import { open } from \"packwright\";"), [""; 0]);
    assert_eq!(
        offences_of_script("www/src/main.ts", "import url from \"packwright/packwright.wasm?url\";").len(),
        1
    );
    assert_eq!(
        offences_of_script("www/src/main.ts", "export * from \"../../pkg/npm/dist/glue.js\";").len(),
        1
    );
}
