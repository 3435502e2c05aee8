//! What becomes of the files in a directory of plugins, up to a runner in the router or a reason.

#[cfg(all(target_os = "linux", target_endian = "little"))]
#[path = "../support/elf.rs"]
mod elf;
#[path = "../support/mod.rs"]
mod support;

#[cfg(all(target_os = "linux", target_endian = "little"))]
mod damage;
mod directory;
mod discover;
#[cfg(all(target_os = "linux", target_endian = "little"))]
mod inspect;
mod policy;
mod probe;
#[cfg(all(target_os = "linux", target_endian = "little"))]
mod rounds;
#[cfg(target_os = "linux")]
mod staging;
mod vouching;
