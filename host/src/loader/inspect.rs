//! What can be known of a file from its bytes, before anything of it runs.
//!
//! The checks are short rather than strict: a file is refused for what would keep it from working
//! here, never for how its linker arranged it.

mod elf;
mod glibc;
mod macho;
mod needs;
mod problem;
mod tables;

use serde::Serialize;
use solti_plugin_abi::stamp::{ABI_VERSION, MAX_STAMP_BYTES, NOTE_OWNER, NOTE_TYPE, Stamp, UNWIND};

use super::error::InspectError;

pub use glibc::GlibcVersion;
pub use problem::Problem;

/// What the bytes of a file say.
#[derive(Debug, Clone, Default)]
pub struct Inspection {
    /// The stamp, where there is one of this version of the ABI.
    pub stamp: Option<Stamp>,
    /// All that speaks against loading the file here.
    pub problems: Vec<Problem>,
    /// What it asks of the system.
    pub needs: Needs,
}

/// What a library asks of the system's loader, as far as its tables can be read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Needs {
    /// The libraries it is linked to.
    pub libraries: Vec<String>,
    /// The directories it wants them to be looked for in first.
    pub runpath: Option<String>,
    /// The name under which the system knows it once it is loaded.
    pub soname: Option<String>,
    /// The oldest glibc that has all it needs of it.
    pub glibc: Option<GlibcVersion>,
    /// Whether it wants a share of the little memory that the system keeps for thread-locals of this
    /// kind; an allocator usually. A few such plugins fit, then no more.
    pub static_tls: bool,
}

/// Reads what `bytes` say of themselves. Never panics, whatever they are.
#[must_use]
pub fn inspect(bytes: &[u8]) -> Inspection {
    let mut inspection = Inspection::default();
    let Inspection {
        problems, needs, ..
    } = &mut inspection;
    // Both readers are compiled everywhere, so that both are checked and tested everywhere.
    let read = if cfg!(target_vendor = "apple") {
        macho::read
    } else {
        elf::read
    };
    match read(bytes, problems, needs) {
        Some(text) => inspection.take_stamp(text),
        None if inspection.problems.is_empty() => inspection.problems.push(Problem::NoStamp),
        None => {}
    }
    inspection
}

impl Inspection {
    fn take_stamp(&mut self, text: &[u8]) {
        if text.len() > MAX_STAMP_BYTES {
            let reason = format!("its stamp has {} bytes", text.len());
            return self.problems.push(Problem::Malformed { reason });
        }
        let stamp = match Stamp::read_abi(text) {
            Ok(ABI_VERSION) => Stamp::read(text),
            // Nothing else in the stamp of another version can be relied on.
            Ok(found) => return self.problems.push(Problem::WrongAbi { found }),
            Err(err) => Err(err),
        };
        match stamp {
            Ok(stamp) => {
                if stamp.panic != UNWIND {
                    self.problems.push(Problem::PanicAborts);
                }
                self.stamp = Some(stamp);
            }
            Err(err) => self.problems.push(Problem::BadStamp(err)),
        }
    }

    /// The stamp and the needs of a file that nothing speaks against.
    pub(super) fn into_sound(self) -> Result<(Stamp, Needs), InspectError> {
        match self.stamp {
            Some(stamp) if self.problems.is_empty() => Ok((stamp, self.needs)),
            _ => Err(InspectError {
                problems: self.problems,
            }),
        }
    }
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

#[cfg(test)]
mod tests;
