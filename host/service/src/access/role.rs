//! What a token lets its holder do.

use std::fmt;

use serde::Deserialize;

/// What a token lets its holder do. Each may do what the ones before it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Role {
    /// Look at tasks, their output, plugins and metrics.
    Read,
    /// Have tasks run, cancel and delete them.
    Submit,
    /// Have plugins looked at and put back.
    Admin,
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Read => "read",
            Self::Submit => "submit",
            Self::Admin => "admin",
        })
    }
}
