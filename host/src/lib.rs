//! Loads task runners from shared libraries in a directory and routes tasks to them.
//!
//! ```no_run
//! use solti_plugin_host::{RunnerRouter, load_dir};
//!
//! let mut router = RunnerRouter::new();
//! let report = load_dir("plugins", &mut router)?;
//! println!("{report}");
//! # Ok::<(), solti_plugin_host::LoadDirError>(())
//! ```
//!
//! A runner from a plugin is used like one that is linked in: the router picks it, it builds a
//! task, a supervisor runs the task. Output, metrics, logs and run ids stay in the host.
//!
//! The supervisor is the host's own code. For each task it subscribes to the output, announces
//! each attempt to the subscribers, spawns it, ends it when its time is over, and evicts the output
//! when there will be no further attempt: see [`OutputRegistry`]. `examples/embed.rs` of this
//! package is such a host, whole, for one attempt.
//!
//! The contract that runners are written against is re-exported here, so that code for
//! `solti-runner` compiles after its `use` lines name this crate.

mod router;

mod foreign;
mod loader;
mod services;

pub mod atomic;
mod exit;

pub use exit::exit_now;

pub use foreign::{Plugin, ShutdownOutcome};
pub use loader::refusal;
pub use loader::{
    CheckReport, ConnectError, Digest, DirectoryRole, DiscoverError, FileFacts, GlibcVersion,
    InspectError, Inspection, LoadDirError, LoadError, LoadReport, LoadedPlugin, LoadedRunner,
    OpenError, Passed, PassedRunner, Place, PluginLoader, PolicyError, ProbeError, ProbeOutcome,
    Problem, Progress, PublicKeyError, RegisterError, Rejected, RememberedProbe, Requirements,
    Signature, SkipReason, Skipped, Stage, StageError, StageTimes, Survey, forget_probes, inspect,
    load_dir, one_line, probe_main, shown_path,
};
pub use router::RunnerRouter;
pub use services::log::{PluginLog, PluginRecord, TracingLog};
pub use solti_plugin_abi::{
    BuildContext, DEFAULT_MAX_LINE_BYTES, Kinds, LineWriter, MetricsBackend, MetricsHandle,
    NoOpMetrics, OutputRegistry, OutputSink, RunId, Runner, RunnerError, RunnerErrorKind,
    RunnerType, TaskOutcome, make_run_id, metrics, noop_metrics, stamp,
};
// The crates whose types a host deals with, so that it needs no version of its own.
pub use {solti_model, taskvisor, tokio_util};
