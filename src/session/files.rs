//! Files that the user hands over beside a command: answers, rules. TOML, JSON or YAML, by the name.

use serde::de::DeserializeOwned;

use super::protocol::TextFile;
use crate::diagnostic::{Code, Diagnostic, Location};
use crate::merge::yaml_to_json;

/// The most bytes of such a file: 256 KiB.
const MAX_SIZE: usize = 256 << 10;

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
            broken(&words, Some((number(error.line()), number(error.column()))))
        }),
        Some("yaml" | "yml") => {
            let value = yaml_to_json(&file.text)
                .map_err(|error| broken(&error.message, Some((number(error.line), number(error.column)))))?;
            serde_json::from_value(value).map_err(|error| broken(&error, None))
        }
        _ => Err(broken(&"its name ends with neither `.toml`, `.json` nor `.yaml`", None)),
    }
}
