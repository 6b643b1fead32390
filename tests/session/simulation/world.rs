//! What a seed stands for: registries, a target with somebody's work in it, and a command.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::OnceLock;

use packwright::archive::{Files, PackFile};
use packwright::manifest::Mode;
use packwright::session::{
    Capabilities, Command, Generation, HookPolicy, Install, Location, Outcome, RegistryInput, Selection,
    SessionInput, Undo, Uninstall,
};

use super::{Roll, percent, pick};
use crate::host::{CAPABILITIES, Directory, Host, Node, command, directory, put, random};
use crate::packages::{Package, npm_registry, static_index};
use crate::starter::TIMESTAMP;

/// The worlds that seeds share: their archives are packed once.
const WORLDS: usize = 64;

const PACKS: [&str; 5] = ["ash", "birch", "cedar", "elm", "@fir/oak"];
const PACKAGES: [&str; 4] = ["left", "low", "mid", "@pad/right"];
const VERSIONS: [&str; 3] = ["1.0.0", "1.1.0", "2.0.0"];
const PACKS_URL: &str = "https://packs.example/r/";
const HUB_URL: &str = "https://hub.example/";

/// Registries as they were some time ago and as they are.
struct World {
    registries: Vec<RegistryInput>,
    older: Served,
    newer: Served,
    packs: Vec<&'static str>,
}

/// What registries serve: roots and addresses.
#[derive(Clone, Default)]
struct Served {
    roots: BTreeMap<String, Directory>,
    urls: BTreeMap<String, Vec<u8>>,
}

/// A target, what is to be done there, and with which registries.
pub struct Scenario {
    pub host: Host,
    pub input: SessionInput,
    /// The content of every file that its user wrote or changed.
    pub mine: Vec<Vec<u8>>,
    /// Whether what is in the way may be lost.
    pub force: bool,
    /// What it is, in words.
    pub story: String,
}

impl Scenario {
    /// Another command with the same registries.
    pub fn asking(&self, command: Command) -> SessionInput {
        SessionInput { command, ..self.input.clone() }
    }
}

fn world(number: usize) -> &'static World {
    static ALL: [OnceLock<World>; WORLDS] = [const { OnceLock::new() }; WORLDS];
    ALL[number].get_or_init(|| World::new(number as u64))
}

impl World {
    fn new(seed: u64) -> World {
        let roll = &mut random(seed);
        let packs = PACKS[PACKS.len() - 2 - roll(4)..].to_vec();
        let packages = &PACKAGES[..roll(PACKAGES.len() + 1)];
        let hub =
            Hub { location: roll(3), paths: packages.iter().map(|name| install_path(roll, name)).collect() };
        let (mut newer, mut older) = (Directory::new(), Directory::new());
        for (at, name) in packs.iter().enumerate() {
            let versions = &VERSIONS[..1 + roll(VERSIONS.len())];
            for (age, version) in versions.iter().enumerate() {
                let pack = Pack { name, version, later: &packs[at + 1..], packages, hub: &hub };
                for (path, content, mode) in pack.files(roll) {
                    let path = format!("{name}/{version}/{path}");
                    put(&mut newer, &path, &content, mode);
                    if age == 0 {
                        put(&mut older, &path, &content, mode);
                    }
                }
            }
        }
        let over_http = percent(roll, 75);
        let releases =
            packages.iter().flat_map(|name| VERSIONS[..1 + roll(3)].iter().map(move |of| (*name, *of)));
        let releases: Vec<Package<'_>> = releases
            .collect::<Vec<_>>()
            .into_iter()
            .map(|(name, of)| (name, of, package(roll, name, of)))
            .collect();
        let first =
            releases.iter().filter(|(_, version, _)| *version == VERSIONS[0]).cloned().collect::<Vec<_>>();
        World {
            registries: vec![
                registry("packs", over_http.then_some(PACKS_URL.to_owned()), None),
                registry("hub", hub.url(), Some(Vec::new())),
            ],
            older: Served::new(older, over_http, &hub, &first),
            newer: Served::new(newer, over_http, &hub, &releases),
            packs,
        }
    }
}

fn registry(id: &str, url: Option<String>, scopes: Option<Vec<String>>) -> RegistryInput {
    let location = url.map_or(Location::Directory, |url| Location::Url { url });
    RegistryInput { id: id.into(), location, scopes, authorization: None, archives: Vec::new() }
}

/// The registry of packages.
struct Hub {
    /// A static index on disk or behind an address, or a registry with npm's protocol.
    location: usize,
    paths: Vec<Option<String>>,
}

impl Hub {
    fn url(&self) -> Option<String> {
        match self.location {
            0 => None,
            1 => Some(HUB_URL.to_owned()),
            _ => Some(format!("npm+{HUB_URL}")),
        }
    }
}

fn install_path(roll: Roll<'_>, name: &str) -> Option<String> {
    percent(roll, 25).then(|| format!("vendor/{}", name.rsplit('/').next().unwrap()))
}

/// A version of a pack on its way into a registry.
struct Pack<'w> {
    name: &'w str,
    version: &'w str,
    /// The packs it may depend on.
    later: &'w [&'w str],
    packages: &'w [&'w str],
    hub: &'w Hub,
}

impl Pack<'_> {
    fn files(&self, roll: Roll<'_>) -> Vec<(&'static str, Vec<u8>, Mode)> {
        let Pack { name, version, .. } = self;
        let mut files = vec![
            ("pack.toml", self.manifest(roll).into_bytes(), Mode::Regular),
            ("README.md", format!("# {name} {version}\n").into_bytes(), Mode::Regular),
            (
                "files/{{ project_name }}.txt",
                format!("{name} for {{{{ project_name }}}}\n").into(),
                Mode::Regular,
            ),
        ];
        if percent(roll, 50) {
            files.push((
                "files/deep/er/x.txt",
                format!("{version}\n").repeat(roll(40)).into(),
                Mode::Regular,
            ));
        }
        if percent(roll, 30) {
            files.push(("files/run.sh", b"#!/bin/sh\n".to_vec(), Mode::Executable));
        }
        if percent(roll, 30) {
            files.push((
                "files/data.txt",
                (0..roll(300)).map(|at| b'a' + (at % 26) as u8).collect(),
                Mode::Regular,
            ));
        }
        files
    }

    fn manifest(&self, roll: Roll<'_>) -> String {
        let Pack { name, version, .. } = self;
        let mut text = format!("[pack]\nname = \"{name}\"\nversion = \"{version}\"\n[dependencies]\n");
        for later in self.later {
            if percent(roll, 55) {
                continue;
            }
            let constraint =
                if *version == VERSIONS[0] { "^1" } else { pick(roll, &["*", "^1", ">=1", "*", "^2"]) };
            writeln!(text, "\"{later}\" = \"{constraint}\"").unwrap();
        }
        text.push_str("[packages]\n");
        for (package, path) in self.packages.iter().zip(&self.hub.paths) {
            if percent(roll, 40) {
                let constraint =
                    if *version == VERSIONS[0] { "^1" } else { pick(roll, &["*", "^1", ">=1.1", "*"]) };
                let path =
                    path.as_ref().map(|path| format!(", install-path = \"{path}\"")).unwrap_or_default();
                writeln!(text, "\"{package}\" = {{ version = \"{constraint}\", registry = \"hub\"{path} }}")
                    .unwrap();
            }
        }
        if percent(roll, 20) {
            writeln!(text, "[hooks]\npost-install = [\"echo {name} {version}\"]").unwrap();
        }
        let output = name.rsplit('/').next().unwrap();
        writeln!(text, "[[templates]]\nname = \"all\"\nsource = \"files/\"\noutput = \"src/{output}\"")
            .unwrap();
        text
    }
}

fn package(roll: Roll<'_>, name: &str, version: &str) -> Files {
    let json = format!("{{\"name\":\"{name}\",\"version\":\"{version}\"}}");
    let mut files =
        vec![("package.json", json, Mode::Regular), ("LICENSE", "MIT\n".to_owned(), Mode::Regular)];
    if percent(roll, 60) {
        files.push(("lib/index.js", format!("// {version}\n").repeat(1 + roll(30)), Mode::Regular));
    }
    if percent(roll, 20) {
        files.push(("bin/tool", format!("#!/bin/sh\necho {name}\n"), Mode::Executable));
    }
    let file = |(path, content, mode): (&str, String, Mode)| {
        (path.parse().unwrap(), PackFile { content: content.into_bytes(), mode })
    };
    files.into_iter().map(file).collect()
}

impl Served {
    fn new(sources: Directory, over_http: bool, hub: &Hub, packages: &[Package<'_>]) -> Served {
        let mut served = Served::default();
        let mut sources = directory_of(sources);
        if over_http {
            let files =
                built(sources).into_iter().map(|(path, content)| (format!("{PACKS_URL}{path}"), content));
            served.urls.extend(files);
            sources = Directory::new();
        }
        served.roots.insert("registry:packs".to_owned(), sources);
        match hub.location {
            0 => drop(served.roots.insert("registry:hub".to_owned(), directory(static_index(packages)))),
            1 => served.urls.extend(
                static_index(packages).into_iter().map(|(path, text)| (format!("{HUB_URL}{path}"), text)),
            ),
            _ => served.urls.extend(npm_registry(HUB_URL, packages)),
        }
        served
    }

    fn host(&self) -> Host {
        Host { roots: self.roots.clone(), urls: self.urls.clone(), ..Host::default() }
    }
}

fn directory_of(mut nodes: Directory) -> Directory {
    nodes.insert(String::new(), Node::Directory);
    nodes
}

fn built(sources: Directory) -> Vec<(String, Vec<u8>)> {
    let outcome = Host::new([("source", sources)]).run(command(r#"{"type":"build-registry"}"#)).unwrap();
    let Outcome::BuildRegistry { files, .. } = &outcome else { panic!("{outcome:?}") };
    let content = outcome.contents();
    files.iter().map(|file| (file.path.clone(), content[file.offset..][..file.size].to_vec())).collect()
}

/// What belongs to a seed.
pub fn scenario(seed: u64) -> Scenario {
    let roll = &mut random(seed);
    let world = world(roll(WORLDS));
    let capabilities = Capabilities {
        modes: percent(roll, 90),
        sync: percent(roll, 90),
        space: percent(roll, 90),
        ..CAPABILITIES
    };
    let mut making = Making { world, roll, seed, capabilities, mine: Vec::new(), story: String::new() };
    let into = making.place();
    let mut host = making.start(&into);
    let input = making.command(&mut host, &into);
    if percent(making.roll, 25) {
        making.stand_in_the_way(&mut host, &input);
    }
    let force = match &input.command {
        Command::Apply { force, .. }
        | Command::Install(Install { force, .. })
        | Command::Undo(Undo { force, .. }) => *force,
        _ => false,
    };
    let Making { mine, story, .. } = making;
    host.log.clear();
    Scenario { host, input, mine, force, story }
}

/// A scenario that is being thought up.
struct Making<'r> {
    world: &'static World,
    roll: Roll<'r>,
    seed: u64,
    capabilities: Capabilities,
    mine: Vec<Vec<u8>>,
    story: String,
}

impl Making<'_> {
    fn tell(&mut self, words: impl std::fmt::Display) {
        writeln!(self.story, "  {words}").unwrap();
    }

    fn place(&mut self) -> Option<String> {
        pick(self.roll, &[None, None, None, Some("vendor/packs"), Some("")]).map(str::to_owned)
    }

    fn input(&self, command: Command) -> SessionInput {
        SessionInput {
            registries: self.world.registries.clone(),
            capabilities: self.capabilities,
            ..SessionInput::new(command, TIMESTAMP)
        }
    }

    /// The target before the command, in a host with the registries as they are now.
    fn start(&mut self, into: &Option<String>) -> Host {
        let state = (self.roll)(10);
        let mut before = self.world.older.host();
        if state == 9 {
            before = self.world.newer.host();
        }
        if state > 0 {
            before.roots.insert("target".to_owned(), directory::<&str, &str>([]));
        }
        if state >= 6 {
            self.generated(&mut before);
        }
        if matches!(state, 3..=5 | 8..) {
            self.installed(&mut before, into);
        }
        let mut host = self.world.newer.host();
        host.roots.extend(before.roots.remove("target").map(|target| ("target".to_owned(), target)));
        if state > 1 && percent(self.roll, 50) {
            self.edit(host.roots.get_mut("target").expect("it is there"));
        }
        host
    }

    fn generated(&mut self, host: &mut Host) {
        let packs = self.some_packs();
        if let Some(apply) = self.generation(host, packs.clone(), false) {
            host.run(apply).expect("nothing is in the way");
            self.tell(format!("generated from {packs:?}"));
        }
    }

    fn installed(&mut self, host: &mut Host, into: &Option<String>) {
        let packs = self.some_packs();
        let selection = Selection { packs: packs.clone(), ..Selection::default() };
        let hooks = HookPolicy::Skip;
        let install = Install { selection, into: into.clone(), hooks, ..Install::default() };
        match host.run(self.input(Command::Install(install))) {
            Ok(_) => self.tell(format!("installed {packs:?} into {into:?}")),
            Err(errors) => self.tell(format!("could not install {packs:?}: {}", errors[0])),
        }
    }

    /// The command that writes a project as it would be generated.
    fn generation(&mut self, host: &mut Host, packs: Vec<String>, force: bool) -> Option<SessionInput> {
        let selection = Selection { packs, target: true, ..Selection::default() };
        let answers = BTreeMap::from([("project_name".to_owned(), "demo".into())]);
        let generation = Generation { selection, answers, ..Generation::default() };
        match host.run(self.input(Command::Generate(generation))) {
            Ok(Outcome::Generate { project }) => {
                let (plan, contents) = (project.plan, project.contents.0.to_vec());
                Some(self.input(Command::Apply { plan, contents, force, trust: false, wait: true }))
            }
            Ok(other) => panic!("{other:?}"),
            Err(_) => None,
        }
    }

    fn some_packs(&mut self) -> Vec<String> {
        let mut packs = vec![pick(self.roll, &self.world.packs).to_owned()];
        let other = pick(self.roll, &self.world.packs).to_owned();
        if percent(self.roll, 40) && !packs.contains(&other) {
            packs.push(other);
        }
        packs
    }

    /// A content nobody else has.
    fn own(&mut self) -> Vec<u8> {
        let content = format!("mine, the {}th of {}\n", self.mine.len(), self.seed).into_bytes();
        self.mine.push(content.clone());
        content
    }

    /// Does what people do to their files, of our own state only to what is installed there.
    fn edit(&mut self, target: &mut Directory) {
        for _ in 0..1 + (self.roll)(3) {
            let open = |path: &&String| {
                !path.starts_with(".packwright") || path.starts_with(".packwright/packages/")
            };
            let is_file = |path: &&String| matches!(target[*path], Node::File { .. });
            let paths: Vec<String> = target.keys().filter(open).cloned().collect();
            let files: Vec<String> = target.keys().filter(open).filter(is_file).cloned().collect();
            let files: Vec<String> = files.into_iter().filter(|path| path != "packwright.lock").collect();
            let action = (self.roll)(4);
            let directories: Vec<&String> =
                paths.iter().filter(|path| target[*path] == Node::Directory).collect();
            if action == 0 || files.is_empty() {
                let directory = directories[(self.roll)(directories.len())];
                let name = format!("mine-{}.txt", self.mine.len());
                let path = if directory.is_empty() { name } else { format!("{directory}/{name}") };
                self.tell(format!("the user adds {path}"));
                put(target, &path, &self.own(), Mode::Regular);
                continue;
            }
            let path = &files[(self.roll)(files.len())];
            if action == 1 {
                self.tell(format!("the user removes {path}"));
                // What they wrote themselves is theirs to remove.
                if let Some(Node::File { content, .. }) = target.remove(path) {
                    self.mine.retain(|mine| *mine != content);
                }
            } else {
                self.tell(format!("the user changes {path}"));
                if let Some(Node::File { content, .. }) = target.get(path) {
                    self.mine.retain(|mine| mine != content);
                }
                put(target, path, &self.own(), Mode::Regular);
            }
        }
    }

    fn command(&mut self, host: &mut Host, into: &Option<String>) -> SessionInput {
        let force = percent(self.roll, 20);
        let packs = self.some_packs();
        match (self.roll)(12) {
            10.. => {
                self.tell(format!("then: undo, force {force}"));
                self.input(Command::Undo(Undo { force, wait: true, ..Undo::default() }))
            }
            0..=1 => {
                self.tell(format!("then: uninstall {packs:?}"));
                self.input(Command::Uninstall(Uninstall { packs, wait: true, ..Uninstall::default() }))
            }
            2..=4 => {
                self.tell(format!("then: generate from {packs:?}, force {force}"));
                match self.generation(host, packs.clone(), force) {
                    Some(apply) => apply,
                    None => self.install(packs, into, force),
                }
            }
            _ => self.install(packs, into, force),
        }
    }

    fn install(&mut self, packs: Vec<String>, into: &Option<String>, force: bool) -> SessionInput {
        let other = self.place();
        let locked = pick(self.roll, &self.world.packs).to_owned();
        let install = Install {
            selection: Selection {
                packs: if percent(self.roll, 35) { Vec::new() } else { packs },
                update: if percent(self.roll, 15) { vec![locked] } else { Vec::new() },
                ..Selection::default()
            },
            into: if percent(self.roll, 85) { into.clone() } else { other },
            alone: percent(self.roll, 10),
            force,
            hooks: pick(
                self.roll,
                &[HookPolicy::Skip, HookPolicy::Skip, HookPolicy::Run, HookPolicy::Refuse],
            ),
            dry_run: percent(self.roll, 3),
            wait: true,
        };
        self.tell(format!("then: {install:?}"));
        self.input(Command::Install(install))
    }

    /// Puts something of the user's where the command would put its own.
    fn stand_in_the_way(&mut self, host: &mut Host, input: &SessionInput) {
        let mut done = host.clone();
        let before = host.roots.get("target").cloned().unwrap_or_default();
        if done.run(input.clone()).is_err() {
            return;
        }
        let free = |path: &&String| {
            let ours = [".packwright/installed.json", ".packwright/undo"];
            let is_ours = ours.iter().any(|ours| path.starts_with(ours));
            !before.contains_key(*path) && !path.is_empty() && !is_ours
        };
        let paths: Vec<String> =
            done.roots.get("target").into_iter().flat_map(Directory::keys).filter(free).cloned().collect();
        if paths.is_empty() {
            return;
        }
        let path = &paths[(self.roll)(paths.len())];
        let target = host.roots.entry("target".to_owned()).or_insert_with(|| directory::<&str, &str>([]));
        match (self.roll)(4) {
            0 => {
                self.tell(format!("a link stands at {path}"));
                put(target, path, b"", Mode::Regular);
                target.insert(path.clone(), Node::Link);
            }
            1 => {
                let path = format!("{path}/mine.txt");
                self.tell(format!("the user's {path} stands there"));
                put(target, &path, &self.own(), Mode::Regular);
            }
            _ => {
                self.tell(format!("the user's {path} stands there"));
                put(target, path, &self.own(), Mode::Regular);
            }
        }
    }
}
