//! The stamp, in one of the segments of notes.

use std::ops::Range;

use object::read::elf::ProgramHeader as _;
use object::{Result, elf};
use solti_plugin_abi::stamp::{NOTE_OWNER, NOTE_TYPE, text_of_note};

use super::file::File;

/// The most notes that are looked at. A library has a handful.
const MAX_NOTES: usize = 8_192;

/// The text of the stamp.
pub(super) fn find<'data>(file: &File<'data>) -> Result<Option<&'data [u8]>> {
    let mut left = 0..MAX_NOTES;
    for segment in file.segments()? {
        // One that is aligned in another way has notes as well, and what a sanitizer has put between them.
        if segment.p_type(file.endian) == elf::PT_NOTE && segment.p_align(file.endian) > 8 {
            let bytes = segment.data(file.endian, file.bytes).unwrap_or_default();
            if let Some(text) = among(bytes, &mut left) {
                return Ok(Some(text));
            }
            continue;
        }
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

/// The text of the stamp among bytes in which notes begin anywhere; so many places are `left` to look at.
fn among<'data>(bytes: &'data [u8], left: &mut Range<usize>) -> Option<&'data [u8]> {
    let starts = (0..bytes.len()).step_by(size_of::<u32>());
    left.zip(starts)
        .find_map(|(_, start)| text_of_note(&bytes[start..]))
}
