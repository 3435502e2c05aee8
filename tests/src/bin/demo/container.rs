//! The container task of the demo, where a container engine works.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use e2e::Podman;

use crate::plugins::write_sidecar;

/// An engine that works, and the file that tells the plugin of it. Dropping it removes both: they are
/// of no use without the demo's storage. An operator has an engine already and writes nothing.
pub(crate) struct Engine {
    _podman: Podman,
    sidecar: PathBuf,
}

impl Engine {
    /// Sets an engine up, or says why none works.
    pub(crate) fn set_up(scratch: &Path, plugins: &Path) -> io::Result<Result<Self, String>> {
        let sidecar = plugins.join("container.toml");
        let podman = Podman::set_up(&scratch.join("containers"))
            .and_then(|podman| podman.try_run().map(|()| podman));
        let podman = match podman {
            Ok(podman) => podman,
            Err(reason) => return Ok(Err(reason)),
        };
        write_sidecar(&sidecar, &format!("[config]\n{}", podman.config()))?;
        Ok(Ok(Self {
            _podman: podman,
            sidecar,
        }))
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        // Nothing can be done about what the system does not let go.
        fs::remove_file(&self.sidecar).ok();
    }
}
