//! Whether the tables that the system's loader follows lead out of the library.
//!
//! It trusts them: a number that is too large has it read or write whatever lies there, and whether
//! that is the end of the process depends on what else is in its memory, so that a probe may survive
//! what the host does not. Only bounds are checked, which every linker keeps.

use object::Endianness;
use object::elf::{self, Rela64, Versym};
use object::read::elf::{Rela as _, Sym as _};

use super::dynamic::Image;
use super::symbols::{self, Symbol};
use super::versions;

/// The length of a pointer, which is also what a relocation writes at most.
const POINTER: u64 = 8;

/// What must hold of the tables, and what is wrong where it does not.
type Check = (fn(&Image<'_>) -> bool, &'static str);

/// All of them; each stands on those before it.
const CHECKS: [Check; 6] = [
    (
        segments_are_ordered,
        "its segments overlap or are out of order",
    ),
    (
        protected_parts_are_inside,
        "a region to be write-protected lies outside its segments",
    ),
    (
        constructors_are_inside,
        "a constructor or destructor lies outside its segments",
    ),
    (symbols_are_whole, "its symbol table is incomplete"),
    (
        versions_are_named,
        "a symbol has a version that is not in its version tables",
    ),
    (
        relocations_are_inside,
        "a relocation points outside its segments",
    ),
];

/// What is wrong with the tables; `None` when nothing is, or there are none.
pub(super) fn find_malformation(image: &Image<'_>) -> Option<&'static str> {
    let mut checks = CHECKS.into_iter();
    checks
        .find(|(holds, _)| !holds(image))
        .map(|(_, wrong)| wrong)
}

fn segments_are_ordered(image: &Image<'_>) -> bool {
    image.segments.windows(2).all(|pair| {
        let end = pair[0].start.checked_add(pair[0].len);
        end.is_some_and(|end| end <= pair[1].start)
    })
}

fn protected_parts_are_inside(image: &Image<'_>) -> bool {
    let mut parts = image.protected.iter();
    parts.all(|(start, len)| image.contains(*start, *len))
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
    let tables = [
        (elf::DT_RELA, elf::DT_RELASZ),
        (elf::DT_JMPREL, elf::DT_PLTRELSZ),
    ];
    let symbols = symbols::count(image).unwrap_or(0);
    tables.into_iter().all(|(start, len)| {
        let Some(start) = image.value(start) else {
            return true;
        };
        let len = image.value(len).unwrap_or(0);
        let Some(relocations) = image.table::<Rela64<Endianness>>(start, len) else {
            return false;
        };
        relocations.iter().all(|relocation| {
            let symbol = relocation.symbol(image.endian, false);
            image.contains(relocation.r_offset(image.endian), POINTER)
                && symbol.is_none_or(|symbol| (symbol.0 as u64) < symbols)
        })
    })
}
