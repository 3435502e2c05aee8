//! What became of files that were to be loaded.

use std::fmt::Write as _;
use std::path::PathBuf;

use serde::Serialize;
use solti_plugin_abi::config::ConfigSchema;

use super::directory::{Accepted, Report};
use super::json::path;
use super::runner::{OfferedRunner, summary};
use crate::foreign::Plugin;
use crate::loader::measure::Measurements;
use crate::loader::probe::ProbeOutcome;
use crate::loader::vouch::Signature;
use crate::services::instruments::{exposition, label_value};

/// What became of each file of a directory that was loaded.
pub type LoadReport = Report<LoadedPlugin>;

/// A plugin whose runners are in the router.
#[derive(Debug, Clone, Serialize)]
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
    /// What its configuration may be; `None` where it does not say.
    #[serde(skip)]
    pub config: Option<ConfigSchema>,
    /// Who vouches for it; `None` where the host has no key to check that with.
    #[serde(skip)]
    pub signature: Option<Signature>,
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

    /// What the loaded plugins have measured with instruments of their own by now, as text in Prometheus'
    /// exposition format: each name after `plugin_`, each sample with the plugin's name as a label. Then
    /// what of it was left out, and how many of their log records were lost.
    #[must_use]
    pub fn plugin_metrics(&self) -> String {
        let of = |it: &'_ LoadedPlugin| it.handle.measured();
        let mut text = exposition(self.loaded().iter().map(|it| (&*it.plugin, of(it))));
        type Count = fn(&Plugin) -> u64;
        let lost: [(_, _, Count); 2] = [
            (
                "solti_plugin_measurements_left_out_total",
                "Measurements of plugins that were over a limit, or none at all.",
                Plugin::measurements_left_out,
            ),
            (
                "solti_plugin_log_records_lost_total",
                "Log records of plugins that the log took too slowly.",
                Plugin::records_lost,
            ),
        ];
        for (name, help, count) in lost {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} counter");
            for it in self.loaded() {
                let plugin = label_value(&it.plugin);
                let _ = writeln!(text, "{name}{{plugin=\"{plugin}\"}} {}", count(&it.handle));
            }
        }
        text
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

    fn runners(&self) -> &[OfferedRunner] {
        &self.runners
    }

    fn summary(&self) -> String {
        summary(&self.plugin, &self.version, &self.runners)
    }
}
