//! The table of requests between a command and its host: what is queued, handed out, answered.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::future::Future;
use std::ops::Range;
use std::pin::Pin;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use super::protocol::{
    Entry, EntryKind, HostErrorKind, HttpCache, Kept, Method, Progress, Reply, Request, RequestBody,
    RequestId, Root,
};
use crate::diagnostic::{Code, Diagnostic};
use crate::manifest::Mode;

/// The most requests to servers that are open at a time.
const MAX_FETCHES: usize = 16;

/// The most other requests that are open at a time, below what systems allow of open files.
const MAX_FILES: usize = 128;

/// Requests and their replies.
#[derive(Default)]
pub(super) struct Exchange {
    table: Mutex<Table>,
}

#[derive(Default)]
struct Table {
    next: RequestId,
    fetches: Lane,
    files: Lane,
    /// What is told and awaits no reply.
    told: Lane,
    replies: BTreeMap<RequestId, Reply>,
    cancelled: bool,
}

/// Requests of one kind: waiting to be handed out, and handed out.
#[derive(Default)]
struct Lane {
    queued: VecDeque<Request>,
    open: BTreeSet<RequestId>,
}

/// A request that failed in the host.
#[derive(Clone, Debug)]
pub(super) struct HostError {
    pub(super) kind: HostErrorKind,
    message: String,
    what: String,
}

/// What is asked of a server.
pub(super) struct Fetch {
    pub(super) method: Method,
    pub(super) url: String,
    /// What messages say in place of the address, which may have secrets after a redirect.
    pub(super) shown: String,
    pub(super) headers: BTreeMap<String, String>,
    pub(super) body: Vec<u8>,
    pub(super) max_bytes: usize,
    pub(super) idle_milliseconds: u32,
    pub(super) cache: HttpCache,
    pub(super) label: Option<String>,
}

/// What a server said. Names of headers are in lower case.
pub(super) struct Response {
    pub(super) status: u16,
    pub(super) headers: BTreeMap<String, String>,
    pub(super) body: Vec<u8>,
}

/// What stands so many steps below a directory.
#[derive(Default)]
pub(super) struct Level {
    pub(super) directories: Vec<String>,
    pub(super) others: Vec<String>,
}

/// What stands at a path.
#[derive(Clone, Copy)]
pub(super) struct Stat {
    pub(super) kind: EntryKind,
    pub(super) executable: bool,
    pub(super) size: usize,
}

impl Exchange {
    fn table(&self) -> MutexGuard<'_, Table> {
        // No code panics while it holds the table.
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Requests to hand out now, within the bounds on what is open.
    pub(super) fn take_queued(&self) -> Vec<Request> {
        let mut requests = self.take_told();
        let table = &mut *self.table();
        requests.extend(table.fetches.take(MAX_FETCHES));
        requests.extend(table.files.take(MAX_FILES));
        requests
    }

    /// What is still to be told, which may be when all else is over.
    pub(super) fn take_told(&self) -> Vec<Request> {
        self.table().told.take(usize::MAX)
    }

    /// Takes in a reply, if its request is open.
    pub(super) fn answer(&self, id: RequestId, reply: Reply) -> Option<()> {
        let table = &mut *self.table();
        if table.told.open.remove(&id) {
            return Some(());
        }
        if !table.fetches.open.remove(&id) && !table.files.open.remove(&id) {
            return None;
        }
        table.replies.insert(id, reply);
        Some(())
    }

    /// Lets whoever watches know, and goes on at once.
    pub(super) fn tell(&self, progress: Progress) {
        let table = &mut *self.table();
        let request = Request { id: table.next, body: RequestBody::Tell { progress } };
        table.told.queued.push_back(request);
        table.next += 1;
    }

    pub(super) fn cancel(&self) {
        self.table().cancelled = true;
    }

    pub(super) fn is_cancelled(&self) -> bool {
        self.table().cancelled
    }

    /// Asks for several things at once and waits for all of them. Replies come in the order of the
    /// requests, whatever order they were given in.
    fn ask_all(&self, bodies: impl IntoIterator<Item = RequestBody>) -> Ask<'_> {
        Ask { exchange: self, bodies: bodies.into_iter().collect(), ids: 0..0 }
    }

    async fn ask(&self, body: RequestBody) -> Reply {
        self.ask_all([body]).await.pop().expect("one request has one reply")
    }

    /// Lets the host do other things before going on.
    pub(super) async fn pause(&self) {
        self.wait(0).await;
    }

    pub(super) async fn wait(&self, milliseconds: u32) {
        self.ask(RequestBody::Wait { milliseconds }).await;
    }

    /// What servers say.
    pub(super) async fn fetch_all(&self, fetches: Vec<Fetch>) -> Vec<Result<Response, HostError>> {
        let shown: Vec<String> = fetches.iter().map(|fetch| fetch.shown.clone()).collect();
        let body = |fetch: Fetch| {
            let Fetch { method, url, headers, body, max_bytes, idle_milliseconds, cache, label, .. } = fetch;
            RequestBody::Fetch { method, url, headers, body, max_bytes, idle_milliseconds, cache, label }
        };
        let replies = self.ask_all(fetches.into_iter().map(body)).await;
        let response = |(reply, shown): (Reply, String)| match reply {
            Reply::Response { status, headers, body } => Ok(Response { status, headers, body }),
            reply => Err(HostError::new(reply, format!("fetching {shown}"))),
        };
        replies.into_iter().zip(shown).map(response).collect()
    }

    /// What the cache has for some keys, each within so many bytes. A cache that fails has nothing.
    pub(super) async fn read_cache(&self, keys: Vec<(String, usize)>) -> Vec<Option<Kept>> {
        let read = |(key, max_bytes)| RequestBody::CacheRead { key, max_bytes };
        let replies = self.ask_all(keys.into_iter().map(read)).await.into_iter();
        replies.map(|reply| if let Reply::Cached { found } = reply { found } else { None }).collect()
    }

    /// Keeps keys, texts and bytes in the cache. What cannot be kept is fetched again next time.
    pub(super) async fn write_cache(&self, entries: Vec<(String, String, Vec<u8>)>) {
        self.ask_all(entries.into_iter().map(|(key, meta, body)| RequestBody::CacheWrite {
            key,
            meta,
            body,
        }))
        .await;
    }

    /// The content of some files.
    pub(super) async fn read_all(
        &self,
        root: &Root,
        paths: &[String],
        max_bytes: usize,
    ) -> Vec<Result<Vec<u8>, HostError>> {
        let read = |path: &String| RequestBody::Read { root: root.clone(), path: path.clone(), max_bytes };
        let replies = self.ask_all(paths.iter().map(read)).await;
        let bytes = |(reply, path): (Reply, &String)| match reply {
            Reply::Bytes { bytes } => Ok(bytes),
            reply => Err(HostError::new(reply, format!("reading {}", place(root, path)))),
        };
        replies.into_iter().zip(paths).map(bytes).collect()
    }

    pub(super) async fn read(&self, root: &Root, path: &str, max_bytes: usize) -> Result<Vec<u8>, HostError> {
        self.read_all(root, &[path.to_owned()], max_bytes).await.remove(0)
    }

    /// The entries of some directories, each by name.
    pub(super) async fn list_all(&self, root: &Root, paths: &[String]) -> Vec<Result<Vec<Entry>, HostError>> {
        let list = |path: &String| RequestBody::List { root: root.clone(), path: path.clone() };
        let replies = self.ask_all(paths.iter().map(list)).await;
        let entries = |(reply, path): (Reply, &String)| match reply {
            Reply::Entries { mut entries } => {
                entries.sort_by(|a, b| a.name.cmp(&b.name));
                Ok(entries)
            }
            reply => Err(HostError::new(reply, format!("listing {}", place(root, path)))),
        };
        replies.into_iter().zip(paths).map(entries).collect()
    }

    pub(super) async fn list(&self, root: &Root, path: &str) -> Result<Vec<Entry>, HostError> {
        self.list_all(root, &[path.to_owned()]).await.remove(0)
    }

    /// Everything below a directory, level by level.
    pub(super) async fn walk(&self, root: &Root, directory: &str) -> Result<Vec<Level>, HostError> {
        let mut levels: Vec<Level> = Vec::new();
        let mut open = vec![directory.to_owned()];
        while !open.is_empty() {
            let listings = self.list_all(root, &open).await;
            let mut level = Level::default();
            for (directory, entries) in open.iter().zip(listings) {
                for entry in entries? {
                    let path = format!("{directory}/{}", entry.name);
                    match entry.kind {
                        EntryKind::Directory => level.directories.push(path),
                        _ => level.others.push(path),
                    }
                }
            }
            open.clone_from(&level.directories);
            levels.push(level);
        }
        Ok(levels)
    }

    /// What stands at some paths.
    pub(super) async fn stat_all(&self, root: &Root, paths: &[String]) -> Result<Vec<Stat>, HostError> {
        let stat = |path: &String| RequestBody::Stat { root: root.clone(), path: path.clone() };
        let replies = self.ask_all(paths.iter().map(stat)).await;
        let stat = |(reply, path): (Reply, &String)| match reply {
            Reply::Stat { kind, executable, size } => Ok(Stat { kind, executable, size }),
            reply => Err(HostError::new(reply, format!("looking at {}", place(root, path)))),
        };
        replies.into_iter().zip(paths).map(stat).collect()
    }

    /// Makes directories whose parents are there. One that is there already will do.
    pub(super) async fn make_directories(
        &self,
        root: &Root,
        paths: impl IntoIterator<Item = String>,
    ) -> Result<(), HostError> {
        let paths: Vec<String> = paths.into_iter().collect();
        let make = |path: &String| RequestBody::MakeDirectory { root: root.clone(), path: path.clone() };
        let replies = self.ask_all(paths.iter().map(make)).await;
        let made = replies.into_iter().zip(&paths).map(|(reply, path)| {
            done(reply, || match path.as_str() {
                "" => format!("making {}", place(root, path)),
                path => format!("making the directory {}", place(root, path)),
            })
        });
        made.filter(|made| !matches!(made, Err(error) if error.is(HostErrorKind::Exists))).collect()
    }

    /// Writes new files. All are waited for, even when one fails.
    pub(super) async fn create_all(&self, root: &Root, files: Vec<NewFile>) -> Result<(), HostError> {
        let paths: Vec<String> = files.iter().map(|file| file.path.clone()).collect();
        let create = |NewFile { path, content, mode, like }| RequestBody::Create {
            root: root.clone(),
            path,
            content,
            mode,
            like,
        };
        let replies = self.ask_all(files.into_iter().map(create)).await;
        let mut written = replies.into_iter().zip(paths);
        written.try_for_each(|(reply, path)| done(reply, || format!("writing {}", place(root, &path))))
    }

    pub(super) async fn rename(&self, root: &Root, from: &str, to: &str) -> Result<(), HostError> {
        let body = RequestBody::Rename { root: root.clone(), from: from.to_owned(), to: to.to_owned() };
        done(self.ask(body).await, || format!("moving {from} to {to}"))
    }

    /// Has what was written survive a power failure: the content of files, the entries of directories.
    pub(super) async fn sync_all(
        &self,
        root: &Root,
        paths: impl IntoIterator<Item = String>,
    ) -> Result<(), HostError> {
        let paths: Vec<String> = paths.into_iter().collect();
        let sync = |path: &String| RequestBody::Sync { root: root.clone(), path: path.clone() };
        let replies = self.ask_all(paths.iter().map(sync)).await;
        let mut synced = replies.into_iter().zip(&paths);
        synced.try_for_each(|(reply, path)| {
            done(reply, || format!("making sure that the disk has {}", place(root, path)))
        })
    }

    /// Keeps other processes out, if none is in.
    pub(super) async fn lock(&self, root: &Root, path: &str) -> Result<(), HostError> {
        let reply = self.ask(RequestBody::Lock { root: root.clone(), path: path.to_owned() }).await;
        done(reply, || format!("locking {}", place(root, "")))
    }

    /// Lets other processes in. Should that fail, the lock ends with this process.
    pub(super) async fn unlock(&self, root: &Root, path: &str) {
        self.ask(RequestBody::Unlock { root: root.clone(), path: path.to_owned() }).await;
    }

    /// How many bytes there is room for.
    pub(super) async fn space(&self, root: &Root) -> Result<u64, HostError> {
        match self.ask(RequestBody::Space { root: root.clone() }).await {
            Reply::Space { bytes } => Ok(bytes),
            reply => Err(HostError::new(reply, "asking how much room there is".to_owned())),
        }
    }

    /// Runs a line in a directory and gives what it exited with, unless a signal ended it.
    pub(super) async fn run(&self, root: &Root, path: &str, command: &str) -> Result<Option<i32>, HostError> {
        let body =
            RequestBody::Run { root: root.clone(), path: path.to_owned(), command: command.to_owned() };
        match self.ask(body).await {
            Reply::Ran { code } => Ok(code),
            reply => Err(HostError::new(reply, format!("running `{command}`"))),
        }
    }

    /// Removes files and empty directories, in any order. What does not go stays.
    pub(super) async fn try_remove_all(&self, root: &Root, paths: impl IntoIterator<Item = String>) {
        self.ask_all(paths.into_iter().map(|path| RequestBody::Remove { root: root.clone(), path })).await;
    }
}

/// A file to write.
pub(super) struct NewFile {
    pub(super) path: String,
    pub(super) content: Vec<u8>,
    pub(super) mode: Mode,
    /// The file that it is to replace.
    pub(super) like: Option<String>,
}

impl NewFile {
    /// A file that replaces none.
    pub(super) fn fresh(path: impl Into<String>, content: Vec<u8>, mode: Mode) -> NewFile {
        NewFile { path: path.into(), content, mode, like: None }
    }
}

impl Lane {
    fn take(&mut self, most: usize) -> Vec<Request> {
        let count = most.saturating_sub(self.open.len()).min(self.queued.len());
        let requests: Vec<Request> = self.queued.drain(..count).collect();
        self.open.extend(requests.iter().map(|request| request.id));
        requests
    }
}

fn place(root: &Root, path: &str) -> String {
    match (root, path) {
        (Root::Target, "") => "the project's directory".to_owned(),
        (Root::Source, "") => "the directory of the packs".to_owned(),
        (Root::Registry(id), "") => format!("the directory of the registry `{id}`"),
        (Root::Target | Root::Source, path) => path.to_owned(),
        (Root::Registry(id), path) => format!("{path} of the registry `{id}`"),
    }
}

fn done(reply: Reply, what: impl FnOnce() -> String) -> Result<(), HostError> {
    match reply {
        Reply::Done => Ok(()),
        reply => Err(HostError::new(reply, what())),
    }
}

impl HostError {
    fn new(reply: Reply, what: String) -> HostError {
        match reply {
            Reply::Error { kind, message } => HostError { kind, message, what },
            _ => HostError {
                kind: HostErrorKind::Other,
                message: "the host answered with another kind of reply than was asked for".to_owned(),
                what,
            },
        }
    }

    /// That something stands where a file should come back to.
    pub(super) fn in_the_way(path: &str, kept: &str) -> HostError {
        HostError {
            kind: HostErrorKind::Exists,
            message: format!("something else stands there now; what stood there before is `{kept}`"),
            what: format!("putting {path} back"),
        }
    }

    /// That what was written is no longer what was written.
    pub(super) fn changed_since(path: &str) -> HostError {
        HostError {
            kind: HostErrorKind::Exists,
            message: "it was changed since it was written".to_owned(),
            what: format!("taking {path} back, which was changed since it was written,"),
        }
    }

    /// That something which was removed is there still.
    pub(super) fn left(path: &str) -> HostError {
        HostError {
            kind: HostErrorKind::Exists,
            message: "something in it cannot be removed".to_owned(),
            what: format!("removing {path}"),
        }
    }

    /// That what stood somewhere can no longer be put back.
    pub(super) fn gone(path: &str) -> HostError {
        HostError {
            kind: HostErrorKind::NotFound,
            message: "it was removed from the staging directory".to_owned(),
            what: format!("putting {path} back, which is gone from the staging directory,"),
        }
    }

    pub(super) fn is(&self, kind: HostErrorKind) -> bool {
        self.kind == kind
    }

    /// Why, in the host's words.
    pub(super) fn message(&self) -> &str {
        &self.message
    }
}

impl From<HostError> for Diagnostic {
    fn from(error: HostError) -> Diagnostic {
        let HostError { kind, message, what } = error;
        let (code, hint) = match kind {
            HostErrorKind::Network => {
                (Code::Network, Some("check the connection and the registry's address"))
            }
            HostErrorKind::Timeout => (Code::Network, Some("try again")),
            HostErrorKind::NotFound => (Code::FileNotFound, None),
            HostErrorKind::Permission => {
                (Code::Storage, Some("check the permissions, and that no parent is a link"))
            }
            HostErrorKind::NoSpace => (Code::Storage, Some("make room and try again")),
            HostErrorKind::ReadOnly => (Code::Storage, Some("choose another directory")),
            HostErrorKind::TooLarge => (Code::InvalidInput, None),
            HostErrorKind::Locked => (Code::Locked, None),
            HostErrorKind::Exists | HostErrorKind::Unsupported | HostErrorKind::Other => {
                (Code::Storage, None)
            }
        };
        let error = Diagnostic::error(code, format!("{what} failed")).because(message);
        match hint {
            Some(hint) => error.suggest(hint),
            None => error,
        }
    }
}

impl From<HostError> for Vec<Diagnostic> {
    fn from(error: HostError) -> Vec<Diagnostic> {
        vec![error.into()]
    }
}

/// Waits for the replies to some requests, which are queued when it is first polled. It needs no
/// waker: the session polls its one task whenever a reply is in.
struct Ask<'a> {
    exchange: &'a Exchange,
    bodies: Vec<RequestBody>,
    ids: Range<RequestId>,
}

impl Future for Ask<'_> {
    type Output = Vec<Reply>;

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Vec<Reply>> {
        let ask = self.get_mut();
        let table = &mut *ask.exchange.table();
        if !ask.bodies.is_empty() {
            let first = table.next;
            for body in std::mem::take(&mut ask.bodies) {
                let lane = if matches!(body, RequestBody::Fetch { .. }) {
                    &mut table.fetches
                } else {
                    &mut table.files
                };
                lane.queued.push_back(Request { id: table.next, body });
                table.next += 1;
            }
            ask.ids = first..table.next;
        }
        // One task asks at a time, so every reply that is in belongs to it; what is told has none.
        if table.replies.len() < ask.ids.len() {
            return Poll::Pending;
        }
        Poll::Ready(std::mem::take(&mut table.replies).into_values().collect())
    }
}
