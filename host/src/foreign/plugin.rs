//! A connected plugin as a whole.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use abi_stable::std_types::RBox;
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

/// How a plugin took its shutdown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ShutdownOutcome {
    /// Attempts that had not ended when the time was over; they no longer run.
    pub unfinished: u64,
    /// How long it took.
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

    /// The plugin's name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.inner.panics.plugin()
    }

    /// The plugin's version.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.inner.version
    }

    /// How often code of the plugin has panicked.
    #[must_use]
    pub fn panics(&self) -> u64 {
        self.inner.panics.so_far()
    }

    /// Whether it has panicked as often as the host allows: its runners are asked no more, and what
    /// they have begun goes on.
    #[must_use]
    pub fn is_retired(&self) -> bool {
        self.inner.panics.reached_limit()
    }

    /// Attempts that have begun and not ended.
    #[must_use]
    pub fn active_tasks(&self) -> u64 {
        self.inner.control.active_tasks()
    }

    /// Cancels the plugin's attempts, gives them at most `grace` to end, then stops its runtime.
    ///
    /// Blocks the calling thread for that long; later tasks of the plugin end as cancelled.
    pub fn shutdown(&self, grace: Duration) -> ShutdownOutcome {
        let began = Instant::now();
        let grace_ms = u64::try_from(grace.as_millis()).unwrap_or(u64::MAX);
        let unfinished = self.inner.control.shutdown(grace_ms);
        ShutdownOutcome {
            unfinished,
            took: began.elapsed(),
        }
    }

    pub(super) fn count_panic(&self) {
        self.inner.panics.count();
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
