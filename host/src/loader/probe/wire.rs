//! What a host and its probe agree on: how the probe is started, what they tell each other, and how
//! it ends.
//!
//! Standard input is the plugin's file, standard output a socket to the host, standard error what
//! the plugin prints. The host sends one request and shuts its side down; the probe answers with
//! lines of JSON behind the request's nonce, so nothing that another part of its process writes into
//! the socket can be taken for an answer.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use solti_plugin_abi::stamp::Stamp;

use crate::loader::connect::ConnectError;
use crate::loader::open::OpenError;

/// Tells the plugin that it is in a probe.
pub(super) use solti_plugin_abi::PROBE_VARIABLE;

/// The first argument of a program that is started as a probe.
pub(super) const ARGUMENT: &str = "--solti-plugin-probe";

/// What a probe has of the host's environment: that which finds programs, files and libraries. The
/// rest may be secret or, as `LD_PRELOAD`, meant for the host alone.
pub(super) const ENVIRONMENT: [&str; 8] = [
    "HOME",
    "LANG",
    "LC_ALL",
    "LD_LIBRARY_PATH",
    "PATH",
    "TMPDIR",
    "TZ",
    "USER",
];

/// The exit code of a probe that has answered.
pub(super) const ANSWERED: u8 = 0;

/// The exit code when the host could not be understood or not be told; one that programs do not use.
pub(super) const NO_HOST: u8 = 113;

/// The version of this crate: a probe of another one may do other things.
pub(super) const HOST: &str = env!("CARGO_PKG_VERSION");

/// What a probe is asked to do.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Request {
    pub(super) nonce: String,
    /// Where the library is opened.
    #[serde(with = "as_bytes")]
    pub(super) path: PathBuf,
    pub(super) stamp: Stamp,
    pub(super) config: Map<String, Value>,
    pub(super) worker_threads: u32,
    /// Processor time, in seconds.
    pub(super) cpu_secs: u64,
    /// Address space, in bytes.
    pub(super) memory: u64,
}

/// Paths need not be text, and JSON is.
mod as_bytes {
    use std::ffi::OsString;
    use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
    use std::path::{Path, PathBuf};

    use serde::{Deserialize as _, Deserializer, Serialize as _, Serializer};

    pub(super) fn serialize<S: Serializer>(path: &Path, to: S) -> Result<S::Ok, S::Error> {
        path.as_os_str().as_bytes().serialize(to)
    }

    pub(super) fn deserialize<'a, D: Deserializer<'a>>(from: D) -> Result<PathBuf, D::Error> {
        Vec::deserialize(from).map(|bytes| OsString::from_vec(bytes).into())
    }
}

/// What a probe answers.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Answer {
    /// First of all, before anything of the plugin runs.
    Ready { host: String },
    /// The probe cannot begin: the number of the system's error.
    Unable { errno: i32 },
    /// The plugin did what a host needs of it.
    Passed,
    /// It cannot be opened.
    NotOpened(OpenError),
    /// It can, but not connected.
    NotConnected(ConnectError),
    /// It is connected, and what a host does next came out wrong.
    NotRehearsed { reason: String },
    /// Descriptors of the process are not what they were.
    Descriptors { changed: Vec<i32> },
}

impl Answer {
    /// One line for the socket.
    pub(super) fn to_line(&self, nonce: &str) -> String {
        let json = serde_json::to_string(self).expect("an answer is JSON");
        format!("{nonce} {json}\n")
    }

    /// The answers in what came through the socket; `None` when anything else is in it.
    pub(super) fn read_all(bytes: &[u8], nonce: &str) -> Option<Vec<Self>> {
        let text = str::from_utf8(bytes).ok()?;
        if !text.is_empty() && !text.ends_with('\n') {
            return None;
        }
        text.lines()
            .map(|line| {
                let json = line.strip_prefix(nonce)?.strip_prefix(' ')?;
                serde_json::from_str(json).ok()
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_without_the_nonce_or_with_anything_beside_it_is_none() {
        let ready = Answer::Ready {
            host: "1".to_owned(),
        };
        let line = ready.to_line("abc");
        let read = |text: &str| Answer::read_all(text.as_bytes(), "abc").map(|all| all.len());
        assert_eq!(read(""), Some(0));
        assert_eq!(read(&line.repeat(2)), Some(2));
        assert_eq!(read(&ready.to_line("abd")), None);
        assert_eq!(read(&format!("noise{line}")), None);
        assert_eq!(read(&format!("noise\n{line}")), None);
        assert_eq!(read(&format!("{line}noise")), None);
        assert_eq!(read(line.trim_end()), None);
        assert_eq!(
            Answer::read_all(b"\xff\n", "abc").map(|all| all.len()),
            None
        );
    }
}
