//! Why nothing of a pack is installed.

use std::io;

use thiserror::Error;

use crate::pack::format::{FORMAT, MANIFEST};

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

/// This machine, as a triple begins.
fn host() -> &'static str {
    std::env::consts::ARCH
}
