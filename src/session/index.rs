//! Writing static indexes: making one from pack sources, where the same sources give the same bytes,
//! and changing one on disk.
//!
//! A change writes the archive first, then the line that makes it known, the catalogue last, each
//! moved into place whole. One file beside them keeps two writers apart. What was cut off is finished
//! by doing it again.

use super::cancelled;
use super::exchange::{Exchange, NewFile};
use super::protocol::{Capabilities, Contents, EntryKind, HostErrorKind, IndexFile, Outcome, Root};
use super::publish::already_published;
use super::registries::{
    Place, Registries, Registry, SourcePack, all_sources, check_place, read_source, shown_first, two_sources,
};
use crate::diagnostic::{Code, Diagnostic};
use crate::manifest::Mode;
use crate::name::{PackageName, RegistryId};
use crate::registry::index::{
    CATALOG, CONFIG, Config, catalog_text, index_line, index_path, parse_catalog, parse_index, set_yanked,
};
use crate::registry::{MAX_SIZE, Release, Summary};
use crate::render::check_sources;
use crate::version::Version;

/// Stands in a static index while somebody writes it.
const LOCK: &str = ".packwright-publish";

/// What is written before it is moved into place.
const NEW: &str = ".packwright-new";

pub(super) async fn build(exchange: &Exchange) -> Result<Outcome, Vec<Diagnostic>> {
    let root = &Root::Source;
    let config = Config::default();
    let any: RegistryId = "index".parse().expect("it is an id");
    let mut files = vec![(CONFIG.to_owned(), config.to_text().into_bytes())];
    let mut catalog = Vec::new();
    for (name, places) in all_sources(exchange, root).await? {
        let mut versions: Vec<SourcePack> = Vec::new();
        for place in &places {
            let version = read_source(exchange, root, place).await?;
            check_place(&version.pack.manifest, &name, place)?;
            check_sources(&version.pack.manifest, &version.pack.files)?;
            versions.push(version);
        }
        versions.sort_by(|a, b| a.release.version.cmp(&b.release.version));
        if let Some([twice, _]) =
            versions.windows(2).find(|pair| pair[0].release.version == pair[1].release.version)
        {
            return Err(two_sources(&twice.pack.manifest).into());
        }
        let shown = versions.iter().max_by_key(|version| shown_first(&version.release.version));
        catalog.extend(shown.map(|version| Summary::of(&version.pack.manifest, &any)));
        let mut lines = String::new();
        for SourcePack { release, archive, .. } in versions {
            lines.push_str(&index_line(&release));
            files.push((config.archive_path(&release), archive));
        }
        files.push((index_path(&(&name).into()), lines.into_bytes()));
    }
    if catalog.is_empty() {
        let error = Diagnostic::error(Code::PackNotFound, "there are no packs in the directory");
        return Err(error.suggest("a pack stands in `NAME/pack.toml` or `NAME/VERSION/pack.toml`").into());
    }
    files.push((CATALOG.to_owned(), catalog_text(&catalog).into_bytes()));
    files.sort();
    let mut contents = Vec::new();
    let mut listed = Vec::new();
    for (path, content) in files {
        listed.push(IndexFile { path, offset: contents.len(), size: content.len() });
        contents.extend(content);
    }
    Ok(Outcome::BuildRegistry { files: listed, contents: Contents(contents.into()) })
}

/// A static index on disk, to be written.
pub(super) struct Index<'a> {
    registries: &'a Registries,
    registry: &'a Registry,
    config: &'a Config,
    root: &'a Root,
}

impl<'a> Index<'a> {
    pub(super) fn new(
        registries: &'a Registries,
        capabilities: Capabilities,
        registry: &'a Registry,
        config: &'a Config,
    ) -> Result<Index<'a>, Diagnostic> {
        let Place::Directory(root) = registry.place() else {
            let message =
                format!("the registry `{}` is a static index on a server, which only reads", registry.id);
            let error = Diagnostic::error(Code::InvalidInput, message).about(&registry.id);
            return Err(error.suggest(format!(
                "name the directory it is served from with `--registry {}=DIRECTORY`, then upload what changed",
                registry.id
            )));
        };
        if !capabilities.rename {
            let message = "this host cannot move files, so nothing can be written safely";
            return Err(Diagnostic::error(Code::Storage, message));
        }
        Ok(Index { registries, registry, config, root })
    }

    /// Whether a version can be published.
    pub(super) async fn may_publish(&self, release: &Release) -> Result<(), Vec<Diagnostic>> {
        let lines = self.text(&index_path(&release.name)).await?.unwrap_or_default();
        match self.releases(&release.name, &lines)?.iter().any(|other| other.version == release.version) {
            true => Err(already_published(&release.label(), self.registry).into()),
            false => Ok(()),
        }
    }

    /// Adds a version.
    pub(super) async fn publish(&self, source: &SourcePack) -> Result<(), Vec<Diagnostic>> {
        self.alone(self.add_version(source)).await
    }

    async fn add_version(
        &self,
        SourcePack { release, archive, .. }: &SourcePack,
    ) -> Result<(), Vec<Diagnostic>> {
        let mut lines = self.text(&index_path(&release.name)).await?.unwrap_or_default();
        let releases = self.releases(&release.name, &lines)?;
        if let Some(there) = releases.iter().find(|other| other.version == release.version) {
            if there.integrity == release.integrity {
                // Perhaps the catalogue was not written any more.
                self.list(&release.name).await?;
            }
            return Err(already_published(&release.label(), self.registry).into());
        }
        if !lines.is_empty() && !lines.ends_with('\n') {
            lines.push('\n');
        }
        lines += &index_line(release);
        // Nothing names this archive yet, so what stands in its place was cut off.
        self.replace(&self.config.archive_path(release), archive.clone()).await?;
        self.replace(&index_path(&release.name), lines.into_bytes()).await?;
        self.list(&release.name).await
    }

    /// Withdraws a version, or takes that back. Says whether that is new.
    pub(super) async fn yank(
        &self,
        name: &PackageName,
        version: &Version,
        yanked: bool,
    ) -> Result<bool, Vec<Diagnostic>> {
        let mut changed = false;
        self.alone(async {
            let Some(text) = self.text(&index_path(name)).await? else {
                let message = format!("the registry `{}` has no `{name}`", self.registry.id);
                return Err(Diagnostic::error(Code::PackNotFound, message).about(name).into());
            };
            let lines =
                set_yanked(name, &text, version, yanked).map_err(|error| self.registry.blame(error))?;
            if let Some(lines) = lines {
                changed = true;
                self.replace(&index_path(name), lines.into_bytes()).await?;
            }
            self.list(name).await
        })
        .await?;
        Ok(changed)
    }

    fn releases(&self, name: &PackageName, lines: &str) -> Result<Vec<Release>, Diagnostic> {
        if lines.is_empty() {
            return Ok(Vec::new());
        }
        parse_index(name, lines).map_err(|error| self.registry.blame(error))
    }

    /// Does something while nobody else writes.
    async fn alone(
        &self,
        writing: impl Future<Output = Result<(), Vec<Diagnostic>>>,
    ) -> Result<(), Vec<Diagnostic>> {
        let exchange = self.registries.exchange();
        if exchange.is_cancelled() {
            return Err(cancelled().into());
        }
        let lock = NewFile::fresh(LOCK, Vec::new(), Mode::Regular);
        exchange.create_all(self.root, vec![lock]).await.map_err(|error| {
            let is_taken = error.is(HostErrorKind::Exists);
            let error = Diagnostic::from(error);
            if is_taken {
                error
                    .because("somebody publishes to this index, or did and was cut off")
                    .suggest(format!("try again; if nobody does, remove {LOCK} from the index"))
            } else {
                error
            }
        })?;
        let result = writing.await;
        exchange.try_remove_all(self.root, [NEW.to_owned(), LOCK.to_owned()]).await;
        result
    }

    /// Puts a file in place of what is there, in one step.
    async fn replace(&self, path: &str, content: Vec<u8>) -> Result<(), Vec<Diagnostic>> {
        let exchange = self.registries.exchange();
        self.make_parents(path).await?;
        exchange.try_remove_all(self.root, [NEW.to_owned()]).await;
        let file = NewFile::fresh(NEW, content, Mode::Regular);
        exchange.create_all(self.root, vec![file]).await?;
        Ok(exchange.rename(self.root, NEW, path).await?)
    }

    async fn make_parents(&self, path: &str) -> Result<(), Vec<Diagnostic>> {
        let exchange = self.registries.exchange();
        let parents: Vec<String> = path.match_indices('/').map(|(at, _)| path[..at].to_owned()).collect();
        let stats = exchange.stat_all(self.root, &parents).await?;
        for (parent, stat) in parents.iter().zip(stats) {
            if stat.kind == EntryKind::Absent {
                exchange.make_directories(self.root, [parent.clone()]).await?;
            }
        }
        Ok(())
    }

    /// Brings the catalogue's entry of a pack up to date: its highest version that stands, or none.
    async fn list(&self, name: &PackageName) -> Result<(), Vec<Diagnostic>> {
        let lines = self.text(&index_path(name)).await?.unwrap_or_default();
        let releases = self.releases(name, &lines)?;
        let text = self.text(CATALOG).await?.unwrap_or_else(|| catalog_text(&[]));
        let blame = |error| self.registry.blame(error);
        let mut catalog = parse_catalog(&self.registry.id, &text).map_err(blame)?;
        let standing = releases.iter().filter(|release| !release.yanked);
        let shown = standing.max_by_key(|release| shown_first(&release.version));
        catalog.retain(|summary| summary.name.as_str() != name.as_str());
        if let Some(shown) = shown {
            let read = self.registry.packs(&self.registries.transport, &[shown]).await?.remove(0);
            catalog.push(Summary::of(&read.manifest, &self.registry.id));
        }
        self.replace(CATALOG, catalog_text(&catalog).into_bytes()).await
    }

    async fn text(&self, path: &str) -> Result<Option<String>, Vec<Diagnostic>> {
        match self.registries.exchange().read(self.root, path, MAX_SIZE).await {
            Ok(bytes) => Ok(Some(String::from_utf8(bytes).map_err(|error| {
                Diagnostic::error(Code::InvalidRegistry, format!("{path} is not UTF-8")).because(error)
            })?)),
            Err(error) if error.is(HostErrorKind::NotFound) => Ok(None),
            Err(error) => Err(self.registry.blame(error.into()).into()),
        }
    }
}
