//! What may speak against loading a file, in the words of the people who have to put it right.

use std::fmt;

use solti_plugin_abi::stamp::{ABI_VERSION, StampError};

use super::glibc::GlibcVersion;
use crate::loader::measure::grouped;
use crate::loader::refusal::{Advice, Refusal};

/// One thing that speaks against loading a file.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Problem {
    /// It is not an object file of this platform at all.
    NotALibrary {
        /// What it is, or how it begins.
        found: String,
    },
    /// It is an object file, but not a shared library.
    WrongType {
        /// What it is.
        found: &'static str,
    },
    /// It was built for another machine.
    WrongMachine {
        /// The machine it was built for.
        found: String,
    },
    /// It was built for another operating system.
    WrongSystem {
        /// The system it was built for.
        found: String,
    },
    /// Bytes are missing at its end.
    Truncated {
        /// The length of the file in bytes.
        len: u64,
        /// What lies beyond it.
        what: &'static str,
        /// Where that ends, in bytes from the start of the file.
        end: u64,
    },
    /// Its headers or tables contradict each other.
    Malformed {
        /// What is wrong with them.
        reason: String,
    },
    /// It has no stamp.
    NoStamp,
    /// It has a stamp that cannot be read.
    BadStamp(StampError),
    /// It was built for another version of the plugin ABI.
    WrongAbi {
        /// That version.
        found: u32,
    },
    /// A panic in it would end the host.
    PanicAborts,
    /// It needs a newer C library than this system has.
    NewerGlibc {
        /// The version it needs.
        needs: GlibcVersion,
        /// The version that is here.
        host: GlibcVersion,
    },
    /// Its SONAME is a path: the system would take it for the library at that path.
    SonameIsPath {
        /// That path.
        found: String,
    },
    /// Its SONAME is that of a library that this host uses: others that ask for that one could be
    /// given this one.
    SonameOfHost {
        /// That name.
        found: String,
    },
    /// It has a stamp, but not the symbol that a plugin is entered by.
    NoRootSymbol,
    /// It wants its stack to be executable, which the system grants by making those of all threads so.
    ExecutableStack,
}

impl Problem {
    /// Contradictions in its headers or tables.
    pub(super) fn malformed(reason: impl ToString) -> Self {
        let reason = reason.to_string();
        Self::Malformed { reason }
    }
}

/// What was found.
impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let machine = std::env::consts::ARCH;
        let system = system_name();
        match self {
            Self::NotALibrary { found } => write!(f, "not a shared library: {found}"),
            Self::WrongType { found } => write!(f, "not a shared library but {found}"),
            Self::WrongMachine { found } => {
                write!(f, "built for {found}, but this host is {machine}")
            }
            Self::WrongSystem { found } => {
                write!(f, "built for {found}, but this host runs {system}")
            }
            Self::Truncated { len, what, end } => write!(
                f,
                "truncated: the file has {} bytes, but {what} ends at {}",
                grouped(*len),
                grouped(*end)
            ),
            Self::Malformed { reason } => write!(f, "malformed: {reason}"),
            Self::NoStamp => f.write_str("not a solti plugin: it has no stamp"),
            Self::BadStamp(err) => write!(f, "unreadable stamp: {err}"),
            Self::WrongAbi { found } => write!(
                f,
                "built for plugin ABI {found}, but this host has {ABI_VERSION}"
            ),
            Self::PanicAborts => {
                f.write_str("built with panic = \"abort\", so any panic in it would end the host")
            }
            Self::NewerGlibc { needs, host } => {
                write!(f, "needs glibc {needs}, but this host has {host}")
            }
            Self::SonameIsPath { found } => write!(
                f,
                "its SONAME is the path {found}, so the system would take it for the file there"
            ),
            Self::SonameOfHost { found } => write!(
                f,
                "its SONAME {found} is the name of a library that this host uses"
            ),
            Self::NoRootSymbol => f.write_str("it has a stamp but no root module"),
            Self::ExecutableStack => {
                f.write_str("it would make the stacks of all threads of this host executable")
            }
        }
    }
}

impl Refusal for Problem {
    fn code(&self) -> &'static str {
        match self {
            Self::NotALibrary { .. } => "not_a_library",
            Self::WrongType { .. } => "wrong_type",
            Self::WrongMachine { .. } => "wrong_machine",
            Self::WrongSystem { .. } => "wrong_system",
            Self::Truncated { .. } => "truncated",
            Self::Malformed { .. } => "malformed",
            Self::NoStamp => "no_stamp",
            Self::BadStamp(_) => "bad_stamp",
            Self::WrongAbi { .. } => "wrong_abi",
            Self::PanicAborts => "panic_aborts",
            Self::NewerGlibc { .. } => "newer_glibc",
            Self::SonameIsPath { .. } => "soname_is_path",
            Self::SonameOfHost { .. } => "soname_of_host",
            Self::NoRootSymbol => "no_root_symbol",
            Self::ExecutableStack => "executable_stack",
        }
    }

    fn advice(&self) -> Advice {
        Advice::new(match self {
            Self::NotALibrary { .. } => "move it out of the plugin directory",
            Self::WrongType { .. } => "build it with crate-type = [\"cdylib\"]",
            Self::WrongMachine { .. } => {
                return Advice::new(format!("build it for {}", std::env::consts::ARCH));
            }
            Self::WrongSystem { .. } => {
                return Advice::new(format!("build it for {}", system_name()));
            }
            Self::Truncated { .. } => "copy it again",
            Self::Malformed { .. } => "copy or build it again",
            Self::NoStamp => "build it with export_plugin! or move it out of the plugin directory",
            Self::BadStamp(_) => "build the plugin again",
            Self::WrongAbi { found } if *found > ABI_VERSION => "use a newer host",
            Self::WrongAbi { .. } => "build the plugin with the current solti-plugin-abi",
            Self::PanicAborts => "build it with panic = \"unwind\"",
            Self::NewerGlibc { .. } => "build it on an older system",
            Self::SonameIsPath { .. } | Self::SonameOfHost { .. } => "build it without a SONAME",
            Self::NoRootSymbol => "build it with export_plugin!",
            Self::ExecutableStack => "link it with -z noexecstack",
        })
    }
}

/// This system, as its people write it.
fn system_name() -> &'static str {
    match std::env::consts::OS {
        "linux" => "Linux",
        "macos" => "macOS",
        other => other,
    }
}
