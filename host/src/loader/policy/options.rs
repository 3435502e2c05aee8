//! The ways out of the policy, as options of the loader.

use minisign_verify::PublicKey;
use thiserror::Error;

use crate::loader::PluginLoader;

/// Why a text is no public key.
#[derive(Debug, Error)]
#[error("not a minisign public key: expected the content of a .pub file or its second line")]
#[non_exhaustive]
pub struct PublicKeyError;

impl PluginLoader {
    /// Loads files of this user as well; may be given several times. By default a plugin, and every
    /// directory above it, must belong to root or to the user the host runs as.
    #[must_use]
    pub fn trust_owner(mut self, uid: u32) -> Self {
        self.policy.owners.push(uid);
        self
    }

    /// Loads files whoever owns them: whoever can write a plugin file then runs code as the host.
    #[must_use]
    pub fn trust_any_owner(mut self) -> Self {
        self.policy.any_owner = true;
        self
    }

    /// Loads files that their group or everybody can change, or replace because a directory above
    /// them is writable: each of these users then runs code as the host.
    #[must_use]
    pub fn trust_writable(mut self) -> Self {
        self.policy.writable = true;
        self
    }

    /// Loads files from a mount with the option `noexec`, which is refused by default.
    #[must_use]
    pub fn allow_noexec(mut self) -> Self {
        self.policy.noexec = true;
        self
    }

    /// Follows links that lead out of the plugin directory. What they lead to is checked like
    /// everything else.
    #[must_use]
    pub fn allow_links_outside(mut self) -> Self {
        self.policy.links_outside = true;
        self
    }

    /// Sets the size in bytes above which a file is refused unread. It is 256 MiB by default.
    #[must_use]
    pub fn max_file_bytes(mut self, bytes: u64) -> Self {
        self.policy.max_file_bytes = bytes;
        self
    }

    /// Loads only files that are signed by the owner of this key, or of another one given so.
    ///
    /// `key` is the content of the file that `minisign -G` writes, or its second line. The signature
    /// of `foo.so` is `foo.so.minisig` beside it, and its trusted comment must begin with the
    /// plugin's name and version: `minisign -S -m foo.so -t "foo 1.2.3"`.
    ///
    /// # Errors
    ///
    /// [`PublicKeyError`] when `key` is no public key.
    pub fn public_key(mut self, key: &str) -> Result<Self, PublicKeyError> {
        let key = PublicKey::decode(key)
            .or_else(|_| PublicKey::from_base64(key.trim()))
            .map_err(|_| PublicKeyError)?;
        self.policy.keys.push(key);
        Ok(self)
    }

    /// Stages plugins as files of this directory instead of in memory.
    ///
    /// By default a plugin is loaded from a sealed copy in memory, where a library that it brings
    /// along and looks for beside itself (`RUNPATH` with `$ORIGIN`) is not found. In a directory it
    /// is. The directory must hold these libraries, and nobody but the host's user may write to it;
    /// a copy is removed once it is loaded.
    #[must_use]
    pub fn stage_in(mut self, directory: impl Into<std::path::PathBuf>) -> Self {
        self.stage_in = Some(directory.into());
        self
    }
}
