//! A host in memory: serves requests from maps, in any order, and goes wrong on demand.

use std::collections::{BTreeMap, VecDeque};

use packwright::diagnostic::Diagnostic;
use packwright::manifest::Mode;
use packwright::session::{
    Capabilities, Command, Entry, EntryKind, HostErrorKind, Kept, Location, Method, Outcome, RegistryInput,
    Reply, Request, RequestBody, Session, SessionInput, Step,
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
    /// What was performed, in order.
    pub log: Vec<RequestBody>,
}

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The request is not performed and its reply is an error.
    Fails(HostErrorKind),
    /// The request is performed all the same.
    FailsLate(HostErrorKind),
    /// The request is performed, but its reply is that to another kind.
    Mistaken,
    /// The session is cancelled before the request is performed.
    Cancelled,
    /// The host dies before the request is performed.
    Dies,
}

pub const ERRORS: [HostErrorKind; 10] = [
    HostErrorKind::NotFound,
    HostErrorKind::Exists,
    HostErrorKind::Permission,
    HostErrorKind::NoSpace,
    HostErrorKind::ReadOnly,
    HostErrorKind::TooLarge,
    HostErrorKind::Network,
    HostErrorKind::Timeout,
    HostErrorKind::Unsupported,
    HostErrorKind::Other,
];

/// A command for a host with every capability and the registry `starter` on disk.
pub fn input(command: Command) -> SessionInput {
    let registry = RegistryInput {
        id: "starter".into(),
        location: Location::Directory,
        scopes: None,
        authorization: None,
        archives: Vec::new(),
    };
    let capabilities = Capabilities { rename: true, modes: true, ..Capabilities::default() };
    SessionInput { registries: vec![registry], capabilities, ..SessionInput::new(command, TIMESTAMP) }
}

/// A command as JavaScript writes it.
pub fn command(json: &str) -> SessionInput {
    input(serde_json::from_str(json).unwrap_or_else(|error| panic!("{error}: {json}")))
}

impl Host {
    pub fn new<const N: usize>(roots: [(&str, Directory); N]) -> Host {
        Host { roots: roots.map(|(name, directory)| (name.to_owned(), directory)).into(), ..Host::default() }
    }

    /// Answers every request at once, in order.
    pub fn run(&mut self, input: SessionInput) -> Ending {
        self.drive(&mut Session::new(input), &mut |_| 0, None).expect("nobody dies")
    }

    /// Runs with a fault at a request, counted from 0. Nothing comes of it if the host dies.
    pub fn run_with(&mut self, input: SessionInput, at: usize, fault: Fault) -> Option<Ending> {
        self.drive(&mut Session::new(input), &mut |_| 0, Some((at, fault)))
    }

    /// Answers in an order that `choose` decides: it picks one of so many, for what to answer next
    /// and for whether to poll in between.
    pub fn run_shuffled(&mut self, input: SessionInput, mut choose: impl FnMut(usize) -> usize) -> Ending {
        self.drive(&mut Session::new(input), &mut choose, None).expect("nobody dies")
    }

    fn drive(
        &mut self,
        session: &mut Session,
        choose: &mut dyn FnMut(usize) -> usize,
        fault: Option<(usize, Fault)>,
    ) -> Option<Ending> {
        let mut open: Vec<Request> = Vec::new();
        let mut count = 0;
        loop {
            match session.poll() {
                Step::Done(ending) => {
                    assert_eq!(session.poll(), Step::Done(ending.clone()), "done repeats");
                    return Some(ending);
                }
                Step::Need(requests) => {
                    assert!(!requests.is_empty());
                    open.extend(requests);
                }
                Step::Waiting => assert!(!open.is_empty(), "it waits, but nothing is open"),
            }
            loop {
                let request = open.remove(choose(open.len()));
                let fault = fault.filter(|&(at, _)| at == count).map(|(_, fault)| fault);
                count += 1;
                if fault == Some(Fault::Cancelled) {
                    session.cancel();
                }
                let error = |kind| Reply::Error { kind, message: "on demand".to_owned() };
                let reply = match fault {
                    None | Some(Fault::Cancelled) => self.perform(&request.body),
                    Some(Fault::Fails(kind)) => error(kind),
                    Some(Fault::FailsLate(kind)) => {
                        self.perform(&request.body);
                        error(kind)
                    }
                    Some(Fault::Mistaken) => match self.perform(&request.body) {
                        Reply::Done => Reply::Bytes { bytes: Vec::new() },
                        _ => Reply::Done,
                    },
                    Some(Fault::Dies) => return None,
                };
                session.answer(request.id, reply).expect("it is open");
                if open.is_empty() || choose(2) == 0 {
                    break;
                }
            }
        }
    }

    pub fn perform(&mut self, body: &RequestBody) -> Reply {
        self.log.push(body.clone());
        let done = match body {
            RequestBody::Wait { .. } => Ok(()),
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
            RequestBody::Create { root, path, content, mode } => {
                let file = Node::File { content: content.clone(), mode: *mode };
                self.add(&root.to_string(), path, file, false)
            }
            RequestBody::Rename { root, from, to } => {
                let root = root.to_string();
                match self.roots.get(&root).and_then(|nodes| nodes.get(from)).cloned() {
                    Some(file @ Node::File { .. }) => self.add(&root, to, file, true).map(|()| {
                        self.roots.get_mut(&root).expect("it is there").remove(from);
                    }),
                    Some(_) => Err(error(HostErrorKind::Other, from)),
                    None => Err(error(HostErrorKind::NotFound, from)),
                }
            }
            RequestBody::Remove { root, path } => {
                let nodes = self.roots.entry(root.to_string()).or_default();
                let below =
                    |at: &String| at != path && (path.is_empty() || at.starts_with(&format!("{path}/")));
                if nodes.keys().any(below) {
                    Err(error(HostErrorKind::Other, path))
                } else {
                    nodes.remove(path).map(|_| ()).ok_or_else(|| error(HostErrorKind::NotFound, path))
                }
            }
        };
        done.map_or_else(|reply| reply, |()| Reply::Done)
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
        let parent = path.rsplit_once('/').map_or("", |(parent, _)| parent);
        if !path.is_empty() && nodes.get(parent) != Some(&Node::Directory) {
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
