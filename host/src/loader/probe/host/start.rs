//! Starts the process of a probe.

use std::env;
use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Command, Stdio};

use super::process::Process;
use super::streams::Streams;
use crate::loader::probe::wire::{ARGUMENT, ENVIRONMENT, PROBE_VARIABLE, Request};

/// Starts `program` as a probe of `file`, and as the leader of a process group.
///
/// It is started without a fork: that would copy the page tables of a large host for each plugin.
pub(super) fn start(
    program: &Path,
    file: &File,
    request: &Request,
) -> io::Result<(Process, Streams)> {
    let (socket, theirs) = UnixStream::pair()?;
    let environment = ENVIRONMENT
        .iter()
        .filter_map(|name| Some((name, env::var_os(name)?)));
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
    let request = serde_json::to_vec(request).expect("a request is JSON");
    let streams = Streams::new(socket, request, printed)?;
    Ok((process, streams))
}
