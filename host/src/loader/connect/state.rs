//! A directory that a plugin keeps for itself.

use std::fmt::Write as _;
use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};

/// Where, in the host's directory, each plugin has its own.
const OF_PLUGINS: &str = "plugins";

/// Others than the owner may write.
const WRITABLE: u32 = 0o022;

/// Makes the directory of the plugin called `name`, for the host's user alone.
pub(crate) fn directory_of(name: &str, state: &Path) -> io::Result<PathBuf> {
    let directory = std::path::absolute(state)?
        .join(OF_PLUGINS)
        .join(file_name(name));
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(&directory)?;
    let metadata = fs::symlink_metadata(&directory)?;
    let own = rustix::process::geteuid().as_raw();
    if metadata.uid() != own || metadata.mode() & WRITABLE != 0 {
        return Err(io::Error::new(
            io::ErrorKind::PermissionDenied,
            format!(
                "{} can be changed by others (owner {}, mode {:04o})",
                directory.display(),
                metadata.uid(),
                metadata.mode() & 0o7777
            ),
        ));
    }
    Ok(directory)
}

/// A name as that of a file: what is not a letter, a digit, `.`, `_` or `-` is written `%2F`, and so is a
/// dot at the beginning.
fn file_name(name: &str) -> String {
    let mut file = String::new();
    for (at, byte) in name.bytes().enumerate() {
        let is_dot_file = at == 0 && byte == b'.';
        if !is_dot_file && (byte.is_ascii_alphanumeric() || b"._-".contains(&byte)) {
            file.push(char::from(byte));
        } else {
            // Writing into a String cannot fail.
            let _ = write!(file, "%{byte:02X}");
        }
    }
    file
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_name_leads_nowhere_else_and_two_names_to_two_directories() {
        for (name, file) in [
            ("hello-eu_1.2", "hello-eu_1.2"),
            ("../x", "%2E.%2Fx"),
            (".", "%2E"),
            ("a%2Fb", "a%252Fb"),
            ("größe", "gr%C3%B6%C3%9Fe"),
        ] {
            assert_eq!(file_name(name), file);
        }
    }

    #[test]
    fn the_directory_is_the_hosts_alone_and_is_found_again() {
        let state = tempfile::tempdir().unwrap();
        let made = directory_of("demo", state.path()).unwrap();
        assert!(made.is_absolute() && made.ends_with("plugins/demo"));
        assert_eq!(made.metadata().unwrap().permissions().mode() & 0o777, 0o700);
        assert_eq!(directory_of("demo", state.path()).unwrap(), made);
    }
}
