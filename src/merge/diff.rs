//! How two texts differ, for people.

use diffy::DiffOptions;

use crate::path::RelPath;

/// Files above this many bytes are compared but no diff is shown: 256 KiB.
pub const MAX_DIFF: usize = 256 << 10;

/// Nor is it for two files with more lines than this together: the work grows with their square.
pub const MAX_DIFF_LINES: usize = 10_000;

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn diffs_are_for_texts_of_moderate_size() {
        let path: RelPath = "x".parse().unwrap();
        assert_eq!(unified_diff(&path, b"\xff", b"a"), None);
        assert_eq!(unified_diff(&path, b"a", b"a"), None);
        assert_eq!(unified_diff(&path, &vec![b'a'; MAX_DIFF + 1], b"a"), None);
        assert_eq!(unified_diff(&path, "\n".repeat(MAX_DIFF_LINES).as_bytes(), b"a"), None);
    }
}
