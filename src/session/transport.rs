//! How registries are reached over HTTP: what is sent to whom, what is taken from the cache, and
//! when an answer that was none is asked for again. Hosts move bytes; every decision is here.
//!
//! | the server says | what follows |
//! | --- | --- |
//! | 200 | the body, kept in the cache once it was found good |
//! | 304 | the cached body, fresh again |
//! | 301, 302, 303, 307, 308 | up to 10 hops, no token to another origin, never from https to http |
//! | 401, 403 | the code `unauthorized` |
//! | 404, 410 | there is no such thing |
//! | 408, 429, 500, 502, 503, 504, no answer, half an answer | asked again, 3 times in all |
//! | anything else | the code `bad-response` |
//!
//! Before asking again it waits as long as `Retry-After` says, but at most 30 s; otherwise half a
//! second, doubled each time, give or take a half of it by the session's seed. What is asked for
//! together waits together.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use super::cancelled;
use super::exchange::{Exchange, Fetch, HostError, Response};
use super::protocol::{Capabilities, HostErrorKind, HttpCache, Method, Network, Progress};
use crate::address::Address;
use crate::config::Secret;
use crate::diagnostic::{Code, Diagnostic, printable};
use crate::registry::MAX_SIZE;

/// How often something is asked for before it is given up.
const MAX_ATTEMPTS: u32 = 3;

/// The most redirects that are followed.
const MAX_REDIRECTS: u32 = 10;

/// The longest wait that a server may ask for, in seconds.
const MAX_RETRY_AFTER: u64 = 30;

/// The first wait of our own, in milliseconds.
const FIRST_WAIT: u32 = 500;

/// How old what is kept must be, in milliseconds, for a failure to be worth looking again.
const WORTH_A_LOOK: u64 = 10_000;

/// The most bytes of an answer to something that was sent: 1 MiB.
const MAX_ANSWER: usize = 1 << 20;

/// The most characters of a server's own words that are repeated.
const MAX_WORDS: usize = 200;

/// Something to read over HTTP.
#[derive(Clone)]
pub(super) struct Get {
    pub(super) address: Address,
    /// What our cache knows it by; without one it is asked for every time, past every other cache.
    pub(super) key: Option<String>,
    /// What the answer should be, as in the header `Accept`.
    pub(super) accept: &'static str,
    pub(super) max_bytes: usize,
    /// Whether it never changes, so that it need not be asked for twice.
    pub(super) is_immutable: bool,
    pub(super) authorization: Option<Authorization>,
    /// What it is called where people wait for it.
    pub(super) label: Option<String>,
}

/// What a registry wants to be sent, and who may get it.
#[derive(Clone)]
pub(super) struct Authorization {
    pub(super) header: Secret,
    pub(super) origin: String,
}

/// Why a body will not do.
pub(super) struct Refusal {
    pub(super) error: Diagnostic,
    /// Whether these are other bytes than were promised, as an old cache on the way may send.
    pub(super) is_stale: bool,
}

impl From<Diagnostic> for Refusal {
    fn from(error: Diagnostic) -> Refusal {
        Refusal { error, is_stale: false }
    }
}

/// Makes something of the body of what was asked for at a place of the list.
pub(super) type Take<'a> = dyn FnMut(usize, &[u8]) -> Result<(), Refusal> + Send + 'a;

/// What came of asking for something: whether it is there and was taken.
pub(super) type Got = Result<Found, Diagnostic>;

/// Whether there is such a thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    Taken,
    Absent,
}

/// What came of sending something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sent {
    Stored,
    /// It does not go with what the server has.
    Conflict,
}

/// What the cache keeps beside a body.
#[derive(Serialize, Deserialize)]
struct Meta {
    /// When it was fetched or found unchanged, as the session's time says.
    at: u64,
    /// Its address, for people: the key may be a digest.
    url: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    etag: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    modified: Option<String>,
}

/// A body from the cache.
struct Cached {
    body: Vec<u8>,
    meta: Meta,
}

/// Something still to be read.
struct Pending<'a> {
    /// Its place among what was asked for.
    place: usize,
    get: &'a Get,
    cached: Option<Cached>,
    /// Where it is now, after redirects.
    address: Address,
    hops: u32,
    attempt: u32,
    /// Whether every cache on the way is to stand aside.
    reload: bool,
}

/// What is left to do after everything was asked once more.
#[derive(Default)]
struct Round<'a> {
    again: Vec<Pending<'a>>,
    /// The longest wait that a server asks for, in milliseconds.
    told: Option<u32>,
    /// The most attempts of those that failed without a server saying how long to wait.
    failed: Option<u32>,
    /// Why something is asked for again, and how often it was.
    reason: Option<(String, u32)>,
}

impl Round<'_> {
    fn wait(&mut self, told: Option<u32>, attempt: u32, error: &Diagnostic) {
        self.reason.get_or_insert_with(|| (error.message.clone(), attempt));
        match told {
            Some(_) => self.told = self.told.max(told),
            None => self.failed = self.failed.max(Some(attempt)),
        }
    }
}

/// What an answer leads to.
enum Verdict {
    Absent,
    Failed(Diagnostic),
    Body(Vec<u8>, Meta),
    /// What the cache has is still right.
    Unchanged(Vec<u8>, Meta),
    Redirect(Address),
    /// Ask again, after so many milliseconds if the server said, and what to say if that is over.
    Again(Option<u32>, Diagnostic),
}

pub(super) struct Transport {
    pub(super) exchange: Arc<Exchange>,
    network: Network,
    capabilities: Capabilities,
    jitter: Mutex<u64>,
    aged: Mutex<Aged>,
    /// The keys of what was told to come from the cache or not.
    counted: Mutex<BTreeSet<String>>,
}

/// What came from the cache, and what did not.
#[derive(Default)]
struct Tally<'a> {
    hits: Vec<&'a Get>,
    misses: Vec<&'a Get>,
}

/// Whether what is kept was taken without asking.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Aged {
    NotTaken,
    Taken,
    /// Nothing is any more that is not from a moment ago.
    Distrusted,
}

impl Transport {
    pub(super) fn new(exchange: &Arc<Exchange>, network: Network, capabilities: Capabilities) -> Transport {
        // A seed of 0 would stay 0.
        let jitter = Mutex::new(u64::from(network.seed) | 1 << 32);
        let aged = Mutex::new(Aged::NotTaken);
        Transport {
            exchange: Arc::clone(exchange),
            network,
            capabilities,
            jitter,
            aged,
            counted: Mutex::default(),
        }
    }

    /// Whether what is fetched is kept, so that it need not be fetched twice.
    pub(super) fn caches(&self) -> bool {
        self.capabilities.cache
    }

    /// Reads several things at once and hands each body to `take`. Answers come in the order asked.
    pub(super) async fn get_all(&self, gets: &[Get], take: &mut Take<'_>) -> Vec<Got> {
        let mut answers: Vec<Option<Got>> = gets.iter().map(|_| None).collect();
        let mut pending = Vec::new();
        let mut tally = Tally::default();
        for (place, (get, cached)) in gets.iter().zip(self.cached(gets).await).enumerate() {
            let fresh = cached.as_ref().filter(|cached| self.is_fresh(get, cached));
            let taken = fresh.map(|cached| take(place, &cached.body));
            answers[place] = match taken {
                Some(Ok(())) => {
                    tally.hits.push(get);
                    Some(Ok(Found::Taken))
                }
                Some(Err(refusal)) if self.network.offline => Some(Err(refusal.error)),
                None if self.network.offline => Some(Err(not_cached(&get.address))),
                // What is damaged in the cache is fetched anew.
                Some(Err(_)) | None => {
                    let cached = cached.filter(|_| taken.is_none());
                    let address = get.address.clone();
                    pending.push(Pending { place, get, cached, address, hops: 0, attempt: 1, reload: false });
                    None
                }
            };
        }
        let mut keep = Vec::new();
        while !pending.is_empty() {
            if self.exchange.is_cancelled() {
                pending.drain(..).for_each(|asked| answers[asked.place] = Some(Err(cancelled())));
                break;
            }
            let fetches = pending.iter().map(|pending| self.fetch(pending)).collect();
            let responses = self.exchange.fetch_all(fetches).await;
            let mut round = Round::default();
            for (mut asked, response) in pending.into_iter().zip(responses) {
                let verdict = self.judge(&mut asked, response);
                let is_kept = matches!(verdict, Verdict::Unchanged(..));
                let answer = match verdict {
                    Verdict::Absent => Ok(Found::Absent),
                    Verdict::Failed(error) => Err(error),
                    Verdict::Body(body, meta) | Verdict::Unchanged(body, meta) => {
                        match take(asked.place, &body) {
                            Ok(()) => {
                                if is_kept { &mut tally.hits } else { &mut tally.misses }.push(asked.get);
                                keep.extend(asked.get.key.clone().map(|key| (key, meta, body)));
                                Ok(Found::Taken)
                            }
                            // Other bytes than promised, or damaged in the cache.
                            Err(refusal) if (refusal.is_stale || is_kept) && !asked.reload => {
                                asked.reload = true;
                                round.again.push(asked);
                                continue;
                            }
                            Err(refusal) => Err(refusal.error),
                        }
                    }
                    Verdict::Redirect(address) => {
                        asked.address = address;
                        asked.hops += 1;
                        round.again.push(asked);
                        continue;
                    }
                    Verdict::Again(after, error) if asked.attempt < MAX_ATTEMPTS => {
                        round.wait(after, asked.attempt, &error);
                        asked.attempt += 1;
                        round.again.push(asked);
                        continue;
                    }
                    Verdict::Again(_, error) => Err(given_up(error, &asked)),
                };
                answers[asked.place] = Some(answer);
            }
            // One draw for all: the longest of many would be nearly the same everywhere.
            let own = round.failed.map(|attempt| self.back_off(attempt));
            if let Some(milliseconds) = own.max(round.told).filter(|_| !self.exchange.is_cancelled()) {
                let (reason, attempts) = round.reason.take().unwrap_or_default();
                self.exchange.tell(Progress::Retrying { milliseconds, attempts, reason });
                self.exchange.wait(milliseconds).await;
            }
            pending = round.again;
        }
        self.keep(keep).await;
        self.tell(&tally);
        answers.into_iter().map(|answer| answer.expect("everything asked for is answered")).collect()
    }

    /// Tells what came from the cache and what did not. What is read again counts once.
    fn tell(&self, Tally { hits, misses }: &Tally<'_>) {
        let mut counted = self.counted.lock().unwrap_or_else(PoisonError::into_inner);
        let mut count = |gets: &[&Get]| {
            let keys = gets.iter().filter_map(|get| get.key.clone());
            keys.filter(|key| counted.insert(key.clone())).count()
        };
        let (hits, misses) = (count(hits), count(misses));
        if self.capabilities.cache && hits + misses > 0 {
            self.exchange.tell(Progress::Cache { hits, misses });
        }
    }

    /// Has everything asked for anew that was kept for a while, if any of that was taken without
    /// asking. Says whether it was: then a failure may be one of yesterday's registry.
    pub(super) fn distrust(&self) -> bool {
        let mut aged = self.aged.lock().unwrap_or_else(PoisonError::into_inner);
        let is_worth_it = *aged == Aged::Taken && !self.network.offline;
        if is_worth_it {
            *aged = Aged::Distrusted;
        }
        is_worth_it
    }

    /// Sends something. It is sent again only when the server says that it is not the time.
    pub(super) async fn put(
        &self,
        address: &Address,
        authorization: Option<&Authorization>,
        body: Vec<u8>,
    ) -> Result<Sent, Diagnostic> {
        if self.network.offline {
            let error =
                Diagnostic::error(Code::Network, format!("nothing is sent to {address} when offline"));
            return Err(error.about(address).suggest("leave `--offline` out"));
        }
        let mut attempt = 1;
        loop {
            let mut headers = authorized(address, authorization);
            headers.insert("content-type".to_owned(), "application/json".to_owned());
            let fetch = Fetch {
                method: Method::Put,
                url: address.to_string(),
                shown: address.to_string(),
                headers,
                body: body.clone(),
                max_bytes: MAX_ANSWER,
                idle_milliseconds: self.network.idle_milliseconds,
                cache: HttpCache::Default,
                label: None,
            };
            let response = self.exchange.fetch_all(vec![fetch]).await.remove(0);
            let response = response.map_err(|error| {
                let error = Diagnostic::from(error).about(address);
                error.suggest("look whether it arrived all the same before you try again")
            })?;
            let status = response.status;
            let refused = |code| with_words(refused(code, address, "written to", status), &response);
            match status {
                200..=299 => return Ok(Sent::Stored),
                409 => return Ok(Sent::Conflict),
                401 if wants_one_time_password(&response) => {
                    return Err(refused(Code::Unauthorized).suggest(
                        "the registry wants a one-time password; a token made for automation needs none",
                    ));
                }
                401 | 403 => return Err(sign_in(refused(Code::Unauthorized), authorization.is_some())),
                429 | 503 if attempt < MAX_ATTEMPTS && !self.exchange.is_cancelled() => {
                    let after = self.retry_after(&response).unwrap_or_else(|| self.back_off(attempt));
                    self.exchange.wait(after).await;
                    attempt += 1;
                }
                429 | 500.. => return Err(refused(Code::Network).suggest("try again later")),
                _ => return Err(refused(Code::BadResponse)),
            }
        }
    }

    async fn cached(&self, gets: &[Get]) -> Vec<Option<Cached>> {
        if !self.capabilities.cache {
            return gets.iter().map(|_| None).collect();
        }
        let keys = gets.iter().filter_map(|get| Some((get.key.clone()?, get.max_bytes))).collect();
        let mut found = self.exchange.read_cache(keys).await.into_iter();
        let cached = |get: &Get| {
            get.key.as_ref()?;
            let kept = found.next()??;
            Some(Cached { body: kept.body, meta: serde_json::from_str(&kept.meta).ok()? })
        };
        gets.iter().map(cached).collect()
    }

    /// Has what the cache keeps for a key asked for anew, as if it were old. Says whether it keeps
    /// anything.
    pub(super) async fn outdate(&self, key: &str) -> bool {
        if !self.capabilities.cache {
            return false;
        }
        let kept = self.exchange.read_cache(vec![(key.to_owned(), MAX_SIZE)]).await.remove(0);
        let Some(kept) = kept else { return false };
        if let Ok(meta) = serde_json::from_str::<Meta>(&kept.meta) {
            self.keep(vec![(key.to_owned(), Meta { at: 0, ..meta }, kept.body)]).await;
        }
        true
    }

    async fn keep(&self, bodies: Vec<(String, Meta, Vec<u8>)>) {
        if !self.capabilities.cache {
            return;
        }
        let text = |meta: &Meta| serde_json::to_string(meta).expect("plain structs are JSON");
        let entries = bodies.into_iter().map(|(key, meta, body)| (key, text(&meta), body)).collect();
        self.exchange.write_cache(entries).await;
    }

    fn is_fresh(&self, get: &Get, cached: &Cached) -> bool {
        let Network { now, refresh_before, fresh_seconds, offline, .. } = self.network;
        let at = cached.meta.at;
        // What is from the future was kept by a clock that is wrong.
        let is_young = at <= now && now - at < u64::from(fresh_seconds) * 1000 && at >= refresh_before;
        if offline || get.is_immutable {
            return true;
        }
        let is_aged = now.saturating_sub(at) >= WORTH_A_LOOK;
        let mut aged = self.aged.lock().unwrap_or_else(PoisonError::into_inner);
        if is_young && is_aged && *aged == Aged::NotTaken {
            *aged = Aged::Taken;
        }
        is_young && !(is_aged && *aged == Aged::Distrusted)
    }

    fn fetch(&self, pending: &Pending) -> Fetch {
        let Pending { get, cached, address, reload, .. } = pending;
        let mut headers = authorized(address, get.authorization.as_ref());
        headers.insert("accept".to_owned(), get.accept.to_owned());
        let cache = match (*reload || get.key.is_none(), get.is_immutable) {
            (true, _) => HttpCache::Reload,
            // A cache of the host must ask as ours would, and one on the way when it is to be new.
            (false, false) if self.capabilities.http_cache || self.network.refresh_before > 0 => {
                HttpCache::NoCache
            }
            (false, _) => HttpCache::Default,
        };
        if let (Some(Cached { meta, .. }), false) = (cached, self.capabilities.http_cache || *reload) {
            let condition = match (&meta.etag, &meta.modified) {
                (Some(etag), _) => Some(("if-none-match", etag)),
                (None, Some(modified)) => Some(("if-modified-since", modified)),
                (None, None) => None,
            };
            headers.extend(condition.map(|(name, value)| (name.to_owned(), value.clone())));
        }
        Fetch {
            method: Method::Get,
            url: address.to_string(),
            shown: get.address.to_string(),
            headers,
            body: Vec::new(),
            max_bytes: get.max_bytes,
            idle_milliseconds: self.network.idle_milliseconds,
            cache,
            label: get.label.clone(),
        }
    }

    fn judge(&self, asked: &mut Pending, response: Result<Response, HostError>) -> Verdict {
        // Where a redirect led may hold a signature.
        let address = &asked.get.address;
        let response = match response {
            Ok(response) => response,
            Err(error) => {
                let is_passing = error.is(HostErrorKind::Network) || error.is(HostErrorKind::Timeout);
                if error.is(HostErrorKind::TooLarge) {
                    let message = format!("{address} has more than {} MiB", asked.get.max_bytes >> 20);
                    return Verdict::Failed(Diagnostic::error(Code::BadResponse, message).about(address));
                }
                let error = match Diagnostic::from(error).about(address) {
                    // Browsers do not tell pages which of these it was.
                    error if self.capabilities.http_cache => error.suggest(
                        "check the connection, the address, and that the server lets pages of other sites read it (CORS)",
                    ),
                    error => error,
                };
                return if is_passing { Verdict::Again(None, error) } else { Verdict::Failed(error) };
            }
        };
        let refused = |code| refused(code, address, "read", response.status);
        match response.status {
            200 => {
                let header = |name: &str| response.headers.get(name).cloned();
                let (etag, modified) = (header("etag"), header("last-modified"));
                let url = asked.get.address.to_string();
                Verdict::Body(response.body, Meta { at: self.network.now, url, etag, modified })
            }
            304 => match asked.cached.take() {
                Some(Cached { body, meta }) => {
                    let etag = response.headers.get("etag").cloned().or(meta.etag);
                    Verdict::Unchanged(body, Meta { at: self.network.now, etag, ..meta })
                }
                None => {
                    Verdict::Failed(refused(Code::BadResponse).because("nobody asked whether it changed"))
                }
            },
            301 | 302 | 303 | 307 | 308 => match redirect(asked, &response) {
                Ok(address) => Verdict::Redirect(address),
                Err(reason) => Verdict::Failed(refused(Code::BadResponse).because(reason)),
            },
            401 | 403 => {
                let authorization = asked.get.authorization.as_ref();
                let has_token = !authorized(&asked.address, authorization).is_empty();
                let error = sign_in(refused(Code::Unauthorized), has_token);
                Verdict::Failed(match authorization {
                    Some(_) if !has_token => {
                        let origin = asked.address.origin();
                        error.because(format!("it redirects to {origin}, which gets no token of another"))
                    }
                    _ => error,
                })
            }
            404 | 410 => Verdict::Absent,
            408 | 429 | 500 | 502 | 503 | 504 => {
                let error = refused(Code::Network).suggest("try again later");
                Verdict::Again(self.retry_after(&response), error)
            }
            _ => Verdict::Failed(refused(Code::BadResponse)),
        }
    }

    /// Milliseconds to wait after an attempt: doubled each time, and by up to a half more or less.
    fn back_off(&self, attempt: u32) -> u32 {
        let wait = FIRST_WAIT << (attempt - 1);
        // Xorshift (Marsaglia 2003): clients that failed together do not come back together.
        let mut state = self.jitter.lock().unwrap_or_else(PoisonError::into_inner);
        *state ^= *state << 13;
        *state ^= *state >> 7;
        *state ^= *state << 17;
        let share = u32::try_from(*state % u64::from(wait + 1)).unwrap_or_default();
        wait / 2 + share
    }

    /// The milliseconds a server asks to wait for, within what it may ask for: seconds or a date
    /// (RFC 9110, 10.2.3). What is neither does not count.
    fn retry_after(&self, response: &Response) -> Option<u32> {
        let text = response.headers.get("retry-after")?.trim();
        let seconds = if text.bytes().all(|byte| byte.is_ascii_digit()) && !text.is_empty() {
            // More than fits is more than is waited for.
            text.parse().unwrap_or(u64::MAX)
        } else {
            let then = seconds_of(text)?;
            let now = response.headers.get("date").and_then(|date| seconds_of(date));
            then.saturating_sub(now.unwrap_or(self.network.now / 1000))
        };
        u32::try_from(seconds.min(MAX_RETRY_AFTER) * 1000).ok()
    }
}

/// The header that lets us in, for the registry's own origin alone.
fn authorized(address: &Address, authorization: Option<&Authorization>) -> BTreeMap<String, String> {
    let ours = authorization.filter(|ours| ours.origin == address.origin());
    ours.map(|ours| ("authorization".to_owned(), ours.header.0.clone())).into_iter().collect()
}

/// Where a redirect leads.
fn redirect(asked: &Pending, response: &Response) -> Result<Address, String> {
    if asked.hops >= MAX_REDIRECTS {
        return Err(format!("it was redirected more than {MAX_REDIRECTS} times"));
    }
    let location = response.headers.get("location").ok_or("the redirect leads nowhere")?;
    let target = asked.address.join(location);
    let target =
        target.map_err(|error| format!("where it is redirected to is no address: {}", error.reason()))?;
    if asked.address.is_encrypted() && !target.is_encrypted() {
        return Err(format!("it is redirected to {}, which is not encrypted", target.origin()));
    }
    Ok(target)
}

fn refused(code: Code, address: &Address, done: &str, status: u16) -> Diagnostic {
    let message = format!("{address} could not be {done}: the server says {status}");
    Diagnostic::error(code, message).about(address)
}

fn wants_one_time_password(response: &Response) -> bool {
    let challenge = response.headers.get("www-authenticate");
    challenge.is_some_and(|challenge| challenge.to_ascii_lowercase().contains("otp"))
}

fn sign_in(error: Diagnostic, has_token: bool) -> Diagnostic {
    error.suggest(if has_token {
        "check whether the token is still good, and may do this"
    } else {
        "the registry may want a token: `[tokens]` in your own packwright.toml, or your .npmrc, can have it"
    })
}

/// What npm registries say in words.
fn with_words(error: Diagnostic, response: &Response) -> Diagnostic {
    let said: Option<serde_json::Value> = serde_json::from_slice(&response.body).ok();
    let words = said.as_ref().and_then(|said| said.get("error").or(said.get("message"))?.as_str());
    match words {
        Some(words) if !words.is_empty() => {
            let words: String = printable(words).chars().take(MAX_WORDS).collect();
            error.because(format!("it says: {words}"))
        }
        _ => error,
    }
}

fn given_up(error: Diagnostic, asked: &Pending) -> Diagnostic {
    let error = error.because(format!("it was tried {} times", asked.attempt));
    match &asked.cached {
        Some(_) => error.suggest("`--offline` takes what was fetched before"),
        None => error,
    }
}

fn not_cached(address: &Address) -> Diagnostic {
    Diagnostic::error(Code::NotCached, format!("{address} is not in the cache"))
        .because("nothing is fetched when offline")
        .about(address)
        .suggest("do the same once without `--offline`")
}

/// The seconds since 1970 of a date such as `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110, 5.6.7; the
/// forms that it calls obsolete are not read).
fn seconds_of(date: &str) -> Option<u64> {
    const MONTHS: &str = "JanFebMarAprMayJunJulAugSepOctNovDec";
    let (_, date) = date.trim().strip_suffix(" GMT")?.split_once(", ")?;
    let mut words = date.split(' ');
    let mut word = || words.next();
    let (day, month, year, time) = (word()?, word()?, word()?, word()?);
    let number = |text: &str| text.parse::<u64>().ok();
    let month = MONTHS.find(month).filter(|at| at % 3 == 0 && month.len() == 3)? as u64 / 3 + 1;
    let (day, year) = (
        number(day).filter(|day| (1..=31).contains(day))?,
        number(year).filter(|year| (1970..10_000).contains(year))?,
    );
    let [hour, minute, second] = time.split(':').collect::<Vec<_>>()[..] else { return None };
    // Days from a March, so that a leap day ends its year (Hinnant, chrono-compatible algorithms).
    let (shifted, year) = if month > 2 { (month - 3, year) } else { (month + 9, year - 1) };
    let days = 365 * year + year / 4 - year / 100 + year / 400 + (153 * shifted + 2) / 5 + day;
    let below = |text: &str, end: u64| number(text).filter(|number| *number < end);
    let time = below(hour, 24)? * 3600 + below(minute, 60)? * 60 + below(second, 61)?;
    Some(days.checked_sub(719_469)? * 86_400 + time)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates() {
        assert_eq!(seconds_of("Thu, 01 Jan 1970 00:00:00 GMT"), Some(0));
        assert_eq!(seconds_of("Sun, 06 Nov 1994 08:49:37 GMT"), Some(784_111_777));
        assert_eq!(seconds_of("Thu, 29 Feb 2024 12:00:00 GMT"), Some(1_709_208_000));
        assert_eq!(seconds_of("Fri, 31 Dec 9999 23:59:59 GMT"), Some(253_402_300_799));
        for bad in [
            "",
            "soon",
            "Sunday, 06-Nov-94 08:49:37 GMT",
            "Sun, 06 nov 1994 08:49:37 GMT",
            "Sun, 06 Nov 94 08:49 GMT",
            "Sun, 18446744073709551615 Nov 1994 08:49:37 GMT",
            "Sun, 06 Nov 1994 18446744073709551615:49:37 GMT",
        ] {
            assert_eq!(seconds_of(bad), None, "{bad}");
        }
    }

    #[test]
    fn waits_differ_and_stay_within_bounds() {
        let of = |seed| {
            let network = Network { seed, ..Network::default() };
            let transport = Transport::new(&Arc::default(), network, Capabilities::default());
            [1, 2].map(|attempt| transport.back_off(attempt))
        };
        for seed in 0..1000 {
            let [first, second] = of(seed);
            assert!((250..=750).contains(&first) && (500..=1500).contains(&second), "{first} {second}");
        }
        assert_ne!(of(1), of(2));
        assert_eq!(of(3), of(3), "it follows from the seed");
    }
}
