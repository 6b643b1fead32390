//! Registries as a command sees them: names to releases, releases to files.
//!
//! A registry on disk with a `config.json` is a static index; any other directory holds pack
//! sources, as `NAME/pack.toml` or, for several versions, `NAME/VERSION/pack.toml`. A source is
//! archived as publishing would, so that its digest is that of the published archive.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::future::{join_all, try_join_all};

use super::exchange::Exchange;
use super::protocol::{EntryKind, HostErrorKind, Location, RegistryInput, Root};
use crate::archive::{self, Files, PackFile};
use crate::diagnostic::{self, Code, Diagnostic};
use crate::manifest::{self, Manifest, Mode};
use crate::name::{PackName, RegistryId};
use crate::path::RelPath;
use crate::registry::{
    self, CATALOG, CONFIG, Config, Digest, Release, Summary, index_path, parse_catalog, parse_index,
};
use crate::resolve::Known;
use crate::version::Version;

/// Directories that are never part of a pack: version control and what tools leave behind.
const LEFT_OUT: &[&str] =
    &[".git", ".hg", ".svn", ".jj", ".packwright", "node_modules", "target", ".DS_Store"];

/// A pack's manifest and files.
#[derive(Clone)]
pub(super) struct Pack {
    pub(super) manifest: Manifest,
    pub(super) files: Files,
}

/// All registries of a session.
pub(super) struct Sources {
    pub(super) exchange: Arc<Exchange>,
    registries: Vec<Registry>,
}

struct Registry {
    id: RegistryId,
    place: Place,
    scopes: Vec<String>,
    kind: Mutex<Option<Arc<Kind>>>,
}

enum Place {
    Http(String),
    Directory(Root),
}

enum Kind {
    Index(Config),
    /// The packs read so far, with their archives' digests.
    Sources(Mutex<BTreeMap<(PackName, Version), Pack>>),
}

impl Sources {
    pub(super) fn new(
        exchange: &Arc<Exchange>,
        inputs: Vec<RegistryInput>,
    ) -> Result<Sources, Vec<Diagnostic>> {
        let mut registries: Vec<Registry> = Vec::new();
        for input in inputs {
            let registry = Registry::new(input).map_err(|error| vec![error])?;
            if registries.iter().any(|other| other.id == registry.id) {
                let message = format!("there are two registries `{}`", registry.id);
                return Err(vec![Diagnostic::error(Code::InvalidInput, message)]);
            }
            registries.push(registry);
        }
        Ok(Sources { exchange: Arc::clone(exchange), registries })
    }

    /// The registry a name belongs to. Exactly one, so that no name shadows another.
    fn registry_of(&self, name: &PackName) -> Result<&Registry, Diagnostic> {
        let claims =
            |registry: &&Registry| registry.scopes.iter().any(|scope| Some(scope.as_str()) == name.scope());
        let general = || self.registries.iter().find(|registry| registry.scopes.is_empty());
        self.registries.iter().find(claims).or_else(general).ok_or_else(|| {
            Diagnostic::error(Code::PackNotFound, format!("no registry is configured for `{name}`"))
                .about(name)
                .suggest("name one with `--registry LOCATION`")
        })
    }

    /// The summaries of all packs, by name.
    pub(super) async fn catalog(&self) -> Result<Vec<Summary>, Vec<Diagnostic>> {
        let catalogs = self.registries.iter().map(|registry| registry.catalog(&self.exchange));
        let mut summaries = Vec::new();
        for catalog in join_all(catalogs).await {
            summaries.extend(catalog?);
        }
        summaries.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(summaries)
    }

    /// Everything the registries know of some names, in the order of the names.
    pub(super) async fn look_up(&self, names: &[PackName]) -> Result<Vec<Option<Known>>, Vec<Diagnostic>> {
        for name in names {
            self.registry_of(name)?.kind(&self.exchange).await?;
        }
        let known = names.iter().map(|name| async {
            let registry = self.registry_of(name)?;
            let releases = registry.releases(&self.exchange, name).await?;
            let id = registry.id.clone();
            Ok::<_, Vec<Diagnostic>>(releases.map(|releases| Known { registry: id, releases }))
        });
        join_all(known).await.into_iter().collect()
    }

    /// The files of a release, checked against its index entry.
    pub(super) async fn pack(&self, release: &Release) -> Result<Pack, Vec<Diagnostic>> {
        self.registry_of(&release.name)?.pack(&self.exchange, release).await
    }

    /// Whether the registry promises that a published version never changes.
    pub(super) async fn is_immutable(&self, name: &PackName) -> Result<bool, Vec<Diagnostic>> {
        let kind = self.registry_of(name)?.kind(&self.exchange).await?;
        Ok(matches!(*kind, Kind::Index(_)))
    }
}

impl From<Diagnostic> for Vec<Diagnostic> {
    fn from(diagnostic: Diagnostic) -> Vec<Diagnostic> {
        vec![diagnostic]
    }
}

impl Registry {
    fn new(input: RegistryInput) -> Result<Registry, Diagnostic> {
        let invalid = |message: String| Diagnostic::error(Code::InvalidInput, message);
        let id: RegistryId = input.id.parse().map_err(|error: crate::name::NameError| {
            Diagnostic::error(Code::InvalidName, error.to_string())
        })?;
        for scope in &input.scopes {
            if format!("{scope}/x").parse::<PackName>().is_err() {
                return Err(invalid(format!("`{}` is not a scope such as `@acme`", scope.escape_debug())));
            }
        }
        let place = match input.location {
            Location::Directory => Place::Directory(Root::Registry(id.clone())),
            Location::Http { url } => {
                let plain = (url.starts_with("https://") || url.starts_with("http://"))
                    && !url.contains(['?', '#', '@'])
                    && !url.contains(|c: char| c.is_whitespace() || c.is_control());
                if !plain {
                    let shown = url.chars().take(120).collect::<String>();
                    return Err(invalid(format!(
                        "`{}` is not the address of a registry",
                        shown.escape_debug()
                    ))
                    .because("it starts with `https://` or `http://` and has no user, query or fragment"));
                }
                Place::Http(format!("{}/", url.trim_end_matches('/')))
            }
        };
        Ok(Registry { id, place, scopes: input.scopes, kind: Mutex::new(None) })
    }

    fn shown(&self) -> String {
        match &self.place {
            Place::Http(base) => format!("the registry `{}` at {base}", self.id),
            Place::Directory(_) => format!("the registry `{}`", self.id),
        }
    }

    /// What the registry is, found out once.
    async fn kind(&self, exchange: &Exchange) -> Result<Arc<Kind>, Vec<Diagnostic>> {
        if let Some(kind) = self.kind.lock().unwrap_or_else(PoisonError::into_inner).as_ref() {
            return Ok(Arc::clone(kind));
        }
        let kind = match (self.text(exchange, CONFIG).await?, &self.place) {
            (Some(text), _) => Kind::Index(Config::parse(&text).map_err(|error| self.blame(error))?),
            (None, Place::Directory(root)) => {
                exchange.list(root, "").await.map_err(|error| {
                    let missing = error.is(HostErrorKind::NotFound);
                    let error =
                        Diagnostic::from(error).because(format!("it was asked for by {}", self.shown()));
                    if missing { error.suggest("check the registry's directory") } else { error }
                })?;
                Kind::Sources(Mutex::default())
            }
            (None, Place::Http(_)) => {
                let message = format!("{} is none: there is no {CONFIG}", self.shown());
                let error = Diagnostic::error(Code::FileNotFound, message).about(&self.id);
                return Err(error.suggest("check the registry's address").into());
            }
        };
        let kind = Arc::new(kind);
        *self.kind.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&kind));
        Ok(kind)
    }

    fn blame(&self, error: Diagnostic) -> Diagnostic {
        error.because(format!("it came from {}", self.shown()))
    }

    async fn catalog(&self, exchange: &Exchange) -> Result<Vec<Summary>, Vec<Diagnostic>> {
        match (&*self.kind(exchange).await?, &self.place) {
            (Kind::Index(_), _) => {
                let text = self.text(exchange, CATALOG).await?.ok_or_else(|| {
                    let message = format!("{} has no {CATALOG}", self.shown());
                    Diagnostic::error(Code::FileNotFound, message).about(&self.id)
                })?;
                Ok(parse_catalog(&self.id, &text).map_err(|error| self.blame(error))?)
            }
            (Kind::Sources(_), Place::Directory(root)) => {
                let summaries =
                    all_sources(exchange, root).await?.into_iter().map(|(name, places)| async move {
                        let manifests =
                            try_join_all(places.iter().map(|place| read_manifest(exchange, root, place)))
                                .await?;
                        for manifest in &manifests {
                            check_name(manifest, &name)?;
                        }
                        let highest = manifests.iter().max_by(|a, b| a.version.cmp(&b.version));
                        Ok::<_, Vec<Diagnostic>>(highest.map(|manifest| Summary::of(manifest, &self.id)))
                    });
                let mut catalog = Vec::new();
                let mut problems = Vec::new();
                for summary in join_all(summaries).await {
                    match summary {
                        Ok(summary) => catalog.extend(summary),
                        Err(errors) => problems.extend(errors),
                    }
                }
                if problems.is_empty() { Ok(catalog) } else { Err(problems) }
            }
            (Kind::Sources(_), Place::Http(_)) => unreachable!("only directories hold sources"),
        }
    }

    async fn releases(
        &self,
        exchange: &Exchange,
        name: &PackName,
    ) -> Result<Option<Vec<Release>>, Vec<Diagnostic>> {
        match (&*self.kind(exchange).await?, &self.place) {
            (Kind::Index(_), _) => match self.text(exchange, &index_path(name)).await? {
                None => Ok(None),
                Some(text) => Ok(Some(parse_index(name, &text).map_err(|error| self.blame(error))?)),
            },
            (Kind::Sources(read), Place::Directory(root)) => {
                let places = source_places(exchange, root, name).await?;
                let packs =
                    try_join_all(places.iter().map(|place| read_source(exchange, root, place))).await?;
                let mut releases: Vec<Release> = Vec::new();
                for (pack, release) in packs {
                    check_name(&pack.manifest, name)?;
                    if releases.iter().any(|other| other.version == release.version) {
                        let message = format!("there are two sources of `{}`", pack.manifest.label());
                        return Err(Diagnostic::error(Code::InvalidRegistry, message).about(name).into());
                    }
                    let key = (name.clone(), release.version.clone());
                    read.lock().unwrap_or_else(PoisonError::into_inner).insert(key, pack);
                    releases.push(release);
                }
                releases.sort_by(|a, b| b.version.cmp(&a.version));
                Ok(if releases.is_empty() { None } else { Some(releases) })
            }
            (Kind::Sources(_), Place::Http(_)) => unreachable!("only directories hold sources"),
        }
    }

    async fn pack(&self, exchange: &Exchange, release: &Release) -> Result<Pack, Vec<Diagnostic>> {
        let label = format!("{}@{}", release.name, release.version);
        let config = match &*self.kind(exchange).await? {
            Kind::Sources(read) => {
                let key = (release.name.clone(), release.version.clone());
                let pack = read.lock().unwrap_or_else(PoisonError::into_inner).get(&key).cloned();
                return Ok(pack.expect("a release of a source was read with it"));
            }
            Kind::Index(config) => config.clone(),
        };
        let path = config.archive_path(release);
        let bytes = self.bytes(exchange, &path, archive::MAX_SIZE).await?.ok_or_else(|| {
            let message = format!("the archive of `{label}` is not there");
            self.blame(Diagnostic::error(Code::FileNotFound, message).about(&path))
        })?;
        let refuse = |reason: &dyn std::fmt::Display| {
            let message = format!("the archive of `{label}` is refused");
            self.blame(Diagnostic::error(Code::InvalidArchive, message).because(reason).about(&release.name))
        };
        let digest = Digest::of(&bytes);
        if digest != release.integrity {
            return Err(
                refuse(&format!("its digest is {digest}, the index says {}", release.integrity)).into()
            );
        }
        let files = archive::unpack(&bytes).map_err(|error| refuse(&error))?;
        let manifest = manifest_of(&files)?;
        if (&manifest.name, &manifest.version) != (&release.name, &release.version) {
            return Err(
                refuse(&format!("its {} says it is `{}`", manifest::FILE_NAME, manifest.label())).into()
            );
        }
        Ok(Pack { manifest, files })
    }

    async fn text(&self, exchange: &Exchange, path: &str) -> Result<Option<String>, Vec<Diagnostic>> {
        let Some(bytes) = self.bytes(exchange, path, registry::MAX_SIZE).await? else { return Ok(None) };
        String::from_utf8(bytes).map(Some).map_err(|error| {
            let error = Diagnostic::error(Code::BadResponse, format!("{path} is not UTF-8")).because(error);
            self.blame(error).into()
        })
    }

    /// A file of the registry, or nothing if it is not there.
    async fn bytes(
        &self,
        exchange: &Exchange,
        path: &str,
        limit: usize,
    ) -> Result<Option<Vec<u8>>, Vec<Diagnostic>> {
        match &self.place {
            Place::Directory(root) => match exchange.read(root, path, limit).await {
                Ok(bytes) => Ok(Some(bytes)),
                Err(error) if error.is(HostErrorKind::NotFound) => Ok(None),
                Err(error) => Err(self.blame(error.into()).into()),
            },
            Place::Http(base) => {
                let url = format!("{base}{}", percent_encode(path));
                let response = exchange.fetch(&url, limit).await.map_err(|error| self.blame(error.into()))?;
                let error = |message: String| Diagnostic::error(Code::Network, message).about(&url);
                match response.status {
                    200 => Ok(Some(response.body)),
                    404 | 410 => Ok(None),
                    status @ (401 | 403) => Err(self
                        .blame(error(format!("{path} may not be read: the server says {status}")))
                        .suggest("check whether the registry wants a sign-in")
                        .into()),
                    status => Err(self
                        .blame(error(format!("{path} could not be read: the server says {status}")))
                        .into()),
                }
            }
        }
    }
}

/// Keeps what RFC 3986 allows in a path and encodes everything else.
fn percent_encode(path: &str) -> String {
    let mut encoded = String::with_capacity(path.len());
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/@+!$&'()*,;=:".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

fn manifest_of(files: &Files) -> Result<Manifest, Vec<Diagnostic>> {
    let path: RelPath = manifest::FILE_NAME.parse().expect("it is a safe path");
    let file = files.get(&path).ok_or_else(|| {
        Diagnostic::error(Code::FileNotFound, format!("the pack has no {}", manifest::FILE_NAME))
    })?;
    parse_manifest(&file.content, manifest::FILE_NAME)
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

fn check_name(manifest: &Manifest, name: &PackName) -> Result<(), Diagnostic> {
    if manifest.name == *name {
        return Ok(());
    }
    let message = format!("the directory `{name}` holds a pack named `{}`", manifest.name);
    Err(Diagnostic::error(Code::InvalidManifest, message).about(name).suggest("give both the same name"))
}

/// Every pack below a directory with the places of its versions, by name.
pub(super) async fn all_sources(
    exchange: &Exchange,
    root: &Root,
) -> Result<Vec<(PackName, Vec<String>)>, Vec<Diagnostic>> {
    let mut names: Vec<PackName> = Vec::new();
    for entry in exchange.list(root, "").await? {
        if entry.kind != EntryKind::Directory {
            continue;
        }
        if entry.name.starts_with('@') {
            let scoped = exchange.list(root, &entry.name).await?;
            names.extend(
                scoped.iter().filter_map(|inner| format!("{}/{}", entry.name, inner.name).parse().ok()),
            );
        } else {
            names.extend(entry.name.parse::<PackName>().ok());
        }
    }
    let places = try_join_all(names.iter().map(|name| source_places(exchange, root, name))).await?;
    Ok(names.into_iter().zip(places).filter(|(_, places)| !places.is_empty()).collect())
}

/// The directories that hold versions of a pack: its own, or those below it.
async fn source_places(
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
    let versions = entries.iter().filter(|entry| entry.kind == EntryKind::Directory);
    let versions = versions.filter(|entry| entry.name.parse::<Version>().is_ok());
    Ok(versions.map(|entry| format!("{name}/{}", entry.name)).collect())
}

async fn read_manifest(exchange: &Exchange, root: &Root, place: &str) -> Result<Manifest, Vec<Diagnostic>> {
    let path = format!("{place}/{}", manifest::FILE_NAME);
    parse_manifest(&exchange.read(root, &path, manifest::MAX_SIZE).await?, &path)
}

/// Reads a pack's sources and makes the release they would be published as.
pub(super) async fn read_source(
    exchange: &Exchange,
    root: &Root,
    place: &str,
) -> Result<(Pack, Release), Vec<Diagnostic>> {
    let manifest = read_manifest(exchange, root, place).await?;
    let mut files = Files::new();
    let mut directories = vec![String::new()];
    while !directories.is_empty() {
        let full: Vec<String> = directories.iter().map(|directory| below(place, directory)).collect();
        let listings = try_join_all(full.iter().map(|directory| exchange.list(root, directory))).await?;
        let mut paths: Vec<RelPath> = Vec::new();
        let mut deeper = Vec::new();
        for (directory, entries) in directories.iter().zip(listings) {
            for entry in entries.into_iter().filter(|entry| !LEFT_OUT.contains(&entry.name.as_str())) {
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
        let read = paths.iter().map(|path| async {
            let full = below(place, path.as_str());
            let stat = exchange.stat(root, &full).await?;
            let content = exchange.read(root, &full, archive::MAX_UNPACKED).await?;
            let mode = if stat.executable { Mode::Executable } else { Mode::Regular };
            Ok::<_, super::exchange::HostError>(PackFile { content, mode })
        });
        files.extend(paths.clone().into_iter().zip(try_join_all(read).await?));
        directories = deeper;
    }
    let bytes = archive::pack(&files).map_err(|error| {
        Diagnostic::error(Code::InvalidArchive, format!("`{}` cannot be archived", manifest.label()))
            .because(error)
    })?;
    let release = Release::of(&manifest, &bytes);
    Ok((Pack { manifest, files }, release))
}

fn below(directory: &str, name: &str) -> String {
    match (directory, name) {
        ("", name) => name.to_owned(),
        (directory, "") => directory.to_owned(),
        (directory, name) => format!("{directory}/{name}"),
    }
}
