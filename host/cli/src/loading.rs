//! Loads the directory that the command line names.

use std::path::Path;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use solti_plugin_host::options::Progress;
use solti_plugin_host::report::{Accepted, Report};
use solti_plugin_host::{LoadReport, PluginLoader, RunnerRouter};

use crate::flags::flag;
use crate::present::{charset, message};

/// How long loading goes on before a bar is worth showing.
const LONG: Duration = Duration::from_millis(300);

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
    let bar = bar();
    let report = loader
        .on_progress({
            let bar = bar.clone();
            let began = Instant::now();
            move |progress| show(&bar, began, progress)
        })
        .load_dir(directory, router);
    bar.finish_and_clear();
    let report = report.map_err(|err| anyhow::Error::msg(err.sentence(flag)))?;
    warn_of(&report);
    Ok(report)
}

/// Says what a person should know though it refuses no file.
pub(crate) fn warn_of<T: Accepted>(report: &Report<T>) {
    report.warnings().into_iter().for_each(message::warning);
}

fn bar() -> ProgressBar {
    let style = ProgressStyle::with_template("loading plugins {bar:30} {pos}/{len} {msg}")
        .expect("the template is well formed")
        .progress_chars(charset::or_ascii("█░", "#-"));
    ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden()).with_style(style)
}

fn show(bar: &ProgressBar, began: Instant, progress: Progress<'_>) {
    bar.set_length(progress.total as u64);
    bar.set_position(progress.done as u64);
    bar.set_message(progress.file.to_owned());
    if bar.is_hidden() && began.elapsed() > LONG {
        // It draws nothing where standard error is no terminal.
        bar.set_draw_target(ProgressDrawTarget::stderr());
    }
}
