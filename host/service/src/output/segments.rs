//! The files of a log.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::store::Seq;

/// How many logs share a directory: looking for the files of one reads all names there.
const TOGETHER: u64 = 256;

/// A file of a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Segment {
    pub(crate) path: PathBuf,
    /// Its position in the log.
    pub(crate) start: u64,
    pub(crate) len: u64,
}

/// The directory of a log's files.
pub(crate) fn directory(root: &Path, seq: Seq) -> PathBuf {
    root.join(format!("{:08x}", seq / TOGETHER))
}

/// The file of a log that begins at a position.
pub(crate) fn path(root: &Path, seq: Seq, start: u64) -> PathBuf {
    directory(root, seq).join(format!("{seq:016x}-{start:016x}"))
}

/// The files of a log, in its order; none where it has none.
pub(crate) fn of(root: &Path, seq: Seq) -> io::Result<Vec<Segment>> {
    let found = in_directory(&directory(root, seq), |other| other == seq)?;
    let mut segments: Vec<_> = found.into_iter().map(|(_, segment)| segment).collect();
    segments.sort_by_key(|segment| segment.start);
    Ok(segments)
}

/// The files of all logs, and whose they are.
pub(crate) fn all(root: &Path) -> io::Result<Vec<(Seq, Segment)>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(root)? {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(in_directory(&path, |_| true)?);
        }
    }
    Ok(found)
}

/// The files of the logs that are wanted; the others are not looked at.
fn in_directory(directory: &Path, wanted: impl Fn(Seq) -> bool) -> io::Result<Vec<(Seq, Segment)>> {
    let entries = match fs::read_dir(directory) {
        Err(err) if err.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut found = Vec::new();
    for entry in entries {
        let entry = entry?;
        let name = entry.file_name();
        let parsed = name.to_str().and_then(|name| name.split_once('-'));
        let Some((seq, start)) = parsed else { continue };
        let number = |text| u64::from_str_radix(text, 16).ok();
        let (Some(seq), Some(start)) = (number(seq), number(start)) else {
            continue;
        };
        if !wanted(seq) {
            continue;
        }
        // One that goes at this moment is no longer there.
        let Ok(metadata) = entry.metadata() else {
            continue;
        };
        let segment = Segment {
            path: entry.path(),
            start,
            len: metadata.len(),
        };
        found.push((seq, segment));
    }
    Ok(found)
}

/// Removes the files of a log.
pub(crate) fn remove(root: &Path, seq: Seq) -> io::Result<()> {
    for segment in of(root, seq)? {
        fs::remove_file(segment.path)?;
    }
    Ok(())
}
