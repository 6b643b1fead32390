//! Variables that packs declare, and the typed answers to them.
//!
//! Answers come as loose values from arguments, files, the lockfile or defaults; what leaves this
//! module is checked against type, choices, range and pattern. Not here: asking a person. Hosts
//! read the [`Question`]s and come back with more answers.

use std::collections::BTreeMap;
use std::fmt;

use indexmap::IndexMap;
use minijinja::Value;
use regex_lite::{Regex, RegexBuilder};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::diagnostic::{Code, Diagnostic, nearest, printable};
use crate::expression::{Engine, TemplateError};
use crate::name::{PackName, VariableName};
use crate::path::RelPath;
use crate::version::MAX_COMPONENT;

/// The most bytes of one text answer.
pub const MAX_TEXT: usize = 64 << 10;

/// The most bytes of a pattern, and what it may compile to.
pub const MAX_PATTERN: (usize, usize) = (1 << 10, 128 << 10);

/// The bounds of integers: what every JavaScript host holds exactly.
pub const MAX_INTEGER: i64 = MAX_COMPONENT as i64;

/// The variable every project has: its name.
pub const PROJECT_NAME: &str = "project_name";

/// The input every project has: when it was generated, as RFC 3339.
pub const TIMESTAMP: &str = "timestamp";

/// A text that is not a timestamp of our one form.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{}` is not a timestamp in UTC such as 2026-01-31T12:00:00Z", .0.escape_debug())]
pub struct TimestampError(String);

/// Checks a timestamp: RFC 3339 in UTC and to the second, so that a moment is always the same text.
///
/// # Errors
/// If it has another form.
pub fn check_timestamp(timestamp: &str) -> Result<(), TimestampError> {
    const FORM: &str = "0000-00-00T00:00:00Z";
    // Each part by its place, its least and its greatest value.
    const PARTS: [(usize, &str, &str); 5] =
        [(5, "01", "12"), (8, "01", "31"), (11, "00", "23"), (14, "00", "59"), (17, "00", "60")];
    let formed = timestamp.len() == FORM.len()
        && timestamp.bytes().zip(FORM.bytes()).all(|(given, form)| match form {
            b'0' => given.is_ascii_digit(),
            mark => given == mark,
        });
    let fits = formed
        && PARTS.iter().all(|&(at, least, greatest)| (least..=greatest).contains(&&timestamp[at..at + 2]));
    if fits { Ok(()) } else { Err(TimestampError(timestamp.chars().take(40).collect())) }
}

/// What a variable holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(test, derive(ts_rs::TS, schemars::JsonSchema))]
pub enum Kind {
    /// Any text.
    String,
    /// A whole number from -(2^53 - 1) to 2^53 - 1.
    Integer,
    /// True or false.
    Boolean,
    /// A safe relative path.
    Path,
}

/// A checked answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub enum Answer {
    /// Of a boolean.
    Boolean(bool),
    /// Of an integer.
    Integer(#[cfg_attr(test, ts(type = "number"))] i64),
    /// Of a string or path.
    Text(String),
    /// Of a variable that takes several choices, in the order of the choices.
    List(Vec<Answer>),
}

impl Answer {
    /// As templates see it.
    pub fn to_value(&self) -> Value {
        match self {
            Answer::Boolean(boolean) => Value::from(*boolean),
            Answer::Integer(integer) => Value::from(*integer),
            Answer::Text(text) => Value::from(text.as_str()),
            Answer::List(answers) => answers.iter().map(Answer::to_value).collect(),
        }
    }
}

/// As it is written behind `--var NAME=`.
impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Answer::Boolean(boolean) => boolean.fmt(f),
            Answer::Integer(integer) => integer.fmt(f),
            Answer::Text(text) => f.write_str(text),
            Answer::List(answers) => f.write_str(&join(answers, ",")),
        }
    }
}

fn join(answers: &[Answer], separator: &str) -> String {
    answers.iter().map(Answer::to_string).collect::<Vec<_>>().join(separator)
}

/// A default as declared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub enum Default {
    /// A checked value.
    Literal(Answer),
    /// A template over earlier answers; what it gives is read by the variable's type.
    Template(String),
}

/// A regular expression a text must match, with the text it was made from.
#[derive(Clone, Debug)]
pub struct Pattern(Regex);

impl Pattern {
    /// Compiles it. Matching takes time linear in the text and in the size of the expression.
    ///
    /// # Errors
    /// Says what is wrong with the expression, or that it is too large.
    pub fn new(text: &str) -> Result<Pattern, PatternError> {
        let (length, size) = MAX_PATTERN;
        if text.len() > length {
            return Err(PatternError("it is too long".to_owned()));
        }
        let compiled = RegexBuilder::new(text).size_limit(size).build();
        compiled.map(Pattern).map_err(|error| PatternError(error.to_string()))
    }
}

/// Why a text is no pattern.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct PatternError(String);

impl PartialEq for Pattern {
    fn eq(&self, other: &Pattern) -> bool {
        self.0.as_str() == other.0.as_str()
    }
}

impl Eq for Pattern {}

impl Serialize for Pattern {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.as_str())
    }
}

/// A variable, complete and consistent in itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Variable {
    /// Its name in templates.
    pub name: VariableName,
    /// What it holds.
    #[serde(rename = "type")]
    pub kind: Kind,
    /// What it is for.
    pub description: Option<String>,
    /// Whether several of the choices may be taken.
    pub multiple: bool,
    /// The only values allowed.
    pub choices: Option<Vec<Answer>>,
    /// What stands when nobody answers.
    pub default: Option<Default>,
    /// Whether an answer must be there in the end.
    pub required: bool,
    /// The least integer allowed.
    #[cfg_attr(test, ts(type = "number | null"))]
    pub minimum: Option<i64>,
    /// The greatest integer allowed.
    #[cfg_attr(test, ts(type = "number | null"))]
    pub maximum: Option<i64>,
    /// What a text must match.
    #[cfg_attr(test, ts(type = "string | null"))]
    pub pattern: Option<Pattern>,
    /// A value that would do.
    pub example: Option<String>,
    /// The heading to ask it under.
    pub group: Option<String>,
    /// Whether it stays out of lockfiles, logs and previews.
    pub secret: bool,
    /// An expression over earlier answers; asked only if true.
    pub when: Option<String>,
}

impl Variable {
    /// The variable every project has.
    pub fn project_name() -> Variable {
        Variable {
            name: PROJECT_NAME.parse().expect("it is a variable name"),
            kind: Kind::String,
            description: Some("Name of the project".to_owned()),
            multiple: false,
            choices: None,
            default: None,
            required: true,
            minimum: None,
            maximum: None,
            pattern: Some(
                Pattern::new(r"^[^\s\x00-\x1f]([^\x00-\x1f]{0,98}[^\s\x00-\x1f])?$").expect("it compiles"),
            ),
            example: Some("my-project".to_owned()),
            group: None,
            secret: false,
            when: None,
        }
    }

    /// Reads a loose value by the variable's type: `"8080"` answers an integer, `"a,b"` a list.
    ///
    /// # Errors
    /// What was expected instead.
    pub fn read(&self, value: &Json) -> Result<Answer, Expectation> {
        if !self.multiple {
            return self.read_one(value);
        }
        let given: Vec<Answer> = match value {
            Json::Array(values) => {
                values.iter().map(|value| self.read_one(value)).collect::<Result<_, _>>()?
            }
            Json::String(text) => text
                .split(',')
                .map(str::trim)
                .filter(|part| !part.is_empty())
                .map(|part| self.read_one(&Json::from(part)))
                .collect::<Result<_, _>>()?,
            _ => return Err(Expectation(self.expected())),
        };
        if given.is_empty() && self.required {
            return Err(Expectation(format!("at least one: {}", self.expected())));
        }
        let choices = self.choices.iter().flatten();
        Ok(Answer::List(choices.filter(|choice| given.contains(choice)).cloned().collect()))
    }

    fn read_one(&self, value: &Json) -> Result<Answer, Expectation> {
        let answer = match (self.kind, value) {
            (Kind::Boolean, Json::Bool(boolean)) => Some(Answer::Boolean(*boolean)),
            (Kind::Boolean, Json::String(text)) => match text.to_ascii_lowercase().as_str() {
                "true" | "yes" => Some(Answer::Boolean(true)),
                "false" | "no" => Some(Answer::Boolean(false)),
                _ => None,
            },
            (Kind::Integer, Json::Number(number)) => integer(number).map(Answer::Integer),
            (Kind::Integer, Json::String(text)) => text.trim().parse().ok().map(Answer::Integer),
            (Kind::String | Kind::Path, Json::String(text)) => Some(Answer::Text(text.clone())),
            _ => None,
        };
        let answer = answer.ok_or_else(|| Expectation(self.expected()))?;
        self.check_one(&answer)?;
        Ok(answer)
    }

    fn check_one(&self, answer: &Answer) -> Result<(), Expectation> {
        if self.choices.as_ref().is_some_and(|choices| !choices.contains(answer)) {
            let choices = self.choices.iter().flatten().map(Answer::to_string).collect::<Vec<_>>();
            let near = nearest(&answer.to_string(), choices.iter().map(String::as_str));
            let hint = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
            return Err(Expectation(self.expected() + &hint));
        }
        match answer {
            Answer::Integer(integer) => {
                let range = self.minimum.unwrap_or(-MAX_INTEGER)..=self.maximum.unwrap_or(MAX_INTEGER);
                if !range.contains(integer) {
                    return Err(Expectation(self.expected()));
                }
            }
            Answer::Text(text) => {
                if text.len() > MAX_TEXT {
                    return Err(Expectation(format!("a text of at most {} KiB", MAX_TEXT >> 10)));
                }
                if self.kind == Kind::Path {
                    text.parse::<RelPath>().map_err(|error| Expectation(format!("a path: {error}")))?;
                }
                if self.pattern.as_ref().is_some_and(|pattern| !pattern.0.is_match(text)) {
                    return Err(Expectation(self.expected()));
                }
            }
            Answer::Boolean(_) | Answer::List(_) => {}
        }
        Ok(())
    }

    /// What would do, in words.
    fn expected(&self) -> String {
        if let Some(choices) = &self.choices {
            let several = if self.multiple { "any of" } else { "one of" };
            return format!("{several} {}", join(choices, ", "));
        }
        match (self.kind, self.minimum, self.maximum) {
            (Kind::Boolean, ..) => "true or false".to_owned(),
            (Kind::Integer, None, None) => "an integer".to_owned(),
            (Kind::Integer, Some(minimum), None) => format!("an integer of at least {minimum}"),
            (Kind::Integer, None, Some(maximum)) => format!("an integer of at most {maximum}"),
            (Kind::Integer, Some(minimum), Some(maximum)) => {
                format!("an integer from {minimum} to {maximum}")
            }
            (Kind::String | Kind::Path, ..) => {
                let what = if self.kind == Kind::Path { "a relative path" } else { "a text" };
                match (&self.pattern, &self.example) {
                    (None, _) => what.to_owned(),
                    (Some(pattern), None) => format!("{what} that matches {}", pattern.0.as_str()),
                    (Some(pattern), Some(example)) => {
                        format!("{what} such as `{example}` (matches {})", pattern.0.as_str())
                    }
                }
            }
        }
    }

    /// Its type, as in `one is …`.
    fn type_words(&self) -> &'static str {
        match (self.kind, self.multiple) {
            (Kind::String, false) => "a string",
            (Kind::Integer, false) => "an integer",
            (Kind::Boolean, false) => "a boolean",
            (Kind::Path, false) => "a path",
            (Kind::String, true) => "several strings",
            (Kind::Integer, true) => "several integers",
            (Kind::Boolean, true) => "several booleans",
            (Kind::Path, true) => "several paths",
        }
    }

    /// A value to show in `--var NAME=VALUE`.
    fn sample(&self) -> String {
        if let Some(example) = &self.example {
            return example.clone();
        }
        if let Some(choice) = self.choices.iter().flatten().next() {
            return choice.to_string();
        }
        match self.kind {
            Kind::Boolean => "true".to_owned(),
            Kind::Integer => self.minimum.or(self.maximum).unwrap_or(1).to_string(),
            Kind::String | Kind::Path => "VALUE".to_owned(),
        }
    }
}

/// An integer that is one, even written as `3.0`, within the bounds.
fn integer(number: &serde_json::Number) -> Option<i64> {
    let exact = number.as_i64().or_else(|| {
        let float = number.as_f64()?;
        (float.fract() == 0.0 && float.abs() <= MAX_INTEGER as f64).then_some(float as i64)
    });
    exact.filter(|integer| integer.unsigned_abs() <= MAX_INTEGER.unsigned_abs())
}

/// What a value should have been, in words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected {0}")]
pub struct Expectation(String);

/// A variable with the packs that declare it.
#[derive(Clone, Debug)]
pub struct Declaration {
    /// The first declaration, narrowed by the others.
    pub variable: Variable,
    /// Who declares it, in install order; nobody for `project_name`.
    pub packs: Vec<PackName>,
    /// As each of them declares it.
    declared: Vec<Variable>,
}

impl Declaration {
    fn defaults(&self) -> impl Iterator<Item = (&PackName, &Default)> {
        self.packs.iter().zip(&self.declared).filter_map(|(pack, own)| Some((pack, own.default.as_ref()?)))
    }
}

/// Joins what packs declare into one list of questions, `project_name` first.
///
/// Packs come in install order, each with its variables in the order of its manifest. A variable
/// that several declare is one question: the answer satisfies all of them, and of description,
/// example, group and default the first that is given stands.
///
/// # Errors
/// A conflict for each variable whose declarations cannot be satisfied together.
pub fn declare<'a>(
    packs: impl IntoIterator<Item = (&'a PackName, &'a [Variable])>,
) -> Result<Vec<Declaration>, Vec<Diagnostic>> {
    let mut declarations: IndexMap<VariableName, Declaration> = IndexMap::new();
    let mut conflicts = Vec::new();
    let project_name = Variable::project_name();
    declarations.insert(
        project_name.name.clone(),
        Declaration { declared: vec![project_name.clone()], variable: project_name, packs: Vec::new() },
    );
    for (pack, variables) in packs {
        for variable in variables {
            let Some(declaration) = declarations.get_mut(&variable.name) else {
                let first = Declaration {
                    variable: variable.clone(),
                    packs: vec![pack.clone()],
                    declared: vec![variable.clone()],
                };
                declarations.insert(variable.name.clone(), first);
                continue;
            };
            if let Err(reason) = narrow(&mut declaration.variable, variable) {
                let first = declaration.packs.first().map_or("Packwright", PackName::as_str);
                conflicts.push(
                    Diagnostic::error(
                        Code::Conflict,
                        format!(
                            "`{first}` and `{pack}` declare the variable `{}` differently",
                            variable.name
                        ),
                    )
                    .because(reason)
                    .about(&variable.name)
                    .suggest("leave one of the packs out, or ask their authors to agree"),
                );
            }
            declaration.packs.push(pack.clone());
            declaration.declared.push(variable.clone());
        }
    }
    if conflicts.is_empty() { Ok(declarations.into_values().collect()) } else { Err(conflicts) }
}

fn narrow(first: &mut Variable, second: &Variable) -> Result<(), String> {
    if (first.kind, first.multiple) != (second.kind, second.multiple) {
        return Err(format!("one is {}, the other {}", first.type_words(), second.type_words()));
    }
    first.minimum = first.minimum.max(second.minimum);
    first.maximum = match (first.maximum, second.maximum) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    };
    if first.minimum.zip(first.maximum).is_some_and(|(minimum, maximum)| minimum > maximum) {
        return Err("no integer is in both ranges".to_owned());
    }
    if let Some(others) = &second.choices {
        let both = match &first.choices {
            None => others.clone(),
            Some(choices) => choices.iter().filter(|choice| others.contains(choice)).cloned().collect(),
        };
        if both.is_empty() {
            return Err("they have no choice in common".to_owned());
        }
        first.choices = Some(both);
    }
    first.secret |= second.secret;
    first.required |= second.required;
    keep(&mut first.pattern, &second.pattern);
    keep(&mut first.description, &second.description);
    keep(&mut first.example, &second.example);
    keep(&mut first.group, &second.group);
    keep(&mut first.default, &second.default);
    Ok(())
}

fn keep<T: Clone>(first: &mut Option<T>, second: &Option<T>) {
    if first.is_none() {
        first.clone_from(second);
    }
}

/// Where an answer came from, the strongest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub enum Source {
    /// Given with the command.
    Argument,
    /// Read from an answers file.
    File,
    /// Set in the environment.
    Environment,
    /// Recorded in the lockfile.
    Lock,
    /// Nobody answered.
    Default,
}

/// All answers at hand, unchecked. Names nobody declares are errors, except in the lockfile.
#[derive(Clone, Debug, std::default::Default)]
pub struct Answers {
    /// Given with the command.
    pub arguments: BTreeMap<String, Json>,
    /// Read from an answers file.
    pub file: BTreeMap<String, Json>,
    /// What the host calls that file.
    pub file_name: String,
    /// Set in the environment, by names in lower case. What nobody asks for is not meant for us.
    pub environment: BTreeMap<String, Json>,
    /// Recorded in the lockfile.
    pub lock: BTreeMap<String, Json>,
    /// Stands for `project_name` when nothing else does.
    pub directory_name: Option<String>,
}

impl Answers {
    /// What is wrong with an answer, and who says so.
    fn attribute(&self, error: Diagnostic, variable: &Variable, source: Source) -> Diagnostic {
        let name = &variable.name;
        match source {
            Source::File => {
                let file = self.shown_file();
                let other = error.suggestion.clone().unwrap_or_default();
                error
                    .because(format!("{file} says so"))
                    .suggest(format!("mend it there, or overrule it, {other}"))
            }
            Source::Environment => error.because(format!("`{}` says so", in_environment(name.as_str()))),
            Source::Lock => error.because("the lockfile says so"),
            Source::Argument | Source::Default => error,
        }
    }

    fn shown_file(&self) -> String {
        format!("`{}`", printable(&self.file_name.chars().take(200).collect::<String>()))
    }

    fn given(&self, name: &str) -> Option<(&Json, Source)> {
        let lower = name.to_ascii_lowercase();
        [
            (&self.arguments, name, Source::Argument),
            (&self.file, name, Source::File),
            (&self.environment, lower.as_str(), Source::Environment),
            (&self.lock, name, Source::Lock),
        ]
        .into_iter()
        .find_map(|(answers, name, source)| Some((answers.get(name)?, source)))
    }
}

/// A variable and how things stand with it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Question {
    /// What is asked.
    pub variable: Variable,
    /// Who asks.
    pub packs: Vec<PackName>,
    /// Whether its `when` holds.
    pub asked: bool,
    /// The default over the answers so far.
    pub default: Option<Answer>,
    /// What stands now, the default included.
    pub answer: Option<Answer>,
    /// Where that came from.
    pub source: Option<Source>,
    /// Why the given answer will not do.
    pub problem: Option<Diagnostic>,
    /// That packs would answer differently, where nobody did and one of their defaults stands.
    pub warning: Option<Diagnostic>,
}

impl Question {
    /// Whether an answer is still owed: a required one, or one whose computed default will not do.
    pub fn is_missing(&self) -> bool {
        let owed = self.variable.required || self.variable.default.is_some();
        self.asked && owed && self.answer.is_none() && self.problem.is_none()
    }

    /// The error for an answer that is owed.
    pub fn missing(&self) -> Diagnostic {
        let name = &self.variable.name;
        let what = self.variable.description.as_ref().map(|text| format!(": {text}")).unwrap_or_default();
        let error = Diagnostic::error(Code::MissingVariable, format!("`{name}` has no answer{what}"))
            .because(format!("{} is needed", self.variable.expected()))
            .about(name);
        let error = match self.packs.as_slice() {
            [] => error,
            [pack] => error.because(format!("`{pack}` asks for it")),
            packs => error.because(format!("`{}` ask for it", join_names(packs))),
        };
        error.suggest(match name.as_str() {
            PROJECT_NAME => "add `--name NAME`".to_owned(),
            name => format!("add `--var {name}={}`", shell_word(&self.variable.sample())),
        })
    }
}

fn join_names(packs: &[PackName]) -> String {
    packs.iter().map(PackName::as_str).collect::<Vec<_>>().join("`, `")
}

fn shown(text: &str) -> String {
    format!("`{}`", text.chars().take(80).collect::<String>().escape_debug())
}

fn shell_word(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:,@+".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', "'\\''"))
    }
}

/// Goes through all questions in order, each seeing the answers before it.
///
/// `facts` are what templates see besides answers: `packs`, `packages`, `timestamp`. Secrets are
/// not visible to defaults and `when`, so they cannot leak into what is recorded.
pub fn interview(
    engine: &Engine,
    declarations: &[Declaration],
    answers: &Answers,
    facts: &BTreeMap<String, Value>,
) -> Vec<Question> {
    let mut known = facts.clone();
    let mut questions = Vec::with_capacity(declarations.len());
    for declaration in declarations {
        let question = ask(engine, declaration, answers, &known);
        if !question.variable.secret {
            let value = question.answer.as_ref().map_or(Value::from(()), Answer::to_value);
            known.insert(question.variable.name.to_string(), value);
        }
        questions.push(question);
    }
    questions
}

fn ask(
    engine: &Engine,
    declaration: &Declaration,
    answers: &Answers,
    known: &BTreeMap<String, Value>,
) -> Question {
    let variable = &declaration.variable;
    let context = Value::from_pairs(known.iter().map(|(name, value)| (name.clone(), value.clone())));
    let mut question = Question {
        variable: variable.clone(),
        packs: declaration.packs.clone(),
        asked: true,
        default: None,
        answer: None,
        source: None,
        problem: None,
        warning: None,
    };
    match is_asked(engine, declaration, &context) {
        Ok(asked) => question.asked = asked,
        Err(problem) => {
            question.problem = Some(problem);
            return question;
        }
    }
    if !question.asked {
        return question;
    }
    let defaults = defaults(engine, declaration, &context).unwrap_or_else(|problem| {
        question.problem = Some(problem);
        Vec::new()
    });
    question.default = match variable.name.as_str() {
        PROJECT_NAME => {
            answers.directory_name.as_ref().and_then(|name| variable.read(&name.as_str().into()).ok())
        }
        _ => defaults.first().map(|(_, default)| default.clone()),
    };
    match answers.given(variable.name.as_str()) {
        Some((given, source)) => {
            question.source = Some(source);
            match read_for_all(declaration, given) {
                Ok(answer) => {
                    question.answer = Some(answer);
                    question.problem = None;
                }
                Err(expectation) => {
                    let problem = refuse(variable, given, &expectation);
                    question.problem = Some(answers.attribute(problem, variable, source));
                }
            }
        }
        None if question.default.is_some() => {
            question.source = Some(Source::Default);
            question.answer = question.default.clone();
            question.warning = disagreement(variable, &defaults);
        }
        None => {}
    }
    question
}

/// A question is asked if any of those who declare it asks.
fn is_asked(engine: &Engine, declaration: &Declaration, context: &Value) -> Result<bool, Diagnostic> {
    for variable in &declaration.declared {
        let asked = match &variable.when {
            None => true,
            Some(when) => engine
                .is_true(when, context)
                .map_err(|error| declared_wrongly(declaration, "when", &error))?,
        };
        if asked {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The defaults that will do for all who declare it, the one that stands first, with whose they are.
fn defaults<'a>(
    engine: &Engine,
    declaration: &'a Declaration,
    context: &Value,
) -> Result<Vec<(&'a PackName, Answer)>, Diagnostic> {
    let mut defaults = Vec::new();
    for (pack, default) in declaration.defaults() {
        let value = match default {
            Default::Literal(answer) => serde_json::to_value(answer).expect("answers are JSON"),
            Default::Template(template) => Json::from(
                engine
                    .render_inline(template, context)
                    .map_err(|error| declared_wrongly(declaration, "default", &error))?,
            ),
        };
        // A default that others narrow away, or that a template gets wrong, is no default.
        if let Ok(answer) = read_for_all(declaration, &value) {
            defaults.push((pack, answer));
        }
    }
    Ok(defaults)
}

/// That the default which stands is not everybody's.
fn disagreement(variable: &Variable, defaults: &[(&PackName, Answer)]) -> Option<Diagnostic> {
    let (first, others) = defaults.split_first()?;
    let other = others.iter().find(|(_, answer)| *answer != first.1)?;
    let name = &variable.name;
    let warning = Diagnostic::warning(Code::Conflict, format!("packs have different defaults for `{name}`"))
        .about(name)
        .suggest(format!("say which: `--var {name}={}`", shell_word(&first.1.to_string())));
    if variable.secret {
        return Some(warning);
    }
    let shown = |answer: &Answer| shown(&answer.to_string());
    Some(warning.because(format!("`{}` has {}, which stands", first.0, shown(&first.1))).because(format!(
        "`{}` has {}",
        other.0,
        shown(&other.1)
    )))
}

fn read_for_all(declaration: &Declaration, value: &Json) -> Result<Answer, Expectation> {
    let answer = declaration.variable.read(value)?;
    // A text has as many patterns to match as there are packs.
    for variable in &declaration.declared {
        variable.read(value)?;
    }
    Ok(answer)
}

fn declared_wrongly(declaration: &Declaration, part: &str, error: &TemplateError) -> Diagnostic {
    let name = &declaration.variable.name;
    let packs = join_names(&declaration.packs);
    error
        .to_diagnostic_of_part(Code::RenderFailed, &format!("`{part}` of the variable `{name}`"))
        .because(format!("`{packs}` declares it"))
        .about(name)
}

fn refuse(variable: &Variable, given: &Json, expectation: &Expectation) -> Diagnostic {
    let name = &variable.name;
    let shown = match given {
        _ if variable.secret => "the value given".to_owned(),
        Json::String(text) => shown(text),
        other => format!("`{}`", other.to_string().chars().take(80).collect::<String>()),
    };
    Diagnostic::error(Code::InvalidAnswer, format!("{shown} will not do for `{name}`: {expectation}"))
        .about(name)
        .suggest(match name.as_str() {
            PROJECT_NAME => "use `--name` with a name of 1 to 100 characters".to_owned(),
            name => format!("for example `--var {name}={}`", shell_word(&variable.sample())),
        })
}

/// What a variable of the environment is called that answers one of a pack.
fn in_environment(name: &str) -> String {
    format!("PACKWRIGHT_VAR_{}", shown_name(&name.to_ascii_uppercase()))
}

/// A name of strangers, of moderate length.
fn shown_name(name: &str) -> String {
    name.chars().take(80).collect::<String>().escape_debug().to_string()
}

/// The errors for answers that nobody asks for.
pub fn unknown_answers(declarations: &[Declaration], answers: &Answers) -> Vec<Diagnostic> {
    let known = || declarations.iter().map(|declaration| declaration.variable.name.as_str());
    let given = answers.arguments.keys().chain(answers.file.keys());
    given
        .filter(|name| !known().any(|known| known == name.as_str()))
        .map(|name| {
            let message = format!("no pack asks for `{}`", shown_name(name));
            let error = Diagnostic::error(Code::InvalidAnswer, message).about(name);
            let error = match answers.arguments.contains_key(name) {
                true => error,
                false => error.because(format!("{} answers it", answers.shown_file())),
            };
            match nearest(name, known()) {
                Some(near) => error.suggest(format!("did you mean `{near}`?")),
                None => error.suggest(format!("they ask for {}", known().collect::<Vec<_>>().join(", "))),
            }
        })
        .collect()
}

/// What the environment says that is nearly a variable's name, and nobody's: perhaps meant for others.
pub fn nearly_answers(declarations: &[Declaration], answers: &Answers) -> Vec<Diagnostic> {
    let known: Vec<String> = declarations
        .iter()
        .map(|declaration| declaration.variable.name.as_str().to_ascii_lowercase())
        .collect();
    let unknown = answers.environment.keys().filter(|name| !known.contains(name));
    let warning = |name: &String| {
        let near = nearest(name, known.iter().map(String::as_str))?;
        let name = in_environment(name);
        let warning =
            Diagnostic::warning(Code::InvalidAnswer, format!("no pack asks for what `{name}` says"));
        Some(warning.about(&name).suggest(format!("did you mean `{}`?", in_environment(near))))
    };
    unknown.filter_map(warning).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_are_bounded() {
        let error = |text: &str| Pattern::new(text).unwrap_err().to_string();
        assert_eq!(error(&"x".repeat(1025)), "it is too long");
        assert!(error("x{200000}").contains("size"), "{}", error("x{200000}"));
        assert!(!error("(").is_empty());
        Pattern::new(r"^[A-Za-z0-9_-]{1,200}$").map(drop).unwrap_or_else(|error| panic!("{error}"));
    }

    #[test]
    fn a_question_is_asked_if_any_who_declare_it_ask() {
        let variable = |when: Option<&str>| Variable {
            name: "word".parse().unwrap(),
            when: when.map(str::to_owned),
            ..Variable::project_name()
        };
        let (a, b): (PackName, PackName) = ("a".parse().unwrap(), "b".parse().unwrap());
        for (first, second, asked) in [
            (Some("false"), None, true),
            (Some("false"), Some("true"), true),
            (Some("false"), Some("false"), false),
        ] {
            let (first, second) = ([variable(first)], [variable(second)]);
            let declarations = declare([(&a, &first[..]), (&b, &second[..])]).unwrap();
            let questions = interview(&Engine::new(), &declarations, &Answers::default(), &BTreeMap::new());
            assert_eq!(questions[1].asked, asked);
        }
    }
}
