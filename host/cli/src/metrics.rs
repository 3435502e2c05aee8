//! What runners count, and metrics for a collector.

mod counts;
mod file;
mod text;

pub(crate) use counts::{Counters, Counts};
pub(crate) use file::write;
pub(crate) use text::prometheus;
