//! Whether the tables that the system's loader follows lead out of the library.
//!
//! It trusts them: a number that is too large has it read or write whatever lies there, and whether
//! that is the end of the process depends on what else is in its memory, so that a probe may survive
//! what the host does not. Only bounds are checked, which every linker keeps.

use object::Endianness;
use object::elf;
use object::read::elf::{Dyn as _, FileHeader as _, ProgramHeader as _};

use super::elf::Header;

/// The length of an entry of the tables of a 64-bit file.
const SYMBOL: u64 = 24;
const RELOCATION: u64 = 24;
const POINTER: u64 = 8;
/// More segments, entries, or versions of symbols than any library has; so little that a file that was
/// made up neither keeps the host busy nor fills its memory.
const MAX_SEGMENTS: usize = 64;
const MAX_ENTRIES: usize = 8_192;
const MAX_VERSIONS: usize = 8_192;
/// The mask of a version's number; the other bit says that it is hidden.
const VERSION: u16 = 0x7fff;

/// What is wrong with the tables, in words; `None` when nothing is, or there are none.
pub(super) fn damage(header: &Header, endian: Endianness, bytes: &[u8]) -> Option<&'static str> {
    let segments = header.program_headers(endian, bytes).ok()?;
    let count_of = |wanted| {
        let segments = segments.iter();
        segments.filter(|it| it.p_type(endian) == wanted).count()
    };
    if count_of(elf::PT_LOAD) > MAX_SEGMENTS {
        return Some("it has more segments than any library");
    }
    // Loaders do not agree which of several counts.
    if count_of(elf::PT_DYNAMIC) > 1 {
        return Some("it has more than one dynamic table");
    }
    let mut loaded = Vec::new();
    let mut dynamic = Vec::new();
    let mut protected = Vec::new();
    for segment in segments {
        let start = segment.p_vaddr(endian);
        let range = (start, segment.p_memsz(endian));
        match segment.p_type(endian) {
            elf::PT_LOAD => loaded.push(Loaded {
                start,
                len: segment.p_memsz(endian),
                data: segment.data(endian, bytes).ok()?,
            }),
            elf::PT_GNU_RELRO => protected.push(range),
            elf::PT_DYNAMIC => {
                let entries = segment.dynamic(endian, bytes).ok()??;
                dynamic = entries
                    .iter()
                    .map(|entry| (entry.tag(endian), entry.val(endian)))
                    .take_while(|(tag, _)| *tag != elf::DT_NULL)
                    .take(MAX_ENTRIES + 1)
                    .collect();
            }
            _ => {}
        }
    }
    if dynamic.len() > MAX_ENTRIES {
        return Some("its dynamic table has more entries than any library's");
    }
    let tables = Tables {
        loaded,
        dynamic,
        endian,
    };
    // Each stands on those before it: without them it may take for ever.
    if !tables.in_order() {
        return Some("its segments overlap or are out of order");
    }
    if !protected
        .iter()
        .all(|(start, len)| tables.inside(*start, *len))
    {
        return Some("a segment to protect lies outside of it");
    }
    if !tables.arrays() {
        return Some("a table of its constructors lies outside of it");
    }
    if !tables.symbols() {
        return Some("its table of symbols is not whole");
    }
    if !tables.versions() {
        return Some("a symbol has a version that it does not name");
    }
    if !tables.relocations() {
        return Some("a relocation leads out of it");
    }
    None
}

/// A segment as it will lie in memory, and what the file has of it.
struct Loaded<'data> {
    start: u64,
    len: u64,
    data: &'data [u8],
}

struct Tables<'data> {
    loaded: Vec<Loaded<'data>>,
    dynamic: Vec<(elf::DynamicTag, u64)>,
    endian: Endianness,
}

impl<'data> Tables<'data> {
    fn value(&self, tag: elf::DynamicTag) -> Option<u64> {
        let mut entries = self.dynamic.iter();
        entries.find(|(of, _)| *of == tag).map(|(_, value)| *value)
    }

    fn in_order(&self) -> bool {
        self.loaded.windows(2).all(|pair| {
            let end = pair[0].start.checked_add(pair[0].len);
            end.is_some_and(|end| end <= pair[1].start)
        })
    }

    /// Whether a range of addresses lies within one segment.
    fn inside(&self, start: u64, len: u64) -> bool {
        self.loaded.iter().any(|segment| {
            start
                .checked_sub(segment.start)
                .and_then(|within| within.checked_add(len))
                .is_some_and(|end| end <= segment.len)
        })
    }

    /// The bytes of the file from an address to the end of its segment.
    fn at(&self, address: u64) -> Option<&'data [u8]> {
        self.loaded.iter().find_map(|segment| {
            let within = usize::try_from(address.checked_sub(segment.start)?).ok()?;
            segment.data.get(within..).filter(|rest| !rest.is_empty())
        })
    }

    /// A table of so many bytes, all of which are in the file.
    fn table(&self, address: u64, len: u64) -> Option<&'data [u8]> {
        self.at(address)?.get(..usize::try_from(len).ok()?)
    }

    fn u16_at(&self, bytes: &[u8], at: usize) -> Option<u16> {
        let number = bytes.get(at..)?.first_chunk()?;
        Some(match self.endian {
            Endianness::Little => u16::from_le_bytes(*number),
            Endianness::Big => u16::from_be_bytes(*number),
        })
    }

    fn u32_at(&self, bytes: &[u8], at: usize) -> Option<u32> {
        let number = bytes.get(at..)?.first_chunk()?;
        Some(match self.endian {
            Endianness::Little => u32::from_le_bytes(*number),
            Endianness::Big => u32::from_be_bytes(*number),
        })
    }

    fn u64_at(&self, bytes: &[u8], at: usize) -> Option<u64> {
        let number = bytes.get(at..)?.first_chunk()?;
        Some(match self.endian {
            Endianness::Little => u64::from_le_bytes(*number),
            Endianness::Big => u64::from_be_bytes(*number),
        })
    }

    /// What is called before anything else, and at the end.
    fn arrays(&self) -> bool {
        let arrays = [
            (elf::DT_INIT_ARRAY, elf::DT_INIT_ARRAYSZ),
            (elf::DT_FINI_ARRAY, elf::DT_FINI_ARRAYSZ),
        ];
        let functions = [elf::DT_INIT, elf::DT_FINI];
        arrays.into_iter().all(|(start, len)| {
            let len = self.value(len).unwrap_or(0);
            self.value(start)
                .is_none_or(|start| len.is_multiple_of(POINTER) && self.inside(start, len))
        }) && functions.into_iter().all(|function| {
            self.value(function)
                .is_none_or(|address| self.inside(address, 1))
        })
    }

    /// How many symbols there are, by whichever table of hashes there is.
    fn symbol_count(&self) -> Option<u64> {
        if let Some(hash) = self.value(elf::DT_HASH) {
            return Some(self.u32_at(self.at(hash)?, 4)?.into());
        }
        let hash = self.at(self.value(elf::DT_GNU_HASH)?)?;
        let number = |at: u64| self.u32_at(hash, usize::try_from(at).ok()?).map(u64::from);
        let (buckets, first, filters) = (number(0)?, number(4)?, number(8)?);
        let table = 16 + filters.checked_mul(POINTER)?;
        let chains = table + buckets * 4;
        let mut last = 0;
        for bucket in 0..buckets {
            last = last.max(number(table + bucket * 4)?);
        }
        if last < first {
            return Some(first);
        }
        // The last symbol of a chain has the lowest bit.
        while number(chains + (last - first) * 4)? & 1 == 0 {
            last += 1;
        }
        Some(last + 1)
    }

    fn symbols(&self) -> bool {
        let Some(start) = self.value(elf::DT_SYMTAB) else {
            return true;
        };
        let names = self.value(elf::DT_STRSZ).unwrap_or(0);
        let strings = self
            .value(elf::DT_STRTAB)
            .and_then(|start| self.table(start, names));
        let symbols = self
            .symbol_count()
            .and_then(|count| self.table(start, count.checked_mul(SYMBOL)?));
        let (Some(strings), Some(symbols)) = (strings, symbols) else {
            return false;
        };
        let named = |symbol: &[u8]| {
            self.u32_at(symbol, 0)
                .is_some_and(|at| u64::from(at) < names)
        };
        let defined_inside = |symbol: &[u8]| {
            // Neither of another library nor a constant.
            let section = self.u16_at(symbol, 6);
            let thread_local = symbol[4] & 0xf == 6;
            section.is_none_or(|section| section == 0 || section >= 0xff00)
                || thread_local
                || self
                    .u64_at(symbol, 8)
                    .is_some_and(|address| self.inside(address, 0))
        };
        strings.last() == Some(&0)
            && symbols
                .chunks_exact(SYMBOL as usize)
                .all(|symbol| named(symbol) && defined_inside(symbol))
    }

    /// The largest number that a version of this library or of another has.
    fn last_version(&self) -> Option<u16> {
        let mut last = 1;
        if let Some(start) = self.value(elf::DT_VERNEED) {
            let table = self.at(start)?;
            let mut library = 0_usize;
            let mut entries = 0..MAX_VERSIONS;
            loop {
                let mut version =
                    library.checked_add(self.u32_at(table, library.checked_add(8)?)? as usize)?;
                loop {
                    entries.next()?;
                    last = last.max(self.u16_at(table, version.checked_add(6)?)? & VERSION);
                    match self.u32_at(table, version.checked_add(12)?)? {
                        0 => break,
                        distance => version = version.checked_add(distance as usize)?,
                    }
                }
                match self.u32_at(table, library.checked_add(12)?)? {
                    0 => break,
                    distance => library = library.checked_add(distance as usize)?,
                }
            }
        }
        if let Some(start) = self.value(elf::DT_VERDEF) {
            let table = self.at(start)?;
            let mut version = 0_usize;
            let mut entries = 0..MAX_VERSIONS;
            loop {
                entries.next()?;
                last = last.max(self.u16_at(table, version.checked_add(4)?)? & VERSION);
                match self.u32_at(table, version.checked_add(16)?)? {
                    0 => break,
                    distance => version = version.checked_add(distance as usize)?,
                }
            }
        }
        Some(last)
    }

    fn versions(&self) -> bool {
        let Some(start) = self.value(elf::DT_VERSYM) else {
            return true;
        };
        let numbers = self
            .symbol_count()
            .and_then(|count| self.table(start, count.checked_mul(2)?));
        let (Some(numbers), Some(last)) = (numbers, self.last_version()) else {
            return false;
        };
        numbers.chunks_exact(2).all(|number| {
            self.u16_at(number, 0)
                .is_some_and(|number| number & VERSION <= last)
        })
    }

    fn relocations(&self) -> bool {
        let tables = [
            (elf::DT_RELA, elf::DT_RELASZ),
            (elf::DT_JMPREL, elf::DT_PLTRELSZ),
        ];
        let symbols = self.symbol_count().unwrap_or(0);
        tables.into_iter().all(|(start, len)| {
            let Some(start) = self.value(start) else {
                return true;
            };
            let Some(table) = self.table(start, self.value(len).unwrap_or(0)) else {
                return false;
            };
            table.chunks_exact(RELOCATION as usize).all(|relocation| {
                let place = self.u64_at(relocation, 0);
                let info = self.u64_at(relocation, 8);
                place.is_some_and(|place| self.inside(place, POINTER))
                    && info.is_some_and(|info| info >> 32 < symbols.max(1))
            })
        })
    }
}
