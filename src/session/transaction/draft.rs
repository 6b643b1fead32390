//! A write that is being put together: what comes is staged, and nothing has moved yet. Whatever
//! fails, what was staged goes.

use std::collections::BTreeSet;

use super::journal::{Content, Ending, Journal, Move};
use super::{STAGING, TARGET, Target, staged};
use crate::archive::Files;
use crate::diagnostic::Diagnostic;
use crate::manifest::Mode;
use crate::path::RelPath;
use crate::registry::Digest;
use crate::session::exchange::NewFile;

/// A file of its own that comes.
pub(in crate::session) struct FileChange {
    pub(in crate::session) path: RelPath,
    /// What stands there.
    pub(in crate::session) before: Content,
    pub(in crate::session) content: Vec<u8>,
    pub(in crate::session) mode: Mode,
}

/// What is to be written, in order.
pub(in crate::session) struct Draft<'a> {
    target: &'a Target<'a>,
    moves: Vec<Move>,
    /// Directories that go if nothing is left in them; nothing: those that something goes from.
    emptied: Option<Vec<String>>,
}

impl<'a> Draft<'a> {
    pub(super) fn new(target: &'a Target<'a>) -> Draft<'a> {
        Draft { target, moves: Vec::new(), emptied: None }
    }

    /// Files that come one by one.
    pub(in crate::session) async fn put(&mut self, changes: Vec<FileChange>) -> Result<(), Vec<Diagnostic>> {
        let mut files = Vec::with_capacity(changes.len());
        for FileChange { path, before, content, mode } in changes {
            let after = Content::File(Digest::of(&content));
            let like = (before != Content::Nothing).then(|| path.to_string());
            files.push(NewFile { path: staged(self.moves.len()), content, mode, like });
            self.moves.push(Move { path, before, after, kept: None });
        }
        let written = self.stage(BTreeSet::new(), files).await;
        self.or_abandon(written).await
    }

    /// A directory that comes as a whole.
    pub(in crate::session) async fn put_directory(
        &mut self,
        path: RelPath,
        before: Content,
        files: Files,
    ) -> Result<(), Vec<Diagnostic>> {
        let top = staged(self.moves.len());
        let hashes = files.iter().map(|(path, file)| (path.clone(), Digest::of(&file.content))).collect();
        self.moves.push(Move { path, before, after: Content::Directory(hashes), kept: None });
        let inner = files.keys().flat_map(RelPath::parents).map(|parent| format!("{top}/{parent}"));
        let directories = inner.chain([top.clone()]).collect();
        let new = files
            .into_iter()
            .map(|(path, file)| NewFile::fresh(format!("{top}/{path}"), file.content, file.mode));
        let written = self.stage(directories, new.collect()).await;
        self.or_abandon(written).await
    }

    /// Something that goes.
    pub(in crate::session) fn remove(&mut self, path: RelPath, before: Content) {
        self.moves.push(Move { path, before, after: Content::Nothing, kept: None });
    }

    /// Something that the last write kept and that comes back.
    pub(super) fn bring_back(&mut self, path: RelPath, before: Content, after: Content, kept: usize) {
        self.moves.push(Move { path, before, after, kept: Some(kept) });
    }

    /// Lets these directories go if nothing is left in them, and no others.
    pub(super) fn leave_no_other(&mut self, directories: Vec<String>) {
        self.emptied = Some(directories);
    }

    /// Moves everything to its place, or nothing. Until the next write it can be taken back.
    ///
    /// Gives what should be known of its safety.
    pub(in crate::session) async fn commit(self) -> Result<Vec<Diagnostic>, Vec<Diagnostic>> {
        self.end(Ending::Undoable).await
    }

    /// Moves everything to its place, or nothing. What can be taken back is the write before.
    pub(in crate::session) async fn commit_for_good(self) -> Result<Vec<Diagnostic>, Vec<Diagnostic>> {
        self.end(Ending::ForGood).await
    }

    async fn end(self, ending: Ending) -> Result<Vec<Diagnostic>, Vec<Diagnostic>> {
        if self.moves.is_empty() {
            return Ok(Vec::new());
        }
        let staging = self.stage(BTreeSet::new(), Vec::new()).await;
        self.or_abandon(staging).await?;
        let made = self.target.missing_parents(&self.moves).await;
        let made = self.or_abandon(made).await?;
        let leaving = self.moves.iter().filter(|one| one.after == Content::Nothing);
        let parents: BTreeSet<&str> = leaving.flat_map(|one| one.path.parents()).collect();
        let emptied = self.emptied.unwrap_or_else(|| parents.into_iter().map(str::to_owned).collect());
        self.target.commit(Journal { moves: self.moves, made, emptied, ending }).await
    }

    /// Lets what was staged go.
    pub(in crate::session) async fn abandon(self) {
        self.target.abandon().await;
    }

    async fn stage(&self, directories: BTreeSet<String>, files: Vec<NewFile>) -> Result<(), Vec<Diagnostic>> {
        let exchange = self.target.exchange;
        exchange.make_directories(&TARGET, [STAGING.to_owned()]).await?;
        let depth = |path: &String| path.matches('/').count();
        let deepest = directories.iter().map(depth).max().unwrap_or_default();
        for level in 0..=deepest {
            let level = directories.iter().filter(|path| depth(path) == level).cloned();
            exchange.make_directories(&TARGET, level).await?;
        }
        Ok(exchange.create_all(&TARGET, files).await?)
    }

    async fn or_abandon<T>(&self, result: Result<T, Vec<Diagnostic>>) -> Result<T, Vec<Diagnostic>> {
        if result.is_err() {
            self.target.abandon().await;
        }
        result
    }
}
