//! Mach-O files that are made up, read on whatever system the tests run.

use object::BigEndian;
use object::macho::SegmentCommand64;
use object::pod::from_bytes_mut;
use solti_plugin_abi::stamp::{NOTE_OWNER, NOTE_TYPE};

use super::*;
use crate::loader::refusal::{method, sentence};

const ENDIAN: Endianness = Endianness::Little;
const TEXT: &[u8] = b"abi=1\n";

type Segment = SegmentCommand64<Endianness>;
type Section = Section64<Endianness>;

/// The note of the stamp.
fn note() -> Vec<u8> {
    let lengths = [NOTE_OWNER.len() as u32, TEXT.len() as u32, NOTE_TYPE];
    let mut note = lengths.map(u32::to_le_bytes).concat();
    note.extend(NOTE_OWNER);
    // Up to the next multiple of four.
    note.extend([0; 2]);
    note.extend(TEXT);
    note
}

/// A library with nothing in it but a stamp, and with what `change` makes of its headers.
fn library(change: impl FnOnce(&mut Header, &mut Segment, &mut Section)) -> Vec<u8> {
    let commands = size_of::<Segment>() + size_of::<Section>();
    let mut bytes = vec![0; size_of::<Header>() + commands];
    let (at, note) = (bytes.len(), note());
    let (header, rest) = from_bytes_mut::<Header>(&mut bytes).unwrap();
    let (segment, rest) = from_bytes_mut::<Segment>(rest).unwrap();
    let (section, _) = from_bytes_mut::<Section>(rest).unwrap();
    header.magic.set(BigEndian, macho::MH_CIGAM_64);
    header.cputype.set(ENDIAN, HOST_CPU);
    header.filetype.set(ENDIAN, macho::MH_DYLIB);
    header.ncmds.set(ENDIAN, 1);
    header.sizeofcmds.set(ENDIAN, commands as u32);
    segment.cmd.set(ENDIAN, macho::LC_SEGMENT_64);
    segment.cmdsize.set(ENDIAN, commands as u32);
    segment.filesize.set(ENDIAN, (at + note.len()) as u64);
    segment.nsects.set(ENDIAN, 1);
    section.sectname[..MACHO_SECTION.len()].copy_from_slice(MACHO_SECTION.as_bytes());
    section.offset.set(ENDIAN, at as u32);
    section.size.set(ENDIAN, note.len() as u64);
    change(header, segment, section);
    bytes.extend(note);
    bytes
}

fn problems(bytes: &[u8]) -> Vec<String> {
    let problems = read(bytes).expect_err("it is no library of this machine");
    problems.iter().map(|it| sentence(it, method)).collect()
}

fn stamp(bytes: &[u8]) -> Option<&[u8]> {
    read(bytes).expect("it is a library").stamp
}

#[test]
fn the_stamp_of_a_library_for_macos_is_found_on_every_system() {
    assert_eq!(stamp(&library(|_, _, _| {})), Some(TEXT));
    let bundle = library(|header, _, _| header.filetype.set(ENDIAN, macho::MH_BUNDLE));
    assert_eq!(stamp(&bundle), Some(TEXT));
    // A section of another name, and one that is not in the file.
    let unnamed = library(|_, _, section| section.sectname[0] = b'-');
    assert_eq!(stamp(&unnamed), None);
    let empty = library(|_, _, section| section.size.set(ENDIAN, 0));
    assert_eq!(stamp(&empty), None);
    // One that ends within the note.
    let cut_off = library(|_, _, section| section.size.set(ENDIAN, 24));
    assert_eq!(stamp(&cut_off), None);
}

#[test]
fn a_library_at_an_odd_address_is_read_like_any_other() {
    let bytes = [vec![0], library(|_, _, _| {})].concat();
    assert_eq!(stamp(&bytes[1..]), Some(TEXT));
}

#[test]
fn a_file_for_macos_of_another_kind_is_named() {
    let other = if HOST_CPU == macho::CPU_TYPE_ARM64 {
        macho::CPU_TYPE_X86_64
    } else {
        macho::CPU_TYPE_ARM64
    };
    let program_of_another = library(|header, _, _| {
        header.cputype.set(ENDIAN, other);
        header.filetype.set(ENDIAN, macho::MH_EXECUTE);
    });
    let found = read(&program_of_another).unwrap_err();
    assert!(
        matches!(
            &found[..],
            [Problem::WrongMachine { found }, Problem::WrongType { found: "a program" }]
                if ["aarch64", "x86_64"].contains(&found.as_str())
        ),
        "{found:?}"
    );
    let object = library(|header, _, _| header.filetype.set(ENDIAN, macho::MH_OBJECT));
    assert_eq!(
        problems(&object),
        ["not a shared library but an object file (.o): build it with crate-type = [\"cdylib\"]"]
    );
    assert_eq!(
        problems(b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0"),
        [
            "not a shared library: it is an ELF file, not a 64-bit Mach-O file; \
          move it out of the plugin directory"
        ]
    );
}

#[test]
fn every_beginning_of_a_library_for_macos_is_refused() {
    let whole = library(|_, _, _| {});
    for len in 0..whole.len() {
        let problems = problems(&whole[..len]);
        assert_eq!(problems.len(), 1, "{len} bytes: {problems:?}");
    }
    assert_eq!(
        problems(&whole[..whole.len() - 1]),
        [format!(
            "truncated: the file has {} bytes, but its last segment ends at {}; copy it again",
            whole.len() - 1,
            whole.len()
        )]
    );
    assert_eq!(
        problems(&whole[..100]),
        [
            "truncated: the file has 100 bytes, but its load command table ends at 184; copy it again"
        ]
    );
}

#[test]
fn numbers_that_lead_out_of_the_file_are_refused() {
    type Change = fn(&mut Header, &mut Segment, &mut Section);
    let changes: [(Change, &str); 5] = [
        (
            |header, _, _| header.ncmds.set(ENDIAN, u32::MAX),
            "malformed: Invalid Mach-O load command header; copy or build it again",
        ),
        (
            |_, segment, _| segment.cmdsize.set(ENDIAN, 0),
            "malformed: Invalid Mach-O load command size; copy or build it again",
        ),
        (
            |_, segment, _| segment.nsects.set(ENDIAN, u32::MAX),
            "malformed: Invalid Mach-O number of sections; copy or build it again",
        ),
        (
            |_, segment, _| segment.fileoff.set(ENDIAN, u64::MAX),
            "truncated: the file has 210 bytes, but its last segment ends at \
             18,446,744,073,709,551,615; copy it again",
        ),
        (
            |_, _, section| section.offset.set(ENDIAN, u32::MAX),
            "malformed: Invalid Mach-O section size or offset; copy or build it again",
        ),
    ];
    for (change, expected) in changes {
        assert_eq!(problems(&library(change)), [expected]);
    }
}

#[test]
fn no_damage_makes_the_reader_panic() {
    let whole = library(|_, _, _| {});
    for at in 0..whole.len() {
        for byte in [0, 1, 0x7f, 0x80, 0xff] {
            let mut bytes = whole.clone();
            bytes[at] = byte;
            let _ = read(&bytes);
        }
    }
}
