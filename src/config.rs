//! Configuration: which registries there are, what they are given to let us in, and how the network
//! is used. From `packwright.toml` of the user and of the project, from npm's `.npmrc`, from flags and
//! the environment; a host reads these and hands their texts in.
//!
//! What counts, the strongest first: flags, the environment, the project's `packwright.toml`, the
//! user's, the project's `.npmrc`, the user's. A project is untrusted. It may add registries and say
//! where the packs come from that nobody else claims; a registry or a scope that the user's
//! `packwright.toml` has a place for stays there. Its `packwright.toml` holds no tokens, and nothing
//! of the environment gets into what its files say. Tokens belong to addresses, never to ids, so
//! that giving an id another address leaks none. Among `.npmrc` files things are as npm has them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::ops::RangeInclusive;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use crate::address::Address;
use crate::diagnostic::{Code, Diagnostic, Location, Severity, printable, source_frame};
use crate::name::{NameError, RegistryId, Scope};

/// The most bytes of a file with configuration: 1 MiB.
pub const MAX_SIZE: usize = 1 << 20;

/// For how long entries may be good without revalidation, in seconds: up to a day.
const FRESH_SECONDS: RangeInclusive<u32> = 0..=86_400;

/// For how long nothing may arrive, in seconds: up to an hour.
const IDLE_SECONDS: RangeInclusive<u32> = 1..=3_600;

/// The id of the registry that `--registry LOCATION` names without giving it one.
pub const DEFAULT_ID: &str = "default";

/// The id of the registry that `registry=` in an `.npmrc` names.
const NPM_ID: &str = "npm";

/// What stands before the address of a registry with npm's protocol.
pub const NPM_PREFIX: &str = "npm+";

/// A text that is sent and never shown.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Secret(pub(crate) String);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

/// Everything configuration is made from.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct ConfigureInput {
    /// The files there are, in any order, one of each kind.
    pub files: Vec<ConfigFile>,
    /// The values of `--registry`: `LOCATION`, `ID=LOCATION` or `@SCOPE=LOCATION` each. The first
    /// without a scope has the packs that no other claims, further ones have packages only.
    pub flags: Vec<String>,
    /// What the environment has in place of flags, in the same form.
    pub registry: Option<String>,
    /// `ADDRESS=TOKEN` each, with white space between them: what the environment has.
    #[cfg_attr(test, ts(type = "string | null"))]
    pub tokens: Option<Secret>,
}

/// A file with configuration.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct ConfigFile {
    /// Where it is, as it is shown.
    pub place: String,
    /// Which of the files it is.
    pub kind: FileKind,
    /// Its text. In the user's `.npmrc` references to the environment have been replaced.
    #[cfg_attr(test, ts(type = "string"))]
    pub text: Secret,
}

/// Which file configuration comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub enum FileKind {
    /// The user's `.npmrc`.
    UserNpmrc,
    /// The `.npmrc` of the project.
    ProjectNpmrc,
    /// The user's `packwright.toml`.
    User,
    /// The `packwright.toml` of the project.
    Project,
}

/// What was configured.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Configuration {
    /// The registries, by id. Perhaps none has the packs that no other claims.
    pub registries: Vec<ConfiguredRegistry>,
    /// How the network and the cache are used.
    pub settings: Settings,
    /// What the user should know.
    pub warnings: Vec<Diagnostic>,
}

/// What came of configuring, as it crosses to JavaScript.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub enum Configured {
    /// What was configured.
    Ok(Configuration),
    /// Every problem found. At least one.
    Errors(Vec<Diagnostic>),
}

/// A registry as it was configured.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct ConfiguredRegistry {
    /// What lockfiles call it.
    pub id: RegistryId,
    /// Where it is.
    pub location: Place,
    /// The scopes whose packs belong to it; none at all: packages only; nothing: all that no other
    /// registry claims.
    pub scopes: Option<Vec<Scope>>,
    /// The header `Authorization` for its origin.
    #[cfg_attr(test, ts(type = "string | null"))]
    pub authorization: Option<Secret>,
    /// Further origins its archives may come from.
    pub archives: Vec<String>,
    /// The file that says so, or `--registry` or `PACKWRIGHT_REGISTRY`.
    pub from: String,
}

/// Where a registry is.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
#[cfg_attr(test, derive(ts_rs::TS), ts(rename = "ConfiguredPlace"))]
pub enum Place {
    /// An address, perhaps with `npm+` before it.
    Url {
        /// It.
        url: String,
    },
    /// A directory.
    Directory {
        /// As it was written.
        path: String,
        /// The file it is relative to the directory of; nothing: the working directory.
        base: Option<String>,
    },
}

/// How the network and the cache are used, where anything says so.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Settings {
    /// For how many seconds entries are good without revalidation.
    pub fresh_seconds: Option<u32>,
    /// For how many milliseconds nothing may arrive before a transfer has failed.
    pub idle_milliseconds: Option<u32>,
    /// Ask the cache only.
    pub offline: Option<bool>,
    /// The directory of the cache, as it was written; relative to that of its file.
    pub cache_directory: Option<String>,
    /// The file that says so, for each of these by its name.
    pub from: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    #[serde(default)]
    registries: BTreeMap<String, toml::Spanned<RawRegistry>>,
    #[serde(default)]
    cache: RawCache,
    #[serde(default)]
    network: RawNetwork,
    #[serde(default)]
    // Of any type: an error of the parser would show what is not a text.
    tokens: BTreeMap<String, serde_json::Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawRegistry {
    url: Option<String>,
    directory: Option<String>,
    scopes: Option<Vec<String>>,
    #[serde(default)]
    archives: Vec<String>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
struct RawCache {
    directory: Option<String>,
    fresh_seconds: Option<u32>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
struct RawNetwork {
    offline: Option<bool>,
    idle_seconds: Option<u32>,
}

/// A token and what it is for: an address without its scheme, as npm writes it, or with it.
struct Token {
    place: String,
    /// The header, or why there is none.
    header: Result<Secret, Diagnostic>,
    rank: Rank,
}

/// Whose word on a token counts, the weakest first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    Project,
    User,
    Environment,
}

impl Rank {
    fn of(kind: FileKind) -> Rank {
        match kind {
            FileKind::Project | FileKind::ProjectNpmrc => Rank::Project,
            FileKind::User | FileKind::UserNpmrc => Rank::User,
        }
    }
}

/// What is known so far.
#[derive(Default)]
struct Gathered {
    registries: BTreeMap<RegistryId, ConfiguredRegistry>,
    /// Which of them come from an `.npmrc`, which only fills what nothing else says.
    from_npm: BTreeSet<RegistryId>,
    /// Which of them a file of the project names.
    of_project: BTreeSet<RegistryId>,
    settings: Settings,
    tokens: Vec<Token>,
    warnings: Vec<Diagnostic>,
    problems: Vec<Diagnostic>,
}

/// Makes one configuration of everything there is.
///
/// # Errors
/// Every problem found: a broken file, a name or address that is none, two registries that claim the
/// same.
pub fn configure(input: ConfigureInput) -> Result<Configuration, Vec<Diagnostic>> {
    let mut gathered = Gathered::default();
    let ConfigureInput { mut files, flags, registry, tokens } = input;
    files.sort_by_key(|file| file.kind);
    for file in &files {
        if file.text.0.len() > MAX_SIZE {
            gathered.problems.push(problem(&file.place, "it is too large".to_owned()));
            continue;
        }
        match file.kind {
            FileKind::UserNpmrc | FileKind::ProjectNpmrc => gathered.npmrc(file),
            FileKind::User | FileKind::Project => gathered.file(file),
        }
    }
    match registry.filter(|text| !text.is_empty() && flags.is_empty()) {
        Some(text) => gathered.flags(&[text], "PACKWRIGHT_REGISTRY"),
        None => gathered.flags(&flags, "--registry"),
    }
    if let Some(Secret(text)) = tokens {
        for pair in text.split_whitespace() {
            match pair.split_once('=') {
                Some((place, token)) if place.parse::<Address>().is_ok() => {
                    let header = Ok(Secret(format!("Bearer {token}")));
                    let (place, rank) = (place.to_owned(), Rank::Environment);
                    gathered.tokens.push(Token { place, header, rank });
                }
                _ => gathered.problems.push(
                    Diagnostic::error(Code::InvalidInput, "PACKWRIGHT_TOKENS has something that is no token")
                        .suggest("each is written `ADDRESS=TOKEN`, such as `https://packs.example.com/=…`"),
                ),
            }
        }
    }
    gathered.give_tokens();
    let Gathered { registries, settings, warnings, problems, .. } = gathered;
    if !problems.is_empty() {
        return Err(problems);
    }
    Ok(Configuration { registries: registries.into_values().collect(), settings, warnings })
}

fn problem(place: &str, message: String) -> Diagnostic {
    let location = Location { pack: None, file: place.to_owned(), line: None, column: None };
    Diagnostic::error(Code::InvalidInput, message).at(location)
}

impl Gathered {
    /// Takes in a `packwright.toml`.
    fn file(&mut self, file: &ConfigFile) {
        let text = &file.text.0;
        let raw: Raw = match toml::from_str(text) {
            Ok(raw) => raw,
            Err(error) => {
                let broken = Diagnostic::error(
                    Code::InvalidInput,
                    format!("{} is broken: {}", file.place, error.message()),
                );
                self.problems.push(match error.span() {
                    Some(span) => broken.at(Location::of_offset(&file.place, text, span.start)),
                    None => broken,
                });
                return;
            }
        };
        let is_project = file.kind == FileKind::Project;
        if is_project && !raw.tokens.is_empty() {
            let error = problem(&file.place, "a project's file holds tokens".to_owned());
            self.problems.push(error.suggest(
                "move `[tokens]` into your own packwright.toml, and make these tokens invalid if others could read them",
            ));
        }
        if is_project && raw.cache.directory.is_some() {
            let error = problem(&file.place, "a project's file moves the cache".to_owned());
            self.problems
                .push(error.suggest("`directory` of `[cache]` belongs into your own packwright.toml"));
        }
        for (place, token) in raw.tokens {
            match (place.parse::<Address>(), token) {
                (Ok(_), serde_json::Value::String(token)) if !token.is_empty() => {
                    let header = Ok(Secret(format!("Bearer {token}")));
                    self.tokens.push(Token { place, header, rank: Rank::of(file.kind) });
                }
                (Ok(_), _) => self
                    .problems
                    .push(problem(&file.place, format!("the token for {place} is no text, or empty"))),
                (Err(error), _) => self.problems.push(problem(&file.place, format!("in `[tokens]` {error}"))),
            }
        }
        let settings = &mut self.settings;
        let mut says = |name: &str| drop(settings.from.insert(name.to_owned(), file.place.clone()));
        for (name, seconds, bounds) in [
            ("fresh-seconds", raw.cache.fresh_seconds, FRESH_SECONDS),
            ("idle-seconds", raw.network.idle_seconds, IDLE_SECONDS),
        ] {
            if seconds.is_some_and(|seconds| !bounds.contains(&seconds)) {
                let (least, most) = (bounds.start(), bounds.end());
                let message = format!("`{name}` is not from {least} to {most}");
                self.problems.push(problem(&file.place, message));
            }
        }
        if let Some(seconds) = raw.cache.fresh_seconds {
            settings.fresh_seconds = Some(seconds);
            says("freshSeconds");
        }
        if let Some(seconds) = raw.network.idle_seconds {
            settings.idle_milliseconds = Some(seconds.saturating_mul(1000));
            says("idleMilliseconds");
        }
        if let Some(offline) = raw.network.offline {
            settings.offline = Some(offline);
            says("offline");
        }
        if let Some(directory) = raw.cache.directory {
            settings.cache_directory = Some(directory);
            says("cacheDirectory");
        }
        let mut theirs: Vec<ConfiguredRegistry> = Vec::new();
        for (id, raw) in raw.registries {
            let line = Location::of_offset(&file.place, text, raw.span().start);
            match registry(&id, raw.into_inner(), &file.place) {
                Ok(registry) => match theirs.iter().find_map(|other| clash(other, &registry)) {
                    Some(clash) => self.problems.push(framed(problem(&file.place, clash).at(line), text)),
                    None => theirs.push(registry),
                },
                Err(error) => self.problems.push(framed(error.at(line), text)),
            }
        }
        if is_project {
            self.of_project.extend(theirs.iter().map(|registry| registry.id.clone()));
        }
        self.merge(theirs);
    }

    /// Takes in the registries of a `packwright.toml`.
    fn merge(&mut self, theirs: Vec<ConfiguredRegistry>) {
        // Judged by what stood there before, so that no entry can make way for the next.
        let before = self.registries.clone();
        for registry in theirs {
            match self.objection(&before, &registry) {
                Some(objection) => self.problems.push(objection),
                None => self.put(registry),
            }
        }
    }

    /// Why a registry of a file may not stand beside those that were there before.
    fn objection(
        &self,
        before: &BTreeMap<RegistryId, ConfiguredRegistry>,
        registry: &ConfiguredRegistry,
    ) -> Option<Diagnostic> {
        let is_npm = |other: &ConfiguredRegistry| self.from_npm.contains(&other.id);
        if let Some(same) = before.get(&registry.id) {
            let is_same = (&same.location, &same.scopes, &same.archives)
                == (&registry.location, &registry.scopes, &registry.archives);
            if !is_npm(same) && !is_same {
                let message = format!("the registry `{}` is another one in {}", registry.id, same.from);
                let error = problem(&registry.from, message);
                return Some(error.suggest("let both files say the same, or give one of the two another id"));
            }
            // An .npmrc only fills what nothing else says, but what it claims must stay somewhere.
            let lost = |scope: &&Scope| !registry.claims(scope);
            if let (true, Some(scope)) = (is_npm(same), same.scopes.iter().flatten().find(lost)) {
                let message =
                    format!("the registry `{}` leaves `{scope}` of {} to nobody", registry.id, same.from);
                let error = problem(&registry.from, message);
                return Some(error.suggest(format!("add `{scope}` to its `scopes`, or give it another id")));
            }
        }
        let others = before.values().filter(|other| other.id != registry.id && !is_npm(other));
        let mut claimed = others.filter(|other| other.scopes.is_some() || registry.scopes.is_some());
        claimed.find_map(|other| clash(other, registry)).map(|message| problem(&registry.from, message))
    }

    /// Puts a registry in place of what it takes the place of, and takes from others what it claims.
    fn put(&mut self, registry: ConfiguredRegistry) {
        for other in self.registries.values_mut().filter(|other| other.id != registry.id) {
            match &mut other.scopes {
                Some(scopes) => scopes.retain(|scope| !registry.claims(scope)),
                none if registry.scopes.is_none() => *none = Some(Vec::new()),
                None => {}
            }
        }
        self.from_npm.remove(&registry.id);
        self.registries.insert(registry.id.clone(), registry);
    }

    /// Takes in an `.npmrc`: `registry`, `@scope:registry`, and what lets us in.
    fn npmrc(&mut self, file: &ConfigFile) {
        let mut basic: BTreeMap<&str, (Option<String>, Option<String>)> = BTreeMap::new();
        for (number, line) in file.text.0.lines().enumerate() {
            let Some((key, value)) = ini_pair(line) else { continue };
            let line = u32::try_from(number + 1).ok();
            let at = || Location { pack: None, file: file.place.clone(), line, column: None };
            if key == "registry" || key.ends_with(":registry") && key.starts_with('@') {
                if let Err(error) = self.npm_registry(file, key, &value) {
                    self.problems.push(error.at(at()));
                }
                continue;
            }
            let Some((place, field)) = key.rsplit_once(':').filter(|_| key.starts_with("//")) else {
                continue;
            };
            let header = match field {
                _ if value.contains("${") && ["_authToken", "_auth", "_password"].contains(&field) => {
                    Err(unknown_reference(file.kind, key).at(at()))
                }
                "_authToken" => Ok(Secret(format!("Bearer {value}"))),
                "_auth" => Ok(Secret(format!("Basic {value}"))),
                "username" => {
                    basic.entry(place).or_default().0 = Some(value);
                    continue;
                }
                "_password" => {
                    basic.entry(place).or_default().1 = Some(value);
                    continue;
                }
                _ => continue,
            };
            self.tokens.push(Token { place: place.to_owned(), header, rank: Rank::of(file.kind) });
        }
        for (place, pair) in basic {
            let (Some(user), Some(password)) = pair else { continue };
            // npm keeps the password in base64.
            let Ok(Ok(password)) = STANDARD.decode(password).map(String::from_utf8) else { continue };
            let header = Ok(Secret(format!("Basic {}", STANDARD.encode(format!("{user}:{password}")))));
            self.tokens.push(Token { place: place.to_owned(), header, rank: Rank::of(file.kind) });
        }
    }

    /// A scope must not fall to another registry because the one it has cannot be read.
    fn npm_registry(&mut self, file: &ConfigFile, key: &str, url: &str) -> Result<(), Diagnostic> {
        if url.contains("${") {
            return Err(Diagnostic { severity: Severity::Error, ..unknown_reference(file.kind, key) });
        }
        let scope = key.strip_suffix(":registry");
        let scopes = match scope.map(str::parse::<Scope>).transpose() {
            Ok(scope) => scope.into_iter().collect(),
            // No pack can have such a scope.
            Err(_) => return Ok(()),
        };
        let id = scope.map_or(NPM_ID, |scope| scope.trim_start_matches('@'));
        let id: RegistryId = id.parse()?;
        check_url(url).map_err(|error| Diagnostic::error(Code::InvalidInput, error))?;
        let url = format!("{NPM_PREFIX}{url}");
        let there = self.registries.get(&id).filter(|there| there.scopes.as_ref() != Some(&scopes));
        if there.is_some() {
            let message = format!("`{key}` gives the id `{id}` to a second registry");
            let error = Diagnostic::error(Code::InvalidInput, message);
            return Err(error.suggest("name one of them in packwright.toml"));
        }
        if file.kind == FileKind::ProjectNpmrc {
            self.of_project.insert(id.clone());
        }
        self.from_npm.insert(id.clone());
        let registry = ConfiguredRegistry {
            id: id.clone(),
            location: Place::Url { url },
            scopes: Some(scopes),
            authorization: None,
            archives: Vec::new(),
            from: file.place.clone(),
        };
        self.registries.insert(id, registry);
        Ok(())
    }

    /// Takes in the values of flags, which are stronger than all files.
    fn flags(&mut self, flags: &[String], from: &str) {
        let mut has_general = false;
        let mut given: Vec<RegistryId> = Vec::new();
        for flag in flags {
            match flagged(flag, from) {
                Err(error) => self.problems.push(error),
                Ok(registry) if given.contains(&registry.id) => {
                    let message = format!("{from} names the registry `{}` twice", registry.id);
                    self.problems.push(
                        Diagnostic::error(Code::Usage, message).suggest("give each an id: `ID=LOCATION`"),
                    );
                }
                Ok(mut registry) => {
                    let configured = self.registries.get(&registry.id).cloned();
                    if registry.scopes.is_none() {
                        registry.scopes = match configured {
                            Some(configured) => configured.scopes,
                            None if has_general => Some(Vec::new()),
                            None => None,
                        };
                    }
                    has_general |= registry.scopes.is_none();
                    given.push(registry.id.clone());
                    self.of_project.remove(&registry.id);
                    self.put(registry);
                }
            }
        }
    }

    /// Gives each registry the token that is for the longest part of its address.
    fn give_tokens(&mut self) {
        for registry in self.registries.values_mut() {
            let Place::Url { url } = &registry.location else { continue };
            let Ok(address) = url.trim_start_matches(NPM_PREFIX).parse::<Address>() else { continue };
            let may_be_open = is_here(&address) || !self.of_project.contains(&registry.id);
            let mut fitting: Vec<(usize, &Token)> = Vec::new();
            for token in &self.tokens {
                fitting.extend(token.covers(&address, may_be_open).map(|length| (length, token)));
            }
            let strength = |(length, token): &&(usize, &Token)| (token.header.is_ok(), *length, token.rank);
            match fitting.iter().max_by_key(strength).map(|(_, token)| &token.header) {
                Some(Ok(header)) => registry.authorization = Some(header.clone()),
                Some(Err(warning)) => self.warnings.push(warning.clone()),
                None => {}
            }
            if registry.authorization.is_some() && !address.is_encrypted() && !is_here(&address) {
                let message =
                    format!("the token for the registry `{}` is sent without encryption", registry.id);
                let warning = Diagnostic::warning(Code::InvalidInput, message).about(&address);
                self.warnings.push(warning.suggest("give the registry an `https://` address"));
            }
        }
    }
}

impl Token {
    /// How much of an address it is for, if it is for it at all. Written npm's way it says no scheme,
    /// and is for unencrypted addresses only where that is not a stranger's choice.
    fn covers(&self, address: &Address, may_be_open: bool) -> Option<usize> {
        let scheme = if address.is_encrypted() { "https:" } else { "http:" };
        let place: Address = match self.place.starts_with("//") {
            true if address.is_encrypted() || may_be_open => {
                format!("{scheme}{}", self.place).parse().ok()?
            }
            true => return None,
            false => self.place.parse().ok()?,
        };
        place.covers(address).then(|| place.as_directory().as_str().len())
    }
}

/// Whether an address is that of this very machine.
fn is_here(address: &Address) -> bool {
    let host = address.origin().rsplit("//").next().unwrap_or_default();
    ["localhost", "127.0.0.1", "[::1]"]
        .iter()
        .any(|here| host.strip_prefix(here).is_some_and(|rest| rest.is_empty() || rest.starts_with(':')))
}

/// A key and its value, as the `ini` package reads a line for npm: quotes are taken off, and without
/// them a comment ends the value.
fn ini_pair(line: &str) -> Option<(&str, String)> {
    let line = line.trim();
    let (key, value) = line.split_once('=').filter(|_| !line.starts_with([';', '#']))?;
    let value = value.trim();
    let quoted = ['"', '\''].iter().find_map(|&quote| value.strip_prefix(quote)?.strip_suffix(quote));
    let bare = || value.split([';', '#']).next().unwrap_or_default().trim();
    Some((key.trim(), quoted.unwrap_or_else(bare).to_owned())).filter(|(_, value)| !value.is_empty())
}

fn unknown_reference(kind: FileKind, key: &str) -> Diagnostic {
    let message = format!("`{}` names something of the environment", printable(key));
    Diagnostic::warning(Code::InvalidInput, message).suggest(match kind {
        FileKind::UserNpmrc => "set it in the environment",
        _ => "only your own .npmrc may do so; PACKWRIGHT_TOKENS takes tokens as well",
    })
}

fn framed(error: Diagnostic, text: &str) -> Diagnostic {
    let line = error.location.as_ref().and_then(|location| location.line);
    let frame = line.and_then(|line| source_frame(text, line, None));
    Diagnostic { frame, ..error }
}

impl ConfiguredRegistry {
    fn claims(&self, scope: &Scope) -> bool {
        self.scopes.iter().flatten().any(|claimed| claimed == scope)
    }
}

/// What two registries both claim, in words.
fn clash(one: &ConfiguredRegistry, other: &ConfiguredRegistry) -> Option<String> {
    let of = |registry: &ConfiguredRegistry| format!("`{}` of {}", registry.id, registry.from);
    if one.scopes.is_none() && other.scopes.is_none() {
        let both = format!("{} and {} both claim the packs that no other claims", of(one), of(other));
        return Some(format!("{both}; give one of them `scopes`, `[]` for packages only"));
    }
    let scope = one.scopes.iter().flatten().find(|scope| other.claims(scope))?;
    Some(format!("{} and {} both claim `{scope}`", of(one), of(other)))
}

fn registry(id: &str, raw: RawRegistry, from: &str) -> Result<ConfiguredRegistry, Diagnostic> {
    let invalid = |message: String| Diagnostic::error(Code::InvalidInput, message);
    let checked: RegistryId = id.parse()?;
    let location = match (raw.url, raw.directory) {
        (Some(url), None) => {
            check_url(&url).map_err(invalid)?;
            Place::Url { url }
        }
        (None, Some(path)) => Place::Directory { path, base: Some(from.to_owned()) },
        _ => return Err(invalid(format!("the registry `{id}` has either a `url` or a `directory`"))),
    };
    let scopes = raw.scopes.map(|scopes| scopes.iter().map(|scope| scope.parse()).collect());
    let scopes: Option<Vec<Scope>> = scopes.transpose().map_err(|error: NameError| error)?;
    for origin in &raw.archives {
        origin.parse::<Address>().map_err(|error| invalid(error.to_string()))?;
    }
    Ok(ConfiguredRegistry {
        id: checked,
        location,
        scopes,
        authorization: None,
        archives: raw.archives,
        from: from.to_owned(),
    })
}

fn check_url(url: &str) -> Result<(), String> {
    let address = url.strip_prefix(NPM_PREFIX).unwrap_or(url);
    if address.contains('?') {
        return Err("the address of a registry has no query; a token stands in `[tokens]`".to_owned());
    }
    address.parse::<Address>().map(drop).map_err(|error| error.to_string())
}

/// Reads `LOCATION`, `ID=LOCATION` or `@SCOPE=LOCATION`.
fn flagged(text: &str, from: &str) -> Result<ConfiguredRegistry, Diagnostic> {
    let usage = |message: String| {
        Diagnostic::error(Code::Usage, message)
            .suggest("for example `https://packs.example.com/` or `acme=npm+https://npm.example.com/`")
    };
    let is_name = |name: &str| name.strip_prefix('@').unwrap_or(name).parse::<RegistryId>().is_ok();
    let (name, location) = match text.split_once('=') {
        Some((name, location)) if is_name(name) => (name, location),
        None if text.starts_with('@') && is_name(text) => (text, ""),
        _ => (DEFAULT_ID, text),
    };
    if location.is_empty() {
        return Err(usage(format!("{from} has no location in `{}`", text.escape_debug())));
    }
    let scopes = name.parse().ok().map(|scope| vec![scope]);
    let id = name.trim_start_matches('@').parse().map_err(|error: NameError| usage(error.to_string()))?;
    let lower = location.get(..9).unwrap_or(location).to_ascii_lowercase();
    let is_url = ["http:", "https:", NPM_PREFIX].iter().any(|start| lower.starts_with(start));
    let location = if is_url {
        check_url(location).map_err(|error| Diagnostic::error(Code::InvalidInput, error))?;
        Place::Url { url: location.to_owned() }
    } else if location.contains("://") && !lower.starts_with("file:") {
        return Err(usage(format!("`{}` is neither an address nor a directory", location.escape_debug())));
    } else {
        Place::Directory { path: location.to_owned(), base: None }
    };
    let from = from.to_owned();
    Ok(ConfiguredRegistry { id, location, scopes, authorization: None, archives: Vec::new(), from })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(kind: FileKind, text: &str) -> ConfigFile {
        let place = match kind {
            FileKind::UserNpmrc => "~/.npmrc",
            FileKind::ProjectNpmrc => "project/.npmrc",
            FileKind::User => "~/packwright.toml",
            FileKind::Project => "project/packwright.toml",
        };
        ConfigFile { place: place.to_owned(), kind, text: Secret(text.to_owned()) }
    }

    fn input<const N: usize>(files: [(FileKind, &str); N], flags: &[&str]) -> ConfigureInput {
        ConfigureInput {
            files: files.into_iter().map(|(kind, text)| file(kind, text)).collect(),
            flags: flags.iter().map(|flag| (*flag).to_owned()).collect(),
            ..ConfigureInput::default()
        }
    }

    /// A line for each registry: its id, where it is, its scopes, what lets us in, who says so.
    fn lines(input: ConfigureInput) -> Vec<String> {
        let line = |registry: ConfiguredRegistry| {
            let place = match registry.location {
                Place::Url { url } => url,
                Place::Directory { path, base } => format!("{path} of {}", base.unwrap_or_default()),
            };
            let scopes = registry.scopes.map_or("*".to_owned(), |scopes| format!("{scopes:?}"));
            let token = registry.authorization.map_or("-".to_owned(), |secret| secret.0);
            format!("{} {place} {scopes} {token} {}", registry.id, registry.from)
        };
        let configured = configure(input).unwrap_or_else(|errors| panic!("{errors:?}"));
        configured.registries.into_iter().map(line).collect()
    }

    fn refused(input: ConfigureInput) -> String {
        let errors = configure(input).unwrap_err();
        errors.iter().map(Diagnostic::to_string).collect::<Vec<_>>().join("\n")
    }

    const USER: &str = "[registries.acme]\nurl = \"npm+https://npm.acme.test/x\"\nscopes = [\"@acme\"]\n[registries.mine]\ndirectory = \"packs\"\n[tokens]\n\"https://npm.acme.test/\" = \"s3cret\"\n";

    #[test]
    fn stronger_places_come_first() {
        let npmrc = "; comment\nregistry = https://npm.test/\n@acme:registry=https://other.test\n@b:registry=\"https://b.test\"\nfund=false\n";
        let files = || [(FileKind::User, USER), (FileKind::UserNpmrc, npmrc)];
        let acme = "acme npm+https://npm.acme.test/x [@acme] Bearer s3cret ~/packwright.toml";
        let b = "b npm+https://b.test [@b] - ~/.npmrc";
        let npm = "npm npm+https://npm.test/ [] - ~/.npmrc";
        assert_eq!(
            lines(input(files(), &[])),
            [acme, b, "mine packs of ~/packwright.toml * - ~/packwright.toml", npm]
        );
        let flags = ["./here", "npm=npm+https://n.test/"];
        assert_eq!(
            lines(input(files(), &flags)),
            [
                acme,
                b,
                "default ./here of  * - --registry",
                "mine packs of ~/packwright.toml [] - ~/packwright.toml",
                "npm npm+https://n.test/ [] - --registry"
            ]
        );
        let scoped = lines(input(files(), &["@acme=http://127.0.0.1:4873/"]));
        assert_eq!(scoped[0], "acme http://127.0.0.1:4873/ [@acme] - --registry", "its token stays behind");
        let project = "[registries.team]\nurl = \"https://team.test/\"\n";
        let both = input([(FileKind::User, USER), (FileKind::Project, project)], &[]);
        let mine = "mine packs of ~/packwright.toml [] - ~/packwright.toml";
        assert_eq!(lines(both), [acme, mine, "team https://team.test/ * - project/packwright.toml"]);
        let environment = ConfigureInput { registry: Some("x=y".into()), ..input([], &[]) };
        assert_eq!(lines(environment.clone()), ["x y of  * - PACKWRIGHT_REGISTRY"]);
        let flags = ConfigureInput { flags: vec!["z=y".into()], ..environment };
        assert_eq!(lines(flags), ["z y of  * - --registry"]);
    }

    #[test]
    fn a_project_takes_no_name_from_its_user() {
        let with = |project: &str| input([(FileKind::User, USER), (FileKind::Project, project)], &[]);
        let moved = refused(with("[registries.acme]\nurl = \"https://evil.test/\"\nscopes = [\"@acme\"]\n"));
        assert!(moved.contains("`acme` is another one in ~/packwright.toml"), "{moved}");
        let claimed =
            refused(with("[registries.evil]\nurl = \"https://evil.test/\"\nscopes = [\"@acme\"]\n"));
        assert!(claimed.contains("both claim `@acme`"), "{claimed}");
        let stepwise = "[registries.acme]\nurl = \"npm+https://npm.acme.test/x\"\nscopes = []\n[registries.evil]\nurl = \"https://evil.test/\"\nscopes = [\"@acme\"]\n";
        let told = refused(with(stepwise));
        assert!(told.contains("is another one") && told.contains("both claim `@acme`"), "{told}");
        let tokens = refused(with("[tokens]\n\"https://x.test/\" = \"hunter2\"\n"));
        assert!(tokens.contains("a project's file holds tokens") && !tokens.contains("hunter2"), "{tokens}");
        assert!(refused(with("[cache]\ndirectory = \"x\"\n")).contains("moves the cache"));
        let same = "[registries.acme]\nurl = \"npm+https://npm.acme.test/x\"\nscopes = [\"@acme\"]\n";
        assert_eq!(lines(with(same)).len(), 2, "to say the same is no harm");
    }

    #[test]
    fn no_scope_falls_to_another_registry_unseen() {
        let npmrc = |text: &str| refused(input([(FileKind::UserNpmrc, text)], &[]));
        for (text, told) in [
            ("@acme:registry=https://u:hunter2@npm.test/", "user name"),
            ("@acme:registry=npm.test", "is not an address"),
            ("\n@acme:registry=${URL}", "at ~/.npmrc:2"),
            (
                "@npm:registry=https://a.test\nregistry=https://b.test",
                "gives the id `npm` to a second registry",
            ),
        ] {
            let found = npmrc(text);
            assert!(found.contains(told) && !found.contains("hunter2"), "{text}: {found}");
        }
        let npmrc = "@acme:registry = HTTPS://npm.test/ ; ours\n@Odd:registry=x y\n";
        let user = |toml: &str| input([(FileKind::UserNpmrc, npmrc), (FileKind::User, toml)], &[]);
        assert_eq!(lines(user("")), ["acme npm+HTTPS://npm.test/ [@acme] - ~/.npmrc"]);
        let told = refused(user("[registries.acme]\nurl = \"https://x.test/\"\nscopes = []\n"));
        assert!(told.contains("leaves `@acme` of ~/.npmrc to nobody"), "{told}");
        // A flag takes the one scope that it names, and nothing else.
        let two = "[registries.corp]\nurl = \"https://corp.test/\"\nscopes = [\"@one\", \"@two\"]\n";
        let found = lines(input([(FileKind::User, two)], &["@one=./here"]));
        assert_eq!(found[0], "corp https://corp.test/ [@two] - ~/packwright.toml");
    }

    #[test]
    fn tokens_go_by_address() {
        let registries = "[registries.a]\nurl = \"npm+https://h.test/one\"\n[registries.b]\nurl = \"npm+https://h.test/two/\"\nscopes = []\n[registries.c]\nurl = \"https://h.test.evil.test/one\"\nscopes = []\n[registries.d]\nurl = \"http://h.test/one\"\nscopes = []\n[registries.e]\nurl = \"npm+http://localhost:1/\"\nscopes = []\n";
        let npmrc = "//localhost:1/:_authToken=here\n//h.test/two/:email=${MAIL}\n//h.test/one/:_authToken=one\n//h.test/:_auth=dTpw\n//user.test/:username=u\n//user.test/:_password=cA==\n@user:registry=https://user.test/\n//h.test/two/:_authToken=${TWO}\n";
        let tokens = Some(Secret("https://h.test/one=strong http://none.test=x".to_owned()));
        let all = ConfigureInput {
            tokens,
            ..input([(FileKind::Project, registries), (FileKind::ProjectNpmrc, npmrc)], &[])
        };
        let configured = configure(all.clone()).unwrap();
        let token = |id: &str| {
            let found = configured.registries.iter().find(|registry| registry.id.as_str() == id);
            found.unwrap().authorization.as_ref().map(|secret| secret.0.as_str())
        };
        assert_eq!(token("a"), Some("Bearer strong"));
        assert_eq!(token("b"), Some("Basic dTpw"), "the next best, where what is meant is not known");
        assert_eq!(token("c"), None);
        assert_eq!(token("d"), None, "a project does not decide that it goes unencrypted");
        assert_eq!(token("e"), Some("Bearer here"));
        assert_eq!(token("user"), Some("Basic dTpw"));
        assert_eq!(configured.warnings, []);
        assert!(!format!("{all:?}{configured:?}").contains("strong"));
        let warned = |files: &[(FileKind, &str)]| -> Vec<String> {
            let files = files.iter().map(|(kind, text)| file(*kind, text)).collect();
            let configured = configure(ConfigureInput { files, ..ConfigureInput::default() }).unwrap();
            configured.warnings.iter().map(Diagnostic::to_string).collect()
        };
        let here = "registry=http://npm.test/\n//npm.test/:_authToken=mine\n";
        let told = warned(&[(FileKind::UserNpmrc, here)]);
        assert!(told[0].contains("`npm` is sent without encryption"), "{told:?}");
        let unset = "registry=https://npm.test/\n//npm.test/:_authToken=${UNSET}\n//other.test/:_authToken=${UNSET}\n";
        let told = warned(&[(FileKind::ProjectNpmrc, unset)]);
        assert!(told.len() == 1 && told[0].contains("`//npm.test/:_authToken` names"), "{told:?}");
        assert!(
            warned(&[(FileKind::ProjectNpmrc, unset), (FileKind::UserNpmrc, "//npm.test/:_authToken=x")])
                .is_empty()
        );
    }

    #[test]
    fn settings_know_where_they_come_from() {
        let user = "[cache]\ndirectory = \"/c\"\nfresh-seconds = 60\n[network]\nidle-seconds = 5\n";
        let project = "[cache]\nfresh-seconds = 10\n[network]\noffline = true\n";
        let files = [(FileKind::Project, project), (FileKind::User, user)];
        let settings = configure(input(files, &[])).unwrap().settings;
        let found = serde_json::to_value(&settings).unwrap();
        assert_eq!(
            found,
            serde_json::json!({
                "freshSeconds": 10,
                "idleMilliseconds": 5000,
                "offline": true,
                "cacheDirectory": "/c",
                "from": {
                    "cacheDirectory": "~/packwright.toml",
                    "freshSeconds": "project/packwright.toml",
                    "idleMilliseconds": "~/packwright.toml",
                    "offline": "project/packwright.toml",
                },
            })
        );
    }

    #[test]
    fn what_is_wrong_is_told_with_its_place() {
        let user = |text: &str| refused(input([(FileKind::User, text)], &[]));
        for (text, told) in [
            ("[registries", "at ~/packwright.toml:1"),
            ("[registry.a]\n", "unknown field `registry`"),
            ("[registries.A]\nurl = \"https://x.test\"\n", "`A` is not a registry name"),
            ("[registries.a]\n", "either a `url` or a `directory`"),
            (
                "[registries.a]\nurl = \"https://x.test\"\ndirectory = \"x\"\n",
                "either a `url` or a `directory`",
            ),
            ("\n[registries.a]\nurl = \"ftp://x\"\n", "at ~/packwright.toml:2"),
            ("[registries.a]\nurl = \"https://x.test\"\nscopes = [\"acme\"]\n", "is not a scope name"),
            (
                "[registries.a]\nurl = \"https://x.test\"\n[registries.b]\nurl = \"https://y.test\"\n",
                "both claim the packs that no other claims",
            ),
            ("[tokens]\n\"https://x.test\" = 4711\n", "the token for https://x.test is no text, or empty"),
            ("[tokens]\n\"x.test\" = \"t\"\n", "in `[tokens]` `x.test` is not an address"),
            ("[cache]\nfresh-seconds = -1\n", "is broken"),
            ("[cache]\nfresh-seconds = 86401\n", "is not from 0 to 86400"),
            ("[network]\nidle-seconds = 0\n", "is not from 1 to 3600"),
            ("[registries.a]\nurl = \"https://x.test/?token=hunter2\"\n", "has no query"),
        ] {
            let found = user(text);
            assert!(found.contains(told), "{told}: {found}");
        }
        for (flag, told) in [
            ("", "no location"),
            ("a=", "no location"),
            ("@acme", "no location"),
            ("ftp://x/", "neither an address nor a directory"),
            ("https://me:hunter2@x.test/", "user name"),
            ("npm+ftp://x", "is not an address"),
        ] {
            let found = refused(input([], &[flag]));
            assert!(found.contains(told) && !found.contains("hunter2"), "{flag}: {found}");
        }
        assert!(refused(input([], &["a", "b"])).contains("names the registry `default` twice"));
        let tokens = ConfigureInput { tokens: Some(Secret("hunter2".into())), ..ConfigureInput::default() };
        assert!(!refused(tokens).contains("hunter2"));
        let large = " ".repeat(MAX_SIZE + 1);
        assert!(user(&large).contains("too large"));
    }
}
