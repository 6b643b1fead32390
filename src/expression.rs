//! The template language: what expressions, default values, paths and files all share.
//!
//! One [`Engine`] is a minijinja environment with our filters, strict about undefined variables,
//! without clock, randomness or files, and bounded in work, memory and depth. Not here: which
//! variables there are, and what a pack wants rendered.

use std::collections::BTreeMap;
use std::fmt;

use heck::{ToKebabCase, ToLowerCamelCase, ToShoutySnakeCase, ToSnakeCase, ToTitleCase, ToUpperCamelCase};
use icu_normalizer::DecomposingNormalizerBorrowed;
use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Kwargs, ValueKind};
use minijinja::{AutoEscape, Environment, ErrorKind, Output, State, UndefinedBehavior, Value};

use crate::diagnostic::{Code, Diagnostic, Location, source_frame};

/// The work one rendering may do. A unit is an instruction or 64 bytes of data, so this also
/// bounds memory, to about 64 MiB.
pub const FUEL: u64 = 1_000_000;

/// The most operators, calls and attributes in one block, and the most `elif` in one template.
/// Longer chains overflow the stack of the parser in WebAssembly.
pub const MAX_CHAIN: usize = 200;

/// The most bytes one rendering may give: 16 MiB.
pub const MAX_OUTPUT: usize = 16 << 20;

/// How deep templates may include, call and nest.
const MAX_RECURSION: usize = 100;

/// Renders templates and evaluates expressions.
pub struct Engine {
    environment: Environment<'static>,
}

/// Why a template or an expression gave nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TemplateError {
    message: String,
    template: Option<String>,
    line: Option<u32>,
    column: Option<u32>,
    frame: Option<String>,
}

impl Engine {
    /// An engine with no templates.
    pub fn new() -> Engine {
        let mut environment = Environment::new();
        environment.set_debug(true); // errors carry the source they point into
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.set_auto_escape_callback(|_| AutoEscape::None);
        environment.set_formatter(format_value);
        environment.set_fuel(Some(FUEL));
        environment.set_recursion_limit(MAX_RECURSION);
        environment.set_syntax(
            SyntaxConfig::builder()
                .trim_blocks(true)
                .lstrip_blocks(true)
                .keep_trailing_newline(true)
                .build()
                .expect("the default delimiters are valid"),
        );
        environment.remove_global("debug");
        add_filters(&mut environment);
        Engine { environment }
    }

    /// An engine with templates by name, to render and for others to include. Each is checked
    /// when it is first used.
    pub fn with_templates(templates: BTreeMap<String, String>) -> Engine {
        let mut engine = Engine::new();
        engine.environment.set_loader(move |name| match templates.get(name) {
            None => Ok(None),
            Some(source) => match check_complexity(source) {
                Ok(()) => Ok(Some(source.clone())),
                Err(error) => Err(minijinja::Error::new(ErrorKind::SyntaxError, error.message)),
            },
        });
        engine
    }

    /// Renders one of the engine's templates.
    ///
    /// # Errors
    /// Syntax, undefined variables, failing filters, or a limit that was hit.
    pub fn render(&self, name: &str, context: &Value) -> Result<String, TemplateError> {
        within_limit(self.environment.get_template(name)?.render(context.clone())?)
    }

    /// Renders a template that has no name of its own: a path or a default value.
    ///
    /// # Errors
    /// As [`Engine::render`].
    pub fn render_inline(&self, source: &str, context: &Value) -> Result<String, TemplateError> {
        check_complexity(source)?;
        within_limit(self.environment.render_str(source, context.clone())?)
    }

    /// Whether an expression is true, by the rules of the language: not false, none, zero or empty.
    ///
    /// # Errors
    /// As [`Engine::render`].
    pub fn is_true(&self, expression: &str, context: &Value) -> Result<bool, TemplateError> {
        check_chain(expression)?;
        let value =
            self.environment.compile_expression_owned(expression.to_owned())?.eval(context.clone())?;
        if value.is_undefined() {
            return Err(TemplateError {
                message: format!("`{expression}` is undefined"),
                template: None,
                line: Some(1),
                column: None,
                frame: None,
            });
        }
        Ok(value.is_true())
    }
}

impl Default for Engine {
    fn default() -> Engine {
        Engine::new()
    }
}

/// Checks the syntax of an expression without evaluating it.
///
/// # Errors
/// Its syntax error, or that it is too complex.
pub fn check_expression(expression: &str) -> Result<(), TemplateError> {
    check_chain(expression)?;
    Environment::empty().compile_expression(expression)?;
    Ok(())
}

/// Checks the syntax of a template without rendering it.
///
/// # Errors
/// Its first syntax error, or that it is too complex.
pub fn check_template(source: &str) -> Result<(), TemplateError> {
    check_complexity(source)?;
    Environment::empty().template_from_str(source)?;
    Ok(())
}

fn within_limit(output: String) -> Result<String, TemplateError> {
    if output.len() > MAX_OUTPUT {
        return Err(TemplateError::new(format!("it gives more than {} MiB", MAX_OUTPUT >> 20)));
    }
    Ok(output)
}

/// Booleans print as most file formats spell them, none as nothing.
fn format_value(output: &mut Output, state: &mut State, value: &Value) -> Result<(), minijinja::Error> {
    match value.kind() {
        ValueKind::Bool => {
            output.write_str(if value.is_true() { "true" } else { "false" }).map_err(Into::into)
        }
        ValueKind::None => Ok(()),
        _ => minijinja::escape_formatter(output, state, value),
    }
}

fn add_filters(environment: &mut Environment) {
    environment.add_filter("snake_case", |text: String| text.to_snake_case());
    environment.add_filter("kebab_case", |text: String| text.to_kebab_case());
    environment.add_filter("camel_case", |text: String| text.to_lower_camel_case());
    environment.add_filter("pascal_case", |text: String| text.to_upper_camel_case());
    environment.add_filter("screaming_snake_case", |text: String| text.to_shouty_snake_case());
    environment.add_filter("title_case", |text: String| text.to_title_case());
    environment.add_filter("slug", |text: String| slug(&text));
    environment.add_filter("pluralize", |text: String| pluralize(&text));
    environment.add_filter("to_json", to_json);
    environment.add_filter("to_toml", to_toml);
    environment
        .add_filter("to_yaml", |value: &Value| to_json(value, Kwargs::from_iter::<[(&str, Value); 0]>([])));
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

/// The regular English plural.
fn pluralize(word: &str) -> String {
    let lower = word.to_lowercase();
    let consonant_y =
        lower.ends_with('y') && !["ay", "ey", "iy", "oy", "uy"].iter().any(|end| lower.ends_with(end));
    if word.is_empty() {
        String::new()
    } else if consonant_y {
        format!("{}ies", &word[..word.len() - 1])
    } else if ["s", "x", "z", "ch", "sh"].iter().any(|end| lower.ends_with(end)) {
        format!("{word}es")
    } else {
        format!("{word}s")
    }
}

/// JSON, in one line or with `indent=N` over several.
fn to_json(value: &Value, options: Kwargs) -> Result<String, minijinja::Error> {
    must_be_defined(value)?;
    let indent: Option<usize> = options.get("indent")?;
    options.assert_all_used()?;
    let mut json = Vec::new();
    let written = match indent {
        None => serde::Serialize::serialize(value, &mut serde_json::Serializer::new(&mut json)),
        Some(width) => {
            let indent = vec![b' '; width.min(16)];
            let formatter = serde_json::ser::PrettyFormatter::with_indent(&indent);
            serde::Serialize::serialize(
                value,
                &mut serde_json::Serializer::with_formatter(&mut json, formatter),
            )
        }
    };
    written.map_err(cannot_write)?;
    String::from_utf8(json).map_err(cannot_write)
}

/// TOML as it stands behind `key = `.
fn to_toml(value: &Value) -> Result<String, minijinja::Error> {
    must_be_defined(value)?;
    let mut toml = String::new();
    serde::Serialize::serialize(value, toml::ser::ValueSerializer::new(&mut toml)).map_err(cannot_write)?;
    Ok(toml)
}

/// Filters that take any value are not checked by the engine.
fn must_be_defined(value: &Value) -> Result<(), minijinja::Error> {
    if value.is_undefined() { Err(ErrorKind::UndefinedError.into()) } else { Ok(()) }
}

fn cannot_write(error: impl std::error::Error + Send + Sync + 'static) -> minijinja::Error {
    minijinja::Error::new(ErrorKind::BadSerialization, "the value cannot be written").with_source(error)
}

/// Bounds every block and the number of `elif` before the parser recurses over them.
fn check_complexity(source: &str) -> Result<(), TemplateError> {
    let mut rest = source;
    let mut elifs = 0;
    while let Some(open) = rest.find('{') {
        let block = &rest[open..];
        let at_line = || line_of(source, block);
        if let Some(comment) = block.strip_prefix("{#") {
            rest = after(comment, "#}");
        } else if let Some(statement) = block.strip_prefix("{%") {
            let word = statement.trim_start_matches(['-', '+']).trim_start();
            if word
                .strip_prefix("raw")
                .is_some_and(|end| end.trim_start().trim_start_matches(['-', '+']).starts_with("%}"))
            {
                rest = after(statement, "endraw");
                continue;
            }
            elifs += usize::from(word.starts_with("elif"));
            rest = check_block(statement, "%}").map_err(|error| error.on_line(at_line()))?;
        } else if let Some(expression) = block.strip_prefix("{{") {
            rest = check_block(expression, "}}").map_err(|error| error.on_line(at_line()))?;
        } else {
            rest = &block[1..];
        }
    }
    if elifs > MAX_CHAIN {
        return Err(TemplateError::new(format!("it has more than {MAX_CHAIN} `elif`")));
    }
    Ok(())
}

fn line_of(source: &str, rest: &str) -> u32 {
    let before = &source[..source.len() - rest.len()];
    u32::try_from(before.matches('\n').count()).map_or(u32::MAX, |lines| lines.saturating_add(1))
}

fn after<'a>(text: &'a str, mark: &str) -> &'a str {
    text.split_once(mark).map_or("", |(_, rest)| rest)
}

/// Checks code up to its closing delimiter and gives what stands behind.
fn check_block<'a>(code: &'a str, close: &str) -> Result<&'a str, TemplateError> {
    let end = code_end(code, close);
    check_chain(&code[..end])?;
    Ok(code.get(end + close.len()..).unwrap_or(""))
}

/// Where code ends: at the delimiter outside of strings and brackets, as the lexer has it, else
/// with the text.
fn code_end(code: &str, close: &str) -> usize {
    let mut quote = None;
    let mut escaped = false;
    let mut depth = 0_usize;
    for (at, c) in code.char_indices() {
        match quote {
            Some(open) => {
                if c == open && !escaped {
                    quote = None;
                }
                escaped = c == '\\' && !escaped;
            }
            None if c == '"' || c == '\'' => quote = Some(c),
            None if depth == 0 && code[at..].starts_with(close) => return at,
            None if "([{".contains(c) => depth += 1,
            None if ")]}".contains(c) => depth = depth.saturating_sub(1),
            None => {}
        }
    }
    code.len()
}

/// Counts what the parser or the compiler recurses over: operators, calls, filters, attributes.
fn check_chain(code: &str) -> Result<(), TemplateError> {
    const WORDS: &[&str] = &["and", "or", "not", "in", "is", "if", "else"];
    let mut links = 0;
    let mut word = String::new();
    let mut quote = None;
    let mut escaped = false;
    for c in code.chars().chain([' ']) {
        if let Some(open) = quote {
            if c == open && !escaped {
                quote = None;
            }
            escaped = c == '\\' && !escaped;
            continue;
        }
        if c.is_alphanumeric() || c == '_' {
            word.push(c);
            continue;
        }
        links += usize::from(WORDS.contains(&word.as_str()));
        word.clear();
        match c {
            '"' | '\'' => quote = Some(c),
            '.' | '|' | '~' | '+' | '-' | '*' | '/' | '%' | '<' | '>' | '=' | '!' | '(' | '[' | '{' => {
                links += 1
            }
            _ => {}
        }
        if links > MAX_CHAIN {
            return Err(TemplateError::new(format!("one expression has more than {MAX_CHAIN} operators")));
        }
    }
    Ok(())
}

impl TemplateError {
    fn new(message: String) -> TemplateError {
        TemplateError { message, template: None, line: None, column: None, frame: None }
    }

    fn on_line(self, line: u32) -> TemplateError {
        TemplateError { line: Some(line), ..self }
    }

    /// The line in the template, from 1.
    pub fn line(&self) -> Option<u32> {
        self.line
    }

    /// As a diagnostic about a part of `pack.toml`. Line and column are those within the part, so
    /// only the lines themselves are shown.
    pub fn to_diagnostic_of_part(&self, code: Code, what: &str) -> Diagnostic {
        let mut diagnostic = self.to_diagnostic(code, what, "pack.toml");
        if let (None, Some(location)) = (&self.template, &mut diagnostic.location) {
            (location.line, location.column) = (None, None);
        }
        diagnostic
    }

    /// As a diagnostic about a file. An error inside an included template names that one.
    pub fn to_diagnostic(&self, code: Code, what: &str, file: &str) -> Diagnostic {
        let mut diagnostic = Diagnostic::error(code, format!("{what}: {}", self.message)).at(Location {
            pack: None,
            file: self.template.clone().unwrap_or_else(|| file.to_owned()),
            line: self.line,
            column: self.column,
        });
        diagnostic.frame = self.frame.clone();
        diagnostic
    }
}

impl fmt::Display for TemplateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for TemplateError {}

impl From<minijinja::Error> for TemplateError {
    fn from(error: minijinja::Error) -> TemplateError {
        // The innermost error of an include is the one that says what happened.
        let mut innermost = &error;
        while let Some(inner) = std::error::Error::source(innermost).and_then(|e| e.downcast_ref()) {
            innermost = inner;
        }
        TemplateError::from(InnerError(innermost))
    }
}

struct InnerError<'a>(&'a minijinja::Error);

impl From<InnerError<'_>> for TemplateError {
    fn from(InnerError(error): InnerError<'_>) -> TemplateError {
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
        let cause = std::error::Error::source(error).map(|cause| format!(" ({cause})")).unwrap_or_default();
        TemplateError {
            message: message + &cause,
            template: error.name().filter(|name| !name.starts_with('<')).map(str::to_owned),
            line,
            column,
            frame,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chains_are_counted_where_the_lexer_has_them() {
        let engine = Engine::new();
        let render = |source: &str| engine.render_inline(source, &Value::from(())).unwrap_err().to_string();
        let links = ".x".repeat(100_000);
        for source in
            [format!("{{{{ {{\"a\":{{}}}}{links} }}}}"), format!("{{{{ [\"}}}}\", (1)]{links} }}}}")]
        {
            assert_eq!(render(&source), "one expression has more than 200 operators");
        }
        let raw = format!("{{% raw %}}{{{{ {links} }}}}{{% endraw %}}{{# {links} #}}");
        assert!(engine.render_inline(&raw, &Value::from(())).unwrap().contains(".x.x"));
        assert_eq!(render(&"{% if true %}{% elif true %}".repeat(201)), "it has more than 200 `elif`");
    }

    #[test]
    fn filters_of_any_value_refuse_what_is_undefined() {
        for filter in ["to_json", "to_toml", "to_yaml"] {
            let error =
                Engine::new().render_inline(&format!("{{{{ missing | {filter} }}}}"), &Value::from(()));
            assert_eq!(error.unwrap_err().to_string(), "undefined value", "{filter}");
        }
    }
}
