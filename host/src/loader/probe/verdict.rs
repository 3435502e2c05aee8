//! What the end of a probe says of the plugin.

mod printed;

use std::collections::HashSet;
use std::env;
use std::io;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::ExitStatus;

use rustix::process::{Resource, getrlimit};

use super::error::ProbeError;
use super::host::Ended;
use super::wire::{Answer, HOST, NO_HOST};
use crate::loader::connect::ConnectError;
use crate::loader::open::OpenError;
use crate::loader::options::ProbeLimits;
use crate::loader::refusal::Cause;
use printed::quoted;

/// What the standard library prints when an allocation fails.
const ALLOCATION_FAILED: &str = "memory allocation of ";

/// What the standard library says of a variable that is not set.
const NO_VARIABLE: &str = "environment variable not found";

/// Shorter names of variables are words like others.
const SHORTEST_NAME: usize = 3;

/// What a probe should have done.
pub(super) struct Expected<'a> {
    pub(super) nonce: &'a str,
    pub(super) program: &'a Path,
    pub(super) limits: ProbeLimits,
    /// The variables that it has of the host's environment.
    pub(super) environment: &'a [&'a str],
}

impl Expected<'_> {
    /// Judges a probe by its end and its answers.
    pub(super) fn judge(&self, ended: &Ended) -> Result<(), ProbeError> {
        let Some(answers) = Answer::read_all(&ended.answers, self.nonce) else {
            return Err(if ended.answers.starts_with(self.nonce.as_bytes()) {
                ProbeError::WroteElsewhere
            } else {
                self.no_probe(ended)
            });
        };
        let mut answers = answers.into_iter();
        match answers.next() {
            Some(Answer::Ready { host }) if host == HOST => {}
            Some(Answer::Ready { host }) => {
                return Err(ProbeError::OtherHost {
                    program: self.program.to_owned(),
                    found: host,
                });
            }
            Some(Answer::Unable { errno }) => {
                return Err(ProbeError::NotRun {
                    program: self.program.to_owned(),
                    reason: io::Error::from_raw_os_error(errno),
                });
            }
            _ => return Err(self.not_ready(ended)),
        }
        match (ended.status, answers.next()) {
            (_, Some(Answer::NotOpened(err))) => Err(self.not_opened(err)),
            (_, Some(Answer::NotConnected(err))) => Err(self.not_connected(err)),
            (_, Some(Answer::NotRehearsed { reason })) => Err(ProbeError::NotRehearsed { reason }),
            (_, Some(Answer::Descriptors { changed })) => Err(ProbeError::Descriptors { changed }),
            (None, _) => Err(ProbeError::TimedOut {
                limit: self.limits.time,
            }),
            (Some(status), Some(Answer::Passed)) if status.success() => Ok(()),
            (Some(status), _) => Err(self.died(status, &ended.printed)),
        }
    }

    fn no_probe(&self, ended: &Ended) -> ProbeError {
        ProbeError::NoProbe {
            program: self.program.to_owned(),
            printed: quoted(&ended.printed),
        }
    }

    /// The process did not even say that it is a probe.
    fn not_ready(&self, ended: &Ended) -> ProbeError {
        let Some(status) = ended.status else {
            return ProbeError::NotReady {
                program: self.program.to_owned(),
                limit: self.limits.time,
            };
        };
        match status.signal() {
            Some(signal) => ProbeError::ProbeKilled {
                program: self.program.to_owned(),
                signal,
            },
            None => self.no_probe(ended),
        }
    }

    fn not_opened(&self, err: OpenError) -> ProbeError {
        match &err {
            OpenError::Refused { reason } if Cause::of_text(reason) == Cause::NoMemory => {
                self.out_of_memory()
            }
            _ => err.into(),
        }
    }

    fn not_connected(&self, err: ConnectError) -> ProbeError {
        let said = match &err {
            ConnectError::Refused { reason, .. } | ConnectError::Panicked { reason, .. } => reason,
            ConnectError::NotAsStamped { .. } => return err.into(),
        };
        match self.unset_variable(said) {
            Some(variable) => ProbeError::Unset {
                reason: err.to_string(),
                variable,
            },
            None if Cause::shortage_in(said) == Some(Cause::NoMemory) => self.limited(err.into()),
            None => err.into(),
        }
    }

    /// The variable that a plugin missed which said this, if it is one that the host has, or might have,
    /// and its probe has not.
    fn unset_variable(&self, said: &str) -> Option<Option<String>> {
        let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let words: HashSet<_> = said.split(|c| !is_part(c)).collect();
        let mut names: Vec<_> = env::vars_os()
            .filter_map(|(name, _)| name.into_string().ok())
            .filter(|name| name.len() >= SHORTEST_NAME && words.contains(name.as_str()))
            .filter(|name| !self.environment.contains(&name.as_str()))
            .collect();
        names.sort_by_key(String::len);
        match names.pop() {
            Some(name) => Some(Some(name)),
            None => said.contains(NO_VARIABLE).then_some(None),
        }
    }

    /// What a plugin said when it ran out of memory is about its probe's limit, where the host itself has
    /// more.
    fn limited(&self, err: ProbeError) -> ProbeError {
        let limit = self.limits.memory;
        if getrlimit(Resource::As)
            .current
            .is_some_and(|of_host| of_host <= limit)
        {
            return err;
        }
        let reason = err.to_string();
        ProbeError::Limited { reason, limit }
    }

    /// The process ended without an answer.
    fn died(&self, status: ExitStatus, printed: &str) -> ProbeError {
        match status.signal() {
            Some(libc::SIGABRT) if printed.contains(ALLOCATION_FAILED) => self.out_of_memory(),
            Some(libc::SIGXCPU) => ProbeError::Cpu {
                limit: self.limits.cpu(),
            },
            Some(signal) => self.ended(ProbeError::Killed {
                signal,
                printed: quoted(printed),
            }),
            None if status.code() == Some(NO_HOST.into()) => ProbeError::SocketClosed,
            None => self.ended(ProbeError::Exited {
                code: status.code().unwrap_or_default(),
                printed: quoted(printed),
            }),
        }
    }

    fn ended(&self, err: ProbeError) -> ProbeError {
        match err.shortage() {
            Some(Cause::NoMemory) => self.limited(err),
            _ => err,
        }
    }

    /// The smaller of the limits is what it ran into: none is raised for a probe.
    fn out_of_memory(&self) -> ProbeError {
        let of_host = getrlimit(Resource::As).current.unwrap_or(u64::MAX);
        ProbeError::Memory {
            limit: self.limits.memory.min(of_host),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::loader::refusal::{method, sentence};

    const NONCE: &str = "0123";
    const PROGRAM: &str = "/proc/self/exe";

    fn ready() -> Answer {
        let host = HOST.to_owned();
        Answer::Ready { host }
    }

    /// What is said of a probe with these answers that ended with `status`, as the system encodes
    /// it, or not at all.
    fn refused(answers: &[Answer], status: Option<i32>, printed: &str) -> String {
        let expected = Expected {
            nonce: NONCE,
            program: Path::new(PROGRAM),
            limits: ProbeLimits {
                time: Duration::from_millis(4500),
                memory: 2 << 30,
            },
            environment: &["PATH"],
        };
        let answers: String = answers.iter().map(|it| it.to_line(NONCE)).collect();
        let ended = Ended {
            status: status.map(ExitStatus::from_raw),
            answers: answers.into_bytes(),
            printed: printed.to_owned(),
        };
        sentence(&expected.judge(&ended).unwrap_err(), method)
    }

    fn died(status: i32, printed: &str) -> String {
        refused(&[ready()], Some(status), printed)
    }

    #[test]
    fn a_limit_that_was_reached_is_named_and_how_to_raise_it() {
        let more_memory = "loading it took more than 2048 MiB of memory: install a fixed version \
                           of the plugin, or allow the probe more memory \
                           (PluginLoader::probe_memory)";
        assert_eq!(
            died(libc::SIGXCPU, ""),
            "loading it took more than 5s of processor time: install a fixed version of the \
             plugin, or allow the probe more time (PluginLoader::probe_time)"
        );
        assert_eq!(
            died(
                libc::SIGABRT,
                "memory allocation of 268435456 bytes failed\n"
            ),
            more_memory
        );
        for text in [
            "failed to map segment from shared object: Cannot allocate memory",
            "cannot create shared object descriptor: Cannot allocate memory",
        ] {
            let reason = text.to_owned();
            let answers = [ready(), Answer::NotOpened(OpenError::Refused { reason })];
            assert_eq!(refused(&answers, Some(0), ""), more_memory);
        }
        assert_eq!(
            refused(&[ready()], None, ""),
            "loading it took more than 4.5s: install a fixed version of the plugin, or allow the \
             probe more time (PluginLoader::probe_time)"
        );
    }

    #[test]
    fn a_death_is_told_by_its_signal_and_the_last_that_was_printed_whatever_the_core_became() {
        const CORE_DUMPED: i32 = 0x80;
        for status in [libc::SIGSEGV, libc::SIGSEGV | CORE_DUMPED] {
            assert_eq!(
                died(status, "hello\n"),
                "the probe process was killed by signal 11 (SIGSEGV) after printing: \
                 hello; install a fixed version of the plugin"
            );
        }
        assert_eq!(
            died(40, ""),
            "the probe process was killed by signal 40: install a fixed version of the plugin"
        );
        assert_eq!(
            died(3 << 8, ""),
            "the probe process exited with code 3 without an answer: install a \
             fixed version of the plugin"
        );
    }

    #[test]
    fn what_a_task_of_the_probe_did_wrong_is_told() {
        let reason = "it wrote \"a line\"".to_owned();
        let text = refused(&[ready(), Answer::NotRehearsed { reason }], Some(0), "");
        assert_eq!(
            text,
            "a task that was tried in the probe went wrong: it wrote \"a line\"; install a fixed \
             version of the plugin"
        );
    }

    #[test]
    fn what_the_machine_lacks_or_forbids_is_not_blamed_on_the_plugin() {
        assert_eq!(
            died(libc::SIGKILL, ""),
            "the probe process was killed by signal 9 (SIGKILL): check the system's log for what \
             killed it; memory may have run out"
        );
        assert_eq!(
            died(libc::SIGSYS, ""),
            "the probe process was killed by signal 31 (SIGSYS): have the host's sandbox allow \
             the system call that its log names"
        );
        let no_thread = "thread 'main' panicked at src/lib.rs:9:\nfailed to spawn thread: Os { \
                         code: 11, kind: WouldBlock, message: \"Resource temporarily \
                         unavailable\" }\n";
        let message = died(libc::SIGABRT, no_thread);
        let ends = "; raise the host's limit on processes and threads (ulimit -u, pids.max), then \
                    try again";
        assert!(message.ends_with(ends), "{message}");
        let no_file = "called `Result::unwrap()` on an `Err` value: Os { code: 24, kind: \
                       Uncategorized, message: \"Too many open files\" }";
        let message = died(1 << 8, no_file);
        let ends = "; raise the host's limit on open files (ulimit -n), then try again";
        assert!(message.ends_with(ends), "{message}");
    }

    #[test]
    fn what_only_a_probe_lacks_is_told_with_how_it_gets_it() {
        let refused_by = |reason: &str| {
            let reason = reason.to_owned();
            let answers = [
                ready(),
                Answer::NotConnected(ConnectError::Refused {
                    reason,
                    place: None,
                }),
            ];
            refused(&answers, Some(0), "")
        };
        // Cargo sets it for tests; a probe has only PATH here.
        assert_eq!(
            refused_by("CARGO_MANIFEST_DIR is not set"),
            "CARGO_MANIFEST_DIR is not set: pass CARGO_MANIFEST_DIR to the probe \
             (PluginLoader::probe_env)"
        );
        assert_eq!(
            refused_by("no key: environment variable not found"),
            "no key: environment variable not found; set the variable that it needs, and pass it to \
             the probe (PluginLoader::probe_env)"
        );
        assert_eq!(
            refused_by("PATH has no such program"),
            "PATH has no such program: correct its configuration, or provide what it says is missing"
        );
        assert_eq!(
            refused_by("cannot reserve 8 GiB: Cannot allocate memory (os error 12)"),
            "cannot reserve 8 GiB: Cannot allocate memory (os error 12), in a probe, which may use 2048 \
             MiB of address space; allow it more (PluginLoader::probe_memory)"
        );
        assert_eq!(
            died(1 << 8, "Cannot allocate memory\n"),
            "the probe process exited with code 1 without an answer after printing: \
             Cannot allocate memory, in a probe, which may use 2048 MiB of address space; allow it more \
             (PluginLoader::probe_memory)"
        );
    }

    #[test]
    fn a_probe_that_cannot_begin_says_what_the_machine_lacks() {
        for (errno, expected) in [
            (
                libc::EMFILE,
                "Too many open files (os error 24); raise the host's limit on open files (ulimit \
                 -n), then try again",
            ),
            (
                libc::ENOMEM,
                "Cannot allocate memory (os error 12); free memory or raise the host's limit on \
                 it, then try again",
            ),
            (
                libc::EPERM,
                "Operation not permitted (os error 1); let the host's user run it",
            ),
        ] {
            let unable = Answer::Unable { errno };
            assert_eq!(
                refused(&[unable], Some(0), ""),
                format!("the probe program {PROGRAM} cannot be run: {expected}")
            );
        }
        assert_eq!(
            refused(&[], Some(libc::SIGKILL), ""),
            "the probe program /proc/self/exe was killed by signal 9 (SIGKILL): check the \
             system's log for what killed it; memory may have run out"
        );
    }

    #[test]
    fn a_program_that_is_no_probe_is_told_by_the_last_that_it_printed() {
        let libraries = "solti: error while loading shared libraries: libz.so.1: cannot open it\n";
        assert_eq!(
            refused(&[], Some(127 << 8), libraries),
            "the probe program /proc/self/exe did not answer after printing: solti: error \
             while loading shared libraries: libz.so.1: cannot open it; name a program whose main \
             begins with solti_plugin_host::probe_main() (PluginLoader::probe_with)"
        );
    }
}
