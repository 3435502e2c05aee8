//! The beginning of a digest, as text.

use sha2::{Digest as _, Sha256};

/// The first `len` bytes of the SHA-256 of something, as hexadecimal digits.
pub(crate) fn digest(bytes: &[u8], len: usize) -> String {
    let digest = Sha256::digest(bytes);
    let bytes = digest.iter().take(len);
    bytes.map(|byte| format!("{byte:02x}")).collect()
}
