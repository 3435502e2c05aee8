//! Opens a library and finds its root module.

#![allow(unsafe_code, reason = "the dlopen boundary")]

mod error;
mod identity;
mod mapping;
mod room;
mod sonames;
mod static_tls;
mod uniques;

use std::fs::File;
use std::mem::ManuallyDrop;
use std::path::Path;

use abi_stable::library::{
    AbiHeader, AbiHeaderRef, LibraryError, ROOT_MODULE_LOADER_NAME_WITH_NUL,
};
use libloading::os::unix::{Library, RTLD_LOCAL, RTLD_NOW, Symbol};
use solti_plugin_abi::v1::module::{LAYOUTS_DIGEST, PluginModule};

pub use error::OpenError;
pub(in crate::loader) use room::Beside;
pub(super) use sonames::Sonames;
pub(super) use static_tls::StaticTls;

use super::inspect::Requirements;
use crate::images;

/// Opens the library at `path`, whose bytes are in `file`, and returns its root module. Another
/// plugin that is mistaken for it is told that it came from the file called `name`. What is opened beside
/// plugins that run has less room than the first ones.
///
/// The library is never closed: threads, thread-locals and objects of a plugin may outlive everything
/// the host knows of. Nor is the file: were the descriptor closed, its number would come to name
/// another file, and the system would take that for this library. Backtraces and debuggers read
/// symbols from it, too.
pub(super) fn open(
    path: &Path,
    file: File,
    name: &str,
    requirements: &Requirements,
    beside: Option<&Beside>,
) -> Result<PluginModule, OpenError> {
    let len = file.metadata().map_or(0, |metadata| metadata.len());
    if let Some(beside) = beside {
        beside.check(len)?;
    }
    let uniques = uniques::reserve(name, requirements, beside)?;
    let sonames = sonames::reserve(name, requirements)?;
    let opened = images::while_opening(name, || load(path, &file));
    let library = opened.map_err(|err| match beside {
        Some(_) => err.beside_others(),
        None => err,
    })?;
    let file = ManuallyDrop::new(file);
    sonames.keep();
    uniques.keep();
    let (root, address) = find_root(&library)?;
    identity::check(address, &file)?;
    images::opened(name, len, address);
    root_module(root)
}

/// Opens a library.
///
/// Symbols are resolved at once, so that a missing one is an error here and not the end of the
/// process in the middle of a task; and none of them is offered to other libraries.
fn load(path: &Path, file: &File) -> Result<ManuallyDrop<Library>, OpenError> {
    let flags = RTLD_NOW | RTLD_LOCAL | libc::RTLD_NODELETE;
    // SAFETY: this runs the library's constructors, which is what loading a plugin means; whether
    // to trust them was decided by the stages before.
    let library =
        unsafe { Library::open(Some(path), flags) }.map_err(|err| OpenError::Refused {
            reason: mapping::explained(message(&err, path), file),
        })?;
    Ok(ManuallyDrop::new(library))
}

/// Finds the root of a library, and where the system says that it is.
fn find_root(library: &Library) -> Result<(AbiHeaderRef, usize), OpenError> {
    // SAFETY: under this name abi_stable exports a `LibHeader`, whose address is the
    // `AbiHeaderRef`; that it is one is checked by `upgrade` from its magic bytes.
    let symbol: Symbol<AbiHeaderRef> =
        unsafe { library.get(ROOT_MODULE_LOADER_NAME_WITH_NUL.as_bytes()) }
            .map_err(|_| OpenError::NoRootModule)?;
    Ok((*symbol, symbol.as_raw_ptr().addr()))
}

/// The root module, when it is one of this version.
fn root_module(root: AbiHeaderRef) -> Result<PluginModule, OpenError> {
    let bad = |err: LibraryError| OpenError::Header { reason: said(&err) };
    let header = root.upgrade().map_err(bad)?;
    let module = header.init_root_module::<PluginModule>().map_err(bad)?;
    if module.layouts() != LAYOUTS_DIGEST {
        return Err(OpenError::Layouts {
            found: module.layouts(),
            expected: LAYOUTS_DIGEST,
        });
    }
    Ok(module)
}

/// What the system's loader said, which libloading keeps in the source of its error, without the path
/// that only this process knows the file by.
fn message(err: &dyn std::error::Error, path: &Path) -> String {
    let message = err
        .source()
        .map_or_else(|| err.to_string(), ToString::to_string);
    message
        .strip_prefix(&format!("{}: ", path.display()))
        .map_or(message.clone(), str::to_owned)
}

/// What is wrong, in a sentence: abi_stable describes both sides in full, over hundreds of lines.
fn said(err: &LibraryError) -> String {
    match err {
        LibraryError::InvalidAbiHeader(found) => {
            let own = AbiHeader::VALUE;
            if found.magic_string == own.magic_string {
                format!(
                    "its header has the format {}.{} of abi_stable, this host's {}.{}",
                    found.abi_major, found.abi_minor, own.abi_major, own.abi_minor
                )
            } else {
                "its header is none of abi_stable's".to_owned()
            }
        }
        LibraryError::IncompatibleVersionNumber {
            expected_version,
            actual_version,
            ..
        } => format!("it is of version {actual_version}, this host's of {expected_version}"),
        LibraryError::InvalidCAbi { .. } => {
            "its compiler passes arguments in another way than this host's".to_owned()
        }
        LibraryError::RootModule { err, .. } => gist(&err.to_string()),
        other => gist(&other.to_string()),
    }
}

/// The first line that is no heading.
fn gist(text: &str) -> String {
    let mut lines = text.lines().map(str::trim);
    let line = lines.find(|line| !line.is_empty() && !line.ends_with(':'));
    line.unwrap_or("unknown").chars().take(200).collect()
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    /// Where its text begins with a heading, nothing but that would be told.
    #[test]
    fn what_abi_stable_says_is_told_in_a_sentence_with_both_sides() {
        let AbiHeader {
            abi_major: major,
            abi_minor: minor,
            ..
        } = AbiHeader::VALUE;
        let mut other = AbiHeader::VALUE;
        other.abi_minor += 1;
        let found = minor + 1;
        assert_eq!(
            said(&LibraryError::InvalidAbiHeader(other)),
            format!(
                "its header has the format {major}.{found} of abi_stable, this host's {major}.{minor}"
            )
        );
        other.magic_string = [0; 32];
        assert_eq!(
            said(&LibraryError::InvalidAbiHeader(other)),
            "its header is none of abi_stable's"
        );
        assert_eq!(gist("\nThe heading:\n  the gist\nmore"), "the gist");
        assert_eq!(gist("A heading:\n"), "unknown");
    }
}
