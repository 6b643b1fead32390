//! The delimiters of a pack's templates, and what becomes of lines that hold only code.

use std::fmt;

use minijinja::syntax::SyntaxConfig;
use thiserror::Error;

/// The most bytes of a delimiter.
pub const MAX_DELIMITER: usize = 16;

/// What stands around a kind of code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delimiters {
    open: String,
    close: String,
}

/// A pair of delimiters that a reader, or the lexer, could take for something else.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum DelimiterError {
    /// Nothing would mark the code.
    #[error("a delimiter is empty")]
    Empty,
    /// Longer than [`MAX_DELIMITER`].
    #[error("a delimiter has more than {MAX_DELIMITER} bytes")]
    TooLong,
    /// It has quotes, blanks or characters beyond ASCII.
    #[error("a delimiter holds only visible ASCII characters, and no quotes")]
    Character,
    /// Within code it could be part of a name, a number or a sign.
    #[error("the closing delimiter `{0}` is punctuation, and does not start with any of `. + - _ \\`")]
    Closing(String),
    /// Where the code ends could not be told from where it starts.
    #[error("opening and closing delimiter are both `{0}`")]
    Same(String),
    /// Two kinds of code could not be told apart.
    #[error("`{0}` and `{1}` start alike, so that code of the two could not be told apart")]
    Ambiguous(String, String),
}

impl Delimiters {
    /// What statements or values to print start and end with.
    ///
    /// # Errors
    /// A pair that is ambiguous by itself. The rules are stricter than those of the engine, so that
    /// the place where code ends can be found without knowing its grammar.
    pub fn of_code(open: &str, close: &str) -> Result<Delimiters, DelimiterError> {
        let pair = Delimiters::of_comment(open, close)?;
        let in_code = close.starts_with(['.', '+', '-', '_', '\\']);
        if in_code || close.contains(|c: char| !c.is_ascii_punctuation()) {
            return Err(DelimiterError::Closing(pair.close));
        }
        Ok(pair)
    }

    /// What comments start and end with.
    ///
    /// # Errors
    /// A pair that is ambiguous by itself.
    pub fn of_comment(open: &str, close: &str) -> Result<Delimiters, DelimiterError> {
        for delimiter in [open, close] {
            if delimiter.is_empty() {
                return Err(DelimiterError::Empty);
            }
            if delimiter.len() > MAX_DELIMITER {
                return Err(DelimiterError::TooLong);
            }
            if delimiter.contains(|c: char| !c.is_ascii_graphic() || matches!(c, '"' | '\'' | '`')) {
                return Err(DelimiterError::Character);
            }
        }
        if open == close {
            return Err(DelimiterError::Same(open.to_owned()));
        }
        Ok(Delimiters { open: open.to_owned(), close: close.to_owned() })
    }
}

/// How a pack's templates are written.
#[derive(Clone)]
pub struct Syntax(SyntaxConfig);

impl Syntax {
    /// Templates with these delimiters; those left out are Jinja's own.
    ///
    /// With `trim_blocks` the line break behind a statement or comment is dropped, with
    /// `lstrip_blocks` the blanks before one that starts its line.
    ///
    /// # Errors
    /// Two kinds of code that start alike.
    pub fn new(
        block: Option<Delimiters>,
        variable: Option<Delimiters>,
        comment: Option<Delimiters>,
        trim_blocks: bool,
        lstrip_blocks: bool,
    ) -> Result<Syntax, DelimiterError> {
        let own = |open: &str, close: &str| Delimiters { open: open.to_owned(), close: close.to_owned() };
        let block = block.unwrap_or_else(|| own("{%", "%}"));
        let variable = variable.unwrap_or_else(|| own("{{", "}}"));
        let comment = comment.unwrap_or_else(|| own("{#", "#}"));
        for (one, other) in [(&block, &variable), (&block, &comment), (&variable, &comment)] {
            if one.open.starts_with(&other.open) || other.open.starts_with(&one.open) {
                return Err(DelimiterError::Ambiguous(one.open.clone(), other.open.clone()));
            }
        }
        let config = SyntaxConfig::builder()
            .block_delimiters(block.open, block.close)
            .variable_delimiters(variable.open, variable.close)
            .comment_delimiters(comment.open, comment.close)
            .trim_blocks(trim_blocks)
            .lstrip_blocks(lstrip_blocks)
            .keep_trailing_newline(true)
            .build();
        Ok(Syntax(config.expect("delimiters that differ and are not empty are valid")))
    }

    /// As the engine wants it.
    pub(super) fn config(&self) -> SyntaxConfig {
        self.0.clone()
    }

    /// What stands around statements.
    pub(super) fn block(&self) -> (&str, &str) {
        self.0.block_delimiters()
    }

    /// What stands around values to print.
    pub(super) fn variable(&self) -> (&str, &str) {
        self.0.variable_delimiters()
    }

    /// What stands around comments.
    pub(super) fn comment(&self) -> (&str, &str) {
        self.0.comment_delimiters()
    }

    /// Whether a text has any code or comment.
    pub fn is_in(&self, text: &str) -> bool {
        [self.block(), self.variable(), self.comment()].iter().any(|(open, _)| text.contains(open))
    }

    fn parts(&self) -> impl PartialEq + fmt::Debug + '_ {
        (self.block(), self.variable(), self.comment(), self.0.trim_blocks(), self.0.lstrip_blocks())
    }
}

/// Jinja's own delimiters, with lines that hold only code dropped.
impl Default for Syntax {
    fn default() -> Syntax {
        Syntax::new(None, None, None, true, true).expect("Jinja's own delimiters are not ambiguous")
    }
}

impl PartialEq for Syntax {
    fn eq(&self, other: &Syntax) -> bool {
        self.parts() == other.parts()
    }
}

impl Eq for Syntax {}

impl fmt::Debug for Syntax {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Syntax").field(&self.parts()).finish()
    }
}
