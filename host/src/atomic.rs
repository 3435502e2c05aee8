//! Files that are replaced as a whole.

use std::fs::{self, File, Metadata, Permissions};
use std::io::{self, ErrorKind, Write as _};
use std::os::fd::AsFd;
use std::os::unix::fs::{
    FileTypeExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _,
};
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::stdio;

use crate::links::{End, Way};

/// What the name of an unfinished file begins and ends with: readers of a directory pass over what
/// begins with a dot.
const PREFIX: &str = ".solti-";
const SUFFIX: &str = ".tmp";

/// The bits of a mode that say who may read, write and run a file.
const RIGHTS: u32 = 0o777;

/// How long the reader of a pipe may take nothing before it is given up.
const PATIENCE: Duration = Duration::from_secs(5);

/// Puts `bytes` into the file at `path`. Whoever opens it, at any time and after a crash, finds all
/// of them or what was there before.
///
/// They go into a new file of the same directory, which takes the old one's place when the disk has
/// it. A symbolic link stays one: what it leads to is replaced, unless it is somebody else's, who
/// could lead anywhere with it. A file that was there keeps its mode, and another gets that of any
/// new file, `rw-rw-rw-` less the umask. Threads and processes may write one file at a time: the
/// last of them wins.
///
/// A pipe, a terminal and the like, and an open file such as `/dev/stderr`, cannot be replaced: the
/// bytes are written to it, behind what is there.
///
/// Blocks until the disk has the bytes and the name, or the reader of a pipe has taken them.
///
/// # Errors
///
/// What the system says. The old file is as it was then, and nothing is left beside it, unless all
/// that failed was to have the disk keep the new name. [`ErrorKind::InvalidInput`] when there is
/// something at `path` that is not to be written to: a directory, a socket, a disk;
/// [`ErrorKind::PermissionDenied`] when a link of another user leads there;
/// [`ErrorKind::TimedOut`] when the reader of a pipe takes nothing for five seconds.
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
    let way = Way::of(path)?;
    check_links(&way)?;
    if way.leads_to == End::Descriptor {
        return write_to_descriptor(&way.end, bytes);
    }
    let written = write_at(&way.end, bytes);
    written.map_err(|err| match err.raw_os_error() {
        Some(libc::EFBIG) => io::Error::new(
            ErrorKind::FileTooLarge,
            "this process may write no larger file (ulimit -f)",
        ),
        _ => err,
    })
}

fn write_at(end: &Path, bytes: &[u8]) -> io::Result<()> {
    match fs::symlink_metadata(end) {
        Ok(found) if found.is_file() => replace(end, Some(&found), bytes),
        Ok(found) if found.file_type().is_fifo() || found.file_type().is_char_device() => {
            write_to(open(end)?, bytes)
        }
        // A disk would be one no more, and a directory or a socket takes no bytes.
        Ok(_) => Err(not_a_file()),
        Err(_) => replace(end, None, bytes),
    }
}

/// Checks that no link on the way is one of another user: in a directory like `/tmp` anybody can lead
/// to any file of this user's.
fn check_links(way: &Way) -> io::Result<()> {
    let own = [0, rustix::process::geteuid().as_raw()];
    let mut links = way.links_of_others();
    match links.find(|link| !own.contains(&link.metadata.uid())) {
        None => Ok(()),
        Some(link) => Err(io::Error::new(
            ErrorKind::PermissionDenied,
            format!(
                "{} is a link of user {}, which is not followed",
                link.path.display(),
                link.metadata.uid()
            ),
        )),
    }
}

fn replace(target: &Path, old: Option<&Metadata>, bytes: &[u8]) -> io::Result<()> {
    let parent = target.parent().unwrap_or(Path::new("/"));
    let directory = File::open(parent)?;
    let mut unfinished = tempfile::Builder::new()
        .prefix(PREFIX)
        .suffix(SUFFIX)
        // The umask still counts.
        .permissions(Permissions::from_mode(0o666))
        .tempfile_in(parent)?;
    // Through the file itself: the other way the number of the system's error is lost.
    unfinished.as_file_mut().write_all(bytes)?;
    if let Some(old) = old {
        let mode = Permissions::from_mode(old.permissions().mode() & RIGHTS);
        unfinished.as_file().set_permissions(mode)?;
    }
    unfinished.as_file().sync_all()?;
    unfinished.persist(target)?;
    directory.sync_all()
}

/// Writes to what is open, not to a name that it may have: a log stays what it is.
fn write_to_descriptor(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let own = format!("/proc/{}/fd", std::process::id());
    match path.strip_prefix(own).ok().and_then(Path::to_str) {
        Some("1") => write_to(stdio::stdout(), bytes),
        Some("2") => write_to(stdio::stderr(), bytes),
        _ => write_to(open(path)?, bytes),
    }
}

/// Opens a pipe or a device without waiting for whoever is to be at its other end.
fn open(path: &Path) -> io::Result<File> {
    let opened = File::options()
        .append(true)
        .custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY)
        .open(path);
    opened.map_err(|err| match err.raw_os_error() {
        Some(libc::ENXIO) => io::Error::new(ErrorKind::BrokenPipe, "nobody reads this pipe"),
        _ => err,
    })
}

/// Writes all bytes, as long as somebody takes some of them now and then.
fn write_to(to: impl AsFd, mut bytes: &[u8]) -> io::Result<()> {
    let to = to.as_fd();
    let mut last = Instant::now();
    while !bytes.is_empty() {
        // A descriptor that blocks is asked for room first, and then takes as much as a page.
        let left = PATIENCE.saturating_sub(last.elapsed());
        let wait = Timespec::try_from(left).ok();
        match poll(
            &mut [PollFd::from_borrowed_fd(to, PollFlags::OUT)],
            wait.as_ref(),
        ) {
            Ok(0) => {
                return Err(io::Error::new(
                    ErrorKind::TimedOut,
                    "its reader takes nothing any more",
                ));
            }
            Ok(_) | Err(Errno::INTR) => {}
            Err(err) => return Err(err.into()),
        }
        match rustix::io::write(to, &bytes[..bytes.len().min(4_096)]) {
            Ok(written) => {
                bytes = &bytes[written..];
                last = Instant::now();
            }
            Err(Errno::INTR | Errno::AGAIN) if last.elapsed() < PATIENCE => {}
            Err(err) => return Err(err.into()),
        }
    }
    Ok(())
}

fn not_a_file() -> io::Error {
    io::Error::new(ErrorKind::InvalidInput, "not a regular file")
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;
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
        let socket = directory.path().join("socket");
        let _socket = std::os::unix::net::UnixListener::bind(&socket).unwrap();
        for path in [directory.path(), &socket] {
            let err = write(path, "x").unwrap_err();
            assert_eq!(err.kind(), ErrorKind::InvalidInput);
            assert_eq!(err.to_string(), "not a regular file");
        }
        write("/dev/null", "x").unwrap();
        assert!(!Path::new("/dev/null").is_file());
    }

    #[test]
    fn a_pipe_is_written_to_and_waits_for_nobody_who_does_not_read() {
        let directory = tempfile::tempdir().unwrap();
        let pipe = directory.path().join("pipe");
        let mode = rustix::fs::Mode::from(0o600);
        rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, mode, 0).unwrap();
        let err = write(&pipe, "x").unwrap_err();
        assert_eq!(err.to_string(), "nobody reads this pipe");
        // It writes, too, so that the pipe has no end before the text has come.
        let mut reader = File::options().read(true).write(true).open(&pipe).unwrap();
        let all = "x".repeat(1 << 18);
        let mut read = vec![0; all.len()];
        let read = thread::spawn(move || reader.read_exact(&mut read).map(|()| read));
        write(&pipe, &all).unwrap();
        assert_eq!(read.join().unwrap().unwrap(), all.as_bytes());
        let metadata = fs::symlink_metadata(&pipe).unwrap();
        assert!(metadata.file_type().is_fifo(), "it is still there");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn an_open_file_keeps_what_is_in_it() {
        use std::os::fd::AsRawFd as _;

        let (directory, log) = directory_with("log", "before\n");
        let open = File::options().append(true).open(&log).unwrap();
        let name = format!("/proc/self/fd/{}", open.as_raw_fd());
        let link = directory.path().join("link");
        symlink(&name, &link).unwrap();
        write(&name, "after\n").unwrap();
        write(&link, "more\n").unwrap();
        assert_eq!(fs::read_to_string(&log).unwrap(), "before\nafter\nmore\n");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_link_of_another_user_is_not_followed_where_others_can_put_one() {
        if !rustix::process::geteuid().is_root() {
            return;
        }
        let (directory, file) = directory_with("file", "old");
        let shared = directory.path().join("shared");
        fs::create_dir(&shared).unwrap();
        fs::set_permissions(&shared, Permissions::from_mode(0o1777)).unwrap();
        let link = shared.join("link");
        symlink(&file, &link).unwrap();
        write(&link, "own").unwrap();
        std::os::unix::fs::lchown(&link, Some(65_534), None).unwrap();
        let err = write(&link, "new").unwrap_err();
        let expected = format!(
            "{} is a link of user 65534, which is not followed",
            fs::canonicalize(&shared).unwrap().join("link").display()
        );
        assert_eq!(err.to_string(), expected);
        // A link to a directory is one, too.
        let to_directory = shared.join("to-directory");
        symlink(directory.path(), &to_directory).unwrap();
        std::os::unix::fs::lchown(&to_directory, Some(65_534), None).unwrap();
        assert!(write(to_directory.join("file"), "new").is_err());
        assert_eq!(fs::read_to_string(file).unwrap(), "own");
    }
}
