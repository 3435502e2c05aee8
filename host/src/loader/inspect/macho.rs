//! Mach-O files: macOS. Type-checked where a target is installed; not run by the tests.

use object::read::macho::{MachHeader, Section, Segment};
use object::{Endianness, FileKind, macho};

use super::{Needs, Problem, beginning, is_stamp};

type Header = macho::MachHeader64<Endianness>;

/// Bytes before the stamp's text: the header of the note it is wrapped in on every platform.
const NOTE_HEADER_LEN: usize = 20;

/// Checks that the file can be a library of this machine, and finds its stamp.
pub(super) fn read<'data>(
    bytes: &'data [u8],
    problems: &mut Vec<Problem>,
    _: &mut Needs,
) -> Option<&'data [u8]> {
    if !matches!(FileKind::parse(bytes), Ok(FileKind::MachO64)) {
        problems.push(Problem::NotALibrary {
            found: beginning(bytes),
        });
        return None;
    }
    read_64(bytes, problems).unwrap_or_else(|err| {
        problems.push(Problem::Malformed {
            reason: err.to_string(),
        });
        None
    })
}

fn read_64<'data>(
    bytes: &'data [u8],
    problems: &mut Vec<Problem>,
) -> object::Result<Option<&'data [u8]>> {
    let header = Header::parse(bytes, 0)?;
    let endian = header.endian()?;
    let host = if cfg!(target_arch = "aarch64") {
        macho::CPU_TYPE_ARM64
    } else {
        macho::CPU_TYPE_X86_64
    };
    if header.cputype(endian) != host {
        let found = match header.cputype(endian) {
            macho::CPU_TYPE_ARM64 => "aarch64".to_owned(),
            macho::CPU_TYPE_X86_64 => "x86_64".to_owned(),
            other => format!("machine number {}", other.0),
        };
        problems.push(Problem::WrongMachine { found });
    }
    let mut commands = header.load_commands(endian, bytes, 0)?;
    let mut stamp = None;
    while let Some(command) = commands.next()? {
        let Some((segment, data)) = command.segment_64()? else {
            continue;
        };
        let end = segment
            .fileoff(endian)
            .saturating_add(segment.filesize(endian));
        if end > bytes.len() as u64 {
            problems.push(Problem::Truncated {
                len: bytes.len() as u64,
                what: "its last segment",
                end,
            });
            return Ok(None);
        }
        let sections = segment.sections(endian, data)?;
        for section in segment.section_offsets(endian, sections) {
            let (section, offset) = section?;
            if section.name() == b"__solti_plugin" {
                stamp = section.data(endian, bytes, offset).ok().and_then(text_of);
            }
        }
    }
    Ok(stamp)
}

/// The text inside the note.
fn text_of(note: &[u8]) -> Option<&[u8]> {
    let number = |at: usize| {
        note.get(at..at + 4)?
            .try_into()
            .ok()
            .map(u32::from_ne_bytes)
    };
    let len = usize::try_from(number(4)?).ok()?;
    let owner = note.get(12..17)?;
    if !is_stamp(owner, number(8)?) {
        return None;
    }
    note.get(NOTE_HEADER_LEN..NOTE_HEADER_LEN.checked_add(len)?)
}
