//! The file of a script.

use std::io::Write;
use std::path::Path;

use solti_plugin_abi::RunnerError;
use solti_plugin_abi::os_error::explain;
use tempfile::{NamedTempFile, TempPath};

/// A script in a temporary file that only this user can read; the file goes when this does.
#[derive(Debug)]
pub(super) struct Script(TempPath);

impl Script {
    /// Writes a script into a new file in the system's directory for temporary files.
    ///
    /// # Errors
    ///
    /// [`RunnerError::Io`] that names the directory.
    pub(super) fn create(body: &str) -> Result<Self, RunnerError> {
        // On Unix tempfile makes its files with mode 0600 from the start.
        tempfile::Builder::new()
            .prefix("solti-script-")
            .tempfile()
            .and_then(|mut file: NamedTempFile| {
                file.write_all(body.as_bytes())?;
                // The path alone is kept: a task that waits for its turn holds no descriptor.
                Ok(Self(file.into_temp_path()))
            })
            .map_err(|err| {
                let directory = std::env::temp_dir();
                let reason = explain(&err, "write to that directory");
                RunnerError::Io(format!(
                    "cannot create a file for the script in {directory:?}: {reason}"
                ))
            })
    }

    /// The file, absolute.
    pub(super) fn path(&self) -> &Path {
        &self.0
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
