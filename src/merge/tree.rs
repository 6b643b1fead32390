//! What a structured text means, with the place of everything in it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::ops::Range;

use sha2::{Digest, Sha256};

/// A value and its place.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub data: Data,
    /// In bytes of its text, without the line end behind it.
    pub span: Range<usize>,
    pub form: Form,
}

#[derive(Clone, Debug)]
pub(super) enum Data {
    Scalar(Scalar),
    List(Vec<Member>),
    Map(Vec<Member>),
    /// Of YAML only.
    Alias(Meaning),
}

/// What is equal exactly for equal values, and short however much there is.
pub(super) type Meaning = [u8; 32];

/// Two scalars are one value exactly if they are equal here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Scalar {
    Null,
    Bool(bool),
    /// In the one way of writing it.
    Number(String),
    Text(String),
    /// A date or a time of TOML.
    Moment(String),
}

/// How a value is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// On its own, or between brackets.
    Flow,
    /// In lines that begin at this column, from 0; of YAML only.
    Block(usize),
    /// As sections or dotted keys; where, its document knows by this index. Of TOML only.
    Table(usize),
}

/// An entry of a table or an item of a list.
#[derive(Clone, Debug)]
pub(super) struct Member {
    /// Empty in a list.
    pub key: String,
    /// Where the key stands; in a list, where the item begins.
    pub key_at: Range<usize>,
    pub value: Node,
    /// With the comments that belong to it.
    pub whole: Range<usize>,
    /// The comma behind it, if there is one.
    pub comma: Option<usize>,
}

impl Node {
    pub fn members(&self) -> &[Member] {
        match &self.data {
            Data::List(members) | Data::Map(members) => members,
            Data::Scalar(_) | Data::Alias(_) => &[],
        }
    }

    pub fn text(&self) -> Option<&str> {
        match &self.data {
            Data::Scalar(Scalar::Text(text)) => Some(text),
            _ => None,
        }
    }

    pub fn get(&self, key: &str) -> Option<&Member> {
        match &self.data {
            Data::Map(members) => members.iter().find(|member| member.key == key),
            _ => None,
        }
    }

    /// Whether nothing is written there, as behind the colon of a key of YAML. A null that is written
    /// is a value.
    pub fn is_absent(&self) -> bool {
        matches!(self.data, Data::Scalar(Scalar::Null)) && self.span.is_empty()
    }

    /// Whether it holds nothing, so that there is nothing to join.
    pub fn is_empty(&self) -> bool {
        self.is_absent()
            || matches!(&self.data, Data::List(members) | Data::Map(members) if members.is_empty())
    }

    /// What it or, of an alias, its anchor says.
    pub fn meaning(&self) -> Meaning {
        match self.data {
            Data::Alias(meaning) => meaning,
            _ => Sha256::digest(self.fingerprint()).into(),
        }
    }

    /// A text that is equal exactly for equal values. The order of keys does not count.
    pub fn fingerprint(&self) -> String {
        let mut text = String::new();
        self.write_fingerprint(&mut text);
        text
    }

    fn write_fingerprint(&self, out: &mut String) {
        // Writing to a string cannot fail.
        let _ = match &self.data {
            Data::Scalar(scalar) => write!(out, "{scalar:?}"),
            Data::Alias(meaning) => write!(out, "*{meaning:?}"),
            Data::List(items) => {
                out.push('[');
                for item in items {
                    item.value.write_fingerprint(out);
                    out.push(',');
                }
                write!(out, "]")
            }
            Data::Map(entries) => {
                let sorted: BTreeMap<&str, &Node> =
                    entries.iter().map(|entry| (entry.key.as_str(), &entry.value)).collect();
                out.push('{');
                for (key, value) in sorted {
                    let _ = write!(out, "{key:?}:");
                    value.write_fingerprint(out);
                    out.push(',');
                }
                write!(out, "}}")
            }
        };
    }
}
