//! The outer form of a module: its header, and that its sections end within the file.
//!
//! The engine would refuse a file of another form too, but with a message that does not tell a wrong
//! file from one that is still being copied.

use wasmparser::{Chunk, Encoding, Parser, Payload};

use super::fault::Fault;

/// The first bytes of every WebAssembly binary.
const MAGIC: &[u8] = b"\0asm";
/// The version of core modules.
const VERSION: u16 = 1;

/// Checks the form of a module.
pub(super) fn check(bytes: &[u8]) -> Result<(), Fault> {
    let head = &bytes[..bytes.len().min(MAGIC.len())];
    if !MAGIC.starts_with(head) {
        return Err(Fault::NotWasm {
            found: head.to_vec(),
        });
    }
    let mut parser = Parser::new(0);
    let mut rest = bytes;
    let truncated = |rest: &[u8], needed: u64| Fault::Truncated {
        needed: (bytes.len() - rest.len()) as u64 + needed,
        found: bytes.len(),
    };
    loop {
        // There is more data, for all the parser knows: what it then asks for is missing.
        let payload = match parser.parse(rest, false).map_err(Fault::invalid)? {
            Chunk::Parsed { consumed, payload } => {
                rest = &rest[consumed..];
                payload
            }
            Chunk::NeedMoreData(more) => return Err(truncated(rest, rest.len() as u64 + more)),
        };
        match payload {
            Payload::Version {
                encoding: Encoding::Component,
                ..
            } => return Err(Fault::Component),
            Payload::Version { num, .. } if num != VERSION => return Err(Fault::Version),
            // The engine looks at each function in its own time.
            Payload::CodeSectionStart { size, .. } => {
                parser.skip_section();
                let Some(after) = rest.get(size as usize..) else {
                    return Err(truncated(rest, size.into()));
                };
                rest = after;
            }
            _ => {}
        }
        if rest.is_empty() {
            return Ok(());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The header, a custom section of 3 bytes with the name "ab", and a code section of 5 bytes
    /// with one function.
    const MODULE: &[u8] = b"\0asm\x01\0\0\0\x00\x03\x02ab\x0a\x05\x01\x03\0\x01\x0b";
    /// Where one of its sections ends, or its header.
    const WHOLE: [usize; 3] = [8, 13, MODULE.len()];

    #[test]
    fn a_file_cut_anywhere_inside_a_section_is_truncated() {
        for end in 0..=MODULE.len() {
            let checked = check(&MODULE[..end]);
            if WHOLE.contains(&end) {
                assert_eq!(checked, Ok(()), "{end}");
                continue;
            }
            let fault = checked.unwrap_err();
            let Fault::Truncated { needed, found } = fault else {
                panic!("{end}: {fault}");
            };
            assert!(found == end && needed > end as u64, "{end}: {fault}");
            assert!(fault.may_pass());
        }
        for (end, needed) in [(11, 13), (17, 20)] {
            assert_eq!(
                check(&MODULE[..end]).unwrap_err().to_string(),
                format!("is truncated: it needs at least {needed} bytes, the file has {end}")
            );
        }
    }

    #[test]
    fn a_section_size_that_never_ends_is_refused() {
        let mut bytes = MODULE[..9].to_vec();
        bytes.extend([0xff; 9]);
        let fault = check(&bytes).unwrap_err();
        assert_eq!(
            fault.to_string(),
            "is not valid: invalid var_u32: integer representation too long (at offset 0xd)"
        );
        assert!(!fault.may_pass());
    }

    #[test]
    fn a_component_is_told_from_a_module_of_another_version() {
        for (header, message) in [
            (
                b"\0asm\x0d\0\x01\0",
                "is a component, not a core module: build it for wasm32-wasip1",
            ),
            (
                b"\0asm\x02\0\0\0",
                "has an unsupported WebAssembly version: build it for wasm32-wasip1",
            ),
        ] {
            let fault = check(header).unwrap_err();
            assert_eq!(fault.to_string(), message);
            assert!(!fault.may_pass());
        }
    }
}
