//! Why a directory could not be loaded at all.

use std::fmt;
use std::path::PathBuf;

use crate::loader::admit::AdmitError;
use crate::loader::discover::{DirectoryError, DirectoryRole};
use crate::loader::refusal::{Advice, OptionNames, Refusal, method};

/// Why a directory could not be loaded at all.
///
/// It displays as one line: what was found and what to do about it.
#[derive(Debug)]
#[non_exhaustive]
pub enum LoadDirError {
    /// It cannot be read, or is no directory.
    Unusable {
        /// What it is for.
        role: DirectoryRole,
        /// The directory, as it was named.
        path: PathBuf,
        /// What is wrong with it.
        refusal: DirectoryError,
    },
    /// Others could put plugins into it.
    Untrusted {
        /// What it is for.
        role: DirectoryRole,
        /// The directory, absolute and without links.
        path: PathBuf,
        /// Who could, and how.
        refusal: AdmitError,
    },
}

impl LoadDirError {
    /// What is wrong with the directory.
    #[must_use]
    pub fn refusal(&self) -> &dyn Refusal {
        match self {
            Self::Unusable { refusal, .. } => refusal,
            Self::Untrusted { refusal, .. } => refusal,
        }
    }

    /// What to do about it.
    #[must_use]
    pub fn advice(&self) -> Advice {
        self.refusal().advice()
    }

    /// What was found and what to do about it, on one line, with the names that `names` has for
    /// options.
    #[must_use]
    pub fn sentence(&self, names: OptionNames) -> String {
        let (Self::Unusable { role, path, .. } | Self::Untrusted { role, path, .. }) = self;
        let fact = format!("{role} {}: {}", path.display(), self.refusal());
        self.advice().after(&fact, names)
    }
}

impl fmt::Display for LoadDirError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.sentence(method))
    }
}

impl std::error::Error for LoadDirError {}
