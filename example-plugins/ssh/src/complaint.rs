//! What `ssh` says of its own failures, understood.
//!
//! It says them in English, whatever the language of the system. What is not understood here is quoted as
//! it is.

use std::process::ExitStatus;

use solti_plugin_abi::text::{one_line, shorten};

use crate::fault::Fault;
use crate::target::Target;

/// How much is quoted, in bytes.
const MOST_BYTES: usize = 512;

/// How many lines are quoted.
const LAST_LINES: usize = 3;

/// What a message has in it that is about `ssh`'s own configuration.
const CONFIGURATION: [&str; 6] = [
    "Bad configuration option",
    "Can't open user config file",
    "Bad owner or permissions on",
    "terminating, ",
    "extra arguments at end of line",
    "unsupported option",
];

/// What it says when the server, or what is in between, has hung up.
const HUNG_UP: [&str; 6] = [
    "Connection closed by",
    "Connection reset by",
    "Connection closed by remote host",
    "Broken pipe",
    "ssh_dispatch_run_fatal",
    "kex_exchange_identification",
];

/// What it says at the end of a connection that has come about.
const BROKEN: [&str; 6] = [
    "closed by remote host",
    "Connection reset by",
    "Broken pipe",
    "not responding",
    "ssh_dispatch_run_fatal",
    "Timeout, server",
];

/// Why the command never began; `status` is how `ssh` ended.
pub(crate) fn of_beginning(said: &str, status: ExitStatus, target: &Target) -> Fault {
    let (host, own) = (target.to_string(), status.code() == Some(255));
    let with = |part: &str| line_with(said, part);
    if own && let Some(line) = CONFIGURATION.iter().find_map(|it| with(it)) {
        return Fault::Configuration { said: shown(line) };
    }
    if let Some(fault) = of_key(said, &host).filter(|_| own) {
        return fault;
    }
    if let Some((_, named)) =
        with("Could not resolve hostname ").and_then(|it| it.split_once("hostname "))
    {
        let (host, reason) = named
            .split_once(": ")
            .unwrap_or((named, "the system gave no reason"));
        return Fault::Unresolved {
            host: shown(host),
            reason: shown(reason),
        };
    }
    if let Some((_, named)) =
        with("connect to host ").and_then(|it| it.split_once("connect to host "))
    {
        let (host, reason) = named
            .split_once(": ")
            .unwrap_or((named, "the system gave no reason"));
        let (host, reason) = (shown(host), shown(reason));
        return match reason.as_str() {
            "Connection refused" => Fault::Refused { host, reason },
            _ => Fault::Unreachable { host, reason },
        };
    }
    if with("timed out").is_some() && own {
        let reason = "it took the connection, and said nothing in time".to_owned();
        return Fault::Unreachable { host, reason };
    }
    if own && let Some(found) = denied(said) {
        return Fault::Denied { host, found };
    }
    if own && let Some(line) = with("no matching ").or_else(|| with("Unable to negotiate")) {
        return Fault::NoAgreement {
            host,
            said: shown(line),
        };
    }
    if own && let Some(line) = HUNG_UP.iter().find_map(|it| with(it)) {
        return Fault::HungUp {
            host,
            reason: shown(line),
        };
    }
    let last = last(said);
    if own && !last.is_empty() {
        return Fault::NoSession { host, said: last };
    }
    let said = match last.as_str() {
        "" => format!("it gave no reason ({status})"),
        last => format!("{last} ({status})"),
    };
    Fault::NotBegun { host, said }
}

/// Why a command that had begun has no exit code. What it has written itself is never quoted: only what
/// `ssh` says of connections.
pub(crate) fn of_end(said: &str, target: &Target) -> Fault {
    let last = said.lines().rev().take(LAST_LINES);
    let mut own = last.filter(|line| BROKEN.iter().any(|it| line.contains(it)));
    Fault::Broken {
        host: target.to_string(),
        reason: own.next().map_or_else(
            || "ssh gave no reason; its shell there may have been killed".to_owned(),
            shown,
        ),
    }
}

/// What is wrong with the key of the host, if that is it.
fn of_key(said: &str, host: &str) -> Option<Fault> {
    let host = host.to_owned();
    let with = |part: &str| line_with(said, part);
    if with("REMOTE HOST IDENTIFICATION HAS CHANGED").is_some() {
        let shows = said.lines().find(|line| line.starts_with("SHA256:"));
        let shows = shows.map(|it| format!(": it shows {}", shown(it.trim_end_matches('.'))));
        let known = with("Offending ").and_then(|line| line.rsplit_once(" in "));
        let known = known.map(|(_, place)| format!(", the known one is in {}", shown(place)));
        let found = shows.unwrap_or_default() + &known.unwrap_or_default();
        return Some(Fault::KeyChanged { host, found });
    }
    if let Some(line) = with("host key is known for") {
        let kind = line.split(' ').nth(1).filter(|_| line.starts_with("No "));
        let found = kind.map_or_else(String::new, |kind| {
            format!(" (it shows one of {})", shown(kind))
        });
        return Some(Fault::KeyUnknown { host, found });
    }
    with("Host key verification failed").map(|_| Fault::KeyRefused {
        host,
        said: last(said),
    })
}

/// Why a user was refused, if that is it.
fn denied(said: &str) -> Option<String> {
    let mut found = match line_with(said, "Permission denied (") {
        Some(line) => {
            let (_, methods) = line.rsplit_once('(')?;
            let methods = methods.trim_end_matches(['.', ')']);
            format!("it takes {}, and no key that was offered", shown(methods))
        }
        None => shown(line_with(said, "Too many authentication failures")?),
    };
    let key = ["Load key ", "Identity file ", "no such identity"];
    if let Some(line) = key.iter().find_map(|it| line_with(said, it)) {
        found = format!("{found} ({})", shown(line));
    }
    Some(found)
}

/// The last line that has this in it.
fn line_with<'a>(said: &'a str, part: &str) -> Option<&'a str> {
    said.lines().rev().find(|line| line.contains(part))
}

fn last(said: &str) -> String {
    let lines = said.lines().map(str::trim).filter(|line| !line.is_empty());
    let mut lines: Vec<_> = lines.collect();
    lines.drain(..lines.len().saturating_sub(LAST_LINES));
    shown(&lines.join("\n"))
}

fn shown(text: &str) -> String {
    shorten(&one_line(text.trim()), MOST_BYTES).into_owned()
}

#[cfg(test)]
mod tests;
