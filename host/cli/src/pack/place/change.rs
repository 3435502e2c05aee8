//! The steps of a change, which are the same for installing and for rolling back.

use solti_plugin_host::PluginLoader;

use super::directory::{self, Directory, Entry};
use super::error::PlaceError;
use super::generation::{Generation, remove_others};
use crate::pack::format::{self, SUMS};
use crate::pack::verify;

/// The names that belong to these plugins. What vouches for a library comes before it.
pub(super) fn names_of(plugins: &[&str]) -> Vec<String> {
    let mut names = vec![SUMS.to_owned()];
    for plugin in plugins {
        names.extend(format::installed(plugin).into_iter().rev());
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

/// Puts the next generation in the place of the one in use, unless the loader refuses one of `plugins` in
/// it.
pub(super) fn replace(
    directory: &Directory,
    next: &Generation,
    plugins: &[&str],
    loader: &PluginLoader,
) -> Result<(), PlaceError> {
    let written = next.write(directory)?;
    for plugin in plugins {
        let library = format::library(plugin);
        let examined = loader.inspect(written.path.join(&library));
        let refusals = match &examined {
            Ok(examination) => examination.refusals.as_slice(),
            Err(err) => std::slice::from_ref(err),
        };
        if !refusals.is_empty() {
            let refused = verify::refused(&library, refusals);
            return Err(PlaceError::Refused(refused.to_string()));
        }
    }
    // A link to a signature that is not there yet changes nothing: without one, it was not signed before.
    for plugin in plugins {
        let [_, beside @ ..] = format::installed(plugin);
        for name in beside.iter().filter(|it| next.files.contains_key(*it)) {
            directory.show(name)?;
        }
    }
    written.put_to_use(directory)
}

/// Gives the files of `plugins` the names that they are seen by, and removes what is no longer in use.
pub(super) fn finish(
    directory: &Directory,
    next: &Generation,
    plugins: &[&str],
) -> Result<(), PlaceError> {
    for name in names_of(plugins) {
        if next.files.contains_key(&name) {
            directory.show(&name)?;
        } else {
            directory.hide(&name)?;
        }
    }
    remove_others(directory)
}
