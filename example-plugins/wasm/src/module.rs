//! A module file, and what can be wrong with it.

mod text;

use std::fmt::Display;
use std::fs;
use std::path::Path;

use thiserror::Error;

use self::text::shown;

/// The first bytes of every WebAssembly binary.
const MAGIC: &[u8] = b"\0asm";
/// What follows in a core module: version 1, layer 0.
const CORE_MODULE: [u8; 4] = [1, 0, 0, 0];
/// Magic and version.
const HEADER_BYTES: usize = 8;

/// What is wrong with a module: the end of a sentence that begins with its path.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(crate) enum Fault {
    #[error("could not be read: {0}")]
    Unreadable(String),
    #[error("is not a regular file")]
    NotAFile,
    #[error("has {found} bytes, the limit is {limit} (max_module_bytes)")]
    TooLarge { found: u64, limit: u64 },
    #[error(
        "is not a WebAssembly binary: it begins with \"{}\", expected \"\\x00asm\"",
        found.escape_ascii()
    )]
    NotWasm { found: Vec<u8> },
    #[error("is no core module of version 1, perhaps a component: build it for wasm32-wasip1")]
    NotCore,
    #[error("is truncated: it goes on to byte {needed} or further, the file has {found} bytes")]
    Truncated { needed: u64, found: usize },
    #[error("is not valid: {0}")]
    Invalid(String),
    #[error(
        "imports {0}, which nobody provides: provided are the functions of \
         wasi_snapshot_preview1, build it for wasm32-wasip1"
    )]
    Imports(String),
    #[error("imports {name} with the type {wanted}, provided is {provided}")]
    ImportType {
        name: String,
        wanted: String,
        provided: String,
    },
    #[error("exports no function _start without parameters, so it is no program")]
    NoStart,
    #[error("exports no memory, which the WASI functions it imports need")]
    NoMemory,
    #[error("needs {needed} bytes of memory to start, the limit is {limit} (max_memory_bytes)")]
    Memory { needed: u64, limit: u64 },
    #[error("needs a table of {needed} elements to start, the limit is {limit}")]
    Table { needed: usize, limit: usize },
    #[error("could not be instantiated: {0}")]
    Instantiation(String),
}

impl Fault {
    /// A module that the engine does not accept, in the engine's words.
    pub(crate) fn invalid(words: impl Display) -> Self {
        Self::Invalid(shown(&words.to_string()))
    }

    /// A module that cannot be instantiated, in the engine's words.
    pub(crate) fn instantiation(words: impl Display) -> Self {
        Self::Instantiation(shown(&words.to_string()))
    }

    /// A module with imports, each of a module and a name, that nobody provides.
    pub(crate) fn imports(missing: &[(&str, &str)]) -> Self {
        Self::Imports(text::list(missing))
    }

    /// A module with an import of another type.
    pub(crate) fn import_type(
        (module, name): (&str, &str),
        wanted: impl Display,
        provided: impl Display,
    ) -> Self {
        Self::ImportType {
            name: text::import(module, name),
            wanted: shown(&wanted.to_string()),
            provided: provided.to_string(),
        }
    }

    /// Whether the file may be whole at the next attempt, because it is only on its way.
    pub(crate) fn may_pass(&self) -> bool {
        matches!(
            self,
            Self::Unreadable(_) | Self::NotAFile | Self::Truncated { .. }
        )
    }
}

/// Reads a module of at most `limit` bytes and checks its outer form.
pub(crate) fn read(path: &Path, limit: u64) -> Result<Vec<u8>, Fault> {
    let unreadable = |err: std::io::Error| Fault::Unreadable(err.to_string());
    let metadata = fs::metadata(path).map_err(unreadable)?;
    // Opening a pipe would wait for somebody to write to it.
    if !metadata.is_file() {
        return Err(Fault::NotAFile);
    }
    if metadata.len() > limit {
        return Err(Fault::TooLarge {
            found: metadata.len(),
            limit,
        });
    }
    let bytes = fs::read(path).map_err(unreadable)?;
    check_form(&bytes)?;
    Ok(bytes)
}

/// Checks the header, and that every section ends within the file.
///
/// The engine would refuse such a file too, in words that do not tell a wrong file from one that
/// is still being copied.
fn check_form(bytes: &[u8]) -> Result<(), Fault> {
    let head = &bytes[..bytes.len().min(MAGIC.len())];
    if head != &MAGIC[..head.len()] {
        return Err(Fault::NotWasm {
            found: head.to_vec(),
        });
    }
    let truncated = |needed| Fault::Truncated {
        needed,
        found: bytes.len(),
    };
    let Some((header, mut rest)) = bytes.split_at_checked(HEADER_BYTES) else {
        return Err(truncated(HEADER_BYTES as u64));
    };
    if header[MAGIC.len()..] != CORE_MODULE {
        return Err(Fault::NotCore);
    }
    while let Some((_id, after_id)) = rest.split_first() {
        let at = bytes.len() - after_id.len();
        let Some((size, payload)) = section_size(after_id)? else {
            return Err(truncated(bytes.len() as u64 + 1));
        };
        let Some(next) = payload.get(size as usize..) else {
            let payload_at = at + (after_id.len() - payload.len());
            return Err(truncated(payload_at as u64 + u64::from(size)));
        };
        rest = next;
    }
    Ok(())
}

/// Reads a section's size, an unsigned LEB128 number of at most 32 bits; `None` where it is cut.
fn section_size(bytes: &[u8]) -> Result<Option<(u32, &[u8])>, Fault> {
    let mut size = 0_u64;
    for (index, byte) in bytes.iter().enumerate().take(5) {
        size |= u64::from(byte & 0x7f) << (7 * index);
        if byte & 0x80 == 0 {
            let size = u32::try_from(size)
                .map_err(|_| Fault::Invalid("a section's size exceeds 32 bits".to_owned()))?;
            return Ok(Some((size, &bytes[index + 1..])));
        }
    }
    if bytes.len() >= 5 {
        return Err(Fault::Invalid("a section's size has no end".to_owned()));
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The header, and a custom section of 3 bytes with the name "ab".
    const MODULE: &[u8] = b"\0asm\x01\0\0\0\x00\x03\x02ab";

    #[test]
    fn a_file_cut_anywhere_inside_a_section_is_truncated() {
        assert_eq!(check_form(MODULE), Ok(()));
        assert_eq!(check_form(&MODULE[..8]), Ok(()));
        for end in (0..8).chain(9..MODULE.len()) {
            let err = check_form(&MODULE[..end]).unwrap_err();
            assert!(matches!(err, Fault::Truncated { .. }), "{end}: {err}");
            assert!(err.may_pass());
        }
        assert_eq!(
            check_form(&MODULE[..11]).unwrap_err().to_string(),
            "is truncated: it goes on to byte 13 or further, the file has 11 bytes"
        );
    }

    #[test]
    fn a_section_size_that_never_ends_is_refused() {
        let mut bytes = MODULE[..9].to_vec();
        bytes.extend([0xff; 9]);
        let err = check_form(&bytes).unwrap_err();
        assert_eq!(err.to_string(), "is not valid: a section's size has no end");
    }

    #[test]
    fn a_component_is_told_from_a_module() {
        let err = check_form(b"\0asm\x0d\0\x01\0").unwrap_err();
        assert_eq!(
            err.to_string(),
            "is no core module of version 1, perhaps a component: build it for wasm32-wasip1"
        );
        assert!(!err.may_pass());
    }
}
