//! Why a file was not loaded: one enum per stage.

mod advice;
mod code;
mod directory;
mod policy;
mod stage;

use std::fmt;
use std::io;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use thiserror::Error;

pub use super::inspect::InspectError;
use super::probe::ProbeError;
use super::refusal;

pub use directory::{DirectoryRole, LoadDirError};
pub use policy::{Place, PolicyError};
pub use stage::StageError;

/// The stages a file goes through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Stage {
    /// Finding the file and its sidecar.
    Discover,
    /// Reading what its bytes say.
    Inspect,
    /// Asking who may have written it.
    Policy,
    /// Copying it to where it cannot change.
    Stage,
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
            Self::Policy => "policy",
            Self::Stage => "stage",
            Self::Probe => "probe",
            Self::Open => "open",
            Self::Connect => "connect",
            Self::Register => "register",
        })
    }
}

/// Why one file was not loaded.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum LoadError {
    /// At [`Stage::Discover`].
    #[error(transparent)]
    Discover(#[from] DiscoverError),
    /// At [`Stage::Inspect`].
    #[error("{}", refusal::sentence(.0, refusal::method))]
    Inspect(#[from] InspectError),
    /// At [`Stage::Policy`].
    #[error(transparent)]
    Policy(#[from] PolicyError),
    /// At [`Stage::Stage`].
    #[error(transparent)]
    Stage(#[from] StageError),
    /// At [`Stage::Probe`].
    #[error("{}", of_probe(.0))]
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
            Self::Policy(_) => Stage::Policy,
            Self::Stage(_) => Stage::Stage,
            Self::Probe(_) => Stage::Probe,
            Self::Open(_) => Stage::Open,
            Self::Connect(_) => Stage::Connect,
            Self::Register(_) => Stage::Register,
        }
    }
}

fn of_probe(err: &ProbeError) -> String {
    match err {
        // These have their advice in their text.
        ProbeError::Open(_) | ProbeError::Connect(_) => err.to_string(),
        _ => refusal::sentence(err, refusal::method),
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
    /// It is a link to nothing.
    #[error(
        "a link to {}, which is not there: point it to a file or remove it",
        target.display()
    )]
    DanglingLink {
        /// What it links to.
        target: PathBuf,
    },
    /// It is a link that leads back to itself.
    #[error(
        "a link to {}, which leads back to it: point it to a file or remove it",
        target.display()
    )]
    LinkLoop {
        /// What it links to.
        target: PathBuf,
    },
    /// Its sidecar may not be used.
    #[error("its sidecar {file} cannot be used: {reason}")]
    SidecarUnusable {
        /// The sidecar's name.
        file: String,
        /// Why.
        reason: String,
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

/// Why a library could not be opened.
#[derive(Debug, Error, Serialize, Deserialize)]
#[non_exhaustive]
pub enum OpenError {
    /// The system's loader refused it.
    #[error("the system cannot load it: {reason}{}", advice::of_the_system(reason))]
    Refused {
        /// The loader's words.
        reason: String,
    },
    /// The system knows a library by that name already, and would return it instead.
    #[error(
        "the system already has a library called {}: restart the host",
        path.display()
    )]
    NameTaken {
        /// The name.
        path: PathBuf,
    },
    /// Another library would be bound to this one instead of the one it was built for, or the other
    /// way round.
    #[error("{reason}: build the one that is called so without a SONAME")]
    SonameTaken {
        /// Who is mistaken for whom.
        reason: String,
    },
    /// Something else was opened than what was checked.
    #[error("the system opened another file than the one that was checked: restart the host")]
    NotTheStagedFile,
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
#[derive(Debug, Error, Serialize, Deserialize)]
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
        what: String,
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
    #[error(
        "a plugin named '{name}' was already loaded from {first}: \
         remove one of the two, or give it another name in its sidecar"
    )]
    DuplicateName {
        /// The name.
        name: String,
        /// The file that has it.
        first: String,
    },
}
