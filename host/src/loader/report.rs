//! What became of each file of a directory.

mod metrics;
mod skipped;

use std::fmt;
use std::path::PathBuf;

use serde::{Serialize, Serializer};
use solti_model::Labels;
use solti_plugin_abi::Kinds;
use tracing::warn;

use super::error::{LoadError, Stage};
use super::facts::FileFacts;
use super::plain::plain;
use super::probe::ProbeOutcome;
use crate::foreign::Plugin;

pub use skipped::{SkipReason, Skipped};

/// What became of each file of a directory, in the order in which they were looked at.
///
/// It prints as lines of text and serialises to
/// `{"loaded": […], "rejected": […], "skipped": […]}`.
#[derive(Debug, Default, Serialize)]
pub struct LoadReport {
    loaded: Vec<LoadedPlugin>,
    rejected: Vec<Rejected>,
    skipped: Vec<Skipped>,
}

/// A plugin whose runners are in the router.
#[derive(Debug, Serialize)]
#[non_exhaustive]
pub struct LoadedPlugin {
    /// The file's name.
    pub file: String,
    /// The file's absolute path.
    #[serde(skip)]
    pub path: PathBuf,
    /// The plugin's name.
    pub plugin: String,
    /// The plugin's version.
    pub version: String,
    /// The version of the ABI it was built for.
    pub abi: u32,
    /// Its runners, in routing order.
    pub runners: Vec<LoadedRunner>,
    /// Whether another process had loaded it before.
    pub probe: ProbeOutcome,
    /// What was measured of the file.
    #[serde(flatten)]
    pub facts: FileFacts,
    /// The running plugin.
    #[serde(skip)]
    pub handle: Plugin,
}

/// A runner of a loaded plugin.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct LoadedRunner {
    /// The runner's name.
    pub name: String,
    /// The kinds it takes; a list of names in JSON.
    #[serde(serialize_with = "kind_names")]
    pub kinds: Kinds,
    /// The labels it is registered with.
    pub labels: Labels,
}

pub(super) fn kind_names<S: Serializer>(kinds: &Kinds, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(kinds.names())
}

/// A file that was not loaded because something is wrong with it.
#[derive(Debug)]
#[non_exhaustive]
pub struct Rejected {
    /// The file's name.
    pub file: String,
    /// What is wrong, and at which stage it was found.
    pub error: LoadError,
    /// What was measured of the file before it was refused.
    pub facts: FileFacts,
}

impl Rejected {
    /// Why, on one line. What a file or a plugin has said is in it as text: control characters are
    /// escaped.
    #[must_use]
    pub fn reason(&self) -> String {
        plain(&self.error.to_string())
    }
}

impl Serialize for Rejected {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        /// The fields of the object.
        #[derive(Serialize)]
        struct Form<'a> {
            file: &'a str,
            stage: Stage,
            code: &'static str,
            reason: String,
            advice: String,
            #[serde(flatten)]
            facts: &'a FileFacts,
        }
        Form {
            file: &self.file,
            stage: self.error.stage(),
            code: self.error.code(),
            reason: self.reason(),
            advice: self.error.advice(),
            facts: &self.facts,
        }
        .serialize(serializer)
    }
}

impl LoadReport {
    /// The plugins whose runners are in the router.
    #[must_use]
    pub fn loaded(&self) -> &[LoadedPlugin] {
        &self.loaded
    }

    /// The files with something wrong.
    #[must_use]
    pub fn rejected(&self) -> &[Rejected] {
        &self.rejected
    }

    /// The files left alone on purpose.
    #[must_use]
    pub fn skipped(&self) -> &[Skipped] {
        &self.skipped
    }

    pub(super) fn add_loaded(&mut self, loaded: LoadedPlugin) {
        self.loaded.push(loaded);
    }

    /// The file from which the plugin `name` was loaded.
    pub(super) fn first_of(&self, name: &str) -> Option<&str> {
        let first = self.loaded.iter().find(|other| other.plugin == name)?;
        Some(&first.file)
    }

    pub(super) fn add_rejected(&mut self, rejected: Rejected) {
        let Rejected { file, error, .. } = &rejected;
        warn!(%file, stage = %error.stage(), "{}", rejected.reason());
        self.rejected.push(rejected);
    }

    pub(super) fn add_skipped(&mut self, skipped: Skipped) {
        self.skipped.push(skipped);
    }
}

impl fmt::Display for LoadReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let files = self.loaded.iter().map(|loaded| &loaded.file);
        let width = files
            .chain(self.rejected.iter().map(|rejected| &rejected.file))
            .chain(self.skipped.iter().map(|skipped| &skipped.file))
            .map(|file| file.chars().count())
            .max()
            .unwrap_or(0);
        for LoadedPlugin {
            file,
            plugin,
            version,
            runners,
            ..
        } in &self.loaded
        {
            let runners = runners
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
                .join("; ");
            let loaded = plain(&format!("{plugin} {version}: {runners}"));
            writeln!(f, "{file:width$}  loaded    {loaded}")?;
        }
        for rejected in &self.rejected {
            let (file, stage) = (&rejected.file, rejected.error.stage());
            let reason = rejected.reason();
            writeln!(f, "{file:width$}  rejected  at {stage}: {reason}")?;
        }
        for Skipped { file, reason } in &self.skipped {
            writeln!(f, "{file:width$}  skipped   {}", plain(&reason.to_string()))?;
        }
        write!(
            f,
            "{} loaded, {} rejected, {} skipped",
            self.loaded.len(),
            self.rejected.len(),
            self.skipped.len()
        )
    }
}

impl fmt::Display for LoadedRunner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}", self.name, self.kinds)?;
        for (key, value) in &self.labels {
            write!(f, ", {key}={value}")?;
        }
        f.write_str(")")
    }
}

impl fmt::Display for Rejected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}: rejected at {}: {}",
            self.file,
            self.error.stage(),
            self.reason()
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::loader::error::ConnectError;

    #[test]
    fn a_report_that_is_printed_has_a_line_for_each_file_whatever_plugins_say() {
        let mut report = LoadReport::default();
        let reason = "no\n\u{1b}[2Jpath".to_owned();
        report.add_rejected(Rejected {
            file: "a.so".to_owned(),
            error: ConnectError::Refused { reason }.into(),
            facts: FileFacts::default(),
        });
        report.add_skipped(Skipped {
            file: "b.so".to_owned(),
            reason: SkipReason::NotAllowed {
                plugin: "x\u{1b}[2J".to_owned(),
            },
        });
        assert_eq!(
            report.to_string(),
            "a.so  rejected  at connect: no / \\u{1b}[2Jpath\n\
             b.so  skipped   plugin 'x\\u{1b}[2J' is not in the host's allow-list\n\
             0 loaded, 1 rejected, 1 skipped"
        );
    }
}
