//! Which host process a container belongs to, and whether that still lives.
//!
//! A host that is killed leaves its containers behind. The next one removes them, but must not
//! touch those of another host that runs beside it: with the same engine, perhaps in a container of
//! its own, perhaps on another machine.

use std::fmt;
use std::fs;
use std::str::FromStr;

use rustix::io::Errno;
use rustix::process::{Pid, test_kill_process};
use solti_plugin_abi::process::Stat;

/// A host process, told apart from every other one there was or will be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Owner {
    pid: i32,
    /// When the process started, in the kernel's ticks: a number is used again, but not in the same
    /// moment.
    started: u64,
    /// The namespace in which `pid` is a number.
    pid_namespace: String,
    /// What the kernel drew at random when it started.
    boot: String,
    /// What the machine was given when it was installed.
    machine: String,
}

impl Owner {
    /// The process this is; `None` where the system does not say enough to recognise it again.
    pub(crate) fn current() -> Option<Self> {
        let pid = i32::try_from(std::process::id()).ok()?;
        let namespace = fs::read_link("/proc/self/ns/pid").ok()?;
        let started = Stat::of(std::process::id())?.began;
        Some(Self {
            pid,
            started,
            // The link reads `pid:[4026531836]`.
            pid_namespace: keep(char::is_ascii_digit, &namespace.to_string_lossy()),
            boot: keep(
                char::is_ascii_hexdigit,
                &fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?,
            ),
            machine: keep(
                char::is_ascii_hexdigit,
                &fs::read_to_string("/etc/machine-id").unwrap_or_default(),
            ),
        })
    }

    /// What is unique of it on this machine until its next start.
    pub(crate) fn short(&self) -> String {
        format!("{}-{}", self.pid, self.started)
    }

    /// Whether the process has surely ended, as far as `here` can tell.
    pub(crate) fn is_gone(&self, here: &Self) -> bool {
        if self.boot != here.boot {
            // The same machine has been restarted since; another one is none of our business.
            return !self.machine.is_empty() && self.machine == here.machine;
        }
        self.pid_namespace == here.pid_namespace && !self.lives()
    }

    fn lives(&self) -> bool {
        let Some(pid) = Pid::from_raw(self.pid) else {
            return false;
        };
        if test_kill_process(pid) == Err(Errno::SRCH) {
            return false;
        }
        match Stat::of(self.pid.cast_unsigned()) {
            Some(stat) => stat.began == self.started && stat.runs(),
            // It is there and hidden from us: another user's.
            None => true,
        }
    }
}

/// As the value of a label.
impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            pid,
            started,
            pid_namespace,
            boot,
            machine,
        } = self;
        write!(f, "{pid}.{started}.{pid_namespace}.{boot}.{machine}")
    }
}

impl FromStr for Owner {
    type Err = ();

    fn from_str(label: &str) -> Result<Self, ()> {
        let parts: Vec<&str> = label.split('.').collect();
        let [pid, started, pid_namespace, boot, machine] = parts[..] else {
            return Err(());
        };
        Ok(Self {
            pid: pid.parse().map_err(drop)?,
            started: started.parse().map_err(drop)?,
            pid_namespace: pid_namespace.to_owned(),
            boot: boot.to_owned(),
            machine: machine.to_owned(),
        })
    }
}

/// An id of the system, without the dashes and brackets in it.
fn keep(is_part: fn(&char) -> bool, text: &str) -> String {
    text.chars().filter(is_part).collect()
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use super::*;

    fn here() -> Owner {
        Owner::current().unwrap()
    }

    #[test]
    fn a_label_is_read_as_the_owner_that_it_was_made_from() {
        assert_eq!(here().to_string().parse(), Ok(here()));
        for label in ["", "unknown", "1.2.3.4", "1.2.3.4.5.6", "x.2.3.4.5"] {
            assert_eq!(label.parse::<Owner>(), Err(()), "{label:?}");
        }
    }

    #[test]
    fn a_process_that_lives_is_never_taken_for_gone() {
        assert!(!here().is_gone(&here()));
        let first = Owner {
            pid: 1,
            started: Stat::of(1).unwrap().began,
            ..here()
        };
        assert!(!first.is_gone(&here()));
    }

    #[test]
    fn a_number_that_was_used_again_does_not_hide_that_the_owner_is_gone() {
        let before = Owner {
            started: here().started - 1,
            ..here()
        };
        assert!(before.is_gone(&here()));
    }

    #[test]
    fn an_ended_child_that_nobody_has_awaited_is_gone() {
        let mut child = std::process::Command::new("true").spawn().unwrap();
        let pid = i32::try_from(child.id()).unwrap();
        let owner = Owner {
            pid,
            started: Stat::of(pid.cast_unsigned()).unwrap().began,
            ..here()
        };
        let look = rustix::process::WaitIdOptions::EXITED | rustix::process::WaitIdOptions::NOWAIT;
        rustix::process::waitid(
            rustix::process::WaitId::Pid(Pid::from_raw(pid).unwrap()),
            look,
        )
        .unwrap();
        assert!(owner.is_gone(&here()));
        child.wait().unwrap();
        assert!(owner.is_gone(&here()));
    }

    #[test]
    fn what_cannot_be_judged_from_here_is_left_alone() {
        let gone = Owner {
            started: here().started - 1,
            ..here()
        };
        let in_a_container = Owner {
            pid_namespace: "0".to_owned(),
            ..gone.clone()
        };
        assert!(!in_a_container.is_gone(&here()));
        let elsewhere = Owner {
            boot: "0".to_owned(),
            machine: "0".to_owned(),
            ..gone.clone()
        };
        assert!(!elsewhere.is_gone(&here()));
        let nameless = Owner {
            boot: "0".to_owned(),
            machine: String::new(),
            ..gone
        };
        let here_nameless = Owner {
            machine: String::new(),
            ..here()
        };
        assert!(!nameless.is_gone(&here_nameless));
    }

    #[test]
    fn a_machine_that_was_restarted_has_no_owners_from_before() {
        let here = Owner {
            machine: "1".to_owned(),
            ..here()
        };
        let before = Owner {
            boot: "0".to_owned(),
            ..here.clone()
        };
        assert!(before.is_gone(&here));
    }
}
