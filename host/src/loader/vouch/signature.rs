//! `foo.so.minisig`: who vouches for a file, as `minisign` writes it.

use std::path::{Path, PathBuf};

use minisign_verify::{Error, PublicKey};
use serde::Serialize;
use solti_plugin_abi::stamp::Stamp;

use super::error::VouchError;
use crate::loader::refusal::Refusal;

/// Who vouches for a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase", tag = "state")]
#[non_exhaustive]
pub enum Signature {
    /// It has none.
    Absent,
    /// It has one, and the host has no key to check it with.
    Unchecked,
    /// It was made with a key that the host has.
    Good {
        /// The comment that is signed with the file.
        comment: String,
    },
    /// It does not hold.
    Bad,
}

/// What is said of a file by somebody whose key the host has.
#[derive(Debug)]
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

/// Finds out whether one of the `keys` signed the `bytes`. `text` is what was read of the signature,
/// which is called `file`.
pub(in crate::loader) fn verify(
    keys: &[PublicKey],
    file: String,
    text: Result<Option<Vec<u8>>, impl Refusal>,
    bytes: &[u8],
) -> Result<Signed, VouchError> {
    let text = match text {
        Ok(Some(text)) => text,
        Ok(None) => return Err(VouchError::Unsigned { file }),
        Err(err) => {
            return Err(VouchError::SignatureUnusable {
                file,
                fact: err.to_string(),
                advice: err.advice(),
            });
        }
    };
    signed(keys, &text, bytes).map_err(|reason| VouchError::BadSignature { file, reason })
}

fn signed(keys: &[PublicKey], text: &[u8], bytes: &[u8]) -> Result<Signed, &'static str> {
    let text = str::from_utf8(text).map_err(|_| "it is not text")?;
    let signature =
        minisign_verify::Signature::decode(text).map_err(|_| "it is not a minisign signature")?;
    let mut reason = "it was made with a key that this host does not have";
    for key in keys {
        match key.verify(bytes, &signature, true) {
            Ok(()) => {
                return Ok(Signed {
                    comment: signature.trusted_comment().to_owned(),
                });
            }
            Err(Error::UnexpectedKeyId) => {}
            Err(_) => reason = "it is not the signature of this file",
        }
    }
    Err(reason)
}

impl Signed {
    /// Checks that the signature is for this plugin and version: a good signature of another plugin,
    /// or of an older version with a known weakness, must not do as well.
    pub(in crate::loader) fn check(&self, stamp: &Stamp) -> Result<(), VouchError> {
        let mut parts = self.comment.split_whitespace();
        if parts.next() == Some(&stamp.plugin) && parts.next() == Some(&stamp.version) {
            return Ok(());
        }
        Err(VouchError::SignedForAnother {
            comment: self.comment.clone(),
            plugin: stamp.plugin.clone(),
            version: stamp.version.clone(),
        })
    }
}
