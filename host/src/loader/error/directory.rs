//! Why a directory could not be loaded at all.

use std::fmt;
use std::io;
use std::path::PathBuf;

use thiserror::Error;

use super::PolicyError;

/// What a directory is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum DirectoryRole {
    /// Plugins are found in it.
    Plugins,
    /// Copies of them are put into it.
    Staging,
}

impl fmt::Display for DirectoryRole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Plugins => "plugin directory",
            Self::Staging => "staging directory",
        })
    }
}

/// Why a directory could not be loaded at all.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum LoadDirError {
    /// It is not there, or may not be read.
    #[error("{role} {}: {source}", path.display())]
    Unreadable {
        /// What it is for.
        role: DirectoryRole,
        /// The directory.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// It is something else.
    #[error("{role} {}: not a directory; name {}", path.display(), match role {
        DirectoryRole::Plugins => "the directory that holds the plugins",
        DirectoryRole::Staging => "a directory for the copies",
    })]
    NotADirectory {
        /// What it is for.
        role: DirectoryRole,
        /// The path.
        path: PathBuf,
    },
    /// Others could put plugins into it.
    #[error("{role} {}: {source}", path.display())]
    Untrusted {
        /// What it is for.
        role: DirectoryRole,
        /// The directory.
        path: PathBuf,
        /// Who could, and how.
        source: PolicyError,
    },
}
