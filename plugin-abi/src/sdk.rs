//! The plugin's side of the boundary: everything an author would otherwise have to get right.
//!
//! | module | owns |
//! |---|---|
//! | `export_plugin` | the macro |
//! | `export` | the way in: connect, have the runners constructed, hand them over |
//! | `construct` | a runner from its configuration, or from nothing |
//! | `config` | the operator's configuration as a type of the author's |
//! | `guard`, `panicked` | turning a panic into a value, at every entry; what is told of it |
//! | `probe` | telling an author's code that the plugin is only tried out |
//! | `runtime` | the plugin's own tokio runtime, started by the first task |
//! | `runner`, `task`, `attempt` | runners, tasks and attempts as objects that cross |
//! | `request` | what the host asks to be built, and the runner that builds it |
//! | `build` | a build that the host waits for without a thread |
//! | `control`, `door` | the plugin as a whole; calls of methods by name |
//! | `scope` | which attempt a thread works for |
//! | `host` | the host of this library |
//! | `remote` | the host's output and metrics as contract types |
//! | `trace` | `tracing` and `log` events on their way to the host |

mod attempt;
mod build;
mod config;
mod construct;
mod control;
mod door;
mod export;
mod export_plugin;
mod guard;
mod host;
mod panicked;
mod probe;
mod rehearsal;
mod remote;
mod request;
mod runner;
mod runtime;
mod scope;
mod task;
mod trace;
mod workers;

#[cfg(test)]
pub(crate) use config::parse as parse_config;
pub use construct::{construct_default, construct_with};
pub use export::{Export, Runners, header, note_of};
pub use panicked::payload_text;
pub use probe::{PROBE_VARIABLE, in_probe};
pub use runtime::{handle as runtime_handle, spawn_cleanup};
#[cfg(feature = "testing")]
pub(crate) use trace::Fields;
pub use workers::granted as granted_threads;
