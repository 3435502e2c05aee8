//! Run ids: one sequence for the whole process.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

/// The sequence of a process that is not a plugin.
static LOCAL: AtomicU64 = AtomicU64::new(1);

/// Where a plugin's copy of this crate draws its numbers: the host's sequence.
///
/// A plugin has its own copy of every static. Without this, two plugins and the host would all
/// count from one and hand out the same id.
static HOST: OnceLock<Box<dyn Fn() -> u64 + Send + Sync>> = OnceLock::new();

/// Takes the next number of the process-wide sequence.
#[doc(hidden)]
pub fn next_seq() -> u64 {
    match HOST.get() {
        Some(next) => next(),
        None => LOCAL.fetch_add(1, Ordering::Relaxed),
    }
}

/// Makes every later id of this copy of the crate draw from `next`; the first call wins.
pub(crate) fn draw_from(next: impl Fn() -> u64 + Send + Sync + 'static) {
    let _ = HOST.set(Box::new(next));
}

/// The id of one run: `{runner}-{slot}-{seq}`, unless the runner makes its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunId {
    name: String,
    seq: u64,
}

impl RunId {
    /// Assembles an id that was made elsewhere.
    #[doc(hidden)]
    #[must_use]
    pub fn from_parts(name: String, seq: u64) -> Self {
        Self { name, seq }
    }

    /// The id as a task name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The number at its end; unique in the process.
    #[must_use]
    pub fn seq(&self) -> u64 {
        self.seq
    }

    /// The id as an owned task name.
    #[must_use]
    pub fn into_name(self) -> String {
        self.name
    }
}

/// Makes the id of a new run of `runner_name` in `slot`.
///
/// The sequence starts at 1, and there is one for the whole process: a plugin draws from its host's.
#[must_use]
pub fn make_run_id(runner_name: &str, slot: &str) -> RunId {
    let seq = next_seq();
    RunId {
        name: format!("{runner_name}-{slot}-{seq}"),
        seq,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_carry_runner_slot_and_a_number_that_grows() {
        let first = make_run_id("sub", "build");
        let second = make_run_id("sub", "build");
        assert_eq!(first.name(), format!("sub-build-{}", first.seq()));
        assert!(first.seq() >= 1);
        assert!(second.seq() > first.seq());
        assert_eq!(second.clone().into_name(), second.name());
    }
}
