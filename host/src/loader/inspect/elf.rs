//! ELF files: Linux and its relatives.

use object::elf::{self, FileHeader64};
use object::read::elf::{FileHeader, ProgramHeader};
use object::{Endianness, FileKind};

use super::{Needs, Problem, beginning, is_stamp, needs, tables};
use crate::loader::sonames;

pub(super) type Header = FileHeader64<Endianness>;

/// The most notes that are looked at for the stamp. A library has a handful.
const MAX_NOTES: usize = 8_192;

/// Checks that the file can be a library of this machine, and finds its stamp and its needs.
pub(super) fn read<'data>(
    bytes: &'data [u8],
    problems: &mut Vec<Problem>,
    needs: &mut Needs,
) -> Option<&'data [u8]> {
    let header_len = size_of::<Header>() as u64;
    if bytes.starts_with(&elf::ELFMAG) && (bytes.len() as u64) < header_len {
        problems.push(Problem::Truncated {
            len: bytes.len() as u64,
            what: "its header",
            end: header_len,
        });
        return None;
    }
    match FileKind::parse(bytes) {
        Ok(FileKind::Elf64) => {}
        Ok(FileKind::Elf32) => {
            problems.push(Problem::WrongMachine {
                found: "a 32-bit machine".to_owned(),
            });
            return None;
        }
        other => {
            problems.push(Problem::NotALibrary {
                found: not_elf(other.ok(), bytes),
            });
            return None;
        }
    }
    read_64(bytes, problems, needs).unwrap_or_else(|err| {
        // What is missing explains a header that cannot be read; both would be one cause twice.
        if problems.is_empty() {
            problems.push(Problem::Malformed {
                reason: err.to_string(),
            });
        }
        None
    })
}

fn not_elf(kind: Option<FileKind>, bytes: &[u8]) -> String {
    let what = match kind {
        Some(FileKind::MachO32 | FileKind::MachO64 | FileKind::MachOFat32) => "a macOS library",
        _ if bytes.starts_with(b"!<arch>\n") => "a static library (.a)",
        _ if bytes.starts_with(b"MZ") => "a Windows library",
        _ => return beginning(bytes),
    };
    format!("it is {what}, expected an ELF file")
}

fn read_64<'data>(
    bytes: &'data [u8],
    problems: &mut Vec<Problem>,
    needs: &mut Needs,
) -> object::Result<Option<&'data [u8]>> {
    let header = Header::parse(bytes)?;
    let endian = header.endian()?;
    check_machine(header, endian, problems);
    check_system(header, problems);
    if endian != HOST_ENDIAN {
        // The order of bytes may be a lie, and then all that follows is wrong.
        return Ok(None);
    }
    check_type(header, endian, problems);
    check_whole(header, endian, bytes, problems)?;
    if !problems.is_empty() {
        return Ok(None);
    }
    if let Some(what) = tables::damage(header, endian, bytes) {
        let reason = what.to_owned();
        problems.push(Problem::Malformed { reason });
        return Ok(None);
    }
    needs::read(header, endian, bytes, needs);
    if let Some(problem) = needs.glibc.and_then(needs::newer_glibc) {
        problems.push(problem);
    }
    let stamp = find_stamp(header, endian, bytes)?;
    if let Some(found) = needs.soname.clone() {
        if found.contains('/') {
            problems.push(Problem::SonameIsPath { found });
        } else if stamp.is_some() && sonames::is_of_the_host(&found) {
            // A library of the system that is no plugin is rightly called so.
            problems.push(Problem::SonameOfHost { found });
        }
    }
    // Without a stamp, that there is nothing to find in it goes without saying.
    if stamp.is_some() && needs::lacks_root(header, endian, bytes) {
        problems.push(Problem::NoRootSymbol);
    }
    if stamp.is_none() && !problems.is_empty() {
        problems.insert(0, Problem::NoStamp);
    }
    Ok(stamp)
}

fn find_stamp<'data>(
    header: &Header,
    endian: Endianness,
    bytes: &'data [u8],
) -> object::Result<Option<&'data [u8]>> {
    let mut looked_at = 0;
    for segment in header.program_headers(endian, bytes)? {
        let Some(mut notes) = segment.notes(endian, bytes)? else {
            continue;
        };
        while let Some(note) = notes.next()? {
            looked_at += 1;
            if looked_at > MAX_NOTES {
                return Ok(None);
            }
            if is_stamp(note.name(), note.n_type(endian).0) {
                return Ok(Some(note.desc()));
            }
        }
    }
    Ok(None)
}

fn check_machine(header: &Header, endian: Endianness, problems: &mut Vec<Problem>) {
    if endian != HOST_ENDIAN {
        let found = match endian {
            Endianness::Little => "a little-endian machine",
            Endianness::Big => "a big-endian machine",
        };
        problems.push(Problem::WrongMachine {
            found: found.to_owned(),
        });
        return;
    }
    let machine = header.e_machine(endian);
    if HOST_MACHINE.is_some_and(|host| host != machine) {
        problems.push(Problem::WrongMachine {
            found: machine_name(machine),
        });
    }
}

const HOST_ENDIAN: Endianness = if cfg!(target_endian = "little") {
    Endianness::Little
} else {
    Endianness::Big
};

/// The machine of this host, where this table knows it.
const HOST_MACHINE: Option<elf::Machine> = if cfg!(target_arch = "x86_64") {
    Some(elf::EM_X86_64)
} else if cfg!(target_arch = "aarch64") {
    Some(elf::EM_AARCH64)
} else if cfg!(target_arch = "riscv64") {
    Some(elf::EM_RISCV)
} else {
    None
};

fn machine_name(machine: elf::Machine) -> String {
    match machine {
        elf::EM_X86_64 => "x86_64".to_owned(),
        elf::EM_AARCH64 => "aarch64".to_owned(),
        elf::EM_RISCV => "riscv64".to_owned(),
        elf::EM_PPC64 => "powerpc64".to_owned(),
        elf::EM_S390 => "s390x".to_owned(),
        elf::EM_LOONGARCH => "loongarch64".to_owned(),
        other => format!("machine number {}", other.0),
    }
}

/// What the loader of Linux takes: libraries of no system in particular, and its own.
fn check_system(header: &Header, problems: &mut Vec<Problem>) {
    let found = match header.e_ident().os_abi {
        elf::ELFOSABI_NONE | elf::ELFOSABI_GNU => return,
        _ if !cfg!(target_os = "linux") => return,
        elf::ELFOSABI_FREEBSD => "FreeBSD".to_owned(),
        elf::ELFOSABI_NETBSD => "NetBSD".to_owned(),
        elf::ELFOSABI_OPENBSD => "OpenBSD".to_owned(),
        elf::ELFOSABI_SOLARIS => "Solaris".to_owned(),
        other => format!("system number {}", other.0),
    };
    problems.push(Problem::WrongSystem { found });
}

fn check_type(header: &Header, endian: Endianness, problems: &mut Vec<Problem>) {
    let found = match header.e_type(endian) {
        elf::ET_DYN => return,
        elf::ET_EXEC => "a program",
        elf::ET_REL => "an object file (.o)",
        elf::ET_CORE => "a core dump",
        _ => "an ELF file of another type",
    };
    problems.push(Problem::WrongType { found });
}

/// Checks that all that the headers speak of is inside the file: dlopen maps it without looking,
/// and the first touch of a page past the end kills the process.
fn check_whole(
    header: &Header,
    endian: Endianness,
    bytes: &[u8],
    problems: &mut Vec<Problem>,
) -> object::Result<()> {
    let len = bytes.len() as u64;
    let table = |offset: u64, count: u64, size: u64| offset.saturating_add(count * size);
    let programs = table(
        header.e_phoff(endian),
        u64::from(header.e_phnum(endian)),
        u64::from(header.e_phentsize(endian)),
    );
    let sections = table(
        header.e_shoff(endian),
        u64::from(header.e_shnum(endian)),
        u64::from(header.e_shentsize(endian)),
    );
    let mut ends = vec![("its program header table", programs)];
    if programs <= len {
        for segment in header.program_headers(endian, bytes)? {
            let end = segment
                .p_offset(endian)
                .saturating_add(segment.p_filesz(endian));
            ends.push(("its last segment", end));
        }
    }
    ends.push(("its section header table", sections));
    let missing = ends
        .into_iter()
        .filter(|(_, end)| *end > len)
        .max_by_key(|(_, end)| *end);
    if let Some((what, end)) = missing {
        problems.push(Problem::Truncated { len, what, end });
    }
    Ok(())
}
