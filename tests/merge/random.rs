//! Random values, and random ways to write one down.

use std::collections::BTreeSet;

use packwright::composition::Prefer;
use proptest::prelude::*;
use serde_json::{Map, Value};

const KEYS: &[&str] = &["a", "b", "c", "name", "deep-key", "k1"];

/// Of several lines.
const TEXTS: &[&str] = &["one\ntwo", "one\ntwo\n", "a: b\n# c\n  - d\n", "one\n\n  [b]\ntwo = 2\n", "one\n"];

/// Values as all three formats have them; TOML but for the nulls.
fn value() -> impl Strategy<Value = Value> {
    let scalar = prop_oneof![
        any::<bool>().prop_map(Value::from),
        (-50i64..50).prop_map(Value::from),
        "[a-z]{0,4}".prop_map(Value::from),
        prop_oneof![
            Just("no"),
            Just("1.10"),
            Just("x: y"),
            Just("# c"),
            Just("a, b"),
            Just("\"q\""),
            Just("é")
        ]
        .prop_map(Value::from),
        prop::sample::select(TEXTS).prop_map(Value::from),
        Just(Value::Null),
    ];
    scalar.prop_recursive(3, 20, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(prop::sample::select(KEYS), inner, 0..4).prop_map(object),
        ]
    })
}

fn object(entries: std::collections::BTreeMap<&'static str, Value>) -> Value {
    entries.into_iter().map(|(key, value)| (key.to_owned(), value)).collect::<Map<_, _>>().into()
}

/// A table.
pub fn table() -> impl Strategy<Value = Value> {
    prop::collection::btree_map(prop::sample::select(KEYS), value(), 0..5).prop_map(object)
}

/// The value without its nulls, which TOML has not.
pub fn without_nulls(value: &Value) -> Value {
    match value {
        Value::Array(items) => items.iter().filter(|item| !item.is_null()).map(without_nulls).collect(),
        Value::Object(entries) => {
            let entries = entries.iter().filter(|(_, value)| !value.is_null());
            entries.map(|(key, value)| (key.clone(), without_nulls(value))).collect::<Map<_, _>>().into()
        }
        scalar => scalar.clone(),
    }
}

/// How a text looks, drawn from a list of numbers that goes round.
#[derive(Clone, Debug)]
pub struct Look {
    draws: Vec<u8>,
    at: usize,
    /// The last line of the last block scalar of YAML.
    block_end: String,
}

pub fn look() -> impl Strategy<Value = Look> {
    prop::collection::vec(any::<u8>(), 1..40).prop_map(|draws| Look {
        draws,
        at: 0,
        block_end: String::new(),
    })
}

impl Look {
    fn draw(&mut self, among: u8) -> u8 {
        self.at += 1;
        self.draws[self.at % self.draws.len()] % among
    }

    fn comment(&mut self, mark: &str, indentation: &str) -> String {
        if self.draw(4) == 0 { format!("{indentation}{mark} note {}\n", self.at) } else { String::new() }
    }

    fn trailing(&mut self, mark: &str) -> String {
        if self.draw(5) == 0 { format!(" {mark} of {}", self.at) } else { String::new() }
    }

    /// The same text with the line ends, the mark and the end of some editor.
    fn finished(mut self, text: String) -> String {
        // Without a line end such a scalar would be another text.
        let ends_in_block = text.lines().last().is_some_and(|line| line == self.block_end);
        let text = if self.draw(4) == 0 { text.replace('\n', "\r\n") } else { text };
        let text = if self.draw(6) == 0 { format!("\u{feff}{text}") } else { text };
        if self.draw(4) == 0 && !ends_in_block { text.trim_end().to_owned() } else { text }
    }

    pub fn json(mut self, value: &Value) -> String {
        let step = ["  ", "    ", "\t"][self.draw(3) as usize];
        let mut text = self.comment("//", "");
        self.json_value(value, step, "", &mut text);
        text.push('\n');
        self.finished(text)
    }

    fn json_value(&mut self, value: &Value, step: &str, base: &str, out: &mut String) {
        let (open, close, members): (_, _, Vec<(Option<&String>, &Value)>) = match value {
            Value::Array(items) => ('[', ']', items.iter().map(|item| (None, item)).collect()),
            Value::Object(entries) => {
                ('{', '}', entries.iter().map(|(key, value)| (Some(key), value)).collect())
            }
            scalar => return out.push_str(&scalar.to_string()),
        };
        out.push(open);
        let lines = self.draw(3) > 0;
        let inner = if lines { format!("{base}{step}") } else { base.to_owned() };
        let count = members.len();
        for (place, (key, value)) in members.into_iter().enumerate() {
            if lines {
                out.push('\n');
                out.push_str(&self.comment("//", &inner));
                out.push_str(&inner);
            } else if self.draw(6) == 0 {
                out.push_str("/* c */ ");
            }
            if let Some(key) = key {
                out.push_str(&format!("{key:?}{}", [":", ": ", " : "][self.draw(3) as usize]));
            }
            self.json_value(value, step, &inner, out);
            let comma = place + 1 < count || lines && self.draw(4) == 0;
            out.push_str(if comma { "," } else { "" });
            if lines {
                out.push_str(&self.trailing("//"));
            } else if comma {
                out.push_str(&" ".repeat(self.draw(2).into()));
            }
        }
        if lines && count > 0 {
            out.push('\n');
            out.push_str(base);
        }
        out.push(close);
    }

    pub fn yaml(mut self, value: &Value) -> String {
        let mut text = self.comment("#", "");
        if value.as_object().is_some_and(Map::is_empty) {
            text.push_str("{}\n");
        } else {
            self.yaml_block(value, 0, &mut text);
        }
        self.finished(text)
    }

    fn yaml_block(&mut self, value: &Value, column: usize, out: &mut String) {
        let indentation = " ".repeat(column);
        let members: Vec<(String, &Value)> = match value {
            Value::Array(items) => items.iter().map(|item| ("-".to_owned(), item)).collect(),
            Value::Object(entries) => entries.iter().map(|(key, value)| (format!("{key}:"), value)).collect(),
            _ => Vec::new(),
        };
        for (head, value) in members {
            out.push_str(&self.comment("#", &indentation));
            out.push_str(&format!("{indentation}{head}"));
            let filled = value.as_array().is_some_and(|items| !items.is_empty())
                || value.as_object().is_some_and(|entries| !entries.is_empty());
            if filled && self.draw(4) > 0 {
                let step = 2 + 2 * usize::from(self.draw(2));
                if head == "-" && value.is_object() && self.draw(2) == 0 {
                    let mut inner = String::new();
                    self.yaml_block(value, column + 2, &mut inner);
                    if !inner.trim_start().starts_with('#') {
                        out.push_str(&format!(" {}", inner.trim_start()));
                        continue;
                    }
                    out.push_str(&format!("\n{inner}"));
                    continue;
                }
                out.push_str(&self.trailing("#"));
                out.push('\n');
                let below =
                    if head != "-" && value.is_array() && self.draw(3) == 0 { column } else { column + step };
                self.yaml_block(value, below, out);
            } else if let Some(text) = value.as_str().filter(|text| text.contains('\n') && self.draw(2) == 0)
            {
                let chomping = if text.ends_with('\n') { "" } else { "-" };
                // A comment behind the mark is taken for a part of the scalar, and goes where it goes.
                out.push_str(&format!(" |{chomping}\n"));
                let inner = " ".repeat(column + 2 + 2 * usize::from(self.draw(2)));
                for line in text.lines() {
                    out.push_str(&format!("{}{line}\n", if line.is_empty() { "" } else { &inner }));
                }
                self.block_end = out.lines().last().unwrap_or_default().to_owned();
            } else {
                out.push_str(&format!(" {}{}\n", flow(value), self.trailing("#")));
            }
        }
    }

    pub fn toml(mut self, value: &Value) -> String {
        let mut text = self.comment("#", "");
        self.toml_table(value, "", &mut text);
        self.finished(text)
    }

    fn quoted_lines(&mut self, text: &str) -> String {
        let quotes = ["\"\"\"", "'''"][usize::from(self.draw(2))];
        format!("{quotes}{}{text}{quotes}", ["", "\n"][usize::from(self.draw(2))])
    }

    fn toml_table(&mut self, value: &Value, path: &str, out: &mut String) {
        let Some(entries) = value.as_object() else { return };
        let mut sections = Vec::new();
        for (key, value) in entries {
            let tables =
                value.as_array().is_some_and(|items| !items.is_empty() && items.iter().all(Value::is_object));
            if (value.is_object() || tables) && self.draw(3) > 0 {
                sections.push((key, value));
                continue;
            }
            out.push_str(&self.comment("#", ""));
            match value.as_object().filter(|entries| !entries.is_empty()) {
                Some(entries) if self.draw(2) == 0 => {
                    for (inner, value) in entries {
                        out.push_str(&format!("{key}.{inner} = {}{}\n", inline(value), self.trailing("#")));
                    }
                }
                _ => {
                    let text = value.as_str().filter(|text| text.contains('\n') && self.draw(2) == 0);
                    let written = text.map_or_else(|| inline(value), |text| self.quoted_lines(text));
                    out.push_str(&format!("{key} = {written}{}\n", self.trailing("#")));
                }
            }
        }
        for (key, value) in sections {
            let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
            let brackets = if value.is_array() { ("[[", "]]") } else { ("[", "]") };
            let single = [value.clone()];
            for table in value.as_array().map_or(&single[..], Vec::as_slice) {
                out.push_str(&"\n".repeat(self.draw(2).into()));
                out.push_str(&self.comment("#", ""));
                out.push_str(&format!("{}{path}{}{}\n", brackets.0, brackets.1, self.trailing("#")));
                self.toml_table(table, &path, out);
            }
        }
    }
}

/// A value as YAML in flow style; JSON is that.
fn flow(value: &Value) -> String {
    value.to_string()
}

fn inline(value: &Value) -> String {
    match value {
        Value::Object(entries) if entries.is_empty() => "{}".to_owned(),
        Value::Object(entries) => {
            let entries: Vec<String> =
                entries.iter().map(|(key, value)| format!("{key} = {}", inline(value))).collect();
            format!("{{ {} }}", entries.join(", "))
        }
        Value::Array(items) => format!("[{}]", items.iter().map(inline).collect::<Vec<_>>().join(", ")),
        scalar => scalar.to_string(),
    }
}

/// What the values of two texts are together, and the key paths of those that differ. There stands
/// what is preferred.
pub fn model(first: &Value, second: &Value, prefer: Option<Prefer>) -> (Value, BTreeSet<String>) {
    let mut differ = BTreeSet::new();
    (joined(first, second, prefer, "", &mut differ), differ)
}

fn joined(
    first: &Value,
    second: &Value,
    prefer: Option<Prefer>,
    path: &str,
    differ: &mut BTreeSet<String>,
) -> Value {
    match (first, second) {
        (Value::Object(ours), Value::Object(theirs)) => {
            let mut all = ours.clone();
            for (key, value) in theirs {
                let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                let value = ours
                    .get(key)
                    .map_or_else(|| value.clone(), |ours| joined(ours, value, prefer, &path, differ));
                all.insert(key.clone(), value);
            }
            all.into()
        }
        (Value::Array(ours), Value::Array(theirs)) => {
            let new = theirs.iter().filter(|value| !ours.contains(value));
            ours.iter().chain(new).cloned().collect()
        }
        _ if first == second => first.clone(),
        _ => {
            differ.insert(path.to_owned());
            if prefer == Some(Prefer::Later) { second.clone() } else { first.clone() }
        }
    }
}

/// The second without what the first has: what both have is a table, or the second's has another name.
pub fn apart(first: &Value, second: &Value) -> Value {
    let (Some(ours), Some(theirs)) = (first.as_object(), second.as_object()) else { return second.clone() };
    let entries = theirs.iter().map(|(key, value)| match ours.get(key) {
        None => (key.clone(), value.clone()),
        Some(ours) if ours.is_object() && value.is_object() => (key.clone(), apart(ours, value)),
        Some(_) => (format!("z{key}"), value.clone()),
    });
    entries.collect::<Map<_, _>>().into()
}
