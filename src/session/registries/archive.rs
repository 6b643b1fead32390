//! Opening the archive of a release: the digest first, then what is in it.

use std::collections::BTreeSet;
use std::fmt::Display;

use super::Pack;
use super::sources::manifest_of;
use crate::archive::{self, Files, Layout};
use crate::constraint::Constraint;
use crate::diagnostic::{Code, Diagnostic};
use crate::manifest::{self, Dependency, Manifest, Package};
use crate::name::Identity;
use crate::registry::Release;
use crate::session::transport::Refusal;

/// Checks an archive against what is known of it.
pub(super) fn check_archive(release: &Release, archive: &[u8]) -> Result<(), Refusal> {
    let refuse = |reason: &dyn Display| refused(release, reason);
    if !release.integrity.is_of(archive) {
        let found = release.integrity.alike(archive);
        let error = refuse(&format!("its digest is {found}, the registry says {}", release.integrity));
        // What `fetch` has unpacked by itself is a tar.
        let error = if archive.get(257..262) == Some(b"ustar".as_slice()) {
            error
                .because("it came without its gzip layer")
                .suggest("let the server send archives without `Content-Encoding: gzip`")
        } else {
            error
        };
        return Err(Refusal { error, is_stale: true });
    }
    if let Some(size) = release.size.filter(|&size| size != archive.len() as u64) {
        return Err(refuse(&format!("it has {} bytes, the registry says {size}", archive.len())).into());
    }
    Ok(())
}

/// Unpacks the archive of a package, of whose content nothing is known.
pub(super) fn open_package(release: &Release, archive: &[u8], layout: Layout) -> Result<Files, Refusal> {
    check_archive(release, archive)?;
    Ok(archive::unpack(archive, layout).map_err(|error| refused(release, &error))?)
}

fn refused(release: &Release, reason: &dyn Display) -> Diagnostic {
    let message = format!("the archive of `{}` is refused", release.label());
    Diagnostic::error(Code::InvalidArchive, message).because(reason).about(&release.name)
}

/// Checks the archive of a pack against what is known of it and unpacks it.
pub(super) fn open(release: &Release, archive: &[u8], layout: Layout) -> Result<Pack, Refusal> {
    let refuse = |reason: &dyn Display| refused(release, reason);
    check_archive(release, archive)?;
    let mut files = archive::unpack(archive, layout).map_err(|error| refuse(&error))?;
    if layout == Layout::Npm {
        // It was put there to publish the pack, not by its author.
        files.retain(|path, _| path.as_str() != "package.json");
    }
    let manifest =
        manifest_of(&files).ok_or_else(|| refuse(&format!("it has no {}", manifest::FILE_NAME)))?;
    let manifest = manifest.map_err(|problems| {
        // Of several problems of a published manifest one will do.
        let mut problem = problems.into_iter().next().unwrap_or_else(|| refuse(&"its manifest is broken"));
        if let Some(location) = &mut problem.location {
            location.pack = Some(release.label());
        }
        problem
    })?;
    if (manifest.name.as_str(), &manifest.version) != (release.name.as_str(), &release.version) {
        let reason = format!("its {} says it is `{}`", manifest::FILE_NAME, manifest.label());
        return Err(refuse(&reason).into());
    }
    if !same_members(&manifest, release) {
        let reason = format!("its {} has other dependencies than the registry says", manifest::FILE_NAME);
        return Err(refuse(&reason).into());
    }
    Ok(Pack { manifest, files })
}

/// Whether a manifest has the members that its registry says, in whatever order.
fn same_members(manifest: &Manifest, release: &Release) -> bool {
    members(&manifest.dependencies, &manifest.packages) == members(&release.dependencies, &release.packages)
}

fn members(dependencies: &[Dependency], packages: &[Package]) -> BTreeSet<(Identity, String, bool, bool)> {
    let member = |identity, constraint: &Constraint, optional| {
        (identity, constraint.to_string(), constraint.has_prereleases(), optional)
    };
    let packs = dependencies.iter().map(|dependency| {
        member(Identity::Pack(dependency.name.clone()), &dependency.constraint, dependency.optional)
    });
    let packages = packages.iter().map(|package| {
        let identity = Identity::Package(package.registry.clone(), package.name.clone());
        member(identity, &package.constraint, package.optional)
    });
    packs.chain(packages).collect()
}
