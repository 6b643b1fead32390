//! Registries as a command sees them: names to releases, releases to files.
//!
//! A registry on disk with a `config.json` is a static index; any other directory holds pack
//! sources, as `NAME/pack.toml` or, for several versions, `NAME/VERSION/pack.toml`. A source is
//! archived as publishing would, so that its digest is that of the published archive.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use super::exchange::{Exchange, HostError, Response};
use super::protocol::{Entry, EntryKind, HostErrorKind, Location, RegistryInput, Root};
use crate::archive::{self, Files, PackFile};
use crate::constraint::Constraint;
use crate::diagnostic::{self, Code, Diagnostic};
use crate::manifest::{self, Dependency, Manifest, Mode, Package};
use crate::name::{Identity, PackName, RegistryId};
use crate::path::RelPath;
use crate::registry::{
    self, CATALOG, CONFIG, Config, Digest, Release, Summary, index_path, parse_catalog, parse_index,
};
use crate::resolve::{Facts, Known};
use crate::version::Version;

/// Entries that are never part of a pack, wherever they are: version control and our own state.
const LEFT_OUT: &[&str] = &[".git", ".hg", ".svn", ".jj", ".packwright", ".DS_Store"];

/// Directories that tools leave behind beside a manifest.
const LEFT_BEHIND: &[&str] = &["node_modules", "target"];

/// The most bytes that the packs of one project may unpack to together: 128 MiB.
const MAX_UNPACKED: usize = 128 << 20;

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
    /// Pack sources below a root, with those read so far.
    Sources(Root, Mutex<BTreeMap<(PackName, Version), Pack>>),
}

impl Sources {
    pub(super) fn new(
        exchange: &Arc<Exchange>,
        inputs: Vec<RegistryInput>,
    ) -> Result<Sources, Vec<Diagnostic>> {
        let mut registries: Vec<Registry> = Vec::new();
        for input in inputs {
            let registry = Registry::new(input).map_err(|error| vec![error])?;
            let shared = registries.iter().find_map(|other| registry.shares_with(other));
            if let Some(shared) = shared {
                let error = Diagnostic::error(Code::InvalidInput, shared);
                return Err(error.because("a name must belong to exactly one registry").into());
            }
            registries.push(registry);
        }
        Ok(Sources { exchange: Arc::clone(exchange), registries })
    }

    /// The ids of all registries.
    pub(super) fn ids(&self) -> impl Iterator<Item = &RegistryId> {
        self.registries.iter().map(|registry| &registry.id)
    }

    /// Whether a registry of this id is configured.
    pub(super) fn has(&self, id: &RegistryId) -> bool {
        self.registries.iter().any(|registry| registry.id == *id)
    }

    fn registry_for(&self, identity: &Identity) -> Result<&Registry, Diagnostic> {
        match identity {
            Identity::Pack(name) => self.registry_of(name),
            Identity::Package(id, name) => {
                let found = self.registries.iter().find(|registry| registry.id == *id);
                found.ok_or_else(|| {
                    let message = format!("the registry `{id}` of the package `{name}` is not configured");
                    Diagnostic::error(Code::PackNotFound, message).about(identity)
                })
            }
        }
    }

    /// The registry a pack's name belongs to. Exactly one, so that no name shadows another.
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
        let mut summaries = Vec::new();
        for registry in &self.registries {
            let catalog = registry.catalog(&self.exchange).await?;
            // What belongs to another registry cannot be had from this one.
            let theirs = |name: &PackName| self.registry_of(name).is_ok_and(|owner| owner.id == registry.id);
            summaries.extend(catalog.into_iter().filter(|summary| theirs(&summary.name)));
        }
        summaries.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(summaries)
    }

    /// Everything the registries know of some packs and packages. What is not there is there as such.
    pub(super) async fn look_up(&self, wanted: &[Identity]) -> Result<Facts, Vec<Diagnostic>> {
        let mut facts = Facts::new();
        for registry in &self.registries {
            let mut theirs: Vec<&Identity> = Vec::new();
            for identity in wanted {
                if self.registry_for(identity)?.id == registry.id {
                    theirs.push(identity);
                }
            }
            // A pack and a package of one name are one entry of the index.
            let names: BTreeSet<PackName> = theirs.iter().map(|identity| identity.name().clone()).collect();
            if names.is_empty() {
                continue;
            }
            let names: Vec<PackName> = names.into_iter().collect();
            let found: BTreeMap<PackName, Option<Vec<Release>>> =
                registry.releases(&self.exchange, &names).await?.into_iter().collect();
            facts.extend(theirs.into_iter().map(|identity| {
                let releases = found.get(identity.name()).cloned().flatten();
                let known =
                    releases.map(|releases| Known { registry: registry.id.clone(), releases, latest: None });
                (identity.clone(), known)
            }));
        }
        Ok(facts)
    }

    /// The files of some releases, each checked against its index entry, in the order given.
    pub(super) async fn packs(&self, releases: &[&Release]) -> Result<Vec<Pack>, Vec<Diagnostic>> {
        let mut packs = BTreeMap::new();
        for (registry, names) in self.by_registry(releases.iter().map(|release| &release.name))? {
            let theirs: Vec<&Release> =
                releases.iter().copied().filter(|release| names.contains(&release.name)).collect();
            let read = registry.packs(&self.exchange, &theirs).await?;
            packs.extend(theirs.iter().map(|release| release.name.clone()).zip(read));
        }
        let contents =
            packs.values().flat_map(|pack: &Pack| pack.files.values().map(|file| file.content.len()));
        if contents.sum::<usize>() > MAX_UNPACKED {
            let message = format!("the packs unpack to more than {} MiB together", MAX_UNPACKED >> 20);
            return Err(Diagnostic::error(Code::InvalidArchive, message).into());
        }
        Ok(releases.iter().filter_map(|release| packs.remove(&release.name)).collect())
    }

    fn by_registry<'a>(
        &self,
        names: impl Iterator<Item = &'a PackName>,
    ) -> Result<Vec<(&Registry, Vec<PackName>)>, Diagnostic> {
        let mut groups: Vec<(&Registry, Vec<PackName>)> = Vec::new();
        for name in names {
            let registry = self.registry_of(name)?;
            match groups.iter_mut().find(|(other, _)| other.id == registry.id) {
                Some((_, names)) => names.push(name.clone()),
                None => groups.push((registry, vec![name.clone()])),
            }
        }
        Ok(groups)
    }

    /// Whether the registry promises that a published version never changes.
    pub(super) async fn is_immutable(&self, identity: &Identity) -> Result<bool, Vec<Diagnostic>> {
        let kind = self.registry_for(identity)?.kind(&self.exchange).await?;
        Ok(matches!(*kind, Kind::Index(_)))
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
                let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
                let authority = rest.map(|rest| rest.split(['/', '?', '#']).next().unwrap_or(rest));
                if authority.is_some_and(|authority| authority.contains('@')) {
                    return Err(invalid("the address of a registry holds a user name".to_owned())
                        .suggest("leave it out; it would end up in messages and logs"));
                }
                let plain = authority.is_some_and(|authority| !authority.is_empty())
                    && !url.contains(['?', '#'])
                    && !url.contains(|c: char| c.is_whitespace() || c.is_control());
                if !plain {
                    let shown = url.chars().take(120).collect::<String>();
                    return Err(invalid(format!(
                        "`{}` is not the address of a registry",
                        shown.escape_debug()
                    ))
                    .because("it starts with `https://` or `http://` and has no query or fragment"));
                }
                Place::Http(format!("{}/", url.trim_end_matches('/')))
            }
        };
        Ok(Registry { id, place, scopes: input.scopes, kind: Mutex::new(None) })
    }

    /// What two registries both claim, in words.
    fn shares_with(&self, other: &Registry) -> Option<String> {
        if self.id == other.id {
            return Some(format!("there are two registries `{}`", self.id));
        }
        if self.scopes.is_empty() && other.scopes.is_empty() {
            return Some(format!("the registries `{}` and `{}` both claim no scopes", other.id, self.id));
        }
        let scope = self.scopes.iter().find(|scope| other.scopes.contains(scope))?;
        Some(format!("the registries `{}` and `{}` both claim the scope `{scope}`", other.id, self.id))
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
                Kind::Sources(root.clone(), Mutex::default())
            }
            (None, Place::Http(_)) => {
                let message = format!("{} has no {CONFIG}, so it is no registry", self.shown());
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
        match &*self.kind(exchange).await? {
            Kind::Index(_) => {
                let text = self.text(exchange, CATALOG).await?.ok_or_else(|| {
                    let message = format!("{} has no {CATALOG}", self.shown());
                    Diagnostic::error(Code::FileNotFound, message).about(&self.id)
                })?;
                Ok(parse_catalog(&self.id, &text).map_err(|error| self.blame(error))?)
            }
            Kind::Sources(root, _) => {
                let mut catalog = Vec::new();
                let mut problems = Vec::new();
                for (name, places) in all_sources(exchange, root).await? {
                    match summarize(exchange, root, &name, &places).await {
                        Ok(highest) => {
                            catalog.extend(highest.map(|manifest| Summary::of(&manifest, &self.id)))
                        }
                        Err(errors) => problems.extend(errors),
                    }
                }
                if problems.is_empty() { Ok(catalog) } else { Err(problems) }
            }
        }
    }

    async fn releases(
        &self,
        exchange: &Exchange,
        names: &[PackName],
    ) -> Result<Vec<(PackName, Option<Vec<Release>>)>, Vec<Diagnostic>> {
        match &*self.kind(exchange).await? {
            Kind::Index(_) => {
                let paths: Vec<String> = names.iter().map(index_path).collect();
                let files = self.files(exchange, &paths, registry::MAX_SIZE).await?;
                let parse = |(name, (path, file)): (&PackName, (&String, Option<Vec<u8>>))| {
                    let Some(bytes) = file else { return Ok((name.clone(), None)) };
                    let text = self.utf8(path, bytes)?;
                    Ok((name.clone(), Some(parse_index(name, &text).map_err(|error| self.blame(error))?)))
                };
                names.iter().zip(paths.iter().zip(files)).map(parse).collect()
            }
            Kind::Sources(root, read) => {
                let mut found = Vec::new();
                for name in names {
                    let mut releases: Vec<Release> = Vec::new();
                    for place in source_places(exchange, root, name).await? {
                        let SourcePack { pack, release, .. } = read_source(exchange, root, &place).await?;
                        check_place(&pack.manifest, name, &place)?;
                        if releases.iter().any(|other| other.version == release.version) {
                            return Err(two_sources(&pack.manifest).into());
                        }
                        let key = (name.clone(), release.version.clone());
                        read.lock().unwrap_or_else(PoisonError::into_inner).insert(key, pack);
                        releases.push(release);
                    }
                    releases.sort_by(|a, b| b.version.cmp(&a.version));
                    found.push((name.clone(), (!releases.is_empty()).then_some(releases)));
                }
                Ok(found)
            }
        }
    }

    async fn packs(&self, exchange: &Exchange, releases: &[&Release]) -> Result<Vec<Pack>, Vec<Diagnostic>> {
        match &*self.kind(exchange).await? {
            Kind::Sources(_, read) => {
                let read = read.lock().unwrap_or_else(PoisonError::into_inner);
                let key = |release: &&Release| (release.name.clone(), release.version.clone());
                let packs = releases.iter().map(|release| read.get(&key(release)).cloned());
                Ok(packs.map(|pack| pack.expect("a release of a source was read with it")).collect())
            }
            Kind::Index(config) => {
                let paths: Vec<String> =
                    releases.iter().map(|release| config.archive_path(release)).collect();
                let files = self.files(exchange, &paths, archive::MAX_SIZE).await?;
                let open = |((release, path), file): ((&&Release, &String), Option<Vec<u8>>)| {
                    let bytes = file.ok_or_else(|| {
                        let message =
                            format!("the archive of `{}@{}` is not there", release.name, release.version);
                        self.blame(Diagnostic::error(Code::FileNotFound, message).about(path))
                    })?;
                    self.open(release, &bytes)
                };
                releases.iter().zip(&paths).zip(files).map(open).collect()
            }
        }
    }

    /// Checks an archive against its index entry and unpacks it.
    fn open(&self, release: &Release, archive: &[u8]) -> Result<Pack, Vec<Diagnostic>> {
        let refuse = |reason: &dyn std::fmt::Display| {
            let message = format!("the archive of `{}@{}` is refused", release.name, release.version);
            self.blame(Diagnostic::error(Code::InvalidArchive, message).because(reason).about(&release.name))
        };
        let digest = Digest::of(archive);
        if digest != release.integrity {
            return Err(
                refuse(&format!("its digest is {digest}, the index says {}", release.integrity)).into()
            );
        }
        if archive.len() as u64 != release.size {
            return Err(
                refuse(&format!("it has {} bytes, the index says {}", archive.len(), release.size)).into()
            );
        }
        let files = archive::unpack(archive).map_err(|error| refuse(&error))?;
        let manifest = manifest_of(&files).map_err(|problems| {
            let of_pack = |mut problem: Diagnostic| {
                if let Some(location) = &mut problem.location {
                    location.pack = Some(format!("{}@{}", release.name, release.version));
                }
                self.blame(problem)
            };
            problems.into_iter().map(of_pack).collect::<Vec<_>>()
        })?;
        if (&manifest.name, &manifest.version) != (&release.name, &release.version) {
            return Err(
                refuse(&format!("its {} says it is `{}`", manifest::FILE_NAME, manifest.label())).into()
            );
        }
        if edges(&manifest.dependencies, &manifest.packages)
            != edges(&release.dependencies, &release.packages)
        {
            return Err(refuse(&format!(
                "its {} has other dependencies than the index",
                manifest::FILE_NAME
            ))
            .into());
        }
        Ok(Pack { manifest, files })
    }

    async fn text(&self, exchange: &Exchange, path: &str) -> Result<Option<String>, Vec<Diagnostic>> {
        let file = self.files(exchange, &[path.to_owned()], registry::MAX_SIZE).await?.remove(0);
        Ok(file.map(|bytes| self.utf8(path, bytes)).transpose()?)
    }

    fn utf8(&self, path: &str, bytes: Vec<u8>) -> Result<String, Diagnostic> {
        String::from_utf8(bytes).map_err(|error| {
            self.blame(Diagnostic::error(Code::BadResponse, format!("{path} is not UTF-8")).because(error))
        })
    }

    /// Some files of the registry; nothing for those that are not there.
    async fn files(
        &self,
        exchange: &Exchange,
        paths: &[String],
        limit: usize,
    ) -> Result<Vec<Option<Vec<u8>>>, Vec<Diagnostic>> {
        match &self.place {
            Place::Directory(root) => {
                let files = exchange.read_all(root, paths, limit).await.into_iter().map(|file| match file {
                    Ok(bytes) => Ok(Some(bytes)),
                    Err(error) if error.is(HostErrorKind::NotFound) => Ok(None),
                    Err(error) => Err(self.blame(error.into()).into()),
                });
                files.collect()
            }
            Place::Http(base) => {
                let urls: Vec<String> =
                    paths.iter().map(|path| format!("{base}{}", percent_encode(path))).collect();
                let responses = exchange.fetch_all(&urls, limit).await.into_iter().zip(&urls);
                responses.map(|(response, url)| self.body(url, response)).collect()
            }
        }
    }

    fn body(
        &self,
        url: &str,
        response: Result<Response, HostError>,
    ) -> Result<Option<Vec<u8>>, Vec<Diagnostic>> {
        let response = response.map_err(|error| self.blame(error.into()))?;
        let refused = |status: u16| {
            let message = format!("{url} could not be read: the server says {status}");
            self.blame(Diagnostic::error(Code::Network, message).about(url))
        };
        match response.status {
            200 => Ok(Some(response.body)),
            404 | 410 => Ok(None),
            status @ (401 | 403) => {
                Err(refused(status).suggest("check whether the registry wants a sign-in").into())
            }
            status @ (429 | 500..) => Err(refused(status).suggest("try again later").into()),
            status => Err(refused(status).into()),
        }
    }
}

/// What an index line says of packs and packages, in one order.
fn edges(dependencies: &[Dependency], packages: &[Package]) -> BTreeSet<(Identity, String, bool, bool)> {
    let edge = |identity, constraint: &Constraint, optional| {
        (identity, constraint.to_string(), constraint.has_prereleases(), optional)
    };
    let packs = dependencies.iter().map(|dependency| {
        edge(Identity::Pack(dependency.name.clone()), &dependency.constraint, dependency.optional)
    });
    let packages = packages.iter().map(|package| {
        let identity = Identity::Package(package.registry.clone(), package.name.clone());
        edge(identity, &package.constraint, package.optional)
    });
    packs.chain(packages).collect()
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

/// A source says its name by its directory, and its version if it stands beside others.
pub(super) fn check_place(manifest: &Manifest, name: &PackName, place: &str) -> Result<(), Diagnostic> {
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
pub(super) fn two_sources(manifest: &Manifest) -> Diagnostic {
    let message = format!("there are two sources of `{}`", manifest.label());
    Diagnostic::error(Code::InvalidRegistry, message).about(&manifest.name)
}

/// Every pack below a directory with the places of its versions, by name.
pub(super) async fn all_sources(
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
    let problems: Vec<Diagnostic> = places
        .iter()
        .zip(stats)
        .filter(|(_, stat)| stat.kind == EntryKind::File)
        .map(|(place, _)| {
            let message = format!(
                "`{}` holds a pack, but is named neither like one nor like a version",
                place.escape_debug()
            );
            let error = Diagnostic::error(Code::InvalidName, message).about(place);
            error.suggest("packs stand in `NAME/` or `NAME/VERSION/`")
        })
        .collect();
    if problems.is_empty() { Ok(()) } else { Err(problems) }
}

/// The manifest of a source's highest version.
async fn summarize(
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
pub(super) fn shown_first(version: &Version) -> (bool, &Version) {
    (!version.is_prerelease(), version)
}

async fn read_manifest(exchange: &Exchange, root: &Root, place: &str) -> Result<Manifest, Vec<Diagnostic>> {
    let path = format!("{place}/{}", manifest::FILE_NAME);
    parse_manifest(&exchange.read(root, &path, manifest::MAX_SIZE).await?, &path)
}

/// A pack as its sources have it, and as it would be published.
pub(super) struct SourcePack {
    pub(super) pack: Pack,
    pub(super) release: Release,
    pub(super) archive: Vec<u8>,
}

/// Reads a pack's sources and archives them.
pub(super) async fn read_source(
    exchange: &Exchange,
    root: &Root,
    place: &str,
) -> Result<SourcePack, Vec<Diagnostic>> {
    let manifest = read_manifest(exchange, root, place).await?;
    let mut files = Files::new();
    let mut directories = vec![String::new()];
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
                if LEFT_OUT.contains(&name) || left_behind {
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
        let contents = exchange.read_all(root, &full, archive::MAX_UNPACKED).await;
        for ((path, stat), content) in paths.into_iter().zip(stats).zip(contents) {
            let mode = if stat.executable { Mode::Executable } else { Mode::Regular };
            files.insert(path, PackFile { content: content?, mode });
        }
        directories = deeper;
    }
    let archive = archive::pack(&files).map_err(|error| {
        Diagnostic::error(Code::InvalidArchive, format!("`{}` cannot be archived", manifest.label()))
            .because(error)
    })?;
    let release = Release::of(&manifest, &archive);
    Ok(SourcePack { pack: Pack { manifest, files }, release, archive })
}

fn below(directory: &str, name: &str) -> String {
    match (directory, name) {
        ("", name) => name.to_owned(),
        (directory, "") => directory.to_owned(),
        (directory, name) => format!("{directory}/{name}"),
    }
}
