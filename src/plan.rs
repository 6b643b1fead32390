//! The plan: what writing a project would do to a directory, as data, before anything is done.
//!
//! [`Plan::new`] compares the files a project should have with what stands there. A plan holds no
//! content; it lies in one block beside it, so that a host moves it in one piece. Not here:
//! carrying a plan out.

use std::collections::BTreeMap;
use std::ops::Range;

use diffy::DiffOptions;
use serde::{Deserialize, Serialize};

use crate::manifest::{Hook, Mode};
use crate::path::RelPath;
use crate::registry::Digest;
use crate::render::Origin;

/// Files above this many bytes are compared but no diff is shown: 256 KiB.
pub const MAX_DIFF: usize = 256 << 10;

/// Nor is it for two files with more lines than this together: the work grows with their square.
pub const MAX_DIFF_LINES: usize = 10_000;

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
    /// Something else stands there; it is replaced only by force.
    Conflict,
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
    /// Where it comes from; the lockfile comes from nowhere.
    pub origin: Option<Origin>,
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
    pub origin: Option<Origin>,
    /// A file that may be replaced, because nothing of the user's is in it.
    pub replaces: Option<Digest>,
    /// Whether it holds the answer to a secret.
    pub secret: bool,
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
            let action = action(&file, there);
            let (before, diff) = match there {
                Some(Existing::File { content, .. }) => (
                    Some(Digest::of(content)),
                    if action == Action::Unchanged || file.secret {
                        None
                    } else {
                        unified_diff(&file.path, content, &file.content)
                    },
                ),
                _ => (None, None),
            };
            operations.push(Operation {
                action,
                mode: file.mode,
                hash: Digest::of(&file.content),
                offset: contents.len(),
                size: file.content.len(),
                before,
                diff,
                runs_on_open: runs_on_open(&file.path),
                secret: file.secret,
                origin: file.origin,
                path: file.path,
            });
            contents.extend_from_slice(&file.content);
        }
        (Plan { compared: existing.is_some(), operations, hooks }, contents)
    }
}

fn action(wanted: &Wanted, there: Option<&Existing>) -> Action {
    match there {
        None => Action::Create,
        Some(Existing::Blocked { .. }) => Action::Conflict,
        Some(Existing::File { content, mode }) if *content == wanted.content => match mode {
            Some(mode) if *mode != wanted.mode => Action::Change,
            _ => Action::Unchanged,
        },
        Some(Existing::File { content, .. }) if wanted.replaces == Some(Digest::of(content)) => {
            Action::Change
        }
        Some(Existing::File { .. }) => Action::Conflict,
    }
}

/// A unified diff with three lines of context, or nothing where it would be empty or of no use.
pub fn unified_diff(path: &RelPath, before: &[u8], after: &[u8]) -> Option<String> {
    if before.len().max(after.len()) > MAX_DIFF {
        return None;
    }
    let (before, after) = (std::str::from_utf8(before).ok()?, std::str::from_utf8(after).ok()?);
    let lines = before.lines().count() + after.lines().count();
    if before == after || lines > MAX_DIFF_LINES {
        return None;
    }
    let mut options = DiffOptions::new();
    options.set_original_filename(format!("a/{path}")).set_modified_filename(format!("b/{path}"));
    Some(options.create_patch(before, after).to_string())
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
            origin: None,
            replaces: None,
            secret: false,
        }
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
            Wanted { replaces: Some(Digest::of(b"old")), ..wanted("lock", "new") },
            wanted("directory", "x"),
        ];
        let (plan, contents) = Plan::new(files, Some(&existing), Vec::new());
        use Action::{Change, Conflict, Create, Unchanged};
        let actions: Vec<Action> = plan.operations.iter().map(|operation| operation.action).collect();
        assert_eq!(actions, [Create, Unchanged, Unchanged, Change, Conflict, Change, Conflict]);
        assert_eq!(contents, b"xxxxa\nc\nnewx");
        let other = &plan.operations[4];
        assert_eq!(&contents[other.range()], b"a\nc\n");
        assert_eq!(other.diff.as_deref(), Some("--- a/other\n+++ b/other\n@@ -1,2 +1,2 @@\n a\n-b\n+c\n"));
        assert_eq!((other.before, other.hash), (Some(Digest::of(b"a\nb\n")), Digest::of(b"a\nc\n")));
        assert_eq!(plan.operations[3].diff, None, "only the mode differs");
        assert!(plan.compared);
    }

    #[test]
    fn no_diff_shows_a_secret() {
        let existing = BTreeMap::from([("key".parse().unwrap(), file("old", None))]);
        let files = vec![Wanted { secret: true, ..wanted("key", "new") }];
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
    fn diffs_are_for_texts_of_moderate_size() {
        let path: RelPath = "x".parse().unwrap();
        assert_eq!(unified_diff(&path, b"\xff", b"a"), None);
        assert_eq!(unified_diff(&path, b"a", b"a"), None);
        assert_eq!(unified_diff(&path, &vec![b'a'; MAX_DIFF + 1], b"a"), None);
        assert_eq!(unified_diff(&path, "\n".repeat(MAX_DIFF_LINES).as_bytes(), b"a"), None);
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
