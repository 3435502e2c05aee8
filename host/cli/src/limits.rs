//! The limits on this process that it could not work within.

use anyhow::bail;
use rustix::process::{Resource, getrlimit};

const MIB: u64 = 1 << 20;

/// The address space that a host needs with one small plugin: it runs with less by half, and threads take
/// much more of it than of memory. With less, an allocation fails somewhere, which ends a process.
const ADDRESS_SPACE: u64 = 64 * MIB;

/// Checks the limits.
///
/// # Errors
///
/// When one is too small; the error names it.
pub(crate) fn check() -> anyhow::Result<()> {
    match getrlimit(Resource::As).current {
        Some(limit) if limit < ADDRESS_SPACE => bail!(
            "this process may use {} MiB of address space, and needs {} MiB: raise the limit (ulimit -v)",
            limit / MIB,
            ADDRESS_SPACE / MIB
        ),
        _ => Ok(()),
    }
}
