//! Blocks as lines: whole ones at once, one that is split over blocks when its end has come.

use std::time::SystemTime;

use solti_model::StreamKind;
use solti_plugin_host::output::TapBlock;

/// A line that is longer, in bytes, is shown in parts: the program keeps no more of it.
pub(super) const PART_BYTES: usize = 64 << 10;

/// A line, or a part of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Line<'a> {
    pub(super) attempt: u32,
    pub(super) stream: StreamKind,
    /// The number of the line; the stream's first is 0.
    pub(super) number: u64,
    pub(super) time: SystemTime,
    /// Its bytes, without its end.
    pub(super) bytes: &'a [u8],
    pub(super) end: End,
    /// Of a line that is shown in parts: the number of this one, from 0.
    pub(super) part: Option<u32>,
}

/// How a line, or a part of one, ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// With `\n`, or as a line that was pushed.
    Newline,
    /// With `\r\n`.
    CrLf,
    /// Its stream ended with it.
    None,
    /// Another part follows.
    More,
}

/// The line of each stream whose end has not come yet.
#[derive(Debug, Default)]
pub(super) struct OpenLines(Vec<Open>);

#[derive(Debug)]
struct Open {
    attempt: u32,
    stream: StreamKind,
    number: u64,
    time: SystemTime,
    bytes: Vec<u8>,
    /// Parts of it that have been shown.
    parts: u32,
}

impl OpenLines {
    /// Shows every line that a block completes, in order.
    pub(super) fn take(&mut self, block: &TapBlock, mut show: impl FnMut(Line<'_>)) {
        let written = self.of(block);
        if block.implied_ends {
            // They are whole, whatever was written before and has no end yet.
            Open::of(block).take(block, &mut show);
        } else {
            // What is between is lost, or another thread's.
            written.number = block.first_line;
            written.take(block, &mut show);
        }
        if block.last {
            written.end(&mut show);
        }
    }

    /// Shows what has no end of one stream of an attempt: what comes next is another line.
    pub(super) fn interrupt(
        &mut self,
        attempt: u32,
        stream: StreamKind,
        mut show: impl FnMut(Line<'_>),
    ) {
        let open = self.0.iter_mut();
        for open in open.filter(|it| it.attempt == attempt && it.stream == stream) {
            open.end(&mut show);
        }
    }

    /// Shows what has no end of the streams of an attempt, or of all attempts.
    pub(super) fn finish(&mut self, attempt: Option<u32>, mut show: impl FnMut(Line<'_>)) {
        self.0.retain_mut(|open| {
            if attempt.is_some_and(|attempt| open.attempt != attempt) {
                return true;
            }
            open.end(&mut show);
            false
        });
    }

    fn of(&mut self, block: &TapBlock) -> &mut Open {
        let known = self
            .0
            .iter()
            .position(|open| open.attempt == block.attempt && open.stream == block.stream);
        let at = known.unwrap_or_else(|| {
            self.0.push(Open::of(block));
            self.0.len() - 1
        });
        &mut self.0[at]
    }
}

impl Open {
    fn of(block: &TapBlock) -> Self {
        Self {
            attempt: block.attempt,
            stream: block.stream,
            number: block.first_line,
            time: block.time,
            bytes: Vec::new(),
            parts: 0,
        }
    }

    fn take(&mut self, block: &TapBlock, show: &mut impl FnMut(Line<'_>)) {
        let mut start = 0;
        for end in block.ends.iter().map(|end| *end as usize) {
            let bytes = &block.bytes[start..end];
            start = end;
            if self.is_empty() && bytes.len() <= PART_BYTES {
                let (bytes, end) = without_end(bytes, block.implied_ends);
                show(self.line(bytes, end, block.time));
                self.number += 1;
            } else {
                self.extend(bytes, block.time, show);
                self.close(block.implied_ends, show);
            }
        }
        self.extend(&block.bytes[start..], block.time, show);
    }

    fn is_empty(&self) -> bool {
        self.bytes.is_empty() && self.parts == 0
    }

    fn line<'a>(&self, bytes: &'a [u8], end: End, time: SystemTime) -> Line<'a> {
        Line {
            attempt: self.attempt,
            stream: self.stream,
            number: self.number,
            time,
            bytes,
            end,
            part: (self.parts > 0 || end == End::More).then_some(self.parts),
        }
    }

    /// Keeps bytes of the line; shows parts of it as soon as it is too long.
    fn extend(&mut self, mut bytes: &[u8], time: SystemTime, show: &mut impl FnMut(Line<'_>)) {
        if self.is_empty() {
            self.time = time;
        }
        // The end of a line, which may be two bytes, is never a part of its own.
        while self.bytes.len() + bytes.len() > PART_BYTES + 2 {
            let room = PART_BYTES.saturating_sub(self.bytes.len());
            let (head, tail) = bytes.split_at(room.min(bytes.len()));
            self.bytes.extend_from_slice(head);
            bytes = tail;
            let whole = whole_characters(&self.bytes);
            show(self.line(&self.bytes[..whole], End::More, self.time));
            self.bytes.drain(..whole);
            self.parts += 1;
        }
        self.bytes.extend_from_slice(bytes);
    }

    /// Shows what has no end.
    fn end(&mut self, show: &mut impl FnMut(Line<'_>)) {
        if !self.is_empty() {
            show(self.line(&self.bytes, End::None, self.time));
            self.bytes.clear();
            self.parts = 0;
            self.number += 1;
        }
    }

    fn close(&mut self, implied: bool, show: &mut impl FnMut(Line<'_>)) {
        let (bytes, end) = without_end(&self.bytes, implied);
        show(self.line(bytes, end, self.time));
        self.bytes.clear();
        // One long line is no reason to keep its memory.
        self.bytes.shrink_to(4096);
        self.parts = 0;
        self.number += 1;
    }
}

/// A line without its end, and which that is. A line that was pushed is what it is.
fn without_end(bytes: &[u8], implied: bool) -> (&[u8], End) {
    let line = bytes.strip_suffix(b"\n").unwrap_or(bytes);
    match line.strip_suffix(b"\r") {
        Some(line) if !implied => (line, End::CrLf),
        _ => (line, End::Newline),
    }
}

/// The length of the beginning that splits no character; all of it where it is not text anyway.
fn whole_characters(bytes: &[u8]) -> usize {
    let is_inside = |at: usize| bytes.get(at).is_some_and(|byte| byte & 0xC0 == 0x80);
    // The last character begins at most four bytes before the end.
    let begins = (bytes.len().saturating_sub(4)..bytes.len())
        .rev()
        .find(|at| !is_inside(*at));
    match begins {
        Some(begins) if begins > 0 && std::str::from_utf8(&bytes[begins..]).is_err() => begins,
        _ => bytes.len(),
    }
}

#[cfg(test)]
mod tests {
    use solti_model::TaskId;
    use solti_plugin_host::output::{TapEvent, TapOptions};
    use solti_plugin_host::{LineWriter, OutputRegistry};

    use super::*;

    /// The lines of what is written, with their ends and parts.
    fn lines(written: &[&[u8]]) -> Vec<(Vec<u8>, End, Option<u32>, u64)> {
        let registry = OutputRegistry::default();
        let id = TaskId::from("t");
        registry.ensure_channel(id.clone());
        let mut tap = registry
            .tap(&id, TapOptions::default().with_capacity(1 << 30))
            .unwrap();
        let mut writer = LineWriter::new(registry.sink_for(id, 1), StreamKind::Stdout);
        let mut open = OpenLines::default();
        let mut shown = Vec::new();
        let mut show =
            |line: Line<'_>| shown.push((line.bytes.to_vec(), line.end, line.part, line.number));
        for part in written {
            writer.write(part);
            while let Some(event) = tap.try_next() {
                if let TapEvent::Block(block) = event {
                    open.take(&block, &mut show);
                }
            }
        }
        open.finish(Some(1), &mut show);
        shown
    }

    #[test]
    fn every_line_keeps_its_end_however_it_was_written() {
        let line = |text: &str, end, number| (text.as_bytes().to_vec(), end, None, number);
        let expected = [
            line("one", End::CrLf, 0),
            line("two", End::Newline, 1),
            line("", End::Newline, 2),
            line("no end", End::None, 3),
        ];
        let whole = b"one\r\ntwo\n\nno end";
        assert_eq!(lines(&[whole]), expected);
        let bytes: Vec<&[u8]> = whole.chunks(1).collect();
        assert_eq!(lines(&bytes), expected);
    }

    #[test]
    fn a_long_line_comes_in_parts_that_are_the_line_and_split_no_character() {
        let text = "ä€😀x".repeat(40_000) + "\r";
        for size in [1000, 1 << 20] {
            let written: Vec<&[u8]> = text
                .as_bytes()
                .chunks(size)
                .chain([&b"\nnext\n"[..]])
                .collect();
            let shown = lines(&written);
            let (last, parts) = shown.split_last().unwrap();
            assert_eq!(
                (&last.0[..], last.1, last.2, last.3),
                (&b"next"[..], End::Newline, None, 1)
            );
            let (end, begin) = parts.split_last().unwrap();
            assert!(begin.iter().all(|part| part.1 == End::More && part.3 == 0));
            assert_eq!(end.1, End::CrLf);
            let numbers: Vec<_> = parts.iter().map(|part| part.2.unwrap()).collect();
            assert_eq!(numbers, (0..parts.len() as u32).collect::<Vec<_>>());
            let whole: Vec<u8> = parts
                .iter()
                .flat_map(|part| {
                    assert!(std::str::from_utf8(&part.0).is_ok() && part.0.len() <= PART_BYTES + 2);
                    part.0.clone()
                })
                .collect();
            assert_eq!(whole, text.strip_suffix('\r').unwrap().as_bytes());
        }
    }

    #[test]
    fn a_line_that_is_pushed_ends_none_that_is_written() {
        let registry = OutputRegistry::default();
        let id = TaskId::from("t");
        registry.ensure_channel(id.clone());
        let mut tap = registry.tap(&id, TapOptions::default()).unwrap();
        let sink = registry.sink_for(id, 1);
        let mut writer = LineWriter::new(sink.clone(), StreamKind::Stdout);
        writer.write(b"begun, ");
        sink.push(StreamKind::Stdout, b"pushed");
        writer.write(b"ended\n");
        let mut open = OpenLines::default();
        let mut shown = Vec::new();
        while let Some(event) = tap.try_next() {
            if let TapEvent::Block(block) = event {
                open.take(&block, |line| {
                    shown.push((String::from_utf8(line.bytes.to_vec()).unwrap(), line.number));
                });
            }
        }
        let line = |text: &str, number| (text.to_owned(), number);
        assert_eq!(shown, [line("pushed", 0), line("begun, ended", 1)]);
    }
}
