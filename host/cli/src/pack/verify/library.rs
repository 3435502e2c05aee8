//! A library of a pack: what it says of itself, and what the loader says of it.

use std::fs;

use solti_plugin_host::PluginLoader;
use solti_plugin_host::inspect::{Digest, Inspection, Signature, inspect};
use solti_plugin_host::refusal::sentences;
use solti_plugin_host::text::one_line;

use super::error::VerifyError;
use crate::flags::flag;
use crate::pack::format::{self, PackedPlugin, SUMS};
use crate::pack::{sign, sums};

/// The library is for this machine and is what the manifest says.
pub(super) fn check_stamp(plugin: &PackedPlugin, library: &[u8]) -> Result<(), VerifyError> {
    let arch = plugin.target.split('-').next().unwrap_or_default();
    if arch != std::env::consts::ARCH {
        return Err(VerifyError::OtherMachine {
            plugin: plugin.name.clone(),
            target: one_line(&plugin.target).into_owned(),
        });
    }
    let Inspection {
        stamp: Some(stamp), ..
    } = inspect(library)
    else {
        // The loader says why.
        return Ok(());
    };
    let said = [&plugin.name, &plugin.version, &plugin.target, &plugin.sdk];
    let found = [&stamp.plugin, &stamp.version, &stamp.target, &stamp.sdk];
    match said
        .into_iter()
        .zip(found)
        .find(|(said, found)| *said != *found)
    {
        Some((said, found)) => Err(VerifyError::OtherStamp {
            plugin: plugin.name.clone(),
            said: one_line(said).into_owned(),
            found: found.clone(),
        }),
        None => Ok(()),
    }
}

/// Has the loader examine a library, in a directory of its own that has what belongs to it.
///
/// # Errors
///
/// [`VerifyError`] when the loader refuses it, or its signature is for another pack.
pub(super) fn examine(
    plugin: &PackedPlugin,
    library: &[u8],
    signature: Option<&[u8]>,
    manifest: &str,
    loader: &PluginLoader,
) -> Result<Signature, VerifyError> {
    let staged = tempfile::Builder::new().prefix("solti-pack-").tempdir()?;
    let name = plugin.library();
    let path = staged.path().join(&name);
    fs::write(&path, library)?;
    let list = sums::line(&name, &Digest::of(library).to_string());
    fs::write(staged.path().join(SUMS), list)?;
    if let Some(signature) = signature {
        fs::write(staged.path().join(format::signature(&name)), signature)?;
    }
    // Where it is now is no matter: where it goes is asked about when it is there.
    let loader = loader
        .clone()
        .trust_any_owner()
        .trust_writable()
        .allow_noexec();
    let examination = loader
        .inspect(&path)
        .map_err(|err| refused(&name, [&err]))?;
    if !examination.refusals.is_empty() {
        return Err(refused(&name, &examination.refusals));
    }
    let file = format::signature(&name);
    if let Signature::Good { comment } = &examination.signature {
        match sign::manifest_of(comment) {
            Some(signed) if signed == manifest => {}
            Some(_) => return Err(VerifyError::SignedForAnother { file }),
            None => return Err(VerifyError::SignedAlone { file }),
        }
    }
    Ok(examination.signature)
}

/// What the loader has against a library, in its own words.
pub(crate) fn refused<'a>(
    name: &str,
    refusals: impl IntoIterator<Item = &'a solti_plugin_host::LoadError>,
) -> VerifyError {
    let refusals = refusals.into_iter();
    let all: Vec<_> = refusals
        .flat_map(|err| sentences(err.refusal(), flag))
        .collect();
    VerifyError::Refused(format!("{name}: {}", all.join("; ")))
}
