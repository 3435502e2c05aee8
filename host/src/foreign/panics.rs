//! How often a plugin panics, and when that is too often.

use std::num::NonZeroU64;
use std::sync::atomic::{AtomicU64, Ordering};

use tracing::error;

/// Counts the panics of one plugin.
pub(crate) struct Panics {
    plugin: Box<str>,
    count: AtomicU64,
    /// With this one the plugin is retired.
    limit: Option<NonZeroU64>,
}

impl Panics {
    pub(crate) fn new(plugin: &str, limit: Option<NonZeroU64>) -> Self {
        Self {
            plugin: plugin.into(),
            count: AtomicU64::new(0),
            limit,
        }
    }

    /// Counts one more, and says so once when it was the last that is allowed.
    pub(crate) fn count(&self) {
        let count = self.count.fetch_add(1, Ordering::Relaxed) + 1;
        if self.limit.is_some_and(|limit| limit.get() == count) {
            error!(
                plugin = &*self.plugin,
                panics = count,
                "plugin '{}' has panicked {count} time{}: its runners get no more tasks until the \
                 host is started again",
                self.plugin,
                if count == 1 { "" } else { "s" }
            );
        }
    }

    pub(super) fn plugin(&self) -> &str {
        &self.plugin
    }

    pub(super) fn so_far(&self) -> u64 {
        self.count.load(Ordering::Relaxed)
    }

    pub(super) fn reached_limit(&self) -> bool {
        self.limit.is_some_and(|limit| self.so_far() >= limit.get())
    }
}
