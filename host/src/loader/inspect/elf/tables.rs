//! Whether the tables that the system's loader follows lead out of the library.
//!
//! It trusts them: a number that is too large has it read or write whatever lies there, and whether
//! that is the end of the process depends on what else is in its memory, so that a probe may survive
//! what the host does not. Only bounds are checked, which every linker keeps.

use object::elf::{self, GnuHashHeader, Rela64, RelocationType, Versym};
use object::read::elf::{Rela as _, Sym as _};
use object::{Bytes, Endianness, U64};

use super::check::Check;
use super::dynamic::{Image, Loaded};
use super::relocations::all_relocations;
use super::symbols::{self, Symbol};
use super::versions;

/// The length of a pointer, which is also what a relocation writes at most.
const POINTER: u64 = 8;

/// The relocations that need no symbol, and that copies one.
const RELATIVE: RelocationType = if cfg!(target_arch = "aarch64") {
    elf::R_AARCH64_RELATIVE
} else {
    elf::R_X86_64_RELATIVE
};
const COPY: RelocationType = if cfg!(target_arch = "aarch64") {
    elf::R_AARCH64_COPY
} else {
    elf::R_X86_64_COPY
};

/// All of them; each stands on those before it.
pub(super) const CHECKS: [Check; 8] = [
    (
        entries_belong_together,
        "its dynamic table lacks an entry, or has one of a form that the system's loader does not know",
    ),
    (
        constructors_are_inside,
        "a constructor or destructor lies outside its segments",
    ),
    (symbols_are_whole, "its symbol table is incomplete"),
    (
        names_are_whole,
        "the name of a library that it needs, or its own, lies outside its table of names",
    ),
    (
        versions_are_named,
        "a symbol has a version that is not in its version tables",
    ),
    (
        versions_are_of_needed_libraries,
        "it needs a version of a library that it does not name",
    ),
    (
        relocations_are_inside,
        "a relocation points outside its segments",
    ),
    (
        relative_relocations_are_inside,
        "a relocation points outside its segments",
    ),
];

/// The entries that the system's loader asserts, or follows without asking whether they are there.
fn entries_belong_together(image: &Image<'_>) -> bool {
    let is = |tag, wanted: u64| image.value(tag) == Some(wanted);
    let has = |tag| image.value(tag).is_some();
    let size_of_rela = size_of::<Rela64<Endianness>>() as u64;
    let rela = !has(elf::DT_RELA) || is(elf::DT_RELAENT, size_of_rela) && has(elf::DT_RELASZ);
    let relr = !has(elf::DT_RELR) || is(elf::DT_RELRENT, POINTER) && has(elf::DT_RELRSZ);
    let jumps = [elf::DT_JMPREL, elf::DT_PLTREL, elf::DT_PLTRELSZ].map(has);
    let jumps = jumps == [false; 3]
        || jumps == [true; 3] && is(elf::DT_PLTREL, elf::DT_RELA.0.cast_unsigned());
    let hashed = image.value(elf::DT_GNU_HASH).is_none_or(|address| {
        let header = image.bytes(address, size_of::<GnuHashHeader<Endianness>>() as u64);
        header
            .and_then(|bytes| Bytes(bytes).read::<GnuHashHeader<Endianness>>().ok())
            .is_some_and(|header| header.bloom_count.get(image.endian).is_power_of_two())
    });
    let no_other_form = !has(elf::DT_REL);
    rela && relr && jumps && hashed && no_other_form
}

/// What is called before anything else, and at the end.
fn constructors_are_inside(image: &Image<'_>) -> bool {
    let arrays = [
        (elf::DT_INIT_ARRAY, elf::DT_INIT_ARRAYSZ),
        (elf::DT_FINI_ARRAY, elf::DT_FINI_ARRAYSZ),
    ];
    let functions = [elf::DT_INIT, elf::DT_FINI];
    arrays.into_iter().all(|(start, len)| {
        let len = image.value(len).unwrap_or(0);
        image
            .value(start)
            .is_none_or(|start| len.is_multiple_of(POINTER) && image.contains(start, len))
    }) && functions.into_iter().all(|function| {
        image
            .value(function)
            .is_none_or(|address| image.contains(address, 1))
    })
}

fn symbols_are_whole(image: &Image<'_>) -> bool {
    if image.value(elf::DT_SYMTAB).is_none() {
        return true;
    }
    let (Some(symbols), Some(names)) = (symbols::table(image), symbols::strings(image)) else {
        return false;
    };
    let is_named = |symbol: &Symbol| (symbol.st_name(image.endian) as usize) < names.len();
    let is_inside = |symbol: &Symbol| {
        // One of another library, or a constant, or an offset into thread-local storage has no
        // address here.
        symbol.st_shndx(image.endian).is_special()
            || symbol.st_type() == elf::STT_TLS
            || image.contains(symbol.st_value(image.endian), 0)
    };
    names.ends_with(b"\0")
        && symbols
            .iter()
            .all(|symbol| is_named(symbol) && is_inside(symbol))
}

fn names_are_whole(image: &Image<'_>) -> bool {
    let tags = [
        elf::DT_NEEDED,
        elf::DT_SONAME,
        elf::DT_RPATH,
        elf::DT_RUNPATH,
    ];
    let len = symbols::strings(image).map_or(0, |names| names.len() as u64);
    let mut entries = image.entries.iter();
    entries.all(|(tag, value)| !tags.contains(tag) || *value < len)
}

/// The system's loader asserts that the library is there.
fn versions_are_of_needed_libraries(image: &Image<'_>) -> bool {
    let Some(names) = symbols::strings(image) else {
        return true;
    };
    let name = |at: u64| {
        let name = names.get(usize::try_from(at).ok()?..)?;
        name.split(|byte| *byte == 0).next()
    };
    let needed: Vec<_> = image
        .entries
        .iter()
        .filter(|(tag, _)| *tag == elf::DT_NEEDED)
        .map(|(_, at)| name(*at))
        .collect();
    versions::libraries(image).is_some_and(|libraries| {
        libraries.iter().all(|library| {
            let file = name(library.vn_file.get(image.endian).into());
            file.is_some() && needed.contains(&file)
        })
    }) && versions::needed(image).is_some_and(|versions| {
        let mut versions = versions.iter();
        versions.all(|version| name(version.vna_name.get(image.endian).into()).is_some())
    })
}

fn versions_are_named(image: &Image<'_>) -> bool {
    let Some(start) = image.value(elf::DT_VERSYM) else {
        return true;
    };
    let versions = symbols::count(image)
        .and_then(|count| image.table::<Versym<Endianness>>(start, count.checked_mul(2)?));
    let (Some(versions), Some(last)) = (versions, versions::last(image)) else {
        return false;
    };
    versions
        .iter()
        .all(|version| version.0.get(image.endian).index().0 <= last)
}

fn relocations_are_inside(image: &Image<'_>) -> bool {
    let symbols = symbols::count(image).unwrap_or(0);
    let relative = image.value(elf::DT_RELACOUNT).unwrap_or(0);
    let writable = Writable::of(image);
    all_relocations(image).is_some_and(|tables| {
        tables.into_iter().enumerate().all(|(table, relocations)| {
            relocations.iter().enumerate().all(|(at, relocation)| {
                let symbol = relocation.symbol(image.endian, false);
                let kind = relocation.r_type(image.endian, false);
                // So many are taken for relative ones, whatever they are.
                let is_as_counted = table > 0 || at as u64 >= relative || kind == RELATIVE;
                writable.has_pointer(relocation.r_offset(image.endian))
                    && symbol.is_none_or(|symbol| (symbol.0 as u64) < symbols)
                    && is_as_counted
                    // It writes as many bytes as the symbol has, and is for programs.
                    && kind != COPY
            })
        })
    })
}

/// Where pointers can be written when the library is relocated: a library has a few such segments and
/// tens of thousands of relocations.
struct Writable<'a, 'data>(Vec<&'a Loaded<'data>>);

impl<'a, 'data> Writable<'a, 'data> {
    fn of(image: &'a Image<'data>) -> Self {
        let by_flag = image.value(elf::DT_FLAGS).unwrap_or(0) & elf::DF_TEXTREL.0 != 0;
        let anywhere = by_flag || image.value(elf::DT_TEXTREL).is_some();
        let segments = image.segments.iter();
        Self(
            segments
                .filter(|segment| anywhere || segment.writable)
                .collect(),
        )
    }

    fn has_pointer(&self, address: u64) -> bool {
        self.0
            .iter()
            .any(|segment| segment.contains(address, POINTER))
    }
}

/// The packed form: an address, then words whose bits say which of the next 63 pointers follow.
fn relative_relocations_are_inside(image: &Image<'_>) -> bool {
    let Some(start) = image.value(elf::DT_RELR) else {
        return true;
    };
    let len = image.value(elf::DT_RELRSZ).unwrap_or(0);
    let Some(words) = image.table::<U64<Endianness>>(start, len) else {
        return false;
    };
    let writable = Writable::of(image);
    let mut next = None;
    words.iter().all(|word| {
        let word = word.get(image.endian);
        if word & 1 == 0 {
            next = word.checked_add(POINTER);
            return writable.has_pointer(word);
        }
        let Some(first) = next else { return false };
        let last = u64::from(63 - (word | 1).leading_zeros());
        next = first.checked_add(63 * POINTER);
        last == 0
            || first
                .checked_add((last - 1) * POINTER)
                .is_some_and(|last| writable.has_pointer(first) && writable.has_pointer(last))
    })
}
