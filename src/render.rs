//! From answers to files: renders what one pack gives, with everything that went wrong.
//!
//! Templates see values, the pack's own files and those of the packs it depends on, nothing else. A
//! template that fails hides no other. Not here: how files of several packs join, and what already
//! stands in the project.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use minijinja::Value;
use minijinja::value::merge_maps;
use serde::{Deserialize, Serialize};

use crate::archive::{Files, PackFile};
use crate::composition::Merge;
use crate::diagnostic::{Code, Diagnostic, nearest, none_of};
use crate::expression::{Engine, Library, Shelf, TemplateError, Written, check_template};
use crate::manifest::{Each, Manifest, Mode, Source, Template};
use crate::name::PackName;
use crate::path::RelPath;
use crate::version::Version;

/// The suffix that marks a template file and is dropped from its output's name.
const SUFFIX: &str = ".j2";

/// The most files one pack may look at to render: those of its directories, once per item of `each`.
pub const MAX_FILES: usize = 10_000;

/// The most bytes one pack may give: 64 MiB.
pub const MAX_BYTES: usize = 64 << 20;

/// How much of a file is looked at for a NUL, which no text has: 8 KiB, as Git does.
const BINARY_WITHIN: usize = 8 << 10;

/// What templates see.
#[derive(Clone)]
pub struct Context {
    /// What files see: all answers and facts.
    pub files: Value,
    /// What paths and conditions see: the same without secrets.
    pub paths: Value,
}

impl Context {
    /// The context of one item of a loop.
    fn of_item(&self, each: &Each, items: &[Value], index: usize) -> Context {
        let place = Value::from_pairs([
            ("index", Value::from(index + 1)),
            ("index0", Value::from(index)),
            ("first", Value::from(index == 0)),
            ("last", Value::from(index + 1 == items.len())),
            ("length", Value::from(items.len())),
        ]);
        let names = Value::from_pairs([(each.item.as_str(), items[index].clone()), ("loop", place)]);
        let with = |values: &Value| merge_maps([names.clone(), values.clone()]);
        Context { files: with(&self.files), paths: with(&self.paths) }
    }
}

/// Where a file comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Origin {
    /// The pack.
    #[serde(deserialize_with = "crate::manifest::parsed")]
    pub pack: PackName,
    /// Its version.
    #[serde(deserialize_with = "crate::manifest::parsed")]
    #[cfg_attr(test, ts(type = "string"))]
    pub version: Version,
    /// The template in its manifest.
    pub template: String,
    /// The file in the pack.
    pub source: RelPath,
}

/// A file as one pack gives it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rendered {
    /// Where it goes, relative to the project.
    pub path: RelPath,
    /// Its content.
    pub content: Vec<u8>,
    /// Its mode.
    pub mode: Mode,
    /// Where it comes from.
    pub origin: Origin,
    /// How it joins others of its path, if its pack says so.
    pub merge: Option<Merge>,
    /// Where each line of its content came from; empty for a file that was copied as it is.
    pub lines: Vec<Written>,
}

/// What came of rendering a pack.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// The files that could be rendered.
    pub files: Vec<Rendered>,
    /// The paths of files that could not be, as far as these are known.
    pub failed: BTreeSet<RelPath>,
    /// Why others could not, each with pack, file, line and column.
    pub problems: Vec<Diagnostic>,
}

/// What the templates of packs may read of each other.
pub fn library<'a>(packs: impl IntoIterator<Item = (&'a Manifest, &'a Files)>) -> Arc<Library> {
    let shelves = packs.into_iter().map(|(manifest, files)| {
        let dependencies = manifest.dependencies.iter();
        let shelf = Shelf {
            version: manifest.version.clone(),
            syntax: manifest.syntax.clone(),
            dependencies: dependencies.map(|needed| (needed.name.clone(), needed.optional)).collect(),
            texts: texts(files),
        };
        (manifest.name.clone(), shelf)
    });
    Arc::new(shelves.collect())
}

/// The files that can be templates, or parts of them.
fn texts(files: &Files) -> BTreeMap<String, String> {
    files.iter().filter_map(|(path, file)| Some((path.to_string(), text_of(file)?.to_owned()))).collect()
}

/// A file's text; nothing for one that is to be copied as it is.
fn text_of(file: &PackFile) -> Option<&str> {
    let start = &file.content[..file.content.len().min(BINARY_WITHIN)];
    if start.contains(&0) { None } else { std::str::from_utf8(&file.content).ok() }
}

/// Renders the templates of a pack whose `when` holds: all of them, or only that of one name.
///
/// The pack is one of those the library was made of.
pub fn render(
    manifest: &Manifest,
    files: &Files,
    library: &Arc<Library>,
    context: &Context,
    only: Option<&str>,
) -> Outcome {
    let mut renderer = Renderer {
        manifest,
        files,
        engine: Engine::of_pack(library, &manifest.name),
        looked_at: 0,
        bytes: 0,
        outcome: Outcome::default(),
    };
    let is_wanted = |template: &&Template| only.is_none_or(|name| template.name == name);
    for template in manifest.templates.iter().filter(is_wanted) {
        if renderer.template(template, context).is_err() {
            break;
        }
    }
    renderer.outcome
}

/// The error for the name of a template that none of some packs has.
pub fn no_such_template<'m>(manifests: impl Iterator<Item = &'m Manifest>, name: &str) -> Option<Diagnostic> {
    let templates = manifests.flat_map(|manifest| &manifest.templates);
    let names: Vec<&str> = templates.map(|template| template.name.as_str()).collect();
    if names.contains(&name) {
        return None;
    }
    let message = format!("no pack has a template `{}`", name.escape_debug());
    let error = Diagnostic::error(Code::InvalidInput, message).about(name.escape_debug());
    Some(match nearest(name, names.iter().copied()) {
        Some(near) => error.suggest(format!("did you mean `{near}`?")),
        None => error.suggest(format!("they have {}", names.join(", "))),
    })
}

/// Looks whether everything that a pack's templates read is in it.
///
/// # Errors
/// All that is missing.
pub fn check_sources(manifest: &Manifest, files: &Files) -> Result<(), Vec<Diagnostic>> {
    let absent = |template: &Template| {
        let (source, is_there) = match &template.source {
            Source::File(source) => (source, files.contains_key(source)),
            Source::Directory(source) => {
                (source, files.keys().any(|path| path.below(source.as_str()).is_some()))
            }
        };
        // Who asks this is its author.
        (!is_there).then(|| match nearest(source.as_str(), files.keys().map(RelPath::as_str)) {
            Some(near) => missing(manifest, template, source).suggest(format!("did you mean `{near}`?")),
            None => missing(manifest, template, source).suggest("add it, or let `source` name another"),
        })
    };
    none_of(manifest.templates.iter().filter_map(absent))
}

/// Looks whether what a pack renders can be compiled. What is included is compiled when it is used.
///
/// # Errors
/// The first error of each file and path, with its place.
pub fn check_templates(manifest: &Manifest, files: &Files) -> Result<(), Vec<Diagnostic>> {
    let mut problems = Vec::new();
    let mut checked: BTreeSet<&RelPath> = BTreeSet::new();
    let syntax = &manifest.syntax;
    for template in &manifest.templates {
        let wrong = |what: &str, path: &RelPath, error: &TemplateError| {
            let what = format!("{what} of the template `{}` is wrong", template.name);
            error.to_diagnostic(Code::RenderFailed, &what, path.as_str()).about(path)
        };
        for (path, file) in files {
            let below = match &template.source {
                Source::File(source) if source == path => path.file_name(),
                Source::File(_) => continue,
                Source::Directory(directory) => match path.below(directory.as_str()) {
                    Some(below) => below,
                    None => continue,
                },
            };
            if matches!(template.source, Source::Directory(_)) {
                let components = below.split('/').filter(|component| syntax.is_in(component));
                let errors = components.filter_map(|component| check_template(component, syntax).err());
                problems.extend(errors.map(|error| wrong("a path", path, &error)));
            }
            if is_raw(template, below) || !checked.insert(path) {
                continue;
            }
            let error = text_of(file).and_then(|text| check_template(text, syntax).err());
            problems.extend(error.map(|error| wrong("a file", path, &error)));
        }
    }
    none_of(problems)
}

fn missing(manifest: &Manifest, template: &Template, source: &RelPath) -> Diagnostic {
    let message =
        format!("the template `{}` reads `{}`, which is not in the pack", template.name, template.source);
    let error = Diagnostic::error(Code::FileNotFound, message).about(source);
    error.because(format!("the pack is `{}`", manifest.label()))
}

/// That a pack gives more than it may, which has been said.
struct Exhausted;

struct Renderer<'a> {
    manifest: &'a Manifest,
    files: &'a Files,
    engine: Engine,
    looked_at: usize,
    bytes: usize,
    outcome: Outcome,
}

impl Renderer<'_> {
    fn template(&mut self, template: &Template, context: &Context) -> Result<(), Exhausted> {
        let Some(each) = &template.each else { return self.once(template, context) };
        let items = match self.engine.items(&each.list, &context.paths) {
            Ok(items) => items,
            Err(error) => {
                self.fail(template, "each", &error);
                return Ok(());
            }
        };
        (0..items.len()).try_for_each(|index| self.once(template, &context.of_item(each, &items, index)))
    }

    /// Renders a template, or one item of its loop.
    fn once(&mut self, template: &Template, context: &Context) -> Result<(), Exhausted> {
        self.count(template)?;
        if let Some(when) = &template.when {
            match self.engine.is_true(when, &context.paths) {
                Ok(true) => {}
                Ok(false) => return Ok(()),
                Err(error) => {
                    self.fail(template, "when", &error);
                    return Ok(());
                }
            }
        }
        let output = match self.engine.render_inline(&template.output, &context.paths) {
            Ok(output) => output,
            Err(error) => {
                self.fail(template, "output", &error);
                return Ok(());
            }
        };
        let files = self.files;
        match &template.source {
            Source::File(source) => match files.get(source) {
                Some(file) => {
                    let raw = is_raw(template, source.file_name());
                    self.file(template, context, (source, file), &output, raw)
                }
                None => {
                    self.absent(template, source);
                    self.outcome.failed.extend(output.parse::<RelPath>().ok());
                    Ok(())
                }
            },
            Source::Directory(directory) => self.directory(template, context, directory, &output),
        }
    }

    fn directory(
        &mut self,
        template: &Template,
        context: &Context,
        directory: &RelPath,
        output: &str,
    ) -> Result<(), Exhausted> {
        let mut empty = true;
        let files = self.files;
        // Paths are sorted by their bytes: what stands below a directory stands behind it.
        for (source, file) in files.range(directory.clone()..) {
            let Some(below) = source.below(directory.as_str()) else {
                if source.as_str().starts_with(directory.as_str()) { continue } else { break }
            };
            empty = false;
            self.count(template)?;
            let raw = is_raw(template, below);
            let relative = match self.place(below, raw, context) {
                Ok(Some(relative)) => relative,
                Ok(None) => continue,
                Err(error) => {
                    self.fail(template, &format!("path `{below}`"), &error);
                    continue;
                }
            };
            let path = match output.trim_end_matches('/') {
                "" | "." => relative,
                prefix => format!("{prefix}/{relative}"),
            };
            self.file(template, context, (source, file), &path, raw)?;
        }
        if empty {
            self.absent(template, directory);
        }
        Ok(())
    }

    /// Where a file of a directory goes. Nothing if it is left out: a component that is a template
    /// gives nothing.
    fn place(&self, below: &str, raw: bool, context: &Context) -> Result<Option<String>, TemplateError> {
        let suffix = if raw { "" } else { SUFFIX };
        let stem = below.strip_suffix(suffix).unwrap_or(below);
        let mut components = Vec::new();
        for component in stem.split('/') {
            if !self.engine.syntax().is_in(component) {
                components.push(component.to_owned());
                continue;
            }
            let rendered = self.engine.render_inline(component, &context.paths)?;
            if rendered.trim().is_empty() {
                return Ok(None);
            }
            components.push(rendered);
        }
        let path = components.join("/");
        // The suffix may stand within the condition as well.
        Ok(Some(if stem.len() == below.len() {
            path.strip_suffix(suffix).unwrap_or(&path).to_owned()
        } else {
            path
        }))
    }

    fn file(
        &mut self,
        template: &Template,
        context: &Context,
        (source, file): (&RelPath, &PackFile),
        path: &str,
        raw: bool,
    ) -> Result<(), Exhausted> {
        let path: RelPath = match path.parse() {
            Ok(path) => path,
            Err(error) => {
                let message = format!("the template `{}` would write outside what is safe", template.name);
                let error =
                    Diagnostic::error(Code::InvalidPath, message).because(error).about(path.escape_debug());
                let source = format!("its source is `{source}` of `{}`", self.manifest.label());
                self.problem(error.because(source));
                return Ok(());
            }
        };
        let (content, lines) = match text_of(file) {
            Some(_) if !raw => match self.engine.render(&self.manifest.name, source, &context.files) {
                Ok(page) => (page.text.into_bytes(), page.lines),
                Err(error) => {
                    let what = format!("the template `{}` failed", template.name);
                    let error = error.to_diagnostic(Code::RenderFailed, &what, source.as_str());
                    self.problem(error.about(&path));
                    self.outcome.failed.insert(path);
                    return Ok(());
                }
            },
            _ => (file.content.clone(), Vec::new()),
        };
        self.bytes += content.len();
        if self.bytes > MAX_BYTES {
            return self.exhausted(template, &format!("gives more than {} MiB", MAX_BYTES >> 20));
        }
        self.outcome.files.push(Rendered {
            path,
            content,
            mode: template.mode.unwrap_or(file.mode),
            origin: Origin {
                pack: self.manifest.name.clone(),
                version: self.manifest.version.clone(),
                template: template.name.clone(),
                source: source.clone(),
            },
            merge: template.merge,
            lines,
        });
        Ok(())
    }

    /// Keeps that a source is not in the pack, for somebody who did not write it.
    fn absent(&mut self, template: &Template, source: &RelPath) {
        let error = missing(self.manifest, template, source);
        self.problem(match nearest(source.as_str(), self.files.keys().map(RelPath::as_str)) {
            Some(near) => error.suggest(format!("did its author mean `{near}`?")),
            None => error.suggest("tell the pack's author"),
        });
    }

    fn count(&mut self, template: &Template) -> Result<(), Exhausted> {
        self.looked_at += 1;
        if self.looked_at > MAX_FILES {
            return self.exhausted(template, &format!("looks at more than {MAX_FILES} files"));
        }
        Ok(())
    }

    fn exhausted(&mut self, template: &Template, what: &str) -> Result<(), Exhausted> {
        let message = format!("the pack `{}` {what}", self.manifest.label());
        let error = Diagnostic::error(Code::RenderFailed, message).about(&template.name);
        self.problem(error.because(format!("it does so in the template `{}`", template.name)));
        Err(Exhausted)
    }

    fn fail(&mut self, template: &Template, part: &str, error: &TemplateError) {
        let what = format!("{part} of the template `{}` failed", template.name);
        self.problem(error.to_diagnostic_of_part(Code::RenderFailed, &what));
    }

    /// Keeps a problem. In a loop the same one may come up for every item, and is said once.
    fn problem(&mut self, mut problem: Diagnostic) {
        if let Some(location) = &mut problem.location {
            location.pack.get_or_insert_with(|| self.manifest.label());
        }
        let said = |other: &Diagnostic| {
            problem.location.is_some()
                && (&other.message, &other.location) == (&problem.message, &problem.location)
        };
        if !self.outcome.problems.iter().any(said) {
            self.outcome.problems.push(problem);
        }
    }
}

/// Whether a file is copied as it is: by its path below a directory, or the name of a single file.
fn is_raw(template: &Template, path: &str) -> bool {
    template.raw.iter().any(|glob| fast_glob::glob_match(glob, path))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pack(manifest: &str, files: &[(&str, &[u8])]) -> (Manifest, Files) {
        let file = |content: &[u8]| PackFile { content: content.into(), mode: Mode::Regular };
        let files = files.iter().map(|(path, content)| (path.parse().unwrap(), file(content)));
        (Manifest::parse(manifest).unwrap(), files.collect())
    }

    fn two_templates() -> (Manifest, Files) {
        pack(
            "[pack]\nname = \"a\"\nversion = \"1.0.0\"\n[dependencies]\nb = \"1\"\n\
             [[templates]]\nname = \"fine\"\nsource = \"fine/\"\n\
             [[templates]]\nname = \"fails\"\nsource = \"fails\"\noutput = \"fails\"",
            &[
                ("fine/text.j2", b"one\n{% include 'b:part' %}\nthree"),
                ("fine/image", &[0xff]),
                ("fails", b"{{ ghost }}"),
            ],
        )
    }

    fn outcome(only: Option<&str>) -> Outcome {
        let (a, b) =
            (two_templates(), pack("[pack]\nname = \"b\"\nversion = \"1.0.0\"", &[("part", b"\ntwo\n")]));
        let library = library([&a, &b].map(|(manifest, files)| (manifest, files)));
        let nothing = Value::from(());
        let context = Context { files: nothing.clone(), paths: nothing };
        render(&a.0, &a.1, &library, &context, only)
    }

    #[test]
    fn what_fails_hides_nothing() {
        let outcome = outcome(None);
        let paths: Vec<&str> = outcome.files.iter().map(|file| file.path.as_str()).collect();
        assert_eq!((paths, outcome.problems.len()), (vec!["image", "text"], 1));
    }

    #[test]
    fn lines_name_packs_and_copies_have_none() {
        let outcome = outcome(Some("fine"));
        let [image, text] = &outcome.files[..] else { panic!("{:?}", outcome.files) };
        assert_eq!(image.lines, []);
        let place =
            |written: &Written| format!("{}:{}:{}", written.file.pack, written.file.path, written.line);
        let lines: Vec<String> = text.lines.iter().map(place).collect();
        assert_eq!(std::str::from_utf8(&text.content), Ok("one\n\ntwo\nthree"));
        assert_eq!(lines, ["a:fine/text.j2:1", "b:part:1", "b:part:2", "a:fine/text.j2:3"]);
    }

    #[test]
    fn one_template_alone() {
        assert_eq!(outcome(Some("fine")).problems, []);
        assert_eq!(outcome(Some("fine2")), Outcome::default());
    }

    #[test]
    fn a_pack_gives_no_more_than_its_limit() {
        let half = vec![0; MAX_BYTES / 2];
        let (manifest, files) = pack(
            "[pack]\nname = \"a\"\nversion = \"1.0.0\"\n[[templates]]\nname = \"all\"\nsource = \"x\"\n\
             each = \"n in range(9)\"\noutput = \"{{ n }}\"",
            &[("x", &half)],
        );
        let nothing = Value::from(());
        let context = Context { files: nothing.clone(), paths: nothing };
        let outcome = render(&manifest, &files, &library([(&manifest, &files)]), &context, None);
        assert_eq!(outcome.files.len(), 2);
        assert_eq!(outcome.problems[0].message, "the pack `a@1.0.0` gives more than 64 MiB");
    }
}
