//! Files that are replaced as a whole.

use std::fs::{self, File, Permissions};
use std::io::{self, ErrorKind, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

/// What the name of an unfinished file begins and ends with: readers of a directory pass over what
/// begins with a dot.
const PREFIX: &str = ".solti-";
const SUFFIX: &str = ".tmp";

/// The bits of a mode that say who may read, write and run a file.
const RIGHTS: u32 = 0o777;

/// Puts `bytes` into the file at `path`. Whoever opens it, at any time and after a crash, finds all
/// of them or what was there before.
///
/// They go into a new file of the same directory, which takes the old one's place when the disk has
/// it. A symbolic link stays one: what it leads to is replaced. A file that was there keeps its
/// mode, and another gets that of any new file, `rw-rw-rw-` less the umask. Threads and processes
/// may write one file at a time: the last of them wins.
///
/// Blocks until the disk has the bytes and the name.
///
/// # Errors
///
/// What the system says. The old file is as it was then, and nothing is left beside it, unless all
/// that failed was to have the disk keep the new name. [`ErrorKind::InvalidInput`] when there is
/// something at `path` that is no regular file: a directory, a pipe, a device.
///
/// # Examples
///
/// ```
/// use solti_plugin_host::atomic;
///
/// # let directory = tempfile::tempdir()?;
/// let file = directory.path().join("solti.prom");
/// atomic::write(&file, "solti_plugins 3\n")?;
/// assert_eq!(std::fs::read(&file)?, b"solti_plugins 3\n");
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn write(path: impl AsRef<Path>, bytes: impl AsRef<[u8]>) -> io::Result<()> {
    let (path, bytes) = (path.as_ref(), bytes.as_ref());
    let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let old = fs::metadata(&target).ok();
    if old.as_ref().is_some_and(|old| !old.is_file()) {
        // A device would be a file from then on.
        return Err(io::Error::new(
            ErrorKind::InvalidInput,
            "not a regular file",
        ));
    }
    let parent = match target.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    };
    let directory = File::open(parent)?;
    let mut unfinished = tempfile::Builder::new()
        .prefix(PREFIX)
        .suffix(SUFFIX)
        // The umask still counts.
        .permissions(Permissions::from_mode(0o666))
        .tempfile_in(parent)?;
    unfinished.write_all(bytes)?;
    if let Some(old) = old {
        let mode = Permissions::from_mode(old.permissions().mode() & RIGHTS);
        unfinished.as_file().set_permissions(mode)?;
    }
    unfinished.as_file().sync_all()?;
    unfinished.persist(&target)?;
    directory.sync_all()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;
    use std::path::PathBuf;
    use std::thread;

    use tempfile::TempDir;

    use super::*;

    fn directory_with(name: &str, text: &str) -> (TempDir, PathBuf) {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join(name);
        fs::write(&file, text).unwrap();
        (directory, file)
    }

    fn names(directory: &TempDir) -> Vec<String> {
        let entries = fs::read_dir(directory.path()).unwrap();
        let mut names: Vec<_> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    fn mode(file: &Path) -> u32 {
        fs::metadata(file).unwrap().permissions().mode() & 0o7777
    }

    #[test]
    fn a_reader_never_sees_a_part_and_writers_do_not_meet() {
        let texts = ["a", "b"].map(|letter| letter.repeat(1 << 16));
        let (directory, file) = directory_with("file", &texts[0]);
        thread::scope(|scope| {
            let file = &file;
            let writers = texts.each_ref().map(|text| {
                scope.spawn(move || {
                    for _ in 0..50 {
                        write(file, text).unwrap();
                    }
                })
            });
            while !writers.iter().all(|writer| writer.is_finished()) {
                let found = fs::read_to_string(file).unwrap();
                assert!(texts.contains(&found), "{} bytes", found.len());
            }
        });
        assert_eq!(names(&directory), ["file"]);
    }

    #[test]
    fn a_new_file_has_the_mode_of_any_new_file_and_an_old_one_keeps_its_own() {
        let (directory, plain) = directory_with("plain", "");
        let new = directory.path().join("new");
        write(&new, "x").unwrap();
        assert_eq!(mode(&new), mode(&plain));
        for kept in [0o600, 0o640, 0o666] {
            fs::set_permissions(&new, Permissions::from_mode(kept)).unwrap();
            write(&new, "y").unwrap();
            assert_eq!(mode(&new), kept);
        }
        fs::set_permissions(&new, Permissions::from_mode(0o4755)).unwrap();
        write(&new, "z").unwrap();
        assert_eq!(mode(&new), 0o755, "another program must not get its rights");
    }

    #[test]
    fn a_link_stays_a_link() {
        let (directory, file) = directory_with("file", "old");
        let link = directory.path().join("link");
        symlink("file", &link).unwrap();
        write(&link, "new").unwrap();
        assert!(link.is_symlink());
        assert_eq!(fs::read_to_string(file).unwrap(), "new");
    }

    #[test]
    fn a_failure_leaves_what_was_there_and_nothing_beside_it() {
        let (directory, file) = directory_with("file", "old");
        // Found out when the new file is to take its name.
        let too_long = directory.path().join("x".repeat(256));
        let missing = directory.path().join("missing/file");
        for path in [&too_long, &missing] {
            assert!(write(path, "new").is_err());
        }
        assert_eq!(names(&directory), ["file"]);
        assert_eq!(fs::read_to_string(file).unwrap(), "old");
    }

    #[test]
    fn what_is_no_regular_file_is_not_replaced_by_one() {
        let directory = tempfile::tempdir().unwrap();
        for path in [directory.path(), Path::new("/dev/null")] {
            let err = write(path, "x").unwrap_err();
            assert_eq!(err.kind(), ErrorKind::InvalidInput);
            assert_eq!(err.to_string(), "not a regular file");
        }
        assert!(!Path::new("/dev/null").is_file());
    }
}
