//! `&'static str` for names that arrive from another library.

use std::collections::HashSet;

use parking_lot::Mutex;

/// Names handed out so far. They are leaked, once per distinct name.
static NAMES: Mutex<Option<HashSet<&'static str>>> = Mutex::new(None);

/// Distinct names kept at most, so that a plugin that invents names cannot fill the memory.
const LIMIT: usize = 4096;

/// The longest name that is kept, in bytes.
const MOST_BYTES: usize = 128;

/// Returns `name` with a static lifetime.
///
/// The contract has `&'static str` in two errors, because the names come from the runner's source.
/// There are few of them; past [`LIMIT`] all share one placeholder.
pub(crate) fn intern(name: &str) -> &'static str {
    if name.len() > MOST_BYTES {
        return "(name omitted: it is too long)";
    }
    let mut names = NAMES.lock();
    let names = names.get_or_insert_default();
    if let Some(known) = names.get(name) {
        return known;
    }
    if names.len() >= LIMIT {
        return "(name omitted: too many distinct names)";
    }
    let kept: &'static str = Box::leak(name.into());
    names.insert(kept);
    kept
}
