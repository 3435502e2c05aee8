//! The plugin's side of the boundary: everything an author would otherwise have to get right.
//!
//! | module | owns |
//! |---|---|
//! | `export_plugin` | the macro |
//! | `export` | the way in: connect, have the runners constructed, hand them over |
//! | `construct` | a runner from its configuration, or from nothing |
//! | `config` | the operator's configuration as a type of the author's |
//! | `guard` | turning a panic into a value, at every entry |
//! | `probe` | telling an author's code that the plugin is only tried out |
//! | `runtime` | the plugin's own tokio runtime, started by the first task |
//! | `runner`, `task`, `attempt` | runners, tasks and attempts as objects that cross |
//! | `remote` | the host's output and metrics as contract types |
//! | `trace` | `tracing` and `log` events on their way to the host |

mod attempt;
mod config;
mod construct;
mod export;
mod export_plugin;
mod guard;
mod probe;
mod remote;
mod runner;
mod runtime;
mod task;
mod trace;

pub use construct::{construct_default, construct_with};
pub use export::{Export, Runners, header, note_of};
pub use probe::{PROBE_VARIABLE, in_probe};
pub use runtime::{handle as runtime_handle, spawn_cleanup};
