//! The table of requests between a command and its host: what is queued, handed out, answered.

use std::collections::{BTreeMap, VecDeque};
use std::future::Future;
use std::pin::Pin;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use super::protocol::{Entry, EntryKind, HostErrorKind, Reply, Request, RequestBody, RequestId, Root};
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
    slots: BTreeMap<RequestId, Slot>,
    cancelled: bool,
}

/// Requests of one kind, in order, with how many are out.
#[derive(Default)]
struct Lane {
    queued: VecDeque<Request>,
    open: usize,
}

struct Slot {
    waker: Waker,
    state: SlotState,
    fetch: bool,
}

enum SlotState {
    Queued,
    Open,
    Answered(Reply),
}

/// A request that failed in the host.
#[derive(Clone, Debug)]
pub(super) struct HostError {
    pub(super) kind: HostErrorKind,
    message: String,
    what: String,
}

/// What a server said.
pub(super) struct Response {
    pub(super) status: u16,
    pub(super) body: Vec<u8>,
}

/// What stands at a path.
#[derive(Clone, Copy)]
pub(super) struct Stat {
    pub(super) kind: EntryKind,
    pub(super) executable: bool,
}

impl Exchange {
    fn table(&self) -> MutexGuard<'_, Table> {
        // No code panics while it holds the table.
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Requests to hand out now, within the bounds on what is open.
    pub(super) fn take_queued(&self) -> Vec<Request> {
        let table = &mut *self.table();
        let mut requests = table.fetches.take(MAX_FETCHES);
        requests.extend(table.files.take(MAX_FILES));
        for request in &requests {
            if let Some(slot) = table.slots.get_mut(&request.id) {
                slot.state = SlotState::Open;
            }
        }
        requests
    }

    /// Takes in a reply, if its request is open.
    pub(super) fn answer(&self, id: RequestId, reply: Reply) -> Option<()> {
        let table = &mut *self.table();
        let slot = table.slots.get_mut(&id).filter(|slot| matches!(slot.state, SlotState::Open))?;
        slot.state = SlotState::Answered(reply);
        slot.waker.wake_by_ref();
        let lane = if slot.fetch { &mut table.fetches } else { &mut table.files };
        lane.open -= 1;
        Some(())
    }

    pub(super) fn cancel(&self) {
        self.table().cancelled = true;
    }

    pub(super) fn is_cancelled(&self) -> bool {
        self.table().cancelled
    }

    fn ask(&self, body: RequestBody) -> Ask<'_> {
        Ask { exchange: self, body: Some(body), id: 0 }
    }

    pub(super) async fn fetch(&self, url: &str, max_bytes: usize) -> Result<Response, HostError> {
        let headers = BTreeMap::new();
        match self.ask(RequestBody::Fetch { url: url.to_owned(), headers, max_bytes }).await {
            Reply::Response { status, body, .. } => Ok(Response { status, body }),
            reply => Err(HostError::new(reply, format!("fetching {url}"))),
        }
    }

    pub(super) async fn read(&self, root: &Root, path: &str, max_bytes: usize) -> Result<Vec<u8>, HostError> {
        match self.ask(RequestBody::Read { root: root.clone(), path: path.to_owned(), max_bytes }).await {
            Reply::Bytes { bytes } => Ok(bytes),
            reply => Err(HostError::new(reply, format!("reading {}", place(root, path)))),
        }
    }

    /// The entries of a directory by name.
    pub(super) async fn list(&self, root: &Root, path: &str) -> Result<Vec<Entry>, HostError> {
        match self.ask(RequestBody::List { root: root.clone(), path: path.to_owned() }).await {
            Reply::Entries { mut entries } => {
                entries.sort_by(|a, b| a.name.cmp(&b.name));
                Ok(entries)
            }
            reply => Err(HostError::new(reply, format!("listing {}", place(root, path)))),
        }
    }

    pub(super) async fn stat(&self, root: &Root, path: &str) -> Result<Stat, HostError> {
        match self.ask(RequestBody::Stat { root: root.clone(), path: path.to_owned() }).await {
            Reply::Stat { kind, executable, .. } => Ok(Stat { kind, executable }),
            reply => Err(HostError::new(reply, format!("looking at {}", place(root, path)))),
        }
    }

    pub(super) async fn make_directory(&self, root: &Root, path: &str) -> Result<(), HostError> {
        let reply = self.ask(RequestBody::MakeDirectory { root: root.clone(), path: path.to_owned() }).await;
        done(reply, || format!("making the directory {}", place(root, path)))
    }

    pub(super) async fn create(
        &self,
        root: &Root,
        path: &str,
        content: Vec<u8>,
        mode: Mode,
    ) -> Result<(), HostError> {
        let reply =
            self.ask(RequestBody::Create { root: root.clone(), path: path.to_owned(), content, mode }).await;
        done(reply, || format!("writing {}", place(root, path)))
    }

    pub(super) async fn rename(&self, root: &Root, from: &str, to: &str) -> Result<(), HostError> {
        let body = RequestBody::Rename { root: root.clone(), from: from.to_owned(), to: to.to_owned() };
        done(self.ask(body).await, || format!("moving {from} to {to}"))
    }

    pub(super) async fn remove(&self, root: &Root, path: &str) -> Result<(), HostError> {
        let reply = self.ask(RequestBody::Remove { root: root.clone(), path: path.to_owned() }).await;
        done(reply, || format!("removing {}", place(root, path)))
    }
}

impl Lane {
    fn take(&mut self, most: usize) -> Vec<Request> {
        let count = most.saturating_sub(self.open).min(self.queued.len());
        self.open += count;
        self.queued.drain(..count).collect()
    }
}

fn place(root: &Root, path: &str) -> String {
    match (root, path) {
        (Root::Target, "") => "the project's directory".to_owned(),
        (Root::Target, path) => path.to_owned(),
        (root, "") => format!("the directory of {root}"),
        (root, path) => format!("{path} of {root}"),
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

    pub(super) fn is(&self, kind: HostErrorKind) -> bool {
        self.kind == kind
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
            HostErrorKind::ReadOnly => (Code::Storage, Some("choose another directory with `--output`")),
            HostErrorKind::TooLarge => (Code::InvalidInput, None),
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

/// Waits for a reply. The request is queued when first polled, so that order follows the code.
struct Ask<'a> {
    exchange: &'a Exchange,
    body: Option<RequestBody>,
    id: RequestId,
}

impl Future for Ask<'_> {
    type Output = Reply;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Reply> {
        let ask = self.get_mut();
        let table = &mut *ask.exchange.table();
        if let Some(body) = ask.body.take() {
            ask.id = table.next;
            table.next += 1;
            let fetch = matches!(body, RequestBody::Fetch { .. });
            let lane = if fetch { &mut table.fetches } else { &mut table.files };
            lane.queued.push_back(Request { id: ask.id, body });
            let slot = Slot { waker: context.waker().clone(), state: SlotState::Queued, fetch };
            table.slots.insert(ask.id, slot);
            return Poll::Pending;
        }
        match table.slots.remove(&ask.id) {
            Some(Slot { state: SlotState::Answered(reply), .. }) => Poll::Ready(reply),
            Some(slot) => {
                table.slots.insert(ask.id, Slot { waker: context.waker().clone(), ..slot });
                Poll::Pending
            }
            None => Poll::Pending,
        }
    }
}
