//! Loads the plugins of a directory.

use std::path::Path;
use std::sync::Arc;

use tracing::{info, warn};

use super::enter;
use super::error::LoadDirError;
use super::options::Options;
use super::pipeline::{Outcome, Pipeline};
use super::report::{LOG_TARGET, LoadReport, Names, Rejected};
use crate::router::RunnerRouter;

/// Loads every plugin of the directory `path` into `router`, in the order of their file names.
pub(super) fn load_dir(
    options: &Options,
    path: &Path,
    router: &mut RunnerRouter,
) -> Result<LoadReport, LoadDirError> {
    let pipeline = Pipeline::trusted(options, path)?;
    let found = pipeline.discover()?;
    let mut report = LoadReport::new(pipeline.directory().to_owned(), options.names);
    let mut seen = Names::default();
    pipeline.run(found, |outcome| {
        outcome.note(&mut seen);
        match outcome {
            Outcome::Probed(probed) => match enter::enter(options, *probed, None, &mut report) {
                Ok(entered) => {
                    for (runner, offered) in
                        entered.runners.into_iter().zip(&entered.plugin.runners)
                    {
                        router.register_with_labels(Arc::new(runner), offered.labels.clone());
                    }
                    report.add(entered.plugin);
                }
                Err(rejected) => reject(&mut report, *rejected),
            },
            Outcome::InService(_) => unreachable!("nothing runs before"),
            Outcome::Rejected(rejected, _) => reject(&mut report, *rejected),
            Outcome::Skipped(skipped) => report.add_skipped(skipped),
        }
    });
    let unused = seen.missing(options, report.rejected().len());
    report.set_unused_options(unused);
    for warning in report.warnings() {
        warn!(target: LOG_TARGET, code = warning.code, "{warning}");
    }
    info!(
        loaded = report.loaded().len(),
        rejected = report.rejected().len(),
        skipped = report.skipped().len(),
        "loaded the plugin directory {}",
        path.display(),
    );
    Ok(report)
}

fn reject(report: &mut LoadReport, rejected: Rejected) {
    let Rejected { file, error, .. } = &rejected;
    warn!(target: LOG_TARGET, %file, stage = %error.stage(), "{}", rejected.reason());
    report.add_rejected(rejected);
}
