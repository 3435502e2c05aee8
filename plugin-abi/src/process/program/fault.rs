//! Why a program could not be started: the cause, which the system's error often does not name.

use std::fs::File;
use std::io::{self, ErrorKind, Read as _};
use std::path::Path;

use thiserror::Error;

use super::lookup::seen_from_here;
use crate::os_error::{explain, may_pass};
use crate::text::escape_bytes;

/// How much of a program is looked at: as much of its first line as Linux reads.
const HEAD: u64 = 256;

/// Why a program could not be started.
#[derive(Debug, Error)]
#[error("{reason}")]
pub struct StartError {
    reason: String,
    cause: Cause,
    source: io::Error,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cause {
    /// The machine lacks something at the moment.
    Machine,
    /// There is no such program.
    NotFound,
    /// It is there, and cannot be executed.
    NotExecutable,
    /// It cannot start where it is to.
    Directory,
    /// It is about something else.
    Other,
}

impl StartError {
    /// What the error of starting the program at `found` means.
    pub(super) fn of(source: io::Error, found: &Path, directory: Option<&Path>) -> Self {
        let (cause, reason) = judge(&source, found, directory);
        Self {
            reason,
            cause,
            source,
        }
    }

    /// Whether it is the state of the machine, which may pass: no process, memory or descriptor was
    /// left, or the program was being written.
    #[must_use]
    pub fn may_pass(&self) -> bool {
        self.cause == Cause::Machine
    }

    /// Whether there is no such program.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        self.cause == Cause::NotFound
    }

    /// Whether the program is there, and cannot be executed.
    #[must_use]
    pub fn is_not_executable(&self) -> bool {
        self.cause == Cause::NotExecutable
    }

    /// Whether the working directory is what is wrong, not the program.
    #[must_use]
    pub fn is_about_directory(&self) -> bool {
        self.cause == Cause::Directory
    }

    /// The system's error.
    #[must_use]
    pub fn io(&self) -> &io::Error {
        &self.source
    }
}

/// An error of making ready what a program needs, such as its input.
impl From<io::Error> for StartError {
    fn from(source: io::Error) -> Self {
        let is_passing = may_pass(&source);
        Self {
            reason: explain(&source, "use it"),
            cause: if is_passing {
                Cause::Machine
            } else {
                Cause::Other
            },
            source,
        }
    }
}

fn judge(err: &io::Error, found: &Path, directory: Option<&Path>) -> (Cause, String) {
    if may_pass(err) {
        return (Cause::Machine, explain(err, "execute it"));
    }
    if let Some(directory) = directory {
        match directory.metadata() {
            Err(err) => {
                let reason = explain(&err, "enter it");
                let reason = format!("cannot enter the working directory {directory:?}: {reason}");
                return (Cause::Directory, reason);
            }
            Ok(found) if !found.is_dir() => {
                let reason = format!("the working directory {directory:?} is not a directory");
                return (Cause::Directory, reason);
            }
            Ok(_) => {}
        }
    }
    let seen = seen_from_here(found, directory);
    let told = match err.kind() {
        ErrorKind::NotFound => what_it_needs(&seen),
        ErrorKind::PermissionDenied if seen.is_dir() => Some("it is a directory".to_owned()),
        _ if err.raw_os_error() == Some(libc::ENOEXEC) => Some(what_it_is(&seen)),
        _ => None,
    };
    match told {
        Some(told) => (Cause::NotExecutable, format!("{told} ({err})")),
        None if err.kind() == ErrorKind::NotFound => (Cause::NotFound, err.to_string()),
        None if directory.is_some() => {
            let wanted = "enter the directory and execute the program";
            (Cause::NotExecutable, explain(err, wanted))
        }
        None => (Cause::NotExecutable, explain(err, "execute it")),
    }
}

/// What a program that is there needs and has not; `None` where it is not there.
fn what_it_needs(program: &Path) -> Option<String> {
    let head = head(program)?;
    let Some(interpreter) = interpreter(&head) else {
        return Some("it is there, and the loader that it needs is not".to_owned());
    };
    let named = escape_bytes(interpreter);
    Some(if interpreter.ends_with(b"\r") {
        "its first line ends with a carriage return, which counts as part of its interpreter's \
         name: save it with the line ends of Unix"
            .to_owned()
    } else {
        format!("its first line names the interpreter \"{named}\", which is not there")
    })
}

/// What a file is that the system does not know how to execute.
fn what_it_is(program: &Path) -> String {
    let head = head(program).unwrap_or_default();
    if head.is_empty() {
        "it is empty".to_owned()
    } else if head.starts_with(b"\x7fELF") || head.starts_with(b"\xcf\xfa\xed\xfe") {
        "it was built for another machine".to_owned()
    } else if head.starts_with(b"\xef\xbb\xbf#!") {
        "it begins with a byte order mark, which nobody sees and no script may have: save it as UTF-8 \
         without one"
            .to_owned()
    } else {
        "it is no program, and a script has to name its interpreter in its first line, as in \
         \"#!/bin/sh\""
            .to_owned()
    }
}

/// The path of the interpreter that a script names.
fn interpreter(head: &[u8]) -> Option<&[u8]> {
    let line = head.strip_prefix(b"#!")?;
    let line = line.split(|byte| *byte == b'\n').next()?;
    let line = line.trim_ascii_start();
    let end = line.iter().position(|byte| matches!(byte, b' ' | b'\t'));
    Some(&line[..end.unwrap_or(line.len())])
}

fn head(program: &Path) -> Option<Vec<u8>> {
    // What may not be read is there all the same; a pipe would never end.
    if !program.is_file() {
        return None;
    }
    let mut head = Vec::new();
    if let Ok(file) = File::open(program) {
        let _ = file.take(HEAD).read_to_end(&mut head);
    }
    Some(head)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interpreter_is_what_stands_behind_the_first_two_bytes_up_to_a_blank() {
        let found = |head: &'static str| interpreter(head.as_bytes()).map(<[u8]>::to_vec);
        for (head, expected) in [
            ("#!/bin/sh\nx", Some("/bin/sh")),
            ("#! /bin/sh -e\n", Some("/bin/sh")),
            ("#!/bin/sh\r\n", Some("/bin/sh\r")),
            ("#!", Some("")),
            ("\x7fELF", None),
            ("", None),
        ] {
            assert_eq!(
                found(head),
                expected.map(|it| it.as_bytes().to_vec()),
                "{head:?}"
            );
        }
    }

    #[test]
    fn what_the_machine_lacks_may_pass_and_nothing_else_may() {
        let judged =
            |code| StartError::of(io::Error::from_raw_os_error(code), Path::new("/x"), None);
        for code in [
            libc::EMFILE,
            libc::ENFILE,
            libc::EAGAIN,
            libc::ENOMEM,
            libc::ETXTBSY,
        ] {
            assert!(judged(code).may_pass(), "{code}");
        }
        for code in [libc::ENOENT, libc::EACCES, libc::ENOEXEC, libc::E2BIG] {
            assert!(!judged(code).may_pass(), "{code}");
        }
        assert!(judged(libc::ENOENT).is_not_found());
        assert!(judged(libc::EACCES).is_not_executable());
    }
}
