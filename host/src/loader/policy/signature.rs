//! `foo.so.minisig`: who vouches for a file, as `minisign` writes it.

use std::path::{Path, PathBuf};

use minisign_verify::{PublicKey, Signature};
use solti_plugin_abi::stamp::Stamp;

use super::Policy;
use crate::loader::discover::shown;
use crate::loader::error::PolicyError;

/// What is said of a file by somebody whose key the host has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::loader) struct Signed {
    /// The comment that is signed with the file.
    pub(in crate::loader) comment: String,
}

/// Where the signature of a plugin file is.
pub(in crate::loader) fn signature_file(plugin: &Path) -> PathBuf {
    let mut path = plugin.as_os_str().to_owned();
    path.push(".minisig");
    path.into()
}

impl Policy {
    /// Checks the signature of a file, where the host has keys.
    pub(in crate::loader) fn check_signature(
        &self,
        plugin: &Path,
        bytes: &[u8],
        stamp: &Stamp,
    ) -> Result<(), PolicyError> {
        if self.keys.is_empty() {
            return Ok(());
        }
        let signed = self.verify(plugin, bytes)?;
        // Without this, a good signature of another plugin, or of an older version with a known
        // weakness, would do as well.
        let mut words = signed.comment.split_whitespace();
        if words.next() == Some(&stamp.plugin) && words.next() == Some(&stamp.version) {
            return Ok(());
        }
        Err(PolicyError::SignedForAnother {
            comment: signed.comment,
            plugin: stamp.plugin.clone(),
            version: stamp.version.clone(),
        })
    }

    /// Finds the key that signed a file.
    pub(in crate::loader) fn verify(
        &self,
        plugin: &Path,
        bytes: &[u8],
    ) -> Result<Signed, PolicyError> {
        let path = signature_file(plugin);
        let file = shown(path.file_name().unwrap_or_default());
        let bad = |reason: String| PolicyError::BadSignature {
            file: file.clone(),
            reason,
        };
        let text = self
            .read_beside(&path)
            .map_err(|err| bad(err.to_string()))?
            .ok_or_else(|| PolicyError::Unsigned { file: file.clone() })?;
        let text = String::from_utf8(text).map_err(|_| bad("it is not text".to_owned()))?;
        let signature =
            Signature::decode(&text).map_err(|_| bad("it is not a minisign signature".into()))?;
        verify(&self.keys, bytes, &signature).map_err(bad)
    }
}

fn verify(keys: &[PublicKey], bytes: &[u8], signature: &Signature) -> Result<Signed, String> {
    let mut reason = String::new();
    for key in keys {
        match key.verify(bytes, signature, true) {
            Ok(()) => {
                return Ok(Signed {
                    comment: signature.trusted_comment().to_owned(),
                });
            }
            Err(minisign_verify::Error::UnexpectedKeyId) if reason.is_empty() => {
                reason = "it was made with a key that this host does not have".to_owned();
            }
            Err(minisign_verify::Error::UnexpectedKeyId) => {}
            Err(_) => reason = "it is not the signature of this file".to_owned(),
        }
    }
    Err(reason)
}
