//! How often a plugin panics, and when that is too often; or that somebody has retired it.
//!
//! A panic reaches the host in one of two ways, and is counted once, here: as the error that a call
//! into the plugin returns ([`Panics::count_in`]), or, where it had no caller to return to, as an
//! event with the target [`PANIC_TARGET`](solti_plugin_abi::v1::log::PANIC_TARGET), on which
//! `services::plugin_host` calls [`Panics::count`].

use std::num::NonZeroU64;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use abi_stable::std_types::RResult;
use solti_plugin_abi::v1::error::{FfiError, PANIC};
use tracing::error;

/// Counts the panics of one plugin.
pub(crate) struct Panics {
    plugin: Arc<str>,
    count: AtomicU64,
    /// Those that do not count any more.
    forgiven: AtomicU64,
    /// With this one the plugin is retired.
    limit: Option<NonZeroU64>,
    /// Whether somebody has retired it.
    withdrawn: AtomicBool,
}

impl Panics {
    pub(crate) fn new(plugin: &str, limit: Option<NonZeroU64>) -> Self {
        Self {
            plugin: plugin.into(),
            count: AtomicU64::new(0),
            forgiven: AtomicU64::new(0),
            limit,
            withdrawn: AtomicBool::new(false),
        }
    }

    /// Counts one more; when it was the last that is allowed, the log is to be told of it.
    #[must_use]
    pub(crate) fn count(&self) -> Option<Retired> {
        let count = self.count.fetch_add(1, Ordering::Relaxed) + 1;
        let counts = self.of_them_count(count);
        let is_last = self.limit.is_some_and(|limit| limit.get() == counts);
        is_last.then(|| Retired {
            plugin: Arc::clone(&self.plugin),
            panics: count,
        })
    }

    /// Passes on what the plugin has answered, and counts the panic that it may be.
    pub(super) fn count_in<T>(&self, answer: RResult<T, FfiError>) -> Result<T, FfiError> {
        let answer = answer.into_result();
        if answer.as_ref().is_err_and(|err| err.code == PANIC)
            && let Some(retired) = self.count()
        {
            retired.tell();
        }
        answer
    }

    /// Why the plugin, once it is retired, is given no task.
    pub(super) fn refusal(&self) -> String {
        if !self.reached_limit() {
            return format!(
                "plugin '{}' was retired and gets no more tasks",
                self.plugin
            );
        }
        let times = times(self.so_far());
        format!(
            "plugin '{}' has panicked {times} and gets no more tasks",
            self.plugin
        )
    }

    pub(super) fn plugin(&self) -> &Arc<str> {
        &self.plugin
    }

    pub(super) fn so_far(&self) -> u64 {
        self.count.load(Ordering::Relaxed)
    }

    pub(super) fn reached_limit(&self) -> bool {
        let counts = self.of_them_count(self.so_far());
        self.limit.is_some_and(|limit| counts >= limit.get())
    }

    /// How many of so many count towards the limit.
    fn of_them_count(&self, panics: u64) -> u64 {
        panics.saturating_sub(self.forgiven.load(Ordering::Relaxed))
    }

    /// Whether the plugin is to be given no tasks.
    pub(super) fn is_retired(&self) -> bool {
        self.withdrawn.load(Ordering::Relaxed) || self.reached_limit()
    }

    /// Retires the plugin, however often it has panicked.
    pub(super) fn withdraw(&self) {
        self.withdrawn.store(true, Ordering::Relaxed);
    }

    /// Puts the plugin back: what has been so far does not count any more.
    pub(super) fn forgive(&self) {
        self.withdrawn.store(false, Ordering::Relaxed);
        self.forgiven.store(self.so_far(), Ordering::Relaxed);
    }
}

/// That a plugin has panicked as often as it may.
pub(crate) struct Retired {
    plugin: Arc<str>,
    panics: u64,
}

impl Retired {
    /// Writes it to the host's log, on the calling thread.
    pub(crate) fn tell(&self) {
        error!(
            plugin = &*self.plugin,
            panics = self.panics,
            "plugin '{}' has panicked {}: its runners get no more tasks until the host is started again, \
             or puts it back",
            self.plugin,
            times(self.panics)
        );
    }
}

fn times(count: u64) -> String {
    format!("{count} time{}", if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use abi_stable::std_types::RErr;

    use super::*;

    fn answers(panics: &Panics, code: u32) {
        let answer: RResult<(), _> = RErr(FfiError::new(code, "no"));
        panics.count_in(answer).unwrap_err();
    }

    #[test]
    fn only_a_panic_is_counted_among_what_a_plugin_answers() {
        let panics = Panics::new("demo", NonZeroU64::new(1));
        answers(&panics, PANIC + 1);
        assert_eq!((panics.so_far(), panics.reached_limit()), (0, false));
        answers(&panics, PANIC);
        assert_eq!((panics.so_far(), panics.reached_limit()), (1, true));
        assert_eq!(
            panics.refusal(),
            "plugin 'demo' has panicked 1 time and gets no more tasks"
        );
        panics.forgive();
        assert_eq!((panics.so_far(), panics.reached_limit()), (1, false));
        answers(&panics, PANIC);
        assert_eq!((panics.so_far(), panics.reached_limit()), (2, true));
        panics.forgive();
        panics.withdraw();
        assert_eq!((panics.is_retired(), panics.reached_limit()), (true, false));
        assert_eq!(
            panics.refusal(),
            "plugin 'demo' was retired and gets no more tasks"
        );
        panics.forgive();
        assert!(!panics.is_retired());
    }
}
