//! Who vouches for the bytes of a file: the operator's list of digests, and signatures.
//!
//! It comes after *inspect*, which reads the name that a signature must be for. Nothing is read here:
//! the texts were admitted as the plugin was.

mod error;
mod signature;
mod sums;

pub use error::VouchError;
pub use signature::Signature;
pub(super) use signature::{signature_file, verify};
pub(super) use sums::Sums;
pub use sums::{SUMS, listed};
