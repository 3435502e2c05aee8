//! What became of files that were to be loaded.

use std::path::PathBuf;

use serde::Serialize;

use super::directory::{Accepted, Report};
use super::json::path;
use super::runner::{OfferedRunner, summary};
use crate::foreign::Plugin;
use crate::loader::measure::Measurements;
use crate::loader::probe::ProbeOutcome;

/// What became of each file of a directory that was loaded.
pub type LoadReport = Report<LoadedPlugin>;

/// A plugin whose runners are in the router.
#[derive(Debug, Serialize)]
#[non_exhaustive]
pub struct LoadedPlugin {
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
    /// Whether another process had loaded it before.
    pub probe: ProbeOutcome,
    /// What was measured of the file.
    #[serde(flatten)]
    pub measurements: Measurements,
    /// The running plugin.
    #[serde(skip)]
    pub handle: Plugin,
}

impl LoadReport {
    /// The plugins whose runners are in the router.
    #[must_use]
    pub fn loaded(&self) -> &[LoadedPlugin] {
        &self.accepted
    }
}

impl Accepted for LoadedPlugin {
    const OUTCOME: &'static str = "loaded";

    fn file(&self) -> &str {
        &self.file
    }

    fn plugin(&self) -> &str {
        &self.plugin
    }

    fn summary(&self) -> String {
        summary(&self.plugin, &self.version, &self.runners)
    }
}
