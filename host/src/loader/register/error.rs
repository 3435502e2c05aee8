//! Why a plugin was not registered.

use thiserror::Error;

use crate::loader::refusal::{Advice, Refusal};

/// Why a plugin was not registered. It displays as the fact alone.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum RegisterError {
    /// A plugin of that name is there already.
    #[error("a plugin named '{name}' was already loaded from {first}")]
    DuplicateName {
        /// The name.
        name: String,
        /// The file that has it.
        first: String,
    },
}

impl Refusal for RegisterError {
    fn code(&self) -> &'static str {
        match self {
            Self::DuplicateName { .. } => "duplicate_name",
        }
    }

    fn advice(&self) -> Advice {
        match self {
            Self::DuplicateName { .. } => {
                Advice::new("remove one of the two, or give it another name in its sidecar")
            }
        }
    }
}
