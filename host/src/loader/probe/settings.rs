//! What a host application decides about probing.

use std::path::PathBuf;
use std::time::Duration;

use crate::loader::PluginLoader;

/// How plugins are probed.
#[derive(Debug, Clone, Default)]
pub(in crate::loader) struct Settings {
    pub(super) off: bool,
    pub(super) program: Option<PathBuf>,
    pub(super) state: Option<PathBuf>,
    pub(super) limits: Limits,
}

/// What one probe may use.
#[derive(Debug, Clone)]
pub(super) struct Limits {
    pub(super) time: Duration,
    /// Address space, in bytes.
    pub(super) memory: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            time: Duration::from_secs(5),
            memory: 2 << 30,
        }
    }
}

impl Limits {
    /// Processor time: what one thread could use, in whole seconds as the system counts them.
    pub(super) fn cpu(&self) -> Duration {
        Duration::from_secs(self.time.as_secs_f64().ceil() as u64)
    }
}

/// Probing: before a plugin is opened here, another process opens the same bytes and connects it
/// with the same configuration. A plugin that crashes, hangs, ends its process, closes descriptors
/// or is not what its stamp says is rejected, and nothing happens to this process.
///
/// The other process is a program that calls [`probe_main`](crate::probe_main) first of all: this
/// very program when it has done so, or the one of [`probe_with`](Self::probe_with). Where there is
/// neither, plugins are loaded without, and [`LoadedPlugin::probe`](crate::LoadedPlugin::probe) says
/// so.
impl PluginLoader {
    /// Has plugins probed by this program, whose `main` begins with
    /// [`probe_main`](crate::probe_main). Not needed where that is the case for the host itself.
    #[must_use]
    pub fn probe_with(mut self, program: impl Into<PathBuf>) -> Self {
        self.probe.program = Some(program.into());
        self
    }

    /// Loads plugins without probing them: one that crashes while it is loaded ends the process.
    #[must_use]
    pub fn without_probe(mut self) -> Self {
        self.probe.off = true;
        self
    }

    /// Sets how long a probe may take, 5 seconds unless set; its processor time is limited to as
    /// many whole seconds.
    #[must_use]
    pub fn probe_time(mut self, limit: Duration) -> Self {
        self.probe.limits.time = limit;
        self
    }

    /// Sets the address space of a probe in bytes, 2 GiB unless set.
    #[must_use]
    pub fn probe_memory(mut self, limit: u64) -> Self {
        self.probe.limits.memory = limit;
        self
    }

    /// Keeps what probes find in this directory, across restarts.
    ///
    /// Within one process it is kept in any case, by what was probed: the file's bytes, the
    /// configuration, the limits and the version of the host. Failures are kept that are of the
    /// file; not the error of a constructor, which is tried again each time. A failure of time,
    /// which a busy machine may have caused, stands for an hour. [`forget_probes`] clears them.
    ///
    /// Whoever can write to the directory can vouch for a plugin.
    ///
    /// [`forget_probes`]: crate::forget_probes
    #[must_use]
    pub fn state_dir(mut self, directory: impl Into<PathBuf>) -> Self {
        self.probe.state = Some(directory.into());
        self
    }
}
