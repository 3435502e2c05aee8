//! What the end of a probe says of the plugin.

use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::ExitStatus;

use solti_plugin_abi::stamp::Stamp;

use super::child::NO_HOST;
use super::error::ProbeError;
use super::run::Ended;
use super::settings::Limits;
use super::wire::{Answer, HOST};

/// How many of the last lines are quoted, and how long they may be in all.
const QUOTED_LINES: usize = 3;
const QUOTED_CHARS: usize = 300;

/// Judges a probe by its end and its answers.
pub(super) fn verdict(
    ended: &Ended,
    nonce: &str,
    stamp: &Stamp,
    program: &Path,
    limits: &Limits,
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
        _ => return Err(no_probe(program)),
    }
    let answer = answers.next();
    match (ended.status, answer) {
        (_, Some(Answer::Refused { reason })) => Err(ProbeError::Refused { reason }),
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

/// The process ended before the plugin was connected.
fn died(status: ExitStatus, printed: &str, limits: &Limits) -> ProbeError {
    // What the standard library prints when an allocation fails.
    if printed.contains("memory allocation of ") {
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
        None if status.code() == Some(NO_HOST) => ProbeError::ChannelClosed,
        None => ProbeError::Exited {
            code: status.code().unwrap_or_default(),
            printed: quoted(printed),
        },
    }
}

/// The last lines that were printed, in one; empty when there are none.
fn quoted(printed: &str) -> String {
    let lines: Vec<_> = printed
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .collect();
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

    #[test]
    fn of_what_was_printed_the_last_lines_are_quoted_as_one() {
        assert_eq!(quoted(" \n\n"), "");
        assert_eq!(
            quoted("one\ntwo\n\n three\x1b[0m\nfour\n"),
            ", after it had printed: two / three [0m / four"
        );
        assert!(quoted(&"x".repeat(5000)).len() < 400);
    }
}
