//! The command that shows what depends on what, and why.

use super::protocol::{Dependencies, Outcome, Resolved, Selection, View};
use super::registries::Registries;
use super::select::{Named, Selected};
use crate::diagnostic::{Code, Diagnostic, nearest};
use crate::explain::{self, GraphFormat, TreeView};
use crate::name::{Identity, NameError};
use crate::resolve::{Resolution, reason};

pub(super) async fn dependencies(
    registries: &Registries,
    selection: Selection,
    view: &View,
) -> Result<Outcome, Vec<Diagnostic>> {
    let selected = Selected::new(registries, selection, Named::Alone).await?;
    let Selected { request, facts, resolution, .. } = &selected;
    let named = |text: &Option<String>| text.as_ref().map(|text| find(resolution, text)).transpose();
    let (asked, invert) = (named(&view.why)?, named(&view.invert)?);
    let reason = asked.and_then(|identity| reason(request, facts, resolution, &identity));
    let text = match (&reason, view.format) {
        (Some(reason), _) => explain::reason(reason),
        (None, GraphFormat::Tree) => explain::tree(resolution, &TreeView { depth: view.depth, invert }),
        (None, GraphFormat::Mermaid) => explain::mermaid(resolution),
        (None, GraphFormat::Dot) => explain::dot(resolution),
    };
    let warnings = selected.warnings().collect();
    Ok(Outcome::Dependencies {
        dependencies: Box::new(Dependencies {
            packs: resolution.packs.iter().map(Resolved::from).collect(),
            packages: resolution.packages.iter().map(Resolved::from).collect(),
            changes: selected.changes,
            reason,
            text,
            warnings,
        }),
    })
}

/// What a text names. A package may go without its registry if no pack has its name.
fn find(resolution: &Resolution, text: &str) -> Result<Identity, Vec<Diagnostic>> {
    let identity: Identity = text.parse().map_err(|error: NameError| Diagnostic::from(error))?;
    let all = || resolution.iter().map(|chosen| &chosen.identity);
    let by_name =
        || all().find(|other| matches!(identity, Identity::Pack(_)) && other.name() == identity.name());
    if let Some(found) = all().find(|other| **other == identity).or_else(by_name) {
        return Ok(found.clone());
    }
    if let Some(error) = left_out(resolution, &identity) {
        return Err(error.into());
    }
    let names: Vec<String> = all().map(Identity::to_string).collect();
    let message = format!("`{identity}` is not among what these packs need");
    let error = Diagnostic::error(Code::PackNotFound, message).about(&identity);
    Err(match nearest(text, names.iter().map(String::as_str)) {
        Some(near) => error.suggest(format!("did you mean `{near}`?")).into(),
        None => error.suggest("`packwright dependencies` shows all of it").into(),
    })
}

/// Why something that a pack names is not there all the same.
fn left_out(resolution: &Resolution, identity: &Identity) -> Option<Diagnostic> {
    let name = identity.name();
    let error = |message: String| Diagnostic::error(Code::PackNotFound, message).about(identity);
    resolution.packs.iter().find_map(|pack| {
        let dependency = pack.release.dependencies.iter().find(|edge| edge.name.as_str() == name);
        let package = pack.release.packages.iter().find(|edge| edge.name.as_str() == name);
        let optional = dependency.map(|edge| edge.optional).or(package.map(|edge| edge.optional))?;
        Some(match package {
            _ if optional => error(format!("`{name}` is optional in `{}` and did not join", pack.label()))
                .suggest(format!("let it join with `--with {name}`")),
            Some(package) => error(format!("the package `{name}` of `{}` is not pinned", pack.label()))
                .because(format!("no registry `{}` is configured", package.registry))
                .suggest("configure that registry"),
            None => return None,
        })
    })
}
