//! Versions that are wanted of one package twice.

use super::compose_file;
use super::tree::{Member, Node, Scalar};
use crate::constraint::Constraint;
use crate::path::RelPath;

/// Whose file it is, which says what its keys mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ecosystem {
    Npm,
    Cargo,
    Python,
    Compose,
    Eslint,
    PreCommit,
    /// A workflow of GitHub.
    Workflow,
    Other,
}

impl Ecosystem {
    /// By the name of the file, and where it stands.
    pub fn of(path: &RelPath) -> Ecosystem {
        if path.below(".github/workflows").is_some() {
            return Ecosystem::Workflow;
        }
        let name = path.file_name().to_ascii_lowercase();
        let compose = |stem: &str| stem.starts_with("compose") || stem.starts_with("docker-compose");
        match name.as_str() {
            "package.json" => Ecosystem::Npm,
            "cargo.toml" => Ecosystem::Cargo,
            "pyproject.toml" => Ecosystem::Python,
            ".pre-commit-config.yaml" => Ecosystem::PreCommit,
            ".eslintrc" | ".eslintrc.json" | ".eslintrc.yaml" | ".eslintrc.yml" => Ecosystem::Eslint,
            name => match name.strip_suffix(".yaml").or(name.strip_suffix(".yml")) {
                Some(stem) if compose(stem) => Ecosystem::Compose,
                _ => Ecosystem::Other,
            },
        }
    }

    /// Whether a key path leads to a version that is wanted.
    pub fn is_requirement(self, path: &[&str]) -> bool {
        match (self, path) {
            (Ecosystem::Npm, ["engines", _]) => true,
            (Ecosystem::Npm, [table, _]) => self.sorts(&[table]),
            (Ecosystem::Cargo, path) => {
                let tables = ["dependencies", "dev-dependencies", "build-dependencies"];
                let listed = |path: &[&str]| matches!(path, [.., table, _] if tables.contains(table));
                listed(path) || path.strip_suffix(&["version"]).is_some_and(listed)
            }
            (Ecosystem::Python, path) => self.lists_packages(path),
            _ => false,
        }
    }

    /// Whether a key path leads to a list whose order is its meaning: a command, the steps of a job,
    /// or the severity and the options of a rule.
    pub fn keeps_order(self, path: &[&str]) -> bool {
        match (self, path) {
            (Ecosystem::Compose, ["services", _, "command" | "entrypoint"])
            | (Ecosystem::Compose, ["services", _, "healthcheck", "test"])
            | (Ecosystem::Workflow, ["jobs", _, "steps"]) => true,
            (Ecosystem::Npm, ["eslintConfig", inner @ ..]) | (Ecosystem::Eslint, inner) => {
                matches!(inner, ["rules", _] | ["overrides", .., "rules", _])
            }
            _ => false,
        }
    }

    /// Whether a list may have more items, but each of two must keep its order: the stages of a pipeline,
    /// what of two such items the later one overrides, patterns of which some take others back.
    pub fn is_sequence(self, path: &[&str], first: &[Member], second: &[Member]) -> bool {
        let takes_back = |item: &Member| item.value.text().is_some_and(|text| text.starts_with('!'));
        // To ESLint alone, plugins are a set.
        let eslint = self == Ecosystem::Eslint || matches!(path, ["eslintConfig", ..]);
        path.last().is_some_and(|key| SEQUENCES.contains(key) || *key == "plugins" && !eslint)
            || first.iter().chain(second).any(takes_back)
    }

    /// What an item of a list is known by, if the key path leads to a list whose tools refuse two that
    /// are known by the same: a program of Cargo, what Compose publishes or mounts.
    pub fn identity(self, path: &[&str], item: &Node) -> Option<Identity> {
        match (self, path) {
            (Ecosystem::Cargo, ["bin" | "example" | "test" | "bench"]) => {
                let name = item.get("name")?.value.text()?.to_owned();
                Some(Identity { name, says: item.fingerprint() })
            }
            (Ecosystem::Compose, ["services", _, "ports"]) => compose_file::port(item),
            (Ecosystem::Compose, ["services", _, "volumes"]) => compose_file::volume(item),
            _ => None,
        }
    }

    /// The key by whose value the items of a list are told apart, if two of one value are one.
    pub fn key_of_items(self, path: &[&str]) -> Option<&'static str> {
        match (self, path) {
            (Ecosystem::PreCommit, ["repos"]) => Some("repo"),
            (Ecosystem::PreCommit, ["repos", _, "hooks"]) => Some("id"),
            _ => None,
        }
    }

    /// Whether two tables about one package say of different places where it comes from.
    ///
    /// As Cargo refuses them; a version may stand beside a place, but not beside `workspace`.
    pub fn are_of_two_places(self, first: &Node, second: &Node) -> bool {
        let clash = |one: &Node, other: &Node| {
            let has = |node: &Node, key: &str| node.get(key).is_some();
            has(one, "git") && has(other, "path")
                || has(one, "workspace")
                    && !has(other, "workspace")
                    && ["version", "git", "path", "registry"].iter().any(|key| has(other, key))
        };
        self == Ecosystem::Cargo && (clash(first, second) || clash(second, first))
    }

    /// Whether two requirements of one package differ in what one of them does not say: which package
    /// it is, whether with its default features, and whether it is optional.
    pub fn differ_by_default(self, path: &[&str], first: &Node, second: &Node) -> bool {
        let Some((name, _)) = path.split_last().filter(|_| self == Ecosystem::Cargo) else { return false };
        let says = |node: &Node, keys: &[&str], default: Scalar| {
            let said = keys.iter().find_map(|key| node.get(key));
            said.map_or(format!("{default:?}"), |member| member.value.fingerprint())
        };
        [
            (&["default-features", "default_features"][..], Scalar::Bool(true)),
            (&["optional"], Scalar::Bool(false)),
            (&["package"], Scalar::Text((*name).to_owned())),
        ]
        .into_iter()
        .any(|(keys, default)| says(first, keys, default.clone()) != says(second, keys, default))
    }

    /// Whether the order of the keys is the meaning of the table that a key path leads to.
    pub fn orders_keys(self, path: &[&str]) -> Option<OrderedKeys> {
        match (self, path) {
            (Ecosystem::Npm, ["exports" | "imports", ..]) => Some(OrderedKeys::Conditions),
            (Ecosystem::Npm, ["typesVersions", ..]) | (_, [.., "moduleNameMapper"]) => Some(OrderedKeys::All),
            _ => None,
        }
    }

    /// Whether a key path leads to a table that its tools keep sorted.
    pub fn sorts(self, path: &[&str]) -> bool {
        let tables = ["dependencies", "devDependencies", "peerDependencies", "optionalDependencies"];
        self == Ecosystem::Npm && matches!(path, [table] if tables.contains(table))
    }

    /// The package that a requirement at a key path is about.
    pub fn package(self, path: &[&str], requirement: &str) -> String {
        match (self, path) {
            (Ecosystem::Python | Ecosystem::Other, _) => package(requirement).unwrap_or_default(),
            (Ecosystem::Cargo, [.., name, "version"]) | (_, [.., name]) => (*name).to_owned(),
            (_, []) => String::new(),
        }
    }

    /// Whether a key path leads to a list of requirements of Python.
    pub fn lists_packages(self, path: &[&str]) -> bool {
        let listed = matches!(
            path,
            ["project", "dependencies"]
                | ["project", "optional-dependencies", _]
                | ["dependency-groups", _]
                | ["build-system", "requires"]
        );
        self == Ecosystem::Python && listed
    }
}

/// What an item of a list is known by, and all that it says.
pub(super) struct Identity {
    pub name: String,
    pub says: String,
}

/// Keys whose order is their meaning: the first that matches counts.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum OrderedKeys {
    /// Conditions, beside the paths of a package, which have no order.
    Conditions,
    All,
}

impl OrderedKeys {
    pub fn are_ordered(self, key: &str) -> bool {
        self == OrderedKeys::All || !key.starts_with(['.', '#'])
    }
}

/// Whether lists are the words of a command line, or its lines, which say nothing each for itself.
pub(super) fn are_words(path: &[&str], first: &[Member], second: &[Member]) -> bool {
    let named = path.last().is_some_and(|key| key.ends_with("Args") || WORDS.contains(key));
    // Behind an option stands its value.
    let has_value = |items: &[Member]| {
        let is_option = |item: &Member| item.value.text().map(|text| text.starts_with('-'));
        items.windows(2).any(|two| is_option(&two[0]) == Some(true) && is_option(&two[1]) != Some(true))
    };
    named || has_value(first) || has_value(second)
}

const WORDS: [&str; 10] = [
    "rustflags",
    "rustdocflags",
    "args",
    "command",
    "entrypoint",
    "script",
    "before_script",
    "after_script",
    "runner",
    "addopts",
];

const SEQUENCES: [&str; 6] = ["stages", "extends", "presets", "overrides", "env_file", "envlist"];

/// What two requirements are together.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Joined {
    /// They mean the same, however they are written.
    Same,
    To(String),
    /// No version satisfies both.
    Disjoint,
    /// One is no requirement that can be compared.
    Unknown,
}

/// Joins what two files want of one package.
pub(super) fn join(ecosystem: Ecosystem, first: &str, second: &str) -> Joined {
    if first == second {
        return Joined::Same;
    }
    if ecosystem == Ecosystem::Python {
        return packages(first, second);
    }
    let npm = ecosystem == Ecosystem::Npm;
    let read = |text: &str| if npm { npm_range(text) } else { text.to_owned() }.parse::<Constraint>();
    let (Ok(one), Ok(other)) = (read(first), read(second)) else { return Joined::Unknown };
    // A tag of a registry is no range.
    if one.is_latest() || other.is_latest() {
        return Joined::Unknown;
    }
    if one.set() == other.set() {
        return Joined::Same;
    }
    if one.set().is_subset_of(other.set()) {
        return Joined::To(first.to_owned());
    }
    if other.set().is_subset_of(one.set()) {
        return Joined::To(second.to_owned());
    }
    let both = one.set().intersection(other.set());
    if both.is_empty() {
        return Joined::Disjoint;
    }
    let text = both.to_string();
    if text.parse::<Constraint>().is_ok_and(|read| *read.set() == both) && (npm || !text.contains("||")) {
        Joined::To(if npm { text.replace(", ", " ") } else { text })
    } else {
        Joined::Unknown
    }
}

/// A range of npm in the grammar of [`Constraint`], where a bare version is a caret.
fn npm_range(text: &str) -> String {
    let branch = |branch: &str| {
        if branch.trim().is_empty() {
            return "*".to_owned();
        }
        if branch.contains(" - ") {
            return branch.trim().to_owned();
        }
        // An operator may stand apart from its version.
        let mut behind_operator = false;
        let words = branch.split_whitespace().map(|word| {
            let bare = word.starts_with(|c: char| c.is_ascii_digit()) && !behind_operator;
            behind_operator = !word.contains(|c: char| c.is_ascii_alphanumeric() || c == '*');
            if bare { format!("={word}") } else { word.to_owned() }
        });
        words.collect::<Vec<_>>().join(" ")
    };
    text.split("||").map(branch).collect::<Vec<_>>().join(" || ")
}

/// The name of the package a requirement of Python is about, in its normal form, with the condition
/// behind `;`: under other conditions it is another requirement. None if the line is something else,
/// such as an option or an address.
///
/// As PEP 503 normalises names.
pub(super) fn package(requirement: &str) -> Option<String> {
    let (name, rest) = split(requirement)?;
    let mut normal = String::new();
    for c in name.chars() {
        let c = if matches!(c, '_' | '.' | '-') { '-' } else { c.to_ascii_lowercase() };
        if c != '-' || !normal.ends_with('-') {
            normal.push(c);
        }
    }
    if let Some((_, condition)) = rest.split_once(';') {
        normal.push(';');
        normal.push_str(&without_space(condition));
    }
    Some(normal)
}

/// The name and the rest of it.
fn split(requirement: &str) -> Option<(&str, &str)> {
    let requirement = requirement.trim();
    let end = requirement
        .find(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '_' | '.' | '-'))
        .unwrap_or(requirement.len());
    let (name, rest) = requirement.split_at(end);
    let ends_well = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    let behind = rest.trim_start();
    let known = behind.is_empty() || behind.starts_with(['=', '>', '<', '!', '~', '[', ';', '(', '@']);
    (known && ends_well(name.chars().next()) && ends_well(name.chars().last())).then_some((name, rest))
}

/// Two requirements of Python, as PEP 508 writes them, of one package.
fn packages(first: &str, second: &str) -> Joined {
    let (Some((_, one)), Some((_, other))) = (split(first), split(second)) else { return Joined::Unknown };
    let (one, other) = (without_space(one), without_space(other));
    let lowest = |rest: &str| {
        let version = rest.strip_prefix(">=")?;
        let mut parts = version.split('.').map(str::parse).collect::<Result<Vec<u64>, _>>().ok()?;
        // `2` and `2.0` are one.
        while parts.pop_if(|part| *part == 0).is_some() {}
        Some(parts)
    };
    match (one.as_str(), other.as_str()) {
        (one, other) if one == other => Joined::Same,
        (_, "") => Joined::To(first.to_owned()),
        ("", _) => Joined::To(second.to_owned()),
        (one, other) => match (lowest(one), lowest(other)) {
            (Some(one), Some(other)) if one == other => Joined::Same,
            (Some(one), Some(other)) if one > other => Joined::To(first.to_owned()),
            (Some(_), Some(_)) => Joined::To(second.to_owned()),
            _ => Joined::Unknown,
        },
    }
}

fn without_space(text: &str) -> String {
    text.split_whitespace().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_join_to_what_satisfies_both() {
        let to = |text: &str| Joined::To(text.to_owned());
        for (ecosystem, first, second, expected) in [
            (Ecosystem::Npm, "^3.22.0", "^3.23.0", to("^3.23.0")),
            (Ecosystem::Npm, "^3.23.0", "^3.22.0", to("^3.23.0")),
            (Ecosystem::Npm, "1.2.3", "^1.2.0", to("1.2.3")),
            (Ecosystem::Npm, "1.2.3", "1.2.4", Joined::Disjoint),
            (Ecosystem::Npm, ">= 18", ">=20", to(">=20")),
            (Ecosystem::Npm, ">=1.2 <3", "^2.5 || ^3", to("^2.5.0")),
            (Ecosystem::Npm, ">=1.2.0 <1.8.0", ">=1.4.0 <2.0.0", to(">=1.4.0 <1.8.0")),
            (Ecosystem::Npm, "", "^1", to("^1")),
            (Ecosystem::Npm, "^1", "^1.0.0", Joined::Same),
            (Ecosystem::Npm, "workspace:*", "^1", Joined::Unknown),
            (Ecosystem::Npm, "latest", "^1", Joined::Unknown),
            (Ecosystem::Cargo, "1", "1.2.3", to("1.2.3")),
            (Ecosystem::Cargo, "1.2", "0.9", Joined::Disjoint),
            (Ecosystem::Cargo, "1", "^1.0", Joined::Same),
            (Ecosystem::Cargo, ">=1.2, <1.8", ">=1.4", to(">=1.4.0, <1.8.0")),
            (Ecosystem::Python, "requests", "Requests>=2", to("Requests>=2")),
            (Ecosystem::Python, "a >= 2.10", "a>=2.9", to("a >= 2.10")),
            (Ecosystem::Python, "a>=2", "a<3", Joined::Unknown),
            (Ecosystem::Python, "a >=2", "a>=2", Joined::Same),
            (Ecosystem::Python, "a>=2", "a>=2.0", Joined::Same),
        ] {
            assert_eq!(join(ecosystem, first, second), expected, "{first} and {second}");
        }
    }

    #[test]
    fn packages_have_one_name() {
        assert_eq!(package("Zope.Interface >= 5"), Some("zope-interface".to_owned()));
        assert_eq!(
            package("ruamel_.yaml[jinja]; python_version < '3.9'"),
            Some("ruamel-yaml;python_version<'3.9'".to_owned())
        );
        for line in ["-r other.txt", "--hash=x", "https://x/y.whl", "./local", "# a", ""] {
            assert_eq!(package(line), None, "{line}");
        }
    }
}
