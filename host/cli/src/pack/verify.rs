//! Whether a pack is whole, and whether this host would take its plugins.

mod error;
mod library;
mod manifest;
mod members;

use solti_plugin_host::PluginLoader;
use solti_plugin_host::inspect::{Digest, Signature};

use super::format::{self, MANIFEST, Members, PackedPlugin};
pub(crate) use error::VerifyError;
pub(crate) use library::refused;
use library::{check_stamp, examine};
use manifest::read_manifest;
use members::{check_files, check_sums, member};

/// A plugin that may be installed.
#[derive(Debug)]
pub(crate) struct Verified {
    pub(crate) plugin: PackedPlugin,
    pub(crate) library: Vec<u8>,
    pub(crate) digest: String,
    pub(crate) signature: Option<Vec<u8>>,
    /// What the loader says of the signature.
    pub(crate) vouched: Signature,
    pub(crate) example: Option<Vec<u8>>,
}

/// Checks all of a pack: that its members are those that were packed, that it is for this machine, that
/// it is signed where `loader` wants that, and that the loader would take each library.
///
/// # Errors
///
/// [`VerifyError`] for the first thing that is wrong.
pub(crate) fn verify(
    mut members: Members,
    loader: &PluginLoader,
) -> Result<Vec<Verified>, VerifyError> {
    check_sums(&members)?;
    let manifest = member(&members, MANIFEST)?;
    let digest = Digest::of(manifest).to_string();
    let manifest = read_manifest(manifest)?;
    check_files(&manifest, &members)?;
    let mut all = Vec::new();
    for plugin in manifest.plugins {
        let name = plugin.library();
        let library = members.remove(&name).ok_or(VerifyError::Missing(name))?;
        let signature = members.remove(&format::signature(&plugin.library()));
        check_stamp(&plugin, &library)?;
        let vouched = examine(&plugin, &library, signature.as_deref(), &digest, loader)?;
        all.push(Verified {
            digest: Digest::of(&library).to_string(),
            example: members.remove(&format::example(&plugin.name)),
            plugin,
            library,
            signature,
            vouched,
        });
    }
    Ok(all)
}
