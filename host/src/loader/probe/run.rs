//! Starts a probe, asks it, and waits for its process to end.

use std::fs::File;
use std::io::{self, Write as _};
use std::net::Shutdown;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use solti_plugin_abi::PROBE_VARIABLE;

use super::ARGUMENT;
use super::process::Process;
use super::streams::Streams;
use super::wire::Request;

/// What a probe has of the host's environment: that which finds programs, files and libraries. The
/// rest may be secret or, as `LD_PRELOAD`, meant for the host alone.
const ENVIRONMENT: [&str; 8] = [
    "HOME",
    "LANG",
    "LC_ALL",
    "LD_LIBRARY_PATH",
    "PATH",
    "TMPDIR",
    "TZ",
    "USER",
];

/// What a probe left behind.
#[derive(Debug)]
pub(super) struct Ended {
    /// `None` when the time was over.
    pub(super) status: Option<ExitStatus>,
    /// What came through its channel.
    pub(super) answers: Vec<u8>,
    /// The last of what it printed.
    pub(super) printed: String,
}

/// Runs `program` as a probe of `file` for at most `time`.
///
/// Nothing of its process group is left afterwards. The program is started without a fork: that
/// would copy the page tables of a large host for each plugin.
pub(super) fn run(
    program: &Path,
    file: &File,
    request: &Request,
    time: Duration,
) -> io::Result<Ended> {
    let deadline = Instant::now() + time;
    let (channel, theirs) = UnixStream::pair()?;
    let environment = ENVIRONMENT
        .iter()
        .filter_map(|name| Some((name, std::env::var_os(name)?)));
    let mut child = Command::new(program)
        .arg(ARGUMENT)
        .env_clear()
        .envs(environment)
        .env(PROBE_VARIABLE, "1")
        .stdin(Stdio::from(file.try_clone()?))
        .stdout(Stdio::from(OwnedFd::from(theirs)))
        .stderr(Stdio::piped())
        .process_group(0)
        .spawn()?;
    let printed = child.stderr.take();
    let process = Process::new(child);
    ask(&channel, request, time);
    let mut streams = Streams::new(channel, printed)?;
    let in_time = process.wait_until(deadline, &mut streams)?;
    let status = process.end()?;
    let (answers, printed) = streams.finish();
    Ok(Ended {
        status: in_time.then_some(status),
        answers,
        printed,
    })
}

/// Sends the request. A program that does not take it shows in what it does not answer.
fn ask(mut channel: &UnixStream, request: &Request, time: Duration) {
    let json = serde_json::to_vec(request).expect("a request is JSON");
    channel.set_write_timeout(Some(time)).ok();
    channel.write_all(&json).ok();
    channel.shutdown(Shutdown::Write).ok();
}
