//! A host in memory: serves requests from maps, in any order, and goes wrong on demand.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use packwright::diagnostic::Diagnostic;
use packwright::manifest::Mode;
use packwright::session::{
    Capabilities, Command, Entry, EntryKind, HostErrorKind, Kept, Location, Method, Outcome, Progress,
    RegistryInput, Reply, Request, RequestBody, Root, Session, SessionInput, Step,
};

use crate::starter::TIMESTAMP;

pub type Ending = Result<Outcome, Vec<Diagnostic>>;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Node {
    File { content: Vec<u8>, mode: Mode },
    Directory,
    Link,
}

/// What stands at each path; the directory itself is the empty path.
pub type Directory = BTreeMap<String, Node>;

/// A directory with regular files and every directory they need.
pub fn directory<P: AsRef<str>, C: AsRef<[u8]>>(files: impl IntoIterator<Item = (P, C)>) -> Directory {
    let mut directory = Directory::from([(String::new(), Node::Directory)]);
    for (path, content) in files {
        put(&mut directory, path.as_ref(), content.as_ref(), Mode::Regular);
    }
    directory
}

pub fn put(directory: &mut Directory, path: &str, content: &[u8], mode: Mode) {
    for (at, _) in path.match_indices('/') {
        directory.insert(path[..at].to_owned(), Node::Directory);
    }
    directory.insert(path.to_owned(), Node::File { content: content.to_vec(), mode });
}

#[derive(Clone, Default)]
pub struct Host {
    pub roots: BTreeMap<String, Directory>,
    pub urls: BTreeMap<String, Vec<u8>>,
    /// What servers say before they give what `urls` has, one after the other.
    pub answers: BTreeMap<String, VecDeque<Reply>>,
    /// What is kept, with a text about it.
    pub cache: BTreeMap<String, (String, Vec<u8>)>,
    /// Other processes that write into the target: each is met once by whoever wants to lock it.
    pub others: VecDeque<String>,
    /// The bytes there is room for; plenty if nothing is said.
    pub room: Option<u64>,
    /// What lines exit with that do not exit with 0; nothing: a signal ends them.
    pub exits: BTreeMap<String, Option<i32>>,
    /// What was performed, in order.
    pub log: Vec<RequestBody>,
    /// What watchers were told, in order.
    pub told: Vec<Progress>,
    /// A path of the target and what somebody writes there in the middle of everything.
    pub typed: Option<(String, Vec<u8>)>,
    /// Whether it came to that.
    pub was_typed: bool,
    /// How many locks were made, so that no two are called the same.
    pub locks: usize,
    /// The lock of the process that is at work, by where it is.
    pub held: BTreeMap<(String, String), String>,
    /// Files of the target that cannot be removed, as on some systems while a program has them open.
    pub stuck: BTreeSet<String>,
    /// What a power failure may damage: files of the target that were written and not synced.
    pub fresh: BTreeSet<String>,
}

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The request is not performed and its reply is an error.
    Fails(HostErrorKind),
    /// The request is performed all the same.
    FailsLate(HostErrorKind),
    /// Half of a file is written, then its reply is an error. What writes no file is not performed.
    FailsTorn(HostErrorKind),
    /// The request is performed, but its reply is that to another kind.
    Mistaken,
    /// The session is cancelled before the request is performed.
    Cancelled,
    /// The host dies before the request is performed.
    Dies,
    /// The host dies when the request was performed.
    DiesLate,
    /// The host dies when half of a file is written.
    DiesTorn,
    /// From here on there is no room.
    Full,
    /// From here on nothing may be changed.
    Denied,
    /// From here on no server answers.
    Unplugged,
    /// The server says that, and no more.
    Status(u16),
    /// The server's answer is cut off.
    Halved,
    /// The server's answer has a wrong byte.
    Flipped,
    /// Before the request somebody writes what `Host::typed` says.
    Typed,
}

/// What goes wrong at which request, counted from 0.
pub type Faults<'f> = &'f [(usize, Fault)];

pub const ERRORS: [HostErrorKind; 11] = [
    HostErrorKind::NotFound,
    HostErrorKind::Exists,
    HostErrorKind::Permission,
    HostErrorKind::NoSpace,
    HostErrorKind::ReadOnly,
    HostErrorKind::TooLarge,
    HostErrorKind::Network,
    HostErrorKind::Timeout,
    HostErrorKind::Unsupported,
    HostErrorKind::Locked,
    HostErrorKind::Other,
];

/// More requests than any command needs.
const MAX_REQUESTS: usize = 1_000_000;

/// What every host can do that has files.
pub const CAPABILITIES: Capabilities = Capabilities {
    rename: true,
    modes: true,
    cache: false,
    redirects: false,
    http_cache: false,
    lock: true,
    sync: true,
    space: true,
    run: true,
};

/// A command for a host with files and the registry `starter` on disk.
pub fn input(command: Command) -> SessionInput {
    let registry = RegistryInput {
        id: "starter".into(),
        location: Location::Directory,
        scopes: None,
        authorization: None,
        archives: Vec::new(),
    };
    let registries = vec![registry];
    SessionInput { registries, capabilities: CAPABILITIES, ..SessionInput::new(command, TIMESTAMP) }
}

/// A command as JavaScript writes it.
pub fn command(json: &str) -> SessionInput {
    input(serde_json::from_str(json).unwrap_or_else(|error| panic!("{error}: {json}")))
}

/// What takes the last write back.
pub const UNDO: &str = ".packwright/undo";

impl Host {
    /// The target without what takes the last write back.
    pub fn project(&self) -> Directory {
        let mut target = self.roots.get("target").cloned().unwrap_or_default();
        if target.contains_key(UNDO) {
            target.retain(|path, _| !path.starts_with(UNDO));
            if !target.keys().any(|path| path.starts_with(".packwright/")) {
                target.remove(".packwright");
            }
        }
        target
    }

    pub fn new<const N: usize>(roots: [(&str, Directory); N]) -> Host {
        Host { roots: roots.map(|(name, directory)| (name.to_owned(), directory)).into(), ..Host::default() }
    }

    /// Answers every request at once, in order.
    pub fn run(&mut self, input: SessionInput) -> Ending {
        self.drive(&mut Session::new(input), &mut |_| 0, &[]).expect("nobody dies")
    }

    /// Runs with a fault at a request, counted from 0. Nothing comes of it if the host dies.
    pub fn run_with(&mut self, input: SessionInput, at: usize, fault: Fault) -> Option<Ending> {
        self.drive(&mut Session::new(input), &mut |_| 0, &[(at, fault)])
    }

    /// Answers in an order that `choose` decides: it picks one of so many, for what to answer next
    /// and for whether to poll in between.
    pub fn run_shuffled(&mut self, input: SessionInput, choose: impl FnMut(usize) -> usize) -> Ending {
        self.run_shuffled_with(input, choose, &[]).expect("nobody dies")
    }

    /// Both.
    pub fn run_shuffled_with(
        &mut self,
        input: SessionInput,
        mut choose: impl FnMut(usize) -> usize,
        faults: Faults<'_>,
    ) -> Option<Ending> {
        self.drive(&mut Session::new(input), &mut choose, faults)
    }

    fn drive(
        &mut self,
        session: &mut Session,
        choose: &mut dyn FnMut(usize) -> usize,
        faults: Faults<'_>,
    ) -> Option<Ending> {
        // Of the locks of a process that is gone only the files are left.
        self.held.clear();
        let mut open: Vec<Request> = Vec::new();
        for count in 0..MAX_REQUESTS {
            while open.is_empty() || choose(2) == 0 {
                match session.poll() {
                    Step::Done(ending) => {
                        assert_eq!(session.poll(), Step::Done(ending.clone()), "done repeats");
                        self.let_go();
                        return Some(ending);
                    }
                    Step::Need(requests) => {
                        assert!(!requests.is_empty());
                        open.extend(requests.into_iter().filter_map(|request| self.heard(session, request)));
                    }
                    Step::Waiting => {
                        assert!(!open.is_empty(), "it waits, but nothing is open");
                        break;
                    }
                }
            }
            let request = open.remove(choose(open.len()));
            if faults.contains(&(count, Fault::Cancelled)) {
                session.cancel();
            }
            if faults.contains(&(count, Fault::Typed)) {
                self.type_in();
            }
            let reply = self.serve(&request.body, count, faults)?;
            session.answer(request.id, reply).expect("it is open");
        }
        panic!("it does not end");
    }

    /// What is told never gets further than to the program around a host.
    fn heard(&mut self, session: &mut Session, request: Request) -> Option<Request> {
        let RequestBody::Tell { progress } = request.body else { return Some(request) };
        self.told.push(progress);
        session.answer(request.id, Reply::Done).expect("it is open");
        None
    }

    /// What comes of a request; nothing if the host dies of it.
    fn serve(&mut self, body: &RequestBody, count: usize, faults: Faults<'_>) -> Option<Reply> {
        let told = |kind| Reply::Error { kind, message: "on demand".to_owned() };
        for &(from, fault) in faults.iter().filter(|(from, _)| *from <= count) {
            match fault {
                Fault::Full if needs_room(body) => return Some(told(HostErrorKind::NoSpace)),
                Fault::Denied if changes_files(body) => return Some(told(HostErrorKind::Permission)),
                Fault::Unplugged if matches!(body, RequestBody::Fetch { .. }) => {
                    return Some(told(HostErrorKind::Network));
                }
                _ if from < count => {}
                Fault::Fails(kind) => return Some(told(kind)),
                Fault::FailsLate(kind) => {
                    self.perform(body);
                    return Some(told(kind));
                }
                Fault::FailsTorn(kind) => {
                    self.tear(body);
                    return Some(told(kind));
                }
                Fault::Mistaken => {
                    let is_done = self.perform(body) == Reply::Done || !asks_for_something(body);
                    return Some(if is_done { Reply::Bytes { bytes: Vec::new() } } else { Reply::Done });
                }
                Fault::Dies => return None,
                Fault::DiesLate => {
                    self.perform(body);
                    return None;
                }
                Fault::DiesTorn => {
                    self.tear(body);
                    return None;
                }
                Fault::Status(_) | Fault::Halved | Fault::Flipped => {
                    return Some(garbled(self.perform(body), fault));
                }
                Fault::Cancelled | Fault::Full | Fault::Denied | Fault::Unplugged | Fault::Typed => {}
            }
        }
        Some(self.perform(body))
    }

    fn tear(&mut self, body: &RequestBody) {
        if let RequestBody::Create { root, path, content, mode, like } = body {
            let content = content[..content.len() / 2].to_vec();
            self.perform(&RequestBody::Create {
                root: root.clone(),
                path: path.clone(),
                content,
                mode: *mode,
                like: like.clone(),
            });
        }
    }

    /// As a process lets go of what it holds when it ends.
    fn let_go(&mut self) {
        for ((root, _), ticket) in std::mem::take(&mut self.held) {
            self.roots.entry(root).or_default().remove(&ticket);
        }
    }

    /// Writes what somebody types, if there is a place for it.
    pub fn type_in(&mut self) {
        let Some((path, content)) = &self.typed else { return };
        let nodes = self.roots.entry("target".to_owned()).or_default();
        let stands = |parent: &str| nodes.get(parent) == Some(&Node::Directory);
        let has_parents = stands("") && path.match_indices('/').all(|(at, _)| stands(&path[..at]));
        if has_parents && matches!(nodes.get(path), None | Some(Node::File { .. })) {
            nodes.insert(path.clone(), Node::File { content: content.clone(), mode: Mode::Regular });
            self.was_typed = true;
        }
    }

    /// What the disk may come to when power fails. What was done to entries of a directory since it was
    /// last synced may be lost, each for itself, but for what builds upon it; a file that was never
    /// synced may be empty, cut off, or end in zeroes. `before` is the target as it was before all of
    /// the log, `choose` picks.
    pub fn lose_power(&mut self, before: Directory, mut choose: impl FnMut(usize) -> usize) {
        let log = std::mem::take(&mut self.log);
        let done: Vec<&RequestBody> = log.iter().filter(|body| touches_target(body, &before)).collect();
        let is_lost = lost(&done, &mut choose);
        self.roots.insert("target".to_owned(), before);
        self.fresh.clear();
        for (body, _) in done.iter().zip(is_lost).filter(|(_, is_lost)| !is_lost) {
            self.perform(body);
        }
        self.log.clone_from(&log);
        let target = self.roots.entry("target".to_owned()).or_default();
        for path in std::mem::take(&mut self.fresh) {
            let Some(Node::File { content, .. }) = target.get_mut(&path) else { continue };
            let length = content.len();
            match choose(4) {
                0 => content.clear(),
                1 => content.truncate(choose(length + 1)),
                2 => content.iter_mut().skip(length / 2).for_each(|byte| *byte = 0),
                _ => {}
            }
        }
    }

    pub fn perform(&mut self, body: &RequestBody) -> Reply {
        self.log.push(body.clone());
        let done = match body {
            RequestBody::Wait { .. } | RequestBody::Tell { .. } => Ok(()),
            RequestBody::Fetch { method, url, body: content, max_bytes, .. } => {
                if let Some(reply) = self.answers.get_mut(url).and_then(VecDeque::pop_front) {
                    return reply;
                }
                if *method == Method::Put {
                    self.urls.insert(url.clone(), content.clone());
                    return Reply::Response { status: 201, headers: BTreeMap::new(), body: b"{}".to_vec() };
                }
                let (status, body) = match self.urls.get(url) {
                    Some(body) => (200, body.clone()),
                    None => (404, b"not here".to_vec()),
                };
                if body.len() > *max_bytes {
                    return error(HostErrorKind::TooLarge, url);
                }
                return Reply::Response { status, headers: BTreeMap::new(), body };
            }
            RequestBody::CacheRead { key, .. } => {
                let kept = self.cache.get(key).cloned();
                return Reply::Cached { found: kept.map(|(meta, body)| Kept { meta, body }) };
            }
            RequestBody::CacheWrite { key, meta, body } => {
                self.cache.insert(key.clone(), (meta.clone(), body.clone()));
                Ok(())
            }
            RequestBody::Read { root, path, max_bytes } => {
                return match self.node(root, path) {
                    Ok(Some(Node::File { content, .. })) if content.len() > *max_bytes => {
                        error(HostErrorKind::TooLarge, path)
                    }
                    Ok(Some(Node::File { content, .. })) => Reply::Bytes { bytes: content.clone() },
                    Ok(Some(_)) => error(HostErrorKind::Other, path),
                    Ok(None) => error(HostErrorKind::NotFound, path),
                    Err(reply) => reply,
                };
            }
            RequestBody::List { root, path } => match self.node(root, path) {
                Ok(Some(Node::Directory)) => {
                    let nodes = &self.roots[&root.to_string()];
                    // Not in order: the core must not care.
                    let entries = nodes.iter().rev().filter_map(|(at, node)| {
                        let (parent, name) = at.rsplit_once('/').unwrap_or(("", at));
                        (parent == path && !at.is_empty())
                            .then(|| Entry { name: name.to_owned(), kind: kind(node) })
                    });
                    return Reply::Entries { entries: entries.collect() };
                }
                Ok(Some(_)) => Err(error(HostErrorKind::Other, path)),
                Ok(None) => Err(error(HostErrorKind::NotFound, path)),
                Err(reply) => Err(reply),
            },
            RequestBody::Stat { root, path } => {
                return match self.node(root, path) {
                    Ok(None) => Reply::Stat { kind: EntryKind::Absent, size: 0, executable: false },
                    Ok(Some(Node::File { content, mode })) => Reply::Stat {
                        kind: EntryKind::File,
                        size: content.len(),
                        executable: *mode == Mode::Executable,
                    },
                    Ok(Some(node)) => Reply::Stat { kind: kind(node), size: 0, executable: false },
                    Err(reply) => reply,
                };
            }
            RequestBody::MakeDirectory { root, path } => {
                self.add(&root.to_string(), path, Node::Directory, false)
            }
            RequestBody::Create { root, path, content, mode, .. } => {
                let file = Node::File { content: content.clone(), mode: *mode };
                let added = self.add(&root.to_string(), path, file, false);
                if added.is_ok() && *root == Root::Target {
                    self.fresh.insert(path.clone());
                }
                added
            }
            RequestBody::Rename { root, from, to } => self.rename(&root.to_string(), from, to),
            RequestBody::Remove { path, .. } if self.stuck.contains(path) => {
                Err(error(HostErrorKind::Permission, path))
            }
            RequestBody::Remove { root, path } => {
                let nodes = self.roots.entry(root.to_string()).or_default();
                if nodes.keys().any(|at| is_below(at, path)) {
                    Err(error(HostErrorKind::Other, path))
                } else {
                    nodes.remove(path).map(|_| ()).ok_or_else(|| error(HostErrorKind::NotFound, path))
                }
            }
            RequestBody::Sync { root, path } => match self.node(root, path) {
                Ok(Some(_)) => {
                    self.fresh.remove(path);
                    Ok(())
                }
                Ok(None) => Err(error(HostErrorKind::NotFound, path)),
                Err(reply) => Err(reply),
            },
            RequestBody::Lock { root, path } => self.lock(&root.to_string(), path),
            RequestBody::Unlock { root, path } => {
                let root = root.to_string();
                if let Some(ticket) = self.held.remove(&(root.clone(), path.clone())) {
                    self.roots.entry(root).or_default().remove(&ticket);
                }
                Ok(())
            }
            RequestBody::Space { .. } => return Reply::Space { bytes: self.room.unwrap_or(1 << 40) },
            RequestBody::Run { root, path, command } => {
                return match self.node(root, path) {
                    Ok(Some(Node::Directory)) => {
                        Reply::Ran { code: self.exits.get(command).copied().unwrap_or(Some(0)) }
                    }
                    Ok(_) => error(HostErrorKind::NotFound, path),
                    Err(reply) => reply,
                };
            }
        };
        done.map_or_else(|reply| reply, |()| Reply::Done)
    }

    /// A file in the directory says that it is locked. Those of processes that are gone do not count.
    fn lock(&mut self, root: &str, path: &str) -> Result<(), Reply> {
        for directory in ["", path] {
            match self.node(&root, directory)? {
                None => self.add(root, directory, Node::Directory, false)?,
                Some(Node::Directory) => {}
                Some(_) => return Err(error(HostErrorKind::Permission, directory)),
            }
        }
        if let Some(other) = self.others.pop_front() {
            return Err(Reply::Error { kind: HostErrorKind::Locked, message: other });
        }
        let place = (root.to_owned(), path.to_owned());
        if self.held.contains_key(&place) {
            return Err(Reply::Error { kind: HostErrorKind::Locked, message: "this process".to_owned() });
        }
        let nodes = self.roots.get_mut(root).expect("it was made");
        nodes.retain(|at, _| !at.starts_with(&format!("{path}/lock.")));
        self.locks += 1;
        let ticket = format!("{path}/lock.{}", self.locks);
        nodes.insert(ticket.clone(), Node::File { content: b"{}".to_vec(), mode: Mode::Regular });
        self.held.insert(place, ticket);
        Ok(())
    }

    fn rename(&mut self, root: &str, from: &str, to: &str) -> Result<(), Reply> {
        match self.node(&root, from)?.cloned() {
            None => return Err(error(HostErrorKind::NotFound, from)),
            Some(file @ Node::File { .. }) => self.add(root, to, file, true)?,
            Some(Node::Directory) if !from.is_empty() && !is_below(to, from) => {
                self.add(root, to, Node::Directory, false)?;
            }
            Some(_) => return Err(error(HostErrorKind::Other, from)),
        }
        let nodes = self.roots.get_mut(root).expect("it is there");
        nodes.remove(from);
        let below: Vec<String> = nodes.keys().filter(|at| is_below(at, from)).cloned().collect();
        for at in below {
            let node = nodes.remove(&at).expect("it is there");
            nodes.insert(format!("{to}{}", &at[from.len()..]), node);
        }
        if root == "target" {
            let moved = |at: String| match at == from || is_below(&at, from) {
                true => format!("{to}{}", &at[from.len()..]),
                false => at,
            };
            self.fresh.remove(to);
            self.fresh = std::mem::take(&mut self.fresh).into_iter().map(moved).collect();
        }
        Ok(())
    }

    /// What stands at a path, unless a link leads there.
    fn node(&self, root: &impl ToString, path: &str) -> Result<Option<&Node>, Reply> {
        let Some(nodes) = self.roots.get(&root.to_string()) else { return Ok(None) };
        let mut parents = path.match_indices('/').map(|(at, _)| &path[..at]);
        if parents.any(|parent| nodes.get(parent) == Some(&Node::Link)) {
            return Err(error(HostErrorKind::Permission, path));
        }
        Ok(nodes.get(path))
    }

    fn add(&mut self, root: &str, path: &str, node: Node, replace: bool) -> Result<(), Reply> {
        let there = self.node(&root, path)?;
        if there.is_some_and(|there| !replace || *there == Node::Directory) {
            return Err(error(HostErrorKind::Exists, path));
        }
        let nodes = self.roots.entry(root.to_owned()).or_default();
        if !path.is_empty() && nodes.get(parent(path)) != Some(&Node::Directory) {
            return Err(error(HostErrorKind::NotFound, path));
        }
        nodes.insert(path.to_owned(), node);
        Ok(())
    }
}

fn kind(node: &Node) -> EntryKind {
    match node {
        Node::File { .. } => EntryKind::File,
        Node::Directory => EntryKind::Directory,
        Node::Link => EntryKind::Link,
    }
}

fn is_below(at: &str, directory: &str) -> bool {
    match directory {
        "" => !at.is_empty(),
        directory => at.strip_prefix(directory).is_some_and(|rest| rest.starts_with('/')),
    }
}

/// Whether a request does something to the entries or the files of the target.
fn touches_target(body: &RequestBody, before: &Directory) -> bool {
    match body {
        RequestBody::MakeDirectory { root, path } => *root == Root::Target && !before.contains_key(path),
        RequestBody::Create { root, .. }
        | RequestBody::Rename { root, .. }
        | RequestBody::Remove { root, .. }
        | RequestBody::Sync { root, .. } => *root == Root::Target,
        _ => false,
    }
}

/// The paths that a request changes.
fn changed(body: &RequestBody) -> Vec<&str> {
    match body {
        RequestBody::MakeDirectory { path, .. }
        | RequestBody::Create { path, .. }
        | RequestBody::Remove { path, .. } => vec![path],
        RequestBody::Rename { from, to, .. } => vec![from, to],
        _ => Vec::new(),
    }
}

/// Which of some requests are lost. What one that stays builds upon stays with it.
fn lost(done: &[&RequestBody], choose: &mut dyn FnMut(usize) -> usize) -> Vec<bool> {
    let paths: Vec<Vec<&str>> = done.iter().map(|body| changed(body)).collect();
    let related = |one: &str, other: &str| one == other || is_below(one, other) || is_below(other, one);
    let builds_upon = |later: usize, earlier: usize| {
        paths[later].iter().any(|one| paths[earlier].iter().any(|other| related(one, other)))
    };
    let mut is_safe = vec![false; done.len()];
    for (at, body) in done.iter().enumerate() {
        let RequestBody::Sync { path: synced, .. } = body else { continue };
        let is_synced = |path: &&str| path == synced || parent(path) == synced;
        for earlier in 0..at {
            is_safe[earlier] |= paths[earlier].iter().any(is_synced);
        }
    }
    for later in (0..done.len()).rev() {
        for earlier in 0..later {
            is_safe[earlier] |= is_safe[later] && !is_safe[earlier] && builds_upon(later, earlier);
        }
    }
    let share = choose(4);
    let mut is_lost = vec![false; done.len()];
    for at in (0..done.len()).filter(|at| !is_safe[*at] && !paths[*at].is_empty()) {
        is_lost[at] =
            choose(4) < share || (0..at).any(|earlier| is_lost[earlier] && builds_upon(at, earlier));
    }
    is_lost
}

fn parent(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(parent, _)| parent)
}

/// Whether the reply is something else than `done`.
fn asks_for_something(body: &RequestBody) -> bool {
    matches!(
        body,
        RequestBody::Fetch { .. }
            | RequestBody::CacheRead { .. }
            | RequestBody::Read { .. }
            | RequestBody::List { .. }
            | RequestBody::Stat { .. }
            | RequestBody::Space { .. }
            | RequestBody::Run { .. }
    )
}

fn needs_room(body: &RequestBody) -> bool {
    matches!(body, RequestBody::Create { .. } | RequestBody::MakeDirectory { .. } | RequestBody::Lock { .. })
}

fn changes_files(body: &RequestBody) -> bool {
    needs_room(body) || matches!(body, RequestBody::Rename { .. } | RequestBody::Remove { .. })
}

/// What arrives of an answer when something between here and there spoils it.
fn garbled(reply: Reply, fault: Fault) -> Reply {
    let Reply::Response { status, headers, mut body } = reply else { return reply };
    match fault {
        Fault::Status(status) => return Reply::Response { status, headers, body: Vec::new() },
        Fault::Halved => body.truncate(body.len() / 2),
        _ => body.iter_mut().skip(1).take(1).for_each(|byte| *byte ^= 0x20),
    }
    Reply::Response { status, headers, body }
}

fn error(kind: HostErrorKind, place: &str) -> Reply {
    Reply::Error { kind, message: format!("{kind:?} at {place}") }
}

/// Numbers that look random, the same for a seed on every machine (SplitMix64).
pub fn random(mut seed: u64) -> impl FnMut(usize) -> usize {
    move |below| {
        seed = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = seed;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % below as u64) as usize
    }
}

/// The first error's code and the exit code a command would end with, then all messages.
pub fn shown(errors: &[Diagnostic]) -> String {
    errors.iter().map(Diagnostic::to_string).collect::<Vec<_>>().join("\n")
}
