//! What is wrong with a template, and where.

use std::error::Error as _;
use std::fmt;

use minijinja::{ErrorKind, Value};

use crate::diagnostic::{Code, Diagnostic, Location, nearest, source_frame};

use super::library::{Library, Refusal};
use super::words;

/// The most files of a chain of includes that are named.
const MAX_INCLUDED: usize = 8;

/// Why a template or an expression gave nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TemplateError {
    message: String,
    suggestion: Option<String>,
    /// Where it happened, if that is a file of a pack.
    file: Option<File>,
    line: Option<u32>,
    column: Option<u32>,
    frame: Option<String>,
    /// The places that led there, from the nearest to the farthest.
    causes: Vec<String>,
}

/// A file of a pack.
#[derive(Clone, Debug, PartialEq, Eq)]
struct File {
    pack: String,
    path: String,
}

impl File {
    /// The file of a full name; nothing for what has no file.
    fn of(name: &str, library: &Library) -> Option<File> {
        let (pack, path) = name.split_once(':')?;
        let pack = match library.shelf(pack) {
            Some((name, shelf)) => format!("{name}@{}", shelf.version),
            None => pack.to_owned(),
        };
        Some(File { pack, path: path.to_owned() })
    }
}

impl fmt::Display for File {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.pack, self.path)
    }
}

impl TemplateError {
    pub(super) fn new(message: String) -> TemplateError {
        TemplateError {
            message,
            suggestion: None,
            file: None,
            line: None,
            column: None,
            frame: None,
            causes: Vec::new(),
        }
    }

    pub(super) fn on_line(self, line: u32) -> TemplateError {
        TemplateError { line: Some(line), ..self }
    }

    /// That an expression has no value.
    pub(super) fn undefined(expression: &str, context: &Value) -> TemplateError {
        let suggestion = near_variable(expression, context).map(did_you_mean);
        TemplateError { suggestion, ..TemplateError::new(format!("`{expression}` is undefined")) }
    }

    /// What the engine says, with what is known besides: the values there are, and the templates.
    pub(super) fn told(
        error: &minijinja::Error,
        rendered: &str,
        context: &Value,
        library: &Library,
        missed: Option<Refusal>,
    ) -> TemplateError {
        let chain: Vec<&minijinja::Error> =
            std::iter::successors(Some(error), |error| cause_of(error)).collect();
        // The innermost error of an include is the one that says what happened.
        let (innermost, outer) =
            chain.split_last().map_or((error, [].as_slice()), |(last, rest)| (*last, rest));
        let refused = innermost.source().and_then(|cause| cause.downcast_ref::<Refusal>()).cloned();
        let refused = refused.or(missed.filter(|_| innermost.kind() == ErrorKind::TemplateNotFound));
        let mut told = TemplateError::from(innermost);
        told.file = innermost.name().and_then(|name| File::of(name, library));
        told.suggestion = suggestion(innermost, context);
        if let Some(refusal) = refused {
            (told.message, told.suggestion) = (refusal.message, refusal.suggestion);
        }
        told.causes = included_from(outer, library);
        let elsewhere = innermost.name().is_some_and(|name| name != rendered);
        if told.causes.is_empty()
            && elsewhere
            && let Some(file) = File::of(rendered, library)
        {
            told.causes.push(format!("`{file}` uses it"));
        }
        told
    }

    /// The line in the template, from 1.
    pub fn line(&self) -> Option<u32> {
        self.line
    }

    /// As a diagnostic about a part of `pack.toml`. Line and column are those within the part, so
    /// only the lines themselves are shown.
    pub fn to_diagnostic_of_part(&self, code: Code, what: &str) -> Diagnostic {
        let mut diagnostic = self.to_diagnostic(code, what, "pack.toml");
        if let (None, Some(location)) = (&self.file, &mut diagnostic.location) {
            (location.line, location.column) = (None, None);
        }
        diagnostic
    }

    /// As a diagnostic about a file. An error inside an included template names that one.
    pub fn to_diagnostic(&self, code: Code, what: &str, file: &str) -> Diagnostic {
        let mut diagnostic = Diagnostic::error(code, format!("{what}: {}", self.message)).at(Location {
            pack: self.file.as_ref().map(|file| file.pack.clone()),
            file: self.file.as_ref().map_or(file, |file| &file.path).to_owned(),
            line: self.line,
            column: self.column,
        });
        diagnostic.causes.clone_from(&self.causes);
        diagnostic.frame.clone_from(&self.frame);
        diagnostic.suggestion.clone_from(&self.suggestion);
        diagnostic
    }
}

impl fmt::Display for TemplateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for TemplateError {}

/// One error of the engine, without those that led to it.
impl From<&minijinja::Error> for TemplateError {
    fn from(error: &minijinja::Error) -> TemplateError {
        let line = error.line().and_then(|line| u32::try_from(line).ok());
        let column = error.template_source().zip(error.range()).and_then(|(source, range)| {
            Location::of_offset("", source, range.start.min(source.len())).column
        });
        let frame =
            error.template_source().zip(line).and_then(|(source, line)| source_frame(source, line, column));
        let message = match (error.kind(), error.detail()) {
            (ErrorKind::OutOfFuel, _) => "it does more work than a template may".to_owned(),
            (kind, None) => kind.to_string(),
            (ErrorKind::SyntaxError | ErrorKind::UndefinedError, Some(detail)) => {
                format!("{}: {detail}", error.kind())
            }
            (_, Some(detail)) => detail.to_owned(),
        };
        let cause = error.source().map(|cause| format!(" ({cause})")).unwrap_or_default();
        TemplateError { line, column, frame, ..TemplateError::new(message + &cause) }
    }
}

fn cause_of(error: &minijinja::Error) -> Option<&minijinja::Error> {
    error.source()?.downcast_ref()
}

fn included_from(outer: &[&minijinja::Error], library: &Library) -> Vec<String> {
    let mut causes: Vec<String> = Vec::new();
    for error in outer.iter().rev() {
        let Some(file) = error.name().and_then(|name| File::of(name, library)) else { continue };
        let line = error.line().map(|line| format!(":{line}")).unwrap_or_default();
        let cause = format!("it is included from `{file}{line}`");
        if causes.len() < MAX_INCLUDED && !causes.contains(&cause) {
            causes.push(cause);
        }
    }
    causes
}

/// The engine says which name it is about in the detail, between backticks, and nowhere else.
fn suggestion(error: &minijinja::Error, context: &Value) -> Option<String> {
    let detail = error.detail()?;
    match error.kind() {
        ErrorKind::UndefinedError => {
            let (_, rest) = detail.split_once('`')?;
            near_variable(rest.split_once('`')?.0, context).map(did_you_mean)
        }
        ErrorKind::UnknownFilter => {
            let unknown = detail.split(' ').nth(1)?;
            let names = words::FILTERS.iter().map(|(name, _)| *name).chain(["to_json", "to_toml", "to_yaml"]);
            nearest(unknown, names).map(|near| did_you_mean(near.to_owned()))
        }
        _ => None,
    }
}

fn did_you_mean(name: String) -> String {
    format!("did you mean `{name}`?")
}

/// The variable most like `path`, whose last name that is there may be any of its attributes.
fn near_variable(path: &str, context: &Value) -> Option<String> {
    let mut value = context.clone();
    let mut known = String::new();
    for name in path.split('.') {
        let next = value.get_attr(name).ok()?;
        if next.is_undefined() {
            let keys: Vec<String> =
                value.try_iter().ok()?.filter_map(|key| key.as_str().map(str::to_owned)).collect();
            return nearest(name, keys.iter().map(String::as_str)).map(|near| known + near);
        }
        value = next;
        known = known + name + ".";
    }
    None
}
