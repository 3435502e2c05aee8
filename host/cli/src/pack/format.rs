//! The names and the manifest of a pack.
//!
//! A pack is a tar archive, compressed by zstd, of plain files without directories:
//!
//! ```text
//! manifest.json        what the pack is, and a digest of each file below
//! hello.README.md      for people
//! hello.so             the library, stripped
//! hello.so.minisig     its signature, where it is signed
//! hello.toml.example   a sidecar to begin with
//! SHA256SUMS           a line for every other member
//! ```

use std::collections::BTreeMap;
use std::env::consts::DLL_SUFFIX;

use serde::{Deserialize, Serialize};

/// The member that says what the others are.
pub(crate) const MANIFEST: &str = "manifest.json";

/// The digests of all other members, and in a directory those of its plugins.
pub(crate) use solti_plugin_host::inspect::SUMS;

/// The form of pack that this program writes and reads.
pub(crate) const FORMAT: u32 = 1;

/// How the name of a pack ends.
pub(crate) const SUFFIX: &str = ".tar.zst";

/// The longest name of a member: what every version of tar has room for.
const MAX_NAME_BYTES: usize = 99;

/// The members of a pack by their names.
pub(crate) type Members = BTreeMap<String, Vec<u8>>;

/// What a pack says of itself.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Manifest {
    /// The form of the pack.
    pub(crate) format: u32,
    /// Its plugins, sorted by name.
    pub(crate) plugins: Vec<PackedPlugin>,
}

/// What a pack says of a plugin.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct PackedPlugin {
    /// The plugin's name, and that of its file.
    pub(crate) name: String,
    /// Its version.
    pub(crate) version: String,
    /// The target triple it was built for.
    pub(crate) target: String,
    /// The number of the ABI it was built for.
    pub(crate) abi: u32,
    /// The version of the SDK it was built with.
    pub(crate) sdk: String,
    /// The members that belong to it, each with its digest. The signature is not among them: it is for
    /// this manifest as well.
    pub(crate) files: BTreeMap<String, String>,
}

impl PackedPlugin {
    /// The file name of its library.
    pub(crate) fn library(&self) -> String {
        library(&self.name)
    }
}

/// The file name of a plugin's library.
pub(crate) fn library(plugin: &str) -> String {
    format!("{plugin}{DLL_SUFFIX}")
}

/// The file name of the signature of a library.
pub(crate) fn signature(library: &str) -> String {
    format!("{library}.minisig")
}

/// The file name of a plugin's sidecar example, which no host reads.
pub(crate) fn example(plugin: &str) -> String {
    format!("{plugin}.toml.example")
}

/// The files of a plugin that are put in place, its library the first.
pub(crate) fn installed(plugin: &str) -> [String; 3] {
    let library = library(plugin);
    let signature = signature(&library);
    [library, signature, example(plugin)]
}

/// The file name of a plugin's README.
pub(crate) fn readme(plugin: &str) -> String {
    format!("{plugin}.README.md")
}

/// What keeps `name` from being that of a member, which is put beside others in a directory.
pub(crate) fn fault_of_name(name: &str) -> Option<&'static str> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._+-".contains(&byte);
    if name.is_empty() {
        Some("has no name")
    } else if name.starts_with('/') {
        Some("is an absolute path")
    } else if name.split('/').any(|part| part == "..") {
        Some("leads out of the pack")
    } else if name.contains('/') {
        Some("is in a directory, and a pack has none")
    } else if name.starts_with('.') {
        Some("has a hidden name")
    } else if name.starts_with('-') || !name.bytes().all(is_plain) {
        Some("has a name with other characters than letters, digits and . _ + -")
    } else if name.len() > MAX_NAME_BYTES {
        Some("has a name of more than 99 bytes")
    } else {
        None
    }
}
