//! Which program probes plugins.

use std::env;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::loader::options::ProbeOptions;

/// The file that runs, even when another has been put in its place.
pub(super) const OWN_PROGRAM: &str = "/proc/self/exe";

/// Whether this program answers as a probe when it is started as one.
static CAN_PROBE_ITSELF: AtomicBool = AtomicBool::new(false);

/// Notes that this program answers as a probe.
pub(super) fn can_probe_itself() {
    CAN_PROBE_ITSELF.store(true, Ordering::Relaxed);
}

/// The program that probes, or why there is none.
pub(super) fn find(options: &ProbeOptions) -> Result<PathBuf, &'static str> {
    if options.off {
        Err("switched off")
    } else if let Some(program) = &options.program {
        Ok(program.clone())
    } else if !CAN_PROBE_ITSELF.load(Ordering::Relaxed) {
        Err("the host's main does not begin with probe_main(), and it names no probe program")
    } else if cfg!(target_os = "linux") {
        Ok(OWN_PROGRAM.into())
    } else {
        env::current_exe().map_err(|_| "the host does not find its own program")
    }
}
