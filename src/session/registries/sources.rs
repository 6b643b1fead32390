//! Pack sources on disk: `NAME/pack.toml` or, for several versions, `NAME/VERSION/pack.toml`. A
//! source is archived as publishing would, so that its digest is that of the published archive.

use super::Pack;
use crate::archive::{self, Files, Layout, PackFile};
use crate::diagnostic::{self, Code, Diagnostic, none_of};
use crate::manifest::{self, Manifest, Mode};
use crate::name::PackName;
use crate::path::RelPath;
use crate::registry::Release;
use crate::session::exchange::{Exchange, HostError};
use crate::session::protocol::{Entry, EntryKind, HostErrorKind, Root};
use crate::session::transaction::is_whole;
use crate::version::Version;

/// Entries that are never part of a pack, wherever they are: version control and our own state.
const LEFT_OUT: &[&str] = &[".git", ".hg", ".svn", ".jj", ".packwright", ".DS_Store"];

/// Files beside a manifest that are its author's own: what lets them in somewhere, and what
/// configures their tools.
const PRIVATE: &[&str] = &[".npmrc", ".env", "packwright.toml", "packwright.lock"];

/// Directories that tools leave behind beside a manifest.
const LEFT_BEHIND: &[&str] = &["node_modules", "target"];

/// The manifest among some files, if there is one.
pub(super) fn manifest_of(files: &Files) -> Option<Result<Manifest, Vec<Diagnostic>>> {
    let path: RelPath = manifest::FILE_NAME.parse().expect("it is a safe path");
    files.get(&path).map(|file| parse_manifest(&file.content, manifest::FILE_NAME))
}

fn parse_manifest(content: &[u8], place: &str) -> Result<Manifest, Vec<Diagnostic>> {
    let text = std::str::from_utf8(content).map_err(|error| {
        Diagnostic::error(Code::InvalidManifest, format!("{place} is not UTF-8")).because(error)
    })?;
    Manifest::parse(text).map_err(|mut problems| {
        for problem in &mut problems {
            problem.location.get_or_insert_with(|| diagnostic::Location {
                pack: None,
                file: place.to_owned(),
                line: None,
                column: None,
            });
            if let Some(location) = &mut problem.location {
                location.file = place.to_owned();
            }
        }
        problems
    })
}

/// A source says its name by its directory, and its version if it stands beside others.
pub(in crate::session) fn check_place(
    manifest: &Manifest,
    name: &PackName,
    place: &str,
) -> Result<(), Diagnostic> {
    let version = place.strip_prefix(name.as_str()).and_then(|rest| rest.strip_prefix('/'));
    let right =
        manifest.name == *name && version.is_none_or(|version| version == manifest.version.to_string());
    if right {
        return Ok(());
    }
    let message = format!("the directory `{place}` holds `{}`", manifest.label());
    Err(Diagnostic::error(Code::InvalidManifest, message).about(name).suggest("let both say the same"))
}

/// Versions that differ in nothing but build metadata are one version.
pub(in crate::session) fn two_sources(manifest: &Manifest) -> Diagnostic {
    let message = format!("there are two sources of `{}`", manifest.label());
    Diagnostic::error(Code::InvalidRegistry, message).about(&manifest.name)
}

/// Every pack below a directory with the places of its versions, by name.
pub(in crate::session) async fn all_sources(
    exchange: &Exchange,
    root: &Root,
) -> Result<Vec<(PackName, Vec<String>)>, Vec<Diagnostic>> {
    let mut places: Vec<String> = Vec::new();
    for entry in exchange.list(root, "").await? {
        if entry.kind == EntryKind::Directory && entry.name.starts_with('@') {
            let scoped = exchange.list(root, &entry.name).await?;
            let scoped = scoped.into_iter().filter(|inner| inner.kind == EntryKind::Directory);
            places.extend(scoped.map(|inner| format!("{}/{}", entry.name, inner.name)));
        } else if entry.kind == EntryKind::Directory {
            places.push(entry.name);
        }
    }
    let (packs, others): (Vec<_>, Vec<_>) =
        places.into_iter().partition(|place| place.parse::<PackName>().is_ok());
    no_manifests_in(exchange, root, &others).await?;
    let names = packs.iter().filter_map(|place| place.parse::<PackName>().ok());
    let mut sources = Vec::new();
    for name in names {
        let places = source_places(exchange, root, &name).await?;
        if !places.is_empty() {
            sources.push((name, places));
        }
    }
    Ok(sources)
}

/// The directories that hold versions of a pack: its own, or those below it.
pub(super) async fn source_places(
    exchange: &Exchange,
    root: &Root,
    name: &PackName,
) -> Result<Vec<String>, Vec<Diagnostic>> {
    let entries = match exchange.list(root, name.as_str()).await {
        Ok(entries) => entries,
        Err(error) if error.is(HostErrorKind::NotFound) => return Ok(Vec::new()),
        Err(error) => return Err(error.into()),
    };
    if entries.iter().any(|entry| entry.name == manifest::FILE_NAME) {
        return Ok(vec![name.to_string()]);
    }
    let directories = entries.iter().filter(|entry| entry.kind == EntryKind::Directory);
    let (versions, others): (Vec<_>, Vec<_>) =
        directories.partition(|entry| entry.name.parse::<Version>().is_ok());
    let place = |entry: &&Entry| format!("{name}/{}", entry.name);
    no_manifests_in(exchange, root, &others.iter().map(place).collect::<Vec<_>>()).await?;
    Ok(versions.iter().map(place).collect())
}

/// A directory with a manifest but no name for a pack or version would be missed without a word.
async fn no_manifests_in(exchange: &Exchange, root: &Root, places: &[String]) -> Result<(), Vec<Diagnostic>> {
    let manifests: Vec<String> =
        places.iter().map(|place| format!("{place}/{}", manifest::FILE_NAME)).collect();
    let stats = exchange.stat_all(root, &manifests).await?;
    let problems =
        places.iter().zip(stats).filter(|(_, stat)| stat.kind == EntryKind::File).map(|(place, _)| {
            let message = format!(
                "`{}` holds a pack, but is named neither like one nor like a version",
                place.escape_debug()
            );
            let error = Diagnostic::error(Code::InvalidName, message).about(place);
            error.suggest("packs stand in `NAME/` or `NAME/VERSION/`")
        });
    none_of(problems)
}

/// The manifest of a source's highest version.
pub(super) async fn summarize(
    exchange: &Exchange,
    root: &Root,
    name: &PackName,
    places: &[String],
) -> Result<Option<Manifest>, Vec<Diagnostic>> {
    let mut highest: Option<Manifest> = None;
    for place in places {
        let manifest = read_manifest(exchange, root, place).await?;
        check_place(&manifest, name, place)?;
        if highest
            .as_ref()
            .is_none_or(|highest| shown_first(&highest.version) < shown_first(&manifest.version))
        {
            highest = Some(manifest);
        }
    }
    Ok(highest)
}

/// What a list shows of a pack is its highest release, or its highest pre-release if it has no other.
pub(in crate::session) fn shown_first(version: &Version) -> (bool, &Version) {
    (!version.is_prerelease(), version)
}

async fn read_manifest(exchange: &Exchange, root: &Root, place: &str) -> Result<Manifest, Vec<Diagnostic>> {
    let path = below(place, manifest::FILE_NAME);
    parse_manifest(&exchange.read(root, &path, manifest::MAX_SIZE).await?, &path)
}

/// A pack as its sources have it, and as it would be published.
pub(in crate::session) struct SourcePack {
    pub(in crate::session) pack: Pack,
    pub(in crate::session) release: Release,
    pub(in crate::session) archive: Vec<u8>,
}

/// The pack in the root `source`.
pub(in crate::session) async fn own_source(exchange: &Exchange) -> Result<SourcePack, Vec<Diagnostic>> {
    let manifest = [manifest::FILE_NAME.to_owned()];
    if exchange.stat_all(&Root::Source, &manifest).await?[0].kind == EntryKind::Absent {
        let message = format!("there is no {} in this directory", manifest::FILE_NAME);
        let error = Diagnostic::error(Code::FileNotFound, message).about(manifest::FILE_NAME);
        return Err(error.suggest("name the directory of a pack").into());
    }
    is_whole(exchange, &Root::Source).await?;
    read_source(exchange, &Root::Source, "").await
}

/// Reads a pack's sources and archives them.
pub(in crate::session) async fn read_source(
    exchange: &Exchange,
    root: &Root,
    place: &str,
) -> Result<SourcePack, Vec<Diagnostic>> {
    let manifest = read_manifest(exchange, root, place).await?;
    let mut files = Files::new();
    let mut directories = vec![String::new()];
    let mut total: usize = 0;
    while !directories.is_empty() {
        let full: Vec<String> = directories.iter().map(|directory| below(place, directory)).collect();
        let listings =
            exchange.list_all(root, &full).await.into_iter().collect::<Result<Vec<_>, HostError>>()?;
        let mut paths: Vec<RelPath> = Vec::new();
        let mut deeper = Vec::new();
        for (directory, entries) in directories.iter().zip(listings) {
            for entry in entries {
                let name = entry.name.as_str();
                let left_behind =
                    directory.is_empty() && entry.kind == EntryKind::Directory && LEFT_BEHIND.contains(&name);
                let private = directory.is_empty() && (PRIVATE.contains(&name) || name.starts_with(".env."));
                if LEFT_OUT.contains(&name) || left_behind || private {
                    continue;
                }
                let relative = below(directory, &entry.name);
                match entry.kind {
                    EntryKind::Directory => deeper.push(relative),
                    EntryKind::File => {
                        paths.push(relative.parse().map_err(|error: crate::path::PathError| {
                            Diagnostic::error(Code::InvalidPath, error.to_string())
                                .because(format!("it is in `{place}`"))
                        })?)
                    }
                    EntryKind::Link | EntryKind::Other | EntryKind::Absent => {
                        let message = format!("`{place}/{relative}` is neither a file nor a directory");
                        let error = Diagnostic::error(Code::InvalidArchive, message);
                        return Err(error.because("packs hold regular files and directories only").into());
                    }
                }
            }
        }
        if files.len() + paths.len() > archive::MAX_ENTRIES {
            let message = format!("`{place}` has more than {} files", archive::MAX_ENTRIES);
            return Err(Diagnostic::error(Code::InvalidArchive, message).into());
        }
        let full: Vec<String> = paths.iter().map(|path| below(place, path.as_str())).collect();
        let stats = exchange.stat_all(root, &full).await?;
        total = stats.iter().fold(total, |total, stat| total.saturating_add(stat.size));
        if total > archive::MAX_UNPACKED {
            let message = format!("`{}` has more than {} MiB", manifest.label(), archive::MAX_UNPACKED >> 20);
            return Err(Diagnostic::error(Code::InvalidArchive, message).into());
        }
        let contents = exchange.read_all(root, &full, archive::MAX_UNPACKED).await;
        for ((path, stat), content) in paths.into_iter().zip(stats).zip(contents) {
            let mode = if stat.executable { Mode::Executable } else { Mode::Regular };
            files.insert(path, PackFile { content: content?, mode });
        }
        directories = deeper;
    }
    let archive = archived(&manifest, &files, Layout::Plain)?;
    let release = Release::of(&manifest, &archive);
    Ok(SourcePack { pack: Pack { manifest, files }, release, archive })
}

/// The archive of a pack.
pub(in crate::session) fn archived(
    manifest: &Manifest,
    files: &Files,
    layout: Layout,
) -> Result<Vec<u8>, Diagnostic> {
    archive::pack(files, layout).map_err(|error| {
        Diagnostic::error(Code::InvalidArchive, format!("`{}` cannot be archived", manifest.label()))
            .because(error)
    })
}

fn below(directory: &str, name: &str) -> String {
    match (directory, name) {
        ("", name) => name.to_owned(),
        (directory, "") => directory.to_owned(),
        (directory, name) => format!("{directory}/{name}"),
    }
}
