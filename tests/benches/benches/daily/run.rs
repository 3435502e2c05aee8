//! One run of a command.

use std::fs::{self, File};
use std::process::{Command, Stdio};
use std::time::Instant;

/// What one run took.
#[derive(Clone, Copy)]
pub(super) struct Run {
    pub(super) wall: f64,
    pub(super) cpu: f64,
    /// The most memory that one process had, in MB.
    pub(super) memory: f64,
}

impl Run {
    pub(super) const NOTHING: Self = Self {
        wall: 1.0,
        cpu: 1.0,
        memory: 1.0,
    };
}

/// Runs a command to its end, its output to nowhere.
pub(super) fn run(mut command: Command) -> Run {
    let usage = tempfile::NamedTempFile::new().expect("there is room for a temporary file");
    let mut timed = Command::new("/usr/bin/env");
    timed
        .args(["time", "-f", "%U %S %M", "-o"])
        .arg(usage.path())
        .arg(command.get_program())
        .args(command.get_args())
        .stdin(Stdio::null())
        .stdout(
            File::options()
                .write(true)
                .open("/dev/null")
                .expect("it is always there"),
        )
        .stderr(Stdio::null());
    command.stdin(Stdio::null());
    let began = Instant::now();
    let status = timed.status().expect("`time` is installed");
    let wall = began.elapsed().as_secs_f64();
    assert!(status.success(), "{command:?}: {status}");
    let usage = fs::read_to_string(usage.path()).expect("`time` has written it");
    let numbers: Vec<f64> = usage
        .split_whitespace()
        .filter_map(|number| number.parse().ok())
        .collect();
    let [user, system, kilobytes] = numbers[..] else {
        panic!("`time` wrote {usage:?}");
    };
    Run {
        wall,
        cpu: user + system,
        memory: kilobytes / 1000.0,
    }
}

/// A command of the shell's.
pub(super) fn shell(script: &str) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", script]);
    command
}
