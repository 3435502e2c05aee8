//! Runs the tasks of kind `container` through the operator's engine: podman, docker or nerdctl.
//!
//! ```text
//!   TaskSpec ──► runner ──► Job ──────────► Attempt ──────────► Container
//!                           the same for     image, outcome,      `engine run`, its output,
//!                           each attempt     metrics              its end, its removal
//! ```
//!
//! | module | owns |
//! |---|---|
//! | `config` | what an operator can set |
//! | `runner` | from a spec to a task |
//! | `shared` | what all tasks share: the configuration, the engine, whose the containers are |
//! | `command` | the arguments of `engine run`, and how the environment gets past the engine |
//! | `attempt` | one run: engine, image, container, outcome |
//! | `image` | whether an image is there, and getting it |
//! | `container` | a container from its start to its removal, which nothing prevents |
//! | `engine` | finding the engine, and calls to it that end |
//! | `owner` | which host process a container belongs to, and whether that still lives |
//! | `leftovers` | removing the containers of hosts that are gone |
//! | `fault` | what can go wrong around a container, and what that means for the task |
//!
//! The README of this package describes it for operators.

#![forbid(unsafe_code)]

mod attempt;
mod command;
mod config;
mod container;
mod engine;
mod fault;
mod image;
mod leftovers;
mod owner;
mod runner;
mod shared;

use runner::ContainerRunner;

solti_plugin_abi::export_plugin!(config: config::Config, ContainerRunner {
    name: "container",
    kinds: [container],
    supports: by_kind,
    new: ContainerRunner::new
});
