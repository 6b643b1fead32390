//! Looking whether a pack is as it should be, and keeping its golden generations: answers, and the tree
//! that they must give. Nothing of the machine or the day gets into what is made, so that a difference
//! is one of the pack or of what it needs.

use std::collections::{BTreeMap, BTreeSet};

use super::generate::{Inquiry, Made};
use super::protocol::{
    Capabilities, Generation, Golden, Outcome, Root, Selection, Tested, Validate, Validation,
};
use super::registries::{Pack, Registries, read_source};
use super::transaction::{Content, FileChange, Target};
use crate::archive::{Files, PackFile};
use crate::constraint::Constraint;
use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::manifest::{self, GoldenTest, Manifest, Mode, Source};
use crate::merge::unified_diff;
use crate::path::{PathError, RelPath};
use crate::registry::Digest;
use crate::render::{check_sources, check_templates};

/// The time that golden generations are made at.
const TIMESTAMP: &str = "2000-01-01T00:00:00Z";

pub(super) async fn validate(
    registries: Registries,
    capabilities: Capabilities,
    order: &Validate,
) -> Result<Outcome, Vec<Diagnostic>> {
    let source = read_source(registries.exchange(), &Root::Source, "").await?;
    let pack = source.pack.clone();
    let mut problems = problems_of(&pack);
    let is_sound = problems.iter().all(|problem| problem.severity != Severity::Error);
    let (mut tests, mut blessed) = (Vec::new(), Vec::new());
    if order.golden != Golden::Ignore && is_sound {
        if pack.manifest.tests.is_empty() {
            let message = format!("`{}` has no `[[tests]]`, so nothing was generated", pack.manifest.label());
            problems.push(Diagnostic::warning(Code::FileNotFound, message).about(&pack.manifest.name));
        }
        let registries = registries.with_own(source);
        let mut changes = Changes::default();
        for test in &pack.manifest.tests {
            let made = make(&registries, &pack.manifest, test).await;
            tests.push(match (made, order.golden) {
                (Ok(made), Golden::Bless) => {
                    changes.add(&pack.files, test, &made)?;
                    tested(test, &made, Vec::new())
                }
                (Ok(made), _) => {
                    let differences = differences(&pack.files, test, &made, capabilities);
                    tested(test, &made, differences)
                }
                (Err(problems), _) => tested(test, &Files::new(), problems),
            });
        }
        blessed = changes.write(&registries, capabilities, order.wait).await?;
    }
    let Manifest { name, version, .. } = pack.manifest;
    Ok(Outcome::Validate { validation: Box::new(Validation { name, version, problems, tests, blessed }) })
}

fn tested(test: &GoldenTest, made: &Files, problems: Vec<Diagnostic>) -> Tested {
    Tested { name: test.name.clone(), expect: test.expect.clone(), files: made.len(), problems }
}

/// What is wrong with a pack by itself.
fn problems_of(pack: &Pack) -> Vec<Diagnostic> {
    let Pack { manifest, files } = pack;
    let mut problems = Vec::new();
    problems.extend(check_sources(manifest, files).err().unwrap_or_default());
    problems.extend(check_templates(manifest, files).err().unwrap_or_default());
    if let Some(readme) = manifest.readme.as_ref().filter(|readme| !files.contains_key(readme)) {
        let message = format!("the readme `{readme}` is not in the pack");
        problems.push(Diagnostic::error(Code::FileNotFound, message).about(readme));
    }
    problems.extend(misplaced_tests(manifest));
    problems
}

/// What is expected may be written over, so nothing else of the pack may be there.
fn misplaced_tests(manifest: &Manifest) -> Vec<Diagnostic> {
    let meet =
        |a: &RelPath, b: &RelPath| a == b || a.below(b.as_str()).is_some() || b.below(a.as_str()).is_some();
    let mut problems = Vec::new();
    for (number, test) in manifest.tests.iter().enumerate() {
        let mut refuse = |other: String| {
            let message = format!("the test `{}` expects its tree in `{}`, {other}", test.name, test.expect);
            let error = Diagnostic::error(Code::InvalidManifest, message).about(&test.name);
            problems.push(error.suggest("give it a directory of its own, for example `tests/NAME/`"));
        };
        for other in manifest.tests[..number].iter().filter(|other| meet(&test.expect, &other.expect)) {
            refuse(format!("where the test `{}` has it", other.name));
        }
        let own: RelPath = manifest::FILE_NAME.parse().expect("it is a path");
        for file in [Some(&own), manifest.readme.as_ref()].into_iter().flatten() {
            if meet(&test.expect, file) {
                refuse(format!("where `{file}` is"));
            }
        }
        for template in &manifest.templates {
            let (Source::File(source) | Source::Directory(source)) = &template.source;
            if meet(&test.expect, source) {
                refuse(format!("where the template `{}` has its source", template.name));
            }
        }
    }
    problems
}

/// The tree that a test gives.
async fn make(
    registries: &Registries,
    manifest: &Manifest,
    test: &GoldenTest,
) -> Result<Files, Vec<Diagnostic>> {
    let generation = Generation {
        selection: Selection {
            packs: vec![format!("{}@{}", manifest.name, Constraint::exactly(&manifest.version))],
            ..Selection::default()
        },
        answers: test.answers.clone(),
        directory_name: Some(test.expect.file_name().to_owned()),
        ..Generation::default()
    };
    let inquiry = Inquiry::new(registries, generation, TIMESTAMP.to_owned()).await?;
    inquiry.complete()?;
    let Made { tree, problems, .. } = inquiry.make()?;
    if !problems.is_empty() {
        return Err(problems);
    }
    let file = |(path, file): (RelPath, crate::compose::File)| {
        (path, PackFile { content: file.content, mode: file.mode })
    };
    Ok(tree.into_iter().map(file).collect())
}

/// What a pack has in the directory of what a test expects.
fn expected<'a>(files: &'a Files, test: &GoldenTest) -> BTreeMap<&'a str, &'a PackFile> {
    files.iter().filter_map(|(path, file)| Some((path.below(test.expect.as_str())?, file))).collect()
}

/// Where a file of what a test expects is in its pack.
fn place(test: &GoldenTest, path: &str) -> Result<RelPath, Diagnostic> {
    let place = format!("{}/{path}", test.expect);
    place.parse().map_err(|error: PathError| Diagnostic::error(Code::InvalidPath, error.to_string()))
}

fn differences(
    files: &Files,
    test: &GoldenTest,
    made: &Files,
    capabilities: Capabilities,
) -> Vec<Diagnostic> {
    let expected = expected(files, test);
    let mut problems = Vec::new();
    let mut differs = |path: &str, what: &str, there: &[u8], new: &[u8]| {
        let place = format!("{}/{path}", test.expect);
        let error = Diagnostic::error(Code::OutOfDate, format!("`{place}` {what}")).about(&place);
        let diff = place.parse().ok().and_then(|path: RelPath| unified_diff(&path, there, new));
        problems.push(match diff {
            Some(diff) => error.showing(diff),
            None => error,
        });
    };
    for (path, file) in made {
        match expected.get(path.as_str()) {
            None => differs(path.as_str(), "is made and not expected", &[], &file.content),
            Some(there) if there.content != file.content => {
                differs(path.as_str(), "is made otherwise", &there.content, &file.content);
            }
            Some(there) if capabilities.modes && there.mode != file.mode => {
                let what = match file.mode {
                    Mode::Executable => "is made executable",
                    Mode::Regular => "is not made executable",
                };
                differs(path.as_str(), what, &[], &[]);
            }
            Some(_) => {}
        }
    }
    let made: BTreeSet<&str> = made.keys().map(RelPath::as_str).collect();
    for (path, _) in expected.iter().filter(|(path, _)| !made.contains(**path)) {
        differs(path, "is expected and not made", &[], &[]);
    }
    problems
}

/// What blessing changes in the pack's directory.
#[derive(Default)]
struct Changes {
    coming: Vec<FileChange>,
    going: Vec<(RelPath, Content)>,
}

impl Changes {
    fn add(&mut self, files: &Files, test: &GoldenTest, made: &Files) -> Result<(), Diagnostic> {
        let expected = expected(files, test);
        for (path, PackFile { content, mode }) in made {
            let there = expected.get(path.as_str());
            if there.is_some_and(|there| there.content == *content && there.mode == *mode) {
                continue;
            }
            self.coming.push(FileChange {
                path: place(test, path.as_str())?,
                before: Content::of_file(there.map(|there| Digest::of(&there.content))),
                content: content.clone(),
                mode: *mode,
            });
        }
        let made: BTreeSet<&str> = made.keys().map(RelPath::as_str).collect();
        for (path, file) in expected.into_iter().filter(|(path, _)| !made.contains(path)) {
            self.going.push((place(test, path)?, Content::File(Digest::of(&file.content))));
        }
        Ok(())
    }

    /// Writes all of it or nothing. Gives the paths.
    async fn write(
        self,
        registries: &Registries,
        capabilities: Capabilities,
        wait: bool,
    ) -> Result<Vec<String>, Vec<Diagnostic>> {
        let Changes { coming, going } = self;
        let paths = coming.iter().map(|change| &change.path).chain(going.iter().map(|(path, _)| path));
        let paths: Vec<String> = paths.map(ToString::to_string).collect();
        if paths.is_empty() {
            return Ok(paths);
        }
        let target = Target::enter(registries.exchange(), capabilities, wait).await?;
        let mut draft = target.draft();
        for (path, before) in going {
            draft.remove(path, before);
        }
        let staged = draft.put(coming).await;
        let written = match staged {
            Ok(()) => draft.commit().await,
            Err(problems) => Err(problems),
        };
        target.leave().await;
        written.map(|()| paths)
    }
}
