//! No bytes at all make inspection panic, and every answer is one line.

use proptest::prelude::*;

use super::*;
use crate::loader::refusal::{method, sentence};

/// A library of this machine that every test program has: itself is no library, but libc is.
fn a_library() -> Vec<u8> {
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
    let line = maps.lines().find(|line| line.contains("/libc.so")).unwrap();
    std::fs::read(&line[line.find('/').unwrap()..]).unwrap()
}

fn assert_answers(bytes: &[u8]) {
    let inspection = inspect(bytes);
    assert!(inspection.stamp.is_some() || !inspection.problems.is_empty());
    for problem in &inspection.problems {
        let text = sentence(problem, method);
        assert!(!text.contains(char::is_control), "{text:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        cases: 2_000,
        ..ProptestConfig::default()
    })]

    #[test]
    fn random_bytes_are_refused_in_words(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        assert_answers(&bytes);
        let mut elf = b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x03\0\x3e\0".to_vec();
        elf.extend(&bytes);
        assert_answers(&elf);
    }
}

#[test]
fn a_damaged_library_is_read_or_refused_in_words() {
    let library = a_library();
    let headers = 4_096.min(library.len());
    let mut state = 7_u64;
    let mut random = move || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (state >> 33) as usize
    };
    for case in 0..3_000_u32 {
        // The section headers at the end, where they are there; the tables behind the headers; and the
        // headers, without what they speak of.
        let (len, places) = match case % 3 {
            0 => (library.len(), library.len() - headers..library.len()),
            1 => (library.len(), 0..library.len().min(256 * 1024)),
            _ => (headers, 0..headers.min(1_024)),
        };
        let mut bytes = library[..len].to_vec();
        for _ in 0..1 + case % 8 {
            bytes[places.start + random() % places.len()] = random() as u8;
        }
        assert_answers(&bytes);
    }
}

/// As GNU's compiler makes them of inline variables; another one may not.
#[test]
fn symbols_that_a_process_has_once_are_found_in_what_a_compiler_of_cpp_makes() {
    use std::process::Command;
    let directory = tempfile::tempdir().unwrap();
    let (source, library) = (
        directory.path().join("a.cpp"),
        directory.path().join("a.so"),
    );
    let text = "inline int shared = 1; extern \"C\" int *place() { return &shared; }\n";
    std::fs::write(&source, text).unwrap();
    let made = Command::new("g++")
        .args(["-std=c++17", "-shared", "-fPIC", "-o"])
        .args([&library, &source])
        .status();
    // Where there is none, the tests that need one say so.
    if !made.is_ok_and(|made| made.success()) {
        return;
    }
    let bytes = std::fs::read(library).unwrap();
    assert_eq!(elf::read(&bytes).unwrap().requirements.unique, ["shared"]);
}
