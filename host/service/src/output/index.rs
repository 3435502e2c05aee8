//! Where the lines of a log are, so that any of millions is found without reading those before it.
//!
//! Lines have numbers in the order in which they end in the log. A line that never gets an end counts where
//! it is known that it will not; what was left out counts as one.

use std::collections::VecDeque;
use std::fs::File;
use std::io;
use std::sync::Arc;

use parking_lot::Mutex;

use super::frame::{HEADER, Head, LAST, Stream};
use super::place::{Place, read_full};
use super::segments;
use crate::store::Seq;

/// About so many bytes of a log are between two marks.
const BETWEEN: u64 = 256 << 10;

/// How many heads are read at once where frames are short, in bytes.
const HEADS: usize = 8 << 10;

/// How many indexes are kept.
const KEPT: usize = 64;

/// Of which attempt and stream something is wanted; of all where that is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Selection {
    pub(crate) attempt: Option<u32>,
    pub(crate) stream: Option<Stream>,
}

impl Selection {
    pub(crate) fn takes(&self, attempt: u32, stream: Stream) -> bool {
        self.takes_attempt(attempt) && self.stream.is_none_or(|wanted| wanted == stream)
    }

    pub(crate) fn takes_attempt(&self, attempt: u32) -> bool {
        self.attempt.is_none_or(|wanted| wanted == attempt)
    }
}

/// A place between two frames.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Mark {
    pub(super) position: u64,
    /// How many lines have ended before it.
    pub(super) lines: u64,
    /// Where the lines that are open there have begun, at the earliest.
    pub(super) open_since: u64,
}

/// What is known of the lines of a log so far.
#[derive(Debug, Default)]
pub(super) struct Index {
    marks: Vec<Mark>,
    /// Up to where it was looked at.
    position: u64,
    lines: u64,
    streams: [OpenLine; 2],
    /// Whether frames just before the position were not seen: they had gone.
    is_behind_gap: bool,
}

/// What a stream has begun and not ended.
#[derive(Debug, Default, Clone, Copy)]
struct OpenLine {
    is_open: bool,
    attempt: u32,
    /// The last frame in which a line of it ended, or that began it.
    since: u64,
    /// The number of its next line, in its attempt.
    next: u64,
}

impl Index {
    /// Looks at what has come since.
    pub(super) fn extend(&mut self, place: &Place, selection: Selection) -> io::Result<()> {
        for segment in segments::of(&place.root, place.seq)? {
            if segment.start + segment.len <= self.position && segment.len > 0 {
                continue;
            }
            if segment.start > self.position {
                self.position = segment.start;
                self.is_behind_gap = true;
            }
            let file = match File::open(&segment.path) {
                // It has just gone, since the log is as long as it may be.
                Err(err) if err.kind() == io::ErrorKind::NotFound => continue,
                file => file?,
            };
            let mut heads = Heads::new(&file);
            while let Some(head) = heads.at(self.position - segment.start)? {
                let last = heads.last_byte(self.position - segment.start, &head)?;
                if self.is_behind_gap {
                    self.pass_gap(&head, selection);
                }
                self.mark(segment.start);
                self.take(&head, last, selection);
                self.position += head.size() as u64;
            }
        }
        Ok(())
    }

    /// Lines of frames that have gone have their numbers all the same: those of the stream that goes on
    /// first. Of the other one they are not known.
    fn pass_gap(&mut self, head: &Head, selection: Selection) {
        let Some(stream) = head.data() else { return };
        if !selection.takes(head.attempt(), stream) {
            return;
        }
        let known = &self.streams[stream.index()];
        let before = if known.attempt == head.attempt() {
            known.next
        } else {
            0
        };
        self.lines += head.first_line.saturating_sub(before);
        self.streams.iter_mut().for_each(|it| it.is_open = false);
        self.is_behind_gap = false;
    }

    /// Notes the position, where the last mark is far behind, or a file begins.
    fn mark(&mut self, segment: u64) {
        let due = match self.marks.last() {
            _ if self.is_behind_gap => false,
            None => true,
            Some(last) => self.position >= last.position + BETWEEN || self.position == segment,
        };
        if due {
            let open = self.streams.iter().filter(|stream| stream.is_open);
            self.marks.push(Mark {
                position: self.position,
                lines: self.lines,
                open_since: open.map(|it| it.since).min().unwrap_or(self.position),
            });
        }
    }

    fn take(&mut self, head: &Head, last: Option<u8>, selection: Selection) {
        let Some(of) = head.data().or(head.lost()) else {
            return;
        };
        if !selection.takes(head.attempt(), of) {
            return;
        }
        let position = self.position;
        let stream = &mut self.streams[of.index()];
        if stream.is_open && (stream.attempt != head.attempt() || head.data().is_none()) {
            stream.is_open = false;
            self.lines += 1;
        }
        if stream.attempt != head.attempt() {
            (stream.attempt, stream.next) = (head.attempt(), 0);
        }
        if head.data().is_none() {
            self.lines += 1;
            return;
        }
        stream.next = head.first_line + u64::from(head.lines);
        self.lines += u64::from(head.lines);
        if head.lines > 0 || !stream.is_open {
            stream.since = position;
        }
        if let Some(last) = last {
            stream.is_open = last != b'\n';
        }
        if head.flags() & LAST != 0 && stream.is_open {
            stream.is_open = false;
            self.lines += 1;
        }
    }

    /// How many lines there are, of a log that is complete or goes on.
    pub(super) fn total(&self, is_complete: bool) -> u64 {
        let open = self.streams.iter().filter(|stream| stream.is_open).count();
        self.lines + if is_complete { open as u64 } else { 0 }
    }

    /// The number of the first line that ends behind a position.
    pub(super) fn first_behind(&self, position: u64) -> u64 {
        let at = self.marks.partition_point(|mark| mark.position < position);
        self.marks.get(at).map_or(self.lines, |mark| mark.lines)
    }

    /// The last mark before a line.
    pub(super) fn before(&self, line: u64) -> Option<Mark> {
        let at = self.marks.partition_point(|mark| mark.lines <= line);
        self.marks.get(at.checked_sub(1)?).copied()
    }
}

/// Heads of frames in a file, one after the other.
struct Heads<'a> {
    file: &'a File,
    buffer: Vec<u8>,
    /// Where the buffer begins.
    start: u64,
}

impl<'a> Heads<'a> {
    fn new(file: &'a File) -> Self {
        Self {
            file,
            buffer: Vec::new(),
            start: 0,
        }
    }

    /// The bytes from here on, so many at least; fewer at the end of the file.
    fn bytes(&mut self, at: u64, wanted: usize) -> io::Result<&[u8]> {
        let is_there =
            at >= self.start && at + wanted as u64 <= self.start + self.buffer.len() as u64;
        if !is_there {
            self.buffer.resize(HEADS, 0);
            let read = read_full(self.file, &mut self.buffer, at)?;
            self.buffer.truncate(read);
            self.start = at;
        }
        let from = (at - self.start) as usize;
        Ok(self.buffer.get(from..).unwrap_or_default())
    }

    fn at(&mut self, at: u64) -> io::Result<Option<Head>> {
        Ok(Head::read(self.bytes(at, HEADER)?))
    }

    /// The last byte of a frame's payload, where it has one.
    fn last_byte(&mut self, at: u64, head: &Head) -> io::Result<Option<u8>> {
        if head.length() == 0 || head.data().is_none() {
            return Ok(None);
        }
        let at = at + HEADER as u64 + head.length() - 1;
        if at >= self.start && at < self.start + self.buffer.len() as u64 {
            return Ok(Some(self.buffer[(at - self.start) as usize]));
        }
        let mut last = [0];
        read_full(self.file, &mut last, at)?;
        Ok(Some(last[0]))
    }
}

/// Whose index one is, and of which lines.
type Key = (Seq, Selection);

/// Those that were asked for last.
#[derive(Debug, Default)]
pub(crate) struct Indexes(Mutex<VecDeque<(Key, Arc<Mutex<Index>>)>>);

impl Indexes {
    pub(super) fn of(&self, seq: Seq, selection: Selection) -> Arc<Mutex<Index>> {
        let mut all = self.0.lock();
        let key = (seq, selection);
        let at = all.iter().position(|(other, _)| *other == key);
        let found = at.and_then(|at| all.remove(at));
        let index = found.map(|(_, index)| index).unwrap_or_default();
        all.push_front((key, Arc::clone(&index)));
        all.truncate(KEPT);
        index
    }
}
