//! Looks at a directory whose plugins run, for what has come, changed and gone.

use std::path::Path;
use std::time::Duration;

use super::PluginLoader;
use super::enter::{self, Entered};
use super::error::LoadDirError;
use super::open::Beside;
use super::pipeline::{InService, IsInService, Outcome, Pipeline, Probed};
use super::register;
use super::report::{LoadReport, LoadedPlugin, Names, OfferedRunner, Rejected};

/// What a directory has now.
pub(crate) struct Renewed {
    /// Of the directory; nothing is in it yet.
    pub(crate) report: LoadReport,
    /// What became of each file, in their order: nothing of it is open yet.
    pub(crate) outcomes: Vec<Outcome>,
}

/// How long what a plugin still does when it is idle gets to end, unless the host says otherwise.
const GRACE: Duration = Duration::from_secs(10);

impl PluginLoader {
    /// How long what a plugin that is out of service still does when it is idle gets to end.
    pub(crate) fn grace_of_departing(&self) -> Duration {
        self.options.grace.unwrap_or(GRACE)
    }

    /// Takes every file of a directory through the stages up to the probe, but for those whose plugins run
    /// already.
    pub(crate) fn look_again(
        &self,
        path: &Path,
        is_in_service: IsInService<'_>,
    ) -> Result<Renewed, LoadDirError> {
        let options = &self.options;
        let pipeline = Pipeline::trusted(options, path)?.beside(is_in_service);
        let found = pipeline.discover()?;
        let mut report = LoadReport::new(pipeline.directory().to_owned(), options.names);
        let (mut seen, mut outcomes) = (Names::default(), Vec::new());
        pipeline.run(found, |outcome| {
            outcome.note(&mut seen);
            outcomes.push(outcome);
        });
        let is_rejected = |outcome: &&Outcome| matches!(outcome, Outcome::Rejected(..));
        let rejected = outcomes.iter().filter(is_rejected).count();
        report.set_unused_options(seen.missing(options, rejected));
        Ok(Renewed { report, outcomes })
    }

    /// Opens a plugin and connects it. Beside others there is less room; `replaces` says that another
    /// version of it runs.
    pub(crate) fn enter(
        &self,
        probed: Probed,
        is_first: bool,
        replaces: bool,
        report: &mut LoadReport,
    ) -> Result<Entered, Box<Rejected>> {
        let beside = Beside {
            max_images: self.options.max_images,
            max_bytes: self.options.max_image_bytes,
            replaces,
        };
        let beside = (!is_first).then_some(&beside);
        enter::enter(&self.options, probed, beside, report)
    }
}

impl InService {
    /// The plugin as this file has it now: its name and its labels may be others.
    pub(crate) fn renew(self, plugin: &mut LoadedPlugin) {
        let labels = register::labels(&self.wanted.stamp, &self.wanted.labels);
        plugin.runners = OfferedRunner::all(&self.wanted.stamp, labels);
        plugin.file = self.candidate.file;
        plugin.path = self.candidate.path;
        plugin.signature = self.wanted.signature;
    }

    /// Refuses a second file of a plugin.
    pub(crate) fn check_name(self, report: &LoadReport) -> Result<Self, Box<Rejected>> {
        let name = &self.wanted.identity.name;
        match register::check_name(name, report.file_of(name)) {
            Ok(()) => Ok(self),
            Err(error) => Err(Box::new(Rejected {
                file: self.candidate.file,
                path: self.candidate.path,
                error: error.into(),
                measurements: self.measurements,
                names: report.option_names(),
            })),
        }
    }
}
