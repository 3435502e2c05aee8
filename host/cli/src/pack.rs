//! Packs: what a plugin is shipped in, and how it is put in place.
//!
//! ```text
//! libraries ─► strip ─► describe, sign ─► format ─► write ─► FILE.tar.zst
//! FILE.tar.zst ─► read ─► verify ─► place ─► DIR
//! ```
//!
//! | file | what it owns |
//! |---|---|
//! | `format` | the names and the manifest of a pack |
//! | `strip` | a library without what only a debugger reads |
//! | `describe` | the sidecar example and the README that are written for a plugin |
//! | `sign` | signatures, and the keys that make them |
//! | `sums` | lines of `SHA256SUMS` |
//! | `write`, `read` | members to bytes, and back |
//! | `verify` | whether a pack is whole, and its plugins may be loaded here |
//! | `place` | what changes in a directory of plugins, all at once |

pub(crate) mod describe;
pub(crate) mod format;
pub(crate) mod place;
pub(crate) mod read;
pub(crate) mod sign;
pub(crate) mod strip;
pub(crate) mod sums;
pub(crate) mod verify;
pub(crate) mod write;
