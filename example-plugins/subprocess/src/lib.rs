//! Runs the tasks of kind `subprocess`: commands and scripts as processes of the operating system.
//!
//! ```text
//!   TaskSpec ──► runner ──► Job ─────────────► Attempt ──────────► Process
//!                           the same for each   metrics, outcome    its group, its output
//!                           attempt
//! ```
//!
//! | module | owns |
//! |---|---|
//! | `config` | what an operator can set |
//! | `runner` | from a spec to a task |
//! | `command` | the command line, its environment and its script file |
//! | `attempt` | one run: start, wait, outcome |
//! | `turns` | whose turn it is to start, where many are to be started at once |
//! | `answers` | what a supervisor may ask of it while it runs |
//! | `process` | a running process: its output, its end, its end by force |
//!
//! The README of this package describes it for operators.

#![forbid(unsafe_code)]

mod answers;
mod attempt;
mod command;
mod config;
mod process;
mod runner;
mod turns;

use runner::SubprocessRunner;

solti_plugin_abi::export_plugin!(config: config::Config, SubprocessRunner {
    name: "subprocess",
    kinds: [subprocess],
    supports: by_kind,
    new: SubprocessRunner::new
});
