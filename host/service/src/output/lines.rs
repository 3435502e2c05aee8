//! Lines of a log, each with a cursor from which another reader goes on behind it.

use std::fmt;
use std::str::FromStr;

use bytes::Bytes;
use memchr::memchr;

use super::frame::{CUT, Frame, Kind, LAST, Stream};

/// The longest line that comes in one piece.
const MAX_LINE_BYTES: usize = 64 << 10;

/// A byte of a log: how many of a frame's payload are before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
struct Byte {
    frame: u64,
    at: u32,
}

/// Where a reader of lines goes on. The other stream may be in the middle of a line that began earlier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Cursor {
    next: Byte,
    open: Option<Byte>,
}

/// A line, or a piece of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Line {
    pub(crate) attempt: u32,
    pub(crate) stream: Stream,
    /// The number of the line, from 0, in its stream of its attempt.
    pub(crate) number: u64,
    pub(crate) time: u64,
    /// Without its end.
    pub(crate) bytes: Bytes,
    /// Whether more of it follows, or was left out, or it has no end.
    pub(crate) partial: bool,
    pub(crate) cursor: Cursor,
}

/// Finds the lines in frames that come one after the other.
#[derive(Debug, Default)]
pub(crate) struct Lines {
    /// What has begun and not ended, of each stream.
    open: [Open; 2],
    from: Cursor,
    /// The stream of the line that had begun before `from`.
    open_stream: Option<Stream>,
    /// Lines that are passed over.
    pub(crate) skip: u64,
}

#[derive(Debug, Default)]
struct Open {
    bytes: Vec<u8>,
    begins: Option<Byte>,
    attempt: u32,
    number: u64,
    time: u64,
}

impl Lines {
    /// The lines behind a cursor.
    pub(crate) fn behind(cursor: Cursor) -> Self {
        Self {
            from: cursor,
            ..Self::default()
        }
    }

    /// The cursor behind which they are.
    pub(crate) fn from(&self) -> Cursor {
        self.from
    }

    /// The position in the log to read from.
    pub(crate) fn position(&self) -> u64 {
        self.from
            .open
            .map_or(self.from.next, |open| open.min(self.from.next))
            .frame
    }

    /// Takes a frame, and hands over each line that it ends.
    pub(crate) fn take(&mut self, frame: &Frame, mut line: impl FnMut(Line)) {
        let Kind::Data(stream) = frame.kind else {
            if let Kind::Lost { stream, .. } = frame.kind {
                self.end_open(stream, frame, 0, &mut line);
            }
            return;
        };
        let begin = self.begin_in(frame, stream);
        let Some(begin) = begin else { return };
        let payload = &frame.payload;
        let mut at = begin;
        let mut number = frame.first_line + count_ends(&payload[..begin]);
        while at < payload.len() {
            let end = memchr(b'\n', &payload[at..]).map(|end| at + end);
            let piece_end = end.unwrap_or(payload.len());
            let open = &mut self.open[stream.index()];
            if open.begins.is_none() {
                open.begins = Some(Byte {
                    frame: frame.offset,
                    at: at as u32,
                });
                open.attempt = frame.attempt;
                open.number = number;
                open.time = frame.time;
            }
            // A line that is too long comes in pieces.
            let room = MAX_LINE_BYTES.saturating_sub(open.bytes.len());
            if piece_end - at > room {
                open.bytes.extend_from_slice(&payload[at..at + room]);
                at += room;
                self.emit(stream, frame, at, true, &mut line);
                continue;
            }
            open.bytes.extend_from_slice(&payload[at..piece_end]);
            let Some(end) = end else { break };
            at = end + 1;
            number += 1;
            let cut = frame.flags & CUT != 0 && at == payload.len();
            self.emit(stream, frame, at, cut, &mut line);
        }
        if frame.flags & LAST != 0 {
            self.end_open(stream, frame, payload.len(), &mut line);
        }
    }

    /// Hands over what has no end, when there is no more.
    pub(crate) fn end(&mut self, mut line: impl FnMut(Line)) {
        for stream in [Stream::Stdout, Stream::Stderr] {
            let open = &mut self.open[stream.index()];
            if open.begins.take().is_some() {
                let bytes = Bytes::from(std::mem::take(&mut open.bytes));
                let (attempt, number, time) = (open.attempt, open.number, open.time);
                line(Line {
                    attempt,
                    stream,
                    number,
                    time,
                    bytes,
                    partial: true,
                    cursor: self.from,
                });
            }
        }
    }

    /// Which bytes of a frame are to be looked at: from where, if any.
    fn begin_in(&mut self, frame: &Frame, stream: Stream) -> Option<usize> {
        let Cursor { next, open } = self.from;
        if let Some(open) = open
            && frame.offset == open.frame
        {
            self.open_stream = Some(stream);
            if frame.offset < next.frame {
                return Some(open.at as usize).filter(|at| *at <= frame.payload.len());
            }
        }
        if frame.offset < next.frame {
            return (self.open_stream == Some(stream)).then_some(0);
        }
        if frame.offset == next.frame && self.open_stream != Some(stream) {
            return Some(next.at as usize).filter(|at| *at <= frame.payload.len());
        }
        Some(0)
    }

    fn end_open(&mut self, stream: Stream, frame: &Frame, at: usize, line: &mut impl FnMut(Line)) {
        if self.open[stream.index()].begins.is_some() {
            self.emit(stream, frame, at, true, line);
        }
    }

    fn emit(
        &mut self,
        stream: Stream,
        frame: &Frame,
        at: usize,
        partial: bool,
        line: &mut impl FnMut(Line),
    ) {
        let other = match stream {
            Stream::Stdout => Stream::Stderr,
            Stream::Stderr => Stream::Stdout,
        };
        let cursor = Cursor {
            next: Byte {
                frame: frame.offset,
                at: at as u32,
            },
            open: self.open[other.index()].begins,
        };
        let open = &mut self.open[stream.index()];
        open.begins = None;
        let bytes = Bytes::from(std::mem::take(&mut open.bytes));
        let found = Line {
            attempt: open.attempt,
            stream,
            number: open.number,
            time: open.time,
            bytes,
            partial,
            cursor,
        };
        if self.skip > 0 {
            self.skip -= 1;
            return;
        }
        line(found);
    }
}

fn count_ends(bytes: &[u8]) -> u64 {
    memchr::memchr_iter(b'\n', bytes).count() as u64
}

impl Cursor {
    /// Behind the whole of a frame that has no lines.
    pub(crate) fn behind_frame(frame: &Frame) -> Self {
        Self {
            next: Byte {
                frame: frame.offset,
                at: u32::MAX,
            },
            open: None,
        }
    }

    /// At the beginning of the frame at a position.
    pub(crate) fn at(position: u64) -> Self {
        Self {
            next: Byte {
                frame: position,
                at: 0,
            },
            open: None,
        }
    }

    /// Whether a frame that has no lines comes behind it.
    pub(crate) fn is_before(&self, frame: &Frame) -> bool {
        let next = self.next;
        frame.offset > next.frame || (frame.offset == next.frame && next.at == 0)
    }
}

impl fmt::Display for Byte {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.frame, self.at)
    }
}

impl FromStr for Byte {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (frame, at) = text.split_once('.').ok_or(())?;
        Ok(Self {
            frame: frame.parse().map_err(drop)?,
            at: at.parse().map_err(drop)?,
        })
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.open {
            None => self.next.fmt(f),
            Some(open) => write!(f, "{}-{open}", self.next),
        }
    }
}

impl FromStr for Cursor {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (next, open) = match text.split_once('-') {
            Some((next, open)) => (next, Some(open.parse()?)),
            None => (text, None),
        };
        Ok(Self {
            next: next.parse()?,
            open,
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "all of it is tests")]

    use super::super::frame;
    use super::*;

    /// The frames of a log whose streams end in each other's lines.
    fn frames() -> Vec<Frame> {
        let mut log = Vec::new();
        let mut numbers = [0_u64; 2];
        for (stream, flags, data) in [
            (Stream::Stdout, 0, &b"one\ntw"[..]),
            (Stream::Stderr, 0, b"err"),
            (Stream::Stdout, 0, b"o\nthree\n"),
            (Stream::Stderr, 0, b"or\nlast"),
            (Stream::Stdout, LAST, b"four"),
            (Stream::Stderr, LAST, b" one"),
        ] {
            let lines = count_ends(data) as u32;
            let first = numbers[stream.index()];
            numbers[stream.index()] += u64::from(lines);
            frame::write(
                &mut log,
                Kind::Data(stream),
                flags,
                1,
                (lines, first),
                9,
                data,
            );
        }
        let mut bytes = Bytes::from(log);
        let mut frames = Vec::new();
        let mut offset = 0;
        while let Some((frame, size)) = Frame::read(offset, &bytes) {
            frames.push(frame);
            offset += size as u64;
            bytes = bytes.slice(size..);
        }
        frames
    }

    fn lines_behind(cursor: Cursor) -> Vec<Line> {
        let mut lines = Lines::behind(cursor);
        let position = lines.position();
        let mut found = Vec::new();
        for frame in frames().iter().filter(|frame| frame.offset >= position) {
            lines.take(frame, |line| found.push(line));
        }
        lines.end(|line| found.push(line));
        found
    }

    #[test]
    fn whoever_goes_on_behind_any_line_sees_exactly_the_rest() {
        let all = lines_behind(Cursor::default());
        let texts: Vec<_> = all
            .iter()
            .map(|line| {
                let text = String::from_utf8_lossy(&line.bytes).into_owned();
                (line.stream, line.number, text, line.partial)
            })
            .collect();
        let expected = [
            (Stream::Stdout, 0, "one", false),
            (Stream::Stdout, 1, "two", false),
            (Stream::Stdout, 2, "three", false),
            (Stream::Stderr, 0, "error", false),
            (Stream::Stdout, 3, "four", true),
            (Stream::Stderr, 1, "last one", true),
        ];
        assert_eq!(
            texts,
            expected.map(|(stream, number, text, partial)| (
                stream,
                number,
                text.to_owned(),
                partial
            ))
        );
        for (at, line) in all.iter().enumerate() {
            let cursor: Cursor = line.cursor.to_string().parse().unwrap();
            assert_eq!(lines_behind(cursor), all[at + 1..], "behind {line:?}");
        }
    }

    #[test]
    fn a_line_that_is_too_long_comes_in_pieces_that_can_be_put_together() {
        let long = vec![b'x'; MAX_LINE_BYTES * 2 + 10];
        let mut log = Vec::new();
        let data = [&long[..], b"\nshort\n"].concat();
        frame::write(&mut log, Kind::Data(Stream::Stdout), 0, 1, (2, 0), 9, &data);
        let (frame, _) = Frame::read(0, &Bytes::from(log)).unwrap();
        let mut found = Vec::new();
        Lines::default().take(&frame, |line| found.push(line));
        let lengths: Vec<_> = found
            .iter()
            .map(|it| (it.bytes.len(), it.partial))
            .collect();
        let expected = [
            (MAX_LINE_BYTES, true),
            (MAX_LINE_BYTES, true),
            (10, false),
            (5, false),
        ];
        assert_eq!(lengths, expected);
        assert_eq!(
            found.iter().map(|it| it.number).collect::<Vec<_>>(),
            [0, 0, 0, 1]
        );
    }
}
