//! The commands that read registries: list, show, questions, generate.

use std::collections::{BTreeMap, BTreeSet};

use minijinja::Value;
use serde_json::Value as Json;

use super::exchange::Exchange;
use super::protocol::{
    AnswersFile, Capabilities, Contents, EntryKind, Generation, HostErrorKind, Outcome, PackDetails, Project,
    ResolvedPack, Root, VersionState,
};
use super::source::{Pack, Sources};
use crate::archive;
use crate::compose::{Tree, compose};
use crate::constraint::{Constraint, Requirement, RequirementError};
use crate::diagnostic::{self, Code, Diagnostic, nearest};
use crate::explain::explain;
use crate::expression::Engine;
use crate::lockfile::{self, LockedFile, LockedPack, Lockfile};
use crate::manifest::Mode;
use crate::name::PackName;
use crate::path::{LOCKFILE, RelPath};
use crate::plan::{Action, Existing, Plan, Wanted};
use crate::registry::{Digest, Release};
use crate::render::{Context, Rendered, render};
use crate::resolve::{ChosenPack, Fact, Failure, Gather, Request, Resolution, solve};
use crate::variable::{
    self, Answer, Answers, Kind, Question, TIMESTAMP, Variable, check_timestamp, declare, interview,
    unknown_answers,
};

/// The most bytes of a project: 64 MiB.
const MAX_PROJECT: usize = 64 << 20;

pub(super) async fn list(sources: &Sources) -> Result<Outcome, Vec<Diagnostic>> {
    Ok(Outcome::List { packs: sources.catalog().await? })
}

pub(super) async fn show(sources: &Sources, pack: &str) -> Result<Outcome, Vec<Diagnostic>> {
    let requirement = parse_requirement(pack)?;
    let mut facts = sources.look_up(std::slice::from_ref(&requirement.name)).await?;
    let Some(known) = facts.remove(&requirement.name).flatten() else {
        return Err(not_found(sources, &requirement.name).await.into());
    };
    // Asked for by its name alone, a pack of which there are only pre-releases is shown all the same.
    let matching =
        || known.releases.iter().filter(|release| requirement.constraint.matches(&release.version));
    let any = || known.releases.iter().filter(|_| requirement.constraint == Constraint::any());
    let candidates = || matching().chain(any());
    let Some(release) = candidates().find(|release| !release.yanked).or_else(|| candidates().next()) else {
        let fact = Fact::NoVersion {
            name: requirement.name.clone(),
            available: known.releases.iter().rev().map(|release| release.version.clone()).collect(),
            yanked: Vec::new(),
        };
        return Err(explain(&Failure::Conflict(vec![Fact::Asked(requirement), fact]), []));
    };
    let pack = sources.packs(&[release]).await?.remove(0);
    let versions = known.releases.iter();
    let versions = versions
        .map(|release| VersionState { version: release.version.clone(), yanked: release.yanked })
        .collect();
    Ok(Outcome::Show { pack: Box::new(PackDetails::new(pack.manifest, known.registry, versions)) })
}

pub(super) async fn questions(
    sources: &Sources,
    generation: Generation,
    timestamp: String,
) -> Result<Outcome, Vec<Diagnostic>> {
    let inquiry = Inquiry::new(sources, generation, timestamp).await?;
    if !inquiry.unknown.is_empty() {
        return Err(inquiry.unknown);
    }
    Ok(Outcome::Questions {
        packs: inquiry.selection.resolution.packs.iter().map(ResolvedPack::from).collect(),
        questions: inquiry.questions,
    })
}

pub(super) async fn generate(
    sources: &Sources,
    capabilities: Capabilities,
    generation: Generation,
    timestamp: String,
) -> Result<Outcome, Vec<Diagnostic>> {
    let (target, check) = (generation.target, generation.check);
    if check && !target {
        return Err(Diagnostic::error(Code::InvalidInput, "there is no target to check").into());
    }
    let inquiry = Inquiry::new(sources, generation, timestamp).await?;
    inquiry.complete()?;
    let (tree, secrets) = inquiry.render()?;
    let lockfile = inquiry.lockfile(&tree).to_text();
    let lock = inquiry.selection.lock.as_ref();
    let recorded: BTreeMap<&RelPath, Digest> =
        lock.into_iter().flat_map(|lock| &lock.content.files).map(|file| (&file.path, file.hash)).collect();
    let mut wanted: Vec<Wanted> = tree
        .into_values()
        .map(|file| Wanted {
            secret: secrets.contains(&file.path),
            // What stands there as it was generated is not the user's.
            replaces: recorded.get(&file.path).copied(),
            path: file.path,
            content: file.content,
            mode: file.mode,
            origin: Some(file.origin),
        })
        .collect();
    wanted.push(Wanted {
        path: RelPath::lockfile(),
        content: lockfile.clone().into_bytes(),
        mode: Mode::Regular,
        origin: None,
        // Only a lockfile that was read as one is ours to replace.
        replaces: lock.map(|lock| lock.digest),
        secret: false,
    });
    let existing = if target {
        let paths = wanted.iter().map(|file| &file.path);
        Some(look_at(&sources.exchange, paths, capabilities.modes).await?)
    } else {
        None
    };
    let leftovers = match (target, lock) {
        (true, Some(lock)) => left_over(&sources.exchange, &lock.content, &wanted).await?,
        _ => Vec::new(),
    };
    let hooks = inquiry.selection.packs.iter().flat_map(|pack| pack.manifest.hooks.clone()).collect();
    let (plan, contents) = Plan::new(wanted, existing.as_ref(), hooks);
    if check {
        up_to_date(&plan, &leftovers)?;
    }
    Ok(Outcome::Generate {
        project: Box::new(Project {
            packs: inquiry.selection.resolution.packs.iter().map(ResolvedPack::from).collect(),
            answers: inquiry.recorded().collect(),
            plan,
            lockfile,
            warnings: inquiry.warnings().chain(leftovers.iter().map(warn_of_left_over)).collect(),
            contents: Contents(contents.into()),
        }),
    })
}

fn parse_requirement(text: &str) -> Result<Requirement, Vec<Diagnostic>> {
    text.parse().map_err(|error: RequirementError| {
        let code = match error {
            RequirementError::Name(_) => Code::InvalidName,
            RequirementError::Constraint(_) => Code::InvalidConstraint,
        };
        let error = Diagnostic::error(code, error.to_string());
        error.suggest("a pack is asked for as `NAME` or `NAME@CONSTRAINT`, for example `rust-cli@^1`").into()
    })
}

async fn not_found(sources: &Sources, name: &PackName) -> Diagnostic {
    let error = Diagnostic::error(Code::PackNotFound, format!("there is no pack `{name}`")).about(name);
    let names = known_names(sources).await;
    match nearest(name.as_str(), names.iter().map(String::as_str)) {
        Some(near) => error.suggest(format!("did you mean `{near}`?")),
        None => error.suggest("`packwright list` shows the packs there are"),
    }
}

/// Names to suggest from. Without a catalogue there are no suggestions, which is no error.
async fn known_names(sources: &Sources) -> Vec<String> {
    let catalog = sources.catalog().await.unwrap_or_default();
    catalog.into_iter().map(|summary| summary.name.to_string()).collect()
}

/// The packs of a project: resolved and read.
struct Selection {
    lock: Option<ReadLockfile>,
    request: Request,
    resolution: Resolution,
    /// In install order, as in the resolution.
    packs: Vec<Pack>,
}

impl Selection {
    async fn new(sources: &Sources, generation: &Generation) -> Result<Selection, Vec<Diagnostic>> {
        let lock = if generation.target { read_lockfile(&sources.exchange).await? } else { None };
        let strange =
            lock.iter().flat_map(|lock| &lock.content.packs).find(|pack| !sources.has(&pack.registry));
        if let Some(LockedPack { name, registry, .. }) = strange {
            let message =
                format!("{LOCKFILE} has `{name}` from the registry `{registry}`, which is not configured");
            let error = Diagnostic::error(Code::InvalidLockfile, message).about(name);
            return Err(error.suggest(format!("add `--registry {registry}=LOCATION`")).into());
        }
        let request = request(generation, lock.as_ref().map(|lock| &lock.content))?;
        let mut gather = Gather::new(request.clone());
        loop {
            let wanted =
                gather.wanted().map_err(|error| Diagnostic::error(Code::Conflict, error.to_string()))?;
            if wanted.is_empty() {
                break;
            }
            for (name, known) in sources.look_up(&wanted).await? {
                gather.add(name, known);
            }
        }
        let resolution = match solve(&request, &gather.into_facts()) {
            Ok(resolution) => resolution,
            Err(failure) => {
                let names = known_names(sources).await;
                return Err(explain(&failure, names.iter().map(String::as_str)));
            }
        };
        for chosen in &resolution.packs {
            check_locked(sources, chosen, lock.as_ref().map(|lock| &lock.content)).await?;
        }
        let releases: Vec<&Release> = resolution.packs.iter().map(|chosen| &chosen.release).collect();
        let packs = sources.packs(&releases).await?;
        let selection = Selection { lock, request, resolution, packs };
        selection.check_members()?;
        Ok(selection)
    }

    fn joins(&self, name: &PackName, optional: bool) -> bool {
        !optional || self.request.with.contains(name)
    }

    /// Every name in `with` must be an optional member of some pack.
    fn check_members(&self) -> Result<(), Vec<Diagnostic>> {
        let manifests = || self.packs.iter().map(|pack| &pack.manifest);
        let packs = manifests().flat_map(|manifest| &manifest.dependencies);
        let packages = manifests().flat_map(|manifest| &manifest.packages);
        let optional: Vec<&str> = packs
            .filter(|member| member.optional)
            .map(|member| member.name.as_str())
            .chain(packages.filter(|member| member.optional).map(|member| member.name.as_str()))
            .collect();
        let unknown = self.request.with.iter().filter(|name| !optional.contains(&name.as_str()));
        let problems: Vec<Diagnostic> = unknown
            .map(|name| {
                let error = Diagnostic::error(
                    Code::InvalidInput,
                    format!("`{name}` is no optional member of these packs"),
                );
                let error = error.about(name);
                match (nearest(name.as_str(), optional.iter().copied()), optional.is_empty()) {
                    (Some(near), _) => error.suggest(format!("did you mean `{near}`?")),
                    (None, true) => error.suggest("they have none; name the pack itself instead"),
                    (None, false) => error.suggest(format!("they have {}", optional.join(", "))),
                }
            })
            .collect();
        if problems.is_empty() { Ok(()) } else { Err(problems) }
    }
}

/// The lockfile of the target, and the digest of its text.
struct ReadLockfile {
    content: Lockfile,
    digest: Digest,
}

async fn read_lockfile(exchange: &Exchange) -> Result<Option<ReadLockfile>, Vec<Diagnostic>> {
    match exchange.read(&Root::Target, LOCKFILE, lockfile::MAX_SIZE).await {
        Ok(bytes) => {
            let digest = Digest::of(&bytes);
            let text = String::from_utf8(bytes).map_err(|error| {
                Diagnostic::error(Code::InvalidLockfile, format!("{LOCKFILE} is not UTF-8")).because(error)
            })?;
            Ok(Some(ReadLockfile { content: Lockfile::parse(&text)?, digest }))
        }
        Err(error) if error.is(HostErrorKind::NotFound) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

fn request(generation: &Generation, lock: Option<&Lockfile>) -> Result<Request, Vec<Diagnostic>> {
    let mut request = Request::default();
    let mut problems = Vec::new();
    for text in &generation.packs {
        match parse_requirement(text) {
            Ok(requirement) => request.requirements.push(requirement),
            Err(errors) => problems.extend(errors),
        }
    }
    for text in &generation.with {
        match text.parse::<PackName>() {
            Ok(name) => {
                request.with.insert(name);
            }
            Err(error) => problems.push(Diagnostic::error(Code::InvalidName, error.to_string())),
        }
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    if let Some(lock) = lock {
        if request.requirements.is_empty() {
            request.requirements.clone_from(&lock.requirements);
            request.with.extend(lock.with.iter().cloned());
        }
        request.locked = lock.packs.iter().map(|pack| (pack.name.clone(), pack.version.clone())).collect();
    }
    if request.requirements.is_empty() {
        let error = Diagnostic::error(Code::Usage, "no packs are asked for");
        return Err(error.suggest("name at least one; `packwright list` shows the packs there are").into());
    }
    Ok(request)
}

/// A version that was locked must still be the same bytes, unless it comes from sources on disk.
async fn check_locked(
    sources: &Sources,
    chosen: &ChosenPack,
    lock: Option<&Lockfile>,
) -> Result<(), Vec<Diagnostic>> {
    let mut locked = lock.into_iter().flat_map(|lock| &lock.packs);
    let Some(locked) = locked.find(|locked| locked.name == chosen.release.name) else { return Ok(()) };
    if locked.registry != chosen.registry {
        let message = format!("`{}` would come from another registry than before", locked.name);
        let error = Diagnostic::error(Code::InvalidLockfile, message).about(&locked.name);
        let error = error.because(format!(
            "{LOCKFILE} has it from `{}`, now it is `{}`",
            locked.registry, chosen.registry
        ));
        return Err(error.suggest(format!("add `--registry {}=LOCATION`", locked.registry)).into());
    }
    let changed = locked.version == chosen.release.version && locked.integrity != chosen.release.integrity;
    if changed && sources.is_immutable(&chosen.release.name).await? {
        let message = format!("`{}` is not what {LOCKFILE} recorded", chosen.label());
        let error = Diagnostic::error(Code::InvalidArchive, message).about(&chosen.release.name);
        return Err(error
            .because("a published version never changes; its digest in the registry did")
            .suggest("ask the registry's owner, and trust neither until you know")
            .into());
    }
    Ok(())
}

/// A selection of packs with everything they ask and what is answered.
struct Inquiry {
    selection: Selection,
    timestamp: String,
    facts: BTreeMap<String, Value>,
    questions: Vec<Question>,
    unknown: Vec<Diagnostic>,
}

impl Inquiry {
    async fn new(sources: &Sources, generation: Generation, now: String) -> Result<Inquiry, Vec<Diagnostic>> {
        let selection = Selection::new(sources, &generation).await?;
        let lock = selection.lock.as_ref().map(|lock| &lock.content);
        let timestamp = match generation.timestamp {
            Some(timestamp) => {
                check_timestamp(&timestamp)
                    .map_err(|error| Diagnostic::error(Code::InvalidInput, error.to_string()))?;
                timestamp
            }
            None => lock.map_or(now, |lock| lock.timestamp.clone()),
        };
        let file = generation.answers_file.as_ref().map(parse_answers).transpose()?.unwrap_or_default();
        let answers = Answers {
            arguments: generation.answers,
            file,
            lock: lock.map(|lock| lock.answers.clone()).unwrap_or_default(),
            directory_name: generation.directory_name,
        };
        let packs =
            selection.packs.iter().map(|pack| (&pack.manifest.name, pack.manifest.variables.as_slice()));
        let declarations = declare(packs)?;
        let facts = facts(&selection, &timestamp);
        let questions = interview(&Engine::new(), &declarations, &answers, &facts);
        let unknown = unknown_answers(&declarations, &answers);
        Ok(Inquiry { selection, timestamp, facts, questions, unknown })
    }

    /// All that stands in the way of rendering.
    fn complete(&self) -> Result<(), Vec<Diagnostic>> {
        let mut problems = self.unknown.clone();
        problems.extend(self.questions.iter().filter_map(|question| question.problem.clone()));
        problems
            .extend(self.questions.iter().filter(|question| question.is_missing()).map(Question::missing));
        if problems.is_empty() { Ok(()) } else { Err(problems) }
    }

    /// The files, and the paths of those whose content tells a secret.
    fn render(&self) -> Result<(Tree, BTreeSet<RelPath>), Vec<Diagnostic>> {
        let tree = compose(self.render_with(|question| question.answer.clone())?)?;
        let bytes: usize = tree.values().map(|file| file.content.len()).sum();
        if bytes > MAX_PROJECT {
            let message = format!("the project has more than {} MiB", MAX_PROJECT >> 20);
            return Err(Diagnostic::error(Code::RenderFailed, message).into());
        }
        let secret = |question: &&Question| question.variable.secret;
        let mut secrets = BTreeSet::new();
        if self.questions.iter().any(|question| secret(&question)) {
            // A file that other secrets would change depends on them. Where they cannot be
            // rendered, everything may.
            let others = self.render_with(|question| match secret(&question) {
                true => Some(another_answer(&question.variable, question.answer.as_ref())),
                false => question.answer.clone(),
            });
            let others: BTreeMap<RelPath, Vec<u8>> =
                others.unwrap_or_default().into_iter().map(|file| (file.path, file.content)).collect();
            let told = tree.values().filter(|file| others.get(&file.path) != Some(&file.content));
            secrets.extend(told.map(|file| file.path.clone()));
        }
        Ok((tree, secrets))
    }

    fn render_with(
        &self,
        answer: impl Fn(&Question) -> Option<Answer>,
    ) -> Result<Vec<Rendered>, Vec<Diagnostic>> {
        let values = |secrets: bool| {
            let answers = self.questions.iter().filter(|question| secrets || !question.variable.secret);
            let answers = answers.map(|question| {
                let value = answer(question).map_or(Value::from(()), |answer| answer.to_value());
                (question.variable.name.to_string(), value)
            });
            Value::from_pairs(self.facts.clone().into_iter().chain(answers))
        };
        let context = Context { files: values(true), paths: values(false) };
        let mut rendered = Vec::new();
        let mut problems = Vec::new();
        for pack in &self.selection.packs {
            match render(&pack.manifest, &pack.files, &context) {
                Ok(files) => rendered.extend(files),
                Err(errors) => problems.extend(errors),
            }
        }
        if problems.is_empty() { Ok(rendered) } else { Err(problems) }
    }

    /// Answers that may be written down: no secrets, nothing that was not asked.
    fn recorded(&self) -> impl Iterator<Item = (String, Answer)> {
        self.questions
            .iter()
            .filter(|question| !question.variable.secret)
            .filter_map(|question| Some((question.variable.name.to_string(), question.answer.clone()?)))
    }

    fn lockfile(&self, tree: &Tree) -> Lockfile {
        let packs = self.selection.resolution.packs.iter().map(|chosen| LockedPack {
            name: chosen.release.name.clone(),
            version: chosen.release.version.clone(),
            registry: chosen.registry.clone(),
            integrity: chosen.release.integrity,
            dependencies: chosen.dependencies.iter().map(|edge| edge.name.clone()).collect(),
        });
        let files = tree.values().map(|file| LockedFile {
            path: file.path.clone(),
            pack: file.origin.pack.clone(),
            template: file.origin.template.clone(),
            mode: file.mode,
            hash: Digest::of(&file.content),
        });
        let lockfile = Lockfile {
            generator: env!("CARGO_PKG_VERSION").parse().expect("our own version is one"),
            timestamp: self.timestamp.clone(),
            requirements: self.selection.request.requirements.clone(),
            with: self.selection.request.with.iter().cloned().collect(),
            answers: Lockfile::record(self.recorded()),
            packs: packs.collect(),
            files: files.collect(),
        };
        // A newer Packwright that gives the same files has nothing to write down.
        let Some(ReadLockfile { content: lock, .. }) = &self.selection.lock else { return lockfile };
        let as_before = Lockfile { generator: lock.generator.clone(), ..lockfile.clone() };
        if as_before.to_text() == lock.to_text() { as_before } else { lockfile }
    }

    fn warnings(&self) -> impl Iterator<Item = Diagnostic> {
        let packs = self.selection.packs.iter().map(|pack| &pack.manifest);
        let packages =
            packs.flat_map(|manifest| manifest.packages.iter().map(move |package| (manifest, package)));
        packages.filter(|(_, package)| self.selection.joins(&package.name, package.optional)).map(
            |(manifest, package)| {
                let message = format!("the package `{}@{}` is not pinned", package.name, package.constraint);
                Diagnostic::warning(Code::UnpinnedPackage, message)
                    .because(format!(
                        "`{}` wants it from the registry `{}`",
                        manifest.label(),
                        package.registry
                    ))
                    .about(&package.name)
            },
        )
    }
}

/// What templates see besides answers.
fn facts(selection: &Selection, timestamp: &str) -> BTreeMap<String, Value> {
    let packs = selection.resolution.packs.iter().zip(&selection.packs).map(|(chosen, pack)| {
        let facts = [
            ("version", chosen.release.version.to_string()),
            ("registry", chosen.registry.to_string()),
            ("description", pack.manifest.description.clone()),
        ];
        (chosen.release.name.to_string(), Value::from_pairs(facts))
    });
    let packages = selection
        .packs
        .iter()
        .flat_map(|pack| &pack.manifest.packages)
        .filter(|package| selection.joins(&package.name, package.optional))
        .map(|package| {
            let facts = [
                ("constraint", Value::from(package.constraint.to_string())),
                ("registry", Value::from(package.registry.to_string())),
                ("features", package.features.iter().map(String::as_str).collect()),
            ];
            (package.name.to_string(), Value::from_pairs(facts))
        });
    BTreeMap::from([
        ("packs".to_owned(), Value::from_pairs(packs)),
        ("packages".to_owned(), Value::from_pairs(packages)),
        (TIMESTAMP.to_owned(), Value::from(timestamp)),
    ])
}

fn parse_answers(file: &AnswersFile) -> Result<BTreeMap<String, Json>, Vec<Diagnostic>> {
    let shown = file.name.chars().take(200).collect::<String>();
    let broken = |error: &dyn std::fmt::Display, place: Option<diagnostic::Location>| {
        let error =
            Diagnostic::error(Code::InvalidAnswer, format!("{shown} holds no answers")).because(error);
        vec![match place {
            Some(place) => error.at(place),
            None => error,
        }]
    };
    let place = |offset: usize| diagnostic::Location::of_offset(&shown, &file.text, offset);
    if file.text.len() > variable::MAX_TEXT * 4 {
        return Err(broken(&"it is too large", None));
    }
    match file.name.rsplit('.').next() {
        Some("toml") => toml::from_str(&file.text)
            .map_err(|error| broken(&error.message(), error.span().map(|span| place(span.start)))),
        Some("json") => serde_json::from_str(&file.text).map_err(|error| broken(&error, None)),
        _ => Err(broken(&"its name ends with neither `.toml` nor `.json`", None)),
    }
}

/// Some answer to a secret that is not the one given.
fn another_answer(variable: &Variable, given: Option<&Answer>) -> Answer {
    let answers = match variable.kind {
        _ if variable.multiple => {
            [Answer::List(Vec::new()), Answer::List(variable.choices.clone().unwrap_or_default())]
        }
        Kind::Boolean => [true, false].map(Answer::Boolean),
        Kind::Integer => [7, 11].map(Answer::Integer),
        Kind::String | Kind::Path => ["secret", "hidden"].map(|text| Answer::Text(text.to_owned())),
    };
    let [first, second] = answers;
    if Some(&first) == given { second } else { first }
}

/// What stands at each path of the target. Absent paths are left out.
pub(super) async fn look_at(
    exchange: &Exchange,
    paths: impl Iterator<Item = &RelPath>,
    modes: bool,
) -> Result<BTreeMap<RelPath, Existing>, Vec<Diagnostic>> {
    let paths: Vec<&RelPath> = paths.collect();
    let blocked = blocked_parents(exchange, &paths).await?;
    let mut existing = BTreeMap::new();
    let mut open: Vec<&RelPath> = Vec::new();
    for path in paths {
        match blocked.iter().find(|blocked| path.below(blocked).is_some()) {
            Some(by) => drop(existing.insert(path.clone(), Existing::Blocked { by: by.clone() })),
            None => open.push(path),
        }
    }
    let texts: Vec<String> = open.iter().map(|path| path.to_string()).collect();
    let stats = exchange.stat_all(&Root::Target, &texts).await?;
    let files = texts.into_iter().zip(&stats).filter(|(_, stat)| stat.kind == EntryKind::File);
    let files: Vec<String> = files.map(|(path, _)| path).collect();
    let mut contents = exchange.read_all(&Root::Target, &files, archive::MAX_UNPACKED).await.into_iter();
    for (path, stat) in open.into_iter().zip(stats) {
        let there = match stat.kind {
            EntryKind::Absent => continue,
            EntryKind::File => {
                let mode = if stat.executable { Mode::Executable } else { Mode::Regular };
                let content = contents.next().expect("every file was read")?;
                Existing::File { content, mode: modes.then_some(mode) }
            }
            EntryKind::Directory | EntryKind::Link | EntryKind::Other => {
                Existing::Blocked { by: path.to_string() }
            }
        };
        existing.insert(path.clone(), there);
    }
    Ok(existing)
}

/// What stands where some paths need a directory and is none, the outermost only: behind it nothing
/// can be looked at.
async fn blocked_parents(exchange: &Exchange, paths: &[&RelPath]) -> Result<Vec<String>, Vec<Diagnostic>> {
    let mut levels: BTreeMap<usize, BTreeSet<&str>> = BTreeMap::new();
    for path in paths {
        for (depth, parent) in path.parents().enumerate() {
            levels.entry(depth).or_default().insert(parent);
        }
    }
    let mut blocked: Vec<String> = Vec::new();
    for level in levels.into_values() {
        let behind = |path: &&str| {
            let below = |blocked: &String| {
                path.strip_prefix(blocked.as_str()).is_some_and(|rest| rest.starts_with('/'))
            };
            blocked.iter().any(below)
        };
        let look: Vec<String> = level.into_iter().filter(|path| !behind(path)).map(str::to_owned).collect();
        let stats = exchange.stat_all(&Root::Target, &look).await?;
        let found = look.into_iter().zip(stats);
        let shut = found.filter(|(_, stat)| !matches!(stat.kind, EntryKind::Directory | EntryKind::Absent));
        blocked.extend(shut.map(|(path, _)| path).collect::<Vec<_>>());
    }
    Ok(blocked)
}

/// Files of the last generation that stand there still and are made no more.
async fn left_over(
    exchange: &Exchange,
    lock: &Lockfile,
    wanted: &[Wanted],
) -> Result<Vec<String>, Vec<Diagnostic>> {
    let made: BTreeSet<&RelPath> = wanted.iter().map(|file| &file.path).collect();
    let former: Vec<&RelPath> =
        lock.files.iter().map(|file| &file.path).filter(|path| !made.contains(path)).collect();
    let blocked = blocked_parents(exchange, &former).await?;
    let open = former.into_iter().filter(|path| !blocked.iter().any(|blocked| path.below(blocked).is_some()));
    let open: Vec<String> = open.map(RelPath::to_string).collect();
    let stats = exchange.stat_all(&Root::Target, &open).await?;
    let files = open.into_iter().zip(stats).filter(|(_, stat)| stat.kind == EntryKind::File);
    Ok(files.map(|(path, _)| path).collect())
}

fn warn_of_left_over(path: &String) -> Diagnostic {
    Diagnostic::warning(Code::OutOfDate, format!("`{path}` is no longer made by the packs and stays"))
        .about(path)
        .suggest("remove it if you do not need it")
}

fn up_to_date(plan: &Plan, leftovers: &[String]) -> Result<(), Vec<Diagnostic>> {
    let stale = plan.operations.iter().filter(|operation| operation.action != Action::Unchanged);
    let problems: Vec<Diagnostic> = stale
        .map(|operation| {
            let path = &operation.path;
            let message = match (operation.action, &operation.diff) {
                (Action::Create, _) => format!("`{path}` is not there"),
                (_, None) if operation.before == Some(operation.hash) => {
                    format!("`{path}` has another mode than {}", mode_text(operation.mode))
                }
                _ => format!("`{path}` is not what the packs give"),
            };
            let error = Diagnostic::error(Code::OutOfDate, message).about(path);
            let error = match &operation.diff {
                Some(diff) => error.showing(diff.clone()),
                None => error,
            };
            error.suggest("generate again, with `--force` if it was edited, or change answers or packs")
        })
        .chain(leftovers.iter().map(|path| {
            let message = format!("`{path}` is no longer made by the packs");
            Diagnostic::error(Code::OutOfDate, message).about(path).suggest("remove it")
        }))
        .collect();
    if problems.is_empty() { Ok(()) } else { Err(problems) }
}

fn mode_text(mode: Mode) -> &'static str {
    match mode {
        Mode::Regular => "0644",
        Mode::Executable => "0755",
    }
}
