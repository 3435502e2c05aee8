//! One round: build, check, run.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Instant;

use super::build::{self, BuildError, Crate, Step};
use super::interrupts::{Interrupt, Interrupts};
use super::process::{Cut, Ended, Process, this_program};
use super::screen::Screen;
use crate::args::DevArgs;
use crate::exit::Exit;
use crate::present::phrase::{duration, path};

/// The tasks of a crate, unless others are named.
const TASKS: &str = "tasks.json";

/// What is the same in each round.
#[derive(Debug)]
pub(super) struct Round<'a> {
    pub(super) args: &'a DevArgs,
    /// A directory of this process alone.
    pub(super) own: &'a Path,
    pub(super) screen: Screen,
}

/// How a round ended.
#[derive(Debug)]
pub(super) enum End {
    Over { told: String, exit: Exit },
    Interrupted(Interrupt),
}

impl Round<'_> {
    /// Goes it, as far as it can be gone.
    ///
    /// # Errors
    ///
    /// When there is nothing to build, or nothing to build it with.
    pub(super) async fn go(&self, interrupts: &mut Interrupts) -> Result<End, BuildError> {
        build::is_crate(&self.args.directory)?;
        let it = match build::examine(self.args, interrupts).await? {
            Ok(it) => it,
            Err(interrupt) => return Ok(End::Interrupted(interrupt)),
        };
        interrupts.leave_out(it.target_directory.clone());

        self.screen.step(&format!("building {}", it.name));
        let began = Instant::now();
        let library = match build::build(self.args, &it, self.own, interrupts).await? {
            Ok(Some(library)) => library,
            Ok(None) => return Ok(failed("the build failed", began, 1)),
            Err(interrupt) => return Ok(End::Interrupted(interrupt)),
        };
        let mut told = format!("built in {}", duration(began.elapsed()));

        self.screen.step(&format!("checking {}", it.name));
        let began = Instant::now();
        let plugins = self.place(&it, &library)?;
        match self.check(&plugins, interrupts).await? {
            Ok(0) => {}
            Ok(code) => return Ok(failed("the check failed", began, code)),
            Err(interrupt) => return Ok(End::Interrupted(interrupt)),
        }
        told += &format!(", checked in {}", duration(began.elapsed()));

        let Some(tasks) = self.tasks() else {
            self.screen
                .step(&format!("no {TASKS} is there: no task is run"));
            return Ok(well(told));
        };
        self.screen.step(&format!("running {}", path(&tasks)));
        let began = Instant::now();
        match self.run(&plugins, &tasks, interrupts).await? {
            Ok(0) => Ok(well(format!(
                "{told}, tasks ran in {}",
                duration(began.elapsed())
            ))),
            Ok(code) => Ok(failed("the tasks failed", began, code)),
            Err(interrupt) => Ok(End::Interrupted(interrupt)),
        }
    }

    /// Puts the library and its sidecar into a directory as an operator would, where nobody changes them.
    fn place(&self, it: &Crate, library: &Path) -> Result<PathBuf, BuildError> {
        let plugins = self.own.join("plugins");
        let file = plugins.join(&it.name);
        let place = || -> io::Result<()> {
            if plugins.exists() {
                fs::remove_dir_all(&plugins)?;
            }
            fs::create_dir(&plugins)?;
            copy(
                library,
                &file.with_extension(std::env::consts::DLL_EXTENSION),
            )?;
            let sidecar = self.args.directory.join(&it.name).with_extension("toml");
            match copy(&sidecar, &file.with_extension("toml")) {
                Err(err) if err.kind() == io::ErrorKind::NotFound => Ok(()),
                copied => copied,
            }
        };
        place().map_err(|err| BuildError::NotCopied(plugins.clone(), err))?;
        Ok(plugins)
    }

    /// What `solti-host check` says of it.
    async fn check(&self, plugins: &Path, interrupts: &mut Interrupts) -> Step<i32> {
        self.program(&["check".as_ref(), "--quiet".as_ref(), plugins], interrupts)
            .await
    }

    /// What `solti-host run` makes of the tasks.
    async fn run(&self, plugins: &Path, tasks: &Path, interrupts: &mut Interrupts) -> Step<i32> {
        let words = ["run".as_ref(), "--plugins".as_ref(), plugins, tasks];
        self.program(&words, interrupts).await
    }

    /// Runs this program in the crate, and says with which code it ended.
    async fn program(&self, words: &[&Path], interrupts: &mut Interrupts) -> Step<i32> {
        let not_started = |err| BuildError::NotStarted("solti-host".into(), err);
        let mut command = this_program().map_err(not_started)?;
        command.args(words).current_dir(&self.args.directory);
        let process = Process::start(command, Cut::Told).map_err(not_started)?;
        match process.end(interrupts).await.map_err(not_started)? {
            // One that a signal has ended did not succeed.
            Ended::Itself(status) => Ok(Ok(status.code().unwrap_or(1))),
            Ended::Interrupted(interrupt) => Ok(Err(interrupt)),
        }
    }

    /// The file of tasks, as it is found from within the crate.
    fn tasks(&self) -> Option<PathBuf> {
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

fn well(told: String) -> End {
    End::Over {
        told,
        exit: Exit::Success,
    }
}

/// The end of a round at a step that took this long and ended with this code.
fn failed(what: &str, began: Instant, code: i32) -> End {
    End::Over {
        told: format!("{what} after {}", duration(began.elapsed())),
        exit: match code {
            2 => Exit::NoResult,
            _ => Exit::RoundFailed,
        },
    }
}

/// Copies a file so that no one else may write to it: such a plugin would be refused.
fn copy(from: &Path, to: &Path) -> io::Result<()> {
    fs::copy(from, to)?;
    fs::set_permissions(to, Permissions::from_mode(0o600))
}
