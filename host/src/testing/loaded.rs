//! A plugin that is loaded for a test.

use std::collections::BTreeMap;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use solti_plugin_abi::instruments::InstrumentKind;
use solti_plugin_abi::testing::{Heard, Listening, Sample, Subject, Work};
use solti_plugin_abi::{BuildContext, Building};
use tempfile::TempDir;

use super::build;
use super::error::NotLoaded;
use super::listener::Listener;
use crate::report::{LoadReport, Rejected};
use crate::services::instruments::Measured;
use crate::{Plugin, PluginLoader, RunnerRouter};

/// What a plugin has to end in order.
const TO_SHUT_DOWN: Duration = Duration::from_secs(5);

/// A plugin that is loaded for a test, by a host that routes to its runners alone.
///
/// It is a [`Subject`], as each [`Runner`](crate::Runner) is: a test body that takes either serves
/// both. Its tasks run by the time of day. What it logs and measures is that of all tests that run it
/// at the same time, so each test loads its own; opening it takes milliseconds.
///
/// It is loaded without a probe in another process, which a test program cannot be, from a copy that
/// only this user can write to. Dropping it shuts the plugin down.
///
/// # Examples
///
/// See [the module](super).
#[derive(Debug)]
pub struct Loaded {
    router: RunnerRouter,
    plugin: Plugin,
    listener: Arc<Listener>,
    // Last: the copy goes when nothing of it is used any more.
    _directory: TempDir,
}

impl Loaded {
    /// Builds the package whose test calls this, with `cargo build`, and loads its library.
    ///
    /// What cargo has to say goes to standard error. It is built once for each test program.
    ///
    /// # Errors
    ///
    /// [`NotLoaded`], when there is no library of it, or the host refuses that.
    pub fn build() -> Result<Self, NotLoaded> {
        Self::open(build::library()?)
    }

    /// As [`build`](Self::build), with a configuration, as `[config]` of a sidecar would have it.
    ///
    /// # Errors
    ///
    /// As [`build`](Self::build), and for a configuration that the plugin does not take.
    pub fn build_with(config: impl Serialize) -> Result<Self, NotLoaded> {
        Self::open_with(build::library()?, config)
    }

    /// Loads the plugin of this file.
    ///
    /// # Errors
    ///
    /// [`NotLoaded`], when the file cannot be read, or the host refuses it.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, NotLoaded> {
        Self::load(path.as_ref(), |loader, _| Ok(loader))
    }

    /// As [`open`](Self::open), with a configuration, as `[config]` of a sidecar would have it.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open), and for a configuration that the plugin does not take.
    pub fn open_with(path: impl AsRef<Path>, config: impl Serialize) -> Result<Self, NotLoaded> {
        Self::load(path.as_ref(), |loader, plugin| {
            Ok(loader.config(plugin, config)?)
        })
    }

    fn load(
        path: &Path,
        configure: impl FnOnce(PluginLoader, String) -> Result<PluginLoader, NotLoaded>,
    ) -> Result<Self, NotLoaded> {
        let not_copied = |reason| NotLoaded::NotCopied {
            path: path.to_owned(),
            reason,
        };
        let bytes = fs::read(path).map_err(not_copied)?;
        let directory = tempfile::tempdir().map_err(not_copied)?;
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        let name = name.strip_prefix("lib").unwrap_or(&name);
        let suffix = std::env::consts::DLL_SUFFIX;
        let copy = directory.path().join(format!("{name}{suffix}"));
        fs::write(&copy, &bytes).map_err(not_copied)?;
        fs::set_permissions(&copy, Permissions::from_mode(0o700)).map_err(not_copied)?;
        let listener = Arc::new(Listener::default());
        let mut loader = PluginLoader::new()
            .without_probe()
            .log(Arc::clone(&listener) as _);
        // Without a stamp it is refused in a moment, in words of the loader's.
        if let Some(stamp) = crate::inspect::inspect(&bytes).stamp {
            loader = configure(loader, stamp.plugin)?;
        }
        let mut router = RunnerRouter::new();
        let report = loader.load_dir(directory.path(), &mut router)?;
        let Some(plugin) = report.loaded().first() else {
            return Err(rejected(path, &report));
        };
        Ok(Self {
            plugin: plugin.handle.clone(),
            router,
            listener,
            _directory: directory,
        })
    }

    /// The plugin: its name and version, its health, its methods.
    #[must_use]
    pub fn plugin(&self) -> &Plugin {
        &self.plugin
    }
}

/// Why the one file of a directory was not loaded.
fn rejected(path: &Path, report: &LoadReport) -> NotLoaded {
    let first = report.rejected().first();
    let skipped = || "it was passed over".to_owned();
    NotLoaded::Rejected {
        path: path.to_owned(),
        reason: first.map_or_else(skipped, Rejected::reason),
        advice: first.map(Rejected::advice).unwrap_or_default(),
    }
}

impl Subject for Loaded {
    fn build<'a>(&'a self, work: &'a Work, context: &'a BuildContext) -> Building<'a> {
        Box::pin(async move {
            match work {
                Work::Workload(workload) => {
                    let context = context.clone();
                    self.router.build_workload_async_in(workload, context).await
                }
                Work::Spec(spec) => self.router.build_async_in(spec, context.clone()).await,
                other => unreachable!("{other:?} is no form of a task yet"),
            }
        })
    }

    fn listen<'a>(&'a self, heard: &Arc<Heard>) -> Option<Listening<'a>> {
        let heard = Arc::clone(heard);
        let before = by_name(self.plugin.measured());
        self.listener.begin(&heard);
        Some(Box::new(move || {
            self.listener.end(&heard);
            for (key, after) in by_name(self.plugin.measured()) {
                if let Some(sample) = since(before.get(&key), after) {
                    heard.measure(sample);
                }
            }
        }))
    }

    fn has_own_clock(&self) -> bool {
        true
    }
}

type Key = (String, Vec<(String, String)>);

fn by_name(measured: Vec<Measured>) -> BTreeMap<Key, Measured> {
    let key = |it: &Measured| (it.name.clone(), it.labels.clone());
    measured.into_iter().map(|it| (key(&it), it)).collect()
}

/// What was measured since `before`; `None` where that is nothing.
fn since(before: Option<&Measured>, after: Measured) -> Option<Sample> {
    if before == Some(&after) {
        return None;
    }
    let (value, count) = match (before, after.kind) {
        (Some(before), InstrumentKind::Counter | InstrumentKind::Histogram) => {
            (after.value - before.value, after.count - before.count)
        }
        _ => (after.value, after.count),
    };
    Some(Sample {
        name: after.name,
        kind: after.kind,
        labels: after.labels,
        value,
        count,
    })
}

impl Drop for Loaded {
    fn drop(&mut self) {
        self.plugin.shutdown(TO_SHUT_DOWN);
    }
}
