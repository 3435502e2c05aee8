//! All that can be known of one file without running it.

use std::path::Path;

use serde::Serialize;

use super::PluginLoader;
use super::digest::Digest;
use super::discover::{self, Candidate, Found};
use super::error::{LoadError, PolicyError};
use super::inspect::{self, Inspection};
use super::policy::{Opened, SUMS, Sums, signature_file};

/// All that can be known of one file without running it.
#[derive(Debug)]
#[non_exhaustive]
pub struct Survey {
    /// The file's name.
    pub file: String,
    /// Its length in bytes.
    pub size: u64,
    /// The digest of its content.
    pub sha256: Digest,
    /// What its bytes say.
    pub inspection: Inspection,
    /// Who vouches for it.
    pub signature: Signature,
    /// Whether `SHA256SUMS` beside it lists it; `None` when there is none.
    pub listed: Option<bool>,
    /// Why this host would not load it whatever is in it.
    pub refused: Vec<PolicyError>,
}

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

impl PluginLoader {
    /// Finds out all that can be known of a file without running it, whether it may be loaded or
    /// not.
    ///
    /// # Errors
    ///
    /// [`LoadError`] when it cannot be read or is no regular file.
    pub fn survey(&self, path: impl AsRef<Path>) -> Result<Survey, LoadError> {
        let path = std::path::absolute(path).map_err(unreadable)?;
        let mut lenient = self.policy.clone();
        lenient.links_outside = true;
        let candidate = match discover::look_at(&path, &lenient) {
            Found::Candidate(candidate) => candidate,
            Found::Rejected(_, err) => return Err(err),
            Found::Skipped(skipped) => unreachable!("{} was asked for by name", skipped.file),
        };
        let opened = Opened::new(&candidate.real)?;
        let size = opened.len();
        if size > self.policy.max_file_bytes {
            let limit = self.policy.max_file_bytes;
            return Err(PolicyError::TooLarge { len: size, limit }.into());
        }
        let bytes = opened.read()?;
        let sha256 = Digest::of(&bytes);
        let inspection = inspect::inspect(&bytes);
        let mut refused = Vec::new();
        let signature = self.signature(&candidate, &bytes, &inspection, &mut refused);
        let listed = self.look_for_refusals(&candidate, sha256, &mut refused);
        Ok(Survey {
            file: candidate.file,
            size,
            sha256,
            inspection,
            signature,
            listed,
            refused,
        })
    }

    fn signature(
        &self,
        candidate: &Candidate,
        bytes: &[u8],
        inspection: &Inspection,
        refused: &mut Vec<PolicyError>,
    ) -> Signature {
        let present = signature_file(&candidate.path).exists();
        if self.policy.keys.is_empty() {
            return if present {
                Signature::Unchecked
            } else {
                Signature::Absent
            };
        }
        let verified = self.policy.verify(&candidate.path, bytes);
        let of_another = inspection.stamp.as_ref().and_then(|stamp| {
            self.policy
                .check_signature(&candidate.path, bytes, stamp)
                .err()
        });
        match (verified, of_another) {
            (Ok(signed), of_another) => {
                refused.extend(of_another);
                Signature::Good {
                    comment: signed.comment,
                }
            }
            (Err(err), _) => {
                let absent = matches!(err, PolicyError::Unsigned { .. });
                refused.push(err);
                if absent {
                    Signature::Absent
                } else {
                    Signature::Bad
                }
            }
        }
    }

    /// Adds what the policy has against a file, and says whether it is listed.
    fn look_for_refusals(
        &self,
        candidate: &Candidate,
        sha256: Digest,
        refused: &mut Vec<PolicyError>,
    ) -> Option<bool> {
        if let Found::Rejected(_, LoadError::Policy(err)) =
            discover::look_at(&candidate.path, &self.policy)
        {
            refused.push(err);
        }
        refused.extend(self.policy.open(&candidate.real).err());
        let directory = candidate.path.parent().unwrap_or(Path::new("/"));
        let directory = directory.canonicalize().unwrap_or(directory.to_owned());
        refused.extend(self.policy.check_directories(&directory).err());
        let sums = Sums::of(&directory, &self.policy);
        if !sums.present() {
            return None;
        }
        let name = candidate.path.file_name().unwrap_or(SUMS.as_ref());
        let err = sums.check(name, sha256).err();
        let listed = !matches!(err, Some(PolicyError::Unlisted));
        refused.extend(err);
        Some(listed)
    }
}

fn unreadable(source: std::io::Error) -> LoadError {
    PolicyError::Unreadable { source }.into()
}
