//! Appends to a log.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::PathBuf;

use super::segments::{self, Segment};
use crate::store::Seq;

/// How many segments a log has when it is as long as it may be.
const SEGMENTS: u64 = 8;

/// A log that is written to. It has no file before the first byte.
#[derive(Debug)]
pub(crate) struct Log {
    root: PathBuf,
    seq: Seq,
    /// How many bytes it may have.
    limit: u64,
    /// The oldest first.
    segments: Vec<Segment>,
    /// The last of them.
    file: Option<File>,
    /// The position behind its last byte.
    end: u64,
}

impl Log {
    /// The log of a task that has never run.
    pub(crate) fn new(root: PathBuf, seq: Seq, limit: u64) -> Self {
        Self {
            root,
            seq,
            limit,
            segments: Vec::new(),
            file: None,
            end: 0,
        }
    }

    /// The log of a task, with what earlier runs of it have left.
    pub(crate) fn open(root: PathBuf, seq: Seq, limit: u64) -> io::Result<Self> {
        let mut log = Self::new(root, seq, limit);
        log.segments = segments::of(&log.root, seq)?;
        log.end = log.segments.last().map_or(0, |last| last.start + last.len);
        Ok(log)
    }

    /// The position behind its last byte.
    pub(crate) fn end(&self) -> u64 {
        self.end
    }

    /// The bytes that are kept.
    pub(crate) fn kept(&self) -> u64 {
        self.segments.iter().map(|segment| segment.len).sum()
    }

    /// Appends whole frames. Where that fails the log is as it was.
    pub(crate) fn append(&mut self, frames: &[u8]) -> io::Result<()> {
        let full = self
            .segments
            .last()
            .is_some_and(|last| last.len >= self.limit / SEGMENTS);
        if full {
            self.file = None;
        }
        if self.file.is_none() {
            self.begin_segment()?;
        }
        let (Some(file), Some(last)) = (&mut self.file, self.segments.last_mut()) else {
            return Err(io::Error::other("a log without a segment"));
        };
        if let Err(err) = file.write_all(frames) {
            // Part of them may be there, for readers to stumble over.
            file.set_len(last.len)?;
            return Err(err);
        }
        last.len += frames.len() as u64;
        self.end += frames.len() as u64;
        self.drop_oldest()
    }

    fn begin_segment(&mut self) -> io::Result<()> {
        let path = segments::path(&self.root, self.seq, self.end);
        let mut options = OpenOptions::new();
        options.append(true).create(true).mode(0o600);
        let file = match options.open(&path) {
            // The first of those that share a directory.
            Err(err) if err.kind() == io::ErrorKind::NotFound => {
                let mut directory = DirBuilder::new();
                directory.recursive(true).mode(0o700);
                directory.create(segments::directory(&self.root, self.seq))?;
                options.open(&path)?
            }
            file => file?,
        };
        // What a killed service has left of a frame, or one of a task that was never acknowledged.
        if file.metadata()?.len() > 0 {
            file.set_len(0)?;
        }
        self.file = Some(file);
        self.segments.push(Segment {
            path,
            start: self.end,
            len: 0,
        });
        Ok(())
    }

    fn drop_oldest(&mut self) -> io::Result<()> {
        while self.kept() > self.limit && self.segments.len() > 1 {
            let oldest = self.segments.remove(0);
            match fs::remove_file(&oldest.path) {
                Err(err) if err.kind() != io::ErrorKind::NotFound => return Err(err),
                _ => {}
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "all of it is tests")]

    use super::*;

    #[test]
    fn a_log_has_no_file_before_its_first_byte_and_no_more_than_its_limit() {
        let root = tempfile::tempdir().unwrap();
        let mut log = Log::open(root.path().to_owned(), 300, 8000).unwrap();
        assert_eq!(segments::all(root.path()).unwrap(), []);
        for _ in 0..100 {
            log.append(&[7; 500]).unwrap();
        }
        assert_eq!(log.end(), 50_000);
        assert!((7000..=8500).contains(&log.kept()), "{}", log.kept());
        let found = segments::of(root.path(), 300).unwrap();
        let kept: u64 = found.iter().map(|segment| segment.len).sum();
        assert_eq!(kept, log.kept());
        let last = found.last().unwrap();
        assert_eq!(last.start + last.len, 50_000);

        let again = Log::open(root.path().to_owned(), 300, 8000).unwrap();
        assert_eq!((again.end(), again.kept()), (50_000, kept));
        segments::remove(root.path(), 300).unwrap();
        assert_eq!(segments::of(root.path(), 300).unwrap(), []);
    }
}
