//! Filters that turn words into other words: cases, slugs and plurals.

use std::borrow::Cow;

use heck::{ToKebabCase, ToLowerCamelCase, ToShoutySnakeCase, ToSnakeCase, ToTitleCase, ToUpperCamelCase};
use icu_normalizer::DecomposingNormalizerBorrowed;
use minijinja::value::ValueKind;
use minijinja::{Error, ErrorKind, Value};

/// A filter by its name.
type Filter = (&'static str, fn(&str) -> String);

/// The filters of texts.
///
/// The cases see words as `heck` does: they end at anything that is neither letter nor digit, where
/// a lower-case letter meets an upper-case one, and before the last letter of an acronym that a
/// lower-case letter follows (`XMLHttpRequest` is `xml_http_request`). Digits belong to the word
/// before them (`base64Encode` is `base64_encode`).
pub(super) const FILTERS: &[Filter] = &[
    ("snake_case", |text| text.to_snake_case()),
    ("kebab_case", |text| text.to_kebab_case()),
    ("camel_case", |text| text.to_lower_camel_case()),
    ("pascal_case", |text| text.to_upper_camel_case()),
    ("screaming_snake_case", |text| text.to_shouty_snake_case()),
    ("title_case", |text| text.to_title_case()),
    ("slug", slug),
    ("pluralize", pluralize),
];

/// The text that such a filter is given: none is empty, as it prints.
pub(super) fn text_of(value: &Value) -> Result<Cow<'_, str>, Error> {
    match (value.as_str(), value.kind()) {
        (Some(text), _) => Ok(text.into()),
        (None, ValueKind::None) => Ok("".into()),
        (None, ValueKind::Number) => Ok(value.to_string().into()),
        (None, ValueKind::Undefined) => Err(ErrorKind::UndefinedError.into()),
        (None, kind) => {
            Err(Error::new(ErrorKind::InvalidOperation, format!("only texts have words, not a {kind}")))
        }
    }
}

/// Lower-case ASCII letters and digits, accents dropped, everything else a single `-` between them.
fn slug(text: &str) -> String {
    let mut slug = String::new();
    for c in
        DecomposingNormalizerBorrowed::new_nfkd().normalize_iter(text.chars()).flat_map(char::to_lowercase)
    {
        let accent = ('\u{300}'..='\u{36f}').contains(&c);
        if c.is_ascii_alphanumeric() {
            slug.push(c);
        } else if let Some(letters) = spelled_out(c) {
            slug.push_str(letters);
        } else if !accent && !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
    }
    slug.trim_end_matches('-').to_owned()
}

/// Latin letters that Unicode does not decompose.
fn spelled_out(c: char) -> Option<&'static str> {
    Some(match c {
        'ß' => "ss",
        'æ' => "ae",
        'œ' => "oe",
        'ø' => "o",
        'ł' => "l",
        'đ' | 'ð' => "d",
        'þ' => "th",
        'ħ' => "h",
        'ı' => "i",
        _ => return None,
    })
}

/// Plurals that no rule gives.
const IRREGULAR: &[(&str, &str)] = &[
    ("child", "children"),
    ("person", "people"),
    ("man", "men"),
    ("woman", "women"),
    ("foot", "feet"),
    ("tooth", "teeth"),
    ("goose", "geese"),
    ("mouse", "mice"),
];

/// Words that are their own plural.
const UNCHANGED: &[&str] = &["sheep", "series", "species", "fish", "data"];

/// The English plural of a singular; of several words, `-` or `_` between them, that of the last.
fn pluralize(text: &str) -> String {
    let word = text.rsplit(|c: char| !c.is_alphanumeric()).next().unwrap_or(text);
    let before = &text[..text.len() - word.len()];
    if word.is_empty() || UNCHANGED.iter().any(|same| word.eq_ignore_ascii_case(same)) {
        return text.to_owned();
    }
    if let Some((singular, plural)) = IRREGULAR.iter().find(|(one, _)| word.eq_ignore_ascii_case(one)) {
        let shared = singular.bytes().zip(plural.bytes()).take_while(|(a, b)| a == b).count();
        return format!("{before}{}{}", &word[..shared], &plural[shared..]);
    }
    let lower = word.to_lowercase();
    let vowel_y = ["ay", "ey", "iy", "oy", "uy"].iter().any(|end| lower.ends_with(end));
    if let Some(stem) = word.strip_suffix(['y', 'Y'])
        && !vowel_y
    {
        format!("{before}{stem}ies")
    } else if ["s", "x", "z", "ch", "sh"].iter().any(|end| lower.ends_with(end)) {
        format!("{text}es")
    } else {
        format!("{text}s")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(filter: &str, words: &[(&str, &str)]) {
        let (_, apply) = FILTERS.iter().find(|(name, _)| *name == filter).unwrap();
        for (word, expected) in words {
            assert_eq!(apply(word), *expected, "{word} | {filter}");
        }
    }

    #[test]
    fn cases_know_acronyms_and_digits() {
        all(
            "snake_case",
            &[
                ("XMLHttpRequest", "xml_http_request"),
                ("base64Encode", "base64_encode"),
                ("HTTP server v2", "http_server_v2"),
                ("already_snake", "already_snake"),
                ("--odd  one--", "odd_one"),
                ("ÜberUns", "über_uns"),
                ("", ""),
            ],
        );
        all("pascal_case", &[("web-api", "WebApi"), ("HTTPServer", "HttpServer"), ("v2", "V2")]);
        all("camel_case", &[("web-api", "webApi"), ("API", "api")]);
        all("screaming_snake_case", &[("maxSize", "MAX_SIZE")]);
        all("title_case", &[("hello_world", "Hello World")]);
        all("kebab_case", &[("helloWorld2", "hello-world2")]);
    }

    #[test]
    fn plurals() {
        all(
            "pluralize",
            &[
                ("box", "boxes"),
                ("city", "cities"),
                ("day", "days"),
                ("church", "churches"),
                ("child", "children"),
                ("Person", "People"),
                ("sales_person", "sales_people"),
                ("human", "humans"),
                ("woman", "women"),
                ("Foot", "Feet"),
                ("mouse", "mice"),
                ("series", "series"),
                ("meta-data", "meta-data"),
                ("CITY", "CITies"),
                ("v2", "v2s"),
                ("\u{212a}y", "\u{212a}ies"),
                ("", ""),
            ],
        );
    }

    #[test]
    fn slugs() {
        all(
            "slug",
            &[
                ("Ünïcode & Straße!", "unicode-strasse"),
                ("  a  b ", "a-b"),
                ("日本", ""),
                ("Œuvre Ⅷ", "oeuvre-viii"),
            ],
        );
    }
}
