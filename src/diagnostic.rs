//! What went wrong, as data: a stable code, what and where, why, and what to do about it.
//!
//! Every failure of every module ends up as a [`Diagnostic`]. Hosts print them or draw them; only
//! the code and its exit code are meant to be matched on, texts may change in any release.

use std::fmt;

use serde::{Deserialize, Serialize};

macro_rules! codes {
    ($($(#[$doc:meta])* $variant:ident = $text:literal, $exit:literal;)*) => {
        /// The stable code of a [`Diagnostic`]. Its family decides the exit code of a command.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[cfg_attr(test, derive(ts_rs::TS))]
        pub enum Code {
            $($(#[$doc])* #[serde(rename = $text)] $variant,)*
        }

        impl Code {
            /// Every code there is, in the order of the documentation.
            pub const ALL: &[Code] = &[$(Code::$variant),*];

            /// The code as users see it, such as `pack-not-found`.
            pub fn as_str(self) -> &'static str {
                match self { $(Code::$variant => $text,)* }
            }

            /// The exit code of a command that ends with this code.
            pub fn exit_code(self) -> u8 {
                match self { $(Code::$variant => $exit,)* }
            }
        }
    };
}

codes! {
    /// No registry has a pack of this name.
    PackNotFound = "pack-not-found", 1;
    /// A file that a manifest, an index or the host promised is not there.
    FileNotFound = "file-not-found", 1;
    /// A package that a pack wants is recorded, but not resolved to a version.
    UnpinnedPackage = "unpinned-package", 2;
    /// A template could not be rendered.
    RenderFailed = "render-failed", 3;
    /// Packs depend on each other in a ring.
    Cycle = "cycle", 4;
    /// No versions satisfy all requirements, or two packs declare one variable differently.
    Conflict = "conflict", 5;
    /// Whether versions satisfy all requirements takes too long to find out.
    TooHard = "too-hard", 5;
    /// Its author advises against using it.
    Deprecated = "deprecated", 5;
    /// A pack or package could not be installed.
    InstallFailed = "install-failed", 2;
    /// A write was interrupted, or could not be taken back whole.
    PartialInstall = "partial-install", 6;
    /// A required variable has no answer.
    MissingVariable = "missing-variable", 7;
    /// A server could not be reached or refused.
    Network = "network", 9;
    /// A server wants to know who asks, or refuses who does.
    Unauthorized = "unauthorized", 9;
    /// Nothing may be fetched, and the cache does not have it.
    NotCached = "not-cached", 9;
    /// A server sent something else than was asked for.
    BadResponse = "bad-response", 9;
    /// Another process writes into the same directory.
    Locked = "locked", 10;
    /// The host could not read or write files.
    Storage = "storage", 10;
    /// Not a pack, variable or registry name.
    InvalidName = "invalid-name", 11;
    /// Not a semantic version.
    InvalidVersion = "invalid-version", 11;
    /// Not a version constraint.
    InvalidConstraint = "invalid-constraint", 11;
    /// A path that is not safe on every system.
    InvalidPath = "invalid-path", 11;
    /// `pack.toml` breaks the format.
    InvalidManifest = "invalid-manifest", 11;
    /// An answer breaks its variable's rules, or answers nothing that was asked.
    InvalidAnswer = "invalid-answer", 11;
    /// `packwright.lock` breaks the format.
    InvalidLockfile = "invalid-lockfile", 11;
    /// A registry's configuration, catalogue or index breaks the format.
    InvalidRegistry = "invalid-registry", 11;
    /// An archive breaks the rules, or its content is not what its index entry says.
    InvalidArchive = "invalid-archive", 11;
    /// A file of a newer format than this version reads.
    UnsupportedFormat = "unsupported-format", 11;
    /// The host handed in something that is no valid input.
    InvalidInput = "invalid-input", 11;
    /// Hooks or files that run by themselves need consent.
    NeedsConsent = "needs-consent", 12;
    /// Existing files would be lost.
    FileConflict = "file-conflict", 13;
    /// Two templates write the same path.
    PathConflict = "path-conflict", 13;
    /// The registry has this version already, and versions never change.
    AlreadyPublished = "already-published", 13;
    /// A directory is not what its packs give.
    OutOfDate = "out-of-date", 13;
    /// A command was used wrongly.
    Usage = "usage", 64;
    /// A bug in Packwright.
    Internal = "internal", 70;
    /// Ended by the user.
    Cancelled = "cancelled", 130;
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Whether a [`Diagnostic`] ends the work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub enum Severity {
    /// The work ends without a result.
    Error,
    /// The work goes on; the user should know.
    Warning,
}

/// A place in a file. Lines and columns count from 1; columns count characters.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Location {
    /// The pack the file belongs to, as `name@version`.
    pub pack: Option<String>,
    /// The file, relative to its pack or project.
    pub file: String,
    /// The line, if known.
    pub line: Option<u32>,
    /// The column, if known.
    pub column: Option<u32>,
}

impl Location {
    /// The place of a byte offset in a file's text.
    pub fn of_offset(file: &str, text: &str, offset: usize) -> Location {
        let before = &text[..text.floor_char_boundary(offset)];
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        Location {
            pack: None,
            file: file.to_owned(),
            line: Some(count(before.matches('\n').count())),
            column: Some(count(before[line_start..].chars().count())),
        }
    }
}

fn count(zero_based: usize) -> u32 {
    u32::try_from(zero_based).map_or(u32::MAX, |n| n.saturating_add(1))
}

/// One problem, complete: a host needs nothing else to show it well.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Diagnostic {
    /// What kind of problem.
    pub code: Code,
    /// Whether it ends the work.
    pub severity: Severity,
    /// What happened and to what, one line.
    pub message: String,
    /// Why, from the nearest cause to the farthest, a line each.
    pub causes: Vec<String>,
    /// What to try, with the exact command where there is one.
    pub suggestion: Option<String>,
    /// The exit code of a command that ends with this problem first.
    pub exit_code: u8,
    /// Where it happened.
    pub location: Option<Location>,
    /// The variable, pack, path or URL it is about.
    pub subject: Option<String>,
    /// Lines to show as they are: source around the problem, or a diff.
    pub frame: Option<String>,
    /// The problem as data, for those who draw it: a `Conflict` with the code `conflict` or
    /// `pack-not-found`, the edges of a ring with `cycle`, a `FileConflict` with `path-conflict`.
    #[cfg_attr(test, ts(type = "Conflict | FileConflict | Array<RingEdge> | null"))]
    pub details: Option<serde_json::Value>,
}

impl Diagnostic {
    /// An error with nothing but a code and a message.
    pub fn error(code: Code, message: impl Into<String>) -> Diagnostic {
        Diagnostic {
            code,
            severity: Severity::Error,
            message: message.into(),
            causes: Vec::new(),
            suggestion: None,
            exit_code: code.exit_code(),
            location: None,
            subject: None,
            frame: None,
            details: None,
        }
    }

    /// A warning with nothing but a code and a message.
    pub fn warning(code: Code, message: impl Into<String>) -> Diagnostic {
        Diagnostic { severity: Severity::Warning, ..Diagnostic::error(code, message) }
    }

    /// Adds a cause behind those already there.
    #[must_use]
    pub fn because(mut self, cause: impl fmt::Display) -> Diagnostic {
        self.causes.push(cause.to_string());
        self
    }

    /// Says what to try.
    #[must_use]
    pub fn suggest(mut self, suggestion: impl Into<String>) -> Diagnostic {
        self.suggestion = Some(suggestion.into());
        self
    }

    /// Says where it happened.
    #[must_use]
    pub fn at(mut self, location: Location) -> Diagnostic {
        self.location = Some(location);
        self
    }

    /// Says what it is about.
    #[must_use]
    pub fn about(mut self, subject: impl fmt::Display) -> Diagnostic {
        self.subject = Some(subject.to_string());
        self
    }

    /// Adds the problem as data.
    #[must_use]
    pub fn detailed(mut self, details: &impl Serialize) -> Diagnostic {
        self.details = serde_json::to_value(details).ok();
        self
    }

    /// Adds lines to show as they are.
    #[must_use]
    pub fn showing(mut self, frame: impl Into<String>) -> Diagnostic {
        self.frame = Some(frame.into());
        self
    }
}

/// One problem where there can be several.
impl From<Diagnostic> for Vec<Diagnostic> {
    fn from(diagnostic: Diagnostic) -> Vec<Diagnostic> {
        vec![diagnostic]
    }
}

/// That there are no problems, or all of them.
pub(crate) fn none_of(problems: impl IntoIterator<Item = Diagnostic>) -> Result<(), Vec<Diagnostic>> {
    let problems: Vec<Diagnostic> = problems.into_iter().collect();
    if problems.is_empty() { Ok(()) } else { Err(problems) }
}

/// As a terminal without colours shows it.
impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let severity = match self.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        write!(f, "{severity}[{}]: {}", self.code, self.message)?;
        if let Some(location) = &self.location {
            write!(f, "\n  at {location}")?;
        }
        for cause in &self.causes {
            write!(f, "\n  because {cause}")?;
        }
        if let Some(frame) = &self.frame {
            for line in frame.lines() {
                write!(f, "\n    {line}")?;
            }
        }
        if let Some(suggestion) = &self.suggestion {
            write!(f, "\n  help: {suggestion}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(pack) = &self.pack {
            write!(f, "{pack}: ")?;
        }
        f.write_str(&self.file)?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
            if let Some(column) = self.column {
                write!(f, ":{column}")?;
            }
        }
        Ok(())
    }
}

/// The source line at `line` (from 1) with its number and a mark under `column` (from 1).
///
/// Control characters are shown as `\u{fffd}`, long lines are cut at 160 characters.
pub fn source_frame(text: &str, line: u32, column: Option<u32>) -> Option<String> {
    const WIDTH: usize = 160;
    let source = text.lines().nth(line.checked_sub(1)? as usize)?;
    let shown: String = source
        .chars()
        .take(WIDTH)
        .map(|c| match c {
            '\t' => ' ',
            c if c.is_control() => char::REPLACEMENT_CHARACTER,
            c => c,
        })
        .collect();
    let mut frame = format!("{line} | {shown}");
    if let Some(column) = column.filter(|&column| column >= 1 && column as usize <= WIDTH) {
        let indent = line.to_string().len() + 2 + column as usize;
        frame.push_str(&format!("\n{:indent$}^", ""));
    }
    Some(frame)
}

/// A text of strangers as one line that any display only shows: without control characters and those
/// that turn the direction of writing.
pub fn printable(text: &str) -> String {
    let steers = |c: char| c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    text.chars().map(|c| if steers(c) { char::REPLACEMENT_CHARACTER } else { c }).collect()
}

/// The candidate most like `wanted`, if one is near enough to be a slip of the finger.
///
/// Damerau-Levenshtein with at most one edit in three characters; ties go to the first candidate.
pub fn nearest<'a>(wanted: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let most = wanted.chars().count() / 3;
    candidates
        .into_iter()
        .map(|candidate| (strsim::osa_distance(wanted, candidate), candidate))
        .filter(|&(distance, _)| distance <= most.max(1))
        .min_by_key(|&(distance, _)| distance)
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique_and_kebab_case() {
        let mut texts: Vec<_> = Code::ALL.iter().map(|code| code.as_str()).collect();
        texts.sort_unstable();
        texts.dedup();
        assert_eq!(texts.len(), Code::ALL.len());
        assert!(texts.iter().all(|text| text.chars().all(|c| c.is_ascii_lowercase() || c == '-')));
        for code in Code::ALL {
            assert_eq!(serde_json::to_value(code).unwrap(), code.as_str(), "the wire form");
        }
    }

    #[test]
    fn everything_is_shown_in_order() {
        let text = "first\nsecond line\n";
        let location = Location::of_offset("pack.toml", text, 13);
        let shown = Diagnostic::error(Code::InvalidManifest, "it broke")
            .because("a")
            .because("b")
            .at(location)
            .about("x")
            .showing(source_frame(text, 2, Some(8)).unwrap())
            .suggest("mend it")
            .to_string();
        assert_eq!(
            shown,
            "error[invalid-manifest]: it broke\n  at pack.toml:2:8\n  because a\n  because b\n    2 | second line\n    \u{20}          ^\n  help: mend it"
        );
        let warned = Diagnostic::warning(Code::Network, "slow").at(Location {
            pack: Some("a@1.0.0".into()),
            file: "x".into(),
            line: None,
            column: None,
        });
        assert_eq!(warned.to_string(), "warning[network]: slow\n  at a@1.0.0: x");
    }

    #[test]
    fn frames_hide_control_characters_and_miss_politely() {
        assert_eq!(source_frame("a\u{1b}b", 1, None).unwrap(), "1 | a\u{fffd}b");
        assert_eq!(source_frame("a", 2, None), None);
        assert_eq!(source_frame("a", 0, None), None);
    }

    #[test]
    fn nearest_takes_slips_not_guesses() {
        assert_eq!(nearest("rust-cil", ["node-library", "rust-cli"]), Some("rust-cli"));
        assert_eq!(nearest("rust-cli", ["node-library"]), None);
        assert_eq!(nearest("ab", ["ac", "ad"]), Some("ac"));
    }
}
