//! What is asked of servers, how often and with what, for each answer they can give.

use std::collections::BTreeMap;

use packwright::diagnostic::Code;
use packwright::registry::Digest;
use packwright::session::{
    Capabilities, HostErrorKind, HttpCache, Location, Network, Outcome, RegistryInput, Reply, RequestBody,
    SessionInput,
};
use serde_json::json;

use crate::host::{CAPABILITIES, Ending, Host, command, directory, shown};

const BASE: &str = "https://packs.example/r/";
const OTHER: &str = "https://cdn.example/";
const SHOW: &str = r#"{"type":"show","pack":"a"}"#;
const PACK: &str = "[pack]\nname = \"a\"\nversion = \"1.0.0\"\n";

/// A static index with the one pack `a`.
fn server() -> Host {
    let mut host = Host::new([("source", directory([("a/pack.toml", PACK)]))]);
    let outcome = host.run(command(r#"{"type":"build-registry"}"#)).unwrap();
    let Outcome::BuildRegistry { files, .. } = &outcome else { panic!() };
    let content = |at: usize, size: usize| outcome.contents()[at..][..size].to_vec();
    let urls = files.iter().map(|file| (format!("{BASE}{}", file.path), content(file.offset, file.size)));
    Host { urls: urls.collect(), ..Host::default() }
}

fn archive(host: &Host) -> String {
    host.urls.keys().find(|url| url.contains("/archives/")).unwrap().clone()
}

fn input(json: &str) -> SessionInput {
    let registry = RegistryInput {
        id: "r".into(),
        location: Location::Url { url: BASE.into() },
        scopes: None,
        authorization: Some(serde_json::from_value(json!("Bearer hunter2")).unwrap()),
        archives: Vec::new(),
    };
    let capabilities = Capabilities { cache: true, redirects: true, ..CAPABILITIES };
    let network = Network { now: 1_000_000, seed: 7, ..Network::default() };
    SessionInput { registries: vec![registry], capabilities, network, ..command(json) }
}

fn response(status: u16, headers: &[(&str, &str)], body: &[u8]) -> Reply {
    let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Reply::Response { status, headers, body: body.to_vec() }
}

/// A request to a server: its address and headers.
type Asked<'a> = (&'a str, &'a BTreeMap<String, String>);

fn asked(host: &Host) -> Vec<Asked<'_>> {
    fn fetch(body: &RequestBody) -> Option<Asked<'_>> {
        match body {
            RequestBody::Fetch { url, headers, .. } => Some((url.as_str(), headers)),
            _ => None,
        }
    }
    host.log.iter().filter_map(fetch).collect()
}

fn count(host: &Host, url: &str) -> usize {
    asked(host).iter().filter(|(asked, _)| *asked == url).count()
}

fn waits(host: &Host) -> Vec<u32> {
    let wait = |body: &RequestBody| match body {
        RequestBody::Wait { milliseconds } => Some(*milliseconds),
        _ => None,
    };
    host.log.iter().filter_map(wait).collect()
}

/// Runs `show` against a server that first gives some answers at one address.
fn against(host: &mut Host, url: &str, answers: impl IntoIterator<Item = Reply>) -> Ending {
    host.answers.insert(url.to_owned(), answers.into_iter().collect());
    host.run(input(SHOW))
}

#[test]
fn what_passes_is_asked_for_three_times() {
    let index = format!("{BASE}index/a.jsonl");
    let lost = |kind| Reply::Error { kind, message: "lost".into() };
    let passing: [&dyn Fn() -> Reply; 8] = [
        &|| response(408, &[], b""),
        &|| response(429, &[], b""),
        &|| response(500, &[], b""),
        &|| response(502, &[], b""),
        &|| response(503, &[], b"<html>"),
        &|| response(504, &[], b""),
        &|| lost(HostErrorKind::Network),
        &|| lost(HostErrorKind::Timeout),
    ];
    for answer in passing {
        let mut host = server();
        against(&mut host, &index, [answer(), answer()]).unwrap();
        assert_eq!(count(&host, &index), 3);
        let [first, second] = waits(&host)[..] else { panic!("{:?}", waits(&host)) };
        assert!((250..=750).contains(&first) && (500..=1500).contains(&second), "{first} {second}");
        let mut host = server();
        let errors = against(&mut host, &index, [answer(), answer(), answer(), answer()]).unwrap_err();
        assert_eq!((errors[0].code, count(&host, &index)), (Code::Network, 3));
        assert!(shown(&errors).contains("it was tried 3 times"), "{}", shown(&errors));
        assert!(!host.cache.keys().any(|key| key.starts_with(&index)), "nothing of it is kept");
    }
}

#[test]
fn what_does_not_pass_is_asked_for_once() {
    let index = format!("{BASE}index/a.jsonl");
    for (answer, code) in [
        (response(401, &[], b""), Code::Unauthorized),
        (response(403, &[], b""), Code::Unauthorized),
        (response(404, &[], b""), Code::PackNotFound),
        (response(410, &[], b""), Code::PackNotFound),
        (response(204, &[], b""), Code::BadResponse),
        (response(206, &[], b"{}"), Code::BadResponse),
        (response(304, &[], b""), Code::BadResponse),
        (response(400, &[], b""), Code::BadResponse),
        (response(501, &[], b""), Code::BadResponse),
        (response(200, &[("content-type", "text/html")], b"<!doctype html>"), Code::BadResponse),
        (response(200, &[], b""), Code::BadResponse),
        (response(200, &[], b"nonsense"), Code::InvalidRegistry),
        (response(200, &[], b"\xff"), Code::BadResponse),
        (Reply::Error { kind: HostErrorKind::TooLarge, message: "large".into() }, Code::BadResponse),
        (response(301, &[], b""), Code::BadResponse),
        (response(302, &[("location", "http://packs.example/r/x")], b""), Code::BadResponse),
        (response(302, &[("location", "file:///etc/passwd")], b""), Code::BadResponse),
        (response(302, &[("location", "../../x")], b""), Code::BadResponse),
    ] {
        let mut host = server();
        let told = format!("{answer:?}");
        let errors = against(&mut host, &index, [answer.clone(), answer]).unwrap_err();
        assert_eq!((errors[0].code, count(&host, &index)), (code, 1), "{told}: {}", shown(&errors));
        assert!(waits(&host).is_empty(), "{told}");
        assert!(!host.cache.keys().any(|key| key.starts_with(&index)), "{told}: nothing of it is kept");
        assert!(!shown(&errors).contains("hunter2"));
    }
}

#[test]
fn a_server_says_how_long_to_wait() {
    let index = format!("{BASE}index/a.jsonl");
    for (header, expected) in [
        ("0", 0..=0),
        ("7", 7000..=7000),
        ("30", 30_000..=30_000),
        ("31", 30_000..=30_000),
        ("99999999999999999999999", 30_000..=30_000),
        ("Thu, 01 Jan 1970 00:16:52 GMT", 12_000..=12_000),
        ("Thu, 01 Jan 1970 00:00:00 GMT", 0..=0),
        ("Fri, 31 Dec 9999 23:59:59 GMT", 30_000..=30_000),
        ("soon", 250..=750),
        ("-1", 250..=750),
        ("1.5", 250..=750),
        ("", 250..=750),
    ] {
        let mut host = server();
        against(&mut host, &index, [response(429, &[("retry-after", header)], b"")]).unwrap();
        let [wait] = waits(&host)[..] else { panic!("{header}") };
        assert!(expected.contains(&wait), "{header}: {wait}");
    }
    // A server whose clock is wrong means a span all the same.
    let (date, after) = ("Sun, 06 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:47 GMT");
    let mut host = server();
    against(&mut host, &index, [response(503, &[("date", date), ("retry-after", after)], b"")]).unwrap();
    assert_eq!(waits(&host), [10_000]);
}

#[test]
fn redirects_are_followed_without_the_token_for_others() {
    let mut host = server();
    let (index, elsewhere) = (format!("{BASE}index/a.jsonl"), format!("{OTHER}a.jsonl"));
    host.urls.insert(elsewhere.clone(), host.urls[&index].clone());
    against(&mut host, &index, [response(302, &[("location", &elsewhere)], b"")]).unwrap();
    let tokens: Vec<(&str, bool)> =
        asked(&host).into_iter().map(|(url, headers)| (url, headers.contains_key("authorization"))).collect();
    assert!(tokens.contains(&(elsewhere.as_str(), false)), "{tokens:?}");
    assert!(tokens.iter().all(|(url, has_token)| *has_token == url.starts_with(BASE)), "{tokens:?}");
    // Within the same origin it goes along.
    let mut host = server();
    let moved = "https://packs.example/moved.jsonl";
    host.urls.insert(moved.to_owned(), host.urls[&index].clone());
    against(&mut host, &index, [response(308, &[("location", "/moved.jsonl")], b"")]).unwrap();
    let [(_, headers)] = asked(&host).into_iter().filter(|(url, _)| *url == moved).collect::<Vec<_>>()[..]
    else {
        panic!()
    };
    assert_eq!(headers["authorization"], "Bearer hunter2");
}

#[test]
fn a_loop_of_redirects_ends() {
    let mut host = server();
    let index = format!("{BASE}index/a.jsonl");
    let again = || response(301, &[("location", "a.jsonl")], b"");
    let errors = against(&mut host, &index, (0..50).map(|_| again())).unwrap_err();
    assert_eq!((errors[0].code, count(&host, &index)), (Code::BadResponse, 11));
    assert!(shown(&errors).contains("redirected more than 10 times"), "{}", shown(&errors));
}

#[test]
fn an_archive_with_other_bytes_is_asked_for_once_more_past_all_caches() {
    let url = archive(&server());
    let good = server().urls[&url].clone();
    let mut host = server();
    against(&mut host, &url, [response(200, &[], &good[..60])]).unwrap();
    let caches = |host: &Host| -> Vec<HttpCache> {
        let fetch = |body: &RequestBody| match body {
            RequestBody::Fetch { url: asked, cache, .. } if *asked == url => Some(*cache),
            _ => None,
        };
        host.log.iter().filter_map(fetch).collect()
    };
    assert_eq!(caches(&host), [HttpCache::Default, HttpCache::Reload]);
    assert_eq!(host.cache[&Digest::of(&good).to_string()].1, good, "what is good is kept");
    let mut tar = vec![0_u8; 1024];
    tar[257..262].copy_from_slice(b"ustar");
    for (wrong, told) in [(b"other".to_vec(), "its digest is"), (tar, "without its gzip layer")] {
        let mut host = server();
        let answer = response(200, &[], &wrong);
        let errors = against(&mut host, &url, [answer.clone(), answer.clone(), answer]).unwrap_err();
        assert_eq!(caches(&host), [HttpCache::Default, HttpCache::Reload]);
        assert_eq!(errors[0].code, Code::InvalidArchive);
        assert!(shown(&errors).contains(told), "{}", shown(&errors));
        assert!(!host.cache.keys().any(|key| key.starts_with("sha")), "nothing of it is kept");
    }
}

/// What a session asks of servers, as paths below the registry, with what it had to answer.
fn fetched(host: &mut Host, input: SessionInput) -> (Vec<(String, bool)>, Ending) {
    host.log.clear();
    let ending = host.run(input);
    let path = |(url, headers): Asked| {
        let path = url.strip_prefix(BASE).unwrap().split('/').next().unwrap();
        (path.to_owned(), headers.contains_key("if-none-match") || headers.contains_key("if-modified-since"))
    };
    (asked(host).into_iter().map(path).collect(), ending)
}

fn later(seconds: u64) -> SessionInput {
    let mut later = input(SHOW);
    later.network.now += seconds * 1000;
    later
}

#[test]
fn what_is_kept_is_fresh_for_five_minutes_and_then_revalidated() {
    let mut host = server();
    let tagged = |host: &Host, path: &str, name: &str| {
        response(200, &[(name, "\"1\"")], &host.urls[&format!("{BASE}{path}")])
    };
    let config = tagged(&host, "config.json", "etag");
    let index = tagged(&host, "index/a.jsonl", "last-modified");
    host.answers.insert(format!("{BASE}config.json"), [config].into());
    host.answers.insert(format!("{BASE}index/a.jsonl"), [index].into());
    let plain = |paths: &[&str]| paths.iter().map(|path| ((*path).to_owned(), false)).collect::<Vec<_>>();
    let (asked, first) = fetched(&mut host, later(0));
    assert_eq!(asked, plain(&["config.json", "index", "archives"]));
    let (asked, second) = fetched(&mut host, later(299));
    assert_eq!((asked, &second), (Vec::new(), &first), "fresh");

    let unchanged = || response(304, &[], b"");
    for path in ["config.json", "index/a.jsonl"] {
        host.answers.insert(format!("{BASE}{path}"), [unchanged()].into());
    }
    let conditional = vec![("config.json".to_owned(), true), ("index".to_owned(), true)];
    let (asked, third) = fetched(&mut host, later(300));
    assert_eq!((asked, &third), (conditional.clone(), &first), "revalidated; an archive never is");
    let (asked, _) = fetched(&mut host, later(400));
    assert_eq!(asked, Vec::new(), "fresh again");

    let mut refresh = later(400);
    refresh.network.refresh_before = refresh.network.now;
    for path in ["config.json", "index/a.jsonl"] {
        host.answers.insert(format!("{BASE}{path}"), [unchanged()].into());
    }
    let (asked, _) = fetched(&mut host, refresh.clone());
    assert_eq!(asked, conditional, "on demand");
    let (asked, _) = fetched(&mut host, refresh);
    assert_eq!(asked, Vec::new(), "once in all that belongs together");
    // A clock that was wrong makes nothing fresh for ever.
    let (asked, _) = fetched(&mut host, input(SHOW));
    assert_eq!(asked.len(), 2);
    // A browser's fetch revalidates by itself.
    let mut browser = later(10_000);
    browser.capabilities.http_cache = true;
    let (asked, _) = fetched(&mut host, browser);
    assert_eq!(asked, plain(&["config.json", "index"]));
    let all_revalidate = host.log.iter().all(|body| match body {
        RequestBody::Fetch { cache, .. } => *cache == HttpCache::NoCache,
        _ => true,
    });
    assert!(all_revalidate);
}

/// Yesterday's registry is no reason to say no: before a failure is told, what was kept for a while
/// is looked at again, once.
#[test]
fn a_failure_is_not_told_from_what_was_kept() {
    let mut host = server();
    let newer = |json: &str, seconds: u64| {
        let mut later = input(json);
        later.network.now += seconds * 1000;
        later
    };
    fetched(&mut host, later(0)).1.unwrap();
    let lines = String::from_utf8(host.urls[&format!("{BASE}index/a.jsonl")].clone()).unwrap();
    let more = format!("{lines}{}", lines.replace("1.0.0", "2.0.0"));
    let wanted = r#"{"type":"dependencies","packs":["a@2"]}"#;
    assert!(host.run(newer(wanted, 1)).is_err());
    let (asked, ending) = fetched(&mut host, newer(wanted, 60));
    assert_eq!((asked.len(), ending.is_err()), (1, true), "it was looked at again");
    let (asked, _) = fetched(&mut host, newer(wanted, 65));
    assert_eq!(asked.len(), 0, "but not all the time");
    host.urls.insert(format!("{BASE}index/a.jsonl"), more.into_bytes());
    fetched(&mut host, newer(wanted, 120)).1.unwrap();
}

#[test]
fn what_is_to_be_updated_is_asked_for() {
    let mut host = server();
    fetched(&mut host, later(0)).1.unwrap();
    let json = r#"{"type":"dependencies","packs":["a"],"update":["a"]}"#;
    let (asked, _) = fetched(&mut host, SessionInput { command: input(json).command, ..later(1) });
    assert_eq!(asked.len(), 0, "without a lockfile it is refused before");
    let lock = "version = 1\ngenerator = \"0.1.0\"\ntimestamp = \"2026-01-01T00:00:00Z\"\nrequirements = [\"a\"]\n[answers]\n[[pack]]\nname = \"a\"\nversion = \"1.0.0\"\nregistry = \"r\"\nintegrity = \"INTEGRITY\"\n";
    let integrity = Digest::of(&host.urls[&archive(&host)]).to_string();
    let lock = lock.replace("INTEGRITY", &integrity);
    host.roots.insert("target".into(), directory([("packwright.lock", lock)]));
    let json = r#"{"type":"dependencies","packs":[],"update":["a"],"target":true}"#;
    let (asked, ending) = fetched(&mut host, SessionInput { command: input(json).command, ..later(1) });
    ending.unwrap();
    assert_eq!(asked.len(), 2, "the configuration and what it says of the pack");
}

#[test]
fn offline_takes_what_is_kept_and_says_what_is_missing() {
    let mut host = server();
    let offline = || {
        let mut offline = later(1_000_000);
        offline.network.offline = true;
        offline
    };
    let (asked, ending) = fetched(&mut host, offline());
    assert_eq!(asked, Vec::new());
    let errors = ending.unwrap_err();
    assert_eq!(errors[0].code, Code::NotCached);
    assert_eq!(errors[0].subject.as_deref(), Some("https://packs.example/r/config.json"));
    let (_, online) = fetched(&mut host, later(0));
    let (asked, ending) = fetched(&mut host, offline());
    assert_eq!((asked, ending), (Vec::new(), online), "of any age");
    host.cache.retain(|key, _| !key.starts_with("sha256-"));
    let (_, ending) = fetched(&mut host, offline());
    let errors = ending.unwrap_err();
    assert_eq!(errors[0].subject.as_ref(), Some(&archive(&host)), "exactly what");
    // Everything that is missing, not only the first.
    let two = r#"{"type":"generate","packs":["b","c"],"answers":{"project_name":"x"}}"#;
    let (_, ending) = fetched(&mut host, SessionInput { command: input(two).command, ..offline() });
    let missing: Vec<String> = ending.unwrap_err().into_iter().filter_map(|error| error.subject).collect();
    assert_eq!(missing, ["b", "c"].map(|name| format!("{BASE}index/{name}.jsonl")));
}

#[test]
fn what_is_damaged_in_the_cache_is_fetched_again() {
    let mut host = server();
    let (_, first) = fetched(&mut host, later(0));
    for (_, body) in host.cache.values_mut() {
        body.truncate(body.len() / 2);
    }
    let (asked, again) = fetched(&mut host, later(0));
    let plain = ["config.json", "index", "archives"].map(|path| (path.to_owned(), false));
    assert_eq!((asked, again), (plain.to_vec(), first.clone()), "without asking whether it changed");
    let (asked, _) = fetched(&mut host, later(0));
    assert_eq!(asked, Vec::new(), "it was put right");
    for (meta, _) in host.cache.values_mut() {
        *meta = "nonsense".into();
    }
    let (asked, again) = fetched(&mut host, later(0));
    assert_eq!((asked, again), (plain.to_vec(), first));
}

/// What is damaged in the cache and unchanged on the server is fetched again, not refused for ever.
#[test]
fn a_damaged_entry_that_did_not_change_is_fetched_again() {
    let mut host = server();
    let index = format!("{BASE}index/a.jsonl");
    let tagged = response(200, &[("etag", "\"1\"")], &host.urls[&index]);
    host.answers.insert(index.clone(), [tagged].into());
    let (_, first) = fetched(&mut host, later(0));
    for (key, (_, body)) in &mut host.cache {
        if key.starts_with(&index) {
            *body = b"{\"v\":1}".to_vec();
        }
    }
    host.answers.insert(index, [response(304, &[], b"")].into());
    let (asked, again) = fetched(&mut host, later(1000));
    let paths: Vec<(&str, bool)> = asked.iter().map(|(path, asks)| (path.as_str(), *asks)).collect();
    assert_eq!((paths, again), (vec![("config.json", false), ("index", true), ("index", false)], first));
}

/// Where a redirect led may hold a signature.
#[test]
fn what_fails_behind_a_redirect_is_told_by_its_own_address() {
    let signed = "https://blob.example/x?signature=hunter2";
    let index = format!("{BASE}index/a.jsonl");
    let lost = Reply::Error { kind: HostErrorKind::Network, message: "lost".into() };
    let back = |to| response(302, &[("location", to)], b"");
    for answer in [
        response(403, &[], b""),
        response(500, &[], b""),
        lost,
        back("http://blob.example/?hunter2"),
        back("https://b\u{e9}/?hunter2"),
    ] {
        let mut host = server();
        host.answers.insert(signed.to_owned(), (0..3).map(|_| answer.clone()).collect());
        let errors = against(&mut host, &index, [back(signed)]).unwrap_err();
        assert!(!shown(&errors).contains("hunter2"), "{}", shown(&errors));
        assert!(shown(&errors).contains(&index), "{}", shown(&errors));
    }
}

#[test]
fn two_registries_get_their_own_tokens() {
    let mut host = server();
    let mut input = input(r#"{"type":"generate","packs":["a","@acme/b"],"answers":{"project_name":"x"}}"#);
    input.registries.push(RegistryInput {
        id: "acme".into(),
        location: Location::Url { url: format!("npm+{NPM}") },
        scopes: Some(vec!["@acme".into()]),
        authorization: Some(serde_json::from_value(json!("Bearer other")).unwrap()),
        archives: Vec::new(),
    });
    let errors = host.run(input).unwrap_err();
    assert_eq!(errors[0].code, Code::PackNotFound);
    for (url, headers) in asked(&host) {
        let expected = if url.starts_with(NPM) { "Bearer other" } else { "Bearer hunter2" };
        assert_eq!(headers["authorization"], expected, "{url}");
    }
    assert!(asked(&host).iter().any(|(url, _)| *url == format!("{NPM}@acme%2fb")));
}

const NPM: &str = "https://npm.example/";

fn npm_input(json: &str) -> SessionInput {
    let mut input = input(json);
    input.registries[0].location = Location::Url { url: format!("npm+{NPM}") };
    input
}

#[test]
fn a_packument_makes_us_ask_nobody_else() {
    let packument = |tarball: &str| {
        let dist = json!({ "tarball": tarball, "integrity": Digest::sha512(b"x") });
        let version = json!({ "name": "a", "version": "1.0.0", "dist": dist, "packwright": { "v": 1 } });
        json!({ "name": "a", "versions": { "1.0.0": version } }).to_string().into_bytes()
    };
    for tarball in [
        "http://169.254.169.254/latest/meta-data",
        "https://npm.example.evil.test/a.tgz",
        "http://npm.example/a.tgz",
        "https://npm.example@evil.test/a.tgz",
        "https://npm.example\\@evil.test/a.tgz",
        "https://npm.example/../a.tgz",
        "a.tgz",
        "",
    ] {
        let mut host = Host { urls: [(format!("{NPM}a"), packument(tarball))].into(), ..Host::default() };
        let errors = host.run(npm_input(SHOW)).unwrap_err();
        assert_eq!(errors[0].code, Code::InvalidRegistry, "{tarball}");
        assert_eq!(asked(&host).len(), 1, "{tarball}");
    }
    // Whom the configuration names may serve archives, but gets no token.
    let tarball = format!("{OTHER}a.tgz");
    let mut host = Host { urls: [(format!("{NPM}a"), packument(&tarball))].into(), ..Host::default() };
    let mut allowed = npm_input(SHOW);
    allowed.registries[0].archives = vec![OTHER.into()];
    let errors = host.run(allowed).unwrap_err();
    assert!(shown(&errors).contains("the archive of `a@1.0.0` is not there"), "{}", shown(&errors));
    let [(_, first), (url, second)] = asked(&host)[..] else { panic!() };
    assert_eq!((url, second.get("authorization")), (tarball.as_str(), None));
    assert_eq!(first["authorization"], "Bearer hunter2");
}

#[test]
fn a_session_that_waits_can_be_cancelled() {
    use packwright::session::{Session, Step};
    let mut session = Session::new(input(SHOW));
    let mut host = server();
    host.answers.insert(format!("{BASE}config.json"), [response(503, &[], b"")].into());
    loop {
        let Step::Need(requests) = session.poll() else { panic!() };
        if requests.iter().any(|request| matches!(request.body, RequestBody::Wait { .. })) {
            break;
        }
        for request in requests {
            let reply = host.perform(&request.body);
            session.answer(request.id, reply).unwrap();
        }
    }
    session.cancel();
    let Step::Done(Err(errors)) = session.poll() else { panic!() };
    assert_eq!(errors[0].code, Code::Cancelled);
}

#[test]
fn tokens_are_not_in_what_is_shown_of_an_input() {
    assert!(!format!("{:?}", input(SHOW)).contains("hunter2"));
    let mut broken = input(SHOW);
    broken.registries[0].authorization =
        Some(serde_json::from_value(json!("Bearer hunter2\r\nx: y")).unwrap());
    let errors = Host::default().run(broken).unwrap_err();
    assert!(!shown(&errors).contains("hunter2"), "{}", shown(&errors));
}
