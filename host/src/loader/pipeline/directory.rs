//! The directory that files are in, and that of the copies: who can put files into them.

use std::fs;
use std::io;
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
        if let Some(state) = &options.probe.state {
            check_state(state, &options.trust)?;
        }
        Ok(Self::new(path, options))
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
                .and_then(|real| {
                    admit::check_directories(&real, &options.trust)?;
                    admit::check_way(staging, &options.trust)
                });
            findings.take(checked)?;
        }
        Ok(Self::new(path.to_owned(), options))
    }

    fn new(path: PathBuf, options: &Options) -> Self {
        let text = admit::read_text(&path.join(SUMS), &options.trust);
        let sums = Sums::read(text, options.require_sums);
        Self { path, sums }
    }
}

fn locate(path: &Path, role: DirectoryRole, trust: &Trust) -> Result<PathBuf, LoadDirError> {
    let found = discover::locate(path, role).map_err(|err| unusable(role, path, err))?;
    let checked = admit::check_directories(&found, trust)
        // As it was named, it may lead through other directories.
        .and_then(|()| admit::check_way(path, trust));
    match checked {
        Ok(()) => Ok(found),
        Err(refusal) => Err(LoadDirError::Untrusted {
            role,
            path: found,
            refusal,
        }),
    }
}

/// Whoever can write to it vouches for plugins. It need not be there: then it is made for this user
/// alone.
fn check_state(state: &Path, trust: &Trust) -> Result<(), LoadDirError> {
    let role = DirectoryRole::State;
    let untrusted = |refusal| LoadDirError::Untrusted {
        role,
        path: state.to_owned(),
        refusal,
    };
    admit::check_way(state, trust).map_err(untrusted)?;
    match discover::locate(state, role) {
        Ok(found) => admit::check_directories(&found, trust).map_err(untrusted),
        Err(DirectoryError::Unreadable { reason, .. })
            if reason.kind() == io::ErrorKind::NotFound =>
        {
            Ok(())
        }
        Err(refusal) => Err(unusable(role, state, refusal)),
    }
}

pub(super) fn unusable(role: DirectoryRole, path: &Path, refusal: DirectoryError) -> LoadDirError {
    LoadDirError::Unusable {
        role,
        path: path.to_owned(),
        refusal,
    }
}
