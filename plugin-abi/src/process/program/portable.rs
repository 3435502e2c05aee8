//! Starts a program where `posix_spawn` may not know of sessions: in a group of its own only.

use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Command, Stdio};

use rustix::process::Pid;

use super::Program;

/// Starts the program whose file was found, with these streams.
pub(super) fn spawn(program: &Program, found: &Path, streams: &[OwnedFd; 3]) -> io::Result<Pid> {
    let [stdin, stdout, stderr] = streams;
    let stream = |stream: &OwnedFd| stream.try_clone().map(Stdio::from);
    let mut command = Command::new(found);
    command
        .arg0(&program.name)
        .args(&program.args)
        .envs(&program.env)
        .stdin(stream(stdin)?)
        .stdout(stream(stdout)?)
        .stderr(stream(stderr)?)
        .process_group(0);
    if let Some(directory) = &program.directory {
        command.current_dir(directory);
    }
    Ok(Pid::from_child(&command.spawn()?))
}
