//! What a host's developer relies on in the library's public names.

#![allow(
    clippy::duplicate_mod,
    reason = "one source against two crates is the point of `parity`"
)]

mod codes;
mod markers;
mod parity;
