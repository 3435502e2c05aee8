//! Why nobody vouches for the bytes of a file.

use thiserror::Error;

use crate::loader::digest::Digest;
use crate::loader::refusal::{Advice, Refusal};

/// Why nobody vouches for the bytes of a file. It displays as the fact alone.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum VouchError {
    /// The list of digests says nothing for certain.
    #[error("{fact}")]
    SumsUnusable {
        /// What is wrong with it.
        fact: String,
        /// What to do about that.
        advice: Advice,
    },
    /// There is no list of digests, and the host wants one.
    #[error("there is no SHA256SUMS, and this host loads listed plugins only")]
    NoSums,
    /// The file is not in the list of digests.
    #[error("SHA256SUMS does not list it")]
    Unlisted,
    /// The list has a digest for its sidecar, which is not there.
    #[error("SHA256SUMS lists {name}, which is not there")]
    ListedAbsent {
        /// The sidecar's name.
        name: String,
    },
    /// Its digest is not the one in the list.
    #[error("SHA256SUMS has {listed} for {name}, the file has {found}")]
    OtherDigest {
        /// Its name in the list.
        name: String,
        /// As the list has it.
        listed: Digest,
        /// As the file has it.
        found: Digest,
    },
    /// It has no signature, and the host wants one.
    #[error("not signed: there is no {file}, and this host loads signed plugins only")]
    Unsigned {
        /// The name that the signature would have.
        file: String,
    },
    /// Its signature may not be used.
    #[error("its signature {file} cannot be used: {fact}")]
    SignatureUnusable {
        /// The signature's name.
        file: String,
        /// Why.
        fact: String,
        /// What to do about that.
        advice: Advice,
    },
    /// Its signature does not hold.
    #[error("its signature {file} does not hold: {reason}")]
    BadSignature {
        /// The signature's name.
        file: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// Its signature was made for another plugin or version.
    #[error(
        "its signature is for {comment:?}, expected a trusted comment that begins with \
         \"{plugin} {version}\""
    )]
    SignedForAnother {
        /// The comment that is signed with it.
        comment: String,
        /// The plugin.
        plugin: String,
        /// Its version.
        version: String,
    },
}

impl Refusal for VouchError {
    fn code(&self) -> &'static str {
        match self {
            Self::SumsUnusable { .. } => "sums_unusable",
            Self::Unlisted => "unlisted",
            Self::NoSums => "no_sums",
            Self::OtherDigest { .. } | Self::ListedAbsent { .. } => "other_digest",
            Self::Unsigned { .. } => "unsigned",
            Self::SignatureUnusable { .. } | Self::BadSignature { .. } => "bad_signature",
            Self::SignedForAnother { .. } => "signed_for_another",
        }
    }

    fn advice(&self) -> Advice {
        match self {
            Self::SumsUnusable { advice, .. } | Self::SignatureUnusable { advice, .. } => {
                advice.clone()
            }
            Self::NoSums => Advice::new("put the list back, or write one with sha256sum"),
            Self::Unlisted => Advice::new("add it with sha256sum if it is meant to be there"),
            Self::ListedAbsent { .. } => Advice::new("put it back, or take it off the list"),
            Self::OtherDigest { .. } => {
                Advice::new("copy the file again, or update the list if the change is meant")
            }
            Self::Unsigned { .. } | Self::BadSignature { .. } => {
                Advice::new("get the signature that belongs to this file")
            }
            Self::SignedForAnother { .. } => {
                Advice::new("sign it with minisign -S -t \"NAME VERSION\"")
            }
        }
    }
}
