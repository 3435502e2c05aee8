//! Where the engine is.

use std::env;
use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// The engines we know, the first of which is taken.
pub(crate) const KNOWN: [&str; 3] = ["podman", "docker", "nerdctl"];

/// Finds a program: a path as it is, a name in `PATH`.
///
/// # Errors
///
/// What is wrong with it, as the end of a sentence that names it.
pub(crate) fn find(program: &str) -> Result<PathBuf, String> {
    if program.contains('/') {
        // Absolute, so that it stays the same one when somebody changes the directory.
        let path = std::path::absolute(program).map_err(|err| format!("cannot be used: {err}"))?;
        return match is_executable(&path) {
            Ok(true) => Ok(path),
            Ok(false) => Err("is not an executable file".to_owned()),
            Err(err) => Err(format!("cannot be used: {err}")),
        };
    }
    env::split_paths(&env::var_os("PATH").unwrap_or_default())
        .filter(|directory| directory.is_absolute())
        .map(|directory| directory.join(program))
        .find(|path| is_executable(path).unwrap_or(false))
        .ok_or_else(|| "is not in PATH".to_owned())
}

fn is_executable(path: &Path) -> io::Result<bool> {
    let metadata = fs::metadata(path)?;
    Ok(metadata.is_file() && metadata.permissions().mode() & 0o111 != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_file_that_can_be_executed_is_an_engine() {
        assert!(find("sh").unwrap().is_absolute());
        assert_eq!(find("/bin/sh"), Ok(PathBuf::from("/bin/sh")));
        assert_eq!(find("no-such-engine"), Err("is not in PATH".to_owned()));
        assert_eq!(
            find("/etc/passwd"),
            Err("is not an executable file".to_owned())
        );
        assert_eq!(find("/tmp"), Err("is not an executable file".to_owned()));
        assert_eq!(
            find("/no/such"),
            Err("cannot be used: No such file or directory (os error 2)".to_owned())
        );
    }
}
