//! The contract of a task runner, its stable ABI, and the SDK to ship a runner as a plugin.
//!
//! Three things, in the order in which they build on each other:
//!
//! - **The contract**: [`Runner`] and what it is given, [`BuildContext`], [`OutputRegistry`],
//!   [`MetricsBackend`]. A runner written against it can be linked into a host or loaded by one.
//! - **The ABI**: [`v1`], every type that crosses between a host and a plugin, and [`stamp`], what
//!   can be read from a plugin file before anything of it runs. Only hosts deal with these.
//! - **The SDK**: [`export_plugin!`], which turns a runner into a plugin; with the feature `process`
//!   also a module of that name, for runners that start programs.
//!
//! # To write a plugin
//!
//! The book for authors, `docs/book` in the repository, has pages on all of this, in the same order:
//!
//! 1. `solti-host new NAME` makes a crate that builds and is tested. In it: [`export_plugin!`], [`Runner`]
//!    and the [`prelude`].
//! 2. [`attempts`] makes a task of a closure; [`Attempt`] is what the closure is given: its number, its
//!    deadline, its end by [`Attempt::end`].
//! 3. To be stopped: [`Attempt::unless_cancelled`], [`Attempt::cancelled`], destructors,
//!    [`spawn_cleanup`]. What blocks a thread goes to `tokio::task::spawn_blocking`.
//! 4. To be configured: [`PluginConfig`](macro@PluginConfig), and [`in_probe`] for what a constructor
//!    leaves out.
//! 5. To be read: [`Attempt::stdout`], [`Attempt::lines`] and [`Pressure`]; [`instruments`] and `tracing`.
//! 6. To be tested: `testing`, a module of the feature of that name.
//! 7. For kinds of one's own: [`Workload::read_spec`] and [`attempts_of`]. For programs: `process`, likewise.
//!
//! Whoever prints text that others wrote, on either side, passes it through [`text`].

pub mod instruments;
pub mod metrics;

pub mod config;

mod attempt;
mod backoff;
mod building;
mod call;
mod const_text;
mod context;
mod details;
mod error;
mod host;
mod intern;
mod kinds;
mod output;
mod run_id;
mod runner;
mod scoped;
mod signal_stack;
mod spawn;
mod spec;
mod typed;
mod workload;

pub mod environment;
#[cfg(feature = "process")]
pub mod guardian;
pub mod os_error;
#[cfg(feature = "process")]
pub mod process;
pub mod stamp;
#[cfg(feature = "testing")]
pub mod testing;
pub mod text;
pub mod v1;

#[cfg(doctest)]
mod book;
mod sdk;

pub use attempt::{Attempt, AttemptRecord, attempts, attempts_of};
#[doc(hidden)]
pub use backoff::backoff;
#[doc(hidden)]
pub use building::build_apart;
#[doc(hidden)]
pub use call::limited;
pub use call::{CallError, CallFuture, MAX_CALL_BYTES};
pub use context::BuildContext;
pub use details::ErrorDetails;
pub use error::RunnerError;
pub use host::{Host, host, stop_grace};
pub use kinds::Kinds;
pub use metrics::{
    MetricsBackend, MetricsHandle, NoOpMetrics, RunnerErrorKind, RunnerType, TaskOutcome,
    noop_metrics,
};
pub use output::{
    Block, DEFAULT_MAX_LINE_BYTES, LineWriter, OutputBackend, OutputRegistry, OutputSink, Pressure,
    Ready, SinkBackend, Tap, TapBlock, TapEvent, TapOptions, WhenFull,
};
#[doc(hidden)]
pub use run_id::next_seq;
pub use run_id::{RunId, make_run_id};
pub use runner::{Building, Health, Runner};
#[doc(hidden)]
pub use sdk::{PROBE_VARIABLE, granted_threads, payload_text};
#[doc(hidden)]
pub use spawn::{Answers, AttemptScope};
pub use spawn::{AttemptControl, AttemptOutcome, Spawn, SpawnedAttempt};
pub use spec::{WrongSpec, read_spec_at};
pub use workload::Workload;

pub use sdk::{in_probe, runtime_handle, spawn_cleanup};

pub mod prelude {
    //! What a runner's source needs, in one `use`.

    pub use solti_model::{Labels, RunnerEnv, StreamKind, TaskId, TaskKind, TaskSpec};
    pub use taskvisor::{BoxTaskFuture, Task, TaskError, TaskFn, TaskRef};
    pub use tokio_util::sync::CancellationToken;

    pub use crate::{
        Attempt, AttemptOutcome, AttemptRecord, BuildContext, LineWriter, MetricsBackend,
        MetricsHandle, OutputRegistry, OutputSink, PluginConfig, RunId, Runner, RunnerError,
        RunnerErrorKind, RunnerType, TaskOutcome, Workload, WrongSpec, attempts, attempts_of,
        make_run_id,
    };
}

// The crates whose types are part of the contract, so that an author needs no version of his own.
pub use {bytes, serde_json, solti_model, taskvisor, tokio_util};

/// Makes a type one that a plugin's configuration can be read into, and that describes itself.
///
/// It implements `serde::Deserialize`, which refuses unknown fields, [`ConfigValue`](config::ConfigValue) and,
/// where every field may be left out, `Default`; a type that has it needs no other derive of those. It is
/// for structs with named fields, and for enums whose variants are words: `TwoWords` is `two_words`. A
/// field's type is a flag, a number, text, a path, an `Option`, a list, a map by name, or a type that
/// derives this macro too. A field without a default is required unless it is an `Option`. Doc comments
/// are what the operator is told.
///
/// | attribute of a field | |
/// |---|---|
/// | `#[config(default = 5)]` | its default: a number, text, a flag, a list of those, or a constant expression that is a whole number |
/// | `#[config(default)]` | the default of its type: zero, `false`, nothing |
/// | `#[config(name = "limit")]` | what the operator calls it; for variants as well |
/// | `#[config(like = String)]` | what a value looks like in a file, where the type itself does not say: it only needs `Deserialize` |
/// | `#[serde(with = "…")]`, `deserialize_with`, `alias` | as serde has it |
///
/// # Examples
///
/// ```
/// use solti_plugin_abi::PluginConfig;
///
/// /// What an operator may set.
/// #[derive(Debug, PluginConfig)]
/// struct Config {
///     /// The address of the server.
///     server: String,
///     /// How often it is tried.
///     #[config(default = 3)]
///     tries: u32,
///     /// What is done when it does not answer.
///     #[config(default = "fail")]
///     otherwise: Otherwise,
/// }
///
/// #[derive(Debug, PluginConfig, PartialEq)]
/// enum Otherwise {
///     /// The task fails.
///     Fail,
///     /// It is tried for ever.
///     TryOn,
/// }
///
/// let config: Config = serde_json::from_str(r#"{ "server": "db", "otherwise": "try_on" }"#)?;
/// assert_eq!((config.server.as_str(), config.tries), ("db", 3));
/// assert_eq!(config.otherwise, Otherwise::TryOn);
/// # Ok::<_, serde_json::Error>(())
/// ```
pub use solti_plugin_derive::PluginConfig;

// What the macros write names this crate, in its own tests as well.
extern crate self as solti_plugin_abi;

/// Not part of the interface: what `export_plugin!` expands to.
#[doc(hidden)]
pub mod __private {
    pub use abi_stable::library::LibHeader;
    pub use serde;

    pub use crate::sdk::{Export, Runners, construct_default, construct_with, header, note_of};
    pub use crate::stamp::{Note, PluginDecl, RunnerDecl, rendered_len};
}
