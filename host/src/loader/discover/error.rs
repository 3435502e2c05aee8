//! Why a file is no candidate, or a directory not looked at.

use std::fmt;
use std::io;
use std::path::PathBuf;

use thiserror::Error;

use crate::loader::refusal::{Advice, Cause, Refusal};

/// Why a file is no candidate. It displays as the fact alone.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum DiscoverError {
    /// It cannot be looked at.
    #[error("the file cannot be looked at: {reason}")]
    Unreadable {
        /// What the system said.
        reason: io::Error,
    },
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
    /// Its sidecar may not be used.
    #[error("its sidecar {file} cannot be used: {fact}")]
    SidecarUnusable {
        /// The sidecar's name.
        file: String,
        /// Why.
        fact: String,
        /// What to do about that.
        advice: Advice,
    },
    /// Its sidecar is wrong.
    #[error(
        "its sidecar {file}, line {line}, column {column}{}: {reason}",
        in_parentheses(text)
    )]
    SidecarInvalid {
        /// The sidecar's name.
        file: String,
        /// The line, from 1.
        line: usize,
        /// The character in it, from 1.
        column: usize,
        /// The line itself, as much of it as there is room for.
        text: String,
        /// What is wrong.
        reason: String,
    },
}

fn in_parentheses(text: &str) -> String {
    match text {
        "" => String::new(),
        text => format!(" ({text})"),
    }
}

impl Refusal for DiscoverError {
    fn code(&self) -> &'static str {
        match self {
            Self::Unreadable { .. } => "unreadable",
            Self::NotAFile { .. } => "not_a_file",
            Self::DanglingLink { .. } => "dangling_link",
            Self::LinkLoop { .. } => "link_loop",
            Self::TooManyLinks { .. } => "too_many_links",
            Self::SidecarUnusable { .. } => "sidecar_unusable",
            Self::SidecarInvalid { .. } => "sidecar_invalid",
        }
    }

    fn advice(&self) -> Advice {
        match self {
            Self::Unreadable { reason } => Cause::of(reason).advice(
                "look at it",
                Advice::new("see that it is there and stays there"),
            ),
            Self::NotAFile { .. } => Advice::new("move it out of the plugin directory"),
            Self::DanglingLink { .. } | Self::LinkLoop { .. } => {
                Advice::new("point it to a file or remove it")
            }
            Self::TooManyLinks { .. } => Advice::new("point it to the file itself"),
            Self::SidecarUnusable { advice, .. } => advice.clone(),
            Self::SidecarInvalid { .. } => Advice::new("correct the sidecar"),
        }
    }
}

/// What a directory is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum DirectoryRole {
    /// Plugins are found in it.
    Plugins,
    /// Copies of them are put into it.
    Staging,
    /// What probes find is kept in it, and what plugins keep.
    State,
}

impl fmt::Display for DirectoryRole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Plugins => "plugin directory",
            Self::Staging => "staging directory",
            Self::State => "state directory",
        })
    }
}

/// Why a directory cannot be used as what it is for. It displays as the fact alone.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum DirectoryError {
    /// It is not there, or may not be read.
    #[error("cannot be read: {reason}")]
    Unreadable {
        /// What it is for.
        role: DirectoryRole,
        /// What the system said.
        reason: io::Error,
    },
    /// It is something else.
    #[error("not a directory")]
    NotADirectory {
        /// What it is for.
        role: DirectoryRole,
    },
    /// It is empty, and on another file system than it was.
    #[error("on another file system than before, and empty")]
    Unmounted {
        /// What it is for.
        role: DirectoryRole,
    },
}

impl Refusal for DirectoryError {
    fn code(&self) -> &'static str {
        match self {
            Self::Unreadable { .. } => "unreadable",
            Self::NotADirectory { .. } => "not_a_directory",
            Self::Unmounted { .. } => "unmounted",
        }
    }

    fn advice(&self) -> Advice {
        let of_role = |role: &DirectoryRole| {
            Advice::new(match role {
                DirectoryRole::Plugins => "name the directory that holds the plugins",
                DirectoryRole::Staging => "name a directory for the copies",
                DirectoryRole::State => "name a directory for what is kept",
            })
        };
        match self {
            Self::Unreadable { role, reason } => Cause::of(reason).advice("read it", of_role(role)),
            Self::NotADirectory { role } => of_role(role),
            Self::Unmounted { .. } => {
                Advice::new("mount what was there, or restart the host if it is meant to be empty")
            }
        }
    }
}
