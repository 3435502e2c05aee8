//! The statuses that a task expects.

use std::fmt;

use hyper::StatusCode;
use serde::Deserialize;
use serde::de::{Deserializer, Error, Visitor};

/// A status, or a class of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Expected {
    /// One status, such as 200.
    Status(u16),
    /// All that begin with a digit, such as `2xx`.
    Class(u16),
}

impl Expected {
    /// Whether a status is one of these.
    pub(crate) fn has(self, status: StatusCode) -> bool {
        match self {
            Self::Status(expected) => expected == status.as_u16(),
            Self::Class(class) => class == status.as_u16() / 100,
        }
    }
}

impl fmt::Display for Expected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status(status) => write!(f, "{status}"),
            Self::Class(class) => write!(f, "{class}xx"),
        }
    }
}

/// A list of them, for a message.
pub(crate) fn listed(expected: &[Expected]) -> String {
    let texts: Vec<_> = expected.iter().map(ToString::to_string).collect();
    texts.join(" or ")
}

impl<'de> Deserialize<'de> for Expected {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Read;

        impl Visitor<'_> for Read {
            type Value = Expected;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a status from 100 to 599, or a class of them such as \"2xx\"")
            }

            fn visit_u64<E: Error>(self, status: u64) -> Result<Expected, E> {
                u16::try_from(status)
                    .ok()
                    .filter(|status| (100..600).contains(status))
                    .map(Expected::Status)
                    .ok_or_else(|| E::invalid_value(serde::de::Unexpected::Unsigned(status), &self))
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Expected, E> {
                let class = text.strip_suffix("xx").filter(|digit| digit.len() == 1);
                class
                    .and_then(|digit| digit.parse().ok())
                    .filter(|class| (1..6).contains(class))
                    .map(Expected::Class)
                    .ok_or_else(|| E::invalid_value(serde::de::Unexpected::Str(text), &self))
            }
        }

        from.deserialize_any(Read)
    }
}
