//! A place in a log, and what is found from there on.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::PathBuf;

use bytes::Bytes;

use super::frame::{Frame, HEADER, Head, Stream, TRAILER};
use super::segments::{self, Segment};
use crate::store::Seq;

/// How many bytes are read at once.
const AT_ONCE: usize = 64 << 10;

/// What a reader found.
#[derive(Debug)]
pub(crate) enum Read {
    /// What comes next.
    Frames(Vec<Frame>),
    /// So many bytes of the log are not kept any more.
    Gone { bytes: u64 },
    /// There is no more now.
    Nothing,
}

/// Where a reader is; it goes to a thread that may block, and comes back.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) root: PathBuf,
    pub(super) seq: Seq,
    pub(super) position: u64,
    /// The file that was read last.
    pub(super) open: Option<(Segment, File)>,
}

impl Place {
    pub(super) fn at_the_beginning(root: PathBuf, seq: Seq) -> Self {
        Self {
            root,
            seq,
            position: 0,
            open: None,
        }
    }

    pub(super) fn read(&mut self) -> io::Result<Read> {
        loop {
            let Some(next) = self.open_next()? else {
                return Ok(Read::Nothing);
            };
            if next > self.position {
                let bytes = next - self.position;
                self.position = next;
                return Ok(Read::Gone { bytes });
            }
            let frames = self.frames()?;
            if !frames.is_empty() {
                return Ok(Read::Frames(frames));
            }
            // Its end is torn, or not written yet. What follows is in the next one.
            let Some((segment, _)) = self.open.take() else {
                return Ok(Read::Nothing);
            };
            let following = segments::of(&self.root, self.seq)?
                .into_iter()
                .find(|other| other.start > segment.start);
            match following {
                Some(following) => self.position = following.start,
                None => return Ok(Read::Nothing),
            }
        }
    }

    /// Opens the segment of the position, or the first behind it; where that begins at the earliest.
    fn open_next(&mut self) -> io::Result<Option<u64>> {
        if self.open.is_some() {
            return Ok(Some(self.position));
        }
        // One is there as a rule that begins where the last has ended: no other name has to be read.
        let path = segments::path(&self.root, self.seq, self.position);
        if let Ok(file) = File::open(&path) {
            let segment = Segment {
                path,
                start: self.position,
                len: 0,
            };
            self.open = Some((segment, file));
            return Ok(Some(self.position));
        }
        for _ in 0..3 {
            let segments = segments::of(&self.root, self.seq)?;
            let at = segments.partition_point(|segment| segment.start <= self.position);
            let holds = at.checked_sub(1).map(|at| &segments[at]);
            let Some(segment) = holds.or_else(|| segments.get(at)) else {
                return Ok(None);
            };
            match File::open(&segment.path) {
                Ok(file) => {
                    let begins = segment.start.max(self.position);
                    self.open = Some((segment.clone(), file));
                    return Ok(Some(begins));
                }
                // It has just gone, since the log is as long as it may be.
                Err(err) if err.kind() == io::ErrorKind::NotFound => {}
                Err(err) => return Err(err),
            }
        }
        Ok(None)
    }

    /// The frames at the position, as far as they are in the open segment.
    fn frames(&mut self) -> io::Result<Vec<Frame>> {
        let mut frames = Vec::new();
        let Some((segment, file)) = &self.open else {
            return Ok(frames);
        };
        let mut want = AT_ONCE;
        loop {
            let mut buffer = vec![0; want];
            let read = read_full(file, &mut buffer, self.position - segment.start)?;
            buffer.truncate(read);
            let mut bytes = Bytes::from(buffer);
            let mut needed = 0;
            while !bytes.is_empty() {
                match Frame::read(self.position, &bytes) {
                    Some((frame, size)) => {
                        self.position += size as u64;
                        frames.push(frame);
                        bytes = bytes.slice(size..);
                    }
                    None => {
                        needed = Head::read(&bytes).map_or(0, |head| head.size());
                        break;
                    }
                }
            }
            // One frame that is longer than what is read at once.
            if frames.is_empty() && needed > want && read == want {
                want = needed;
                continue;
            }
            return Ok(frames);
        }
    }

    /// Walks over the heads of frames from the beginning, until `each` wants no more.
    pub(super) fn each_head(&mut self, mut each: impl FnMut(u64, &Head) -> bool) -> io::Result<()> {
        for segment in segments::of(&self.root, self.seq)? {
            let file = match File::open(&segment.path) {
                Err(err) if err.kind() == io::ErrorKind::NotFound => continue,
                file => file?,
            };
            let mut at = 0;
            let mut head = [0; HEADER];
            while read_full(&file, &mut head, at)? == HEADER {
                let Some(head) = Head::read(&head) else { break };
                if !each(segment.start + at, &head) {
                    return Ok(());
                }
                at += head.size() as u64;
            }
        }
        Ok(())
    }

    pub(super) fn since(&mut self, time: u64) -> io::Result<u64> {
        let mut found = None;
        let mut end = 0;
        self.each_head(|offset, head| {
            end = offset + head.size() as u64;
            if head.time >= time {
                found = Some(offset);
            }
            found.is_none()
        })?;
        Ok(found.unwrap_or(end))
    }

    pub(super) fn tail(
        &mut self,
        lines: u64,
        wanted: &dyn Fn(u32, Stream) -> bool,
    ) -> io::Result<(u64, u64)> {
        let segments = segments::of(&self.root, self.seq)?;
        let mut begin = segments.last().map_or(0, |last| last.start + last.len);
        let mut found = 0;
        // A line without an end is one, too, where nothing of its stream follows.
        let mut seen_end = [false; 2];
        for segment in segments.iter().rev() {
            let file = match File::open(&segment.path) {
                Err(err) if err.kind() == io::ErrorKind::NotFound => break,
                file => file?,
            };
            let mut at = segment.len;
            while at >= (HEADER + TRAILER) as u64 {
                if found >= lines {
                    return Ok((begin, found - lines));
                }
                let mut size = [0; TRAILER];
                read_full(&file, &mut size, at - TRAILER as u64)?;
                let size = u64::from(u32::from_le_bytes(size));
                let Some(start) = at.checked_sub(size) else {
                    break;
                };
                let mut head = [0; HEADER];
                read_full(&file, &mut head, start)?;
                let Some(head) = Head::read(&head) else { break };
                if let Some(stream) = head.data()
                    && wanted(head.attempt(), stream)
                {
                    found += u64::from(head.lines);
                    let seen = &mut seen_end[stream.index()];
                    if !*seen && head.length() > 0 {
                        *seen = true;
                        let mut last = [0];
                        let end = start + HEADER as u64 + head.length() - 1;
                        read_full(&file, &mut last, end)?;
                        found += u64::from(last != *b"\n");
                    }
                }
                begin = segment.start + start;
                at = start;
            }
        }
        Ok((begin, found.saturating_sub(lines)))
    }
}

/// Reads until the buffer is full or the file ends; how much.
pub(super) fn read_full(file: &File, buffer: &mut [u8], mut at: u64) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match file.read_at(&mut buffer[filled..], at) {
            Ok(0) => break,
            Ok(read) => {
                filled += read;
                at += read as u64;
            }
            Err(err) if err.kind() == io::ErrorKind::Interrupted => {}
            Err(err) => return Err(err),
        }
    }
    Ok(filled)
}
