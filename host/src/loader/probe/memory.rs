//! What earlier probes found, so that the same bytes are not tried again.
//!
//! For the life of the process it is kept in memory, with a state directory in files as well: one
//! for each result, in place by a rename, so that several hosts may share the directory.

mod files;

use std::collections::HashMap;
use std::io;
use std::path::Path;
use std::sync::{LazyLock, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};
use tracing::warn;

/// A failure that a busy machine may have caused stands for this long.
const RETRY_TIMEOUTS_AFTER: Duration = Duration::from_secs(60 * 60);

/// Where it is logged that a state directory cannot be used: apart from what becomes of files, which
/// is in the report.
const TARGET: &str = "solti_plugin_host::state";

/// What a probe found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RememberedProbe {
    /// The SHA-256 of the file's bytes, in hexadecimal digits.
    pub digest: String,
    /// The plugin's name.
    pub plugin: String,
    /// The plugin's version.
    pub version: String,
    /// When it was found.
    pub at: SystemTime,
    /// Why the plugin failed; `None` when it passed.
    pub failure: Option<String>,
    /// Whether the failure is one of time.
    pub(super) of_time: bool,
}

impl RememberedProbe {
    fn still_stands(&self) -> bool {
        let age = SystemTime::now().duration_since(self.at);
        !self.of_time || age.is_ok_and(|age| age < RETRY_TIMEOUTS_AFTER)
    }
}

/// Results by key.
static IN_PROCESS: LazyLock<Mutex<HashMap<String, RememberedProbe>>> =
    LazyLock::new(Mutex::default);

fn in_process<R>(f: impl FnOnce(&mut HashMap<String, RememberedProbe>) -> R) -> R {
    f(&mut IN_PROCESS.lock().unwrap_or_else(PoisonError::into_inner))
}

/// Finds the result of a key.
pub(super) fn recall(state: Option<&Path>, key: &str) -> Option<RememberedProbe> {
    let known = in_process(|results| results.get(key).cloned());
    let found = known.or_else(|| {
        let read = files::read(state?, key)?;
        in_process(|results| results.insert(key.to_owned(), read.clone()));
        Some(read)
    });
    found.filter(RememberedProbe::still_stands)
}

/// Keeps the result of a key.
pub(super) fn keep(state: Option<&Path>, key: String, result: RememberedProbe) {
    if let Some(state) = state
        && let Err(err) = files::write(state, &key, &result)
    {
        warn!(
            target: TARGET,
            "the result of a probe cannot be kept in {}: {err}",
            state.display()
        );
    }
    in_process(|results| results.insert(key, result));
}

/// Forgets those results of probes that `which` picks, in this process and in a state directory, and
/// returns them in the order of their names. The plugins are probed again when they are next loaded.
///
/// # Errors
///
/// When the state directory, or a file in it, cannot be read or removed. A directory that is not
/// there has nothing in it.
pub fn forget_probes(
    state: Option<&Path>,
    which: impl Fn(&RememberedProbe) -> bool,
) -> io::Result<Vec<RememberedProbe>> {
    let mut forgotten = match state {
        Some(state) => files::remove(state, &which)?,
        None => HashMap::new(),
    };
    in_process(|results| forgotten.extend(results.extract_if(|_, result| which(result))));
    let mut forgotten: Vec<_> = forgotten.into_values().collect();
    forgotten.sort_by(|a, b| (&a.plugin, &a.version, a.at).cmp(&(&b.plugin, &b.version, b.at)));
    Ok(forgotten)
}
