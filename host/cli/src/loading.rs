//! Loads the directory that the command line names.

use std::path::Path;

use solti_plugin_host::report::{Accepted, Report};
use solti_plugin_host::{LoadReport, PluginLoader, RunnerRouter};

use crate::flags::flag;
use crate::present::bar::Bar;
use crate::present::message;

/// Loads the plugins of `directory` into `router`, with a bar on a terminal when it takes long.
///
/// # Errors
///
/// When the directory cannot be read or is not trusted.
pub(crate) fn load(
    directory: &Path,
    loader: PluginLoader,
    router: &mut RunnerRouter,
) -> anyhow::Result<LoadReport> {
    let bar = Bar::of("loading plugins");
    let report = loader
        .on_progress({
            let bar = bar.clone();
            move |progress| bar.show(progress.done, progress.total, progress.file)
        })
        .load_dir(directory, router);
    bar.clear();
    let report = report.map_err(|err| anyhow::Error::msg(err.sentence(flag)))?;
    warn_of(&report);
    Ok(report)
}

/// Says what a person should know though it refuses no file.
pub(crate) fn warn_of<T: Accepted>(report: &Report<T>) {
    report.warnings().into_iter().for_each(message::warning);
}
