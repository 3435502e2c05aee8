//! What a supervisor is told once for all its tasks.

use std::time::Duration;

/// How long a cancelled attempt may take to end, where nothing else is said: 5 seconds.
pub const DEFAULT_GRACE: Duration = Duration::from_secs(5);

/// What a supervisor is told once for all its tasks.
///
/// # Examples
///
/// ```
/// use solti_plugin_host::supervise::SupervisorOptions;
///
/// let options = SupervisorOptions::default().with_jobs(8).with_retries(3);
/// # let _ = options;
/// ```
#[derive(Debug, Clone)]
pub struct SupervisorOptions {
    /// 0 for any number.
    pub(super) jobs: usize,
    pub(super) grace: Duration,
    /// 0 for any number.
    pub(super) retries: u32,
}

impl Default for SupervisorOptions {
    fn default() -> Self {
        Self {
            jobs: 0,
            grace: DEFAULT_GRACE,
            retries: 0,
        }
    }
}

impl SupervisorOptions {
    /// How many attempts may run at the same time; 0, the default, for any number.
    ///
    /// A task that waits for its next attempt leaves its place to another.
    #[must_use]
    pub fn with_jobs(mut self, jobs: usize) -> Self {
        self.jobs = jobs;
        self
    }

    /// How long an attempt that is cancelled may take to end before it is dropped; [`DEFAULT_GRACE`]
    /// where nothing is said.
    #[must_use]
    pub fn with_grace(mut self, grace: Duration) -> Self {
        self.grace = grace;
        self
    }

    /// How often in a row a task that fails is tried again where its spec says that it is; 0, the default,
    /// for any number.
    #[must_use]
    pub fn with_retries(mut self, retries: u32) -> Self {
        self.retries = retries;
        self
    }
}
