//! What the rules do, a file for each group.

pub(super) mod file;
pub(super) mod leftovers;
pub(super) mod loading;
pub(super) mod metrics;
pub(super) mod output;
pub(super) mod panics;
pub(super) mod runs;
pub(super) mod stopping;
