//! Why a file was not loaded: one enum per stage.

use std::fmt;
use std::io;
use std::path::PathBuf;

use serde::Serialize;
use thiserror::Error;

use super::inspect::Problem;
use super::probe::ProbeError;

/// The stages a file goes through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Stage {
    /// Finding the file and its sidecar.
    Discover,
    /// Reading what its bytes say.
    Inspect,
    /// Having another process load it first.
    Probe,
    /// Opening the library.
    Open,
    /// Constructing its runners.
    Connect,
    /// Adding them to the router.
    Register,
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Discover => "discover",
            Self::Inspect => "inspect",
            Self::Probe => "probe",
            Self::Open => "open",
            Self::Connect => "connect",
            Self::Register => "register",
        })
    }
}

/// Why a directory could not be loaded at all.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum LoadDirError {
    /// It is not there, or may not be read.
    #[error("plugin directory {}: {source}", path.display())]
    Unreadable {
        /// The directory.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// It is something else.
    #[error("plugin directory {}: not a directory; name the directory that holds the plugins", path.display())]
    NotADirectory {
        /// The path.
        path: PathBuf,
    },
}

/// Why one file was not loaded.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum LoadError {
    /// At [`Stage::Discover`].
    #[error(transparent)]
    Discover(#[from] DiscoverError),
    /// At [`Stage::Inspect`].
    #[error(transparent)]
    Inspect(#[from] InspectError),
    /// At [`Stage::Probe`].
    #[error(transparent)]
    Probe(#[from] ProbeError),
    /// At [`Stage::Open`].
    #[error(transparent)]
    Open(#[from] OpenError),
    /// At [`Stage::Connect`].
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// At [`Stage::Register`].
    #[error(transparent)]
    Register(#[from] RegisterError),
}

impl LoadError {
    /// The stage that refused the file.
    #[must_use]
    pub fn stage(&self) -> Stage {
        match self {
            Self::Discover(_) => Stage::Discover,
            Self::Inspect(_) => Stage::Inspect,
            Self::Probe(_) => Stage::Probe,
            Self::Open(_) => Stage::Open,
            Self::Connect(_) => Stage::Connect,
            Self::Register(_) => Stage::Register,
        }
    }
}

/// Why a file is no candidate.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum DiscoverError {
    /// It cannot be read.
    #[error("cannot be read: {source}")]
    Unreadable {
        /// What the system said.
        source: io::Error,
    },
    /// It is not a regular file.
    #[error("{found}, expected a regular file")]
    NotAFile {
        /// What it is.
        found: &'static str,
    },
    /// Its sidecar cannot be read.
    #[error("its sidecar {file} cannot be read: {source}")]
    SidecarUnreadable {
        /// The sidecar's name.
        file: String,
        /// What the system said.
        source: io::Error,
    },
    /// Its sidecar is wrong.
    #[error("its sidecar {file}, line {line}: {reason}")]
    SidecarInvalid {
        /// The sidecar's name.
        file: String,
        /// The line, from 1.
        line: usize,
        /// What is wrong.
        reason: String,
    },
}

/// Why a file's bytes speak against loading it.
#[derive(Debug, Error)]
#[error("{}", all(problems))]
pub struct InspectError {
    /// Everything that was found.
    pub problems: Vec<Problem>,
}

fn all(problems: &[Problem]) -> String {
    problems
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join("; ")
}

/// Why a library could not be opened.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The system's loader refused it.
    #[error("the system cannot load it: {reason}")]
    Refused {
        /// The loader's words.
        reason: String,
    },
    /// It has a stamp but no root module.
    #[error("it has a stamp but no root module: build it with export_plugin!")]
    NoRootModule,
    /// Its root module is not what the stamp promises.
    #[error("its root module cannot be used: {reason}")]
    Header {
        /// abi_stable's words, the first line of them.
        reason: String,
    },
    /// Its types are laid out in another way.
    #[error(
        "built with other layouts of ABI 1 ({found:016x}, this host has {expected:016x}): \
         build it with a released solti-plugin-abi"
    )]
    Layouts {
        /// The digest of the plugin's layouts.
        found: u64,
        /// The digest of the host's.
        expected: u64,
    },
}

/// Why a plugin could not be connected.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// Its constructor returned an error.
    #[error("{reason}")]
    Refused {
        /// The plugin's words.
        reason: String,
    },
    /// Its constructor panicked.
    #[error("plugin '{plugin}' panicked while it was constructed: {reason}")]
    Panicked {
        /// The plugin.
        plugin: String,
        /// The panic's message and place.
        reason: String,
    },
    /// It is not the plugin its stamp describes.
    #[error("its stamp says {what} {stamped:?}, the plugin itself says {found:?}: build it again")]
    NotAsStamped {
        /// What differs.
        what: &'static str,
        /// As the stamp has it.
        stamped: String,
        /// As the plugin has it.
        found: String,
    },
}

/// Why a plugin was not registered.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum RegisterError {
    /// A plugin of that name is there already.
    #[error("a plugin named '{name}' was already loaded from {first}: remove one of the two")]
    DuplicateName {
        /// The name.
        name: String,
        /// The file that has it.
        first: String,
    },
}
