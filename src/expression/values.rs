//! Values as text: printed, as JSON, as TOML and as YAML.
//!
//! A value can be larger than the work that built it, if it holds the same list many times over.
//! Whatever is written here is paid for first, item by item.

use minijinja::value::{Kwargs, ValueKind};
use minijinja::{Error, ErrorKind, Output, State, Value};
use serde::Serialize;
use serde_json::Value as Json;

/// How deep lists and maps that are written may nest.
const MAX_DEPTH: usize = 64;

/// The most blanks of one `indent`.
const MAX_INDENT: usize = 64;

/// How JSON is laid out.
#[derive(Clone, Copy)]
enum Layout {
    /// In one line without blanks.
    Compact,
    /// In one line, with blanks where a person would write them.
    Spaced,
    /// Over several lines, each level that many blanks further right.
    Indented(usize),
}

/// Prints a value: booleans as most file formats spell them, none as nothing, lists and maps as JSON
/// in one line, the rest as it is.
pub(super) fn print(output: &mut Output, state: &mut State, value: &Value) -> Result<(), Error> {
    match value.kind() {
        ValueKind::Bool => {
            output.write_str(if value.is_true() { "true" } else { "false" }).map_err(Into::into)
        }
        ValueKind::None => Ok(()),
        ValueKind::Seq | ValueKind::Map | ValueKind::Iterable => {
            let mut text = String::new();
            json(&mut text, &tree(state, value)?, Layout::Spaced, 0);
            output.write_str(&text).map_err(Into::into)
        }
        _ => minijinja::escape_formatter(output, state, value),
    }
}

/// `to_json`: in one line without blanks, or with `indent=N` over several.
pub(super) fn to_json(state: &State, value: &Value, options: Kwargs) -> Result<String, Error> {
    let layout = indent_of(options)?.map_or(Layout::Compact, Layout::Indented);
    let mut text = String::new();
    json(&mut text, &tree(state, value)?, layout, 0);
    Ok(text)
}

/// `to_toml`: as it stands behind `key = `.
pub(super) fn to_toml(state: &State, value: &Value) -> Result<String, Error> {
    let mut toml = String::new();
    let tree = tree(state, value)?;
    if has_null(&tree) {
        return Err(Error::new(ErrorKind::BadSerialization, "TOML has no word for none"));
    }
    tree.serialize(toml::ser::ValueSerializer::new(&mut toml)).map_err(cannot_write)?;
    Ok(toml)
}

fn has_null(tree: &Json) -> bool {
    match tree {
        Json::Null => true,
        Json::Array(values) => values.iter().any(has_null),
        Json::Object(entries) => entries.values().any(has_null),
        _ => false,
    }
}

/// `to_yaml`: lists and maps in block style, the rest in one line. With `indent=N` all lines but the
/// first stand N blanks further right.
pub(super) fn to_yaml(state: &State, value: &Value, options: Kwargs) -> Result<String, Error> {
    let indent = indent_of(options)?.unwrap_or(0);
    let mut yaml = String::new();
    block(&mut yaml, &tree(state, value)?, indent)?;
    Ok(yaml)
}

fn indent_of(options: Kwargs) -> Result<Option<usize>, Error> {
    let indent: Option<usize> = options.get("indent")?;
    options.assert_all_used()?;
    if indent.is_some_and(|width| width > MAX_INDENT) {
        return Err(Error::new(ErrorKind::InvalidOperation, format!("indent is at most {MAX_INDENT}")));
    }
    Ok(indent)
}

/// A value as what all of these formats can hold.
fn tree(state: &State, value: &Value) -> Result<Json, Error> {
    // Filters that take any value are not checked by the engine.
    if value.is_undefined() {
        return Err(ErrorKind::UndefinedError.into());
    }
    pay(state, value, 0)?;
    serde_json::to_value(value).map_err(cannot_write)
}

/// A unit of work for each item, for each 64 bytes of text, and for each level that it is indented by.
fn pay(state: &State, value: &Value, depth: usize) -> Result<(), Error> {
    let bytes = depth * MAX_INDENT + value.as_str().map_or(0, str::len);
    state.consume_fuel(1 + bytes as u64 / 64)?;
    let is_map = value.kind() == ValueKind::Map;
    if !is_map && !matches!(value.kind(), ValueKind::Seq | ValueKind::Iterable) {
        return Ok(());
    }
    if depth == MAX_DEPTH {
        let message = format!("lists and maps that are written nest at most {MAX_DEPTH} deep");
        return Err(Error::new(ErrorKind::InvalidOperation, message));
    }
    for item in value.try_iter()? {
        pay(state, &item, depth + 1)?;
        if is_map {
            pay(state, &value.get_item(&item)?, depth + 1)?;
        }
    }
    Ok(())
}

fn json(text: &mut String, tree: &Json, layout: Layout, depth: usize) {
    let part = |text: &mut String, first: bool| match layout {
        Layout::Indented(width) => {
            text.push_str(if first { "" } else { "," });
            line_break(text, width * (depth + 1));
        }
        _ if first => {}
        Layout::Spaced => text.push_str(", "),
        Layout::Compact => text.push(','),
    };
    let end = |text: &mut String| {
        if let Layout::Indented(width) = layout {
            line_break(text, width * depth);
        }
    };
    match tree {
        Json::Array(items) if !items.is_empty() => {
            text.push('[');
            for (at, item) in items.iter().enumerate() {
                part(text, at == 0);
                json(text, item, layout, depth + 1);
            }
            end(text);
            text.push(']');
        }
        Json::Object(entries) if !entries.is_empty() => {
            text.push('{');
            for (at, (key, value)) in entries.iter().enumerate() {
                part(text, at == 0);
                text.push_str(&Json::from(key.as_str()).to_string());
                text.push_str(if matches!(layout, Layout::Compact) { ":" } else { ": " });
                json(text, value, layout, depth + 1);
            }
            end(text);
            text.push('}');
        }
        leaf => text.push_str(&leaf.to_string()),
    }
}

fn cannot_write(error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::new(ErrorKind::BadSerialization, "the value cannot be written").with_source(error)
}

/// Writes a value whose first line goes on where the text ends, the others `indent` blanks in.
fn block(yaml: &mut String, value: &Json, indent: usize) -> Result<(), Error> {
    let mut first = true;
    let mut new_line = |yaml: &mut String| {
        if !std::mem::take(&mut first) {
            line_break(yaml, indent);
        }
    };
    match value {
        Json::Array(items) if !items.is_empty() => {
            for item in items {
                new_line(yaml);
                yaml.push_str("- ");
                block(yaml, item, indent + 2)?;
            }
        }
        Json::Object(entries) if !entries.is_empty() => {
            for (key, value) in entries {
                new_line(yaml);
                yaml.push_str(&key_of(key)?);
                let nests = matches!(value, Json::Array(items) if !items.is_empty())
                    || matches!(value, Json::Object(entries) if !entries.is_empty());
                if nests {
                    line_break(yaml, indent + 2);
                } else {
                    yaml.push(' ');
                }
                block(yaml, value, indent + 2)?;
            }
        }
        Json::Array(_) => yaml.push_str("[]"),
        Json::Object(_) => yaml.push_str("{}"),
        Json::String(text) => yaml.push_str(&scalar(text)),
        Json::Number(number) => yaml.push_str(&with_point(&number.to_string())),
        Json::Null | Json::Bool(_) => yaml.push_str(&value.to_string()),
    }
    Ok(())
}

fn line_break(yaml: &mut String, indent: usize) {
    yaml.push('\n');
    yaml.extend(std::iter::repeat_n(' ', indent));
}

/// YAML readers look for the colon of a key within 1024 characters only.
fn key_of(key: &str) -> Result<String, Error> {
    let key = scalar(key);
    if key.chars().count() > 1000 {
        return Err(Error::new(ErrorKind::BadSerialization, "a key is too long for YAML"));
    }
    Ok(key + ":")
}

/// YAML 1.1 takes `1e+100` for a text.
fn with_point(number: &str) -> String {
    match number.split_once('e') {
        Some((digits, exponent)) if !digits.contains('.') => format!("{digits}.0e{exponent}"),
        _ => number.to_owned(),
    }
}

/// A text without quotes if no reader of YAML 1.1 or 1.2 could take it for something else, neither
/// in a block nor between `[` and `]`.
fn scalar(text: &str) -> String {
    const WORDS: &[&str] = &["y", "n", "yes", "no", "on", "off", "true", "false", "null"];
    let starts_plain = text.starts_with(|c: char| c.is_alphabetic() || matches!(c, '_' | '/'));
    let is_plain = |(at, c): (usize, char)| match c {
        ':' => text[at + 1..].starts_with(|next: char| next.is_alphanumeric() || next == '/'),
        _ => c.is_alphanumeric() || " _./@+-=()'$%&*;~!?^\\".contains(c),
    };
    let is_word = WORDS.iter().any(|word| text.eq_ignore_ascii_case(word));
    if starts_plain && !is_word && !text.ends_with(' ') && text.char_indices().all(is_plain) {
        text.to_owned()
    } else {
        quoted(text)
    }
}

/// JSON's quotes are YAML's, but YAML has more characters that must be escaped.
fn quoted(text: &str) -> String {
    let mut quoted = String::new();
    for c in Json::from(text).to_string().chars() {
        match c {
            '\u{7f}'..='\u{9f}' | '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}' => {
                quoted.push_str(&format!("\\u{:04x}", u32::from(c)));
            }
            c => quoted.push(c),
        }
    }
    quoted
}

#[cfg(test)]
mod tests {
    use minijinja::value::Serde;

    use super::*;
    use crate::expression::Engine;

    fn written(value: &Json, filter: &str) -> String {
        let context = Value::from_pairs([("value", Value::from(Serde(value.clone())))]);
        Engine::new().render_inline(&format!("{{{{ value | {filter} }}}}"), &context).unwrap()
    }

    /// What YAML 1.1 takes for something else than a text (yaml.org/type), and what ends or changes one.
    fn misread(plain: &str) -> bool {
        const TYPES: &[&str] = &[
            "^(y|Y|yes|Yes|YES|n|N|no|No|NO|true|True|TRUE|false|False|FALSE|on|On|ON|off|Off|OFF)$",
            "^(~|null|Null|NULL|)$",
            r"^[-+]?(0b[0-1_]+|0[0-7_]+|0|[1-9][0-9_]*|0x[0-9a-fA-F_]+|[1-9][0-9_]*(:[0-5]?[0-9])+)$",
            r"^[-+]?([0-9][0-9_]*)?\.[0-9.]*([eE][-+][0-9]+)?$",
            r"^[-+]?[0-9]+(\.[0-9]*)?([eE][-+]?[0-9]+)?$",
            r"^[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+\.[0-9_]*$",
            r"^[-+]?\.(inf|Inf|INF)$|^\.(nan|NaN|NAN)$",
            "^[0-9][0-9][0-9][0-9]-[0-9][0-9]?-[0-9][0-9]?",
            "^(<<|=|---|\\.\\.\\.)$",
            r#"^[-?:,\[\]{}#&*!|>'"%@` ]|[ :]$|: |:[,\[\]{}]| #|[,\[\]{}\x00-\x1f\x7f]"#,
        ];
        TYPES.iter().any(|pattern| regex_lite::Regex::new(pattern).unwrap().is_match(plain))
    }

    #[cfg(not(target_arch = "wasm32"))]
    mod laws {
        use proptest::prelude::*;
        use yaml_rust2::{Yaml, YamlLoader};

        use super::*;

        fn texts() -> impl Strategy<Value = String> {
            const TRAPS: &[&str] = &[
                "no",
                "on",
                "1.10",
                "~",
                "2020-01-01",
                "- x",
                "a: b",
                "trailing ",
                "a # b",
                "",
                "Yes",
                "0x1f",
                "1e3",
                ".5",
                "<<",
                "=",
                "---",
                "y",
                "12:30",
                "a:",
                "#",
                "\u{85}",
                "\u{2028}",
                "\u{feff}x",
                "\t",
                "a\nb\n",
                "\r\n",
                "'",
                "\"",
                "\\",
                "null",
                "{{ x }}",
                "|",
                "> x",
                "0o7",
                "1_000",
                "\u{0}",
            ];
            let signs = "[-a-zA-Z0-9 :#,\\[\\]{}&*!|>'\"%@`~?.=<_+/\\\\é\n]{0,12}";
            prop_oneof![prop::sample::select(TRAPS).prop_map(str::to_owned), signs, "\\PC{0,8}"]
        }

        fn values(none: bool) -> impl Strategy<Value = Json> {
            let leaf = prop_oneof![
                texts().prop_map(Json::from),
                any::<i64>().prop_map(Json::from),
                any::<bool>().prop_map(Json::from),
                // The reader of JSON is exact only for short ones.
                any::<i32>().prop_map(|eighths| Json::from(f64::from(eighths) / 8.0)),
                prop::sample::select(&[1e100, 1e-7, -0.5e300][..]).prop_map(Json::from),
                Just(if none { Json::Null } else { Json::from(0) }),
            ];
            leaf.prop_recursive(4, 24, 4, |inner| {
                prop_oneof![
                    prop::collection::vec(inner.clone(), 0..4).prop_map(Json::from),
                    prop::collection::btree_map(texts(), inner, 0..4)
                        .prop_map(|map| map.into_iter().collect::<serde_json::Map<_, _>>().into()),
                ]
            })
        }

        fn read(yaml: &Yaml) -> Json {
            match yaml {
                Yaml::String(text) => text.as_str().into(),
                Yaml::Integer(integer) => (*integer).into(),
                Yaml::Real(_) => yaml.as_f64().into(),
                Yaml::Boolean(boolean) => (*boolean).into(),
                Yaml::Null => Json::Null,
                Yaml::Array(items) => items.iter().map(read).collect(),
                Yaml::Hash(entries) => {
                    let entries =
                        entries.iter().map(|(key, value)| (key.as_str().unwrap().to_owned(), read(value)));
                    entries.collect::<serde_json::Map<_, _>>().into()
                }
                other => panic!("{other:?}"),
            }
        }

        proptest! {
            #[test]
            fn json_reads_back(value in values(true)) {
                for filter in ["to_json", "to_json(indent=3)"] {
                    let text = written(&value, filter);
                    prop_assert_eq!(&serde_json::from_str::<Json>(&text).unwrap(), &value, "{}", text);
                }
            }

            #[test]
            fn toml_reads_back(value in values(false)) {
                let text = format!("key = {}", written(&value, "to_toml"));
                let read: Json = toml::from_str::<serde_json::Map<String, Json>>(&text).unwrap()["key"].clone();
                prop_assert_eq!(&read, &value, "{}", text);
            }

            #[test]
            fn yaml_reads_back_wherever_it_stands(value in values(true)) {
                let document = written(&value, "to_yaml");
                let nests = matches!(&value, Json::Array(a) if !a.is_empty())
                    || matches!(&value, Json::Object(o) if !o.is_empty());
                let gap = if nests { "\n    " } else { " " };
                let shifted = format!("a:\n  key:{gap}{}\n  after: 1", written(&value, "to_yaml(indent=4)"));
                let read_all = |text: &str| {
                    read(&YamlLoader::load_from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))[0])
                };
                prop_assert_eq!(&read_all(&document), &value, "{}", document);
                prop_assert_eq!(&read_all(&shifted)["a"]["key"], &value, "{}", shifted);
            }

            #[test]
            fn plain_texts_are_texts_to_every_reader(text in texts()) {
                let scalar = scalar(&text);
                if !scalar.starts_with('"') {
                    prop_assert_eq!(&scalar, &text);
                    prop_assert!(!misread(&scalar), "{}", scalar);
                }
            }
        }
    }

    #[test]
    fn plain_texts_stay_plain() {
        for text in
            ["postgres", "a b", "https://x.example/a?b=c", "nginx:latest", "it's", "é", "/usr/bin", "x-y_z"]
        {
            assert_eq!(scalar(text), text);
        }
        assert!(["no", "1.10", "2020-01-01", "a: b"].into_iter().all(misread));
        assert!(misread("1:30"), "the oracle knows base 60");
    }

    #[test]
    fn keys_that_yaml_could_not_find_are_refused() {
        let context = Value::from_pairs([("value", Value::from_pairs([("k".repeat(1001), 1)]))]);
        let error = Engine::new().render_inline("{{ value | to_yaml }}", &context).unwrap_err();
        assert_eq!(error.to_string(), "a key is too long for YAML");
    }
}
