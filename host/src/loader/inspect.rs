//! What can be known of a file from its bytes, before anything of it runs.
//!
//! The checks are short rather than strict: a file is refused for what would keep it from working
//! here, never for how its linker arranged it.

#[cfg(not(target_vendor = "apple"))]
mod elf;
#[cfg(target_vendor = "apple")]
mod macho;

use std::fmt;

use solti_plugin_abi::stamp::{ABI_VERSION, NOTE_OWNER, NOTE_TYPE, Stamp, StampError};

use super::error::InspectError;

#[cfg(not(target_vendor = "apple"))]
use elf as format;
#[cfg(target_vendor = "apple")]
use macho as format;

/// What the bytes of a file say.
#[derive(Debug, Clone, Default)]
pub struct Inspection {
    /// The stamp, where there is one of this version of the ABI.
    pub stamp: Option<Stamp>,
    /// All that speaks against loading the file here.
    pub problems: Vec<Problem>,
}

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
}

/// Reads what `bytes` say of themselves. Never panics, whatever they are.
#[must_use]
pub fn inspect(bytes: &[u8]) -> Inspection {
    let mut inspection = Inspection::default();
    match format::read(bytes, &mut inspection.problems) {
        Some(text) => inspection.take_stamp(text),
        None if inspection.problems.is_empty() => inspection.problems.push(Problem::NoStamp),
        None => {}
    }
    inspection
}

impl Inspection {
    fn take_stamp(&mut self, text: &[u8]) {
        let stamp = match Stamp::read_abi(text) {
            Ok(ABI_VERSION) => Stamp::read(text),
            // Nothing else in the stamp of another version can be relied on.
            Ok(found) => return self.problems.push(Problem::WrongAbi { found }),
            Err(err) => Err(err),
        };
        match stamp {
            Ok(stamp) => {
                if stamp.panic != "unwind" {
                    self.problems.push(Problem::PanicAborts);
                }
                self.stamp = Some(stamp);
            }
            Err(err) => self.problems.push(Problem::BadStamp(err)),
        }
    }

    /// The stamp of a file that nothing speaks against.
    pub(super) fn into_stamp(self) -> Result<Stamp, InspectError> {
        match self.stamp {
            Some(stamp) if self.problems.is_empty() => Ok(stamp),
            _ => Err(InspectError {
                problems: self.problems,
            }),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let machine = std::env::consts::ARCH;
        match self {
            Self::NotALibrary { found } => {
                write!(
                    f,
                    "not a shared library: {found}; move it out of the plugin directory"
                )
            }
            Self::WrongType { found } => write!(
                f,
                "not a shared library but {found}: build it with crate-type = [\"cdylib\"]"
            ),
            Self::WrongMachine { found } => {
                write!(
                    f,
                    "built for {found}, this host is {machine}: build it for {machine}"
                )
            }
            Self::Truncated { len, what, end } => write!(
                f,
                "truncated: the file has {} bytes, {what} ends at {}; copy it again",
                grouped(*len),
                grouped(*end)
            ),
            Self::Malformed { reason } => {
                write!(f, "malformed: {reason}; copy or build it again")
            }
            Self::NoStamp => f.write_str(
                "not a solti plugin: it has no stamp; \
                 build it with export_plugin! or move it out of the plugin directory",
            ),
            Self::BadStamp(err) => write!(f, "unreadable stamp: {err}; build the plugin again"),
            Self::WrongAbi { found } if *found > ABI_VERSION => {
                write!(
                    f,
                    "built for plugin ABI {found}, this host has {ABI_VERSION}: use a newer host"
                )
            }
            Self::WrongAbi { found } => write!(
                f,
                "built for plugin ABI {found}, this host has {ABI_VERSION}: \
                 build the plugin with the current solti-plugin-abi"
            ),
            Self::PanicAborts => f.write_str(
                "built with panic = \"abort\", so any panic in it would end the host: \
                 build it with panic = \"unwind\"",
            ),
        }
    }
}

/// A number with its thousands set apart.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// The beginning of a file, for people.
fn beginning(bytes: &[u8]) -> String {
    if bytes.is_empty() {
        return "the file is empty".to_owned();
    }
    format!(
        "it begins with \"{}\"",
        bytes[..bytes.len().min(16)].escape_ascii()
    )
}

/// Whether a note is ours.
fn is_stamp(owner: &[u8], note_type: u32) -> bool {
    owner == NOTE_OWNER.strip_suffix(b"\0").unwrap_or(NOTE_OWNER) && note_type == NOTE_TYPE
}
