//! Looking whether a static index is as it should be: whether its catalogue, its index files and its
//! archives are there, and say the same.

use std::collections::{BTreeMap, BTreeSet};

use super::exchange::Exchange;
use super::protocol::{Entry, EntryKind, HostErrorKind, Outcome, Root};
use super::registries::{Kind, Place, Registries, Registry, shown_first};
use crate::diagnostic::{Code, Diagnostic};
use crate::name::PackageName;
use crate::registry::index::CATALOG;
use crate::registry::{Release, Summary};

/// The most archives that are held at a time while an index is checked.
const AT_ONCE: usize = 16;

/// Where the index files of a static index on disk are.
const INDEX: &str = "index";

pub(super) async fn check(registries: &Registries, id: &str) -> Result<Outcome, Vec<Diagnostic>> {
    let Some(registry) = registries.get(id) else {
        let message = format!("no registry `{}` is configured", id.escape_debug());
        return Err(Diagnostic::error(Code::InvalidInput, message).into());
    };
    let transport = &registries.transport;
    if !matches!(*registry.kind(transport).await?, Kind::Index(_)) {
        let message = format!("the registry `{id}` is no static index, so there are no files to check");
        return Err(Diagnostic::error(Code::InvalidInput, message).about(id).into());
    }
    let mut checked = Checked { problems: Vec::new(), versions: 0, bytes: 0 };
    let catalog = registry.catalog(transport).await.unwrap_or_else(|errors| {
        checked.problems.extend(errors);
        Vec::new()
    });
    let listed: BTreeMap<PackageName, &Summary> =
        catalog.iter().map(|summary| ((&summary.name).into(), summary)).collect();
    let mut names: BTreeSet<PackageName> = listed.keys().cloned().collect();
    names.extend(names_on_disk(registries.exchange(), registry).await?);
    let names: Vec<PackageName> = names.into_iter().collect();
    for some in names.chunks(AT_ONCE) {
        for (name, entry) in some.iter().zip(registry.index_entries(transport, some).await) {
            match entry {
                Ok(Some(releases)) => {
                    checked.releases(registries, registry, &releases, listed.get(name).copied()).await?;
                    checked.dependencies(registries, registry, &names, &releases);
                }
                Ok(None) => {
                    let message = format!("`{name}` stands in {CATALOG}, but has no index file");
                    checked.problems.push(Diagnostic::error(Code::FileNotFound, message).about(name));
                }
                Err(error) => checked.problems.push(error),
            }
        }
    }
    let Checked { problems, versions, bytes } = checked;
    Ok(Outcome::CheckRegistry { packs: names.len(), versions, bytes, problems })
}

/// The names that an index on disk has files of; a server tells none.
async fn names_on_disk(
    exchange: &Exchange,
    registry: &Registry,
) -> Result<Vec<PackageName>, Vec<Diagnostic>> {
    let Place::Directory(root) = registry.place() else { return Ok(Vec::new()) };
    let mut files: Vec<String> = Vec::new();
    for entry in list(exchange, root, INDEX).await? {
        match entry.kind {
            EntryKind::Directory => {
                let below = list(exchange, root, &format!("{INDEX}/{}", entry.name)).await?;
                files.extend(below.into_iter().map(|inner| format!("{}/{}", entry.name, inner.name)));
            }
            _ => files.push(entry.name),
        }
    }
    Ok(files.iter().filter_map(|file| file.strip_suffix(".jsonl")?.parse().ok()).collect())
}

async fn list(exchange: &Exchange, root: &Root, path: &str) -> Result<Vec<Entry>, Vec<Diagnostic>> {
    match exchange.list(root, path).await {
        Err(error) if error.is(HostErrorKind::NotFound) => Ok(Vec::new()),
        listed => Ok(listed?),
    }
}

struct Checked {
    problems: Vec<Diagnostic>,
    versions: usize,
    bytes: u64,
}

impl Checked {
    async fn releases(
        &mut self,
        registries: &Registries,
        registry: &Registry,
        releases: &[Release],
        listed: Option<&Summary>,
    ) -> Result<(), Vec<Diagnostic>> {
        let standing = releases.iter().filter(|release| !release.yanked);
        let shown = standing.max_by_key(|release| shown_first(&release.version));
        let mut expected = None;
        let releases: Vec<&Release> = releases.iter().collect();
        for some in releases.chunks(AT_ONCE) {
            let archives = registry.archives(&registries.transport, some).await;
            for (release, archive) in some.iter().zip(archives) {
                self.versions += 1;
                self.bytes = self.bytes.saturating_add(release.size.unwrap_or_default());
                match archive {
                    Ok(Some(pack)) if shown.is_some_and(|shown| shown.version == release.version) => {
                        expected = Some(Summary::of(&pack.manifest, &registry.id));
                    }
                    Ok(Some(_)) => {}
                    Ok(None) => {
                        let message = format!("the archive of `{}` is not there", release.label());
                        self.problems
                            .push(Diagnostic::error(Code::FileNotFound, message).about(&release.name));
                    }
                    Err(error) => self.problems.push(error),
                }
            }
        }
        let name = releases.first().map(|release| release.name.to_string()).unwrap_or_default();
        let wrong = match (expected, listed) {
            (Some(expected), Some(listed)) if expected != *listed => "differs from the manifest of",
            (Some(_), None) => "leaves out",
            (None, Some(_)) if shown.is_none() => "lists, although all its versions are yanked,",
            _ => return Ok(()),
        };
        let error =
            Diagnostic::error(Code::InvalidRegistry, format!("{CATALOG} {wrong} `{name}`")).about(&name);
        self.problems.push(error.suggest("build the index again, or publish to it, to bring it up to date"));
        Ok(())
    }

    /// What a pack here depends on and this registry would have to have.
    fn dependencies(
        &mut self,
        registries: &Registries,
        registry: &Registry,
        names: &[PackageName],
        releases: &[Release],
    ) {
        let mut told = BTreeSet::new();
        for release in releases {
            for dependency in &release.dependencies {
                let name = &dependency.name;
                let is_ours = registries.registry_of(name).is_ok_and(|owner| owner.id == registry.id);
                let is_there = names.binary_search_by(|other| other.as_str().cmp(name.as_str())).is_ok();
                if is_ours && !is_there && told.insert(name) {
                    let message =
                        format!("`{}` depends on `{name}`, which is not in this registry", release.label());
                    self.problems.push(Diagnostic::warning(Code::PackNotFound, message).about(name));
                }
            }
        }
    }
}
