//! What the system says of a process, and children of this program.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use rustix::time::{ClockId, clock_gettime};

/// User and system time of this process so far, in seconds; its children do not count.
#[must_use]
pub fn cpu_seconds() -> f64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}

/// The resident memory of this process in KiB.
#[must_use]
pub fn resident_kib() -> u64 {
    status("VmRSS:")
}

/// The threads of this process.
#[must_use]
pub fn threads() -> u64 {
    status("Threads:")
}

/// The open file descriptors of this process.
///
/// # Panics
///
/// Where there is no `/proc`.
#[must_use]
pub fn descriptors() -> usize {
    // The directory that is being read is one of them.
    fs::read_dir("/proc/self/fd").map_or(0, Iterator::count) - 1
}

fn status(field: &str) -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    status
        .lines()
        .find_map(|line| line.strip_prefix(field))
        .and_then(|rest| rest.split_ascii_whitespace().next()?.parse().ok())
        .unwrap_or(0)
}

/// The argument that makes this program a child of itself.
pub const CHILD: &str = "--child";

/// A child of this program that does one thing.
///
/// # Panics
///
/// When this program does not know where it is.
#[must_use]
pub fn child(args: &[&str]) -> Command {
    let program = std::env::current_exe().expect("the system knows where this program is");
    let mut command = Command::new(program);
    command.arg(CHILD).args(args).stdin(Stdio::null());
    command
}

/// Runs a child and reads the numbers it prints.
///
/// # Panics
///
/// When it fails or prints something else.
#[must_use]
pub fn numbers_of_child(args: &[&str]) -> Vec<f64> {
    let output = child(args)
        .stderr(Stdio::inherit())
        .output()
        .expect("this program can be started");
    assert!(output.status.success(), "{args:?}: {}", output.status);
    String::from_utf8_lossy(&output.stdout)
        .split_ascii_whitespace()
        .map(|number| number.parse().expect("children print numbers"))
        .collect()
}

/// Waits for the first line that a process prints, whose standard output is a pipe.
///
/// # Panics
///
/// When it is no pipe, or no text.
#[must_use]
pub fn first_line(child: &mut Child) -> String {
    let stdout = child.stdout.take().expect("it is a pipe");
    let mut line = String::new();
    BufReader::new(stdout)
        .read_line(&mut line)
        .expect("it is text");
    line
}

/// The address in what a service says when it is ready.
///
/// # Panics
///
/// When there is none.
#[must_use]
pub fn http_address(ready: &str) -> &str {
    ready
        .split_whitespace()
        .find_map(|word| word.trim_end_matches(',').strip_prefix("http://"))
        .unwrap_or_else(|| panic!("no address in {ready:?}"))
}
