//! Registries as a command sees them: names to releases, releases to files.

mod archive;
mod npm;
mod registry;
mod sources;

use std::collections::BTreeMap;
use std::sync::Arc;

pub(super) use self::npm::below;
use self::registry::all;
pub(super) use self::registry::{Kind, Place, Registry};
pub(super) use self::sources::{
    SourcePack, all_sources, archived, check_place, own_source, read_source, shown_first, two_sources,
};
use super::exchange::Exchange;
use super::protocol::RegistryInput;
use super::transport::Transport;
use crate::archive::Files;
use crate::diagnostic::{Code, Diagnostic};
use crate::manifest::Manifest;
use crate::name::{Identity, PackName, RegistryId};
use crate::registry::{Release, Summary};
use crate::resolve::{Chosen, Facts, Known};

/// The most bytes that the packs of one project may unpack to together: 128 MiB.
const MAX_UNPACKED: usize = 128 << 20;

/// The most names that are asked for together, so that what is said of them fits into memory.
const NAMES_AT_ONCE: usize = 128;

/// The most archives that are asked for together, for the same reason.
const ARCHIVES_AT_ONCE: usize = 16;

/// The registry of a pack that is tried out and belongs to none.
const UNREGISTERED: &str = "source";

/// A pack's manifest and files.
#[derive(Clone)]
pub(super) struct Pack {
    pub(super) manifest: Manifest,
    pub(super) files: Files,
}

/// All registries of a session.
pub(super) struct Registries {
    pub(super) transport: Transport,
    registries: Vec<Registry>,
    /// A pack that is tried out: it stands in for all that its registry has of that name.
    own: Option<SourcePack>,
}

impl Registries {
    pub(super) fn new(
        transport: Transport,
        inputs: Vec<RegistryInput>,
    ) -> Result<Registries, Vec<Diagnostic>> {
        let mut registries: Vec<Registry> = Vec::new();
        for input in inputs {
            let registry = Registry::new(input)?;
            if let Some(shared) = registries.iter().find_map(|other| registry.shares_with(other)) {
                let error = Diagnostic::error(Code::InvalidInput, shared);
                return Err(error.because("a name must belong to exactly one registry").into());
            }
            registries.push(registry);
        }
        Ok(Registries { transport, registries, own: None })
    }

    /// The same with a pack that is tried out.
    pub(super) fn with_own(self, own: SourcePack) -> Registries {
        Registries { own: Some(own), ..self }
    }

    /// What is known of the pack that is tried out.
    fn own(&self) -> Option<(Identity, Known)> {
        let SourcePack { pack, release, .. } = self.own.as_ref()?;
        let name = &pack.manifest.name;
        // It needs no registry, but templates see one.
        let of_none = |_| UNREGISTERED.parse().expect("it is an id");
        let registry = self.registry_of(name).map_or_else(of_none, |registry| registry.id.clone());
        let known = Known { registry, releases: vec![release.clone()], latest: None };
        Some((Identity::Pack(name.clone()), known))
    }

    pub(super) fn exchange(&self) -> &Arc<Exchange> {
        &self.transport.exchange
    }

    /// The ids of all registries.
    pub(super) fn ids(&self) -> impl Iterator<Item = &RegistryId> {
        self.registries.iter().map(|registry| &registry.id)
    }

    /// The registry of an id.
    pub(super) fn get(&self, id: &str) -> Option<&Registry> {
        self.registries.iter().find(|registry| registry.id.as_str() == id)
    }

    fn registry_for(&self, identity: &Identity) -> Result<&Registry, Diagnostic> {
        match identity {
            Identity::Pack(name) => self.registry_of(name),
            Identity::Package(id, name) => self.get(id.as_str()).ok_or_else(|| {
                let message = format!("the registry `{id}` of the package `{name}` is not configured");
                Diagnostic::error(Code::PackNotFound, message).about(identity)
            }),
        }
    }

    /// The registry a pack's name belongs to. Exactly one, so that no name shadows another.
    pub(super) fn registry_of(&self, name: &PackName) -> Result<&Registry, Diagnostic> {
        let claiming = self.registries.iter().find(|registry| registry.claims(name.scope()));
        let general = || self.registries.iter().find(|registry| registry.is_general());
        claiming.or_else(general).ok_or_else(|| {
            Diagnostic::error(Code::PackNotFound, format!("no registry is configured for `{name}`"))
                .about(name)
                .suggest("name one with `--registry LOCATION`")
        })
    }

    /// The summaries of all packs, by name.
    pub(super) async fn catalog(&self) -> Result<Vec<Summary>, Vec<Diagnostic>> {
        let mut summaries = Vec::new();
        for registry in self.registries.iter().filter(|registry| registry.has_packs()) {
            let catalog = registry.catalog(&self.transport).await?;
            // What belongs to another registry cannot be had from this one.
            let theirs = |name: &PackName| self.registry_of(name).is_ok_and(|owner| owner.id == registry.id);
            summaries.extend(catalog.into_iter().filter(|summary| theirs(&summary.name)));
        }
        summaries.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(summaries)
    }

    /// Names of packs to suggest from. A registry that cannot be asked has none, which is no error.
    pub(super) async fn some_names(&self) -> Vec<String> {
        let mut names = Vec::new();
        for registry in self.registries.iter().filter(|registry| registry.has_packs()) {
            let some = registry.some_of_catalog(&self.transport).await.unwrap_or_default();
            let theirs = |name: &PackName| self.registry_of(name).is_ok_and(|owner| owner.id == registry.id);
            names.extend(
                some.into_iter().map(|summary| summary.name).filter(theirs).map(|name| name.to_string()),
            );
        }
        names
    }

    /// Everything the registries know of some packs and packages. What is not there is there as such.
    pub(super) async fn look_up(&self, wanted: &[Identity]) -> Result<Facts, Vec<Diagnostic>> {
        let (mut facts, mut problems) = (Facts::new(), Vec::new());
        let own = self.own().filter(|(identity, _)| wanted.contains(identity));
        let is_own = |identity: &Identity| own.as_ref().is_some_and(|(own, _)| own == identity);
        let others: Vec<Identity> = wanted.iter().filter(|identity| !is_own(identity)).cloned().collect();
        facts.extend(own.clone().map(|(identity, known)| (identity, Some(known))));
        for (registry, identities) in self.by_registry(&others, |identity| self.registry_for(identity))? {
            for some in identities.chunks(NAMES_AT_ONCE) {
                match registry.look_up(&self.transport, some).await {
                    Ok(found) => facts.extend(found),
                    Err(errors) => {
                        let is_missing = errors.iter().all(|error| error.code == Code::NotCached);
                        problems.extend(errors);
                        // Offline everything that is missing is told, else a registry's first trouble.
                        if !is_missing {
                            break;
                        }
                    }
                }
            }
        }
        if problems.is_empty() { Ok(facts) } else { Err(problems) }
    }

    /// The files of some releases, each checked against its index entry, in the order given.
    pub(super) async fn packs(
        &self,
        releases: &[(PackName, &Release)],
    ) -> Result<Vec<Pack>, Vec<Diagnostic>> {
        let mut packs: BTreeMap<&PackName, Pack> = BTreeMap::new();
        let mut unpacked = 0;
        let own = self.own.as_ref().map(|own| &own.pack);
        let is_own = |name: &PackName| own.is_some_and(|own| own.manifest.name == *name);
        packs.extend(own.map(|own| (&own.manifest.name, own.clone())));
        let others: Vec<_> = releases.iter().filter(|(name, _)| !is_own(name)).collect();
        for (registry, theirs) in self.by_registry(&others, |(name, _)| self.registry_of(name))? {
            for some in theirs.chunks(ARCHIVES_AT_ONCE) {
                let only: Vec<&Release> = some.iter().map(|(_, release)| *release).collect();
                let read = registry.packs(&self.transport, &only).await?;
                let contents = read.iter().flat_map(|pack| pack.files.values());
                unpacked += contents.map(|file| file.content.len()).sum::<usize>();
                if unpacked > MAX_UNPACKED {
                    let message =
                        format!("the packs unpack to more than {} MiB together", MAX_UNPACKED >> 20);
                    return Err(Diagnostic::error(Code::InvalidArchive, message).into());
                }
                packs.extend(some.iter().map(|(name, _)| name).zip(read));
            }
        }
        Ok(releases.iter().filter_map(|(name, _)| packs.remove(name)).collect())
    }

    /// Fetches the archives of some releases into the cache, each checked against its digest, so that
    /// they can be unpacked one after the other. Where there is no cache nothing is done.
    ///
    pub(super) async fn fetch_archives(&self, chosen: &[&Chosen]) -> Result<(), Vec<Diagnostic>> {
        let mut fetched = Vec::new();
        for registry in &self.registries {
            let theirs = chosen.iter().filter(|chosen| chosen.registry == registry.id);
            let releases: Vec<&Release> = theirs.map(|chosen| &chosen.release).collect();
            fetched.extend(registry.fetch_archives(&self.transport, &releases).await);
        }
        all(fetched).map(drop)
    }

    /// The files of a package, checked against what its registry says of it.
    pub(super) async fn package(&self, chosen: &Chosen) -> Result<Files, Vec<Diagnostic>> {
        self.registry_for(&chosen.identity)?.package(&self.transport, &chosen.release).await
    }

    /// Things by the registry they belong to, in the order of the registries.
    fn by_registry<'a, 'r, T>(
        &'r self,
        things: &'a [T],
        owner: impl Fn(&T) -> Result<&'r Registry, Diagnostic>,
    ) -> Result<Vec<(&'r Registry, Vec<&'a T>)>, Diagnostic> {
        let mut groups: Vec<(&Registry, Vec<&T>)> =
            self.registries.iter().map(|registry| (registry, Vec::new())).collect();
        for thing in things {
            let owner = owner(thing)?;
            let group = groups.iter_mut().find(|(registry, _)| registry.id == owner.id);
            group.expect("the owner is one of them").1.push(thing);
        }
        groups.retain(|(_, things)| !things.is_empty());
        Ok(groups)
    }

    /// Whether the registry promises that a published version never changes.
    pub(super) async fn is_immutable(&self, identity: &Identity) -> Result<bool, Vec<Diagnostic>> {
        self.registry_for(identity)?.is_immutable(&self.transport).await
    }
}
