//! What a host is asked for, and how it answers.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize, Serializer};

use crate::manifest::Mode;
use crate::name::{PackName, RegistryId};

/// Names a request within its session.
pub type RequestId = u32;

/// Something the host is to do.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Request {
    /// What its reply is to name.
    pub id: RequestId,
    /// What to do.
    #[serde(flatten)]
    pub body: RequestBody,
}

/// A directory by the name under which the host knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Root {
    /// The project.
    Target,
    /// The pack sources an index is made of.
    Source,
    /// A registry on disk.
    Registry(RegistryId),
}

impl Serialize for Root {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// `target`, `source` or `registry:ID`.
impl fmt::Display for Root {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Root::Target => f.write_str("target"),
            Root::Source => f.write_str("source"),
            Root::Registry(id) => write!(f, "registry:{id}"),
        }
    }
}

/// What to do. Paths are relative to their root; the empty path is the root itself.
///
/// A host checks every parent of a path below its root and fails if one is a link.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "type", rename_all = "kebab-case", rename_all_fields = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
#[expect(missing_docs, reason = "the variants say what their fields are")]
pub enum RequestBody {
    /// Let other work go on for some time, then answer `done`.
    Wait { milliseconds: u32 },
    /// Ask a server; fail with `too-large` when the body of its answer goes over the limit, with
    /// `timeout` when nothing arrives for so long, with `network` when there is no whole answer.
    Fetch {
        method: Method,
        url: String,
        headers: BTreeMap<String, String>,
        #[serde(with = "serde_bytes")]
        #[cfg_attr(test, ts(type = "Uint8Array"))]
        body: Vec<u8>,
        max_bytes: usize,
        idle_milliseconds: u32,
        cache: HttpCache,
        /// What is fetched, such as `web-api@1.2.0`, where people wait for it.
        label: Option<String>,
    },
    /// Look a key up in the cache. What is damaged or goes over the limit is not there.
    CacheRead { key: String, max_bytes: usize },
    /// Keep something in the cache in place of what its key had, with a short text about it.
    CacheWrite {
        key: String,
        meta: String,
        #[serde(with = "serde_bytes")]
        #[cfg_attr(test, ts(type = "Uint8Array"))]
        body: Vec<u8>,
    },
    /// Read a file; fail with `too-large` when it goes over the limit.
    Read {
        #[cfg_attr(test, ts(type = "string"))]
        root: Root,
        path: String,
        max_bytes: usize,
    },
    /// List the entries of a directory.
    List {
        #[cfg_attr(test, ts(type = "string"))]
        root: Root,
        path: String,
    },
    /// Look at a path without following a link.
    Stat {
        #[cfg_attr(test, ts(type = "string"))]
        root: Root,
        path: String,
    },
    /// Make one directory; fail with `exists` if something is there. For the root itself its
    /// parents are made as well.
    MakeDirectory {
        #[cfg_attr(test, ts(type = "string"))]
        root: Root,
        path: String,
    },
    /// Write a new file; fail with `exists` if something is there.
    Create {
        #[cfg_attr(test, ts(type = "string"))]
        root: Root,
        path: String,
        #[serde(with = "serde_bytes")]
        #[cfg_attr(test, ts(type = "Uint8Array"))]
        content: Vec<u8>,
        mode: Mode,
        /// A file that it is to replace: who else may read and write that may do so with the new one.
        like: Option<String>,
    },
    /// Move a file in place of what is there, or a directory to where nothing is.
    Rename {
        #[cfg_attr(test, ts(type = "string"))]
        root: Root,
        from: String,
        to: String,
    },
    /// Remove a file, or a directory if it is empty.
    Remove {
        #[cfg_attr(test, ts(type = "string"))]
        root: Root,
        path: String,
    },
    /// Have what was written reach the disk: the content of a file, or which entries a directory has.
    Sync {
        #[cfg_attr(test, ts(type = "string"))]
        root: Root,
        path: String,
    },
    /// Keep other processes out by something in a directory, until `unlock` or the end of this
    /// process; fail with `locked` if one is in. The directory is made if it is not there.
    Lock {
        #[cfg_attr(test, ts(type = "string"))]
        root: Root,
        path: String,
    },
    /// Let other processes in again.
    Unlock {
        #[cfg_attr(test, ts(type = "string"))]
        root: Root,
        path: String,
    },
    /// Say how many bytes there is room for.
    Space {
        #[cfg_attr(test, ts(type = "string"))]
        root: Root,
    },
    /// Run a line in the system's shell, in a directory, and wait for its end.
    Run {
        #[cfg_attr(test, ts(type = "string"))]
        root: Root,
        path: String,
        command: String,
    },
    /// Let whoever watches know, and answer `done`.
    Tell { progress: Progress },
}

/// How far a command has come.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "type", rename_all = "kebab-case", rename_all_fields = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub enum Progress {
    /// Another process writes into the target; it is waited for.
    Locked {
        /// Which, as the host says.
        by: String,
    },
    /// A server is asked again after some time.
    Retrying {
        /// The time.
        milliseconds: u32,
        /// How often it was asked.
        attempts: u32,
        /// What it said.
        reason: String,
    },
    /// What was needed of registries came from the cache, or had to be fetched.
    Cache {
        /// How many bodies the cache had, fresh or found unchanged.
        hits: usize,
        /// How many were fetched.
        misses: usize,
    },
    /// Versions are settled.
    Resolved {
        /// How many packs are needed.
        packs: usize,
        /// How many packages.
        packages: usize,
        /// How many of both have to be installed.
        missing: usize,
    },
    /// An archive is there and was found good.
    Fetched {
        /// Whose, as `NAME@VERSION`.
        label: String,
        /// The bytes of its files.
        unpacked: u64,
        /// How many are there.
        done: usize,
        /// How many are needed.
        of: usize,
    },
    /// The files of something are written beside their place.
    Staged {
        /// Of what, as `NAME@VERSION`.
        label: String,
        /// How many are.
        done: usize,
        /// How many will be.
        of: usize,
    },
    /// Everything is staged, and files begin to move.
    Placing {
        /// How many moves there are.
        moves: usize,
    },
    /// A hook is run.
    Running {
        /// Whose.
        pack: PackName,
        /// Its line.
        command: String,
    },
    /// Something failed, and what was done is taken back.
    RollingBack,
}

/// The method of a request to a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
#[cfg_attr(test, derive(ts_rs::TS))]
#[expect(missing_docs, reason = "they are HTTP's")]
pub enum Method {
    Get,
    Put,
}

/// What caches between host and server may do: the words of `fetch`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub enum HttpCache {
    /// What their rules are.
    Default,
    /// Answer only after asking the server.
    NoCache,
    /// Stand aside.
    Reload,
}

/// What came of a request.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
#[cfg_attr(test, derive(ts_rs::TS))]
#[expect(missing_docs, reason = "the variants say what their fields are")]
pub enum Reply {
    /// To a fetch, whatever the status. Names of headers are in lower case.
    Response {
        status: u16,
        headers: BTreeMap<String, String>,
        #[serde(with = "serde_bytes")]
        #[cfg_attr(test, ts(type = "Uint8Array"))]
        body: Vec<u8>,
    },
    /// To a read.
    Bytes {
        #[serde(with = "serde_bytes")]
        #[cfg_attr(test, ts(type = "Uint8Array"))]
        bytes: Vec<u8>,
    },
    /// To a read of the cache.
    Cached { found: Option<Kept> },
    /// To a list, in any order.
    Entries { entries: Vec<Entry> },
    /// To a stat. Where files have no modes, `executable` is false.
    Stat { kind: EntryKind, size: usize, executable: bool },
    /// To a question for room, in bytes.
    Space {
        #[cfg_attr(test, ts(type = "number"))]
        bytes: u64,
    },
    /// To a command that was run: what it exited with, unless a signal ended it.
    Ran { code: Option<i32> },
    /// To anything that gives nothing.
    Done,
    /// To any request that failed.
    Error { kind: HostErrorKind, message: String },
}

/// What the cache has for a key.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Kept {
    /// The text about it.
    pub meta: String,
    /// The bytes.
    #[serde(with = "serde_bytes")]
    #[cfg_attr(test, ts(type = "Uint8Array"))]
    pub body: Vec<u8>,
}

/// An entry of a directory.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Entry {
    /// Its name.
    pub name: String,
    /// What it is.
    pub kind: EntryKind,
}

/// What stands at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub enum EntryKind {
    /// Nothing.
    Absent,
    /// A regular file.
    File,
    /// A directory.
    Directory,
    /// A link of any kind.
    Link,
    /// Something else.
    Other,
}

/// Why a host could not do something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(test, derive(ts_rs::TS))]
#[expect(missing_docs, reason = "the names say it")]
pub enum HostErrorKind {
    NotFound,
    Exists,
    Permission,
    NoSpace,
    ReadOnly,
    TooLarge,
    Network,
    Timeout,
    Unsupported,
    Locked,
    Other,
}
