//! Whether the program headers say what the system's loader can rely on.
//!
//! It takes addresses and lengths from them without a look at the file, maps over what is there, and
//! copies as much as they say. So a number that is wrong may lie in wait: a probe that touches no
//! thread-local survives what ends the host at the first.

use object::Endianness;
use object::elf::{self, ProgramHeader64};
use object::read::elf::{NoteIterator, ProgramHeader as _};

use super::check::Check;
use super::dynamic::Image;
use super::file::Header;

/// The smallest page that there is: the loader maps whole pages.
const PAGE: u64 = 4_096;

/// The most memory for the thread-locals of one library: the loader allocates it for each thread that
/// touches one, and ends the process when it cannot.
const MAX_TLS_BYTES: u64 = 64 << 20;
/// The coarsest alignment of thread-locals.
const MAX_TLS_ALIGN: u64 = 2 << 20;

/// All of them; each stands on those before it.
pub(super) const CHECKS: [Check; 9] = [
    (
        file_parts_fit,
        "a segment has more bytes in the file than in memory",
    ),
    (
        segments_are_ordered,
        "its segments overlap or are out of order",
    ),
    (
        alignments_are_powers_of_two,
        "the alignment of a segment is no power of two",
    ),
    (
        header_table_is_where_it_says,
        "its program header table is not where it says",
    ),
    (
        dynamic_table_is_where_it_says,
        "its dynamic table is not where it says",
    ),
    (
        protected_parts_are_inside,
        "a region to be write-protected lies outside its segments",
    ),
    (
        notes_are_where_they_say,
        "notes, or the table for unwinding, are not where it says",
    ),
    (
        thread_locals_begin_in_the_file,
        "its thread-locals have more beginnings than memory, or none in the file",
    ),
    (
        thread_locals_are_of_a_usual_size,
        "its thread-locals take more than 64 MiB in each thread, or an alignment of over 2 MiB",
    ),
];

/// Where there are fewer bytes in memory, a part of the file is mapped over what comes behind.
fn file_parts_fit(image: &Image<'_>) -> bool {
    let mut loaded = image.headers_of(elf::PT_LOAD);
    loaded.all(|header| header.p_filesz(image.endian) <= header.p_memsz(image.endian))
}

/// Each begins on a page behind the last one of that before it.
fn segments_are_ordered(image: &Image<'_>) -> bool {
    let mut free_from = Some(0);
    image.segments.iter().all(|segment| {
        let begins_behind = free_from.is_some_and(|free| segment.start / PAGE * PAGE >= free);
        let end = segment.start.checked_add(segment.len);
        free_from = end.and_then(|end| end.checked_next_multiple_of(PAGE));
        begins_behind && free_from.is_some()
    })
}

fn alignments_are_powers_of_two(image: &Image<'_>) -> bool {
    let mut headers = image
        .headers_of(elf::PT_LOAD)
        .chain(image.headers_of(elf::PT_TLS));
    headers.all(|header| {
        let align = header.p_align(image.endian);
        align == 0 || align.is_power_of_two()
    })
}

/// Where the unwinder looks for it, in every panic of the process.
fn header_table_is_where_it_says(image: &Image<'_>) -> bool {
    let table = size_of_val(image.headers) as u64;
    let start = image.headers.as_ptr().addr();
    image.headers_of(elf::PT_PHDR).all(|header| {
        let found = image.bytes(header.p_vaddr(image.endian), table);
        found.is_some_and(|bytes| bytes.as_ptr().addr() == start)
    })
}

/// The loader reads it where it lies in memory, and everything here where it lies in the file. It
/// writes to it unless it is said to be for reading.
fn dynamic_table_is_where_it_says(image: &Image<'_>) -> bool {
    let endian = image.endian;
    image.headers_of(elf::PT_DYNAMIC).all(|header| {
        let (start, len) = (header.p_vaddr(endian), header.p_filesz(endian));
        let segment = image.segment_of(start, len);
        let as_it_says = !header.p_flags(endian).contains(elf::PF_W);
        mapped_as_in_file(image, header)
            && start.is_multiple_of(8)
            && segment.is_some_and(|segment| as_it_says || segment.writable)
    })
}

/// Whether each region that is to be write-protected is one that can be.
fn protected_parts_are_inside(image: &Image<'_>) -> bool {
    let endian = image.endian;
    image
        .headers_of(elf::PT_GNU_RELRO)
        .all(|header| can_be_protected(image, header.p_vaddr(endian), header.p_memsz(endian)))
}

/// Only what can be written to before is protected: code would be no code any more. Some linkers have
/// it end with the last page of its segment.
fn can_be_protected(image: &Image<'_>, start: u64, len: u64) -> bool {
    // The segment of its first byte: where the code before it ends on a page, that ends there, too.
    let Some(segment) = image.segment_of(start, 1) else {
        return false;
    };
    let last = segment
        .start
        .checked_add(segment.len)
        .and_then(|end| end.checked_next_multiple_of(PAGE));
    let end = start.checked_add(len);
    segment.writable && end.is_some() && end <= last
}

/// The loader reads notes about the processor, and trusts their lengths, too.
fn notes_are_where_they_say(image: &Image<'_>) -> bool {
    let endian = image.endian;
    let properties = || image.headers_of(elf::PT_GNU_PROPERTY);
    let notes = || image.headers_of(elf::PT_NOTE).chain(properties());
    let unwinding = image.headers_of(elf::PT_GNU_EH_FRAME);
    notes().chain(unwinding).all(|header| {
        header.p_memsz(endian) == header.p_filesz(endian) && mapped_as_in_file(image, header)
    }) && properties().all(|header| {
        let bytes = image.bytes(header.p_vaddr(endian), header.p_filesz(endian));
        let notes = bytes.and_then(|bytes| {
            NoteIterator::<Header>::new(endian, header.p_align(endian), bytes).ok()
        });
        notes.is_some_and(|mut notes| notes.all(|note| note.is_ok()))
    })
}

/// What each thread gets a copy of must be in the file, and fit into its memory.
fn thread_locals_begin_in_the_file(image: &Image<'_>) -> bool {
    let endian = image.endian;
    let mut headers = image.headers_of(elf::PT_TLS);
    let first = headers.next();
    // Loaders do not agree which of several counts.
    headers.next().is_none()
        && first.is_none_or(|header| {
            header.p_filesz(endian) <= header.p_memsz(endian)
                && (header.p_filesz(endian) == 0 || mapped_as_in_file(image, header))
        })
}

fn thread_locals_are_of_a_usual_size(image: &Image<'_>) -> bool {
    image.headers_of(elf::PT_TLS).all(|header| {
        header.p_memsz(image.endian) <= MAX_TLS_BYTES
            && header.p_align(image.endian) <= MAX_TLS_ALIGN
    })
}

/// Whether the loader makes the stack of every thread of the process executable for it. That is also
/// what it does where nothing is said.
pub(super) fn stack_is_executable(image: &Image<'_>) -> bool {
    let header = image.headers_of(elf::PT_GNU_STACK).last();
    header.is_none_or(|header| header.p_flags(image.endian).contains(elf::PF_X))
}

/// Whether the bytes that a header names by their place in the file are those that will lie where it
/// says in memory.
fn mapped_as_in_file(image: &Image<'_>, header: &ProgramHeader64<Endianness>) -> bool {
    let endian = image.endian;
    let (start, len) = (header.p_vaddr(endian), header.p_filesz(endian));
    image.segments.iter().any(|loaded| {
        let offset = start.checked_sub(loaded.start);
        offset.is_some_and(|offset| {
            loaded.offset.checked_add(offset) == Some(header.p_offset(endian))
                && offset
                    .checked_add(len)
                    .is_some_and(|end| end <= loaded.file_len())
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments_share_no_page_and_end_within_what_can_be_addressed() {
        let ordered = |parts: &[(u64, u64)]| {
            let mut image = Image::made_up(&[], &[]);
            image.set_segments(parts);
            segments_are_ordered(&image)
        };
        assert!(ordered(&[(0, 0x1000), (0x1000, 0x10)]));
        assert!(ordered(&[(0, 0xff0), (0x1ff0, 0x20)]));
        assert!(!ordered(&[(0, 0xff0), (0xff8, 8)]), "one page");
        assert!(!ordered(&[(0x1000, 8), (0, 8)]), "out of order");
        assert!(!ordered(&[(0, 8), (0x1000, u64::MAX - 0x1001)]), "no end");
        assert!(!ordered(&[(0x1000, u64::MAX)]), "no end");
    }

    #[test]
    fn what_is_protected_may_begin_where_the_code_before_it_ends() {
        let mut image = Image::made_up(&[], &[]);
        image.set_segments(&[(0, 0x4000), (0x4000, 0x1ff0)]);
        image.segments[0].writable = false;
        assert!(can_be_protected(&image, 0x4000, 0x1ff0));
        assert!(can_be_protected(&image, 0x4000, 0x2000), "its last page");
        assert!(!can_be_protected(&image, 0x3000, 0x1000), "code");
        assert!(!can_be_protected(&image, 0x3000, 0x2000), "code and more");
        assert!(!can_be_protected(&image, 0x4000, 0x2001), "beyond");
        assert!(!can_be_protected(&image, 0x4000, u64::MAX), "no end");
        assert!(!can_be_protected(&image, 0x9000, 8), "nowhere");
    }
}
