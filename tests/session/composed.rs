//! A composed pack gives what its packs give.

use std::collections::BTreeMap;

use packwright::manifest::Mode;
use packwright::session::Outcome;

use crate::host::{Host, command, directory, put};

const NAMES: [&str; 3] = ["a", "b", "c"];

/// How one pack may need another.
#[derive(Clone, Copy)]
enum Edge {
    None,
    Optional,
    Needed,
}

const EDGES: [Edge; 3] = [Edge::None, Edge::Optional, Edge::Needed];

/// Packs whose files tell in which order they were joined.
fn host(edges: impl Fn(usize, usize) -> Edge) -> Host {
    let mut registry = directory::<&str, &str>([]);
    for (at, name) in NAMES.iter().enumerate() {
        let mut manifest = format!("[pack]\nname = \"{name}\"\nversion = \"1.0.0\"\n[dependencies]\n");
        for (other, needed) in NAMES.iter().enumerate().filter(|(other, _)| *other != at) {
            match edges(at, other) {
                Edge::None => {}
                Edge::Optional => {
                    manifest += &format!("{needed} = {{ version = \"^1\", optional = true }}\n")
                }
                Edge::Needed => manifest += &format!("{needed} = \"^1\"\n"),
            }
        }
        manifest += "[[templates]]\nname = \"all\"\nsource = \"x.json\"\noutput = \"x.json\"\n";
        put(&mut registry, &format!("{name}/pack.toml"), manifest.as_bytes(), Mode::Regular);
        let file = format!("{{\"last\": \"{name}\", \"order\": [\"{name}\"]}}\n");
        put(&mut registry, &format!("{name}/x.json"), file.as_bytes(), Mode::Regular);
    }
    Host::new([("registry:starter", registry)])
}

/// The files of a project but the lockfile; nothing if there is none.
fn files(host: &mut Host, json: &str) -> Option<BTreeMap<String, Vec<u8>>> {
    let Ok(Outcome::Generate { project }) = host.run(command(json)) else { return None };
    let operations = project.plan.operations.iter();
    let files = operations.filter(|operation| operation.path.as_str() != "packwright.lock");
    Some(
        files
            .map(|operation| (operation.path.to_string(), project.contents.0[operation.range()].to_vec()))
            .collect(),
    )
}

#[test]
fn whatever_is_optional() {
    let rules = r#""composition":{"rules":[{"path":"x.json","prefer":"later","lists":{"order":"append"}}]}"#;
    let mut ends = [0; 2];
    for number in 0..3usize.pow(6) {
        let digit = |from: usize, to: usize| {
            let place = from * 2 + if to > from { to - 1 } else { to };
            number / 3usize.pow(u32::try_from(place).unwrap()) % 3
        };
        let edge = |from, to| EDGES[digit(from, to)];
        let is_optional =
            NAMES.iter().enumerate().any(|(at, _)| at != 2 && matches!(edge(at, 2), Edge::Optional));
        let with = if is_optional { r#""with":["c"],"# } else { "" };
        let mut host = host(edge);
        let asked = format!(r#""packs":["a","b"],{with}{rules}"#);
        let answers = r#""answers":{"project_name":"demo"}"#;
        let Some(expected) = files(&mut host, &format!(r#"{{"type":"generate",{asked},{answers}}}"#)) else {
            continue;
        };
        let composed = host.run(command(&format!(r#"{{"type":"compose","name":"whole",{asked}}}"#)));
        let Ok(Outcome::Compose { composite }) = composed else { panic!("{number}: {composed:?}") };
        let registry = host.roots.get_mut("registry:starter").unwrap();
        put(registry, "whole/pack.toml", composite.manifest.as_bytes(), Mode::Regular);
        let given = files(&mut host, &format!(r#"{{"type":"generate","packs":["whole"],{answers}}}"#));
        let told = !composite.warnings.is_empty();
        assert_eq!(given != Some(expected), told, "{number}: {}", composite.manifest);
        if told {
            assert!(composite.warnings[0].message.contains("in another order"), "{:?}", composite.warnings);
        }
        ends[usize::from(told)] += 1;
    }
    // Packs that would have each other, of which one was asked for, are the only ones that join otherwise.
    assert!(ends[0] > 2 * ends[1] && ends[1] > 0, "{ends:?}");
}
