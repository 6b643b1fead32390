//! npm's registry protocol: packuments, searches, and what is sent to publish.
//!
//! A pack is an npm package whose `package.json` says in the field `packwright` what an index line
//! says of its members; its `pack.toml` and templates are in the tarball. The abbreviated form of a
//! packument drops such fields, so packs are read from the full one.
//!
//! A version that is none of ours, has no strong digest or is broken does not exist for us: public
//! registries are full of history. Only when nothing of what was meant for us is left, that is an
//! error. (npm/registry, docs/REGISTRY-API.md and docs/responses/package-metadata.md.)

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Map, Value as Json, json};
use sha1::{Digest as _, Sha1};

use super::{Digest, FORMAT, RawMembers, Release, Summary, expect_json};
use crate::constraint::Constraint;
use crate::diagnostic::{Code, Diagnostic, printable};
use crate::manifest::{Category, Manifest};
use crate::name::{PackageName, RegistryId};
use crate::version::Version;

/// The field of `package.json` that makes a package a pack.
const FIELD: &str = "packwright";

/// The keyword by which packs are found.
pub const KEYWORD: &str = "packwright-pack";

/// What stands before the category of a pack in its keywords.
const CATEGORY: &str = "packwright-category-";

/// The most results one search gives.
pub const SEARCH_SIZE: usize = 250;

/// The dist-tag that `latest` stands for.
pub const LATEST: &str = "latest";

/// Which of a packument's versions are meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Those that are packs.
    Pack,
    /// All; nothing they depend on is followed.
    Package,
}

impl Form {
    /// The header `Accept` that gets all that is needed and no more.
    pub fn accept(self) -> &'static str {
        match self {
            Form::Pack => "application/json",
            Form::Package => "application/vnd.npm.install-v1+json; q=1.0, application/json; q=0.8",
        }
    }
}

/// What a registry says of one name.
#[derive(Clone, Debug, PartialEq)]
pub struct Packument {
    /// The releases, the highest first.
    pub releases: Vec<Release>,
    /// The version its dist-tag `latest` names, if it is one of them.
    pub latest: Option<Version>,
}

#[derive(Deserialize)]
struct RawPackument<'a> {
    name: String,
    #[serde(default, rename = "dist-tags")]
    tags: BTreeMap<String, String>,
    #[serde(default, borrow)]
    versions: BTreeMap<String, &'a RawValue>,
    #[serde(default)]
    time: BTreeMap<String, Json>,
}

#[derive(Deserialize)]
struct RawVersion {
    version: String,
    dist: RawDist,
    #[serde(default)]
    deprecated: Json,
    /// Looked into only where packs are meant: others may call a field so, too.
    #[serde(default)]
    packwright: Option<Json>,
}

#[derive(Deserialize)]
struct RawDist {
    tarball: String,
    #[serde(default)]
    integrity: String,
}

#[derive(Serialize, Deserialize)]
struct RawPack {
    v: u32,
    #[serde(flatten)]
    members: RawMembers,
}

/// Where the packument of a package lies, relative to the registry's base.
pub fn packument_path(name: &PackageName) -> String {
    name.as_str().replace('/', "%2f")
}

/// What to search for. npm's own registry knows keywords; others, Verdaccio among them, look for
/// words in names and descriptions, and for no words they list everything.
pub const SEARCHES: [&str; 2] = ["keywords:packwright-pack", ""];

/// Where a search is answered, relative to the registry's base.
pub fn search_path(text: &str, from: usize) -> String {
    format!("-/v1/search?text={text}&size={SEARCH_SIZE}&from={from}")
}

/// Where the tarball of a version lies by npm's custom, relative to the registry's base.
pub fn tarball_path(name: &PackageName, version: &Version) -> String {
    let unscoped = name.as_str().rsplit('/').next().unwrap_or_default();
    format!("{name}/-/{unscoped}-{version}.tgz")
}

/// Reads a packument. Nothing comes of one that has versions, but none that is meant.
///
/// # Errors
/// An HTML page, other JSON, another package, or nothing but versions that are broken or have no
/// strong digest.
pub fn parse_packument(name: &PackageName, text: &str, form: Form) -> Result<Option<Packument>, Diagnostic> {
    let file = || format!("what it says of `{name}`");
    expect_json(&file(), text)?;
    let broken = |reason: &dyn std::fmt::Display| {
        Diagnostic::error(Code::InvalidRegistry, format!("{} is broken", file())).because(reason).about(name)
    };
    let raw: RawPackument = serde_json::from_str(text).map_err(|error| broken(&error))?;
    if raw.name != name.as_str() {
        return Err(broken(&format!("it is about `{}`", raw.name.escape_debug())));
    }
    let mut releases = Vec::new();
    let mut unusable = None;
    for (version, json) in raw.versions {
        match release(name, json, form) {
            Ok(Some(release)) if release.version.to_string() == version => {
                let published = raw.time.get(&version).and_then(Json::as_str).map(str::to_owned);
                releases.push(Release { published, ..release });
            }
            Ok(None) => {}
            Ok(Some(_)) => unusable = Some((version, Unusable::Broken("it says another version".to_owned()))),
            Err(error) => unusable = Some((version, error)),
        }
    }
    match unusable {
        Some((version, Unusable::Broken(reason))) if releases.is_empty() => {
            return Err(broken(&format!("version {}: {reason}", version.escape_debug())));
        }
        Some((_, Unusable::Newer)) if releases.is_empty() => {
            let message =
                format!("`{name}` has only versions of a newer format; this one reads up to {FORMAT}");
            let error = Diagnostic::error(Code::UnsupportedFormat, message).about(name);
            return Err(error.suggest("update Packwright"));
        }
        _ => {}
    }
    if releases.is_empty() {
        return Ok(None);
    }
    releases.sort_by(|a, b| b.version.cmp(&a.version));
    // Versions that differ in nothing but build metadata are one version.
    releases.dedup_by(|a, b| a.version == b.version);
    let latest = raw.tags.get(LATEST).and_then(|text| text.parse::<Version>().ok());
    let latest = latest.filter(|latest| releases.iter().any(|release| release.version == *latest));
    Ok(Some(Packument { releases, latest }))
}

/// Why a version does not exist for us.
enum Unusable {
    Broken(String),
    Newer,
}

impl Unusable {
    fn because(error: impl std::fmt::Display) -> Unusable {
        Unusable::Broken(error.to_string())
    }
}

fn release(name: &PackageName, json: &RawValue, form: Form) -> Result<Option<Release>, Unusable> {
    let raw: RawVersion = serde_json::from_str(json.get()).map_err(Unusable::because)?;
    let (dependencies, packages) = match (form, raw.packwright) {
        (Form::Package, _) => (Vec::new(), Vec::new()),
        (Form::Pack, None) => return Ok(None),
        (Form::Pack, Some(field)) => {
            let v = field.get("v").and_then(Json::as_u64);
            if v.is_some_and(|v| v > u64::from(FORMAT)) {
                return Err(Unusable::Newer);
            }
            let pack: RawPack = serde_json::from_value(field).map_err(Unusable::because)?;
            pack.members.check().map_err(|error| Unusable::Broken(error.to_string()))?
        }
    };
    let version: Version = raw.version.parse().map_err(Unusable::because)?;
    if raw.dist.integrity.is_empty() {
        return Err(Unusable::Broken("it has no digest stronger than SHA-1".to_owned()));
    }
    Ok(Some(Release {
        name: name.clone(),
        version,
        dependencies,
        packages,
        integrity: raw.dist.integrity.parse().map_err(Unusable::because)?,
        size: None,
        archive: Some(raw.dist.tarball),
        yanked: false,
        deprecated: deprecation(Some(&raw.deprecated)),
        published: None,
    }))
}

/// A page of what a search found.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// The packs on it.
    pub summaries: Vec<Summary>,
    /// How many results of any kind are on it.
    pub results: usize,
}

#[derive(Deserialize)]
struct RawFound {
    objects: Vec<RawResult>,
}

#[derive(Deserialize)]
struct RawResult {
    package: RawPackage,
}

#[derive(Deserialize)]
struct RawPackage {
    name: String,
    #[serde(default)]
    version: Option<String>,
    #[serde(default, rename = "dist-tags")]
    tags: BTreeMap<String, String>,
    #[serde(default)]
    description: Option<String>,
    #[serde(default)]
    keywords: Option<Vec<String>>,
    #[serde(default)]
    license: Option<Json>,
}

/// Reads the answer to a search. What is no pack is passed over: registries search as they like.
///
/// # Errors
/// An HTML page or other JSON.
pub fn parse_search(registry: &RegistryId, text: &str) -> Result<Found, Diagnostic> {
    expect_json("the answer to a search", text)?;
    let raw: RawFound = serde_json::from_str(text).map_err(|error| {
        Diagnostic::error(Code::InvalidRegistry, "the answer to a search is broken").because(error)
    })?;
    let results = raw.objects.len();
    let summary = |RawResult { package }: RawResult| {
        let keywords = package.keywords.unwrap_or_default();
        if !keywords.iter().any(|keyword| keyword == KEYWORD) {
            return None;
        }
        let category = keywords.iter().find_map(|keyword| keyword.strip_prefix(CATEGORY));
        let category = category.and_then(|text| serde_json::from_value::<Category>(text.into()).ok());
        let tags = keywords.iter().filter(|tag| *tag != KEYWORD && !tag.starts_with(CATEGORY));
        Some(Summary {
            name: package.name.parse().ok()?,
            version: package.version.as_ref().or(package.tags.get(LATEST))?.parse().ok()?,
            description: printable(&package.description.unwrap_or_default()),
            category: category.unwrap_or_default(),
            license: package.license.as_ref().and_then(Json::as_str).map(printable),
            tags: tags.map(|tag| printable(tag)).collect(),
            registry: registry.clone(),
        })
    };
    Ok(Found { summaries: raw.objects.into_iter().filter_map(summary).collect(), results })
}

/// The `package.json` of a pack.
pub fn package_json(manifest: &Manifest) -> Map<String, Json> {
    let category = serde_json::to_value(manifest.category).unwrap_or_default();
    let category = format!("{CATEGORY}{}", category.as_str().unwrap_or_default());
    let ours = [KEYWORD.to_owned(), category];
    let required = manifest.dependencies.iter().filter(|dependency| !dependency.optional);
    let dependencies: Map<String, Json> = required
        .map(|dependency| (dependency.name.to_string(), npm_range(&dependency.constraint).into()))
        .collect();
    let field = RawPack { v: FORMAT, members: RawMembers::of(&manifest.dependencies, &manifest.packages) };
    let mut package = Map::new();
    let mut set = |key: &str, value: Json| drop(package.insert(key.to_owned(), value));
    set("name", manifest.name.as_str().into());
    set("version", manifest.version.to_string().into());
    set("description", manifest.description.as_str().into());
    set("keywords", ours.into_iter().chain(manifest.tags.iter().cloned()).collect());
    if let Some(license) = &manifest.license {
        set("license", license.as_str().into());
    }
    if let [author, contributors @ ..] = manifest.authors.as_slice() {
        set("author", author.as_str().into());
        if !contributors.is_empty() {
            set("contributors", contributors.into());
        }
    }
    set("dependencies", Json::Object(dependencies));
    set(FIELD, serde_json::to_value(field).expect("plain structs are JSON"));
    package
}

/// A constraint as npm reads it. That pre-releases are let in is not said: npm has no word for it.
fn npm_range(constraint: &Constraint) -> String {
    if constraint.is_latest() {
        return LATEST.to_owned();
    }
    let plain: Constraint = constraint.as_str().parse().unwrap_or_else(|_| Constraint::any());
    plain.set().to_string().replace(", ", " ")
}

/// Who may read a scoped package.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub enum Access {
    /// Everybody.
    Public,
    /// Those whom its owner names.
    Restricted,
}

/// What to publish.
#[derive(Clone, Copy)]
pub struct Upload<'a> {
    /// The pack.
    pub manifest: &'a Manifest,
    /// Its archive.
    pub archive: &'a [u8],
    /// Where the archive will lie.
    pub tarball: &'a str,
    /// The dist-tag that will name the version.
    pub tag: &'a str,
    /// Who may read it.
    pub access: Option<Access>,
    /// The text of its readme.
    pub readme: Option<&'a str>,
}

impl Upload<'_> {
    /// The document that publishes it, as JSON.
    pub fn to_text(&self) -> String {
        let Manifest { name, version, .. } = self.manifest;
        let shasum: String = Sha1::digest(self.archive).iter().map(|byte| format!("{byte:02x}")).collect();
        let mut published = package_json(self.manifest);
        published.insert("_id".to_owned(), format!("{name}@{version}").into());
        let dist = json!({
            "integrity": Digest::sha512(self.archive),
            "shasum": shasum,
            "tarball": self.tarball,
        });
        published.insert("dist".to_owned(), dist);
        let attachment = json!({
            "content_type": "application/octet-stream",
            "data": STANDARD.encode(self.archive),
            "length": self.archive.len(),
        });
        let file = format!("{name}-{version}.tgz");
        let mut document = json!({
            "_id": name,
            "name": name,
            "description": self.manifest.description,
            "dist-tags": { self.tag: version.to_string() },
            "versions": { version.to_string(): published },
            "access": self.access,
            "_attachments": { file: attachment },
        });
        if let Some(readme) = self.readme {
            document["readme"] = readme.into();
        }
        document.to_string()
    }
}

/// The packument that deprecates a version for a reason, or with none takes that back. Gives nothing
/// if it says so already.
///
/// # Errors
/// A broken packument, or one without that version.
pub fn deprecate(
    name: &PackageName,
    text: &str,
    version: &Version,
    reason: Option<&str>,
) -> Result<Option<String>, Diagnostic> {
    let broken = |reason: &dyn std::fmt::Display| {
        let message = format!("what it says of `{name}` is broken");
        Diagnostic::error(Code::InvalidRegistry, message).because(reason).about(name)
    };
    let mut packument: Json = serde_json::from_str(text).map_err(|error| broken(&error))?;
    let versions = packument.get_mut("versions").and_then(Json::as_object_mut);
    let versions = versions.ok_or_else(|| broken(&"it has no versions"))?;
    let Some(published) = versions.get_mut(&version.to_string()) else {
        let message = format!("`{name}` has no version {version}");
        return Err(Diagnostic::error(Code::PackNotFound, message).about(name));
    };
    let published = published.as_object_mut().ok_or_else(|| broken(&format!("version {version} is none")))?;
    if deprecation(published.get("deprecated")).as_deref() == reason {
        return Ok(None);
    }
    // An empty text is how npm takes it back.
    published.insert("deprecated".to_owned(), reason.unwrap_or_default().into());
    Ok(Some(packument.to_string()))
}

/// Registries and tools set an empty text, or `false`, to take a deprecation back.
fn deprecation(field: Option<&Json>) -> Option<String> {
    match field? {
        Json::String(reason) if !reason.is_empty() => Some(printable(reason)),
        Json::Bool(true) => Some("no reason is given".to_owned()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest(text: &str) -> Manifest {
        Manifest::parse(text).unwrap()
    }

    fn web() -> Manifest {
        manifest(
            "[pack]\nname = \"@acme/web\"\nversion = \"1.2.0\"\ncategory = \"web\"\ntags = [\"x\"]\nauthors = [\"A\", \"B\"]\n[dependencies]\nbase = \"^1, <1.5\"\nci = { version = \"~2\", optional = true }\nnewest = \"latest\"\n[packages]\n\"lodash.merge\" = \"^4\"\n",
        )
    }

    fn published(manifest: &Manifest) -> Json {
        let upload = Upload {
            manifest,
            archive: b"archive",
            tarball: "https://npm.test/@acme/web/-/web-1.2.0.tgz",
            tag: LATEST,
            access: None,
            readme: Some("# Web"),
        };
        serde_json::from_str(&upload.to_text()).unwrap()
    }

    fn name() -> PackageName {
        "@acme/web".parse().unwrap()
    }

    #[test]
    fn what_is_published_is_read_again() {
        let document = published(&web());
        let packument = parse_packument(&name(), &document.to_string(), Form::Pack).unwrap().unwrap();
        let [release] = packument.releases.as_slice() else { panic!() };
        let expected = Release {
            integrity: Digest::sha512(b"archive"),
            archive: Some("https://npm.test/@acme/web/-/web-1.2.0.tgz".into()),
            size: None,
            ..Release::of(&web(), b"archive")
        };
        assert_eq!(*release, expected);
        assert_eq!(packument.latest.unwrap().to_string(), "1.2.0");
        let package = &document["versions"]["1.2.0"];
        assert_eq!(package["dependencies"], json!({"base": ">=1.0.0 <1.5.0", "newest": "latest"}));
        assert_eq!(document["_attachments"]["@acme/web-1.2.0.tgz"]["length"], 7);
        assert_eq!(package["contributors"], json!(["B"]));
        assert_eq!(packument_path(&name()), "@acme%2fweb");
        assert_eq!(tarball_path(&name(), &"1.2.0".parse().unwrap()), "@acme/web/-/web-1.2.0.tgz");
    }

    #[test]
    fn what_is_no_pack_does_not_exist() {
        let mut document = published(&web());
        let versions = document["versions"].as_object_mut().unwrap();
        let mut plain = versions["1.2.0"].clone();
        plain.as_object_mut().unwrap().remove("packwright");
        plain["version"] = "2.0.0".into();
        versions.insert("2.0.0".into(), plain.clone());
        versions.insert("not-a-version".into(), plain);
        let read = |form| parse_packument(&name(), &document.to_string(), form).unwrap().unwrap();
        assert_eq!(read(Form::Pack).releases.len(), 1);
        let all = read(Form::Package);
        assert_eq!(all.releases.len(), 2);
        assert!(all.releases.iter().all(|release| release.dependencies.is_empty()));
        let mut only = document.clone();
        only["versions"].as_object_mut().unwrap().remove("1.2.0");
        assert_eq!(parse_packument(&name(), &only.to_string(), Form::Pack).unwrap(), None);
    }

    #[test]
    fn weak_digests_and_other_packages_are_refused() {
        let refused = |change: &dyn Fn(&mut Json)| {
            let mut document = published(&web());
            change(&mut document);
            parse_packument(&name(), &document.to_string(), Form::Pack).unwrap_err()
        };
        let weak = refused(&|json| json["versions"]["1.2.0"]["dist"]["integrity"] = "sha1-AAAA".into());
        assert!(weak.causes[0].contains("sha1-AAAA"), "{weak}");
        let none = refused(&|json| {
            json["versions"]["1.2.0"]["dist"].as_object_mut().unwrap().remove("integrity");
        });
        assert!(none.causes[0].contains("SHA-1"), "{none}");
        assert!(refused(&|json| json["name"] = "web".into()).causes[0].contains("about `web`"));
        let newer =
            refused(&|json| json["versions"]["1.2.0"]["packwright"] = json!({ "v": 2, "shape": "new" }));
        assert_eq!(newer.code, Code::UnsupportedFormat);
        let html = parse_packument(&name(), "<html>", Form::Pack).unwrap_err();
        assert_eq!(html.code, Code::BadResponse);
    }

    #[test]
    fn deprecation_comes_and_goes() {
        let text = published(&web()).to_string();
        let version: Version = "1.2.0".parse().unwrap();
        let gone = deprecate(&name(), &text, &version, Some("use 2")).unwrap().unwrap();
        let read = |text: &str| {
            parse_packument(&name(), text, Form::Pack).unwrap().unwrap().releases[0].deprecated.clone()
        };
        assert_eq!(read(&gone).unwrap(), "use 2");
        assert_eq!(deprecate(&name(), &gone, &version, Some("use 2")).unwrap(), None);
        let back = deprecate(&name(), &gone, &version, None).unwrap().unwrap();
        assert_eq!(read(&back), None);
        assert_eq!(deprecate(&name(), &text, &version, None).unwrap(), None);
        deprecate(&name(), &text, &"9.0.0".parse().unwrap(), None).unwrap_err();
        let flagged = gone.replace("\"use 2\"", "true");
        assert!(deprecate(&name(), &flagged, &version, None).unwrap().is_some());
        for odd in ["[]", "1", "\"x\"", "{}", "{\"versions\":[]}", "{\"versions\":{\"1.2.0\":\"x\"}}"] {
            assert_eq!(
                deprecate(&name(), odd, &version, Some("x")).unwrap_err().code,
                Code::InvalidRegistry,
                "{odd}"
            );
        }
    }

    #[test]
    fn searches_list_packs_only() {
        let registry: RegistryId = "acme".parse().unwrap();
        let package = Json::Object(package_json(&web()));
        let other = json!({"name": "left-pad", "version": "1.0.0", "keywords": null});
        let mut tagged = package_json(&web());
        let latest = tagged.shift_remove("version");
        tagged.insert("dist-tags".into(), json!({"latest": latest}));
        let text =
            json!({"objects": [{"package": package}, {"package": other}, {"package": tagged}], "total": 3})
                .to_string();
        let found = parse_search(&registry, &text).unwrap();
        let summary = Summary::of(&web(), &registry);
        assert_eq!(found.summaries, [summary.clone(), summary]);
        assert_eq!(found.results, 3);
        assert_eq!(parse_search(&registry, "<").unwrap_err().code, Code::BadResponse);
        assert_eq!(parse_search(&registry, "{}").unwrap_err().code, Code::InvalidRegistry);
    }
}
