//! A program to be started, and the starting of it.

mod exec;
mod fault;
mod lookup;
#[cfg(any(target_os = "linux", target_os = "macos"))]
mod native;
#[cfg(not(any(target_os = "linux", target_os = "macos")))]
#[path = "program/portable.rs"]
mod native;

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use exec::Exec;
pub use fault::StartError;

use super::child::GroupChild;
use super::children;
use super::open_files;
use crate::guardian;

/// A program with its arguments, its environment and its directory, which can be started again and
/// again.
///
/// It is looked up in the `PATH` of its own environment, and what is found is executed as it is: no
/// shell stands in for a script that names no interpreter.
///
/// # Examples
///
/// ```
/// use solti_plugin_abi::process::Program;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let mut child = Program::new("sh").args(["-c", "exit 3"]).start(None).unwrap();
/// child.exited().await.unwrap();
/// assert_eq!(child.reap().unwrap().code(), Some(3));
///
/// let missing = Program::new("no-such-program").start(None).unwrap_err();
/// assert!(missing.is_not_found());
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Program {
    name: OsString,
    args: Vec<OsString>,
    env: BTreeMap<OsString, OsString>,
    directory: Option<PathBuf>,
}

impl Program {
    /// A program by its path, or by its name in `PATH`.
    #[must_use]
    pub fn new(name: impl Into<OsString>) -> Self {
        Self {
            name: name.into(),
            args: Vec::new(),
            env: BTreeMap::new(),
            directory: None,
        }
    }

    /// Adds arguments.
    #[must_use]
    pub fn args<A: Into<OsString>>(mut self, args: impl IntoIterator<Item = A>) -> Self {
        self.args.extend(args.into_iter().map(Into::into));
        self
    }

    /// Sets variables, over those of this process.
    #[must_use]
    pub fn envs<N, V>(mut self, env: impl IntoIterator<Item = (N, V)>) -> Self
    where
        N: Into<OsString>,
        V: Into<OsString>,
    {
        let env = env.into_iter();
        self.env
            .extend(env.map(|(name, value)| (name.into(), value.into())));
        self
    }

    /// Has it start in this directory, in which a relative path of the program is looked up, too.
    #[must_use]
    pub fn directory(mut self, directory: impl Into<PathBuf>) -> Self {
        self.directory = Some(directory.into());
        self
    }

    /// Its name, or path.
    #[must_use]
    pub fn name(&self) -> &OsStr {
        &self.name
    }

    /// The directory that it starts in, where it is given one.
    #[must_use]
    pub fn working_directory(&self) -> Option<&Path> {
        self.directory.as_deref()
    }

    /// Starts it as the leader of a group of its own: `input`, or nothing, as its standard input, its
    /// standard output and standard error piped.
    ///
    /// It has no controlling terminal: where this process has one, it leads a session, too. A program
    /// that asks for one, as for a password, is told so and ends; it is not stopped for reaching for
    /// one that it may not use. It has the limit on open files that the host was given, where the host
    /// says that it has raised its own.
    ///
    /// # Errors
    ///
    /// [`StartError`], which tells what is wrong, and whether that may pass.
    pub fn start(&self, input: Option<OwnedFd>) -> Result<GroupChild, StartError> {
        let path = self.path();
        let found = match lookup::find(&self.name, path.as_deref(), self.directory.as_deref()) {
            Ok(found) => found,
            Err(err) => return Err(self.fault(err, Path::new(&self.name))),
        };
        self.start_found(&found, input)
            .map_err(|err| self.fault(err, &found))
    }

    fn start_found(&self, found: &Path, input: Option<OwnedFd>) -> io::Result<GroupChild> {
        let input = match input {
            Some(input) => input,
            None => File::open("/dev/null")?.into(),
        };
        let (stdout, child_stdout) = io::pipe()?;
        let (stderr, child_stderr) = io::pipe()?;
        let starting = guardian::starting(Some(&child_stdout));
        let streams = [input, child_stdout.into(), child_stderr.into()];
        children::keep_their_ends();
        let pid = native::spawn(&Exec {
            file: found,
            name: &self.name,
            args: &self.args,
            env: &self.env,
            directory: self.directory.as_deref(),
            streams,
        })
        .inspect_err(guardian::make_room)?;
        let number = pid.as_raw_nonzero().get().cast_unsigned();
        let guarded = starting.and_then(|starting| starting.started(number));
        open_files::give_back(pid);
        let (stdout, stderr) = (OwnedFd::from(stdout), OwnedFd::from(stderr));
        Ok(GroupChild::started(
            pid,
            stdout.into(),
            stderr.into(),
            guarded,
        ))
    }

    /// The `PATH` that it has.
    fn path(&self) -> Option<OsString> {
        let own = self.env.get(OsStr::new("PATH")).cloned();
        own.or_else(|| std::env::var_os("PATH"))
    }

    fn fault(&self, err: io::Error, found: &Path) -> StartError {
        StartError::of(err, found, self.directory.as_deref())
    }
}
