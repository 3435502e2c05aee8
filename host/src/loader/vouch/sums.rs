//! `SHA256SUMS`: the operator's list of what may be loaded, as `sha256sum` writes it.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;

use solti_plugin_abi::text::escape_bytes;

use super::error::VouchError;
use crate::loader::digest::Digest;
use crate::loader::refusal::{Advice, Refusal};

/// The name of the list.
pub const SUMS: &str = "SHA256SUMS";

/// The list of a directory.
#[derive(Debug)]
pub(in crate::loader) enum Sums {
    /// There is none: every file may be loaded.
    Absent,
    /// There is none, and without one no file may be loaded.
    Missing,
    /// There is one, and no other file may be loaded.
    Listed(HashMap<Vec<u8>, Digest>),
    /// There is one that says nothing for certain: no file may be loaded.
    Unusable {
        /// What is wrong with it.
        fact: String,
        /// What to do about that.
        advice: Advice,
    },
}

impl Sums {
    /// The list of a directory, of which `text` was read; where it is `required`, there must be one.
    pub(in crate::loader) fn read(
        text: Result<Option<Vec<u8>>, impl Refusal>,
        required: bool,
    ) -> Self {
        match text {
            Ok(None) if required => Self::Missing,
            Ok(None) => Self::Absent,
            Ok(Some(text)) => parse(&text).map_or_else(
                |fact| Self::Unusable {
                    fact,
                    advice: Advice::new("write it anew with sha256sum, or remove it"),
                },
                Self::Listed,
            ),
            Err(err) => Self::Unusable {
                fact: format!("{SUMS} cannot be used: {err}"),
                advice: err.advice(),
            },
        }
    }

    /// Checks that a plugin file of this name and content may be loaded.
    pub(in crate::loader) fn check(&self, name: &OsStr, found: Digest) -> Result<(), VouchError> {
        match self {
            Self::Absent => Ok(()),
            Self::Missing => Err(VouchError::NoSums),
            Self::Unusable { fact, advice } => Err(VouchError::SumsUnusable {
                fact: fact.clone(),
                advice: advice.clone(),
            }),
            Self::Listed(digests) => match digests.get(name.as_bytes()) {
                None => Err(VouchError::Unlisted),
                Some(listed) => compare(name, *listed, found),
            },
        }
    }

    /// Checks a sidecar, which need not be listed; `None` when it is not there.
    pub(in crate::loader) fn check_sidecar(
        &self,
        name: &OsStr,
        text: Option<&[u8]>,
    ) -> Result<(), VouchError> {
        let Self::Listed(digests) = self else {
            return Ok(());
        };
        match (digests.get(name.as_bytes()), text) {
            (None, _) => Ok(()),
            (Some(_), None) => Err(VouchError::ListedAbsent {
                name: escape_bytes(name.as_bytes()).into_owned(),
            }),
            (Some(listed), Some(text)) => compare(name, *listed, Digest::of(text)),
        }
    }

    /// Whether the list has a file of this name, with whatever digest; `None` when there is no list.
    /// One that cannot be used lists nothing.
    pub(in crate::loader) fn lists(&self, name: &OsStr) -> Option<bool> {
        match self {
            Self::Absent | Self::Missing => None,
            Self::Listed(digests) => Some(digests.contains_key(name.as_bytes())),
            Self::Unusable { .. } => Some(false),
        }
    }
}

fn compare(name: &OsStr, listed: Digest, found: Digest) -> Result<(), VouchError> {
    if listed == found {
        return Ok(());
    }
    Err(VouchError::OtherDigest {
        name: escape_bytes(name.as_bytes()).into_owned(),
        listed,
        found,
    })
}

fn parse(text: &[u8]) -> Result<HashMap<Vec<u8>, Digest>, String> {
    let mut digests = HashMap::new();
    for (at, line) in text.split(|byte| *byte == b'\n').enumerate() {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.is_empty() || line.starts_with(b"#") {
            continue;
        }
        let (name, digest) = listed(line).ok_or_else(|| {
            format!(
                "line {} of {SUMS} is not one that sha256sum writes: \"{}\"",
                at + 1,
                line[..line.len().min(80)].escape_ascii()
            )
        })?;
        match digests.entry(name) {
            Entry::Vacant(vacant) => _ = vacant.insert(digest),
            Entry::Occupied(other) if *other.get() == digest => {}
            Entry::Occupied(other) => {
                return Err(format!(
                    "line {} of {SUMS} has another digest for {} than a line before it",
                    at + 1,
                    escape_bytes(other.key())
                ));
            }
        }
    }
    Ok(digests)
}

/// The name and the digest of one line of `SHA256SUMS`, without its end: the digest, a space, a space or
/// `*`, the name; or, with `--tag`, the name in parentheses before the digest. A backslash in front says
/// that the name is escaped. `None` for any other line.
#[must_use]
pub fn listed(line: &[u8]) -> Option<(Vec<u8>, Digest)> {
    let (escaped, line) = match line.strip_prefix(b"\\") {
        Some(line) => (true, line),
        None => (false, line),
    };
    let (digest, name) = match line.strip_prefix(b"SHA256 (") {
        Some(tagged) => {
            let (rest, digest) = tagged.split_at_checked(tagged.len().checked_sub(64)?)?;
            (digest, rest.strip_suffix(b") = ")?)
        }
        None => {
            let (digest, rest) = line.split_at_checked(64)?;
            let name = rest.strip_prefix(b"  ").or(rest.strip_prefix(b" *"));
            (digest, name?)
        }
    };
    let name = name.strip_prefix(b"./").unwrap_or(name);
    let name = if escaped {
        unescape(name)?
    } else {
        name.to_vec()
    };
    (!name.is_empty()).then_some((name, Digest::parse(digest)?))
}

fn unescape(name: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = name.iter();
    let mut plain = Vec::new();
    while let Some(byte) = bytes.next() {
        plain.push(match byte {
            b'\\' => match bytes.next()? {
                b'n' => b'\n',
                b'r' => b'\r',
                b'\\' => b'\\',
                _ => return None,
            },
            other => *other,
        });
    }
    Some(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    #[test]
    fn every_form_that_sha256sum_writes_is_read() {
        let text = format!(
            "{ABC}  plain.so\n{ABC} *binary.so\r\n\n{ABC}  ./found.so\n\\{ABC}  a\\nb\\\\.so\n{ABC}  plain.so\n\
             SHA256 (tagged.so) = {ABC}\n"
        );
        let digests = parse(text.as_bytes()).unwrap();
        let mut names: Vec<_> = digests.keys().map(Vec::as_slice).collect();
        names.sort();
        let expected: [&[u8]; 5] = [
            b"a\nb\\.so",
            b"binary.so",
            b"found.so",
            b"plain.so",
            b"tagged.so",
        ];
        assert_eq!(names, expected);
        assert!(digests.values().all(|digest| *digest == Digest::of(b"abc")));
    }

    #[test]
    fn a_list_that_contradicts_itself_or_cannot_be_read_is_named_with_its_line() {
        let other = "0".repeat(64);
        assert_eq!(
            parse(format!("{ABC}  x.so\n{other}  x.so\n").as_bytes()).unwrap_err(),
            "line 2 of SHA256SUMS has another digest for x.so than a line before it"
        );
        assert_eq!(
            parse(b"\nhello.so\n").unwrap_err(),
            "line 2 of SHA256SUMS is not one that sha256sum writes: \"hello.so\""
        );
        assert!(parse(format!("{ABC}x.so").as_bytes()).is_err());
        assert!(parse(format!("{ABC}  ").as_bytes()).is_err());
    }
}
