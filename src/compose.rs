//! Joins what several packs give into one set of files.
//!
//! A path that one pack writes is taken as it is; equal files of several packs are one file. What
//! becomes of any other path that comes up twice is said by the [`Composition`]; where it says
//! nothing that works, it is a conflict with both origins, never a silent winner.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::Serialize;

use crate::composition::{Composition, Merge, Prefer, Rule, Strategy};
use crate::diagnostic::{Code, Diagnostic};
use crate::expression::{SourceFile, Written};
use crate::manifest::Mode;
use crate::merge::{self, Clash, Excerpt, Kind, MergeError, Note, Policy, Side, Whose, Why, unified_diff};
use crate::name::PackName;
use crate::path::{Collision, PathSet, RelPath};
use crate::render::{Origin, Rendered};

/// A file of a project, and who gave it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Where it goes, relative to the project.
    pub path: RelPath,
    /// Its content.
    pub content: Vec<u8>,
    /// Its mode.
    pub mode: Mode,
    /// Where it comes from: of one that was joined everything that is in it, in install order.
    pub origins: Vec<Origin>,
    /// The packs whose file of this path was left out for this one, in install order.
    pub over: Vec<PackName>,
    /// Where each of its lines comes from; empty for a copy of a file.
    pub lines: Vec<Written>,
    /// How it joins others of its path, if one of its packs says so.
    merge: Option<Merge>,
}

/// The files of a project by their paths.
pub type Tree = BTreeMap<RelPath, File>;

/// What came of composing.
#[derive(Clone, Debug, Default)]
pub struct Composed {
    /// The files. Of a conflict there is what the earliest pack gives.
    pub tree: Tree,
    /// All conflicts of paths, with what is on both sides.
    pub conflicts: Vec<Diagnostic>,
    /// What was decided and should be known: versions that were raised.
    pub notes: Vec<Diagnostic>,
    /// The rules, by their place, that are about no file of several packs.
    pub unused: Vec<usize>,
}

/// A conflict as data: the details of a `path-conflict`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct FileConflict {
    /// The path.
    pub path: RelPath,
    /// The key path, region or line within the file; none: the files as a whole.
    pub key: Option<String>,
    /// What there is, in install order.
    pub sides: Vec<ConflictSide>,
}

/// One side of a conflict.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct ConflictSide {
    /// Who gives it.
    pub origin: Origin,
    /// The line in the source, from 1, if it is known.
    pub line: Option<u32>,
    /// What is there, its first line; none where it may hold a secret.
    pub text: Option<String>,
}

/// Joins files in the order given, which is the install order of their packs. The content of the
/// paths in `secret` is not told to anybody.
pub fn compose(
    files: impl IntoIterator<Item = Rendered>,
    composition: &Composition,
    secret: &BTreeSet<RelPath>,
) -> Composed {
    let mut composer = Composer {
        composition,
        secret,
        paths: PathSet::default(),
        used: vec![false; composition.rules.len()],
        decided: Vec::new(),
        composed: Composed::default(),
    };
    for file in files {
        composer.take(File::from(file));
    }
    composer.finish()
}

impl From<Rendered> for File {
    fn from(Rendered { path, content, mode, origin, merge, lines }: Rendered) -> File {
        File { path, content, mode, origins: vec![origin], over: Vec::new(), lines, merge }
    }
}

struct Composer<'a> {
    composition: &'a Composition,
    secret: &'a BTreeSet<RelPath>,
    paths: PathSet,
    /// Which rules spoke of a path that came up twice.
    used: Vec<bool>,
    decided: Vec<Decided>,
    composed: Composed,
}

/// A version that several packs want of one package, and what came of it.
struct Decided {
    path: RelPath,
    key: String,
    sides: Vec<ConflictSide>,
    joined: String,
}

/// What is to become of two files.
enum Way {
    /// By their type, or as is said.
    Join(Option<Kind>),
    Later,
    Earlier,
    Conflict,
}

impl Composer<'_> {
    fn take(&mut self, file: File) {
        match self.paths.insert(&file.path) {
            Ok(()) => drop(self.composed.tree.insert(file.path.clone(), file)),
            Err(Collision::Same(path)) => {
                let first = self.composed.tree.remove(&path).expect("it was inserted");
                let joined = match self.join(&first, file) {
                    Ok(joined) => joined,
                    Err(conflicts) => {
                        self.composed.conflicts.extend(conflicts);
                        first
                    }
                };
                self.composed.tree.insert(path, joined);
            }
            Err(collision) => {
                let other = self.composed.tree.values().find(|other| collides(&other.path, &collision));
                let sides: Vec<&File> = other.into_iter().chain([&file]).collect();
                self.composed.conflicts.push(conflict(&file.path, collision.to_string(), &sides, None));
            }
        }
    }

    fn finish(mut self) -> Composed {
        for file in self.composed.tree.values_mut() {
            file.drop_markers();
        }
        let unused = self.used.iter().enumerate().filter(|(_, used)| !**used);
        self.composed.unused = unused.map(|(at, _)| at).collect();
        self.composed.notes = self.decided.iter().map(|decided| self.told(decided)).collect();
        self.composed
    }

    fn join(&mut self, first: &File, second: File) -> Result<File, Vec<Diagnostic>> {
        let at = self.composition.rules.iter().position(|rule| rule.matches(&second.path));
        let rule = at.map(|at| {
            self.used[at] = true;
            &self.composition.rules[at]
        });
        let is_same = (&first.content, first.mode) == (&second.content, second.mode);
        let way = self.way(rule, first, &second);
        match way {
            Way::Later => return Ok(second.over(first)),
            Way::Earlier => return Ok(first.clone().over(&second)),
            _ if is_same => return Ok(first.with(second, None)),
            Way::Conflict => return Err(vec![self.unlike(first, &second, "they differ")]),
            Way::Join(_) => {}
        }
        let mode = match rule.and_then(|rule| rule.prefer) {
            _ if first.mode == second.mode => first.mode,
            Some(Prefer::Earlier) => first.mode,
            Some(Prefer::Later) => second.mode,
            None => return Err(vec![self.whole(first, &second, "one may be executed, the other not")]),
        };
        let texts = (std::str::from_utf8(&first.content), std::str::from_utf8(&second.content));
        let (Ok(earlier), Ok(later)) = texts else {
            return Err(vec![self.whole(first, &second, "not both are texts")]);
        };
        let Way::Join(Some(kind)) = way.or_by_type(&second.path, earlier, later) else {
            return Err(vec![self.unlike(first, &second, "files of this type do not join")]);
        };
        match merge::merge(kind, &second.path, earlier, later, &policy(rule)) {
            Ok(merged) => {
                for note in &merged.notes {
                    self.decide(note, first, &second);
                }
                let lines = merged.lines.iter().map(|whose| written(whose, first, &second)).collect();
                let joined = first.with(second, Some((merged.text.into_bytes(), lines)));
                Ok(File { mode, ..joined })
            }
            Err(MergeError::Clashes(clashes)) => {
                Err(clashes.iter().map(|clash| self.clash(clash, first, &second)).collect())
            }
            Err(MergeError::Unreadable { side, message, line, column }) => {
                let file = if side == Side::First { first } else { &second };
                let reason = if self.secret.contains(&file.path) {
                    format!("what `{}` gives cannot be read", file.origin().pack)
                } else {
                    format!(
                        "what `{}` gives cannot be read, line {line}, column {column}: {message}",
                        file.origin().pack
                    )
                };
                Err(vec![self.whole(first, &second, &reason)])
            }
        }
    }

    /// Rules come first, then what the templates say, then the strategy.
    fn way(&self, rule: Option<&Rule>, first: &File, second: &File) -> Way {
        let said = match rule {
            Some(Rule { merge: Some(merge), .. }) => Some(*merge),
            _ if [first.merge, second.merge].contains(&Some(Merge::Error)) => Some(Merge::Error),
            // What the first said of taking a place was about those before it.
            _ => {
                second.merge.or(first.merge.filter(|merge| !matches!(merge, Merge::Overwrite | Merge::Skip)))
            }
        };
        match (said, self.composition.strategy.unwrap_or_default()) {
            (Some(Merge::Overwrite), _) => Way::Later,
            (Some(Merge::Skip), _) => Way::Earlier,
            (Some(Merge::Error), _) => Way::Conflict,
            (Some(Merge::Lines), _) => Way::Join(Some(Kind::Lines)),
            (Some(Merge::Sections), _) => Way::Join(Some(Kind::Sections)),
            (Some(Merge::Anchor), _) => Way::Join(Some(Kind::Anchors)),
            (Some(Merge::Deep), _) | (None, Strategy::Merge) => Way::Join(None),
            (None, _) if rule.is_some() => Way::Join(None),
            (None, Strategy::Layer) => Way::Later,
            (None, Strategy::Rules) => Way::Conflict,
        }
    }

    /// Two files that differ, though a rule or marks may join them.
    fn unlike(&self, first: &File, second: &File, reason: &str) -> Diagnostic {
        if differ_in_line_ends(&first.content, &second.content) {
            let message = format!("several packs write `{}`: only their line endings differ", second.path);
            return conflict(&second.path, message, &[first, second], None);
        }
        self.shown(first, second, reason, joining(first, second))
    }

    /// Two files that are not one, for a reason that is about them as a whole.
    fn whole(&self, first: &File, second: &File, reason: &str) -> Diagnostic {
        self.shown(first, second, reason, None)
    }

    fn shown(&self, first: &File, second: &File, reason: &str, joining: Option<String>) -> Diagnostic {
        let path = &second.path;
        let error =
            conflict(path, format!("several packs write `{path}`: {reason}"), &[first, second], joining);
        match unified_diff(path, &first.content, &second.content) {
            Some(diff) if !self.secret.contains(path) => error.showing(diff),
            _ => error,
        }
    }

    fn clash(&self, clash: &Clash, first: &File, second: &File) -> Diagnostic {
        let path = &second.path;
        let side = |file: &File, excerpt: &Excerpt| {
            let side = file.side(excerpt);
            ConflictSide { text: side.text.filter(|_| !self.secret.contains(path)), ..side }
        };
        let sides = vec![side(first, &clash.first), side(second, &clash.second)];
        // The key may be one that a secret was written into.
        let key = (!self.secret.contains(path) && !clash.key.is_empty()).then(|| clash.key.clone());
        let message = match &key {
            None => format!("several packs write `{path}`, and {}", clash.why),
            Some(key) => format!("several packs write `{path}`, and at `{key}` {}", clash.why),
        };
        let error = Diagnostic::error(Code::PathConflict, message).about(path);
        let error = sides.iter().fold(error, |error, side| error.because(has(side)));
        let advice = format!("{}, or {}", advice(path, clash.why, key.as_deref()), less(&sides));
        error.suggest(advice).detailed(&FileConflict { path: path.clone(), key, sides })
    }

    /// Keeps who wants what, for all packs may want something of one package.
    fn decide(&mut self, note: &Note, first: &File, second: &File) {
        let path = &second.path;
        let is_same = |decided: &&mut Decided| {
            (&decided.path, &decided.key, &decided.joined) == (path, &note.key, &note.first.text)
        };
        if let Some(decided) = self.decided.iter_mut().find(is_same) {
            decided.sides.push(second.side(&note.second));
            decided.joined.clone_from(&note.joined);
            return;
        }
        self.decided.push(Decided {
            path: path.clone(),
            key: note.key.clone(),
            sides: vec![first.side(&note.first), second.side(&note.second)],
            joined: note.joined.clone(),
        });
    }

    fn told(&self, Decided { path, key, sides, joined }: &Decided) -> Diagnostic {
        if self.secret.contains(path) {
            let message = format!("`{path}` wants other versions than one of its packs");
            return Diagnostic::warning(Code::PathConflict, message).about(path);
        }
        let message = format!("`{path}`: `{key}` becomes `{joined}`, the highest that all allow");
        let warning = Diagnostic::warning(Code::PathConflict, message).about(path);
        sides.iter().fold(warning, |warning, side| warning.because(has(side)))
    }
}

impl Way {
    fn or_by_type(self, path: &RelPath, earlier: &str, later: &str) -> Way {
        match self {
            Way::Join(None) => Way::Join(Kind::of(path, earlier, later)),
            way => way,
        }
    }
}

impl File {
    /// The first of its origins.
    pub fn origin(&self) -> &Origin {
        &self.origins[0]
    }

    /// The packs besides the first that have part in it, in install order.
    pub fn others(&self) -> Vec<PackName> {
        let mut others: Vec<PackName> = Vec::new();
        for Origin { pack, .. } in &self.origins {
            if *pack != self.origin().pack && !others.contains(pack) {
                others.push(pack.clone());
            }
        }
        others
    }

    /// In place of another file.
    fn over(mut self, other: &File) -> File {
        let packs = other.origins.iter().map(|origin| &origin.pack).chain(&other.over);
        for pack in packs {
            let is_its = self.origins.iter().any(|origin| origin.pack == *pack);
            if !is_its && !self.over.contains(pack) {
                self.over.push(pack.clone());
            }
        }
        self
    }

    /// With another file that is one with it, and what that changes.
    fn with(&self, second: File, joined: Option<(Vec<u8>, Vec<Written>)>) -> File {
        let origins = self.origins.iter().cloned().chain(second.origins).collect();
        let (content, lines) = joined.unwrap_or_else(|| (self.content.clone(), self.lines.clone()));
        File { origins, content, lines, merge: second.merge.or(self.merge), ..self.clone() }
    }

    /// What it has in a line.
    fn side(&self, excerpt: &Excerpt) -> ConflictSide {
        let (origin, line) = self.place(excerpt.line);
        let line = line.filter(|_| excerpt.line > 0);
        ConflictSide { origin, line, text: Some(excerpt.text.clone()) }
    }

    /// Which of its origins gave a line of it, and where that stands there.
    fn place(&self, line: usize) -> (Origin, Option<u32>) {
        let written = line.checked_sub(1).and_then(|at| self.lines.get(at));
        let Some(written) = written else { return (self.origin().clone(), u32::try_from(line).ok()) };
        let Written { file, line, .. } = written;
        let is_its = |origin: &&Origin| origin.pack == file.pack && origin.source == file.path;
        let is_of_pack = |origin: &&Origin| origin.pack == file.pack;
        let origin = self.origins.iter().find(is_its).or_else(|| self.origins.iter().find(is_of_pack));
        let origin = origin.unwrap_or(self.origin());
        let line = (origin.source == file.path).then_some(*line);
        (origin.clone(), line)
    }

    /// Marked lines are for packs to find each other; the project has no use for them.
    fn drop_markers(&mut self) {
        // A copy is a copy.
        if self.lines.is_empty() {
            return;
        }
        let Ok(text) = std::str::from_utf8(&self.content) else { return };
        if !merge::has_anchors(text) {
            return;
        }
        let lines = text.split_inclusive('\n').zip(std::mem::take(&mut self.lines));
        let kept = lines.filter(|(line, _)| !merge::is_anchor(line));
        let (text, lines): (String, Vec<Written>) = kept.unzip();
        (self.content, self.lines) = (text.into_bytes(), lines);
    }
}

/// Where a line of what was joined comes from.
fn written(whose: &Whose, first: &File, second: &File) -> Written {
    let (own, other) = match whose.side {
        Side::First => (first, second),
        Side::Second => (second, first),
    };
    let mut written = line_of(own, whose.line);
    if let Some(line) = whose.also {
        let Written { file, line, also } = line_of(other, line);
        for part in std::iter::once((file, line)).chain(also) {
            if !written.also.contains(&part) {
                written.also.push(part);
            }
        }
    }
    written
}

fn line_of(file: &File, line: usize) -> Written {
    file.lines.get(line - 1).cloned().unwrap_or_else(|| {
        let Origin { pack, source, .. } = file.origin().clone();
        Written {
            file: Arc::new(SourceFile { pack, path: source }),
            line: u32::try_from(line).unwrap_or(u32::MAX),
            also: Vec::new(),
        }
    })
}

fn policy(rule: Option<&Rule>) -> Policy {
    let Some(rule) = rule else { return Policy::default() };
    Policy {
        prefer: rule.prefer,
        prefer_versions: true,
        lists: rule.lists.iter().map(|(pattern, lists)| (pattern.clone(), lists.clone())).collect(),
    }
}

fn has(ConflictSide { origin: Origin { pack, version, source, .. }, line, text }: &ConflictSide) -> String {
    let what = match text.as_deref().map(str::trim) {
        None => "something else".to_owned(),
        Some("") => "nothing there".to_owned(),
        Some(text) => format!("`{text}`"),
    };
    match line {
        Some(line) => format!("`{pack}@{version}` has {what} ({source}:{line})"),
        None => format!("`{pack}@{version}` has {what} ({source})"),
    }
}

/// What may be done about a clash: what would change nothing is not said.
fn advice(path: &RelPath, why: Why, key: Option<&str>) -> String {
    let lists = |key: &str| format!("`lists = {{ \"{key}\" = \"union\" }}` or `\"append\"`");
    let lists = key.map_or("`lists`".to_owned(), lists);
    match why {
        Why::Region => "give the other file a region of that name, between lines with `packwright:begin NAME` and `packwright:end NAME`".to_owned(),
        Why::Indented => format!(
            "mark in both what joins, with `packwright:begin NAME` and `packwright:end NAME` (`merge = \"anchor\"`), or say whose file counts with a rule for `{path}` (`merge = \"overwrite\"` or `\"skip\"`)"
        ),
        Why::Lists => format!("let the rule for `{path}` join these lists in another way ({lists})"),
        Why::Order => format!(
            "say which one counts with a rule for `{path}` (`prefer = \"earlier\"` or `\"later\"`), or how they join ({lists})"
        ),
        why if why.is_of_preference() => {
            format!("say which one counts with a rule for `{path}` (`prefer = \"earlier\"` or `\"later\"`)")
        }
        _ => {
            format!("say whose file counts with a rule for `{path}` (`merge = \"overwrite\"` or `\"skip\"`)")
        }
    }
}

/// How there would be one side less.
fn less(sides: &[ConflictSide]) -> String {
    let [ConflictSide { origin, .. }, rest @ ..] = sides else { return "leave one pack out".to_owned() };
    if rest.iter().any(|side| side.origin.pack != origin.pack) {
        return "leave one pack out".to_owned();
    }
    let names: BTreeSet<&str> = sides.iter().map(|side| side.origin.template.as_str()).collect();
    if names.len() == 1 {
        return format!("let the template `{}` of `{}` write it once", origin.template, origin.pack);
    }
    let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    format!("let only one of the templates of `{}` write it ({})", origin.pack, names.join(", "))
}

fn differ_in_line_ends(one: &[u8], other: &[u8]) -> bool {
    let unix = |content: &[u8]| Some(std::str::from_utf8(content).ok()?.replace("\r\n", "\n"));
    one != other && unix(one).is_some_and(|text| Some(text) == unix(other))
}

/// What joins two files if a rule lets it: their type, or else marks in them.
fn joining(first: &File, second: &File) -> Option<String> {
    let (one, other) =
        (std::str::from_utf8(&first.content).ok()?, std::str::from_utf8(&second.content).ok()?);
    let merge = match Kind::of(&second.path, one, other) {
        Some(Kind::Json | Kind::Toml | Kind::Yaml | Kind::Variables | Kind::Requirements) => "deep",
        Some(Kind::Lines) => "lines",
        Some(Kind::Sections) => "sections",
        Some(Kind::Anchors) => "anchor",
        None => {
            return Some(
                "mark in both what joins, between lines with `packwright:begin NAME` and `packwright:end NAME`"
                    .to_owned(),
            );
        }
    };
    Some(format!("let them join with a rule (`merge = \"{merge}\"`)"))
}

/// Whether a file that is there has part in a collision.
fn collides(path: &RelPath, collision: &Collision) -> bool {
    let place = match collision {
        Collision::Same(path) => path.as_str(),
        Collision::Alias { other, .. } => other,
        Collision::FileAndDirectory(place) => place,
    };
    path.as_str() == place || path.below(place).is_some()
}

fn conflict(path: &RelPath, message: String, files: &[&File], joining: Option<String>) -> Diagnostic {
    let origins: Vec<&Origin> = files.iter().flat_map(|file| &file.origins).collect();
    let error = Diagnostic::error(Code::PathConflict, message).about(path);
    let error = origins.iter().fold(error, |error, origin| {
        error.because(format!(
            "`{}@{}` writes it with the template `{}` from `{}`",
            origin.pack, origin.version, origin.template, origin.source
        ))
    });
    let pack = origins.last().map_or("", |origin| origin.pack.as_str());
    let side = |origin: &&Origin| ConflictSide { origin: (*origin).clone(), line: None, text: None };
    let sides: Vec<ConflictSide> = origins.iter().map(side).collect();
    let is_one_pack = sides.iter().all(|side| side.origin.pack.as_str() == pack);
    let less = if is_one_pack { less(&sides) } else { format!("leave `{pack}` out") };
    let others =
        format!("{less}, or say what becomes of it with a rule (`merge = \"overwrite\"` or `\"skip\"`)");
    error
        .suggest(joining.map_or_else(|| others.clone(), |joining| format!("{joining}, {others}")))
        .detailed(&FileConflict { path: path.clone(), key: None, sides })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(pack: &str, path: &str, content: &str) -> Rendered {
        let source: RelPath = "t".parse().unwrap();
        let pack: PackName = pack.parse().unwrap();
        let from = Arc::new(SourceFile { pack: pack.clone(), path: source.clone() });
        let lines = (1..).zip(content.lines()).map(|(line, _)| Written {
            file: Arc::clone(&from),
            line,
            also: Vec::new(),
        });
        Rendered {
            path: path.parse().unwrap(),
            content: content.into(),
            mode: Mode::Regular,
            lines: lines.collect(),
            origin: Origin { pack, version: "1.0.0".parse().unwrap(), template: "all".into(), source },
            merge: None,
        }
    }

    fn with(files: Vec<Rendered>, composition: &str) -> Composed {
        compose(files, &toml::from_str(composition).unwrap(), &BTreeSet::new())
    }

    fn content<'c>(composed: &'c Composed, path: &str) -> &'c str {
        std::str::from_utf8(&composed.tree[&path.parse::<RelPath>().unwrap()].content).unwrap()
    }

    fn told(diagnostics: &[Diagnostic]) -> Vec<String> {
        diagnostics.iter().map(Diagnostic::to_string).collect()
    }

    #[test]
    fn equal_files_are_one_and_of_both() {
        let composed = with(["a", "b"].map(|pack| file(pack, "x", "same")).into(), "");
        let only = composed.tree.values().next().unwrap();
        assert_eq!((composed.tree.len(), only.origin().pack.as_str()), (1, "a"));
        assert_eq!(only.others(), ["b".parse().unwrap()]);
    }

    #[test]
    fn files_join_by_their_type_and_each_line_knows_its_origin() {
        let composed = with(vec![file("a", ".gitignore", "x\n"), file("b", ".gitignore", "y\nx\n")], "");
        assert_eq!(content(&composed, ".gitignore"), "x\ny\n");
        let lines = &composed.tree[&".gitignore".parse::<RelPath>().unwrap()].lines;
        let lines: Vec<(&str, u32)> = lines.iter().map(|line| (line.file.pack.as_str(), line.line)).collect();
        assert_eq!(lines, [("a", 1), ("b", 1)]);
    }

    #[test]
    fn what_does_not_join_is_a_conflict_with_both_origins() {
        let composed = with(vec![file("a", "x", "1\n"), file("b", "x", "2\n")], "");
        assert_eq!(
            told(&composed.conflicts),
            [
                "error[path-conflict]: several packs write `x`: files of this type do not join\n  because `a@1.0.0` writes it with the template `all` from `t`\n  because `b@1.0.0` writes it with the template `all` from `t`\n    --- a/x\n    +++ b/x\n    @@ -1 +1 @@\n    -1\n    +2\n  help: mark in both what joins, between lines with `packwright:begin NAME` and `packwright:end NAME`, leave `b` out, or say what becomes of it with a rule (`merge = \"overwrite\"` or `\"skip\"`)"
            ]
        );
        let keys = vec![file("a", "x.json", "{\n  \"k\": 1\n}\n"), file("b", "x.json", "{ \"k\": 2 }\n")];
        assert_eq!(
            told(&with(keys.clone(), "").conflicts),
            [
                "error[path-conflict]: several packs write `x.json`, and at `k` the values differ\n  because `a@1.0.0` has `1` (t:2)\n  because `b@1.0.0` has `2` (t:1)\n  help: say which one counts with a rule for `x.json` (`prefer = \"earlier\"` or `\"later\"`), or leave one pack out"
            ]
        );
        let secret = BTreeSet::from(["x.json".parse().unwrap()]);
        let composed = compose(keys, &Composition::default(), &secret);
        assert_eq!(
            told(&composed.conflicts),
            [
                "error[path-conflict]: several packs write `x.json`, and the values differ\n  because `a@1.0.0` has something else (t:2)\n  because `b@1.0.0` has something else (t:1)\n  help: say which one counts with a rule for `x.json` (`prefer = \"earlier\"` or `\"later\"`), or leave one pack out"
            ]
        );
        let collisions = [file("a", "x", ""), file("b", "X", ""), file("c", "x/y", "")];
        assert_eq!(with(collisions.into(), "").conflicts.len(), 2, "all are reported");
    }

    #[test]
    fn conflicts_say_what_would_settle_them() {
        let conflicts = |files: Vec<Rendered>, rules: &str| told(&with(files, rules).conflicts).join("\n");
        let ends = conflicts(vec![file("a", "x", "1\n"), file("b", "x", "1\r\n")], "");
        assert!(ends.contains("only their line endings differ") && !ends.contains("+1"), "{ends}");
        let ruled = conflicts(vec![file("a", "x.md", "1"), file("b", "x.md", "2")], "strategy = \"rules\"");
        assert!(ruled.contains("help: let them join with a rule (`merge = \"sections\"`), leave"), "{ruled}");
        let steps = |name: &str, last: &str| {
            let text = format!("jobs:\n  test:\n    steps:\n      - uses: a\n      - run: {last}\n");
            file(name, ".github/workflows/ci.yml", &text)
        };
        let steps = conflicts(vec![steps("a", "one"), steps("b", "two")], "");
        assert!(steps.contains("`a@1.0.0` has `run: one` (t:5)"), "{steps}");
        assert!(steps.contains("(`lists = { \"jobs.test.steps\" = \"union\" }` or `\"append\"`)"), "{steps}");
        let mut other = file("a", "x", "2");
        other.origin.template = "other".into();
        let templates = conflicts(vec![file("a", "x", "1"), other], "");
        assert!(
            templates.contains("let only one of the templates of `a` write it (`all`, `other`)"),
            "{templates}"
        );
        let base = "a\n// packwright:begin x\n// packwright:end x\n";
        let more = file("b", "x.rs", &base.replace("a\n", "a\nb\n"));
        let outside = conflicts(vec![file("a", "x.rs", base), more], "");
        assert!(
            outside.contains("write `x.rs`, and only what") && outside.contains("has nothing there (t)"),
            "{outside}"
        );
    }

    #[test]
    fn modes_that_differ_are_a_conflict_until_somebody_decides() {
        let executable = Rendered { mode: Mode::Executable, ..file("b", "x", "1") };
        let files = || vec![file("a", "x", "1"), executable.clone()];
        assert_eq!(with(files(), "").conflicts.len(), 1);
        let decided = with(files(), "[[rules]]\npath = \"x\"\nprefer = \"later\"\nmerge = \"lines\"");
        assert_eq!(
            (decided.conflicts, decided.tree.values().next().unwrap().mode),
            (Vec::new(), Mode::Executable)
        );
    }

    #[test]
    fn rules_come_before_templates_and_these_before_the_strategy() {
        let said = |merge| vec![file("a", "x", "1\n"), Rendered { merge, ..file("b", "x", "2\n") }];
        let text = |files, composition: &str| {
            let composed = with(files, composition);
            (composed.conflicts.is_empty()).then(|| content(&composed, "x").to_owned())
        };
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(text(said(None), "strategy = \"layer\""), some("2\n"));
        assert_eq!(text(said(None), "strategy = \"rules\""), None);
        assert_eq!(text(said(Some(Merge::Skip)), "strategy = \"layer\""), some("1\n"));
        assert_eq!(text(said(Some(Merge::Overwrite)), ""), some("2\n"));
        assert_eq!(text(said(Some(Merge::Lines)), ""), some("1\n2\n"));
        assert_eq!(text(said(Some(Merge::Error)), "strategy = \"layer\""), None);
        let rule = |merge| format!("strategy = \"rules\"\n[[rules]]\npath = \"*\"\nmerge = \"{merge}\"");
        assert_eq!(text(said(Some(Merge::Skip)), &rule("overwrite")), some("2\n"));
        assert_eq!(text(said(None), &rule("error")), None);
        let first_said =
            vec![Rendered { merge: Some(Merge::Lines), ..file("a", "x", "1\n") }, file("b", "x", "2\n")];
        assert_eq!(text(first_said, ""), some("1\n2\n"));
    }

    #[test]
    fn lines_that_belong_to_others_do_not_join_one_by_one() {
        let makefiles = || {
            let test = file("a", "Makefile", "test:\n\tnpm test\n");
            vec![test, file("b", "Makefile", "check:\n\tnpm test\n\tnpm run lint\n")]
        };
        assert_eq!(
            told(&with(makefiles(), "[[rules]]\npath = \"Makefile\"\nmerge = \"lines\"").conflicts),
            [
                "error[path-conflict]: several packs write `Makefile`, and lines that are indented belong to others and cannot be joined one by one\n  because `a@1.0.0` has `npm test` (t:2)\n  because `b@1.0.0` has `npm test` (t:2)\n  help: mark in both what joins, with `packwright:begin NAME` and `packwright:end NAME` (`merge = \"anchor\"`), or say whose file counts with a rule for `Makefile` (`merge = \"overwrite\"` or `\"skip\"`), or leave one pack out"
            ]
        );
        let hosts = vec![file("a", "hosts", "one\n"), file("b", "hosts", "two\n")];
        assert!(with(hosts, "[[rules]]\npath = \"hosts\"\nmerge = \"lines\"").conflicts.is_empty());
    }

    #[test]
    fn a_rule_without_a_use_is_told() {
        let rules = "[[rules]]\npath = \"*.yml\"\n[[rules]]\npath = \"x\"";
        assert_eq!(with(vec![file("a", "x", "1"), file("b", "x", "1")], rules).unused, [0]);
    }

    #[test]
    fn marked_lines_do_not_reach_the_project() {
        let base = "use a;\n// packwright:begin uses\n// packwright:end uses\nrest\n";
        let more = "// packwright:begin uses\nuse b;\n// packwright:end uses\n";
        let composed = with(vec![file("a", "x.rs", base), file("b", "x.rs", more)], "");
        assert_eq!(content(&composed, "x.rs"), "use a;\nuse b;\nrest\n");
        let lines = &composed.tree.values().next().unwrap().lines;
        assert_eq!(lines.iter().map(|line| line.line).collect::<Vec<_>>(), [1, 2, 4]);
        assert_eq!(content(&with(vec![file("a", "x.rs", base)], ""), "x.rs"), "use a;\nrest\n");
        let code = "let a = [ // packwright:begin a\n];\nWrite `packwright:begin NAME` above.\n";
        assert_eq!(
            content(&with(vec![file("a", "x.rs", code)], ""), "x.rs"),
            code,
            "what is more than a mark stays"
        );
    }
}
