//! Plugins that come, change and go while the host runs.
//!
//! ```text
//! directory ─► look again: discover … probe ─► enter ─► routes ─► new tasks
//!                │ what runs already stays          │
//!                └ nothing has changed so far       └► what was replaced: drain ─► idle ─► shutdown
//! ```
//!
//! [`LivePlugins`] is a directory of plugins and the router of their runners, which is another one after
//! each change. A task that was built by a plugin which has been replaced goes on there with the attempt
//! that it is in, and is built anew for the next one, by whoever takes it then.
//!
//! A library is never closed: see [`PluginLoader::max_images`].

mod change;
mod departing;
mod fingerprint;
mod member;
mod routes;
mod runner;
mod set;
mod task;

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::{Mutex, RwLock};
use tracing::warn;

pub use change::{Change, Changes, RefusedFile, Replacement, Version};
pub use departing::Departed;

use crate::foreign::{AttemptCounts, ShutdownOutcome};
use crate::loader::PluginLoader;
use crate::loader::error::LoadDirError;
use crate::loader::report::{LOG_TARGET, LoadReport};
use crate::router::RunnerRouter;
use crate::supervise::Runners;
use departing::Departing;
use fingerprint::Fingerprint;
use routes::Routes;
use set::Set;

/// The plugins of a directory, which come, change and go while the host runs.
///
/// # Examples
///
/// ```no_run
/// use solti_plugin_host::{LivePlugins, PluginLoader};
///
/// let plugins = LivePlugins::load_dir(PluginLoader::new(), "plugins")?;
/// // From time to time, or when the directory tells of a change:
/// if plugins.has_changed() {
///     let changes = plugins.reload()?;
///     println!("{changes}");
/// }
/// // The router of now: it does not change, so one is taken for each task.
/// let router = plugins.router();
/// # let _ = router;
/// # Ok::<(), solti_plugin_host::LoadDirError>(())
/// ```
pub struct LivePlugins {
    loader: PluginLoader,
    directory: PathBuf,
    /// Held while the directory is looked at: one at a time.
    set: Mutex<Set>,
    routes: Arc<Routes>,
    report: RwLock<Arc<LoadReport>>,
    seen: Mutex<Option<Fingerprint>>,
    departing: Arc<Departing>,
}

impl LivePlugins {
    /// Loads every plugin of a directory. Blocks as [`PluginLoader::load_dir`] does.
    ///
    /// # Errors
    ///
    /// As [`PluginLoader::load_dir`].
    pub fn load_dir(loader: PluginLoader, path: impl AsRef<Path>) -> Result<Self, LoadDirError> {
        Self::load_dir_behind(RunnerRouter::new(), loader, path)
    }

    /// The same behind the runners of a router, which stay, and with its context.
    ///
    /// # Errors
    ///
    /// As [`PluginLoader::load_dir`].
    pub fn load_dir_behind(
        router: RunnerRouter,
        loader: PluginLoader,
        path: impl AsRef<Path>,
    ) -> Result<Self, LoadDirError> {
        let directory = path.as_ref().to_owned();
        let seen = Fingerprint::of(&directory);
        let mut set = Set::default();
        let departing = Arc::<Departing>::default();
        let looked = set.look(&loader, &directory, &departing)?;
        let (routes, report) = (Routes::new(router), Arc::new(looked.report));
        routes.set(set.runners(&routes));
        tell(&report, None);
        Ok(Self {
            loader,
            directory,
            set: Mutex::new(set),
            routes,
            report: RwLock::new(report),
            seen: Mutex::new(seen),
            departing,
        })
    }

    /// The router of what is in service now. It stays as it is: a change makes another one.
    #[must_use]
    pub fn router(&self) -> Arc<RunnerRouter> {
        self.routes.router()
    }

    /// What became of each file of the directory when it was last looked at. A plugin may be loaded whose
    /// file is among the rejected: then that was to replace it, and it stays in service.
    #[must_use]
    pub fn report(&self) -> Arc<LoadReport> {
        Arc::clone(&self.report.read())
    }

    /// The directory, as it was named.
    #[must_use]
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Whether the directory is another one than when it was last looked at, or may be: by the names, places
    /// and times of its files. Reads none of them.
    #[must_use]
    pub fn has_changed(&self) -> bool {
        match (&*self.seen.lock(), Fingerprint::of(&self.directory)) {
            (Some(seen), Some(now)) => !seen.is_settled() || *seen != now,
            (before, now) => before.is_some() != now.is_some(),
        }
    }

    /// Looks at the directory, and takes what has come, changed and gone.
    ///
    /// Every file goes through all stages and the probe before anything changes; then the new plugins are
    /// opened, the router is another one, and what was replaced or is gone drains: it finishes what it has
    /// begun, and is shut down when that has ended. What is refused changes nothing: a plugin stays in
    /// service when the file that was to replace it is refused. Blocks as [`PluginLoader::load_dir`] does,
    /// and behind another look.
    ///
    /// # Errors
    ///
    /// When the directory as a whole cannot be used; all plugins stay in service then.
    pub fn reload(&self) -> Result<Changes, LoadDirError> {
        let mut set = self.set.lock();
        let seen = Fingerprint::of(&self.directory);
        let looked = set.look(&self.loader, &self.directory, &self.departing);
        // What was seen was looked at, whatever came of it.
        *self.seen.lock() = seen;
        let looked = looked?;
        let report = Arc::new(looked.report);
        tell(&report, Some(&*self.report.read()));
        self.routes.set(set.runners(&self.routes));
        *self.report.write() = report;
        for member in looked.departing {
            self.departing
                .begin(member, self.loader.grace_of_departing());
        }
        Ok(looked.changes)
    }

    /// The plugins that have been replaced or are gone, the oldest first: those that drain, and those that
    /// have ended.
    #[must_use]
    pub fn departed(&self) -> Vec<Departed> {
        self.departing.list()
    }

    /// What became of the attempts of each plugin, by its name, those of versions that were replaced as well.
    #[must_use]
    pub fn attempts(&self) -> BTreeMap<String, AttemptCounts> {
        let mut all = self.departing.attempts();
        for plugin in self.report().loaded() {
            *all.entry(plugin.plugin.clone()).or_default() += plugin.handle.attempts();
        }
        all
    }

    /// Shuts all plugins down, those that drain as well: see
    /// [`Plugin::shutdown`](crate::Plugin::shutdown). Blocks for `grace` at most; how each went, by its name.
    pub fn shutdown(&self, grace: Duration) -> Vec<(String, ShutdownOutcome)> {
        let began = std::time::Instant::now();
        // What is opened at this moment is shut down as well.
        let _looked = self.set.try_lock_for(grace);
        let report = self.report();
        let running = report.loaded().iter().map(|it| it.handle.clone());
        running
            .chain(self.departing.running())
            .map(|plugin| {
                let left = grace.saturating_sub(began.elapsed());
                (plugin.name().to_owned(), plugin.shutdown(left))
            })
            .collect()
    }
}

/// The runners of the plugins that are in service when a task begins.
impl From<Arc<LivePlugins>> for Runners {
    fn from(plugins: Arc<LivePlugins>) -> Self {
        Self::changing(move || plugins.router())
    }
}

/// Tells the log what a report warns of and refuses, as far as the one before did not.
fn tell(report: &LoadReport, before: Option<&Arc<LoadReport>>) {
    let rejected = |report: &LoadReport| -> Vec<_> {
        let rejected = report.rejected().iter();
        rejected.map(|it| (it.file.clone(), it.reason())).collect()
    };
    let warnings = |report: &LoadReport| -> Vec<_> {
        let warnings = report.warnings().into_iter();
        warnings.map(|it| (it.code, it.to_string())).collect()
    };
    let known = before.map(|it| rejected(it)).unwrap_or_default();
    for (rejected, said) in report.rejected().iter().zip(rejected(report)) {
        if !known.contains(&said) {
            let (file, reason) = said;
            let stage = rejected.error.stage();
            warn!(target: LOG_TARGET, %file, %stage, "{reason}");
        }
    }
    let known = before.map(|it| warnings(it)).unwrap_or_default();
    for (code, warning) in warnings(report) {
        if !known.contains(&(code, warning.clone())) {
            warn!(target: LOG_TARGET, code, "{warning}");
        }
    }
}

impl fmt::Debug for LivePlugins {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LivePlugins")
            .field("directory", &self.directory)
            .finish_non_exhaustive()
    }
}
