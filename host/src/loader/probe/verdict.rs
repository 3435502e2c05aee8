//! What the end of a probe says of the plugin.

use std::io;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::ExitStatus;

use solti_plugin_abi::stamp::Stamp;

use super::child::NO_HOST;
use super::error::ProbeError;
use super::run::Ended;
use super::settings::Limits;
use super::wire::{Answer, HOST};
use crate::loader::error::OpenError;

/// How many of the last lines are quoted, and how long they may be in all.
const QUOTED_LINES: usize = 3;
const QUOTED_CHARS: usize = 300;

/// What the system's loader says when it has no room for a library.
const NO_MEMORY: [&str; 3] = [
    "failed to map segment",
    "cannot map zero-fill pages",
    "Cannot allocate memory",
];

/// Judges a probe by its end and its answers.
pub(super) fn verdict(
    ended: &Ended,
    nonce: &str,
    stamp: &Stamp,
    program: &Path,
    limits: &Limits,
    in_memory: bool,
) -> Result<(), ProbeError> {
    let Some(answers) = Answer::read_all(&ended.answers, nonce) else {
        return Err(if ended.answers.starts_with(nonce.as_bytes()) {
            ProbeError::WroteElsewhere
        } else {
            no_probe(program)
        });
    };
    let mut answers = answers.into_iter();
    match answers.next() {
        Some(Answer::Ready { host }) if host == HOST => {}
        Some(Answer::Ready { host }) => {
            return Err(ProbeError::OtherHost {
                program: program.to_owned(),
                found: host,
            });
        }
        _ => return Err(not_ready(ended, program, limits)),
    }
    let answer = answers.next();
    match (ended.status, answer) {
        // A copy in memory is on no mount that could forbid it.
        (_, Some(Answer::NotOpened(OpenError::Refused { reason })))
            if in_memory && NO_MEMORY.iter().any(|words| reason.contains(words)) =>
        {
            Err(ProbeError::Memory {
                limit: limits.memory,
            })
        }
        (_, Some(Answer::NotOpened(err))) => Err(err.into()),
        (_, Some(Answer::NotConnected(err))) => Err(err.into()),
        (_, Some(Answer::Descriptors { changed })) => Err(ProbeError::Descriptors { changed }),
        (None, _) => Err(ProbeError::TimedOut { limit: limits.time }),
        (Some(status), Some(Answer::Described(described))) if status.success() => {
            Ok(described.check(stamp)?)
        }
        (Some(status), _) => Err(died(status, &ended.printed, limits)),
    }
}

fn no_probe(program: &Path) -> ProbeError {
    ProbeError::NoProbe {
        program: program.to_owned(),
    }
}

/// The process did not even say that it is a probe.
fn not_ready(ended: &Ended, program: &Path, limits: &Limits) -> ProbeError {
    let program = program.to_owned();
    let Some(status) = ended.status else {
        let limit = limits.time;
        return ProbeError::NotReady { program, limit };
    };
    match status.signal() {
        Some(signal) => ProbeError::NotRun {
            program,
            source: io::Error::other(format!("{} ended it", signal_name(signal))),
        },
        None => ProbeError::NoProbe { program },
    }
}

/// The process ended before the plugin was connected.
fn died(status: ExitStatus, printed: &str, limits: &Limits) -> ProbeError {
    // What the standard library prints when an allocation fails.
    if status.signal() == Some(libc::SIGABRT) && printed.contains("memory allocation of ") {
        return ProbeError::Memory {
            limit: limits.memory,
        };
    }
    match status.signal() {
        Some(libc::SIGXCPU) => ProbeError::Cpu {
            limit: limits.cpu(),
        },
        Some(signal) => ProbeError::Killed {
            signal: signal_name(signal),
            printed: quoted(printed),
        },
        None if status.code() == Some(NO_HOST.into()) => ProbeError::ChannelClosed,
        None => ProbeError::Exited {
            code: status.code().unwrap_or_default(),
            printed: quoted(printed),
        },
    }
}

/// What was printed last, in one line, as the end of a sentence; empty when there is nothing.
///
/// Of a panic, where it was and what it said: a backtrace comes after it.
fn quoted(printed: &str) -> String {
    let mut lines: Vec<_> = printed
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .collect();
    if let Some(panic) = lines.iter().position(|line| line.contains(" panicked at ")) {
        lines = lines.into_iter().skip(panic).take(2).collect();
    }
    let last = lines[lines.len().saturating_sub(QUOTED_LINES)..].join(" / ");
    if last.is_empty() {
        return last;
    }
    let text: String = last
        .chars()
        .take(QUOTED_CHARS)
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    format!(", after it had printed: {text}")
}

fn signal_name(signal: i32) -> String {
    let name = match signal {
        libc::SIGABRT => "SIGABRT",
        libc::SIGALRM => "SIGALRM",
        libc::SIGBUS => "SIGBUS",
        libc::SIGFPE => "SIGFPE",
        libc::SIGHUP => "SIGHUP",
        libc::SIGILL => "SIGILL",
        libc::SIGINT => "SIGINT",
        libc::SIGKILL => "SIGKILL",
        libc::SIGPIPE => "SIGPIPE",
        libc::SIGQUIT => "SIGQUIT",
        libc::SIGSEGV => "SIGSEGV",
        libc::SIGSYS => "SIGSYS",
        libc::SIGTERM => "SIGTERM",
        libc::SIGTRAP => "SIGTRAP",
        libc::SIGUSR1 => "SIGUSR1",
        libc::SIGUSR2 => "SIGUSR2",
        other => return format!("signal {other}"),
    };
    name.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn died_of(status: i32, printed: &str) -> String {
        died(ExitStatus::from_raw(status), printed, &Limits::default()).to_string()
    }

    #[test]
    fn of_what_was_printed_the_last_lines_are_quoted_as_one() {
        assert_eq!(quoted(" \n\n"), "");
        assert_eq!(
            quoted("one\ntwo\n\n three\x1b[0m\nfour\n"),
            ", after it had printed: two / three [0m / four"
        );
        assert!(quoted(&"x".repeat(5000)).len() < 400);
    }

    #[test]
    fn of_a_panic_its_place_and_its_message_are_quoted_and_no_backtrace() {
        let printed = "hello\nthread 'main' panicked at src/lib.rs:1:2:\nno good\n   0: a\n 1: b\n";
        assert_eq!(
            quoted(printed),
            ", after it had printed: thread 'main' panicked at src/lib.rs:1:2: / no good"
        );
    }

    #[test]
    fn a_limit_that_the_system_enforces_is_named() {
        assert_eq!(
            died_of(libc::SIGXCPU, ""),
            "used more than 5s of processor time: get a fixed build of it, or allow the probe more \
             time"
        );
        assert_eq!(
            died_of(
                libc::SIGABRT,
                "memory allocation of 268435456 bytes failed\n"
            ),
            "needed more than 2048 MiB of memory: get a fixed build of it, or allow the probe more \
             memory"
        );
    }

    #[test]
    fn a_signal_without_a_name_has_its_number() {
        assert_eq!(signal_name(libc::SIGSEGV), "SIGSEGV");
        assert_eq!(signal_name(40), "signal 40");
    }
}
