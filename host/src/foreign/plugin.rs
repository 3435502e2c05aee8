//! A connected plugin as a whole.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use abi_stable::std_types::{RBox, RResult};
use solti_plugin_abi::v1::error::FfiError;
use solti_plugin_abi::v1::plugin::PluginAbi_TO;

use super::panics::Panics;
use crate::services::log::PluginLog;

/// A plugin that has been loaded, for as long as the process lives.
///
/// Clones are handles to the same plugin. Dropping the last one unloads nothing: a library is never
/// closed, because its threads and thread-locals may outlive every handle.
#[derive(Clone)]
pub struct Plugin {
    inner: Arc<Inner>,
}

struct Inner {
    version: String,
    control: PluginAbi_TO<RBox<()>>,
    log: Arc<dyn PluginLog>,
    /// The generation of the log's answers that the plugin was last told of.
    log_generation: AtomicU64,
    panics: Arc<Panics>,
}

/// How a plugin's shutdown went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct ShutdownOutcome {
    /// The attempts that had not ended within the grace; they no longer run.
    pub unfinished: u64,
    /// How long the shutdown took.
    pub took: Duration,
}

impl Plugin {
    pub(crate) fn new(
        version: String,
        control: PluginAbi_TO<RBox<()>>,
        log: Arc<dyn PluginLog>,
        panics: Arc<Panics>,
    ) -> Self {
        let log_generation = AtomicU64::new(log.generation());
        Self {
            inner: Arc::new(Inner {
                version,
                control,
                log,
                log_generation,
                panics,
            }),
        }
    }

    /// The plugin's name, as its stamp has it.
    #[must_use]
    pub fn name(&self) -> &str {
        self.inner.panics.plugin()
    }

    /// The plugin's version, as its stamp has it.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.inner.version
    }

    /// How often the plugin's code has panicked since it was loaded.
    #[must_use]
    pub fn panics(&self) -> u64 {
        self.inner.panics.so_far()
    }

    /// Whether the plugin has panicked as often as the host allows.
    ///
    /// Its runners are then given no more tasks; what they have begun goes on.
    #[must_use]
    pub fn is_retired(&self) -> bool {
        self.inner.panics.reached_limit()
    }

    /// The number of attempts that have begun and not ended.
    #[must_use]
    pub fn active_tasks(&self) -> u64 {
        self.inner.control.active_tasks()
    }

    /// Cancels the plugin's attempts, gives them `grace` to end, and then stops its runtime.
    ///
    /// Blocks the calling thread until the last attempt has ended, for `grace` at most: in
    /// asynchronous code, call it by `spawn_blocking`. Attempts that begin later end as cancelled at
    /// once. A second call finds nothing to do.
    pub fn shutdown(&self, grace: Duration) -> ShutdownOutcome {
        let began = Instant::now();
        let grace_ms = u64::try_from(grace.as_millis()).unwrap_or(u64::MAX);
        let unfinished = self.inner.control.shutdown(grace_ms);
        ShutdownOutcome {
            unfinished,
            took: began.elapsed(),
        }
    }

    /// Why a retired plugin is given no task.
    pub(super) fn refusal(&self) -> String {
        self.inner.panics.refusal()
    }

    /// Takes what a call into the plugin has answered; a panic is counted.
    pub(super) fn answer<T>(&self, answer: RResult<T, FfiError>) -> Result<T, FfiError> {
        self.inner.panics.count_in(answer)
    }

    /// Tells the plugin when the host's log filter has changed since it last asked.
    pub(super) fn refresh_log(&self) {
        let now = self.inner.log.generation();
        if self.inner.log_generation.swap(now, Ordering::AcqRel) != now {
            self.inner.control.refresh_log();
            // Refreshing may have registered call sites, which counts as a change.
            self.inner
                .log_generation
                .store(self.inner.log.generation(), Ordering::Release);
        }
    }
}

impl fmt::Debug for Plugin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Plugin")
            .field("name", &self.name())
            .field("version", &self.inner.version)
            .finish_non_exhaustive()
    }
}
