//! Which program probes plugins.

use std::path::PathBuf;

use crate::loader::options::ProbeOptions;
use crate::own_program;

/// The program that probes, or why there is none.
pub(super) fn find(options: &ProbeOptions) -> Result<PathBuf, &'static str> {
    if options.off {
        Err("switched off")
    } else if let Some(program) = &options.program {
        Ok(program.clone())
    } else if !own_program::takes_roles() {
        Err("the host's main does not begin with probe_main(), and it names no probe program")
    } else {
        own_program::path().map_err(|_| "the host does not find its own program")
    }
}
