//! Publishing a pack to the registry its name belongs to, and withdrawing versions.
//!
//! A static index is written only where it is a directory. With npm's protocol one request publishes,
//! and withdrawing is deprecating.

use super::index::Index;
use super::protocol::{Capabilities, Outcome, Publication, Publish, PublishedFile, Yank};
use super::registries::{Kind, Pack, Registries, Registry, SourcePack, archived, below, own_source};
use super::transport::Sent;
use crate::address::Address;
use crate::archive::{Layout, PackFile};
use crate::diagnostic::{Code, Diagnostic};
use crate::manifest::{self, Manifest, Mode};
use crate::name::{Identity, PackName, PackageName};
use crate::path::RelPath;
use crate::registry::Digest;
use crate::registry::npm::{
    Form, LATEST, Packument, Upload, deprecate, package_json, parse_packument, tarball_path,
};
use crate::render::check_sources;
use crate::version::Version;

/// The dist-tag of a pre-release if its author names none.
const NEXT: &str = "next";

/// What users are told if its author does not say why.
const WITHDRAWN: &str = "withdrawn by its author";

pub(super) async fn publish(
    registries: &Registries,
    capabilities: Capabilities,
    order: &Publish,
    timestamp: &str,
) -> Result<Outcome, Vec<Diagnostic>> {
    let mut source = own_source(registries.exchange()).await?;
    check_sources(&source.pack.manifest, &source.pack.files)?;
    let registry = registries.registry_of(&source.pack.manifest.name)?;
    let warnings = unknown_dependencies(registries, &source.pack.manifest).await;
    let mut publication = match &*registry.kind(&registries.transport).await? {
        Kind::Npm(base) => npm(registries, registry, base, order, source.pack).await?,
        Kind::Index(config) => {
            if order.tag.is_some() || order.access.is_some() {
                let message =
                    format!("`{}` is a static index, which knows no tags and no access", registry.id);
                return Err(Diagnostic::error(Code::InvalidInput, message).about(&registry.id).into());
            }
            source.release.published = Some(timestamp.to_owned());
            let index = Index::new(registries, capabilities, registry, config)?;
            if order.dry_run {
                index.may_publish(&source.release).await?;
            } else {
                index.publish(&source).await?;
            }
            let SourcePack { pack, archive, release } = source;
            publication(registry, &pack, &archive, release.integrity)
        }
        Kind::Sources(..) => return Err(holds_sources(registry).into()),
    };
    publication.warnings = warnings;
    publication.written = !order.dry_run;
    Ok(Outcome::Publish { publication: Box::new(publication) })
}

fn publication(registry: &Registry, pack: &Pack, archive: &[u8], integrity: Digest) -> Publication {
    let file = |(path, file): (&RelPath, &PackFile)| PublishedFile {
        path: path.to_string(),
        size: file.content.len(),
        mode: file.mode,
    };
    let files: Vec<PublishedFile> = pack.files.iter().map(file).collect();
    Publication {
        name: pack.manifest.name.clone(),
        version: pack.manifest.version.clone(),
        registry: registry.id.clone(),
        integrity,
        size: archive.len(),
        unpacked: files.iter().map(|file| file.size).sum(),
        tag: None,
        files,
        written: false,
        warnings: Vec::new(),
    }
}

fn holds_sources(registry: &Registry) -> Diagnostic {
    let message = format!("the registry `{}` holds pack sources, so nothing is published there", registry.id);
    Diagnostic::error(Code::InvalidInput, message)
        .about(&registry.id)
        .suggest("`packwright registry build DIR OUT` makes a static index of them")
}

pub(super) fn already_published(label: &str, registry: &Registry) -> Diagnostic {
    let message = format!("the registry `{}` has `{label}` already", registry.id);
    Diagnostic::error(Code::AlreadyPublished, message)
        .because("a published version never changes")
        .about(label)
        .suggest(format!("raise `version` in {}", manifest::FILE_NAME))
}

/// What nobody could make a project with for want of a pack it depends on. What cannot be found out
/// does not keep a pack from being published.
async fn unknown_dependencies(registries: &Registries, manifest: &Manifest) -> Vec<Diagnostic> {
    let warn = |name: &PackName, why: &str| {
        let message = format!("`{}` depends on `{name}`, {why}", manifest.label());
        Diagnostic::warning(Code::PackNotFound, message).about(name)
    };
    let mut warnings = Vec::new();
    for name in manifest.dependencies.iter().map(|edge| &edge.name).filter(|name| **name != manifest.name) {
        let identity = Identity::Pack(name.clone());
        match registries.look_up(std::slice::from_ref(&identity)).await {
            Ok(facts) if facts[&identity].is_some() => {}
            Ok(_) => warnings.push(warn(name, "which its registry does not have")),
            Err(errors) => {
                let why = format!("and whether that is there could not be found out: {}", errors[0].message);
                warnings.push(warn(name, &why));
            }
        }
    }
    warnings
}

pub(super) async fn yank(
    registries: &Registries,
    capabilities: Capabilities,
    order: &Yank,
) -> Result<Outcome, Vec<Diagnostic>> {
    let (name, version) = named_version(&order.pack)?;
    let registry = registries.registry_of(&name)?;
    let changed = match &*registry.kind(&registries.transport).await? {
        Kind::Npm(base) => {
            deprecate_version(registries, registry, base, &(&name).into(), &version, order).await?
        }
        Kind::Index(config) => {
            if order.reason.is_some() {
                let message = format!("`{}` is a static index, which keeps no reasons", registry.id);
                return Err(Diagnostic::error(Code::InvalidInput, message).about(&registry.id).into());
            }
            let index = Index::new(registries, capabilities, registry, config)?;
            index.yank(&(&name).into(), &version, !order.undo).await?
        }
        Kind::Sources(..) => return Err(holds_sources(registry).into()),
    };
    Ok(Outcome::Yank { name, version, registry: registry.id.clone(), yanked: !order.undo, changed })
}

fn named_version(text: &str) -> Result<(PackName, Version), Diagnostic> {
    let (name, version) = text.rsplit_once('@').filter(|(name, _)| !name.is_empty()).ok_or_else(|| {
        let message = format!("`{}` names no version", text.escape_debug());
        Diagnostic::error(Code::InvalidVersion, message).suggest("write `NAME@VERSION`")
    })?;
    let name = name.parse()?;
    let version = version.parse().map_err(|error: crate::version::VersionError| {
        Diagnostic::error(Code::InvalidVersion, error.to_string())
    })?;
    Ok((name, version))
}

async fn npm(
    registries: &Registries,
    registry: &Registry,
    base: &Address,
    order: &Publish,
    mut pack: Pack,
) -> Result<Publication, Vec<Diagnostic>> {
    let manifest = &pack.manifest;
    let (name, version): (PackageName, _) = ((&manifest.name).into(), &manifest.version);
    if version.to_string().contains('+') {
        let message = format!("`{}` cannot be published to `{}`", manifest.label(), registry.id);
        let error = Diagnostic::error(Code::InvalidVersion, message);
        return Err(error.because("npm registries drop what stands behind the `+` of a version").into());
    }
    let path: RelPath = "package.json".parse().expect("it is a safe path");
    if pack.files.contains_key(&path) {
        let message = format!(
            "`{}` has a package.json of its own, which npm registries need for theirs",
            manifest.label()
        );
        let error = Diagnostic::error(Code::InvalidManifest, message).about("package.json");
        return Err(error.suggest("move it below a directory of templates").into());
    }
    let known = registry.packument(&registries.transport, &name).await?;
    let tag = tag(order, manifest, known.as_ref(), registry)?;
    let content = serde_json::to_string_pretty(&package_json(manifest)).expect("it is JSON") + "\n";
    pack.files.insert(path, PackFile { content: content.into_bytes(), mode: Mode::Regular });
    let archive = archived(manifest, &pack.files, Layout::Npm)?;
    let tarball = below(base, &tarball_path(&name, version))?;
    let readme = manifest.readme.as_ref().and_then(|path| pack.files.get(path));
    let upload = Upload {
        manifest,
        archive: &archive,
        tarball: tarball.as_str(),
        tag: &tag,
        access: order.access,
        readme: readme.and_then(|file| std::str::from_utf8(&file.content).ok()),
    };
    if !order.dry_run
        && registry.store(&registries.transport, base, &name, upload.to_text()).await? == Sent::Conflict
    {
        // It may have been this very request that the server took before it said to try again.
        let known = registry.packument(&registries.transport, &name).await?;
        let releases = known.iter().flat_map(|known| &known.releases);
        if !{ releases }.any(|release| release.version == *version && release.integrity.is_of(&archive)) {
            return Err(already_published(&manifest.label(), registry).into());
        }
    }
    let published = publication(registry, &pack, &archive, Digest::sha512(&archive));
    Ok(Publication { tag: Some(tag), ..published })
}

/// The dist-tag that will name a version: what its author says, else `latest`, which never goes back.
fn tag(
    order: &Publish,
    manifest: &Manifest,
    known: Option<&Packument>,
    registry: &Registry,
) -> Result<String, Diagnostic> {
    let version = &manifest.version;
    let releases = known.into_iter().flat_map(|known| &known.releases);
    if { releases }.any(|release| release.version == *version) {
        return Err(already_published(&manifest.label(), registry));
    }
    if let Some(tag) = &order.tag {
        let is_plain = !tag.is_empty() && tag.chars().all(|c| c.is_ascii_alphanumeric() || "-._".contains(c));
        if !is_plain
            || tag.parse::<crate::constraint::Constraint>().is_ok_and(|constraint| !constraint.is_latest())
        {
            let message = format!("`{}` is no dist-tag", tag.escape_debug());
            return Err(Diagnostic::error(Code::InvalidInput, message).suggest("take a word, such as `beta`"));
        }
        return Ok(tag.clone());
    }
    if version.is_prerelease() {
        return Ok(NEXT.to_owned());
    }
    // A registry gives the tag to the first version there is; a pre-release holds back nothing.
    let latest = known.and_then(|known| known.latest.as_ref()).filter(|latest| !latest.is_prerelease());
    match latest.filter(|latest| version < *latest) {
        None => Ok(LATEST.to_owned()),
        Some(latest) => {
            let message = format!("`{}` is older than {latest}, which is `latest` now", manifest.label());
            let error = Diagnostic::error(Code::InvalidInput, message).about(version);
            Err(error.suggest("name another dist-tag with `--tag`, such as `--tag maintenance`"))
        }
    }
}

/// A deprecation is a packument sent back whole: what is missing in it would be withdrawn, so it is
/// fetched right before.
async fn deprecate_version(
    registries: &Registries,
    registry: &Registry,
    base: &Address,
    name: &PackageName,
    version: &Version,
    order: &Yank,
) -> Result<bool, Vec<Diagnostic>> {
    let undo = order.undo;
    let reason = order.reason.as_deref().filter(|reason| !reason.trim().is_empty());
    let Some(text) = registry.packument_to_change(&registries.transport, name).await? else {
        let message = format!("the registry `{}` has no `{name}`", registry.id);
        return Err(Diagnostic::error(Code::PackNotFound, message).about(name).into());
    };
    let blame = |error| registry.blame(error);
    let known = parse_packument(name, &text, Form::Package).map_err(blame)?;
    let mut releases = known.iter().flat_map(|known| &known.releases);
    let is_deprecated = releases.any(|release| release.version == *version && release.deprecated.is_some());
    let reason = match (undo, reason) {
        (true, _) => None,
        // Without a new reason the first stands.
        (false, None) if is_deprecated => return Ok(false),
        (false, reason) => Some(reason.unwrap_or(WITHDRAWN)),
    };
    let Some(changed) = deprecate(name, &text, version, reason).map_err(blame)? else { return Ok(false) };
    if registry.store(&registries.transport, base, name, changed).await? == Sent::Conflict {
        let message = format!("`{name}` was changed in the registry `{}` at the same time", registry.id);
        return Err(Diagnostic::error(Code::BadResponse, message).about(name).suggest("try again").into());
    }
    Ok(true)
}
