//! Another process loads a plugin before this one does.
//!
//! ```text
//! cache ─► host: start ─► watch ─► verdict ─► cache
//!            │ wire         │ wire
//!            ▼              ▲
//!          child: limits ─► rehearsal: open ─► connect
//! ```
//!
//! What loading a library does cannot be undone, stopped or limited in the process that does it: a
//! constructor that hangs holds the system's loader lock, and one that calls `exit(0)` ends the host
//! with success.

mod cache;
mod child;
mod error;
mod host;
mod program;
mod verdict;
mod wire;

use std::env;
use std::hash::{BuildHasher as _, RandomState};
use std::num::NonZeroUsize;
use std::path::Path;
use std::thread;
use std::time::{Instant, SystemTime};

use serde::Serialize;
use serde_json::{Map, Value};
use solti_plugin_abi::stamp::Stamp;
use solti_plugin_abi::v1::module::LAYOUTS_DIGEST;

use super::digest::Digest;
use super::options::ProbeOptions;
use super::staging::Staged;
use crate::{guardian, own_program};
use verdict::Expected;

pub use cache::{RememberedProbe, forget_probes};
pub use error::ProbeError;

/// Lets this program probe plugins, and end its tasks when it is killed: call it as the first line of
/// `main`.
///
/// To find out what a plugin does, [`PluginLoader`](crate::PluginLoader) starts this program once
/// more. There the call loads the plugin, tells the host and never returns. In a usual start it
/// returns at once.
///
/// On Linux the program is started in a third role by the first process that a plugin starts: as the
/// guardian, which waits for the end of the host, kills the process groups that loaded plugins have
/// started by `solti_plugin_abi::process`, and removes the files that they have told it of. A host
/// that does not call this has none, and what it has started outlives it when it is killed.
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
    let role = env::args_os().nth(1).unwrap_or_default();
    if role == wire::ARGUMENT {
        child::run();
    }
    if role == guardian::ARGUMENT {
        guardian::run();
    }
    own_program::set_takes_roles();
}

/// Whether a plugin was tried out by another process before it was loaded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "result", rename_all = "camelCase")]
#[non_exhaustive]
pub enum ProbeOutcome {
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
pub(super) struct ProbeRequest<'a> {
    pub(super) staged: &'a Staged,
    pub(super) stamp: &'a Stamp,
    pub(super) config: &'a Map<String, Value>,
    pub(super) worker_threads: u32,
}

/// How many probes run side by side, a few on any machine: 0 where there are none.
pub(super) fn workers(options: &ProbeOptions) -> usize {
    if program::find(options).is_err() {
        return 0;
    }
    thread::available_parallelism()
        .map_or(2, NonZeroUsize::get)
        .clamp(2, 8)
}

/// Finds out what a plugin does when it is loaded. Blocks until the probe has ended, at most for as
/// long as it may take.
pub(super) fn probe(
    options: &ProbeOptions,
    request: &ProbeRequest<'_>,
) -> Result<ProbeOutcome, ProbeError> {
    let program = match program::find(options) {
        Ok(program) => program,
        Err(reason) => return Ok(ProbeOutcome::NotProbed { reason }),
    };
    let state = options.state.as_deref();
    let key = key(options, request);
    if let Some(remembered) = cache::recall(state, &key, &request.staged.digest.to_string()) {
        return match remembered.failure {
            None => Ok(ProbeOutcome::Remembered {
                at: seconds(remembered.at),
            }),
            Some(reason) => Err(ProbeError::Remembered {
                reason,
                at: remembered.at,
            }),
        };
    }
    let began = Instant::now();
    let found = run(options, &program, request);
    let failure = found.as_ref().err();
    if failure.is_none_or(ProbeError::is_of_the_file) {
        let result = RememberedProbe {
            digest: request.staged.digest.to_string(),
            plugin: request.stamp.plugin.clone(),
            version: request.stamp.version.clone(),
            at: SystemTime::now(),
            failure: failure.map(ToString::to_string),
            transient: failure.is_some_and(ProbeError::is_transient),
        };
        cache::keep(state, key, result);
    }
    found.map(|()| ProbeOutcome::Passed {
        ms: u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX),
    })
}

fn run(
    options: &ProbeOptions,
    program: &Path,
    request: &ProbeRequest<'_>,
) -> Result<(), ProbeError> {
    let limits = options.limits;
    let nonce = nonce();
    let asked = wire::Request {
        nonce: nonce.clone(),
        path: request.staged.path_from_stdin.clone(),
        stamp: request.stamp.clone(),
        config: request.config.clone(),
        worker_threads: request.worker_threads,
        cpu_secs: limits.cpu().as_secs(),
        memory: limits.memory,
    };
    let more = options.env.iter().map(String::as_str);
    let environment: Vec<_> = wire::ENVIRONMENT.into_iter().chain(more).collect();
    let file = &request.staged.file;
    let ended = host::run(program, file, &asked, &environment, limits.time).map_err(|reason| {
        ProbeError::NotRun {
            program: program.to_owned(),
            reason,
        }
    })?;
    let expected = Expected {
        nonce: &nonce,
        program,
        limits,
        environment: &environment,
    };
    expected.judge(&ended)
}

/// All that the result of a probe depends on.
fn key(options: &ProbeOptions, request: &ProbeRequest<'_>) -> String {
    let config = serde_json::to_string(request.config).expect("a JSON object is JSON");
    let mut text = format!(
        "{} {} {LAYOUTS_DIGEST} {:?} {config}",
        request.staged.digest,
        wire::HOST,
        options.limits
    );
    for name in &options.env {
        text += &format!(" {name}={:?}", env::var_os(name));
    }
    Digest::of(text.as_bytes()).to_string()
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
