//! The stages in which a plugin itself runs.

use std::path::PathBuf;
use std::sync::Arc;

use super::connect::{self, Connection};
use super::error::LoadError;
use super::open::{self, Beside};
use super::options::Options;
use super::pipeline::{Identity, Probed};
use super::register;
use super::report::{LoadReport, LoadedPlugin, OfferedRunner, Rejected, Warning};
use super::stage::Stage;
use crate::foreign::ForeignRunner;

/// A plugin that runs.
pub(crate) struct Entered {
    pub(crate) identity: Identity,
    pub(crate) plugin: LoadedPlugin,
    /// In the order of the stamp, as the runners that `plugin` offers.
    pub(crate) runners: Vec<ForeignRunner>,
}

/// Opens a plugin in this process and connects it. What is opened `beside` plugins that run has less room
/// than the first ones.
pub(super) fn enter(
    options: &Options,
    probed: Probed,
    beside: Option<&Beside>,
    report: &mut LoadReport,
) -> Result<Entered, Box<Rejected>> {
    let Probed {
        candidate,
        wanted,
        staged,
        probe,
        mut measurements,
    } = probed;
    let measured = &mut measurements;
    let entered = (|| {
        let name = &wanted.identity.name;
        let first = report.file_of(name);
        measured.timed(Stage::Register, || register::check_name(name, first))?;
        let module = measured.timed(Stage::Open, || {
            let requirements = &wanted.requirements;
            open::open(
                &staged.path,
                staged.file,
                &candidate.file,
                requirements,
                beside,
            )
        })?;
        // The name of a copy in a directory has served.
        drop(staged.copy);
        let connection = Connection {
            config: wanted.identity.config.clone(),
            worker_threads: wanted.identity.worker_threads,
            state_dir: state_of(name, &candidate.file, options, report),
            grace_ms: options.grace.map_or(0, |grace| {
                u64::try_from(grace.as_millis()).unwrap_or(u64::MAX)
            }),
            open_files: options.open_files,
            log: Arc::clone(&options.log),
        };
        let connected = measured.timed(Stage::Connect, || {
            let limit = options.max_panics;
            let connected = connect::connect(module, name, &wanted.stamp, connection, limit);
            connected.map_err(|err| err.about(&wanted.config_source))
        })?;
        Ok::<_, LoadError>(connected)
    })();
    match entered {
        Ok(connected) => {
            let labels = register::labels(&wanted.stamp, &wanted.labels);
            Ok(Entered {
                plugin: LoadedPlugin {
                    file: candidate.file,
                    path: candidate.path,
                    plugin: wanted.identity.name.clone(),
                    version: wanted.stamp.version.clone(),
                    abi: wanted.stamp.abi,
                    runners: OfferedRunner::all(&wanted.stamp, labels),
                    probe,
                    config: wanted.stamp.config,
                    signature: wanted.signature,
                    measurements,
                    handle: connected.plugin,
                },
                identity: wanted.identity,
                runners: connected.runners,
            })
        }
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
