//! Why a plugin did not pass its probe.

use std::io;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::time::{Duration, SystemTime};

use rustix::process::{Resource, getrlimit};
use thiserror::Error;

use super::wire::HOST;
use crate::loader::connect::{ConfigSource, ConnectError};
use crate::loader::open::OpenError;
use crate::loader::refusal::{Advice, Cause, LoaderOption, Refusal};
use crate::own_program::ITSELF;

/// Why a plugin did not pass its probe: it was loaded by another process, and that went wrong.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ProbeError {
    /// The process was killed by a signal.
    #[error("the probe process was killed by {}{printed}", named(*signal))]
    Killed {
        /// The signal's number.
        signal: i32,
        /// The last of what the process printed, as the end of a sentence.
        printed: String,
    },
    /// The process exited by itself, without an answer.
    #[error("the probe process exited with code {code} without an answer{printed}")]
    Exited {
        /// The exit code.
        code: i32,
        /// The last of what the process printed, as the end of a sentence.
        printed: String,
    },
    /// The process did not end in time.
    #[error("loading it took more than {limit:?}")]
    TimedOut {
        /// The limit.
        limit: Duration,
    },
    /// The process used too much processor time.
    #[error("loading it took more than {limit:?} of processor time")]
    Cpu {
        /// The limit.
        limit: Duration,
    },
    /// The process needed too much memory.
    #[error("loading it took more than {} MiB of memory", limit >> 20)]
    Memory {
        /// The limit, in bytes.
        limit: u64,
    },
    /// It was refused memory, of which a probe may use less than the host.
    #[error("{reason}, in a probe, which may use {} MiB of address space", limit >> 20)]
    Limited {
        /// What it said.
        reason: String,
        /// The limit, in bytes.
        limit: u64,
    },
    /// It missed a variable of the environment, of which a probe has few.
    #[error("{reason}")]
    Unset {
        /// What it said.
        reason: String,
        /// The variable, where the host has it.
        variable: Option<String>,
    },
    /// A task that its SDK brings for the probe did something else than it should.
    #[error("a task that was tried in the probe went wrong: {reason}")]
    NotRehearsed {
        /// What it did.
        reason: String,
    },
    /// The plugin changed descriptors of the process.
    #[error(
        "it closed or replaced file descriptors that are not its own ({})",
        list(changed)
    )]
    Descriptors {
        /// Their numbers.
        changed: Vec<i32>,
    },
    /// The plugin closed the socket to the host.
    #[error("it closed file descriptors that are not its own, among them the probe's")]
    SocketClosed,
    /// The plugin wrote to the socket to the host.
    #[error("it wrote to file descriptors that are not its own")]
    WroteElsewhere,
    /// The plugin could not be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The plugin could not be connected, or is not what its stamp says.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// It failed before.
    #[error("{reason} (found at {})", humantime::format_rfc3339_seconds(*at))]
    Remembered {
        /// Why.
        reason: String,
        /// When.
        at: SystemTime,
    },
    /// The probe program is none.
    #[error("the probe program {} did not answer{printed}", program.display())]
    NoProbe {
        /// The program.
        program: PathBuf,
        /// The last of what it printed, as the end of a sentence.
        printed: String,
    },
    /// The probe program did not answer in time.
    #[error("the probe program {} did not answer within {limit:?}", program.display())]
    NotReady {
        /// The program.
        program: PathBuf,
        /// The limit.
        limit: Duration,
    },
    /// The probe program is of another version.
    #[error(
        "the probe program {} is built with solti-plugin-host {found}, this host with {HOST}",
        program.display()
    )]
    OtherHost {
        /// The program.
        program: PathBuf,
        /// Its version.
        found: String,
    },
    /// The probe program could not be run.
    #[error("the probe program {} cannot be run: {reason}", program.display())]
    NotRun {
        /// The program.
        program: PathBuf,
        /// The error of the system.
        reason: io::Error,
    },
    /// The probe program was killed by a signal before it answered.
    #[error("the probe program {} was killed by {}", program.display(), named(*signal))]
    ProbeKilled {
        /// The program.
        program: PathBuf,
        /// The signal's number.
        signal: i32,
    },
}

impl ProbeError {
    /// Adds where the configuration comes from that the plugin may be about.
    pub(in crate::loader) fn about(self, config: &ConfigSource) -> Self {
        match self {
            Self::Connect(err) => err.about(config).into(),
            other => other,
        }
    }
}

impl Refusal for ProbeError {
    fn code(&self) -> &'static str {
        match self {
            Self::Killed { .. } => "killed",
            Self::Exited { .. } => "exited",
            Self::TimedOut { .. } => "timed_out",
            Self::Cpu { .. } => "too_much_cpu",
            Self::Memory { .. } | Self::Limited { .. } => "too_much_memory",
            Self::Unset { .. } => "unset_variable",
            Self::NotRehearsed { .. } => "not_rehearsed",
            Self::Descriptors { .. } | Self::SocketClosed => "closed_descriptors",
            Self::WroteElsewhere => "wrote_elsewhere",
            Self::Open(err) => err.code(),
            Self::Connect(err) => err.code(),
            Self::Remembered { .. } => "remembered",
            Self::NoProbe { .. } => "no_probe",
            Self::OtherHost { .. } => "probe_of_other_host",
            Self::NotReady { .. } => "probe_not_ready",
            Self::NotRun { .. } | Self::ProbeKilled { .. } => "probe_not_run",
        }
    }

    fn advice(&self) -> Advice {
        let fixed_version = || Advice::new("install a fixed version of the plugin");
        if let Some(cause) = self.shortage() {
            return cause.advice("run it", fixed_version());
        }
        match self {
            Self::Killed { signal, .. } => of_signal(*signal, fixed_version()),
            Self::Exited { .. }
            | Self::NotRehearsed { .. }
            | Self::Descriptors { .. }
            | Self::SocketClosed
            | Self::WroteElsewhere => fixed_version(),
            Self::TimedOut { .. } | Self::Cpu { .. } => {
                Advice::new("install a fixed version of the plugin, or allow the probe more time")
                    .with(LoaderOption::ProbeTime)
            }
            Self::Memory { limit } if of_host(*limit) => {
                Advice::new("raise the host's limit on address space (ulimit -v), then try again")
            }
            Self::Memory { .. } => {
                Advice::new("install a fixed version of the plugin, or allow the probe more memory")
                    .with(LoaderOption::ProbeMemory)
            }
            Self::Limited { .. } => Advice::new("allow it more").with(LoaderOption::ProbeMemory),
            Self::Unset { variable, .. } => Advice::new(match variable {
                Some(name) => format!("pass {name} to the probe"),
                None => "set the variable that it needs, and pass it to the probe".to_owned(),
            })
            .with(LoaderOption::ProbeEnv),
            Self::Open(err) => err.advice(),
            Self::Connect(err) => err.advice(),
            Self::Remembered { .. } => {
                Advice::new("install a fixed version of the plugin, or have it probed again")
                    .with(LoaderOption::ForgetProbes)
            }
            Self::NoProbe { .. } => another_program(),
            Self::OtherHost { .. } => Advice::new("build both with the same version"),
            Self::NotReady { .. } => Advice::new(
                "name a program whose main begins with solti_plugin_host::probe_main(), or allow \
                 the probe more time",
            )
            .with(LoaderOption::ProbeTime),
            Self::NotRun { program, reason } => not_run(program, reason),
            Self::ProbeKilled { signal, .. } => of_signal(*signal, another_program()),
        }
    }
}

impl ProbeError {
    /// What the machine lacked when the plugin ended its process, as far as the plugin said so.
    pub(super) fn shortage(&self) -> Option<Cause> {
        match self {
            Self::Killed { printed, .. } | Self::Exited { printed, .. } => {
                Cause::shortage_in(printed)
            }
            Self::NotRehearsed { reason } => Cause::shortage_in(reason),
            _ => None,
        }
    }

    /// Whether the same bytes may well fail again, so that it is worth remembering.
    pub(super) fn is_of_the_file(&self) -> bool {
        match self {
            Self::Killed { signal, .. } if *signal == libc::SIGXFSZ => false,
            Self::Killed { .. } | Self::Exited { .. } => self.shortage().is_none(),
            Self::TimedOut { .. }
            | Self::Cpu { .. }
            | Self::Memory { .. }
            | Self::Descriptors { .. }
            | Self::SocketClosed
            | Self::WroteElsewhere
            | Self::Connect(ConnectError::NotAsStamped { .. }) => true,
            // A library may be missing that is installed later, a service that is not up yet, or a
            // thread; finding out is cheap.
            Self::NotRehearsed { .. }
            | Self::Limited { .. }
            | Self::Unset { .. }
            | Self::Open(_)
            | Self::Connect(_)
            | Self::Remembered { .. }
            | Self::NoProbe { .. }
            | Self::OtherHost { .. }
            | Self::NotReady { .. }
            | Self::NotRun { .. }
            | Self::ProbeKilled { .. } => false,
        }
    }

    /// Whether a busy machine may have been the cause, so that it passes.
    pub(super) fn is_transient(&self) -> bool {
        match self {
            Self::TimedOut { .. } | Self::Cpu { .. } | Self::Memory { .. } => true,
            Self::Killed { signal, .. } => *signal == libc::SIGKILL,
            _ => false,
        }
    }
}

/// Whether the limit is that of the host itself, which a probe inherits.
fn of_host(limit: u64) -> bool {
    getrlimit(Resource::As)
        .current
        .is_some_and(|own| own <= limit)
}

/// What to do about a process that was killed by a signal.
fn of_signal(signal: i32, otherwise: Advice) -> Advice {
    match signal {
        // A process rarely does this to itself: the system does, when memory runs out.
        libc::SIGKILL => {
            Advice::new("check the system's log for what killed it; memory may have run out")
        }
        libc::SIGXFSZ => {
            Advice::new("raise the host's limit on the size of files (ulimit -f), then try again")
        }
        libc::SIGSYS => {
            Advice::new("have the host's sandbox allow the system call that its log names")
        }
        _ => otherwise,
    }
}

fn not_run(program: &Path, reason: &io::Error) -> Advice {
    let otherwise = if program == Path::new(ITSELF) && reason.kind() == io::ErrorKind::NotFound {
        Advice::new(
            "mount /proc, or name a program whose main begins with \
             solti_plugin_host::probe_main()",
        )
        .with(LoaderOption::ProbeWith)
    } else {
        Advice::new("name a program that can be run").with(LoaderOption::ProbeWith)
    };
    Cause::of(reason).advice("run it", otherwise)
}

fn another_program() -> Advice {
    Advice::new("name a program whose main begins with solti_plugin_host::probe_main()")
        .with(LoaderOption::ProbeWith)
}

/// A signal as the standard library names it, such as `signal 11 (SIGSEGV)`: without what it says of
/// a core, which depends on the machine.
fn named(signal: i32) -> String {
    let status = ExitStatus::from_raw(signal).to_string();
    status.replacen("signal: ", "signal ", 1)
}

fn list(numbers: &[i32]) -> String {
    let numbers: Vec<_> = numbers.iter().map(ToString::to_string).collect();
    numbers.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::loader::refusal::{method, sentence};

    #[test]
    fn a_program_that_is_not_there_is_told_from_a_proc_that_is_not_mounted() {
        let not_run = |program: &str| {
            let err = ProbeError::NotRun {
                program: program.into(),
                reason: io::Error::from_raw_os_error(libc::ENOENT),
            };
            sentence(&err, method)
        };
        assert_eq!(
            not_run(ITSELF),
            "the probe program /proc/self/exe cannot be run: No such file or directory (os error \
             2); mount /proc, or name a program whose main begins with \
             solti_plugin_host::probe_main() (PluginLoader::probe_with)"
        );
        assert_eq!(
            not_run("/no/such/program"),
            "the probe program /no/such/program cannot be run: No such file or directory (os \
             error 2); name a program that can be run (PluginLoader::probe_with)"
        );
    }
}
