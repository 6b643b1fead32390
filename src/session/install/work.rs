//! What there is to do to the target, as data: from there to moves, to staged files, and to what the
//! user is told.

use super::placing::Placing;
use super::record::{Item, Record};
use crate::archive::{Files, PackFile};
use crate::diagnostic::{Code, Diagnostic};
use crate::lockfile::Lockfile;
use crate::manifest::{Hook, Mode};
use crate::path::{IGNORED, INSTALLED, LOCKFILE, RelPath, STATE_DIRECTORY};
use crate::plan::runs_on_open;
use crate::registry::Digest;
use crate::resolve::Chosen;
use crate::session::protocol::{Change, InstallAction, InstallItem, Installation};
use crate::session::transaction::{Content, Draft, FileChange, Target};
use crate::version::Version;

/// What Git takes for: all of this directory.
const IGNORE_ALL: &[u8] = b"*\n";

/// One pack or package, and what becomes of it.
pub(super) struct Entry {
    pub(super) action: InstallAction,
    /// What goes was chosen before.
    pub(super) chosen: Option<Chosen>,
    pub(super) directory: RelPath,
    pub(super) from: Option<Version>,
    pub(super) item: Item,
    pub(super) placing: Placing,
    pub(super) hooks: Vec<Hook>,
    /// Its files, if they are held in memory.
    pub(super) held: Option<Files>,
}

impl Entry {
    pub(super) fn label(&self) -> String {
        format!("{}@{}", self.item.identity, self.item.version)
    }

    /// Whether any of its files are written.
    pub(super) fn writes(&self) -> bool {
        self.written().next().is_some()
    }

    /// The paths in the target of the files that are written.
    fn written(&self) -> impl Iterator<Item = (&RelPath, RelPath)> {
        let inner: Box<dyn Iterator<Item = &RelPath>> = match &self.placing {
            _ if self.action == InstallAction::Remove => Box::new(std::iter::empty()),
            Placing::Whole { .. } => Box::new(self.item.files.keys()),
            Placing::Files(files) => Box::new(files.written.keys()),
        };
        inner.map(|inner| (inner, self.path(inner)))
    }

    /// How many files come or go, and their bytes; of what is installed already, all.
    fn amount(&self) -> (usize, u64) {
        match &self.placing {
            Placing::Files(files) if self.action == InstallAction::Remove => {
                let bytes = files.removed.keys().map(|inner| self.item.files[inner].size);
                (files.removed.len(), bytes.sum())
            }
            _ => (self.item.files.len(), self.item.bytes()),
        }
    }

    fn path(&self, inner: &RelPath) -> RelPath {
        RelPath::in_directory(self.directory.as_str(), inner).expect("it was checked when it was unpacked")
    }

    /// Puts what comes, and what goes, into a draft.
    pub(super) async fn draft(&self, draft: &mut Draft<'_>, mut files: Files) -> Result<(), Vec<Diagnostic>> {
        match &self.placing {
            Placing::Whole { before } if self.action == InstallAction::Remove || files.is_empty() => {
                if *before != Content::Nothing {
                    draft.remove(self.directory.clone(), before.clone());
                }
                Ok(())
            }
            Placing::Whole { before } => {
                draft.put_directory(self.directory.clone(), before.clone(), files).await
            }
            Placing::Files(placing) => {
                for (inner, hash) in &placing.removed {
                    draft.remove(self.path(inner), Content::File(*hash));
                }
                let changes = placing.written.iter().filter_map(|(inner, before)| {
                    let PackFile { content, mode } = files.remove(inner)?;
                    Some(FileChange {
                        path: self.path(inner),
                        before: Content::of_file(*before),
                        content,
                        mode,
                    })
                });
                draft.put(changes.collect()).await
            }
        }
    }
}

/// A file of our own state that changes.
struct Text {
    path: RelPath,
    before: Option<Digest>,
    /// Nothing: it goes.
    content: Option<Vec<u8>>,
}

/// All that is to be done.
pub(super) struct Work {
    pub(super) entries: Vec<Entry>,
    pub(super) changes: Vec<Change>,
    pub(super) warnings: Vec<Diagnostic>,
    /// Whether anything is installed when it is done.
    is_installed: bool,
    /// The record and the lockfile, which come last.
    texts: Vec<Text>,
}

impl Work {
    /// Work on what is recorded. Entries that go are forgotten, others remembered.
    pub(super) fn new(
        entries: Vec<Entry>,
        record: &Record,
        digest: Option<Digest>,
        mut warnings: Vec<Diagnostic>,
    ) -> Result<Work, Diagnostic> {
        let mut now = record.clone();
        for entry in &entries {
            match entry.action {
                InstallAction::Remove => drop(now.items.remove(&entry.directory)),
                _ => drop(now.items.insert(entry.directory.clone(), entry.item.clone())),
            }
            if let Placing::Files(files) = &entry.placing {
                let is_leaving = entry.action == InstallAction::Remove;
                warnings.extend(files.kept.iter().map(|path| kept(&entry.path(path), is_leaving)));
                if files.strangers > 0 {
                    warnings.push(stays(&entry.directory, files.strangers));
                }
            }
        }
        let is_installed = !now.items.is_empty();
        let mut work = Work { entries, changes: Vec::new(), warnings, is_installed, texts: Vec::new() };
        let text = if is_installed { Some(now.to_text()?.into_bytes()) } else { None };
        work.put(INSTALLED, digest, text);
        Ok(work)
    }

    /// Keeps what is installed out of Git, where nothing says anything about that. `there` is what does.
    pub(super) fn ignore(&mut self, there: Option<&[u8]>) {
        match there {
            None if self.is_installed => self.put(IGNORED, None, Some(IGNORE_ALL.to_vec())),
            Some(IGNORE_ALL) if !self.is_installed => self.put(IGNORED, Some(Digest::of(IGNORE_ALL)), None),
            _ => {}
        }
    }

    /// Writes the lockfile.
    pub(super) fn lock(&mut self, lockfile: &Lockfile, before: Option<Digest>) {
        self.put(LOCKFILE, before, Some(lockfile.to_text().into_bytes()));
    }

    /// Removes the lockfile.
    pub(super) fn unlock(&mut self, before: Digest) {
        self.put(LOCKFILE, Some(before), None);
    }

    fn put(&mut self, path: &str, before: Option<Digest>, content: Option<Vec<u8>>) {
        if content.as_deref().map(Digest::of) != before {
            let path = RelPath::of_ours(path).expect("it is ours");
            self.texts.push(Text { path, before, content });
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.texts.is_empty() && !self.entries.iter().any(|entry| entry.placing.changes())
    }

    /// Puts the record and the lockfile into a draft, behind everything else.
    pub(super) async fn draft_texts(&self, draft: &mut Draft<'_>) -> Result<(), Vec<Diagnostic>> {
        for Text { path, before, content } in &self.texts {
            let (path, before) = (path.clone(), Content::of_file(*before));
            match content {
                None => draft.remove(path, before),
                Some(content) => {
                    let (content, mode) = (content.clone(), Mode::Regular);
                    draft.put(vec![FileChange { path, before, content, mode }]).await?;
                }
            }
        }
        Ok(())
    }

    fn sizes(&self) -> impl Iterator<Item = u64> {
        self.entries.iter().flat_map(|entry| entry.written().map(|(inner, _)| entry.item.files[inner].size))
    }

    /// The files outside of our own state that run when somebody opens the directory.
    pub(super) fn run_on_open(&self) -> impl Iterator<Item = (&Entry, RelPath)> {
        let written =
            self.entries.iter().flat_map(|entry| entry.written().map(move |(_, path)| (entry, path)));
        written.filter(|(_, path)| path.below(STATE_DIRECTORY).is_none() && runs_on_open(path))
    }

    /// The bytes of room that it takes.
    pub(super) fn needed(&self) -> u64 {
        // The journal is about as long as the record.
        let texts = self.texts.iter().map(|text| 2 * text.content.as_ref().map_or(0, Vec::len) as u64);
        Target::needed(self.sizes().chain(texts))
    }

    pub(super) fn hooks(&self) -> impl Iterator<Item = &Hook> {
        self.entries.iter().flat_map(|entry| &entry.hooks)
    }

    /// What the user is told of it.
    pub(super) fn installation(self, into: String, available: Option<u64>, written: bool) -> Installation {
        let items = self.entries.iter().map(|entry| {
            let (files, bytes) = entry.amount();
            InstallItem {
                identity: entry.item.identity.clone(),
                version: entry.item.version.clone(),
                from: entry.from.clone(),
                action: entry.action,
                path: entry.directory.to_string(),
                files,
                bytes,
            }
        });
        Installation {
            into,
            items: items.collect(),
            hooks: self.hooks().cloned().collect(),
            runs_on_open: self.run_on_open().map(|(_, path)| path.to_string()).collect(),
            bytes: self.sizes().sum(),
            needed: self.needed(),
            available,
            written,
            changes: self.changes,
            warnings: self.warnings,
        }
    }
}

fn stays(directory: &RelPath, strangers: usize) -> Diagnostic {
    let files = if strangers == 1 { "a file" } else { "files" };
    let message = format!("`{directory}` stays, because it has {files} that did not come with it");
    Diagnostic::warning(Code::OutOfDate, message).about(directory).suggest("remove it if you do not need it")
}

fn kept(path: &RelPath, is_leaving: bool) -> Diagnostic {
    let message = format!("`{path}` was changed since it was installed, and stays");
    let warning = Diagnostic::warning(Code::OutOfDate, message).about(path);
    warning.suggest(match is_leaving {
        true => "remove it if you do not need it",
        false => "`--force` brings back what was installed",
    })
}
