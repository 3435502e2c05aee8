//! Plugins and `solti-runner` 0.0.2, both ways.
//!
//! That contract and ours share the model and the tasks of `taskvisor` 0.1.2, so specs and tasks go across as
//! they are; contexts, metrics and errors are mapped. Output goes through channels of that line, which
//! cannot press back.

mod from;
mod metrics;
mod to;

use std::path::Path;
use std::sync::Arc;

use solti_plugin_host::{LoadDirError, LoadReport, PluginLoader, RunnerRouter};
use solti_runner_0_0_2 as published;

pub use from::FromPublished;
pub use to::ToPublished;

/// Loads all good plugins of a directory into a router of `solti-runner` 0.0.2, behind the runners that are
/// there, each with its labels.
///
/// Blocks as [`PluginLoader::load_dir`] does.
///
/// # Errors
///
/// When the directory as a whole cannot be used.
pub fn load_dir(
    path: impl AsRef<Path>,
    router: &mut published::RunnerRouter,
) -> Result<LoadReport, LoadDirError> {
    load_dir_with(&PluginLoader::new(), path, router)
}

/// As [`load_dir`], with a loader of one's own.
///
/// # Errors
///
/// As [`load_dir`].
pub fn load_dir_with(
    loader: &PluginLoader,
    path: impl AsRef<Path>,
    router: &mut published::RunnerRouter,
) -> Result<LoadReport, LoadDirError> {
    let mut all = RunnerRouter::new();
    let report = loader.load_dir(path, &mut all)?;
    for (runner, labels) in all.runners() {
        let runner = ToPublished::new(Arc::clone(runner));
        router.register_with_labels(Arc::new(runner), labels.clone());
    }
    Ok(report)
}
