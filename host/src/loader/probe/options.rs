//! What a host application decides about probing.

use std::path::PathBuf;
use std::time::Duration;

/// How plugins are probed.
#[derive(Debug, Clone, Default)]
pub(in crate::loader) struct ProbeOptions {
    /// Plugins are not probed.
    pub(in crate::loader) off: bool,
    /// The program that probes; the running one unless named.
    pub(in crate::loader) program: Option<PathBuf>,
    /// Where results are kept across restarts.
    pub(in crate::loader) state: Option<PathBuf>,
    pub(in crate::loader) limits: ProbeLimits,
}

/// What one probe may use.
#[derive(Debug, Clone, Copy)]
pub(in crate::loader) struct ProbeLimits {
    /// From its start to its end.
    pub(in crate::loader) time: Duration,
    /// Address space, in bytes.
    pub(in crate::loader) memory: u64,
}

impl Default for ProbeLimits {
    fn default() -> Self {
        Self {
            time: Duration::from_secs(5),
            memory: 2 << 30,
        }
    }
}

impl ProbeLimits {
    /// Processor time: what one thread could use, in whole seconds as the system counts them.
    pub(super) fn cpu(&self) -> Duration {
        Duration::from_secs(self.time.as_secs_f64().ceil() as u64)
    }
}
