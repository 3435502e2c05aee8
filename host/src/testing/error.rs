//! Why there is no plugin to test.

use std::fmt;
use std::path::PathBuf;
use std::{io, process::ExitStatus};

use thiserror::Error;

use crate::LoadDirError;
use crate::options::ConfigError;

/// Why there is no plugin to test. Its `Debug` form, which `unwrap` prints, is the same sentence.
#[derive(Error)]
#[non_exhaustive]
pub enum NotLoaded {
    /// The test is not run by cargo, which says where the package is.
    #[error(
        "CARGO_MANIFEST_DIR is not set: run this test by `cargo test`, or open a file that is built by \
         `Loaded::open`"
    )]
    NoPackage,
    /// Cargo cannot be run.
    #[error("cargo cannot be run to build the plugin: {0}")]
    NoCargo(#[source] io::Error),
    /// Cargo has failed, and has said why.
    #[error("the plugin cannot be built: cargo ended with {0}, and has said why above")]
    NotBuilt(ExitStatus),
    /// Cargo has built no shared library.
    #[error(
        "{} makes no shared library: it needs `crate-type = [\"cdylib\"]` under `[lib]`",
        .0.display()
    )]
    NoLibrary(PathBuf),
    /// The file cannot be copied to where it is loaded from.
    #[error("{}: {reason}", path.display())]
    NotCopied {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        reason: io::Error,
    },
    /// The host cannot use the directory of the copy.
    #[error(transparent)]
    Directory(#[from] LoadDirError),
    /// What is to be its configuration is none.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The host refuses the file.
    #[error("{}: rejected: {reason}. {advice}", path.display())]
    Rejected {
        /// The file.
        path: PathBuf,
        /// What the host says.
        reason: String,
        /// What to do about it.
        advice: String,
    },
}

impl fmt::Debug for NotLoaded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
