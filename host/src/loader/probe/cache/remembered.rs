//! What is remembered of a probe.

use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

/// A failure that a busy machine may have caused stands for this long.
const RETRY_AFTER: Duration = Duration::from_secs(60 * 60);

/// What a probe found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RememberedProbe {
    /// The SHA-256 of the file's bytes, in hexadecimal digits.
    pub digest: String,
    /// The plugin's name.
    pub plugin: String,
    /// The plugin's version.
    pub version: String,
    /// When it was found.
    pub at: SystemTime,
    /// What went wrong; `None` when the plugin passed.
    pub failure: Option<String>,
    /// Whether a busy machine may have been the cause of the failure.
    pub(in crate::loader::probe) transient: bool,
}

impl RememberedProbe {
    pub(super) fn still_stands(&self) -> bool {
        let age = SystemTime::now().duration_since(self.at);
        !self.transient || age.is_ok_and(|age| age < RETRY_AFTER)
    }
}
