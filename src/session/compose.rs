//! The command that makes a pack of packs: one that needs them all, and says how their files join.
//!
//! It holds no copies, so it moves on with its packs. Not here: joining files.

use std::collections::{BTreeMap, BTreeSet};

use super::generate::{Inquiry, look_at, said};
use super::protocol::{Capabilities, Composing, Composite, Contents, Generation, Outcome, Resolved};
use super::registries::Registries;
use super::select::Selected;
use crate::composition::Composition;
use crate::constraint::{Constraint, Requirement};
use crate::diagnostic::{Code, Diagnostic};
use crate::manifest::{self, Manifest, Mode, Package};
use crate::name::{Identity, NameError, PackName, PackageName};
use crate::path::RelPath;
use crate::plan::{IfThere, Plan, Wanted};
use crate::resolve::{Chosen, Request, resolve};
use crate::version::{Version, VersionError};

/// The version of a pack that has none yet.
const FIRST: &str = "0.1.0";

pub(super) async fn compose(
    registries: &Registries,
    capabilities: Capabilities,
    composing: Composing,
    timestamp: String,
) -> Result<Outcome, Vec<Diagnostic>> {
    let Composing { selection, name, version, description, answers, composition, rules_file, compared } =
        composing;
    let composition = said(Some(composition), rules_file.as_ref())?.unwrap_or_default();
    let name: PackName = name.parse().map_err(|error| misnamed(&name, error))?;
    if selection.packs.is_empty() {
        let error = Diagnostic::error(Code::Usage, "no packs to compose are named");
        return Err(error.suggest("`packwright list` shows the packs there are").into());
    }
    let generation = Generation {
        selection,
        answers,
        composition: Some(composition.clone()),
        directory_name: Some(name.as_str().rsplit('/').next().unwrap_or_default().to_owned()),
        ..Generation::default()
    };
    let inquiry = Inquiry::new(registries, generation, timestamp).await?;
    let packs = &inquiry.selected.resolution.packs;
    if packs.iter().any(|chosen| chosen.identity.pack() == Some(&name)) {
        return Err(part_of_itself(&name).into());
    }
    let Request { with, requirements: asked, .. } = &inquiry.selected.request;
    let is_named = |chosen: &&Chosen| chosen.requested || with.contains(&chosen.identity.package_name());
    let needed: Vec<(PackName, Constraint)> = packs
        .iter()
        .filter(is_named)
        .filter_map(|chosen| Some((chosen.identity.pack()?.clone(), constraint(chosen, asked))))
        .collect();
    // What joins because somebody asked for it is no longer optional.
    let joining = inquiry.manifests().flat_map(|manifest| &manifest.packages);
    let joining = joining.filter(|package| package.optional && with.contains(&package.name));
    let mut packages: BTreeMap<&PackageName, Package> = BTreeMap::new();
    for package in joining {
        // How others want it narrows it all the same, as they are there.
        let joined = packages.entry(&package.name).or_insert_with(|| package.clone());
        let more = package.features.iter().filter(|feature| !joined.features.contains(feature));
        let more: Vec<String> = more.cloned().collect();
        joined.features.extend(more);
        let place = joined.install_path.take().or_else(|| package.install_path.clone());
        joined.install_path = place;
    }
    let description = description.unwrap_or_else(|| words(&needed));
    let version: Version = version
        .as_deref()
        .unwrap_or(FIRST)
        .parse()
        .map_err(|error: VersionError| Diagnostic::error(Code::InvalidVersion, error.to_string()))?;
    let text = to_text(&name, &version, &description, &needed, &packages, &composition);
    // What is written is read again before anybody else has to.
    Manifest::parse(&text)?;
    let wanted = Wanted {
        path: manifest::FILE_NAME.parse().expect("it is a path"),
        content: text.clone().into_bytes(),
        mode: Mode::Regular,
        origins: Vec::new(),
        over: Vec::new(),
        lines: Vec::new(),
        if_there: IfThere::Refuse,
        was: None,
        secret: None,
    };
    let paths: Vec<RelPath> = vec![wanted.path.clone()];
    let existing = match compared {
        true => Some(look_at(registries.exchange(), paths.iter(), capabilities.modes).await?),
        false => None,
    };
    let (plan, contents) = Plan::new(vec![wanted], existing.as_ref(), Vec::new());
    let mut warnings: Vec<Diagnostic> = inquiry.selected.warnings().collect();
    warnings.extend(inquiry.selected.request.overrides.keys().map(unrecorded));
    warnings.extend(in_another_order(&inquiry.selected, &needed));
    let lacking = inquiry.complete().err().unwrap_or_default();
    let is_tried = lacking.is_empty();
    // What nobody has answered yet will be asked, anything else is wrong.
    let mut problems: Vec<Diagnostic> =
        lacking.into_iter().filter(|problem| problem.code != Code::MissingVariable).collect();
    if is_tried {
        let made = inquiry.make()?;
        problems = made.problems;
        warnings.extend(made.notes);
    }
    Ok(Outcome::Compose {
        composite: Box::new(Composite {
            packs: packs.iter().map(Resolved::from).collect(),
            manifest: text,
            is_tried,
            plan,
            problems,
            warnings,
            contents: Contents(contents.into()),
        }),
    })
}

/// That a pack cannot be called so, with a name that it could have.
fn misnamed(name: &str, error: NameError) -> Diagnostic {
    let hyphens = name.to_ascii_lowercase().replace(|c: char| !c.is_ascii_alphanumeric(), "-");
    let likely = hyphens.trim_matches('-');
    let example = if likely.parse::<PackName>().is_ok() { likely } else { "my-pack" };
    Diagnostic::from(error).suggest(format!("for example `--name {example}` or `--name @acme/{example}`"))
}

fn part_of_itself(name: &PackName) -> Diagnostic {
    let message = format!("`{name}` is one of the packs that it would be made of");
    let error = Diagnostic::error(Code::InvalidInput, message).about(name);
    error.suggest("give the new pack another name: `--name NAME`, or another directory")
}

/// As it was asked for, else what is compatible with the version it was composed with.
fn constraint(chosen: &Chosen, asked: &[Requirement]) -> Constraint {
    let own = asked.iter().find(|requirement| Some(&requirement.name) == chosen.identity.pack());
    match own {
        Some(Requirement { constraint, .. }) if *constraint != Constraint::any() => constraint.clone(),
        _ => format!("^{}", chosen.release.version).parse().expect("a caret and a version are a constraint"),
    }
}

fn words(needed: &[(PackName, Constraint)]) -> String {
    let names: Vec<&str> = needed.iter().map(|(name, _)| name.as_str()).collect();
    match names.split_last() {
        Some((last, [])) => format!("{last}, and how its files join others"),
        Some((last, rest)) => format!("{} and {last} in one", rest.join(", ")),
        None => String::new(),
    }
}

fn to_text(
    name: &PackName,
    version: &Version,
    description: &str,
    needed: &[(PackName, Constraint)],
    packages: &BTreeMap<&PackageName, Package>,
    composition: &Composition,
) -> String {
    let quoted = |text: &str| toml::Value::from(text).to_string();
    let mut text = format!(
        "[pack]\nname = {}\nversion = {}\ndescription = {}\n\n[dependencies]\n",
        quoted(name.as_str()),
        quoted(&version.to_string()),
        quoted(description),
    );
    let is_bare = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    let key = |name: &str| if name.chars().all(is_bare) { name.to_owned() } else { quoted(name) };
    let early =
        |constraint: &Constraint| if constraint.has_prereleases() { ", prerelease = true" } else { "" };
    for (name, constraint) in needed {
        let version = quoted(&constraint.to_string());
        let value = match early(constraint) {
            "" => version,
            early => format!("{{ version = {version}{early} }}"),
        };
        text += &format!("{} = {value}\n", key(name.as_str()));
    }
    for (number, package) in packages.values().enumerate() {
        let Package { name, constraint, registry, features, install_path, .. } = package;
        let mut value = format!(
            "version = {}{}, registry = {}",
            quoted(&constraint.to_string()),
            early(constraint),
            quoted(registry.as_str())
        );
        if !features.is_empty() {
            value += &format!(", features = {}", toml::Value::from(features.clone()));
        }
        if let Some(path) = install_path {
            value += &format!(", install-path = {}", quoted(path.as_str()));
        }
        let heading = if number == 0 { "\n[packages]\n" } else { "" };
        text += &format!("{heading}{} = {{ {value} }}\n", key(name.as_str()));
    }
    text + &composition.to_toml()
}

/// That the packs would join in another order in a project made from the pack. Its dependencies do not
/// say who needs them, so of those that would have each other nobody goes first.
fn in_another_order(selected: &Selected, needed: &[(PackName, Constraint)]) -> Option<Diagnostic> {
    let wanted = needed
        .iter()
        .map(|(name, constraint)| Requirement { name: name.clone(), constraint: constraint.clone() });
    let chosen = selected.resolution.iter();
    let request = Request {
        requirements: wanted.collect(),
        with: BTreeSet::new(),
        locked: chosen.map(|chosen| (chosen.identity.clone(), chosen.release.version.clone())).collect(),
        ..selected.request.clone()
    };
    let order = |packs: &[Chosen]| packs.iter().map(|pack| pack.identity.to_string()).collect::<Vec<_>>();
    let here = order(&selected.resolution.packs);
    let there = order(&resolve(&request, &selected.facts).ok()?.packs);
    (here != there).then(|| {
        let message = "the files of the packs join in another order when a project is made from this one";
        Diagnostic::warning(Code::Conflict, message)
            .because(format!("here it is {}", here.join(", ")))
            .because(format!("there it is {}, as some of them would have each other", there.join(", ")))
    })
}

/// A pack cannot decide for what others ask for.
fn unrecorded(identity: &Identity) -> Diagnostic {
    let message = format!("the override of `{identity}` is not part of the pack");
    Diagnostic::warning(Code::InvalidInput, message)
        .about(identity)
        .suggest("give it again with `--override` when you generate from the pack")
}
