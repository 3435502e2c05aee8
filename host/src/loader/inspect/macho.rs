//! Mach-O files: macOS.
//!
//! The stamp's note stands in a section of its own, since this format has no notes. What a library
//! requires is not read.

use object::macho::{self, MachHeader64, Section64};
use object::read::macho::{MachHeader as _, Section as _, Segment as _};
use object::{Endianness, FileKind};
use solti_plugin_abi::stamp::{MACHO_SECTION, text_of_note};

use super::format::not_a_library;
use super::library::Library;
use super::problem::Problem;
use super::requirements::Requirements;

type Header = MachHeader64<Endianness>;

/// The machine of this host.
const HOST_CPU: macho::CpuType = if cfg!(target_arch = "aarch64") {
    macho::CPU_TYPE_ARM64
} else {
    macho::CPU_TYPE_X86_64
};

/// Reads a library of this machine, or says what keeps the file from being one.
pub(super) fn read(bytes: &[u8]) -> Result<Library<'_>, Vec<Problem>> {
    if !matches!(FileKind::parse(bytes), Ok(FileKind::MachO64)) {
        return Err(vec![not_a_library(bytes, "a 64-bit Mach-O file")]);
    }
    let malformed = |err| vec![Problem::malformed(err)];
    let header = Header::parse(bytes, 0).map_err(malformed)?;
    let endian = header.endian().map_err(malformed)?;
    let problems = [wrong_machine(header, endian), wrong_type(header, endian)];
    let problems: Vec<_> = problems.into_iter().flatten().collect();
    if !problems.is_empty() {
        return Err(problems);
    }
    let len = bytes.len() as u64;
    let whole = |what, end| {
        let truncated = Problem::Truncated { len, what, end };
        if end > len {
            Err(vec![truncated])
        } else {
            Ok(())
        }
    };
    let end = size_of::<Header>() as u64 + u64::from(header.sizeofcmds(endian));
    whole("its load command table", end)?;
    let parts = Parts::read(header, endian, bytes).map_err(malformed)?;
    whole("its last segment", parts.end)?;
    Ok(Library {
        stamp: parts.stamp(endian, bytes).map_err(malformed)?,
        requirements: Requirements::default(),
        lacks_root: false,
        has_executable_stack: false,
    })
}

fn wrong_machine(header: &Header, endian: Endianness) -> Option<Problem> {
    let found = match header.cputype(endian) {
        cpu if cpu == HOST_CPU => return None,
        macho::CPU_TYPE_ARM64 => "aarch64".to_owned(),
        macho::CPU_TYPE_X86_64 => "x86_64".to_owned(),
        other => format!("machine number {}", other.0),
    };
    Some(Problem::WrongMachine { found })
}

fn wrong_type(header: &Header, endian: Endianness) -> Option<Problem> {
    let found = match header.filetype(endian) {
        macho::MH_DYLIB | macho::MH_BUNDLE => return None,
        macho::MH_EXECUTE => "a program",
        macho::MH_OBJECT => "an object file (.o)",
        macho::MH_CORE => "a core dump",
        _ => "a Mach-O file of another type",
    };
    Some(Problem::WrongType { found })
}

/// What is found in the load commands.
#[derive(Default)]
struct Parts<'data> {
    /// Where the last segment ends in the file.
    end: u64,
    /// The section of the stamp, and where it begins in the file.
    section: Option<(&'data Section64<Endianness>, u64)>,
}

impl<'data> Parts<'data> {
    fn read(header: &Header, endian: Endianness, bytes: &'data [u8]) -> object::Result<Self> {
        let mut parts = Self::default();
        for command in header.load_commands(endian, bytes, 0)? {
            let Some((segment, data)) = command?.segment_64()? else {
                continue;
            };
            let (start, size) = segment.file_range(endian);
            parts.end = parts.end.max(start.saturating_add(size));
            let sections = segment.sections(endian, data)?;
            for section in segment.section_offsets(endian, sections) {
                let (section, offset) = section?;
                if section.name() == MACHO_SECTION.as_bytes() {
                    parts.section = Some((section, offset));
                }
            }
        }
        Ok(parts)
    }

    fn stamp(&self, endian: Endianness, bytes: &'data [u8]) -> object::Result<Option<&'data [u8]>> {
        let Some((section, offset)) = self.section else {
            return Ok(None);
        };
        Ok(text_of_note(section.data(endian, bytes, offset)?))
    }
}

#[cfg(test)]
mod tests;
