//! A library without what only a debugger or a linker reads.
//!
//! What the system loads stays where it is, byte by byte: the segments, and with them the dynamic symbols,
//! relocations and notes. What goes are the sections behind the segments that hold debug information and
//! the full symbol table. It is done here rather than by the tool `strip`, whose output is another one with
//! each of its versions: what is packed has the same bytes everywhere.

use std::borrow::Cow;

use object::elf::{self, FileHeader64, SectionHeader64};
use object::read::elf::{FileHeader as _, ProgramHeader as _, SectionHeader as _};
use object::{Endianness, U16, U32, U64, pod};
use thiserror::Error;

/// Why a library cannot be stripped.
#[derive(Debug, Error)]
pub(crate) enum StripError {
    /// Its headers contradict each other.
    #[error("its headers cannot be read: {0}")]
    Malformed(#[from] object::read::Error),
    /// It ends before what its headers speak of.
    #[error("the file ends before its last segment or section")]
    Truncated,
    /// What is to go stands among what is to stay.
    #[error(
        "its section {0} is in the way of those that are loaded; strip it with the tools of its linker"
    )]
    InTheWay(String),
}

type Section = SectionHeader64<Endianness>;

/// Strips a library; one that has no sections, or is no 64-bit ELF file, is returned as it is.
///
/// # Errors
///
/// [`StripError`] when its headers cannot be read, or its sections are in an order that no linker makes.
pub(crate) fn strip(bytes: &[u8]) -> Result<Cow<'_, [u8]>, StripError> {
    if !matches!(object::FileKind::parse(bytes), Ok(object::FileKind::Elf64)) {
        return Ok(Cow::Borrowed(bytes));
    }
    let header = FileHeader64::<Endianness>::parse(bytes)?;
    let endian = header.endian()?;
    let sections = header.sections(endian, bytes)?;
    let old_names = usize::try_from(header.shstrndx(endian, bytes)?).unwrap_or(usize::MAX);
    let mut kept = Vec::new();
    let mut first_gone = None;
    for (at, section) in sections.iter().enumerate() {
        let name = sections.section_name(endian, section)?;
        let is_loaded = section.sh_flags(endian).0 & elf::SHF_ALLOC.0 != 0;
        if at == old_names || (!is_loaded && is_for_debuggers(name, section.sh_type(endian))) {
            first_gone.get_or_insert(name);
            continue;
        }
        if let Some(gone) = first_gone.filter(|_| is_loaded) {
            // Dynamic symbols name sections by their numbers.
            return Err(StripError::InTheWay(
                String::from_utf8_lossy(gone).into_owned(),
            ));
        }
        kept.push((at, section, name, is_loaded));
    }
    if kept.is_empty() || sections.len() >= usize::from(elf::SHN_LORESERVE) {
        return Ok(Cow::Borrowed(bytes));
    }

    let mut end = header.e_phoff(endian)
        + u64::from(header.e_phnum(endian)) * u64::from(header.e_phentsize(endian));
    for segment in header.program_headers(endian, bytes)? {
        let (offset, size) = segment.file_range(endian);
        end = end.max(offset.saturating_add(size));
    }
    for (_, section, ..) in kept.iter().filter(|it| it.3) {
        let (offset, size) = section.file_range(endian).unwrap_or_default();
        end = end.max(offset.saturating_add(size));
    }
    let end = usize::try_from(end).map_err(|_| StripError::Truncated)?;
    let mut out = bytes.get(..end).ok_or(StripError::Truncated)?.to_vec();

    // The new number of each section; none for those that are gone.
    let new_number = |old: u32| -> u32 {
        let mut kept = kept.iter();
        let at = kept.position(|it| it.0 as u64 == u64::from(old));
        at.map_or(0, |at| at as u32)
    };
    let mut names = vec![0];
    let mut headers: Vec<Section> = Vec::new();
    for (at, section, name, is_loaded) in &kept {
        let mut new: Section = **section;
        if *at > 0 {
            new.sh_name = U32::new(endian, names.len() as u32);
            names.extend_from_slice(name);
            names.push(0);
            new.sh_link = U32::new(endian, new_number(section.sh_link(endian)));
            if section.sh_type(endian) == elf::SHT_RELA
                || section.sh_flags(endian).0 & elf::SHF_INFO_LINK.0 != 0
            {
                new.sh_info = U32::new(endian, new_number(section.sh_info(endian)));
            }
        }
        if !is_loaded && *at > 0 {
            let data = section.data(endian, bytes)?;
            align(&mut out, section.sh_addralign(endian));
            new.sh_offset = U64::new(endian, out.len() as u64);
            out.extend_from_slice(data);
        }
        headers.push(new);
    }
    let mut own: Section = *sections.section(object::SectionIndex(old_names))?;
    own.sh_name = U32::new(endian, names.len() as u32);
    names.extend_from_slice(b".shstrtab\0");
    own.sh_offset = U64::new(endian, out.len() as u64);
    own.sh_size = U64::new(endian, names.len() as u64);
    out.extend_from_slice(&names);
    headers.push(own);

    align(&mut out, 8);
    let mut new = *header;
    new.e_shoff = U64::new(endian, out.len() as u64);
    new.e_shnum = U16::new(endian, headers.len() as u16);
    new.e_shstrndx = U16::new(endian, elf::SymbolSection((headers.len() - 1) as u16));
    out.extend_from_slice(pod::bytes_of_slice(&headers));
    out[..size_of_val(&new)].copy_from_slice(pod::bytes_of(&new));
    Ok(Cow::Owned(out))
}

/// Whether a section that is not loaded is there for debuggers and linkers alone.
fn is_for_debuggers(name: &[u8], kind: elf::SectionType) -> bool {
    matches!(
        kind,
        elf::SHT_SYMTAB | elf::SHT_SYMTAB_SHNDX | elf::SHT_STRTAB
    ) || [
        ".debug",
        ".zdebug",
        ".gdb_index",
        ".gnu_debug",
        ".stab",
        ".rela.debug",
    ]
    .iter()
    .any(|begin| name.starts_with(begin.as_bytes()))
}

fn align(out: &mut Vec<u8>, to: u64) {
    let to = usize::try_from(to).unwrap_or(1).clamp(1, 4096);
    out.resize(out.len().next_multiple_of(to), 0);
}
