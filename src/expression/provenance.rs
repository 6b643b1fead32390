//! Which line of which file each line of a text came from.

use std::collections::BTreeMap;
use std::sync::Arc;

use minijinja::{OutputSpan, OutputSpanKind};

use crate::name::PackName;
use crate::path::RelPath;

use super::library::Library;

/// A file of a pack that text came from.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SourceFile {
    /// The pack.
    pub pack: PackName,
    /// The file in the pack.
    pub path: RelPath,
}

/// Where a line came from.
///
/// What is included, inherited or printed by `super()` came from the file it stands in; what a macro
/// or a `{% filter %}` gives came from where that is called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// The file whose code or text began the line.
    pub file: Arc<SourceFile>,
    /// The line in that file, from 1.
    pub line: u32,
    /// Other lines that have part in it, where files were joined.
    pub also: Vec<(Arc<SourceFile>, u32)>,
}

/// A file with the places where its lines start.
struct Lines {
    file: Arc<SourceFile>,
    starts: Vec<usize>,
}

impl Lines {
    fn of(name: &str, library: &Library) -> Option<Lines> {
        let (pack, path) = name.split_once(':')?;
        let (text, _) = library.look_up(name).ok()?;
        let file = Arc::new(SourceFile { pack: pack.parse().ok()?, path: path.parse().ok()? });
        Some(Lines { file, starts: text.match_indices('\n').map(|(at, _)| at + 1).collect() })
    }

    fn at(&self, offset: usize) -> Written {
        let line = self.starts.partition_point(|&start| start <= offset) + 1;
        let line = u32::try_from(line).unwrap_or(u32::MAX);
        Written { file: Arc::clone(&self.file), line, also: Vec::new() }
    }
}

/// The origin of each line: of what stands first in it. None if what came of it has no file.
pub(super) fn lines(text: &str, spans: &[OutputSpan], library: &Library) -> Vec<Written> {
    let mut files: BTreeMap<&str, Option<Lines>> = BTreeMap::new();
    let mut written = Vec::new();
    let mut spans = spans.iter().peekable();
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        while spans.next_if(|span| span.output_range().end <= start).is_some() {}
        let Some(span) = spans.peek() else { return Vec::new() };
        // Text is copied as it stands, so what begins a line of it has a place of its own.
        let inside = match span.kind() {
            OutputSpanKind::Raw => start.saturating_sub(span.output_range().start),
            _ => 0,
        };
        let file = files.entry(span.name()).or_insert_with(|| Lines::of(span.name(), library));
        let Some(file) = file else { return Vec::new() };
        written.push(file.at(span.source_range().start + inside));
        start += line.len();
    }
    written
}
