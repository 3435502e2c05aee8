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
//! [`supervise`] is a supervisor to run tasks with, or to do without: a host that has one of its own
//! builds tasks by the router and begins attempts with [`Spawn`]. `examples/embed.rs` of this package
//! is a host, whole.
//!
//! The contract that runners are written against is re-exported here, so that code for
//! `solti-runner` compiles after its `use` lines name this crate.

#[cfg(all(doctest, feature = "testing"))]
#[doc = include_str!("../../docs/book/testing.md")]
struct TestingPage;

mod router;

mod foreign;
mod guardian;
mod loader;
mod own_program;
mod services;
mod signals;

pub mod atomic;
pub mod counts;
mod exit;
mod images;
mod init;
mod links;
pub mod live;
mod maps;
pub mod specs;
pub mod supervise;
#[cfg(feature = "testing")]
pub mod testing;

pub use exit::{
    exit_at_panic, exit_at_second_signal, exit_now, exit_unflushed, exit_within, on_exit_by_plugin,
    tell_of_fatal_signals,
};
pub use foreign::{AttemptCounts, LastError, Plugin, ShutdownOutcome};
pub use images::{OpenImages, open_images};
pub use init::reap_orphans;
pub use live::LivePlugins;
pub use loader::error::{LoadDirError, LoadError};
pub use loader::probe::probe_main;
pub use loader::report::{CheckReport, LoadReport};
pub use loader::stage::Stage;
pub use loader::{PluginLoader, load_dir};
pub use router::RunnerRouter;
pub use services::instruments::Measured;
pub use services::log::{PluginLog, PluginRecord};
pub use signals::prepare_signals;
pub use solti_plugin_abi::{
    AttemptControl, AttemptOutcome, CallError, CallFuture, ErrorDetails, Health, Spawn,
    SpawnedAttempt, Workload, instruments,
};

/// Output that is read without loss, or that goes elsewhere than into the channels of a registry.
pub mod output {
    pub use solti_plugin_abi::{
        Block, OutputBackend, Pressure, Ready, SinkBackend, Tap, TapBlock, TapEvent, TapOptions,
        WhenFull,
    };
}

pub use solti_plugin_abi::{
    BuildContext, DEFAULT_MAX_LINE_BYTES, Kinds, LineWriter, MetricsBackend, MetricsHandle,
    NoOpMetrics, OutputRegistry, OutputSink, RunId, Runner, RunnerError, RunnerErrorKind,
    RunnerType, TaskOutcome, environment, make_run_id, metrics, noop_metrics, stamp, text,
};

/// What became of each file of a directory.
pub mod report {
    pub use crate::loader::measure::{Measurements, StageTimes};
    pub use crate::loader::report::{
        Accepted, CheckReport, LOG_TARGET, LoadReport, LoadedPlugin, OfferedRunner, PassedPlugin,
        Rejected, Report, Shadowed, UnusedOption, Warning,
    };
    pub use crate::loader::skip::{SkipReason, Skipped};
    pub use crate::services::instruments::label_value;
}

/// Why a file or a directory is refused: one error for each stage, and what they have in common.
pub mod refusal {
    pub use crate::loader::admit::{AdmitError, Place};
    pub use crate::loader::connect::{ConfigPlace, ConnectError};
    pub use crate::loader::discover::{DirectoryError, DirectoryRole, DiscoverError};
    pub use crate::loader::inspect::InspectError;
    pub use crate::loader::open::OpenError;
    pub use crate::loader::probe::ProbeError;
    pub use crate::loader::refusal::{
        Advice, LoaderOption, OptionNames, Refusal, method, sentence, sentences,
    };
    pub use crate::loader::register::RegisterError;
    pub use crate::loader::staging::StagingError;
    pub use crate::loader::vouch::VouchError;
}

/// What can be known of a file without running it.
pub mod inspect {
    pub use crate::loader::Examination;
    pub use crate::loader::digest::Digest;
    pub use crate::loader::inspect::{
        GlibcVersion, Inspection, Problem, Requirements, inspect, static_tls_room,
    };
    pub use crate::loader::vouch::{SUMS, Signature, listed};
}

/// Processes that load a plugin before this one does.
pub mod probe {
    pub use crate::loader::probe::{ProbeOutcome, RememberedProbe, forget_probes};
    pub use crate::own_program::path as own_program;
    pub use solti_plugin_abi::PROBE_VARIABLE;
}

/// What a plugin's configuration may be, as its file says.
pub mod config {
    pub use solti_plugin_abi::config::{ConfigField, ConfigSchema};
}

/// What the options of the loader take and say, and their defaults.
pub mod options {
    pub use crate::loader::builder::{ConfigError, PublicKeyError, PublicKeyFileError};
    pub use crate::loader::options::{
        DEFAULT_MAX_FILE_BYTES, DEFAULT_MAX_IMAGE_BYTES, DEFAULT_MAX_IMAGES, DEFAULT_PROBE_MEMORY,
        DEFAULT_PROBE_TIME, Progress,
    };
}

/// What plugins log.
pub mod log {
    pub use crate::services::log::{PluginLog, PluginRecord, PluginSpan, TracingLog};
}

// The crates whose types a host deals with, so that it needs no version of its own.
pub use {solti_model, taskvisor, tokio_util};
