//! Version 1 of the ABI: every type that crosses between a host and a plugin.
//!
//! A host refuses a plugin whose version-1 types differ from its own, so once this version is released
//! these never change: not a field, not a method, not an order. It is complete and not yet declared
//! frozen. `tests/abi/v1.txt` is a snapshot of the layouts; its digest is compared when a plugin is
//! opened. Codes only grow: `tests/abi/codes.txt` is a snapshot of theirs, and one that is not known is
//! a value on either side. What does not fit goes through a door, see [`call`], or into a module of its
//! own beside this one, chosen by the `abi` number of the stamp.
//!
//! | module | crosses | direction |
//! |---|---|---|
//! | [`module`] | the root module: the way in | plugin to host |
//! | [`host`] | log, run-id sequence, instruments and methods, for the life of the plugin | host to plugin |
//! | [`plugin`] | the plugin as a whole: its runners, its shutdown | plugin to host |
//! | [`runner`] | one runner | plugin to host |
//! | [`task`] | a task, an attempt, its cancellation | plugin to host |
//! | [`rehearsal`] | the texts of the task that a probe asks for | plugin to host |
//! | [`output`], [`metrics`] | the build context's handles | host to plugin |
//! | [`log`] | one log record | plugin to host |
//! | [`call`] | methods by name, the door through which version 1 grows | both ways |
//! | [`error`] | errors, as codes with text | plugin to host |
//!
//! Codes that cross are integers, never enums: a number of a newer version is a value to handle,
//! not undefined behaviour. abi_stable's names stay inside this module, the SDK and the host's
//! `foreign`, `services` and `loader` modules.

#![allow(
    unsafe_code,
    non_local_definitions,
    clippy::undocumented_unsafe_blocks,
    clippy::multiple_unsafe_ops_per_block,
    reason = "the expansions of #[sabi_trait] and derive(StableAbi); no unsafe is written here"
)]
#![allow(
    missing_debug_implementations,
    reason = "an object of #[sabi_trait] has nothing to print, and these are pairs of a name and one"
)]

pub mod call;
pub mod error;
pub mod host;
pub mod log;
pub mod metrics;
pub mod module;
pub mod output;
pub mod plugin;
pub mod rehearsal;
pub mod runner;
pub mod task;
