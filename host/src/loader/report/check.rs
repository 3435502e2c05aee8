//! What would become of files.

use std::path::PathBuf;

use serde::Serialize;

use super::directory::{Accepted, Report};
use super::json::path;
use super::runner::{OfferedRunner, summary};
use crate::loader::measure::Measurements;
use crate::loader::probe::ProbeOutcome;
use crate::loader::skip::{SkipReason, Skipped};

/// What would become of each file of a directory, or of one file.
pub type CheckReport = Report<PassedPlugin>;

/// A file that nothing speaks against.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct PassedPlugin {
    /// The file's name.
    pub file: String,
    /// Its absolute path in the plugin directory.
    #[serde(serialize_with = "path")]
    pub path: PathBuf,
    /// The plugin's name.
    pub plugin: String,
    /// The plugin's version.
    pub version: String,
    /// The version of the ABI it was built for.
    pub abi: u32,
    /// Its runners, in routing order.
    pub runners: Vec<OfferedRunner>,
    /// Whether another process has loaded it.
    pub probe: ProbeOutcome,
    /// How much it takes of the memory that a process has for thread-locals with a fixed place, in
    /// bytes: see [`static_tls_room`](crate::inspect::static_tls_room).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub static_tls_bytes: Option<u64>,
    /// What was measured of the file.
    #[serde(flatten)]
    pub measurements: Measurements,
}

impl CheckReport {
    /// The files that nothing speaks against.
    #[must_use]
    pub fn passed(&self) -> &[PassedPlugin] {
        &self.accepted
    }

    /// Leaves all files alone that nothing else speaks against.
    pub(in crate::loader) fn skip_passed(&mut self, reason: &SkipReason) {
        for passed in self.accepted.drain(..) {
            self.skipped.push(Skipped {
                file: passed.file,
                path: passed.path,
                reason: reason.clone(),
            });
        }
    }
}

impl Accepted for PassedPlugin {
    const OUTCOME: &'static str = "passed";

    fn file(&self) -> &str {
        &self.file
    }

    fn plugin(&self) -> &str {
        &self.plugin
    }

    fn runners(&self) -> &[OfferedRunner] {
        &self.runners
    }

    fn summary(&self) -> String {
        summary(&self.plugin, &self.version, &self.runners)
    }
}
