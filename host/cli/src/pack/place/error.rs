//! Why nothing is changed in a directory.

use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

/// Why nothing is changed in a directory. It displays as what was found and what to do.
#[derive(Debug, Error)]
pub(crate) enum PlaceError {
    /// The system does not do something.
    #[error("{} cannot be {what}", path.display())]
    System {
        /// The file or directory.
        path: PathBuf,
        /// What should have been done with it.
        what: &'static str,
        /// What the system says.
        source: io::Error,
    },
    /// The name of a file is taken by something that was not installed.
    #[error("{} is {found}; remove it, or install into another directory", path.display())]
    Taken {
        /// Where it is.
        path: PathBuf,
        /// What it is.
        found: String,
    },
    /// Another file is the plugin.
    #[error(
        "{} is the plugin {plugin} already; remove it, or rename it to {wanted}",
        path.display()
    )]
    OtherFile {
        /// That file.
        path: PathBuf,
        /// The plugin.
        plugin: String,
        /// The name that its file would have.
        wanted: String,
    },
    /// The loader refuses what would be there.
    #[error("{0}")]
    Refused(String),
    /// There is no earlier version.
    #[error(
        "{} keeps no earlier version of {plugin}; one is kept when `solti-host install` replaces it",
        directory.display()
    )]
    NothingKept {
        /// The directory.
        directory: PathBuf,
        /// The plugin.
        plugin: String,
    },
    /// The earlier version is not what was kept.
    #[error(
        "the version of {plugin} that was kept is damaged: its digest was {kept} and is {found}"
    )]
    KeptDamaged {
        /// The plugin.
        plugin: String,
        /// The digest that was kept.
        kept: String,
        /// The digest that it has.
        found: String,
    },
}

impl PlaceError {
    /// Turns what the system says of `path`, which was to be `what`, into an error.
    pub(super) fn of<'a>(
        path: &'a Path,
        what: &'static str,
    ) -> impl Fn(io::Error) -> Self + Copy + 'a {
        move |source| Self::System {
            path: path.to_owned(),
            what,
            source,
        }
    }
}
