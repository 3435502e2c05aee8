//! What a process is made of.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::os::fd::OwnedFd;
use std::path::Path;

/// What a process is made of.
pub(super) struct Exec<'a> {
    /// The file of the program.
    pub(super) file: &'a Path,
    /// What the program is told that it is called.
    pub(super) name: &'a OsStr,
    /// The arguments behind the name.
    pub(super) args: &'a [OsString],
    /// What is over the environment of this process.
    pub(super) env: &'a BTreeMap<OsString, OsString>,
    pub(super) directory: Option<&'a Path>,
    /// Its standard input, output and error.
    pub(super) streams: [OwnedFd; 3],
}
