//! Loads the directory that the command line names.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::{Map, Value};
use solti_plugin_host::{LoadReport, PluginLoader, Progress, RunnerRouter};

use super::args::{Loading, Trust};

/// How long loading goes on before a bar is worth showing.
const LONG: Duration = Duration::from_millis(300);

/// Loads the plugins of `directory` into `router`, with a bar on a terminal when it takes long.
///
/// # Errors
///
/// When the directory cannot be read or is not trusted.
pub(super) fn load(
    directory: &Path,
    loading: &Loading,
    router: &mut RunnerRouter,
) -> anyhow::Result<LoadReport> {
    let loader = loader(loading)?;
    let bar = bar();
    let report = loader
        .on_progress({
            let bar = bar.clone();
            let began = Instant::now();
            move |progress| show(&bar, began, progress)
        })
        .load_dir(directory, router);
    bar.finish_and_clear();
    // Its text has that of its source in it already.
    report.map_err(|err| anyhow::Error::msg(err.to_string()))
}

/// The loader that the words describe.
///
/// # Errors
///
/// When a public key cannot be read.
pub(super) fn loader(loading: &Loading) -> anyhow::Result<PluginLoader> {
    let probing = &loading.probing;
    let mut loader = trusting(&loading.trust)?
        .worker_threads(loading.workers)
        .max_panics(loading.max_panics)
        .probe_time(probing.probe_time)
        .probe_memory(probing.probe_memory.saturating_mul(1 << 20));
    if probing.no_probe {
        loader = loader.without_probe();
    }
    if let Some(state) = &probing.state {
        loader = loader.state_dir(state);
    }
    if !loading.allow.is_empty() {
        loader = loader.allow(loading.allow.iter().cloned());
    }
    let mut by_plugin = BTreeMap::<_, Map<_, _>>::new();
    for setting in &loading.config {
        by_plugin
            .entry(&setting.plugin)
            .or_default()
            .insert(setting.field.clone(), setting.value.clone());
    }
    for (plugin, config) in by_plugin {
        loader = loader.config(plugin, Value::Object(config));
    }
    Ok(loader)
}

/// A loader with the default options, and this trust in files.
///
/// # Errors
///
/// When a public key cannot be read.
pub(super) fn trusting(trust: &Trust) -> anyhow::Result<PluginLoader> {
    let mut loader = PluginLoader::new();
    for uid in &trust.trust_owner {
        loader = loader.trust_owner(*uid);
    }
    if trust.trust_any_owner {
        loader = loader.trust_any_owner();
    }
    if trust.trust_writable {
        loader = loader.trust_writable();
    }
    if trust.allow_noexec {
        loader = loader.allow_noexec();
    }
    if trust.allow_links_outside {
        loader = loader.allow_links_outside();
    }
    if let Some(bytes) = trust.max_file_bytes {
        loader = loader.max_file_bytes(bytes);
    }
    for key in &trust.public_key {
        let is_file = Path::new(key).exists();
        let text = if is_file {
            fs::read_to_string(key).with_context(|| format!("public key {key}"))?
        } else {
            key.clone()
        };
        loader = loader.public_key(&text).with_context(|| {
            let absent = if is_file {
                ""
            } else {
                ": there is no such file"
            };
            format!("public key {key}{absent}")
        })?;
    }
    if let Some(directory) = &trust.stage_in {
        loader = loader.stage_in(directory);
    }
    Ok(loader)
}

fn bar() -> ProgressBar {
    let style = ProgressStyle::with_template("loading plugins {bar:30} {pos}/{len} {msg}")
        .expect("the template is well formed");
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
