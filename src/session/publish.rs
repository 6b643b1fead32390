//! Making a static index from pack sources. The same sources give the same bytes.

use super::exchange::Exchange;
use super::protocol::{Contents, IndexFile, Outcome, Root};
use super::source::{SourcePack, all_sources, check_place, read_source, shown_first, two_sources};
use crate::diagnostic::{Code, Diagnostic};
use crate::name::RegistryId;
use crate::registry::{CATALOG, CONFIG, Config, Summary, catalog_text, index_path};

pub(super) async fn build_registry(exchange: &Exchange) -> Result<Outcome, Vec<Diagnostic>> {
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
            lines.push_str(&release.to_line());
            files.push((config.archive_path(&release), archive));
        }
        files.push((index_path(&name), lines.into_bytes()));
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
