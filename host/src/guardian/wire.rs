//! What a host and its guardian agree on: how the guardian is started, and the byte that it is told at the
//! end; it is told nothing before.

/// The first argument of a program that is started as a guardian; the number of the host's process is the
/// second.
pub(crate) const ARGUMENT: &str = "--solti-plugin-guardian";

/// What it is called among processes: not as the host, with which nobody means to end it.
pub(super) const NAME: &str = "solti-guardian";

/// To end, where nothing is in the table. Otherwise it stays until the host is gone.
pub(super) const END_IF_IDLE: u8 = b'i';

/// To end, whatever is in the table: the host goes on without it.
pub(super) const END_AT_ONCE: u8 = b'e';
