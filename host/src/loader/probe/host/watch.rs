//! Watches a probe until it has ended or its time is over: the one place where the limit on its time
//! applies. The limit on its processor time is the system's to apply.

use std::io;
use std::time::{Duration, Instant};

use solti_plugin_abi::process::GroupChild;

use super::streams::Streams;

/// How long is waited at once where the system cannot tell that a process has ended.
const SLICE: Duration = Duration::from_millis(2);

/// Serves the streams until the process has ended; `false` when `deadline` came first.
///
/// It does not wait for the ends of the streams: something that the plugin started may hold them for
/// ever.
pub(super) fn until_ended(
    child: &GroupChild,
    streams: &mut Streams,
    deadline: Option<Instant>,
) -> io::Result<bool> {
    let exit = child.exit_descriptor();
    while !child.has_exited()? {
        let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
        if left.is_some_and(|left| left.is_zero()) {
            return Ok(false);
        }
        let wait = match &exit {
            Some(_) => left,
            None => Some(left.map_or(SLICE, |left| left.min(SLICE))),
        };
        streams.serve(exit.as_ref(), wait)?;
    }
    Ok(true)
}
