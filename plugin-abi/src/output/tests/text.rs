//! Bytes that are not text, and spans that are not within it.

use bytes::Bytes;
use solti_model::{OutputEvent, StreamKind};

use super::{listened_sink, numbered, received};

/// Bad bytes, and what a reader is shown for them.
const BAD: [(&[u8], &str); 6] = [
    (b"\xff", "\u{fffd}"),
    (b"a\xc3b", "a\u{fffd}b"),
    (b"caf\xc3\xa9 \xe2\x82", "café \u{fffd}"),
    (b"\xed\xa0\x80", "\u{fffd}\u{fffd}\u{fffd}"),
    (b"\xf0\x9f\x92", "\u{fffd}"),
    (b"\xc0\x80 end", "\u{fffd}\u{fffd} end"),
];

#[test]
fn bytes_that_are_not_text_are_replaced_however_they_are_pushed() {
    for (bytes, expected) in BAD {
        let (sink, mut receiver) = listened_sink(16);
        sink.stdout_line(Bytes::from_static(bytes));
        sink.push(StreamKind::Stdout, bytes);
        sink.push_lines(StreamKind::Stdout, bytes, &[[0, bytes.len() as u32]]);
        let lines = numbered(&received(&mut receiver), StreamKind::Stdout);
        let expected: Vec<_> = (0..3).map(|seq| (seq, expected.to_owned())).collect();
        assert_eq!(lines, expected);
    }
}

#[test]
fn one_bad_line_of_a_block_leaves_the_others_as_they_are() {
    let (sink, mut receiver) = listened_sink(16);
    sink.push_lines(
        StreamKind::Stderr,
        b"one\ntw\xff\ntr\xc3\xaas",
        &[[0, 3], [4, 7], [8, 13]],
    );
    let lines = numbered(&received(&mut receiver), StreamKind::Stderr);
    let expected = ["one", "tw\u{fffd}", "três"].map(str::to_owned);
    assert_eq!(lines, (0..).zip(expected).collect::<Vec<_>>());
}

#[test]
fn a_span_that_cuts_a_character_is_text_all_the_same() {
    let (sink, mut receiver) = listened_sink(16);
    // The block as a whole is valid; its spans are not where its characters are.
    sink.push_lines(
        StreamKind::Stdout,
        "é!".as_bytes(),
        &[[0, 1], [1, 3], [0, 3]],
    );
    let lines = numbered(&received(&mut receiver), StreamKind::Stdout);
    let expected = ["\u{fffd}", "\u{fffd}!", "é!"].map(str::to_owned);
    assert_eq!(lines, (0..).zip(expected).collect::<Vec<_>>());
}

#[test]
fn a_span_outside_of_the_text_is_ignored_and_the_numbers_stay_without_gaps() {
    let (sink, mut receiver) = listened_sink(16);
    let max = u32::MAX;
    let spans = [[0, 1], [1, 4], [3, 2], [max, max], [max, 0], [2, 3], [3, 3]];
    sink.push_lines(StreamKind::Stdout, b"abc", &spans);
    sink.push_lines(StreamKind::Stdout, b"\xffbc", &spans);
    sink.push(StreamKind::Stdout, b"last");
    let lines = numbered(&received(&mut receiver), StreamKind::Stdout);
    let expected = ["a", "c", "", "\u{fffd}", "c", "", "last"].map(str::to_owned);
    assert_eq!(lines, (0..).zip(expected).collect::<Vec<_>>());
}

#[test]
fn what_a_subscriber_gets_can_always_be_written_as_json() {
    let (sink, mut receiver) = listened_sink(16);
    for (bytes, expected) in BAD {
        sink.stdout_line(Bytes::from_static(bytes));
        let event = receiver.try_recv().expect("a line was pushed");
        let json = serde_json::to_string(&event).expect("the line is text");
        let back: OutputEvent = serde_json::from_str(&json).expect("what was written");
        let OutputEvent::Chunk(chunk) = back else {
            panic!("{json}")
        };
        assert_eq!(chunk.line, expected.as_bytes());
    }
}

#[test]
fn a_valid_line_is_passed_on_without_a_copy() {
    let (sink, mut receiver) = listened_sink(16);
    let line = Bytes::from(b"a line".to_vec());
    let place = line.as_ptr();
    sink.stdout_line(line);
    assert_eq!(received(&mut receiver)[0].line.as_ptr(), place);
}

#[test]
fn lines_of_a_long_block_are_what_their_spans_say_wherever_its_copies_begin() {
    let (sink, mut receiver) = listened_sink(1 << 12);
    let text: String = (0..9_000).map(|n| format!("{n:04} é|")).collect();
    let len = text.len() as u32;
    // In order, out of order, over each other, longer than a copy, empty, at the very end.
    let mut spans: Vec<[u32; 2]> = (0..1_000).map(|n| [n * 63, n * 63 + 60]).collect();
    spans.extend([
        [70_000, 70_008],
        [8, 16],
        [12, 40],
        [0, 20_000],
        [5, 5],
        [100, 30_000],
    ]);
    spans.extend([[len - 3, len], [len, len], [0, len]]);
    sink.push_lines(StreamKind::Stdout, text.as_bytes(), &spans);
    let lines = numbered(&received(&mut receiver), StreamKind::Stdout);
    let expected = spans.iter().map(|[start, end]| {
        let bytes = &text.as_bytes()[*start as usize..*end as usize];
        String::from_utf8_lossy(bytes).into_owned()
    });
    assert_eq!(lines, (0..).zip(expected).collect::<Vec<_>>());
}

#[test]
fn a_line_that_is_kept_does_not_keep_the_block_it_came_in() {
    let (sink, mut receiver) = listened_sink(1 << 12);
    let text = vec![b'x'; 64 * 1024];
    let spans: Vec<[u32; 2]> = (0..1024).map(|n| [n * 64, n * 64 + 64]).collect();
    sink.push_lines(StreamKind::Stdout, &text, &spans);
    let chunks = received(&mut receiver);
    let mut buffers = 1;
    for pair in chunks.windows(2) {
        let end = pair[0].line.as_ptr_range().end;
        buffers += usize::from(end != pair[1].line.as_ptr());
    }
    assert!(buffers >= 8, "1024 lines in {buffers} buffers");
}
