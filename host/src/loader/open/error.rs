//! Why a library could not be opened.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::mapping::WRITABLE_CODE;
use crate::loader::measure::grouped;
use crate::loader::refusal::{Advice, Cause, LoaderOption, Refusal};

/// Why a library could not be opened. It displays as the fact alone.
#[derive(Debug, Error, Serialize, Deserialize)]
#[non_exhaustive]
pub enum OpenError {
    /// The system's loader refused it.
    #[error("the system cannot load it: {reason}")]
    Refused {
        /// What the system's loader said.
        reason: String,
    },
    /// Another library would be bound to this one instead of the one it was built for, or the other
    /// way round.
    #[error("{reason}")]
    SonameTaken {
        /// Who is mistaken for whom.
        reason: String,
    },
    /// Plugins before it take what memory there is for thread-locals with a fixed place.
    #[error(
        "it needs {} bytes of static TLS, and of about {} that a process has the plugins before it \
         take {}",
        grouped(*needs),
        grouped(*room),
        grouped(*taken)
    )]
    NoStaticTls {
        /// What it needs, in bytes.
        needs: u64,
        /// What the plugins before it take.
        taken: u64,
        /// What there is for all.
        room: u64,
    },
    /// A library is never closed, and as many are open as may be.
    #[error(
        "{open} libraries of plugins are open, and at most {limit} may be, since none is ever closed"
    )]
    TooManyImages {
        /// How many are open.
        open: u64,
        /// How many may be.
        limit: u64,
    },
    /// The same of their bytes.
    #[error(
        "libraries of plugins with {} bytes are open, and with it at most {} may be, since none is ever \
         closed",
        grouped(*open),
        grouped(*limit)
    )]
    ImagesTooLarge {
        /// The bytes that are open.
        open: u64,
        /// How many may be.
        limit: u64,
    },
    /// It would be bound to the data of another library that is open.
    #[error("the process has one {symbol}, and {first}, which is open, has made it")]
    SymbolTaken {
        /// The symbol.
        symbol: String,
        /// The file that has defined it first.
        first: String,
    },
    /// The system's loader has no room for it beside those that are open.
    #[error("the system cannot load it beside the libraries that are open: {reason}")]
    NoRoomBeside {
        /// What the system's loader said.
        reason: String,
    },
    /// Something else was opened than what was checked.
    #[error("the system opened another file than the one that was checked")]
    NotTheStagedFile,
    /// It has a stamp but no root module.
    #[error("it has a stamp but no root module")]
    NoRootModule,
    /// Its root module is not what the stamp promises.
    #[error("its root module cannot be used: {reason}")]
    Header {
        /// What abi_stable said, the first line of it.
        reason: String,
    },
    /// Its types are laid out in another way.
    #[error("built with other layouts of ABI 1 ({found:016x}, this host has {expected:016x})")]
    Layouts {
        /// The digest of the plugin's layouts.
        found: u64,
        /// The digest of the host's.
        expected: u64,
    },
}

impl OpenError {
    /// The same of a library that is opened beside others, which may have taken what it needs.
    pub(super) fn beside_others(self) -> Self {
        match self {
            Self::Refused { reason } if reason.contains("static TLS") => {
                Self::NoRoomBeside { reason }
            }
            other => other,
        }
    }
}

impl Refusal for OpenError {
    fn code(&self) -> &'static str {
        match self {
            Self::Refused { .. } => "refused_by_system",
            Self::SonameTaken { .. } => "soname_taken",
            Self::NoStaticTls { .. } => "no_static_tls",
            Self::TooManyImages { .. } | Self::ImagesTooLarge { .. } => "too_many_images",
            Self::SymbolTaken { .. } => "symbol_taken",
            Self::NoRoomBeside { .. } => "no_room_beside",
            Self::NotTheStagedFile => "not_the_staged_file",
            Self::NoRootModule => "no_root_module",
            Self::Header { .. } => "bad_root_module",
            Self::Layouts { .. } => "other_layouts",
        }
    }

    fn advice(&self) -> Advice {
        match self {
            Self::Refused { reason } => of_system(reason),
            Self::NoStaticTls { .. } => of_static_tls(),
            Self::TooManyImages { .. } | Self::ImagesTooLarge { .. } => {
                Advice::new("restart the host to take it").with(LoaderOption::MaxImages)
            }
            Self::SymbolTaken { .. } | Self::NoRoomBeside { .. } => {
                Advice::new("restart the host to take it")
            }
            Self::NotTheStagedFile => Advice::new("restart the host"),
            Self::SonameTaken { .. } => {
                Advice::new("build the one that is called so without a SONAME")
            }
            Self::NoRootModule | Self::Header { .. } | Self::Layouts { .. } => {
                Advice::new("build it with export_plugin! of a released solti-plugin-abi")
            }
        }
    }
}

fn of_static_tls() -> Advice {
    Advice::new(
        "build its allocator without initial-exec TLS (tikv-jemallocator: disable_initial_exec_tls, \
         mimalloc: local_dynamic_tls)",
    )
}

/// What to do where only the text of the system's loader tells what is wrong.
fn of_system(reason: &str) -> Advice {
    if reason.contains("static TLS") {
        of_static_tls()
    } else if reason.contains("undefined symbol") {
        Advice::new("link the library that has the symbol into the plugin")
    } else if reason.starts_with(WRITABLE_CODE) {
        Advice::new(
            "build it without such code, or have the system's policy (SELinux, \
             MemoryDenyWriteExecute) let the host map it",
        )
    } else if reason.contains("executable stack") {
        Advice::new("link it with -z noexecstack")
    } else if reason.contains("cannot open shared object file") {
        Cause::of_text(reason).advice(
            "read that library",
            Advice::new(
                "install that library, link it into the plugin, or stage the plugin beside it",
            )
            .with(LoaderOption::StageIn),
        )
    } else {
        Cause::of_text(reason).advice("map it", Advice::new("build it again for this system"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_finds_no_room_beside_others_is_not_blamed_on_its_author() {
        let said = "cannot allocate memory in static TLS block";
        let refused = |reason: &str| OpenError::Refused {
            reason: reason.to_owned(),
        };
        let beside = refused(said).beside_others();
        assert_eq!(beside.code(), "no_room_beside");
        assert_eq!(beside.advice().to_string(), "restart the host to take it");
        assert_eq!(
            refused("something new").beside_others().code(),
            "refused_by_system"
        );
    }

    #[test]
    fn what_the_system_says_decides_the_advice() {
        for (reason, expected) in [
            (
                "libx.so.1: cannot open shared object file: No such file or directory",
                "install that library, link it into the plugin, or stage the plugin beside it \
                 (PluginLoader::stage_in)",
            ),
            (
                "libx.so.1: cannot open shared object file: Permission denied",
                "let the host's user read that library",
            ),
            (
                "libx.so.1: cannot open shared object file: Too many open files",
                "raise the host's limit on open files (ulimit -n), then try again",
            ),
            (
                "failed to map segment from shared object: Operation not permitted",
                "stage it on a mount without the option noexec (PluginLoader::stage_in)",
            ),
            (
                "failed to map segment from shared object: Permission denied",
                "have the system's security policy (SELinux, AppArmor) let the host map code",
            ),
            (
                "failed to map segment from shared object: Cannot allocate memory",
                "free memory or raise the host's limit on it, then try again",
            ),
            (
                "it has code that can be written to: failed to map segment from shared object: \
                 Permission denied",
                "build it without such code, or have the system's policy (SELinux, \
                 MemoryDenyWriteExecute) let the host map it",
            ),
            (
                "cannot enable executable stack as shared object requires: Permission denied",
                "link it with -z noexecstack",
            ),
            ("something new", "build it again for this system"),
        ] {
            assert_eq!(of_system(reason).to_string(), expected, "{reason}");
        }
    }
}
