//! Where the engine is.

use std::fs;
use std::path::PathBuf;

use solti_plugin_abi::os_error::explain;
use which::{which_all_global, which_global};

/// The engines we know, the first of which is taken.
pub(crate) const KNOWN: [&str; 3] = ["podman", "docker", "nerdctl"];

/// Finds a program: a path as it is, a name in `PATH`.
///
/// # Errors
///
/// What is wrong with it, as the end of a sentence that names it.
pub(crate) fn find(program: &str) -> Result<PathBuf, String> {
    if !program.contains('/') {
        let found = which_all_global(program).ok();
        // What a relative directory in `PATH` holds changes with the directory that the host is in.
        return found
            .and_then(|mut found| found.find(|path| path.is_absolute()))
            .ok_or_else(|| "is not in PATH".to_owned());
    }
    let unusable = |err| format!("cannot be used: {}", explain(&err, "reach it"));
    // Absolute, so that it stays the same one when somebody changes the directory.
    let path = std::path::absolute(program).map_err(unusable)?;
    fs::metadata(&path).map_err(unusable)?;
    which_global(path).map_err(|_| "is not an executable file".to_owned())
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
