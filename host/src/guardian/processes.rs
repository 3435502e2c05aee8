//! Other processes, told apart from every one that has or will have the same number.

use std::fs;

use rustix::process::{Pid, Signal};
use solti_plugin_abi::process::Stat;

/// Nanoseconds in one of the kernel's ticks, in which it tells when a process began. There are a hundred of
/// them in a second on every machine that this is built for, whatever the kernel's own clock.
const TICK: u64 = 10_000_000;

/// A process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Process {
    pub(super) number: u32,
    pub(super) group: u32,
    pub(super) session: u32,
    /// In ticks since the start of the system.
    began: u64,
}

impl Process {
    /// The process of a number.
    pub(super) fn find(number: u32) -> Option<Self> {
        let Stat {
            group,
            session,
            began,
            ..
        } = Stat::of(number)?;
        Some(Self {
            number,
            group,
            session,
            began,
        })
    }

    /// All processes there are.
    pub(super) fn all() -> impl Iterator<Item = Self> {
        let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
        entries.filter_map(|entry| Self::find(entry.file_name().to_str()?.parse().ok()?))
    }

    /// Whether it began in a span of time, in nanoseconds since the start of the system.
    pub(super) fn began_within(&self, not_before: u64, not_after: u64) -> bool {
        (not_before / TICK..=not_after / TICK).contains(&self.began)
    }

    /// Kills it; whether that was possible, and it had not ended.
    pub(super) fn kill(&self) -> bool {
        let Some(pid) = i32::try_from(self.number).ok().and_then(Pid::from_raw) else {
            return false;
        };
        #[cfg(target_os = "linux")]
        {
            use rustix::process::{PidfdFlags, pidfd_open, pidfd_send_signal};
            let Ok(handle) = pidfd_open(pid, PidfdFlags::empty()) else {
                return false;
            };
            // It is the one behind the handle, unless another has the number by now.
            Self::find(self.number).as_ref() == Some(self)
                && pidfd_send_signal(&handle, Signal::KILL).is_ok()
        }
        #[cfg(not(target_os = "linux"))]
        {
            let _ = (pid, Signal::KILL);
            false
        }
    }

    /// The pipes that are its standard output and standard error, by their inodes.
    pub(super) fn pipes(&self) -> Vec<u64> {
        let inode = |stream: u32| {
            let link = fs::read_link(format!("/proc/{}/fd/{stream}", self.number)).ok()?;
            let link = link.to_str()?.strip_prefix("pipe:[")?;
            link.strip_suffix(']')?.parse().ok()
        };
        (1..=2).filter_map(inode).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_is_found_as_what_it_is() {
        let own = Process::find(std::process::id()).unwrap();
        assert!(Process::all().any(|process| process == own));
        assert!(own.began_within(0, solti_plugin_abi::guardian::since_start()));
        assert!(!own.began_within(0, 0));
        assert_eq!(Process::find(u32::MAX), None);
    }
}
