//! The file of a script.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::thread::sleep;

use solti_plugin_abi::RunnerError;
use solti_plugin_abi::guardian::{self, Guarded};
use solti_plugin_abi::os_error::{PAUSES, explain, may_pass};
use tempfile::TempPath;

/// A script in a temporary file that only this user can read; the file goes when this does, and when the
/// host is killed.
#[derive(Debug)]
pub(super) struct Script {
    path: TempPath,
    /// Goes after the file.
    _guarded: Option<Guarded>,
}

impl Script {
    /// Writes a script into a new file in the system's directory for temporary files. Where the machine has
    /// no descriptor left for it, that is waited for a little, and blocks.
    ///
    /// # Errors
    ///
    /// [`RunnerError::Io`] that names the directory.
    pub(super) fn create(body: &str) -> Result<Self, RunnerError> {
        let mut pauses = PAUSES.iter();
        let created = loop {
            match (Self::try_create(body), pauses.next()) {
                (Err(err), Some(pause)) if may_pass(&err) => sleep(*pause),
                (created, _) => break created,
            }
        };
        created.map_err(|err| {
            let directory = std::env::temp_dir();
            let reason = explain(&err, "write to that directory");
            RunnerError::Io(format!(
                "cannot create a file for the script in {directory:?}: {reason}"
            ))
        })
    }

    fn try_create(body: &str) -> io::Result<Self> {
        // An error of `tempfile` itself does not tell which it is of the system's.
        let mut guarded = None;
        let private = |path: &Path| {
            // Before it is there: a host may be killed at any time.
            guarded = guardian::file(path);
            let mut options = OpenOptions::new();
            options.write(true).create_new(true).mode(0o600).open(path)
        };
        let mut file = tempfile::Builder::new()
            .prefix("solti-script-")
            .make(private)?;
        file.as_file_mut().write_all(body.as_bytes())?;
        // The path alone is kept: a task that waits for its turn holds no descriptor.
        let path = file.into_temp_path();
        Ok(Self {
            path,
            _guarded: guarded,
        })
    }

    /// The file, absolute.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn nobody_else_can_read_a_script_and_nothing_stays_behind() {
        let script = Script::create("secret=1\n").unwrap();
        let path = script.path().to_owned();
        assert!(path.is_absolute());
        let mode = path.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o7777, 0o600);
        drop(script);
        assert!(!path.exists());
    }
}
