//! What can go wrong around a container, and what that means for the task.

use std::path::PathBuf;
use std::time::Duration;

use solti_plugin_abi::prelude::*;
use thiserror::Error;

/// Why there was no container, or how it ended if not well.
///
/// The engine's message is the last lines of its standard error.
#[derive(Debug, Clone, Error)]
pub(crate) enum Fault {
    /// No engine is configured, and none of those we know is installed.
    #[error(
        "no container engine found: looked for {looked_for} in PATH; install one of them, or name \
         one in config.engine"
    )]
    NoEngine {
        /// Their names.
        looked_for: String,
    },

    /// The engine's program cannot be executed.
    #[error("the container engine {program:?} cannot be started: {reason}")]
    Unstartable {
        /// Its path.
        program: PathBuf,
        /// The system's reason.
        reason: String,
    },

    /// The machine has no room for another process.
    #[error("the container engine {program:?} cannot be started now: {reason}")]
    NoRoom {
        /// Its path.
        program: PathBuf,
        /// The system's reason.
        reason: String,
    },

    /// The system takes no command that long: what makes one so long is what the task adds to it.
    #[error(
        "the task's arguments and environment are too long for the container engine's command: \
         {reason}; shorten them, or put them into the image"
    )]
    TooLong {
        /// The system's reason.
        reason: String,
    },

    /// The engine takes too long.
    #[error("the container engine hangs: {call:?} gave no answer within {within:?}")]
    Hung {
        /// What it was asked.
        call: String,
        /// How long it had.
        within: Duration,
    },

    /// The engine answers with an error.
    #[error("the container engine failed: {call:?}: {message}")]
    Refused {
        /// What it was asked.
        call: String,
        /// The last lines of its standard error.
        message: String,
    },

    /// The image is not there and must not be pulled.
    #[error("image {image:?} is not on this machine, and config.pull is \"never\": {message}")]
    ImageMissing {
        /// The image of the spec.
        image: String,
        /// The engine's message: perhaps that this is no name of an image.
        message: String,
    },

    /// The image cannot be pulled.
    #[error("image {image:?} could not be pulled: {message}")]
    PullFailed {
        /// The image of the spec.
        image: String,
        /// The engine's message.
        message: String,
    },

    /// The engine made no container, or did not start it.
    #[error("the engine could not start the container: {message}")]
    NotStarted {
        /// The engine's message.
        message: String,
    },

    /// The command is in the image and cannot be executed.
    #[error("the container's command cannot be executed: {message}")]
    NotExecutable {
        /// The engine's message.
        message: String,
    },

    /// The command is not in the image.
    #[error("the container's command was not found: {message}")]
    CommandNotFound {
        /// The engine's message.
        message: String,
    },

    /// Somebody killed the engine's process while the container ran.
    #[error("the engine's process was terminated by {status}")]
    EngineKilled {
        /// As the system shows it.
        status: String,
    },

    /// The system lost sight of the engine's process.
    #[error("how the engine's process ended is not known: {reason}")]
    EngineLost {
        /// The system's reason.
        reason: String,
    },

    /// The container's own end.
    #[error("container exited with non-zero code: {0}")]
    Exit(i32),
}

impl Fault {
    /// How the metrics count it; nothing for a container that ended by itself.
    pub(crate) fn kind(&self) -> Option<RunnerErrorKind> {
        Some(match self {
            Self::NoEngine { .. }
            | Self::Unstartable { .. }
            | Self::Hung { .. }
            | Self::Refused { .. } => RunnerErrorKind::BackendConfigFailed,
            Self::ImageMissing { .. } | Self::PullFailed { .. } => {
                RunnerErrorKind::ModuleLoadFailed
            }
            Self::NoRoom { .. }
            | Self::TooLong { .. }
            | Self::NotStarted { .. }
            | Self::NotExecutable { .. }
            | Self::CommandNotFound { .. }
            | Self::EngineKilled { .. }
            | Self::EngineLost { .. } => RunnerErrorKind::SpawnFailed,
            Self::Exit(_) => return None,
        })
    }

    /// Whether the next attempt may well succeed, without anyone changing the task, the
    /// configuration or what is installed.
    fn may_pass(&self) -> bool {
        match self {
            // An engine may be restarting, a registry be out of reach, an image be on its way, and what the
            // machine lacks be free again.
            Self::NoRoom { .. }
            | Self::Hung { .. }
            | Self::Refused { .. }
            | Self::ImageMissing { .. }
            | Self::PullFailed { .. }
            | Self::EngineKilled { .. }
            | Self::EngineLost { .. }
            | Self::Exit(_) => true,
            Self::NoEngine { .. }
            | Self::Unstartable { .. }
            | Self::TooLong { .. }
            | Self::NotStarted { .. }
            | Self::NotExecutable { .. }
            | Self::CommandNotFound { .. } => false,
        }
    }
}

impl From<Fault> for TaskError {
    fn from(fault: Fault) -> Self {
        let reason = fault.to_string();
        let exit_code = match fault {
            Fault::Exit(code) => Some(code),
            _ => None,
        };
        if fault.may_pass() {
            Self::Fail { reason, exit_code }
        } else {
            Self::Fatal { reason, exit_code }
        }
    }
}
