//! Looking whether a pack is as it should be, and keeping its golden generations: answers, and the tree
//! that they must give. Nothing of the machine or the day gets into what is made, so that a difference
//! is one of the pack or of what it needs.

use std::collections::{BTreeMap, BTreeSet};

use super::generate::{Inquiry, Made};
use super::protocol::{Capabilities, Generation, Golden, Outcome, Selection, Tested, Validate, Validation};
use super::registries::{Pack, Registries, own_source};
use super::transaction::{Content, FileChange, Target};
use crate::archive::{self, Files, PackFile};
use crate::constraint::Constraint;
use crate::diagnostic::{Code, Diagnostic, Severity, none_of};
use crate::manifest::{self, GoldenTest, Manifest, Mode, Source};
use crate::merge::unified_diff;
use crate::name::PackageName;
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
    let source = own_source(registries.exchange()).await?;
    let pack = source.pack.clone();
    let Manifest { name, version, tests: golden, .. } = &pack.manifest;
    let mut problems = problems_of(&pack);
    let is_sound = problems.iter().all(|problem| problem.severity != Severity::Error);
    let (mut tests, mut blessed) = (Vec::new(), Blessed::default());
    if order.golden != Golden::Ignore && is_sound {
        let registries = registries.with_own(source);
        if golden.is_empty() {
            problems.extend(without_tests(&registries, &pack.manifest).await);
        }
        let mut changes = Changes::new(&pack, capabilities);
        for test in golden {
            let made = make(&registries, &pack.manifest, test).await;
            let count = made.as_ref().map_or(0, BTreeMap::len);
            let problems = match made {
                Ok(made) if order.golden == Golden::Bless => {
                    changes.add(test, made).err().unwrap_or_default()
                }
                Ok(made) => differences(&pack.files, test, &made, capabilities),
                Err(problems) => problems,
            };
            let (name, expect) = (test.name.clone(), test.expect.clone());
            tests.push(Tested { name, expect, files: count, problems });
        }
        problems.extend(changes.ignoring());
        match changes.write(&registries, order.wait).await {
            Ok(paths) => blessed = paths,
            Err(more) => problems.extend(more),
        }
    }
    let (name, version) = (name.clone(), version.clone());
    let Blessed { written: blessed, removed } = blessed;
    let validation = Validation { name, version, problems, tests, blessed, removed };
    Ok(Outcome::Validate { validation: Box::new(validation) })
}

/// The paths that blessing changed.
#[derive(Default)]
struct Blessed {
    written: Vec<String>,
    removed: Vec<String>,
}

/// What a pack without tests gives with as few answers as can be.
async fn without_tests(registries: &Registries, manifest: &Manifest) -> Vec<Diagnostic> {
    let test = GoldenTest {
        name: "defaults".to_owned(),
        answers: BTreeMap::new(),
        with: Vec::new(),
        expect: "tests/defaults".parse().expect("it is a path"),
    };
    let label = manifest.label();
    let untested = |what: &str| {
        let message = format!("`{label}` has no `[[tests]]`, so {what}");
        let warning = Diagnostic::warning(Code::FileNotFound, message).about(&manifest.name);
        warning.suggest("add one, and let `--bless` write what it gives")
    };
    match make(registries, manifest, &test).await {
        Ok(_) => vec![untested("what it gives with its defaults was made, and compared with nothing")],
        Err(problems) if problems.iter().all(|problem| problem.code == Code::MissingVariable) => {
            vec![untested("nothing was made, as it has no defaults for everything")]
        }
        Err(problems) => problems,
    }
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
    problems.extend(misplaced_tests(manifest, files));
    problems
}

/// What is expected may be written over, so nothing else of the pack may be there.
fn misplaced_tests(manifest: &Manifest, files: &Files) -> Vec<Diagnostic> {
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
        if files.contains_key(&test.expect) {
            refuse("which is a file".to_owned());
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
            with: test.with.iter().map(PackageName::to_string).collect(),
            ..Selection::default()
        },
        answers: test.answers.clone(),
        directory_name: Some(test.expect.file_name().to_owned()),
        ..Generation::default()
    };
    let inquiry = Inquiry::new(registries, generation, TIMESTAMP.to_owned()).await?;
    inquiry.complete().map_err(|problems| as_answers_of(test, problems))?;
    let Made { tree, problems, .. } = inquiry.make()?;
    if !problems.is_empty() {
        return Err(problems);
    }
    let file = |(path, file): (RelPath, crate::compose::File)| {
        (path, PackFile { content: file.content, mode: file.mode })
    };
    Ok(tree.into_iter().map(file).collect())
}

/// What is to be answered is answered in the manifest.
fn as_answers_of(test: &GoldenTest, problems: Vec<Diagnostic>) -> Vec<Diagnostic> {
    let where_to = format!("see to it in `answers` of the test `{}`", test.name);
    problems.into_iter().map(|problem| problem.suggest(where_to.clone())).collect()
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
    let made = paths_of(made);
    for (path, _) in expected.iter().filter(|(path, _)| !made.contains(**path)) {
        differs(path, "is expected and not made", &[], &[]);
    }
    problems
}

/// What blessing changes in the pack's directory.
struct Changes<'p> {
    files: &'p Files,
    capabilities: Capabilities,
    coming: Vec<FileChange>,
    going: Vec<(RelPath, Content)>,
    /// What the pack then has: files, and their bytes.
    entries: usize,
    bytes: usize,
}

impl<'p> Changes<'p> {
    fn new(pack: &'p Pack, capabilities: Capabilities) -> Changes<'p> {
        let is_golden = |path: &RelPath| {
            pack.manifest.tests.iter().any(|test| path.below(test.expect.as_str()).is_some())
        };
        let others: Vec<usize> = pack
            .files
            .iter()
            .filter(|(path, _)| !is_golden(path))
            .map(|(_, file)| file.content.len())
            .collect();
        Changes {
            files: &pack.files,
            capabilities,
            coming: Vec::new(),
            going: Vec::new(),
            entries: others.len(),
            bytes: others.iter().sum(),
        }
    }

    /// Takes in what a test gives. Nothing of it if that cannot be written.
    fn add(&mut self, test: &GoldenTest, made: Files) -> Result<(), Vec<Diagnostic>> {
        let expected = expected(self.files, test);
        none_of(in_the_way(test, &expected, &made))?;
        self.entries += made.len();
        self.bytes += made.values().map(|file| file.content.len()).sum::<usize>();
        if self.entries > archive::MAX_ENTRIES || self.bytes > archive::MAX_UNPACKED {
            let (files, size) = (archive::MAX_ENTRIES, archive::MAX_UNPACKED >> 20);
            let message = format!("with this the pack would have more than {files} files or {size} MiB");
            return Err(Diagnostic::error(Code::InvalidArchive, message).about(&test.expect).into());
        }
        let paths = paths_of(&made);
        for (path, file) in expected.iter().filter(|(path, _)| !paths.contains(*path)) {
            self.going.push((place(test, path)?, Content::File(Digest::of(&file.content))));
        }
        for (path, PackFile { content, mode }) in made {
            let there = expected.get(path.as_str());
            let has_mode = |there: &PackFile| !self.capabilities.modes || there.mode == mode;
            if there.is_some_and(|there| there.content == content && has_mode(there)) {
                continue;
            }
            let before = Content::of_file(there.map(|there| Digest::of(&there.content)));
            self.coming.push(FileChange { path: place(test, path.as_str())?, before, content, mode });
        }
        Ok(())
    }

    /// Files that come and keep version control from seeing others.
    fn ignoring(&self) -> Vec<Diagnostic> {
        let ignoring = self.coming.iter().filter(|change| change.path.file_name() == ".gitignore");
        let warning = |change: &FileChange| {
            let path = &change.path;
            let directory = path.as_str().rsplit_once('/').map_or("", |(directory, _)| directory);
            let message = format!("`{path}` keeps Git from adding what it names to the pack itself");
            let warning = Diagnostic::warning(Code::InvalidInput, message).about(path);
            warning.suggest(format!("add it all with `git add --force {directory}`"))
        };
        ignoring.map(warning).collect()
    }

    /// Writes all of it or nothing. Gives the paths.
    async fn write(self, registries: &Registries, wait: bool) -> Result<Blessed, Vec<Diagnostic>> {
        let Changes { coming, going, capabilities, .. } = self;
        let blessed = Blessed {
            written: coming.iter().map(|change| change.path.to_string()).collect(),
            removed: going.iter().map(|(path, _)| path.to_string()).collect(),
        };
        if coming.is_empty() && going.is_empty() {
            return Ok(blessed);
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
        written.map(|_safety| blessed)
    }
}

fn paths_of(files: &Files) -> BTreeSet<&str> {
    files.keys().map(RelPath::as_str).collect()
}

/// Why what a test gives cannot take the place of what is there.
fn in_the_way(test: &GoldenTest, expected: &BTreeMap<&str, &PackFile>, made: &Files) -> Vec<Diagnostic> {
    let conflict = |path: &str, what: &str, help: String| {
        let place = format!("{}/{path}", test.expect);
        let error = Diagnostic::error(Code::FileConflict, format!("`{place}` {what}")).about(&place);
        error.suggest(help)
    };
    // A tree that was blessed has something in common with what comes out now.
    let paths = paths_of(made);
    if !expected.is_empty() && !expected.keys().any(|path| paths.contains(path)) {
        let message = format!("`{}` holds files, and this test gives none of them", test.expect);
        let error = Diagnostic::error(Code::FileConflict, message).about(&test.expect);
        let help = format!("remove `{}`, or give the test a directory of its own", test.expect);
        return vec![error.suggest(help)];
    }
    let remove = |path: &str| format!("remove `{}/{path}` first", test.expect);
    let directories: BTreeSet<&str> = made.keys().flat_map(RelPath::parents).collect();
    let files = expected.keys().filter(|path| directories.contains(**path));
    let files = files.map(|path| conflict(path, "is a file, and a directory is made", remove(path)));
    let shut = made.keys().filter(|path| {
        let below = format!("{path}/");
        expected.range(below.as_str()..).next().is_some_and(|(next, _)| next.starts_with(&below))
    });
    let shut =
        shut.map(|path| conflict(path.as_str(), "is a directory, and a file is made", remove(path.as_str())));
    files.chain(shut).collect()
}
