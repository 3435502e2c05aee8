//! The door: methods by name, bytes in, bytes or an error out.
//!
//! Version 1 grows through it: what a later host or plugin can do beyond the functions of this
//! version is a method here, told among the features at connect. Whoever does not know a method
//! answers [`UNKNOWN_METHOD`](super::error::UNKNOWN_METHOD), which is an answer and no fault.
//!
//! | on | method | request | answer |
//! |---|---|---|---|
//! | host | [`HOST_INFO`] | empty | JSON: `name`, `version`, `features` |
//! | host | [`GUARDIAN`] | empty | JSON: `path`, `offset`, `slots`, at once |
//! | plugin | [`DESCRIBE`] | empty | JSON: `text`, `config` (a JSON schema), `runners` |
//! | plugin | [`HEALTH`] | empty | JSON: `status` (`ok`, `degraded`, `failed`), `reason` |
//! | attempt | [`SIGNAL`] | JSON: `signal` (a number) | empty |
//! | attempt | [`STATS`] | empty | JSON, whatever the runner counts |

use abi_stable::std_types::{RResult, RVec};
use async_ffi::FfiFuture;

use super::error::FfiError;

/// The answer to a call. Dropping it ends the call. A request and an answer have at most
/// [`MAX_CALL_BYTES`](crate::MAX_CALL_BYTES).
pub type FfiAnswer = FfiFuture<RResult<RVec<u8>, FfiError>>;

/// Who the host is.
pub const HOST_INFO: &str = "host_info";
/// A part of the table of what ends with the host.
pub const GUARDIAN: &str = "guardian";
/// What a plugin is for and how it is configured.
pub const DESCRIBE: &str = "describe";
/// Whether a plugin can do its work now.
pub const HEALTH: &str = "health";
/// Sends a signal to what an attempt runs.
pub const SIGNAL: &str = "signal";
/// What an attempt has used so far.
pub const STATS: &str = "stats";
