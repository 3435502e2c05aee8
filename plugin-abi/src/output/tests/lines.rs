//! The line writer against a reference that is too simple to be wrong.

use std::future::Future;
use std::io;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

use proptest::prelude::*;
use solti_model::StreamKind;
use tokio::io::{AsyncRead, ReadBuf};

use super::{listened_sink, numbered, received};
use crate::output::LineWriter;

/// The lines of `bytes`, with all of them at hand at once.
fn reference(bytes: &[u8], limit: usize) -> Vec<String> {
    let mut lines: Vec<&[u8]> = bytes.split(|byte| *byte == b'\n').collect();
    // Behind the last line end there is no line, unless there are bytes.
    if lines.last().is_some_and(|last| last.is_empty()) {
        lines.pop();
    }
    lines
        .into_iter()
        .map(|line| reference_line(line, limit))
        .collect()
}

fn reference_line(line: &[u8], limit: usize) -> String {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    if line.len() <= limit {
        return String::from_utf8_lossy(line).into_owned();
    }
    let continues = |byte: u8| (0x80..0xc0).contains(&byte);
    let end = (0..=limit)
        .rev()
        .find(|&end| !continues(line[end]))
        .unwrap_or(0);
    format!(
        "{}… [cut at {limit} bytes]",
        String::from_utf8_lossy(&line[..end])
    )
}

/// Bytes that are mostly what is hard: line ends, long characters, halves of characters.
fn hard_bytes() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        3 => Just(b"\n".to_vec()),
        2 => Just(b"\r".to_vec()),
        2 => Just(b"\r\n".to_vec()),
        2 => Just("é".as_bytes().to_vec()),
        2 => Just("💾".as_bytes().to_vec()),
        4 => prop::collection::vec(b'a'..=b'z', 1..12),
        1 => prop::collection::vec(any::<u8>(), 1..6),
        1 => prop::collection::vec(0x80_u8..0xc0, 1..6),
    ];
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

/// Cuts `bytes` at `cuts`, each taken modulo the length.
fn chunks<'a>(bytes: &'a [u8], cuts: &[usize]) -> Vec<&'a [u8]> {
    let mut at: Vec<_> = cuts.iter().map(|cut| cut % (bytes.len() + 1)).collect();
    at.extend([0, bytes.len()]);
    at.sort_unstable();
    at.windows(2).map(|pair| &bytes[pair[0]..pair[1]]).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 2000, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_in_any_pieces_give_the_lines_of_the_whole(
        bytes in hard_bytes(),
        cuts in prop::collection::vec(any::<usize>(), 0..20),
        limit in 1_usize..20,
    ) {
        let (sink, mut receiver) = listened_sink(1024);
        let mut writer = LineWriter::new(sink, StreamKind::Stdout).with_max_line_bytes(limit);
        for chunk in chunks(&bytes, &cuts) {
            writer.write(chunk);
        }
        writer.finish();
        let expected: Vec<_> = (0..).zip(reference(&bytes, limit)).collect();
        prop_assert_eq!(numbered(&received(&mut receiver), StreamKind::Stdout), expected);
    }

    #[test]
    fn a_reader_is_read_to_its_end_however_little_it_gives_at_once(
        bytes in hard_bytes(),
        cuts in prop::collection::vec(any::<usize>(), 0..20),
        limit in 1_usize..20,
    ) {
        let (sink, mut receiver) = listened_sink(1024);
        let pieces = chunks(&bytes, &cuts).into_iter().filter(|piece| !piece.is_empty());
        let reader = Pieces { pieces: pieces.map(<[u8]>::to_vec).collect(), error: None };
        let writer = LineWriter::new(sink, StreamKind::Stdout).with_max_line_bytes(limit);
        prop_assert!(complete(writer.copy_from(reader)).is_ok());
        let expected: Vec<_> = (0..).zip(reference(&bytes, limit)).collect();
        prop_assert_eq!(numbered(&received(&mut receiver), StreamKind::Stdout), expected);
    }
}

/// A reader that gives one piece at a time, is interrupted before each, and may fail at the end.
struct Pieces {
    pieces: std::collections::VecDeque<Vec<u8>>,
    error: Option<io::ErrorKind>,
}

impl AsyncRead for Pieces {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if let Some(error) = self.error.take() {
            return Poll::Ready(Err(error.into()));
        }
        if let Some(piece) = self.pieces.pop_front() {
            buffer.put_slice(&piece);
            if !self.pieces.is_empty() {
                self.error = Some(io::ErrorKind::Interrupted);
            }
        }
        Poll::Ready(Ok(()))
    }
}

/// The output of a future that never has to wait.
fn complete<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("the future waits"),
    }
}

#[test]
fn what_was_read_before_a_reader_failed_is_not_lost() {
    struct Failing(bool);
    impl AsyncRead for Failing {
        fn poll_read(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
            buffer: &mut ReadBuf<'_>,
        ) -> Poll<io::Result<()>> {
            if std::mem::replace(&mut self.0, true) {
                return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
            }
            buffer.put_slice(b"one\ntw");
            Poll::Ready(Ok(()))
        }
    }
    let (sink, mut receiver) = listened_sink(16);
    let writer = LineWriter::new(sink, StreamKind::Stderr);
    let err = complete(writer.copy_from(Failing(false))).expect_err("the reader fails");
    assert_eq!(err.kind(), io::ErrorKind::BrokenPipe);
    let lines = numbered(&received(&mut receiver), StreamKind::Stderr);
    assert_eq!(lines, [(0, "one".to_owned()), (1, "tw".to_owned())]);
}

#[test]
fn a_line_of_exactly_the_limit_is_whole_and_one_byte_more_is_cut() {
    let lines = |bytes: &[u8]| {
        let (sink, mut receiver) = listened_sink(16);
        let mut writer = LineWriter::new(sink, StreamKind::Stdout).with_max_line_bytes(4);
        writer.write(bytes);
        writer.finish();
        numbered(&received(&mut receiver), StreamKind::Stdout)
            .into_iter()
            .map(|(_, line)| line)
            .collect::<Vec<_>>()
    };
    assert_eq!(lines(b"abcd\r\nnext\n"), ["abcd", "next"]);
    assert_eq!(lines(b"abcde\nnext\n"), ["abcd… [cut at 4 bytes]", "next"]);
    assert_eq!(
        lines("abcé\nnext".as_bytes()),
        ["abc… [cut at 4 bytes]", "next"]
    );
}
