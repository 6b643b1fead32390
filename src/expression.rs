//! The template language: what expressions, default values, paths and files all share.
//!
//! One [`Engine`] is a minijinja environment with our filters, strict about undefined variables,
//! without clock, randomness or files, and bounded in work, memory and depth. Not here: which
//! variables there are, and what a pack wants rendered.
//!
//! Besides what minijinja brings there are
//!
//! | filters | what they give |
//! | --- | --- |
//! | `snake_case` `kebab_case` `camel_case` `pascal_case` `screaming_snake_case` `title_case` | the words of a text, joined in that way; acronyms and digits as `heck` has them |
//! | `slug` | lower-case ASCII letters and digits with single `-` between them |
//! | `pluralize` | the English plural of a singular |
//! | `to_json`, also as `tojson` | JSON in one line, or with `indent=N` over several |
//! | `to_toml` | TOML as it stands behind `key = ` |
//! | `to_yaml` | YAML in block style; with `indent=N` all lines but the first stand N blanks further right. Texts are quoted wherever a reader of YAML 1.1 or 1.2 would take them for something else |
//!
//! and the methods of Python that templates for Jinja use: of texts `lower` `upper` `title`
//! `capitalize` `replace` `split` `splitlines` `join` `strip` `lstrip` `rstrip` `startswith`
//! `endswith`, of maps `items` `keys` `values` `get`.
//!
//! Printed by `{{ }}`, booleans are `true` and `false`, none is nothing, and lists and maps are JSON in
//! one line: `["a", true, null]`. Only where the language itself makes a text of a value, by `~`,
//! `join` and `string`, booleans and none read as in Python.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use minijinja::value::{Kwargs, ValueKind};
use minijinja::{AutoEscape, Environment, ErrorKind, State, UndefinedBehavior, Value};

use crate::name::PackName;
use crate::path::RelPath;

use bounds::{check_chain, check_complexity};
use library::Refusal;

pub use error::TemplateError;
pub use library::{Library, Shelf};
pub use provenance::{SourceFile, Written};
pub use syntax::{DelimiterError, Delimiters, MAX_DELIMITER, Syntax};

mod bounds;
mod error;
mod library;
mod methods;
mod provenance;
mod syntax;
mod values;
mod words;

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
    /// For templates, in the syntax of their pack.
    environment: Environment<'static>,
    /// For expressions, which are no templates and know no delimiters.
    expressions: Environment<'static>,
    syntax: Syntax,
    library: Arc<Library>,
    /// What was looked for last and not found: the engine keeps only the name.
    missed: Arc<Mutex<Option<Refusal>>>,
}

/// A rendered file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// Its text.
    pub text: String,
    /// Where each line of it came from.
    pub lines: Vec<Written>,
}

impl Engine {
    /// An engine without templates, in Jinja's own syntax.
    pub fn new() -> Engine {
        Engine::with_syntax(Syntax::default(), Arc::default())
    }

    /// An engine for the templates of one pack, which may include, import and extend one another and
    /// those of the packs it depends on directly. Each is checked when it is first used.
    pub fn of_pack(library: &Arc<Library>, pack: &PackName) -> Engine {
        let syntax = library.shelf(pack.as_str()).map(|(_, shelf)| shelf.syntax.clone());
        let mut engine = Engine::with_syntax(syntax.unwrap_or_default(), Arc::clone(library));
        engine.add_foreign(pack);
        let (names, home) = (Arc::clone(library), pack.to_string());
        engine.environment.set_path_join_callback(move |name, parent| {
            // What has no name of its own, such as a path, stands at the root of the pack.
            let asker = if parent.contains(':') { parent } else { &home };
            match names.resolve(name, asker) {
                Ok(full) => full.into(),
                // The loader says why; nothing else looks up names with this mark.
                Err(_) => format!("\0{asker}\0{name}").into(),
            }
        });
        let (texts, missed) = (Arc::clone(library), Arc::clone(&engine.missed));
        let syntax = engine.syntax.clone();
        engine.environment.set_loader(move |name| {
            load(&texts, name, &syntax).map(Some).map_err(|refusal| {
                let kind = match refusal.ignorable {
                    true => ErrorKind::TemplateNotFound,
                    false => ErrorKind::InvalidOperation,
                };
                *missed.lock().unwrap_or_else(PoisonError::into_inner) = Some(refusal.clone());
                minijinja::Error::new(kind, "it cannot be read").with_source(refusal)
            })
        });
        engine
    }

    fn with_syntax(syntax: Syntax, library: Arc<Library>) -> Engine {
        let mut environment = Environment::new();
        environment.set_debug(true); // errors carry the source they point into
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.set_auto_escape_callback(|_| AutoEscape::None);
        environment.set_formatter(values::print);
        environment.set_unknown_method_callback(methods::call);
        environment.set_fuel(Some(FUEL));
        environment.set_recursion_limit(MAX_RECURSION);
        environment.remove_global("debug");
        for (name, filter) in words::FILTERS {
            environment.add_filter(*name, move |value: &Value| Ok(filter(&words::text_of(value)?)));
        }
        for name in ["to_json", "tojson"] {
            environment.add_filter(name, |state: &State, value: &Value, options: Kwargs| {
                values::to_json(state, value, options)
            });
        }
        environment.add_filter("to_toml", |state: &State, value: &Value| values::to_toml(state, value));
        environment.add_filter("to_yaml", |state: &State, value: &Value, options: Kwargs| {
            values::to_yaml(state, value, options)
        });
        let expressions = environment.clone();
        environment.set_syntax(syntax.config());
        Engine { environment, expressions, syntax, library, missed: Arc::default() }
    }

    /// Compiles what is written in another syntax than the pack's. The environment knows one syntax
    /// for all that it loads by itself, but what it has compiled stays as it is.
    fn add_foreign(&mut self, pack: &PackName) {
        let library = Arc::clone(&self.library);
        for (name, shelf) in library.below(pack) {
            if shelf.syntax == self.syntax {
                continue;
            }
            self.environment.set_syntax(shelf.syntax.config());
            for (path, text) in &shelf.texts {
                if check_complexity(text, &shelf.syntax).is_ok() {
                    // One that fails is looked up when it is used, and fails there.
                    let _ = self.environment.add_template_owned(format!("{name}:{path}"), text.clone());
                }
            }
        }
        self.environment.set_syntax(self.syntax.config());
    }

    /// How the templates of this engine's pack are written.
    pub fn syntax(&self) -> &Syntax {
        &self.syntax
    }

    /// Renders a file of a pack.
    ///
    /// # Errors
    /// Syntax, undefined variables, failing filters, or a limit that was hit.
    pub fn render(&self, pack: &PackName, path: &RelPath, context: &Value) -> Result<Page, TemplateError> {
        let name = format!("{pack}:{path}");
        let template = self.environment.get_template(&name).map_err(|error| {
            // Found again for the line: what the environment loads has none yet.
            let text = self.library.look_up(&name).ok();
            let complex = text.and_then(|(text, syntax)| check_complexity(text, syntax).err());
            complex.unwrap_or_else(|| self.told(&error, &name, context))
        })?;
        let rendered = template.render_with_spans(context.clone());
        let (text, spans) = rendered.map_err(|error| self.told(&error, &name, context))?;
        let text = within_limit(text)?;
        let lines = provenance::lines(&text, &spans, &self.library);
        Ok(Page { text, lines })
    }

    /// Renders a template that has no name of its own: a path or a default value.
    ///
    /// # Errors
    /// As [`Engine::render`].
    pub fn render_inline(&self, source: &str, context: &Value) -> Result<String, TemplateError> {
        check_complexity(source, &self.syntax)?;
        let rendered = self.environment.render_str(source, context.clone());
        within_limit(rendered.map_err(|error| self.told(&error, "", context))?)
    }

    /// Whether an expression is true, by the rules of the language: not false, none, zero or empty.
    ///
    /// # Errors
    /// As [`Engine::render`].
    pub fn is_true(&self, expression: &str, context: &Value) -> Result<bool, TemplateError> {
        self.evaluate(expression, context).map(|value| value.is_true())
    }

    /// The items of a list that an expression gives.
    ///
    /// # Errors
    /// As [`Engine::render`], and what is no list.
    pub fn items(&self, expression: &str, context: &Value) -> Result<Vec<Value>, TemplateError> {
        let value = self.evaluate(expression, context)?;
        let items = match value.kind() {
            ValueKind::Seq | ValueKind::Iterable => value.try_iter(),
            kind => {
                return Err(TemplateError::new(format!("`{expression}` gives no list, but a {kind}")));
            }
        };
        Ok(items.map_err(|error| self.told(&error, "", context))?.collect())
    }

    fn evaluate(&self, expression: &str, context: &Value) -> Result<Value, TemplateError> {
        check_chain(expression)?;
        let compiled = self.expressions.compile_expression_owned(expression.to_owned());
        let value = compiled.and_then(|compiled| compiled.eval(context.clone()));
        let value = value.map_err(|error| self.told(&error, "", context))?;
        if value.is_undefined() { Err(TemplateError::undefined(expression, context)) } else { Ok(value) }
    }

    fn told(&self, error: &minijinja::Error, rendered: &str, context: &Value) -> TemplateError {
        let missed = self.missed.lock().unwrap_or_else(PoisonError::into_inner).take();
        TemplateError::told(error, rendered, context, &self.library, missed)
    }
}

impl Default for Engine {
    fn default() -> Engine {
        Engine::new()
    }
}

/// The text of a template by its full name, if an environment of the given syntax may compile it.
fn load(library: &Library, name: &str, known: &Syntax) -> Result<String, Refusal> {
    if let Some((asker, name)) = name.strip_prefix('\0').and_then(|rest| rest.split_once('\0')) {
        library.resolve(name, asker)?;
    }
    let (text, syntax) = library.look_up(name)?;
    let placed = |error: TemplateError| {
        let line = error.line().map(|line| format!(":{line}")).unwrap_or_default();
        Refusal::new(format!("{error} (in `{name}{line}`)"))
    };
    check_complexity(text, syntax).map_err(placed)?;
    if syntax != known {
        // It would be compiled already if it could be.
        check_template(text, syntax).map_err(placed)?;
    }
    Ok(text.to_owned())
}

/// Checks the syntax of an expression without evaluating it, and gives the names that it reads.
///
/// # Errors
/// Its syntax error, or that it is too complex.
pub fn check_expression(expression: &str) -> Result<BTreeSet<String>, TemplateError> {
    check_chain(expression)?;
    let environment = Environment::empty();
    let compiled = environment.compile_expression(expression).map_err(|error| TemplateError::from(&error))?;
    Ok(compiled.undeclared_variables(false).into_iter().collect())
}

/// Checks the syntax of a template without rendering it, and gives the names that it reads and does not
/// set itself.
///
/// # Errors
/// Its first syntax error, or that it is too complex.
pub fn check_template(source: &str, syntax: &Syntax) -> Result<BTreeSet<String>, TemplateError> {
    check_complexity(source, syntax)?;
    let mut environment = Environment::empty();
    environment.set_syntax(syntax.config());
    let compiled = environment.template_from_str(source).map_err(|error| TemplateError::from(&error))?;
    Ok(compiled.undeclared_variables(false).into_iter().collect())
}

fn within_limit(output: String) -> Result<String, TemplateError> {
    if output.len() > MAX_OUTPUT {
        return Err(TemplateError::new(format!("it gives more than {} MiB", MAX_OUTPUT >> 20)));
    }
    Ok(output)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(source: &str) -> String {
        Engine::new().render_inline(source, &Value::from(())).unwrap_err().to_string()
    }

    #[test]
    fn filters_of_any_value_refuse_what_is_undefined() {
        for filter in ["to_json", "to_toml", "to_yaml"] {
            assert_eq!(error(&format!("{{{{ missing | {filter} }}}}")), "undefined value", "{filter}");
        }
    }

    /// One pack `a` of these files, and what its file `main` gives.
    fn page(texts: &[(&str, &str)]) -> Page {
        let texts = texts.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect();
        let (version, dependencies) = ("1.0.0".parse().unwrap(), Default::default());
        let pack: PackName = "a".parse().unwrap();
        let shelf = Shelf { version, syntax: Syntax::default(), dependencies, texts };
        let library = Arc::new(Library::from_iter([(pack.clone(), shelf)]));
        let context = Value::from_pairs([("name", "x")]);
        Engine::of_pack(&library, &pack).render(&pack, &"main".parse().unwrap(), &context).unwrap()
    }

    #[test]
    fn every_line_knows_where_it_came_from() {
        let page = page(&[
            (
                "main",
                "{# nothing #}\n{% extends \"base\" %}\n{% import \"macros\" as m %}\n{% block body %}\n\
                 one {{ name }}\n{{ super() }}\n{% include \"part\" %}\n{{ m.two() }}\n{{ name }}\n{% raw %}\nraw\n{% endraw %}\n\
                 {% for n in range(2) %}\nloop {{ n }}\n{% endfor %}\n{% endblock %}\n",
            ),
            ("base", "head\n{% block body %}\ninherited\n{% endblock %}\n\nfoot"),
            ("part", "{% set y = 1 %}\npart {{ y }}\n  last\n"),
            ("macros", "{% macro two() %}\na\nb{% endmacro %}"),
        ]);
        let told: Vec<String> = page
            .text
            .lines()
            .zip(&page.lines)
            .map(|(text, written)| format!("{text} <- {}:{}", written.file.path, written.line))
            .collect();
        assert_eq!(
            told,
            [
                "head <- base:1",
                "one x <- main:5",
                "inherited <- base:3",
                " <- main:6",
                "part 1 <- part:2",
                "  last <- part:3",
                "a <- main:8",
                "b <- main:8",
                "x <- main:9",
                "raw <- main:11",
                "loop 0 <- main:14",
                "loop 1 <- main:14",
                " <- base:5",
                "foot <- base:6",
            ]
        );
        assert_eq!(page.text.lines().count(), page.lines.len());
    }
}
