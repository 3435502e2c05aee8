//! Starts the process of a probe.

use std::env;
use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Command, Stdio};

use solti_plugin_abi::process::GroupChild;

use super::streams::Streams;
use crate::loader::probe::wire::{ARGUMENT, PROBE_VARIABLE, Request};

/// Starts `program` as a probe of `file`, with these variables of the host's environment.
pub(super) fn start(
    program: &Path,
    file: &File,
    request: &Request,
    environment: &[&str],
) -> io::Result<(GroupChild, Streams)> {
    let (socket, theirs) = UnixStream::pair()?;
    let environment = environment
        .iter()
        .filter_map(|name| Some((name, env::var_os(name)?)));
    let mut command = Command::new(program);
    command
        .arg(ARGUMENT)
        .env_clear()
        .envs(environment)
        .env(PROBE_VARIABLE, "1")
        .stdin(Stdio::from(file.try_clone()?))
        .stdout(Stdio::from(OwnedFd::from(theirs)))
        .stderr(Stdio::piped());
    let mut child = GroupChild::spawn(&mut command)?;
    let printed = child.take_stderr();
    let request = serde_json::to_vec(request).expect("a request is JSON");
    let streams = Streams::new(socket, request, printed)?;
    Ok((child, streams))
}
