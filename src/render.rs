//! From answers to files: renders what one pack gives, all of it or every error.
//!
//! Templates see values and the pack's own files, nothing else. Not here: how files of several
//! packs join, and what already stands in the project.

use std::collections::BTreeMap;

use minijinja::Value;

use crate::archive::{Files, PackFile};
use crate::diagnostic::{Code, Diagnostic, nearest, none_of};
use crate::expression::{Engine, TemplateError};
use crate::manifest::{Manifest, Merge, Mode, Source, Template};
use crate::name::PackName;
use crate::path::RelPath;
use crate::version::Version;
use serde::{Deserialize, Serialize};

/// The suffix that marks a template file and is dropped from its output's name.
const SUFFIX: &str = ".j2";

/// What templates see.
pub struct Context {
    /// What files see: all answers and facts.
    pub files: Value,
    /// What paths and conditions see: the same without secrets.
    pub paths: Value,
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
}

/// Renders every template of a pack whose `when` holds.
///
/// # Errors
/// All that fail, each with pack, file, line and column.
pub fn render(
    manifest: &Manifest,
    files: &Files,
    context: &Context,
) -> Result<Vec<Rendered>, Vec<Diagnostic>> {
    let mut renderer = Renderer {
        manifest,
        files,
        context,
        engine: Engine::with_templates(texts(files)),
        rendered: Vec::new(),
        problems: Vec::new(),
    };
    for template in &manifest.templates {
        renderer.template(template);
    }
    if renderer.problems.is_empty() { Ok(renderer.rendered) } else { Err(renderer.problems) }
}

/// The pack's files that can be templates, or parts of them.
fn texts(files: &Files) -> BTreeMap<String, String> {
    files
        .iter()
        .filter_map(|(path, file)| Some((path.to_string(), String::from_utf8(file.content.clone()).ok()?)))
        .collect()
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
        (!is_there).then(|| missing(manifest, files, template, source))
    };
    none_of(manifest.templates.iter().filter_map(absent))
}

fn missing(manifest: &Manifest, files: &Files, template: &Template, source: &RelPath) -> Diagnostic {
    let message =
        format!("the template `{}` reads `{}`, which is not in the pack", template.name, template.source);
    let error = Diagnostic::error(Code::FileNotFound, message).about(source);
    let error = error.because(format!("the pack is `{}`", manifest.label()));
    match nearest(source.as_str(), files.keys().map(RelPath::as_str)) {
        Some(near) => error.suggest(format!("did its author mean `{near}`?")),
        None => error.suggest("tell the pack's author"),
    }
}

struct Renderer<'a> {
    manifest: &'a Manifest,
    files: &'a Files,
    context: &'a Context,
    engine: Engine,
    rendered: Vec<Rendered>,
    problems: Vec<Diagnostic>,
}

impl Renderer<'_> {
    fn template(&mut self, template: &Template) {
        if let Some(when) = &template.when {
            match self.engine.is_true(when, &self.context.paths) {
                Ok(true) => {}
                Ok(false) => return,
                Err(error) => return self.fail(template, "when", &error),
            }
        }
        let output = match self.engine.render_inline(&template.output, &self.context.paths) {
            Ok(output) => output,
            Err(error) => return self.fail(template, "output", &error),
        };
        match &template.source {
            Source::File(source) => match self.files.get(source) {
                Some(file) => self.file(template, source, file, &output, false),
                None => self.problem(missing(self.manifest, self.files, template, source)),
            },
            Source::Directory(directory) => self.directory(template, directory, &output),
        }
    }

    fn directory(&mut self, template: &Template, directory: &RelPath, output: &str) {
        let mut empty = true;
        for (source, file) in self.files {
            let Some(below) = source.below(directory.as_str()) else { continue };
            empty = false;
            let relative = match self.engine.render_inline(below, &self.context.paths) {
                Ok(relative) => relative,
                Err(error) => {
                    self.fail(template, &format!("path `{below}`"), &error);
                    continue;
                }
            };
            let raw = template.raw.iter().any(|glob| fast_glob::glob_match(glob, below));
            let relative = if raw { &relative } else { relative.strip_suffix(SUFFIX).unwrap_or(&relative) };
            let path = match output.trim_end_matches('/') {
                "" | "." => relative.to_owned(),
                prefix => format!("{prefix}/{relative}"),
            };
            self.file(template, source, file, &path, raw);
        }
        if empty {
            self.problem(missing(self.manifest, self.files, template, directory));
        }
    }

    fn file(&mut self, template: &Template, source: &RelPath, file: &PackFile, path: &str, raw: bool) {
        let path: RelPath = match path.parse() {
            Ok(path) => path,
            Err(error) => {
                let message = format!("the template `{}` would write outside what is safe", template.name);
                let error =
                    Diagnostic::error(Code::InvalidPath, message).because(error).about(path.escape_debug());
                return self.problem(
                    error.because(format!("its source is `{source}` of `{}`", self.manifest.label())),
                );
            }
        };
        let content = match std::str::from_utf8(&file.content) {
            Ok(_) if !raw => match self.engine.render(source.as_str(), &self.context.files) {
                Ok(text) => text.into_bytes(),
                Err(error) => {
                    let what = format!("the template `{}` failed", template.name);
                    let error = error.to_diagnostic(Code::RenderFailed, &what, source.as_str());
                    return self.problem(error.about(&path));
                }
            },
            // What is no text is no template.
            _ => file.content.clone(),
        };
        self.rendered.push(Rendered {
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
        });
    }

    fn fail(&mut self, template: &Template, part: &str, error: &TemplateError) {
        let what = format!("{part} of the template `{}` failed", template.name);
        self.problem(error.to_diagnostic_of_part(Code::RenderFailed, &what));
    }

    fn problem(&mut self, mut problem: Diagnostic) {
        if let Some(location) = &mut problem.location {
            location.pack = Some(self.manifest.label());
        }
        self.problems.push(problem);
    }
}
