//! Why the system's loader could not map a library: it says that it could not, and no more.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::ptr::null_mut;

use object::Endianness;
use object::elf::{FileHeader64, PF_W, PF_X, PT_LOAD};
use object::read::elf::{FileHeader as _, ProgramHeader as _};
use rustix::io::Errno;
use rustix::mm::{MapFlags, ProtFlags, mmap, munmap};

use crate::loader::refusal::message;

/// How the loader's text begins where the reason is left out.
const UNEXPLAINED: [&str; 2] = ["failed to map segment", "cannot map zero-fill pages"];

/// What the system's loader is not asked for with most libraries, and policies forbid.
pub(super) const WRITABLE_CODE: &str = "it has code that can be written to";

/// Where the program headers end of all but the oddest libraries.
const HEADERS: usize = 4096;

/// The smallest piece that can be mapped.
const PAGE: usize = 4096;

/// The loader's text on a library that is in `file`, with the system's own words at its end.
pub(super) fn explained(text: String, file: &File) -> String {
    if !UNEXPLAINED.iter().any(|begin| text.starts_with(begin)) {
        return text;
    }
    let code = ProtFlags::READ | ProtFlags::EXEC;
    // Where a page of it can be mapped, there is no room for the rest.
    let reason = match map_page(file, code) {
        Err(reason) => reason,
        Ok(()) if has_writable_code(file) => match map_page(file, code | ProtFlags::WRITE) {
            Err(reason @ (Errno::ACCESS | Errno::PERM)) => {
                return format!("{WRITABLE_CODE}: {}", because(&text, reason));
            }
            _ => Errno::NOMEM,
        },
        Ok(()) => Errno::NOMEM,
    };
    because(&text, reason)
}

fn because(text: &str, reason: Errno) -> String {
    let reason = io::Error::from(reason).to_string();
    format!("{text}: {}", message(&reason))
}

/// Whether a segment of a library is code that can be written to.
fn has_writable_code(file: &File) -> bool {
    // From the heap, where it begins at an address that headers may have.
    let mut head = vec![0; HEADERS];
    let Ok(len) = file.read_at(&mut head, 0) else {
        return false;
    };
    let head = &head[..len];
    let Ok(elf) = FileHeader64::<Endianness>::parse(head) else {
        return false;
    };
    let Ok(endian) = elf.endian() else {
        return false;
    };
    let mut segments = elf.program_headers(endian, head).unwrap_or_default().iter();
    segments.any(|segment| {
        let flags = segment.p_flags(endian);
        segment.p_type(endian) == PT_LOAD && flags.contains(PF_W) && flags.contains(PF_X)
    })
}

/// Maps the first page of a file for a moment.
fn map_page(file: &File, protection: ProtFlags) -> rustix::io::Result<()> {
    // SAFETY: the system chooses an address where nothing is, so no memory in use changes.
    let page = unsafe { mmap(null_mut(), PAGE, protection, MapFlags::PRIVATE, file, 0)? };
    // SAFETY: it was just mapped, with this length, and nothing refers to it.
    unsafe { munmap(page, PAGE) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mapping_that_is_denied_is_told_from_one_that_finds_no_room() {
        let message = "failed to map segment from shared object";
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "code").unwrap();
        let readable = File::open(file.path()).unwrap();
        assert_eq!(
            explained(message.to_owned(), &readable),
            format!("{message}: Cannot allocate memory")
        );
        let unreadable = File::options().write(true).open(file.path()).unwrap();
        assert_eq!(
            explained(message.to_owned(), &unreadable),
            format!("{message}: Permission denied")
        );
        let other = "undefined symbol: eventfx";
        assert_eq!(explained(other.to_owned(), &unreadable), other);
    }
}
