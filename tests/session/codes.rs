//! Every code comes up where the documentation says, with the exit code of its family.

use std::collections::BTreeSet;

use packwright::diagnostic::Code;

use crate::cases::run;

/// Codes no session gives, and who does.
const ELSEWHERE: &[(Code, &str)] = &[(Code::Internal, "hosts give it when the core traps")];

const PACK: &str = "-- registry/a/pack.toml --\n[pack]\nname = \"a\"\nversion = \"1.0.0\"\n";
const ONE: &str = "[[templates]]\nname = \"one\"\nsource = \"x\"\noutput = \"x\"\n-- registry/a/x --\n";
const LOCK: &str = "-- target/packwright.lock --\nversion = 1\ngenerator = \"0.1.0\"\ntimestamp = \"2025-01-01T00:00:00Z\"\n";
const AT_TARGET: &str = r#"-- command --
{"type":"generate","packs":["a"],"answers":{"project_name":"demo"},"target":true,"check":true}"#;

fn cases() -> Vec<(Code, u8, String)> {
    let case = |code, exit, parts: &[&str]| (code, exit, parts.concat());
    vec![
        case(Code::PackNotFound, 1, &["-- command --\n", r#"{"type":"show","pack":"ghost"}"#]),
        case(Code::FileNotFound, 1, &[PACK, "[[templates]]\nname = \"x\"\nsource = \"x\"\noutput = \"x\"\n"]),
        case(Code::UnpinnedPackage, 2, &[PACK, "[packages]\nexpress = \"^4\"\n"]),
        case(Code::RenderFailed, 3, &[PACK, ONE, "{{ ghost }}"]),
        case(Code::Cycle, 4, &[PACK, "[dependencies]\na = \"*\"\n"]),
        case(Code::Conflict, 5, &[PACK, "-- command --\n", r#"{"type":"generate","packs":["a@2"]}"#]),
        case(Code::MissingVariable, 7, &[PACK, "[variables.x]\n"]),
        case(Code::BadResponse, 9, &["-- registry/config.json --\n<html>\n"]),
        case(Code::InvalidName, 11, &["-- command --\n", r#"{"type":"show","pack":"A"}"#]),
        case(
            Code::InvalidVersion,
            11,
            &["-- registry/a/pack.toml --\n[pack]\nname = \"a\"\nversion = \"1\"\n"],
        ),
        case(Code::InvalidConstraint, 11, &["-- command --\n", r#"{"type":"show","pack":"a@b"}"#]),
        case(
            Code::InvalidPath,
            11,
            &[PACK, "[[templates]]\nname = \"x\"\nsource = \"../x\"\noutput = \"x\"\n"],
        ),
        case(Code::InvalidManifest, 11, &["-- registry/a/pack.toml --\n[pack]\n"]),
        case(
            Code::InvalidAnswer,
            11,
            &[
                PACK,
                "-- command --\n",
                r#"{"type":"generate","packs":["a"],"answers":{"project_name":"x","y":1}}"#,
            ],
        ),
        case(Code::InvalidLockfile, 11, &[PACK, LOCK, "packs = 1\n", AT_TARGET]),
        case(Code::InvalidRegistry, 11, &["-- registry/config.json --\n{\"v\":1}\n"]),
        case(
            Code::InvalidArchive,
            11,
            &[
                "-- registry/config.json --\n{\"v\":1,\"archives\":\"{name}.tgz\"}\n-- registry/a.tgz --\nno archive\n",
                "-- registry/index/a.jsonl --\n{\"v\":1,\"name\":\"a\",\"version\":\"1.0.0\",\"integrity\":\"sha256-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\",\"size\":1}\n",
            ],
        ),
        case(Code::UnsupportedFormat, 11, &["-- registry/config.json --\n{\"v\":9}\n"]),
        case(
            Code::InvalidInput,
            11,
            &[
                PACK,
                "-- command --\n",
                r#"{"type":"generate","packs":["a"],"with":["b"],"answers":{"project_name":"x"}}"#,
            ],
        ),
        case(
            Code::PathConflict,
            13,
            &[
                PACK,
                ONE,
                "1\n-- registry/a/pack.toml --\n[pack]\nname = \"a\"\nversion = \"1.0.0\"\n",
                ONE.split("-- ").next().unwrap(),
                "[[templates]]\nname = \"two\"\nsource = \"y\"\noutput = \"x\"\n-- registry/a/y --\n2\n",
            ],
        ),
        case(Code::OutOfDate, 13, &[PACK, ONE, "x\n-- target/ --\n", AT_TARGET]),
        case(Code::Usage, 64, &["-- command --\n", r#"{"type":"generate"}"#]),
    ]
}

#[test]
fn every_code_is_reached_with_the_exit_code_of_its_family() {
    let mut reached = BTreeSet::new();
    for (code, exit, case) in cases() {
        let (ending, _) = run(&case);
        let first = match &ending {
            Err(errors) => &errors[0],
            Ok(packwright::session::Outcome::Generate { project }) => &project.warnings[0],
            Ok(other) => panic!("{code}: {other:?}"),
        };
        assert_eq!((first.code, first.exit_code), (code, exit), "{first}");
        reached.insert(code);
    }
    // Those that take a host which goes wrong, or a plan, or very many packs, have their tests in `protocol`,
    // `writing`, `install`, `transport`, `publish` and `resolve`.
    let of_others = [
        (Code::Network, 9),
        (Code::Unauthorized, 9),
        (Code::NotCached, 9),
        (Code::TooHard, 5),
        (Code::Deprecated, 5),
        (Code::AlreadyPublished, 13),
        (Code::Storage, 10),
        (Code::InstallFailed, 2),
        (Code::PartialInstall, 6),
        (Code::Locked, 10),
        (Code::NeedsConsent, 12),
        (Code::FileConflict, 13),
        (Code::Cancelled, 130),
        (Code::Internal, 70),
    ];
    for (code, exit) in of_others {
        assert_eq!(code.exit_code(), exit);
        reached.insert(code);
    }
    assert_eq!(ELSEWHERE.len(), 1);
    assert_eq!(reached, Code::ALL.iter().copied().collect(), "every code has its case");
}
