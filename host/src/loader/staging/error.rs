//! Why a file could not be copied to where it cannot change.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

use crate::loader::refusal::{Advice, Cause, LoaderOption, Refusal};

/// Why a file could not be copied to where it cannot change. It displays as the fact alone.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StagingError {
    /// The copy cannot be written.
    #[error("it cannot be copied to {}: {reason}", directory.display())]
    Unwritable {
        /// Where the copy should be.
        directory: PathBuf,
        /// What the system said.
        reason: io::Error,
    },
}

impl Refusal for StagingError {
    fn code(&self) -> &'static str {
        match self {
            Self::Unwritable { .. } => "unwritable",
        }
    }

    fn advice(&self) -> Advice {
        match self {
            Self::Unwritable { directory, reason } => Cause::of(reason).advice(
                &format!("write to {}", directory.display()),
                Advice::new("stage in another directory").with(LoaderOption::StageIn),
            ),
        }
    }
}
