//! All that can be known of one file without running it.

use std::fs;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::PluginLoader;
use super::digest::Digest;
use super::discover::{self, Candidate, Found};
use super::error::{DiscoverError, LoadError, Place, PolicyError};
use super::inspect::{self, Inspection};
use super::policy::{Opened, SUMS, Sums, signature_file};
use super::sidecar::Sidecar;

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
    /// Whether `SHA256SUMS` beside it lists it, with whatever digest; `None` when there is none. One
    /// that cannot be used lists nothing.
    pub listed: Option<bool>,
    /// Why this host would not load it whatever is in it: the policy's reasons, and what is wrong
    /// with its sidecar.
    pub refused: Vec<LoadError>,
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
        let path = located(path.as_ref())
            .map_err(|source| LoadError::from(DiscoverError::Unreadable { source }))?;
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
        refused: &mut Vec<LoadError>,
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
                refused.extend(of_another.map(LoadError::from));
                Signature::Good {
                    comment: signed.comment,
                }
            }
            (Err(err), _) => {
                let absent = matches!(err, PolicyError::Unsigned { .. });
                refused.push(err.into());
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
        refused: &mut Vec<LoadError>,
    ) -> Option<bool> {
        let directory = candidate.path.parent().unwrap_or(Path::new("/"));
        let sums = Sums::of(directory, &self.policy);
        refused.extend(Sidecar::beside(candidate, &self.policy, &sums).err());
        if let Found::Rejected(_, err) = discover::look_at(&candidate.path, &self.policy) {
            refused.push(err);
        }
        let mut refuse = |err: Option<PolicyError>| {
            // A directory above several of the places is found at each of them.
            if let Some(err) = err.map(LoadError::from)
                && !refused.iter().any(|other| said(other) == said(&err))
            {
                refused.push(err);
            }
        };
        refuse(self.check_target(candidate).err());
        refuse(self.policy.open(&candidate.real).err());
        refuse(self.policy.check_directories(directory).err());
        refuse(self.staging_refused());
        if !sums.present() {
            return None;
        }
        let name = candidate.path.file_name().unwrap_or(SUMS.as_ref());
        let err = sums.check(name, sha256).err();
        let listed = matches!(err, None | Some(PolicyError::OtherDigest { .. }));
        refuse(err);
        Some(listed)
    }

    /// Why no file would be staged in the directory that the host names for it.
    fn staging_refused(&self) -> Option<PolicyError> {
        let named = self.stage_in.as_ref()?;
        match fs::canonicalize(named) {
            Ok(directory) => self.policy.check_directories(&directory).err(),
            Err(source) => Some(PolicyError::PlaceUnreadable {
                place: Place::Directory(named.clone()),
                source,
            }),
        }
    }
}

/// The path of a file in its directory as the loader sees that: absolute and without links. The
/// file's own name may be a link.
fn located(path: &Path) -> std::io::Result<PathBuf> {
    let Some(name) = path.file_name() else {
        // A path like `..` names a directory, which is then found to be no file.
        return fs::canonicalize(path);
    };
    let parent = match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    };
    Ok(fs::canonicalize(parent)?.join(name))
}

fn said(err: &LoadError) -> String {
    err.to_string()
}
