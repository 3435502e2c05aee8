//! What would become of files, without any of them becoming part of the host.

use std::path::Path;

use serde::Serialize;
use solti_plugin_abi::Kinds;

use super::PluginLoader;
use super::discover;
use super::error::{LoadDirError, LoadError};
use super::facts::FileFacts;
use super::policy::Sums;
use super::probe::Probe;
use super::register;
use super::report::{Rejected, Skipped, kind_names};
use super::sonames::Sonames;
use super::tried::{Sound, Tried};

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
    /// Whether another process has loaded it.
    pub probe: Probe,
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
        let mut sonames = Sonames::opened();
        self.try_all(found, &sums, |tried| report.add(tried, &mut sonames));
        Ok(report)
    }
}

impl CheckReport {
    fn add(&mut self, tried: Tried, sonames: &mut Sonames) {
        let sound = match tried {
            Tried::Sound(sound) => sound,
            Tried::Rejected(rejected) => return self.rejected.push(*rejected),
            Tried::Skipped(skipped) => return self.skipped.push(skipped),
        };
        let name = &sound.ready.name;
        let first = self.passed.iter().find(|passed| passed.plugin == *name);
        let first = first.map(|passed| passed.file.as_str());
        let (file, needs) = (&sound.candidate.file, &sound.ready.needs);
        let checked = register::check_name(name, first)
            .map_err(LoadError::from)
            .and_then(|()| Ok(sonames.check(file, needs)?));
        match checked {
            Ok(()) => {
                sonames.add(file, needs);
                self.passed.push(Passed::of(*sound));
            }
            Err(err) => self.add(sound.rejected(err), sonames),
        }
    }
}

impl Passed {
    fn of(sound: Sound) -> Self {
        let stamp = sound.ready.stamp;
        let runners = stamp.runners.into_iter().map(|runner| PassedRunner {
            name: runner.name,
            kinds: runner.kinds,
        });
        Self {
            file: sound.candidate.file,
            plugin: sound.ready.name,
            version: stamp.version,
            abi: stamp.abi,
            runners: runners.collect(),
            probe: sound.probe,
            facts: sound.facts,
        }
    }
}
