//! What would become of files, without any of them becoming part of the host.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use serde::{Serialize, Serializer};
use solti_plugin_abi::Kinds;

use super::PluginLoader;
use super::discover::{self, Found, shown};
use super::error::{LoadDirError, LoadError};
use super::facts::FileFacts;
use super::policy::Sums;
use super::probe::ProbeOutcome;
use super::register;
use super::report::{Rejected, SkipReason, Skipped, kind_names};
use super::shown::shown_path;
use super::sonames::Sonames;
use super::tried::{Sound, Tried};

/// What would become of files.
///
/// It serialises to `{"passed": […], "rejected": […], "skipped": […]}`; each file has its `path` there.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct CheckReport {
    /// The directory that the files are in: absolute, without links.
    pub directory: PathBuf,
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
    pub probe: ProbeOutcome,
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
    /// A sound file is skipped all the same when a host would leave it alone for its name.
    ///
    /// # Errors
    ///
    /// [`LoadDirError`] when `path`, or the directory it is in, cannot be read or is not trusted. A
    /// bad file is no error here: it is listed in the report.
    pub fn check(&self, path: impl AsRef<Path>) -> Result<CheckReport, LoadDirError> {
        let path = path.as_ref();
        if path.is_dir() {
            let directory = self.locate(path)?;
            let found = discover::discover(&directory, &self.policy)?;
            return Ok(self.check_all(directory, found));
        }
        let parent = match path.parent() {
            Some(parent) if parent != Path::new("") => parent,
            _ => Path::new("."),
        };
        let directory = self.locate(parent)?;
        let name = path.file_name().unwrap_or(path.as_os_str());
        let found = discover::look_at(&directory.join(name), &self.policy);
        let left_alone = self.why_left_alone(&directory, name);
        let mut report = self.check_all(directory, vec![found]);
        if let Some(reason) = left_alone {
            let passed = report.passed.drain(..);
            report.skipped.extend(passed.map(|passed| Skipped {
                file: passed.file,
                reason: reason.clone(),
            }));
        }
        Ok(report)
    }

    fn check_all(&self, directory: PathBuf, found: Vec<Found>) -> CheckReport {
        let sums = Sums::of(&directory, &self.policy);
        let mut report = CheckReport {
            directory,
            ..CheckReport::default()
        };
        let mut sonames = Sonames::opened();
        self.try_all(found, &sums, |tried| report.add(tried, &mut sonames));
        report
    }

    /// Why a host leaves a file of this name alone, whatever is in it.
    fn why_left_alone(&self, directory: &Path, name: &OsStr) -> Option<SkipReason> {
        let file = shown(name);
        let all = discover::discover(directory, &self.policy).ok()?;
        match all.into_iter().find(|found| found.file() == file) {
            // A second name of a file is skipped, too, but then there is nothing to do about it.
            Some(Found::Skipped(skipped)) => match skipped.reason {
                SkipReason::SameFile { .. } => None,
                reason => Some(reason),
            },
            Some(_) => None,
            None => Some(SkipReason::NoPluginName),
        }
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
        let (file, requirements) = (&sound.candidate.file, &sound.ready.requirements);
        let checked = register::check_name(name, first)
            .map_err(LoadError::from)
            .and_then(|()| Ok(sonames.check(file, requirements)?));
        match checked {
            Ok(()) => {
                sonames.add(file, requirements);
                self.passed.push(Passed::of(*sound));
            }
            Err(err) => self.add(sound.rejected(err), sonames),
        }
    }
}

impl Serialize for CheckReport {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        /// The fields of the object.
        #[derive(Serialize)]
        struct Form<'a> {
            passed: Vec<Placed<'a, Passed>>,
            rejected: Vec<Placed<'a, Rejected>>,
            skipped: Vec<Placed<'a, Skipped>>,
        }
        /// A file and where it is.
        #[derive(Serialize)]
        struct Placed<'a, T> {
            path: String,
            #[serde(flatten)]
            file: &'a T,
        }
        fn placed<'a, T>(
            directory: &Path,
            files: &'a [T],
            name: impl Fn(&'a T) -> &'a str,
        ) -> Vec<Placed<'a, T>> {
            let place = |file| Placed {
                path: shown_path(&directory.join(name(file))),
                file,
            };
            files.iter().map(place).collect()
        }
        let directory = &self.directory;
        Form {
            passed: placed(directory, &self.passed, |passed| &passed.file),
            rejected: placed(directory, &self.rejected, |rejected| &rejected.file),
            skipped: placed(directory, &self.skipped, |skipped| &skipped.file),
        }
        .serialize(serializer)
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
