//! A library as it will lie in memory, and what its dynamic table says is where.
//!
//! Nothing here trusts a number of the file: whatever an address or a length is, the answer is bytes
//! that the file has, or none.

use object::Endianness;
use object::elf::{self, DynamicTag, ProgramHeader64, ProgramType};
use object::pod::{Pod, slice_from_all_bytes};
use object::read::elf::{Dyn as _, ProgramHeader as _};

use super::file::File;
use crate::loader::inspect::problem::Problem;

/// More segments and entries than any library has; so few that a file that was made up neither keeps
/// the host busy nor fills its memory.
const MAX_SEGMENTS: usize = 64;
const MAX_ENTRIES: usize = 8_192;

/// A library as the system's loader sees it.
#[derive(Debug)]
pub(super) struct Image<'data> {
    pub(super) endian: Endianness,
    /// The program headers.
    pub(super) headers: &'data [ProgramHeader64<Endianness>],
    /// What is loaded, in the order of the file.
    pub(super) segments: Vec<Loaded<'data>>,
    /// The dynamic table.
    pub(super) entries: Vec<(DynamicTag, u64)>,
}

/// A segment as it will lie in memory, and what the file has of it.
#[derive(Debug)]
pub(super) struct Loaded<'data> {
    pub(super) start: u64,
    pub(super) len: u64,
    pub(super) writable: bool,
    /// Where its bytes begin in the file.
    pub(super) offset: u64,
    data: &'data [u8],
}

impl Loaded<'_> {
    /// How many bytes of it the file has.
    pub(super) fn file_len(&self) -> u64 {
        self.data.len() as u64
    }

    /// Whether a range of addresses lies within it.
    pub(super) fn contains(&self, start: u64, len: u64) -> bool {
        start
            .checked_sub(self.start)
            .and_then(|offset| offset.checked_add(len))
            .is_some_and(|end| end <= self.len)
    }
}

impl<'data> Image<'data> {
    pub(super) fn of(file: &File<'data>) -> Result<Self, Problem> {
        let endian = file.endian;
        let headers = file.segments().map_err(Problem::malformed)?;
        let of_type = |wanted| {
            headers
                .iter()
                .filter(move |header| header.p_type(endian) == wanted)
        };
        if of_type(elf::PT_LOAD).nth(MAX_SEGMENTS).is_some() {
            return Err(Problem::malformed("it has more segments than any library"));
        }
        let entries = match of_type(elf::PT_DYNAMIC).take(2).collect::<Vec<_>>()[..] {
            [] => Vec::new(),
            [table] => entries(file, table)?,
            // Loaders do not agree which of several counts.
            _ => return Err(Problem::malformed("it has more than one dynamic table")),
        };
        Ok(Self {
            endian,
            headers,
            segments: of_type(elf::PT_LOAD)
                .map(|header| Loaded {
                    start: header.p_vaddr(endian),
                    len: header.p_memsz(endian),
                    writable: header.p_flags(endian).contains(elf::PF_W),
                    offset: header.p_offset(endian),
                    data: header.data(endian, file.bytes).unwrap_or_default(),
                })
                .collect(),
            entries,
        })
    }

    /// The value of an entry; of several with one tag the last counts, as for the system's loader.
    pub(super) fn value(&self, tag: DynamicTag) -> Option<u64> {
        let mut entries = self.entries.iter().rev();
        entries.find(|(of, _)| *of == tag).map(|(_, value)| *value)
    }

    /// Whether a range of addresses lies within one segment.
    pub(super) fn contains(&self, start: u64, len: u64) -> bool {
        self.segment_of(start, len).is_some()
    }

    /// The segment that a range of addresses lies within.
    pub(super) fn segment_of(&self, start: u64, len: u64) -> Option<&Loaded<'data>> {
        let mut segments = self.segments.iter();
        segments.find(|segment| segment.contains(start, len))
    }

    /// The headers of one type.
    pub(super) fn headers_of(
        &self,
        wanted: ProgramType,
    ) -> impl Iterator<Item = &'data ProgramHeader64<Endianness>> {
        let endian = self.endian;
        self.headers
            .iter()
            .filter(move |header| header.p_type(endian) == wanted)
    }

    /// The bytes of the file from an address to the end of its segment.
    pub(super) fn bytes_from(&self, address: u64) -> Option<&'data [u8]> {
        self.segments.iter().find_map(|segment| {
            let offset = usize::try_from(address.checked_sub(segment.start)?).ok()?;
            segment.data.get(offset..).filter(|rest| !rest.is_empty())
        })
    }

    /// As many bytes at an address, all of which are in the file.
    pub(super) fn bytes(&self, address: u64, len: u64) -> Option<&'data [u8]> {
        self.bytes_from(address)?.get(..usize::try_from(len).ok()?)
    }

    /// A table of `len` bytes, all of which are in the file, and none of which is left over.
    pub(super) fn table<T: Pod>(&self, address: u64, len: u64) -> Option<&'data [T]> {
        slice_from_all_bytes(self.bytes(address, len)?).ok()
    }
}

#[cfg(test)]
impl<'data> Image<'data> {
    /// Puts segments of nothing at these addresses, of these lengths.
    pub(super) fn set_segments(&mut self, parts: &[(u64, u64)]) {
        let segment = |&(start, len)| Loaded {
            start,
            len,
            writable: true,
            offset: 0,
            data: &[],
        };
        self.segments = parts.iter().map(segment).collect();
    }

    /// A library that is loaded at zero as it lies in the file.
    pub(super) fn made_up(data: &'data [u8], entries: &[(DynamicTag, u64)]) -> Self {
        let len = data.len() as u64;
        Self {
            endian: Endianness::Little,
            headers: &[],
            segments: vec![Loaded {
                start: 0,
                len,
                writable: true,
                offset: 0,
                data,
            }],
            entries: entries.to_vec(),
        }
    }
}

/// What a dynamic table says, to its end.
fn entries(
    file: &File<'_>,
    table: &ProgramHeader64<Endianness>,
) -> Result<Vec<(DynamicTag, u64)>, Problem> {
    let table = table
        .dynamic(file.endian, file.bytes)
        .map_err(Problem::malformed)?
        .unwrap_or_default();
    // The system's loader reads on until it finds one.
    let ends = |entry: &elf::Dyn64<Endianness>| entry.tag(file.endian) == elf::DT_NULL;
    let is_endless = table.len() <= MAX_ENTRIES && !table.iter().any(ends);
    if is_endless {
        return Err(Problem::malformed("its dynamic table has no end"));
    }
    let entries: Vec<_> = table
        .iter()
        .map(|entry| (entry.tag(file.endian), entry.val(file.endian)))
        .take_while(|(tag, _)| *tag != elf::DT_NULL)
        .take(MAX_ENTRIES + 1)
        .collect();
    if entries.len() > MAX_ENTRIES {
        return Err(Problem::malformed(
            "its dynamic table has more entries than that of any library",
        ));
    }
    Ok(entries)
}
