//! One registry, whatever it is: a static index on disk or behind an address, a registry with npm's
//! protocol, or pack sources on disk.
//!
//! A registry on disk with a `config.json` is a static index; any other directory holds pack
//! sources. An address with `npm+` before it is that of an npm registry.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::Pack;
use super::archive::{check_archive, open, open_package};
use super::npm::{MAX_PAGES, packument};
use super::sources::{
    SourcePack, all_sources, check_place, read_source, source_places, summarize, two_sources,
};
use crate::address::{Address, AddressError, percent_encode};
use crate::archive::{self, Files, Layout};
use crate::config::NPM_PREFIX;
use crate::diagnostic::{Code, Diagnostic};
use crate::name::{Identity, NameError, PackName, PackageName, RegistryId, Scope};
use crate::registry::index::{CATALOG, CONFIG, Config, index_path, parse_catalog, parse_index};
use crate::registry::npm::{Form, parse_packument};
use crate::registry::{Digest, MAX_SIZE, Release, Summary};
use crate::resolve::{Facts, Known};
use crate::session::protocol::{HostErrorKind, Location, RegistryInput, Root};
use crate::session::transport::{Authorization, Found, Get, Got, Refusal, Take, Transport};
use crate::version::Version;

/// The media types of what a static index holds.
const ANY: &str = "*/*";

pub(in crate::session) struct Registry {
    pub(in crate::session) id: RegistryId,
    pub(super) place: Place,
    /// None: it is the general one.
    scopes: Option<Vec<Scope>>,
    pub(super) authorization: Option<Authorization>,
    /// Who else may serve its archives.
    pub(super) archives: Vec<Address>,
    kind: Mutex<Option<Arc<Kind>>>,
}

pub(in crate::session) enum Place {
    /// A static index below an address.
    Index(Address),
    /// A registry with npm's protocol below an address.
    Npm(Address),
    Directory(Root),
}

pub(in crate::session) enum Kind {
    Index(Config),
    Npm(Address),
    /// Pack sources below a root, with those read so far.
    Sources(Root, Mutex<BTreeMap<(PackageName, Version), Pack>>),
}

/// Something to read from a registry.
pub(super) struct File {
    /// Relative to its base, or a whole address.
    path: String,
    /// For what never changes its digest.
    digest: Option<Digest>,
    /// Whether the cache may have it.
    is_kept: bool,
    accept: &'static str,
    max_bytes: usize,
    label: Option<String>,
}

impl File {
    /// What may change from one day to the next.
    pub(super) fn entry(path: impl Into<String>) -> File {
        File { path: path.into(), digest: None, is_kept: true, accept: ANY, max_bytes: MAX_SIZE, label: None }
    }

    pub(super) fn accepting(self, accept: &'static str) -> File {
        File { accept, ..self }
    }

    /// As it is right now.
    pub(super) fn anew(self) -> File {
        File { is_kept: false, ..self }
    }

    fn archive(path: String, release: &Release) -> File {
        File {
            path,
            digest: Some(release.integrity),
            is_kept: true,
            accept: ANY,
            max_bytes: archive::MAX_SIZE,
            label: Some(release.label()),
        }
    }
}

impl Registry {
    pub(in crate::session) fn new(input: RegistryInput) -> Result<Registry, Diagnostic> {
        let invalid = |message: String| Diagnostic::error(Code::InvalidInput, message);
        let id: RegistryId = input.id.parse()?;
        let scopes = input.scopes.map(|scopes| scopes.iter().map(|scope| scope.parse()).collect());
        let scopes: Option<Vec<Scope>> = scopes.transpose().map_err(|error: NameError| error)?;
        let address = |text: &str| -> Result<Address, Diagnostic> {
            text.parse().map_err(|error: AddressError| invalid(error.to_string()).about(&id))
        };
        let base = |text: &str| -> Result<Address, Diagnostic> {
            if text.contains('?') {
                let message = format!("the address of the registry `{id}` has a query");
                return Err(invalid(message).suggest("leave it out; a token goes into the configuration"));
            }
            Ok(address(text)?.as_directory())
        };
        let place = match input.location {
            Location::Directory => Place::Directory(Root::Registry(id.clone())),
            Location::Url { url } => match url.strip_prefix(NPM_PREFIX) {
                Some(url) => Place::Npm(base(url)?),
                None => Place::Index(base(&url)?),
            },
        };
        let authorization = match (&place, input.authorization) {
            (Place::Index(base) | Place::Npm(base), Some(header)) => {
                if !header.0.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic()) {
                    let message = format!("the token for the registry `{id}` has characters that none has");
                    return Err(invalid(message));
                }
                Some(Authorization { header, origin: base.origin().to_owned() })
            }
            _ => None,
        };
        let archives = input.archives.iter().map(|text| address(text)).collect::<Result<_, _>>()?;
        Ok(Registry { id, place, scopes, authorization, archives, kind: Mutex::new(None) })
    }

    /// What two registries both claim, in words.
    pub(super) fn shares_with(&self, other: &Registry) -> Option<String> {
        if self.id == other.id {
            return Some(format!("there are two registries `{}`", self.id));
        }
        if self.is_general() && other.is_general() {
            return Some(format!("the registries `{}` and `{}` both claim no scopes", other.id, self.id));
        }
        let scope = self.scopes.iter().flatten().find(|scope| other.claims(Some(scope.as_str())))?;
        Some(format!("the registries `{}` and `{}` both claim the scope `{scope}`", other.id, self.id))
    }

    pub(super) fn claims(&self, scope: Option<&str>) -> bool {
        self.scopes.iter().flatten().any(|claimed| Some(claimed.as_str()) == scope)
    }

    /// Whether it has the names that no other claims.
    pub(super) fn is_general(&self) -> bool {
        self.scopes.is_none()
    }

    /// Whether any pack's name can belong to it.
    pub(super) fn has_packs(&self) -> bool {
        self.scopes.as_ref().is_none_or(|scopes| !scopes.is_empty())
    }

    pub(in crate::session) fn place(&self) -> &Place {
        &self.place
    }

    pub(super) fn shown(&self) -> String {
        match &self.place {
            Place::Index(base) | Place::Npm(base) => format!("the registry `{}` at {base}", self.id),
            Place::Directory(_) => format!("the registry `{}`", self.id),
        }
    }

    pub(in crate::session) fn blame(&self, error: Diagnostic) -> Diagnostic {
        if error.code == Code::Cancelled {
            return error;
        }
        error.because(format!("it came from {}", self.shown()))
    }

    /// What the registry is, found out once.
    pub(in crate::session) async fn kind(&self, transport: &Transport) -> Result<Arc<Kind>, Vec<Diagnostic>> {
        if let Some(kind) = self.kind.lock().unwrap_or_else(PoisonError::into_inner).as_ref() {
            return Ok(Arc::clone(kind));
        }
        let kind = match &self.place {
            Place::Npm(base) => Kind::Npm(base.clone()),
            Place::Index(_) | Place::Directory(_) => self.look_at_config(transport).await?,
        };
        let kind = Arc::new(kind);
        *self.kind.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&kind));
        Ok(kind)
    }

    async fn look_at_config(&self, transport: &Transport) -> Result<Kind, Vec<Diagnostic>> {
        match (self.parsed(transport, File::entry(CONFIG), Config::parse).await?, &self.place) {
            (Some(config), Place::Index(_)) if config.auth && self.authorization.is_none() => {
                let message = format!("{} tells nothing without a token", self.shown());
                let error = Diagnostic::error(Code::Unauthorized, message).about(&self.id);
                Err(error.suggest("give it one in `[tokens]` of your own packwright.toml").into())
            }
            (Some(config), _) => Ok(Kind::Index(config)),
            (None, Place::Directory(root)) => {
                transport.exchange.list(root, "").await.map_err(|error| {
                    let is_missing = error.is(HostErrorKind::NotFound);
                    let error =
                        Diagnostic::from(error).because(format!("it was asked for by {}", self.shown()));
                    if is_missing { error.suggest("check the registry's directory") } else { error }
                })?;
                Ok(Kind::Sources(root.clone(), Mutex::default()))
            }
            (None, Place::Index(base) | Place::Npm(base)) => {
                let message = format!("{} has no {CONFIG}, so it is no static index", self.shown());
                let error = Diagnostic::error(Code::FileNotFound, message).about(&self.id);
                Err(error
                    .suggest(format!(
                        "check its address; one with npm's protocol is written `{NPM_PREFIX}{base}`"
                    ))
                    .into())
            }
        }
    }

    pub(super) async fn is_immutable(&self, transport: &Transport) -> Result<bool, Vec<Diagnostic>> {
        Ok(!matches!(*self.kind(transport).await?, Kind::Sources(..)))
    }

    pub(in crate::session) async fn catalog(
        &self,
        transport: &Transport,
    ) -> Result<Vec<Summary>, Vec<Diagnostic>> {
        match &*self.kind(transport).await? {
            Kind::Index(_) => {
                let parse = |text: &str| parse_catalog(&self.id, text);
                let catalog = self.parsed(transport, File::entry(CATALOG), parse).await?;
                catalog.ok_or_else(|| {
                    let message = format!("{} has no {CATALOG}", self.shown());
                    Diagnostic::error(Code::FileNotFound, message).about(&self.id).into()
                })
            }
            Kind::Npm(_) => self.search(transport, MAX_PAGES).await,
            Kind::Sources(root, _) => {
                let exchange = &transport.exchange;
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

    /// Summaries to suggest names from: of a registry that is searched only those on the first page.
    pub(super) async fn some_of_catalog(
        &self,
        transport: &Transport,
    ) -> Result<Vec<Summary>, Vec<Diagnostic>> {
        match self.place {
            Place::Npm(_) => self.search(transport, 1).await,
            _ => self.catalog(transport).await,
        }
    }

    /// Everything it knows of some packs and packages.
    pub(in crate::session) async fn look_up(
        &self,
        transport: &Transport,
        wanted: &[&Identity],
    ) -> Result<Facts, Vec<Diagnostic>> {
        let known = |releases: Vec<Release>, latest: Option<Version>| Known {
            registry: self.id.clone(),
            releases,
            latest,
        };
        let mut found: Vec<Option<Known>> = wanted.iter().map(|_| None).collect();
        match &*self.kind(transport).await? {
            Kind::Index(_) => {
                let names: Vec<PackageName> = wanted.iter().map(|identity| identity.package_name()).collect();
                let entries = all(self.index_entries(transport, &names).await)?;
                found = entries.into_iter().map(|entry| entry.map(|it| known(it, None))).collect();
            }
            Kind::Npm(_) => {
                let forms = wanted.iter().map(|identity| match identity {
                    Identity::Pack(_) => Form::Pack,
                    Identity::Package(..) => Form::Package,
                });
                let names: Vec<(PackageName, Form)> =
                    wanted.iter().map(|identity| identity.package_name()).zip(forms).collect();
                let mut take = |place: usize, bytes: &[u8]| {
                    let (name, form): &(PackageName, Form) = &names[place];
                    let text = utf8(name.as_str(), bytes)?;
                    let packument = parse_packument(name, text, *form)?;
                    found[place] = packument.map(|packument| known(packument.releases, packument.latest));
                    Ok(())
                };
                let files = names.iter().map(|(name, form)| packument(name, *form)).collect();
                all(self.read(transport, files, &mut take).await)?;
            }
            Kind::Sources(root, read) => {
                for (identity, found) in wanted.iter().zip(&mut found) {
                    // Sources are of packs only.
                    let Ok(name) = identity.name().parse::<PackName>() else { continue };
                    let mut releases: Vec<Release> = Vec::new();
                    for place in source_places(&transport.exchange, root, &name).await? {
                        let SourcePack { pack, release, .. } =
                            read_source(&transport.exchange, root, &place).await?;
                        check_place(&pack.manifest, &name, &place)?;
                        if releases.iter().any(|other| other.version == release.version) {
                            return Err(two_sources(&pack.manifest).into());
                        }
                        let key = (release.name.clone(), release.version.clone());
                        read.lock().unwrap_or_else(PoisonError::into_inner).insert(key, pack);
                        releases.push(release);
                    }
                    releases.sort_by(|a, b| b.version.cmp(&a.version));
                    *found = (!releases.is_empty()).then(|| known(releases, None));
                }
            }
        }
        Ok(wanted.iter().map(|identity| (*identity).clone()).zip(found).collect())
    }

    /// The files of some releases, each checked against what the registry says of it.
    pub(in crate::session) async fn packs(
        &self,
        transport: &Transport,
        releases: &[&Release],
    ) -> Result<Vec<Pack>, Vec<Diagnostic>> {
        let mut packs: Vec<Option<Pack>> = releases.iter().map(|_| None).collect();
        match &*self.kind(transport).await? {
            Kind::Sources(_, read) => {
                let read = read.lock().unwrap_or_else(PoisonError::into_inner);
                for (release, pack) in releases.iter().zip(&mut packs) {
                    *pack = read.get(&(release.name.clone(), release.version.clone())).cloned();
                }
            }
            Kind::Index(_) | Kind::Npm(_) => {
                let read = all(self.archives(transport, releases).await)?;
                if let Some((release, _)) = releases.iter().zip(&read).find(|(_, pack)| pack.is_none()) {
                    return Err(self.no_archive(release).into());
                }
                packs = read;
            }
        }
        Ok(packs.into_iter().map(|pack| pack.expect("what was looked up was read")).collect())
    }

    /// What a static index says of some names; nothing where it has no such file.
    pub(in crate::session) async fn index_entries(
        &self,
        transport: &Transport,
        names: &[PackageName],
    ) -> Vec<Result<Option<Vec<Release>>, Diagnostic>> {
        let files = names.iter().map(|name| File::entry(index_path(name))).collect();
        let mut entries: Vec<Option<Vec<Release>>> = names.iter().map(|_| None).collect();
        let mut take = |place: usize, bytes: &[u8]| {
            let name: &PackageName = &names[place];
            entries[place] = Some(parse_index(name, utf8(&index_path(name), bytes)?)?);
            Ok(())
        };
        let got = self.read(transport, files, &mut take).await;
        got.into_iter().zip(entries).map(|(got, entry)| got.map(|_| entry)).collect()
    }

    async fn archive_files(
        &self,
        transport: &Transport,
        releases: &[&Release],
    ) -> Result<(Vec<File>, Layout), Diagnostic> {
        let kind = self.kind(transport).await.map_err(|mut errors| errors.swap_remove(0))?;
        let tarball = |base: &Address, release: &Release| {
            Ok(File::archive(self.tarball(base, release)?.to_string(), release))
        };
        let path = |config: &Config, release: &Release| File::archive(config.archive_path(release), release);
        match &*kind {
            Kind::Npm(base) => {
                let files = releases.iter().map(|release| tarball(base, release));
                Ok((files.collect::<Result<_, Diagnostic>>()?, Layout::Npm))
            }
            Kind::Index(config) => {
                Ok((releases.iter().map(|release| path(config, release)).collect(), Layout::Plain))
            }
            Kind::Sources(..) => {
                let message = format!("{} holds sources, not archives", self.shown());
                Err(Diagnostic::error(Code::InvalidInput, message).about(&self.id))
            }
        }
    }

    /// What is in the archives of some releases; nothing where there is no archive.
    async fn opened<T: Send>(
        &self,
        transport: &Transport,
        releases: &[&Release],
        open: impl Fn(&Release, &[u8], Layout) -> Result<T, Refusal> + Send + Sync,
    ) -> Vec<Result<Option<T>, Diagnostic>> {
        let (files, layout) = match self.archive_files(transport, releases).await {
            Ok(files) => files,
            Err(error) => return releases.iter().map(|_| Err(error.clone())).collect(),
        };
        let mut opened: Vec<Option<T>> = files.iter().map(|_| None).collect();
        let mut take = |place: usize, bytes: &[u8]| {
            opened[place] = Some(open(releases[place], bytes, layout)?);
            Ok(())
        };
        let got = self.read(transport, files, &mut take).await;
        got.into_iter().zip(opened).map(|(got, opened)| got.map(|_| opened)).collect()
    }

    /// The packs in the archives of some releases; nothing where there is no archive.
    pub(in crate::session) async fn archives(
        &self,
        transport: &Transport,
        releases: &[&Release],
    ) -> Vec<Result<Option<Pack>, Diagnostic>> {
        self.opened(transport, releases, open).await
    }

    /// Has the archives of some releases in the cache. What is on disk is there already.
    pub(super) async fn fetch_archives(
        &self,
        transport: &Transport,
        releases: &[&Release],
    ) -> Vec<Result<(), Diagnostic>> {
        if releases.is_empty() || !transport.caches() || matches!(self.place, Place::Directory(_)) {
            return Vec::new();
        }
        let check = |release: &Release, bytes: &[u8], _| check_archive(release, bytes);
        let opened = self.opened(transport, releases, check).await.into_iter().zip(releases);
        opened.map(|(opened, release)| opened?.ok_or_else(|| self.no_archive(release))).collect()
    }

    /// The files of a package.
    pub(super) async fn package(
        &self,
        transport: &Transport,
        release: &Release,
    ) -> Result<Files, Vec<Diagnostic>> {
        if let Kind::Sources(_, read) = &*self.kind(transport).await? {
            let read = read.lock().unwrap_or_else(PoisonError::into_inner);
            let pack = read.get(&(release.name.clone(), release.version.clone()));
            return Ok(pack.map(|pack| pack.files.clone()).ok_or_else(|| self.no_archive(release))?);
        }
        let mut opened = all(self.opened(transport, &[release], open_package).await)?;
        Ok(opened.remove(0).ok_or_else(|| self.no_archive(release))?)
    }

    fn no_archive(&self, release: &Release) -> Diagnostic {
        let message = format!("the archive of `{}` is not there", release.label());
        self.blame(Diagnostic::error(Code::FileNotFound, message).about(&release.name))
    }

    /// Reads one file and makes something of it. Nothing comes of a file that is not there.
    pub(super) async fn parsed<T: Send>(
        &self,
        transport: &Transport,
        file: File,
        parse: impl Fn(&str) -> Result<T, Diagnostic> + Send + Sync,
    ) -> Result<Option<T>, Vec<Diagnostic>> {
        let name = file.path.clone();
        let mut parsed = None;
        let mut take = |_: usize, bytes: &[u8]| {
            parsed = Some(parse(utf8(&name, bytes)?)?);
            Ok(())
        };
        all(self.read(transport, vec![file], &mut take).await)?;
        Ok(parsed)
    }

    /// Reads some files of the registry, and says of each failure where it comes from.
    async fn read(&self, transport: &Transport, files: Vec<File>, take: &mut Take<'_>) -> Vec<Got> {
        let got = match &self.place {
            Place::Directory(root) => read_from_disk(transport, root, &files, take).await,
            Place::Index(base) | Place::Npm(base) => {
                match files
                    .iter()
                    .map(|file| self.get(base, file))
                    .collect::<Result<Vec<Get>, AddressError>>()
                {
                    Ok(gets) => transport.get_all(&gets, take).await,
                    Err(error) => {
                        let error = Diagnostic::error(Code::InvalidRegistry, error.to_string());
                        files.iter().map(|_| Err(error.clone())).collect()
                    }
                }
            }
        };
        got.into_iter().map(|got| got.map_err(|error| self.blame(error))).collect()
    }

    pub(super) fn get(&self, base: &Address, file: &File) -> Result<Get, AddressError> {
        let address = match &self.place {
            Place::Npm(_) => base.join(&file.path)?,
            _ => base.join(&percent_encode(&file.path))?,
        };
        // One address can have several forms, by what is accepted.
        let entry = || format!("{address} {}", file.accept);
        Ok(Get {
            key: file.is_kept.then(|| file.digest.map_or_else(entry, |digest| digest.to_string())),
            accept: file.accept,
            max_bytes: file.max_bytes,
            is_immutable: file.digest.is_some(),
            authorization: self.authorization.clone(),
            label: file.label.clone(),
            address,
        })
    }
}

async fn read_from_disk(transport: &Transport, root: &Root, files: &[File], take: &mut Take<'_>) -> Vec<Got> {
    let paths: Vec<String> = files.iter().map(|file| file.path.clone()).collect();
    let max_bytes = files.iter().map(|file| file.max_bytes).max().unwrap_or_default();
    let read = transport.exchange.read_all(root, &paths, max_bytes).await.into_iter().enumerate();
    let taken = read.map(|(place, file)| match file {
        Ok(bytes) => take(place, &bytes).map(|()| Found::Taken).map_err(|refusal| refusal.error),
        Err(error) if error.is(HostErrorKind::NotFound) => Ok(Found::Absent),
        Err(error) => Err(error.into()),
    });
    taken.collect()
}

/// Everything that was got, or the first error; when offline, everything that is missing.
pub(super) fn all<T>(got: Vec<Result<T, Diagnostic>>) -> Result<Vec<T>, Vec<Diagnostic>> {
    let (mut values, mut errors) = (Vec::new(), Vec::new());
    for got in got {
        match got {
            Ok(value) => values.push(value),
            Err(error) => errors.push(error),
        }
    }
    if let Some(cancelled) = errors.iter().position(|error| error.code == Code::Cancelled) {
        return Err(errors.swap_remove(cancelled).into());
    }
    match errors.first().map(|error| error.code) {
        None => return Ok(values),
        Some(Code::NotCached) => errors.retain(|error| error.code == Code::NotCached),
        Some(_) => {
            // A server that is down is so for all of them.
            let mut is_told = false;
            errors.retain(|error| error.code != Code::Network || !std::mem::replace(&mut is_told, true));
        }
    }
    Err(errors)
}

fn utf8<'a>(file: &str, bytes: &'a [u8]) -> Result<&'a str, Diagnostic> {
    std::str::from_utf8(bytes)
        .map_err(|error| Diagnostic::error(Code::BadResponse, format!("{file} is not UTF-8")).because(error))
}
