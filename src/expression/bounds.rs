//! Bounds the code of a template before anything recurses over it.
//!
//! This follows the lexer exactly: if the two disagreed on where code ends, a template could hide a
//! chain from the one that counts. [`Delimiters`](super::Delimiters) are such that they cannot.

use super::MAX_CHAIN;
use super::error::TemplateError;
use super::syntax::Syntax;

/// A kind of code, by what it starts with.
#[derive(Clone, Copy)]
enum Marker {
    Block,
    Variable,
    Comment,
}

/// Bounds every block and the number of `elif`.
pub(super) fn check_complexity(source: &str, syntax: &Syntax) -> Result<(), TemplateError> {
    let (block, variable, comment) = (syntax.block(), syntax.variable(), syntax.comment());
    let mut rest = source;
    let mut elifs = 0;
    while let Some((marker, inside)) = next_marker(rest, syntax) {
        let on_line = |error: TemplateError| error.on_line(line_of(source, inside));
        rest = match marker {
            Marker::Comment => after(inside, comment.1),
            Marker::Variable => check_code(inside, variable.1).map_err(on_line)?,
            Marker::Block => match behind_tag(inside, "raw", block.1) {
                Some(raw) => behind_raw(raw, block),
                None => {
                    elifs += usize::from(inside.trim_start().starts_with("elif"));
                    check_code(inside, block.1).map_err(on_line)?
                }
            },
        };
    }
    if elifs > MAX_CHAIN {
        return Err(TemplateError::new(format!("it has more than {MAX_CHAIN} `elif`")));
    }
    Ok(())
}

/// The first code, and what stands behind its delimiter and the sign for blanks.
fn next_marker<'a>(text: &'a str, syntax: &Syntax) -> Option<(Marker, &'a str)> {
    let markers = [
        (syntax.block().0, Marker::Block),
        (syntax.variable().0, Marker::Variable),
        (syntax.comment().0, Marker::Comment),
    ];
    let firsts = markers.map(|(open, _)| open.as_bytes()[0]);
    let mut at = 0;
    loop {
        at += text.as_bytes()[at..].iter().position(|byte| firsts.contains(byte))?;
        // Delimiters are ASCII, so this is no place within a character.
        for (open, marker) in markers {
            if let Some(inside) = text[at..].strip_prefix(open) {
                return Some((marker, inside.strip_prefix(['-', '+']).unwrap_or(inside)));
            }
        }
        at += 1;
    }
}

fn line_of(source: &str, rest: &str) -> u32 {
    let before = &source[..source.len() - rest.len()];
    u32::try_from(before.matches('\n').count()).map_or(u32::MAX, |lines| lines.saturating_add(1))
}

fn after<'a>(text: &'a str, mark: &str) -> &'a str {
    text.split_once(mark).map_or("", |(_, rest)| rest)
}

/// What stands behind a statement of one word.
fn behind_tag<'a>(inside: &'a str, word: &str, close: &str) -> Option<&'a str> {
    let blank = |c: char| c.is_ascii_whitespace();
    let rest = inside.trim_start_matches(blank).strip_prefix(word)?.trim_start_matches(blank);
    rest.strip_prefix(['-', '+']).unwrap_or(rest).strip_prefix(close)
}

fn behind_raw<'a>(raw: &'a str, (open, close): (&str, &str)) -> &'a str {
    let mut rest = raw;
    while let Some((_, inside)) = rest.split_once(open) {
        let signed = inside.strip_prefix(['-', '+']).unwrap_or(inside);
        if let Some(behind) = behind_tag(signed, "endraw", close) {
            return behind;
        }
        rest = inside;
    }
    ""
}

/// Checks code up to its closing delimiter and gives what stands behind.
fn check_code<'a>(code: &'a str, close: &str) -> Result<&'a str, TemplateError> {
    let end = code_end(code, close);
    check_chain(&code[..end])?;
    Ok(code.get(end + close.len()..).unwrap_or(""))
}

/// Where code ends: at the delimiter outside of strings and brackets and not within a sign of two
/// characters, else with the text.
fn code_end(code: &str, close: &str) -> usize {
    const PAIRS: &[&str] = &["//", "**", "==", "!=", ">=", "<="];
    let mut depth = 0_isize;
    let mut at = 0;
    while let Some(c) = code[at..].chars().next() {
        let rest = &code[at..];
        if depth == 0 && rest.starts_with(close) {
            return at;
        }
        at += match c {
            _ if PAIRS.iter().any(|pair| rest.starts_with(pair)) => 2,
            '"' | '\'' => 1 + quoted(&rest[1..], c),
            _ => c.len_utf8(),
        };
        match c {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth -= 1,
            _ => {}
        }
    }
    code.len()
}

/// The length of what a quote opened, with the quote that closes it.
fn quoted(text: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        if c == quote && !escaped {
            return at + 1;
        }
        escaped = c == '\\' && !escaped;
    }
    text.len()
}

/// Counts what the parser or the compiler recurses over: operators, calls, filters, attributes.
pub(super) fn check_chain(code: &str) -> Result<(), TemplateError> {
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

#[cfg(test)]
mod tests {
    use super::super::Delimiters;
    use super::*;

    fn told(source: &str, syntax: &Syntax) -> Option<String> {
        check_complexity(source, syntax).err().map(|error| error.to_string())
    }

    fn latex() -> Syntax {
        let pair = |open, close| Some(Delimiters::of_code(open, close).unwrap());
        let comment = Delimiters::of_comment("<!--", "-->").unwrap();
        Syntax::new(pair("<%", "=%>"), pair("\\VAR{", "}"), Some(comment), true, true).unwrap()
    }

    #[test]
    fn chains_are_counted_where_the_lexer_has_them() {
        let links = ".x".repeat(100_000);
        let too_many = Some("one expression has more than 200 operators");
        for source in [
            format!("{{{{ {{\"a\":{{}}}}{links} }}}}"),
            format!("{{{{ [\"}}}}\", (1)]{links} }}}}"),
            format!("{{% raw %}} endraw {{{{ \" {{% endraw %}} {{{{ a{links} }}}} \""),
            format!("{{#-#}}{{{{ a{links} }}}}"),
        ] {
            assert_eq!(told(&source, &Syntax::default()).as_deref(), too_many, "{}", &source[..40]);
        }
        for source in [
            format!("\\VAR{{ {{\"a\": 1}}{links} }}"),
            format!("<!----> \\VAR{{ \" --> \\VAR{{ a{links} }} \""),
            format!("<% if a ==%> ]{links} =%>"),
            format!("<%raw=%> <%- endraw +=%>\\VAR{{{links}}}"),
        ] {
            assert_eq!(told(&source, &latex()).as_deref(), too_many, "{}", &source[..30]);
        }
    }

    #[test]
    fn what_is_no_code_may_have_any_form() {
        let links = ".x".repeat(1000);
        let raw = format!("{links}{{% raw -%}}{{{{ {links} }}}}{{% endraw %}}{{# {links} #}}");
        assert_eq!(told(&raw, &Syntax::default()), None);
        assert_eq!(told(&format!("{{{{ {links} }}}} <!-- {links} -->"), &latex()), None);
        let elifs = "{% if true %}{% elif true %}".repeat(201);
        assert_eq!(told(&elifs, &Syntax::default()).as_deref(), Some("it has more than 200 `elif`"));
    }
}
