//! The grammar: from a text to alternatives of comparators.
//!
//! ```text
//! constraint = branch *( "||" branch )
//! branch     = comparator *( separator comparator )
//! separator  = "," / whitespace
//! comparator = [ operator ] partial / partial " - " partial
//! operator   = "=" / "^" / "~" / "~>" / ">" / ">=" / "<" / "<="
//! partial    = component [ "." component [ "." component [ "-" prerelease ] [ "+" build ] ] ]
//! component  = number / "x" / "X" / "*"
//! ```
//!
//! A comparator with a wildcard and no operator is exact, without a wildcard it is a caret. Space may
//! stand between any two parts, but not within a partial.
//!
//! Not here: what a comparator admits, and `latest`, which is no part of a longer text.

use std::fmt;

use thiserror::Error;

use crate::version::{MAX_COMPONENT, MAX_LENGTH, Version};

/// The most characters of a text that an error shows.
const MAX_EXCERPT: usize = 64;

/// One condition on a version.
#[derive(Clone, Debug)]
pub(super) enum Comparator {
    /// An operator and what it is applied to.
    Unary(Op, Partial),
    /// `A - B`: both ends belong to it.
    Hyphen(Partial, Partial),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Op {
    Exact,
    Caret,
    Tilde,
    Greater,
    GreaterEq,
    Less,
    LessEq,
}

/// A version of which trailing components may be free.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Partial {
    /// Nothing is written: `*`.
    Any,
    /// `1`, `1.x`, `1.x.x`.
    Major(u64),
    /// `1.2`, `1.2.x`.
    Minor(u64, u64),
    /// All of it, without its build metadata.
    Full(Version),
}

/// What is wrong with a text.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(super) enum Reason {
    #[error("an alternative is empty; any version is `*`")]
    EmptyBranch,
    #[error("`|` stands alone; alternatives are separated by `||`")]
    SinglePipe,
    #[error("write `,` instead of `&&`")]
    Ampersands,
    #[error("a comparator is missing before a comma")]
    MissingBeforeComma,
    #[error("a comparator is missing behind the last comma")]
    MissingAfterComma,
    #[error("a version is missing behind `{0}`")]
    MissingVersion(Excerpt),
    #[error("`{0}` stands where a version is expected")]
    NoVersion(Excerpt),
    #[error("a comma or a space is missing before `{0}`")]
    MissingSeparator(Excerpt),
    #[error("write `{meant}` instead of `{found}`")]
    Misspelt { found: Excerpt, meant: &'static str },
    #[error("`{0}` is no operator; all but one version is `<1.2.3 || >1.2.3`")]
    NotEqual(Excerpt),
    #[error("`{0}` is no operator; there are `=` `^` `~` `>` `>=` `<` `<=`")]
    UnknownOperator(Excerpt),
    #[error("a hyphen range has a space on both sides of its hyphen, such as `1.2 - 2.3`")]
    TightHyphen,
    #[error("the ends of a hyphen range are versions without an operator, such as `1.2 - 2.3`")]
    HyphenOperator,
    #[error("`latest` stands alone or not at all")]
    LatestNotAlone,
    #[error("write `{0}` without the `v`")]
    Prefixed(Excerpt),
    #[error("`{0}` has more than three components")]
    TooManyComponents(Excerpt),
    #[error("`{0}` has an empty component")]
    EmptyComponent(Excerpt),
    #[error("`{0}` is neither a number nor one of `*`, `x` and `X`")]
    NoComponent(Excerpt),
    #[error("`{0}` has a leading zero")]
    LeadingZero(Excerpt),
    #[error("a component of `{0}` is above 2^53 - 1")]
    ComponentTooLarge(Excerpt),
    #[error("`{0}` has a number behind a wildcard")]
    NumberAfterWildcard(Excerpt),
    #[error("`{0}` has a pre-release but not all of major, minor and patch")]
    PrereleaseOnPartial(Excerpt),
    #[error("`{0}` has build metadata but not all of major, minor and patch")]
    BuildOnPartial(Excerpt),
    #[error("`{text}`: {problem}")]
    Identifier { text: Excerpt, problem: String },
    #[error("a version has at most {MAX_LENGTH} characters")]
    VersionTooLong,
}

/// Part of a text that is fit to be shown: cut short, control characters escaped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Excerpt(String);

impl From<&str> for Excerpt {
    fn from(text: &str) -> Excerpt {
        let shown: String = text.chars().take(MAX_EXCERPT).collect();
        let more = if shown.len() < text.len() { "…" } else { "" };
        Excerpt(format!("{}{more}", shown.escape_debug()))
    }
}

impl fmt::Display for Excerpt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The alternatives of a constraint, each the comparators that all must hold.
pub(super) fn branches(text: &str) -> Result<Vec<Vec<Comparator>>, Reason> {
    text.split("||").map(branch).collect()
}

fn branch(text: &str) -> Result<Vec<Comparator>, Reason> {
    let mut rest = text.trim_ascii();
    if rest.is_empty() {
        return Err(Reason::EmptyBranch);
    }
    let mut comparators = Vec::new();
    loop {
        let (comparator, after) = comparator(rest)?;
        comparators.push(comparator);
        if after.is_empty() {
            return Ok(comparators);
        }
        rest = skip_separator(after)?;
    }
}

/// What follows the comma or the space that must stand between two comparators.
fn skip_separator(text: &str) -> Result<&str, Reason> {
    let rest = text.trim_ascii_start();
    if let Some(behind) = rest.strip_prefix(',') {
        return match behind.trim_ascii_start() {
            "" => Err(Reason::MissingAfterComma),
            next => Ok(next),
        };
    }
    // Neither opens a comparator, so they are told of here, whether a space precedes them or not.
    match rest.as_bytes().first() {
        Some(b'|') => Err(Reason::SinglePipe),
        Some(b'&') => Err(Reason::Ampersands),
        _ if rest.len() == text.len() => Err(Reason::MissingSeparator(rest.into())),
        _ => Ok(rest),
    }
}

fn comparator(text: &str) -> Result<(Comparator, &str), Reason> {
    let (operator, rest) = split_operator(text);
    let (word, rest) = split_word(rest.trim_ascii_start());
    if word.is_empty() {
        return Err(missing_version(operator, rest));
    }
    let op = (!operator.is_empty()).then(|| operator_of(operator)).transpose()?;
    let operand = operand(word)?;
    if let Some(end) = rest.trim_ascii_start().strip_prefix('-') {
        return match op {
            None => hyphen(operand.partial, end),
            Some(_) => Err(Reason::HyphenOperator),
        };
    }
    let bare = if operand.wildcard { Op::Exact } else { Op::Caret };
    Ok((Comparator::Unary(op.unwrap_or(bare), operand.partial), rest))
}

/// The rest of a hyphen range, from behind its hyphen.
fn hyphen(start: Partial, text: &str) -> Result<(Comparator, &str), Reason> {
    let rest = text.trim_ascii_start();
    let (operator, _) = split_operator(rest);
    let (word, after) = split_word(rest);
    if !operator.is_empty() {
        Err(Reason::HyphenOperator)
    } else if word.is_empty() {
        Err(missing_version("-", after))
    } else if rest.len() == text.len() {
        Err(Reason::TightHyphen)
    } else {
        Ok((Comparator::Hyphen(start, operand(word)?.partial), after))
    }
}

/// Why there is no version behind an operator; without one, nothing at all stands there.
fn missing_version(operator: &str, rest: &str) -> Reason {
    let (next, _) = split_operator(rest);
    match rest.as_bytes().first() {
        Some(b',') if operator.is_empty() => Reason::MissingBeforeComma,
        Some(b'|') => Reason::SinglePipe,
        Some(b'&') => Reason::Ampersands,
        _ if !next.is_empty() => Reason::NoVersion(next.into()),
        _ => Reason::MissingVersion(operator.into()),
    }
}

/// Splits behind the characters of operators, whether they are one or not.
fn split_operator(text: &str) -> (&str, &str) {
    text.split_at(text.bytes().position(|byte| !is_operator(byte)).unwrap_or(text.len()))
}

fn is_operator(byte: u8) -> bool {
    matches!(byte, b'=' | b'^' | b'~' | b'>' | b'<' | b'!')
}

/// Splits behind what can only be meant as one version. What ends it is ASCII, so bytes will do.
fn split_word(text: &str) -> (&str, &str) {
    let ends =
        |byte: u8| byte.is_ascii_whitespace() || is_operator(byte) || matches!(byte, b',' | b'|' | b'&');
    text.split_at(text.bytes().position(ends).unwrap_or(text.len()))
}

fn operator_of(text: &str) -> Result<Op, Reason> {
    let misspelt = |meant| Err(Reason::Misspelt { found: text.into(), meant });
    match text {
        "=" => Ok(Op::Exact),
        "^" => Ok(Op::Caret),
        "~" | "~>" => Ok(Op::Tilde),
        ">" => Ok(Op::Greater),
        ">=" => Ok(Op::GreaterEq),
        "<" => Ok(Op::Less),
        "<=" => Ok(Op::LessEq),
        "==" | "===" => misspelt("="),
        "=>" => misspelt(">="),
        "=<" => misspelt("<="),
        "~=" => misspelt("~"),
        "!=" | "!==" | "!" | "<>" => Err(Reason::NotEqual(text.into())),
        _ => Err(Reason::UnknownOperator(text.into())),
    }
}

/// A partial version and whether a wildcard was written in it: bare, it is not a caret then.
struct Operand {
    partial: Partial,
    wildcard: bool,
}

fn operand(word: &str) -> Result<Operand, Reason> {
    must_begin_a_version(word)?;
    let (core, suffix) =
        word.split_at(word.bytes().position(|byte| matches!(byte, b'-' | b'+')).unwrap_or(word.len()));
    let mut written = [0; 3];
    let mut count = 0;
    let mut wildcard = false;
    for (place, component) in core.split('.').enumerate() {
        if place == written.len() {
            return Err(Reason::TooManyComponents(word.into()));
        }
        match number(component, word)? {
            None => wildcard = true,
            Some(_) if wildcard => return Err(Reason::NumberAfterWildcard(word.into())),
            Some(number) => {
                written[place] = number;
                count += 1;
            }
        }
    }
    let partial = match (count, suffix.as_bytes().first()) {
        (3, _) => Partial::Full(full(word)?),
        (_, Some(b'-')) => return Err(Reason::PrereleaseOnPartial(word.into())),
        (_, Some(_)) => return Err(Reason::BuildOnPartial(word.into())),
        (0, None) => Partial::Any,
        (1, None) => Partial::Major(written[0]),
        (_, None) => Partial::Minor(written[0], written[1]),
    };
    Ok(Operand { partial, wildcard })
}

/// The version that a word with three numbers stands for, without its build metadata.
fn full(word: &str) -> Result<Version, Reason> {
    match semver::Version::parse(word) {
        Ok(version) => Ok(Version::new(version.major, version.minor, version.patch, version.pre)),
        Err(error) => Err(Reason::Identifier { text: word.into(), problem: error.to_string() }),
    }
}

/// Refuses what does not even begin like a version, by what was probably meant.
fn must_begin_a_version(word: &str) -> Result<(), Reason> {
    if word.len() > MAX_LENGTH {
        return Err(Reason::VersionTooLong);
    }
    if word == "latest" {
        return Err(Reason::LatestNotAlone);
    }
    match word.strip_prefix(['v', 'V']) {
        Some(version) if version.starts_with(|c: char| c.is_ascii_digit()) => {
            Err(Reason::Prefixed(version.into()))
        }
        _ if word.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '*' | 'x' | 'X' | '.')) => Ok(()),
        _ => Err(Reason::NoVersion(word.into())),
    }
}

/// The number of a component, none for a wildcard.
fn number(component: &str, word: &str) -> Result<Option<u64>, Reason> {
    match component.as_bytes() {
        [] => Err(Reason::EmptyComponent(word.into())),
        [b'*' | b'x' | b'X'] => Ok(None),
        digits if !digits.iter().all(u8::is_ascii_digit) => Err(Reason::NoComponent(component.into())),
        [b'0', _, ..] => Err(Reason::LeadingZero(component.into())),
        _ => match component.parse() {
            Ok(number) if number <= MAX_COMPONENT => Ok(Some(number)),
            _ => Err(Reason::ComponentTooLarge(word.into())),
        },
    }
}
