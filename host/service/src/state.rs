//! The directory of what a service keeps: who may use it, and that one service does.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;
use rustix::process::{Pid, Signal, geteuid, kill_process, test_kill_process};
use solti_plugin_host::atomic;
use thiserror::Error;

/// The version of the directory's layout.
const VERSION: &str = "solti-host state 1\n";

/// How often it is looked whether another service has gone.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// How long the lock of a service that was killed may outlive it.
const LAST_BREATH: Duration = Duration::from_secs(2);

/// Why a state directory cannot be used.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StateError {
    /// The system refuses something.
    #[error("state directory {}: cannot {doing}: {source}", path.display())]
    Io {
        /// The directory or a file in it.
        path: PathBuf,
        /// What was tried.
        doing: &'static str,
        /// What the system says.
        source: io::Error,
    },
    /// Others than its owner may read or change what is in it.
    #[error(
        "state directory {}: has mode {mode:04o}, expected 0700: others could read output and the token; \
         run `chmod 700` on it",
        path.display()
    )]
    Open {
        /// The directory.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// It belongs to somebody else.
    #[error(
        "state directory {}: belongs to user {owner}, and this is user {own}: run the service as that user, \
         or give it a directory of its own",
        path.display()
    )]
    Foreign {
        /// The directory.
        path: PathBuf,
        /// Whose it is.
        owner: u32,
        /// Who this is.
        own: u32,
    },
    /// Another service works in it.
    #[error(
        "state directory {}: another service works in it{}: stop that one first, or say --take-over to \
         have it stop",
        path.display(),
        pid.as_ref().map(|pid| format!(" (process {pid})")).unwrap_or_default()
    )]
    InUse {
        /// The directory.
        path: PathBuf,
        /// The process of the other one, where it has said so.
        pid: Option<String>,
    },
    /// It was made by another version.
    #[error(
        "state directory {}: has the layout {found:?}, this program's is {:?}: use the program that made it, \
         or another directory",
        path.display(),
        VERSION.trim_end()
    )]
    Version {
        /// The directory.
        path: PathBuf,
        /// What stands there.
        found: String,
    },
}

/// A state directory that is this service's as long as this lives.
#[derive(Debug)]
pub(crate) struct StateDir {
    path: PathBuf,
    /// Locked.
    _lock: File,
}

impl StateDir {
    /// Opens a directory, or makes it. Another service that works in it is waited for, unless `take_over` is
    /// zero; one that does not know that it is to stop yet is told.
    pub(crate) fn open(
        path: &Path,
        take_over: Duration,
        mut tells: bool,
    ) -> Result<Self, StateError> {
        let failed = |doing: &'static str| {
            let path = path.to_owned();
            move |source| StateError::Io {
                path,
                doing,
                source,
            }
        };
        match DirBuilder::new().recursive(true).mode(0o700).create(path) {
            Err(source) if source.kind() != io::ErrorKind::AlreadyExists => {
                return Err(failed("make it")(source));
            }
            _ => {}
        }
        let found = fs::metadata(path).map_err(failed("look at it"))?;
        let own = geteuid().as_raw();
        if found.uid() != own {
            return Err(StateError::Foreign {
                path: path.to_owned(),
                owner: found.uid(),
                own,
            });
        }
        let mode = found.mode() & 0o777;
        if mode & 0o077 != 0 {
            return Err(StateError::Open {
                path: path.to_owned(),
                mode,
            });
        }
        let lock = lock(path, take_over, &mut tells)?;
        let version = path.join("VERSION");
        match fs::read_to_string(&version) {
            Ok(found) if found == VERSION => {}
            Ok(found) => {
                return Err(StateError::Version {
                    path: path.to_owned(),
                    found: found.trim_end().to_owned(),
                });
            }
            Err(err) if err.kind() == io::ErrorKind::NotFound => {
                atomic::write(&version, VERSION.as_bytes()).map_err(failed("write VERSION"))?;
            }
            Err(err) => return Err(failed("read VERSION")(err)),
        }
        Ok(Self {
            path: path.to_owned(),
            _lock: lock,
        })
    }

    /// The directory.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// A directory in it, which is made.
    pub(crate) fn directory(&self, name: &str) -> Result<PathBuf, StateError> {
        let path = self.path.join(name);
        let made = DirBuilder::new().recursive(true).mode(0o700).create(&path);
        made.map_err(|source| StateError::Io {
            path: path.clone(),
            doing: "make it",
            source,
        })?;
        Ok(path)
    }
}

/// Takes the lock of a directory.
fn lock(path: &Path, take_over: Duration, tells: &mut bool) -> Result<File, StateError> {
    let file = path.join("lock");
    let failed = |source: io::Error| StateError::Io {
        path: file.clone(),
        doing: "lock it",
        source,
    };
    let mut lock = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(&file)
        .map_err(failed)?;
    let began = Instant::now();
    let until = began + take_over;
    loop {
        match flock(&lock, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => break,
            Err(Errno::WOULDBLOCK) => {}
            Err(err) => return Err(failed(err.into())),
        }
        let mut pid = String::new();
        // Who it is helps, and is not needed.
        let _ = lock.rewind().and_then(|()| lock.read_to_string(&mut pid));
        // A child that one which was killed had just made holds the lock until it is another program.
        let other = pid.trim().parse().ok().and_then(Pid::from_raw);
        let is_gone = other.is_some_and(|other| test_kill_process(other) == Err(Errno::SRCH));
        if Instant::now() >= until && !(is_gone && began.elapsed() < LAST_BREATH) {
            let pid = pid.trim().to_owned();
            return Err(StateError::InUse {
                path: path.to_owned(),
                pid: Some(pid).filter(|pid| !pid.is_empty()),
            });
        }
        if *tells && let Some(other) = other {
            // One that has just ended is no failure: its lock goes with it.
            let _ = kill_process(other, Signal::TERM);
            *tells = false;
        }
        std::thread::sleep(LOOK_AGAIN);
    }
    lock.rewind().map_err(failed)?;
    lock.set_len(0).map_err(failed)?;
    lock.write_all(format!("{}\n", std::process::id()).as_bytes())
        .map_err(failed)?;
    Ok(lock)
}
