//! What changes in a directory of plugins, all at once.
//!
//! A plugin is up to three files that are only right together: the library, its line in `SHA256SUMS`, its
//! signature. No order of three renames would do: between two of them a host that starts would find a
//! digest or a signature of one version beside the library of another, and refuse it. So the files are kept
//! in a generation, a hidden directory beside the plugins, and the names in the directory are links into it
//! by way of one more link:
//!
//! ```text
//! hello.so          ─► ..solti/hello.so
//! hello.so.minisig  ─► ..solti/hello.so.minisig     and the sidecar example
//! SHA256SUMS        ─► ..solti/SHA256SUMS
//! ..solti           ─► ..solti-7                    the one name that is renamed to change all others
//! ..solti-7/        hello.so, hello.so.minisig, SHA256SUMS, .previous/…
//! ```
//!
//! That is how Kubernetes changes mounted files, too, and the loader passes over names that begin with two
//! dots. The order of an installation, each step on the disk before the next:
//!
//! 1. The directory is locked, so that there is one at a time. What one before left unfinished is removed:
//!    generations that `..solti` does not lead to.
//! 2. Plain files with the names that are to be links are taken into a generation that is otherwise like the
//!    one before. `..solti` leads there; then links take their places, which lead to the same bytes. Whoever
//!    looks in between sees no difference.
//! 3. The next generation is written: unchanged files are further names of those of the one before. The
//!    loader examines the new libraries where they are, with their list and signatures.
//! 4. The names of signatures that were not there before are made. They lead nowhere so far, which is no
//!    worse than no signature.
//! 5. `..solti` is renamed over. Library, line and signature are the new ones from here on, and before it
//!    all of them are the old ones, also after a crash.
//! 6. The names of a new list and of new libraries are made, in this order: a library is not seen before
//!    what vouches for it. A crash in between leaves a plugin that was not there before absent; installing
//!    again makes the names.
//! 7. Generations that are no longer in use are removed.
//!
//! A host reads the list before the libraries. One that does so just when step 5 happens may compare a
//! library with the list before; it refuses the file with a line that says so. A service keeps the version
//! that it runs then, and takes the new one at its next look, which the change itself asks for.

mod change;
mod directory;
mod error;
mod generation;
mod install;
mod rollback;

pub(crate) use error::PlaceError;
pub(crate) use install::{Installed, Plan, SumsChange, Version, install, plan};
pub(crate) use rollback::{RolledBack, rollback};
