//! Where a program is.

use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};

use rustix::fs::{Access, access};
use rustix::io::Errno;

/// Where programs are looked for when there is no `PATH`, as the C library has it.
const WITHOUT_PATH: &str = "/bin:/usr/bin";

/// The file of a program: a path as it is, a name in one of the directories of `path`.
///
/// What is relative is so to `directory`, where there is one, and stays relative: the program starts
/// there.
///
/// # Errors
///
/// That there is none, or none that may be executed.
pub(super) fn find(
    name: &OsStr,
    path: Option<&OsStr>,
    directory: Option<&Path>,
) -> io::Result<PathBuf> {
    let bytes = name.as_encoded_bytes();
    if bytes.contains(&b'/') {
        return Ok(name.into());
    }
    let mut denied = None;
    let path = path.unwrap_or(OsStr::new(WITHOUT_PATH));
    // A name of nothing would be the directory itself.
    for entry in std::env::split_paths(path).filter(|_| !bytes.is_empty()) {
        // An empty entry is the directory that the program starts in.
        let entry = if entry.as_os_str().is_empty() {
            Path::new(".")
        } else {
            &entry
        };
        let found = entry.join(name);
        let seen = seen_from_here(&found, directory);
        if !seen.is_file() {
            continue;
        }
        match access(&seen, Access::EXEC_OK) {
            Ok(()) => return Ok(found),
            Err(err) => denied = Some(err),
        }
    }
    Err(denied.unwrap_or(Errno::NOENT).into())
}

/// A path as this process has to name it, which is in another directory than the program will be.
pub(super) fn seen_from_here(path: &Path, directory: Option<&Path>) -> PathBuf {
    directory.map_or_else(|| path.to_owned(), |directory| directory.join(path))
}

#[cfg(test)]
mod tests {
    use std::io::ErrorKind;

    use super::*;

    fn find_in(name: &str, path: &str) -> io::Result<PathBuf> {
        find(OsStr::new(name), Some(OsStr::new(path)), None)
    }

    #[test]
    fn a_name_is_looked_up_in_path_and_nothing_else_is() {
        assert_eq!(
            find_in("sh", "/no/such:/bin").unwrap(),
            Path::new("/bin/sh")
        );
        assert_eq!(find_in("/x/y", "/bin").unwrap(), Path::new("/x/y"));
        assert_eq!(find_in("./y", "/bin").unwrap(), Path::new("./y"));
        for name in ["no-such-program", ""] {
            let err = find_in(name, "/bin").unwrap_err();
            assert_eq!(err.kind(), ErrorKind::NotFound);
        }
        let found = find(OsStr::new("sh"), None, None).unwrap();
        assert_eq!(found, Path::new("/bin/sh"));
    }

    #[test]
    fn a_file_that_may_not_be_executed_is_told_apart_from_none_and_stands_in_no_ones_way() {
        // `passwd` there is a file, and no program.
        let err = find_in("passwd", "/etc").unwrap_err();
        assert_eq!(err.kind(), ErrorKind::PermissionDenied);
        let directory = std::env::temp_dir().join(format!("solti-lookup-{}", std::process::id()));
        std::fs::create_dir(&directory).unwrap();
        std::fs::write(directory.join("sh"), "no program").unwrap();
        let found = find_in("sh", &format!("{}:/bin", directory.display()));
        std::fs::remove_dir_all(&directory).unwrap();
        assert_eq!(found.unwrap(), Path::new("/bin/sh"));
    }

    #[test]
    fn an_entry_that_is_relative_is_so_to_the_directory_of_the_program() {
        let found = find(
            OsStr::new("sh"),
            Some(OsStr::new("bin:")),
            Some(Path::new("/")),
        );
        assert_eq!(found.unwrap(), Path::new("bin/sh"));
        let found = find(
            OsStr::new("sh"),
            Some(OsStr::new("")),
            Some(Path::new("/bin")),
        );
        assert_eq!(found.unwrap(), Path::new("./sh"));
    }
}
