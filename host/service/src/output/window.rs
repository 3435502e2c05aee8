//! Some of the lines of a log, by their numbers.

use std::io;

use bytes::Bytes;
use memchr::memchr;

use super::frame::{Frame, Kind, LAST, Stream};
use super::index::{Index, Selection};
use super::place::{Place, Read};

/// How much of a line is shown.
const SHOWN: usize = 4 << 10;

/// How much of a line is searched.
const SEARCHED: usize = 64 << 10;

/// How many bytes of a log are looked at for one answer to a search.
const LOOKED_AT: u64 = 32 << 20;

/// A line of a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) number: u64,
    pub(crate) attempt: u32,
    pub(crate) stream: Stream,
    pub(crate) time: u64,
    /// Its beginning, without its end.
    pub(crate) bytes: Vec<u8>,
    /// How long it is.
    pub(crate) length: u64,
    /// Whether it has no end.
    pub(crate) is_partial: bool,
    /// What was left out here instead, in bytes.
    pub(crate) lost: Option<u64>,
}

/// Which lines are wanted.
#[derive(Debug, Clone)]
pub(crate) enum Asked {
    /// So many from a number on.
    From(u64, usize),
    /// The last ones.
    Tail(usize),
    /// From a number on, so many that have this text.
    Search(u64, usize, Needle),
}

/// What is searched for.
#[derive(Debug, Clone)]
pub(crate) struct Needle {
    text: Vec<u8>,
    is_exact: bool,
}

impl Needle {
    pub(crate) fn new(text: &str, is_exact: bool) -> Self {
        let text = if is_exact {
            text.to_owned()
        } else {
            text.to_lowercase()
        };
        Self {
            text: text.into_bytes(),
            is_exact,
        }
    }

    fn is_in(&self, line: &[u8]) -> bool {
        if self.is_exact {
            return memchr::memmem::find(line, &self.text).is_some();
        }
        let lower = match line.is_ascii() {
            true => line.to_ascii_lowercase(),
            false => String::from_utf8_lossy(line).to_lowercase().into_bytes(),
        };
        memchr::memmem::find(&lower, &self.text).is_some()
    }
}

/// Lines that were found.
#[derive(Debug, Default)]
pub(crate) struct Window {
    /// The number of the first line that is still kept.
    pub(crate) first: u64,
    /// How many lines there are so far.
    pub(crate) total: u64,
    pub(crate) rows: Vec<Row>,
    /// Where a search goes on.
    pub(crate) next: Option<u64>,
}

impl Place {
    /// Finds lines. `is_complete` says that nothing comes any more.
    pub(super) fn window(
        &mut self,
        index: &mut Index,
        selection: Selection,
        asked: &Asked,
        is_complete: bool,
    ) -> io::Result<Window> {
        index.extend(self, selection)?;
        let begins = super::segments::of(&self.root, self.seq)?
            .first()
            .map(|it| it.start);
        let total = index.total(is_complete);
        let mut window = Window {
            first: begins.map_or(total, |begins| index.first_behind(begins)),
            total,
            ..Window::default()
        };
        let (from, most, needle) = match asked {
            Asked::From(from, most) => (*from, *most, None),
            Asked::Tail(most) => (total.saturating_sub(*most as u64), *most, None),
            Asked::Search(from, most, needle) => (*from, *most, Some(needle)),
        };
        let from = from.max(window.first);
        let Some(mark) = index.before(from).filter(|_| from < total && most > 0) else {
            return Ok(window);
        };
        let mut rows = Rows {
            selection,
            number: mark.lines,
            begins_at: mark.position,
            kept: if needle.is_some() { SEARCHED } else { SHOWN },
            open: Default::default(),
        };
        self.position = mark.open_since.max(begins.unwrap_or(0));
        self.open = None;
        let until = mark.position + LOOKED_AT;
        let mut take = |row: Row| {
            let is_wanted = row.number >= from
                && row.number < total
                && window.rows.len() < most
                && needle.is_none_or(|needle| needle.is_in(&row.bytes));
            if row.number >= from && window.rows.len() >= most && window.next.is_none() {
                window.next = Some(row.number);
            }
            if is_wanted {
                window.rows.push(row);
            }
        };
        loop {
            let frames = match self.read()? {
                Read::Frames(frames) => frames,
                Read::Gone { .. } => continue,
                Read::Nothing => {
                    if is_complete {
                        rows.end(&mut take);
                    }
                    break;
                }
            };
            for frame in &frames {
                rows.take(frame, &mut take);
            }
            let number = rows.number;
            if number >= total && !is_complete {
                break;
            }
            match needle {
                None if number >= from + most as u64 => break,
                // One that is longer than what is looked at is read to its end: the next search goes on behind it.
                Some(_) if self.position >= until && number > from => break,
                _ => {}
            }
        }
        if needle.is_none() {
            window.next = None;
        } else if window.next.is_none() && rows.number < total {
            window.next = Some(rows.number.max(from));
        }
        for row in &mut window.rows {
            row.bytes.truncate(SHOWN);
        }
        Ok(window)
    }
}

/// Puts the lines of frames together.
struct Rows {
    selection: Selection,
    /// The number of the next line.
    number: u64,
    /// What ends before that was counted already.
    begins_at: u64,
    /// How much of a line is kept.
    kept: usize,
    open: [Option<Open>; 2],
}

/// A line that has begun.
struct Open {
    attempt: u32,
    time: u64,
    bytes: Vec<u8>,
    length: u64,
}

impl Rows {
    fn take(&mut self, frame: &Frame, take: &mut impl FnMut(Row)) {
        let stream = match frame.kind {
            Kind::Data(stream) | Kind::Lost { stream, .. } => stream,
            _ => return,
        };
        if !self.selection.takes(frame.attempt, stream) {
            return;
        }
        let counts = frame.offset >= self.begins_at;
        let is_other = |open: &Open| open.attempt != frame.attempt;
        if self.open[stream.index()].as_ref().is_some_and(is_other) {
            self.end_line(stream, true, counts, take);
        }
        if let Kind::Lost { bytes, .. } = frame.kind {
            if self.open[stream.index()].is_some() {
                self.end_line(stream, true, counts, take);
            }
            self.open[stream.index()] = Some(Open::at(frame));
            self.end_lost(stream, bytes, counts, take);
            return;
        }
        let mut rest: &Bytes = &frame.payload;
        let mut tail;
        while !rest.is_empty() {
            let end = memchr(b'\n', rest);
            let open = self.open[stream.index()].get_or_insert_with(|| Open::at(frame));
            open.add(&rest[..end.unwrap_or(rest.len())], self.kept);
            let Some(end) = end else { break };
            self.end_line(stream, false, counts, take);
            tail = rest.slice(end + 1..);
            rest = &tail;
        }
        if frame.flags & LAST != 0 && self.open[stream.index()].is_some() {
            self.end_line(stream, true, counts, take);
        }
    }

    fn end_line(&mut self, of: Stream, is_partial: bool, counts: bool, take: &mut impl FnMut(Row)) {
        let Some(open) = self.open[of.index()].take() else {
            return;
        };
        if counts {
            take(open.row(self.number, of, is_partial));
            self.number += 1;
        }
    }

    fn end_lost(&mut self, of: Stream, bytes: u64, counts: bool, take: &mut impl FnMut(Row)) {
        if let Some(open) = self.open[of.index()].take().filter(|_| counts) {
            let mut row = open.row(self.number, of, false);
            row.lost = Some(bytes);
            take(row);
            self.number += 1;
        }
    }

    /// Nothing comes any more.
    fn end(&mut self, take: &mut impl FnMut(Row)) {
        for stream in [Stream::Stdout, Stream::Stderr] {
            self.end_line(stream, true, true, take);
        }
    }
}

impl Open {
    fn at(frame: &Frame) -> Self {
        Self {
            attempt: frame.attempt,
            time: frame.time,
            bytes: Vec::new(),
            length: 0,
        }
    }

    fn add(&mut self, bytes: &[u8], kept: usize) {
        let room = kept.saturating_sub(self.bytes.len());
        self.bytes
            .extend_from_slice(&bytes[..bytes.len().min(room)]);
        self.length += bytes.len() as u64;
    }

    fn row(self, number: u64, stream: Stream, is_partial: bool) -> Row {
        Row {
            number,
            attempt: self.attempt,
            stream,
            time: self.time,
            bytes: self.bytes,
            length: self.length,
            is_partial,
            lost: None,
        }
    }
}

#[cfg(test)]
#[path = "window/tests.rs"]
mod tests;
