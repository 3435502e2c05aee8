//! What can go wrong, and whether another attempt may help.

use solti_plugin_abi::prelude::*;
use thiserror::Error;

/// Why there is no exit code of the command.
///
/// No message has a word of the command or of its environment in it, nor what it has written.
#[derive(Debug, Error)]
pub(crate) enum Fault {
    /// There is no `ssh`, or no room for it.
    #[error("cannot start {program:?}: {reason}")]
    NotStarted {
        /// The program.
        program: String,
        /// The system's reason.
        reason: String,
        /// Whether another attempt may find it otherwise.
        may_pass: bool,
    },

    /// The system does not tell how `ssh` ended.
    #[error("how ssh ended cannot be told: {reason}")]
    Untold {
        /// The system's reason.
        reason: String,
    },

    /// Somebody on this machine has killed `ssh`.
    #[error("ssh was killed on this machine ({status})")]
    Killed {
        /// How it ended.
        status: String,
    },

    /// `ssh` does not take what its configuration says.
    #[error("ssh does not take its configuration: {said}")]
    Configuration {
        /// What it said.
        said: String,
    },

    /// The name is of no machine.
    #[error("the name {host} cannot be resolved: {reason}")]
    Unresolved {
        /// The name.
        host: String,
        /// The system's reason.
        reason: String,
    },

    /// Nothing listens there.
    #[error("no ssh server listens at {host}: {reason}; is it running, and is that its port?")]
    Refused {
        /// Host and port.
        host: String,
        /// The system's reason.
        reason: String,
    },

    /// No connection came about.
    #[error("{host} cannot be reached: {reason}")]
    Unreachable {
        /// Host and port.
        host: String,
        /// The system's reason.
        reason: String,
    },

    /// The server has hung up.
    #[error(
        "{host} ended the connection before the command began: {reason}; it may have too many of them \
         (MaxStartups)"
    )]
    HungUp {
        /// Whom the task asks.
        host: String,
        /// What ssh said.
        reason: String,
    },

    /// There is nothing to compare the host's key with.
    #[error(
        "the host key of {host} is not known{found}; compare it with what ssh-keygen -lf shows of the \
         key on that machine, and add it to the known_hosts file"
    )]
    KeyUnknown {
        /// Whom the task asks.
        host: String,
        /// What was found.
        found: String,
    },

    /// The host's key is another than it was.
    #[error(
        "the host key of {host} is not the one that is known{found}; somebody may be in between. Where \
         the machine was set up anew, put its new key in the place of the old one"
    )]
    KeyChanged {
        /// Whom the task asks.
        host: String,
        /// What was found, and where the known one stands.
        found: String,
    },

    /// The host's key was refused for another reason.
    #[error("the host key of {host} was refused: {said}")]
    KeyRefused {
        /// Whom the task asks.
        host: String,
        /// What ssh said.
        said: String,
    },

    /// The host does not let this user in.
    #[error(
        "{host} refused the user: {found}; put the public key into authorized_keys there, or name the \
         private key as config.identity_file of the plugin"
    )]
    Denied {
        /// Whom the task asks.
        host: String,
        /// What was found.
        found: String,
    },

    /// Client and server have nothing in common.
    #[error("ssh and {host} agree on no algorithm: {said}")]
    NoAgreement {
        /// Whom the task asks.
        host: String,
        /// What ssh said.
        said: String,
    },

    /// `ssh` failed in a way that is not known here.
    #[error("no session with {host}: {said}")]
    NoSession {
        /// Whom the task asks.
        host: String,
        /// What ssh said.
        said: String,
    },

    /// There was a session, and no shell in it.
    #[error(
        "{host} took the connection and did not begin the command: {said}; the user there needs a POSIX \
         sh, and no command that is forced on the key"
    )]
    NotBegun {
        /// Whom the task asks.
        host: String,
        /// What came instead, and how ssh ended.
        said: String,
    },

    /// The connection ended while the command ran.
    #[error("the connection to {host} broke while the command ran, which ends with it: {reason}")]
    Broken {
        /// Whom the task asks.
        host: String,
        /// What ssh said.
        reason: String,
    },
}

impl Fault {
    /// One word for it, for programs and counters.
    pub(crate) const fn cause(&self) -> &'static str {
        match self {
            Self::NotStarted { .. } => "not_started",
            Self::Untold { .. } | Self::Killed { .. } => "killed",
            Self::Configuration { .. } => "configuration",
            Self::Unresolved { .. } => "unresolved",
            Self::Refused { .. } => "refused",
            Self::Unreachable { .. } => "unreachable",
            Self::HungUp { .. } => "hung_up",
            Self::KeyUnknown { .. } => "host_key_unknown",
            Self::KeyChanged { .. } => "host_key_changed",
            Self::KeyRefused { .. } => "host_key_refused",
            Self::Denied { .. } => "permission_denied",
            Self::NoAgreement { .. } => "no_agreement",
            Self::NoSession { .. } => "no_session",
            Self::NotBegun { .. } => "not_begun",
            Self::Broken { .. } => "broken",
        }
    }

    /// What of the runner's own has failed, where that is it.
    pub(crate) const fn kind(&self) -> Option<RunnerErrorKind> {
        match self {
            Self::NotStarted { .. } => Some(RunnerErrorKind::SpawnFailed),
            Self::Configuration { .. } => Some(RunnerErrorKind::BackendConfigFailed),
            _ => None,
        }
    }

    /// Whether the next attempt may well succeed, without anyone changing the task, the configuration or
    /// the other machine.
    const fn may_pass(&self) -> bool {
        match self {
            Self::NotStarted { may_pass, .. } => *may_pass,
            Self::Untold { .. }
            | Self::Killed { .. }
            | Self::Unresolved { .. }
            | Self::Refused { .. }
            | Self::Unreachable { .. }
            | Self::HungUp { .. }
            | Self::NoSession { .. }
            | Self::Broken { .. } => true,
            Self::Configuration { .. }
            | Self::KeyUnknown { .. }
            | Self::KeyChanged { .. }
            | Self::KeyRefused { .. }
            | Self::Denied { .. }
            | Self::NoAgreement { .. }
            | Self::NotBegun { .. } => false,
        }
    }
}

impl From<Fault> for TaskError {
    fn from(fault: Fault) -> Self {
        let reason = fault.to_string();
        let exit_code = None;
        if fault.may_pass() {
            Self::Fail { reason, exit_code }
        } else {
            Self::Fatal { reason, exit_code }
        }
    }
}
