//! The note that holds the stamp.

/// The most bytes that a stamp's text may have: 64 KiB.
pub const MAX_STAMP_BYTES: usize = 64 * 1024;

/// The owner of the note, with its terminating zero.
pub const NOTE_OWNER: &[u8; 6] = b"solti\0";

/// The type of the note.
pub const NOTE_TYPE: u32 = 1;

/// Bytes before the text: three numbers and the padded owner.
const HEADER_LEN: usize = 20;

/// A stamp of `N` bytes as an ELF note, laid out as the file format wants it: three 32-bit numbers,
/// the owner and the text, each padded to a multiple of 4 bytes (the text by the alignment).
///
/// Where there are no notes, the section of the stamp holds the same bytes, and [`text_of_note`]
/// finds the text in them.
#[repr(C, align(4))]
#[derive(Debug)]
pub struct Note<const N: usize> {
    owner_len: u32,
    text_len: u32,
    note_type: u32,
    owner: [u8; 8],
    text: [u8; N],
}

impl<const N: usize> Note<N> {
    /// Makes the note of `text`.
    ///
    /// # Panics
    ///
    /// When the text is longer than [`MAX_STAMP_BYTES`]; `export_plugin!` makes the note in a
    /// constant, so that is an error of the compiler.
    #[must_use]
    pub const fn new(text: [u8; N]) -> Self {
        assert!(
            N <= MAX_STAMP_BYTES,
            "export_plugin!: the stamp is longer than 64 KiB"
        );
        let mut owner = [0; 8];
        let (name, _) = owner.split_at_mut(NOTE_OWNER.len());
        name.copy_from_slice(NOTE_OWNER);
        Self {
            owner_len: NOTE_OWNER.len() as u32,
            text_len: N as u32,
            note_type: NOTE_TYPE,
            owner,
            text,
        }
    }

    /// The text alone.
    #[must_use]
    pub const fn text(&self) -> &[u8; N] {
        &self.text
    }
}

/// The stamp's text in the bytes of a [`Note`]; `None` when they are not one.
#[must_use]
pub fn text_of_note(note: &[u8]) -> Option<&[u8]> {
    let word = |index: usize| {
        let bytes = note.get(index * 4..index * 4 + 4)?;
        Some(u32::from_ne_bytes(bytes.try_into().ok()?))
    };
    let is_ours = word(0)? == NOTE_OWNER.len() as u32
        && word(2)? == NOTE_TYPE
        && note.get(HEADER_LEN - 8..)?.starts_with(NOTE_OWNER);
    let text_len = usize::try_from(word(1)?).ok()?;
    let text = note.get(HEADER_LEN..)?.get(..text_len)?;
    is_ours.then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The note as the bytes that a file has.
    fn bytes_of(note: &Note<5>) -> Vec<u8> {
        let words = [note.owner_len, note.text_len, note.note_type];
        let mut bytes = words.map(u32::to_ne_bytes).concat();
        bytes.extend_from_slice(&note.owner);
        bytes.extend_from_slice(&note.text);
        bytes.extend_from_slice(&[0; 3]);
        assert_eq!(bytes.len(), size_of_val(note));
        bytes
    }

    #[test]
    fn the_text_in_a_note_is_found_and_no_other_text_is() {
        let note = bytes_of(&Note::new(*b"abi=1"));
        assert_eq!(text_of_note(&note), Some(&b"abi=1"[..]));
        for len in 0..note.len() - 3 {
            assert_eq!(text_of_note(&note[..len]), None, "{len} bytes");
        }
        for at in [0, 8, 12, 16, 17] {
            let mut other = note.clone();
            other[at] ^= 1;
            assert_eq!(text_of_note(&other), None, "byte {at} is another");
        }
        let mut long = note;
        long[4..8].copy_from_slice(&u32::MAX.to_ne_bytes());
        assert_eq!(text_of_note(&long), None);
    }
}
