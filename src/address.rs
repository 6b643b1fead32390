//! Addresses of servers, checked so that who is meant can be told from the text alone.
//!
//! Hosts read addresses by the WHATWG URL Standard, which forgives much: back slashes, tabs, user
//! names, dots in any disguise. Here such texts are none, so that what is decided about an address,
//! above all who gets a token, holds for what is fetched.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

/// The most characters of an address.
pub const MAX_LENGTH: usize = 8192;

/// An absolute `http:` or `https:` address, without user name and fragment.
///
/// ASCII only, with no dots as path segments, however they are written. The host is in lower case
/// and the port of the scheme is left out.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Address {
    text: String,
    origin: usize,
}

/// A text that is not such an address.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("`{}` is not an address: {reason}", text.escape_debug())]
pub struct AddressError {
    text: String,
    reason: &'static str,
}

impl AddressError {
    /// The rule that the text breaks, without the text.
    pub fn reason(&self) -> &'static str {
        self.reason
    }
}

impl Address {
    /// The whole text.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Scheme, host and port: who is asked.
    pub fn origin(&self) -> &str {
        &self.text[..self.origin]
    }

    /// Whether nobody on the way can read along.
    pub fn is_encrypted(&self) -> bool {
        self.text.starts_with("https:")
    }

    /// This address as that of a directory: with a `/` at the end of its path, and without a query.
    #[must_use]
    pub fn as_directory(&self) -> Address {
        let path = self.text.split('?').next().unwrap_or_default();
        Address { text: format!("{}/", path.trim_end_matches('/')), origin: self.origin }
    }

    /// Whether an address is this one or lies below it as a directory.
    pub fn covers(&self, other: &Address) -> bool {
        let directory = self.as_directory();
        other.as_directory().text.starts_with(&directory.text)
    }

    /// The address that a relative or absolute reference at this one leads to (RFC 3986, 5.2,
    /// without dots).
    ///
    /// # Errors
    /// What is none, or has dots for segments.
    pub fn join(&self, reference: &str) -> Result<Address, AddressError> {
        let (scheme, _) = self.text.split_once(':').unwrap_or_default();
        // What a fragment says is for people.
        let reference = reference.split('#').next().unwrap_or_default();
        let path = self.text.split('?').next().unwrap_or_default();
        let directory = path.rsplit_once('/').map_or(path, |(directory, _)| directory);
        let directory = if directory.len() < self.origin { self.origin() } else { directory };
        let is_absolute = reference.split(['/', '?', '#']).next().is_some_and(|start| start.contains(':'));
        match reference {
            _ if is_absolute => reference.parse(),
            _ if reference.starts_with("//") => format!("{scheme}:{reference}").parse(),
            _ if reference.starts_with('/') => format!("{}{reference}", self.origin()).parse(),
            _ => format!("{directory}/{reference}").parse(),
        }
    }
}

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Address, AddressError> {
        // What stands before an `@` may be a secret.
        let shown = text.rsplit_once('@').map_or(text, |(_, rest)| rest);
        let error = |reason| AddressError { text: shown.chars().take(120).collect(), reason };
        let (scheme, rest) = text.split_once("://").unwrap_or_default();
        let scheme = scheme.to_ascii_lowercase();
        let usual_port = match scheme.as_str() {
            "https" => 443,
            "http" => 80,
            _ => return Err(error("it starts with `https://` or `http://`")),
        };
        if text.len() > MAX_LENGTH {
            return Err(error("it has more than 8192 characters"));
        }
        if text.contains('#') {
            return Err(error("it has no fragment"));
        }
        if !text.chars().all(|c| c.is_ascii_graphic() && !"\\\"<>^`{|}".contains(c)) {
            return Err(error("spaces and other characters that have no place in it are encoded"));
        }
        let (authority, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
        if authority.contains('@') {
            return Err(error("a user name does not belong into it, where messages would show it"));
        }
        let (host, port) = split_port(authority).ok_or_else(|| error("a host stands behind `//`"))?;
        let segments = path.split('?').next().unwrap_or_default().split('/');
        if segments
            .map(|segment| segment.to_ascii_lowercase().replace("%2e", "."))
            .any(|it| it == "." || it == "..")
        {
            return Err(error("no segment of its path is `.` or `..`"));
        }
        let host = host.to_ascii_lowercase();
        let origin = match port {
            Some(port) if port != usual_port => format!("{scheme}://{host}:{port}"),
            _ => format!("{scheme}://{host}"),
        };
        let path = if path.starts_with('/') { path.to_owned() } else { format!("/{path}") };
        Ok(Address { text: format!("{origin}{path}"), origin: origin.len() })
    }
}

/// A path as it stands in an address: what RFC 3986 does not allow there is encoded.
pub fn percent_encode(path: &str) -> String {
    let mut encoded = String::with_capacity(path.len());
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/@+!$&'()*,;=:".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

/// A host, in brackets if it is one of IPv6, and its port if there is one.
fn split_port(authority: &str) -> Option<(&str, Option<u16>)> {
    let end = authority.find(']').map_or(0, |bracket| bracket + 1);
    let (host, port) = match authority[end..].find(':') {
        Some(colon) => (&authority[..end + colon], Some(authority[end + colon + 1..].parse().ok()?)),
        None => (authority, None),
    };
    let is_name =
        |host: &str| !host.is_empty() && host.chars().all(|c| c.is_ascii_alphanumeric() || ".-_".contains(c));
    let is_ipv6 = |host: &str| {
        host.contains(':') && host.chars().all(|c| c.is_ascii_hexdigit() || c == ':' || c == '.')
    };
    let inner = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    inner.map_or_else(|| is_name(host), is_ipv6).then_some((host, port))
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> Address {
        text.parse().unwrap_or_else(|error| panic!("{error}"))
    }

    #[test]
    fn one_form_of_each() {
        for (text, whole, origin) in [
            ("HTTPS://R.example:0443/a", "https://r.example/a", "https://r.example"),
            ("http://127.0.0.1:4873", "http://127.0.0.1:4873/", "http://127.0.0.1:4873"),
            ("http://[::1]:80/?q=..", "http://[::1]/?q=..", "http://[::1]"),
            ("https://r.example?x", "https://r.example/?x", "https://r.example"),
        ] {
            assert_eq!((address(text).as_str(), address(text).origin()), (whole, origin));
        }
    }

    #[test]
    fn nothing_can_be_read_in_two_ways() {
        for bad in [
            "",
            "ftp://r.example/",
            "https://r.example:/",
            "https://r.example:99999/",
            "https://r.example:1:2/",
            "https://[/",
            "https://[r]/",
            "https://",
            "https:///x",
            "https://:80/",
            "https://r.example\\@evil.test/",
            "https://user:word@r.example/",
            "https://r.example/#x",
            "https://r.example/a/../b",
            "https://r.example/acme/%2e%2E/evil/",
            "https://r.example/./b",
            "https://r.exa\tmple/",
            "https://r.example/a b",
            "https://r\u{e9}.example/",
            "https://r.example%2f.evil.test/",
        ] {
            bad.parse::<Address>().expect_err(bad);
        }
        let error = "https://me:hunter2@r.test/".parse::<Address>().unwrap_err().to_string();
        assert!(error.contains("user name") && !error.contains("hunter2"), "{error}");
        let error = format!("https://r.test/{}", "x".repeat(9000)).parse::<Address>().unwrap_err();
        assert!(error.to_string().len() < 250);
    }

    #[test]
    fn references() {
        let base = address("https://r.example/packs/index?x=/y/");
        for (reference, expected) in [
            ("http://other.test/a", "http://other.test/a"),
            ("//other.test/a", "https://other.test/a"),
            ("/a", "https://r.example/a"),
            ("/a#b", "https://r.example/a"),
            ("a/b:c", "https://r.example/packs/a/b:c"),
            ("", "https://r.example/packs/"),
        ] {
            assert_eq!(base.join(reference).unwrap().as_str(), expected);
        }
        for bad in ["../x", "javascript:alert(1)", "data:,x", "\\\\evil.test"] {
            base.join(bad).expect_err(bad);
        }
        assert_eq!(address("https://r.example").join("a").unwrap().as_str(), "https://r.example/a");
    }

    #[test]
    fn what_lies_below() {
        let base = address("https://r.example/acme");
        assert!(base.covers(&base) && base.covers(&address("https://r.example/acme/x?y")));
        for other in ["https://r.example/acme2", "https://r.example.evil.net/acme/", "http://r.example/acme/"]
        {
            assert!(!base.covers(&address(other)), "{other}");
        }
        assert!(!address("https://r.example").covers(&address("https://r.example.evil.net/")));
    }
}
