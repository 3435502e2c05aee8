//! Plugins as runners of the published solti 0.0.8.
//!
//! ```no_run
//! use solti_plugin_bridge::load_dir;
//! use solti_plugin_bridge::published::runner::RunnerRouter;
//!
//! let mut router = RunnerRouter::new();
//! let bridged = load_dir("plugins", &mut router)?;
//! println!("{}", bridged.report);
//! # Ok::<(), solti_plugin_bridge::BridgeError>(())
//! ```
//!
//! Each runner of each plugin becomes a runner of the published router, with its labels and the workloads
//! that it declares. A task that is built by one is attempted, cancelled and timed as any other of that
//! line: by `solti-core`, or by whatever supervises it.
//!
//! | of the published line | what a plugin gets |
//! |---|---|
//! | `Subprocess`, `Wasm`, `Container` of `solti.io/v1` | the task spec of its contract |
//! | any other workload | a [`Workload`](solti_plugin_host::Workload) of the kind `group/version/Kind` |
//! | run id, environment, labels, annotations | the same, with the context of the build |
//! | `BuildCancellation` | the token of the build; it is dropped as well |
//! | a chain, and a calendar, with [`Bridge::with_composites`] | a task for each step, in one attempt |
//! | each call of `spawn` | an attempt with the next number, the deadline of the spec and a sink |
//! | the end of its context, and dropping the attempt | a token that is cancelled, an attempt that is dropped |
//!
//! Lines go to the sinks that the published context hands out, which cannot press back. An application
//! that wants every byte gives the bridge an [`OutputRoute`] of its own.

mod attempt;
mod composite;
mod convert;
mod error;
mod gvk;
mod lines;
mod load;
mod metrics;
mod output;
mod routed;
mod runner;
mod sink;
mod task;

#[cfg(feature = "v0-0-2")]
pub mod v0_0_2;

pub use composite::{CRON_API_VERSION, CRON_KIND, Composite, CronSpec, composite_types, is_cron};
pub use convert::{
    Unbridgeable, Work, manifest_of_spec, manifest_of_workload, metadata_of, work_of,
};
pub use error::BridgeError;
pub use gvk::workload_types;
pub use load::{Bridge, Bridged, BridgedRunner, NotBridged, load_dir};
pub use output::{Invocation, OutputRoute, PublishedSinks, TaskOutput};
pub use routed::{from_core, run_from_core, to_core};

/// The crates of the published line whose types this one deals with, so that an application needs no
/// versions of its own.
pub mod published {
    pub use solti_model_published as model;
    pub use solti_runner_published as runner;
    pub use taskvisor_published as taskvisor;
}
