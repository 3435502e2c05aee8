//! The bytes that specs are read from, of which those behind a broken one are read again.

use std::collections::VecDeque;
use std::io::{self, Read};

/// A source of bytes that knows its place, and can go back to the line after a mark.
pub(super) struct Source<R> {
    inner: R,
    /// What is read before anything else.
    again: VecDeque<u8>,
    /// What was read since the line after the mark, while that is kept.
    since: Option<Since>,
    place: Place,
}

/// How a text is encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Encoding {
    Utf8,
    Utf16,
}

/// Where the next byte stands.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    /// Lines before it.
    pub(super) line: usize,
    /// Bytes before it in its line.
    pub(super) column: usize,
    /// Blanks at the beginning of its line, as far as that was read.
    pub(super) indent: usize,
    /// The first byte of its line that is no blank, once that was read.
    pub(super) first: Option<u8>,
}

/// How much is kept of the line of an object that may be broken, in bytes.
const LONGEST_LINE: usize = 1 << 20;

struct Since {
    /// Where the mark is.
    mark: Place,
    /// The line that it is in from there on, unless an array is there; no more of it than
    /// [`LONGEST_LINE`].
    rest: Vec<u8>,
    /// Whether an array is there.
    of_array: bool,
    /// The last byte of that line that is no blank.
    last: u8,
    bytes: Vec<u8>,
}

impl<R: Read> Source<R> {
    pub(super) fn new(inner: R) -> Self {
        Self {
            inner,
            again: VecDeque::new(),
            since: None,
            place: Place::at_line(0),
        }
    }

    /// Reads the mark that tells how a text is encoded, where there is one. It is no part of the text.
    pub(super) fn begin(&mut self) -> io::Result<Encoding> {
        let mut read = Vec::new();
        while let Some(byte) = self.read_one()? {
            read.push(byte);
            match &read[..] {
                [0xef, 0xbb, 0xbf] => return Ok(Encoding::Utf8),
                [0xff, 0xfe] | [0xfe, 0xff] => return Ok(Encoding::Utf16),
                // No more than that is read: whoever writes may wait for an answer.
                [0xef | 0xff | 0xfe] | [0xef, 0xbb] => {}
                _ => break,
            }
        }
        self.again.extend(read);
        Ok(Encoding::Utf8)
    }

    pub(super) fn place(&self) -> Place {
        self.place
    }

    /// Keeps what follows the line that is being read, until [`forget`](Self::forget).
    ///
    /// Of an array that goes on behind that line nothing is kept: it may be of any length, and nobody
    /// goes back into it. The mark is gone then.
    pub(super) fn mark(&mut self, of_array: bool) {
        self.since = Some(Since {
            mark: self.place,
            rest: Vec::new(),
            of_array,
            last: b' ',
            bytes: Vec::new(),
        });
    }

    /// Whether there is a mark to go back to.
    pub(super) fn is_marked(&self) -> bool {
        self.since.is_some()
    }

    /// Keeps no more, and does not go back.
    pub(super) fn forget(&mut self) {
        self.since = None;
    }

    /// Goes on behind the object at the mark, where its line has its end and another one, or an array,
    /// behind that. Else the answer is `false`, and the rest of the line has been read.
    pub(super) fn skip_object_in_line(&mut self) -> io::Result<bool> {
        loop {
            let Some(since) = &self.since else {
                return Ok(false);
            };
            if self.place.line > since.mark.line || self.next()?.is_none() {
                break;
            }
        }
        let Some(since) = &mut self.since else {
            return Ok(false);
        };
        let Some(end) = end_of_object(&since.rest) else {
            return Ok(false);
        };
        let behind = &since.rest[end..];
        let next = behind.iter().find(|byte| !byte.is_ascii_whitespace());
        if since.rest.len() > LONGEST_LINE || !matches!(next, Some(b'{' | b'[')) {
            return Ok(false);
        }
        let unread = behind.iter().chain(&since.bytes).rev();
        for byte in unread {
            self.again.push_front(*byte);
        }
        self.place = since.mark;
        self.place.column += end;
        self.since = None;
        Ok(true)
    }

    /// Goes on with the line after that of the mark; without a mark, with the next.
    pub(super) fn skip_to_the_line_after(&mut self) -> io::Result<()> {
        if let Some(since) = self.since.take()
            && self.place.line > since.mark.line
        {
            for byte in since.bytes.into_iter().rev() {
                self.again.push_front(byte);
            }
            self.place = Place::at_line(since.mark.line + 1);
            return Ok(());
        }
        while !matches!(self.next()?, None | Some(b'\n')) {}
        Ok(())
    }

    /// The next byte that is no blank, which stays to be read.
    pub(super) fn peek(&mut self) -> io::Result<Option<u8>> {
        loop {
            match self.next()? {
                Some(b' ' | b'\t' | b'\r' | b'\n') => {}
                Some(byte) => {
                    self.again.push_front(byte);
                    self.place.column -= 1;
                    return Ok(Some(byte));
                }
                None => return Ok(None),
            }
        }
    }

    /// The rest of the line; of a long one as much as `most` bytes.
    pub(super) fn rest_of_line(&mut self, most: usize) -> io::Result<Vec<u8>> {
        let mut line = Vec::new();
        loop {
            match self.next()? {
                None | Some(b'\n') => return Ok(line),
                Some(byte) if line.len() < most => line.push(byte),
                Some(_) => {}
            }
        }
    }

    fn read_one(&mut self) -> io::Result<Option<u8>> {
        let mut byte = [0];
        loop {
            match self.inner.read(&mut byte) {
                Ok(0) => return Ok(None),
                Ok(_) => return Ok(Some(byte[0])),
                Err(err) if err.kind() == io::ErrorKind::Interrupted => {}
                Err(err) => return Err(err),
            }
        }
    }

    fn next(&mut self) -> io::Result<Option<u8>> {
        let byte = match self.again.pop_front() {
            Some(byte) => byte,
            None => match self.read_one()? {
                Some(byte) => byte,
                None => return Ok(None),
            },
        };
        if let Some(since) = &mut self.since {
            let in_line = self.place.line == since.mark.line;
            if in_line && !since.of_array && since.rest.len() <= LONGEST_LINE {
                since.rest.push(byte);
            }
            if !in_line {
                since.bytes.push(byte);
            } else if byte == b'\n' && since.of_array && since.goes_on() {
                self.since = None;
            } else if !byte.is_ascii_whitespace() {
                since.last = byte;
            }
        }
        self.place.pass(byte);
        Ok(Some(byte))
    }
}

/// Where the object ends that a text begins with, as far as brackets and quotes tell it of one that is
/// broken.
fn end_of_object(text: &[u8]) -> Option<usize> {
    let (mut depth, mut quoted, mut escaped) = (0_usize, false, false);
    for (at, byte) in text.iter().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b'{' | b'[' if !quoted => depth += 1,
            b'}' | b']' if !quoted => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 {
            return Some(at + 1);
        }
    }
    None
}

impl Since {
    /// Whether the line of the mark ends where a value cannot.
    fn goes_on(&self) -> bool {
        matches!(self.last, b'[' | b'{' | b',' | b':')
    }
}

impl<R: Read> Read for Source<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let Some(slot) = buffer.first_mut() else {
            return Ok(0);
        };
        // A byte at a time: what is behind a value is for whoever reads the next.
        Ok(match self.next()? {
            Some(byte) => {
                *slot = byte;
                1
            }
            None => 0,
        })
    }
}

impl Place {
    fn at_line(line: usize) -> Self {
        Self {
            line,
            column: 0,
            indent: 0,
            first: None,
        }
    }

    fn pass(&mut self, byte: u8) {
        if byte == b'\n' {
            *self = Self::at_line(self.line + 1);
            return;
        }
        self.column += 1;
        if self.first.is_none() {
            match byte {
                b' ' | b'\t' => self.indent += 1,
                byte => self.first = Some(byte),
            }
        }
    }
}
