//! Plain packages as registries serve them.

use std::collections::BTreeMap;

use packwright::archive::{self, Files, Layout};
use packwright::registry::index::{self, Config};
use packwright::registry::{Digest, Release, npm};

/// A name, a version and what is in it.
pub type Package<'p> = (&'p str, &'p str, Files);

/// The index files and archives of plain packages.
pub fn static_index(packages: &[Package<'_>]) -> BTreeMap<String, Vec<u8>> {
    let config = Config::default();
    let mut files = BTreeMap::from([(index::CONFIG.to_owned(), config.to_text().into_bytes())]);
    for (name, version, content) in packages {
        let archive = archive::pack(content, Layout::Plain).unwrap();
        let release = Release {
            name: name.parse().unwrap(),
            version: version.parse().unwrap(),
            dependencies: Vec::new(),
            packages: Vec::new(),
            integrity: Digest::of(&archive),
            size: Some(archive.len() as u64),
            archive: None,
            yanked: false,
            deprecated: None,
            published: None,
        };
        let lines = files.entry(index::index_path(&release.name)).or_default();
        lines.extend(index::index_line(&release).into_bytes());
        files.insert(config.archive_path(&release), archive);
    }
    files
}

/// The packuments and tarballs of plain packages.
pub fn npm_registry(base: &str, packages: &[Package<'_>]) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut versions: BTreeMap<&str, serde_json::Map<String, serde_json::Value>> = BTreeMap::new();
    for (name, version, content) in packages {
        let archive = archive::pack(content, Layout::Npm).unwrap();
        let path = npm::tarball_path(&name.parse().unwrap(), &version.parse().unwrap());
        let dist = serde_json::json!({
            "tarball": format!("{base}{path}"), "integrity": Digest::of(&archive).to_string()
        });
        let entry = serde_json::json!({ "name": name, "version": version, "dist": dist });
        versions.entry(name).or_default().insert((*version).to_owned(), entry);
        files.insert(format!("{base}{path}"), archive);
    }
    for (name, versions) in versions {
        let packument = serde_json::json!({ "name": name, "versions": versions });
        let path = npm::packument_path(&name.parse().unwrap());
        files.insert(format!("{base}{path}"), packument.to_string().into_bytes());
    }
    files
}
