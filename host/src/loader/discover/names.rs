//! What a file's name says of it.

use std::env::consts::DLL_EXTENSION;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use crate::loader::skip::SkipReason;

/// Suffixes of files that a package manager, an editor or a browser is not done with, or has put
/// aside.
const UNFINISHED: &[&str] = &[
    "tmp",
    "temp",
    "part",
    "partial",
    "crdownload",
    "dpkg-new",
    "dpkg-tmp",
    "dpkg-old",
    "dpkg-dist",
    "rpmnew",
    "rpmsave",
    "rpmorig",
    "swp",
    "swo",
    "bak",
    "orig",
];

/// Whether a file of this name is looked at: one with the extension of this platform's libraries.
pub(super) fn is_plugin(name: &OsStr) -> bool {
    Path::new(name).extension() == Some(OsStr::new(DLL_EXTENSION))
}

/// Whether a name is one that Kubernetes gives what it keeps a mounted ConfigMap or Secret in: `..data`,
/// and the directory with a date that this leads to. The plugins are links through it.
pub(super) fn is_of_a_volume(name: &OsStr) -> bool {
    name.as_bytes().starts_with(b"..")
}

/// Why a file of this name is left alone, where the name says that somebody is not done with it.
pub(super) fn unfinished(name: &OsStr) -> Option<SkipReason> {
    if name.as_bytes().starts_with(b".") {
        return Some(SkipReason::Hidden);
    }
    let suffix = if name.as_bytes().ends_with(b"~") {
        "~".to_owned()
    } else {
        let extension = Path::new(name).extension()?.to_str()?;
        UNFINISHED
            .contains(&extension)
            .then(|| format!(".{extension}"))?
    };
    Some(SkipReason::Temporary { suffix })
}

/// The plugin file that a file of this name would be the sidecar of.
pub(super) fn plugin_of_sidecar(name: &OsStr) -> Option<OsString> {
    let name = Path::new(name);
    let is_sidecar = name.extension() == Some(OsStr::new("toml"));
    is_sidecar.then(|| name.with_extension(DLL_EXTENSION).into_os_string())
}
