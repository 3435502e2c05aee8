//! Plugins come into a directory.

use std::fs;
use std::path::{Path, PathBuf};

use serde::Serialize;
use solti_plugin_host::PluginLoader;
use solti_plugin_host::inspect::{Digest, Signature, inspect};

use super::change::{adopt, finish, names_of, replace};
use super::directory::Directory;
use super::error::PlaceError;
use super::generation::{Generation, Source, remove_others};
use crate::pack::format::{self, SUMS};
use crate::pack::sums;
use crate::pack::verify::Verified;

/// What is to happen to a directory.
#[derive(Debug, Serialize)]
pub(crate) struct Plan {
    /// The directory, absolute and without links.
    pub(crate) directory: PathBuf,
    /// Each plugin of the pack.
    pub(crate) plugins: Vec<Installed>,
    /// What becomes of the list of digests.
    pub(crate) sums: SumsChange,
}

/// What happens with a plugin.
#[derive(Debug, Serialize)]
pub(crate) struct Installed {
    /// Its name.
    pub(crate) plugin: String,
    /// Its version.
    pub(crate) version: String,
    /// The name of its library.
    pub(crate) file: String,
    /// The digest of that.
    pub(crate) sha256: String,
    /// Whether it is signed, and by whom.
    pub(crate) signature: Signature,
    /// What it replaces, where that is another library.
    pub(crate) replaces: Option<Version>,
    /// Whether the very same library is there already.
    pub(crate) unchanged: bool,
}

/// A library that is there.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Version {
    /// The plugin's version, where it has a stamp that can be read.
    pub(crate) version: Option<String>,
    /// The digest of the library.
    pub(crate) sha256: String,
}

impl Version {
    pub(super) fn of(bytes: &[u8]) -> Self {
        Self {
            version: inspect(bytes).stamp.map(|stamp| stamp.version),
            sha256: Digest::of(bytes).to_string(),
        }
    }
}

/// What becomes of the list of digests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum SumsChange {
    /// It has the new lines, and all others as before.
    Updated,
    /// There was none, and no plugin that it would have to list.
    Begun,
    /// There is none: one that lists only what is installed would keep the other plugins from being loaded.
    None,
}

/// Finds out what installing would change, and changes nothing.
///
/// # Errors
///
/// [`PlaceError`] when it could not be done.
pub(crate) fn plan(directory: &Path, plugins: &[Verified]) -> Result<Plan, PlaceError> {
    prepare(directory, plugins).map(|prepared| prepared.plan)
}

/// Installs plugins. `directory` is absolute and without links.
///
/// # Errors
///
/// [`PlaceError`]; the directory has either all of the old files or all of the new ones then.
pub(crate) fn install(
    directory: &Path,
    plugins: &[Verified],
    loader: &PluginLoader,
) -> Result<Plan, PlaceError> {
    let directory = Directory::lock(directory)?;
    remove_others(&directory)?;
    // What cannot be done is found out before anything is.
    let plan = prepare(&directory.path, plugins)?.plan;
    let names = names(plugins);
    adopt(&directory, &names_of(&names))?;
    let Prepared { next, changes, .. } = prepare(&directory.path, plugins)?;
    if changes {
        replace(&directory, &next, &names, loader)?;
    }
    finish(&directory, &next, &names)?;
    Ok(plan)
}

/// A change, before it is made.
struct Prepared {
    plan: Plan,
    next: Generation,
    /// Whether the next generation is another one.
    changes: bool,
}

fn names(plugins: &[Verified]) -> Vec<&str> {
    plugins.iter().map(|it| it.plugin.name.as_str()).collect()
}

fn prepare(directory: &Path, plugins: &[Verified]) -> Result<Prepared, PlaceError> {
    let mut next = Generation::in_use(directory, &names_of(&names(plugins)))?;
    let others = plugin_files(directory)?;
    for it in plugins {
        check_others(&others, it)?;
    }
    let list = next.files.get(SUMS).map(Source::read).transpose()?;
    let sums = match &list {
        Some(_) => SumsChange::Updated,
        None if others.is_empty() => SumsChange::Begun,
        None => SumsChange::None,
    };
    let mut new_list = list.clone().unwrap_or_default();
    let (mut installed, mut changes) = (Vec::new(), false);
    for it in plugins {
        let file = it.plugin.library();
        let (planned, is_other) = put(&mut next, it)?;
        changes |= is_other;
        new_list = sums::with(&new_list, &file, &it.digest);
        installed.push(planned);
    }
    if sums != SumsChange::None && list.as_ref() != Some(&new_list) {
        changes = true;
        next.files.insert(SUMS.to_owned(), Source::Bytes(new_list));
    }
    Ok(Prepared {
        plan: Plan {
            directory: directory.to_owned(),
            plugins: installed,
            sums,
        },
        next,
        changes,
    })
}

/// Puts a plugin into the next generation, and keeps what it replaces; whether that makes it another one.
fn put(next: &mut Generation, it: &Verified) -> Result<(Installed, bool), PlaceError> {
    let file = it.plugin.library();
    let [_, signature, example] = format::installed(&it.plugin.name);
    let old = next.files.get(&file).map(Source::read).transpose()?;
    let old = old.as_deref().map(Version::of);
    let unchanged = old.as_ref().is_some_and(|old| old.sha256 == it.digest);
    let mut changes = !unchanged;
    if !unchanged {
        if let Some(old) = &old {
            keep(next, &it.plugin.name, &old.sha256)?;
        }
        next.files
            .insert(file.clone(), Source::Bytes(it.library.clone()));
    }
    for (name, new) in [(signature, &it.signature), (example, &it.example)] {
        let old = next.files.get(&name).map(Source::read).transpose()?;
        match new {
            Some(new) if old.as_ref() == Some(new) => {}
            Some(new) => {
                changes = true;
                next.files.insert(name, Source::Bytes(new.clone()));
            }
            // That of the same library holds.
            None if unchanged => {}
            None => _ = next.files.remove(&name),
        }
    }
    let planned = Installed {
        plugin: it.plugin.name.clone(),
        version: it.plugin.version.clone(),
        file,
        sha256: it.digest.clone(),
        signature: it.vouched.clone(),
        replaces: old.filter(|_| !unchanged),
        unchanged,
    };
    Ok((planned, changes))
}

/// Keeps the files of a plugin that are in use, with the digest of its library, for a rollback.
pub(super) fn keep(next: &mut Generation, plugin: &str, digest: &str) -> Result<(), PlaceError> {
    for name in format::installed(plugin) {
        match next.files.get(&name) {
            Some(source) => next.previous.insert(name, source.clone()),
            None => next.previous.remove(&name),
        };
    }
    let list = next.previous.get(SUMS).map(Source::read).transpose()?;
    let list = sums::with(&list.unwrap_or_default(), &format::library(plugin), digest);
    next.previous.insert(SUMS.to_owned(), Source::Bytes(list));
    Ok(())
}

/// The plugin files of a directory, as the loader tells them: by their names.
fn plugin_files(directory: &Path) -> Result<Vec<PathBuf>, PlaceError> {
    let failed = PlaceError::of(directory, "read");
    let mut files = Vec::new();
    for entry in fs::read_dir(directory).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        let is_library = path.extension() == Some(std::env::consts::DLL_EXTENSION.as_ref());
        let is_hidden = path
            .file_name()
            .is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
        if is_library && !is_hidden && path.is_file() {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// Checks that no other file is the same plugin: only one of them would be loaded.
fn check_others(files: &[PathBuf], it: &Verified) -> Result<(), PlaceError> {
    let wanted = it.plugin.library();
    for path in files {
        if path.file_name() == Some(wanted.as_ref()) {
            continue;
        }
        let bytes = fs::read(path).map_err(PlaceError::of(path, "read"))?;
        let stamp = inspect(&bytes).stamp;
        if stamp.is_some_and(|stamp| stamp.plugin == it.plugin.name) {
            return Err(PlaceError::OtherFile {
                path: path.clone(),
                plugin: it.plugin.name.clone(),
                wanted,
            });
        }
    }
    Ok(())
}
