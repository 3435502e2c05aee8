//! Whether a pack is whole, and whether this host would take its plugins.

use std::collections::BTreeSet;
use std::fs;
use std::io;

use solti_plugin_host::PluginLoader;
use solti_plugin_host::inspect::{Digest, Inspection, Signature, inspect};
use solti_plugin_host::refusal::sentences;
use solti_plugin_host::text::one_line;
use thiserror::Error;

use super::format::{self, FORMAT, MANIFEST, Manifest, Members, PackedPlugin, SUMS};
use super::{sign, sums};
use crate::flags::flag;

/// Why nothing of a pack is installed. It displays as what was found and what to do.
#[derive(Debug, Error)]
pub(crate) enum VerifyError {
    /// A member that every pack has is not there.
    #[error("it has no {0}, which every pack has; get the pack again")]
    Missing(String),
    /// The manifest cannot be read.
    #[error("{MANIFEST}: {0}; get the pack again")]
    Manifest(String),
    /// The pack is of a later form.
    #[error(
        "{MANIFEST}: the pack has format {found}, this program reads {FORMAT}; use a newer one"
    )]
    Newer {
        /// The number of its format.
        found: u32,
    },
    /// A digest is not that of the member.
    #[error("{name}: {list} has {listed} for it, the pack has {found}; get the pack again")]
    OtherDigest {
        /// The member.
        name: String,
        /// What has the digest.
        list: &'static str,
        /// The digest there.
        listed: String,
        /// That of the member.
        found: String,
    },
    /// A member that nothing vouches for.
    #[error("{name}: {list} does not have it; get the pack from whoever made it")]
    Unlisted {
        /// The member.
        name: String,
        /// What does not have it.
        list: &'static str,
    },
    /// It was built for another machine.
    #[error(
        "{plugin} is for {target}, and this host is {host}; get the pack for {host}",
        host = host()
    )]
    OtherMachine {
        /// The plugin.
        plugin: String,
        /// What it was built for.
        target: String,
    },
    /// The manifest says something else of a plugin than its library.
    #[error("{MANIFEST}: it has {said} for {plugin}, its library has {found}; get the pack again")]
    OtherStamp {
        /// The plugin.
        plugin: String,
        /// What the manifest says.
        said: String,
        /// What the stamp says.
        found: String,
    },
    /// The signature is for the library alone.
    #[error(
        "{file} is signed for no manifest, so nobody vouches for the rest of the pack; sign it by \
         `solti-host pack --key`"
    )]
    SignedAlone {
        /// The signature.
        file: String,
    },
    /// The signature is for another pack with the same library.
    #[error("{file} is signed for another {MANIFEST}; get the pack again")]
    SignedForAnother {
        /// The signature.
        file: String,
    },
    /// The loader refuses a library.
    #[error("{0}")]
    Refused(String),
    /// The library could not be put where the loader can look at it.
    #[error("the temporary directory cannot be used")]
    Unstaged(#[from] io::Error),
}

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

/// Every member is listed, and everything that is listed is there as it was packed.
fn check_sums(members: &Members) -> Result<(), VerifyError> {
    let listed = sums::read(member(members, SUMS)?)
        .ok_or_else(|| VerifyError::Missing(format!("{SUMS} of lines that sha256sum writes")))?;
    for (name, listed) in &listed {
        let found = Digest::of(member(members, name)?).to_string();
        compare(name, SUMS, listed, found)?;
    }
    let mut unlisted = members.keys().filter(|name| *name != SUMS);
    match unlisted.find(|name| !listed.contains_key(*name)) {
        Some(name) => Err(VerifyError::Unlisted {
            name: name.clone(),
            list: SUMS,
        }),
        None => Ok(()),
    }
}

fn read_manifest(text: &[u8]) -> Result<Manifest, VerifyError> {
    #[derive(serde::Deserialize)]
    struct Version {
        format: u32,
    }
    let wrong = |err: serde_json::Error| VerifyError::Manifest(err.to_string());
    // Nothing else in one of another format can be relied on.
    let found = serde_json::from_slice::<Version>(text)
        .map_err(wrong)?
        .format;
    if found != FORMAT {
        return Err(VerifyError::Newer { found });
    }
    let manifest: Manifest = serde_json::from_slice(text).map_err(wrong)?;
    let mut names = BTreeSet::new();
    for PackedPlugin { name, .. } in &manifest.plugins {
        if let Some(fault) = format::fault_of_name(name) {
            return Err(VerifyError::Manifest(format!(
                "the plugin {name:?} {fault}"
            )));
        }
        if !names.insert(name) {
            return Err(VerifyError::Manifest(format!("it has {name} twice")));
        }
    }
    if names.is_empty() {
        return Err(VerifyError::Manifest("it has no plugin".to_owned()));
    }
    Ok(manifest)
}

/// The manifest has a digest of every member of each plugin, and there is no other member.
fn check_files(manifest: &Manifest, members: &Members) -> Result<(), VerifyError> {
    let mut known = BTreeSet::from([MANIFEST.to_owned(), SUMS.to_owned()]);
    for plugin in &manifest.plugins {
        known.insert(format::signature(&plugin.library()));
        let own = [
            plugin.library(),
            format::example(&plugin.name),
            format::readme(&plugin.name),
        ];
        for name in own {
            match (plugin.files.get(&name), members.get(&name)) {
                (Some(listed), Some(bytes)) => {
                    compare(&name, MANIFEST, listed, Digest::of(bytes).to_string())?;
                }
                (Some(_), None) => return Err(VerifyError::Missing(name)),
                // It is no member that is known.
                (None, _) => continue,
            }
            known.insert(name);
        }
    }
    match members.keys().find(|name| !known.contains(*name)) {
        Some(name) => Err(VerifyError::Unlisted {
            name: name.clone(),
            list: MANIFEST,
        }),
        None => Ok(()),
    }
}

/// The library is for this machine and is what the manifest says.
fn check_stamp(plugin: &PackedPlugin, library: &[u8]) -> Result<(), VerifyError> {
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
fn examine(
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

fn member<'a>(members: &'a Members, name: &str) -> Result<&'a [u8], VerifyError> {
    members
        .get(name)
        .map(Vec::as_slice)
        .ok_or_else(|| VerifyError::Missing(name.to_owned()))
}

fn compare(name: &str, list: &'static str, listed: &str, found: String) -> Result<(), VerifyError> {
    if *listed == found {
        return Ok(());
    }
    Err(VerifyError::OtherDigest {
        name: name.to_owned(),
        list,
        listed: one_line(listed).into_owned(),
        found,
    })
}

/// This machine, as a triple begins.
fn host() -> &'static str {
    std::env::consts::ARCH
}
