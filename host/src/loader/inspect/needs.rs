//! What a library asks of the system's loader.
//!
//! It is found as that loader finds it, by way of the segments: section headers need not be there,
//! and need not tell the truth. Nothing here refuses a file for what it cannot read.

use abi_stable::library::ROOT_MODULE_LOADER_NAME_WITH_NUL;
use object::elf;
use object::read::elf::{Dyn as _, FileHeader, ProgramHeader, SectionHeader, Sym};
use object::{Endianness, SectionIndex};

use super::elf::Header;
use super::{GlibcVersion, Needs, Problem};
use crate::loader::plain::plain;

/// The most entries of a table that are looked at, and the longest text in bytes: far more than a
/// real library has, and little enough that one that was made up does not keep the host busy.
const MAX_ENTRIES: usize = 8_192;
const MAX_TEXT_BYTES: usize = 4_096;

/// Reads the needs, as far as they can be read.
pub(super) fn read(header: &Header, endian: Endianness, bytes: &[u8], needs: &mut Needs) {
    // What was read before something failed is still true.
    let _ = Image {
        header,
        endian,
        bytes,
    }
    .read(needs);
}

/// The file as it will lie in memory.
struct Image<'data> {
    header: &'data Header,
    endian: Endianness,
    bytes: &'data [u8],
}

impl<'data> Image<'data> {
    fn read(&self, needs: &mut Needs) -> Option<()> {
        let segments = self.header.program_headers(self.endian, self.bytes).ok()?;
        let entries = segments
            .iter()
            .find_map(|segment| segment.dynamic(self.endian, self.bytes).ok()?)?;
        let entries: Vec<_> = entries
            .iter()
            .map(|entry| (entry.tag(self.endian), entry.val(self.endian)))
            .take_while(|(tag, _)| *tag != elf::DT_NULL)
            .take(MAX_ENTRIES)
            .collect();
        let value = |tag| {
            entries
                .iter()
                .find(|(of, _)| *of == tag)
                .map(|(_, value)| *value)
        };
        let strings = self.at(value(elf::DT_STRTAB)?)?;
        for (tag, value) in &entries {
            let text = || text_at(strings, *value);
            match *tag {
                elf::DT_NEEDED => needs.libraries.extend(text()),
                elf::DT_SONAME => needs.soname = text(),
                elf::DT_RUNPATH | elf::DT_RPATH => needs.runpath = text(),
                elf::DT_FLAGS => needs.static_tls = value & elf::DF_STATIC_TLS.0 != 0,
                _ => {}
            }
        }
        self.read_versions(self.at(value(elf::DT_VERNEED)?)?, strings, needs)
    }

    /// Walks the list of libraries, and for each that of its versions; both are linked by distances
    /// to the next.
    fn read_versions(&self, table: &[u8], strings: &[u8], needs: &mut Needs) -> Option<()> {
        let mut library = 0;
        let mut entries = 0..MAX_ENTRIES;
        loop {
            let mut version = step(library, self.number(table, library, 8)?)?;
            loop {
                entries.next()?;
                let name = text_at(strings, self.number(table, version, 8)?.into());
                let needed = name
                    .as_deref()
                    .and_then(|name| name.strip_prefix("GLIBC_"))
                    .and_then(GlibcVersion::parse);
                needs.glibc = needs.glibc.max(needed);
                match self.number(table, version, 12)? {
                    0 => break,
                    distance => version = step(version, distance)?,
                }
            }
            match self.number(table, library, 12)? {
                0 => return Some(()),
                distance => library = step(library, distance)?,
            }
        }
    }

    /// What lies at an address, up to the end of what the file has of its segment.
    fn at(&self, address: u64) -> Option<&'data [u8]> {
        let segments = self.header.program_headers(self.endian, self.bytes).ok()?;
        segments.iter().find_map(|segment| {
            let start = segment.p_vaddr(self.endian);
            let within = address.checked_sub(start)?;
            if segment.p_type(self.endian) != elf::PT_LOAD
                || within >= segment.p_filesz(self.endian)
            {
                return None;
            }
            let data = segment.data(self.endian, self.bytes).ok()?;
            data.get(usize::try_from(within).ok()?..)
        })
    }

    /// The 32-bit number at `offset` of the record at `record`.
    fn number(&self, table: &[u8], record: usize, offset: usize) -> Option<u32> {
        let number: [u8; 4] = table.get(record + offset..)?.get(..4)?.try_into().ok()?;
        Some(match self.endian {
            Endianness::Little => u32::from_le_bytes(number),
            Endianness::Big => u32::from_be_bytes(number),
        })
    }
}

/// The place `distance` bytes on.
fn step(from: usize, distance: u32) -> Option<usize> {
    from.checked_add(usize::try_from(distance).ok()?)
        .filter(|to| *to < usize::MAX / 2)
}

/// The text at an offset of a table of strings.
fn text_at(strings: &[u8], offset: u64) -> Option<String> {
    let text = strings.get(usize::try_from(offset).ok()?..)?;
    let text = &text[..text.len().min(MAX_TEXT_BYTES)];
    let end = text.iter().position(|byte| *byte == 0)?;
    Some(plain(&String::from_utf8_lossy(&text[..end])))
}

/// What is wrong with this version of glibc being needed.
pub(super) fn newer_glibc(needs: GlibcVersion) -> Option<Problem> {
    let host = GlibcVersion::of_this_host()?;
    (needs > host).then_some(Problem::NewerGlibc { needs, host })
}

/// Whether the symbol that a plugin is entered by is certainly not there.
pub(super) fn lacks_root(header: &Header, endian: Endianness, bytes: &[u8]) -> bool {
    has_root(header, endian, bytes) == Some(false)
}

/// Whether that symbol is there, where the symbols can be counted, which takes section headers.
fn has_root(header: &Header, endian: Endianness, bytes: &[u8]) -> Option<bool> {
    let sections = header.sections(endian, bytes).ok()?;
    let table = sections
        .iter()
        .find(|section| section.sh_type(endian) == elf::SHT_DYNSYM)?;
    let symbols: &[elf::Sym64<Endianness>] = table.data_as_array(endian, bytes).ok()?;
    let strings = sections
        .section(SectionIndex(table.sh_link(endian) as usize))
        .and_then(|section| section.data(endian, bytes))
        .ok()?;
    let name = ROOT_MODULE_LOADER_NAME_WITH_NUL.as_bytes();
    Some(symbols.iter().any(|symbol| {
        let at = symbol.st_name(endian) as usize;
        !symbol.is_undefined(endian) && strings.get(at..).is_some_and(|text| text.starts_with(name))
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_as_numbers() {
        let version = |text| GlibcVersion::parse(text).unwrap();
        assert!(version("2.9") < version("2.36"));
        assert!(version("2.2.5") < version("2.3"));
        assert_eq!(version("2.36").to_string(), "2.36");
        assert_eq!(version("2.2.5").to_string(), "2.2.5");
        for none in ["PRIVATE", "2", "2.x", "2.1.2.3", "ABI_DT_RELR"] {
            assert_eq!(GlibcVersion::parse(none), None);
        }
    }
}
