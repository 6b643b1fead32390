//! Writing into the target: all of it or nothing, whatever happens.
//!
//! | phase | what a sudden end leaves | and then |
//! | --- | --- | --- |
//! | other processes are kept out, new content is staged | rubbish | the next write clears it away |
//! | the journal is there, things move, the lockfile last | a journal | it is resumed or rolled back |
//! | the journal joins what was moved aside, and both become the way back | that way, half laid | the next write lays the rest |
//!
//! A write that is taken back, or that nobody would want to undo, ends otherwise: its journal is marked
//! as finished and its rubbish goes, now or with the next write.
//!
//! What stood at a path is moved aside first, and comes back if anything fails. Everything is compared
//! again right before it moves, so that nothing is lost that appeared in between. A reply may be lost
//! although its request was carried out, so taking back looks before it moves.
//!
//! What is staged is synced before there is a journal, and the journal before anything moves. A host
//! that cannot sync may lose content in a power failure; the journal's digests then keep a damaged
//! file from being taken for a whole one.

mod draft;
mod journal;
mod recover;
mod undo;

use std::collections::{BTreeMap, BTreeSet};

pub(super) use self::draft::{Draft, FileChange};
pub(super) use self::journal::Content;
use self::journal::{Ending, Journal, Move};
pub(super) use self::recover::{is_whole, no_interruption, recover};
pub(super) use self::undo::undo;
use super::cancelled;
use super::exchange::{Exchange, HostError, NewFile};
use super::protocol::{Capabilities, EntryKind, HostErrorKind, Progress, Root};
use crate::archive;
use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::manifest::Mode;
use crate::path::{RelPath, STATE_DIRECTORY};
use crate::registry::Digest;

const TARGET: Root = Root::Target;

const STAGING: &str = ".packwright/staging";
const JOURNAL: &str = ".packwright/journal.json";
const NEW_JOURNAL: &str = ".packwright/journal.new";

/// The journal of a write that has come to its end: nothing that is staged is needed any more.
const FINISHED: &str = ".packwright/finished";

/// The journal of a write that has come to its end: what was moved aside becomes the way back.
const DONE: &str = ".packwright/staging/journal";

/// What takes the last write back: its journal, and what it moved aside.
const UNDO: &str = ".packwright/undo";
const UNDO_JOURNAL: &str = ".packwright/undo/journal";

/// Keeps the way back out of version control.
const UNTRACKED: &str = ".packwright/staging/.gitignore";

/// Milliseconds between two looks whether another process is done.
const LOCK_WAIT: u32 = 200;

/// How many files are read at a time to see whether they are whole.
const FILES_AT_ONCE: usize = 64;

/// The bytes that files take are counted in blocks of so many.
const BLOCK: u64 = 4096;

/// The bytes for the journal and directories that a write may need besides: 64 KiB.
const SLACK: u64 = 64 << 10;

/// The target, while nobody else writes there.
pub(super) struct Target<'a> {
    exchange: &'a Exchange,
    capabilities: Capabilities,
    /// What was not there before, the outermost first: the target itself, the state directory.
    made: Vec<String>,
}

fn staged(number: usize) -> String {
    format!("{STAGING}/new-{number}")
}

fn aside(number: usize) -> String {
    format!("{STAGING}/old-{number}")
}

/// What the last write moved aside.
fn kept_at(number: usize) -> String {
    format!("{UNDO}/old-{number}")
}

/// Where what a move brings lies until then.
fn origin(number: usize, one: &Move) -> String {
    one.kept.map_or_else(|| staged(number), kept_at)
}

impl<'a> Target<'a> {
    /// Keeps other processes out, and clears away what a write left that had not begun to move
    /// anything.
    ///
    /// # Errors
    /// `locked` if another process is in and is not waited for, `partial-install` if a write was
    /// interrupted.
    pub(super) async fn enter(
        exchange: &'a Exchange,
        capabilities: Capabilities,
        wait: bool,
    ) -> Result<Target<'a>, Vec<Diagnostic>> {
        let mut target = Target::enter_any(exchange, capabilities, wait).await?;
        match target.tidy().await {
            Ok(()) => Ok(target),
            Err(problems) => {
                target.leave().await;
                Err(problems)
            }
        }
    }

    /// As `enter`, even if a write was interrupted.
    async fn enter_any(
        exchange: &'a Exchange,
        capabilities: Capabilities,
        wait: bool,
    ) -> Result<Target<'a>, Vec<Diagnostic>> {
        if !capabilities.rename {
            let error = Diagnostic::error(
                Code::Storage,
                "this host cannot move files, so nothing can be written safely",
            );
            return Err(error.suggest("download the files instead").into());
        }
        let mut target = Target { exchange, capabilities, made: Vec::new() };
        let entered = target.open(wait).await;
        if let Err(problems) = entered {
            target.remove_directories(&target.made).await;
            return Err(problems);
        }
        Ok(target)
    }

    async fn open(&mut self, wait: bool) -> Result<(), Vec<Diagnostic>> {
        for directory in ["", STATE_DIRECTORY] {
            // Only what was not there goes again.
            if self.kind(directory).await? == EntryKind::Absent {
                self.made.push(directory.to_owned());
                self.exchange.make_directories(&TARGET, [directory.to_owned()]).await?;
            }
        }
        if self.capabilities.lock { self.lock(wait).await } else { Ok(()) }
    }

    async fn lock(&self, wait: bool) -> Result<(), Vec<Diagnostic>> {
        let mut is_told = false;
        loop {
            match self.exchange.lock(&TARGET, STATE_DIRECTORY).await {
                Ok(()) => return Ok(()),
                Err(error) if !error.is(HostErrorKind::Locked) => return Err(error.into()),
                Err(_) if self.exchange.is_cancelled() => return Err(cancelled().into()),
                Err(error) if wait => {
                    if !std::mem::replace(&mut is_told, true) {
                        self.exchange.tell(Progress::Locked { by: error.message().to_owned() });
                    }
                    self.exchange.wait(LOCK_WAIT).await;
                }
                Err(error) => {
                    let message = "another process writes into the same directory";
                    let error = Diagnostic::error(Code::Locked, message).because(error.message());
                    return Err(error.suggest("try again when it is done, or leave `--no-wait` out").into());
                }
            }
        }
    }

    async fn tidy(&mut self) -> Result<(), Vec<Diagnostic>> {
        if self.kind(JOURNAL).await? != EntryKind::Absent {
            return Err(recover::interrupted().into());
        }
        let is_staged = self.kind(STAGING).await? != EntryKind::Absent;
        let is_finished = self.kind(FINISHED).await? != EntryKind::Absent;
        let is_done = is_staged && self.kind(DONE).await? == EntryKind::File;
        // Where nobody is kept out, what is staged may be somebody's who is still at it.
        if is_staged && !is_finished && !self.capabilities.lock {
            return Err(recover::maybe_interrupted().into());
        }
        if is_finished {
            let journal = self.ended(FINISHED).await?;
            self.clear_away(&journal).await;
            self.made.extend(journal.made);
        } else if is_done {
            let journal = self.ended(DONE).await?;
            self.keep(&journal).await?;
        } else if is_staged {
            self.abandon().await;
        }
        self.exchange.try_remove_all(&TARGET, [NEW_JOURNAL.to_owned()]).await;
        if is_staged && self.kind(STAGING).await? != EntryKind::Absent {
            let message = format!("`{STAGING}` is left from another write and cannot be removed");
            let error = Diagnostic::error(Code::Storage, message).about(STAGING);
            return Err(error.suggest(format!("remove `{STAGING}`, it is of no use any more")).into());
        }
        Ok(())
    }

    /// The journal of a write that has ended, which says what else is rubbish. A damaged one says nothing.
    async fn ended(&self, path: &str) -> Result<Journal, HostError> {
        let text = self.exchange.read(&TARGET, path, journal::MAX_SIZE).await?;
        Ok(Journal::parse(&text).unwrap_or_default())
    }

    /// What this host cannot do for the safety of what is written.
    fn warnings(&self) -> Vec<Diagnostic> {
        let Capabilities { lock, sync, .. } = self.capabilities;
        let lacks = [
            (lock, "this host cannot keep other processes from writing at the same time"),
            (sync, "this host cannot make sure that what was written survives a power failure"),
        ];
        let lacking = lacks.into_iter().filter(|(can, _)| !can);
        lacking.map(|(_, message)| Diagnostic::warning(Code::Storage, message)).collect()
    }

    /// The bytes of room that files of such sizes take.
    pub(super) fn needed(sizes: impl Iterator<Item = u64>) -> u64 {
        sizes.map(|size| size.div_ceil(BLOCK) * BLOCK).sum::<u64>() + SLACK
    }

    /// That there is room for so many bytes, as far as the host knows. Gives what there is.
    pub(super) async fn check_room(&self, needed: u64) -> Result<Option<u64>, Vec<Diagnostic>> {
        let available = room(self.exchange, self.capabilities).await;
        match available {
            Some(available) if available < needed => {
                let message = "there is not enough room for what is to be written";
                let error = Diagnostic::error(Code::Storage, message);
                let short = format!("it takes {}, and there is {}", shown(needed), shown(available));
                Err(error.because(short).suggest("make room, or choose another directory").into())
            }
            available => Ok(available),
        }
    }

    /// Begins a write.
    pub(super) fn draft(&'a self) -> Draft<'a> {
        Draft::new(self)
    }

    /// Moves everything that was staged to its place, in order, or nothing.
    async fn commit(&self, journal: Journal) -> Result<Vec<Diagnostic>, Vec<Diagnostic>> {
        self.exchange.tell(Progress::Placing { moves: journal.moves.len() });
        match self.carry_out(&journal).await {
            Ok(()) => {
                let left = self.tidy_up(&journal).await;
                Ok(self.warnings().into_iter().chain(left).collect())
            }
            Err(problems) => Err(self.roll_back(&journal, problems).await),
        }
    }

    async fn carry_out(&self, journal: &Journal) -> Result<(), Vec<Diagnostic>> {
        self.write_journal(journal).await?;
        self.make_parents(journal).await?;
        for (number, one) in journal.moves.iter().enumerate() {
            if self.exchange.is_cancelled() {
                return Err(cancelled().into());
            }
            self.place(number, one, Standing::FRESH).await?;
        }
        self.finish(journal).await
    }

    /// Ends a write that is in place. Gives a warning if something of it is left to do.
    async fn tidy_up(&self, journal: &Journal) -> Option<Diagnostic> {
        match journal.ending {
            Ending::Undoable => {
                let unkept = self.keep(journal).await.err();
                unkept.map(|error| Diagnostic { severity: Severity::Warning, ..error })
            }
            Ending::ForGood => {
                self.clear_away(journal).await;
                None
            }
        }
    }

    /// The directories that what comes needs and that were not there, the outer before the inner.
    async fn missing_parents(&self, moves: &[Move]) -> Result<Vec<String>, Vec<Diagnostic>> {
        let coming = moves.iter().filter(|one| one.after != Content::Nothing);
        let parents: BTreeSet<&str> = coming.flat_map(|one| one.path.parents()).collect();
        let parents: Vec<String> =
            parents.into_iter().filter(|parent| *parent != STATE_DIRECTORY).map(str::to_owned).collect();
        let stats = self.exchange.stat_all(&TARGET, &parents).await?;
        let missing = parents.into_iter().zip(stats).filter(|(_, stat)| stat.kind == EntryKind::Absent);
        Ok(self.made.iter().cloned().chain(missing.map(|(parent, _)| parent)).collect())
    }

    async fn make_parents(&self, journal: &Journal) -> Result<(), Vec<Diagnostic>> {
        for directory in &journal.made {
            self.exchange.make_directories(&TARGET, [directory.clone()]).await?;
        }
        Ok(())
    }

    async fn write_journal(&self, journal: &Journal) -> Result<(), Vec<Diagnostic>> {
        // A journal promises that what it is about to move is there, whatever happens.
        let staged =
            journal.moves.iter().enumerate().flat_map(|(number, one)| one.after.parts(&origin(number, one)));
        self.sync(staged.chain([STAGING.to_owned()])).await?;
        let text = journal.to_text()?;
        let regular = |path, content| NewFile::fresh(path, content, Mode::Regular);
        let new = vec![regular(NEW_JOURNAL, text.into_bytes()), regular(UNTRACKED, b"*\n".to_vec())];
        self.exchange.create_all(&TARGET, new).await?;
        self.sync([NEW_JOURNAL.to_owned()]).await?;
        self.exchange.rename(&TARGET, NEW_JOURNAL, JOURNAL).await?;
        self.sync([STATE_DIRECTORY.to_owned()]).await
    }

    async fn place(&self, number: usize, one: &Move, standing: Standing) -> Result<(), Vec<Diagnostic>> {
        let path = one.path.as_str();
        if standing.is_placed && one.after != Content::Nothing {
            return Ok(());
        }
        if one.before != Content::Nothing && !standing.is_aside {
            self.exchange.rename(&TARGET, path, &aside(number)).await?;
            if !self.holds(&aside(number), &one.before).await? {
                return Err(meddled(&one.path, "changed").into());
            }
        }
        if one.after == Content::Nothing {
            return Ok(());
        }
        if self.kind(path).await? != EntryKind::Absent {
            return Err(meddled(&one.path, "appeared").into());
        }
        Ok(self.exchange.rename(&TARGET, &origin(number, one), path).await?)
    }

    /// Whether exactly this stands at a path.
    async fn holds(&self, path: &str, content: &Content) -> Result<bool, HostError> {
        let kind = self.kind(path).await?;
        match content {
            Content::Nothing => Ok(kind == EntryKind::Absent),
            Content::File(_) if kind != EntryKind::File => Ok(false),
            Content::File(hash) => self.hold_all(&[(path.to_owned(), *hash)]).await,
            Content::Directory(_) if kind != EntryKind::Directory => Ok(false),
            Content::Directory(files) => {
                let expected: BTreeMap<String, Digest> =
                    files.iter().map(|(inner, hash)| (format!("{path}/{inner}"), *hash)).collect();
                let levels = self.exchange.walk(&TARGET, path).await?;
                let found: BTreeSet<&String> = levels.iter().flat_map(|level| &level.others).collect();
                if !found.into_iter().eq(expected.keys()) {
                    return Ok(false);
                }
                self.hold_all(&expected.into_iter().collect::<Vec<_>>()).await
            }
        }
    }

    async fn hold_all(&self, files: &[(String, Digest)]) -> Result<bool, HostError> {
        for some in files.chunks(FILES_AT_ONCE) {
            let paths: Vec<String> = some.iter().map(|(path, _)| path.clone()).collect();
            let contents = self.exchange.read_all(&TARGET, &paths, archive::MAX_UNPACKED).await;
            for ((_, hash), content) in some.iter().zip(contents) {
                match content {
                    Ok(content) if Digest::of(&content) == *hash => {}
                    Err(error) if !error.is(HostErrorKind::TooLarge) => return Err(error),
                    Ok(_) | Err(_) => return Ok(false),
                }
            }
        }
        Ok(true)
    }

    async fn finish(&self, journal: &Journal) -> Result<(), Vec<Diagnostic>> {
        self.sync(touched(journal)).await?;
        match journal.ending {
            Ending::Undoable => self.end_journal(DONE).await?,
            Ending::ForGood => self.end_journal(FINISHED).await?,
        }
        // Before rubbish goes, nobody may take it for what is needed.
        let marked = [STATE_DIRECTORY, STAGING].map(str::to_owned);
        self.sync(marked).await.or_else(|_: Vec<Diagnostic>| Ok(()))
    }

    /// Moves the journal to where it says that its write has ended. Until then, what is staged is
    /// needed.
    async fn end_journal(&self, to: &str) -> Result<(), HostError> {
        match self.exchange.rename(&TARGET, JOURNAL, to).await {
            // The reply may be wrong, the journal is not.
            Err(error) if self.kind(JOURNAL).await.ok() != Some(EntryKind::Absent) => Err(error),
            Ok(()) | Err(_) => Ok(()),
        }
    }

    /// Takes everything back, in reverse, and adds what could not be.
    async fn roll_back(&self, journal: &Journal, mut problems: Vec<Diagnostic>) -> Vec<Diagnostic> {
        // Without a journal nothing has moved.
        if self.kind(JOURNAL).await.ok() == Some(EntryKind::Absent) {
            self.clear_away(journal).await;
            return problems;
        }
        self.exchange.tell(Progress::RollingBack);
        let mut stuck: Vec<HostError> = Vec::new();
        for (number, one) in journal.moves.iter().enumerate().rev() {
            stuck.extend(self.take_back(number, one).await.err());
        }
        if stuck.is_empty() {
            // What cannot be synced is moved back all the same.
            let _unsynced = self.sync(touched(journal)).await;
            stuck.extend(self.end_journal(FINISHED).await.err());
        }
        if stuck.is_empty() {
            let _unsynced = self.sync([STATE_DIRECTORY.to_owned()]).await;
            self.clear_away(journal).await;
        } else {
            let error =
                Diagnostic::error(Code::PartialInstall, "what was written could not be taken back whole");
            let error = error.about(JOURNAL).suggest(recover::HOW_TO_END);
            let error =
                stuck.into_iter().fold(error, |error, stuck| error.because(Diagnostic::from(stuck).message));
            problems.insert(0, error);
        }
        problems
    }

    async fn take_back(&self, number: usize, one: &Move) -> Result<(), HostError> {
        let path = one.path.as_str();
        let origin = origin(number, one);
        let is_placed = one.after != Content::Nothing && self.kind(&origin).await? == EntryKind::Absent;
        if is_placed && self.kind(path).await? != EntryKind::Absent {
            self.exchange.rename(&TARGET, path, &origin).await?;
            let held = self.holds(&origin, &one.after).await;
            if !matches!(held, Ok(true)) {
                // It is somebody's by now.
                self.exchange.rename(&TARGET, &origin, path).await?;
                return Err(held.err().unwrap_or_else(|| HostError::changed_since(path)));
            }
        }
        if one.before == Content::Nothing {
            return Ok(());
        }
        if self.kind(&aside(number)).await? == EntryKind::Absent {
            return if is_placed { Err(HostError::gone(path)) } else { Ok(()) };
        }
        if self.kind(path).await? == EntryKind::Absent {
            return self.exchange.rename(&TARGET, &aside(number), path).await;
        }
        // Whoever brought it back was faster.
        if self.holds(path, &one.before).await? {
            Ok(())
        } else {
            Err(HostError::in_the_way(path, &aside(number)))
        }
    }

    /// Removes what a write that has ended leaves behind. The journal, marked as finished, goes last:
    /// as long as there is any rubbish, it says so.
    async fn clear_away(&self, journal: &Journal) {
        self.clear(STAGING).await;
        // Directories that files did not come to in the end.
        self.remove_directories(&journal.made).await;
        self.remove_marks().await;
    }

    /// Makes what was moved aside the way back, in place of the one there was. Where that cannot be, it
    /// stays where it is, and the next write tries again.
    async fn keep(&self, journal: &Journal) -> Result<(), Diagnostic> {
        self.remove_directories(&journal.emptied).await;
        // Without its journal it is no way back, whatever else is left of it.
        self.exchange.try_remove_all(&TARGET, [UNDO_JOURNAL.to_owned()]).await;
        self.clear(UNDO).await;
        let unkept = |error: HostError| {
            let message =
                format!("what the last write replaced stays in `{STAGING}` and cannot become `{UNDO}`");
            let error = Diagnostic::error(Code::Storage, message).about(UNDO).because(error.message());
            error.suggest(format!("remove `{UNDO}` if it is there; the next write or undo tries again"))
        };
        if self.kind(UNDO).await.map_err(unkept)? != EntryKind::Absent {
            return Err(unkept(HostError::left(UNDO)));
        }
        match self.exchange.rename(&TARGET, STAGING, UNDO).await {
            // The reply may be wrong.
            Err(error) if self.kind(STAGING).await.ok() != Some(EntryKind::Absent) => Err(unkept(error)),
            Ok(()) | Err(_) => Ok(()),
        }
    }

    /// Removes what was staged, and nobody is to move.
    async fn abandon(&self) {
        self.clear(STAGING).await;
        self.remove_marks().await;
    }

    async fn remove_marks(&self) {
        if self.kind(STAGING).await.ok() == Some(EntryKind::Absent) {
            self.exchange.try_remove_all(&TARGET, [FINISHED, NEW_JOURNAL].map(str::to_owned)).await;
        }
    }

    /// Removes a directory of ours with all that is in it.
    async fn clear(&self, directory: &str) {
        let levels = self.exchange.walk(&TARGET, directory).await.unwrap_or_default();
        for level in levels.into_iter().rev() {
            self.exchange.try_remove_all(&TARGET, level.others.into_iter().chain(level.directories)).await;
        }
        self.exchange.try_remove_all(&TARGET, [directory.to_owned()]).await;
    }

    /// Removes directories as far as they are empty; the outer stand before the inner. What is no
    /// directory by now is somebody else's.
    async fn remove_directories(&self, directories: &[String]) {
        for directory in directories.iter().rev() {
            if self.kind(directory).await.ok() == Some(EntryKind::Directory) {
                self.exchange.try_remove_all(&TARGET, [directory.clone()]).await;
            }
        }
    }

    /// Lets other processes in again, and leaves no empty directory behind.
    pub(super) async fn leave(self) {
        if self.capabilities.lock {
            self.exchange.unlock(&TARGET, STATE_DIRECTORY).await;
        }
        // It is our own, whoever made it.
        self.remove_directories(&[STATE_DIRECTORY.to_owned()]).await;
        self.remove_directories(&self.made).await;
    }

    async fn sync(&self, paths: impl IntoIterator<Item = String>) -> Result<(), Vec<Diagnostic>> {
        match self.capabilities.sync {
            true => Ok(self.exchange.sync_all(&TARGET, paths).await?),
            false => Ok(()),
        }
    }

    async fn kind(&self, path: &str) -> Result<EntryKind, HostError> {
        Ok(self.exchange.stat_all(&TARGET, &[path.to_owned()]).await?[0].kind)
    }
}

/// How far a move has come.
#[derive(Clone, Copy, Debug)]
struct Standing {
    /// What comes is there.
    is_placed: bool,
    /// What stood there was moved aside.
    is_aside: bool,
}

impl Standing {
    const FRESH: Standing = Standing { is_placed: false, is_aside: false };
}

/// The directories that moves put something into or take something out of.
fn touched(journal: &Journal) -> BTreeSet<String> {
    let parent = |path: &str| path.rsplit_once('/').map_or("", |(parent, _)| parent).to_owned();
    let moved = journal.moves.iter().map(|one| parent(one.path.as_str()));
    let made = journal.made.iter().filter(|path| !path.is_empty()).map(|path| parent(path));
    moved.chain(made).collect()
}

/// The bytes that the target has room for, if the host knows.
pub(super) async fn room(exchange: &Exchange, capabilities: Capabilities) -> Option<u64> {
    if capabilities.space { exchange.space(&TARGET).await.ok() } else { None }
}

/// Bytes as people read them, in thousands.
fn shown(bytes: u64) -> String {
    match bytes {
        0..1_000_000 => format!("{} kB", bytes.div_ceil(1000)),
        _ => format!("{}.{} MB", bytes / 1_000_000, bytes / 100_000 % 10),
    }
}

fn meddled(path: &RelPath, what: &str) -> Diagnostic {
    let message = format!("`{path}` {what} while the target was being written");
    Diagnostic::error(Code::FileConflict, message).about(path).suggest("run the command again")
}
