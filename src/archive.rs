//! Archives of packs: tar and gzip, read strictly and written reproducibly.
//!
//! Read: regular files and directories only, safe paths that do not collide, plain headers, one
//! gzip member, everything within limits; the first offence refuses the whole archive. npm's own
//! tools write paths that fit no plain header as PAX records, so in its layout these may say a path
//! and times, and nothing that readers disagree about. Written:
//! the same files give the same bytes. The caller has checked the digest. Modes other than 0644
//! and 0755 never come in.

use std::collections::BTreeMap;
use std::io::Read;

use flate2::bufread::GzDecoder;
use flate2::{Compression, GzBuilder};
use tar::{EntryType, Header};
use thiserror::Error;

use crate::manifest::Mode;
use crate::path::{Collision, PathError, PathSet, RelPath};

/// The most bytes of an archive: 20 MiB.
pub const MAX_SIZE: usize = 20 << 20;

/// The most bytes an archive may unpack to: 64 MiB.
pub const MAX_UNPACKED: usize = 64 << 20;

/// The most files and directories in an archive.
pub const MAX_ENTRIES: usize = 10_000;

/// How many times its own size an archive may unpack to, above [`RATIO_FROM`] bytes.
pub const MAX_RATIO: usize = 200;

/// Below this, any ratio is harmless: 1 MiB.
pub const RATIO_FROM: usize = 1 << 20;

const BLOCK: usize = 512;

/// Where the files of an archive stand in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// At its top.
    Plain,
    /// In one directory, by npm's custom `package/`.
    Npm,
}

/// A file of a pack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PackFile {
    /// Its content.
    pub content: Vec<u8>,
    /// Its mode.
    pub mode: Mode,
}

/// The files of a pack by their paths.
pub type Files = BTreeMap<RelPath, PackFile>;

/// Why an archive was refused, or could not be written.
#[derive(Debug, Error)]
#[error(transparent)]
pub struct ArchiveError(#[from] ErrorKind);

#[derive(Debug, Error)]
enum ErrorKind {
    #[error("it has more than {} MiB", MAX_SIZE >> 20)]
    TooLarge,
    #[error("it unpacks to more than {} MiB", MAX_UNPACKED >> 20)]
    TooLargeUnpacked,
    #[error("it unpacks to more than {MAX_RATIO} times its size")]
    Ratio,
    #[error("it has more than {MAX_ENTRIES} entries")]
    TooManyEntries,
    #[error("it is not gzip: {0}")]
    Gzip(std::io::Error),
    #[error("something stands behind its end")]
    Trailing,
    #[error("it is cut off")]
    Truncated,
    #[error("an entry is broken: {0}")]
    Tar(std::io::Error),
    #[error("an entry's path is not UTF-8")]
    Encoding,
    #[error("a PAX header says more than a path and times, or is broken")]
    Pax,
    #[error("{0}")]
    Path(#[from] PathError),
    #[error("{0}")]
    Collision(#[from] Collision),
    #[error("`{path}` is {what}; only regular files and directories may be in it")]
    EntryType { path: String, what: &'static str },
    #[error("the path `{0}` is too long for an archive")]
    PathTooLong(RelPath),
    #[error("`{0}` does not stand in the one directory that all of it stands in")]
    Outside(RelPath),
}

/// Unpacks an archive.
///
/// # Errors
/// The first rule it breaks.
pub fn unpack(archive: &[u8], layout: Layout) -> Result<Files, ArchiveError> {
    if archive.len() > MAX_SIZE {
        return Err(ErrorKind::TooLarge.into());
    }
    let tar = gunzip(archive)?;
    // Two blocks of zeroes end a tar; without them it may have lost entries.
    if !tar.len().is_multiple_of(BLOCK)
        || tar.len() < 2 * BLOCK
        || tar[tar.len() - 2 * BLOCK..].iter().any(|&byte| byte != 0)
    {
        return Err(ErrorKind::Truncated.into());
    }
    let mut files = Files::new();
    let mut paths = PathSet::default();
    let mut end = 0;
    let mut directory: Option<String> = None;
    let mut long_path: Option<String> = None;
    let mut reader = tar::Archive::new(tar.as_slice());
    for (count, entry) in reader.entries().map_err(ErrorKind::Tar)?.raw(true).enumerate() {
        if count == MAX_ENTRIES {
            return Err(ErrorKind::TooManyEntries.into());
        }
        let mut entry = entry.map_err(ErrorKind::Tar)?;
        let size = usize::try_from(entry.size()).unwrap_or(usize::MAX);
        let start = usize::try_from(entry.raw_file_position()).unwrap_or(usize::MAX);
        end = start.saturating_add(size).checked_next_multiple_of(BLOCK).unwrap_or(usize::MAX);
        let kind = entry.header().entry_type();
        if layout == Layout::Npm && kind.is_pax_local_extensions() {
            let mut records = Vec::new();
            entry.read_to_end(&mut records).map_err(ErrorKind::Tar)?;
            let path = path_of(&records)?;
            if long_path.is_some() {
                return Err(ErrorKind::Pax.into());
            }
            long_path = path;
            continue;
        }
        let written = match long_path.take() {
            Some(path) => path,
            None => std::str::from_utf8(&entry.path_bytes())
                .map_err(|_: std::str::Utf8Error| ErrorKind::Encoding)?
                .to_owned(),
        };
        if kind.is_dir() {
            let _checked: RelPath = written.trim_end_matches('/').parse().map_err(ErrorKind::Path)?;
            continue;
        }
        if let Some(what) = refused(kind) {
            return Err(ErrorKind::EntryType { path: written.escape_debug().to_string(), what }.into());
        }
        let mut path: RelPath = written.parse().map_err(ErrorKind::Path)?;
        if layout == Layout::Npm {
            let (first, rest) = written.split_once('/').ok_or_else(|| ErrorKind::Outside(path.clone()))?;
            if directory.get_or_insert_with(|| first.to_owned()) != first {
                return Err(ErrorKind::Outside(path).into());
            }
            path = rest.parse().map_err(ErrorKind::Path)?;
        }
        paths.insert(&path).map_err(ErrorKind::Collision)?;
        let executable = entry.header().mode().map_err(ErrorKind::Tar)? & 0o100 != 0;
        let mut content = Vec::new();
        entry.read_to_end(&mut content).map_err(ErrorKind::Tar)?;
        if content.len() as u64 != entry.size() {
            return Err(ErrorKind::Truncated.into());
        }
        files.insert(
            path,
            PackFile { content, mode: if executable { Mode::Executable } else { Mode::Regular } },
        );
    }
    // Readers disagree about what stands behind a block of zeroes, so nothing may.
    if tar.get(end..).is_none_or(|rest| rest.iter().any(|&byte| byte != 0)) {
        return Err(ErrorKind::Trailing.into());
    }
    Ok(files)
}

/// The path that the records of a PAX header give (POSIX.1-2024, pax, "pax Extended Header"): each is
/// `LENGTH KEY=VALUE` and a line feed, and its length counts all of it.
fn path_of(records: &[u8]) -> Result<Option<String>, ErrorKind> {
    const HARMLESS: [&str; 8] = ["atime", "comment", "ctime", "gid", "gname", "mtime", "uid", "uname"];
    let mut rest = std::str::from_utf8(records).map_err(|_: std::str::Utf8Error| ErrorKind::Encoding)?;
    let mut path = None;
    while !rest.is_empty() {
        let (length, _) = rest.split_once(' ').ok_or(ErrorKind::Pax)?;
        let size: usize = length.parse().map_err(|_: std::num::ParseIntError| ErrorKind::Pax)?;
        let record = rest.get(length.len() + 1..size).and_then(|record| record.strip_suffix('\n'));
        let (key, value) = record.and_then(|record| record.split_once('=')).ok_or(ErrorKind::Pax)?;
        match key {
            "path" if path.is_none() => path = Some(value.to_owned()),
            key if HARMLESS.contains(&key)
                || key.starts_with("LIBARCHIVE.")
                || key.starts_with("SCHILY.dev") => {}
            _ => return Err(ErrorKind::Pax),
        }
        rest = &rest[size..];
    }
    Ok(path)
}

fn refused(kind: EntryType) -> Option<&'static str> {
    match kind {
        EntryType::Regular => None,
        EntryType::Symlink => Some("a symbolic link"),
        EntryType::Link => Some("a hard link"),
        EntryType::XHeader | EntryType::XGlobalHeader => Some("a PAX header"),
        EntryType::GNULongName | EntryType::GNULongLink | EntryType::GNUSparse => Some("a GNU extension"),
        _ => Some("a special file"),
    }
}

fn gunzip(archive: &[u8]) -> Result<Vec<u8>, ArchiveError> {
    let mut decoder = GzDecoder::new(archive);
    let limit = MAX_UNPACKED.min((archive.len().saturating_mul(MAX_RATIO)).max(RATIO_FROM));
    let mut tar = Vec::new();
    decoder.by_ref().take(limit as u64 + 1).read_to_end(&mut tar).map_err(|error| match error.kind() {
        std::io::ErrorKind::UnexpectedEof => ErrorKind::Truncated,
        _ => ErrorKind::Gzip(error),
    })?;
    if tar.len() > MAX_UNPACKED {
        return Err(ErrorKind::TooLargeUnpacked.into());
    }
    if tar.len() > limit {
        return Err(ErrorKind::Ratio.into());
    }
    if !decoder.into_inner().is_empty() {
        return Err(ErrorKind::Trailing.into());
    }
    Ok(tar)
}

/// Packs files into an archive: sorted, without times and owners.
///
/// # Errors
/// A path that fits no plain header, or an archive over the limits.
pub fn pack(files: &Files, layout: Layout) -> Result<Vec<u8>, ArchiveError> {
    if files.len() > MAX_ENTRIES {
        return Err(ErrorKind::TooManyEntries.into());
    }
    let encoder = GzBuilder::new().mtime(0).operating_system(255).write(Vec::new(), Compression::best());
    let mut builder = tar::Builder::new(encoder);
    let mut total = 0;
    for (path, file) in files {
        total += file.content.len();
        if total > MAX_UNPACKED {
            return Err(ErrorKind::TooLargeUnpacked.into());
        }
        let mut header = Header::new_ustar();
        let written = match layout {
            Layout::Plain => path.to_string(),
            Layout::Npm => format!("package/{path}"),
        };
        header.set_path(written).map_err(|_: std::io::Error| ErrorKind::PathTooLong(path.clone()))?;
        header.set_mode(if file.mode == Mode::Executable { 0o755 } else { 0o644 });
        header.set_size(file.content.len() as u64);
        header.set_mtime(0);
        header.set_uid(0);
        header.set_gid(0);
        header.set_cksum();
        builder.append(&header, file.content.as_slice()).map_err(ErrorKind::Tar)?;
    }
    let archive = builder.into_inner().and_then(flate2::write::GzEncoder::finish).map_err(ErrorKind::Tar)?;
    if archive.len() > MAX_SIZE {
        return Err(ErrorKind::TooLarge.into());
    }
    Ok(archive)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn file(content: &str, mode: Mode) -> PackFile {
        PackFile { content: content.into(), mode }
    }

    fn gzip(tar: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(tar).unwrap();
        encoder.finish().unwrap()
    }

    /// An archive with headers as a hostile tool would write them.
    fn archive(entries: &[(&str, EntryType, &str)]) -> Vec<u8> {
        let mut builder = tar::Builder::new(Vec::new());
        for (path, kind, content) in entries {
            let mut header = Header::new_ustar();
            header.as_old_mut().name[..path.len()].copy_from_slice(path.as_bytes());
            header.set_entry_type(*kind);
            header.set_mode(0o6777);
            header.set_size(content.len() as u64);
            header.set_cksum();
            builder.append(&header, content.as_bytes()).unwrap();
        }
        gzip(&builder.into_inner().unwrap())
    }

    fn error(archive: &[u8]) -> String {
        unpack(archive, Layout::Plain).unwrap_err().to_string()
    }

    #[test]
    fn a_round_trip_keeps_content_and_mode() {
        let long = format!("{}/{}", "d".repeat(120), "f".repeat(90));
        let files: Files = [
            ("a/run.sh", file("#!/bin/sh\n", Mode::Executable)),
            ("pack.toml", file("", Mode::Regular)),
            (long.as_str(), file("x", Mode::Regular)),
        ]
        .into_iter()
        .map(|(path, file)| (path.parse().unwrap(), file))
        .collect();
        let archive = pack(&files, Layout::Plain).unwrap();
        assert_eq!(pack(&files, Layout::Plain).unwrap(), archive, "the same files give the same bytes");
        assert_eq!(unpack(&archive, Layout::Plain).unwrap(), files);
    }

    #[test]
    fn directories_pass_and_modes_are_normalised() {
        let files = unpack(
            &archive(&[("src/", EntryType::Directory, ""), ("src/a", EntryType::Regular, "x")]),
            Layout::Plain,
        )
        .unwrap();
        assert_eq!(files.values().next().unwrap(), &file("x", Mode::Executable));
    }

    #[test]
    fn entries_that_are_refused() {
        let regular = EntryType::Regular;
        assert!(error(&archive(&[("../x", regular, "")])).contains("not a safe path"));
        assert!(error(&archive(&[("..", EntryType::Directory, "")])).contains("not a safe path"));
        assert!(error(&archive(&[(".packwright/x", regular, "")])).contains("Packwright's own"));
        assert!(
            error(&archive(&[("a", regular, ""), ("A", regular, "")])).contains("one file on some systems")
        );
        for (kind, what) in [
            (EntryType::Symlink, "a symbolic link"),
            (EntryType::Link, "a hard link"),
            (EntryType::XHeader, "a PAX header"),
            (EntryType::GNULongName, "a GNU extension"),
            (EntryType::Fifo, "a special file"),
        ] {
            assert!(error(&archive(&[("a", kind, "")])).contains(what), "{kind:?}");
        }
    }

    #[test]
    fn damage_is_refused() {
        let good = archive(&[("a", EntryType::Regular, "x")]);
        assert_eq!(error(&good[..good.len() / 2]), "it is cut off");
        assert_eq!(error(&[good.clone(), good.clone()].concat()), "something stands behind its end");
        assert!(error(b"<!doctype html><html></html>").starts_with("it is not gzip"));
        assert_eq!(error(&gzip(&[1; 512])), "it is cut off");
        let mut header = Header::new_ustar();
        header.set_size(5000);
        header.set_path("a").unwrap();
        header.set_cksum();
        let lying = [header.as_bytes().as_slice(), &[0; 1024]].concat();
        assert!(!error(&gzip(&lying)).is_empty());
    }

    #[test]
    fn nothing_hides_behind_a_block_of_zeroes() {
        let tar = |path: &str| {
            let mut header = Header::new_ustar();
            header.set_path(path).unwrap();
            header.set_mode(0o644);
            header.set_size(0);
            header.set_cksum();
            [header.as_bytes().as_slice(), &[0; 1024]].concat()
        };
        assert_eq!(unpack(&gzip(&tar("a")), Layout::Plain).unwrap().len(), 1);
        assert_eq!(error(&gzip(&[tar("a"), tar("b")].concat())), "something stands behind its end");
        assert_eq!(unpack(&gzip(&[tar("a"), vec![0; 8192]].concat()), Layout::Plain).unwrap().len(), 1);
    }

    #[test]
    fn limits() {
        assert_eq!(error(&vec![0; MAX_SIZE + 1]), "it has more than 20 MiB");
        assert_eq!(error(&gzip(&vec![0; 8 << 20])), "it unpacks to more than 200 times its size");
        let many: Files =
            (0..=MAX_ENTRIES).map(|n| (n.to_string().parse().unwrap(), file("", Mode::Regular))).collect();
        assert_eq!(pack(&many, Layout::Plain).unwrap_err().to_string(), "it has more than 10000 entries");
        let long: Files = [("a".repeat(120).parse().unwrap(), file("", Mode::Regular))].into();
        assert!(pack(&long, Layout::Plain).unwrap_err().to_string().ends_with("is too long for an archive"));
    }
}
