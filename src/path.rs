//! The one path type: relative, safe on every system, and the same file everywhere.
//!
//! Rules follow what Git, npm, Cargo and Go modules learned from incidents: no way out of the
//! root, nothing Windows or macOS would alias, nothing a terminal would obey. A path is checked
//! again after rendering, since answers are untrusted. Not here: what stands at a path.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use icu_normalizer::ComposingNormalizerBorrowed;
use serde::{Deserialize, Deserializer, Serialize};
use thiserror::Error;

/// The most bytes a path may have.
pub const MAX_LENGTH: usize = 1024;

/// The most bytes one component may have: what common file systems hold.
pub const MAX_COMPONENT: usize = 255;

/// The lockfile's place in a project. No pack may write it.
pub const LOCKFILE: &str = "packwright.lock";

/// The directory for our own state in a project. No pack may write below it.
pub const STATE_DIRECTORY: &str = ".packwright";

/// What is installed in a project, and which files that has.
pub const INSTALLED: &str = ".packwright/installed.json";

/// Keeps our own state in a project out of Git.
pub const IGNORED: &str = ".packwright/.gitignore";

/// Where installs unpack if nothing else is said.
pub const PACKAGES: &str = ".packwright/packages";

/// A text that is not a safe relative path.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("`{}` is not a safe path: {reason}", shown.escape_debug())]
pub struct PathError {
    shown: String,
    reason: Reason,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
enum Reason {
    #[error("it is empty")]
    Empty,
    #[error("it has more than {MAX_LENGTH} bytes")]
    TooLong,
    #[error("a component has more than {MAX_COMPONENT} bytes")]
    ComponentTooLong,
    #[error("it does not start at the root of the project")]
    Absolute,
    #[error("a component is empty, `.` or `..`")]
    NotCanonical,
    #[error("`\\`, `:` and the characters `<>\"|?*` are not allowed")]
    Character,
    #[error("control and text direction characters are not allowed")]
    Invisible,
    #[error("it is not in Unicode normal form C")]
    NotNormalized,
    #[error("a component ends with a dot or a space")]
    Trailing,
    #[error("a component is a device name on Windows")]
    Device,
    #[error("a component looks like a short name on Windows")]
    ShortName,
    #[error("`.git` is Git's own")]
    Git,
    #[error("`{LOCKFILE}` and `{STATE_DIRECTORY}` are Packwright's own")]
    OwnState,
}

/// A relative path with `/` between its components.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct RelPath(String);

impl RelPath {
    /// The place of the lockfile, the one path of our own that a generation writes.
    pub fn lockfile() -> RelPath {
        RelPath(LOCKFILE.to_owned())
    }

    /// Reads a path that we ourselves write: any that packs may write, the lockfile, and of our own
    /// state [`INSTALLED`], [`IGNORED`] and what stands below [`PACKAGES`].
    ///
    /// # Errors
    /// A text that is none of these.
    pub fn of_ours(text: &str) -> Result<RelPath, PathError> {
        let fits = text.len() <= MAX_LENGTH;
        match text.strip_prefix(PACKAGES).and_then(|rest| rest.strip_prefix('/')) {
            Some(below) if fits => {
                let _checked: RelPath = below.parse()?;
            }
            _ if [LOCKFILE, INSTALLED, IGNORED].contains(&text) => {}
            _ => return text.parse(),
        }
        Ok(RelPath(text.to_owned()))
    }

    /// The path of something in a directory of ours; the empty text is the root.
    ///
    /// # Errors
    /// A path that gets too long.
    pub fn in_directory(directory: &str, inner: &RelPath) -> Result<RelPath, PathError> {
        match directory {
            "" => Ok(inner.clone()),
            directory => RelPath::of_ours(&format!("{directory}/{inner}")),
        }
    }

    /// The path as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The last component.
    pub fn file_name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or(&self.0)
    }

    /// The directories it stands in, the outermost first: `a`, `a/b` for `a/b/c`.
    pub fn parents(&self) -> impl Iterator<Item = &str> {
        self.0.match_indices('/').map(|(at, _)| &self.0[..at])
    }

    /// The rest behind a directory, if it stands below it.
    pub fn below(&self, directory: &str) -> Option<&str> {
        self.0.strip_prefix(directory)?.strip_prefix('/')
    }

    /// Two paths with one key would be one file on some system: equal under Unicode's
    /// compatibility form and full case folding.
    pub fn collision_key(&self) -> String {
        fold(&self.0)
    }
}

impl FromStr for RelPath {
    type Err = PathError;

    fn from_str(text: &str) -> Result<RelPath, PathError> {
        match check(text) {
            Ok(()) => Ok(RelPath(text.to_owned())),
            Err(reason) => Err(PathError { shown: text.chars().take(120).collect(), reason }),
        }
    }
}

fn check(text: &str) -> Result<(), Reason> {
    if text.is_empty() {
        return Err(Reason::Empty);
    }
    if text.len() > MAX_LENGTH {
        return Err(Reason::TooLong);
    }
    if text.starts_with('/') {
        return Err(Reason::Absolute);
    }
    if text.contains(['\\', ':', '<', '>', '"', '|', '?', '*']) {
        return Err(Reason::Character);
    }
    if text.contains(is_invisible) {
        return Err(Reason::Invisible);
    }
    if !ComposingNormalizerBorrowed::new_nfc().is_normalized(text) {
        return Err(Reason::NotNormalized);
    }
    text.split('/').try_for_each(check_component)?;
    let first = fold(text.split('/').next().unwrap_or(text));
    if first == STATE_DIRECTORY || first == LOCKFILE {
        return Err(Reason::OwnState);
    }
    Ok(())
}

fn check_component(component: &str) -> Result<(), Reason> {
    if component.is_empty() || component == "." || component == ".." {
        return Err(Reason::NotCanonical);
    }
    if component.len() > MAX_COMPONENT {
        return Err(Reason::ComponentTooLong);
    }
    if component.ends_with(['.', ' ']) {
        return Err(Reason::Trailing);
    }
    let folded = fold(component);
    if is_device(&folded) {
        return Err(Reason::Device);
    }
    if is_short_name(component) {
        return Err(Reason::ShortName);
    }
    if folded == ".git" {
        return Err(Reason::Git);
    }
    Ok(())
}

/// Control characters, and those that reorder or hide text (Unicode TR 36, CVE-2021-42574).
/// HFS+ drops the zero-width ones when it compares names (CVE-2014-9390).
pub(crate) fn is_invisible(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// Windows reserves these with any extension; digits include the superscripts 1 to 3, which the
/// compatibility form has already made plain.
fn is_device(folded: &str) -> bool {
    let stem = folded.split('.').next().unwrap_or(folded).trim_end_matches(' ');
    match stem {
        "con" | "prn" | "aux" | "nul" | "conin$" | "conout$" => true,
        _ => {
            let number = stem.strip_prefix("com").or_else(|| stem.strip_prefix("lpt"));
            number.is_some_and(|n| n.len() == 1 && n.as_bytes()[0].is_ascii_digit())
        }
    }
}

/// `GIT~1` and its like: one to six characters before `~` and a digit.
fn is_short_name(component: &str) -> bool {
    component.split_once('~').is_some_and(|(stem, rest)| {
        (1..=6).contains(&stem.chars().count())
            && !stem.contains('.')
            && rest.starts_with(|c: char| c.is_ascii_digit())
    })
}

fn fold(text: &str) -> String {
    let compatible = ComposingNormalizerBorrowed::new_nfkc();
    let folded: String = compatible
        .normalize_iter(text.chars())
        .flat_map(char::to_uppercase)
        .flat_map(char::to_lowercase)
        .collect();
    compatible.normalize(&folded).into_owned()
}

impl fmt::Display for RelPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for RelPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Reads what was written by [`Serialize`]: any path of a plan, the lockfile's among them.
impl<'de> Deserialize<'de> for RelPath {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<RelPath, D::Error> {
        let text = String::deserialize(deserializer)?;
        if text == LOCKFILE {
            return Ok(RelPath::lockfile());
        }
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// Paths that can stand beside each other on every system.
#[derive(Default)]
pub struct PathSet {
    files: BTreeMap<String, RelPath>,
    directories: BTreeMap<String, String>,
}

/// A path that cannot stand beside one that is there.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Collision {
    /// The very same path.
    #[error("`{0}` is there already")]
    Same(RelPath),
    /// Another spelling of the same file or directory.
    #[error("`{path}` and `{other}` are one file on some systems")]
    Alias {
        /// The new path, or the directory of it that clashes.
        path: String,
        /// What is there.
        other: String,
    },
    /// A file where a directory is needed, or the other way round.
    #[error("`{0}` would have to be both a file and a directory")]
    FileAndDirectory(String),
}

impl PathSet {
    /// Adds a file's path.
    ///
    /// # Errors
    /// If some system could not hold it beside the others; the set is then unchanged.
    pub fn insert(&mut self, path: &RelPath) -> Result<(), Collision> {
        let key = path.collision_key();
        if let Some(other) = self.files.get(&key) {
            return Err(if other == path {
                Collision::Same(path.clone())
            } else {
                Collision::Alias { path: path.to_string(), other: other.to_string() }
            });
        }
        if self.directories.contains_key(&key) {
            return Err(Collision::FileAndDirectory(path.to_string()));
        }
        let mut directories = Vec::new();
        for parent in path.parents() {
            let key = fold(parent);
            if self.files.contains_key(&key) {
                return Err(Collision::FileAndDirectory(parent.to_owned()));
            }
            match self.directories.get(&key) {
                Some(other) if other != parent => {
                    return Err(Collision::Alias { path: parent.to_owned(), other: other.clone() });
                }
                _ => directories.push((key, parent.to_owned())),
            }
        }
        self.directories.extend(directories);
        self.files.insert(key, path.clone());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reason(text: &str) -> Reason {
        text.parse::<RelPath>().expect_err(text).reason
    }

    #[test]
    fn safe_paths() {
        for good in [
            "a",
            "src/main.rs",
            "..foo/a..b.txt",
            "__proto__/x",
            ".vscode/tasks.json",
            "a b/ü",
            "com10",
            "a~x/long-name~1",
        ] {
            assert_eq!(good.parse::<RelPath>().unwrap_or_else(|error| panic!("{error}")).as_str(), good);
        }
    }

    #[test]
    fn each_rule_refuses() {
        for (text, expected) in [
            ("", Reason::Empty),
            ("/etc/passwd", Reason::Absolute),
            ("a//b", Reason::NotCanonical),
            ("./a", Reason::NotCanonical),
            ("a/..", Reason::NotCanonical),
            ("a/", Reason::NotCanonical),
            ("C:/x", Reason::Character),
            ("a\\b", Reason::Character),
            ("what?", Reason::Character),
            ("a\0", Reason::Invisible),
            ("a\u{202e}b", Reason::Invisible),
            (".g\u{200c}it/x", Reason::Invisible),
            ("cafe\u{301}", Reason::NotNormalized),
            ("a.", Reason::Trailing),
            ("a /b", Reason::Trailing),
            ("docs/CON", Reason::Device),
            ("nul.txt", Reason::Device),
            ("com¹.txt", Reason::Device),
            ("GIT~1/x", Reason::ShortName),
            ("sub/.GiT/config", Reason::Git),
            (".Packwright/journal.json", Reason::OwnState),
            ("packwright.lock", Reason::OwnState),
        ] {
            assert_eq!(reason(text), expected, "{text:?}");
        }
        assert_eq!(reason(&"a/".repeat(600)), Reason::TooLong);
        assert_eq!(reason(&"a".repeat(256)), Reason::ComponentTooLong);
    }

    #[test]
    fn errors_show_the_path_harmlessly() {
        let error = "a\u{1b}[2J".parse::<RelPath>().unwrap_err().to_string();
        assert_eq!(
            error,
            "`a\\u{1b}[2J` is not a safe path: control and text direction characters are not allowed"
        );
    }

    #[test]
    fn parts() {
        let path: RelPath = "a/b/c.txt".parse().unwrap();
        assert_eq!(path.parents().collect::<Vec<_>>(), ["a", "a/b"]);
        assert_eq!(path.file_name(), "c.txt");
        assert_eq!(
            (path.below("a"), path.below("a/b/c.txt"), path.below("b")),
            (Some("b/c.txt"), None, None)
        );
        assert_eq!(format!("{path:?} {path}"), "a/b/c.txt a/b/c.txt");
    }

    #[test]
    fn the_wire_form_lets_only_the_lockfile_through() {
        let read = |text: &str| serde_json::from_str::<RelPath>(&format!("{text:?}"));
        assert_eq!(read("packwright.lock").unwrap(), RelPath::lockfile());
        read("../x").unwrap_err();
    }

    #[test]
    fn sets_refuse_what_some_system_cannot_hold() {
        let insert = |paths: &[&str]| {
            let mut set = PathSet::default();
            paths
                .iter()
                .try_for_each(|path| set.insert(&path.parse().unwrap()))
                .map_err(|error| error.to_string())
        };
        insert(&["src/a", "src/b", "c"]).unwrap();
        assert_eq!(insert(&["a", "a"]).unwrap_err(), "`a` is there already");
        for alias in [
            ["Readme.md", "readme.md"],
            ["ﬁle", "file"],
            ["İ", "i̇"],
            ["straße", "STRASSE"],
            ["Src/a", "src/b"],
        ] {
            assert!(insert(&alias).unwrap_err().ends_with("are one file on some systems"), "{alias:?}");
        }
        for both in [["a", "a/b"], ["a/b", "a"], ["A/b", "a"]] {
            assert!(insert(&both).unwrap_err().ends_with("both a file and a directory"), "{both:?}");
        }
    }
}
