//! The arguments about probes: processes that load plugins before this one does.

use std::path::PathBuf;
use std::time::Duration;

/// How plugins are probed.
#[derive(Debug, clap::Args)]
pub(crate) struct ProbeArgs {
    /// Load plugins at once: one that crashes while it is loaded ends the program
    #[arg(long)]
    pub(crate) no_probe: bool,

    /// How long a plugin may take to be loaded by a process of its own, before it is loaded here
    #[arg(long, value_name = "TIME", default_value = "5s", value_parser = humantime::parse_duration)]
    pub(crate) probe_time: Duration,

    /// Memory that it may take there, in MiB of address space
    #[arg(long, value_name = "MIB", default_value_t = 2048)]
    pub(crate) probe_memory: u64,

    /// Keep what probes find in this directory, across restarts; `solti-host forget` clears it
    #[arg(long, value_name = "DIR", env = "SOLTI_STATE")]
    pub(crate) state: Option<PathBuf>,
}
