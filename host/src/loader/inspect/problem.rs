//! What may speak against loading a file, in the words of the people who have to put it right.

use std::fmt;

use solti_plugin_abi::stamp::{ABI_VERSION, StampError};

use super::GlibcVersion;
use crate::loader::error::sentence;
use crate::loader::plain::grouped;

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
    /// Its headers contradict each other.
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
    /// The name it carries is a path: the system would take it for the library at that path.
    SonameIsPath {
        /// That name.
        found: String,
    },
    /// The name it carries is that of a library that this host uses: others that ask for it could be
    /// given this one.
    SonameOfHost {
        /// That name.
        found: String,
    },
    /// It has a stamp, but not the symbol that a plugin is entered by.
    NoRootSymbol,
}

impl Problem {
    /// What was found.
    fn fact(&self) -> String {
        let machine = std::env::consts::ARCH;
        match self {
            Self::NotALibrary { found } => format!("not a shared library: {found}"),
            Self::WrongType { found } => format!("not a shared library but {found}"),
            Self::WrongMachine { found } => format!("built for {found}, this host is {machine}"),
            Self::WrongSystem { found } => {
                format!("built for {found}, this host runs {}", system_name())
            }
            Self::Truncated { len, what, end } => format!(
                "truncated: the file has {} bytes, {what} ends at {}",
                grouped(*len),
                grouped(*end)
            ),
            Self::Malformed { reason } => format!("malformed: {reason}"),
            Self::NoStamp => "not a solti plugin: it has no stamp".to_owned(),
            Self::BadStamp(err) => format!("unreadable stamp: {err}"),
            Self::WrongAbi { found } => {
                format!("built for plugin ABI {found}, this host has {ABI_VERSION}")
            }
            Self::PanicAborts => {
                "built with panic = \"abort\", so any panic in it would end the host".to_owned()
            }
            Self::NewerGlibc { needs, host } => {
                format!("needs glibc {needs}, this host has {host}")
            }
            Self::SonameIsPath { found } => {
                format!("its SONAME is a path, {found}, so the system would load it in its place")
            }
            Self::SonameOfHost { found } => {
                format!("its SONAME {found} is a library that this host uses")
            }
            Self::NoRootSymbol => "it has a stamp but no root module".to_owned(),
        }
    }

    /// What to do about it, in the imperative.
    #[must_use]
    pub fn advice(&self) -> String {
        match self {
            Self::NotALibrary { .. } => "move it out of the plugin directory".to_owned(),
            Self::WrongType { .. } => "build it with crate-type = [\"cdylib\"]".to_owned(),
            Self::WrongMachine { .. } => format!("build it for {}", std::env::consts::ARCH),
            Self::WrongSystem { .. } => format!("build it for {}", system_name()),
            Self::Truncated { .. } => "copy it again".to_owned(),
            Self::Malformed { .. } => "copy or build it again".to_owned(),
            Self::NoStamp => {
                "build it with export_plugin! or move it out of the plugin directory".to_owned()
            }
            Self::BadStamp(_) => "build the plugin again".to_owned(),
            Self::WrongAbi { found } if *found > ABI_VERSION => "use a newer host".to_owned(),
            Self::WrongAbi { .. } => {
                "build the plugin with the current solti-plugin-abi".to_owned()
            }
            Self::PanicAborts => "build it with panic = \"unwind\"".to_owned(),
            Self::NewerGlibc { .. } => "build it on an older system".to_owned(),
            Self::SonameIsPath { .. } | Self::SonameOfHost { .. } => {
                "build it without a SONAME".to_owned()
            }
            Self::NoRootSymbol => "build it with export_plugin!".to_owned(),
        }
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

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&sentence(&self.fact(), &self.advice()))
    }
}
