//! Starts a program where `posix_spawn` may not know of sessions: in a group of its own only.

use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt as _;
use std::process::{Command, Stdio};

use rustix::process::Pid;

use super::exec::Exec;

/// Starts a process.
pub(super) fn spawn(exec: &Exec<'_>) -> io::Result<Pid> {
    let [stdin, stdout, stderr] = &exec.streams;
    let stream = |stream: &OwnedFd| stream.try_clone().map(Stdio::from);
    let mut command = Command::new(exec.file);
    command
        .arg0(exec.name)
        .args(exec.args)
        .envs(exec.env)
        .stdin(stream(stdin)?)
        .stdout(stream(stdout)?)
        .stderr(stream(stderr)?)
        .process_group(0);
    if let Some(directory) = exec.directory {
        command.current_dir(directory);
    }
    Ok(Pid::from_child(&command.spawn()?))
}
