//! The starter packs and what is made of them, for the native tests and for those in JavaScript
//! engines: both must come to the same bytes.

macro_rules! embed {
    ($($path:literal)*) => { &[$(($path, include_bytes!(concat!("../../www/registry/", $path)))),*] };
}

/// Every file below `www/registry`.
pub const FILES: &[(&str, &[u8])] = embed![
    "base-project/README.md"
    "base-project/pack.toml"
    "base-project/templates/files/.editorconfig.j2"
    "base-project/templates/files/.gitattributes.j2"
    "base-project/templates/files/.gitignore.j2"
    "base-project/templates/files/README.md.j2"
    "base-project/templates/licenses/apache-2.0.txt"
    "base-project/templates/licenses/bsd-3-clause.txt.j2"
    "base-project/templates/licenses/mit.txt.j2"
    "base-project/templates/licenses/mpl-2.0.txt"
    "base-project/templates/licenses/unlicense.txt"
    "github-ci/README.md"
    "github-ci/pack.toml"
    "github-ci/templates/ci.yml.j2"
    "github-ci/templates/dependabot.yml.j2"
    "node-library/README.md"
    "node-library/pack.toml"
    "node-library/templates/javascript/index.js"
    "node-library/templates/javascript/index.test.js"
    "node-library/templates/root/package.json.j2"
    "node-library/templates/root/tsconfig.json.j2"
    "node-library/templates/typescript/index.test.ts"
    "node-library/templates/typescript/index.ts"
    "rust-cli/README.md"
    "rust-cli/pack.toml"
    "rust-cli/templates/arguments.rs"
    "rust-cli/templates/crate/Cargo.toml.j2"
    "rust-cli/templates/crate/src/lib.rs.j2"
    "rust-cli/templates/crate/src/main.rs.j2"
    "rust-cli/templates/crate/tests/cli.rs.j2"
];

pub const TIMESTAMP: &str = "2026-01-31T12:00:00Z";

/// Commands as JavaScript writes them, by name. The registry `starter` is the root
/// `registry:starter`, the same files are the root `source`.
pub const COMMANDS: &[(&str, &str)] = &[
    ("list", r#"{"type":"list"}"#),
    ("show rust-cli", r#"{"type":"show","pack":"rust-cli@^1"}"#),
    (
        "base-project",
        r#"{"type":"generate","packs":["base-project"],"answers":{"project_name":"Démo & Co"}}"#,
    ),
    (
        "rust-cli",
        r#"{"type":"generate","packs":["rust-cli@^1"],"answers":{"project_name":"Word Count","argument_parser":"none"}}"#,
    ),
    (
        "node-library",
        r#"{"type":"generate","packs":["node-library"],"answers":{"project_name":"demo","license":"MIT"}}"#,
    ),
    (
        "github-ci",
        r#"{"type":"generate","packs":["github-ci","rust-cli","node-library"],"answers":{"project_name":"all","ci_platforms":["ubuntu-latest","windows-latest"]}}"#,
    ),
    ("questions", r#"{"type":"questions","packs":["rust-cli"],"answers":{"crate_name":"Ü"}}"#),
    ("conflict", r#"{"type":"generate","packs":["rust-cli@^1","rust-cli@^2"]}"#),
    ("build-registry", r#"{"type":"build-registry"}"#),
];

/// What every engine must come to: a line for each of [`COMMANDS`], as [`fingerprint`] writes it.
pub const EXPECTED: &str = include_str!("../cases/parity/starter.txt");

/// The digests of an outcome's JSON text and of the content beside it.
pub fn fingerprint(name: &str, outcome: &str, contents: &[u8]) -> String {
    let digest = packwright::registry::Digest::of;
    format!("{name}: {} {}\n", digest(outcome.as_bytes()), digest(contents))
}
