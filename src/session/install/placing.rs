//! What putting files into a directory does to what stands there: which files are written, which go,
//! and which stay because somebody changed them.

use std::collections::{BTreeMap, BTreeSet};

use super::record::{InstalledFile, Item};
use crate::archive;
use crate::diagnostic::{Code, Diagnostic};
use crate::manifest::Mode;
use crate::path::{RelPath, STATE_DIRECTORY};
use crate::registry::Digest;
use crate::session::exchange::{Exchange, HostError};
use crate::session::generate::blocked_parents;
use crate::session::protocol::{EntryKind, HostErrorKind, Root};
use crate::session::transaction::Content;

/// How many files are read at a time to tell whether they are as they came.
const FILES_AT_ONCE: usize = 64;

const TARGET: Root = Root::Target;

/// What becomes of one directory.
#[derive(Debug)]
pub(super) enum Placing {
    /// It comes or goes as a whole, in place of this.
    Whole { before: Content },
    /// File by file: somebody else has files there as well.
    Files(Files),
}

#[derive(Debug, Default)]
pub(super) struct Files {
    /// The files that are written, with the digest of what they replace.
    pub(super) written: BTreeMap<RelPath, Option<Digest>>,
    /// The files that go, with their digest.
    pub(super) removed: BTreeMap<RelPath, Digest>,
    /// The files that were to go or to be replaced and stay, because they were changed.
    pub(super) kept: Vec<RelPath>,
    /// How many files stay in a directory that goes, because they did not come with it.
    pub(super) strangers: usize,
}

impl Placing {
    /// Whether it changes anything.
    pub(super) fn changes(&self) -> bool {
        match self {
            Placing::Whole { .. } => true,
            Placing::Files(files) => !files.written.is_empty() || !files.removed.is_empty(),
        }
    }
}

/// What stands at the path of a file.
#[derive(Clone, Copy, Debug)]
enum There {
    Nothing,
    File {
        hash: Digest,
        executable: bool,
    },
    /// A directory, a link or something stranger, or a file larger than any of ours.
    Other,
}

/// What was installed in a directory before.
#[derive(Clone, Copy)]
pub(super) struct Former<'a> {
    pub(super) item: &'a Item,
    /// Whether it is the same version of the same, so that it comes only to be mended.
    pub(super) is_same: bool,
}

/// A comparison of what is to be somewhere with what stands there.
pub(super) struct Comparison<'a> {
    pub(super) exchange: &'a Exchange,
    pub(super) directory: &'a RelPath,
    pub(super) former: Option<Former<'a>>,
    /// Whether files of others may be replaced.
    pub(super) force: bool,
    /// Whether files have modes here.
    pub(super) modes: bool,
}

impl Comparison<'_> {
    /// What becomes of the directory if these files are to be in it, or none.
    pub(super) async fn with(
        &self,
        wanted: &BTreeMap<RelPath, InstalledFile>,
    ) -> Result<Placing, Vec<Diagnostic>> {
        let Comparison { exchange, directory, .. } = *self;
        if let Some(by) = blocked_parents(exchange, &[directory]).await?.into_iter().next() {
            return Err(in_the_way(&by).into());
        }
        match kind(exchange, directory.as_str()).await? {
            EntryKind::Absent if wanted.is_empty() => return Ok(Placing::Files(Files::default())),
            EntryKind::Absent => return Ok(Placing::Whole { before: Content::Nothing }),
            EntryKind::Directory => {}
            EntryKind::File | EntryKind::Link | EntryKind::Other => {
                return Err(in_the_way(directory.as_str()).into());
            }
        }
        let former = || self.former.into_iter().flat_map(|former| former.item.files.keys());
        let paths: BTreeSet<&RelPath> = wanted.keys().chain(former()).collect();
        let there = look(exchange, directory, &paths.into_iter().collect::<Vec<_>>()).await?;
        if let Some(Former { item, .. }) = self.former
            && self.is_untouched(item, &there).await?
            && item.files != *wanted
        {
            return Ok(Placing::Whole { before: item.content() });
        }
        let mut files = self.file_by_file(wanted, &there)?;
        if wanted.is_empty() {
            let ours = there.values().filter(|there| matches!(there, There::File { .. })).count();
            files.strangers = self.count().await?.saturating_sub(ours);
        }
        Ok(Placing::Files(files))
    }

    /// Whether a directory has exactly the files that were installed.
    async fn is_untouched(
        &self,
        item: &Item,
        there: &BTreeMap<&RelPath, There>,
    ) -> Result<bool, Vec<Diagnostic>> {
        let as_it_came = |(path, file): (&RelPath, &InstalledFile)| matches!(there[path], There::File { hash, .. } if hash == file.hash);
        if !item.files.iter().all(as_it_came) {
            return Ok(false);
        }
        Ok(self.count().await? == item.files.len())
    }

    /// How many files, links and stranger things the directory has.
    async fn count(&self) -> Result<usize, Vec<Diagnostic>> {
        let levels = self.exchange.walk(&TARGET, self.directory.as_str()).await?;
        Ok(levels.iter().map(|level| level.others.len()).sum())
    }

    fn file_by_file(
        &self,
        wanted: &BTreeMap<RelPath, InstalledFile>,
        there: &BTreeMap<&RelPath, There>,
    ) -> Result<Files, Vec<Diagnostic>> {
        let Comparison { directory, former, force, modes, .. } = *self;
        let recorded = |path: &RelPath| former.and_then(|former| former.item.files.get(path));
        let is_same = former.is_some_and(|former| former.is_same);
        let mut files = Files::default();
        let mut problems = Vec::new();
        for (path, file) in wanted {
            let is_ours = |hash| recorded(path).is_some_and(|file| file.hash == hash);
            match there[path] {
                There::Nothing => drop(files.written.insert(path.clone(), None)),
                There::File { hash, executable } if hash == file.hash => {
                    if modes && executable != (file.mode == Mode::Executable) {
                        files.written.insert(path.clone(), Some(hash));
                    }
                }
                There::File { hash, .. } if force || is_ours(hash) => {
                    files.written.insert(path.clone(), Some(hash));
                }
                There::File { .. } if is_same => files.kept.push(path.clone()),
                There::File { .. } => problems.push(changed(directory, path, recorded(path).is_some())),
                There::Other => problems.push(in_the_way(&format!("{directory}/{path}"))),
            }
        }
        let leaving = former.into_iter().flat_map(|former| former.item.files.keys());
        for path in leaving.filter(|path| !wanted.contains_key(*path)) {
            match there[path] {
                There::File { hash, .. } if recorded(path).is_some_and(|file| file.hash == hash) => {
                    files.removed.insert(path.clone(), hash);
                }
                There::Nothing => {}
                There::File { .. } | There::Other => files.kept.push(path.clone()),
            }
        }
        // On some systems a new file and one that goes may be one file.
        let keys: BTreeSet<String> = wanted.keys().map(RelPath::collision_key).collect();
        let same_file = files.removed.keys().find(|path| keys.contains(&path.collision_key()));
        problems.extend(same_file.map(|path| in_the_way(&format!("{directory}/{path}"))));
        if problems.is_empty() { Ok(files) } else { Err(problems) }
    }
}

/// What stands at some paths below a directory that is there.
async fn look<'a>(
    exchange: &Exchange,
    directory: &RelPath,
    paths: &[&'a RelPath],
) -> Result<BTreeMap<&'a RelPath, There>, Vec<Diagnostic>> {
    let full = |path: &RelPath| RelPath::in_directory(directory.as_str(), path);
    let full = paths.iter().map(|path| full(path)).collect::<Result<Vec<RelPath>, _>>();
    let full = full.map_err(|error| Diagnostic::error(Code::InvalidPath, error.to_string()))?;
    let blocked = blocked_parents(exchange, &full.iter().collect::<Vec<_>>()).await?;
    let mut there = BTreeMap::new();
    let mut open: Vec<(&RelPath, String)> = Vec::new();
    for (path, full) in paths.iter().zip(full) {
        match blocked.iter().any(|blocked| full.below(blocked).is_some()) {
            true => drop(there.insert(*path, There::Other)),
            false => open.push((path, full.to_string())),
        }
    }
    for some in open.chunks(FILES_AT_ONCE) {
        let texts: Vec<String> = some.iter().map(|(_, full)| full.clone()).collect();
        let stats = exchange.stat_all(&TARGET, &texts).await?;
        let files = texts.iter().zip(&stats).filter(|(_, stat)| stat.kind == EntryKind::File);
        let files: Vec<String> = files.map(|(path, _)| path.clone()).collect();
        let mut contents = exchange.read_all(&TARGET, &files, archive::MAX_UNPACKED).await.into_iter();
        for ((path, _), stat) in some.iter().zip(stats) {
            let found = match stat.kind {
                EntryKind::Absent => There::Nothing,
                EntryKind::File => match contents.next().expect("every file was read") {
                    Ok(content) => There::File { hash: Digest::of(&content), executable: stat.executable },
                    Err(error) if error.is(HostErrorKind::TooLarge) => There::Other,
                    Err(error) => return Err(error.into()),
                },
                EntryKind::Directory | EntryKind::Link | EntryKind::Other => There::Other,
            };
            there.insert(*path, found);
        }
    }
    Ok(there)
}

/// The files of something installed that are gone or have another size, by path.
pub(in crate::session) async fn damaged(
    exchange: &Exchange,
    directory: &RelPath,
    item: &Item,
) -> Result<Vec<String>, Vec<Diagnostic>> {
    let full: Vec<String> = item.files.keys().map(|path| format!("{directory}/{path}")).collect();
    // Behind a link nothing can be looked at, and nothing of ours is there.
    let parents: Result<Vec<RelPath>, _> = full.iter().map(|path| RelPath::of_ours(path)).collect();
    let parents = parents.map_err(|error| Diagnostic::error(Code::InvalidPath, error.to_string()))?;
    let blocked = blocked_parents(exchange, &parents.iter().collect::<Vec<_>>()).await?;
    if !blocked.is_empty() {
        return Ok(full);
    }
    let stats = exchange.stat_all(&TARGET, &full).await?;
    let as_it_came = item.files.values().zip(stats);
    let whole = as_it_came.map(|(file, stat)| stat.kind == EntryKind::File && stat.size as u64 == file.size);
    Ok(full.into_iter().zip(whole).filter(|(_, is_whole)| !is_whole).map(|(path, _)| path).collect())
}

async fn kind(exchange: &Exchange, path: &str) -> Result<EntryKind, HostError> {
    Ok(exchange.stat_all(&TARGET, &[path.to_owned()]).await?[0].kind)
}

fn in_the_way(by: &str) -> Diagnostic {
    let message = format!("`{by}` is in the way: it is neither what is to be there nor ours to remove");
    let error = Diagnostic::error(Code::FileConflict, message).about(by);
    match by {
        STATE_DIRECTORY => error.suggest("move it away"),
        _ => error.suggest("move it away, or install into another directory with `--target`"),
    }
}

fn changed(directory: &RelPath, path: &RelPath, was_ours: bool) -> Diagnostic {
    let what = if was_ours { "was changed since it was installed" } else { "is there already and differs" };
    let message = format!("`{directory}/{path}` {what}");
    Diagnostic::error(Code::FileConflict, message)
        .about(format!("{directory}/{path}"))
        .suggest("add `--force` to replace it, or keep your change elsewhere first")
}
