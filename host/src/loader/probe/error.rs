//! Why a plugin did not pass its probe.

use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use thiserror::Error;

use crate::loader::error::{ConnectError, OpenError};

/// Why a plugin did not pass its probe: it was loaded by another process, and that went wrong.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ProbeError {
    /// The process was ended by a signal.
    #[error("loading it ended a probe process with {signal}{printed}: get a fixed build of it")]
    Killed {
        /// The signal's name.
        signal: String,
        /// The last of what the process printed, as the end of a sentence.
        printed: String,
    },
    /// The process ended by itself, without an answer.
    #[error(
        "ended the process with exit code {code} before it was connected{printed}: \
         get a fixed build of it"
    )]
    Exited {
        /// The exit code.
        code: i32,
        /// The last of what the process printed, as the end of a sentence.
        printed: String,
    },
    /// The process did not end.
    #[error(
        "did not finish within {limit:?}: get a fixed build of it, or allow the probe more time"
    )]
    TimedOut {
        /// The limit.
        limit: Duration,
    },
    /// The process used too much processor time.
    #[error(
        "used more than {limit:?} of processor time: get a fixed build of it, \
         or allow the probe more time"
    )]
    Cpu {
        /// The limit.
        limit: Duration,
    },
    /// The process needed too much memory.
    #[error(
        "needed more than {} MiB of memory: get a fixed build of it, \
         or allow the probe more memory", limit >> 20
    )]
    Memory {
        /// The limit, in bytes.
        limit: u64,
    },
    /// The plugin changed descriptors of the process.
    #[error(
        "closed or replaced descriptors that are not its own ({}): get a fixed build of it",
        list(changed)
    )]
    Descriptors {
        /// Their numbers.
        changed: Vec<i32>,
    },
    /// The plugin closed the channel to the host.
    #[error(
        "closed descriptors that are not its own, the probe's own among them: get a fixed build of it"
    )]
    ChannelClosed,
    /// The plugin wrote into the channel to the host.
    #[error("wrote into descriptors that are not its own: get a fixed build of it")]
    WroteElsewhere,
    /// The plugin could not be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The plugin could not be connected, or is not what its stamp says.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// It failed before.
    #[error(
        "{reason} (found at {}; `solti-host forget` has it tried again)",
        humantime::format_rfc3339_seconds(*at)
    )]
    Remembered {
        /// Why.
        reason: String,
        /// When.
        at: SystemTime,
    },
    /// The probe program is none.
    #[error(
        "the probe program {} did not answer: its main has to begin with \
         solti_plugin_host::probe_main()", program.display()
    )]
    NoProbe {
        /// The program.
        program: PathBuf,
    },
    /// The probe program did not answer in time.
    #[error(
        "the probe program {} did not answer within {limit:?}: allow the probe more time, or name a \
         program whose main begins with solti_plugin_host::probe_main()", program.display()
    )]
    NotReady {
        /// The program.
        program: PathBuf,
        /// The limit.
        limit: Duration,
    },
    /// The probe program is of another version.
    #[error(
        "the probe program {} is of solti-plugin-host {found}, this host of {}: \
         build both of the same", program.display(), super::wire::HOST
    )]
    OtherHost {
        /// The program.
        program: PathBuf,
        /// Its version.
        found: String,
    },
    /// The probe could not be run.
    #[error(
        "the probe program {} could not be run: {source}: {}", program.display(), not_run(source)
    )]
    NotRun {
        /// The program.
        program: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
}

impl ProbeError {
    /// What to do about it, in the imperative.
    pub(in crate::loader) fn advice(&self) -> &'static str {
        match self {
            Self::Killed { .. }
            | Self::Exited { .. }
            | Self::Descriptors { .. }
            | Self::ChannelClosed
            | Self::WroteElsewhere => "get a fixed build of it",
            Self::TimedOut { .. } | Self::Cpu { .. } => {
                "get a fixed build of it, or allow the probe more time"
            }
            Self::Memory { .. } => "get a fixed build of it, or allow the probe more memory",
            Self::Open(err) => err.advice(),
            Self::Connect(err) => err.advice(),
            Self::Remembered { .. } => "get a fixed build of it, or have it tried again",
            Self::NoProbe { .. } => "name a program whose main begins with probe_main()",
            Self::OtherHost { .. } => "build both of the same version",
            Self::NotReady { .. } => "allow the probe more time, or name a program that is a probe",
            Self::NotRun { source, .. } => not_run(source),
        }
    }

    /// A short name of the reason that never changes.
    pub(in crate::loader) fn code(&self) -> &'static str {
        match self {
            Self::Killed { .. } => "killed",
            Self::Exited { .. } => "exited",
            Self::TimedOut { .. } => "timed_out",
            Self::Cpu { .. } => "too_much_cpu",
            Self::Memory { .. } => "too_much_memory",
            Self::Descriptors { .. } | Self::ChannelClosed => "closed_descriptors",
            Self::WroteElsewhere => "wrote_elsewhere",
            Self::Open(err) => err.code(),
            Self::Connect(err) => err.code(),
            Self::Remembered { .. } => "remembered",
            Self::NoProbe { .. } => "no_probe",
            Self::OtherHost { .. } => "probe_of_other_host",
            Self::NotReady { .. } => "probe_not_ready",
            Self::NotRun { .. } => "probe_not_run",
        }
    }

    /// Whether it is the file's fault, so that the same bytes fail again.
    pub(super) fn is_of_the_file(&self) -> bool {
        match self {
            Self::Killed { .. }
            | Self::Exited { .. }
            | Self::TimedOut { .. }
            | Self::Cpu { .. }
            | Self::Memory { .. }
            | Self::Descriptors { .. }
            | Self::ChannelClosed
            | Self::WroteElsewhere
            | Self::Connect(ConnectError::NotAsStamped { .. }) => true,
            // A library may be missing that is installed later, or a service that is not up yet;
            // finding out is cheap.
            Self::Open(_)
            | Self::Connect(_)
            | Self::Remembered { .. }
            | Self::NoProbe { .. }
            | Self::OtherHost { .. }
            | Self::NotReady { .. }
            | Self::NotRun { .. } => false,
        }
    }

    /// Whether a busy machine may have been the cause.
    pub(super) fn is_of_time(&self) -> bool {
        matches!(self, Self::TimedOut { .. } | Self::Cpu { .. })
    }
}

/// What to do when the system could not run a probe.
fn not_run(source: &std::io::Error) -> &'static str {
    match source.raw_os_error() {
        Some(libc::EMFILE | libc::ENFILE | libc::EAGAIN | libc::ENOMEM) => {
            "raise the host's limits (files, processes, memory), or probe when it has less to do"
        }
        Some(_) => "name a program that can be run",
        None => "try again, and see what the system says of it",
    }
}

fn list(numbers: &[i32]) -> String {
    let numbers: Vec<_> = numbers.iter().map(ToString::to_string).collect();
    numbers.join(", ")
}
