//! Signatures of libraries, as `minisign` makes them and the loader checks them.

use std::fs;
use std::io::{self, Cursor};
use std::path::{Path, PathBuf};

use minisign::{SecretKey, SecretKeyBox};
use thiserror::Error;

/// The word of a trusted comment that has the digest of a pack's manifest.
const OF_MANIFEST: &str = "manifest=";

/// Why nothing can be signed.
#[derive(Debug, Error)]
pub(crate) enum SignError {
    /// A file cannot be read.
    #[error("{} cannot be read", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file holds no secret key.
    #[error(
        "{} is not a minisign secret key: expected the file that `minisign -G` writes besides the .pub file",
        path.display()
    )]
    NotAKey {
        /// The file.
        path: PathBuf,
    },
    /// The key has a password, and none was given.
    #[error("the key {} has a password: put it into a file, and name that with --password-file", path.display())]
    NoPassword {
        /// The file of the key.
        path: PathBuf,
    },
    /// The key cannot be used.
    #[error("the key {} cannot be used", path.display())]
    Unusable {
        /// The file of the key.
        path: PathBuf,
        /// Why: mostly a wrong password.
        source: minisign::PError,
    },
    /// The signature could not be made.
    #[error("the signature could not be made")]
    Failed(#[from] minisign::PError),
}

/// A key that signs.
pub(crate) struct Signer(SecretKey);

impl Signer {
    /// Reads a secret key, which may have a password, the first line of a file.
    ///
    /// # Errors
    ///
    /// [`SignError`] when one of the files cannot be used.
    pub(crate) fn read(key: &Path, password: Option<&Path>) -> Result<Self, SignError> {
        let path = || key.to_owned();
        let text = read(key)?;
        if text.lines().count() < 2 {
            return Err(SignError::NotAKey { path: path() });
        }
        let boxed = |text: &str| {
            SecretKeyBox::from_string(text).map_err(|_| SignError::NotAKey { path: path() })
        };
        // The crate tells the two forms apart only by trying.
        if let Ok(key) = boxed(&text)?.into_unencrypted_secret_key() {
            return Ok(Self(key));
        }
        let has_password = text
            .lines()
            .nth(1)
            // The algorithms of a key with a password: Ed25519, scrypt, BLAKE2b.
            .is_some_and(|line| line.starts_with("RWRTY0Iy"));
        match password {
            _ if !has_password => Err(SignError::NotAKey { path: path() }),
            None => Err(SignError::NoPassword { path: path() }),
            Some(file) => {
                let password = read(file)?;
                let password = password.lines().next().unwrap_or_default().to_owned();
                let key = boxed(&text)?.into_secret_key(Some(password));
                key.map(Self).map_err(|source| SignError::Unusable {
                    path: path(),
                    source,
                })
            }
        }
    }

    /// The signature of a library. What is signed with it names the plugin and its version, as the loader
    /// wants it, and the manifest, which has the digests of all else in the pack.
    ///
    /// # Errors
    ///
    /// [`SignError`] when the system has no random numbers.
    pub(crate) fn sign(
        &self,
        library: &[u8],
        plugin: &str,
        version: &str,
        manifest: &str,
    ) -> Result<String, SignError> {
        let comment = format!("{plugin} {version} {OF_MANIFEST}{manifest}");
        let signature = minisign::sign(
            None,
            &self.0,
            Cursor::new(library),
            Some(&comment),
            Some("signature by solti-host"),
        )?;
        Ok(signature.into_string())
    }
}

/// The digest of a manifest that a trusted comment names.
pub(crate) fn manifest_of(comment: &str) -> Option<&str> {
    let mut words = comment.split_whitespace();
    words.find_map(|word| word.strip_prefix(OF_MANIFEST))
}

fn read(path: &Path) -> Result<String, SignError> {
    fs::read_to_string(path).map_err(|source| SignError::Unreadable {
        path: path.to_owned(),
        source,
    })
}
