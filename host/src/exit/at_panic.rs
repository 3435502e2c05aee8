//! A panic of the host's own code.

use std::cell::Cell;
use std::panic::{PanicHookInfo, set_hook, take_hook};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use solti_plugin_abi::payload_text;

use super::at_once::exit_unflushed;
use crate::services::is_contained;

/// How long a thread that panics waits while another ends the program for the same.
const MEANWHILE: Duration = Duration::from_secs(10);

/// Has a panic of this program's own code end it, wherever it happens: with the code that `told` returns.
///
/// For a program that could not go on without the thread that panics: tokio, for one, panics where the
/// system has no thread left for it, and what waits for its runtime would wait for ever. `told` gets what
/// is known of the panic, on the thread that panics and before anything is unwound. It must wait for
/// nothing; where it panics itself, the program ends with 1.
///
/// The panic hook that is set hears of no such panic any more. Panics of plugins are not this program's,
/// and what the host application lends to plugins, such as a log or metrics, may panic as before: that
/// goes to the log. A program that catches panics of its own code, as of runners that are linked in, has
/// no use for this.
pub fn exit_at_panic(told: impl Fn(&str) -> u8 + Send + Sync + 'static) {
    static ENDS: AtomicBool = AtomicBool::new(false);
    let before = take_hook();
    set_hook(Box::new(move |info| {
        if is_contained() {
            return before(info);
        }
        if ENDS.swap(true, Ordering::Relaxed) {
            // On this very thread there is nobody else to end it.
            if TELLS.get() {
                exit_unflushed(1);
            }
            thread::sleep(MEANWHILE);
        }
        TELLS.set(true);
        exit_unflushed(told(&text(info)));
    }));
}

thread_local! {
    /// Whether this thread tells of a panic.
    static TELLS: Cell<bool> = const { Cell::new(false) };
}

fn text(info: &PanicHookInfo<'_>) -> String {
    let thread = thread::current();
    let name = thread.name().unwrap_or("without a name");
    let message = payload_text(info.payload());
    match info.location() {
        Some(place) => format!("{message} (at {place}, on the thread {name})"),
        None => format!("{message} (on the thread {name})"),
    }
}
