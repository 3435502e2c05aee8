//! The tables of relocations, which name symbols.

use object::Endianness;
use object::elf::{self, Rela64};

use super::dynamic::Image;

/// The tables of relocations: those of the whole, and those of calls. `None` when one of them is not
/// all in the file.
pub(super) fn all_relocations<'data>(
    image: &Image<'data>,
) -> Option<[&'data [Rela64<Endianness>]; 2]> {
    let table = |start, len| {
        let Some(start) = image.value(start) else {
            return Some(&[][..]);
        };
        image.table::<Rela64<Endianness>>(start, image.value(len).unwrap_or(0))
    };
    Some([
        table(elf::DT_RELA, elf::DT_RELASZ)?,
        table(elf::DT_JMPREL, elf::DT_PLTRELSZ)?,
    ])
}
