//! The arguments about probes: processes that load a plugin before this one does.

use std::path::PathBuf;
use std::time::Duration;

/// How plugins are probed.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "How plugins are probed")]
pub(crate) struct ProbeArgs {
    /// Load plugins without probing them: one that crashes while it is loaded takes this program down
    #[arg(long)]
    pub(crate) no_probe: bool,

    /// Time limit of a probe, which is a process that loads a plugin before this one does
    #[arg(long, value_name = "TIME", default_value = "5s", value_parser = humantime::parse_duration)]
    pub(crate) probe_time: Duration,

    /// Address space limit of a probe, in MiB
    #[arg(long, value_name = "MIB", default_value_t = 2048)]
    pub(crate) probe_memory: u64,

    /// Keep what probes find in this directory, across restarts; `solti-host forget` clears it
    #[arg(long, value_name = "DIR", env = "SOLTI_STATE")]
    pub(crate) state: Option<PathBuf>,
}
