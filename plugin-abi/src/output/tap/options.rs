//! How much a tap keeps, and what happens beyond that.

/// What happens when a tap is full.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum WhenFull {
    /// Writers are told to wait, as a process waits for room in a pipe.
    #[default]
    Wait,
    /// What comes is left out, counted, and told as [`TapEvent::Lost`](super::TapEvent::Lost).
    Drop,
}

/// How much a tap keeps for its reader.
#[derive(Debug, Clone, Copy)]
#[must_use]
pub struct TapOptions {
    pub(super) capacity: usize,
    pub(super) overrun: usize,
    pub(super) when_full: WhenFull,
}

impl Default for TapOptions {
    /// One mebibyte, writers wait, and those that do not may go on up to five.
    fn default() -> Self {
        Self {
            capacity: 1 << 20,
            overrun: 5 << 20,
            when_full: WhenFull::Wait,
        }
    }
}

impl TapOptions {
    /// Sets how many bytes the tap keeps before writers are told to wait; 0 counts as 1. Those that do not
    /// wait, or were about to push, may go on up to four times as much, and for 4 MiB at least, unless
    /// [`with_overrun`](Self::with_overrun) follows.
    pub const fn with_capacity(mut self, bytes: usize) -> Self {
        self.capacity = if bytes == 0 { 1 } else { bytes };
        let four = self.capacity.saturating_mul(4);
        let more = self.capacity.saturating_add(4 << 20);
        self.overrun = if four > more { four } else { more };
        self
    }

    /// Sets how many bytes the tap keeps of writers that do not wait when they are told to, at least its
    /// capacity. Beyond that, blocks are left out and counted.
    pub const fn with_overrun(mut self, bytes: usize) -> Self {
        self.overrun = if bytes < self.capacity {
            self.capacity
        } else {
            bytes
        };
        self
    }

    /// Sets what happens when the tap is full.
    pub const fn when_full(mut self, when_full: WhenFull) -> Self {
        self.when_full = when_full;
        self
    }
}
