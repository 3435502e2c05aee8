//! What earlier probes found, so that the same bytes are not tried again.
//!
//! It is kept in memory for the life of the process, and with a state directory in files as well:
//! one for each result, written as a whole, so that several hosts may share the directory.

mod files;
mod remembered;

use std::collections::HashMap;
use std::io;
use std::path::Path;
use std::sync::{LazyLock, Mutex, PoisonError};

use tracing::warn;

use files::TARGET;

pub use remembered::RememberedProbe;

/// Results by key.
static IN_PROCESS: LazyLock<Mutex<HashMap<String, RememberedProbe>>> =
    LazyLock::new(Mutex::default);

fn in_process<R>(f: impl FnOnce(&mut HashMap<String, RememberedProbe>) -> R) -> R {
    f(&mut IN_PROCESS.lock().unwrap_or_else(PoisonError::into_inner))
}

/// Finds the result of a key, which is about the file of this `digest`.
pub(super) fn recall(state: Option<&Path>, key: &str, digest: &str) -> Option<RememberedProbe> {
    let known = in_process(|results| results.get(key).cloned());
    let found = known.or_else(|| {
        let read = files::read(state?, key, digest)?;
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
            "the result of a probe cannot be saved in {}: {err}",
            state.display()
        );
    }
    in_process(|results| results.insert(key, result));
}

/// Forgets those results of probes that `which` picks, in this process and in a state directory, and
/// returns them in the order of their names. The plugins are probed again when they are next loaded.
///
/// Blocks while it reads every result in the directory: small files, one for each plugin and
/// configuration that was ever probed.
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
