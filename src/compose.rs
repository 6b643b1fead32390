//! Joins what several packs give into one set of files.
//!
//! A path that one pack writes is taken as it is; equal files of several packs are one file. Any
//! other path that comes up twice is a conflict with both origins, never a silent winner.

use std::collections::BTreeMap;

use crate::diagnostic::{Code, Diagnostic};
use crate::path::{Collision, PathSet, RelPath};
use crate::render::{Origin, Rendered};

/// The files of a project by their paths.
pub type Tree = BTreeMap<RelPath, Rendered>;

/// Joins files in the order given, which is the install order of their packs.
///
/// # Errors
/// All conflicts of paths.
pub fn compose(files: impl IntoIterator<Item = Rendered>) -> Result<Tree, Vec<Diagnostic>> {
    let mut tree = Tree::new();
    let mut paths = PathSet::default();
    let mut conflicts = Vec::new();
    for file in files {
        match paths.insert(&file.path) {
            Ok(()) => {
                tree.insert(file.path.clone(), file);
            }
            Err(Collision::Same(path)) => {
                let first = &tree[&path];
                if (&first.content, first.mode) != (&file.content, file.mode) {
                    conflicts.push(conflict(
                        format!("two templates write `{path}`"),
                        &[&first.origin, &file.origin],
                    ));
                }
            }
            Err(collision) => {
                let other =
                    tree.values().find(|other| collides(&other.path, &collision)).map(|other| &other.origin);
                let origins: Vec<&Origin> = other.into_iter().chain([&file.origin]).collect();
                conflicts.push(conflict(collision.to_string(), &origins));
            }
        }
    }
    if conflicts.is_empty() { Ok(tree) } else { Err(conflicts) }
}

/// Whether a file that is there has part in a collision.
fn collides(path: &RelPath, collision: &Collision) -> bool {
    let place = match collision {
        Collision::Same(path) => path.as_str(),
        Collision::Alias { other, .. } => other,
        Collision::FileAndDirectory(place) => place,
    };
    path.as_str() == place || path.below(place).is_some()
}

fn conflict(message: String, origins: &[&Origin]) -> Diagnostic {
    let error = Diagnostic::error(Code::PathConflict, message);
    let error = origins.iter().fold(error, |error, origin| {
        error.because(format!(
            "`{}@{}` writes it with the template `{}` from `{}`",
            origin.pack, origin.version, origin.template, origin.source
        ))
    });
    let pack = origins.last().map_or("", |origin| origin.pack.as_str());
    error.suggest(format!("leave `{pack}` out, or change its answers so that it writes elsewhere"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::Mode;

    fn file(pack: &str, path: &str, content: &str, mode: Mode) -> Rendered {
        Rendered {
            path: path.parse().unwrap(),
            content: content.into(),
            mode,
            origin: Origin {
                pack: pack.parse().unwrap(),
                version: "1.0.0".parse().unwrap(),
                template: "all".into(),
                source: "t".parse().unwrap(),
            },
            merge: None,
            lines: Vec::new(),
        }
    }

    #[test]
    fn equal_files_are_one_and_belong_to_the_first() {
        let tree = compose(["a", "b"].map(|pack| file(pack, "x", "same", Mode::Regular))).unwrap();
        assert_eq!(tree.len(), 1);
        assert_eq!(tree.values().next().unwrap().origin.pack.as_str(), "a");
    }

    #[test]
    fn anything_else_is_a_conflict_with_both_origins() {
        let twice =
            compose([file("a", "x", "1", Mode::Regular), file("b", "x", "2", Mode::Regular)]).unwrap_err();
        assert_eq!(
            twice[0].to_string(),
            "error[path-conflict]: two templates write `x`\n  because `a@1.0.0` writes it with the template `all` from `t`\n  because `b@1.0.0` writes it with the template `all` from `t`\n  help: leave `b` out, or change its answers so that it writes elsewhere"
        );
        let modes = compose([file("a", "x", "1", Mode::Regular), file("b", "x", "1", Mode::Executable)]);
        assert_eq!(modes.unwrap_err().len(), 1);
        let several = [
            file("a", "x", "", Mode::Regular),
            file("b", "X", "", Mode::Regular),
            file("c", "x/y", "", Mode::Regular),
        ];
        assert_eq!(compose(several).unwrap_err().len(), 2, "all are reported");
    }
}
