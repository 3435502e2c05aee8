//! All that can be known of one file without running it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::digest::Digest;
use super::discover::{self, DiscoverError};
use super::error::LoadError;
use super::inspect::Inspection;
use super::measure::Measurements;
use super::options::Options;
use super::pipeline::{Ended, Findings, Pipeline};
use super::vouch::{Signature, signature_file};

/// All that can be known of one file without running it.
#[derive(Debug)]
#[non_exhaustive]
pub struct Examination {
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
    /// Everything that this host refuses it for, in the order of the stages.
    pub refusals: Vec<LoadError>,
}

/// Examines the file at `path`, whether it may be loaded or not.
pub(super) fn examine(options: &Options, path: &Path) -> Result<Examination, LoadError> {
    match find_out(options, path) {
        Ok(examination) => Ok(examination),
        Err(Ended::Refused(err)) => Err(err),
        Err(Ended::Skipped(_)) => unreachable!("examining leaves no file alone"),
    }
}

fn find_out(options: &Options, named: &Path) -> Result<Examination, Ended> {
    let path =
        locate(named).map_err(|reason| LoadError::from(DiscoverError::Unreadable { reason }))?;
    let candidate = discover::candidate(&path).map_err(LoadError::from)?;
    let directory = path.parent().unwrap_or(Path::new("/"));
    let mut findings = Findings::All(Vec::new());
    let pipeline = Pipeline::untrusted(options, directory, &mut findings)?;
    let above = named
        .parent()
        .filter(|parent| *parent != Path::new(""))
        .unwrap_or(Path::new("."));
    pipeline.check_way(above, &mut findings)?;
    let (mut measurements, mut bytes) = (Measurements::default(), Vec::new());
    let seen = pipeline.look(&candidate, &mut findings, &mut measurements, &mut bytes)?;
    let unchecked = || match signature_file(&path).exists() {
        true => Signature::Unchecked,
        false => Signature::Absent,
    };
    Ok(Examination {
        file: candidate.file,
        size: bytes.len() as u64,
        sha256: seen.digest,
        inspection: seen.inspection,
        signature: seen.signature.unwrap_or_else(unchecked),
        listed: pipeline.sums().lists(path.file_name().unwrap_or_default()),
        refusals: findings.into_refusals(),
    })
}

/// The path of a file in its directory as the loader sees that: absolute and without links. The
/// file's own name may be a link.
fn locate(path: &Path) -> io::Result<PathBuf> {
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
