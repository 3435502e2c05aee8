//! What Linux says of this process, under the names that clients of Prometheus give it.

use std::fs;

use rustix::process::{Resource, getrlimit};
use rustix::time::{ClockId, clock_gettime};
use solti_plugin_abi::process::Stat;

use crate::exposition::single;

/// Hundredths of a second, in which the system counts since its beginning.
const HUNDREDTHS: f64 = 100.0;

pub(super) fn write(text: &mut String) {
    let mut number = |name: &str, kind: &str, help: &str, value: Option<f64>| {
        if let Some(value) = value {
            single(text, name, kind, help, value);
        }
    };
    let cpu = clock_gettime(ClockId::ProcessCPUTime);
    number(
        "process_cpu_seconds_total",
        "counter",
        "User and system time, in seconds.",
        Some(cpu.tv_sec as f64 + cpu.tv_nsec as f64 / 1e9),
    );
    let status = fs::read("/proc/self/status").unwrap_or_default();
    let status = String::from_utf8_lossy(&status);
    let kib = |field: &str| Some(field_of(&status, field)? * 1024.0);
    number(
        "process_resident_memory_bytes",
        "gauge",
        "Resident memory, in bytes.",
        kib("VmRSS:"),
    );
    number(
        "process_virtual_memory_bytes",
        "gauge",
        "Virtual memory, in bytes.",
        kib("VmSize:"),
    );
    number(
        "process_threads",
        "gauge",
        "Threads.",
        field_of(&status, "Threads:"),
    );
    number(
        "process_start_time_seconds",
        "gauge",
        "When it was started, in seconds since 1970.",
        started(),
    );
    // The directory that is being read is one of them.
    let open = fs::read_dir("/proc/self/fd").map(|open| open.count().saturating_sub(1));
    number(
        "process_open_fds",
        "gauge",
        "Open file descriptors.",
        open.ok().map(|open| open as f64),
    );
    number(
        "process_max_fds",
        "gauge",
        "How many file descriptors may be open.",
        getrlimit(Resource::Nofile).current.map(|most| most as f64),
    );
}

/// A number of `/proc/self/status`.
fn field_of(status: &str, field: &str) -> Option<f64> {
    let rest = status.lines().find_map(|line| line.strip_prefix(field))?;
    rest.split_ascii_whitespace().next()?.parse().ok()
}

/// When this process was started, in seconds since 1970.
fn started() -> Option<f64> {
    let began = Stat::of(std::process::id())?.began as f64 / HUNDREDTHS;
    let text = fs::read_to_string("/proc/stat").ok()?;
    let booted = text.lines().find_map(|line| line.strip_prefix("btime "))?;
    Some(booted.trim().parse::<f64>().ok()? + began)
}
