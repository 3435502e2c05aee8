//! What the process of one rule is told.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::tasks::Tasks;

/// What the process of one rule is told.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Request {
    /// The name of the rule.
    pub(super) rule: String,
    /// A directory with the plugin, and another with the same plugin under another name.
    pub(super) plugins: PathBuf,
    pub(super) again: PathBuf,
    /// A directory for this process alone.
    pub(super) own: PathBuf,
    /// The plugin's configuration, by the name that it has as a plugin.
    pub(super) config: Map<String, Value>,
    pub(super) workers: Option<u32>,
    /// The kinds that the plugin says it takes.
    pub(super) kinds: Vec<String>,
    pub(super) tasks: Tasks,
}

impl Request {
    /// Where the verdict is written.
    pub(super) fn verdict(&self) -> PathBuf {
        self.own.join("verdict.json")
    }
}
