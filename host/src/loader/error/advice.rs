//! What to do about a refusal.

use crate::loader::refusal::{Cause, Refusal as _};

use super::{ConnectError, DiscoverError, LoadError, OpenError, StageError};

/// What was found, then what to do about it, as one sentence.
pub(in crate::loader) fn sentence(fact: &str, advice: &str) -> String {
    let stop = if fact.contains(": ") { ';' } else { ':' };
    format!("{fact}{stop} {advice}")
}

impl LoadError {
    /// What to do about it, in the imperative.
    #[must_use]
    pub fn advice(&self) -> String {
        match self {
            Self::Inspect(err) => err.advice().to_string(),
            Self::Policy(err) => err.advice(),
            Self::Discover(err) => of_discover(err).to_owned(),
            Self::Stage(err) => of_stage(err).to_owned(),
            Self::Probe(err) => err.advice().to_string(),
            Self::Open(err) => err.advice().to_owned(),
            Self::Connect(err) => err.advice().to_owned(),
            Self::Register(_) => {
                "remove one of the two, or give it another name in its sidecar".to_owned()
            }
        }
    }
}

impl OpenError {
    /// What to do about it, in the imperative.
    pub(in crate::loader) fn advice(&self) -> &'static str {
        match self {
            Self::Refused { reason } => {
                let advice = of_the_system(reason);
                advice.strip_prefix("; ").unwrap_or("build it again")
            }
            Self::NameTaken { .. } | Self::NotTheStagedFile => "restart the host",
            Self::SonameTaken { .. } => "build it without a SONAME",
            Self::NoRootModule | Self::Header { .. } | Self::Layouts { .. } => {
                "build it with export_plugin! of a released solti-plugin-abi"
            }
        }
    }
}

impl ConnectError {
    /// What to do about it, in the imperative.
    pub(in crate::loader) fn advice(&self) -> &'static str {
        match self {
            Self::Refused { .. } => "correct its configuration, or what it says is missing",
            Self::Panicked { .. } => "report it to the plugin's author",
            Self::NotAsStamped { .. } => "build it again",
        }
    }
}

fn of_stage(err: &StageError) -> &'static str {
    match err {
        StageError::Unreadable { .. } => "let the host's user read it",
        StageError::Changed => "copy it under a name that begins with a dot, then rename it",
        StageError::OutOfMemory { .. } => "set --max-file-bytes lower or free memory",
        StageError::Unwritable { .. } => {
            "make room there or stage in another directory (--stage-in)"
        }
    }
}

fn of_discover(err: &DiscoverError) -> &'static str {
    match err {
        DiscoverError::Unreadable { .. } => "let the host's user read it",
        DiscoverError::NotAFile { .. } => "move it out of the plugin directory",
        DiscoverError::DanglingLink { .. } | DiscoverError::LinkLoop { .. } => {
            "point it to a file or remove it"
        }
        DiscoverError::SidecarUnusable { .. } | DiscoverError::SidecarInvalid { .. } => {
            "correct the sidecar"
        }
    }
}

/// What to do where the system's loader says what is wrong, but not why.
pub(super) fn of_the_system(reason: &str) -> &'static str {
    if reason.contains("static TLS") {
        "; build its allocator without initial-exec TLS \
         (tikv-jemallocator: disable_initial_exec_tls, mimalloc: local_dynamic_tls)"
    } else if reason.contains("undefined symbol") {
        "; link the library that has the symbol into the plugin"
    } else if reason.contains("cannot open shared object file") {
        "; install that library, link it into the plugin, or stage the plugin beside it (--stage-in)"
    } else if reason.contains("failed to map segment") && Cause::of_text(reason) == Cause::NoRight {
        "; stage it on a mount without the option noexec (--stage-in)"
    } else {
        ""
    }
}
