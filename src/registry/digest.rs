//! Digests as subresource integrity writes them.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize, Serializer};
use sha2::{Digest as _, Sha256, Sha384, Sha512};
use thiserror::Error;

/// A digest of some bytes, written as subresource integrity: `sha256-` and base64, or `sha384-` or
/// `sha512-`. Weaker ones are none.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Digest(Hash);

/// In the order of their strength.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Hash {
    Sha256([u8; 32]),
    Sha384([u8; 48]),
    Sha512([u8; 64]),
}

/// A text that is not a digest we check.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error(
    "`{}` is not a digest: one is `sha256-`, `sha384-` or `sha512-` and base64",
    .0.escape_debug()
)]
pub struct DigestError(String);

impl Digest {
    /// The SHA-256 of some bytes.
    pub fn of(bytes: &[u8]) -> Digest {
        Digest(Hash::Sha256(Sha256::digest(bytes).into()))
    }

    /// The SHA-512 of some bytes, as npm registries want it.
    pub fn sha512(bytes: &[u8]) -> Digest {
        Digest(Hash::Sha512(Sha512::digest(bytes).into()))
    }

    /// Whether this is the digest of some bytes.
    pub fn is_of(&self, bytes: &[u8]) -> bool {
        self.alike(bytes) == *self
    }

    /// The digest of some bytes by the same algorithm.
    pub fn alike(&self, bytes: &[u8]) -> Digest {
        match self.0 {
            Hash::Sha256(_) => Digest::of(bytes),
            Hash::Sha384(_) => Digest(Hash::Sha384(Sha384::digest(bytes).into())),
            Hash::Sha512(_) => Digest::sha512(bytes),
        }
    }

    /// As it stands in paths: hexadecimal digits, 64 for SHA-256.
    pub fn to_hex(self) -> String {
        self.bytes().iter().map(|byte| format!("{byte:02x}")).collect()
    }

    fn bytes(&self) -> &[u8] {
        match &self.0 {
            Hash::Sha256(bytes) => bytes,
            Hash::Sha384(bytes) => bytes,
            Hash::Sha512(bytes) => bytes,
        }
    }
}

/// Of several digests, with spaces between them, the strongest counts (Subresource Integrity 3.3.3).
impl FromStr for Digest {
    type Err = DigestError;

    fn from_str(text: &str) -> Result<Digest, DigestError> {
        let read = |text: &str| {
            let (algorithm, rest) = text.split_once('-')?;
            let base64 = rest.split_once('?').map_or(rest, |(base64, _)| base64);
            let bytes = STANDARD.decode(base64).ok()?;
            Some(Digest(match algorithm {
                "sha256" => Hash::Sha256(bytes.try_into().ok()?),
                "sha384" => Hash::Sha384(bytes.try_into().ok()?),
                "sha512" => Hash::Sha512(bytes.try_into().ok()?),
                _ => return None,
            }))
        };
        let strongest = text.split_ascii_whitespace().filter_map(read).max();
        strongest.ok_or_else(|| DigestError(text.chars().take(80).collect()))
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let algorithm = match self.0 {
            Hash::Sha256(_) => "sha256",
            Hash::Sha384(_) => "sha384",
            Hash::Sha512(_) => "sha512",
        };
        write!(f, "{algorithm}-{}", STANDARD.encode(self.bytes()))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Digest, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_digests() {
        // FIPS 180-2, the message "abc".
        let digest = Digest::of(b"abc");
        assert_eq!(digest.to_hex(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert!(Digest::sha512(b"abc").to_hex().starts_with("ddaf35a193617abacc417349ae204131"));
        let sha384: Digest =
            "sha384-ywB1P0WjXou1oD1pmsZQBycsMqsO3tFjGotgWkP/W+2AhgcroefMI1i67KE0yCWn".parse().unwrap();
        for digest in [digest, Digest::sha512(b"abc"), sha384] {
            assert_eq!(digest.to_string().parse::<Digest>().unwrap(), digest);
            assert_eq!(format!("{digest:?}"), digest.to_string());
            assert!(digest.is_of(b"abc") && !digest.is_of(b"abd"));
        }
    }

    #[test]
    fn the_strongest_counts_and_weak_ones_are_none() {
        let (weak, strong) = (Digest::of(b"abc"), Digest::sha512(b"abc"));
        assert_eq!(format!("sha1-xyz {strong} {weak}").parse::<Digest>().unwrap(), strong);
        assert_eq!(format!("{weak}?ct=x").parse::<Digest>().unwrap(), weak);
        for bad in ["", "sha1-qZk+NkcGgWq6PiVxeFDCbJzQ2J0=", "sha256-", "sha256-YWJj", "sha512-YWJj"] {
            bad.parse::<Digest>().expect_err(bad);
        }
        serde_json::from_str::<Digest>("\"md5\"").unwrap_err();
    }
}
