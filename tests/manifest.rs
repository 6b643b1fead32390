//! `pack.toml` as files: each of `tests/cases/manifest/*.toml` with what is read from it or said
//! about it. `INSTA_UPDATE=always` writes the snapshots anew.
#![cfg(not(target_arch = "wasm32"))]

use packwright::diagnostic::Diagnostic;
use packwright::manifest::{FILE_NAME, MAX_SIZE, Manifest};

fn told(text: &str) -> String {
    match Manifest::parse(text) {
        Ok(manifest) => format!("{manifest:#?}"),
        Err(problems) => problems.iter().map(Diagnostic::to_string).collect::<Vec<_>>().join("\n\n"),
    }
}

#[test]
fn manifests_are_read_or_refused_with_line_and_column() {
    let base = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/manifest");
    insta::glob!(&base, "*.toml", |path| {
        let name = path.file_stem().unwrap().to_str().unwrap();
        insta::with_settings!({
            snapshot_path => &base, snapshot_suffix => "", prepend_module_to_snapshot => false,
            omit_expression => true,
        }, { insta::assert_snapshot!(name, told(&std::fs::read_to_string(path).unwrap())) });
    });
}

#[test]
fn manifests_have_a_limit() {
    let text = format!("[pack]\nname = \"a\"\nversion = \"1.0.0\"\n{}", "#".repeat(MAX_SIZE));
    assert_eq!(told(&text), format!("error[invalid-manifest]: {FILE_NAME} has more than 256 KiB"));
}

/// Every key of the format, each with one letter missing, is unknown and finds its way back.
#[test]
fn slips_in_keys_find_the_nearest() {
    let whole = std::fs::read_to_string(
        std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/manifest/everything.toml"),
    )
    .unwrap();
    let mut tried = 0;
    for (number, line) in whole.lines().enumerate() {
        let Some((key, value)) = line.split_once(" = ") else { continue };
        let known =
            value.starts_with(['"', '[', '{', '\'']) || value.parse::<f64>().is_ok() || value.len() < 6;
        if !known || key.len() < 4 || key.contains(['"', ' ']) {
            continue;
        }
        let table = whole.lines().take(number).filter(|line| line.starts_with('[')).last().unwrap_or("");
        if ["[dependencies]", "[packages]", "[queries]"].contains(&table) {
            continue;
        }
        let slip = format!("{}{}", &key[..2], &key[3..]);
        let text: String = whole
            .lines()
            .enumerate()
            .map(|(at, line)| if at == number { format!("{slip} = {value}\n") } else { format!("{line}\n") })
            .collect();
        let problems = Manifest::parse(&text).expect_err(&slip);
        let problem = &problems[0];
        assert!(problem.message.starts_with(&format!("unknown key `{slip}`")), "{problem}");
        assert_eq!(
            problem.suggestion.as_deref(),
            Some(format!("did you mean `{key}`?").as_str()),
            "{problem}"
        );
        let location = problem.location.as_ref().unwrap();
        assert_eq!(location.line, Some(number as u32 + 1), "{problem}");
        tried += 1;
    }
    assert!(tried > 20, "only {tried} keys were tried");
}
