//! The limits on this process that it could not work within.

use anyhow::bail;
use rustix::process::{Resource, getrlimit};

const MIB: u64 = 1 << 20;

/// The address space that a host needs with one small plugin: the file of a debug build alone is half
/// of it, and threads take much more of it than of memory. With less, an allocation fails somewhere, which ends a process.
const ADDRESS_SPACE: u64 = 96 * MIB;

/// Which limit stands behind a failure of this text, to be said after it; empty where none does.
pub(crate) fn reached(failure: &str) -> String {
    let no_thread = failure.contains("spawn") && failure.contains(NO_MORE);
    if !no_thread {
        return String::new();
    }
    let processes = getrlimit(Resource::Nproc).current;
    let memory = getrlimit(Resource::As).current;
    let of_memory = memory.map(|limit| {
        format!(
            "its address space is limited to {} MiB (ulimit -v)",
            limit / MIB
        )
    });
    let of_processes = match processes {
        Some(limit) => format!("its user may have {limit} processes and threads (ulimit -u)"),
        None => "the system has no process or thread left (pids.max)".to_owned(),
    };
    let limits: Vec<_> = [Some(of_processes), of_memory]
        .into_iter()
        .flatten()
        .collect();
    format!("; {}: raise the limit", limits.join(", and "))
}

/// How the system says that it has no thread.
const NO_MORE: &str = "Resource temporarily unavailable";

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
