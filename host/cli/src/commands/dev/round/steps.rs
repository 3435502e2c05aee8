//! The steps after the build: each is this program again, in the crate.

use std::ffi::OsStr;
use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use super::super::build::{BuildError, Crate, Step};
use super::super::interrupts::Interrupts;
use super::super::process::{Cut, Process, this_program};
use super::{Round, TASKS};

/// What says which tasks of a crate the rules are tried with.
const CONFORM: &str = "conform.json";

/// Where the plugin lies while it is looked at.
pub(super) struct Placed {
    directory: PathBuf,
    file: PathBuf,
}

impl Round<'_> {
    /// Puts the library and its sidecar into a directory as an operator would, where nobody changes them.
    pub(super) fn place(&self, it: &Crate, library: &Path) -> Result<Placed, BuildError> {
        let directory = self.own.join("plugins");
        let file = directory.join(&it.name);
        let file = file.with_extension(std::env::consts::DLL_EXTENSION);
        let place = || -> io::Result<()> {
            if directory.exists() {
                fs::remove_dir_all(&directory)?;
            }
            fs::create_dir(&directory)?;
            copy(library, &file)?;
            let sidecar = self.args.directory.join(&it.name).with_extension("toml");
            match copy(&sidecar, &file.with_extension("toml")) {
                Err(err) if err.kind() == io::ErrorKind::NotFound => Ok(()),
                copied => copied,
            }
        };
        place().map_err(|err| BuildError::NotCopied(directory.clone(), err))?;
        Ok(Placed { directory, file })
    }

    /// What `solti-host check` says of it.
    pub(super) async fn check(&self, plugin: &Placed, interrupts: &mut Interrupts) -> Step<i32> {
        let words: [&OsStr; 3] = [
            "check".as_ref(),
            "--quiet".as_ref(),
            plugin.directory.as_ref(),
        ];
        self.program(&words, interrupts).await
    }

    /// What `solti-host run` makes of the tasks.
    pub(super) async fn run(
        &self,
        plugin: &Placed,
        tasks: &Path,
        interrupts: &mut Interrupts,
    ) -> Step<i32> {
        let plugins = plugin.directory.as_ref();
        let words = [
            "run".as_ref(),
            "--plugins".as_ref(),
            plugins,
            tasks.as_ref(),
        ];
        self.program(&words, interrupts).await
    }

    /// What `solti-host conform` finds, with the tasks that the crate has for it.
    pub(super) async fn conform(&self, plugin: &Placed, interrupts: &mut Interrupts) -> Step<i32> {
        let mut words: Vec<&OsStr> = vec!["conform".as_ref(), plugin.file.as_ref()];
        if self.args.directory.join(CONFORM).exists() {
            words.extend::<[&OsStr; 2]>(["--tasks".as_ref(), CONFORM.as_ref()]);
        }
        self.program(&words, interrupts).await
    }

    /// Runs this program in the crate, and says with which code it ended.
    async fn program(&self, words: &[&OsStr], interrupts: &mut Interrupts) -> Step<i32> {
        let not_started = |err| BuildError::NotStarted("solti-host".into(), err);
        let mut command = this_program().map_err(not_started)?;
        command.args(self.of_all.words()).args(words);
        command.current_dir(&self.args.directory);
        let process = Process::start(command, Cut::Told).map_err(not_started)?;
        let ended = process.end(interrupts).await.map_err(not_started)?;
        Ok(ended.code())
    }

    /// The file of tasks, as it is found from within the crate.
    pub(super) fn tasks(&self) -> Option<PathBuf> {
        match &self.args.tasks {
            // One that is named and not there is told by the step.
            Some(named) => Some(std::path::absolute(named).unwrap_or_else(|_| named.clone())),
            None => {
                let is_there = self.args.directory.join(TASKS).exists();
                is_there.then(|| TASKS.into())
            }
        }
    }
}

/// Copies a file so that no one else may write to it: such a plugin would be refused.
fn copy(from: &Path, to: &Path) -> io::Result<()> {
    fs::copy(from, to)?;
    fs::set_permissions(to, Permissions::from_mode(0o600))
}
