//! The header of an ELF file: whether the file can be a library of this machine, and is all there.

use object::elf::{self, FileHeader64, ProgramHeader64};
use object::read::elf::{FileHeader as _, ProgramHeader as _};
use object::{Endianness, FileKind};

use crate::loader::inspect::format::not_a_library;
use crate::loader::inspect::problem::Problem;

/// The type of header that a 64-bit file has.
pub(super) type Header = FileHeader64<Endianness>;

/// A 64-bit ELF file.
#[derive(Debug, Clone, Copy)]
pub(super) struct File<'data> {
    pub(super) bytes: &'data [u8],
    pub(super) endian: Endianness,
    header: &'data Header,
}

impl<'data> File<'data> {
    pub(super) fn parse(bytes: &'data [u8]) -> Result<Self, Problem> {
        let len = bytes.len() as u64;
        let end = size_of::<Header>() as u64;
        if bytes.starts_with(&elf::ELFMAG) && len < end {
            let what = "its header";
            return Err(Problem::Truncated { len, what, end });
        }
        match FileKind::parse(bytes) {
            Ok(FileKind::Elf64) => {}
            Ok(FileKind::Elf32) => return Err(other_machine("a 32-bit machine")),
            _ => return Err(not_a_library(bytes, "an ELF file")),
        }
        let header = Header::parse(bytes).map_err(Problem::malformed)?;
        let endian = header.endian().map_err(Problem::malformed)?;
        Ok(Self {
            bytes,
            endian,
            header,
        })
    }

    pub(super) fn segments(&self) -> object::Result<&'data [ProgramHeader64<Endianness>]> {
        self.header.program_headers(self.endian, self.bytes)
    }

    /// All that keeps it from being a library of this machine. Where there is anything, its tables
    /// cannot be relied on.
    pub(super) fn problems(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        problems.extend(self.wrong_machine());
        problems.extend(self.wrong_system());
        if self.endian != HOST_ENDIAN {
            // The order of bytes may be a lie, and then all that follows is wrong.
            return problems;
        }
        problems.extend(self.wrong_type());
        match self.truncated() {
            Ok(truncated) => problems.extend(truncated),
            // What was found explains why the headers cannot be read: one cause is named once.
            Err(err) if problems.is_empty() => problems.push(Problem::malformed(err)),
            Err(_) => {}
        }
        problems
    }

    fn wrong_machine(&self) -> Option<Problem> {
        if self.endian != HOST_ENDIAN {
            return Some(other_machine(match self.endian {
                Endianness::Little => "a little-endian machine",
                Endianness::Big => "a big-endian machine",
            }));
        }
        let machine = self.header.e_machine(self.endian);
        HOST_MACHINE
            .is_some_and(|host| host != machine)
            .then(|| other_machine(machine_name(machine)))
    }

    /// The loader of Linux takes libraries of no system in particular, and its own.
    fn wrong_system(&self) -> Option<Problem> {
        let found = match self.header.e_ident().os_abi {
            elf::ELFOSABI_NONE | elf::ELFOSABI_GNU => return None,
            _ if !cfg!(target_os = "linux") => return None,
            elf::ELFOSABI_FREEBSD => "FreeBSD".to_owned(),
            elf::ELFOSABI_NETBSD => "NetBSD".to_owned(),
            elf::ELFOSABI_OPENBSD => "OpenBSD".to_owned(),
            elf::ELFOSABI_SOLARIS => "Solaris".to_owned(),
            other => format!("system number {}", other.0),
        };
        Some(Problem::WrongSystem { found })
    }

    fn wrong_type(&self) -> Option<Problem> {
        let found = match self.header.e_type(self.endian) {
            elf::ET_DYN => return None,
            elf::ET_EXEC => "a program",
            elf::ET_REL => "an object file (.o)",
            elf::ET_CORE => "a core dump",
            _ => "an ELF file of another type",
        };
        Some(Problem::WrongType { found })
    }

    /// What the headers speak of and the file does not have: dlopen maps it without looking, and the
    /// first touch of a page past the end kills the process.
    fn truncated(&self) -> object::Result<Option<Problem>> {
        let (header, endian) = (self.header, self.endian);
        let len = self.bytes.len() as u64;
        let table = |offset: u64, count: u16, size: u16| {
            offset.saturating_add(u64::from(count) * u64::from(size))
        };
        let segments = table(
            header.e_phoff(endian),
            header.e_phnum(endian),
            header.e_phentsize(endian),
        );
        let sections = table(
            header.e_shoff(endian),
            header.e_shnum(endian),
            header.e_shentsize(endian),
        );
        let mut ends = vec![
            ("its program header table", segments),
            ("its section header table", sections),
        ];
        if segments <= len {
            let ranges = self.segments()?.iter().map(|it| it.file_range(endian));
            let last = ranges.map(|(start, size)| start.saturating_add(size)).max();
            ends.extend(last.map(|end| ("its last segment", end)));
        }
        Ok(ends
            .into_iter()
            .filter(|(_, end)| *end > len)
            .max_by_key(|(_, end)| *end)
            .map(|(what, end)| Problem::Truncated { len, what, end }))
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

fn other_machine(found: impl Into<String>) -> Problem {
    let found = found.into();
    Problem::WrongMachine { found }
}

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
