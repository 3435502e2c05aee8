//! What the task of a rehearsal does that its host can see: see
//! [`REHEARSAL`](super::runner::format::REHEARSAL).

/// The only line of its standard output, and of its standard error.
pub const LINE: &str = "a line of the rehearsal";

/// The target of its log records, one of each level and one of the `log` crate.
pub const TARGET: &str = "solti_plugin_abi::rehearsal";
