//! What would become of files, without any of them becoming part of the host.

use std::path::Path;

use serde::Serialize;
use solti_plugin_abi::Kinds;

use super::PluginLoader;
use super::discover::{self, Found};
use super::error::LoadDirError;
use super::facts::FileFacts;
use super::policy::Sums;
use super::prepare::Prepared;
use super::report::{Rejected, Skipped, kind_names};

/// What would become of files.
///
/// It serialises to `{"passed": […], "rejected": […], "skipped": […]}`.
#[derive(Debug, Default, Serialize)]
#[non_exhaustive]
pub struct CheckReport {
    /// The files that nothing speaks against.
    pub passed: Vec<Passed>,
    /// The files with something wrong.
    pub rejected: Vec<Rejected>,
    /// The files left alone on purpose.
    pub skipped: Vec<Skipped>,
}

/// A file that nothing speaks against.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct Passed {
    /// The file's name.
    pub file: String,
    /// The plugin's name.
    pub plugin: String,
    /// The plugin's version.
    pub version: String,
    /// The version of the ABI it was built for.
    pub abi: u32,
    /// Its runners, in routing order.
    pub runners: Vec<PassedRunner>,
    /// What was measured of the file.
    #[serde(flatten)]
    pub facts: FileFacts,
}

/// A runner that a plugin's stamp names.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct PassedRunner {
    /// The runner's name.
    pub name: String,
    /// The kinds it takes; a list of names in JSON.
    #[serde(serialize_with = "kind_names")]
    pub kinds: Kinds,
}

impl PluginLoader {
    /// Does all with a directory, or with one file, that is done before a plugin is opened in this
    /// process, and nothing more: no plugin of it is loaded.
    ///
    /// # Errors
    ///
    /// [`LoadDirError`] when `path`, or the directory it is in, cannot be read or is not trusted. A
    /// bad file is no error here: it is listed in the report.
    pub fn check(&self, path: impl AsRef<Path>) -> Result<CheckReport, LoadDirError> {
        let path = path.as_ref();
        let (directory, found) = if path.is_dir() {
            let directory = self.locate(path)?;
            let found = discover::discover(&directory, &self.policy)?;
            (directory, found)
        } else {
            let parent = match path.parent() {
                Some(parent) if parent != Path::new("") => parent,
                _ => Path::new("."),
            };
            let directory = self.locate(parent)?;
            let name = path.file_name().unwrap_or(path.as_os_str());
            let found = discover::look_at(&directory.join(name), &self.policy);
            (directory, vec![found])
        };
        let sums = Sums::of(&directory, &self.policy);
        let mut report = CheckReport::default();
        for found in found {
            self.check_found(found, &sums, &mut report);
        }
        Ok(report)
    }

    fn check_found(&self, found: Found, sums: &Sums, report: &mut CheckReport) {
        let candidate = match found {
            Found::Candidate(candidate) => candidate,
            Found::Skipped(skipped) => return report.skipped.push(skipped),
            Found::Rejected(file, error) => {
                let facts = FileFacts::default();
                return report.rejected.push(Rejected { file, error, facts });
            }
        };
        let mut facts = FileFacts::default();
        let first_of = |name: &str| {
            let first = report.passed.iter().find(|passed| passed.plugin == name)?;
            Some(first.file.as_str())
        };
        let prepared = self.prepare(&candidate, sums, first_of, &mut facts);
        let file = candidate.file;
        match prepared {
            Ok(Prepared::Ready(ready)) => report.passed.push(Passed {
                file,
                plugin: ready.stamp.plugin,
                version: ready.stamp.version,
                abi: ready.stamp.abi,
                runners: ready
                    .stamp
                    .runners
                    .into_iter()
                    .map(|runner| PassedRunner {
                        name: runner.name,
                        kinds: runner.kinds,
                    })
                    .collect(),
                facts,
            }),
            Ok(Prepared::Skipped(reason)) => report.skipped.push(Skipped { file, reason }),
            Err(error) => report.rejected.push(Rejected { file, error, facts }),
        }
    }
}
