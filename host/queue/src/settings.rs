//! What all hosts of a queue share.

use serde::{Deserialize, Serialize};

/// What all hosts of a queue share.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[non_exhaustive]
pub struct Settings {
    /// After how many milliseconds without a word from a host its tasks are given to others.
    pub lease: u64,
    /// How often a task is delivered at most before it is a dead letter.
    pub deliveries: u64,
    /// After how many milliseconds a task that nobody can take is told as such.
    pub unclaimed: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            lease: 30_000,
            deliveries: 5,
            unclaimed: 60_000,
        }
    }
}
