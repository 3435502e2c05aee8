//! The stamp, in one of the segments of notes.

use object::Result;
use object::read::elf::ProgramHeader as _;
use solti_plugin_abi::stamp::{NOTE_OWNER, NOTE_TYPE};

use super::file::File;

/// The most notes that are looked at. A library has a handful.
const MAX_NOTES: usize = 8_192;

/// The text of the stamp.
pub(super) fn find<'data>(file: &File<'data>) -> Result<Option<&'data [u8]>> {
    let mut left = 0..MAX_NOTES;
    for segment in file.segments()? {
        for note in segment
            .notes(file.endian, file.bytes)?
            .into_iter()
            .flatten()
        {
            let note = note?;
            if note.name_bytes() == NOTE_OWNER && note.n_type(file.endian).0 == NOTE_TYPE {
                return Ok(Some(note.desc()));
            }
            if left.next().is_none() {
                return Ok(None);
            }
        }
    }
    Ok(None)
}
