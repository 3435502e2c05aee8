//! What can be known of a file from its bytes, before anything of it runs.
//!
//! ```text
//! bytes ─► elf | macho ─► Library ─► Inspection
//!          a format        stamp, requirements   + Problem for each thing in the way
//! ```
//!
//! The checks are short rather than strict: a file is refused for what would keep it from working
//! here, never for how its linker arranged it. The bytes may be made up to do harm: nothing here
//! panics, and time and memory stay within a small multiple of the file's length.

mod elf;
mod error;
mod format;
mod glibc;
mod library;
mod macho;
mod problem;
mod requirements;
mod static_tls;

use solti_plugin_abi::stamp::{ABI_VERSION, MAX_STAMP_BYTES, Stamp, UNWIND};

pub use error::InspectError;
pub use glibc::GlibcVersion;
pub use problem::Problem;
pub use requirements::Requirements;
pub use static_tls::static_tls_room;

/// What the bytes of a file say.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Inspection {
    /// The stamp, where there is one of this version of the ABI.
    pub stamp: Option<Stamp>,
    /// All that speaks against loading the file here.
    pub problems: Vec<Problem>,
    /// What it asks of the system.
    pub requirements: Requirements,
}

/// Reads what `bytes` say of themselves. Never panics, whatever they are.
#[must_use]
pub fn inspect(bytes: &[u8]) -> Inspection {
    // Both readers are compiled everywhere, so that both are checked and tested everywhere.
    let read = if cfg!(target_vendor = "apple") {
        macho::read
    } else {
        elf::read
    };
    let library = match read(bytes) {
        Ok(library) => library,
        Err(problems) => {
            return Inspection {
                problems,
                ..Inspection::default()
            };
        }
    };
    let mut inspection = Inspection {
        stamp: None,
        problems: library.problems(),
        requirements: library.requirements,
    };
    if let Some(text) = library.stamp {
        inspection.take_stamp(text);
    }
    inspection
}

impl Inspection {
    fn take_stamp(&mut self, text: &[u8]) {
        match read_stamp(text) {
            Ok(stamp) => {
                if stamp.panic != UNWIND {
                    self.problems.push(Problem::PanicAborts);
                }
                self.stamp = Some(stamp);
            }
            Err(problem) => self.problems.push(problem),
        }
    }

    /// Everything that speaks against loading the file, as one refusal.
    pub(super) fn check(&self) -> Result<(), InspectError> {
        if self.problems.is_empty() {
            return Ok(());
        }
        Err(InspectError {
            problems: self.problems.clone(),
        })
    }
}

fn read_stamp(text: &[u8]) -> Result<Stamp, Problem> {
    if text.len() > MAX_STAMP_BYTES {
        return Err(Problem::malformed(format!(
            "its stamp has {} bytes, but a stamp has at most {MAX_STAMP_BYTES}",
            text.len()
        )));
    }
    match Stamp::read_abi(text).map_err(Problem::BadStamp)? {
        ABI_VERSION => Stamp::read(text).map_err(Problem::BadStamp),
        // Nothing else in the stamp of another version can be relied on.
        found => Err(Problem::WrongAbi { found }),
    }
}

#[cfg(test)]
mod tests;
