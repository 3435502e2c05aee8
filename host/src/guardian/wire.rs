//! What a host tells its guardian: a byte at the end, and nothing before.

/// To end, where nothing is in the table. Otherwise it stays until the host is gone.
pub(super) const END_IF_IDLE: u8 = b'i';

/// To end, whatever is in the table: the host goes on without it.
pub(super) const END_AT_ONCE: u8 = b'e';
