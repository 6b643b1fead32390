//! The commands that read registries: list, show, questions, generate.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use minijinja::Value;

use super::exchange::Exchange;
use super::files;
use super::protocol::{
    Capabilities, Contents, EntryKind, Generation, Outcome, PackDetails, Project, Resolved, Root, TextFile,
    VersionState,
};
use super::registries::{Pack, Registries};
use super::select::{Named, Selected, parse_requirement};
use crate::archive;
use crate::compose::{Composed, Tree, compose};
use crate::composition::{Composition, Rule, Strategy};
use crate::constraint::Constraint;
use crate::diagnostic::{Code, Diagnostic, nearest, none_of};
use crate::explain::no_such_version;
use crate::expression::Engine;
use crate::lockfile::{LockedFile, Lockfile};
use crate::manifest::{Manifest, Mode};
use crate::name::{Identity, PackName, PackageName, RegistryId};
use crate::path::{PathError, RelPath};
use crate::plan::{Action, Existing, IfThere, Masked, Operation, Plan, Wanted, Was};
use crate::registry::{Digest, Release};
use crate::render::{Context, Outcome as Rendering, Rendered, library, no_such_template, render};
use crate::variable::{
    Answer, Answers, Kind, Question, TIMESTAMP, Variable, check_timestamp, declare, interview,
    nearly_answers, unknown_answers,
};
use crate::version::Version;

/// The most bytes of a project: 64 MiB.
const MAX_PROJECT: usize = 64 << 20;

pub(super) async fn list(registries: &Registries) -> Result<Outcome, Vec<Diagnostic>> {
    Ok(Outcome::List { packs: registries.catalog().await? })
}

pub(super) async fn show(registries: &Registries, pack: &str) -> Result<Outcome, Vec<Diagnostic>> {
    let requirement = parse_requirement(pack)?;
    let identity = Identity::Pack(requirement.name.clone());
    let mut facts = registries.look_up(std::slice::from_ref(&identity)).await?;
    if facts.get(&identity).is_none_or(Option::is_none) && registries.transport.distrust() {
        facts = registries.look_up(std::slice::from_ref(&identity)).await?;
    }
    let Some(known) = facts.remove(&identity).flatten() else {
        return Err(not_found(registries, &requirement.name).await.into());
    };
    // Asked for by its name alone, a pack of which there are only pre-releases is shown all the same.
    let matching =
        || known.releases.iter().filter(|release| requirement.constraint.matches(&release.version));
    let any = || known.releases.iter().filter(|_| requirement.constraint == Constraint::any());
    let candidates = || matching().chain(any());
    let standing = || candidates().filter(|release| !release.yanked);
    let advised = || standing().find(|release| release.deprecated.is_none());
    let Some(release) = advised().or_else(|| standing().next()).or_else(|| candidates().next()) else {
        let versions: Vec<&Version> = known.releases.iter().rev().map(|release| &release.version).collect();
        return Err(no_such_version(&requirement, &versions).into());
    };
    let pack = registries.packs(&[(requirement.name.clone(), release)]).await?.remove(0);
    let versions = known.releases.iter();
    let versions = versions
        .map(|release| VersionState {
            version: release.version.clone(),
            yanked: release.yanked,
            deprecated: release.deprecated.clone(),
        })
        .collect();
    Ok(Outcome::Show { pack: Box::new(PackDetails::new(pack.manifest, known.registry, versions)) })
}

pub(super) async fn questions(
    registries: &Registries,
    generation: Generation,
    timestamp: String,
) -> Result<Outcome, Vec<Diagnostic>> {
    let inquiry = Inquiry::new(registries, generation, timestamp).await?;
    if !inquiry.unknown.is_empty() {
        return Err(inquiry.unknown);
    }
    Ok(Outcome::Questions {
        packs: inquiry.selected.resolution.packs.iter().map(Resolved::from).collect(),
        questions: inquiry.questions,
    })
}

pub(super) async fn generate(
    registries: &Registries,
    capabilities: Capabilities,
    generation: Generation,
    timestamp: String,
) -> Result<Outcome, Vec<Diagnostic>> {
    let (target, check) = (generation.selection.target, generation.check);
    if check && !target {
        return Err(Diagnostic::error(Code::InvalidInput, "there is no target to check").into());
    }
    let Standing { if_there, at } = Standing::of(&generation)?;
    let (keep_going, lines) = (generation.keep_going, generation.lines);
    let inquiry = Inquiry::new(registries, generation, timestamp).await?;
    inquiry.complete()?;
    let Made { tree, secrets, problems, notes } = inquiry.make()?;
    let masked = inquiry.mask(&secrets);
    if !keep_going {
        none_of(problems.iter().cloned())?;
    }
    let lock = inquiry.selected.lock.as_ref();
    let is_whole = inquiry.template.is_none();
    let leftovers = match (target, lock) {
        (true, Some(lock)) if is_whole && problems.is_empty() => {
            left_over(registries.exchange(), &lock.content, &tree).await?
        }
        _ => Vec::new(),
    };
    let former: Vec<&LockedFile> = match lock {
        // Which of the files that were made before would have been made again cannot be known.
        Some(lock) if !problems.is_empty() => lock.content.files.iter().collect(),
        Some(lock) if check && is_whole => {
            // Who only removed what is left over need not write that down.
            let is_edited = |file: &LockedFile| {
                leftovers.iter().any(|left| left.is_edited && left.file.path == file.path)
            };
            lock.content.files.iter().filter(|file| !is_edited(file)).collect()
        }
        _ => leftovers.iter().filter(|left| !left.is_edited).map(|left| left.file).collect(),
    };
    let lockfile = inquiry.lockfile(&tree, &masked, &former).to_text();
    let recorded = lock.into_iter().flat_map(|lock| &lock.content.files);
    let recorded: BTreeMap<&RelPath, Was> =
        recorded.map(|file| (&file.path, Was { hash: file.hash, mode: file.mode })).collect();
    let mut wanted: Vec<Wanted> = tree
        .into_values()
        .map(|file| Wanted {
            secret: masked.get(&file.path).cloned(),
            if_there: at.get(&file.path).copied().unwrap_or(if_there),
            was: recorded.get(&file.path).copied(),
            path: file.path,
            content: file.content,
            mode: file.mode,
            origins: file.origins,
            over: file.over,
            lines: if lines { file.lines } else { Vec::new() },
        })
        .collect();
    if is_whole {
        wanted.push(Wanted {
            path: RelPath::lockfile(),
            content: lockfile.clone().into_bytes(),
            mode: Mode::Regular,
            origins: Vec::new(),
            over: Vec::new(),
            lines: Vec::new(),
            if_there: IfThere::Refuse,
            // Only a lockfile that was read as one is ours to replace.
            was: lock.map(|lock| Was { hash: lock.digest, mode: Mode::Regular }),
            secret: None,
        });
    }
    let existing = if target {
        let paths = wanted.iter().map(|file| &file.path);
        Some(look_at(registries.exchange(), paths, capabilities.modes).await?)
    } else {
        None
    };
    let hooks = inquiry.packs.iter().flat_map(|pack| pack.manifest.hooks.clone()).collect();
    let kept = kept_for_their_secrets(&wanted);
    let (plan, contents) = Plan::new(wanted, existing.as_ref(), hooks);
    if check {
        up_to_date(&plan, &leftovers)?;
    }
    Ok(Outcome::Generate {
        project: Box::new(Project {
            packs: inquiry.selected.resolution.packs.iter().map(Resolved::from).collect(),
            packages: inquiry.selected.resolution.packages.iter().map(Resolved::from).collect(),
            changes: inquiry.selected.changes.clone(),
            answers: inquiry.recorded().collect(),
            lockfile,
            problems,
            warnings: inquiry
                .warnings()
                .chain(notes)
                .chain(plan.operations.iter().filter_map(|operation| stayed(operation, &kept)))
                .chain(leftovers.iter().map(warn_of_left_over))
                .collect(),
            plan,
            contents: Contents(contents.into()),
        }),
    })
}

async fn not_found(registries: &Registries, name: &PackName) -> Diagnostic {
    let error = Diagnostic::error(Code::PackNotFound, format!("there is no pack `{name}`")).about(name);
    let names = registries.some_names().await;
    match nearest(name.as_str(), names.iter().map(String::as_str)) {
        Some(near) => error.suggest(format!("did you mean `{near}`?")),
        None => error.suggest("`packwright list` shows the packs there are"),
    }
}

/// Selected packs with everything they ask and what is answered.
pub(super) struct Inquiry {
    pub(super) selected: Selected,
    /// In install order, as in the resolution.
    packs: Vec<Pack>,
    timestamp: String,
    facts: BTreeMap<String, Value>,
    questions: Vec<Question>,
    unknown: Vec<Diagnostic>,
    misspelt: Vec<Diagnostic>,
    /// What the user says of files that several packs write.
    said: Composition,
    /// The same with what the packs say.
    composition: Composition,
    template: Option<String>,
}

/// What was rendered and joined.
pub(super) struct Made {
    pub(super) tree: Tree,
    /// The paths of those files whose content tells a secret.
    secrets: BTreeSet<RelPath>,
    /// What failed; the files it is about are not in the tree.
    pub(super) problems: Vec<Diagnostic>,
    /// What was decided and should be known.
    pub(super) notes: Vec<Diagnostic>,
}

/// What becomes of files that stand there already.
struct Standing {
    if_there: IfThere,
    at: BTreeMap<RelPath, IfThere>,
}

impl Standing {
    fn of(generation: &Generation) -> Result<Standing, Vec<Diagnostic>> {
        let at = generation.if_there_at.iter().map(|(path, if_there)| Ok((path.parse()?, *if_there)));
        let at: Result<_, PathError> = at.collect();
        let at = at.map_err(|error| Diagnostic::error(Code::InvalidPath, error.to_string()))?;
        Ok(Standing { if_there: generation.if_there, at })
    }
}

impl Inquiry {
    pub(super) async fn new(
        registries: &Registries,
        generation: Generation,
        now: String,
    ) -> Result<Inquiry, Vec<Diagnostic>> {
        let selected = Selected::new(registries, generation.selection, Named::Alone).await?;
        let releases: Vec<(PackName, &Release)> = selected
            .resolution
            .packs
            .iter()
            .filter_map(|chosen| Some((chosen.identity.pack()?.clone(), &chosen.release)))
            .collect();
        let packs = registries.packs(&releases).await?;
        one_registry_each(&selected, &packs)?;
        let lock = selected.locked();
        let timestamp = match generation.timestamp {
            Some(timestamp) => {
                check_timestamp(&timestamp)
                    .map_err(|error| Diagnostic::error(Code::InvalidInput, error.to_string()))?;
                timestamp
            }
            None => lock.map_or(now, |lock| lock.timestamp.clone()),
        };
        let file = generation.answers_file.as_ref();
        let file = file.map(|file| files::read::<files::Given>(file, Code::InvalidAnswer, "answers"));
        let file = file.transpose()?.map(|files::Given(answers)| answers);
        let environment = generation.environment.into_iter();
        let answers = Answers {
            arguments: generation.answers,
            file: file.unwrap_or_default(),
            file_name: generation.answers_file.map(|file| file.name).unwrap_or_default(),
            environment: environment.map(|(name, text)| (name.to_ascii_lowercase(), text.into())).collect(),
            lock: lock.map(|lock| lock.answers.clone()).unwrap_or_default(),
            directory_name: generation.directory_name,
        };
        let variables = packs.iter().map(|pack| (&pack.manifest.name, pack.manifest.variables.as_slice()));
        let declarations = declare(variables)?;
        let facts = facts(&selected, &packs, &timestamp);
        let questions = interview(&Engine::new(), &declarations, &answers, &facts);
        let unknown = unknown_answers(&declarations, &answers);
        let misspelt = nearly_answers(&declarations, &answers);
        let said = said(generation.composition, generation.rules_file.as_ref())?;
        let said = said.or_else(|| lock.map(|lock| lock.composition.clone())).unwrap_or_default();
        let composition = said.clone().over(&composition_of(&selected, &packs, said.strategy)?);
        let template = generation.template;
        Ok(Inquiry {
            selected,
            packs,
            timestamp,
            facts,
            questions,
            unknown,
            misspelt,
            said,
            composition,
            template,
        })
    }

    /// All that stands in the way of rendering.
    pub(super) fn complete(&self) -> Result<(), Vec<Diagnostic>> {
        let mut problems = self.unknown.clone();
        problems.extend(self.questions.iter().filter_map(|question| question.problem.clone()));
        problems
            .extend(self.questions.iter().filter(|question| question.is_missing()).map(Question::missing));
        none_of(problems)
    }

    /// What the user should know of what was selected and of what nobody answered.
    pub(super) fn warnings(&self) -> impl Iterator<Item = Diagnostic> {
        let unanswered = self.questions.iter().filter_map(|question| question.warning.clone());
        self.selected.warnings().chain(unanswered).chain(self.misspelt.iter().cloned())
    }

    /// The manifests of the packs, in install order.
    pub(super) fn manifests(&self) -> impl Iterator<Item = &Manifest> {
        self.packs.iter().map(|pack| &pack.manifest)
    }

    /// Renders and joins. What fails is left out and told.
    pub(super) fn make(&self) -> Result<Made, Vec<Diagnostic>> {
        none_of(self.template.iter().filter_map(|name| no_such_template(self.manifests(), name)))?;
        let Rendering { files, mut failed, mut problems } =
            self.render_with(|question| question.answer.clone());
        let secrets = self.secrets(&files);
        let Composed { mut tree, conflicts, mut notes, unused } = compose(files, &self.composition, &secrets);
        // The rules of packs are for other projects as well; those of the user come first.
        notes.extend(unused.into_iter().filter_map(|at| self.said.rules.get(at)).map(unused_rule));
        failed.extend(conflicts.iter().filter_map(|conflict| conflict.subject.as_deref()?.parse().ok()));
        problems.extend(conflicts);
        // What one pack gives of a file is not the file.
        tree.retain(|path, _| !failed.contains(path));
        let bytes: usize = tree.values().map(|file| file.content.len()).sum();
        if bytes > MAX_PROJECT {
            let message = format!("the project has more than {} MiB", MAX_PROJECT >> 20);
            return Err(Diagnostic::error(Code::RenderFailed, message).into());
        }
        Ok(Made { tree, secrets, problems, notes })
    }

    /// The paths of files that other secrets would change. Where they cannot be rendered, any may be.
    fn secrets(&self, files: &[Rendered]) -> BTreeSet<RelPath> {
        let secret = |question: &&Question| question.variable.secret;
        if !self.questions.iter().any(|question| secret(&question)) {
            return BTreeSet::new();
        }
        let Rendering { files: others, problems, .. } =
            self.render_with(|question| match secret(&question) {
                true => Some(another_answer(&question.variable, question.answer.as_ref())),
                false => question.answer.clone(),
            });
        let given = by_path(files);
        let others = if problems.is_empty() { by_path(&others) } else { BTreeMap::new() };
        let told = given.iter().filter(|(path, contents)| others.get(*path) != Some(contents));
        told.map(|(path, _)| (*path).clone()).collect()
    }

    /// What files with secrets are without them. Where that cannot be made they are like none.
    fn mask(&self, secrets: &BTreeSet<RelPath>) -> BTreeMap<RelPath, Masked> {
        if secrets.is_empty() {
            return BTreeMap::new();
        }
        let secret = |question: &&Question| question.variable.secret;
        let Rendering { files, .. } = self.render_with(|question| match secret(&question) {
            true => Some(another_answer(&question.variable, None)),
            false => question.answer.clone(),
        });
        let Composed { tree, .. } = compose(files, &self.composition, secrets);
        let mut stand_ins: Vec<(String, String)> = self
            .questions
            .iter()
            .filter(secret)
            .filter_map(|question| {
                let answer = question.answer.as_ref()?.to_string();
                (!answer.is_empty()).then(|| (answer, another_answer(&question.variable, None).to_string()))
            })
            .collect();
        // A secret may be part of another.
        stand_ins.sort_by_key(|(secret, _)| std::cmp::Reverse(secret.len()));
        let stand_ins: Arc<[_]> = stand_ins.into();
        let masked = |path: &RelPath| Masked {
            digest: Digest::of(tree.get(path).map_or(&[], |file| &file.content)),
            stand_ins: Arc::clone(&stand_ins),
        };
        secrets.iter().map(|path| (path.clone(), masked(path))).collect()
    }

    fn render_with(&self, answer: impl Fn(&Question) -> Option<Answer>) -> Rendering {
        let values = |secrets: bool| {
            let answers = self.questions.iter().filter(|question| secrets || !question.variable.secret);
            let answers = answers.map(|question| {
                let value = answer(question).map_or(Value::from(()), |answer| answer.to_value());
                (question.variable.name.to_string(), value)
            });
            Value::from_pairs(self.facts.clone().into_iter().chain(answers))
        };
        let context = Context { files: values(true), paths: values(false) };
        let mut all = Rendering::default();
        let library = library(self.packs.iter().map(|pack| (&pack.manifest, &pack.files)));
        for pack in &self.packs {
            let outcome = render(&pack.manifest, &pack.files, &library, &context, self.template.as_deref());
            all.files.extend(outcome.files);
            all.failed.extend(outcome.failed);
            all.problems.extend(outcome.problems);
        }
        all
    }

    /// Answers that may be written down: no secrets, nothing that was not asked.
    fn recorded(&self) -> impl Iterator<Item = (String, Answer)> {
        self.questions
            .iter()
            .filter(|question| !question.variable.secret)
            .filter_map(|question| Some((question.variable.name.to_string(), question.answer.clone()?)))
    }

    /// What was made, and what was made formerly of what else there is.
    fn lockfile(&self, tree: &Tree, masked: &BTreeMap<RelPath, Masked>, former: &[&LockedFile]) -> Lockfile {
        let former = former.iter().filter(|file| !tree.contains_key(&file.path)).copied().cloned();
        let made = tree.values().map(|file| LockedFile {
            path: file.path.clone(),
            pack: file.origin().pack.clone(),
            template: file.origin().template.clone(),
            others: file.others(),
            mode: file.mode,
            hash: masked.get(&file.path).map_or_else(|| Digest::of(&file.content), |masked| masked.digest),
        });
        let mut files: Vec<LockedFile> = made.chain(former).collect();
        files.sort_by(|a, b| a.path.cmp(&b.path));
        let lockfile = Lockfile {
            timestamp: self.timestamp.clone(),
            composition: self.said.clone(),
            answers: Lockfile::record(self.recorded()),
            files,
            ..self.selected.record()
        };
        self.selected.as_before(lockfile)
    }
}

/// The contents that packs give for each path.
fn by_path(files: &[Rendered]) -> BTreeMap<&RelPath, Vec<&[u8]>> {
    let mut contents: BTreeMap<&RelPath, Vec<&[u8]>> = BTreeMap::new();
    for file in files {
        contents.entry(&file.path).or_default().push(&file.content);
    }
    contents
}

/// What the user says of files that several packs write, if anything.
pub(super) fn said(
    given: Option<Composition>,
    file: Option<&TextFile>,
) -> Result<Option<Composition>, Diagnostic> {
    let file = file.map(|file| files::read::<Composition>(file, Code::InvalidInput, "rules")).transpose()?;
    Ok(match (given, file) {
        (Some(given), Some(file)) => Some(given.over(&file)),
        (given, file) => given.or(file),
    })
}

fn unused_rule(rule: &Rule) -> Diagnostic {
    let message = format!("no two packs write a file that the rule for `{}` is about", rule.path);
    Diagnostic::warning(Code::PathConflict, message).about(&rule.path).suggest("leave it out")
}

/// What packs say of files that several write: who needs others comes before those, and what was asked
/// for has the strategy, unless one is given.
fn composition_of(
    selected: &Selected,
    packs: &[Pack],
    given: Option<Strategy>,
) -> Result<Composition, Vec<Diagnostic>> {
    let mut composition = Composition { strategy: given, rules: Vec::new() };
    let mut decided: Option<&Manifest> = None;
    for (chosen, pack) in selected.resolution.packs.iter().zip(packs).rev() {
        let Manifest { composition: own, .. } = &pack.manifest;
        composition.rules.extend(own.rules.iter().cloned());
        let Some(strategy) = own.strategy.filter(|_| chosen.requested && given.is_none()) else { continue };
        match decided {
            Some(other) if composition.strategy != Some(strategy) => {
                let message = "two packs want files to be joined by different strategies";
                let wants = |manifest: &Manifest| {
                    let strategy = manifest.composition.strategy.unwrap_or_default();
                    format!("`{}` wants `{strategy}`", manifest.label())
                };
                return Err(Diagnostic::error(Code::Conflict, message)
                    .because(wants(other))
                    .because(wants(&pack.manifest))
                    .suggest("choose one with `--strategy`")
                    .into());
            }
            _ => {
                composition.strategy = Some(strategy);
                decided = Some(&pack.manifest);
            }
        }
    }
    Ok(composition)
}

/// A package name belongs to one registry in one project: templates know packages by name, and two
/// of one name are more likely a public one posing as a private one than meant.
fn one_registry_each(selected: &Selected, packs: &[Pack]) -> Result<(), Vec<Diagnostic>> {
    let mut owners: BTreeMap<&PackageName, (&Manifest, &RegistryId)> = BTreeMap::new();
    for manifest in packs.iter().map(|pack| &pack.manifest) {
        for package in &manifest.packages {
            if !selected.joins(&package.name, package.optional) {
                continue;
            }
            let (first, registry) = *owners.entry(&package.name).or_insert((manifest, &package.registry));
            if *registry != package.registry {
                let message = format!("the package `{}` is wanted from two registries", package.name);
                let error = Diagnostic::error(Code::Conflict, message).about(&package.name);
                return Err(error
                    .because(format!("`{}` wants it from `{registry}`", first.label()))
                    .because(format!("`{}` wants it from `{}`", manifest.label(), package.registry))
                    .suggest("leave one of them out, or ask their authors to agree")
                    .into());
            }
        }
    }
    Ok(())
}

/// What templates see besides answers.
fn facts(selected: &Selected, packs: &[Pack], timestamp: &str) -> BTreeMap<String, Value> {
    let resolution = &selected.resolution;
    let chosen = resolution.packs.iter().zip(packs).map(|(chosen, pack)| {
        let facts = [
            ("version", chosen.release.version.to_string()),
            ("registry", chosen.registry.to_string()),
            ("description", pack.manifest.description.clone()),
        ];
        (chosen.identity.to_string(), Value::from_pairs(facts))
    });
    let wanted = packs.iter().flat_map(|pack| &pack.manifest.packages);
    let packages = wanted.filter(|package| selected.joins(&package.name, package.optional)).map(|package| {
        let identity = Identity::Package(package.registry.clone(), package.name.clone());
        let version = resolution.get(&identity).map(|chosen| ("version", chosen.release.version.to_string()));
        let facts = [
            ("constraint", Value::from(package.constraint.to_string())),
            ("registry", Value::from(package.registry.to_string())),
            ("features", package.features.iter().map(String::as_str).collect()),
        ];
        let version = version.map(|(key, version)| (key, Value::from(version)));
        (package.name.to_string(), Value::from_pairs(facts.into_iter().chain(version)))
    });
    BTreeMap::from([
        ("packs".to_owned(), Value::from_pairs(chosen)),
        ("packages".to_owned(), Value::from_pairs(packages)),
        (TIMESTAMP.to_owned(), Value::from(timestamp)),
    ])
}

/// Files with secrets of which the packs give what they gave, but for the secrets.
fn kept_for_their_secrets(wanted: &[Wanted]) -> BTreeSet<RelPath> {
    let is_again = |file: &&Wanted| file.was.is_some_and(|was| was.hash == file.digest());
    let kept = wanted.iter().filter(|file| file.secret.is_some() && file.if_there != IfThere::Skip);
    kept.filter(is_again).map(|file| file.path.clone()).collect()
}

fn stayed(operation: &Operation, kept: &BTreeSet<RelPath>) -> Option<Diagnostic> {
    let path = &operation.path;
    (operation.action == Action::Skip && kept.contains(path)).then(|| {
        Diagnostic::warning(Code::OutOfDate, format!("`{path}` stays as it is, perhaps with another secret"))
            .about(path)
            .because("secrets are not recorded, so it cannot be told from one that you edited")
            .suggest("`--existing overwrite` writes it with the secrets that were given")
    })
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
pub(super) async fn blocked_parents(
    exchange: &Exchange,
    paths: &[&RelPath],
) -> Result<Vec<String>, Vec<Diagnostic>> {
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

/// A file of an earlier generation that the packs do not make any more.
struct LeftOver<'l> {
    file: &'l LockedFile,
    /// Whether it is somebody's own by now, and none of the packs' concern from now on.
    is_edited: bool,
}

/// What was made before, is not made now and is there.
async fn left_over<'l>(
    exchange: &Exchange,
    lock: &'l Lockfile,
    tree: &Tree,
) -> Result<Vec<LeftOver<'l>>, Vec<Diagnostic>> {
    let former: Vec<&LockedFile> = lock.files.iter().filter(|file| !tree.contains_key(&file.path)).collect();
    let paths: Vec<&RelPath> = former.iter().map(|file| &file.path).collect();
    let there = look_at(exchange, paths.into_iter(), false).await?;
    let left = former.into_iter().filter_map(|file| match there.get(&file.path)? {
        Existing::File { content, .. } => {
            Some(LeftOver { file, is_edited: Digest::of(content) != file.hash })
        }
        Existing::Blocked { .. } => None,
    });
    Ok(left.collect())
}

fn warn_of_left_over(left: &LeftOver<'_>) -> Diagnostic {
    let path = &left.file.path;
    Diagnostic::warning(Code::OutOfDate, format!("`{path}` is no longer made by the packs and stays"))
        .about(path)
        .suggest("remove it if you do not need it")
}

fn up_to_date(plan: &Plan, leftovers: &[LeftOver<'_>]) -> Result<(), Vec<Diagnostic>> {
    let stale = plan.operations.iter().filter(|operation| operation.action != Action::Unchanged);
    let problems = stale
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
        .chain(leftovers.iter().map(|LeftOver { file: LockedFile { path, .. }, .. }| {
            let message = format!("`{path}` is no longer made by the packs");
            Diagnostic::error(Code::OutOfDate, message).about(path).suggest("remove it")
        }));
    none_of(problems)
}

fn mode_text(mode: Mode) -> &'static str {
    match mode {
        Mode::Regular => "0644",
        Mode::Executable => "0755",
    }
}
