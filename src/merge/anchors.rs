//! Source files: what stands between marked lines.
//!
//! A region begins below a line with `packwright:begin NAME` and ends above one with
//! `packwright:end NAME`, in whatever is a comment there. What a later text has in a region goes to
//! the end of that region. A statement that stands for itself, such as an import, is left out if it
//! is there; the others only if all of them are, one behind the other: a line such as `fi` or an
//! attribute that the first has, too, belongs to something else there. A line that stands twice can
//! be seen, one that is missing cannot.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use super::source::{Pair, Piece, Source, Splices};
use super::{Clash, Excerpt, MergeError, Merged, Side, Why};
use crate::path::RelPath;

const BEGIN: &str = "packwright:begin ";
const END: &str = "packwright:end ";

/// The name that a line marks behind a word, if it has nothing else but what makes a comment.
fn marked<'t>(line: &'t str, word: &str) -> Option<&'t str> {
    let (before, behind) = line.split_once(word)?;
    let name = behind.trim_start();
    let end = name
        .find(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '-' | '_' | '.' | '/'))
        .unwrap_or(name.len());
    // A comment such as `<!-- … NAME-->` may end right behind the name.
    let (name, rest) = name.split_at(end);
    let name = name.trim_end_matches('-');
    let is_alone = !before.chars().chain(rest.chars()).any(char::is_alphanumeric);
    (is_alone && !name.is_empty()).then_some(name)
}

/// Whether a line marks the begin or the end of a region.
pub fn is_anchor(line: &str) -> bool {
    marked(line, BEGIN).is_some() || marked(line, END).is_some()
}

/// Whether a text has a marked line.
pub fn has_anchors(text: &str) -> bool {
    text.contains("packwright:") && text.lines().any(is_anchor)
}

struct Region<'t> {
    name: &'t str,
    /// The line that begins it.
    begin: Range<usize>,
    statements: Vec<Statement>,
    /// The white space that its statements begin with.
    indentation: &'t str,
}

/// Lines that belong together: one, the deeper ones behind it, and a closing bracket.
struct Statement {
    span: Range<usize>,
    /// The lines without the white space around them.
    text: String,
    /// Whether it is whole, and nothing above it says something of it that can be seen.
    free: bool,
    /// Whether, besides, nothing right above it is of another sort.
    alone: bool,
}

impl Statement {
    fn is_one_line(&self) -> bool {
        !self.text.contains('\n')
    }

    /// Whether nothing else is needed to end it, and it goes on with nothing above it.
    fn is_whole(&self) -> bool {
        let word = self.text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').next().unwrap_or("");
        let word = word.to_ascii_lowercase();
        let is_own = !word.is_empty() && !CONTINUES.contains(&word.as_str());
        let last = self.text.lines().last().unwrap_or("");
        if self.is_one_line() {
            let imports = ["import", "use", "from", "require"].contains(&word.as_str())
                && !last.ends_with(OPEN)
                || last.starts_with("#include");
            imports || last.ends_with(';') && is_own
        } else {
            last.starts_with(CLOSERS) && !last.ends_with(OPEN) && is_own
        }
    }

    /// Whether it says something of what stands right below it.
    fn is_about_the_next(&self) -> bool {
        self.text.starts_with('@') || self.text.starts_with("#[") || self.text.ends_with(OPEN)
    }

    fn is_comment(&self) -> bool {
        self.text.starts_with("//") || self.text.starts_with("# ")
    }

    /// The targets of a rule of a Makefile that says how they are made.
    fn targets(&self) -> Option<&str> {
        let (head, rest) = self.text.lines().next()?.split_once(':')?;
        let is_rule = !self.is_one_line() && !rest.starts_with([':', '=']) && !head.contains('=');
        (is_rule && !head.starts_with(['#', '.'])).then(|| head.trim())
    }
}

const CLOSERS: [char; 3] = [')', ']', '}'];

/// What ends a line that goes on below.
const OPEN: [char; 7] = ['(', '[', '{', ',', '\\', ':', '='];

/// What begins a condition of C or of a Makefile, or a text there.
const OPENS: [&str; 6] = ["#if", "ifeq", "ifneq", "ifdef", "ifndef", "define "];

/// The words of statements that are parts of what stands above them.
const CONTINUES: [&str; 21] = [
    "else", "elif", "elsif", "catch", "except", "rescue", "ensure", "finally", "when", "while", "case",
    "default", "break", "continue", "return", "begin", "commit", "end", "fi", "done", "esac",
];

/// A line and where it stands.
type Line<'t> = (Range<usize>, &'t str);

struct Regions<'t> {
    regions: Vec<Region<'t>>,
    /// The lines outside that are not blank.
    outside: Vec<Line<'t>>,
}

fn read<'t>(source: &Source<'t>, makefile: bool) -> Result<Regions<'t>, MergeError> {
    let mut regions: Vec<Region<'t>> = Vec::new();
    let mut names = BTreeSet::new();
    let mut outside = Vec::new();
    let mut open: Option<(&'t str, Range<usize>, Vec<Line<'t>>)> = None;
    for (span, line) in source.lines() {
        let refuse = |message: String| source.unreadable(span.start, message);
        match (marked(line, BEGIN), marked(line, END), &mut open) {
            (Some(name), _, Some((outer, ..))) => {
                return Err(refuse(format!("the region `{name}` begins within the region `{outer}`")));
            }
            (Some(name), _, None) if !names.insert(name) => {
                return Err(refuse(format!("the region `{name}` stands twice")));
            }
            (Some(name), _, None) => open = Some((name, span, Vec::new())),
            (None, Some(name), Some((begun, ..))) if name != *begun => {
                return Err(refuse(format!("the region `{begun}` ends as `{name}`")));
            }
            (None, Some(_), Some(_)) => {
                regions.extend(
                    open.take().map(|(name, begin, lines)| region(source, name, begin, &lines, makefile)),
                );
            }
            (None, Some(name), None) => {
                return Err(refuse(format!("the region `{name}` ends without a beginning")));
            }
            (None, None, Some((_, _, lines))) => lines.push((span, line)),
            (None, None, None) if line.trim().is_empty() => {}
            (None, None, None) => outside.push((span, line.trim())),
        }
    }
    match open {
        Some((name, begin, _)) => {
            Err(source.unreadable(begin.start, format!("the region `{name}` has no end")))
        }
        None => Ok(Regions { regions, outside }),
    }
}

fn region<'t>(
    source: &Source<'t>,
    name: &'t str,
    begin: Range<usize>,
    lines: &[Line<'t>],
    makefile: bool,
) -> Region<'t> {
    let filled = || lines.iter().filter(|(_, line)| !line.trim().is_empty());
    let depth = |line: &str| line.len() - line.trim_start().len();
    let base = filled().map(|(_, line)| depth(line)).min().unwrap_or(0);
    let mut statements: Vec<Statement> = Vec::new();
    for (span, line) in filled() {
        let content = line.trim();
        let start = span.start + depth(line);
        match statements.last_mut() {
            Some(statement) if depth(line) > base || content.starts_with(CLOSERS) => {
                statement.span.end = span.end;
                statement.text += "\n";
                statement.text += content;
            }
            _ => statements.push(Statement {
                span: start..span.end,
                text: content.to_owned(),
                free: false,
                alone: false,
            }),
        }
    }
    find_alone(source, &mut statements, makefile);
    let place = statements.first().map_or(begin.start, |statement| statement.span.start);
    Region { name, indentation: source.indentation(place), begin, statements }
}

/// Finds the statements that stand for themselves: not between the quotes or the conditions that
/// another opens, and not right below one that may say something of them, as an attribute does.
fn find_alone(source: &Source<'_>, statements: &mut [Statement], makefile: bool) {
    let (mut quoted, mut conditions, mut above) = (false, 0_usize, 0);
    let (mut clear, mut bound) = (true, false);
    for statement in statements {
        let gap = source.text[above..statement.span.start].matches('\n').count() > 1;
        above = statement.span.end;
        let quotes: usize =
            ["\"\"\"", "'''", "`"].iter().map(|quote| statement.text.matches(quote).count()).sum();
        let closed = !quoted && quotes.is_multiple_of(2);
        quoted ^= !quotes.is_multiple_of(2);
        for line in statement.text.lines() {
            if OPENS.iter().any(|word| line.starts_with(word)) {
                conditions += 1;
            } else if ["#endif", "endif", "endef"].iter().any(|word| line.starts_with(word)) {
                conditions = conditions.saturating_sub(1);
            }
        }
        let whole = statement.is_whole() || makefile && statement.targets().is_some();
        statement.free = whole && closed && conditions == 0 && (gap || !bound);
        statement.alone = statement.free && (gap || clear);
        clear = statement.alone || (gap || clear) && (statement.is_comment() || makefile);
        bound = statement.is_about_the_next();
    }
}

fn is_makefile(path: &RelPath) -> bool {
    let name = path.file_name().to_ascii_lowercase();
    ["makefile", "gnumakefile"].contains(&name.as_str()) || name.ends_with(".mk")
}

pub(super) fn merge(path: &RelPath, first: &Source<'_>, second: &Source<'_>) -> Result<Merged, MergeError> {
    let makefile = is_makefile(path);
    let (ours, theirs) = (read(first, makefile)?, read(second, makefile)?);
    // What has nothing but regions goes into the other, whoever comes first.
    if ours.outside.is_empty() && !theirs.outside.is_empty() {
        let turned = |Clash { key, first, second, why }| Clash { key, first: second, second: first, why };
        let mut merged = into((second, &theirs), (first, &ours), makefile).map_err(|error| match error {
            MergeError::Clashes(clashes) => MergeError::Clashes(clashes.into_iter().map(turned).collect()),
            unreadable => unreadable,
        })?;
        for whose in &mut merged.lines {
            whose.side = match whose.side {
                Side::First => Side::Second,
                Side::Second => Side::First,
            };
        }
        return Ok(merged);
    }
    into((first, &ours), (second, &theirs), makefile)
}

/// Puts what a text has in its regions into those of another.
fn into(
    (first, ours): (&Source<'_>, &Regions<'_>),
    (second, theirs): (&Source<'_>, &Regions<'_>),
    makefile: bool,
) -> Result<Merged, MergeError> {
    let pair = Pair::new(first, second);
    let mut clashes: Vec<Clash> = outside(&pair, ours, theirs).into_iter().collect();
    let names: BTreeMap<&str, &Region<'_>> =
        ours.regions.iter().map(|region| (region.name, region)).collect();
    if makefile {
        clashes.extend(recipes(&pair, ours, theirs));
    }
    let mut splices = Splices::default();
    for region in &theirs.regions {
        match names.get(region.name) {
            Some(ours) => append(&pair, &mut splices, ours, region),
            None => clashes.push(Clash {
                key: region.name.to_owned(),
                first: Excerpt::NOTHING,
                second: pair.second.excerpt(&region.begin),
                why: Why::Region,
            }),
        }
    }
    if clashes.is_empty() { splices.apply(first) } else { Err(MergeError::Clashes(clashes)) }
}

/// The first line that a later text has outside of its regions and the first text has not.
fn outside(pair: &Pair<'_>, ours: &Regions<'_>, theirs: &Regions<'_>) -> Option<Clash> {
    if theirs.outside.is_empty() {
        return None;
    }
    let longest = ours.outside.len().max(theirs.outside.len());
    let at = (0..longest).find(|&at| {
        ours.outside.get(at).map(|(_, line)| line) != theirs.outside.get(at).map(|(_, line)| line)
    })?;
    let excerpt = |source: &Source<'_>, lines: &[Line<'_>]| {
        lines.get(at).map_or(Excerpt::NOTHING, |(span, _)| source.excerpt(span))
    };
    let (first, second) = (excerpt(pair.first, &ours.outside), excerpt(pair.second, &theirs.outside));
    Some(Clash { key: String::new(), first, second, why: Why::Outside })
}

/// The rules of a Makefile that say in two ways how one target is made.
fn recipes(pair: &Pair<'_>, ours: &Regions<'_>, theirs: &Regions<'_>) -> Vec<Clash> {
    fn rules<'r>(regions: &'r Regions<'_>) -> impl Iterator<Item = (&'r str, &'r Statement)> {
        let statements = regions.regions.iter().flat_map(|region| &region.statements);
        statements.filter_map(|statement| Some((statement.targets()?, statement)))
    }
    let there: BTreeSet<&str> = rules(ours).map(|(_, rule)| rule.text.as_str()).collect();
    let known: BTreeMap<&str, &Statement> = rules(ours).collect();
    let new = rules(theirs).filter(|(_, rule)| !there.contains(rule.text.as_str()));
    new.filter_map(|(target, rule)| {
        let span = &known.get(target)?.span;
        Some(pair.clash(target.to_owned(), span, &rule.span, Why::Values))
    })
    .collect()
}

/// Statements one behind the other; no blank line stands in any.
fn run<'r>(statements: impl Iterator<Item = &'r Statement>) -> String {
    let texts = statements.map(|statement| format!("{}\n\n", statement.text));
    std::iter::once("\n\n".to_owned()).chain(texts).collect()
}

fn append(pair: &Pair<'_>, splices: &mut Splices, ours: &Region<'_>, theirs: &Region<'_>) {
    let free = ours.statements.iter().filter(|statement| statement.free);
    let there: BTreeSet<&str> = free.map(|statement| statement.text.as_str()).collect();
    let bound = || theirs.statements.iter().filter(|statement| !statement.alone);
    let texts: BTreeSet<&str> = bound().map(|statement| statement.text.as_str()).collect();
    let may_be = |statement: &&Statement| !statement.free || texts.contains(statement.text.as_str());
    let is_there = run(ours.statements.iter().filter(may_be)).contains(&run(bound()));
    let mut pieces = Vec::new();
    for statement in &theirs.statements {
        let known = if statement.alone { there.contains(statement.text.as_str()) } else { is_there };
        if !known {
            pieces.push(Piece::glue(format!("{}{}", pair.line_break, ours.indentation)));
            pieces.push(pair.moved(statement.span.clone(), ours.indentation));
        }
    }
    let end = ours.statements.last().map_or(ours.begin.end, |statement| statement.span.end);
    splices.insert(end, pieces);
}
