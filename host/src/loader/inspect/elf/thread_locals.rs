//! Whether the thread-locals of a library have room in the memory that its header asks for.
//!
//! The loader allocates what the header says, for each thread that touches a thread-local, and the code
//! writes where the linker has put each. How much room they need in all stands nowhere that can be
//! relied on; where they begin stands in symbols and relocations.

use object::Endianness;
use object::elf::{self, Rela64, RelocationType};
use object::read::elf::{ProgramHeader as _, Rela as _, Sym as _};

use super::dynamic::Image;
use super::relocations::all_relocations;
use super::symbols;

/// The number of a library's block, whose offset is in the word behind it.
const MODULE: RelocationType = if cfg!(target_arch = "aarch64") {
    elf::R_AARCH64_TLS_DTPMOD
} else {
    elf::R_X86_64_DTPMOD64
};

/// The place of a thread-local in the memory of each thread.
const FIXED: RelocationType = if cfg!(target_arch = "aarch64") {
    elf::R_AARCH64_TLS_TPREL
} else {
    elf::R_X86_64_TPOFF64
};

/// Those that have the offset with them.
const OFFSETS: [RelocationType; 3] = if cfg!(target_arch = "aarch64") {
    [
        elf::R_AARCH64_TLS_DTPREL,
        elf::R_AARCH64_TLS_TPREL,
        elf::R_AARCH64_TLSDESC,
    ]
} else {
    [
        elf::R_X86_64_DTPOFF64,
        elf::R_X86_64_TPOFF64,
        elf::R_X86_64_TLSDESC,
    ]
};

/// The memory that a thread's copy of the thread-locals takes, in bytes.
pub(super) fn len(image: &Image<'_>) -> u64 {
    let header = image.headers_of(elf::PT_TLS).next();
    header.map_or(0, |header| header.p_memsz(image.endian))
}

/// The alignment of that memory.
pub(super) fn align(image: &Image<'_>) -> u64 {
    let header = image.headers_of(elf::PT_TLS).next();
    header.map_or(1, |header| header.p_align(image.endian).max(1))
}

/// How much of the memory it takes that the system keeps for thread-locals with a fixed place in each
/// thread; `None` where its own have none.
pub(super) fn static_len(image: &Image<'_>) -> Option<u64> {
    let endian = image.endian;
    let symbols = symbols::table(image)?;
    let is_fixed = |relocation: &&Rela64<Endianness>| {
        let symbol = relocation.symbol(endian, false);
        let symbol = symbol.and_then(|symbol| symbols.get(symbol.0));
        relocation.r_type(endian, false) == FIXED
            && symbol.is_none_or(|symbol| !symbol.is_undefined(endian))
    };
    let mut relocations = all_relocations(image)?.into_iter().flatten();
    relocations.find(is_fixed).map(|_| len(image))
}

/// Whether each begins within that memory.
pub(super) fn are_inside(image: &Image<'_>) -> bool {
    let len = len(image);
    symbols_are_inside(image, len)
        && all_relocations(image).is_some_and(|tables| {
            let mut relocations = tables.into_iter().flatten();
            relocations.all(|relocation| offset(image, relocation).is_none_or(|at| at < len))
        })
}

fn symbols_are_inside(image: &Image<'_>, len: u64) -> bool {
    let endian = image.endian;
    symbols::table(image).is_some_and(|symbols| {
        let mut own = symbols
            .iter()
            .filter(|symbol| symbol.st_type() == elf::STT_TLS && !symbol.is_undefined(endian));
        own.all(|symbol| {
            let end = symbol.st_value(endian).checked_add(symbol.st_size(endian));
            end.is_some_and(|end| end <= len)
        })
    })
}

/// The offset of the thread-local of the library's own that a relocation is about.
fn offset(image: &Image<'_>, relocation: &Rela64<Endianness>) -> Option<u64> {
    let endian = image.endian;
    if relocation.symbol(endian, false).is_some() {
        return None;
    }
    let kind = relocation.r_type(endian, false);
    if OFFSETS.contains(&kind) {
        return Some(relocation.r_addend(endian).cast_unsigned());
    }
    if kind != MODULE {
        return None;
    }
    let word = relocation.r_offset(endian).checked_add(8)?;
    let bytes = image.bytes(word, 8)?.try_into().ok()?;
    Some(u64::from_ne_bytes(bytes))
}
