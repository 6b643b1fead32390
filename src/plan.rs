//! The plan: what writing a project would do to a directory, as data, before anything is done.
//!
//! [`Plan::new`] compares the files a project should have with what stands there. A plan holds no
//! content; it lies in one block beside it, so that a host moves it in one piece. Not here:
//! carrying a plan out.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::composition::Prefer;
use crate::expression::{SourceFile, Written};
use crate::manifest::{Hook, Mode};
use crate::merge::{self, Kind, Merged, Policy, Side, unified_diff};
use crate::name::PackName;
use crate::path::RelPath;
use crate::registry::Digest;
use crate::render::Origin;

/// What happens to a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub enum Action {
    /// Nothing stands there.
    Create,
    /// What stands there is replaced, and nothing of the user's is lost.
    Change,
    /// It is there already.
    Unchanged,
    /// What stands there is kept, and what is new comes in.
    Merge,
    /// Something else stands there and is replaced, as was asked for.
    Overwrite,
    /// Something else stands there and stays: as was asked for, or because somebody changed it and the
    /// packs give what they gave before.
    Skip,
    /// Something else stands there; it is replaced only by force.
    Conflict,
}

/// What becomes of a file that stands where another is to go and differs, and may be somebody's work.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub enum IfThere {
    /// It is a conflict.
    #[default]
    Refuse,
    /// It stays.
    Skip,
    /// It is replaced.
    Overwrite,
    /// What is new comes into it, and nothing of it goes; where that cannot be, it is a conflict. That is
    /// so where an earlier version of what is new was written: its lines would pass for somebody's.
    Merge,
}

/// Why what is new cannot come into what stands there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub enum Unmergeable {
    /// It was generated, somebody edited it, and the packs give something else by now.
    Edited,
    /// Files of its type do not join.
    Type,
    /// One of the two cannot be read, or they differ where they cannot.
    Clash,
}

/// As a reason.
impl fmt::Display for Unmergeable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Unmergeable::Edited => {
                "it was generated and edited since, and the packs give something else by now, so it cannot be merged"
            }
            Unmergeable::Type => "files of its type cannot be merged",
            Unmergeable::Clash => "it does not go together with what is new, so it cannot be merged",
        })
    }
}

/// Lines of a file that follow one another in what they come from, too.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Lines {
    /// How many there are.
    pub count: u32,
    /// Where the first of them comes from; none: it stood there before.
    pub from: Option<LineOrigin>,
    /// What else has part in it, as in a list of one line that several packs add to; it is one line then.
    pub also: Vec<LineOrigin>,
}

/// Where a line comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct LineOrigin {
    /// The pack.
    #[serde(deserialize_with = "crate::manifest::parsed")]
    pub pack: PackName,
    /// The file in the pack.
    pub source: RelPath,
    /// The line in that file, from 1.
    pub line: u32,
}

/// One file of a plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Operation {
    /// Where it goes.
    pub path: RelPath,
    /// What happens there.
    pub action: Action,
    /// The mode it gets.
    pub mode: Mode,
    /// The mode of what stands there now, where it is known and another one.
    pub mode_before: Option<Mode>,
    /// Where it comes from, in install order; several if it was joined. The lockfile comes from nowhere.
    pub origins: Vec<Origin>,
    /// The packs that give this file as well, in place of whose this one stands.
    // For showing: carrying a plan out asks for none of them.
    #[serde(skip_deserializing)]
    pub over: Vec<PackName>,
    /// Where its lines come from, all of them in order; empty for a copy of a file, and where nobody asked.
    pub lines: Vec<Lines>,
    /// The digest of its content.
    #[cfg_attr(test, ts(type = "string"))]
    pub hash: Digest,
    /// Where its content starts in the block beside the plan.
    pub offset: usize,
    /// The bytes of its content.
    pub size: usize,
    /// The digest of what stands there now.
    #[cfg_attr(test, ts(type = "string | null"))]
    pub before: Option<Digest>,
    /// From what stands there to what would, if both are texts of moderate size and hold no secret.
    pub diff: Option<String>,
    /// Why it cannot be merged; none unless it is a conflict of two files, and where it can.
    pub unmergeable: Option<Unmergeable>,
    /// Whether opening the directory in a common tool may run it.
    pub runs_on_open: bool,
    /// Whether it holds the answer to a secret, so that its content is not for showing.
    pub secret: bool,
}

impl Operation {
    /// Where its content lies in the block.
    pub fn range(&self) -> Range<usize> {
        self.offset..self.offset.saturating_add(self.size)
    }
}

/// Everything that writing a project would do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Plan {
    /// Whether it was compared with a directory. Otherwise every file is to be created.
    pub compared: bool,
    /// The files by path, the lockfile last.
    pub operations: Vec<Operation>,
    /// Commands the packs would like to run, in install order. Never run without trust.
    pub hooks: Vec<Hook>,
}

/// A file a project should have.
pub struct Wanted {
    /// Where it goes.
    pub path: RelPath,
    /// Its content.
    pub content: Vec<u8>,
    /// Its mode.
    pub mode: Mode,
    /// Where it comes from.
    pub origins: Vec<Origin>,
    /// The packs in place of whose file it stands.
    pub over: Vec<PackName>,
    /// Where its lines come from.
    pub lines: Vec<Written>,
    /// What becomes of another file there.
    pub if_there: IfThere,
    /// What was written there last time.
    pub was: Option<Was>,
    /// If it tells secrets: what it is without them.
    pub secret: Option<Masked>,
}

impl Wanted {
    /// The digest that may be written down of it, and tells no secret.
    pub fn digest(&self) -> Digest {
        self.secret.as_ref().map_or_else(|| Digest::of(&self.content), |masked| masked.digest)
    }

    /// Whether what is there is what was written, as far as can be known.
    fn was_written(&self, there: &[u8]) -> bool {
        let is_it = |was: &Was| {
            let masked = self.secret.as_ref().and_then(|masked| masked.mask(there));
            was.hash == Digest::of(there)
                || masked.is_some_and(|masked| was.hash == Digest::of(masked.as_bytes()))
        };
        self.was.as_ref().is_some_and(is_it)
    }
}

/// A file that tells secrets, as it is with others in their place. The digest of the file itself would
/// tell a short secret to whoever tries them all.
#[derive(Clone, Debug)]
pub struct Masked {
    /// The digest of what the packs give with the stand-ins.
    pub digest: Digest,
    /// Secrets, each with what stands in for it.
    pub stand_ins: Arc<[(String, String)]>,
}

impl Masked {
    /// A text with the stand-ins for the secrets. Where templates do more with a secret than to print it, it
    /// differs from what they give with the stand-in.
    fn mask(&self, text: &[u8]) -> Option<String> {
        let text = std::str::from_utf8(text).ok()?;
        Some(self.stand_ins.iter().fold(text.to_owned(), |text, (secret, other)| text.replace(secret, other)))
    }
}

/// What was written at a path last time. It may be replaced, as nothing of the user's is in it; and where
/// it would be written again, what somebody made of it since may stay.
#[derive(Clone, Copy, Debug)]
pub struct Was {
    /// Its digest; of a file that tells secrets, that without them.
    pub hash: Digest,
    /// Its mode.
    pub mode: Mode,
}

/// What stands at a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Existing {
    /// A file. The mode is unknown where the host has none.
    File {
        /// Its content.
        content: Vec<u8>,
        /// Its mode.
        mode: Option<Mode>,
    },
    /// A directory, a link or something stranger, at the path itself or where a directory is
    /// needed.
    Blocked {
        /// What is in the way.
        by: String,
    },
}

impl Plan {
    /// Compares what is wanted with what exists; paths that are absent from `existing` are free.
    ///
    /// Gives the plan and the block with the content of all files, in the order of the plan.
    pub fn new(
        wanted: Vec<Wanted>,
        existing: Option<&BTreeMap<RelPath, Existing>>,
        hooks: Vec<Hook>,
    ) -> (Plan, Vec<u8>) {
        let mut contents = Vec::with_capacity(wanted.iter().map(|file| file.content.len()).sum());
        let mut operations = Vec::with_capacity(wanted.len());
        for file in wanted {
            let there = existing.and_then(|existing| existing.get(&file.path));
            let Fate { action, content, lines, unmergeable } = Fate::of(&file, there);
            let content = content.into_owned();
            let (before, mode_before, diff) = match there {
                Some(Existing::File { content: there, mode }) => (
                    Some(Digest::of(there)),
                    mode.filter(|mode| *mode != file.mode),
                    if action == Action::Unchanged || file.secret.is_some() {
                        None
                    } else {
                        unified_diff(&file.path, there, &content)
                    },
                ),
                _ => (None, None, None),
            };
            operations.push(Operation {
                action,
                mode: file.mode,
                mode_before,
                hash: Digest::of(&content),
                offset: contents.len(),
                size: content.len(),
                before,
                diff,
                lines,
                unmergeable,
                runs_on_open: runs_on_open(&file.path),
                secret: file.secret.is_some(),
                origins: file.origins,
                over: file.over,
                path: file.path,
            });
            contents.extend_from_slice(&content);
        }
        (Plan { compared: existing.is_some(), operations, hooks }, contents)
    }
}

/// What becomes of a file.
struct Fate<'a> {
    action: Action,
    content: Cow<'a, [u8]>,
    lines: Vec<Lines>,
    unmergeable: Option<Unmergeable>,
}

impl Fate<'_> {
    fn of<'a>(wanted: &'a Wanted, there: Option<&Existing>) -> Fate<'a> {
        let as_wanted = |action| Fate {
            action,
            content: Cow::Borrowed(&wanted.content),
            lines: runs(&wanted.lines),
            unmergeable: None,
        };
        let (there, mode) = match there {
            None => return as_wanted(Action::Create),
            Some(Existing::Blocked { .. }) => return as_wanted(Action::Conflict),
            Some(Existing::File { content, mode }) => (content, mode),
        };
        let is_again = |was: &Was| was.hash == wanted.digest();
        let again = wanted.was.filter(|was| is_again(was) && wanted.if_there != IfThere::Overwrite);
        let has_other_mode = mode.is_some_and(|mode| mode != wanted.mode);
        let is_mode_new = again.is_some_and(|was| was.mode != wanted.mode);
        if *there == wanted.content {
            return as_wanted(match has_other_mode {
                true if again.is_some() && !is_mode_new => Action::Skip,
                true => Action::Change,
                false => Action::Unchanged,
            });
        }
        if wanted.was_written(there) {
            return as_wanted(Action::Change);
        }
        if again.is_some() && has_other_mode && is_mode_new {
            // The content is the user's, the mode the packs'.
            return Fate {
                content: Cow::Owned(there.clone()),
                lines: Vec::new(),
                ..as_wanted(Action::Change)
            };
        }
        if again.is_some() {
            return as_wanted(Action::Skip);
        }
        match wanted.if_there {
            IfThere::Skip => as_wanted(Action::Skip),
            IfThere::Overwrite => as_wanted(Action::Overwrite),
            // Who is asked what is to become of it wants to know whether it can be merged.
            IfThere::Refuse => {
                Fate { unmergeable: merged(wanted, there).err(), ..as_wanted(Action::Conflict) }
            }
            IfThere::Merge => match merged(wanted, there) {
                Ok(merged) => Fate {
                    action: if merged.text.as_bytes() == there { Action::Unchanged } else { Action::Merge },
                    lines: runs_of_both(&merged, wanted),
                    content: Cow::Owned(merged.text.into_bytes()),
                    unmergeable: None,
                },
                Err(why) => Fate { unmergeable: Some(why), ..as_wanted(Action::Conflict) },
            },
        }
    }
}

/// What stands there with what is new.
fn merged(wanted: &Wanted, there: &[u8]) -> Result<Merged, Unmergeable> {
    // Lines that were generated formerly would pass for the user's.
    if wanted.was.is_some() {
        return Err(Unmergeable::Edited);
    }
    let (Ok(there), Ok(new)) = (std::str::from_utf8(there), std::str::from_utf8(&wanted.content)) else {
        return Err(Unmergeable::Type);
    };
    let kind = Kind::of(&wanted.path, there, new).ok_or(Unmergeable::Type)?;
    let policy = Policy { prefer: Some(Prefer::Earlier), ..Policy::default() };
    match merge::merge(kind, &wanted.path, there, new, &policy) {
        // A version that would be raised is the user's to raise.
        Ok(merged) if merged.notes.is_empty() => Ok(merged),
        _ => Err(Unmergeable::Clash),
    }
}

/// Lines that follow one another there and here, as one.
fn runs(lines: &[Written]) -> Vec<Lines> {
    let mut runs = Vec::new();
    for written in lines {
        push(&mut runs, Some(written), parts(written));
    }
    runs
}

fn parts(written: &Written) -> Vec<LineOrigin> {
    written.also.iter().map(|(file, line)| line_origin(file, *line)).collect()
}

fn runs_of_both(merged: &Merged, wanted: &Wanted) -> Vec<Lines> {
    // Who does not want to know of some lines wants to know of none.
    if wanted.lines.is_empty() {
        return Vec::new();
    }
    let mut runs = Vec::new();
    for whose in &merged.lines {
        let written = |line: usize| wanted.lines.get(line - 1);
        match whose.side {
            Side::Second => {
                let written = written(whose.line);
                push(&mut runs, written, written.map(parts).unwrap_or_default());
            }
            Side::First => {
                let new = whose.also.and_then(written);
                let new = new
                    .into_iter()
                    .flat_map(|new| std::iter::once(line_origin(&new.file, new.line)).chain(parts(new)));
                push(&mut runs, None, new.collect());
            }
        }
    }
    runs
}

fn push(runs: &mut Vec<Lines>, written: Option<&Written>, also: Vec<LineOrigin>) {
    let is_alone = also.is_empty();
    match (runs.last_mut().filter(|run| is_alone && run.also.is_empty()), written) {
        (Some(Lines { count, from: None, .. }), None) => *count += 1,
        (Some(Lines { count, from: Some(from), .. }), Some(written))
            if (&from.pack, &from.source, from.line + *count)
                == (&written.file.pack, &written.file.path, written.line) =>
        {
            *count += 1;
        }
        _ => {
            let from = written.map(|written| line_origin(&written.file, written.line));
            runs.push(Lines { count: 1, from, also });
        }
    }
}

fn line_origin(file: &SourceFile, line: u32) -> LineOrigin {
    LineOrigin { pack: file.pack.clone(), source: file.path.clone(), line }
}

/// Files that editors, shells and tools obey when somebody opens or enters the directory.
pub fn runs_on_open(path: &RelPath) -> bool {
    const FILES: &[&str] = &[
        ".cargo/config.toml",
        ".config/mise.toml",
        ".devcontainer.json",
        ".dir-locals.el",
        ".envrc",
        ".exrc",
        ".mcp.json",
        ".mise.toml",
        ".nvim.lua",
        ".nvimrc",
        ".vimrc",
        ".vscode/settings.json",
        ".vscode/tasks.json",
        "mise.local.toml",
        "mise.toml",
    ];
    let key = path.collision_key();
    let anywhere =
        |file: &&str| key == **file || key.strip_suffix(*file).is_some_and(|rest| rest.ends_with('/'));
    FILES.iter().any(anywhere)
        || key.ends_with(".code-workspace")
        || key.starts_with(".devcontainer/")
        || key.contains("/.devcontainer/")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(path: &str, content: &str) -> Wanted {
        Wanted {
            path: path.parse().unwrap(),
            content: content.into(),
            mode: Mode::Regular,
            origins: Vec::new(),
            over: Vec::new(),
            lines: Vec::new(),
            if_there: IfThere::Refuse,
            was: None,
            secret: None,
        }
    }

    fn was(content: &str) -> Option<Was> {
        Some(Was { hash: Digest::of(content.as_bytes()), mode: Mode::Regular })
    }

    fn file(content: &str, mode: Option<Mode>) -> Existing {
        Existing::File { content: content.into(), mode }
    }

    #[test]
    fn each_path_is_told_from_what_stands_there() {
        let existing: BTreeMap<RelPath, Existing> = [
            ("same", file("x", Some(Mode::Regular))),
            ("modeless", file("x", None)),
            ("mode", file("x", Some(Mode::Executable))),
            ("other", file("a\nb\n", None)),
            ("lock", file("old", None)),
            ("mine", file("edited", None)),
            ("directory", Existing::Blocked { by: "directory".into() }),
        ]
        .map(|(path, existing)| (path.parse().unwrap(), existing))
        .into();
        let files = vec![
            wanted("new", "x"),
            wanted("same", "x"),
            wanted("modeless", "x"),
            wanted("mode", "x"),
            wanted("other", "a\nc\n"),
            Wanted { was: was("old"), ..wanted("lock", "new") },
            Wanted { was: was("x"), ..wanted("mine", "x") },
            wanted("directory", "x"),
        ];
        let (plan, contents) = Plan::new(files, Some(&existing), Vec::new());
        use Action::{Change, Conflict, Create, Skip, Unchanged};
        let actions: Vec<Action> = plan.operations.iter().map(|operation| operation.action).collect();
        assert_eq!(actions, [Create, Unchanged, Unchanged, Change, Conflict, Change, Skip, Conflict]);
        assert_eq!(contents, b"xxxxa\nc\nnewxx");
        let other = &plan.operations[4];
        assert_eq!(&contents[other.range()], b"a\nc\n");
        assert_eq!(other.diff.as_deref(), Some("--- a/other\n+++ b/other\n@@ -1,2 +1,2 @@\n a\n-b\n+c\n"));
        assert_eq!((other.before, other.hash), (Some(Digest::of(b"a\nb\n")), Digest::of(b"a\nc\n")));
        let modes = &plan.operations[3];
        assert_eq!(
            (&modes.diff, modes.mode_before),
            (&None, Some(Mode::Executable)),
            "only the mode differs"
        );
        assert!(plan.compared);
    }

    #[test]
    fn modes_are_whose_who_changed_them() {
        use Action::{Change, Conflict, Skip};
        let fate = |there: Existing, file: Wanted| {
            let existing = BTreeMap::from([("x".parse().unwrap(), there)]);
            let (plan, contents) = Plan::new(vec![file], Some(&existing), Vec::new());
            (plan.operations[0].action, String::from_utf8(contents).unwrap())
        };
        let again = || Wanted { was: was("new"), ..wanted("x", "new") };
        let executable = || Wanted { mode: Mode::Executable, ..again() };
        assert_eq!(fate(file("new", Some(Mode::Executable)), again()), (Skip, "new".to_owned()));
        assert_eq!(fate(file("new", Some(Mode::Regular)), executable()), (Change, "new".to_owned()));
        assert_eq!(fate(file("mine", Some(Mode::Regular)), executable()), (Change, "mine".to_owned()));
        assert_eq!(fate(file("mine", Some(Mode::Executable)), executable()), (Skip, "new".to_owned()));
        let merging = Wanted { was: was("older"), if_there: IfThere::Merge, ..wanted("x", "new") };
        assert_eq!(fate(file("mine", None), merging), (Conflict, "new".to_owned()));
    }

    /// A file with a secret, and what the packs give with `-` in its place.
    fn masked(secret: &str, without: &str) -> Masked {
        let stand_ins = [(secret.to_owned(), "-".to_owned())].into();
        Masked { digest: Digest::of(without.as_bytes()), stand_ins }
    }

    #[test]
    fn what_tells_secrets_is_known_again_without_them() {
        use Action::{Change, Conflict, Skip, Unchanged};
        let fate = |there: &str, was: Option<Was>| {
            let existing = BTreeMap::from([("x".parse().unwrap(), file(there, None))]);
            let wanted = Wanted { secret: Some(masked("s3", "key -\n")), was, ..wanted("x", "key s3\n") };
            Plan::new(vec![wanted], Some(&existing), Vec::new()).0.operations[0].action
        };
        // The packs give what they gave: another secret or an edit, nobody knows.
        assert_eq!(fate("key s3\n", was("key -\n")), Unchanged);
        assert_eq!(fate("key other\n", was("key -\n")), Skip);
        // They give something else: only what was written with this secret is theirs.
        assert_eq!(fate("old s3\n", was("old -\n")), Change);
        assert_eq!(fate("old other\n", was("old -\n")), Conflict);
        assert_eq!(fate("old s3\nmine\n", was("old -\n")), Conflict);
    }

    #[test]
    fn why_a_file_cannot_be_merged_is_told() {
        use Unmergeable::{Clash, Edited, Type};
        let formerly = |file: Wanted| Wanted { was: was("older"), ..file };
        for (file, there, why) in [
            (wanted("a.json", "{\"a\": 1}"), "{\"b\": 2}", None),
            (wanted("a.json", "{\"a\": 1}"), "{", Some(Clash)),
            (wanted("a.txt", "new"), "mine", Some(Type)),
            (formerly(wanted("a.json", "{\"a\": 1}")), "{\"b\": 2}", Some(Edited)),
        ] {
            let existing = BTreeMap::from([(file.path.clone(), self::file(there, None))]);
            let (plan, _) = Plan::new(vec![file], Some(&existing), Vec::new());
            let operation = &plan.operations[0];
            assert_eq!((operation.action, operation.unmergeable), (Action::Conflict, why), "{there}");
        }
    }

    #[test]
    fn no_diff_shows_a_secret() {
        let existing = BTreeMap::from([("key".parse().unwrap(), file("old", None))]);
        let files = vec![Wanted { secret: Some(masked("x", "new")), ..wanted("key", "new") }];
        let (plan, _) = Plan::new(files, Some(&existing), Vec::new());
        let operation = &plan.operations[0];
        assert_eq!((operation.action, &operation.diff, operation.secret), (Action::Conflict, &None, true));
    }

    #[test]
    fn a_plan_survives_the_boundary() {
        let (plan, _) = Plan::new(vec![wanted("a", "x")], None, Vec::new());
        let text = serde_json::to_string(&plan).unwrap();
        assert_eq!(serde_json::from_str::<Plan>(&text).unwrap(), plan);
        let hostile = text.replace("\"a\"", "\"../a\"");
        assert!(serde_json::from_str::<Plan>(&hostile).unwrap_err().to_string().contains("not a safe path"));
    }

    #[test]
    fn files_that_run_when_opened() {
        for path in [
            ".vscode/tasks.json",
            ".VSCode/Tasks.json",
            "sub/.envrc",
            "a.code-workspace",
            ".devcontainer/x",
            "a/.devcontainer/x",
        ] {
            assert!(runs_on_open(&path.parse().unwrap()), "{path}");
        }
        for path in ["tasks.json", "my.envrc", ".vscode/launch.json"] {
            assert!(!runs_on_open(&path.parse().unwrap()), "{path}");
        }
    }
}
