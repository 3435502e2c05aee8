//! What a file is that is no library of this platform's format.

use object::FileKind;

use super::problem::Problem;

/// Names what the file is instead of a library in the format that was `expected`.
pub(super) fn not_a_library(bytes: &[u8], expected: &str) -> Problem {
    let what = match FileKind::parse(bytes) {
        Ok(FileKind::Elf32 | FileKind::Elf64) => "an ELF file",
        Ok(FileKind::MachO32 | FileKind::MachO64 | FileKind::MachOFat32 | FileKind::MachOFat64) => {
            "a macOS library"
        }
        _ if bytes.starts_with(b"!<arch>\n") => "a static library (.a)",
        _ if bytes.starts_with(b"MZ") => "a Windows library",
        _ => {
            let found = beginning(bytes);
            return Problem::NotALibrary { found };
        }
    };
    let found = format!("it is {what}, not {expected}");
    Problem::NotALibrary { found }
}

/// The beginning of a file, for people.
fn beginning(bytes: &[u8]) -> String {
    if bytes.is_empty() {
        return "the file is empty".to_owned();
    }
    let start = &bytes[..bytes.len().min(16)];
    format!("it begins with \"{}\"", start.escape_ascii())
}
