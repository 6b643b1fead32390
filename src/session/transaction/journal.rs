//! The journal: what a write that has begun to move things is about to do, so that another process
//! can end it. JSON; read strictly, because anybody can put a file there.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::diagnostic::{Code, Diagnostic};
use crate::path::{PACKAGES, RelPath, STATE_DIRECTORY};
use crate::registry::Digest;

/// The version of the format this release writes, and the only one it reads.
const FORMAT: u32 = 1;

/// The most bytes of a journal: 64 MiB.
pub(super) const MAX_SIZE: usize = 64 << 20;

/// What a write does, in order.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Journal {
    pub(super) moves: Vec<Move>,
    /// Directories that were not there, the outer before the inner.
    pub(super) made: Vec<String>,
    /// Directories that go in the end if nothing is left in them, the outer before the inner.
    pub(super) emptied: Vec<String>,
    pub(super) ending: Ending,
}

/// How a write ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Ending {
    /// It can be taken back, until the next one.
    #[default]
    Undoable,
    /// What stood there goes, and what could be taken back still can.
    ForGood,
}

/// One thing that changes. The staged content and what is moved aside are known by its number.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Move {
    pub(super) path: RelPath,
    pub(super) before: Content,
    pub(super) after: Content,
    /// What comes is not staged, but was kept by the last write, under this number.
    pub(super) kept: Option<usize>,
}

/// What stands at a path.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(in crate::session) enum Content {
    #[default]
    Nothing,
    File(Digest),
    /// A directory with these files and no others.
    Directory(BTreeMap<RelPath, Digest>),
}

impl Content {
    /// A file that may not be there.
    pub(in crate::session) fn of_file(digest: Option<Digest>) -> Content {
        digest.map_or(Content::Nothing, Content::File)
    }

    /// The paths of all files and directories, if it stands at a place.
    pub(super) fn parts(&self, place: &str) -> Vec<String> {
        match self {
            Content::Nothing => Vec::new(),
            Content::File(_) => vec![place.to_owned()],
            Content::Directory(files) => {
                let directories: BTreeSet<&str> = files.keys().flat_map(RelPath::parents).collect();
                let inner = files.keys().map(RelPath::as_str).chain(directories);
                inner.map(|inner| format!("{place}/{inner}")).chain([place.to_owned()]).collect()
            }
        }
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
    ending: Ending,
    made: Vec<String>,
    emptied: Vec<String>,
    moves: Vec<RawMove>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawMove {
    path: String,
    before: Content,
    after: Content,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    kept: Option<usize>,
}

type Parsed<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

impl Journal {
    /// # Errors
    /// A journal that could not be read again.
    pub(super) fn to_text(&self) -> Result<String, Diagnostic> {
        let raw = |one: &Move| RawMove {
            path: one.path.to_string(),
            before: one.before.clone(),
            after: one.after.clone(),
            kept: one.kept,
        };
        let moves = self.moves.iter().map(raw).collect();
        let (made, emptied) = (self.made.clone(), self.emptied.clone());
        let raw = Raw { version: FORMAT, ending: self.ending, made, emptied, moves };
        let text = serde_json::to_string(&raw).expect("texts and digests are JSON");
        if text.len() > MAX_SIZE {
            let error = Diagnostic::error(Code::Storage, "this is too much for one write");
            return Err(error.suggest("install fewer packs at a time"));
        }
        Ok(text)
    }

    pub(super) fn parse(text: &[u8]) -> Parsed<Journal> {
        let FormatOnly { version } = serde_json::from_slice(text)?;
        if version != FORMAT {
            return Err(format!("it has format {version}, and this version reads {FORMAT}").into());
        }
        let raw: Raw = serde_json::from_slice(text)?;
        for directory in raw.made.iter().chain(&raw.emptied) {
            // The target and what is ours in it are no paths of a project.
            if !["", STATE_DIRECTORY, PACKAGES].contains(&directory.as_str()) {
                let _checked = RelPath::of_ours(directory)?;
            }
        }
        let moves = raw.moves.into_iter().map(|RawMove { path, before, after, kept }| {
            let path = RelPath::of_ours(&path)?;
            if before == Content::Nothing && after == Content::Nothing {
                return Err(format!("nothing is done to `{path}`").into());
            }
            Ok(Move { path, before, after, kept })
        });
        Ok(Journal {
            moves: moves.collect::<Parsed<_>>()?,
            made: raw.made,
            emptied: raw.emptied,
            ending: raw.ending,
        })
    }
}
