//! Why a file may not be read or run, whatever is in it.

use std::fmt;
use std::io;
use std::path::PathBuf;

use thiserror::Error;

use crate::loader::measure::grouped;
use crate::loader::refusal::{Advice, Cause, LoaderOption, Refusal};

/// In a directory with this bit, only the owner of a file may replace it.
pub(super) const STICKY: u32 = 0o1000;

/// What was asked about.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Place {
    /// The plugin file, or one beside it.
    File,
    /// A directory on the way to it.
    Directory(PathBuf),
    /// A link on the way to it.
    Link(PathBuf),
}

/// Why a file may not be read or run, whatever is in it. It displays as the fact alone.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum AdmitError {
    /// The file cannot be read, or a directory above it not be looked at.
    #[error("{place} cannot be read: {reason}")]
    Unreadable {
        /// The file, or a directory above it.
        place: Place,
        /// What the system said.
        reason: io::Error,
    },
    /// The system has no list of open files, by which a file is read that was opened.
    #[error("the file cannot be read: there is no /proc/self/fd to open it again by")]
    NoProc,
    /// It is not a regular file.
    #[error("{found}, expected a regular file")]
    NotAFile {
        /// What it is.
        found: &'static str,
    },
    /// It is a link to nothing.
    #[error("a link to {}, which is not there", target.display())]
    DanglingLink {
        /// What it links to.
        target: PathBuf,
    },
    /// It is a link that leads back to itself.
    #[error("a link to {}, which leads back to it", target.display())]
    LinkLoop {
        /// What it links to.
        target: PathBuf,
    },
    /// It is a link at the beginning of more links than the system follows.
    #[error("a link to {}, from where more links lead on than the system follows", target.display())]
    TooManyLinks {
        /// What it links to.
        target: PathBuf,
    },
    /// It is a link that leads out of the plugin directory.
    #[error("a link that leads out of the plugin directory, to {}", target.display())]
    LinkOutside {
        /// Where it leads.
        target: PathBuf,
    },
    /// It belongs to somebody who is not trusted.
    #[error("{place} belongs to {}, which is not {}", user(*owner), users(trusted))]
    Owner {
        /// The file, or a directory above it.
        place: Place,
        /// The user it belongs to.
        owner: u32,
        /// The users that are trusted.
        trusted: Vec<u32>,
    },
    /// Others than its owner can change it.
    #[error("{place} can be changed by {} (mode {mode:04o})", who(*mode))]
    Writable {
        /// The file, or a directory above it.
        place: Place,
        /// Its permission bits.
        mode: u32,
    },
    /// The system would look for its libraries where others can put some.
    #[error("{what} is not safe: {refusal}")]
    Search {
        /// What in it leads there.
        what: String,
        /// What is wrong there.
        refusal: Box<Self>,
    },
    /// It is on a mount that nothing may be run from.
    #[error("it is on a mount with the option noexec")]
    NoExec,
    /// It is larger than what the host reads.
    #[error("the file has {} bytes, the host reads {} at most", grouped(*len), grouped(*limit))]
    TooLarge {
        /// Its length in bytes.
        len: u64,
        /// The most that is read, in bytes.
        limit: u64,
    },
    /// It is no plugin but says something of one, and is larger than that takes.
    #[error("the file has {} bytes, the host reads {} at most", grouped(*len), grouped(*limit))]
    TextTooLarge {
        /// Its length in bytes.
        len: u64,
        /// The most that is read, in bytes.
        limit: u64,
    },
    /// There is no room for it.
    #[error("not enough memory for its {} bytes", grouped(*len))]
    OutOfMemory {
        /// Its length in bytes.
        len: u64,
    },
    /// Somebody writes to it.
    #[error("it changed while it was read")]
    Changed,
}

impl AdmitError {
    /// The directory that it is about, where it is one.
    pub(in crate::loader) fn directory(&self) -> Option<&PathBuf> {
        match self {
            Self::Unreadable { place, .. }
            | Self::Owner { place, .. }
            | Self::Writable { place, .. } => match place {
                Place::File => None,
                Place::Directory(path) | Place::Link(path) => Some(path),
            },
            _ => None,
        }
    }
}

impl Refusal for AdmitError {
    fn code(&self) -> &'static str {
        match self {
            Self::Unreadable { .. } | Self::NoProc => "unreadable",
            Self::NotAFile { .. } => "not_a_file",
            Self::DanglingLink { .. } => "dangling_link",
            Self::LinkLoop { .. } => "link_loop",
            Self::TooManyLinks { .. } => "too_many_links",
            Self::LinkOutside { .. } => "link_outside",
            Self::Owner { .. } => "untrusted_owner",
            Self::Writable { .. } => "writable_by_others",
            Self::Search { .. } => "unsafe_search_path",
            Self::NoExec => "noexec_mount",
            Self::TooLarge { .. } | Self::TextTooLarge { .. } => "too_large",
            Self::OutOfMemory { .. } => "out_of_memory",
            Self::Changed => "changed_while_read",
        }
    }

    fn advice(&self) -> Advice {
        match self {
            Self::Unreadable { place, reason } => Cause::of(reason).advice(
                &format!("read {}", place.object()),
                Advice::new("see that it is there and stays there"),
            ),
            Self::NoProc => Advice::new("mount /proc"),
            Self::NotAFile { .. } => Advice::new("put a regular file in its place"),
            Self::DanglingLink { .. } | Self::LinkLoop { .. } => {
                Advice::new("point it to a file or remove it")
            }
            Self::TooManyLinks { .. } => Advice::new("point it to the file itself"),
            Self::LinkOutside { .. } => {
                Advice::new("put the file itself there, or follow such links")
                    .with(LoaderOption::AllowLinksOutside)
            }
            Self::Owner {
                place: Place::Link(_),
                owner,
                ..
            } => Advice::new(format!("name the place that it leads to, or trust {}", user(*owner)))
                .with(LoaderOption::TrustOwner(*owner)),
            Self::Owner {
                place,
                owner,
                trusted,
            } => Advice::new(format!(
                "chown {} to {}, or trust {}",
                place.object(),
                user(trusted.first().copied().unwrap_or(0)),
                user(*owner)
            ))
            .with(LoaderOption::TrustOwner(*owner)),
            // Everybody's by design, as `/tmp` is.
            Self::Writable {
                place: Place::Directory(_),
                mode,
            } if mode & STICKY != 0 => Advice::new(
                "put the plugins into a directory of their own, or trust all who can change this one",
            )
            .with(LoaderOption::TrustWritable),
            Self::Writable { place, .. } => Advice::new(format!(
                "chmod go-w {}, or trust all who can change it",
                place.object()
            ))
            .with(LoaderOption::TrustWritable),
            Self::Search { refusal, .. } => refusal.advice(),
            Self::NoExec => Advice::new("move the plugins to another mount, or allow this one")
                .with(LoaderOption::AllowNoexec),
            Self::TooLarge { .. } => {
                Advice::new("strip it, or allow larger files").with(LoaderOption::MaxFileBytes)
            }
            Self::TextTooLarge { .. } => Advice::new("put the right file in its place"),
            Self::OutOfMemory { .. } => Advice::free_memory(),
            Self::Changed => {
                Advice::new("copy it under a name that begins with a dot, then rename it")
            }
        }
    }
}

impl Place {
    fn object(&self) -> String {
        match self {
            Self::File => "it".to_owned(),
            Self::Directory(path) | Self::Link(path) => path.display().to_string(),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File => f.write_str("the file"),
            Self::Directory(path) => write!(f, "the directory {}", path.display()),
            Self::Link(path) => write!(f, "the link {}", path.display()),
        }
    }
}

fn user(uid: u32) -> String {
    match uid {
        0 => "root".to_owned(),
        uid => format!("user {uid}"),
    }
}

fn users(uids: &[u32]) -> String {
    let users: Vec<_> = uids.iter().map(|uid| user(*uid)).collect();
    users.join(" or ")
}

fn who(mode: u32) -> &'static str {
    match mode & 0o002 {
        0 => "its group",
        _ => "everybody",
    }
}
