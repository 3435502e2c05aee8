//! The program that this is, started once more in another role.

use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};

/// The file that runs, even when another has been put in its place.
pub(crate) const ITSELF: &str = "/proc/self/exe";

/// Whether this program takes a role when it is started for one.
static TAKES_ROLES: AtomicBool = AtomicBool::new(false);

/// Notes that it does: its `main` has looked whether there is one for it.
pub(crate) fn set_takes_roles() {
    TAKES_ROLES.store(true, Ordering::Relaxed);
}

/// Whether it does.
pub(crate) fn takes_roles() -> bool {
    TAKES_ROLES.load(Ordering::Relaxed)
}

/// The file of the program that runs, to start it once more: on Linux the very one, even when another file
/// has been put in its place.
///
/// # Errors
///
/// When the system does not say which it is; never on Linux.
pub fn path() -> io::Result<PathBuf> {
    if cfg!(target_os = "linux") {
        Ok(ITSELF.into())
    } else {
        std::env::current_exe()
    }
}
