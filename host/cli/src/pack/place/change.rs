//! The steps of a change, which are the same for installing and for rolling back.

use solti_plugin_host::PluginLoader;

use super::directory::{self, Directory, Entry};
use super::error::PlaceError;
use super::generation::{Generation, remove_others};
use crate::pack::format::{self, SUMS};
use crate::pack::verify;

/// The names that belong to plugins of these library files.
pub(super) fn names_of(libraries: &[String]) -> Vec<String> {
    let mut names = vec![SUMS.to_owned()];
    for library in libraries {
        names.push(library.clone());
        names.push(format::signature(library));
    }
    names
}

/// Takes plain files with these names into a generation, and puts links in their places: whoever looks sees
/// the same bytes before, in between and after.
pub(super) fn adopt(directory: &Directory, names: &[String]) -> Result<(), PlaceError> {
    let mut plain = Vec::new();
    for name in names {
        if directory::entry(&directory.path, name)? == Entry::Plain {
            plain.push(name);
        }
    }
    if plain.is_empty() {
        return Ok(());
    }
    let same = Generation::in_use(&directory.path, names)?;
    same.write(directory)?.put_to_use(directory)?;
    plain.into_iter().try_for_each(|name| directory.show(name))
}

/// Puts the next generation in the place of the one in use, unless the loader refuses one of `libraries` in
/// it.
pub(super) fn replace(
    directory: &Directory,
    next: &Generation,
    libraries: &[String],
    loader: &PluginLoader,
) -> Result<(), PlaceError> {
    let written = next.write(directory)?;
    for library in libraries {
        let examined = loader.inspect(written.path.join(library));
        let refusals = match &examined {
            Ok(examination) => examination.refusals.as_slice(),
            Err(err) => std::slice::from_ref(err),
        };
        if !refusals.is_empty() {
            let refused = verify::refused(library, refusals);
            return Err(PlaceError::Refused(refused.to_string()));
        }
    }
    written.put_to_use(directory)
}

/// Gives the files of `libraries` the names that they are seen by, and removes what is no longer in use.
pub(super) fn finish(
    directory: &Directory,
    next: &Generation,
    libraries: &[String],
) -> Result<(), PlaceError> {
    let (seen, rest): (Vec<_>, Vec<_>) = names_of(libraries)
        .into_iter()
        .partition(|name| next.files.contains_key(name));
    // What vouches for a library comes before it.
    let (last, first): (Vec<_>, Vec<_>) =
        seen.into_iter().partition(|name| libraries.contains(name));
    for name in first.iter().chain(&last) {
        directory.show(name)?;
    }
    for name in rest {
        directory.hide(&name)?;
    }
    remove_others(directory)
}
