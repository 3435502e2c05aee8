//! What this process has: threads, descriptors, children, and the processor time it has taken.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::verdict::{Tried, untried};
use rustix::time::{ClockId, clock_gettime};

/// Threads that the host starts, and that are not the plugin's.
const OF_THE_HOST: [&str; 3] = ["plugin-log", "plugin-drop", super::child::END];

/// What the host keeps open for as long as a plugin is loaded: the copy that it runs.
const STAGED: &str = "/memfd:solti:";

/// That a rule needs a list of what this process has, where the system makes none.
pub(super) fn is_listed() -> Tried {
    match Path::new("/proc/self/task").is_dir() {
        true => Ok(()),
        false => Err(untried("this system does not list what a process has")),
    }
}

/// The threads of this process that are not the host's, by their numbers.
pub(super) fn threads() -> BTreeMap<u64, String> {
    let threads = numbers(Path::new("/proc/self/task")).into_iter();
    let named = threads.filter_map(|number| {
        let name = fs::read_to_string(format!("/proc/self/task/{number}/comm")).ok()?;
        Some((number, name.trim_end().to_owned()))
    });
    named
        .filter(|(_, name)| !OF_THE_HOST.contains(&name.as_str()))
        .collect()
}

/// What this process has open but for plugins: how many of each, by what they are.
pub(super) fn descriptors() -> BTreeMap<String, usize> {
    let mut open = BTreeMap::new();
    for number in numbers(Path::new("/proc/self/fd")) {
        // The directory that is being read is closed by now.
        let Ok(target) = fs::read_link(format!("/proc/self/fd/{number}")) else {
            continue;
        };
        let target = target.display().to_string();
        // Of a socket and a pipe there is a number, which each has of its own.
        let what = match target.split_once(":[") {
            Some((what @ ("socket" | "pipe"), _)) => what,
            _ => &target,
        };
        if !target.starts_with(STAGED) {
            *open.entry(what.to_owned()).or_default() += 1;
        }
    }
    open
}

/// The processes that this one has started, and those that were left to it, by their numbers.
pub(super) fn children() -> BTreeMap<u64, String> {
    let mut found = BTreeMap::new();
    for thread in numbers(Path::new("/proc/self/task")) {
        let children = fs::read_to_string(format!("/proc/self/task/{thread}/children"));
        for child in children.unwrap_or_default().split_ascii_whitespace() {
            let Ok(number) = child.parse() else { continue };
            let name = fs::read_to_string(format!("/proc/{number}/comm")).unwrap_or_default();
            found.insert(number, name.trim_end().to_owned());
        }
    }
    found
}

/// Every file below a directory.
pub(super) fn files_below(directory: &Path) -> BTreeSet<PathBuf> {
    let (mut left, mut found) = (vec![directory.to_owned()], BTreeSet::new());
    while let Some(directory) = left.pop() {
        for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
            let path = entry.path();
            if entry.file_type().is_ok_and(|of| of.is_dir()) {
                left.push(path.clone());
            }
            found.insert(path);
        }
    }
    found
}

/// The processor time that this process has taken.
pub(super) fn processor_time() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(
        u64::try_from(time.tv_sec).unwrap_or(0),
        u32::try_from(time.tv_nsec).unwrap_or(0),
    )
}

/// Looks again and again until `look` finds nothing, for so long at most; what it found last.
pub(super) fn until_none<T>(at_most: Duration, look: impl Fn() -> Vec<T>) -> Vec<T> {
    let until = Instant::now() + at_most;
    loop {
        let found = look();
        if found.is_empty() || Instant::now() >= until {
            return found;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// What is there now and was not before, by its name.
pub(super) fn more_than(before: &BTreeMap<u64, String>, now: BTreeMap<u64, String>) -> Vec<String> {
    let more = now
        .into_iter()
        .filter(|(number, _)| !before.contains_key(number));
    more.map(|(_, name)| name).collect()
}

fn numbers(directory: &Path) -> Vec<u64> {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    entries
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .collect()
}
