//! What a file's name says of it.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

/// The suffix of a plugin file on this platform.
const SUFFIX: &str = if cfg!(target_vendor = "apple") {
    "dylib"
} else {
    "so"
};

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

/// Whether a file of this name is looked at.
pub(super) fn is_plugin(name: &OsStr) -> bool {
    Path::new(name).extension() == Some(OsStr::new(SUFFIX))
}

/// Why a file of this name is left alone, where the name says that somebody is not done with it.
pub(super) fn unfinished(name: &OsStr) -> Option<String> {
    if name.as_bytes().starts_with(b".") {
        return Some("a hidden name: rename it to load it".to_owned());
    }
    let suffix = if name.as_bytes().ends_with(b"~") {
        "~".to_owned()
    } else {
        let extension = Path::new(name).extension()?.to_str()?;
        UNFINISHED
            .contains(&extension)
            .then(|| format!(".{extension}"))?
    };
    Some(format!("a temporary name ({suffix}): rename it to load it"))
}
