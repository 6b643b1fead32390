//! Whatever goes wrong at whichever request, the target is as before or as after, and nothing that
//! its user wrote is lost. Tried on random targets and commands, with every kind of fault.
//!
//! `PACKWRIGHT_SIMULATION_SEEDS` sets how many seeds there are, `PACKWRIGHT_SIMULATION_SEED` tries a
//! single one with every fault at every request.

mod world;

use std::cell::Cell;
use std::env;
use std::panic::{self, AssertUnwindSafe};

use packwright::diagnostic::Code;
use packwright::session::{
    Command, Generation, HostErrorKind, Install, Outcome, Recovery, RequestBody, Root, Selection, Undo,
    Uninstall,
};

use self::world::{Scenario, scenario};
use crate::host::{Directory, ERRORS, Ending, Fault, Faults, Host, Node, UNDO, random, shown};

/// Picks one of so many.
type Roll<'r> = &'r mut dyn FnMut(usize) -> usize;

/// The seeds of a normal run.
const SEEDS: u64 = 2_000;

/// The tests they are shared among.
const PARTS: u64 = 4;

/// How many faults of a seed are tried.
const FAULTS: usize = 5;

/// Of every so many seeds one is tried with a fault at every request.
const WHOLE: u64 = 250;

const JOURNAL: &str = ".packwright/journal.json";
const RECORD: &str = ".packwright/installed.json";
const FINISHED: &str = ".packwright/finished";
const DONE: &str = ".packwright/staging/journal";

/// What somebody types in the middle of everything.
const TYPED: &[u8] = b"typed meanwhile\n";

fn percent(roll: Roll<'_>, percent: usize) -> bool {
    roll(100) < percent
}

fn pick<T: Clone>(roll: Roll<'_>, from: &[T]) -> T {
    from[roll(from.len())].clone()
}

#[test]
fn the_target_is_as_before_or_as_after_1() {
    run(0);
}

#[test]
fn the_target_is_as_before_or_as_after_2() {
    run(1);
}

#[test]
fn the_target_is_as_before_or_as_after_3() {
    run(2);
}

#[test]
fn the_target_is_as_before_or_as_after_4() {
    run(3);
}

fn run(part: u64) {
    if let Ok(seed) = env::var("PACKWRIGHT_SIMULATION_SEED") {
        if part == 0 {
            let seed = seed.parse().expect("PACKWRIGHT_SIMULATION_SEED is a number");
            Trial::new(seed).try_everything();
        }
        return;
    }
    let seeds = env::var("PACKWRIGHT_SIMULATION_SEEDS");
    let seeds = seeds.map_or(SEEDS, |count| count.parse().expect("PACKWRIGHT_SIMULATION_SEEDS is a number"));
    let seen = Seen::default();
    for seed in seeds * part / PARTS..seeds * (part + 1) / PARTS {
        let trial = panic::catch_unwind(|| {
            let trial = Trial::new(seed);
            trial.try_some();
            if seed % WHOLE == 0 {
                trial.try_whole();
            }
            trial.seen
        });
        match trial {
            Ok(trial) => seen.add(&trial),
            Err(_) => panic!("PACKWRIGHT_SIMULATION_SEED={seed} tries it again"),
        }
    }
    println!("{seen:?}");
    seen.expect_enough();
}

/// What a run has seen.
#[derive(Debug, Default)]
struct Seen {
    seeds: Cell<usize>,
    /// Of these: how many commands change something, and were taken back.
    changes: Cell<usize>,
    undone: Cell<usize>,
    /// Faults after which the command ended well, and those after which it did not.
    endured: Cell<usize>,
    failed: Cell<usize>,
    /// Sudden ends without a journal and with one, and those of recoveries.
    early: Cell<usize>,
    interrupted: Cell<usize>,
    recoveries: Cell<usize>,
    /// Power failures that left a journal.
    powerless: Cell<usize>,
}

fn count(cell: &Cell<usize>) {
    cell.set(cell.get() + 1);
}

impl Seen {
    fn all(&self) -> [&Cell<usize>; 9] {
        let Seen { seeds, changes, undone, endured, failed, early, interrupted, recoveries, powerless } =
            self;
        [seeds, changes, undone, endured, failed, early, interrupted, recoveries, powerless]
    }

    fn add(&self, other: &Seen) {
        for (mine, theirs) in self.all().into_iter().zip(other.all()) {
            mine.set(mine.get() + theirs.get());
        }
    }

    /// Few of a kind would show little.
    fn expect_enough(&self) {
        let seeds = self.seeds.get();
        let shares = [40, 40, 40, 80, 40, 25, 50, 3];
        for (cell, percent) in self.all().into_iter().skip(1).zip(shares) {
            assert!(cell.get() * 100 >= seeds * percent, "of {seeds} seeds too few: {self:?}");
        }
    }
}

/// The tree as its owner knows it: without what belongs to a write that is under way, and to taking the
/// last one back.
fn tree(host: &Host) -> Directory {
    let mut tree = host.project();
    tree.retain(|path, _| !is_of_a_write(path));
    for ours in [".packwright", ""] {
        let below = if ours.is_empty() { String::new() } else { format!("{ours}/") };
        if !tree.keys().any(|path| path != ours && path.starts_with(&below)) {
            tree.remove(ours);
        }
    }
    tree
}

fn is_of_a_write(path: &str) -> bool {
    let ours = path.strip_prefix(".packwright/").and_then(|path| path.split('/').next());
    ours.is_some_and(|name| {
        name == "staging" || name == "finished" || name.starts_with("lock.") || name.starts_with("journal")
    })
}

/// What takes the last write back.
fn way_back(host: &Host) -> Directory {
    let mut target = host.roots.get("target").cloned().unwrap_or_default();
    target.retain(|path, _| path.starts_with(UNDO));
    target
}

/// How many writes came to their end, well or not.
fn ended(host: &Host) -> usize {
    let is_end =
        |body: &&RequestBody| matches!(body, RequestBody::Rename { to, .. } if to == FINISHED || to == DONE);
    host.log.iter().filter(is_end).count()
}

/// The states of the target on the way from one host to the other.
fn states(before: &Host, after: &Host) -> Vec<Directory> {
    let mut host = before.clone();
    let mut states = vec![tree(&host)];
    for body in &after.log {
        host.perform(body);
        if matches!(body, RequestBody::Unlock { .. }) && states.last() != Some(&tree(&host)) {
            states.push(tree(&host));
        }
    }
    assert_eq!(states.last(), Some(&tree(after)), "it is as it was when others were let in");
    states
}

/// What a write left that has come to its end.
fn left_over(host: &Host) -> Vec<&String> {
    let target = host.roots.get("target").into_iter().flat_map(Directory::keys);
    target.filter(|path| is_of_a_write(path)).collect()
}

/// Whether the target has that tree. Where a write that has ended still has to clear away, there may
/// also be directories that nothing is in.
fn is_like(host: &Host, expected: &Directory) -> bool {
    let is_clearing_away = has(host, FINISHED) || has(host, DONE);
    tree(host) == *expected || is_clearing_away && is_near(host, expected)
}

/// The same with directories that nothing is in and that would not go.
fn is_near(host: &Host, expected: &Directory) -> bool {
    occupied(tree(host)) == occupied(expected.clone())
}

/// Without the directories that nothing is in.
fn occupied(mut tree: Directory) -> Directory {
    // The inner stand behind the outer.
    let directories = tree.iter().rev().filter(|(_, node)| **node == Node::Directory);
    for path in directories.map(|(path, _)| path.clone()).collect::<Vec<_>>() {
        let below = if path.is_empty() { String::new() } else { format!("{path}/") };
        if !tree.keys().any(|at| *at != path && at.starts_with(&below)) {
            tree.remove(&path);
        }
    }
    tree
}

/// Without the hooks that are recorded as still to run.
fn without_hooks(mut tree: Directory) -> Directory {
    if let Some(Node::File { content, .. }) = tree.get_mut(RECORD) {
        let mut record: serde_json::Value = serde_json::from_slice(content).expect("a record is JSON");
        for item in record["items"].as_array_mut().expect("a record has items") {
            item.as_object_mut().expect("an item is an object").remove("hooks");
        }
        *content = record.to_string().into_bytes();
    }
    occupied(tree)
}

fn has(host: &Host, path: &str) -> bool {
    host.roots.get("target").is_some_and(|target| target.contains_key(path))
}

/// A scenario and what comes of it when nothing goes wrong.
struct Trial {
    seed: u64,
    scenario: Scenario,
    /// The target as it was, and after each of the writes that follow one another.
    states: Vec<Directory>,
    ending: Ending,
    /// What was asked for.
    log: Vec<RequestBody>,
    seen: Seen,
    /// Whether so much goes wrong at once that some clearing away may be left undone for good.
    is_hard: Cell<bool>,
    /// Whether the command once more changes nothing. To let something leave its locked version may do so
    /// step by step, as what else is locked changes; and what takes back brings again.
    settles: bool,
    /// The write that is to be recovered from: the number of the state before it.
    write: Cell<usize>,
}

impl Trial {
    fn new(seed: u64) -> Trial {
        let scenario = scenario(seed);
        let mut host = scenario.host.clone();
        let ending = host.run_shuffled(scenario.input.clone(), random(seed));
        assert_eq!(left_over(&host), Vec::<&String>::new());
        keeps_others_out(&host);
        let states = states(&scenario.host, &host);
        assert!(ending.is_ok() || states.len() == 1, "{ending:?}");
        let seen = Seen::default();
        count(&seen.seeds);
        if states.len() > 1 {
            count(&seen.changes);
        }
        let mut again = host.clone();
        let told = again.run_shuffled(scenario.input.clone(), random(seed));
        let settles = tree(&again) == tree(&host);
        assert!(settles || moves_on(&scenario.input.command), "once more: {told:?}");
        let log = host.log.clone();
        let (is_hard, write) = (Cell::new(false), Cell::new(0));
        let trial = Trial { seed, scenario, states, ending, log, seen, is_hard, settles, write };
        trial.expect_mine(&host);
        trial.expect_way_back(host);
        trial
    }

    /// The command can be taken back, and that, too; and even what was replaced by force is there still.
    fn expect_way_back(&self, mut host: Host) {
        if self.states.len() == 1 {
            return;
        }
        count(&self.seen.undone);
        for mine in &self.scenario.mine {
            assert!(stands(&host, mine), "gone for good: {}", String::from_utf8_lossy(mine));
        }
        for expected in [self.before(), self.after()] {
            let undo = Undo { wait: true, ..Undo::default() };
            let ending = host.run_shuffled(self.scenario.asking(Command::Undo(undo)), random(self.seed));
            // A directory that only its user emptied does not come again.
            let is_emptied = matches!(self.scenario.input.command, Command::Undo(_));
            let is_back = tree(&host) == *expected || is_emptied && is_near(&host, expected);
            assert!(is_back, "undo: {ending:?}\n{}", self.difference(&host));
            assert_eq!(left_over(&host), Vec::<&String>::new());
        }
    }

    fn before(&self) -> &Directory {
        &self.states[0]
    }

    fn after(&self) -> &Directory {
        self.states.last().expect("there is one before")
    }

    /// The states that it may be in when so many writes have ended, whether well or not.
    fn reached(&self, host: &Host) -> &[Directory] {
        &self.states[..self.states.len().min(ended(host) + 1)]
    }

    /// Some faults at some requests, more of them where something is written.
    fn try_some(&self) {
        let roll = &mut random(!self.seed);
        for _ in 0..FAULTS {
            let at = self.some_request(roll);
            let mut faults = vec![(at, self.fault(at, roll))];
            if percent(roll, 20) {
                let at = self.some_request(roll);
                faults.push((at, self.fault(at, roll)));
                faults.sort_by_key(|(at, _)| *at);
            }
            self.try_with(&faults, roll);
        }
        self.type_meanwhile(roll);
    }

    /// Any request, rather one behind the lock, best one behind the journal.
    fn some_request(&self, roll: Roll<'_>) -> usize {
        let is_lock = |body: &RequestBody| matches!(body, RequestBody::Lock { .. });
        let is_journal = |body: &RequestBody| matches!(body, RequestBody::Rename { to, .. } if to == JOURNAL);
        let from = match roll(4) {
            0 => None,
            1 => self.log.iter().position(is_lock),
            _ => self.log.iter().position(is_journal),
        };
        let from = from.unwrap_or(0);
        from + roll(self.log.len() - from)
    }

    /// A sudden end, an error and a cancellation at every request.
    fn try_whole(&self) {
        let roll = &mut random(!self.seed);
        for at in 0..self.log.len() {
            let error = pick(roll, &self.faults(at)[2]);
            for fault in [Fault::Dies, Fault::Cancelled, error] {
                self.try_with(&[(at, fault)], roll);
            }
        }
    }

    fn try_everything(&self) {
        println!("seed {}:\n{}  it ends with {:?}", self.seed, self.scenario.story, self.ending);
        let roll = &mut random(!self.seed);
        for at in 0..self.log.len() {
            for fault in self.faults(at).concat() {
                self.try_with(&[(at, fault)], roll);
            }
        }
        self.try_some();
    }

    /// What may go wrong at a request: sudden ends, what can happen to every request, and errors.
    fn faults(&self, at: usize) -> [Vec<Fault>; 3] {
        use Fault::{Cancelled, Denied, Dies, DiesLate, DiesTorn, Flipped, Full, Halved, Status, Unplugged};
        let sudden = vec![Dies, DiesLate, DiesTorn];
        let mut errors: Vec<Fault> = ERRORS.map(Fault::Fails).into();
        // Who says that something is locked has not locked it.
        errors.extend(ERRORS.into_iter().filter(|kind| *kind != HostErrorKind::Locked).map(Fault::FailsLate));
        errors.extend([Fault::FailsTorn(HostErrorKind::NoSpace), Fault::Mistaken]);
        match &self.log[at] {
            // A host cannot fail at that.
            RequestBody::Unlock { .. } => errors = vec![DiesLate],
            RequestBody::Fetch { .. } => {
                errors.extend([Status(404), Status(500), Status(503), Halved, Flipped])
            }
            _ => {}
        }
        [sudden, vec![Cancelled, Full, Denied, Unplugged], errors]
    }

    fn fault(&self, at: usize, roll: Roll<'_>) -> Fault {
        let faults = pick(roll, &self.faults(at));
        pick(roll, &faults)
    }

    /// Says what was tried if it goes wrong.
    fn try_with(&self, faults: Faults<'_>, roll: Roll<'_>) {
        let tried = panic::catch_unwind(AssertUnwindSafe(|| self.suffer(faults, roll)));
        if tried.is_err() {
            println!("seed {}:\n{}", self.seed, self.scenario.story);
            for (at, fault) in faults {
                let shown: String = format!("{:?}", self.log[*at]).chars().take(200).collect();
                println!("  {fault:?} at {at}: {shown}");
            }
            panic!("seed {}, {faults:?}", self.seed);
        }
    }

    fn suffer(&self, faults: Faults<'_>, roll: Roll<'_>) {
        let mut host = self.scenario.host.clone();
        self.is_hard.set(faults.len() > 1);
        let ending = host.run_shuffled_with(self.scenario.input.clone(), random(self.seed), faults);
        self.expect_mine(&host);
        let lied = faults.iter().any(|fault| self.is_a_lie(*fault));
        match ending {
            // What is founded on wrong news ends in another state.
            None if lied => {}
            None if self.scenario.input.capabilities.sync && percent(roll, 25) => {
                self.expect_recoverable_without_power(host, roll);
            }
            None => self.expect_recoverable(host, roll),
            Some(ending) => {
                self.expect_end(host, &ending, lied, roll);
            }
        }
    }

    /// That something is not there or too large is no failure but news, on which other decisions may be founded. So is
    /// what registries say of versions, which nothing vouches for.
    fn is_a_lie(&self, (at, fault): (usize, Fault)) -> bool {
        use Fault::{Fails, FailsLate, Flipped, Halved, Status};
        let absent = matches!(fault, Fails(HostErrorKind::NotFound) | FailsLate(HostErrorKind::NotFound));
        let large = matches!(fault, Fails(HostErrorKind::TooLarge) | FailsLate(HostErrorKind::TooLarge));
        match &self.log[at] {
            RequestBody::Read { .. } => absent || large,
            RequestBody::List { .. } => absent,
            RequestBody::Fetch { .. } => absent || matches!(fault, Status(404) | Halved | Flipped),
            _ => false,
        }
    }

    fn is_like(&self, host: &Host, expected: &Directory) -> bool {
        is_like(host, expected) || self.is_hard.get() && is_near(host, expected)
    }

    fn expect_end(&self, host: Host, ending: &Ending, lied: bool, roll: Roll<'_>) {
        match ending {
            Ok(_) => {
                count(&self.seen.endured);
                assert!(lied || self.ending.is_ok(), "{ending:?}");
                assert!(lied || is_near(&host, self.after()), "it went well: {}", self.difference(&host));
            }
            // What was founded on wrong news may not fit what is there.
            Err(errors) if errors[0].code == Code::PartialInstall && lied => return,
            Err(errors) if errors.iter().any(|error| error.code == Code::PartialInstall) => {
                assert_eq!(errors[0].exit_code, 6, "{}", shown(errors));
                // Who cannot even look for the journal must think that it is there.
                let is_there = has(&host, JOURNAL) || self.is_hard.get();
                assert!(is_there, "nothing is there to be ended: {}", shown(errors));
                return self.expect_recoverable(host, roll);
            }
            Err(errors) => {
                count(&self.seen.failed);
                assert!(!has(&host, JOURNAL), "it is not told: {}", shown(errors));
                // Of several writes those before stay. Who twice gets no true answer may not know that one
                // went well.
                let reached = match self.states.len() > 2 || self.is_hard.get() {
                    true => self.reached(&host),
                    false => &self.states[..1],
                };
                // A hook that failed is still to run, and those behind it may have.
                let is_hook = errors.iter().any(|error| error.message.starts_with("the hook"));
                let unhooked = || without_hooks(tree(&host)) == without_hooks(self.after().clone());
                let is_reached = reached.iter().any(|state| is_near(&host, state)) || is_hook && unhooked();
                assert!(is_reached, "{}\n{}", shown(errors), self.difference(&host));
            }
        }
        if !lied {
            self.expect_convergence(host);
        }
    }

    /// After a sudden end.
    fn expect_recoverable(&self, host: Host, roll: Roll<'_>) {
        if !has(&host, JOURNAL) {
            count(&self.seen.early);
            let is_reached = self.reached(&host).iter().any(|state| self.is_like(&host, state));
            assert!(is_reached, "{}", self.difference(&host));
            return self.expect_tidying(host);
        }
        count(&self.seen.interrupted);
        self.expect_others_to_tell(&host, roll);
        self.find_write(&host);
        for how in [Recovery::Resume, Recovery::RollBack] {
            let mut recovering = host.clone();
            let requests = recovering.log.len();
            self.expect_recovery(&mut recovering, how);
            let requests = recovering.log.len() - requests;
            if how == Recovery::RollBack || percent(roll, 20) {
                self.expect_convergence(recovering);
            }
            self.recover_twice(host.clone(), how, requests, roll);
        }
        if percent(roll, 30) {
            self.meddle(host, roll);
        }
    }

    /// Where nothing was interrupted, ending it only clears away.
    fn expect_tidying(&self, host: Host) {
        let mut tidied = host.clone();
        let recovered = self.recovered(&mut tidied, Recovery::RollBack, &[]);
        let state = host.roots.get("target").and_then(|target| target.get(".packwright"));
        if matches!(state, None | Some(Node::Directory)) {
            assert_eq!(recovered, Some(Ok(Outcome::Recover { recovered: None })));
        }
        assert_eq!(left_over(&tidied), Vec::<&String>::new());
        assert_eq!(occupied(tree(&tidied)), occupied(tree(&host)));
        let is_reached = self.states.iter().any(|state| self.is_like(&tidied, state));
        assert!(is_reached, "{}", self.difference(&tidied));
        self.expect_convergence(host);
    }

    /// Finds out which of several writes was interrupted.
    fn find_write(&self, host: &Host) {
        let mut found = host.clone();
        let ending = self.recovered(&mut found, Recovery::RollBack, &[]);
        let place = self.reached(host).iter().rposition(|state| self.is_like(&found, state));
        let place = place.unwrap_or_else(|| panic!("{ending:?}: {}", self.difference(&found)));
        assert!(place + 1 < self.states.len(), "behind the last there is none to interrupt");
        self.write.set(place);
    }

    /// What went down to the disk in time is enough to do the rest, and to take it back; what was there and
    /// what was typed is whole.
    fn expect_recoverable_without_power(&self, mut host: Host, roll: Roll<'_>) {
        host.lose_power(self.scenario.host.roots.get("target").cloned().unwrap_or_default(), &mut *roll);
        self.expect_mine(&host);
        if has(&host, JOURNAL) {
            count(&self.seen.powerless);
        }
        // That an empty directory went may be lost when nothing says any more that it is to go.
        self.is_hard.set(true);
        self.expect_recoverable(host, roll);
    }

    fn recovered(&self, host: &mut Host, how: Recovery, faults: Faults<'_>) -> Option<Ending> {
        let input = self.scenario.asking(Command::Recover { how, wait: true });
        let ending = host.run_shuffled_with(input, random(self.seed), faults);
        self.expect_mine(host);
        ending
    }

    fn expect_recovery(&self, host: &mut Host, how: Recovery) {
        let ending = self.recovered(host, how, &[]).expect("nobody dies");
        let Ok(Outcome::Recover { recovered: Some(recovered) }) = &ending else {
            panic!("{how:?}: {ending:?}")
        };
        assert_eq!(recovered.how, how);
        self.expect_recovered(host, how);
        assert_eq!(left_over(host), Vec::<&String>::new(), "{how:?}");
    }

    fn expect_recovered(&self, host: &Host, how: Recovery) {
        assert!(self.is_like(host, self.expected(how)), "{how:?}: {}", self.difference(host));
        self.expect_way_back_after(host.clone(), how);
    }

    /// What was resumed can be taken back like what went well; what was rolled back leaves the way back that
    /// there was.
    fn expect_way_back_after(&self, mut host: Host, how: Recovery) {
        // Only the first of several writes begins where the scenario does; noting hooks leaves no way back.
        if self.write.get() > 0 {
            return;
        }
        if how == Recovery::RollBack {
            assert_eq!(way_back(&host), way_back(&self.scenario.host), "what was rolled back leaves it");
            return;
        }
        let undo = Undo { force: true, trust: true, wait: true, ..Undo::default() };
        let ending = host.run(self.scenario.asking(Command::Undo(undo)));
        assert!(is_near(&host, self.before()), "undo: {ending:?}\n{}", self.difference(&host));
    }

    fn expected(&self, how: Recovery) -> &Directory {
        &self.states[self.write.get() + usize::from(how == Recovery::Resume)]
    }

    /// What goes wrong in a recovery can be recovered from, in either way.
    fn recover_twice(&self, mut host: Host, how: Recovery, requests: usize, roll: Roll<'_>) {
        count(&self.seen.recoveries);
        let kind = pick(roll, &ERRORS);
        let fault = pick(
            roll,
            &[
                Fault::Dies,
                Fault::DiesLate,
                Fault::Denied,
                Fault::Cancelled,
                Fault::Full,
                Fault::Fails(kind),
                Fault::FailsLate(HostErrorKind::Other),
                Fault::Mistaken,
            ],
        );
        let at = roll(requests);
        let ending = self.recovered(&mut host, how, &[(at, fault)]);
        let context = || format!("{how:?} with {fault:?} at {at}: {ending:?}");
        if has(&host, JOURNAL) {
            assert!(!matches!(ending, Some(Ok(_))), "{}", context());
            let then = pick(roll, &[Recovery::Resume, Recovery::RollBack]);
            self.expect_recovery(&mut host, then);
        } else {
            assert!(
                [Recovery::Resume, Recovery::RollBack].iter().any(|how| is_near(&host, self.expected(*how))),
                "{}: {}",
                context(),
                self.difference(&host)
            );
            if ending.is_none_or(|ending| ending.is_ok()) {
                assert!(is_near(&host, self.expected(how)), "{how:?}: {}", self.difference(&host));
            }
        }
        self.expect_convergence(host);
    }

    /// Other commands say that a write was interrupted, and touch nothing.
    fn expect_others_to_tell(&self, host: &Host, roll: Roll<'_>) {
        let selection = Selection { target: true, ..Selection::default() };
        let generation = Generation { selection: selection.clone(), ..Generation::default() };
        let others = [
            self.scenario.input.command.clone(),
            Command::Install(Install { force: true, ..Install::default() }),
            Command::Uninstall(Uninstall { packs: vec!["ash".to_owned()], ..Uninstall::default() }),
            Command::Installed,
            Command::Outdated,
            Command::Generate(generation.clone()),
            Command::Questions(generation),
            Command::Dependencies { selection, view: Default::default() },
        ];
        let command = pick(roll, &others);
        let mut other = host.clone();
        let ending = other.run(self.scenario.asking(command.clone()));
        let errors = ending.expect_err("a write was interrupted");
        assert_eq!((errors[0].code, errors[0].exit_code), (Code::PartialInstall, 6), "{command:?}");
        let untouched = |host: &Host| {
            let mut target = host.roots["target"].clone();
            target.retain(|path, _| !path.starts_with(".packwright/lock."));
            target
        };
        assert_eq!(untouched(&other), untouched(host), "{command:?}");
    }

    /// Somebody works in the target before the write is ended. Neither end may take that away.
    fn meddle(&self, mut host: Host, roll: Roll<'_>) {
        let path = self.some_path(roll);
        let target = host.roots.get_mut("target").expect("it is there");
        if self.after().get(&path) == Some(&Node::Directory)
            && !self.before().contains_key(&path)
            && roll(2) == 0
        {
            // They have it out of the way first.
            target.retain(|at, _| *at != path && !at.starts_with(&format!("{path}/")));
        }
        host.typed = Some((path.clone(), TYPED.to_vec()));
        host.type_in();
        if !host.was_typed {
            return;
        }
        let how = pick(roll, &[Recovery::Resume, Recovery::RollBack]);
        let ending =
            host.run_shuffled(self.scenario.asking(Command::Recover { how, wait: true }), random(self.seed));
        assert!(stands(&host, TYPED), "{how:?} lost what was typed at {path}: {ending:?}");
        match ending {
            Ok(_) => assert!(!has(&host, JOURNAL), "{how:?}"),
            Err(errors) => {
                assert!(has(&host, JOURNAL), "{how:?}: {}", shown(&errors));
                assert_eq!(
                    (errors[0].code, errors[0].exit_code),
                    (Code::PartialInstall, 6),
                    "{how:?}: {}",
                    shown(&errors)
                );
            }
        }
    }

    /// Somebody works in the target while it is written. What they type is not lost, unless they said that
    /// what is in the way may be.
    fn type_meanwhile(&self, roll: Roll<'_>) {
        let (at, path) = (self.some_request(roll), self.some_path(roll));
        // Between the look and the move there is a moment in which nobody looks.
        let is_unseen = matches!(&self.log[at], RequestBody::Rename { to, .. } if path == *to);
        if self.scenario.force || is_unseen {
            return;
        }
        let mut host = self.scenario.host.clone();
        host.typed = Some((path.clone(), TYPED.to_vec()));
        let ending =
            host.run_shuffled_with(self.scenario.input.clone(), random(self.seed), &[(at, Fault::Typed)]);
        let is_lost = host.was_typed && !stands(&host, TYPED);
        assert!(
            !is_lost,
            "lost what was typed at {path} before {at} {:?}: {ending:?}\n{}",
            self.log[at], self.scenario.story
        );
    }

    /// A path that the command is about, or one beside it.
    fn some_path(&self, roll: Roll<'_>) -> String {
        let both = self.before().keys().chain(self.after().keys());
        let both: Vec<&String> =
            both.filter(|path| !path.is_empty() && path.as_str() != ".packwright").collect();
        match both.is_empty() {
            true => "typed.txt".to_owned(),
            false if roll(3) == 0 => format!("{}/typed.txt", pick(roll, &both)),
            false => pick(roll, &both).clone(),
        }
    }

    /// The command once more ends with what it is for, and leaves nothing else.
    fn expect_convergence(&self, mut host: Host) {
        if !self.settles {
            return;
        }
        let was_exact = self.states.contains(&tree(&host));
        let again = host.run(self.scenario.input.clone());
        let is_exact = tree(&host) == *self.after();
        assert!(
            is_exact || !was_exact && is_near(&host, self.after()),
            "once more: {again:?}\n{}",
            self.difference(&host)
        );
        // What fails before it gets to writing need not clear away.
        assert!(again.is_err() || left_over(&host).is_empty(), "once more: {:?}", left_over(&host));
        self.expect_mine(&host);
    }

    /// Nothing that the user wrote is lost, unless they said that it may be.
    fn expect_mine(&self, host: &Host) {
        if self.scenario.force && ended(host) > 0 && !self.is_like(host, self.before()) {
            return;
        }
        for mine in &self.scenario.mine {
            assert!(stands(host, mine), "lost: {}", String::from_utf8_lossy(mine));
        }
    }

    /// How the target differs from what it was and from what it was to be.
    fn difference(&self, host: &Host) -> String {
        let found = tree(host);
        let against = |expected: &Directory| {
            let paths =
                expected.keys().chain(found.keys()).filter(|path| expected.get(*path) != found.get(*path));
            let mut paths: Vec<String> = paths
                .map(|path| match (expected.get(path), found.get(path)) {
                    (Some(_), None) => format!("-{path}"),
                    (None, _) => format!("+{path}"),
                    _ => format!("~{path}"),
                })
                .collect();
            paths.dedup();
            paths.join(" ")
        };
        format!("from before: {}\nfrom after: {}", against(self.before()), against(self.after()))
    }
}

/// Whether the command once more may do something else.
fn moves_on(command: &Command) -> bool {
    match command {
        Command::Install(install) => !install.selection.update.is_empty(),
        Command::Undo(_) => true,
        _ => false,
    }
}

fn stands(host: &Host, content: &[u8]) -> bool {
    let nodes = host.roots.get("target").into_iter().flat_map(Directory::values);
    let mut files =
        nodes.filter_map(|node| if let Node::File { content, .. } = node { Some(content) } else { None });
    files.any(|other| other == content)
}

/// Nothing is written before other processes are kept out or after they are let in again, but for the
/// directories that the lock itself stands in.
fn keeps_others_out(host: &Host) {
    let mut locked = false;
    for body in &host.log {
        let (root, path) = match body {
            RequestBody::Lock { .. } => {
                locked = host.locks > 0;
                continue;
            }
            RequestBody::Unlock { .. } => {
                locked = false;
                continue;
            }
            RequestBody::MakeDirectory { root, path } | RequestBody::Remove { root, path } => {
                (root, path.as_str())
            }
            RequestBody::Create { root, path, .. } => (root, path.as_str()),
            RequestBody::Rename { root, from, .. } => (root, from.as_str()),
            _ => continue,
        };
        assert_eq!(*root, Root::Target, "{body:?}");
        assert!(locked || path.is_empty() || path == ".packwright", "{body:?}");
    }
    assert!(!locked, "others are let in again");
}
