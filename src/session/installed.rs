//! What is installed, and what of it could be newer. Nothing is written.

use super::exchange::Exchange;
use super::install::{Record, damaged};
use super::protocol::{InstalledItem, Outcome, OutdatedItem, Selection};
use super::registries::Registries;
use super::select::{Named, Selected, read_lockfile};
use crate::diagnostic::{Code, Diagnostic};
use crate::name::Identity;
use crate::path::LOCKFILE;

pub(super) async fn installed(exchange: &Exchange) -> Result<Outcome, Vec<Diagnostic>> {
    let lock = read_lockfile(exchange).await?;
    let (record, _) = Record::read(exchange).await?;
    let asked = lock.iter().flat_map(|lock| &lock.content.requirements);
    let asked: Vec<Identity> = asked.map(|requirement| Identity::Pack(requirement.name.clone())).collect();
    let mut items = Vec::new();
    for (directory, item) in &record.items {
        items.push(InstalledItem {
            identity: item.identity.clone(),
            version: item.version.clone(),
            registry: item.registry.clone(),
            path: directory.to_string(),
            files: item.files.len(),
            bytes: item.bytes(),
            requested: asked.contains(&item.identity),
            damaged: damaged(exchange, directory, item).await?,
        });
    }
    Ok(Outcome::Installed { items })
}

pub(super) async fn outdated(registries: &Registries) -> Result<Outcome, Vec<Diagnostic>> {
    let Some(lock) = read_lockfile(registries.exchange()).await? else {
        let error = Diagnostic::error(Code::FileNotFound, format!("there is no {LOCKFILE} here"));
        return Err(error.about(LOCKFILE).suggest("name the project's directory with `--output`").into());
    };
    let locked: Vec<Identity> = lock.content.locked().map(|(identity, _)| identity).collect();
    if locked.is_empty() {
        return Ok(Outcome::Outdated { items: Vec::new() });
    }
    let update = locked.iter().map(Identity::to_string).collect();
    let selection = Selection { target: true, update, ..Selection::default() };
    let selected = Selected::new(registries, selection, Named::Alone).await?;
    let missing: Vec<Identity> =
        locked.iter().filter(|identity| !selected.facts.contains_key(*identity)).cloned().collect();
    let mut facts = registries.look_up(&missing).await?;
    facts.extend(selected.facts);
    let asked = &lock.content.requirements;
    let item = |(identity, locked): (Identity, crate::lockfile::Locked<'_>)| {
        let known = facts.get(&identity).and_then(Option::as_ref);
        let releases = || known.into_iter().flat_map(|known| &known.releases);
        let stands = |release: &&crate::registry::Release| {
            !release.yanked && release.deprecated.is_none() && !release.version.is_prerelease()
        };
        let own = releases().find(|release| release.version == *locked.version);
        OutdatedItem {
            registry: locked.registry.clone(),
            locked: locked.version.clone(),
            wanted: selected.resolution.get(&identity).map(|chosen| chosen.release.version.clone()),
            latest: releases().filter(stands).map(|release| &release.version).max().cloned(),
            requested: asked.iter().any(|requirement| Some(&requirement.name) == identity.pack()),
            yanked: own.is_some_and(|release| release.yanked),
            deprecated: own.and_then(|release| release.deprecated.clone()),
            identity,
        }
    };
    let mut items: Vec<OutdatedItem> = lock.content.locked().map(item).collect();
    items.sort_by(|a, b| a.identity.cmp(&b.identity));
    Ok(Outcome::Outdated { items })
}
