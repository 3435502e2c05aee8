//! The end of a process in which plugins are open.

#![expect(
    unsafe_code,
    reason = "std has no way to end a process without its exit handlers, nor signal handlers"
)]

mod at_once;
mod at_panic;
mod by_plugin;
mod fatal;
mod signals;

pub use at_once::{exit_now, exit_unflushed, exit_within};
pub use at_panic::exit_at_panic;
pub use by_plugin::on_exit_by_plugin;
pub use fatal::tell_of_fatal_signals;
pub use signals::exit_at_second_signal;
