//! Starts a program by `posix_spawn`: nothing of this process is copied, and nothing has to run between
//! the making of the process and the program.
//!
//! The standard library does the same, but cannot give a child a session without a `fork`.

#![expect(
    unsafe_code,
    reason = "the standard library cannot ask posix_spawn for a session"
)]

use std::collections::BTreeMap;
use std::ffi::{CString, OsString};
use std::fs::File;
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd as _, OwnedFd};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::ffi::OsStringExt as _;
use std::path::Path;
use std::ptr;

use libc::{c_char, c_int, c_short, pid_t};
use rustix::process::Pid;

use super::exec::Exec;

/// `POSIX_SPAWN_SETSID`, to which `libc` gives another type for each C library.
#[cfg(target_os = "linux")]
const SETSID: c_short = 0x80;
#[cfg(target_os = "macos")]
const SETSID: c_short = 0x0400;

/// The group that the process leads: its number is 0, which the attributes have from the beginning.
const GROUP: c_short = libc::POSIX_SPAWN_SETPGROUP as c_short;

#[cfg(target_os = "linux")]
use libc::posix_spawn_file_actions_addchdir_np as add_chdir;

#[cfg(target_os = "macos")]
unsafe extern "C" {
    /// As in `<spawn.h>`, since macOS 10.15.
    #[link_name = "posix_spawn_file_actions_addchdir_np"]
    fn add_chdir(actions: *mut libc::posix_spawn_file_actions_t, path: *const c_char) -> c_int;
}

/// Starts a process in a group of its own, and where this process has a terminal in a session of its
/// own.
pub(super) fn spawn(exec: &Exec<'_>) -> io::Result<Pid> {
    let path = text(exec.file.as_os_str().as_bytes())?;
    let args = exec.args.iter().map(OsString::as_os_str);
    let args: Vec<_> = std::iter::once(exec.name)
        .chain(args)
        .map(|arg| text(arg.as_bytes()))
        .collect::<io::Result<_>>()?;
    let env = environment(exec)?;
    let (args, env) = (pointers(&args), pointers(&env));
    let mut actions = Actions::new()?;
    if let Some(directory) = exec.directory {
        actions.change_directory(directory)?;
    }
    for (target, stream) in (0..).zip(&exec.streams) {
        actions.duplicate(stream, target)?;
    }
    let attributes = Attributes::new()?;
    let mut pid: pid_t = 0;
    // SAFETY: `path`, `args` and `env` are texts that end with a NUL, the latter two lists of pointers
    // to such texts that end with a null pointer; all of them, `actions` and `attributes`, which their
    // constructors have initialised, live until the call returns.
    let failed = unsafe {
        libc::posix_spawn(
            &raw mut pid,
            path.as_ptr(),
            &raw const actions.0,
            &raw const attributes.0,
            args.as_ptr().cast(),
            env.as_ptr().cast(),
        )
    };
    check(failed)?;
    Pid::from_raw(pid).ok_or_else(|| io::Error::other("the system gave a process no number"))
}

/// The environment of this process, and over it that of the new one.
fn environment(exec: &Exec<'_>) -> io::Result<Vec<CString>> {
    let mut env: BTreeMap<OsString, OsString> = std::env::vars_os().collect();
    env.extend(exec.env.clone());
    env.into_iter()
        .map(|(name, value)| {
            let mut pair = name.into_vec();
            pair.push(b'=');
            pair.extend_from_slice(value.as_bytes());
            text(&pair)
        })
        .collect()
}

fn text(bytes: &[u8]) -> io::Result<CString> {
    Ok(CString::new(bytes)?)
}

fn pointers(texts: &[CString]) -> Vec<*const c_char> {
    let texts = texts.iter().map(|text| text.as_ptr());
    texts.chain([ptr::null()]).collect()
}

/// The functions of this family return the number of the error.
fn check(failed: c_int) -> io::Result<()> {
    match failed {
        0 => Ok(()),
        code => Err(io::Error::from_raw_os_error(code)),
    }
}

/// What the new process does before it becomes the program.
struct Actions(libc::posix_spawn_file_actions_t);

impl Actions {
    fn new() -> io::Result<Self> {
        let mut actions = MaybeUninit::uninit();
        // SAFETY: it is given memory of the type to initialise.
        check(unsafe { libc::posix_spawn_file_actions_init(actions.as_mut_ptr()) })?;
        // SAFETY: the call before has initialised it, or this is not reached.
        Ok(Self(unsafe { actions.assume_init() }))
    }

    fn change_directory(&mut self, directory: &Path) -> io::Result<()> {
        let directory = text(directory.as_os_str().as_bytes())?;
        // SAFETY: the actions are initialised, and the text, which is copied, ends with a NUL.
        check(unsafe { add_chdir(&raw mut self.0, directory.as_ptr()) })
    }

    fn duplicate(&mut self, stream: &OwnedFd, target: c_int) -> io::Result<()> {
        let stream = stream.as_raw_fd();
        // SAFETY: the actions are initialised; the descriptors are numbers here.
        check(unsafe { libc::posix_spawn_file_actions_adddup2(&raw mut self.0, stream, target) })
    }
}

impl Drop for Actions {
    fn drop(&mut self) {
        // SAFETY: they are initialised, and nobody uses them after this. A failure has no meaning.
        unsafe { libc::posix_spawn_file_actions_destroy(&raw mut self.0) };
    }
}

/// What the new process is given: a group or a session, and SIGPIPE as programs expect it, which this
/// process ignores as those in Rust do.
struct Attributes(libc::posix_spawnattr_t);

impl Attributes {
    fn new() -> io::Result<Self> {
        let mut attributes = MaybeUninit::uninit();
        // SAFETY: it is given memory of the type to initialise.
        check(unsafe { libc::posix_spawnattr_init(attributes.as_mut_ptr()) })?;
        // SAFETY: the call before has initialised it, or this is not reached.
        let mut attributes = Self(unsafe { attributes.assume_init() });
        let signals = broken_pipe()?;
        // SAFETY: both are initialised.
        check(unsafe {
            libc::posix_spawnattr_setsigdefault(&raw mut attributes.0, &raw const signals)
        })?;
        let own = if has_terminal() { SETSID } else { GROUP };
        let flags = own | libc::POSIX_SPAWN_SETSIGDEF as c_short;
        // SAFETY: the attributes are initialised.
        check(unsafe { libc::posix_spawnattr_setflags(&raw mut attributes.0, flags) })?;
        Ok(attributes)
    }
}

/// Whether this process has a controlling terminal, which stops a process of another group that reaches
/// for it.
///
/// A session costs: Linux gives each one a share of the processor of its own, so that a host which starts
/// sixty processes has a sixtieth left for itself.
fn has_terminal() -> bool {
    // No other error says that there is none.
    File::open("/dev/tty")
        .err()
        .and_then(|err| err.raw_os_error())
        != Some(libc::ENXIO)
}

impl Drop for Attributes {
    fn drop(&mut self) {
        // SAFETY: they are initialised, and nobody uses them after this. A failure has no meaning.
        unsafe { libc::posix_spawnattr_destroy(&raw mut self.0) };
    }
}

/// The set of the one signal SIGPIPE.
fn broken_pipe() -> io::Result<libc::sigset_t> {
    let mut signals = MaybeUninit::uninit();
    // SAFETY: it is given memory of the type to initialise.
    if unsafe { libc::sigemptyset(signals.as_mut_ptr()) } != 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the call before has initialised it, or this is not reached.
    let mut signals = unsafe { signals.assume_init() };
    // SAFETY: the set is initialised.
    if unsafe { libc::sigaddset(&raw mut signals, libc::SIGPIPE) } != 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(signals)
}
