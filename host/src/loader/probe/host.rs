//! What happens in the host: it starts the other process, tells it what to do, and watches it until
//! it has ended or its time is over.

mod start;
mod streams;
mod watch;

use std::fs::File;
use std::io;
use std::path::Path;
use std::process::ExitStatus;
use std::time::{Duration, Instant};

use super::wire::Request;

/// What a probe left behind.
#[derive(Debug)]
pub(super) struct Ended {
    /// `None` when its time was over.
    pub(super) status: Option<ExitStatus>,
    /// What came through its socket.
    pub(super) answers: Vec<u8>,
    /// The last of what it printed.
    pub(super) printed: String,
}

/// Runs `program` as a probe of `file` for at most `time`.
///
/// Nothing of its process group is left afterwards.
pub(super) fn run(
    program: &Path,
    file: &File,
    request: &Request,
    environment: &[&str],
    time: Duration,
) -> io::Result<Ended> {
    // Without one where it lies beyond what the clock can tell.
    let deadline = Instant::now().checked_add(time);
    let (mut child, mut streams) = start::start(program, file, request, environment)?;
    let in_time = watch::until_ended(&child, &mut streams, deadline)?;
    child.kill();
    let status = child.reap()?;
    let (answers, printed) = streams.finish();
    Ok(Ended {
        status: in_time.then_some(status),
        answers,
        printed,
    })
}
