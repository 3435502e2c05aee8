//! The arguments about probes: processes that load a plugin before this one does.

use std::path::PathBuf;

use solti_plugin_host::environment;
use solti_plugin_host::options::{DEFAULT_PROBE_MEMORY, DEFAULT_PROBE_TIME};

use super::bounds;

/// The bytes of the unit that `--probe-memory` counts in.
const MIB: u64 = 1 << 20;

/// How plugins are probed.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "How plugins are probed")]
pub(crate) struct ProbeArgs {
    /// Load plugins without probing them: one that crashes while it is loaded takes this program down
    #[arg(long)]
    pub(crate) no_probe: bool,

    /// Time limit of a probe, which is a process that loads a plugin before this one does; 10ms to 1h
    #[arg(
        long,
        value_name = "TIME",
        default_value_t = DEFAULT_PROBE_TIME.into(),
        value_parser = bounds::time(bounds::PROBE_TIME)
    )]
    pub(crate) probe_time: humantime::Duration,

    /// Address space limit of a probe, in MiB; 64 to 16777216
    #[arg(
        long,
        value_name = "MIB",
        default_value_t = DEFAULT_PROBE_MEMORY / MIB,
        value_parser = bounds::number::<u64>(bounds::PROBE_MEMORY)
    )]
    pub(crate) probe_memory: u64,

    /// Let probes have this variable of the environment, besides PATH, HOME and the like; may be given
    /// several times
    #[arg(long, value_name = "NAME", value_parser = parse_name)]
    pub(crate) probe_env: Vec<String>,

    /// Keep what probes find in this directory, across restarts, and what plugins keep, in `plugins/`
    /// below it; `solti-host forget` clears the former
    #[arg(long, value_name = "DIR", env = "SOLTI_STATE")]
    pub(crate) state: Option<PathBuf>,
}

impl ProbeArgs {
    /// The limit of the address space of a probe, in bytes.
    pub(crate) fn memory_bytes(&self) -> u64 {
        self.probe_memory.saturating_mul(MIB)
    }
}

fn parse_name(text: &str) -> Result<String, String> {
    match environment::fault_of_name(text) {
        Some(fault) => Err(format!("the name {fault}")),
        None => Ok(text.to_owned()),
    }
}
