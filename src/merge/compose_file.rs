//! What the keys of a compose file mean: settings that are a list of `KEY=value` or a table,
//! services that are named in a list or in a table, and ports and volumes, which are a text or a table.

use std::collections::BTreeMap;

use super::Why;
use super::deep::{Addition, Walk, What};
use super::json::quoted;
use super::source::Source;
use super::tree::{Data, Member, Node, Scalar};
use super::versions::{Ecosystem, Identity};

/// Joins what stands at such a key; whether it did.
pub(super) fn join<'t>(walk: &mut Walk<'_, 't>, first: &'t Node, second: &'t Node) -> bool {
    if walk.ecosystem != Ecosystem::Compose {
        return false;
    }
    let [.., key] = walk.path[..] else { return false };
    let in_service = matches!(walk.path[..], ["services", _, _] | ["services", _, "build", _]);
    match (key, &first.data, &second.data) {
        ("environment" | "labels" | "args" | "sysctls", Data::List(_), Data::List(_) | Data::Map(_))
        | ("environment" | "labels" | "args" | "sysctls", Data::Map(_), Data::List(_))
            if in_service =>
        {
            settings(walk, first, second);
            true
        }
        ("depends_on", Data::List(_), Data::Map(_)) | ("depends_on", Data::Map(_), Data::List(_))
            if in_service =>
        {
            services(walk, first, second);
            true
        }
        _ => false,
    }
}

/// A setting: its value if it has one that a list and a table can write. What is no text in a table
/// is one in a list, as it is spelled.
fn setting<'t>(source: &Source<'_>, member: &'t Member) -> Option<(&'t str, Option<String>)> {
    if !member.key.is_empty() {
        let value = match &member.value.data {
            Data::Scalar(Scalar::Null) => None,
            Data::Scalar(Scalar::Text(value)) => Some(value.clone()),
            Data::Scalar(_) => Some(source.text[member.value.span.clone()].to_owned()),
            _ => return None,
        };
        return Some((&member.key, value));
    }
    let text = member.value.text()?;
    Some(match text.split_once('=') {
        Some((key, value)) => (key, Some(value.to_owned())),
        None => (text, None),
    })
}

fn in_list(key: &str, value: Option<&str>) -> String {
    value.map_or_else(|| key.to_owned(), |value| format!("{key}={value}"))
}

/// A name, in quotes only if YAML, of whatever version, would read it as something else.
fn written(name: &str) -> String {
    let is_name = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.'));
    let is_word = ["y", "n", "yes", "no", "on", "off", "true", "false", "null"]
        .contains(&name.to_ascii_lowercase().as_str());
    if is_name && !is_word { name.to_owned() } else { quoted(name) }
}

fn settings<'t>(walk: &mut Walk<'_, 't>, first: &'t Node, second: &'t Node) {
    let there: BTreeMap<&str, (Option<String>, &Member)> = first
        .members()
        .iter()
        .filter_map(|member| setting(walk.pair.first, member).map(|(key, value)| (key, (value, member))))
        .collect();
    let mut new = Vec::new();
    for member in second.members() {
        let Some((key, value)) = setting(walk.pair.second, member) else {
            walk.clash(first, &member.value, Why::Place);
            continue;
        };
        match there.get(key) {
            Some((same, _)) if *same == value => {}
            Some((_, ours)) => {
                walk.path.push(key);
                match (&first.data, &second.data, &value) {
                    (Data::List(_), Data::List(_), _) => {
                        walk.differ(Some(ours), &ours.value, &member.value, Why::Values);
                    }
                    (Data::List(_), ..) => {
                        walk.differ_as(&ours.value, &member.value, in_list(key, value.as_deref()));
                    }
                    (_, _, Some(value)) => walk.differ_as(&ours.value, &member.value, value.clone()),
                    _ => walk.clash(&ours.value, &member.value, Why::Place),
                }
                walk.path.pop();
            }
            None => new.push(match (&first.data, &second.data) {
                (Data::List(_), Data::List(_)) => What::Member(member),
                (Data::List(_), _) => {
                    let text = in_list(key, value.as_deref());
                    What::Written { text: quoted(&text), line: walk.pair.second.line(member.key_at.start) }
                }
                _ => {
                    let value = value.map_or_else(String::new, |value| format!(" {}", quoted(&value)));
                    let text = format!("{}:{value}", written(key));
                    What::Written { text, line: walk.pair.second.line(member.key_at.start) }
                }
            }),
        }
    }
    push(walk, first, new);
}

/// The condition that a service in a list has.
const STARTED: &str = "service_started";

fn services<'t>(walk: &mut Walk<'_, 't>, first: &'t Node, second: &'t Node) {
    let name =
        |member: &'t Member| if member.key.is_empty() { member.value.text() } else { Some(&*member.key) };
    let there: BTreeMap<&str, &Member> =
        first.members().iter().filter_map(|member| Some((name(member)?, member))).collect();
    let mut new = Vec::new();
    for member in second.members() {
        let started = member.key.is_empty()
            || matches!(member.value.members(), [condition] if condition.key == "condition" && condition.value.text() == Some(STARTED));
        let line = walk.pair.second.line(member.key_at.start);
        match (name(member), &first.data) {
            (None, _) => walk.clash(first, &member.value, Why::Place),
            (Some(name), Data::Map(_)) if !there.contains_key(name) => {
                let text = format!("{}: {{ condition: {STARTED} }}", written(name));
                new.push(What::Written { text, line });
            }
            (Some(name), Data::List(_)) if started && !there.contains_key(name) => {
                new.push(What::Written { text: written(name), line });
            }
            _ if started => {}
            (Some(name), _) => {
                let ours = there.get(name).map_or(first, |ours| &ours.value);
                walk.clash(ours, &member.value, Why::Place);
            }
        }
    }
    push(walk, first, new);
}

fn push<'t>(walk: &mut Walk<'_, 't>, first: &'t Node, new: Vec<What<'t>>) {
    let after = first.members().len().checked_sub(1);
    walk.grow(first, new.into_iter().map(|what| Addition { what, after }).collect());
}

/// The parts of a port or a volume in its short form: a colon within `${…}` or `[…]` is no end.
fn parts(text: &str) -> Vec<&str> {
    let mut depth = 0_usize;
    let is_end = |c: char| {
        match c {
            '{' | '[' => depth += 1,
            '}' | ']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        c == ':' && depth == 0
    };
    text.split(is_end).collect()
}

/// What a key of a long form says, if that is no list and no table.
fn said(item: &Node, key: &str) -> Option<String> {
    match &item.get(key)?.value.data {
        Data::Scalar(Scalar::Text(text) | Scalar::Number(text)) => Some(text.clone()),
        Data::Scalar(Scalar::Bool(value)) => Some(value.to_string()),
        _ => None,
    }
}

/// Whether a long form says only what a short one can say.
fn has_only(item: &Node, keys: &[&str]) -> bool {
    item.members().iter().all(|member| keys.contains(&&*member.key))
}

/// A port is known by where it is published.
pub(super) fn port(item: &Node) -> Option<Identity> {
    if let Data::Map(_) = item.data {
        let (published, target) = (said(item, "published")?, said(item, "target")?);
        let protocol = said(item, "protocol").unwrap_or_else(|| "tcp".to_owned());
        let host = said(item, "host_ip").unwrap_or_default();
        let is_short = has_only(item, &["published", "target", "protocol", "host_ip"]);
        let says = if is_short { format!("{host}:{target}") } else { item.fingerprint() };
        return Some(Identity { name: format!("{published}/{protocol}"), says });
    }
    let (ports, protocol) = item.text().map(|text| text.split_once('/').unwrap_or((text, "tcp")))?;
    let [host @ .., published, target] = &parts(ports)[..] else { return None };
    Some(Identity { name: format!("{published}/{protocol}"), says: format!("{}:{target}", host.join(":")) })
}

/// A volume is known by where it is in the container.
pub(super) fn volume(item: &Node) -> Option<Identity> {
    let name = |target: &str| target.trim_end_matches('/').to_owned();
    if let Data::Map(_) = item.data {
        let is_short = has_only(item, &["type", "source", "target", "read_only"]);
        let mode = if said(item, "read_only").as_deref() == Some("true") { "ro" } else { "" };
        let says = match said(item, "source") {
            Some(source) if is_short => format!("{source}:{mode}"),
            _ => item.fingerprint(),
        };
        return Some(Identity { name: name(&said(item, "target")?), says });
    }
    let parts = parts(item.text()?);
    let at = parts.iter().rposition(|part| part.starts_with(['/', '$']))?;
    let mode = parts[at + 1..].join(":");
    let mode = if mode == "rw" { "" } else { &mode };
    Some(Identity { name: name(parts[at]), says: format!("{}:{mode}", parts[..at].join(":")) })
}
