//! Loads the plugins of a directory.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tracing::{info, warn};

use super::connect::{self, Connection};
use super::error::{LoadDirError, LoadError};
use super::measure::Measurements;
use super::options::Options;
use super::pipeline::{Outcome, Pipeline, Prepared, Probed};
use super::report::{
    LOG_TARGET, LoadReport, LoadedPlugin, Names, OfferedRunner, Rejected, Warning,
};
use super::stage::Stage;
use super::{open, register};
use crate::foreign::Plugin;
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
            Outcome::Probed(probed) => match load(options, *probed, router, &mut report) {
                Ok(loaded) => report.add(loaded),
                Err(rejected) => reject(&mut report, *rejected),
            },
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

/// Opens a plugin in this process, connects it and registers its runners.
fn load(
    options: &Options,
    probed: Probed,
    router: &mut RunnerRouter,
    report: &mut LoadReport,
) -> Result<LoadedPlugin, Box<Rejected>> {
    let Probed {
        candidate,
        prepared,
        probe,
        mut measurements,
    } = probed;
    let (name, stamp) = (prepared.name.clone(), prepared.stamp.clone());
    let registered = enter(
        options,
        prepared,
        &candidate.file,
        report,
        router,
        &mut measurements,
    );
    match registered {
        Ok((handle, runners)) => Ok(LoadedPlugin {
            file: candidate.file,
            path: candidate.path,
            plugin: name,
            version: stamp.version,
            abi: stamp.abi,
            runners,
            probe,
            measurements,
            handle,
        }),
        Err(error) => Err(Box::new(Rejected {
            file: candidate.file,
            path: candidate.path,
            error,
            measurements,
            names: options.names,
        })),
    }
}

/// The plugin's own directory, where the host has one and it can be made.
fn state_of(name: &str, file: &str, options: &Options, report: &mut LoadReport) -> Option<PathBuf> {
    let state = options.probe.state.as_deref()?;
    match connect::directory_of(name, state) {
        Ok(directory) => Some(directory),
        Err(err) => {
            let state = state.display();
            let text =
                format!("plugin '{name}' is given no directory of its own in {state}: {err}");
            let warning = Warning::new("no_state_directory", text);
            report.warn(warning.about_file(file).about_plugin(name));
            None
        }
    }
}

/// The stages in which the plugin itself runs.
fn enter(
    options: &Options,
    prepared: Prepared,
    file: &str,
    report: &mut LoadReport,
    router: &mut RunnerRouter,
    measured: &mut Measurements,
) -> Result<(Plugin, Vec<OfferedRunner>), LoadError> {
    let Prepared {
        name,
        config,
        config_source,
        worker_threads,
        labels,
        stamp,
        requirements,
        staged,
    } = prepared;
    let first = report.file_of(&name);
    measured.timed(Stage::Register, || register::check_name(&name, first))?;
    let module = measured.timed(Stage::Open, || {
        open::open(&staged.path, staged.file, file, &requirements)
    })?;
    // The name of a copy in a directory has served.
    drop(staged.copy);
    let connection = Connection {
        config,
        worker_threads,
        state_dir: state_of(&name, file, options, report),
        grace_ms: options.grace.map_or(0, |grace| {
            u64::try_from(grace.as_millis()).unwrap_or(u64::MAX)
        }),
        open_files: options.open_files,
        log: Arc::clone(&options.log),
    };
    let connected = measured.timed(Stage::Connect, || {
        let connected = connect::connect(module, &name, &stamp, connection, options.max_panics);
        connected.map_err(|err| err.about(&config_source))
    })?;
    let labels = register::labels(&stamp, &labels);
    measured.timed(Stage::Register, || {
        register::register(connected.runners, &labels, router);
    });
    Ok((connected.plugin, OfferedRunner::all(&stamp, labels)))
}
