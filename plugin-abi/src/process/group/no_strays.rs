//! Descendants that have left their group cannot be told from others on this system.

use rustix::process::{Pid, Signal};

/// Nobody.
#[derive(Debug, Default)]
pub(super) struct Strays;

impl Strays {
    /// Finds nobody.
    pub(super) fn find_below(&mut self, _leader: Pid) {}

    /// Reaches nobody.
    pub(super) fn signal(&self, _signal: Signal) {}
}
