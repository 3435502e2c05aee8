//! A sealed file in memory.

use std::fs::File;
use std::io::Write as _;

use rustix::fs::{MemfdFlags, SealFlags};
use rustix::io::Errno;

/// The longest name that the system takes.
const MAX_NAME_BYTES: usize = 200;

/// This system has no such files, or not enough memory for this one.
pub(super) struct Unable;

/// Makes the file.
pub(super) fn make(name: &str, bytes: &[u8]) -> Result<File, Unable> {
    let mut file = create(&format!("solti:{}", short(name))).map_err(|_| Unable)?;
    file.write_all(bytes).map_err(|_| Unable)?;
    let seals = SealFlags::WRITE | SealFlags::GROW | SealFlags::SHRINK | SealFlags::SEAL;
    rustix::fs::fcntl_add_seals(&file, seals).map_err(|_| Unable)?;
    Ok(file)
}

fn create(name: &str) -> Result<File, Errno> {
    let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
    // A library is mapped, not executed; where the system is told to allow no executable files in
    // memory, it wants to hear so. Kernels before 6.3 do not know the flag.
    rustix::fs::memfd_create(name, flags | MemfdFlags::NOEXEC_SEAL)
        .or_else(|_| rustix::fs::memfd_create(name, flags))
        .map(File::from)
}

fn short(name: &str) -> &str {
    let mut end = name.len().min(MAX_NAME_BYTES);
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    &name[..end]
}

#[cfg(test)]
mod tests {
    use std::fs::OpenOptions;
    use std::os::unix::fs::FileExt as _;

    use super::*;

    #[test]
    fn nobody_can_change_a_staged_copy() {
        let Ok(file) = make("a.so", b"bytes") else {
            panic!("this system has files in memory");
        };
        let path = crate::loader::staging::by_number(&file).unwrap();
        assert!(file.write_all_at(b"x", 0).is_err());
        assert!(file.set_len(0).is_err());
        assert!(file.set_len(100).is_err());
        assert!(rustix::fs::fcntl_add_seals(&file, SealFlags::WRITE).is_err());
        if let Ok(again) = OpenOptions::new().write(true).open(&path) {
            assert!(again.write_all_at(b"x", 0).is_err());
        }
        assert_eq!(std::fs::read(&path).unwrap(), b"bytes");
    }

    #[test]
    fn a_name_of_any_length_will_do() {
        let name = "\u{00e4}".repeat(300);
        assert!(make(&name, b"").is_ok());
        assert_eq!(short(&name).len(), MAX_NAME_BYTES);
    }
}
