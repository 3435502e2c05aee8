//! The ELF note that holds the stamp.

/// The owner of the note, with its terminating zero.
pub const NOTE_OWNER: &[u8; 6] = b"solti\0";

/// The type of the note.
pub const NOTE_TYPE: u32 = 1;

/// An ELF note with a stamp of `N` bytes, laid out as the file format wants it: three 32-bit
/// numbers, the owner padded to 4 bytes, the text padded to 4 bytes (by the alignment).
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
    #[must_use]
    pub const fn new(text: [u8; N]) -> Self {
        assert!(
            N <= 64 * 1024,
            "export_plugin!: the stamp is longer than 64 KiB"
        );
        Self {
            owner_len: NOTE_OWNER.len() as u32,
            text_len: N as u32,
            note_type: NOTE_TYPE,
            owner: *b"solti\0\0\0",
            text,
        }
    }

    /// The text alone: where there are no notes, the section holds the whole struct and readers
    /// find the text behind the same header.
    #[must_use]
    pub const fn text(&self) -> &[u8; N] {
        &self.text
    }
}
