//! The program as it is shipped, what it is given, and what a run of a command takes.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use serde_json::json;

/// What one run took.
#[derive(Debug, Clone, Copy)]
pub struct Run {
    /// From its start to its end, in seconds.
    pub wall: f64,
    /// User and system time, children included, in seconds.
    pub cpu: f64,
    /// The most memory that one process had, in MB.
    pub memory: f64,
}

/// A command of a shell.
#[must_use]
pub fn shell(script: &str) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", script]);
    command
}

/// Runs a command to its end, its output to nowhere.
///
/// # Panics
///
/// When it fails, or `time` is not installed.
#[must_use]
pub fn run(command: &Command) -> Run {
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

/// Writes a file of specs that run `true`.
///
/// # Panics
///
/// When there is no room for it.
#[must_use]
pub fn specs_of_true(scratch: &Path, count: usize) -> PathBuf {
    let file = scratch.join(format!("true-{count}.json"));
    let spec = |number: usize| {
        let mode = json!({ "command": { "command": "true" } });
        let kind = json!({ "subprocess": { "mode": mode } });
        json!({ "slot": format!("t{number}"), "timeout": 60_000, "kind": kind })
    };
    let specs: Vec<_> = (0..count).map(spec).collect();
    fs::write(&file, json!(specs).to_string()).expect("there is room for it");
    file
}
