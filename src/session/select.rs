//! From what is asked for to one version of everything: the part that all commands about a project
//! share.

use std::collections::{BTreeMap, BTreeSet};

use super::exchange::Exchange;
use super::protocol::{Change, HostErrorKind, Root, Selection};
use super::registries::Registries;
use crate::composition::Composition;
use crate::constraint::{Constraint, ConstraintError, Requirement, RequirementError};
use crate::diagnostic::{Code, Diagnostic, nearest, none_of};
use crate::explain::explain;
use crate::lockfile::{self, Locked, LockedPack, LockedPackage, Lockfile};
use crate::name::{Identity, NameError, PackName, PackageName, RegistryId};
use crate::path::LOCKFILE;
use crate::registry::Digest;
use crate::resolve::{
    Chosen, Conflict, Facts, Failure, Fix, Progress, Request, Resolution, Resolver, TRIAL_EFFORT,
};
use crate::version::Version;

/// The most names a suggestion lists.
const MAX_LISTED: usize = 5;

/// The most requirements of the user for which another constraint is tried to end a conflict.
const MAX_FIXES: usize = 3;

/// How packs that are named stand to those that the lockfile asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Named {
    /// They are all that is asked for.
    Alone,
    /// They are asked for, too; one that is asked for already is now asked for like this.
    Besides,
}

/// One version of everything that is needed, and what that was decided from.
pub(super) struct Selected {
    pub(super) lock: Option<ReadLockfile>,
    pub(super) selection: Selection,
    pub(super) request: Request,
    pub(super) facts: Facts,
    pub(super) resolution: Resolution,
    /// How that differs from what is locked.
    pub(super) changes: Vec<Change>,
    /// What of the lockfile no longer counts, in words.
    dropped: Vec<String>,
}

/// The lockfile of the target, and the digest of its text.
pub(super) struct ReadLockfile {
    pub(super) content: Lockfile,
    pub(super) digest: Digest,
}

impl Selected {
    pub(super) async fn new(
        registries: &Registries,
        selection: Selection,
        named: Named,
    ) -> Result<Selected, Vec<Diagnostic>> {
        let lock = if selection.target { read_lockfile(registries.exchange()).await? } else { None };
        let content = lock.as_ref().map(|lock| &lock.content);
        let request = request(registries, &selection, named, content)?;
        check_registries(registries, content, &selection)?;
        let nothing = Facts::new();
        let mut resolver = Resolver::new(&request, &nothing);
        let mut result = resolve(registries, &mut resolver).await?;
        if result.is_err() && registries.transport.distrust() {
            resolver = Resolver::new(&request, &nothing);
            result = resolve(registries, &mut resolver).await?;
        }
        let facts = resolver.into_facts();
        let resolution = match result {
            Ok(resolution) => resolution,
            Err(failure) => return Err(why_not(registries, &request, facts, failure).await),
        };
        let updated = |chosen: &Chosen| is_named(&selection.update, &chosen.identity);
        let recorded = recorded(content);
        for chosen in resolution.iter().filter(|chosen| !updated(chosen)) {
            if let Some(locked) = recorded.get(&chosen.identity) {
                check_locked(registries, chosen, *locked).await?;
            }
        }
        let changes = changes(content, &resolution);
        let mut selected =
            Selected { lock, selection, request, facts, resolution, changes, dropped: Vec::new() };
        selected.drop_stale();
        none_of(unknown_members(&selected.request, &selected.resolution))?;
        if selected.selection.locked {
            selected.as_locked()?;
        }
        Ok(selected)
    }

    /// What the lockfile says and nothing here has any more is not written down again.
    fn drop_stale(&mut self) {
        let Some(lock) = self.lock.as_ref().map(|lock| &lock.content) else { return };
        let optional = optional_members(&self.resolution);
        let given = &self.selection.with;
        let (request, resolution) = (&mut self.request, &self.resolution);
        let mut dropped = Vec::new();
        for name in &lock.with {
            let is_stale =
                !optional.contains(&name.as_str()) && !given.iter().any(|text| text == name.as_str());
            if is_stale && request.with.remove(name) {
                dropped.push(format!(
                    "`{name}` is no longer an optional member of these packs and is forgotten"
                ));
            }
        }
        for (identity, constraint) in &lock.overrides {
            let typed = self
                .selection
                .overrides
                .iter()
                .any(|text| parse_override(text).is_ok_and(|(overridden, _)| overridden == *identity));
            let is_stale = resolution.get(identity).is_none() && !typed;
            let is_left = !request.overrides.contains_key(identity);
            if is_stale && request.overrides.remove(identity).is_some() {
                dropped.push(format!("nothing requires `{identity}` any more, its override is forgotten"));
            } else if is_left && !typed && resolution.get(identity).is_some() {
                dropped.push(format!(
                    "the override `{identity}@{constraint}` does not count, as packs are named anew"
                ));
            }
        }
        self.dropped = dropped;
    }

    /// The lockfile of the target.
    pub(super) fn locked(&self) -> Option<&Lockfile> {
        self.lock.as_ref().map(|lock| &lock.content)
    }

    /// What is asked for needs exactly what is locked, and the lockfile says so.
    fn as_locked(&self) -> Result<(), Vec<Diagnostic>> {
        let Some(lock) = self.locked() else {
            let error = Diagnostic::error(Code::FileNotFound, format!("there is no {LOCKFILE} to keep to"));
            return Err(error.about(LOCKFILE).suggest("leave `--locked` out").into());
        };
        let now = self.record();
        let mut lines: Vec<String> = self.changes.iter().map(Change::to_string).collect();
        lines.extend(difference("asked for", &texts(&lock.requirements), &texts(&now.requirements)));
        lines.extend(difference("pre-release of", &texts(&lock.prereleases), &texts(&now.prereleases)));
        lines.extend(difference("joined", &texts(&lock.with), &texts(&now.with)));
        let overrides = |lock: &Lockfile| -> Vec<String> {
            lock.overrides.iter().map(|(identity, by)| format!("{identity}@{by}")).collect()
        };
        lines.extend(difference("overridden", &overrides(lock), &overrides(&now)));
        let same = |other: &&LockedPack| now.packs.iter().any(|pack| pack == *other);
        let other = lock.packs.iter().filter(|pack| !same(pack));
        let is_listed =
            |name: &PackName| self.changes.iter().any(|change| change.identity.name() == name.as_str());
        lines.extend(
            other
                .filter(|pack| !is_listed(&pack.name))
                .map(|pack| format!("~ {} {} has other content or dependencies", pack.name, pack.version)),
        );
        if lines.is_empty() {
            return Ok(());
        }
        let error = Diagnostic::error(Code::OutOfDate, format!("{LOCKFILE} would change")).about(LOCKFILE);
        Err(error
            .showing(lines.join("\n"))
            .suggest("leave `--locked` out, and commit what is then written")
            .into())
    }

    /// The lockfile of this, still without answers and files.
    pub(super) fn record(&self) -> Lockfile {
        let Selected { request, resolution, .. } = self;
        let pack = |chosen: &Chosen| {
            Some(LockedPack {
                name: chosen.identity.pack()?.clone(),
                version: chosen.release.version.clone(),
                registry: chosen.registry.clone(),
                integrity: chosen.release.integrity,
                dependencies: chosen.requirements.iter().map(|required| required.target.clone()).collect(),
            })
        };
        let package = |chosen: &Chosen| LockedPackage {
            name: chosen.identity.package_name(),
            version: chosen.release.version.clone(),
            registry: chosen.registry.clone(),
            integrity: chosen.release.integrity,
        };
        let early = request.requirements.iter().filter(|required| required.constraint.has_prereleases());
        let mut prereleases: Vec<PackName> = early.map(|required| required.name.clone()).collect();
        prereleases.dedup();
        Lockfile {
            generator: env!("CARGO_PKG_VERSION").parse().expect("our own version is one"),
            timestamp: String::new(),
            requirements: request.requirements.clone(),
            prereleases,
            with: request.with.iter().cloned().collect(),
            overrides: request.overrides.clone(),
            composition: Composition::default(),
            answers: BTreeMap::new(),
            packs: resolution.packs.iter().filter_map(pack).collect(),
            packages: resolution.packages.iter().map(package).collect(),
            files: Vec::new(),
        }
    }

    /// A lockfile to write, by the generator of the one that is there if nothing else differs: a newer
    /// Packwright that gives the same has nothing to write down.
    pub(super) fn as_before(&self, lockfile: Lockfile) -> Lockfile {
        let Some(lock) = self.locked() else { return lockfile };
        let as_before = Lockfile { generator: lock.generator.clone(), ..lockfile.clone() };
        if as_before.to_text() == lock.to_text() { as_before } else { lockfile }
    }

    pub(super) fn joins(&self, name: &PackageName, optional: bool) -> bool {
        !optional || self.request.with.contains(name)
    }

    /// What the user should know of the resolution.
    pub(super) fn warnings(&self) -> impl Iterator<Item = Diagnostic> {
        let dropped = self.dropped.iter().map(|text| Diagnostic::warning(Code::OutOfDate, text.clone()));
        self.unpinned()
            .chain(self.deprecated())
            .chain(self.unused_overrides())
            .chain(self.unasked())
            .chain(dropped)
            .chain(self.gone())
            .chain(self.stayed())
            .chain(self.rewritten())
    }

    /// Packs that were asked for, and are not now that others are named.
    fn unasked(&self) -> Option<Diagnostic> {
        let is_asked_for =
            |name: &PackName| self.request.requirements.iter().any(|requirement| requirement.name == *name);
        let former = self.locked().into_iter().flat_map(|lock| &lock.requirements);
        let gone = former.filter(|requirement| !is_asked_for(&requirement.name));
        let gone: Vec<String> = gone.map(|requirement| format!("`{}`", requirement.name)).collect();
        if gone.is_empty() {
            return None;
        }
        let was = if gone.len() == 1 { "was" } else { "were" };
        let message = format!("{} {was} asked for before, and not this time", gone.join(", "));
        let warning = Diagnostic::warning(Code::OutOfDate, message);
        Some(warning.suggest("to keep what is there and add to it, name all packs"))
    }

    /// Sources on disk that have other content than when they were locked.
    fn rewritten(&self) -> impl Iterator<Item = Diagnostic> {
        let recorded = recorded(self.locked());
        let rewritten = self.resolution.iter().filter(move |chosen| {
            let release = &chosen.release;
            recorded.get(&chosen.identity).is_some_and(|locked| {
                *locked.version == release.version && locked.integrity != release.integrity
            })
        });
        rewritten.map(|chosen| {
            let message = format!("`{}` has other content than when it was locked", chosen.label());
            Diagnostic::warning(Code::OutOfDate, message).about(&chosen.identity)
        })
    }

    /// Locked versions that their registry no longer has.
    fn gone(&self) -> impl Iterator<Item = Diagnostic> {
        let locked = self.request.locked.iter().filter(|(identity, version)| {
            let known = self.facts.get(*identity).and_then(Option::as_ref);
            let is_gone =
                known.is_some_and(|known| known.releases.iter().all(|one| one.version != **version));
            is_gone && self.resolution.get(identity).is_some()
        });
        locked.map(|(identity, version)| {
            let message = format!("`{identity}@{version}` of {LOCKFILE} is gone from its registry");
            Diagnostic::warning(Code::OutOfDate, message).about(identity)
        })
    }

    /// What was to move and did not, although there is something newer.
    fn stayed(&self) -> impl Iterator<Item = Diagnostic> {
        let recorded = recorded(self.locked());
        let updated =
            self.resolution.iter().filter(|chosen| is_named(&self.selection.update, &chosen.identity));
        let stayed = updated.filter(move |chosen| {
            let version = &chosen.release.version;
            let known = self.facts.get(&chosen.identity).and_then(Option::as_ref);
            let mut releases = known.into_iter().flat_map(|known| &known.releases);
            let is_newer = |other: &Version| other > version && !other.is_prerelease();
            recorded.get(&chosen.identity).is_some_and(|locked| locked.version == version)
                && releases.any(|release| !release.yanked && is_newer(&release.version))
        });
        stayed.map(|chosen| {
            let message = format!("`{}` stays, although there is something newer", chosen.label());
            let warning = Diagnostic::warning(Code::OutOfDate, message).about(&chosen.identity);
            warning.suggest(format!("`packwright dependencies --why {}` tells why", chosen.identity))
        })
    }

    /// What its author advises against.
    fn deprecated(&self) -> impl Iterator<Item = Diagnostic> {
        self.resolution.iter().filter_map(|chosen| {
            let reason = chosen.release.deprecated.as_ref()?;
            let message = format!("`{}` is deprecated", chosen.label());
            let warning = Diagnostic::warning(Code::Deprecated, message).about(&chosen.identity);
            Some(warning.because(format!("its author says: {reason}")))
        })
    }

    /// Packages that no configured registry has.
    fn unpinned(&self) -> impl Iterator<Item = Diagnostic> {
        let packs = self.resolution.packs.iter();
        let packages =
            packs.flat_map(|pack| pack.release.packages.iter().map(move |package| (pack, package)));
        let left_out = packages.filter(|(_, package)| {
            self.joins(&package.name, package.optional)
                && !self.request.package_registries.contains(&package.registry)
        });
        left_out.map(|(pack, package)| {
            let message = format!("the package `{}@{}` is not pinned", package.name, package.constraint);
            let wanted = format!("`{}` wants it from the registry `{}`", pack.label(), package.registry);
            Diagnostic::warning(Code::UnpinnedPackage, message)
                .because(wanted)
                .because(format!("no registry `{}` is configured", package.registry))
                .about(&package.name)
                .suggest(format!(
                    "give packwright.toml a table `[registries.{}]` with `url` and `scopes = []`",
                    package.registry
                ))
        })
    }

    /// An override that replaces nothing is a slip of the name, or left behind.
    fn unused_overrides(&self) -> impl Iterator<Item = Diagnostic> {
        let needed: Vec<String> = self.resolution.iter().map(|chosen| chosen.identity.to_string()).collect();
        let unused = self.request.overrides.keys().filter(|identity| self.resolution.get(identity).is_none());
        unused.map(move |identity| {
            let message =
                format!("nothing that was chosen requires `{identity}`, so its override replaces nothing");
            let warning = Diagnostic::warning(Code::InvalidInput, message).about(identity);
            let of_that_name = |other: &&Chosen| other.identity.name() == identity.name();
            let meant = self.resolution.iter().find(of_that_name).map(|chosen| chosen.identity.to_string());
            let near = nearest(&identity.to_string(), needed.iter().map(String::as_str)).map(str::to_owned);
            match meant.or(near) {
                Some(near) => warning.suggest(format!("did you mean `{near}`?")),
                None => warning.suggest("leave the override out"),
            }
        })
    }
}

/// Names of what joins these packs only when asked for.
fn optional_members(resolution: &Resolution) -> Vec<&str> {
    let releases = || resolution.packs.iter().map(|pack| &pack.release);
    let packs = releases().flat_map(|release| &release.dependencies).filter(|member| member.optional);
    let packages = releases().flat_map(|release| &release.packages).filter(|member| member.optional);
    packs.map(|member| member.name.as_str()).chain(packages.map(|member| member.name.as_str())).collect()
}

/// Every name that is to join must be an optional member of some pack.
fn unknown_members(request: &Request, resolution: &Resolution) -> Vec<Diagnostic> {
    let mut optional = optional_members(resolution);
    let unknown = request.with.iter().filter(|name| !optional.contains(&name.as_str()));
    let unknown: Vec<&PackageName> = unknown.collect();
    optional.truncate(MAX_LISTED);
    let problem = |name: &PackageName| {
        let message = format!("`{name}` is no optional member of these packs");
        let error = Diagnostic::error(Code::InvalidInput, message).about(name);
        match nearest(name.as_str(), optional_members(resolution)) {
            Some(near) => error.suggest(format!("did you mean `{near}`?")),
            None if optional.is_empty() => error.suggest("they have none; name the pack itself instead"),
            None => error.suggest(format!("they have {}", optional.join(", "))),
        }
    };
    unknown.into_iter().map(problem).collect()
}

/// Whether a text among some means something: its identity, or the name of a package alone.
fn is_named(texts: &[String], identity: &Identity) -> bool {
    texts.iter().any(|text| *text == identity.to_string() || text == identity.name())
}

fn texts(values: &[impl ToString]) -> Vec<String> {
    values.iter().map(ToString::to_string).collect()
}

/// What went and what came, a line each.
fn difference(what: &str, before: &[String], after: &[String]) -> Vec<String> {
    let line = |sign: char, text: &String| format!("{sign} {what} {text}");
    let went = before.iter().filter(|text| !after.contains(text)).map(|text| line('-', text));
    let came = after.iter().filter(|text| !before.contains(text)).map(|text| line('+', text));
    went.chain(came).collect()
}

pub(super) async fn read_lockfile(exchange: &Exchange) -> Result<Option<ReadLockfile>, Vec<Diagnostic>> {
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

/// What is locked comes from registries that are still configured.
fn check_registries(
    registries: &Registries,
    lock: Option<&Lockfile>,
    selection: &Selection,
) -> Result<(), Vec<Diagnostic>> {
    let mut strange = lock
        .into_iter()
        .flat_map(Lockfile::locked)
        .filter(|(_, locked)| registries.get(locked.registry.as_str()).is_none());
    let strange = strange.find(|(identity, _)| !is_named(&selection.update, identity));
    let Some((identity, Locked { registry, .. })) = strange else {
        return Ok(());
    };
    let name = identity.name();
    let message = format!("{LOCKFILE} has `{name}` from the registry `{registry}`, which is not configured");
    let error = Diagnostic::error(Code::InvalidLockfile, message).about(name);
    Err(error.suggest(other_registry(registry, &identity)).into())
}

fn other_registry(registry: &RegistryId, identity: &Identity) -> String {
    format!(
        "name that registry with `--registry {registry}=LOCATION`, or let it go with `--update {identity}`"
    )
}

/// What is asked for, with what the lockfile adds where no packs are named.
fn request(
    registries: &Registries,
    given: &Selection,
    named: Named,
    lock: Option<&Lockfile>,
) -> Result<Request, Vec<Diagnostic>> {
    let mut selection = given.clone();
    if (selection.packs.is_empty() || named == Named::Besides)
        && let Some(lock) = lock
    {
        let is_asked_for =
            |text: &String| lock.requirements.iter().any(|requirement| requirement.name.as_str() == text);
        if named == Named::Besides {
            // A bare name changes nothing about how it is asked for.
            selection.packs.retain(|text| !is_asked_for(text));
        }
        let again: Vec<PackName> =
            selection.packs.iter().filter_map(|text| Some(parse_requirement(text).ok()?.name)).collect();
        let stay = |name: &PackName| !again.contains(name);
        let former = lock.requirements.iter().filter(|requirement| stay(&requirement.name));
        let former = former.map(ToString::to_string);
        selection.packs = former.chain(selection.packs).collect();
        let early = lock.prereleases.iter().filter(|name| stay(name));
        selection.prereleases.extend(early.map(ToString::to_string));
        selection.with.extend(texts(&lock.with));
        let recorded = lock.overrides.iter().map(|(identity, by)| format!("{identity}@{by}"));
        // What is given now comes last and counts.
        selection.overrides = recorded.chain(selection.overrides).collect();
    }
    let mut problems = Vec::new();
    let mut request = Request {
        strategy: selection.strategy,
        package_registries: registries.ids().cloned().collect(),
        ..Request::default()
    };
    for text in &selection.packs {
        match parse_requirement(text) {
            Ok(requirement) => request.requirements.push(requirement),
            Err(error) => problems.push(error),
        }
    }
    for text in &selection.prereleases {
        let mut theirs = request
            .requirements
            .iter_mut()
            .filter(|requirement| requirement.name.as_str() == text)
            .peekable();
        if theirs.peek().is_none() {
            problems.push(not_asked_for(text));
        }
        theirs.for_each(|requirement| requirement.constraint = requirement.constraint.with_prereleases());
    }
    for text in &selection.with {
        match text.parse::<PackageName>() {
            Ok(name) => drop(request.with.insert(name)),
            Err(error) => problems.push(error.into()),
        }
    }
    for text in &selection.overrides {
        match parse_override(text) {
            Ok((identity, constraint)) => drop(request.overrides.insert(identity, constraint)),
            Err(error) => problems.push(error),
        }
    }
    let mut locked: BTreeMap<Identity, Version> =
        lock.into_iter().flat_map(Lockfile::locked).map(|(name, one)| (name, one.version.clone())).collect();
    for text in &selection.update {
        let count = locked.len();
        locked.retain(|identity, _| !is_named(std::slice::from_ref(text), identity));
        match text.parse::<Identity>() {
            Err(error) => problems.push(error.into()),
            Ok(identity) if locked.len() == count => problems.push(not_locked(&identity, lock)),
            Ok(_) => {}
        }
    }
    request.locked = locked;
    if problems.is_empty() && request.requirements.is_empty() {
        let message = match (given.target, lock) {
            (true, None) => format!("no packs are asked for, and there is no {LOCKFILE} here that would say"),
            _ => "no packs are asked for".to_owned(),
        };
        let error = Diagnostic::error(Code::Usage, message);
        problems.push(error.suggest("name at least one; `packwright list` shows the packs there are"));
    }
    if problems.is_empty() { Ok(request) } else { Err(problems) }
}

pub(super) fn parse_requirement(text: &str) -> Result<Requirement, Diagnostic> {
    text.parse().map_err(|error: RequirementError| {
        let code = match error {
            RequirementError::Name(_) => Code::InvalidName,
            RequirementError::Constraint(_) => Code::InvalidConstraint,
        };
        let error = Diagnostic::error(code, error.to_string());
        error.suggest("a pack is asked for as `NAME` or `NAME@CONSTRAINT`, for example `rust-cli@^1`")
    })
}

fn parse_override(text: &str) -> Result<(Identity, Constraint), Diagnostic> {
    let how = "an override is written `NAME@CONSTRAINT`, or `REGISTRY:NAME@CONSTRAINT` for a package";
    // The `@` of a scope stands first, or behind the registry.
    let separated = text.rsplit_once('@').filter(|(name, _)| !name.is_empty() && !name.ends_with(':'));
    let Some((name, constraint)) = separated else {
        let message = format!("`{}` has no constraint", text.escape_debug());
        return Err(Diagnostic::error(Code::InvalidConstraint, message).suggest(how));
    };
    let identity = name.parse().map_err(|error: NameError| Diagnostic::from(error).suggest(how))?;
    let constraint = constraint.parse().map_err(|error: ConstraintError| {
        Diagnostic::error(Code::InvalidConstraint, error.to_string()).suggest(how)
    })?;
    Ok((identity, constraint))
}

fn not_asked_for(name: &str) -> Diagnostic {
    let message = format!("`{}` is not asked for, so its pre-releases cannot be", name.escape_debug());
    let error = Diagnostic::error(Code::InvalidInput, message);
    error.suggest("name a pack that you ask for; a pack lets in pre-releases of its dependencies itself")
}

fn not_locked(identity: &Identity, lock: Option<&Lockfile>) -> Diagnostic {
    let names: Vec<String> =
        lock.into_iter().flat_map(Lockfile::locked).map(|(name, _)| name.to_string()).collect();
    let message = format!("`{identity}` is not locked, so there is nothing to update");
    let error = Diagnostic::error(Code::InvalidInput, message).about(identity);
    match nearest(&identity.to_string(), names.iter().map(String::as_str)) {
        Some(near) => error.suggest(format!("did you mean `{near}`?")),
        None if names.is_empty() => {
            error.suggest(format!("there is no {LOCKFILE} here; leave `--update` out"))
        }
        None => {
            let more = if names.len() > MAX_LISTED { ", …" } else { "" };
            let some: Vec<&str> = names.iter().take(MAX_LISTED).map(String::as_str).collect();
            error.suggest(format!("locked are {}{more}", some.join(", ")))
        }
    }
}

/// Resolves, looking up what is wanted.
async fn resolve(
    registries: &Registries,
    resolver: &mut Resolver<'_>,
) -> Result<Result<Resolution, Failure>, Vec<Diagnostic>> {
    loop {
        match resolver.advance() {
            Progress::Wants(wanted) => {
                for (identity, known) in registries.look_up(&wanted).await? {
                    resolver.add(identity, known);
                }
            }
            // Lets the host's other work go on, such as noticing that this is to be cancelled.
            Progress::Paused => registries.exchange().pause().await,
            Progress::Done(result) => return Ok(result),
        }
    }
}

async fn why_not(
    registries: &Registries,
    request: &Request,
    facts: Facts,
    mut failure: Failure,
) -> Vec<Diagnostic> {
    let mut names = Vec::new();
    if let Failure::Conflict(conflict) = &mut failure {
        find_fixes(registries, request, &facts, conflict).await;
        if conflict.supplies.iter().any(|supply| !supply.exists) {
            names = registries.some_names().await;
        }
    }
    explain(&failure, names.iter().map(String::as_str))
}

/// Looks for changes to what the user asks for that end a conflict: other versions of one pack,
/// else a pre-release, else leaving one pack out. Each is tried.
async fn find_fixes(registries: &Registries, request: &Request, facts: &Facts, conflict: &mut Conflict) {
    let asked = conflict.facts.iter().filter(|fact| fact.dependent.is_none());
    let asked: Vec<PackName> = asked.filter_map(|fact| fact.target.pack().cloned()).collect();
    let mut all_fixes = asked.len() <= MAX_FIXES;
    let mut fixes = Vec::new();
    let early = conflict.early().map(|(identity, version)| (identity.clone(), version.clone()));
    for name in asked.iter().take(MAX_FIXES) {
        let theirs = request.requirements.iter().filter(|requirement| requirement.name == *name);
        let theirs: Vec<Constraint> = theirs.map(|requirement| requirement.constraint.clone()).collect();
        // What was asked for in several ways may do in one of them, and a pre-release be near.
        let mut several = if theirs.len() > 1 { theirs } else { Vec::new() };
        let near = early.iter().filter(|(identity, _)| identity == &Identity::Pack(name.clone()));
        several.extend(near.map(|(_, version)| Constraint::exactly(version)));
        let any = [Constraint::any(), Constraint::any().with_prereleases()];
        for constraint in several.into_iter().chain(any) {
            let mut changed = request.clone();
            changed.requirements.retain(|requirement| requirement.name != *name);
            changed.requirements.push(Requirement { name: name.clone(), constraint });
            match attempt(registries, &changed, facts).await {
                Attempt::Works(resolution) => {
                    let chosen = resolution.get(&Identity::Pack(name.clone()));
                    fixes.extend(chosen.map(|chosen| Fix::Ask {
                        name: name.clone(),
                        constraint: Constraint::compatible_with(&chosen.release.version),
                    }));
                    break;
                }
                Attempt::Fails => {}
                Attempt::Unknown => all_fixes = false,
            }
        }
    }
    if let (true, Some((identity, version))) = (fixes.is_empty(), early) {
        let constraint = Constraint::exactly(&version);
        let mut changed = request.clone();
        changed.overrides.insert(identity.clone(), constraint.clone());
        if let Attempt::Works(_) = attempt(registries, &changed, facts).await {
            fixes.push(Fix::Override { identity, constraint });
        }
    }
    for name in asked.iter().take(if fixes.is_empty() { MAX_FIXES } else { 0 }) {
        let mut fewer = request.clone();
        fewer.requirements.retain(|requirement| requirement.name != *name);
        if fewer.requirements.is_empty() {
            continue;
        }
        match attempt(registries, &fewer, facts).await {
            Attempt::Works(_) => fixes.push(Fix::LeaveOut { name: name.clone() }),
            Attempt::Fails => {}
            Attempt::Unknown => all_fixes = false,
        }
    }
    (conflict.fixes, conflict.all_fixes) = (fixes, all_fixes);
}

/// What came of trying something else.
enum Attempt {
    Works(Resolution),
    Fails,
    /// It took too long, or what it takes could not be looked up.
    Unknown,
}

async fn attempt(registries: &Registries, request: &Request, facts: &Facts) -> Attempt {
    match resolve(registries, &mut Resolver::new(request, facts).within(TRIAL_EFFORT)).await {
        Ok(Ok(resolution)) if unknown_members(request, &resolution).is_empty() => Attempt::Works(resolution),
        Ok(Ok(_) | Err(Failure::Conflict(_) | Failure::Cycle(_))) => Attempt::Fails,
        Ok(Err(Failure::TooHard | Failure::TooManyPacks)) | Err(_) => Attempt::Unknown,
    }
}

/// A version that was locked must still be the same bytes, unless it comes from sources on disk.
async fn check_locked(
    registries: &Registries,
    chosen: &Chosen,
    Locked { version, registry, integrity }: Locked<'_>,
) -> Result<(), Vec<Diagnostic>> {
    let (identity, release) = (&chosen.identity, &chosen.release);
    if *registry != chosen.registry {
        let message = format!("`{identity}` would come from another registry than before");
        let error = Diagnostic::error(Code::InvalidLockfile, message).about(identity);
        let error =
            error.because(format!("{LOCKFILE} has it from `{registry}`, now it is `{}`", chosen.registry));
        return Err(error.suggest(other_registry(registry, identity)).into());
    }
    let changed = *version == release.version && integrity != release.integrity;
    if changed && registries.is_immutable(identity).await? {
        let message = format!("`{}` is not what {LOCKFILE} recorded", chosen.label());
        let error = Diagnostic::error(Code::InvalidArchive, message).about(identity);
        return Err(error
            .because("a published version never changes; its digest in the registry did")
            .suggest("ask the registry's owner, and trust neither until you know")
            .into());
    }
    Ok(())
}

/// What the lockfile has, by what it is.
fn recorded(lock: Option<&Lockfile>) -> BTreeMap<Identity, Locked<'_>> {
    lock.into_iter().flat_map(Lockfile::locked).collect()
}

/// What of a lockfile is no longer needed.
pub(super) fn went(lock: &Lockfile, needed: &BTreeSet<Identity>) -> Vec<Change> {
    let leaving = lock.locked().filter(|(identity, _)| !needed.contains(identity));
    let went = |(identity, locked): (Identity, Locked<'_>)| Change {
        identity,
        from: Some(locked.version.clone()),
        to: None,
    };
    leaving.map(went).collect()
}

fn changes(lock: Option<&Lockfile>, resolution: &Resolution) -> Vec<Change> {
    let Some(lock) = lock else { return Vec::new() };
    let mut changes: BTreeMap<Identity, Change> = BTreeMap::new();
    for (identity, Locked { version, .. }) in lock.locked() {
        let change = Change { identity: identity.clone(), from: Some(version.clone()), to: None };
        changes.insert(identity, change);
    }
    for chosen in resolution.iter() {
        let none = || Change { identity: chosen.identity.clone(), from: None, to: None };
        let change = changes.entry(chosen.identity.clone()).or_insert_with(none);
        change.to = Some(chosen.release.version.clone());
    }
    changes.into_values().filter(|change| change.from != change.to).collect()
}
