//! Tests of a runner: run a task, and look at everything that became of it.
//!
//! [`run`] does with a [`Case`] what a host does with a task: builds it, begins its attempts, tries
//! again as the spec says, cancels, times out, presses back. [`Ran`] has all of it. The subject is a
//! runner, or a built plugin in a real host: `solti_plugin_host::testing::Loaded` of the host's
//! feature `testing`. Both are a [`Subject`], so one test body serves both.
//!
//! ```toml
//! [dev-dependencies]
//! solti-plugin-abi = { version = "0.1", features = ["testing"] }
//! ```
//!
//! ```
//! use solti_plugin_abi::prelude::*;
//! use solti_plugin_abi::testing::{self, command};
//!
//! struct Hello;
//!
//! impl Runner for Hello {
//!     fn name(&self) -> &'static str {
//!         "hello"
//!     }
//!     fn supports(&self, _: &TaskSpec) -> bool {
//!         true
//!     }
//!     fn build_task(&self, spec: &TaskSpec, ctx: &BuildContext) -> Result<TaskRef, RunnerError> {
//!         Ok(attempts(self, spec, ctx, |attempt| async move {
//!             attempt.stdout("hello");
//!             attempt.cancelled().await;
//!             Err(TaskError::Canceled)
//!         }))
//!     }
//! }
//!
//! let ran = testing::run(&Hello, command("hello", []).cancel_after_line("hello")).blocking();
//! assert_eq!(ran.stdout(), "hello\n");
//! assert_eq!(ran.result, Err(testing::Failure::Canceled));
//! ```
//!
//! A spec that cannot be one, such as one with an empty slot, is a mistake of the test: it panics.

mod attempt;
mod case;
mod drive;
mod event;
mod failure;
mod flow;
mod heard;
mod listen;
mod log;
mod metrics;
mod pause;
mod ran;
mod recorder;
mod run;
mod show;
mod subject;
mod work;

pub use case::Case;
pub use case::make::{command, container, script, wasm, workload};
pub use event::{Event, Line};
pub use failure::Failure;
pub use flow::Reader;
pub use heard::{Heard, Sample};
pub use log::Log;
pub use metrics::Metrics;
pub use ran::{AttemptEnd, Ran};
pub use run::{Run, run};
pub use subject::{Listening, Subject};
pub use work::Work;

#[cfg(test)]
mod tests;
