//! The example plugins, loaded from their libraries: what a user of each relies on.

#[path = "../support/mod.rs"]
mod support;

mod container;
mod http;
mod sqlite;
mod ssh;
mod subprocess;
mod wasm;

use taskvisor::TaskError;

/// The reason and the exit code of an attempt that may be tried again.
fn failed(end: Result<(), TaskError>) -> (String, Option<i32>) {
    match end {
        Err(TaskError::Fail { reason, exit_code }) => (reason, exit_code),
        other => panic!("instead of a failure: {other:?}"),
    }
}

/// The reason of an attempt that must not be tried again.
fn fatal(end: Result<(), TaskError>) -> String {
    match end {
        Err(TaskError::Fatal {
            reason,
            exit_code: None,
        }) => reason,
        other => panic!("instead of a fatal error: {other:?}"),
    }
}
