//! What Linux says of this process, under the names that clients of Prometheus give it.

use std::fs;

use rustix::param::{clock_ticks_per_second, page_size};
use rustix::process::{Resource, getrlimit};

use super::exposition::{family, sample};

/// What of `/proc/self/stat` is told, as `proc_pid_stat(5)` has it.
struct Stat {
    /// Of user and system, in ticks.
    cpu: u64,
    threads: u64,
    /// Since the system began, in ticks.
    started: u64,
    /// In bytes.
    virtual_memory: u64,
    /// In pages.
    resident: u64,
}

pub(super) fn write(text: &mut String) {
    let Some(stat) = stat() else { return };
    let ticks = clock_ticks_per_second().max(1) as f64;
    let mut number = |name: &str, kind: &str, help: &str, value: f64| {
        family(text, name, kind, help);
        sample(text, format_args!("{name} {value}"));
    };
    number(
        "process_cpu_seconds_total",
        "counter",
        "User and system time, in seconds.",
        stat.cpu as f64 / ticks,
    );
    number(
        "process_resident_memory_bytes",
        "gauge",
        "Resident memory, in bytes.",
        (stat.resident * page_size() as u64) as f64,
    );
    number(
        "process_virtual_memory_bytes",
        "gauge",
        "Virtual memory, in bytes.",
        stat.virtual_memory as f64,
    );
    number("process_threads", "gauge", "Threads.", stat.threads as f64);
    if let Some(booted) = booted() {
        number(
            "process_start_time_seconds",
            "gauge",
            "When it was started, in seconds since 1970.",
            booted + stat.started as f64 / ticks,
        );
    }
    // The directory that is being read is one of them.
    let open = fs::read_dir("/proc/self/fd").map_or(0, Iterator::count);
    number(
        "process_open_fds",
        "gauge",
        "Open file descriptors.",
        open.saturating_sub(1) as f64,
    );
    if let Some(most) = getrlimit(Resource::Nofile).current {
        number(
            "process_max_fds",
            "gauge",
            "How many file descriptors may be open.",
            most as f64,
        );
    }
}

fn stat() -> Option<Stat> {
    // The name of a program is no text, as far as the system knows.
    let bytes = fs::read("/proc/self/stat").ok()?;
    let behind_name = bytes.iter().rposition(|byte| *byte == b')')? + 1;
    let text = std::str::from_utf8(&bytes[behind_name..]).ok()?;
    // The first is the third of the page.
    let fields: Vec<_> = text.split_ascii_whitespace().collect();
    let field = |number: usize| fields.get(number - 3)?.parse::<u64>().ok();
    Some(Stat {
        cpu: field(14)? + field(15)?,
        threads: field(20)?,
        started: field(22)?,
        virtual_memory: field(23)?,
        resident: field(24)?,
    })
}

/// When the system began, in seconds since 1970.
fn booted() -> Option<f64> {
    let text = fs::read_to_string("/proc/stat").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("btime "))?;
    line.trim().parse().ok()
}
