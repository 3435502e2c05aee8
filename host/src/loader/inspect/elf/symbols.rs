//! The symbols of a library: how many there are, and the one that a plugin is entered by.

use abi_stable::library::ROOT_MODULE_LOADER_NAME_WITH_NUL;
use object::elf::{self, GnuHashHeader, Sym64};
use object::read::elf::{GnuHashTable, HashTable, Rela as _, Sym as _};
use object::{Bytes, Endianness, U32};

use super::dynamic::Image;
use super::file::Header;
use super::relocations::all_relocations;

pub(super) type Symbol = Sym64<Endianness>;

/// How many symbols there are, by whichever tables of hashes there are: the table of symbols itself
/// has no length.
pub(super) fn count(image: &Image<'_>) -> Option<u64> {
    let table = |tag| image.value(tag).map(|address| image.bytes_from(address));
    let by_hash = table(elf::DT_HASH).map(|table| {
        let table = HashTable::<Header>::parse(image.endian, table?).ok()?;
        Some(table.symbol_table_length())
    });
    let by_gnu_hash = table(elf::DT_GNU_HASH).map(|table| count_gnu(image, table?));
    let counts: Option<Vec<_>> = [by_hash, by_gnu_hash].into_iter().flatten().collect();
    counts?.into_iter().max().map(u64::from)
}

fn count_gnu(image: &Image<'_>, bytes: &[u8]) -> Option<u32> {
    let endian = image.endian;
    let table = GnuHashTable::<Header>::parse(endian, bytes).ok()?;
    table.symbol_table_length(endian).or_else(|| {
        // No length is that of a broken table, or of one without a single symbol: then all symbols
        // come before those that have a hash. How many these are, only some linkers say.
        has_no_hashes(endian, bytes)?.then(|| table.symbol_base().max(count_named(image)))
    })
}

/// How many symbols there are at least, by the relocations that name them.
fn count_named(image: &Image<'_>) -> u32 {
    let relocations = all_relocations(image).into_iter().flatten().flatten();
    let symbols = relocations.filter_map(|relocation| relocation.symbol(image.endian, false));
    let last = symbols.map(|symbol| symbol.0).max();
    last.and_then(|last| u32::try_from(last).ok()?.checked_add(1))
        .unwrap_or(0)
}

fn has_no_hashes(endian: Endianness, table: &[u8]) -> Option<bool> {
    let mut rest = Bytes(table);
    let header = rest.read::<GnuHashHeader<Endianness>>().ok()?;
    let filters = header.bloom_count.get(endian) as usize;
    rest.skip(filters.checked_mul(size_of::<u64>())?).ok()?;
    let buckets = header.bucket_count.get(endian) as usize;
    let buckets = rest.read_slice::<U32<Endianness>>(buckets).ok()?;
    Some(buckets.iter().all(|bucket| bucket.get(endian) == 0))
}

/// The symbols; `None` when not all of them are in the file.
pub(super) fn table<'data>(image: &Image<'data>) -> Option<&'data [Symbol]> {
    let Some(start) = image.value(elf::DT_SYMTAB) else {
        return Some(&[]);
    };
    let len = count(image)?.checked_mul(size_of::<Symbol>() as u64)?;
    image.table(start, len)
}

/// The names of symbols and libraries; `None` when not all of them are in the file.
pub(super) fn strings<'data>(image: &Image<'data>) -> Option<&'data [u8]> {
    let len = image.value(elf::DT_STRSZ)?;
    image.bytes(image.value(elf::DT_STRTAB)?, len)
}

/// Whether the symbol is there that a plugin is entered by.
pub(super) fn has_root(image: &Image<'_>) -> bool {
    let endian = image.endian;
    let (Some(symbols), Some(strings)) = (table(image), strings(image)) else {
        return false;
    };
    let root = ROOT_MODULE_LOADER_NAME_WITH_NUL.as_bytes();
    symbols.iter().any(|symbol| {
        let name = strings.get(symbol.st_name(endian) as usize..);
        !symbol.is_undefined(endian) && name.is_some_and(|name| name.starts_with(root))
    })
}

/// The names, as places in the table of strings, of the symbols that it defines and a process has one of.
pub(super) fn unique(image: &Image<'_>) -> Vec<u32> {
    let endian = image.endian;
    let symbols = table(image).unwrap_or_default().iter();
    let unique = symbols
        .filter(|symbol| symbol.st_bind() == elf::STB_GNU_UNIQUE && !symbol.is_undefined(endian));
    unique.map(|symbol| symbol.st_name(endian)).collect()
}

/// The names, as places in the table of strings, of the symbols that it defines and others may use, but for
/// the one that a plugin is entered by.
pub(super) fn exported(image: &Image<'_>) -> Vec<u32> {
    let endian = image.endian;
    let strings = strings(image).unwrap_or_default();
    let is_root = |symbol: &Symbol| {
        let name = strings.get(symbol.st_name(endian) as usize..);
        name.is_some_and(|name| name.starts_with(ROOT_MODULE_LOADER_NAME_WITH_NUL.as_bytes()))
    };
    let symbols = table(image).unwrap_or_default().iter();
    let exported = symbols.filter(|symbol| {
        symbol.st_bind() != elf::STB_LOCAL && !symbol.is_undefined(endian) && !is_root(symbol)
    });
    exported.map(|symbol| symbol.st_name(endian)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A table of hashes in the form of GNU with one filter, and symbols from the third on.
    fn gnu_hash(buckets: &[u32], chain: &[u32]) -> Vec<u8> {
        let header = [buckets.len() as u32, 3, 1, 0, 0, 0];
        let words = [&header[..], buckets, chain].concat();
        words.into_iter().flat_map(u32::to_le_bytes).collect()
    }

    fn count_by(tag: elf::DynamicTag, bytes: &[u8]) -> Option<u64> {
        count(&Image::made_up(bytes, &[(tag, 0)]))
    }

    #[test]
    fn symbols_are_counted_by_their_hashes() {
        let chain = [2, 2, 1, 2, 1];
        let count = |buckets: &[u32]| count_by(elf::DT_GNU_HASH, &gnu_hash(buckets, &chain));
        assert_eq!(count(&[3]), Some(6));
        assert_eq!(count(&[3, 0, 6]), Some(8));
        assert_eq!(count(&[0, 0]), Some(3), "none of them has a hash");
        assert_eq!(count(&[]), Some(3), "none of them has a hash");
        assert_eq!(count(&[2]), None, "it begins before the first");
        assert_eq!(count(&[9]), None, "it begins behind the last");
        assert_eq!(
            count_by(elf::DT_GNU_HASH, &gnu_hash(&[3], &[2, 2])),
            None,
            "it has no end"
        );
        let words = [1_u32, 5, 0, 0, 0, 0, 0, 0];
        let sysv: Vec<u8> = words.into_iter().flat_map(u32::to_le_bytes).collect();
        assert_eq!(count_by(elf::DT_HASH, &sysv), Some(5));
        assert_eq!(count_by(elf::DT_HASH, &sysv[..31]), None, "it is cut off");
    }

    /// As GNU ld writes it for a library that exports nothing: it says 1, however many are imported.
    #[test]
    fn symbols_of_a_library_that_exports_none_are_counted_by_its_relocations() {
        let mut bytes = gnu_hash(&[0], &[]);
        bytes[4..8].copy_from_slice(&1_u32.to_le_bytes());
        let start = bytes.len() as u64;
        for symbol in [2_u64, 4, 0] {
            // Where, which symbol in the upper half, what is added.
            for word in [0, symbol << 32 | 6, 0] {
                bytes.extend(u64::to_le_bytes(word));
            }
        }
        let len = bytes.len() as u64 - start;
        let table = |len| {
            Image::made_up(
                &bytes,
                &[
                    (elf::DT_GNU_HASH, 0),
                    (elf::DT_RELA, start),
                    (elf::DT_RELASZ, len),
                ],
            )
        };
        assert_eq!(count(&table(len)), Some(5));
        assert_eq!(count(&table(0)), Some(1));
    }

    #[test]
    fn every_table_of_hashes_must_be_whole() {
        let bytes = gnu_hash(&[3], &[2, 2, 1]);
        // As the other form it has one bucket, and three symbols.
        let both = |gnu| Image::made_up(&bytes, &[(elf::DT_HASH, 0), (elf::DT_GNU_HASH, gnu)]);
        assert_eq!(count(&both(0)), Some(6));
        assert_eq!(count(&both(4)), None);
        assert_eq!(count(&Image::made_up(&bytes, &[])), None);
    }
}
