//! Installing and taking out: from a resolution to one transaction on the target.
//!
//! Everything is fetched, checked and compared with what stands there before anything is written.
//! Archives go through the cache of the host, which keeps them by digest, and are unpacked one at a
//! time; only small ones are held until they are staged.

mod hooks;
mod placing;
mod record;
mod work;

use std::collections::{BTreeMap, BTreeSet};

pub(super) use self::placing::damaged;
use self::placing::{Comparison, Former, Placing};
pub(super) use self::record::Record;
use self::record::{InstalledFile, Item};
use self::work::{Entry, Work};
use super::exchange::Exchange;
use super::protocol::{
    Capabilities, HookPolicy, HostErrorKind, Install, InstallAction, Outcome, Progress, Root, Selection,
    Uninstall,
};
use super::registries::{Pack, Registries};
use super::select::{Named, Selected, read_lockfile};
use super::transaction::{Draft, Target, no_interruption, room};
use crate::archive::Files;
use crate::diagnostic::{Code, Diagnostic, nearest, none_of};
use crate::lockfile::{self, LockedFile, LockedPack, Lockfile};
use crate::manifest::{Event, Hook, Manifest};
use crate::name::{Identity, PackName, PackageName};
use crate::path::{IGNORED, LOCKFILE, PACKAGES, PathError, RelPath};
use crate::registry::Digest;
use crate::resolve::Chosen;

/// How many archives are fetched at a time.
const ARCHIVES_AT_ONCE: usize = 8;

/// How many bytes of unpacked files are held between looking and staging: 32 MiB. What is more is
/// unpacked twice.
const MAX_HELD: u64 = 32 << 20;

pub(super) async fn install(
    registries: &Registries,
    capabilities: Capabilities,
    install: Install,
    timestamp: String,
) -> Result<Outcome, Vec<Diagnostic>> {
    let exchange = registries.exchange();
    let into = directory_of(install.into.as_deref().unwrap_or(PACKAGES))?;
    let mut installer = Installer { registries, capabilities, install: &install, into, timestamp };
    if install.dry_run {
        no_interruption(exchange, capabilities).await?;
        let work = installer.prepare().await?;
        let available = room(exchange, capabilities).await;
        return Ok(Outcome::Install {
            installation: Box::new(work.installation(installer.into, available, false)),
        });
    }
    let (work, available) = match Target::enter(exchange, capabilities, install.wait).await {
        Ok(target) => {
            let written = installer.write(&target).await;
            target.leave().await;
            written?
        }
        // Where nothing is to be written, it need not be possible.
        Err(problems) if problems.iter().all(|problem| problem.code == Code::Storage) => {
            let work = installer.prepare().await.ok();
            let work = work.filter(|work| work.is_empty() && work.hooks().next().is_none());
            (work.ok_or(problems)?, None)
        }
        Err(problems) => return Err(problems),
    };
    // A hook may use Packwright itself, so the target is free again.
    if install.hooks == HookPolicy::Run {
        hooks::run(exchange, capabilities, &work).await?;
    }
    Ok(Outcome::Install { installation: Box::new(work.installation(installer.into, available, true)) })
}

/// The directory in the target that everything goes into.
fn directory_of(given: &str) -> Result<String, Diagnostic> {
    match given {
        "" | PACKAGES => Ok(given.to_owned()),
        text => {
            let path: RelPath = text.parse().map_err(|error: PathError| {
                Diagnostic::error(Code::InvalidPath, error.to_string())
                    .suggest("give a directory in the project, or leave `--target` out")
            })?;
            Ok(path.to_string())
        }
    }
}

/// What is to be installed, and where.
struct Installer<'a> {
    registries: &'a Registries,
    capabilities: Capabilities,
    install: &'a Install,
    into: String,
    timestamp: String,
}

/// What came out of an archive.
struct Unpacked {
    files: Files,
    places: BTreeMap<Identity, RelPath>,
    hooks: Vec<Hook>,
}

impl Installer<'_> {
    async fn write(&mut self, target: &Target<'_>) -> Result<(Work, Option<u64>), Vec<Diagnostic>> {
        let mut work = self.prepare().await?;
        self.consent(&work)?;
        if work.is_empty() {
            return Ok((work, None));
        }
        let available = target.check_room(work.needed()).await?;
        let mut draft = target.draft();
        if let Err(problems) = self.stage(&mut draft, &mut work).await {
            draft.abandon().await;
            return Err(problems);
        }
        work.warnings.extend(draft.commit().await?);
        Ok((work, available))
    }

    async fn stage(&self, draft: &mut Draft<'_>, work: &mut Work) -> Result<(), Vec<Diagnostic>> {
        let exchange = self.registries.exchange();
        let of = work.entries.iter().filter(|entry| entry.writes()).count();
        let mut done = 0;
        for entry in &mut work.entries {
            let writes = entry.writes();
            let files = match (entry.held.take(), &entry.chosen) {
                (Some(files), _) => files,
                (None, Some(chosen)) if writes => self.unpack(chosen).await?.files,
                (None, _) => Files::new(),
            };
            if exchange.is_cancelled() {
                return Err(super::cancelled().into());
            }
            entry.draft(draft, files).await?;
            if writes {
                done += 1;
                exchange.tell(Progress::Staged { label: entry.label(), done, of });
            }
        }
        work.draft_texts(draft).await
    }

    /// Fetches and compares everything, and says what there is to do.
    async fn prepare(&mut self) -> Result<Work, Vec<Diagnostic>> {
        let exchange = self.registries.exchange();
        let selection = Selection { target: true, ..self.install.selection.clone() };
        let selected = Selected::new(self.registries, selection, Named::Besides).await?;
        none_of(moves_generated(&selected))?;
        let (record, digest) = Record::read(exchange).await?;
        if self.install.into.is_none()
            && let Some(place) = record.place()
        {
            // Who does not say where things go wants no second copy of them.
            place.clone_into(&mut self.into);
        }
        let chosen = self.chosen(&selected)?;
        let is_recorded = |chosen: &&Chosen| record.items.values().any(|item| is_of(item, chosen));
        let (packs, packages): (Vec<&Chosen>, Vec<&Chosen>) =
            chosen.iter().copied().partition(|chosen| chosen.identity.pack().is_some());
        exchange.tell(Progress::Resolved {
            packs: packs.len(),
            packages: packages.len(),
            missing: chosen.iter().filter(|chosen| self.install.force || !is_recorded(chosen)).count(),
        });
        let mut gathering = Gathering {
            installer: &*self,
            record: &record,
            of: packs.len() + packages.len(),
            done: 0,
            held: 0,
            entries: Vec::new(),
        };
        let packs = packs.into_iter().map(|pack| Ok((pack, self.place(pack.identity.name())?)));
        gathering.gather(packs.collect::<Result<_, Diagnostic>>()?).await?;
        let mut placed = Vec::new();
        let package_count = packages.len();
        for package in packages {
            let places = gathering.places(&package.identity);
            let places = match places.is_empty() {
                true => BTreeSet::from([self.place(&default_place(&package.identity))?]),
                false => places.iter().map(|place| self.place(place.as_str())).collect::<Result<_, _>>()?,
            };
            placed.extend(places.into_iter().map(|place| (package, place)));
        }
        // A package can have several places, but not none.
        gathering.of += placed.len() - package_count;
        gathering.gather(placed).await?;
        let mut entries = gathering.entries;
        // What is on one level can be installed at once; ties break by name.
        entries
            .sort_by_key(|entry| entry.chosen.as_ref().map(|chosen| (chosen.level, chosen.identity.clone())));
        none_of(overlaps(&entries))?;
        entries.extend(self.leaving(&record, &entries).await?);
        let mut warnings: Vec<Diagnostic> = selected.warnings().collect();
        let lockfile = self.lockfile(&selected, &mut warnings);
        let mut work = Work::new(entries, &record, digest, warnings)?;
        work.ignore(read_ignored(exchange).await?.as_deref());
        work.lock(&lockfile, selected.lock.as_ref().map(|lock| lock.digest));
        work.changes = selected.changes;
        Ok(work)
    }

    /// What is installed: everything, or only the packs that are named.
    fn chosen<'s>(&self, selected: &'s Selected) -> Result<Vec<&'s Chosen>, Vec<Diagnostic>> {
        if !self.install.alone {
            return Ok(selected.resolution.iter().collect());
        }
        let mut names: BTreeSet<PackName> = BTreeSet::new();
        for text in &self.install.selection.packs {
            names.insert(super::select::parse_requirement(text)?.name);
        }
        let is_named = |chosen: &&Chosen| match names.is_empty() {
            true => chosen.requested,
            false => chosen.identity.pack().is_some_and(|name| names.contains(name)),
        };
        Ok(selected.resolution.iter().filter(is_named).collect())
    }

    /// With what has become of its hooks when everything is in place: they are still to run, or left out.
    fn recorded(&self, item: Item, hooks: &[Hook]) -> Item {
        let commands = hooks.iter().map(|hook| hook.command.clone());
        match self.install.hooks {
            HookPolicy::Run => Item { hooks: commands.collect(), left_out: Vec::new(), ..item },
            HookPolicy::Refuse | HookPolicy::Skip => {
                let left_out = item.left_out.into_iter().chain(commands).collect();
                Item { hooks: Vec::new(), left_out, ..item }
            }
        }
    }

    fn place(&self, inner: &str) -> Result<RelPath, Diagnostic> {
        let unsafe_path = |error: PathError| Diagnostic::error(Code::InvalidPath, error.to_string());
        let inner: RelPath = inner.parse().map_err(unsafe_path)?;
        RelPath::in_directory(&self.into, &inner).map_err(unsafe_path)
    }

    /// What is installed here and no longer needed.
    async fn leaving(&self, record: &Record, entries: &[Entry]) -> Result<Vec<Entry>, Vec<Diagnostic>> {
        let mut leaving = Vec::new();
        if self.install.alone {
            return Ok(leaving);
        }
        for (directory, item) in &record.items {
            if item.into == self.into && entries.iter().all(|entry| entry.directory != *directory) {
                leaving.push(leave(self.registries.exchange(), directory, item).await?);
            }
        }
        Ok(leaving)
    }

    async fn unpack(&self, chosen: &Chosen) -> Result<Unpacked, Vec<Diagnostic>> {
        let unpacked = match &chosen.identity {
            Identity::Pack(name) => {
                let pack = self.registries.packs(&[(name.clone(), &chosen.release)]).await;
                pack.map(|mut packs| Unpacked::of_pack(packs.remove(0)))
            }
            Identity::Package(..) => {
                let files = self.registries.package(chosen).await;
                files.map(|files| Unpacked { files, places: BTreeMap::new(), hooks: Vec::new() })
            }
        };
        unpacked.map_err(not_installed)
    }

    /// The lockfile with what is needed now. What was generated stays as it was recorded.
    fn lockfile(&self, selected: &Selected, warnings: &mut Vec<Diagnostic>) -> Lockfile {
        let now = selected.record();
        let Some(lock) = selected.locked() else {
            return Lockfile { timestamp: self.timestamp.clone(), ..now };
        };
        let (files, left) = split_files(lock, |name| now.packs.iter().any(|pack| pack.name == *name));
        warnings.extend(left.iter().map(still_there));
        if !lock.files.is_empty() {
            let is_new =
                |name: &PackName| lock.requirements.iter().all(|requirement| requirement.name != *name);
            let new =
                now.requirements.iter().map(|requirement| &requirement.name).filter(|name| is_new(name));
            warnings.extend(new.map(is_generated_next));
        }
        selected.as_before(Lockfile {
            timestamp: lock.timestamp.clone(),
            composition: lock.composition.clone(),
            answers: lock.answers.clone(),
            files,
            ..now
        })
    }

    fn consent(&self, work: &Work) -> Result<(), Vec<Diagnostic>> {
        match self.install.hooks {
            HookPolicy::Refuse => {
                none_of(work.hooks().map(unwanted_hook).chain(work.run_on_open().map(by_itself)))
            }
            HookPolicy::Skip => none_of(work.run_on_open().map(by_itself)),
            HookPolicy::Run if !self.capabilities.run && work.hooks().next().is_some() => {
                let error = Diagnostic::error(Code::InstallFailed, "this host cannot run hooks");
                Err(error.suggest("install without them").into())
            }
            HookPolicy::Run => Ok(()),
        }
    }
}

impl Unpacked {
    fn of_pack(Pack { manifest, files }: Pack) -> Unpacked {
        let Manifest { packages, hooks, .. } = manifest;
        let places = packages.into_iter().filter_map(|package| {
            Some((Identity::Package(package.registry, package.name), package.install_path?))
        });
        let hooks = hooks.into_iter().filter(|hook| hook.event == Event::PostInstall);
        Unpacked { files, places: places.collect(), hooks: hooks.collect() }
    }
}

/// What becomes of one thing after the other, as far as is known.
struct Gathering<'a> {
    installer: &'a Installer<'a>,
    record: &'a Record,
    of: usize,
    done: usize,
    held: u64,
    entries: Vec<Entry>,
}

impl Gathering<'_> {
    /// Fetches, unpacks and compares some things.
    async fn gather(&mut self, placed: Vec<(&Chosen, RelPath)>) -> Result<(), Vec<Diagnostic>> {
        let mut missing = Vec::new();
        for (chosen, directory) in placed {
            match self.as_installed(chosen, &directory).await? {
                Some(entry) => {
                    self.done += 1;
                    self.entries.push(entry);
                }
                None => missing.push((chosen, directory)),
            }
        }
        for some in missing.chunks(ARCHIVES_AT_ONCE) {
            let chosen: Vec<&Chosen> = some.iter().map(|(chosen, _)| *chosen).collect();
            self.installer.registries.fetch_archives(&chosen).await.map_err(not_installed)?;
            for (chosen, directory) in some {
                let entry = self.unpacked(chosen, directory).await?;
                self.entries.push(entry);
            }
        }
        Ok(())
    }

    /// What is installed already, whole and in this version.
    async fn as_installed(
        &self,
        chosen: &Chosen,
        directory: &RelPath,
    ) -> Result<Option<Entry>, Vec<Diagnostic>> {
        let item = self.record.items.get(directory).filter(|item| is_of(item, chosen));
        let Some(item) = item.filter(|_| !self.installer.install.force) else { return Ok(None) };
        if !damaged(self.installer.registries.exchange(), directory, item).await?.is_empty() {
            return Ok(None);
        }
        let left_out = match self.installer.install.hooks {
            HookPolicy::Run => item.left_out.as_slice(),
            HookPolicy::Refuse | HookPolicy::Skip => &[],
        };
        let commands = [&item.hooks, left_out].concat();
        let pending = item.identity.pack().map(|pack| hooks::of(pack, &commands)).unwrap_or_default();
        Ok(Some(Entry {
            action: InstallAction::Keep,
            chosen: Some(chosen.clone()),
            directory: directory.clone(),
            from: Some(item.version.clone()),
            item: self.installer.recorded(item.clone(), &pending),
            placing: Placing::Files(placing::Files::default()),
            hooks: pending,
            held: None,
        }))
    }

    async fn unpacked(&mut self, chosen: &Chosen, directory: &RelPath) -> Result<Entry, Vec<Diagnostic>> {
        let exchange = self.installer.registries.exchange();
        let Unpacked { files, places, hooks } = self.installer.unpack(chosen).await?;
        let came = files.iter().map(|(path, file)| {
            let (hash, size) = (Digest::of(&file.content), file.content.len() as u64);
            (path.clone(), InstalledFile { hash, size, mode: file.mode })
        });
        let item = Item {
            identity: chosen.identity.clone(),
            version: chosen.release.version.clone(),
            registry: chosen.registry.clone(),
            integrity: chosen.release.integrity,
            into: self.installer.into.clone(),
            hooks: Vec::new(),
            left_out: Vec::new(),
            places,
            files: came.collect(),
        };
        let item = self.installer.recorded(item, &hooks);
        self.check_paths(chosen, directory, &item)?;
        let former = self.record.items.get(directory);
        let Installer { install, capabilities, .. } = self.installer;
        let comparison = Comparison {
            exchange,
            directory,
            former: former.map(|item| Former { item, is_same: is_of(item, chosen) }),
            force: install.force,
            modes: capabilities.modes,
        };
        let placing = comparison.with(&item.files).await?;
        let action = match former {
            None => InstallAction::Add,
            Some(former) if is_of(former, chosen) && !placing.changes() => InstallAction::Keep,
            Some(_) => InstallAction::Replace,
        };
        let bytes = item.bytes();
        let is_held = self.held + bytes <= MAX_HELD;
        self.held += if is_held { bytes } else { 0 };
        self.done += 1;
        let (done, of) = (self.done, self.of);
        exchange.tell(Progress::Fetched { label: chosen.label(), unpacked: bytes, done, of });
        Ok(Entry {
            action,
            chosen: Some(chosen.clone()),
            directory: directory.clone(),
            from: former.map(|former| former.version.clone()),
            item,
            placing,
            hooks,
            held: is_held.then_some(files),
        })
    }

    /// That every path, in its place, is one.
    fn check_paths(&self, chosen: &Chosen, directory: &RelPath, item: &Item) -> Result<(), Diagnostic> {
        for inner in item.files.keys() {
            RelPath::in_directory(directory.as_str(), inner).map_err(|error| {
                let message = format!("`{}` cannot be unpacked into `{directory}`", chosen.label());
                Diagnostic::error(Code::InvalidPath, message).about(directory).because(error)
            })?;
        }
        Ok(())
    }

    /// Where packs want a package.
    fn places(&self, package: &Identity) -> BTreeSet<RelPath> {
        self.entries.iter().filter_map(|entry| entry.item.places.get(package).cloned()).collect()
    }
}

pub(super) async fn uninstall(
    exchange: &Exchange,
    capabilities: Capabilities,
    uninstall: &Uninstall,
) -> Result<Outcome, Vec<Diagnostic>> {
    no_interruption(exchange, capabilities).await?;
    // What is refused is refused before anything is made.
    let (work, into) = take_out(exchange, uninstall).await?;
    if uninstall.dry_run {
        return Ok(Outcome::Uninstall { installation: Box::new(work.installation(into, None, false)) });
    }
    let target = Target::enter(exchange, capabilities, uninstall.wait).await?;
    let written = take_out_of(exchange, &target, uninstall).await;
    target.leave().await;
    let (work, into) = written?;
    Ok(Outcome::Uninstall { installation: Box::new(work.installation(into, None, true)) })
}

async fn take_out_of(
    exchange: &Exchange,
    target: &Target<'_>,
    uninstall: &Uninstall,
) -> Result<(Work, String), Vec<Diagnostic>> {
    let (mut work, into) = take_out(exchange, uninstall).await?;
    target.check_room(work.needed()).await?;
    let mut draft = target.draft();
    for entry in &work.entries {
        entry.draft(&mut draft, Files::new()).await?;
    }
    work.draft_texts(&mut draft).await?;
    work.warnings.extend(draft.commit().await?);
    Ok((work, into))
}

/// What goes when some packs are no longer asked for, and where everything is. The versions of what
/// stays do not move, so no registry is asked.
async fn take_out(exchange: &Exchange, uninstall: &Uninstall) -> Result<(Work, String), Vec<Diagnostic>> {
    let Some(lock) = read_lockfile(exchange).await? else {
        let error = Diagnostic::error(Code::FileNotFound, format!("there is no {LOCKFILE} here"));
        return Err(error.about(LOCKFILE).suggest("name the project's directory with `--output`").into());
    };
    if uninstall.packs.is_empty() {
        let error = Diagnostic::error(Code::Usage, "no packs to uninstall are named");
        return Err(error.suggest("`packwright list --installed` shows what is installed").into());
    }
    let names = uninstall.packs.iter().map(|text| text.parse::<PackName>()).collect::<Result<Vec<_>, _>>();
    let names = names.map_err(Diagnostic::from)?;
    none_of(names.iter().filter_map(|name| not_asked_for(&lock.content, name)))?;
    let mut now = lock.content.clone();
    now.requirements.retain(|requirement| !names.contains(&requirement.name));
    let needed = reachable(&now);
    none_of(names.iter().filter_map(|name| still_needed(&now, &needed, name)))?;
    now.prereleases.retain(|name| !names.contains(name));
    now.packs.retain(|pack| needed.contains(&Identity::Pack(pack.name.clone())));
    now.packages.retain(|package| {
        needed.contains(&Identity::Package(package.registry.clone(), package.name.clone()))
    });
    now.overrides.retain(|identity, _| needed.contains(identity));
    let (files, left) = split_files(&lock.content, |name| needed.contains(&Identity::Pack(name.clone())));
    if !uninstall.force {
        none_of(names.iter().filter_map(|name| generated_from(&left, name)))?;
    }
    let is_locked = |name: &PackageName| needed.iter().any(|identity| identity.name() == name.as_str());
    now.with.retain(is_locked);
    let warnings = left.iter().map(still_there).collect();
    now.files = files;
    let (record, digest) = Record::read(exchange).await?;
    let mut leaving = Vec::new();
    for (directory, item) in record.items.iter().filter(|(_, item)| !needed.contains(&item.identity)) {
        leaving.push(leave(exchange, directory, item).await?);
    }
    let mut work = Work::new(leaving, &record, digest, warnings)?;
    work.ignore(read_ignored(exchange).await?.as_deref());
    if now.requirements.is_empty() && now.files.is_empty() {
        work.unlock(lock.digest);
    } else {
        work.lock(&now, Some(lock.digest));
    }
    work.changes = super::select::went(&lock.content, &needed);
    Ok((work, record.place().unwrap_or(PACKAGES).to_owned()))
}

async fn read_ignored(exchange: &Exchange) -> Result<Option<Vec<u8>>, Vec<Diagnostic>> {
    match exchange.read(&Root::Target, IGNORED, lockfile::MAX_SIZE).await {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.is(HostErrorKind::NotFound) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Everything that what is asked for needs, by what is locked.
fn reachable(lock: &Lockfile) -> BTreeSet<Identity> {
    let mut needed: BTreeSet<Identity> = BTreeSet::new();
    let mut open: Vec<Identity> =
        lock.requirements.iter().map(|requirement| Identity::Pack(requirement.name.clone())).collect();
    while let Some(identity) = open.pop() {
        let pack = lock.packs.iter().find(|pack| Some(&pack.name) == identity.pack());
        if needed.insert(identity) {
            open.extend(pack.into_iter().flat_map(|pack| pack.dependencies.iter().cloned()));
        }
    }
    needed
}

fn not_asked_for(lock: &Lockfile, name: &PackName) -> Option<Diagnostic> {
    if lock.requirements.iter().any(|requirement| requirement.name == *name) {
        return None;
    }
    if let Some(error) = still_needed(lock, &reachable(lock), name) {
        return Some(error);
    }
    let error = Diagnostic::error(Code::PackNotFound, format!("`{name}` is not installed")).about(name);
    let asked = lock.requirements.iter().map(|requirement| requirement.name.as_str());
    Some(match nearest(name.as_str(), asked) {
        Some(near) => error.suggest(format!("did you mean `{near}`?")),
        None => error.suggest("`packwright list --installed` shows what is installed"),
    })
}

fn still_needed(lock: &Lockfile, needed: &BTreeSet<Identity>, name: &PackName) -> Option<Diagnostic> {
    let identity = Identity::Pack(name.clone());
    if !needed.contains(&identity) {
        return None;
    }
    let error = Diagnostic::error(Code::Conflict, format!("`{name}` is still needed")).about(name);
    let needs = |pack: &&LockedPack| {
        needed.contains(&Identity::Pack(pack.name.clone())) && pack.dependencies.contains(&identity)
    };
    let dependents = lock.packs.iter().filter(needs);
    let error = dependents
        .fold(error, |error, pack| error.because(format!("`{}@{}` requires it", pack.name, pack.version)));
    Some(error.suggest("uninstall what requires it as well"))
}

/// What becomes of something installed that is no longer needed.
async fn leave(exchange: &Exchange, directory: &RelPath, item: &Item) -> Result<Entry, Vec<Diagnostic>> {
    let former = Some(Former { item, is_same: false });
    let comparison = Comparison { exchange, directory, former, force: false, modes: false };
    let placing = match comparison.with(&BTreeMap::new()).await {
        Ok(placing) => placing,
        // Where something else stands now, nothing of ours does.
        Err(problems) if problems.iter().all(|problem| problem.code == Code::FileConflict) => {
            Placing::Files(placing::Files {
                kept: item.files.keys().cloned().collect(),
                ..placing::Files::default()
            })
        }
        Err(problems) => return Err(problems),
    };
    Ok(Entry {
        action: InstallAction::Remove,
        chosen: None,
        directory: directory.clone(),
        from: Some(item.version.clone()),
        item: item.clone(),
        placing,
        hooks: Vec::new(),
        held: None,
    })
}

fn unwanted_hook(hook: &Hook) -> Diagnostic {
    let message = format!("`{}` wants to run `{}`", hook.pack, hook.command);
    let error = Diagnostic::error(Code::NeedsConsent, message).about(&hook.pack);
    error.suggest("add `--trust` to run it, or `--skip-hooks` to install without it")
}

fn by_itself((entry, path): (&Entry, RelPath)) -> Diagnostic {
    let message = format!("`{path}` may run by itself when the directory is opened");
    let error = Diagnostic::error(Code::NeedsConsent, message).about(&path);
    error.because(format!("`{}` brings it", entry.label())).suggest("look at it, then add `--trust`")
}

/// Without the record of what was generated, nothing can be updated.
fn generated_from(left: &[LockedFile], name: &PackName) -> Option<Diagnostic> {
    let count = left.iter().filter(|file| file.pack == *name).count();
    if count == 0 {
        return None;
    }
    let message = format!("files of this project were generated from `{name}`");
    let error = Diagnostic::error(Code::OutOfDate, message).about(name);
    let forget = format!("there are {count}, and {LOCKFILE} would forget where they come from");
    Some(error.because(forget).suggest("add `--force` to keep them as your own"))
}

fn is_of(item: &Item, chosen: &Chosen) -> bool {
    item.identity == chosen.identity
        && item.version == chosen.release.version
        && item.integrity == chosen.release.integrity
}

/// Packages without a place of their own go below their registry's name, beside packs.
fn default_place(package: &Identity) -> String {
    package.to_string().replace(':', "/")
}

/// The files that packs which stay have generated, and those of others.
fn split_files(lock: &Lockfile, stays: impl Fn(&PackName) -> bool) -> (Vec<LockedFile>, Vec<LockedFile>) {
    lock.files.iter().cloned().partition(|file| stays(&file.pack))
}

fn still_there(file: &LockedFile) -> Diagnostic {
    let message = format!("`{}` was generated by `{}` and stays", file.path, file.pack);
    let warning = Diagnostic::warning(Code::OutOfDate, message).about(&file.path);
    warning.suggest("remove it if you do not need it")
}

/// A project is generated from all packs it asks for.
fn is_generated_next(name: &PackName) -> Diagnostic {
    let message = format!("this project is generated from its packs, and `{name}` is now one of them");
    let warning = Diagnostic::warning(Code::OutOfDate, message).about(name);
    warning.suggest(
        "`packwright generate` makes its files as well; install into another directory for the pack alone",
    )
}

/// A version that files were generated from moves only with them.
fn moves_generated(selected: &Selected) -> impl Iterator<Item = Diagnostic> {
    let files = selected.locked().into_iter().flat_map(|lock| &lock.files);
    let generators: BTreeSet<&PackName> = files.map(|file| &file.pack).collect();
    let moving = selected.changes.iter().filter(move |change| {
        let is_moved = change.from.is_some() && change.to.is_some();
        is_moved && change.identity.pack().is_some_and(|name| generators.contains(name))
    });
    moving.map(|change| {
        let message = format!("files of this project were generated from `{}`", change.identity);
        Diagnostic::error(Code::OutOfDate, message)
            .about(&change.identity)
            .showing(change.to_string())
            .suggest(format!("`packwright generate` moves the files as well: name the packs as you want them there, or add `--update {}`", change.identity))
    })
}

/// Two things cannot be unpacked into one directory, nor one into that of another.
fn overlaps(entries: &[Entry]) -> Vec<Diagnostic> {
    let mut places: Vec<(String, &Entry)> =
        entries.iter().map(|entry| (entry.directory.collision_key() + "/", entry)).collect();
    places.sort_by(|(one, _), (other, _)| one.cmp(other));
    let pairs = places.windows(2).filter(|pair| pair[1].0.starts_with(&pair[0].0));
    let problem = |pair: &[(String, &Entry)]| {
        let (outer, inner) = (pair[0].1, pair[1].1);
        let message =
            format!("`{}` would be unpacked into the directory of `{}`", inner.label(), outer.label());
        Diagnostic::error(Code::PathConflict, message)
            .about(&inner.directory)
            .because(format!("one goes into `{}`, the other into `{}`", outer.directory, inner.directory))
            .suggest("leave one of them out, or ask the pack's author for another `install-path`")
    };
    pairs.map(problem).collect()
}

/// A registry that says there is an archive and has none is no reason to think that a file of the user
/// is missing.
fn not_installed(problems: Vec<Diagnostic>) -> Vec<Diagnostic> {
    let failed = |problem: Diagnostic| match problem.code {
        Code::FileNotFound => Diagnostic {
            code: Code::InstallFailed,
            exit_code: Code::InstallFailed.exit_code(),
            message: format!("this cannot be installed: {}", problem.message),
            ..problem
        },
        _ => problem,
    };
    problems.into_iter().map(failed).collect()
}
