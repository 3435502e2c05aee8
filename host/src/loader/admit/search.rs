//! Where the system would look for the libraries of a plugin, besides its own directories.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Component, Path, PathBuf};

use solti_plugin_abi::text::escape_bytes;

use super::error::AdmitError;
use super::owner::check_way;
use crate::loader::options::Trust;

/// What the system puts the library's own directory in the place of.
const ORIGIN: [&[u8]; 2] = [b"$ORIGIN", b"${ORIGIN}"];

/// Checks that only trusted users can put libraries where a plugin has the system look for them:
/// `directories` are its lists of them, `libraries` the paths of those that it names by path. `origin`
/// is the directory that it is opened from, where that is one.
///
/// What is put in the place of other names in `$` depends on the system. Of such a path the part before
/// it is checked.
pub(in crate::loader) fn check_search(
    directories: &[Vec<u8>],
    libraries: &[Vec<u8>],
    origin: Option<&Path>,
    trust: &Trust,
) -> Result<(), AdmitError> {
    let lists = directories.iter().flat_map(|list| {
        let directories = list.split(|byte| *byte == b':');
        directories.map(|directory| {
            (
                "directory",
                ", where it has libraries looked for,",
                directory,
            )
        })
    });
    let libraries = libraries
        .iter()
        .map(|path| ("library", ", which it needs,", &path[..]));
    for (what, why, named) in lists.chain(libraries) {
        let Some(path) = expand(named, origin) else {
            continue;
        };
        check_way(&path, trust).map_err(|refusal| AdmitError::Search {
            what: format!("the {what} {}{why}", escape_bytes(named)),
            refusal: Box::new(refusal),
        })?;
    }
    Ok(())
}

/// The path that a name stands for; `None` where it is that of a copy in memory, which has nothing
/// beside it. An empty one is the current directory.
fn expand(named: &[u8], origin: Option<&Path>) -> Option<PathBuf> {
    let beside = ORIGIN.iter().find_map(|name| named.strip_prefix(*name));
    let path = match beside {
        Some(rest) => {
            let rest = rest.strip_prefix(b"/").unwrap_or(rest);
            origin?.join(OsStr::from_bytes(rest))
        }
        None if named.is_empty() => PathBuf::from("."),
        None => PathBuf::from(OsStr::from_bytes(named)),
    };
    let is_plain = |part: &Component<'_>| !part.as_os_str().as_bytes().contains(&b'$');
    Some(path.components().take_while(is_plain).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_read_as_the_system_reads_it() {
        let origin = Path::new("/stage");
        let read = |named: &str| expand(named.as_bytes(), Some(origin));
        for (named, expected) in [
            ("/opt/lib", "/opt/lib"),
            ("", "."),
            ("lib", "lib"),
            ("$ORIGIN", "/stage"),
            ("${ORIGIN}/../lib", "/stage/../lib"),
            ("/opt/$LIB/x", "/opt"),
        ] {
            assert_eq!(read(named), Some(PathBuf::from(expected)), "{named}");
        }
        assert_eq!(expand(b"$ORIGIN/lib", None), None);
    }
}
