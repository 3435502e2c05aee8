//! Why a file may not be loaded, whatever is in it.

use std::fmt;
use std::io;
use std::path::PathBuf;

use super::advice::sentence;
use crate::loader::digest::Digest;
use crate::loader::plain::grouped;

/// The bit of a directory in which nobody can replace another's files.
const STICKY: u32 = 0o1000;

/// What the policy was asked about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// The plugin file, or one beside it.
    File,
    /// A directory on the way to it.
    Directory(PathBuf),
}

/// Why a file may not be loaded, whatever is in it.
#[derive(Debug)]
#[non_exhaustive]
pub enum PolicyError {
    /// The file cannot be read.
    Unreadable {
        /// What the system said.
        source: io::Error,
    },
    /// A directory above it cannot be looked at.
    PlaceUnreadable {
        /// Which.
        place: Place,
        /// What the system said.
        source: io::Error,
    },
    /// It is not a regular file.
    NotAFile {
        /// What it is.
        found: &'static str,
    },
    /// It belongs to somebody who is not trusted.
    Owner {
        /// The file, or a directory above it.
        place: Place,
        /// The user it belongs to.
        owner: u32,
        /// The users that are trusted.
        trusted: Vec<u32>,
    },
    /// Others than its owner can change it.
    Writable {
        /// The file, or a directory above it.
        place: Place,
        /// Its permission bits.
        mode: u32,
    },
    /// It is on a mount that nothing may be run from.
    NoExec,
    /// It is larger than what the host reads.
    TooLarge {
        /// Its length in bytes.
        len: u64,
        /// The most that is read, in bytes.
        limit: u64,
    },
    /// It is no plugin but says something of one, and is larger than that takes.
    TextTooLarge {
        /// Its length in bytes.
        len: u64,
        /// The most that is read, in bytes.
        limit: u64,
    },
    /// It is a link that leads out of the plugin directory.
    LinkOutside {
        /// Where it leads.
        target: PathBuf,
    },
    /// The list of digests says nothing for certain.
    Sums {
        /// What is wrong with it.
        reason: String,
    },
    /// It is not in the list of digests.
    Unlisted,
    /// The list has a digest for its sidecar, which is not there.
    ListedAbsent {
        /// The sidecar's name.
        name: String,
    },
    /// Its digest is not the one in the list.
    OtherDigest {
        /// Its name in the list.
        name: String,
        /// As the list has it.
        listed: Digest,
        /// As the file has it.
        found: Digest,
    },
    /// It has no signature, and the host wants one.
    Unsigned {
        /// The name that the signature would have.
        file: String,
    },
    /// Its signature does not hold.
    BadSignature {
        /// The signature's name.
        file: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Its signature was made for another plugin or version.
    SignedForAnother {
        /// The comment that is signed with it.
        comment: String,
        /// The plugin.
        plugin: String,
        /// Its version.
        version: String,
    },
}

impl PolicyError {
    /// What was found.
    fn fact(&self) -> String {
        match self {
            Self::Unreadable { source } => format!("cannot be read: {source}"),
            Self::PlaceUnreadable { place, source } => format!("{place} cannot be read: {source}"),
            Self::NotAFile { found } => {
                format!("{found}, expected a regular file")
            }
            Self::Owner {
                place,
                owner,
                trusted,
            } => format!(
                "{place} belongs to {}, which is not {}",
                user(*owner),
                trusted
                    .iter()
                    .map(|uid| user(*uid))
                    .collect::<Vec<_>>()
                    .join(" or ")
            ),
            Self::Writable { place, mode } => {
                let who = match (mode & 0o020 != 0, mode & 0o002 != 0) {
                    (_, true) => "everybody",
                    _ => "its group",
                };
                format!("{place} can be changed by {who} (mode {mode:04o})")
            }
            Self::NoExec => "it is on a mount with the option noexec".to_owned(),
            Self::TooLarge { len, limit } | Self::TextTooLarge { len, limit } => format!(
                "the file has {} bytes, the host reads {} at most",
                grouped(*len),
                grouped(*limit)
            ),
            Self::LinkOutside { target } => {
                format!(
                    "a link that leads out of the plugin directory, to {}",
                    target.display()
                )
            }
            Self::Sums { reason } => reason.clone(),
            Self::Unlisted => "SHA256SUMS does not list it".to_owned(),
            Self::ListedAbsent { name } => format!("SHA256SUMS lists {name}, which is not there"),
            Self::OtherDigest {
                name,
                listed,
                found,
            } => format!("SHA256SUMS has {listed} for {name}, the file has {found}"),
            Self::Unsigned { file } => {
                format!("not signed: there is no {file}, and this host loads signed plugins only")
            }
            Self::BadSignature { file, reason } => {
                format!("its signature {file} does not hold: {reason}")
            }
            Self::SignedForAnother {
                comment,
                plugin,
                version,
            } => format!(
                "its signature is for {comment:?}, expected a trusted comment that begins with \
                 \"{plugin} {version}\""
            ),
        }
    }

    /// What to do about it.
    #[must_use]
    pub fn advice(&self) -> String {
        match self {
            Self::Unreadable { .. } | Self::PlaceUnreadable { .. } => {
                "let the host's user read it".to_owned()
            }
            Self::NotAFile { .. } => "put a regular file in its place".to_owned(),
            Self::Owner {
                place,
                owner,
                trusted,
            } => format!(
                "chown {} to {}, or trust this one (--trust-owner {owner})",
                place.object(),
                trusted.first().map_or_else(|| user(0), |uid| user(*uid))
            ),
            // Everybody's by design, as `/tmp` is.
            Self::Writable {
                place: Place::Directory(_),
                mode,
            } if mode & STICKY != 0 => {
                "put the plugins into a directory of their own, or trust all who can change this one \
                 (--trust-writable)"
                    .to_owned()
            }
            Self::Writable { place, .. } => format!(
                "chmod go-w {}, or trust them all (--trust-writable)",
                place.object()
            ),
            Self::NoExec => {
                "move the plugins to another mount, or allow it (--allow-noexec)".to_owned()
            }
            Self::TooLarge { .. } => "strip it, or allow larger ones (--max-file-bytes)".to_owned(),
            Self::TextTooLarge { .. } => "put the right file in its place".to_owned(),
            Self::LinkOutside { .. } => {
                "put the file itself there, or follow such links (--allow-links-outside)".to_owned()
            }
            Self::Sums { .. } => "write it anew with sha256sum, or remove it".to_owned(),
            Self::Unlisted => "add it with sha256sum if it is meant to be there".to_owned(),
            Self::ListedAbsent { .. } => "put it back, or take it off the list".to_owned(),
            Self::OtherDigest { .. } => {
                "copy the file again, or update the list if the change is meant".to_owned()
            }
            Self::Unsigned { .. } | Self::BadSignature { .. } => {
                "get the signature that belongs to this file".to_owned()
            }
            Self::SignedForAnother { .. } => {
                "sign it with minisign -S -t \"NAME VERSION\"".to_owned()
            }
        }
    }
}

impl Place {
    fn object(&self) -> String {
        match self {
            Self::File => "it".to_owned(),
            Self::Directory(path) => path.display().to_string(),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File => f.write_str("the file"),
            Self::Directory(path) => write!(f, "the directory {}", path.display()),
        }
    }
}

impl fmt::Display for PolicyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&sentence(&self.fact(), &self.advice()))
    }
}

impl std::error::Error for PolicyError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Unreadable { source } | Self::PlaceUnreadable { source, .. } => Some(source),
            _ => None,
        }
    }
}

fn user(uid: u32) -> String {
    match uid {
        0 => "root".to_owned(),
        uid => format!("user {uid}"),
    }
}
