//! The stamp: what a plugin file says of itself before anything of it runs.
//!
//! It is `key=value` text, one pair a line, in an ELF note of the section `.note.solti.plugin`
//! (owner `solti`), or in the Mach-O section `__DATA,__solti_plugin`. A note has a program header
//! of its own, so it survives `strip`, LTO, section garbage collection and a file without section
//! headers, and it can be read from bytes alone.
//!
//! ```text
//! abi=1
//! plugin=hello
//! version=0.1.0
//! sdk=0.1.0
//! rustc=rustc 1.95.0 (59807616e 2026-04-14)
//! target=x86_64-unknown-linux-gnu
//! opt-level=3
//! panic=unwind
//! spec=1,2
//! config={"type":"object","properties":{…},"required":[],"additionalProperties":false}
//! runner=hello
//! kinds=subprocess
//! label=tier<tab>fast
//! ```
//!
//! `config` says what an operator may set, as JSON Schema; without it, nothing is known of that. `kinds` and
//! `label` belong to the `runner` line before them. Unknown keys are ignored, so that a
//! newer SDK may add some.

mod decl;
mod key;
mod note;
mod read;
mod render;

pub use decl::{PluginDecl, RunnerDecl};
pub use note::{MAX_STAMP_BYTES, NOTE_OWNER, NOTE_TYPE, Note, text_of_note};
pub use read::{MAX_NAME_BYTES, MAX_VALUE_BYTES, Stamp, StampError, StampedRunner};
#[doc(hidden)]
pub use render::{render, rendered_len};

/// The number of the ABI that this SDK builds plugins for.
pub use crate::v1::module::ABI_VERSION;

/// The panic strategy that a plugin must be built with: with any other, a panic in it would end the
/// host.
pub const UNWIND: &str = "unwind";

/// [`MACHO_SECTION`] as a literal, for an attribute.
#[doc(hidden)]
#[macro_export]
macro_rules! __macho_section {
    () => {
        "__solti_plugin"
    };
}

/// The name of the Mach-O section that holds the stamp, in the segment `__DATA`.
pub const MACHO_SECTION: &str = __macho_section!();
