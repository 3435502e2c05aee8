//! What became of a plugin's attempts, and its last error.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

use parking_lot::Mutex;
use serde::Serialize;
use solti_plugin_abi::text::shorten;
use taskvisor::TaskError;

/// How much is kept of an error, in bytes.
const LONGEST: usize = 1024;

/// How many attempts of a plugin have ended in which way.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct AttemptCounts {
    /// In success.
    pub succeeded: u64,
    /// In a failure.
    pub failed: u64,
    /// Since they were cancelled.
    pub canceled: u64,
    /// Since their time was over, as they say themselves.
    pub timeout: u64,
    /// They were dropped by who supervised them before they had ended.
    pub dropped: u64,
}

impl AttemptCounts {
    /// Each with its name.
    #[must_use]
    pub fn by_outcome(&self) -> [(&'static str, u64); 5] {
        [
            ("succeeded", self.succeeded),
            ("failed", self.failed),
            ("canceled", self.canceled),
            ("timeout", self.timeout),
            ("dropped", self.dropped),
        ]
    }
}

impl std::ops::AddAssign for AttemptCounts {
    fn add_assign(&mut self, other: Self) {
        self.succeeded += other.succeeded;
        self.failed += other.failed;
        self.canceled += other.canceled;
        self.timeout += other.timeout;
        self.dropped += other.dropped;
    }
}

/// The last error that a plugin has answered with.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct LastError {
    /// When.
    pub at: SystemTime,
    /// What it said, 1024 bytes at most.
    pub text: String,
}

/// What is counted.
#[derive(Default)]
pub(super) struct Tally {
    succeeded: AtomicU64,
    failed: AtomicU64,
    canceled: AtomicU64,
    timeout: AtomicU64,
    dropped: AtomicU64,
    last_error: Mutex<Option<LastError>>,
}

impl Tally {
    /// Counts an attempt that has ended.
    pub(super) fn ended(&self, result: &Result<(), TaskError>) {
        let count = match result {
            Ok(()) => &self.succeeded,
            Err(TaskError::Canceled) => &self.canceled,
            Err(TaskError::Timeout { .. }) => &self.timeout,
            Err(_) => &self.failed,
        };
        count.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts one that nobody waits for any more.
    pub(super) fn dropped(&self) {
        self.dropped.fetch_add(1, Ordering::Relaxed);
    }

    /// Notes an error; a cancellation that was asked for says nothing.
    pub(super) fn note(&self, text: &str) {
        if text.is_empty() {
            return;
        }
        *self.last_error.lock() = Some(LastError {
            at: SystemTime::now(),
            text: shorten(text, LONGEST).into_owned(),
        });
    }

    pub(super) fn counts(&self) -> AttemptCounts {
        let of = |count: &AtomicU64| count.load(Ordering::Relaxed);
        AttemptCounts {
            succeeded: of(&self.succeeded),
            failed: of(&self.failed),
            canceled: of(&self.canceled),
            timeout: of(&self.timeout),
            dropped: of(&self.dropped),
        }
    }

    pub(super) fn last_error(&self) -> Option<LastError> {
        self.last_error.lock().clone()
    }
}
