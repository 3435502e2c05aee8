//! Another process loads a plugin before this one does.
//!
//! ```text
//! memory ─► run ─────────────► process, streams ─► verdict ─► memory
//!           │ starts            waits, reads
//!           ▼
//!           child ─► limits ─► open ─► connect ─► answer
//! ```
//!
//! What loading a library does cannot be undone, stopped or limited in the process that does it: a
//! constructor that hangs holds the system's loader lock, and one that calls `exit(0)` ends the host
//! with success.

mod child;
mod descriptors;
mod error;
mod limits;
mod memory;
mod process;
mod run;
mod settings;
mod streams;
mod verdict;
mod wire;

use std::env;
use std::hash::{BuildHasher as _, RandomState};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Instant, SystemTime};

use serde::Serialize;
use serde_json::{Map, Value};
use solti_plugin_abi::stamp::Stamp;
use solti_plugin_abi::v1::module::LAYOUTS_DIGEST;

use super::digest::Digest;
use super::stage::Staged;
use wire::Request;

pub use error::ProbeError;
pub use memory::{RememberedProbe, forget_probes};
pub(super) use settings::Settings;

/// The first argument of a program that is started as a probe.
const ARGUMENT: &str = "--solti-plugin-probe";

/// Whether this program answers as a probe when it is started as one.
static CAN_PROBE_ITSELF: AtomicBool = AtomicBool::new(false);

/// Lets this program probe plugins: call it as the first line of `main`.
///
/// To find out what a plugin does, [`PluginLoader`](crate::PluginLoader) starts this program once
/// more. There the call loads the plugin, tells the host and never returns. In a usual start it
/// returns at once.
///
/// # Examples
///
/// ```no_run
/// use solti_plugin_host::{RunnerRouter, load_dir, probe_main};
///
/// fn main() -> Result<(), solti_plugin_host::LoadDirError> {
///     probe_main();
///     // The program's own code, which no probe reaches.
///     let report = load_dir("plugins", &mut RunnerRouter::new())?;
///     println!("{report}");
///     Ok(())
/// }
/// ```
pub fn probe_main() {
    if env::args_os().nth(1).is_some_and(|first| first == ARGUMENT) {
        child::run();
    }
    CAN_PROBE_ITSELF.store(true, Ordering::Relaxed);
}

/// Whether a plugin was tried out by another process before it was loaded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "result", rename_all = "camelCase")]
#[non_exhaustive]
pub enum Probe {
    /// It was, and it passed.
    Passed {
        /// How long that took, in milliseconds.
        ms: u64,
    },
    /// It had passed before, with the same bytes and the same configuration.
    Remembered {
        /// When, in seconds since 1970.
        at: u64,
    },
    /// It was not.
    NotProbed {
        /// Why not.
        reason: &'static str,
    },
}

/// What is probed.
pub(super) struct Trial<'a> {
    pub(super) staged: &'a Staged,
    pub(super) stamp: &'a Stamp,
    pub(super) config: &'a Map<String, Value>,
    pub(super) worker_threads: u32,
}

impl Default for Probe {
    fn default() -> Self {
        Self::NotProbed {
            reason: "its turn has not come",
        }
    }
}

impl Settings {
    /// How many probes run side by side, a few on any machine: 0 where there are none.
    pub(super) fn workers(&self) -> usize {
        if self.program().is_err() {
            return 0;
        }
        thread::available_parallelism()
            .map_or(2, NonZeroUsize::get)
            .clamp(2, 8)
    }

    /// Finds out what a plugin does when it is loaded.
    pub(super) fn probe(&self, trial: &Trial<'_>) -> Result<Probe, ProbeError> {
        let program = match self.program() {
            Ok(program) => program,
            Err(reason) => return Ok(Probe::NotProbed { reason }),
        };
        let state = self.state.as_deref();
        let key = self.key(trial);
        if let Some(remembered) = memory::recall(state, &key) {
            return match remembered.failure {
                None => Ok(Probe::Remembered {
                    at: seconds(remembered.at),
                }),
                Some(reason) => Err(ProbeError::Remembered {
                    reason,
                    at: remembered.at,
                }),
            };
        }
        let began = Instant::now();
        let found = self.run(&program, trial);
        if found.as_ref().err().is_none_or(ProbeError::is_of_the_file) {
            let result = RememberedProbe {
                digest: trial.staged.digest.to_string(),
                plugin: trial.stamp.plugin.clone(),
                version: trial.stamp.version.clone(),
                at: SystemTime::now(),
                failure: found.as_ref().err().map(ToString::to_string),
                of_time: found.as_ref().err().is_some_and(ProbeError::is_of_time),
            };
            memory::keep(state, key, result);
        }
        found.map(|()| Probe::Passed {
            ms: u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX),
        })
    }

    fn run(&self, program: &Path, trial: &Trial<'_>) -> Result<(), ProbeError> {
        let request = Request {
            nonce: nonce(),
            path: trial.staged.path_from_stdin.clone(),
            plugin: trial.stamp.plugin.clone(),
            config: trial.config.clone(),
            worker_threads: trial.worker_threads,
            cpu_secs: self.limits.cpu().as_secs(),
            memory: self.limits.memory,
        };
        let ended = run::run(program, &trial.staged.file, &request, self.limits.time).map_err(
            |source| ProbeError::NotRun {
                program: program.to_owned(),
                source,
            },
        )?;
        let in_memory = trial.staged.in_memory();
        verdict::verdict(
            &ended,
            &request.nonce,
            trial.stamp,
            program,
            &self.limits,
            in_memory,
        )
    }

    /// The program that probes, or why there is none.
    fn program(&self) -> Result<PathBuf, &'static str> {
        if self.off {
            Err("switched off")
        } else if let Some(program) = &self.program {
            Ok(program.clone())
        } else if !CAN_PROBE_ITSELF.load(Ordering::Relaxed) {
            Err("the host's main does not begin with probe_main(), and it names no probe program")
        } else if cfg!(target_os = "linux") {
            // The file that runs, even when another has been put in its place.
            Ok("/proc/self/exe".into())
        } else {
            env::current_exe().map_err(|_| "the host does not find its own program")
        }
    }

    /// All that the result of a probe depends on.
    fn key(&self, trial: &Trial<'_>) -> String {
        let config = serde_json::to_string(trial.config).expect("a JSON object is JSON");
        let text = format!(
            "{} {} {LAYOUTS_DIGEST} {:?} {config}",
            trial.staged.digest,
            wire::HOST,
            self.limits
        );
        Digest::of(text.as_bytes()).to_string()
    }
}

/// A number that nobody has seen before, in hexadecimal digits.
fn nonce() -> String {
    let random = || RandomState::new().hash_one(0);
    format!("{:016x}{:016x}", random(), random())
}

fn seconds(at: SystemTime) -> u64 {
    at.duration_since(SystemTime::UNIX_EPOCH)
        .map_or(0, |since| since.as_secs())
}
