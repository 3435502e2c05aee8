//! What a library requires of the system it is loaded on.

use serde::Serialize;

use super::glibc::GlibcVersion;

/// What a library requires of the system's loader, as far as its tables can be read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Requirements {
    /// The libraries it is linked to.
    pub libraries: Vec<String>,
    /// The directories it wants them to be looked for in first.
    pub runpath: Option<String>,
    /// The name under which the system knows it once it is loaded.
    pub soname: Option<String>,
    /// The oldest glibc that has all that it uses of it.
    pub glibc: Option<GlibcVersion>,
    /// Whether it wants a share of the little memory that the system keeps for thread-locals of this
    /// kind; an allocator usually does. A few such plugins fit, then no more.
    pub static_tls: bool,
    /// How much of that memory it takes, in bytes; `None` where that is none, or not known.
    pub static_tls_bytes: Option<u64>,
    /// The symbols that it defines for other libraries, but for the one that a plugin is entered by.
    #[serde(skip)]
    pub exported: Vec<String>,
    /// The lists of directories that it wants libraries to be looked for in, as they are.
    #[serde(skip)]
    pub(in crate::loader) searched: Vec<Vec<u8>>,
    /// The libraries that it names by a path.
    #[serde(skip)]
    pub(in crate::loader) named: Vec<Vec<u8>>,
    /// The symbols that it defines and a process has one of, whichever library asks.
    #[serde(skip)]
    pub(in crate::loader) unique: Vec<String>,
    /// The alignment of its thread-locals.
    #[serde(skip)]
    pub(in crate::loader) tls_align: u64,
}
