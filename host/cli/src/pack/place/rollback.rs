//! The version before takes the place of the one that is there.

use std::path::Path;

use serde::Serialize;
use solti_plugin_host::PluginLoader;

use super::change::{adopt, finish, names_of, replace};
use super::directory::Directory;
use super::error::PlaceError;
use super::generation::{Generation, Source, remove_others};
use super::install::{Version, keep};
use crate::pack::format::{self, SUMS};
use crate::pack::sums;

/// What a rollback has changed.
#[derive(Debug, Serialize)]
pub(crate) struct RolledBack {
    /// The plugin.
    pub(crate) plugin: String,
    /// The name of its library.
    pub(crate) file: String,
    /// What is there now.
    pub(crate) now: Version,
    /// What was there, and is kept; `None` where its library was gone.
    pub(crate) before: Option<Version>,
}

/// Puts the version of a plugin back that was replaced last, and keeps the one that is there in its place.
/// `directory` is absolute and without links.
///
/// # Errors
///
/// [`PlaceError`]; the directory is as it was then, or is all changed.
pub(crate) fn rollback(
    directory: &Path,
    plugin: &str,
    loader: &PluginLoader,
) -> Result<RolledBack, PlaceError> {
    let directory = Directory::lock(directory)?;
    remove_others(&directory)?;
    let file = format::library(plugin);
    let plugins = [plugin];
    let names = names_of(&plugins);
    // Before anything is changed: it is to be there and whole.
    kept(
        &Generation::in_use(&directory.path, &names)?,
        &directory.path,
        plugin,
    )?;
    adopt(&directory, &names)?;
    let in_use = Generation::in_use(&directory.path, &names)?;
    let now = kept(&in_use, &directory.path, plugin)?;

    let mut next = in_use.clone();
    let before = in_use.files.get(&file).map(Source::read).transpose()?;
    let before = before.as_deref().map(Version::of);
    match &before {
        Some(before) => keep(&mut next, plugin, &before.sha256)?,
        None => {
            for name in format::installed(plugin) {
                next.previous.remove(&name);
            }
        }
    }
    for name in format::installed(plugin) {
        match in_use.previous.get(&name) {
            Some(source) => next.files.insert(name, source.clone()),
            None => next.files.remove(&name),
        };
    }
    if let Some(list) = next.files.get(SUMS) {
        let list = sums::with(&list.read()?, &file, &now.sha256);
        next.files.insert(SUMS.to_owned(), Source::Bytes(list));
    }
    replace(&directory, &next, &plugins, loader)?;
    finish(&directory, &next, &plugins)?;
    Ok(RolledBack {
        plugin: plugin.to_owned(),
        file,
        now,
        before,
    })
}

/// The version that was replaced last, as it was then.
fn kept(in_use: &Generation, directory: &Path, plugin: &str) -> Result<Version, PlaceError> {
    let file = format::library(plugin);
    let Some(library) = in_use.previous.get(&file) else {
        return Err(PlaceError::NothingKept {
            directory: directory.to_owned(),
            plugin: plugin.to_owned(),
        });
    };
    let found = Version::of(&library.read()?);
    let list = in_use.previous.get(SUMS).map(Source::read).transpose()?;
    let kept = sums::digest_of(&list.unwrap_or_default(), &file);
    match kept.map(|kept| kept.to_string()) {
        Some(kept) if kept != found.sha256 => Err(PlaceError::KeptDamaged {
            plugin: plugin.to_owned(),
            kept,
            found: found.sha256,
        }),
        _ => Ok(found),
    }
}
