//! Files that the user hands over beside a command: answers, rules. TOML, JSON or YAML, by the name.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{self, Deserialize, DeserializeOwned, Deserializer};
use serde_json::{Map, Value as Json};

use super::protocol::TextFile;
use crate::diagnostic::{Code, Diagnostic, Location};
use crate::merge::yaml_to_json;

/// The most bytes of such a file: 256 KiB.
const MAX_SIZE: usize = 256 << 10;

/// Answers by name, as loose values. No name stands there twice, and what is a date in TOML is a text, as
/// it is in YAML.
pub(super) struct Given(pub BTreeMap<String, Json>);

impl<'de> Deserialize<'de> for Given {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Given, D::Error> {
        struct Visitor;

        impl<'de> de::Visitor<'de> for Visitor {
            type Value = Given;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a table of answers")
            }

            fn visit_map<A: de::MapAccess<'de>>(self, mut map: A) -> Result<Given, A::Error> {
                let mut answers = BTreeMap::new();
                while let Some((name, value)) = map.next_entry::<String, Json>()? {
                    if answers.contains_key(&name) {
                        return Err(de::Error::custom(format_args!("`{name}` stands there twice")));
                    }
                    answers.insert(name, without_dates(value));
                }
                Ok(Given(answers))
            }
        }

        deserializer.deserialize_map(Visitor)
    }
}

/// How the `toml` library hands a date to what is not its own.
const DATE: &str = "$__toml_private_datetime";

fn without_dates(value: Json) -> Json {
    match value {
        Json::Object(mut table) if table.len() == 1 && table.contains_key(DATE) => {
            table.shift_remove(DATE).unwrap_or_default()
        }
        Json::Array(values) => values.into_iter().map(without_dates).collect(),
        value => value,
    }
}

/// Reads a file that should hold `what`.
///
/// # Errors
/// With the place in it, where that is known.
pub(super) fn read<T: DeserializeOwned>(file: &TextFile, code: Code, what: &str) -> Result<T, Diagnostic> {
    let shown: String = file.name.chars().take(200).collect();
    let broken = |error: &dyn std::fmt::Display, at: Option<(u32, u32)>| {
        let error = Diagnostic::error(code, format!("{shown} cannot be read as {what}")).because(error);
        match at {
            Some((line, column)) => {
                error.at(Location { pack: None, file: shown.clone(), line: Some(line), column: Some(column) })
            }
            None => error,
        }
    };
    if file.text.len() > MAX_SIZE {
        return Err(broken(&"it is too large", None));
    }
    let number = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    match file.name.rsplit('.').next() {
        Some("toml") => toml::from_str(&file.text).map_err(|error| {
            let place = error.span().map(|span| Location::of_offset(&shown, &file.text, span.start));
            broken(&error.message(), place.and_then(|place| place.line.zip(place.column)))
        }),
        Some("json") => serde_json::from_str(&file.text).map_err(|error| {
            let words = error.to_string();
            // The place stands beside it.
            let words = words.split(" at line ").next().unwrap_or_default();
            broken(&words, Some((number(error.line()), number(error.column()).max(1))))
        }),
        Some("yaml" | "yml") => {
            let value = yaml_to_json(&file.text)
                .map_err(|error| broken(&error.message, Some((number(error.line), number(error.column)))))?;
            // A file without a word is one with nothing in it, as it is in TOML.
            let value = if value.is_null() { Json::Object(Map::new()) } else { value };
            serde_json::from_value(value).map_err(|error| broken(&error, None))
        }
        _ => Err(broken(&"its name ends with neither `.toml`, `.json` nor `.yaml`", None)),
    }
}
