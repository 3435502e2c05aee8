//! The processes that take tasks.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use e2e::Profile;
use tempfile::TempDir;

use crate::plugins;
use crate::process::{first_line, http_address};

/// How many tasks one of them has at the same time.
pub const JOBS: usize = 64;

/// What is started: built once, with the plugin that hosts load.
pub struct Programs {
    host: PathBuf,
    bare: PathBuf,
    plugins: TempDir,
    /// Where services keep what they keep, until all is measured: a file system is slow for a while where
    /// thousands of files were removed just before.
    states: TempDir,
}

impl Programs {
    /// Builds both programs and the plugin.
    #[must_use]
    pub fn build() -> Self {
        // Not as it is shipped: the service alone takes minutes to link then. Where it is only tried whether
        // this works, as it was tested.
        let profile = if cfg!(debug_assertions) {
            Profile::Dev
        } else {
            Profile::Release
        };
        let packages = ["solti-host", "benches"];
        let built = e2e::build(&packages, profile, &e2e::target_dir(), |_| {});
        Self {
            host: built.programs["solti-host"].clone(),
            bare: built.programs["bare_worker"].clone(),
            plugins: plugins::directory_with("hello"),
            states: tempfile::tempdir().expect("there is room for temporary files"),
        }
    }

    /// A directory of its own for what a service keeps.
    fn fresh_state(&self) -> PathBuf {
        let directory = tempfile::tempdir_in(self.states.path());
        let directory = directory.expect("there is room for temporary files");
        directory.keep()
    }

    /// The program of the service and its commands.
    #[must_use]
    pub fn host(&self) -> &Path {
        &self.host
    }
}

/// Who takes the tasks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// The service, with a plugin.
    Host,
    /// A worker that stores the same messages and runs nothing.
    Bare,
}

/// Some processes that take tasks; killed with their value.
pub struct Workers {
    children: Vec<Child>,
    addresses: Vec<(String, PathBuf)>,
}

impl Workers {
    /// Starts so many at the same time, and returns when all of them run.
    ///
    /// # Panics
    ///
    /// When one of them does not start.
    #[must_use]
    pub fn start(programs: &Programs, side: Side, url: &str, count: usize) -> Self {
        let states: Vec<_> = (0..count).map(|_| programs.fresh_state()).collect();
        let mut children: Vec<_> = states
            .iter()
            .enumerate()
            .map(|(number, state)| {
                let mut command = match side {
                    Side::Bare => {
                        let mut command = Command::new(&programs.bare);
                        command.args([url, &JOBS.to_string()]);
                        command
                    }
                    Side::Host => host(programs, &state.join("state"), Some((url, number))),
                };
                command.spawn().expect("it was built just now")
            })
            .collect();
        let addresses = match side {
            // It listens nowhere.
            Side::Bare => Vec::new(),
            Side::Host => children
                .iter_mut()
                .zip(&states)
                .map(|(child, state)| (ready(child), state.join("state/token")))
                .collect(),
        };
        Self {
            children,
            addresses,
        }
    }

    /// One service that takes no tasks of a queue.
    ///
    /// # Panics
    ///
    /// When it does not start.
    #[must_use]
    pub fn without_queue(programs: &Programs) -> Self {
        let directory = programs.fresh_state().join("state");
        let mut child = host(programs, &directory, None)
            .spawn()
            .expect("it was built just now");
        let addresses = vec![(ready(&mut child), directory.join("token"))];
        Self {
            children: vec![child],
            addresses,
        }
    }

    /// Where the first service listens, and the file of its token.
    #[must_use]
    pub fn address(&self) -> (&str, &Path) {
        let (address, token) = &self.addresses[0];
        (address, token)
    }

    /// The processes.
    pub fn ids(&self) -> impl Iterator<Item = u32> {
        self.children.iter().map(Child::id)
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        for child in &mut self.children {
            // One that has ended needs neither.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// Waits until a service is ready; where it listens.
fn ready(child: &mut Child) -> String {
    http_address(&first_line(child)).to_owned()
}

/// The service, under settings that refuse none of the tasks.
fn host(programs: &Programs, state: &Path, queue: Option<(&str, usize)>) -> Command {
    let config = state.with_extension("toml");
    let settings = "plugins = 'unused'\nstate = 'unused'\nmax_tasks = 100000\n\
                    [retention]\ncount = 10000\n";
    fs::write(&config, settings).expect("there is room for it");
    let mut command = Command::new(&programs.host);
    command
        .args(["serve", "--listen", "127.0.0.1:0", "--plugins"])
        .arg(programs.plugins.path())
        .arg("--state")
        .arg(state)
        .arg("--config")
        .arg(config)
        .args(["--jobs", &JOBS.to_string()])
        .env_remove("SOLTI_QUEUE")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    if let Some((url, number)) = queue {
        command.args(["--queue", url, "--queue-name", &format!("h{number}")]);
    }
    command
}
