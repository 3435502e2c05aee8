//! A plugin that ends this program.

use std::io;
use std::time::Duration;

use parking_lot::Mutex;

use super::at_once::{exit_now, exit_unflushed, exit_within};
use crate::images;

/// What the program gets to end in order.
const LIMIT: Duration = Duration::from_secs(1);

/// Whom to tell.
type Told = Box<dyn FnOnce(&str) -> u8 + Send>;

static TOLD: Mutex<Option<Told>> = Mutex::new(None);

/// Has `told` called when the code of a plugin calls `exit`, and ends this program with the code that it
/// returns: not with the plugin's, which may be that of a success.
///
/// `told` gets the name of the plugin's file. It runs on the thread that has called `exit`, so it must not
/// wait for a task of that plugin; whatever it does, the program ends with 1 a second later. A program that
/// calls `exit` itself ends as it would without this. What ends a process at once, such as `_exit`,
/// `execve` or a signal, cannot be told. Only on Linux with glibc; elsewhere `told` is never called.
///
/// # Errors
///
/// When the system takes no further exit handler.
pub fn on_exit_by_plugin(told: impl FnOnce(&str) -> u8 + Send + 'static) -> io::Result<()> {
    let first = TOLD.lock().replace(Box::new(told)).is_none();
    // SAFETY: the function may be called at any time, on any thread, and unwinds never.
    if first && unsafe { libc::atexit(at_exit) } != 0 {
        return Err(io::Error::other("no further exit handler is taken"));
    }
    Ok(())
}

extern "C" fn at_exit() {
    let Some(file) = images::on_this_stack() else {
        return;
    };
    let Some(told) = TOLD.try_lock().and_then(|mut told| told.take()) else {
        return;
    };
    if exit_within(LIMIT, 1).is_err() {
        // Nothing would bound it.
        exit_unflushed(1);
    }
    exit_now(told(file))
}
