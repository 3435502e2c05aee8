//! The directory that files are in, and that of the copies: who can put files into them.

use std::fs;
use std::path::{Path, PathBuf};

use super::findings::{Ended, Findings};
use crate::loader::admit::{self, AdmitError, Place};
use crate::loader::discover::{self, DirectoryError, DirectoryRole};
use crate::loader::error::LoadDirError;
use crate::loader::options::{Options, Trust};
use crate::loader::staging;
use crate::loader::vouch::{SUMS, Sums};

/// The directory that files are in.
pub(super) struct Directory {
    /// Absolute, without links.
    pub(super) path: PathBuf,
    pub(super) sums: Sums,
}

impl Directory {
    /// Finds the directory and that of the copies, and checks that only trusted users can put files
    /// into them.
    pub(super) fn trusted(options: &Options, path: &Path) -> Result<Self, LoadDirError> {
        let path = locate(path, DirectoryRole::Plugins, &options.trust)?;
        if let Some(staging) = &options.stage_in {
            let staging = locate(staging, DirectoryRole::Staging, &options.trust)?;
            staging::remove_leftovers(&staging);
        }
        Ok(Self::new(path, &options.trust))
    }

    /// Takes what speaks against the directory, and against that of the copies, as findings.
    pub(super) fn untrusted(
        options: &Options,
        path: &Path,
        findings: &mut Findings,
    ) -> Result<Self, Ended> {
        findings.take(admit::check_directories(path, &options.trust))?;
        if let Some(staging) = &options.stage_in {
            let checked = fs::canonicalize(staging)
                .map_err(|reason| AdmitError::Unreadable {
                    place: Place::Directory(staging.clone()),
                    reason,
                })
                .and_then(|staging| admit::check_directories(&staging, &options.trust));
            findings.take(checked)?;
        }
        Ok(Self::new(path.to_owned(), &options.trust))
    }

    fn new(path: PathBuf, trust: &Trust) -> Self {
        let sums = Sums::read(admit::read_text(&path.join(SUMS), trust));
        Self { path, sums }
    }
}

fn locate(path: &Path, role: DirectoryRole, trust: &Trust) -> Result<PathBuf, LoadDirError> {
    let found = discover::locate(path, role).map_err(|err| unusable(role, path, err))?;
    match admit::check_directories(&found, trust) {
        Ok(()) => Ok(found),
        Err(refusal) => Err(LoadDirError::Untrusted {
            role,
            path: found,
            refusal,
        }),
    }
}

pub(super) fn unusable(role: DirectoryRole, path: &Path, refusal: DirectoryError) -> LoadDirError {
    LoadDirError::Unusable {
        role,
        path: path.to_owned(),
        refusal,
    }
}
