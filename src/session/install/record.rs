//! The record of what is installed: which files are ours, and as which bytes they came, so that what
//! somebody changed is told from what may be replaced. JSON; read strictly.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::directory_of;
use crate::diagnostic::{Code, Diagnostic};
use crate::manifest::Mode;
use crate::name::{Identity, RegistryId};
use crate::path::{INSTALLED, RelPath};
use crate::registry::Digest;
use crate::session::exchange::Exchange;
use crate::session::protocol::{HostErrorKind, Root};
use crate::session::transaction::Content;
use crate::version::Version;

/// The version of the format this release writes, and the only one it reads.
const FORMAT: u32 = 1;

/// The most bytes of a record: 64 MiB.
const MAX_SIZE: usize = 64 << 20;

/// Everything that is installed, by its directory in the target.
#[derive(Clone, Debug, Default, PartialEq)]
pub(in crate::session) struct Record {
    pub(in crate::session) items: BTreeMap<RelPath, Item>,
}

/// A pack or package that is installed.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::session) struct Item {
    pub(in crate::session) identity: Identity,
    pub(in crate::session) version: Version,
    pub(in crate::session) registry: RegistryId,
    /// The digest of its archive.
    pub(in crate::session) integrity: Digest,
    /// The directory that everything was unpacked into when this was.
    pub(in crate::session) into: String,
    /// The hooks that it wants to run and that did not, in order.
    pub(in crate::session) hooks: Vec<String>,
    /// The hooks that its user chose to leave out, in order.
    pub(in crate::session) left_out: Vec<String>,
    /// Where a pack wants packages unpacked, below what everything is unpacked into.
    pub(in crate::session) places: BTreeMap<Identity, RelPath>,
    pub(in crate::session) files: BTreeMap<RelPath, InstalledFile>,
}

/// A file as it came.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::session) struct InstalledFile {
    pub(in crate::session) hash: Digest,
    pub(in crate::session) size: u64,
    pub(in crate::session) mode: Mode,
}

impl Item {
    /// What stands in its directory if nobody touched it.
    pub(in crate::session) fn content(&self) -> Content {
        Content::Directory(self.files.iter().map(|(path, file)| (path.clone(), file.hash)).collect())
    }

    pub(in crate::session) fn bytes(&self) -> u64 {
        self.files.values().map(|file| file.size).sum()
    }
}

#[derive(Deserialize)]
struct FormatOnly {
    version: u32,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    version: u32,
    items: Vec<RawItem>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawItem {
    path: String,
    identity: String,
    version: String,
    registry: String,
    integrity: Digest,
    into: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    hooks: Vec<String>,
    #[serde(default, rename = "leftOut", skip_serializing_if = "Vec::is_empty")]
    left_out: Vec<String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    places: BTreeMap<String, String>,
    files: Vec<RawFile>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawFile {
    path: String,
    hash: Digest,
    size: u64,
    #[serde(default, skip_serializing_if = "is_regular")]
    mode: Mode,
}

fn is_regular(mode: &Mode) -> bool {
    *mode == Mode::Regular
}

impl Record {
    /// Reads the record of the target, with its digest. Where there is none, nothing is installed.
    pub(in crate::session) async fn read(
        exchange: &Exchange,
    ) -> Result<(Record, Option<Digest>), Vec<Diagnostic>> {
        match exchange.read(&Root::Target, INSTALLED, MAX_SIZE).await {
            Ok(text) => Ok((Record::parse(&text)?, Some(Digest::of(&text)))),
            Err(error) if error.is(HostErrorKind::NotFound) => Ok((Record::default(), None)),
            Err(error) => Err(error.into()),
        }
    }

    fn parse(text: &[u8]) -> Result<Record, Diagnostic> {
        let newer = |version: u32| {
            let message = format!("{INSTALLED} has format {version}; this version reads {FORMAT}");
            Diagnostic::error(Code::UnsupportedFormat, message).about(INSTALLED).suggest("update Packwright")
        };
        let broken = |error: &dyn std::fmt::Display| {
            Diagnostic::error(Code::InvalidInput, format!("{INSTALLED} is broken"))
                .about(INSTALLED)
                .because(error)
                .suggest(format!("remove {INSTALLED} and install again, with `--force`"))
        };
        let FormatOnly { version } = serde_json::from_slice(text).map_err(|error| broken(&error))?;
        if version != FORMAT {
            return Err(newer(version));
        }
        let raw: Raw = serde_json::from_slice(text).map_err(|error| broken(&error))?;
        let items = raw.items.into_iter().map(RawItem::check).collect::<Result<_, _>>();
        Ok(Record { items: items.map_err(|error| broken(&error))? })
    }

    /// Where everything is, if it is in one place.
    pub(in crate::session) fn place(&self) -> Option<&str> {
        let mut places = self.items.values().map(|item| item.into.as_str());
        let first = places.next()?;
        places.all(|place| place == first).then_some(first)
    }

    /// # Errors
    /// A record that could not be read again.
    pub(in crate::session) fn to_text(&self) -> Result<String, Diagnostic> {
        let file = |(path, file): (&RelPath, &InstalledFile)| RawFile {
            path: path.to_string(),
            hash: file.hash,
            size: file.size,
            mode: file.mode,
        };
        let item = |(path, item): (&RelPath, &Item)| RawItem {
            path: path.to_string(),
            identity: item.identity.to_string(),
            version: item.version.to_string(),
            registry: item.registry.to_string(),
            integrity: item.integrity,
            into: item.into.clone(),
            hooks: item.hooks.clone(),
            left_out: item.left_out.clone(),
            places: item.places.iter().map(|(of, path)| (of.to_string(), path.to_string())).collect(),
            files: item.files.iter().map(file).collect(),
        };
        let raw = Raw { version: FORMAT, items: self.items.iter().map(item).collect() };
        let text = serde_json::to_string(&raw).expect("texts, numbers and digests are JSON") + "\n";
        if text.len() > MAX_SIZE {
            let error = Diagnostic::error(Code::Storage, "this is too much to be installed in one place");
            return Err(error.suggest("install some of it into another directory"));
        }
        Ok(text)
    }
}

impl RawItem {
    fn check(self) -> Result<(RelPath, Item), Box<dyn std::error::Error>> {
        let file = |raw: RawFile| -> Result<_, Box<dyn std::error::Error>> {
            Ok((raw.path.parse()?, InstalledFile { hash: raw.hash, size: raw.size, mode: raw.mode }))
        };
        let place = |(identity, path): (String, String)| -> Result<_, Box<dyn std::error::Error>> {
            Ok((identity.parse()?, path.parse()?))
        };
        let item = Item {
            identity: self.identity.parse()?,
            version: self.version.parse()?,
            registry: self.registry.parse()?,
            integrity: self.integrity,
            into: directory_of(&self.into).map_err(|error| error.message)?,
            hooks: self.hooks,
            left_out: self.left_out,
            places: self.places.into_iter().map(place).collect::<Result<_, _>>()?,
            files: self.files.into_iter().map(file).collect::<Result<_, _>>()?,
        };
        Ok((RelPath::of_ours(&self.path)?, item))
    }
}
