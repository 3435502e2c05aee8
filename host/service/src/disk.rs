//! What the system says of a disk.

use std::io;

/// Whether an error says that there is no room, or that the user may use no more.
pub(crate) fn is_full(err: &io::Error) -> bool {
    matches!(
        err.kind(),
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded
    )
}
