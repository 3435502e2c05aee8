//! Descendants that have left their group, as `setsid` and shells with job control make them.
//!
//! They are found through the list of children that Linux keeps for each process. One whose parent
//! has ended is not in it: nothing but a cgroup could still tell whose it was.

use std::fs;
use std::os::fd::OwnedFd;

use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

use crate::process::stat::Stat;

/// The strays found so far.
#[derive(Debug, Default)]
pub(super) struct Strays(Vec<Stray>);

#[derive(Debug)]
struct Stray {
    pid: Pid,
    /// Stands for this very process, even when its number has been given to another.
    handle: OwnedFd,
}

impl Strays {
    /// Finds the strays among the descendants of `leader`, which are stopped, and stops them too.
    pub(super) fn find_below(&mut self, leader: Pid) {
        let mut parents = vec![leader];
        // Strays of an earlier search may have lost the parent through which they were found.
        parents.extend(
            self.0
                .iter()
                .filter(|it| it.takes(Signal::STOP))
                .map(|it| it.pid),
        );
        while let Some(parent) = parents.pop() {
            for child in children(parent) {
                if self.0.iter().any(|known| known.pid == child) {
                    continue;
                }
                let group = Stat::of(number(child)).map(|stat| stat.group);
                if group != Some(number(leader)) {
                    let Some(stray) = Stray::stop(child) else {
                        continue;
                    };
                    self.0.push(stray);
                }
                parents.push(child);
            }
        }
    }

    /// Sends a signal to each of them.
    pub(super) fn signal(&self, signal: Signal) {
        for stray in &self.0 {
            stray.takes(signal);
        }
    }
}

impl Stray {
    fn stop(pid: Pid) -> Option<Self> {
        let handle = pidfd_open(pid, PidfdFlags::empty()).ok()?;
        let stray = Self { pid, handle };
        stray.takes(Signal::STOP).then_some(stray)
    }

    /// Sends a signal; `false` when the process is gone.
    fn takes(&self, signal: Signal) -> bool {
        pidfd_send_signal(&self.handle, signal).is_ok()
    }
}

fn number(process: Pid) -> u32 {
    process.as_raw_nonzero().get().cast_unsigned()
}

/// The children of a process, those of all its threads; none when it is gone.
fn children(parent: Pid) -> Vec<Pid> {
    let threads = fs::read_dir(format!("/proc/{parent}/task"));
    let lists = threads
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|thread| fs::read_to_string(thread.path().join("children")).ok());
    lists
        .flat_map(|list| {
            list.split_ascii_whitespace()
                .filter_map(|pid| Pid::from_raw(pid.parse().ok()?))
                .collect::<Vec<_>>()
        })
        .collect()
}
